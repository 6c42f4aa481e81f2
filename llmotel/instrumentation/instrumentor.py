"""One instrumented library: the surface that OpenTelemetry's tools know, over a :class:`~llmotel.spec.Provider`.

``opentelemetry-instrument`` finds it as an ``opentelemetry_instrumentor`` entry point and calls ``instrument()``.
"""

from __future__ import annotations

import sys
from collections.abc import Collection
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar

import wrapt

from llmotel.guard import Guard, logger
from llmotel.instrumentation.patcher import Patches, target_path
from llmotel.instrumentation.proxy import instance_check
from llmotel.instrumentation.wrappers import close_wrapper, retry_wrapper, wrapper
from llmotel.spec import Closer, Provider

if TYPE_CHECKING:
    from llmotel.diagnostics.status import LibraryStatus
    from llmotel.engine.engine import Engine

_MAX_ORIGINS = 256
INSTRUMENTED, UNINSTRUMENTED = "instrumented", "not instrumented"
SWITCHED_OFF = "switched off after errors"


class Instrumentor:
    """Wraps and unwraps one library. A subclass names its provider; there is one instance per class.

    ``instrument`` may be called before or after the library is imported, and any number of times: it wraps once.
    """

    provider: ClassVar[Provider]
    _instance: ClassVar[Instrumentor | None] = None

    engine: Engine | None
    guard: Guard

    def __new__(cls) -> Instrumentor:
        if cls._instance is None:
            instance = cls._instance = super().__new__(cls)
            instance.engine = None
            instance.guard = Guard()
            instance.active = False
            instance.own_engine = False
            instance.state = "not imported yet"
            instance.detail = ""
            instance._patches = Patches(cls.provider.library)
            instance._origins = {}
        return cls._instance

    active: bool
    own_engine: bool  # on providers of its own, which a later init() leaves alone
    state: str
    detail: str
    _patches: Patches
    _origins: dict[int, tuple[Any, str, str | None, int | None]]

    def instrumentation_dependencies(self) -> Collection[str]:
        """The library and its supported versions, as requirement strings."""
        return (f"{self.provider.library} {self.supported}",)

    @property
    def supported(self) -> str:
        """The supported versions as a specifier, e.g. ``>=1.40.0,<4``."""
        low, high = self.provider.versions
        return f">={low}" + (f",<{high}" if high else "")

    @property
    def wrapped(self) -> bool:
        """Whether anything of llmotel's stands in the library, active or not."""
        return bool(self._patches)

    def instrument(self, **kwargs: Any) -> None:
        """Arms the instrumentation: now if the library is imported, else when it is.

        ``tracer_provider``, ``meter_provider`` and ``logger_provider`` give this library an engine of its own;
        ``engine`` is for llmotel's own ``init()``. Nothing given: the engine of ``llmotel.init()``, or one on
        OpenTelemetry's global providers. Other keywords are accepted and ignored, as the tools pass their own.
        """
        engine = kwargs.get("engine")
        if engine is None:
            from llmotel import setup

            chosen = {
                key: kwargs[key]
                for key in ("tracer_provider", "meter_provider", "logger_provider")
                if kwargs.get(key) is not None
            }
            engine = setup.make_engine(**chosen) if chosen else setup.shared_engine()
            self.own_engine = bool(chosen)
        self.attach(engine)
        module = self.provider.library.replace("-", "_")
        if module in sys.modules:
            self.hook(sys.modules[module])
        else:
            wrapt.register_post_import_hook(self.hook, module)

    def attach(self, engine: Engine) -> None:
        """Uses ``engine`` from now on."""
        self.engine = engine
        self.guard = Guard(
            limit=engine.config.error_limit,
            raise_errors=engine.config.raise_errors,
            on_limit=self._switch_off,
            parent=engine.guard,
        )
        self.active = True
        if self.state == SWITCHED_OFF:
            self.state, self.detail = INSTRUMENTED, ""

    def _switch_off(self) -> None:
        self.active = False
        self.state = SWITCHED_OFF
        self.detail = f"{self.guard.errors} internal errors, the last: {self.guard.last_errors[-1]}"
        logger.warning(
            "llmotel: instrumentation of %s switched itself off after %d internal errors; the application is not "
            "affected. llmotel.status() shows the last ones",
            self.provider.library,
            self.guard.errors,
        )

    def hook(self, module: Any) -> None:
        """Runs when the library is imported. Never raises: that would break the user's own import."""
        if not self.active or self.wrapped:
            return
        try:
            version = self._version(module)
            if not _within(version, self.provider.versions):
                self.state, self.detail = "unsupported version", f"{version} is not {self.supported}"
                logger.warning(
                    "llmotel: %s %s is not instrumented: supported is %s",
                    self.provider.library,
                    version,
                    self.supported,
                )
                return
            self._wrap()
            if self.engine is not None:
                self.engine.warm()
        except Exception as error:
            self.guard.report_error(f"{self.provider.library}.import_hook", error)

    def _version(self, module: Any) -> str:
        version = getattr(module, "__version__", None)
        if isinstance(version, str):
            return version
        from importlib import metadata  # 10 ms that the libraries at hand do not need

        return metadata.version(self.provider.library)

    def _wrap(self) -> None:
        provider, patches = self.provider, self._patches
        missing = [target_path(seam) for seam in provider.seams if not patches.wrap(seam, wrapper(self, seam))]
        if len(missing) == len(provider.seams):
            self.state, self.detail = "missing seam", ", ".join(missing)
            logger.warning("llmotel: %s is not instrumented: %s not found", provider.library, self.detail)
            return
        missing += [target_path(retry) for retry in provider.retries if not patches.wrap(retry, retry_wrapper(self))]
        for closer in provider.closers:
            # The modules of stream helpers are heavy and many applications never use them: wait for their import.
            wrapt.register_post_import_hook(partial(self._patch_closer, closer), closer.module)
        for check in provider.instance_checks:
            patches.wrap(check, instance_check)
        self._note(patches.other_wrapper)
        for native in provider.native:
            patches.disable_native(native, lambda: self.active)
            self._note(f"its own spans ({native.scope}) are switched off")
        if missing:
            self._note(f"missing seam {', '.join(missing)}")
        self.state = INSTRUMENTED

    def _note(self, text: str) -> None:
        if text and text not in self.detail:
            self.detail = f"{self.detail}; {text}" if self.detail else text

    def _patch_closer(self, closer: Closer, _: Any) -> None:
        try:
            if self.active and self._patches.wrap(closer, close_wrapper(closer)):
                self._note(self._patches.other_wrapper)
        except Exception as error:
            self.guard.report_error(f"{self.provider.library}.import_hook", error)

    def uninstrument(self, **_: Any) -> None:
        """Puts every function back as it was. Calls under way finish their spans."""
        self.active = self.own_engine = False
        self._patches.undo()
        self._origins.clear()
        self.state, self.detail = UNINSTRUMENTED, ""

    def origin(self, client: Any, url: Any) -> tuple[str, str | None, int | None]:
        """Provider name, host and port behind a client, looked up once per base URL object."""
        key = id(url)
        known = self._origins.get(key)
        if known is None or known[0] is not url:
            host = getattr(url, "host", None) or None
            port = getattr(url, "port", None) or (443 if getattr(url, "scheme", "") == "https" else 80)
            name = self.provider.identify(client)
            if name is None:
                name = self.provider.name
                if self.engine is not None:
                    hosts = self.engine.hosts
                    find = hosts.provider_or_vendor if self.provider.assume_own_vendor else hosts.provider_of
                    name = find(host or "", port, name)
            if len(self._origins) >= _MAX_ORIGINS:
                self._origins.clear()
            # The URL is kept, so that its id cannot be given to another one.
            known = self._origins[key] = (url, name, host, port if host else None)
        return known[1], known[2], known[3]

    def defer_to_otel(self) -> None:
        """Notes, and says once, that OpenTelemetry's GenAI instrumentation records calls of this library."""
        note = "calls are recorded by OpenTelemetry's GenAI instrumentation, and left to it"
        if note not in self.detail:
            self._note(note)
            logger.warning(
                "llmotel: %s: %s. They have no cost, grounding or tags; to have them here, switch it off "
                "(OTEL_PYTHON_DISABLED_INSTRUMENTATIONS=%s)",
                self.provider.library,
                note,
                self.provider.library,
            )

    def report(self) -> LibraryStatus:
        """What became of this library."""
        from importlib import metadata

        from llmotel.diagnostics.status import LibraryStatus

        try:
            version = metadata.version(self.provider.library)
        except metadata.PackageNotFoundError:
            return LibraryStatus(self.provider.library, None, self.supported, "not installed")
        state, detail = self.state, self.detail
        if state == "not imported yet" and not _within(version, self.provider.versions):
            state, detail = "unsupported version", f"{version} is not {self.supported}"
        return LibraryStatus(self.provider.library, version, self.supported, state, detail)


def _within(version: str, versions: tuple[str, str | None]) -> bool:
    """Whether ``version`` lies in ``[low, high)``, by its numbers; a pre-release counts as its release."""
    low, high = versions
    return _numbers(low) <= _numbers(version) and (high is None or _numbers(version) < _numbers(high))


def _numbers(version: str) -> tuple[int, ...]:
    numbers = []
    for part in version.split("."):
        digits = part[: len(part) - len(part.lstrip("0123456789"))]
        if not digits:
            break
        numbers.append(int(digits))
    while numbers and numbers[-1] == 0:
        numbers.pop()
    return tuple(numbers)


__all__ = ["INSTRUMENTED", "SWITCHED_OFF", "UNINSTRUMENTED", "Instrumentor"]
