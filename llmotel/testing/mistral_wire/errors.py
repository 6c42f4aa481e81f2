"""Error answers. Codes are numbers in strings; what the gateway refuses has a ``detail`` and nothing else."""

from __future__ import annotations

from collections.abc import Mapping

from llmotel.testing.reply import Event, Reply

_KNOWN: dict[int, tuple[str, str, str]] = {  # status -> type, code, message
    400: ("invalid_request_error", "3051", "Expected last role User or Tool (or Assistant with prefix True)."),
    404: ("invalid_model", "1500", "Invalid model: mistral-0"),
    422: ("invalid_request_error", "2210", "Input should be a valid number"),
    429: ("rate_limited", "1300", "Rate limit exceeded"),
    500: ("internal_server_error", "1000", "Service unavailable."),
    503: ("unreachable_backend", "1100", "Internal server error"),
}


def reply(
    status: int, message: str | None = None, *, headers: Mapping[str, str] | None = None, extra: object = None
) -> Reply:
    """An answer with an error ``status``; ``extra`` are more fields."""
    more = extra if isinstance(extra, dict) else {}
    if status == 401:
        return Reply({"detail": message or "Unauthorized", **more}, status=status, headers=headers or {})
    kind, code, known = _KNOWN.get(status, ("internal_server_error", "1000", f"Status {status}."))
    body = {"object": "error", "message": message or known, "type": kind, "param": None, "code": code, **more}
    return Reply(body, status=status, headers=headers or {})


EVENT: Event = {"object": "error", "message": "Internal server error", "type": "unreachable_backend", "code": "1100"}
"""What ends a stream that failed on the way."""
CONVERSATION_EVENT: Event = {
    "type": "conversation.response.error",
    "created_at": "2026-01-01T00:00:00.000000Z",
    "message": "Internal server error",
    "code": 1100,
}
"""The same, of a conversation."""
