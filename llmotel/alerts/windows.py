"""The spans of time that the rules look back over and wait for, in seconds."""

from __future__ import annotations

from dataclasses import dataclass

_UNITS = ((604_800, "w", "week"), (86_400, "d", "day"), (3_600, "h", "hour"), (60, "m", "minute"), (1, "s", "second"))


@dataclass(frozen=True)
class Windows:
    """What users get is the default. Tests that wait for a real alert cut it down; the names of rules stay.

    Windows span several exports of metrics (once a minute, unless ``OTEL_METRIC_EXPORT_INTERVAL`` says otherwise).
    """

    short: int = 300
    latency: int = 600
    half_hour: int = 1_800
    hour: int = 3_600
    six_hours: int = 21_600
    day: int = 86_400
    week: int = 604_800
    month: int = 31 * 86_400

    silent: int = 600
    present_steps: int = 12
    """How many steps of ``short`` a service was there for before its silence means anything: jobs end."""
    forecast_hours: int = 24
    """Hours of spending that a forecast needs."""

    page_after: int = 300
    ticket_after: int = 300
    trend_after: int = 1_800


def duration(seconds: int) -> str:
    """As Prometheus writes it: ``duration(5400)`` is ``90m``."""
    size, letter, _ = next(unit for unit in _UNITS if seconds % unit[0] == 0)
    return f"{seconds // size}{letter}"


def words(seconds: int) -> str:
    """As a person says it: ``words(3600)`` is ``hour``, ``words(600)`` is ``10 minutes``."""
    size, _, name = next(unit for unit in _UNITS[1:] if seconds % unit[0] == 0)
    return name if seconds == size else f"{seconds // size} {name}s"


__all__ = ["Windows", "duration", "words"]
