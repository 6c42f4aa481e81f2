"""Many calls at once: every span under its own parent, with its own tags and tokens, and none lost."""

from __future__ import annotations

import asyncio
import threading
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import pytest
from opentelemetry import trace

import llmotel
from contract.providers import STREAM, UNLIKE, WHOLE, Case, Provider, make_client
from extent import EVERYTHING
from llmotel.testing import ProviderServer, Reply, Request
from telemetry import Telemetry

THREADS, CALLS, TASKS = (64, 6, 1000) if EVERYTHING else (32, 6, 300)
providers = pytest.mark.parametrize("provider", UNLIKE, ids=lambda provider: provider.name)


def answer(provider: Provider) -> Callable[[Request], Reply]:
    """Answers with as many tokens as the name of the model says, so that a mix-up shows; every seventh call fails."""

    def reply(request: Request) -> Reply:
        model: str = request.get("model") or request.params["model"]
        number = int(model.rpartition("-")[2])
        if number % 7 == 0:
            return provider.refuse(429)
        return Reply(provider.says("Yes.", model, number, 1))

    return reply


def numbered(case: Case, number: int) -> Case:
    arguments = case.shape.arguments
    return replace(case, shape=replace(case.shape, arguments=lambda: {**arguments(), "model": f"model-{number}"}))


def judge(telemetry: Telemetry, numbers: range) -> None:
    """Every numbered call has one span, below the parent and with the tag of the same number."""
    spans = {True: {}, False: {}}  # type: dict[bool, dict[str, Any]]
    for span in telemetry.spans:
        spans[span.name.startswith("request")][span.name.rpartition("-")[2]] = span
    requests, calls = spans[True], spans[False]
    assert len(telemetry.spans) == 2 * len(numbers)
    assert calls.keys() == requests.keys() == {str(number) for number in numbers}
    for number, span in calls.items():
        assert span.parent.span_id == requests[number].context.span_id
        assert span.context.trace_id == requests[number].context.trace_id
        assert span.attributes["llmotel.feature"] == f"feature-{number}"
        failed = int(number) % 7 == 0
        assert span.attributes.get("gen_ai.usage.input_tokens") == (None if failed else int(number))
        assert span.attributes.get("llmotel.outcome") == ("rate_limit" if failed else None)
    metrics = telemetry.metrics()
    assert sum(point.count for point in metrics["gen_ai.client.inference.duration"]) == len(numbers)
    counted = Counter({str(point.attributes["gen_ai.request.model"]): point.value
                       for point in metrics["gen_ai.client.inference.usage.input_tokens"] if point.value})  # fmt: skip
    assert counted == {f"model-{number}": number for number in numbers if number % 7}


@providers
def test_threads_do_not_mix(provider: Provider, server: ProviderServer, telemetry: Telemetry) -> None:
    tracer = telemetry.recording.tracer_provider.get_tracer("application")
    server.script(*[answer(provider)] * (THREADS * CALLS))
    cases = [Case(provider, provider.first(form)) for form in (WHOLE, STREAM)]
    begin = threading.Barrier(THREADS)

    def work(thread: int, client: Any) -> None:
        begin.wait()
        for number in range(1 + thread * CALLS, 1 + (thread + 1) * CALLS):
            with (
                tracer.start_as_current_span(f"request-{number}") as request,
                llmotel.tags(feature=f"feature-{number}"),
            ):
                try:
                    result = numbered(cases[number % 2], number).call(client)
                    for _ in result if number % 2 else ():
                        assert trace.get_current_span() is request
                except Exception as error:
                    assert 429 in (getattr(error, "status_code", None), getattr(error, "code", None))
                assert trace.get_current_span() is request

    with make_client(provider, server, is_async=False) as client, ThreadPoolExecutor(THREADS) as pool:
        for done in [pool.submit(work, thread, client) for thread in range(THREADS)]:
            done.result()
    judge(telemetry, range(1, 1 + THREADS * CALLS))


@providers
async def test_tasks_do_not_mix(provider: Provider, server: ProviderServer, telemetry: Telemetry) -> None:
    tracer = telemetry.recording.tracer_provider.get_tracer("application")
    server.script(*[answer(provider)] * TASKS)
    cases = [Case(provider, provider.first(form), is_async=True) for form in (WHOLE, STREAM)]

    async def work(number: int, client: Any) -> None:
        with tracer.start_as_current_span(f"request-{number}") as request, llmotel.tags(feature=f"feature-{number}"):
            try:
                result = await numbered(cases[number % 2], number).call(client)
                if number % 2:
                    async for _ in result:
                        assert trace.get_current_span() is request
            except Exception as error:
                assert 429 in (getattr(error, "status_code", None), getattr(error, "code", None))
            assert trace.get_current_span() is request

    http = provider.transport
    transport = http.AsyncClient(verify=False, timeout=60, limits=http.Limits(max_connections=50))
    async with make_client(provider, server, is_async=True, http_client=transport) as client:
        await asyncio.gather(*(work(number, client) for number in range(1, 1 + TASKS)))
    judge(telemetry, range(1, 1 + TASKS))
