"""The network, replaced: the real client libraries on a transport that answers from memory.

Answers are made of C-level iterators, so that the transport itself adds next to nothing to what is counted.
"""

from __future__ import annotations

import asyncio
import importlib
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from itertools import chain, repeat
from types import ModuleType
from typing import Any

_JSON = (("content-type", "application/json"), ("x-request-id", "req_0003"), ("request-id", "req_0003"))
_EVENTS = (("content-type", "text/event-stream"), *_JSON[1:])


@dataclass(frozen=True)
class Answer:
    """What the server says: a JSON ``body``, or the events ``head``, ``repeated`` times ``count``, ``tail``."""

    body: bytes | None = None
    head: tuple[bytes, ...] = ()
    repeated: bytes = b""
    count: int = 0
    tail: tuple[bytes, ...] = ()

    def events(self) -> Iterator[bytes]:
        return chain(self.head, repeat(self.repeated, self.count), self.tail)


class Server:
    """Answers every request with ``answer``, for whichever of httpx and its successor a client is built on."""

    def __init__(self, http: ModuleType) -> None:
        self.answer = Answer(body=b"{}")
        self._http = http

    def response(self, request: Any, stream: Any) -> Any:
        answer = self.answer
        if answer.body is not None:
            return self._http.Response(200, headers=_JSON, content=answer.body, request=request)
        return self._http.Response(200, headers=_EVENTS, stream=stream(answer), request=request)

    def clients(self) -> tuple[Any, Any]:
        """An HTTP client and an asynchronous one that both reach this server."""
        http, server = self._http, self

        class Events(http.SyncByteStream):  # type: ignore[name-defined, misc]
            def __init__(self, answer: Answer) -> None:
                self.answer = answer

            def __iter__(self) -> Iterator[bytes]:
                return self.answer.events()

        class AsyncEvents(http.AsyncByteStream):  # type: ignore[name-defined, misc]
            def __init__(self, answer: Answer) -> None:
                self.answer = answer

            async def __aiter__(self) -> AsyncIterator[bytes]:
                for event in self.answer.events():
                    yield event

        class Transport(http.BaseTransport):  # type: ignore[name-defined, misc]
            def handle_request(self, request: Any) -> Any:
                return server.response(request, Events)

        class AsyncTransport(http.AsyncBaseTransport):  # type: ignore[name-defined, misc]
            async def handle_async_request(self, request: Any) -> Any:
                await asyncio.sleep(0)  # once through the event loop, as a socket would go
                return server.response(request, AsyncEvents)

        return http.Client(transport=Transport()), http.AsyncClient(transport=AsyncTransport())


class Clients:
    """The client libraries, each on a server of its own. ``anthropic`` is ``None`` where it is not wanted."""

    def __init__(self, openai_module: str = "openai", *, anthropic: bool = True) -> None:
        openai = importlib.import_module(openai_module)
        self.openai_server = Server(_http_of("openai"))
        http, async_http = self.openai_server.clients()
        self.openai = openai.OpenAI(api_key="sk-benchmark", http_client=http, max_retries=0)
        self.async_openai = openai.AsyncOpenAI(api_key="sk-benchmark", http_client=async_http, max_retries=0)
        self.anthropic: Any = None
        if anthropic:
            library = importlib.import_module("anthropic")
            self.anthropic_server = Server(_http_of("anthropic"))
            http, _ = self.anthropic_server.clients()
            self.anthropic = library.Anthropic(api_key="sk-benchmark", http_client=http, max_retries=0)


def _http_of(library: str) -> ModuleType:
    base = importlib.import_module(f"{library}._base_client")
    return importlib.import_module("httpx2" if hasattr(base, "httpx2") else "httpx")
