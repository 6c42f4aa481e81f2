"""The metric instruments of one instrumentation scope, and what a finished call adds to them.

Recorded for every call, sampled or not, failed or not, off the calling thread (:mod:`llmotel.engine.backlog`).

Histograms take one ``record()`` a call. Counters would take ten ``add()`` of 600 bytecodes each; instead each set of
attributes has a :class:`Series` of plain sums, and what a round of the backlog has summed is added at its end.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

from opentelemetry.metrics import Counter, Histogram, Meter

from llmotel import semconv
from llmotel.model.call_record import CallRecord
from llmotel.model.inference import AttributeValue, Inference, Usage
from llmotel.signals.observables import Values, observe

Attributes: TypeAlias = dict[str, AttributeValue]

_UNKNOWN = "unknown"
_NO_MODALITY: tuple[tuple[str, str], ...] = ()

# Counter of the newest conventions -> slot of Usage -> its parts by modality.
_COUNTERS = (
    (semconv.USAGE_INPUT, "input_tokens", (("audio", "input_audio"), ("image", "input_image"), ("text", "input_text"))),
    (
        semconv.USAGE_OUTPUT,
        "output_tokens",
        (("audio", "output_audio"), ("image", "output_image"), ("text", "output_text")),
    ),
    (semconv.USAGE_CACHE_READ, "cache_read", (("audio", "cache_read_audio"),)),
    (semconv.USAGE_CACHE_WRITE, "cache_write", _NO_MODALITY),
    (semconv.USAGE_REASONING, "reasoning", _NO_MODALITY),
)
_TOTALS = ("input_tokens", "output_tokens")

OWN_COUNTERS = {
    "errors": ("llmotel.internal.errors", "{error}", "Errors inside llmotel, contained and not passed on"),
    "dropped": ("llmotel.internal.dropped", "{record}", "Records that were not recorded because too many waited"),
    "truncated_bytes": ("llmotel.content.truncated", "By", "Bytes of captured content cut off at the size limit"),
    "redactions": ("llmotel.content.redactions", "{redaction}", "Secrets and personal data taken out of content"),
    "unpriced": ("llmotel.cost.unpriced", "{call}", "Calls with usage whose model has no known price"),
    "streams_without_usage": (
        "llmotel.streams.without_usage",
        "{call}",
        "Completed streams for which the provider sent no usage",
    ),
    "tag_overflow": ("llmotel.tags.overflow", "{value}", "Metric tag values beyond the limit, recorded as other"),
    "rejected": ("llmotel.records.rejected", "{record}", "Values that the application gave and that were left out"),
    "runs_evicted": ("llmotel.runs.evicted", "{run}", "Runs of frameworks that were ended because too many were open"),
    "uploads_dropped": ("llmotel.upload.dropped", "{upload}", "Content uploads dropped because the queue was full"),
    "uploads_failed": ("llmotel.upload.failed", "{upload}", "Content uploads that the store did not take"),
}
"""Own counter -> (metric name, unit, description). The values live in ``Engine.counts`` and are observed."""


class Series:
    """The calls that have one set of attributes: the set, and their sums since they were last added to the counters.
    ``tokens`` is by (slot, modality)."""

    __slots__ = ("attributes", "cost", "failed", "priced", "retries", "tokens")

    def __init__(self, attributes: Attributes) -> None:
        self.attributes = attributes
        self.tokens: dict[tuple[str, str], int] = {}
        self.cost = 0.0
        self.priced = False
        self.retries = 0
        self.failed: dict[tuple[str, str], Attributes] = {}  # attributes of those that failed, by how


class Metrics:
    """The instruments of one scope, each made when it is first needed. ``latest`` and ``legacy`` say which naming
    generation of the conventions is recorded; both may be. ``owner`` is the engine, ``provider`` its MeterProvider, or
    ``None`` for the global one.

    To be used by the backlog's jobs only.
    """

    def __init__(
        self, owner: object, provider: object, meter: Meter, scope: str, *, latest: bool, legacy: bool
    ) -> None:
        self._owner, self._provider, self._meter, self._scope = owner, provider, meter, scope
        self._latest, self._legacy = latest, legacy
        self._series: dict[tuple[Any, ...], Series] = {}
        self._summed: set[Series] = set()  # those with something to add to the counters
        self._made: dict[str, Any] = {}
        self._observed: set[str] = set()

    # Instruments, each made when it is first needed.

    def _seconds(self, name: str, description: str) -> Histogram:
        return self._made.get(name) or self.histogram(name, "s", description, semconv.DURATION_EDGES)

    def _tokens(self, name: str, description: str) -> Histogram:
        return self._made.get(name) or self.histogram(name, "{token}", description, semconv.TOKEN_EDGES)

    def histogram(self, name: str, unit: str, description: str, edges: Sequence[float]) -> Histogram:
        """The histogram ``name``."""
        made: Histogram | None = self._made.get(name)
        if made is None:
            made = self._made[name] = self._meter.create_histogram(
                name, unit, description, explicit_bucket_boundaries_advisory=edges
            )
        return made

    def counter(self, name: str, unit: str, description: str) -> Counter:
        """The counter ``name``."""
        made: Counter | None = self._made.get(name)
        if made is None:
            made = self._made[name] = self._meter.create_counter(name, unit, description)
        return made

    def observe(self, name: str, unit: str, description: str, values: Values, *, adds: bool = False) -> None:
        """Reports ``values`` whenever metrics are collected: as a gauge, or as a counter if they add up (``adds``)."""
        if name not in self._observed:
            self._observed.add(name)
            observe(self._owner, self._provider, self._meter, self._scope, name, unit, description, values, adds=adds)

    # Calls.

    def record(self, record: CallRecord, tags: Mapping[str, AttributeValue], error_type: str = "") -> None:
        """Records one finished call. ``tags`` are the caller's attributes that belong on metrics, ``error_type`` how it
        failed, in few values."""
        inference, context = record.inference, record.context
        series = self._series_of(record.library, inference, tags)
        self._summed.add(series)
        base = timed = series.attributes
        failure = record.failure
        if failure is not None:
            key = error_type or failure.error_type, failure.outcome
            timed = series.failed.get(key) or series.failed.setdefault(
                key, {**base, semconv.ERROR_TYPE: key[0], semconv.OUTCOME: key[1]}
            )
        operation, usage, duration = inference.operation, inference.usage, record.duration
        if operation in semconv.INFERENCE_OPERATIONS:
            if self._latest:
                self._seconds(semconv.INFERENCE_DURATION, "Duration of a model call, streaming included").record(
                    duration, timed, context
                )
                self._count_tokens(series, usage)
                self._tokens(semconv.OPERATION_INPUT, "Input tokens of one call").record(
                    (usage.input_tokens or 0) if usage is not None else 0, timed, context
                )
                self._tokens(semconv.OPERATION_OUTPUT, "Output tokens of one call").record(
                    (usage.output_tokens or 0) if usage is not None else 0, timed, context
                )
            if self._legacy:
                self._record_duration(duration, timed, context)
            if inference.stream:
                self._record_stream(record, base)
        elif operation == "embeddings" and self._latest:
            self._seconds(semconv.EMBEDDINGS_DURATION, "Duration of an embeddings call").record(
                duration, timed, context
            )
            if usage is not None:
                self._tokens(semconv.EMBEDDINGS_INPUT, "Input tokens of one embeddings call").record(
                    usage.input_tokens or 0, timed, context
                )
            if self._legacy:
                self._record_duration(duration, timed, context)
        else:
            self._record_duration(duration, timed, context)
        if self._legacy and usage is not None:
            tokens = self._tokens(semconv.LEGACY_TOKEN_USAGE, "Tokens of one call, by gen_ai.token.type")
            for kind, number in (("input", usage.input_tokens), ("output", usage.output_tokens)):
                if number is not None:
                    tokens.record(number, {**base, semconv.TOKEN_TYPE: kind}, context)
        if record.retries:
            series.retries += record.retries
        cost = inference.cost
        if cost is not None:
            series.cost += cost.total
            series.priced = True
            self.histogram(semconv.COST_HISTOGRAM, "{USD}", "What one call cost", semconv.COST_EDGES).record(
                cost.total, base, context
            )
        if inference.grounding is not None and inference.grounding.score is not None:
            self._score(semconv.GROUNDING_SCORE).record(
                inference.grounding.score, {**base, semconv.GROUNDING_METHOD: inference.grounding.method}, context
            )
        self.histogram(
            semconv.OVERHEAD, "s", "Time that llmotel took of a call, on the calling thread", semconv.OVERHEAD_EDGES
        ).record(record.overhead, {semconv.OPERATION: operation, semconv.PROVIDER: inference.provider})

    def _record_duration(self, duration: float, timed: Attributes, context: Any) -> None:
        self._seconds(semconv.OPERATION_DURATION, "Duration of a GenAI operation").record(duration, timed, context)

    def _series_of(self, library: str, inference: Inference, tags: Mapping[str, AttributeValue]) -> Series:
        tier = inference.attributes.get(semconv.OPENAI_RESPONSE_TIER)
        key = (
            inference.operation,
            inference.provider,
            inference.request_model,
            inference.response_model,
            inference.server_address,
            inference.server_port,
            tier,
            tuple(tags.items()) if tags else None,
        )
        series = self._series.get(key)
        if series is None:
            series = self._series[key] = Series({**dimensions(library, inference), **tags})
        return series

    def _count_tokens(self, series: Series, usage: Usage | None) -> None:
        # Both totals for every inference, 0 where no usage came; subsets where the provider gave them.
        tokens = series.tokens
        if usage is None:
            for slot in _TOTALS:
                tokens.setdefault((slot, _UNKNOWN), 0)
        elif usage.detailed:
            for _, slot, parts in _COUNTERS:
                _count_parts(tokens, usage, slot, parts)
        else:
            for slot in _SLOTS:
                number = getattr(usage, slot)
                if number is not None:
                    key = _KEYS[slot]
                    tokens[key] = tokens.get(key, 0) + number
                elif slot in _TOTALS:
                    tokens.setdefault(_KEYS[slot], 0)

    def add_sums(self) -> None:
        """Adds what was summed to the counters."""
        summed, self._summed = self._summed, set()
        for series in summed:
            attributes = series.attributes
            for (slot, modality), number in series.tokens.items():
                name = _NAMES[slot]
                what = f"Tokens: {name.rpartition('usage.')[2]}"
                self.counter(name, "{token}", what).add(number, {**attributes, semconv.TOKEN_MODALITY: modality})
            if series.priced:
                self.counter(semconv.COST_COUNTER, "{USD}", "What calls cost").add(series.cost, attributes)
            if series.retries:
                what = "Requests that the library sent again"
                self.counter(semconv.RETRIES_COUNTER, "{retry}", what).add(series.retries, attributes)
            series.tokens, series.cost, series.priced, series.retries = {}, 0.0, False, 0

    def _record_stream(self, record: CallRecord, base: Attributes) -> None:
        if record.first_chunk is None or record.timing is None:
            return
        per_chunk = []
        if self._latest:
            self._seconds(semconv.INFERENCE_FIRST_CHUNK, "Time until the first chunk of a stream").record(
                record.first_chunk, base, record.context
            )
            per_chunk.append(self._seconds(semconv.INFERENCE_PER_CHUNK, "Time between two chunks of a stream"))
        if self._legacy:
            self._seconds(semconv.LEGACY_FIRST_CHUNK, "Time until the first chunk of a stream").record(
                record.first_chunk, base, record.context
            )
            per_chunk.append(self._seconds(semconv.LEGACY_PER_CHUNK, "Time between two chunks of a stream"))
        for wait in record.timing.inter_chunk_seconds():
            for histogram in per_chunk:
                histogram.record(wait, base, record.context)

    # Scores.

    def _score(self, name: str) -> Histogram:
        return self.histogram(name, "1", "Quality of answers, 0 to 1", semconv.SCORE_EDGES)

    def record_quality(self, name: str, value: float, attributes: Mapping[str, AttributeValue], context: Any) -> None:
        """Records a quality score under ``llmotel.grounding.score`` or ``llmotel.quality.<name>``."""
        metric = semconv.GROUNDING_SCORE if name == "grounding" else semconv.QUALITY_PREFIX + name
        self._score(metric).record(value, attributes, context)

    def reset_after_fork(self) -> None:
        """The sums so far are the parent's to report."""
        self._series.clear()
        self._summed.clear()


