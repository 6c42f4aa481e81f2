"""Telemetry that cannot be sent is told of once, not once per batch.

OpenTelemetry's exporters log every attempt that fails. Here the first line of theirs passes, one line of ours says what
it means, and both are silent until the address has taken everything again.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from llmotel.config.masking import masked_text

logger = logging.getLogger("llmotel")

_QUIET = 600.0  # seconds between two lines about one address, however often it comes and goes
_EXPORTERS = "opentelemetry.exporter."


class Outage:
    """What one address (``host:port``) does not take, for all signals that go there."""

    def __init__(self) -> None:
        self._failing: set[str] = set()
        self._lock = threading.Lock()
        self._silent_until = {"ours": 0.0, "theirs": 0.0}
        self._told: set[str] = set()

    def first(self, voice: str) -> bool:
        """Whether ``voice`` (``ours`` or ``theirs``) has not spoken of this outage, and may do so now."""
        with self._lock:
            now = time.monotonic()
            if voice in self._told or now < self._silent_until[voice]:
                return False
            self._told.add(voice)
            self._silent_until[voice] = now + _QUIET
            return True

    def lost(self, signal: str, what: str, *values: object) -> None:
        """Tells, as a line of ours, that records of ``signal`` are being lost."""
        self._failing.add(signal)
        if "ours" not in self._told and self.first("ours"):
            logger.warning(
                f"llmotel: {what} (told once, counted in llmotel.export.lost). `llmotel doctor` says whether the "
                "endpoint answers",
                *values,
            )

    def sent(self, signal: str) -> None:
        """Takes note of an export that arrived."""
        if signal in self._failing or self._told:
            self._failing.discard(signal)
            if not self._failing:
                self._told.clear()

    @contextmanager
    def exporting(self) -> Iterator[None]:
        """What exporters log on this thread within the block belongs to this outage."""
        _here.outage = self
        try:
            yield
        finally:
            _here.outage = None


class _First(logging.Filter):
    """Lets through what exporters of others log, and of ours the first, without credentials."""

    def filter(self, record: logging.LogRecord) -> bool:
        outage: Outage | None = getattr(_here, "outage", None)
        if outage is None:
            return True
        if record.levelno >= logging.WARNING and not outage.first("theirs"):
            return False
        record.msg, record.args = masked_text(record.getMessage()), None  # of HTTP clients, with the URL in it
        return True


def install_log_filter() -> None:
    """Puts the filter on the loggers of all exporters that have been imported."""
    for name in list(logging.root.manager.loggerDict):
        if name.startswith(_EXPORTERS):
            logging.getLogger(name).addFilter(_first)


def outage_of(address: str) -> Outage:
    """The outage of ``address``, the same for all signals."""
    return _outages.setdefault(address, Outage())


def forget() -> None:
    """In a forked child: its own exports decide, and no lock of its parent's stays locked."""
    _outages.clear()


_here = threading.local()
_first = _First()
_outages: dict[str, Outage] = {}

__all__ = ["Outage", "forget", "install_log_filter", "outage_of"]
