"""What a request asks for, as far as the default replies look: the last thing said, the tool that should be called,
and how many tokens there are."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, NamedTuple

from llmotel.testing.reply import Request
from llmotel.testing.samples import strings, tokens


class Tool(NamedTuple):
    """A tool that the request offers: its name, the JSON schema of its arguments, its kind (``function``, or the
    provider's own such as ``web_search``)."""

    name: str
    schema: Any
    kind: str = "function"


def objects(value: object) -> list[dict[str, Any]]:
    """The JSON objects of a list; nothing for what is no list."""
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def text(content: object) -> str:
    """The text of a message's content: a string, or the texts of its parts."""
    if isinstance(content, str):
        return content
    return " ".join(part["text"] for part in objects(content) if isinstance(part.get("text"), str))


def tool_of(tools: Sequence[Tool], choice: str, said: str | None) -> Tool | None:
    """The tool to call. ``choice`` is ``none``, ``any``, a tool's name, or ``auto``: then it is the first tool with a
    word of four letters or more in its name that ``said`` contains. ``said`` is ``None`` when the last turn is not
    the user's.
    """
    if choice == "none":
        return None
    if choice == "any":
        return tools[0] if tools else None
    for tool in tools:
        if tool.name == choice:
            return tool
    spoken = (said or "").lower()
    for tool in tools:
        if any(word in spoken for word in re.findall(r"[a-z]{4,}", tool.name.lower())):
            return tool
    return None


def answer(said: str, result: str | None = None) -> str:
    """What the default replies say: they repeat the user's words, or a tool's ``result``."""
    if result is not None:
        return f"Here is what I found: {result}"
    return f"You said: {said}" if said else "Hello! How can I help you today?"


def size(request: Request) -> int:
    """Tokens of the request: of every string in its body but the model's name, and one at least."""
    body = request.json if isinstance(request.json, dict) else {}
    return max(1, sum(tokens(string) for key, value in body.items() if key != "model" for string in strings(value)))
