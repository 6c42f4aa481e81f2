"""Requests of OTLP for tests, as any sender would make them."""

from __future__ import annotations

import random
import time
from collections.abc import Mapping, Sequence
from typing import Any

from google.protobuf.message import Message
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue
from opentelemetry.proto.trace.v1.trace_pb2 import Span

SECOND = 1_000_000_000
PROTOBUF = {"content-type": "application/x-protobuf"}
JSON = {"content-type": "application/json"}
_random = random.Random(11)


def now() -> int:
    return time.time_ns()


def value(given: Any) -> AnyValue:
    made = AnyValue()
    if isinstance(given, bool):
        made.bool_value = given
    elif isinstance(given, int):
        made.int_value = given
    elif isinstance(given, float):
        made.double_value = given
    elif isinstance(given, bytes):
        made.bytes_value = given
    elif isinstance(given, Mapping):
        made.kvlist_value.values.extend(pairs(given))
    elif isinstance(given, Sequence) and not isinstance(given, str):
        made.array_value.values.extend(value(item) for item in given)
        made.array_value.SetInParent()
    elif given is not None:
        made.string_value = given
    return made


def pairs(attributes: Mapping[str, Any]) -> list[KeyValue]:
    return [KeyValue(key=name, value=value(given)) for name, given in attributes.items()]


def trace_id() -> str:
    return f"{_random.getrandbits(128) | 1:032x}"


def span_id() -> str:
    return f"{_random.getrandbits(64) | 1:016x}"


def span(
    attributes: Mapping[str, Any] | None = None,
    *,
    name: str = "chat gpt-5.5",
    trace: str | None = None,
    own: str | None = None,
    parent: str | None = None,
    start: int | None = None,
    seconds: float = 1.0,
    failed: str | None = None,
    kind: int = 3,
    events: Sequence[tuple[str, Mapping[str, Any]]] = (),
    links: Sequence[tuple[str, str]] = (),
) -> Span:
    begun = now() - SECOND if start is None else start
    made = Span(
        trace_id=bytes.fromhex(trace or trace_id()),
        span_id=bytes.fromhex(own or span_id()),
        parent_span_id=bytes.fromhex(parent or ""),
        name=name,
        kind=kind,
        start_time_unix_nano=begun,
        end_time_unix_nano=max(begun + int(seconds * SECOND), 0),
        attributes=pairs(attributes or {}),
    )
    if failed is not None:
        made.status.code = 2
        made.status.message = failed
    for event, said in events:
        made.events.add(name=event, time_unix_nano=begun, attributes=pairs(said))
    for trace_of, span_of in links:
        made.links.add(trace_id=bytes.fromhex(trace_of), span_id=bytes.fromhex(span_of))
    return made


def call(**more: Any) -> dict[str, Any]:
    """The attributes of a call; names as Python has them are given as ``**{"llmotel.feature": "search"}``."""
    return {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": "openai",
        "gen_ai.request.model": "gpt-5.5",
        "gen_ai.response.model": "gpt-5.5-2026-04-23",
        "gen_ai.usage.input_tokens": 1000,
        "gen_ai.usage.output_tokens": 100,
        "gen_ai.usage.cost.amount": 0.01,
        "gen_ai.usage.cost.currency": "USD",
        "gen_ai.usage.cost.source": "local",
        **more,
    }


def spans(
    *made: Span, service: str = "shop", scope: str = "llmotel", resource: Mapping[str, Any] | None = None
) -> ExportTraceServiceRequest:
    request = ExportTraceServiceRequest()
    of_resource = request.resource_spans.add()
    of_resource.resource.attributes.extend(pairs({"service.name": service, **(resource or {})}))
    of_scope = of_resource.scope_spans.add()
    of_scope.scope.name = scope
    of_scope.scope.version = "1.0"
    of_scope.spans.extend(made)
    return request


def log(
    event: str,
    attributes: Mapping[str, Any],
    *,
    trace: str = "",
    own: str = "",
    time_ns: int | None = None,
    body: Any = None,
) -> ExportLogsServiceRequest:
    request = ExportLogsServiceRequest()
    of_resource = request.resource_logs.add()
    of_resource.resource.attributes.extend(pairs({"service.name": "shop"}))
    record = of_resource.scope_logs.add().log_records.add()
    record.event_name = event
    record.time_unix_nano = now() if time_ns is None else time_ns
    record.trace_id = bytes.fromhex(trace)
    record.span_id = bytes.fromhex(own)
    record.severity_number = 9
    record.attributes.extend(pairs(attributes))
    if body is not None:
        record.body.CopyFrom(value(body))
    return request


def metrics() -> ExportMetricsServiceRequest:
    """One metric of each type."""
    request = ExportMetricsServiceRequest()
    of_resource = request.resource_metrics.add()
    of_resource.resource.attributes.extend(pairs({"service.name": "shop"}))
    made = of_resource.scope_metrics.add().metrics
    moment = now()
    gauge = made.add(name="queue", unit="1").gauge.data_points.add(time_unix_nano=moment, as_double=2.5)
    gauge.attributes.extend(pairs({"worker": "a"}))
    total = made.add(name="llmotel.client.cost.usd", unit="{USD}").sum
    total.aggregation_temporality, total.is_monotonic = 2, True
    total.data_points.add(time_unix_nano=moment, start_time_unix_nano=moment - SECOND, as_int=7)
    histogram = made.add(name="gen_ai.client.inference.duration", unit="s").histogram
    histogram.aggregation_temporality = 1
    point = histogram.data_points.add(
        time_unix_nano=moment, count=3, sum=4.5, explicit_bounds=[1, 2], bucket_counts=[1, 1, 1]
    )
    point.exemplars.add(as_double=1.5, trace_id=bytes(16), span_id=bytes(8), time_unix_nano=moment)
    wide = made.add(name="sizes").exponential_histogram
    wide.aggregation_temporality = 1
    exponential = wide.data_points.add(time_unix_nano=moment, count=2, sum=3, scale=1, zero_count=1)
    exponential.positive.offset = 1
    exponential.positive.bucket_counts.append(1)
    summary = made.add(name="old").summary.data_points.add(time_unix_nano=moment, count=2, sum=3)
    summary.quantile_values.add(quantile=0.5, value=1.5)
    return request


def body(message: Message) -> bytes:
    return message.SerializeToString()
