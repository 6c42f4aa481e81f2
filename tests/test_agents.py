"""Agents and tools of the application: a span around their work, and the agent's name on all that happens within."""

from __future__ import annotations

import asyncio
import gc
import inspect
import json
import logging
import threading
from collections.abc import AsyncIterator, Iterator
from typing import Any

import openai
import pytest
from opentelemetry import context, trace
from opentelemetry.sdk.trace import SpanProcessor

import llmotel
from llmotel import setup
from llmotel.testing import ProviderServer, Reply
from llmotel.testing.openai_wire import chat
from telemetry import Telemetry

ASK: Any = [{"role": "user", "content": "How many Gravel 3 are in stock?"}]
AGENT, TOOL = "gen_ai.invoke_agent.duration", "gen_ai.execute_tool.duration"


class NotInStock(Exception):
    """An error of the application's."""


@pytest.fixture
def client(server: ProviderServer) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(api_key="sk-loopback", base_url=server.openai_url, max_retries=0) as client:
        yield client


def ask(client: openai.OpenAI) -> None:
    client.chat.completions.create(model="gpt-4.1", messages=ASK)


def named(telemetry: Telemetry) -> dict[str, Any]:
    """The spans by name."""
    return {span.name: span for span in telemetry.spans}


def current() -> Any:
    return trace.get_current_span().get_span_context()


class TestAnAgent:
    def test_its_run_is_a_span_of_the_conventions(self, telemetry: Telemetry) -> None:
        with llmotel.agent("planner"):
            pass
        span = telemetry.span
        assert (span.name, span.kind.name, span.status.status_code.name) == (
            "invoke_agent planner",
            "INTERNAL",
            "UNSET",
        )
        assert dict(span.attributes) == {"gen_ai.operation.name": "invoke_agent", "gen_ai.agent.name": "planner"}

    def test_its_run_is_a_point_of_its_duration_which_is_that_of_the_span(self, telemetry: Telemetry) -> None:
        with llmotel.agent("planner"):
            pass
        [point] = telemetry.metrics()[AGENT]
        span = telemetry.span
        assert dict(point.attributes) == {"gen_ai.agent.name": "planner"}
        assert point.count == 1
        assert point.sum == pytest.approx((span.end_time - span.start_time) / 1e9, abs=2e-9)
        assert point.explicit_bounds[0] == 0.1
        assert point.explicit_bounds[-1] == 409.6

    def test_its_name_is_on_every_call_and_tool_within_and_on_none_outside(
        self, telemetry: Telemetry, client: openai.OpenAI
    ) -> None:
        ask(client)
        with llmotel.agent("planner"):
            ask(client)
            with llmotel.tool("check_stock"):
                ask(client)
        names = [(span.name, span.attributes.get("gen_ai.agent.name")) for span in telemetry.spans]
        assert names == [
            ("chat gpt-4.1", None),
            ("chat gpt-4.1", "planner"),
            ("chat gpt-4.1", "planner"),
            ("execute_tool check_stock", "planner"),
            ("invoke_agent planner", "planner"),
        ]

    def test_what_happens_within_is_below_it_in_the_trace(self, telemetry: Telemetry, client: openai.OpenAI) -> None:
        with llmotel.agent("planner"), llmotel.tool("check_stock"):
            ask(client)
        spans = named(telemetry)
        agent, tool, call = (
            spans[name] for name in ("invoke_agent planner", "execute_tool check_stock", "chat gpt-4.1")
        )
        assert agent.parent is None
        assert tool.parent.span_id == agent.context.span_id
        assert call.parent.span_id == tool.context.span_id

    def test_of_agents_within_agents_the_inner_one_counts(self, telemetry: Telemetry, client: openai.OpenAI) -> None:
        with llmotel.agent("planner"):
            with llmotel.agent("buyer"):
                ask(client)
                with llmotel.tool("order"):
                    pass
            ask(client)
            ask(client)
        assert [span.attributes["gen_ai.agent.name"] for span in telemetry.spans] == [
            "buyer", "buyer", "buyer", "planner", "planner", "planner",
        ]  # fmt: skip
        metrics = telemetry.metrics()
        for metric, expected in (
            ("gen_ai.invoke_agent.inference_calls", {"planner": 2, "buyer": 1}),
            ("gen_ai.invoke_agent.tool_calls", {"planner": 0, "buyer": 1}),
        ):
            assert {point.attributes["gen_ai.agent.name"]: point.sum for point in metrics[metric]} == expected

    def test_its_name_is_on_the_metrics_of_its_calls_if_that_is_asked_for(
        self, telemetry: Telemetry, client: openai.OpenAI
    ) -> None:
        telemetry(metric_tags="agent")
        with llmotel.agent("planner"):
            ask(client)
        [point] = telemetry.metrics()["gen_ai.client.inference.duration"]
        assert point.attributes["gen_ai.agent.name"] == "planner"


