"""The caller's own attributes: on spans always, on metrics by permission, to other services on request."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest
from opentelemetry import baggage, context
from opentelemetry.baggage.propagation import W3CBaggagePropagator

import llmotel
from contract.calling import performed
from contract.providers import ANTHROPIC, OPENAI, Case, make_client
from contract.situations import by_id
from llmotel.testing import ProviderServer, Reply
from telemetry import Telemetry

CHAT = Case(OPENAI, OPENAI.shape("chat.create"))
CASES = [
    CHAT,
    Case(OPENAI, OPENAI.shape("chat.stream")),
    Case(OPENAI, OPENAI.shape("embeddings.create")),
    Case(ANTHROPIC, ANTHROPIC.shape("messages.create")),
    Case(ANTHROPIC, ANTHROPIC.shape("messages.helper"), is_async=True),
]
QUESTION: Any = [{"role": "user", "content": "Hello"}]
DURATION = "gen_ai.client.inference.duration"
OWN = ("llmotel.feature", "llmotel.tenant", "llmotel.tag.", "user.id", "session.id", "gen_ai.prompt.")


def ask(server: ProviderServer, case: Case = CHAT) -> None:
    server.script(Reply(case.shape.body))
    assert performed(case, server).error is None


def tags_of(span: Any) -> dict[str, Any]:
    return {name: value for name, value in span.attributes.items() if name.startswith(OWN)}


def values(telemetry: Telemetry, name: str) -> dict[Any, int]:
    """How many calls there were with each value of the attribute ``name``."""
    return {point.attributes.get(name): point.count for point in telemetry.metrics()[DURATION]}


class TestOnSpans:
    @pytest.mark.parametrize("case", CASES, ids=by_id)
    def test_every_call_in_the_block_has_them(self, case: Case, server: ProviderServer, telemetry: Telemetry) -> None:
        with llmotel.tags(feature="search", user_id="u-17", prompt_name="answer", prompt_version="3", team="blue"):
            ask(server, case)
        ask(server, case)
        inside, outside = telemetry.spans
        assert tags_of(inside) == {
            "llmotel.feature": "search",
            "user.id": "u-17",
            "gen_ai.prompt.name": "answer",
            "gen_ai.prompt.version": "3",
            "llmotel.tag.team": "blue",
        }
        assert tags_of(outside) == {}

    def test_blocks_nest_and_the_inner_one_wins(self, server: ProviderServer, telemetry: Telemetry) -> None:
        with llmotel.tags(feature="search", tenant="acme"):
            with llmotel.tags(feature="rerank", session_id="s-1"):
                ask(server)
            ask(server)
        inner, outer = telemetry.spans
        assert tags_of(inner) == {"llmotel.feature": "rerank", "llmotel.tenant": "acme", "session.id": "s-1"}
        assert tags_of(outer) == {"llmotel.feature": "search", "llmotel.tenant": "acme"}

    def test_a_value_of_none_is_left_out(self, server: ProviderServer, telemetry: Telemetry) -> None:
        with llmotel.tags(feature="search"), llmotel.tags(feature=None, user_id=None):
            ask(server)
        assert tags_of(telemetry.span) == {"llmotel.feature": "search"}

    def test_a_value_of_another_type_is_recorded_as_text(self, server: ProviderServer, telemetry: Telemetry) -> None:
        user = UUID(int=17)
        with llmotel.tags(user_id=user, labels=["a", "b"]):  # type: ignore[arg-type]
            ask(server)
        assert tags_of(telemetry.span) == {"user.id": str(user), "llmotel.tag.labels": ("a", "b")}

    def test_a_block_left_by_an_exception_ends(self, server: ProviderServer, telemetry: Telemetry) -> None:
        before = context.get_current()
        with pytest.raises(KeyError), llmotel.tags(feature="search"):
            raise KeyError
        assert context.get_current() == before
        ask(server)
        assert tags_of(telemetry.span) == {}

    def test_a_stream_has_the_tags_of_where_it_was_begun(self, server: ProviderServer, telemetry: Telemetry) -> None:
        server.script(Reply(CHAT.shape.body))
        with make_client(OPENAI, server, is_async=False) as client:
            with llmotel.tags(feature="search"):
                stream = client.chat.completions.create(model="gpt-4.1", messages=QUESTION, stream=True)
            with llmotel.tags(feature="render"):
                list(stream)
        assert tags_of(telemetry.span) == {"llmotel.feature": "search"}

    def test_tasks_have_their_own(self, server: ProviderServer, telemetry: Telemetry) -> None:
        async def work(client: Any, number: int) -> None:
            with llmotel.tags(user_id=f"u-{number}"):
                await asyncio.sleep(0)
                await client.chat.completions.create(model=f"model-{number}", messages=QUESTION)

        async def run() -> None:
            async with make_client(OPENAI, server, is_async=True) as client:
                await asyncio.gather(*(work(client, number) for number in range(20)))

        asyncio.run(run())
        users = {span.attributes["gen_ai.request.model"]: span.attributes["user.id"] for span in telemetry.spans}
        assert users == {f"model-{number}": f"u-{number}" for number in range(20)}

    def test_a_failed_call_has_them_too(self, server: ProviderServer, telemetry: Telemetry) -> None:
        server.script(OPENAI.refuse(429))
        with llmotel.tags(feature="search"):
            assert performed(CHAT, server).error is not None
        assert tags_of(telemetry.span) == {"llmotel.feature": "search"}


class TestOnMetrics:
    def test_they_stay_away_from_metrics(self, server: ProviderServer, telemetry: Telemetry) -> None:
        with llmotel.tags(feature="search", user_id="u-17"):
            ask(server)
        for points in telemetry.metrics().values():
            assert not [name for point in points for name in point.attributes if name.startswith(OWN)]

    def test_declared_keys_come_along(self, server: ProviderServer, instrument: Callable[..., Telemetry]) -> None:
        telemetry = instrument(metric_tags="feature,team")
        with llmotel.tags(feature="search", team="blue", user_id="u-17"):
            ask(server)
        ask(server)
        metrics = telemetry.metrics()
        for name in (DURATION, "gen_ai.client.inference.usage.input_tokens", "llmotel.client.cost.usd"):
            tagged = [
                {key: value for key, value in point.attributes.items() if key.startswith(OWN)}
                for point in metrics[name]
            ]
            assert sorted(tagged, key=len) == [{}, {"llmotel.feature": "search", "llmotel.tag.team": "blue"}]

    def test_values_beyond_the_limit_become_other_and_are_counted(
        self, server: ProviderServer, instrument: Callable[..., Telemetry]
    ) -> None:
        telemetry = instrument(metric_tags=["feature"], metric_tag_values=3)
        for feature in ("a", "b", "c", "d", "a", "e"):
            with llmotel.tags(feature=feature):
                ask(server)
        assert values(telemetry, "llmotel.feature") == {"a": 2, "b": 1, "c": 1, "other": 2}
        assert [span.attributes["llmotel.feature"] for span in telemetry.spans] == ["a", "b", "c", "d", "a", "e"]
        [overflow] = telemetry.metrics()["llmotel.tags.overflow"]
        assert overflow.value == 2

    def test_each_key_has_its_own_limit(self, server: ProviderServer, instrument: Callable[..., Telemetry]) -> None:
        telemetry = instrument(metric_tags=["feature", "tenant"], metric_tag_values=1)
        for feature, tenant in (("a", "x"), ("b", "x"), ("a", "y")):
            with llmotel.tags(feature=feature, tenant=tenant):
                ask(server)
        pairs = {
            (point.attributes["llmotel.feature"], point.attributes["llmotel.tenant"])
            for point in telemetry.metrics()[DURATION]
        }
        assert pairs == {("a", "x"), ("other", "x"), ("a", "other")}

    @pytest.mark.parametrize("value", [["a", "b"], ("a", "b"), {"a": 1}, [{"a": 1}]], ids=repr)
    def test_a_value_that_no_set_can_hold_costs_no_measurement(
        self, value: Any, server: ProviderServer, instrument: Callable[..., Telemetry]
    ) -> None:
        telemetry = instrument(metric_tags=["labels"])
        with llmotel.tags(labels=value):
            ask(server)
        [point] = telemetry.metrics()[DURATION]
        assert point.count == 1


class TestAcrossServices:
    def test_nothing_is_put_into_baggage_unless_asked(self, telemetry: Telemetry) -> None:
        with llmotel.tags(feature="search"):
            assert not baggage.get_all()

    def test_baggage_that_came_from_elsewhere_is_not_believed_unless_asked(
        self, server: ProviderServer, telemetry: Telemetry
    ) -> None:
        token = context.attach(baggage.set_baggage("llmotel.feature", "search"))
        ask(server)
        context.detach(token)
        assert tags_of(telemetry.span) == {}

    def test_tags_travel_when_asked(self, server: ProviderServer, instrument: Callable[..., Telemetry]) -> None:
        telemetry = instrument(baggage_tags=True)
        carrier: dict[str, str] = {}
        with llmotel.tags(feature="search", user_id="u-17"):
            W3CBaggagePropagator().inject(carrier)
        token = context.attach(W3CBaggagePropagator().extract(carrier))  # in another service
        with llmotel.tags(feature="rerank"):
            ask(server)
        context.detach(token)
        assert tags_of(telemetry.span) == {"llmotel.feature": "rerank", "user.id": "u-17"}

    def test_baggage_of_others_stays_theirs(self, server: ProviderServer, instrument: Callable[..., Telemetry]) -> None:
        telemetry = instrument(baggage_tags=True)
        token = context.attach(baggage.set_baggage("session.secret", "s3cret"))
        with llmotel.tags(feature="search"):
            assert baggage.get_all() == {"session.secret": "s3cret", "llmotel.feature": "search"}
            ask(server)
        context.detach(token)
        assert "s3cret" not in str(dict(telemetry.span.attributes))
