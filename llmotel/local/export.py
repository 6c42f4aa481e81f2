"""Calls, or whole traces, as files: JSON lines, CSV, Parquet, and OTLP as collectors write it."""

from __future__ import annotations

import csv
import io
import json
import uuid
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from llmotel.local import shapes
from llmotel.local.errors import RequestError
from llmotel.local.filters import Filter, Parameters, build
from llmotel.local.jsonvalues import parsed, text
from llmotel.local.names import CALL_KINDS
from llmotel.local.spans import restored
from llmotel.local.store import Reader

FORMATS = {
    "jsonl": ("application/x-ndjson", "jsonl"),
    "csv": ("text/csv; charset=utf-8", "csv"),
    "parquet": ("application/vnd.apache.parquet", "parquet"),
    "otlp": ("application/x-ndjson", "otlp.jsonl"),
}
_PIECE = 500
_SPAN_KINDS = range(6)
_TEXTS = ("trace_id", "span_id", "parent_span_id")
_DROPPED = (
    "resource",
    "scope",
    "attributes",
    "events",
    "links",
    "trace_id",
    "span_id",
    "parent_id",
    "start_ns",
    "end_ns",
)


def chosen(given: Parameters, now_ns: int) -> tuple[str, Filter]:
    """The format and the condition that a request names; ``otlp`` is of traces, so of spans of every kind."""
    given.only("format")
    form = given.choice("format", tuple(FORMATS), "jsonl") or "jsonl"
    found = build(given, now_ns, kinds=("all",) if form == "otlp" else CALL_KINDS)
    return form, found


def lines(reader: Reader, form: str, found: Filter) -> Iterator[str]:
    """The file in pieces of text, for every format but Parquet."""
    if form == "otlp":
        yield from _otlp(reader, found)
        return
    columns = tuple(name for name in shapes.ALL_COLUMNS if name not in ("resource", "scope"))
    selected = ", ".join(f"s.{name}" for name in columns)
    rows = reader.stream(
        f"SELECT {selected} FROM {found.relation} WHERE {found.where} ORDER BY s.start_ns, s.span_id",
        found.parameters,
        _PIECE,
    )
    first = True
    for piece in rows:
        named = [shapes.row_of(columns, row) for row in piece]
        if form == "jsonl":
            yield "".join(
                text({**shapes.call(row), "attributes": restored(parsed(row["attributes"]), row)}) + "\n"
                for row in named
            )
        else:
            yield _csv([shapes.call(row) for row in named], first)
        first = False
    if first and form == "csv":
        yield ""


def _csv(items: Sequence[Mapping[str, Any]], first: bool) -> str:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    if first and items:
        writer.writerow(items[0])
    for item in items:
        writer.writerow([_cell(value) for value in item.values()])
    return out.getvalue()


def _cell(value: Any) -> Any:
    if isinstance(value, list):
        value = ",".join(map(str, value))
    if isinstance(value, str) and value[:1] in (
        "=",
        "+",
        "-",
        "@",
        "\t",
        "\r",
    ):  # no spreadsheet takes it for a formula
        return f"'{value}"
    return value


def parquet(reader: Reader, found: Filter, folder: Path) -> Path:
    """A Parquet file in ``folder``, whose name nobody outside chose. The caller deletes it."""
    path = folder / f"{uuid.uuid4().hex}.parquet"
    kept = ", ".join(f"s.{name}" for name in shapes.ALL_COLUMNS if name not in _DROPPED)
    target = str(path).replace("'", "''")
    reader.query(
        f"COPY (SELECT format('{{:032x}}', s.trace_id) AS trace_id, format('{{:016x}}', s.span_id) AS span_id, "
        "CASE WHEN s.parent_id IS NOT NULL THEN format('{:016x}', s.parent_id) END AS parent_span_id, "
        f"make_timestamp_ns(s.start_ns) AS start_time, make_timestamp_ns(s.end_ns) AS end_time, {kept}, "
        f"s.attributes::VARCHAR AS other_attributes FROM {found.relation} WHERE {found.where} ORDER BY s.start_ns) "
        f"TO '{target}' (FORMAT parquet, COMPRESSION zstd)",
        found.parameters,
    )
    return path


