"""Whole spans of OpenAI's client, with every attribute; for some calls the events and metrics too.

After a change that is meant: ``pytest tests/contract/test_snapshots_openai.py --inline-snapshot=fix``, and read the diff.
"""

from __future__ import annotations

from typing import Any

import pytest
from inline_snapshot import snapshot
from packaging.version import Version

from contract.providers import OPENAI
from contract.scenarios import Scenario, named, observe
from llmotel.testing import ProviderServer
from transport import httpx

_LIMIT = "Rate limit reached for gpt-4.1 on requests per min (RPM): Limit 500."
_SHORT = f"Error code: 429 - {_LIMIT}"
_LONG = (
    "Error code: 429 - "
    f"{{'error': {{'message': '{_LIMIT}', 'type': 'requests', 'param': None, 'code': 'rate_limit_exceeded'}}}}"
)

# What openai said otherwise before a version, by title: the texts of then with those of the snapshot.
EARLIER: dict[str, tuple[str, dict[str, str]]] = {
    "a stream cut off by the network": (
        "3.14",
        {
            f"{httpx.__name__}.RemoteProtocolError": "openai.APIConnectionError",
            "ERROR: RemoteProtocolError": "ERROR: APIConnectionError",
        },
    ),
    "a rate limit with content": ("3.38", {f"{start}{_LONG}": f"{start}{_SHORT}" for start in ("", "ERROR: ")}),
}
TOLD = ("a chat completion", "a stream", "a rate limit with content", "web search with citations", "embeddings")


@pytest.mark.parametrize("scenario", named("openai"))
def test_the_span_of(scenario: Scenario, server: ProviderServer) -> None:
    assert as_now(scenario, observe(scenario, server).spans) == SPANS[scenario.title]


@pytest.mark.parametrize("scenario", [one for one in named("openai") if one.id in TOLD])
def test_the_events_of(scenario: Scenario, server: ProviderServer) -> None:
    assert as_now(scenario, observe(scenario, server).events) == EVENTS[scenario.title]


@pytest.mark.parametrize("scenario", [one for one in named("openai") if one.id in TOLD])
def test_the_metrics_of(scenario: Scenario, server: ProviderServer) -> None:
    assert observe(scenario, server).metrics == METRICS[scenario.title]


def as_now(scenario: Scenario, told: Any) -> Any:
    """``told`` as it is with the newest version of openai."""
    before, texts = EARLIER.get(scenario.title, ("0", {}))
    return _replaced(told, texts) if OPENAI.version < Version(before) else told


def _replaced(value: Any, texts: dict[str, str]) -> Any:
    if isinstance(value, dict):
        return {name: _replaced(inner, texts) for name, inner in value.items()}
    if isinstance(value, list):
        return [_replaced(inner, texts) for inner in value]
    return texts.get(value, value) if isinstance(value, str) else value


