"""What one request adds to the database: rows by table, and where they come from."""

from __future__ import annotations

import hashlib
from typing import Any

from llmotel.local import jsonvalues

Row = list[Any]


class Batch:
    """Rows of one request. ``size`` is about how many bytes they hold while they wait."""

    __slots__ = ("content", "evaluations", "logs", "origins", "pending", "points", "size", "spans")

    def __init__(self, size: int = 0) -> None:
        self.spans: list[Row] = []
        self.content: list[Row] = []
        self.logs: list[Row] = []
        self.evaluations: list[Row] = []
        self.pending: list[Row] = []
        self.points: list[Row] = []
        self.origins: dict[int, str] = {}
        self.size = size

    def origin(self, value: dict[str, Any]) -> int:
        """The id of a resource or scope, which is stored once however often it is sent."""
        body = jsonvalues.text(value)
        name = int.from_bytes(hashlib.blake2b(body.encode("utf-8", "replace"), digest_size=8).digest(), "big")
        self.origins[name] = body
        return name

    def rows(self) -> int:
        """How many rows there are, in all tables."""
        return (
            len(self.spans)
            + len(self.content)
            + len(self.logs)
            + len(self.evaluations)
            + len(self.pending)
            + len(self.points)
        )


class Rejections:
    """Parts of a request that are not stored, for the partial success that its sender is answered with."""

    __slots__ = ("count", "reason")

    def __init__(self) -> None:
        self.count = 0
        self.reason = ""

    def add(self, reason: str) -> None:
        """One more; the first reason is told."""
        self.count += 1
        self.reason = self.reason or reason


__all__ = ["Batch", "Rejections", "Row"]
