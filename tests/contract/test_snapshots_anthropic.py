"""Whole spans of Anthropic's client, with every attribute; for some calls the events and metrics too.

After a change that is meant: ``pytest tests/contract/test_snapshots_anthropic.py --inline-snapshot=fix``, and read the diff.
"""

from __future__ import annotations

from typing import Any

import pytest
from inline_snapshot import snapshot

from contract.scenarios import Scenario, named, observe
from llmotel.testing import ProviderServer

TOLD = ("a cached prompt", "a stream that ends in an error", "a message with content")


@pytest.mark.parametrize("scenario", named("anthropic"))
def test_the_span_of(scenario: Scenario, server: ProviderServer) -> None:
    assert observe(scenario, server).spans == SPANS[scenario.title]


@pytest.mark.parametrize("scenario", [one for one in named("anthropic") if one.id in TOLD])
def test_the_events_of(scenario: Scenario, server: ProviderServer) -> None:
    assert observe(scenario, server).events == EVENTS[scenario.title]


@pytest.mark.parametrize("scenario", [one for one in named("anthropic") if one.id in TOLD])
def test_the_metrics_of(scenario: Scenario, server: ProviderServer) -> None:
    assert observe(scenario, server).metrics == METRICS[scenario.title]


SPANS: Any = snapshot(
    {
        "a message": [
            {
                "name": "chat claude-opus-5",
                "kind": "CLIENT",
                "status": "UNSET",
                "attributes": {
                    "gen_ai.operation.name": "chat",
                    "gen_ai.provider.name": "anthropic",
                    "gen_ai.request.model": "claude-opus-5",
                    "server.address": "api.anthropic.com",
                    "server.port": 443,
                    "gen_ai.response.id": "msg_017rKmZB17WXn8xup3sCd9s1",
                    "gen_ai.response.model": "claude-opus-5-20260212",
                    "gen_ai.response.finish_reasons": ["stop"],
                    "gen_ai.usage.input_tokens": 20,
                    "gen_ai.usage.output_tokens": 10,
                    "gen_ai.usage.cache_read.input_tokens": 0,
                    "gen_ai.usage.cache_write.input_tokens": 0,
                    "gen_ai.usage.cost.amount": 0.00035,
                    "gen_ai.usage.cost.currency": "USD",
                    "gen_ai.usage.cost.source": "local",
                    "llmotel.cost.input": 0.0001,
                    "llmotel.cost.output": 0.00025,
                    "llmotel.cost.table": "genai-prices 0.2.3",
                    "llmotel.usage.source": "provider",
                    "gen_ai.request.max_tokens": 300,
                    "gen_ai.request.stop_sequences": ["END"],
                    "llmotel.response.service_tier": "standard",
                },
            }
        ],
        "a message with content": [
            {
                "name": "chat claude-opus-5",
                "kind": "CLIENT",
                "status": "UNSET",
                "attributes": {
                    "gen_ai.operation.name": "chat",
                    "gen_ai.provider.name": "anthropic",
                    "gen_ai.request.model": "claude-opus-5",
                    "server.address": "api.anthropic.com",
                    "server.port": 443,
                    "gen_ai.response.id": "msg_017rKmZB17WXn8xup3sCd9s1",
                    "gen_ai.response.model": "claude-opus-5-20260212",
                    "gen_ai.response.finish_reasons": ["stop"],
                    "gen_ai.usage.input_tokens": 20,
                    "gen_ai.usage.output_tokens": 10,
                    "gen_ai.usage.cache_read.input_tokens": 0,
                    "gen_ai.usage.cache_write.input_tokens": 0,
                    "gen_ai.usage.cost.amount": 0.00035,
                    "gen_ai.usage.cost.currency": "USD",
                    "gen_ai.usage.cost.source": "local",
                    "llmotel.cost.input": 0.0001,
                    "llmotel.cost.output": 0.00025,
                    "llmotel.cost.table": "genai-prices 0.2.3",
                    "llmotel.usage.source": "provider",
                    "gen_ai.request.max_tokens": 300,
                    "llmotel.response.service_tier": "standard",
                    "gen_ai.system_instructions": '[{"type":"text","content":"Be brief."}]',
                    "gen_ai.input.messages": '[{"role":"user","parts":[{"type":"text","content":"What is the capital of France?"}]}]',
                    "gen_ai.output.messages": '[{"role":"assistant","parts":[{"type":"text","content":"Paris is the capital of France."}],"finish_reason":"stop"}]',
                },
            }
        ],
        "a cached prompt": [
            {
                "name": "chat claude-opus-5",
                "kind": "CLIENT",
                "status": "UNSET",
                "attributes": {
                    "gen_ai.operation.name": "chat",
                    "gen_ai.provider.name": "anthropic",
                    "gen_ai.request.model": "claude-opus-5",
                    "server.address": "api.anthropic.com",
                    "server.port": 443,
                    "gen_ai.response.id": "msg_017rKmZB17WXn8xup3sCd9s1",
                    "gen_ai.response.model": "claude-opus-5-20260212",
                    "gen_ai.response.finish_reasons": ["stop"],
                    "gen_ai.usage.input_tokens": 1510,
                    "gen_ai.usage.output_tokens": 20,
                    "gen_ai.usage.cache_read.input_tokens": 1000,
                    "gen_ai.usage.cache_write.input_tokens": 500,
                    "llmotel.usage.cache_write_1h.input_tokens": 200,
                    "gen_ai.usage.cost.amount": 0.0049250000000000006,
                    "gen_ai.usage.cost.currency": "USD",
                    "gen_ai.usage.cost.source": "local",
                    "llmotel.cost.input": 0.004425,
                    "llmotel.cost.output": 0.0005,
                    "llmotel.cost.uncached": 0.008050000000000002,
                    "llmotel.cost.table": "genai-prices 0.2.3",
                    "llmotel.usage.source": "provider",
                    "gen_ai.request.max_tokens": 300,
                    "llmotel.response.service_tier": "standard",
                },
            }
        ],
        "thinking and a tool call with content": [
            {
                "name": "chat claude-opus-5",
                "kind": "CLIENT",
                "status": "UNSET",
                "attributes": {
                    "gen_ai.operation.name": "chat",
                    "gen_ai.provider.name": "anthropic",
                    "gen_ai.request.model": "claude-opus-5",
                    "server.address": "api.anthropic.com",
                    "server.port": 443,
                    "gen_ai.response.id": "msg_015H0uOCh3VnRlcvcQOnNzmt",
                    "gen_ai.response.model": "claude-opus-5-20260212",
                    "gen_ai.response.finish_reasons": ["tool_call"],
                    "gen_ai.usage.input_tokens": 400,
                    "gen_ai.usage.output_tokens": 120,
                    "gen_ai.usage.cache_read.input_tokens": 0,
                    "gen_ai.usage.cache_write.input_tokens": 0,
                    "gen_ai.usage.reasoning.output_tokens": 64,
                    "gen_ai.usage.cost.amount": 0.005,
                    "gen_ai.usage.cost.currency": "USD",
                    "gen_ai.usage.cost.source": "local",
                    "llmotel.cost.input": 0.002,
                    "llmotel.cost.output": 0.003,
                    "llmotel.cost.table": "genai-prices 0.2.3",
                    "llmotel.usage.source": "provider",
                    "gen_ai.request.max_tokens": 4096,
                    "llmotel.response.service_tier": "standard",
                    "gen_ai.input.messages": '[{"role":"user","parts":[{"type":"text","content":"What is the capital of France?"}]}]',
                    "gen_ai.output.messages": '[{"role":"assistant","parts":[{"type":"reasoning","content":"I need the weather."},{"type":"tool_call","id":"toolu_01Ovrwgk9bJMvyX3wCXzK4qD","name":"get_weather","arguments":{"city":"Paris"}}],"finish_reason":"tool_call"}]',
                    "gen_ai.tool.definitions": '[{"type":"function","name":"get_weather"}]',
                },
            }
        ],
        "web search with citations": [
            {
                "name": "chat claude-opus-5",
                "kind": "CLIENT",
                "status": "UNSET",
                "attributes": {
                    "gen_ai.operation.name": "chat",
                    "gen_ai.provider.name": "anthropic",
                    "gen_ai.request.model": "claude-opus-5",
                    "server.address": "api.anthropic.com",
                    "server.port": 443,
                    "gen_ai.response.id": "msg_01UkxvhWrAN3r3iLcvyCZw2O",
                    "gen_ai.response.model": "claude-opus-5-20260212",
                    "gen_ai.response.finish_reasons": ["stop"],
                    "gen_ai.usage.input_tokens": 900,
                    "gen_ai.usage.output_tokens": 80,
                    "gen_ai.usage.cache_read.input_tokens": 0,
                    "gen_ai.usage.cache_write.input_tokens": 0,
                    "llmotel.usage.web_searches": 1,
                    "gen_ai.usage.cost.amount": 0.0165,
                    "gen_ai.usage.cost.currency": "USD",
                    "gen_ai.usage.cost.source": "local",
                    "llmotel.cost.input": 0.0045000000000000005,
                    "llmotel.cost.output": 0.002,
                    "llmotel.cost.tokens": 0.006500000000000001,
                    "llmotel.cost.requests": 0.01,
                    "llmotel.cost.table": "genai-prices 0.2.3",
                    "llmotel.usage.source": "provider",
                    "llmotel.grounding.method": "citation_coverage",
                    "llmotel.grounding.citation_count": 1,
                    "llmotel.grounding.source_count": 1,
                    "llmotel.grounding.score": 1.0,
                    "gen_ai.request.max_tokens": 300,
                    "llmotel.response.service_tier": "standard",
                },
            }
        ],
        "structured output, parsed": [
            {
                "name": "chat claude-opus-5",
                "kind": "CLIENT",
                "status": "UNSET",
                "attributes": {
                    "gen_ai.operation.name": "chat",
                    "gen_ai.provider.name": "anthropic",
                    "gen_ai.request.model": "claude-opus-5",
                    "server.address": "api.anthropic.com",
                    "server.port": 443,
                    "gen_ai.response.id": "msg_01zg3mTxGBodEB8nfhLFY6i2",
                    "gen_ai.response.model": "claude-opus-5-20260212",
                    "gen_ai.response.finish_reasons": ["stop"],
                    "gen_ai.usage.input_tokens": 150,
                    "gen_ai.usage.output_tokens": 28,
                    "gen_ai.usage.cache_read.input_tokens": 0,
                    "gen_ai.usage.cache_write.input_tokens": 0,
                    "gen_ai.usage.cost.amount": 0.00145,
                    "gen_ai.usage.cost.currency": "USD",
                    "gen_ai.usage.cost.source": "local",
                    "llmotel.cost.input": 0.00075,
                    "llmotel.cost.output": 0.0007,
                    "llmotel.cost.table": "genai-prices 0.2.3",
                    "llmotel.usage.source": "provider",
                    "gen_ai.request.max_tokens": 300,
                    "gen_ai.output.type": "json",
                    "llmotel.response.service_tier": "standard",
                },
            }
        ],
        "a refusal": [
            {
                "name": "chat claude-opus-5",
                "kind": "CLIENT",
                "status": "UNSET",
                "attributes": {
                    "gen_ai.operation.name": "chat",
                    "gen_ai.provider.name": "anthropic",
                    "gen_ai.request.model": "claude-opus-5",
                    "server.address": "api.anthropic.com",
                    "server.port": 443,
                    "gen_ai.response.id": "msg_010jG1o6DP36V22SSugBzRFL",
                    "gen_ai.response.model": "claude-opus-5-20260212",
                    "gen_ai.response.finish_reasons": ["content_filter"],
                    "gen_ai.usage.input_tokens": 12,
                    "gen_ai.usage.output_tokens": 9,
                    "gen_ai.usage.cache_read.input_tokens": 0,
                    "gen_ai.usage.cache_write.input_tokens": 0,
                    "gen_ai.usage.cost.amount": 0.00028500000000000004,
                    "gen_ai.usage.cost.currency": "USD",
                    "gen_ai.usage.cost.source": "local",
                    "llmotel.cost.input": 6.000000000000001e-05,
                    "llmotel.cost.output": 0.00022500000000000002,
                    "llmotel.cost.table": "genai-prices 0.2.3",
                    "llmotel.usage.source": "provider",
                    "gen_ai.request.max_tokens": 300,
                    "llmotel.response.service_tier": "standard",
                },
            }
        ],
        "a stream": [
            {
                "name": "chat claude-opus-5",
                "kind": "CLIENT",
                "status": "UNSET",
                "attributes": {
                    "gen_ai.operation.name": "chat",
                    "gen_ai.provider.name": "anthropic",
                    "gen_ai.request.model": "claude-opus-5",
                    "server.address": "api.anthropic.com",
                    "server.port": 443,
                    "gen_ai.request.stream": True,
                    "gen_ai.response.id": "msg_017rKmZB17WXn8xup3sCd9s1",
                    "gen_ai.response.model": "claude-opus-5-20260212",
                    "gen_ai.response.finish_reasons": ["stop"],
                    "gen_ai.usage.input_tokens": 20,
                    "gen_ai.usage.output_tokens": 10,
                    "gen_ai.usage.cache_read.input_tokens": 0,
                    "gen_ai.usage.cache_write.input_tokens": 0,
                    "gen_ai.usage.cost.amount": 0.00035,
                    "gen_ai.usage.cost.currency": "USD",
                    "gen_ai.usage.cost.source": "local",
                    "llmotel.cost.input": 0.0001,
                    "llmotel.cost.output": 0.00025,
                    "llmotel.cost.table": "genai-prices 0.2.3",
                    "llmotel.usage.source": "provider",
                    "gen_ai.request.max_tokens": 300,
                    "llmotel.response.service_tier": "standard",
                    "gen_ai.response.time_to_first_chunk": "<seconds>",
                    "llmotel.stream.outcome": "completed",
                    "llmotel.stream.chunks": 11,
                },
            }
        ],
        "a stream closed early": [
            {
                "name": "chat claude-opus-5",
                "kind": "CLIENT",
                "status": "UNSET",
                "attributes": {
                    "gen_ai.operation.name": "chat",
                    "gen_ai.provider.name": "anthropic",
                    "gen_ai.request.model": "claude-opus-5",
                    "server.address": "api.anthropic.com",
                    "server.port": 443,
                    "gen_ai.request.stream": True,
                    "gen_ai.response.id": "msg_017rKmZB17WXn8xup3sCd9s1",
                    "gen_ai.response.model": "claude-opus-5-20260212",
                    "gen_ai.usage.input_tokens": 20,
                    "gen_ai.usage.output_tokens": 1,
                    "gen_ai.usage.cache_read.input_tokens": 0,
                    "gen_ai.usage.cache_write.input_tokens": 0,
                    "gen_ai.usage.cost.amount": 0.000125,
                    "gen_ai.usage.cost.currency": "USD",
                    "gen_ai.usage.cost.source": "local",
                    "llmotel.cost.input": 0.0001,
                    "llmotel.cost.output": 2.5e-05,
                    "llmotel.cost.table": "genai-prices 0.2.3",
                    "llmotel.usage.source": "provider",
                    "gen_ai.request.max_tokens": 300,
                    "llmotel.response.service_tier": "standard",
                    "gen_ai.response.time_to_first_chunk": "<seconds>",
                    "llmotel.stream.outcome": "closed",
                    "llmotel.stream.chunks": 3,
                    "llmotel.usage.partial": True,
                },
            }
        ],
        "a stream that ends in an error": [
            {
                "name": "chat claude-opus-5",
                "kind": "CLIENT",
                "status": "ERROR: APIStatusError: overloaded_error",
                "attributes": {
                    "gen_ai.operation.name": "chat",
                    "gen_ai.provider.name": "anthropic",
                    "gen_ai.request.model": "claude-opus-5",
                    "server.address": "api.anthropic.com",
                    "server.port": 443,
                    "gen_ai.request.stream": True,
                    "gen_ai.response.id": "msg_017rKmZB17WXn8xup3sCd9s1",
                    "gen_ai.response.model": "claude-opus-5-20260212",
                    "gen_ai.usage.input_tokens": 20,
                    "gen_ai.usage.output_tokens": 1,
                    "gen_ai.usage.cache_read.input_tokens": 0,
                    "gen_ai.usage.cache_write.input_tokens": 0,
                    "gen_ai.usage.cost.amount": 0.000125,
                    "gen_ai.usage.cost.currency": "USD",
                    "gen_ai.usage.cost.source": "local",
                    "llmotel.cost.input": 0.0001,
                    "llmotel.cost.output": 2.5e-05,
                    "llmotel.cost.table": "genai-prices 0.2.3",
                    "llmotel.usage.source": "provider",
                    "gen_ai.request.max_tokens": 300,
                    "llmotel.response.service_tier": "standard",
                    "gen_ai.response.time_to_first_chunk": "<seconds>",
                    "llmotel.stream.outcome": "error",
                    "llmotel.stream.chunks": 3,
                    "llmotel.usage.partial": True,
                    "error.type": "overloaded_error",
                    "llmotel.outcome": "server",
                    "gen_ai.response.finish_reasons": ["error"],
                },
            }
        ],
        "an overloaded service": [
            {
                "name": "chat claude-opus-5",
                "kind": "CLIENT",
                "status": "ERROR: OverloadedError: 529 overloaded_error",
                "attributes": {
                    "gen_ai.operation.name": "chat",
                    "gen_ai.provider.name": "anthropic",
                    "gen_ai.request.model": "claude-opus-5",
                    "server.address": "api.anthropic.com",
                    "server.port": 443,
                    "llmotel.usage.source": "missing",
                    "gen_ai.request.max_tokens": 300,
                    "error.type": "overloaded_error",
                    "llmotel.outcome": "server",
                    "http.response.status_code": 529,
                },
            }
        ],
        "a wrong key": [
            {
                "name": "chat claude-opus-5",
                "kind": "CLIENT",
                "status": "ERROR: AuthenticationError: 401 authentication_error",
                "attributes": {
                    "gen_ai.operation.name": "chat",
                    "gen_ai.provider.name": "anthropic",
                    "gen_ai.request.model": "claude-opus-5",
                    "server.address": "api.anthropic.com",
                    "server.port": 443,
                    "llmotel.usage.source": "missing",
                    "gen_ai.request.max_tokens": 300,
                    "error.type": "authentication_error",
                    "llmotel.outcome": "authentication",
                    "http.response.status_code": 401,
                },
            }
        ],
        "a beta message": [
            {
                "name": "chat claude-opus-5",
                "kind": "CLIENT",
                "status": "UNSET",
                "attributes": {
                    "gen_ai.operation.name": "chat",
                    "gen_ai.provider.name": "anthropic",
                    "gen_ai.request.model": "claude-opus-5",
                    "server.address": "api.anthropic.com",
                    "server.port": 443,
                    "gen_ai.response.id": "msg_017rKmZB17WXn8xup3sCd9s1",
                    "gen_ai.response.model": "claude-opus-5-20260212",
                    "gen_ai.response.finish_reasons": ["stop"],
                    "gen_ai.usage.input_tokens": 20,
                    "gen_ai.usage.output_tokens": 10,
                    "gen_ai.usage.cache_read.input_tokens": 0,
                    "gen_ai.usage.cache_write.input_tokens": 0,
                    "gen_ai.usage.cost.amount": 0.00035,
                    "gen_ai.usage.cost.currency": "USD",
                    "gen_ai.usage.cost.source": "local",
                    "llmotel.cost.input": 0.0001,
                    "llmotel.cost.output": 0.00025,
                    "llmotel.cost.table": "genai-prices 0.2.3",
                    "llmotel.usage.source": "provider",
                    "gen_ai.request.max_tokens": 300,
                    "llmotel.response.service_tier": "standard",
                },
            }
        ],
        "Bedrock": [
            {
                "name": "chat us.anthropic.claude-opus-4-5-20251101-v1:0",
                "kind": "CLIENT",
                "status": "UNSET",
                "attributes": {
                    "gen_ai.operation.name": "chat",
                    "gen_ai.provider.name": "aws.bedrock",
                    "gen_ai.request.model": "us.anthropic.claude-opus-4-5-20251101-v1:0",
                    "server.address": "bedrock-runtime.us-east-1.amazonaws.com",
                    "server.port": 443,
                    "gen_ai.response.id": "msg_017rKmZB17WXn8xup3sCd9s1",
                    "gen_ai.response.model": "claude-opus-5-20260212",
                    "gen_ai.response.finish_reasons": ["stop"],
                    "gen_ai.usage.input_tokens": 20,
                    "gen_ai.usage.output_tokens": 10,
                    "gen_ai.usage.cache_read.input_tokens": 0,
                    "gen_ai.usage.cache_write.input_tokens": 0,
                    "gen_ai.usage.cost.amount": 0.00038500000000000003,
                    "gen_ai.usage.cost.currency": "USD",
                    "gen_ai.usage.cost.source": "local",
                    "llmotel.cost.input": 0.00010999999999999999,
                    "llmotel.cost.output": 0.000275,
                    "llmotel.cost.table": "genai-prices 0.2.3",
                    "llmotel.usage.source": "provider",
                    "gen_ai.request.max_tokens": 300,
                    "llmotel.response.service_tier": "standard",
                },
            }
        ],
        "Vertex": [
            {
                "name": "chat claude-opus-5@20260212",
                "kind": "CLIENT",
                "status": "UNSET",
                "attributes": {
                    "gen_ai.operation.name": "chat",
                    "gen_ai.provider.name": "gcp.vertex_ai",
                    "gen_ai.request.model": "claude-opus-5@20260212",
                    "server.address": "us-east5-aiplatform.googleapis.com",
                    "server.port": 443,
                    "gen_ai.response.id": "msg_017rKmZB17WXn8xup3sCd9s1",
                    "gen_ai.response.model": "claude-opus-5-20260212",
                    "gen_ai.response.finish_reasons": ["stop"],
                    "gen_ai.usage.input_tokens": 20,
                    "gen_ai.usage.output_tokens": 10,
                    "gen_ai.usage.cache_read.input_tokens": 0,
                    "gen_ai.usage.cache_write.input_tokens": 0,
                    "gen_ai.usage.cost.amount": 0.00035,
                    "gen_ai.usage.cost.currency": "USD",
                    "gen_ai.usage.cost.source": "local",
                    "llmotel.cost.input": 0.0001,
                    "llmotel.cost.output": 0.00025,
                    "llmotel.cost.table": "genai-prices 0.2.3",
                    "llmotel.usage.source": "provider",
                    "gen_ai.request.max_tokens": 300,
                    "llmotel.response.service_tier": "standard",
                },
            }
        ],
    }
)

