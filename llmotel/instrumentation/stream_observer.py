"""Watches a stream for its call: reads each chunk as it passes, and finishes the call exactly once.

The end is when the stream is read to its end, fails, is closed, or is dropped. Without content capture no chunk is
kept.
"""

from __future__ import annotations

import asyncio
import weakref
from collections.abc import AsyncIterator, Callable, Iterator
from contextvars import ContextVar
from functools import partial
from itertools import islice
from operator import itemgetter
from time import perf_counter
from typing import Any, TypeAlias

from llmotel.engine.call import Call
from llmotel.model.chunk_timing import BLOCK, ChunkTiming
from llmotel.model.inference import Inference
from llmotel.spec import UsageInjection

Opened: TypeAlias = "list[weakref.ref[Any]]"
opened: ContextVar[Opened | None] = ContextVar("llmotel_opened_streams", default=None)
"""The streams that were opened to feed a generator above them, while that one is read."""

COMPLETED, CLOSED, ABANDONED, CANCELLED, ERROR = "completed", "closed", "abandoned", "cancelled", "error"

_FIRST = itemgetter(0)


class StreamObserver:
    """Watches one stream for a call. It is what the garbage collector finalises when the caller drops the stream, so
    nothing but the proxy and the iterators in use may refer to it."""

    __slots__ = ("__weakref__", "call", "injection", "read", "timing")

    def __init__(self, call: Call, injection: UsageInjection | None = None) -> None:
        self.call = call
        self.injection = injection
        self.timing = call.timing = ChunkTiming()
        call.inference.complete = False
        self.read: Callable[[Inference, Any], None] = _unread
        call.engine.open_streams[id(self)] = reference = weakref.ref(self)
        feeding = opened.get()
        if feeding is not None:
            feeding.append(reference)
        if call.begun:
            self.prepare()

    def prepare(self) -> None:
        """Decides what is read of each chunk, now that the call has begun."""
        call = self.call
        endpoint = call.endpoint
        read = endpoint.read_chunk
        if call.inference.may_cite or call.engine.reads_content(call.span):
            read = partial(_read_both, read, endpoint.accumulate_chunk)
        if endpoint.decode is not None:
            read = partial(_read_decoded, endpoint.decode, read)
        self.read = read

    def observe(self, source: Iterator[Any]) -> Iterator[Any]:
        """The chunks of ``source``. This loop is the hot path: per chunk two clock readings and one reader."""
        read = partial(self.read if self.call.begun else self._read_once_begun, self.call.inference)
        timing = self.timing
        if self.injection is not None:
            source = self._without_extra(source)
        # Each next() of these appends a clock reading, without a bytecode.
        ticks = map(timing.timestamps.append, iter(perf_counter, None))
        read_at = map(timing.read.append, iter(perf_counter, None)).__next__
        try:
            while True:
                chunk = None
                for chunk in map(_FIRST, zip(islice(source, BLOCK), ticks)):  # noqa: B905 - ticks never end
                    try:
                        read(chunk)
                    except Exception as error:
                        self.call.report("read_chunk", error)
                    read_at()
                    yield chunk
                if chunk is None:
                    break
                if len(timing.timestamps) >= BLOCK:
                    timing.aggregate()
        except GeneratorExit:  # the caller stopped iterating, and may yet go on with another iterator
            raise
        except BaseException as error:
            self.fail(error)
            raise
        self.finish(COMPLETED)

    def _read_once_begun(self, inference: Inference, chunk: Any) -> None:
        """Reads a chunk as :meth:`prepare` decides when the first one is on its way."""
        self.read(inference, chunk)

    async def aobserve(self, source: AsyncIterator[Any]) -> AsyncIterator[Any]:
        """As :meth:`observe`."""
        if self.injection is not None:
            source = self._awithout_extra(source)
        try:
            async for chunk in source:
                self.on_chunk(chunk)
                yield chunk
        except GeneratorExit:
            raise
        except BaseException as error:
            self.fail(error)
            raise
        self.finish(COMPLETED)

    def _without_extra(self, source: Iterator[Any]) -> Iterator[Any]:
        for chunk in source:
            if not self.takes_out(chunk):
                yield chunk

    async def _awithout_extra(self, source: AsyncIterator[Any]) -> AsyncIterator[Any]:
        async for chunk in source:
            if not self.takes_out(chunk):
                yield chunk

    def on_chunk(self, chunk: Any) -> None:
        """Takes note of one chunk. Never raises."""
        timing = self.timing
        timing.timestamps.append(perf_counter())
        try:
            self.read(self.call.inference, chunk)
        except Exception as error:
            self.call.report("read_chunk", error)
        timing.read.append(perf_counter())
        if len(timing.timestamps) >= BLOCK:
            timing.aggregate()

    def takes_out(self, chunk: Any) -> bool:
        """Whether ``chunk`` is there only because llmotel asked for the usage of the stream: it is read, and the caller
        does not see it. Never raises."""
        injection = self.injection
        try:
            if injection is None or not injection.is_extra(chunk):
                return False
            self.read(self.call.inference, chunk)
            return True
        except Exception as error:
            self.call.report("is_extra", error)
            return False

    def finish(self, outcome: str, ended: float | None = None) -> None:
        """Finishes the call with what was received, as of ``ended``, by default now. Never raises."""
        if ended is None:
            ended = perf_counter()
        if self.call.begun and self.call.is_first_finish():
            self._finish(outcome, ended)

    def fail(self, error: BaseException) -> None:
        """Finishes the call with the error that ended its stream. Never raises."""
        call, ended = self.call, perf_counter()
        if not call.begun or not call.is_first_finish():
            return
        cancelled = isinstance(error, (GeneratorExit, KeyboardInterrupt, asyncio.CancelledError))
        if cancelled or type(error).__name__ == "Cancelled":  # trio's
            self._gather(CANCELLED)
        else:
            self._gather(ERROR)
        call.note_failure(error)
        call.complete(ended)

    def _finish(self, outcome: str, ended: float) -> None:
        _finish(self.call, self.timing, outcome, ended)
        self.call.engine.open_streams.pop(id(self), None)

    def _gather(self, outcome: str) -> None:
        _gather(self.call, self.timing, outcome)
        self.call.engine.open_streams.pop(id(self), None)

    def __del__(self) -> None:
        try:
            call = self.call
            call.engine.open_streams.pop(id(self), None)
            if call.begun and not call.finished and call.is_first_finish():
                # Not here: the collector may run this inside any lock of the SDK. The end, though, is now.
                job = partial(_finish, call, self.timing, ABANDONED, perf_counter())
                call.engine.backlog.put_from_finalizer(job)
        except Exception:  # the interpreter is coming down and took what this needs with it
            return


