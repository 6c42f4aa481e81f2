"""The catalogue: each question's name, its columns, and the one statement that answers it on every engine."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from llmotel.local.names import CALL_KINDS
from llmotel.local.questions.dialects import Dialect

Column = tuple[str, str, str]
"""Name, title, unit: usd seconds count ratio tokens score text time per_minute."""

FAILED = "(s.outcome = 'error' OR s.status = 2)"
WASTED = "(s.outcome IN ('error', 'abandoned', 'cancelled') OR s.status = 2)"
_DAY_NS = 86_400_000_000_000


class Asked(NamedTuple):
    """What a question is asked about: a condition over ``s`` without its period, and the period (nanoseconds).

    ``by`` is a column of ``s`` to tell rows apart by; ``offset`` how far the user's zone is ahead of UTC (seconds);
    ``day_ns`` and ``month_ns`` when the user's day and month began, ``month_end_ns`` when the month ends.
    """

    where: str
    start_ns: int
    end_ns: int
    by: str
    offset: int
    day_ns: int
    month_ns: int
    month_end_ns: int
    daily_budget: float
    monthly_budget: float
    limit: int

    def period(self) -> str:
        """The condition with its period."""
        return f"{self.where} AND {self.between(self.start_ns, self.end_ns)}"

    def before(self) -> str:
        """The condition over the period of the same length right before."""
        return f"{self.where} AND {self.between(2 * self.start_ns - self.end_ns, self.start_ns)}"

    @staticmethod
    def between(start_ns: int, end_ns: int) -> str:
        """A period as a condition."""
        return f"s.start_ns >= {start_ns} AND s.start_ns < {end_ns}"


class Question(NamedTuple):
    """One question. ``kinds`` are the spans that it is about, ``by`` what rows are told apart by if nobody says."""

    name: str
    title: str
    description: str
    columns: Sequence[Column]
    sql: Callable[[Dialect, Asked], str]
    since: str = "24h"
    kinds: tuple[str, ...] = CALL_KINDS
    by: str | None = None
    unit: str = "usd"
    plot: str | None = None  # the column that a plot in the terminal shows


def _daily_cost(d: Dialect, a: Asked) -> str:
    return f"""
SELECT {d.day("s.start_ns", a.offset)} AS day, {a.by} AS key, count(*) AS calls, sum(s.cost_usd) AS cost_usd,
  {d.count_if("s.cost_usd IS NULL")} AS unpriced
FROM {d.spans} AS s WHERE {a.period()} GROUP BY 1, 2 ORDER BY 1, 4 DESC, 2"""


def _latency(d: Dialect, a: Asked) -> str:
    return f"""
SELECT {a.by} AS key, count(*) AS calls, {d.quantile("s.duration", 0.5)} AS p50, {d.quantile("s.duration", 0.9)} AS p90,
  {d.quantile("s.duration", 0.95)} AS p95, {d.quantile("s.duration", 0.99)} AS p99, max(s.duration) AS longest,
  {d.quantile("s.ttft", 0.5)} AS ttft_p50, {d.quantile("s.ttft", 0.95)} AS ttft_p95
FROM {d.spans} AS s WHERE {a.period()} GROUP BY 1 ORDER BY 2 DESC, 1"""


def _throughput(d: Dialect, a: Asked) -> str:
    minutes = (a.end_ns - a.start_ns) / 60e9
    return f"""
SELECT {a.by} AS key, count(*) AS calls, count(*) / {minutes!r} AS per_minute, {d.count_if(FAILED)} AS errors,
  {d.count_if(FAILED)} / count(*) AS error_ratio
FROM {d.spans} AS s WHERE {a.period()} GROUP BY 1 ORDER BY 2 DESC, 1"""


def _agents(d: Dialect, a: Asked) -> str:
    return f"""
SELECT s.agent AS agent, count(*) AS runs, {d.count_if(FAILED)} AS failed,
  1 - {d.count_if(FAILED)} / count(*) AS success_ratio, {d.quantile("s.duration", 0.5)} AS p50,
  {d.quantile("s.duration", 0.95)} AS p95
FROM {d.spans} AS s WHERE {a.period()} AND s.agent IS NOT NULL GROUP BY 1 ORDER BY 4, 2 DESC, 1"""


def _tools(d: Dialect, a: Asked) -> str:
    return f"""
