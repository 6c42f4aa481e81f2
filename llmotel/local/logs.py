"""From log records of OTLP to rows. Events about calls go where they belong: evaluations, content, what is running."""

from __future__ import annotations

from typing import Any

from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.logs.v1.logs_pb2 import LogRecord

from llmotel import semconv
from llmotel.local import columns, jsonvalues, names
from llmotel.local.anyvalue import attributes, plain
from llmotel.local.batch import Batch, Rejections

PENDING_SUFFIX = ".pending"
"""How the name of an event ends that says that its span has begun and not ended."""


def read(request: ExportLogsServiceRequest, batch: Batch) -> Rejections:
    """Adds the records of ``request`` to ``batch``. One whose ids are broken is kept, without them."""
    for resource_logs in request.resource_logs:
        resource = attributes(resource_logs.resource.attributes)
        resource_id = batch.origin({"attributes": resource})
        service = columns.text(resource.get("service.name"))
        for scope_logs in resource_logs.scope_logs:
            scope = scope_logs.scope
            scope_id = batch.origin(
                {"name": scope.name, "version": scope.version, "attributes": attributes(scope.attributes)}
            )
            for record in scope_logs.log_records:
                _record(record, service, resource_id, scope_id, batch)
    return Rejections()


def _record(record: LogRecord, service: str | None, resource: int, scope: int, batch: Batch) -> None:
    said = attributes(record.attributes)
    event = record.event_name or columns.text(said.get("event.name"))
    time = min(record.time_unix_nano or record.observed_time_unix_nano, columns.INT64)
    trace = int.from_bytes(record.trace_id, "big") if len(record.trace_id) == 16 else 0
    span = int.from_bytes(record.span_id, "big") if len(record.span_id) == 8 else 0
    body = plain(record.body)
    if event == semconv.EVALUATION_EVENT:
        batch.evaluations.append(
            [
                time,
                trace or None,
                span or None,
                columns.text(said.get(semconv.EVALUATION_NAME)) or "unnamed",
                _score(said.get(semconv.EVALUATION_SCORE)),
                columns.text(said.get(semconv.EVALUATION_LABEL)),
                said.get("gen_ai.evaluation.explanation")
                if isinstance(said.get("gen_ai.evaluation.explanation"), str)
                else None,
                columns.text(said.get(semconv.GROUNDING_METHOD) or said.get("llmotel.evaluation.method")),
                "sender",
                columns.text(said.get(semconv.RESPONSE_ID)),
            ]
        )
    elif event and event.endswith(PENDING_SUFFIX) and trace and span:
        begun = said.get("llmotel.start_time_unix_nano")
        start = begun if isinstance(begun, int) and 0 < begun <= columns.INT64 else time
        name = " ".join(
            str(part)
            for part in (
                said.get(semconv.OPERATION),
                said.get(semconv.TOOL_NAME) or said.get(semconv.AGENT_NAME) or said.get(semconv.REQUEST_MODEL),
            )
            if part
        )
        batch.pending.append([trace, span, start, service, resource, name or event, jsonvalues.text(said)])
        return
    elif event in names.CONTENT_EVENTS and trace and span:
        content: dict[str, Any] = {name: said.pop(name) for name in list(said) if names.is_content(name)}
        if event != semconv.DETAILS_EVENT:
            content = {"events": [{"name": event, "body": body, **content}]}
            body = None
        if content:
            batch.content.append([trace, span, time, jsonvalues.text(content)])
    batch.logs.append(
        [
            time,
            trace or None,
            span or None,
            record.severity_number if 0 <= record.severity_number <= 24 else 0,
            record.severity_text or None,
            event,
            service,
            resource,
            scope,
            None if body is None else jsonvalues.text(body),
            jsonvalues.text(said),
        ]
    )


def _score(value: Any) -> float | None:
    if isinstance(value, bool):
        return 1.0 if value else 0.0
    if isinstance(value, (int, float)) and -1e300 < value < 1e300:
        return float(value)
    return None


__all__ = ["PENDING_SUFFIX", "read"]