SPANS: Any = snapshot(
    {
        "a chat completion": [
            {
                "name": "chat gpt-4.1",
                "kind": "CLIENT",
                "status": "UNSET",
                "attributes": {
                    "gen_ai.operation.name": "chat",
                    "gen_ai.provider.name": "openai",
                    "gen_ai.request.model": "gpt-4.1",
                    "server.address": "api.openai.com",
                    "server.port": 443,
                    "gen_ai.response.id": "chatcmpl-ycZThjfiJs6AH6CD1dEP1DJDqkFww",
                    "gen_ai.response.model": "gpt-4.1-2025-04-14",
                    "gen_ai.response.finish_reasons": ["stop"],
                    "gen_ai.usage.input_tokens": 1200,
                    "gen_ai.usage.output_tokens": 87,
                    "gen_ai.usage.cache_read.input_tokens": 1024,
                    "gen_ai.usage.reasoning.output_tokens": 0,
                    "gen_ai.usage.cost.amount": 0.00156,
                    "gen_ai.usage.cost.currency": "USD",
                    "gen_ai.usage.cost.source": "local",
                    "llmotel.cost.input": 0.000864,
                    "llmotel.cost.output": 0.000696,
                    "llmotel.cost.uncached": 0.003096,
                    "llmotel.cost.table": "genai-prices 0.2.3",
                    "llmotel.usage.source": "provider",
                    "openai.api.type": "chat_completions",
                    "gen_ai.request.frequency_penalty": 0.1,
                    "gen_ai.request.max_tokens": 200,
                    "gen_ai.request.presence_penalty": 0.2,
                    "gen_ai.request.seed": 7,
                    "gen_ai.request.temperature": 0.2,
                    "gen_ai.request.top_p": 0.9,
                    "gen_ai.request.stop_sequences": ["END"],
                    "openai.request.service_tier": "flex",
                    "openai.response.service_tier": "flex",
                    "openai.response.system_fingerprint": "fp_21dafaa581",
                },
            }
        ],
        "a chat completion with content": [
            {
                "name": "chat gpt-4.1",
                "kind": "CLIENT",
                "status": "UNSET",
                "attributes": {
                    "gen_ai.operation.name": "chat",
                    "gen_ai.provider.name": "openai",
                    "gen_ai.request.model": "gpt-4.1",
                    "server.address": "api.openai.com",
                    "server.port": 443,
                    "gen_ai.response.id": "chatcmpl-ycZThjfiJs6AH6CD1dEP1DJDqkFww",
                    "gen_ai.response.model": "gpt-4.1-2025-04-14",
                    "gen_ai.response.finish_reasons": ["stop"],
                    "gen_ai.usage.input_tokens": 24,
                    "gen_ai.usage.output_tokens": 8,
                    "gen_ai.usage.cache_read.input_tokens": 0,
                    "gen_ai.usage.reasoning.output_tokens": 0,
                    "gen_ai.usage.cost.amount": 0.000112,
                    "gen_ai.usage.cost.currency": "USD",
                    "gen_ai.usage.cost.source": "local",
                    "llmotel.cost.input": 4.8e-05,
                    "llmotel.cost.output": 6.4e-05,
                    "llmotel.cost.table": "genai-prices 0.2.3",
                    "llmotel.usage.source": "provider",
                    "openai.api.type": "chat_completions",
                    "openai.response.service_tier": "default",
                    "openai.response.system_fingerprint": "fp_21dafaa581",
                    "gen_ai.input.messages": '[{"role":"user","parts":[{"type":"text","content":"What is the capital of France?"}]}]',
                    "gen_ai.output.messages": '[{"role":"assistant","parts":[{"type":"text","content":"Paris is the capital of France."}],"finish_reason":"stop"}]',
                },
            }
        ],
        "a tool call with content": [
            {
                "name": "chat gpt-4.1",
                "kind": "CLIENT",
                "status": "UNSET",
                "attributes": {
                    "gen_ai.operation.name": "chat",
                    "gen_ai.provider.name": "openai",
                    "gen_ai.request.model": "gpt-4.1",
                    "server.address": "api.openai.com",
                    "server.port": 443,
                    "gen_ai.response.id": "chatcmpl-EqSCQy0HhycohNXOLFAgdX36GPpDP",
                    "gen_ai.response.model": "gpt-4.1-2025-04-14",
                    "gen_ai.response.finish_reasons": ["tool_call"],
                    "gen_ai.usage.input_tokens": 64,
                    "gen_ai.usage.output_tokens": 17,
                    "gen_ai.usage.cache_read.input_tokens": 0,
                    "gen_ai.usage.reasoning.output_tokens": 0,
                    "gen_ai.usage.cost.amount": 0.000264,
                    "gen_ai.usage.cost.currency": "USD",
                    "gen_ai.usage.cost.source": "local",
                    "llmotel.cost.input": 0.000128,
                    "llmotel.cost.output": 0.000136,
                    "llmotel.cost.table": "genai-prices 0.2.3",
                    "llmotel.usage.source": "provider",
                    "openai.api.type": "chat_completions",
                    "openai.response.service_tier": "default",
                    "openai.response.system_fingerprint": "fp_21dafaa581",
                    "gen_ai.input.messages": '[{"role":"user","parts":[{"type":"text","content":"Weather in Paris?"}]}]',
                    "gen_ai.output.messages": '[{"role":"assistant","parts":[{"type":"tool_call","id":"call_GE9qaVKQikwfAulYrMqa871J","name":"get_weather","arguments":{"city":"Paris"}}],"finish_reason":"tool_call"}]',
                    "gen_ai.tool.definitions": '[{"type":"function","name":"get_weather"}]',
                },
            }
        ],
        "structured output, parsed": [
            {
                "name": "chat gpt-4.1",
                "kind": "CLIENT",
                "status": "UNSET",
                "attributes": {
                    "gen_ai.operation.name": "chat",
                    "gen_ai.provider.name": "openai",
                    "gen_ai.request.model": "gpt-4.1",
                    "server.address": "api.openai.com",
                    "server.port": 443,
                    "gen_ai.response.id": "chatcmpl-wY7XAcsQw6Fn8ZFM5Xin1P43ycQ4K",
                    "gen_ai.response.model": "gpt-4.1-2025-04-14",
                    "gen_ai.response.finish_reasons": ["stop"],
                    "gen_ai.usage.input_tokens": 90,
                    "gen_ai.usage.output_tokens": 12,
                    "gen_ai.usage.cache_read.input_tokens": 0,
                    "gen_ai.usage.reasoning.output_tokens": 0,
                    "gen_ai.usage.cost.amount": 0.000276,
                    "gen_ai.usage.cost.currency": "USD",
                    "gen_ai.usage.cost.source": "local",
                    "llmotel.cost.input": 0.00017999999999999998,
                    "llmotel.cost.output": 9.6e-05,
                    "llmotel.cost.table": "genai-prices 0.2.3",
                    "llmotel.usage.source": "provider",
                    "openai.api.type": "chat_completions",
                    "gen_ai.output.type": "json",
                    "openai.response.service_tier": "default",
                    "openai.response.system_fingerprint": "fp_21dafaa581",
                },
            }
        ],
        "two choices with reasoning": [
            {
                "name": "chat o4-mini",
                "kind": "CLIENT",
                "status": "UNSET",
                "attributes": {
                    "gen_ai.operation.name": "chat",
                    "gen_ai.provider.name": "openai",
                    "gen_ai.request.model": "o4-mini",
                    "server.address": "api.openai.com",
                    "server.port": 443,
                    "gen_ai.response.id": "chatcmpl-Ee00VM4y3zwdPymKinDMQS4V4nj3u",
                    "gen_ai.response.model": "o4-mini-2025-04-16",
                    "gen_ai.response.finish_reasons": ["stop", "stop"],
                    "gen_ai.usage.input_tokens": 24,
                    "gen_ai.usage.output_tokens": 300,
                    "gen_ai.usage.cache_read.input_tokens": 0,
                    "gen_ai.usage.reasoning.output_tokens": 256,
                    "gen_ai.usage.cost.amount": 0.0013464,
                    "gen_ai.usage.cost.currency": "USD",
                    "gen_ai.usage.cost.source": "local",
                    "llmotel.cost.input": 2.64e-05,
                    "llmotel.cost.output": 0.00132,
                    "llmotel.cost.table": "genai-prices 0.2.3",
                    "llmotel.usage.source": "provider",
                    "openai.api.type": "chat_completions",
                    "gen_ai.request.reasoning.level": "low",
                    "gen_ai.request.choice.count": 2,
                    "openai.response.service_tier": "default",
                    "openai.response.system_fingerprint": "fp_43ad9e1d4c",
                },
            }
        ],
        "audio in and out": [
            {
                "name": "chat gpt-4o-audio-preview",
                "kind": "CLIENT",
                "status": "UNSET",
                "attributes": {
                    "gen_ai.operation.name": "chat",
                    "gen_ai.provider.name": "openai",
                    "gen_ai.request.model": "gpt-4o-audio-preview",
                    "server.address": "api.openai.com",
                    "server.port": 443,
                    "gen_ai.response.id": "chatcmpl-gtkm6uJmONuZkpGlmhc1DQtKBcFZ1",
                    "gen_ai.response.model": "gpt-4o-audio-preview",
                    "gen_ai.response.finish_reasons": ["stop"],
                    "gen_ai.usage.input_tokens": 300,
                    "gen_ai.usage.output_tokens": 200,
                    "gen_ai.usage.cache_read.input_tokens": 0,
                    "gen_ai.usage.reasoning.output_tokens": 0,
                    "gen_ai.usage.audio.input_tokens": 180,
                    "gen_ai.usage.audio.output_tokens": 150,
                    "gen_ai.usage.cost.amount": 0.00275,
                    "gen_ai.usage.cost.currency": "USD",
                    "gen_ai.usage.cost.source": "local",
                    "llmotel.cost.input": 0.00075,
                    "llmotel.cost.output": 0.002,
                    "llmotel.cost.table": "genai-prices 0.2.3",
                    "llmotel.usage.source": "provider",
                    "openai.api.type": "chat_completions",
                    "gen_ai.output.type": "speech",
                    "openai.response.service_tier": "default",
                    "openai.response.system_fingerprint": "fp_4470e05037",
                },
            }
        ],
        "web search with citations": [
            {
                "name": "chat gpt-4o-search-preview",
                "kind": "CLIENT",
                "status": "UNSET",
                "attributes": {
                    "gen_ai.operation.name": "chat",
                    "gen_ai.provider.name": "openai",
                    "gen_ai.request.model": "gpt-4o-search-preview",
                    "server.address": "api.openai.com",
                    "server.port": 443,
                    "gen_ai.response.id": "chatcmpl-NLFvE23y0CXGR0UhnSf2UuWKsjLTm",
                    "gen_ai.response.model": "gpt-4o-search-preview-2025-03-11",
                    "gen_ai.response.finish_reasons": ["stop"],
                    "gen_ai.usage.input_tokens": 24,
                    "gen_ai.usage.output_tokens": 8,
                    "gen_ai.usage.cache_read.input_tokens": 0,
                    "gen_ai.usage.reasoning.output_tokens": 0,
                    "gen_ai.usage.cost.amount": 0.00014000000000000001,
                    "gen_ai.usage.cost.currency": "USD",
                    "gen_ai.usage.cost.source": "local",
                    "llmotel.cost.input": 6.000000000000001e-05,
                    "llmotel.cost.output": 8e-05,
                    "llmotel.cost.table": "genai-prices 0.2.3",
                    "llmotel.usage.source": "provider",
                    "llmotel.grounding.method": "citation_coverage",
                    "llmotel.grounding.citation_count": 1,
                    "llmotel.grounding.source_count": 1,
                    "llmotel.grounding.score": 1.0,
                    "openai.api.type": "chat_completions",
                    "openai.response.service_tier": "default",
                    "openai.response.system_fingerprint": "fp_3941b0f515",
                },
            }
        ],
        "a stream": [
            {
                "name": "chat gpt-4.1",
                "kind": "CLIENT",
                "status": "UNSET",
                "attributes": {
                    "gen_ai.operation.name": "chat",
                    "gen_ai.provider.name": "openai",
                    "gen_ai.request.model": "gpt-4.1",
                    "server.address": "api.openai.com",
                    "server.port": 443,
                    "gen_ai.request.stream": True,
                    "gen_ai.response.id": "chatcmpl-ycZThjfiJs6AH6CD1dEP1DJDqkFww",
                    "gen_ai.response.model": "gpt-4.1-2025-04-14",
                    "gen_ai.response.finish_reasons": ["stop"],
                    "gen_ai.usage.input_tokens": 24,
                    "gen_ai.usage.output_tokens": 8,
                    "gen_ai.usage.cache_read.input_tokens": 0,
                    "gen_ai.usage.reasoning.output_tokens": 0,
                    "gen_ai.usage.cost.amount": 0.000112,
                    "gen_ai.usage.cost.currency": "USD",
                    "gen_ai.usage.cost.source": "local",
                    "llmotel.cost.input": 4.8e-05,
                    "llmotel.cost.output": 6.4e-05,
                    "llmotel.cost.table": "genai-prices 0.2.3",
                    "llmotel.usage.source": "provider",
                    "openai.api.type": "chat_completions",
                    "openai.response.service_tier": "default",
                    "openai.response.system_fingerprint": "fp_21dafaa581",
                    "gen_ai.response.time_to_first_chunk": "<seconds>",
                    "llmotel.stream.outcome": "completed",
                    "llmotel.stream.chunks": 9,
                },
            }
        ],
        "a stream without usage": [
            {
                "name": "chat gpt-4.1",
                "kind": "CLIENT",
                "status": "UNSET",
                "attributes": {
                    "gen_ai.operation.name": "chat",
                    "gen_ai.provider.name": "openai",
                    "gen_ai.request.model": "gpt-4.1",
                    "server.address": "api.openai.com",
                    "server.port": 443,
                    "gen_ai.request.stream": True,
                    "gen_ai.response.id": "chatcmpl-ycZThjfiJs6AH6CD1dEP1DJDqkFww",
                    "gen_ai.response.model": "gpt-4.1-2025-04-14",
                    "gen_ai.response.finish_reasons": ["stop"],
                    "gen_ai.usage.input_tokens": 24,
                    "gen_ai.usage.output_tokens": 8,
                    "gen_ai.usage.cache_read.input_tokens": 0,
                    "gen_ai.usage.reasoning.output_tokens": 0,
                    "gen_ai.usage.cost.amount": 0.000112,
                    "gen_ai.usage.cost.currency": "USD",
                    "gen_ai.usage.cost.source": "local",
                    "llmotel.cost.input": 4.8e-05,
                    "llmotel.cost.output": 6.4e-05,
                    "llmotel.cost.table": "genai-prices 0.2.3",
                    "llmotel.usage.source": "injected",
                    "openai.api.type": "chat_completions",
                    "openai.response.service_tier": "default",
                    "openai.response.system_fingerprint": "fp_21dafaa581",
                    "gen_ai.response.time_to_first_chunk": "<seconds>",
                    "llmotel.stream.outcome": "completed",
                    "llmotel.stream.chunks": 8,
                },
            }
        ],
        "a stream without usage, injected": [
            {
                "name": "chat gpt-4.1",
                "kind": "CLIENT",
                "status": "UNSET",
                "attributes": {
                    "gen_ai.operation.name": "chat",
                    "gen_ai.provider.name": "openai",
                    "gen_ai.request.model": "gpt-4.1",
                    "server.address": "api.openai.com",
                    "server.port": 443,
                    "gen_ai.request.stream": True,
                    "gen_ai.response.id": "chatcmpl-ycZThjfiJs6AH6CD1dEP1DJDqkFww",
                    "gen_ai.response.model": "gpt-4.1-2025-04-14",
                    "gen_ai.response.finish_reasons": ["stop"],
                    "gen_ai.usage.input_tokens": 24,
                    "gen_ai.usage.output_tokens": 8,
                    "gen_ai.usage.cache_read.input_tokens": 0,
                    "gen_ai.usage.reasoning.output_tokens": 0,
                    "gen_ai.usage.cost.amount": 0.000112,
                    "gen_ai.usage.cost.currency": "USD",
                    "gen_ai.usage.cost.source": "local",
                    "llmotel.cost.input": 4.8e-05,
                    "llmotel.cost.output": 6.4e-05,
                    "llmotel.cost.table": "genai-prices 0.2.3",
                    "llmotel.usage.source": "injected",
                    "openai.api.type": "chat_completions",
                    "openai.response.service_tier": "default",
                    "openai.response.system_fingerprint": "fp_21dafaa581",
                    "gen_ai.response.time_to_first_chunk": "<seconds>",
                    "llmotel.stream.outcome": "completed",
                    "llmotel.stream.chunks": 8,
                },
            }
        ],
        "a stream without usage, estimated": [
            {
                "name": "chat gpt-4.1",
                "kind": "CLIENT",
                "status": "UNSET",
                "attributes": {
                    "gen_ai.operation.name": "chat",
                    "gen_ai.provider.name": "openai",
                    "gen_ai.request.model": "gpt-4.1",
                    "server.address": "api.openai.com",
                    "server.port": 443,
                    "gen_ai.request.stream": True,
                    "gen_ai.response.id": "chatcmpl-ycZThjfiJs6AH6CD1dEP1DJDqkFww",
                    "gen_ai.response.model": "gpt-4.1-2025-04-14",
                    "gen_ai.response.finish_reasons": ["stop"],
                    "llmotel.usage.source": "estimated",
                    "openai.api.type": "chat_completions",
                    "openai.response.service_tier": "default",
                    "openai.response.system_fingerprint": "fp_21dafaa581",
                    "llmotel.usage.estimated.input_tokens": 8,
                    "llmotel.usage.estimated.output_tokens": 8,
                    "gen_ai.response.time_to_first_chunk": "<seconds>",
                    "llmotel.stream.outcome": "completed",
                    "llmotel.stream.chunks": 8,
                },
            }
        ],
        "a stream closed early": [
            {
                "name": "chat gpt-4.1",
                "kind": "CLIENT",
                "status": "UNSET",
                "attributes": {
                    "gen_ai.operation.name": "chat",
                    "gen_ai.provider.name": "openai",
                    "gen_ai.request.model": "gpt-4.1",
                    "server.address": "api.openai.com",
                    "server.port": 443,
                    "gen_ai.request.stream": True,
                    "gen_ai.response.id": "chatcmpl-ycZThjfiJs6AH6CD1dEP1DJDqkFww",
                    "gen_ai.response.model": "gpt-4.1-2025-04-14",
                    "llmotel.usage.source": "missing",
                    "openai.api.type": "chat_completions",
                    "openai.response.service_tier": "default",
                    "openai.response.system_fingerprint": "fp_21dafaa581",
                    "gen_ai.response.time_to_first_chunk": "<seconds>",
                    "llmotel.stream.outcome": "closed",
                    "llmotel.stream.chunks": 3,
                },
            }
        ],
        "a stream cut off by the network": [
            {
                "name": "chat gpt-4.1",
                "kind": "CLIENT",
                "status": "ERROR: APIConnectionError",
                "attributes": {
                    "gen_ai.operation.name": "chat",
                    "gen_ai.provider.name": "openai",
                    "gen_ai.request.model": "gpt-4.1",
                    "server.address": "api.openai.com",
                    "server.port": 443,
                    "gen_ai.request.stream": True,
                    "gen_ai.response.id": "chatcmpl-ycZThjfiJs6AH6CD1dEP1DJDqkFww",
                    "gen_ai.response.model": "gpt-4.1-2025-04-14",
                    "llmotel.usage.source": "missing",
                    "openai.api.type": "chat_completions",
                    "openai.response.service_tier": "default",
                    "openai.response.system_fingerprint": "fp_21dafaa581",
                    "gen_ai.response.time_to_first_chunk": "<seconds>",
                    "llmotel.stream.outcome": "error",
                    "llmotel.stream.chunks": 2,
                    "error.type": "openai.APIConnectionError",
                    "llmotel.outcome": "network",
                    "gen_ai.response.finish_reasons": ["error"],
                },
            }
        ],
        "a rate limit": [
            {
                "name": "chat gpt-4.1",
                "kind": "CLIENT",
                "status": "ERROR: RateLimitError: 429 rate_limit_exceeded",
                "attributes": {
                    "gen_ai.operation.name": "chat",
                    "gen_ai.provider.name": "openai",
                    "gen_ai.request.model": "gpt-4.1",
                    "server.address": "api.openai.com",
                    "server.port": 443,
                    "llmotel.usage.source": "missing",
                    "openai.api.type": "chat_completions",
                    "error.type": "rate_limit_exceeded",
                    "llmotel.outcome": "rate_limit",
                    "http.response.status_code": 429,
                },
            }
        ],
        "a rate limit with content": [
            {
                "name": "chat gpt-4.1",
                "kind": "CLIENT",
                "status": "ERROR: Error code: 429 - Rate limit reached for gpt-4.1 on requests per min (RPM): Limit 500.",
                "attributes": {
                    "gen_ai.operation.name": "chat",
                    "gen_ai.provider.name": "openai",
                    "gen_ai.request.model": "gpt-4.1",
                    "server.address": "api.openai.com",
                    "server.port": 443,
                    "llmotel.usage.source": "missing",
                    "openai.api.type": "chat_completions",
                    "error.type": "rate_limit_exceeded",
                    "llmotel.outcome": "rate_limit",
                    "http.response.status_code": 429,
                    "gen_ai.input.messages": '[{"role":"user","parts":[{"type":"text","content":"What is the capital of France?"}]}]',
                },
            }
        ],
        "a refused connection": [
            {
                "name": "chat gpt-4.1",
                "kind": "CLIENT",
                "status": "ERROR: APIConnectionError",
                "attributes": {
                    "gen_ai.operation.name": "chat",
                    "gen_ai.provider.name": "openai",
                    "gen_ai.request.model": "gpt-4.1",
                    "server.address": "api.openai.com",
                    "server.port": 443,
                    "llmotel.usage.source": "missing",
                    "openai.api.type": "chat_completions",
                    "error.type": "openai.APIConnectionError",
                    "llmotel.outcome": "network",
                },
            }
        ],
        "a prompt filtered by Azure": [
            {
                "name": "chat my-deployment",
                "kind": "CLIENT",
                "status": "ERROR: BadRequestError: 400 content_filter",
                "attributes": {
                    "gen_ai.operation.name": "chat",
                    "gen_ai.provider.name": "azure.ai.openai",
                    "gen_ai.request.model": "my-deployment",
                    "server.address": "my-resource.openai.azure.com",
                    "server.port": 443,
                    "llmotel.usage.source": "missing",
                    "openai.api.type": "chat_completions",
                    "error.type": "content_filter",
                    "llmotel.outcome": "content_filter",
                    "http.response.status_code": 400,
                },
            }
        ],
        "Azure": [
            {
                "name": "chat my-deployment",
                "kind": "CLIENT",
                "status": "UNSET",
                "attributes": {
                    "gen_ai.operation.name": "chat",
                    "gen_ai.provider.name": "azure.ai.openai",
                    "gen_ai.request.model": "my-deployment",
                    "server.address": "my-resource.openai.azure.com",
                    "server.port": 443,
                    "gen_ai.response.id": "chatcmpl-Ey4nR9tA8cDkAdlukDP5J4SPhON4R",
                    "gen_ai.response.model": "gpt-4o-2024-11-20",
                    "gen_ai.response.finish_reasons": ["stop"],
                    "gen_ai.usage.input_tokens": 24,
                    "gen_ai.usage.output_tokens": 8,
                    "gen_ai.usage.cache_read.input_tokens": 0,
                    "gen_ai.usage.reasoning.output_tokens": 0,
                    "gen_ai.usage.cost.amount": 0.00014000000000000001,
                    "gen_ai.usage.cost.currency": "USD",
                    "gen_ai.usage.cost.source": "local",
                    "llmotel.cost.input": 6.000000000000001e-05,
                    "llmotel.cost.output": 8e-05,
                    "llmotel.cost.table": "genai-prices 0.2.3",
                    "llmotel.usage.source": "provider",
                    "openai.api.type": "chat_completions",
                    "openai.response.service_tier": "default",
                    "openai.response.system_fingerprint": "fp_8ed5d80291",
                },
            }
        ],
        "OpenRouter, which tells the cost": [
            {
                "name": "chat openai/gpt-4.1",
                "kind": "CLIENT",
                "status": "UNSET",
                "attributes": {
                    "gen_ai.operation.name": "chat",
                    "gen_ai.provider.name": "openrouter",
                    "gen_ai.request.model": "openai/gpt-4.1",
                    "server.address": "openrouter.ai",
                    "server.port": 443,
                    "gen_ai.response.id": "gen-1767225600-QSRATbKBKFmDnNaCIiJg",
                    "gen_ai.response.model": "openai/gpt-4.1",
                    "gen_ai.response.finish_reasons": ["stop"],
                    "gen_ai.usage.input_tokens": 24,
                    "gen_ai.usage.output_tokens": 8,
                    "gen_ai.usage.cache_read.input_tokens": 0,
                    "gen_ai.usage.reasoning.output_tokens": 0,
                    "gen_ai.usage.cost.amount": 0.00011,
                    "gen_ai.usage.cost.currency": "USD",
                    "gen_ai.usage.cost.source": "provider",
                    "llmotel.cost.local": 0.000112,
                    "llmotel.usage.source": "provider",
                    "openai.api.type": "chat_completions",
                    "openai.response.service_tier": "default",
                    "openai.response.system_fingerprint": "fp_9ea01b4635",
                },
            }
        ],
        "Perplexity, which lists its sources": [
            {
                "name": "chat sonar",
                "kind": "CLIENT",
                "status": "UNSET",
                "attributes": {
                    "gen_ai.operation.name": "chat",
                    "gen_ai.provider.name": "perplexity",
                    "gen_ai.request.model": "sonar",
                    "server.address": "api.perplexity.ai",
                    "server.port": 443,
                    "gen_ai.response.id": "chatcmpl-OJw9IG0QdIHlOz3yfS3XpBgVgzJUv",
                    "gen_ai.response.model": "sonar",
                    "gen_ai.response.finish_reasons": ["stop"],
                    "gen_ai.usage.input_tokens": 8,
                    "gen_ai.usage.output_tokens": 14,
                    "gen_ai.usage.cache_read.input_tokens": 0,
                    "gen_ai.usage.reasoning.output_tokens": 0,
                    "gen_ai.usage.cost.amount": 0.012022,
                    "gen_ai.usage.cost.currency": "USD",
                    "gen_ai.usage.cost.source": "local",
                    "llmotel.cost.input": 8e-06,
                    "llmotel.cost.output": 1.4e-05,
                    "llmotel.cost.tokens": 2.2e-05,
                    "llmotel.cost.requests": 0.012,
                    "llmotel.cost.table": "genai-prices 0.2.3",
                    "llmotel.usage.source": "provider",
                    "llmotel.grounding.method": "citation_coverage",
                    "llmotel.grounding.citation_count": 1,
                    "llmotel.grounding.source_count": 1,
                    "llmotel.grounding.score": 1.0,
                    "openai.api.type": "chat_completions",
                    "openai.response.service_tier": "default",
                    "openai.response.system_fingerprint": "fp_8decebf1fe",
                },
            }
        ],
        "a response": [
            {
                "name": "chat gpt-4.1",
                "kind": "CLIENT",
                "status": "UNSET",
                "attributes": {
                    "gen_ai.operation.name": "chat",
                    "gen_ai.provider.name": "openai",
                    "gen_ai.request.model": "gpt-4.1",
                    "server.address": "api.openai.com",
                    "server.port": 443,
                    "gen_ai.response.id": "resp_a3780ca91124863601435680c61d1e79bfee15f14af52fb33e",
                    "gen_ai.response.model": "gpt-4.1-2025-04-14",
                    "gen_ai.response.finish_reasons": ["stop"],
                    "gen_ai.usage.input_tokens": 1300,
                    "gen_ai.usage.output_tokens": 96,
                    "gen_ai.usage.cache_read.input_tokens": 1152,
                    "gen_ai.usage.cache_write.input_tokens": 0,
                    "gen_ai.usage.reasoning.output_tokens": 64,
                    "gen_ai.usage.cost.amount": 0.00164,
                    "gen_ai.usage.cost.currency": "USD",
                    "gen_ai.usage.cost.source": "local",
                    "llmotel.cost.input": 0.0008719999999999999,
                    "llmotel.cost.output": 0.000768,
                    "llmotel.cost.uncached": 0.003368,
                    "llmotel.cost.table": "genai-prices 0.2.3",
                    "llmotel.usage.source": "provider",
                    "openai.api.type": "responses",
                    "gen_ai.request.max_tokens": 400,
                    "gen_ai.request.previous_response.id": "resp_before",
                    "gen_ai.request.reasoning.level": "low",
                    "openai.response.service_tier": "default",
                },
            }
        ],
        "a response with content": [
            {
                "name": "chat gpt-4.1",
                "kind": "CLIENT",
                "status": "UNSET",
                "attributes": {
                    "gen_ai.operation.name": "chat",
                    "gen_ai.provider.name": "openai",
                    "gen_ai.request.model": "gpt-4.1",
                    "server.address": "api.openai.com",
                    "server.port": 443,
                    "gen_ai.response.id": "resp_8038de8540fbd6295722ec06cf06dba05c8e417ef03e5eaffb",
                    "gen_ai.response.model": "gpt-4.1-2025-04-14",
                    "gen_ai.response.finish_reasons": ["stop"],
                    "gen_ai.usage.input_tokens": 30,
                    "gen_ai.usage.output_tokens": 8,
                    "gen_ai.usage.cache_read.input_tokens": 0,
                    "gen_ai.usage.cache_write.input_tokens": 0,
                    "gen_ai.usage.reasoning.output_tokens": 0,
                    "gen_ai.usage.cost.amount": 0.00012399999999999998,
                    "gen_ai.usage.cost.currency": "USD",
                    "gen_ai.usage.cost.source": "local",
                    "llmotel.cost.input": 5.9999999999999995e-05,
                    "llmotel.cost.output": 6.4e-05,
                    "llmotel.cost.table": "genai-prices 0.2.3",
                    "llmotel.usage.source": "provider",
                    "openai.api.type": "responses",
                    "openai.response.service_tier": "default",
                    "gen_ai.system_instructions": '[{"type":"text","content":"Be brief."}]',
                    "gen_ai.input.messages": '[{"role":"user","parts":[{"type":"text","content":"What is the capital of France?"}]}]',
                    "gen_ai.output.messages": '[{"role":"assistant","parts":[{"type":"text","content":"Paris is the capital of France."}],"finish_reason":"stop"}]',
                },
            }
        ],
        "a response streamed": [
            {
                "name": "chat gpt-4.1",
                "kind": "CLIENT",
                "status": "UNSET",
                "attributes": {
                    "gen_ai.operation.name": "chat",
                    "gen_ai.provider.name": "openai",
                    "gen_ai.request.model": "gpt-4.1",
                    "server.address": "api.openai.com",
                    "server.port": 443,
                    "gen_ai.request.stream": True,
                    "gen_ai.response.id": "resp_8038de8540fbd6295722ec06cf06dba05c8e417ef03e5eaffb",
                    "gen_ai.response.model": "gpt-4.1-2025-04-14",
                    "gen_ai.response.finish_reasons": ["stop"],
                    "gen_ai.usage.input_tokens": 30,
                    "gen_ai.usage.output_tokens": 8,
                    "gen_ai.usage.cache_read.input_tokens": 0,
                    "gen_ai.usage.cache_write.input_tokens": 0,
                    "gen_ai.usage.reasoning.output_tokens": 0,
                    "gen_ai.usage.cost.amount": 0.00012399999999999998,
                    "gen_ai.usage.cost.currency": "USD",
                    "gen_ai.usage.cost.source": "local",
                    "llmotel.cost.input": 5.9999999999999995e-05,
                    "llmotel.cost.output": 6.4e-05,
                    "llmotel.cost.table": "genai-prices 0.2.3",
                    "llmotel.usage.source": "provider",
                    "openai.api.type": "responses",
                    "openai.response.service_tier": "default",
                    "gen_ai.response.time_to_first_chunk": "<seconds>",
                    "llmotel.stream.outcome": "completed",
                    "llmotel.stream.chunks": 14,
                },
            }
        ],
        "a response with file search": [
            {
                "name": "chat gpt-4.1",
                "kind": "CLIENT",
                "status": "UNSET",
                "attributes": {
                    "gen_ai.operation.name": "chat",
                    "gen_ai.provider.name": "openai",
                    "gen_ai.request.model": "gpt-4.1",
                    "server.address": "api.openai.com",
                    "server.port": 443,
                    "gen_ai.response.id": "resp_9cecb85ea9ec3e60ea487378da0da68cd2f0d846b094bea6dd",
                    "gen_ai.response.model": "gpt-4.1-2025-04-14",
                    "gen_ai.response.finish_reasons": ["stop"],
                    "gen_ai.usage.input_tokens": 800,
                    "gen_ai.usage.output_tokens": 20,
                    "gen_ai.usage.cache_read.input_tokens": 0,
                    "gen_ai.usage.cache_write.input_tokens": 0,
                    "gen_ai.usage.reasoning.output_tokens": 0,
                    "gen_ai.usage.cost.amount": 0.0017599999999999998,
                    "gen_ai.usage.cost.currency": "USD",
                    "gen_ai.usage.cost.source": "local",
                    "llmotel.cost.input": 0.0015999999999999999,
                    "llmotel.cost.output": 0.00015999999999999999,
                    "llmotel.cost.table": "genai-prices 0.2.3",
                    "llmotel.usage.source": "provider",
                    "llmotel.grounding.method": "citation_coverage",
                    "llmotel.grounding.citation_count": 1,
                    "llmotel.grounding.source_count": 1,
                    "llmotel.grounding.score": 1.0,
                    "openai.api.type": "responses",
                    "openai.response.service_tier": "default",
                },
            }
        ],
        "a response cut at its limit": [
            {
                "name": "chat gpt-4.1",
                "kind": "CLIENT",
                "status": "UNSET",
                "attributes": {
                    "gen_ai.operation.name": "chat",
                    "gen_ai.provider.name": "openai",
                    "gen_ai.request.model": "gpt-4.1",
                    "server.address": "api.openai.com",
                    "server.port": 443,
                    "gen_ai.response.id": "resp_a93b91abd93a9e637042b5c7778239c53113e43734baf999db",
                    "gen_ai.response.model": "gpt-4.1-2025-04-14",
                    "gen_ai.response.finish_reasons": ["length"],
                    "gen_ai.usage.input_tokens": 30,
                    "gen_ai.usage.output_tokens": 16,
                    "gen_ai.usage.cache_read.input_tokens": 0,
                    "gen_ai.usage.cache_write.input_tokens": 0,
                    "gen_ai.usage.reasoning.output_tokens": 0,
                    "gen_ai.usage.cost.amount": 0.000188,
                    "gen_ai.usage.cost.currency": "USD",
                    "gen_ai.usage.cost.source": "local",
                    "llmotel.cost.input": 5.9999999999999995e-05,
                    "llmotel.cost.output": 0.000128,
                    "llmotel.cost.table": "genai-prices 0.2.3",
                    "llmotel.usage.source": "provider",
                    "openai.api.type": "responses",
                    "gen_ai.request.max_tokens": 16,
                    "openai.response.service_tier": "default",
                },
            }
        ],
        "a response in the background, retrieved later": [
            {
                "name": "chat gpt-4.1",
                "kind": "CLIENT",
                "status": "UNSET",
                "attributes": {
                    "gen_ai.operation.name": "chat",
                    "gen_ai.provider.name": "openai",
                    "gen_ai.request.model": "gpt-4.1",
                    "server.address": "api.openai.com",
                    "server.port": 443,
                    "gen_ai.response.id": "resp_621329e399cb15506b457d46046f5e3c95bfe81be613aab4af",
                    "gen_ai.response.model": "gpt-4.1",
                    "llmotel.usage.source": "missing",
                    "openai.api.type": "responses",
                    "openai.response.service_tier": "auto",
                },
            },
            {
                "name": "fetch_response",
                "kind": "CLIENT",
                "status": "UNSET",
                "attributes": {
                    "gen_ai.operation.name": "fetch_response",
                    "gen_ai.provider.name": "openai",
                    "server.address": "api.openai.com",
                    "server.port": 443,
                    "gen_ai.response.id": "resp_621329e399cb15506b457d46046f5e3c95bfe81be613aab4af",
                    "gen_ai.response.model": "gpt-4.1",
                    "gen_ai.response.finish_reasons": ["stop"],
                    "llmotel.usage.source": "missing",
                    "openai.api.type": "responses",
                    "gen_ai.response.status": "completed",
                },
            },
        ],
        "a legacy completion": [
            {
                "name": "text_completion gpt-3.5-turbo-instruct",
                "kind": "CLIENT",
                "status": "UNSET",
                "attributes": {
                    "gen_ai.operation.name": "text_completion",
                    "gen_ai.provider.name": "openai",
                    "gen_ai.request.model": "gpt-3.5-turbo-instruct",
                    "server.address": "api.openai.com",
                    "server.port": 443,
                    "gen_ai.response.id": "cmpl-CiEPiH4BMz90hzs7cO7LMC3h3WJ8Y",
                    "gen_ai.response.model": "gpt-3.5-turbo-instruct:20230824-v2",
                    "gen_ai.response.finish_reasons": ["stop"],
                    "gen_ai.usage.input_tokens": 5,
                    "gen_ai.usage.output_tokens": 7,
                    "gen_ai.usage.cache_read.input_tokens": 0,
                    "gen_ai.usage.reasoning.output_tokens": 0,
                    "gen_ai.usage.cost.amount": 2.15e-05,
                    "gen_ai.usage.cost.currency": "USD",
                    "gen_ai.usage.cost.source": "local",
                    "llmotel.cost.input": 7.5e-06,
                    "llmotel.cost.output": 1.4e-05,
                    "llmotel.cost.table": "genai-prices 0.2.3",
                    "llmotel.usage.source": "provider",
                    "openai.response.system_fingerprint": "fp_c71c038c70",
                },
            }
        ],
        "embeddings": [
            {
                "name": "embeddings text-embedding-3-small",
                "kind": "CLIENT",
                "status": "UNSET",
                "attributes": {
                    "gen_ai.operation.name": "embeddings",
                    "gen_ai.provider.name": "openai",
                    "gen_ai.request.model": "text-embedding-3-small",
                    "server.address": "api.openai.com",
                    "server.port": 443,
                    "gen_ai.response.model": "text-embedding-3-small",
                    "gen_ai.usage.input_tokens": 6,
                    "gen_ai.usage.cost.amount": 1.2000000000000002e-07,
                    "gen_ai.usage.cost.currency": "USD",
                    "gen_ai.usage.cost.source": "local",
                    "llmotel.cost.input": 1.2000000000000002e-07,
                    "llmotel.cost.output": 0.0,
                    "llmotel.cost.table": "genai-prices 0.2.3",
                    "llmotel.usage.source": "provider",
                    "gen_ai.embeddings.dimension.count": 8,
                    "gen_ai.request.encoding_formats": ["float"],
                },
            }
        ],
        "an image": [
            {
                "name": "generate_content gpt-image-1",
                "kind": "CLIENT",
                "status": "UNSET",
                "attributes": {
                    "gen_ai.operation.name": "generate_content",
                    "gen_ai.provider.name": "openai",
                    "gen_ai.request.model": "gpt-image-1",
                    "server.address": "api.openai.com",
                    "server.port": 443,
                    "gen_ai.usage.input_tokens": 10,
                    "gen_ai.usage.output_tokens": 2112,
                    "gen_ai.usage.image.output_tokens": 2112,
                    "gen_ai.usage.text.input_tokens": 10,
                    "gen_ai.usage.cost.amount": 0.08453000000000001,
                    "gen_ai.usage.cost.currency": "USD",
                    "gen_ai.usage.cost.source": "local",
                    "llmotel.cost.input": 5e-05,
                    "llmotel.cost.output": 0.08448000000000001,
                    "llmotel.cost.table": "genai-prices 0.2.3",
                    "llmotel.usage.source": "provider",
                    "gen_ai.output.type": "image",
                    "gen_ai.request.choice.count": 2,
                },
            }
        ],
        "an image edited": [
            {
                "name": "generate_content gpt-image-1",
                "kind": "CLIENT",
                "status": "UNSET",
                "attributes": {
                    "gen_ai.operation.name": "generate_content",
                    "gen_ai.provider.name": "openai",
                    "gen_ai.request.model": "gpt-image-1",
                    "server.address": "api.openai.com",
                    "server.port": 443,
                    "gen_ai.usage.input_tokens": 335,
                    "gen_ai.usage.output_tokens": 1056,
                    "gen_ai.usage.image.input_tokens": 323,
                    "gen_ai.usage.image.output_tokens": 1056,
                    "gen_ai.usage.text.input_tokens": 12,
                    "gen_ai.usage.cost.amount": 0.04553000000000001,
                    "gen_ai.usage.cost.currency": "USD",
                    "gen_ai.usage.cost.source": "local",
                    "llmotel.cost.input": 0.0032900000000000004,
                    "llmotel.cost.output": 0.04224000000000001,
                    "llmotel.cost.table": "genai-prices 0.2.3",
                    "llmotel.usage.source": "provider",
                    "gen_ai.output.type": "image",
                },
            }
        ],
        "speech": [
            {
                "name": "generate_content gpt-4o-mini-tts",
                "kind": "CLIENT",
                "status": "UNSET",
                "attributes": {
                    "gen_ai.operation.name": "generate_content",
                    "gen_ai.provider.name": "openai",
                    "gen_ai.request.model": "gpt-4o-mini-tts",
                    "server.address": "api.openai.com",
                    "server.port": 443,
                    "llmotel.usage.source": "missing",
                    "gen_ai.output.type": "speech",
                },
            }
        ],
        "a transcription": [
            {
                "name": "generate_content gpt-4o-transcribe",
                "kind": "CLIENT",
                "status": "UNSET",
                "attributes": {
                    "gen_ai.operation.name": "generate_content",
                    "gen_ai.provider.name": "openai",
                    "gen_ai.request.model": "gpt-4o-transcribe",
                    "server.address": "api.openai.com",
                    "server.port": 443,
                    "gen_ai.usage.input_tokens": 14,
                    "gen_ai.usage.output_tokens": 12,
                    "gen_ai.usage.audio.input_tokens": 14,
                    "gen_ai.usage.cost.amount": 0.00020400000000000003,
                    "gen_ai.usage.cost.currency": "USD",
                    "gen_ai.usage.cost.source": "local",
                    "llmotel.cost.input": 8.400000000000001e-05,
                    "llmotel.cost.output": 0.00012000000000000002,
                    "llmotel.cost.table": "genai-prices 0.2.3",
                    "llmotel.usage.source": "provider",
                    "gen_ai.output.type": "text",
                },
            }
        ],
        "a moderation": [
            {
                "name": "moderation omni-moderation-latest",
                "kind": "CLIENT",
                "status": "UNSET",
                "attributes": {
                    "gen_ai.operation.name": "moderation",
                    "gen_ai.provider.name": "openai",
                    "gen_ai.request.model": "omni-moderation-latest",
                    "server.address": "api.openai.com",
                    "server.port": 443,
                    "gen_ai.response.id": "modr-m1xAaKuAJLQck1i5S36hPkL5",
                    "gen_ai.response.model": "omni-moderation-latest",
                    "llmotel.usage.source": "missing",
                },
            }
        ],
        "xAI, which cites what it searched": [
            {
                "name": "chat grok-4",
                "kind": "CLIENT",
                "status": "UNSET",
                "attributes": {
                    "gen_ai.operation.name": "chat",
                    "gen_ai.provider.name": "x_ai",
                    "gen_ai.request.model": "grok-4",
                    "server.address": "api.x.ai",
                    "server.port": 443,
                    "gen_ai.response.id": "chatcmpl-vRiiNiHsfheBWz3DM3cm3h0nZOwcc",
                    "gen_ai.response.model": "grok-4",
                    "gen_ai.response.finish_reasons": ["stop"],
                    "gen_ai.usage.input_tokens": 24,
                    "gen_ai.usage.output_tokens": 87,
                    "gen_ai.usage.cache_read.input_tokens": 0,
                    "gen_ai.usage.reasoning.output_tokens": 64,
                    "gen_ai.usage.cost.amount": 0.001377,
                    "gen_ai.usage.cost.currency": "USD",
                    "gen_ai.usage.cost.source": "local",
                    "llmotel.cost.input": 7.2e-05,
                    "llmotel.cost.output": 0.001305,
                    "llmotel.cost.table": "genai-prices 0.2.3",
                    "llmotel.usage.source": "provider",
                    "llmotel.grounding.method": "citation_coverage",
                    "llmotel.grounding.citation_count": 1,
                    "llmotel.grounding.source_count": 1,
                    "llmotel.grounding.score": 1.0,
                    "openai.api.type": "chat_completions",
                    "openai.response.service_tier": "default",
                    "openai.response.system_fingerprint": "fp_167aa54cbd",
                },
            }
        ],
    }
)

