"""Readers take whatever a provider sends: any JSON in place of any value neither raises nor is changed."""

from __future__ import annotations

import importlib
import json
import pkgutil
from collections.abc import Callable, Iterator
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

import anthropic.types
import openai._models
import openai.types.audio
import openai.types.chat
import pytest
from anthropic.types import RawMessageStreamEvent
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from openai.types import responses as response_types
from opentelemetry.trace import INVALID_SPAN

from contract.providers import ANTHROPIC, OPENAI, PNG
from llmotel import attributes, grounding
from llmotel.content import ContentPolicy
from llmotel.cost import Prices
from llmotel.estimate import estimate
from llmotel.inference import Inference
from llmotel.reading import wrapped
from llmotel.redaction import KINDS, Redactor
from llmotel.spec import Endpoint
from llmotel.testing.anthropic_wire import blocks, message_events, messages
from llmotel.testing.openai_wire import (
    audio,
    chat,
    completions,
    embeddings,
    hosts,
    images,
    platform,
    response_events,
    responses,
)
from llmotel_instrumentors import dialects
from llmotel_instrumentors.dialects import chat_completions, media
from llmotel_instrumentors.dialects import messages as messages_dialect
from llmotel_instrumentors.dialects import responses as responses_dialect

# What goes in and out of each endpoint: bodies with everything that its readers look at.

SEARCH = [("https://example.com/paris", "Paris"), ("https://example.com/rome", "Rome")]
DATA_URL = "data:image/png;base64,iVBORw0KGgo="
FUNCTION = {"name": "get_weather", "description": "Weather.", "parameters": {"type": "object", "properties": {}}}

