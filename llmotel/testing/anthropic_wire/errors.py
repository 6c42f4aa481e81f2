"""Error answers of the Anthropic API (https://platform.claude.com/docs/en/api/errors), those of Bedrock, and the event
that ends a stream with one."""

from __future__ import annotations

from collections.abc import Mapping

from llmotel.testing.reply import Body, Event, Reply
from llmotel.testing.samples import ident

_KNOWN = {  # status -> type, message
    400: ("invalid_request_error", "max_tokens: Field required"),
    401: ("authentication_error", "invalid x-api-key"),
    403: ("permission_error", "Your API key does not have permission to use the specified resource."),
    404: ("not_found_error", "model: claude-0"),
    413: ("request_too_large", "Request exceeds the maximum size"),
    429: ("rate_limit_error", "This request would exceed your organization's rate limit of 50 requests per minute."),
    500: ("api_error", "Internal server error"),
    529: ("overloaded_error", "Overloaded"),
}

_BEDROCK = {  # status -> exception, message
    400: ("ValidationException", "max_tokens: Field required"),
    403: ("AccessDeniedException", "You don't have access to the model with the specified model ID."),
    404: ("ResourceNotFoundException", "Could not resolve the foundation model from the provided model identifier."),
    429: ("ThrottlingException", "Too many requests, please wait before trying again."),
    500: ("InternalServerException", "The system encountered an unexpected error during processing."),
    503: ("ServiceUnavailableException", "Bedrock is unable to process your request."),
}


def body(status: int, message: str | None = None, *, type: str | None = None, extra: Body | None = None) -> Body:  # noqa: A002
    """``{"type": "error", "error": {...}}`` with what Anthropic says for ``status``, unless given; ``extra`` adds to
    the error (``details``)."""
    known_type, known_message = _KNOWN.get(status, ("api_error", f"Status {status}"))
    error = {"type": type or known_type, "message": message or known_message, **(extra or {})}
    return {"type": "error", "error": error, "request_id": ident("req_011", status, error)}


def reply(
    status: int,
    message: str | None = None,
    *,
    type: str | None = None,  # noqa: A002
    extra: Body | None = None,
    retry_after: float | None = None,
    headers: Mapping[str, str] | None = None,
) -> Reply:
    """An answer with an error ``status``. A 429 says when to come back: ``retry-after`` in seconds (2 unless given),
    and none of the request limit remaining."""
    made = {}
    if status == 429:
        retry_after = 2 if retry_after is None else retry_after
        made = {"anthropic-ratelimit-requests-remaining": "0"}
    if retry_after is not None:
        made["retry-after"] = f"{retry_after:g}"
    return Reply(body(status, message, type=type, extra=extra), status=status, headers={**made, **(headers or {})})


def bedrock(status: int, message: str | None = None) -> Reply:
    """An answer with an error ``status`` as Bedrock's runtime gives it: the exception's name is in a header."""
    name, known = _BEDROCK.get(status, ("InternalServerException", f"Status {status}"))
    return Reply({"message": message or known}, status=status, headers={"x-amzn-errortype": name})


EVENT: Event = {"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}}
"""What ends a stream that failed on the way."""
