"""Bedrock's Converse API, and the bodies of Nova models, which look nearly the same.

Source: docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_Converse.html and ..._ConverseStream.html.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from llmotel import semconv
from llmotel.model.inference import Answer, Citation, Inference, Usage
from llmotel.spec import Endpoint
from llmotel.spec.accumulator import Accumulator
from llmotel.spec.reading import base64_text, count, get, items, params, path, strings, text
from llmotel_instrumentors.dialects.aws import read_envelope, read_guardrail_trace, read_latency, read_model, read_tier
from llmotel_instrumentors.dialects.converse_content import cited_text, part, read_input, read_output

PARAMS = {
    "temperature": (semconv.TEMPERATURE, float),
    "topP": (semconv.TOP_P, float),
    "topK": (semconv.TOP_K, int),
    "maxTokens": (semconv.MAX_TOKENS, int),
    "max_new_tokens": (semconv.MAX_TOKENS, int),  # Nova
}
_BEYOND = {  # what models take beyond the parameters that all have
    "top_k": (semconv.TOP_K, int),
    "topK": (semconv.TOP_K, int),
    "seed": (semconv.SEED, int),
    "reasoning_effort": (semconv.REASONING_LEVEL, str),
    "frequency_penalty": (semconv.FREQUENCY_PENALTY, float),
    "presence_penalty": (semconv.PRESENCE_PENALTY, float),
}
FINISH = {
    "end_turn": "stop",
    "stop_sequence": "stop",
    "max_tokens": "length",
    "model_context_window_exceeded": "length",
    "tool_use": "tool_call",
    "guardrail_intervened": "content_filter",
    "content_filtered": "content_filter",
    "malformed_model_output": "error",
    "malformed_tool_use": "error",
}


# Request.


def read_request(inference: Inference, body: Any) -> None:
    """Model, parameters and guardrail."""
    read_model(inference, body)
    if not isinstance(body, Mapping):
        return
    attributes = inference.attributes
    read_config(inference, body.get("inferenceConfig"))
    beyond = body.get("additionalModelRequestFields")
    if beyond is not None:
        params(inference, beyond, _BEYOND)
        params(inference, get(beyond, "inferenceConfig"), _BEYOND)
    guardrail = text(path(body, "guardrailConfig", "guardrailIdentifier"))
    if guardrail is not None:
        attributes[semconv.GUARDRAIL_ID] = guardrail
    output = body.get("outputConfig")
    if output is not None:
        effort = text(get(output, "effort"))
        if effort is not None:
            attributes[semconv.REASONING_LEVEL] = effort
        if path(output, "textFormat", "type") == "json_schema":
            attributes[semconv.OUTPUT_TYPE] = "json"
    inference.may_cite = inference.stream and may_cite(body)


def read_config(inference: Inference, config: Any) -> None:
    """``inferenceConfig``."""
    params(inference, config, PARAMS)
    stops = strings(get(config, "stopSequences"))
    if stops:
        inference.attributes[semconv.STOP_SEQUENCES] = stops


def may_cite(body: Mapping[str, Any]) -> bool:
    """Whether the answer can cite: Bedrock searches for it, or a document or search result allows citations."""
    if any(get(defined, "systemTool") is not None for defined in items(path(body, "toolConfig", "tools"))):
        return True
    for sent in items(body.get("messages")):
        for block in items(get(sent, "content")):
            for given in (block, *items(path(block, "toolResult", "content"))):
                quoted = get(given, "document") or get(given, "searchResult")
                if path(quoted, "citations", "enabled") is True:
                    return True
    return False


# Response.


def read_response(inference: Inference, response: Any) -> None:
    """Stop reason, usage, tier, what a guardrail and a router did."""
    read_envelope(inference, response)
    read_stop(inference, get(response, "stopReason"))
    read_rest(inference, response)
    if get(response, "output") is None and get(response, "stopReason") is None:
        inference.error = "malformed_response"  # botocore makes an empty answer of a body that is no JSON


def read_stop(inference: Inference, reason: Any) -> None:
    """The stop reason, in the words of the conventions."""
    said = text(reason)
    if said is not None:
        inference.finish_reasons = [FINISH.get(said, said)]


def read_rest(inference: Inference, given: Any) -> None:
    """What a response has beside its message, and a stream in its last event."""
    read_usage(inference, get(given, "usage"))
    read_latency(inference, path(given, "metrics", "latencyMs"))
    read_tier(inference, path(given, "serviceTier", "type"))
    trace = get(given, "trace")
    if trace is not None:
        inference.response_model = text(path(trace, "promptRouter", "invokedModelId")) or inference.response_model
        read_guardrail_trace(inference, get(trace, "guardrail"))


def read_usage(inference: Inference, given: Any) -> None:
    """Token counts. ``inputTokens`` excludes what the cache read and wrote: the total adds them up."""
    sent, received = count(get(given, "inputTokens")), count(get(given, "outputTokens"))
    if sent is None and received is None:
        return
    read, written = _cached(given, "cacheRead"), _cached(given, "cacheWrite")
    usage = Usage(None if sent is None else sent + (read or 0) + (written or 0), received, read, written)
    hour = sum(
        count(get(detail, "inputTokens")) or 0
        for detail in items(get(given, "cacheDetails"))
        if get(detail, "ttl") == "1h"
    )
    if hour:
        usage.cache_write_1h, usage.detailed = hour, True
    inference.usage = usage


def _cached(given: Any, which: str) -> int | None:
    found = count(get(given, f"{which}InputTokens"))
    return found if found is not None else count(get(given, f"{which}InputTokenCount"))  # Nova


def read_answer(inference: Inference, response: Any) -> None:
    """The text with its citations: a block's citations support all of its text."""
    answer, texts, offset = Answer(), list[str](), 0
    for block in items(path(response, "output", "message", "content")):
        inner = get(block, "citationsContent")
        said = cited_text(inner) if inner is not None else text(get(block, "text"))
        if said is None:
            if texts and texts[-1] != "\n":
                texts.append("\n")  # what stands on either side of a search is not one sentence
                offset += 1
            continue
        for citation in items(get(inner, "citations")):
            source = cited_source(answer, citation)
            answer.citations.append(Citation(offset, offset + len(said), source, quote(citation)))
        texts.append(said)
        offset += len(said)
    if answer.citations or answer.sources:
        answer.text = "".join(texts)
        inference.answer = answer


