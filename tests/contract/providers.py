"""The ways in which applications call each provider: the table over which the contract is parametrised.

A new provider adds one :class:`Provider` here and gets the tests of this folder. Those that write answers of their own
have a branch for each provider.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import anthropic
import cerebras.cloud.sdk as cerebras
import groq
import openai
import together
from packaging.version import Version
from pydantic import BaseModel

from contract.oracle import (
    Tokens,
    chat_tokens,
    embedding_tokens,
    generation_tokens,
    image_tokens,
    message_tokens,
    none,
    prediction_tokens,
    response_tokens,
)
from extent import EVERYTHING
from llmotel.instrumentation.instrumentor import Instrumentor
from llmotel.testing import ProviderServer, Reply
from llmotel.testing.anthropic_wire import errors as anthropic_errors
from llmotel.testing.anthropic_wire import messages
from llmotel.testing.google_wire import errors as google_errors
from llmotel.testing.google_wire import generation, models, parts
from llmotel.testing.openai_wire import audio, chat, completions, embeddings, hosts, images, platform, rerank, responses
from llmotel.testing.openai_wire import errors as openai_errors
from llmotel.testing.reply import BROKEN
from llmotel.testing.samples import MP3
from llmotel_instrumentors.anthropic import AnthropicInstrumentor
from llmotel_instrumentors.cerebras import CerebrasInstrumentor
from llmotel_instrumentors.google_genai import GoogleGenAIInstrumentor
from llmotel_instrumentors.groq import GroqInstrumentor
from llmotel_instrumentors.openai import OpenAIInstrumentor
from llmotel_instrumentors.together import TogetherInstrumentor
from transport import httpx, httpx_1

WHOLE, STREAM, HELPER = "whole", "stream", "helper"
PLAIN, RAW, STREAMING = "plain", "raw", "streaming"
_ACCESSORS = {PLAIN: (), RAW: ("with_raw_response",), STREAMING: ("with_streaming_response",)}

WAV = ("question.wav", b"RIFF\x24\x00\x00\x00WAVEfmt ", "audio/wav")
PNG = ("cat.png", b"\x89PNG\r\n\x1a\n", "image/png")


class Capital(BaseModel):
    """What structured output is parsed into."""

    city: str
    reason: str


@dataclass(frozen=True, slots=True)
class Shape:
    """One way to call a provider.

    ``form`` is what the caller gets: a WHOLE answer, a STREAM of chunks, or a HELPER, a context manager around one.
    ``body`` is what the server answers, ``tokens`` reads from it what the telemetry has to say.

    ``since`` is the version of the library that was the first to have it like this. ``earlier`` says what was different
    before: each version with the fields that had other values from then on. Before the first of them it was not there.
    """

    name: str
    method: str
    arguments: Callable[[], dict[str, Any]]
    body: Any
    form: str = WHOLE
    operation: str = "chat"
    variants: tuple[str, ...] = (PLAIN, RAW, STREAMING)
    tokens: Callable[[Any], Tokens] = chat_tokens
    finish_reasons: tuple[str, ...] | None = ("stop",)
    usage_in_stream: bool = True
    binary: bool = False  # the body is no JSON
    query: tuple[str, ...] = ()  # positional arguments
    speaks: str = ""  # the dialect, where that is not the name up to its dot
    since: str = "0"
    earlier: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

    @property
    def dialect(self) -> str:
        """The API that is called, which others may speak too: a name for what `dialects/` reads."""
        return self.speaks or self.name.partition(".")[0]

    def at(self, installed: Version) -> Shape | None:
        """The shape as the version ``installed`` has it, or ``None`` where it has none."""
        if installed >= Version(self.since):
            return self
        older = [differing for first, differing in self.earlier.items() if Version(first) <= installed]
        return replace(self, **older[-1]) if older else None


def _installed(library: str) -> Version:
    """The version of ``library``; 0 where it is not there, as not all of the oldest go together."""
    try:
        return Version(version(library))
    except PackageNotFoundError:
        return Version("0")


@dataclass(frozen=True, slots=True)
class Provider:
    """One client library: how its clients are made, how its server fails, and everything that can be called.

    ``table`` has the shapes of every version, ``shapes`` those of the installed one. ``later`` are arguments with the
    version that brought them: in an older one they go into the extra body, which is the library's own way.

    ``seam`` is the kind of client that the library has. What it shares with a library before it in PROVIDERS, seam and
    dialect, is tested there: its own shapes are crossed with few situations then (`situations.crossings`). Those named
    in ``thorough`` are crossed with all, in every variant: one whole answer and one stream for a new kind of client.

    ``generators`` says that its streams are generators, which are no context managers and ask for nothing before they
    are read; ``parses_above``, that it makes sense of an answer above the seam, so that the caller meets a broken one
    after the call; ``takes_nothing``, that it takes an empty body for an answer; ``retries``, that it sends again.
    """

    name: str
    library: str
    instrumentor: type[Instrumentor]
    sync_client: Callable[..., Any]
    async_client: Callable[..., Any]
    url: Callable[[ProviderServer], str]
    refuse: Callable[..., Reply]
    error_types: dict[int, str]  # HTTP status -> error.type
    stream_error_type: str  # error.type of an error in the middle of a stream
    broken_event: str  # an event whose JSON ends in the middle
    table: tuple[Shape, ...]
    says: Callable[[str, str, int, int], Any]  # a chat's answer: text, model, tokens in, tokens out
    seam: str = "stainless"
    thorough: tuple[str, ...] = ()
    generators: bool = False
    parses_above: bool = False
    takes_nothing: bool = False
    retries: bool = True
    id_key: str = "id"
    model_key: str = "model"
    disabled_libraries: dict[str, Callable[[Any], Any]] = field(default_factory=dict)  # calls that infer nothing
    later: Mapping[str, str] = field(default_factory=dict)
    async_suffix: str = ""  # of asynchronous methods, where one client has both
    transport: Any = httpx  # the module of the HTTP library that it stands on
    version: Version = field(init=False)  # the one that is installed; 0 for none
    shapes: tuple[Shape, ...] = field(init=False)

    def __post_init__(self) -> None:
        installed = _installed(self.library)
        shapes = (shape.at(installed) for shape in self.table)
        object.__setattr__(self, "version", installed)
        object.__setattr__(self, "shapes", tuple(shape for shape in shapes if shape is not None))

    @property
    def module(self) -> str:
        """What is imported of the library."""
        return self.instrumentor.provider.modules[0]

    def passed(self, arguments: dict[str, Any]) -> dict[str, Any]:
        """``arguments`` as an application passes them to the installed version."""
        beyond = {
            name: arguments[name]
            for name, since in self.later.items()
            if name in arguments and self.version < Version(since)
        }
        if not beyond:
            return arguments
        known = {name: value for name, value in arguments.items() if name not in beyond}
        return {**known, "extra_body": {**beyond, **arguments.get("extra_body", {})}}

    def has(self, name: str) -> bool:
        """Whether the installed version has the shape called ``name``."""
        return any(shape.name == name for shape in self.shapes)

    def shape(self, name: str) -> Shape:
        """The shape called ``name``, which the installed version has."""
        return next(shape for shape in self.shapes if shape.name == name)

    def first(self, form: str = WHOLE) -> Shape:
        """The first shape of ``form`` whose answer tells its tokens: for tests that need one call, whichever it is."""
        return next(shape for shape in self.shapes if shape.form == form and shape.usage_in_stream)


@dataclass(frozen=True, slots=True)
class Case:
    """A shape of a provider, called synchronously or not, and in one of the variants that its library offers."""

    provider: Provider
    shape: Shape
    variant: str = PLAIN
    is_async: bool = False

    @property
    def id(self) -> str:
        """``openai-chat.create-raw-async``."""
        return "-".join(
            (self.provider.name, self.shape.name, self.variant, "async" if self.is_async else "sync"),
        )

    def call(self, client: Any, **more: Any) -> Any:
        """Makes the call; what comes back is to be awaited when the client is asynchronous."""
        *resources, method = f"{self.shape.method}{self.provider.async_suffix * self.is_async}".split(".")
        owner = client
        for name in (*resources, *_ACCESSORS[self.variant], method):
            owner = getattr(owner, name)
        return owner(*self.shape.query, **self.provider.passed({**self.shape.arguments(), **more}))


# OpenAI.

QUESTION = "What is the capital of France, and why?"
ANSWER = "Paris is the capital of France. It has been the seat of its kings since 987."
PARSED = Capital(city="Paris", reason="It has been the seat of the kings of France.")
_CHAT_USAGE = chat.usage(1200, 87, cached=1024, reasoning=32)
_CHAT = chat.completion(ANSWER, usage=_CHAT_USAGE)
_RESPONSE = responses.response(
    [responses.reasoning("I know this."), responses.message(ANSWER)],
    usage=responses.usage(1300, 96, cached=1152, reasoning=48),
)


def _chat(**more: Any) -> Callable[[], dict[str, Any]]:
    return lambda: {
        "model": "gpt-4.1",
        "messages": [{"role": "system", "content": "You know the world."}, {"role": "user", "content": QUESTION}],
        "temperature": 0.5,
        "max_tokens": 200,
        **more,
    }


def _response(**more: Any) -> Callable[[], dict[str, Any]]:
    return lambda: {"model": "gpt-4.1", "input": QUESTION, "instructions": "You know the world.", **more}


def _said(text: str, model: str, sent: int, received: int) -> Any:
    return chat.completion(text, model=model, usage=chat.usage(sent, received))


def _given(**arguments: Any) -> Callable[[], dict[str, Any]]:
    return lambda: dict(arguments)


OPENAI = Provider(
    name="openai",
    library="openai",
    instrumentor=OpenAIInstrumentor,
    sync_client=openai.OpenAI,
    async_client=openai.AsyncOpenAI,
    url=lambda server: server.openai_url,
    refuse=openai_errors.reply,
    error_types={
        400: "invalid_request_error",
        401: "invalid_api_key",
        429: "rate_limit_exceeded",
        500: "server_error",
    },
    stream_error_type="server_error",
    broken_event=BROKEN,
    says=_said,
    thorough=("chat.create", "chat.stream+usage", "responses.stream", "speech.create", "transcriptions.text"),
    table=(
        Shape("chat.create", "chat.completions.create", _chat(), _CHAT),
        Shape(
            "chat.parse",
            "chat.completions.parse",
            _chat(response_format=Capital),
            chat.completion(PARSED.model_dump_json(), usage=_CHAT_USAGE),
            since="1.92",
            earlier={
                "1.40": {"method": "beta.chat.completions.parse", "variants": (PLAIN,)},
                "1.50": {"method": "beta.chat.completions.parse"},
            },
        ),
        Shape("chat.stream", "chat.completions.create", _chat(stream=True), _CHAT, STREAM, usage_in_stream=False),
        Shape(
            "chat.stream+usage",
            "chat.completions.create",
            _chat(stream=True, stream_options={"include_usage": True}),
            _CHAT,
            STREAM,
        ),
        Shape(
            "chat.helper",
            "chat.completions.stream",
            _chat(stream_options={"include_usage": True}),
            _CHAT,
            HELPER,
            variants=(PLAIN,),
            since="1.92",
            earlier={"1.40": {"method": "beta.chat.completions.stream"}},
        ),
        Shape("responses.create", "responses.create", _response(), _RESPONSE, tokens=response_tokens, since="1.66"),
        Shape(
            "responses.parse",
            "responses.parse",
            _response(text_format=Capital),
            responses.response(PARSED.model_dump_json(), usage=responses.usage(140, 30)),
            variants=(PLAIN, RAW),
            tokens=response_tokens,
            since="1.85",
            earlier={"1.66": {"variants": (PLAIN,)}},
        ),
        Shape(
            "responses.stream",
            "responses.create",
            _response(stream=True),
            _RESPONSE,
            STREAM,
            tokens=response_tokens,
            since="1.66",
        ),
        Shape(
            "responses.helper",
            "responses.stream",
            _response(),
            _RESPONSE,
            HELPER,
            variants=(PLAIN,),
            tokens=response_tokens,
            since="1.66",
        ),
        Shape(
            "responses.background",
            "responses.create",
            _response(background=True),
            responses.response(status="queued", id="resp_background"),
            tokens=none,
            finish_reasons=None,
            since="1.80",
        ),
        Shape(
            "responses.retrieve",
            "responses.retrieve",
            dict,
            _RESPONSE,
            operation="fetch_response",
            tokens=none,
            query=("resp_background",),
            since="1.66",
        ),
        Shape(
            "responses.retrieve.stream",
            "responses.retrieve",
            _given(stream=True),
            _RESPONSE,
            STREAM,
            operation="fetch_response",
            tokens=none,
            query=("resp_background",),
            since="1.82",
        ),
        Shape(
            "completions.create",
            "completions.create",
            _given(model="gpt-3.5-turbo-instruct", prompt=QUESTION),
            completions.completion(ANSWER),
            operation="text_completion",
        ),
        Shape(
            "completions.stream",
            "completions.create",
            _given(
                model="gpt-3.5-turbo-instruct", prompt=QUESTION, stream=True, stream_options={"include_usage": True}
            ),
            completions.completion(ANSWER),
            STREAM,
            operation="text_completion",
        ),
        Shape(
            "embeddings.create",
            "embeddings.create",
            _given(model="text-embedding-3-small", input=[QUESTION, ANSWER], encoding_format="float"),
            embeddings.embeddings([embeddings.vector(8), embeddings.vector(8, seed=1)], prompt_tokens=27),
            operation="embeddings",
            tokens=embedding_tokens,
            finish_reasons=None,
        ),
        Shape(
            "images.generate",
            "images.generate",
            _given(model="gpt-image-1", prompt="A cat in the rain"),
            images.images(),
            operation="generate_content",
            tokens=image_tokens,
            finish_reasons=None,
        ),
        Shape(
            "images.stream",
            "images.generate",
            _given(model="gpt-image-1", prompt="A cat in the rain", stream=True, partial_images=2),
            images.images(),
            STREAM,
            operation="generate_content",
            tokens=image_tokens,
            finish_reasons=None,
            since="1.97",
        ),
        Shape(
            "images.edit",
            "images.edit",
            lambda: {"model": "gpt-image-1", "prompt": "Without rain", "image": PNG},
            images.images(usage=images.usage(12, 1056, input_image=323)),
            operation="generate_content",
            tokens=image_tokens,
            finish_reasons=None,
        ),
        Shape(
            "images.variation",
            "images.create_variation",
            lambda: {"model": "dall-e-2", "image": PNG},
            images.images(url="https://example.com/cat.png"),
            operation="generate_content",
            tokens=none,
            finish_reasons=None,
        ),
        Shape(
            "speech.create",
            "audio.speech.create",
            _given(model="gpt-4o-mini-tts", voice="coral", input=ANSWER),
            MP3,
            operation="generate_content",
            tokens=none,
            finish_reasons=None,
            binary=True,
        ),
        Shape(
            "transcriptions.create",
            "audio.transcriptions.create",
            lambda: {"model": "gpt-4o-transcribe", "file": WAV},
            audio.transcription(QUESTION, usage=audio.token_usage(14, 12, text=3)),
            operation="generate_content",
            tokens=image_tokens,
            finish_reasons=None,
        ),
        Shape(
            "transcriptions.stream",
            "audio.transcriptions.create",
            lambda: {"model": "gpt-4o-transcribe", "file": WAV, "stream": True},
            audio.transcription(QUESTION, usage=audio.token_usage(14, 12)),
            STREAM,
            operation="generate_content",
            tokens=image_tokens,
            finish_reasons=None,
            since="1.68",
        ),
        Shape(
            "transcriptions.text",
            "audio.transcriptions.create",
            lambda: {"model": "whisper-1", "file": WAV, "response_format": "text"},
            QUESTION,
            operation="generate_content",
            tokens=none,
            finish_reasons=None,
            binary=True,
        ),
        Shape(
            "translations.create",
            "audio.translations.create",
            lambda: {"model": "whisper-1", "file": WAV},
            audio.translation(QUESTION),
            operation="generate_content",
            tokens=none,
            finish_reasons=None,
        ),
        Shape(
            "moderations.create",
            "moderations.create",
            _given(model="omni-moderation-latest", input=QUESTION),
            platform.moderations(flagged=("violence",)),
            operation="moderation",
            tokens=none,
            finish_reasons=None,
        ),
    ),
    disabled_libraries={
        "files.create": lambda client: client.files.create(file=("batch.jsonl", b"{}"), purpose="batch"),
        "batches.create": lambda client: client.batches.create(
            input_file_id="file-1", endpoint="/v1/chat/completions", completion_window="24h"
        ),
        "batches.retrieve": lambda client: client.batches.retrieve("batch_1"),
        "models.retrieve": lambda client: client.models.retrieve("gpt-4.1"),
    },
    later={
        "max_completion_tokens": "1.45",
        "metadata": "1.51",
        "audio": "1.52",
        "modalities": "1.52",
        "prediction": "1.54",
        "reasoning_effort": "1.58",
        "web_search_options": "1.66",
    },
)


# Anthropic.

_MESSAGE = messages.message(
    ANSWER,
    model="claude-opus-5-20260212",
    usage=messages.usage(10, 43, cache_read=1000, cache_write_5m=300, cache_write_1h=200, thinking=12),
)
_PARSED_MESSAGE = messages.message(
    PARSED.model_dump_json(), model="claude-opus-5-20260212", usage=messages.usage(150, 28)
)


def _message(**more: Any) -> Callable[[], dict[str, Any]]:
    return lambda: {
        "model": "claude-opus-5",
        "max_tokens": 200,
        "system": "You know the world.",
        "messages": [{"role": "user", "content": QUESTION}],
        "stop_sequences": ["Regards"],
        **more,
    }


ANTHROPIC = Provider(
    name="anthropic",
    library="anthropic",
    instrumentor=AnthropicInstrumentor,
    sync_client=anthropic.Anthropic,
    async_client=anthropic.AsyncAnthropic,
    url=lambda server: server.url,
    refuse=anthropic_errors.reply,
    error_types={
        400: "invalid_request_error",
        401: "authentication_error",
        429: "rate_limit_error",
        500: "api_error",
    },
    stream_error_type="overloaded_error",
    broken_event=f"{BROKEN}\nevent: message_delta",
    says=lambda text, model, sent, received: messages.message(text, model=model, usage=messages.usage(sent, received)),
    thorough=("messages.create", "messages.stream"),
    table=(
        Shape("messages.create", "messages.create", _message(), _MESSAGE, tokens=message_tokens),
        Shape(
            "messages.parse",
            "messages.parse",
            _message(output_format=Capital),
            _PARSED_MESSAGE,
            variants=(PLAIN,),
            tokens=message_tokens,
            since="0.77",
        ),
        Shape("messages.stream", "messages.create", _message(stream=True), _MESSAGE, STREAM, tokens=message_tokens),
        Shape(
            "messages.helper",
            "messages.stream",
            _message(),
            _MESSAGE,
            HELPER,
            variants=(PLAIN,),
            tokens=message_tokens,
        ),
        Shape("beta.create", "beta.messages.create", _message(betas=["x-2026"]), _MESSAGE, tokens=message_tokens),
        Shape(
            "beta.parse",
            "beta.messages.parse",
            _message(output_format=Capital),
            _PARSED_MESSAGE,
            variants=(PLAIN, RAW),
            tokens=message_tokens,
            since="0.77",
            earlier={"0.73": {"variants": (PLAIN,)}},
        ),
        Shape("beta.stream", "beta.messages.create", _message(stream=True), _MESSAGE, STREAM, tokens=message_tokens),
        Shape(
            "beta.helper",
            "beta.messages.stream",
            _message(),
            _MESSAGE,
            HELPER,
            variants=(PLAIN,),
            tokens=message_tokens,
        ),
    ),
    disabled_libraries={
        "count_tokens": lambda client: client.messages.count_tokens(
            model="claude-opus-5", messages=[{"role": "user", "content": QUESTION}]
        ),
        "batches.create": lambda client: client.messages.batches.create(
            requests=[{"custom_id": "a", "params": _message()()}]
        ),
        "batches.retrieve": lambda client: client.messages.batches.retrieve("msgbatch_1"),
        "models.list": lambda client: client.models.list(),
    },
)


# Libraries that share the seam and the dialect of OpenAI's.


def _compatible(
    name: str,
    instrumentor: type[Instrumentor],
    clients: tuple[Callable[..., Any], Callable[..., Any]],
    model: str,
    host: Callable[..., Any],
    *shapes: Shape,
    **more: Any,
) -> Provider:
    """The row of a library whose server answers as OpenAI's does, with what ``host`` adds to a completion."""
    body = host({**_CHAT, "model": model})
    return Provider(
        name=name,
        library=more.pop("library", name),
        instrumentor=instrumentor,
        sync_client=clients[0],
        async_client=clients[1],
        url=more.pop("url", lambda server: server.url),
        refuse=openai_errors.reply,
        error_types=OPENAI.error_types,
        stream_error_type=OPENAI.stream_error_type,
        broken_event=BROKEN,
        says=lambda text, model, sent, received: host(_said(text, model, sent, received)),
        transport=httpx_1,
        later=dict.fromkeys(("metadata", "prediction", "user"), "999"),
        table=(
            Shape("chat.create", "chat.completions.create", _chat(model=model), body),
            Shape("chat.stream", "chat.completions.create", _chat(model=model, stream=True), body, STREAM),
            *shapes,
        ),
        **more,
    )


