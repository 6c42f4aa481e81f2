"""Token counts of generateContent.

``promptTokenCount`` includes what the cache read; ``candidatesTokenCount`` excludes the thoughts; what Google's own
tools sent to the model (``toolUsePromptTokenCount``) is in neither, and is input.
"""

from __future__ import annotations

from typing import Any

from llmotel import semconv
from llmotel.model.inference import Inference, Usage
from llmotel.spec.reading import count, fields, get, items, text

_TIERS = {"ON_DEMAND": "standard", "ON_DEMAND_FLEX": "flex", "ON_DEMAND_PRIORITY": "priority"}
_INPUT = ("promptTokensDetails", "toolUsePromptTokensDetails")


def merge(counts: dict[str, Any], given: Any) -> None:
    """Takes the counts of a chunk into those so far. Each is a total, of which the newest holds; that a chunk leaves
    one out, or says 0, takes nothing back."""
    for name, value in fields(given).items():
        if value or name not in counts:
            counts[name] = value


def read_usage(inference: Inference, given: Any) -> None:
    """The token counts and service tier of a whole answer."""
    if given is not None:
        inference.usage = usage_of(given)
        read_tier(inference, given)


def read_tier(inference: Inference, given: Any) -> None:
    """The service tier, which the two APIs tell under names of their own."""
    tier = text(get(given, "serviceTier"))
    if tier is None:
        traffic = text(get(given, "trafficType"))
        tier = None if traffic is None else _TIERS.get(traffic) or traffic.lower()
    if tier is not None:
        inference.service_tier = inference.attributes[semconv.SERVICE_TIER] = tier


def usage_of(given: Any) -> Usage | None:
    """The counts of a ``usageMetadata``; ``None`` where it says nothing of tokens."""
    prompt, searched = count(get(given, "promptTokenCount")), count(get(given, "toolUsePromptTokenCount"))
    answered, thought = count(get(given, "candidatesTokenCount")), count(get(given, "thoughtsTokenCount"))
    usage = Usage(_total(prompt, searched), _total(answered, thought))
    if usage.input_tokens is None and usage.output_tokens is None:
        return None
    usage.reasoning = thought
    usage.cache_read = count(get(given, "cachedContentTokenCount"))
    sent = _modalities(*(get(given, name) for name in _INPUT))
    made = _modalities(get(given, "candidatesTokensDetails"))
    usage.input_text, usage.input_image, usage.input_audio = sent.get("TEXT"), sent.get("IMAGE"), sent.get("AUDIO")
    usage.output_text, usage.output_image, usage.output_audio = made.get("TEXT"), made.get("IMAGE"), made.get("AUDIO")
    if usage.input_audio and usage.cache_read:
        read = get(given, "cacheTokensDetails")
        if items(read):  # where it says what was cached, what it does not name was not
            usage.cache_read_audio = _modalities(read).get("AUDIO", 0)
    usage.detailed = bool(sent or made)
    return usage


def _total(one: int | None, other: int | None) -> int | None:
    if one is None or other is None:
        return other if one is None else one
    return count(one + other)


def _modalities(*details: Any) -> dict[str, int]:
    """Tokens by modality."""
    found: dict[str, int] = {}
    for detail in details:
        for entry in items(detail):
            modality, tokens = text(get(entry, "modality")), count(get(entry, "tokenCount"))
            if modality is not None and tokens is not None:
                total = _total(found.get(modality), tokens)
                if total is not None:
                    found[modality] = total
    return found
