"""An OTLP receiver on loopback, for tests: takes what exporters post over HTTP, and can misbehave as real ones do."""

from __future__ import annotations

import gzip
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

HANG = "hang"  # take the request and never answer
GARBAGE = "garbage"  # answer with what is not HTTP


class Receiver:
    """``with Receiver() as receiver`` listens at ``receiver.url``. ``answer`` is a status, ``HANG`` or ``GARBAGE``; a
    redirect has its ``location``."""

    def __init__(self, answer: int | str = 200, location: str = "") -> None:
        self.answer = answer
        self.headers: list[dict[str, str]] = []
        self.bodies: dict[str, list[bytes]] = {"/v1/traces": [], "/v1/metrics": [], "/v1/logs": []}
        self._released = threading.Event()
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:  # what a client makes of a redirect that it follows
                self.do_POST()

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers.get("content-length", 0)))
                if self.headers.get("content-encoding") == "gzip":
                    body = gzip.decompress(body)
                receiver.headers.append({key.lower(): value for key, value in self.headers.items()})
                if receiver.answer == HANG:
                    receiver._released.wait()
                    self.close_connection = True
                elif receiver.answer == GARBAGE:
                    self.wfile.write(b"\x00\xff what is this\r\n\r\n")
                    self.close_connection = True
                else:
                    known = self.path in receiver.bodies
                    if known and receiver.answer == 200:
                        receiver.bodies[self.path].append(body)
                    self.send_response(int(receiver.answer) if known else 404)
                    if location:
                        self.send_header("location", location)
                    self.send_header("content-length", "0")
                    self.end_headers()

            def log_message(self, *_: object) -> None:
                pass

        class Server(ThreadingHTTPServer):
            daemon_threads = True

            def handle_error(self, request: Any, client_address: Any) -> None:
                pass  # a client that was killed in the middle of a request

        self._server = Server(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> Receiver:
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self._released.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def release(self) -> None:
        """Ends the requests that hang, and takes all that come from now on."""
        self.answer = 200
        self._released.set()

    def spans(self) -> list[tuple[dict[str, Any], Any]]:
        """``(resource attributes, span)`` of every span that arrived."""
        return [
            (_attributes(group.resource.attributes), span)
            for body in self.bodies["/v1/traces"]
            for group in ExportTraceServiceRequest.FromString(body).resource_spans
            for scope in group.scope_spans
            for span in scope.spans
        ]

    def records(self) -> list[tuple[dict[str, Any], Any]]:
        """``(resource attributes, log record)`` of every log record that arrived."""
        return [
            (_attributes(group.resource.attributes), record)
            for body in self.bodies["/v1/logs"]
            for group in ExportLogsServiceRequest.FromString(body).resource_logs
            for scope in group.scope_logs
            for record in scope.log_records
        ]

    def sums(self, name: str) -> dict[str, float]:
        """The last value of the counter ``name`` of each process, by ``service.instance.id``."""
        last: dict[str, float] = {}
        for resource, metric in self._metrics():
            if metric.name == name:
                points = metric.sum.data_points
                last[resource.get("service.instance.id", "")] = sum(point.as_int or point.as_double for point in points)
        return last

    def by_attribute(self, name: str, attribute: str) -> dict[str, float]:
        """The last value of the metric ``name``, by the value of ``attribute``."""
        last: dict[str, float] = {}
        for _, metric in self._metrics():
            if metric.name == name:
                for point in getattr(metric, metric.WhichOneof("data")).data_points:
                    last[_attributes(point.attributes)[attribute]] = point.as_int or point.as_double
        return last

    def resources(self, name: str) -> list[dict[str, Any]]:
        """The resource of every export of the metric ``name``."""
        return [resource for resource, metric in self._metrics() if metric.name == name]

    def metric_names(self) -> set[str]:
        """The names of all metrics that arrived."""
        return {metric.name for _, metric in self._metrics()}

    def _metrics(self) -> Iterator[tuple[dict[str, Any], Any]]:
        for body in self.bodies["/v1/metrics"]:
            for group in ExportMetricsServiceRequest.FromString(body).resource_metrics:
                for scope in group.scope_metrics:
                    for metric in scope.metrics:
                        yield _attributes(group.resource.attributes), metric


def _attributes(pairs: Any) -> dict[str, Any]:
    return {pair.key: getattr(pair.value, pair.value.WhichOneof("value")) for pair in pairs}
