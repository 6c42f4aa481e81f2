"""From spans of OTLP to rows: whoever sent them, the same columns."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from llmotel import semconv
from llmotel.local import columns, jsonvalues, names
from llmotel.local.anyvalue import attributes, plain
from llmotel.local.batch import Batch, Rejections, Row
from llmotel.local.pricing import Table, Tokens
from llmotel.local.schema import SPANS, index

_AT = index(SPANS)
_WIDTH = len(SPANS)
_PLANS_KEPT = 20_000

_COLUMN, _ALIAS, _CONTENT, _MARK, _OTHER = "column", "alias", "content", "mark", "other"
_Plan = tuple[str, int, "Callable[[Any], Any] | None"]

_DERIVED = frozenset({"outcome", "error_type"})
"""Columns that other things than attributes fill too, so that their attribute is kept as well."""

RESTORED: dict[str, str] = {column: name for name, (column, _) in names.PRIMARY.items() if column not in _DERIVED}
"""Column -> the attribute that is stored nowhere else, because the column holds exactly what was sent."""

_ALIASES: dict[str, list[str]] = {}
for _name, (_column, _) in names.ALIASES.items():
    _ALIASES.setdefault(_column, []).append(_name)
_WORDS = frozenset(column for column, kind in names.PRIMARY.values() if kind == names.WORDS)
_KEPT = frozenset(_AT[column] for column in _DERIVED)
_COSTS = ("cost_usd", "cost_input_usd", "cost_output_usd", "cost_uncached_usd", "cost_standard_usd", "cost_source")

(
    _TRACE, _SPAN, _PARENT, _START, _END, _DURATION, _NAME, _KIND, _SPAN_KIND, _STATUS, _MESSAGE, _SERVICE,
    _ENVIRONMENT, _SOURCE, _RESOURCE, _SCOPE, _OPERATION, _PROVIDER, _MODEL, _REQUEST_MODEL, _RESPONSE_MODEL,
) = (
    _AT[name]
    for name in (
        "trace_id", "span_id", "parent_id", "start_ns", "end_ns", "duration", "name", "kind", "span_kind", "status",
        "status_message", "service", "environment", "source", "resource", "scope", "operation", "provider", "model",
        "request_model", "response_model",
    )
)  # fmt: skip
_INPUT, _OUTPUT, _READ, _WRITTEN, _REASONING = (
    _AT[name]
    for name in ("input_tokens", "output_tokens", "cache_read_tokens", "cache_write_tokens", "reasoning_tokens")
)
_COST, _COST_IN, _COST_OUT, _COST_UNCACHED, _COST_STANDARD, _COST_SOURCE = (
    _AT[name]
    for name in (
        "cost_usd", "cost_input_usd", "cost_output_usd", "cost_uncached_usd", "cost_standard_usd", "cost_source",
    )
)  # fmt: skip
_OUTCOME, _ERROR, _GROUNDING, _HAS_CONTENT, _DROPPED, _STATE, _EVENTS_N, _LINKS_N, _ATTRIBUTES, _EVENTS, _LINKS = (
    _AT[name]
    for name in (
        "outcome", "error_type", "grounding_score", "has_content", "dropped", "trace_state", "event_count",
        "link_count", "attributes", "events", "links",
    )
)  # fmt: skip


class SpanReader:
    """Turns requests into rows. One for all requests: it remembers attribute names and prices. Safe to share between
    threads, whose worst is to work the same thing out twice."""

    def __init__(self, table: Table | None = None) -> None:
        self._table = table or Table()
        self._plans: dict[str, _Plan] = {}

    def read(self, request: ExportTraceServiceRequest, batch: Batch) -> Rejections:
        """Adds the spans of ``request`` to ``batch``. A span without a valid id is left out and told."""
        rejected = Rejections()
        for resource_spans in request.resource_spans:
            resource = attributes(resource_spans.resource.attributes)
            resource_id = batch.origin({"attributes": resource})
            service = columns.text(resource.get("service.name"))
            environment = columns.text(
                resource.get("deployment.environment.name") or resource.get("deployment.environment")
            )
            for scope_spans in resource_spans.scope_spans:
                scope = scope_spans.scope
                scope_id = batch.origin(
                    {"name": scope.name, "version": scope.version, "attributes": attributes(scope.attributes)}
                )
                source = _scope_source(scope.name)
                for span in scope_spans.spans:
                    trace, own = span.trace_id, span.span_id
                    if len(trace) != 16 or len(own) != 8 or not any(trace) or not any(own):
                        rejected.add(
                            f"span {span.name[:80]!r}: its trace_id has to be 16 bytes and its span_id 8, not all zero"
                        )
                        continue
                    row: Row = [None] * _WIDTH
                    row[_SERVICE] = service
                    row[_ENVIRONMENT] = environment
                    row[_RESOURCE] = resource_id
                    row[_SCOPE] = scope_id
                    row[_SOURCE] = source
                    self._span(span, row, batch)
        return rejected

    def _span(self, span: Span, row: Row, batch: Batch) -> None:
        row[_TRACE] = int.from_bytes(span.trace_id, "big")
        row[_SPAN] = int.from_bytes(span.span_id, "big")
        parent = span.parent_span_id
        if len(parent) == 8 and any(parent):
            row[_PARENT] = int.from_bytes(parent, "big")
        start, end = min(span.start_time_unix_nano, columns.INT64), min(span.end_time_unix_nano, columns.INT64)
        row[_START], row[_END] = start, end
        row[_DURATION] = (end - start) / 1e9 if end > start else 0.0
        row[_NAME] = span.name
        row[_SPAN_KIND] = span.kind if 0 <= span.kind <= 5 else 0
        status = span.status
        row[_STATUS] = status.code if 0 <= status.code <= 2 else 0
        row[_MESSAGE] = status.message or None
        row[_DROPPED] = min(span.dropped_attributes_count, (1 << 31) - 1)
        row[_STATE] = span.trace_state or None
        rest, content = self.attributes(span.attributes, row)
        events: list[dict[str, Any]] | None = None
        if span.events:
            events = [
                {
                    "time_unix_nano": event.time_unix_nano,
                    "name": event.name,
                    "attributes": attributes(event.attributes),
                }
                for event in span.events
            ]
            for event in events:
                if event["name"] == "exception" and row[_ERROR] is None:
                    row[_ERROR] = columns.text(event["attributes"].get("exception.type"))
                elif event["name"] in names.CONTENT_EVENTS:
                    content.setdefault("events", []).append({"name": event["name"], **event["attributes"]})
                    event["attributes"] = {}
            row[_EVENTS] = jsonvalues.text(events)
        row[_EVENTS_N] = len(events or ())
        row[_LINKS_N] = len(span.links)
        if span.links:
            row[_LINKS] = jsonvalues.text(
                [
                    {
                        "trace_id": link.trace_id.hex(),
                        "span_id": link.span_id.hex(),
                        "attributes": attributes(link.attributes),
                    }
                    for link in span.links
                ]
            )
        self.finish(row, rest)
        row[_ATTRIBUTES] = jsonvalues.text(rest)
        row[_HAS_CONTENT] = bool(content)
        batch.spans.append(row)
        if content:
            batch.content.append([row[_TRACE], row[_SPAN], start, jsonvalues.text(content)])

    def attributes(self, pairs: Any, row: Row) -> tuple[dict[str, Any], dict[str, Any]]:
        """Reads attributes into ``row``; gives those to be kept as they are, and those that hold content."""
        rest: dict[str, Any] = {}
        content: dict[str, Any] = {}
        plans = self._plans
        word = None
        for pair in pairs:
            name = pair.key
            given = pair.value
            which = given.WhichOneof("value")
            value = given.string_value if which == "string_value" else plain(given)
            try:
                sort, place, convert = plans[name]
            except KeyError:
                sort, place, convert = self._plan(name)
            if sort == _OTHER:
                rest[name] = value
            elif sort == _COLUMN:
                found = convert(value)  # type: ignore[misc]
                if found is None or row[place] is not None or place in _KEPT or not _same(found, value):
                    rest[name] = value
                if found is not None:
                    row[place] = found
            elif sort == _CONTENT:
                content[name] = value
            elif sort == _ALIAS:
                rest[name] = value
                if row[place] is None:
                    row[place] = convert(value)  # type: ignore[misc]
                else:  # both names stay, where otherwise the column would stand for the first
                    column = SPANS[place][0]
                    kept = row[place].split(",") if column in _WORDS else row[place]
                    first = RESTORED.get(column)
                    if first is not None:
                        rest.setdefault(first, kept)
            else:
                rest[name] = value
                source, kind = names.MARKS[name]
                if source:
                    row[_SOURCE] = source
                if kind == "kind":
                    word = str(value)
                elif word is None and row[_KIND] is None:
                    row[_KIND] = kind
                plan = names.ALIASES.get(name)
                if plan is not None and row[_AT[plan[0]]] is None:
                    row[_AT[plan[0]]] = columns.CONVERSIONS[plan[1]](value)
        if word is not None:
            known = names.KINDS.get(word)
            if known is not None:
                row[_KIND] = known
                if row[_OPERATION] is None:
                    row[_OPERATION] = names.OPERATIONS.get(word)
        return rest, content

    def _plan(self, name: str) -> _Plan:
        if name in names.MARKS:
            plan: _Plan = (_MARK, 0, None)
        elif name in names.PRIMARY or name in names.ALIASES:
            first = name in names.PRIMARY
            column, kind = names.PRIMARY[name] if first else names.ALIASES[name]
            convert = columns.small if column in columns.SMALL else columns.CONVERSIONS[kind]
            plan = (_COLUMN if first else _ALIAS, _AT[column], convert)
        elif names.is_content(name):
            plan = (_CONTENT, 0, None)
        else:
            plan = (_OTHER, 0, None)
        if len(self._plans) >= _PLANS_KEPT:  # names come from senders, who may make them up
            self._plans.clear()
        self._plans[name] = plan
        return plan

    def finish(self, row: Row, rest: dict[str, Any]) -> None:
        """Fills the columns that follow from others: kind, model, outcome, cost."""
        operation, provider = row[_OPERATION], row[_PROVIDER]
        if provider is not None:
            row[_PROVIDER] = names.provider(provider)
            if row[_PROVIDER] != provider and not any(name in rest for name in _ALIASES["provider"]):
                rest.setdefault(semconv.PROVIDER, provider)
            provider = row[_PROVIDER]
        row[_MODEL] = row[_RESPONSE_MODEL] or row[_REQUEST_MODEL]
        kind = names.KINDS.get(operation) if operation is not None else None
        if kind is None:
            if operation is None:
                kind = row[_KIND] or "other"
            elif "memory" in operation:
                kind = "memory"
            elif operation == "rerank":
                kind = "retrieval"
            else:  # an operation that is not known, with a model or its tokens, is a call too
                kind = row[_KIND] or ("inference" if row[_MODEL] is not None else "other")
        if kind == "tool" and semconv_mcp(rest):
            kind = "mcp"
        row[_KIND] = kind
        if row[_SOURCE] == "other" and (operation is not None or provider is not None):
            row[_SOURCE] = "otel_genai"
        failed = row[_STATUS] == 2 or row[_ERROR] is not None
        if row[_OUTCOME] is None:
            row[_OUTCOME] = "error" if failed else "completed"
        if kind in names.CALL_KINDS:
            self._price(row, rest)
            if row[_GROUNDING] is not None and row[_GROUNDING] > 1:
                rest.setdefault(semconv.GROUNDING_SCORE, row[_GROUNDING])
                row[_GROUNDING] = None

    def _price(self, row: Row, rest: dict[str, Any]) -> None:
        given, read, written = row[_INPUT], row[_READ], row[_WRITTEN]
        if given is not None and (read or written) and (read or 0) + (written or 0) > given:
            # More cached than there was: a sender that counts the cache beside the input.
            if not any(name in rest for name in _ALIASES["input_tokens"]):
                rest.setdefault(semconv.INPUT_TOKENS, given)
            row[_INPUT] = given = min(given + (read or 0) + (written or 0), columns.INT64)
        currency = rest.get(semconv.COST_CURRENCY)
        if row[_COST] is not None:
            if currency is not None and currency != "USD":
                rest.setdefault(semconv.COST_AMOUNT, row[_COST])
                row[_COST] = None
                return
            else:
                row[_COST_SOURCE] = row[_COST_SOURCE] or "sender"
                return
        provider = row[_PROVIDER]
        if provider is None or row[_MODEL] is None:
            return
        tier = rest.get(semconv.SERVICE_TIER) or rest.get(semconv.OPENAI_RESPONSE_TIER)
        cost = self._table.cost(
            provider,
            (row[_RESPONSE_MODEL], row[_REQUEST_MODEL]),
            Tokens(given, row[_OUTPUT], read, written, row[_REASONING]),
            row[_START] / 1e9,
            tier if isinstance(tier, str) and tier not in ("default", "auto", "standard") else None,
        )
        if cost is not None:
            row[_COST], row[_COST_IN], row[_COST_OUT] = cost.total, cost.input, cost.output
            row[_COST_UNCACHED], row[_COST_STANDARD], row[_COST_SOURCE] = cost.uncached, cost.standard, "store"


def _same(found: Any, value: Any) -> bool:
    """Whether a column's value says all that the attribute's said."""
    if isinstance(value, list):
        return all(isinstance(item, str) and item and "," not in item for item in value) and found == ",".join(value)
    return type(found) is type(value) and bool(found == value)


def restored(rest: dict[str, Any], row: dict[str, Any]) -> dict[str, Any]:
    """The attributes as they were sent: ``rest``, and those that only the columns of ``row`` hold."""
    whole = dict(rest)
    for column, name in RESTORED.items():
        value = row.get(column)
        if value is None or name in rest or any(alias in rest for alias in _ALIASES.get(column, ())):
            continue
        if column in _COSTS and (row["cost_source"] == "store" or value == "sender"):
            continue
        whole[name] = value.split(",") if column in _WORDS else value
    return whole


def semconv_mcp(rest: dict[str, Any]) -> bool:
    """Whether a tool's span is that of a request to an MCP server."""
    return "mcp.method.name" in rest


def _scope_source(scope: str) -> str:
    if scope.startswith("llmotel"):
        return "llmotel"
    if scope.startswith("openinference"):
        return "openinference"
    return "other"


__all__ = ["RESTORED", "SpanReader", "restored"]
