"""Streams that end in ways which the contract's situations do not have."""

from __future__ import annotations

import copy
from collections.abc import AsyncIterator

import httpx2
import openai
import pytest

from llmotel.instrumentation.proxy import Proxy
from llmotel.testing import ProviderServer
from telemetry import Telemetry


class Cancelled(BaseException):
    """As trio's: neither an Exception nor asyncio's."""


class Cancelling(httpx2.AsyncByteStream):
    async def __aiter__(self) -> AsyncIterator[bytes]:
        yield b'data: {"id": "c", "object": "chat.completion.chunk", "created": 1, "model": "m", "choices": []}\n\n'
        raise Cancelled


async def test_a_stream_that_trio_cancels_is_cancelled(telemetry: Telemetry) -> None:
    answer = {"content-type": "text/event-stream"}
    transport = httpx2.MockTransport(lambda _: httpx2.Response(200, headers=answer, stream=Cancelling()))
    async with openai.AsyncOpenAI(
        api_key="k", max_retries=0, http_client=httpx2.AsyncClient(transport=transport)
    ) as client:
        stream = await client.chat.completions.create(
            model="gpt-4.1", messages=[{"role": "user", "content": "Hello!"}], stream=True
        )
        with pytest.raises(Cancelled):
            async for _ in stream:
                pass
    attributes = telemetry.span.attributes
    assert (attributes["llmotel.stream.outcome"], attributes["llmotel.outcome"]) == ("cancelled", "cancelled")


def test_a_copy_of_a_stream_is_one_of_the_librarys(server: ProviderServer, telemetry: Telemetry) -> None:
    with openai.OpenAI(api_key="k", base_url=server.openai_url) as client:
        messages = [{"role": "user", "content": "Hello!"}]
        stream = client.chat.completions.create(model="gpt-4.1", messages=messages, stream=True)  # type: ignore[call-overload]
        copied = copy.copy(stream)
        assert type(copied) is openai.Stream
        assert list(copied)
        stream.close()
    assert telemetry.span.attributes["llmotel.stream.outcome"] == "closed"


def test_a_proxy_that_was_never_made_whole_has_no_attributes() -> None:
    with pytest.raises(AttributeError):
        _ = Proxy.__new__(Proxy).anything
