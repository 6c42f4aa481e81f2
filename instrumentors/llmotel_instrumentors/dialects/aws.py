"""What Bedrock's operations have in common: model ids, the envelope of an answer, token counts, guardrails.

Source: docs.aws.amazon.com/bedrock/latest/APIReference/API_Operations_Amazon_Bedrock_Runtime.html and
.../userguide/inference-invoke.html (headers and ``amazon-bedrock-invocationMetrics``).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from llmotel import semconv
from llmotel.model.inference import Grounding, Inference, Usage
from llmotel.spec import Endpoint
from llmotel.spec.reading import count, get, items, number, path, text

_POLICIES = {  # member of an assessment -> name
    "topicPolicy": "topic",
    "contentPolicy": "content",
    "wordPolicy": "word",
    "sensitiveInformationPolicy": "sensitive_information",
    "contextualGroundingPolicy": "contextual_grounding",
    "automatedReasoningPolicy": "automated_reasoning",
}
_HEADER = "x-amzn-bedrock-{}-token-count"
_LATENCY = "x-amzn-bedrock-invocation-latency"  # milliseconds
_METRICS = "amazon-bedrock-invocationMetrics"
_DAY = 86_400_000  # milliseconds
_MOST_UNITS = 1 << 40


def read_model(inference: Inference, body: Any) -> None:
    """``modelId``: a model, an inference profile, or the ARN of either, of a router, of a prompt."""
    inference.request_model = text(get(body, "modelId")) or inference.request_model


def read_tier(inference: Inference, tier: Any) -> None:
    """The service tier that answered."""
    said = text(tier)
    if said is not None:
        inference.service_tier = inference.attributes[semconv.SERVICE_TIER] = said


def read_envelope(inference: Inference, result: Any) -> None:
    """``ResponseMetadata``: retries, the request's id, and the token counts that InvokeModel has in its headers."""
    envelope = get(result, "ResponseMetadata")
    if envelope is None:
        return
    retries = count(get(envelope, "RetryAttempts"))
    if retries is not None:
        inference.retries = retries
    request_id = text(get(envelope, "RequestId"))
    if request_id is not None:
        inference.attributes[semconv.AWS_REQUEST_ID] = request_id
    headers = get(envelope, "HTTPHeaders")
    if headers is not None:
        names = ("input", "output", "cache-read-input", "cache-write-input")
        sent, received, read, written = (_digits(get(headers, _HEADER.format(name))) for name in names)
        _set_usage(inference, sent, received, read, written)
        read_latency(inference, _digits(get(headers, _LATENCY)))


def _digits(value: Any) -> int | None:
    said = text(value)
    return count(int(said)) if said is not None and said.isascii() and said.isdigit() and len(said) < 16 else None


def read_latency(inference: Inference, given: Any) -> None:
    """How long the model took, in milliseconds."""
    latency = count(given)
    if latency is not None and latency < _DAY:
        inference.attributes[semconv.SERVER_DURATION] = latency / 1000


def read_metrics(inference: Inference, chunk: Any, *, counts: bool = True) -> None:
    """``amazon-bedrock-invocationMetrics``: time and token counts in the last chunk of InvokeModel's stream. ``counts``
    says whether the latter count."""
    metrics = get(chunk, _METRICS)
    if metrics is not None:
        names = ("inputTokenCount", "outputTokenCount", "cacheReadInputTokenCount", "cacheWriteInputTokenCount")
        sent, received, read, written = (count(get(metrics, name)) for name in names)
        if counts:
            _set_usage(inference, sent, received, read, written)
        read_latency(inference, get(metrics, "invocationLatency"))
        inference.complete = True


def _set_usage(
    inference: Inference, sent: int | None, received: int | None, read: int | None, written: int | None
) -> None:
    """Input tokens, output tokens, and what the cache read and wrote, which is counted apart."""
    if sent is not None or received is not None:
        total = None if sent is None else sent + (read or 0) + (written or 0)
        inference.usage = Usage(total, received, read, written)


def raise_usage(inference: Inference, sent: int | None, received: int | None) -> None:
    """Input and output tokens that come in several chunks: what was seen is never lowered."""
    if sent is None and received is None:
        return
    usage = inference.usage
    if usage is None:
        usage = inference.usage = Usage()
    if sent is not None:
        usage.input_tokens = max(sent, usage.input_tokens or 0)
    if received is not None:
        usage.output_tokens = max(received, usage.output_tokens or 0)


