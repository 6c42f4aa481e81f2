"""Functions each call of which is a run of a block, whatever kind of function they are.

What the function gives, raises and takes in is handed on as it is. The run lasts as long as the work: of a coroutine, a
generator or a future until it ends, whether the function is one or only returns one; its span is current while its own
code runs, and not while the caller's does.
"""

from __future__ import annotations

import functools
import inspect
import sys
import weakref
from collections.abc import AsyncGenerator, Callable, Generator, Mapping
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar, cast

if TYPE_CHECKING:
    from llmotel.engine.operation_run import OperationRun

Block: TypeAlias = Any
"""A :class:`llmotel.api.block.Block`, whose module imports this one."""

_F = TypeVar("_F", bound=Callable[..., Any])
_OWNERS = ("self", "cls")


def decorated(block: Block, function: _F) -> _F:
    """``function``, each call of which is a run of ``block``."""
    # An object is called by a method of its class; of a class, that method belongs to its instances.
    call = None if isinstance(function, type) else getattr(function, "__call__", None)  # noqa: B004
    make = next((make for is_kind, _, make in _KINDS if is_kind(function) or is_kind(call)), _plain)
    return cast(_F, functools.wraps(function)(make(block, function)))


class _Begun:
    """A block whose run has begun already: of a function that returned what is yet to be worked off."""

    def __init__(self, block: Block, run: OperationRun) -> None:
        self._run = run
        self.returned = block.returned

    def start(self, function: object, args: object, kwargs: object) -> OperationRun:  # noqa: ARG002
        return self._run


def _plain(block: Block, function: Callable[..., Any]) -> Callable[..., Any]:
    def run(*args: Any, **kwargs: Any) -> Any:
        work = block.start(function, args, kwargs)
        if work is None:
            return function(*args, **kwargs)
        work.attach()
        try:
            result = function(*args, **kwargs)
        except BaseException as error:
            work.detach()
            work.end(error)
            raise
        work.detach()
        return _lasting(block, work, result)

    return run


def _lasting(block: Block, work: OperationRun, result: Any) -> Any:
    """``result``, or what stands for it, with the run lasting as long as it does."""
    for _, is_made, make in _KINDS:
        if is_made(result):
            pending = make(_Begun(block, work), lambda: result)()
            pending.__name__, pending.__qualname__ = result.__name__, result.__qualname__
            # One that nobody starts is dropped without running any of its code.
            weakref.finalize(pending, work.end_dropped).atexit = False
            return pending
    if _is_future(result):
        result.add_done_callback(functools.partial(_done, block, work))
        return result
    block.returned(work, result)
    work.end()
    return result


def _is_future(result: object) -> bool:
    asyncio, futures = sys.modules.get("asyncio"), sys.modules.get("concurrent.futures")
    return (asyncio is not None and asyncio.isfuture(result)) or (
        futures is not None and isinstance(result, futures.Future)
    )


def _done(block: Block, work: OperationRun, future: Any) -> None:
    error = None
    if future.cancelled():
        from asyncio import CancelledError

        error = CancelledError()
    else:
        # Not exception(): asyncio would take it that somebody has seen the error, and not log it.
        error = getattr(future, "_exception", None)
        if error is None:
            block.returned(work, future.result())
    work.end(error)


def _coroutine(block: Block, function: Callable[..., Any]) -> Callable[..., Any]:
    async def run(*args: Any, **kwargs: Any) -> Any:
        work = block.start(function, args, kwargs)
        if work is None:
            return await function(*args, **kwargs)
        work.attach()
        try:
            result = await function(*args, **kwargs)
        except BaseException as error:
            work.detach()
            work.end(error)
            raise
        work.detach()
        block.returned(work, result)
        work.end()
        return result

    return run


def _generator(block: Block, function: Callable[..., Any]) -> Callable[..., Any]:
    def run(*args: Any, **kwargs: Any) -> Generator[Any, Any, Any]:
        steps = function(*args, **kwargs)
        work = block.start(function, args, kwargs)
        if work is None:
            return (yield from steps)
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


class _Unrecorded:
    """A run of which nothing is recorded."""

    def attach(self) -> None:
        pass

    detach = attach

    def end(self, error: BaseException | None = None) -> None:
        pass


_UNRECORDED = _Unrecorded()


def _async_generator(block: Block, function: Callable[..., Any]) -> Callable[..., Any]:
    async def run(*args: Any, **kwargs: Any) -> AsyncGenerator[Any, Any]:
        steps = function(*args, **kwargs)
        # There is no `yield from` for these: without a run, the steps are handed through all the same.
        work = block.start(function, args, kwargs) or _UNRECORDED
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


_KINDS: tuple[tuple[Callable[[Any], bool], Callable[[Any], bool], Callable[..., Callable[..., Any]]], ...] = (
    (inspect.isasyncgenfunction, inspect.isasyncgen, _async_generator),
    (inspect.iscoroutinefunction, inspect.iscoroutine, _coroutine),
    (inspect.isgeneratorfunction, inspect.isgenerator, _generator),
)
"""(whether a function is of this kind, whether it has returned something of this kind, what goes around it)"""


def arguments(function: Callable[..., Any], args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> dict[str, Any]:
    """The arguments of a call by name, without the object whose method it is."""
    named = dict(inspect.signature(function).bind(*args, **kwargs).arguments)
    if named and next(iter(named)) in _OWNERS:
        del named[next(iter(named))]
    return named


__all__ = ["arguments", "decorated"]