EVENTS: Any = snapshot(
    {
        "a message with content": [
            {
                "name": "gen_ai.client.inference.operation.details",
                "severity": "DEBUG",
                "attributes": {
                    "gen_ai.operation.name": "chat",
                    "gen_ai.provider.name": "anthropic",
                    "gen_ai.request.model": "claude-opus-5",
                    "server.address": "api.anthropic.com",
                    "server.port": 443,
                    "gen_ai.response.id": "msg_017rKmZB17WXn8xup3sCd9s1",
                    "gen_ai.response.model": "claude-opus-5-20260212",
                    "gen_ai.response.finish_reasons": ["stop"],
                    "gen_ai.usage.input_tokens": 20,
                    "gen_ai.usage.output_tokens": 10,
                    "gen_ai.usage.cache_read.input_tokens": 0,
                    "gen_ai.usage.cache_write.input_tokens": 0,
                    "gen_ai.usage.cost.amount": 0.00035,
                    "gen_ai.usage.cost.currency": "USD",
                    "gen_ai.usage.cost.source": "local",
                    "llmotel.cost.input": 0.0001,
                    "llmotel.cost.output": 0.00025,
                    "llmotel.cost.table": "genai-prices 0.2.3",
                    "llmotel.usage.source": "provider",
                    "gen_ai.request.max_tokens": 300,
                    "llmotel.response.service_tier": "standard",
                    "gen_ai.system_instructions": [{"type": "text", "content": "Be brief."}],
                    "gen_ai.input.messages": [
                        {"role": "user", "parts": [{"type": "text", "content": "What is the capital of France?"}]}
                    ],
                    "gen_ai.output.messages": [
                        {
                            "role": "assistant",
                            "parts": [{"type": "text", "content": "Paris is the capital of France."}],
                            "finish_reason": "stop",
                        }
                    ],
                },
            }
        ],
        "a cached prompt": [],
        "a stream that ends in an error": [
            {
                "name": "gen_ai.client.operation.exception",
                "severity": "WARN",
                "attributes": {
                    "exception.type": "anthropic.APIStatusError",
                    "exception.stacktrace": "<frames>",
                    "gen_ai.operation.name": "chat",
                    "gen_ai.provider.name": "anthropic",
                    "error.type": "overloaded_error",
                    "llmotel.outcome": "server",
                },
            }
        ],
    }
)

