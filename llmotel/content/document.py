"""The JSON text of a list of messages within a size, at a cost in proportion to what is kept of them.

What fits is encoded as it is, each message once. What does not is chosen by lengths alone before anything is encoded or
redacted: from both ends inwards until the room is used.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from itertools import islice
from typing import Any, TypeAlias, cast

from llmotel.content.element import IDENTITY, Element, keyed_element
from llmotel.content.fragments import FragmentEncoder
from llmotel.content.message_cache import Fragment, MessageCache, weight_of
from llmotel.content.redaction import Redactor
from llmotel.content.sanitizer import JsonSanitizer, without_bytes
from llmotel.content.shared_room import LongText, SharedRoom
from llmotel.content.truncation import SHORTEST, encode, size_of
from llmotel.content.weight import DEPTH, Estimate, Scale
from llmotel.model.json_text import JsonText

_LONGEST_IDENTITY = 256
_FLOOR = 1024  # characters to which a string is shortened at the most, where the limit is 64 KiB or more
_SPARE = 256  # bytes of room in which a part of a value is better than nothing of it
_MANY = 64  # values of a container over which they are encoded in runs
_LONGEST_RUN = 256
_REMEMBERED = 128  # messages that are looked at one by one: where so many fit, it takes longer than to encode them
_MISSES = 8  # values of an object that may turn out to be too large before nobody looks any further


_Piece: TypeAlias = str | LongText
_Chosen: TypeAlias = tuple[list[_Piece], int]  # pieces of JSON text, and the bytes that they take at the least


class Document:
    """Writes one JSON text of at most ``limit`` bytes.

    The longest strings are shortened first, though not below a 64th of the limit or 1,024 characters; a note in each
    says how many bytes are missing. What still does not fit is left out from the middle of lists, and of objects what
    stands behind. Redaction comes before, of what is kept and a margin behind each cut.

    ``redactions`` counts the redactions in what was written, ``left_out`` the bytes that the limit cost: those of
    strings exactly, those of values that were left out by their lengths, without escapes, or from a sample of them.
    """

    def __init__(self, limit: int, redactor: Redactor | None = None, cache: MessageCache | None = None) -> None:
        self.redactions = 0
        self.left_out = 0
        self._limit = limit
        self._redactor = redactor
        self._fragments = FragmentEncoder(redactor, cache, limit)
        self._floor = max(SHORTEST, min(_FLOOR, limit // 64))
        self._scale = Scale(self._floor)
        self._estimate = Estimate()
        self._decoded: list[Any] = []  # kept alive, as their ids are remembered
        self._texts = SharedRoom(limit, redactor)

    def text(self, values: Sequence[Any]) -> str:
        """``values`` as the JSON text of a list."""
        values = list(values)
        whole = self._whole(values)
        if whole is not None:
            return whole
        pieces, used = self._part(values, self._limit, 0) or (["[]"], 2)
        self._texts.spend(self._limit - used)
        self.redactions += self._texts.redactions
        self.left_out += self._texts.missing
        return "".join([piece.json if isinstance(piece, LongText) else piece for piece in pieces])

    def _whole(self, values: list[Any]) -> str | None:
        """The text of all of ``values``, if it fits."""
        scale = Scale(self._limit)
        self._scale.over = scale.over
        room = self._limit - 1
        if scale.far_over(values, room, 1):
            return None
        found: list[Fragment | tuple[Any, Hashable, bool]] = []
        for value in values:
            key, known = self._fragments.known(value)
            if known is not None:
                found.append(known)
                room -= known.size + 1
            else:
                scale.plain = True
                room -= (weight_of(key) or scale.weigh(value, self._limit, 1)) + 1
                found.append((value, key, scale.plain))
            if room < 0:
                return None
        fragments = [
            item if isinstance(item, Fragment) else self._fragments.encoded(item[0], 1, plain=item[2], key=item[1])
            for item in found
        ]
        if sum([fragment.size + 1 for fragment in fragments]) >= self._limit:
            return None
        self.redactions += sum([fragment.redactions for fragment in fragments])
        return f"[{','.join([fragment.json for fragment in fragments])}]"

    # What does not fit whole. ``depth`` is that of the value; ``room`` is what its JSON may take.

    def _part(self, value: Any, room: int, depth: int) -> _Chosen | None:
        """What of a container has a place."""
        if not issubclass(type(value), dict):
            values = list.copy(value) if issubclass(type(value), list) else list(tuple.__iter__(value))
            return self._inwards(values, range(len(values)), 0, room, depth + 1, keyed=False)
        most = room // 5 + 1
        items = without_bytes(list(islice(dict.items(value), most)))
        more = dict.__len__(value) - most
        if more > 0:
            some = items[-_MANY:]
            self.left_out += self._estimate.of([dict(some)]) * more // len(some)
        first = [index for index, (key, _) in enumerate(items) if type(key) is str and key in IDENTITY]
        first.sort(key=lambda index: IDENTITY.index(items[index][0]))
        order: Sequence[int] = range(len(items))
        if first:
            order = [*first, *(index for index in order if index not in first)]
        return self._inwards(items, order, len(first), room, depth + 1, keyed=True)

    def _inwards(
        self, items: list[Any], order: Sequence[int], first: int, room: int, depth: int, *, keyed: bool
    ) -> _Chosen | None:
        """The elements of a container from both ends of ``order`` inwards, after the ``first`` of them. Those that are
        too large for their share wait until it is known what the others leave to them."""
        if room < 2:
            return None
        available = room = room - 1  # and one for each element: the comma or the bracket behind it
        chosen: dict[int, list[_Piece]] = {}
        waiting: list[Element] = []
        many = len(order) > _MANY
        low, high, at_front, misses, singles = 0, len(order), True, 0, 0
        step = 8 if many and depth > 1 else 1  # messages are looked at one by one, as they are remembered
        while low < high and room > 1:
            if low < first:
                at_front = True
            if step > 1 and low >= first:
                count = min(step, high - low)
                run = order[low : low + count] if at_front else order[high - count : high]
                share = room if count == high - low else room // 2
                fragment = self._run(_taken(items, run), share, depth - 1, keyed=keyed)
                if fragment is None or fragment.size - 1 > room:
                    step = count // 2
                    continue
                chosen[run[0]] = [fragment.json[1:-1]]
                self.redactions += fragment.redactions
                room -= fragment.size - 1
                step = min(step * 2, _LONGEST_RUN, max(room * count // (2 * fragment.size), 1))
            else:
                count = 1
                index = order[low if at_front else high - 1]
                element = (
                    keyed_element(index, items[index], room, self._redactor) if keyed else Element(index, items[index])
                )
                share = room if high - low == 1 else min(room, max(2 * self._floor, room // (high - low)))
                found = self._whole_value(element, room, share, depth)
                if found is not None:
                    room -= self._choose(element, found, chosen)
                elif (
                    element.fits
                    and _is_divisible(element.value, depth)
                    and (room - element.overhead >= (_SPARE if not keyed and (chosen or waiting) else 2))
                ):
                    element.reserve = min(room, 2 * self._floor + element.overhead)
                    waiting.append(element)
                    room -= element.reserve
                elif keyed and misses < _MISSES:
                    misses += 1
                    self.left_out += self._estimate.of([element.value]) + element.overhead
                else:
                    break
                singles += 1
                step = 2 if many and (depth > 1 or singles > _REMEMBERED) else 1
            if at_front:
                low += count
            else:
                high -= count
            at_front = not at_front
        if low < high:
            rest = _taken(items, order[low:high])
            self.left_out += self._estimate.of([dict(rest)] if keyed else rest)
        room = self._share_out(waiting, room, depth, chosen)
        pieces: list[_Piece] = ["{" if keyed else "["]
        for index in sorted(chosen):
            pieces += chosen[index]
            pieces.append(",")
        if chosen:
            pieces.pop()
        pieces.append("}" if keyed else "]")
        return pieces, 1 + max(available - room, 1)

    def _share_out(self, waiting: list[Element], room: int, depth: int, chosen: dict[int, list[_Piece]]) -> int:
        """Divides ``room`` among those that were too large for their share; returns what is left of it. Long strings
        take little for now, and share what is left when all is known: they come first."""
        room += sum([element.reserve for element in waiting])
        waiting.sort(key=lambda element: not self._scale.over.get(id(element.value), False))
        for number, element in enumerate(waiting):
            found = self._part(element.value, room // (len(waiting) - number) - element.overhead, depth)
            if found is None:
                self.left_out += self._estimate.of([element.value]) + element.overhead
            else:
                room -= self._choose(element, found, chosen)
        return room

    def _choose(self, element: Element, found: _Chosen, chosen: dict[int, list[_Piece]]) -> int:
        chosen[element.index] = [element.prefix, *found[0]]
        self.redactions += element.redactions
        return found[1] + element.overhead

    def _run(self, values: list[Any], room: int, depth: int, *, keyed: bool) -> Fragment | None:
        """Some elements of a container, whole, as a container of their own."""
        run = dict(values) if keyed else values
        try:
            return self._fragment(run, room, depth)
        finally:
            self._scale.over.pop(id(run), None)  # soon somebody else's

    def _fragment(self, value: Any, room: int, depth: int) -> Fragment | None:
        """The whole of ``value``, or ``None`` if its lengths alone say that it takes more than ``room`` or is to be
        shortened. Whether it was remembered makes no difference."""
        scale = self._scale
        scale.plain, scale.long = True, False
        key, known = self._fragments.known(value) if depth == 1 else (None, None)
        weight = weight_of(key)
        if weight is None or weight > min(room, self._floor):
            weight = scale.weigh(value, room, depth)  # and remembers why it does not fit
        if weight > room:
            return None
        return known or self._fragments.encoded(value, depth, plain=scale.plain, key=key)

    def _whole_value(self, element: Element, room: int, share: int, depth: int) -> _Chosen | None:
        """An element as a whole if it takes no more than ``share``; a string in any case, to be shortened later."""
        value: Any = element.value
        room -= element.overhead
        if not element.fits:
            return None
        if type(value) is JsonText and len(value.text) > self._limit:
            value = value.text  # the structure would cost more than there is room for
        if issubclass(type(value), str):
            return self._string(str.__str__(cast(str, value)), element.name, room)
        if id(value) in self._scale.over:
            return None
        fragment = self._fragment(value, share - element.overhead, depth)
        if fragment is None or fragment.size > room:
            if type(value) is JsonText:
                element.value = value.value
                self._decoded.append(element.value)
                return self._whole_value(element, room + element.overhead, share, depth)
            return None
        self.redactions += fragment.redactions
        return [fragment.json], fragment.size

    def _string(self, value: str, name: str, room: int) -> _Chosen | None:
        """A string whole if it is short, else one of those that share the room that is left."""
        is_identity = name in IDENTITY and len(value) <= _LONGEST_IDENTITY
        size, ready = len(value) + 2, None
        if size - 2 <= self._floor or is_identity:
            sanitizer = JsonSanitizer(self._redactor)
            ready = sanitizer.string(value, name)
            json = encode(ready)
            size = size_of(json)
            if size <= room and (is_identity or size - 2 <= self._floor):
                self.redactions += sanitizer.redactions
                return [json], size
            if is_identity or size <= SHORTEST or room < SHORTEST:
                return None
            self.redactions += sanitizer.redactions
        elif room < SHORTEST:
            return None
        text = self._texts.add(value, name, min(size, self._floor, room), ready)
        return [text], text.size


def _taken(items: list[Any], order: Sequence[int]) -> list[Any]:
    if isinstance(order, range):
        return items[order.start : order.stop]
    return [items[index] for index in order]


def _is_divisible(value: Any, depth: int) -> bool:
    return depth < DEPTH and issubclass(type(value), (dict, list, tuple))


__all__ = ["Document"]
