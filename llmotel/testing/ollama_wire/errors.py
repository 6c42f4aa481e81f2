"""Error answers: a text and a status, and no code. A stream that fails on the way ends with a line of it."""

from __future__ import annotations

from collections.abc import Mapping

from llmotel.testing.reply import Event, Reply

_KNOWN = {
    400: "invalid model name",
    401: "unauthorized",
    404: 'model "llama0" not found, try pulling it first',
    429: "too many requests",
    500: "llama runner process has terminated: exit status 2",
    503: "server busy, please try again.  maximum pending requests exceeded",
}


def reply(
    status: int, message: str | None = None, *, headers: Mapping[str, str] | None = None, extra: object = None
) -> Reply:
    """An answer with an error ``status``; ``extra`` are more fields."""
    more = extra if isinstance(extra, dict) else {}
    return Reply(
        {"error": message or _KNOWN.get(status, f"status {status}"), **more}, status=status, headers=headers or {}
    )


EVENT: Event = {"error": "an error was encountered while running the model: unexpected EOF"}
"""What ends a stream that failed on the way, under status 200."""
