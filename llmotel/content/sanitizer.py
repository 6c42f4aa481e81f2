"""Plain copies of content: JSON values only, clean, redacted, and nothing of the caller's in them."""

from __future__ import annotations

import json
import math
import re
from typing import Any

from llmotel.content.redaction import Redactor
from llmotel.content.truncation import SHORTEST, encode, fitted, size_of, type_name

DEPTH = 24
"""Levels of nesting that a plain copy keeps. OTLP spends three protobuf messages on one level of a structured value and
protobuf refuses a hundred: one deeper value would cost the whole batch."""

_WORDS = {  # the conventions' own vocabulary: nobody's content
    "role": {"system", "developer", "user", "assistant", "tool"},
    "type": {"text", "reasoning", "tool_call", "tool_call_response", "blob", "uri", "file", "compaction", "function"},
    "modality": {"image", "video", "audio", "document"},
    "finish_reason": {"stop", "length", "content_filter", "tool_call", "compaction", "error"},
}
_KEYS = {"role", "parts", "type", "content", "id", "name", "arguments", "response", "finish_reason", "modality"}
_MESSAGE = 32  # bytes that a message takes at the least
_STRINGS = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*"')
_NO_BRACKETS = bytes(set(range(256)) - set(b"[]{}"))


def _int64(digits: str) -> int | str:
    number = int(digits)
    return number if -(1 << 63) <= number < 1 << 63 else digits


_decode = json.JSONDecoder(parse_int=_int64).decode


def to_otlp_value(text: str) -> Any:
    """The value of a JSON text, as OTLP can hold it: no integer beyond 64 bits, nothing deeper than ``DEPTH``."""
    value = _decode(text)
    return JsonSanitizer().copy(value) if text.count("[") + text.count("{") > DEPTH and _is_deep(text) else value


def _is_deep(text: str) -> bool:
    brackets = _STRINGS.sub("", text).encode().translate(None, _NO_BRACKETS)
    for _ in range(DEPTH):  # each time the innermost pairs fall out
        brackets = brackets.replace(b"[]", b"").replace(b"{}", b"")
    return bool(brackets)