def _otlp(reader: Reader, found: Filter) -> Iterator[str]:
    columns = ", ".join(f"s.{name}" for name in shapes.ALL_COLUMNS)
    for piece in reader.stream(
        f"SELECT {columns}, c.body, r.body, o.body FROM spans s "
        "LEFT JOIN (SELECT trace_id, span_id, any_value(body) AS body FROM content GROUP BY ALL) c "
        "ON c.trace_id = s.trace_id AND c.span_id = s.span_id "
        "LEFT JOIN origins r ON r.id = s.resource LEFT JOIN origins o ON o.id = s.scope "
        f"WHERE s.trace_id IN (SELECT s.trace_id FROM {found.relation} WHERE {found.where}) "
        "ORDER BY s.resource, s.scope, s.start_ns",
        found.parameters,
        _PIECE,
    ):
        groups: dict[tuple[str, str], list[dict[str, Any]]] = {}
        for row in piece:
            named = shapes.row_of(shapes.ALL_COLUMNS, row)
            content, resource, scope = row[len(shapes.ALL_COLUMNS) :]
            groups.setdefault((resource or "{}", scope or "{}"), []).append(_span(named, parsed(content) or {}))
        for (resource, scope), spans in groups.items():
            of_scope = json.loads(scope)
            yield (
                text(
                    {
                        "resourceSpans": [
                            {
                                "resource": {"attributes": _pairs(json.loads(resource).get("attributes", {}))},
                                "scopeSpans": [
                                    {
                                        "scope": {
                                            "name": of_scope.get("name", ""),
                                            "version": of_scope.get("version", ""),
                                            "attributes": _pairs(of_scope.get("attributes", {})),
                                        },
                                        "spans": spans,
                                    }
                                ],
                            }
                        ]
                    }
                )
                + "\n"
            )


def _span(row: Mapping[str, Any], content: dict[str, Any]) -> dict[str, Any]:
    attributes = {**restored(parsed(row["attributes"]), dict(row)), **content}
    events = attributes.pop("events", None) if isinstance(content.get("events"), list) else None
    span: dict[str, Any] = {
        "traceId": shapes.trace_hex(row["trace_id"]),
        "spanId": shapes.span_hex(row["span_id"]),
        "parentSpanId": shapes.span_hex(row["parent_id"]) or "",
        "traceState": row["trace_state"] or "",
        "name": row["name"],
        "kind": row["span_kind"],
        "startTimeUnixNano": str(row["start_ns"]),
        "endTimeUnixNano": str(row["end_ns"]),
        "attributes": _pairs(attributes),
        "droppedAttributesCount": row["dropped"],
        "status": {"code": row["status"], **({"message": row["status_message"]} if row["status_message"] else {})},
        "events": [
            {
                "timeUnixNano": str(event["time_unix_nano"]),
                "name": event["name"],
                "attributes": _pairs(event["attributes"]),
            }
            for event in parsed(row["events"]) or []
        ],
        "links": [
            {"traceId": link["trace_id"], "spanId": link["span_id"], "attributes": _pairs(link["attributes"])}
            for link in parsed(row["links"]) or []
        ],
    }
    if events:
        # Content that came as events goes back into the events that it came from.
        left = list(events)
        for event in span["events"]:
            for one in left:
                if one.get("name") == event["name"]:
                    event["attributes"] = _pairs({key: value for key, value in one.items() if key != "name"})
                    left.remove(one)
                    break
    return span


def _pairs(attributes: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [{"key": name, "value": _value(value)} for name, value in attributes.items()]


def _value(value: Any) -> dict[str, Any]:
    if isinstance(value, bool):
        return {"boolValue": value}
    if isinstance(value, int):
        return {"intValue": str(value)}
    if isinstance(value, float):
        return {"doubleValue": value}
    if isinstance(value, str):
        return {"stringValue": value}
    if isinstance(value, list):
        return {"arrayValue": {"values": [_value(item) for item in value]}}
    if isinstance(value, dict):
        return {"kvlistValue": {"values": _pairs(value)}}
    return {}


def refuse(form: str) -> None:
    """Raises for Parquet where only text can be written."""
    if form == "parquet":
        raise RequestError("parquet is a file: name one with --output", "format")


__all__ = ["FORMATS", "chosen", "lines", "parquet", "refuse"]
