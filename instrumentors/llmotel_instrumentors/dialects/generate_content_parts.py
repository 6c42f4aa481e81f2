"""What is said in generateContent, in the shapes of ``gen_ai.input.messages``."""

from __future__ import annotations

from typing import Any

from llmotel.model.inference import Inference, Message
from llmotel.spec.reading import get, items, path, plain, text
from llmotel_instrumentors.dialects.parts import answer, plain_dict

_FILTERED = (
    "SAFETY", "RECITATION", "LANGUAGE", "BLOCKLIST", "PROHIBITED_CONTENT", "SPII", "IMAGE_SAFETY",
    "IMAGE_PROHIBITED_CONTENT", "IMAGE_RECITATION", "MODEL_ARMOR",
)  # fmt: skip
FINISH = {
    "STOP": "stop",
    "MAX_TOKENS": "length",
    "FINISH_REASON_UNSPECIFIED": "error",
    **dict.fromkeys(_FILTERED, "content_filter"),
}
"""What is not here stays Google's word, in lower case."""
_ROLES = {"model": "assistant"}
_BESIDE = ("text", "thought", "thoughtSignature", "thought_signature", "reasoning")  # are no kinds of their own
_MEDIA = ("image", "audio", "video")


def _snake(name: str) -> str:
    return "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in name)


def spelled(value: Any, name: str) -> Any:
    """The field ``name`` in either of the two spellings that Google takes."""
    found = get(value, name)
    return found if found is not None or value is None else get(value, _snake(name))


def read_input(inference: Inference, body: Any) -> None:
    """System instruction, contents and tools."""
    instruction = spelled(body, "systemInstruction")
    if instruction is not None:
        inference.system = parts_of(instruction)
    contents = spelled(body, "contents")
    inference.input = [message(sent) for sent in (items(contents) or ([contents] if contents is not None else []))]
    offered = spelled(body, "tools")
    tools = [defined for given in (items(offered) or [offered]) for defined in definitions(given)]
    if tools:
        inference.tools = tools


def read_output(inference: Inference, response: Any) -> None:
    """The candidates, a message each."""
    inference.output = [_answer(candidate) for candidate in items(get(response, "candidates"))]


def _answer(candidate: Any) -> Message:
    said = message(get(candidate, "content"), "assistant")
    reason = finish_reason(candidate, called=calls(candidate))
    return {**said, "finish_reason": reason} if reason is not None else said


def calls(candidate: Any) -> bool:
    """Whether a function is called in ``candidate``."""
    return any(get(sent, "functionCall") is not None for sent in items(path(candidate, "content", "parts")))


def finish_reason(candidate: Any, *, called: bool) -> str | None:
    """Why ``candidate`` ends. To Google a function call is an end like any other; here it has a word of its own."""
    reason = text(get(candidate, "finishReason"))
    if reason is None:
        return None
    return "tool_call" if called and reason == "STOP" else FINISH.get(reason) or reason.lower()


def message(sent: Any, role: str = "user") -> Message:
    """One content, in the shape of ``gen_ai.input.messages``."""
    said = text(get(sent, "role"))
    return {"role": _ROLES.get(said, said) if said is not None else role, "parts": parts_of(sent)}


def parts_of(content: Any) -> list[dict[str, Any]]:
    """The parts of a content, which may be a single one or a string."""
    if isinstance(content, str):
        return [{"type": "text", "content": str.__str__(content)}]
    sent = get(content, "parts")
    return [part(one) for one in (items(sent) or ([sent] if sent is not None else []))]


def part(sent: Any) -> dict[str, Any]:
    """One part of a request or of an answer."""
    if isinstance(sent, str):
        return {"type": "text", "content": str.__str__(sent)}
    said = get(sent, "text")
    if isinstance(said, str):
        return {"type": "reasoning" if get(sent, "thought") is True else "text", "content": str.__str__(said)}
    for name, read in _KINDS.items():
        given = spelled(sent, name)
        if given is not None:
            return read(given)
    known = plain_dict(sent)
    return {**known, "type": next((_snake(name) for name in known if name not in _BESIDE), "part")}


def _called(given: Any) -> dict[str, Any]:
    return {"type": "tool_call", **_identity(given), "arguments": plain(get(given, "args"))}


def _responded(given: Any) -> dict[str, Any]:
    return {"type": "tool_call_response", **_identity(given), "response": plain(get(given, "response"))}


