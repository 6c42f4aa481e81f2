"""Features and models: what each costs, earns, and how well it does."""

from __future__ import annotations

from typing import Any

from llmotel.local import calls
from llmotel.local.filters import EQUALS, Filter, Parameters, build, previous, replaced
from llmotel.local.questions.dialects import DuckDB
from llmotel.local.store import Reader

_FAILED = "(s.outcome = 'error' OR s.status = 2)"
_MOST = 500


def features(store: Reader, given: Parameters, now_ns: int) -> dict[str, Any]:
    """Every feature, the most costly first."""
    found = build(given, now_ns)
    rows = _grouped(store, found, ("feature",), now_ns)
    start = found.start_ns or 0
    end = now_ns + 1 if found.end_ns is None else found.end_ns
    earned = values(store, start, end)
    known = {row["feature"] for row in rows}
    for row in rows:
        value = earned.get(row["feature"])
        row["value_usd"] = value
        row["profit_usd"] = None if value is None else value - (row["cost_usd"] or 0.0)
        row["return"] = value / row["cost_usd"] if value is not None and row["cost_usd"] else None
    if not any(name in given for name in EQUALS):
        for name, value in earned.items():
            if name not in known:
                rows.append({**dict.fromkeys(rows[0] if rows else ()), "feature": name, "calls": 0, "errors": 0,
                             "cost_usd": None, "value_usd": value, "profit_usd": value, "return": None})  # fmt: skip
    return {"items": rows}


def models(store: Reader, given: Parameters, now_ns: int) -> dict[str, Any]:
    """Every model, the most costly first."""
    return {"items": _grouped(store, build(given, now_ns), ("model", "provider"), now_ns)}


def values(store: Reader, start_ns: int, end_ns: int) -> dict[str | None, float]:
    """What features earned in a period: each process's counter from its start, or by deltas."""
    inside = "time_ns >= $start AND time_ns < $end"
    return dict(
        store.query(
            f"""
            SELECT feature, sum(earned) FROM (
                SELECT feature, CASE WHEN temporality = 'delta' THEN sum(value) FILTER ({inside})
                    ELSE max(value) FILTER ({inside}) - coalesce(max(value) FILTER (time_ns < $start), 0) END AS earned
                FROM {DuckDB().values} GROUP BY feature, series, start_ns, temporality
            ) GROUP BY 1 HAVING sum(earned) IS NOT NULL
            """,
            {"start": start_ns, "end": end_ns},
        )
    )


def _grouped(store: Reader, found: Filter, keys: tuple[str, ...], now_ns: int) -> list[dict[str, Any]]:
    columns = ", ".join(f"s.{key}" for key in keys)
    places = ", ".join(str(place + 1) for place in range(len(keys)))
    rows = store.query(
        f"SELECT {columns}, count(*), count(*) FILTER ({_FAILED}), sum(s.cost_usd) AS cost, "
        "count(*) FILTER (s.cost_usd IS NULL), sum(s.input_tokens)::DOUBLE, sum(s.output_tokens)::DOUBLE, "
        "sum(s.cache_read_tokens)::DOUBLE, quantile_cont(s.duration, [0.5, 0.95, 0.99]), quantile_cont(s.ttft, 0.5), "
        "sum(s.output_tokens) FILTER (s.duration > 0) / nullif(sum(s.duration) FILTER (s.output_tokens IS NOT NULL), 0)"
        f", avg(s.grounding_score) FROM {found.relation} WHERE {found.where} GROUP BY {places} "
        f"ORDER BY cost DESC NULLS LAST, {places} LIMIT {_MOST}",
        found.parameters,
    )
    scores = {
        row[: len(keys)]: row[-1]
        for row in store.query(
            f"SELECT {columns}, avg(e.score) FROM {found.relation} JOIN evaluations e ON e.span_id = s.span_id "
            f"AND e.trace_id = s.trace_id AND e.name <> 'grounding' WHERE {found.where} GROUP BY {places}",
            found.parameters,
        )
    }
    before: dict[Any, float | None] = {}
    earlier = previous(found, now_ns)
    if earlier is not None:
        last = replaced(found, *earlier)
        before = {
            row[: len(keys)]: row[-1]
            for row in store.query(
                f"SELECT {columns}, sum(s.cost_usd) FROM {last.relation} WHERE {last.where} GROUP BY {places}",
                last.parameters,
            )
        }
    items = []
    for row in rows:
        key, rest = row[: len(keys)], row[len(keys) :]
        count, errors, cost, unpriced, given, made, cached, durations, ttft, pace, grounding = rest
        was = before.get(key)
        items.append(
            {
                **dict(zip(keys, key, strict=True)),
                "calls": count,
                "errors": errors,
                "error_ratio": errors / count,
                "cost_usd": cost,
                "unpriced": unpriced,
                "input_tokens": calls.whole(given),
                "output_tokens": calls.whole(made),
                "cache_read_tokens": calls.whole(cached),
                "p50": durations[0] if durations else None,
                "p95": durations[1] if durations else None,
                "p99": durations[2] if durations else None,
                "ttft_p50": ttft,
                "tokens_per_second": pace,
                "grounding": grounding,
                "quality": scores.get(key),
                "previous_cost_usd": was,
                "trend": (cost - was) / was if cost is not None and was else None,
            }
        )
    return items


__all__ = ["features", "models", "values"]
