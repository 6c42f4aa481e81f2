"""Cohere's API in both versions: chat, generate, embed, rerank.

Source: docs.cohere.com/reference. Counts are floats; the conventions want those that are billed. Searches are billed by
themselves. Answers name no model.
"""

from __future__ import annotations

from typing import Any

from llmotel import semconv
from llmotel.model.inference import Answer, Citation, Inference, Usage
from llmotel.spec import Endpoint
from llmotel.spec.accumulator import Accumulator
from llmotel.spec.reading import count, get, items, number, params, path, strings, text
from llmotel_instrumentors.dialects import rerank
from llmotel_instrumentors.dialects.cohere_content import (
    FINISH,
    read_input,
    read_output,
    read_prompt,
    read_texts,
    tool_call,
)

PARAMS = {
    "temperature": (semconv.TEMPERATURE, float),
    "p": (semconv.TOP_P, float),
    "k": (semconv.TOP_K, int),
    "max_tokens": (semconv.MAX_TOKENS, int),
    "frequency_penalty": (semconv.FREQUENCY_PENALTY, float),
    "presence_penalty": (semconv.PRESENCE_PENALTY, float),
    "seed": (semconv.SEED, int),
    "num_generations": (semconv.CHOICE_COUNT, int),
    "output_dimension": (semconv.EMBEDDING_DIMENSIONS, int),
    "model": ("model", str),
}


# Request.


def read_request(inference: Inference, body: Any) -> None:
    """Model and parameters of every operation."""
    params(inference, body, PARAMS)
    attributes = inference.attributes
    model = attributes.pop("model", None)
    if isinstance(model, str):
        inference.request_model = model
    if attributes.get(semconv.CHOICE_COUNT) == 1:
        del attributes[semconv.CHOICE_COUNT]
    stops = strings(get(body, "stop_sequences")) or strings(get(body, "end_sequences"))
    if stops:
        attributes[semconv.STOP_SEQUENCES] = stops
    if get(get(body, "response_format"), "type") == "json_object":
        attributes[semconv.OUTPUT_TYPE] = "json"
    encodings = strings(get(body, "embedding_types"))
    if encodings:
        attributes[semconv.ENCODING_FORMATS] = encodings
    # Tools cite as well as documents; the first version has connectors that search.
    inference.may_cite = any(items(get(body, name)) for name in ("documents", "tools", "connectors"))


# Response.


def read_usage(inference: Inference, given: Any) -> None:
    """What is billed, else what was used; ``given`` is ``usage`` of the second version, ``meta`` of the first."""
    billed, used = get(given, "billed_units"), get(given, "tokens")
    sent, received = (
        count(get(billed, name)) or count(get(used, name)) or count(get(billed, name))
        for name in ("input_tokens", "output_tokens")
    )
    searches = number(get(billed, "search_units"))
    if sent is None and received is None and searches is None:
        return
    usage = inference.usage = Usage(sent, received)
    if searches is not None:
        usage.units, usage.detailed = {"search_units": searches}, True
    cached = count(get(given, "cached_tokens"))
    if cached is not None and cached <= (sent or 0):
        usage.cache_read = cached


def read_response(inference: Inference, response: Any) -> None:
    """Id, finish reason and usage of a chat."""
    inference.response_id = text(get(response, "id")) or text(get(response, "generation_id"))
    read_end(inference, response)


def read_end(inference: Inference, end: Any) -> None:
    """Finish reason and usage, of an answer or of a stream's end."""
    reason = text(get(end, "finish_reason"))
    if reason is not None:
        inference.finish(FINISH.get(reason, reason.lower()))
        if reason in ("ERROR", "TIMEOUT"):
            inference.error = reason.lower()
    read_usage(inference, get(end, "usage") or get(end, "meta"))


def read_answer(inference: Inference, response: Any) -> None:
    """What an answer cites, and from where."""
    whole = text(get(response, "text"))
    contents = items(path(response, "message", "content"))
    texts = [text(get(part, "text")) or "" for part in contents]
    answer = Answer("".join(texts) if whole is None else whole)
    for citation in items(path(response, "message", "citations")) or items(get(response, "citations")):
        place = count(get(citation, "content_index")) or 0
        cite(answer, citation, sum(map(len, texts[:place])), items(get(response, "documents")))
    if answer.citations:
        inference.answer = answer


def cite(answer: Answer, citation: Any, offset: int = 0, documents: Any = ()) -> None:
    """Adds a citation: of sources in the second version, of ids of ``documents`` in the first."""
    start, end = count(get(citation, "start")), count(get(citation, "end"))
    if start is None or end is None:
        return
    for source in items(get(citation, "sources")):
        key = text(get(source, "id"))
        document = get(source, "document")
        if key is not None:
            index = answer.source(key, "document", title=text(get(document, "title")), uri=text(get(document, "url")))
            answer.citations.append(Citation(offset + start, offset + end, index))
    for key in strings(get(citation, "document_ids")):
        found = next((document for document in documents if get(document, "id") == key), None)
        index = answer.source(key, "document", title=text(get(found, "title")), uri=text(get(found, "url")))
        answer.citations.append(Citation(offset + start, offset + end, index))


