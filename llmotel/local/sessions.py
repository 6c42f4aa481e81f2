"""Sessions and conversations: the calls of several traces as one thread."""

from __future__ import annotations

from typing import Any

from llmotel.local import calls, paging, shapes, traces
from llmotel.local.errors import RequestError
from llmotel.local.filters import Filter, Parameters, build
from llmotel.local.store import Reader

_SORTS = {
    "last_time": "last_ns",
    "first_time": "first_ns",
    "calls": "calls",
    "cost": "cost",
    "errors": "errors",
}
_ID = "coalesce(s.session_id, s.conversation)"
_NAMES = ("id", "kind", "first_ns", "last_ns", "traces", "calls", "errors", "input_tokens", "output_tokens", "cost",
          "users", "models", "agents", "features")  # fmt: skip


def listed(store: Reader, given: Parameters, now_ns: int) -> dict[str, Any]:
    """A page of sessions, the one with the newest call first."""
    given.only("sort", "limit", "cursor")
    found = build(given, now_ns)
    sort = paging.order(given, _SORTS, "-last_time", ("id",))
    limit = given.whole("limit", 50, 1, 200)
    after, values = sort.after(given.one("cursor"))
    rows = store.query(
        f"""
        WITH grouped AS (
            SELECT {_ID} AS id, min(s.start_ns) AS first_ns, max(s.start_ns) AS last_ns, count(*) AS calls,
                count(*) FILTER (s.outcome = 'error' OR s.status = 2) AS errors,
                sum(s.input_tokens)::DOUBLE AS input_tokens, sum(s.output_tokens)::DOUBLE AS output_tokens,
                sum(s.cost_usd) AS cost
            FROM {found.relation} WHERE {found.where} AND {_ID} IS NOT NULL GROUP BY 1
        ),
        page AS (SELECT * FROM grouped WHERE {after} ORDER BY {sort.sql()} LIMIT {limit + 1})
        SELECT page.id, told.kind, first_ns, last_ns, told.traces, calls, errors, input_tokens, output_tokens, cost,
            told.users, told.models, told.agents, told.features
        FROM page JOIN (
            SELECT {_ID} AS id, min(CASE WHEN s.session_id IS NULL THEN 'conversation' ELSE 'session' END) AS kind,
                count(DISTINCT s.trace_id) AS traces,
                list(DISTINCT s.user_id) FILTER (s.user_id IS NOT NULL) AS users,
                list(DISTINCT s.model) FILTER (s.model IS NOT NULL) AS models,
                list(DISTINCT s.agent) FILTER (s.agent IS NOT NULL) AS agents,
                list(DISTINCT s.feature) FILTER (s.feature IS NOT NULL) AS features
            FROM {found.relation} WHERE {found.where} AND {_ID} IN (SELECT id FROM page) GROUP BY 1
        ) told ON told.id = page.id ORDER BY {sort.sql().replace(", id", ", page.id")}
        """,
        [*found.parameters, *values, *found.parameters],
    )
    more, rows = len(rows) > limit, rows[:limit]
    items = []
    last = None
    for values_ in rows:
        row = shapes.row_of(_NAMES, values_)
        last = paging.encode(row[sort.expression], row["id"])
        items.append(
            {
                "id": row["id"],
                "kind": row["kind"],
                "first_time": shapes.iso(row["first_ns"]),
                "last_time": shapes.iso(row["last_ns"]),
                "traces": row["traces"],
                "calls": row["calls"],
                "errors": row["errors"],
                "input_tokens": calls.whole(row["input_tokens"]),
                "output_tokens": calls.whole(row["output_tokens"]),
                "cost_usd": row["cost"],
                "users": sorted(row["users"] or []),
                "models": sorted(row["models"] or []),
                "agents": sorted(row["agents"] or []),
                "features": sorted(row["features"] or []),
            }
        )
    return {"items": items, "next": last if more else None}


def one(store: Reader, session: str, given: Parameters) -> dict[str, Any]:
    """A session: what it adds up to, and its calls in the order of time with what was said."""
    given.only("limit", "cursor", filters=False)
    limit = given.whole("limit", 200, 1, 500)
    sort = paging.Order("s.start_ns", False, ("s.span_id",))
    after, values = sort.after(given.one("cursor"))
    where = f"{_ID} = ?"
    found = Filter(f"{where} AND s.kind IN ('inference', 'embeddings')", [session], None, None, False)
    rows = store.query(
        f"SELECT {shapes.SELECT_CALL} FROM spans s WHERE {where} AND s.kind = 'inference' AND {after} "
        f"ORDER BY {sort.sql()} LIMIT {limit + 1}",
        [session, *values],
    )
    kind = store.query(
        f"SELECT min(CASE WHEN s.session_id IS NULL THEN 'conversation' ELSE 'session' END), min(s.start_ns), "
        f"max(s.end_ns) FROM spans s WHERE {where}",
        [session],
    )[0]
    if kind[0] is None:
        raise RequestError(f"no session or conversation has the id {session[:80]!r}", "id", 404)
    more, rows = len(rows) > limit, rows[:limit]
    named = [shapes.row_of(shapes.CALL_COLUMNS, row) for row in rows]
    keys = [(row["trace_id"], row["span_id"]) for row in named]
    said = traces.content_of(store, keys, {row["span_id"]: row["kind"] for row in named}) if keys else {}
    scores = calls.qualities(store, [key[1] for key in keys])
    turns = []
    for row, key in zip(named, keys, strict=True):
        turn = shapes.call(row, scores.get(key))
        turn["content"] = said.get(key)
        turns.append(turn)
    return {
        "id": session,
        "kind": kind[0],
        "first_time": shapes.iso(kind[1]),
        "last_time": shapes.iso(kind[2]),
        **calls.summed(store, found),
        "turns": turns,
        "next_cursor": paging.encode(named[-1]["start_ns"], named[-1]["span_id"]) if more else None,
    }


__all__ = ["listed", "one"]
