"""OTLP over HTTP: reads what senders post, has it written, and answers after the commit."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, NamedTuple

from google.protobuf import json_format
from google.protobuf.message import Message
from google.rpc.status_pb2 import Status  # type: ignore[import-untyped]
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest, ExportLogsServiceResponse
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
    ExportMetricsServiceRequest,
    ExportMetricsServiceResponse,
)
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from llmotel.local import decoding, logs, points
from llmotel.local.batch import Batch, Rejections
from llmotel.local.errors import BusyError, StoreError, UnreadableError
from llmotel.local.spans import SpanReader
from llmotel.local.writer import Writer

LARGEST_SENT = 32 * 1024 * 1024
LARGEST = 64 * 1024 * 1024
_RETRY_SECONDS = 1
_PROTOBUF, _JSON = "application/x-protobuf", "application/json"
_INVALID, _EXHAUSTED, _UNAVAILABLE, _UNIMPLEMENTED = 3, 8, 14, 12


class Signal(NamedTuple):
    """One of OTLP's signals: its messages, what its parts are called, and who reads them."""

    name: str
    request: type[Message]
    response: type[Message]
    rejected: str
    read: Callable[[Any, Batch], Rejections]


class Taken(NamedTuple):
    """A request that is being written: what it waits for, and what of it is not stored."""

    stored: Future[Any] | None
    rejected: Rejections


class Receiver:
    """Takes OTLP for ``writer``. ``forward`` is given each body that was stored, with its signal."""

    def __init__(self, writer: Writer, *, largest_sent: int = LARGEST_SENT, largest: int = LARGEST) -> None:
        spans = SpanReader()
        self._writer = writer
        self._largest_sent = largest_sent
        self._largest = largest
        self._threads = ThreadPoolExecutor(2, "llmotel-local-decoder")
        self.forward: Callable[[str, bytes], None] | None = None
        self.signals = {
            "traces": Signal(
                "traces", ExportTraceServiceRequest, ExportTraceServiceResponse, "rejected_spans", spans.read
            ),
            "metrics": Signal(
                "metrics", ExportMetricsServiceRequest, ExportMetricsServiceResponse, "rejected_data_points",
                points.read,
            ),
            "logs": Signal(
                "logs", ExportLogsServiceRequest, ExportLogsServiceResponse, "rejected_log_records", logs.read
            ),
        }  # fmt: skip

    def take(self, signal: Signal, body: bytes, *, encoding: str = "", as_json: bool = False) -> Taken:
        """Decodes ``body`` and queues it. Raises :class:`UnreadableError`, :class:`BusyError`, :class:`StoreError`."""
        self._writer.check()
        body = decoding.inflated(body, encoding, self._largest)
        digest, known, waiting = self._writer.seen(signal.name, body)
        if known:  # a sender that missed the answer sends the same again
            return Taken(waiting, Rejections())
        message = decoding.otlp_json(signal.request, body) if as_json else decoding.protobuf(signal.request, body)
        batch = Batch(len(body))
        rejected = signal.read(message, batch)
        stored = self._writer.put(batch, digest)
        if self.forward is not None:
            forward, whole = self.forward, message.SerializeToString() if as_json else body
            stored.add_done_callback(lambda done: done.exception() or forward(signal.name, whole))
        return Taken(stored, rejected)

    async def answer(self, signal: Signal, request: Request) -> Response:
        """The answer to one post of OTLP."""
        kind = request.headers.get("content-type", "").split(";")[0].strip().lower()
        as_json = kind == _JSON
        if kind not in (_PROTOBUF, _JSON):
            return _refusal(415, _INVALID, f"Content-Type: {kind[:80]!r}; accepted are {_PROTOBUF} and {_JSON}", True)
        try:
            body = await self._body(request)
            taken = await asyncio.get_running_loop().run_in_executor(
                self._threads,
                lambda: self.take(signal, body, encoding=request.headers.get("content-encoding", ""), as_json=as_json),
            )
            if taken.stored is not None:
                await asyncio.wrap_future(taken.stored)
        except decoding.TooLargeError as error:
            return _refusal(413, _INVALID, str(error), as_json)
        except UnreadableError as error:
            return _refusal(400, _INVALID, str(error), as_json)
        except BusyError as error:
            return _refusal(429, _EXHAUSTED, str(error), as_json, retry=_RETRY_SECONDS)
        except StoreError as error:
            return _refusal(503, _UNAVAILABLE, str(error), as_json, retry=30)
        except ClientDisconnect:
            return Response(status_code=400)
        return _success(signal, taken.rejected, as_json)

    async def _body(self, request: Request) -> bytes:
        announced = request.headers.get("content-length", "0")
        if announced.isdigit() and int(announced) > self._largest_sent:
            raise decoding.TooLargeError(f"the body has {announced} bytes; at most {self._largest_sent} are accepted")
        parts, size = [], 0
        async for part in request.stream():
            size += len(part)
            if size > self._largest_sent:
                raise decoding.TooLargeError(f"the body has more than {self._largest_sent} bytes")
            parts.append(part)
        return b"".join(parts)

    def close(self) -> None:
        """Ends the threads that decode."""
        self._threads.shutdown(wait=True, cancel_futures=True)


def response(signal: Signal, rejected: Rejections) -> Message:
    """The message that answers a request: empty, or with what of it is not stored."""
    message = signal.response()
    if rejected.count:
        partial = message.partial_success  # type: ignore[attr-defined]
        setattr(partial, signal.rejected, rejected.count)
        partial.error_message = rejected.reason
    return message


def _success(signal: Signal, rejected: Rejections, as_json: bool) -> Response:
    message = response(signal, rejected)
    if as_json:
        return Response(json.dumps(json_format.MessageToDict(message)), media_type=_JSON)
    return Response(message.SerializeToString(), media_type=_PROTOBUF)


def _refusal(status: int, code: int, text: str, as_json: bool, retry: int | None = None) -> Response:
    headers = {} if retry is None else {"Retry-After": str(retry)}
    if status in (413, 415):
        headers["Connection"] = "close"  # the rest of the body is not read
    if as_json:
        return Response(json.dumps({"code": code, "message": text}), status, headers, _JSON)
    return Response(Status(code=code, message=text).SerializeToString(), status, headers, _PROTOBUF)


__all__ = ["LARGEST", "LARGEST_SENT", "Receiver", "Signal", "Taken", "response"]
