"""The database: one process owns it, one thread writes it, any thread may ask."""

from __future__ import annotations

import os
import re
import tempfile
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import duckdb

from llmotel.local import schema
from llmotel.local.errors import StoreError

FILE = "llmotel.duckdb"

_MEMORY = "192MB"
_THREADS = 2
_WAL = "32MB"  # at most this is replayed at a start after a crash


class Reader:
    """Asks the database, all questions as of the moment of the first. ``with store.reader() as reader``."""

    def __init__(self, cursor: duckdb.DuckDBPyConnection) -> None:
        self._cursor = cursor
        self._cursor.begin()

    def __enter__(self) -> Reader:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def query(self, sql: str, parameters: Sequence[Any] | dict[str, Any] = ()) -> list[tuple[Any, ...]]:
        """The rows of a question. Raises ``duckdb.Error``, of which ``InterruptException`` after :meth:`interrupt`."""
        return self._cursor.execute(sql, parameters or None).fetchall()

    def stream(self, sql: str, parameters: Sequence[Any], piece: int) -> Iterator[list[tuple[Any, ...]]]:
        """The rows of a question, ``piece`` at a time, so that they need not fit into memory."""
        found = self._cursor.execute(sql, parameters or None)
        while rows := found.fetchmany(piece):
            yield rows

    def interrupt(self) -> None:
        """Ends the question that is being asked, from another thread."""
        self._cursor.interrupt()

    def close(self) -> None:
        """Gives the connection back."""
        try:
            self._cursor.rollback()
        except duckdb.Error:  # the last question failed, and its transaction with it
            pass
        self._cursor.close()


class Store:
    """A database in ``folder``, or in memory where it is ``None``.

    ``connection`` is the writer's own; everybody else asks by :meth:`query`. Raises
    :class:`~llmotel.local.errors.StoreError` where the database cannot be opened, which says who has it, or why not.
    """

    def __init__(
        self,
        folder: Path | None,
        *,
        memory_limit: str = _MEMORY,
        threads: int = _THREADS,
        extra_folder: Path | None = None,
    ) -> None:
        self.folder = folder
        self.path = None if folder is None else folder / FILE
        self.exchange = Path(extra_folder or tempfile.mkdtemp(prefix="llmotel-local-"))
        self._own_exchange = extra_folder is None
        self._closed = threading.Lock()
        self._open = True
        self.connection = self._connect(memory_limit, threads)
        try:
            self._prepare()
        except duckdb.Error as error:
            self.connection.close()
            raise StoreError(self._explained(error)) from None

    def _connect(self, memory_limit: str, threads: int) -> duckdb.DuckDBPyConnection:
        settings: dict[str, Any] = {
            "memory_limit": memory_limit,
            "threads": threads,
            "preserve_insertion_order": False,
            "autoinstall_known_extensions": False,
            "autoload_known_extensions": False,
            "checkpoint_threshold": _WAL,
            "late_materialization_max_rows": 1000,
        }
        if self.folder is None:
            return duckdb.connect(":memory:", config=settings)
        try:
            self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        except OSError as error:
            raise StoreError(f"{self.folder} cannot be made: {error.strerror}. Name another with --data.") from None
        settings["temp_directory"] = str(self.folder / "temporary")
        path = self.folder / FILE
        before = os.umask(0o077)  # the database holds what was said: it is its owner's alone
        try:
            connection = duckdb.connect(str(path), config=settings)
        except (duckdb.Error, RuntimeError, OSError) as error:
            raise StoreError(self._explained(error)) from None
        finally:
            os.umask(before)
        for name in (FILE, f"{FILE}.wal"):
            try:
                os.chmod(self.folder / name, 0o600)
            except OSError:
                pass
        return connection

    def _prepare(self) -> None:
        known = self.connection.execute(
            "SELECT count(*) FROM duckdb_tables() WHERE table_name = 'meta' AND NOT internal"
        ).fetchone()
        self.connection.begin()
        if known is None or not known[0]:
            for statement in schema.create():
                self.connection.execute(statement)
        else:
            self._migrate()
        self.connection.commit()
        folder = str(self.exchange).replace("'", "''")
        self.connection.execute(f"SET allowed_directories = ['{folder}']")
        self.connection.execute("SET enable_external_access = false")
        self.connection.execute("SET lock_configuration = true")

    def _migrate(self) -> None:
        row = self.connection.execute("SELECT value FROM meta WHERE key = 'schema_version'").fetchone()
        version = int(row[0]) if row else 0
        if version > schema.VERSION:
            raise StoreError(
                f"{self.path} was written by a newer llmotel (tables of version {version}, this one knows "
                f"{schema.VERSION}). Update llmotel, or name another folder with --data."
            )
        for step in range(version + 1, schema.VERSION + 1):
            for statement in schema.MIGRATIONS[step]:
                self.connection.execute(statement)
        if version != schema.VERSION:
            self.connection.execute("UPDATE meta SET value = ? WHERE key = 'schema_version'", [str(schema.VERSION)])

    def _explained(self, error: Exception) -> str:
        text = str(error).strip()
        held = re.search(r"PID (\d+)", text)
        if "lock" in text.lower() and held:
            return (
                f"{self.path} is in use by process {held.group(1)}. One process owns a database: end it, ask it by its "
                f"address, or name another folder with --data."
            )
        if "lock" in text.lower():
            return f"{self.path} is in use by another process. Name another folder with --data."
        if "ermission" in text or "ead-only" in text:
            return f"{self.path} cannot be written: permission denied. Name another folder with --data."
        first = text.splitlines()[0] if text else type(error).__name__
        return f"{self.path} cannot be opened: {first}. If it is damaged, move it away; a new one is made."

    def query(self, sql: str, parameters: Sequence[Any] | dict[str, Any] = ()) -> list[tuple[Any, ...]]:
        """The rows of one question. Raises ``duckdb.Error``."""
        with self.reader() as reader:
            return reader.query(sql, parameters)

    def reader(self) -> Reader:
        """For several questions about the same moment."""
        return Reader(self.cursor())

    def cursor(self) -> duckdb.DuckDBPyConnection:
        """A connection of one's own to the same database. Raises :class:`StoreError` once the store is closed."""
        if not self._open:
            raise StoreError("the database is closed")
        return self.connection.cursor()

    def bytes(self) -> int:
        """What the database takes on disk, or in memory where it has no file."""
        if self.folder is None:
            row = self.query("SELECT sum(memory_usage_bytes) FROM duckdb_memory()")[0]
            return int(row[0] or 0)
        total = 0
        for name in (FILE, f"{FILE}.wal"):
            try:
                total += os.stat(self.folder / name).st_size
            except OSError:
                pass
        return total

    def close(self) -> None:
        """Writes what is in the log into the file, and lets go of it."""
        with self._closed:
            if not self._open:
                return
            self._open = False
        self.connection.close()
        if self._own_exchange:
            import shutil

            shutil.rmtree(self.exchange, ignore_errors=True)


__all__ = ["FILE", "Reader", "Store"]
