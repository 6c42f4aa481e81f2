"""From the neutral record to span attributes. Pure: a record in, a dict out, in the order in which they matter.

A backend or the SDK may cut attributes off at a limit (128 by default); what identifies the call comes first.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import islice
from typing import Any

from llmotel import semconv
from llmotel.model.call_record import CallRecord
from llmotel.model.inference import AttributeValue, Grounding, Inference, Usage

# Rare: worth reading only when the provider gave any split at all.
_DETAILS = (
    ("cache_write_1h", semconv.CACHE_WRITE_1H_TOKENS),
    ("input_audio", semconv.AUDIO_INPUT_TOKENS),
    ("output_audio", semconv.AUDIO_OUTPUT_TOKENS),
    ("cache_read_audio", semconv.AUDIO_CACHE_READ_TOKENS),
    ("input_image", semconv.IMAGE_INPUT_TOKENS),
    ("output_image", semconv.IMAGE_OUTPUT_TOKENS),
    ("input_text", semconv.TEXT_INPUT_TOKENS),
    ("output_text", semconv.TEXT_OUTPUT_TOKENS),
    ("web_searches", semconv.WEB_SEARCHES),
    ("audio_seconds", semconv.AUDIO_SECONDS),
)

_ERROR = "error"
_FAILURE = (semconv.ERROR_TYPE, semconv.OUTCOME, semconv.HTTP_STATUS)
MAX_VALUE_BYTES = 4096  # of one string that is not content: ids, model names, error descriptions
_MAX_CHARS = MAX_VALUE_BYTES // 4  # characters
_MOST = 128  # strings in one attribute


def identity(inference: Inference, tags: Mapping[str, AttributeValue]) -> dict[str, AttributeValue]:
    """What is known before the call: the attributes a span starts with, for samplers to see."""
    attributes: dict[str, AttributeValue] = {
        semconv.OPERATION: inference.operation,
        semconv.PROVIDER: inference.provider,
    }
    if inference.request_model is not None:
        attributes[semconv.REQUEST_MODEL] = inference.request_model
    if inference.server_address is not None:
        attributes[semconv.SERVER_ADDRESS] = inference.server_address
        if inference.server_port is not None:
            attributes[semconv.SERVER_PORT] = inference.server_port
    if inference.stream:
        attributes[semconv.REQUEST_STREAM] = True
    if tags:
        attributes.update(tags)
    return attributes


def describe(record: CallRecord, *, legacy: bool) -> dict[str, AttributeValue]:
    """What the span says of a finished call besides identity and content; worked out once."""
    if record.attributes is not None:
        return record.attributes
    inference, failure, tags = record.inference, record.failure, record.tags
    described = record.attributes = response(inference, legacy=legacy)
    if tags:  # what the application itself says of its prompt or conversation stands
        for name in tags.keys() & described.keys():
            del described[name]
    if record.retries:
        described[semconv.RETRIES] = record.retries
    if inference.stream:
        if record.first_chunk is not None:
            described[semconv.TIME_TO_FIRST_CHUNK] = record.first_chunk
        if record.stream_outcome is not None:
            described[semconv.STREAM_OUTCOME] = record.stream_outcome
        if record.timing is not None:
            described[semconv.STREAM_CHUNKS] = record.timing.chunks
        if not inference.complete and inference.usage is not None:
            described[semconv.USAGE_PARTIAL] = True
    if failure is not None:
        described[semconv.ERROR_TYPE] = failure.error_type
        described[semconv.OUTCOME] = failure.outcome
        if failure.status_code is not None:
            described[semconv.HTTP_STATUS] = failure.status_code
        if not inference.finish_reasons and inference.stream:
            described[semconv.FINISH_REASONS] = [_ERROR]
    return described


def response(inference: Inference, *, legacy: bool) -> dict[str, AttributeValue]:
    """What the request asked for and what came back: everything but identity, timing, outcome and content."""
    attributes: dict[str, AttributeValue] = {}
    if inference.response_id is not None:
        attributes[semconv.RESPONSE_ID] = inference.response_id
    if inference.response_model is not None:
        attributes[semconv.RESPONSE_MODEL] = inference.response_model
    if inference.finish_reasons:
        attributes[semconv.FINISH_REASONS] = inference.finish_reasons
    usage = inference.usage
    if usage is not None:
        _usage(usage, attributes, legacy=legacy)
    if inference.additional:
        _additional(inference.additional, attributes)
    cost = inference.cost
    if cost is not None:
        attributes[semconv.COST_AMOUNT] = cost.total
        attributes[semconv.COST_CURRENCY] = cost.currency
        attributes[semconv.COST_SOURCE] = cost.source
        if cost.input is not None:
            attributes[semconv.COST_INPUT] = cost.input
        if cost.output is not None:
            attributes[semconv.COST_OUTPUT] = cost.output
            tokens = (cost.input or 0.0) + cost.output
            rest = cost.total - tokens
            if rest > 1e-9:
                attributes[semconv.COST_TOKENS] = tokens
                if cost.additional is not None:
                    attributes[semconv.COST_ADDITIONAL] = cost.additional
                    rest -= cost.additional
                if rest > 1e-9:  # web searches, and whatever else is billed by the request
                    attributes[semconv.COST_REQUESTS] = rest
        if cost.local is not None:
            attributes[semconv.COST_LOCAL] = cost.local
        if cost.uncached is not None:
            attributes[semconv.COST_UNCACHED] = cost.uncached
        if cost.standard is not None:
            attributes[semconv.COST_STANDARD] = cost.standard
        if cost.table is not None:
            attributes[semconv.COST_TABLE] = cost.table
    attributes[semconv.USAGE_SOURCE] = inference.usage_source
    if inference.grounding is not None:
        attributes.update(grounding(inference.grounding))
    if inference.attributes:
        attributes.update(inference.attributes)
    return attributes


def _usage(usage: Usage, attributes: dict[str, AttributeValue], *, legacy: bool) -> None:
    if usage.input_tokens is not None:
        attributes[semconv.INPUT_TOKENS] = usage.input_tokens
    if usage.output_tokens is not None:
        attributes[semconv.OUTPUT_TOKENS] = usage.output_tokens
    if usage.cache_read is not None:
        attributes[semconv.CACHE_READ_TOKENS] = usage.cache_read
    if usage.cache_write is not None:
        attributes[semconv.CACHE_WRITE_TOKENS] = usage.cache_write
        if legacy:
            attributes[semconv.LEGACY_CACHE_WRITE_TOKENS] = usage.cache_write
    if usage.reasoning is not None:
        attributes[semconv.REASONING_TOKENS] = usage.reasoning
    if usage.detailed:
        for slot, name in _DETAILS:
            value = getattr(usage, slot)
            if value:
                attributes[name] = value
        for unit, number in (usage.units or {}).items():
            attributes[semconv.UNITS + unit] = number


def _additional(additional: Sequence[tuple[str | None, Usage]], attributes: dict[str, AttributeValue]) -> None:
    attributes[semconv.ADDITIONAL_INPUT_TOKENS] = sum(usage.input_tokens or 0 for _, usage in additional)
    attributes[semconv.ADDITIONAL_OUTPUT_TOKENS] = sum(usage.output_tokens or 0 for _, usage in additional)


def grounding(found: Grounding) -> dict[str, AttributeValue]:
    """The grounding attributes; an answer that could not be judged has counts and no score."""
    attributes: dict[str, AttributeValue] = {
        semconv.GROUNDING_METHOD: found.method,
        semconv.GROUNDING_CITATIONS: found.citation_count,
        semconv.GROUNDING_SOURCES: found.source_count,
    }
    if found.score is not None:
        attributes[semconv.GROUNDING_SCORE] = found.score
    return attributes


def truncate_attributes(described: Mapping[str, AttributeValue], room: int) -> dict[str, AttributeValue]:
    """The first ``room`` of ``described``, how a call failed before all. OpenTelemetry's SDK itself would make room by
    dropping what was set first: whose call it was."""
    first = {name: described[name] for name in _FAILURE if name in described}
    return dict(islice({**first, **described}.items(), max(room, 0)))


def truncate(value: str) -> str:
    """``value`` as an attribute that is not content may hold it: cut, so that no limit downstream drops its peers, and
    without lone surrogates, one of which would cost a whole export."""
    value = value[:_MAX_CHARS]
    return value if value.isascii() else value.encode("utf-8", "replace").decode()


def sanitize(inference: Inference) -> None:
    """Makes what a provider or caller wrote fit for attributes, in place. Fast path: one check of all values."""
    said = f"{inference.response_model}{inference.response_id}{inference.finish_reasons}{inference.attributes}"
    if len(said) <= _MAX_CHARS and said.isascii() and "\\ud" not in said:  # how repr() writes a lone surrogate
        return
    for name in ("response_model", "response_id"):
        value = getattr(inference, name)
        if value is not None:
            setattr(inference, name, truncate(value))
    for name, item in inference.attributes.items():
        if isinstance(item, str):
            inference.attributes[name] = truncate(item)
        elif isinstance(item, (list, tuple)):
            kept: Any = [truncate(one) if isinstance(one, str) else one for one in item[:_MOST]]
            inference.attributes[name] = kept
    if inference.finish_reasons is not None:
        inference.finish_reasons = [truncate(reason) for reason in inference.finish_reasons[:_MOST]]
