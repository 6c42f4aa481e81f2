"""The engine: one set of providers and policies, and everything that a call needs of them, made once."""

from __future__ import annotations

import atexit
import logging
import os
import time
import weakref
from collections.abc import Callable, Iterator, Mapping
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

from opentelemetry import _logs, metrics, trace

from llmotel import runtime, semconv
from llmotel.content.disabled import NoContentPolicy
from llmotel.engine.backlog import Backlog
from llmotel.engine.provider_names import Hosts
from llmotel.engine.scope import ROOT, Scope, make_events, make_metrics
from llmotel.guard import Guard, log_once
from llmotel.model.outcome import is_known_code
from llmotel.prices.calculator import Prices, load_user_table
from llmotel.signals import observables, tagging
from llmotel.signals.events import OFF
from llmotel.signals.metrics import OWN_COUNTERS
from llmotel.version import __version__

if TYPE_CHECKING:
    from llmotel.config.config import Config
    from llmotel.content.policy import ContentPolicy
    from llmotel.model.call_record import CallRecord
    from llmotel.model.inference import AttributeValue, Inference
    from llmotel.model.outcome import Failure
    from llmotel.signals.console import ConsoleLine
    from llmotel.spec import Provider, UsageInjection

_FIRST = next(iter(OWN_COUNTERS))  # the one that the SDK asks for before the others
_COLLECTING = 5.0  # seconds; the SDK gives all callbacks of a collection 10
_UNLIMITED = 1 << 30
_UNPRICED = 10  # names that status() shows
_RECENT = 256  # calls that can be scored by the id of their response
logger = logging.getLogger("llmotel")