class TestATool:
    def test_its_run_is_a_span_of_the_conventions(self, telemetry: Telemetry) -> None:
        with llmotel.tool("check_stock", call_id="call_1"):
            pass
        span = telemetry.span
        assert (span.name, span.kind.name, span.status.status_code.name) == (
            "execute_tool check_stock", "INTERNAL", "UNSET",
        )  # fmt: skip
        assert dict(span.attributes) == {
            "gen_ai.operation.name": "execute_tool",
            "gen_ai.tool.name": "check_stock",
            "gen_ai.tool.type": "function",
            "gen_ai.tool.call.id": "call_1",
        }

    def test_its_run_is_a_point_of_its_duration(self, telemetry: Telemetry) -> None:
        with llmotel.agent("planner"), llmotel.tool("handbook", type="datastore"):
            pass
        [point] = telemetry.metrics()[TOOL]
        assert point.count == 1
        assert {30, 60, 120} < set(point.explicit_bounds)
        assert dict(point.attributes) == {
            "gen_ai.tool.name": "handbook",
            "gen_ai.tool.type": "datastore",
            "gen_ai.agent.name": "planner",
        }

    def test_tags_are_on_its_span_and_on_metrics_if_they_are_declared(self, telemetry: Telemetry) -> None:
        telemetry(metric_tags="feature")
        with llmotel.tags(feature="orders", user_id="u-17"), llmotel.tool("check_stock"):
            pass
        assert telemetry.span.attributes["user.id"] == "u-17"
        [point] = telemetry.metrics()[TOOL]
        assert point.attributes["llmotel.feature"] == "orders"
        assert "user.id" not in point.attributes

    def test_names_that_a_model_made_up_do_not_flood_the_metrics(self, telemetry: Telemetry) -> None:
        telemetry(metric_tag_values=2)
        for number in range(5):
            with llmotel.tool(f"tool_{number}"):
                pass
        counts = {point.attributes["gen_ai.tool.name"]: point.count for point in telemetry.metrics()[TOOL]}
        assert counts == {"tool_0": 1, "tool_1": 1, "other": 3}
        assert telemetry.metrics()["llmotel.tags.overflow"][0].value == 3
        assert telemetry.spans[4].attributes["gen_ai.tool.name"] == "tool_4"


class TestAFailure:
    def test_what_is_raised_goes_on_as_it_is(self, telemetry: Telemetry) -> None:
        error = NotInStock("Gravel 3")
        with pytest.raises(NotInStock) as report_error, llmotel.agent("planner"), llmotel.tool("check_stock"):
            raise error
        assert report_error.value is error
        assert (error.__context__, error.__cause__) == (None, None)

    def test_it_is_on_span_and_metric_without_what_was_said(self, telemetry: Telemetry) -> None:
        with pytest.raises(NotInStock), llmotel.agent("planner"), llmotel.tool("check_stock"):
            raise NotInStock("Ada Lovelace wants a Gravel 3")
        for span in telemetry.spans:
            assert span.attributes["error.type"] == "test_agents.NotInStock"
            assert span.attributes["llmotel.outcome"] == "unknown"
            assert (span.status.status_code.name, span.status.description) == ("ERROR", "NotInStock")
        for metric in (AGENT, TOOL):
            [point] = telemetry.metrics()[metric]
            assert point.attributes["error.type"] == "test_agents.NotInStock"
        assert not [text for _, text in telemetry.recording.texts() if "Ada" in text]

    def test_what_was_said_is_there_if_content_is(self, telemetry: Telemetry) -> None:
        telemetry(capture_content=True)
        with pytest.raises(NotInStock), llmotel.tool("check_stock"):
            raise NotInStock("write to ada@example.com")
        assert telemetry.span.status.description == "write to [REDACTED:email]"

    def test_a_failed_call_makes_the_agent_fail_with_the_same_error_type(
        self, telemetry: Telemetry, client: openai.OpenAI
    ) -> None:
        with pytest.raises(openai.BadRequestError), llmotel.agent("planner"):
            client.chat.completions.create(model="gpt-4.1", messages=[])
        call, agent = telemetry.spans
        assert call.attributes["error.type"] == agent.attributes["error.type"]
        assert agent.attributes["llmotel.outcome"] == "validation"

    def test_a_tool_that_handles_its_error_says_so_itself(self, telemetry: Telemetry) -> None:
        for error in (NotInStock(), "not_found", "No such article: Gravel 3"):
            with llmotel.tool("check_stock") as run:
                run.failed(error)
        types = [span.attributes["error.type"] for span in telemetry.spans]
        assert types == ["test_agents.NotInStock", "not_found", "_OTHER"]

    def test_a_cancelled_task_is_told_as_cancelled(self, telemetry: Telemetry) -> None:
        @llmotel.agent("planner")
        async def plan(begun: asyncio.Event) -> None:
            begun.set()
            await asyncio.sleep(60)

        async def run() -> None:
            begun = asyncio.Event()
            task = asyncio.create_task(plan(begun))
            await begun.wait()
            task.cancel()
            await asyncio.wait([task])

        asyncio.run(run())
        assert telemetry.span.attributes["llmotel.outcome"] == "cancelled"