SELECT s.tool AS tool, count(*) AS runs, {d.count_if(FAILED)} AS failures,
  {d.count_if(FAILED)} / count(*) AS failure_ratio, {d.quantile("s.duration", 0.95)} AS p95,
  max(CASE WHEN {FAILED} THEN s.error_type END) AS an_error
FROM {d.spans} AS s WHERE {a.period()} AND s.tool IS NOT NULL GROUP BY 1 ORDER BY 3 DESC, 2 DESC, 1"""


def _grounding(d: Dialect, a: Asked) -> str:
    bucket = "CASE WHEN s.grounding_score >= 1 THEN 9 ELSE floor(s.grounding_score * 10) END"
    return f"""
SELECT {bucket} / 10 AS score_from, ({bucket} + 1) / 10 AS score_to, count(*) AS calls,
  avg(s.grounding_score) AS mean
FROM {d.spans} AS s WHERE {a.period()} AND s.grounding_score IS NOT NULL GROUP BY 1, 2 ORDER BY 1"""


def _quality(d: Dialect, a: Asked) -> str:
    return f"""
SELECT {a.by} AS key, e.name AS score, count(*) AS judged, avg(e.score) AS mean, {d.quantile("e.score", 0.1)} AS p10,
  {d.quantile("e.score", 0.5)} AS p50
FROM {d.spans} AS s JOIN {d.evaluations} AS e ON e.span_id = s.span_id AND e.trace_id = s.trace_id
WHERE {a.period()} AND e.score IS NOT NULL GROUP BY 1, 2 ORDER BY 2, 4, 1"""


def _quality_by_prompt(d: Dialect, a: Asked) -> str:
    return f"""
SELECT s.prompt AS prompt, s.prompt_version AS version, e.name AS score, count(*) AS judged, avg(e.score) AS mean,
  {d.quantile("e.score", 0.1)} AS p10
FROM {d.spans} AS s JOIN {d.evaluations} AS e ON e.span_id = s.span_id AND e.trace_id = s.trace_id
WHERE {a.period()} AND e.score IS NOT NULL AND s.prompt_version IS NOT NULL
GROUP BY 1, 2, 3 ORDER BY 1, 3, 2"""


def _values(d: Dialect, a: Asked) -> str:
    """What features earned in the period: counters that go up, each process's from 0 at its start."""
    inside = f"time_ns >= {a.start_ns} AND time_ns < {a.end_ns}"
    return f"""(
  SELECT feature, sum(earned) AS value_usd FROM (
    SELECT feature, series, start_ns, CASE WHEN temporality = 'delta' THEN sum(CASE WHEN {inside} THEN value END)
      ELSE max(CASE WHEN {inside} THEN value END)
        - coalesce(max(CASE WHEN time_ns < {a.start_ns} THEN value END), 0) END AS earned
    FROM {d.values} AS v GROUP BY feature, series, start_ns, temporality
  ) AS grown GROUP BY 1
)"""


def _features(order: str) -> Callable[[Dialect, Asked], str]:
    def sql(d: Dialect, a: Asked) -> str:
        return f"""
SELECT c.feature AS feature, c.calls AS calls, c.errors AS errors, c.cost_usd AS cost_usd, w.value_usd AS value_usd,
  w.value_usd - coalesce(c.cost_usd, 0) AS profit_usd, w.value_usd / nullif(c.cost_usd, 0) AS value_per_usd
FROM (
  SELECT s.feature AS feature, count(*) AS calls, {d.count_if(FAILED)} AS errors, sum(s.cost_usd) AS cost_usd
  FROM {d.spans} AS s WHERE {a.period()} AND s.feature IS NOT NULL GROUP BY 1
) AS c LEFT JOIN {_values(d, a)} AS w ON w.feature = c.feature
ORDER BY {order} LIMIT {a.limit}"""

    return sql


def _budget(d: Dialect, a: Asked) -> str:
    def row(period: str, start_ns: int, budget: float) -> str:
        return f"""
SELECT '{period}' AS period, coalesce(sum(s.cost_usd), 0) AS spent_usd, {budget!r} AS budget_usd,
  coalesce(sum(s.cost_usd), 0) / {budget!r} AS used, {d.count_if("s.cost_usd IS NULL")} AS unpriced
FROM {d.spans} AS s WHERE {a.where} AND {a.between(start_ns, a.end_ns)}"""

    return (
        f"SELECT period, spent_usd, budget_usd, used, unpriced FROM ({row('today', a.day_ns, a.daily_budget)}\n"
        f"UNION ALL {row('this month', a.month_ns, a.monthly_budget)}) AS u ORDER BY budget_usd, period"
    )


