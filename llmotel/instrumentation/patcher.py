"""What llmotel has put into a library, and how each thing comes out again: the very same functions are put back."""

from __future__ import annotations

import importlib
import os
from collections.abc import Callable
from typing import Any

import wrapt

from llmotel.guard import logger
from llmotel.spec import Closer, InstanceCheck, NativeTelemetry, Outer, Retry, Seam


class Patches:
    """What stands in ``library`` now. True while there is anything; :meth:`undo` takes all of it out.

    ``other_wrapper`` says who else wraps a method that llmotel wraps, if anybody does.
    """

    def __init__(self, library: str) -> None:
        self.other_wrapper = ""
        self._library = library
        self._restore: list[Callable[[], None]] = []
        self._patched: set[str] = set()
        self._detached_wrappers: dict[str, tuple[Any, Callable[[], None]]] = {}  # path -> (original, restore)

    def __bool__(self) -> bool:
        return bool(self._restore)

    def wrap(self, target: Seam | Closer | Outer | Retry | InstanceCheck, replacement: Callable[..., Any]) -> bool:
        """Wraps one method, once however often it is asked; ``False`` where this version of the library has none."""
        place = target_path(target)
        if place in self._patched:
            return True
        found = _found(target.module, target.attribute)
        if found is None:
            return False
        owner, name, original = found
        asleep = self._detached_wrappers.pop(place, None)
        if asleep is not None and original is not asleep[0]:
            self._restore.append(asleep[1])
            self._patched.add(place)
            return True
        if isinstance(original, wrapt.FunctionWrapper) or hasattr(original, "__wrapped__"):
            self._warn_of_other_wrapper(target, original)
        wrapped = wrapt.FunctionWrapper(original, replacement)
        setattr(owner, name, wrapped)

        def restore() -> None:
            if vars(owner).get(name) is wrapped:
                setattr(owner, name, original)
            else:  # another package wrapped over it: it stays where it is, does nothing, and is not put there twice
                self._detached_wrappers[place] = original, restore

        self._restore.append(restore)
        self._patched.add(place)
        return True

    def _warn_of_other_wrapper(self, target: Seam | Closer | Outer | Retry | InstanceCheck, original: Any) -> None:
        vendor = getattr(original, "_self_wrapper", original)
        # Not __module__, which functools.wraps() copies from what it wraps.
        source = str(getattr(vendor, "__globals__", {}).get("__name__") or getattr(vendor, "__module__", "a package"))
        if source.partition(".")[0] == target.module.partition(".")[0]:  # a decorator of the library's own
            return
        self.other_wrapper = f"{target.attribute} is also wrapped by {source}: calls may be recorded twice"
        logger.warning("llmotel: %s %s", self._library, self.other_wrapper)

    def disable_native(self, native: NativeTelemetry, is_active: Callable[[], bool]) -> None:
        """Switches off the library's own spans as long as ``is_active()``: by its tracer where it has that property,
        else by what ``native`` replaces and by its variable. A variable that somebody sets meanwhile stays."""
        if native.tracer is not None and self._hide_tracer(native.module, native.tracer, is_active):
            return
        for name, replacement in native.replace.items():
            self._replace(native.module, name, replacement)
        if native.variable is not None:
            self._set_variable(native.variable, native.off)

    def _hide_tracer(self, module: str, attribute: str, is_active: Callable[[], bool]) -> bool:
        found = _found(module, attribute)
        if found is None or not isinstance(found[2], property):
            return False
        owner, name, original = found
        getter = original.fget

        def tracer(client: Any) -> Any:
            return getter(client) if getter is not None and not is_active() else None

        setattr(owner, name, property(tracer))
        self._restore.append(lambda: setattr(owner, name, original))
        return True

    def _replace(self, module: str, attribute: str, replacement: Any) -> None:
        found = _found(module, attribute)
        if found is not None:
            owner, name, original = found
            setattr(owner, name, replacement)
            self._restore.append(lambda: setattr(owner, name, original))

    def _set_variable(self, variable: str, off: str) -> None:
        before = os.environ.get(variable)
        os.environ[variable] = off

        def restore() -> None:
            if os.environ.get(variable) == off:
                if before is None:
                    del os.environ[variable]
                else:
                    os.environ[variable] = before

        self._restore.append(restore)

    def undo(self) -> None:
        """Puts everything back as it was; what another package has wrapped over stays, and does nothing."""
        for restore in reversed(self._restore):
            restore()
        self._restore.clear()
        self._patched.clear()
        self.other_wrapper = ""


def target_path(target: Seam | Closer | Outer | Retry | InstanceCheck) -> str:
    """Where ``target`` is, as a person reads it: ``openai._base_client:SyncAPIClient.request``."""
    return f"{target.module}:{target.attribute}"


def _found(module: str, attribute: str) -> tuple[Any, str, Any] | None:
    """The class that holds ``attribute``, its name there, and what it is; ``None`` in a version without it."""
    try:
        owner: Any = importlib.import_module(module)
        *parents, name = attribute.split(".")
        for parent in parents:
            owner = getattr(owner, parent)
        return owner, name, vars(owner)[name]
    except (ImportError, AttributeError, KeyError):
        return None


__all__ = ["Patches", "target_path"]
