"""LiteLLM, which calls other vendors' models through their client libraries and through a client of its own.

Its functions take OpenAI's requests and give OpenAI's answers, whoever is asked. A call is one here, whatever it goes
through: seams beneath leave it alone. A router calls the same functions, once for each deployment that it tries.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from llmotel import semconv
from llmotel.instrumentation.instrumentor import Instrumentor
from llmotel.model.inference import Inference
from llmotel.spec import Endpoint, Locate, Provider, Request, Seam, UsageInjection
from llmotel.spec.reading import get, items, number, text
from llmotel_instrumentors.dialects import chat_completions, media, rerank, responses

NAMES = {
    "ai21_chat": "ai21",
    "anthropic_text": "anthropic",
    "azure": "azure.ai.openai",
    "azure_ai": "azure.ai.inference",
    "azure_text": "azure.ai.openai",
    "bedrock": "aws.bedrock",
    "bedrock_converse": "aws.bedrock",
    "bedrock_mantle": "aws.bedrock",
    "codestral": "mistral_ai",
    "cohere_chat": "cohere",
    "fireworks_ai": "fireworks",
    "gemini": "gcp.gemini",
    "github_copilot": "github-copilot",
    "hosted_vllm": "vllm",
    "jina_ai": "jina",
    "mistral": "mistral_ai",
    "moonshot": "moonshot_ai",
    "nvidia_nim": "nvidia",
    "ollama_chat": "ollama",
    "sagemaker": "aws.sagemaker",
    "sagemaker_chat": "aws.sagemaker",
    "text-completion-codestral": "mistral_ai",
    "together_ai": "together",
    "vercel_ai_gateway": "vercel",
    "vertex_ai": "gcp.vertex_ai",
    "vertex_ai_beta": "gcp.vertex_ai",
    "voyage": "voyageai",
    "watsonx": "ibm.watsonx.ai",
    "watsonx_text": "ibm.watsonx.ai",
    "xai": "x_ai",
}
"""LiteLLM's names of providers that the conventions, or llmotel's table of hosts, have others for."""
DIALECT = {"openai", "text-completion-openai", "openai_like", "custom_openai", "litellm_proxy"}
"""LiteLLM's names for whoever speaks OpenAI's dialect: the host says who that is."""
OWN = {"openai", "text-completion-openai"}
"""Of these, OpenAI where there is no other host."""
FAMILIES = {
    "openai": ("gpt-", "chatgpt-", "o1", "o3", "o4", "text-embedding-", "dall-e-", "tts-", "whisper-"),
    "anthropic": ("claude-",),
    "gcp.vertex_ai": ("gemini-",),
    "cohere": ("command", "rerank-", "embed-"),
}
"""Whose a model is that is named without its provider, by how it begins: whom LiteLLM then asks."""
ROUTES = {"chat", "converse", "converse_like", "invoke", "responses"}
"""What may stand between provider and model."""
BILLED = {"openrouter", "perplexity"}
"""Who says in an answer's usage what it costs. In anybody else's, LiteLLM has put what its own table says."""


def asked(model: str, custom: str | None) -> tuple[str | None, str]:
    """LiteLLM's name of the provider, ``None`` where it is not said, and the model without it.

    >>> asked("bedrock/converse/us.amazon.nova-lite-v1:0", None)
    ('bedrock', 'us.amazon.nova-lite-v1:0')
    >>> asked("meta-llama/Llama-3.3-70B", "together_ai")
    ('together_ai', 'meta-llama/Llama-3.3-70B')
    """
    head, slash, rest = model.partition("/")
    if custom is None and slash:
        custom, model = head, rest
    elif custom == head and slash:
        model = rest
    route, slash, rest = model.partition("/")
    return custom, rest if custom is not None and slash and route in ROUTES else model


def provider_of(custom: str | None, model: str, origin: str | None) -> str | None:
    """The conventions' name of the provider; ``None`` to go by host."""
    if custom in DIALECT:
        return "openai" if origin is None and custom in OWN else None
    if custom is not None:
        return NAMES.get(custom, custom)
    return next((name for name, begins in FAMILIES.items() if model.startswith(begins)), None)


