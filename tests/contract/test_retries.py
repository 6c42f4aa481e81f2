"""What the library sends again: counted on the call that it belongs to, in every way of calling."""

from __future__ import annotations

import asyncio
import logging
from importlib import import_module
from typing import Any

import pytest

from contract.calling import performed
from contract.providers import OPENAI, PLAIN, PROVIDERS, STAINLESS, Case, Provider, cases, make_client
from contract.situations import by_id
from llmotel.instrumentation import registry
from llmotel.testing import ProviderServer, Reply, Request
from telemetry import Telemetry
from transport import httpx

COUNTER = "llmotel.client.retries"
CASES = [case for case in cases(variants=(PLAIN,)) if case.provider.retries]
CREATES = [Case(provider, provider.first(), is_async=is_async) for provider in PROVIDERS if provider.retries
           for is_async in (False, True)]  # fmt: skip
each_stainless = pytest.mark.parametrize("provider", STAINLESS, ids=lambda provider: provider.name)
AT_ONCE = {"retry-after-ms": "1"}


def refused(case: Case, times: int = 1, status: int = 500) -> list[Reply]:
    return [case.provider.refuse(status, headers=AT_ONCE)] * times


@pytest.mark.parametrize("case", CASES, ids=by_id)
def test_a_call_that_was_retried_says_how_often(case: Case, server: ProviderServer, telemetry: Telemetry) -> None:
    server.script(*refused(case, 2), Reply(case.shape.body))
    assert performed(case, server, max_retries=2).error is None
    assert telemetry.span.attributes["llmotel.retries"] == 2
    [point] = telemetry.metrics()[COUNTER]
    assert point.value == 2
    assert point.attributes["gen_ai.operation.name"] == case.shape.operation
    assert point.attributes["gen_ai.provider.name"] == telemetry.span.attributes["gen_ai.provider.name"]


@pytest.mark.parametrize("case", CREATES, ids=by_id)
def test_a_call_that_was_not_retried_says_nothing_of_it(
    case: Case, server: ProviderServer, telemetry: Telemetry
) -> None:
    assert performed(case, server, max_retries=2).error is None
    assert "llmotel.retries" not in telemetry.span.attributes
    assert COUNTER not in telemetry.metrics()


@pytest.mark.parametrize("case", CREATES, ids=by_id)
def test_a_call_that_fails_in_the_end_has_its_retries_too(
    case: Case, server: ProviderServer, telemetry: Telemetry
) -> None:
    server.script(*refused(case, 3, status=429))
    assert performed(case, server, max_retries=2).error is not None
    assert telemetry.span.attributes["llmotel.retries"] == 2
    assert telemetry.span.attributes["llmotel.outcome"] == "rate_limit"


@pytest.mark.parametrize("case", [case for case in CREATES if case.provider in STAINLESS], ids=by_id)
def test_a_connection_that_breaks_is_retried_like_an_answer_that_refuses(
    case: Case, server: ProviderServer, telemetry: Telemetry
) -> None:
    server.script(Reply(fault="reset"), Reply(case.shape.body))
    assert performed(case, server, max_retries=1).error is None
    assert telemetry.span.attributes["llmotel.retries"] == 1
    assert [point.value for point in telemetry.metrics()[COUNTER]] == [1]


def test_each_of_many_calls_at_once_has_its_own(server: ProviderServer, telemetry: Telemetry) -> None:
    refusals = {f"model-{number}": number % 3 for number in range(30)}
    left = dict(refusals)

    def answer(request: Request) -> Reply:
        model = request.json["model"]
        left[model] -= 1
        return OPENAI.refuse(500, headers=AT_ONCE) if left[model] >= 0 else Reply()

    async def run() -> None:
        async with make_client(OPENAI, server, is_async=True, max_retries=2) as client:
            question: Any = [{"role": "user", "content": "Hello"}]
            await asyncio.gather(
                *(client.chat.completions.create(model=model, messages=question) for model in refusals)
            )

    server.script(*[answer] * 100)
    asyncio.run(run())
    assert {
        span.attributes["gen_ai.request.model"]: span.attributes.get("llmotel.retries", 0) for span in telemetry.spans
    } == refusals


@pytest.mark.parametrize("case", [case for case in CREATES if not case.is_async], ids=by_id)
def test_a_retry_of_what_infers_nothing_is_not_that_of_the_call_before(
    case: Case, server: ProviderServer, telemetry: Telemetry
) -> None:
    with make_client(case.provider, server, is_async=False, max_retries=1) as client:
        case.call(client)
        server.script(*refused(case))
        next(iter(case.provider.disabled_libraries.values()))(client)
    assert "llmotel.retries" not in telemetry.span.attributes
    assert COUNTER not in telemetry.metrics()


@each_stainless
def test_a_version_without_the_method_is_reported_and_works_on(
    provider: Provider, server: ProviderServer, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    base: Any = import_module(f"{provider.module}._base_client")

    class Moved(base.BaseClient):  # type: ignore[misc,name-defined]
        """Where a version keeps its methods that has moved them."""

    monkeypatch.setattr(base, "BaseClient", Moved)
    with caplog.at_level(logging.WARNING, "llmotel"):
        telemetry = Telemetry()
    case = next(case for case in CREATES if case.provider is provider)
    server.script(*refused(case), Reply(case.shape.body))
    assert performed(case, server, max_retries=1).error is None
    [row] = [row for row in registry.report() if row.library == provider.library]
    assert row.state == "instrumented"
    assert f"missing seam {provider.module}._base_client:BaseClient._calculate_retry_timeout" in row.detail
    assert "llmotel.retries" not in telemetry.span.attributes
    assert not caplog.records
    telemetry.end()


def test_how_long_the_library_waits_is_its_own_affair(server: ProviderServer, telemetry: Telemetry) -> None:
    with make_client(OPENAI, server, is_async=False) as client:
        headers = httpx.Headers({"retry-after": "7"})
        options: Any = type("Options", (), {"get_max_retries": lambda self, most: most})()
        assert client._calculate_retry_timeout(1, options, headers) == 7.0
