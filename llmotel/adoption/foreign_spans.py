"""What other libraries' spans say of calls to models: one table of names, read into the neutral record.

The names are those of OpenTelemetry's GenAI conventions, new and old, of OpenInference and of OpenLLMetry.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from llmotel import semconv
from llmotel.model.inference import Inference, Usage
from llmotel.model.operation import AgentRun, McpRequest, Operation, ToolRun, WorkflowRun
from llmotel.model.outcome import Failure, failure_from_type

CALLS = semconv.INFERENCE_OPERATIONS | {"embeddings"}
_KINDS = ("openinference.span.kind", "traceloop.span.kind", "llm.request.type")
# What those say, as operations of the conventions.
_OPERATIONS = {
    "LLM": "chat",
    "EMBEDDING": "embeddings",
    "chat": "chat",
    "completion": "text_completion",
    "embedding": "embeddings",
    "AGENT": "invoke_agent",
    "TOOL": "execute_tool",
    "agent": "invoke_agent",
    "tool": "execute_tool",
    "workflow": "invoke_workflow",
}
_MARKS = frozenset({semconv.OPERATION, semconv.MCP_METHOD, *_KINDS})

# Field -> the attributes that it is read from, the best first.
_IDENTITY: Mapping[str, tuple[str, ...]] = {
    "provider": (semconv.PROVIDER, "gen_ai.system", "llm.provider", "llm.system"),
    "request_model": (semconv.REQUEST_MODEL, "llm.request.model", "llm.model_name", "embedding.model_name"),
    "response_model": (semconv.RESPONSE_MODEL, "llm.response.model"),
    "response_id": (semconv.RESPONSE_ID,),
    "server_address": (semconv.SERVER_ADDRESS,),
}
_USAGE: Mapping[str, tuple[str, ...]] = {
    "input_tokens": (
        semconv.INPUT_TOKENS,
        "gen_ai.usage.prompt_tokens",
        "llm.usage.prompt_tokens",
        "llm.token_count.prompt",
    ),
    "output_tokens": (
        semconv.OUTPUT_TOKENS,
        "gen_ai.usage.completion_tokens",
        "llm.usage.completion_tokens",
        "llm.token_count.completion",
    ),
    "cache_read": (
        semconv.CACHE_READ_TOKENS,
        "gen_ai.usage.cache_read_input_tokens",
        "llm.token_count.prompt_details.cache_read",
    ),
    "cache_write": (
        semconv.CACHE_WRITE_TOKENS,
        semconv.LEGACY_CACHE_WRITE_TOKENS,
        "gen_ai.usage.cache_creation_input_tokens",
        "llm.token_count.prompt_details.cache_write",
    ),
    "reasoning": (
        semconv.REASONING_TOKENS,
        "gen_ai.usage.reasoning_tokens",
        "llm.token_count.completion_details.reasoning",
    ),
}
_FINISH = (semconv.FINISH_REASONS, "llm.finish_reason", "gen_ai.completion.0.finish_reason")
_AGENT = (semconv.AGENT_NAME, "agent.name", "traceloop.entity.name")
_TOOL = (semconv.TOOL_NAME, "tool.name", "traceloop.entity.name")
_TOOL_TYPES = frozenset({"function", "extension", "datastore"})
_STREAM = (semconv.REQUEST_STREAM, "gen_ai.is_streaming", "llm.is_streaming")

# Their words for providers, where the conventions have another.
_PROVIDERS = {
    "aws": "aws.bedrock",
    "amazon": "aws.bedrock",
    "aws_bedrock": "aws.bedrock",
    "bedrock": "aws.bedrock",
    "az.ai.inference": "azure.ai.inference",
    "az.ai.openai": "azure.ai.openai",
    "azure": "azure.ai.openai",
    "azure_openai": "azure.ai.openai",
    "azure.openai": "azure.ai.openai",
    "gemini": "gcp.gemini",
    "google": "gcp.gemini",
    "google-gla": "gcp.gemini",
    "google_genai": "gcp.gemini",
    "google-vertex": "gcp.vertex_ai",
    "vertex_ai": "gcp.vertex_ai",
    "vertexai": "gcp.vertex_ai",
    "mistral": "mistral_ai",
    "mistralai": "mistral_ai",
    "watsonx": "ibm.watsonx.ai",
    "xai": "x_ai",
}
_UNKNOWN = "unknown"
# Frameworks that give their own name as the provider's; whose the model is, its name says.
_FRAMEWORKS = frozenset(
    {_UNKNOWN, "autogen", "langchain", "litellm", "llama_index", "llamaindex", "microsoft.agent_framework",
     "semantic_kernel", "strands-agents", "vercel"}
)  # fmt: skip
_VENDORS = (
    (("gpt-", "chatgpt-", "o1", "o3", "o4", "text-embedding-"), "openai"),
    (("claude-",), "anthropic"),
    (("gemini-",), "gcp.gemini"),
    (("mistral-", "magistral-", "codestral-", "devstral-"), "mistral_ai"),
    (("deepseek-",), "deepseek"),
    (("grok-",), "x_ai"),
    (("command-",), "cohere"),
)
Attributes = Mapping[str, Any]


def is_genai(attributes: Attributes) -> bool:
    """Whether a span is about language models at all, as its attributes say by now."""
    return not _MARKS.isdisjoint(attributes)


def operation_of(attributes: Attributes) -> str | None:
    """The operation of the conventions, or another text where it is none of them; ``None`` where nothing says it."""
    named = attributes.get(semconv.OPERATION)
    if isinstance(named, str):
        return named
    kind = next((value for name in _KINDS if isinstance(value := attributes.get(name), str)), None)
    return None if kind is None else _OPERATIONS.get(kind, kind)


def read(attributes: Attributes) -> Inference | None:
    """The call that a span tells of, or ``None`` where it tells of none."""
    operation = operation_of(attributes)
    if operation not in CALLS:
        return None
    said = {field: _first(attributes, names, str) for field, names in _IDENTITY.items()}
    provider = (said["provider"] or _UNKNOWN).lower()
    if provider in _FRAMEWORKS:
        provider = _vendor_of(said["response_model"] or said["request_model"] or "") or provider
    port = attributes.get(semconv.SERVER_PORT)
    inference = Inference(
        operation,
        _PROVIDERS.get(provider, provider),
        said["request_model"],
        said["server_address"],
        port if isinstance(port, int) else None,
        _first(attributes, _STREAM, bool) is True,
    )
    inference.response_model, inference.response_id = said["response_model"], said["response_id"]
    inference.finish_reasons = _reasons(attributes)
    counts = {field: _first(attributes, names, int) for field, names in _USAGE.items()}
    if any(count is not None for count in counts.values()):
        inference.usage = Usage(**counts)
        inference.usage_source = "provider"
    tier = attributes.get(semconv.OPENAI_RESPONSE_TIER)
    if isinstance(tier, str):
        inference.service_tier = inference.attributes[semconv.OPENAI_RESPONSE_TIER] = tier
    cost = attributes.get(semconv.COST_AMOUNT)
    if isinstance(cost, (int, float)) and attributes.get(semconv.COST_CURRENCY, "USD") == "USD":
        inference.reported_cost = float(cost)
    return inference


def read_operation(attributes: Attributes, *, server: bool) -> Operation | None:
    """The run of an agent, workflow or tool, or the request by MCP, that a span tells of: what its metrics need."""
    method = _first(attributes, (semconv.MCP_METHOD,), str)
    if method is not None:
        name = _first(attributes, (semconv.TOOL_NAME, semconv.PROMPT_NAME), str)
        return McpRequest(name, method=method, server=server)
    operation = operation_of(attributes)
    if operation == "execute_tool":
        kind = attributes.get(semconv.TOOL_TYPE)
        return ToolRun(_first(attributes, _TOOL, str), type=kind if kind in _TOOL_TYPES else "function")
    if operation == "invoke_agent":
        return AgentRun(_first(attributes, _AGENT, str))
    if operation == "invoke_workflow":
        return WorkflowRun(_first(attributes, (*_AGENT[:1], semconv.WORKFLOW_NAME, *_AGENT[1:]), str))
    return None


def _vendor_of(model: str) -> str | None:
    if ".anthropic." in f".{model}" or ".amazon." in f".{model}":  # us.anthropic.claude-..., amazon.nova-...
        return "aws.bedrock"
    return next((vendor for starts, vendor in _VENDORS if model.startswith(starts)), None)


def failure_of(span: Any) -> Failure | None:
    """How a call failed, if its span says that it did."""
    if span.status.is_ok or span.status.is_unset:
        error = (span.attributes or {}).get(semconv.ERROR_TYPE)
    else:
        error = (span.attributes or {}).get(semconv.ERROR_TYPE) or _raised(span) or "_OTHER"
    return failure_from_type(error) if isinstance(error, str) and error else None


def _raised(span: Any) -> str | None:
    for event in span.events:
        kind = (event.attributes or {}).get(semconv.EXCEPTION_TYPE)
        if isinstance(kind, str):
            return kind
    return None


def _reasons(attributes: Attributes) -> list[str] | None:
    found = next((attributes[name] for name in _FINISH if name in attributes), None)
    if isinstance(found, str) and found.startswith("["):  # agent-framework's
        try:
            found = json.loads(found)
        except ValueError:
            return None
    if isinstance(found, str):
        return [found]
    return [reason for reason in found if isinstance(reason, str)] if isinstance(found, (list, tuple)) else None


def _first(attributes: Attributes, names: tuple[str, ...], kind: type) -> Any:
    for name in names:
        value = attributes.get(name)
        if type(value) is kind:
            return value
    return None


__all__ = ["CALLS", "failure_of", "is_genai", "operation_of", "read", "read_operation"]