def located(operation: str, *names: str) -> Locate:
    """The request behind a function's arguments, of which the first are ``names``."""

    def locate(_: Any, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Request | None:
        body = {**dict(zip(names, args, strict=False)), **kwargs}
        origin = text(body.get("api_base")) or text(body.get("base_url"))
        custom, body["model"] = asked(text(body.get("model")) or "", text(body.get("custom_llm_provider")))
        provider = provider_of(custom, body["model"], origin)
        if provider is None and origin is None:
            provider = "unknown"
        return Request("", operation, body, body.get("stream") is True, origin, provider=provider)

    return locate


# Answers.


def read_cost(inference: Inference, response: Any) -> None:
    """What LiteLLM's own table says that the call costs; an answer out of its cache costs nothing and used nothing."""
    hidden = getattr(response, "_hidden_params", None)
    amount, told = number(get(hidden, "response_cost")), inference.reported_cost
    if told is not None and inference.provider not in BILLED:
        inference.reported_cost = None
        amount = told if amount is None else amount
    if get(hidden, "cache_hit") is True:
        inference.usage = inference.reported_cost = None
    elif amount is not None:
        inference.attributes[semconv.COST_LIBRARY] = amount


def _read(endpoint: Endpoint) -> Endpoint:
    """``endpoint`` as LiteLLM answers."""

    def read_response(inference: Inference, response: Any) -> None:
        endpoint.read_response(inference, response)
        read_cost(inference, response)

    def read_chunk(inference: Inference, chunk: Any) -> None:
        endpoint.read_chunk(inference, chunk)
        if inference.reported_cost is not None:
            read_cost(inference, chunk)

    injection = INJECTION if endpoint.usage_injection is not None else None
    return endpoint.replaced(read_response=read_response, read_chunk=read_chunk, usage_injection=injection)


# Usage of streams. LiteLLM takes the question for every provider, and sends it to those that know it.


def ask_for_usage(args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> tuple[tuple[Any, ...], dict[str, Any]] | None:
    """The call with ``stream_options.include_usage``, unless the caller chose that option."""
    chosen = kwargs.get("stream_options")
    if isinstance(chosen, Mapping) and "include_usage" in chosen:
        return None
    return args, {
        **kwargs,
        "stream_options": {**(chosen if isinstance(chosen, Mapping) else {}), "include_usage": True},
    }


def is_usage_chunk(chunk: Any) -> bool:
    """Whether a chunk carries usage and nothing else. LiteLLM puts an empty choice into it."""
    return get(chunk, "usage") is not None and not any(
        get(choice, "finish_reason") or get(choice, "text") or get(get(choice, "delta"), "content")
        for choice in items(get(chunk, "choices"))
    )


def is_refusal(error: BaseException) -> bool:
    """Whether a host rejected ``stream_options``, which it does not know."""
    message = str(getattr(error, "message", ""))
    return getattr(error, "status_code", None) in (400, 422) and (
        "stream_options" in message or "include_usage" in message
    )


INJECTION = UsageInjection(
    ask_for_usage,
    is_usage_chunk,
    providers=frozenset({"openai", "azure.ai.openai", "anthropic"}),
    is_refusal=is_refusal,
)

ENDPOINTS = {
    "completion": _read(chat_completions.CHAT),
    "text_completion": _read(chat_completions.COMPLETIONS),
    "embedding": _read(media.EMBEDDINGS),
    "responses": _read(responses.CREATE),
    "rerank": _read(rerank.RERANK),
}


def match(request: Request) -> Endpoint | None:
    """The endpoint of a function."""
    return ENDPOINTS.get(request.path)


ARGUMENTS = {
    "completion": ("model", "messages"),
    "text_completion": ("prompt", "model"),
    "embedding": ("model", "input"),
    "responses": ("input", "model"),
    "rerank": ("model", "query", "documents"),
}

PROVIDER = Provider(
    name="openai",
    library="litellm",
    versions=("1.109.0", None),
    # The names of the package: what stands behind them moves, and calls one another.
    seams=tuple(
        Seam("litellm", f"{prefix}{name}", located(name, *names), is_async=bool(prefix), claims=True)
        for name, names in ARGUMENTS.items()
        for prefix in ("", "a")
    ),
    match=match,
)


class LiteLLMInstrumentor(Instrumentor):
    """Instruments ``litellm``."""

    provider = PROVIDER
