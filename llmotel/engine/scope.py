"""One instrumented library as the signals see it: a scope ``llmotel.<library>`` with a tracer, instruments and events.

A backend or a view can drop one library by its scope.
"""

from __future__ import annotations

from time import monotonic
from typing import TYPE_CHECKING, Any, Protocol

from opentelemetry import _logs, metrics, trace

from llmotel.guard import logger
from llmotel.signals.events import Events
from llmotel.signals.metrics import Metrics
from llmotel.version import __version__

if TYPE_CHECKING:
    from llmotel.spec import Endpoint, Provider

ROOT = "llmotel"
"""The scope of what belongs to no library: agents, tools, llmotel's own counters."""


class Owner(Protocol):
    """What a scope needs of the engine that it belongs to."""

    config: Any
    content: Any
    tracer_provider: trace.TracerProvider | None
    meter_provider: metrics.MeterProvider | None
    logger_provider: _logs.LoggerProvider | None
    latest: bool
    legacy: bool


class Scope:
    """The signals of one library on one engine. ``provider`` is what its author says of it."""

    def __init__(self, engine: Owner, provider: Provider) -> None:
        self.engine: Any = engine
        self.provider = provider
        self.library = provider.library
        name = f"{ROOT}.{provider.library}"
        self.name = name
        self.tracer = trace.get_tracer(name, __version__, engine.tracer_provider)
        self.health = Health(provider.library, engine.config.error_limit)
        self.metrics = make_metrics(engine, name)
        self._events: Events | None = None

    @property
    def events(self) -> Events:
        """Its events. To be asked by the backlog's jobs only."""
        if self._events is None:
            self._events = make_events(self.engine, self.name)
        return self._events

    def reset_after_fork(self) -> None:
        """What the parent counted is the parent's to report."""
        self.metrics.reset_after_fork()


def make_metrics(engine: Owner, name: str) -> Metrics:
    """The instruments of the scope ``name``."""
    meter = metrics.get_meter(name, __version__, engine.meter_provider)
    return Metrics(engine, engine.meter_provider, meter, name, latest=engine.latest, legacy=engine.legacy)


def make_events(engine: Owner, name: str) -> Events:
    """The events of the scope ``name``."""
    return Events(
        _logs.get_logger(name, __version__, engine.logger_provider),
        details=engine.config.events,
        content=engine.content.on_event,
        legacy=engine.legacy,
    )


class Health:
    """Switches an endpoint of a library off for a while when too many of its calls hit errors inside llmotel.

    Too many is ``limit`` calls of the last ``2 * limit`` of that endpoint. Counted are calls, not errors: a stream can
    have a thousand chunks. After ``PAUSE`` seconds calls are recorded again, and judged anew.
    """

    PAUSE = 300.0

    def __init__(self, library: str, limit: int) -> None:
        self._library = library
        self._limit = limit
        self._failures: dict[int, list[int]] = {}  # endpoint, by id -> numbers of the last calls that failed
        self.watched: dict[int, int] = {}  # endpoint, by id -> calls since the first that failed
        self.paused: dict[int, float] = {}  # endpoint, by id -> until when, in monotonic seconds

    def admits(self, endpoint: Endpoint) -> bool:
        """Counts a call of ``endpoint``; ``False`` where it is not to be recorded. Ask only while there is anything in
        ``watched``."""
        key = id(endpoint)
        until = self.paused.get(key)
        if until is not None:
            if monotonic() < until:
                return False
            for known in (self.paused, self._failures, self.watched):
                known.pop(key, None)
        elif key in self.watched:
            self.watched[key] += 1
        return True

    def failed(self, endpoint: Endpoint) -> None:
        """Notes a call in which llmotel itself had an error."""
        key = id(endpoint)
        number = self.watched.setdefault(key, 0)
        failures = self._failures.setdefault(key, [])
        failures.append(number)
        del failures[: -self._limit]
        if key not in self.paused and len(failures) >= self._limit > 0 and number - failures[0] < 2 * self._limit:
            self.paused[key] = monotonic() + self.PAUSE
            logger.warning(
                "llmotel: %s of %s is not recorded for %d s, after errors inside llmotel in %d calls; the application "
                "is not affected. llmotel.status() shows the last errors",
                endpoint.operation,
                self._library,
                self.PAUSE,
                len(failures),
            )

    def is_pausing(self) -> bool:
        """Whether calls of any endpoint are not recorded right now."""
        now = monotonic()
        return any(now < until for until in tuple(self.paused.values()))

    def resume(self) -> None:
        """Records everything again."""
        for known in (self.paused, self._failures, self.watched):
            known.clear()


__all__ = ["ROOT", "Health", "Scope", "make_events", "make_metrics"]
