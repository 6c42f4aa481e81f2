"""From the text of a variable, or an argument of a fitting type, to the value of a setting.

Every function here returns the value or raises ``ValueError``; :mod:`llmotel.config.config` says which setting it was.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from urllib.parse import unquote, urlsplit

from llmotel.config.masking import SecretUri, concealed

_TRUE, _FALSE = ("true", "1", "yes", "on"), ("false", "0", "no", "off")
_MODES = {
    "no_content": "NO_CONTENT",
    "span_only": "SPAN_ONLY",
    "event_only": "EVENT_ONLY",
    "span_and_event": "SPAN_AND_EVENT",
    # Other packages' documentation recommends true, which the conventions' own packages reject.
    "true": "SPAN_ONLY",
    "false": "NO_CONTENT",
}


def text(value: object) -> str:
    """A string that is not blank."""
    if isinstance(value, str) and value.strip():
        return value.strip()
    raise ValueError


def path(value: object) -> str:
    """A file's path, also as an ``os.PathLike``."""
    import os

    return text(os.fspath(value) if isinstance(value, os.PathLike) else value)


def flag(value: object) -> bool:
    """A truth value; of the words, only those that nobody can mistake."""
    if isinstance(value, bool):
        return value
    word = text(value).lower()
    if word in _TRUE or word in _FALSE:
        return word in _TRUE
    raise ValueError


def switch(value: object) -> str:
    """``auto``, or a truth value as ``true`` or ``false``."""
    if isinstance(value, str) and value.strip().lower() == "auto":
        return "auto"
    return "true" if flag(value) else "false"


def at_least(least: int) -> Callable[[object], int]:
    """A whole number, ``least`` or more."""

    def counted(value: object) -> int:
        number = int(text(value)) if isinstance(value, str) else value
        if isinstance(number, bool) or not isinstance(number, int) or number < least:
            raise ValueError
        return number

    return counted


count = at_least(1)


def _number(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise ValueError
    return float(value)


def positive(value: object) -> float:
    """A finite number above 0."""
    number = _number(value)
    if not 0 < number < float("inf"):
        raise ValueError
    return number


def ratio(value: object) -> float:
    """A number from 0 to 1."""
    number = _number(value)
    if not 0 <= number <= 1:
        raise ValueError
    return number


def choice(*names: str) -> Callable[[object], str]:
    """One of ``names``, in any case."""

    def chosen(value: object) -> str:
        word = text(value).lower()
        if word not in names:
            raise ValueError
        return word

    return chosen


def words(value: object) -> tuple[str, ...]:
    """A comma list, or an iterable of strings; doubles are dropped."""
    if isinstance(value, str):
        value = value.split(",")
    if not isinstance(value, Iterable) or isinstance(value, Mapping):
        raise ValueError
    found = [entry.strip() if isinstance(entry, str) else text(entry) for entry in value]
    return tuple(dict.fromkeys(entry for entry in found if entry))


def subset(*names: str) -> Callable[[object], tuple[str, ...]]:
    """``all``, ``none``, or some of ``names``."""

    def chosen(value: object) -> tuple[str, ...]:
        found = tuple(word.lower() for word in words(value))
        if found == ("all",):
            return names
        if found == ("none",) or (not found and not isinstance(value, str)):
            return ()
        if not found or not set(found) <= set(names):
            raise ValueError
        return found

    return chosen


def exporters(value: object) -> tuple[str, ...]:
    """A comma list of exporter names; ``none`` for no exporter. Whether they can be built is the pipeline's to say:
    names that only other tools know must not disturb an application whose providers are made elsewhere."""
    found = tuple(word.lower() for word in words(value))
    return () if found == ("none",) else found


def name(value: object) -> str:
    """A name, in lower case."""
    return text(value).lower()


def pairs(value: object) -> dict[str, str]:
    """``key=value`` pairs, comma separated and percent-encoded (W3C baggage, as OTEL_RESOURCE_ATTRIBUTES), or a
    mapping."""
    if isinstance(value, Mapping):
        return {text(key): str(entry) for key, entry in value.items()}
    found = {}
    for entry in text(value).split(","):
        if not entry.strip():
            continue
        key, equals, rest = entry.partition("=")
        if not equals or not key.strip():
            raise ValueError
        found[unquote(key.strip())] = unquote(rest.strip())
    return found


def attributes(value: object) -> dict[str, str]:
    """Pairs whose values are not shown by ``repr()``."""
    return concealed(pairs(value))


def headers(value: object) -> dict[str, str]:
    """Pairs whose keys are header names, in lower case as gRPC wants them. A value holds no line break and no other
    control character: every export would fail."""
    found = {key.lower(): entry for key, entry in pairs(value).items()}
    if any(not re.fullmatch(r"[!#$%&'*+.^_`|~0-9a-z-]+", key) for key in found):
        raise ValueError
    if any(not re.fullmatch(r"[^\x00-\x08\x0a-\x1f\x7f]*", entry) for entry in found.values()):
        raise ValueError
    return concealed(found)


def url(value: object) -> str:
    """``http(s)://host[:port][/path]``, or ``host[:port]`` as gRPC takes it too."""
    address = text(value)
    parts = urlsplit(address if "://" in address else f"http://{address}")
    if parts.scheme not in ("http", "https") or not parts.hostname or any(character.isspace() for character in address):
        raise ValueError
    parts.port  # noqa: B018  raises ValueError for what is no port
    return SecretUri(address)


def uri(value: object) -> str:
    """A path, or a URI of any scheme."""
    return SecretUri(text(value))


def content(value: object) -> str:
    """One of the four capture modes, in any case; a truth value means ``SPAN_ONLY`` or ``NO_CONTENT``."""
    mode = _MODES.get(text(str(value) if isinstance(value, bool) else value).lower())
    if mode is None:
        raise ValueError
    return mode


def function(value: object) -> Callable[..., object]:
    """Anything that can be called."""
    if not callable(value):
        raise ValueError
    return value


def hook(value: object) -> str | Callable[..., object]:
    """A name, or anything that can be called or has ``on_completion``."""
    if callable(value) or hasattr(value, "on_completion"):
        return value  # type: ignore[return-value]
    return text(value)