def _trend(d: Dialect, a: Asked) -> str:
    week = 7 * _DAY_NS
    day = d.day("s.start_ns", a.offset)
    shifted = d.day(f"s.start_ns + {week}", a.offset)
    first = a.day_ns - 6 * _DAY_NS
    return f"""
SELECT n.day AS day, n.calls AS calls, n.cost_usd AS cost_usd, b.cost_usd AS week_before_usd,
  (n.cost_usd - b.cost_usd) / nullif(b.cost_usd, 0) AS change
FROM (
  SELECT {day} AS day, count(*) AS calls, sum(s.cost_usd) AS cost_usd FROM {d.spans} AS s
  WHERE {a.where} AND {a.between(first, a.end_ns)} GROUP BY 1
) AS n LEFT JOIN (
  SELECT {shifted} AS day, sum(s.cost_usd) AS cost_usd FROM {d.spans} AS s
  WHERE {a.where} AND {a.between(first - week, a.end_ns - week)} GROUP BY 1
) AS b ON b.day = n.day ORDER BY 1"""


def _forecast(d: Dialect, a: Asked) -> str:
    week = 7 * _DAY_NS
    return f"""
SELECT spent_usd, per_day_usd, spent_usd + per_day_usd * {(a.month_end_ns - a.end_ns) / _DAY_NS!r} AS forecast_usd,
  {a.monthly_budget!r} AS budget_usd,
  (spent_usd + per_day_usd * {(a.month_end_ns - a.end_ns) / _DAY_NS!r}) / {a.monthly_budget!r} AS used
FROM (
  SELECT coalesce(sum(CASE WHEN s.start_ns >= {a.month_ns} THEN s.cost_usd END), 0) AS spent_usd,
    coalesce(sum(CASE WHEN s.start_ns >= {a.end_ns - week} THEN s.cost_usd END), 0) / 7 AS per_day_usd
  FROM {d.spans} AS s WHERE {a.where} AND {a.between(min(a.month_ns, a.end_ns - week), a.end_ns)}
) AS m"""


def _regressions(d: Dialect, a: Asked) -> str:
    def side(condition: str) -> str:
        return f"""(
  SELECT {a.by} AS key, count(*) AS calls, {d.quantile("s.duration", 0.99)} AS p99
  FROM {d.spans} AS s WHERE {condition} GROUP BY 1
)"""

    return f"""
SELECT n.key AS key, n.calls AS calls, b.p99 AS p99_before, n.p99 AS p99, n.p99 / nullif(b.p99, 0) AS factor
FROM {side(a.period())} AS n JOIN {side(a.before())} AS b ON b.key = n.key
ORDER BY 5 DESC, 1"""


def _traces(order: str) -> Callable[[Dialect, Asked], str]:
    def sql(d: Dialect, a: Asked) -> str:
        call = "s.kind IN ('inference', 'embeddings')"
        return f"""
SELECT s.trace_id AS trace_id, (max(s.end_ns) - min(s.start_ns)) / 1e9 AS duration_seconds,
  {d.count_if(call)} AS calls, sum(CASE WHEN {call} THEN s.cost_usd END) AS cost_usd, {d.count_if(FAILED)} AS errors
FROM {d.spans} AS s WHERE {a.period()} GROUP BY 1
ORDER BY {order} LIMIT {a.limit}"""

    return sql


def _cache(d: Dialect, a: Asked) -> str:
    return f"""
SELECT {a.by} AS key, count(*) AS calls, sum(s.cache_read_tokens) AS cached_tokens,
  sum(s.cache_read_tokens) / nullif(sum(s.input_tokens), 0) AS cached_ratio, sum(s.cost_usd) AS cost_usd,
  sum(s.cost_uncached_usd - s.cost_usd) AS saved_usd
FROM {d.spans} AS s WHERE {a.period()} GROUP BY 1 ORDER BY 6 DESC, 1"""


