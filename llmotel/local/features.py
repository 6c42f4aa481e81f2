"""Features and models: what each costs, earns, and how well it does."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from llmotel.local import calls
from llmotel.local.filters import EQUALS, Filter, Parameters, build, previous, replaced
from llmotel.local.questions.dialects import DuckDB
from llmotel.local.store import Reader

_MOST = 500
_FIGURES = (
    "calls", "errors", "error_ratio", "cost_usd", "unpriced", "input_tokens", "output_tokens", "cache_read_tokens",
    "p50", "p95", "p99", "ttft_p50", "tokens_per_second", "grounding", "quality", "trend",
)  # fmt: skip


def features(store: Reader, given: Parameters, now_ns: int, names: Sequence[str] = _FIGURES) -> dict[str, Any]:
    """Every feature, the most costly first."""
    found = build(given, now_ns)
    rows = _grouped(store, found, ("feature",), now_ns, names)
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


def models(store: Reader, given: Parameters, now_ns: int, names: Sequence[str] = _FIGURES) -> dict[str, Any]:
    """Every model, the most costly first."""
    return {"items": _grouped(store, build(given, now_ns), ("model", "provider"), now_ns, names)}


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


def _grouped(
    store: Reader, found: Filter, keys: tuple[str, ...], now_ns: int, names: Sequence[str]
) -> list[dict[str, Any]]:
    columns = ", ".join(f"s.{key}" for key in keys)
    places = ", ".join(str(place + 1) for place in range(len(keys)))
    wanted = calls.Aggregates(["cost_usd", *names])
    rows = store.query(
        f"SELECT {columns}, {wanted.sql} FROM {found.relation} "
        f"WHERE {found.where} GROUP BY {places} ORDER BY {len(keys) + 1} DESC NULLS LAST, {places} LIMIT {_MOST}",
        found.parameters,
    )
    scores: dict[Any, float | None] = {}
    if "quality" in names and calls.judged(store):
        scores = _by_key(
            store,
            keys,
            f"SELECT {columns}, avg(e.score) FROM {found.relation} JOIN evaluations e ON e.span_id = s.span_id "
            f"AND e.trace_id = s.trace_id AND e.name <> 'grounding' WHERE {found.where} GROUP BY {places}",
            found,
        )
    before: dict[Any, float | None] = {}
    earlier = previous(found, now_ns) if "trend" in names else None
    if earlier is not None:
        last = replaced(found, *earlier)
        statement = f"SELECT {columns}, sum(s.cost_usd) FROM {last.relation} WHERE {last.where} GROUP BY {places}"
        before = _by_key(store, keys, statement, last)
    items = []
    for row in rows:
        key = row[: len(keys)]
        item = {**dict(zip(keys, key, strict=True)), **wanted.read(row[len(keys) :])}
        if "quality" in names:
            item["quality"] = scores.get(key)
        if "trend" in names:
            cost, was = item["cost_usd"], before.get(key)
            item["previous_cost_usd"] = was
            item["trend"] = (cost - was) / was if cost is not None and was else None
        items.append(item)
    return items


def _by_key(store: Reader, keys: tuple[str, ...], sql: str, found: Filter) -> dict[Any, float | None]:
    return {row[: len(keys)]: row[-1] for row in store.query(sql, found.parameters)}


__all__ = ["features", "models", "values"]
