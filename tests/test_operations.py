"""Operations that are no calls to a model: what becomes of each, and that a run is one run however it is held."""

from __future__ import annotations

import asyncio
import gc
import inspect
import json
import logging
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from opentelemetry import context, trace
from opentelemetry.sdk.trace import SpanProcessor
from opentelemetry.trace import SpanKind

import llmotel
from llmotel.engine.operation_run import OperationRun, start
from llmotel.model import operation as model
from llmotel.model.inference import Usage
from llmotel.model.operation import (
    AgentRun,
    McpRequest,
    MemoryOperation,
    Operation,
    Retrieval,
    Step,
    ToolRun,
    WorkflowRun,
)
from llmotel.signals import operations
from telemetry import Telemetry

CLIENT = "gen_ai.client.operation.duration"
LATER = 0.05  # seconds that work takes which is not done when its function returns


def run(telemetry: Telemetry, operation: Operation, **more: Any) -> OperationRun:
    begun = start(telemetry.engine, operation, context.get_current(), **more)
    assert begun is not None
    return begun


def seconds(span: Any) -> float:
    return float(span.end_time - span.start_time) / 1e9


def kinds() -> Iterator[type[Operation]]:
    return (kind for kind in vars(model).values() if isinstance(kind, type) and issubclass(kind, Operation))


