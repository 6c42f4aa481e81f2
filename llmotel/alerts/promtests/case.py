"""What a test of a rule is, and how it stands in a test file of promtool."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from llmotel.alerts.expressions import Names
from llmotel.alerts.rule import Alert
from llmotel.alerts.thresholds import THRESHOLDS, Thresholds
from llmotel.alerts.yamltext import Value

SITUATIONS = (
    "fires", "near miss", "no data", "first sample", "counter reset", "several instances", "threshold changed",
)  # fmt: skip
"""What each alert is tried in."""

Series = dict[str, str]
"""Selector of a series -> its values in promtool's notation."""


@dataclass(frozen=True)
class Firing:
    """An alert that fires: its labels but for the severity, and its text."""

    labels: Mapping[str, str]
    summary: str


@dataclass(frozen=True)
class Case:
    """``series`` in, and what fires at some minutes out. ``interval`` is the minutes between two values of a series,
    ``every`` those between two evaluations, if not the same. ``changed`` are thresholds that differ in this test, by
    name."""

    situation: str
    what: str
    series: Series
    fires: Mapping[int, Sequence[Firing]]
    interval: int = 1
    changed: Mapping[str, float] = field(default_factory=dict)
    every: int = 0


@dataclass(frozen=True)
class Scene:
    """What the tests are written for: thresholds, and the names of metrics."""

    thresholds: Thresholds
    names: Names

    def __getitem__(self, name: str) -> float:
        value = getattr(self.thresholds, name)
        assert isinstance(value, float)
        return value


def steady(step: float, steps: int, start: float = 0) -> str:
    """A counter that goes from ``start`` up by ``step``, ``steps`` times."""
    return f"{start:.12g}+{step:.12g}x{steps}"


def constant(value: float, steps: int) -> str:
    """A value that stays."""
    return steady(0, steps, value)


def between(low: float, high: float) -> float:
    """The roundest number near the middle, so that a text that shows it cannot be rounded in two ways."""
    for digits in range(1, 16):
        middle = round((low + high) / 2, digits)
        if low < middle < high:
            return middle
    return (low + high) / 2


def later(steps: int, values: str) -> str:
    """``values`` after ``steps`` without any."""
    return f"_x{steps} {values}"


def selector(name: str, **labels: str) -> str:
    """``name{label="value"}``."""
    pairs = ",".join(f'{key}="{value}"' for key, value in labels.items())
    return f"{name}{{{pairs}}}"


def percent(value: float) -> str:
    """As the templates of Prometheus write a share: ``12.5%``."""
    return f"{value * 100:.4g}%"


def as_yaml(case: Case, alert: Alert, thresholds: Thresholds) -> dict[str, Value]:
    """The test as it stands in a file of promtool."""
    series = dict(case.series)
    if case.changed:
        steps = max(case.fires) // case.interval + 1
        series.update({
            threshold.record: constant(case.changed.get(threshold.name, getattr(thresholds, threshold.name)), steps)
            for threshold in THRESHOLDS
        })  # fmt: skip
    return {
        "name": f"{case.situation}: {case.what}",
        "interval": f"{case.interval}m",
        "input_series": [{"series": name, "values": values} for name, values in series.items()],
        "alert_rule_test": [
            {
                "eval_time": f"{minute}m",
                "alertname": alert.name,
                "exp_alerts": [_expected(firing, alert, thresholds) for firing in firings],
            }
            for minute, firings in case.fires.items()
        ],
    }


def _expected(firing: Firing, alert: Alert, thresholds: Thresholds) -> dict[str, Value]:
    url = alert.dashboard_url(thresholds)
    if alert.by_service:
        url = url.replace("{{ urlquery $labels.job }}", firing.labels["job"])
    return {
        "exp_labels": {**firing.labels, "severity": alert.severity},
        "exp_annotations": {
            "summary": firing.summary,
            "runbook_url": alert.runbook_url(thresholds),
            "dashboard_url": url,
        },
    }


__all__ = [
    "SITUATIONS", "Case", "Firing", "Scene", "Series", "as_yaml", "between", "constant", "later", "percent", "selector",
    "steady",
]  # fmt: skip
