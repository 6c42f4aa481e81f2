"""OTLP over HTTP: what is taken, what is refused, and with which words."""

from __future__ import annotations

import base64
import gzip
import json
import zlib

import pytest
import zstandard
from google.rpc.status_pb2 import Status
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceResponse
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceResponse

from local import otlp
from local.conftest import Local

TRACE, SPAN = "5b8efff798038103d269b633813fc60c", "eee19b7ec3c1b174"


def refusal(local: Local, body: bytes, headers: dict[str, str], status: int, path: str = "/v1/traces") -> str:
    answer = local.client.post(path, content=body, headers=headers)
    assert answer.status_code == status, answer.text
    if headers["content-type"] == "application/json":
        told: str = answer.json()["message"]
        return told
    message = Status()
    message.ParseFromString(answer.content)
    return str(message.message)


class TestBodies:
    def test_protobuf_is_answered_in_protobuf_after_it_is_stored(self, local: Local) -> None:
        answer = local.send(otlp.spans(otlp.span(otlp.call())))
        assert answer.headers["content-type"] == "application/x-protobuf"
        assert ExportTraceServiceResponse.FromString(answer.content) == ExportTraceServiceResponse()
        assert local.get("/api/health")["spans"] == 1

    @pytest.mark.parametrize(
        ("encoding", "pack"),
        [
            ("gzip", gzip.compress),
            ("zstd", zstandard.ZstdCompressor().compress),
            ("deflate", zlib.compress),
            ("identity", bytes),
        ],
    )
    def test_every_content_encoding_of_collectors_is_taken(self, local: Local, encoding: str, pack) -> None:
        body = pack(otlp.body(otlp.spans(otlp.span())))
        headers = {**otlp.PROTOBUF, "content-encoding": encoding}
        assert local.client.post("/v1/traces", content=body, headers=headers).status_code == 200
        assert local.get("/api/health")["spans"] == 1

    def test_several_gzip_members_are_one_body(self, local: Local) -> None:
        body = otlp.body(otlp.spans(otlp.span()))
        joined = gzip.compress(body[:20]) + gzip.compress(body[20:])
        headers = {**otlp.PROTOBUF, "content-encoding": "gzip"}
        assert local.client.post("/v1/traces", content=joined, headers=headers).status_code == 200

    @pytest.mark.parametrize("number", [1764325275123456789, "1764325275123456789"])
    @pytest.mark.parametrize("snake", [False, True])
    def test_json_has_hexadecimal_ids_numbers_either_way_and_both_spellings(
        self, local: Local, number: int | str, snake: bool
    ) -> None:
        span = {
            "traceId": TRACE.upper(),
            "spanId": SPAN,
            "name": "chat m",
            "kind": 3,
            "startTimeUnixNano": number,
            "endTimeUnixNano": "1764325276123456789",
            "attributes": [
                {"key": "gen_ai.operation.name", "value": {"stringValue": "chat"}},
                {"key": "gen_ai.usage.input_tokens", "value": {"intValue": "12"}},
                {"key": "raw", "value": {"bytesValue": base64.b64encode(b"\x00\xff").decode()}},
            ],
            "aFieldOfTheFuture": [1],
        }
        body: dict = {"resourceSpans": [{"scopeSpans": [{"spans": [span]}]}]}
        if snake:
            span["trace_id"], span["span_id"] = span.pop("traceId"), span.pop("spanId")
            span["start_time_unix_nano"] = span.pop("startTimeUnixNano")
            body = {"resource_spans": [{"scope_spans": [{"spans": [span]}]}]}
        answer = local.client.post("/v1/traces", content=json.dumps(body), headers=otlp.JSON)
        assert (answer.status_code, answer.json()) == (200, {})
        found = local.get(f"/api/spans/{SPAN}")
        assert (found["trace_id"], found["start_unix_nano"]) == (TRACE, "1764325275123456789")
        assert found["duration_seconds"] == 1.0
        assert found["input_tokens"] == 12
        assert found["attributes"]["raw"] == "AP8="

    def test_metrics_of_all_types_are_stored(self, local: Local) -> None:
        local.send(otlp.metrics())
        rows = local.backend.store.query(
            "SELECT type, temporality, value, count, sum, detail FROM points ORDER BY name"
        )
        assert [(row[0], row[1]) for row in rows] == [
            ("histogram", "delta"),
            ("sum", "cumulative"),
            ("summary", None),
            ("gauge", None),
            ("exponential_histogram", "delta"),
        ]
        assert json.loads(rows[0][5])["counts"] == [1, 1, 1]
        assert (rows[1][2], rows[3][2]) == (7.0, 2.5)
        assert json.loads(rows[2][5])["quantiles"] == [[0.5, 1.5]]
        assert json.loads(rows[4][5])["positive"] == {"offset": 1, "counts": [1]}

    def test_log_records_are_stored_and_answered(self, local: Local) -> None:
        answer = local.send(otlp.log("deploy", {"version": "3"}, body={"text": "done"}))
        assert ExportLogsServiceResponse.FromString(answer.content) == ExportLogsServiceResponse()
        assert local.get("/api/health")["logs"] == 1

    def test_an_empty_request_is_taken(self, local: Local) -> None:
        assert local.client.post("/v1/traces", content=b"", headers=otlp.PROTOBUF).status_code == 200


