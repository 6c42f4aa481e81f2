"""Who answers at a host: ``base_url`` to ``gen_ai.provider.name``.

The names are the conventions' well-known values; where they have none, the vendor's own name in lower case. The value
is best knowledge: a proxy may hide who really answers (GenAI semantic conventions, ``gen_ai.provider.name``).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import lru_cache
from ipaddress import ip_address

UNKNOWN = "unknown"
_CACHED_HOSTS = 1024

# A domain stands for itself and for everything below it (eu.api.openai.com, my-resource.openai.azure.com).
_DOMAINS = {
    "api.openai.com": "openai",
    "openai.azure.com": "azure.ai.openai",
    "openai.azure.us": "azure.ai.openai",
    "openai.azure.cn": "azure.ai.openai",
    "cognitiveservices.azure.com": "azure.ai.openai",
    "services.ai.azure.com": "azure.ai.openai",
    "inference.ai.azure.com": "azure.ai.inference",
    "models.ai.azure.com": "azure.ai.inference",
    "api.anthropic.com": "anthropic",
    "generativelanguage.googleapis.com": "gcp.gemini",
    "api.deepseek.com": "deepseek",
    "api.x.ai": "x_ai",
    "api.groq.com": "groq",
    "mistral.ai": "mistral_ai",
    "api.perplexity.ai": "perplexity",
    "api.moonshot.ai": "moonshot_ai",
    "api.moonshot.cn": "moonshot_ai",
    "api.cohere.com": "cohere",
    "api.cohere.ai": "cohere",
    "ml.cloud.ibm.com": "ibm.watsonx.ai",
    "openrouter.ai": "openrouter",
    "api.together.xyz": "together",
    "api.together.ai": "together",
    "api.fireworks.ai": "fireworks",
    "api.cerebras.ai": "cerebras",
    "router.huggingface.co": "huggingface",
    "api-inference.huggingface.co": "huggingface",
    "endpoints.huggingface.cloud": "huggingface",
    "ollama.com": "ollama",
    "api.z.ai": "zai",
    "open.bigmodel.cn": "zhipuai",
    "api.minimax.io": "minimax",
    "api.novita.ai": "novita",
    "api.sambanova.ai": "sambanova",
    "api.deepinfra.com": "deepinfra",
    "api.arcee.ai": "arcee",
    "inference.baseten.co": "baseten",
    "integrate.api.nvidia.com": "nvidia",
    "models.github.ai": "github",
    "dashscope.aliyuncs.com": "dashscope",
    "dashscope-intl.aliyuncs.com": "dashscope",
    "dashscope-us.aliyuncs.com": "dashscope",
    "cloud.databricks.com": "databricks",
    "azuredatabricks.net": "databricks",
    "gcp.databricks.com": "databricks",
    "snowflakecomputing.com": "snowflake",
    "api.githubcopilot.com": "github-copilot",
    "ai-gateway.vercel.sh": "vercel",
    "api.cloudflare.com": "cloudflare",
    "gateway.ai.cloudflare.com": "cloudflare",
    "inference.heroku.com": "heroku",
    "inference.do-ai.run": "digitalocean",
    "api.minimaxi.com": "minimax",
    "api.minimax.chat": "minimax",
    "api.moonshot.com": "moonshot_ai",
    "api.meta.ai": "meta",
    "api.llama.com": "meta",
    "api.ai21.com": "ai21",
    "api.voyageai.com": "voyageai",
    "api.jina.ai": "jina",
    "api.upstage.ai": "upstage",
    "api.writer.com": "writer",
    "api.reka.ai": "reka",
    "api.inceptionlabs.ai": "inception",
    "api.stepfun.com": "stepfun",
    "api.siliconflow.cn": "siliconflow",
    "api.siliconflow.com": "siliconflow",
    "volces.com": "volcengine",
    "hunyuan.cloud.tencent.com": "tencent",
    "qianfan.baidubce.com": "baidu",
    "api.studio.nebius.com": "nebius",
    "api.studio.nebius.ai": "nebius",
    "api.tokenfactory.nebius.com": "nebius",
    "api.hyperbolic.xyz": "hyperbolic",
    "api.lambda.ai": "lambda",
    "api.featherless.ai": "featherless",
    "api.friendli.ai": "friendli",
    "api.parasail.io": "parasail",
    "api.avian.io": "avian",
    "api.doubleword.ai": "doubleword",
    "api.scaleway.ai": "scaleway",
    "inference.crusoecloud.com": "crusoe",
    "endpoints.kepler.ai.cloud.ovh.net": "ovhcloud",
    "modal.run": "modal",
    "inference.net": "inference_net",
}

# Compiled when the first host needs them, not at start.
_PATTERNS = {
    # bedrock-runtime[-fips].REGION.amazonaws.com, its VPC endpoints, and bedrock-mantle.REGION.api.aws
    r"(?:^|\.)bedrock-(?:runtime|runtime-fips|mantle)\.[a-z0-9-]+\.(?:vpce\.)?(?:amazonaws\.(?:com|com\.cn|eu)|api\.aws)$":
    "aws.bedrock",
    # aiplatform.googleapis.com, REGION-aiplatform.googleapis.com, aiplatform.REGION.rep.googleapis.com
    r"(?:^|[.-])aiplatform\.(?:[a-z0-9-]+\.rep\.)?googleapis\.com$": "gcp.vertex_ai",
}  # fmt: skip

_LOCAL_PORTS = {11434: "ollama", 8000: "vllm", 1234: "lm_studio"}  # the default ports of the three servers


class Hosts:
    """Tells providers from hosts. ``overrides`` (the setting ``LLMOTEL_PROVIDER_HOSTS``) come first; a key is a host, a
    ``host:port``, a ``*.domain`` for everything below it, or ``*`` for every host that would otherwise be unknown.

    ``provider_of(host, port, default)`` never raises for strings and costs one cache lookup once a host has been seen:

    * a known host gives its vendor, whatever the port and whichever client library calls it;
    * a server on this machine or its private network gives ``ollama`` on port 11434, ``vllm`` on 8000 and ``lm_studio``
      on 1234. These are guesses from default ports, to be overridden where something else listens there;
    * loopback on any other port gives ``default``, the client library's own vendor: what is there is most often a
      tunnel, a recording proxy or a test double of that vendor;
    * every other host is ``unknown``. Half of the market speaks OpenAI's dialect, so a client library says nothing of
      who answers and whose prices hold; an override names the vendor behind a company's own gateway.

    >>> Hosts({"llm.corp.example": "openai"}).provider_of("llm.corp.example", None, "openai")
    'openai'
    """

    provider_of: Callable[[str, int | None, str], str]

    def __init__(self, overrides: Mapping[str, str] | None = None) -> None:
        self._overrides = {_normal(host): provider for host, provider in (overrides or {}).items()}
        # lru_cache: bounded, safe in threads, and no bytecode of ours runs on a hit.
        self.provider_of = lru_cache(_CACHED_HOSTS)(self._find)

    def _find(self, host: str, port: int | None, default: str) -> str:
        host = _normal(host)
        if not host:
            return default
        known = self._override(host, port) or _known(host, default)
        if known is not None:
            return known
        address = _address(host)
        if _is_local(host, address) and port in _LOCAL_PORTS:
            return _LOCAL_PORTS[port]
        if _is_loopback(host, address):
            return default
        return self._overrides.get("*", UNKNOWN)

    def provider_or_vendor(self, host: str, port: int | None, vendor: str) -> str:
        """As ``provider_of`` for the client library of a vendor whose dialect few others speak: overrides and known
        hosts count, and whatever nobody knows is a gateway to ``vendor``, on this machine or elsewhere."""
        host = _normal(host)
        return (self._override(host, port) or _known(host, vendor) or vendor) if host else vendor

    def _override(self, host: str, port: int | None) -> str | None:
        overrides = self._overrides
        found = overrides.get(f"{host}:{port}") or overrides.get(host)
        parents = iter(_parents(host))
        next(parents)  # the host itself is not below itself
        return found or next((overrides[f"*.{domain}"] for domain in parents if f"*.{domain}" in overrides), None)


def _known(host: str, default: str) -> str | None:
    for domain in _parents(host):
        if domain in _DOMAINS:
            # Foundry serves Anthropic's own API beside OpenAI's on the same host; azure.ai.foundry is the name
            # that the conventions have in discussion for it.
            foundry = domain == "services.ai.azure.com" and default == "anthropic"
            return "azure.ai.foundry" if foundry else _DOMAINS[domain]
    return next((provider for pattern, provider in _PATTERNS.items() if re.search(pattern, host)), None)


def _parents(host: str) -> list[str]:
    """``a.b.c`` -> ``a.b.c``, ``b.c``, ``c``. A DNS name has at most 127 labels, so the work is bounded."""
    labels = host.split(".", 127)
    return [".".join(labels[index:]) for index in range(len(labels))]


def _normal(host: str) -> str:
    return host.strip().lower().rstrip(".").replace("[", "").replace("]", "")


def _address(host: str) -> tuple[bool, bool] | None:
    """(loopback, private) of a literal IP address, ``None`` for a name."""
    try:
        address = ip_address(host.partition("%")[0])
    except ValueError:
        return None
    return address.is_loopback or address.is_unspecified, address.is_private


def _is_loopback(host: str, address: tuple[bool, bool] | None) -> bool:
    return address[0] if address is not None else host == "localhost" or host.endswith(".localhost")


def _is_local(host: str, address: tuple[bool, bool] | None) -> bool:
    """Loopback, a private address, or a name that only a local network resolves (``ollama`` in a compose file)."""
    if address is not None:
        return address[0] or address[1]
    return "." not in host or host.endswith((".localhost", ".local", ".internal"))
