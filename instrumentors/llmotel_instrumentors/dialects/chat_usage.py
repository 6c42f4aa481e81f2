"""Tokens and costs of chat and legacy completions: what OpenAI and compatible hosts say, and how to ask for it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from llmotel.model.inference import Inference, Usage
from llmotel.spec import UsageInjection
from llmotel.spec.reading import counts, fields, get, number, path
from llmotel_instrumentors.stainless import replaced_body

_RAW = "x-stainless-raw-response"
_TOTALS = (
    "prompt_tokens", "completion_tokens", "total_tokens",
    "prompt_cache_hit_tokens", "num_cached_tokens", "cached_tokens",  # DeepSeek, Mistral, Moonshot
)  # fmt: skip
_INPUT = (
    "cached_tokens", "cache_write_tokens",
    "cache_creation_input_tokens",  # DashScope
    "audio_tokens", "image_tokens", "text_tokens",
)  # fmt: skip
_OUTPUT = ("reasoning_tokens", "audio_tokens", "text_tokens")


def read_usage(inference: Inference, given: Any) -> None:
    """Token counts: ``prompt_tokens`` includes the cached ones, ``completion_tokens`` the reasoning ones; where the
    host's own total says that it does not, they are added."""
    prompt, completion, total, hit, hit_too, hit_as_well = counts(given, _TOTALS)
    if prompt is None and completion is None:
        return
    usage = inference.usage = Usage()
    usage.input_tokens, usage.output_tokens = prompt, completion
    known = fields(given)
    details = known.get("prompt_tokens_details")
    if details is not None:
        cached, written, created, audio, image, words = counts(details, _INPUT)
        usage.cache_read, usage.cache_write = cached, created if written is None else written
        if audio or image or words:
            usage.input_audio, usage.input_image, usage.input_text, usage.detailed = audio, image, words, True
    if usage.cache_read is None:
        usage.cache_read = hit if hit is not None else hit_too if hit_too is not None else hit_as_well
    details = known.get("completion_tokens_details")
    if details is not None:
        usage.reasoning, audio, usage.output_text = counts(details, _OUTPUT)
        if audio:
            usage.output_audio, usage.detailed = audio, True
    if usage.reasoning or inference.provider.startswith("gcp."):
        _include_reasoning(usage, total, inference.provider)
    cost = known.get("cost")
    if cost is not None:
        _read_cost(inference, given, cost)


def _include_reasoning(usage: Usage, total: int | None, provider: str) -> None:
    """xAI counts reasoning beside ``completion_tokens``; Google counts it nowhere but in the total, and bills it."""
    said = (usage.input_tokens or 0) + (usage.output_tokens or 0)
    if total is None or total <= said:
        return
    if usage.reasoning is None and provider.startswith("gcp."):
        usage.reasoning = total - said
    if usage.reasoning and total == said + usage.reasoning:
        usage.output_tokens = (usage.output_tokens or 0) + usage.reasoning


def _read_cost(inference: Inference, given: Any, cost: Any) -> None:
    """OpenRouter: USD, without what the caller's own key is charged upstream. Perplexity: an object with the total."""
    amount = number(cost)
    if amount is None:
        amount = number(get(cost, "total_cost"))
    elif get(given, "is_byok") is True:
        amount += number(path(given, "cost_details", "upstream_inference_cost")) or 0.0
    inference.reported_cost = amount


def ask_for_usage(args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> tuple[tuple[Any, ...], dict[str, Any]] | None:
    """The call with ``stream_options.include_usage``, unless the caller chose that option."""
    options = args[1] if len(args) > 1 else kwargs.get("options")
    body = get(options, "json_data")
    if not isinstance(body, Mapping) or get(get(options, "extra_json"), "stream_options") is not None:
        return None
    chosen = body.get("stream_options")
    if isinstance(chosen, Mapping) and "include_usage" in chosen:
        return None
    extended = {**(chosen if isinstance(chosen, Mapping) else {}), "include_usage": True}
    return replaced_body(args, kwargs, {**body, "stream_options": extended})


def is_usage_chunk(chunk: Any) -> bool:
    """Whether a chunk carries usage and nothing else: the one that exists only because it was asked for."""
    return get(chunk, "choices") == [] and get(chunk, "usage") is not None


def is_raw(args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> bool:
    """Whether the caller asked for the raw response, and so may read the extra chunk from its bytes."""
    headers = get(args[1] if len(args) > 1 else kwargs.get("options"), "headers")
    return isinstance(headers, Mapping) and any(str(name).lower() == _RAW for name in headers)


def is_refusal(error: BaseException) -> bool:
    """Whether a host rejected ``stream_options``, which it does not know."""
    status, body = getattr(error, "status_code", None), getattr(error, "body", None)
    return status in (400, 422) and ("stream_options" in str(body) or "include_usage" in str(body))


INJECTION = UsageInjection(
    ask_for_usage,
    is_usage_chunk,
    providers=frozenset({"openai", "azure.ai.openai"}),
    is_raw=is_raw,
    is_refusal=is_refusal,
)
