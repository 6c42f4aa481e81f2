"""The engines of this process, and which of them is in use. Imports nothing of llmotel, so that everything may ask."""

from __future__ import annotations

import threading
import weakref
from typing import Any

current: Any = None  # the engine of init()
shared: Any = None  # on OpenTelemetry's global providers, for instrumentors that something else than init() switched on
propagates_tags = False  # an engine that is live wants tags in baggage

_lock = threading.Lock()
_engines: list[weakref.ref[Any]] = []


def engine() -> Any:
    """The engine that speaks for the application: that of ``init()``, else the shared one, else the newest of those
    that an instrumentor has on providers of its own; ``None`` where there is none."""
    if current is not None:
        return current
    if shared is not None:
        return shared
    live = engines()
    return live[-1] if live else None


def engines() -> list[Any]:
    """All engines that have not ended, the oldest first."""
    return [engine for reference in tuple(_engines) if (engine := reference()) is not None]


def add(engine: Any) -> None:
    """Makes a new engine known."""
    with _lock:
        _engines[:] = [reference for reference in _engines if reference() is not None]
        _engines.append(weakref.ref(engine))
        _note_propagation()


def remove(engine: Any) -> None:
    """Forgets an engine that has ended."""
    with _lock:
        _engines[:] = [reference for reference in _engines if reference() not in (None, engine)]
        _note_propagation()


def _note_propagation() -> None:
    global propagates_tags
    propagates_tags = any(engine.config.baggage_tags for engine in engines())


def reset_after_fork() -> None:
    """A lock that a thread of the parent held stays locked in a child: it gets a new one."""
    global _lock
    _lock = threading.Lock()
