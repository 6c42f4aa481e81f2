"""What is said in Bedrock's Converse API and to Nova models, in the shapes of ``gen_ai.input.messages``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from llmotel.model.inference import Inference, Message
from llmotel.spec.reading import base64_text, get, items, path, plain, strings, text
from llmotel_instrumentors.dialects.parts import answer, plain_dict

_MEDIA = {"image": "image", "document": "document", "video": "video", "audio": "audio"}
_MIME = {"image": "image", "video": "video", "audio": "audio"}
_DOCUMENTS = {
    "pdf": "application/pdf",
    "csv": "text/csv",
    "html": "text/html",
    "txt": "text/plain",
    "md": "text/markdown",
}
_SILENT = ("cachePoint",)  # marks in a prompt that say nothing


def read_input(inference: Inference, body: Any) -> None:
    """System prompt, messages and tools."""
    system = parts(get(body, "system"))
    if system:
        inference.system = system
    inference.input = [message(sent) for sent in items(get(body, "messages"))]
    tools = [
        tool(defined) for defined in items(path(body, "toolConfig", "tools")) if get(defined, "cachePoint") is None
    ]
    if tools:
        inference.tools = tools


def read_output(inference: Inference, response: Any) -> None:
    """The answer as one message."""
    said = path(response, "output", "message")
    if said is not None:
        inference.output = answer(inference, message(said)["parts"], text(get(said, "role")) or "assistant")


def message(sent: Any) -> Message:
    """One message, in the shape of ``gen_ai.input.messages``."""
    content = get(sent, "content")
    said = [{"type": "text", "content": content}] if isinstance(content, str) else parts(content)
    return {"role": text(get(sent, "role")) or "user", "parts": said}


def parts(blocks: Any) -> list[dict[str, Any]]:
    """The content blocks that say something."""
    found = [part(block) for block in items(blocks)]
    return [one for one in found if one is not None]


def part(block: Any) -> dict[str, Any] | None:
    """One content block: an object with one key, which is the block's kind."""
    if isinstance(block, str):
        return {"type": "text", "content": block}
    if not isinstance(block, Mapping):
        return None
    for kind, inner in block.items():
        if inner is None or kind in _SILENT:
            continue
        if kind == "text":
            return {"type": "text", "content": text(inner) or ""}
        if kind == "toolUse":
            return _tool_use(inner)
        if kind == "toolResult":
            return _tool_result(inner)
        if kind == "reasoningContent":
            thought = text(path(inner, "reasoningText", "text"))
            return {"type": "reasoning", "content": thought} if thought is not None else {"type": "redacted_reasoning"}
        if kind == "citationsContent":
            return {"type": "text", "content": cited_text(inner)}
        if kind == "guardContent":
            return _guarded(inner)
        if kind in _MEDIA:
            return _media(kind, inner)
        return {**plain_dict(inner), "type": str(kind)}
    return None


def _guarded(block: Any) -> dict[str, Any] | None:
    """What a guardrail looks at, and as what: ``grounding_source``, ``query`` or ``guard_content``."""
    said = text(path(block, "text", "text"))
    if said is None:
        return part({"image": get(block, "image")})
    qualifiers = list(strings(path(block, "text", "qualifiers")))
    return {"type": "text", "content": said, **({"qualifiers": qualifiers} if qualifiers else {})}


def cited_text(block: Any) -> str:
    """The text of a block with citations, which comes in pieces."""
    return "".join(text(get(piece, "text")) or "" for piece in items(get(block, "content")))


def tool(defined: Any) -> dict[str, Any]:
    """One tool definition, in the shape of ``gen_ai.tool.definitions``."""
    spec = get(defined, "toolSpec")
    if spec is None:
        return {"type": "system_tool", "name": text(path(defined, "systemTool", "name")) or ""}
    found: dict[str, Any] = {"type": "function", "name": text(get(spec, "name")) or ""}
    for name, value in (
        ("description", get(spec, "description")),
        ("parameters", path(spec, "inputSchema", "json")),
    ):
        if value is not None:
            found[name] = plain(value)
    return found


def _tool_use(use: Any) -> dict[str, Any]:
    call_id, name = text(get(use, "toolUseId")) or "", text(get(use, "name")) or ""
    kind = text(get(use, "type"))
    if kind is not None:  # a tool that Bedrock runs itself
        called = {"type": kind, "input": plain(get(use, "input"))}
        return {"type": "server_tool_call", "id": call_id, "name": name, "server_tool_call": called}
    return {"type": "tool_call", "id": call_id, "name": name, "arguments": plain(get(use, "input"))}


def _tool_result(result: Any) -> dict[str, Any]:
    call_id = text(get(result, "toolUseId")) or ""
    given: list[Any] = []
    for block in items(get(result, "content")):
        value = get(block, "json")
        shown = plain(value) if value is not None else part(block)
        if shown is not None:
            given.append(shown)
    if text(get(result, "type")) is not None:
        answered = {"type": "tool_result", "content": given}
        return {"type": "server_tool_call_response", "id": call_id, "server_tool_call_response": answered}
    return {"type": "tool_call_response", "id": call_id, "response": given}


def _media(kind: str, block: Any) -> dict[str, Any] | None:
    if block is None:
        return None
    source, form, modality = get(block, "source"), text(get(block, "format")), _MEDIA[kind]
    address = text(path(source, "s3Location", "uri"))
    if address is not None:
        return {"type": "uri", "modality": modality, "uri": address}
    if kind == "document" and get(source, "bytes") is None:
        written = text(get(source, "text"))
        pieces = parts(get(source, "content")) if written is None else [{"type": "text", "content": written}]
        return {"type": "document", "name": text(get(block, "name")) or "", "parts": pieces}
    prefix = _MIME.get(kind)
    mime_type = _DOCUMENTS.get(form or "", "application/octet-stream") if prefix is None else f"{prefix}/{form or '*'}"
    content = base64_text(get(source, "bytes")) or ""
    return {"type": "blob", "modality": modality, "mime_type": mime_type, "content": content}
