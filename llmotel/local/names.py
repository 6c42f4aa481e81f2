"""What senders call things: attributes of OpenTelemetry's GenAI conventions (and their older names), OpenInference,
OpenLLMetry, Logfire, Langfuse, OpenLIT and llmotel, and the one column that each is read into.

Where a span has two names for one column, the one in :data:`PRIMARY` wins over those in :data:`ALIASES`.
"""

from __future__ import annotations

from llmotel import semconv

TEXT, INTEGER, NUMBER, FLAG, WORDS, TIME = "text", "integer", "number", "flag", "words", "time"

PRIMARY: dict[str, tuple[str, str]] = {
    semconv.OPERATION: ("operation", TEXT),
    semconv.PROVIDER: ("provider", TEXT),
    semconv.REQUEST_MODEL: ("request_model", TEXT),
    semconv.RESPONSE_MODEL: ("response_model", TEXT),
    semconv.RESPONSE_ID: ("response_id", TEXT),
    semconv.REQUEST_STREAM: ("stream", FLAG),
    semconv.INPUT_TOKENS: ("input_tokens", INTEGER),
    semconv.OUTPUT_TOKENS: ("output_tokens", INTEGER),
    semconv.CACHE_READ_TOKENS: ("cache_read_tokens", INTEGER),
    semconv.CACHE_WRITE_TOKENS: ("cache_write_tokens", INTEGER),
    semconv.REASONING_TOKENS: ("reasoning_tokens", INTEGER),
    semconv.COST_AMOUNT: ("cost_usd", NUMBER),
    semconv.COST_INPUT: ("cost_input_usd", NUMBER),
    semconv.COST_OUTPUT: ("cost_output_usd", NUMBER),
    semconv.COST_UNCACHED: ("cost_uncached_usd", NUMBER),
    semconv.COST_STANDARD: ("cost_standard_usd", NUMBER),
    semconv.COST_SOURCE: ("cost_source", TEXT),
    semconv.OUTCOME: ("outcome", TEXT),
    semconv.ERROR_TYPE: ("error_type", TEXT),
    semconv.HTTP_STATUS: ("http_status", INTEGER),
    semconv.FINISH_REASONS: ("finish_reasons", WORDS),
    semconv.RETRIES: ("retries", INTEGER),
    semconv.TIME_TO_FIRST_CHUNK: ("ttft", NUMBER),
    semconv.AGENT_NAME: ("agent", TEXT),
    semconv.TOOL_NAME: ("tool", TEXT),
    semconv.FEATURE: ("feature", TEXT),
    semconv.USER: ("user_id", TEXT),
    semconv.SESSION: ("session_id", TEXT),
    semconv.TENANT: ("tenant", TEXT),
    semconv.CONVERSATION: ("conversation", TEXT),
    semconv.PROMPT_NAME: ("prompt", TEXT),
    semconv.PROMPT_VERSION: ("prompt_version", TEXT),
    semconv.GROUNDING_SCORE: ("grounding_score", NUMBER),
    semconv.GROUNDING_METHOD: ("grounding_method", TEXT),
    semconv.GROUNDING_CITATIONS: ("citation_count", INTEGER),
    semconv.GROUNDING_SOURCES: ("source_count", INTEGER),
}

