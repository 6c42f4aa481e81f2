"""What is said in Mistral's own operations, in the shapes of ``gen_ai.input.messages``."""

from __future__ import annotations

from typing import Any

from llmotel.model.inference import Answer, Citation, Inference, Message
from llmotel.spec.accumulator import arguments
from llmotel.spec.reading import get, items, path, plain, text
from llmotel_instrumentors.dialects.chat_content import message, part, tool
from llmotel_instrumentors.dialects.parts import uri


def read_fim_input(inference: Inference, body: Any) -> None:
    """What stands before the gap that is to be filled, and after it."""
    said = [text(get(body, name)) for name in ("prompt", "suffix")]
    inference.input = [{"role": "user", "parts": [{"type": "text", "content": one} for one in said if one is not None]}]


def read_document(inference: Inference, body: Any) -> None:
    """The document or image that is to be read."""
    document = get(body, "document")
    address = text(get(document, "document_url")) or text(path(document, "image_url", "url"))
    address = address or text(get(document, "image_url"))
    file_id = text(get(document, "file_id"))
    if address is not None:
        modality = "document" if get(document, "document_url") is not None else "image"
        inference.input = [{"role": "user", "parts": [uri(modality, address)]}]
    elif file_id is not None:
        parts = [{"type": "file", "modality": "document", "file_id": file_id}]
        inference.input = [{"role": "user", "parts": parts}]


def read_pages(inference: Inference, response: Any) -> None:
    """The text of the pages."""
    pages = [text(get(page, "markdown")) or "" for page in items(get(response, "pages"))]
    inference.output = [{"role": "assistant", "parts": [{"type": "text", "content": page} for page in pages]}]


def read_judged(inference: Inference, body: Any) -> None:
    """What is to be judged: texts, or chats."""
    given = get(body, "inputs")
    if isinstance(given, str) or all(isinstance(one, str) for one in items(given)):
        said = [given] if isinstance(given, str) else items(given)
        inference.input = [{"role": "user", "parts": [{"type": "text", "content": one}]} for one in said]
    else:
        inference.input = [{"role": "user", "parts": [{"type": "input", "content": plain(given)}]}]


def read_inputs(inference: Inference, body: Any) -> None:
    """What is said in a conversation: a text, or entries of several kinds."""
    given = get(body, "inputs")
    said = text(given)
    if said is not None:
        inference.input = [{"role": "user", "parts": [{"type": "text", "content": said}]}]
    else:
        inference.input = [_entry(entry) for entry in items(given)]
    instructions = text(get(body, "instructions"))
    if instructions is not None:
        inference.system = [{"type": "text", "content": instructions}]
    tools = [tool(defined) for defined in items(get(body, "tools"))]
    if tools:
        inference.tools = tools


def read_outputs(inference: Inference, response: Any) -> None:
    """The entries of an answer as one message, and what they refer to."""
    parts: list[dict[str, Any]] = []
    answer = Answer()
    for entry in items(get(response, "outputs")):
        parts.extend(_entry(entry)["parts"])
        _cite(answer, get(entry, "content"))
    inference.output = [{"role": "assistant", "parts": parts}]
    if answer.citations:
        inference.answer = answer


def reference(answer: Answer, content: Any) -> int | None:
    """The number of the source that a ``tool_reference`` names."""
    address = text(get(content, "url"))
    if get(content, "type") != "tool_reference" or address is None:
        return None
    return answer.source(address, "url", title=text(get(content, "title")), uri=address)


def _cite(answer: Answer, content: Any) -> None:
    """A reference supports the piece of text before it."""
    begun = len(answer.text)
    said = text(content)
    answer.text += said or ""
    for one in items(content):
        said = text(get(one, "text"))
        if said is not None:
            begun = len(answer.text)
            answer.text += said
            continue
        source = reference(answer, one)
        if source is not None and begun < len(answer.text):
            answer.citations.append(Citation(begun, len(answer.text), source))


def _entry(entry: Any) -> Message:
    kind = text(get(entry, "type")) or ""
    if kind == "function.call":
        call = {
            "type": "tool_call",
            "id": text(get(entry, "tool_call_id")) or "",
            "name": text(get(entry, "name")) or "",
            "arguments": plain(arguments(get(entry, "arguments"))),
        }
        return {"role": "assistant", "parts": [call]}
    if kind == "function.result":
        result = {
            "type": "tool_call_response",
            "id": text(get(entry, "tool_call_id")) or "",
            "response": plain(get(entry, "result")),
        }
        return {"role": "tool", "parts": [result]}
    if kind in ("tool.execution", "agent.handoff"):
        return {"role": "assistant", "parts": [{"type": kind, "name": text(get(entry, "name")) or ""}]}
    content = get(entry, "content")
    if isinstance(content, (list, tuple)):
        return {"role": text(get(entry, "role")) or "user", "parts": [piece(one) for one in content]}
    return message(entry)


def piece(given: Any) -> dict[str, Any]:
    """A chunk of content; of a reference, what names it."""
    if get(given, "type") != "tool_reference":
        return part(given)
    named = {name: text(get(given, name)) for name in ("tool", "title", "url")}
    return {"type": "tool_reference", **{name: said for name, said in named.items() if said is not None}}
