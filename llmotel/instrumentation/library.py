"""The state of one instrumented library, as its wrappers see it: where its calls are recorded, and whether."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from llmotel.guard import Guard, logger
from llmotel.spec import Provider, Request

if TYPE_CHECKING:
    from llmotel.engine.engine import Engine
    from llmotel.engine.scope import Scope

_MAX_ORIGINS = 256

NOT_IMPORTED, INSTRUMENTED, UNINSTRUMENTED = "not imported yet", "instrumented", "not instrumented"
UNSUPPORTED, MISSING = "unsupported version", "missing seam"


class Library:
    """One library. ``state`` and ``detail`` say what became of it; ``own_engine`` that it records on providers of its
    own, which a later ``init()`` leaves alone."""

    def __init__(self, provider: Provider) -> None:
        self.provider = provider
        self.name = provider.library
        self.engine: Engine | None = None
        self.scope: Scope | None = None
        self.guard = Guard()
        self.active = False
        self.own_engine = False
        self.state = NOT_IMPORTED
        self.detail = ""
        self.version: str | None = None
        self._origins: dict[Any, tuple[Any, str, str | None, int | None]] = {}

    def attach(self, engine: Engine) -> None:
        """Records on ``engine`` from now on."""
        self.engine = engine
        self.scope = engine.scope(self.provider)
        self.scope.health.resume()
        self.guard = Guard(raise_errors=engine.config.raise_errors, parent=engine.guard)
        self._origins.clear()  # another engine may know other hosts
        self.active = True

    def detach(self) -> None:
        """Records nothing any more."""
        self.active = self.own_engine = False
        self._origins.clear()

    def records_for(self, engine: Engine) -> bool:
        """Whether calls are recorded on ``engine`` right now."""
        paused = self.scope is not None and self.scope.health.is_pausing()
        return self.engine is engine and engine.enabled and self.active and self.state == INSTRUMENTED and not paused

    def note(self, text: str) -> None:
        """Adds ``text`` to what ``status()`` says of the library, once."""
        if text and text not in self.detail:
            self.detail = f"{self.detail}; {text}" if self.detail else text

    def origin(self, client: Any, request: Request) -> tuple[str, str | None, int | None]:
        """Provider name, host and port behind a call. A base URL is looked up once: an object is its client's own, and
        so are the client's provider and it; text says nothing of the client."""
        url = request.origin
        if url.__class__ is str:
            known = self._origins.get(url) or self._look_up(url, url, None)
            return request.provider or self.provider.identify(client) or known[1], known[2], known[3]
        found = self._origins.get(id(url))
        if found is None or found[0] is not url:
            found = self._look_up(id(url), url, self.provider.identify(client))
        return request.provider or found[1], found[2], found[3]

    def _look_up(self, key: Any, url: Any, name: str | None) -> tuple[Any, str, str | None, int | None]:
        host, port = _address(url)
        if name is None:
            name = self.provider.name
            if self.engine is not None:
                hosts = self.engine.hosts
                find = hosts.provider_or_vendor if self.provider.assume_own_vendor else hosts.provider_of
                name = find(host or "", port or 0, name)
        if len(self._origins) >= _MAX_ORIGINS:
            self._origins.clear()
        # The URL is kept, so that its id cannot be given to another one.
        known = self._origins[key] = (url, name, host, port if host else None)
        return known

    def defer_to_otel(self) -> None:
        """Notes, and logs once, that OpenTelemetry's GenAI instrumentation records calls of this library."""
        note = "calls are recorded by OpenTelemetry's GenAI instrumentation, and left to it"
        if note not in self.detail:
            self.note(note)
            logger.warning(
                "llmotel: %s: %s. They have no cost, grounding or tags; to have them here, switch it off "
                "(OTEL_PYTHON_DISABLED_INSTRUMENTATIONS=%s)",
                self.name,
                note,
                self.name,
            )


def _address(url: Any) -> tuple[str | None, int | None]:
    """Host and port of a base URL: an object with ``host``, ``port`` and ``scheme``, or text."""
    if isinstance(url, str):
        from urllib.parse import urlsplit

        try:
            parts = urlsplit(url if "//" in url else f"//{url}")
            host, port, scheme = parts.hostname, parts.port, parts.scheme or "https"
        except ValueError:  # no URL after all
            return None, None
    else:
        host = getattr(url, "host", None) or None
        port, scheme = getattr(url, "port", None), getattr(url, "scheme", "")
    return host, port or (443 if scheme == "https" else 80)


__all__ = ["INSTRUMENTED", "MISSING", "NOT_IMPORTED", "UNINSTRUMENTED", "UNSUPPORTED", "Library"]