def _unread(inference: Inference, chunk: Any) -> None:
    """Reads nothing: the call has not begun."""


def _read_both(read_chunk: Any, accumulate_chunk: Any, inference: Inference, chunk: Any) -> None:
    read_chunk(inference, chunk)
    accumulate_chunk(inference, chunk)


def _read_decoded(decode: Callable[[Any], Any], read: Any, inference: Inference, chunk: Any) -> None:
    decoded = decode(chunk)
    if decoded is not None:
        read(inference, decoded)


def _gather(call: Call, timing: ChunkTiming, outcome: str) -> None:
    """Brings what the stream left in the record into its final form."""
    inference, endpoint = call.inference, call.endpoint
    try:
        call.stream_outcome = outcome
        if outcome == COMPLETED:
            inference.complete = True
        first = timing.begin()
        if first is not None:
            call.first_chunk = first - call.started
        call.overhead += timing.reading_seconds()
        if endpoint.finalize_stream is not None:
            endpoint.finalize_stream(inference)
    except Exception as error:
        call.report("finalize_stream", error)


def _finish(call: Call, timing: ChunkTiming, outcome: str, ended: float) -> None:
    _gather(call, timing, outcome)
    call.complete(ended)


__all__ = ["ABANDONED", "CANCELLED", "CLOSED", "COMPLETED", "ERROR", "StreamObserver"]
