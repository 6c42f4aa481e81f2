"""``/v2/chat`` (docs.cohere.com/reference/chat) and the events of its stream (docs.cohere.com/v2/docs/streaming)."""

from __future__ import annotations

import json
from collections.abc import Sequence

from llmotel.testing.reply import Body, Event
from llmotel.testing.samples import ident, pieces

MODEL = "command-a-03-2025"


def usage(
    input_tokens: int = 12, output_tokens: int = 6, *, search_units: int | None = None, cached: int | None = None
) -> Body:
    """Billed tokens; what was used is more, for the template around the messages."""
    billed: Body = {"input_tokens": float(input_tokens), "output_tokens": float(output_tokens)}
    if search_units is not None:
        billed["search_units"] = float(search_units)
    used = {"input_tokens": float(input_tokens + 490), "output_tokens": float(output_tokens + 2)}
    return {"billed_units": billed, "tokens": used, **({} if cached is None else {"cached_tokens": float(cached)})}


_usage = usage


def tool_call(name: str, arguments: Body, *, id: str | None = None) -> Body:  # noqa: A002
    """A function that the model calls."""
    called = {"name": name, "arguments": json.dumps(arguments)}
    return {"id": id or ident(f"{name}_", arguments, length=12), "type": "function", "function": called}


def document(id: str, title: str, snippet: str = "...") -> Body:  # noqa: A002
    """A source that a citation names."""
    return {"type": "document", "id": id, "document": {"id": id, "title": title, "snippet": snippet}}


def citation(start: int, end: int, text: str, *sources: Body) -> Body:
    """``text`` at ``start`` to ``end`` of the answer is supported by ``sources``."""
    return {"start": start, "end": end, "text": text, "sources": list(sources), "type": "TEXT_CONTENT"}


def chat(
    text: str | None = "Paris.",
    *,
    thinking: str | None = None,
    tool_calls: Sequence[Body] = (),
    tool_plan: str | None = None,
    citations: Sequence[Body] = (),
    finish_reason: str | None = None,
    usage: Body | None = None,
    id: str | None = None,  # noqa: A002
) -> Body:
    """The whole answer, which names no model."""
    message: Body = {"role": "assistant"}
    if tool_calls:
        message |= {"tool_plan": tool_plan or "I will use a tool.", "tool_calls": list(tool_calls)}
    content = [] if thinking is None else [{"type": "thinking", "thinking": thinking}]
    if text is not None and not tool_calls:
        content.append({"type": "text", "text": text})
    if content:
        message["content"] = content
    if citations:
        message["citations"] = list(citations)
    return {
        "id": id or ident("", text, thinking, tool_plan, length=36),
        "finish_reason": finish_reason or ("TOOL_CALL" if tool_calls else "COMPLETE"),
        "message": message,
        "usage": usage or _usage(),
    }


def events(body: Body) -> list[Event]:
    """The stream of ``body``."""
    message = body["message"]
    start = {"role": "assistant", "content": [], "tool_plan": "", "tool_calls": [], "citations": []}
    made: list[Event] = [{"type": "message-start", "id": body["id"], "delta": {"message": start}}]
    planned = pieces(message.get("tool_plan") or "")
    made += [{"type": "tool-plan-delta", "delta": {"message": {"tool_plan": piece}}} for piece in planned]
    for index, call in enumerate(message.get("tool_calls") or ()):
        opening = {**call, "function": {"name": call["function"]["name"], "arguments": ""}}
        made.append({"type": "tool-call-start", "index": index, "delta": {"message": {"tool_calls": opening}}})
        for piece in pieces(call["function"]["arguments"]):
            given = {"message": {"tool_calls": {"function": {"arguments": piece}}}}
            made.append({"type": "tool-call-delta", "index": index, "delta": given})
        made.append({"type": "tool-call-end", "index": index})
    for index, content in enumerate(message.get("content") or ()):
        kind = content["type"]
        opening = {"message": {"content": {"type": kind, kind: ""}}}
        made.append({"type": "content-start", "index": index, "delta": opening})
        said = [{"message": {"content": {kind: piece}}} for piece in pieces(content[kind])]
        made += [{"type": "content-delta", "index": index, "delta": delta} for delta in said]
        made.append({"type": "content-end", "index": index})
    for index, one in enumerate(message.get("citations") or ()):
        made.append({"type": "citation-start", "index": index, "delta": {"message": {"citations": one}}})
        made.append({"type": "citation-end", "index": index})
    ended = {"finish_reason": body["finish_reason"], "usage": body["usage"]}
    return [*made, {"type": "message-end", "id": body["id"], "delta": ended}]
