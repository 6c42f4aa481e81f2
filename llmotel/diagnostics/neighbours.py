"""Other packages that see the same calls: what each one's presence means, and how to switch one of the two off.

Found by distribution, without importing any: being installed is not being switched on, and the words say so.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib import metadata

_GROUP = "opentelemetry_instrumentor"
_OTEL = "opentelemetry-instrumentation-"
_OPENINFERENCE = "openinference-instrumentation-"
_DOUBLE = "where it is on for a library that llmotel records, every call becomes two spans and is counted twice"

# Instrumentations by OpenTelemetry and OpenLLMetry, by what follows the prefix. The prefix alone says nothing: most
# packages of that name are for databases and web frameworks.
_LLM = frozenset({
    "agno", "alephalpha", "anthropic", "bedrock", "claude-agent-sdk", "cohere", "crewai", "google-genai",
    "google-generativeai", "groq", "haystack", "langchain", "llamaindex", "mcp", "mistralai", "ollama", "openai",
    "openai-agents", "openai-agents-v2", "openai-v2", "replicate", "sagemaker", "together", "transformers", "vertexai",
    "voyageai", "watsonx", "writer",
})  # fmt: skip

# What each suite does, and its own switch.
_SUITES: Mapping[str, tuple[str, str]] = {
    "agentops": ("records calls after agentops.init()", "agentops.init(instrument_llm_calls=False)"),
    "ddtrace": ("records calls under ddtrace-run, in Datadog's own traces",
                "DD_TRACE_OPENAI_ENABLED=false, the same for other libraries"),
    "langfuse": ("records calls of `langfuse.openai` and @observe, and exports llmotel's spans as well",
                 "Import openai itself instead of langfuse.openai"),
    "langtrace-python-sdk": ("records calls after langtrace.init()", "langtrace.init(disable_instrumentations=...)"),
    "lmnr": ("records calls after Laminar.initialize()", "Laminar.initialize(instruments=set())"),
    "logfire": ("records calls after logfire.instrument_openai() and the like; llmotel's spans go to its provider",
                "Leave logfire.instrument_openai() and the like out"),
    "openlit": ("records calls after openlit.init()", "openlit.init(disabled_instrumentors=[...])"),
    "traceloop-sdk": ("records calls after Traceloop.init()", "Traceloop.init(block_instruments={...})"),
}  # fmt: skip

# Frameworks with telemetry of their own: what comes of it beside llmotel's.
_FRAMEWORKS: Mapping[str, str] = {
    "ag2": "makes spans where its own OpenTelemetry set-up is used",
    "agent-framework-core": "makes agent, chat and tool spans by itself (ENABLE_INSTRUMENTATION), with content where "
    "ENABLE_SENSITIVE_DATA is set",
    "agno": "its agno.tracing is openinference: do not switch it on as well",
    "autogen-core": "makes agent and tool spans by itself; AUTOGEN_DISABLE_RUNTIME_TRACING=true drops its runtime's",
    "fastmcp": "makes MCP spans by itself; FASTMCP_TELEMETRY_MODE=off drops them",
    "google-adk": "makes agent, model and tool spans by itself, and 1.x writes prompts and answers on them",
    "guardrails-ai": "writes prompts, answers and the API key on spans by itself, also with its tracing off",
    "langchain-core": "its LangSmith export can send the same calls as OpenTelemetry spans (LANGSMITH_OTEL_ENABLED)",
    "litellm": "its `otel` callback makes spans of the same calls: do not add it to litellm.callbacks as well",
    "mcp": "2.x makes client and server spans by itself",
    "openai-agents": "its own tracing uploads to OpenAI",
    "pydantic-ai": "Agent.instrument_all() makes spans by itself, with content unless include_content=False",
    "pydantic-ai-slim": "Agent.instrument_all() makes spans by itself, with content unless include_content=False",
    "semantic-kernel": "makes spans by itself where SEMANTICKERNEL_EXPERIMENTAL_GENAI_ENABLE_OTEL_DIAGNOSTICS is set",
    "strands-agents": "makes agent, model and tool spans by itself, with prompts and answers as events on them",
}
_TRUE = ("1", "true", "yes", "on")


@dataclass(frozen=True, slots=True)
class Neighbour:
    """An installed distribution. ``rival`` says whether it can record the same calls; ``remedy`` how to keep one."""

    name: str
    version: str
    text: str
    remedy: str = ""
    rival: bool = True


def neighbours(environ: Mapping[str, str] | None = None) -> Iterator[Neighbour]:
    """All of them that are installed, by name."""
    environ = os.environ if environ is None else environ
    found: dict[str, metadata.Distribution] = {}
    for distribution in metadata.distributions():
        name = distribution.metadata["Name"]
        if name:  # broken installations have none
            found.setdefault(name.lower().replace("_", "-"), distribution)
    for name in sorted(found):
        neighbour = _neighbour(name, found[name], environ)
        if neighbour is not None:
            yield neighbour


def _neighbour(name: str, distribution: metadata.Distribution, environ: Mapping[str, str]) -> Neighbour | None:
    version = distribution.version
    if name in _SUITES:
        text, remedy = _SUITES[name]
        return Neighbour(name, version, f"{text}; {_DOUBLE}", remedy)
    if name.startswith(_OPENINFERENCE):
        return Neighbour(name, version, f"an instrumentation by OpenInference; {_DOUBLE}", _off(distribution))
    if name.startswith(_OTEL):
        library = name.removeprefix(_OTEL)
        if library in _LLM or library.startswith("genai-"):
            return Neighbour(name, version, f"an instrumentation for OpenTelemetry; {_DOUBLE}", _off(distribution))
    if name == "langsmith" and _on(environ, "LANGSMITH_OTEL_ENABLED"):
        text = f"LANGSMITH_OTEL_ENABLED makes OpenTelemetry spans of the runs that it traces; {_DOUBLE}"
        return Neighbour(name, version, text, "Unset LANGSMITH_OTEL_ENABLED, or LANGSMITH_TRACING")
    if name in _FRAMEWORKS:
        return Neighbour(name, version, _FRAMEWORKS[name] + _off_by(name, environ), rival=False)
    return None


def _off(distribution: metadata.Distribution) -> str:
    """How to leave an instrumentation out; OpenTelemetry's switch takes the name of its entry point."""
    names = [entry.name for entry in distribution.entry_points if entry.group == _GROUP]
    ours = "leave the library to it: init(disabled_instrumentations=...)"
    if names:
        return (
            f"Under opentelemetry-instrument set OTEL_PYTHON_DISABLED_INSTRUMENTATIONS={','.join(names)}, else do not "
            f"call its instrument(); or {ours}"
        )
    return f"Do not call its instrument(), or {ours}"


def _off_by(name: str, environ: Mapping[str, str]) -> str:
    if name == "openai-agents" and _on(environ, "OPENAI_AGENTS_DISABLE_TRACING"):
        return ". OPENAI_AGENTS_DISABLE_TRACING is set: its agents and tools can be seen by nobody"
    return ""


def _on(environ: Mapping[str, str], variable: str) -> bool:
    return environ.get(variable, "").strip().lower() in _TRUE


__all__ = ["Neighbour", "neighbours"]
