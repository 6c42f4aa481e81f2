"""What is measured: the calls of an application, and the answers they get."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from benchmarks import bodies
from benchmarks.transport import Answer, Clients

SHORT, LONG = 2, 200  # chunks of a stream; what a chunk costs is the difference, divided by their number


class Calls:
    """The calls as an application writes them. :class:`benchmarks.floor.Floor` writes them with a span around each."""

    def __init__(self, clients: Clients) -> None:
        self.openai = clients.openai
        self.async_openai = clients.async_openai
        self.anthropic = clients.anthropic
        self._loop = asyncio.new_event_loop()

    def chat(self) -> None:
        self.openai.chat.completions.create(**bodies.CHAT)

    async def async_chat(self) -> None:
        await self.async_openai.chat.completions.create(**bodies.CHAT)

    def chats_at_once(self, number: int = 50) -> None:
        async def all_of_them() -> None:
            await asyncio.gather(*[self.async_chat() for _ in range(number)])

        self._loop.run_until_complete(all_of_them())

    def chat_stream(self) -> None:
        for _ in self.openai.chat.completions.create(**bodies.CHAT_STREAM):
            pass

    def embeddings(self) -> None:
        self.openai.embeddings.create(**bodies.EMBEDDINGS)

    def message(self) -> None:
        self.anthropic.messages.create(**bodies.MESSAGES)

    def message_stream(self) -> None:
        with self.anthropic.messages.stream(**bodies.MESSAGES) as stream:
            for _ in stream:
                pass

    def message_events(self) -> None:
        for _ in self.anthropic.messages.create(stream=True, **bodies.MESSAGES):
            pass


@dataclass(frozen=True)
class Workload:
    """``method`` of :class:`Calls` makes ``calls`` calls to ``server`` of :class:`Clients`, which says ``answer``."""

    name: str
    title: str
    server: str
    answer: Callable[[], Answer]
    method: str
    rounds: int  # runs per timed round: short, so that a burst of other load hits one row of one round only
    calls: int = 1

    @property
    def library(self) -> str:
        return self.server.removesuffix("_server")


_Parts = Callable[[], tuple[tuple[bytes, ...], bytes, tuple[bytes, ...]]]


def stream(parts: _Parts, count: int) -> Answer:
    """The answer that streams ``count`` text chunks."""
    head, repeated, tail = parts()
    return Answer(None, head, repeated, count, tail)


def _whole(body: Callable[[], bytes]) -> Callable[[], Answer]:
    return lambda: Answer(body())


def _streams(name: str, title: str, server: str, parts: _Parts, method: str) -> list[Workload]:
    return [
        Workload(f"{name}-{SHORT}", f"{title}, {SHORT} chunks", server, partial(stream, parts, SHORT), method, 15),
        Workload(f"{name}-{LONG}", f"{title}, {LONG} chunks", server, partial(stream, parts, LONG), method, 3),
    ]


_OPENAI, _ANTHROPIC = "openai_server", "anthropic_server"

WORKLOADS: dict[str, Workload] = {
    workload.name: workload
    for workload in (
        Workload("chat", "chat, 6 messages, 2 tools", _OPENAI, _whole(bodies.chat), "chat", 30),
        Workload("async", "chat, 50 at once, each", _OPENAI, _whole(bodies.chat), "chats_at_once", 1, 50),
        Workload("embeddings", "embeddings, 32 inputs", _OPENAI, _whole(bodies.embeddings), "embeddings", 8),
        Workload("message", "anthropic message", _ANTHROPIC, _whole(bodies.message), "message", 30),
        *_streams("stream", "openai stream=True", _OPENAI, bodies.chat_chunks, "chat_stream"),
        *_streams("helper", "anthropic messages.stream", _ANTHROPIC, bodies.message_events, "message_stream"),
        *_streams("events", "anthropic stream=True", _ANTHROPIC, bodies.message_events, "message_events"),
    )
}
