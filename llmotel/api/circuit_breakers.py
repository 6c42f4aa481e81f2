"""Circuit breakers of the application: which of them keep calls away from a provider right now."""

from __future__ import annotations

import os
import threading
import weakref
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from llmotel import runtime, semconv
from llmotel.model.inference import AttributeValue
from llmotel.signals.attributes import truncate

if TYPE_CHECKING:
    from llmotel.engine.engine import Engine
    from llmotel.signals.metrics import Metrics

STATES = {"closed": 0, "half_open": 1, "open": 2}
"""State -> value of ``llmotel.circuit_breaker.state``."""

_making = threading.Lock()
_known: weakref.WeakKeyDictionary[Engine, Breakers] = weakref.WeakKeyDictionary()


def _after_fork() -> None:
    global _making
    _making = threading.Lock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)


def record_circuit_breaker(name: str, state: str) -> bool:
    """Tells the state of the circuit breaker ``name``: ``closed`` (calls go through), ``half_open`` (some do, to try)
    or ``open`` (none does). To be called whenever it changes, and once at the start, so that it is seen before.

    It is reported with every export of metrics, as ``llmotel.circuit_breaker.state`` (0 closed, 1 half open, 2 open);
    each change adds one to ``llmotel.circuit_breaker.transitions``. The first 100 names count
    (``LLMOTEL_METRIC_TAG_VALUES``). Returns whether it was recorded; never raises: another state, or a name too many,
    is left out, with one log line, and counted in ``llmotel.records.rejected``.

    >>> llmotel.record_circuit_breaker("openai", "open")
    """
    engine: Engine | None = runtime.engine()
    if engine is None:
        return False
    try:
        return _record(engine, name, state)
    except Exception as error:
        engine.guard.report_error("record_circuit_breaker", error)
        return False


def _record(engine: Engine, name: object, state: object) -> bool:
    known = state.replace("-", "_") if isinstance(state, str) else None  # pybreaker says half-open
    if known not in STATES:
        engine.reject("record_circuit_breaker: a state is open, half_open or closed; another one is left out")
    elif not isinstance(name, str) or not name:
        engine.reject("record_circuit_breaker: a name is text and not empty; another one is left out")
    elif _breakers(engine).change(truncate(name), known):
        return True
    else:
        engine.reject(
            f"record_circuit_breaker: there are more than {engine.metric_tags.limit} names, and later ones are left "
            "out; LLMOTEL_METRIC_TAG_VALUES allows more"
        )
    return False


def _breakers(engine: Engine) -> Breakers:
    with _making:
        breakers = _known.get(engine)
        if breakers is None:
            breakers = _known[engine] = Breakers(engine.metric_tags.limit)
            breakers.observe(engine.metrics)
            engine.at_fork.append(breakers.after_fork_in_child)
        return breakers


class Breakers:
    """The state of up to ``limit`` breakers, and how often each changed to which."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._states: dict[str, str] = {}
        self._changes: dict[str, dict[str, int]] = {}
        self._lock = threading.Lock()

    def change(self, name: str, state: str) -> bool:
        """Notes the state of ``name``; ``False`` when there are too many names already. One that is first heard of was
        closed before."""
        with self._lock:
            if name not in self._states:
                if len(self._states) >= self._limit:
                    return False
                # With zeros, so that the first change is seen as one.
                self._changes[name] = dict.fromkeys(STATES, 0)
            if self._states.get(name, "closed") != state:
                self._changes[name][state] += 1
            self._states[name] = state
        return True

    def observe(self, metrics: Metrics) -> None:
        """Lets ``metrics`` report them."""
        metrics.observe(
            semconv.BREAKER_STATE, "{state}", "State of a circuit breaker: 0 closed, 1 half open, 2 open", self._state
        )
        metrics.observe(
            semconv.BREAKER_TRANSITIONS, "{transition}", "Changes of a circuit breaker's state", self._change, adds=True
        )

    def after_fork_in_child(self) -> None:
        """What changed in the parent is the parent's to report."""
        self._lock = threading.Lock()
        self._changes = {name: dict.fromkeys(STATES, 0) for name in self._states}

    def _state(self) -> Iterable[tuple[float, Mapping[str, AttributeValue]]]:
        with self._lock:
            return [(STATES[state], {semconv.BREAKER_NAME: name}) for name, state in self._states.items()]

    def _change(self) -> Iterable[tuple[float, Mapping[str, AttributeValue]]]:
        with self._lock:
            return [
                (number, {semconv.BREAKER_NAME: name, semconv.BREAKER_TO: state})
                for name, changes in self._changes.items()
                for state, number in changes.items()
            ]


__all__ = ["STATES", "Breakers", "record_circuit_breaker"]
