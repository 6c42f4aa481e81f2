"""The events of a call, as log records in its span's context. Emitted off the calling thread."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from opentelemetry._logs import Logger, SeverityNumber
from opentelemetry.context import Context

from llmotel import semconv
from llmotel.grounding.score import label
from llmotel.model.call_record import CallRecord
from llmotel.model.inference import AttributeValue
from llmotel.signals import attributes

AUTO, ON, OFF = "auto", "true", "false"


class Events:
    """Emits the details, exception and evaluation events of one scope.

    ``details`` says when the first is emitted: ``true``, ``false``, or ``auto`` where it says what the span does not:
    where content is on events, and where the span is not recorded. ``content`` is false where content may not be on
    events: the message of an exception may hold some.
    """

    def __init__(self, logger: Logger, *, details: str, content: bool, legacy: bool) -> None:
        self._logger = logger
        self._details = details == ON or (details == AUTO and content)
        self._unrecorded_details = details == AUTO
        self._content = content
        self._legacy = legacy

    def emit(self, record: CallRecord) -> None:
        """Emits what there is to say of a finished call."""
        inference = record.inference
        wanted = self._details or (self._unrecorded_details and not record.recorded)
        if wanted and inference.operation in semconv.INFERENCE_OPERATIONS:
            details: dict[str, Any] = attributes.identity(inference, record.tags)
            details.update(attributes.describe(record, legacy=self._legacy))
            if record.rendered is not None:
                details.update(record.rendered.event)
            self._emit(semconv.DETAILS_EVENT, SeverityNumber.DEBUG, details, record.context, record.end_time_ns)
        failure = record.failure
        if failure is not None and failure.exception_type:
            details = {semconv.EXCEPTION_TYPE: failure.exception_type}
            if failure.stacktrace:
                details[semconv.EXCEPTION_STACKTRACE] = failure.stacktrace
            if failure.message and self._content:
                details[semconv.EXCEPTION_MESSAGE] = failure.message
            details[semconv.OPERATION] = inference.operation
            details[semconv.PROVIDER] = inference.provider
            details[semconv.ERROR_TYPE] = failure.error_type
            details[semconv.OUTCOME] = failure.outcome
            self._emit(semconv.EXCEPTION_EVENT, SeverityNumber.WARN, details, record.context, record.end_time_ns)
        found = inference.grounding
        if found is not None and found.score is not None:
            self.evaluation(
                "grounding",
                found.score,
                record.context,
                inference.response_id,
                {semconv.GROUNDING_METHOD: found.method},
                record.end_time_ns,
            )

    def evaluation(
        self,
        name: str,
        score: float,
        context: Context,
        response_id: str | None,
        extra: Mapping[str, AttributeValue],
        timestamp: int | None = None,
    ) -> None:
        """Emits one ``gen_ai.evaluation.result`` in the trace of the call that it judges."""
        details: dict[str, Any] = {semconv.EVALUATION_NAME: name, semconv.EVALUATION_SCORE: score}
        if name == "grounding":
            details[semconv.EVALUATION_LABEL] = label(score)
        if response_id is not None:
            details[semconv.RESPONSE_ID] = response_id
        details.update(extra)
        self._emit(semconv.EVALUATION_EVENT, SeverityNumber.INFO, details, context, timestamp)

    def _emit(
        self, name: str, severity: SeverityNumber, details: Mapping[str, Any], context: Context, timestamp: int | None
    ) -> None:
        self._logger.emit(
            timestamp=timestamp, context=context, severity_number=severity, attributes=details, event_name=name
        )
