"""The engine's data classes: declared like dataclasses, and made without generating code.

A dataclass costs up to a millisecond when its class statement runs; the two dozen that ``init()`` needs took a third of
its time (docs/adr/0009-records.md).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

if TYPE_CHECKING:
    from typing_extensions import Self, dataclass_transform
else:

    def dataclass_transform() -> Any:
        """Tells type checkers what ``__init__`` takes; nothing at run time."""
        return lambda cls: cls


@dataclass_transform()
class Struct:
    """A subclass declares its fields, with their types and defaults, and takes them in that order or by name.

    Equal to another of its class when all their fields are. A default is one object for all: a field that holds a list
    or a dict needs an ``__init__`` that makes one.
    """

    field_names: ClassVar[tuple[str, ...]] = ()
    _known: ClassVar[frozenset[str]] = frozenset()
    _needed: ClassVar[frozenset[str]] = frozenset()
    _functions: ClassVar[dict[str, Any]] = {}

    def __init_subclass__(cls) -> None:
        cls.field_names = (*cls.field_names, *cls.__annotations__)
        cls._known = frozenset(cls.field_names)
        cls._needed = frozenset(name for name in cls.field_names if not hasattr(cls, name))
        # A function would be a method of the class it stands in.
        cls._functions = {name: cls.__dict__[name] for name in cls.__annotations__ if callable(cls.__dict__.get(name))}

    def __init__(self, *values: Any, **named: Any) -> None:
        if not (values or named or self._needed or self._functions):
            return  # the defaults are the class's
        own = self.__dict__
        own.update(zip(self.field_names, values))  # noqa: B905 - what is too much is refused below
        own.update(named)
        if len(own) != len(values) + len(named) or not self._known.issuperset(own) or not self._needed.issubset(own):
            names, needed = ", ".join(self.field_names), ", ".join(sorted(self._needed)) or "none"
            raise TypeError(f"{type(self).__name__} takes {names}: each once at most, at least {needed}, nothing else")
        if self._functions:
            own.update({name: value for name, value in self._functions.items() if name not in own})

    def __eq__(self, other: object) -> bool:
        if type(other) is not type(self):
            return NotImplemented
        return all(getattr(self, name) == getattr(other, name) for name in self.field_names)

    def __repr__(self) -> str:
        fields = ", ".join(f"{name}={getattr(self, name)!r}" for name in self.field_names)
        return f"{type(self).__name__}({fields})"

    def replaced(self, **changes: Any) -> Self:
        """Another one, with ``changes``."""
        return type(self)(**{**self.__dict__, **changes})


class FrozenStruct(Struct):
    """A record that does not change once it is made. It can be a key where its first field can: equal ones hash alike,
    and what it holds besides, such as a mapping, need not be hashable."""

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(f"{type(self).__name__}.{name} cannot be set: replaced({name}=...) makes a new one")

    def __delattr__(self, name: str) -> None:
        raise AttributeError(f"{type(self).__name__}.{name} cannot be deleted")

    def __hash__(self) -> int:
        return hash((type(self), getattr(self, self.field_names[0])))


__all__ = ["FrozenStruct", "Struct"]
