"""OpenTelemetry as every row has it: the SDK with batching and exporters that only count."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from opentelemetry import _logs, metrics, trace
from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk._logs.export import BatchLogRecordProcessor
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import (
    MetricExporter,
    MetricExportResult,
    MetricsData,
    PeriodicExportingMetricReader,
)
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult

_HOUR = 3_600_000  # milliseconds: nothing collects metrics while we measure


class Spans(SpanExporter):
    """Counts spans and keeps the last."""

    def __init__(self) -> None:
        self.count = 0
        self.last: ReadableSpan | None = None

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        self.count += len(spans)
        self.last = spans[-1] if spans else self.last
        return SpanExportResult.SUCCESS


class Points(MetricExporter):
    """Keeps how many measurements each instrument has seen."""

    def __init__(self) -> None:
        super().__init__()
        self.counts: dict[str, int] = {}

    def export(self, metrics_data: MetricsData, *_: Any, **__: Any) -> MetricExportResult:
        for resource in metrics_data.resource_metrics:
            for scope in resource.scope_metrics:
                for metric in scope.metrics:
                    self.counts[metric.name] = sum(getattr(point, "count", 1) for point in metric.data.data_points)
        return MetricExportResult.SUCCESS

    def force_flush(self, *_: Any, **__: Any) -> bool:
        return True

    def shutdown(self, *_: Any, **__: Any) -> None:
        return


class Records:
    """Counts log records. The SDK's base class for this has had two names, and none is needed."""

    def __init__(self) -> None:
        self.count = 0

    def export(self, batch: Sequence[Any]) -> Any:
        self.count += len(batch)

    def force_flush(self, *_: Any, **__: Any) -> bool:
        return True

    def shutdown(self) -> None:
        return


class Telemetry:
    """The three providers. :meth:`publish` makes them global."""

    def __init__(self) -> None:
        resource = Resource.create({"service.name": "benchmark"})
        self.spans, self.points, self.records = Spans(), Points(), Records()
        self.span_processor = BatchSpanProcessor(self.spans)
        self.traces = TracerProvider(resource=resource)
        self.traces.add_span_processor(self.span_processor)
        self.metrics = MeterProvider([self.reader()], resource=resource)
        self.logs = LoggerProvider(resource=resource)
        self.logs.add_log_record_processor(BatchLogRecordProcessor(self.records))  # type: ignore[arg-type]

    def reader(self) -> PeriodicExportingMetricReader:
        """A new reader: a provider takes none that another one has."""
        return PeriodicExportingMetricReader(self.points, export_interval_millis=_HOUR)

    def publish(self) -> None:
        trace.set_tracer_provider(self.traces)
        metrics.set_meter_provider(self.metrics)
        _logs.set_logger_provider(self.logs)

    def flush(self) -> None:
        """Exports the spans and records that wait; metrics are left, as between two collections."""
        provider: Any = trace.get_tracer_provider()  # another one where a package has installed its own
        if hasattr(provider, "force_flush"):
            provider.force_flush()
        self.logs.force_flush()

    def collect(self) -> dict[str, int]:
        """How many measurements each instrument has seen."""
        self.metrics.force_flush()
        return dict(self.points.counts)