def cited_source(answer: Answer, citation: Any) -> int:
    """The source that a citation of any location points to."""
    location, title = get(citation, "location"), text(get(citation, "title"))
    origin = text(get(citation, "source"))
    url = text(path(location, "web", "url"))
    if url is not None:
        return answer.source(url, "url", title=title, uri=url)
    result = get(location, "searchResultLocation")
    if result is not None:
        index = count(get(result, "searchResultIndex"))
        return answer.source(f"search_result:{index}", "search_result", title=title, uri=origin)
    found = (get(location, kind) for kind in ("documentChar", "documentPage", "documentChunk"))
    index = next((count(get(place, "documentIndex")) for place in found if place is not None), None)
    key = f"document:{index}" if index is not None else origin or title or "document"
    return answer.source(key, "document", title=title, uri=origin)


def quote(citation: Any) -> str | None:
    """The text of the source that a citation quotes."""
    return "".join(text(get(piece, "text")) or "" for piece in items(get(citation, "sourceContent"))) or None


# Stream.


def read_chunk(inference: Inference, event: Any) -> None:
    """What an event says besides content. Deltas, nearly all events, leave after the first line."""
    if type(event) is dict and "contentBlockDelta" in event:
        return
    stopped = get(event, "messageStop")
    if stopped is not None:
        read_stop(inference, get(stopped, "stopReason"))
        return
    said = get(event, "metadata")
    if said is not None:
        read_rest(inference, said)
        inference.complete = True


def accumulate_chunk(inference: Inference, event: Any) -> None:
    """Text, reasoning, tool input and citations of an event."""
    accumulator = inference.accumulator
    if accumulator is None:
        accumulator = inference.accumulator = Accumulator()
    given = get(event, "contentBlockDelta")
    if given is None:
        begun = get(event, "contentBlockStart")
        if begun is not None:
            _start(accumulator, count(get(begun, "contentBlockIndex")), get(begun, "start"))
        return
    index, delta = count(get(given, "contentBlockIndex")), get(given, "delta")
    said = get(delta, "text")
    if said is not None:
        accumulator.add(0, index, "text", text(said))
    elif get(delta, "toolUse") is not None:
        accumulator.add(0, index, "tool_call", text(path(delta, "toolUse", "input")))
    elif get(delta, "reasoningContent") is not None:
        accumulator.add(0, index, "reasoning", text(path(delta, "reasoningContent", "text")))
    elif get(delta, "citation") is not None:
        citation = get(delta, "citation")
        accumulator.add(0, index, "text", None)  # the text that a citation supports may come after it
        accumulator.cite(0, index, cited_source(accumulator.answer, citation), quote(citation))
    elif get(delta, "image") is not None:
        content = base64_text(path(delta, "image", "source", "bytes"))
        accumulator.add(0, index, "blob", content, modality="image")


def _start(accumulator: Accumulator, index: int | None, start: Any) -> None:
    use = get(start, "toolUse")
    if use is not None:
        block = part(
            {"toolUse": {"toolUseId": get(use, "toolUseId"), "name": get(use, "name"), "type": get(use, "type")}}
        )
        fields = {key: value for key, value in (block or {}).items() if key not in ("type", "arguments")}
        accumulator.add(0, index, (block or {}).get("type", "tool_call"), None, **fields)
    elif get(start, "toolResult") is not None:
        accumulator.add(0, index, "server_tool_call_response", None, id=text(path(start, "toolResult", "toolUseId")))
    elif get(start, "image") is not None:
        form = text(path(start, "image", "format"))
        accumulator.add(0, index, "blob", None, modality="image", mime_type=f"image/{form or '*'}")


def finalize_stream(inference: Inference) -> None:
    """Turns what the events gathered into a message and an answer."""
    if isinstance(inference.accumulator, Accumulator):
        if inference.finish_reasons:
            inference.accumulator.finish(0, inference.finish_reasons[0])
        inference.output = inference.accumulator.messages()
        inference.answer = inference.accumulator.completed_answer()


CONVERSE = Endpoint(
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
CONVERSE_STREAM = Endpoint(
    "chat",
    read_request,
    read_envelope,
    read_chunk,
    read_input,
    accumulate_chunk=accumulate_chunk,
    finalize_stream=finalize_stream,
    stream_at="stream",
)
