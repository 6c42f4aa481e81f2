"""Embeddings and audio: what their answers tell, in each of the forms that they come in."""

from __future__ import annotations

import base64
import struct
from collections.abc import Iterator
from typing import Any

import openai
import pytest

from llmotel.testing import ProviderServer, Reply
from telemetry import Telemetry

COST = "gen_ai.usage.cost.amount"


@pytest.fixture
def client(server: ProviderServer) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(api_key="k", base_url=server.openai_url, max_retries=0) as client:
        yield client


@pytest.mark.parametrize("encoding", ["float", "base64"])
@pytest.mark.parametrize("length", [1, 2, 3, 8, 1536])
def test_an_embedding_has_as_many_dimensions_as_numbers(
    encoding: Any, length: int, client: openai.OpenAI, server: ProviderServer, telemetry: Telemetry
) -> None:
    numbers = [0.5] * length
    vector = numbers if encoding == "float" else base64.b64encode(struct.pack(f"<{length}f", *numbers)).decode()
    data = [{"object": "embedding", "index": 0, "embedding": vector}]
    server.script(
        Reply({"object": "list", "model": "m", "data": data, "usage": {"prompt_tokens": 1, "total_tokens": 1}})
    )
    client.embeddings.create(model="m", input="a", encoding_format=encoding)
    assert telemetry.span.attributes["gen_ai.embeddings.dimension.count"] == length


class TestTranscription:
    @pytest.mark.parametrize(
        "body",
        [
            {"text": "Hello.", "usage": {"type": "duration", "seconds": 1800}},
            {"text": "Hello.", "duration": 1800.0, "language": "english", "segments": []},
        ],
        ids=["json", "verbose_json"],
    )
    def test_what_is_billed_by_the_second_costs_its_seconds(
        self, body: dict[str, Any], client: openai.OpenAI, server: ProviderServer, telemetry: Telemetry
    ) -> None:
        server.script(Reply(body))
        client.audio.transcriptions.create(model="whisper-1", file=("a.wav", b"RIFF"))
        attributes = telemetry.span.attributes
        assert attributes["llmotel.usage.audio_seconds"] == 1800
        assert attributes[COST] == pytest.approx(0.18)
        assert attributes["llmotel.usage.source"] == "provider"

    def test_tokens_come_before_a_duration(
        self, client: openai.OpenAI, server: ProviderServer, telemetry: Telemetry
    ) -> None:
        usage = {"type": "tokens", "input_tokens": 14, "output_tokens": 45, "total_tokens": 59}
        server.script(Reply({"text": "Hello.", "duration": 1800.0, "segments": [], "usage": usage}))
        client.audio.transcriptions.create(model="gpt-4o-transcribe", file=("a.wav", b"RIFF"))
        attributes = telemetry.span.attributes
        assert attributes["gen_ai.usage.input_tokens"] == 14
        assert "llmotel.usage.audio_seconds" not in attributes

    @pytest.mark.parametrize("seconds", [-1, float("1e300"), "long", None])
    def test_a_duration_that_is_none_is_no_usage(
        self, seconds: Any, client: openai.OpenAI, server: ProviderServer, telemetry: Telemetry
    ) -> None:
        server.script(Reply({"text": "Hello.", "usage": {"type": "duration", "seconds": seconds}}))
        client.audio.transcriptions.create(model="whisper-1", file=("a.wav", b"RIFF"))
        assert telemetry.span.attributes["llmotel.usage.source"] == "missing"
        assert COST not in telemetry.span.attributes
