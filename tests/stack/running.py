"""The real programs as processes: each on free ports of 127.0.0.1, in a folder of its own, ended when the test ends.

Every program is a context manager. It is entered when it is ready, and leaves its log in ``FOLDER/NAME.log``.
"""

from __future__ import annotations

import json
import os
import random
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, Literal, TypeVar

T = TypeVar("T")

PATIENCE = 60.0  # seconds: what has not come by then does not come
_taken: set[int] = set()


def free_port() -> int:
    """A port of 127.0.0.1 that nobody has, from a range out of which no system takes the ports of clients."""
    while True:
        port = random.SystemRandom().randrange(12_000, 32_000)
        if port not in _taken:
            with socket.socket() as probe:
                try:
                    probe.bind(("127.0.0.1", port))
                except OSError:
                    continue
            _taken.add(port)
            return port


def fetch(url: str, body: Mapping[str, Any] | None = None, timeout: float = 10, **query: Any) -> Any:
    """The JSON at ``url`` (or its text, if it is none); with ``body`` it is posted. ``OSError`` for any failure."""
    if query:
        url += "?" + urllib.parse.urlencode(query, doseq=True)
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data, {"content-type": "application/json"} if data else {})
    with urllib.request.urlopen(request, timeout=timeout) as response:
        text = response.read().decode()
    try:
        return json.loads(text)
    except ValueError:
        return text


def eventually(look: Callable[[], T], what: str, patience: float = PATIENCE, pause: float = 0.1) -> T:
    """What ``look()`` gives as soon as it is true (or not empty); an ``OSError`` or ``AssertionError`` of it is not yet.

    Fails after ``patience`` seconds, and says ``what`` has not come and what there was instead.
    """
    deadline = time.monotonic() + patience
    while True:
        seen: object
        try:
            found = look()
            if found:
                return found
            seen = found
        except (OSError, AssertionError) as error:
            seen = error
        if time.monotonic() > deadline:
            raise AssertionError(f"{what} has not come within {patience:g} s: {seen!r:.2000}")
        time.sleep(pause)


def clear_of_the_end_of(what: Literal["day", "month"], seconds: float) -> None:
    """Waits until the day or the month (UTC) is over if it ends within ``seconds``: what sums it up begins anew then."""

    def present(ahead: float) -> tuple[int, ...]:
        return time.gmtime(time.time() + ahead)[: 3 if what == "day" else 2]

    while present(seconds) != present(0):
        time.sleep(0.5)


class Process:
    """One program. :meth:`start`, :meth:`stop` and :meth:`kill` may follow each other: ports and files stay the same."""

    name = "program"

    def __init__(
        self, program: Path, folder: Path, arguments: Iterable[str] = (), environment: Mapping[str, str] | None = None
    ) -> None:
        self.folder = folder
        self.folder.mkdir(parents=True, exist_ok=True)
        self.command = [str(program), *arguments]
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("OTEL_", "LLMOTEL_"))}
        self.environment = {**kept, **(environment or {})}
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def log(self) -> str:
        """What the program has printed so far, in all its runs."""
        file = self.folder / f"{self.name}.log"
        return file.read_text("utf-8", "replace") if file.exists() else ""

    @property
    def pid(self) -> int:
        assert self._process is not None, f"{self.name} is not running"
        return self._process.pid

    def ready(self) -> bool:
        """Whether it takes work; an ``OSError`` says no."""
        return True

    def start(self) -> None:
        """Starts it and waits until it is ready. ``AssertionError`` with its log when it ends or does not get ready."""
        assert self._process is None, f"{self.name} is running already"
        with (self.folder / f"{self.name}.log").open("ab") as log:
            self._process = subprocess.Popen(
                self.command, cwd=self.folder, env=self.environment,
                stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT,
            )  # fmt: skip
        try:
            eventually(self._ready_or_ended, f"{self.name}: being ready")
            status = self._process.poll()
            assert status is None, f"{self.name} ended with {status}"
        except AssertionError as error:
            self.kill()
            raise AssertionError(f"{error}\n{self.log[-4000:]}") from None

    def _ready_or_ended(self) -> bool:
        assert self._process is not None
        return self._process.poll() is not None or self.ready()

    def stop(self) -> None:
        """SIGTERM, and SIGKILL when it does not end."""
        self._end(signal.SIGTERM)

    def kill(self) -> None:
        """SIGKILL."""
        self._end(signal.SIGKILL)

    def signal(self, number: int) -> None:
        """Any other signal, such as SIGHUP or SIGSTOP."""
        os.kill(self.pid, number)

    def _end(self, number: int) -> None:
        process, self._process = self._process, None
        if process is None or process.poll() is not None:
            return
        process.send_signal(number)
        try:
            process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    def __enter__(self: P) -> P:
        self.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self.stop()


P = TypeVar("P", bound=Process)


def answers(url: str) -> bool:
    """Whether a GET of ``url`` has status 200. A refused connection is an ``OSError``."""
    try:
        with urllib.request.urlopen(url, timeout=5) as response:
            return bool(response.status == 200)
    except urllib.error.HTTPError:
        return False
