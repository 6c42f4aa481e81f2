"""The alert rules of the stack, asked of the local store: the same names, thresholds and windows.

One difference is on purpose: the budget is that of the calendar day of this machine's time zone, which PromQL cannot
say.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta, timezone, tzinfo
from typing import Any, NamedTuple

from llmotel.alerts.call_rules import BURNS, FEW, SPANS
from llmotel.alerts.rule import CRITICAL, WARNING
from llmotel.alerts.thresholds import Thresholds
from llmotel.alerts.windows import Windows
from llmotel.local.store import Reader

_NS = 1_000_000_000
_CALLS = "s.kind IN ('inference', 'embeddings')"
_FAILED = "(s.outcome = 'error' OR (s.error_type IS NOT NULL AND s.outcome <> 'cancelled'))"
_WHO = ("service", "environment")


class Case(NamedTuple):
    """What a rule finds about one group of calls at one moment."""

    labels: Mapping[str, str]
    value: float
    threshold: float
    fires: bool


class Moment(NamedTuple):
    """What a rule looks at: the store, when it is, and what is set."""

    reader: Reader
    now_ns: int
    limits: Thresholds
    windows: Windows
    zone: tzinfo | None

    def groups(
        self, figures: str, seconds: int, by: tuple[str, ...] = _WHO, ago: int = 0, where: str = _CALLS
    ) -> dict[tuple[Any, ...], tuple[Any, ...]]:
        """``figures`` of the calls that ended in the last ``seconds``, by group."""
        end = self.now_ns - ago * _NS
        columns = ", ".join(f"s.{name}" for name in by)
        rows = self.reader.query(
            f"SELECT {columns}, {figures} FROM spans s WHERE {where} AND s.end_ns > ? AND s.end_ns <= ? "
            f"AND s.start_ns > ? AND s.start_ns <= ? GROUP BY {', '.join(str(place + 1) for place in range(len(by)))}",
            [end - seconds * _NS, end, end - (seconds + 86_400) * _NS, end],
        )
        return {row[: len(by)]: row[len(by) :] for row in rows}

    def spent(self, start_ns: int, end_ns: int) -> float:
        """What calls cost in a period."""
        row = self.reader.query(
            f"SELECT sum(s.cost_usd) FROM spans s WHERE {_CALLS} AND s.start_ns >= ? AND s.start_ns < ?",
            [start_ns, end_ns],
        )[0]
        return float(row[0] or 0.0)

    def day(self) -> datetime:
        """When the calendar day began."""
        now = datetime.fromtimestamp(self.now_ns / _NS, self.zone).astimezone(self.zone)
        return now.replace(hour=0, minute=0, second=0, microsecond=0)


class Rule(NamedTuple):
    """One rule: it fires for a group that has met it for ``hold`` seconds. ``threshold`` is the setting that it
    compares with, ``unit`` that of its value."""

    name: str
    severity: str
    hold: Callable[[Windows], int]
    threshold: str
    unit: str
    summary: str
    cases: Callable[[Moment], list[Case]]
    reach: int
    """How far back it looks, in seconds."""


def _labels(by: tuple[str, ...], key: tuple[Any, ...]) -> dict[str, str]:
    return {name: str(value) for name, value in zip(by, key, strict=True) if value is not None}


def _error_rate(at: Moment) -> list[Case]:
    found = at.groups(f"count(*), count(*) FILTER ({_FAILED})", at.windows.short)
    limit = at.limits.error_ratio
    return [
        Case(_labels(_WHO, key), failed / calls, limit, failed / calls > limit and calls >= at.limits.minimum_calls)
        for key, (calls, failed) in found.items()
    ]


def _burn(place: int) -> Callable[[Moment], list[Case]]:
    burn = BURNS[place]

    def cases(at: Moment) -> list[Case]:
        allowed = 1 - at.limits.slo_objective
        figures = f"count(*), count(*) FILTER ({_FAILED})"
        long = at.groups(figures, getattr(at.windows, SPANS[burn.long]))
        short = at.groups(figures, getattr(at.windows, SPANS[burn.short]))
        answer = []
        for key, (calls, failed) in long.items():
            rate = failed / calls / allowed
            few, few_failed = short.get(key, (0, 0))
            goes_on = bool(few) and few_failed / few / allowed > burn.factor
            fires = rate > burn.factor and goes_on and calls >= at.limits.minimum_calls
            answer.append(Case(_labels(_WHO, key), rate, burn.factor, fires))
        return answer

    return cases


def _latency(at: Moment) -> list[Case]:
    by = (*_WHO, "operation")
    found = at.groups("count(*), quantile_cont(s.duration, [0.95, 0.99])", at.windows.latency, by)
    limit, least = at.limits.p99_seconds, at.limits.minimum_calls
    return [
        Case(_labels(by, key), p99, limit,
             p99 > limit and calls >= least and (calls >= FEW * least or p95 > limit))
        for key, (calls, (p95, p99)) in found.items()
    ]  # fmt: skip


def _latency_regression(at: Moment) -> list[Case]:
    by = (*_WHO, "operation")
    figures, where = "count(*), avg(s.duration)", f"{_CALLS} AND s.error_type IS NULL AND s.status <> 2"
    now = at.groups(figures, at.windows.hour, by, where=where)
    before = at.groups(figures, at.windows.hour, by, at.windows.week, where)
    least, limit = FEW * at.limits.minimum_calls, at.limits.latency_regression
    answer = []
    for key, (calls, mean) in now.items():
        were, was = before.get(key, (0, None))
        if was:
            answer.append(
                Case(_labels(by, key), mean / was, limit, mean / was > limit and calls >= least and were >= least)
            )
    return answer


def _daily_budget(at: Moment) -> list[Case]:
    spent = at.spent(int(at.day().timestamp()) * _NS, at.now_ns)
    limit = at.limits.daily_budget_usd * at.limits.budget_factor
    return [Case({}, spent, limit, spent > limit)]


def _monthly_forecast(at: Moment) -> list[Case]:
    first = at.day().replace(day=1)
    following = (first + timedelta(days=32)).replace(day=1)
    begin, end = (int(moment.astimezone(timezone.utc).timestamp()) * _NS for moment in (first, following))
    week = at.windows.week * _NS
    hours = at.reader.query(
        f"SELECT count(DISTINCT s.start_ns // {at.windows.hour * _NS}) FROM spans s WHERE {_CALLS} "
        "AND s.start_ns > ? AND s.start_ns <= ?",
        [at.now_ns - week, at.now_ns],
    )[0][0]
    limit = at.limits.monthly_budget_usd or at.limits.daily_budget_usd * (following - first).days
    daily = at.spent(at.now_ns - week, at.now_ns) / (at.windows.week / 86_400)
    expected = at.spent(begin, at.now_ns) + daily * (end - at.now_ns) / (86_400 * _NS)
    return [Case({}, expected, limit, expected > limit and hours >= at.windows.forecast_hours)]


def _unpriced(at: Moment) -> list[Case]:
    found = at.groups("count(*), count(*) FILTER (s.cost_usd IS NULL)", at.windows.hour)
    limit = at.limits.unpriced_ratio
    return [
        Case(_labels(_WHO, key), unknown / calls, limit, unknown / calls > limit and calls >= at.limits.minimum_calls)
        for key, (calls, unknown) in found.items()
    ]


def _grounding(by: tuple[str, ...]) -> Callable[[Moment], list[Case]]:
    def cases(at: Moment) -> list[Case]:
        found = at.groups(
            "count(*), avg(s.grounding_score)", at.windows.half_hour, by,
            where=f"{_CALLS} AND s.grounding_score IS NOT NULL",
        )  # fmt: skip
        limit = at.limits.grounding_minimum
        return [
            Case(_labels(by, key), mean, limit, mean < limit and scored >= at.limits.minimum_calls)
            for key, (scored, mean) in found.items()
        ]

    return cases


def _grounding_regression(at: Moment) -> list[Case]:
    figures, where = "count(*), avg(s.grounding_score)", f"{_CALLS} AND s.grounding_score IS NOT NULL"
    now = at.groups(figures, at.windows.hour, where=where)
    before = at.groups(figures, at.windows.hour, ago=at.windows.week, where=where)
    least, limit = at.limits.minimum_calls, at.limits.grounding_regression
    answer = []
    for key, (scored, mean) in now.items():
        were, was = before.get(key, (0, None))
        if was is not None:
            fires = was - mean > limit and scored >= least and were >= least
            answer.append(Case(_labels(_WHO, key), was - mean, limit, fires))
    return answer


_WEEK = 604_800

RULES: tuple[Rule, ...] = (
    Rule("LLMHighErrorRate", CRITICAL, lambda w: w.page_after, "error_ratio", "ratio",
         "{value:.1%} of the calls of the last 5 minutes failed; the limit is {threshold:.1%}.", _error_rate, 300),
    *(
        Rule(f"LLMErrorBudgetBurn{burn.name}", burn.severity,
             lambda w, burn=burn: w.page_after if burn.severity == CRITICAL else w.ticket_after,  # type: ignore[misc]
             "slo_objective", "factor",
             "Calls fail {value:.1f} times as often as the objective allows; the limit is {threshold:.1f} times.",
             _burn(place), 21_600)
        for place, burn in enumerate(BURNS)
    ),
    Rule("LLMHighLatencyP99", WARNING, lambda w: w.ticket_after, "p99_seconds", "seconds",
         "1 in 100 calls took {value:.1f} s or longer in the last 10 minutes; the limit is {threshold:.1f} s.",
         _latency, 600),
    Rule("LLMLatencyRegression", WARNING, lambda w: w.trend_after, "latency_regression", "factor",
         "Calls take {value:.1f} times as long as at the same hour last week; the limit is {threshold:.1f} times.",
         _latency_regression, _WEEK),
    Rule("LLMDailyBudgetExceeded", WARNING, lambda _: 0, "daily_budget_usd", "usd",
         "Calls have cost {value:.2f} USD today; the limit is {threshold:.2f} USD.", _daily_budget, 86_400),
    Rule("LLMMonthlyBudgetForecast", WARNING, lambda w: w.trend_after, "monthly_budget_usd", "usd",
         "Calls will have cost {value:.2f} USD by the end of the month; the budget is {threshold:.2f} USD.",
         _monthly_forecast, 31 * 86_400),
    Rule("LLMCostUnpriced", WARNING, lambda w: w.ticket_after, "unpriced_ratio", "ratio",
         "The cost of {value:.1%} of the calls of the last hour is unknown; the limit is {threshold:.1%}.",
         _unpriced, 3600),
    Rule("LLMLowGrounding", WARNING, lambda w: w.ticket_after, "grounding_minimum", "score",
         "The average grounding score of the last 30 minutes is {value:.2f}; the limit is {threshold:.2f}.",
         _grounding(_WHO), 1800),
    Rule("LLMLowGroundingOfModel", WARNING, lambda w: w.ticket_after, "grounding_minimum", "score",
         "The average grounding score of a model in the last 30 minutes is {value:.2f}; the limit is {threshold:.2f}.",
         _grounding((*_WHO, "request_model")), 1800),
    Rule("LLMGroundingRegression", WARNING, lambda w: w.trend_after, "grounding_regression", "score",
         "The average grounding score is {value:.2f} lower than at the same hour last week; the limit is "
         "{threshold:.2f}.", _grounding_regression, _WEEK),
)  # fmt: skip

__all__ = ["RULES", "Case", "Moment", "Rule"]
