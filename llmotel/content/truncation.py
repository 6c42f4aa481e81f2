"""JSON text of content: encoding that does not run the user's code, and strings cut to a size."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable

from llmotel.model.json_text import JsonText

SHORTEST = 64
"""Bytes of JSON below which a string is not shortened: the note of what is missing takes up to 40."""

NOTE = 40
"""Bytes that the note of what is missing takes at the most."""

_WHOLE_ESCAPES = re.compile(r"(?:[^\\]+|\\u.{4}|\\[^u])*")


def type_name(value: object) -> str:
    """What stands for a value that JSON has no form for. Never its ``repr``: that is the user's code, and content."""
    return f"<{type(value).__name__}>"


def _otherwise(value: object) -> object:
    return value.value if type(value) is JsonText else type_name(value)


encode = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":"), default=_otherwise).encode
"""Compact JSON. Raises for NaN, cycles, keys that are no strings and deep nesting; can leave lone surrogates in."""


def size_of(text: str) -> int:
    """Bytes of ``text`` in UTF-8; a lone surrogate is a ``UnicodeEncodeError``."""
    return len(text) if text.isascii() else len(text.encode())


def shorten(text: str, room: int, missing: int = 0) -> tuple[str, int]:
    """The head of ``text`` and a note of how many bytes are missing, in at most ``room`` (64 or more) bytes of JSON;
    and that number. ``missing`` of them were cut off ``text`` before."""
    whole = size_of(text)
    escaped = encode(text[:room])[1:-1].encode()[: room - NOTE].decode(errors="ignore")
    complete = _WHOLE_ESCAPES.match(escaped)
    head = json.loads(f'"{complete[0] if complete else ""}"')
    missing += whole - size_of(head)
    return f"{head}…[truncated {missing} bytes]", missing


def level(sizes: Iterable[int], excess: int) -> int:
    """The size to which the longest of ``sizes`` have to come down for all of them to shrink by ``excess`` together."""
    ordered = sorted(sizes, reverse=True)
    total = 0
    for count, (size, following) in enumerate(zip(ordered, [*ordered, 0][1:], strict=True), 1):
        total += size
        found = (total - excess) // count
        if found >= following:
            return found
    return 0


__all__ = ["NOTE", "SHORTEST", "encode", "level", "shorten", "size_of", "type_name"]
