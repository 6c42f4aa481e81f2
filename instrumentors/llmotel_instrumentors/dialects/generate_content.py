"""Google's generateContent API, as spoken by the Gemini API and Vertex AI.

Source: ai.google.dev/api/generate-content and
cloud.google.com/vertex-ai/generative-ai/docs/model-reference/inference. A request may have the names of its fields in
either of the spellings that Google takes, ``inlineData`` or ``inline_data``; an answer has the first. The model is in
the path: whoever makes the ``Request`` puts it into the body as ``model``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from llmotel import semconv
from llmotel.model.inference import Inference
from llmotel.spec import Endpoint
from llmotel.spec.accumulator import Accumulator
from llmotel.spec.reading import count, fields, get, items, params, parsed, path, strings, text
from llmotel_instrumentors.dialects.generate_content_citations import read_answer, read_gathered
from llmotel_instrumentors.dialects.generate_content_parts import (
    calls,
    finish_reason,
    part,
    read_input,
    read_output,
    spelled,
)
from llmotel_instrumentors.dialects.generate_content_usage import merge, read_tier, read_usage, usage_of

PARAMS = {
    "temperature": (semconv.TEMPERATURE, float),
    "topP": (semconv.TOP_P, float),
    "top_p": (semconv.TOP_P, float),
    "topK": (semconv.TOP_K, int),
    "top_k": (semconv.TOP_K, int),
    "maxOutputTokens": (semconv.MAX_TOKENS, int),
    "max_output_tokens": (semconv.MAX_TOKENS, int),
    "frequencyPenalty": (semconv.FREQUENCY_PENALTY, float),
    "frequency_penalty": (semconv.FREQUENCY_PENALTY, float),
    "presencePenalty": (semconv.PRESENCE_PENALTY, float),
    "presence_penalty": (semconv.PRESENCE_PENALTY, float),
    "seed": (semconv.SEED, int),
}
_MODALITIES = {"IMAGE": "image", "AUDIO": "speech", "VIDEO": "video"}
_CITING = (
    "googleSearch", "googleSearchRetrieval", "googleMaps", "enterpriseWebSearch", "retrieval", "urlContext",
    "fileSearch", "parallelAiSearch", "exaAiSearch",
)  # fmt: skip


class Gathered(Accumulator):
    """What a stream has said so far: beside its content the token counts, of which every chunk may have some, who
    called a function, and what supports the answer."""

    __slots__ = ("called", "counts", "grounds", "open")

    def __init__(self) -> None:
        super().__init__()
        self.counts: dict[str, Any] = {}
        self.called: set[int] = set()
        self.grounds: dict[str, Any] = {}
        self.open: dict[int, tuple[str, int]] = {}  # choice: kind and key of the part that the next fragment may go on


def gathered(inference: Inference) -> Gathered:
    """What the stream of ``inference`` has said so far."""
    found = inference.accumulator
    if not isinstance(found, Gathered):
        found = inference.accumulator = Gathered()
    return found


def decode(result: Any) -> Any:
    """What the library's own client hands over: JSON in the ``body`` of a response, or the dict that the older versions
    made of it. What is no JSON is no answer, and is read as the provider's failure."""
    if isinstance(result, dict):
        return result
    answer = parsed(get(result, "body"))
    return answer if isinstance(answer, dict) else {"error": {"status": "malformed_response"}}


# Request.


def read_model(inference: Inference, body: Any) -> None:
    """The model, which stood in the path."""
    inference.request_model = text(get(body, "model")) or inference.request_model


def read_request(inference: Inference, body: Any) -> None:
    """Model and parameters."""
    read_model(inference, body)
    attributes = inference.attributes
    settings = spelled(body, "generationConfig")
    if isinstance(settings, Mapping):
        params(inference, settings, PARAMS)
        stops = strings(spelled(settings, "stopSequences"))
        if stops:
            attributes[semconv.STOP_SEQUENCES] = stops
        choices = count(spelled(settings, "candidateCount"))
        if choices is not None and choices != 1:
            attributes[semconv.CHOICE_COUNT] = choices
        level = text(spelled(spelled(settings, "thinkingConfig"), "thinkingLevel"))
        if level is not None:
            attributes[semconv.REASONING_LEVEL] = level
        kind = output_type(settings)
        if kind is not None:
            attributes[semconv.OUTPUT_TYPE] = kind
    inference.may_cite = inference.stream and may_cite(body)


def output_type(settings: Mapping[str, Any]) -> str | None:
    """What kind of output is asked for, where the request says it."""
    for asked in strings(spelled(settings, "responseModalities")):
        if asked.upper() in _MODALITIES:
            return _MODALITIES[asked.upper()]
    mime_type = text(spelled(settings, "responseMimeType"))
    if mime_type == "application/json":
        return "json"
    return "text" if mime_type is not None and mime_type.startswith("text/") else None


