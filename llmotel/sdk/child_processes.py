"""Processes that multiprocessing starts anew: ``init()`` runs in them as it ran in their parent.

A forked child goes on with what its parent set up. One by ``spawn`` or ``forkserver`` begins with nothing, and where
the application calls ``init()`` under ``if __name__ == "__main__"``, it would record nothing. multiprocessing sends
each of them a dict of its parent's settings, pickled; one entry more in it is read and not used. Reading that entry
calls ``init()``: before the application's modules are imported, so that a call of the application's own is the second.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable, Mapping
from functools import wraps
from typing import Any

logger = logging.getLogger("llmotel")

_MODULES = ("multiprocessing.spawn", "billiard.spawn")
_ORIGINAL = "__llmotel_original__"
_KEY = "llmotel"
_PLAIN = (str, int, float, bool)
# Run by the child as it reads. Not a function of llmotel's: where it cannot be imported, reading must not fail.
_CODE = """
try:
    from llmotel.sdk import child_processes
    from llmotel.setup import init
except ImportError:
    pass
else:
    child_processes.begin(init, {arguments!r})
"""

_arguments: dict[str, object] | None = None
_hooked = False


def are_plain(arguments: Mapping[str, object]) -> bool:
    """Whether ``arguments`` of ``init()`` mean the same in another process: text, numbers, lists and dicts of those.
    Not providers and functions: without the application's redactor, for example, a child is not to record anything."""
    return all(_is_plain(value) for value in arguments.values())


def _is_plain(value: object) -> bool:
    if isinstance(value, Mapping):
        return type(value) is dict and all(_is_plain(part) for pair in value.items() for part in pair)
    if type(value) in (list, tuple, set, frozenset):
        return all(map(_is_plain, value))  # type: ignore[call-overload]
    return type(value) in _PLAIN


class _Inheritance:
    """The entry."""

    def __init__(self, arguments: dict[str, object]) -> None:
        self._arguments = arguments

    def __reduce__(self) -> tuple[Any, ...]:
        return exec, (_CODE.format(arguments=self._arguments),)


def arm(arguments: Mapping[str, object]) -> None:
    """From now on children begin with ``init(**arguments)``."""
    global _arguments, _hooked
    _arguments = dict(arguments)
    for name in _MODULES:
        module = sys.modules.get(name)
        if module is not None:
            _attach(module)
        elif not _hooked:
            import wrapt

            wrapt.register_post_import_hook(_imported, name)
    _hooked = True


def disarm() -> None:
    """From now on children begin with nothing."""
    global _arguments
    _arguments = None
    for name in _MODULES:
        module = sys.modules.get(name)
        original = getattr(getattr(module, "get_preparation_data", None), _ORIGINAL, None)
        if original is not None:
            module.get_preparation_data = original  # type: ignore[union-attr]


def _imported(module: Any) -> None:
    if _arguments is not None:
        _attach(module)


def _attach(module: Any) -> None:
    original = module.get_preparation_data
    if hasattr(original, _ORIGINAL):
        return

    @wraps(original)
    def get_preparation_data(*arguments: Any, **options: Any) -> Any:
        data = original(*arguments, **options)
        if _arguments is not None and isinstance(data, dict):
            data[_KEY] = _Inheritance(_arguments)
        return data

    setattr(get_preparation_data, _ORIGINAL, original)
    module.get_preparation_data = get_preparation_data


def begin(init: Callable[..., None], arguments: dict[str, Any]) -> None:
    """What a child does first. Never raises: it would not start."""
    try:
        init(**arguments)
    except Exception as error:
        logger.warning("llmotel: this child process records nothing: %s: %s", type(error).__name__, error)


__all__ = ["are_plain", "arm", "begin", "disarm"]
