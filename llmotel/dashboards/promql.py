"""The PromQL of the dashboards: what is asked of a metric, and how it is put.

Rates over time are Prometheus's own. Sums over a window are not: ``increase()`` says 0 of a counter that was first seen
with its value, and half as much again of a process that lived for one export. :func:`growth` counts every unit once,
with many processes, short ones, and restarts, whether or not Prometheus puts a zero before a counter's first sample.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from llmotel import semconv
from llmotel.alerts.expressions import FAILED
from llmotel.signals.prometheus import Kind, label, series

RATE = "$__rate_interval"
RANGE = "$__range"

JOB = "job"
PROVIDER = label(semconv.PROVIDER)
MODEL = label(semconv.REQUEST_MODEL)
OPERATION = label(semconv.OPERATION)
FEATURE = label(semconv.FEATURE)
TENANT = label(semconv.TENANT)
TOOL = label(semconv.TOOL_NAME)
AGENT = label(semconv.AGENT_NAME)
OUTCOME = label(semconv.OUTCOME)
METHOD = label(semconv.GROUNDING_METHOD)
ERROR_TYPE = label(semconv.ERROR_TYPE)

VARIABLES = {JOB: "$job", PROVIDER: "$provider", MODEL: "$model"}
"""Label -> the dashboard's variable that filters by it."""

OF_CALLS = tuple(VARIABLES)
OF_PROCESSES = (JOB,)

# How far back the value before a window is looked for. A process that was frozen, or could not be reached, for longer
# counts as a new one.
_BEFORE = "1d"


@dataclass(frozen=True, slots=True)
class Metric:
    """A metric by its name in OpenTelemetry, and the labels that the dashboards' variables filter it by."""

    name: str
    unit: str
    kind: Kind
    filters: tuple[str, ...] = OF_CALLS
    matchers: tuple[str, ...] = ()
    part: str = ""

    def where(self, *matchers: str) -> Metric:
        """The same metric, fewer of its series."""
        return replace(self, matchers=(*self.matchers, *matchers))

    @property
    def selector(self) -> str:
        """The series of a counter, of a gauge, or of the one part of a histogram that stands for a counter."""
        return self._selector(self.part)

    @property
    def buckets(self) -> str:
        return self._selector("_bucket")

    @property
    def sums(self) -> str:
        return self._selector("_sum")

    @property
    def counts(self) -> str:
        return self._selector("_count")

    def _selector(self, part: str) -> str:
        filters = [f'{name}=~"{VARIABLES[name]}"' for name in self.filters]
        return f"{series(self.name, self.unit, self.kind)}{part}{{{', '.join([*filters, *self.matchers])}}}"


def rate(selector: str) -> str:
    """Per second, at each point of a graph."""
    return f"rate({selector}[{RATE}])"


def growth(selector: str, window: str = RANGE, *, ahead: bool = False) -> str:
    """What each counter grew by in a window, to the last unit: its value at the end less the one before the window, or
    less nothing where there was none, or a higher one (of the process before, under the same ``service.instance.id``).

    Where a process restarted under its id within the window, it is ``increase()``, which joins the pieces. ``ahead``
    moves the window (a literal one) from before the time of evaluation to after it.
    """
    inside = f"{selector}[{window}]" + (f" offset -{window}" if ahead else "")
    before = f"{selector}[{_BEFORE}]" + ("" if ahead else f" offset {window}")
    least = f"min_over_time({inside})"
    return (
        f"(max_over_time({inside}) - (last_over_time({before}) <= {least} or 0 * {least})"
        f" unless resets({inside}) > 0 or increase({inside}))"
    )


def total(expression: str, *by: str) -> str:
    """The sum over all series, or one for each value of the labels ``by``."""
    return f"sum by ({', '.join(by)}) ({expression})" if by else f"sum({expression})"


def quantile(share: float, metric: Metric, *by: str, window: str = RATE) -> str:
    """A quantile of a histogram. It lies inside a bucket, so it is as exact as buckets are narrow."""
    return f"histogram_quantile({share}, {total(f'rate({metric.buckets}[{window}])', *by, 'le')})"


def mean(metric: Metric, *by: str, window: str = "") -> str:
    """The exact mean of what a histogram recorded: at each point of a graph, or over a window."""
    count, summed = (
        (growth(metric.counts, window), growth(metric.sums, window))
        if window
        else (rate(metric.counts), rate(metric.sums))
    )
    return f"{total(summed, *by)} / ({total(count, *by)} > 0)"


def failures(metrics: Iterable[Metric]) -> tuple[Metric, ...]:
    """Of each, the calls that failed, as the alerts count them: who stops an answer halfway has not met an error."""
    return tuple(metric.where(FAILED) for metric in metrics)


def share(part: str, whole: str) -> str:
    """``part`` of ``whole``, both with the same labels: 0 where there is no part, nothing where there is no whole."""
    return f"({part} or 0 * {whole}) / ({whole} > 0)"


def named(expression: str, name: str, instead: str) -> str:
    """The same with ``instead`` for the label ``name`` where a series has none."""
    return f'label_replace({expression}, "{name}", "{instead}", "{name}", "")'


def either(expressions: Iterable[str]) -> str:
    """The series of all ``expressions``; where two have the same labels, that of the first."""
    return " or ".join(expressions)


def legend(name: str) -> str:
    """Grafana's word for the value of the label ``name``."""
    return f"{{{{{name}}}}}"
