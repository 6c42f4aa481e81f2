"""Finished spans as text: a tree of each kind of trace, and a table per model or per feature."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any

from opentelemetry.sdk.trace import ReadableSpan

MODEL = "gen_ai.request.model"
FEATURE = "llmotel.feature"
FIRST_CHUNK = "gen_ai.response.time_to_first_chunk"
COST = "gen_ai.usage.cost.amount"
RETRIES = "llmotel.retries"


def trees(spans: Sequence[ReadableSpan]) -> str:
    """The slowest trace of every root name, one line a span."""
    children: dict[int, list[ReadableSpan]] = defaultdict(list)
    roots: dict[str, list[ReadableSpan]] = defaultdict(list)
    for span in sorted(spans, key=lambda span: span.start_time or 0):
        if span.parent is None:
            roots[span.name].append(span)
        else:
            children[span.parent.span_id].append(span)
    rows = [("trace", "duration", "tokens in", "cached", "out", "cost", "outcome", "grounding")]
    for name, same in roots.items():
        root = max(same, key=_seconds)
        rows.append(_row(f"{name}  (slowest of {len(same)})" if len(same) > 1 else name, root))
        rows.extend(_branches(root, children, ""))
    return _aligned(rows)


def table(spans: Iterable[ReadableSpan], key: str, title: str) -> str:
    """One line for each value of the attribute ``key``, and one for all. Latencies are in seconds, first chunks the
    median."""
    groups: dict[str, list[ReadableSpan]] = defaultdict(list)
    for span in spans:
        if MODEL in _attributes(span):
            groups[str(_attributes(span).get(key, "-"))].append(span)
    head = (title, "calls", "errors", "retries", "p50 s", "p95 s", "p99 s", "first chunk s", "tokens in", "out", "cost")
    rows = [_summary(name, group) for name, group in sorted(groups.items())]
    total = _summary("all", [span for group in groups.values() for span in group])
    return _aligned([head, *rows, total])


def _branches(parent: ReadableSpan, children: dict[int, list[ReadableSpan]], indent: str) -> list[tuple[str, ...]]:
    rows = []
    below = children[parent.context.span_id]
    for number, span in enumerate(below, 1):
        last = number == len(below)
        rows.append(_row(f"{indent}{'└─ ' if last else '├─ '}{span.name}", span))
        rows.extend(_branches(span, children, indent + ("   " if last else "│  ")))
    return rows


def _row(name: str, span: ReadableSpan) -> tuple[str, ...]:
    said = _attributes(span)
    if "gen_ai.operation.name" not in said:
        return name, f"{_seconds(span):.3f} s"
    score = said.get("llmotel.grounding.score")
    return (
        name,
        f"{_seconds(span):.3f} s",
        _count(said.get("gen_ai.usage.input_tokens")),
        _count(said.get("gen_ai.usage.cache_read.input_tokens") or None),
        _count(said.get("gen_ai.usage.output_tokens")),
        _money(said.get(COST)),
        _outcome(said),
        "" if score is None else f"{score:.2f}",
    )


def _outcome(said: dict[str, Any]) -> str:
    """What became of a call; of what failed otherwise, the class of the error."""
    failed = said.get("llmotel.outcome")
    if failed == "unknown":
        return str(said["error.type"]).rpartition(".")[2]
    return failed or said.get("llmotel.stream.outcome") or "ok"


def _summary(name: str, spans: Sequence[ReadableSpan]) -> tuple[str, ...]:
    durations = sorted(_seconds(span) for span in spans)
    first_chunks = sorted(_attributes(span)[FIRST_CHUNK] for span in spans if FIRST_CHUNK in _attributes(span))
    return (
        name,
        str(len(spans)),
        str(sum("error.type" in _attributes(span) for span in spans)),
        str(sum(_attributes(span).get(RETRIES, 0) for span in spans)),
        *(f"{_percentile(durations, share):.3f}" for share in (0.5, 0.95, 0.99)),
        f"{_percentile(first_chunks, 0.5):.3f}" if first_chunks else "",
        _count(sum(_attributes(span).get("gen_ai.usage.input_tokens", 0) for span in spans)),
        _count(sum(_attributes(span).get("gen_ai.usage.output_tokens", 0) for span in spans)),
        _money(sum(_attributes(span).get(COST, 0.0) for span in spans)),
    )


def _percentile(ordered: Sequence[float], share: float) -> float:
    return ordered[max(math.ceil(share * len(ordered)) - 1, 0)]


def _attributes(span: ReadableSpan) -> dict[str, Any]:
    return dict(span.attributes or {})


def _seconds(span: ReadableSpan) -> float:
    return ((span.end_time or 0) - (span.start_time or 0)) / 1e9


def _count(number: int | None) -> str:
    return "" if number is None else f"{number:,}"


def _money(dollars: float | None) -> str:
    return "" if dollars is None else f"${dollars:.7f}"


def _aligned(rows: Sequence[tuple[str, ...]]) -> str:
    """``rows`` in columns: the first flush left, the others flush right."""
    widths = [max(len(row[i]) for row in rows if i < len(row)) for i in range(max(map(len, rows)))]
    lines = []
    for first, *others in rows:
        cells = [cell.rjust(width) for cell, width in zip(others, widths[1:], strict=False)]
        lines.append("  ".join([first.ljust(widths[0]), *cells]).rstrip())
    return "\n".join(lines)
