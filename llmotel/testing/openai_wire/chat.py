"""Chat completions (https://platform.openai.com/docs/api-reference/chat): the object and its stream."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping, Sequence
from itertools import zip_longest

from llmotel.testing.reply import DONE, Body, Event
from llmotel.testing.samples import CREATED, MP3, hexid, ident, pieces

MODEL = "gpt-4.1-2025-04-14"
TEXT = "Hello! How can I help you today?"


def usage(
    prompt: int = 19,
    completion: int = 10,
    *,
    cached: int = 0,
    cache_write: int | None = None,
    prompt_audio: int = 0,
    reasoning: int = 0,
    completion_audio: int = 0,
    accepted_prediction: int = 0,
    rejected_prediction: int = 0,
    extra: Body | None = None,
) -> Body:
    """Token counts. ``cached`` and ``prompt_audio`` are part of ``prompt``, ``reasoning`` and the other three part of
    ``completion``. ``cache_write`` is absent unless given, as for models that do not bill it."""
    prompt_details = {"cached_tokens": cached, "audio_tokens": prompt_audio}
    if cache_write is not None:
        prompt_details["cache_write_tokens"] = cache_write
    return {
        "prompt_tokens": prompt,
        "completion_tokens": completion,
        "total_tokens": prompt + completion,
        "prompt_tokens_details": prompt_details,
        "completion_tokens_details": {
            "reasoning_tokens": reasoning,
            "audio_tokens": completion_audio,
            "accepted_prediction_tokens": accepted_prediction,
            "rejected_prediction_tokens": rejected_prediction,
        },
        **(extra or {}),
    }


def tool_call(name: str, arguments: Mapping[str, object] | str, *, id: str | None = None) -> Body:  # noqa: A002
    """A call of a function; ``arguments`` may be text that is not JSON, as a model may send."""
    text = arguments if isinstance(arguments, str) else json.dumps(arguments)
    return {
        "id": id or ident("call_", name, text),
        "type": "function",
        "function": {"name": name, "arguments": text},
    }


def url_citation(url: str, title: str, start: int, end: int) -> Body:
    """An annotation of web search: ``content[start:end]`` stands on ``url``."""
    return {
        "type": "url_citation",
        "url_citation": {"start_index": start, "end_index": end, "title": title, "url": url},
    }


def audio(transcript: str = TEXT, data: bytes = MP3, *, id: str | None = None) -> Body:  # noqa: A002
    """Spoken output, where ``modalities`` asked for it."""
    return {
        "id": id or hexid("audio_", transcript, length=20),
        "data": base64.b64encode(data).decode(),
        "expires_at": CREATED + 3600,
        "transcript": transcript,
    }


def logprobs(text: str, *, top: int = 0) -> Body:
    """Log probabilities of the tokens of ``text``, with ``top`` alternatives each."""
    return {"content": [_logprob(piece, top) for piece in pieces(text)], "refusal": None}


def _logprob(token: str, top: int) -> Body:
    entry = {"token": token, "logprob": -0.25, "bytes": list(token.encode())}
    return {**entry, "top_logprobs": [{**entry, "logprob": -0.25 - rank} for rank in range(top)]}


def choice(
    text: str | None = None,
    *,
    index: int = 0,
    tool_calls: Sequence[Body] = (),
    refusal: str | None = None,
    annotations: Sequence[Body] = (),
    audio: Body | None = None,
    logprobs: Body | None = None,
    finish_reason: str | None = None,
    message: Body | None = None,
    extra: Body | None = None,
) -> Body:
    """One choice; its text is :data:`TEXT` unless given, and null beside tool calls, a refusal or audio.

    ``finish_reason`` is ``tool_calls`` or ``stop`` unless given; ``message`` adds fields to the message
    (``reasoning_content`` of DeepSeek and xAI), ``extra`` to the choice (``content_filter_results`` of Azure).
    """
    said: Body = {
        "role": "assistant",
        "content": TEXT if text is None and not (tool_calls or refusal or audio) else text,
        "refusal": refusal,
        "annotations": list(annotations),
    }
    if tool_calls:
        said["tool_calls"] = list(tool_calls)
    if audio:
        said["audio"] = audio
    return {
        "index": index,
        "message": {**said, **(message or {})},
        "logprobs": logprobs,
        "finish_reason": finish_reason or ("tool_calls" if tool_calls else "stop"),
        **(extra or {}),
    }


def completion(
    text: str | None = None,
    *,
    model: str = MODEL,
    tool_calls: Sequence[Body] = (),
    refusal: str | None = None,
    annotations: Sequence[Body] = (),
    audio: Body | None = None,
    logprobs: Body | None = None,
    finish_reason: str | None = None,
    message: Body | None = None,
    n: int = 1,
    choices: Sequence[Body] | None = None,
    usage: Body | None = None,
    service_tier: str | None = "default",
    id: str | None = None,  # noqa: A002
    created: int = CREATED,
    extra: Body | None = None,
) -> Body:
    """A whole chat completion: ``n`` equal choices (see :func:`choice`), or the ``choices`` given.

    A content filter's answer is ``completion("", finish_reason="content_filter")``.
    """
    if choices is None:
        choices = [
            choice(
                text,
                index=index,
                tool_calls=tool_calls,
                refusal=refusal,
                annotations=annotations,
                audio=audio,
                logprobs=logprobs,
                finish_reason=finish_reason,
                message=message,
            )
            for index in range(n)
        ]
    return {
        "id": id or ident("chatcmpl-", model, choices, length=29),
        "object": "chat.completion",
        "created": created,
        "model": model,
        "choices": list(choices),
        "usage": usage or _usage(),
        "service_tier": service_tier,
        "system_fingerprint": hexid("fp_", model, length=10),
        **(extra or {}),
    }


_usage = usage  # the parameter of completion() hides the function


def chunks(body: Body, *, include_usage: bool = False) -> list[Event]:
    """The stream of ``body``: each choice's role, then its text word by word, its tool calls, its end; choices take
    turns. With ``include_usage`` a last chunk without choices holds the usage, and every chunk before it a null."""
    common = {
        "id": body["id"],
        "object": "chat.completion.chunk",
        "created": body["created"],
        "model": body["model"],
        "service_tier": body.get("service_tier"),
        "system_fingerprint": body.get("system_fingerprint"),
    }
    trailer = {"usage": None} if include_usage else {}
    made: list[Event] = []
    for turn in zip_longest(*(_lane(choice) for choice in body["choices"])):
        for delta in turn:
            if delta is not None:
                padding = ident("", len(made), length=1 + len(made) % 12)
                made.append({**common, "choices": [delta], **trailer, "obfuscation": padding})
    if include_usage:
        made.append({**common, "choices": [], "usage": body["usage"], "obfuscation": ""})
    made.append(DONE)
    return made


def _lane(choice: Body) -> list[Body]:
    """The deltas of one choice."""
    message = choice["message"]
    index = choice["index"]
    probabilities = choice.get("logprobs") or {}

    def delta(fields: Body, *, logprobs: Body | None = None, finish_reason: str | None = None) -> Body:
        return {"index": index, "delta": fields, "logprobs": logprobs, "finish_reason": finish_reason}

    deltas = [delta({"role": "assistant", "content": None if message.get("tool_calls") else "", "refusal": None})]
    for key in ("reasoning_content", "reasoning", "content", "refusal"):
        said = pieces(message.get(key) or "")
        known = probabilities.get("content") if key == "content" else None
        for number, piece in enumerate(said):
            logprobs = {"content": known[number : number + 1], "refusal": None} if known else None
            deltas.append(delta({key: piece}, logprobs=logprobs))
    for position, call in enumerate(message.get("tool_calls") or ()):
        function = call["function"]
        opening = {**call, "index": position, "function": {"name": function["name"], "arguments": ""}}
        deltas.append(delta({"tool_calls": [opening]}))
        deltas += [
            delta({"tool_calls": [{"index": position, "function": {"arguments": piece}}]})
            for piece in pieces(function["arguments"])
        ]
    if spoken := message.get("audio"):
        deltas += [
            delta({"audio": {"id": spoken["id"], "transcript": piece}}) for piece in pieces(spoken["transcript"])
        ]
        deltas.append(delta({"audio": {"data": spoken["data"]}}))
        deltas.append(delta({"audio": {"expires_at": spoken["expires_at"]}}))
    if annotations := message.get("annotations"):
        deltas.append(delta({"annotations": annotations}))
    deltas.append({**delta({}, finish_reason=choice["finish_reason"]), **_beyond(choice)})
    return deltas


def _beyond(choice: Body) -> Body:
    """What a host added to a choice; it comes with the choice's last chunk."""
    return {key: value for key, value in choice.items() if key not in ("index", "message", "logprobs", "finish_reason")}
