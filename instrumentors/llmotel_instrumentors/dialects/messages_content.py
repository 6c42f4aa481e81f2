"""What is said in the Messages API, in the shapes of ``gen_ai.input.messages``."""

from __future__ import annotations

from typing import Any

from llmotel.model.inference import Inference, Message
from llmotel.spec.reading import get, items, plain, text
from llmotel_instrumentors.dialects.parts import answer, plain_dict

_MODALITIES = {"image": "image", "document": "document", "container_upload": "document"}


def read_input(inference: Inference, body: Any) -> None:
    """System prompt, messages and tools."""
    system = get(body, "system")
    if isinstance(system, str):
        inference.system = [{"type": "text", "content": system}]
    elif items(system):
        inference.system = [part(block) for block in items(system)]
    inference.input = [message(sent) for sent in items(get(body, "messages"))]
    tools = [tool(defined) for defined in items(get(body, "tools"))]
    if tools:
        inference.tools = tools


def read_output(inference: Inference, response: Any) -> None:
    """The content blocks as one message."""
    parts = [part(block) for block in items(get(response, "content"))]
    inference.output = answer(inference, parts, text(get(response, "role")) or "assistant")


def tool(defined: Any) -> dict[str, Any]:
    """One tool definition, in the shape of ``gen_ai.tool.definitions``."""
    kind = text(get(defined, "type"))
    found = {"type": "function" if kind in (None, "custom") else kind, "name": text(get(defined, "name")) or ""}
    for name, key in (("description", "description"), ("input_schema", "parameters")):
        value = get(defined, name)
        if value is not None:
            found[key] = value
    return found


def message(sent: Any) -> Message:
    """One message, in the shape of ``gen_ai.input.messages``."""
    content = get(sent, "content")
    if isinstance(content, str):
        parts = [{"type": "text", "content": content}]
    else:
        parts = [part(block) for block in items(content)]
    return {"role": text(get(sent, "role")) or "user", "parts": parts}


def part(block: Any) -> dict[str, Any]:
    """One content block, of a request or of a response."""
    kind = text(get(block, "type")) or "text"
    if kind == "text":
        return {"type": "text", "content": text(get(block, "text")) or ""}
    if kind == "thinking":
        return {"type": "reasoning", "content": text(get(block, "thinking")) or ""}
    if kind == "redacted_thinking":
        return {"type": "redacted_reasoning"}
    if kind == "tool_use":
        return {
            "type": "tool_call",
            "id": text(get(block, "id")) or "",
            "name": text(get(block, "name")) or "",
            "arguments": plain(get(block, "input")),
        }
    if kind == "tool_result":
        return {
            "type": "tool_call_response",
            "id": text(get(block, "tool_use_id")) or "",
            "response": _result(get(block, "content")),
        }
    if kind in ("server_tool_use", "mcp_tool_use"):
        return {
            "type": "server_tool_call",
            "id": text(get(block, "id")) or "",
            "name": text(get(block, "name")) or "",
            "server_tool_call": {"type": kind, "input": plain(get(block, "input"))},
        }
    if kind.endswith("_tool_result"):
        return {
            "type": "server_tool_call_response",
            "id": text(get(block, "tool_use_id")) or "",
            "server_tool_call_response": {"type": kind, "content": plain(get(block, "content"))},
        }
    if kind in _MODALITIES:
        return _media(block, _MODALITIES[kind])
    return {**plain_dict(block), "type": kind}


def _result(content: Any) -> Any:
    blocks = items(content)
    return [part(block) for block in blocks] if blocks else plain(content)


def _media(block: Any, modality: str) -> dict[str, Any]:
    source = get(block, "source")
    kind = text(get(source, "type"))
    mime_type = text(get(source, "media_type"))
    if kind == "base64":
        return {
            "type": "blob",
            "modality": modality,
            "mime_type": mime_type,
            "content": text(get(source, "data")) or "",
        }
    if kind == "url":
        return {"type": "uri", "modality": modality, "uri": text(get(source, "url")) or ""}
    if kind == "file":
        return {"type": "file", "modality": modality, "file_id": text(get(source, "file_id")) or ""}
    if kind == "text":
        return {"type": "text", "content": text(get(source, "data")) or ""}
    return {**plain_dict(block), "type": modality}
