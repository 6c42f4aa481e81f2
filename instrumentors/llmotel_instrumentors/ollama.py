"""Ollama's client library: models on this machine, or on ollama.com."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from llmotel.instrumentation.instrumentor import Instrumentor
from llmotel.spec import Endpoint, ErrorInfo, Provider, Request, Seam
from llmotel.spec.reading import get, path
from llmotel_instrumentors.dialects import ollama

ENDPOINTS = {
    "/api/chat": ollama.CHAT,
    "/api/generate": ollama.GENERATE,
    "/api/embed": ollama.EMBED,
    "/api/embeddings": ollama.EMBED,
}


def locate(client: Any, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Request | None:
    """The request behind ``_request(cls, method, path, *, json=None, stream=False)``."""
    if len(args) < 3:
        return None
    stream, origin = kwargs.get("stream") is True, path(client, "_client", "base_url")
    return Request(args[1], args[2], kwargs.get("json"), stream, origin)


def match(request: Request) -> Endpoint | None:
    """The endpoint behind a request. Pulling, listing and making models runs none: that is left alone."""
    return ENDPOINTS.get(request.path)


def read_error(error: BaseException) -> ErrorInfo | None:
    """A stream that fails on the way says so in a line of text, without a status: the library makes it -1."""
    return ErrorInfo(code="stream_error") if get(error, "status_code") == -1 else None


PROVIDER = Provider(
    name="ollama",
    library="ollama",
    versions=("0.4.8", None),
    seams=(
        Seam("ollama._client", "Client._request", locate, lazy=True),  # a stream is sent when it is first read
        Seam("ollama._client", "AsyncClient._request", locate, is_async=True, lazy=True),
    ),
    match=match,
    assume_own_vendor=True,
    read_error=read_error,
    outcomes={"stream_error": "server"},
)


class OllamaInstrumentor(Instrumentor):
    """Instruments ``ollama``."""

    provider = PROVIDER
