"""Streams: a proxy that is the library's stream in every way a caller can see, and shows an observer what passes.

No context stays attached between chunks.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from inspect import isasyncgenfunction
from typing import Any

from llmotel.engine.call import Call
from llmotel.instrumentation.proxy import Proxy
from llmotel.instrumentation.stream_observer import CLOSED, COMPLETED, StreamObserver
from llmotel.spec import UsageInjection


class SyncStream(Proxy):
    """A library's stream, observed. ``source`` is what its chunks are taken from: the stream itself, or an iterator
    that begins the call with the first of them."""

    __slots__ = ("_self_observer", "_self_source")

    def __init__(self, wrapped: Any, observer: StreamObserver, source: Any = None) -> None:
        super().__init__(wrapped)
        self._self_observer = observer
        self._self_source = wrapped if source is None else source

    def __iter__(self) -> Iterator[Any]:
        return self._self_observer.observe(iter(self._self_source))

    def __next__(self) -> Any:
        observer = self._self_observer
        try:
            chunk = next(self._self_source)
            while observer.injection is not None and observer.takes_out(chunk):
                chunk = next(self._self_source)
        except StopIteration:
            observer.finish(COMPLETED)
            raise
        except BaseException as error:
            observer.fail(error)
            raise
        observer.on_chunk(chunk)
        return chunk

    def __enter__(self) -> Any:
        entered = self.__wrapped__.__enter__()
        return self if entered is self.__wrapped__ else entered

    def __exit__(self, *details: Any) -> Any:
        try:
            return self.__wrapped__.__exit__(*details)
        finally:
            self._self_observer.finish(CLOSED)

    def close(self) -> Any:
        try:
            return self.__wrapped__.close()
        finally:
            self._self_observer.finish(CLOSED)


class Events(Proxy):
    """A stream that can be iterated and closed, and has no ``__next__``: botocore's ``EventStream``."""

    __slots__ = ("_self_observer",)

    def __init__(self, wrapped: Any, observer: StreamObserver) -> None:
        super().__init__(wrapped)
        self._self_observer = observer

    def __iter__(self) -> Iterator[Any]:
        return self._self_observer.observe(iter(self.__wrapped__))

    def close(self) -> Any:
        try:
            return self.__wrapped__.close()
        finally:
            self._self_observer.finish(CLOSED)


class AsyncEvents(Proxy):
    """As :class:`Events`, for ``async for``: aiobotocore's."""

    __slots__ = ("_self_observer",)

    def __init__(self, wrapped: Any, observer: StreamObserver) -> None:
        super().__init__(wrapped)
        self._self_observer = observer

    def __aiter__(self) -> AsyncIterator[Any]:
        return self._self_observer.aobserve(aiter(self.__wrapped__))

    def close(self) -> Any:
        try:
            return self.__wrapped__.close()
        finally:
            self._self_observer.finish(CLOSED)


class AsyncStream(Proxy):
    """A library's asynchronous stream, observed."""

    __slots__ = ("_self_observer", "_self_source")

    def __init__(self, wrapped: Any, observer: StreamObserver, source: Any = None) -> None:
        super().__init__(wrapped)
        self._self_observer = observer
        self._self_source = wrapped if source is None else source

    def __aiter__(self) -> AsyncIterator[Any]:
        return self._self_observer.aobserve(aiter(self._self_source))

    async def __anext__(self) -> Any:
        observer = self._self_observer
        try:
            chunk = await anext(self._self_source)
            while observer.injection is not None and observer.takes_out(chunk):
                chunk = await anext(self._self_source)
        except StopAsyncIteration:
            observer.finish(COMPLETED)
            raise
        except BaseException as error:
            observer.fail(error)
            raise
        observer.on_chunk(chunk)
        return chunk

    async def __aenter__(self) -> Any:
        entered = await self.__wrapped__.__aenter__()
        return self if entered is self.__wrapped__ else entered

    async def __aexit__(self, *details: Any) -> Any:
        try:
            return await self.__wrapped__.__aexit__(*details)
        finally:
            self._self_observer.finish(CLOSED)

    async def close(self) -> Any:
        try:
            return await self.__wrapped__.close()
        finally:
            self._self_observer.finish(CLOSED)

    def __getattr__(self, name: str) -> Any:
        # Not a method of this class: the streams of some libraries have no aclose().
        value = getattr(self.__wrapped__, name)
        return self._self_closing(value) if name == "aclose" else value

    def _self_closing(self, aclose: Callable[[], Awaitable[Any]]) -> Callable[[], Awaitable[Any]]:
        async def close() -> Any:
            try:
                return await aclose()
            finally:
                self._self_observer.finish(CLOSED)

        return close


def is_stream(result: Any) -> bool:
    """Whether ``result`` is something that is read chunk by chunk."""
    kind = type(result)
    return hasattr(kind, "__anext__") or hasattr(kind, "__next__")


def is_async_stream(stream: Any, *, is_async: bool) -> bool:
    """Whether ``stream`` is read by ``async for``. One that can be read both ways is read as its seam is called."""
    kind = type(stream)
    if is_async:
        return hasattr(kind, "__anext__") or hasattr(kind, "__aiter__")
    return not (hasattr(kind, "__next__") or hasattr(kind, "__iter__"))


def watched(
    call: Call, stream: Any, injection: UsageInjection | None = None, *, is_async: bool = False, source: Any = None
) -> Any:
    """``stream`` behind a proxy that finishes ``call`` when the stream ends, however it ends."""
    return proxy(stream, StreamObserver(call, injection), is_async=is_async, source=source)


def proxy(stream: Any, observer: StreamObserver, *, is_async: bool, source: Any = None) -> Any:
    """``stream`` behind a proxy that reports to ``observer``; where the stream is an iterator, its chunks may be taken
    from ``source``."""
    kind = type(stream)
    if is_async_stream(stream, is_async=is_async):
        # aiobotocore's stream has a generator function of that name, which anext() cannot call.
        by_next = hasattr(kind, "__anext__") and not isasyncgenfunction(kind.__anext__)
        return AsyncStream(stream, observer, source) if by_next else AsyncEvents(stream, observer)
    return SyncStream(stream, observer, source) if hasattr(kind, "__next__") else Events(stream, observer)


def closed_externally(stream: Any) -> None:
    """Finishes the call of a stream that was closed by other means than its own ``close``."""
    observer = getattr(stream, "_self_observer", None)
    if isinstance(observer, StreamObserver):
        observer.finish(CLOSED)
