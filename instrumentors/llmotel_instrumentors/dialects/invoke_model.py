"""Bedrock's InvokeModel and its stream: the body is the model's own, in as many dialects as there are vendors.

Which one is told by the body rather than by the model's id, which may be the ARN of a deployment, a router or a profile
that names no model. What the body does not say of tokens, the headers and the stream's last chunk do.

Source: docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_InvokeModel.html.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from llmotel import semconv
from llmotel.model.inference import Inference, Reader
from llmotel.spec import Endpoint
from llmotel.spec.reading import get, items, parsed, path, text, wrapped
from llmotel_instrumentors.dialects import (
    chat_completions,
    converse,
    messages,
    model_text,
    model_vectors,
)
from llmotel_instrumentors.dialects.aws import (
    read_action,
    read_envelope,
    read_guardrail_trace,
    read_metrics,
    read_model,
    read_tier,
)

_ACTION, _TRACE = "amazon-bedrock-guardrailAction", "amazon-bedrock-trace"
_IMAGES = ("text_prompts", "imageGenerationConfig", "textToImageParams", "aspect_ratio", "cfg_scale")


def body_of(given: Any) -> Any:
    """The request that ``body`` holds, as text or bytes; ``None`` for a file, which only the library may read."""
    return given if isinstance(given, Mapping) else parsed(given)


def decode(value: Any) -> Any:
    """The JSON in an event of the stream or in a body; the result that a body comes in stays as it is."""
    chunk = path(value, "chunk", "bytes")
    found = parsed(value if chunk is None else chunk)
    return value if found is None else found


def decode_fields(value: Any) -> Any:
    """As :func:`decode`, for readers that look for attributes."""
    return wrapped(decode(value))


def decode_chat(value: Any) -> Any:
    """As :func:`decode_fields`. Mistral's models call a choice's ``finish_reason`` ``stop_reason``, and its ``delta``
    ``message``."""
    found = decode(value)
    choices = found.get("choices") if type(found) is dict else None
    if type(choices) is list:
        found = {**found, "choices": [_openai_choice(choice) for choice in choices]}
    return wrapped(found)


def _openai_choice(choice: Any) -> Any:
    if type(choice) is not dict:
        return choice
    reason = choice.get("finish_reason")
    named = {**choice, "finish_reason": choice.get("stop_reason") if reason is None else reason}
    named.setdefault("delta", choice.get("message"))
    return named


# What every model's readers are put into.


def _request(inner: Reader) -> Reader:
    def read_request(inference: Inference, arguments: Any) -> None:
        read_model(inference, arguments)
        guardrail = text(get(arguments, "guardrailIdentifier"))
        if guardrail is not None:
            inference.attributes[semconv.GUARDRAIL_ID] = guardrail
        model = inference.request_model
        inner(inference, get(arguments, "body"))
        inference.request_model = model or inference.request_model

    return read_request


def _input(inner: Reader) -> Reader:
    def read_input(inference: Inference, arguments: Any) -> None:
        inner(inference, get(arguments, "body"))

    return read_input


def _response(inner: Reader) -> Reader:
    def read_response(inference: Inference, value: Any) -> None:
        if get(value, "ResponseMetadata") is not None:  # the result, whose body is yet to be read
            read_envelope(inference, value)
            read_tier(inference, get(value, "serviceTier"))
            return
        inner(inference, value)
        _read_guardrail(inference, value)

    return read_response


def _body(inner: Reader) -> Reader:
    def read_body(inference: Inference, value: Any) -> None:
        if get(value, "ResponseMetadata") is None:
            inner(inference, value)

    return read_body


def _chunk(inner: Reader, *, replace: bool) -> Reader:
    def read_chunk(inference: Inference, chunk: Any) -> None:
        inner(inference, chunk)
        read_metrics(inference, chunk, counts=replace or inference.usage is None)
        _read_guardrail(inference, chunk)

    return read_chunk


def _read_guardrail(inference: Inference, value: Any) -> None:
    trace = get(value, _TRACE)
    if trace is not None:
        read_guardrail_trace(inference, get(trace, "guardrail"))
    action = get(value, _ACTION)
    read_action(inference, action)
    if action == "INTERVENED" and not inference.finish_reasons:
        inference.finish_reasons = ["content_filter"]


def _endpoints(inner: Endpoint, decoding: Any = decode, *, replace: bool = True) -> tuple[Endpoint, Endpoint]:
    """``inner`` within InvokeModel, and within its stream. ``replace``: the counts in the last chunk are the ones."""

    def made(*, body_at: str | None, stream_at: str | None) -> Endpoint:
        return Endpoint(
            inner.operation,
            _request(inner.read_request),
            _response(inner.read_response),
            _chunk(inner.read_chunk, replace=replace),
            _input(inner.read_input),
            _body(inner.read_output),
            inner.accumulate_chunk,
            inner.finalize_stream,
            _body(inner.read_answer),
            decode=decoding,
            body_at=body_at,
            stream_at=stream_at,
        )

    return made(body_at="body", stream_at=None), made(body_at=None, stream_at="body")


MESSAGES = _endpoints(messages.MESSAGES, decode_fields, replace=False)
CHAT = _endpoints(chat_completions.CHAT, decode_chat, replace=False)
CONVERSE = _endpoints(converse.CONVERSE)  # Nova
TEXT = _endpoints(model_text.TEXT)
TEXT_CHAT = _endpoints(model_text.CHAT)
EMBEDDINGS = _endpoints(model_vectors.EMBEDDINGS)
IMAGES = _endpoints(model_vectors.IMAGES)
RERANK = _endpoints(model_vectors.RERANK)
ALL = (MESSAGES, CHAT, CONVERSE, TEXT, TEXT_CHAT, EMBEDDINGS, IMAGES, RERANK)


def endpoint(model: str, body: Any, *, stream: bool) -> Endpoint:
    """The endpoint for ``model`` asked with ``body``."""
    return _family(model, body)[1 if stream else 0]


def _family(model: str, body: Any) -> tuple[Endpoint, Endpoint]:
    if not isinstance(body, Mapping):
        body = {}
    if "embed" in model or "texts" in body or "singleEmbeddingParams" in body or "embeddingConfig" in body:
        return EMBEDDINGS
    if "anthropic_version" in body:
        return MESSAGES
    if "messages" in body:
        return CONVERSE if _is_nova(body) else CHAT
    if any(name in body for name in _IMAGES) or "stability." in model:
        return IMAGES
    if "query" in body and "documents" in body:
        return RERANK
    return TEXT_CHAT if "message" in body else TEXT


def _is_nova(body: Mapping[str, Any]) -> bool:
    """Nova's parameters, or content blocks that have no type."""
    if "schemaVersion" in body or "inferenceConfig" in body:
        return True
    first = next(iter(items(body.get("messages"))), None)
    block = next(iter(items(get(first, "content"))), None)
    return isinstance(block, Mapping) and "type" not in block
