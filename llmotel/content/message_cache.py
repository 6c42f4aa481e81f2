"""JSON of messages that were rendered before: a conversation is sent again with every turn, and only its end is new."""

from __future__ import annotations

import threading
from collections.abc import Hashable
from typing import Any, NamedTuple

from llmotel.model.json_text import JsonText

MAX_BYTES = 1 << 20
"""Content that is kept in memory at the most, counted in characters of the messages and of their JSON."""

_VALUES = 40  # of a message; to compare more of them takes as long as to encode them
_FRAME = len('{"role":"","parts":[{"type":"","content":""}]}')
_ENTRY = 200  # bytes that an entry takes besides its texts


class Fragment(NamedTuple):
    """JSON text, its bytes in UTF-8, and how many redactions are in it."""

    json: str
    size: int
    redactions: int = 0


class MessageCache:
    """Remembers what messages became, by their whole value.

    **Correct when a message is changed in place**: the key is made anew for each call, of the message's structure and
    of the very strings in it, which cannot change. Two messages have the same key exactly when they have the same
    JSON. To look one up costs no pass over its text where the strings are those of the turn before: Python keeps the
    hash of a string with it, and compares it with itself by identity.

    **What it keeps alive**: the strings of at most ``MAX_BYTES`` of content, until newer ones take their place or
    :meth:`close`. Strings take no weak references. Messages in which something was redacted are not kept, so that no
    secret lives longer than the caller lets it.

    Two generations: what was not asked for while half of the room was filled anew is dropped. Safe in threads; one
    that finds another storing does not wait, and stores nothing. A forked child in which the lock is held for ever
    therefore goes without.
    """

    def __init__(self, limit: int = MAX_BYTES) -> None:
        self._half = limit // 2
        self._size = 0
        self._young: dict[Hashable, Fragment] = {}
        self._old: dict[Hashable, Fragment] = {}
        self._storing = threading.Lock()

    def get(self, key: Hashable) -> Fragment | None:
        """The JSON of the message with this key, where it is known."""
        found = self._young.get(key)
        if found is None:
            found = self._old.get(key)
            if found is not None:
                self.put(key, found)
        return found

    def put(self, key: Hashable, fragment: Fragment) -> None:
        """Keeps ``fragment`` for the message with this key, unless it holds a redaction or takes too much room."""
        size = 2 * len(fragment.json) + _ENTRY
        if fragment.redactions or size > self._half or not self._storing.acquire(blocking=False):
            return
        try:
            if self._size + size > self._half:
                self._old, self._young, self._size = self._young, {}, 0
            self._young[key] = fragment
            self._size += size
        finally:
            self._storing.release()
        if not self._half:  # closed meanwhile
            self.close()

    def close(self) -> None:
        """Drops everything, and keeps nothing any more."""
        self._half = 0
        self._young, self._old = {}, {}


def key_of(message: Any, longest: int) -> Hashable | None:
    """What is the same for two messages exactly when their JSON is; ``None`` where it takes too long to say, because of
    many values or of a string over ``longest``, or where the message holds something that is no plain JSON value."""
    if type(message) is dict and len(message) == 2 and type(parts := message.get("parts")) is list and len(parts) == 1:
        part, role = parts[0], message.get("role")
        if type(part) is dict and len(part) == 2:
            kind, content = part.get("type"), part.get("content")
            if type(role) is str and type(kind) is str and type(content) is str:  # what most messages are
                return (role, kind, content) if len(content) <= longest else None
    found: list[Any] = []
    waiting = [message]
    for value in waiting:  # which grows: level by level, so that the lengths below say what belongs where
        kind = type(value)
        if kind is str:
            if len(value) > longest:
                return None
            found.append(value)
        elif kind is dict or kind is list:
            if len(waiting) + 2 * len(value) > 2 * _VALUES:
                return None
            found.append((kind, len(value)))
            waiting += value
            if kind is dict:
                waiting += value.values()
        elif type(value) is JsonText:
            if len(value.text) > longest:
                return None
            found.append((JsonText, value.text))
        elif value is None or kind is bool or kind is int or kind is float:
            found.append((kind, repr(value) if kind is float else value))  # 1 and True are equal, 0.0 and -0.0 too
        else:
            return None
    return tuple(found)


def weight_of(key: Any) -> int | None:
    """Bytes that the JSON of the message with this key takes at the least, where the key tells: for one text alone."""
    return sum(map(len, key)) + _FRAME if key is not None and len(key) == 3 and type(key[0]) is str else None


__all__ = ["MAX_BYTES", "Fragment", "MessageCache", "key_of", "weight_of"]
