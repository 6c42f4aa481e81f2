"""Calls that other libraries' own spans tell of: counted and priced as llmotel's, once each.

A framework that emits GenAI spans by itself, or another instrumentation, needs no second span. Its spans get the
application's tags, its calls metrics and cost, its agents and tools their durations. What an instrumented client below
makes a call of, or has joined, is counted there and not here. See docs/adr/0024-adopted-spans.md.
"""

from __future__ import annotations

import threading
import weakref
from functools import partial
from time import perf_counter
from typing import TYPE_CHECKING, Any

from opentelemetry.context import Context, get_current, set_value
from opentelemetry.sdk.trace import ReadableSpan, Span, SpanProcessor
from opentelemetry.trace import NonRecordingSpan, SpanKind, get_current_span, set_span_in_context

from llmotel import semconv
from llmotel.adoption import foreign_spans
from llmotel.engine.scope import ROOT, Scope
from llmotel.model.call_record import CallRecord
from llmotel.model.operation import AgentCounts, AgentRun, Operation, OperationRecord
from llmotel.signals import attributes as described
from llmotel.signals import operations, tagging
from llmotel.spec import Provider, Request

if TYPE_CHECKING:
    from llmotel.engine.engine import Engine
    from llmotel.model.inference import Inference

# Scopes whose spans say only after they have begun what they are about.
_LATE = frozenset({"agent_framework", "gcp.vertex.agent", "strands.telemetry.tracer"})
# Scopes of libraries that record the conventions' metrics of agents and tools by themselves.
_MEASURED = frozenset({"gcp.vertex.agent"})
_MOST = 4096  # open spans
_SCOPES = 50
_COST = (semconv.COST_AMOUNT, semconv.COST_CURRENCY, semconv.COST_SOURCE, semconv.COST_INPUT, semconv.COST_OUTPUT,
         semconv.COST_TABLE)  # fmt: skip


class _Open:
    """A span of somebody else's that is open. ``inside`` says that it is part of a call of llmotel's own, ``counted``
    that the call it may tell of is counted elsewhere: by that, or by a span below it."""

    __slots__ = ("context", "counted", "counts", "inference", "inside", "parent", "span")

    def __init__(self, span: Span, parent: _Open | None, context: Context) -> None:
        self.span: Span | None = span
        self.parent, self.context = parent, context
        self.inference: Inference | None = None
        self.counts: AgentCounts | None = None  # of an agent, what happened in its run
        if parent is None:
            self.inside = span.parent is not None and _is_own_call(get_current_span(context))
        else:
            self.inside = parent.inside and not parent.divides
        self.counted = self.inside

    @property
    def divides(self) -> bool:
        """Whether it is an agent, a tool or the like: calls below it are not the call above it."""
        operation = None if self.span is None else foreign_spans.operation_of(self.span.attributes or {})
        return operation is not None and operation not in foreign_spans.CALLS

    def agent(self) -> AgentCounts | None:
        """The counts of the innermost of their agents that it is in."""
        above = self.parent
        while above is not None:
            if above.span is not None and foreign_spans.operation_of(above.span.attributes or {}) == "invoke_agent":
                if above.counts is None:
                    above.counts = AgentCounts()
                return above.counts
            above = above.parent
        return None

    def repeats(self, operation: Operation) -> bool:
        """Whether the next agent or tool above is the same: a library's span within that of the framework around it."""
        above = self.parent
        while above is not None and not above.divides:
            above = above.parent
        if above is None or above.span is None:
            return False
        outer = foreign_spans.read_operation(above.span.attributes or {}, server=False)
        return type(outer) is type(operation) and outer is not None and outer.name == operation.name


