"""Passes everything on to another OTLP endpoint, through a queue on disk, in order, for as long as it takes."""

from __future__ import annotations

import gzip
import logging
import os
import threading
import time
from collections.abc import Mapping
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.parse import urlsplit
from urllib.request import HTTPRedirectHandler, Request, build_opener

from llmotel.local.errors import LocalError

_log = logging.getLogger("llmotel.local")

_AGAIN = frozenset({408, 429, 500, 502, 503, 504})
_FIRST, _LONGEST = 0.5, 30.0  # seconds between two tries
_TIMEOUT = 30.0
_LARGEST = 2_000_000_000  # bytes that may wait


class _NoRedirect(HTTPRedirectHandler):
    def redirect_request(self, req: Any, fp: Any, code: Any, msg: Any, headers: Any, newurl: Any) -> None:  # noqa: ARG002
        return None  # what was said is sent where the user said, and nowhere else


class Forward:
    """Sends what :meth:`put` was given to ``url``. ``folder`` holds what waits, also over a restart."""

    def __init__(
        self, url: str, headers: Mapping[str, str], folder: Path, *, largest: int = _LARGEST, first_wait: float = _FIRST
    ) -> None:
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise LocalError(f"--forward {url!r}: accepted is an http or https URL, such as https://collector:4318")
        self._url = url.rstrip("/")
        self._headers = dict(headers)
        self._folder = folder
        self._largest = largest
        self._first = first_wait
        self._opener = build_opener(_NoRedirect)
        self._lock = threading.Condition()
        self._ending = False
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._names = sorted(path.name for path in folder.glob("*.otlp"))
        self._bytes = sum((folder / name).stat().st_size for name in self._names)
        self._number = int(self._names[-1].split("-")[0]) + 1 if self._names else 0
        self.sent = 0
        self.failed = 0
        self.last_error: str | None = None
        self._thread = threading.Thread(target=self._run, name="llmotel-local-forward", daemon=True)
        self._thread.start()

    def put(self, signal: str, body: bytes) -> None:
        """Queues the protobuf body of a request. One that has no room is counted as failed, and told in the log."""
        packed = gzip.compress(body, 1)
        with self._lock:
            if self._bytes + len(packed) > self._largest:
                self.failed += 1
                _log.error("%s: %d bytes wait already; a request is not passed on", self._url, self._bytes)
                return
            name = f"{self._number:016d}-{signal}.otlp"
            self._number += 1
            partial = self._folder / f"{name}.part"
            descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
            with os.fdopen(descriptor, "wb") as file:
                file.write(packed)
            partial.rename(self._folder / name)
            self._names.append(name)
            self._bytes += len(packed)
            self._lock.notify()

    def state(self) -> dict[str, Any]:
        """How far behind it is."""
        with self._lock:
            oldest = None
            if self._names:
                try:
                    oldest = time.time() - (self._folder / self._names[0]).stat().st_mtime
                except OSError:
                    pass
            return {
                "url": self._url,
                "behind": len(self._names),
                "behind_bytes": self._bytes,
                "behind_seconds": oldest,
                "sent": self.sent,
                "failed": self.failed,
                "last_error": self.last_error,
            }

    def close(self) -> None:
        """Ends the thread; what waits is sent after the next start."""
        with self._lock:
            self._ending = True
            self._lock.notify()
        self._thread.join()

    def _run(self) -> None:
        wait = self._first
        while True:
            with self._lock:
                while not self._names and not self._ending:
                    self._lock.wait()
                if self._ending:
                    return
                name = self._names[0]
            path = self._folder / name
            try:
                body = path.read_bytes()
            except OSError as error:
                self._done(name, 0, f"{name} cannot be read: {error.strerror}")
                continue
            again, reason = self._send(name.split("-")[1].removesuffix(".otlp"), body)
            if again is None:
                self._done(name, len(body), reason)
                wait = self._first
                continue
            if self.last_error != reason:
                _log.warning("%s does not take what is passed on, and is asked again: %s", self._url, reason)
            self.last_error = reason
            with self._lock:
                if not self._ending:
                    self._lock.wait_for(lambda: self._ending, max(again, wait))
            wait = min(wait * 2, _LONGEST)

    def _done(self, name: str, size: int, reason: str | None) -> None:
        with self._lock:
            self._names.pop(0)
            self._bytes -= size
            if reason is None:
                self.sent += 1
                self.last_error = None
            else:
                self.failed += 1
                self.last_error = reason
                _log.error("%s refuses what is passed on: %s", self._url, reason)
        (self._folder / name).unlink(missing_ok=True)

    def _send(self, signal: str, body: bytes) -> tuple[float | None, str | None]:
        """``None``: it is done with, for the reason given if it was refused. Else the seconds to wait at least."""
        headers = {"Content-Type": "application/x-protobuf", "Content-Encoding": "gzip", **self._headers}
        request = Request(f"{self._url}/v1/{signal}", data=body, headers=headers, method="POST")
        try:
            with self._opener.open(request, timeout=_TIMEOUT) as answer:
                answer.read(65536)
            return None, None
        except HTTPError as error:
            error.close()
            if error.code in _AGAIN:
                return _after(error.headers.get("Retry-After")), f"status {error.code}"
            return None, f"status {error.code}"
        except (URLError, OSError, ValueError) as error:
            return 0.0, str(getattr(error, "reason", error))


def _after(value: str | None) -> float:
    if value is None:
        return 0.0
    try:
        return min(max(float(value), 0.0), 300.0)
    except ValueError:
        pass
    try:
        return min(max(parsedate_to_datetime(value).timestamp() - time.time(), 0.0), 300.0)
    except (ValueError, TypeError):
        return 0.0


def headers(given: list[str]) -> dict[str, str]:
    """``K=V`` of ``--forward-header``."""
    found = {}
    for text in given:
        name, sign, value = text.partition("=")
        if not sign or not name.strip() or any(sign in text for sign in "\r\n"):
            raise LocalError(f"--forward-header {text.partition('=')[0]!r}: accepted is NAME=VALUE")
        found[name.strip()] = value.strip()
    return found


__all__ = ["Forward", "headers"]