def read_generations(inference: Inference, response: Any) -> None:
    """Id, finish reasons and usage of the legacy ``generate``."""
    inference.response_id = text(get(response, "id"))
    for generation in items(get(response, "generations")):
        reason = text(get(generation, "finish_reason"))
        if reason is not None:
            inference.finish(FINISH.get(reason, reason.lower()))
    read_usage(inference, get(response, "meta"))


def read_embeddings(inference: Inference, response: Any) -> None:
    """Id and tokens, and the length of the first vector where it has numbers."""
    inference.response_id = text(get(response, "id"))
    read_usage(inference, get(response, "meta"))
    vectors = get(response, "embeddings")
    if not isinstance(vectors, list):  # by type; whole bytes and bits of another name have other lengths
        vectors = get(vectors, "float") or get(vectors, "float_")
    first = items(items(vectors)[0]) if items(vectors) else ()
    if first:
        inference.attributes[semconv.EMBEDDING_DIMENSIONS] = len(first)


# Stream.


def read_chunk(inference: Inference, event: Any) -> None:
    """The first event names the answer, the last one tells how it ended and what it cost."""
    kind = get(event, "type") or get(event, "event_type")
    if kind in ("content-delta", "text-generation"):
        return
    if kind == "message-start":
        inference.response_id = text(get(event, "id"))
    elif kind == "stream-start":
        inference.response_id = text(get(event, "generation_id"))
    elif kind == "message-end":
        read_end(inference, get(event, "delta"))
        inference.complete = True
    elif kind == "stream-end":
        response = get(event, "response")
        read_usage(inference, get(response, "meta"))
        inference.response_id = text(get(response, "generation_id")) or inference.response_id
        read_end(inference, event)
        inference.complete = True


def accumulate_chunk(inference: Inference, event: Any) -> None:
    """The text, plan, tool calls and citations of an event."""
    accumulator = inference.accumulator
    if accumulator is None:
        accumulator = inference.accumulator = Accumulator()
    kind = text(get(event, "type")) or text(get(event, "event_type")) or ""
    index, message = count(get(event, "index")) or 0, path(event, "delta", "message")
    if kind in ("content-delta", "content-start"):
        content = get(message, "content")
        thought = text(get(content, "thinking"))
        if thought is not None:
            accumulator.add(0, ("content", index), "reasoning", thought)
        elif text(get(content, "text")) is not None:
            accumulator.add(0, ("content", index), "text", text(get(content, "text")))
    elif kind == "tool-plan-delta":
        accumulator.add(0, "plan", "reasoning", text(get(message, "tool_plan")))
    elif kind in ("tool-call-start", "tool-call-delta"):
        call = get(message, "tool_calls")
        inner = get(call, "function")
        given = text(get(inner, "arguments"))
        accumulator.add(0, ("call", index), "tool_call", given, id=text(get(call, "id")), name=text(get(inner, "name")))
    elif kind == "citation-start":
        cite(accumulator.answer, get(message, "citations"))
    elif kind == "text-generation":
        accumulator.add(0, "text", "text", text(get(event, "text")))
    elif kind == "tool-calls-generation":
        for call in items(get(event, "tool_calls")):
            accumulator.add(0, object(), "tool_call", None, **tool_call(call))
    elif kind == "search-results":
        accumulator.listed = items(get(event, "documents"))
    elif kind == "citation-generation":
        for citation in items(get(event, "citations")):
            cite(accumulator.answer, citation, 0, items(accumulator.listed))
    elif kind in ("message-end", "stream-end") and inference.finish_reasons:
        accumulator.finish(0, inference.finish_reasons[0])


def finalize_stream(inference: Inference) -> None:
    """Turns what the events gathered into a message and an answer."""
    accumulator = inference.accumulator
    if isinstance(accumulator, Accumulator):
        inference.output = accumulator.messages()
        inference.answer = accumulator.completed_answer()


def data(result: Any) -> Any:
    """What a raw response holds."""
    found = get(result, "_data")
    return result if found is None else found


CHAT = Endpoint(
    "chat",
    read_request,
    read_response,
    read_chunk,
    read_input,
    read_output,
    accumulate_chunk,
    finalize_stream,
    read_answer,
    decode=data,
)
GENERATE = Endpoint(
    "text_completion",
    read_request,
    read_generations,
    read_chunk,
    read_prompt,
    read_texts,
    accumulate_chunk,
    finalize_stream,
    decode=data,
)
EMBED = Endpoint("embeddings", read_request, read_embeddings, decode=data)
RERANK = rerank.RERANK.replaced(decode=data)
