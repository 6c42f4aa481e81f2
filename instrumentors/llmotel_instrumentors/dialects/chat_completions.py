"""OpenAI's chat completions and legacy completions, as spoken by OpenAI, Azure and every compatible host.

Source: platform.openai.com/docs/api-reference/chat; extras of compatible hosts are named where they are read.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from llmotel import semconv
from llmotel.draft import Draft, arguments
from llmotel.inference import Answer, Citation, Inference, Message, Usage
from llmotel.reading import count, fields, get, items, number, params, path, plain, strings, text
from llmotel.spec import Endpoint, UsageInjection
from llmotel_instrumentors.stainless import replaced_body

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
FINISH = {
    "tool_calls": "tool_call",
    "function_call": "tool_call",
    "max_tokens": "length",
    "eos": "stop",
}
_CACHED = ("prompt_cache_hit_tokens", "num_cached_tokens", "cached_tokens")  # DeepSeek, Mistral, Moonshot
_FORMATS = {"json_object": "json", "json_schema": "json", "text": "text"}


# Request.


def read_request(inference: Inference, body: Any) -> None:
    """Model and parameters of a chat or text completion."""
    params(inference, body, PARAMS)
    if not isinstance(body, Mapping):
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
        kind = _FORMATS.get(str(get(body["response_format"], "type")))
        if kind is not None:
            attributes[semconv.OUTPUT_TYPE] = kind
    if "modalities" in body and "audio" in strings(body["modalities"]):
        attributes[semconv.OUTPUT_TYPE] = "speech"
    if "service_tier" in body:
        tier = text(body["service_tier"])
        if tier is not None and tier != "auto":
            attributes[semconv.OPENAI_REQUEST_TIER] = tier
    # Search models annotate their answers, and Perplexity's always cite.
    if (
        "web_search_options" in body
        or inference.provider == "perplexity"
        or "-search" in (inference.request_model or "")
    ):
        inference.may_cite = True


def read_chat_request(inference: Inference, body: Any) -> None:
    """As :func:`read_request`, for chat."""
    inference.attributes[semconv.OPENAI_API] = "chat_completions"
    read_request(inference, body)


def read_input(inference: Inference, body: Any) -> None:
    """The messages and tools of a chat."""
    inference.input = [message(sent) for sent in items(get(body, "messages"))]
    tools = [tool(defined) for defined in items(get(body, "tools")) or items(get(body, "functions"))]
    if tools:
        inference.tools = tools


def read_prompt(inference: Inference, body: Any) -> None:
    """The prompts of a legacy completion."""
    inference.input = [
        {"role": "user", "parts": [{"type": "text", "content": prompt}]} for prompt in strings(get(body, "prompt"))
    ]


def tool(defined: Any) -> dict[str, Any]:
    """One tool definition, in the shape of ``gen_ai.tool.definitions``."""
    inner = get(defined, "function") or get(defined, "custom") or defined
    found = {"type": text(get(defined, "type")) or "function", "name": text(get(inner, "name")) or ""}
    for name in ("description", "parameters"):
        value = get(inner, name)
        if value is not None:
            found[name] = value
    return found


def message(sent: Any) -> Message:
    """One chat message, in the shape of ``gen_ai.input.messages``."""
    role = text(get(sent, "role")) or "user"
    if type(sent) is dict and len(sent) == 2 and isinstance(sent.get("content"), str):  # what most messages are
        return {"role": role, "parts": [{"type": "text", "content": sent["content"]}]}
    parts: list[dict[str, Any]] = []
    reasoning = get(sent, "reasoning_content") or get(sent, "reasoning")
    if isinstance(reasoning, str):
        parts.append({"type": "reasoning", "content": reasoning})
    content = get(sent, "content")
    answered = text(get(sent, "tool_call_id"))
    if role == "tool" or answered is not None:
        parts.append({"type": "tool_call_response", "id": answered or "", "response": plain(content)})
    elif isinstance(content, str):
        parts.append({"type": "text", "content": content})
    else:
        parts.extend(part(given) for given in items(content))
    refusal = text(get(sent, "refusal"))
    if refusal is not None:
        parts.append({"type": "refusal", "content": refusal})
    parts.extend(tool_call(call) for call in items(get(sent, "tool_calls")))
    legacy = get(sent, "function_call")
    if legacy is not None:
        parts.append(
            {
                "type": "tool_call",
                "name": text(get(legacy, "name")) or "",
                "arguments": arguments(get(legacy, "arguments")),
            }
        )
    transcript = text(path(sent, "audio", "transcript"))
    if transcript is not None:
        parts.append({"type": "text", "content": transcript})
    found: Message = {"role": role, "parts": parts}
    name = text(get(sent, "name"))
    if name is not None:
        found["name"] = name
    return found


def tool_call(call: Any) -> dict[str, Any]:
    """One tool call that a model asked for."""
    inner = get(call, "function") or get(call, "custom") or call
    given = get(inner, "arguments")
    return {
        "type": "tool_call",
        "id": text(get(call, "id")) or "",
        "name": text(get(inner, "name")) or "",
        "arguments": plain(arguments(given if given is not None else get(inner, "input"))),
    }


def part(given: Any) -> dict[str, Any]:
    """One content part of a message."""
    kind = text(get(given, "type")) or "text"
    if kind == "text":
        return {"type": "text", "content": text(get(given, "text")) or ""}
    if kind == "thinking":  # Mistral
        return {"type": "reasoning", "content": _joined(get(given, "thinking"))}
    if kind == "image_url":
        return uri("image", text(path(given, "image_url", "url")) or text(get(given, "image_url")) or "")
    if kind == "input_audio":
        audio = get(given, "input_audio")
        return {
            "type": "blob",
            "modality": "audio",
            "mime_type": f"audio/{text(get(audio, 'format')) or 'wav'}",
            "content": text(get(audio, "data")) or "",
        }
    if kind == "file":
        known = get(given, "file")
        file_id = text(get(known, "file_id"))
        if file_id is not None:
            return {"type": "file", "modality": "document", "file_id": file_id}
        return uri("document", text(get(known, "file_data")) or "")
    if kind == "refusal":
        return {"type": "refusal", "content": text(get(given, "refusal")) or ""}
    return {**plain_dict(given), "type": kind}


def _joined(said: Any) -> str:
    """A text that comes as one string or as a list of text parts."""
    return said if isinstance(said, str) else "".join(text(get(piece, "text")) or "" for piece in items(said))


def uri(modality: str, address: str) -> dict[str, Any]:
    """A part for something behind a URL; a ``data:`` URL is the thing itself."""
    if address.startswith("data:"):
        head, _, data = address.partition(",")
        return {"type": "blob", "modality": modality, "mime_type": head[5:].partition(";")[0], "content": data}
    return {"type": "uri", "modality": modality, "uri": address}


def plain_dict(value: Any) -> dict[str, Any]:
    """``value`` copied if it is an object of fields, else an empty dict."""
    copied = plain(value)
    return copied if isinstance(copied, dict) else {}


# Response.


def read_response(inference: Inference, response: Any) -> None:
    """Identity, finish reasons and usage of a completion."""
    read_head(inference, response)
    choices = items(get(response, "choices"))
    for choice in choices:
        reason = text(get(choice, "finish_reason"))
        if reason is not None:
            inference.finish(FINISH.get(reason, reason))
            if reason == "error":
                read_error(inference, get(choice, "error"))
    if not choices:
        read_error(inference, get(response, "error"))
    read_usage(inference, get(response, "usage"))


def read_error(inference: Inference, error: Any) -> None:
    """The code of an error in a response of status 200, as gateways and streams have it; ``None`` is no error."""
    if error is not None:
        code = get(error, "code") if get(error, "code") is not None else get(error, "type")
        inference.error = text(code) or (str(count(code)) if count(code) is not None else "error")


def read_head(inference: Inference, response: Any) -> None:
    """Id, model, service tier and fingerprint of a response or chunk."""
    inference.response_id = text(get(response, "id")) or inference.response_id
    inference.response_model = text(get(response, "model")) or inference.response_model
    tier = text(get(response, "service_tier"))
    if tier is not None:
        inference.service_tier = inference.attributes[semconv.OPENAI_RESPONSE_TIER] = tier
    fingerprint = text(get(response, "system_fingerprint"))
    if fingerprint is not None:
        inference.attributes[semconv.OPENAI_FINGERPRINT] = fingerprint


def read_usage(inference: Inference, given: Any) -> None:
    """Token counts: ``prompt_tokens`` includes the cached ones, ``completion_tokens`` the reasoning ones; where the
    host's own total says that it does not, they are added."""
    prompt, completion = count(get(given, "prompt_tokens")), count(get(given, "completion_tokens"))
    if prompt is None and completion is None:
        return
    usage = inference.usage = Usage(prompt, completion)
    details = get(given, "prompt_tokens_details")
    if details is not None:
        usage.cache_read = count(get(details, "cached_tokens"))
        usage.cache_write = count(get(details, "cache_write_tokens"))
        if usage.cache_write is None:  # DashScope
            usage.cache_write = count(get(details, "cache_creation_input_tokens"))
        usage.input_audio = count(get(details, "audio_tokens"))
        usage.input_image = count(get(details, "image_tokens"))
        usage.input_text = count(get(details, "text_tokens"))
    if usage.cache_read is None:
        usage.cache_read = next((hit for name in _CACHED if (hit := count(get(given, name))) is not None), None)
    details = get(given, "completion_tokens_details")
    if details is not None:
        usage.reasoning = count(get(details, "reasoning_tokens"))
        usage.output_audio = count(get(details, "audio_tokens"))
        usage.output_text = count(get(details, "text_tokens"))
    usage.detailed = bool(usage.input_audio or usage.output_audio or usage.input_image or usage.input_text)
    if usage.reasoning or inference.provider.startswith("gcp."):
        _include_reasoning(usage, count(get(given, "total_tokens")), inference.provider)
    cost = get(given, "cost")
    if cost is not None:
        _read_cost(inference, given, cost)


