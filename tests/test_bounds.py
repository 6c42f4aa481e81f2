"""Every value that is exported is one that OTLP can hold, and bounded: no call costs another one its telemetry."""

from __future__ import annotations

import enum
from collections.abc import Iterator
from typing import Any
from uuid import UUID

import openai
import pytest
from opentelemetry.exporter.otlp.proto.common.trace_encoder import encode_spans
from opentelemetry.sdk.trace import SpanLimits, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

import llmotel
from llmotel.engine.engine import _attribute_limit
from llmotel.testing import ProviderServer, Reply
from telemetry import Telemetry

LONG = "x" * 100_000
BROKEN = "a\ud800b"
MOST = 4096  # bytes of a value that is not content


class Colour(str, enum.Enum):
    RED = "red"


class Unprintable:
    def __str__(self) -> str:
        raise ValueError("no")


@pytest.fixture
def client(server: ProviderServer) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(api_key="k", base_url=server.openai_url, max_retries=0) as client:
        yield client


def ask(client: openai.OpenAI, model: str = "gpt-4.1", **arguments: Any) -> Any:
    return client.chat.completions.create(model=model, messages=[{"role": "user", "content": "Hello!"}], **arguments)


def exported(telemetry: Telemetry) -> Any:
    """The only span, as OTLP has it."""
    request = encode_spans(telemetry.spans)
    [span] = request.resource_spans[0].scope_spans[0].spans
    return span


def values(telemetry: Telemetry) -> dict[str, Any]:
    return {pair.key: getattr(pair.value, pair.value.WhichOneof("value")) for pair in exported(telemetry).attributes}


def longest(telemetry: Telemetry) -> int:
    return max(attribute.ByteSize() for attribute in exported(telemetry).attributes)


def test_a_model_of_a_name_that_is_no_text_loses_no_export(client: openai.OpenAI, telemetry: Telemetry) -> None:
    with pytest.raises(UnicodeEncodeError):  # the client itself cannot send it
        ask(client, BROKEN)
    assert exported(telemetry).name == "chat a?b"
    assert values(telemetry)["gen_ai.request.model"] == "a?b"


def test_a_model_of_an_endless_name_is_cut(client: openai.OpenAI, telemetry: Telemetry) -> None:
    ask(client, LONG)
    assert len(exported(telemetry).name) < MOST
    [point] = telemetry.metrics()["gen_ai.client.inference.duration"]
    assert len(point.attributes["gen_ai.request.model"]) < MOST


@pytest.mark.parametrize("value", [LONG, "é" * 100_000])
def test_what_a_provider_says_is_cut(
    value: str, client: openai.OpenAI, server: ProviderServer, telemetry: Telemetry
) -> None:
    choice = {"index": 0, "message": {"role": "assistant", "content": "Hi!"}, "finish_reason": value}
    names = dict.fromkeys(("id", "model", "service_tier", "system_fingerprint"), value)
    server.script(Reply({**names, "object": "chat.completion", "created": 1, "choices": [choice] * 500}))
    ask(client)
    assert longest(telemetry) <= 128 * MOST
    told = values(telemetry)
    for name in ("gen_ai.response.id", "gen_ai.response.model", "openai.response.service_tier"):
        assert 1000 < len(told[name]) <= MOST // 4
    assert len(told["gen_ai.response.finish_reasons"].values) == 128


def test_what_a_provider_says_that_is_no_text_loses_nothing(
    client: openai.OpenAI, server: ProviderServer, telemetry: Telemetry
) -> None:
    choice = {"index": 0, "message": {"role": "assistant", "content": "Hi!"}, "finish_reason": BROKEN}
    names = dict.fromkeys(("id", "model", "service_tier", "system_fingerprint"), BROKEN)
    server.script(Reply({**names, "object": "chat.completion", "created": 1, "choices": [choice]}))
    ask(client)
    told = values(telemetry)
    for name in ("gen_ai.response.id", "gen_ai.response.model", "openai.response.system_fingerprint"):
        assert told[name] == "a?b"
    assert [reason.string_value for reason in told["gen_ai.response.finish_reasons"].values] == ["a?b"]


