"""Embeddings (https://ai.google.dev/api/embeddings), and what Vertex's ``:predict`` and ``:predictLongRunning`` answer
for embeddings, images and videos (https://cloud.google.com/vertex-ai/generative-ai/docs/model-reference)."""

from __future__ import annotations

from collections.abc import Sequence

from llmotel.testing.openai_wire.embeddings import vector
from llmotel.testing.reply import Body
from llmotel.testing.samples import PNG, hexid


def embedding(values: Sequence[float] | None = None, *, tokens: int | None = None) -> Body:
    """The answer of ``:embedContent``; ``tokens`` of the input, which Vertex tells."""
    found: Body = {"embedding": {"values": list(vector(8) if values is None else values)}}
    return found if tokens is None else {**found, "usageMetadata": {"promptTokenCount": tokens}}


def embeddings(vectors: Sequence[Sequence[float]] | None = None, *, tokens: int | None = None) -> Body:
    """The answer of ``:batchEmbedContents``."""
    vectors = [vector(8)] if vectors is None else vectors
    found: Body = {"embeddings": [{"values": list(values)} for values in vectors]}
    return found if tokens is None else {**found, "usageMetadata": {"promptTokenCount": tokens}}


def predicted_embeddings(vectors: Sequence[Sequence[float]] | None = None, *, tokens: Sequence[int] = ()) -> Body:
    """The answer of Vertex's ``:predict`` to texts, with the tokens of each."""
    vectors = [vector(8)] if vectors is None else vectors
    counts = list(tokens) or [4] * len(vectors)
    predictions = [
        {"embeddings": {"values": list(values), "statistics": {"token_count": count, "truncated": False}}}
        for values, count in zip(vectors, counts, strict=True)
    ]
    return {"predictions": predictions, "metadata": {"billableCharacterCount": 4 * sum(counts)}}


def images(count: int = 1, *, filtered: str | None = None) -> Body:
    """The answer of ``:predict`` of Imagen; ``filtered`` says why one more was held back."""
    made: list[Body] = [{"mimeType": "image/png", "bytesBase64Encoded": PNG} for _ in range(count)]
    return {"predictions": [*made, {"raiFilteredReason": filtered}] if filtered else made}


def operation(model: str = "veo-3.0-generate-001") -> Body:
    """The answer of ``:predictLongRunning``: the name of what goes on."""
    return {"name": f"models/{model}/operations/{hexid('', model, length=12)}"}
