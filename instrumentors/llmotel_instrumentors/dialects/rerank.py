"""Reranking: documents in the order of their relevance to a query.

The conventions have no operation for it, so it is recorded under the custom name ``rerank``. It is billed by tokens
(Together, Voyage), by searches (Cohere) or by both.
Source: docs.cohere.com/reference/rerank, docs.together.ai/reference/rerank, docs.voyageai.com/reference/reranker-api.
"""

from __future__ import annotations

from typing import Any

from llmotel import semconv
from llmotel.model.inference import Inference, Usage
from llmotel.spec import Endpoint
from llmotel.spec.reading import count, get, number, params, path, text

_PARAMS = {"model": ("model", str), "top_n": (semconv.RETRIEVAL_TOP_K, int), "top_k": (semconv.RETRIEVAL_TOP_K, int)}


def read_request(inference: Inference, body: Any) -> None:
    """Model, and how many documents are asked for."""
    params(inference, body, _PARAMS)
    model = inference.attributes.pop("model", None)
    if isinstance(model, str):
        inference.request_model = model


def read_response(inference: Inference, response: Any) -> None:
    """Id, model, tokens and searches."""
    inference.response_id = text(get(response, "id"))
    inference.response_model = text(get(response, "model"))
    given = get(response, "usage")
    tokens = count(get(given, "prompt_tokens"))
    billed = path(response, "meta", "billed_units")
    if tokens is None:
        tokens = count(get(given, "total_tokens")) if given is not None else count(get(billed, "input_tokens"))
    searches = number(get(billed, "search_units"))
    if tokens is not None or searches is not None:
        units = None if searches is None else {"search_units": searches}
        inference.usage = Usage(tokens, units=units, detailed=units is not None)


def read_input(inference: Inference, body: Any) -> None:
    """The query; the documents are many and long, and are left out."""
    query = text(get(body, "query"))
    if query is not None:
        inference.input = [{"role": "user", "parts": [{"type": "text", "content": query}]}]


RERANK = Endpoint("rerank", read_request, read_response, read_input=read_input)