class TestTheTable:
    @pytest.mark.parametrize(
        "kind", [kind for kind in kinds() if kind is not Operation], ids=lambda kind: kind.__name__
    )
    def test_has_every_kind_of_operation_and_names_only_fields_that_it_has(self, kind: type[Operation]) -> None:
        for given in ({}, {"remote": True}):
            record = kind("subject", **given)
            form = operations.form_of(record)
            named = {field for field, _ in (*form.attributes, *form.content)}
            named |= {field for duration in (*form.durations, *form.legacy) for field, _ in duration.dimensions}
            assert [field for field in named if not hasattr(record, field)] == []
            assert form.texts <= {field for field, _ in form.content}

    @pytest.mark.parametrize(
        ("record", "name", "kind"),
        [
            (AgentRun("planner"), "invoke_agent planner", SpanKind.INTERNAL),
            (AgentRun("planner", remote=True), "invoke_agent planner", SpanKind.CLIENT),
            (AgentRun(), "invoke_agent", SpanKind.INTERNAL),
            (AgentRun("planner", operation="create_agent"), "create_agent planner", SpanKind.CLIENT),
            (AgentRun("planner", operation="plan"), "plan planner", SpanKind.INTERNAL),
            (WorkflowRun("refund"), "invoke_workflow refund", SpanKind.INTERNAL),
            (ToolRun("check_stock"), "execute_tool check_stock", SpanKind.INTERNAL),
            (Retrieval("handbook"), "retrieval handbook", SpanKind.CLIENT),
            (Retrieval("handbook", data_source_id="ds-7"), "retrieval ds-7", SpanKind.CLIENT),
            (MemoryOperation("notes"), "search_memory", SpanKind.INTERNAL),
            (MemoryOperation("notes", operation="upsert_memory", remote=True), "upsert_memory", SpanKind.CLIENT),
            (McpRequest("add", method="tools/call"), "tools/call add", SpanKind.CLIENT),
            (McpRequest("add", method="tools/call", server=True), "tools/call add", SpanKind.SERVER),
            (McpRequest(method="tools/list"), "tools/list", SpanKind.CLIENT),
        ],
        ids=lambda value: value if isinstance(value, str) else "",
    )
    def test_says_name_and_kind_of_the_span(
        self, record: Operation, name: str, kind: SpanKind, telemetry: Telemetry
    ) -> None:
        run(telemetry, record).end()
        assert (telemetry.span.name, telemetry.span.kind) == (name, kind)

    @pytest.mark.parametrize(
        ("record", "attributes"),
        [
            (
                AgentRun("planner", agent_id="a-1", model="gpt-4.1", description="Plans", usage=Usage(3, 4)),
                {
                    "gen_ai.operation.name": "invoke_agent",
                    "gen_ai.agent.name": "planner",
                    "gen_ai.agent.description": "Plans",
                    "gen_ai.request.model": "gpt-4.1",
                },
            ),
            (
                AgentRun("planner", remote=True, provider="openai", agent_id="a-1", usage=Usage(3, 4)),
                {
                    "gen_ai.operation.name": "invoke_agent",
                    "gen_ai.provider.name": "openai",
                    "gen_ai.agent.name": "planner",
                    "gen_ai.agent.id": "a-1",
                    "gen_ai.usage.input_tokens": 3,
                    "gen_ai.usage.output_tokens": 4,
                },
            ),
            (
                MemoryOperation("notes", operation="upsert_memory", record_count=2),
                {
                    "gen_ai.operation.name": "upsert_memory",
                    "gen_ai.memory.store.id": "notes",
                    "gen_ai.memory.record.count": 2,
                },
            ),
            (
                McpRequest("add", method="tools/call", request_id="7", transport="pipe"),
                {
                    "mcp.method.name": "tools/call",
                    "gen_ai.operation.name": "execute_tool",
                    "gen_ai.tool.name": "add",
                    "jsonrpc.request.id": "7",
                    "network.transport": "pipe",
                },
            ),
            (
                McpRequest("greet", method="prompts/get"),
                {"mcp.method.name": "prompts/get", "gen_ai.prompt.name": "greet"},
            ),
        ],
        ids=lambda value: value.operation if isinstance(value, Operation) else "",
    )
    def test_says_the_attributes(self, record: Operation, attributes: dict[str, Any], telemetry: Telemetry) -> None:
        run(telemetry, record).end()
        assert dict(telemetry.span.attributes) == attributes

    @pytest.mark.parametrize(
        ("record", "metric", "attributes"),
        [
            (
                MemoryOperation("notes", provider="mem0", remote=True),
                CLIENT,
                {"gen_ai.operation.name": "search_memory", "gen_ai.provider.name": "mem0"},
            ),
            (
                McpRequest("add", method="tools/call", request_id="7"),
                "mcp.client.operation.duration",
                {"mcp.method.name": "tools/call", "gen_ai.operation.name": "execute_tool", "gen_ai.tool.name": "add"},
            ),
            (
                McpRequest(method="ping", server=True),
                "mcp.server.operation.duration",
                {"mcp.method.name": "ping"},
            ),
        ],
        ids=lambda value: value if isinstance(value, str) else "",
    )
    def test_says_the_metric_and_its_attributes(
        self, record: Operation, metric: str, attributes: dict[str, Any], telemetry: Telemetry
    ) -> None:
        run(telemetry, record).end()
        [point] = telemetry.metrics()[metric]
        assert (point.count, dict(point.attributes)) == (1, attributes)
        assert point.sum == pytest.approx(seconds(telemetry.span), abs=2e-9)

    def test_what_became_known_during_the_run_is_on_the_span(self, telemetry: Telemetry) -> None:
        memory = MemoryOperation("notes")
        begun = run(telemetry, memory)
        memory.record_count = 3
        begun.end()
        assert telemetry.span.attributes["gen_ai.memory.record.count"] == 3

    def test_an_error_that_the_result_tells_is_a_failure(self, telemetry: Telemetry) -> None:
        request = McpRequest("add", method="tools/call")
        begun = run(telemetry, request)
        request.error = "tool_error"
        begun.end()
        assert telemetry.span.attributes["error.type"] == "tool_error"
        assert telemetry.span.status.status_code.name == "ERROR"

    def test_content_is_there_only_where_it_is_asked_for(self, telemetry: Telemetry) -> None:
        for captures in (False, True):
            telemetry(capture_content=captures)
            run(telemetry, MemoryOperation("notes", query="Ada?", records=[{"content": "Ada"}])).end()
            texts = [text for _, text in telemetry.recording.texts() if "Ada" in text]
            assert bool(texts) is captures
        assert telemetry.span.attributes["gen_ai.memory.query.text"] == "Ada?"
        assert json.loads(telemetry.span.attributes["gen_ai.memory.records"]) == [{"content": "Ada"}]

    def test_the_conversation_of_a_run_is_on_everything_within(self, telemetry: Telemetry) -> None:
        outer = run(telemetry, WorkflowRun("refund", conversation_id="thread-3"))
        outer.attach()
        with llmotel.agent("clerk"):
            pass
        outer.detach()
        outer.end()
        assert [span.attributes["gen_ai.conversation.id"] for span in telemetry.spans] == ["thread-3"] * 2


