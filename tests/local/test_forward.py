"""Passing everything on: in order, again when it is refused for now, over a restart."""

from __future__ import annotations

import gzip
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from llmotel.local.api import Backend
from llmotel.local.errors import LocalError
from llmotel.local.forward import Forward, headers
from llmotel.local.server import Background
from llmotel.local.store import Store
from local import otlp
from local.conftest import Local


class Next:
    """The endpoint that everything is passed on to."""

    def __init__(self) -> None:
        self.statuses: list[int] = []
        self.bodies: list[bytes] = []
        self.headers: list[dict[str, str]] = []
        self.changed = threading.Condition()
        following = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = gzip.decompress(self.rfile.read(int(self.headers["content-length"])))
                with following.changed:
                    status = following.statuses.pop(0) if following.statuses else 200
                    if status == 200:
                        following.bodies.append(body)
                        following.headers.append({key.lower(): value for key, value in self.headers.items()})
                    following.changed.notify_all()
                self.send_response(status)
                self.send_header("content-length", "0")
                self.end_headers()

            def log_message(self, *_: Any) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def wait(self, count: int) -> list[str]:
        with self.changed:
            assert self.changed.wait_for(lambda: len(self.bodies) >= count, 30)
            return [ExportTraceServiceRequest.FromString(body).resource_spans[0].scope_spans[0].spans[0].name
                    for body in self.bodies]  # fmt: skip

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()


@pytest.fixture
def following() -> Iterator[Next]:
    made = Next()
    yield made
    made.close()


def body(name: str) -> bytes:
    return otlp.body(otlp.spans(otlp.span(name=name)))


class TestForward:
    def test_what_was_stored_is_passed_on_with_the_headers(self, following: Next, tmp_path: Path) -> None:
        forward = Forward(following.url, headers(["x-key=a=b"]), tmp_path)
        with Background(Backend(Store(None), forward=forward)) as server:
            local = Local(server)
            local.send(otlp.spans(otlp.span(name="one")))
            assert following.wait(1) == ["one"]
            assert following.headers[0]["x-key"] == "a=b"
            state = local.get("/api/health")["forward"]
            assert (state["url"], state["failed"]) == (following.url, 0)
            local.client.close()

    def test_what_is_refused_for_now_is_sent_again_in_order(self, following: Next, tmp_path: Path) -> None:
        following.statuses = [503, 429]
        forward = Forward(following.url, {}, tmp_path, first_wait=0.01)
        for name in ("one", "two", "three"):
            forward.put("traces", body(name))
        assert following.wait(3) == ["one", "two", "three"]
        forward.close()

    def test_what_is_refused_for_good_is_counted_and_holds_nothing_up(self, following: Next, tmp_path: Path) -> None:
        following.statuses = [400]
        forward = Forward(following.url, {}, tmp_path, first_wait=0.01)
        forward.put("traces", body("bad"))
        forward.put("traces", body("good"))
        assert following.wait(1) == ["good"]
        forward.close()
        assert (forward.failed, forward.sent) == (1, 1)

    def test_what_waits_is_sent_after_a_restart(self, following: Next, tmp_path: Path) -> None:
        away = Forward("http://127.0.0.1:1", {}, tmp_path, first_wait=0.01)
        away.put("traces", body("one"))
        away.put("traces", body("two"))
        assert away.state()["behind"] == 2
        away.close()
        forward = Forward(following.url, {}, tmp_path)
        forward.put("traces", body("three"))
        assert following.wait(3) == ["one", "two", "three"]
        forward.close()
        assert list(tmp_path.iterdir()) == []

    def test_what_has_no_room_is_counted(self, tmp_path: Path) -> None:
        forward = Forward("http://127.0.0.1:1", {}, tmp_path, largest=10)
        forward.put("traces", body("large"))
        assert (forward.failed, forward.state()["behind"]) == (1, 0)
        forward.close()

    @pytest.mark.parametrize("url", ["collector:4318", "ftp://a", "http://", "file:///etc/passwd"])
    def test_what_is_no_url_is_told(self, url: str, tmp_path: Path) -> None:
        with pytest.raises(LocalError, match="--forward"):
            Forward(url, {}, tmp_path)

    @pytest.mark.parametrize("text", ["key", "=value", "a=b\r\nc: d"])
    def test_what_is_no_header_is_told(self, text: str) -> None:
        with pytest.raises(LocalError, match="--forward-header"):
            headers([text])
