"""Runs the server: opens the database and the port, says where it is, and ends in order."""

from __future__ import annotations

import asyncio
import json
import logging
import os
import signal
import socket
import threading
from collections.abc import Callable
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

import uvicorn

from llmotel.local.api import Backend
from llmotel.local.errors import LocalError

SERVER_FILE = "server.json"
_BACKLOG = 512


def listen(host: str, port: int) -> socket.socket:
    """A socket that listens. Raises :class:`~llmotel.local.errors.LocalError`, which says who has the port."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
        listener.listen(_BACKLOG)
    except (OSError, OverflowError) as error:
        listener.close()
        number = getattr(error, "errno", None)
        import errno

        if number == errno.EADDRINUSE:
            raise LocalError(
                f"port {port} on {host} is in use by {_holder(host, port)}. End that, or take another with --port."
            ) from None
        raise LocalError(f"{host}:{port} cannot be listened at: {error}. Name another with --host or --port.") from None
    return listener


def _holder(host: str, port: int) -> str:
    try:
        with urlopen(f"http://{host}:{port}/api/health", timeout=1) as answer:
            state = json.loads(answer.read(65536))
        if "spans" in state:
            where = state.get("data") or "memory"
            return f"llmotel local, whose data is in {where}"
    except (URLError, OSError, ValueError):
        pass
    return "another program"


def address(listener: socket.socket) -> str:
    """The URL of a socket that listens."""
    host, port = listener.getsockname()[:2]
    if host in ("0.0.0.0", "::"):
        host = "127.0.0.1"
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


class Server:
    """A backend behind a socket. :meth:`run` serves until a signal or :meth:`stop`."""

    def __init__(
        self,
        backend: Backend,
        listener: socket.socket,
        ready: Callable[[str], None] | None = None,
        ending: Callable[[], None] | None = None,
    ) -> None:
        self._ending = ending
        self.backend = backend
        self.listener = listener
        self.url = address(listener)
        self._ready = ready
        self._server = uvicorn.Server(
            uvicorn.Config(
                backend.app,
                log_level="warning",
                access_log=False,
                server_header=False,
                lifespan="on",
                timeout_keep_alive=75,
                timeout_graceful_shutdown=3,
                h11_max_incomplete_event_size=64 * 1024,
            )
        )

    def run(self) -> None:
        """Serves, and closes the backend at the end."""
        folder = self.backend.store.folder
        told = None if folder is None else folder / SERVER_FILE
        try:
            if told is not None:
                write_private(told, json.dumps({"url": self.url, "pid": os.getpid()}))
            if threading.current_thread() is threading.main_thread():
                # uvicorn raises the signal that ended it once more, for whom it had been before it came.
                for number in (signal.SIGINT, signal.SIGTERM):
                    signal.signal(number, lambda *_: None)
            asyncio.run(self._serve())
        finally:
            if told is not None:
                told.unlink(missing_ok=True)
            if self._ending is not None:
                self._ending()
            self.backend.close()
            self.listener.close()

    async def _serve(self) -> None:
        announced = asyncio.create_task(self._announce())
        try:
            await self._server.serve(sockets=[self.listener])
        finally:
            announced.cancel()

    async def _announce(self) -> None:
        while not self._server.started:
            await asyncio.sleep(0.005)
        if self._ready is not None:
            self._ready(self.url)

    def stop(self) -> None:
        """Ends :meth:`run`, from any thread."""
        self._server.should_exit = True


class Background:
    """A server in a thread of its own: ``with Background(backend) as server``, at ``server.url``."""

    def __init__(self, backend: Backend, host: str = "127.0.0.1", port: int = 0) -> None:
        self._up = threading.Event()
        self._server = Server(backend, listen(host, port), lambda _: self._up.set())
        self.backend = backend
        self.url = self._server.url
        self._thread = threading.Thread(target=self._server.run, name="llmotel-local-server", daemon=True)

    def __enter__(self) -> Background:
        self._thread.start()
        if not self._up.wait(30):
            raise LocalError("the server did not start")
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Ends the server and closes its database."""
        self._server.stop()
        self._thread.join()


def write_private(path: Path, text: str) -> None:
    """Writes a file that its owner alone can read."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)


def quiet() -> None:
    """Lets warnings of the libraries through, and nothing else."""
    logging.getLogger("uvicorn").setLevel(logging.WARNING)


__all__ = ["SERVER_FILE", "Background", "Server", "address", "listen", "quiet", "write_private"]
