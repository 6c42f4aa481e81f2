"""From rows to the JSON that the API gives: calls, spans, ids and times."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timezone
from typing import Any

from llmotel.local.schema import SPANS

CALL_COLUMNS: tuple[str, ...] = (
    "trace_id", "span_id", "parent_id", "start_ns", "end_ns", "duration", "name", "kind", "span_kind", "status",
    "status_message", "service", "environment", "source", "operation", "provider", "model", "request_model",
    "response_model", "response_id", "stream", "input_tokens", "output_tokens", "cache_read_tokens",
    "cache_write_tokens", "reasoning_tokens", "cost_usd", "cost_input_usd", "cost_output_usd", "cost_uncached_usd",
    "cost_source", "outcome", "error_type", "http_status", "finish_reasons", "retries", "ttft", "agent", "tool",
    "feature", "user_id", "session_id", "tenant", "conversation", "prompt", "prompt_version", "grounding_score",
    "grounding_method", "citation_count", "source_count", "has_content", "event_count", "link_count", "scope",
)  # fmt: skip
SELECT_CALL = ", ".join(f"s.{name}" for name in CALL_COLUMNS)
ALL_COLUMNS = tuple(name for name, _ in SPANS)

STATUS = ("unset", "ok", "error")
SPAN_KINDS = ("unspecified", "internal", "server", "client", "producer", "consumer")

_SAME = (
    "kind", "service", "environment", "operation", "provider", "model", "request_model", "response_model",
    "response_id", "stream", "input_tokens", "output_tokens", "cache_read_tokens", "cache_write_tokens",
    "reasoning_tokens", "cost_usd", "cost_input_usd", "cost_output_usd", "cost_uncached_usd", "cost_source", "outcome",
    "error_type", "status_message", "http_status", "retries", "agent", "tool", "feature", "tenant", "conversation",
    "prompt", "prompt_version", "grounding_score", "grounding_method", "citation_count", "source_count", "source",
    "has_content",
)  # fmt: skip


def iso(nanoseconds: int | None) -> str | None:
    """A time as ISO 8601 in UTC, with microseconds."""
    if nanoseconds is None:
        return None
    seconds, rest = divmod(nanoseconds, 1_000_000_000)
    try:
        moment = datetime.fromtimestamp(seconds, timezone.utc)
    except (OverflowError, ValueError, OSError):
        return None
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{rest // 1000:06d}Z"


def trace_hex(number: int) -> str:
    """A trace's id as it is shown."""
    return f"{number:032x}"


def span_hex(number: int | None) -> str | None:
    """A span's id as it is shown."""
    return None if number is None else f"{number:016x}"


def row_of(columns: Sequence[str], values: Sequence[Any]) -> dict[str, Any]:
    """A row with its columns' names."""
    return dict(zip(columns, values, strict=False))


def call(row: Mapping[str, Any], quality: float | None = None) -> dict[str, Any]:
    """A call as the API lists it."""
    given, made = row["input_tokens"], row["output_tokens"]
    item: dict[str, Any] = {
        "trace_id": trace_hex(row["trace_id"]),
        "span_id": span_hex(row["span_id"]),
        "parent_span_id": span_hex(row["parent_id"]),
        "name": row["name"],
        "start_time": iso(row["start_ns"]),
        "duration_seconds": row["duration"],
        "time_to_first_chunk": row["ttft"],
        "total_tokens": None if given is None and made is None else (given or 0) + (made or 0),
        "status": STATUS[row["status"]],
        "finish_reasons": row["finish_reasons"].split(",") if row["finish_reasons"] else None,
        "user": row["user_id"],
        "session": row["session_id"],
        "quality_score": quality,
    }
    for name in _SAME:
        item[name] = row[name]
    return item


def span(row: Mapping[str, Any], trace_start_ns: int, quality: float | None = None) -> dict[str, Any]:
    """A span as a trace lists it; ``children``, ``depth`` and the scope are filled in by the trace."""
    item = call(row, quality)
    item.update(
        span_kind=SPAN_KINDS[row["span_kind"]],
        start_unix_nano=str(row["start_ns"]),
        end_time=iso(row["end_ns"]) if row["end_ns"] else None,
        offset_seconds=(row["start_ns"] - trace_start_ns) / 1e9,
        pending=False,
        events=row["event_count"],
        links=row["link_count"],
        children=0,
        depth=0,
    )
    return item


__all__ = [
    "ALL_COLUMNS", "CALL_COLUMNS", "SELECT_CALL", "SPAN_KINDS", "STATUS", "call", "iso", "row_of", "span", "span_hex",
    "trace_hex",
]  # fmt: skip
