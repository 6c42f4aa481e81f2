"""The life of one call: begun before the library's own code runs, finished exactly once after it.

Everything here runs on the caller's thread, so it does what must happen there and nothing else: read the response while
it is as the library made it, set the span's attributes, end the span. Metrics and events go to the backlog.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextvars import ContextVar
from functools import partial
from itertools import count
from time import perf_counter, time_ns
from typing import TYPE_CHECKING, Any

from opentelemetry.context import Context, attach, detach
from opentelemetry.trace import INVALID_SPAN, Span, SpanKind, Status, StatusCode, set_span_in_context

from llmotel import semconv
from llmotel.grounding.score import assess
from llmotel.model import outcome
from llmotel.model.inference import AttributeValue, Inference
from llmotel.model.outcome import Failure
from llmotel.prices.estimate import estimate
from llmotel.signals import attributes
from llmotel.spec import Endpoint

if TYPE_CHECKING:
    from llmotel.content.policy import Rendered
    from llmotel.engine.engine import Engine
    from llmotel.guard import Guard
    from llmotel.model.chunk_timing import ChunkTiming

_ERROR = "error"
_FAILURE = 3  # attributes that say how a call failed
_IDENTITY = 12  # attributes that a span starts with, some of them an application's span processor's


class Call:
    """One call in flight. ``guard`` contains what goes wrong in readers, ``context`` holds the call's span."""

    __slots__ = (
        "context",
        "described",
        "duration",
        "endpoint",
        "engine",
        "failure",
        "finishes",
        "first_chunk",
        "guard",
        "inference",
        "overhead",
        "rendered",
        "retries",
        "span",
        "start_time_ns",
        "started",
        "stream_outcome",
        "tags",
        "timing",
        "token",
    )

    def __init__(
        self,
        engine: Engine,
        guard: Guard,
        endpoint: Endpoint,
        inference: Inference,
        parent_context: Context,
        tags: Mapping[str, AttributeValue],
        started: float,
    ) -> None:
        self.engine = engine
        self.guard = guard
        self.endpoint = endpoint
        self.inference = inference
        self.tags = tags
        self.failure: Failure | None = None
        self.first_chunk: float | None = None
        self.stream_outcome: str | None = None
        self.timing: ChunkTiming | None = None
        self.rendered: Rendered | None = None
        self.retries = 0
        self.duration = 0.0
        self.finishes = count()  # next() is atomic: whoever gets 0 finishes the call
        model = inference.request_model
        if model is not None:
            model = inference.request_model = attributes.truncate(model)
        self.start_time_ns = time_ns()
        self.described: dict[str, AttributeValue] | None = None
        said = attributes.identity(inference, tags)
        if len(said) + _FAILURE > engine.attribute_limit:
            said = attributes.fitted(said, engine.attribute_limit - _FAILURE)
        try:
            self.span: Span = engine.tracer.start_span(
                f"{inference.operation} {model}" if model is not None else inference.operation,
                parent_context,
                SpanKind.CLIENT,
                said,
                start_time=self.start_time_ns,
            )
        except Exception as error:
            # A span processor or sampler of the application's. The metrics go on, and it does not count as an error of
            # the instrumentation, which switches itself off for its own.
            self.span = INVALID_SPAN
            engine.guard.report_error("start_span", error)
        self.context = set_span_in_context(self.span, parent_context)
        latest.set(self)
        self.token = attach(self.context)
        self.started = perf_counter()
        self.overhead = self.started - started

    def detach(self) -> None:
        """Takes the call's span out of the context again: none stays attached while the caller's code runs."""
        detach(self.token)

    def read(self, payload: Any) -> None:
        """Reads a whole response: an SDK object or the same thing as a dict."""
        inference, endpoint = self.inference, self.endpoint
        try:
            endpoint.read_response(inference, payload)
            endpoint.read_answer(inference, payload)
            if self.engine.content.captures:
                endpoint.read_output(inference, payload)
        except Exception as error:
            self.guard.report_error(f"{inference.provider}.read_response", error)

    def around(self, parser: Callable[[Any], Any]) -> Callable[[Any], Any]:
        """``parser``, which makes the caller's object of an answer, in a way that reads the answer where it fails."""

        def parse(answer: Any) -> Any:
            try:
                return parser(answer)
            except BaseException:
                if not self.duration:  # a raw response is parsed by the caller, after the call
                    self.read(answer)
                raise

        return parse

    def fail(self, error: BaseException) -> None:
        """Finishes a call that ended in ``error``."""
        try:
            self.failure = outcome.outcome_of(error)
            engine = self.engine
            if engine.config.events or engine.content.captures:
                # Now, because the exception goes on to code that may change it or keep it for long.
                self.failure.stacktrace = outcome.frames(error)
                if engine.content.captures:
                    self.failure.message = engine.content.text(outcome.message(error))
        except Exception as problem:
            self.guard.report_error("outcome", problem)
        self.finish()

    def finish(self, ended: float | None = None) -> None:
        """Ends the span and hands the rest over; only the first of several calls does anything. Never raises.

        ``ended`` is the ``perf_counter`` reading at which the call ended, by default now.
        """
        if next(self.finishes):
            return
        begun = perf_counter()
        self.duration = (begun if ended is None else ended) - self.started
        guard = self.guard
        try:
            self._complete()
        except Exception as error:
            guard.report_error("finish", error)
        span = self.span
        try:
            if span.is_recording():
                self._set_attributes(span)
        except Exception as error:
            guard.report_error("attributes", error)
        try:
            span.end(self.start_time_ns + int(self.duration * 1e9))
        except Exception as error:
            self.engine.guard.report_error("span_end", error)
        try:
            self.overhead += perf_counter() - begun
            self.engine.backlog.put(partial(self.engine.record, self))
        except Exception as error:
            guard.report_error("backlog", error)

    def _complete(self) -> None:
        """Fills what follows from what was read: cost, grounding, where the usage comes from."""
        inference, engine = self.inference, self.engine
        attributes.sanitize(inference)
        if inference.error is not None and self.failure is None:
            self.failure = outcome.failure_from_code(inference.error)
        usage = inference.usage
        if usage is not None:
            if inference.usage_source == "missing":
                inference.usage_source = "provider"
            try:
                inference.cost = engine.prices.price(inference)
            except Exception as error:
                self.guard.report_error("cost", error)
        elif inference.reported_cost is not None:
            inference.cost = engine.prices.price(inference)
        elif inference.stream and engine.config.stream_usage == "estimate":
            estimate(inference)
        else:
            inference.usage_source = "missing"  # also where it was asked for
        if inference.answer is not None:
            try:
                found, given = assess(inference.answer), inference.grounding
                if given is not None and found is not None:  # a score given by hand stands
                    found.score, found.method = given.score, given.method
                inference.grounding = found or given
            except Exception as error:
                self.guard.report_error("grounding", error)
        if engine.content.captures:
            try:
                self.rendered = engine.content.render(inference, failed=self.failure is not None, span=self.span)
            except Exception as error:
                self.guard.report_error("content", error)

    def describe(self) -> dict[str, AttributeValue]:
        """What the span says of the finished call besides identity and content; worked out once."""
        if self.described is not None:
            return self.described
        inference, failure = self.inference, self.failure
        described = self.described = attributes.response(inference, legacy=self.engine.legacy)
        if self.tags:  # what the application itself says of its prompt or conversation stands
            for name in self.tags.keys() & described.keys():
                del described[name]
        if self.retries:
            described[semconv.RETRIES] = self.retries
        if inference.stream:
            if self.first_chunk is not None:
                described[semconv.TIME_TO_FIRST_CHUNK] = self.first_chunk
            if self.stream_outcome is not None:
                described[semconv.STREAM_OUTCOME] = self.stream_outcome
            if self.timing is not None:
                described[semconv.STREAM_CHUNKS] = self.timing.chunks
            if not inference.complete and inference.usage is not None:
                described[semconv.USAGE_PARTIAL] = True
        if failure is not None:
            described[semconv.ERROR_TYPE] = failure.error_type
            described[semconv.OUTCOME] = failure.outcome
            if failure.status_code is not None:
                described[semconv.HTTP_STATUS] = failure.status_code
            if not inference.finish_reasons and inference.stream:
                described[semconv.FINISH_REASONS] = [_ERROR]
        return described

    def _set_attributes(self, span: Span) -> None:
        failure, rendered = self.failure, self.rendered
        described = self.describe()
        if rendered is not None:
            described = {**described, **rendered.span}
            if rendered.truncated_bytes:
                described[semconv.TRUNCATED_BYTES] = rendered.truncated_bytes
        limit = self.engine.attribute_limit
        if len(described) + len(self.tags) + _IDENTITY > limit:
            described = attributes.fitted(described, limit - len(getattr(span, "attributes", None) or ()))
        # The status says what the caller met; an error that is told in the answer is in error.type and the outcome.
        if failure is not None and failure.exception_type:
            said = failure.message if self.engine.content.on_span else ""
            span.set_status(Status(StatusCode.ERROR, said or failure.description))
        span.set_attributes(described)

    def release(self) -> None:
        """Drops what was only needed to record the call: ``latest`` may hold the call for long."""
        inference = self.inference
        inference.system = inference.input = inference.output = inference.tools = inference.accumulator = None
        inference.answer = self.rendered = self.described = self.timing = None


latest: ContextVar[Call | None] = ContextVar("llmotel_latest_call", default=None)
"""The call begun last in this context: what ``record_quality`` means when nothing else is said."""