CHAT_REQUEST: Any = {
    "model": "gpt-4.1", "temperature": 0.5, "top_p": 1, "max_tokens": 200, "max_completion_tokens": 10.0, "seed": 7,
    "stop": ["a", "b"], "n": 2, "reasoning_effort": "low", "service_tier": "flex", "stream": True,
    "response_format": {"type": "json_schema", "json_schema": {"name": "x", "schema": {}}},
    "modalities": ["text", "audio"], "web_search_options": {}, "stream_options": {"include_usage": True},
    "tools": [{"type": "function", "function": FUNCTION}, {"type": "custom", "custom": {"name": "sql"}}],
    "functions": [FUNCTION],
    "messages": [
        {"role": "system", "content": "You know the world."},
        {"role": "user", "name": "ada", "content": [
            {"type": "text", "text": "What is this?"},
            {"type": "image_url", "image_url": {"url": DATA_URL}},
            {"type": "input_audio", "input_audio": {"data": "UklGRg==", "format": "wav"}},
            {"type": "file", "file": {"file_id": "file-1"}},
            {"type": "file", "file": {"file_data": DATA_URL, "filename": "a.pdf"}},
            {"type": "refusal", "refusal": "No."},
            {"type": "unheard_of", "key": 1},
        ]},
        {"role": "assistant", "content": None, "refusal": "No.", "reasoning_content": "Hm.", "tool_calls": [
            chat.tool_call("get_weather", {"city": "Paris"}),
            {"id": "c", "type": "custom", "custom": {"name": "sql", "input": "SELECT 1"}},
        ]},
        {"role": "assistant", "function_call": {"name": "f", "arguments": "{"}, "audio": {"transcript": "Hello."}},
        {"role": "tool", "tool_call_id": "call_1", "content": [{"type": "text", "text": "21 degrees"}]},
    ],
}  # fmt: skip
CHAT_RESPONSES: Any = [
    chat.completion(
        "Paris[1] is old.",
        tool_calls=[chat.tool_call("get_weather", '{"city": "Par')],
        annotations=[chat.url_citation("https://example.com", "Paris", 0, 8)],
        audio=chat.audio("Hello."),
        refusal="No.",
        message={"reasoning_content": "Hm."},
        n=2,
        usage=chat.usage(1200, 87, cached=1024, prompt_audio=10, reasoning=32, completion_audio=7),
    ),
    hosts.perplexity(chat.completion("Paris[1] and Rome[2]."), sources=SEARCH, cost=0.01),
    hosts.deepseek(chat.completion("Paris."), hit=4, reasoning="Hm."),
    hosts.openrouter(chat.completion("Paris."), cost=0.02),
]
RESPONSES_REQUEST: Any = {
    "model": "gpt-4.1", "temperature": 0.5, "top_p": 1, "max_output_tokens": 99, "previous_response_id": "resp_1",
    "instructions": "You know the world.", "reasoning": {"effort": "low"}, "service_tier": "flex", "stream": True,
    "text": {"format": {"type": "json_schema", "name": "x", "schema": {}}}, "conversation": {"id": "conv_1"},
    "tools": [{"type": "function", **FUNCTION}, {"type": "web_search"}],
    "input": [
        {"role": "user", "content": [
            {"type": "input_text", "text": "What is this?"},
            {"type": "input_image", "image_url": DATA_URL},
            {"type": "input_image", "file_id": "file-1"},
            {"type": "input_file", "file_data": "UEsDBA==", "filename": "a.pdf"},
            {"type": "input_audio", "input_audio": {"data": "UklGRg==", "format": "wav"}},
            {"type": "refusal", "refusal": "No."},
            {"type": "unheard_of", "key": 1},
        ]},
        {"role": "assistant", "content": "Paris."},
        {"type": "function_call", "call_id": "c", "name": "f", "arguments": '{"a": 1}'},
        {"type": "function_call_output", "call_id": "c", "output": "21 degrees"},
        {"type": "custom_tool_call", "call_id": "c", "name": "f", "input": "SELECT 1"},
        {"type": "reasoning", "summary": [{"type": "summary_text", "text": "Hm."}], "content": [{"text": "So."}]},
        {"type": "compaction", "id": "cmp_1", "encrypted_content": "x"},
        {"type": "item_reference", "id": "msg_1"},
    ],
}  # fmt: skip
RESPONSES_RESPONSES: Any = [
    responses.response(
        [
            responses.reasoning("Hm."),
            responses.web_search_call("capital", sources=["https://example.com"]),
            responses.file_search_call(
                "capital", results=[responses.file_search_result("file-1", "a.txt", 0.5, "Paris.")]
            ),
            responses.code_interpreter_call("print(1)"),
            responses.function_call("get_weather", {"city": "Paris"}),
            responses.message(
                "Paris is the capital.",
                annotations=[
                    responses.url_citation("https://example.com", "Paris", 0, 5),
                    responses.file_citation("file-1", "a.txt", 3),
                    responses.container_file_citation("cntr_1", "file-2", "b.txt", 0, 4),
                    responses.file_path("file-3", 2),
                ],
            ),
        ],
        usage=responses.usage(1300, 96, cached=1152, reasoning=48),
    ),
    responses.response("Par", status="incomplete"),
    responses.response(status="failed", extra={"conversation": {"id": "conv_1"}}),
]
MESSAGES_REQUEST: Any = {
    "model": "claude-opus-4-5", "max_tokens": 200, "temperature": 0.5, "top_k": 3, "stop_sequences": ["x"],
    "system": [{"type": "text", "text": "You know the world.", "cache_control": {"type": "ephemeral"}}],
    "output_config": {"effort": "low", "format": {"type": "json_schema"}}, "stream": True,
    "tools": [
        {"name": "get_weather", "description": "Weather.", "input_schema": {"type": "object"}},
        {"type": "web_search_20250305", "name": "web_search"},
    ],
    "messages": [
        {"role": "user", "content": "Hello."},
        {"role": "user", "content": [
            {"type": "text", "text": "What is this?"},
            {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "iVBORw0KGgo="}},
            {"type": "image", "source": {"type": "url", "url": "https://example.com/a.png"}},
            {"type": "document", "source": {"type": "text", "data": "Paris."}, "citations": {"enabled": True}},
            {"type": "document", "source": {"type": "file", "file_id": "file_1"}},
            {"type": "search_result", "source": "s", "title": "t", "content": [{"type": "text", "text": "x"}]},
        ]},
        {"role": "assistant", "content": [
            blocks.thinking("Hm."),
            blocks.redacted_thinking(),
            blocks.tool_use("get_weather", {"city": "Paris"}),
            {"type": "unheard_of", "key": 1},
        ]},
        {"role": "user", "content": [
            {"type": "tool_result", "tool_use_id": "t", "content": [{"type": "text", "text": "21 degrees"}]},
            {"type": "tool_result", "tool_use_id": "t", "content": "21 degrees"},
        ]},
    ],
}  # fmt: skip
MESSAGES_RESPONSES: Any = [
    messages.message(
        [
            blocks.thinking("Hm."),
            blocks.redacted_thinking(),
            blocks.server_tool_use("web_search", {"query": "capital"}, id="srvtoolu_1"),
            blocks.web_search_tool_result("srvtoolu_1", [blocks.web_search_result("https://example.com", "Paris")]),
            blocks.web_search_tool_result("srvtoolu_2", "unavailable"),
            blocks.text(
                "Paris.",
                citations=[
                    blocks.char_location("Paris", 0, 5, title="Doc"),
                    blocks.page_location("Paris", 1, 2),
                    blocks.content_block_location("Paris", 0, 1),
                    blocks.web_search_result_location("Paris", url="https://example.com"),
                ],
            ),
            blocks.tool_use("get_weather", {"city": "Paris"}),
        ],
        usage=messages.usage(10, 43, cache_read=1000, cache_write_5m=300, cache_write_1h=200, web_searches=1),
    )
]

