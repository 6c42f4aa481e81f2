"""Libraries whose clients are of a kind of their own: rows as in providers.py, each with what its clients need.

A client is made by a context manager, since not every one of them is one.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any

import ollama

from contract.oracle import Tokens
from contract.providers import ANSWER, PLAIN, QUESTION, STREAM, Provider, Shape
from llmotel.testing.ollama_wire import chat as ollama_chat
from llmotel.testing.ollama_wire import embeddings as ollama_embeddings
from llmotel.testing.ollama_wire import errors as ollama_errors
from llmotel.testing.ollama_wire import generate
from llmotel.testing.openai_wire.embeddings import vector
from llmotel.testing.reply import BROKEN
from llmotel_instrumentors.ollama import OllamaInstrumentor
from transport import httpx_1

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


OWN_CLIENTS = (OLLAMA,)