def test_stop_sequences_are_cut(client: openai.OpenAI, telemetry: Telemetry) -> None:
    ask(client, stop=[LONG, "ok"])
    first, second = values(telemetry)["gen_ai.request.stop_sequences"].values
    assert (len(first.string_value), second.string_value) == (MOST // 4, "ok")


@pytest.mark.parametrize(
    ("value", "recorded"),
    [
        (BROKEN, "a?b"),
        (LONG, LONG[: MOST // 4]),
        (2**70, str(2**70)),
        (-(2**63), -(2**63)),
        (2**20_000, "<int>"),
        (Colour.RED, "red"),
        (UUID(int=0), "00000000-0000-0000-0000-000000000000"),
        (Unprintable(), "<Unprintable>"),
        ({"a": 1}, "{'a': 1}"),
        (True, True),
        (0.5, 0.5),
    ],
    ids=["broken", "long", "large", "least", "endless", "enum", "uuid", "unprintable", "dict", "bool", "float"],
)
def test_a_tag_may_be_anything(value: Any, recorded: Any, client: openai.OpenAI, telemetry: Telemetry) -> None:
    with llmotel.tags(colour=value):
        ask(client)
    assert values(telemetry)["llmotel.tag.colour"] == recorded


@pytest.mark.parametrize(
    ("value", "recorded"), [([1, 2], [1, 2]), ([1, "a"], ["1", "a"]), (["a", BROKEN], ["a", "a?b"]), ([None], ["None"])]
)
def test_a_tag_of_several_values_is_of_one_type(
    value: Any, recorded: Any, client: openai.OpenAI, telemetry: Telemetry
) -> None:
    with llmotel.tags(colours=value):
        ask(client)
    found = values(telemetry)["llmotel.tag.colours"].values
    assert [getattr(item, item.WhichOneof("value")) for item in found] == recorded


def test_the_name_of_a_tag_may_be_anything_too(client: openai.OpenAI, telemetry: Telemetry) -> None:
    with llmotel.tags(**{BROKEN: 1, LONG: 2}):
        ask(client)
    names = [name for name in values(telemetry) if name.startswith("llmotel.tag.")]
    assert sorted(map(len, names)) == [len("llmotel.tag.a?b"), len("llmotel.tag.") + MOST // 4]


IDENTITY = {"gen_ai.operation.name", "gen_ai.provider.name", "gen_ai.request.model", "server.address", "server.port"}


class TestAttributeLimits:
    """OpenTelemetry's SDK makes room by dropping what a span was given first, which is whose call it was."""

    @staticmethod
    def limited(telemetry: Telemetry, limit: int) -> Telemetry:
        exporter = InMemorySpanExporter()
        provider = TracerProvider(span_limits=SpanLimits(max_span_attributes=limit), shutdown_on_exit=False)
        provider.add_span_processor(SimpleSpanProcessor(exporter))
        telemetry.recording.tracer_provider = provider
        telemetry.recording._span_exporter = exporter
        telemetry.engine.scopes["openai"].tracer = provider.get_tracer("llmotel.openai")
        telemetry.engine.attribute_limit = _attribute_limit(provider)
        return telemetry

    @pytest.mark.parametrize("limit", [8, 12, 20, 30, 128])
    def test_the_identity_of_a_call_is_kept(
        self, limit: int, client: openai.OpenAI, telemetry: Telemetry, caplog: pytest.LogCaptureFixture
    ) -> None:
        telemetry = self.limited(telemetry(capture_content=True), limit)
        ask(client, temperature=0.5)
        attributes = telemetry.span.attributes
        assert attributes.keys() >= IDENTITY
        assert len(attributes) <= limit
        assert telemetry.span.dropped_attributes == 0
        assert caplog.messages == []

    @pytest.mark.parametrize("tags", range(9))
    def test_so_is_how_it_failed(
        self, tags: int, client: openai.OpenAI, server: ProviderServer, telemetry: Telemetry
    ) -> None:
        """However close to the limit it comes by what the application adds."""
        telemetry = self.limited(telemetry, 12)
        server.script(Reply(status=429))
        with llmotel.tags(**dict.fromkeys("abcdefgh"[:tags], 1)), pytest.raises(openai.RateLimitError):
            ask(client)
        assert telemetry.span.attributes.keys() >= {*IDENTITY, "error.type", "llmotel.outcome"}
        assert telemetry.span.dropped_attributes == 0

    def test_tags_do_not_push_it_out(
        self, client: openai.OpenAI, telemetry: Telemetry, caplog: pytest.LogCaptureFixture
    ) -> None:
        with llmotel.tags(**{f"t{number}": number for number in range(500)}):
            ask(client)
        attributes = telemetry.span.attributes
        assert attributes.keys() >= {*IDENTITY, "gen_ai.response.id", "gen_ai.usage.input_tokens"}
        assert sum(name.startswith("llmotel.tag.") for name in attributes) == 64
        assert "64 tags are recorded of a call" in caplog.text

    @pytest.mark.parametrize(
        ("provider", "environ", "limit"),
        [
            (TracerProvider(span_limits=SpanLimits(max_span_attributes=7)), {}, 7),
            (TracerProvider(span_limits=SpanLimits(max_span_attributes=SpanLimits.UNSET)), {}, 1 << 30),
            (object(), {}, 128),
            (object(), {"OTEL_ATTRIBUTE_COUNT_LIMIT": "60"}, 60),
            (object(), {"OTEL_ATTRIBUTE_COUNT_LIMIT": "60", "OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT": "50"}, 50),
            (object(), {"OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT": "many"}, 128),
        ],
    )
    def test_the_limit_is_the_providers(
        self, provider: object, environ: dict[str, str], limit: int, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        for name, value in environ.items():
            monkeypatch.setenv(name, value)
        assert _attribute_limit(provider) == limit


def test_codes_that_a_gateway_makes_up_do_not_flood_the_metrics(
    client: openai.OpenAI, server: ProviderServer, telemetry: Telemetry
) -> None:
    telemetry = telemetry(metric_tag_values=3)
    for number in range(8):
        server.script(Reply({"error": {"message": "no", "code": f"req_{number:06}"}}, status=400))
        server.script(Reply({"error": {"message": "no", "code": "rate_limit_exceeded"}}, status=429))
        for _ in range(2):
            with pytest.raises(openai.APIStatusError):
                client.chat.completions.create(model="gpt-4.1", messages=[{"role": "user", "content": "Hello"}])
    metrics = telemetry.metrics()
    for name in ("gen_ai.client.inference.duration", "gen_ai.client.inference.operation.input_tokens"):
        counts = {point.attributes["error.type"]: point.count for point in metrics[name]}
        # What every provider says has a series of its own however late it comes.
        assert counts == {"req_000000": 1, "req_000001": 1, "req_000002": 1, "_OTHER": 5, "rate_limit_exceeded": 8}
    assert [span.attributes["error.type"] for span in telemetry.spans][::2] == [f"req_{each:06}" for each in range(8)]
