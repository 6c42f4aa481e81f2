"""How large a batch is, and smaller ones of it: receivers refuse messages over a limit, with all that is in them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, TypeVar

MOST = 3_000_000
"""Bytes of one message: gRPC servers take 4 MiB unless told otherwise, HTTP receivers more."""

_RECORD = 512  # what a span or log record takes besides its attributes, about
_PAIR = 24  # what an attribute takes besides its texts

Item = TypeVar("Item")


def pieces(batch: Sequence[Item], weigh: Callable[[Item], int]) -> Iterator[Sequence[Item]]:
    """``batch`` in order, in pieces of at most :data:`MOST` bytes; one item that is heavier is a piece of its own."""
    begin = weight = 0
    for index, item in enumerate(batch):
        own = weigh(item)
        if weight + own > MOST and index > begin:
            yield batch[begin:index]
            begin, weight = index, 0
        weight += own
    if begin < len(batch):
        yield batch[begin:] if begin else batch


def weight_of(record: Any) -> int:
    """About how many bytes a span or a log record takes on the wire; rather too many than too few."""
    weight = _RECORD + _size(record.attributes)
    for event in getattr(record, "events", ()):
        weight += _RECORD + _size(event.attributes)
    return weight + _size(getattr(record, "body", None))


def _size(value: Any) -> int:
    if isinstance(value, str):
        return _PAIR + (len(value) if value.isascii() else len(value.encode("utf-8", "replace")))
    if isinstance(value, Mapping):
        return sum(_PAIR + len(str(key)) + _size(item) for key, item in value.items())
    if isinstance(value, (list, tuple)):
        return _PAIR + sum(map(_size, value))
    return _PAIR


__all__ = ["MOST", "pieces", "weight_of"]