Typed = Callable[[Any], Any]


def typed(models: Any, kind: Any) -> Typed:
    """The constructor of an SDK, which takes what does not fit as it is."""

    def construct(value: Any) -> Any:
        return models.construct_type(value=value, type_=kind)

    return construct


@dataclass(frozen=True)
class Subject:
    """An endpoint with bodies for it, and how its SDK makes objects of them."""

    endpoint: Endpoint
    requests: list[Any]
    responses: list[Any]
    chunks: list[Any]
    response_type: Typed
    chunk_type: Typed


def _flat(events: Any) -> list[Any]:
    return [event for event in events if isinstance(event, dict)]


_OPENAI, _ANTHROPIC = openai._models, importlib.import_module("anthropic._models")
_ANY = typed(_OPENAI, object)
_RESPONSE_TYPES = (typed(_OPENAI, response_types.Response), typed(_OPENAI, response_types.ResponseStreamEvent))
_RESPONSE_EVENTS = [event for body in RESPONSES_RESPONSES for event in _flat(response_events.events(body))]

SUBJECTS = {
    "chat": Subject(
        chat_completions.CHAT,
        [CHAT_REQUEST, OPENAI.shape("chat.create").arguments()],
        CHAT_RESPONSES,
        [chunk for body in CHAT_RESPONSES for chunk in _flat(hosts.chunks(body, include_usage=True))],
        typed(_OPENAI, openai.types.chat.ChatCompletion),
        typed(_OPENAI, openai.types.chat.ChatCompletionChunk),
    ),
    "completions": Subject(
        chat_completions.COMPLETIONS,
        [{"model": "gpt-3.5-turbo-instruct", "prompt": ["A", "B"], "best_of": 2, "n": 2, "stop": "x"}],
        [completions.completion()],
        _flat(completions.chunks(completions.completion(), include_usage=True)),
        typed(_OPENAI, openai.types.Completion),
        typed(_OPENAI, openai.types.Completion),
    ),
    "responses": Subject(
        responses_dialect.CREATE, [RESPONSES_REQUEST], RESPONSES_RESPONSES, _RESPONSE_EVENTS, *_RESPONSE_TYPES
    ),
    "fetch": Subject(responses_dialect.FETCH, [None], RESPONSES_RESPONSES, _RESPONSE_EVENTS, *_RESPONSE_TYPES),
    "embeddings": Subject(
        media.EMBEDDINGS,
        [{"model": "text-embedding-3-small", "input": ["A"], "dimensions": 8, "encoding_format": "float"}],
        [embeddings.embeddings([embeddings.vector(3)], prompt_tokens=3)],
        [],
        typed(_OPENAI, openai.types.CreateEmbeddingResponse),
        _ANY,
    ),
    "images": Subject(
        media.IMAGES,
        [{"model": "gpt-image-1", "prompt": "A cat", "n": 2, "image": PNG}],
        [images.images(usage=images.usage(12, 1056, input_image=3)), images.images(url="https://example.com")],
        _flat(images.events(images.images())),
        typed(_OPENAI, openai.types.ImagesResponse),
        typed(_OPENAI, openai.types.ImageGenStreamEvent),
    ),
    "speech": Subject(
        media.SPEECH, [{"model": "gpt-4o-mini-tts", "voice": "coral", "input": "Hello."}], [None], [], _ANY, _ANY
    ),
    "transcription": Subject(
        media.TRANSCRIPTION,
        [{"model": "gpt-4o-transcribe", "language": "en"}],
        [audio.transcription("Hello.", usage=audio.token_usage(14, 12, text=3)), audio.verbose_transcription(), "Hi."],
        _flat(audio.transcription_events(audio.transcription("Hello."))),
        typed(_OPENAI, openai.types.audio.Transcription),
        typed(_OPENAI, openai.types.audio.TranscriptionStreamEvent),
    ),
    "moderation": Subject(
        media.MODERATION,
        [{"model": "omni-moderation-latest", "input": [{"type": "text", "text": "Hello."}]}, {"input": "Hello."}],
        [platform.moderations()],
        [],
        typed(_OPENAI, openai.types.ModerationCreateResponse),
        _ANY,
    ),
    "messages": Subject(
        messages_dialect.MESSAGES,
        [MESSAGES_REQUEST, ANTHROPIC.shape("messages.create").arguments()],
        MESSAGES_RESPONSES,
        [event for body in MESSAGES_RESPONSES for event in _flat(message_events.events(body))],
        typed(_ANTHROPIC, anthropic.types.Message),
        typed(_ANTHROPIC, RawMessageStreamEvent),
    ),
}


