"""Streams: a proxy that is the library's stream in every way a caller can see, and shows a watch what passes through.

No context stays attached between chunks.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from typing import Any

from llmotel.engine.call import Call
from llmotel.instrumentation.proxy import Proxy
from llmotel.instrumentation.stream_observer import CLOSED, COMPLETED, StreamObserver
from llmotel.spec import UsageInjection


class SyncStream(Proxy):
    """A library's stream, watched."""

    __slots__ = ("_self_injection", "_self_watch")

    def __init__(self, wrapped: Any, watch: StreamObserver, injection: UsageInjection | None = None) -> None:
        super().__init__(wrapped)
        self._self_watch = watch
        self._self_injection = injection

    def __iter__(self) -> Iterator[Any]:
        source = iter(self.__wrapped__)
        if self._self_injection is not None:
            source = _without_extra(source, self._self_watch, self._self_injection)
        return self._self_watch.observe(source)

    def __next__(self) -> Any:
        watch, injection = self._self_watch, self._self_injection
        try:
            chunk = next(self.__wrapped__)
            while injection is not None and injection.is_extra(chunk):
                watch.read_only(chunk)
                chunk = next(self.__wrapped__)
        except StopIteration:
            watch.finish(COMPLETED)
            raise
        except BaseException as error:
            watch.fail(error)
            raise
        watch.on_chunk(chunk)
        return chunk

    def __enter__(self) -> Any:
        entered = self.__wrapped__.__enter__()
        return self if entered is self.__wrapped__ else entered

    def __exit__(self, *details: Any) -> Any:
        try:
            return self.__wrapped__.__exit__(*details)
        finally:
            self._self_watch.finish(CLOSED)

    def close(self) -> Any:
        try:
            return self.__wrapped__.close()
        finally:
            self._self_watch.finish(CLOSED)


class AsyncStream(Proxy):
    """A library's asynchronous stream, watched."""

    __slots__ = ("_self_injection", "_self_watch")

    def __init__(self, wrapped: Any, watch: StreamObserver, injection: UsageInjection | None = None) -> None:
        super().__init__(wrapped)
        self._self_watch = watch
        self._self_injection = injection

    def __aiter__(self) -> AsyncIterator[Any]:
        source = aiter(self.__wrapped__)
        if self._self_injection is not None:
            source = _awithout_extra(source, self._self_watch, self._self_injection)
        return self._self_watch.aobserve(source)

    async def __anext__(self) -> Any:
        watch, injection = self._self_watch, self._self_injection
        try:
            chunk = await anext(self.__wrapped__)
            while injection is not None and injection.is_extra(chunk):
                watch.read_only(chunk)
                chunk = await anext(self.__wrapped__)
        except StopAsyncIteration:
            watch.finish(COMPLETED)
            raise
        except BaseException as error:
            watch.fail(error)
            raise
        watch.on_chunk(chunk)
        return chunk

    async def __aenter__(self) -> Any:
        entered = await self.__wrapped__.__aenter__()
        return self if entered is self.__wrapped__ else entered

    async def __aexit__(self, *details: Any) -> Any:
        try:
            return await self.__wrapped__.__aexit__(*details)
        finally:
            self._self_watch.finish(CLOSED)

    async def close(self) -> Any:
        try:
            return await self.__wrapped__.close()
        finally:
            self._self_watch.finish(CLOSED)

    def __getattr__(self, name: str) -> Any:
        # Not a method of this class: the streams of some libraries have no aclose().
        value = getattr(self.__wrapped__, name)
        return self._self_closing(value) if name == "aclose" else value

    def _self_closing(self, aclose: Callable[[], Awaitable[Any]]) -> Callable[[], Awaitable[Any]]:
        async def close() -> Any:
            try:
                return await aclose()
            finally:
                self._self_watch.finish(CLOSED)

        return close


def _without_extra(source: Iterator[Any], watch: StreamObserver, injection: UsageInjection) -> Iterator[Any]:
    for chunk in source:
        if injection.is_extra(chunk):
            watch.read_only(chunk)
        else:
            yield chunk


async def _awithout_extra(
    source: AsyncIterator[Any], watch: StreamObserver, injection: UsageInjection
) -> AsyncIterator[Any]:
    async for chunk in source:
        if injection.is_extra(chunk):
            watch.read_only(chunk)
        else:
            yield chunk


def is_stream(result: Any) -> bool:
    """Whether ``result`` is something that is read chunk by chunk."""
    kind = type(result)
    return hasattr(kind, "__anext__") or hasattr(kind, "__next__")


def watched(call: Call, stream: Any, injection: UsageInjection | None = None) -> Any:
    """``stream`` behind a proxy that finishes ``call`` when the stream ends, however it ends."""
    return proxy(stream, StreamObserver(call), injection)


def proxy(stream: Any, watch: StreamObserver, injection: UsageInjection | None) -> Any:
    """``stream`` behind a proxy that reports to ``watch``."""
    kind = AsyncStream if hasattr(type(stream), "__anext__") else SyncStream
    return kind(stream, watch, injection)


def closed_externally(stream: Any) -> None:
    """Tells a watched stream that it was closed by other means than its own ``close``."""
    watch = getattr(stream, "_self_watch", None)
    if isinstance(watch, StreamObserver):
        watch.finish(CLOSED)
