"""Google's client library for the Gemini API and Vertex AI.

Every call passes one of four methods of its API client, chats and each round of automatic function calling included.
Live sessions are WebSockets of their own and are left alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from llmotel.instrumentation.instrumentor import Instrumentor
from llmotel.spec import Endpoint, ErrorInfo, Outer, Provider, Request, Retry, Seam
from llmotel.spec.reading import count, get, items, path, text
from llmotel_instrumentors.dialects.google_paths import endpoint_of, model_of, verb_of

_CLIENT = "google.genai._api_client"
_BAD_KEY = "API_KEY_INVALID"  # comes as INVALID_ARGUMENT with status 400


def locate(client: Any, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Request | None:
    """The request behind ``request(http_method, path, request_dict, http_options=None)``."""
    given: dict[str, Any] = dict(zip(("http_method", "path", "request_dict", "http_options"), args, strict=False))
    given.update(kwargs)
    method, where, sent = given.get("http_method"), given.get("path"), given.get("request_dict")
    if not isinstance(where, str) or not isinstance(sent, Mapping):
        return None
    origin = get(given.get("http_options"), "base_url") or get(client._http_options, "base_url")
    body = {**sent, "model": model_of(where)}
    return Request(str(method), where, body, verb_of(where).startswith("stream"), origin)


def match(request: Request) -> Endpoint | None:
    """The endpoint behind a request. Files, caches, batches and token counts are left alone."""
    return endpoint_of(request.path, request.body) if request.method.lower() == "post" else None


def identify(client: Any) -> str | None:
    """Which of the two APIs the client is made for."""
    return "gcp.vertex_ai" if client.vertexai else "gcp.gemini"


def read_error(error: BaseException) -> ErrorInfo | None:
    """Status and code of an ``APIError``, whose response is of status 200 where a stream broke."""
    if type(error).__module__ != "google.genai.errors":
        return None
    details = path(getattr(error, "details", None), "error", "details")
    reasons = {text(get(detail, "reason")) for detail in items(details)}
    code = _BAD_KEY if _BAD_KEY in reasons else text(getattr(error, "status", None))
    return ErrorInfo(count(getattr(error, "code", None)), code)


OUTCOMES = {
    "ABORTED": "server",
    "ALREADY_EXISTS": "validation",
    _BAD_KEY: "authentication",
    "CANCELLED": "cancelled",
    "DATA_LOSS": "server",
    "DEADLINE_EXCEEDED": "timeout",
    "FAILED_PRECONDITION": "validation",
    "INTERNAL": "server",
    "INVALID_ARGUMENT": "validation",
    "NOT_FOUND": "validation",
    "OUT_OF_RANGE": "validation",
    "PERMISSION_DENIED": "authentication",
    "RESOURCE_EXHAUSTED": "rate_limit",
    "UNAUTHENTICATED": "authentication",
    "UNAVAILABLE": "server",
    "UNIMPLEMENTED": "validation",
    "UNKNOWN": "server",
    "malformed_response": "server",
}
"""https://google.aip.dev/193 and google.rpc.Code."""

PROVIDER = Provider(
    name="gcp.gemini",
    library="google-genai",
    module="google.genai",
    versions=("1.15.0", None),
    seams=(
        Seam(_CLIENT, "BaseApiClient.request", locate),
        Seam(_CLIENT, "BaseApiClient.request_streamed", locate, lazy=True),
        Seam(_CLIENT, "BaseApiClient.async_request", locate, is_async=True),
        Seam(_CLIENT, "BaseApiClient.async_request_streamed", locate, is_async=True),
    ),
    retries=(
        Retry(_CLIENT, "BaseApiClient._request_once", attempts=True, since="1.21.0"),
        Retry(_CLIENT, "BaseApiClient._async_request_once", attempts=True, is_async=True, since="1.21.0"),
    ),
    outers=(
        Outer("google.genai.models", "Models.generate_content_stream"),
        Outer("google.genai.models", "AsyncModels.generate_content_stream", is_async=True),
        Outer("google.genai.chats", "Chat.send_message_stream"),
        Outer("google.genai.chats", "AsyncChat.send_message_stream", is_async=True),
    ),
    match=match,
    identify=identify,
    read_error=read_error,
    outcomes=OUTCOMES,
)


class GoogleGenAIInstrumentor(Instrumentor):
    """Instruments ``google-genai``."""

    provider = PROVIDER
