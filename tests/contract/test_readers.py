"""Readers never raise and never change what they read, whatever stands in any place of a request, answer or chunk."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import import_module
from typing import Any

import pytest
from anthropic._models import construct_type as construct_anthropic
from anthropic.types import Message as AnthropicMessage
from anthropic.types import RawMessageStreamEvent
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from openai._models import construct_type as construct_openai
from openai.types import Completion, CreateEmbeddingResponse, ImagesResponse, ModerationCreateResponse
from openai.types.audio import Transcription
from openai.types.chat import ChatCompletion, ChatCompletionChunk
from together._models import construct_type as construct_together

from contract.providers import ANTHROPIC, OPENAI, TOGETHER, Provider, having
from contract.rich import ANSWERS, REQUESTS
from contract.situations import by_id, events_of
from llmotel.content.policy import ContentPolicy
from llmotel.grounding import score
from llmotel.model.inference import Inference
from llmotel.prices.calculator import Prices
from llmotel.signals import attributes
from llmotel.spec import Endpoint
from llmotel.spec.reading import Fields, wrapped
from llmotel.testing import Request
from llmotel.testing.google_wire import generation_events, models
from llmotel_instrumentors import anthropic as anthropic_provider
from llmotel_instrumentors import litellm as litellm_provider
from llmotel_instrumentors import openai as openai_provider
from llmotel_instrumentors.dialects import google_paths
from llmotel_instrumentors.dialects import responses as responses_dialect
from llmotel_instrumentors.dialects.embed_content import EMBED
from llmotel_instrumentors.dialects.predict import IMAGES
from llmotel_instrumentors.dialects.rerank import RERANK

PRICES = Prices()
CONTENT = ContentPolicy(mode="SPAN_AND_EVENT", max_bytes=4096)


@dataclass(frozen=True, slots=True)
class Sample:
    """An endpoint, with a request, an answer and its chunks to start from, and the classes that its SDK makes of
    them."""

    name: str
    endpoint: Endpoint
    request: Any
    answer: Any
    chunks: list[Any]
    construct: Any
    answer_type: Any
    chunk_type: Any = None

    @property
    def id(self) -> str:
        return self.name


def samples() -> Iterator[Sample]:
    """Every endpoint of every provider."""
    kinds: dict[str, tuple[str, Any, Any]] = {
        "chat.create": ("/chat/completions", ChatCompletion, ChatCompletionChunk),
        "completions.create": ("/completions", Completion, Completion),
        "embeddings.create": ("/embeddings", CreateEmbeddingResponse, None),
        "images.edit": ("/images/edits", ImagesResponse, None),
        "speech.create": ("/audio/speech", Transcription, None),
        "transcriptions.create": ("/audio/transcriptions", Transcription, None),
        "moderations.create": ("/moderations", ModerationCreateResponse, None),
    }
    if having((OPENAI, "responses.create")):
        types = import_module("openai.types.responses")
        kinds["responses.create"] = ("/responses", types.Response, types.ResponseStreamEvent)
    for name, (path, *kind) in kinds.items():
        made = parts(OPENAI, name, f"/v1{path}")
        yield Sample(name, openai_provider.ENDPOINTS[path], *made, construct_openai, *kind)
        if name == "chat.create":
            yield Sample("litellm.completion", litellm_provider.ENDPOINTS["completion"], *made, construct_openai, *kind)
        if name == "responses.create":
            yield Sample("responses.retrieve", responses_dialect.FETCH, None, *made[1:], construct_openai, *kind)
    types = import_module("together.types")
    made = parts(TOGETHER, "rerank.create", "/v1/rerank")
    yield Sample("rerank.create", RERANK, *made, construct_together, types.RerankCreateResponse)
    endpoint = anthropic_provider.messages.MESSAGES
    request, answer, chunks = parts(ANTHROPIC, "messages.create", "/v1/messages")
    yield Sample(
        "messages.create",
        endpoint,
        request,
        answer,
        chunks,
        construct_anthropic,
        AnthropicMessage,
        RawMessageStreamEvent,
    )
    # Google's client hands over JSON, which the engine decodes: there are no objects of its own.
    for verb, request, answer in (
        ("streamGenerateContent", GENERATION, ANSWERS["generate"]),
        ("batchEmbedContents", {"requests": [{"outputDimensionality": 8}]}, models.embeddings([[0.5] * 4], tokens=9)),
        ("predictLongRunning", {"instances": [{"prompt": "A cat"}], "parameters": {"sampleCount": 2}}, {"name": "o/1"}),
    ):
        streamed = generation_events.events(answer) if verb.startswith("stream") else []
        yield Sample(verb, google_paths.ENDPOINTS[verb], {"model": "m", **request}, answer, streamed, None, None)
    yield Sample(
        "predict.embeddings", EMBED, {"instances": []}, models.predicted_embeddings(tokens=[4]), [], None, None
    )
    yield Sample(
        "predict.images", IMAGES, {"instances": [{"prompt": "A cat"}]}, models.images(filtered="x"), [], None, None
    )


def parts(provider: Provider, name: str, path: str) -> tuple[Any, Any, list[Any]]:
    """A request, an answer and its events, with something in as many places as there are."""
    shape, family = provider.shape(name), name.partition(".")[0]
    request = {**shape.arguments(), **REQUESTS.get(family, {}), "stop": ["x"], "n": 2, "seed": 7, "top_p": 0.5}
    answer = ANSWERS.get(family, shape.body)
    if not isinstance(answer, dict):
        return request, {"text": "x"}, []
    try:
        chunks = events_of(answer, Request(0, "POST", path, {}, {}, b"", {"stream_options": {"include_usage": True}}))
    except AssertionError:  # not an endpoint that streams
        chunks = []
    return request, answer, [chunk for chunk in chunks if isinstance(chunk, dict)]


GENERATION: dict[str, Any] = {
    "systemInstruction": {"parts": [{"text": "You know the world."}]},
    "contents": [
        {"role": "user", "parts": [
            {"text": "What is this?"},
            {"inlineData": {"mimeType": "image/png", "data": "aGk="}},
            {"file_data": {"mime_type": "image/png", "file_uri": "https://example.com/cat.png"}},
        ]},
        {"role": "model", "parts": [{"functionCall": {"id": "c", "name": "get_weather", "args": {"city": "Paris"}}}]},
        {"role": "user", "parts": [{"functionResponse": {"name": "get_weather", "response": {"result": "21 degrees"}}}]},
    ],
    "tools": [{"functionDeclarations": [{"name": "get_weather", "parameters": {"type": "OBJECT"}}], "googleSearch": {}}],
    "generationConfig": {
        "temperature": 0.5, "topK": 40, "stopSequences": ["END"], "candidateCount": 2, "responseModalities": ["TEXT"],
        "responseMimeType": "application/json", "thinkingConfig": {"thinkingLevel": "LOW"},
    },
}  # fmt: skip
SAMPLES = list(samples())

anything = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=5)
    | st.sampled_from(["text", "function"])
    | st.sampled_from([2**63, -(2**63) - 1, 10**400, 1e308, float("inf"), float("nan"), "\ud800", "[" * 5000]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["type", "text", "id"]), inner),
    max_leaves=5,
)


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The path of every value in ``value``."""
    yield path
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from places(inner, (*path, key))
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from places(inner, (*path, index))