ALIASES: dict[str, tuple[str, str]] = {
    # OpenTelemetry before its newest conventions
    "gen_ai.system": ("provider", TEXT),
    "gen_ai.usage.prompt_tokens": ("input_tokens", INTEGER),
    "gen_ai.usage.completion_tokens": ("output_tokens", INTEGER),
    semconv.LEGACY_CACHE_WRITE_TOKENS: ("cache_write_tokens", INTEGER),
    "enduser.id": ("user_id", TEXT),
    "http.status_code": ("http_status", INTEGER),
    # OpenInference
    "llm.provider": ("provider", TEXT),
    "llm.system": ("provider", TEXT),
    "llm.model_name": ("request_model", TEXT),
    "embedding.model_name": ("request_model", TEXT),
    "reranker.model_name": ("request_model", TEXT),
    "llm.token_count.prompt": ("input_tokens", INTEGER),
    "llm.token_count.completion": ("output_tokens", INTEGER),
    "llm.token_count.prompt_details.cache_read": ("cache_read_tokens", INTEGER),
    "llm.token_count.prompt_details.cache_write": ("cache_write_tokens", INTEGER),
    "llm.token_count.completion_details.reasoning": ("reasoning_tokens", INTEGER),
    "llm.cost.total": ("cost_usd", NUMBER),
    "llm.cost.prompt": ("cost_input_usd", NUMBER),
    "llm.cost.completion": ("cost_output_usd", NUMBER),
    "llm.finish_reason": ("finish_reasons", WORDS),
    "agent.name": ("agent", TEXT),
    "tool.name": ("tool", TEXT),
    "llm.prompt_template.version": ("prompt_version", TEXT),
    # OpenLLMetry
    "llm.is_streaming": ("stream", FLAG),
    "gen_ai.is_streaming": ("stream", FLAG),
    "llm.request.model": ("request_model", TEXT),
    "llm.response.model": ("response_model", TEXT),
    "llm.usage.prompt_tokens": ("input_tokens", INTEGER),
    "llm.usage.completion_tokens": ("output_tokens", INTEGER),
    "gen_ai.usage.cache_read_input_tokens": ("cache_read_tokens", INTEGER),
    "gen_ai.usage.cache_creation_input_tokens": ("cache_write_tokens", INTEGER),
    "gen_ai.usage.reasoning_tokens": ("reasoning_tokens", INTEGER),
    "llm.usage.reasoning_tokens": ("reasoning_tokens", INTEGER),
    "gen_ai.response.finish_reason": ("finish_reasons", WORDS),
    "llm.response.finish_reason": ("finish_reasons", WORDS),
    "gen_ai.completion.0.finish_reason": ("finish_reasons", WORDS),
    "traceloop.association.properties.session_id": ("session_id", TEXT),
    "traceloop.association.properties.user_id": ("user_id", TEXT),
    "traceloop.association.properties.conversation_id": ("conversation", TEXT),
    "traceloop.prompt.key": ("prompt", TEXT),
    "traceloop.prompt.version": ("prompt_version", TEXT),
    # OpenLIT, Logfire, Langfuse
    "gen_ai.usage.cost": ("cost_usd", NUMBER),
    "operation.cost": ("cost_usd", NUMBER),
    "gen_ai.server.time_to_first_token": ("ttft", NUMBER),
    "langfuse.user.id": ("user_id", TEXT),
    "langfuse.session.id": ("session_id", TEXT),
    "langfuse.observation.model.name": ("request_model", TEXT),
    "langfuse.observation.prompt.name": ("prompt", TEXT),
    "langfuse.observation.prompt.version": ("prompt_version", TEXT),
}

MARKS: dict[str, tuple[str, str]] = {
    "openinference.span.kind": ("openinference", "kind"),
    "llm.model_name": ("openinference", "inference"),
    "embedding.model_name": ("openinference", "embeddings"),
    "traceloop.span.kind": ("openllmetry", "kind"),
    "llm.request.type": ("openllmetry", "kind"),
    "mcp.method.name": ("", "mcp"),
    "db.system.name": ("", "db"),
    "db.system": ("", "db"),
    "http.request.method": ("", "http"),
    "http.method": ("", "http"),
}
"""Attributes that tell who sent a span, or what it is about: (source, kind). ``"kind"``: its value says it."""

KINDS: dict[str, str] = {
    # gen_ai.operation.name
    "chat": "inference",
    "generate_content": "inference",
    "text_completion": "inference",
    "embeddings": "embeddings",
    "retrieval": "retrieval",
    "execute_tool": "tool",
    "invoke_agent": "agent",
    "create_agent": "agent",
    "plan": "agent",
    "invoke_workflow": "workflow",
    "run_guardrail": "guardrail",
    "fetch_response": "other",
    # openinference.span.kind
    "LLM": "inference",
    "EMBEDDING": "embeddings",
    "RETRIEVER": "retrieval",
    "RERANKER": "retrieval",
    "TOOL": "tool",
    "AGENT": "agent",
    "CHAIN": "workflow",
    "GUARDRAIL": "guardrail",
    "EVALUATOR": "other",
    "PROMPT": "other",
    # traceloop.span.kind and llm.request.type
    "workflow": "workflow",
    "task": "workflow",
    "agent": "agent",
    "tool": "tool",
    "completion": "inference",
    "embedding": "embeddings",
    "rerank": "retrieval",
    "unknown": "other",
}
"""Words that senders say what a span is with, as the kind that it has here."""

OPERATIONS: dict[str, str] = {
    "LLM": "chat",
    "EMBEDDING": "embeddings",
    "RETRIEVER": "retrieval",
    "RERANKER": "rerank",
    "TOOL": "execute_tool",
    "AGENT": "invoke_agent",
    "CHAIN": "invoke_workflow",
    "GUARDRAIL": "run_guardrail",
    "workflow": "invoke_workflow",
    "task": "invoke_workflow",
    "agent": "invoke_agent",
    "tool": "execute_tool",
    "chat": "chat",
    "completion": "text_completion",
    "embedding": "embeddings",
    "rerank": "rerank",
}
"""The operation of a span that names none, by the word of :data:`KINDS` that it has."""

