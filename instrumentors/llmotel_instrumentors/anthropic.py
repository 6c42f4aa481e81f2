"""Anthropic's client library: Anthropic itself, and its models on Bedrock and Vertex."""

from __future__ import annotations

from typing import Any

from llmotel.instrumentation.instrumentor import Instrumentor
from llmotel.spec import Endpoint, InstanceCheck, NativeTelemetry, Provider, Request
from llmotel_instrumentors import stainless
from llmotel_instrumentors.dialects import messages

_PLATFORMS = (
    ("Bedrock", "aws.bedrock"),
    ("AWS", "aws.bedrock"),
    ("Vertex", "gcp.vertex_ai"),
    ("GoogleCloud", "gcp.vertex_ai"),
    ("Foundry", "azure.ai.foundry"),
)


def match(request: Request) -> Endpoint | None:
    """The endpoint behind a request. Counting tokens infers nothing, batches answer elsewhere: both are left alone."""
    if request.method == "post" and request.path.partition("?")[0].lstrip("/") == "v1/messages":
        return messages.MESSAGES
    return None


def identify(client: Any) -> str | None:
    """The platform that the client's class is made for. Other vendors serve Anthropic's dialect too: those are told by
    host, and a gateway that nobody knows leads to Anthropic."""
    name = type(client).__name__
    for platform, provider in _PLATFORMS:
        if platform in name:
            return provider
    return None


PROVIDER = Provider(
    name="anthropic",
    library="anthropic",
    versions=("0.51.0", None),
    seams=stainless.seams("anthropic"),
    retries=stainless.retries("anthropic"),
    match=match,
    identify=identify,
    assume_own_vendor=True,
    native=(
        NativeTelemetry(
            scope="com.anthropic.sdk.python",
            module="anthropic._base_client",
            tracer="BaseClient._tracer",
        ),
    ),
    instance_checks=(  # until 1.0
        InstanceCheck("anthropic._streaming", "_SyncStreamMeta.__instancecheck__"),
        InstanceCheck("anthropic._streaming", "_AsyncStreamMeta.__instancecheck__"),
    ),
)


class AnthropicInstrumentor(Instrumentor):
    """Instruments ``anthropic``."""

    provider = PROVIDER
