"""The HTTP server's application: OTLP in, questions answered, the viewer's files."""

from __future__ import annotations

import asyncio
import json
import logging
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from typing import Any

import duckdb
from starlette.applications import Starlette
from starlette.background import BackgroundTask
from starlette.requests import Request
from starlette.responses import FileResponse, Response, StreamingResponse
from starlette.routing import Route

from llmotel.local import evaluations, export, jsonvalues, shapes
from llmotel.local.alerting import Alerting
from llmotel.local.endpoints import ENDPOINTS, Endpoint
from llmotel.local.errors import BusyError, RequestError, StoreError
from llmotel.local.filters import Filter, Parameters
from llmotel.local.forward import Forward
from llmotel.local.live import Live
from llmotel.local.openapi import document
from llmotel.local.pages import Pages
from llmotel.local.problems import problem
from llmotel.local.questions.asking import Csv
from llmotel.local.receiver import Receiver
from llmotel.local.retention import Retention
from llmotel.local.safety import Safety
from llmotel.local.store import Reader, Store
from llmotel.local.writer import Writer, append
from llmotel.version import __version__

_log = logging.getLogger("llmotel.local")

SECONDS = 20.0  # that a question may take
_AT_ONCE = 4
_WAITING = 64  # questions that may wait for their turn
_BODY = 64 * 1024