def _include_reasoning(usage: Usage, total: int | None, provider: str) -> None:
    """xAI counts reasoning beside ``completion_tokens``; Google counts it nowhere but in the total, and bills it."""
    said = (usage.input_tokens or 0) + (usage.output_tokens or 0)
    if total is None or total <= said:
        return
    if usage.reasoning is None and provider.startswith("gcp."):
        usage.reasoning = total - said
    if usage.reasoning and total == said + usage.reasoning:
        usage.output_tokens = (usage.output_tokens or 0) + usage.reasoning


def _read_cost(inference: Inference, given: Any, cost: Any) -> None:
    """OpenRouter: USD, without what the caller's own key is charged upstream. Perplexity: an object with the total."""
    amount = number(cost)
    if amount is None:
        amount = number(get(cost, "total_cost"))
    elif get(given, "is_byok") is True:
        amount += number(path(given, "cost_details", "upstream_inference_cost")) or 0.0
    inference.reported_cost = amount


def read_output(inference: Inference, response: Any) -> None:
    """The messages of a chat response, one per choice."""
    inference.output = [message(get(choice, "message")) for choice in items(get(response, "choices"))]


def read_text(inference: Inference, response: Any) -> None:
    """The texts of a legacy completion, one message per choice."""
    inference.output = [
        {"role": "assistant", "parts": [{"type": "text", "content": text(get(choice, "text")) or ""}]}
        for choice in items(get(response, "choices"))
    ]