EVENTS: Any = snapshot(
    {
        "a chat completion": [],
        "web search with citations": [
            {
                "name": "gen_ai.evaluation.result",
                "severity": "INFO",
                "attributes": {
                    "gen_ai.evaluation.name": "grounding",
                    "gen_ai.evaluation.score.value": 1.0,
                    "gen_ai.evaluation.score.label": "grounded",
                    "gen_ai.response.id": "chatcmpl-NLFvE23y0CXGR0UhnSf2UuWKsjLTm",
                    "llmotel.grounding.method": "citation_coverage",
                },
            }
        ],
        "a stream": [],
        "a rate limit with content": [
            {
                "name": "gen_ai.client.inference.operation.details",
                "severity": "DEBUG",
                "attributes": {
                    "gen_ai.operation.name": "chat",
                    "gen_ai.provider.name": "openai",
                    "gen_ai.request.model": "gpt-4.1",
                    "server.address": "api.openai.com",
                    "server.port": 443,
                    "llmotel.usage.source": "missing",
                    "openai.api.type": "chat_completions",
                    "error.type": "rate_limit_exceeded",
                    "llmotel.outcome": "rate_limit",
                    "http.response.status_code": 429,
                    "gen_ai.input.messages": [
                        {"role": "user", "parts": [{"type": "text", "content": "What is the capital of France?"}]}
                    ],
                },
            },
            {
                "name": "gen_ai.client.operation.exception",
                "severity": "WARN",
                "attributes": {
                    "exception.type": "openai.RateLimitError",
                    "exception.stacktrace": "<frames>",
                    "exception.message": "Error code: 429 - Rate limit reached for gpt-4.1 on requests per min (RPM): Limit 500.",
                    "gen_ai.operation.name": "chat",
                    "gen_ai.provider.name": "openai",
                    "error.type": "rate_limit_exceeded",
                    "llmotel.outcome": "rate_limit",
                },
            },
        ],
        "embeddings": [],
    }
)