_EMBEDDED = {"operation": "embeddings", "tokens": embedding_tokens, "finish_reasons": None}

GROQ = _compatible(
    "groq",
    GroqInstrumentor,
    (groq.Groq, groq.AsyncGroq),
    "llama-3.3-70b-versatile",
    hosts.groq,
    Shape(
        "transcriptions.create",
        "audio.transcriptions.create",
        lambda: {"model": "whisper-large-v3", "file": WAV},
        audio.translation(QUESTION),
        operation="generate_content",
        tokens=none,
        finish_reasons=None,
    ),
    disabled_libraries={"models.retrieve": lambda client: client.models.retrieve("llama-3.3-70b-versatile")},
)
TOGETHER = _compatible(
    "together",
    TogetherInstrumentor,
    (together.Together, together.AsyncTogether),
    "meta-llama/Llama-3.3-70B-Instruct-Turbo",
    hosts.together,
    Shape(
        "embeddings.create",
        "embeddings.create",
        _given(model="togethercomputer/m2-bert-80M-8k-retrieval", input=[QUESTION, ANSWER]),
        embeddings.embeddings([embeddings.vector(8)], model="togethercomputer/m2-bert-80M-8k-retrieval"),
        **_EMBEDDED,
    ),
    Shape(
        "rerank.create",
        "rerank.create",
        _given(model="Salesforce/Llama-Rank-v1", query=QUESTION, documents=[QUESTION, ANSWER], top_n=1),
        rerank.rerank((0.98,), model="Salesforce/Llama-Rank-v1"),
        speaks="embeddings",  # as far as the contract goes: answered whole, with a number of tokens
        **{**_EMBEDDED, "operation": "rerank"},
    ),
    url=lambda server: server.openai_url,
    disabled_libraries={"models.list": lambda client: client.get("/models", cast_to=object)},
)

