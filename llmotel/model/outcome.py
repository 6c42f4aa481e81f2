"""What an exception means: a low-cardinality outcome, ``error.type``, and a description that holds no content.

SDKs put response bodies, and with them prompts, into exception messages: nothing here but :func:`message` reads one.
Works on what the exceptions of the openai and anthropic SDKs, httpx, asyncio and Python have in common; imports none.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from types import TracebackType
from typing import Any, Protocol

from llmotel.model.structs import Struct

RATE_LIMIT = "rate_limit"  # also a used-up quota or credit: the mend is the same, wait or pay
TIMEOUT = "timeout"
AUTHENTICATION = "authentication"
NETWORK = "network"
VALIDATION = "validation"  # the request is wrong, or the output does not fit the schema that the caller gave
CONTENT_FILTER = "content_filter"
SERVER = "server"  # the provider failed, or sent what no client can read
CANCELLED = "cancelled"
UNKNOWN = "unknown"

# A code and no text: rate_limit_exceeded, DeploymentNotFound. Compiled by the first failure, not at start.
_IDENTIFIER = r"[a-z][a-z0-9_.]{0,63}|(?=[A-Za-z]{3,64}\Z)(?:[A-Z]+[a-z]+)+"
_MAX_FRAMES = 64
_LONGEST = 128  # characters of a class's name

# Codes that say more than the HTTP status that they come with.
_CODES = {
    "rate_limit_exceeded": RATE_LIMIT,
    "rate_limit_error": RATE_LIMIT,
    "insufficient_quota": RATE_LIMIT,
    "billing_hard_limit_reached": RATE_LIMIT,
    "billing_not_active": RATE_LIMIT,
    "billing_error": RATE_LIMIT,
    "timeout_error": TIMEOUT,
    "request_timeout": TIMEOUT,
    "vector_store_timeout": TIMEOUT,
    "authentication_error": AUTHENTICATION,
    "permission_error": AUTHENTICATION,
    "invalid_api_key": AUTHENTICATION,
    "content_filter": CONTENT_FILTER,
    "content_policy_violation": CONTENT_FILTER,
    "moderation_blocked": CONTENT_FILTER,
    "ResponsibleAIPolicyViolation": CONTENT_FILTER,
    "image_content_policy_violation": CONTENT_FILTER,
    "overloaded_error": SERVER,
    "server_error": SERVER,
    "context_length_exceeded": VALIDATION,
    "model_not_found": VALIDATION,
    "not_found_error": VALIDATION,
}

# Codes that OpenAI and Anthropic put on nearly everything; they count only where no status is known, as in a stream.
_GENERIC_CODES = {"invalid_request_error": VALIDATION, "conflict_error": VALIDATION, "api_error": SERVER}

_STATUSES = {
    401: AUTHENTICATION,
    402: RATE_LIMIT,  # payment required: DeepSeek, OpenRouter and Anthropic mean a used-up balance
    403: AUTHENTICATION,
    407: AUTHENTICATION,
    408: TIMEOUT,
    429: RATE_LIMIT,
    499: CANCELLED,
    504: TIMEOUT,
}

# Class names, looked up from the most derived class to its bases, so that httpx's ConnectTimeout is a timeout although
# it is a TransportError as well.
_CLASSES = {
    CANCELLED: "CancelledError Cancelled KeyboardInterrupt GeneratorExit SystemExit ClientClosedRequestError",
    TIMEOUT: "TimeoutError APITimeoutError TimeoutException Timeout RequestTimeoutError GatewayTimeoutError "
    "ReadTimeoutError ConnectTimeoutError ServerTimeoutError",
    RATE_LIMIT: "RateLimitError PaymentRequiredError",
    AUTHENTICATION: "AuthenticationError PermissionDeniedError CredentialsError SubjectTokenProviderError "
    "DefaultCredentialsError NoCredentialsError PartialCredentialsError CredentialRetrievalError TokenRetrievalError "
    "SSOError",
    CONTENT_FILTER: "ContentFilterFinishReasonError",
    # The body of a response that is not JSON or not of the API's schema is the provider's failure.
    # ParserError is that of botocore's frames.
    SERVER: "InternalServerError JSONDecodeError UnicodeDecodeError APIResponseValidationError DecodingError "
    "UnknownApiResponseError ResponseParserError ParserError",
    # From ProtocolError on those of urllib3, botocore and aiohttp.
    NETWORK: "APIConnectionError ConnectionError NetworkError TransportError gaierror herror SSLError IncompleteRead "
    "WebSocketConnectionClosedError ProtocolError ConnectionClosedError HTTPClientError IncompleteReadError "
    "ClientConnectionError ClientPayloadError",
    # pydantic's ValidationError comes from parse(): the output does not fit the caller's own model.
    VALIDATION: "ValidationError LengthFinishReasonError BadRequestError NotFoundError ConflictError "
    "UnprocessableEntityError ParamValidationError InvalidURL UnsupportedProtocol TypeError ValueError",
}
_BY_CLASS = {name: outcome for outcome, names in _CLASSES.items() for name in names.split()}


class Failure(Struct):
    """How a call failed. Everything but ``message`` is free of content and of low cardinality.

    ``error_type`` is the provider's own code when it is an identifier (lower case letters, digits, ``_`` and ``.``, or
    words written together with capitals, at most 64 characters) or one that the provider's module knows, else the
    class's full name (``error.type`` of OpenTelemetry's ``recording-errors.md``). ``description`` reads
    ``RateLimitError: 429 rate_limit_exceeded``.
    ``status_code`` is an HTTP status of 4xx or 5xx.
    ``exception_type`` is empty where there was no exception (:func:`failure_from_code`).
    """

    outcome: str
    error_type: str
    description: str
    exception_type: str
    status_code: int | None = None
    stacktrace: str = ""
    message: str = ""  # content: only under the content policy


class ErrorFacts(Protocol):
    """What a reader of a provider's errors found: :class:`llmotel.spec.ErrorInfo`."""

    @property
    def status(self) -> int | None:
        """The HTTP status, if there is one."""

    @property
    def code(self) -> str | None:
        """The provider's own word for it."""


