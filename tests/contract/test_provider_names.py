"""Who answers, and where: the provider's name, address and port, for every client class and every known host."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import anthropic
import openai
import pytest

from contract.anyhost import AnyHost, AnyHostAsync
from llmotel.testing import ProviderServer
from telemetry import Telemetry
from transport import httpx

Origin = tuple[str, str, int]
"""``gen_ai.provider.name``, ``server.address``, ``server.port``."""

QUESTION: list[Any] = [{"role": "user", "content": "What is the capital of France?"}]
AWS = {"aws_region": "eu-central-1", "aws_access_key": "AKIA", "aws_secret_key": "s"}
VERTEX = {"region": "europe-west1", "project_id": "acme", "access_token": "token"}


def chat(client: Any, model: str = "gpt-4.1") -> Any:
    return client.chat.completions.create(model=model, messages=QUESTION)


def message(client: Any, model: str = "claude-opus-5") -> Any:
    return client.messages.create(model=model, max_tokens=99, messages=QUESTION)


def origins(telemetry: Telemetry) -> list[Origin]:
    found = []
    for span in telemetry.spans:
        attributes = span.attributes
        found.append((attributes["gen_ai.provider.name"], attributes["server.address"], attributes["server.port"]))
    return found


@pytest.mark.parametrize(
    ("url", "provider", "port"),
    [
        ("https://api.openai.com/v1", "openai", 443),
        ("https://eu.api.openai.com/v1", "openai", 443),
        ("https://acme.openai.azure.com/openai/v1", "azure.ai.openai", 443),
        ("https://api.deepseek.com", "deepseek", 443),
        ("https://api.x.ai/v1", "x_ai", 443),
        ("https://api.groq.com/openai/v1", "groq", 443),
        ("https://api.mistral.ai/v1", "mistral_ai", 443),
        ("https://api.perplexity.ai", "perplexity", 443),
        ("https://api.moonshot.ai/v1", "moonshot_ai", 443),
        ("https://openrouter.ai/api/v1", "openrouter", 443),
        ("https://api.together.xyz/v1", "together", 443),
        ("https://api.fireworks.ai/inference/v1", "fireworks", 443),
        ("https://generativelanguage.googleapis.com/v1beta/openai", "gcp.gemini", 443),
        ("http://localhost:11434/v1", "ollama", 11434),
        ("http://127.0.0.1:8000/v1", "vllm", 8000),
        ("http://192.168.1.7:1234/v1", "lm_studio", 1234),
        ("http://localhost:4000/v1", "openai", 4000),
        ("https://llm.corp.example/v1", "unknown", 443),
        ("http://llm.corp.example:8443/v1", "unknown", 8443),
    ],
)
def test_the_host_of_the_base_url_names_the_provider(
    url: str, provider: str, port: int, server: ProviderServer, telemetry: Telemetry
) -> None:
    with openai.OpenAI(api_key="any", base_url=url, http_client=httpx.Client(transport=AnyHost(server))) as client:
        chat(client)
        list(client.chat.completions.create(model="gpt-4.1", messages=QUESTION, stream=True))
        client.embeddings.create(model="text-embedding-3-small", input="Paris")
    host = httpx.URL(url).host
    assert origins(telemetry) == [(provider, host, port)] * 3
    for point in telemetry.metrics()["gen_ai.client.inference.duration"]:
        assert (point.attributes["gen_ai.provider.name"], point.attributes["server.address"]) == (provider, host)


def test_a_setting_names_hosts_of_your_own(server: ProviderServer, instrument: Callable[..., Telemetry]) -> None:
    telemetry = instrument(provider_hosts="llm.corp.example=openai,127.0.0.1:8000=sglang")
    for url in ("https://llm.corp.example/v1", "http://127.0.0.1:8000/v1"):
        with openai.OpenAI(api_key="any", base_url=url, http_client=httpx.Client(transport=AnyHost(server))) as client:
            chat(client)
    assert origins(telemetry) == [("openai", "llm.corp.example", 443), ("sglang", "127.0.0.1", 8000)]


@pytest.mark.parametrize(
    ("url", "provider"),
    [
        ("https://api.deepseek.com/anthropic", "deepseek"),
        ("https://api.moonshot.ai/anthropic", "moonshot_ai"),
        ("https://openrouter.ai/api", "openrouter"),
        ("https://llm.corp.example", "anthropic"),
        ("http://127.0.0.1:8000", "anthropic"),
        ("https://claude.corp.example", "aws.bedrock"),
    ],
)
def test_other_vendors_that_speak_anthropics_dialect_are_told_by_host(
    url: str, provider: str, server: ProviderServer, instrument: Callable[..., Telemetry]
) -> None:
    telemetry = instrument(provider_hosts="claude.corp.example=aws.bedrock")
    http = httpx.Client(transport=AnyHost(server))
    with anthropic.Anthropic(api_key="any", base_url=url, http_client=http) as client:
        message(client)
    assert origins(telemetry) == [(provider, httpx.URL(url).host, httpx.URL(url).port or 443)]


CLIENTS: dict[str, tuple[type, type, dict[str, Any], Callable[..., Any], Origin]] = {
    "AzureOpenAI": (
        openai.AzureOpenAI,
        openai.AsyncAzureOpenAI,
        {"api_key": "k", "api_version": "2024-10-21", "azure_endpoint": "https://acme.openai.azure.com"},
        chat,
        ("azure.ai.openai", "acme.openai.azure.com", 443),
    ),
    "AzureOpenAI behind a gateway": (
        openai.AzureOpenAI,
        openai.AsyncAzureOpenAI,
        {"api_key": "k", "api_version": "2024-10-21", "azure_endpoint": "https://llm.corp.example"},
        chat,
        ("azure.ai.openai", "llm.corp.example", 443),
    ),
    "AzureOpenAI of one deployment": (
        openai.AzureOpenAI,
        openai.AsyncAzureOpenAI,
        {
            "api_key": "k",
            "api_version": "2024-10-21",
            "azure_endpoint": "https://acme.openai.azure.com",
            "azure_deployment": "mine",
        },
        chat,
        ("azure.ai.openai", "acme.openai.azure.com", 443),
    ),
    "Anthropic": (
        anthropic.Anthropic,
        anthropic.AsyncAnthropic,
        {"api_key": "k"},
        message,
        ("anthropic", "api.anthropic.com", 443),
    ),
    "Anthropic behind a gateway": (
        anthropic.Anthropic,
        anthropic.AsyncAnthropic,
        {"api_key": "k", "base_url": "http://llm.corp.example:8080"},
        message,
        ("anthropic", "llm.corp.example", 8080),
    ),
    "AnthropicBedrock": (
        anthropic.AnthropicBedrock,
        anthropic.AsyncAnthropicBedrock,
        AWS,
        message,
        ("aws.bedrock", "bedrock-runtime.eu-central-1.amazonaws.com", 443),
    ),
    "AnthropicVertex": (
        anthropic.AnthropicVertex,
        anthropic.AsyncAnthropicVertex,
        VERTEX,
        message,
        ("gcp.vertex_ai", "europe-west1-aiplatform.googleapis.com", 443),
    ),
}


@pytest.mark.parametrize("name", CLIENTS)
def test_the_class_of_the_client_names_the_platform(name: str, server: ProviderServer, telemetry: Telemetry) -> None:
    kind, _, options, ask, origin = CLIENTS[name]
    with kind(**options, http_client=httpx.Client(transport=AnyHost(server))) as client:
        ask(client)
    assert origins(telemetry) == [origin]
    attributes = telemetry.span.attributes
    assert attributes["gen_ai.operation.name"] == "chat"
    assert attributes["gen_ai.request.model"] in ("gpt-4.1", "claude-opus-5")
    assert attributes["gen_ai.usage.output_tokens"] > 0


@pytest.mark.parametrize("name", CLIENTS)
def test_the_class_of_an_asynchronous_client_names_the_platform(
    name: str, server: ProviderServer, telemetry: Telemetry
) -> None:
    _, kind, options, ask, origin = CLIENTS[name]

    async def run() -> None:
        async with kind(**options, http_client=httpx.AsyncClient(transport=AnyHostAsync(server))) as client:
            await ask(client)

    asyncio.run(run())
    assert origins(telemetry) == [origin]


@pytest.mark.parametrize("name", ["AnthropicBedrock", "AnthropicVertex"])
def test_a_stream_of_a_platform_is_read_like_any_other(name: str, server: ProviderServer, telemetry: Telemetry) -> None:
    kind, _, options, _, origin = CLIENTS[name]
    with kind(**options, http_client=httpx.Client(transport=AnyHost(server))) as client:
        events = list(client.messages.create(model="claude-opus-5", max_tokens=99, messages=QUESTION, stream=True))
    attributes = telemetry.span.attributes
    assert origins(telemetry) == [origin]
    assert attributes["llmotel.stream.chunks"] == len(events) > 2
    assert attributes["gen_ai.request.model"] == "claude-opus-5"
    assert attributes["gen_ai.usage.output_tokens"] > 0
    assert attributes["gen_ai.response.finish_reasons"] == ("stop",)


def test_a_copy_of_a_client_has_an_origin_of_its_own(server: ProviderServer, telemetry: Telemetry) -> None:
    http_client = httpx.Client(transport=AnyHost(server))
    with openai.OpenAI(api_key="any", base_url="https://api.openai.com/v1", http_client=http_client) as client:
        chat(client)
        chat(client.with_options(base_url="https://api.deepseek.com"), "deepseek-chat")
        client.base_url = "https://api.groq.com/openai/v1"
        chat(client)
    assert [provider for provider, _, _ in origins(telemetry)] == ["openai", "deepseek", "groq"]
