"""What Anthropic's Messages API has beyond a question and an answer: iterations, server-side tools, caches and tiers."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import anthropic
import pytest

from llmotel.testing import ProviderServer, Reply
from telemetry import Telemetry

INPUT, OUTPUT = "gen_ai.usage.input_tokens", "gen_ai.usage.output_tokens"
COST = "gen_ai.usage.cost.amount"
MODEL = "claude-sonnet-4-6"  # 3 USD per million input tokens, 15 per million output tokens


@pytest.fixture
def client(server: ProviderServer) -> Iterator[anthropic.Anthropic]:
    with anthropic.Anthropic(api_key="k", base_url=server.url, max_retries=0) as client:
        yield client


def message(*content: dict[str, Any], stop: str | None = "end_turn", **usage: Any) -> dict[str, Any]:
    return {
        "id": "msg_1", "type": "message", "role": "assistant", "model": MODEL, "stop_reason": stop,
        "stop_sequence": None, "content": list(content), "usage": {"input_tokens": 220, "output_tokens": 8, **usage},
    }  # fmt: skip


def iteration(kind: str, sent: int, received: int, **more: Any) -> dict[str, Any]:
    unused = {"cache_read_input_tokens": 0, "cache_creation_input_tokens": 0}
    return {"type": kind, "input_tokens": sent, "output_tokens": received, **unused, **more}


def ask(client: anthropic.Anthropic, server: ProviderServer, answer: dict[str, Any], **arguments: Any) -> Any:
    server.script(Reply(answer))
    question: Any = [{"role": "user", "content": "Where is Paris?"}]
    return client.beta.messages.create(model=MODEL, max_tokens=100, messages=question, **arguments)


def streamed(client: anthropic.Anthropic, server: ProviderServer, *events: Any, **usage: Any) -> None:
    begun = {"type": "message_start", "message": message(stop=None, input_tokens=10, output_tokens=1)}
    ended = {"type": "message_delta", "delta": {"stop_reason": "end_turn", "stop_sequence": None}, "usage": usage}
    server.script(Reply(events=[begun, *events, ended, {"type": "message_stop"}]))
    question: Any = [{"role": "user", "content": "Where is Paris?"}]
    list(client.beta.messages.create(model=MODEL, max_tokens=100, messages=question, stream=True))


class TestIterationsBesideTheAnswer:
    """Anthropic bills compactions and advisors, and leaves their tokens out of a response's totals."""

    COMPACTION = iteration("compaction", 55_000, 100)

    def test_a_compaction_is_in_the_cost_and_not_in_the_totals(
        self, client: anthropic.Anthropic, server: ProviderServer, telemetry: Telemetry
    ) -> None:
        ask(client, server, message(iterations=[self.COMPACTION, iteration("message", 220, 8)]))
        attributes = telemetry.span.attributes
        assert (attributes[INPUT], attributes[OUTPUT]) == (220, 8)
        additional = "llmotel.usage.additional"
        assert (attributes[f"{additional}.input_tokens"], attributes[f"{additional}.output_tokens"]) == (55_000, 100)
        assert attributes["llmotel.cost.additional"] == pytest.approx(55_000 * 3e-6 + 100 * 15e-6)
        assert attributes["llmotel.cost.tokens"] == pytest.approx(220 * 3e-6 + 8 * 15e-6)
        assert attributes[COST] == pytest.approx(
            attributes["llmotel.cost.additional"] + attributes["llmotel.cost.tokens"]
        )
        assert attributes["gen_ai.conversation.compacted"] is True

    def test_in_a_stream_too(self, client: anthropic.Anthropic, server: ProviderServer, telemetry: Telemetry) -> None:
        streamed(client, server, input_tokens=220, output_tokens=8, iterations=[self.COMPACTION])
        assert telemetry.span.attributes["llmotel.cost.additional"] == pytest.approx(55_000 * 3e-6 + 100 * 15e-6)

    def test_what_it_read_from_the_cache_costs_less(
        self, client: anthropic.Anthropic, server: ProviderServer, telemetry: Telemetry
    ) -> None:
        cached = iteration("compaction", 100, 0) | {"cache_read_input_tokens": 50_000}
        ask(client, server, message(iterations=[cached]))
        assert telemetry.span.attributes["llmotel.usage.additional.input_tokens"] == 50_100
        assert telemetry.span.attributes["llmotel.cost.additional"] == pytest.approx(100 * 3e-6 + 50_000 * 0.3e-6)

    def test_an_advisor_has_the_price_of_its_model(
        self, client: anthropic.Anthropic, server: ProviderServer, telemetry: Telemetry
    ) -> None:
        ask(client, server, message(iterations=[iteration("advisor_message", 1000, 100, model="claude-opus-5")]))
        attributes = telemetry.span.attributes
        assert attributes["llmotel.cost.additional"] == pytest.approx(1000 * 5e-6 + 100 * 25e-6)
        assert "gen_ai.conversation.compacted" not in attributes

    def test_a_cost_of_which_a_part_is_unknown_is_unknown(
        self, client: anthropic.Anthropic, server: ProviderServer, telemetry: Telemetry
    ) -> None:
        ask(client, server, message(iterations=[iteration("advisor_message", 1000, 100, model="nobody-knows")]))
        assert COST not in telemetry.span.attributes
        assert telemetry.metrics()["llmotel.cost.unpriced"][0].value == 1

    @pytest.mark.parametrize("kind", ["message", "fallback_message", "tomorrow"])
    def test_iterations_that_the_totals_include_are_not_counted_twice(
        self, kind: str, client: anthropic.Anthropic, server: ProviderServer, telemetry: Telemetry
    ) -> None:
        ask(client, server, message(iterations=[iteration(kind, 220, 8)]))
        assert telemetry.span.attributes[COST] == pytest.approx(220 * 3e-6 + 8 * 15e-6)
        assert "llmotel.usage.additional.input_tokens" not in telemetry.span.attributes


