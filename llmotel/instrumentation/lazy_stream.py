"""Streams whose library sends nothing before they are first read: generator functions, and what acts like one.

The call begins with the first read, which runs with the call's span current; so the time that the caller takes to get
there is not the call's, and a stream that is never read is no call.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from time import perf_counter
from typing import TYPE_CHECKING, Any

from opentelemetry.context import Context

from llmotel.instrumentation import stream_proxy
from llmotel.instrumentation.stream_observer import StreamObserver

if TYPE_CHECKING:
    from llmotel.engine.call import Call


class LazyStart:
    """What a call needs to begin later."""

    def __init__(self, call: Call, body: Any, here: Context, *, claims: bool) -> None:
        self._call, self._body, self._here, self._claims = call, body, here, claims

    def watched(self, stream: Any, *, is_async: bool) -> Any:
        """``stream`` behind a proxy that begins the call when it is first read."""
        observer = StreamObserver(self._call)
        if stream_proxy.is_async_stream(stream, is_async=is_async):
            return stream_proxy.AsyncStream(stream, observer, self._asteps(stream, observer))
        return stream_proxy.SyncStream(stream, observer, self._steps(stream, observer))

    def _begin(self, observer: StreamObserver) -> None:
        call, since = self._call, perf_counter()
        try:
            call.begin(self._here, self._body, since, claims=self._claims)
            observer.prepare()
        except Exception as error:
            call.report("begin", error)

    def _steps(self, stream: Any, observer: StreamObserver) -> Iterator[Any]:
        source = iter(stream)
        self._begin(observer)
        try:
            try:
                chunk = next(source)
            except StopIteration:
                return
        finally:
            self._call.detach()
        yield chunk
        yield from source

    async def _asteps(self, stream: Any, observer: StreamObserver) -> AsyncIterator[Any]:
        source = aiter(stream)
        self._begin(observer)
        try:
            try:
                chunk = await anext(source)
            except StopAsyncIteration:
                return
        finally:
            self._call.detach()
        yield chunk
        async for chunk in source:
            yield chunk


__all__ = ["LazyStart"]
