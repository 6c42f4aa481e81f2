"""The numbers: counted once for every call, sampled or not, failed or not, and equal to what the provider sent."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.sampling import ALWAYS_OFF

import llmotel
from contract import calling
from contract.calling import performed
from contract.oracle import Tokens
from contract.providers import ANTHROPIC, OPENAI, PLAIN, PROVIDERS, STREAM, Case, Provider, Shape, cases
from contract.situations import SITUATIONS, Held, Situation, by_id
from llmotel.testing import ProviderServer, Reply
from llmotel.testing.openai_wire import chat, images
from llmotel.testing.recording import Recording
from telemetry import Telemetry

PLAIN_CASES = [case for case in cases(variants=(PLAIN,)) if not case.is_async]
INFERENCES = [
    case for case in PLAIN_CASES if case.shape.operation not in ("embeddings", "moderation", "rerank", "fetch_response")
]
STREAMS = [case for case in PLAIN_CASES if case.shape.form == STREAM]
FAILURES = [situation for situation in SITUATIONS if situation.outcome and not situation.only_async]
CREATES = [Case(provider, provider.first()) for provider in PROVIDERS]

INFERENCE = "gen_ai.client.inference."
COUNTERS = {
    "usage.input_tokens": "input",
    "usage.output_tokens": "output",
    "usage.cache_read.input_tokens": "cache_read",
    "usage.cache_write.input_tokens": "cache_write",
    "usage.reasoning.output_tokens": "reasoning",
}
OWN = ("llmotel.", "gen_ai.client.inference.time_")  # not of the conventions, or only of streams


def total(points: list[Any]) -> float:
    """The sum over all points of a counter or histogram."""
    return sum(point.sum if hasattr(point, "sum") else point.value for point in points)


def conventional(telemetry: Telemetry) -> set[str]:
    """The metrics of the conventions that have points, those of streams left out."""
    return {name for name in telemetry.metrics() if not name.startswith(OWN)}


def tokens_of(case: Case) -> Tokens:
    """The tokens that the telemetry has to tell."""
    asked = case.variant == PLAIN  # a stream of objects is asked for its usage, where the bytes would show it not
    return case.shape.tokens(case.shape.body) if case.shape.usage_in_stream or asked else Tokens()


@pytest.fixture
def made(server: ProviderServer, telemetry: Telemetry) -> Callable[..., calling.Seen]:
    """Makes a call that succeeds."""

    def make(case: Case, **options: Any) -> calling.Seen:
        server.script(Reply(case.shape.body))
        seen = performed(case, server, **options)
        assert seen.error is None
        return seen

    return make


@pytest.mark.parametrize("case", INFERENCES, ids=by_id)
def test_an_inference_adds_its_tokens_to_each_counter_once(
    case: Case, made: Callable[..., calling.Seen], telemetry: Telemetry
) -> None:
    made(case)
    metrics, tokens = telemetry.metrics(), tokens_of(case)
    for name, field in COUNTERS.items():
        known = getattr(tokens, field)
        points = metrics.get(INFERENCE + name, [])
        if known is None and field not in ("input", "output"):
            assert not points
            continue
        assert total(points) == (known or 0)
        assert all("gen_ai.token.modality" in point.attributes for point in points)
        assert not any("error.type" in point.attributes for point in points)
    for name, known in (("operation.input_tokens", tokens.input), ("operation.output_tokens", tokens.output)):
        [point] = metrics[INFERENCE + name]
        assert (point.count, point.sum) == (1, known or 0)
        assert "gen_ai.token.modality" not in point.attributes


@pytest.mark.parametrize("case", PLAIN_CASES, ids=by_id)
def test_the_duration_is_that_of_the_span(case: Case, made: Callable[..., calling.Seen], telemetry: Telemetry) -> None:
    made(case)
    span = telemetry.span
    name = {
        "embeddings": "gen_ai.client.embeddings.duration",
        "moderation": "gen_ai.client.operation.duration",
        "rerank": "gen_ai.client.operation.duration",
        "fetch_response": "gen_ai.client.operation.duration",
    }.get(case.shape.operation, "gen_ai.client.inference.duration")
    [point] = telemetry.metrics()[name]
    assert point.count == 1
    assert point.sum == pytest.approx((span.end_time - span.start_time) / 1e9, abs=2e-9)


@pytest.mark.parametrize("case", PLAIN_CASES, ids=by_id)
def test_every_point_tells_whom_the_call_was_made_to(
    case: Case, made: Callable[..., calling.Seen], telemetry: Telemetry
) -> None:
    made(case)
    attributes = telemetry.span.attributes
    dimensions = (
        "gen_ai.operation.name", "gen_ai.provider.name", "gen_ai.request.model", "gen_ai.response.model",
        "server.address", "server.port",
    )  # fmt: skip
    expected = {name: attributes[name] for name in dimensions if name in attributes}
    for name, points in telemetry.metrics().items():
        if name.startswith("gen_ai."):
            for point in points:
                assert expected.items() <= point.attributes.items(), name


@pytest.mark.parametrize("case", STREAMS, ids=by_id)
def test_a_stream_counts_one_first_chunk_and_every_wait_after_it(
    case: Case, made: Callable[..., calling.Seen], telemetry: Telemetry
) -> None:
    seen = made(case)
    attributes, metrics = telemetry.span.attributes, telemetry.metrics()
    if case.shape.operation == "fetch_response":
        assert not any(name.startswith(INFERENCE) for name in metrics)
        return
    [first] = metrics[INFERENCE + "time_to_first_chunk"]
    assert (first.count, first.sum) == (1, attributes["gen_ai.response.time_to_first_chunk"])
    waits = metrics.get(INFERENCE + "time_per_output_chunk", [])
    assert sum(point.count for point in waits) == len(seen.chunks) - 1 == attributes["llmotel.stream.chunks"] - 1


def test_the_waits_of_a_stream_add_up_to_the_time_between_its_first_and_last_chunk(
    server: ProviderServer, telemetry: Telemetry
) -> None:
    text = " ".join(["word"] * 1500)  # several blocks of clock readings
    server.script(Reply(chat.completion(text)))
    case = Case(OPENAI, OPENAI.shape("chat.stream"))
    seen = performed(case, server)
    [waits] = telemetry.metrics()[INFERENCE + "time_per_output_chunk"]
    span = telemetry.span
    assert waits.count == len(seen.chunks) - 1
    assert sum(waits.bucket_counts) == waits.count
    first = span.attributes["gen_ai.response.time_to_first_chunk"]
    assert 0 < waits.sum <= (span.end_time - span.start_time) / 1e9 - first


@pytest.mark.parametrize(
    ("case", "situation"),
    [
        (case, situation)
        for case in CREATES
        for situation in FAILURES
        if situation.fault != "empty" or not case.provider.takes_nothing
    ],
    ids=by_id,
)
def test_a_failed_call_is_counted_with_its_error_and_no_tokens(
    case: Case, situation: Situation, server: ProviderServer, telemetry: Telemetry, held: Held
) -> None:
    if case.shape.form not in situation.forms:  # it happens to streams only
        case = Case(case.provider, next(shape for shape in case.provider.shapes if shape.form == STREAM))
    server.script(situation.script(case, held))
    performed(case, server, timeout=situation.timeout)
    attributes, metrics = telemetry.span.attributes, telemetry.metrics()
    error = {"error.type": attributes["error.type"], "llmotel.outcome": situation.outcome}
    for name in ("duration", "operation.input_tokens", "operation.output_tokens"):
        [point] = metrics[INFERENCE + name]
        assert point.count == 1
        assert error.items() <= point.attributes.items()
    # Anthropic tells the input at the start of a stream, Google in every chunk.
    if situation.stream_outcome == "completed" or case.shape.dialect not in ("messages", "generate"):
        assert total(metrics[INFERENCE + "usage.input_tokens"]) == 0
        assert total(metrics[INFERENCE + "usage.output_tokens"]) == 0


@pytest.mark.parametrize("case", CREATES, ids=by_id)
def test_a_call_that_is_not_sampled_is_counted_all_the_same(case: Case, server: ProviderServer) -> None:
    recording = Recording()
    llmotel.init(
        tracer_provider=TracerProvider(ALWAYS_OFF, shutdown_on_exit=False),
        meter_provider=recording.meter_provider,
        logger_provider=recording.logger_provider,
    )
    try:
        server.script(Reply(case.shape.body), case.provider.refuse(400))
        performed(case, server)
        performed(case, server)
        llmotel.flush()
        metrics = recording.metrics()
    finally:
        llmotel.shutdown()
    assert recording.spans() == []
    assert sum(point.count for point in metrics[INFERENCE + "duration"]) == 2
    assert total(metrics[INFERENCE + "usage.input_tokens"]) == tokens_of(case).input
    assert metrics["llmotel.client.cost.usd"][0].value > 0


@pytest.mark.parametrize("case", CREATES, ids=by_id)
def test_exemplars_lead_to_the_span(case: Case, made: Callable[..., calling.Seen], telemetry: Telemetry) -> None:
    made(case)
    span = telemetry.span.get_span_context()
    for name, points in telemetry.metrics().items():
        if name.startswith(("gen_ai.", "llmotel.client.operation")):
            for point in points:
                if not hasattr(point, "bucket_counts"):  # sums are of many calls
                    continue
                found = {(exemplar.trace_id, exemplar.span_id) for exemplar in point.exemplars}
                assert found == {(span.trace_id, span.span_id)}, name


class TestNamingGenerations:
    LATEST = frozenset(
        INFERENCE + name for name in ("duration", "operation.input_tokens", "operation.output_tokens", *COUNTERS)
    )
    LEGACY = frozenset({"gen_ai.client.operation.duration", "gen_ai.client.token.usage"})
    STREAM_LATEST = frozenset(INFERENCE + name for name in ("time_to_first_chunk", "time_per_output_chunk"))
    STREAM_LEGACY = frozenset(
        "gen_ai.client.operation." + name for name in ("time_to_first_chunk", "time_per_output_chunk")
    )

    @pytest.fixture(params=[ANTHROPIC, OPENAI], ids=lambda provider: provider.name)
    def streamed(self, request: pytest.FixtureRequest, server: ProviderServer) -> Iterator[Callable[[str], Telemetry]]:
        """Makes one call that streams, with every count there is, under the names asked for."""
        provider: Provider = request.param
        shape = provider.shape("messages.stream" if provider is ANTHROPIC else "chat.stream+usage")
        if provider is OPENAI:
            usage = chat.usage(1200, 87, cached=1024, cache_write=64, reasoning=32)
            shape = replace(shape, body=chat.completion("Paris.", usage=usage))
        begun: list[Telemetry] = []

        def stream(semconv: str) -> Telemetry:
            begun.append(Telemetry(semconv=semconv))
            server.script(Reply(shape.body))
            performed(Case(provider, shape), server)
            return begun[0]

        yield stream
        for telemetry in begun:
            telemetry.end()

    @staticmethod
    def names(telemetry: Telemetry) -> set[str]:
        return {name for name in telemetry.metrics() if name.startswith("gen_ai.")}

    def test_latest_has_the_newest_names_only(self, streamed: Callable[[str], Telemetry]) -> None:
        assert self.names(streamed("latest")) == self.LATEST | self.STREAM_LATEST

    def test_legacy_has_the_older_names_only(self, streamed: Callable[[str], Telemetry]) -> None:
        assert self.names(streamed("legacy")) == self.LEGACY | self.STREAM_LEGACY

    def test_dup_has_both(self, streamed: Callable[[str], Telemetry]) -> None:
        assert self.names(streamed("dup")) == self.LATEST | self.LEGACY | self.STREAM_LATEST | self.STREAM_LEGACY

    def test_legacy_tells_input_from_output_by_type(
        self, instrument: Callable[..., Telemetry], server: ProviderServer
    ) -> None:
        case = CREATES[0]
        telemetry = instrument(semconv="legacy")
        server.script(Reply(case.shape.body))
        performed(case, server)
        points = telemetry.metrics()["gen_ai.client.token.usage"]
        tokens = tokens_of(case)
        assert {point.attributes["gen_ai.token.type"]: point.sum for point in points} == {
            "input": tokens.input, "output": tokens.output
        }  # fmt: skip


def test_tokens_split_by_modality_add_up_to_the_total(server: ProviderServer, telemetry: Telemetry) -> None:
    usage = chat.usage(1200, 87, cached=1024, prompt_audio=90, reasoning=32, completion_audio=60)
    server.script(Reply(chat.completion("Paris.", usage=usage)))
    performed(CREATES[0], server)
    metrics = telemetry.metrics()
    split = {
        (name, point.attributes["gen_ai.token.modality"]): point.value
        for name in ("usage.input_tokens", "usage.output_tokens")
        for point in metrics[INFERENCE + name]
    }
    assert split == {
        ("usage.input_tokens", "audio"): 90,
        ("usage.input_tokens", "unknown"): 1110,
        ("usage.output_tokens", "audio"): 60,
        ("usage.output_tokens", "unknown"): 27,
    }


def test_an_edited_image_has_text_and_image_tokens(server: ProviderServer, telemetry: Telemetry) -> None:
    shape = OPENAI.shape("images.edit")
    server.script(Reply(images.images(usage=images.usage(12, 1056, input_image=323))))
    performed(Case(OPENAI, shape), server)
    points = telemetry.metrics()[INFERENCE + "usage.input_tokens"]
    assert {point.attributes["gen_ai.token.modality"]: point.value for point in points} == {"text": 12, "image": 323}


def test_embeddings_have_metrics_of_their_own(server: ProviderServer, telemetry: Telemetry) -> None:
    shape: Shape = OPENAI.shape("embeddings.create")
    server.script(Reply(shape.body))
    performed(Case(OPENAI, shape), server)
    metrics = telemetry.metrics()
    assert {name for name in metrics if name.startswith("gen_ai.")} == {
        "gen_ai.client.embeddings.duration",
        "gen_ai.client.embeddings.operation.input_tokens",
    }
    assert total(metrics["gen_ai.client.embeddings.operation.input_tokens"]) == 27


@pytest.mark.parametrize("case", CREATES, ids=by_id)
def test_llmotel_measures_its_own_time(case: Case, made: Callable[..., calling.Seen], telemetry: Telemetry) -> None:
    made(case)
    [point] = telemetry.metrics()["llmotel.client.overhead"]
    [duration] = telemetry.metrics()[INFERENCE + "duration"]
    assert point.count == 1
    assert point.sum > 0
    assert telemetry.metrics()["llmotel.internal.errors"][0].value == 0
    assert duration.count == 1
