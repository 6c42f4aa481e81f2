"""What is their own of the libraries that share seam and dialect with OpenAI's: prices, names, and how they answer."""

from __future__ import annotations

from typing import Any

import genai_prices
import pytest

from contract.calling import performed
from contract.providers import CEREBRAS, GROQ, PLAIN, STREAM, TOGETHER, WHOLE, Case, Provider, cases
from contract.situations import by_id
from llmotel.testing import ProviderServer, Reply
from telemetry import Telemetry

COMPATIBLE = (CEREBRAS, GROQ, TOGETHER)
CHATS = [
    case
    for case in cases(variants=(PLAIN,))
    if case.provider in COMPATIBLE and case.shape.dialect == "chat" and not case.is_async
]
each_provider = pytest.mark.parametrize("provider", COMPATIBLE, ids=lambda provider: provider.name)


@pytest.mark.parametrize("case", CHATS, ids=by_id)
def test_a_call_costs_what_genai_prices_says(case: Case, server: ProviderServer, telemetry: Telemetry) -> None:
    server.script(Reply(case.shape.body))
    performed(case, server)
    tokens = case.shape.tokens(case.shape.body)
    usage = genai_prices.Usage(
        input_tokens=tokens.input, output_tokens=tokens.output, cache_read_tokens=tokens.cache_read
    )
    price = genai_prices.calc_price(usage, model_ref=case.shape.body["model"], provider_id=case.provider.name)
    assert price.total_price > 0
    assert telemetry.span.attributes["gen_ai.usage.cost.amount"] == pytest.approx(float(price.total_price))


@each_provider
@pytest.mark.parametrize("url", [None, "https://llm.corp.example/v1"], ids=["its own host", "a gateway"])
def test_the_library_names_the_provider(provider: Provider, url: str | None, telemetry: Telemetry) -> None:
    http: Any = provider.transport
    answer: Any = provider.first().body
    client = http.Client(transport=http.MockTransport(lambda _: http.Response(200, json=answer)))
    given = {"base_url": url} if url else {}
    with provider.sync_client(api_key="any", http_client=client, **given) as made:
        Case(provider, provider.first()).call(made)
        host = made.base_url.host
    attributes = telemetry.span.attributes
    assert attributes["gen_ai.provider.name"] == provider.name
    assert (attributes["server.address"], attributes["server.port"]) == (host, 443)


@each_provider
@pytest.mark.parametrize("form", [WHOLE, STREAM])
def test_the_server_answers_as_the_library_is_used_to(
    provider: Provider, form: str, server: ProviderServer, telemetry: Telemetry
) -> None:
    """With usage in a stream, asked for or not."""
    assert performed(Case(provider, provider.first(form)), server).error is None
    assert telemetry.span.attributes["llmotel.usage.source"] == "provider"
