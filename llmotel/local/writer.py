"""The one thread that writes. What waits is written together and acknowledged after its commit."""

from __future__ import annotations

import hashlib
import logging
import threading
from collections import OrderedDict, deque
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any

import duckdb

from llmotel.local import schema
from llmotel.local.batch import Batch, Row
from llmotel.local.errors import BusyError, StoreError, UnreadableError
from llmotel.local.names import CALL_KINDS
from llmotel.local.schema import SPANS, index
from llmotel.local.store import Store

_log = logging.getLogger("llmotel.local")

_TOGETHER = 8_000  # rows of one commit
_WAITING = 64 * 1024 * 1024  # bytes of requests that may wait
_BODIES = 8_192  # digests of requests that are remembered

_AT = index(SPANS)
_TRACE, _SPAN, _START, _KIND = _AT["trace_id"], _AT["span_id"], _AT["start_ns"], _AT["kind"]

Listener = Callable[["Committed"], None]
_Job = tuple["Batch | Callable[[duckdb.DuckDBPyConnection], Any]", "Future[Any]"]


class Committed:
    """What a commit added."""

    __slots__ = ("calls", "latest_ns", "logs", "points", "spans")

    def __init__(self, spans: int, calls: int, logs: int, points: int, latest_ns: int) -> None:
        self.spans = spans
        self.calls = calls
        self.logs = logs
        self.points = points
        self.latest_ns = latest_ns


