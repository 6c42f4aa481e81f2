"""Stands in for an object of a library, so that only what has to be watched differs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


class Proxy:
    """``wrapped`` in every way a caller can see: class, attributes, equality, text.

    It has no special methods but these; a subclass defines those that its library's object has. A proxy of wrapt has
    them all, so that every stream would be iterable, sized and an asynchronous context manager to code that looks.
    What is set is set on ``wrapped``, but for names that begin with ``_self_``.
    """

    __slots__ = ("__weakref__", "__wrapped__")

    __wrapped__: Any

    def __init__(self, wrapped: Any) -> None:
        object.__setattr__(self, "__wrapped__", wrapped)

    @property  # type: ignore[misc]
    def __class__(self) -> Any:  # pyright: ignore
        return self.__wrapped__.__class__

    @property
    def __dict__(self) -> Any:  # type: ignore[override]  # pyright: ignore
        return self.__wrapped__.__dict__

    def __getattr__(self, name: str) -> Any:
        if name == "__wrapped__":  # only an object that was never made whole lacks it
            raise AttributeError(name)
        return getattr(self.__wrapped__, name)

    def __setattr__(self, name: str, value: Any) -> None:
        if name.startswith("_self_"):
            object.__setattr__(self, name, value)
        else:
            setattr(self.__wrapped__, name, value)

    def __delattr__(self, name: str) -> None:
        delattr(self.__wrapped__, name)

    def __dir__(self) -> Any:
        return dir(self.__wrapped__)

    def __repr__(self) -> str:
        return repr(self.__wrapped__)

    def __eq__(self, other: object) -> Any:
        return self is other or self.__wrapped__ == other

    def __reduce_ex__(self, protocol: Any) -> Any:
        return self.__wrapped__.__reduce_ex__(protocol)

    def __hash__(self) -> int:
        return hash(self.__wrapped__)


def instance_check(wrapped: Callable[..., Any], kind: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """The function that goes around an ``__instancecheck__``: a proxy is what it stands for."""
    if len(args) == 1 and issubclass(type(args[0]), Proxy):
        return isinstance(args[0].__wrapped__, kind)
    return wrapped(*args, **kwargs)
