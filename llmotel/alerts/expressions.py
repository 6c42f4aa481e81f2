"""The PromQL that the rules are made of: counts, sums and buckets of calls under the metric names in use."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, TypeAlias

from llmotel import semconv
from llmotel.alerts.windows import duration
from llmotel.signals.metrics import OWN_COUNTERS
from llmotel.signals.prometheus import label, series

Names: TypeAlias = Literal["latest", "legacy", "dup"]

JOB = "job"
ENVIRONMENT = label("deployment.environment.name")
WHO = (JOB, ENVIRONMENT)
"""The labels of a service: Prometheus's for ``service.name``, and where it runs."""
OPERATION = label(semconv.OPERATION)
MODEL = label(semconv.REQUEST_MODEL)

# Who stops an answer halfway has not met an error.
FAILED = f'{label(semconv.ERROR_TYPE)}!="",{label(semconv.OUTCOME)}!="cancelled"'
SUCCEEDED = f'{label(semconv.ERROR_TYPE)}=""'

COST = series(semconv.COST_COUNTER, "{USD}", "counter")
GROUNDING = series(semconv.GROUNDING_SCORE, "1", "histogram")
UNPRICED = series(*OWN_COUNTERS["unpriced"][:2], "counter")
LOST = series(semconv.EXPORT_LOST, "{record}", "counter")
SIGNAL = label(semconv.SIGNAL)
HEARTBEAT = series(*OWN_COUNTERS["errors"][:2], "counter")
"""What every process with llmotel sends from its start on, calls or none."""


def durations(names: Names) -> tuple[str, ...]:
    """The histograms that hold each call's duration once.

    ``dup`` sends what ``legacy`` sends, and that has every call. ``latest`` looks at all three: a service that still
    sends the older names counts too, and one that sends both counts once, because ``or`` drops the second series with
    the same labels.
    """
    metrics = [semconv.OPERATION_DURATION]
    if names == "latest":
        metrics = [semconv.INFERENCE_DURATION, semconv.EMBEDDINGS_DURATION, *metrics]
    return tuple(series(metric, "s", "histogram") for metric in metrics)


def increase(metrics: Sequence[str], window: int, selector: str = "") -> str:
    """By how much each series of ``metrics`` has grown."""
    selected = f"{{{selector}}}" if selector else ""
    return "\nor ".join(f"increase({metric}{selected}[{duration(window)}])" for metric in metrics)


def growth(metric: str, window: int, lookback: int) -> str:
    """By how much each series of a counter has grown, to the last cent.

    ``increase`` makes up what it thinks lies beyond the first and the last value: half as much again for a process that
    sends twice. Here it stands in only for counters that began anew. ``lookback`` is how old the value at the window's
    beginning may be; a series without one was born in the window, and Prometheus has put a 0 at its birth.
    """
    span, before = duration(window), f"last_over_time({metric}[{duration(lookback)}] offset {duration(window)})"
    return (
        f"last_over_time({metric}[{span}]) - ({before} or min_over_time({metric}[{span}]))\n"
        f"  and resets({metric}[{span}]) == 0\n"
        f"or increase({metric}[{span}])"
    )


def sum_by(labels: Sequence[str], of: str) -> str:
    """The sum of ``of`` by ``labels``."""
    return f"sum by ({', '.join(labels)}) {block(of)}"


def block(of: str) -> str:
    """``of`` in brackets, indented if it has several lines."""
    if "\n" not in of:
        return f"({of})"
    return "(\n" + "\n".join(f"  {line}" for line in of.split("\n")) + "\n)"


def mean(metrics: Sequence[str], labels: Sequence[str], window: int, selector: str = "") -> str:
    """The average of histograms, exact whatever their buckets; nothing where nothing was counted."""
    total = sum_by(labels, increase([f"{metric}_sum" for metric in metrics], window, selector))
    count = sum_by(labels, increase([f"{metric}_count" for metric in metrics], window, selector))
    return f"{total}\n/ {block(f'{count} > 0')}"


def limit(name: str) -> str:
    """The threshold ``name``, so that a vector with any labels can be compared with it."""
    return f"on () group_left () llmotel:threshold:{name}"


__all__ = [
    "COST", "ENVIRONMENT", "FAILED", "GROUNDING", "HEARTBEAT", "JOB", "LOST", "MODEL", "OPERATION", "SIGNAL",
    "SUCCEEDED", "UNPRICED", "WHO", "Names", "block", "durations", "growth", "increase", "limit", "mean", "sum_by",
]  # fmt: skip
