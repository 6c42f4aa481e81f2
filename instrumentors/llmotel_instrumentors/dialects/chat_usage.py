"""Tokens and costs of chat and legacy completions: what OpenAI and compatible hosts say, and how to ask for it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from llmotel.model.inference import Inference, Usage
from llmotel.spec import UsageInjection
from llmotel.spec.reading import count, get, number, path
from llmotel_instrumentors.stainless import replaced_body

_RAW = "x-stainless-raw-response"
_CACHED = ("prompt_cache_hit_tokens", "num_cached_tokens", "cached_tokens")  # DeepSeek, Mistral, Moonshot


def read_usage(inference: Inference, given: Any) -> None:
    """Token counts: ``prompt_tokens`` includes the cached ones, ``completion_tokens`` the reasoning ones; where the
    host's own total says that it does not, they are added."""
    prompt, completion = count(get(given, "prompt_tokens")), count(get(given, "completion_tokens"))
    if prompt is None and completion is None:
        return
    usage = inference.usage = Usage(prompt, completion)
    details = get(given, "prompt_tokens_details")
    if details is not None:
        usage.cache_read = count(get(details, "cached_tokens"))
        usage.cache_write = count(get(details, "cache_write_tokens"))
        if usage.cache_write is None:  # DashScope
            usage.cache_write = count(get(details, "cache_creation_input_tokens"))
        usage.input_audio = count(get(details, "audio_tokens"))
        usage.input_image = count(get(details, "image_tokens"))
        usage.input_text = count(get(details, "text_tokens"))
    if usage.cache_read is None:
        usage.cache_read = next((hit for name in _CACHED if (hit := count(get(given, name))) is not None), None)
    details = get(given, "completion_tokens_details")
    if details is not None:
        usage.reasoning = count(get(details, "reasoning_tokens"))
        usage.output_audio = count(get(details, "audio_tokens"))
        usage.output_text = count(get(details, "text_tokens"))
    usage.detailed = bool(usage.input_audio or usage.output_audio or usage.input_image or usage.input_text)
    if usage.reasoning or inference.provider.startswith("gcp."):
        _include_reasoning(usage, count(get(given, "total_tokens")), inference.provider)
    cost = get(given, "cost")
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
