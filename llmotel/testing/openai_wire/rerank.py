"""Reranking, which OpenAI has not and hosts of its dialect have (https://docs.together.ai/reference/rerank)."""

from __future__ import annotations

from collections.abc import Sequence

from llmotel.testing.reply import Body
from llmotel.testing.samples import ident

MODEL = "mixedbread-ai/Mxbai-Rerank-Large-V2"


def rerank(
    scores: Sequence[float] = (0.98, 0.12),
    *,
    model: str = MODEL,
    prompt_tokens: int = 30,
    id: str | None = None,  # noqa: A002
) -> Body:
    """The whole answer, with the scores of the documents 0, 1, ... in the order of the scores."""
    ranked = sorted(enumerate(scores), key=lambda pair: -pair[1])
    return {
        "id": id or ident("oM", scores, prompt_tokens, length=16),
        "object": "rerank",
        "model": model,
        "results": [{"index": index, "relevance_score": score} for index, score in ranked],
        "usage": {"prompt_tokens": prompt_tokens, "completion_tokens": 0, "total_tokens": prompt_tokens},
    }
