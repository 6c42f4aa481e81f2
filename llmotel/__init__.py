"""OpenTelemetry for LLM applications.

>>> import llmotel
>>> llmotel.init()

Every call to an instrumented client library from then on is a span with its tokens, cost, latency, errors and
grounding, with metrics and events beside it, sent wherever the ``OTEL_*`` variables say.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from llmotel.errors import ConfigurationError, LlmotelError
from llmotel.version import __version__

if TYPE_CHECKING:
    from llmotel.api.agents import agent, tool, workflow
    from llmotel.api.business_value import record_value
    from llmotel.api.circuit_breakers import record_circuit_breaker
    from llmotel.api.propagation import propagate
    from llmotel.api.quality import call, record_quality
    from llmotel.api.retrievals import retrieval
    from llmotel.diagnostics.status import status
    from llmotel.instrumentation.registry import register
    from llmotel.setup import disable, enable, flush, init, shutdown
    from llmotel.signals.tagging import tags

__all__ = [
    "ConfigurationError",
    "LlmotelError",
    "__version__",
    "agent",
    "call",
    "disable",
    "enable",
    "flush",
    "init",
    "propagate",
    "record_circuit_breaker",
    "record_quality",
    "record_value",
    "register",
    "retrieval",
    "shutdown",
    "status",
    "tags",
    "tool",
    "workflow",
]

# Loaded on first use: importing llmotel alone costs next to nothing.
_HOMES = {
    "agent": "api.agents",
    "call": "api.quality",
    "disable": "setup",
    "enable": "setup",
    "flush": "setup",
    "init": "setup",
    "propagate": "api.propagation",
    "record_circuit_breaker": "api.circuit_breakers",
    "record_quality": "api.quality",
    "record_value": "api.business_value",
    "register": "instrumentation.registry",
    "retrieval": "api.retrievals",
    "shutdown": "setup",
    "status": "diagnostics.status",
    "tags": "signals.tagging",
    "tool": "api.agents",
    "workflow": "api.agents",
}


def __dir__() -> list[str]:
    return sorted({*__all__, *(name for name in globals() if name.startswith("__"))})


def __getattr__(name: str) -> Any:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module 'llmotel' has no attribute {name!r}")
    from importlib import import_module

    value = getattr(import_module(f"llmotel.{home}"), name)
    globals()[name] = value
    return value
