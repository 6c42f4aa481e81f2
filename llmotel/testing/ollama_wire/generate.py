"""``/api/generate``: a completion of a prompt."""

from __future__ import annotations

from llmotel.testing.ollama_wire import chat
from llmotel.testing.reply import Body, Event
from llmotel.testing.samples import pieces


def generate(
    response: str = "Paris.", *, model: str = chat.MODEL, thinking: str | None = None, ended: Body | None = None
) -> Body:
    """The whole answer; ``context`` is what goes on with it in the next request."""
    thought = {} if thinking is None else {"thinking": thinking}
    head = {"model": model, "created_at": "2026-01-01T00:00:00.000000Z", "response": response, **thought}
    return {**head, **(ended or chat.end()), "context": [1, 2, 3]}


def lines(body: Body) -> list[Event]:
    """The stream of ``body``."""
    head = {"model": body["model"], "created_at": body["created_at"]}
    made: list[Event] = [
        {**head, "response": "", "thinking": piece, "done": False} for piece in pieces(body.get("thinking") or "")
    ]
    made += [{**head, "response": piece, "done": False} for piece in pieces(body["response"])]
    last = {key: value for key, value in body.items() if key != "thinking"}
    return [*made, {**last, "response": ""}]
