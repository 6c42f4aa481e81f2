"""Pages of a sorted list by what its last item was, so that a page costs the same however far down it is."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Mapping
from typing import Any, NamedTuple

from llmotel.local.errors import RequestError
from llmotel.local.filters import Parameters


class Order(NamedTuple):
    """How a list is sorted: an expression, and ``ties`` that tell equal ones apart. Unknown values come last."""

    expression: str
    descending: bool
    ties: tuple[str, ...]

    def sql(self) -> str:
        """``ORDER BY`` of it."""
        way = "DESC" if self.descending else "ASC"
        return ", ".join([f"{self.expression} {way} NULLS LAST", *(f"{tie} {way}" for tie in self.ties)])

    def after(self, cursor: str | None) -> tuple[str, list[Any]]:
        """The condition that holds for what comes after the item that ``cursor`` stands for."""
        if cursor is None:
            return "true", []
        value, *ties = decode(cursor, 1 + len(self.ties))
        sign = "<" if self.descending else ">"
        tie = f"({', '.join(self.ties)}) {sign} ({', '.join(map(_mark, self.ties))})"
        if value is None:
            return f"({self.expression} IS NULL AND {tie})", ties
        return (
            f"({self.expression} {sign} ? OR {self.expression} IS NULL OR ({self.expression} = ? AND {tie}))",
            [value, value, *ties],
        )


def _mark(column: str) -> str:
    # A number that fits a signed type would make the comparison one of floats.
    return "?::UHUGEINT" if column.endswith("trace_id") else "?"


def order(given: Parameters, choices: Mapping[str, str], default: str, ties: tuple[str, ...]) -> Order:
    """The order that ``sort`` names: one of ``choices``, with ``-`` before it the largest first."""
    name = given.one("sort") or default
    bare = name.removeprefix("-")
    if bare not in choices:
        raise RequestError(
            f"sort={name[:40]!r}: accepted is one of {', '.join(choices)}, with - before it or not", "sort"
        )
    return Order(choices[bare], name.startswith("-"), ties)


def encode(*values: Any) -> str:
    """Values of the last item of a page as one word."""
    return base64.urlsafe_b64encode(json.dumps(values).encode()).decode().rstrip("=")


def decode(cursor: str, length: int) -> list[Any]:
    """What :func:`encode` was given. Raises :class:`~llmotel.local.errors.RequestError`."""
    try:
        values = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    except (ValueError, binascii.Error, RecursionError):
        values = None
    if (
        not isinstance(values, list)
        or len(values) != length
        or any(isinstance(value, (list, dict)) for value in values)
        or any(value is None or isinstance(value, float) for value in values[1:])
    ):
        raise RequestError("the cursor is not one that this list gave", "cursor")
    return values


__all__ = ["Order", "decode", "encode", "order"]
