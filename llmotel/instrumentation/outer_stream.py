"""Generators that a library gives its callers above the streams that are observed: to close one is to close those.

The library's own way of closing them is to drop what is below, which an asynchronous generator notices only when the
event loop comes around to it, once for each level: the call would go on after the caller has ended it.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextvars import Token
from inspect import isasyncgen, isgenerator
from typing import TYPE_CHECKING, Any

from llmotel.instrumentation.proxy import Proxy
from llmotel.instrumentation.stream_observer import CLOSED, Opened, opened

if TYPE_CHECKING:
    from llmotel.instrumentation.library import Library
    from llmotel.spec import Outer


def outer_wrapper(library: Library, outer: Outer) -> Callable[..., Any]:
    """The function that goes around one which returns such a generator."""

    def sync(wrapped: Callable[..., Any], _: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        return _observed(library, wrapped(*args, **kwargs))

    async def asynchronous(
        wrapped: Callable[..., Awaitable[Any]], _: Any, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> Any:
        return _observed(library, await wrapped(*args, **kwargs))

    return asynchronous if outer.is_async else sync


def _observed(library: Library, result: Any) -> Any:
    if library.active and opened.get() is None:  # else another one is above it
        if isgenerator(result):
            return OuterStream(result)
        if isasyncgen(result):
            return AsyncOuterStream(result)
    return result


class _Outer(Proxy):
    """``_self_opened`` are the streams that were opened to feed this one."""

    __slots__ = ("_self_opened",)

    def __init__(self, wrapped: Any) -> None:
        super().__init__(wrapped)
        self._self_opened: Opened = []

    def finish(self) -> None:
        """Ends the calls behind it as the caller has it end. Never raises."""
        for reference in self._self_opened:
            observer = reference()
            if observer is not None:
                observer.finish(CLOSED)
        self._self_opened.clear()


class OuterStream(_Outer):
    """A generator."""

    __slots__ = ()

    def __iter__(self) -> Iterator[Any]:
        return self

    def __next__(self) -> Any:
        token = opened.set(self._self_opened)
        try:
            return next(self.__wrapped__)
        finally:
            _restore(token)

    def close(self) -> Any:
        _Outer.finish(self)
        return self.__wrapped__.close()


class AsyncOuterStream(_Outer):
    """An asynchronous generator."""

    __slots__ = ()

    def __aiter__(self) -> AsyncIterator[Any]:
        return self

    async def __anext__(self) -> Any:
        token = opened.set(self._self_opened)
        try:
            return await self.__wrapped__.__anext__()
        finally:
            _restore(token)

    async def aclose(self) -> Any:
        _Outer.finish(self)
        return await self.__wrapped__.aclose()


def _restore(token: Token[Opened | None]) -> None:
    try:
        opened.reset(token)
    except ValueError:  # a coroutine that was dropped is closed in another context
        pass


__all__ = ["outer_wrapper"]
