"""A block of the application's own work, recorded as an operation: ``with``, ``async with``, or a decorator.

Everything of ours is contained below, so that the block runs as if it stood alone.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextvars import ContextVar
from functools import partial
from types import MappingProxyType, TracebackType
from typing import Any, TypeVar

from opentelemetry.context import get_current

from llmotel import runtime
from llmotel.api.decorators import arguments, decorated
from llmotel.engine import operation_run
from llmotel.engine.operation_run import OperationRun
from llmotel.model.operation import Operation
from llmotel.signals.attributes import truncate

_F = TypeVar("_F", bound=Callable[..., Any])
_B = TypeVar("_B", bound="Block")


class Entered:
    """An entry of a block, the run that it is of, if that is recorded, and the entry of the same block around it."""

    __slots__ = ("block", "outer", "run")

    def __init__(self, block: Block, run: OperationRun | None, outer: Entered | None) -> None:
        self.block, self.run, self.outer = block, run, outer


_entered: ContextVar[Mapping[int, Entered]] = ContextVar("llmotel_entered", default=MappingProxyType({}))
"""The blocks that are open in this context, by their ids."""


class Block:
    """Something of the application's that is run: each entry from outside is a run of its own, in whatever tasks and
    threads, and one from within itself is the same run."""

    def __init__(self, name: str) -> None:
        self.name = truncate(name)
        self._open: list[Entered] = []

    def _operation(self) -> Operation:
        """A record of one run."""
        raise NotImplementedError

    def _run(self) -> OperationRun | None:
        """The run that is under way here."""
        entered = _entered.get().get(id(self))
        if entered is None or entered.block is not self:
            entered = self._open[-1] if self._open else None
        return None if entered is None else entered.run

    def failed(self, error: BaseException | str) -> None:
        """Makes the run a failure although nothing is raised: by an exception that was handled, or by a word of few
        values such as ``not_found``, which becomes ``error.type``."""
        run = self._run()
        if run is not None:
            run.fail(error)

    def __enter__(self: _B) -> _B:
        known, key = _entered.get(), id(self)
        outer = known.get(key)
        if outer is not None and outer in self._open:
            entered = Entered(self, outer.run, outer)
        else:
            entered = Entered(self, self._start(), None)
            if entered.run is not None:
                entered.run.attach()
        self._open.append(entered)
        _entered.set({**known, key: entered})
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        known, key = _entered.get(), id(self)
        entered = known.get(key)
        if entered is not None and entered in self._open:
            rest = {other: there for other, there in known.items() if other != key}
            _entered.set(rest if entered.outer is None else {**rest, key: entered.outer})
        elif self._open:  # closed in another context than it was entered in, as a generator that was dropped is
            entered = self._open[-1]
        else:
            return
        self._open.remove(entered)
        if entered.run is not None and entered.outer is None:
            entered.run.detach()
            entered.run.end(error)

    async def __aenter__(self: _B) -> _B:
        return self.__enter__()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.__exit__(kind, error, traceback)

    def __call__(self, function: _F) -> _F:
        return decorated(self, function)

    def _start(self) -> OperationRun | None:
        return operation_run.start(runtime.engine(), self._operation(), get_current())

    # What decorated functions ask.

    def start(
        self, function: Callable[..., Any], args: tuple[Any, ...], kwargs: Mapping[str, Any]
    ) -> OperationRun | None:
        """A run of the block by a call of ``function``."""
        run = self._start()
        if run is not None and run.reads_content:
            self._called(run, partial(arguments, function, args, kwargs))
        return run

    def returned(self, run: OperationRun, result: object) -> None:
        """Takes note of what a decorated function returned."""

    def _called(self, run: OperationRun, given: Callable[[], Mapping[str, Any]]) -> None:
        """Takes note of the arguments of a decorated function."""


__all__ = ["Block"]
