"""Secrets that an application lets into its telemetry do not get past the collector; what is counted does.

Every shape of secret is planted in every place, each with letters of its own, so that a failure says which got where.
"""

from __future__ import annotations

import hashlib
import json
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue
from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status

from llmotel import semconv
from stack.running import eventually
from stack.servers import Collector, Prometheus
from stack.sinks import Backend

SHAPES: dict[str, str] = {
    "OpenAI key": "sk-proj-{u}",
    "Anthropic key": "sk-ant-api03-{u}",
    "AWS key": "AKIA{U}",
    "GitHub token": "ghp_{u}",
    "Google key": "AIzaSy{u}",
    "Slack token": "xoxb-1234567890-{u}",
    "Hugging Face token": "hf_{u}",
    "bearer token": "Authorization: Bearer {u}",
    "JSON Web Token": "eyJhbGciOiJIUzI1NiJ9.eyJ{u}.{u}",
    "assigned password": "password={u}",
    "e-mail address": "{u}@example.com",
}
TRACE_PLACES = (
    "span attribute", "list", "map", "JSON content", "tool arguments in JSON content", "span name", "status message",
    "span event attribute", "span event name", "resource attribute", "scope attribute", "scope name", "scope version",
    "secret key", "header",
)  # fmt: skip
METRIC_PLACES = (
    "data point attribute", "metric resource attribute", "metric scope version", "metric description",
    "exemplar attribute",
)  # fmt: skip
LOG_PLACES = (
    "log body", "log body map", "log attribute", "log JSON content", "log resource attribute", "log scope version",
    "log event name", "log severity",
)  # fmt: skip
PLACES = TRACE_PLACES + METRIC_PLACES + LOG_PLACES
INPUT_TOKENS = 1_234

# A backend that takes everything over OTLP, beside those of collector-config/.
EVERYTHING = """
exporters: {otlp_grpc/everything: {endpoint: "${env:EVERYTHING}", tls: {insecure: true}}}
service:
  pipelines:
    traces/everything: {receivers: [forward/traces], exporters: [otlp_grpc/everything]}
    metrics/everything: {receivers: [forward/metrics], exporters: [otlp_grpc/everything]}
    logs/everything: {receivers: [forward/logs], exporters: [otlp_grpc/everything]}
"""


class Secret(NamedTuple):
    """One secret. ``letters`` occur in no other, and are what must not be seen anywhere."""

    shape: str
    place: str

    @property
    def letters(self) -> str:
        return hashlib.sha256(f"{self.shape} {self.place}".encode()).hexdigest()[:24].upper()

    def __str__(self) -> str:
        return SHAPES[self.shape].format(u=self.letters, U=self.letters[:16])

    @property
    def said(self) -> str:
        return f"Please use {self} for this."


def secrets(places: tuple[str, ...]) -> list[Secret]:
    return [Secret(shape, place) for shape in SHAPES for place in places]


def pairs(**attributes: Any) -> list[KeyValue]:
    return [KeyValue(key=key.replace("__", "."), value=value(it)) for key, it in attributes.items()]


def value(it: Any) -> AnyValue:
    if isinstance(it, int):
        return AnyValue(int_value=it)
    found = AnyValue()
    if isinstance(it, list):
        found.array_value.values.extend(value(part) for part in it)
    elif isinstance(it, dict):
        found.kvlist_value.values.extend(pairs(**it))
    else:
        found.string_value = it
    return found


def messages(text: str) -> str:
    return json.dumps([{"role": "user", "parts": [{"type": "text", "content": text}]}])


def tool_call(text: str) -> str:
    arguments = json.dumps({"query": text, "limit": 3})
    return json.dumps([{"role": "assistant", "parts": [{"type": "tool_call", "arguments": arguments}]}])


def traces(at: int) -> bytes:
    request = ExportTraceServiceRequest()
    for number, secret in enumerate(secrets(TRACE_PLACES), 1):
        group = request.resource_spans.add()
        group.resource.attributes.extend(pairs(service__name="shop"))
        scope = group.scope_spans.add()
        scope.scope.name = "llmotel"
        span = scope.spans.add(
            trace_id=number.to_bytes(16, "big"), span_id=number.to_bytes(8, "big"), name="chat gpt-4.1",
            kind=Span.SPAN_KIND_CLIENT, start_time_unix_nano=at, end_time_unix_nano=at + 10**9,
            attributes=pairs(place=secret.place), status=Status(code=Status.STATUS_CODE_ERROR),
        )  # fmt: skip
        span.attributes.add(key=semconv.INPUT_TOKENS, value=value(INPUT_TOKENS))
        said = secret.said
        match secret.place:
            case "span attribute":
                span.attributes.extend(pairs(note=said))
            case "list":
                span.attributes.extend(pairs(notes=["nothing", said]))
            case "map":
                span.attributes.extend(pairs(notes={"inner": {"deep": said}}))
            case "JSON content":
                span.attributes.add(key=semconv.INPUT_MESSAGES, value=value(messages(said)))
            case "tool arguments in JSON content":
                span.attributes.add(key=semconv.OUTPUT_MESSAGES, value=value(tool_call(said)))
            case "span name":
                span.name = said
            case "status message":
                span.status.message = said
            case "span event attribute":
                span.events.add(name="exception", attributes=pairs(exception__message=said))
            case "span event name":
                span.events.add(name=said)
            case "resource attribute":
                group.resource.attributes.extend(pairs(process__command_line=said))
            case "scope attribute":
                scope.scope.attributes.extend(pairs(note=said))
            case "scope name":
                scope.scope.name = said
            case "scope version":
                scope.scope.version = said
            case "secret key":
                span.attributes.extend(pairs(api_key=secret.letters))
            case "header":
                span.attributes.extend(pairs(http__request__header__authorization=[secret.letters]))
    return request.SerializeToString()


