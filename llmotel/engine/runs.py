"""Runs by the ids that a framework gives them, for frameworks that announce begin and end by callbacks.

Nothing is made current in a callback: of a run that hands out pieces, the span would stay current in its caller's code.
What is within a run finds it by its id instead, in whatever thread or task it is announced.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import TYPE_CHECKING, Any

from opentelemetry.context import Context, get_current

from llmotel import semconv
from llmotel.engine import operation_run
from llmotel.model.operation import AgentRun
from llmotel.signals import tagging

if TYPE_CHECKING:
    from llmotel.engine.engine import Engine
    from llmotel.engine.operation_run import OperationRun
    from llmotel.engine.scope import Scope
    from llmotel.model.inference import AttributeValue
    from llmotel.model.operation import Operation

_MOST = 10_000  # open runs
_OF_THE_RUN = frozenset({semconv.AGENT_NAME, semconv.CONVERSATION})


class _Open:
    """A run that is open. ``below`` are the ids of those that began within it."""

    __slots__ = ("below", "context", "parent", "run")

    def __init__(self, context: Context, run: OperationRun | None, parent: _Open | None) -> None:
        self.context, self.run, self.parent = context, run, parent
        self.below: dict[Hashable, None] = {}


class Runs:
    """The open runs of one framework on one engine, at most ``most``: beyond that the oldest is ended, and counted in
    ``llmotel.runs.evicted``.

    May be used by any threads at once, and by the garbage collector, without a lock: each step on the tables is one
    operation of a dict. Nothing in here raises.
    """

    def __init__(
        self, engine: Engine, signals: Scope | None = None, *, most: int = _MOST, shows_steps: bool = False
    ) -> None:
        self._engine, self._signals = engine, signals
        self._most, self._shows_steps = most, shows_steps
        self._open: dict[Hashable, _Open] = {}
        engine.at_fork.append(self._forget)

    def __len__(self) -> int:
        return len(self._open)

    def begin(
        self,
        identifier: Hashable,
        parent: Hashable | None = None,
        operation: Operation | None = None,
        facts: Mapping[str, Any] | None = None,
    ) -> None:
        """A run has begun within ``parent``; where that is unknown or ``None``, within what is current here.

        Without an ``operation`` it has no span, and what is within it is within its parent. ``facts`` are fields of the
        operation, or else attributes. An id that is open already means another run from now on: the one before ends.
        """
        try:
            outer = None if parent is None else self._open.get(parent)
            above = get_current() if outer is None else _with_tags_of(get_current(), outer.context)
            if operation is not None and facts:
                _fill(operation, facts)
            run = None
            if operation is not None:
                run = operation_run.start(self._engine, operation, above, self._signals, shows_steps=self._shows_steps)
            before = self._open.pop(identifier, None)
            self._open[identifier] = _Open(above if run is None else run.context, run, outer)
            if outer is not None:
                outer.below[identifier] = None
            if before is not None:
                self._end(before, None)
            while len(self._open) > self._most:
                self._evict()
        except Exception as error:
            self._engine.guard.report_error("runs.begin", error)

    def context(self, identifier: Hashable) -> Context | None:
        """The context that holds the run, for what is to be within it; ``None`` where it is not open."""
        found = self._open.get(identifier)
        return None if found is None else found.context

    def run(self, identifier: Hashable) -> OperationRun | None:
        """The run itself, if it is open and recorded."""
        found = self._open.get(identifier)
        return None if found is None else found.run

    def event(self, identifier: Hashable, name: str, attributes: Mapping[str, AttributeValue] | None = None) -> None:
        """Something that the conventions have no span for has happened in a run: a handoff, a guardrail that tripped.
        An event of the agent that it is part of, or, where there is none, of the outermost run. No content."""
        chosen, each = None, self._open.get(identifier)
        while each is not None:
            if each.run is not None and each.run.span.is_recording():
                chosen = each.run
                if isinstance(chosen.operation, AgentRun):
                    break
            each = each.parent
        try:
            if chosen is not None:
                chosen.span.add_event(name, attributes)
        except Exception as error:
            self._engine.guard.report_error("runs.event", error)

    def end(self, identifier: Hashable, facts: Mapping[str, Any] | None = None) -> None:
        """A run has ended, and with it all that is still open within it. An unknown id is none of ours."""
        self._finish(identifier, facts, None)

    def fail(self, identifier: Hashable, error: BaseException | str, facts: Mapping[str, Any] | None = None) -> None:
        """A run has ended in ``error``, an exception or a word of few values, and with it, in the same error, all that
        is still open within it: frameworks forget to announce the end of what was cancelled."""
        self._finish(identifier, facts, error)

    def close(self) -> None:
        """Ends all runs."""
        for identifier in self._open.copy():
            self.end(identifier)

    def _finish(self, identifier: Hashable, facts: Mapping[str, Any] | None, error: BaseException | str | None) -> None:
        try:
            found = self._open.pop(identifier, None)
            if found is None:
                return
            if found.parent is not None:
                found.parent.below.pop(identifier, None)
            if found.run is not None and facts:
                _fill(found.run.operation, facts)
            self._end(found, error)
        except Exception as problem:
            self._engine.guard.report_error("runs.end", problem)

    def _end(self, top: _Open, error: BaseException | str | None) -> None:
        """Ends a run that is no longer in the table, after all within it, the innermost first."""
        within, waiting = [top], [top]
        while waiting:
            outer = waiting.pop()
            for identifier in outer.below.copy():
                found = self._open.get(identifier)
                # The id may be that of another run by now, which has another parent.
                if found is not None and found.parent is outer and self._open.pop(identifier, None) is found:
                    within.append(found)
                    waiting.append(found)
        for each in reversed(within):
            if each.run is not None:
                each.run.end(error, deferred=True)

    def _evict(self) -> None:
        """Ends the oldest run, and only that: what is within it is younger, and perhaps at work."""
        try:
            identifier = next(iter(self._open))
        except (StopIteration, RuntimeError):  # another thread was faster
            return
        found = self._open.pop(identifier, None)
        if found is None:
            return
        self._engine.counts["runs_evicted"] += 1
        if found.parent is not None:
            found.parent.below.pop(identifier, None)
        if found.run is not None:
            found.run.end(deferred=True)

    def _forget(self) -> None:
        """In a forked child: what the parent has begun is the parent's to record."""
        for found in self._open.copy().values():
            if found.run is not None:
                found.run.is_first_finish()
        self._open.clear()


def _with_tags_of(here: Context, above: Context) -> Context:
    """``above`` with the tags that the application has set since, within it. Those that it has already stand, as do
    agent and conversation, which are the run's own."""
    local = here.get(tagging.TAGS_KEY)
    if not isinstance(local, Mapping) or not local:
        return above
    known = above.get(tagging.TAGS_KEY)
    there: Mapping[str, Any] = known if isinstance(known, Mapping) else {}
    new = {name: value for name, value in local.items() if name not in there and name not in _OF_THE_RUN}
    return tagging.with_tags(above, new) if new else above


def _fill(operation: Operation, facts: Mapping[str, Any]) -> None:
    for name, value in facts.items():
        if name in operation.field_names:
            setattr(operation, name, value)
        elif value is not None:
            operation.attributes[name] = value


__all__ = ["Runs"]
