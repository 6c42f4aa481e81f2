"""Bedrock's knowledge bases: retrieval, with an answer by a model or without.

Source: docs.aws.amazon.com/bedrock/latest/APIReference/API_agent-runtime_RetrieveAndGenerate.html, ..._Retrieve.html.
"""

from __future__ import annotations

from typing import Any

from llmotel import semconv
from llmotel.model.inference import Inference
from llmotel.spec import Endpoint
from llmotel.spec.reading import count, get, items, path, text
from llmotel_instrumentors.dialects import converse
from llmotel_instrumentors.dialects.aws import read_action, read_envelope
from llmotel_instrumentors.dialects.bedrock_citations import accumulator_of, cite_parts, finalize_stream, keep, question
from llmotel_instrumentors.dialects.parts import answer


def read_generate_request(inference: Inference, body: Any) -> None:
    """Model, knowledge base, parameters and guardrail of RetrieveAndGenerate."""
    inference.may_cite = inference.stream
    session = text(get(body, "sessionId"))
    if session is not None:
        inference.attributes[semconv.CONVERSATION] = session
    chosen = get(body, "retrieveAndGenerateConfiguration")
    config = get(chosen, "knowledgeBaseConfiguration") or get(chosen, "externalSourcesConfiguration")
    inference.request_model = text(get(config, "modelArn"))
    _read_base(inference, get(config, "knowledgeBaseId"))
    generation = get(config, "generationConfiguration")
    read_parameters = path(generation, "inferenceConfig", "textInferenceConfig")
    converse.read_config(inference, read_parameters)
    guardrail = text(path(generation, "guardrailConfiguration", "guardrailId"))
    if guardrail is not None:
        inference.attributes[semconv.GUARDRAIL_ID] = guardrail


def _read_base(inference: Inference, given: Any) -> None:
    base = text(given)
    if base is not None:
        inference.attributes[semconv.KNOWLEDGE_BASE_ID] = inference.attributes[semconv.DATA_SOURCE] = base


def read_generate_input(inference: Inference, body: Any) -> None:
    """The question."""
    inference.input = question(text(path(body, "input", "text")))


def read_generated(inference: Inference, response: Any) -> None:
    """The session, and what a guardrail did."""
    read_envelope(inference, response)
    session = text(get(response, "sessionId"))
    if session is not None:
        inference.attributes[semconv.CONVERSATION] = session
    read_action(inference, get(response, "guardrailAction"))


def read_generated_output(inference: Inference, response: Any) -> None:
    """The answer."""
    said = text(path(response, "output", "text"))
    if said is not None:
        inference.output = answer(inference, [{"type": "text", "content": said}])


def read_generated_answer(inference: Inference, response: Any) -> None:
    """The answer with its citations."""
    cite_parts(inference, text(path(response, "output", "text")) or "", items(get(response, "citations")))


def read_generated_event(inference: Inference, event: Any) -> None:
    """What a guardrail did."""
    read_action(inference, path(event, "guardrail", "action"))


def accumulate_generated_event(inference: Inference, event: Any) -> None:
    """Pieces of the answer, and citations of it."""
    accumulator = accumulator_of(inference)
    said = text(path(event, "output", "text"))
    if said is not None:
        accumulator.add(0, "text", "text", said)
    cited = get(event, "citation")
    if cited is not None:
        keep(accumulator, [get(cited, "citation") or cited])


def read_retrieve_request(inference: Inference, body: Any) -> None:
    """Knowledge base and number of results of Retrieve."""
    _read_base(inference, get(body, "knowledgeBaseId"))
    config = get(body, "retrievalConfiguration")
    for kind in ("vectorSearchConfiguration", "managedSearchConfiguration"):
        wanted = count(path(config, kind, "numberOfResults"))
        if wanted is not None:
            inference.attributes[semconv.RETRIEVAL_TOP_K] = wanted


def read_retrieve_input(inference: Inference, body: Any) -> None:
    """The query."""
    inference.input = question(text(path(body, "retrievalQuery", "text")))


def read_retrieved(inference: Inference, response: Any) -> None:
    """What a guardrail did."""
    read_envelope(inference, response)
    read_action(inference, get(response, "guardrailAction"))


def read_rerank_request(inference: Inference, body: Any) -> None:
    """The model of Rerank, and how many of the documents are asked for."""
    config = path(body, "rerankingConfiguration", "bedrockRerankingConfiguration")
    inference.request_model = text(path(config, "modelConfiguration", "modelArn"))
    wanted = count(get(config, "numberOfResults"))
    if wanted is not None:
        inference.attributes[semconv.RETRIEVAL_TOP_K] = wanted


def read_rerank_input(inference: Inference, body: Any) -> None:
    """The query."""
    queries = [text(path(query, "textQuery", "text")) for query in items(get(body, "queries"))]
    inference.input = [message for query in queries for message in question(query)]


GENERATE = Endpoint(
    "chat",
    read_generate_request,
    read_generated,
    read_input=read_generate_input,
    read_output=read_generated_output,
    read_answer=read_generated_answer,
)
GENERATE_STREAM = Endpoint(
    "chat",
    read_generate_request,
    read_generated,
    read_generated_event,
    read_generate_input,
    accumulate_chunk=accumulate_generated_event,
    finalize_stream=finalize_stream,
    stream_at="stream",
)
RETRIEVE = Endpoint("retrieval", read_retrieve_request, read_retrieved, read_input=read_retrieve_input)
RERANK = Endpoint("rerank", read_rerank_request, read_envelope, read_input=read_rerank_input)
