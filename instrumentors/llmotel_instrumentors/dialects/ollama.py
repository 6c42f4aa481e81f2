"""Ollama's own API: chat, generate, embed.

Source: github.com/ollama/ollama/blob/main/docs/api.md. Times are nanoseconds; a prompt that is still in the server's
cache has no ``prompt_eval_count``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from llmotel import semconv
from llmotel.model.inference import Inference, Usage
from llmotel.spec import Endpoint
from llmotel.spec.accumulator import Accumulator
from llmotel.spec.reading import count, get, items, params, path, strings, text
from llmotel_instrumentors.dialects.ollama_content import read_input, read_output, read_prompt, read_text, tool_call
from llmotel_instrumentors.dialects.timings import read_times

OPTIONS = {
    "temperature": (semconv.TEMPERATURE, float),
    "top_p": (semconv.TOP_P, float),
    "top_k": (semconv.TOP_K, int),
    "num_predict": (semconv.MAX_TOKENS, int),
    "seed": (semconv.SEED, int),
    "frequency_penalty": (semconv.FREQUENCY_PENALTY, float),
    "presence_penalty": (semconv.PRESENCE_PENALTY, float),
}
TIMES = {
    "total_duration": semconv.SERVER_DURATION,
    "load_duration": semconv.SERVER_LOAD_DURATION,
    "prompt_eval_duration": semconv.SERVER_INPUT_DURATION,
    "eval_duration": semconv.SERVER_OUTPUT_DURATION,
}


# Request.


def read_request(inference: Inference, body: Any) -> None:
    """Model, and the parameters among the options."""
    inference.request_model = text(get(body, "model"))
    options = get(body, "options")
    params(inference, options, OPTIONS)
    stops = strings(get(options, "stop"))
    if stops:
        inference.attributes[semconv.STOP_SEQUENCES] = stops
    level = text(get(body, "think"))
    if level is not None:
        inference.attributes[semconv.REASONING_LEVEL] = level
    wanted = get(body, "format")
    if wanted == "json" or isinstance(wanted, Mapping):
        inference.attributes[semconv.OUTPUT_TYPE] = "json"


def read_embed_request(inference: Inference, body: Any) -> None:
    """Model and dimensions."""
    inference.request_model = text(get(body, "model"))
    dimensions = count(get(body, "dimensions"))
    if dimensions is not None:
        inference.attributes[semconv.EMBEDDING_DIMENSIONS] = dimensions


# Response.


def read_response(inference: Inference, response: Any) -> None:
    """Model, finish reason, tokens and times."""
    inference.response_model = text(get(response, "model")) or inference.response_model
    inference.finish(text(get(response, "done_reason")))
    sent, received = count(get(response, "prompt_eval_count")), count(get(response, "eval_count"))
    if sent is not None or received is not None:
        inference.usage = Usage(sent, received)
    read_times(inference, response, TIMES, 1e-9)


def read_chunk(inference: Inference, chunk: Any) -> None:
    """The last chunk says it all; of the others the first names the model."""
    if get(chunk, "done") is True:
        read_response(inference, chunk)
        inference.complete = True
    elif inference.response_model is None:
        inference.response_model = text(get(chunk, "model"))


def read_embeddings(inference: Inference, response: Any) -> None:
    """Model and tokens, and the length of the first vector."""
    read_response(inference, response)
    vectors = items(get(response, "embeddings"))
    vector = items(vectors[0]) if vectors else items(get(response, "embedding"))
    if vector:
        inference.attributes[semconv.EMBEDDING_DIMENSIONS] = len(vector)


# Stream.


def accumulate_chunk(inference: Inference, chunk: Any) -> None:
    """The text, thoughts and tool calls of a chunk; each call comes whole."""
    accumulator = inference.accumulator
    if accumulator is None:
        accumulator = inference.accumulator = Accumulator()
    said = get(chunk, "message")
    thought = text(get(said, "thinking")) or text(get(chunk, "thinking"))
    if thought is not None:
        accumulator.add(0, "reasoning", "reasoning", thought)
    fragment = text(get(said, "content")) or text(get(chunk, "response"))
    if fragment is not None:
        accumulator.add(0, "text", "text", fragment)
    for call in items(path(said, "tool_calls")):
        accumulator.add(0, object(), "tool_call", None, **tool_call(call))
    reason = text(get(chunk, "done_reason"))
    if reason is not None:
        accumulator.finish(0, reason)


def finalize_stream(inference: Inference) -> None:
    """Turns what the chunks gathered into a message."""
    if isinstance(inference.accumulator, Accumulator):
        inference.output = inference.accumulator.messages()


CHAT = Endpoint(
    "chat", read_request, read_response, read_chunk, read_input, read_output, accumulate_chunk, finalize_stream
)
GENERATE = Endpoint(
    "text_completion",
    read_request,
    read_response,
    read_chunk,
    read_prompt,
    read_text,
    accumulate_chunk,
    finalize_stream,
)
EMBED = Endpoint("embeddings", read_embed_request, read_embeddings)
