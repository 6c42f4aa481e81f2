"""Functions that run within a block of work, whatever kind of function they are.

What the function gives, raises and takes in is handed on as it is. A generator's work begins with its first step and
lasts until it ends; its span is current while its own code runs, and not while the caller's does.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import AsyncGenerator, Callable, Generator, Mapping
from typing import TYPE_CHECKING, Any, TypeVar, cast

if TYPE_CHECKING:
    from llmotel.api.operation import Work

_F = TypeVar("_F", bound=Callable[..., Any])
_OWNERS = ("self", "cls")


def decorated(again: Callable[[], Work], function: _F) -> _F:
    """``function``, each call of which is a piece of work that ``again`` makes."""
    kinds: tuple[tuple[Callable[[Any], bool], Callable[..., Callable[..., Any]]], ...] = (
        (inspect.isasyncgenfunction, _async_generator),
        (inspect.iscoroutinefunction, _coroutine),
        (inspect.isgeneratorfunction, _generator),
    )
    make = next((make for is_kind, make in kinds if is_kind(function)), _plain)
    return cast(_F, functools.wraps(function)(make(again, function)))


def _plain(again: Callable[[], Work], function: Callable[..., Any]) -> Callable[..., Any]:
    def run(*args: Any, **kwargs: Any) -> Any:
        with again() as work:
            work.called(functools.partial(_arguments, function, args, kwargs))
            result = function(*args, **kwargs)
            work.returned(result)
            return result

    return run


def _coroutine(again: Callable[[], Work], function: Callable[..., Any]) -> Callable[..., Any]:
    async def run(*args: Any, **kwargs: Any) -> Any:
        with again() as work:
            work.called(functools.partial(_arguments, function, args, kwargs))
            result = await function(*args, **kwargs)
            work.returned(result)
            return result

    return run


def _generator(again: Callable[[], Work], function: Callable[..., Any]) -> Callable[..., Any]:
    def run(*args: Any, **kwargs: Any) -> Generator[Any, Any, Any]:
        work, steps = again(), function(*args, **kwargs)
        work.begin()
        work.called(functools.partial(_arguments, function, args, kwargs))
        step: Callable[[Any], Any] = steps.send
        given: Any = None
        try:
            while True:
                work.attach()
                try:
                    item = step(given)
                finally:
                    work.detach()
                try:
                    step, given = steps.send, (yield item)
                except GeneratorExit:
                    work.attach()
                    try:
                        steps.close()
                    finally:
                        work.detach()
                    raise
                except BaseException as error:
                    step, given = steps.throw, error
        except StopIteration as stop:
            work.end()
            return stop.value
        except BaseException as error:
            work.end(error)
            raise

    return run


def _async_generator(again: Callable[[], Work], function: Callable[..., Any]) -> Callable[..., Any]:
    async def run(*args: Any, **kwargs: Any) -> AsyncGenerator[Any, Any]:
        work, steps = again(), function(*args, **kwargs)
        work.begin()
        work.called(functools.partial(_arguments, function, args, kwargs))
        step: Callable[[Any], Any] = steps.asend
        given: Any = None
        try:
            while True:
                work.attach()
                try:
                    item = await step(given)
                finally:
                    work.detach()
                try:
                    step, given = steps.asend, (yield item)
                except GeneratorExit:
                    work.attach()
                    try:
                        await steps.aclose()
                    finally:
                        work.detach()
                    raise
                except BaseException as error:
                    step, given = steps.athrow, error
        except StopAsyncIteration:
            work.end()
        except BaseException as error:
            work.end(error)
            raise

    return run


def _arguments(function: Callable[..., Any], args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> dict[str, Any]:
    """The arguments of a call by name, without the object whose method it is."""
    named = dict(inspect.signature(function).bind(*args, **kwargs).arguments)
    if named and next(iter(named)) in _OWNERS:
        del named[next(iter(named))]
    return named


__all__ = ["decorated"]
