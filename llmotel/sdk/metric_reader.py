"""When a pipeline of our own collects metrics: a reader that survives a fork."""

from __future__ import annotations

import logging
import os
import threading
from typing import Any

from opentelemetry import context
from opentelemetry.sdk.metrics import Counter, Histogram, MeterProvider, ObservableCounter
from opentelemetry.sdk.metrics.export import AggregationTemporality, MetricReader, MetricsData
from opentelemetry.sdk.metrics.view import Aggregation, ExponentialBucketHistogramAggregation

from llmotel import threads
from llmotel.config.config import Config
from llmotel.sdk.exporter import SignalExporter
from llmotel.sdk.fork_lock import ForkLock

logger = logging.getLogger("llmotel")

_DELTA = {"cumulative": (), "delta": (Counter, ObservableCounter, Histogram), "lowmemory": (Counter, Histogram)}
# The key by which OpenTelemetry's own processors keep an exporter's HTTP calls from becoming spans themselves.
_SUPPRESS = getattr(context, "_SUPPRESS_INSTRUMENTATION_KEY", "suppress_instrumentation")


class Reader(MetricReader):
    """Collects and exports metrics every ``metric_interval``, on a thread of its own.

    The SDK's ``PeriodicExportingMetricReader`` does not survive a fork: its lock can stay locked in the child for good
    (it is held during exports), and the child reports its parent's counts again as its own. This one does.
    """

    def __init__(self, outlet: SignalExporter, config: Config) -> None:
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
        self._thread = threads.start(self._run, "llmotel-metrics")

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
        """Starts again, from zero: unless a collection was under way (not ``alone``), whose lock of the SDK's would now
        stop this thread."""
        if self._stopped.is_set():
            return
        if alone:
            if hasattr(provider, "remove_metric_reader"):
                provider.remove_metric_reader(self)
                provider.add_metric_reader(self)
            else:
                self._forget(provider)
        self._start()

    def _forget(self, provider: Any) -> None:
        """What ``remove_metric_reader`` and ``add_metric_reader`` do, for SDKs from 1.40 to 1.42, which lack them."""
        try:
            consumer = provider._measurement_consumer
            storages = consumer._reader_storages
            storages[self] = type(storages[self])(
                consumer._sdk_config, self._instrument_class_temporality, self._instrument_class_aggregation
            )
        except (AttributeError, KeyError, TypeError):
            logger.warning("llmotel: the metrics of this forked process go on from those of its parent")


__all__ = ["Reader"]