class Writer:
    """Writes batches into ``store``. ``waiting_limit`` is in bytes."""

    def __init__(self, store: Store, *, waiting_limit: int = _WAITING) -> None:
        self._store = store
        self._limit = waiting_limit
        self._jobs: deque[_Job] = deque()
        self._waiting = 0
        self._condition = threading.Condition()
        self._ending = False
        self._bodies: OrderedDict[bytes, Future[Any] | None] = OrderedDict()
        self._origins: set[int] = {row[0] for row in store.query("SELECT id FROM origins")}
        self._bare: set[Any] = set()
        self.listeners: list[Listener] = []
        self.failure: str | None = None
        count = store.query(
            "SELECT (SELECT count(*) FROM spans), (SELECT count(*) FROM spans "
            "WHERE kind IN ('inference', 'embeddings')), (SELECT count(*) FROM logs), (SELECT count(*) FROM points)"
        )[0]
        self.spans, self.calls, self.logs, self.points = count
        self._thread = threading.Thread(target=self._run, name="llmotel-local-writer", daemon=True)
        self._thread.start()

    @property
    def waiting(self) -> int:
        """How many bytes of requests wait."""
        return self._waiting

    def seen(self, signal: str, body: bytes) -> tuple[bytes, bool, Future[Any] | None]:
        """The digest of a request; whether it is stored already, or waits to be (then with what it waits for)."""
        digest = hashlib.blake2b(body, digest_size=16, person=signal.encode()[:16]).digest()
        with self._condition:
            if digest in self._bodies:
                return digest, True, self._bodies[digest]
        return digest, False, None

    def check(self) -> None:
        """Raises :class:`BusyError` where there is no room, before a request is decoded in vain."""
        if self._waiting >= self._limit:
            raise BusyError("more is waiting to be stored than may wait")

    def put(self, batch: Batch, digest: bytes | None = None) -> Future[Any]:
        """Queues ``batch``; the future is done once it is on disk. Raises :class:`BusyError`, :class:`StoreError`."""
        future: Future[Any] = Future()
        with self._condition:
            self._room()
            self._waiting += batch.size
            self._jobs.append((batch, future))
            if digest is not None:
                self._bodies[digest] = future
                while len(self._bodies) > _BODIES:
                    self._bodies.popitem(last=False)
            self._condition.notify()
        if digest is not None:
            future.add_done_callback(lambda done: self._settled(digest, done))
        return future

    def run(self, work: Callable[[duckdb.DuckDBPyConnection], Any], *, transaction: bool = True) -> Future[Any]:
        """Has the writing thread do ``work``, in a transaction of its own; the future has what it gives."""
        future: Future[Any] = Future()
        if not transaction:
            self._bare.add(work)
        with self._condition:
            if self._ending:
                raise StoreError("the database is closed")
            self._jobs.append((work, future))
            self._condition.notify()
        return future

    def removed(self, spans: int, calls: int, logs: int, points: int) -> None:
        """Takes what was deleted off the counts."""
        self.spans -= spans
        self.calls -= calls
        self.logs -= logs
        self.points -= points

    def _room(self) -> None:
        if self._ending:
            raise StoreError("the database is being closed")
        if self.failure is not None:
            raise StoreError(self.failure)
        if self._waiting >= self._limit:
            raise BusyError("more is waiting to be stored than may wait")

    def _settled(self, digest: bytes, done: Future[Any]) -> None:
        with self._condition:
            if done.exception() is not None:
                self._bodies.pop(digest, None)
            elif digest in self._bodies:
                self._bodies[digest] = None

    def close(self) -> None:
        """Writes what waits and ends the thread."""
        with self._condition:
            self._ending = True
            self._condition.notify()
        self._thread.join()

    def _run(self) -> None:
        while True:
            with self._condition:
                while not self._jobs and not self._ending:
                    self._condition.wait()
                if not self._jobs:
                    return
                taken = self._take()
            work, future = taken[0]
            if isinstance(work, Batch):
                batches: list[Any] = taken
                self._write(batches)
                with self._condition:
                    self._waiting -= sum(batch.size for batch, _ in batches)
            else:
                self._do(work, future)

    def _take(self) -> list[_Job]:
        """The next piece of work, or as many batches as are written together. Called with the lock held."""
        first = self._jobs.popleft()
        taken = [first]
        if isinstance(first[0], Batch):
            rows = first[0].rows()
            while self._jobs and rows < _TOGETHER and isinstance(self._jobs[0][0], Batch):
                job = self._jobs.popleft()
                rows += job[0].rows()  # type: ignore[union-attr]
                taken.append(job)
        return taken

    def _do(self, work: Callable[[duckdb.DuckDBPyConnection], Any], future: Future[Any]) -> None:
        connection = self._store.connection
        try:
            if work in self._bare:
                self._bare.discard(work)
                result = work(connection)
            else:
                connection.begin()
                result = work(connection)
                connection.commit()
        except BaseException as error:
            self._undo()
            future.set_exception(error)
        else:
            future.set_result(result)

    def _write(self, batches: list[tuple[Batch, Future[Any]]]) -> None:
        try:
            committed = self._commit([batch for batch, _ in batches])
        except duckdb.Error as error:
            self._undo()
            if isinstance(error, (duckdb.IOException, duckdb.FatalException, duckdb.OutOfMemoryException)):
                self._fail(error, batches)
            elif len(batches) > 1:  # one that cannot be stored takes no other with it
                for one in batches:
                    self._write([one])
            else:
                _log.warning("a request cannot be stored and is refused: %s", str(error).splitlines()[0])
                batches[0][1].set_exception(UnreadableError(f"it cannot be stored: {str(error).splitlines()[0][:300]}"))
            return
        except Exception as error:
            self._undo()
            _log.exception("a request cannot be stored")
            for _, future in batches:
                future.set_exception(StoreError(f"it cannot be stored: {error}"))
            return
        for _, future in batches:
            future.set_result(None)
        for listener in self.listeners:
            try:
                listener(committed)
            except Exception:
                _log.exception("a listener failed")

    def _fail(self, error: Exception, batches: list[tuple[Batch, Future[Any]]]) -> None:
        reason = str(error).splitlines()[0]
        if isinstance(error, duckdb.FatalException):
            self.failure = (
                f"the database had to be closed ({reason}); start llmotel local again. Nothing that was acknowledged "
                "is lost."
            )
            _log.error("%s", self.failure)
        else:
            _log.error("nothing can be stored: %s", reason)
        for _, future in batches:
            future.set_exception(StoreError(reason))

    def _undo(self) -> None:
        try:
            self._store.connection.rollback()
        except duckdb.Error:
            pass

    def _commit(self, batches: list[Batch]) -> Committed:
        connection = self._store.connection
        connection.begin()
        spans, content = self._fresh(connection, batches)
        evaluations = self._fresh_evaluations(connection, [row for batch in batches for row in batch.evaluations])
        origins = {name: body for batch in batches for name, body in batch.origins.items() if name not in self._origins}
        logs = [row for batch in batches for row in batch.logs]
        points = [row for batch in batches for row in batch.points]
        for table, rows in (
            ("origins", [[name, body] for name, body in origins.items()]),
            ("spans", spans),
            ("content", content),
            ("evaluations", evaluations),
            ("logs", logs),
            ("points", points),
            ("pending", [row for batch in batches for row in batch.pending]),
        ):
            if rows:
                append(connection, table, rows)
        connection.commit()
        self._origins.update(origins)
        calls = sum(row[_KIND] in CALL_KINDS for row in spans)
        self.spans += len(spans)
        self.calls += calls
        self.logs += len(logs)
        self.points += len(points)
        latest = max((row[_START] for row in spans), default=0)
        return Committed(len(spans), calls, len(logs), len(points), latest)

    def _fresh(self, connection: duckdb.DuckDBPyConnection, batches: list[Batch]) -> tuple[list[Row], list[Row]]:
        """The spans that are not stored yet, and their content: a sender that missed an answer sends again."""
        rows: dict[tuple[int, int, int], Row] = {}
        for batch in batches:
            for row in batch.spans:
                rows.setdefault((row[_TRACE], row[_SPAN], row[_START]), row)
        content = [row for batch in batches for row in batch.content]
        if not rows:
            return [], content
        starts = [key[2] for key in rows]
        stored = connection.execute(
            "SELECT trace_id, span_id, start_ns FROM spans WHERE start_ns BETWEEN ? AND ? "
            "AND span_id IN (SELECT unnest(?::UBIGINT[]))",
            [min(starts), max(starts), [key[1] for key in rows]],
        ).fetchall()
        for key in stored:
            rows.pop(key, None)
        if not content:
            return list(rows.values()), content
        gone = set(stored)
        said: dict[tuple[int, int, int], Row] = {}
        for row in content:
            key = (row[0], row[1], row[2])
            if key not in gone:
                said.setdefault(key, row)
        return list(rows.values()), list(said.values())

    @staticmethod
    def _fresh_evaluations(connection: duckdb.DuckDBPyConnection, rows: list[Row]) -> list[Row]:
        if not rows:
            return rows
        fresh = {(row[0], row[1], row[2], row[3]): row for row in rows}
        times = [row[0] for row in rows]
        for key in connection.execute(
            "SELECT time_ns, trace_id, span_id, name FROM evaluations WHERE time_ns BETWEEN ? AND ?",
            [min(times), max(times)],
        ).fetchall():
            fresh.pop(key, None)
        return list(fresh.values())


def append(connection: duckdb.DuckDBPyConnection, table: str, rows: list[Row]) -> None:
    """Adds ``rows`` to ``table``, the fastest way that DuckDB has without other packages."""
    assert table in schema.TABLES
    appender = connection.appender(table)
    appender.append_rows(rows)
    appender.flush()


__all__ = ["Committed", "Writer", "append"]