def may_cite(body: Any) -> bool:
    """Whether the answer can cite: a tool is offered that searches, or reads pages and files."""
    return any(spelled(tool, name) is not None for tool in items(spelled(body, "tools")) for name in _CITING)


# Response.


def read_response(inference: Inference, response: Any) -> None:
    """Identity, finish reasons and usage."""
    read_head(inference, response)
    candidates = items(get(response, "candidates"))
    for candidate in candidates:
        inference.finish(finish_reason(candidate, called=calls(candidate)))
    if not candidates:
        read_refusal(inference, response)
    read_usage(inference, get(response, "usageMetadata"))


def read_head(inference: Inference, response: Any) -> None:
    """Id and model."""
    inference.response_id = text(get(response, "responseId")) or inference.response_id
    inference.response_model = text(get(response, "modelVersion")) or inference.response_model


def read_refusal(inference: Inference, response: Any) -> None:
    """What an answer says in the place of candidates: that the prompt was blocked, or an error."""
    if text(path(response, "promptFeedback", "blockReason")) is not None:
        inference.finish_reasons = ["content_filter"]
    error = get(response, "error")
    if error is not None:
        code = count(get(error, "code"))
        inference.error = text(get(error, "status")) or (str(code) if code is not None else "error")


# Stream.


def read_chunk(inference: Inference, chunk: Any) -> None:
    """What a chunk says besides content. Each is an answer of its own, with the next parts in it."""
    said = fields(chunk)
    so_far = gathered(inference)
    if inference.response_id is None or inference.response_model is None:
        read_head(inference, chunk)
    candidates = items(said.get("candidates"))
    for candidate in candidates:
        choice = count(get(candidate, "index")) or 0
        if calls(candidate):
            so_far.called.add(choice)
        reason = finish_reason(candidate, called=choice in so_far.called)
        if reason is not None:
            _finish(inference, choice, reason)
    if not candidates:
        read_refusal(inference, chunk)
        if inference.error is not None:  # which the newer versions raise
            inference.finish_reasons = ["error"]
    counted = said.get("usageMetadata")
    if counted is not None:
        merge(so_far.counts, counted)


def _finish(inference: Inference, choice: int, reason: str) -> None:
    reasons = inference.finish_reasons
    if reasons is None:
        reasons = inference.finish_reasons = []
    if choice < len(reasons):
        reasons[choice] = reason
    elif choice < 128:
        reasons.extend([reason] * (choice + 1 - len(reasons)))
    inference.complete = True


def accumulate_chunk(inference: Inference, chunk: Any) -> None:
    """The parts of a chunk, and what supports the answer."""
    so_far = gathered(inference)
    for candidate in items(get(chunk, "candidates")):
        choice = count(get(candidate, "index")) or 0
        for sent in items(path(candidate, "content", "parts")):
            _add(so_far, choice, part(sent))
        if choice == 0:
            for name in ("groundingMetadata", "citationMetadata", "urlContextMetadata"):
                grounds = get(candidate, name)
                if grounds:  # the last one is of the whole answer
                    so_far.grounds[name] = grounds


def _add(so_far: Gathered, choice: int, said: dict[str, Any]) -> None:
    """Adds a part; text goes on where the part before it was text too."""
    kind = said.pop("type")
    content = said.pop("content", None)
    before, key = so_far.open.get(choice, ("", 0))
    if kind != before or kind not in ("text", "reasoning"):
        key += 1
    so_far.open[choice] = kind, key
    if kind == "tool_call":  # whose arguments come as a whole here
        given = said.pop("arguments", None)
        so_far.add(choice, key, kind, None, **said, given=given)
    else:
        so_far.add(choice, key, kind, content if isinstance(content, str) else None, **said)


def finalize_stream(inference: Inference) -> None:
    """Turns what the chunks gathered into usage, messages and an answer."""
    so_far = inference.accumulator
    if not isinstance(so_far, Gathered):
        return
    if so_far.counts:
        inference.usage = usage_of(so_far.counts)
        read_tier(inference, so_far.counts)
    for choice, reason in enumerate(inference.finish_reasons or ()):
        so_far.finish(choice, reason)
    inference.output = so_far.messages()
    for message in inference.output:
        for said in message["parts"]:
            if said["type"] == "tool_call":
                said["arguments"] = said.pop("given", None)
    read_gathered(inference, so_far.grounds)


GENERATE = Endpoint(
    "generate_content",
    read_request,
    read_response,
    read_chunk,
    read_input,
    read_output,
    accumulate_chunk,
    finalize_stream,
    read_answer,
    decode=decode,
)
