"""What is said in Ollama's API, in the shapes of ``gen_ai.input.messages``."""

from __future__ import annotations

from typing import Any

from llmotel.model.inference import Inference, Message
from llmotel.spec.accumulator import arguments
from llmotel.spec.reading import get, items, plain, text
from llmotel_instrumentors.dialects.chat_content import tool
from llmotel_instrumentors.dialects.parts import answer


def read_input(inference: Inference, body: Any) -> None:
    """The messages and tools of a chat."""
    inference.input = [message(sent) for sent in items(get(body, "messages"))]
    tools = [tool(defined) for defined in items(get(body, "tools"))]
    if tools:
        inference.tools = tools


def read_prompt(inference: Inference, body: Any) -> None:
    """The prompt and the system's instructions of a completion."""
    said = text(get(body, "prompt"))
    inference.input = [{"role": "user", "parts": [*_text(said), *_images(body)]}]
    system = text(get(body, "system"))
    if system is not None:
        inference.system = _text(system)


def read_output(inference: Inference, response: Any) -> None:
    """The message of a chat."""
    inference.output = answer(inference, message(get(response, "message"))["parts"])


def read_text(inference: Inference, response: Any) -> None:
    """The text of a completion, and the thoughts before it."""
    inference.output = answer(inference, _said(response, text(get(response, "response"))))


def message(sent: Any) -> Message:
    """One message; what a tool answered is known by its name, as calls have no ids."""
    role = text(get(sent, "role")) or "user"
    content = text(get(sent, "content"))
    if role == "tool":
        name = text(get(sent, "tool_name")) or text(get(sent, "name")) or ""
        return {"role": role, "parts": [{"type": "tool_call_response", "id": name, "response": content or ""}]}
    calls = [{"type": "tool_call", **tool_call(call)} for call in items(get(sent, "tool_calls"))]
    return {"role": role, "parts": [*_said(sent, content), *_images(sent), *calls]}


def tool_call(call: Any) -> dict[str, Any]:
    """Name and arguments of a tool call."""
    inner = get(call, "function")
    return {"id": "", "name": text(get(inner, "name")) or "", "arguments": plain(arguments(get(inner, "arguments")))}


def _said(message: Any, content: str | None) -> list[dict[str, Any]]:
    thought = text(get(message, "thinking"))
    return [*([{"type": "reasoning", "content": thought}] if thought is not None else ()), *_text(content)]


def _text(content: str | None) -> list[dict[str, Any]]:
    return [{"type": "text", "content": content}] if content is not None else []


def _images(sent: Any) -> list[dict[str, Any]]:
    """Images, which the API takes in base64 and without their kind."""
    image = {"type": "blob", "modality": "image", "mime_type": "image/*"}
    return [{**image, "content": text(given) or ""} for given in items(get(sent, "images"))]