def test_every_endpoint_of_every_dialect_is_tried() -> None:
    modules = [
        importlib.import_module(f"{dialects.__name__}.{m.name}") for m in pkgutil.iter_modules(dialects.__path__)
    ]
    endpoints = {id(value) for module in modules for value in vars(module).values() if isinstance(value, Endpoint)}
    assert endpoints == {id(subject.endpoint) for subject in SUBJECTS.values()}


# Arbitrary JSON, and bodies with arbitrary JSON in places.


def paths(value: Any, here: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The way to every value inside ``value``."""
    inside = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in inside:
        yield (*here, key)
        yield from paths(item, (*here, key))


def _words() -> list[str]:
    """Keys and short strings of all bodies: what readers know."""
    found: dict[str, None] = {}

    def walk(value: Any) -> None:
        if isinstance(value, dict):
            for key, item in value.items():
                found[key] = None
                walk(item)
        elif isinstance(value, list):
            for item in value:
                walk(item)
        elif isinstance(value, str) and len(value) < 40:
            found[value] = None

    for subject in SUBJECTS.values():
        walk([subject.requests, subject.responses, subject.chunks])
    # Words with a meaning of their own in Python, or in our code.
    return [
        *found,
        "self",
        "choice",
        "key",
        "kind",
        "fragment",
        "fields",
        "__dict__",
        "__class__",
        "__pydantic_extra__",
    ]


WORD = st.sampled_from(_words())
NESTED = "[" * 5000
SCALAR = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-2, 3),
    st.sampled_from([2**63, -(2**63) - 1, 10**400, 1e308, 1e-320, float("inf"), float("nan"), "\ud800", "", NESTED]),
    WORD,
    st.text(max_size=4),
)
JSON = st.recursive(
    SCALAR,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORD | st.text(max_size=3), inner, max_size=4),
    max_leaves=6,
)


@st.composite
def damaged(draw: st.DrawFn, bodies: list[Any]) -> Any:
    """One of ``bodies`` with any JSON in up to three places, or any JSON instead."""
    if not bodies or draw(st.integers(0, 9)) == 0:
        return draw(JSON)
    body = deepcopy(draw(st.sampled_from(bodies)))
    for _ in range(draw(st.integers(1, 3))):
        ways = list(paths(body))
        if not ways:
            return draw(JSON)
        *way, last = draw(st.sampled_from(ways))
        owner = body
        for key in way:
            owner = owner[key]
        if isinstance(owner, dict) and draw(st.booleans()) and draw(st.booleans()):
            del owner[last]
        else:
            owner[last] = draw(JSON)
    return body


def shapes_of(value: Any, construct: Typed) -> list[Any]:
    """``value`` in every form in which a reader can get it: decoded, wrapped, and as the SDK's object."""
    forms = [value, wrapped(value)]
    try:
        forms.append(construct(deepcopy(value)))
    except Exception:  # what the SDK itself cannot make an object of, it hands over to nobody
        pass
    return forms


def unchanged(readers: list[Callable[..., None]], inference: Inference, value: Any) -> None:
    """Lets ``readers`` read ``value``, which has to be the same afterwards."""
    # The SDKs' objects print all they hold. (Not ==: NaN is never equal to itself.)
    fields = getattr(value, "fields", value) if type(value).__module__.startswith("llmotel") else value
    before = repr(fields)
    for reader in readers:
        reader(inference, value)
    assert repr(fields) == before


def inference_for(endpoint: Endpoint, provider: str, *, stream: bool = False) -> Inference:
    return Inference(endpoint.operation, provider, None, "api.example.com", 443, stream)


ENDPOINTS = pytest.mark.parametrize("name", SUBJECTS)
STREAMED = pytest.mark.parametrize("name", [name for name, subject in SUBJECTS.items() if subject.chunks])
HARD = settings(
    max_examples=150,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.function_scoped_fixture],
)
HOSTS = st.sampled_from(["openai", "perplexity", "anthropic"])