# Guardrails.


def read_guardrail_trace(inference: Inference, trace: Any) -> None:
    """What a guardrail found in the prompt and in the answer: ``trace.guardrail`` of an answer."""
    if trace is None:
        return
    found: list[Any] = []
    for name in ("inputAssessment", "input"):
        found.extend(_values(get(trace, name)))
    for name in ("outputAssessments", "outputs"):
        given = get(trace, name)
        for assessed in (given, *items(given)):
            for value in _values(assessed):
                found.extend(items(value) or (value,))
    read_assessments(inference, found)


def _values(value: Any) -> list[Any]:
    return list(value.values()) if isinstance(value, Mapping) else []


def read_assessments(inference: Inference, assessments: Any) -> None:
    """Which policies acted, and the score of contextual grounding, which is the provider's own word on the answer."""
    acted: dict[str, None] = {}
    for assessment in assessments:
        if not isinstance(assessment, Mapping):
            continue
        for policy, value in assessment.items():
            name = _POLICIES.get(policy) if isinstance(policy, str) else None
            if name is not None and any(_acts(finding) for listed in _values(value) for finding in items(listed)):
                acted[name] = None
        for judged in items(path(assessment, "contextualGroundingPolicy", "filters")):
            score = number(get(judged, "score"))
            if get(judged, "type") == "GROUNDING" and score is not None and 0 <= score <= 1:
                inference.grounding = Grounding(score, "provider_score")
    inference.attributes[semconv.GUARDRAIL_ACTION] = "intervened" if acted else "none"
    if acted:
        inference.attributes[semconv.GUARDRAIL_POLICIES] = tuple(sorted(acted))


def _acts(finding: Any) -> bool:
    return get(finding, "action") in ("BLOCKED", "ANONYMIZED")


def read_action(inference: Inference, action: Any) -> None:
    """What a guardrail did, in its own word: ``INTERVENED``, ``GUARDRAIL_INTERVENED`` or ``NONE``."""
    said = text(action)
    if said is not None:
        inference.attributes[semconv.GUARDRAIL_ACTION] = "intervened" if said.endswith("INTERVENED") else "none"


# ApplyGuardrail.


def read_guardrail_request(inference: Inference, body: Any) -> None:
    """The guardrail, by id or ARN."""
    guardrail = text(get(body, "guardrailIdentifier"))
    if guardrail is not None:
        inference.attributes[semconv.GUARDRAIL_ID] = guardrail


def read_guardrail_response(inference: Inference, response: Any) -> None:
    """What the guardrail did, which policies acted, and the units that are billed."""
    read_envelope(inference, response)
    read_assessments(inference, items(get(response, "assessments")))
    read_action(inference, get(response, "action"))
    used = get(response, "usage")
    amounts = {name: count(get(used, name)) or 0 for name in _units(used)}
    units = {name: float(amount) for name, amount in amounts.items() if 0 < amount < _MOST_UNITS}
    if units:
        inference.usage = Usage(units=units, detailed=True)


def _units(used: Any) -> tuple[str, ...]:
    return tuple(str(name) for name in used if str(name).endswith("Units")) if isinstance(used, Mapping) else ()


def read_guarded(inference: Inference, body: Any) -> None:
    """The text that is checked."""
    said = [text(path(block, "text", "text")) for block in items(get(body, "content"))]
    role = "assistant" if get(body, "source") == "OUTPUT" else "user"
    parts = [{"type": "text", "content": one} for one in said if one is not None]
    inference.input = [{"role": role, "parts": parts}]


def read_guard_output(inference: Inference, response: Any) -> None:
    """What stands in the place of the text."""
    said = [text(get(one, "text")) for one in items(get(response, "outputs"))]
    parts = [{"type": "text", "content": one} for one in said if one is not None]
    if parts:
        inference.output = [{"role": "assistant", "parts": parts}]


GUARDRAIL = Endpoint(
    "guardrail",
    read_guardrail_request,
    read_guardrail_response,
    read_input=read_guarded,
    read_output=read_guard_output,
)
