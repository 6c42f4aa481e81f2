"""Who answered: ``gen_ai.provider.name``, ``server.address`` and ``server.port`` of every client and host."""

from __future__ import annotations

import asyncio
from typing import Any

import anthropic
import httpx2
import openai
import pytest

from contract.calling import performed
from contract.hosts import Everywhere
from contract.providers import ANTHROPIC, OPENAI, Case
from llmotel.testing import ProviderServer
from telemetry import Telemetry

HELLO = [{"role": "user", "content": "Hello"}]


def sync_http(server: ProviderServer) -> httpx2.Client:
    return httpx2.Client(transport=Everywhere(server))


def async_http(server: ProviderServer) -> httpx2.AsyncClient:
    return httpx2.AsyncClient(transport=Everywhere(server))


def identity(telemetry: Telemetry) -> tuple[Any, ...]:
    attributes = telemetry.span.attributes
    return tuple(attributes.get(name) for name in ("gen_ai.provider.name", "server.address", "server.port"))


HOSTS = {
    "https://api.openai.com/v1": "openai",
    "https://eu.api.openai.com/v1": "openai",
    "https://my-resource.openai.azure.com/openai/v1": "azure.ai.openai",
    "https://my-resource.services.ai.azure.com/openai/v1": "azure.ai.openai",
    "https://api.deepseek.com": "deepseek",
    "https://api.x.ai/v1": "x_ai",
    "https://api.groq.com/openai/v1": "groq",
    "https://api.mistral.ai/v1": "mistral_ai",
    "https://api.perplexity.ai": "perplexity",
    "https://api.moonshot.ai/v1": "moonshot_ai",
    "https://openrouter.ai/api/v1": "openrouter",
    "https://api.together.xyz/v1": "together",
    "https://api.fireworks.ai/inference/v1": "fireworks",
    "https://generativelanguage.googleapis.com/v1beta/openai": "gcp.gemini",
    "http://ollama:11434/v1": "ollama",
    "http://gpu-1.internal:8000/v1": "vllm",
    "http://workstation.local:1234/v1": "lm_studio",
    "https://llm.corp.example/v1": "unknown",
}


@pytest.mark.parametrize(("base_url", "provider"), HOSTS.items())
def test_an_openai_client_is_named_after_the_host_that_it_is_pointed_at(
    base_url: str, provider: str, server: ProviderServer, telemetry: Telemetry
) -> None:
    with openai.OpenAI(api_key="any", base_url=base_url, http_client=sync_http(server)) as client:
        client.chat.completions.create(model="a-model", messages=HELLO)
    url = httpx2.URL(base_url)
    assert identity(telemetry) == (provider, url.host, url.port or (443 if url.scheme == "https" else 80))


def test_a_host_of_ones_own_can_be_named(server: ProviderServer, telemetry: Telemetry) -> None:
    telemetry(provider_hosts={"llm.corp.example": "openai"})
    with openai.OpenAI(api_key="any", base_url="https://llm.corp.example/v1", http_client=sync_http(server)) as client:
        client.chat.completions.create(model="gpt-4.1", messages=HELLO)
    assert identity(telemetry) == ("openai", "llm.corp.example", 443)
    assert telemetry.span.attributes["gen_ai.usage.cost.amount"] > 0


def test_a_client_copied_for_another_host_is_named_after_that(server: ProviderServer, telemetry: Telemetry) -> None:
    with openai.OpenAI(api_key="any", http_client=sync_http(server), base_url="https://api.openai.com/v1") as client:
        client.chat.completions.create(model="a-model", messages=HELLO)
        client.with_options(base_url="https://api.groq.com/openai/v1").chat.completions.create(
            model="a-model", messages=HELLO
        )
    assert [span.attributes["gen_ai.provider.name"] for span in telemetry.spans] == ["openai", "groq"]


class TestAzure:
    ENDPOINT = "https://my-resource.openai.azure.com"

    def test_the_client_is_known_by_its_class(self, server: ProviderServer, telemetry: Telemetry) -> None:
        with openai.AzureOpenAI(
            api_key="any", azure_endpoint=self.ENDPOINT, api_version="2024-10-21", http_client=sync_http(server)
        ) as client:
            client.chat.completions.create(model="my-deployment", messages=HELLO)
        assert identity(telemetry) == ("azure.ai.openai", "my-resource.openai.azure.com", 443)
        assert telemetry.span.name == "chat my-deployment"
        assert server.last.params == {"deployment": "my-deployment"}

    async def test_so_is_the_asynchronous_one(self, server: ProviderServer, telemetry: Telemetry) -> None:
        async with openai.AsyncAzureOpenAI(
            api_key="any", azure_endpoint=self.ENDPOINT, api_version="2024-10-21", http_client=async_http(server)
        ) as client:
            stream = await client.chat.completions.create(model="my-deployment", messages=HELLO, stream=True)
            async for _ in stream:
                pass
        assert identity(telemetry) == ("azure.ai.openai", "my-resource.openai.azure.com", 443)

    def test_also_behind_a_gateway(self, server: ProviderServer, telemetry: Telemetry) -> None:
        with openai.AzureOpenAI(
            api_key="any", azure_endpoint="https://gateway.corp.example", api_version="2024-10-21",
            http_client=sync_http(server),
        ) as client:  # fmt: skip
            client.embeddings.create(model="my-embeddings", input="Hello")
        assert identity(telemetry) == ("azure.ai.openai", "gateway.corp.example", 443)
        assert telemetry.span.name == "embeddings my-embeddings"

    def test_the_deployment_of_the_client_needs_no_model_in_the_call(
        self, server: ProviderServer, telemetry: Telemetry
    ) -> None:
        with openai.AzureOpenAI(
            api_key="any", azure_endpoint=self.ENDPOINT, azure_deployment="my-deployment", api_version="2024-10-21",
            http_client=sync_http(server),
        ) as client:  # fmt: skip
            client.chat.completions.create(model="gpt-4.1", messages=HELLO)
        assert identity(telemetry) == ("azure.ai.openai", "my-resource.openai.azure.com", 443)


