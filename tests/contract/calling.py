"""Makes the calls of the table as applications do, in every way of ending them, and keeps what the caller got.

One code for synchronous and asynchronous clients: :func:`perform` is a coroutine, which :func:`performed` drives by hand
for a synchronous client, as it never waits there.
"""

from __future__ import annotations

import asyncio
import gc
import inspect
import threading
import warnings
from collections import abc
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import AbstractAsyncContextManager, AbstractContextManager, asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, TypeVar

from contract.providers import HELPER, RAW, STREAM, STREAMING, WHOLE, Case, make_client
from llmotel.testing import ProviderServer

READ = "read to the end"
READ_WITH = "read to the end in a with"
READ_NEXT = "read by next()"
READ_LINES = "read line by line"
CLOSED = "closed after one chunk"
BROKEN_OFF = "left by break in a with"
RAISED = "an exception in the with"
DROPPED = "dropped after one chunk"
UNREAD = "never read"
CANCELLED = "cancelled while it waits"

T = TypeVar("T")
_KINDS = (
    abc.Sized, abc.Iterable, abc.Iterator, abc.Generator, abc.Container, abc.Sequence, abc.Mapping, abc.Hashable,
    abc.Awaitable, abc.AsyncIterable, abc.AsyncIterator, abc.AsyncGenerator, AbstractContextManager,
    AbstractAsyncContextManager,
)  # fmt: skip
_SPECIAL = {
    name
    for kind in (list, dict, int, *_KINDS)
    for name in dir(kind)
    # The last two say where a class was written, from Python 3.13 on the second; a generator's has neither.
    if name.startswith("__")
    and name not in ("__getattr__", "__slots__", "__orig_bases__", "__weakref__", "__module__", "__firstlineno__")
}


class ApplicationError(Exception):
    """What a caller's own code raises while it reads a stream."""


@dataclass(slots=True)
class Seen:
    """What the caller got: ``handed`` in order, ``chunks`` of a stream or the one ``value``, or ``error``."""

    handed: list[str] = field(default_factory=list)
    attributes: dict[str, Any] = field(default_factory=dict)
    chunks: list[Any] = field(default_factory=list)
    value: Any = None
    error: BaseException | None = None

    def hand(self, thing: Any) -> None:
        """Notes the looks of ``thing``, without holding on to it."""
        kind = thing.__class__
        assert isinstance(thing, kind)
        self.handed.append(f"{kind.__module__}.{kind.__qualname__}")
        self.attributes[kind.__qualname__] = {
            **{name: _looks(thing, name) for name in dir(thing) if not name.startswith("_")},
            "special methods": sorted(name for name in _SPECIAL if hasattr(thing, name)),
            "kinds": [one.__name__ for one in _KINDS if isinstance(thing, one)],
            "awaitable": inspect.isawaitable(thing),
            "callable": callable(thing),
        }


def _looks(thing: Any, name: str) -> Any:
    try:
        value = getattr(thing, name)
    except Exception as error:  # httpx's ResponseNotRead
        return repr(error)
    if value is None or isinstance(value, (str, int, bool, bytes)):
        return value
    return f"{type(value).__module__}.{type(value).__qualname__}" if not callable(value) else "callable"


def performed(case: Case, server: ProviderServer, ending: str = READ, **options: Any) -> Seen:
    """What the caller of ``case`` sees, with a client of its own."""
    reached = options.pop("reached", None)
    if not case.is_async:
        with make_client(case.provider, server, is_async=False, **options) as client:
            return drive(perform(case, client, ending))

    async def run() -> Seen:
        async with make_client(case.provider, server, is_async=True, **options) as client:
            return await perform(case, client, ending, reached)

    return asyncio.run(run())


def drive(coroutine: Coroutine[Any, Any, T]) -> T:
    """The result of a coroutine that has nothing to wait for."""
    try:
        coroutine.send(None)
    except StopIteration as stop:
        result: T = stop.value
        return result
    coroutine.close()
    raise AssertionError("a synchronous call waited for an event loop")


