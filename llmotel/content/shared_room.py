"""Strings that are too long to be kept whole, and the room that they share: the longest are shortened first."""

from __future__ import annotations

import math

from llmotel.content.redaction import Redactor
from llmotel.content.sanitizer import JsonSanitizer
from llmotel.content.truncation import NOTE, SHORTEST, encode, level, shorten, size_of

_SAMPLE = 128  # characters at three places of a string by which its size in JSON is judged


class LongText:
    """A string that is shortened when it is known how much room all of them have.

    ``size`` is what it takes at the least, and in the end what ``json`` takes; ``missing`` the bytes that were cut off.
    """

    __slots__ = ("json", "missing", "name", "ready", "size", "source")

    def __init__(self, source: str, name: str, size: int, ready: str | None) -> None:
        self.source = source
        self.name = name
        self.size = size
        self.ready = ready  # cleaned and redacted, once it is known how much of it may be needed
        self.json = ""
        self.missing = 0


class SharedRoom:
    """The long strings of a document. Encodes and redacts no more of them than has a place, and a margin."""

    def __init__(self, limit: int, redactor: Redactor | None) -> None:
        self.redactions = 0
        self.missing = 0
        self._limit = limit
        self._redactor = redactor
        self._texts: list[LongText] = []

    def add(self, source: str, name: str, size: int, ready: str | None = None) -> LongText:
        """One more, which takes ``size`` bytes at the least. ``name`` is its key; ``ready`` what became of it, if that
        is known already."""
        self._texts.append(text := LongText(source, name, size, ready))
        return text

    def spend(self, room: int) -> None:
        """Makes the JSON of all of them: they share what they take at the least, and ``room`` bytes."""
        texts = self._texts
        room += sum([text.size for text in texts])
        for text in texts:
            text.size = self._expected(text)
        most = _bound(texts, room)
        for text in texts:
            self._prepare(text, most)
        most = _bound(texts, room)
        for text in texts:
            if text.size > most and text.ready is not None:
                shown, text.missing = shorten(text.ready, int(most), text.missing)
                text.json = encode(shown)
            self.missing += text.missing

    def _expected(self, text: LongText) -> int:
        """About how many bytes of JSON a string takes, by its length and by parts of what may be kept of it."""
        if text.ready is not None:
            return size_of(encode(text.ready))
        source, end = text.source, min(len(text.source), self._limit)
        sample = source[:_SAMPLE] + source[end // 2 : end // 2 + _SAMPLE] + source[max(end - _SAMPLE, 0) : end]
        return len(encode(sample).encode(errors="replace")) * len(source) // len(sample)

    def _prepare(self, text: LongText, most: float) -> None:
        if text.ready is None:
            sanitizer = JsonSanitizer(self._redactor)
            length = len(text.source)
            if text.size > most:
                length = max(int(length * (most - NOTE - 2) / text.size), 0)
            text.ready, text.missing = sanitizer.head(text.source, length, text.name)
            self.redactions += sanitizer.redactions
        text.json = encode(f"{text.ready}…[truncated {text.missing} bytes]" if text.missing else text.ready)
        text.size = size_of(text.json)


def _bound(texts: list[LongText], room: int) -> float:
    """The bytes that none of ``texts`` may exceed, so that all of them fit into ``room``."""
    sizes = [text.size for text in texts]
    excess = sum(sizes) - room
    return max(level(sizes, excess), SHORTEST) if excess > 0 else math.inf


__all__ = ["LongText", "SharedRoom"]
