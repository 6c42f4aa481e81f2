"""The life of an operation that is no call to a model: a run of an agent or a tool, a look-up, a request by MCP.

Begun and ended by :mod:`llmotel.api` and by what frameworks announce. Nothing in here raises into the application, and
everything but the span's own attributes is left to the backlog.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from functools import partial
from time import perf_counter
from typing import TYPE_CHECKING

from opentelemetry import context
from opentelemetry.trace import INVALID_SPAN, Status, StatusCode

from llmotel import semconv
from llmotel.engine.run import Run
from llmotel.engine.suppression import suppresses_all
from llmotel.model import outcome
from llmotel.model.inference import AttributeValue
from llmotel.model.operation import AgentCounts, Operation, OperationRecord
from llmotel.signals import operations, tagging

if TYPE_CHECKING:
    from opentelemetry.trace import Tracer

    from llmotel.content.policy import Rendered
    from llmotel.engine.engine import Engine
    from llmotel.engine.scope import Scope

_WORD = re.compile(r"[A-Za-z][A-Za-z0-9_.]{0,63}")
_OTHER = "_OTHER"  # OpenTelemetry's error.type for what has no name of few values


class OperationRun(Run):
    """One operation under way. ``operation`` may be filled further until :meth:`end`."""

    __slots__ = ("_content", "_form", "_known", "engine", "operation", "signals")

    def __init__(self, engine: Engine, operation: Operation, signals: Scope | None = None) -> None:
        super().__init__(engine.guard)
        self.engine = engine
        self.operation = operation
        self.signals: Engine | Scope = signals or engine
        self._form = operations.form_of(operation)
        self._content: dict[str, tuple[str, Rendered]] = {}
        self._known: dict[str, AttributeValue] = {}

    @property
    def reads_content(self) -> bool:
        """Whether anything will see the content of this operation: nothing is read for nobody."""
        return self.engine.content.on_span and self.span.is_recording()

    def begin(self, parent_context: context.Context, *, shows_steps: bool = False) -> None:
        """Starts the span, without making it current. An operation without a span has a context all the same."""
        operation, form = self.operation, self._form
        tags = self.tags = tagging.current_tags(parent_context)
        if form.hidden and not shows_steps:
            self.parent_context, self.context, self.span = parent_context, parent_context, INVALID_SPAN
            self.start_time_ns, self.started = 0, perf_counter()
        else:
            self._known = known = {
                **tags,
                **operations.attributes(operation, form, legacy=self.engine.legacy),
            }
            tracer: Tracer = self.signals.tracer
            self.start_span(tracer, form.span_name(operation), form.kind, known, parent_context)
        self._hand_down()
        if self.reads_content:
            self.note_content()

    def _hand_down(self) -> None:
        """What everything within has from this operation."""
        operation, given = self.operation, {}
        if operation.conversation_id is not None:
            given[semconv.CONVERSATION] = operation.conversation_id
        if self._form.counts:
            if operation.name is not None:
                given[semconv.AGENT_NAME] = operation.name
            self.context = context.set_value(tagging.AGENT_KEY, AgentCounts(), self.context)
        if given:
            self.context = tagging.with_tags(self.context, tagging.fit(given))

    def note_content(self) -> None:
        """Renders what content the operation has by now: it is recorded as it is now, whatever its owner does to it."""
        for field, _ in self._form.content:
            value = getattr(self.operation, field)
            if value is not None and field not in self._content:
                self.note(field, value)

    def note(self, field: str, value: object) -> None:
        """Renders ``value`` as the content ``field`` of the operation, if content is recorded at all."""
        if not self.reads_content:
            return
        try:
            from llmotel.content.policy import Rendered

            rendered, policy = Rendered(), self.engine.content
            if field in self._form.texts and isinstance(value, str):
                text = policy.text(value)
            else:
                text = policy.value(_parsed(value), rendered)
            self._content[field] = text, rendered
        except Exception as error:
            self.guard.report_error(self.site, error)

    @property
    def site(self) -> str:
        """What errors of ours are reported under."""
        return self.operation.operation or type(self.operation).__name__

    def fail(self, error: BaseException | str) -> None:
        """Makes the operation a failure, by an exception or by a word of few values, which becomes ``error.type``."""
        try:
            if isinstance(error, BaseException):
                self.failure = outcome.outcome_of(error)
                if self.engine.content.on_span:
                    self.failure.message = self.engine.content.text(outcome.message(error))
            else:
                word = error if isinstance(error, str) and _WORD.fullmatch(error) else _OTHER
                self.failure = outcome.Failure(outcome.UNKNOWN, word, word, "")
        except Exception as problem:
            self.guard.report_error(self.site, problem)

    def end(self, error: BaseException | str | None = None, *, deferred: bool = False) -> None:
        """Ends the operation, as a failure if ``error`` left it; only the first of several calls does anything.

        ``GeneratorExit`` is no failure: nobody wanted more. The garbage collector may be what throws it, or what runs
        this (``deferred``), inside any lock of the SDK: then the rest is done by the backlog.
        """
        if not self.is_first_finish():
            return
        self.duration = perf_counter() - self.started
        if isinstance(error, GeneratorExit):
            deferred = True
        elif error is not None:
            self.fail(error)
        if deferred:
            self.engine.backlog.put_from_finalizer(self._complete)
        else:
            self._complete()

    def end_dropped(self) -> None:
        """:meth:`end`, for a finalizer."""
        self.end(GeneratorExit())

    def _complete(self) -> None:
        operation = self.operation
        if self.failure is None and operation.error is not None:
            self.failure = outcome.failure_from_code(operation.error)
        if not self.start_time_ns:  # it had no span
            return
        try:
            if self.span.is_recording():
                self._set_attributes()
        except Exception as error:
            self.guard.report_error(self.site, error)
        self.end_span()
        record = OperationRecord(
            operation,
            self.context,
            self.tags,
            self.duration,
            self.failure,
            self.context.get(tagging.AGENT_KEY) if self._form.counts else None,  # type: ignore[arg-type]
            self.parent_context.get(tagging.AGENT_KEY),  # type: ignore[arg-type]
        )
        try:
            self.engine.backlog.put(partial(self._hand_over, record))
        except Exception as error:
            self.guard.report_error("backlog", error)

    def _hand_over(self, record: OperationRecord) -> None:
        """On the backlog's thread."""
        engine, failure = self.engine, record.failure
        try:
            operations.record(
                self.signals.metrics,
                engine.metric_tags,
                record,
                "" if failure is None else engine.error_type(failure),
                latest=engine.latest,
                legacy=engine.legacy,
            )
        except Exception as error:  # of a meter of the application's
            self.guard.report_error("metrics", error)

    def _set_attributes(self) -> None:
        engine, span, failure, operation = self.engine, self.span, self.failure, self.operation
        said = operations.attributes(operation, self._form, legacy=engine.legacy)
        said = {name: value for name, value in said.items() if self._known.get(name) != value}
        said.update(operations.references(operation))
        if self.reads_content:
            self.note_content()
        if self._content and engine.content.keeps(failed=failure is not None):
            truncated = 0
            names: Mapping[str, str] = dict(self._form.content)
            for field, (text, rendered) in self._content.items():
                said[names[field]] = text
                truncated += rendered.truncated_bytes
                engine.counts["truncated_bytes"] += rendered.truncated_bytes
                engine.counts["redactions"] += rendered.redactions
            if truncated:
                said[semconv.TRUNCATED_BYTES] = truncated
        if failure is not None:
            said[semconv.ERROR_TYPE], said[semconv.OUTCOME] = failure.error_type, failure.outcome
            span.set_status(Status(StatusCode.ERROR, failure.message or failure.description))
        span.set_attributes(said)


def start(
    engine: Engine | None,
    operation: Operation,
    parent_context: context.Context,
    signals: Scope | None = None,
    *,
    shows_steps: bool = False,
) -> OperationRun | None:
    """``operation``, begun below ``parent_context``; ``None`` where nothing is to be recorded. Never raises."""
    if engine is None or not engine.enabled:
        return None
    try:
        if parent_context and suppresses_all(parent_context):
            return None
        run = OperationRun(engine, operation, signals)
        run.begin(parent_context, shows_steps=shows_steps)
    except Exception as error:
        engine.guard.report_error(operation.operation or type(operation).__name__, error)
        return None
    return run


def _parsed(value: object) -> object:
    """What JSON text holds, as the conventions want it; other text as it is."""
    if isinstance(value, str):
        try:
            return json.loads(value)
        except (ValueError, RecursionError):
            pass
    return value


__all__ = ["OperationRun", "start"]
