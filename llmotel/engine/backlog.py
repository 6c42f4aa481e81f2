"""Work handed over by calling threads, so that a call pays for none of it.

Recording metrics and emitting events costs several times what the rest of the instrumentation does. A call puts one
record here (a lock-free, re-entrant ``SimpleQueue.put``: safe in a finalizer that the garbage collector runs at any
point, even inside another lock). It is worked off by whoever comes first: the metrics SDK when it collects, a flush,
or the backlog's own thread a moment later. See docs/adr/0004-backlog.md.
"""

from __future__ import annotations

import os
import threading
import time
import weakref
from collections.abc import Callable
from queue import Empty, SimpleQueue
from typing import TypeAlias

from llmotel import threads

Job: TypeAlias = Callable[[], None]

_PAUSE = 1.0  # seconds between two rounds of the thread: calls of one burst are worked off together
_CLOSING = 30.0  # seconds for what is left at the end: callers that go on adding work are not to hold it up for ever
_CAPACITY = 20_000  # jobs; a process that cannot keep up drops and counts, it does not grow


def _nothing() -> None:
    """The end of a round that nobody waits for."""


class Backlog:
    """A queue of jobs with one daemon thread, started by the first job and again after a fork."""

    def __init__(
        self,
        on_error: Callable[[str, BaseException], None],
        on_drop: Callable[[], None],
        on_round: Callable[[], None] = _nothing,
    ) -> None:
        self._on_error = on_error
        self._on_drop = on_drop
        self._on_round = on_round  # at the end of each round of jobs, before another one begins
        self._reset()
        _backlogs.add(self)

    def _reset(self) -> None:
        self._queue: SimpleQueue[Job] = SimpleQueue()
        self._bell: SimpleQueue[bool] = SimpleQueue()  # True: there is work; False: stop
        self._urgent: SimpleQueue[Job] = SimpleQueue()
        self._rung = False
        self._working = threading.Lock()
        self._starting = threading.Lock()
        self._thread: threading.Thread | None = None
        self._closed = False

    def put(self, job: Job) -> None:
        """Hands over ``job``. Never blocks, never raises; a full backlog drops the job and counts it."""
        if self._queue.qsize() >= _CAPACITY:
            self._on_drop()
            return
        self._queue.put(job)
        if not self._rung:
            self._rung = True
            self._bell.put(True)
            if self._thread is None:
                self._start()

    def put_first(self, job: Job) -> None:
        """Hands over ``job`` to be done at once, by the thread and before all others: what calls wait for."""
        self._urgent.put(job)
        self._bell.put(True)
        if self._thread is None:
            self._start()

    def put_from_finalizer(self, job: Job) -> None:
        """As :meth:`put`, from ``__del__``: starts no thread, because the collector may hold any lock right now."""
        self._queue.put(job)
        self._bell.put(True)

    def _start(self) -> None:
        with self._starting:
            if self._thread is None and not self._closed:
                try:
                    self._thread = threads.start(self._run, "llmotel-backlog")
                except RuntimeError:  # the interpreter is shutting down: drain() at exit does the rest
                    return

    def _run(self) -> None:
        while self._bell.get():
            while not self._urgent.empty():
                self._do(self._urgent.get())
            if self._queue.empty():
                continue
            time.sleep(_PAUSE if self._queue.qsize() < _CAPACITY // 4 else 0)
            self._rung = False
            self.drain()

    @property
    def used(self) -> bool:
        """Whether this process, of a fork the child, has handed over anything."""
        return self._thread is not None or not self._queue.empty()

    def _do(self, job: Job) -> None:
        try:
            job()
        except Exception as error:
            self._on_error("backlog", error)

    def drain(self, timeout: float = 1.0, work: float | None = None) -> bool:
        """Does what is waiting, on this thread; ``True`` when all of it is done, within ``work`` seconds from now.

        Waits at most ``timeout`` seconds for a round that is under way elsewhere: without that bound, a collection
        started from within a job would wait for itself.
        """
        end = None if work is None else time.monotonic() + work
        if not self._working.acquire(timeout=timeout):
            return False
        worked = False
        try:
            while end is None or time.monotonic() < end:
                try:
                    job = self._queue.get_nowait()
                except Empty:
                    return True
                worked = True
                self._do(job)
            return False
        finally:
            if worked:
                self._do(self._on_round)
            self._working.release()

    def close(self) -> None:
        """Does what is left, of what is there now, and ends the thread."""
        self._closed = True
        self.drain(work=_CLOSING)
        if self._thread is not None:
            self._thread = None
            self._bell.put(False)


_backlogs: weakref.WeakSet[Backlog] = weakref.WeakSet()


def _after_fork() -> None:
    # The child has no thread, and what its parent had queued is the parent's to record.
    for backlog in _backlogs:
        backlog._reset()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)

__all__ = ["Backlog", "Job"]
