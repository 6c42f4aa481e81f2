"""Scores that the application gives by hand: which call they are for, and what becomes of wrong ones."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import openai
import pytest
from opentelemetry.trace import NonRecordingSpan

import llmotel
from bare import call
from llmotel import guard
from llmotel.engine.call import latest
from llmotel.testing import ProviderServer, Reply
from llmotel.testing.openai_wire import chat
from telemetry import Telemetry

MESSAGES: Any = [{"role": "user", "content": "What is the capital of France?"}]


@pytest.mark.parametrize("score", [1.1, -0.1, float("nan"), "good", [1]], ids=repr)
def test_a_score_out_of_range_is_left_out_counted_and_told_once_and_the_others_stand(
    score: Any, telemetry: Telemetry, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(guard, "_told", set())
    call()
    for _ in range(2):
        assert llmotel.record_quality(relevance=score, user_satisfaction=1)
    metrics = telemetry.metrics()
    assert "llmotel.quality.relevance" not in metrics
    assert metrics["llmotel.quality.user_satisfaction"][0].count == 2
    assert metrics["llmotel.records.rejected"][0].value == 2
    assert [record.getMessage() for record in caplog.records] == [
        "llmotel.record_quality: relevance is not a number from 0 to 1 and is left out (logged once)"
    ]


def scored(telemetry: Telemetry) -> list[tuple[str, float]]:
    """The evaluation events: of which response, by its id, and the score."""
    return [
        (event.attributes["gen_ai.response.id"], event.attributes["gen_ai.evaluation.score.value"])
        for event in telemetry.events
        if event.event_name == "gen_ai.evaluation.result"
    ]


@pytest.fixture
def ask(server: ProviderServer, telemetry: Telemetry) -> Iterator[Callable[[], Any]]:
    with openai.OpenAI(api_key="any", base_url=server.openai_url, max_retries=0) as client:
        yield lambda: client.chat.completions.create(model="gpt-4.1", messages=MESSAGES)


@pytest.fixture
def aclient(server: ProviderServer, telemetry: Telemetry) -> openai.AsyncOpenAI:
    return openai.AsyncOpenAI(api_key="any", base_url=server.openai_url, max_retries=0)


class TestByResponse:
    def test_the_call_that_gave_a_response_is_scored_whatever_came_after(
        self, ask: Callable[[], Any], telemetry: Telemetry
    ) -> None:
        first, _ = ask(), ask()
        assert llmotel.record_quality(relevance=0.25, response=first)
        assert scored(telemetry) == [(first.id, 0.25)]

    def test_a_dict_and_an_id_name_it_as_well(self, ask: Callable[[], Any], telemetry: Telemetry) -> None:
        first, second = ask(), ask()
        assert llmotel.record_quality(relevance=0.25, response=first.model_dump())
        assert llmotel.record_quality(relevance=0.5, response_id=second.id)
        assert scored(telemetry) == [(first.id, 0.25), (second.id, 0.5)]

    def test_it_may_come_from_another_thread_and_within_a_block(
        self, ask: Callable[[], Any], telemetry: Telemetry
    ) -> None:
        first = ask()
        with llmotel.call(), ThreadPoolExecutor(1) as pool:
            ask()
            assert pool.submit(llmotel.record_quality, relevance=0.25, response=first).result()
        assert scored(telemetry) == [(first.id, 0.25)]

    @pytest.mark.parametrize(
        "response", [{"id": "resp_of_nobody"}, {}, object(), "text"], ids=["another id", "no id", "object", "text"]
    )
    def test_what_no_call_gave_scores_none_not_the_last_one(
        self, response: Any, ask: Callable[[], Any], telemetry: Telemetry
    ) -> None:
        ask()
        assert llmotel.record_quality(relevance=0.25, response=response) is False
        assert scored(telemetry) == []

    def test_the_last_256_calls_are_known(self, ask: Callable[[], Any], telemetry: Telemetry) -> None:
        answers = [ask() for _ in range(258)]
        assert llmotel.record_quality(relevance=0.25, response=answers[1]) is False
        assert llmotel.record_quality(relevance=0.25, response=answers[2])
        assert scored(telemetry) == [(answers[2].id, 0.25)]

    def test_a_call_that_is_known_holds_no_content_and_no_span(
        self, ask: Callable[[], Any], telemetry: Telemetry
    ) -> None:
        telemetry(capture_content=True)
        answer = ask()
        assert "gen_ai.input.messages" in telemetry.span.attributes
        for known in (telemetry.engine.recent[answer.id], latest.get()):
            assert known is not None
            assert isinstance(known.span, NonRecordingSpan)
            assert not [name for name in ("input", "output", "system", "tools") if getattr(known.inference, name)]
            assert known.rendered is None


class TestWithoutAName:
    def test_a_thread_that_served_another_request_before_scores_nothing(
        self, ask: Callable[[], Any], telemetry: Telemetry
    ) -> None:
        with ThreadPoolExecutor(1) as pool:
            pool.submit(ask).result()
            assert pool.submit(llmotel.record_quality, user_satisfaction=0).result() is False
        assert scored(telemetry) == []

    def test_so_it_does_where_each_request_has_a_span(self, ask: Callable[[], Any], telemetry: Telemetry) -> None:
        tracer = telemetry.recording.tracer_provider.get_tracer("web")

        def request(asks: bool) -> tuple[Any, bool]:
            with tracer.start_as_current_span("request"):
                answer = ask() if asks else None
                return answer, llmotel.record_quality(user_satisfaction=0.5)

        with ThreadPoolExecutor(1) as pool:
            answer, recorded = pool.submit(request, True).result()
            assert recorded
            assert pool.submit(request, False).result() == (None, False)
        assert scored(telemetry) == [(answer.id, 0.5)]

    def test_the_span_around_the_call_may_have_ended(self, ask: Callable[[], Any], telemetry: Telemetry) -> None:
        with telemetry.recording.tracer_provider.get_tracer("web").start_as_current_span("request"):
            ask()
        assert llmotel.record_quality(relevance=0.5) is False

    def test_a_child_task_has_no_call_of_its_own_to_score(self, telemetry: Telemetry) -> None:
        async def main() -> bool:
            return await asyncio.create_task(scoring())

        async def scoring() -> bool:
            return llmotel.record_quality(relevance=0.5)

        assert asyncio.run(main()) is False


class TestBlocks:
    async def awaited(self, way: str, client: openai.AsyncOpenAI) -> Any:
        pending = client.chat.completions.create(model="gpt-4.1", messages=MESSAGES)
        if way == "gather":
            return (await asyncio.gather(pending))[0]
        if way == "wait_for":
            return await asyncio.wait_for(pending, 60)
        return await asyncio.create_task(pending)

    @pytest.mark.parametrize("way", ["gather", "wait_for", "task"])
    def test_a_call_in_a_child_task_is_scored(
        self, way: str, aclient: openai.AsyncOpenAI, telemetry: Telemetry
    ) -> None:
        async def main() -> Any:
            async with aclient:
                with llmotel.call() as call:
                    answer = await self.awaited(way, aclient)
                    assert call.record_quality(relevance=0.75)
                    assert llmotel.record_quality(user_satisfaction=0.5)
            return answer

        answer = asyncio.run(main())
        assert scored(telemetry) == [(answer.id, 0.75), (answer.id, 0.5)]

    def test_a_block_is_scored_after_its_end_as_well(self, ask: Callable[[], Any], telemetry: Telemetry) -> None:
        with llmotel.call() as call:
            first = ask()
        ask()
        assert call.record_quality(relevance=0.75)
        assert scored(telemetry) == [(first.id, 0.75)]

    def test_a_block_without_a_call_scores_none_not_one_from_before(
        self, ask: Callable[[], Any], telemetry: Telemetry
    ) -> None:
        ask()
        with llmotel.call() as call:
            assert call.record_quality(relevance=0.75) is False
            assert llmotel.record_quality(relevance=0.75) is False
        assert scored(telemetry) == []

    def test_concurrent_blocks_have_calls_of_their_own(self, aclient: openai.AsyncOpenAI, telemetry: Telemetry) -> None:
        async def one(number: int) -> tuple[str, float]:
            with llmotel.call() as call:
                answer = await self.awaited("gather", aclient)
                await asyncio.sleep(0)
                assert call.record_quality(relevance=number / 10)
            return answer.id, number / 10

        async def main() -> list[tuple[str, float]]:
            async with aclient:
                return await asyncio.gather(*map(one, range(8)))

        assert sorted(asyncio.run(main())) == sorted(scored(telemetry))


@pytest.mark.parametrize("sampled", [True, False], ids=["sampled", "unsampled"])
def test_a_stream_with_citations_that_is_scored_by_hand_has_one_score(
    sampled: bool, server: ProviderServer, telemetry: Telemetry
) -> None:
    if not sampled:
        telemetry.sample_nothing()
    said = "Paris is the capital and the largest city of France."
    server.script(Reply(chat.completion(said, annotations=[chat.url_citation("https://e.org", "E", 0, len(said))])))
    with openai.OpenAI(api_key="any", base_url=server.openai_url, max_retries=0) as client:
        for number, _ in enumerate(
            client.chat.completions.create(model="gpt-4o-search-preview", messages=MESSAGES, stream=True,
                                           web_search_options={})
        ):  # fmt: skip
            if number == 1:
                assert llmotel.record_quality(grounding=0.9)
    [point] = telemetry.metrics()["llmotel.grounding.score"]
    assert (point.count, point.sum, point.attributes["llmotel.grounding.method"]) == (1, 0.9, "user")
    assert len(telemetry.spans) == sampled