class TestContent:
    def test_nothing_of_it_is_recorded_unless_asked(self, telemetry: Telemetry) -> None:
        @llmotel.tool("find_customer")
        def find(name: str) -> str:
            return f"{name} lives in London"

        assert find("Ada Lovelace") == "Ada Lovelace lives in London"
        with llmotel.tool("find_customer") as run:
            run.arguments({"name": "Ada Lovelace"})
            run.result("London")
        assert not [text for _, text in telemetry.recording.texts() if "Ada" in text or "London" in text]

    def test_a_block_says_what_went_in_and_came_out(self, telemetry: Telemetry) -> None:
        telemetry(capture_content="SPAN_ONLY")
        with llmotel.tool("check_stock") as run:
            run.arguments('{"article": "Gravel 3"}')
            run.result({"in_stock": 3})
        assert telemetry.span.attributes["gen_ai.tool.call.arguments"] == '{"article":"Gravel 3"}'
        assert telemetry.span.attributes["gen_ai.tool.call.result"] == '{"in_stock":3}'

    def test_a_decorated_function_says_it_by_itself(self, telemetry: Telemetry) -> None:
        telemetry(capture_content=True)

        class Shop:
            @llmotel.tool("check_stock")
            def check(self, article: str, *, size: int = 50) -> list[int]:
                return [3, size]

        assert Shop().check("Gravel 3", size=54) == [3, 54]
        assert json.loads(telemetry.span.attributes["gen_ai.tool.call.arguments"]) == {
            "article": "Gravel 3",
            "size": 54,
        }
        assert telemetry.span.attributes["gen_ai.tool.call.result"] == "[3,54]"

    @pytest.mark.parametrize(
        "value",
        ["3 in stock", None, 3, [], {"a": [1, {"b": None}]}, {1, 2}, object(), b"x"],
        ids=lambda value: type(value).__name__,
    )
    def test_whatever_it_is_it_is_json(self, value: Any, telemetry: Telemetry) -> None:
        telemetry(capture_content=True)
        with llmotel.tool("check_stock") as run:
            run.result(value)
        json.loads(telemetry.span.attributes["gen_ai.tool.call.result"])

    def test_it_is_redacted_and_cut(self, telemetry: Telemetry) -> None:
        telemetry(capture_content=True, content_max_bytes=300)
        with llmotel.tool("find_customer") as run:
            run.arguments({"email": "ada@example.com"})
            run.result({"letter": "Dear shop, " * 1000, "number": 17})
        attributes = telemetry.span.attributes
        assert json.loads(attributes["gen_ai.tool.call.arguments"]) == {"email": "[REDACTED:email]"}
        assert len(attributes["gen_ai.tool.call.result"]) <= 300
        assert json.loads(attributes["gen_ai.tool.call.result"])["number"] == 17
        assert attributes["llmotel.content.truncated_bytes"] > 10_000
        metrics = telemetry.metrics()
        assert metrics["llmotel.content.redactions"][0].value == 1
        assert metrics["llmotel.content.truncated"][0].value > 10_000

    def test_it_is_recorded_as_it_was_then(self, telemetry: Telemetry) -> None:
        telemetry(capture_content=True)
        basket = ["Gravel 3"]
        with llmotel.tool("order") as run:
            run.arguments({"basket": basket})
            basket.clear()
        assert telemetry.span.attributes["gen_ai.tool.call.arguments"] == '{"basket":["Gravel 3"]}'

    def test_of_successful_runs_a_share_is_kept_and_of_failed_ones_all(self, telemetry: Telemetry) -> None:
        telemetry(capture_content=True, content_sample_ratio=0)
        for failed in (False, True):
            with llmotel.tool("check_stock") as run:
                run.result("none")
                if failed:
                    run.failed("not_found")
        assert ["gen_ai.tool.call.result" in span.attributes for span in telemetry.spans] == [False, True]

    def test_arguments_that_do_not_fit_are_the_functions_to_refuse(self, telemetry: Telemetry) -> None:
        telemetry(capture_content=True)

        @llmotel.tool("check_stock")
        def check(article: str) -> int:
            return 3

        with pytest.raises(TypeError, match="article"):
            check()  # type: ignore[call-arg]
        assert telemetry.span.attributes["error.type"] == "TypeError"


