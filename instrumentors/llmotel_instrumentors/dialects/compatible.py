"""OpenAI's operations as other vendors serve them, each client library under paths of its own.

``/chat/completions`` is ``/openai/v1/chat/completions`` with one vendor and ``/v1/chat/completions`` with another: what
stands behind the last ``/v1`` says which operation it is.
"""

from __future__ import annotations

from typing import Any

from llmotel import semconv
from llmotel.model.inference import Inference
from llmotel.spec import Endpoint, Request
from llmotel.spec.reading import get
from llmotel_instrumentors.dialects import chat_completions, media, rerank
from llmotel_instrumentors.dialects.timings import read_times

TIMES = {
    "total_time": semconv.SERVER_DURATION,
    "queue_time": semconv.SERVER_QUEUE_DURATION,
    "prompt_time": semconv.SERVER_INPUT_DURATION,
    "completion_time": semconv.SERVER_OUTPUT_DURATION,
}


def read_response(inference: Inference, response: Any) -> None:
    """A completion, and the server's times beside its usage (Groq) or by themselves (Cerebras)."""
    chat_completions.read_response(inference, response)
    read_times(inference, get(response, "time_info") or get(response, "usage"), TIMES)


def read_chunk(inference: Inference, chunk: Any) -> None:
    """As :func:`read_response`, of the chunk that has the usage."""
    known = inference.usage
    chat_completions.read_chunk(inference, chunk)
    if inference.usage is not known:
        said = get(chunk, "time_info") or get(chunk, "usage") or get(get(chunk, "x_groq"), "usage")
        read_times(inference, said, TIMES)


ENDPOINTS = {
    "chat/completions": chat_completions.CHAT.replaced(read_response=read_response, read_chunk=read_chunk),
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
