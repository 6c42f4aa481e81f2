"""Bodies of embedding, image and reranking models on Bedrock: Titan, Nova, Cohere, Stability.

Source: docs.aws.amazon.com/bedrock/latest/userguide/model-parameters.html.
"""

from __future__ import annotations

from typing import Any

from llmotel import semconv
from llmotel.model.inference import Inference, Usage
from llmotel.spec import Endpoint
from llmotel.spec.reading import count, get, items, path, strings, text
from llmotel_instrumentors.dialects.aws import raise_usage

_DIMENSIONS = (  # where the request says how long the vectors are to be
    ("dimensions",),
    ("output_dimension",),
    ("embeddingConfig", "outputEmbeddingLength"),
    ("singleEmbeddingParams", "embeddingDimension"),
    ("segmentedEmbeddingParams", "embeddingDimension"),
)
_ENCODINGS = ("embedding_types", "embeddingTypes")
_INPUTS = (  # where the request has the texts
    ("texts",),
    ("inputText",),
    ("singleEmbeddingParams", "text", "value"),
    ("segmentedEmbeddingParams", "text", "value"),
)
_PROMPTS = (("textToImageParams", "text"), ("inPaintingParams", "text"), ("outPaintingParams", "text"), ("prompt",))


# Embeddings.


def read_embeddings_request(inference: Inference, body: Any) -> None:
    """Dimensions and encodings."""
    dimensions = next((found for way in _DIMENSIONS if (found := count(path(body, *way))) is not None), None)
    if dimensions is not None:
        inference.attributes[semconv.EMBEDDING_DIMENSIONS] = dimensions
    encodings = next((named for name in _ENCODINGS if (named := strings(get(body, name)))), ())
    if encodings:
        inference.attributes[semconv.ENCODING_FORMATS] = encodings


def read_embeddings(inference: Inference, response: Any) -> None:
    """Id, input tokens, and the length of the first vector."""
    inference.response_id = text(get(response, "id")) or inference.response_id
    vector = _vector(get(response, "embedding")) or _vector(get(response, "embeddings"))
    if vector:
        inference.attributes[semconv.EMBEDDING_DIMENSIONS] = vector
    raise_usage(inference, count(get(response, "inputTextTokenCount")), None)


def _vector(given: Any) -> int:
    """The length of a vector, of the first of several, or of the first under the name of its type."""
    for _ in range(4):
        listed = items(given)
        if not listed and type(given) is dict:
            given = given["embedding"] if "embedding" in given else next(iter(given.values()), None)
        elif listed and isinstance(listed[0], (int, float)):
            return len(listed)
        else:
            given = listed[0] if listed else None
    return 0


def read_texts(inference: Inference, body: Any) -> None:
    """The texts that vectors are made of."""
    texts = next((found for way in _INPUTS if (found := strings(path(body, *way)))), ())
    inference.input = [{"role": "user", "parts": [{"type": "text", "content": said}]} for said in texts]


# Images.


def read_image_request(inference: Inference, body: Any) -> None:
    """Number of images."""
    inference.attributes[semconv.OUTPUT_TYPE] = "image"
    images = count(path(body, "imageGenerationConfig", "numberOfImages"))
    if images is not None and images != 1:
        inference.attributes[semconv.CHOICE_COUNT] = images
    seed = count(path(body, "imageGenerationConfig", "seed"))
    if seed is None:
        seed = count(get(body, "seed"))
    if seed is not None:
        inference.attributes[semconv.SEED] = seed


def read_images(inference: Inference, response: Any) -> None:
    """Why an image is missing; the number of images is what is billed."""
    images = items(get(response, "images")) or items(get(response, "artifacts"))
    if images:
        inference.usage = Usage(units={"images": float(len(images))}, detailed=True)
    reasons = [text(reason) for reason in items(get(response, "finish_reasons"))]
    if any(reason is not None and "filter" in reason.lower() for reason in reasons):
        inference.finish_reasons = ["content_filter"]


def read_prompt(inference: Inference, body: Any) -> None:
    """The prompt of an image."""
    said = [found for way in _PROMPTS if (found := text(path(body, *way))) is not None]
    said += [found for one in items(get(body, "text_prompts")) if (found := text(get(one, "text"))) is not None]
    inference.input = [{"role": "user", "parts": [{"type": "text", "content": prompt}]} for prompt in said]


# Reranking.


def read_rerank_request(inference: Inference, body: Any) -> None:
    """How many of the documents are asked for."""
    asked = count(get(body, "top_n"))
    if asked is not None:
        inference.attributes[semconv.RETRIEVAL_TOP_K] = asked


def read_query(inference: Inference, body: Any) -> None:
    """The query."""
    query = text(get(body, "query"))
    if query is not None:
        inference.input = [{"role": "user", "parts": [{"type": "text", "content": query}]}]


EMBEDDINGS = Endpoint("embeddings", read_embeddings_request, read_embeddings, read_input=read_texts)
IMAGES = Endpoint("generate_content", read_image_request, read_images, read_input=read_prompt)
RERANK = Endpoint("rerank", read_rerank_request, read_input=read_query)