class TestAsADecorator:
    def test_each_call_is_a_run_and_the_function_looks_as_it_did(self, telemetry: Telemetry) -> None:
        @llmotel.tool("check_stock")
        def check(article: str) -> int:
            """How many there are."""
            return 3 if article else 0

        assert [check("Gravel 3"), check("")] == [3, 0]
        assert (check.__name__, check.__doc__) == ("check", "How many there are.")
        assert list(inspect.signature(check).parameters) == ["article"]
        assert len(telemetry.spans) == 2

    def test_without_a_name_it_takes_that_of_the_function(self, telemetry: Telemetry) -> None:
        @llmotel.tool
        def check_stock() -> int:
            return 3

        @llmotel.agent
        def planner() -> int:
            return check_stock()

        assert planner() == 3
        assert [span.name for span in telemetry.spans] == ["execute_tool check_stock", "invoke_agent planner"]

    def test_a_function_that_calls_itself_has_a_span_for_each_call(self, telemetry: Telemetry) -> None:
        @llmotel.agent("planner")
        def plan(depth: int) -> int:
            return depth and plan(depth - 1)

        assert plan(2) == 0
        inner, middle, outer = telemetry.spans
        assert (inner.parent.span_id, middle.parent.span_id) == (middle.context.span_id, outer.context.span_id)

    def test_a_coroutine_function_stays_one(self, telemetry: Telemetry) -> None:
        @llmotel.tool("check_stock")
        async def check(article: str) -> int:
            await asyncio.sleep(0)
            return 3

        assert inspect.iscoroutinefunction(check)
        coroutine = check("Gravel 3")
        assert asyncio.run(coroutine) == 3
        assert telemetry.span.name == "execute_tool check_stock"

    def test_many_tasks_at_once_are_below_their_own_agents(self, telemetry: Telemetry) -> None:
        @llmotel.tool("check_stock")
        async def check() -> None:
            await asyncio.sleep(0)

        async def work(number: int) -> None:
            async with llmotel.agent(f"agent-{number}"):
                await asyncio.gather(check(), check())

        async def run() -> None:
            await asyncio.gather(*(work(number) for number in range(50)))

        asyncio.run(run())
        agents = {span.context.span_id: span.name for span in telemetry.spans if span.name.startswith("invoke")}
        tools = [span for span in telemetry.spans if span.name.startswith("execute")]
        assert len(tools) == 100
        assert all(
            agents[span.parent.span_id] == f"invoke_agent {span.attributes['gen_ai.agent.name']}" for span in tools
        )

    def test_many_threads_at_once_have_runs_of_their_own(self, telemetry: Telemetry) -> None:
        run = llmotel.tool("check_stock")(lambda: current().span_id)
        seen: list[int] = []
        threads = [threading.Thread(target=lambda: seen.append(run())) for _ in range(16)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert {span.context.span_id for span in telemetry.spans} == set(seen)


class TestAGenerator:
    def test_its_run_lasts_until_it_ends(self, telemetry: Telemetry) -> None:
        @llmotel.agent("writer")
        def write() -> Iterator[str]:
            yield "Dear "
            yield "customer"

        assert inspect.isgeneratorfunction(write)
        words = write()
        assert next(words) == "Dear "
        assert telemetry.spans == []
        assert list(words) == ["customer"]
        assert telemetry.span.name == "invoke_agent writer"

    def test_its_span_is_current_in_its_own_code_and_not_in_the_callers(self, telemetry: Telemetry) -> None:
        inside = []

        @llmotel.agent("writer")
        def write() -> Iterator[int]:
            for number in range(3):
                inside.append(current().span_id)
                yield number

        outside = [current().is_valid for _ in write()]
        assert set(inside) == {telemetry.span.context.span_id}
        assert outside == [False] * 3

    def test_one_that_nobody_reads_to_its_end_is_no_failure(self, telemetry: Telemetry) -> None:
        ended = []

        @llmotel.agent("writer")
        def write() -> Iterator[int]:
            try:
                yield 1
                yield 2
            finally:
                ended.append(current().span_id)

        for _ in write():
            break
        gc.collect()
        assert ended == [telemetry.span.context.span_id]
        assert "error.type" not in telemetry.span.attributes

    def test_one_that_is_never_begun_has_no_run(self, telemetry: Telemetry) -> None:
        @llmotel.agent("writer")
        def write() -> Iterator[int]:
            yield 1

        write()
        gc.collect()
        assert telemetry.spans == []

    def test_what_is_sent_thrown_and_returned_goes_through(self, telemetry: Telemetry) -> None:
        @llmotel.agent("writer")
        def write() -> Any:
            said = []
            while True:
                try:
                    word = yield len(said)
                except NotInStock:
                    return said
                said.append(word)

        words = write()
        assert [next(words), words.send("Dear"), words.send("customer")] == [0, 1, 2]
        with pytest.raises(StopIteration) as stopped:
            words.throw(NotInStock())
        assert stopped.value.value == ["Dear", "customer"]
        assert "error.type" not in telemetry.span.attributes

    def test_what_it_raises_goes_on_and_is_a_failure(self, telemetry: Telemetry) -> None:
        @llmotel.agent("writer")
        def write() -> Iterator[int]:
            yield 1
            raise NotInStock

        words = write()
        next(words)
        with pytest.raises(NotInStock):
            next(words)
        assert telemetry.span.attributes["error.type"] == "test_agents.NotInStock"


class TestAnAsynchronousGenerator:
    def test_its_run_lasts_until_it_ends(self, telemetry: Telemetry) -> None:
        inside, outside = [], []

        @llmotel.agent("writer")
        async def write() -> AsyncIterator[int]:
            for number in range(3):
                await asyncio.sleep(0)
                inside.append(current().span_id)
                yield number

        async def run() -> list[int]:
            numbers = []
            async for number in write():
                outside.append(current().is_valid)
                numbers.append(number)
            return numbers

        assert inspect.isasyncgenfunction(write)
        assert asyncio.run(run()) == [0, 1, 2]
        assert set(inside) == {telemetry.span.context.span_id}
        assert outside == [False] * 3

    @pytest.mark.parametrize("decorated", [True, False])
    def test_one_that_is_dropped_is_ended_by_the_loop_in_silence(
        self, decorated: bool, telemetry: Telemetry, caplog: pytest.LogCaptureFixture
    ) -> None:
        async def write() -> AsyncIterator[int]:
            yield 1
            yield 2

        async def write_in_a_block() -> AsyncIterator[int]:
            with llmotel.agent("writer"):
                yield 1
                yield 2

        async def run() -> None:
            async for _ in llmotel.agent("writer")(write)() if decorated else write_in_a_block():
                break
            gc.collect()
            await asyncio.sleep(0.01)  # the loop ends it in a task of its own

        asyncio.run(run())
        assert "error.type" not in telemetry.span.attributes
        assert caplog.records == []

    def test_what_it_raises_goes_on_and_is_a_failure(self, telemetry: Telemetry) -> None:
        @llmotel.agent("writer")
        async def write() -> AsyncIterator[int]:
            yield 1
            raise NotInStock

        async def run() -> None:
            async for _ in write():
                pass

        with pytest.raises(NotInStock):
            asyncio.run(run())
        assert telemetry.span.attributes["error.type"] == "test_agents.NotInStock"


class TestThatNothingOfOursIsInTheWay:
    def test_before_init_they_do_nothing(self) -> None:
        @llmotel.tool
        def check_stock(article: str) -> int:
            return 3

        assert setup.engine() is None
        with llmotel.agent("planner") as agent, llmotel.tool("check_stock") as run:
            agent.failed("not_found")
            run.arguments({"article": "Gravel 3"})
            run.result(check_stock("Gravel 3"))
            assert not current().is_valid

    def test_while_llmotel_is_disabled_they_do_nothing(self, telemetry: Telemetry) -> None:
        llmotel.disable()
        with llmotel.agent("planner"), llmotel.tool("check_stock"):
            assert not current().is_valid
        llmotel.enable()
        with llmotel.agent("buyer"):
            pass
        assert telemetry.span.name == "invoke_agent buyer"

    def test_opentelemetrys_suppress_key_is_honoured(self, telemetry: Telemetry) -> None:
        token = context.attach(context.set_value("suppress_instrumentation", True))
        with llmotel.tool("check_stock"):
            pass
        context.detach(token)
        assert telemetry.spans == []

    def test_no_context_stays_attached(self, telemetry: Telemetry) -> None:
        before = context.get_current()
        with pytest.raises(NotInStock), llmotel.agent("planner"), llmotel.tool("check_stock"):
            raise NotInStock
        assert context.get_current() is before

    def test_a_block_entered_again_while_it_is_open_is_the_same_run(self, telemetry: Telemetry) -> None:
        run = llmotel.tool("check_stock")
        with run, run:
            pass
        assert len(telemetry.spans) == 1

    def test_an_object_that_is_used_once_more_is_another_run(self, telemetry: Telemetry) -> None:
        run = llmotel.tool("check_stock")
        with llmotel.agent("planner"), run:
            pass
        with llmotel.agent("buyer"), run:
            pass
        agents = [point.attributes["gen_ai.agent.name"] for point in telemetry.metrics()[TOOL]]
        assert sorted(agents) == ["buyer", "planner"]

    def test_a_span_processor_that_raises_is_contained(
        self, telemetry: Telemetry, caplog: pytest.LogCaptureFixture
    ) -> None:
        class Raising(SpanProcessor):
            def on_start(self, span: Any, parent_context: Any = None) -> None:
                raise RuntimeError("start")

        telemetry.engine.guard.raise_errors = False
        telemetry.recording.tracer_provider.add_span_processor(Raising())
        with caplog.at_level(logging.WARNING, "llmotel"), llmotel.tool("check_stock"):
            pass
        [point] = telemetry.metrics()[TOOL]
        assert point.count == 1
        assert "RuntimeError in start_span" in caplog.text
        telemetry.engine.guard.last_errors.clear()

    def test_a_redactor_that_raises_is_contained(self, telemetry: Telemetry) -> None:
        def raising(text: str) -> str:
            raise RuntimeError

        telemetry(capture_content=True, redactor=raising)
        telemetry.engine.guard.raise_errors = False
        with llmotel.tool("check_stock") as run:
            run.arguments({"article": "Gravel 3"})
        assert "Gravel" not in str(dict(telemetry.span.attributes))
        telemetry.engine.guard.last_errors.clear()


def test_a_tool_loop_of_an_agent_is_one_tree(
    telemetry: Telemetry, server: ProviderServer, client: openai.OpenAI
) -> None:
    wanted = chat.tool_call("check_stock", {"article": "Gravel 3"})
    server.script(Reply(chat.completion(tool_calls=[wanted])), Reply(chat.completion("Three.")))

    @llmotel.tool
    def check_stock(article: str) -> int:
        return 3

    with llmotel.agent("seller"):
        said = list(ASK)
        first = client.chat.completions.create(model="gpt-4.1", messages=said).choices[0].message
        for call in first.tool_calls or ():
            stock = check_stock(**json.loads(call.function.arguments))
            said += [first, {"role": "tool", "tool_call_id": call.id, "content": str(stock)}]
        client.chat.completions.create(model="gpt-4.1", messages=said)
    *parts, agent = telemetry.spans
    assert [part.name for part in parts] == ["chat gpt-4.1", "execute_tool check_stock", "chat gpt-4.1"]
    assert {part.parent.span_id for part in parts} == {agent.context.span_id}
    metrics = telemetry.metrics()
    assert metrics["gen_ai.invoke_agent.inference_calls"][0].sum == 2
    assert metrics["gen_ai.invoke_agent.tool_calls"][0].sum == 1
