"""Anthropic's Messages API, as spoken by Anthropic itself, Bedrock and Vertex.

Source: docs.anthropic.com/en/api/messages and .../messages-streaming.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from llmotel import semconv
from llmotel.model.inference import Answer, Citation, Inference, Usage
from llmotel.spec import Endpoint
from llmotel.spec.accumulator import Accumulator
from llmotel.spec.reading import count, fields, get, items, params, path, strings, text
from llmotel_instrumentors.dialects.messages_content import part, read_input, read_output

PARAMS = {
    "temperature": (semconv.TEMPERATURE, float),
    "top_p": (semconv.TOP_P, float),
    "top_k": (semconv.TOP_K, int),
    "max_tokens": (semconv.MAX_TOKENS, int),
    "model": ("model", str),
}
FINISH = {
    "end_turn": "stop",
    "stop_sequence": "stop",
    "max_tokens": "length",
    "model_context_window_exceeded": "length",
    "tool_use": "tool_call",
    "refusal": "content_filter",
}
_BESIDE = ("compaction", "advisor_message")  # iterations that the totals of a response leave out
_QUOTING = ("web_search", "web_fetch")


# Request.


def read_request(inference: Inference, body: Any) -> None:
    """Model and parameters."""
    params(inference, body, PARAMS)
    if not isinstance(body, Mapping):
        return
    attributes = inference.attributes
    model = attributes.pop("model", None)
    if isinstance(model, str):
        inference.request_model = model
    if "stop_sequences" in body:
        stops = strings(body["stop_sequences"])
        if stops:
            attributes[semconv.STOP_SEQUENCES] = stops
    settings = body.get("output_config")
    if settings is not None:
        effort = text(get(settings, "effort"))
        if effort is not None:
            attributes[semconv.REASONING_LEVEL] = effort
    if "output_format" in body or get(settings, "format") is not None:
        attributes[semconv.OUTPUT_TYPE] = "json"
    inference.may_cite = inference.stream and may_cite(body)


def may_cite(body: Mapping[str, Any]) -> bool:
    """Whether the answer can cite: a search tool is offered, or a document or search result allows citations."""
    for offered in items(body.get("tools")):
        if str(get(offered, "type")).startswith(_QUOTING):
            return True
    for sent in items(body.get("messages")):
        for block in items(get(sent, "content")):
            kind = get(block, "type")
            if kind == "search_result" or (kind == "document" and get(block, "citations") is not None):
                return True
            if kind == "tool_result" and any(
                get(inner, "type") in ("search_result", "document") for inner in items(get(block, "content"))
            ):
                return True
    return False


# Response.


def read_response(inference: Inference, response: Any) -> None:
    """Identity, stop reason and usage."""
    read_head(inference, response)
    reason = text(get(response, "stop_reason"))
    if reason is not None:
        inference.finish_reasons = [FINISH.get(reason, reason)]
    read_usage(inference, get(response, "usage"))


def read_head(inference: Inference, response: Any) -> None:
    """Id and model."""
    inference.response_id = text(get(response, "id")) or inference.response_id
    inference.response_model = text(get(response, "model")) or inference.response_model


def read_usage(inference: Inference, given: Any) -> None:
    """Token counts. Anthropic's ``input_tokens`` excludes what the cache read and wrote: the total adds them up.

    A stream gives usage twice, cumulative; what the later one says replaces the earlier.
    """
    sent, received = count(get(given, "input_tokens")), count(get(given, "output_tokens"))
    if sent is None and received is None:
        return
    usage = inference.usage
    if usage is None:
        usage = inference.usage = Usage()
    read, written = count(get(given, "cache_read_input_tokens")), count(get(given, "cache_creation_input_tokens"))
    uncached = sent if sent is not None else (usage.uncached if usage.input_tokens is not None else None)
    if read is not None:
        usage.cache_read = read
    if written is not None:
        usage.cache_write = written
    if uncached is not None:
        usage.input_tokens = uncached + (usage.cache_read or 0) + (usage.cache_write or 0)
    if received is not None:
        usage.output_tokens = received
    hour = count(path(given, "cache_creation", "ephemeral_1h_input_tokens"))
    if hour:
        usage.cache_write_1h, usage.detailed = hour, True
    thinking = count(path(given, "output_tokens_details", "thinking_tokens"))
    if thinking is not None:
        usage.reasoning = thinking
    searches = count(path(given, "server_tool_use", "web_search_requests"))
    if searches:
        usage.web_searches, usage.detailed = searches, True
    tier = text(get(given, "service_tier"))
    if tier is not None:
        inference.service_tier = inference.attributes[semconv.SERVICE_TIER] = tier
    if get(given, "speed") == "fast":  # priced as a tier of its own
        inference.service_tier = "fast"
    iterations = items(get(given, "iterations"))
    if iterations:
        inference.additional = [_iteration(one) for one in iterations if get(one, "type") in _BESIDE] or None
        if any(get(one, "type") == "compaction" for one in iterations):
            inference.attributes[semconv.COMPACTED] = True


def _iteration(given: Any) -> tuple[str | None, Usage]:
    """The model of an iteration, ``None`` for the call's own, and its tokens."""
    inference = Inference("chat", "anthropic")
    read_usage(inference, {key: value for key, value in fields(given).items() if key != "iterations"})
    return text(get(given, "model")), inference.usage or Usage()


