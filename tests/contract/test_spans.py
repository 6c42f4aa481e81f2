"""One span per call, however it is made and however it ends: named, described, ended, and gone from the context."""

from __future__ import annotations

from typing import Any

import pytest
from opentelemetry import context, trace
from opentelemetry.trace import SpanKind, StatusCode

from contract.calling import Seen, performed
from contract.providers import HELPER, PROVIDERS, WHOLE, Case, Provider, make_client
from contract.situations import Held, Situation, by_id, crossings
from llmotel.testing import ProviderServer
from telemetry import Telemetry


@pytest.mark.parametrize(("case", "situation"), crossings(), ids=by_id)
def test_a_call_is_one_span(
    case: Case, situation: Situation, server: ProviderServer, telemetry: Telemetry, held: Held
) -> None:
    server.script(situation.script(case, held))
    tracer = telemetry.recording.tracer_provider.get_tracer("application")
    with tracer.start_as_current_span("request") as parent:
        before = context.get_current()
        seen = performed(case, server, situation.ending, timeout=situation.timeout, reached=held.reached)
        assert context.get_current() == before
    [span] = [span for span in telemetry.spans if span.name != "request"]
    assert span.parent == parent.get_span_context()
    assert span.start_time <= span.end_time
    identified(span, case, server)
    ended(span, case, situation, seen)
    if situation.complete(seen):
        answered(span, case)


def identified(span: Any, case: Case, server: ProviderServer) -> None:
    """Whom the call was made to is on the span, whatever became of it."""
    model = case.shape.arguments().get("model")
    assert span.kind is SpanKind.CLIENT
    assert span.name == (f"{case.shape.operation} {model}" if model else case.shape.operation)
    expected = {
        "gen_ai.operation.name": case.shape.operation,
        "gen_ai.provider.name": case.provider.name,
        "gen_ai.request.model": model,
        "gen_ai.request.stream": True if case.shape.form != WHOLE else None,
        "server.address": "127.0.0.1",
        "server.port": int(server.url.rpartition(":")[2]),
    }
    assert {name: span.attributes.get(name) for name in expected} == expected


def ended(span: Any, case: Case, situation: Situation, seen: Seen) -> None:
    """How the call ended is on the span, in the same words for all providers."""
    outcome = situation.failure(case, seen)
    attributes = span.attributes
    assert attributes.get("llmotel.outcome") == outcome
    assert attributes.get("llmotel.stream.outcome") == situation.ended(case, seen)
    assert (span.status.status_code is StatusCode.ERROR) == (outcome is not None)
    if outcome is None:
        assert "error.type" not in attributes
        assert span.status.description is None
        return
    kind = type(seen.error)
    if situation.status != 200:
        assert attributes["error.type"] == case.provider.error_types[situation.status]
        assert attributes["http.response.status_code"] == situation.status
    elif situation.fault == "error_event":
        assert attributes["error.type"] == case.provider.stream_error_type
    else:
        assert attributes["error.type"] == f"{kind.__module__}.{kind.__qualname__}"
    assert span.status.description.startswith(kind.__name__)


def answered(span: Any, case: Case) -> None:
    """What the provider said is on the span."""
    body, attributes = case.shape.body, span.attributes
    tokens = case.shape.tokens(body)
    expected = {
        "gen_ai.usage.input_tokens": tokens.input,
        "gen_ai.usage.output_tokens": tokens.output,
        "gen_ai.usage.cache_read.input_tokens": tokens.cache_read,
        "gen_ai.usage.cache_write.input_tokens": tokens.cache_write,
        "gen_ai.usage.reasoning.output_tokens": tokens.reasoning,
    }
    if not case.shape.usage_in_stream:
        expected = dict.fromkeys(expected)
    assert {name: attributes.get(name) for name in expected} == expected
    assert attributes["llmotel.usage.source"] == ("missing" if expected["gen_ai.usage.input_tokens"] is None else "provider")
    assert "llmotel.usage.partial" not in attributes
    assert attributes.get("gen_ai.response.finish_reasons") == case.shape.finish_reasons
    if isinstance(body, dict):
        assert attributes.get("gen_ai.response.id") == body.get("id")
        assert attributes.get("gen_ai.response.model") == body.get("model")
    if case.shape.form != WHOLE:
        assert attributes["gen_ai.response.time_to_first_chunk"] > 0
        assert attributes["llmotel.stream.chunks"] > 0