def is_known_code(error_type: str) -> bool:
    """Whether ``error_type`` is one of the few that every provider has, so that metrics may always have it."""
    return error_type in _CODES or error_type in _GENERIC_CODES or (len(error_type) == 3 and error_type.isdecimal())


def outcome_of(
    exc: BaseException,
    read_error: Callable[[BaseException], ErrorFacts | None] | None = None,
    outcomes: Mapping[str, str] | None = None,
) -> Failure:
    """What ``exc`` means. ``read_error`` knows where the provider's exceptions keep status and code, ``outcomes`` what
    its own codes mean. Never raises but what ``read_error`` raises, whatever the exception's attributes hold or do.

    The first that says something decides: the cancellation of the task or process, a telling code in the response, the
    HTTP status, a generic code, the class and its bases.
    """
    cls = type(exc)
    names = [base.__name__ for base in cls.__mro__]
    by_class = next((_BY_CLASS[name] for name in names if name in _BY_CLASS), UNKNOWN)
    known = _CODES if not outcomes else {**_CODES, **outcomes}
    facts = None if read_error is None else read_error(exc)
    codes = list(_codes(exc))
    if facts is not None and facts.code is not None:
        codes.insert(0, facts.code)
    status = facts.status if facts is not None and facts.status is not None else _status(exc, codes)
    if by_class == CANCELLED:
        outcome = CANCELLED
    else:
        outcome = (
            next((known[code] for code in codes if code in known), None)
            or _by_status(status)
            or next((_GENERIC_CODES[code] for code in codes if code in _GENERIC_CODES), by_class)
        )
    code = next((code for code in codes if code in known or re.fullmatch(_IDENTIFIER, code)), None)
    name = _qualified(cls)
    said = " ".join(str(word) for word in (status, code) if word is not None)
    return Failure(
        outcome=outcome,
        error_type=code or name,
        description=f"{cls.__name__}: {said}" if said else cls.__name__,
        exception_type=name,
        status_code=status,
    )