class TestRefusals:
    def test_what_is_no_protobuf_gets_400_and_a_status(self, local: Local) -> None:
        assert "no ExportTraceServiceRequest" in refusal(local, b"\xff\xff\xff", otlp.PROTOBUF, 400)

    @pytest.mark.parametrize(
        ("body", "named"),
        [
            ("{", "is not JSON"),
            ("[]", "no JSON object"),
            (
                '{"resourceSpans": [{"scopeSpans": [{"spans": [{"traceId": "xyz"}]}]}]}',
                "scopeSpans[0].spans[0].traceId",
            ),
            ('{"resourceSpans": [{"scopeSpans": [{"spans": [{"name": 5}]}]}]}', "name field"),
            ('{"resourceSpans": 7}', "resourceSpans"),
            ("[" * 100_000, "is not JSON"),
            ('{"resourceSpans":' + "[" * 5000 + "]" * 5000 + "}", "recursion"),
        ],
    )
    def test_json_that_cannot_be_read_gets_400_and_the_field(self, local: Local, body: str, named: str) -> None:
        assert named in refusal(local, body.encode(), otlp.JSON, 400)

    @pytest.mark.parametrize("encoding", ["gzip", "zstd", "deflate", "br"])
    def test_a_body_that_is_not_what_it_says_gets_400(self, local: Local, encoding: str) -> None:
        headers = {**otlp.PROTOBUF, "content-encoding": encoding}
        assert encoding in refusal(local, b"plain text", headers, 400)

    def test_a_gzip_body_that_ends_early_gets_400(self, local: Local) -> None:
        body = gzip.compress(otlp.body(otlp.spans(otlp.span())))[:-9]
        assert "ends early" in refusal(local, body, {**otlp.PROTOBUF, "content-encoding": "gzip"}, 400)

    def test_another_content_type_gets_415(self, local: Local) -> None:
        answer = local.client.post("/v1/traces", content=b"x", headers={"content-type": "text/plain"})
        assert answer.status_code == 415

    def test_a_bomb_is_not_unpacked(self, local: Local) -> None:
        body = gzip.compress(bytes(65 * 1024 * 1024))
        assert "once decompressed" in refusal(local, body, {**otlp.PROTOBUF, "content-encoding": "gzip"}, 413)

    def test_a_body_that_is_too_large_is_not_read(self, local: Local) -> None:
        local.backend.receiver._largest_sent = 1000
        assert "at most 1000" in refusal(local, bytes(1001), otlp.PROTOBUF, 413)

    def test_spans_without_ids_are_told_as_partial_success_and_the_rest_is_stored(self, local: Local) -> None:
        broken = otlp.span(name="broken")
        broken.trace_id = b"short"
        answer = local.send(otlp.spans(broken, otlp.span()))
        told = ExportTraceServiceResponse.FromString(answer.content).partial_success
        assert told.rejected_spans == 1
        assert "broken" in told.error_message
        assert local.get("/api/health")["spans"] == 1

    def test_a_full_queue_answers_429_and_when_to_come_again(self, local: Local) -> None:
        local.backend.writer._limit = 0
        answer = local.client.post("/v1/traces", content=otlp.body(otlp.spans(otlp.span())), headers=otlp.PROTOBUF)
        assert (answer.status_code, answer.headers["retry-after"]) == (429, "1")
        local.backend.writer._limit = 1_000_000
        local.send(otlp.spans(otlp.span()))


class TestTwice:
    def test_a_request_that_is_sent_again_is_acknowledged_and_stored_once(self, local: Local) -> None:
        for request in (otlp.spans(otlp.span(otlp.call())), otlp.log("deploy", {}), otlp.metrics()):
            local.send(request)
            local.send(request)
        health = local.get("/api/health")
        assert (health["spans"], health["logs"], health["metric_points"]) == (1, 1, 5)

    def test_a_span_that_comes_again_in_another_request_is_stored_once(self, local: Local) -> None:
        first, second = otlp.span(otlp.call()), otlp.span(otlp.call())
        local.send(otlp.spans(first))
        local.send(otlp.spans(second, first, first))
        assert local.get("/api/health")["spans"] == 2
        assert len(local.calls()) == 2

    def test_spans_of_two_traces_with_one_span_id_are_two(self, local: Local) -> None:
        local.send(otlp.spans(otlp.span(own=SPAN), otlp.span(own=SPAN)))
        assert local.get("/api/health")["spans"] == 2
        assert len(local.get(f"/api/spans/{SPAN}")["siblings"]) == 1

    def test_an_evaluation_that_comes_again_counts_once(self, local: Local) -> None:
        local.send(otlp.spans(otlp.span(otlp.call(), trace=TRACE, own=SPAN)))
        said = {"gen_ai.evaluation.name": "relevance", "gen_ai.evaluation.score.value": 0.5}
        moment = otlp.now()
        local.send(otlp.log("gen_ai.evaluation.result", said, trace=TRACE, own=SPAN, time_ns=moment))
        local.send(otlp.log("gen_ai.evaluation.result", {**said, "again": True}, trace=TRACE, own=SPAN, time_ns=moment))
        assert len(local.get("/api/evaluations")["items"]) == 1