CEREBRAS = _compatible(
    "cerebras",
    CerebrasInstrumentor,
    (
        partial(cerebras.Cerebras, warm_tcp_connection=False),
        partial(cerebras.AsyncCerebras, warm_tcp_connection=False),
    ),
    "gpt-oss-120b",
    hosts.cerebras,
    library="cerebras-cloud-sdk",
    disabled_libraries={"models.list": lambda client: client.get("/v1/models", cast_to=object)},
)

# Google.

_GENERATED = generation.response(
    [parts.thought("I know this."), parts.text(ANSWER)], usage=generation.usage(1200, 55, cached=1024, thoughts=32)
)


def _google(kind: str, **options: Any) -> Any:
    return getattr(import_module("contract.google_client"), kind)(**options)


def _generate(**config: Any) -> Callable[[], dict[str, Any]]:
    return lambda: {
        "model": "gemini-2.5-flash",
        "contents": QUESTION,
        "config": {
            "system_instruction": "You know the world.",
            "temperature": 0.5,
            "stop_sequences": ["END"],
            **config,
        },
    }


GOOGLE = Provider(
    name="gcp.gemini",
    library="google-genai",
    instrumentor=GoogleGenAIInstrumentor,
    sync_client=partial(_google, "GoogleClient"),
    async_client=partial(_google, "AsyncGoogleClient"),
    url=lambda server: server.url,
    refuse=google_errors.reply,
    error_types={400: "INVALID_ARGUMENT", 401: "UNAUTHENTICATED", 429: "RESOURCE_EXHAUSTED", 500: "INTERNAL"},
    stream_error_type="UNAVAILABLE",
    broken_event=BROKEN,
    says=lambda text, model, sent, received: generation.response(
        text, model=model, usage=generation.usage(sent, received)
    ),
    seam="google",
    transport=httpx if _installed("google-genai") >= Version("3") else httpx_1,
    generators=True,
    parses_above=_installed("google-genai") >= Version("1.21"),
    takes_nothing=_installed("google-genai") < Version("1.21"),
    retries=_installed("google-genai") >= Version("1.21"),
    id_key="responseId",
    model_key="modelVersion",
    thorough=("generate.create", "generate.stream"),
    table=(
        Shape(
            "generate.create",
            "models.generate_content",
            _generate(),
            _GENERATED,
            operation="generate_content",
            variants=(PLAIN,),
            tokens=generation_tokens,
        ),
        Shape(
            "generate.structured",
            "models.generate_content",
            _generate(response_mime_type="application/json", response_schema=Capital),
            generation.response(PARSED.model_dump_json(), usage=generation.usage(140, 30)),
            operation="generate_content",
            variants=(PLAIN,),
            tokens=generation_tokens,
        ),
        Shape(
            "generate.stream",
            "models.generate_content_stream",
            _generate(),
            _GENERATED,
            STREAM,
            operation="generate_content",
            variants=(PLAIN,),
            tokens=generation_tokens,
        ),
        Shape(
            "embed.create",
            "models.embed_content",
            _given(model="gemini-embedding-001", contents=[QUESTION, ANSWER]),
            models.embeddings([[0.5] * 8, [0.25] * 8]),
            operation="embeddings",
            variants=(PLAIN,),
            tokens=none,
            finish_reasons=None,
        ),
    ),
    disabled_libraries={
        "count_tokens": lambda client: client.models.count_tokens(model="gemini-2.5-flash", contents=QUESTION),
        "caches.create": lambda client: client.caches.create(
            model="gemini-2.5-flash", config={"contents": QUESTION, "system_instruction": "You know the world."}
        ),
        "models.get": lambda client: client.models.get(model="gemini-2.5-flash"),
    },
)
VERTEX = replace(
    GOOGLE,
    name="gcp.vertex_ai",
    sync_client=partial(_google, "GoogleClient", vertexai=True),
    async_client=partial(_google, "AsyncGoogleClient", vertexai=True),
    thorough=(),
    table=(
        *(shape for shape in GOOGLE.table if shape.name in ("generate.create", "generate.stream")),
        Shape(
            "embed.predict",
            "models.embed_content",
            _given(model="text-embedding-005", contents=[QUESTION, ANSWER]),
            models.predicted_embeddings([[0.5] * 8, [0.25] * 8], tokens=[9, 18]),
            operation="embeddings",
            variants=(PLAIN,),
            tokens=prediction_tokens,
            finish_reasons=None,
        ),
    ),
    disabled_libraries={
        "count_tokens": lambda client: client.models.count_tokens(model="gemini-2.5-flash", contents=QUESTION)
    },
)

