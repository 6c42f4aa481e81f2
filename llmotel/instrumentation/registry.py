"""All instrumented libraries, by name; a library's provider module is loaded when the library itself is imported."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Collection
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

from llmotel.instrumentation.import_hooks import on_import
from llmotel.instrumentation.instrumentor import Instrumentor
from llmotel.instrumentation.library import NOT_IMPORTED, UNINSTRUMENTED, UNSUPPORTED
from llmotel.instrumentation.versions import is_within

if TYPE_CHECKING:
    from llmotel.config.config import Config
    from llmotel.engine.engine import Engine
    from llmotel.spec import Provider


class Entry(NamedTuple):
    """Where a library's instrumentor is, as ``module:class``, and what is imported of the library where that has
    another name than its distribution."""

    path: str
    modules: tuple[str, ...] = ()


LIBRARIES = {
    "aiobotocore": Entry("llmotel_instrumentors.aiobotocore:AiobotocoreInstrumentor"),
    "anthropic": Entry("llmotel_instrumentors.anthropic:AnthropicInstrumentor"),
    "botocore": Entry("llmotel_instrumentors.botocore:BotocoreInstrumentor"),
    "google-genai": Entry("llmotel_instrumentors.google_genai:GoogleGenAIInstrumentor", ("google.genai",)),
    "cerebras-cloud-sdk": Entry("llmotel_instrumentors.cerebras:CerebrasInstrumentor", ("cerebras.cloud.sdk",)),
    "cohere": Entry("llmotel_instrumentors.cohere:CohereInstrumentor"),
    "groq": Entry("llmotel_instrumentors.groq:GroqInstrumentor"),
    "litellm": Entry("llmotel_instrumentors.litellm:LiteLLMInstrumentor"),
    "mistralai": Entry("llmotel_instrumentors.mistralai:MistralAIInstrumentor", ("mistralai.client", "mistralai")),
    "ollama": Entry("llmotel_instrumentors.ollama:OllamaInstrumentor"),
    "openai": Entry("llmotel_instrumentors.openai:OpenAIInstrumentor"),
    "together": Entry("llmotel_instrumentors.together:TogetherInstrumentor"),
}
"""Distribution -> instrumentor: the ``opentelemetry_instrumentor`` entry points, which cost 10 ms to look up."""

_registered: dict[str, type[Instrumentor]] = {}  # providers from outside this repository
_engine: Engine | None = None
_disabled: Collection[str] = ()


def activate(engine: Engine) -> None:
    """Arms an import hook per library, by name only: nothing is imported here, and import order does not matter."""
    global _engine, _disabled
    _engine = engine
    engine.activity = activity
    _disabled = disabled_libraries(engine.config)
    for library in (*LIBRARIES, *_registered):
        if library not in _disabled:
            _arm(library)


def _arm(library: str) -> None:
    for module in modules_of(library):
        on_import(module, ("llmotel.registry", library), partial(_imported, library))


def modules_of(library: str) -> tuple[str, ...]:
    """What is imported of ``library``."""
    if library in _registered:
        return _registered[library].provider.modules
    return LIBRARIES[library].modules or (library.replace("-", "_"),)


def _imported(library: str, module: Any) -> None:
    """The import hook of a library. Never raises: that would break the user's own import."""
    engine = _engine
    if engine is None or library in _disabled:
        return
    try:
        instrumentor = instrumentor_of(library)
        if not instrumentor.library.own_engine:
            instrumentor.library.attach(engine)
        instrumentor.hook(module)
    except Exception as error:
        engine.guard.report_error("import_hook", error)


def register(provider: Provider) -> None:
    """Instruments a library that llmotel does not know, as ``provider`` says: for libraries that were imported already
    and for those to come, under the ``init()`` of before or after."""
    name = f"{provider.library.replace('-', '_').title().replace('_', '')}Instrumentor"
    _registered[provider.library] = type(name, (Instrumentor,), {"provider": provider})
    if _engine is not None and provider.library not in _disabled:
        _arm(provider.library)