def read_answer(inference: Inference, response: Any) -> None:
    """Annotations of the first choice, and the sources that search hosts list beside it."""
    choices = items(get(response, "choices"))
    said = get(choices[0], "message") if choices else None
    annotations = items(get(said, "annotations"))
    listed = items(get(response, "search_results")) or items(get(response, "citations"))
    if annotations or listed:
        answer = Answer(text(get(said, "content")) or "")
        annotate(answer, annotations)
        list_sources(answer, listed)
        inference.answer = answer


def annotate(answer: Answer, annotations: Any, offset: int = 0) -> None:
    """Adds OpenAI annotations: URL citations are spans, file citations are points in the text."""
    for annotation in annotations:
        kind = text(get(annotation, "type"))
        inner = get(annotation, "url_citation") or annotation
        url = text(get(inner, "url"))
        file_id = text(get(inner, "file_id"))
        title = text(get(inner, "title")) or text(get(inner, "filename"))
        key = url or file_id
        if key is None or kind == "file_path":
            continue
        source = answer.source(key, "url" if url else str(kind).removesuffix("_citation"), title=title, uri=url)
        start, end = count(get(inner, "start_index")), count(get(inner, "end_index"))
        point = count(get(inner, "index"))
        if start is not None and end is not None:
            answer.citations.append(Citation(offset + start, offset + end, source))
        elif point is not None:
            answer.citations.append(Citation(offset + point, offset + point, source))


def list_sources(answer: Answer, listed: Any) -> None:
    """Adds sources given as a list (Perplexity, xAI), and the ``[n]`` marks in the text that point into it."""
    numbers = []
    for entry in listed:
        url = text(entry) or text(get(entry, "url"))
        if url is not None:
            numbers.append(answer.source(url, "url", title=text(get(entry, "title")), uri=url))
    for index, source in enumerate(numbers, 1):
        mark = f"[{index}]"
        at = answer.text.find(mark)
        while at >= 0:
            answer.citations.append(Citation(at, at + len(mark), source))
            at = answer.text.find(mark, at + 1)


# Stream.


