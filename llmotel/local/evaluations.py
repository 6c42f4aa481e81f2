"""Scores: those that senders gave as events, and those that are given by hand."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from llmotel.local import paging, shapes
from llmotel.local.errors import RequestError
from llmotel.local.filters import Parameters, build, span_number, trace_number
from llmotel.local.schema import EVALUATIONS
from llmotel.local.store import Reader

_COLUMNS = tuple(name for name, _ in EVALUATIONS)
_SELECT = ", ".join(f"e.{name}" for name in _COLUMNS)
_BY = {
    "name": "e.name",
    "model": "s.model",
    "prompt_version": "s.prompt_version",
    "method": "e.method",
    "feature": "s.feature",
    "agent": "s.agent",
}
_SORTS = {"time": "e.time_ns", "score": "e.score"}


def of_span(store: Reader, trace: int, span: int) -> list[dict[str, Any]]:
    """The scores of one span, oldest first."""
    rows = store.query(
        f"SELECT {_SELECT}, s.model, s.prompt, s.prompt_version FROM evaluations e LEFT JOIN spans s "
        "ON s.span_id = e.span_id AND s.trace_id = e.trace_id WHERE e.trace_id = ?::UHUGEINT AND e.span_id = ? "
        "ORDER BY e.time_ns",
        [trace, span],
    )
    return [_shape(row) for row in rows]


def listed(store: Reader, given: Parameters, now_ns: int) -> dict[str, Any]:
    """A page of scores, and the names that there are."""
    given.only("name", "sort", "limit", "cursor")
    found = build(given, now_ns, kinds=("all",))
    sort = paging.order(given, _SORTS, "-time", ("e.time_ns", "e.span_id", "e.name"))
    limit = given.whole("limit", 50, 1, 500)
    after, values = sort.after(given.one("cursor"))
    wanted = given.all("name")
    named = "e.name IN (SELECT unnest(?::VARCHAR[]))" if wanted else "true"
    source = (
        f"FROM evaluations e JOIN {found.relation} ON s.span_id = e.span_id AND s.trace_id = e.trace_id "
        f"WHERE {found.where}"
    )
    rows = store.query(
        f"SELECT {_SELECT}, s.model, s.prompt, s.prompt_version, {sort.expression} {source} AND {named} AND {after} "
        f"ORDER BY {sort.sql()} LIMIT {limit + 1}",
        [*found.parameters, *([wanted] if wanted else []), *values],
    )
    more, rows = len(rows) > limit, rows[:limit]
    names = store.query(
        f"SELECT e.name, count(*), avg(e.score) {source} GROUP BY 1 ORDER BY 2 DESC, 1", found.parameters
    )
    return {
        "items": [_shape(row) for row in rows],
        "next": paging.encode(rows[-1][-1], rows[-1][0], rows[-1][2], rows[-1][3]) if more else None,
        "names": [{"name": name, "count": count, "mean": mean} for name, count, mean in names],
    }


def summary(store: Reader, given: Parameters, now_ns: int) -> dict[str, Any]:
    """Scores by name and what ``by`` names."""
    given.only("by", "name")
    by = given.choice("by", tuple(_BY), "name") or "name"
    found = build(given, now_ns, kinds=("all",))
    wanted = given.all("name")
    named = "e.name IN (SELECT unnest(?::VARCHAR[]))" if wanted else "true"
    rows = store.query(
        f"SELECT {_BY[by]} AS key, e.name, count(*), avg(e.score), quantile_cont(e.score, [0.1, 0.5]), "
        f"count(*) FILTER (e.score < 0.5) FROM evaluations e JOIN {found.relation} "
        f"ON s.span_id = e.span_id AND s.trace_id = e.trace_id WHERE {found.where} AND {named} "
        "GROUP BY 1, 2 ORDER BY 3 DESC, 1, 2",
        [*found.parameters, *([wanted] if wanted else [])],
    )
    return {
        "items": [
            {
                "key": key,
                "name": name,
                "count": count,
                "mean": mean,
                "p10": levels[0] if levels else None,
                "p50": levels[1] if levels else None,
                "below_half": low,
            }
            for key, name, count, mean, levels, low in rows
        ]
    }


def given_by_hand(body: Any, now_ns: int) -> list[Any]:
    """The row of a score that somebody gave in the viewer. Raises :class:`~llmotel.local.errors.RequestError`."""
    if not isinstance(body, Mapping):
        raise RequestError("the body is a JSON object: trace_id, span_id, name, score")
    for name in body:
        if name not in ("trace_id", "span_id", "name", "score", "label", "comment"):
            raise RequestError(f"{str(name)[:40]!r} is no part of a score", str(name)[:40])
    score = body.get("score")
    if (
        isinstance(score, bool)
        or not isinstance(score, (int, float))
        or not math.isfinite(score)
        or not 0 <= score <= 1
    ):
        raise RequestError("score: accepted is a number from 0 to 1", "score")
    name = body.get("name", "feedback")
    if not isinstance(name, str) or not 0 < len(name) <= 200:
        raise RequestError("name: accepted is a text of up to 200 characters", "name")
    texts = []
    for field, longest in (("label", 200), ("comment", 20_000)):
        text = body.get(field)
        if text is not None and (not isinstance(text, str) or len(text) > longest):
            raise RequestError(f"{field}: accepted is a text of up to {longest} characters", field)
        texts.append(text or None)
    trace, span = trace_number(str(body.get("trace_id", ""))), span_number(str(body.get("span_id", "")))
    return [now_ns, trace, span, name, float(score), texts[0], texts[1], "user", "viewer", None]


def _shape(row: tuple[Any, ...]) -> dict[str, Any]:
    said = dict(zip(_COLUMNS, row, strict=False))
    model, prompt, version = row[len(_COLUMNS) : len(_COLUMNS) + 3]
    return {
        "time": shapes.iso(said["time_ns"]),
        "trace_id": shapes.trace_hex(said["trace_id"]) if said["trace_id"] is not None else None,
        "span_id": shapes.span_hex(said["span_id"]),
        "name": said["name"],
        "score": said["score"],
        "label": said["label"],
        "explanation": said["explanation"],
        "method": said["method"],
        "origin": said["origin"],
        "response_id": said["response_id"],
        "model": model,
        "prompt": prompt,
        "prompt_version": version,
    }


__all__ = ["given_by_hand", "listed", "of_span", "summary"]
