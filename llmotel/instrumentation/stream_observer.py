"""Watches a stream for its call: reads each chunk as it passes, and finishes the call exactly once.

The end is when the stream is read to its end, fails, is closed, or is dropped. Without content capture no chunk is
kept.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from functools import partial
from itertools import islice
from time import perf_counter
from typing import Any

from llmotel.engine.call import Call
from llmotel.model.chunk_timing import BLOCK, ChunkTiming
from llmotel.model.inference import Inference

COMPLETED, CLOSED, ABANDONED, CANCELLED, ERROR = "completed", "closed", "abandoned", "cancelled", "error"


class StreamObserver:
    """Watches one stream for a call. It is what the garbage collector finalises when the caller drops the stream, so
    nothing but the proxy and the iterators in use may refer to it."""

    __slots__ = ("__weakref__", "call", "read", "timing")

    def __init__(self, call: Call) -> None:
        self.call = call
        self.timing = call.timing = ChunkTiming()
        endpoint, inference = call.endpoint, call.inference
        inference.complete = False
        self.read = endpoint.read_chunk
        if call.engine.reads_chunks or inference.may_cite:
            self.read = partial(_read_both, endpoint.read_chunk, endpoint.accumulate_chunk)
        call.engine.open_streams.add(self)

    def observe(self, source: Iterator[Any]) -> Iterator[Any]:
        """The chunks of ``source``. This loop is the hot path: per chunk one clock reading and one reader."""
        inference, report_error, timestamps, read = (
            self.call.inference,
            self.call.guard.report_error,
            self.timing.timestamps,
            self.read,
        )
        # Each next() of this appends a clock reading, without a bytecode.
        ticks = map(timestamps.append, iter(perf_counter, None))
        try:
            while True:
                chunk = None
                for chunk, _ in zip(islice(source, BLOCK), ticks):  # noqa: B905 - ticks never end
                    try:
                        read(inference, chunk)
                    except Exception as error:
                        report_error("read_chunk", error)
                    yield chunk
                if chunk is None:
                    break
                if len(timestamps) >= BLOCK:
                    self.timing.aggregate()
        except GeneratorExit:  # the caller stopped iterating, and may yet go on with another iterator
            raise
        except BaseException as error:
            self.fail(error)
            raise
        self.finish(COMPLETED)

    async def aobserve(self, source: AsyncIterator[Any]) -> AsyncIterator[Any]:
        """As :meth:`iterate`."""
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

    def on_chunk(self, chunk: Any) -> None:
        """Takes note of one chunk. Never raises."""
        timestamps = self.timing.timestamps
        timestamps.append(perf_counter())
        if len(timestamps) >= BLOCK:
            self.timing.aggregate()
        self.read_only(chunk)

    def read_only(self, chunk: Any) -> None:
        """Reads a chunk, also one that the caller is not to see and that counts for nothing else. Never raises."""
        try:
            self.read(self.call.inference, chunk)
        except Exception as error:
            self.call.guard.report_error("read_chunk", error)

    def finish(self, outcome: str) -> None:
        """Finishes the call with what was received. Never raises."""
        _finish(self.call, self.timing, outcome, None)

    def fail(self, error: BaseException) -> None:
        """Finishes the call with the error that ended its stream. Never raises."""
        call = self.call
        if call.stream_outcome is None:
            cancelled = isinstance(error, (GeneratorExit, KeyboardInterrupt, asyncio.CancelledError))
            if cancelled or type(error).__name__ == "Cancelled":  # trio's
                _gather(call, self.timing, CANCELLED)
            else:
                _gather(call, self.timing, ERROR)
            call.fail(error)

    def __del__(self) -> None:
        try:
            call = self.call
            if call.stream_outcome is None:
                # Not here: the collector may run this inside any lock of the SDK. The end, though, is now.
                job = partial(_finish, call, self.timing, ABANDONED, perf_counter())
                call.engine.backlog.put_from_finalizer(job)
        except Exception:  # the interpreter is coming down and took what this needs with it
            return


def _read_both(read_chunk: Any, accumulate_chunk: Any, inference: Inference, chunk: Any) -> None:
    read_chunk(inference, chunk)
    accumulate_chunk(inference, chunk)


def _gather(call: Call, timing: ChunkTiming, outcome: str) -> None:
    """Brings what the stream left in the record into its final form."""
    inference = call.inference
    try:
        call.stream_outcome = outcome
        if outcome == COMPLETED:
            inference.complete = True
        first = timing.begin()
        if first is not None:
            call.first_chunk = first - call.started
        if call.endpoint.finalize_stream is not None:
            call.endpoint.finalize_stream(inference)
    except Exception as error:
        call.guard.report_error("read_draft", error)


def _finish(call: Call, timing: ChunkTiming, outcome: str, ended: float | None) -> None:
    if call.stream_outcome is None:
        _gather(call, timing, outcome)
        call.finish(ended)


__all__ = ["ABANDONED", "CANCELLED", "CLOSED", "COMPLETED", "ERROR", "StreamObserver"]