async def perform(
    case: Case, client: Any, ending: str = READ, reached: threading.Event | None = None, **more: Any
) -> Seen:
    """Makes the call of ``case`` and reads the answer until ``ending``; ``reached`` says that the server has the
    request."""
    seen = Seen()
    dropped = ending in (DROPPED, UNREAD) and not case.is_async
    if dropped:
        gc.disable()
    warnings.filterwarnings("ignore", "deprecated", DeprecationWarning)  # some of OpenAI's endpoints are
    try:
        if ending == CANCELLED:
            in_hand = case.shape.form == WHOLE and reached is not None
            waits = reached.is_set if reached is not None and in_hand else lambda: bool(seen.chunks)
            await _cancelled(_called(case, client, ending, seen, more), waits)
        else:
            await _called(case, client, ending, seen, more)
    except (Exception, asyncio.CancelledError) as error:
        seen.error = error
    if case.is_async:
        await asyncio.sleep(0)  # the loop closes the asynchronous generators that were dropped
    if dropped:  # and collected here: where the collector finds a stream amid httpcore, that waits for its own lock
        gc.collect(0)
        gc.enable()
    return seen


async def _called(case: Case, client: Any, ending: str, seen: Seen, more: dict[str, Any]) -> None:
    made = case.call(client, **more)
    if case.shape.form == HELPER or case.variant == STREAMING:
        async with _entered(made) as entered:
            seen.hand(entered)
            if case.shape.form == HELPER:
                await _consume(entered, ending, seen)
            else:
                await _read_response(case, entered, ending, seen)
        return
    result = await _handle_result(made)
    seen.hand(result)
    if case.variant == RAW:
        await _read_response(case, result, ending, seen)
    elif case.shape.form == STREAM:
        await _stream(result, ending, seen)
    else:
        seen.value = result


async def _read_response(case: Case, response: Any, ending: str, seen: Seen) -> None:
    if ending == READ_LINES:
        async for line in _each(response.iter_lines()):
            seen.chunks.append(line)
    elif ending != UNREAD:
        parsed = await _handle_result(response.parse())
        seen.hand(parsed)
        if case.shape.form == STREAM:
            await _stream(parsed, ending, seen)
        else:
            seen.value = parsed
            assert await _handle_result(response.parse()) is parsed


async def _stream(stream: Any, ending: str, seen: Seen) -> None:
    if ending in (READ_WITH, BROKEN_OFF, RAISED):
        async with _entered(stream) as entered:
            assert entered is stream
            await _consume(stream, ending, seen)
    else:
        await _consume(stream, ending, seen)


async def _consume(stream: Any, ending: str, seen: Seen) -> None:
    if ending == UNREAD:
        return
    if ending == READ_NEXT:
        async for chunk in _nexts(stream):
            seen.chunks.append(chunk)
    elif hasattr(stream, "__aiter__"):
        async for chunk in stream:
            seen.chunks.append(chunk)
            if ending in (CLOSED, BROKEN_OFF, RAISED, DROPPED):
                break
    else:
        for chunk in stream:
            seen.chunks.append(chunk)
            if ending in (CLOSED, BROKEN_OFF, RAISED, DROPPED):
                break
    if ending == RAISED:
        raise ApplicationError("the application's own")
    if ending == CLOSED:
        await _handle_result((getattr(stream, "close", None) or stream.aclose)())


async def _cancelled(work: Coroutine[Any, Any, None], waits: Callable[[], bool]) -> None:
    """Cancels ``work`` when it ``waits`` for what the server holds back."""
    task = asyncio.ensure_future(work)
    while not waits() and not task.done():
        await asyncio.sleep(0.001)
    task.cancel()
    await task


async def _handle_result(result: Any) -> Any:
    return await result if inspect.isawaitable(result) else result


async def _each(pieces: Any) -> AsyncIterator[Any]:
    if hasattr(pieces, "__aiter__"):
        async for piece in pieces:
            yield piece
    else:
        for piece in pieces:
            yield piece


async def _nexts(stream: Any) -> AsyncIterator[Any]:
    while True:
        try:
            yield await anext(stream) if hasattr(stream, "__anext__") else next(stream)
        except (StopIteration, StopAsyncIteration):
            return


@asynccontextmanager
async def _entered(manager: Any) -> AsyncIterator[Any]:
    if hasattr(manager, "__aenter__"):
        async with manager as entered:
            yield entered
    else:
        with manager as entered:
            yield entered
