"""What a test of a rule is, and how it stands in a test file of promtool."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from llmotel.alerts.expressions import Names
from llmotel.alerts.rule import Alert
from llmotel.alerts.thresholds import THRESHOLDS, Thresholds, plain
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
    """What the tests are written for: thresholds, and the names of metrics. ``tilt`` is by how much the values that are
    tried lie off what they would be, as a share."""

    thresholds: Thresholds
    names: Names
    tilt: float = 0

    def off(self, value: float) -> float:
        """``value``, a little lower: see :class:`DoubtfulError`."""
        return value * (1 - self.tilt)

    def __getitem__(self, name: str) -> float:
        value = getattr(self.thresholds, name)
        assert isinstance(value, float)
        return value


class DoubtfulError(ValueError):
    """A number of a text lies where its last digit is rounded up or down, as the sums of Prometheus happen to come out:
    another has to be tried."""


def text(value: float, form: str) -> str:
    """A computed number as the templates of Prometheus write it. Raises :class:`DoubtfulError`."""
    error = min(abs(value) * 1e-11, 1e-4)
    if format(value - error, form) != format(value + error, form):
        raise DoubtfulError
    return format(value, form)


def steady(step: float, steps: int, start: float = 0) -> str:
    """A counter that goes from ``start`` up by ``step``, ``steps`` times."""
    return f"{plain(start)}+{plain(step)}x{steps}"


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


def as_given(value: float, form: str = ".4g") -> str:
    """A threshold as the templates of Prometheus write it: to the last bit it is the number that stands in the file."""
    return format(float(plain(value)), form)


def percent(value: float) -> str:
    """A threshold, written as a share: ``12.5%``."""
    return f"{float(plain(value)) * 100:.4g}%"


def percent_of(value: float) -> str:
    """A computed share, written so. Raises :class:`DoubtfulError`."""
    return f"{text(value * 100, '.4g')}%"


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
    "SITUATIONS", "Case", "DoubtfulError", "Firing", "Scene", "Series", "as_given", "as_yaml", "between", "constant",
    "later", "percent", "percent_of", "selector", "steady", "text",
]  # fmt: skip
