"""Libraries whose clients are of a kind of their own: rows as in providers.py, each with what its clients need.

A client is made by a context manager, since not every one of them is one.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from importlib import import_module
from importlib.metadata import version
from typing import Any

import cohere
import ollama
from packaging.version import Version

from contract.oracle import Tokens
from contract.providers import ANSWER, PLAIN, QUESTION, STREAM, Provider, Shape
from llmotel.testing.cohere_wire import chat as cohere_chat
from llmotel.testing.cohere_wire import embeddings as cohere_embeddings
from llmotel.testing.cohere_wire import errors as cohere_errors
from llmotel.testing.cohere_wire import legacy
from llmotel.testing.cohere_wire import rerank as cohere_rerank
from llmotel.testing.mistral_wire import chat as mistral_chat
from llmotel.testing.mistral_wire import conversations
from llmotel.testing.mistral_wire import embeddings as mistral_embeddings
from llmotel.testing.mistral_wire import errors as mistral_errors
from llmotel.testing.ollama_wire import chat as ollama_chat
from llmotel.testing.ollama_wire import embeddings as ollama_embeddings
from llmotel.testing.ollama_wire import errors as ollama_errors
from llmotel.testing.ollama_wire import generate
from llmotel.testing.openai_wire.embeddings import vector
from llmotel.testing.reply import BROKEN
from llmotel_instrumentors.cohere import CohereInstrumentor
from llmotel_instrumentors.mistralai import MistralAIInstrumentor
from llmotel_instrumentors.ollama import OllamaInstrumentor
from transport import httpx, httpx_1

STATUSES = (400, 401, 429, 500)


def given(**arguments: Any) -> Callable[[], dict[str, Any]]:
    return lambda: dict(arguments)


def asked(model: str, **more: Any) -> Callable[[], dict[str, Any]]:
    return lambda: {
        "model": model,
        "messages": [{"role": "system", "content": "You know the world."}, {"role": "user", "content": QUESTION}],
        **more,
    }


def shape(name: str, method: str, arguments: Callable[[], dict[str, Any]], body: Any, **more: Any) -> Shape:
    return Shape(name, method, arguments, body, variants=(PLAIN,), **more)


# Ollama: a stream is a generator, and nothing is sent before it is read.


@contextmanager
def _ollama(*, base_url: str, timeout: float = 30, **_: Any) -> Iterator[Any]:
    client = ollama.Client(host=base_url, timeout=timeout, verify=False)
    with client._client:
        yield client


@asynccontextmanager
async def _async_ollama(*, base_url: str, timeout: float = 30, **_: Any) -> AsyncIterator[Any]:
    client = ollama.AsyncClient(host=base_url, timeout=timeout, verify=False)
    async with client._client:
        yield client


def _evaluated(body: Any) -> Tokens:
    return Tokens(body.get("prompt_eval_count"), body.get("eval_count"))


_CHATTED = ollama_chat.chat(ANSWER, thinking="I know this.", ended=ollama_chat.end(120, 34))
_GENERATED = generate.generate(ANSWER, ended=ollama_chat.end(90, 34, done_reason="length"))
_EMBEDDED = ollama_embeddings.embed([vector(8), vector(8, seed=1)], prompt_eval_count=27)

OLLAMA = Provider(
    name="ollama",
    library="ollama",
    instrumentor=OllamaInstrumentor,
    sync_client=_ollama,
    async_client=_async_ollama,
    url=lambda server: server.url,
    refuse=ollama_errors.reply,
    error_types=dict.fromkeys(STATUSES, "ollama._types.ResponseError"),
    stream_error_type="ollama._types.ResponseError",
    broken_event=BROKEN,
    says=lambda text, model, sent, received: ollama_chat.chat(text, model=model, ended=ollama_chat.end(sent, received)),
    seam="ollama",
    transport=httpx_1,
    table=(
        shape("chat", "chat", asked("llama3.2", options={"temperature": 0.5}), _CHATTED, tokens=_evaluated),
        shape("chat.stream", "chat", asked("llama3.2", stream=True), _CHATTED, form=STREAM, tokens=_evaluated),
        shape(
            "generate",
            "generate",
            given(model="llama3.2", prompt=QUESTION),
            _GENERATED,
            operation="text_completion",
            tokens=_evaluated,
            finish_reasons=("length",),
        ),
        shape(
            "generate.stream",
            "generate",
            given(model="llama3.2", prompt=QUESTION, stream=True),
            _GENERATED,
            form=STREAM,
            operation="text_completion",
            tokens=_evaluated,
            finish_reasons=("length",),
        ),
        shape(
            "embed",
            "embed",
            given(model="all-minilm", input=[QUESTION, ANSWER]),
            {**_EMBEDDED, "model": "all-minilm"},
            operation="embeddings",
            tokens=_evaluated,
            finish_reasons=None,
        ),
    ),
    disabled_libraries={"list": lambda client: client.list()},
)


# Cohere: both versions of its API.


def _cohere(kind: Any) -> Any:
    @contextmanager
    def made(*, base_url: str, timeout: float = 30, max_retries: int = 0, **_: Any) -> Iterator[Any]:
        with httpx_1.Client(verify=False, timeout=timeout) as transport:
            yield _limited(kind(api_key="sk-loopback", base_url=base_url, httpx_client=transport), max_retries)

    return made


def _async_cohere(kind: Any) -> Any:
    @asynccontextmanager
    async def made(*, base_url: str, timeout: float = 30, max_retries: int = 0, **_: Any) -> AsyncIterator[Any]:
        async with httpx_1.AsyncClient(verify=False, timeout=timeout) as transport:
            yield _limited(kind(api_key="sk-loopback", base_url=base_url, httpx_client=transport), max_retries)

    return made


def _limited(client: Any, max_retries: int) -> Any:
    """``client`` with as many retries as said: newer versions have two by default, and no setting for it."""
    wrapper = client._client_wrapper.httpx_client
    if hasattr(wrapper, "base_max_retries"):
        wrapper.base_max_retries = max_retries
    return client


def _billed(body: Any) -> Tokens:
    """https://docs.cohere.com/reference/chat, ``usage``; ``meta`` of the other operations and the first version."""
    billed = (body.get("usage") or body["meta"])["billed_units"]
    sent, received = billed.get("input_tokens"), billed.get("output_tokens")
    return Tokens(None if sent is None else int(sent), None if received is None else int(received))


