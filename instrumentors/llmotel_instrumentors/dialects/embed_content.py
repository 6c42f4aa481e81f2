"""Google's embeddings: ``:embedContent``, ``:batchEmbedContents``, and ``:predict`` of Vertex's text models.

Source: ai.google.dev/api/embeddings, and the model reference of text embeddings at
cloud.google.com/vertex-ai/generative-ai/docs/model-reference/text-embeddings-api.
"""

from __future__ import annotations

from typing import Any

from llmotel import semconv
from llmotel.model.inference import Inference, Usage
from llmotel.spec import Endpoint
from llmotel.spec.reading import count, get, items, path
from llmotel_instrumentors.dialects.generate_content import decode, read_head, read_model, read_refusal
from llmotel_instrumentors.dialects.generate_content_parts import spelled
from llmotel_instrumentors.dialects.generate_content_usage import read_usage


def read_request(inference: Inference, body: Any) -> None:
    """Model and dimensions, which each of the three says in a place of its own."""
    read_model(inference, body)
    requests = items(get(body, "requests"))
    for place in (
        body,
        requests[0] if requests else None,
        spelled(body, "embedContentConfig"),
        get(body, "parameters"),
    ):
        dimensions = count(spelled(place, "outputDimensionality"))
        if dimensions is not None:
            inference.attributes[semconv.EMBEDDING_DIMENSIONS] = dimensions
            return


def read_response(inference: Inference, response: Any) -> None:
    """The input tokens where they are told, which the Gemini API does not always do, and the first vector's length."""
    read_head(inference, response)
    read_refusal(inference, response)
    read_usage(inference, get(response, "usageMetadata"))
    predictions = items(get(response, "predictions"))
    told = [path(made, "embeddings", "statistics", "token_count") for made in predictions]
    tokens = [number for number in map(count, told) if number is not None]
    if tokens:
        inference.usage = Usage(count(sum(tokens)))
    embeddings = items(get(response, "embeddings")) or [get(made, "embeddings") for made in predictions]
    vector = items(get(embeddings[0] if embeddings else get(response, "embedding"), "values"))
    if vector:
        inference.attributes[semconv.EMBEDDING_DIMENSIONS] = len(vector)


EMBED = Endpoint("embeddings", read_request, read_response, decode=decode)
