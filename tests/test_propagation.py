"""Context into threads and processes, where the application asks for it."""

from __future__ import annotations

import asyncio
import multiprocessing
import pickle
import threading
from concurrent.futures import Executor, ProcessPoolExecutor, ThreadPoolExecutor
from typing import Any

import pytest
from opentelemetry import context, trace

import llmotel
from llmotel.signals.tagging import current_tags
from telemetry import Telemetry


def seen(*_: object) -> tuple[dict[str, Any], int]:
    """The tags and the span that are current where this runs."""
    return dict(current_tags(context.get_current())), trace.get_current_span().get_span_context().trace_id


def failing() -> None:
    raise KeyError("Gravel 3")


class TestAFunction:
    def test_runs_with_the_context_of_where_it_was_wrapped(self, telemetry: Telemetry) -> None:
        def work() -> None:
            with llmotel.tool("check_stock"):
                pass

        with llmotel.agent("planner"), llmotel.tags(feature="orders"):
            wrapped, bare = (threading.Thread(target=target) for target in (llmotel.propagate(work), work))
        for thread in (wrapped, bare):
            thread.start()
            thread.join()
        agent, carried, alone = telemetry.spans
        assert carried.parent.span_id == agent.context.span_id
        assert carried.attributes["llmotel.feature"] == "orders"
        assert carried.attributes["gen_ai.agent.name"] == "planner"
        assert (alone.parent, "llmotel.feature" in alone.attributes) == (None, False)

    def test_returns_and_raises_as_it_does_and_leaves_the_context_as_it_was(self) -> None:
        before = context.get_current()
        assert llmotel.propagate(int)("3") == 3
        with pytest.raises(KeyError):
            llmotel.propagate(failing)()
        assert context.get_current() is before
        assert llmotel.propagate(failing).__name__ == "failing"

    def test_that_is_a_coroutine_function_has_it_while_it_runs(self) -> None:
        async def look() -> dict[str, Any]:
            await asyncio.sleep(0)
            return seen()[0]

        with llmotel.tags(feature="orders"):
            wrapped = llmotel.propagate(look)
        assert asyncio.run(wrapped()) == {"llmotel.feature": "orders"}

    def test_can_be_pickled_where_the_function_can(self, telemetry: Telemetry) -> None:
        with llmotel.workflow("refund"), llmotel.tags(feature="orders"):
            wrapped, here = llmotel.propagate(seen), seen()
        assert pickle.loads(pickle.dumps(wrapped))() == here


class TestAnExecutor:
    def test_of_threads_runs_each_job_in_the_context_it_was_handed_in(self, telemetry: Telemetry) -> None:
        with ThreadPoolExecutor(2) as own, llmotel.propagate(own) as pool:
            found = []
            for feature in ("orders", "search"):
                with llmotel.tags(feature=feature), llmotel.agent(feature):
                    here = seen()
                    found += [(pool.submit(seen).result(), here), *((each, here) for each in pool.map(seen, [1, 2]))]
            assert own.submit(seen).result() == ({}, 0)  # the one that was given is left as it is
        assert [job for job, _ in found] == [here for _, here in found]

    def test_is_one_to_everybody(self) -> None:
        pool = llmotel.propagate(ThreadPoolExecutor(1))
        assert isinstance(pool, Executor)
        assert pool._max_workers == 1

        async def run() -> dict[str, Any]:
            with llmotel.tags(feature="orders"):
                return (await asyncio.get_running_loop().run_in_executor(pool, seen))[0]

        assert asyncio.run(run()) == {"llmotel.feature": "orders"}
        pool.shutdown()

    def test_of_processes_takes_tags_and_trace_along(self, telemetry: Telemetry) -> None:
        spawn = multiprocessing.get_context("spawn")
        pool = llmotel.propagate(ProcessPoolExecutor(1, mp_context=spawn))
        with pool, llmotel.workflow("refund"), llmotel.tags(feature="orders"):
            here = seen()
            jobs = [pool.submit(seen).result(60), *pool.map(seen, [1, 2], timeout=60)]
        assert jobs == [here] * 3


@pytest.mark.parametrize("value", [None, 3, "text", object()], ids=["none", "number", "text", "object"])
def test_anything_else_is_left_as_it_is(value: Any) -> None:
    assert llmotel.propagate(value) is value