class Engine:
    """Telemetry for calls. Providers left ``None`` are OpenTelemetry's global ones, also when those are set later.

    ``enabled`` is the kill switch: a call that begins while it is false is passed through untouched.
    """

    def __init__(
        self,
        config: Config,
        tracer_provider: trace.TracerProvider | None = None,
        meter_provider: metrics.MeterProvider | None = None,
        logger_provider: _logs.LoggerProvider | None = None,
    ) -> None:
        self.config = config
        self.tracer_provider, self.meter_provider = tracer_provider, meter_provider
        self.logger_provider = logger_provider
        self.enabled = not (config.disabled or config.sdk_disabled)
        self.latest = config.semconv in ("latest", "dup")
        self.legacy = config.semconv in ("legacy", "dup")
        self.guard = Guard(raise_errors=config.raise_errors)
        # What a wrong setting fails in comes first: instruments cannot be taken out of a meter again.
        self.prices = Prices(load_user_table(config.prices) if config.prices else None)
        self.hosts = Hosts(config.provider_hosts)
        self.metric_tags = tagging.MetricTags(config.metric_tags, config.metric_tag_values)
        self.content = _content(config, self.guard)
        self.events_enabled = config.events != OFF
        self.estimates_usage = config.stream_usage == "estimate"
        # Content is also read, and dropped again, where token counts are to be estimated from it.
        self.always_reads_content = self.estimates_usage or self.content.on_event or self.content.hook is not None
        self.counts: dict[str, int] = dict.fromkeys(OWN_COUNTERS, 0)
        self.unpriced: set[str] = set()  # the first providers and models that had no price
        self.refused_usage: set[str] = set()  # hosts that do not take the question for a stream's usage
        self.backlog = Backlog(self.guard.report_error, self._dropped, self._add_sums)
        self.tracer = trace.get_tracer(ROOT, __version__, tracer_provider)
        self.attribute_limit = _attribute_limit(tracer_provider or trace.get_tracer_provider())
        self.scopes: dict[str, Scope] = {}
        self.metrics = make_metrics(self, ROOT)
        for key, (name, unit, description) in OWN_COUNTERS.items():
            self.metrics.observe(name, unit, description, _Counter(self, key), adds=True)
        self.activity: Callable[[Engine], Mapping[str, bool]] | None = None  # libraries, set by those who wrap them
        self.metrics.observe(
            semconv.INSTRUMENTATION_ACTIVE, "{instrumentation}", "Whether a library's calls are recorded", self._active
        )
        self.events = make_events(self, ROOT)
        self.console = _console() if config.console else None
        self.open_streams: dict[int, weakref.ref[Any]] = {}  # what watches a stream, by its id
        self.recent: dict[str, Any] = {}  # the last calls, by the ids of their responses
        self.at_fork: list[Callable[[], None]] = []  # what else has to begin anew in a forked child
        self._warned_of_usage = False
        self._ended = False
        runtime.add(self)

    def scope(self, provider: Provider) -> Scope:
        """The signals of one library."""
        scope = self.scopes.get(provider.library)
        if scope is None:
            scope = self.scopes[provider.library] = Scope(self, provider)
        return scope

    def reads_content(self, span: trace.Span) -> bool:
        """Whether anything will see the content of a call with ``span``: nothing is read for nobody."""
        return self.always_reads_content or (self.content.captures and span.is_recording())

    def asks_for_usage(self, injection: UsageInjection, inference: Inference) -> bool:
        """Whether a stream that can be asked for its usage is asked."""
        chosen = self.config.stream_usage
        if chosen == "auto":
            if inference.provider not in injection.providers:
                return False
        elif chosen != "inject":
            return False
        return (inference.server_address or inference.provider) not in self.refused_usage

    def refuse_usage(self, host: str) -> None:
        """Notes, and logs once, that ``host`` does not take the question for a stream's usage."""
        if host not in self.refused_usage:
            self.refused_usage.add(host)
            logger.warning(
                "llmotel: %s does not take stream_options: its streams are no longer asked for their usage, and have "
                "neither tokens nor cost",
                host,
            )

    def note_begun(self, call: Any) -> None:
        """Makes a call known to the block of ``llmotel.call()`` that it began in."""
        block = blocks.get()
        if block is not None:
            block.append(call)

    def remember(self, call: Any) -> None:
        """Keeps a call, so that it can be scored by the id of its response."""
        identifier = call.inference.response_id
        if identifier is not None:
            recent = self.recent
            recent[identifier] = call
            if len(recent) > _RECENT:
                recent.pop(next(iter(recent)), None)

    def warm(self) -> None:
        """Loads what the first call would otherwise wait for, on the backlog's thread: prices at once, since every call
        has one, and what grounding takes, which few need, a moment later."""
        self.backlog.put_first(self.prices.warm)
        self.backlog.put(_warm_grounding)

    def record(self, record: CallRecord, scope: Scope) -> None:
        """Records the metrics and events of a finished call. Runs on the backlog's thread or in a collection."""
        inference = record.inference
        counts = self.counts
        if inference.usage is not None and inference.cost is None:
            counts["unpriced"] += 1
            if len(self.unpriced) < _UNPRICED:
                self.unpriced.add(f"{inference.provider} {inference.response_model or inference.request_model}")
        if (
            inference.stream
            and inference.usage is None
            and record.stream_outcome == "completed"
            and inference.operation in semconv.INFERENCE_OPERATIONS  # fetching a response has no usage of its own
        ):
            self._without_usage(inference.provider, can_ask=record.can_ask_for_usage)
        if record.rendered is not None:
            counts["truncated_bytes"] += record.rendered.truncated_bytes
            counts["redactions"] += record.rendered.redactions
        failure = record.failure
        error_type = "" if failure is None else self.error_type(failure)
        # What fails is perhaps a log processor or meter of the application's, or its stderr: no library's
        # instrumentation switches itself off for it.
        try:
            scope.metrics.record(record, self.metric_tags.of(record.tags), error_type)
        except Exception as error:
            self.guard.report_error("metrics", error)
        try:
            scope.events.emit(record)
        except Exception as error:
            self.guard.report_error("events", error)
        if self.console is not None:
            try:
                self.console.write(
                    inference, record.duration, record.first_chunk, record.failure, record.stream_outcome
                )
            except Exception as error:
                self.guard.report_error("console", error)
        agent: Any = record.context.get(tagging.AGENT_KEY)
        if agent is not None and inference.operation in semconv.INFERENCE_OPERATIONS:
            agent.inference_calls += 1

    def error_type(self, failure: Failure) -> str:
        """``error.type`` as metrics may have it. A gateway may put an id into its code: codes that are not known count
        until there are as many as a tag may have values, and are ``_OTHER`` from then on."""
        given = failure.error_type
        if given == failure.exception_type or is_known_code(given):
            return given
        return str(self.metric_tags.limited(semconv.ERROR_TYPE, given, other="_OTHER"))

    def _without_usage(self, provider: str, *, can_ask: bool) -> None:
        self.counts["streams_without_usage"] += 1
        if not self._warned_of_usage:
            self._warned_of_usage = True
            remedy = "Pass stream_options={'include_usage': True}, or set LLMOTEL_STREAM_USAGE=inject"
            logger.warning(
                "llmotel: a stream from %s carried no usage, so its tokens and cost are unknown. %s (logged once, "
                "counted in llmotel.streams.without_usage)",
                provider,
                remedy if can_ask else "LLMOTEL_STREAM_USAGE=estimate counts roughly",
            )

    def settle(self) -> None:
        """Brings the counts up to now: what waits in the backlog belongs into the collection that is under way. Not for
        so long that the SDK gives the collection up."""
        self.backlog.drain(work=_COLLECTING)

    def counted(self) -> dict[str, int]:
        """llmotel's own counters, brought up to now."""
        counts = self.counts
        counts["errors"] = self.guard.errors
        counts["tag_overflow"] = self.metric_tags.overflow
        counts["uploads_dropped"] = getattr(self.content.hook, "dropped", 0)
        counts["uploads_failed"] = getattr(self.content.hook, "failed", 0)
        return counts

    def reject(self, what: str) -> None:
        """Counts what the application gave and llmotel leaves out because it is wrong, and says so once."""
        self.counts["rejected"] += 1
        log_once(what)

    def _active(self) -> Iterator[tuple[float, Mapping[str, AttributeValue]]]:
        if self.activity is not None:
            for library, active in self.activity(self).items():
                yield int(active), {semconv.LIBRARY: library}

    def _add_sums(self) -> None:
        """At the end of each of the backlog's rounds."""
        for scope in tuple(self.scopes.values()):
            scope.metrics.add_sums()

    def _dropped(self) -> None:
        self.counts["dropped"] += 1

    def flush(self, timeout: float = 10.0) -> bool:
        """Records everything that waits, within ``timeout`` seconds; ``True`` when all of it is."""
        deadline = time.monotonic() + timeout
        done = self.backlog.drain(timeout, timeout)
        return self.content.flush(max(deadline - time.monotonic(), 0)) and done

    def watchers(self) -> list[Any]:
        """What watches the streams that are open."""
        # A copy first: a stream can begin in another thread, or end in the garbage collector, at any point.
        found = [reference() for reference in self.open_streams.copy().values()]
        return [watcher for watcher in found if watcher is not None]

    def after_fork_in_child(self) -> None:
        """What the parent has begun and counted is the parent's to record and report."""
        for watcher in self.watchers():
            watcher.call.is_first_finish()
        self.open_streams.clear()
        self.counts.update(dict.fromkeys(self.counts, 0))
        self.guard.errors = 0
        self.metrics.reset_after_fork()
        for scope in self.scopes.values():
            scope.reset_after_fork()
        for action in self.at_fork:
            action()

    def shutdown(self) -> None:
        """Ends the streams that are still open, records what waits, and stops the backlog's thread. Its counts and
        gauges are still observed, by the last collection of its providers, until :meth:`retire`."""
        if self._ended:
            return
        self._ended = True
        try:
            for watcher in self.watchers():
                watcher.finish("abandoned")
        finally:
            try:
                self.backlog.close()
            finally:
                self.content.shutdown()
                runtime.remove(self)
                atexit.unregister(self.shutdown)

    @property
    def ended(self) -> bool:
        """Whether it has been shut down."""
        return self._ended

    def retire(self) -> None:
        """Reports nothing any more; what was counted stays where it is."""
        observables.retire(self)


