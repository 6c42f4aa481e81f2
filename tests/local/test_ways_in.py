"""Other ways in and out: gRPC, files, and MCP."""

from __future__ import annotations

import gzip
import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import grpc
import pytest
import zstandard
from google.rpc.error_details_pb2 import RetryInfo
from google.rpc.status_pb2 import Status
from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceResponse
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor

from llmotel import cli
from llmotel.local.asking import Remote
from llmotel.local.mcp import TOOLS, Server
from llmotel.local.rpc import RpcServer
from local import otlp
from local.conftest import Local

TRACE, SPAN = "5b8efff798038103d269b633813fc60c", "eee19b7ec3c1b174"
EXPORT = "/opentelemetry.proto.collector.trace.v1.TraceService/Export"


class TestGrpc:
    @pytest.fixture
    def rpc(self, local: Local) -> Iterator[RpcServer]:
        server = RpcServer(local.backend.receiver, "127.0.0.1", 0, "secret")
        yield server
        server.close()

    def call(self, rpc: RpcServer, body: bytes, token: str = "secret") -> bytes:
        with grpc.insecure_channel(f"127.0.0.1:{rpc.port}") as channel:
            export = channel.unary_unary(EXPORT)
            return bytes(export(body, metadata=(("authorization", f"Bearer {token}"),), timeout=20))

    def test_opentelemetrys_own_exporter_is_understood(self, local: Local, rpc: RpcServer) -> None:
        exporter = OTLPSpanExporter(
            f"127.0.0.1:{rpc.port}", insecure=True, headers={"authorization": "Bearer secret"},
            compression=grpc.Compression.Gzip,
        )  # fmt: skip
        provider = TracerProvider()
        provider.add_span_processor(SimpleSpanProcessor(exporter))
        with provider.get_tracer("t").start_as_current_span("chat m") as span:
            span.set_attribute("gen_ai.operation.name", "chat")
        provider.shutdown()
        assert [item["name"] for item in local.calls()] == ["chat m"]

    def test_what_is_refused_has_a_status_and_when_to_come_again(self, local: Local, rpc: RpcServer) -> None:
        local.backend.writer._limit = 0
        with pytest.raises(grpc.RpcError) as error:
            self.call(rpc, otlp.body(otlp.spans(otlp.span())))
        assert error.value.code() == grpc.StatusCode.RESOURCE_EXHAUSTED
        details = Status.FromString(dict(error.value.trailing_metadata())["grpc-status-details-bin"])
        info = RetryInfo()
        assert details.details[0].Unpack(info)
        assert info.retry_delay.seconds == 1

    def test_what_cannot_be_read_is_an_invalid_argument(self, rpc: RpcServer) -> None:
        with pytest.raises(grpc.RpcError) as error:
            self.call(rpc, b"\xff\xff")
        assert error.value.code() == grpc.StatusCode.INVALID_ARGUMENT

    def test_spans_without_ids_are_a_partial_success(self, rpc: RpcServer) -> None:
        span = otlp.span()
        span.span_id = b""
        answer = ExportTraceServiceResponse.FromString(self.call(rpc, otlp.body(otlp.spans(span))))
        assert answer.partial_success.rejected_spans == 1

    def test_nothing_is_taken_without_the_token(self, local: Local, rpc: RpcServer) -> None:
        with pytest.raises(grpc.RpcError) as error:
            self.call(rpc, otlp.body(otlp.spans(otlp.span())), "wrong")
        assert error.value.code() == grpc.StatusCode.UNAUTHENTICATED
        assert local.get("/api/health")["spans"] == 0


def lines() -> bytes:
    """What the collector's file exporter writes."""
    span = {"traceId": TRACE, "spanId": SPAN, "name": "chat m", "startTimeUnixNano": "1764325275000000000",
            "endTimeUnixNano": "1764325276000000000",
            "attributes": [{"key": "gen_ai.operation.name", "value": {"stringValue": "chat"}}]}  # fmt: skip
    log = {"timeUnixNano": "1764325275000000000", "body": {"stringValue": "x"}}
    made = [
        {"resourceSpans": [{"scopeSpans": [{"spans": [span]}]}]},
        {"resourceLogs": [{"scopeLogs": [{"logRecords": [log]}]}]},
    ]
    return b"".join(json.dumps(one).encode() + b"\n" for one in made)


