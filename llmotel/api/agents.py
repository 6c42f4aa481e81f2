"""Agents, workflows and tools: work of the application's own, as the GenAI conventions describe it.

A span around the work, a duration, and the agent's name on everything that happens within.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeVar, overload

from llmotel.api.block import Block
from llmotel.engine.operation_run import OperationRun
from llmotel.model.operation import AgentRun, ToolRun, WorkflowRun
from llmotel.signals.attributes import truncate

_F = TypeVar("_F", bound=Callable[..., Any])


@overload
def agent(name: str) -> Agent: ...
@overload
def agent(name: _F) -> _F: ...
def agent(name: Any) -> Any:
    """A run of the agent ``name``: a span ``invoke_agent NAME``, and a point of ``gen_ai.invoke_agent.duration``.

    For ``with`` and ``async with``, and as a decorator of functions of any kind: coroutines, generators and
    asynchronous generators too, and functions that return one or a future; their run lasts until they end. The calls
    and tools within have ``gen_ai.agent.name`` on their spans, and are counted for the innermost agent
    (``gen_ai.invoke_agent.inference_calls``, ``.tool_calls``). What the block raises makes the run a failure, and goes
    on as it is; so does ``run.failed("not_found")``. One object may be used by many tasks and threads at once: each has
    a run of its own. Does nothing before ``init()``; never raises.

    >>> with llmotel.agent("planner"):
    ...     client.chat.completions.create(...)

    >>> @llmotel.agent("planner")
    ... async def plan(task): ...
    """
    return Agent(getattr(name, "__name__", "agent"))(name) if callable(name) else Agent(str(name))


@overload
def workflow(name: str) -> Workflow: ...
@overload
def workflow(name: _F) -> _F: ...
def workflow(name: Any) -> Any:
    """A run of the workflow ``name``, made of agents, tools and calls: a span ``invoke_workflow NAME``, and a point of
    ``gen_ai.invoke_agent.duration`` with ``gen_ai.operation.name`` ``invoke_workflow``.

    To be used as :func:`agent` is. Its name is ``gen_ai.agent.name`` of its own span, as in the conventions since
    v0.1.0, and of nothing within. With ``LLMOTEL_SEMCONV=legacy`` or ``dup`` it is ``gen_ai.workflow.name`` too, and
    has a point of ``gen_ai.invoke_workflow.duration``.

    >>> with llmotel.workflow("refund"), llmotel.agent("clerk"):
    ...     client.chat.completions.create(...)
    """
    return Workflow(getattr(name, "__name__", "workflow"))(name) if callable(name) else Workflow(str(name))


@overload
def tool(name: str, *, type: str = ..., call_id: str | None = ...) -> Tool: ...
@overload
def tool(name: _F) -> _F: ...
def tool(name: Any, *, type: str = "function", call_id: str | None = None) -> Any:  # noqa: A002
    """A run of the tool ``name``: a span ``execute_tool NAME``, and a point of ``gen_ai.execute_tool.duration``.

    To be used as :func:`agent` is. ``type`` is ``function``, ``extension`` or ``datastore``, ``call_id`` what the model
    calls this run by. What went in and came out is content: recorded on the span, and only under the content policy.
    A decorated function tells it by itself, a block says it: ``run.arguments(...)``, ``run.result(...)``.

    >>> with llmotel.tool(call.function.name, call_id=call.id) as run:
    ...     run.arguments(call.function.arguments)
    ...     run.result(result := look_up(**json.loads(call.function.arguments)))

    >>> @llmotel.tool("check_stock")
    ... def check_stock(article): ...
    """
    if callable(name):
        return Tool(getattr(name, "__name__", "tool"), type, call_id)(name)
    return Tool(str(name), type, call_id)


class Agent(Block):
    """An agent that is run: what :func:`agent` returns."""

    def _operation(self) -> AgentRun:
        return AgentRun(self.name)


class Workflow(Block):
    """A workflow that is run: what :func:`workflow` returns."""

    def _operation(self) -> WorkflowRun:
        return WorkflowRun(self.name)


class Tool(Block):
    """A tool that is run: what :func:`tool` returns."""

    def __init__(self, name: str, type: str, call_id: str | None) -> None:  # noqa: A002
        super().__init__(name)
        self._type = truncate(str(type))
        self._call_id = None if call_id is None else truncate(str(call_id))

    def _operation(self) -> ToolRun:
        return ToolRun(self.name, type=self._type, call_id=self._call_id)

    def arguments(self, value: object) -> None:
        """What the tool is called with: a mapping, or its JSON text. Recorded as it is now, if content is at all."""
        run = self._run()
        if run is not None:
            run.note("arguments", value)

    def result(self, value: object) -> None:
        """What came out: any JSON value, or its text. Recorded as it is now, if content is at all."""
        run = self._run()
        if run is not None:
            run.note("result", value)

    def returned(self, run: OperationRun, result: object) -> None:
        run.note("result", result)

    def _called(self, run: OperationRun, given: Callable[[], Mapping[str, Any]]) -> None:
        try:
            values = given()
        except Exception:  # they do not fit the function, which is about to say so itself
            return
        run.note("arguments", values)


__all__ = ["Agent", "Tool", "Workflow", "agent", "tool", "workflow"]