class TestContentOfAStream:
    def parts(self, telemetry: Telemetry) -> list[dict[str, Any]]:
        [said] = json.loads(telemetry.span.attributes["gen_ai.output.messages"])
        return said["parts"]

    def test_the_input_of_a_server_side_tool_is_put_together(
        self, client: anthropic.Anthropic, server: ProviderServer, telemetry: Telemetry
    ) -> None:
        telemetry = telemetry(capture_content=True)
        tool = {"type": "server_tool_use", "id": "s1", "name": "web_search", "input": {}}
        pieces = ['{"query": "Par', 'is"}']
        deltas = [
            {"type": "content_block_delta", "index": 0, "delta": {"type": "input_json_delta", "partial_json": piece}}
            for piece in pieces
        ]
        start = {"type": "content_block_start", "index": 0, "content_block": tool}
        streamed(client, server, start, *deltas, {"type": "content_block_stop", "index": 0}, output_tokens=8)
        [part] = self.parts(telemetry)
        assert part["server_tool_call"] == {"type": "server_tool_use", "input": {"query": "Paris"}}

    def test_a_compaction_is_the_summary_that_it_made(
        self, client: anthropic.Anthropic, server: ProviderServer, telemetry: Telemetry
    ) -> None:
        telemetry = telemetry(capture_content=True)
        start = {"type": "content_block_start", "index": 0, "content_block": {"type": "compaction", "content": None}}
        delta = {"type": "compaction_delta", "content": "They spoke of Paris."}
        event = {"type": "content_block_delta", "index": 0, "delta": delta}
        streamed(client, server, start, event, {"type": "content_block_stop", "index": 0}, output_tokens=8)
        assert self.parts(telemetry) == [{"type": "compaction", "content": "They spoke of Paris."}]


class TestWhatElseTheCallWouldHaveCost:
    def test_without_its_cache(self, client: anthropic.Anthropic, server: ProviderServer, telemetry: Telemetry) -> None:
        ask(client, server, message(cache_read_input_tokens=10_000, cache_creation_input_tokens=1_000))
        attributes = telemetry.span.attributes
        assert attributes["llmotel.cost.uncached"] == pytest.approx(11_220 * 3e-6 + 8 * 15e-6)
        assert attributes[COST] < attributes["llmotel.cost.uncached"]

    def test_in_the_standard_tier(
        self, client: anthropic.Anthropic, server: ProviderServer, telemetry: Telemetry
    ) -> None:
        ask(client, server, message(service_tier="batch"))
        attributes = telemetry.span.attributes
        assert attributes["llmotel.cost.standard"] == pytest.approx(2 * attributes[COST])

    def test_a_call_without_either_has_its_cost_alone(
        self, client: anthropic.Anthropic, server: ProviderServer, telemetry: Telemetry
    ) -> None:
        ask(client, server, message(cache_read_input_tokens=0, service_tier="standard"))
        assert not {"llmotel.cost.uncached", "llmotel.cost.standard"} & telemetry.span.attributes.keys()


@pytest.mark.parametrize(
    ("stop", "finish"),
    [
        ("pause_turn", "pause_turn"),
        ("refusal", "content_filter"),
        ("model_context_window_exceeded", "length"),
        ("compaction", "compaction"),
        ("a_reason_of_tomorrow", "a_reason_of_tomorrow"),
    ],
)
def test_why_a_message_ended(
    stop: str, finish: str, client: anthropic.Anthropic, server: ProviderServer, telemetry: Telemetry
) -> None:
    ask(client, server, message(stop=stop))
    assert telemetry.span.attributes["gen_ai.response.finish_reasons"] == (finish,)
