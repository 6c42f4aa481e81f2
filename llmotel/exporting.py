"""What a pipeline of our own sends with: exporters that cost nothing before the first export, and a metric reader.

OpenTelemetry's exporters take 50 to 100 ms to import, share their connections with forked children, and retry for
seconds at exit although nobody listens. Importing this module needs the SDK: only :mod:`llmotel.pipeline` does.
"""

from __future__ import annotations

import importlib
import logging
import os
import threading
import time
from collections.abc import Sequence
from typing import Any
from urllib.parse import urlsplit

from opentelemetry import context
from opentelemetry.sdk._logs import ReadableLogRecord
from opentelemetry.sdk._logs.export import LogRecordExporter, LogRecordExportResult
from opentelemetry.sdk.metrics import Counter, Histogram, MeterProvider, ObservableCounter
from opentelemetry.sdk.metrics.export import AggregationTemporality, MetricReader, MetricsData
from opentelemetry.sdk.metrics.view import Aggregation, ExponentialBucketHistogramAggregation
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult

from llmotel.config import Config
from llmotel.forking import ForkLock

logger = logging.getLogger("llmotel")

_OTLP = "opentelemetry.exporter.otlp.proto"
_EXPORTERS = {
    ("traces", "grpc"): (f"{_OTLP}.grpc.trace_exporter", "OTLPSpanExporter"),
    ("metrics", "grpc"): (f"{_OTLP}.grpc.metric_exporter", "OTLPMetricExporter"),
    ("logs", "grpc"): (f"{_OTLP}.grpc._log_exporter", "OTLPLogExporter"),
    ("traces", "http/protobuf"): (f"{_OTLP}.http.trace_exporter", "OTLPSpanExporter"),
    ("metrics", "http/protobuf"): (f"{_OTLP}.http.metric_exporter", "OTLPMetricExporter"),
    ("logs", "http/protobuf"): (f"{_OTLP}.http._log_exporter", "OTLPLogExporter"),
    ("traces", "console"): ("opentelemetry.sdk.trace.export", "ConsoleSpanExporter"),
    ("metrics", "console"): ("opentelemetry.sdk.metrics.export", "ConsoleMetricExporter"),
    ("logs", "console"): ("opentelemetry.sdk._logs.export", "ConsoleLogRecordExporter"),
}
_DELTA = {"cumulative": (), "delta": (Counter, ObservableCounter, Histogram), "lowmemory": (Counter, Histogram)}
# The key by which OpenTelemetry's own processors keep an exporter's HTTP calls from becoming spans themselves.
_SUPPRESS = getattr(context, "_SUPPRESS_INSTRUMENTATION_KEY", "suppress_instrumentation")
_PATIENCE = 3.0  # seconds for a connection at exit
_deserts: set[str] = set()  # told of once, not once per signal
making = ForkLock()  # one import at a time: packages that import each other fail when two threads import them


class Outlet:
    """Where one signal goes. The exporter is made by the first export, on the thread that exports, and anew in a forked
    child, which must not write into its parent's connection.

    ``sent`` and ``failed`` count exports, not records.
    """

    def __init__(self, signal: str, kind: str, config: Config) -> None:
        self.signal = signal
        self.sent = 0
        self.failed = 0
        self._config = config
        self._key = (signal, "console" if kind == "console" else config.protocol_of(signal))
        self._exporter: Any = None
        self._pid = os.getpid()
        self._deadline: float | None = None
        self._unusable = False

    def send(self, batch: Any) -> bool:
        """Exports ``batch`` and says whether it was taken. What the exporter raises passes through."""
        if self._pid != os.getpid():
            self._pid, self._exporter, self.sent, self.failed = os.getpid(), None, 0, 0
        if self._unusable or (self._deadline is not None and not self._in_time(self._deadline)):
            self.failed += 1
            return False
        done = False
        try:
            if self._exporter is None:
                with making:
                    self._exporter = self._make()
            exporter = self._exporter
            done = exporter is not None and exporter.export(batch).name == "SUCCESS"
        finally:
            self.sent += done
            self.failed += not done
        return done

    def close_by(self, deadline: float) -> None:
        """From now on nothing is begun after ``deadline`` (of ``time.monotonic()``), nor where nobody listens."""
        self._deadline = deadline

    def shutdown(self) -> None:
        """Ends the exporter, if one was ever made in this process."""
        if self._exporter is not None and self._pid == os.getpid():
            self._exporter.shutdown()

    def _make(self) -> Any:
        module, name = _EXPORTERS[self._key]
        config, arguments = self._config, {}
        if self._key[1] != "console":
            left = config.timeout if self._deadline is None else self._deadline - time.monotonic()
            arguments = {"endpoint": config.url(self.signal), "timeout": min(config.timeout, max(left, 0.001))}
            if config.origin("headers") == "argument":  # what is in the environment the exporter reads itself
                arguments["headers"] = dict(config.headers)
        try:
            return getattr(importlib.import_module(module), name)(**arguments)
        except Exception as error:
            self._unusable = True
            logger.warning("llmotel: %s are not exported: %s cannot be made: %s", self.signal, name, error)
            return None

    def _in_time(self, deadline: float) -> bool:
        left = deadline - time.monotonic()
        if left <= 0:
            return False
        url = self._config.url(self.signal)
        if self._key[1] == "console" or not is_deserted(url, min(left, _PATIENCE)):
            return True
        _tell_of_desert(url)
        self._unusable = True
        return False


