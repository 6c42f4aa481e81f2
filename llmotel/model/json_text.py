"""JSON text that stands for the structure in it: the arguments of tool calls, which APIs send as text."""

from __future__ import annotations

import json
from typing import Any


class JsonText:
    """Decoded when somebody wants the structure: a conversation brings every tool call along with each turn, and most
    of them are recorded as they were before, or not at all."""

    __slots__ = ("text",)

    def __init__(self, text: str) -> None:
        self.text = text

    @property
    def value(self) -> Any:
        """The structure that the text holds, or the text where it holds none."""
        try:
            return json.loads(self.text)
        except (ValueError, RecursionError):
            return self.text

    def __eq__(self, other: object) -> bool:
        return type(other) is JsonText and self.text == other.text

    def __hash__(self) -> int:
        return hash(self.text)


def resolved(value: Any) -> Any:
    """A copy of ``value``, a part of a message or a list of messages, with the structures themselves."""
    if type(value) is JsonText:
        return value.value
    if type(value) is dict:
        return {key: resolved(item) for key, item in value.items()}
    if type(value) is list:
        return [resolved(item) for item in value]
    return value


__all__ = ["JsonText", "resolved"]
