"""What a variable of the stack accepts: each kind with its test and the words for an error message."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from typing import NamedTuple


class Kind(NamedTuple):
    """One kind of value. ``fits`` says whether a text is one; ``accepted`` is what a person is told."""

    accepted: str
    fits: Callable[[str], bool]


def _pattern(pattern: str) -> Callable[[str], bool]:
    found = re.compile(pattern)
    return lambda text: found.fullmatch(text) is not None


def _between(low: float, high: float, number: Callable[[str], float]) -> Callable[[str], bool]:
    def fits(text: str) -> bool:
        try:
            return low <= number(text) <= high
        except ValueError:
            return False

    return fits


def _compiles(text: str) -> bool:
    try:
        re.compile(text)
    except re.error:
        return False
    return "}" not in text  # it would end the ${...} in which the collector reads it


TEXT = Kind("a text", lambda text: bool(text.strip()))
SECRET = Kind("a secret, without blanks at its ends", lambda text: text == text.strip() != "")
FLAG = Kind("true or false", _pattern("true|false"))
COUNT = Kind("a whole number, 1 or more", _between(1, math.inf, int))
PORT = Kind("a port, 1 to 65535", _between(1, 65535, int))
PERCENT = Kind("a number from 0 to 100, without a sign", _between(0, 100, float))
SHARE = Kind("a number from 0 to 1", _between(0, 1, float))
AMOUNT = Kind("a number, 0 or more", _between(0, 1e15, float))
DURATION = Kind("a duration such as 500ms, 30s or 12h", _pattern(r"(?:[0-9]+(?:\.[0-9]+)?(?:ms|s|m|h))+"))
DAYS = Kind("a duration such as 40d or 12h", _pattern(r"(?:[0-9]+[smhdwy])+"))
MEMORY = Kind("an amount of memory such as 512m or 2g", _pattern(r"[0-9]+[bkmgBKMG]?"))
GO_MEMORY = Kind("an amount of memory such as 1600MiB", _pattern("[0-9]+(?:B|KiB|MiB|GiB)"))
URL = Kind("a URL that begins with http:// or https://", _pattern(r"https?://[^\s/]\S*"))
DATA_URL = Kind("a URL such as tcp://clickhouse:9000", _pattern(r"(?:tcp|https?|clickhouse)://[^\s/]\S*"))
ADDRESS = Kind("HOST:PORT, without http://", _pattern(r"(?:[\w.-]+|\[[0-9a-fA-F:]+\]):[0-9]{1,5}"))
HOST = Kind("an address of this machine, such as 127.0.0.1", _pattern(r"[\w.:-]+"))
BASE64 = Kind("base64 of NAME:SECRET", _pattern(r"[A-Za-z0-9+/]{8,}={0,2}"))
REGEX = Kind("a regular expression without }", _compiles)
PATH = Kind("an absolute path", _pattern(r"/\S.*"))


def one_of(*words: str) -> Kind:
    """The kind whose values are ``words``."""
    return Kind(" or ".join(words), lambda text: text in words)


__all__ = ["Kind", "one_of"]