class TestAStep:
    def test_has_no_span_and_hands_its_place_on(self, telemetry: Telemetry) -> None:
        with llmotel.agent("planner"):
            step = run(telemetry, Step("node"))
            step.attach()
            with llmotel.tool("check_stock"):
                pass
            step.detach()
            step.end()
        tool, agent = telemetry.spans
        assert (tool.name, tool.parent.span_id) == ("execute_tool check_stock", agent.context.span_id)

    def test_has_one_where_that_is_asked_for(self, telemetry: Telemetry) -> None:
        run(telemetry, Step("node", kind="graph_node"), shows_steps=True).end()
        assert (telemetry.span.name, dict(telemetry.span.attributes)) == ("node", {"llmotel.step.kind": "graph_node"})


class TestAWorkflow:
    def test_its_run_is_a_span_of_the_newest_conventions(self, telemetry: Telemetry) -> None:
        with llmotel.workflow("refund"):
            pass
        assert (telemetry.span.name, telemetry.span.kind.name) == ("invoke_workflow refund", "INTERNAL")
        assert dict(telemetry.span.attributes) == {
            "gen_ai.operation.name": "invoke_workflow",
            "gen_ai.agent.name": "refund",
        }
        [point] = telemetry.metrics()["gen_ai.invoke_agent.duration"]
        assert dict(point.attributes) == dict(telemetry.span.attributes)

    @pytest.mark.parametrize(("semconv", "newest"), [("legacy", 0), ("dup", 1)])
    def test_of_the_older_ones_too_if_that_is_asked_for(self, semconv: str, newest: int, telemetry: Telemetry) -> None:
        telemetry(semconv=semconv)
        with llmotel.workflow("refund"):
            pass
        assert telemetry.span.attributes["gen_ai.workflow.name"] == "refund"
        metrics = telemetry.metrics()
        [point] = metrics["gen_ai.invoke_workflow.duration"]
        assert dict(point.attributes) == {"gen_ai.workflow.name": "refund"}
        assert len(metrics.get("gen_ai.invoke_agent.duration", ())) == newest

    def test_its_name_is_not_that_of_the_agent_of_what_happens_within(self, telemetry: Telemetry) -> None:
        @llmotel.workflow
        def refund() -> None:
            with llmotel.tool("look_up"):
                pass
            with llmotel.agent("clerk"), llmotel.tool("pay"):
                pass

        refund()
        names = {span.name: span.attributes.get("gen_ai.agent.name") for span in telemetry.spans}
        assert names == {
            "execute_tool look_up": None,
            "execute_tool pay": "clerk",
            "invoke_agent clerk": "clerk",
            "invoke_workflow refund": "refund",
        }


