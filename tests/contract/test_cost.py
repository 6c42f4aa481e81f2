"""What a call cost, from the bytes of the provider to the span and the metrics: what genai-prices makes of the same."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from contract.calling import performed
from contract.providers import ANTHROPIC, OPENAI, STREAM, WHOLE, Case, Provider
from llmotel.testing import ProviderServer, Reply
from llmotel.testing.anthropic_wire import messages
from llmotel.testing.openai_wire import chat, embeddings, hosts, images, responses
from telemetry import Telemetry

genai_prices = pytest.importorskip("genai_prices", reason="genai-prices needs Python 3.11 (development only)")

AMOUNT = "gen_ai.usage.cost.amount"


def expected(model: str, provider: str, *, tier: str | None = None, **counts: int) -> Any:
    """The amount that genai-prices has for these counts, in its own words."""
    price = genai_prices.calc_price(
        genai_prices.Usage(**counts),
        model,
        provider_id=provider,
        price_context={"service_tier": tier} if tier is not None else None,
    )
    return pytest.approx(float(price.total_price), rel=1e-9)


def case(provider: Provider, name: str, model: str, **arguments: Any) -> Case:
    """The shape ``name``, with a model of its own."""
    shape = provider.shape(name)
    made = shape.arguments
    return Case(provider, replace(shape, arguments=lambda: {**made(), "model": model, **arguments}))


def chatted(model: str, tier: str | None = "default", **usage: Any) -> Any:
    return chat.completion("Paris.", model=model, usage=chat.usage(**usage), service_tier=tier)


def said(model: str, **usage: Any) -> Any:
    return messages.message("Paris.", model=model, usage=messages.usage(**usage))


# name -> provider, shape, model asked for, answer, what genai-prices is to be asked
PRICED: dict[str, tuple[Provider, str, str, Any, dict[str, Any]]] = {
    "openai": (
        OPENAI, "chat", "gpt-4.1", chatted("gpt-4.1-2025-04-14", prompt=1000, completion=100),
        {"input_tokens": 1000, "output_tokens": 100},
    ),
    "openai cached and reasoning": (
        OPENAI, "chat", "gpt-5", chatted("gpt-5-2025-08-07", prompt=2000, completion=500, cached=1536, reasoning=320),
        {"input_tokens": 2000, "output_tokens": 500, "cache_read_tokens": 1536},
    ),
    "openai flex": (
        OPENAI, "chat", "gpt-5", chatted("gpt-5-2025-08-07", "flex", prompt=2000, completion=500),
        {"input_tokens": 2000, "output_tokens": 500, "tier": "flex"},
    ),
    "openai priority": (
        OPENAI, "chat", "gpt-5", chatted("gpt-5-2025-08-07", "priority", prompt=2000, completion=500),
        {"input_tokens": 2000, "output_tokens": 500, "tier": "priority"},
    ),
    "openai audio": (
        OPENAI, "chat", "gpt-4o-audio-preview",
        chatted("gpt-4o-audio-preview", prompt=300, completion=200, prompt_audio=180, completion_audio=150),
        {"input_tokens": 300, "output_tokens": 200, "input_audio_tokens": 180, "output_audio_tokens": 150},
    ),
    "openai responses": (
        OPENAI, "responses", "gpt-4.1",
        responses.response("Paris.", model="gpt-4.1-2025-04-14", usage=responses.usage(1300, 96, cached=1152)),
        {"input_tokens": 1300, "output_tokens": 96, "cache_read_tokens": 1152},
    ),
    "anthropic": (
        ANTHROPIC, "messages", "claude-opus-4-5", said("claude-opus-4-5-20251101", input=1000, output=100),
        {"input_tokens": 1000, "output_tokens": 100},
    ),
    "anthropic cache read and five-minute write": (
        ANTHROPIC, "messages", "claude-opus-4-5",
        said("claude-opus-4-5-20251101", input=10, output=20, cache_read=1000, cache_write_5m=500),
        {"input_tokens": 1510, "output_tokens": 20, "cache_read_tokens": 1000, "cache_write_tokens": 500},
    ),
    "anthropic one-hour write": (
        ANTHROPIC, "messages", "claude-opus-4-5",
        said("claude-opus-4-5-20251101", input=10, output=20, cache_write_5m=300, cache_write_1h=200),
        {"input_tokens": 510, "output_tokens": 20, "cache_write_tokens": 500, "cache_write_1h_tokens": 200},
    ),
    "anthropic web search": (
        ANTHROPIC, "messages", "claude-opus-4-5",
        said("claude-opus-4-5-20251101", input=900, output=80, web_searches=3),
        {"input_tokens": 900, "output_tokens": 80, "web_searches": 3},
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", PRICED)
@pytest.mark.parametrize("form", [WHOLE, STREAM])
def test_a_call_costs_what_genai_prices_says(
    name: str, form: str, server: ProviderServer, telemetry: Telemetry
) -> None:
    provider, family, model, body, counts = PRICED[name]
    shape = {"whole": f"{family}.create", "stream": "chat.stream+usage" if family == "chat" else f"{family}.stream"}[
        form
    ]
    server.script(Reply(body))
    performed(case(provider, shape, model), server)
    amount = expected(body["model"], provider.name, **counts)
    attributes = telemetry.span.attributes
    assert attributes[AMOUNT] == amount
    assert (attributes["gen_ai.usage.cost.currency"], attributes["gen_ai.usage.cost.source"]) == ("USD", "local")
    metrics = telemetry.metrics()
    assert [point.value for point in metrics["llmotel.client.cost.usd"]] == [amount]
    [point] = metrics["llmotel.client.operation.cost.usd"]
    assert (point.count, point.sum) == (1, amount)
    assert metrics["llmotel.cost.unpriced"][0].value == 0


def test_embeddings_cost_their_input(server: ProviderServer, telemetry: Telemetry) -> None:
    server.script(Reply(embeddings.embeddings(prompt_tokens=12_000)))
    performed(case(OPENAI, "embeddings.create", "text-embedding-3-small"), server)
    assert telemetry.span.attributes[AMOUNT] == expected("text-embedding-3-small", "openai", input_tokens=12_000)


def test_an_image_costs_its_tokens(server: ProviderServer, telemetry: Telemetry) -> None:
    server.script(Reply(images.images(usage=images.usage(12, 1056))))
    performed(case(OPENAI, "images.generate", "gpt-image-1"), server)
    assert telemetry.span.attributes[AMOUNT] > 0


def test_costs_add_up(server: ProviderServer, telemetry: Telemetry) -> None:
    _, _, model, body, counts = PRICED["openai"]
    for _ in range(3):
        server.script(Reply(body))
        performed(case(OPENAI, "chat.create", model), server)
    [point] = telemetry.metrics()["llmotel.client.cost.usd"]
    assert point.value == pytest.approx(3 * expected(body["model"], "openai", **counts).expected)


@pytest.mark.parametrize("form", ["chat.create", "chat.stream"])
def test_an_amount_in_the_answer_wins(form: str, server: ProviderServer, telemetry: Telemetry) -> None:
    telemetry(provider_hosts={"127.0.0.1": "openrouter"})
    server.script(Reply(hosts.openrouter(chatted("openai/gpt-4.1", prompt=1000, completion=100), cost=0.0125)))
    performed(case(OPENAI, form, "openai/gpt-4.1"), server)
    attributes = telemetry.span.attributes
    assert (attributes[AMOUNT], attributes["gen_ai.usage.cost.source"]) == (0.0125, "provider")
    assert [point.value for point in telemetry.metrics()["llmotel.client.cost.usd"]] == [0.0125]


@pytest.mark.parametrize("provider", [OPENAI, ANTHROPIC], ids=lambda provider: provider.name)
def test_an_unknown_model_has_no_price_and_is_counted(
    provider: Provider, server: ProviderServer, telemetry: Telemetry
) -> None:
    body = chatted("of-mine", prompt=10, completion=1) if provider is OPENAI else said("of-mine", input=10, output=1)
    server.script(Reply(body))
    performed(case(provider, "chat.create" if provider is OPENAI else "messages.create", "of-mine"), server)
    assert not [name for name in telemetry.span.attributes if "cost" in name]
    metrics = telemetry.metrics()
    assert metrics["llmotel.cost.unpriced"][0].value == 1
    assert "llmotel.client.cost.usd" not in metrics


@pytest.mark.parametrize("provider", [OPENAI, ANTHROPIC], ids=lambda provider: provider.name)
def test_a_failed_call_has_no_price_and_is_not_counted(
    provider: Provider, server: ProviderServer, telemetry: Telemetry
) -> None:
    server.script(provider.refuse(400))
    performed(Case(provider, provider.shapes[0]), server)
    assert AMOUNT not in telemetry.span.attributes
    assert telemetry.metrics()["llmotel.cost.unpriced"][0].value == 0


def test_prices_of_ones_own_come_first(
    server: ProviderServer, instrument: Callable[..., Telemetry], tmp_path: Path
) -> None:
    table = tmp_path / "prices.toml"
    table.write_text('[[price]]\nmodel = "gpt-4.1*"\ninput = 1.0\noutput = 2.0\n')
    telemetry = instrument(prices=str(table))
    server.script(Reply(PRICED["openai"][3]))
    performed(case(OPENAI, "chat.create", "gpt-4.1"), server)
    attributes = telemetry.span.attributes
    assert attributes[AMOUNT] == pytest.approx((1000 * 1.0 + 100 * 2.0) / 1e6)
    assert attributes["llmotel.cost.table"] == "user"


def test_a_background_response_is_paid_once(server: ProviderServer, telemetry: Telemetry) -> None:
    """Its tokens belong to the call that made it; fetching it costs nothing."""
    fetched = OPENAI.shape("responses.retrieve")
    server.script(Reply(fetched.body))
    performed(Case(OPENAI, fetched), server)
    assert AMOUNT not in telemetry.span.attributes
    assert "llmotel.client.cost.usd" not in telemetry.metrics()
