"""What is said in chat and legacy completions, in the shapes of ``gen_ai.input.messages``."""

from __future__ import annotations

from typing import Any

from llmotel.model.inference import Inference, Message
from llmotel.spec.accumulator import arguments
from llmotel.spec.reading import get, items, path, plain, strings, text
from llmotel_instrumentors.dialects.parts import audio, plain_dict, uri

FINISH = {
    "tool_calls": "tool_call",
    "function_call": "tool_call",
    "max_tokens": "length",
    "model_length": "length",
    "eos": "stop",
}
"""Finish reasons in the conventions' words; others are recorded as they are."""


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


def read_output(inference: Inference, response: Any) -> None:
    """The messages of a chat response, one per choice."""
    inference.output = [
        _finished(message(get(choice, "message")), choice) for choice in items(get(response, "choices"))
    ]


def read_text(inference: Inference, response: Any) -> None:
    """The texts of a legacy completion, one message per choice."""
    inference.output = [
        _finished(
            {"role": "assistant", "parts": [{"type": "text", "content": text(get(choice, "text")) or ""}]}, choice
        )
        for choice in items(get(response, "choices"))
    ]


def _finished(said: Message, choice: Any) -> Message:
    """``said`` with the finish reason of its choice, where it has one."""
    reason = text(get(choice, "finish_reason"))
    if reason is not None:
        said["finish_reason"] = FINISH.get(reason, reason)
    return said


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
        return audio(given)
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
