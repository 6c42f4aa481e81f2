"""Amazon Bedrock in the terms of the table: its two client libraries under one form, and what can be called.

What differs from the table's other libraries: streams and bodies lie in a dict, a stream has neither ``with`` nor
``next()``, and asynchronous calls go through a library of their own. So it is crossed by itself
(``test_bedrock_crossings.py``).
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import boto3
from aiobotocore.session import get_session
from botocore import UNSIGNED
from botocore.config import Config

from contract.oracle import converse_tokens, llama_tokens
from contract.providers import PLAIN, STREAM, Provider, Shape
from llmotel.testing.bedrock_wire import converse, errors, models
from llmotel.testing.reply import BROKEN
from llmotel_instrumentors.botocore import BotocoreInstrumentor

_SESSION = boto3.session.Session()  # which has read the descriptions of the services
_AIO_SESSION = get_session()
_READS = {"converse_stream": "stream", "invoke_model_with_response_stream": "body"}


def _options(base_url: str, max_retries: int, timeout: float) -> dict[str, Any]:
    config = Config(
        retries={"total_max_attempts": max_retries + 1},
        read_timeout=timeout,
        connect_timeout=timeout,
        signature_version=UNSIGNED,  # or every request has another signature
    )
    return {"region_name": "us-east-1", "endpoint_url": base_url, "config": config}


def _named(arguments: dict[str, Any]) -> dict[str, Any]:
    return {"modelId" if name == "model" else name: value for name, value in arguments.items()}


def _plain(result: dict[str, Any]) -> dict[str, Any]:
    """An answer without what the server says of itself and of the time."""
    return {name: value for name, value in result.items() if name != "ResponseMetadata"}


class Bedrock:
    """``boto3.client("bedrock-runtime")``. A call gives a stream of events, or the answer whole."""

    def __init__(
        self, *, api_key: str, base_url: str, max_retries: int, http_client: Any, timeout: float = 30.0
    ) -> None:
        http_client.close()  # this library has its own
        self._client = _SESSION.client("bedrock-runtime", **_options(base_url, max_retries, timeout))

    def __enter__(self) -> Bedrock:
        return self

    def __exit__(self, *_: object) -> None:
        self._client.close()

    def __getattr__(self, name: str) -> Callable[..., Any]:
        method = getattr(self._client, name)

        def call(**arguments: Any) -> Any:
            result = method(**_named(arguments))
            if name in _READS:
                return result[_READS[name]]
            return json.loads(result["body"].read()) if name == "invoke_model" else _plain(result)

        return call


class AsyncBedrock:
    """The same of ``aiobotocore``."""

    def __init__(
        self, *, api_key: str, base_url: str, max_retries: int, http_client: Any, timeout: float = 30.0
    ) -> None:
        self._http_client = http_client
        options = _options(base_url, max_retries, timeout)
        self._context = _AIO_SESSION.create_client("bedrock-runtime", **options)

    async def __aenter__(self) -> AsyncBedrock:
        await self._http_client.aclose()
        self._client = await self._context.__aenter__()
        return self

    async def __aexit__(self, *details: Any) -> None:
        await self._context.__aexit__(*details)

    def __getattr__(self, name: str) -> Callable[..., Any]:
        method = getattr(self._client, name)

        async def call(**arguments: Any) -> Any:
            result = await method(**_named(arguments))
            if name in _READS:
                return result[_READS[name]]
            return json.loads(await result["body"].read()) if name == "invoke_model" else _plain(result)

        return call


ANSWER = "Paris is the capital of France. It has been the seat of its kings since 987."
_CONVERSE = converse.message(ANSWER, usage=converse.usage(1200, 87))
_LLAMA = models.llama(ANSWER, input=1200, output=87)


def _converse() -> dict[str, Any]:
    return {
        "model": "us.anthropic.claude-sonnet-4-5-20250929-v1:0",
        "system": [{"text": "You know the world."}],
        "messages": [{"role": "user", "content": [{"text": "What is the capital of France, and why?"}]}],
        "inferenceConfig": {"maxTokens": 200, "temperature": 0.5},
    }


def _invoke() -> dict[str, Any]:
    return {
        "model": "meta.llama3-70b-instruct-v1:0",
        "body": json.dumps({"prompt": "What is the capital of France, and why?", "max_gen_len": 200}),
    }


BEDROCK = Provider(
    name="aws.bedrock",
    library="botocore",
    instrumentor=BotocoreInstrumentor,
    sync_client=Bedrock,
    async_client=AsyncBedrock,
    url=lambda server: server.url,
    refuse=errors.reply,
    error_types={
        400: "ValidationException",
        401: "UnrecognizedClientException",
        429: "ThrottlingException",
        500: "InternalServerException",
    },
    stream_error_type="ModelStreamErrorException",
    broken_event=BROKEN,
    says=lambda text, model, sent, received: converse.message(text, usage=converse.usage(sent, received)),
    seam="botocore",
    table=(
        Shape("converse.create", "converse", _converse, _CONVERSE, variants=(PLAIN,), tokens=converse_tokens),
        Shape(
            "converse.stream",
            "converse_stream",
            _converse,
            _CONVERSE,
            STREAM,
            variants=(PLAIN,),
            tokens=converse_tokens,
        ),
        Shape(
            "invoke.create",
            "invoke_model",
            _invoke,
            _LLAMA,
            operation="text_completion",
            variants=(PLAIN,),
            tokens=llama_tokens,
            binary=True,  # as far as the library goes: the caller decodes the body
        ),
        Shape(
            "invoke.stream",
            "invoke_model_with_response_stream",
            _invoke,
            _LLAMA,
            STREAM,
            operation="text_completion",
            variants=(PLAIN,),
            tokens=llama_tokens,
        ),
    ),
)
