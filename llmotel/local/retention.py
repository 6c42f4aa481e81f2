"""Deletes what is too old, or too much, a piece at a time, so that no sender waits long."""

from __future__ import annotations

import logging
import threading
import time
from typing import Any

import duckdb

from llmotel.local.errors import StoreError
from llmotel.local.store import Store
from llmotel.local.writer import Writer

_log = logging.getLogger("llmotel.local")

_EVERY = 60.0  # seconds
_PIECE = 0.05  # of what is stored, that goes when there is too much
_PENDING = 86_400 * 1_000_000_000  # after which nobody waits for a span to end
_TABLES = (
    ("spans", "start_ns"), ("content", "start_ns"), ("logs", "time_ns"), ("points", "time_ns"),
    ("evaluations", "time_ns"), ("pending", "start_ns"), ("alert_history", "time_ns"),
)  # fmt: skip


class Retention:
    """Keeps ``store`` at most ``keep_seconds`` old and ``max_bytes`` large (``None``: without a limit)."""

    def __init__(self, store: Store, writer: Writer, keep_seconds: int | None, max_bytes: int | None) -> None:
        self._store = store
        self._writer = writer
        self._keep = keep_seconds
        self._most = max_bytes
        self._ending = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Looks now and every minute, in a thread."""
        self._thread = threading.Thread(target=self._run, name="llmotel-local-retention", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Ends the thread."""
        self._ending.set()
        if self._thread is not None:
            self._thread.join()

    def _run(self) -> None:
        while not self._ending.is_set():
            try:
                self.apply(time.time_ns())
            except StoreError:
                return
            except duckdb.Error as error:
                _log.error("old spans cannot be deleted: %s", str(error).splitlines()[0])
            self._ending.wait(_EVERY)

    def apply(self, now_ns: int) -> int:
        """Deletes what has to go; how many spans went."""
        gone = 0
        if self._keep is not None:
            gone += self._before(now_ns - self._keep * 1_000_000_000)
        if self._most is not None:
            for _ in range(round(1 / _PIECE)):
                if self._ending.is_set() or self.used() <= self._most:
                    break
                row = self._store.query(f"SELECT quantile_disc(start_ns, {_PIECE}) FROM spans")[0]
                if row[0] is None:
                    break
                gone += self._before(row[0] + 1)
        self._writer.run(lambda connection: self._ended(connection, now_ns)).result()
        return gone

    def used(self) -> int:
        """How many bytes hold data that is still there. A database file keeps its size and uses freed blocks again,
        and a block is freed once all in it is deleted: until then its share counts as gone."""
        if self._store.path is None:
            return self._store.bytes()
        used = int(self._store.query("SELECT used_blocks * block_size FROM pragma_database_size()")[0][0])
        if self._most is None or used <= self._most:
            return used
        live, written = self._store.query(
            "SELECT (SELECT count(*) FROM spans), (SELECT sum(count) FROM pragma_storage_info('spans') "
            "WHERE column_name = 'span_id' AND segment_type <> 'VALIDITY')"
        )[0]
        return int(used * min(live / written, 1)) if written else used

    def _before(self, limit_ns: int) -> int:
        def work(connection: duckdb.DuckDBPyConnection) -> tuple[int, int, int, int]:
            calls = connection.execute(
                "SELECT count(*) FROM spans WHERE start_ns < ? AND kind IN ('inference', 'embeddings')", [limit_ns]
            ).fetchone()
            counts = {table: _deleted(connection, table, column, limit_ns) for table, column in _TABLES}
            return counts["spans"], calls[0] if calls else 0, counts["logs"], counts["points"]

        if not self._store.query("SELECT 1 FROM spans WHERE start_ns < ? LIMIT 1", [limit_ns]) and not any(
            self._store.query(f"SELECT 1 FROM {table} WHERE {column} < ? LIMIT 1", [limit_ns])
            for table, column in _TABLES[1:]
        ):
            return 0
        spans, calls, logs, points = self._writer.run(work).result()
        self._writer.removed(spans, calls, logs, points)
        self._writer.run(lambda connection: connection.execute("CHECKPOINT"), transaction=False).result()
        return int(spans)

    @staticmethod
    def _ended(connection: duckdb.DuckDBPyConnection, now_ns: int) -> None:
        connection.execute(
            "DELETE FROM pending WHERE start_ns < ? OR EXISTS "
            "(SELECT 1 FROM spans s WHERE s.trace_id = pending.trace_id AND s.span_id = pending.span_id)",
            [now_ns - _PENDING],
        )


def _deleted(connection: Any, table: str, column: str, limit_ns: int) -> int:
    row = connection.execute(f"DELETE FROM {table} WHERE {column} < ?", [limit_ns]).fetchone()
    return int(row[0]) if row else 0


__all__ = ["Retention"]
