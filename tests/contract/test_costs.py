"""What calls cost, from the bytes that the provider sent to the span and the counter: equal to genai-prices."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from contract.anyhost import AnyHost
from contract.providers import ANTHROPIC, OPENAI, Provider, having, make_client
from llmotel.prices import source
from llmotel.testing import ProviderServer, Reply
from llmotel.testing.anthropic_wire import messages
from llmotel.testing.openai_wire import chat, embeddings, hosts, responses
from telemetry import Telemetry
from transport import httpx

genai_prices = pytest.importorskip("genai_prices", reason="the newest genai-prices needs Python 3.11")

AMOUNT, SOURCE, TABLE = "gen_ai.usage.cost.amount", "gen_ai.usage.cost.source", "llmotel.cost.table"
INPUT, OUTPUT, LOCAL = "llmotel.cost.input", "llmotel.cost.output", "llmotel.cost.local"
COUNTER, HISTOGRAM = "llmotel.client.cost.usd", "llmotel.client.operation.cost.usd"
UNPRICED = "llmotel.cost.unpriced"

QUESTION: list[Any] = [{"role": "user", "content": "What is the capital of France?"}]


@dataclass(frozen=True)
class Priced:
    """A body, and what is billed of it in the words of genai-prices."""

    name: str
    provider: Provider
    method: str
    body: Any
    usage: dict[str, int]
    model: str
    tier: str | None = None

    def call(self, client: Any, **more: Any) -> Any:
        given: dict[str, Any] = {"model": self.model, "messages": QUESTION}
        if self.method == "responses.create":
            given = {"model": self.model, "input": "Hello"}
        elif self.method == "embeddings.create":
            given = {"model": self.model, "input": "Hello", "encoding_format": "float"}
        elif self.provider is ANTHROPIC:
            given["max_tokens"] = 99
        target = client
        for part in self.method.split("."):
            target = getattr(target, part)
        return target(**given, **more)

    @property
    def calculated(self) -> Any:
        """What genai-prices says."""
        return genai_prices.calc_price(
            genai_prices.Usage(**self.usage),
            model_ref=self.body["model"],
            provider_id=self.provider.name,
            price_context={"service_tier": self.tier} if self.tier else None,
        )


def _chat(name: str, model: str, tier: str | None = None, **counts: int) -> Priced:
    """A chat completion with ``counts`` as the arguments of :func:`chat.usage`."""
    names = {
        "prompt": "input_tokens",
        "completion": "output_tokens",
        "cached": "cache_read_tokens",
        "prompt_audio": "input_audio_tokens",
        "completion_audio": "output_audio_tokens",
    }
    usage = {names[key]: value for key, value in counts.items() if key in names}
    body = chat.completion("Paris.", model=model, usage=chat.usage(**counts), service_tier=tier or "default")
    return Priced(name, OPENAI, "chat.completions.create", body, usage, model, tier)


def _message(name: str, model: str, fresh: int, output: int, *, read: int = 0, five: int = 0, hour: int = 0) -> Priced:
    """A message; Anthropic counts what the cache read and wrote beside ``fresh``."""
    body = messages.message(
        "Paris.",
        model=model,
        usage=messages.usage(fresh, output, cache_read=read, cache_write_5m=five, cache_write_1h=hour),
    )
    usage = {
        "input_tokens": fresh + read + five + hour,
        "output_tokens": output,
        "cache_read_tokens": read,
        "cache_write_tokens": five + hour,
    }
    if hour:
        usage["cache_write_1h_tokens"] = hour
    return Priced(name, ANTHROPIC, "messages.create", body, usage, "claude-opus-5")  # what answered is billed


PRICED = [
    _chat("plain", "gpt-4.1-2025-04-14", prompt=1200, completion=87),
    _chat("cached", "gpt-4.1-2025-04-14", prompt=1200, completion=87, cached=1024),
    _chat("reasoning", "gpt-5-mini-2025-08-07", prompt=140, completion=410, reasoning=384),
    _chat("audio", "gpt-4o-audio-preview", prompt=1200, completion=87, prompt_audio=1100, completion_audio=60),
    *(Priced("responses", provider, name,
             responses.response(usage=responses.usage(1300, 96, cached=1152, reasoning=48)),
             {"input_tokens": 1300, "output_tokens": 96, "cache_read_tokens": 1152}, "gpt-4.1")
      for provider, name in having((OPENAI, "responses.create"))),
    Priced("embeddings", OPENAI, "embeddings.create", embeddings.embeddings([embeddings.vector(8)], prompt_tokens=270),
           {"input_tokens": 270}, "text-embedding-3-small"),
    _chat("flex", "gpt-5-2025-08-07", "flex", prompt=1200, completion=87),
    _chat("priority", "gpt-5-2025-08-07", "priority", prompt=1200, completion=87),
    _message("message", "claude-opus-5-20260212", 1000, 43),
    _message("cache read", "claude-opus-5-20260212", 10, 43, read=5000),
    _message("cache write of 5 minutes", "claude-opus-5-20260212", 10, 43, read=1000, five=3000),
    _message("cache write of an hour", "claude-opus-5-20260212", 10, 43, read=1000, hour=3000),
    _message("cache writes of both", "claude-opus-5-20260212", 10, 43, read=1000, five=300, hour=200),
    _message("long context, just below", "claude-sonnet-4-5-20250929", 200_000, 500),
    _message("long context, just above", "claude-sonnet-4-5-20250929", 200_001, 500),
]  # fmt: skip


def ask(priced: Priced, server: ProviderServer, **more: Any) -> None:
    server.script(Reply(priced.body))
    with make_client(priced.provider, server, is_async=False) as client:
        result = priced.call(client, **more)
        if more.get("stream"):
            list(result)


def total(telemetry: Telemetry, name: str) -> float:
    return sum(point.sum if hasattr(point, "sum") else point.value for point in telemetry.metrics().get(name, ()))


def check(telemetry: Telemetry, priced: Priced) -> None:
    calculated = priced.calculated
    attributes = telemetry.span.attributes
    expected = float(calculated.total_price)
    assert expected > 0
    assert attributes[AMOUNT] == pytest.approx(expected)
    assert attributes[INPUT] == pytest.approx(float(calculated.input_price))
    assert attributes[OUTPUT] == pytest.approx(float(calculated.output_price))
    assert attributes["gen_ai.usage.cost.currency"] == "USD"
    assert (attributes[SOURCE], attributes[TABLE]) == ("local", source())
    assert total(telemetry, COUNTER) == pytest.approx(expected)
    assert total(telemetry, HISTOGRAM) == pytest.approx(expected)
    assert total(telemetry, UNPRICED) == 0


@pytest.mark.parametrize("priced", PRICED, ids=lambda priced: priced.name)
def test_a_call_costs_what_genai_prices_says(priced: Priced, server: ProviderServer, telemetry: Telemetry) -> None:
    ask(priced, server)
    check(telemetry, priced)


@pytest.mark.parametrize(
    "priced",
    [priced for priced in PRICED if priced.name in ("cached", "audio", "responses", "cache writes of both")],
    ids=lambda priced: priced.name,
)
def test_a_stream_costs_what_the_whole_answer_costs(
    priced: Priced, server: ProviderServer, telemetry: Telemetry
) -> None:
    more = {"stream_options": {"include_usage": True}} if priced.method == "chat.completions.create" else {}
    ask(priced, server, stream=True, **more)
    check(telemetry, priced)


def test_the_cost_of_many_calls_adds_up(server: ProviderServer, telemetry: Telemetry) -> None:
    for priced in PRICED:
        ask(priced, server)
    expected = sum(float(priced.calculated.total_price) for priced in PRICED)
    assert total(telemetry, COUNTER) == pytest.approx(expected)
    assert total(telemetry, HISTOGRAM) == pytest.approx(expected)


def test_the_service_tier_of_the_response_counts(server: ProviderServer, telemetry: Telemetry) -> None:
    for tier in ("default", "flex", "priority", "scale"):
        ask(_chat(tier, "gpt-5-2025-08-07", tier, prompt=1200, completion=87), server)
    standard, flex, priority, unknown = (span.attributes[AMOUNT] for span in telemetry.spans)
    assert flex < standard < priority
    assert unknown == standard


class TestAnAmountInTheResponse:
    """OpenRouter says what a call cost."""

    BODY = hosts.openrouter(
        chat.completion("Paris.", model="openai/gpt-4o-mini", usage=chat.usage(1200, 87)), cost=0.000321
    )

    def ask(self, server: ProviderServer, **more: Any) -> None:
        server.script(Reply(self.BODY))
        transport = httpx.Client(transport=AnyHost(server))
        url = "https://openrouter.ai/api/v1"
        with make_client(OPENAI, server, is_async=False, base_url=url, http_client=transport) as client:
            result = client.chat.completions.create(model="openai/gpt-4o-mini", messages=QUESTION, **more)
            if more:
                list(result)

    @pytest.mark.parametrize("more", [{}, {"stream": True}], ids=["whole", "stream"])
    def test_wins_and_the_local_one_stands_beside_it(
        self, more: dict[str, Any], server: ProviderServer, telemetry: Telemetry
    ) -> None:
        self.ask(server, **more)
        attributes = telemetry.span.attributes
        local = genai_prices.calc_price(
            genai_prices.Usage(input_tokens=1200, output_tokens=87),
            model_ref="openai/gpt-4o-mini",
            provider_id="openrouter",
        )
        assert attributes["gen_ai.provider.name"] == "openrouter"
        assert (attributes[AMOUNT], attributes[SOURCE]) == (0.000321, "provider")
        assert attributes[LOCAL] == pytest.approx(float(local.total_price))
        assert TABLE not in attributes
        assert total(telemetry, COUNTER) == pytest.approx(0.000321)


class TestAModelWithoutPrice:
    UNKNOWN = _chat("", "gpt-unheard-of", prompt=1200, completion=87)

    def test_has_no_cost_and_is_counted(self, server: ProviderServer, telemetry: Telemetry) -> None:
        ask(self.UNKNOWN, server)
        ask(self.UNKNOWN, server)
        for span in telemetry.spans:
            assert not [name for name in span.attributes if "cost" in name]
        assert total(telemetry, UNPRICED) == 2
        assert COUNTER not in telemetry.metrics()

    def test_an_embedding_is_counted_which_has_no_output_tokens(
        self, server: ProviderServer, telemetry: Telemetry
    ) -> None:
        [known] = [priced for priced in PRICED if priced.name == "embeddings"]
        unheard = "embedding-unheard-of"
        ask(replace(known, model=unheard, body={**known.body, "model": unheard}), server)
        assert telemetry.span.attributes["gen_ai.usage.input_tokens"] > 0
        assert total(telemetry, UNPRICED) == 1

    def test_a_call_without_usage_is_not_counted(self, server: ProviderServer, telemetry: Telemetry) -> None:
        telemetry = telemetry(stream_usage="none")
        ask(self.UNKNOWN, server, stream=True)
        server.script(OPENAI.refuse(400))
        with make_client(OPENAI, server, is_async=False) as client, pytest.raises(Exception, match="400"):
            self.UNKNOWN.call(client)
        assert total(telemetry, UNPRICED) == 0


class TestTheUsersTable:
    @pytest.fixture
    def priced(self, tmp_path: Path, instrument: Callable[..., Telemetry]) -> Telemetry:
        table = tmp_path / "prices.toml"
        table.write_text(
            """
            [[price]]
            model = "gpt-4.1*"
            provider = "openai"
            input = 1.0
            output = 10.0
            cache_read = 0.5

            [[price]]
            model = "gpt-unheard-of"
            request = 0.25
            """
        )
        return instrument(prices=str(table))

    def test_comes_first(self, server: ProviderServer, priced: Telemetry) -> None:
        ask(PRICED[1], server)  # 176 fresh, 1,024 cached, 87 out
        attributes = priced.span.attributes
        assert attributes[AMOUNT] == pytest.approx((176 * 1 + 1024 * 0.5 + 87 * 10) / 1e6)
        assert attributes[TABLE] == "user"
        assert total(priced, COUNTER) == attributes[AMOUNT]

    def test_prices_what_nobody_else_knows(self, server: ProviderServer, priced: Telemetry) -> None:
        ask(TestAModelWithoutPrice.UNKNOWN, server)
        assert priced.span.attributes[AMOUNT] == 0.25
        assert total(priced, UNPRICED) == 0

    def test_leaves_the_rest_to_genai_prices(self, server: ProviderServer, priced: Telemetry) -> None:
        ask(PRICED[2], server)
        check(priced, PRICED[2])
