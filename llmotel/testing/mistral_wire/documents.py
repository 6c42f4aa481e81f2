"""OCR (docs.mistral.ai/api/endpoint/ocr), transcriptions and moderations."""

from __future__ import annotations

from llmotel.testing.reply import Body, Event
from llmotel.testing.samples import ident, pieces


def ocr(*pages: str, model: str = "mistral-ocr-2505-completion") -> Body:
    """A document that was read, a text of Markdown for each page."""
    made = [
        {"index": index, "markdown": page, "images": [], "dimensions": {"dpi": 200, "height": 2200, "width": 1700}}
        for index, page in enumerate(pages or ("# Taxes",))
    ]
    return {"pages": made, "model": model, "usage_info": {"pages_processed": len(made), "doc_size_bytes": 3002783}}


def transcription(
    said: str = "Bonjour!", *, model: str = "voxtral-mini-2507", seconds: int = 9, prompt_tokens: int = 10
) -> Body:
    """What was heard; seconds of audio are billed beside tokens."""
    counted = len(pieces(said)) + 1
    return {
        "model": model,
        "text": said,
        "language": "fr",
        "segments": [],
        "usage": {
            "prompt_audio_seconds": seconds,
            "prompt_tokens": prompt_tokens,
            "completion_tokens": counted,
            "total_tokens": prompt_tokens + counted,
        },
    }


def transcription_events(body: Body) -> list[Event]:
    """The stream of a :func:`transcription`."""
    said: list[Event] = [{"type": "transcription.text.delta", "text": piece} for piece in pieces(body["text"])]
    return [*said, {**body, "type": "transcription.done"}]


def moderation(*, model: str = "mistral-moderation-2411") -> Body:
    """One input that was judged."""
    categories = ("sexual", "hate_and_discrimination", "violence_and_threats", "dangerous_and_criminal_content", "pii")
    result = {
        "categories": dict.fromkeys(categories, False),
        "category_scores": dict.fromkeys(categories, 0.001),
    }
    return {"id": ident("", model, length=32), "model": model, "results": [result]}