class TestAnthropicsPlatforms:
    BEDROCK = {"aws_region": "us-east-1", "api_key": "any"}
    VERTEX = {"region": "us-east5", "project_id": "a-project", "access_token": "any"}
    ASK = {"model": "claude-opus-4-5", "max_tokens": 50, "messages": HELLO}

    def test_anthropic_itself(self, server: ProviderServer, telemetry: Telemetry) -> None:
        with anthropic.Anthropic(api_key="any", http_client=sync_http(server)) as client:
            client.messages.create(**self.ASK)
        assert identity(telemetry) == ("anthropic", "api.anthropic.com", 443)

    def test_bedrock(self, server: ProviderServer, telemetry: Telemetry) -> None:
        with anthropic.AnthropicBedrock(**self.BEDROCK, http_client=sync_http(server)) as client:
            client.messages.create(**{**self.ASK, "model": "us.anthropic.claude-opus-4-5-20251101-v1:0"})
        assert identity(telemetry) == ("aws.bedrock", "bedrock-runtime.us-east-1.amazonaws.com", 443)
        attributes = telemetry.span.attributes
        assert telemetry.span.name == "chat us.anthropic.claude-opus-4-5-20251101-v1:0"
        assert attributes["gen_ai.response.model"] == "claude-opus-4-5-20251101"
        assert attributes["gen_ai.usage.cost.amount"] > 0

    async def test_bedrock_asynchronously(self, server: ProviderServer, telemetry: Telemetry) -> None:
        async with anthropic.AsyncAnthropicBedrock(**self.BEDROCK, http_client=async_http(server)) as client:
            await client.messages.create(**{**self.ASK, "model": "anthropic.claude-opus-4-5-20251101-v1:0"})
        assert identity(telemetry) == ("aws.bedrock", "bedrock-runtime.us-east-1.amazonaws.com", 443)

    def test_a_stream_from_bedrock(self, server: ProviderServer, telemetry: Telemetry) -> None:
        pytest.importorskip("botocore", reason="Bedrock's streams need anthropic[bedrock]")
        with anthropic.AnthropicBedrock(**self.BEDROCK, http_client=sync_http(server)) as client:
            stream = client.messages.create(**self.ASK, stream=True)
            assert [event.type for event in stream][-1] == "message_stop"
        assert identity(telemetry) == ("aws.bedrock", "bedrock-runtime.us-east-1.amazonaws.com", 443)
        assert telemetry.span.attributes["gen_ai.usage.output_tokens"] > 0

    @pytest.mark.parametrize("stream", [False, True])
    def test_vertex(self, stream: bool, server: ProviderServer, telemetry: Telemetry) -> None:
        with anthropic.AnthropicVertex(**self.VERTEX, http_client=sync_http(server)) as client:
            result = client.messages.create(**{**self.ASK, "model": "claude-opus-4-5@20251101"}, stream=stream)
            if stream:
                assert [event.type for event in result][-1] == "message_stop"
        assert identity(telemetry) == ("gcp.vertex_ai", "us-east5-aiplatform.googleapis.com", 443)
        assert telemetry.span.attributes["gen_ai.usage.input_tokens"] > 0

    def test_vertex_asynchronously(self, server: ProviderServer, telemetry: Telemetry) -> None:
        async def ask() -> None:
            async with anthropic.AsyncAnthropicVertex(**self.VERTEX, http_client=async_http(server)) as client:
                await client.messages.create(**self.ASK)

        asyncio.run(ask())
        assert identity(telemetry) == ("gcp.vertex_ai", "us-east5-aiplatform.googleapis.com", 443)

    def test_behind_a_gateway_of_ones_own_it_is_still_anthropic(
        self, server: ProviderServer, telemetry: Telemetry
    ) -> None:
        with anthropic.Anthropic(
            api_key="any", base_url="https://gateway.corp.example", http_client=sync_http(server)
        ) as client:
            client.messages.create(**self.ASK)
        assert identity(telemetry) == ("anthropic", "gateway.corp.example", 443)


@pytest.mark.parametrize(
    ("case", "provider"),
    [
        (Case(OPENAI, OPENAI.shape("chat.create")), "openai"),
        (Case(ANTHROPIC, ANTHROPIC.shape("messages.create")), "anthropic"),
    ],
    ids=["openai", "anthropic"],
)
def test_a_server_on_loopback_is_taken_for_the_clients_own(
    case: Case, provider: str, server: ProviderServer, telemetry: Telemetry
) -> None:
    performed(case, server)
    assert identity(telemetry) == (provider, "127.0.0.1", httpx2.URL(server.url).port)
