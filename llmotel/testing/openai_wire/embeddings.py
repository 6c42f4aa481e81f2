"""Embeddings (https://platform.openai.com/docs/api-reference/embeddings)."""

from __future__ import annotations

import base64
import struct
from collections.abc import Sequence

from llmotel.testing.reply import Body

MODEL = "text-embedding-3-small"


def vector(dimensions: int = 1536, *, seed: int = 0) -> list[float]:
    """A vector of values between -1 and 1 that 32 bits hold exactly, so that both encodings give the same floats."""
    return [((seed * 31 + position * 7) % 65 - 32) / 32 for position in range(dimensions)]


def embeddings(
    vectors: Sequence[Sequence[float]] | None = None,
    *,
    model: str = MODEL,
    encoding_format: str = "float",
    prompt_tokens: int = 8,
    extra: Body | None = None,
) -> Body:
    """The whole answer. With ``encoding_format="base64"`` a vector is its little-endian 32-bit floats in base64."""
    vectors = [vector()] if vectors is None else vectors
    return {
        "object": "list",
        "data": [
            {
                "object": "embedding",
                "index": index,
                "embedding": _packed(values) if encoding_format == "base64" else list(values),
            }
            for index, values in enumerate(vectors)
        ],
        "model": model,
        "usage": {"prompt_tokens": prompt_tokens, "total_tokens": prompt_tokens},
        **(extra or {}),
    }


def _packed(values: Sequence[float]) -> str:
    return base64.b64encode(struct.pack(f"<{len(values)}f", *values)).decode()
