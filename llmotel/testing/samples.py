"""The ingredients of the bodies that the loopback server sends: ids, token counts, pieces of text, values of a JSON
schema, a picture and a sound. All are deterministic: the same arguments give the same value in every run."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from typing import Any

CREATED = 1_767_225_600
"""2026-01-01T00:00:00Z, the time of everything: a real clock would make snapshots differ from run to run."""

_BASE62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"

PNG = (  # one transparent pixel, base64
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg=="
)
MP3 = b"\xff\xfb\x90\x00" + bytes(413)
"""One silent MPEG-1 layer III frame (128 kbit/s, 44.1 kHz)."""


def ident(prefix: str, *seed: object, length: int = 24) -> str:
    """``prefix`` and ``length`` characters of base 62 (at most 42), made from ``seed``."""
    number = int.from_bytes(hashlib.sha256(repr(seed).encode("utf-8", "backslashreplace")).digest(), "big")
    digits = []
    for _ in range(length):
        number, digit = divmod(number, 62)
        digits.append(_BASE62[digit])
    return prefix + "".join(digits)


def hexid(prefix: str, *seed: object, length: int = 50) -> str:
    """``prefix`` and ``length`` hexadecimal digits (at most 64), made from ``seed``."""
    return prefix + hashlib.sha256(repr(seed).encode("utf-8", "backslashreplace")).hexdigest()[:length]


def tokens(text: str) -> int:
    """About what a tokenizer would count: a token per four characters, and one at least unless ``text`` is empty."""
    return (len(text) + 3) // 4


def pieces(text: str) -> list[str]:
    """``text`` cut where a model would stream it: a word with the blanks before it. Joined they are ``text`` again."""
    return re.findall(r"\s*\S+|\s+$", text)


def strings(value: object) -> Iterator[str]:
    """Every string in a JSON value, in order; keys are not values."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for inner in value.values():
            yield from strings(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from strings(inner)


def value_of(schema: Any, root: Any = None) -> Any:
    """A value that a JSON schema accepts: every property filled, one item per array, the first of any choice.

    Knows ``$ref`` into the same schema, ``const``, ``enum``, ``anyOf``, ``oneOf``, ``allOf``, ``minimum`` and the
    types; lengths, patterns and formats are not looked at.
    """
    root = schema if root is None else root
    if not isinstance(schema, dict):
        return None
    if isinstance(reference := schema.get("$ref"), str):
        target = root
        for part in reference.removeprefix("#/").split("/"):
            target = target.get(part) if isinstance(target, dict) else None
        return value_of(target, root)
    if "const" in schema:
        return schema["const"]
    for key in ("enum", "anyOf", "oneOf", "allOf"):
        if isinstance(choices := schema.get(key), list) and choices:
            return choices[0] if key == "enum" else value_of(choices[0], root)
    kind = schema.get("type", "object" if "properties" in schema else None)
    if isinstance(kind, list):
        kind = kind[0] if kind else None
    if kind == "object":
        return {name: value_of(inner, root) for name, inner in (schema.get("properties") or {}).items()}
    if kind == "array":
        return [value_of(schema.get("items"), root)]
    return {
        "string": "text",
        "integer": schema.get("minimum", 1),
        "number": schema.get("minimum", 1.5),
        "boolean": True,
    }.get(kind or "null")
