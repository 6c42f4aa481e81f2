"""Context keys that say: record nothing here, or: this call is recorded already."""

from __future__ import annotations

import sys
from typing import Any

from opentelemetry import context

OWNED = context.create_key("llmotel-owned")
"""The call of an outer library (a seam with ``claims``) that sends its request through an inner one."""

CLAIMS = {
    "opentelemetry.genai.client.inference.context": "InferenceData",
    "opentelemetry.genai.client.embedding.context": "EmbeddingData",
    "opentelemetry.genai.client.fetch_response.context": "FetchResponseData",
}
"""A call that OpenTelemetry's own GenAI packages have under way: they record it. With the name of what they keep of it
there, in ``opentelemetry.util.genai.invocation``."""

SUPPRESSED = frozenset(
    {
        getattr(context, "_SUPPRESS_INSTRUMENTATION_KEY", "suppress_instrumentation"),  # OpenTelemetry's own, private
        "suppress_instrumentation",  # the plain spelling that instrumentations use
    }
)
"""The application wants no telemetry at all."""

_NO_CALLS = SUPPRESSED | CLAIMS.keys() | {"suppress_language_model_instrumentation", OWNED}


def suppresses_calls(here: context.Context) -> bool:
    """Whether calls made in ``here`` are not to be recorded."""
    return not _NO_CALLS.isdisjoint(here) and any(here.get(key) for key in _NO_CALLS)


def suppresses_all(here: context.Context) -> bool:
    """Whether nothing at all is to be recorded in ``here``, agents and tools included."""
    return not SUPPRESSED.isdisjoint(here) and any(here.get(key) for key in SUPPRESSED)


def claimed(here: context.Context, call: object) -> context.Context:
    """``here`` for the library that ``call`` goes through: what is instrumented beneath leaves it to ``call``, be it by
    llmotel or by OpenTelemetry's own GenAI packages, where there are any."""
    return context.Context({**here, **_claims(), OWNED: call})


def _claims() -> dict[str, Any]:
    module = sys.modules.get("opentelemetry.util.genai.invocation")
    if module is None:
        return {}
    try:
        return {key: getattr(module, name)() for key, name in CLAIMS.items()}
    except Exception:  # a version that keeps something else: it records the call as well
        return {}


def is_claimed_by_otel(here: context.Context) -> bool:
    """Whether OpenTelemetry's own GenAI packages record the call that is made in ``here``."""
    return not here.get(OWNED) and any(here.get(key) for key in CLAIMS)
