"""Context keys that say: record nothing here, or: this call is recorded already."""

from __future__ import annotations

from opentelemetry import context

OWNED = context.create_key("llmotel-owned")
"""The call of an outer library (a seam with ``claims``) that sends its request through an inner one."""

CLAIMS = frozenset(
    {
        "opentelemetry.genai.client.inference.context",
        "opentelemetry.genai.client.embedding.context",
        "opentelemetry.genai.client.fetch_response.context",
    }
)
"""A call that OpenTelemetry's own GenAI packages have under way: they record it."""

SUPPRESSED = frozenset(
    {
        getattr(context, "_SUPPRESS_INSTRUMENTATION_KEY", "suppress_instrumentation"),  # OpenTelemetry's own, private
        "suppress_instrumentation",  # the plain spelling that instrumentations use
    }
)
"""The application wants no telemetry at all."""

_NO_CALLS = SUPPRESSED | CLAIMS | {"suppress_language_model_instrumentation", OWNED}


def suppresses_calls(here: context.Context) -> bool:
    """Whether calls made in ``here`` are not to be recorded."""
    return not _NO_CALLS.isdisjoint(here) and any(here.get(key) for key in _NO_CALLS)


def suppresses_all(here: context.Context) -> bool:
    """Whether nothing at all is to be recorded in ``here``, agents and tools included."""
    return not SUPPRESSED.isdisjoint(here) and any(here.get(key) for key in SUPPRESSED)


def is_claimed_by_otel(here: context.Context) -> bool:
    """Whether OpenTelemetry's own GenAI packages record the call that is made in ``here``."""
    return any(here.get(key) for key in CLAIMS)
