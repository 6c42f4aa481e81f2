"""OpenAI's operations as other vendors serve them, each client library under paths of its own.

``/chat/completions`` is ``/openai/v1/chat/completions`` with one vendor and ``/v1/chat/completions`` with another: what
stands behind the last ``/v1`` says which operation it is.
"""

from __future__ import annotations

from llmotel.spec import Endpoint, Request
from llmotel_instrumentors.dialects import chat_completions, media, rerank

ENDPOINTS = {
    "chat/completions": chat_completions.CHAT,
    "completions": chat_completions.COMPLETIONS,
    "embeddings": media.EMBEDDINGS,
    "rerank": rerank.RERANK,
    "images/generations": media.IMAGES,
    "audio/speech": media.SPEECH,
    "audio/transcriptions": media.TRANSCRIPTION,
    "audio/translations": media.TRANSCRIPTION,
}


def match(request: Request) -> Endpoint | None:
    """The endpoint behind a request. Files, batches, fine-tuning and whatever else runs no model are left alone."""
    if request.method.lower() != "post":
        return None
    path = request.path.partition("?")[0].strip("/")
    return ENDPOINTS.get(path) or ENDPOINTS.get(path.rpartition("v1/")[2])
