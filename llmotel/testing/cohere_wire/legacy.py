"""The first version: ``/v1/chat``, ``/v1/generate`` (docs.cohere.com/v1/reference), and their streams, line by line."""

from __future__ import annotations

from collections.abc import Sequence

from llmotel.testing.cohere_wire import chat as second
from llmotel.testing.reply import Body, Event
from llmotel.testing.samples import ident, pieces


def meta(usage: Body | None = None) -> Body:
    """What was billed and used; ``usage`` is what :func:`chat.usage` makes."""
    return {"api_version": {"version": "1"}, **(usage or second.usage())}


def citation(start: int, end: int, text: str, *documents: str) -> Body:
    """``text`` at ``start`` to ``end`` of the answer is supported by the documents of those ids."""
    return {"start": start, "end": end, "text": text, "document_ids": list(documents)}


def chat(
    text: str = "Paris.",
    *,
    citations: Sequence[Body] = (),
    documents: Sequence[Body] = (),
    tool_calls: Sequence[Body] = (),
    finish_reason: str = "COMPLETE",
    usage: Body | None = None,
    id: str | None = None,  # noqa: A002
) -> Body:
    """The whole answer. A tool call is ``{"name": ..., "parameters": {...}}``."""
    known = id or ident("", text, length=36)
    body: Body = {"response_id": known, "generation_id": known, "text": text, "chat_history": []}
    for name, given in (("citations", citations), ("documents", documents), ("tool_calls", tool_calls)):
        if given:
            body[name] = list(given)
    return {**body, "finish_reason": finish_reason, "meta": meta(usage)}


def chat_events(body: Body) -> list[Event]:
    """The stream of a :func:`chat`."""
    made: list[Event] = [{"is_finished": False, "event_type": "stream-start", "generation_id": body["generation_id"]}]
    if "documents" in body:
        made.append({"is_finished": False, "event_type": "search-results", "documents": body["documents"]})
    made += [{"is_finished": False, "event_type": "text-generation", "text": piece} for piece in pieces(body["text"])]
    for name, kind in (("citations", "citation-generation"), ("tool_calls", "tool-calls-generation")):
        if name in body:
            made.append({"is_finished": False, "event_type": kind, name: body[name]})
    return [*made, _end(body, body["finish_reason"])]


def generation(text: str = "Paris.", *, finish_reason: str = "COMPLETE", usage: Body | None = None) -> Body:
    """The whole answer of ``generate``."""
    made = {"id": ident("", text, 1, length=36), "text": text, "finish_reason": finish_reason}
    return {"id": ident("", text, length=36), "prompt": "", "generations": [made], "meta": meta(usage)}


def generation_events(body: Body) -> list[Event]:
    """The stream of a :func:`generation`."""
    [made] = body["generations"]
    said = [{"is_finished": False, "event_type": "text-generation", "text": piece} for piece in pieces(made["text"])]
    return [*said, _end(body, made["finish_reason"])]


def _end(body: Body, reason: str) -> Event:
    return {"is_finished": True, "event_type": "stream-end", "response": body, "finish_reason": reason}
