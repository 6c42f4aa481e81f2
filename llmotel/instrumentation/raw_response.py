"""Raw responses: ``with_raw_response`` and ``with_streaming_response``, which reach us unparsed.

Nothing is parsed or read before the caller does it. A body that is in memory already is decoded from its bytes, on the
side, and the caller gets the library's own object. A body yet to come is watched through a proxy.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable, Iterator
from inspect import isawaitable
from typing import Any

from llmotel.engine.call import Call
from llmotel.instrumentation import stream_proxy
from llmotel.instrumentation.proxy import Proxy
from llmotel.instrumentation.stream_observer import CLOSED, COMPLETED, StreamObserver
from llmotel.spec import UsageInjection
from llmotel.spec.reading import wrapped

_READS = frozenset({"parse", "read", "json", "text", "write_to_file", "stream_to_file"})
_ITERATES = frozenset({"iter_bytes", "iter_text", "iter_lines"})
_MAX_BODY = 1 << 20  # bytes kept of a JSON body that the caller reads in pieces; a longer one is not decoded


def wrap_raw_response(call: Call, response: Any, injection: UsageInjection | None) -> Any:
    """``response`` itself when its body is in memory, which finishes the call; else a proxy that will."""
    body = _body(response.http_response)
    if body is None:
        return RawResponse(response, StreamObserver(call), injection)
    _read(call, response, body)
    call.finish()
    return response


def _body(http_response: Any) -> bytes | None:
    """The body's bytes when they have been read, else ``None``."""
    try:
        content = http_response.content
    except Exception:  # httpx's ResponseNotRead, of either httpx generation
        return None
    return content if isinstance(content, bytes) else None


def _read(call: Call, response: Any, body: bytes) -> None:
    if "json" in response.http_response.headers.get("content-type", ""):
        try:
            payload = json.loads(body)
        except ValueError:  # malformed: the caller's parse() will say so
            return
        call.read(payload)


class RawResponse(Proxy):
    """A raw response whose body has not been read."""

    __slots__ = ("_self_injection", "_self_stream", "_self_watch")

    def __init__(self, wrapped: Any, watch: StreamObserver, injection: UsageInjection | None) -> None:
        super().__init__(wrapped)
        self._self_watch = watch
        self._self_injection = injection
        self._self_stream: tuple[Any, Any] | None = None  # what parse() gave, and its proxy

    def __getattr__(self, name: str) -> Any:
        value = getattr(self.__wrapped__, name)
        if name in _READS and callable(value):
            return self._self_reading(value)
        if name in _ITERATES and callable(value):
            return self._self_iterating(value)
        if name == "close" and callable(value):
            return self._self_closing(value)
        return value

    def _self_reading(self, method: Callable[..., Any]) -> Callable[..., Any]:
        def read(*args: Any, **kwargs: Any) -> Any:
            try:
                result = method(*args, **kwargs)
            except BaseException as error:
                self._self_watch.fail(error)
                raise
            return awaited(result) if isawaitable(result) else self._self_done(result)

        async def awaited(pending: Any) -> Any:
            try:
                result = await pending
            except BaseException as error:
                self._self_watch.fail(error)
                raise
            return self._self_done(result)

        return read

    def _self_done(self, result: Any) -> Any:
        """What the caller gets of ``result``: the proxy of a stream, or ``result``."""
        watch = self._self_watch
        try:
            if stream_proxy.is_stream(result):
                if self._self_stream is None or self._self_stream[0] is not result:
                    proxy = stream_proxy.proxy(result, watch, self._self_injection)
                    self._self_stream = (result, proxy)
                return self._self_stream[1]
            body = _body(self.__wrapped__.http_response)
            if body is not None and watch.call.stream_outcome is None:
                _read(watch.call, self.__wrapped__, body)
            watch.finish(COMPLETED)
        except Exception as error:
            watch.call.guard.report_error("raw", error)
        return result

    def _self_iterating(self, method: Callable[..., Any]) -> Callable[..., Any]:
        watch, lines = self._self_watch, method.__name__ == "iter_lines"
        decoder = Decoder(watch, self.__wrapped__.http_response.headers.get("content-type", ""), lines=lines)

        def iterate(*args: Any, **kwargs: Any) -> Any:
            pieces = method(*args, **kwargs)
            return aeach(pieces) if hasattr(pieces, "__aiter__") else each(pieces)

        def each(pieces: Iterator[Any]) -> Iterator[Any]:
            try:
                for piece in pieces:
                    decoder.feed(piece)
                    yield piece
            except GeneratorExit:
                raise
            except BaseException as error:
                watch.fail(error)
                raise
            decoder.end()

        async def aeach(pieces: AsyncIterator[Any]) -> AsyncIterator[Any]:
            try:
                async for piece in pieces:
                    decoder.feed(piece)
                    yield piece
            except GeneratorExit:
                raise
            except BaseException as error:
                watch.fail(error)
                raise
            decoder.end()

        return iterate

    def _self_closing(self, method: Callable[..., Any]) -> Callable[..., Any]:
        watch = self._self_watch

        def close(*args: Any, **kwargs: Any) -> Any:
            try:
                result = method(*args, **kwargs)
            except BaseException:
                watch.finish(CLOSED)
                raise
            if isawaitable(result):
                return awaited(result)
            watch.finish(CLOSED)
            return result

        async def awaited(pending: Any) -> Any:
            try:
                return await pending
            finally:
                watch.finish(CLOSED)

        return close


class Decoder:
    """Reads a body as it passes by in pieces: server-sent events one by one, JSON at the end. Never raises."""

    def __init__(self, watch: StreamObserver, content_type: str, *, lines: bool) -> None:
        self._watch = watch
        self._events = "event-stream" in content_type
        self._json = "json" in content_type
        self._lines = lines
        self._rest = b""

    def feed(self, piece: Any) -> None:
        """Takes the next piece, bytes or text."""
        try:
            data = piece.encode() if isinstance(piece, str) else bytes(piece)
            if self._lines:
                data += b"\n"
            if self._events:
                *complete, self._rest = (self._rest + data).split(b"\n")
                for line in complete:
                    if line.startswith(b"data:") and line[5:].strip() != b"[DONE]":
                        self._watch.on_chunk(wrapped(json.loads(line[5:])))
            elif self._json and len(self._rest) <= _MAX_BODY:
                self._rest += data
        except Exception as error:
            if not isinstance(error, ValueError):
                self._watch.call.guard.report_error("raw", error)

    def end(self) -> None:
        """The body is complete."""
        watch = self._watch
        if self._json and watch.call.stream_outcome is None and len(self._rest) <= _MAX_BODY:
            try:
                watch.call.read(json.loads(self._rest))
            except ValueError:  # malformed or cut: the caller has the bytes
                pass
        watch.finish(COMPLETED)
