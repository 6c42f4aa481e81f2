"""The metrics that the dashboards ask for, in the naming generation in use."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

from llmotel import semconv
from llmotel.alerts.thresholds import THRESHOLDS
from llmotel.dashboards.promql import JOB, OF_PROCESSES, OPERATION, VARIABLES, Metric
from llmotel.signals.metrics import OWN_COUNTERS
from llmotel.signals.prometheus import label

Generation: TypeAlias = Literal["latest", "legacy"]

COST = Metric(semconv.COST_COUNTER, "{USD}", "counter")
CALL_COST = Metric(semconv.COST_HISTOGRAM, "{USD}", "histogram")
VALUE = Metric(semconv.VALUE_COUNTER, "{USD}", "counter", OF_PROCESSES)
RETRIES = Metric(semconv.RETRIES_COUNTER, "{retry}", "counter")
GROUNDING = Metric(semconv.GROUNDING_SCORE, "1", "histogram")
OVERHEAD = Metric(semconv.OVERHEAD, "s", "histogram", OF_PROCESSES)
TOOLS = Metric(semconv.TOOL_DURATION, "s", "histogram", OF_PROCESSES)
AGENTS = Metric(semconv.AGENT_DURATION, "s", "histogram", OF_PROCESSES)
AGENT_CALLS = Metric(semconv.AGENT_INFERENCES, "{inference_call}", "histogram", OF_PROCESSES)
AGENT_TOOLS = Metric(semconv.AGENT_TOOLS, "{tool_call}", "histogram", OF_PROCESSES)
BREAKER_STATE = Metric(semconv.BREAKER_STATE, "{state}", "gauge", OF_PROCESSES)
BREAKER_TRANSITIONS = Metric(semconv.BREAKER_TRANSITIONS, "{transition}", "counter", OF_PROCESSES)
INSTRUMENTED = Metric(semconv.INSTRUMENTATION_ACTIVE, "{instrumentation}", "gauge", OF_PROCESSES)
LOST = Metric(semconv.EXPORT_LOST, "{record}", "counter", OF_PROCESSES)

LIBRARY = label(semconv.LIBRARY)
BREAKER = label(semconv.BREAKER_NAME)
BREAKER_TO = label(semconv.BREAKER_TO)
SIGNAL = label(semconv.SIGNAL)

_THRESHOLDS = {threshold.name: threshold.record for threshold in THRESHOLDS}


def record(threshold: str) -> str:
    """The series that holds a threshold, as ``llmotel.alerts`` records it."""
    return _THRESHOLDS[threshold]


def threshold(name: str) -> str:
    """What an alert compares with: a series without labels."""
    return f"max({record(name)})"


def recorded(name: str, *by: str, before: str = "") -> str:
    """What ``llmotel.alerts`` records under ``name``, of the services chosen: of each value of the labels ``by``, the
    highest. ``before`` is how long ago."""
    offset = f" offset {before}" if before else ""
    return f'max by ({", ".join(by)}) ({name}{{{JOB}=~"{VARIABLES[JOB]}"}}{offset})'


def against_alert(record: str, name: str, worst: str = "max") -> str:
    """What an alert compares, as ``llmotel.alerts`` records it, as a share of its threshold ``name``: of the services
    chosen, the worst."""
    return f'{worst}({record}{{{JOB}=~"{VARIABLES[JOB]}"}}) / {threshold(name)}'


def quality(name: str) -> Metric:
    """The histogram of a score that the application gives."""
    return Metric(semconv.QUALITY_PREFIX + name, "1", "histogram")


def own(key: str) -> Metric:
    """A counter in which llmotel tells of itself, by its key in ``OWN_COUNTERS``."""
    name, unit, _ = OWN_COUNTERS[key]
    return Metric(name, unit, "counter", OF_PROCESSES)


@dataclass(frozen=True, slots=True)
class Names:
    """What differs between the generations. ``None`` or none: that one does not have it."""

    calls: Metric
    others: tuple[Metric, ...]
    everything: tuple[Metric, ...]
    first_chunk: Metric
    per_chunk: Metric
    input_tokens: Metric
    output_tokens: Metric
    cache_read: Metric | None
    cache_write: Metric | None
    reasoning: Metric | None
    input_per_call: Metric
    output_per_call: Metric


def names(generation: Generation) -> Names:
    """The metrics of ``LLMOTEL_SEMCONV=latest`` or ``legacy``.

    ``calls`` are those that generate an answer, ``others`` embeddings and the like; ``everything`` is both, as the
    alerts count them, and is to be put together with :func:`llmotel.dashboards.promql.either`, since what ``dup``
    records stands in it twice.
    """
    return _LATEST if generation == "latest" else _LEGACY


def _seconds(name: str) -> Metric:
    return Metric(name, "s", "histogram")


def _counter(name: str) -> Metric:
    return Metric(name, "{token}", "counter")


def _tokens(name: str, kind: str = "") -> Metric:
    only = (f'{label(semconv.TOKEN_TYPE)}="{kind}"',) if kind else ()
    return Metric(name, "{token}", "histogram", matchers=only, part="_sum")


_OPERATION = _seconds(semconv.OPERATION_DURATION)
_INFERENCE = "|".join(sorted(semconv.INFERENCE_OPERATIONS))

_LATEST = Names(
    calls=_seconds(semconv.INFERENCE_DURATION),
    others=(_seconds(semconv.EMBEDDINGS_DURATION), _OPERATION.where(f'{OPERATION}!~"{_INFERENCE}|embeddings"')),
    everything=(_seconds(semconv.INFERENCE_DURATION), _seconds(semconv.EMBEDDINGS_DURATION), _OPERATION),
    first_chunk=_seconds(semconv.INFERENCE_FIRST_CHUNK),
    per_chunk=_seconds(semconv.INFERENCE_PER_CHUNK),
    input_tokens=_counter(semconv.USAGE_INPUT),
    output_tokens=_counter(semconv.USAGE_OUTPUT),
    cache_read=_counter(semconv.USAGE_CACHE_READ),
    cache_write=_counter(semconv.USAGE_CACHE_WRITE),
    reasoning=_counter(semconv.USAGE_REASONING),
    input_per_call=_tokens(semconv.OPERATION_INPUT),
    output_per_call=_tokens(semconv.OPERATION_OUTPUT),
)
_LEGACY = Names(
    calls=_OPERATION.where(f'{OPERATION}=~"{_INFERENCE}"'),
    others=(_OPERATION.where(f'{OPERATION}!~"{_INFERENCE}"'),),
    everything=(_OPERATION,),
    first_chunk=_seconds(semconv.LEGACY_FIRST_CHUNK),
    per_chunk=_seconds(semconv.LEGACY_PER_CHUNK),
    input_tokens=_tokens(semconv.LEGACY_TOKEN_USAGE, "input"),
    output_tokens=_tokens(semconv.LEGACY_TOKEN_USAGE, "output"),
    cache_read=None,
    cache_write=None,
    reasoning=None,
    input_per_call=_tokens(semconv.LEGACY_TOKEN_USAGE, "input"),
    output_per_call=_tokens(semconv.LEGACY_TOKEN_USAGE, "output"),
)
