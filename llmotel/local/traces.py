"""Traces, and spans with all that is known of them."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from llmotel.local import calls, conversation, jsonvalues, paging, shapes
from llmotel.local.errors import RequestError
from llmotel.local.filters import Parameters, build, span_number, trace_number
from llmotel.local.jsonvalues import parsed
from llmotel.local.spans import restored
from llmotel.local.store import Reader

_SORTS = {
    "start_time": "start_ns",
    "duration": "duration",
    "cost": "cost",
    "spans": "spans",
    "calls": "calls",
    "errors": "errors",
}
_CALL = "s.kind IN ('inference', 'embeddings')"
_FAILED = "(s.outcome = 'error' OR s.status = 2)"
_SIBLINGS = 20


def listed(store: Reader, given: Parameters, now_ns: int) -> dict[str, Any]:
    """A page of the traces that hold a span which the filters want."""
    given.only("sort", "limit", "cursor")
    found = build(given, now_ns, kinds=("all",))
    sort = paging.order(given, _SORTS, "-start_time", ("start_ns", "trace_id"))
    limit = given.whole("limit", 50, 1, 200)
    after, values = sort.after(given.one("cursor"))
    if len(values) and isinstance(values[-1], str):
        values[-1] = trace_number(values[-1])
    figures = f"""(max(s.end_ns) - min(s.start_ns)) / 1e9 AS duration,
                count(*) AS spans, count(*) FILTER ({_CALL}) AS calls, count(*) FILTER ({_FAILED}) AS errors,
                sum(s.input_tokens) FILTER ({_CALL})::DOUBLE AS input_tokens,
                sum(s.output_tokens) FILTER ({_CALL})::DOUBLE AS output_tokens,
                sum(s.cost_usd) FILTER ({_CALL}) AS cost"""
    by_start = sort.expression == "start_ns"  # then the figures are needed for the traces of the page alone
    chosen = "true"
    if found.where != "true":
        chosen = f"s.trace_id IN (SELECT s.trace_id FROM {found.relation} WHERE {found.where})"
    rows = store.query(
        f"""
        WITH grouped AS (
            SELECT s.trace_id, min(s.start_ns) AS start_ns{"" if by_start else f", {figures}"}
            FROM spans s WHERE {chosen} GROUP BY 1
        ),
        page AS MATERIALIZED (SELECT * FROM grouped WHERE {after} ORDER BY {sort.sql()} LIMIT {limit + 1})
        SELECT trace_id, page.start_ns, duration, spans, calls, errors, input_tokens, output_tokens, cost,
            name, service, outcome, agents, models, session, "user", feature
        FROM page JOIN (
            SELECT s.trace_id, {f"{figures}," if by_start else ""}
                arg_min(s.name, (s.parent_id IS NOT NULL, s.start_ns)) AS name,
                arg_min(s.service, (s.parent_id IS NOT NULL, s.start_ns)) AS service,
                arg_min(s.outcome, (s.parent_id IS NOT NULL, s.start_ns)) AS outcome,
                list(DISTINCT s.agent) FILTER (s.agent IS NOT NULL) AS agents,
                list(DISTINCT s.model) FILTER (s.model IS NOT NULL) AS models,
                any_value(s.session_id) AS session, any_value(s.user_id) AS "user", any_value(s.feature) AS feature
            FROM spans s WHERE s.trace_id IN (SELECT trace_id FROM page) GROUP BY 1
        ) told USING (trace_id) ORDER BY {sort.sql().replace("start_ns", "page.start_ns")}
        """,
        [*found.parameters, *values],
    )
    names = ("trace_id", "start_ns", "duration", "spans", "calls", "errors", "input_tokens", "output_tokens", "cost",
             "name", "service", "outcome", "agents", "models", "session", "user", "feature")  # fmt: skip
    more, rows = len(rows) > limit, rows[:limit]
    items = []
    for values_ in rows:
        row = shapes.row_of(names, values_)
        items.append(
            {
                "trace_id": shapes.trace_hex(row["trace_id"]),
                "name": row["name"],
                "service": row["service"],
                "start_time": shapes.iso(row["start_ns"]),
                "duration_seconds": max(row["duration"], 0.0),
                "spans": row["spans"],
                "calls": row["calls"],
                "errors": row["errors"],
                "input_tokens": calls.whole(row["input_tokens"]),
                "output_tokens": calls.whole(row["output_tokens"]),
                "cost_usd": row["cost"],
                "agents": sorted(row["agents"] or []),
                "models": sorted(row["models"] or []),
                "session": row["session"],
                "user": row["user"],
                "feature": row["feature"],
                "outcome": row["outcome"],
            }
        )
    last = None
    if more:
        row = shapes.row_of(names, rows[-1])
        value = {"start_ns": row["start_ns"], "cost": row["cost"]}.get(sort.expression, row.get(sort.expression))
        last = paging.encode(value, row["start_ns"], shapes.trace_hex(row["trace_id"]))
    return {"items": items, "next": last}


def one(store: Reader, trace: str, given: Parameters) -> dict[str, Any]:
    """A trace: its spans in the order of their starts, a page of them, and what the whole adds up to."""
    given.only("limit", "offset", filters=False)
    limit = given.whole("limit", 5000, 1, 50_000)
    offset = given.whole("offset", 0, 0, 100_000_000)
    number = latest(store) if trace == "last" else trace_number(trace)
    structure = store.query(
        "SELECT span_id, parent_id, start_ns, end_ns FROM spans WHERE trace_id = ?::UHUGEINT ORDER BY 3, 1",
        [number],
    )
    waiting = pending(store, number)
    if not structure and not waiting:
        raise RequestError(f"no trace has the id {trace}", "trace_id", 404)
    start = min([row[2] for row in structure] + [row["start_ns"] for row in waiting])
    end = max([max(row[2], row[3]) for row in structure] + [start])
    rows = store.query(
        f"SELECT {shapes.SELECT_CALL} FROM spans s WHERE trace_id = ?::UHUGEINT ORDER BY start_ns, span_id "
        f"LIMIT {limit} OFFSET {offset}",
        [number],
    )
    named = [shapes.row_of(shapes.CALL_COLUMNS, row) for row in rows]
    scores = calls.qualities(store, [row["span_id"] for row in named])
    scopes = _origins(store, {row["scope"] for row in named})
    places = tree([(row[0], row[1]) for row in structure])
    spans = []
    for row in named:
        item = shapes.span(row, start, scores.get((number, row["span_id"])))
        scope = scopes.get(row["scope"], {})
        item["scope"] = {"name": scope.get("name", ""), "version": scope.get("version", "")}
        depth, children, cycle = places[row["span_id"]]
        item["depth"], item["children"] = depth, children
        if cycle:
            item["cycle"] = True
        spans.append(item)
    spans.sort(key=lambda one: (int(one["start_unix_nano"]), one["depth"]))
    if offset + len(spans) >= len(structure):
        spans += [running(row, start) for row in waiting]
    summary = store.query(
        f"SELECT count(*), count(*) FILTER ({_CALL}), count(*) FILTER ({_FAILED}), "
        "count(*) FILTER (s.kind IN ('tool', 'mcp')), count(DISTINCT s.agent), "
        f"sum(s.input_tokens) FILTER ({_CALL})::DOUBLE, sum(s.output_tokens) FILTER ({_CALL})::DOUBLE, "
        f"sum(s.cost_usd) FILTER ({_CALL}), count(*) FILTER ({_CALL} AND s.cost_usd IS NULL), "
        "list(DISTINCT s.service) FILTER (s.service IS NOT NULL), any_value(s.session_id), any_value(s.user_id), "
        "any_value(s.conversation), list(DISTINCT s.model) FILTER (s.model IS NOT NULL) "
        "FROM spans s WHERE s.trace_id = ?::UHUGEINT",
        [number],
    )[0]
    following = offset + limit
    return {
        "trace_id": shapes.trace_hex(number),
        "start_time": shapes.iso(start),
        "duration_seconds": (end - start) / 1e9,
        "total": len(structure),
        "next_offset": following if following < len(structure) else None,
        "summary": {
            "spans": summary[0],
            "calls": summary[1],
            "errors": summary[2],
            "tools": summary[3],
            "agents": summary[4],
            "input_tokens": calls.whole(summary[5]),
            "output_tokens": calls.whole(summary[6]),
            "cost_usd": summary[7],
            "unpriced": summary[8],
            "services": sorted(summary[9] or []),
            "session": summary[10],
            "user": summary[11],
            "conversation": summary[12],
            "models": sorted(summary[13] or []),
        },
        "spans": spans,
    }


def latest(store: Reader) -> int:
    """The newest trace."""
    rows = store.query("SELECT trace_id FROM spans ORDER BY start_ns DESC LIMIT 1")
    if not rows:
        raise RequestError("there is no trace yet", "trace_id", 404)
    number: int = rows[0][0]
    return number


def tree(links: Sequence[tuple[int, int | None]]) -> dict[int, tuple[int, int, bool]]:
    """Each span's depth, number of children, and whether its parents go round in a circle. A span that is there twice
    counts once; one whose parent is missing is a root."""
    parents = dict(links)
    children: dict[int, int] = {}
    for parent in parents.values():
        if parent in parents:
            children[parent] = children.get(parent, 0) + 1
    depths: dict[int, int | None] = {}
    for span in parents:
        path: list[int] = []
        seen: set[int] = set()
        here: int | None = span
        while here is not None and here in parents and here not in depths and here not in seen:
            path.append(here)
            seen.add(here)
            here = parents[here]
        base: int | None
        if here in seen:
            base = None  # a circle
        elif here is None or here not in parents:
            base = -1
        else:
            base = depths[here]
        for step in reversed(path):
            base = None if base is None else base + 1
            depths[step] = base
    return {span: (depths[span] or 0, children.get(span, 0), depths[span] is None) for span in parents}


def pending(store: Reader, trace: int | None = None) -> list[dict[str, Any]]:
    """What has begun and not ended."""
    rows = store.query(
        "SELECT p.trace_id, p.span_id, min(p.start_ns), any_value(p.service), any_value(p.name), "
        "any_value(p.attributes) FROM pending p WHERE "
        + ("p.trace_id = ?::UHUGEINT AND " if trace is not None else "")
        + "NOT EXISTS (SELECT 1 FROM spans s WHERE s.trace_id = p.trace_id AND s.span_id = p.span_id) "
        "GROUP BY 1, 2 ORDER BY 3",
        [trace] if trace is not None else [],
    )
    return [
        dict(zip(("trace_id", "span_id", "start_ns", "service", "name", "attributes"), row, strict=True))
        for row in rows
    ]


def running(row: Mapping[str, Any], trace_start_ns: int) -> dict[str, Any]:
    """A span that has not ended, in the shape of one that has."""
    from llmotel.local.names import KINDS, PRIMARY

    said = json.loads(row["attributes"])
    whole: dict[str, Any] = dict.fromkeys(shapes.CALL_COLUMNS)
    whole.update(
        trace_id=row["trace_id"], span_id=row["span_id"], start_ns=row["start_ns"], end_ns=0, duration=None,
        name=row["name"], span_kind=0, status=0, service=row["service"], source="llmotel", has_content=False,
        event_count=0, link_count=0, outcome=None,
    )  # fmt: skip
    for name, (column, _) in PRIMARY.items():
        if name in said and column in whole and column != "finish_reasons":
            whole[column] = said[name]
    parent = said.get("llmotel.parent_span_id")
    if isinstance(parent, str) and len(parent) == 16:
        try:
            whole["parent_id"] = int(parent, 16)
        except ValueError:
            pass
    whole["kind"] = KINDS.get(str(whole["operation"]), "other")
    item = shapes.span(whole, trace_start_ns)
    item["pending"] = True
    item["scope"] = {"name": "", "version": ""}
    return item


def all_running(store: Reader, given: Parameters, now_ns: int) -> dict[str, Any]:
    """Calls, tools and agents that have begun and not ended, the longest first."""
    given.only(filters=False)
    items = []
    for row in pending(store):
        item = running(row, row["start_ns"])
        item["running_seconds"] = max(now_ns - row["start_ns"], 0) / 1e9
        items.append(item)
    return {"items": items}


def _origins(store: Reader, ids: set[int]) -> dict[int, dict[str, Any]]:
    return {
        number: parsed(body)
        for number, body in store.query(
            "SELECT id, body FROM origins WHERE id IN (SELECT unnest(?::UBIGINT[]))", [list(ids)]
        )
    }


def span(store: Reader, span_id: str, given: Parameters) -> dict[str, Any]:
    """A span in full: attributes as they were sent, events, links, what was said, scores."""
    given.only("trace_id", "content", filters=False)
    number = span_number(span_id)
    trace = given.one("trace_id")
    rows = store.query(
        f"SELECT {', '.join(shapes.ALL_COLUMNS)} FROM spans WHERE span_id = ?"
        + (" AND trace_id = ?::UHUGEINT" if trace else "")
        + " ORDER BY start_ns DESC LIMIT 1",
        [number, *([trace_number(trace)] if trace else [])],
    )
    if not rows:
        raise RequestError(f"no span has the id {span_id}" + (f" in trace {trace}" if trace else ""), "span_id", 404)
    row = shapes.row_of(shapes.ALL_COLUMNS, rows[0])
    key = [row["trace_id"], number]
    start = store.query("SELECT min(start_ns) FROM spans WHERE trace_id = ?::UHUGEINT", [row["trace_id"]])[0][0]
    scores = calls.qualities(store, [number])
    item = shapes.span(row, start, scores.get((row["trace_id"], number)))
    origins = _origins(store, {row["resource"], row["scope"]})
    attributes = restored(parsed(row["attributes"]), row)
    logs = store.query(
        "SELECT time_ns, event, attributes, severity, body FROM logs WHERE trace_id = ?::UHUGEINT AND span_id = ? "
        "ORDER BY time_ns LIMIT 1000",
        key,
    )
    item.update(
        attributes={name: jsonvalues.finite(value) for name, value in attributes.items()},
        resource=origins.get(row["resource"], {}).get("attributes", {}),
        scope=origins.get(row["scope"], {"name": "", "version": "", "attributes": {}}),
        dropped_attributes=row["dropped"],
        trace_state=row["trace_state"] or "",
        events=[
            {
                "time": shapes.iso(min(event["time_unix_nano"], (1 << 63) - 1)),
                "name": event["name"],
                "attributes": event["attributes"],
                "severity": None,
                "body": None,
                "origin": "span",
            }
            for event in parsed(row["events"]) or []
        ]
        + [
            {
                "time": shapes.iso(time),
                "name": event,
                "attributes": parsed(said),
                "severity": severity,
                "body": parsed(body),
                "origin": "log",
            }
            for time, event, said, severity, body in logs
        ],
        links=parsed(row["links"]) or [],
        cost={
            "total": row["cost_usd"],
            "input": row["cost_input_usd"],
            "output": row["cost_output_usd"],
            "uncached": row["cost_uncached_usd"],
            "standard": row["cost_standard_usd"],
            "source": row["cost_source"],
            "table": attributes.get("llmotel.cost.table"),
        },
    )
    from llmotel.local.evaluations import of_span

    item["evaluations"] = of_span(store, *key)
    item["children"] = store.query(
        "SELECT count(*) FROM spans WHERE trace_id = ?::UHUGEINT AND parent_id = ?", [row["trace_id"], number]
    )[0][0]
    if given.flag("content", True):
        item["content"] = content_of(store, [(row["trace_id"], number)], {number: row["kind"]}).get(
            (row["trace_id"], number)
        )
    item["siblings"] = [
        {"trace_id": shapes.trace_hex(other), "span_id": shapes.span_hex(number)}
        for (other,) in store.query(
            f"SELECT DISTINCT trace_id FROM spans WHERE span_id = ? AND trace_id <> ?::UHUGEINT LIMIT {_SIBLINGS}",
            [number, row["trace_id"]],
        )
    ]
    return item


def content_of(
    store: Reader, keys: Sequence[tuple[int, int]], kinds: Mapping[int, str]
) -> dict[tuple[int, int], dict[str, Any]]:
    """What was said in the spans ``keys``; those without content are left out."""
    stored: dict[tuple[int, int], list[Any]] = {}
    for trace, number, body in store.query(
        "SELECT trace_id, span_id, body FROM content WHERE span_id IN (SELECT unnest(?::UBIGINT[])) "
        "AND trace_id IN (SELECT unnest(?::VARCHAR[])::UHUGEINT) ORDER BY start_ns",
        [[key[1] for key in keys], [str(trace) for trace in {key[0] for key in keys}]],
    ):
        stored.setdefault((trace, number), []).append(parsed(body))
    return {
        key: jsonvalues.finite(conversation.read(bodies, kinds.get(key[1], "other")))
        for key, bodies in stored.items()
        if key in set(keys)
    }


__all__ = ["all_running", "content_of", "latest", "listed", "one", "pending", "running", "span", "tree"]
