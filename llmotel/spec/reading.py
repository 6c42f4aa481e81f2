"""Reading SDK objects, dicts and nonsense alike: the helpers of pure readers. None raises for any JSON value."""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Mapping
from typing import Any

from llmotel.model.inference import Inference, Params
from llmotel.model.json_text import JsonText

_ATOMS = frozenset((str, bool, int, float, type(None), JsonText))
_COUNTS = frozenset((int, type(None)))
_MOST = 1 << 63  # OTLP holds integers of 64 bits; one larger value would cost the whole export


def get(value: Any, name: str) -> Any:
    """The field ``name`` of a dict or of an SDK object, ``None`` where there is none."""
    if type(value) is dict:
        return value.get(name)
    if value is None:
        return None
    # pydantic answers for a field that is not there in Python code, ten times slower than for one that is.
    try:
        fields = value.__dict__
    except AttributeError:
        return getattr(value, name, None)
    if name in fields:
        return fields[name]
    extra = getattr(value, "__pydantic_extra__", fields)
    if extra is fields:
        return getattr(value, name, None)
    return extra.get(name) if extra else None


def fields(value: Any) -> Mapping[str, Any]:
    """All fields of a dict or of an SDK object, those unknown to the SDK included, to read several of them cheaply."""
    if type(value) is dict:
        return value
    if type(value) is Fields:
        return value.fields
    match value:
        case object(__dict__=known, __pydantic_extra__=extra):
            return {**known, **extra} if extra else known or {}
    return getattr(value, "__dict__", None) or {}


def path(value: Any, *names: str) -> Any:
    """The field at the end of ``names``, ``None`` where the way there breaks off."""
    for name in names:
        value = get(value, name)
        if value is None:
            return None
    return value


def items(value: Any) -> list[Any] | tuple[Any, ...]:
    """``value`` if it is a list or tuple, else an empty one. A generator is left alone: reading would eat it."""
    return value if isinstance(value, (list, tuple)) else ()


def text(value: Any) -> str | None:
    """A non-empty string, or ``None``; of an enum that is a string, its text."""
    if type(value) is str:
        return value or None
    return str.__str__(value) or None if isinstance(value, str) else None


def count(value: Any) -> int | None:
    """A number of things: a non-negative int (never a bool) that OTLP can hold, or ``None``."""
    if type(value) is int:
        return value if 0 <= value < _MOST else None
    if type(value) is float and 0 <= value < _MOST and value.is_integer():
        return int(value)
    return None


def counts(value: Any, names: tuple[str, ...]) -> list[int | None]:
    """The fields ``names`` of a dict or of an SDK object, each as :func:`count` reads it."""
    found = [*map(fields(value).get, names)]
    if _COUNTS.issuperset(map(type, found)):
        given = [*filter(None, found)]
        if not given or (min(given) >= 0 and max(given) < _MOST):
            return found
    return [count(one) for one in found]


def number(value: Any) -> float | None:
    """An int or float, also of a class of their own, as a float; ``None`` for anything else, bools and NaN included."""
    if isinstance(value, (float, int)) and value is not True and value is not False:
        converted = float(value) if abs(value) < 1e300 else None
        return converted if converted == converted else None
    return None


def params(inference: Inference, body: Any, table: Params) -> None:
    """Copies the body's plain parameters into the record, each under its attribute name, when it has the right type."""
    if type(body) is not dict and not isinstance(body, Mapping):
        return
    attributes = inference.attributes
    for key, value in body.items():
        if key in table:
            name, kind = table[key]
            if type(value) is not kind or kind is int:
                value = _converted(value, kind)
            if value is not None:
                attributes[name] = value


def _converted(value: Any, kind: type) -> Any:
    if kind is str:
        return text(value)
    if kind is float:
        return number(value)
    whole = number(value)
    return int(value) if whole is not None and -_MOST < value < _MOST and whole.is_integer() else None


def strings(value: Any) -> tuple[str, ...]:
    """The strings of a list, or a lone string, as a tuple."""
    if isinstance(value, str):
        return (str.__str__(value),)
    return tuple(str.__str__(item) for item in items(value) if isinstance(item, str))


def plain(value: Any, depth: int = 12) -> Any:
    """A copy of ``value`` in JSON types, so that what the caller does to it later changes nothing in the telemetry.

    SDK objects become dicts of their public fields; what cannot be copied becomes its type's name.
    """
    kind = type(value)
    if kind in _ATOMS or isinstance(value, (str, int, float)):
        return value
    if depth <= 0:
        return f"<{kind.__name__}>"
    if kind is dict:  # what nearly all of it is made of
        return {
            key if type(key) is str else str(key): item if type(item) in _ATOMS else plain(item, depth - 1)
            for key, item in value.items()
        }
    if kind is list:
        return [item if type(item) in _ATOMS else plain(item, depth - 1) for item in value]
    if isinstance(value, Fields):
        value = value.fields
    if isinstance(value, Mapping):
        return {str(key): plain(item, depth - 1) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item, depth - 1) for item in value]
    fields = getattr(value, "__dict__", None)
    if isinstance(fields, dict) and hasattr(value, "model_fields_set"):
        return {key: plain(item, depth - 1) for key, item in fields.items() if item is not None}
    return f"<{type(value).__name__}>"


def parsed(value: Any) -> Any:
    """The JSON value in a text or in bytes; ``None`` where there is none, and for anything else, a file say."""
    if not isinstance(value, (str, bytes, bytearray)):
        return None
    try:
        return json.loads(value)
    except (ValueError, RecursionError):
        return None


def base64_text(value: Any) -> str | None:
    """Bytes in base64, as they travel in JSON; a text is there already."""
    return b64encode(value).decode() if isinstance(value, (bytes, bytearray)) else text(value)


class Fields:
    """Decoded JSON with the looks of an SDK object, so that one reader serves both: a field is an attribute, ``None``
    where there is none."""

    __slots__ = ("fields",)

    def __init__(self, fields: dict[str, Any]) -> None:
        self.fields = fields

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):  # what Python or pydantic looks for is never a field
            raise AttributeError(name)
        return wrapped(self.fields.get(name))


def wrapped(value: Any) -> Any:
    """``value`` with every dict in it as :class:`Fields`."""
    if type(value) is dict:
        return Fields(value)
    if type(value) is list:
        return [wrapped(item) for item in value]
    return value