class Backend:
    """All that one server is made of. ``seconds`` is how long a question may take."""

    def __init__(
        self,
        store: Store,
        *,
        hosts: Iterable[str] | None = None,
        token: str | None = None,
        seconds: float = SECONDS,
        keep_seconds: int | None = None,
        max_bytes: int | None = None,
        alerting: Alerting | None = None,
        forward: Forward | None = None,
        pages: Pages | None = None,
    ) -> None:
        self.store = store
        self.writer = Writer(store)
        self.receiver = Receiver(self.writer)
        self.alerting = alerting or Alerting(store, self.writer)
        self.live: Live | None = None
        self.keep_seconds = keep_seconds
        self.retention = Retention(store, self.writer, keep_seconds, max_bytes)
        self.started = time.time_ns()
        self.forward = forward
        if forward is not None:
            self.receiver.forward = forward.put
        self._seconds = seconds
        self._waiting = 0
        self._threads = ThreadPoolExecutor(_AT_ONCE, "llmotel-local-reader")
        self._pages = pages or Pages()
        routes = [
            *(Route(f"/v1/{name}", self._taker(name), methods=["POST"]) for name in self.receiver.signals),
            *(Route(endpoint.path, self._asker(endpoint), methods=["GET"]) for endpoint in ENDPOINTS),
            Route("/api/health", self._health, methods=["GET"]),
            Route("/api/openapi.json", self._openapi, methods=["GET"]),
            Route("/api/live", self._live, methods=["GET"]),
            Route("/api/alerts", self._alerts, methods=["GET"]),
            Route("/api/alerts/try", self._alerts_try, methods=["GET"]),
            Route("/api/export", self._export, methods=["GET"]),
            Route("/api/scores", self._scores, methods=["POST"]),
            Route("/api/{rest:path}", self._nowhere, methods=["GET", "POST", "PUT", "DELETE", "PATCH"]),
            Route("/v1/{rest:path}", self._nowhere, methods=["GET", "POST"]),
            Route("/{path:path}", self._pages.__call__, methods=["GET"]),
        ]
        self.starlette = Starlette(routes=routes, lifespan=self._lifespan, exception_handlers={405: self._method})
        self.app = Safety(self.starlette, hosts, token)

    @asynccontextmanager
    async def _lifespan(self, _: Starlette) -> AsyncIterator[None]:
        self.live = Live(self.writer)
        live = self.live
        self.alerting.told.append(lambda item: live.publish_threadsafe("alert", item))
        self.retention.start()
        self.alerting.start()
        try:
            yield
        finally:
            self.live.close()

    def close(self) -> None:
        """Writes what waits, and closes the database."""
        self.alerting.close()
        self.retention.close()
        self.receiver.close()
        self._threads.shutdown(wait=True, cancel_futures=True)
        self.writer.close()
        if self.forward is not None:
            self.forward.close()
        self.store.close()

    def _taker(self, name: str) -> Callable[[Request], Awaitable[Response]]:
        signal = self.receiver.signals[name]

        async def take(request: Request) -> Response:
            return await self.receiver.answer(signal, request)

        return take

    def _asker(self, endpoint: Endpoint) -> Callable[[Request], Awaitable[Response]]:
        async def ask(request: Request) -> Response:
            given = Parameters(request.query_params.multi_items())
            path = {name: str(value) for name, value in request.path_params.items()}
            return await self.respond(lambda reader: endpoint.answer(reader, path, given, time.time_ns()))

        return ask

    async def respond(self, answer: Callable[[Reader], Any]) -> Response:
        """What ``answer`` gives as JSON (or a ``Response``), or the problem that it met."""
        try:
            value = await self.asked(answer)
        except RequestError as error:
            return problem(error.status, error.detail, parameter=error.parameter)
        except duckdb.InterruptException:
            return problem(503, f"the question took longer than {self._seconds:g} s; narrow the period or the filters")
        except duckdb.OutOfMemoryException:
            return problem(503, "the question needs more memory than is allowed; narrow the period or the filters")
        except BusyError as error:
            return problem(503, str(error), headers={"Retry-After": "1"})
        except StoreError as error:
            return problem(503, str(error))
        except duckdb.Error as error:
            _log.error("a question failed: %s", str(error).splitlines()[0])
            return problem(500, "the question failed; the log of llmotel local says why")
        except Exception:
            _log.exception("a question failed")
            return problem(500, "the question failed; the log of llmotel local says why")
        if isinstance(value, Csv):
            return Response(value.text().encode("utf-8", "replace"), media_type="text/csv")
        return value if isinstance(value, Response) else answered(value)

    async def asked(self, answer: Callable[[Reader], Any]) -> Any:
        """What ``answer`` gives, within the time that a question may take."""
        if self._waiting >= _WAITING:
            raise BusyError("too many questions at once")
        self._waiting += 1
        loop = asyncio.get_running_loop()
        try:
            reader = self.store.reader()
            timer = loop.call_later(self._seconds, reader.interrupt)

            def work() -> Any:
                try:
                    return answer(reader)
                finally:
                    reader.close()

            try:
                return await loop.run_in_executor(self._threads, work)
            finally:
                timer.cancel()
        finally:
            self._waiting -= 1

    async def _health(self, request: Request) -> Response:
        if request.scope.get("llmotel.unknown"):
            return answered({"status": "ok"})
        writer, store = self.writer, self.store

        def state(reader: Reader) -> dict[str, Any]:
            first, last = reader.query("SELECT min(start_ns), max(start_ns) FROM spans WHERE start_ns > 0")[0]
            return {
                "status": "ok" if writer.failure is None else "failed",
                "failure": writer.failure,
                "version": __version__,
                "spans": writer.spans,
                "calls": writer.calls,
                "logs": writer.logs,
                "metric_points": writer.points,
                "queue": writer.waiting,
                "data": None if store.path is None else str(store.path),
                "memory": store.path is None,
                "bytes": store.bytes(),
                "started_at": shapes.iso(self.started),
                "keep_seconds": self.keep_seconds,
                "forward": None if self.forward is None else self.forward.state(),
                "first_time": shapes.iso(first),
                "last_time": shapes.iso(last),
            }

        return await self.respond(state)

    async def _alerts(self, request: Request) -> Response:
        def state(reader: Reader) -> dict[str, Any]:
            Parameters(request.query_params.multi_items()).only(filters=False)
            return self.alerting.state(reader)

        return await self.respond(state)

    async def _alerts_try(self, request: Request) -> Response:
        given = Parameters(request.query_params.multi_items())
        return await self.respond(lambda reader: self.alerting.tried(reader, given, time.time_ns()))

    async def _export(self, request: Request) -> Response:
        given = Parameters(request.query_params.multi_items())
        try:
            form, found = export.chosen(given, time.time_ns())
        except RequestError as error:
            return problem(error.status, error.detail, parameter=error.parameter)
        kind, suffix = export.FORMATS[form]
        headers = {"Content-Disposition": f'attachment; filename="llmotel.{suffix}"', "Cache-Control": "no-store"}
        if form == "parquet":
            return await self.respond(
                lambda reader: FileResponse(
                    (path := export.parquet(reader, found, self.store.exchange)),
                    media_type=kind,
                    headers=headers,
                    background=BackgroundTask(path.unlink, missing_ok=True),
                )
            )
        return StreamingResponse(self._pieces(form, found), media_type=kind, headers=headers)

    def _pieces(self, form: str, found: Filter) -> Iterator[bytes]:
        with self.store.reader() as reader:
            for piece in export.lines(reader, form, found):
                yield piece.encode("utf-8", "replace")

    async def _openapi(self, _: Request) -> Response:
        return answered(document())

    async def _live(self, request: Request) -> Response:
        assert self.live is not None
        try:
            Parameters(request.query_params.multi_items()).only()
        except RequestError as error:
            return problem(400, error.detail, parameter=error.parameter)
        if self.live.full:
            return problem(503, "too many pages listen", headers={"Retry-After": "10"})
        return StreamingResponse(
            self.live.events(), media_type="text/event-stream", headers={"Cache-Control": "no-store"}
        )

    async def _scores(self, request: Request) -> Response:
        if request.headers.get("content-type", "").split(";")[0].strip().lower() != "application/json":
            return problem(415, "Content-Type: accepted is application/json")
        body = bytearray()
        async for part in request.stream():
            body += part
            if len(body) > _BODY:
                return problem(413, f"at most {_BODY} bytes are accepted", headers={"Connection": "close"})
        try:
            value = json.loads(bytes(body))
        except (ValueError, RecursionError):
            return problem(400, "the body is not JSON")
        try:
            row = evaluations.given_by_hand(value, time.time_ns())
            await self.asked(lambda reader: _known(reader, row[1], row[2]))
            await asyncio.wrap_future(self.writer.run(lambda connection: append(connection, "evaluations", [row])))
            scores = await self.asked(lambda reader: evaluations.of_span(reader, row[1], row[2]))
        except RequestError as error:
            return problem(error.status, error.detail, parameter=error.parameter)
        except (StoreError, duckdb.Error) as error:
            return problem(503, str(error).splitlines()[0])
        return answered(scores[-1], 201)

    async def _nowhere(self, request: Request) -> Response:
        return problem(404, f"{request.url.path[:200]!r} is not here; /api/openapi.json says what is")

    async def _method(self, request: Request, _: Exception) -> Response:
        return problem(405, f"{request.method} is not what {request.url.path[:200]!r} takes")


def _known(reader: Reader, trace: int, span: int) -> None:
    if not reader.query("SELECT 1 FROM spans WHERE trace_id = ?::UHUGEINT AND span_id = ? LIMIT 1", [trace, span]):
        raise RequestError("no span has this trace_id and span_id", "span_id", 404)


def answered(value: Any, status: int = 200) -> Response:
    """``value`` as JSON, in which what is no number of JSON is null."""
    try:
        text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False, default=float)
    except ValueError:
        text = json.dumps(jsonvalues.finite(value), ensure_ascii=False, separators=(",", ":"), default=float)
    return Response(text.encode("utf-8", "replace"), status, {"Cache-Control": "no-store"}, "application/json")


__all__ = ["Backend", "answered"]
