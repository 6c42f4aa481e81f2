"""What was said in a call, whoever recorded it, in the form of OpenTelemetry's GenAI conventions.

Read from what is stored when it is asked for, so that a better reader reads old spans better too.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from llmotel import semconv
from llmotel.local.jsonvalues import embedded

FIELDS = (
    "system_instructions", "input_messages", "output_messages", "tool_definitions", "tool_arguments", "tool_result",
    "retrieval_documents", "retrieval_query", "citations",
)  # fmt: skip

_DIRECT: dict[str, str] = {
    semconv.SYSTEM: "system_instructions",
    semconv.INPUT_MESSAGES: "input_messages",
    semconv.OUTPUT_MESSAGES: "output_messages",
    "gen_ai.input_messages": "input_messages",
    "gen_ai.output_messages": "output_messages",
    semconv.TOOLS: "tool_definitions",
    semconv.TOOL_ARGUMENTS: "tool_arguments",
    semconv.TOOL_RESULT: "tool_result",
    "gen_ai.retrieval.documents": "retrieval_documents",
    "gen_ai.memory.records": "retrieval_documents",
    "gen_ai.retrieval.query.text": "retrieval_query",
    "gen_ai.memory.query.text": "retrieval_query",
    semconv.GROUNDING_DETAIL: "citations",
    "tool.parameters": "tool_arguments",
}
_SPREAD = re.compile(
    r"(llm\.input_messages|llm\.output_messages|llm\.prompts|llm\.completions|gen_ai\.prompt|gen_ai\.completion"
    r"|retrieval\.documents|reranker\.output_documents|llm\.tools|llm\.request\.functions)\.(\d{1,6})\.(.+)"
)
_LISTS = {
    "llm.input_messages": "input_messages",
    "llm.prompts": "input_messages",
    "gen_ai.prompt": "input_messages",
    "llm.output_messages": "output_messages",
    "llm.completions": "output_messages",
    "gen_ai.completion": "output_messages",
    "retrieval.documents": "retrieval_documents",
    "reranker.output_documents": "retrieval_documents",
    "llm.tools": "tool_definitions",
    "llm.request.functions": "tool_definitions",
}
_ROLES = {"human": "user", "ai": "assistant", "function": "tool", "model": "assistant"}


def read(stored: Iterable[Mapping[str, Any]], kind: str) -> dict[str, Any]:
    """The content of a span of ``kind``: each of :data:`FIELDS` or ``None``, and ``raw``, what has no place there."""
    content: dict[str, Any] = dict.fromkeys(FIELDS)
    raw: dict[str, Any] = {}
    lists: dict[str, dict[int, dict[str, Any]]] = {}
    for attributes in stored:
        for name, value in attributes.items():
            spread = _SPREAD.fullmatch(name)
            if name in _DIRECT:
                field = _DIRECT[name]
                if content[field] is None:
                    content[field] = value if field == "retrieval_query" else embedded(value)
            elif spread:
                lists.setdefault(spread[1], {}).setdefault(int(spread[2]), {})[spread[3]] = value
            elif name == "events" and isinstance(value, list):
                _events(value, content)
            else:
                raw[name] = embedded(value)
    for prefix, entries in lists.items():
        field = _LISTS[prefix]
        made = [_entry(field, entries[place]) for place in sorted(entries)]
        if content[field] is None:
            content[field] = made
    for field, role in (("input_messages", "user"), ("output_messages", "assistant")):
        if content[field] is not None:
            content[field] = [message(one, role) for one in _listed(content[field])]
    if content["system_instructions"] is not None:
        content["system_instructions"] = [_part(one) for one in _listed(content["system_instructions"])]
    _generic(content, raw, kind)
    content["raw"] = raw
    return content


def _generic(content: dict[str, Any], raw: dict[str, Any], kind: str) -> None:
    """Inputs and outputs that are recorded as one value each, where nothing finer is there."""
    for names, message_field, tool_field, role in (
        (("input.value", "traceloop.entity.input", "langfuse.observation.input", "gen_ai.prompt", "prompt"),
         "input_messages", "tool_arguments", "user"),
        (("output.value", "traceloop.entity.output", "langfuse.observation.output", "gen_ai.completion", "completion"),
         "output_messages", "tool_result", "assistant"),
    ):  # fmt: skip
        for name in names:
            if name not in raw:
                continue
            value = raw[name]
            if kind in ("tool", "mcp"):
                field = tool_field
            elif kind == "retrieval" and role == "user":
                field = "retrieval_query"
                value = value if isinstance(value, str) else str(value)
            else:
                field = message_field
            if content[field] is None:
                if field == message_field:
                    messages = value.get("messages") if isinstance(value, dict) else None
                    if isinstance(messages, list) and messages and all(isinstance(one, dict) for one in messages):
                        value = [message(one, role) for one in messages]
                    else:
                        value = [message({"content": value}, role)]
                content[field] = value
                del raw[name]


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def message(value: Any, role: str) -> dict[str, Any]:
    """A message with a role and parts, from one of the conventions or of a provider's own API."""
    if not isinstance(value, dict):
        return {"role": role, "parts": [_part(value)]}
    said = value.get("role")
    made: dict[str, Any] = {"role": _ROLES.get(str(said), str(said)) if said else role}
    if isinstance(value.get("parts"), list):
        made["parts"] = [_part(one) for one in value["parts"]]
    else:
        made["parts"] = _parts(value)
    for name in ("name", "finish_reason"):
        if value.get(name):
            made[name] = str(value[name])
    return made


