"""Records calls in memory, through the instrumentation that an application runs in production.

Whatever the application says meanwhile, nothing is exported elsewhere; afterwards everything is as it was before.
"""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk._logs.export import InMemoryLogRecordExporter, SimpleLogRecordProcessor
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.sdk.trace.sampling import ALWAYS_ON

from llmotel import runtime, setup
from llmotel.config.config import Config
from llmotel.engine.call import latest
from llmotel.engine.engine import Engine
from llmotel.instrumentation import registry
from llmotel.testing.calls import LlmCalls
from llmotel.testing.recorded import RecordedCall

if TYPE_CHECKING:
    from llmotel.engine.scope import Scope
    from llmotel.instrumentation.instrumentor import Instrumentor
    from llmotel.model.call_record import CallRecord

_SDK_DISABLED = "OTEL_SDK_DISABLED"
# What init() and shutdown() change.
_GLOBALS = ((setup, "_running"), (setup, "_start"), (runtime, "current"), (runtime, "shared"), (registry, "_engine"),
            (registry, "_disabled"))  # fmt: skip


@contextmanager
def recording() -> Iterator[LlmCalls]:
    """Records the calls of every installed library that llmotel knows, until the end of the block.

    The settings are those of the application: of its ``init()`` before or inside the block, else of the environment.
    Only where they switch telemetry off altogether, calls are recorded all the same.
    """
    recorded = Recording()
    with _diverted(recorded), recorded.listening():
        yield LlmCalls(recorded)


class Recording:
    """Providers in memory, the engines on them, and what they have seen."""

    def __init__(self) -> None:
        # Test environments often switch the SDK off; without its signals nothing could be said about what they hold.
        disabled = os.environ.pop(_SDK_DISABLED, None)
        try:
            self._span_exporter = InMemorySpanExporter()
            self._log_exporter = InMemoryLogRecordExporter()  # type: ignore[no-untyped-call]
            self._reader = InMemoryMetricReader()
            nobody = Resource({})
            self.tracer_provider = TracerProvider(ALWAYS_ON, nobody, shutdown_on_exit=False)
            self.tracer_provider.add_span_processor(SimpleSpanProcessor(self._span_exporter))
            self.meter_provider = MeterProvider([self._reader], nobody, shutdown_on_exit=False)
            self.logger_provider = LoggerProvider(nobody, shutdown_on_exit=False)
            self.logger_provider.add_log_record_processor(SimpleLogRecordProcessor(self._log_exporter))
        finally:
            if disabled is not None:
                os.environ[_SDK_DISABLED] = disabled
        self._engines: list[Engine] = []
        self._seen: list[tuple[int, RecordedCall]] = []
        self._lines = _Lines()

    def engine(self, config: Config) -> Engine:
        """An engine with the settings of ``config`` that records here."""
        made = _RecordingEngine(config, self)
        self._engines.append(made)
        return made

    def add(self, record: CallRecord) -> None:
        """Takes note of a finished call."""
        self._seen.append((record.start_time_ns, RecordedCall.of(record)))

    def calls(self) -> list[RecordedCall]:
        """The finished calls, in the order in which they began."""
        self._flush()
        return [call for _, call in sorted(self._seen, key=lambda seen: seen[0])]

    def open_streams(self) -> int:
        """Streams that have not ended yet."""
        return sum(len(engine.open_streams) for engine in self._engines)

    def spans(self) -> list[Any]:
        """The exported spans."""
        self._flush()
        return list(self._span_exporter.get_finished_spans())

    def events(self) -> list[Any]:
        """The exported log records."""
        self._flush()
        return [data.log_record for data in self._log_exporter.get_finished_logs()]

    def metrics(self) -> dict[str, list[Any]]:
        """The data points by metric."""
        self._flush()
        data = self._reader.get_metrics_data()
        found: dict[str, list[Any]] = {}
        for resource in data.resource_metrics if data is not None else ():
            for scope in resource.scope_metrics:
                for metric in scope.metrics:
                    found.setdefault(metric.name, []).extend(metric.data.data_points)
        return found

    def texts(self) -> Iterator[tuple[str, str]]:
        """Every string that was exported or logged, with the place where it is."""
        for span in self.spans():
            place = f"span {span.name!r}"
            yield f"name of {place}", span.name
            yield f"status of {place}", span.status.description or ""
            yield from _within(place, {"attribute": span.attributes})
            for event in span.events:
                yield from _within(f"event {event.name!r} of {place}", event.attributes)
            for link in span.links:
                yield from _within(f"link of {place}", link.attributes)
        for record in self.events():
            yield from _within(f"event {record.event_name!r}", {"body": record.body, "attribute": record.attributes})
        for name, points in self.metrics().items():
            for point in points:
                yield from _within(f"metric {name!r}", point.attributes)
                for exemplar in point.exemplars:
                    yield from _within(f"exemplar of metric {name!r}", exemplar.filtered_attributes)
        for line in self._lines.said:
            yield "log line", line

    def clear(self) -> None:
        """Forgets all of it; metrics, which add up, go on adding up."""
        self._flush()
        self._seen.clear()
        self._span_exporter.clear()
        self._log_exporter.clear()
        self._lines.said.clear()

    @contextmanager
    def listening(self) -> Iterator[None]:
        """Hears what llmotel and OpenTelemetry log, and ends everything afterwards."""
        loggers = [logging.getLogger(name) for name in ("llmotel", "opentelemetry")]
        for logger in loggers:
            logger.addHandler(self._lines)
        try:
            yield
        finally:
            for logger in loggers:
                logger.removeHandler(self._lines)
            for engine in self._engines:
                engine.shutdown()
                engine.retire()
            for provider in (self.tracer_provider, self.meter_provider, self.logger_provider):
                provider.shutdown()

    def _flush(self) -> None:
        for engine in self._engines:
            engine.flush()


