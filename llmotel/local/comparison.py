"""Two traces, models, prompt versions, features or periods side by side."""

from __future__ import annotations

from typing import Any

from llmotel.local import traces
from llmotel.local.calls import summed
from llmotel.local.errors import RequestError
from llmotel.local.filters import Parameters, build
from llmotel.local.store import Reader

_BY = ("model", "prompt_version", "prompt", "feature", "provider", "agent", "tenant", "service", "environment")
_FIGURES = (
    ("calls", "count", None), ("cost_usd", "usd", "lower"), ("error_ratio", "ratio", "lower"),
    ("p50", "seconds", "lower"), ("p95", "seconds", "lower"), ("p99", "seconds", "lower"),
    ("ttft_p50", "seconds", "lower"), ("input_tokens", "tokens", None), ("output_tokens", "tokens", None),
    ("cache_read_tokens", "tokens", "higher"), ("grounding", "score", "higher"), ("quality", "score", "higher"),
)  # fmt: skip


def compared(store: Reader, given: Parameters, now_ns: int) -> dict[str, Any]:
    """``left`` and ``right``, each ``trace:ID``, ``period:FROM/TO`` or ``model:NAME`` and the like."""
    given.only("left", "right")
    sides = {name: _side(store, name, given, now_ns) for name in ("left", "right")}
    left, right = sides["left"]["summary"], sides["right"]["summary"]
    differences = []
    for name, unit, better in (*_FIGURES, ("cost_per_call", "usd", "lower")):
        one, other = left[name], right[name]
        won = None
        known = one is not None and other is not None
        if better and one is not None and other is not None and one != other:
            won = "left" if (one < other) == (better == "lower") else "right"
        differences.append(
            {
                "name": name,
                "unit": unit,
                "left": one,
                "right": other,
                "change": (other - one) / one if known and one else None,
                "better": won,
            }
        )
    return {**sides, "differences": differences}


def _side(store: Reader, name: str, given: Parameters, now_ns: int) -> dict[str, Any]:
    text = given.one(name)
    kind, _, value = (text or "").partition(":")
    rest = given.without("left").without("right")
    side: dict[str, Any] = {"label": value}
    if kind == "trace" and value:
        told = traces.one(store, value, Parameters([("limit", "50000")]))
        side["trace"] = told["summary"]
        side["spans"] = told["spans"]
        side["duration_seconds"] = told["duration_seconds"]
        side["label"] = told["trace_id"]
        found = build(rest.with_value("trace_id", told["trace_id"]), now_ns)
    elif kind == "period" and "/" in value:
        start, _, end = value.partition("/")
        found = build(rest.without("since").with_value("from", start).with_value("to", end), now_ns)
    elif kind in _BY:
        found = build(rest.with_value(kind, value), now_ns)
    else:
        raise RequestError(
            f"{name}={(text or '')[:40]!r}: accepted is trace:ID, period:FROM/TO, or one of {', '.join(_BY)} with "
            "its value, such as model:gpt-5.5",
            name,
        )
    side["kind"] = kind
    summary = summed(store, found)
    summary["cost_per_call"] = (
        summary["cost_usd"] / summary["calls"] if summary["cost_usd"] is not None and summary["calls"] else None
    )
    side["summary"] = summary
    return side


__all__ = ["compared"]
