"""What is said in both versions of Cohere's API, in the shapes of ``gen_ai.input.messages``."""

from __future__ import annotations

from typing import Any

from llmotel.model.inference import Inference, Message
from llmotel.spec.accumulator import arguments
from llmotel.spec.reading import get, items, path, plain, text
from llmotel_instrumentors.dialects.chat_content import tool
from llmotel_instrumentors.dialects.parts import answer, plain_dict, uri

FINISH = {
    "COMPLETE": "stop",
    "STOP_SEQUENCE": "stop",
    "MAX_TOKENS": "length",
    "ERROR_LIMIT": "length",
    "TOOL_CALL": "tool_call",
    "ERROR_TOXIC": "content_filter",
    "TIMEOUT": "error",
}
"""Finish reasons in the conventions' words; others are recorded in lower case."""
ROLES = {"USER": "user", "CHATBOT": "assistant", "SYSTEM": "system", "TOOL": "tool"}


def read_input(inference: Inference, body: Any) -> None:
    """The messages and tools of a chat; of the first version, the history with the message after it."""
    sent = [*items(get(body, "messages")), *items(get(body, "chat_history"))]
    inference.input = [message(one) for one in sent]
    said = text(get(body, "message"))
    if said is not None:
        inference.input.append({"role": "user", "parts": [{"type": "text", "content": said}]})
    results = [_result(result) for result in items(get(body, "tool_results"))]
    if results:
        inference.input.append({"role": "tool", "parts": results})
    preamble = text(get(body, "preamble"))
    if preamble is not None:
        inference.system = [{"type": "text", "content": preamble}]
    tools = [_tool(defined) for defined in items(get(body, "tools"))]
    if tools:
        inference.tools = tools


def read_prompt(inference: Inference, body: Any) -> None:
    """The prompt of the legacy ``generate``."""
    inference.input = [{"role": "user", "parts": [{"type": "text", "content": text(get(body, "prompt")) or ""}]}]


def read_output(inference: Inference, response: Any) -> None:
    """The message of a chat."""
    said = text(get(response, "text"))
    if said is not None or get(response, "message") is None:
        calls = [{"type": "tool_call", **tool_call(call)} for call in items(get(response, "tool_calls"))]
        parts = [{"type": "text", "content": said}] if said is not None else []
        inference.output = answer(inference, [*parts, *calls])
    else:
        inference.output = answer(inference, message(get(response, "message"))["parts"])


def read_texts(inference: Inference, response: Any) -> None:
    """The texts of the legacy ``generate``, one message each."""
    inference.output = []
    for generation in items(get(response, "generations")):
        said: Message = {
            "role": "assistant",
            "parts": [{"type": "text", "content": text(get(generation, "text")) or ""}],
        }
        reason = text(get(generation, "finish_reason"))
        if reason is not None:
            said["finish_reason"] = FINISH.get(reason, reason.lower())
        inference.output.append(said)


def message(sent: Any) -> Message:
    """One message, of either version."""
    role = text(get(sent, "role")) or "user"
    role = ROLES.get(role, role)
    parts: list[dict[str, Any]] = []
    plan = text(get(sent, "tool_plan"))
    if plan is not None:
        parts.append({"type": "reasoning", "content": plan})
    content = get(sent, "content")
    answered = text(get(sent, "tool_call_id"))
    if answered is not None:
        parts.append({"type": "tool_call_response", "id": answered, "response": plain(content)})
    elif isinstance(content, str):
        parts.append({"type": "text", "content": content})
    else:
        parts.extend(_part(given) for given in items(content))
    said = text(get(sent, "message"))
    if said is not None:
        parts.append({"type": "text", "content": said})
    parts.extend({"type": "tool_call", **tool_call(call)} for call in items(get(sent, "tool_calls")))
    parts.extend(_result(result) for result in items(get(sent, "tool_results")))
    return {"role": role, "parts": parts}


def tool_call(call: Any) -> dict[str, Any]:
    """Id, name and arguments of a tool call; the first version has no ids, and calls arguments parameters."""
    inner = get(call, "function") or call
    given = get(inner, "arguments")
    return {
        "id": text(get(call, "id")) or "",
        "name": text(get(inner, "name")) or "",
        "arguments": plain(arguments(given if given is not None else get(inner, "parameters"))),
    }


def _result(result: Any) -> dict[str, Any]:
    name = text(path(result, "call", "name")) or ""
    return {"type": "tool_call_response", "id": name, "response": plain(get(result, "outputs"))}


def _part(given: Any) -> dict[str, Any]:
    kind = text(get(given, "type")) or "text"
    if kind == "text":
        return {"type": "text", "content": text(get(given, "text")) or ""}
    if kind == "thinking":
        return {"type": "reasoning", "content": text(get(given, "thinking")) or ""}
    if kind == "image_url":
        return uri("image", text(path(given, "image_url", "url")) or text(get(given, "image_url")) or "")
    return {**plain_dict(given), "type": kind}


def _tool(defined: Any) -> dict[str, Any]:
    """A tool of the second version is OpenAI's; one of the first describes each parameter by itself."""
    found = tool(defined)
    parameters = get(defined, "parameter_definitions")
    if parameters is not None:
        found["parameters"] = plain(parameters)
    return found
