"""Batches are sent in messages that receivers take."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from types import SimpleNamespace
from typing import Any

import grpc
import pytest
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.exporter.otlp.proto.common.trace_encoder import encode_spans
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest, ExportLogsServiceResponse
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)

from llmotel.sdk.batch_size import MOST, pieces, weight_of
from scripts import run
from telemetry import Telemetry


class Collector(grpc.GenericRpcHandler):
    """Takes messages of 4 MiB at most, as gRPC servers do unless told otherwise."""

    def __init__(self) -> None:
        self.spans: list[Any] = []
        self.records: list[Any] = []

    def service(self, details: Any) -> Any:
        if "TraceService" in details.method:
            return self._handler(self._traces, ExportTraceServiceRequest, ExportTraceServiceResponse)
        return self._handler(self._logs, ExportLogsServiceRequest, ExportLogsServiceResponse)

    @staticmethod
    def _handler(take: Any, request: Any, response: Any) -> Any:
        return grpc.unary_unary_rpc_method_handler(
            lambda message, _: take(message) or response(), request.FromString, response.SerializeToString
        )

    def _traces(self, message: Any) -> None:
        self.spans += [span for group in message.resource_spans for scope in group.scope_spans for span in scope.spans]

    def _logs(self, message: Any) -> None:
        self.records += [
            record for group in message.resource_logs for scope in group.scope_logs for record in scope.log_records
        ]


@pytest.fixture
def collector() -> Iterator[Collector]:
    collector = Collector()
    server = grpc.server(ThreadPoolExecutor(2), handlers=[collector])
    collector.port = server.add_insecure_port("127.0.0.1:0")  # type: ignore[attr-defined]
    server.start()
    yield collector
    server.stop(None)


def test_calls_with_a_lot_of_content_all_arrive(collector: Collector) -> None:
    run(
        """
        import openai
        from llmotel.testing import ProviderServer
        llmotel.init(capture_content="SPAN_AND_EVENT", metrics_exporter="none")
        with ProviderServer() as server, openai.OpenAI(api_key="k", base_url=server.openai_url) as client:
            for _ in range(100):
                client.chat.completions.create(model="m", messages=[{"role": "user", "content": "word " * 12_000}])
        assert llmotel.flush(30)
        """,
        OTEL_EXPORTER_OTLP_PROTOCOL="grpc",
        OTEL_EXPORTER_OTLP_ENDPOINT=f"http://127.0.0.1:{collector.port}",  # type: ignore[attr-defined]
    )
    assert (len(collector.spans), len(collector.records)) == (100, 100)


@given(st.lists(st.integers(0, MOST + 2)))
def test_a_batch_is_cut_in_order_into_pieces_below_the_limit(weights: list[int]) -> None:
    cut = list(pieces(weights, lambda weight: weight))
    assert [weight for piece in cut for weight in piece] == weights
    assert all(piece for piece in cut)
    assert all(sum(piece) <= MOST or len(piece) == 1 for piece in cut)
    assert all(sum(one) + other[0] > MOST for one, other in pairwise(cut))


values = st.recursive(
    st.text() | st.integers() | st.booleans() | st.none(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@given(st.dictionaries(st.text(), values))
def test_any_record_has_a_weight(attributes: dict[str, Any]) -> None:
    assert weight_of(SimpleNamespace(attributes=attributes, events=(), body=attributes)) > 0


def test_the_weight_of_a_span_is_about_its_size_and_no_less(telemetry: Telemetry) -> None:
    tracer = telemetry.recording.tracer_provider.get_tracer("application")
    for text in ("word " * 10_000, "wörter " * 10_000, "言葉" * 10_000, ""):
        with tracer.start_as_current_span("call") as span:
            span.set_attributes({"text": text, "many": [text] * 3, "number": 1})
            span.add_event("event", {"text": text})
    for span in telemetry.spans:
        size = encode_spans([span]).ByteSize()
        assert size <= weight_of(span) <= size * 1.1 + 2000
