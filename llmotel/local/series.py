"""Calls over time."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from llmotel.local import shapes
from llmotel.local.calls import Aggregates, judged
from llmotel.local.errors import RequestError
from llmotel.local.filters import EQUALS, Filter, Parameters, build
from llmotel.local.store import Reader

INTERVALS = {"10s": 10, "1m": 60, "5m": 300, "15m": 900, "1h": 3600, "6h": 21600, "1d": 86400, "7d": 604800}
BY = ("model", "provider", "operation", "feature", "agent", "tenant", "service", "outcome", "kind", "tool",
      "error_type",
      "prompt_version", "user", "environment")  # fmt: skip
_MOST_BUCKETS = 2000
_WANTED = 120

NAMES = (
    "calls", "errors", "cost_usd", "input_tokens", "output_tokens", "cache_read_tokens", "p50", "p95", "p99",
    "ttft_p50", "ttft_p95", "tokens_per_second", "grounding", "quality",
)  # fmt: skip
_COUNTS = ("calls", "errors", "input_tokens", "output_tokens", "cache_read_tokens")


class Frame(NamedTuple):
    """The buckets of a period: where the first begins, how long each is (nanoseconds), how many there are."""

    start_ns: int
    step_ns: int
    size: int

    def times(self) -> list[str | None]:
        """Where each begins."""
        return [shapes.iso(self.start_ns + place * self.step_ns) for place in range(self.size)]


def by_of(given: Parameters, default: str | None = None) -> tuple[str | None, str]:
    """What series are told apart by: its name and its column."""
    name = given.one("by") or default
    if name is None or name == "none":
        return None, "NULL"
    if name not in BY:
        raise RequestError(f"by={name[:40]!r}: accepted is one of {', '.join(BY)}", "by")
    return name, "s.kind" if name == "kind" else f"s.{EQUALS[name]}"


def frame(store: Reader, found: Filter, interval: str | None, now_ns: int) -> Frame:
    """The buckets for a filter's period, or for that of what is stored where it is open."""
    start, end = found.start_ns, found.end_ns
    if start is None or end is None:
        row = store.query("SELECT min(start_ns), max(start_ns) FROM spans WHERE start_ns > 0")[0]
        start = start if start is not None else row[0] if row[0] is not None else now_ns - 3_600_000_000_000
        end = end if end is not None else max(now_ns, start) if found.start_ns is not None else (row[1] or now_ns) + 1
    length = max(end - start, 1)
    if interval in (None, "auto"):
        seconds = next((one for one in INTERVALS.values() if length / (one * 1e9) <= _WANTED), 604800)
        while length / (seconds * 1e9) > _MOST_BUCKETS:
            seconds *= 2
    elif interval in INTERVALS:
        seconds = INTERVALS[interval]
    else:
        raise RequestError(f"interval={interval[:40]!r}: accepted is auto or one of {', '.join(INTERVALS)}", "interval")
    step = seconds * 1_000_000_000
    first = start // step * step
    count = -(-(max(end, start + 1) - first) // step)
    if count > _MOST_BUCKETS:
        raise RequestError(
            f"interval={interval}: {count} points are more than {_MOST_BUCKETS}; take a longer one", "interval"
        )
    return Frame(first, step, count)


def timeseries(store: Reader, given: Parameters, now_ns: int) -> dict[str, Any]:
    """Figures of calls by bucket, and by what ``by`` names."""
    given.only("by", "interval", "top")
    found = build(given, now_ns)
    _, column = by_of(given)
    top = given.whole("top", 8, 1, 50)
    buckets = frame(store, found, given.one("interval"), now_ns)
    series = figures(store, found, buckets, column, top)
    return {
        "interval_seconds": buckets.step_ns // 1_000_000_000,
        "from": shapes.iso(buckets.start_ns),
        "to": shapes.iso(buckets.start_ns + buckets.size * buckets.step_ns),
        "times": buckets.times(),
        "series": series,
    }


def figures(
    store: Reader, found: Filter, buckets: Frame, column: str, top: int, names: Sequence[str] = NAMES
) -> list[dict[str, Any]]:
    """Series of the figures ``names``, the largest first; those beyond ``top`` are one, ``other``."""
    bucket = f"(s.start_ns - {buckets.start_ns}) // {buckets.step_ns}"
    inside = "s.start_ns >= ? AND s.start_ns < ?"
    values = [*found.parameters, buckets.start_ns, buckets.start_ns + buckets.size * buckets.step_ns]
    leading: list[Any] = []
    key, keyed = "NULL", []
    if column != "NULL":
        leading = [
            row[0]
            for row in store.query(
                f"SELECT {column}, count(*) AS n FROM {found.relation} WHERE {found.where} AND {inside} GROUP BY 1 "
                f"ORDER BY n DESC, 1 LIMIT {top + 1}",
                values,
            )
        ]
        if len(leading) > top:
            leading = leading[:top]
            named = [one for one in leading if one is not None]
            kept = f"{column} IN (SELECT unnest(?::VARCHAR[]))"
            if None in leading:
                kept += f" OR {column} IS NULL"
            key, keyed = (
                f"CASE WHEN {kept} THEN struct_pack(k := {column}, o := false) "
                "ELSE struct_pack(k := NULL, o := true) END",
                [named],
            )
        else:
            key = f"struct_pack(k := {column}, o := false)"
    else:
        key = "struct_pack(k := NULL, o := false)"
    wanted = Aggregates(names)
    rows = store.query(
        f"SELECT {key} AS key, {bucket} AS bucket, {wanted.sql} FROM {found.relation} "
        f"WHERE {found.where} AND {inside} GROUP BY 1, 2",
        [*keyed, *values],
    )
    scores = []
    if "quality" in names and judged(store):
        scores = store.query(
            f"SELECT {key} AS key, {bucket} AS bucket, avg(e.score) FROM {found.relation} JOIN evaluations e "
            f"ON e.span_id = s.span_id AND e.trace_id = s.trace_id AND e.name <> 'grounding' "
            f"WHERE {found.where} AND {inside} GROUP BY 1, 2",
            [*keyed, *values],
        )
    found_series: dict[tuple[Any, bool], dict[str, Any]] = {}
    for key_value in [*((one, False) for one in leading), *(() if column != "NULL" else ((None, False),))]:
        found_series[key_value] = _empty(key_value, buckets.size, names)
    for told, place, *rest in rows:
        name = (told["k"], told["o"])
        if name not in found_series:
            found_series[name] = _empty(name, buckets.size, names)
        target = found_series[name]
        for figure, value in wanted.read(rest).items():
            if value is not None:
                target[figure][int(place)] = value
    for told, place, score in scores:
        name = (told["k"], told["o"])
        if name in found_series:
            found_series[name]["quality"][int(place)] = score
    return list(found_series.values())


def _empty(key: tuple[Any, bool], count: int, names: Sequence[str]) -> dict[str, Any]:
    series: dict[str, Any] = {"key": key[0], "other": key[1]}
    for name in names:
        series[name] = [0 if name in _COUNTS else None] * count
    return series


__all__ = ["BY", "INTERVALS", "Frame", "by_of", "figures", "frame", "timeseries"]
