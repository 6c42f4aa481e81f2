"""Calls: the list, what it can be filtered by, and what it adds up to."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from llmotel.local import paging, shapes
from llmotel.local.errors import RequestError
from llmotel.local.filters import EQUALS, Filter, Parameters, build, previous, replaced, with_quality
from llmotel.local.store import Reader

SORTS = {
    "start_time": "s.start_ns",
    "duration": "s.duration",
    "cost": "s.cost_usd",
    "input_tokens": "s.input_tokens",
    "output_tokens": "s.output_tokens",
    "total_tokens": "(coalesce(s.input_tokens, 0) + coalesce(s.output_tokens, 0))",
    "ttft": "s.ttft",
    "grounding": "s.grounding_score",
    "quality": "s.quality_score",
    "model": "s.model",
    "provider": "s.provider",
    "operation": "s.operation",
    "feature": "s.feature",
    "agent": "s.agent",
    "outcome": "s.outcome",
}
_FACETS = ("model", "provider", "operation", "outcome", "feature", "agent", "service")

FAILED = "(s.outcome = 'error' OR s.status = 2)"

_QUANTILES: dict[str, tuple[str, float]] = {
    "p50": ("s.duration", 0.5),
    "p95": ("s.duration", 0.95),
    "p99": ("s.duration", 0.99),
    "ttft_p50": ("s.ttft", 0.5),
    "ttft_p95": ("s.ttft", 0.95),
}

FIGURES: dict[str, str] = {
    "calls": "count(*)",
    "errors": f"count(*) FILTER ({FAILED})",
    "error_ratio": f"count(*) FILTER ({FAILED}) / nullif(count(*), 0)",
    "cost_usd": "sum(s.cost_usd)",
    "unpriced": "count(*) FILTER (s.cost_usd IS NULL AND s.kind IN ('inference', 'embeddings'))",
    "input_tokens": "sum(s.input_tokens)::DOUBLE",
    "output_tokens": "sum(s.output_tokens)::DOUBLE",
    "cache_read_tokens": "sum(s.cache_read_tokens)::DOUBLE",
    **dict.fromkeys(_QUANTILES, ""),
    "tokens_per_second": (
        "sum(s.output_tokens) FILTER (s.duration > 0) / nullif(sum(s.duration) FILTER (s.output_tokens IS NOT NULL), 0)"
    ),
    "grounding": "avg(s.grounding_score)",
    "sessions": "count(DISTINCT coalesce(s.session_id, s.conversation))",
    "users": "count(DISTINCT s.user_id)",
    "traces": "count(DISTINCT s.trace_id)",
}
"""What calls add up to: name -> aggregate. Quality is beside them: it comes from another table."""

_WHOLE = frozenset({"input_tokens", "output_tokens", "cache_read_tokens"})
_SUMMARY = (
    "calls", "errors", "error_ratio", "cost_usd", "unpriced", "input_tokens", "output_tokens", "cache_read_tokens",
    "p50", "p95", "p99", "ttft_p50", "ttft_p95", "grounding", "quality", "sessions", "users", "traces",
)  # fmt: skip


def listed(store: Reader, given: Parameters, now_ns: int) -> dict[str, Any]:
    """A page of calls, newest first or as ``sort`` says."""
    given.only("sort", "limit", "cursor", "count")
    found = build(given, now_ns)
    sort = paging.order(given, SORTS, "-start_time", ("s.start_ns", "s.span_id"))
    limit = given.whole("limit", 50, 1, 500)
    after, values = sort.after(given.one("cursor"))
    quality = found.needs_quality or sort.expression == "s.quality_score"
    relation = with_quality() if quality else "spans s"
    rows = store.query(
        f"SELECT {shapes.SELECT_CALL}, {sort.expression} FROM {relation} WHERE {found.where} AND {after} "
        f"ORDER BY {sort.sql()} LIMIT {limit + 1}",
        [*found.parameters, *values],
    )
    more, rows = len(rows) > limit, rows[:limit]
    named = [shapes.row_of(shapes.CALL_COLUMNS, row) for row in rows]
    scores = qualities(store, [row["span_id"] for row in named])
    answer: dict[str, Any] = {
        "items": [shapes.call(row, scores.get((row["trace_id"], row["span_id"]))) for row in named],
        "next": paging.encode(rows[-1][-1], named[-1]["start_ns"], named[-1]["span_id"]) if more else None,
    }
    if given.flag("count", False):
        answer["total"] = store.query(f"SELECT count(*) FROM {found.relation} WHERE {found.where}", found.parameters)[
            0
        ][0]
    return answer


def qualities(store: Reader, spans: Sequence[int]) -> dict[tuple[int, int], float]:
    """The mean of the scores other than grounding, by trace and span."""
    if not spans:
        return {}
    return {
        (trace, span): score
        for trace, span, score in store.query(
            "SELECT trace_id, span_id, avg(score) FROM evaluations WHERE span_id IN (SELECT unnest(?::UBIGINT[])) "
            "AND name <> 'grounding' AND score IS NOT NULL GROUP BY ALL",
            [list(spans)],
        )
    }


def facets(store: Reader, given: Parameters, now_ns: int) -> dict[str, Any]:
    """Values and how often they are there, each with all filters but its own; and the ranges of numbers."""
    given.only("field", "limit")
    fields = given.all("field") or list(_FACETS)
    limit = given.whole("limit", 20, 1, 1000)
    answer: dict[str, Any] = {"facets": {}}
    for field in fields:
        if field not in EQUALS and field != "kind":
            raise RequestError(f"field={field[:40]!r}: accepted is one of kind, {', '.join(EQUALS)}", "field")
    for field in dict.fromkeys(fields):
        found = build(given, now_ns, skip=field)
        column = "kind" if field == "kind" else EQUALS[field]
        rows = store.query(
            f"SELECT s.{column}, count(*) AS n, sum(s.cost_usd) FROM {found.relation} WHERE {found.where} "
            f"GROUP BY 1 ORDER BY n DESC, 1 LIMIT {limit}",
            found.parameters,
        )
        answer["facets"][field] = [{"value": value, "count": n, "cost_usd": cost} for value, n, cost in rows]
    found = build(given, now_ns)
    quality = (
        "(SELECT min(score) FROM evaluations WHERE name <> 'grounding'), "
        "(SELECT max(score) FROM evaluations WHERE name <> 'grounding')"
    )
    row = store.query(
        "SELECT min(duration), max(duration), min(cost_usd), max(cost_usd), "
        "min(coalesce(input_tokens, 0) + coalesce(output_tokens, 0)), "
        "max(coalesce(input_tokens, 0) + coalesce(output_tokens, 0)), min(grounding_score), max(grounding_score), "
        f"min(ttft), max(ttft), min(start_ns), max(start_ns), count(*), {quality} "
        f"FROM {found.relation} WHERE {found.where}",
        found.parameters,
    )[0]
    answer["ranges"] = {
        name: {"min": row[place], "max": row[place + 1]}
        for place, name in (
            (0, "duration"),
            (2, "cost"),
            (4, "total_tokens"),
            (6, "grounding"),
            (8, "ttft"),
            (13, "quality"),
        )
    }
    answer["ranges"]["start_time"] = {"min": shapes.iso(row[10]), "max": shapes.iso(row[11])}
    answer["total"] = row[12]
    return answer


def summary(store: Reader, given: Parameters, now_ns: int) -> dict[str, Any]:
    """What the calls add up to, and, on request, those of the period before."""
    given.only("compare")
    found = build(given, now_ns)
    answer: dict[str, Any] = {"current": summed(store, found), "previous": None}
    if given.flag("compare", False):
        before = previous(found, now_ns)
        if before is None:
            raise RequestError("compare=true needs a period: add since=24h, or from=", "compare")
        answer["previous"] = summed(store, replaced(found, *before))
    return answer


def summed(store: Reader, found: Filter, names: Sequence[str] = _SUMMARY) -> dict[str, Any]:
    """The figures ``names`` of one set of calls."""
    wanted = Aggregates(names)
    row = store.query(f"SELECT {wanted.sql} FROM {found.relation} WHERE {found.where}", found.parameters)[0]
    values = wanted.read(row)
    if "quality" in names:
        values["quality"] = None
        if judged(store):
            values["quality"] = store.query(
                "SELECT avg(e.score) FROM evaluations e WHERE e.name <> 'grounding' AND (e.trace_id, e.span_id) IN "
                f"(SELECT (s.trace_id, s.span_id) FROM {found.relation} WHERE {found.where})",
                found.parameters,
            )[0][0]
    return {name: values[name] for name in names}


class Aggregates:
    """The figures ``names`` as the columns of a statement. Quantiles of one thing are one aggregate: each sorts."""

    def __init__(self, names: Sequence[str]) -> None:
        self._names = [name for name in dict.fromkeys(names) if name in FIGURES]
        self._places: dict[str, tuple[int, int | None]] = {}
        parts: list[str] = []
        levels: dict[str, list[float]] = {}
        for name in self._names:
            quantile = _QUANTILES.get(name)
            if quantile is None:
                self._places[name] = (len(parts), None)
                parts.append(FIGURES[name])
                continue
            expression, level = quantile
            if expression not in levels:
                levels[expression] = []
                parts.append(expression)
            self._places[name] = (parts.index(expression), len(levels[expression]))
            levels[expression].append(level)
        self.sql = ", ".join(f"quantile_cont({part}, {levels[part]})" if part in levels else part for part in parts)

    def read(self, row: Sequence[Any]) -> dict[str, Any]:
        """A row of those columns by name."""
        values = {}
        for name, (place, inner) in self._places.items():
            value = row[place]
            if inner is not None and value is not None:
                value = value[inner]
            values[name] = whole(value) if name in _WHOLE else value
        return values


def judged(store: Reader) -> bool:
    """Whether there is any score but grounding's, so that nobody looks for one in vain."""
    return bool(store.query("SELECT 1 FROM evaluations WHERE name <> 'grounding' LIMIT 1"))


def whole(value: float | None) -> int | None:
    """A sum of whole numbers as one."""
    return None if value is None else int(value)


__all__ = [
    "FAILED", "FIGURES", "SORTS", "Aggregates", "facets", "judged", "listed", "qualities", "summary", "summed", "whole",
]  # fmt: skip
