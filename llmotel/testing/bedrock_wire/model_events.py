"""The streams of InvokeModelWithResponseStream, by model family. The last chunk of each counts the tokens
(https://docs.aws.amazon.com/bedrock/latest/userguide/inference-invoke.html)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from llmotel.testing.anthropic_wire import message_events
from llmotel.testing.bedrock_wire import converse_events
from llmotel.testing.openai_wire import hosts
from llmotel.testing.reply import DONE, Body, Event
from llmotel.testing.samples import pieces, strings, tokens

METRICS = "amazon-bedrock-invocationMetrics"


def events(body: Body, headers: Mapping[str, str]) -> list[Event]:
    """The chunks of ``body``, whose headers tell its tokens where it does not do so itself."""
    chunks = list(_chunks(body))
    last = chunks[-1]
    assert isinstance(last, dict)
    chunks[-1] = {**last, METRICS: metrics(body, headers)}
    return chunks


def metrics(body: Body, headers: Mapping[str, str]) -> Body:
    """The token counts of the last chunk: those of the headers, or of the body, or about as many as there are."""
    usage: Mapping[str, Any] = body.get("usage") or {}
    received = (
        _first(usage, "output_tokens", "outputTokens", "completion_tokens")
        or _first(body, "generation_token_count")
        or sum(result.get("tokenCount", 0) for result in body.get("results", ()))
        or sum(tokens(said) for said in strings(body))
    )
    sent = _first(usage, "input_tokens", "inputTokens", "prompt_tokens")
    sent = sent or _first(body, "prompt_token_count", "inputTextTokenCount") or 12
    read, written = (
        _first(usage, "cache_read_input_tokens", "cacheReadInputTokenCount"),
        _first(usage, "cache_creation_input_tokens", "cacheWriteInputTokenCount"),
    )
    made = {
        "inputTokenCount": _header(headers, "input", sent),
        "outputTokenCount": _header(headers, "output", received),
        "invocationLatency": 412,
        "firstByteLatency": 120,
    }
    if read is not None or written is not None:
        made |= {"cacheReadInputTokenCount": read or 0, "cacheWriteInputTokenCount": written or 0}
    return made


def _first(values: Mapping[str, Any], *names: str) -> int | None:
    return next((values[name] for name in names if name in values), None)


def _header(headers: Mapping[str, str], name: str, otherwise: int) -> int:
    return int(headers.get(f"x-amzn-bedrock-{name}-token-count", otherwise))


def _chunks(body: Body) -> Iterator[Event]:
    if body.get("type") == "message":
        yield from message_events.events(body)
    elif "output" in body:
        yield from converse_events.events(body)
    elif body.get("object") == "chat.completion":
        yield from (chunk for chunk in hosts.chunks(body, include_usage=True) if chunk != DONE)
    elif "generation" in body:
        yield from _llama(body)
    elif "results" in body:
        yield from _titan(body)
    elif "outputs" in body:
        yield from _mistral(body)
    elif "generations" in body:
        yield from _cohere(body)
    elif "response_id" in body:
        yield from _cohere_chat(body)
    else:
        yield from _choices(body)


def _llama(body: Body) -> Iterator[Body]:
    said = pieces(body["generation"])
    for count, piece in enumerate(said, 1):
        last = count == len(said)
        yield {
            "generation": piece,
            "prompt_token_count": body["prompt_token_count"] if count == 1 else None,
            "generation_token_count": body["generation_token_count"] if last else count,
            "stop_reason": body["stop_reason"] if last else None,
        }


def _titan(body: Body) -> Iterator[Body]:
    [result] = body["results"]
    said = pieces(result["outputText"])
    for count, piece in enumerate(said, 1):
        last = count == len(said)
        yield {
            "outputText": piece,
            "index": 0,
            "totalOutputTextTokenCount": result["tokenCount"] if last else count,
            "completionReason": result["completionReason"] if last else None,
            "inputTextTokenCount": body["inputTextTokenCount"] if count == 1 else None,
        }


def _mistral(body: Body) -> Iterator[Body]:
    [output] = body["outputs"]
    for piece in pieces(output["text"]):
        yield {"outputs": [{"text": piece, "stop_reason": None}]}
    yield {"outputs": [{"text": "", "stop_reason": output["stop_reason"]}]}


def _cohere(body: Body) -> Iterator[Body]:
    for index, generation in enumerate(body["generations"]):
        for piece in pieces(generation["text"]):
            yield {"index": index, "is_finished": False, "text": piece}
        yield {"index": index, "is_finished": True, "finish_reason": generation["finish_reason"]}
    yield {"is_finished": True, "finish_reason": body["generations"][0]["finish_reason"]}


def _cohere_chat(body: Body) -> Iterator[Body]:
    yield {"is_finished": False, "event_type": "stream-start", "generation_id": body["generation_id"]}
    for piece in pieces(body["text"]):
        yield {"is_finished": False, "event_type": "text-generation", "text": piece}
    yield {"is_finished": True, "event_type": "stream-end", "finish_reason": body["finish_reason"], "response": body}


def _choices(body: Body) -> Iterator[Body]:
    """Mistral's chat models and DeepSeek-R1."""
    for choice in body["choices"]:
        index = choice.get("index", 0)
        if "text" in choice:
            for piece in pieces(choice["text"]):
                yield {"choices": [{"index": index, "text": piece, "stop_reason": None}]}
            yield {"choices": [{"index": index, "text": "", "stop_reason": choice["stop_reason"]}]}
            continue
        for piece in pieces(choice["message"]["content"]):
            said = {"role": "assistant", "content": piece}
            yield {"choices": [{"index": index, "message": said, "stop_reason": None}]}
        ended = {**choice["message"], "content": ""}
        yield {"choices": [{"index": index, "message": ended, "stop_reason": choice["stop_reason"]}]}
