"""Raw responses of large bodies: llmotel decodes no more of them than its readers need."""

from __future__ import annotations

import asyncio
import json
from types import SimpleNamespace
from typing import Any

import openai
import pytest

from llmotel.engine import call, run
from llmotel.instrumentation import body_decoder, raw_response, stream_observer, wrappers
from llmotel.testing import ProviderServer, Reply
from llmotel.testing.openai_wire import chat, embeddings, images
from telemetry import Telemetry

MANY = embeddings.embeddings([embeddings.vector(256, seed=seed) for seed in range(400)], prompt_tokens=4000)
PACKED = embeddings.embeddings(
    [embeddings.vector(256, seed=seed) for seed in range(400)], encoding_format="base64", prompt_tokens=4000
)
FEW = embeddings.embeddings([embeddings.vector(256)] * 2, prompt_tokens=20)
MESSAGES: Any = [{"role": "user", "content": "Hello"}]


@pytest.fixture
def decoded(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many bytes llmotel has decoded, each time. The library's own decoding is not counted."""
    counts: list[int] = []

    def loads(data: Any) -> Any:
        counts.append(len(data))
        return json.loads(data)

    monkeypatch.setattr(body_decoder, "json", SimpleNamespace(loads=loads))
    return counts


def ask(server: ProviderServer, body: Any, encoding_format: Any = "float") -> Any:
    """The parsed answer to a raw embeddings call."""
    server.script(Reply(body))
    with openai.OpenAI(api_key="any", base_url=server.openai_url, max_retries=0) as client:
        raw = client.embeddings.with_raw_response.create(
            model="text-embedding-3-small", input=["text"], encoding_format=encoding_format
        )
        return raw.parse()


def says_what_it_must(telemetry: Telemetry, tokens: int) -> bool:
    attributes = telemetry.span.attributes
    return (attributes["gen_ai.usage.input_tokens"], attributes["gen_ai.embeddings.dimension.count"]) == (tokens, 256)


class TestEmbeddings:
    def test_of_a_large_body_one_vector_is_decoded(
        self, server: ProviderServer, telemetry: Telemetry, decoded: list[int]
    ) -> None:
        answer = ask(server, MANY)
        assert len(answer.data) == 400
        assert says_what_it_must(telemetry, 4000)
        assert sum(decoded) < len(json.dumps(MANY)) / 100

    def test_vectors_in_base64_are_no_other(
        self, server: ProviderServer, telemetry: Telemetry, decoded: list[int]
    ) -> None:
        ask(server, PACKED, "base64")
        assert telemetry.span.attributes["gen_ai.usage.input_tokens"] == 4000
        assert 0 < sum(decoded) < len(json.dumps(PACKED)) / 100

    def test_nor_is_an_asynchronous_call_on_its_loop(
        self, server: ProviderServer, telemetry: Telemetry, decoded: list[int]
    ) -> None:
        async def main() -> Any:
            async with openai.AsyncOpenAI(api_key="any", base_url=server.openai_url, max_retries=0) as client:
                raw = await client.embeddings.with_raw_response.create(
                    model="text-embedding-3-small", input=["text"], encoding_format="float"
                )
                return raw.parse()

        server.script(Reply(MANY))
        assert len(asyncio.run(main()).data) == 400
        assert says_what_it_must(telemetry, 4000)
        assert sum(decoded) < len(json.dumps(MANY)) / 100

    def test_a_small_body_is_decoded_at_once(
        self, server: ProviderServer, telemetry: Telemetry, decoded: list[int]
    ) -> None:
        ask(server, FEW)
        assert says_what_it_must(telemetry, 20)
        assert len(decoded) == 1

    @pytest.mark.parametrize(
        "changed",
        [
            pytest.param(lambda body: {"data": body["data"], "usage": body["usage"]}, id="data first"),
            pytest.param(lambda body: {"usage": body["usage"], "data": body["data"]}, id="data last"),
            pytest.param(lambda body: {**body, "note": 'a "]" and a }'}, id="brackets in text behind"),
            pytest.param(lambda body: {"note": '"data": [', **body}, id="the name in text before"),
            pytest.param(lambda body: {**body, "more": [{"usage": {"prompt_tokens": 1}}]}, id="an array behind"),
            pytest.param(lambda body: {**body, "more": [1, 2]}, id="numbers behind"),
            pytest.param(
                lambda body: {**body, "data": [{"parts": [{"usage": 1}], **item} for item in body["data"]]},
                id="objects in items",
            ),
            pytest.param(
                lambda body: {**body, "data": [{**item, "text": '}], "usage": {}}'} for item in body["data"]]},
                id="ends in text of items",
            ),
            pytest.param(lambda body: {"outer": {"data": [{}]}, **body}, id="the name in an object before"),
        ],
    )
    def test_whatever_the_order_of_a_large_body_the_tokens_are_the_providers(
        self, changed: Any, server: ProviderServer, telemetry: Telemetry
    ) -> None:
        ask(server, changed(MANY))
        assert telemetry.span.attributes["gen_ai.usage.input_tokens"] == 4000

    def test_a_body_that_is_no_json_is_the_librarys_to_judge(
        self, server: ProviderServer, telemetry: Telemetry
    ) -> None:
        server.script(Reply(json.dumps(MANY).encode()[:-100], headers={"content-type": "application/json"}))
        with openai.OpenAI(api_key="any", base_url=server.openai_url, max_retries=0) as client:
            raw = client.embeddings.with_raw_response.create(model="text-embedding-3-small", input=["text"])
            with pytest.raises(ValueError, match=r".+"):
                raw.parse()
        assert "gen_ai.usage.input_tokens" not in telemetry.span.attributes


def test_of_many_pictures_one_is_decoded(server: ProviderServer, telemetry: Telemetry, decoded: list[int]) -> None:
    body = images.images(usage=images.usage())
    body["data"] = [{"b64_json": "AAAA" * 20_000}] * 8
    server.script(Reply(body))
    with openai.OpenAI(api_key="any", base_url=server.openai_url, max_retries=0) as client:
        raw = client.images.with_raw_response.generate(model="gpt-image-1", prompt="Paris")
        parsed = raw.parse()
    assert len(parsed.data or ()) == 8
    assert telemetry.span.attributes["gen_ai.usage.output_tokens"] == body["usage"]["output_tokens"]
    assert sum(decoded) < len(json.dumps(body)) / 4


def test_a_raw_chat_is_decoded_once(server: ProviderServer, telemetry: Telemetry, decoded: list[int]) -> None:
    server.script(Reply(chat.completion("Paris.", usage=chat.usage(24, 2))))
    with openai.OpenAI(api_key="any", base_url=server.openai_url, max_retries=0) as client:
        raw = client.chat.completions.with_raw_response.create(model="gpt-4.1", messages=MESSAGES)
        assert [raw.parse() is raw.parse(), raw.text != ""] == [True, True]
    assert telemetry.span.attributes["gen_ai.usage.output_tokens"] == 2
    assert len(decoded) == 1


class Clock:
    """Time that passes only where something says so."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.mark.parametrize("way", ["parse", "json", "iter_bytes"])
def test_what_llmotel_takes_to_read_a_body_is_overhead_and_no_part_of_the_duration(
    way: str, server: ProviderServer, telemetry: Telemetry, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = Clock()
    for module in (wrappers, call, run, stream_observer, raw_response, body_decoder):
        monkeypatch.setattr(module, "perf_counter", clock, raising=False)

    def loads(data: Any) -> Any:
        clock.now += 100
        return json.loads(data)

    monkeypatch.setattr(body_decoder, "json", SimpleNamespace(loads=loads))
    server.script(Reply(chat.completion("Paris.", usage=chat.usage(24, 2))))
    with openai.OpenAI(api_key="any", base_url=server.openai_url, max_retries=0) as client:
        asked = client.chat.completions.with_streaming_response.create(model="gpt-4.1", messages=MESSAGES)
        with asked as response:
            clock.now += 7
            list(response.iter_bytes()) if way == "iter_bytes" else getattr(response, way)()
    metrics = telemetry.metrics()
    assert telemetry.span.attributes["gen_ai.usage.output_tokens"] == 2
    assert [point.sum for point in metrics["gen_ai.client.inference.duration"]] == [7]
    assert [point.sum for point in metrics["llmotel.client.overhead"]] == [100]
