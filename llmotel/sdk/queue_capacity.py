"""How many records may wait for their export."""

from __future__ import annotations

import threading
from itertools import count


class QueueCapacity:
    """Room for ``size`` records. ``refused`` counts those for which there was none."""

    def __init__(self, size: int) -> None:
        self._size = size
        self.reset_after_fork()

    def reset_after_fork(self) -> None:
        """Nothing waits, nothing was refused: in a forked child, whose parent sends what was waiting."""
        self._asked = count()  # next() is atomic, and takes no lock where there is room
        self._gone = 0
        self.refused = 0
        self._lock = threading.Lock()

    def try_acquire(self) -> bool:
        """Whether one more may wait."""
        if next(self._asked) - self._gone < self._size:
            return True
        with self._lock:
            self._gone += 1
            self.refused += 1
        return False

    def is_empty(self) -> bool:
        """Whether nothing waits."""
        with self._lock:
            asked = next(self._asked)  # a count can only be looked at by taking one
            self._gone += 1
            return asked - (self._gone - 1) <= 0

    def release(self, number: int) -> None:
        """Gives back the places of ``number`` records that are being exported now."""
        with self._lock:
            self._gone += number


__all__ = ["QueueCapacity"]