_KINDS = {400: "bad_request_error.BadRequestError", 401: "unauthorized_error.UnauthorizedError",
          429: "too_many_requests_error.TooManyRequestsError", 500: "internal_server_error.InternalServerError"}  # fmt: skip
_USED = cohere_chat.usage(120, 34)
_SECOND = cohere_chat.chat(ANSWER, usage=_USED)
_FIRST = legacy.chat(ANSWER, usage=_USED)


def _cohere_row(name: str, sync_kind: Any, async_kind: Any, *shapes: Shape) -> Provider:
    return Provider(
        name=name,
        library="cohere",
        instrumentor=CohereInstrumentor,
        sync_client=_cohere(sync_kind),
        async_client=_async_cohere(async_kind),
        url=lambda server: server.url,
        refuse=cohere_errors.reply,
        error_types={status: f"cohere.errors.{kind}" for status, kind in _KINDS.items()},
        stream_error_type="error",
        broken_event=BROKEN,
        says=lambda text, model, sent, received: cohere_chat.chat(text, usage=cohere_chat.usage(sent, received)),
        seam="fern",
        transport=httpx_1,
        table=shapes,
    )


COHERE = _cohere_row(
    "cohere",
    cohere.ClientV2,
    cohere.AsyncClientV2,
    shape("v2.chat", "chat", asked("command-a-03-2025", p=0.5), _SECOND, tokens=_billed),
    shape("v2.chat.stream", "chat_stream", asked("command-a-03-2025"), _SECOND, form=STREAM, tokens=_billed),
    shape(
        "v2.embed",
        "embed",
        given(model="embed-v4.0", texts=[QUESTION], input_type="search_query", embedding_types=["float"]),
        cohere_embeddings.embed(input_tokens=9),
        operation="embeddings",
        tokens=_billed,
        finish_reasons=None,
    ),
    shape(
        "v2.rerank",
        "rerank",
        given(model="rerank-v3.5", query=QUESTION, documents=[ANSWER], top_n=1),
        cohere_rerank.rerank((0.98,)),
        operation="rerank",
        tokens=_billed,
        finish_reasons=None,
    ),
)
COHERE_V1 = _cohere_row(
    "cohere",
    cohere.Client,
    cohere.AsyncClient,
    shape("v1.chat", "chat", given(model="command-r-08-2024", message=QUESTION), _FIRST, tokens=_billed),
    shape(
        "v1.chat.stream",
        "chat_stream",
        given(model="command-r-08-2024", message=QUESTION),
        _FIRST,
        form=STREAM,
        tokens=_billed,
    ),
    shape(
        "v1.generate",
        "generate",
        given(model="command", prompt=QUESTION),
        legacy.generation(ANSWER, usage=_USED),
        operation="text_completion",
        tokens=_billed,
    ),
    shape(
        "v1.embed",
        "embed",
        given(model="embed-english-v3.0", texts=[QUESTION], input_type="search_query"),
        cohere_embeddings.embed(input_tokens=9, by_type=False),
        operation="embeddings",
        tokens=_billed,
        finish_reasons=None,
    ),
)


