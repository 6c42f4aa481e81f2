"""Nothing grows: not with the length of a stream, not with the number of calls, in memory or in threads."""

from __future__ import annotations

import gc
import json
import sys
import threading
import tracemalloc
from collections.abc import Iterator
from itertools import islice
from typing import Any

import pytest
from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.trace import TracerProvider

import llmotel
from contract.calling import CLOSED, DROPPED, READ, drive, perform
from contract.providers import ANTHROPIC, GOOGLE, STREAM, UNLIKE, Case, Provider, make_client
from extent import EVERYTHING
from llmotel.testing import ProviderServer, Reply
from llmotel.testing.anthropic_wire import message_events, messages
from llmotel.testing.google_wire import generation_events
from llmotel.testing.openai_wire import hosts
from llmotel.testing.routes import sse
from transport import httpx, httpx_1

CHUNKS = 100_000 if EVERYTHING else 12_000
each_provider = pytest.mark.parametrize("provider", UNLIKE, ids=lambda provider: provider.name)


@pytest.fixture(autouse=True)
def _instrumented() -> Iterator[None]:
    """Telemetry that goes nowhere, so that nothing of it stays."""
    llmotel.init(
        tracer_provider=TracerProvider(shutdown_on_exit=False),
        meter_provider=MeterProvider(shutdown_on_exit=False),
        logger_provider=LoggerProvider(shutdown_on_exit=False),
    )
    yield
    llmotel.shutdown()


class Endless(*{httpx.SyncByteStream, httpx_1.SyncByteStream}):  # type: ignore[misc]
    """A stream of as many chunks as asked for, made as it is read; a socket would only cost time."""

    def __init__(self, provider: Provider) -> None:
        if provider is ANTHROPIC:
            events = message_events.events(messages.message("So"))
        elif provider is GOOGLE:
            events = generation_events.events(provider.says("So be it.", "m", 1, 1))
        else:
            events = hosts.chunks(provider.says("So", "m", 1, 1))
        marks = ("text_delta", '"content": "So"', '"text": "So"')
        [middle] = [number for number, event in enumerate(events) if any(mark in json.dumps(event) for mark in marks)]
        self._head = b"".join(map(sse, events[:middle]))
        self._chunk = sse(events[middle]) * 100
        self._tail = b"".join(map(sse, events[middle + 1 :]))

    def __iter__(self) -> Iterator[bytes]:
        yield self._head
        for _ in range(CHUNKS // 100):
            yield self._chunk
        yield self._tail


def blocks() -> int:
    """How many blocks of memory Python has allocated; counting them costs nothing, unlike tracing them."""
    for _ in range(4):  # a generator that is collected drops another, whose end may need the next round
        gc.collect()
    return sys.getallocatedblocks()


@pytest.mark.timeout(360)  # OpenAI's own code takes 10 to 20 s for them, on a core to itself
@each_provider
def test_a_long_stream_takes_no_more_memory_than_a_short_one(provider: Provider) -> None:
    http = provider.transport
    transport = http.MockTransport(
        lambda request: http.Response(200, headers={"content-type": "text/event-stream"}, stream=Endless(provider))
    )
    case = Case(provider, provider.first(STREAM))
    client = provider.sync_client(
        api_key="any", base_url="http://provider.test", http_client=http.Client(transport=transport)
    )
    more: dict[str, Any] = {}
    if provider is GOOGLE:  # which keeps all of an answer for the next round of function calls
        more = {"config": {"automatic_function_calling": {"disable": True}}}
    with client:
        stream = iter(case.call(client, **more))
        assert len(list(islice(stream, 5_000))) == 5_000
        before = blocks()
        count = sum(1 for _ in islice(stream, CHUNKS - 6_000))
        growth = blocks() - before
        tracemalloc.start()
        try:
            count += sum(1 for _ in stream)
            peak = tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
    assert count >= CHUNKS - 5_000
    assert growth < 500
    assert peak < 200_000


@each_provider
def test_repeated_calls_leave_nothing_behind(provider: Provider, server: ProviderServer) -> None:
    whole = Case(provider, provider.first())
    stream = Case(provider, provider.first(STREAM))

    def calls(number: int) -> None:
        for _ in range(number):
            for case, ending in ((whole, READ), (stream, READ), (stream, CLOSED), (stream, DROPPED), (whole, READ)):
                server.script(Reply(case.shape.body))
                drive(perform(case, client, ending))
            server.script(provider.refuse(400))
            drive(perform(whole, client))
        llmotel.flush()
        server.clear()

    with make_client(provider, server, is_async=False) as client:
        calls(20)
        threads, growth = set(threading.enumerate()), []
        while not growth or (growth[-1] >= 90 and len(growth) < 12):  # the caches of the interpreter fill up at first
            before = blocks()
            calls(30)
            growth.append(blocks() - before)
        assert growth[-1] < 90, f"blocks of memory that each 180 calls left behind: {growth}"
        assert not {thread.name for thread in set(threading.enumerate()) - threads if "backlog" in thread.name}