def metrics(at: int) -> bytes:
    request = ExportMetricsServiceRequest()
    for number, secret in enumerate(secrets(METRIC_PLACES)):
        group = request.resource_metrics.add()
        group.resource.attributes.extend(pairs(service__name="shop", service__instance__id=f"{number}"))
        scope = group.scope_metrics.add()
        metric = scope.metrics.add(
            name="llmotel.tokens.planted", unit="{token}", description="Tokens that were planted"
        )
        metric.sum.aggregation_temporality = 2
        metric.sum.is_monotonic = True
        point = metric.sum.data_points.add(as_int=INPUT_TOKENS, start_time_unix_nano=at - 10**9, time_unix_nano=at)
        match secret.place:
            case "data point attribute":
                point.attributes.extend(pairs(note=secret.said))
            case "metric resource attribute":
                group.resource.attributes.extend(pairs(service__namespace=secret.said))
            case "metric scope version":
                scope.scope.version = secret.said
            case "metric description":
                metric.description = secret.said
            case "exemplar attribute":
                point.exemplars.add(
                    as_int=1, time_unix_nano=at, filtered_attributes=pairs(note=secret.said),
                    trace_id=(1).to_bytes(16, "big"), span_id=(1).to_bytes(8, "big"),
                )  # fmt: skip
    return request.SerializeToString()


def logs(at: int) -> bytes:
    request = ExportLogsServiceRequest()
    for secret in secrets(LOG_PLACES):
        group = request.resource_logs.add()
        group.resource.attributes.extend(pairs(service__name="shop"))
        scope = group.scope_logs.add()
        record = scope.log_records.add(time_unix_nano=at, event_name="gen_ai.evaluation.result", severity_text="INFO")
        record.attributes.add(key=semconv.INPUT_TOKENS, value=value(INPUT_TOKENS))
        match secret.place:
            case "log body":
                record.body.CopyFrom(value(secret.said))
            case "log body map":
                record.body.CopyFrom(value({"message": {"content": secret.said}}))
            case "log attribute":
                record.attributes.extend(pairs(note=secret.said))
            case "log JSON content":
                record.attributes.add(key=semconv.INPUT_MESSAGES, value=value(messages(secret.said)))
            case "log event name":
                record.event_name = secret.said
            case "log severity":
                record.severity_text = secret.said
            case "log scope version":
                scope.scope.version = secret.said
            case "log resource attribute":
                group.resource.attributes.extend(pairs(process__command_line=secret.said))
    return request.SerializeToString()


class Outputs(NamedTuple):
    """Everything that left the collector."""

    backend: Backend
    jaeger: Backend  # what takes the place of Jaeger: traces alone, and sampled
    prometheus: Prometheus
    collector: Collector
    at: int  # when all of it happened, in nanoseconds

    def of(self, exporter: str) -> str:
        """All of one exporter's as text; the numbers of traces are in it."""
        match exporter:
            case "archive":
                return "".join(self.collector.archived())
            case "files":
                return "".join(file.read_text("utf-8") for file in self.collector.data.glob("files/*.jsonl"))
            case "debug":
                return self.collector.log
            case "OTLP":
                return _text(self.backend)
            case "Jaeger":
                return _text(self.jaeger)
            case "Prometheus":
                return json.dumps([self.prometheus.get("series", **{"match[]": '{__name__=~".+"}'}), self.exemplars()])
        raise LookupError(exporter)

    def counted(self, how: str) -> float:
        return self.prometheus.value(f"{how}(llmotel_tokens_planted_total)", time=self.at / 1e9 + 1)

    def exemplars(self) -> list[dict[str, Any]]:
        return self.prometheus.exemplars("llmotel_tokens_planted_total")


def _text(backend: Backend) -> str:
    return "".join(body.decode("latin-1") for sent in backend.bodies.values() for body in sent)