def _parts(value: Mapping[str, Any]) -> list[dict[str, Any]]:
    content = embedded(value.get("content")) if not isinstance(value.get("content"), str) else value["content"]
    if isinstance(content, str) and content[:2] == "[{":  # parts as one text
        content = embedded(content)
    if value.get("tool_call_id") is not None or value.get("role") in ("tool", "function"):
        return [{"type": "tool_call_response", "id": value.get("tool_call_id"), "response": content}]
    parts = [
        {"type": "reasoning", "content": value[name]}
        for name in ("reasoning", "reasoning_content", "thinking")
        if isinstance(value.get(name), str) and value[name]
    ]
    if isinstance(content, list):
        parts += [_part(one) for one in content]
    elif content not in (None, ""):
        parts.append(_part(content))
    for given in _listed(value.get("tool_calls") or []):
        if isinstance(given, dict):
            parts.append(_tool_call(given))
    return parts


def _tool_call(value: Mapping[str, Any]) -> dict[str, Any]:
    function = value.get("function") if isinstance(value.get("function"), dict) else value
    assert isinstance(function, Mapping)
    return {
        "type": "tool_call",
        "id": value.get("id"),
        "name": str(function.get("name") or ""),
        "arguments": embedded(function.get("arguments")),
    }


def _part(value: Any) -> dict[str, Any]:
    if isinstance(value, str):
        return {"type": "text", "content": value}
    if not isinstance(value, dict):
        return {"type": "text", "content": "" if value is None else str(value)}
    kind = value.get("type")
    if not isinstance(kind, str):
        if isinstance(value.get("content"), str) or isinstance(value.get("text"), str):
            return {**value, "type": "text", "content": value.get("content", value.get("text"))}
        return {**value, "type": "json", "content": value}
    if kind in ("text", "input_text", "output_text"):
        return {**value, "type": "text", "content": value.get("content", value.get("text", ""))}
    if kind in ("thinking", "reasoning"):
        return {
            **value,
            "type": "reasoning",
            "content": value.get("content", value.get("thinking", value.get("text", ""))),
        }
    if kind == "tool_use":
        return {
            "type": "tool_call",
            "id": value.get("id"),
            "name": str(value.get("name") or ""),
            "arguments": value.get("input"),
        }
    if kind == "tool_result":
        return {"type": "tool_call_response", "id": value.get("tool_use_id"), "response": value.get("content")}
    if kind == "tool_call_response" and "response" not in value and "result" in value:
        return {**value, "response": value["result"]}
    if kind == "image_url":
        url = value.get("image_url")
        return _image(url.get("url") if isinstance(url, dict) else url)
    if kind == "image" and isinstance(value.get("source"), dict):
        source = value["source"]
        if source.get("type") == "base64":
            return {
                "type": "blob",
                "modality": "image",
                "mime_type": source.get("media_type"),
                "content": source.get("data"),
            }
        return _image(source.get("url"))
    return dict(value)


