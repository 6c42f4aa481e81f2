"""The elements of a list or an object of which not all have a place."""

from __future__ import annotations

from typing import Any

from llmotel.content.redaction import Redactor
from llmotel.content.sanitizer import JsonSanitizer
from llmotel.content.truncation import encode, size_of

IDENTITY = ("role", "type", "name", "id", "finish_reason")
"""Keys that say most in the fewest bytes: they are kept before others, and not shortened."""


class Element:
    """A value of a container; ``prefix`` is the key before it, ``overhead`` what takes room besides the value itself.
    It does not fit where the key alone takes all the room. ``redactions`` are those in the key, ``reserve`` is room
    that is set aside for it."""

    __slots__ = ("fits", "index", "name", "overhead", "prefix", "redactions", "reserve", "value")

    def __init__(self, index: int, value: Any, name: str = "", prefix: str = "", *, fits: bool = True) -> None:
        self.index = index
        self.value = value
        self.name = name
        self.prefix = prefix
        self.overhead = size_of(prefix) + 1
        self.fits = fits
        self.redactions = 0
        self.reserve = 0


def keyed_element(index: int, item: tuple[Any, Any], room: int, redactor: Redactor | None) -> Element:
    """An element of an object: its key cleaned and redacted."""
    key, value = item
    if issubclass(type(key), str) and str.__len__(key) > room:
        return Element(index, value, fits=False)
    sanitizer = JsonSanitizer(redactor)
    name = sanitizer.key(key)
    element = Element(index, value, name, f"{encode(name)}:")
    element.redactions = sanitizer.redactions
    return element


__all__ = ["IDENTITY", "Element", "keyed_element"]