def read_chunk(inference: Inference, chunk: Any) -> None:
    """What a chunk says besides its text. Most chunks say nothing: they leave after the first line."""
    choices = getattr(chunk, "choices", None)
    if (
        choices
        and choices.__class__ is list
        and inference.response_id is not None
        and getattr(choices[0], "finish_reason", None) is None
        and chunk.usage is None  # what has a list of choices is a chunk, and every chunk has this field
    ):
        return
    read_head(inference, chunk)
    for choice in items(choices):
        reason = text(get(choice, "finish_reason"))
        if reason is not None:
            _finish(inference, count(get(choice, "index")) or 0, FINISH.get(reason, reason))
            if reason == "error":
                read_error(inference, get(choice, "error"))
    if choices is None:
        read_error(inference, get(chunk, "error"))
    read_usage(inference, get(chunk, "usage") or path(chunk, "x_groq", "usage"))
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


def read_delta(inference: Inference, chunk: Any) -> None:
    """The text, reasoning, tool calls and annotations of a chunk."""
    draft = inference.draft
    if draft is None:
        draft = inference.draft = Draft()
    said = fields(chunk)
    for choice in items(said.get("choices")):
        _read_choice(draft, fields(choice))
    listed = items(said.get("search_results")) or items(said.get("citations"))
    if listed:
        draft.listed = listed


def _read_choice(draft: Draft, choice: Mapping[str, Any]) -> None:
    index = count(choice.get("index")) or 0
    delta = choice.get("delta")
    if delta is None:
        fragment = choice.get("text")
        if fragment:
            draft.add(index, "text", "text", text(fragment))
        return
    said = fields(delta)
    fragment = said.get("content")
    if fragment:
        if isinstance(fragment, str):
            draft.add(index, "text", "text", fragment)
        else:  # Mistral
            for given in items(fragment):
                finished = part(given)
                if finished["type"] in ("text", "reasoning"):
                    draft.add(index, finished["type"], finished["type"], finished["content"])
    reasoning = said.get("reasoning_content") or said.get("reasoning")
    if reasoning:
        draft.add(index, "reasoning", "reasoning", text(reasoning))
    refusal = said.get("refusal")
    if refusal:
        draft.add(index, "refusal", "refusal", text(refusal))
    calls = said.get("tool_calls")
    if calls:
        for call in items(calls):
            inner = get(call, "function") or get(call, "custom")
            given, call_id, name = get(inner, "arguments"), text(get(call, "id")), text(get(inner, "name"))
            draft.add(
                index,
                draft.tool(index, count(get(call, "index")), call_id if name else None),
                "tool_call",
                text(given if given is not None else get(inner, "input")),
                id=call_id,
                name=name,
            )
    legacy = said.get("function_call")
    if legacy:
        draft.add(index, "function", "tool_call", text(get(legacy, "arguments")), name=text(get(legacy, "name")))
    audio = said.get("audio")
    if audio:
        spoken = text(get(audio, "transcript"))
        if spoken is not None:
            draft.add(index, "text", "text", spoken)
    annotations = said.get("annotations")
    if annotations and index == 0:
        annotate(draft.answer, items(annotations))


def read_draft(inference: Inference) -> None:
    """Turns what the chunks gathered into messages and an answer."""
    draft = inference.draft
    if not isinstance(draft, Draft):
        return
    inference.output = draft.messages()
    answer = draft.completed_answer()
    listed = draft.listed
    if listed:
        answer = draft.answer
        list_sources(answer, listed)
    inference.answer = answer


# Usage on request.


def ask_for_usage(args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> tuple[tuple[Any, ...], dict[str, Any]] | None:
    """The call with ``stream_options.include_usage``, unless the caller chose that option."""
    options = args[1] if len(args) > 1 else kwargs.get("options")
    body = get(options, "json_data")
    if not isinstance(body, Mapping) or get(get(options, "extra_json"), "stream_options") is not None:
        return None
    chosen = body.get("stream_options")
    if isinstance(chosen, Mapping) and "include_usage" in chosen:
        return None
    extended = {**(chosen if isinstance(chosen, Mapping) else {}), "include_usage": True}
    return replaced_body(args, kwargs, {**body, "stream_options": extended})


def is_usage_chunk(chunk: Any) -> bool:
    """Whether a chunk carries usage and nothing else: the one that exists only because it was asked for."""
    return get(chunk, "choices") == [] and get(chunk, "usage") is not None


INJECTION = UsageInjection(ask_for_usage, is_usage_chunk)

CHAT = Endpoint(
    "chat",
    read_chat_request,
    read_response,
    read_chunk,
    read_input,
    read_output,
    read_delta,
    read_draft,
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
    read_delta,
    read_draft,
    usage_injection=INJECTION,
)
