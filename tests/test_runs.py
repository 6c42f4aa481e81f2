"""Runs by id, as frameworks with callbacks announce them: parents, threads, and ends that nobody announces."""

from __future__ import annotations

import asyncio
import gc
import os
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import openai
import pytest
from opentelemetry import context, trace

import llmotel
from llmotel.engine.runs import Runs
from llmotel.model.operation import AgentRun, McpRequest, MemoryOperation, Retrieval, Step, ToolRun, WorkflowRun
from llmotel.testing import ProviderServer
from telemetry import Telemetry


class GraphInterrupt(Exception):
    """An error of a framework's."""


@pytest.fixture
def runs(telemetry: Telemetry) -> Runs:
    return Runs(telemetry.engine)


def parents(telemetry: Telemetry) -> dict[str, str | None]:
    """The name of each span's parent."""
    names = {span.context.span_id: span.name for span in telemetry.spans}
    return {span.name: None if span.parent is None else names[span.parent.span_id] for span in telemetry.spans}


class TestParents:
    def test_are_found_by_id_and_nothing_is_made_current(self, runs: Runs, telemetry: Telemetry) -> None:
        before = context.get_current()
        runs.begin("w", None, WorkflowRun("refund"))
        runs.begin("a", "w", AgentRun("clerk"))
        runs.begin("t", "a", ToolRun("pay"))
        assert context.get_current() is before
        for identifier in ("t", "a", "w"):
            runs.end(identifier)
        assert parents(telemetry) == {
            "execute_tool pay": "invoke_agent clerk",
            "invoke_agent clerk": "invoke_workflow refund",
            "invoke_workflow refund": None,
        }
        assert len(runs) == 0

    def test_without_an_operation_hand_on_their_own_parent(self, runs: Runs, telemetry: Telemetry) -> None:
        runs.begin(1, None, AgentRun("clerk"))
        runs.begin(2, 1)
        runs.begin(3, 2, Step("node"))
        runs.begin(4, 3, ToolRun("pay"))
        for identifier in (4, 3, 2, 1):
            runs.end(identifier)
        assert parents(telemetry) == {"execute_tool pay": "invoke_agent clerk", "invoke_agent clerk": None}

    @pytest.mark.parametrize("parent", [None, "never-announced"])
    def test_that_are_unknown_mean_what_is_current(self, parent: str | None, runs: Runs, telemetry: Telemetry) -> None:
        with llmotel.workflow("refund"):
            runs.begin("t", parent, ToolRun("pay"))
        runs.end("t")
        assert parents(telemetry)["execute_tool pay"] == "invoke_workflow refund"

    def test_are_right_whatever_thread_announces_them(self, runs: Runs, telemetry: Telemetry) -> None:
        together = threading.Barrier(8)

        def work(number: int) -> None:
            together.wait()
            for turn in range(20):
                key = f"{number}/{turn}"
                runs.begin(key, None, AgentRun(key))
                with ThreadPoolExecutor(1) as pool:  # its threads know nothing of what is current here
                    pool.submit(runs.begin, f"{key}/t", key, ToolRun(f"tool {key}")).result()
                    pool.submit(runs.end, f"{key}/t").result()
                runs.end(key)

        with ThreadPoolExecutor(8) as threads:
            list(threads.map(work, range(8)))
        found = parents(telemetry)
        assert len(found) == 320
        assert all(
            parent == f"invoke_agent {name.removeprefix('execute_tool tool ')}"
            for name, parent in found.items()
            if name.startswith("execute_tool")
        )

    def test_hand_down_agent_conversation_and_tags(
        self, runs: Runs, telemetry: Telemetry, server: ProviderServer
    ) -> None:
        with llmotel.tags(feature="orders"):
            runs.begin("a", None, AgentRun("clerk", conversation_id="thread-3"))
        inside = runs.context("a")
        assert inside is not None
        token = context.attach(inside)  # as the framework's own "current" variable would have it
        with openai.OpenAI(api_key="sk-loopback", base_url=server.openai_url) as client:
            client.chat.completions.create(model="gpt-4.1", messages=[{"role": "user", "content": "Hello"}])
        context.detach(token)
        with llmotel.tags(feature="other", user_id="u-1"):  # set within the run, by the application
            runs.begin("t", "a", ToolRun("pay"))
        runs.end("t")
        runs.end("a")
        for span in telemetry.spans:
            assert span.attributes["gen_ai.agent.name"] == "clerk"
            assert span.attributes["gen_ai.conversation.id"] == "thread-3"
            assert span.attributes["llmotel.feature"] == "orders"
        assert [span.attributes.get("user.id") for span in telemetry.spans] == [None, "u-1", None]
        metrics = telemetry.metrics()
        assert metrics["gen_ai.invoke_agent.inference_calls"][0].sum == 1
        assert metrics["gen_ai.invoke_agent.tool_calls"][0].sum == 1

    def test_by_id_say_which_agent_it_is_whatever_agent_is_current(self, runs: Runs, telemetry: Telemetry) -> None:
        runs.begin("w", None, WorkflowRun("refund"))
        with llmotel.agent("somebody else"):
            runs.begin("t", "w", ToolRun("pay"))
        runs.end("w")
        tool = next(span for span in telemetry.spans if span.name == "execute_tool pay")
        assert "gen_ai.agent.name" not in tool.attributes


