"""What llmotel ships for the tests of applications: a loopback provider server and the bodies it speaks.

``ProviderServer`` and ``Reply`` are imported on first use, so that the pytest plugin costs nothing where they are not
used. The bodies are built by :mod:`llmotel.testing.openai_wire` and :mod:`llmotel.testing.anthropic_wire`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from llmotel.testing.reply import Reply, Request
    from llmotel.testing.server import ProviderServer

__all__ = ["ProviderServer", "Reply", "Request"]

_HOMES = {
    "ProviderServer": "llmotel.testing.server",
    "Reply": "llmotel.testing.reply",
    "Request": "llmotel.testing.reply",
}


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(_HOMES[name]), name)
