"""What the span of a call of the table has to say: whom it was made to, how it ended, what the provider said."""

from __future__ import annotations

from typing import Any

from opentelemetry.trace import SpanKind, StatusCode

from contract.calling import Seen
from contract.providers import WHOLE, Case
from contract.situations import Situation
from llmotel.testing import ProviderServer


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


def ended(span: Any, case: Case, situation: Situation, seen: Seen, content: bool) -> None:
    """How the call ended is on the span, in the same words for all providers."""
    outcome = situation.failure(case, seen)
    attributes = span.attributes
    broken = situation.is_broken_answer(case)
    told = "server" if broken or (outcome is None and situation.fault == "error_event") else None
    assert attributes.get("llmotel.outcome") == (outcome or told)
    assert attributes.get("llmotel.stream.outcome") == situation.ended(case, seen)
    assert (span.status.status_code is StatusCode.ERROR) == (outcome is not None)
    if outcome is None:
        if told and not broken:  # by the Responses API, whose errors in a stream raise nothing
            assert attributes["gen_ai.response.finish_reasons"] == ("error",)
        code = "malformed_response" if broken else case.provider.stream_error_type
        assert attributes.get("error.type") == (code if told else None)
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
    told = str(seen.error) if content else kind.__name__  # what a provider says may quote the question
    assert span.status.description.startswith(told or kind.__name__)


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
    assert attributes["llmotel.usage.source"] == (
        "missing" if expected["gen_ai.usage.input_tokens"] is None else "provider"
    )
    assert "llmotel.usage.partial" not in attributes
    assert attributes.get("gen_ai.response.finish_reasons") == case.shape.finish_reasons
    if isinstance(body, dict):
        assert attributes.get("gen_ai.response.id") == body.get(case.provider.id_key)
        assert attributes.get("gen_ai.response.model") == body.get(case.provider.model_key)
    if case.shape.form != WHOLE:
        assert attributes["gen_ai.response.time_to_first_chunk"] > 0
        assert attributes["llmotel.stream.chunks"] > 0
