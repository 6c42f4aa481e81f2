"""Results that are mappings and hold what is yet to be read: a stream, or a body. botocore's, for example.

The mapping is the library's own, made for this call; the caller gets that very object, with a proxy in one place.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from inspect import isawaitable
from typing import Any

from llmotel.engine.call import Call
from llmotel.instrumentation import stream_proxy
from llmotel.instrumentation.body_decoder import BodyDecoder
from llmotel.instrumentation.proxy import Proxy
from llmotel.instrumentation.stream_observer import CLOSED, StreamObserver

_CLOSES = frozenset({"close", "aclose"})
_PIECES = frozenset({"iter_chunks", "iter_lines", "iter_chunked", "iter_any"})


def with_stream(call: Call, result: Any, key: str) -> Any:
    """``result`` with a watched stream at ``key``."""
    stream = result.get(key) if isinstance(result, dict) else None
    if stream is None:
        call.read(result)
        call.finish()
        return result
    call.read(result)
    is_async = hasattr(type(stream), "__aiter__")
    result[key] = stream_proxy.proxy(stream, StreamObserver(call), is_async=is_async)
    return result


def with_body(call: Call, result: Any, key: str) -> Any:
    """``result`` with a watched body at ``key``."""
    body = result.get(key) if isinstance(result, dict) else None
    if body is None:
        call.read(result)
        call.finish()
        return result
    call.read(result)
    observer = StreamObserver(call)
    kind = AsyncBody if hasattr(type(body), "__aiter__") else Body
    result[key] = kind(body, observer, BodyDecoder(observer, "application/json", lines=False))
    return result


class Body(Proxy):
    """A body that the caller reads, whole or in pieces: botocore's ``StreamingBody``. The call is over when it has been
    read to its end, or closed."""

    __slots__ = ("_self_decoder", "_self_observer")

    def __init__(self, wrapped: Any, observer: StreamObserver, decoder: BodyDecoder) -> None:
        super().__init__(wrapped)
        self._self_observer = observer
        self._self_decoder = decoder

    def __getattr__(self, name: str) -> Any:
        value = getattr(self.__wrapped__, name)
        if name == "read" and callable(value):
            return self._self_reading(value)
        if name in _PIECES and callable(value):
            return self._self_in_pieces(value)
        if name == "readlines" and callable(value):
            return self._self_reading(value, lines=True)
        if name == "readinto" and callable(value):
            return self._self_reading_into(value)
        if name in _CLOSES and callable(value):
            return self._self_closing(value)
        return value

    def _self_entered(self, entered: Any) -> Any:
        """What the caller gets of ``with``: the body itself, or, in some versions, the response that it is part of."""
        if entered is self.__wrapped__:
            return self
        if hasattr(entered, "read"):
            return type(self)(entered, self._self_observer, self._self_decoder)
        return entered

    def _self_reading(self, read: Callable[..., Any], *, lines: bool = False) -> Callable[..., Any]:
        def reading(*args: Any, **kwargs: Any) -> Any:
            size = next(iter((*args, *kwargs.values())), None)
            partly = isinstance(size, int) and size >= 0 and not lines
            try:
                data = read(*args, **kwargs)
            except BaseException as error:
                self._self_observer.fail(error)
                raise
            return awaited(data, partly) if isawaitable(data) else self._self_took(data, partly)

        async def awaited(pending: Any, partly: bool) -> Any:
            try:
                data = await pending
            except BaseException as error:
                self._self_observer.fail(error)
                raise
            return self._self_took(data, partly)

        return reading

    def _self_took(self, data: Any, partly: bool) -> Any:
        """``data``, noted. Without a size all of the body was read; with one, its end is an empty piece."""
        if isinstance(data, list):
            for line in data:
                self._self_decoder.feed(line, newline=True)
        else:
            self._self_decoder.feed(data)
        if not data or not partly:
            self._self_decoder.end()
        return data

    def _self_reading_into(self, read: Callable[..., Any]) -> Callable[..., Any]:
        def reading(buffer: Any, *args: Any, **kwargs: Any) -> Any:
            try:
                number = read(buffer, *args, **kwargs)
            except BaseException as error:
                self._self_observer.fail(error)
                raise
            self._self_took(bytes(memoryview(buffer)[:number]) if number else b"", True)
            return number

        return reading

    def _self_in_pieces(self, method: Callable[..., Any]) -> Callable[..., Any]:
        decoder, observer, lines = self._self_decoder, self._self_observer, method.__name__ == "iter_lines"

        def iterate(*args: Any, **kwargs: Any) -> Any:
            pieces = method(*args, **kwargs)
            return aeach(pieces) if hasattr(pieces, "__aiter__") else each(pieces)

        def each(pieces: Iterator[Any]) -> Iterator[Any]:
            try:
                for piece in pieces:
                    decoder.feed(piece, newline=lines)
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
                    decoder.feed(piece, newline=lines)
                    yield piece
            except GeneratorExit:
                raise
            except BaseException as error:
                observer.fail(error)
                raise
            decoder.end()

        return iterate

    def _self_closing(self, close: Callable[..., Any]) -> Callable[..., Any]:
        def closing(*args: Any, **kwargs: Any) -> Any:
            try:
                result = close(*args, **kwargs)
            except BaseException:
                self._self_observer.finish(CLOSED)
                raise
            if isawaitable(result):
                return awaited(result)
            self._self_observer.finish(CLOSED)
            return result

        async def awaited(pending: Any) -> Any:
            try:
                return await pending
            finally:
                self._self_observer.finish(CLOSED)

        return closing

    def __iter__(self) -> Iterator[Any]:
        yield from self._self_in_pieces(self.__wrapped__.__iter__)()

    def __next__(self) -> Any:
        try:
            piece = next(self.__wrapped__)
        except StopIteration:
            self._self_decoder.end()
            raise
        except BaseException as error:
            self._self_observer.fail(error)
            raise
        self._self_decoder.feed(piece)
        return piece

    def __enter__(self) -> Any:
        entered = self.__wrapped__.__enter__()
        return self._self_entered(entered)

    def __exit__(self, *details: Any) -> Any:
        try:
            return self.__wrapped__.__exit__(*details)
        finally:
            self._self_observer.finish(CLOSED)


class AsyncBody(Body):
    """As :class:`Body`, for asynchronous reading: aiobotocore's."""

    __slots__ = ()

    def __aiter__(self) -> AsyncIterator[Any]:
        pieces: AsyncIterator[Any] = self._self_in_pieces(self.__wrapped__.__aiter__)()
        return pieces

    async def __anext__(self) -> Any:
        try:
            piece = await anext(self.__wrapped__)
        except StopAsyncIteration:
            self._self_decoder.end()
            raise
        except BaseException as error:
            self._self_observer.fail(error)
            raise
        self._self_decoder.feed(piece)
        return piece

    async def __aenter__(self) -> Any:
        entered = await self.__wrapped__.__aenter__()
        return self._self_entered(entered)

    async def __aexit__(self, *details: Any) -> Any:
        try:
            return await self.__wrapped__.__aexit__(*details)
        finally:
            self._self_observer.finish(CLOSED)


__all__ = ["with_body", "with_stream"]