METRICS: Any = snapshot(
    {
        "a message with content": {
            "gen_ai.client.inference.duration": [
                {
                    "amount": {"count": 1, "sum": "<seconds>"},
                    "attributes": {
                        "gen_ai.operation.name": "chat",
                        "gen_ai.provider.name": "anthropic",
                        "gen_ai.request.model": "claude-opus-5",
                        "gen_ai.response.model": "claude-opus-5-20260212",
                        "server.address": "api.anthropic.com",
                        "server.port": 443,
                        "llmotel.library": "anthropic",
                    },
                }
            ],
            "gen_ai.client.inference.operation.input_tokens": [
                {
                    "amount": {"count": 1, "sum": 20},
                    "attributes": {
                        "gen_ai.operation.name": "chat",
                        "gen_ai.provider.name": "anthropic",
                        "gen_ai.request.model": "claude-opus-5",
                        "gen_ai.response.model": "claude-opus-5-20260212",
                        "server.address": "api.anthropic.com",
                        "server.port": 443,
                        "llmotel.library": "anthropic",
                    },
                }
            ],
            "gen_ai.client.inference.operation.output_tokens": [
                {
                    "amount": {"count": 1, "sum": 10},
                    "attributes": {
                        "gen_ai.operation.name": "chat",
                        "gen_ai.provider.name": "anthropic",
                        "gen_ai.request.model": "claude-opus-5",
                        "gen_ai.response.model": "claude-opus-5-20260212",
                        "server.address": "api.anthropic.com",
                        "server.port": 443,
                        "llmotel.library": "anthropic",
                    },
                }
            ],
            "gen_ai.client.inference.usage.cache_read.input_tokens": [
                {
                    "amount": 0,
                    "attributes": {
                        "gen_ai.operation.name": "chat",
                        "gen_ai.provider.name": "anthropic",
                        "gen_ai.request.model": "claude-opus-5",
                        "gen_ai.response.model": "claude-opus-5-20260212",
                        "server.address": "api.anthropic.com",
                        "server.port": 443,
                        "llmotel.library": "anthropic",
                        "gen_ai.token.modality": "unknown",
                    },
                }
            ],
            "gen_ai.client.inference.usage.cache_write.input_tokens": [
                {
                    "amount": 0,
                    "attributes": {
                        "gen_ai.operation.name": "chat",
                        "gen_ai.provider.name": "anthropic",
                        "gen_ai.request.model": "claude-opus-5",
                        "gen_ai.response.model": "claude-opus-5-20260212",
                        "server.address": "api.anthropic.com",
                        "server.port": 443,
                        "llmotel.library": "anthropic",
                        "gen_ai.token.modality": "unknown",
                    },
                }
            ],
            "gen_ai.client.inference.usage.input_tokens": [
                {
                    "amount": 20,
                    "attributes": {
                        "gen_ai.operation.name": "chat",
                        "gen_ai.provider.name": "anthropic",
                        "gen_ai.request.model": "claude-opus-5",
                        "gen_ai.response.model": "claude-opus-5-20260212",
                        "server.address": "api.anthropic.com",
                        "server.port": 443,
                        "llmotel.library": "anthropic",
                        "gen_ai.token.modality": "unknown",
                    },
                }
            ],
            "gen_ai.client.inference.usage.output_tokens": [
                {
                    "amount": 10,
                    "attributes": {
                        "gen_ai.operation.name": "chat",
                        "gen_ai.provider.name": "anthropic",
                        "gen_ai.request.model": "claude-opus-5",
                        "gen_ai.response.model": "claude-opus-5-20260212",
                        "server.address": "api.anthropic.com",
                        "server.port": 443,
                        "llmotel.library": "anthropic",
                        "gen_ai.token.modality": "unknown",
                    },
                }
            ],
            "llmotel.client.cost.usd": [
                {
                    "amount": 0.00035,
                    "attributes": {
                        "gen_ai.operation.name": "chat",
                        "gen_ai.provider.name": "anthropic",
                        "gen_ai.request.model": "claude-opus-5",
                        "gen_ai.response.model": "claude-opus-5-20260212",
                        "server.address": "api.anthropic.com",
                        "server.port": 443,
                        "llmotel.library": "anthropic",
                    },
                }
            ],
            "llmotel.client.operation.cost.usd": [
                {
                    "amount": {"count": 1, "sum": 0.00035},
                    "attributes": {
                        "gen_ai.operation.name": "chat",
                        "gen_ai.provider.name": "anthropic",
                        "gen_ai.request.model": "claude-opus-5",
                        "gen_ai.response.model": "claude-opus-5-20260212",
                        "server.address": "api.anthropic.com",
                        "server.port": 443,
                        "llmotel.library": "anthropic",
                    },
                }
            ],
        },
        "a cached prompt": {
            "gen_ai.client.inference.duration": [
                {
                    "amount": {"count": 1, "sum": "<seconds>"},
                    "attributes": {
                        "gen_ai.operation.name": "chat",
                        "gen_ai.provider.name": "anthropic",
                        "gen_ai.request.model": "claude-opus-5",
                        "gen_ai.response.model": "claude-opus-5-20260212",
                        "server.address": "api.anthropic.com",
                        "server.port": 443,
                        "llmotel.library": "anthropic",
                    },
                }
            ],
            "gen_ai.client.inference.operation.input_tokens": [
                {
                    "amount": {"count": 1, "sum": 1510},
                    "attributes": {
                        "gen_ai.operation.name": "chat",
                        "gen_ai.provider.name": "anthropic",
                        "gen_ai.request.model": "claude-opus-5",
                        "gen_ai.response.model": "claude-opus-5-20260212",
                        "server.address": "api.anthropic.com",
                        "server.port": 443,
                        "llmotel.library": "anthropic",
                    },
                }
            ],
            "gen_ai.client.inference.operation.output_tokens": [
                {
                    "amount": {"count": 1, "sum": 20},
                    "attributes": {
                        "gen_ai.operation.name": "chat",
                        "gen_ai.provider.name": "anthropic",
                        "gen_ai.request.model": "claude-opus-5",
                        "gen_ai.response.model": "claude-opus-5-20260212",
                        "server.address": "api.anthropic.com",
                        "server.port": 443,
                        "llmotel.library": "anthropic",
                    },
                }
            ],
            "gen_ai.client.inference.usage.cache_read.input_tokens": [
                {
                    "amount": 1000,
                    "attributes": {
                        "gen_ai.operation.name": "chat",
                        "gen_ai.provider.name": "anthropic",
                        "gen_ai.request.model": "claude-opus-5",
                        "gen_ai.response.model": "claude-opus-5-20260212",
                        "server.address": "api.anthropic.com",
                        "server.port": 443,
                        "llmotel.library": "anthropic",
                        "gen_ai.token.modality": "unknown",
                    },
                }
            ],
            "gen_ai.client.inference.usage.cache_write.input_tokens": [
                {
                    "amount": 500,
                    "attributes": {
                        "gen_ai.operation.name": "chat",
                        "gen_ai.provider.name": "anthropic",
                        "gen_ai.request.model": "claude-opus-5",
                        "gen_ai.response.model": "claude-opus-5-20260212",
                        "server.address": "api.anthropic.com",
                        "server.port": 443,
                        "llmotel.library": "anthropic",
                        "gen_ai.token.modality": "unknown",
                    },
                }
            ],
            "gen_ai.client.inference.usage.input_tokens": [
                {
                    "amount": 1510,
                    "attributes": {
                        "gen_ai.operation.name": "chat",
                        "gen_ai.provider.name": "anthropic",
                        "gen_ai.request.model": "claude-opus-5",
                        "gen_ai.response.model": "claude-opus-5-20260212",
                        "server.address": "api.anthropic.com",
                        "server.port": 443,
                        "llmotel.library": "anthropic",
                        "gen_ai.token.modality": "unknown",
                    },
                }
            ],
            "gen_ai.client.inference.usage.output_tokens": [
                {
                    "amount": 20,
                    "attributes": {
                        "gen_ai.operation.name": "chat",
                        "gen_ai.provider.name": "anthropic",
                        "gen_ai.request.model": "claude-opus-5",
                        "gen_ai.response.model": "claude-opus-5-20260212",
                        "server.address": "api.anthropic.com",
                        "server.port": 443,
                        "llmotel.library": "anthropic",
                        "gen_ai.token.modality": "unknown",
                    },
                }
            ],
            "llmotel.client.cost.usd": [
                {
                    "amount": 0.0049250000000000006,
                    "attributes": {
                        "gen_ai.operation.name": "chat",
                        "gen_ai.provider.name": "anthropic",
                        "gen_ai.request.model": "claude-opus-5",
                        "gen_ai.response.model": "claude-opus-5-20260212",
                        "server.address": "api.anthropic.com",
                        "server.port": 443,
                        "llmotel.library": "anthropic",
                    },
                }
            ],
            "llmotel.client.operation.cost.usd": [
                {
                    "amount": {"count": 1, "sum": 0.0049250000000000006},
                    "attributes": {
                        "gen_ai.operation.name": "chat",
                        "gen_ai.provider.name": "anthropic",
                        "gen_ai.request.model": "claude-opus-5",
                        "gen_ai.response.model": "claude-opus-5-20260212",
                        "server.address": "api.anthropic.com",
                        "server.port": 443,
                        "llmotel.library": "anthropic",
                    },
                }
            ],
        },
        "a stream that ends in an error": {
            "gen_ai.client.inference.duration": [
                {
                    "amount": {"count": 1, "sum": "<seconds>"},
                    "attributes": {
                        "gen_ai.operation.name": "chat",
                        "gen_ai.provider.name": "anthropic",
                        "gen_ai.request.model": "claude-opus-5",
                        "gen_ai.response.model": "claude-opus-5-20260212",
                        "server.address": "api.anthropic.com",
                        "server.port": 443,
                        "llmotel.library": "anthropic",
                        "error.type": "overloaded_error",
                        "llmotel.outcome": "server",
                    },
                }
            ],
            "gen_ai.client.inference.operation.input_tokens": [
                {
                    "amount": {"count": 1, "sum": 20},
                    "attributes": {
                        "gen_ai.operation.name": "chat",
                        "gen_ai.provider.name": "anthropic",
                        "gen_ai.request.model": "claude-opus-5",
                        "gen_ai.response.model": "claude-opus-5-20260212",
                        "server.address": "api.anthropic.com",
                        "server.port": 443,
                        "llmotel.library": "anthropic",
                        "error.type": "overloaded_error",
                        "llmotel.outcome": "server",
                    },
                }
            ],
            "gen_ai.client.inference.operation.output_tokens": [
                {
                    "amount": {"count": 1, "sum": 1},
                    "attributes": {
                        "gen_ai.operation.name": "chat",
                        "gen_ai.provider.name": "anthropic",
                        "gen_ai.request.model": "claude-opus-5",
                        "gen_ai.response.model": "claude-opus-5-20260212",
                        "server.address": "api.anthropic.com",
                        "server.port": 443,
                        "llmotel.library": "anthropic",
                        "error.type": "overloaded_error",
                        "llmotel.outcome": "server",
                    },
                }
            ],
            "gen_ai.client.inference.time_per_output_chunk": [
                {
                    "amount": {"count": 2, "sum": "<seconds>"},
                    "attributes": {
                        "gen_ai.operation.name": "chat",
                        "gen_ai.provider.name": "anthropic",
                        "gen_ai.request.model": "claude-opus-5",
                        "gen_ai.response.model": "claude-opus-5-20260212",
                        "server.address": "api.anthropic.com",
                        "server.port": 443,
                        "llmotel.library": "anthropic",
                    },
                }
            ],
            "gen_ai.client.inference.time_to_first_chunk": [
                {
                    "amount": {"count": 1, "sum": "<seconds>"},
                    "attributes": {
                        "gen_ai.operation.name": "chat",
                        "gen_ai.provider.name": "anthropic",
                        "gen_ai.request.model": "claude-opus-5",
                        "gen_ai.response.model": "claude-opus-5-20260212",
                        "server.address": "api.anthropic.com",
                        "server.port": 443,
                        "llmotel.library": "anthropic",
                    },
                }
            ],
            "gen_ai.client.inference.usage.cache_read.input_tokens": [
                {
                    "amount": 0,
                    "attributes": {
                        "gen_ai.operation.name": "chat",
                        "gen_ai.provider.name": "anthropic",
                        "gen_ai.request.model": "claude-opus-5",
                        "gen_ai.response.model": "claude-opus-5-20260212",
                        "server.address": "api.anthropic.com",
                        "server.port": 443,
                        "llmotel.library": "anthropic",
                        "gen_ai.token.modality": "unknown",
                    },
                }
            ],
            "gen_ai.client.inference.usage.cache_write.input_tokens": [
                {
                    "amount": 0,
                    "attributes": {
                        "gen_ai.operation.name": "chat",
                        "gen_ai.provider.name": "anthropic",
                        "gen_ai.request.model": "claude-opus-5",
                        "gen_ai.response.model": "claude-opus-5-20260212",
                        "server.address": "api.anthropic.com",
                        "server.port": 443,
                        "llmotel.library": "anthropic",
                        "gen_ai.token.modality": "unknown",
                    },
                }
            ],
            "gen_ai.client.inference.usage.input_tokens": [
                {
                    "amount": 20,
                    "attributes": {
                        "gen_ai.operation.name": "chat",
                        "gen_ai.provider.name": "anthropic",
                        "gen_ai.request.model": "claude-opus-5",
                        "gen_ai.response.model": "claude-opus-5-20260212",
                        "server.address": "api.anthropic.com",
                        "server.port": 443,
                        "llmotel.library": "anthropic",
                        "gen_ai.token.modality": "unknown",
                    },
                }
            ],
            "gen_ai.client.inference.usage.output_tokens": [
                {
                    "amount": 1,
                    "attributes": {
                        "gen_ai.operation.name": "chat",
                        "gen_ai.provider.name": "anthropic",
                        "gen_ai.request.model": "claude-opus-5",
                        "gen_ai.response.model": "claude-opus-5-20260212",
                        "server.address": "api.anthropic.com",
                        "server.port": 443,
                        "llmotel.library": "anthropic",
                        "gen_ai.token.modality": "unknown",
                    },
                }
            ],
            "llmotel.client.cost.usd": [
                {
                    "amount": 0.000125,
                    "attributes": {
                        "gen_ai.operation.name": "chat",
                        "gen_ai.provider.name": "anthropic",
                        "gen_ai.request.model": "claude-opus-5",
                        "gen_ai.response.model": "claude-opus-5-20260212",
                        "server.address": "api.anthropic.com",
                        "server.port": 443,
                        "llmotel.library": "anthropic",
                    },
                }
            ],
            "llmotel.client.operation.cost.usd": [
                {
                    "amount": {"count": 1, "sum": 0.000125},
                    "attributes": {
                        "gen_ai.operation.name": "chat",
                        "gen_ai.provider.name": "anthropic",
                        "gen_ai.request.model": "claude-opus-5",
                        "gen_ai.response.model": "claude-opus-5-20260212",
                        "server.address": "api.anthropic.com",
                        "server.port": 443,
                        "llmotel.library": "anthropic",
                    },
                }
            ],
        },
    }
)
