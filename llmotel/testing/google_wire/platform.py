"""What is no inference: token counts, models, cached contents (https://ai.google.dev/api)."""

from __future__ import annotations

from llmotel.testing.reply import Body
from llmotel.testing.samples import ident

CREATED = "2026-01-01T00:00:00.000000Z"
EXPIRES = "2026-01-01T01:00:00.000000Z"


def count_tokens(total: int = 14) -> Body:
    return {"totalTokens": total, "promptTokensDetails": [{"modality": "TEXT", "tokenCount": total}]}


def model(name: str = "gemini-2.5-flash", *, display_name: str = "Gemini 2.5 Flash") -> Body:
    return {
        "name": f"models/{name}",
        "version": "001",
        "displayName": display_name,
        "inputTokenLimit": 1_048_576,
        "outputTokenLimit": 65_536,
        "supportedGenerationMethods": ["generateContent", "countTokens"],
    }


def models() -> Body:
    """A page of one model."""
    return {"models": [model()]}


def cached_content(model: str = "models/gemini-2.5-flash", *, tokens: int = 2048) -> Body:
    return {
        "name": f"cachedContents/{ident('', model, tokens, length=20).lower()}",
        "model": model,
        "createTime": CREATED,
        "updateTime": CREATED,
        "expireTime": EXPIRES,
        "usageMetadata": {"totalTokenCount": tokens},
    }
