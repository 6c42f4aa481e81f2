"""How long spans are kept, and how they leave: deleted, exported, brought in again."""

from __future__ import annotations

import csv
import io
import json
import threading
from pathlib import Path

import duckdb
import pytest

from llmotel.local.batch import Batch
from llmotel.local.retention import Retention
from llmotel.local.spans import SpanReader
from llmotel.local.store import Store
from llmotel.local.writer import Writer
from local import otlp
from local.conftest import Local
from local.otlp import SECOND, call

TRACE, SPAN = "fb8efff798038103d269b633813fc60c", "eee19b7ec3c1b174"
HOUR = 3600 * SECOND


class TestRetention:
    def test_what_is_too_old_goes_with_all_that_belongs_to_it(self, local: Local) -> None:
        now = otlp.now()
        said = call(**{"gen_ai.output.messages": "[]"})
        local.send(otlp.spans(otlp.span(said, start=now - 3 * HOUR), otlp.span(said, start=now - HOUR)))
        local.send(otlp.log("deploy", {}, time_ns=now - 3 * HOUR))
        Retention(local.backend.store, local.backend.writer, 7200, None).apply(now)
        assert [len(local.calls()), local.get("/api/health")["spans"], local.get("/api/health")["logs"]] == [1, 1, 0]
        assert local.backend.store.query("SELECT count(*) FROM content") == [(1,)]

    def test_the_oldest_go_where_there_is_too_much_and_senders_go_on(self, tmp_path: Path) -> None:
        store = Store(tmp_path)
        writer, reader = Writer(store), SpanReader()
        now = otlp.now()

        def send(first: int) -> None:
            batch = Batch()
            noise = {f"k{place}": otlp.trace_id() * 8 for place in range(4)}
            reader.read(otlp.spans(*(otlp.span({**call(), **noise, "n": place}, start=now + (first + place) * SECOND)
                                     for place in range(500))), batch)  # fmt: skip
            writer.put(batch).result()

        for first in range(0, 20_000, 500):
            send(first)
        writer.run(lambda connection: connection.execute("CHECKPOINT"), transaction=False).result()
        retention = Retention(store, writer, None, 0)
        before = retention.used()
        sender = threading.Thread(target=send, args=(30_000,))
        sender.start()
        limited = Retention(store, writer, None, before // 2)
        gone = limited.apply(now)
        sender.join()
        assert gone > 0
        assert limited.used() <= before // 2
        oldest, count = store.query("SELECT min(start_ns), count(*) FROM spans")[0]
        assert oldest > now
        assert count == writer.spans
        writer.close()
        store.close()

    def test_without_limits_nothing_goes(self, local: Local) -> None:
        local.send(otlp.spans(otlp.span(call(), start=1)))
        assert Retention(local.backend.store, local.backend.writer, None, None).apply(otlp.now()) == 0
        assert local.get("/api/health")["spans"] == 1


class TestExport:
    @pytest.fixture
    def told(self, local: Local) -> Local:
        said = call(
            **{
                "llmotel.feature": "=cmd()",
                "nested": {"a": [1, "two", 2.5, True]},
                "gen_ai.input.messages": '[{"role":"user","parts":[{"type":"text","content":"Hi"}]}]',
                "gen_ai.response.finish_reasons": ["stop"],
            }
        )
        local.send(
            otlp.spans(
                otlp.span(said, trace=TRACE, own=SPAN, events=[("note", {"x": 1}), ("gen_ai.choice", {"y": "z"})],
                          links=[(TRACE, SPAN)], failed="boom"),
                otlp.span({"http.request.method": "GET"}, trace=TRACE, parent=SPAN),
                otlp.span(call(**{"llmotel.feature": "chat"})),
            )
        )  # fmt: skip
        return local

    def test_json_lines_hold_calls_with_their_attributes(self, told: Local) -> None:
        answer = told.client.get("/api/export", params={"format": "jsonl", "trace_id": TRACE})
        (line,) = answer.text.splitlines()
        assert json.loads(line)["attributes"]["nested"] == {"a": [1, "two", 2.5, True]}
        assert "attachment" in answer.headers["content-disposition"]

    def test_no_cell_of_csv_is_a_formula(self, told: Local) -> None:
        rows = list(csv.DictReader(io.StringIO(told.client.get("/api/export", params={"format": "csv"}).text)))
        assert sorted(row["feature"] for row in rows) == ["'=cmd()", "chat"]

    def test_parquet_can_be_read_by_others(self, told: Local, tmp_path: Path) -> None:
        file = tmp_path / "calls.parquet"
        file.write_bytes(told.client.get("/api/export", params={"format": "parquet", "feature": "=cmd()"}).content)
        rows = duckdb.connect().execute(f"SELECT trace_id, span_id, cost_usd FROM '{file}'").fetchall()
        assert rows == [(TRACE, SPAN, 0.01)]
        assert list(told.backend.store.exchange.iterdir()) == []

    def test_otlp_of_whole_traces_comes_back_as_it_was(self, told: Local) -> None:
        answer = told.client.get("/api/export", params={"format": "otlp", "feature": "=cmd()"})
        before = told.get(f"/api/spans/{SPAN}")
        told.backend.writer.run(
            lambda connection: connection.execute("DELETE FROM spans; DELETE FROM content")
        ).result()
        told.backend.writer.run(lambda connection: connection.execute("DELETE FROM content")).result()
        for line in answer.text.splitlines():
            assert told.client.post("/v1/traces", content=line, headers=otlp.JSON).status_code == 200
        assert told.get(f"/api/spans/{SPAN}") == before
        assert told.get(f"/api/traces/{TRACE}")["total"] == 2

    def test_another_format_is_a_problem(self, told: Local) -> None:
        assert told.problem("/api/export", format="xls")["parameter"] == "format"