METRICS: Any = snapshot(
    {
        "a chat completion": {
            "gen_ai.client.inference.duration": [
                {
                    "amount": {"count": 1, "sum": "<seconds>"},
                    "attributes": {
                        "gen_ai.operation.name": "chat",
                        "gen_ai.provider.name": "openai",
                        "gen_ai.request.model": "gpt-4.1",
                        "gen_ai.response.model": "gpt-4.1-2025-04-14",
                        "server.address": "api.openai.com",
                        "server.port": 443,
                        "openai.response.service_tier": "flex",
                        "llmotel.library": "openai",
                    },
                }
            ],
            "gen_ai.client.inference.operation.input_tokens": [
                {
                    "amount": {"count": 1, "sum": 1200},
                    "attributes": {
                        "gen_ai.operation.name": "chat",
                        "gen_ai.provider.name": "openai",
                        "gen_ai.request.model": "gpt-4.1",
                        "gen_ai.response.model": "gpt-4.1-2025-04-14",
                        "server.address": "api.openai.com",
                        "server.port": 443,
                        "openai.response.service_tier": "flex",
                        "llmotel.library": "openai",
                    },
                }
            ],
            "gen_ai.client.inference.operation.output_tokens": [
                {
                    "amount": {"count": 1, "sum": 87},
                    "attributes": {
                        "gen_ai.operation.name": "chat",
                        "gen_ai.provider.name": "openai",
                        "gen_ai.request.model": "gpt-4.1",
                        "gen_ai.response.model": "gpt-4.1-2025-04-14",
                        "server.address": "api.openai.com",
                        "server.port": 443,
                        "openai.response.service_tier": "flex",
                        "llmotel.library": "openai",
                    },
                }
            ],
            "gen_ai.client.inference.usage.cache_read.input_tokens": [
                {
                    "amount": 1024,
                    "attributes": {
                        "gen_ai.operation.name": "chat",
                        "gen_ai.provider.name": "openai",
                        "gen_ai.request.model": "gpt-4.1",
                        "gen_ai.response.model": "gpt-4.1-2025-04-14",
                        "server.address": "api.openai.com",
                        "server.port": 443,
                        "openai.response.service_tier": "flex",
                        "llmotel.library": "openai",
                        "gen_ai.token.modality": "unknown",
                    },
                }
            ],
            "gen_ai.client.inference.usage.input_tokens": [
                {
                    "amount": 1200,
                    "attributes": {
                        "gen_ai.operation.name": "chat",
                        "gen_ai.provider.name": "openai",
                        "gen_ai.request.model": "gpt-4.1",
                        "gen_ai.response.model": "gpt-4.1-2025-04-14",
                        "server.address": "api.openai.com",
                        "server.port": 443,
                        "openai.response.service_tier": "flex",
                        "llmotel.library": "openai",
                        "gen_ai.token.modality": "unknown",
                    },
                }
            ],
            "gen_ai.client.inference.usage.output_tokens": [
                {
                    "amount": 87,
                    "attributes": {
                        "gen_ai.operation.name": "chat",
                        "gen_ai.provider.name": "openai",
                        "gen_ai.request.model": "gpt-4.1",
                        "gen_ai.response.model": "gpt-4.1-2025-04-14",
                        "server.address": "api.openai.com",
                        "server.port": 443,
                        "openai.response.service_tier": "flex",
                        "llmotel.library": "openai",
                        "gen_ai.token.modality": "unknown",
                    },
                }
            ],
            "gen_ai.client.inference.usage.reasoning.output_tokens": [
                {
                    "amount": 0,
                    "attributes": {
                        "gen_ai.operation.name": "chat",
                        "gen_ai.provider.name": "openai",
                        "gen_ai.request.model": "gpt-4.1",
                        "gen_ai.response.model": "gpt-4.1-2025-04-14",
                        "server.address": "api.openai.com",
                        "server.port": 443,
                        "openai.response.service_tier": "flex",
                        "llmotel.library": "openai",
                        "gen_ai.token.modality": "unknown",
                    },
                }
            ],
            "llmotel.client.cost.usd": [
                {
                    "amount": 0.00156,
                    "attributes": {
                        "gen_ai.operation.name": "chat",
                        "gen_ai.provider.name": "openai",
                        "gen_ai.request.model": "gpt-4.1",
                        "gen_ai.response.model": "gpt-4.1-2025-04-14",
                        "server.address": "api.openai.com",
                        "server.port": 443,
                        "openai.response.service_tier": "flex",
                        "llmotel.library": "openai",
                    },
                }
            ],
            "llmotel.client.operation.cost.usd": [
                {
                    "amount": {"count": 1, "sum": 0.00156},
                    "attributes": {
                        "gen_ai.operation.name": "chat",
                        "gen_ai.provider.name": "openai",
                        "gen_ai.request.model": "gpt-4.1",
                        "gen_ai.response.model": "gpt-4.1-2025-04-14",
                        "server.address": "api.openai.com",
                        "server.port": 443,
                        "openai.response.service_tier": "flex",
                        "llmotel.library": "openai",
                    },
                }
            ],
        },
        "web search with citations": {
            "gen_ai.client.inference.duration": [
                {
                    "amount": {"count": 1, "sum": "<seconds>"},
                    "attributes": {
                        "gen_ai.operation.name": "chat",
                        "gen_ai.provider.name": "openai",
                        "gen_ai.request.model": "gpt-4o-search-preview",
                        "gen_ai.response.model": "gpt-4o-search-preview-2025-03-11",
                        "server.address": "api.openai.com",
                        "server.port": 443,
                        "openai.response.service_tier": "default",
                        "llmotel.library": "openai",
                    },
                }
            ],
            "gen_ai.client.inference.operation.input_tokens": [
                {
                    "amount": {"count": 1, "sum": 24},
                    "attributes": {
                        "gen_ai.operation.name": "chat",
                        "gen_ai.provider.name": "openai",
                        "gen_ai.request.model": "gpt-4o-search-preview",
                        "gen_ai.response.model": "gpt-4o-search-preview-2025-03-11",
                        "server.address": "api.openai.com",
                        "server.port": 443,
                        "openai.response.service_tier": "default",
                        "llmotel.library": "openai",
                    },
                }
            ],
            "gen_ai.client.inference.operation.output_tokens": [
                {
                    "amount": {"count": 1, "sum": 8},
                    "attributes": {
                        "gen_ai.operation.name": "chat",
                        "gen_ai.provider.name": "openai",
                        "gen_ai.request.model": "gpt-4o-search-preview",
                        "gen_ai.response.model": "gpt-4o-search-preview-2025-03-11",
                        "server.address": "api.openai.com",
                        "server.port": 443,
                        "openai.response.service_tier": "default",
                        "llmotel.library": "openai",
                    },
                }
            ],
            "gen_ai.client.inference.usage.cache_read.input_tokens": [
                {
                    "amount": 0,
                    "attributes": {
                        "gen_ai.operation.name": "chat",
                        "gen_ai.provider.name": "openai",
                        "gen_ai.request.model": "gpt-4o-search-preview",
                        "gen_ai.response.model": "gpt-4o-search-preview-2025-03-11",
                        "server.address": "api.openai.com",
                        "server.port": 443,
                        "openai.response.service_tier": "default",
                        "llmotel.library": "openai",
                        "gen_ai.token.modality": "unknown",
                    },
                }
            ],
            "gen_ai.client.inference.usage.input_tokens": [
                {
                    "amount": 24,
                    "attributes": {
                        "gen_ai.operation.name": "chat",
                        "gen_ai.provider.name": "openai",
                        "gen_ai.request.model": "gpt-4o-search-preview",
                        "gen_ai.response.model": "gpt-4o-search-preview-2025-03-11",
                        "server.address": "api.openai.com",
                        "server.port": 443,
                        "openai.response.service_tier": "default",
                        "llmotel.library": "openai",
                        "gen_ai.token.modality": "unknown",
                    },
                }
            ],
            "gen_ai.client.inference.usage.output_tokens": [
                {
                    "amount": 8,
                    "attributes": {
                        "gen_ai.operation.name": "chat",
                        "gen_ai.provider.name": "openai",
                        "gen_ai.request.model": "gpt-4o-search-preview",
                        "gen_ai.response.model": "gpt-4o-search-preview-2025-03-11",
                        "server.address": "api.openai.com",
                        "server.port": 443,
                        "openai.response.service_tier": "default",
                        "llmotel.library": "openai",
                        "gen_ai.token.modality": "unknown",
                    },
                }
            ],
            "gen_ai.client.inference.usage.reasoning.output_tokens": [
                {
                    "amount": 0,
                    "attributes": {
                        "gen_ai.operation.name": "chat",
                        "gen_ai.provider.name": "openai",
                        "gen_ai.request.model": "gpt-4o-search-preview",
                        "gen_ai.response.model": "gpt-4o-search-preview-2025-03-11",
                        "server.address": "api.openai.com",
                        "server.port": 443,
                        "openai.response.service_tier": "default",
                        "llmotel.library": "openai",
                        "gen_ai.token.modality": "unknown",
                    },
                }
            ],
            "llmotel.client.cost.usd": [
                {
                    "amount": 0.00014000000000000001,
                    "attributes": {
                        "gen_ai.operation.name": "chat",
                        "gen_ai.provider.name": "openai",
                        "gen_ai.request.model": "gpt-4o-search-preview",
                        "gen_ai.response.model": "gpt-4o-search-preview-2025-03-11",
                        "server.address": "api.openai.com",
                        "server.port": 443,
                        "openai.response.service_tier": "default",
                        "llmotel.library": "openai",
                    },
                }
            ],
            "llmotel.client.operation.cost.usd": [
                {
                    "amount": {"count": 1, "sum": 0.00014000000000000001},
                    "attributes": {
                        "gen_ai.operation.name": "chat",
                        "gen_ai.provider.name": "openai",
                        "gen_ai.request.model": "gpt-4o-search-preview",
                        "gen_ai.response.model": "gpt-4o-search-preview-2025-03-11",
                        "server.address": "api.openai.com",
                        "server.port": 443,
                        "openai.response.service_tier": "default",
                        "llmotel.library": "openai",
                    },
                }
            ],
            "llmotel.grounding.score": [
                {
                    "amount": {"count": 1, "sum": 1.0},
                    "attributes": {
                        "gen_ai.operation.name": "chat",
                        "gen_ai.provider.name": "openai",
                        "gen_ai.request.model": "gpt-4o-search-preview",
                        "gen_ai.response.model": "gpt-4o-search-preview-2025-03-11",
                        "server.address": "api.openai.com",
                        "server.port": 443,
                        "openai.response.service_tier": "default",
                        "llmotel.library": "openai",
                        "llmotel.grounding.method": "citation_coverage",
                    },
                }
            ],
        },
        "a stream": {
            "gen_ai.client.inference.duration": [
                {
                    "amount": {"count": 1, "sum": "<seconds>"},
                    "attributes": {
                        "gen_ai.operation.name": "chat",
                        "gen_ai.provider.name": "openai",
                        "gen_ai.request.model": "gpt-4.1",
                        "gen_ai.response.model": "gpt-4.1-2025-04-14",
                        "server.address": "api.openai.com",
                        "server.port": 443,
                        "openai.response.service_tier": "default",
                        "llmotel.library": "openai",
                    },
                }
            ],
            "gen_ai.client.inference.operation.input_tokens": [
                {
                    "amount": {"count": 1, "sum": 24},
                    "attributes": {
                        "gen_ai.operation.name": "chat",
                        "gen_ai.provider.name": "openai",
                        "gen_ai.request.model": "gpt-4.1",
                        "gen_ai.response.model": "gpt-4.1-2025-04-14",
                        "server.address": "api.openai.com",
                        "server.port": 443,
                        "openai.response.service_tier": "default",
                        "llmotel.library": "openai",
                    },
                }
            ],
            "gen_ai.client.inference.operation.output_tokens": [
                {
                    "amount": {"count": 1, "sum": 8},
                    "attributes": {
                        "gen_ai.operation.name": "chat",
                        "gen_ai.provider.name": "openai",
                        "gen_ai.request.model": "gpt-4.1",
                        "gen_ai.response.model": "gpt-4.1-2025-04-14",
                        "server.address": "api.openai.com",
                        "server.port": 443,
                        "openai.response.service_tier": "default",
                        "llmotel.library": "openai",
                    },
                }
            ],
            "gen_ai.client.inference.time_per_output_chunk": [
                {
                    "amount": {"count": 8, "sum": "<seconds>"},
                    "attributes": {
                        "gen_ai.operation.name": "chat",
                        "gen_ai.provider.name": "openai",
                        "gen_ai.request.model": "gpt-4.1",
                        "gen_ai.response.model": "gpt-4.1-2025-04-14",
                        "server.address": "api.openai.com",
                        "server.port": 443,
                        "openai.response.service_tier": "default",
                        "llmotel.library": "openai",
                    },
                }
            ],
            "gen_ai.client.inference.time_to_first_chunk": [
                {
                    "amount": {"count": 1, "sum": "<seconds>"},
                    "attributes": {
                        "gen_ai.operation.name": "chat",
                        "gen_ai.provider.name": "openai",
                        "gen_ai.request.model": "gpt-4.1",
                        "gen_ai.response.model": "gpt-4.1-2025-04-14",
                        "server.address": "api.openai.com",
                        "server.port": 443,
                        "openai.response.service_tier": "default",
                        "llmotel.library": "openai",
                    },
                }
            ],
            "gen_ai.client.inference.usage.cache_read.input_tokens": [
                {
                    "amount": 0,
                    "attributes": {
                        "gen_ai.operation.name": "chat",
                        "gen_ai.provider.name": "openai",
                        "gen_ai.request.model": "gpt-4.1",
                        "gen_ai.response.model": "gpt-4.1-2025-04-14",
                        "server.address": "api.openai.com",
                        "server.port": 443,
                        "openai.response.service_tier": "default",
                        "llmotel.library": "openai",
                        "gen_ai.token.modality": "unknown",
                    },
                }
            ],
            "gen_ai.client.inference.usage.input_tokens": [
                {
                    "amount": 24,
                    "attributes": {
                        "gen_ai.operation.name": "chat",
                        "gen_ai.provider.name": "openai",
                        "gen_ai.request.model": "gpt-4.1",
                        "gen_ai.response.model": "gpt-4.1-2025-04-14",
                        "server.address": "api.openai.com",
                        "server.port": 443,
                        "openai.response.service_tier": "default",
                        "llmotel.library": "openai",
                        "gen_ai.token.modality": "unknown",
                    },
                }
            ],
            "gen_ai.client.inference.usage.output_tokens": [
                {
                    "amount": 8,
                    "attributes": {
                        "gen_ai.operation.name": "chat",
                        "gen_ai.provider.name": "openai",
                        "gen_ai.request.model": "gpt-4.1",
                        "gen_ai.response.model": "gpt-4.1-2025-04-14",
                        "server.address": "api.openai.com",
                        "server.port": 443,
                        "openai.response.service_tier": "default",
                        "llmotel.library": "openai",
                        "gen_ai.token.modality": "unknown",
                    },
                }
            ],
            "gen_ai.client.inference.usage.reasoning.output_tokens": [
                {
                    "amount": 0,
                    "attributes": {
                        "gen_ai.operation.name": "chat",
                        "gen_ai.provider.name": "openai",
                        "gen_ai.request.model": "gpt-4.1",
                        "gen_ai.response.model": "gpt-4.1-2025-04-14",
                        "server.address": "api.openai.com",
                        "server.port": 443,
                        "openai.response.service_tier": "default",
                        "llmotel.library": "openai",
                        "gen_ai.token.modality": "unknown",
                    },
                }
            ],
            "llmotel.client.cost.usd": [
                {
                    "amount": 0.000112,
                    "attributes": {
                        "gen_ai.operation.name": "chat",
                        "gen_ai.provider.name": "openai",
                        "gen_ai.request.model": "gpt-4.1",
                        "gen_ai.response.model": "gpt-4.1-2025-04-14",
                        "server.address": "api.openai.com",
                        "server.port": 443,
                        "openai.response.service_tier": "default",
                        "llmotel.library": "openai",
                    },
                }
            ],
            "llmotel.client.operation.cost.usd": [
                {
                    "amount": {"count": 1, "sum": 0.000112},
                    "attributes": {
                        "gen_ai.operation.name": "chat",
                        "gen_ai.provider.name": "openai",
                        "gen_ai.request.model": "gpt-4.1",
                        "gen_ai.response.model": "gpt-4.1-2025-04-14",
                        "server.address": "api.openai.com",
                        "server.port": 443,
                        "openai.response.service_tier": "default",
                        "llmotel.library": "openai",
                    },
                }
            ],
        },
        "a rate limit with content": {
            "gen_ai.client.inference.duration": [
                {
                    "amount": {"count": 1, "sum": "<seconds>"},
                    "attributes": {
                        "gen_ai.operation.name": "chat",
                        "gen_ai.provider.name": "openai",
                        "gen_ai.request.model": "gpt-4.1",
                        "server.address": "api.openai.com",
                        "server.port": 443,
                        "llmotel.library": "openai",
                        "error.type": "rate_limit_exceeded",
                        "llmotel.outcome": "rate_limit",
                    },
                }
            ],
            "gen_ai.client.inference.operation.input_tokens": [
                {
                    "amount": {"count": 1, "sum": 0},
                    "attributes": {
                        "gen_ai.operation.name": "chat",
                        "gen_ai.provider.name": "openai",
                        "gen_ai.request.model": "gpt-4.1",
                        "server.address": "api.openai.com",
                        "server.port": 443,
                        "llmotel.library": "openai",
                        "error.type": "rate_limit_exceeded",
                        "llmotel.outcome": "rate_limit",
                    },
                }
            ],
            "gen_ai.client.inference.operation.output_tokens": [
                {
                    "amount": {"count": 1, "sum": 0},
                    "attributes": {
                        "gen_ai.operation.name": "chat",
                        "gen_ai.provider.name": "openai",
                        "gen_ai.request.model": "gpt-4.1",
                        "server.address": "api.openai.com",
                        "server.port": 443,
                        "llmotel.library": "openai",
                        "error.type": "rate_limit_exceeded",
                        "llmotel.outcome": "rate_limit",
                    },
                }
            ],
            "gen_ai.client.inference.usage.input_tokens": [
                {
                    "amount": 0,
                    "attributes": {
                        "gen_ai.operation.name": "chat",
                        "gen_ai.provider.name": "openai",
                        "gen_ai.request.model": "gpt-4.1",
                        "server.address": "api.openai.com",
                        "server.port": 443,
                        "llmotel.library": "openai",
                        "gen_ai.token.modality": "unknown",
                    },
                }
            ],
            "gen_ai.client.inference.usage.output_tokens": [
                {
                    "amount": 0,
                    "attributes": {
                        "gen_ai.operation.name": "chat",
                        "gen_ai.provider.name": "openai",
                        "gen_ai.request.model": "gpt-4.1",
                        "server.address": "api.openai.com",
                        "server.port": 443,
                        "llmotel.library": "openai",
                        "gen_ai.token.modality": "unknown",
                    },
                }
            ],
        },
        "embeddings": {
            "gen_ai.client.embeddings.duration": [
                {
                    "amount": {"count": 1, "sum": "<seconds>"},
                    "attributes": {
                        "gen_ai.operation.name": "embeddings",
                        "gen_ai.provider.name": "openai",
                        "gen_ai.request.model": "text-embedding-3-small",
                        "gen_ai.response.model": "text-embedding-3-small",
                        "server.address": "api.openai.com",
                        "server.port": 443,
                        "llmotel.library": "openai",
                    },
                }
            ],
            "gen_ai.client.embeddings.operation.input_tokens": [
                {
                    "amount": {"count": 1, "sum": 6},
                    "attributes": {
                        "gen_ai.operation.name": "embeddings",
                        "gen_ai.provider.name": "openai",
                        "gen_ai.request.model": "text-embedding-3-small",
                        "gen_ai.response.model": "text-embedding-3-small",
                        "server.address": "api.openai.com",
                        "server.port": 443,
                        "llmotel.library": "openai",
                    },
                }
            ],
            "llmotel.client.cost.usd": [
                {
                    "amount": 1.2000000000000002e-07,
                    "attributes": {
                        "gen_ai.operation.name": "embeddings",
                        "gen_ai.provider.name": "openai",
                        "gen_ai.request.model": "text-embedding-3-small",
                        "gen_ai.response.model": "text-embedding-3-small",
                        "server.address": "api.openai.com",
                        "server.port": 443,
                        "llmotel.library": "openai",
                    },
                }
            ],
            "llmotel.client.operation.cost.usd": [
                {
                    "amount": {"count": 1, "sum": 1.2000000000000002e-07},
                    "attributes": {
                        "gen_ai.operation.name": "embeddings",
                        "gen_ai.provider.name": "openai",
                        "gen_ai.request.model": "text-embedding-3-small",
                        "gen_ai.response.model": "text-embedding-3-small",
                        "server.address": "api.openai.com",
                        "server.port": 443,
                        "llmotel.library": "openai",
                    },
                }
            ],
        },
    }
)
