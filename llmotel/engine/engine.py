"""The engine: one set of providers and policies, and everything that a call needs of them, made once."""

from __future__ import annotations

import logging
import os
import weakref
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from opentelemetry import _logs, metrics, trace
from opentelemetry.metrics import Observation

from llmotel import semconv
from llmotel.content.disabled import NoContentPolicy
from llmotel.engine.backlog import Backlog
from llmotel.engine.provider_names import Hosts
from llmotel.guard import Guard, log_once
from llmotel.prices.calculator import Prices, load_user_table
from llmotel.signals import tagging
from llmotel.signals.events import Events
from llmotel.signals.metrics import OWN_COUNTERS, Metrics
from llmotel.version import __version__

if TYPE_CHECKING:
    from llmotel.api.circuit_breakers import Breakers
    from llmotel.config.config import Config
    from llmotel.content.policy import ContentPolicy
    from llmotel.engine.call import Call
    from llmotel.instrumentation.stream_observer import StreamObserver
    from llmotel.signals.console import ConsoleLine

_SCOPE = "llmotel"
_FIRST = next(iter(OWN_COUNTERS))  # the one that the SDK asks for before the others
_COLLECTING = 5.0  # seconds; the SDK gives all callbacks of a collection 10
_UNLIMITED = 1 << 30
_UNPRICED = 10  # names that status() shows
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
        self.enabled = not (config.disabled or config.sdk_disabled)
        self.latest = config.semconv in ("latest", "dup")
        self.legacy = config.semconv in ("legacy", "dup")
        self.guard = Guard(raise_errors=config.raise_errors)
        # What a wrong setting fails in comes first: instruments cannot be taken out of a meter again.
        self.prices = Prices(load_user_table(config.prices) if config.prices else None)
        self.hosts = Hosts(config.provider_hosts)
        self.metric_tags = tagging.MetricTags(config.metric_tags, config.metric_tag_values)
        self.content = _content(config, self.guard)
        self.counts: dict[str, int] = dict.fromkeys(OWN_COUNTERS, 0)
        self.unpriced: set[str] = set()  # the first providers and models that had no price
        self.backlog = Backlog(self.guard.report_error, self._dropped)
        self.tracer = trace.get_tracer(_SCOPE, __version__, tracer_provider)
        self.attribute_limit = _attribute_limit(tracer_provider or trace.get_tracer_provider())
        self.metrics = Metrics(
            metrics.get_meter(_SCOPE, __version__, meter_provider),
            latest=self.latest,
            legacy=self.legacy,
            observe=self._observe,
        )
        self.metrics.observe(
            semconv.INSTRUMENTATION_ACTIVE,
            "{instrumentation}",
            "Whether a library's calls are recorded",
            self._activity,
        )
        self.breakers: Breakers | None = None  # made when the application first tells of one
        self.events = Events(
            _logs.get_logger(_SCOPE, __version__, logger_provider),
            details=config.events,
            content=self.content.on_event,
        )
        self.console = _console() if config.console else None
        # Content is also read, and dropped again, where token counts are to be estimated from it.
        self.reads_input = self.reads_chunks = self.content.captures or config.stream_usage == "estimate"
        self.open_streams: weakref.WeakSet[StreamObserver] = weakref.WeakSet()
        self._warned_of_usage = False
        tagging.set_propagation(config.baggage_tags)
        _engines.add(self)

    def warm(self) -> None:
        """Loads what the first call would otherwise wait for, on the backlog's thread."""
        self.backlog.put(self.prices.warm)
        self.backlog.put(_warm_grounding)

    def record(self, call: Call) -> None:
        """Records the metrics and events of a finished call. Runs on the backlog's thread or in a collection."""
        inference = call.inference
        counts = self.counts
        if inference.usage is not None and inference.cost is None:
            counts["unpriced"] += 1
            if len(self.unpriced) < _UNPRICED:
                self.unpriced.add(f"{inference.provider} {inference.response_model or inference.request_model}")
        if (
            inference.stream
            and inference.usage is None
            and call.stream_outcome == "completed"
            and inference.operation in semconv.INFERENCE_OPERATIONS  # fetching a response has no usage of its own
        ):
            self._without_usage(inference.provider, askable=call.endpoint.usage_injection is not None)
        if call.rendered is not None:
            counts["truncated_bytes"] += call.rendered.truncated_bytes
            counts["redactions"] += call.rendered.redactions
        steps: tuple[tuple[str, Any], ...] = (
            ("metrics", lambda: self.metrics.record(call, self.metric_tags.of(call.tags))),
            ("events", lambda: self.events.emit(call)),
        )
        if self.console is not None:
            steps += (("console", lambda: self._print(call)),)
        for name, step in steps:
            try:
                step()
            except Exception as error:
                # Perhaps of a log processor or meter of the application's, or of its stderr: no library's
                # instrumentation switches itself off for it.
                self.guard.report_error(name, error)
        agent: Any = call.context.get(tagging.AGENT_KEY)
        if agent is not None and inference.operation in semconv.INFERENCE_OPERATIONS:
            agent.inference_calls += 1
        call.release()

    def _print(self, call: Call) -> None:
        if self.console is not None:
            self.console.write(call.inference, call.duration, call.first_chunk, call.failure, call.stream_outcome)

    def _without_usage(self, provider: str, *, askable: bool) -> None:
        self.counts["streams_without_usage"] += 1
        if not self._warned_of_usage:
            self._warned_of_usage = True
            remedy = "Pass stream_options={'include_usage': True}, or set LLMOTEL_STREAM_USAGE=inject"
            logger.warning(
                "llmotel: a stream from %s carried no usage, so its tokens and cost are unknown. %s (logged once, "
                "counted in llmotel.streams.without_usage)",
                provider,
                remedy if askable else "LLMOTEL_STREAM_USAGE=estimate counts roughly",
            )

    def _observe(self, key: str) -> int:
        counts = self.counts
        if key != _FIRST:
            return counts[key]
        # The metrics SDK is collecting: what waits in the backlog belongs into this collection. Once, and not for so
        # long that the SDK gives the collection up.
        self.backlog.drain(work=_COLLECTING)
        return self.counted()[key]

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

    def _activity(self) -> Iterable[Observation]:
        from llmotel.instrumentation import registry

        return [Observation(int(active), {semconv.LIBRARY: library})
                for library, active in registry.activity(self).items()]  # fmt: skip

    def _dropped(self) -> None:
        self.counts["dropped"] += 1

    def flush(self, timeout: float = 10.0) -> bool:
        """Records everything that waits; ``True`` when all of it is."""
        return self.backlog.drain(timeout, timeout) and self.content.flush(timeout)

    def after_fork_in_child(self) -> None:
        """The streams that are open are the parent's to record: here they end without a trace."""
        for watch in list(self.open_streams):
            next(watch.call.finishes)
        self.open_streams.clear()
        if self.breakers is not None:
            self.breakers.after_fork_in_child()

    def shutdown(self) -> None:
        """Ends the streams that are still open, records what waits, and stops the backlog's thread."""
        for watch in list(self.open_streams):
            watch.finish("abandoned")
        self.backlog.close()
        self.content.shutdown()


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


_engines: weakref.WeakSet[Engine] = weakref.WeakSet()


def _after_fork() -> None:
    for engine in _engines:
        engine.after_fork_in_child()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
