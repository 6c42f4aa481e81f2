"""``/v1/rerank`` and ``/v2/rerank`` (docs.cohere.com/reference/rerank), which bill searches."""

from __future__ import annotations

from collections.abc import Sequence

from llmotel.testing.reply import Body
from llmotel.testing.samples import ident


def rerank(scores: Sequence[float] = (0.98, 0.12), *, search_units: int = 1) -> Body:
    """The whole answer, with the scores of the documents 0, 1, ... in the order of the scores."""
    ranked = sorted(enumerate(scores), key=lambda pair: -pair[1])
    return {
        "id": ident("", scores, length=36),
        "results": [{"index": index, "relevance_score": score} for index, score in ranked],
        "meta": {"api_version": {"version": "2"}, "billed_units": {"search_units": float(search_units)}},
    }
