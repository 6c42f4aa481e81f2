"""Amazon Bedrock through botocore, and so through boto3.

Every call of every AWS service passes ``BaseClient._make_api_call``; those of other services leave after one look into
a table.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from llmotel.instrumentation.instrumentor import Instrumentor
from llmotel.spec import Endpoint, ErrorInfo, Provider, Request, Retry, Seam
from llmotel.spec.reading import count, get, path, text
from llmotel_instrumentors.dialects import aws, bedrock_agents, bedrock_knowledge, converse, invoke_model

_RUNTIME, _AGENTS, _CORE = "bedrock-runtime", "bedrock-agent-runtime", "bedrock-agentcore"
ENDPOINTS = {
    "Converse": converse.CONVERSE,
    "ConverseStream": converse.CONVERSE_STREAM,
    "ApplyGuardrail": aws.GUARDRAIL,
    "InvokeAgent": bedrock_agents.AGENT,
    "InvokeInlineAgent": bedrock_agents.AGENT,
    "InvokeFlow": bedrock_agents.FLOW,
    "RetrieveAndGenerate": bedrock_knowledge.GENERATE,
    "RetrieveAndGenerateStream": bedrock_knowledge.GENERATE_STREAM,
    "Retrieve": bedrock_knowledge.RETRIEVE,
    "Rerank": bedrock_knowledge.RERANK,
    "InvokeAgentRuntime": bedrock_agents.RUNTIME,
    "InvokeHarness": bedrock_agents.HARNESS,
}
_BODIES = ("InvokeModel", "InvokeModelWithResponseStream")
_STREAMS = frozenset(name for name, endpoint in ENDPOINTS.items() if endpoint.stream_at) | {_BODIES[1]}
_OPERATIONS = {
    **dict.fromkeys(("Converse", "ConverseStream", "ApplyGuardrail"), _RUNTIME),
    **dict.fromkeys(_BODIES, _RUNTIME),
    **dict.fromkeys(("InvokeAgent", "InvokeInlineAgent", "InvokeFlow", "Retrieve", "Rerank"), _AGENTS),
    **dict.fromkeys(("RetrieveAndGenerate", "RetrieveAndGenerateStream"), _AGENTS),
    **dict.fromkeys(("InvokeAgentRuntime", "InvokeHarness"), _CORE),
}
"""Operation -> its service."""

OUTCOMES = {
    "ThrottlingException": "rate_limit",
    "TooManyRequestsException": "rate_limit",
    "ServiceQuotaExceededException": "rate_limit",
    "ModelNotReadyException": "server",  # 429, but not for too many requests
    "ModelErrorException": "server",  # 424, as the next two
    "ModelStreamErrorException": "server",
    "DependencyFailedException": "server",
    "BadGatewayException": "server",
    "InternalServerException": "server",
    "ServiceUnavailableException": "server",
    "ModelTimeoutException": "timeout",
    "ValidationException": "validation",
    "ConflictException": "validation",
    "ResourceNotFoundException": "validation",
    "AccessDeniedException": "authentication",
    "ExpiredTokenException": "authentication",
    "UnrecognizedClientException": "authentication",
    "malformed_response": "server",
}


def locate(client: Any, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Request | None:
    """The request behind ``_make_api_call(operation_name, api_params)``."""
    operation: Any = args[0] if args else kwargs.get("operation_name")
    service = _OPERATIONS.get(operation) if isinstance(operation, str) else None
    if service is None or client.meta.service_model.service_name != service:
        return None
    arguments: Any = args[1] if len(args) > 1 else kwargs.get("api_params")
    if operation in _BODIES:
        arguments = {**arguments, "body": invoke_model.body_of(arguments.get("body"))}
    return Request("", operation, arguments, operation in _STREAMS, client.meta.endpoint_url)


def match(request: Request) -> Endpoint | None:
    """The endpoint of an operation; of InvokeModel, the one for its body."""
    known = ENDPOINTS.get(request.path)
    if known is not None:
        return known
    model = text(get(request.body, "modelId")) or ""
    return invoke_model.endpoint(model, get(request.body, "body"), stream=request.stream)


def identify(client: Any) -> str | None:  # noqa: ARG001
    """Whatever the endpoint, a VPC's or a proxy's: what speaks these operations is Bedrock."""
    return "aws.bedrock"


def read_error(error: BaseException) -> ErrorInfo | None:
    """``ClientError`` and ``EventStreamError`` have it all in ``response``, a dict. In a stream there is no status, and
    the code begins with a small letter."""
    response = getattr(error, "response", None)
    if not isinstance(response, Mapping):
        return None
    status = count(path(response, "ResponseMetadata", "HTTPStatusCode"))
    known = status if status is not None and 400 <= status < 600 else None
    code = text(path(response, "Error", "Code"))
    return ErrorInfo(known, code[0].upper() + code[1:] if code is not None else None)


def provider(library: str, seam: Seam, oldest: str) -> Provider:
    """Bedrock through ``library``, whose calls pass ``seam``."""
    return Provider(
        name="aws.bedrock",
        library=library,
        versions=(oldest, None),
        seams=(seam,),
        match=match,
        identify=identify,
        retries=(Retry("botocore.awsrequest", "AWSPreparedRequest.reset_stream"),) if library == "botocore" else (),
        read_error=read_error,
        outcomes=OUTCOMES,
    )


PROVIDER = provider("botocore", Seam("botocore.client", "BaseClient._make_api_call", locate), "1.34.116")


class BotocoreInstrumentor(Instrumentor):
    """Instruments ``botocore``, for Amazon Bedrock."""

    provider = PROVIDER
