"""How fast a stream's chunks came, in bounded memory and next to no time.

A stream's path only appends a clock reading to a list. A full list is aggregated, by C code, into one count and one sum
per histogram bucket; the histogram instrument finally gets the exact count, bucket by bucket, and the exact sum.
See docs/adr/0004-backlog.md for why a chunk must not record a histogram point itself.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator
from math import fsum
from operator import sub

from llmotel.semconv import DURATION_EDGES

BLOCK = 256  # clock readings kept before they are aggregated: 8 KB


class ChunkTiming:
    """The arrival times of one stream. ``timestamps`` takes ``perf_counter()`` values in order, ``read`` one more for
    each when the chunk has been read; aggregate when full."""

    __slots__ = ("_aggregated", "_buckets", "_last", "_reading", "first", "read", "timestamps")

    def __init__(self) -> None:
        self.timestamps: list[float] = []
        self.read: list[float] = []
        self._reading = 0.0
        self.first: float | None = None
        self._last = 0.0
        self._aggregated = 0
        self._buckets: dict[int, tuple[int, float]] | None = None

    @property
    def chunks(self) -> int:
        """How many chunks came."""
        return self._aggregated + len(self.timestamps)

    def begin(self) -> float | None:
        """When the first chunk came, ``None`` when none did."""
        if self.first is None and self.timestamps:
            self.first = self.timestamps[0]
        return self.first

    def aggregate(self) -> None:
        """Adds ``timestamps`` to the buckets and empties it, in place."""
        timestamps = self.timestamps
        if not timestamps:
            return
        if self.begin() is not None and self._aggregated == 0:
            waits = sorted(map(sub, timestamps[1:], timestamps))
        else:
            waits = sorted(map(sub, timestamps, [self._last, *timestamps[:-1]]))
        self._aggregated += len(timestamps)
        self._last = timestamps[-1]
        self._reading += fsum(map(sub, self.read, timestamps))
        timestamps.clear()
        self.read.clear()
        buckets = self._buckets = self._buckets if self._buckets is not None else {}
        start = 0
        while start < len(waits):
            bucket = bisect_left(DURATION_EDGES, waits[start])
            end = bisect_left(waits, DURATION_EDGES[bucket], start) if bucket < len(DURATION_EDGES) else len(waits)
            end = max(end, start + 1)
            known, total = buckets.get(bucket, (0, 0.0))
            buckets[bucket] = (known + end - start, total + fsum(waits[start:end]))
            start = end

    def reading_seconds(self) -> float:
        """How long llmotel took to read the chunks."""
        return self._reading + fsum(map(sub, self.read, self.timestamps))

    def inter_chunk_seconds(self) -> Iterator[float]:
        """The waits between chunks in seconds, one value for each, as the mean of their histogram bucket."""
        self.aggregate()
        for number, total in (self._buckets or {}).values():
            mean = total / number
            for _ in range(number):
                yield mean
