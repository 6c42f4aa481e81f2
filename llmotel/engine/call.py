"""The life of one call to a model: begun before the library's own code runs, finished exactly once after it.

Everything here runs on the caller's thread, so it does what must happen there and nothing else: read the response while
it is as the library made it, set the span's attributes, end the span. Metrics and events go to the backlog, as a
:class:`~llmotel.model.call_record.CallRecord`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextvars import ContextVar
from functools import partial
from time import perf_counter
from typing import TYPE_CHECKING, Any

from opentelemetry.context import Context
from opentelemetry.trace import Span, SpanKind, Status, StatusCode

from llmotel import semconv
from llmotel.engine.run import Run
from llmotel.engine.suppression import claimed
from llmotel.grounding.score import assess
from llmotel.model import outcome
from llmotel.model.call_record import CallRecord
from llmotel.model.inference import AttributeValue, Inference
from llmotel.prices.estimate import estimate
from llmotel.signals import attributes
from llmotel.spec import Endpoint

if TYPE_CHECKING:
    from llmotel.content.policy import Rendered
    from llmotel.engine.engine import Engine
    from llmotel.engine.scope import Scope
    from llmotel.guard import Guard
    from llmotel.model.chunk_timing import ChunkTiming

_FAILURE = 3  # attributes that say how a call failed
_IDENTITY = 12  # attributes that a span starts with, some of them an application's span processor's


class Call(Run):
    """One call in flight. ``guard`` contains what goes wrong in readers; ``faulty`` says that something did.

    ``overhead`` adds up what llmotel takes of the calling thread; ``ended`` is when the library's own code was done.
    """

    __slots__ = (
        "__weakref__",
        "attempts",
        "begun",
        "endpoint",
        "engine",
        "faulty",
        "finished",
        "first_chunk",
        "inference",
        "overhead",
        "rendered",
        "retries",
        "scope",
        "stream_outcome",
        "timing",
    )

    guard: Guard

    def __init__(
        self,
        scope: Scope,
        guard: Guard,
        endpoint: Endpoint,
        inference: Inference,
        tags: Mapping[str, AttributeValue],
    ) -> None:
        super().__init__(guard)
        self.scope = scope
        self.engine: Engine = scope.engine
        self.endpoint = endpoint
        self.inference = inference
        self.tags = tags
        self.first_chunk: float | None = None
        self.stream_outcome: str | None = None
        self.timing: ChunkTiming | None = None
        self.rendered: Rendered | None = None
        self.attempts = self.retries = 0
        self.overhead = 0.0
        self.begun = self.faulty = self.finished = False

    def begin(self, parent_context: Context, body: Any, since: float, *, claims: bool = False) -> None:
        """Starts the span and makes it current; reads the content of ``body`` where somebody will see it. ``since`` is
        when llmotel's work for this call began, in seconds of ``perf_counter``."""
        inference, endpoint = self.inference, self.endpoint
        model, operation = inference.request_model, inference.operation
        if model is not None:
            model = inference.request_model = attributes.truncate(model)
        self.start_span(
            self.scope.tracer,
            f"{operation} {model}" if model else operation,
            SpanKind.INTERNAL if endpoint.internal else SpanKind.CLIENT,
            self._identity(),
            parent_context,
        )
        if claims:
            self.context = claimed(self.context, self)
        if self.engine.reads_content(self.span):
            try:
                endpoint.read_input(inference, body)
            except Exception as error:
                self.report(f"{inference.provider}.read_input", error)
        self.begun = True
        self.engine.note_begun(self)
        latest.set(self)
        self.attach()
        now = perf_counter()
        self.started = now
        self.overhead = now - since

    def _identity(self) -> dict[str, AttributeValue]:
        """The attributes that the span starts with, with room left for how the call fails."""
        identity = attributes.identity(self.inference, self.tags)
        room = self.engine.attribute_limit - _FAILURE
        return identity if len(identity) <= room else attributes.truncate_attributes(identity, room)

    def report(self, site: str, error: BaseException) -> None:
        """Accounts for an error of ours: of a reader, or of the engine itself."""
        self.faulty = True
        self.guard.report_error(site, error)

    def read(self, payload: Any) -> None:
        """Reads a whole response: an SDK object or the same thing as a dict."""
        inference, endpoint = self.inference, self.endpoint
        try:
            if endpoint.decode is not None:
                payload = endpoint.decode(payload)
            endpoint.read_response(inference, payload)
            endpoint.read_answer(inference, payload)
            if self.engine.reads_content(self.span):
                endpoint.read_output(inference, payload)
        except Exception as error:
            self.report(f"{inference.provider}.read_response", error)

    def around(self, parser: Callable[[Any], Any]) -> Callable[[Any], Any]:
        """``parser``, which makes the caller's object of an answer, in a way that reads the answer where it fails."""

        def parse(answer: Any) -> Any:
            try:
                return parser(answer)
            except BaseException:
                if not self.finished:  # a raw response is parsed by the caller, after the call
                    self.read(answer)
                raise

        return parse

    def fail(self, error: BaseException) -> None:
        """Finishes a call that ended in ``error``."""
        ended = perf_counter()
        if self.is_first_finish():
            self.note_failure(error)
            self.complete(ended)

    def note_failure(self, error: BaseException) -> None:
        """Says that the call failed, and how. Never raises."""
        provider, engine = self.scope.provider, self.engine
        try:
            self.failure = outcome.outcome_of(error, provider.read_error, provider.outcomes)
            if engine.events_enabled or engine.content.captures:
                # Now, because the exception goes on to code that may change it or keep it for long.
                self.failure.stacktrace = outcome.frames(error)
                if engine.content.captures:
                    self.failure.message = engine.content.text(outcome.message(error))
        except Exception as problem:
            self.report("outcome", problem)

    def finish(self, ended: float | None = None) -> None:
        """Ends the span and hands the rest over; only the first of several calls does anything. Never raises.

        ``ended`` is the ``perf_counter`` reading at which the library's part ended, by default now: what comes after it
        is llmotel's own, and counts as overhead, not as duration.
        """
        if self.is_first_finish():
            self.complete(perf_counter() if ended is None else ended)

    def complete(self, ended: float) -> None:
        """The end of a call, for the one that :meth:`is_first_finish`."""
        self.finished = True
        self.duration = ended - self.started
        try:
            self._conclude()
        except Exception as error:
            self.report("finish", error)
        inference = self.inference
        record = CallRecord(
            self.scope.library,
            inference,
            self.context,
            self.tags,
            self.start_time_ns,
            self.duration,
            self.failure,
            self.retries if inference.retries is None else inference.retries,
            self.first_chunk,
            self.timing,
            self.stream_outcome,
            self.endpoint.usage_injection is not None,
        )
        record.rendered = self.rendered
        span = self.span
        try:
            if span.is_recording():
                record.recorded = True
                self._set_attributes(span, record)
        except Exception as error:
            self.report("attributes", error)
        self.end_span()
        try:
            if self.faulty:
                self.scope.health.failed(self.endpoint)
            self.engine.remember(self)
            record.overhead = self.overhead + (perf_counter() - ended)
            self.engine.backlog.put(partial(self._hand_over, record))
        except Exception as error:
            self.guard.report_error("backlog", error)

    def _hand_over(self, record: CallRecord) -> None:
        """On the backlog's thread: records the metrics and events, and drops what was only needed for them."""
        self.engine.record(record, self.scope)
        inference = self.inference
        inference.system = inference.input = inference.output = inference.tools = inference.accumulator = None
        inference.answer = self.rendered = self.timing = None
        self.forget_span()

    def _conclude(self) -> None:
        """Fills what follows from what was read: cost, grounding, where the usage comes from."""
        inference, engine = self.inference, self.engine
        attributes.sanitize(inference)
        if inference.error is not None and self.failure is None:
            self.failure = outcome.failure_from_code(inference.error, self.scope.provider.outcomes)
        usage = inference.usage
        if usage is not None:
            if inference.usage_source == "missing":
                inference.usage_source = "provider"
            try:
                inference.cost = engine.prices.price(inference)
            except Exception as error:
                self.report("cost", error)
        elif inference.reported_cost is not None:
            inference.cost = engine.prices.price(inference)
        elif inference.stream and engine.estimates_usage:
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
                self.report("grounding", error)
        if engine.reads_content(self.span):
            try:
                self.rendered = engine.content.render(inference, failed=self.failure is not None, span=self.span)
            except Exception as error:
                self.report("content", error)

    def _set_attributes(self, span: Span, record: CallRecord) -> None:
        engine, failure, rendered = self.engine, self.failure, self.rendered
        described = attributes.describe(record, legacy=engine.legacy)
        if rendered is not None:
            described = {**described, **rendered.span}
            if rendered.truncated_bytes:
                described[semconv.TRUNCATED_BYTES] = rendered.truncated_bytes
        limit = engine.attribute_limit
        if len(described) + len(self.tags) + _IDENTITY > limit:
            room = limit - len(getattr(span, "attributes", None) or ())
            described = attributes.truncate_attributes(described, room)
        # The status says what the caller met; an error that the answer tells is in error.type and the outcome.
        if failure is not None and failure.exception_type:
            message = failure.message if engine.content.on_span else ""
            span.set_status(Status(StatusCode.ERROR, message or failure.description))
        span.set_attributes(described)


latest: ContextVar[Call | None] = ContextVar("llmotel_latest_call", default=None)
"""The call begun last in this context."""
