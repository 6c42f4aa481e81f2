"""Chat completions (docs.mistral.ai/api/endpoint/chat). A stream has its usage in the last chunk, asked for or not."""

from __future__ import annotations

import json
from collections.abc import Sequence

from llmotel.testing.reply import DONE, Body, Event
from llmotel.testing.samples import CREATED, ident, pieces

MODEL = "mistral-large-latest"


def usage(prompt_tokens: int = 24, completion_tokens: int = 8, *, cached: int | None = None) -> Body:
    """Token counts."""
    counted = {
        "prompt_tokens": prompt_tokens,
        "completion_tokens": completion_tokens,
        "total_tokens": prompt_tokens + completion_tokens,
    }
    return counted if cached is None else {**counted, "num_cached_tokens": cached}


def tool_call(name: str, arguments: Body, *, id: str | None = None) -> Body:  # noqa: A002
    """A function that the model calls; ids have nine characters."""
    return {
        "id": id or ident("", name, arguments, length=9),
        "type": "function",
        "function": {"name": name, "arguments": json.dumps(arguments)},
        "index": 0,
    }


def completion(
    text: str = "Paris.",
    *,
    model: str = MODEL,
    thinking: str | None = None,
    tool_calls: Sequence[Body] = (),
    finish_reason: str | None = None,
    usage: Body | None = None,
    id: str | None = None,  # noqa: A002
) -> Body:
    """The whole answer. With ``thinking`` the content is a list of chunks."""
    content: object = "" if tool_calls else text
    if thinking is not None:
        thought = {"type": "thinking", "thinking": [{"type": "text", "text": thinking}]}
        content = [thought, {"type": "text", "text": text}]
    message = {"role": "assistant", "content": content, "tool_calls": list(tool_calls) or None, "prefix": False}
    reason = finish_reason or ("tool_calls" if tool_calls else "stop")
    return {
        "id": id or ident("", text, model, length=32),
        "object": "chat.completion",
        "created": CREATED,
        "model": model,
        "choices": [{"index": 0, "message": message, "finish_reason": reason}],
        "usage": usage or _usage(),
    }


_usage = usage


def chunks(body: Body) -> list[Event]:
    """The stream of ``body``."""
    [choice] = body["choices"]
    message = choice["message"]
    content = message["content"]
    parts = content if isinstance(content, list) else [{"type": "text", "text": content}]
    deltas: list[Body] = [{"role": "assistant", "content": ""}]
    for part in parts:
        if part["type"] == "thinking":
            said = "".join(piece["text"] for piece in part["thinking"])
            deltas += [
                {"content": [{"type": "thinking", "thinking": [{"type": "text", "text": piece}]}]}
                for piece in pieces(said)
            ]
        else:
            deltas += [{"content": piece} for piece in pieces(part["text"])]
    if message["tool_calls"]:
        deltas.append({"content": "", "tool_calls": message["tool_calls"]})
    head = {"id": body["id"], "object": "chat.completion.chunk", "created": body["created"], "model": body["model"]}
    made: list[Event] = [{**head, "choices": [{"index": 0, "delta": delta, "finish_reason": None}]} for delta in deltas]
    last = {"index": 0, "delta": {"content": ""}, "finish_reason": choice["finish_reason"]}
    return [*made, {**head, "choices": [last], "usage": body["usage"]}, DONE]
