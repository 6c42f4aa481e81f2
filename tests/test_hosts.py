"""Which provider answers at a host."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmotel.engine.provider_names import Hosts


@pytest.fixture
def hosts() -> Hosts:
    return Hosts()


@pytest.mark.parametrize(
    ("host", "provider"),
    [
        ("api.openai.com", "openai"),
        ("eu.api.openai.com", "openai"),
        ("my-resource.openai.azure.com", "azure.ai.openai"),
        ("my-resource.cognitiveservices.azure.com", "azure.ai.openai"),
        ("my-resource.services.ai.azure.com", "azure.ai.openai"),
        ("my-model.eastus.inference.ai.azure.com", "azure.ai.inference"),
        ("api.deepseek.com", "deepseek"),
        ("api.x.ai", "x_ai"),
        ("api.groq.com", "groq"),
        ("api.mistral.ai", "mistral_ai"),
        ("api.perplexity.ai", "perplexity"),
        ("api.moonshot.ai", "moonshot_ai"),
        ("api.moonshot.cn", "moonshot_ai"),
        ("api.cohere.com", "cohere"),
        ("openrouter.ai", "openrouter"),
        ("api.together.xyz", "together"),
        ("api.together.ai", "together"),
        ("api.fireworks.ai", "fireworks"),
        ("api.cerebras.ai", "cerebras"),
        ("router.huggingface.co", "huggingface"),
        ("ollama.com", "ollama"),
        ("generativelanguage.googleapis.com", "gcp.gemini"),
        ("aiplatform.googleapis.com", "gcp.vertex_ai"),
        ("us-central1-aiplatform.googleapis.com", "gcp.vertex_ai"),
        ("aiplatform.eu.rep.googleapis.com", "gcp.vertex_ai"),
        ("bedrock-runtime.us-east-1.amazonaws.com", "aws.bedrock"),
        ("bedrock-runtime-fips.us-gov-west-1.amazonaws.com", "aws.bedrock"),
        ("vpce-0a1b-xyz.bedrock-runtime.us-east-1.vpce.amazonaws.com", "aws.bedrock"),
        ("bedrock-mantle.us-east-1.api.aws", "aws.bedrock"),
        ("api.anthropic.com", "anthropic"),
        ("us-south.ml.cloud.ibm.com", "ibm.watsonx.ai"),
        ("myorg-myaccount.snowflakecomputing.com", "snowflake"),
        ("adb-1.2.azuredatabricks.net", "databricks"),
        ("ai-gateway.vercel.sh", "vercel"),
        ("ark.cn-beijing.volces.com", "volcengine"),
        ("api.studio.nebius.com", "nebius"),
        ("oai.endpoints.kepler.ai.cloud.ovh.net", "ovhcloud"),
    ],
)
def test_a_known_host_gives_its_vendor_on_every_port(hosts: Hosts, host: str, provider: str) -> None:
    assert hosts.provider_of(host, None, "openai") == provider
    assert hosts.provider_of(host, 443, "openai") == provider
    assert hosts.provider_of(host, 40_123, "openai") == provider


def test_the_client_library_does_not_matter_where_the_host_is_known(hosts: Hosts) -> None:
    assert hosts.provider_of("api.deepseek.com", None, "anthropic") == "deepseek"


def test_anthropic_in_foundry_is_not_azure_openai(hosts: Hosts) -> None:
    assert hosts.provider_of("my-resource.services.ai.azure.com", None, "anthropic") == "azure.ai.foundry"


@pytest.mark.parametrize("host", ["API.OpenAI.com", "api.openai.com.", " api.openai.com "])
def test_spelling_does_not_matter(hosts: Hosts, host: str) -> None:
    assert hosts.provider_of(host, None, "anthropic") == "openai"


@pytest.mark.parametrize(
    "host",
    ["llm.corp.example", "api.openai.com.evil.example", "notapi.openai.com", "myopenrouter.ai", "amazonaws.com",
     "bedrock-runtime.amazonaws.com.evil.example", "storage.googleapis.com", "8.8.8.8", "10.0.0.5", "gateway"],
)  # fmt: skip
@pytest.mark.parametrize("client", ["openai", "anthropic"])
def test_a_host_that_nobody_knows_is_unknown_not_the_client_librarys_vendor(
    hosts: Hosts, host: str, client: str
) -> None:
    assert hosts.provider_of(host, 443, client) == "unknown"


@pytest.mark.parametrize(
    "host",
    ["localhost", "127.0.0.1", "::1", "[::1]", "0.0.0.0", "10.0.0.5", "192.168.1.9", "ollama", "gpu.local",
     "host.docker.internal"],
)  # fmt: skip
@pytest.mark.parametrize(("port", "provider"), [(11434, "ollama"), (8000, "vllm"), (1234, "lm_studio")])
def test_a_local_server_is_told_by_its_default_port(hosts: Hosts, host: str, port: int, provider: str) -> None:
    assert hosts.provider_of(host, port, "openai") == provider


@pytest.mark.parametrize("port", [11434, 8000, 1234])
def test_the_port_of_a_public_host_says_nothing(hosts: Hosts, port: int) -> None:
    assert hosts.provider_of("llm.corp.example", port, "openai") == "unknown"
    assert hosts.provider_of("8.8.8.8", port, "openai") == "unknown"


@pytest.mark.parametrize("host", ["localhost", "app.localhost", "127.0.0.1", "127.8.8.8", "::1", "0.0.0.0"])
def test_loopback_on_another_port_stands_in_for_the_client_librarys_vendor(hosts: Hosts, host: str) -> None:
    assert hosts.provider_of(host, 40_123, "openai") == "openai"
    assert hosts.provider_of(host, None, "anthropic") == "anthropic"


def test_without_a_host_the_client_librarys_vendor_is_the_best_guess(hosts: Hosts) -> None:
    assert hosts.provider_of("", None, "openai") == "openai"


def test_an_override_wins_over_everything() -> None:
    hosts = Hosts({"LLM.corp.example": "openai", "api.openai.com": "my_openai", "localhost:8000": "anthropic"})
    assert hosts.provider_of("llm.corp.example", 443, "openai") == "openai"
    assert hosts.provider_of("api.openai.com", 443, "openai") == "my_openai"
    assert hosts.provider_of("localhost", 8000, "openai") == "anthropic"
    assert hosts.provider_of("localhost", 8001, "openai") == "openai"


def test_a_port_of_its_own_wins_over_the_host_and_the_host_over_its_domain() -> None:
    hosts = Hosts({"*.corp.example": "a", "llm.corp.example": "b", "llm.corp.example:8443": "c"})
    assert hosts.provider_of("llm.corp.example", 8443, "openai") == "c"
    assert hosts.provider_of("llm.corp.example", 443, "openai") == "b"
    assert hosts.provider_of("eu.llm.corp.example", 443, "openai") == "a"
    assert hosts.provider_of("corp.example", 443, "openai") == "unknown"


def test_the_nearest_domain_wins() -> None:
    hosts = Hosts({"*.example": "far", "*.corp.example": "near"})
    assert hosts.provider_of("llm.corp.example", None, "openai") == "near"


def test_a_star_names_the_hosts_that_would_be_unknown_and_no_others() -> None:
    hosts = Hosts({"*": "openai"})
    assert hosts.provider_of("llm.corp.example", None, "anthropic") == "openai"
    assert hosts.provider_of("api.anthropic.com", None, "anthropic") == "anthropic"
    assert hosts.provider_of("localhost", 11434, "openai") == "ollama"


def test_an_ipv6_address_with_a_port_can_be_overridden() -> None:
    assert Hosts({"[::1]:8000": "openai"}).provider_of("::1", 8000, "anthropic") == "openai"


def test_answers_do_not_depend_on_what_was_asked_before(hosts: Hosts) -> None:
    for _ in range(2):
        assert hosts.provider_of("localhost", 4000, "openai") == "openai"
        assert hosts.provider_of("localhost", 4000, "anthropic") == "anthropic"
        assert hosts.provider_of("localhost", 11434, "openai") == "ollama"


@given(st.text(st.sampled_from("abz09.:-[]*%A \u0130ß")) | st.text(), st.none() | st.integers())
def test_any_host_and_port_have_a_provider(host: str, port: int | None) -> None:
    assert Hosts({"*.a": "x", "b": "y"}).provider_of(host, port, "openai")


def test_many_hosts_take_no_more_memory_than_a_thousand(hosts: Hosts) -> None:
    import tracemalloc

    def ask(first: int) -> None:
        for number in range(first, first + 2000):
            hosts.provider_of(f"tenant-{number}.openai.azure.com", None, "openai")

    ask(0)
    tracemalloc.start()
    try:
        for first in range(2000, 20_000, 2000):
            ask(first)
        grown, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert grown < 400_000  # a thousand entries at most; 18,000 would be some 5 MB
