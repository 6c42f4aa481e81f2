"""JSON text of content: encoding that does not run the user's code, and fitting into a size.

Text that fits is left as the C encoder wrote it; nothing else here is on the path of ordinary content.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from typing import Any

SHORTEST = 64
"""Bytes of JSON below which a string is not shortened: the note of what is missing takes up to 40."""

_NOTE = 40
_IDENTITY = ("role", "type", "name", "id", "finish_reason")  # says most in the fewest bytes, so it is cut last
_TRUNCATED = re.compile(r"…\[truncated ([0-9]{1,15}) bytes\]\Z")
_WHOLE_ESCAPES = re.compile(r"(?:[^\\]+|\\u.{4}|\\[^u])*")
_SPARE = 256  # bytes of room in which a part of a message is better than nothing of it
_NOTHING = object()


def type_name(value: object) -> str:
    """What stands for a value that JSON has no form for. Never its ``repr``: that is the user's code, and content."""
    return f"<{type(value).__name__}>"


encode = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":"), default=type_name).encode
"""Compact JSON. Raises for NaN, cycles, keys that are no strings and deep nesting; can leave lone surrogates in."""


def size_of(text: str) -> int:
    """Bytes of ``text`` in UTF-8."""
    return len(text.encode())


def fitted(document: list[Any], places: Sequence[tuple[Any, Any]], limit: int) -> tuple[str, int]:
    """The plain ``document`` as JSON text of at most ``limit`` bytes, and how many bytes that left out.

    The longest strings are shortened first; what still does not fit is left out from the middle. ``places`` are the
    (container, key) of the strings in ``document`` that may be shortened; it is changed in place.
    """
    text = encode(document)
    size = size_of(text)
    if size <= limit:
        return text, 0
    sizes = [size_of(encode(container[key])) for container, key in places]
    level = max(_level(sizes, size - limit), SHORTEST)
    for (container, key), length in zip(places, sizes, strict=True):
        if length > level and not (key in _IDENTITY and length <= 256):
            container[key] = shorten(container[key], level)
    text = encode(document)
    if size_of(text) > limit:
        text = encode(_pruned(document, limit))
    return text, size - size_of(text)


def shorten(text: str, room: int) -> str:
    """The head of ``text`` and a note of how many bytes are missing, in at most ``room`` (64 or more) bytes of JSON."""
    missing = 0
    if noted := _TRUNCATED.search(text):
        missing = int(noted[1])
        text = text[: noted.start()]
    whole = size_of(text)
    escaped = encode(text)[1:-1].encode()[: room - _NOTE].decode(errors="ignore")
    complete = _WHOLE_ESCAPES.match(escaped)
    head = json.loads(f'"{complete[0] if complete else ""}"')
    return f"{head}…[truncated {missing + whole - size_of(head)} bytes]"


def _level(sizes: Iterable[int], excess: int) -> int:
    """The size to which the longest of ``sizes`` have to come down for all of them to shrink by ``excess`` together."""
    ordered = sorted(sizes, reverse=True)
    total = 0
    for count, (size, following) in enumerate(zip(ordered, [*ordered, 0][1:], strict=True), 1):
        total += size
        level = (total - excess) // count
        if level >= following:
            return level
    return 0


def _pruned(value: Any, room: int, *, whole: bool = False) -> Any:
    """What of ``value`` fits into ``room`` bytes of JSON: of a list both ends, of an object its identity first."""
    if size_of(encode(value)) <= room:
        return value
    if whole:
        return _NOTHING
    if isinstance(value, str):
        return shorten(value, room) if room >= SHORTEST else _NOTHING
    if room < 2 or not isinstance(value, (dict, list)):
        return _NOTHING
    listed = isinstance(value, list)
    kept: dict[Any, Any] = {}
    room -= 2
    for key in _by_weight(value):
        if room < 2:
            break
        overhead = 1 if listed else size_of(encode(key)) + 2
        item = _pruned(value[key], room - overhead, whole=listed and bool(kept) and room < _SPARE)
        if item is not _NOTHING:
            kept[key] = item
            room -= size_of(encode(item)) + overhead
    if listed:
        return [kept[index] for index in sorted(kept)]
    return {key: kept[key] for key in value if key in kept}


def _by_weight(value: dict[str, Any] | list[Any]) -> Iterable[Any]:
    if isinstance(value, dict):
        return sorted(value, key=lambda key: _IDENTITY.index(key) if key in _IDENTITY else len(_IDENTITY))
    last = len(value) - 1
    return (last - turn // 2 if turn % 2 else turn // 2 for turn in range(last + 1))


__all__ = ["SHORTEST", "encode", "fitted", "shorten", "size_of", "type_name"]
