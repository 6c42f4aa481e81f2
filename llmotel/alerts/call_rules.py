"""Rules about calls that fail or take long."""

from __future__ import annotations

from typing import NamedTuple

from llmotel.alerts.expressions import (
    FAILED,
    OPERATION,
    SUCCEEDED,
    WHO,
    Names,
    block,
    durations,
    increase,
    limit,
    mean,
    sum_by,
)
from llmotel.alerts.rule import (
    CRITICAL,
    PERCENT,
    TENTHS,
    WARNING,
    WHO_TEXT,
    Alert,
    Record,
    shown,
    threshold_text,
)
from llmotel.alerts.windows import Windows, duration, words

SPANS = {"5m": "short", "30m": "half_hour", "1h": "hour", "6h": "six_hours"}
"""Windows of the error ratio: how the names of records say them, and the field of :class:`Windows`."""


class Burn(NamedTuple):
    """How many times too fast the error budget may burn, in a long window and in a short one of :data:`SPANS`."""

    name: str
    long: str
    short: str
    factor: float
    severity: str


BURNS = (Burn("Fast", "1h", "5m", 14.4, CRITICAL), Burn("Slow", "6h", "30m", 6, WARNING))
"""For a budget of 30 days. The long window shows that it matters, the short one that it goes on (Google's SRE workbook,
"Alerting on SLOs")."""

FEW = 5
"""Below this many times the minimum of calls, a 99th percentile is one call, and a single one must not be an alert."""

_PAGE, _RELIABILITY, _PERFORMANCE = "calls", "llmotel-reliability", "llmotel-performance"
_SLOW_BY = (*WHO, OPERATION)


def records(names: Names, windows: Windows) -> list[Record]:
    """Calls and failures over each window, percentiles and averages of durations."""
    metrics = durations(names)
    counts = [f"{metric}_count" for metric in metrics]
    found = []
    for suffix, field in SPANS.items():
        window = getattr(windows, field)
        calls, failed = f"llmotel:calls:increase{suffix}", f"llmotel:failed_calls:increase{suffix}"
        found += [
            Record(calls, sum_by(WHO, increase(counts, window))),
            # Without the second part a service that had no failure yet has no ratio, and a failure's end no value.
            Record(failed, f"{sum_by(WHO, increase(counts, window, FAILED))}\nor 0 * {calls}"),
            Record(f"llmotel:error_ratio:{suffix}", f"{failed} / ({calls} > 0)"),
        ]
    buckets = sum_by((*_SLOW_BY, "le"), increase([f"{metric}_bucket" for metric in metrics], windows.latency))
    found += [
        Record("llmotel:operation_calls:increase10m", sum_by(_SLOW_BY, increase(counts, windows.latency))),
        *(Record(f"llmotel:duration_seconds:p{rank}_10m", f"histogram_quantile(0.{rank}, {buckets})")
          for rank in (95, 99)),
        Record("llmotel:successful_calls:increase1h", sum_by(_SLOW_BY, increase(counts, windows.hour, SUCCEEDED))),
        Record("llmotel:duration_seconds:mean1h", mean(metrics, _SLOW_BY, windows.hour, SUCCEEDED)),
    ]  # fmt: skip
    return found


def alerts(windows: Windows) -> list[Alert]:
    """Error rate, burn of the error budget, slow calls, calls slower than last week."""
    operation = f"{{{{ $labels.{OPERATION} }}}}"
    week = duration(windows.week)
    regular = f"on () group_left () ({FEW} * llmotel:threshold:minimum_calls)"
    return [
        Alert(
            "LLMHighErrorRate",
            f"llmotel:error_ratio:5m > {limit('error_ratio')}\n"
            f"and llmotel:calls:increase5m >= {limit('minimum_calls')}",
            windows.page_after, CRITICAL,
            f"{WHO_TEXT}: {shown(PERCENT)} of its LLM calls failed in the last {words(windows.short)}; the limit is "
            f"{threshold_text('error_ratio', PERCENT)}.",
            _PAGE, _RELIABILITY,
        ),
        *(_burn(windows, burn) for burn in BURNS),
        Alert(
            "LLMHighLatencyP99",
            f"llmotel:duration_seconds:p99_10m > {limit('p99_seconds')}\n"
            f"and llmotel:operation_calls:increase10m >= {limit('minimum_calls')}\n"
            f"and (\n"
            f"  llmotel:operation_calls:increase10m >= {regular}\n"
            f"  or llmotel:duration_seconds:p95_10m > {limit('p99_seconds')}\n"
            f")",
            windows.ticket_after, WARNING,
            f"{WHO_TEXT}: 1 in 100 of its {operation} calls took {shown(TENTHS)} s or longer in the last "
            f"{words(windows.latency)}; the limit is {threshold_text('p99_seconds')} s.",
            _PAGE, _PERFORMANCE,
        ),
        Alert(
            "LLMLatencyRegression",
            f"llmotel:duration_seconds:mean1h / llmotel:duration_seconds:mean1h offset {week}\n"
            f"  > {limit('latency_regression')}\n"
            f"and llmotel:successful_calls:increase1h >= {regular}\n"
            f"and llmotel:successful_calls:increase1h offset {week} >= {regular}",
            windows.trend_after, WARNING,
            f"{WHO_TEXT}: its {operation} calls take {shown(TENTHS)} times as long as at the same hour last week; the "
            f"limit is {threshold_text('latency_regression')} times.",
            _PAGE, _PERFORMANCE,
        ),
    ]  # fmt: skip


def _burn(windows: Windows, burn: Burn) -> Alert:
    allowed = block("1 - llmotel:threshold:slo_objective")
    long, short = (words(getattr(windows, SPANS[span])) for span in (burn.long, burn.short))
    return Alert(
        f"LLMErrorBudgetBurn{burn.name}",
        f"llmotel:error_ratio:{burn.long} / on () group_left () {allowed} > {burn.factor}\n"
        f"and llmotel:error_ratio:{burn.short} / on () group_left () {allowed} > {burn.factor}\n"
        f"and llmotel:calls:increase{burn.long} >= {limit('minimum_calls')}",
        windows.page_after if burn.severity == CRITICAL else windows.ticket_after, burn.severity,
        f"{WHO_TEXT}: its LLM calls of the last {long} failed {shown(TENTHS)} times as often as the objective of "
        f"{threshold_text('slo_objective', PERCENT)} allows, and go on failing (last {short}); the limit is "
        f"{burn.factor} times.",
        _PAGE, _RELIABILITY,
    )  # fmt: skip


__all__ = ["BURNS", "FEW", "SPANS", "Burn", "alerts", "records"]
