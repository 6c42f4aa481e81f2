"""A lock for what must not be cut in two by a fork."""

from __future__ import annotations

import threading

_PATIENCE = 1.0  # seconds that a fork waits for the lock


class ForkLock:
    """A lock that a forking thread takes first, so that no other thread is inside it when the child is made.

    The child has one thread. What others had begun stays half done in it for good, and the locks they held, those of
    Python's imports and of OpenTelemetry's SDK among them, stay locked.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._forking: int | None = None  # the thread that holds it for its fork

    def __enter__(self) -> None:
        self._lock.acquire()

    def __exit__(self, *_: object) -> None:
        try:
            self._lock.release()
        except RuntimeError:  # this thread has forked in here, and this is the child with its new lock
            pass

    def before_fork(self) -> None:
        """Takes the lock, or gives up after a second: a fork that never happens would be worse."""
        if self._lock.acquire(timeout=_PATIENCE):
            self._forking = threading.get_ident()

    def after_fork_in_parent(self) -> None:
        """Releases the lock, if it was this thread that took it: another one may be forking too."""
        if self._forking == threading.get_ident():
            self._forking = None
            self._lock.release()

    def after_fork_in_child(self) -> bool:
        """Makes the lock new, and says whether nobody was inside it."""
        alone = self._forking == threading.get_ident()
        self._lock, self._forking = threading.Lock(), None
        return alone


__all__ = ["ForkLock"]