@ENDPOINTS
@HARD
@given(data=st.data(), provider=HOSTS, stream=st.booleans())
def test_any_request_can_be_read(name: str, data: st.DataObject, provider: str, stream: bool) -> None:
    subject = SUBJECTS[name]
    body = data.draw(damaged(subject.requests))
    endpoint = subject.endpoint
    for form in shapes_of(body, _ANY):
        inference = inference_for(endpoint, provider, stream=stream)
        unchanged([endpoint.read_request, endpoint.read_input], inference, form)
        reported(inference)


@ENDPOINTS
@HARD
@given(data=st.data(), provider=HOSTS)
def test_any_response_can_be_read(name: str, data: st.DataObject, provider: str) -> None:
    subject = SUBJECTS[name]
    body = data.draw(damaged(subject.responses))
    endpoint = subject.endpoint
    for form in shapes_of(body, subject.response_type):
        inference = inference_for(endpoint, provider)
        unchanged([endpoint.read_response, endpoint.read_answer, endpoint.read_output], inference, form)
        reported(inference)


@STREAMED
@HARD
@given(data=st.data(), provider=HOSTS, deltas=st.booleans())
def test_any_stream_can_be_read(name: str, data: st.DataObject, provider: str, deltas: bool) -> None:
    subject = SUBJECTS[name]
    endpoint = subject.endpoint
    chunks = data.draw(st.lists(damaged(subject.chunks) | st.sampled_from(subject.chunks), min_size=1, max_size=6))
    readers = [endpoint.read_chunk, endpoint.read_delta] if deltas else [endpoint.read_chunk]
    forms = [shapes_of(chunk, subject.chunk_type) for chunk in chunks]
    for turn in range(3):
        inference = inference_for(endpoint, provider, stream=True)
        for form in forms:
            unchanged(readers, inference, form[min(turn, len(form) - 1)])
        if endpoint.read_draft is not None:
            endpoint.read_draft(inference)
        reported(inference)


POLICY = ContentPolicy(mode="SPAN_AND_EVENT", max_bytes=2048, redactor=Redactor(KINDS))
PRICES = Prices(None)


def reported(inference: Inference) -> None:
    """Whatever a reader left in the record, the rest can do with it, and what goes out has a form in OTLP."""
    if inference.answer is not None:
        inference.grounding = grounding.assess(inference.answer)
    inference.cost = PRICES.price(inference)
    rendered = POLICY.render(inference, failed=False, span=INVALID_SPAN)
    for text in rendered.span.values():
        json.loads(str(text))
    if inference.usage is None:
        estimate(inference)
    told = {**attributes.identity(inference, {}), **attributes.response(inference, legacy=True)}
    for key, value in told.items():
        each = value if isinstance(value, (list, tuple)) else [value]
        assert all(isinstance(item, (str, bool, int, float)) for item in each), (key, value)
        assert all(-(2**63) <= item < 2**63 for item in each if isinstance(item, int)), (key, value)
