"""The commands that ask: of a server that runs, and of a database that nobody has open."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import pytest

from llmotel import cli
from llmotel.local.batch import Batch
from llmotel.local.spans import SpanReader
from llmotel.local.store import Store
from llmotel.local.writer import Writer
from local import otlp
from local.conftest import Local
from local.otlp import call

TRACE, SPAN = "5b8efff798038103d269b633813fc60c", "eee19b7ec3c1b174"


def request() -> otlp.ExportTraceServiceRequest:
    said = call(
        **{
            "session.id": "s1",
            "llmotel.feature": "=search",
            "gen_ai.output.messages": '[{"role":"assistant","parts":[{"type":"text","content":"Hello \\u001b[31mred"}]}]',
        }
    )
    return otlp.spans(
        otlp.span({"gen_ai.operation.name": "invoke_agent"}, name="invoke_agent planner", trace=TRACE, own=SPAN),
        otlp.span(said, name="chat \x1b[2J gpt\u202e", trace=TRACE, parent=SPAN, failed="boom"),
    )


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    store = Store(tmp_path)
    writer, batch = Writer(store), Batch()
    SpanReader().read(request(), batch)
    writer.put(batch).result()
    writer.close()
    store.close()
    return tmp_path


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    status = cli.main(list(arguments))
    told = capsys.readouterr()
    return status, told.out, told.err


class TestReport:
    def test_a_question_is_a_table(self, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        status, out, _ = run(capsys, "report", "throughput", "--by", "model", "--data", str(folder))
        assert status == 0
        assert "Throughput and errors" in out
        assert "gpt-5.5-2026-04-23" in out and "100.0%" in out
        assert "\x1b" not in out

    def test_without_a_name_the_questions_are_listed(self, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        _, out, _ = run(capsys, "report", "--data", str(folder))
        assert "daily_cost" in out and "wasted" in out

    def test_csv_and_json_are_for_programs(self, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        _, out, _ = run(capsys, "report", "features", "--format", "csv", "--data", str(folder))
        (row,) = csv.DictReader(io.StringIO(out))
        assert (row["feature"], row["calls"]) == ("'=search", "1")
        _, out, _ = run(capsys, "report", "features", "--format", "json", "--data", str(folder))
        assert json.loads(out)["rows"][0][0] == "=search"

    def test_a_budget_that_is_used_up_is_an_exit_status(
        self, folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("LLMOTEL_ALERT_DAILY_BUDGET_USD", "0.005")
        status, _, err = run(capsys, "report", "budget", "--fail-over", "100%", "--data", str(folder))
        assert (status, "today 200.0%" in err) == (1, True)
        status, _, _ = run(capsys, "report", "budget", "--fail-over", "300%", "--data", str(folder))
        assert status == 0

    def test_sql_is_printed_for_other_engines(self, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        arguments = ["report", "latency", "--engine", "clickhouse", "--format", "sql", "--data", str(folder)]
        assert "otel_traces" in run(capsys, *arguments)[1]

    @pytest.mark.parametrize(
        ("arguments", "said"),
        [
            (["nothing"], "no question is called"),
            (["latency", "--where", "feature"], "NAME=VALUE"),
            (["latency", "--where", "colour=red"], "'colour' is no parameter"),
            (["latency", "--fail-over", "100%"], "budget and forecast"),
            (["latency", "--since", "yesterday"], "since="),
        ],
    )
    def test_what_is_not_understood_is_told(
        self, folder: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], said: str
    ) -> None:
        status, _, err = run(capsys, "report", *arguments, "--data", str(folder))
        assert (status, said in err) == (1, True)

    def test_where_nothing_is_stored_it_says_how_to_begin(
        self, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        status, _, err = run(capsys, "report", "latency", "--data", str(tmp_path))
        assert (status, "Start it with llmotel local" in err) == (1, True)


class TestOthers:
    def test_a_trace_is_a_tree_with_what_was_said_and_nothing_that_a_terminal_obeys(
        self, folder: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        _, out, _ = run(capsys, "trace", "last", "--content", "--data", str(folder))
        lines = out.splitlines()
        assert lines[0].startswith(f"trace {TRACE}")
        assert "invoke_agent planner" in lines[1]
        assert "└── chat" in out and "Hello" in out
        assert "\x1b" not in out and "\u202e" not in out

    def test_calls_and_sessions_are_listed(self, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        assert TRACE in run(capsys, "calls", "--data", str(folder))[1]
        _, out, _ = run(capsys, "sessions", "--json", "--data", str(folder))
        assert json.loads(out)["id"] == "s1"

    def test_a_running_server_is_asked_by_its_address(self, local: Local, capsys: pytest.CaptureFixture[str]) -> None:
        local.send(request())
        assert TRACE in run(capsys, "calls", "--url", local.url)[1]
        status, _, err = run(capsys, "trace", "0" * 31 + "1", "--url", local.url)
        assert (status, "no trace has the id" in err) == (1, True)

    def test_an_address_where_nobody_is_is_told(self, capsys: pytest.CaptureFixture[str]) -> None:
        status, _, err = run(capsys, "calls", "--url", "http://127.0.0.1:1")
        assert (status, "does not answer" in err) == (1, True)
