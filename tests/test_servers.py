"""Servers that are asked to stop: what their workers recorded arrives, whatever the form in which they run."""

from __future__ import annotations

import http.client
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from receiver import Receiver
from scripts import environment

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="no signals")

APPLICATION = """
import llmotel
from bare import call
llmotel.init()

async def asgi(scope, receive, send):
    if scope["type"] == "lifespan":
        while True:
            message = await receive()
            await send({"type": message["type"] + ".complete"})
            if message["type"] == "lifespan.shutdown":
                call("at shutdown")
                return
    call("request")
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"0")]})
    await send({"type": "http.response.body", "body": b""})

def wsgi(environ, start_response):
    call("request")
    start_response("200 OK", [("content-length", "0")])
    return [b""]
"""

SCRIPT = """
import uvicorn
import application
uvicorn.run({application}, uds="socket", log_level="warning")
"""


class Connection(http.client.HTTPConnection):
    """HTTP over a socket in the file system."""

    def __init__(self, path: Path) -> None:
        super().__init__("localhost", timeout=10)
        self.path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.connect(str(self.path))


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver() as receiver:
        yield receiver


@pytest.fixture(autouse=True)
def application(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "application.py").write_text(APPLICATION)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def served(folder: Path, receiver: Receiver, *command: str, requests: int = 3, signum: int = signal.SIGTERM) -> int:
    """Starts the server, makes ``requests``, asks it to stop, and returns its exit status."""
    log = folder / "log"
    with log.open("w") as file:
        server = subprocess.Popen(
            [sys.executable, *command], env=environment(OTEL_EXPORTER_OTLP_ENDPOINT=receiver.url, PYTHONUNBUFFERED="1"),
            cwd=folder, stdout=file, stderr=file,
        )  # fmt: skip
    try:
        for _ in range(requests):
            request(folder / "socket", server, log)
        server.send_signal(signum)
        return server.wait(40)
    finally:
        server.kill()
        server.wait()


def request(path: Path, server: subprocess.Popen[bytes], log: Path) -> None:
    while True:
        assert server.poll() is None, log.read_text()
        connection = Connection(path)
        try:
            connection.request("GET", "/", headers={"connection": "close"})
            assert connection.getresponse().status == 200, log.read_text()
            return
        except (FileNotFoundError, ConnectionError):
            threading.Event().wait(0.1)
        finally:
            connection.close()


def arrived(receiver: Receiver, name: str = "request") -> int:
    return sum(span.name == f"chat {name}" for _, span in receiver.spans())


class TestUvicorn:
    UVICORN = ("-m", "uvicorn", "application:asgi", "--uds", "socket", "--log-level", "warning")

    @pytest.mark.parametrize("loop", ["asyncio", "uvloop"])
    def test_the_command(self, application: Path, receiver: Receiver, loop: str) -> None:
        assert served(application, receiver, *self.UVICORN, "--loop", loop) == -signal.SIGTERM
        assert (arrived(receiver), arrived(receiver, "at shutdown")) == (3, 1)

    @pytest.mark.parametrize("app", ["application.asgi", "'application:asgi'"])
    def test_a_script(self, application: Path, receiver: Receiver, app: str) -> None:
        (application / "script.py").write_text(SCRIPT.format(application=app))
        assert served(application, receiver, "script.py") == -signal.SIGTERM
        assert (arrived(receiver), arrived(receiver, "at shutdown")) == (3, 1)

    def test_an_application_that_calls_init_when_it_starts(self, application: Path, receiver: Receiver) -> None:
        late = APPLICATION.replace("\nllmotel.init()\n", "\n").replace(
            "message = await receive()", "message = await receive(); llmotel.init()"
        )
        (application / "application.py").write_text(late)
        assert served(application, receiver, *self.UVICORN) == -signal.SIGTERM
        assert (arrived(receiver), arrived(receiver, "at shutdown")) == (3, 1)

    def test_workers(self, application: Path, receiver: Receiver) -> None:
        served(application, receiver, *self.UVICORN, "--workers", "2")
        assert (arrived(receiver), arrived(receiver, "at shutdown")) == (3, 2)

    def test_reload(self, application: Path, receiver: Receiver) -> None:
        served(application, receiver, *self.UVICORN, "--reload")
        assert (arrived(receiver), arrived(receiver, "at shutdown")) == (3, 1)

    def test_an_interrupt(self, application: Path, receiver: Receiver) -> None:
        served(application, receiver, *self.UVICORN, signum=signal.SIGINT)
        assert (arrived(receiver), arrived(receiver, "at shutdown")) == (3, 1)

    def test_a_worker_that_has_served_its_requests(self, application: Path, receiver: Receiver) -> None:
        served(application, receiver, *self.UVICORN, "--workers", "1", "--limit-max-requests", "1", requests=2)
        assert arrived(receiver) == 2

    def test_a_server_that_is_part_of_an_application_is_not_held_up(
        self, application: Path, receiver: Receiver
    ) -> None:
        (application / "script.py").write_text(
            """
import asyncio, os, uvicorn, application
async def main():
    server = uvicorn.Server(uvicorn.Config(application.asgi, uds="socket", log_level="warning"))
    serving = asyncio.create_task(server.serve())
    while not server.started: await asyncio.sleep(0.05)
    server.should_exit = True
    await serving
    open("sent", "w").write(str(application.llmotel.status().signals[0].sent))
asyncio.run(main())
"""
        )
        subprocess.run(
            [sys.executable, "script.py"],
            env=environment(OTEL_EXPORTER_OTLP_ENDPOINT=receiver.url),
            check=True,
            timeout=40,
        )
        assert (application / "sent").read_text() == "0"
        assert arrived(receiver, "at shutdown") == 1


class TestGunicorn:
    GUNICORN = ("-m", "gunicorn", "--bind", "unix:socket", "--workers", "2", "--no-control-socket")

    @pytest.mark.parametrize(
        ("worker", "app", "options"),
        [
            ("sync", "wsgi", ()),
            ("sync", "wsgi", ("--preload",)),
            ("gthread", "wsgi", ()),
            ("gevent", "wsgi", ()),
            ("tornado", "wsgi", ()),
            ("uvicorn_worker.UvicornWorker", "asgi", ()),
            ("uvicorn_worker.UvicornWorker", "asgi", ("--preload",)),
        ],
    )
    def test_every_kind_of_worker(
        self, application: Path, receiver: Receiver, worker: str, app: str, options: tuple[str, ...]
    ) -> None:
        served(application, receiver, *self.GUNICORN, "--worker-class", worker, *options, f"application:{app}")
        assert arrived(receiver) == 3

    @pytest.mark.parametrize("signum", [signal.SIGINT, signal.SIGQUIT])
    def test_a_quick_stop(self, application: Path, receiver: Receiver, signum: int) -> None:
        served(application, receiver, *self.GUNICORN, "application:wsgi", signum=signum)
        assert arrived(receiver) == 3

    def test_workers_that_have_served_their_requests(self, application: Path, receiver: Receiver) -> None:
        served(application, receiver, *self.GUNICORN, "--max-requests", "1", "application:wsgi")
        assert arrived(receiver) == 3