def put(value: Any, path: tuple[Any, ...], new: Any) -> Any:
    """``value`` with ``new`` at ``path``."""
    if not path:
        return new
    key, *rest = path
    changed = copy.copy(value)
    changed[key] = put(value[key], tuple(rest), new)
    return changed


@st.composite
def twisted(draw: st.DrawFn, value: Any) -> Any:
    """``value`` with anything in place of up to three values."""
    for _ in range(draw(st.integers(1, 3))):
        paths = list(places(value))
        value = put(value, draw(st.sampled_from(paths)), draw(anything))
    return value


def looks(sample: Sample, kind: Any, value: Any) -> Iterator[Any]:
    """``value`` in every form in which a reader meets it: as JSON, as JSON with attributes, as the SDK's object."""
    yield value
    yield wrapped(value)
    if kind is not None:
        yield sample.construct(type_=kind, value=copy.deepcopy(value))


def state(value: Any) -> str:
    """All of ``value``, to tell whether it has changed."""
    return repr(value.fields if isinstance(value, Fields) else value)


def inference(sample: Sample, *, stream: bool) -> Inference:
    made = Inference(sample.endpoint.operation, "openai", stream=stream)
    made.complete = not stream
    made.may_cite = True
    return made


def presentable(read: Inference) -> None:
    """What was read can be turned into telemetry, and is of types that OpenTelemetry takes."""
    read.grounding = score.assess(read.answer) if read.answer is not None else None
    read.cost = PRICES.price(read)
    for name, value in attributes.response(read, legacy=True).items():
        values = value if isinstance(value, (list, tuple)) else [value]
        assert all(isinstance(item, (str, bool, int, float)) for item in values), name
        assert len({type(item) for item in values}) <= 1, name
        assert all(-(2**63) <= item < 2**63 for item in values if isinstance(item, int)), name  # as OTLP needs it
    assert all(isinstance(value, str) for value in CONTENT.render(read, failed=False).span.values())
    usage = read.usage
    if usage is not None:
        counts = (usage.input_tokens, usage.output_tokens, usage.cache_read, usage.cache_write, usage.reasoning)
        assert all(number is None or (type(number) is int and number >= 0) for number in counts)