CALL_KINDS = ("inference", "embeddings")
"""What counts as a call: the spans whose tokens and cost are added up. An agent's own sums would be the same twice."""

ALL_KINDS = (
    "inference", "embeddings", "retrieval", "tool", "agent", "workflow", "memory", "guardrail", "mcp", "http", "db",
    "other",
)  # fmt: skip

PROVIDERS: dict[str, str] = {
    "az.ai.openai": "azure.ai.openai",
    "azure": "azure.ai.openai",
    "azure_openai": "azure.ai.openai",
    "az.ai.inference": "azure.ai.inference",
    "aws": "aws.bedrock",
    "bedrock": "aws.bedrock",
    "aws_bedrock": "aws.bedrock",
    "amazon": "aws.bedrock",
    "gemini": "gcp.gemini",
    "google": "gcp.gemini",
    "google_genai": "gcp.gen_ai",
    "google_vertexai": "gcp.vertex_ai",
    "vertexai": "gcp.vertex_ai",
    "vertex_ai": "gcp.vertex_ai",
    "mistralai": "mistral_ai",
    "mistral": "mistral_ai",
    "xai": "x_ai",
    "moonshot": "moonshot_ai",
    "watsonx": "ibm.watsonx.ai",
    "together_ai": "together",
}
"""Other words for a provider, in lower case, as ``gen_ai.provider.name`` has it."""

CONTENT = frozenset(
    {
        semconv.SYSTEM, semconv.INPUT_MESSAGES, semconv.OUTPUT_MESSAGES, semconv.TOOLS, semconv.TOOL_ARGUMENTS,
        semconv.TOOL_RESULT, semconv.GROUNDING_DETAIL,
        "gen_ai.retrieval.documents", "gen_ai.retrieval.query.text", "gen_ai.memory.records",
        "gen_ai.memory.query.text", "gen_ai.prompt", "gen_ai.completion", "gen_ai.tool.description",
        "gen_ai.input_messages", "gen_ai.output_messages",
        "input.value", "output.value", "llm.prompts", "llm.completions", "tool.parameters", "llm.function_call",
        "traceloop.entity.input", "traceloop.entity.output",
        "request_data", "response_data", "all_messages_events", "events", "prompt", "completion",
        "langfuse.observation.input", "langfuse.observation.output", "langfuse.trace.input", "langfuse.trace.output",
    }
)  # fmt: skip
"""Attributes that hold what was said. They are stored apart from the rest, in the table ``content``."""

CONTENT_PREFIXES = (
    "llm.input_messages.", "llm.output_messages.", "llm.prompts.", "llm.completions.", "llm.tools.",
    "retrieval.documents.", "reranker.", "embedding.embeddings.", "gen_ai.prompt.", "gen_ai.completion.",
    "llm.request.functions.", "llm.prompt_template.", "input.", "output.",
)  # fmt: skip
"""How the names of content begin where a list is spread over attributes."""

NOT_CONTENT = frozenset(
    {semconv.PROMPT_NAME, semconv.PROMPT_VERSION, "llm.prompt_template.version", "gen_ai.completion.0.finish_reason"}
)

CONTENT_EVENTS = frozenset(
    {
        semconv.DETAILS_EVENT, "gen_ai.content.prompt", "gen_ai.content.completion", "gen_ai.user.message",
        "gen_ai.system.message", "gen_ai.assistant.message", "gen_ai.tool.message", "gen_ai.choice",
    }
)  # fmt: skip
"""Events of a span, or log records in its context, that hold what was said."""


def provider(value: str) -> str:
    """``value`` as ``gen_ai.provider.name`` has it: ``OpenAI`` -> ``openai``, ``AWS`` -> ``aws.bedrock``."""
    known = value.strip().lower()
    return PROVIDERS.get(known, known)


def is_content(name: str) -> bool:
    """Whether the attribute ``name`` holds what was said."""
    return name in CONTENT or (name.startswith(CONTENT_PREFIXES) and name not in NOT_CONTENT)


__all__ = [
    "ALIASES", "ALL_KINDS", "CALL_KINDS", "CONTENT", "CONTENT_EVENTS", "FLAG", "INTEGER", "KINDS", "MARKS", "NUMBER",
    "OPERATIONS", "PRIMARY", "PROVIDERS", "TEXT", "TIME", "WORDS", "is_content", "provider",
]  # fmt: skip