def is_deserted(url: str, timeout: float) -> bool:
    """Whether it is certain that nobody listens at ``url``: the connection is refused, or there is no such host.

    Never certain behind a proxy. Exporters retry a refused connection for as long as they may, which is right while an
    application runs, and is a process that does not end when there never was a collector.
    """
    import socket
    from urllib.request import getproxies

    if set(getproxies()) - {"no"}:
        return False
    parts = urlsplit(url if "://" in url else f"http://{url}")
    port = parts.port or (443 if parts.scheme == "https" else 80)
    try:
        socket.create_connection((parts.hostname or "", port), timeout).close()
    except TimeoutError:
        return False
    except OSError:
        return True
    return False


def _tell_of_desert(url: str) -> None:
    parts = urlsplit(url if "://" in url else f"//{url}")
    address = f"{parts.hostname}:{parts.port}" if parts.port else str(parts.hostname)
    if address not in _deserts:
        _deserts.add(address)
        logger.warning(
            "llmotel: nobody listens at %s, so the last telemetry of this process is lost. Start an OTLP receiver "
            "there, set OTEL_EXPORTER_OTLP_ENDPOINT, or send nothing: OTEL_TRACES_EXPORTER=none, the same for METRICS "
            "and LOGS",
            address,
        )


class SpanOutlet(SpanExporter):
    """An :class:`Outlet` as the span processors want it."""

    def __init__(self, outlet: Outlet) -> None:
        self._outlet = outlet

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        return SpanExportResult.SUCCESS if self._outlet.send(spans) else SpanExportResult.FAILURE

    def shutdown(self) -> None:
        self._outlet.shutdown()


class LogOutlet(LogRecordExporter):
    """An :class:`Outlet` as the log record processors want it."""

    def __init__(self, outlet: Outlet) -> None:
        self._outlet = outlet

    def export(self, batch: Sequence[ReadableLogRecord]) -> LogRecordExportResult:
        return LogRecordExportResult.SUCCESS if self._outlet.send(batch) else LogRecordExportResult.FAILURE

    def shutdown(self) -> None:
        self._outlet.shutdown()

    def force_flush(self, timeout_millis: int = 30_000) -> bool:  # noqa: ARG002
        return True


class Reader(MetricReader):
    """Collects and exports metrics every ``metric_interval``, on a thread of its own.

    The SDK's ``PeriodicExportingMetricReader`` does not survive a fork: its lock can stay locked in the child for good
    (it is held during exports), and the child reports its parent's counts again as its own. This one does.
    """

    def __init__(self, outlet: Outlet, config: Config) -> None:
        aggregations: dict[type, Aggregation] = {}
        if config.metric_histogram == "base2_exponential_bucket_histogram":
            aggregations[Histogram] = ExponentialBucketHistogramAggregation()
        super().__init__(dict.fromkeys(_DELTA[config.metric_temporality], AggregationTemporality.DELTA), aggregations)
        self._outlet = outlet
        self._interval = config.metric_interval / 1000
        self._collected: MetricsData | None = None
        self.collecting = ForkLock()  # a collection holds locks of the SDK
        self._start()

    def _start(self) -> None:
        self._exporting = threading.Lock()
        self._stopped = threading.Event()
        self._pid = os.getpid()
        self._thread = threading.Thread(target=self._run, name="llmotel-metrics", daemon=True)
        self._thread.start()

    def _run(self) -> None:
        while not self._stopped.wait(self._interval):
            self._round()
        self._round()

    def _round(self) -> None:
        try:
            self.force_flush()
        except Exception:
            logger.exception("llmotel: metrics were not exported this time")

    def _receive_metrics(self, metrics_data: MetricsData, *_: object, **__: object) -> None:
        self._collected = metrics_data

    def force_flush(self, timeout_millis: float = 10_000) -> bool:
        with self._exporting:
            with self.collecting:
                self.collect(timeout_millis)
                collected, self._collected = self._collected, None
            if collected is None:
                return True
            token = context.attach(context.set_value(_SUPPRESS, True))
            try:
                return self._outlet.send(collected)
            finally:
                context.detach(token)

    def shutdown(self, timeout_millis: float = 30_000, **_: object) -> None:
        if self._pid != os.getpid() or self._stopped.is_set():
            return
        self._stopped.set()
        self._thread.join(timeout_millis / 1000)
        self._outlet.shutdown()

    def after_fork_in_child(self, provider: MeterProvider, *, alone: bool) -> None:
        """Starts again: from zero where the SDK (1.43 and newer) lets it, and when no collection was under way
        (``alone``), whose lock of the SDK's would now stop this thread."""
        if self._stopped.is_set():
            return
        if alone and hasattr(provider, "remove_metric_reader"):
            provider.remove_metric_reader(self)
            provider.add_metric_reader(self)
        self._start()


__all__ = ["LogOutlet", "Outlet", "Reader", "SpanOutlet", "is_deserted", "making"]