thorough = settings(max_examples=60, derandomize=True, suppress_health_check=list(HealthCheck))
each_endpoint = pytest.mark.parametrize("sample", SAMPLES, ids=by_id)


@each_endpoint
@thorough
@given(data=st.data())
def test_any_request_is_read(sample: Sample, data: st.DataObject) -> None:
    request = data.draw(twisted(sample.request))
    before = state(request)
    for stream in (False, True):
        read = inference(sample, stream=stream)
        sample.endpoint.read_request(read, request)
        sample.endpoint.read_input(read, request)
        presentable(read)
    assert state(request) == before


@each_endpoint
@thorough
@given(data=st.data())
def test_any_answer_is_read(sample: Sample, data: st.DataObject) -> None:
    for answer in looks(sample, sample.answer_type, data.draw(twisted(sample.answer))):
        before = state(answer)
        read = inference(sample, stream=False)
        sample.endpoint.read_response(read, answer)
        sample.endpoint.read_answer(read, answer)
        sample.endpoint.read_output(read, answer)
        presentable(read)
        assert state(answer) == before


@pytest.mark.parametrize("sample", [sample for sample in SAMPLES if sample.chunks], ids=by_id)
@thorough
@given(data=st.data())
def test_any_stream_is_read(sample: Sample, data: st.DataObject) -> None:
    number = data.draw(st.integers(0, len(sample.chunks) - 1))
    strange = data.draw(twisted(sample.chunks[number]))
    stream = [*sample.chunks[:number], strange, *sample.chunks[number + 1 :]]
    for form in range(3 if sample.chunk_type is not None else 2):
        read = inference(sample, stream=True)
        for chunk in [list(looks(sample, sample.chunk_type, sent))[form] for sent in stream]:
            before = state(chunk)
            sample.endpoint.read_chunk(read, chunk)
            sample.endpoint.accumulate_chunk(read, chunk)
            assert state(chunk) == before
        if sample.endpoint.finalize_stream is not None:
            sample.endpoint.finalize_stream(read)
        presentable(read)


@each_endpoint
def test_what_was_not_twisted_is_read_in_full(sample: Sample) -> None:
    for answer in looks(sample, sample.answer_type, sample.answer):
        read = inference(sample, stream=False)
        sample.endpoint.read_response(read, answer)
        body = sample.answer
        assert read.response_id == (body.get("id") or body.get("responseId") or body.get("name"))
        told = body.get("usage") or body.get("usageMetadata") or "token_count" in str(body)
        assert (read.usage is None) == (not told or sample.name == "responses.retrieve")


def test_a_generator_is_left_for_the_library_to_read() -> None:
    for sample in SAMPLES:
        if sample.request is None:
            continue
        messages = iter([{"role": "user", "content": "x"}])
        body = {**sample.request, "messages": messages, "input": messages, "prompt": messages}
        sample.endpoint.read_request(inference(sample, stream=True), body)
        sample.endpoint.read_input(inference(sample, stream=True), body)
        assert len(list(messages)) == 1


NEARLY_RIGHT: dict[str, list[Any]] = {
    "chat.create": [{"id": "1", "choices": [{"delta": {}}]}, {"choices": 5}, {"choices": {"0": {}}}],
    "responses.create": [{"type": []}, {"type": {}}, {"type": "response.output_text.delta", "item_id": []}],
    "responses.retrieve": [{"type": []}],
    "streamGenerateContent": [
        {"candidates": [{"content": {"parts": [{"functionCall": 5}, {"text": 5}, {"executableCode": []}, {}]}}]},
        {"candidates": {"content": {"parts": "x"}}},
        {"candidates": [{"index": -1, "finishReason": 5, "groundingMetadata": [{"groundingChunks": 5}]}, 7]},
        {"candidates": [{"groundingMetadata": {"groundingSupports": [5], "groundingChunks": [[]]}}]},
        {"usageMetadata": [5]},
    ],
    "messages.create": [
        {"type": "content_block_start", "index": 0, "content_block": {"type": "new", "key": 1, "choice": 2}}
    ],
}


@pytest.mark.parametrize("sample", [sample for sample in SAMPLES if sample.name in NEARLY_RIGHT], ids=by_id)
def test_a_chunk_that_looks_nearly_right_is_read(sample: Sample) -> None:
    chunks = NEARLY_RIGHT[sample.name]
    for form in range(3 if sample.chunk_type is not None else 2):
        read = inference(sample, stream=True)
        for chunk in chunks:
            looked = list(looks(sample, sample.chunk_type, chunk))[form]
            sample.endpoint.read_chunk(read, looked)
            sample.endpoint.accumulate_chunk(read, looked)
        if sample.endpoint.finalize_stream is not None:
            sample.endpoint.finalize_stream(read)
        presentable(read)