class TestOneObjectUsedAtOnce:
    def test_by_several_tasks_is_a_run_of_each(self, telemetry: Telemetry) -> None:
        planner = llmotel.agent("planner")
        inside = []

        async def plan(number: int) -> None:
            async with planner:
                await asyncio.sleep(0)
                inside.append(trace.get_current_span().get_span_context().span_id)
                if number == 1:
                    planner.failed("not_found")
                await asyncio.sleep(0)

        async def plan_all() -> None:
            await asyncio.gather(*map(plan, range(3)))

        asyncio.run(plan_all())
        assert {span.context.span_id for span in telemetry.spans} == set(inside)
        assert len(inside) == 3
        assert [span.attributes.get("error.type") for span in telemetry.spans].count("not_found") == 1

    def test_by_several_threads_is_a_run_of_each(self, telemetry: Telemetry) -> None:
        check, together = llmotel.tool("check_stock"), threading.Barrier(4)

        def enter() -> None:
            with check:
                together.wait()

        threads = [threading.Thread(target=enter) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(telemetry.spans) == 4

    def test_by_tasks_within_its_own_run_is_that_run(self, telemetry: Telemetry) -> None:
        planner = llmotel.agent("planner")

        async def plan() -> None:
            async with planner:
                await asyncio.sleep(0)

        async def plan_all() -> None:
            async with planner:
                await asyncio.gather(plan(), plan())
                with llmotel.tool("check_stock"):
                    pass

        asyncio.run(plan_all())
        tool, agent = telemetry.spans
        assert tool.parent.span_id == agent.context.span_id


class TestWorkThatIsNotDoneWhenItsFunctionReturns:
    def test_of_an_object_with_an_asynchronous_call_is_timed(self, telemetry: Telemetry) -> None:
        class Check:
            async def __call__(self, article: str) -> int:
                await asyncio.sleep(LATER)
                return 3

        check = llmotel.tool("check_stock")(Check())
        assert inspect.iscoroutinefunction(check)
        assert asyncio.run(check("Gravel 3")) == 3
        assert seconds(telemetry.span) >= LATER

    def test_of_a_coroutine_that_a_function_returns_is_timed(self, telemetry: Telemetry) -> None:
        inside = []

        async def check(article: str) -> str:
            await asyncio.sleep(LATER)
            inside.append(trace.get_current_span().get_span_context().span_id)
            return article

        decorated = llmotel.tool("check_stock")(lambda article: check(article))
        telemetry(capture_content=True)
        assert asyncio.run(decorated("Gravel 3")) == "Gravel 3"
        assert seconds(telemetry.span) >= LATER
        assert inside == [telemetry.span.context.span_id]
        assert telemetry.span.attributes["gen_ai.tool.call.result"] == '"Gravel 3"'

    def test_of_generators_that_a_function_returns_is_the_run_until_they_end(self, telemetry: Telemetry) -> None:
        def words() -> Iterator[str]:
            yield "Dear "
            yield "customer"

        async def more_words() -> AsyncIterator[str]:
            yield "Dear "
            yield "customer"

        async def read(make: Callable[[], AsyncIterator[str]]) -> list[str]:
            return [word async for word in make()]

        reading = llmotel.agent("writer")(lambda: words())()
        assert next(reading) == "Dear "
        assert telemetry.spans == []
        assert list(reading) == ["customer"]
        assert asyncio.run(read(llmotel.agent("writer")(lambda: more_words()))) == ["Dear ", "customer"]
        assert len(telemetry.spans) == 2

    def test_of_futures_is_timed_and_they_are_the_callers_own(self, telemetry: Telemetry) -> None:
        async def check() -> int:
            await asyncio.sleep(LATER)
            return 3

        async def refused() -> int:
            raise KeyError("Gravel 3")

        async def work() -> None:
            task = asyncio.ensure_future(check())
            assert llmotel.tool("check_stock")(lambda: task)() is task
            assert await task == 3
            other = asyncio.ensure_future(refused())
            llmotel.tool("refused")(lambda: other)()
            with pytest.raises(KeyError):
                await other

        asyncio.run(work())
        with ThreadPoolExecutor(1) as pool:
            assert llmotel.tool("pooled")(lambda: pool.submit(int, "3"))().result() == 3
        checked, failed, pooled = telemetry.spans
        assert seconds(checked) >= LATER
        assert (failed.attributes["error.type"], pooled.name) == ("KeyError", "execute_tool pooled")

    def test_that_fails_with_nobody_looking_is_logged_by_asyncio_as_ever(self, telemetry: Telemetry) -> None:
        said: list[str] = []

        async def refused() -> None:
            raise KeyError("Gravel 3")

        async def work() -> None:
            asyncio.get_running_loop().set_exception_handler(lambda _, told: said.append(told["message"]))
            llmotel.tool("refused")(lambda: asyncio.ensure_future(refused()))()
            await asyncio.sleep(0.01)
            gc.collect()

        asyncio.run(work())
        assert said == ["Task exception was never retrieved"]
        assert telemetry.span.attributes["error.type"] == "KeyError"

    def test_that_is_closed_ends_its_span_later_since_the_garbage_collector_may_be_what_closes_it(
        self, telemetry: Telemetry
    ) -> None:
        closing, ended_meanwhile = [], []

        class Watching(SpanProcessor):
            def on_end(self, span: Any) -> None:
                ended_meanwhile.append(bool(closing))

        @llmotel.agent("writer")
        def words() -> Iterator[str]:
            yield "Dear "
            yield "customer"

        telemetry.recording.tracer_provider.add_span_processor(Watching())
        reading: Any = words()
        next(reading)
        closing.append(True)
        reading.close()
        closing.clear()
        assert telemetry.span.name == "invoke_agent writer"
        assert ended_meanwhile == [False]

    def test_that_nobody_starts_ends_when_it_is_dropped(self, telemetry: Telemetry) -> None:
        def words() -> Iterator[str]:
            yield "Dear "

        llmotel.agent("writer")(lambda: words())()
        gc.collect()
        assert telemetry.span.name == "invoke_agent writer"

    def test_fails_as_it_does_without_a_block(self, telemetry: Telemetry) -> None:
        error = KeyError("Gravel 3")

        async def check() -> None:
            raise error

        with pytest.raises(KeyError) as raised:
            asyncio.run(llmotel.tool("check_stock")(lambda: check())())
        assert raised.value is error
        assert telemetry.span.attributes["error.type"] == "KeyError"


def test_tags_in_a_generator_that_another_task_closes_are_taken_back_in_silence(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def words() -> AsyncIterator[str]:
        with llmotel.tags(feature="letters"):
            yield "Dear "
            yield "customer"

    async def read() -> None:
        reading = words()
        await asyncio.ensure_future(anext(reading))
        await asyncio.ensure_future(reading.aclose())  # type: ignore[attr-defined]

    with caplog.at_level(logging.DEBUG):
        asyncio.run(read())
    assert [record for record in caplog.records if "detach" in record.getMessage()] == []


class Found:
    """A document as vector stores give it."""

    def __init__(self, identifier: str, page_content: str) -> None:
        self.id, self.page_content = identifier, page_content


class TestARetrieval:
    def test_is_a_span_and_a_point_of_the_conventions(self, telemetry: Telemetry) -> None:
        with llmotel.retrieval("handbook", query="Which fork fits?", top_k=2):
            pass
        assert dict(telemetry.span.attributes) == {
            "gen_ai.operation.name": "retrieval",
            "gen_ai.data_source.id": "handbook",
            "gen_ai.retrieval.top_k": 2,
        }
        [point] = telemetry.metrics()[CLIENT]
        assert dict(point.attributes) == {"gen_ai.operation.name": "retrieval"}

    @pytest.mark.parametrize(
        "documents",
        [
            [{"id": "d-1", "score": 0.5, "content": "Ada's fork"}, {"id": "d-2", "score": 0.25, "text": "Ada's bell"}],
            [(Found("d-1", "Ada's fork"), 0.5), (Found("d-2", "Ada's bell"), 0.25)],
        ],
        ids=["mappings", "pairs"],
    )
    def test_says_ids_and_scores_of_what_was_found_and_the_rest_only_where_it_is_asked_for(
        self, documents: list[Any], telemetry: Telemetry
    ) -> None:
        for captures in (False, True):
            telemetry(capture_content=captures)
            with llmotel.retrieval("handbook", query="Ada's bike") as run:
                run.documents(documents)
            said = json.loads(telemetry.span.attributes["gen_ai.retrieval.documents"])
            assert [(document["id"], document["score"]) for document in said] == [("d-1", 0.5), ("d-2", 0.25)]
            assert bool([text for _, text in telemetry.recording.texts() if "Ada" in text]) is captures
        assert telemetry.span.attributes["gen_ai.retrieval.query.text"] == "Ada's bike"

    def test_of_a_function_says_what_it_was_asked_and_returned(self, telemetry: Telemetry) -> None:
        telemetry(capture_content=True)

        @llmotel.retrieval("handbook")
        async def look_up(query: str) -> list[str]:
            return [f"{query}: page 3"]

        assert asyncio.run(look_up("forks")) == ["forks: page 3"]
        attributes = telemetry.span.attributes
        assert attributes["gen_ai.retrieval.query.text"] == "forks"
        assert json.loads(attributes["gen_ai.retrieval.documents"]) == [{"content": "forks: page 3"}]

    @pytest.mark.parametrize(
        "found",
        [None, 3, "page 3", [None, 3, object()], iter("ab")],
        ids=["none", "number", "text", "list", "iterator"],
    )
    def test_whatever_is_returned_is_the_callers(self, found: Any, telemetry: Telemetry) -> None:
        assert llmotel.retrieval("handbook")(lambda: found)() is found
        assert telemetry.span.name == "retrieval handbook"
