"""Whether content is small, without a line of Python for each of its values."""

from __future__ import annotations

import pickle
from typing import Any

from llmotel.model.json_text import JsonText


class _Room:
    """A file for so many bytes."""

    __slots__ = ("left",)

    def __init__(self, left: int) -> None:
        self.left = left

    def write(self, data: bytes) -> None:
        self.left -= len(data)
        if self.left < 0:
            raise OverflowError


class _Meter(pickle.Pickler):
    """Goes over plain values in C and stops soon after the room is used up. Asked about every other object before
    anything of it is called: it refuses all but JSON text."""

    def reducer_override(self, obj: Any) -> Any:
        if type(obj) is JsonText:
            return str, (obj.text,)
        if obj is str:
            return NotImplemented
        raise TypeError


def is_small(value: Any, room: int) -> bool:
    """Whether ``value`` is made of plain values only, which take no more than about ``room`` bytes in all. No code of
    the caller's is run, and at most 64 KiB more than ``room`` are looked at."""
    meter = _Meter(_Room(room), 4)
    meter.fast = True  # a string that stands there twice counts twice
    try:
        meter.dump(value)
    except Exception:
        return False
    return True


__all__ = ["is_small"]
