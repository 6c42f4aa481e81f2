"""How the terminal asks: a server that runs, by HTTP, or a database that nobody has open."""

from __future__ import annotations

import argparse
import json
import re
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol
from urllib.error import HTTPError, URLError
from urllib.parse import quote, unquote, urlencode
from urllib.request import Request, urlopen

import duckdb

from llmotel.local.address import URL
from llmotel.local.endpoints import ENDPOINTS
from llmotel.local.errors import LocalError, RequestError
from llmotel.local.filters import Parameters
from llmotel.local.server import SERVER_FILE
from llmotel.local.store import FILE, Store

Pairs = Sequence[tuple[str, str]]


class Source(Protocol):
    """Whoever answers what ``/api`` answers."""

    def get(self, path: str, pairs: Pairs = ()) -> Any:
        """The answer. Raises :class:`~llmotel.local.errors.LocalError` with the reason."""
        ...


class Remote:
    """A server that runs."""

    def __init__(self, url: str, token: str | None = None) -> None:
        self._url = url.rstrip("/")
        self._headers = {"Authorization": f"Bearer {token}"} if token else {}

    def get(self, path: str, pairs: Pairs = ()) -> Any:
        """As :meth:`Source.get`."""
        request = Request(f"{self._url}{path}?{urlencode(pairs)}", headers=self._headers)
        try:
            with urlopen(request, timeout=120) as answer:
                return json.load(answer)
        except HTTPError as error:
            raise LocalError(_detail(error)) from None
        except (URLError, OSError, ValueError) as error:
            reason = getattr(error, "reason", error)
            raise LocalError(f"{self._url} does not answer: {reason}. Start it with llmotel local.") from None

    def post(self, path: str, body: bytes) -> None:
        """Posts JSON. Raises :class:`LocalError` with the reason of a refusal."""
        headers = {**self._headers, "Content-Type": "application/json"}
        try:
            with urlopen(Request(f"{self._url}{path}", body, headers, method="POST"), timeout=120) as answer:
                answer.read()
        except HTTPError as error:
            raise LocalError(_detail(error)) from None
        except (URLError, OSError) as error:
            raise LocalError(f"{self._url} does not answer: {getattr(error, 'reason', error)}") from None

    def open(self, path: str) -> Any:
        """The answer as a file to read. Raises :class:`LocalError`."""
        try:
            return urlopen(Request(f"{self._url}{path}", headers=self._headers), timeout=120)
        except HTTPError as error:
            raise LocalError(_detail(error)) from None
        except (URLError, OSError) as error:
            raise LocalError(f"{self._url} does not answer: {getattr(error, 'reason', error)}") from None

    def alive(self) -> bool:
        """Whether it is llmotel local that answers there."""
        try:
            with urlopen(Request(f"{self._url}/api/health", headers=self._headers), timeout=2) as answer:
                return "status" in json.loads(answer.read(65536))
        except (URLError, OSError, ValueError, TypeError):
            return False


class Direct:
    """A database that nobody else has open."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self._routes = [
            (re.compile(re.sub(r"{(\w+)(:path)?}", lambda found: f"(?P<{found[1]}>{'.+' if found[2] else '[^/]+'})",
                               endpoint.path)), endpoint)
            for endpoint in ENDPOINTS
        ]  # fmt: skip

    def get(self, path: str, pairs: Pairs = ()) -> Any:
        """As :meth:`Source.get`."""
        for pattern, endpoint in self._routes:
            found = pattern.fullmatch(path)
            if found:
                values = {name: unquote(value) for name, value in found.groupdict().items()}
                try:
                    with self.store.reader() as reader:
                        return endpoint.answer(reader, values, Parameters(pairs), time.time_ns())
                except RequestError as error:
                    raise LocalError(error.detail) from None
                except duckdb.Error as error:
                    raise LocalError(f"the question failed: {str(error).splitlines()[0]}") from None
        raise LocalError(f"{path} is not here")


@contextmanager
def open_source(options: argparse.Namespace, usual: Path, *, make: bool = False) -> Iterator[Source]:
    """Who answers: ``--url``; or whoever has ``--data``; or the usual server; or the usual folder, which is made
    where there is none and ``make`` says so."""
    if options.url:
        yield Remote(options.url, options.token)
        return
    folder = Path(options.data) if options.data else usual
    candidates = [] if options.data else [URL]
    try:
        candidates.append(str(json.loads((folder / SERVER_FILE).read_text())["url"]))
    except (OSError, ValueError, KeyError, TypeError):
        pass
    for url in candidates:
        remote = Remote(url, options.token)
        if remote.alive():
            yield remote
            return
    if not make and not (folder / FILE).exists():
        where = "" if options.data else f"llmotel local does not run at {URL}, and "
        raise LocalError(f"{where}there is no data in {folder}. Start it with llmotel local.")
    store = Store(folder)
    try:
        yield Direct(store)
    finally:
        store.close()


def _detail(error: HTTPError) -> str:
    try:
        told = json.loads(error.read(65536))
        return str(told.get("detail") or told["message"])
    except (ValueError, KeyError, TypeError, OSError):
        return f"{error.url}: {error.code} {error.reason}"


def path_of(*parts: str) -> str:
    """A path of the API, with parts that come from outside."""
    return "/api/" + "/".join(quote(part, safe="") for part in parts)


__all__ = ["Direct", "Pairs", "Remote", "Source", "open_source", "path_of"]