EXPORTERS = ("archive", "files", "debug", "OTLP", "Jaeger", "Prometheus")


@pytest.fixture(scope="module")
def outputs(program: Callable[[str], Path], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Outputs]:
    """All secrets were sent, and all that is left of them has come out at every end."""
    folder = tmp_path_factory.mktemp("secrets")
    backend, jaeger = Backend(), Backend()
    prometheus = Prometheus(program("prometheus"), folder / "prometheus")
    collector = Collector(
        program("otelcol-llmotel"), folder / "collector", "core.yaml", "backends/jaeger.yaml",
        "backends/prometheus.yaml", "backends/file.yaml", "backends/debug.yaml", EVERYTHING,
        LLMOTEL_STACK_DECISION_WAIT="1s", LLMOTEL_STACK_DECISION_WAIT_AFTER_ROOT="1s", LLMOTEL_STACK_DEBUG="detailed",
        JAEGER_ENDPOINT=jaeger.address, PROMETHEUS_OTLP_ENDPOINT=prometheus.otlp, EVERYTHING=backend.address,
    )  # fmt: skip
    out = Outputs(backend, jaeger, prometheus, collector, time.time_ns())
    with backend, jaeger, prometheus, collector:
        for signal, body in (("traces", traces(out.at)), ("metrics", metrics(out.at)), ("logs", logs(out.at))):
            headers = {"content-type": "application/x-protobuf"}
            urllib.request.urlopen(urllib.request.Request(f"{collector.url}/v1/{signal}", body, headers)).close()
        eventually(lambda: len(out.exemplars()) == len(SHAPES), "the exemplars in Prometheus")
        eventually(
            lambda: len({span.trace_id for span in jaeger.spans()}) == len(secrets(TRACE_PLACES)),
            "every trace at Jaeger's place",
        )
        eventually(lambda: all(backend.bodies.values()), "all signals at the OTLP backend")
        yield out


@pytest.mark.parametrize("exporter", EXPORTERS)
def test_no_secret_is_in_what_is_exported(outputs: Outputs, exporter: str) -> None:
    sent = outputs.of(exporter)
    leaked = sorted({(secret.place, secret.shape) for secret in secrets(PLACES) if secret.letters[:16] in sent})
    assert not leaked


@pytest.mark.parametrize("exporter", EXPORTERS)
def test_token_counts_and_the_words_around_a_secret_are_there(outputs: Outputs, exporter: str) -> None:
    sent = outputs.of(exporter)
    assert f"{INPUT_TOKENS}" in sent or exporter in ("OTLP", "Jaeger", "Prometheus")  # there it is not text: see below
    assert "Please use" in sent
    assert "for this" in sent


def test_every_token_count_is_what_it_was(outputs: Outputs) -> None:
    def counts(attributes: Any) -> list[int]:
        return [pair.value.int_value for pair in attributes if pair.key == semconv.INPUT_TOKENS]

    spans = [count for span in outputs.backend.spans() for count in counts(span.attributes)]
    assert spans == [INPUT_TOKENS] * len(secrets(TRACE_PLACES))
    records = [count for record in outputs.backend.records() for count in counts(record.attributes)]
    assert records == [INPUT_TOKENS] * len(secrets(LOG_PLACES))
    planted = len(secrets(METRIC_PLACES))
    assert outputs.counted("sum") == INPUT_TOKENS * planted
    assert outputs.counted("count") == planted


def test_texts_that_become_attributes_for_a_while_are_back_in_their_places(outputs: Outputs) -> None:
    def harmless(texts: Any) -> set[str]:
        return {text for text in texts if not text.startswith("Please use ")}

    assert "llmotel.exposed" not in "".join(map(outputs.of, EXPORTERS))
    assert harmless(span.name for span in outputs.backend.spans()) == {"chat gpt-4.1"}
    assert harmless(metric.description for metric in outputs.backend.metrics()) == {"Tokens that were planted"}
    assert harmless(record.event_name for record in outputs.backend.records()) == {"gen_ai.evaluation.result"}
    assert harmless(record.severity_text for record in outputs.backend.records()) == {"INFO"}
    groups = [group for line in outputs.collector.archived() for group in json.loads(line)["resourceSpans"]]
    assert harmless(scope["scope"]["name"] for group in groups for scope in group["scopeSpans"]) == {"llmotel"}


def test_content_stays_json(outputs: Outputs) -> None:
    contents = [
        json.loads(pair.value.string_value)
        for span in outputs.backend.spans()
        for pair in span.attributes
        if pair.key in (semconv.INPUT_MESSAGES, semconv.OUTPUT_MESSAGES)
    ]
    assert len(contents) == 2 * len(SHAPES)
    calls = [part["arguments"] for [message] in contents for part in message["parts"] if part["type"] == "tool_call"]
    assert [json.loads(arguments)["limit"] for arguments in calls] == [3] * len(SHAPES)
