"""How long content is, from lengths alone: nothing is encoded, and no more is looked at than could be kept."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain, islice
from typing import Any

from llmotel.model.json_text import JsonText

DEPTH = 24
"""Levels of nesting that recorded content has. OTLP spends three protobuf messages on one level of a structured value
and protobuf refuses a hundred: one deeper value would cost the whole batch."""

_SCALARS = frozenset((int, float, bool, type(None)))
_FLAT = _SCALARS | {str}
_BLOB = 64  # bytes that a blob takes without its content
_MESSAGES = 1024  # messages that are measured one by one; of more, and of other values, some are
_SOME = 64
_FRAME = 57  # bytes of a message around its only text
_FEW = 8
_SMALL = 16  # bytes that a value is taken to have without a look
_PATIENCE = 2000
_SAMPLE = 2048  # characters by which a long string that is not ASCII is judged


class Scale:
    """Weighs values: at least so many bytes does their JSON take. A long list is too heavy when a few of its values,
    evenly spread, say so by far.

    ``plain`` turns ``False`` when a value was met that the JSON encoder must not see as it is: a blob, a class of the
    caller's, a key that is no string. ``long`` turns ``True`` when a string over ``longest`` characters was met.
    ``over`` has the ids of the containers that were found too heavy, and whether for a long string: they are too heavy
    for any smaller room as well.
    """

    __slots__ = ("long", "longest", "over", "plain")

    def __init__(self, longest: float) -> None:
        self.longest = longest
        self.over: dict[int, bool] = {}
        self.plain = True
        self.long = False

    def weigh(self, value: Any, room: int, depth: int) -> int:
        """The weight of ``value``, or any number over ``room`` as soon as it is known to be over; also where a string
        is too long."""
        kind = type(value)
        if kind is str:
            return self._string(len(value), room)
        if kind in _SCALARS:
            return 1
        if kind is JsonText:
            if '"blob"' in value.text or value.text.count("[") + value.text.count("{") > DEPTH - depth:
                self.plain = False  # it may be nested too deep
            return len(value.text) * 3 // 4  # as much may be white space
        if issubclass(kind, str):
            self.plain = False
            return self._string(str.__len__(value), room)
        if depth < DEPTH and issubclass(kind, (dict, list, tuple)):
            if kind is not dict and kind is not list:
                self.plain = False
            if id(value) in self.over:
                return room + 1
            if issubclass(kind, dict):
                total = self._object(value, room, depth + 1)
            else:
                total = self._array(value, room, depth + 1)
            if total > room:
                self.over[id(value)] = self.long
            return total
        self.plain = False
        return 2

    def far_over(self, values: list[Any], room: int, depth: int) -> int:
        """What a few of many values say that all of them weigh, if that is far more than ``room``; else 0."""
        if len(values) <= _FEW * _FEW:
            return 0
        some = values[:: len(values) // _FEW]
        guess = sum([self.weigh(value, room, depth) for value in some]) * len(values) // len(some)
        return guess if guess > 4 * room else 0

    def _string(self, length: int, room: int) -> int:
        if length > self.longest:
            self.long = True
            return max(room, length) + 3
        return length + 2

    def _array(self, values: list[Any] | tuple[Any, ...], room: int, depth: int) -> int:
        if type(values) is not list:
            values = list.copy(values) if isinstance(values, list) else list(tuple.__iter__(values))
        count = len(values)
        if count * 2 > room:
            return count * 2 + 1
        if guess := self.far_over(values, room, depth):
            return guess
        if count > _FEW and depth < DEPTH:
            rows = self._rows(values, room)
            if rows:
                return rows
        total, longest = 1, self.longest
        for value in values:
            if type(value) is str and len(value) <= longest:
                total += len(value) + 3
            elif type(value) in _SCALARS:
                total += 2
            else:
                total += self.weigh(value, room - total, depth) + 1
            if total > room:
                return total
        return max(total, 2)

    def _rows(self, values: list[Any], room: int) -> int:
        """The weight of a list of flat objects or lists, as tables have them, without a line of Python for each value;
        0 where it is no such list."""
        kinds = set(map(type, values))
        if kinds != {dict} and kinds != {list}:
            return 0
        cells = sum(map(len, values))
        if cells * 2 > room:
            return cells * 2 + 1
        keyed = kinds == {dict}
        flat = list(chain.from_iterable(map(dict.values, values) if keyed else values))
        if not _FLAT.issuperset(map(type, flat)):
            return 0
        strings = [value for value in flat if type(value) is str]
        if "blob" in strings or max(map(len, strings), default=0) > self.longest:
            return 0
        try:
            keys = sum(map(len, chain.from_iterable(values))) + 3 * cells if keyed else 0
        except TypeError:  # keys that are no strings
            return 0
        return 1 + len(values) * 2 + keys + 2 * cells + len(strings) + sum(map(len, strings))

    def _object(self, values: dict[Any, Any], room: int, depth: int) -> int:
        count = dict.__len__(values)
        if count * 5 > room:
            return count * 5 + 1
        kind = dict.get(values, "type")
        if type(kind) is str and kind == "blob":
            self.plain = False
            return _BLOB
        try:
            total = 1 + 4 * count + sum(map(len, dict.__iter__(values)))
        except TypeError:  # keys that are no strings
            self.plain = False
            total = 1 + 4 * count
        if count > _FEW and depth < DEPTH:
            rows = self._rows(list(dict.values(values)), room - total)
            if rows:
                return total + rows
        longest = self.longest
        for value in list(dict.values(values)):
            if type(value) is str and len(value) <= longest:
                total += len(value) + 2
            elif type(value) in _SCALARS:
                total += 1
            else:
                total += self.weigh(value, room - total, depth)
            if total > room:
                return total
        return max(total, 2)


def _only_text(message: Any) -> str | None:
    """The content of a message that has a role and one text, as most have, and nothing else."""
    if type(message) is dict and len(message) == 2 and type(parts := message.get("parts")) is list and len(parts) == 1:
        part = parts[0]
        if type(part) is dict and len(part) == 2 and type(content := part.get("content")) is str:
            return content
    return None


def bytes_of(text: str) -> int:
    """Bytes of ``text`` in UTF-8, close to it where the text is long and not ASCII."""
    if text.isascii():
        return len(text)
    if len(text) <= 2 * _SAMPLE:
        return len(text.encode(errors="replace"))
    middle = len(text) // 2
    sample = text[:_SAMPLE] + text[middle : middle + _SAMPLE]
    return len(text) * len(sample.encode(errors="replace")) // len(sample)


class Estimate:
    """Says about how many bytes of JSON values take, in bounded time: of many values it looks at some, evenly spread,
    and takes the others for small ones once it has looked at ``_PATIENCE`` values."""

    def __init__(self) -> None:
        self._left = _PATIENCE

    def of(self, values: Sequence[Any]) -> int:
        """The bytes of ``values``, a comma behind each; none for no values."""
        sample = values if len(values) <= _MESSAGES else values[:: len(values) // _MESSAGES]
        total, others = 0, []
        for value in sample:
            content = _only_text(value)
            if content is None:
                others.append(value)
            else:
                total += bytes_of(content) + _FRAME
        most = _SOME if self._left > _PATIENCE // 2 else _FEW
        some = others if len(others) <= most else others[:: len(others) // most]
        if some:
            total += sum([self._value(value, 2 * _FEW) + 1 for value in some]) * len(others) // len(some)
        return total * len(values) // max(len(sample), 1)

    def _value(self, value: Any, most: int) -> int:
        kind = type(value)
        if kind is str:
            return bytes_of(value) + 2
        if kind is JsonText:
            return bytes_of(value.text)
        if kind in _SCALARS:
            return len(repr(value)) if kind in (int, float) and abs(value) < 1e300 else 4
        if not value or kind not in (dict, list, tuple):
            return 2
        if self._left <= 0:
            return _SMALL * len(value)
        if kind is dict:
            items = list(islice(value.items(), 2 * _FEW))
            values = [item for _, item in items]
            total = sum([len(key) + 4 if type(key) is str else 8 for key, _ in items])
        else:
            values = value if len(value) <= most else value[:: len(value) // most]
            total = len(values)
        self._left -= len(values)
        total += sum([self._value(item, max(most // 2, 1)) for item in values])
        return 1 + total * len(value) // len(values)


__all__ = ["DEPTH", "Estimate", "Scale", "bytes_of"]
