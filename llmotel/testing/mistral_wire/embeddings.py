"""Embeddings (docs.mistral.ai/api/endpoint/embeddings): OpenAI's, with an id and a count of no output."""

from __future__ import annotations

from collections.abc import Sequence

from llmotel.testing.openai_wire import embeddings as openai
from llmotel.testing.reply import Body
from llmotel.testing.samples import ident

MODEL = "mistral-embed"


def embeddings(vectors: Sequence[Sequence[float]] | None = None, *, model: str = MODEL, prompt_tokens: int = 8) -> Body:
    """The whole answer."""
    body = openai.embeddings(vectors, model=model, prompt_tokens=prompt_tokens)
    used = {**body["usage"], "completion_tokens": 0}
    return {"id": ident("", prompt_tokens, length=32), **body, "usage": used}