class _RecordingEngine(Engine):
    """An engine that reads the content of every call for the test, whatever its policy puts into the signals."""

    def __init__(self, config: Config, recorded: Recording) -> None:
        super().__init__(config, recorded.tracer_provider, recorded.meter_provider, recorded.logger_provider)
        self.enabled = True
        self.content.captures = self.always_reads_content = True
        self._recorded = recorded

    def record(self, record: CallRecord, scope: Scope) -> None:
        self._recorded.add(record)
        super().record(record, scope)


@contextmanager
def _diverted(recorded: Recording) -> Iterator[None]:
    """Lets ``recorded`` make every engine that the application asks for, and one at once."""
    globals_before = [(module, name, getattr(module, name)) for module, name in _GLOBALS]
    engine_before = setup.engine()
    instrumentors_before = [_Before(instrumentor) for instrumentor in _instrumentors()]

    def start(running: setup.Running) -> None:
        running.engine = runtime.current = recorded.engine(running.config)
        _activate(running.engine)

    config = engine_before.config if engine_before is not None else Config.load()
    setattr(setup, "_start", start)  # noqa: B010 - the seam of this module
    setup._running, runtime.current, runtime.shared = None, None, recorded.engine(config)
    latest.set(None)
    _activate(runtime.shared)
    try:
        yield
    finally:
        for module, name, value in globals_before:
            setattr(module, name, value)
        for before in instrumentors_before:
            before.restore()
        latest.set(None)
        if registry._engine is not None:
            # A library that was first imported meanwhile: its import hook does not come again.
            registry.activate(registry._engine)


def _activate(engine: Engine) -> None:
    registry.activate(engine)
    for instrumentor in _instrumentors():
        if instrumentor.library.active and instrumentor.library.engine is not engine:
            instrumentor.library.attach(engine)


def _instrumentors() -> list[Instrumentor]:
    """Those of the libraries that have been imported."""
    return [
        registry.instrumentor_of(name)
        for name in (*registry.LIBRARIES, *registry._registered)
        if any(module in sys.modules for module in registry.modules_of(name))
    ]


class _Before:
    """How one library was instrumented."""

    def __init__(self, instrumentor: Instrumentor) -> None:
        self.instrumentor = instrumentor
        library = instrumentor.library
        self.wrapped = bool(instrumentor.patches)
        self.state = {name: getattr(library, name) for name in _LIBRARY_STATE}

    def restore(self) -> None:
        instrumentor, library = self.instrumentor, self.instrumentor.library
        active = self.state["active"]
        if not (self.wrapped or active):
            instrumentor.uninstrument()
        for name, value in self.state.items():
            if name not in ("state", "detail") or self.wrapped or not active:
                setattr(library, name, value)
        library._origins.clear()
        for module in instrumentor.provider.modules:
            if module in sys.modules:
                instrumentor.hook(sys.modules[module])  # where the application's own shutdown() took it out


_LIBRARY_STATE = ("engine", "scope", "guard", "active", "own_engine", "state", "detail")


class _Lines(logging.Handler):
    """Keeps log lines."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.said: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.said.append(self.format(record))


def _within(place: str, value: Any) -> Iterator[tuple[str, str]]:
    """The strings in ``value``, keys included, each with its place."""
    if isinstance(value, Mapping):
        for key, inner in value.items():
            yield place, str(key)
            yield from _within(f"{place}, {key}", inner)
    elif isinstance(value, (list, tuple)):
        for inner in value:
            yield from _within(place, inner)
    elif value is not None:
        yield place, value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)


__all__ = ["Recording", "recording"]
