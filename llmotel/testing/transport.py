"""HTTP/1.1 for the loopback provider server: connections, chunked streams, and the faults of a network."""

from __future__ import annotations

import json
import socket
import socketserver
import struct
import sys
import threading
from collections.abc import Callable, Iterable, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, TypeAlias

from llmotel.testing.reply import Event, Reply, Request, with_fault
from llmotel.testing.routes import Dialect

Answer: TypeAlias = Callable[[str, str, dict[str, str], bytes], tuple[Request, Dialect, Reply]]
"""(method, target, headers, body) to what is answered."""

_JOIN_SECONDS = 5.0  # a test may hold a stream open for ever; its thread is a daemon


class Listener(ThreadingHTTPServer):
    """Accepts connections on a free port of 127.0.0.1 from when it is made until :meth:`close`."""

    daemon_threads = True
    request_queue_size = 2048  # 1,000 tasks connect at once; the default is 5

    def __init__(self, answer: Answer) -> None:
        self.answer = answer
        self.stopping = threading.Event()
        self._open: dict[threading.Thread, socket.socket] = {}
        super().__init__(("127.0.0.1", 0), Connection)
        self._accepting = threading.Thread(target=self._accept, name="llmotel-provider-server", daemon=True)
        self._accepting.start()

    def close(self) -> None:
        """Frees the port, ends the connections and waits for their threads, so that every socket is closed."""
        self.stopping.set()
        socket.create_connection(("127.0.0.1", self.server_port)).close()  # wakes the accepting thread
        self._accepting.join()
        self.server_close()
        connections = list(self._open.items())
        for _, connection in connections:
            try:
                connection.shutdown(socket.SHUT_RDWR)  # wakes a thread that reads or writes
            except OSError:
                pass  # it closed by itself
        for thread, _ in connections:
            thread.join(_JOIN_SECONDS)

    def server_bind(self) -> None:
        # HTTPServer.server_bind also looks the host's name up, which takes seconds where there is no resolver.
        socketserver.TCPServer.server_bind(self)
        self.server_name, self.server_port = "127.0.0.1", self.server_address[1]

    def process_request(self, request: Any, client_address: Any) -> None:
        thread = threading.Thread(target=self.process_request_thread, args=(request, client_address), daemon=True)
        self._open[thread] = request
        thread.start()

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._open.pop(threading.current_thread(), None)

    def handle_error(self, request: Any, client_address: Any) -> None:
        if not isinstance(sys.exc_info()[1], ConnectionError):  # clients may go away whenever they like
            super().handle_error(request, client_address)

    def _accept(self) -> None:
        while not self.stopping.is_set():
            self.handle_request()


class Connection(BaseHTTPRequestHandler):
    """One connection: request after request until either side closes."""

    server: Listener  # pyright: ignore[reportIncompatibleVariableOverride]
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # or every chunk waits for the acknowledgement of the one before

    def do_POST(self) -> None:
        headers = {name.lower(): value for name, value in self.headers.items()}
        request, dialect, reply = self.server.answer(self.command, self.path, headers, self._read())
        if reply.fault == "reset":
            self._reset()
        elif reply.fault == "hang":
            self.server.stopping.wait()
            self.close_connection = True
        elif not self._pause(reply.delay):
            sent = {**dialect.headers(request), **{name.lower(): value for name, value in reply.headers.items()}}
            if reply.events is None:
                self._send_body(reply, sent)
            else:
                self._send_events(reply.events, reply, dialect, sent)

    do_GET = do_DELETE = do_PUT = do_PATCH = do_POST  # noqa: N815

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Says nothing: the requests are recorded."""

    def _read(self) -> bytes:
        if self.headers.get("transfer-encoding", "").lower() != "chunked":
            return self.rfile.read(int(self.headers.get("content-length", 0)))
        body = b""
        while size := int(self.rfile.readline().split(b";")[0], 16):
            body += self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()
        return body

    def _send_body(self, reply: Reply, headers: Mapping[str, str]) -> None:
        kind, payload = _payload(reply.body)
        if reply.fault == "empty":
            payload = b""
        elif reply.fault == "malformed":
            payload = payload[: len(payload) // 2] or b"{"
        head = self._head(reply.status, {"content-type": kind, **headers, "content-length": str(len(payload))})
        if reply.fault == "cut":
            payload = payload[: len(payload) // 2]
            self.close_connection = True
        self.wfile.write(head + payload)

    def _send_events(self, events: Iterable[Event], reply: Reply, dialect: Dialect, headers: Mapping[str, str]) -> None:
        self.wfile.write(
            self._head(reply.status, {"content-type": dialect.content_type, **headers, "transfer-encoding": "chunked"})
        )
        for event in with_fault(events, reply, error=dialect.error, unknown=dialect.unknown):
            if self._pause(reply.chunk_delay):
                return
            data = dialect.encode(event)
            self.wfile.write(b"%x\r\n%b\r\n" % (len(data), data))
        if reply.fault == "cut":
            self.close_connection = True
        else:
            self.wfile.write(b"0\r\n\r\n")

    def _head(self, status: int, headers: Mapping[str, str]) -> bytes:
        phrase = self.responses.get(status, ("",))[0]
        lines = [f"HTTP/1.1 {status} {phrase}", f"date: {self.date_time_string()}", "server: llmotel"]
        lines += [f"{name}: {value}" for name, value in headers.items()]
        return "\r\n".join([*lines, "", ""]).encode("latin-1", "replace")

    def _pause(self, seconds: float) -> bool:
        """Waits; true when the server stops meanwhile."""
        if not seconds or not self.server.stopping.wait(seconds):
            return False
        self.close_connection = True
        return True

    def _reset(self) -> None:
        self.close_connection = True
        # Without lingering, close() sends RST in place of FIN; it is not done while rfile holds the socket.
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.rfile.close()
        self.connection.close()


def _payload(body: object) -> tuple[str, bytes]:
    if isinstance(body, bytes):
        return "application/octet-stream", body
    if isinstance(body, str):
        return "text/plain; charset=utf-8", body.encode()
    return "application/json", json.dumps(body, separators=(",", ":")).encode()
