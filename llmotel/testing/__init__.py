"""What llmotel ships for the tests of applications: a loopback provider server with the bodies it speaks, and a record
of the calls that were made.

Everything is imported on first use, so that the pytest plugin costs nothing where they are not used. The bodies are
built by :mod:`llmotel.testing.openai_wire`, :mod:`llmotel.testing.anthropic_wire` and the other ``*_wire`` packages.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from llmotel.testing.calls import LlmCalls
    from llmotel.testing.recorded import RecordedCall
    from llmotel.testing.recording import recording
    from llmotel.testing.reply import Reply, Request
    from llmotel.testing.server import ProviderServer

__all__ = ["LlmCalls", "ProviderServer", "RecordedCall", "Reply", "Request", "recording"]

_HOMES = {
    "LlmCalls": "llmotel.testing.calls",
    "ProviderServer": "llmotel.testing.server",
    "RecordedCall": "llmotel.testing.recorded",
    "Reply": "llmotel.testing.reply",
    "Request": "llmotel.testing.reply",
    "recording": "llmotel.testing.recording",
}


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(_HOMES[name]), name)
