"""``/v1/embed`` and ``/v2/embed`` (docs.cohere.com/reference/embed)."""

from __future__ import annotations

from collections.abc import Sequence

from llmotel.testing.openai_wire.embeddings import vector
from llmotel.testing.reply import Body
from llmotel.testing.samples import ident


def embed(
    vectors: Sequence[Sequence[float]] | None = None,
    *,
    texts: Sequence[str] = (),
    by_type: bool = True,
    input_tokens: int = 8,
) -> Body:
    """The whole answer; ``by_type`` as the second version has it, and the first where types are asked for."""
    made = [list(one) for one in ([vector(8)] if vectors is None else vectors)]
    return {
        "id": ident("", input_tokens, length=36),
        "texts": list(texts),
        "embeddings": {"float": made} if by_type else made,
        "meta": {
            "api_version": {"version": "2" if by_type else "1"},
            "billed_units": {"input_tokens": float(input_tokens)},
        },
        "response_type": "embeddings_by_type" if by_type else "embeddings_floats",
    }
