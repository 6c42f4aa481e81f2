"""Where the programs send to in tests, all on loopback: a webhook, and a backend that takes OTLP over gRPC."""

from __future__ import annotations

import json
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import grpc
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from stack.running import PATIENCE, eventually, free_port

_SERVICES = {
    f"opentelemetry.proto.collector.{signal}.v1.{signal.capitalize()}Service": signal
    for signal in ("trace", "metrics", "logs")
}


def value(any_value: Any) -> Any:
    """What an attribute's value in OTLP is in Python; a list for an array."""
    kind = any_value.WhichOneof("value")
    if kind == "array_value":
        return [value(item) for item in any_value.array_value.values]
    assert kind != "kvlist_value", "no attribute of a span is a map here"
    return getattr(any_value, kind)


class Webhook:
    """``with Webhook() as webhook`` takes what Alertmanager posts to ``webhook.url``. ``bodies`` are all of it."""

    def __init__(self, status: int = 200) -> None:
        self.bodies: list[dict[str, Any]] = []
        self.status = status
        webhook = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["content-length"])))
                webhook.bodies.append({**body, "path": self.path})
                self.send_response(webhook.status)
                self.send_header("content-length", "0")
                self.end_headers()

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> Webhook:
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def alerts(self, name: str | None = None, status: str | None = None) -> list[dict[str, Any]]:
        """The alerts of all bodies in the order of arrival, those named ``name`` that are ``firing`` or ``resolved``."""
        return [
            alert
            for body in list(self.bodies)
            for alert in body["alerts"]
            if name in (None, alert["labels"]["alertname"]) and status in (None, alert["status"])
        ]

    def wait_for(self, name: str, status: str = "firing", patience: float = PATIENCE) -> dict[str, Any]:
        """The first alert that is named so, when it has come."""
        return eventually(lambda: self.alerts(name, status), f"the alert {name} {status}", patience)[0]


class Backend:
    """``with Backend() as backend`` takes OTLP over gRPC at ``backend.address``, and keeps the bytes of each request.

    :meth:`stop` ends it in the middle of whatever it does; :meth:`start` opens it again at the same address. A status
    in ``refusal`` is answered instead of taking anything.
    """

    def __init__(self) -> None:
        self.address = f"127.0.0.1:{free_port()}"
        self.bodies: dict[str, list[bytes]] = {signal: [] for signal in _SERVICES.values()}
        self.refusal: grpc.StatusCode | None = None
        self._server: grpc.Server | None = None

    def start(self) -> None:
        server = grpc.server(ThreadPoolExecutor(8), options=[("grpc.max_receive_message_length", 64 << 20)])
        for service, signal in _SERVICES.items():
            handler = grpc.unary_unary_rpc_method_handler(self._taking(signal))
            server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(service, {"Export": handler}),))
        assert server.add_insecure_port(self.address)
        server.start()
        self._server = server

    def stop(self) -> None:
        server, self._server = self._server, None
        if server is not None:
            server.stop(None).wait()

    def _taking(self, signal: str) -> Callable[[bytes, grpc.ServicerContext], bytes]:
        def take(request: bytes, context: grpc.ServicerContext) -> bytes:
            if self.refusal is not None:
                context.abort(self.refusal, "not now")
            self.bodies[signal].append(request)
            return b""

        return take

    def __enter__(self) -> Backend:
        self.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self.stop()

    def spans(self) -> Iterator[Any]:
        """Every span that arrived."""
        for body in list(self.bodies["trace"]):
            for group in ExportTraceServiceRequest.FromString(body).resource_spans:
                for scope in group.scope_spans:
                    yield from scope.spans

    def span_ids(self) -> Counter[bytes]:
        """How often each span arrived."""
        return Counter(span.span_id for span in self.spans())

    def services(self) -> set[str]:
        """The names of the services that spans arrived of."""
        return {
            value(pair.value)
            for body in list(self.bodies["trace"])
            for group in ExportTraceServiceRequest.FromString(body).resource_spans
            for pair in group.resource.attributes
            if pair.key == "service.name"
        }

    def metrics(self) -> Iterator[Any]:
        """Every metric that arrived."""
        for body in list(self.bodies["metrics"]):
            for group in ExportMetricsServiceRequest.FromString(body).resource_metrics:
                for scope in group.scope_metrics:
                    yield from scope.metrics

    def records(self) -> Iterator[Any]:
        """Every log record that arrived."""
        for body in list(self.bodies["logs"]):
            for group in ExportLogsServiceRequest.FromString(body).resource_logs:
                for scope in group.scope_logs:
                    yield from scope.log_records
