"""A block of the application's own work with a span around it: begun, made current, ended, whatever happens within.

Everything of ours is contained here, so that the block runs as if it stood alone.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import partial
from time import perf_counter, time_ns
from types import TracebackType
from typing import TYPE_CHECKING, Any, ClassVar, TypeAlias, TypeVar

from opentelemetry import context
from opentelemetry.trace import INVALID_SPAN, Span, SpanKind, Status, StatusCode, set_span_in_context

from llmotel import semconv, setup
from llmotel.api.decorators import decorated
from llmotel.model.inference import AttributeValue
from llmotel.signals import tagging
from llmotel.signals.attributes import truncate

if TYPE_CHECKING:
    from llmotel.engine.engine import Engine
    from llmotel.model.outcome import Failure

Tags: TypeAlias = Mapping[str, AttributeValue]

_F = TypeVar("_F", bound=Callable[..., Any])
_W = TypeVar("_W", bound="Work")
# Who sets one of these wants no telemetry from us.
_SUPPRESSION_KEYS = (
    getattr(context, "_SUPPRESS_INSTRUMENTATION_KEY", "suppress_instrumentation"),
    "suppress_instrumentation",
)
_KIND = re.compile(r"[A-Za-z][A-Za-z0-9_.]{0,63}")
_OTHER = "_OTHER"  # OpenTelemetry's error.type for what has no name of few values


class Work:
    """One run of something that has a name. Entered again while it is open, it is the same run."""

    _site: ClassVar[str]

    def __init__(self, name: str) -> None:
        self.name = truncate(name)
        self._engine: Engine | None = None  # while the run is recorded
        self._failure: Failure | None = None
        self._token: Any = None
        self._entered = 0

    def again(self: _W) -> _W:
        """A run of the same, yet to begin."""
        raise NotImplementedError

    def failed(self, error: BaseException | str) -> None:
        """Makes the run a failure although nothing is raised: by an exception that was handled, or by a word of few
        values such as ``not_found``, which becomes ``error.type``."""
        engine = self._engine
        if engine is None:
            return
        try:
            from llmotel.model.outcome import UNKNOWN, Failure, message, outcome_of

            if isinstance(error, BaseException):
                self._failure = outcome_of(error)
                if engine.content.on_span:
                    self._failure.message = engine.content.text(message(error))
            else:
                kind = error if isinstance(error, str) and _KIND.fullmatch(error) else _OTHER
                self._failure = Failure(UNKNOWN, kind, kind, "")
        except Exception as problem:
            engine.guard.report_error(self._site, problem)

    def __enter__(self: _W) -> _W:
        self._entered += 1
        if self._entered == 1:
            self.begin()
            self.attach()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._entered -= 1
        if self._entered == 0:
            self.detach()
            self.end(error)

    async def __aenter__(self: _W) -> _W:
        return self.__enter__()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.__exit__(kind, error, traceback)

    def __call__(self, function: _F) -> _F:
        return decorated(self.again, function)

    def called(self, arguments: Callable[[], Mapping[str, Any]]) -> None:
        """Takes note of the arguments of a decorated function."""

    def returned(self, result: object) -> None:
        """Takes note of what a decorated function returned."""

    def begin(self) -> None:
        """Starts the span, without making it current."""
        engine = setup.engine()
        self._failure = None
        if engine is None or not engine.enabled:
            return
        try:
            here = context.get_current()
            if here and any(here.get(key) for key in _SUPPRESSION_KEYS):
                return
            self._tags = tagging.current_tags(here)
            name, said = self._identity()
            self._wall = time_ns()
            try:
                self._span: Span = engine.tracer.start_span(name, here, SpanKind.INTERNAL, said, start_time=self._wall)
            except Exception as error:  # of a span processor or sampler of the application's
                self._span = INVALID_SPAN
                engine.guard.report_error("start_span", error)
            self._context = self._within(set_span_in_context(self._span, here))
            self._clock = perf_counter()
            self._engine = engine
        except Exception as error:
            engine.guard.report_error(self._site, error)

    def attach(self) -> None:
        """Makes the span current."""
        if self._engine is not None:
            self._token = context.attach(self._context)

    def detach(self) -> None:
        """Makes what was current before :meth:`attach` current again."""
        token, self._token = self._token, None
        if token is None:
            return
        if hasattr(token, "var"):
            try:
                token.var.reset(token)
            except ValueError:  # a generator that was dropped is closed in another context, where nothing is attached
                pass
        else:
            context.detach(token)

    def end(self, error: BaseException | None = None) -> None:
        """Ends the span, as a failure if ``error`` left the block. ``GeneratorExit`` is none: nobody wanted more."""
        engine = self._engine
        if engine is None:
            return
        duration = perf_counter() - self._clock
        if error is not None and not isinstance(error, GeneratorExit):
            self.failed(error)
        self._engine = None
        failure, span = self._failure, self._span
        for step in (
            partial(self._describe, engine, span, failure),
            partial(span.end, self._wall + int(duration * 1e9)),
            partial(engine.backlog.put, partial(self._record, engine, self._context, self._tags, duration, failure)),
        ):
            try:
                step()
            except Exception as problem:
                engine.guard.report_error(self._site, problem)

    def _identity(self) -> tuple[str, dict[str, AttributeValue]]:
        """The name of the span, and what is known before it starts."""
        raise NotImplementedError

    def _within(self, inside: context.Context) -> context.Context:
        return inside

    def _describe(self, engine: Engine, span: Span, failure: Failure | None) -> None:  # noqa: ARG002
        if failure is not None and span.is_recording():
            span.set_attributes({semconv.ERROR_TYPE: failure.error_type, semconv.OUTCOME: failure.outcome})
            span.set_status(Status(StatusCode.ERROR, failure.message or failure.description))

    def _record(
        self, engine: Engine, inside: context.Context, tags: Tags, duration: float, failure: Failure | None
    ) -> None:
        """Records the metrics of one run that is over. One of the backlog's jobs: another run may have begun."""
        raise NotImplementedError


def dimensions(
    engine: Engine, tags: Tags, own: Mapping[str, AttributeValue], failure: Failure | None
) -> dict[str, AttributeValue]:
    """The attributes of a run's points."""
    chosen = engine.metric_tags
    said = {**chosen.of(tags), **{name: chosen.limited(name, value) for name, value in own.items()}}
    if failure is not None:
        said[semconv.ERROR_TYPE] = failure.error_type
    return said


__all__ = ["Tags", "Work", "dimensions"]