class TestEnds:
    def test_fill_in_what_became_known(self, runs: Runs, telemetry: Telemetry) -> None:
        runs.begin("m", None, MemoryOperation("notes"), {"provider": "mem0", "app.batch": 3})
        runs.end("m", {"record_count": 2})
        attributes = telemetry.span.attributes
        assert attributes["gen_ai.provider.name"] == "mem0"
        assert attributes["gen_ai.memory.record.count"] == 2
        assert attributes["app.batch"] == 3

    def test_with_an_error_are_failures(self, runs: Runs, telemetry: Telemetry) -> None:
        runs.begin("r", None, Retrieval("handbook"))
        runs.fail("r", GraphInterrupt("Ada's question"))
        runs.begin("m", None, McpRequest("add", method="tools/call"))
        runs.fail("m", "tool_error")
        assert [span.attributes["error.type"] for span in telemetry.spans] == [
            "test_runs.GraphInterrupt",
            "tool_error",
        ]
        assert not [text for _, text in telemetry.recording.texts() if "Ada" in text]

    def test_end_what_is_still_open_within_the_innermost_first_and_in_the_same_error(
        self, runs: Runs, telemetry: Telemetry
    ) -> None:
        runs.begin("a", None, AgentRun("clerk"))
        runs.begin("chain", "a")
        runs.begin("t", "chain", ToolRun("pay"))
        runs.begin("r", "t", Retrieval("handbook"))
        runs.begin("other", None, AgentRun("buyer"))
        runs.fail("a", asyncio.CancelledError())
        assert [span.name for span in telemetry.spans] == [
            "retrieval handbook",
            "execute_tool pay",
            "invoke_agent clerk",
        ]
        assert {span.attributes["llmotel.outcome"] for span in telemetry.spans} == {"cancelled"}
        assert len(runs) == 1
        runs.end("t")  # announced late
        assert len(telemetry.spans) == 3

    def test_of_what_was_never_announced_or_has_ended_do_nothing(self, runs: Runs, telemetry: Telemetry) -> None:
        runs.end("never")
        runs.fail("never", KeyError())
        runs.begin("a", None, AgentRun("clerk"))
        runs.end("a")
        runs.end("a")
        assert len(telemetry.spans) == 1

    def test_may_come_from_the_garbage_collector(self, runs: Runs, telemetry: Telemetry) -> None:
        class Stream:
            def __del__(self) -> None:
                runs.end("a")

        stream: Any = Stream()
        stream.itself = stream
        runs.begin("a", None, AgentRun("clerk"))
        del stream
        gc.collect()
        assert telemetry.span.name == "invoke_agent clerk"

    def test_may_come_at_once_and_end_a_run_once(self, runs: Runs, telemetry: Telemetry) -> None:
        together = threading.Barrier(8)

        def end(number: int) -> None:
            for turn in range(50):
                if number == 0:
                    runs.begin(turn, None, AgentRun("clerk"))
                    runs.begin((turn, "t"), turn, ToolRun("pay"))
                together.wait()
                runs.end(turn if number % 2 else (turn, "t"))
                together.wait()

        with ThreadPoolExecutor(8) as threads:
            list(threads.map(end, range(8)))
        assert len(telemetry.spans) == 100
        assert len(runs) == 0

    def test_of_the_framework_itself_end_all(self, runs: Runs, telemetry: Telemetry) -> None:
        runs.begin("a", None, AgentRun("clerk"))
        runs.begin("b", None, AgentRun("buyer"))
        runs.close()
        assert len(telemetry.spans) == 2


class TestEvents:
    def test_are_of_the_innermost_agent(self, runs: Runs, telemetry: Telemetry) -> None:
        runs.begin("w", None, WorkflowRun("refund"))
        runs.begin("a", "w", AgentRun("clerk"))
        runs.begin("chain", "a")
        runs.begin("t", "chain", ToolRun("pay"))
        runs.event("t", "handoff", {"to": "buyer"})
        runs.end("w")
        found = {span.name: [(event.name, dict(event.attributes)) for event in span.events] for span in telemetry.spans}
        assert found == {
            "execute_tool pay": [],
            "invoke_agent clerk": [("handoff", {"to": "buyer"})],
            "invoke_workflow refund": [],
        }

    def test_are_of_the_outermost_run_where_there_is_no_agent(self, runs: Runs, telemetry: Telemetry) -> None:
        runs.begin("w", None, WorkflowRun("refund"))
        runs.begin("node", "w", Step("node"))
        runs.event("node", "guardrail")
        runs.event("never announced", "guardrail")
        runs.end("w")
        assert [event.name for event in telemetry.span.events] == ["guardrail"]