def disabled_libraries(config: Config) -> Collection[str]:
    """The libraries that ``config`` leaves alone.

    The argument of ``init()`` names libraries. The variable is OpenTelemetry's and names entry points:
    ``llmotel-openai`` is ours, and ``openai`` means us only where no other package has an instrumentor of that name.
    """
    known = {*LIBRARIES, *_registered}
    named = frozenset(config.disabled_instrumentations)
    if "*" in named:
        return frozenset(known)
    found = {library for library in known if f"llmotel-{library}" in named}
    plain = named & known
    if plain and config.origin("disabled_instrumentations") != "argument":
        from importlib.metadata import entry_points

        plain -= entry_points(group="opentelemetry_instrumentor").names
    return frozenset(found | plain)


def deactivate() -> None:
    """Uninstruments everything that ``init()`` instrumented; what has providers of its own stays."""
    global _engine
    _engine = None
    for library in (*LIBRARIES, *_registered):
        instrumentor = loaded(library)
        if instrumentor is not None and not instrumentor.library.own_engine:
            instrumentor.uninstrument()


def loaded(library: str) -> Instrumentor | None:
    """The instrumentor of ``library``, if anything has asked for it yet."""
    if library in _registered:
        return _registered[library]()
    module, _, name = LIBRARIES[library].path.partition(":")
    return getattr(sys.modules[module], name)() if module in sys.modules else None


def instrumentor_of(library: str) -> Instrumentor:
    """The instrumentor of ``library``."""
    if library in _registered:
        return _registered[library]()
    module, _, name = LIBRARIES[library].path.partition(":")
    found: Instrumentor = getattr(importlib.import_module(module), name)()
    return found


def activity(engine: Engine) -> dict[str, bool]:
    """Whether ``engine`` records the calls of each library that has been imported. A library that records elsewhere, or
    that was uninstrumented on purpose, is left out."""
    found = {}
    for library in (*LIBRARIES, *_registered):
        if not any(module in sys.modules for module in modules_of(library)):
            continue
        instrumentor = loaded(library)
        if engine is _engine and (instrumentor is None or library in _disabled):
            found[library] = False
        elif (
            instrumentor is not None
            and instrumentor.library.engine is engine
            and instrumentor.library.state != UNINSTRUMENTED
        ):
            found[library] = instrumentor.library.records_for(engine)
    return found


class Row(NamedTuple):
    """What became of one library, and why. ``paused`` are the operations that are not recorded for a while."""

    library: str
    version: str | None
    supported: str
    state: str
    detail: str = ""


def report(config: Config | None = None) -> list[Row]:
    """One row per library that llmotel knows, instrumented or not; before ``init()``, what ``config`` would do."""
    disabled = _disabled if _engine is not None or config is None else disabled_libraries(config)
    return [_row(library, library in disabled) for library in (*LIBRARIES, *_registered)]


def _row(name: str, disabled: bool) -> Row:
    from importlib import metadata

    instrumentor = instrumentor_of(name)
    library, supported = instrumentor.library, instrumentor.supported
    try:
        version = metadata.version(name)
    except metadata.PackageNotFoundError:
        return Row(name, None, supported, "not installed")
    state, detail = library.state, library.detail
    if state == NOT_IMPORTED and not is_within(version, *instrumentor.provider.versions):
        state, detail = UNSUPPORTED, f"{version} is not {supported}"
    if disabled:
        state = "disabled"
    if library.scope is not None and library.scope.health.is_pausing():
        detail = f"{detail}; calls are not recorded for a while after errors inside llmotel".lstrip("; ")
    return Row(name, version, supported, state, detail)


__all__ = ["LIBRARIES", "Entry", "Row", "activate", "activity", "deactivate", "register", "report"]