class TestFiles:
    @pytest.mark.parametrize("pack", [bytes, gzip.compress, zstandard.ZstdCompressor().compress])
    def test_what_a_collector_archived_can_be_opened(
        self, pack: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        file = tmp_path / "archive"
        file.write_bytes(pack(lines()))
        data = str(tmp_path / "data")
        for _ in range(2):  # a second time changes nothing
            assert cli.main(["local", "import", str(file), "--data", data]) == 0
        assert "2 requests stored" in capsys.readouterr().out
        assert cli.main(["calls", "--json", "--data", data]) == 0
        assert [json.loads(line)["span_id"] for line in capsys.readouterr().out.splitlines()] == [SPAN]

    def test_a_running_server_takes_it_too(self, local: Local, tmp_path: Path) -> None:
        file = tmp_path / "archive"
        file.write_bytes(lines())
        assert cli.main(["local", "import", str(file), "--url", local.url]) == 0
        assert (local.get("/api/health")["spans"], local.get("/api/health")["logs"]) == (1, 1)

    @pytest.mark.parametrize("text", ["{}", "no json", '{"resourceSpans": [], "resourceLogs": []}'])
    def test_another_file_is_told_with_its_line(
        self, text: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        file = tmp_path / "other"
        file.write_text(text)
        assert cli.main(["local", "import", str(file), "--data", str(tmp_path / "data")]) == 1
        assert f"{file}:1 is no request of OTLP" in capsys.readouterr().err

    @pytest.mark.parametrize("running", [True, False])
    def test_calls_are_exported_from_a_server_and_from_a_folder(
        self, running: bool, local: Local, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        file = tmp_path / "archive"
        file.write_bytes(lines())
        where = ["--url", local.url] if running else ["--data", str(tmp_path / "data")]
        assert cli.main(["local", "import", str(file), *where]) == 0
        out = tmp_path / "calls.parquet"
        assert cli.main(["local", "export", "--format", "parquet", "--output", str(out), *where]) == 0
        assert duckdb.connect().execute(f"SELECT span_id FROM '{out}'").fetchall() == [(SPAN,)]
        assert cli.main(["local", "export", "--format", "parquet", *where]) == 1
        assert "--output" in capsys.readouterr().err


class TestMcp:
    def ask(self, local: Local, *messages: Any) -> list[Any]:
        given = io.StringIO("".join((one if isinstance(one, str) else json.dumps(one)) + "\n" for one in messages))
        answers = io.StringIO()
        Server(Remote(local.url)).run(given, answers)
        return [json.loads(line) for line in answers.getvalue().splitlines()]

    def tool(self, local: Local, called: str, /, **arguments: Any) -> Any:
        message = {
            "jsonrpc": "2.0",
            "id": 1,
            "method": "tools/call",
            "params": {"name": called, "arguments": arguments},
        }
        return self.ask(local, message)[0]["result"]

    def test_an_assistant_introduces_itself_and_is_told_the_tools(self, local: Local) -> None:
        first, second = self.ask(
            local,
            {"jsonrpc": "2.0", "id": 0, "method": "initialize", "params": {"protocolVersion": "2025-03-26"}},
            {"jsonrpc": "2.0", "method": "notifications/initialized"},
            {"jsonrpc": "2.0", "id": 1, "method": "tools/list"},
        )
        assert first["result"]["protocolVersion"] == "2025-03-26"
        assert {tool["name"] for tool in second["result"]["tools"]} == TOOLS.keys()
        assert all(tool["annotations"]["readOnlyHint"] for tool in second["result"]["tools"])

    def test_tools_answer_what_the_api_answers(self, local: Local) -> None:
        local.send(otlp.spans(otlp.span(otlp.call(), trace=TRACE, own=SPAN)))
        calls = json.loads(
            self.tool(local, "list_calls", filters={"model": "gpt-5.5-2026-04-23"})["content"][0]["text"]
        )
        assert calls["items"][0]["span_id"] == SPAN
        for name, arguments in (
            ("list_questions", {}), ("ask_question", {"name": "latency", "by": "model"}), ("get_trace", {"trace_id": "last"}),
            ("get_span", {"span_id": SPAN}), ("list_sessions", {}), ("list_running", {}),
        ):  # fmt: skip
            assert self.tool(local, name, **arguments)["isError"] is False

    def test_what_goes_wrong_is_told_to_the_assistant(self, local: Local) -> None:
        assert "no question is called" in self.tool(local, "ask_question", name="x")["content"][0]["text"]
        assert self.tool(local, "ask_question")["isError"] is True
        assert self.tool(local, "get_trace", trace_id="last", other=1)["isError"] is True

    @pytest.mark.parametrize(
        ("line", "code"),
        [("{", -32700), ("[]", -32600), ("5", -32600), ('{"id": 1, "method": "x"}', -32601),
         ('{"id": 1, "method": "tools/call", "params": {"name": "drop"}}', -32602),
         ('{"id": 1, "method": "ping", "params": [1]}', -32602)],
    )  # fmt: skip
    def test_what_is_no_request_is_refused(self, local: Local, line: str, code: int) -> None:
        assert self.ask(local, line)[0]["error"]["code"] == code
