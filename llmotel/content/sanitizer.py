"""Plain copies of content: JSON values only, clean, redacted, and nothing of the caller's in them."""

from __future__ import annotations

import json
import math
import re
from typing import Any

from llmotel.content.redaction import NAMED_SECRET, Redactor
from llmotel.content.truncation import encode, size_of, type_name
from llmotel.content.weight import DEPTH
from llmotel.model.json_text import JsonText

MARGIN = 256
"""Characters behind a cut that redaction sees and nobody else, so that a secret which the cut would part is recognised:
half an address or half a card number looks like nothing. Of a longer secret the part before the cut does."""

_WORDS = {  # the conventions' own vocabulary: nobody's content
    "role": {"system", "developer", "user", "assistant", "tool"},
    "type": {"text", "reasoning", "tool_call", "tool_call_response", "blob", "uri", "file", "compaction", "function"},
    "modality": {"image", "video", "audio", "document"},
    "finish_reason": {"stop", "length", "content_filter", "tool_call", "compaction", "error"},
}
_KEYS = {"role", "parts", "type", "content", "id", "name", "arguments", "response", "finish_reason", "modality"}
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
    no form for, and what is nested deeper than ``DEPTH``, becomes its type's name. With ``blobs=False`` the bytes of a
    blob become their number. ``redactions`` counts what was redacted.
    """

    def __init__(self, redactor: Redactor | None = None, *, blobs: bool = True) -> None:
        self.redactions = 0
        self._redactor = redactor
        self._blobs = blobs

    def copy(self, value: Any, depth: int = 0) -> Any:
        """The plain copy of ``value``, which stands ``depth`` levels deep."""
        # By type, and with the base class's own methods: a subclass or a mock may do anything in its own.
        kind = type(value)
        if value is None or kind is bool:
            return value
        if kind is JsonText:
            return self.copy(value.value, depth)
        if issubclass(kind, str):
            return self.string(value)
        if issubclass(kind, int):
            return self._integer(int.__index__(value))
        if issubclass(kind, float):
            number = float.__float__(value)
            return number if math.isfinite(number) else str(number)
        if depth < DEPTH:
            if issubclass(kind, dict):
                return self._object(list(dict.items(value)), depth + 1)
            if issubclass(kind, list):
                return [self.copy(item, depth + 1) for item in list.copy(value)]
            if issubclass(kind, tuple):
                return [self.copy(item, depth + 1) for item in tuple.__iter__(value)]
        return type_name(value)

    def string(self, text: str, name: str = "") -> str:
        """``text`` cleaned and redacted. ``name`` is the key under which it stands."""
        text = _encodable(text)
        if self._redactor is None or text in _WORDS.get(name, ()):
            return text
        text, found = self._redactor.subn(text, name)
        self.redactions += found
        return _encodable(text)  # a custom redaction may return anything

    def head(self, text: str, length: int, name: str = "") -> tuple[str, int]:
        """The first ``length`` characters of ``text`` cleaned and redacted, and how many bytes of it are missing.

        No part of a secret is in it that the cut went through, as far as ``MARGIN`` goes. A custom redaction gets the
        head as it was cut."""
        if len(text) <= length:
            return self.string(text, name), 0
        head = _encodable(text[:length])
        whole = len(text) if text.isascii() else len(str.encode(text, errors="replace"))
        missing = whole - size_of(head)
        if self._redactor is None:
            return head, missing
        shown = _encodable(text[: length + MARGIN])
        if name and self._redactor.is_named_secret(name, shown):
            self.redactions += 1
            return NAMED_SECRET, 0
        cleaned, found = self._redactor.builtin(shown)
        if found:
            # What was redacted changed the length: as much is left off the end as was looked at for the redaction only.
            head = cleaned[: max(len(cleaned) - (len(shown) - length), 0)]
            self.redactions += found
        cleaned, found = self._redactor.customised(head)
        self.redactions += found
        return _encodable(cleaned), missing

    def key(self, key: Any) -> str:
        """``key`` of an object as a string, redacted."""
        if type(key) is str and key in _KEYS:
            return key
        if issubclass(type(key), str):
            return self._structural(_encodable(key))
        plain = self.copy(key, DEPTH)
        return plain if isinstance(plain, str) else encode(plain)

    def _object(self, items: list[tuple[Any, Any]], depth: int) -> dict[str, Any]:
        copied: dict[str, Any] = {}
        for key, item in items if self._blobs else without_bytes(items):
            name = self.key(key)
            if type(item) is JsonText:
                item = item.value
            copied[name] = self.string(item, name) if issubclass(type(item), str) else self.copy(item, depth)
        return copied

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


def without_bytes(items: list[tuple[Any, Any]]) -> list[tuple[Any, Any]]:
    """The items of an object; of one that is a blob part, with the size of its content in place of the content."""
    found: dict[str, Any] = {name: item for name, item in items if type(name) is str and name in ("type", "content")}
    kind = found.get("type")
    if type(kind) is not str or kind != "blob":
        return items
    kept = [item for item in items if type(item[0]) is not str or item[0] != "content"]
    content = found.get("content")
    if isinstance(content, str):
        kept.append(("size", (len(content) - content[-2:].count("=")) * 3 // 4))  # base64
    elif isinstance(content, (bytes, bytearray)):
        kept.append(("size", len(content)))
    return kept


__all__ = ["MARGIN", "JsonSanitizer", "to_otlp_value", "without_bytes"]
