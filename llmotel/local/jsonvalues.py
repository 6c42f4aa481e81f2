"""JSON as it is stored: compact, and valid whatever a sender put into its attributes."""

from __future__ import annotations

import base64
import json
import math
from typing import Any

_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode


def text(value: Any) -> str:
    """``value`` as JSON. Numbers that JSON has not are the words that OTLP has for them (``"NaN"``, ``"Infinity"``),
    bytes are base64."""
    try:
        return _encode(value)
    except (ValueError, TypeError):
        return _encode(_valid(value))


def parsed(value: str | None) -> Any:
    """What :func:`text` wrote."""
    return None if value is None else json.loads(value)


def _valid(value: Any) -> Any:
    if isinstance(value, float) and not math.isfinite(value):
        return "NaN" if value != value else "Infinity" if value > 0 else "-Infinity"
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    if isinstance(value, dict):
        return {str(key): _valid(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_valid(item) for item in value]
    return value


def embedded(value: Any) -> Any:
    """The value of a text that holds a JSON object or list, as attributes often do; any other as it is."""
    if isinstance(value, str) and value[:1] in ("{", "[") and len(value) < 64_000_000:
        try:
            return json.loads(value)
        except (ValueError, RecursionError):
            return value
    return value


def finite(value: Any) -> Any:
    """``value`` without numbers that JSON has not: they become ``None``."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict):
        return {key: finite(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [finite(item) for item in value]
    return value


__all__ = ["embedded", "finite", "parsed", "text"]