def _wasted(d: Dialect, a: Asked) -> str:
    return f"""
SELECT {a.by} AS key, {d.count_if(WASTED)} AS wasted_calls, {d.count_if(WASTED)} / count(*) AS wasted_ratio,
  sum(CASE WHEN {WASTED} THEN s.cost_usd END) AS wasted_usd,
  sum(CASE WHEN {WASTED} THEN s.cost_usd END) / nullif(sum(s.cost_usd), 0) AS share_of_cost
FROM {d.spans} AS s WHERE {a.period()} GROUP BY 1 ORDER BY 4 DESC, 2 DESC, 1"""


def _correlations(d: Dialect, a: Asked) -> str:
    hour = d.floor_divide("s.start_ns", 3_600_000_000_000)
    return f"""
SELECT 'errors and cost' AS what, count(*) AS points, corr(error_ratio, cost) AS correlation FROM (
  SELECT {hour} AS hour, {d.count_if(FAILED)} / count(*) AS error_ratio, avg(s.cost_usd) AS cost
  FROM {d.spans} AS s WHERE {a.period()} GROUP BY 1
) AS h WHERE cost IS NOT NULL
UNION ALL
SELECT 'latency and quality' AS what, count(*) AS points, corr(duration, score) AS correlation FROM (
  SELECT s.span_id AS span_id, max(s.duration) AS duration, avg(e.score) AS score
  FROM {d.spans} AS s JOIN {d.evaluations} AS e ON e.span_id = s.span_id AND e.trace_id = s.trace_id
  WHERE {a.period()} AND e.score IS NOT NULL GROUP BY 1
) AS q"""


_KEY = ("key", "", "text")
_CALLS = ("calls", "Calls", "count")
_COST = ("cost_usd", "Cost", "usd")
_FEATURES: tuple[Column, ...] = (
    ("feature", "Feature", "text"), _CALLS, ("errors", "Errors", "count"), _COST, ("value_usd", "Value", "usd"),
    ("profit_usd", "Profit", "usd"), ("value_per_usd", "Value per USD", "ratio"),
)  # fmt: skip
_TRACES: tuple[Column, ...] = (
    ("trace_id", "Trace", "text"), ("duration_seconds", "Duration", "seconds"), _CALLS, _COST,
    ("errors", "Errors", "count"),
)  # fmt: skip

