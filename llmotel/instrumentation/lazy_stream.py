"""Streams whose library sends nothing before they are first read: generator functions, and what acts like one.

The call begins with the first read, which runs with the call's span current; so the time that the caller takes to get
there is not the call's, and a stream that is never read is no call. Where a library does so now and then, the call has
begun, and only the first read runs in its context.
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


class FirstRead:
    """What a stream gives, of which the first is read in the context of ``call``: a library that sends its request only
    then, through another instrumented one, has claimed it."""

    __slots__ = ("_call", "_stream")

    def __init__(self, call: Call, stream: Any) -> None:
        self._call: Call | None = call
        self._stream = stream

    def __iter__(self) -> FirstRead:
        return self

    def __next__(self) -> Any:
        call, self._call = self._call, None
        if call is None:
            return next(self._stream)
        call.attach()
        try:
            return next(self._stream)
        finally:
            call.detach()

    def __aiter__(self) -> FirstRead:
        return self

    async def __anext__(self) -> Any:
        call, self._call = self._call, None
        if call is None:
            return await anext(self._stream)
        call.attach()
        try:
            return await anext(self._stream)
        finally:
            call.detach()


__all__ = ["FirstRead", "LazyStart"]