def _image(url: Any) -> dict[str, Any]:
    found = re.match(r"data:([\w./+-]+);base64,", url) if isinstance(url, str) else None
    if found:
        return {"type": "blob", "modality": "image", "mime_type": found[1], "content": url[found.end() :]}
    return {"type": "uri", "modality": "image", "uri": str(url)}


def _entry(field: str, flat: Mapping[str, Any]) -> dict[str, Any]:
    """One entry of a list that was spread over attributes: ``message.tool_calls.0.tool_call.function.name``."""
    tree = _tree(flat)
    if field == "tool_definitions":
        tool = tree.get("tool", tree)
        schema = embedded(tool.get("json_schema")) if isinstance(tool, dict) else None
        if isinstance(schema, dict):
            function = schema.get("function", schema)
            return {"type": "function", **(function if isinstance(function, dict) else {})}
        return {"type": "function", **{name: embedded(value) for name, value in tree.items()}}
    if field == "retrieval_documents":
        document = tree.get("document", tree)
        return {name: embedded(value) for name, value in document.items()} if isinstance(document, dict) else {}
    said = tree.get("message", tree)
    if not isinstance(said, dict):
        return {"content": said}
    if isinstance(said.get("contents"), list):
        said["content"] = [_content_entry(one) for one in said.pop("contents")]
    if isinstance(said.get("tool_calls"), list):
        said["tool_calls"] = [one.get("tool_call", one) if isinstance(one, dict) else {} for one in said["tool_calls"]]
    return said


def _content_entry(value: Any) -> Any:
    entry = value.get("message_content", value) if isinstance(value, dict) else value
    if isinstance(entry, dict) and isinstance(entry.get("image"), dict):
        inner = entry["image"].get("image", entry["image"])
        return {"type": "image_url", "image_url": inner.get("url") if isinstance(inner, dict) else inner}
    return entry


def _tree(flat: Mapping[str, Any]) -> dict[str, Any]:
    """Names with dots as nested objects, numbers in them as lists."""
    root: dict[str, Any] = {}
    for name, value in flat.items():
        place = root
        parts = name.split(".")[:24]
        for part in parts[:-1]:
            inner = place.get(part)
            if not isinstance(inner, dict):
                inner = place[part] = {}
            place = inner
        if not isinstance(place.get(parts[-1]), dict):
            place[parts[-1]] = value
    folded = _folded(root)
    assert isinstance(folded, dict)
    return folded


def _folded(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    inner = {name: _folded(item) for name, item in value.items()}
    if inner and all(name.isdigit() for name in inner):
        return [inner[name] for name in sorted(inner, key=int)]
    return inner


def _events(events: list[Any], content: dict[str, Any]) -> None:
    """Messages that were recorded as one event each, by OpenTelemetry's older conventions."""
    given: list[Any] = []
    made: list[Any] = []
    for event in events:
        if not isinstance(event, dict):
            continue
        name = str(event.get("name", ""))
        body = embedded(event.get("body"))
        said = (
            body if isinstance(body, dict) else {key: embedded(value) for key, value in event.items() if key != "name"}
        )
        if name == "gen_ai.content.prompt":
            given += _listed(said.get("gen_ai.prompt"))
        elif name == "gen_ai.content.completion":
            made += _listed(said.get("gen_ai.completion"))
        elif name == "gen_ai.choice":
            inner = said.get("message") if isinstance(said.get("message"), dict) else said
            assert isinstance(inner, dict)
            made.append({"role": "assistant", **inner, "finish_reason": said.get("finish_reason")})
        elif name.startswith("gen_ai.") and name.endswith(".message"):
            role = name.split(".")[1]
            call = {"tool_call_id": said["id"]} if role == "tool" and "id" in said else {}
            given.append({"role": role, **said, **call})
        elif semconv.INPUT_MESSAGES in said or semconv.OUTPUT_MESSAGES in said:
            given += _listed(said.get(semconv.INPUT_MESSAGES) or [])
            made += _listed(said.get(semconv.OUTPUT_MESSAGES) or [])
    for field, messages in (("input_messages", given), ("output_messages", made)):
        if messages:
            content[field] = [*_listed(content[field] or []), *messages]


__all__ = ["FIELDS", "message", "read"]