def failure_from_code(code: str, outcomes: Mapping[str, str] | None = None) -> Failure:
    """What an error code means that the provider put into its answer; the caller got the answer, and no exception."""
    known = (outcomes or {}).get(code) or _CODES.get(code) or _GENERIC_CODES.get(code)
    if known is None and len(code) == 3 and code.isascii() and code.isdigit():
        known = _by_status(int(code))
    if known is None and ("invalid" in code or "image" in code):
        known = VALIDATION
    is_named = code in (outcomes or {}) or re.fullmatch(rf"{_IDENTIFIER}|[1-9][0-9]{{2}}", code)
    named = code if is_named else "error"
    return Failure(known or UNKNOWN, named, f"told in the response: {named}", "")


def failure_from_type(error_type: str) -> Failure:
    """What an ``error.type`` of somebody else's span means: a code, a status, or the name of a class."""
    name = error_type.rpartition(".")[2]
    if name in _BY_CLASS and error_type not in _CODES:
        return Failure(_BY_CLASS[name], error_type[:_LONGEST], name, "")
    failure = failure_from_code(error_type)
    if failure.error_type == "error" and re.fullmatch(r"[A-Za-z_][\w.]{0,127}", error_type):
        failure.error_type = failure.description = error_type
    return failure


def message(exc: BaseException) -> str:
    """``str(exc)``, which may hold prompts and completions; a placeholder when the exception cannot be printed."""
    try:
        return str(exc)
    except Exception:
        return f"<unprintable {type(exc).__name__}>"


def frames(exc: BaseException) -> str:
    """The stack trace of ``exc``, outermost frame first, one ``  File "x", line n, in f`` a line.

    Without source lines, which can hold literal prompts, and without the message. Of a deep stack the innermost
    64 frames, under a line that counts the others.
    """
    lines: list[str] = []
    traceback: TracebackType | None = exc.__traceback__
    while traceback is not None:
        code = traceback.tb_frame.f_code
        lines.append(f'  File "{code.co_filename}", line {traceback.tb_lineno}, in {code.co_name}')
        traceback = traceback.tb_next
    if len(lines) > _MAX_FRAMES:
        lines[:-_MAX_FRAMES] = [f"  ... {len(lines) - _MAX_FRAMES} frames left out"]
    return "\n".join(lines)


def _qualified(cls: type[BaseException]) -> str:
    module = cls.__module__
    return cls.__qualname__ if module == "builtins" else f"{module}.{cls.__qualname__}"


def _codes(exc: BaseException) -> Iterator[str]:
    """The provider's error codes, the most telling first."""
    body = _get(exc, "body")
    if body is None and _get(exc, "response") is None:
        return  # not an API's error: an application's own exception may keep anything under ``code``
    envelope = body if isinstance(body, dict) else {}
    error = envelope.get("error", envelope)  # openai hands over what is inside ``error``
    if not isinstance(error, dict):
        error = {}
    details = error.get("details")
    inner = error.get("innererror")
    found = (
        _get(exc, "error_code"),
        details.get("error_code") if isinstance(details, dict) else None,
        _get(exc, "code"),
        error.get("code"),
        inner.get("code") if isinstance(inner, dict) else None,  # Azure, whose outer code may be a status
        _get(exc, "type"),
        error.get("type"),
    )
    for code in found:
        if isinstance(code, str):
            yield code
        elif isinstance(code, int) and 100 <= code < 1000:
            yield str(int(code))


def _status(exc: BaseException, codes: list[str]) -> int | None:
    """The HTTP status of the error. A stream's response says 200; gateways then put the status into ``code``."""
    response = _get(exc, "response")
    candidates: list[Any] = [_get(exc, "status_code"), None if response is None else _get(response, "status_code")]
    candidates += [int(code) for code in codes if len(code) == 3 and code.isascii() and code.isdigit()]
    return next((int(status) for status in candidates if isinstance(status, int) and 400 <= status < 600), None)


def _by_status(status: int | None) -> str | None:
    if status is None:
        return None
    return _STATUSES.get(status) or (VALIDATION if status < 500 else SERVER)


def _get(holder: object, name: str) -> Any:
    try:
        return getattr(holder, name, None)
    except Exception:  # a property of somebody else's class
        return None
