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
    from llmotel.quality import record_quality
    from llmotel.report import status
    from llmotel.setup import disable, enable, flush, init, shutdown
    from llmotel.tagging import tags

__all__ = [
    "ConfigurationError",
    "LlmotelError",
    "__version__",
    "disable",
    "enable",
    "flush",
    "init",
    "record_quality",
    "shutdown",
    "status",
    "tags",
]

# Loaded on first use: importing llmotel alone costs next to nothing.
_HOMES = {
    "disable": "setup",
    "enable": "setup",
    "flush": "setup",
    "init": "setup",
    "record_quality": "quality",
    "shutdown": "setup",
    "status": "report",
    "tags": "tagging",
}


def __getattr__(name: str) -> Any:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module 'llmotel' has no attribute {name!r}")
    from importlib import import_module

    value = getattr(import_module(f"llmotel.{home}"), name)
    globals()[name] = value
    return value
