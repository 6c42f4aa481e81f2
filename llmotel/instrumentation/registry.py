"""All instrumented libraries, by name; a library's provider module is loaded when the library itself is imported."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Collection
from functools import partial
from typing import TYPE_CHECKING, Any

import wrapt

from llmotel.instrumentation.instrumentor import INSTRUMENTED, UNINSTRUMENTED, Instrumentor

if TYPE_CHECKING:
    from llmotel.config.config import Config
    from llmotel.diagnostics.status import LibraryStatus
    from llmotel.engine.engine import Engine

LIBRARIES = {
    "anthropic": "llmotel_instrumentors.anthropic:AnthropicInstrumentor",
    "groq": "llmotel_instrumentors.groq:GroqInstrumentor",
    "ollama": "llmotel_instrumentors.ollama:OllamaInstrumentor",
    "openai": "llmotel_instrumentors.openai:OpenAIInstrumentor",
    "together": "llmotel_instrumentors.together:TogetherInstrumentor",
}
"""Import name -> instrumentor: the ``opentelemetry_instrumentor`` entry points, which cost 10 ms to look up."""

_engine: Engine | None = None
_disabled: Collection[str] = ()
_armed: set[str] = set()


def activate(engine: Engine) -> None:
    """Arms an import hook per library, by name only: nothing is imported here, and import order does not matter."""
    global _engine, _disabled
    _engine = engine
    _disabled = disabled_libraries(engine.config)
    for library, path in LIBRARIES.items():
        if library in _disabled:
            continue
        # A hook of a library that is imported already runs at once; the others stay armed, and are armed once.
        if library in sys.modules or library not in _armed:
            wrapt.register_post_import_hook(partial(_load, path.partition(":")[0]), library)
            _armed.add(library)


def disabled_libraries(config: Config) -> Collection[str]:
    """The libraries that ``config`` leaves alone.

    The argument of ``init()`` names libraries. The variable is OpenTelemetry's and names entry points:
    ``llmotel-openai`` is ours, and ``openai`` means us only where no other package has an instrumentor of that name.
    """
    named = frozenset(config.disabled_instrumentations)
    if "*" in named:
        return frozenset(LIBRARIES)
    found = {library for library in LIBRARIES if f"llmotel-{library}" in named}
    plain = named & LIBRARIES.keys()
    if plain and config.origin("disabled_instrumentations") != "argument":
        from importlib.metadata import entry_points

        plain -= entry_points(group="opentelemetry_instrumentor").names
    return frozenset(found | plain)


def _load(provider_module: str, library: Any) -> None:
    """The import hook of a library. Never raises: that would break the user's own import."""
    try:
        importlib.import_module(provider_module).activate(library)
    except Exception as error:
        if _engine is not None:
            _engine.guard.report_error("import_hook", error)


def imported(kind: type[Instrumentor], module: Any) -> None:
    """What a provider module's ``activate`` calls when its library has been imported."""
    instrumentor = kind()
    if _engine is not None and not instrumentor.own_engine:
        instrumentor.attach(_engine)
    elif not instrumentor.active:
        return
    instrumentor.hook(module)


def deactivate() -> None:
    """Uninstruments everything."""
    global _engine
    _engine = None
    for instrumentor in _instrumentors():
        instrumentor.uninstrument()


def activity(engine: Engine) -> dict[str, bool]:
    """Whether ``engine`` records the calls of each library that has been imported. A library that records elsewhere, or
    that was uninstrumented on purpose, is left out."""
    found = {}
    for library, path in LIBRARIES.items():
        if library not in sys.modules:
            continue
        module, _, name = path.partition(":")
        loaded = sys.modules.get(module)
        instrumentor: Instrumentor | None = getattr(loaded, name)() if loaded is not None else None
        if engine is _engine and (instrumentor is None or library in _disabled):
            found[library] = False
        elif instrumentor is not None and instrumentor.engine is engine and instrumentor.state != UNINSTRUMENTED:
            found[library] = engine.enabled and instrumentor.active and instrumentor.state == INSTRUMENTED
    return found


def report(config: Config | None = None) -> list[LibraryStatus]:
    """One row per library that llmotel knows, instrumented or not; before ``init()``, what ``config`` would do."""
    rows = []
    disabled = _disabled if _engine is not None or config is None else disabled_libraries(config)
    for library, instrumentor in zip(LIBRARIES, _instrumentors(), strict=True):
        row = instrumentor.report()
        if row.version is not None and library in disabled:
            row.state = "disabled"
        rows.append(row)
    return rows


def _instrumentors() -> list[Instrumentor]:
    found = []
    for path in LIBRARIES.values():
        module, _, name = path.partition(":")
        found.append(getattr(importlib.import_module(module), name)())
    return found
