"""Dashboards for Grafana: performance, cost, quality and reliability, from code.

``llmotel dashboards render DIR`` writes them for the metric names in use; ``collector-config/grafana/dashboards`` holds
those of ``LLMOTEL_SEMCONV=latest``.
"""

from __future__ import annotations

from llmotel.dashboards.cost import cost
from llmotel.dashboards.grafana import Dashboard
from llmotel.dashboards.names import Generation, names
from llmotel.dashboards.performance import performance
from llmotel.dashboards.quality import answers
from llmotel.dashboards.reliability import reliability


def dashboards(generation: Generation = "latest") -> list[Dashboard]:
    """All four, asking for the metrics of ``LLMOTEL_SEMCONV=latest`` or ``legacy``. ``dup`` records those of both."""
    known = names(generation)
    return [performance(known), cost(known), answers(known), reliability(known)]


def render(generation: Generation = "latest") -> dict[str, str]:
    """The files by name."""
    return {f"{dashboard.uid}.json": dashboard.text() for dashboard in dashboards(generation)}


__all__ = ["dashboards", "render"]
