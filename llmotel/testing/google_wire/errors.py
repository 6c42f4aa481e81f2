"""Error answers of Google's APIs (https://google.aip.dev/193 and
https://ai.google.dev/gemini-api/docs/troubleshooting), and the event that ends a stream with one."""

from __future__ import annotations

from collections.abc import Mapping

from llmotel.testing.reply import Body, Event, Reply

_KNOWN = {  # status -> code, message
    400: ("INVALID_ARGUMENT", "* GenerateContentRequest.contents: contents is not specified"),
    401: ("UNAUTHENTICATED", "Request had invalid authentication credentials. Expected OAuth 2 access token."),
    403: ("PERMISSION_DENIED", "Your API key doesn't have the required permissions."),
    404: ("NOT_FOUND", "models/gemini-0 is not found for API version v1beta, or is not supported."),
    429: ("RESOURCE_EXHAUSTED", "You exceeded your current quota, please check your plan and billing details."),
    500: ("INTERNAL", "An internal error has occurred. Please retry or report in the troubleshooting guide."),
    503: ("UNAVAILABLE", "The model is overloaded. Please try again later."),
    504: ("DEADLINE_EXCEEDED", "The service was unable to finish processing within the deadline."),
}
_ERROR_INFO = "type.googleapis.com/google.rpc.ErrorInfo"
_RETRY_INFO = "type.googleapis.com/google.rpc.RetryInfo"


def body(
    status: int,
    message: str | None = None,
    *,
    code: str | None = None,
    details: list[Body] | None = None,
    extra: Body | None = None,
) -> Body:
    """``{"error": {...}}`` with what Google says for ``status``, unless given; ``code`` is Google's word for it, and
    ``extra`` adds to the error."""
    known_code, known_message = _KNOWN.get(status, ("UNKNOWN", f"Status {status}"))
    error: Body = {"code": status, "message": message or known_message, "status": code or known_code, **(extra or {})}
    return {"error": {**error, "details": details} if details else error}


def reply(
    status: int,
    message: str | None = None,
    *,
    code: str | None = None,
    details: list[Body] | None = None,
    extra: Body | None = None,
    headers: Mapping[str, str] | None = None,
) -> Reply:
    """An answer with an error ``status``. A 429 says in its details when to come back."""
    if status == 429 and details is None:
        details = [{"@type": _RETRY_INFO, "retryDelay": "2s"}]
    return Reply(
        body(status, message, code=code, details=details, extra=extra), status=status, headers=dict(headers or {})
    )


def invalid_key() -> Reply:
    """The answer of the Gemini API to a key that it does not know: a status 400."""
    reason = {"@type": _ERROR_INFO, "reason": "API_KEY_INVALID", "domain": "googleapis.com"}
    return reply(400, "API key not valid. Please pass a valid API key.", details=[reason])


EVENT: Event = body(503)
"""What ends a stream that failed on the way."""
