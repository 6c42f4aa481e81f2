"""Metrics by remote write, whose exporter keeps what waits in a log of its own."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import pytest

from stack.running import eventually, fetch
from stack.servers import Collector, Prometheus


def send(collector: Collector, dollars: float) -> None:
    """One export of a counter."""
    now = time.time_ns()
    attributes = [
        {"key": key, "value": {"stringValue": value}}
        for key, value in (("service.name", "shop"), ("service.instance.id", "one"))
    ]
    point = {"startTimeUnixNano": str(now - 10**9), "timeUnixNano": str(now), "asDouble": dollars}
    counter = {"aggregationTemporality": 2, "isMonotonic": True, "dataPoints": [point]}
    metric = {"name": "llmotel.client.cost.usd", "unit": "{USD}", "sum": counter}
    scopes = [{"scope": {"name": "llmotel"}, "metrics": [metric]}]
    fetch(
        f"{collector.url}/v1/metrics",
        {"resourceMetrics": [{"resource": {"attributes": attributes}, "scopeMetrics": scopes}]},
    )


@pytest.mark.everything  # needs a component of builder-extras.yaml
def test_points_arrive_in_order_after_prometheus_and_the_collector_were_killed(
    program: Callable[[str], Path], tmp_path: Path
) -> None:
    prometheus = Prometheus(
        program("prometheus"), tmp_path / "prometheus", flags=["--web.enable-remote-write-receiver"]
    )
    collector = Collector(
        program("otelcol-llmotel"), tmp_path / "collector", "core.yaml", "backends/prometheus-remote-write.yaml",
        PROMETHEUS_REMOTE_WRITE_ENDPOINT=f"{prometheus.url}/api/v1/write",
    )  # fmt: skip

    def seen() -> list[float]:
        found = prometheus.get("query", query='llmotel_client_cost_usd_total{job="shop",instance="one"}[1h]')["result"]
        return [float(value) for series in found for _, value in series["values"]]

    with prometheus, collector:
        send(collector, 1.5)
        eventually(lambda: seen() == [1.5], "the first point")
        prometheus.kill()
        send(collector, 2.5)
        collector.kill()
        prometheus.start()
        collector.start()
        send(collector, 3.5)
        eventually(lambda: seen() == [1.5, 2.5, 3.5], "what was sent while Prometheus was away")
