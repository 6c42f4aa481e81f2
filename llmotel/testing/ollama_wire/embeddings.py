"""``/api/embed``, and ``/api/embeddings`` before it, which says nothing of tokens."""

from __future__ import annotations

from collections.abc import Sequence

from llmotel.testing.openai_wire.embeddings import vector
from llmotel.testing.reply import Body

MODEL = "all-minilm"


def embed(vectors: Sequence[Sequence[float]] | None = None, *, model: str = MODEL, prompt_eval_count: int = 8) -> Body:
    """The whole answer, times in nanoseconds."""
    made = [list(one) for one in ([vector(8)] if vectors is None else vectors)]
    times = {"total_duration": 14_143_917, "load_duration": 1_019_500}
    return {"model": model, "embeddings": made, **times, "prompt_eval_count": prompt_eval_count}


def embedding(values: Sequence[float] | None = None) -> Body:
    """The older answer."""
    return {"embedding": list(vector(8) if values is None else values)}
