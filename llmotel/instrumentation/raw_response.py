"""Raw responses: ``with_raw_response`` and ``with_streaming_response``, which reach us unparsed.

Nothing is parsed or read before the caller does it. A body that is in memory already is decoded from its bytes, on the
side, and the caller gets the library's own object. A body yet to come is watched through a proxy.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from inspect import isawaitable
from time import perf_counter
from typing import Any

from llmotel.engine.call import Call
from llmotel.instrumentation import stream_proxy
from llmotel.instrumentation.body_decoder import BodyDecoder, decoded
from llmotel.instrumentation.proxy import Proxy
from llmotel.instrumentation.stream_observer import CLOSED, COMPLETED, StreamObserver
from llmotel.spec import UsageInjection

_READS = frozenset({"parse", "read", "json", "text", "write_to_file", "stream_to_file"})
_ITERATES = frozenset({"iter_bytes", "iter_text", "iter_lines"})


def watched(call: Call, response: Any, injection: UsageInjection | None, ended: float) -> Any:
    """``response`` itself when its body is in memory, which finishes the call; else a proxy that will. ``ended`` is
    when the library was done."""
    body = _body(response.http_response)
    if body is None:
        return RawResponse(response, StreamObserver(call, injection))
    _read(call, response, body)
    call.finish(ended)
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
            payload = decoded(body, call.endpoint.bulk)
        except ValueError:  # malformed: the caller's parse() will say so
            return
        call.read(payload)


class RawResponse(Proxy):
    """A raw response whose body has not been read."""

    __slots__ = ("_self_observer", "_self_stream")

    def __init__(self, wrapped: Any, observer: StreamObserver) -> None:
        super().__init__(wrapped)
        self._self_observer = observer
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
                self._self_observer.fail(error)
                raise
            return awaited(result) if isawaitable(result) else self._self_done(result)

        async def awaited(pending: Any) -> Any:
            try:
                result = await pending
            except BaseException as error:
                self._self_observer.fail(error)
                raise
            return self._self_done(result)

        return read

    def _self_done(self, result: Any) -> Any:
        """What the caller gets of ``result``: the proxy of a stream, or ``result``."""
        observer, ended = self._self_observer, perf_counter()
        try:
            if stream_proxy.is_stream(result):
                if self._self_stream is None or self._self_stream[0] is not result:
                    proxy = stream_proxy.proxy(result, observer, is_async=hasattr(type(result), "__anext__"))
                    self._self_stream = (result, proxy)
                return self._self_stream[1]
            body = _body(self.__wrapped__.http_response)
            if body is not None and not observer.call.finished:
                _read(observer.call, self.__wrapped__, body)
            observer.finish(COMPLETED, ended)
        except Exception as error:
            observer.call.report("raw_response", error)
        return result

    def _self_iterating(self, method: Callable[..., Any]) -> Callable[..., Any]:
        observer = self._self_observer
        try:
            content_type = self.__wrapped__.http_response.headers.get("content-type", "")
        except Exception as error:
            observer.call.report("raw_response", error)
            return method
        decoder = BodyDecoder(observer, content_type, lines=method.__name__ == "iter_lines")

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
                observer.fail(error)
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
                observer.fail(error)
                raise
            decoder.end()

        return iterate

    def _self_closing(self, method: Callable[..., Any]) -> Callable[..., Any]:
        observer = self._self_observer

        def close(*args: Any, **kwargs: Any) -> Any:
            try:
                result = method(*args, **kwargs)
            except BaseException:
                observer.finish(CLOSED)
                raise
            if isawaitable(result):
                return awaited(result)
            observer.finish(CLOSED)
            return result

        async def awaited(pending: Any) -> Any:
            try:
                return await pending
            finally:
                observer.finish(CLOSED)

        return close


__all__ = ["RawResponse", "watched"]
