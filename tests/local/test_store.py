"""The database: who owns it, what survives, what is said when it cannot be had."""

from __future__ import annotations

import os
import signal
import stat
import subprocess
import sys
import threading
from pathlib import Path

import duckdb
import httpx
import pytest

from llmotel.local import schema
from llmotel.local.errors import LocalError, StoreError
from llmotel.local.filters import Parameters, build
from llmotel.local.server import listen
from llmotel.local.store import FILE, Store
from llmotel.local.traces import content_of
from llmotel.local.writer import append
from local import otlp


class Command:
    """``llmotel local`` in a process of its own."""

    def __init__(self, folder: Path, *more: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "llmotel.cli", "local", "--port", "0", "--data", str(folder), *more],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
        assert self.process.stdout is not None
        self.line = self.process.stdout.readline()
        self.url = self.line.split()[2] if self.line else ""

    def end(self, how: int = signal.SIGINT) -> int:
        self.process.send_signal(how)
        self.process.communicate(timeout=30)
        return self.process.returncode

    def refused(self) -> str:
        _, said = self.process.communicate(timeout=30)
        assert self.process.returncode == 1
        return said


class TestProcess:
    def test_what_was_acknowledged_is_there_after_a_kill(self, tmp_path: Path) -> None:
        acknowledged: list[str] = []
        for _ in range(3):
            command = Command(tmp_path)
            killed = threading.Event()

            def send(url: str = command.url, killed: threading.Event = killed) -> None:
                with httpx.Client(base_url=url) as client:
                    while not killed.is_set():
                        batch = [otlp.span(otlp.call()) for _ in range(50)]
                        try:
                            answer = client.post(
                                "/v1/traces", content=otlp.body(otlp.spans(*batch)), headers=otlp.PROTOBUF
                            )
                        except httpx.HTTPError:
                            return
                        if answer.status_code == 200:
                            acknowledged.extend(one.span_id.hex() for one in batch)

            before = len(acknowledged)
            senders = [threading.Thread(target=send) for _ in range(2)]
            for sender in senders:
                sender.start()
            while len(acknowledged) < before + 500:
                killed.wait(0.01)
            command.end(signal.SIGKILL)
            killed.set()
            for sender in senders:
                sender.join()
        store = Store(tmp_path)
        stored = {f"{row[0]:016x}" for row in store.query("SELECT span_id FROM spans")}
        count = store.query("SELECT count(*) FROM spans")[0][0]
        store.close()
        assert set(acknowledged) <= stored
        assert len(stored) == count

    def test_a_second_one_says_who_has_the_database(self, tmp_path: Path) -> None:
        first = Command(tmp_path)
        said = Command(tmp_path).refused()
        assert f"in use by process {first.process.pid}" in said
        assert first.end() == 0

    def test_it_says_where_it_is_and_ends_in_order(self, tmp_path: Path) -> None:
        command = Command(tmp_path)
        assert command.line.startswith(f"llmotel local: {command.url} (data in {tmp_path};")
        assert httpx.get(command.url + "/api/health").json()["status"] == "ok"
        assert (tmp_path / "server.json").exists()
        assert command.end() == 0
        assert not (tmp_path / "server.json").exists()
        assert not (tmp_path / f"{FILE}.wal").exists()

    def test_another_host_than_loopback_needs_a_token(self, tmp_path: Path) -> None:
        assert "--token" in Command(tmp_path, "--host", "0.0.0.0").refused()

    def test_a_folder_that_cannot_be_made_is_told(self, tmp_path: Path) -> None:
        (tmp_path / "file").write_text("")
        assert "cannot be made" in Command(tmp_path / "file" / "data").refused()


class TestFile:
    def test_its_owner_alone_can_read_it(self, tmp_path: Path) -> None:
        folder = tmp_path / "data"
        Store(folder).close()
        assert stat.S_IMODE(os.stat(folder).st_mode) == 0o700
        assert stat.S_IMODE(os.stat(folder / FILE).st_mode) == 0o600

    def test_a_damaged_file_is_told_and_left_alone(self, tmp_path: Path) -> None:
        (tmp_path / FILE).write_bytes(b"not a database" * 1000)
        with pytest.raises(StoreError, match="move it away"):
            Store(tmp_path)
        assert (tmp_path / FILE).read_bytes() == b"not a database" * 1000

    def test_one_of_a_newer_version_is_told(self, tmp_path: Path) -> None:
        Store(tmp_path).close()
        connection = duckdb.connect(str(tmp_path / FILE))
        connection.execute("UPDATE meta SET value = ? WHERE key = 'schema_version'", [str(schema.VERSION + 1)])
        connection.close()
        with pytest.raises(StoreError, match="newer llmotel"):
            Store(tmp_path)

    def test_one_of_an_older_version_is_migrated(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        Store(tmp_path).close()
        monkeypatch.setattr(schema, "VERSION", schema.VERSION + 1)
        monkeypatch.setitem(schema.MIGRATIONS, schema.VERSION, ["ALTER TABLE logs ADD COLUMN extra VARCHAR"])
        store = Store(tmp_path)
        assert store.query("SELECT extra FROM logs") == []
        assert store.query("SELECT value FROM meta WHERE key = 'schema_version'") == [(str(schema.VERSION),)]
        store.close()

    def test_no_statement_can_read_another_file(self, tmp_path: Path) -> None:
        (tmp_path / "secret.csv").write_text("a\n1\n")
        store = Store(None)
        with pytest.raises(duckdb.PermissionException):
            store.query(f"SELECT * FROM read_csv('{tmp_path}/secret.csv')")
        with pytest.raises(duckdb.Error):
            store.query("SET enable_external_access = true")
        store.close()


class TestIds:
    def test_every_id_is_found_whatever_its_size(self) -> None:
        # A list of such numbers as a parameter becomes one of floats where some are above 2**127 and some are not.
        keys = [(1 << 127 | 12345, 1 << 63 | 1), (77, 5), ((1 << 128) - 1, (1 << 64) - 1)]
        store = Store(None)
        connection = store.connection
        append(connection, "content", [[trace, span, 0, "{}"] for trace, span in keys])
        with store.reader() as reader:
            assert content_of(reader, keys, {}).keys() == set(keys)
            given = Parameters(("trace_id", f"{trace:032x}") for trace, _ in keys)
            found = build(given, 0, kinds=("all",))
            sql = f"SELECT count(*) FROM content s WHERE {found.where}"
            assert reader.query(sql, found.parameters) == [(3,)]
        store.close()


class TestPort:
    def test_one_that_is_taken_says_by_what(self) -> None:
        holder = listen("127.0.0.1", 0)
        with pytest.raises(LocalError, match="in use by another program"):
            listen("127.0.0.1", holder.getsockname()[1])
        holder.close()
