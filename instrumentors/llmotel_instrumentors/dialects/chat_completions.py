"""OpenAI's chat completions and legacy completions, as spoken by OpenAI, Azure and every compatible host.

Source: platform.openai.com/docs/api-reference/chat; extras of compatible hosts are named where they are read.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from llmotel import semconv
from llmotel.model.inference import Answer, Inference
from llmotel.spec import Endpoint
from llmotel.spec.accumulator import Accumulator
from llmotel.spec.reading import count, fields, get, items, params, path, strings, text
from llmotel_instrumentors.dialects import openai_attributes
from llmotel_instrumentors.dialects.annotations import annotate, list_sources
from llmotel_instrumentors.dialects.chat_content import FINISH, part, read_input, read_output, read_prompt, read_text
from llmotel_instrumentors.dialects.chat_usage import INJECTION, read_usage

PARAMS = {
    "temperature": (semconv.TEMPERATURE, float),
    "top_p": (semconv.TOP_P, float),
    "max_tokens": (semconv.MAX_TOKENS, int),
    "max_completion_tokens": (semconv.MAX_TOKENS, int),
    "frequency_penalty": (semconv.FREQUENCY_PENALTY, float),
    "presence_penalty": (semconv.PRESENCE_PENALTY, float),
    "seed": (semconv.SEED, int),
    "random_seed": (semconv.SEED, int),
    "reasoning_effort": (semconv.REASONING_LEVEL, str),
    "model": ("model", str),
}
FORMATS = {"json_object": "json", "json_schema": "json", "text": "text"}


# Request.


def read_request(inference: Inference, body: Any) -> None:
    """Model and parameters of a chat or text completion."""
    params(inference, body, PARAMS)
    if type(body) is not dict and not isinstance(body, Mapping):
        return
    attributes = inference.attributes
    model = attributes.pop("model", None)
    if isinstance(model, str):
        inference.request_model = model
    if "stop" in body:
        stops = strings(body["stop"])
        if stops:
            attributes[semconv.STOP_SEQUENCES] = stops
    if "n" in body:
        choices = count(body["n"])
        if choices is not None and choices != 1:
            attributes[semconv.CHOICE_COUNT] = choices
    if "response_format" in body:
        kind = FORMATS.get(str(get(body["response_format"], "type")))
        if kind is not None:
            attributes[semconv.OUTPUT_TYPE] = kind
    if "modalities" in body and "audio" in strings(body["modalities"]):
        attributes[semconv.OUTPUT_TYPE] = "speech"
    if "service_tier" in body:
        tier = text(body["service_tier"])
        if tier is not None and tier != "auto":
            openai_attributes.put(inference, semconv.OPENAI_REQUEST_TIER, tier)
    # Search models annotate their answers, and Perplexity's always cite.
    if (
        "web_search_options" in body
        or inference.provider == "perplexity"
        or "-search" in (inference.request_model or "")
    ):
        inference.may_cite = True


def read_chat_request(inference: Inference, body: Any) -> None:
    """As :func:`read_request`, for chat."""
    openai_attributes.put(inference, semconv.OPENAI_API, "chat_completions")
    read_request(inference, body)


# Response.


def read_response(inference: Inference, response: Any) -> None:
    """Identity, finish reasons and usage of a completion."""
    known = fields(response)
    _read_head(inference, known)
    choices = items(known.get("choices"))
    for choice in choices:
        reason = text(get(choice, "finish_reason"))
        if reason is not None:
            inference.finish(FINISH.get(reason, reason))
            if reason == "error":
                read_error(inference, get(choice, "error"))
    if not choices:
        read_error(inference, known.get("error"))
    read_usage(inference, known.get("usage"))


def read_error(inference: Inference, error: Any) -> None:
    """The code of an error in a response of status 200, as gateways and streams have it; ``None`` is no error."""
    if error is not None:
        code = get(error, "code") if get(error, "code") is not None else get(error, "type")
        inference.error = text(code) or (str(count(code)) if count(code) is not None else "error")


def read_head(inference: Inference, response: Any) -> None:
    """Id, model, service tier and fingerprint of a response or chunk."""
    _read_head(inference, fields(response))


def _read_head(inference: Inference, known: Mapping[str, Any]) -> None:
    inference.response_id = text(known.get("id")) or inference.response_id
    inference.response_model = text(known.get("model")) or inference.response_model
    tier = known.get("service_tier")
    if tier is not None and (tier := text(tier)) is not None:
        inference.service_tier = tier
        openai_attributes.put(inference, semconv.OPENAI_RESPONSE_TIER, tier)
    fingerprint = known.get("system_fingerprint")
    if fingerprint is not None and (fingerprint := text(fingerprint)) is not None:
        openai_attributes.put(inference, semconv.OPENAI_FINGERPRINT, fingerprint)


def read_answer(inference: Inference, response: Any) -> None:
    """Annotations of the first choice, and the sources that search hosts list with it."""
    known = fields(response)
    choices = items(known.get("choices"))
    said = get(choices[0], "message") if choices else None
    annotations = items(get(said, "annotations"))
    listed = items(known.get("search_results")) or items(known.get("citations"))
    if annotations or listed:
        answer = Answer(text(get(said, "content")) or "")
        annotate(answer, annotations)
        list_sources(answer, listed)
        inference.answer = answer


# Stream.


def read_chunk(inference: Inference, chunk: Any) -> None:
    """What a chunk says besides its text. Most chunks say nothing: they leave after the first line."""
    match chunk:
        case object(choices=[object(finish_reason=None)], usage=None) if inference.response_id is not None:
            return
    known = fields(chunk)
    _read_head(inference, known)
    choices = known.get("choices")
    for choice in items(choices):
        reason = text(get(choice, "finish_reason"))
        if reason is not None:
            _finish(inference, count(get(choice, "index")) or 0, FINISH.get(reason, reason))
            if reason == "error":
                read_error(inference, get(choice, "error"))
    if choices is None:
        read_error(inference, known.get("error"))
    read_usage(inference, known.get("usage") or path(chunk, "x_groq", "usage"))
    if inference.usage is not None:
        inference.complete = True


def _finish(inference: Inference, choice: int, reason: str) -> None:
    # Choices of one stream end in any order; a choice may say so twice.
    reasons = inference.finish_reasons
    if reasons is None:
        reasons = inference.finish_reasons = []
    if choice < len(reasons):
        reasons[choice] = reason
    elif choice < 128:
        reasons.extend([reason] * (choice + 1 - len(reasons)))


def accumulate_chunk(inference: Inference, chunk: Any) -> None:
    """The text, reasoning, tool calls and annotations of a chunk."""
    accumulator = inference.accumulator
    if accumulator is None:
        accumulator = inference.accumulator = Accumulator()
    said = fields(chunk)
    for choice in items(said.get("choices")):
        _read_choice(accumulator, fields(choice))
    listed = items(said.get("search_results")) or items(said.get("citations"))
    if listed:
        accumulator.listed = listed


def _read_choice(accumulator: Accumulator, choice: Mapping[str, Any]) -> None:
    index = count(choice.get("index")) or 0
    reason = choice.get("finish_reason")
    if isinstance(reason, str):
        accumulator.finish(index, FINISH.get(reason, reason))
    delta = choice.get("delta")
    if delta is None:
        fragment = choice.get("text")
        if fragment:
            accumulator.add(index, "text", "text", text(fragment))
        return
    said = fields(delta)
    fragment = said.get("content")
    if fragment:
        if isinstance(fragment, str):
            accumulator.add(index, "text", "text", fragment)
        else:  # Mistral
            for given in items(fragment):
                finished = part(given)
                if finished["type"] in ("text", "reasoning"):
                    accumulator.add(index, finished["type"], finished["type"], finished["content"])
    reasoning = said.get("reasoning_content") or said.get("reasoning")
    if reasoning:
        accumulator.add(index, "reasoning", "reasoning", text(reasoning))
    refusal = said.get("refusal")
    if refusal:
        accumulator.add(index, "refusal", "refusal", text(refusal))
    calls = said.get("tool_calls")
    if calls:
        for call in items(calls):
            inner = get(call, "function") or get(call, "custom")
            given, call_id, name = get(inner, "arguments"), text(get(call, "id")), text(get(inner, "name"))
            accumulator.add(
                index,
                accumulator.tool(index, count(get(call, "index")), call_id if name else None),
                "tool_call",
                text(given if given is not None else get(inner, "input")),
                id=call_id,
                name=name,
            )
    legacy = said.get("function_call")
    if legacy:
        accumulator.add(index, "function", "tool_call", text(get(legacy, "arguments")), name=text(get(legacy, "name")))
    audio = said.get("audio")
    if audio:
        spoken = text(get(audio, "transcript"))
        if spoken is not None:
            accumulator.add(index, "text", "text", spoken)
    annotations = said.get("annotations")
    if annotations and index == 0:
        annotate(accumulator.answer, items(annotations))


def finalize_stream(inference: Inference) -> None:
    """Turns what the chunks gathered into messages and an answer."""
    accumulator = inference.accumulator
    if not isinstance(accumulator, Accumulator):
        return
    inference.output = accumulator.messages()
    answer = accumulator.completed_answer()
    listed = accumulator.listed
    if listed:
        answer = accumulator.answer
        list_sources(answer, listed)
    inference.answer = answer


CHAT = Endpoint(
    "chat",
    read_chat_request,
    read_response,
    read_chunk,
    read_input,
    read_output,
    accumulate_chunk,
    finalize_stream,
    read_answer,
    INJECTION,
)
COMPLETIONS = Endpoint(
    "text_completion",
    read_request,
    read_response,
    read_chunk,
    read_prompt,
    read_text,
    accumulate_chunk,
    finalize_stream,
    usage_injection=INJECTION,
)