def _identity(given: Any) -> dict[str, Any]:
    """Id and name. The Gemini API gives calls an id, Vertex none: there the name says which it was."""
    known = {"id": text(get(given, "id")), "name": text(get(given, "name"))}
    return {name: value for name, value in known.items() if value is not None}


def _inline(given: Any) -> dict[str, Any]:
    mime_type = text(spelled(given, "mimeType"))
    content = text(get(given, "data")) or ""
    return {"type": "blob", "modality": modality(mime_type), "mime_type": mime_type, "content": content}


def _file(given: Any) -> dict[str, Any]:
    mime_type = text(spelled(given, "mimeType"))
    found = {"type": "uri", "modality": modality(mime_type), "uri": text(spelled(given, "fileUri")) or ""}
    return {**found, "mime_type": mime_type} if mime_type is not None else found


def modality(mime_type: str | None) -> str:
    """What a part of the media type ``mime_type`` is."""
    kind = (mime_type or "").partition("/")[0]
    return kind if kind in _MEDIA else "document"


def _code(given: Any) -> dict[str, Any]:
    return _server_call("code_execution", given, {"type": "code_execution", **_without_id(given)})


def _code_result(given: Any) -> dict[str, Any]:
    return _server_response(given, {"type": "code_execution", **_without_id(given)})


def _server_tool(given: Any) -> dict[str, Any]:
    kind = _tool_type(given)
    return _server_call(kind, given, {"type": kind, "input": plain(get(given, "args"))})


def _server_result(given: Any) -> dict[str, Any]:
    return _server_response(given, {"type": _tool_type(given), "content": plain(get(given, "response"))})


def _tool_type(given: Any) -> str:
    return (text(spelled(given, "toolType")) or "tool").lower()


def _server_call(name: str, given: Any, call: dict[str, Any]) -> dict[str, Any]:
    return {"type": "server_tool_call", "id": text(get(given, "id")) or "", "name": name, "server_tool_call": call}


def _server_response(given: Any, response: dict[str, Any]) -> dict[str, Any]:
    found = {"type": "server_tool_call_response", "id": text(get(given, "id")) or ""}
    return {**found, "server_tool_call_response": response}


def _without_id(given: Any) -> dict[str, Any]:
    return {name: value for name, value in plain_dict(given).items() if name not in ("id", "type")}


_KINDS = {
    "functionCall": _called,
    "functionResponse": _responded,
    "inlineData": _inline,
    "fileData": _file,
    "executableCode": _code,
    "codeExecutionResult": _code_result,
    "toolCall": _server_tool,
    "toolResponse": _server_result,
}


def definitions(given: Any) -> list[dict[str, Any]]:
    """The tools in one entry of ``tools``: functions of the caller's, and Google's own by their names."""
    found = []
    for name in plain_dict(given):
        if name in ("functionDeclarations", "function_declarations"):
            found += [_declared(one) for one in items(get(given, name))]
        elif get(given, name) is not None:
            found.append({"type": _snake(name), "name": _snake(name)})
    return found


def _declared(given: Any) -> dict[str, Any]:
    found = {"type": "function", "name": text(get(given, "name")) or ""}
    description = text(get(given, "description"))
    if description is not None:
        found["description"] = description
    parameters = spelled(given, "parametersJsonSchema")
    if parameters is None:
        parameters = get(given, "parameters")
    return {**found, "parameters": plain(parameters)} if parameters is not None else found


def read_prompt(inference: Inference, body: Any) -> None:
    """The prompts of images or videos."""
    prompts = [text(get(instance, "prompt")) for instance in items(get(body, "instances"))]
    inference.input = [
        {"role": "user", "parts": [{"type": "text", "content": prompt}]} for prompt in prompts if prompt is not None
    ]


def read_pictures(inference: Inference, response: Any) -> None:
    """The images that were made."""
    parts = []
    for made in items(get(response, "predictions")):
        content = text(get(made, "bytesBase64Encoded"))
        if content is not None:
            mime_type = text(get(made, "mimeType"))
            parts.append({"type": "blob", "modality": "image", "mime_type": mime_type, "content": content})
        elif text(get(made, "gcsUri")) is not None:
            parts.append({"type": "uri", "modality": "image", "uri": path(made, "gcsUri")})
    inference.output = answer(inference, parts)
