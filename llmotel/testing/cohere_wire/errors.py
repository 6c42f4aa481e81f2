"""Error answers: a message, an id, and no code (docs.cohere.com/reference/errors)."""

from __future__ import annotations

from collections.abc import Mapping

from llmotel.testing.reply import Event, Reply
from llmotel.testing.samples import ident

_KNOWN = {
    400: "invalid request: message must be at least 1 token long or tool results must be specified.",
    401: "invalid api token",
    404: "model 'command-x' not found, make sure the correct model ID was used and that you have access to the model.",
    422: "invalid type: parameter temperature is of type string but should be of type number.",
    429: "You are using a Trial key, which is limited to 10 API calls / minute.",
    498: "blocked output: this generation may be a toxic output.",
    500: "internal server error",
    503: "no healthy upstream",
}


def reply(
    status: int, message: str | None = None, *, headers: Mapping[str, str] | None = None, extra: object = None
) -> Reply:
    """An answer with an error ``status``; ``extra`` are more fields."""
    more = extra if isinstance(extra, dict) else {}
    body = {"id": ident("", status, length=36), "message": message or _KNOWN.get(status, f"status {status}"), **more}
    return Reply(body, status=status, headers=headers or {})


EVENT: Event = {
    "type": "message-end",
    "id": "",
    "delta": {"finish_reason": "ERROR", "error": "internal server error", "usage": None},
}
"""What ends a stream that failed on the way."""
LEGACY_EVENT: Event = {
    "is_finished": True,
    "event_type": "stream-end",
    "finish_reason": "ERROR",
    "response": {"text": "", "finish_reason": "ERROR"},
}
"""The same, of the first version."""