QUESTIONS: dict[str, Question] = {
    question.name: question
    for question in (
        Question(
            "daily_cost", "Daily cost", "What calls cost each day, by provider; `unpriced` calls are not in it.",
            (("day", "Day", "text"), _KEY, _CALLS, _COST, ("unpriced", "Unpriced", "count")), _daily_cost, "30d",
            by="provider", plot="cost_usd",
        ),
        Question(
            "latency", "Latency", "Percentiles of how long calls take, and of the time to the first chunk.",
            (_KEY, _CALLS, ("p50", "p50", "seconds"), ("p90", "p90", "seconds"), ("p95", "p95", "seconds"),
             ("p99", "p99", "seconds"), ("longest", "Longest", "seconds"), ("ttft_p50", "First chunk p50", "seconds"),
             ("ttft_p95", "First chunk p95", "seconds")),
            _latency, by="operation", unit="seconds",
        ),
        Question(
            "throughput", "Throughput and errors", "Calls a minute and the share that failed, by operation.",
            (_KEY, _CALLS, ("per_minute", "A minute", "per_minute"), ("errors", "Errors", "count"),
             ("error_ratio", "Error ratio", "ratio")),
            _throughput, by="operation", unit="count", plot="calls",
        ),
        Question(
            "agents", "Agents", "How often agents succeed; the least successful first.",
            (("agent", "Agent", "text"), ("runs", "Runs", "count"), ("failed", "Failed", "count"),
             ("success_ratio", "Success", "ratio"), ("p50", "p50", "seconds"), ("p95", "p95", "seconds")),
            _agents, "7d", ("agent",), unit="ratio",
        ),
        Question(
            "tools", "Tools", "Which tools fail, how often, and an error that they had.",
            (("tool", "Tool", "text"), ("runs", "Runs", "count"), ("failures", "Failures", "count"),
             ("failure_ratio", "Failure ratio", "ratio"), ("p95", "p95", "seconds"), ("an_error", "An error", "text")),
            _tools, "7d", ("tool", "mcp"), unit="count",
        ),
        Question(
            "grounding", "Grounding", "How many answers have which grounding score; unscored ones are not in it.",
            (("score_from", "From", "score"), ("score_to", "To", "score"), _CALLS, ("mean", "Mean", "score")),
            _grounding, "7d", unit="score", plot="calls",
        ),
        Question(
            "quality", "Quality", "Scores of answers, by model; the worst first.",
            (_KEY, ("score", "Score", "text"), ("judged", "Judged", "count"), ("mean", "Mean", "score"),
             ("p10", "p10", "score"), ("p50", "p50", "score")),
            _quality, "7d", by="model", unit="score",
        ),
        Question(
            "quality_by_prompt", "Quality by prompt version", "Scores of answers by prompt and its version.",
            (("prompt", "Prompt", "text"), ("version", "Version", "text"), ("score", "Score", "text"),
             ("judged", "Judged", "count"), ("mean", "Mean", "score"), ("p10", "p10", "score")),
            _quality_by_prompt, "7d", unit="score",
        ),
        Question(
            "features", "Cost and value by feature", "What features cost and earn (`llmotel.record_value`).",
            _FEATURES, _features("cost_usd DESC NULLS LAST, feature"), "30d",
        ),
        Question(
            "least_profitable", "Least profitable features", "Features whose value exceeds their cost by the least.",
            _FEATURES, _features("profit_usd ASC NULLS LAST, feature"), "30d",
        ),
        Question(
            "budget", "Budget", "What today and this month have cost of their budgets, in this machine's time zone.",
            (("period", "Period", "text"), ("spent_usd", "Spent", "usd"), ("budget_usd", "Budget", "usd"),
             ("used", "Used", "ratio"), ("unpriced", "Unpriced", "count")),
            _budget,
        ),
        Question(
            "trend", "Trend of 7 days", "Cost of each of the last 7 days, beside the same day a week before.",
            (("day", "Day", "text"), _CALLS, _COST, ("week_before_usd", "A week before", "usd"),
             ("change", "Change", "ratio")),
            _trend, "7d", plot="cost_usd",
        ),
        Question(
            "forecast", "Forecast of the month", "What the month will have cost if it goes on as in the last 7 days.",
            (("spent_usd", "So far", "usd"), ("per_day_usd", "A day", "usd"), ("forecast_usd", "Forecast", "usd"),
             ("budget_usd", "Budget", "usd"), ("used", "Of the budget", "ratio")),
            _forecast, "30d",
        ),
        Question(
            "regressions", "Regressions of p99", "How many times as long the slowest 1 % take as in the period before.",
            (_KEY, _CALLS, ("p99_before", "p99 before", "seconds"), ("p99", "p99", "seconds"),
             ("factor", "Factor", "ratio")),
            _regressions, by="model", unit="seconds",
        ),
        Question(
            "slowest_traces", "Slowest traces", "Traces that took the longest.", _TRACES,
            _traces("duration_seconds DESC, trace_id"), kinds=("all",), unit="seconds",
        ),
        Question(
            "most_expensive_traces", "Most expensive traces", "Traces whose calls cost the most.", _TRACES,
            _traces("cost_usd DESC NULLS LAST, trace_id"), kinds=("all",),
        ),
        Question(
            "cache", "Cache savings", "How much of the input came from a prompt cache, and what that saved.",
            (_KEY, _CALLS, ("cached_tokens", "Cached", "tokens"), ("cached_ratio", "Of the input", "ratio"), _COST,
             ("saved_usd", "Saved", "usd")),
            _cache, "7d", by="model",
        ),
        Question(
            "wasted", "Wasted cost", "What failed, cancelled and abandoned calls cost.",
            (_KEY, ("wasted_calls", "Calls", "count"), ("wasted_ratio", "Of the calls", "ratio"),
             ("wasted_usd", "Cost", "usd"), ("share_of_cost", "Of the cost", "ratio")),
            _wasted, "7d", by="model",
        ),
        Question(
            "correlations", "Correlations", "Of errors with cost by the hour, and of latency with quality by the call.",
            (("what", "What", "text"), ("points", "Points", "count"), ("correlation", "Correlation", "score")),
            _correlations, "7d", unit="score",
        ),
    )
}  # fmt: skip

__all__ = ["FAILED", "QUESTIONS", "WASTED", "Asked", "Column", "Question"]