class TestAnIdUsedAgain:
    def test_after_its_end_is_another_run(self, runs: Runs, telemetry: Telemetry) -> None:
        for _ in range(2):
            runs.begin("a", None, AgentRun("clerk"))
            runs.end("a")
        assert len(telemetry.spans) == 2

    def test_before_its_end_ends_the_run_that_had_it(self, runs: Runs, telemetry: Telemetry) -> None:
        runs.begin("a", None, AgentRun("first"))
        runs.begin("t", "a", ToolRun("pay"))
        runs.begin("a", None, AgentRun("second"))
        runs.end("a")
        assert [span.name for span in telemetry.spans] == [
            "execute_tool pay",
            "invoke_agent first",
            "invoke_agent second",
        ]

    def test_elsewhere_does_not_end_with_the_parent_that_it_had(self, runs: Runs, telemetry: Telemetry) -> None:
        runs.begin("a", None, AgentRun("clerk"))
        runs.begin("b", None, AgentRun("buyer"))
        runs.begin("t", "a", ToolRun("pay"))
        runs.begin("t", "b", ToolRun("order"))
        runs.end("a")
        assert [span.name for span in telemetry.spans] == ["execute_tool pay", "invoke_agent clerk"]
        runs.end("t")
        runs.end("b")
        assert parents(telemetry)["execute_tool order"] == "invoke_agent buyer"


class TestBounds:
    def test_the_oldest_goes_where_there_are_too_many_and_is_counted(self, telemetry: Telemetry) -> None:
        runs = Runs(telemetry.engine, most=3)
        for number in range(5):
            runs.begin(number, None, AgentRun(f"agent-{number}"))
        assert len(runs) == 3
        assert [span.name for span in telemetry.spans] == ["invoke_agent agent-0", "invoke_agent agent-1"]
        assert telemetry.metrics()["llmotel.runs.evicted"][0].value == 2

    def test_what_is_within_it_stays(self, telemetry: Telemetry) -> None:
        runs = Runs(telemetry.engine, most=2)
        runs.begin("a", None, AgentRun("clerk"))
        runs.begin("t", "a", ToolRun("pay"))
        runs.begin("b", None, AgentRun("buyer"))
        assert [span.name for span in telemetry.spans] == ["invoke_agent clerk"]
        runs.end("t")
        assert parents(telemetry)["execute_tool pay"] == "invoke_agent clerk"

    def test_nothing_is_kept_of_what_has_ended(self, runs: Runs, telemetry: Telemetry) -> None:
        runs.begin("a", None, AgentRun("clerk"))
        for number in range(100):
            runs.begin(number, "a", ToolRun("pay"))
            runs.end(number)
        assert len(runs) == 1
        assert runs._open["a"].below == {}


class TestThatNothingOfOursIsInTheWay:
    def test_while_llmotel_is_disabled_runs_only_have_their_places(self, runs: Runs, telemetry: Telemetry) -> None:
        llmotel.disable()
        runs.begin("a", None, AgentRun("clerk"))
        llmotel.enable()
        runs.begin("t", "a", ToolRun("pay"))
        runs.end("t")
        runs.end("a")
        assert [(span.name, span.parent) for span in telemetry.spans] == [("execute_tool pay", None)]

    def test_errors_of_ours_are_contained(self, runs: Runs, telemetry: Telemetry) -> None:
        telemetry.engine.guard.raise_errors = False
        runs.begin("a", None, AgentRun("clerk"))
        runs.begin(["no", "hash"])  # type: ignore[arg-type]
        runs.end(["no", "hash"])  # type: ignore[arg-type]
        assert list(telemetry.engine.guard.last_errors) == ["runs.begin: TypeError", "runs.end: TypeError"]
        telemetry.engine.guard.last_errors.clear()

    @pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
    def test_a_forked_child_leaves_its_parents_runs_to_the_parent(self, runs: Runs, telemetry: Telemetry) -> None:
        runs.begin("a", None, AgentRun("clerk"))
        pid = os.fork()
        if pid == 0:  # no assertion here: it would run the parent's tests again
            runs.end("a")
            telemetry.engine.flush()
            os._exit(len(telemetry.recording.spans()) + len(runs))
        assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
        runs.end("a")
        assert telemetry.span.name == "invoke_agent clerk"


def test_the_callers_current_span_is_its_own_between_the_pieces_of_a_run(runs: Runs, telemetry: Telemetry) -> None:
    def stream() -> Any:
        runs.begin("a", None, AgentRun("writer"))
        yield "Dear "
        yield "customer"
        runs.end("a")

    seen = [trace.get_current_span().get_span_context().is_valid for _ in stream()]
    assert seen == [False, False]
    assert telemetry.span.name == "invoke_agent writer"
