"""Bodies of text models on Bedrock: Titan, Llama, Mistral, Cohere, AI21, DeepSeek, older Claude.

Each vendor has fields of its own for the same few things, and none says which vendor it is: they are told by what is
there, so that the ARN of a model of one's own is read like the model that it is made from.

Source: docs.aws.amazon.com/bedrock/latest/userguide/model-parameters.html.
"""

from __future__ import annotations

from typing import Any

from llmotel import semconv
from llmotel.model.inference import Inference, Message
from llmotel.spec import Endpoint
from llmotel.spec.accumulator import Accumulator
from llmotel.spec.reading import count, get, items, params, plain, strings, text
from llmotel_instrumentors.dialects.aws import raise_usage
from llmotel_instrumentors.dialects.chat_usage import read_usage

PARAMS = {
    "temperature": (semconv.TEMPERATURE, float),
    "top_p": (semconv.TOP_P, float),
    "topP": (semconv.TOP_P, float),
    "p": (semconv.TOP_P, float),
    "top_k": (semconv.TOP_K, int),
    "topK": (semconv.TOP_K, int),
    "k": (semconv.TOP_K, int),
    "max_tokens": (semconv.MAX_TOKENS, int),
    "max_gen_len": (semconv.MAX_TOKENS, int),
    "max_tokens_to_sample": (semconv.MAX_TOKENS, int),
    "maxTokens": (semconv.MAX_TOKENS, int),
    "maxTokenCount": (semconv.MAX_TOKENS, int),
    "frequency_penalty": (semconv.FREQUENCY_PENALTY, float),
    "presence_penalty": (semconv.PRESENCE_PENALTY, float),
    "seed": (semconv.SEED, int),
}
FINISH = {
    "complete": "stop",
    "end_turn": "stop",
    "endoftext": "stop",
    "eos": "stop",
    "finish": "stop",
    "stop_criteria_met": "stop",
    "stop_sequence": "stop",
    "max_tokens": "length",
    "content_filtered": "content_filter",
    "error_toxic": "content_filter",
    "tool_call": "tool_call",
    "tool_calls": "tool_call",
}
_STOPS = ("stop", "stop_sequences", "stopSequences")
_CHOICES = ("num_generations", "numResults", "n")
_LISTS = {"results": "outputText", "outputs": "text", "generations": "text", "choices": "text", "completions": "data"}
_LONE = ("generation", "outputText", "completion", "text")  # the texts of answers that are in no list
_REASONS = ("completionReason", "stop_reason", "finish_reason", "finishReason")
_MOST = 128  # answers to one request


def read_request(inference: Inference, body: Any) -> None:
    """Parameters; Titan has them in ``textGenerationConfig``."""
    for given in (body, get(body, "textGenerationConfig")):
        params(inference, given, PARAMS)
        for name in _STOPS:
            stops = strings(get(given, name))
            if stops:
                inference.attributes[semconv.STOP_SEQUENCES] = stops
        for name in _CHOICES:
            choices = count(get(given, name))
            if choices is not None and choices != 1:
                inference.attributes[semconv.CHOICE_COUNT] = choices


def read_response(inference: Inference, response: Any) -> None:
    """Id, finish reasons and token counts."""
    read_head(inference, response)
    for _, _, reason in generations(response):
        if reason is not None:
            inference.finish(reason)
    read_tokens(inference, response)


def read_head(inference: Inference, response: Any) -> None:
    """Id and model, of those that have them."""
    found = text(get(response, "id")) or text(get(response, "response_id")) or text(get(response, "generation_id"))
    inference.response_id = found or inference.response_id
    inference.response_model = text(get(response, "model")) or inference.response_model


def read_tokens(inference: Inference, response: Any) -> None:
    """Token counts of Llama, Titan, and of those that have OpenAI's ``usage``."""
    given = get(response, "usage")
    if given is not None:
        read_usage(inference, given)
    raise_usage(inference, count(get(response, "prompt_token_count")), count(get(response, "generation_token_count")))
    counted = [count(get(result, "tokenCount")) for result in items(get(response, "results"))]
    received = count(get(response, "totalOutputTextTokenCount"))
    if received is None and counted and None not in counted:
        received = count(sum(number or 0 for number in counted))
    raise_usage(inference, count(get(response, "inputTextTokenCount")), received)


