"""Containment: what goes wrong in telemetry is logged once per site, counted, and never reaches the caller."""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable

logger = logging.getLogger("llmotel")

_told: set[str] = set()


def log_once(what: str) -> None:
    """Logs the line ``what``, unless this process has logged it already."""
    if what not in _told:
        _told.add(what)
        logger.warning("llmotel.%s (logged once)", what)


class Guard:
    """Catches llmotel's own errors.

    ``raise_errors`` (``LLMOTEL_RAISE=1``, set in our own tests) re-raises, so that a swallowed bug never makes a green
    test. When ``limit`` errors have been caught, ``on_limit`` runs once.
    """

    def __init__(
        self,
        *,
        limit: int = 0,
        raise_errors: bool = False,
        on_limit: Callable[[], None] | None = None,
        parent: Guard | None = None,
    ) -> None:
        self.errors = 0
        self.last_errors: deque[str] = deque(maxlen=20)
        self.raise_errors = raise_errors
        self._limit = limit
        self._on_limit = on_limit
        self._parent = parent
        self._logged: set[str] = set()

    def report_error(self, site: str, error: BaseException) -> None:
        """Accounts for ``error``, caught at ``site``. Call it from the ``except`` block.

        The log line names the error's type only: its message can hold what a user typed.
        """
        self.errors += 1
        self.last_errors.append(f"{site}: {type(error).__name__}")
        first = site not in self._logged
        if self._parent is not None:
            self._parent.errors += 1
            self._parent.last_errors.append(f"{site}: {type(error).__name__}")
        if first:
            self._logged.add(site)
            logger.warning(
                "llmotel: %s in %s; the application is not affected, telemetry of such calls may be incomplete "
                "(logged once, counted in llmotel.internal.errors)",
                type(error).__name__,
                site,
            )
        on_limit = self._on_limit
        if on_limit is not None and self.errors >= self._limit:
            self._on_limit = None
            on_limit()
        if self.raise_errors:
            raise error
