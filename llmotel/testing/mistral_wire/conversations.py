"""Conversations (docs.mistral.ai/api/endpoint/beta/conversations), which Mistral keeps and agents answer."""

from __future__ import annotations

from collections.abc import Sequence

from llmotel.testing.reply import Body, Event
from llmotel.testing.samples import ident, pieces

MODEL = "mistral-medium-latest"
_TIME = "2026-01-01T00:00:00.000000Z"


def usage(
    prompt_tokens: int = 24, completion_tokens: int = 8, *, connector_tokens: int | None = None, searches: int = 0
) -> Body:
    """Token counts; what connectors put in comes on top."""
    total = prompt_tokens + completion_tokens + (connector_tokens or 0)
    counted: Body = {"prompt_tokens": prompt_tokens, "completion_tokens": completion_tokens, "total_tokens": total}
    if connector_tokens is not None:
        counted |= {"connector_tokens": connector_tokens, "connectors": {"web_search": searches}}
    return counted


def message(content: str | Sequence[Body], *, model: str = MODEL) -> Body:
    """What the model says; ``content`` may be chunks: text, and :func:`reference`."""
    said = content if isinstance(content, str) else list(content)
    return {**_entry("msg", said), "type": "message.output", "content": said, "model": model, "role": "assistant"}


def text(said: str) -> Body:
    """A chunk of text."""
    return {"type": "text", "text": said}


def reference(url: str, title: str, *, tool: str = "web_search") -> Body:
    """A chunk that says where the text before it is from."""
    return {"type": "tool_reference", "tool": tool, "title": title, "url": url, "source": "brave"}


def function_call(name: str, arguments: str, *, id: str | None = None) -> Body:  # noqa: A002
    """A function that the model calls."""
    call = id or ident("", name, arguments, length=9)
    return {**_entry("fc", name), "type": "function.call", "tool_call_id": call, "name": name, "arguments": arguments}


def execution(name: str = "web_search") -> Body:
    """A tool of Mistral's that was run."""
    return {**_entry("tool_exec", name), "type": "tool.execution", "name": name, "arguments": "{}", "info": {}}


def conversation(*outputs: Body, usage: Body | None = None, id: str = "conv_1") -> Body:  # noqa: A002
    """The whole answer."""
    return {
        "object": "conversation.response",
        "conversation_id": id,
        "outputs": list(outputs) or [message("Paris.")],
        "usage": usage or _usage(),
    }


_usage = usage


def events(body: Body) -> list[Event]:
    """The stream of ``body``."""
    begun = {"type": "conversation.response.started", "created_at": _TIME, "conversation_id": body["conversation_id"]}
    made: list[Event] = [begun]
    for index, entry in enumerate(body["outputs"]):
        head = {"created_at": _TIME, "output_index": index, "id": entry["id"]}
        if entry["type"] == "message.output":
            content = entry["content"]
            said = pieces(content) if isinstance(content, str) else content
            shared = {**head, "type": "message.output.delta", "model": entry["model"], "role": "assistant"}
            made += [
                {**shared, "content_index": 0 if isinstance(content, str) else place, "content": piece}
                for place, piece in enumerate(said)
            ]
        elif entry["type"] == "function.call":
            given = {name: entry[name] for name in ("name", "tool_call_id", "arguments")}
            made.append({**head, "type": "function.call.delta", **given})
        else:
            made.append({**head, "type": "tool.execution.started", "name": entry["name"], "arguments": "{}"})
            made.append({**head, "type": "tool.execution.done", "name": entry["name"], "info": {}})
    return [*made, {"type": "conversation.response.done", "created_at": _TIME, "usage": body["usage"]}]


def _entry(prefix: str, *seed: object) -> Body:
    return {"object": "entry", "id": ident(f"{prefix}_", seed), "created_at": _TIME, "completed_at": _TIME}
