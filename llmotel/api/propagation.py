"""Context into threads and processes, where the application asks for it: tags, agent, and the span that is current."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Iterator, Mapping
from typing import Any, TypeVar, cast

from opentelemetry import context

from llmotel.guard import log_once
from llmotel.instrumentation.proxy import Proxy
from llmotel.model.inference import AttributeValue
from llmotel.signals import tagging
from llmotel.signals.attachment import detach

_T = TypeVar("_T")


def propagate(work: _T) -> _T:
    """``work`` with the context of here: calls made in it have the tags, agent and parent span that are current.

    Of a function, what is returned runs with the context that is current now: for a thread's ``target``, a callback, a
    process. Of an executor, what is returned is that executor, each of whose jobs runs with the context in which it was
    handed in; the one given is left as it is. Into another process go tags and, by OpenTelemetry's propagators, trace
    and baggage, not the numbers of an agent. Anything else is returned as it is. Never raises.

    >>> threading.Thread(target=llmotel.propagate(work)).start()

    >>> with llmotel.propagate(ThreadPoolExecutor()) as pool:
    ...     pool.submit(client.chat.completions.create, ...)
    """
    if callable(getattr(work, "submit", None)):
        return cast(_T, _Executor(work))
    if callable(work):
        return cast(_T, _Carried(work, context.get_current()))
    log_once(f"propagate: {type(work).__name__} is neither a function nor an executor, and is left as it is")
    return work


class _Carried:
    """A function that runs in ``here``. Pickled, it takes along what another process can make use of."""

    def __init__(self, function: Callable[..., Any], here: context.Context) -> None:
        self._function, self._here = function, here
        self._is_coroutine = inspect.iscoroutinefunction(function)
        try:
            functools.update_wrapper(self, function)
        except Exception:  # of an object with properties of its own mind
            pass

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        if self._is_coroutine:
            return self._awaited(args, kwargs)
        token = context.attach(self._here)
        try:
            return self._function(*args, **kwargs)
        finally:
            detach(token)

    async def _awaited(self, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Any:
        token = context.attach(self._here)
        try:
            return await self._function(*args, **kwargs)
        finally:
            detach(token)

    def __reduce__(self) -> tuple[Any, ...]:
        from opentelemetry import propagate as propagators

        carrier: dict[str, str] = {}
        propagators.inject(carrier, self._here)
        return _carried_over, (self._function, carrier, dict(_tags(self._here)))


def _carried_over(function: Any, carrier: Mapping[str, str], tags: Mapping[str, AttributeValue]) -> _Carried:
    from opentelemetry import propagate as propagators

    here = propagators.extract(carrier)
    return _Carried(function, tagging.with_tags(here, tags) if tags else here)


def _tags(here: context.Context) -> Mapping[str, AttributeValue]:
    local = here.get(tagging.TAGS_KEY)
    return local if isinstance(local, Mapping) else {}


class _Executor(Proxy):
    """An executor whose jobs run in the context in which they were handed in."""

    def submit(self, function: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Any:
        return self.__wrapped__.submit(_Carried(function, context.get_current()), *args, **kwargs)

    def map(self, function: Callable[..., Any], *iterables: Any, **kwargs: Any) -> Iterator[Any]:
        return cast(
            "Iterator[Any]", self.__wrapped__.map(_Carried(function, context.get_current()), *iterables, **kwargs)
        )

    def __enter__(self) -> _Executor:
        self.__wrapped__.__enter__()
        return self

    def __exit__(self, *error: Any) -> Any:
        return self.__wrapped__.__exit__(*error)


__all__ = ["propagate"]
