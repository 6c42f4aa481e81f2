"""From metrics of OTLP to rows: all types, both temporalities."""

from __future__ import annotations

import math
from typing import Any

from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.metrics.v1.metrics_pb2 import Metric

from llmotel.local import columns, jsonvalues
from llmotel.local.anyvalue import attributes
from llmotel.local.batch import Batch, Rejections, Row

_TEMPORALITY = {1: "delta", 2: "cumulative"}
_NO_VALUE = 1  # DATA_POINT_FLAGS_NO_RECORDED_VALUE_MASK


def read(request: ExportMetricsServiceRequest, batch: Batch) -> Rejections:
    """Adds the points of ``request`` to ``batch``. A metric without data is left out and told."""
    rejected = Rejections()
    for resource_metrics in request.resource_metrics:
        resource = attributes(resource_metrics.resource.attributes)
        resource_id = batch.origin({"attributes": resource})
        service = columns.text(resource.get("service.name"))
        for scope_metrics in resource_metrics.scope_metrics:
            for metric in scope_metrics.metrics:
                kind = metric.WhichOneof("data")
                if kind is None or not metric.name:
                    rejected.add(f"metric {metric.name[:80]!r} has no {'data' if metric.name else 'name'}")
                    continue
                for row in _rows(metric, kind):
                    row[7], row[8] = service, resource_id
                    batch.points.append(row)
    return rejected


def _rows(metric: Metric, kind: str) -> list[Row]:
    data = getattr(metric, kind)
    temporality = _TEMPORALITY.get(getattr(data, "aggregation_temporality", 0))
    monotonic = data.is_monotonic if kind == "sum" else None
    rows = []
    for point in data.data_points:
        if point.flags & _NO_VALUE:
            continue
        row: Row = [
            min(point.time_unix_nano, columns.INT64), min(point.start_time_unix_nano, columns.INT64) or None,
            metric.name, kind, metric.unit or None, temporality, monotonic, None, None,
            jsonvalues.text(attributes(point.attributes)), None, None, None, None, None, None,
        ]  # fmt: skip
        detail: dict[str, Any] = {}
        if kind in ("sum", "gauge"):
            row[10] = _finite(point.as_int if point.WhichOneof("value") == "as_int" else point.as_double)
        else:
            row[11] = point.count
            if kind == "summary" or point.HasField("sum"):
                row[12] = _finite(point.sum)
            if kind != "summary":
                row[13] = _finite(point.min) if point.HasField("min") else None
                row[14] = _finite(point.max) if point.HasField("max") else None
        if kind == "histogram":
            detail = {"bounds": list(point.explicit_bounds), "counts": list(point.bucket_counts)}
        elif kind == "exponential_histogram":
            detail = {
                "scale": point.scale,
                "zero_count": point.zero_count,
                "zero_threshold": point.zero_threshold,
                "positive": {"offset": point.positive.offset, "counts": list(point.positive.bucket_counts)},
                "negative": {"offset": point.negative.offset, "counts": list(point.negative.bucket_counts)},
            }
        elif kind == "summary":
            detail = {"quantiles": [[entry.quantile, entry.value] for entry in point.quantile_values]}
        if kind != "summary" and point.exemplars:
            detail["exemplars"] = [
                {
                    "time_unix_nano": exemplar.time_unix_nano,
                    "trace_id": exemplar.trace_id.hex(),
                    "span_id": exemplar.span_id.hex(),
                    "value": exemplar.as_int if exemplar.WhichOneof("value") == "as_int" else exemplar.as_double,
                }
                for exemplar in point.exemplars
            ]
        if detail:
            row[15] = jsonvalues.text(detail)
        rows.append(row)
    return rows


def _finite(value: float) -> float | None:
    return float(value) if math.isfinite(value) else None


__all__ = ["read"]
