"""The life of a span: started, made current while the application's own code runs, ended exactly once.

One lifecycle for everything that has a span: calls to models (:class:`llmotel.engine.call.Call`) and the operations
around them (agents, tools, retrievals). Nothing in here raises into the application.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import count
from time import perf_counter, time_ns
from typing import TYPE_CHECKING, Any, Protocol

from opentelemetry.context import Context, attach
from opentelemetry.trace import INVALID_SPAN, NonRecordingSpan, Span, SpanKind, Tracer, set_span_in_context

from llmotel.model.inference import AttributeValue
from llmotel.signals.attachment import detach

if TYPE_CHECKING:
    from llmotel.model.outcome import Failure


class Reporter(Protocol):
    """Where errors of ours go: a :class:`llmotel.guard.Guard`."""

    def report_error(self, site: str, error: BaseException) -> None:
        """Accounts for ``error``, caught at ``site``."""


class Run:
    """One span under way. ``context`` holds the span; ``parent_context`` is where it began.

    ``started`` and ``duration`` are seconds of ``perf_counter``, ``start_time_ns`` is since the epoch.
    """

    __slots__ = (
        "_latch",
        "_token",
        "context",
        "duration",
        "failure",
        "guard",
        "parent_context",
        "span",
        "start_time_ns",
        "started",
        "tags",
    )

    context: Context
    parent_context: Context
    span: Span
    start_time_ns: int
    started: float
    tags: Mapping[str, AttributeValue]

    def __init__(self, guard: Reporter) -> None:
        self.guard = guard
        self.failure: Failure | None = None
        self.duration = 0.0
        self._latch = count()  # next() is atomic
        self._token: Any = None

    def start_span(
        self,
        tracer: Tracer,
        name: str,
        kind: SpanKind,
        attributes: Mapping[str, AttributeValue],
        parent_context: Context,
    ) -> None:
        """Starts the span, without making it current."""
        self.parent_context = parent_context
        self.start_time_ns = time_ns()
        try:
            self.span = tracer.start_span(name, parent_context, kind, attributes, start_time=self.start_time_ns)
        except Exception as error:  # of a span processor or sampler of the application's
            self.span = INVALID_SPAN
            self.guard.report_error("start_span", error)
        self.context = set_span_in_context(self.span, parent_context)
        self.started = perf_counter()

    def attach(self) -> None:
        """Makes the span current."""
        self._token = attach(self.context)

    def detach(self) -> None:
        """Makes current again what was before :meth:`attach`: no span stays current while the caller's code runs."""
        token, self._token = self._token, None
        if token is not None:
            detach(token)

    def is_first_finish(self) -> bool:
        """True once, for the first of all that may end this run, in whatever thread."""
        return next(self._latch) == 0

    def end_span(self) -> None:
        """Ends the span ``duration`` seconds after it began."""
        try:
            self.span.end(self.start_time_ns + int(self.duration * 1e9))
        except Exception as error:
            self.guard.report_error("span_end", error)

    def forget_span(self) -> None:
        """Keeps the identity of the span that has ended, and lets go of what it holds."""
        span = self.span = NonRecordingSpan(self.span.get_span_context())
        self.context = set_span_in_context(span, Context())


__all__ = ["Reporter", "Run"]