# Mistral: methods of resources, in other modules and on another HTTP library from one version to the next.


def _of_mistral(name: str) -> Any:
    """``name`` of the package, wherever the installed version has it."""
    return getattr(import_module("mistralai.client" if Version("2") <= _MISTRAL else "mistralai"), name)


_MISTRAL = Version(version("mistralai"))
_MISTRAL_HTTP = httpx if Version("3") <= _MISTRAL else httpx_1
_ERRORS = "mistralai.client.errors" if Version("2") <= _MISTRAL else "mistralai.models"


@contextmanager
def _mistral(*, base_url: str, timeout: float = 30, **_: Any) -> Iterator[Any]:
    with _MISTRAL_HTTP.Client(verify=False) as http:
        options = {"server_url": base_url, "timeout_ms": int(timeout * 1000)}
        yield _of_mistral("Mistral")(api_key="sk-loopback", client=http, **options)


@asynccontextmanager
async def _async_mistral(*, base_url: str, timeout: float = 30, **_: Any) -> AsyncIterator[Any]:
    async with _MISTRAL_HTTP.AsyncClient(verify=False) as http:
        options = {"server_url": base_url, "timeout_ms": int(timeout * 1000)}
        yield _of_mistral("Mistral")(api_key="sk-loopback", async_client=http, **options)


def _counted(body: Any) -> Tokens:
    """https://docs.mistral.ai/api/endpoint/chat, ``usage``; what connectors put into a conversation is input."""
    usage = body["usage"]
    sent = usage["prompt_tokens"] + usage.get("connector_tokens", 0)
    cached = usage.get("num_cached_tokens") if Version("2") <= _MISTRAL else None  # dropped by older models
    return Tokens(sent, usage["completion_tokens"] or None, cached)


_COMPLETED = mistral_chat.completion(ANSWER, usage=mistral_chat.usage(120, 34, cached=64))
_CONVERSED = conversations.conversation(
    conversations.execution(), conversations.message(ANSWER), usage=conversations.usage(20, 34, connector_tokens=100)
)

MISTRAL = Provider(
    name="mistral_ai",
    library="mistralai",
    instrumentor=MistralAIInstrumentor,
    sync_client=_mistral,
    async_client=_async_mistral,
    url=lambda server: server.url,
    refuse=mistral_errors.reply,
    error_types=dict.fromkeys(STATUSES, f"{_ERRORS}.sdkerror.SDKError"),
    stream_error_type="error",
    broken_event=BROKEN,
    says=lambda text, model, sent, received: mistral_chat.completion(
        text, model=model, usage=mistral_chat.usage(sent, received)
    ),
    seam="speakeasy",
    transport=_MISTRAL_HTTP,
    async_suffix="_async",
    table=(
        shape("chat.complete", "chat.complete", asked("mistral-large-latest"), _COMPLETED, tokens=_counted),
        shape("chat.stream", "chat.stream", asked("mistral-large-latest"), _COMPLETED, form=STREAM, tokens=_counted),
        shape(
            "fim.complete",
            "fim.complete",
            given(model="codestral-latest", prompt=QUESTION),
            mistral_chat.completion(ANSWER, model="codestral-latest"),
            operation="text_completion",
            tokens=_counted,
        ),
        shape(
            "embeddings.create",
            "embeddings.create",
            given(model="mistral-embed", inputs=[QUESTION]),
            mistral_embeddings.embeddings(),
            operation="embeddings",
            tokens=_counted,
            finish_reasons=None,
        ),
        shape(
            "conversations.start",
            "beta.conversations.start",
            given(model="mistral-medium-latest", inputs=QUESTION),
            _CONVERSED,
            tokens=_counted,
            finish_reasons=None,
            since="1.8",
        ),
        shape(
            "conversations.stream",
            "beta.conversations.start_stream",
            given(model="mistral-medium-latest", inputs=QUESTION),
            _CONVERSED,
            form=STREAM,
            tokens=_counted,
            finish_reasons=None,
            since="1.8",
        ),
    ),
    disabled_libraries={"models.list": lambda client: client.models.list()},
)

OWN_CLIENTS = (OLLAMA, COHERE, COHERE_V1, MISTRAL)
