"""What is said in the Responses API, in the shapes of ``gen_ai.input.messages``."""

from __future__ import annotations

from typing import Any

from llmotel.model.inference import Inference, Message
from llmotel.spec.accumulator import arguments
from llmotel.spec.reading import get, items, plain, text
from llmotel_instrumentors.dialects.chat_content import tool
from llmotel_instrumentors.dialects.parts import answer, audio, plain_dict, uri


def read_input(inference: Inference, body: Any) -> None:
    """The input items, instructions and tools."""
    instructions = text(get(body, "instructions"))
    if instructions is not None:
        inference.system = [{"type": "text", "content": instructions}]
    given = get(body, "input")
    if isinstance(given, str):
        inference.input = [{"role": "user", "parts": [{"type": "text", "content": given}]}]
    else:
        inference.input = [message(item) for item in items(given)]
    tools = [tool(defined) for defined in items(get(body, "tools"))]
    if tools:
        inference.tools = tools


def read_output(inference: Inference, response: Any) -> None:
    """The output items as one message, as they are one answer."""
    parts: list[dict[str, Any]] = []
    for item in items(get(response, "output")):
        parts.extend(message(item)["parts"])
    inference.output = answer(inference, parts)


def message(item: Any) -> Message:
    """One input or output item as a message."""
    kind = text(get(item, "type")) or "message"
    role = text(get(item, "role"))
    if kind == "message":
        content = get(item, "content")
        if isinstance(content, str):
            parts = [{"type": "text", "content": content}]
        else:
            parts = [part(given) for given in items(content)]
        return {"role": role or "user", "parts": parts}
    if kind.endswith("_output"):
        response = {
            "type": "tool_call_response",
            "id": text(get(item, "call_id")) or "",
            "response": plain(get(item, "output")),
        }
        return {"role": "tool", "parts": [response]}
    return {"role": role or "assistant", "parts": [item_part(item, kind)]}


def item_part(item: Any, kind: str) -> dict[str, Any]:
    """A part for an output item that is not a message: a call, reasoning, or what a server-side tool did."""
    if kind in ("function_call", "custom_tool_call"):
        given = get(item, "arguments")
        return {
            "type": "tool_call",
            "id": text(get(item, "call_id")) or "",
            "name": text(get(item, "name")) or "",
            "arguments": plain(arguments(given if given is not None else get(item, "input"))),
        }
    if kind == "reasoning":
        thoughts = [*items(get(item, "summary")), *items(get(item, "content"))]
        return {"type": "reasoning", "content": "\n".join(text(get(thought, "text")) or "" for thought in thoughts)}
    if kind == "compaction":
        return {"type": "compaction", "id": text(get(item, "id")) or ""}
    if kind == "image_generation_call":
        return {"type": "blob", "modality": "image", "content": text(get(item, "result")) or ""}
    if kind.endswith("_call"):
        details = {
            key: value for key, value in plain_dict(item).items() if key not in ("id", "type") and value is not None
        }
        return {
            "type": "server_tool_call",
            "id": text(get(item, "id")) or "",
            "name": text(get(item, "name")) or kind.removesuffix("_call"),
            "server_tool_call": {"type": kind, **details},
        }
    return {**plain_dict(item), "type": kind}


def part(given: Any) -> dict[str, Any]:
    """One content part of a message."""
    kind = text(get(given, "type")) or "text"
    if kind in ("input_text", "output_text", "text", "summary_text", "reasoning_text"):
        return {"type": "text", "content": text(get(given, "text")) or ""}
    if kind == "refusal":
        return {"type": "refusal", "content": text(get(given, "refusal")) or ""}
    if kind in ("input_image", "input_file"):
        modality = "image" if kind == "input_image" else "document"
        file_id = text(get(given, "file_id"))
        if file_id is not None:
            return {"type": "file", "modality": modality, "file_id": file_id}
        return uri(
            modality,
            text(get(given, "image_url")) or text(get(given, "file_url")) or text(get(given, "file_data")) or "",
        )
    if kind == "input_audio":
        return audio(given)
    return {**plain_dict(given), "type": kind}
