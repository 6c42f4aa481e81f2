"""Engines for instrumentors that something else than ``init()`` switched on."""

from __future__ import annotations

import atexit
import os
import threading
from typing import Any

from llmotel import runtime
from llmotel.config.config import Config
from llmotel.engine.engine import Engine

_lock = threading.Lock()


def own_engine(**providers: Any) -> Engine:
    """An engine of its own, configured from the environment, over the given ``tracer_provider``, ``meter_provider`` and
    ``logger_provider``; those left out are OpenTelemetry's global ones. It ends at exit, or when it is shut down."""
    others = runtime.engines()
    engine = Engine(Config.load(), **providers)
    if others and not any(other.enabled for other in others):  # the kill switch is on
        engine.enabled = False
    atexit.register(engine.shutdown)
    return engine


def shared_engine() -> Engine:
    """The engine of ``init()``, or else one on OpenTelemetry's global providers, the same for all callers."""
    with _lock:
        if runtime.current is not None:
            current: Engine = runtime.current
            return current
        if runtime.shared is None:
            runtime.shared = own_engine()
        shared: Engine = runtime.shared
        return shared


def _after_fork() -> None:
    global _lock
    _lock = threading.Lock()  # a thread of the parent may hold the other one


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)

__all__ = ["own_engine", "shared_engine"]
