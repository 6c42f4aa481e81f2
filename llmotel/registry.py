"""All instrumented libraries, by name; a library's provider module is loaded when the library itself is imported."""

from __future__ import annotations

import importlib
from collections.abc import Collection
from typing import TYPE_CHECKING, Any

import wrapt

from llmotel.instrumentor import Instrumentor, LibraryStatus

if TYPE_CHECKING:
    from llmotel.engine import Engine

LIBRARIES = {
    "anthropic": "llmotel_instrumentors.anthropic:AnthropicInstrumentor",
    "openai": "llmotel_instrumentors.openai:OpenAIInstrumentor",
}
"""Import name -> instrumentor: the ``opentelemetry_instrumentor`` entry points, which cost 10 ms to look up."""

_engine: Engine | None = None
_disabled: Collection[str] = ()


def activate(engine: Engine) -> None:
    """Arms an import hook per library, by name only: nothing is imported here, and import order does not matter."""
    global _engine, _disabled
    _engine = engine
    _disabled = frozenset(name.removeprefix("llmotel-") for name in engine.config.disabled_instrumentations)
    for library, path in LIBRARIES.items():
        if library not in _disabled and "*" not in _disabled:
            wrapt.register_post_import_hook(f"{path.partition(':')[0]}:activate", library)


def imported(kind: type[Instrumentor], module: Any) -> None:
    """What a provider module's ``activate`` calls when its library has been imported. Never raises."""
    try:
        instrumentor = kind()
        if not instrumentor.active:
            if _engine is None:
                return
            instrumentor.attach(_engine)
        instrumentor.hook(module)
    except Exception as error:
        if _engine is not None:
            _engine.guard.caught("import_hook", error)


def deactivate() -> None:
    """Uninstruments everything."""
    global _engine
    _engine = None
    for instrumentor in _instrumentors():
        instrumentor.uninstrument()


def report() -> list[LibraryStatus]:
    """One row per library that llmotel knows, instrumented or not."""
    rows = []
    for library, instrumentor in zip(LIBRARIES, _instrumentors(), strict=True):
        row = instrumentor.report()
        if row.version is not None and (library in _disabled or "*" in _disabled):
            row.state = "disabled"
        rows.append(row)
    return rows


def _instrumentors() -> list[Instrumentor]:
    found = []
    for path in LIBRARIES.values():
        module, _, name = path.partition(":")
        found.append(getattr(importlib.import_module(module), name)())
    return found