_SLOTS = tuple(slot for _, slot, _ in _COUNTERS)
_NAMES = {slot: name for name, slot, _ in _COUNTERS}
_KEYS = {slot: (slot, _UNKNOWN) for slot in _SLOTS}


def _count_parts(
    tokens: dict[tuple[str, str], int], usage: Usage, slot: str, parts: tuple[tuple[str, str], ...]
) -> None:
    number = getattr(usage, slot)
    if number is None:
        if slot in _TOTALS:
            tokens.setdefault((slot, _UNKNOWN), 0)
        return
    rest = number
    for modality, part in parts:
        share = min(getattr(usage, part) or 0, rest)
        if share:
            tokens[slot, modality] = tokens.get((slot, modality), 0) + share
            rest -= share
    if rest or not number:
        tokens[slot, _UNKNOWN] = tokens.get((slot, _UNKNOWN), 0) + rest


def dimensions(library: str, inference: Inference) -> Attributes:
    """The attributes that every point of a call carries."""
    known = {
        semconv.OPERATION: inference.operation,
        semconv.PROVIDER: inference.provider,
        semconv.REQUEST_MODEL: inference.request_model,
        semconv.RESPONSE_MODEL: inference.response_model,
        semconv.SERVER_ADDRESS: inference.server_address,
        semconv.SERVER_PORT: inference.server_port,
        semconv.OPENAI_RESPONSE_TIER: inference.attributes.get(semconv.OPENAI_RESPONSE_TIER),
        semconv.LIBRARY: library,
    }
    return {name: value for name, value in known.items() if value is not None}


__all__ = ["OWN_COUNTERS", "Metrics", "Series", "dimensions"]