class JsonSanitizer:
    """Copies content as plain JSON values, so that nothing of the caller's is shared, changed or run.

    Each string is freed of lone surrogates and redacted, as are keys and integers that are card numbers. What JSON has
    no form for, and what is nested deeper than ``DEPTH``, becomes its type's name.

    With ``limit`` the copy is for a text of at most so many bytes: a blob's bytes become their number, and a string
    that alone is over the limit is shortened before anything else looks at it.

    ``redactions`` counts what was redacted, ``left_out`` the bytes that the limit cost (at least so many).
    """

    def __init__(self, redactor: Redactor | None = None, limit: int | None = None) -> None:
        self.redactions = 0
        self.left_out = 0
        self._redactor = redactor
        self._limit = limit
        self._share: float = math.inf  # how many values may still be copied
        self._places: list[tuple[Any, Any]] = []  # (container, key) of the strings that could be shortened

    def copy(self, value: Any) -> Any:
        """The plain copy of ``value``."""
        return self._value(value, 0)

    def text(self, values: list[Any], limit: int, *, fits: bool) -> str:
        """The copy of ``values`` as JSON text of at most ``limit`` bytes.

        ``fits`` says that the text of ``values`` is no longer than that; otherwise no more values are copied than could
        have a place in it.
        """
        copies: list[Any] = []
        if not fits:
            values = self._ends(values, limit // _MESSAGE)
        for value in values:
            if not fits:  # each message has a share of its own, so that the last is not starved by the first
                self._share = max(256, limit // 2 // len(values))
            self._store(copies, None, value, 1)
        text, missing = fitted(copies, self._places, limit)
        self.left_out += missing
        return text

    def string(self, text: str, name: str = "") -> str:
        """``text`` cleaned and redacted. ``name`` is the key under which it stands."""
        text = _encodable(text)
        if text in _WORDS.get(name, ()):
            return text
        if self._limit is not None and len(text) > self._limit:
            head = _prefix(text, self._limit)
            missing = size_of(text) - size_of(head)
            self.left_out += missing
            text = f"{head}…[truncated {missing} bytes]"
        if self._redactor is not None:
            text, found = self._redactor.subn(text, name)
            self.redactions += found
            text = _encodable(text)  # a custom redaction may return anything
        return text

    def _value(self, value: Any, depth: int) -> Any:
        # By type, and with the base class's own methods: a subclass or a mock may do anything in its own.
        kind = type(value)
        if value is None or kind is bool:
            return value
        if issubclass(kind, str):
            return self.string(value)
        if issubclass(kind, int):
            return self._integer(int.__index__(value))
        if issubclass(kind, float):
            number = float.__float__(value)
            return number if math.isfinite(number) else str(number)
        if depth < DEPTH:
            if issubclass(kind, dict):
                return self._object(value, depth + 1)
            if issubclass(kind, list):
                return self._array(list.copy(value), depth + 1)
            if issubclass(kind, tuple):
                return self._array(list(tuple.__iter__(value)), depth + 1)
        return type_name(value)

    def _object(self, value: dict[Any, Any], depth: int) -> dict[str, Any]:
        items = list(dict.items(value))
        kind = dict.get(value, "type")
        if self._limit is not None and type(kind) is str and kind == "blob":
            items = _without_bytes(items)
        copied: dict[str, Any] = {}
        for key, item in self._ends(items, self._share):
            self._store(copied, self._key(key), item, depth)
        return copied

    def _array(self, values: list[Any], depth: int) -> list[Any]:
        copied: list[Any] = []
        for value in self._ends(values, self._share):
            self._store(copied, None, value, depth)
        return copied

    def _store(self, container: Any, key: str | None, value: Any, depth: int) -> None:
        self._share -= 1
        plain = self.string(value, key or "") if issubclass(type(value), str) else self._value(value, depth)
        if key is None:
            container.append(plain)
        else:
            container[key] = plain
        if isinstance(plain, str) and len(plain) > SHORTEST // 6:  # an escape takes up to six bytes
            self._places.append((container, len(container) - 1 if key is None else key))

    def _ends(self, values: list[Any], most: float) -> list[Any]:
        """``values``, or the first and the last of them if they are too many."""
        if len(values) <= most:
            return values
        half = max(int(most) // 2, 0)
        end = len(values) - half
        try:
            self.left_out += size_of(encode(values[half:end]))
        except Exception:  # no JSON: not worth a closer look, since nothing of it is kept
            self.left_out += 2 * (end - half)
        return values[:half] + values[end:]

    def _key(self, key: Any) -> str:
        if type(key) is str and key in _KEYS:
            return key
        if issubclass(type(key), str):
            return self._structural(_encodable(key))
        plain = self._value(key, DEPTH)
        return plain if isinstance(plain, str) else encode(plain)

    def _integer(self, value: int) -> int | str:
        if -(10**11) < value < 10**11:
            return value
        if value.bit_length() > 512:
            return type_name(value)
        digits = str(value)
        text = self._structural(digits)
        return _int64(digits) if text == digits else text

    def _structural(self, text: str) -> str:
        """Text that a custom redaction does not see: that is for what people and models write."""
        if self._redactor is not None:
            text, found = self._redactor.builtin(text)
            self.redactions += found
        return text


def _encodable(text: str) -> str:
    try:
        str.encode(text)
    except UnicodeEncodeError:
        return str.encode(text, "utf-8", "replace").decode()
    return str.__str__(text)


def _without_bytes(items: list[tuple[Any, Any]]) -> list[tuple[Any, Any]]:
    """A blob part's items, with the size of its content in place of the content."""
    kept = [item for item in items if item[0] != "content"]
    content = dict(items).get("content")
    if isinstance(content, str):
        kept.append(("size", len(content.rstrip("=")) * 3 // 4))  # base64
    elif isinstance(content, (bytes, bytearray)):
        kept.append(("size", len(content)))
    return kept


def _prefix(text: str, length: int) -> str:
    """At most ``length`` characters of ``text``, without the word or the digits that the cut would part: half a secret
    is not recognised any more."""
    head = text[:length]
    end = max(head.rfind(separator, length - 1024) for separator in " \n\t\"',;&<>")
    return head if end < 0 else head[:end].rstrip("0123456789 -")


__all__ = ["DEPTH", "JsonSanitizer", "to_otlp_value"]
