"""Values of attributes as columns hold them. What does not fit is ``None`` here, and stays an
attribute."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from llmotel.local.names import FLAG, INTEGER, NUMBER, TEXT, WORDS

_LONGEST = 1024  # characters of what calls are grouped and filtered by
INT64 = (1 << 63) - 1
_INT32 = (1 << 31) - 1


def text(value: Any) -> str | None:
    """A name, an id; what is no text is shown as such."""
    if isinstance(value, str):
        return value[:_LONGEST] or None
    if value is None or isinstance(value, (list, dict, bytes)):
        return None
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def integer(value: Any) -> int | None:
    """A count: 0 or more, also where it was sent as a text or a float."""
    if isinstance(value, bool):
        return None
    if not isinstance(value, int):
        try:
            number = float(value)
        except (TypeError, ValueError):
            return None
        if not math.isfinite(number) or number != int(number):
            return None
        value = int(number)
    return value if 0 <= value <= INT64 else None


def small(value: Any) -> int | None:
    """As :func:`integer`, for a column of 32 bits."""
    found = integer(value)
    return found if found is not None and found <= _INT32 else None


def number(value: Any) -> float | None:
    """A finite amount of 0 or more."""
    if isinstance(value, bool):
        return None
    try:
        found = float(value)
    except (TypeError, ValueError, OverflowError):
        return None
    return found if 0 <= found < math.inf else None


def flag(value: Any) -> bool | None:
    """Yes or no."""
    if isinstance(value, bool):
        return value
    if isinstance(value, str) and value.lower() in ("true", "false"):
        return value.lower() == "true"
    return None


def words(value: Any) -> str | None:
    """A list of words in one text, separated by commas."""
    if isinstance(value, (list, tuple)):
        return ",".join(str(item) for item in value if item is not None)[:_LONGEST] or None
    return text(value)


CONVERSIONS: dict[str, Callable[[Any], Any]] = {
    TEXT: text,
    INTEGER: integer,
    NUMBER: number,
    FLAG: flag,
    WORDS: words,
}

SMALL = frozenset({"http_status", "retries", "citation_count", "source_count"})

__all__ = ["CONVERSIONS", "INT64", "SMALL", "flag", "integer", "number", "small", "text", "words"]
