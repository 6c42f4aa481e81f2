"""Error answers of the OpenAI API (https://platform.openai.com/docs/guides/error-codes) and the events that end a
stream with one."""

from __future__ import annotations

from collections.abc import Mapping

from llmotel.testing.reply import Body, Event, Reply

_KNOWN: dict[int, tuple[str, str | None, str]] = {  # status -> type, code, message
    400: ("invalid_request_error", None, "Invalid value: 'developer'. Supported values are: 'system' and 'user'."),
    401: ("invalid_request_error", "invalid_api_key", "Incorrect API key provided: sk-test***."),
    403: ("request_forbidden", "unsupported_country_region_territory", "Country, region, or territory not supported."),
    404: ("invalid_request_error", "model_not_found", "The model `gpt-0` does not exist."),
    409: ("invalid_request_error", "resource_conflict", "The resource was changed by another request."),
    422: ("invalid_request_error", None, "The request was well-formed but could not be processed."),
    429: ("requests", "rate_limit_exceeded", "Rate limit reached for gpt-4.1 on requests per min (RPM): Limit 500."),
    500: ("server_error", None, "The server had an error while processing your request. Sorry about that!"),
    503: ("server_error", None, "The engine is currently overloaded, please try again later."),
}  # fmt: skip


def body(
    status: int,
    message: str | None = None,
    *,
    type: str | None = None,  # noqa: A002
    code: str | None = None,
    param: str | None = None,
    extra: Body | None = None,
) -> Body:
    """``{"error": {...}}`` with what OpenAI says for ``status``, unless given."""
    known_type, known_code, known_message = _KNOWN.get(status, ("server_error", None, f"Status {status}."))
    error = {
        "message": message or known_message,
        "type": type or known_type,
        "param": param,
        "code": code or known_code,
        **(extra or {}),
    }
    return {"error": error}


def reply(
    status: int,
    message: str | None = None,
    *,
    type: str | None = None,  # noqa: A002
    code: str | None = None,
    param: str | None = None,
    extra: Body | None = None,
    retry_after: float | None = None,
    headers: Mapping[str, str] | None = None,
) -> Reply:
    """An answer with an error ``status``. A 429 says when to come back: ``retry-after`` in seconds (2 unless given),
    and none of the request limit remaining."""
    made = {}
    if status == 429:
        retry_after = 2 if retry_after is None else retry_after
        made = {"x-ratelimit-remaining-requests": "0", "x-ratelimit-reset-requests": f"{retry_after:g}s"}
    if retry_after is not None:
        made |= {"retry-after": f"{retry_after:g}", "retry-after-ms": f"{retry_after * 1000:.0f}"}
    return Reply(
        body(status, message, type=type, code=code, param=param, extra=extra),
        status=status,
        headers={**made, **(headers or {})},
    )


def quota() -> Reply:
    """The 429 that no waiting cures."""
    message = "You exceeded your current quota, please check your plan and billing details."
    return reply(429, message, type="insufficient_quota", code="insufficient_quota")


def azure_content_filter() -> Reply:
    """Azure's refusal of a prompt."""
    message = "The response was filtered due to the prompt triggering Azure OpenAI's content management policy."
    inner = {
        "code": "ResponsibleAIPolicyViolation",
        "content_filter_result": {"violence": {"filtered": True, "severity": "medium"}},
    }
    return reply(400, message, code="content_filter", param="prompt", extra={"status": 400, "innererror": inner})


CHAT_EVENT: Event = body(500)
"""What ends a chat or completion stream that failed on the way."""

RESPONSES_EVENT: Event = {
    "type": "error",
    "code": "server_error",
    "message": "The server had an error while processing your request. Sorry about that!",
    "param": None,
    "sequence_number": 99,
}
"""What ends a stream of the Responses API that failed on the way."""
