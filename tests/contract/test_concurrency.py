"""Many calls at once: each is recorded once, under the span of the thread or task that made it, and counted."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier, Thread
from typing import Any

import pytest
from opentelemetry import trace

from contract.providers import ANTHROPIC, OPENAI, Provider, make_client
from llmotel.testing import ProviderServer, Reply, Request
from llmotel.testing.anthropic_wire import messages
from llmotel.testing.openai_wire import chat
from telemetry import Telemetry

THREADS, CALLS_EACH = 64, 6
TASKS = 1_000
INPUT, OUTPUT = 20, 5  # tokens of every answer

Made = dict[int, list[str]]
"""The ids of the answers that were given to each caller, by the id of the caller's span."""


def numbered(provider: Provider) -> Callable[[Request], Reply]:
    """The script of answers that can be told apart: by the number of their request."""
    if provider is ANTHROPIC:
        return lambda request: Reply(messages.message("Paris.", id=f"a-{request.number}", usage=messages.usage(20, 5)))
    return lambda request: Reply(chat.completion("Paris.", id=f"a-{request.number}", usage=chat.usage(20, 5)))


def create(provider: Provider, client: Any, number: int) -> Any:
    """Makes a call; every other one is a stream."""
    question = [{"role": "user", "content": "What is the capital of France?"}]
    streamed = {"stream": True} if number % 2 else {}
    if provider is ANTHROPIC:
        return client.messages.create(model="claude-opus-4-5", max_tokens=99, messages=question, **streamed)
    asked = {"stream_options": {"include_usage": True}} if streamed else {}
    return client.chat.completions.create(model="gpt-4.1", messages=question, **streamed, **asked)


def answer_id(thing: Any) -> str | None:
    """The id of an answer, a chunk or an event; ``None`` for an event without one."""
    found = getattr(thing, "id", None) or getattr(getattr(thing, "message", None), "id", None)
    return found if isinstance(found, str) else None


@pytest.fixture(params=(OPENAI, ANTHROPIC), ids=lambda provider: provider.name)
def provider(request: pytest.FixtureRequest) -> Provider:
    found: Provider = request.param
    return found


@pytest.fixture
def accounted(telemetry: Telemetry) -> Iterator[Callable[[Made], None]]:
    """Checks the spans and metrics against what the callers were given."""

    def check(made: Made) -> None:
        calls = sum(map(len, made.values()))
        spans = [span for span in telemetry.spans if span.name != "request"]
        assert len(spans) == calls
        found: dict[int, list[str]] = {}
        for span in spans:
            found.setdefault(span.parent.span_id, []).append(span.attributes["gen_ai.response.id"])
        assert {parent: sorted(ids) for parent, ids in found.items()} == {
            parent: sorted(ids) for parent, ids in made.items()
        }
        metrics = telemetry.metrics()
        assert sum(point.count for point in metrics["gen_ai.client.inference.duration"]) == calls
        assert sum(point.value for point in metrics["gen_ai.client.inference.usage.input_tokens"]) == INPUT * calls
        assert sum(point.value for point in metrics["gen_ai.client.inference.usage.output_tokens"]) == OUTPUT * calls
        assert metrics["llmotel.internal.dropped"][0].value == 0
        assert Counter(event.event_name for event in telemetry.events) == {
            "gen_ai.client.inference.operation.details": calls
        }

    yield check


def test_calls_of_64_threads_nest_under_the_spans_of_their_threads(
    provider: Provider, server: ProviderServer, telemetry: Telemetry, accounted: Callable[[Made], None]
) -> None:
    server.script(*[numbered(provider)] * (THREADS * CALLS_EACH))
    tracer = telemetry.recording.tracer_provider.get_tracer("application")
    together = Barrier(THREADS)
    made: Made = {}

    def work(client: Any) -> None:
        together.wait()
        with tracer.start_as_current_span("request") as span:
            ids = made[span.get_span_context().span_id] = []
            for number in range(CALLS_EACH):
                result = create(provider, client, number)
                parts = list(result) if number % 2 else [result]
                ids.append(next(filter(None, map(answer_id, parts))))
                assert trace.get_current_span() is span

    with make_client(provider, server, is_async=False, timeout=120) as client, ThreadPoolExecutor(THREADS) as threads:
        for done in [threads.submit(work, client) for _ in range(THREADS)]:
            done.result()
    accounted(made)


def test_calls_of_1000_tasks_nest_under_the_spans_of_their_tasks(
    provider: Provider, server: ProviderServer, telemetry: Telemetry, accounted: Callable[[Made], None]
) -> None:
    server.script(*[numbered(provider)] * TASKS)
    tracer = telemetry.recording.tracer_provider.get_tracer("application")
    made: Made = {}

    async def work(client: Any, number: int) -> None:
        with tracer.start_as_current_span("request") as span:
            result = await create(provider, client, number)
            parts = [part async for part in result] if number % 2 else [result]
            made[span.get_span_context().span_id] = [next(filter(None, map(answer_id, parts)))]
            assert trace.get_current_span() is span

    async def run() -> None:
        async with make_client(provider, server, is_async=True, timeout=120) as client:
            await asyncio.gather(*(work(client, number) for number in range(TASKS)))

    asyncio.run(run())
    accounted(made)


def test_streams_read_in_turns_by_one_task_stay_apart(
    provider: Provider, server: ProviderServer, accounted: Callable[[Made], None], telemetry: Telemetry
) -> None:
    server.script(*[numbered(provider)] * 3)
    tracer = telemetry.recording.tracer_provider.get_tracer("application")

    async def run() -> Made:
        made: Made = {}
        async with make_client(provider, server, is_async=True, timeout=120) as client:
            streams = []
            for _ in range(3):
                with tracer.start_as_current_span("request") as span:
                    streams.append((made.setdefault(span.get_span_context().span_id, []), await asked(client)))
            while streams:
                for ids, stream in list(streams):
                    try:
                        found = answer_id(await anext(stream))
                    except StopAsyncIteration:
                        streams.remove((ids, stream))
                        continue
                    if found and found not in ids:
                        ids.append(found)
        return made

    def asked(client: Any) -> Awaitable[Any]:
        return create(provider, client, 1)  # type: ignore[no-any-return]

    accounted(asyncio.run(run()))


def test_a_stream_read_in_another_thread_nests_where_it_was_begun(
    provider: Provider, server: ProviderServer, telemetry: Telemetry, accounted: Callable[[Made], None]
) -> None:
    server.script(numbered(provider))
    tracer = telemetry.recording.tracer_provider.get_tracer("application")
    seen: list[str | None] = []
    with make_client(provider, server, is_async=False, timeout=120) as client:
        with tracer.start_as_current_span("request") as span:
            stream = create(provider, client, 1)
        reader = Thread(target=lambda: seen.extend(map(answer_id, stream)))
        reader.start()
        reader.join()
    accounted({span.get_span_context().span_id: [next(filter(None, seen))]})
