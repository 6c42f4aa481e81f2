"""OpenAI's client library: OpenAI, Azure OpenAI and every compatible host that it is pointed at."""

from __future__ import annotations

from typing import Any

from llmotel.instrumentation.instrumentor import Instrumentor
from llmotel.spec import Closer, Endpoint, Provider, Request
from llmotel_instrumentors import stainless
from llmotel_instrumentors.dialects import chat_completions, decisions, media, responses

ENDPOINTS = {
    "/chat/completions": chat_completions.CHAT,
    "/completions": chat_completions.COMPLETIONS,
    "/responses": responses.CREATE,
    "/responses/compact": responses.COMPACT,
    "/decisions": decisions.DECIDE,
    "/embeddings": media.EMBEDDINGS,
    "/images/generations": media.IMAGES,
    "/images/edits": media.IMAGES,
    "/images/variations": media.IMAGES,
    "/audio/speech": media.SPEECH,
    "/audio/transcriptions": media.TRANSCRIPTION,
    "/audio/translations": media.TRANSCRIPTION,
    "/moderations": media.MODERATION,
}


def match(request: Request) -> Endpoint | None:
    """The endpoint behind a request. Batches, files and everything else that runs no model are left alone."""
    if request.method == "post":
        # A path of the caller's own may have a query (?beta=true), and no slash in front.
        return ENDPOINTS.get(request.path) or ENDPOINTS.get("/" + request.path.partition("?")[0].lstrip("/"))
    if request.method == "get" and request.path.startswith("/responses/") and request.path.count("/") == 2:
        return responses.FETCH
    return None


def identify(client: Any) -> str | None:
    """Azure and Bedrock are told by the client's class, every other provider by host."""
    name = type(client).__name__
    if "Azure" in name:
        return "azure.ai.openai"
    return "aws.bedrock" if "Bedrock" in name else None


PROVIDER = Provider(
    name="openai",
    library="openai",
    versions=("1.40.0", None),
    seams=stainless.seams("openai"),
    retries=stainless.retries("openai"),
    match=match,
    identify=identify,
    closers=(
        Closer("openai.lib.streaming.chat._completions", "ChatCompletionStream.close", "_raw_stream"),
        Closer(
            "openai.lib.streaming.chat._completions", "AsyncChatCompletionStream.close", "_raw_stream", is_async=True
        ),
        Closer("openai.lib.streaming.responses._responses", "ResponseStream.close", "_raw_stream"),
        Closer("openai.lib.streaming.responses._responses", "AsyncResponseStream.close", "_raw_stream", is_async=True),
    ),
)


class OpenAIInstrumentor(Instrumentor):
    """Instruments ``openai``."""

    provider = PROVIDER
