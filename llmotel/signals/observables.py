"""Observable instruments that several engines share.

The metrics SDK keeps the callbacks of the first registration of an observable instrument and ignores later ones. So one
callback per instrument and MeterProvider asks every engine that reports there, and counts go on where an engine that
has ended left them.
"""

from __future__ import annotations

import threading
import weakref
from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeAlias

from opentelemetry import metrics
from opentelemetry.metrics import CallbackOptions, Meter, Observation

from llmotel.model.inference import AttributeValue

Values: TypeAlias = Callable[[], Iterable[tuple[float, Mapping[str, AttributeValue]]]]
"""The values of one instrument now: ``(value, attributes)`` pairs, each set of attributes once."""

_lock = threading.Lock()
_sources: dict[tuple[str, str], list[_Source]] = {}  # (scope, instrument) -> who reports it


class _Source:
    """What one owner reports to one instrument on one provider."""

    def __init__(self, owner: object, provider: object, values: Values, adds: bool) -> None:
        self.owner: Any = weakref.ref(owner)
        self.values = values
        self.adds = adds
        self._provider: Callable[[], object] = _reference(provider)

    def provider(self) -> object:
        """The MeterProvider that it reports to: the global one, also when that was set later, where none was given."""
        return self._provider()


def _reference(provider: object) -> Callable[[], object]:
    if provider is None:
        return metrics.get_meter_provider
    try:
        return weakref.ref(provider)
    except TypeError:  # a class of the application's with slots
        return lambda: provider


def observe(
    owner: object,
    provider: object,
    meter: Meter,
    scope: str,
    name: str,
    unit: str,
    description: str,
    values: Values,
    *,
    adds: bool,
) -> None:
    """Reports ``values`` as the instrument ``name`` of ``scope`` whenever the metrics of ``provider`` are collected: as
    a counter if they add up (``adds``), else as a gauge. ``None`` is OpenTelemetry's global provider."""
    source = _Source(owner, provider, values, adds)
    with _lock:
        known = _sources.setdefault((scope, name), [])
        known[:] = [each for each in known if each.provider() is not None]  # what is left of providers that are gone
        known.append(source)
    create = meter.create_observable_counter if adds else meter.create_observable_gauge
    create(name, [_Callback(scope, name, source.provider)], unit, description)


def retire(owner: object) -> None:
    """``owner`` reports no more: its gauges end, and its counters stay as they are."""
    with _lock:
        for sources in _sources.values():
            for source in [source for source in sources if source.owner() is owner]:
                sources.remove(source)
                if source.adds and source.provider() is not None:
                    _keep(sources, source)


def _keep(sources: list[_Source], source: _Source) -> None:
    """Adds the last values of ``source`` to what engines that ended before it left on the same provider."""
    provider = source.provider()
    kept = next((one for one in sources if one.owner is _nobody and one.provider() is provider), None)
    totals = {} if kept is None else {frozenset(labels.items()): value for value, labels in kept.values()}
    for value, labels in source.values():
        key = frozenset(labels.items())
        totals[key] = totals.get(key, 0) + value
    if kept is None:
        kept = source
        source.owner = _nobody
        sources.append(source)
    last = tuple((value, dict(key)) for key, value in totals.items())
    kept.values = lambda: last


def _nobody() -> None:
    return None


def reset_after_fork() -> None:
    """What engines that have ended counted in the parent is the parent's to report."""
    global _lock
    _lock = threading.Lock()
    for sources in _sources.values():
        sources[:] = [source for source in sources if source.owner is not _nobody]


class _Callback:
    def __init__(self, scope: str, name: str, provider: Callable[[], object]) -> None:
        self._key = scope, name
        self._provider = provider

    def __call__(self, _: CallbackOptions) -> Iterable[Observation]:
        provider = self._provider()
        totals: dict[frozenset[tuple[str, AttributeValue]], tuple[float, Mapping[str, AttributeValue]]] = {}
        for source in tuple(_sources.get(self._key, ())):
            if source.provider() is not provider:
                continue
            for value, attributes in source.values():
                key = frozenset(attributes.items())
                known = totals.get(key)
                if known is not None:  # a gauge of several engines: on for one of them is on
                    value = known[0] + value if source.adds else max(known[0], value)
                totals[key] = value, attributes
        return [Observation(value, attributes) for value, attributes in totals.values()]


__all__ = ["Values", "observe", "reset_after_fork", "retire"]