class Adoption(SpanProcessor):
    """Counts other libraries' calls on ``engine``. Does nothing any more once the engine has ended."""

    def __init__(self, engine: Engine) -> None:
        self._engine = weakref.ref(engine)
        self._open: dict[int, _Open] = {}
        self._scopes: dict[str, Scope] = {}
        self._making = threading.Lock()
        engine.at_fork.append(self._forget)

    def on_start(self, span: Span, parent_context: Context | None = None) -> None:
        own = _is_own(span)
        if own and (span.parent is None or not self._open):  # most calls, and they are not to wait
            return
        engine = self._live()
        if engine is None:
            return
        try:
            if not own:
                self._begin(span, get_current() if parent_context is None else parent_context)
            elif _is_own_call(span):
                self._note_counted(span)
                self._note_agent(engine, span)
        except Exception as error:
            engine.guard.report_error("adoption", error)

    def on_end(self, span: ReadableSpan) -> None:
        if not self._open or span.context is None:
            return
        found = self._open.pop(span.context.span_id, None)
        if found is None:
            return
        found.span = None
        engine = self._live()
        if engine is None or not foreign_spans.is_genai(span.attributes or {}):
            return
        try:
            self._count(engine, span, found)
        except Exception as error:
            engine.guard.report_error("adoption", error)

    def force_flush(self, timeout_millis: int = 30_000) -> bool:  # noqa: ARG002
        return True

    def _live(self) -> Engine | None:
        engine = self._engine()
        return engine if engine is not None and engine.enabled and not engine.ended else None

    def _begin(self, span: Span, here: Context) -> None:
        parent = None if span.parent is None else self._open.get(span.parent.span_id)
        self._open[span.get_span_context().span_id] = _Open(span, parent, here)
        if len(self._open) > _MOST:
            self._open.pop(next(iter(self._open.copy())), None)  # a copy: other threads go on
        said = span.attributes or {}
        scope = span.instrumentation_scope
        if foreign_spans.is_genai(said) or (scope is not None and scope.name in _LATE):
            tags = tagging.current_tags(here)
            if tags:
                span.set_attributes({tag: value for tag, value in tags.items() if tag not in said})
            # The SDK lets no processor write to a span that is ending: what has a price says so before.
            _own_attributes(span)["end"] = partial(self._ending, span)

    def _note_agent(self, engine: Engine, span: Span) -> None:
        """A call of llmotel's own has begun in a run of one of their agents."""
        above = None if span.parent is None else self._open.get(span.parent.span_id)
        counts = None if above is None else _Open(span, above, above.context).agent()
        if counts is not None:
            engine.backlog.put(partial(_add_call, counts))

    def _note_counted(self, span: ReadableSpan) -> None:
        """The call of ``span`` is counted: the spans above it, up to the next agent or tool, tell of the same one."""
        above = None if span.parent is None else self._open.get(span.parent.span_id)
        while above is not None and not above.divides:
            above.counted = True
            above = above.parent

    def _ending(self, span: Span, end_time: int | None = None) -> None:
        """Stands in for ``end`` of a span that may tell of a call: puts its cost on it first."""
        _own_attributes(span).pop("end", None)
        engine = self._live()
        try:
            found = self._open.get(span.get_span_context().span_id)
            if engine is not None and found is not None and not found.counted and span.is_recording():
                self._price(engine, span, found)
        except Exception as error:
            if engine is not None:
                engine.guard.report_error("adoption", error)
        finally:
            span.end(end_time)

    def _price(self, engine: Engine, span: Span, found: _Open) -> None:
        said = span.attributes or {}
        inference = _call_of(engine, said)
        found.inference = inference
        if inference is not None and inference.cost is not None:
            cost = described.response(inference, legacy=False)
            span.set_attributes({name: cost[name] for name in _COST if name in cost and name not in said})

    def _count(self, engine: Engine, span: ReadableSpan, found: _Open) -> None:
        since = perf_counter()
        if span.start_time is None or span.end_time is None or span.context is None:
            return
        said, scope = span.attributes or {}, span.instrumentation_scope
        library = "" if scope is None else scope.name
        tags, agent = tagging.current_tags(found.context), found.agent()
        context = set_span_in_context(NonRecordingSpan(span.context), found.context)
        duration, failure = (span.end_time - span.start_time) / 1e9, foreign_spans.failure_of(span)
        operation = foreign_spans.read_operation(said, server=span.kind is SpanKind.SERVER)
        if operation is not None:
            if library not in _MEASURED and not found.repeats(operation):
                outer = agent or found.context.get(tagging.AGENT_KEY)
                counts = (found.counts or AgentCounts()) if isinstance(operation, AgentRun) else None
                ended = OperationRecord(operation, context, tags, duration, failure, counts, outer)  # type: ignore[arg-type]
                engine.backlog.put(partial(_record, engine, self._scope(engine, library), ended))
            return
        inference = found.inference or _call_of(engine, said)
        if inference is None or found.counted:
            return
        self._note_counted(span)
        if agent is not None:
            context = set_value(tagging.AGENT_KEY, agent, context)
        record = CallRecord(
            library, inference, context, tags, span.start_time, duration, failure, 0, None, None, None, False
        )
        record.recorded = True
        signals = self._scope(engine, library)
        record.overhead = perf_counter() - since
        engine.backlog.put(partial(engine.record, record, signals))

    def _scope(self, engine: Engine, library: str) -> Scope:
        scope = self._scopes.get(library)
        if scope is None:
            with self._making:
                if library not in self._scopes and len(self._scopes) >= _SCOPES:
                    library = "other"
                if library not in self._scopes:
                    self._scopes[library] = engine.scope(Provider(library, library, ("0", None), (), _no_endpoint))
                scope = self._scopes[library]
        return scope

    def _forget(self) -> None:
        self._open.clear()
        self._making = threading.Lock()


def _call_of(engine: Engine, said: Any) -> Inference | None:
    """The call that a span tells of, with its price; ``None`` where llmotel has joined the span and counts it."""
    if semconv.USAGE_SOURCE in said:
        return None
    inference = foreign_spans.read(said)
    if inference is not None:
        described.sanitize(inference)
        inference.cost = engine.prices.price(inference)
    return inference


def _record(engine: Engine, scope: Scope, ended: OperationRecord) -> None:
    error_type = "" if ended.failure is None else engine.error_type(ended.failure)
    operations.record(scope.metrics, engine.metric_tags, ended, error_type, latest=engine.latest, legacy=engine.legacy)


def _add_call(counts: AgentCounts) -> None:
    counts.inference_calls += 1


def _is_own(span: ReadableSpan) -> bool:
    scope = span.instrumentation_scope
    return scope is not None and scope.name.startswith(ROOT) and (scope.name == ROOT or scope.name[len(ROOT)] == ".")


def _is_own_call(span: object) -> bool:
    """Whether a span is that of a call which llmotel itself records."""
    return (
        isinstance(span, ReadableSpan)
        and _is_own(span)
        and (span.attributes or {}).get(semconv.OPERATION) in foreign_spans.CALLS
    )


def _own_attributes(span: Any) -> dict[str, Any]:
    own: dict[str, Any] = vars(span)
    return own


def _no_endpoint(request: Request) -> None:
    """Nothing of such a library is wrapped."""


__all__ = ["Adoption"]
