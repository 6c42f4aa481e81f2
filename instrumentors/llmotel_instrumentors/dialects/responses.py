"""OpenAI's Responses API: create, its event stream, and retrieving what runs in the background.

Source: platform.openai.com/docs/api-reference/responses.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from llmotel import semconv
from llmotel.model.inference import Answer, Inference, Usage
from llmotel.spec import Endpoint
from llmotel.spec.accumulator import Accumulator
from llmotel.spec.reading import count, get, items, number, params, path, text
from llmotel_instrumentors.dialects import openai_attributes
from llmotel_instrumentors.dialects.annotations import annotate
from llmotel_instrumentors.dialects.chat_completions import FORMATS, read_error, read_head
from llmotel_instrumentors.dialects.responses_content import read_input, read_output

PARAMS = {
    "temperature": (semconv.TEMPERATURE, float),
    "top_p": (semconv.TOP_P, float),
    "max_output_tokens": (semconv.MAX_TOKENS, int),
    "previous_response_id": (semconv.PREVIOUS_RESPONSE, str),
    "model": ("model", str),
}
_INCOMPLETE = {"max_output_tokens": "length", "content_filter": "content_filter"}
# Tuples: a set cannot be asked for what has no hash, such as a type that is a list.
_ENDED = ("response.completed", "response.failed", "response.incomplete")
_BEGUN = ("response.created", "response.queued")
_TOLD = (*_BEGUN, "error")


# Request.


def read_request(inference: Inference, body: Any) -> None:
    """Model and parameters."""
    attributes = inference.attributes
    openai_attributes.put(inference, semconv.OPENAI_API, "responses")
    params(inference, body, PARAMS)
    if not isinstance(body, Mapping):
        return
    model = attributes.pop("model", None)
    if isinstance(model, str):
        inference.request_model = model
    effort = text(path(body, "reasoning", "effort"))
    if effort is not None:
        attributes[semconv.REASONING_LEVEL] = effort
    kind = FORMATS.get(str(path(body, "text", "format", "type")))
    if kind is not None:
        attributes[semconv.OUTPUT_TYPE] = kind
    tier = text(body.get("service_tier"))
    if tier is not None and tier != "auto":
        openai_attributes.put(inference, semconv.OPENAI_REQUEST_TIER, tier)
    conversation = body.get("conversation")
    conversation_id = text(conversation) or text(get(conversation, "id"))
    if conversation_id is not None:
        attributes[semconv.CONVERSATION] = conversation_id
    stored = body.get("prompt")
    if stored is not None:  # a prompt template kept at OpenAI
        for key, name in (("id", semconv.PROMPT_NAME), ("version", semconv.PROMPT_VERSION)):
            known = text(get(stored, key))
            if known is not None:
                attributes[name] = known


# Response.


def read_response(inference: Inference, response: Any) -> None:
    """Identity, finish reason and usage; a response queued in the background has no more than its identity."""
    read_head(inference, response)
    reason = finish_reason(response)
    if reason is not None:
        inference.finish_reasons = [reason]
        if reason == "error":
            read_error(inference, get(response, "error") or response)
    conversation = text(path(response, "conversation", "id"))
    if conversation is not None:
        inference.attributes[semconv.CONVERSATION] = conversation
    read_usage(inference, get(response, "usage"), get(response, "output"))


def finish_reason(response: Any) -> str | None:
    """Why the response ended: ``stop``, ``tool_call``, ``length``, ``content_filter`` or ``error``."""
    status = text(get(response, "status"))
    if status == "completed":
        calls = any(
            get(item, "type") in ("function_call", "custom_tool_call") for item in items(get(response, "output"))
        )
        return "tool_call" if calls else "stop"
    if status == "incomplete":
        why = text(path(response, "incomplete_details", "reason"))
        return _INCOMPLETE.get(why or "", why or "length")
    return "error" if status in ("failed", "cancelled") else None


def read_usage(inference: Inference, given: Any, output: Any) -> None:
    """Token counts: ``input_tokens`` includes the cached ones, ``output_tokens`` the reasoning ones."""
    sent, received = count(get(given, "input_tokens")), count(get(given, "output_tokens"))
    if sent is None and received is None:
        return
    usage = inference.usage = Usage(sent, received)
    details = get(given, "input_tokens_details")
    if details is not None:
        usage.cache_read = count(get(details, "cached_tokens"))
        usage.cache_write = count(get(details, "cache_write_tokens"))
    details = get(given, "output_tokens_details")
    if details is not None:
        usage.reasoning = count(get(details, "reasoning_tokens"))
    # Opening a page or looking for something in it is not billed.
    searches = sum(
        1
        for item in items(output)
        if get(item, "type") == "web_search_call" and path(item, "action", "type") in (None, "search")
    )
    if searches:
        usage.web_searches, usage.detailed = searches, True
    cost = number(get(given, "cost"))
    if cost is not None:
        inference.reported_cost = cost


def read_answer(inference: Inference, response: Any) -> None:
    """The text with its annotations, and the sources that server-side searches found."""
    output = items(get(response, "output"))
    answer, texts, offset = Answer(), [], 0
    for item in output:
        kind = get(item, "type")
        if kind == "message":
            for given in items(get(item, "content")):
                said = text(get(given, "text"))
                if said is not None:
                    annotations = items(get(given, "annotations"))
                    if annotations:
                        annotate(answer, annotations, offset)
                    texts.append(said)
                    offset += len(said)
        elif kind == "file_search_call":
            for found in items(get(item, "results")):
                file_id = text(get(found, "file_id"))
                if file_id is not None:
                    answer.source(
                        file_id, "file", title=text(get(found, "filename")), score=number(get(found, "score"))
                    )
        elif kind == "web_search_call":
            for found in items(path(item, "action", "sources")):
                url = text(get(found, "url"))
                if url is not None:
                    answer.source(url, "url", uri=url)
    if answer.citations or answer.sources:
        answer.text = "".join(texts)
        inference.answer = answer


# Stream: the last event holds the whole response, so that no delta needs to be kept.


def read_chunk(inference: Inference, event: Any) -> None:
    """The identity in the first event, everything in the last. An error comes as an event, not as an exception."""
    kind = getattr(event, "type", None)
    if kind in _ENDED:
        response = get(event, "response")
        read_response(inference, response)
        read_answer(inference, response)
        inference.complete = True
        _read_whole(inference, response)
    elif kind in _TOLD:
        if kind == "error":
            inference.finish_reasons = ["error"]
            read_error(inference, event)
        else:
            read_head(inference, get(event, "response"))


def _read_whole(inference: Inference, response: Any) -> None:
    # A stream asks for content deltas only when content is captured; the whole is here all the same.
    if isinstance(inference.accumulator, Accumulator):
        inference.accumulator = None
        read_output(inference, response)


def accumulate_chunk(inference: Inference, event: Any) -> None:
    """The text of a delta, for a stream that does not reach its last event."""
    if inference.complete:
        return
    accumulator = inference.accumulator
    if accumulator is None:
        accumulator = inference.accumulator = Accumulator()
    kind, fragment = getattr(event, "type", None), getattr(event, "delta", None)
    if kind == "response.output_text.delta":
        accumulator.add(0, text(get(event, "item_id")), "text", text(fragment))
    elif kind in ("response.reasoning_summary_text.delta", "response.reasoning_text.delta"):
        accumulator.add(0, text(get(event, "item_id")), "reasoning", text(fragment))
    elif kind == "response.function_call_arguments.delta":
        accumulator.add(0, text(get(event, "item_id")), "tool_call", text(fragment))
    elif kind == "response.output_item.added":
        item = get(event, "item")
        if get(item, "type") == "function_call":
            accumulator.add(
                0, text(get(item, "id")), "tool_call", None, id=text(get(item, "call_id")), name=text(get(item, "name"))
            )


def finalize_stream(inference: Inference) -> None:
    """The messages of a stream that was broken off."""
    if isinstance(inference.accumulator, Accumulator):
        if inference.finish_reasons:
            inference.accumulator.finish(0, inference.finish_reasons[0])
        inference.output = inference.accumulator.messages()


# Compacting a conversation.


def read_compact_request(inference: Inference, body: Any) -> None:
    """As :func:`read_request`; what comes back is the conversation, compacted."""
    read_request(inference, body)
    inference.attributes[semconv.COMPACTED] = True


def read_compacted(inference: Inference, response: Any) -> None:
    """Identity and usage."""
    read_head(inference, response)
    inference.finish_reasons = ["compaction"]
    read_usage(inference, get(response, "usage"), None)


# Retrieving a response that runs in the background.


def read_fetched(inference: Inference, response: Any) -> None:
    """A retrieved response: identity and status. Its tokens belong to the call that created it."""
    inference.response_id = text(get(response, "id")) or inference.response_id
    inference.response_model = text(get(response, "model"))
    status = text(get(response, "status"))
    if status is not None:
        inference.attributes[semconv.RESPONSE_STATUS] = status
    reason = finish_reason(response)
    if reason is not None:
        inference.finish_reasons = [reason]


def read_fetched_chunk(inference: Inference, event: Any) -> None:
    """As :func:`read_fetched`, from the stream of a retrieved response."""
    kind = getattr(event, "type", None)
    if kind in _ENDED or kind in _BEGUN:
        response = get(event, "response")
        read_fetched(inference, response)
        if kind in _ENDED:
            inference.complete = True
            _read_whole(inference, response)
    elif kind == "error":
        inference.finish_reasons = ["error"]
        read_error(inference, event)


def read_fetch_request(inference: Inference, _: Any) -> None:
    """Retrieving has no body."""
    openai_attributes.put(inference, semconv.OPENAI_API, "responses")


CREATE = Endpoint(
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
COMPACT = Endpoint("chat", read_compact_request, read_compacted, read_input=read_input, read_output=read_output)
FETCH = Endpoint(
    "fetch_response",
    read_fetch_request,
    read_fetched,
    read_fetched_chunk,
    read_output=read_output,
    accumulate_chunk=accumulate_chunk,
    finalize_stream=finalize_stream,
)
