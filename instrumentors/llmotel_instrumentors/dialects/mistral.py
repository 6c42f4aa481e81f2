"""What Mistral has beside OpenAI's dialect: chunks in events, agents, documents that are read, conversations.

Source: docs.mistral.ai/api.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from llmotel import semconv
from llmotel.model.inference import Inference, Usage
from llmotel.spec import Endpoint
from llmotel.spec.accumulator import Accumulator
from llmotel.spec.reading import count, get, items, number, params, path, text
from llmotel_instrumentors.dialects import chat_completions, media
from llmotel_instrumentors.dialects.mistral_content import (
    piece,
    read_document,
    read_fim_input,
    read_inputs,
    read_judged,
    read_outputs,
    read_pages,
    reference,
)

_REQUEST = {
    "model": ("model", str),
    "agent_id": (semconv.AGENT_ID, str),
    "conversation_id": (semconv.CONVERSATION, str),
}


def data(event: Any) -> Any:
    """The chunk in an event of a stream."""
    found = get(event, "data")
    return event if found is None else found


# Chat, agents, fill in the middle.


def read_agent_request(inference: Inference, body: Any) -> None:
    """As for a chat; an agent has an id, and its model is its own affair."""
    chat_completions.read_chat_request(inference, body)
    agent = text(get(body, "agent_id"))
    if agent is not None:
        inference.attributes[semconv.AGENT_ID] = agent


CHAT = chat_completions.CHAT.replaced(read_request=read_agent_request, usage_injection=None, decode=data)
FIM = CHAT.replaced(operation="text_completion", read_request=chat_completions.read_request, read_input=read_fim_input)


# OCR and transcription.


def read_ocr_request(inference: Inference, body: Any) -> None:
    """Model."""
    inference.request_model = text(get(body, "model"))
    inference.attributes[semconv.OUTPUT_TYPE] = "text"


def read_ocr(inference: Inference, response: Any) -> None:
    """Model, and the pages that are billed."""
    inference.response_model = text(get(response, "model"))
    pages = number(path(response, "usage_info", "pages_processed"))
    if pages is not None:
        inference.usage = Usage(units={"pages": pages}, detailed=True)


def read_transcription(inference: Inference, response: Any) -> None:
    """Model and tokens; seconds of audio are billed beside them."""
    inference.response_model = text(get(response, "model"))
    usage = get(response, "usage")
    sent, received = count(get(usage, "prompt_tokens")), count(get(usage, "completion_tokens"))
    seconds = number(get(usage, "prompt_audio_seconds"))
    if sent is not None or received is not None or seconds is not None:
        inference.usage = Usage(sent, received, audio_seconds=seconds, detailed=seconds is not None)


def read_transcription_chunk(inference: Inference, event: Any) -> None:
    """The last event of a transcription carries usage."""
    if get(event, "type") == "transcription.done":
        read_transcription(inference, event)
        inference.complete = True


OCR = Endpoint("generate_content", read_ocr_request, read_ocr, read_input=read_document, read_output=read_pages)
TRANSCRIPTION = Endpoint(
    "generate_content",
    media.read_transcription_request,
    read_transcription,
    read_transcription_chunk,
    read_output=media.read_transcript,
    decode=data,
)
MODERATION = media.MODERATION.replaced(read_input=read_judged)


# Conversations, which Mistral keeps.


def read_conversation_request(inference: Inference, body: Any) -> None:
    """Model or agent, the conversation that goes on, and the parameters of its completion."""
    params(inference, body, _REQUEST)
    model = inference.attributes.pop("model", None)
    if isinstance(model, str):
        inference.request_model = model
    arguments = get(body, "completion_args")
    chat_completions.read_request(
        inference, arguments if isinstance(arguments, Mapping) else getattr(arguments, "__dict__", None)
    )
    inference.may_cite = bool(items(get(body, "tools"))) or semconv.AGENT_ID in inference.attributes


def read_conversation(inference: Inference, response: Any) -> None:
    """The conversation's id, the model of its answers, and usage; what connectors put in is input."""
    conversation = text(get(response, "conversation_id"))
    if conversation is not None:
        inference.attributes[semconv.CONVERSATION] = conversation
    for entry in items(get(response, "outputs")):
        inference.response_model = text(get(entry, "model")) or inference.response_model
    usage = get(response, "usage")
    sent, received = count(get(usage, "prompt_tokens")), count(get(usage, "completion_tokens"))
    if sent is None and received is None:
        return
    inference.usage = Usage((sent or 0) + (count(get(usage, "connector_tokens")) or 0), received)
    searches = count(path(usage, "connectors", "web_search"))
    if searches:
        inference.usage.web_searches, inference.usage.detailed = searches, True


def read_conversation_chunk(inference: Inference, event: Any) -> None:
    """The first event names the conversation, the last one has usage or an error."""
    kind = get(event, "type")
    if kind == "message.output.delta" and inference.response_model is not None:
        return
    inference.response_model = text(get(event, "model")) or inference.response_model
    if kind == "conversation.response.started" or kind == "conversation.response.done":
        read_conversation(inference, event)
        inference.complete = kind == "conversation.response.done"
    elif kind == "conversation.response.error":
        code = get(event, "code")
        inference.error = text(code) or str(count(code) or "error")


def accumulate_event(inference: Inference, event: Any) -> None:
    """The text and calls of an event, and what is referred to."""
    accumulator = inference.accumulator
    if accumulator is None:
        accumulator = inference.accumulator = Accumulator()
    kind, key = get(event, "type"), (text(get(event, "id")), count(get(event, "content_index")) or 0)
    if kind == "message.output.delta":
        content = get(event, "content")
        said = text(content) or text(get(content, "text"))
        if said is not None:
            accumulator.listed = key  # what a reference after it supports
            accumulator.add(0, key, "text", said)
        elif content is not None:
            source = reference(accumulator.answer, content)
            if source is not None:
                accumulator.cite(0, accumulator.listed, source, None)
                named = piece(content)
                accumulator.add(0, object(), named.pop("type"), None, **named)
    elif kind == "function.call.delta":
        call, name = text(get(event, "tool_call_id")), text(get(event, "name"))
        accumulator.add(0, ("call", key), "tool_call", text(get(event, "arguments")), id=call, name=name)


def finalize_stream(inference: Inference) -> None:
    """Turns what the events gathered into a message and an answer."""
    if isinstance(inference.accumulator, Accumulator):
        inference.output = inference.accumulator.messages()
        inference.answer = inference.accumulator.completed_answer()


CONVERSATION = Endpoint(
    "chat",
    read_conversation_request,
    read_conversation,
    read_conversation_chunk,
    read_inputs,
    read_outputs,
    accumulate_event,
    finalize_stream,
    decode=data,
)
AGENT = CONVERSATION.replaced(operation="invoke_agent")
