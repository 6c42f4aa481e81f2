"""``/api/chat``. A stream is a line of JSON for each piece; the last one says how it ended, and what it took."""

from __future__ import annotations

from collections.abc import Sequence

from llmotel.testing.reply import Body, Event
from llmotel.testing.samples import pieces

MODEL = "llama3.2"
_CREATED = "2026-01-01T00:00:00.000000Z"


def tool_call(name: str, arguments: Body) -> Body:
    """A tool call, which has no id; its arguments are an object."""
    return {"function": {"name": name, "arguments": arguments}}


def end(prompt_eval_count: int | None = 26, eval_count: int = 12, *, done_reason: str = "stop") -> Body:
    """What the last line has, times in nanoseconds. A prompt that was still in the cache has no count."""
    counts = {} if prompt_eval_count is None else {"prompt_eval_count": prompt_eval_count}
    return {
        "done": True,
        "done_reason": done_reason,
        "total_duration": 480_000_000,
        "load_duration": 20_000_000,
        **counts,
        "prompt_eval_duration": 60_000_000,
        "eval_count": eval_count,
        "eval_duration": 390_000_000,
    }


def chat(
    content: str = "Paris.",
    *,
    model: str = MODEL,
    thinking: str | None = None,
    tool_calls: Sequence[Body] = (),
    ended: Body | None = None,
) -> Body:
    """The whole answer; ``ended`` is what :func:`end` makes."""
    message: Body = {"role": "assistant", "content": content}
    if thinking is not None:
        message["thinking"] = thinking
    if tool_calls:
        message["tool_calls"] = list(tool_calls)
    return {"model": model, "created_at": _CREATED, "message": message, **(ended or end())}


def lines(body: Body) -> list[Event]:
    """The stream of ``body``."""
    message = body["message"]
    said: list[Body] = [{"content": "", "thinking": piece} for piece in pieces(message.get("thinking") or "")]
    said += [{"content": piece} for piece in pieces(message["content"])]
    said += [{"content": "", "tool_calls": [call]} for call in message.get("tool_calls") or ()]
    head = {"model": body["model"], "created_at": body["created_at"]}
    made: list[Event] = [{**head, "message": {"role": "assistant", **piece}, "done": False} for piece in said]
    return [*made, {**body, "message": {"role": "assistant", "content": ""}}]