class _Counter:
    """One of llmotel's own counters, as it is observed."""

    def __init__(self, engine: Engine, key: str) -> None:
        self._engine = weakref.ref(engine)
        self._key = key
        self._last = 0

    def __call__(self) -> Iterator[tuple[float, Mapping[str, AttributeValue]]]:
        engine = self._engine()
        if engine is not None:
            if self._key == _FIRST:
                engine.settle()
            self._last = engine.counted()[self._key]
        yield self._last, {}


def _attribute_limit(provider: object) -> int:
    """How many attributes a span holds: as the SDK's provider says (it has no public word for it), or would say."""
    limits = getattr(provider, "_span_limits", None)
    if limits is not None:
        known = getattr(limits, "max_span_attributes", None)
        return known if isinstance(known, int) else _UNLIMITED
    for variable in ("OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT", "OTEL_ATTRIBUTE_COUNT_LIMIT"):
        value = os.environ.get(variable, "")
        if value.isdecimal():
            return int(value)
    return 128


def _warm_grounding() -> None:
    import llmotel.grounding.sentences  # noqa: F401 - its patterns take 9 ms to compile


def _console() -> ConsoleLine:
    from llmotel.signals.console import ConsoleLine

    return ConsoleLine()


def _content(config: Config, guard: Guard) -> ContentPolicy | NoContentPolicy:
    hook = config.completion_hook
    if config.content == "NO_CONTENT" and hook is None:
        return NoContentPolicy()
    from llmotel.content.policy import ContentPolicy, load_hook
    from llmotel.content.redaction import Redactor

    return ContentPolicy(
        mode=config.content,
        max_bytes=config.content_max_bytes,
        sample_ratio=config.content_sample_ratio,
        redactor=Redactor(config.redact, config.redactor, on_error=lambda error: guard.report_error("redactor", error)),
        hook=load_hook(hook, config) if isinstance(hook, str) else hook,
        on_error=guard.report_error,
    )


blocks: ContextVar[list[Any] | None] = ContextVar("llmotel_block", default=None)
"""The calls of the block of ``llmotel.call()`` that is under way in this context."""


def _after_fork() -> None:
    runtime.reset_after_fork()
    observables.reset_after_fork()
    for engine in runtime.engines():
        engine.after_fork_in_child()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
