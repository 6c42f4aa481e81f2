"""One instrumented library: the surface that OpenTelemetry's tools know, over a :class:`~llmotel.spec.Provider`.

``opentelemetry-instrument`` finds it as an ``opentelemetry_instrumentor`` entry point and calls ``instrument()``.
"""

from __future__ import annotations

import atexit
import sys
from collections.abc import Collection
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar

from llmotel import runtime
from llmotel.guard import logger
from llmotel.instrumentation import library as states
from llmotel.instrumentation.import_hooks import on_import
from llmotel.instrumentation.library import Library
from llmotel.instrumentation.outer_stream import outer_wrapper
from llmotel.instrumentation.patcher import Patches, target_path
from llmotel.instrumentation.proxy import instance_check
from llmotel.instrumentation.versions import is_within
from llmotel.instrumentation.wrappers import call_wrapper, close_wrapper, retry_wrapper
from llmotel.spec import Closer, Provider

if TYPE_CHECKING:
    from llmotel.engine.engine import Engine

_SIGNALS = ("tracer_provider", "meter_provider", "logger_provider")


class Instrumentor:
    """Wraps and unwraps one library. A subclass names its provider; there is one instance per class.

    ``instrument`` may be called before or after the library is imported, and any number of times: it wraps once.
    """

    provider: ClassVar[Provider]
    _instance: ClassVar[Instrumentor | None] = None

    library: Library
    patches: Patches

    def __new__(cls) -> Instrumentor:
        if cls._instance is None:
            instance = cls._instance = super().__new__(cls)
            instance.library = Library(cls.provider)
            instance.patches = Patches(cls.provider.library)
        return cls._instance

    def instrumentation_dependencies(self) -> Collection[str]:
        """The library and its supported versions, as requirement strings."""
        return (f"{self.provider.library} {self.supported}",)

    @property
    def supported(self) -> str:
        """The supported versions as a specifier, e.g. ``>=1.40.0,<4``."""
        low, high = self.provider.versions
        return f">={low}" + (f",<{high}" if high else "")

    @property
    def is_instrumented_by_opentelemetry(self) -> bool:
        """Whether :meth:`instrument` has been called, and not yet :meth:`uninstrument`."""
        return self.library.active

    def instrument(self, **kwargs: Any) -> None:
        """Arms the instrumentation: now if the library is imported, else when it is.

        ``tracer_provider``, ``meter_provider`` and ``logger_provider`` give this library an engine of its own;
        ``engine`` is for llmotel's own ``init()``. Nothing given: the engine of ``llmotel.init()``, or one on
        OpenTelemetry's global providers. Other keywords are accepted and ignored, as the tools pass their own.
        """
        engine = kwargs.get("engine")
        chosen = {key: kwargs[key] for key in _SIGNALS if kwargs.get(key) is not None}
        if engine is None:
            from llmotel.engine import making

            self._end_own_engine()
            engine = making.own_engine(**chosen) if chosen else making.shared_engine()
        self.library.attach(engine)
        self.library.own_engine = bool(chosen) and kwargs.get("engine") is None
        if engine.activity is None:
            engine.activity = self._activity
        for module in self.provider.modules:
            if module in sys.modules:
                self.hook(sys.modules[module])
            else:
                on_import(module, self, self.hook)

    def _activity(self, engine: Engine) -> dict[str, bool]:
        """Whether calls of the library are recorded on ``engine``, which nothing else reports."""
        library = self.library
        if library.engine is not engine or library.state == states.NOT_IMPORTED:
            return {}
        return {library.name: library.records_for(engine)}

    def hook(self, module: Any) -> None:
        """Runs when the library is imported. Never raises: that would break the user's own import."""
        library = self.library
        if not library.active or self.patches:
            return
        try:
            version = library.version = self._version(module)
            if not is_within(version, *self.provider.versions):
                library.state, library.detail = states.UNSUPPORTED, f"{version} is not {self.supported}"
                logger.warning(
                    "llmotel: %s %s is not instrumented: supported is %s", library.name, version, self.supported
                )
                return
            self._wrap(version)
            if library.engine is not None:
                library.engine.warm()
        except Exception as error:
            library.guard.report_error(f"{library.name}.import_hook", error)

    def _version(self, module: Any) -> str:
        version = getattr(module, "__version__", None)
        if isinstance(version, str):
            return version
        from importlib import metadata  # 10 ms that the libraries at hand do not need

        return metadata.version(self.provider.library)

    def _wrap(self, version: str) -> None:
        provider, patches, library = self.provider, self.patches, self.library
        seams = [seam for seam in provider.seams if is_within(version, seam.since or "0", seam.until)]
        missing = [target_path(seam) for seam in seams if not patches.wrap(seam, call_wrapper(library, seam))]
        if len(missing) == len(seams):
            library.state, library.detail = states.MISSING, ", ".join(missing)
            logger.warning("llmotel: %s is not instrumented: %s not found", library.name, library.detail)
            return
        retries = [retry for retry in provider.retries if is_within(version, retry.since or "0", None)]
        missing += [target_path(retry) for retry in retries if not patches.wrap(retry, retry_wrapper(library, retry))]
        for closer in provider.closers:
            # The modules of stream helpers are heavy and many applications never use them: wait for their import.
            on_import(closer.module, (self, closer.attribute), partial(self._patch_closer, closer))
        for outer in provider.outers:
            patches.wrap(outer, outer_wrapper(library, outer))
        for check in provider.instance_checks:
            patches.wrap(check, instance_check)
        library.note(patches.other_wrapper)
        for native in provider.native:
            patches.disable_native(native, lambda: library.active)
            library.note(f"its own spans ({native.scope}) are switched off")
        if missing:
            library.note(f"missing seam {', '.join(missing)}")
        library.state = states.INSTRUMENTED

    def _patch_closer(self, closer: Closer, _: Any) -> None:
        try:
            if self.library.active and self.patches.wrap(closer, close_wrapper(closer)):
                self.library.note(self.patches.other_wrapper)
        except Exception as error:
            self.library.guard.report_error(f"{self.library.name}.import_hook", error)

    def uninstrument(self, **_: Any) -> None:
        """Puts every function back as it was. Calls under way finish their spans."""
        library = self.library
        self._end_own_engine()
        library.detach()
        self.patches.undo()
        library.state, library.detail = states.UNINSTRUMENTED, ""

    def _end_own_engine(self) -> None:
        """An engine that nothing else uses ends with its library: its thread, and what would hold it at exit."""
        library = self.library
        if library.own_engine and library.engine is not None and library.engine is not runtime.current:
            atexit.unregister(library.engine.shutdown)
            library.engine.shutdown()
            library.engine.retire()
        library.own_engine = False


__all__ = ["Instrumentor"]
