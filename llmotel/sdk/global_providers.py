"""OpenTelemetry's global providers: whose they are, what they say of the application, and who sets one too late.

A provider of the application's can be anything: the SDK's, a wrapper around it, another vendor's, a class that can be
neither hashed nor compared. Nothing here compares or hashes one.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from typing import Any

from opentelemetry import _logs, metrics, trace

logger = logging.getLogger("llmotel")

NAMES = {"traces": "TracerProvider", "metrics": "MeterProvider", "logs": "LoggerProvider"}
_GLOBAL: Mapping[str, tuple[Callable[[], Any], Callable[[Any], None]]] = {
    "traces": (trace.get_tracer_provider, trace.set_tracer_provider),
    "metrics": (metrics.get_meter_provider, metrics.set_meter_provider),
    "logs": (_logs.get_logger_provider, _logs.set_logger_provider),
}
_LOGGERS = {
    "traces": trace.__name__,
    "metrics": "opentelemetry.metrics._internal",
    "logs": "opentelemetry._logs._internal",
}
_DEPTH = 3  # wrappers around wrappers


def current(signal: str) -> Any:
    """The global provider of ``traces``, ``metrics`` or ``logs``."""
    return _GLOBAL[signal][0]()


def publish(signal: str, provider: Any) -> None:
    """Makes ``provider`` the global one."""
    _GLOBAL[signal][1](provider)


def sdk_provider(provider: Any, depth: int = _DEPTH) -> Any:
    """The SDK's provider that ``provider`` is, or that it holds as a wrapper (logfire's do); else ``None``."""
    # By name: a look must not import the SDK.
    if any(base.__module__.startswith("opentelemetry.sdk.") for base in type(provider).__mro__):
        return provider if _is_provider(provider) or depth == _DEPTH else None
    if depth == 0:
        return None
    try:
        held = [getattr(provider, "__wrapped__", None), *vars(provider).values()]
    except Exception:  # one without a __dict__, or with a __getattr__ of its own mind
        return None
    found = (sdk_provider(value, depth - 1) for value in held if value is not None)
    return next((value for value in found if value is not None), None)


def _is_provider(value: Any) -> bool:
    return any(base.__name__ in NAMES.values() for base in type(value).__mro__)


def is_unset(provider: Any) -> bool:
    """Whether ``provider`` is the API's stand-in. Its no-op providers are not: somebody chose them, for good."""
    kind = type(provider)
    is_api = kind.__module__.startswith(("opentelemetry.trace", "opentelemetry.metrics", "opentelemetry._logs"))
    return is_api and "Proxy" in kind.__name__


def resource_of(provider: Any) -> Any:
    """The resource whose telemetry ``provider`` makes, if it says so."""
    found = sdk_provider(provider)
    # The SDK's MeterProvider has no public word for it.
    resource = getattr(found, "resource", None) or getattr(getattr(found, "_sdk_config", None), "resource", None)
    return resource if isinstance(getattr(resource, "attributes", None), Mapping) else None


class Refusals(logging.Filter):
    """Notices that a provider is set after the global one is fixed. OpenTelemetry keeps the first one, and all it does
    about the second is a line in the log. ``signals`` are those for which that happened."""

    def __init__(self, signals: list[str]) -> None:
        super().__init__()
        self.signals: set[str] = set()
        self._signals = {_LOGGERS[signal]: signal for signal in signals}
        for name in self._signals:
            logging.getLogger(name).addFilter(self)

    def filter(self, record: logging.LogRecord) -> bool:
        signal = self._signals.get(record.name)
        if signal is not None and signal not in self.signals and str(record.msg).startswith("Overriding of current"):
            self.signals.add(signal)
            logger.warning("llmotel: %s", too_late(signal))
        return True

    def close(self) -> None:
        """Looks no longer."""
        for name in self._signals:
            logging.getLogger(name).removeFilter(self)


def too_late(signal: str) -> str:
    """What to say of a provider that was set after ``init()`` had made its own."""
    return (
        f"the application set a {NAMES[signal]} after llmotel.init(), and OpenTelemetry keeps the first one, which is "
        "llmotel's. Set it before init(), or pass it to init()"
    )


__all__ = ["NAMES", "Refusals", "current", "is_unset", "publish", "resource_of", "sdk_provider", "too_late"]