def generations(value: Any) -> list[tuple[int, str | None, str | None]]:
    """Index, text and finish reason of each answer in a response or a chunk."""
    for name, key in _LISTS.items():
        listed = items(get(value, name))
        if listed:
            return [_generation(one, key, index) for index, one in enumerate(listed[:_MOST])]
    key = next((key for key in _LONE if get(value, key) is not None), "")
    one = _generation(value, key, 0)
    return [one] if one[1] is not None or one[2] is not None else []


def _generation(one: Any, key: str, index: int) -> tuple[int, str | None, str | None]:
    said, place = get(one, key), count(get(one, "index"))
    reason = next((given for name in _REASONS if (given := get(one, name)) is not None), None)
    ended = text(reason) or text(get(reason, "reason"))  # AI21 has an object of each
    ended = FINISH.get(ended.lower(), ended.lower()) if ended is not None else None
    return index if place is None else min(place, _MOST - 1), text(said) or text(get(said, "text")), ended


# Content.


def read_input(inference: Inference, body: Any) -> None:
    """The prompt; of Cohere's chat, the conversation."""
    sent: list[Message] = []
    preamble = text(get(body, "preamble"))
    if preamble is not None:
        inference.system = [{"type": "text", "content": preamble}]
    for turn in items(get(body, "chat_history")):
        role = "assistant" if text(get(turn, "role")) in ("CHATBOT", "assistant") else "user"
        sent.append({"role": role, "parts": [_text(text(get(turn, "message")) or text(get(turn, "content")) or "")]})
    for name in ("prompt", "inputText", "message"):
        said = text(get(body, name))
        if said is not None:
            sent.append({"role": "user", "parts": [_text(said)]})
            break
    inference.input = sent
    tools = [
        {
            "type": "function",
            "name": text(get(tool, "name")) or "",
            "parameters": plain(get(tool, "parameter_definitions")),
        }
        for tool in items(get(body, "tools"))
    ]
    if tools:
        inference.tools = tools


def read_output(inference: Inference, response: Any) -> None:
    """The texts, one message per answer, with the tools that Cohere's chat calls."""
    inference.output = []
    for _, said, reason in generations(response):
        message: Message = {"role": "assistant", "parts": [_text(said or "")]}
        inference.output.append(message if reason is None else {**message, "finish_reason": reason})
    called = [
        {"type": "tool_call", "name": text(get(call, "name")) or "", "arguments": plain(get(call, "parameters"))}
        for call in items(get(response, "tool_calls"))
    ]
    if called:
        inference.output.append({"role": "assistant", "parts": called})


def _text(said: str) -> dict[str, Any]:
    return {"type": "text", "content": said}


# Stream.


def read_chunk(inference: Inference, chunk: Any) -> None:
    """Finish reasons and token counts, which most chunks have not."""
    read_head(inference, chunk)
    for index, _, reason in generations(chunk):
        if reason is not None:
            reasons = inference.finish_reasons = inference.finish_reasons or []
            reasons.extend([reason] * (index + 1 - len(reasons)))
            reasons[index] = reason
    read_tokens(inference, chunk)


def accumulate_chunk(inference: Inference, chunk: Any) -> None:
    """The text of a chunk. The last one of Cohere's chat says all of it again."""
    accumulator = inference.accumulator
    if accumulator is None:
        accumulator = inference.accumulator = Accumulator()
    whole = get(chunk, "event_type") == "stream-end"
    for index, said, reason in generations(chunk):
        if said is not None and not whole:
            accumulator.add(index, "text", "text", said)
        if reason is not None:
            accumulator.finish(index, reason)


def finalize_stream(inference: Inference) -> None:
    """Turns what the chunks gathered into messages."""
    if isinstance(inference.accumulator, Accumulator):
        inference.output = inference.accumulator.messages()


TEXT = Endpoint(
    "text_completion",
    read_request,
    read_response,
    read_chunk,
    read_input,
    read_output,
    accumulate_chunk,
    finalize_stream,
)
CHAT = Endpoint(
    "chat",
    read_request,
    read_response,
    read_chunk,
    read_input,
    read_output,
    accumulate_chunk,
    finalize_stream,
)
