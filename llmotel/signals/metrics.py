"""The metric instruments, and which of them a finished call is recorded on.

Recorded for every call, sampled or not, failed or not, off the calling thread (:mod:`llmotel.engine.backlog`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from opentelemetry.metrics import CallbackOptions, Counter, Histogram, Meter, Observation

from llmotel import semconv
from llmotel.model.inference import AttributeValue, Inference, Usage

if TYPE_CHECKING:
    from llmotel.engine.call import Call

_UNKNOWN = "unknown"

# Counter of the newest conventions -> slot of Usage -> its parts by modality.
_COUNTERS = (
    (semconv.USAGE_INPUT, "input_tokens", (("audio", "input_audio"), ("image", "input_image"), ("text", "input_text"))),
    (
        semconv.USAGE_OUTPUT,
        "output_tokens",
        (("audio", "output_audio"), ("image", "output_image"), ("text", "output_text")),
    ),
    (semconv.USAGE_CACHE_READ, "cache_read", (("audio", "cache_read_audio"),)),
    (semconv.USAGE_CACHE_WRITE, "cache_write", ()),
    (semconv.USAGE_REASONING, "reasoning", ()),
)

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
    "uploads_dropped": ("llmotel.upload.dropped", "{upload}", "Content uploads dropped because the queue was full"),
    "uploads_failed": ("llmotel.upload.failed", "{upload}", "Content uploads that the store did not take"),
}
"""Own counter -> (metric name, unit, description). The values live in ``Engine.counts`` and are observed."""


class Metrics:
    """All instruments, made once. ``latest`` and ``legacy`` say which naming generation of the conventions is recorded;
    both may be."""

    def __init__(self, meter: Meter, *, latest: bool, legacy: bool, observe: Callable[[str], int]) -> None:
        def seconds(name: str, description: str) -> Histogram:
            return meter.create_histogram(
                name, "s", description, explicit_bucket_boundaries_advisory=semconv.DURATION_EDGES
            )

        def tokens(name: str, description: str) -> Histogram:
            return meter.create_histogram(
                name, "{token}", description, explicit_bucket_boundaries_advisory=semconv.TOKEN_EDGES
            )

        self._latest, self._legacy = latest, legacy
        if latest:
            self._inference = seconds(semconv.INFERENCE_DURATION, "Duration of a model call, streaming included")
            self._first_chunk = seconds(semconv.INFERENCE_FIRST_CHUNK, "Time until the first chunk of a stream")
            self._per_chunk = seconds(semconv.INFERENCE_PER_CHUNK, "Time between two chunks of a stream")
            self._counters: Sequence[tuple[Counter, str, tuple[tuple[str, str], ...]]] = [
                (meter.create_counter(name, "{token}", f"Tokens: {name.rpartition('usage.')[2]}"), slot, parts)
                for name, slot, parts in _COUNTERS
            ]
            self._input = tokens(semconv.OPERATION_INPUT, "Input tokens of one call")
            self._output = tokens(semconv.OPERATION_OUTPUT, "Output tokens of one call")
            self._embeddings = seconds(semconv.EMBEDDINGS_DURATION, "Duration of an embeddings call")
            self._embedded = tokens(semconv.EMBEDDINGS_INPUT, "Input tokens of one embeddings call")
        if legacy:
            self._legacy_tokens = tokens(semconv.LEGACY_TOKEN_USAGE, "Tokens of one call, by gen_ai.token.type")
            self._legacy_first_chunk = seconds(semconv.LEGACY_FIRST_CHUNK, "Time until the first chunk of a stream")
            self._legacy_per_chunk = seconds(semconv.LEGACY_PER_CHUNK, "Time between two chunks of a stream")
        self._duration = seconds(semconv.OPERATION_DURATION, "Duration of a GenAI operation")
        self._cost = meter.create_counter(semconv.COST_COUNTER, "{USD}", "What calls cost")
        self._call_cost = meter.create_histogram(
            semconv.COST_HISTOGRAM,
            "{USD}",
            "What one call cost",
            explicit_bucket_boundaries_advisory=semconv.COST_EDGES,
        )
        self._on_demand: dict[str, Any] = {}
        self._meter = meter
        self._grounding = self._score(semconv.GROUNDING_SCORE)
        self._overhead = meter.create_histogram(
            semconv.OVERHEAD,
            "s",
            "Time llmotel itself took of a call, on the calling thread",
            explicit_bucket_boundaries_advisory=semconv.OVERHEAD_EDGES,
        )
        for key, (name, unit, description) in OWN_COUNTERS.items():
            meter.create_observable_counter(name, [_Observed(key, observe)], unit, description)

    def observe(
        self, name: str, unit: str, description: str, values: Callable[[], Iterable[Observation]], *, adds: bool = False
    ) -> None:
        """Reports ``values`` whenever metrics are collected: as a gauge, or as a counter if they add up (``adds``)."""
        create = self._meter.create_observable_counter if adds else self._meter.create_observable_gauge
        create(name, [lambda _: values()], unit, description)

    def record(self, call: Call, tags: Mapping[str, AttributeValue]) -> None:
        """Records one finished call. ``tags`` are the caller's attributes that belong on metrics."""
        inference, failure, context = call.inference, call.failure, call.context
        base = dimensions(inference)
        base.update(tags)
        timed = base
        if failure is not None:
            timed = {**base, semconv.ERROR_TYPE: failure.error_type, semconv.OUTCOME: failure.outcome}
        operation = inference.operation
        if operation in semconv.INFERENCE_OPERATIONS:
            if self._latest:
                self._inference.record(call.duration, timed, context)
                self._tokens(inference.usage, base, timed, context)
            if self._legacy:
                self._duration.record(call.duration, timed, context)
            if inference.stream:
                self._stream(call, base)
        elif operation == "embeddings" and self._latest:
            self._embeddings.record(call.duration, timed, context)
            if inference.usage is not None:
                self._embedded.record(inference.usage.input_tokens or 0, timed, context)
            if self._legacy:
                self._duration.record(call.duration, timed, context)
        else:
            self._duration.record(call.duration, timed, context)
        if self._legacy and inference.usage is not None:
            for kind, number in (("input", inference.usage.input_tokens), ("output", inference.usage.output_tokens)):
                if number is not None:
                    self._legacy_tokens.record(number, {**base, semconv.TOKEN_TYPE: kind}, context)
        if call.retries:
            self.counter(semconv.RETRIES_COUNTER, "{retry}", "Requests that the library sent again").add(
                call.retries, base, context
            )
        cost = inference.cost
        if cost is not None:
            self._cost.add(cost.total, base, context)
            self._call_cost.record(cost.total, base, context)
        if inference.grounding is not None and inference.grounding.score is not None:
            self._grounding.record(
                inference.grounding.score, {**base, semconv.GROUNDING_METHOD: inference.grounding.method}, context
            )
        self._overhead.record(call.overhead, {semconv.OPERATION: operation, semconv.PROVIDER: inference.provider})

    def _tokens(
        self, usage: Usage | None, base: dict[str, AttributeValue], timed: dict[str, AttributeValue], context: object
    ) -> None:
        # Both totals for every inference, 0 where no usage came; subsets where the provider gave them.
        for counter, slot, parts in self._counters:
            number = getattr(usage, slot) if usage is not None else None
            if number is None:
                if slot in ("input_tokens", "output_tokens"):
                    counter.add(0, {**base, semconv.TOKEN_MODALITY: _UNKNOWN}, context)  # type: ignore[arg-type]
                continue
            rest = number
            if usage is not None and usage.detailed:
                for modality, part in parts:
                    share = min(getattr(usage, part) or 0, rest)
                    if share:
                        counter.add(share, {**base, semconv.TOKEN_MODALITY: modality}, context)  # type: ignore[arg-type]
                        rest -= share
            if rest or not number:
                counter.add(rest, {**base, semconv.TOKEN_MODALITY: _UNKNOWN}, context)  # type: ignore[arg-type]
        self._input.record((usage.input_tokens or 0) if usage else 0, timed, context)  # type: ignore[arg-type]
        self._output.record((usage.output_tokens or 0) if usage else 0, timed, context)  # type: ignore[arg-type]

    def _stream(self, call: Call, base: dict[str, AttributeValue]) -> None:
        if call.first_chunk is None or call.timing is None:
            return
        first = [self._first_chunk] if self._latest else []
        per = [self._per_chunk] if self._latest else []
        if self._legacy:
            first.append(self._legacy_first_chunk)
            per.append(self._legacy_per_chunk)
        for histogram in first:
            histogram.record(call.first_chunk, base, call.context)
        for wait in call.timing.inter_chunk_seconds():
            for histogram in per:
                histogram.record(wait, base, call.context)

    def counter(self, name: str, unit: str, description: str) -> Counter:
        """The counter ``name``, made when it is first needed. To be called by the backlog's jobs only."""
        if name not in self._on_demand:
            self._on_demand[name] = self._meter.create_counter(name, unit, description)
        made: Counter = self._on_demand[name]
        return made

    def histogram(self, name: str, unit: str, description: str, edges: Sequence[float]) -> Histogram:
        """The histogram ``name``, made when it is first needed. To be called by the backlog's jobs only."""
        if name not in self._on_demand:
            self._on_demand[name] = self._meter.create_histogram(
                name, unit, description, explicit_bucket_boundaries_advisory=edges
            )
        made: Histogram = self._on_demand[name]
        return made

    def _score(self, name: str) -> Histogram:
        return self.histogram(name, "1", "Quality of answers, 0 to 1", semconv.SCORE_EDGES)

    def record_quality(self, name: str, value: float, dims: Mapping[str, AttributeValue], context: object) -> None:
        """Records a quality score under ``llmotel.grounding.score`` or ``llmotel.quality.<name>``."""
        metric = semconv.GROUNDING_SCORE if name == "grounding" else semconv.QUALITY_PREFIX + name
        self._score(metric).record(value, dims, context)  # type: ignore[arg-type]


def dimensions(inference: Inference) -> dict[str, AttributeValue]:
    """The attributes that every point of a call carries."""
    known = {
        semconv.OPERATION: inference.operation,
        semconv.PROVIDER: inference.provider,
        semconv.REQUEST_MODEL: inference.request_model,
        semconv.RESPONSE_MODEL: inference.response_model,
        semconv.SERVER_ADDRESS: inference.server_address,
        semconv.SERVER_PORT: inference.server_port,
        semconv.OPENAI_RESPONSE_TIER: inference.attributes.get(semconv.OPENAI_RESPONSE_TIER),
    }
    return {name: value for name, value in known.items() if value is not None}


class _Observed:
    """One own counter, as the metrics SDK asks for it."""

    def __init__(self, key: str, observe: Callable[[str], int]) -> None:
        self._key = key
        self._observe = observe

    def __call__(self, _: CallbackOptions) -> Iterable[Observation]:
        return (Observation(self._observe(self._key)),)