def read_answer(inference: Inference, response: Any) -> None:
    """The text with its citations: a block's citations support all of its text. Search results are sources."""
    answer, offset = Answer(), 0
    texts: list[str] = []
    for block in items(get(response, "content")):
        kind = get(block, "type")
        if kind != "text" and texts and texts[-1] != "\n":
            texts.append("\n")  # what stands on either side of a search is not one sentence
            offset += 1
        if kind == "text":
            said = text(get(block, "text")) or ""
            for citation in items(get(block, "citations")):
                source = cited_source(answer, citation)
                answer.citations.append(Citation(offset, offset + len(said), source, text(get(citation, "cited_text"))))
            texts.append(said)
            offset += len(said)
        elif kind == "web_search_tool_result":
            read_results(answer, block)
    if answer.citations or answer.sources:
        answer.text = "".join(texts)
        inference.answer = answer


def cited_source(answer: Answer, citation: Any) -> int:
    """The source that a citation of any location type points to."""
    kind = str(get(citation, "type")).removesuffix("_location")
    url = text(get(citation, "url"))
    if url is not None:
        return answer.source(url, "url", title=text(get(citation, "title")), uri=url)
    origin = text(get(citation, "source"))
    if kind == "search_result":
        index = count(get(citation, "search_result_index"))
        return answer.source(f"search_result:{index}", "search_result", title=text(get(citation, "title")), uri=origin)
    index = count(get(citation, "document_index"))
    return answer.source(f"document:{index}", "document", title=text(get(citation, "document_title")))


def read_results(answer: Answer, block: Any) -> None:
    """The pages that a web search found."""
    for found in items(get(block, "content")):
        url = text(get(found, "url"))
        if url is not None:
            answer.source(url, "url", title=text(get(found, "title")), uri=url)


# Stream.


def read_chunk(inference: Inference, event: Any) -> None:
    """What an event says besides content. Deltas, nearly all events, leave after the first line."""
    match event:
        case object(type="content_block_delta"):
            return
    kind = getattr(event, "type", None)
    if kind == "message_start":
        started = get(event, "message")
        read_head(inference, started)
        read_usage(inference, get(started, "usage"))
    elif kind == "message_delta":
        reason = text(path(event, "delta", "stop_reason"))
        if reason is not None:
            inference.finish_reasons = [FINISH.get(reason, reason)]
        read_usage(inference, get(event, "usage"))
    elif kind == "message_stop":
        inference.complete = True
    elif kind == "error":  # the library raises it; a caller who reads the bytes sees it here
        inference.finish_reasons = ["error"]
        inference.error = text(path(event, "error", "type")) or "error"


def accumulate_chunk(inference: Inference, event: Any) -> None:
    """Text, thinking, tool input and citations of an event."""
    accumulator = inference.accumulator
    if accumulator is None:
        accumulator = inference.accumulator = Accumulator()
    kind, index = getattr(event, "type", None), count(getattr(event, "index", None))
    if kind == "content_block_start":
        _start(accumulator, index, get(event, "content_block"))
    elif kind == "content_block_delta":
        delta = get(event, "delta")
        which = get(delta, "type")
        if which == "text_delta":
            accumulator.add(0, index, "text", text(get(delta, "text")))
        elif which == "input_json_delta":
            accumulator.add(0, index, "tool_call", text(get(delta, "partial_json")))
        elif which == "compaction_delta":
            accumulator.add(0, index, "compaction", text(get(delta, "content")))
        elif which == "thinking_delta":
            accumulator.add(0, index, "reasoning", text(get(delta, "thinking")))
        elif which == "citations_delta":
            citation = get(delta, "citation")
            accumulator.cite(0, index, cited_source(accumulator.answer, citation), text(get(citation, "cited_text")))


def _start(accumulator: Accumulator, index: int | None, block: Any) -> None:
    kind = text(get(block, "type"))
    if kind == "text":
        accumulator.add(0, index, "text", text(get(block, "text")))
    elif kind == "thinking":
        accumulator.add(0, index, "reasoning", text(get(block, "thinking")))
    elif kind == "tool_use":
        accumulator.add(0, index, "tool_call", None, id=text(get(block, "id")), name=text(get(block, "name")))
    elif kind is not None:
        if kind == "web_search_tool_result":
            read_results(accumulator.answer, block)
        finished = part(block)
        accumulator.add(0, index, finished.pop("type"), None, **finished)


def finalize_stream(inference: Inference) -> None:
    """Turns what the events gathered into a message and an answer."""
    if isinstance(inference.accumulator, Accumulator):
        if inference.finish_reasons:
            inference.accumulator.finish(0, inference.finish_reasons[0])
        inference.output = inference.accumulator.messages()
        inference.answer = inference.accumulator.completed_answer()


MESSAGES = Endpoint(
    "chat",
    read_request,
    read_response,
    read_chunk,
    read_input,
    read_output,
    accumulate_chunk,
    finalize_stream,
    read_answer,
)
