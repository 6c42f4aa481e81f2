"""The answer of generateContent (https://ai.google.dev/api/generate-content#v1beta.GenerateContentResponse)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from llmotel.testing.google_wire import parts
from llmotel.testing.reply import Body
from llmotel.testing.samples import ident

MODEL = "gemini-2.5-flash"
TEXT = "Hello! How can I help you today?"


def usage(
    prompt: int = 12,
    candidates: int | None = 9,
    *,
    cached: int = 0,
    thoughts: int = 0,
    tool_use: int = 0,
    prompt_modalities: Mapping[str, int] | None = None,
    candidates_modalities: Mapping[str, int] | None = None,
    cache_modalities: Mapping[str, int] | None = None,
    traffic_type: str | None = None,
    service_tier: str | None = None,
) -> Body:
    """Token counts. ``cached`` is part of ``prompt``; ``thoughts`` come on top of ``candidates``, ``tool_use`` on top
    of ``prompt``. A count of 0 is left out, as in all of Google's JSON. Vertex tells a ``traffic_type``."""
    counts: Body = {
        "promptTokenCount": prompt,
        "candidatesTokenCount": candidates,
        "totalTokenCount": prompt + (candidates or 0) + thoughts + tool_use,
        "cachedContentTokenCount": cached,
        "promptTokensDetails": _details(prompt_modalities or {"TEXT": prompt}),
        "candidatesTokensDetails": _details(candidates_modalities or {}),
        "cacheTokensDetails": _details(cache_modalities or {}),
        "toolUsePromptTokenCount": tool_use,
        "toolUsePromptTokensDetails": _details({"TEXT": tool_use}),
        "thoughtsTokenCount": thoughts,
        "trafficType": traffic_type,
        "serviceTier": service_tier,
    }
    return {name: value for name, value in counts.items() if value}


def _details(modalities: Mapping[str, int]) -> list[Body]:
    return [{"modality": modality, "tokenCount": count} for modality, count in modalities.items() if count]


def candidate(
    content: str | Sequence[Body] = TEXT,
    *,
    finish_reason: str | None = "STOP",
    index: int = 0,
    extra: Body | None = None,
) -> Body:
    """One answer; ``content`` is a text or the parts. ``extra`` may have ``groundingMetadata`` and the like."""
    said = [parts.text(content)] if isinstance(content, str) else list(content)
    found: Body = {"content": {"parts": said, "role": "model"}} if said else {"content": {}}
    if finish_reason is not None:
        found["finishReason"] = finish_reason
    return {**found, "index": index, **(extra or {})}


def response(
    content: str | Sequence[Body] = TEXT,
    *,
    model: str = MODEL,
    finish_reason: str | None = "STOP",
    candidates: Sequence[Body] | None = None,
    usage: Body | None = None,
    grounding: Body | None = None,
    id: str | None = None,  # noqa: A002
    extra: Body | None = None,
) -> Body:
    """A whole answer, of one candidate unless ``candidates`` are given."""
    if candidates is None:
        supported = None if grounding is None else {"groundingMetadata": grounding}
        candidates = [candidate(content, finish_reason=finish_reason, extra=supported)]
    return {
        "candidates": list(candidates),
        "usageMetadata": usage or _usage(),
        "modelVersion": model,
        "responseId": id or ident("", model, candidates, length=23),
        **(extra or {}),
    }


def blocked(reason: str = "PROHIBITED_CONTENT", *, model: str = MODEL, prompt: int = 12) -> Body:
    """The answer to a prompt that was blocked: there are no candidates."""
    return {
        "promptFeedback": {"blockReason": reason},
        "usageMetadata": _usage(prompt, None),
        "modelVersion": model,
        "responseId": ident("", model, reason, length=23),
    }


_usage = usage  # the parameter of response() hides the function
