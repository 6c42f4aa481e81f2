"""Agents and the tools that they run: work of the application's own, as the conventions describe it.

``invoke_agent`` and ``execute_tool`` of the GenAI conventions: a span around the work, a duration, and the agent's name
on everything that happens within.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, TypeVar, overload

from opentelemetry import context

from llmotel import semconv
from llmotel.api.operation import Tags, Work, dimensions
from llmotel.model.inference import AttributeValue
from llmotel.signals import tagging
from llmotel.signals.attributes import truncate

if TYPE_CHECKING:
    from opentelemetry.trace import Span

    from llmotel.engine.engine import Engine
    from llmotel.model.outcome import Failure

_F = TypeVar("_F", bound=Callable[..., Any])


@overload
def agent(name: str) -> Agent: ...
@overload
def agent(name: _F) -> _F: ...
def agent(name: Any) -> Any:
    """A run of the agent ``name``: a span ``invoke_agent NAME``, and a point of ``gen_ai.invoke_agent.duration``.

    For ``with`` and ``async with``, and as a decorator of functions of any kind: coroutines, generators and
    asynchronous generators too, whose run lasts until they end. The calls and tools within have ``gen_ai.agent.name``
    on their spans, and are counted (``gen_ai.invoke_agent.inference_calls``, ``.tool_calls``) for the innermost agent.
    What the block raises makes the run a failure, and goes on as it is; so does ``run.failed("not_found")``. Does
    nothing before ``init()``; never raises.

    >>> with llmotel.agent("planner"):
    ...     client.chat.completions.create(...)

    >>> @llmotel.agent("planner")
    ... async def plan(task): ...
    """
    return Agent(getattr(name, "__name__", "agent"))(name) if callable(name) else Agent(str(name))


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


class Counts:
    """What an agent had to do, counted by the backlog's jobs."""

    __slots__ = ("inference_calls", "tool_calls")

    def __init__(self) -> None:
        self.inference_calls = self.tool_calls = 0


class Agent(Work):
    """A run of an agent: what :func:`agent` returns."""

    _site = "agent"

    def again(self) -> Agent:
        return Agent(self.name)

    def _identity(self) -> tuple[str, dict[str, AttributeValue]]:
        said = {semconv.OPERATION: "invoke_agent", **self._tags, semconv.AGENT_NAME: self.name}
        return f"invoke_agent {self.name}", said

    def _within(self, inside: context.Context) -> context.Context:
        named = tagging.with_tags(inside, {semconv.AGENT_NAME: self.name})
        return context.set_value(tagging.AGENT_KEY, Counts(), named)

    def _record(
        self, engine: Engine, inside: context.Context, tags: Tags, duration: float, failure: Failure | None
    ) -> None:
        metrics, own = engine.metrics, {semconv.AGENT_NAME: self.name}
        metrics.histogram(semconv.AGENT_DURATION, "s", "Duration of an agent's run", semconv.AGENT_EDGES).record(
            duration, dimensions(engine, tags, own, failure), inside
        )
        said = dimensions(engine, tags, own, None)
        counts: Any = inside.get(tagging.AGENT_KEY)
        for name, unit, number in (
            (semconv.AGENT_INFERENCES, "{inference_call}", counts.inference_calls),
            (semconv.AGENT_TOOLS, "{tool_call}", counts.tool_calls),
        ):
            metrics.histogram(name, unit, "What an agent's run took", semconv.CALL_EDGES).record(number, said, inside)


class Tool(Work):
    """A run of a tool: what :func:`tool` returns."""

    _site = "tool"

    def __init__(self, name: str, type: str, call_id: str | None) -> None:  # noqa: A002
        super().__init__(name)
        self._type = truncate(str(type))
        self._call_id = None if call_id is None else truncate(str(call_id))
        self._content: dict[str, Any] = {}

    def again(self) -> Tool:
        return Tool(self.name, self._type, self._call_id)

    def arguments(self, value: object) -> None:
        """What the tool is called with: a mapping, or its JSON text. Recorded as it is now, if content is at all."""
        self._keep(semconv.TOOL_ARGUMENTS, value)

    def result(self, value: object) -> None:
        """What came out: any JSON value, or its text. Recorded as it is now, if content is at all."""
        self._keep(semconv.TOOL_RESULT, value)

    def called(self, arguments: Callable[[], Mapping[str, Any]]) -> None:
        if self._engine is not None and self._engine.content.on_span:
            try:
                given = arguments()
            except Exception:  # they do not fit the function, which is about to say so itself
                return
            self._keep(semconv.TOOL_ARGUMENTS, given)

    def returned(self, result: object) -> None:
        self._keep(semconv.TOOL_RESULT, result)

    def _keep(self, name: str, value: object) -> None:
        engine = self._engine
        if engine is None or not engine.content.on_span:
            return
        try:
            from llmotel.content.policy import Rendered

            rendered = Rendered()
            text = engine.content.value(_parsed(value), rendered)
            self._content[name] = text, rendered
        except Exception as error:
            engine.guard.report_error(self._site, error)

    def _identity(self) -> tuple[str, dict[str, AttributeValue]]:
        said: dict[str, AttributeValue] = {
            semconv.OPERATION: "execute_tool",
            semconv.TOOL_NAME: self.name,
            semconv.TOOL_TYPE: self._type,
        }
        if self._call_id is not None:
            said[semconv.TOOL_CALL_ID] = self._call_id
        self._content = {}
        return f"execute_tool {self.name}", {**said, **self._tags}

    def _describe(self, engine: Engine, span: Span, failure: Failure | None) -> None:
        super()._describe(engine, span, failure)
        if self._content and engine.content.keeps(failed=failure is not None):
            cut = 0
            for name, (text, rendered) in self._content.items():
                span.set_attribute(name, text)
                cut += rendered.truncated_bytes
                engine.counts["truncated_bytes"] += rendered.truncated_bytes
                engine.counts["redactions"] += rendered.redactions
            if cut:
                span.set_attribute(semconv.TRUNCATED_BYTES, cut)

    def _record(
        self, engine: Engine, inside: context.Context, tags: Tags, duration: float, failure: Failure | None
    ) -> None:
        counts = inside.get(tagging.AGENT_KEY)
        if isinstance(counts, Counts):
            counts.tool_calls += 1
        own: dict[str, AttributeValue] = {semconv.TOOL_NAME: self.name, semconv.TOOL_TYPE: self._type}
        name = tags.get(semconv.AGENT_NAME)
        if name is not None:
            own[semconv.AGENT_NAME] = name
        engine.metrics.histogram(
            semconv.TOOL_DURATION, "s", "Duration of a tool's run", semconv.DURATION_EDGES
        ).record(duration, dimensions(engine, tags, own, failure), inside)  # fmt: skip


def _parsed(value: object) -> object:
    """What JSON text holds, as the conventions want it; other text as it is."""
    if isinstance(value, str):
        try:
            return json.loads(value)
        except (ValueError, RecursionError):
            pass
    return value


__all__ = ["Agent", "Tool", "agent", "tool"]
