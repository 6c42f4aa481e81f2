"""Parts of messages, in the shapes of ``gen_ai.input.messages``, that several dialects have."""

from __future__ import annotations

from typing import Any

from llmotel.model.inference import Inference, Message
from llmotel.spec.reading import get, plain, text


def answer(inference: Inference, parts: list[dict[str, Any]], role: str = "assistant") -> list[Message]:
    """The only message of an answer, with the finish reason that was read before."""
    said: Message = {"role": role, "parts": parts}
    if inference.finish_reasons:
        said["finish_reason"] = inference.finish_reasons[0]
    return [said]


def uri(modality: str, address: str) -> dict[str, Any]:
    """A part for something behind a URL; a ``data:`` URL is the thing itself."""
    if address.startswith("data:"):
        head, _, data = address.partition(",")
        return {"type": "blob", "modality": modality, "mime_type": head[5:].partition(";")[0], "content": data}
    return {"type": "uri", "modality": modality, "uri": address}


def audio(given: Any) -> dict[str, Any]:
    """A part for the recording in an ``input_audio`` part of OpenAI's."""
    recording = get(given, "input_audio")
    return {
        "type": "blob",
        "modality": "audio",
        "mime_type": f"audio/{text(get(recording, 'format')) or 'wav'}",
        "content": text(get(recording, "data")) or "",
    }


def plain_dict(value: Any) -> dict[str, Any]:
    """``value`` copied if it is an object of fields, else an empty dict."""
    copied = plain(value)
    return copied if isinstance(copied, dict) else {}
