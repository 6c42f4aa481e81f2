"""The errors of ``llmotel local``. Each message says what is wrong and what to do."""

from __future__ import annotations

from llmotel.errors import LlmotelError


class LocalError(LlmotelError):
    """The command cannot do what it was asked."""


class StoreError(LocalError):
    """The database cannot be opened, read or written."""


class BusyError(LocalError):
    """More is waiting to be stored than may wait; a sender tries again later."""


class UnreadableError(LocalError):
    """What a sender posted is not OTLP. The message names the field."""


class RequestError(LocalError):
    """A request asks for something that does not exist or that is not understood; ``parameter`` names it."""

    def __init__(self, detail: str, parameter: str | None = None, status: int = 400) -> None:
        super().__init__(detail)
        self.detail = detail
        self.parameter = parameter
        self.status = status


__all__ = ["BusyError", "LocalError", "RequestError", "StoreError", "UnreadableError"]