_GOOGLES = (GOOGLE, VERTEX) if GOOGLE.version > Version("0") else ()  # not where the oldest of the others are

PROVIDERS = (OPENAI, ANTHROPIC, CEREBRAS, GROQ, TOGETHER, *_GOOGLES)
STAINLESS = tuple(provider for provider in PROVIDERS if provider.seam == "stainless")
"""Those whose clients are generated by Stainless: for what only these have."""


def is_known(provider: Provider, shape: Shape) -> bool:
    """Whether a library before ``provider`` in the table has the same kind of client and speaks the same dialect."""
    before = PROVIDERS[: PROVIDERS.index(provider)]
    return any(
        other.seam == provider.seam and shape.dialect in {one.dialect for one in other.shapes} for other in before
    )


UNLIKE = tuple(
    provider for provider in PROVIDERS if EVERYTHING or not all(is_known(provider, shape) for shape in provider.shapes)
)
"""Those with a kind of client or a dialect that no library before them has: for what takes long."""


def cases(*, variants: tuple[str, ...] = (PLAIN, RAW, STREAMING), form: str | None = None) -> Iterator[Case]:
    """Every shape of every provider, synchronous and asynchronous, in each of ``variants`` that the shape has.

    Where seam and dialect are known from another library, the variants that are not plain are one of the two in turn.
    """
    for provider in PROVIDERS:
        for shape in provider.shapes:
            if form is not None and shape.form != form:
                continue
            for turn, variant in enumerate(shape.variants):
                if variant not in variants:
                    continue
                if variant == PLAIN or EVERYTHING or not is_known(provider, shape):
                    yield Case(provider, shape, variant)
                    yield Case(provider, shape, variant, is_async=True)
                else:
                    yield Case(provider, shape, variant, is_async=bool(turn % 2))


def having(*rows: tuple[Provider, str]) -> list[tuple[Provider, str]]:
    """Those of ``rows``, a provider and the name of a shape, that the installed versions have."""
    assert all(name in {shape.name for shape in provider.table} for provider, name in rows)
    return [(provider, name) for provider, name in rows if provider.has(name)]


def make_client(provider: Provider, server: ProviderServer, *, is_async: bool, **options: Any) -> Any:
    """A client of ``provider`` that talks to ``server``. Without TLS certificates, which take 30 ms to load."""
    transport = provider.transport.AsyncClient if is_async else provider.transport.Client
    kind = provider.async_client if is_async else provider.sync_client
    settings = {
        "api_key": "sk-loopback",
        "base_url": provider.url(server),
        "max_retries": 0,
        "http_client": transport(verify=False, timeout=30),
        **options,
    }
    return kind(**settings)
