"""Every value that is exported is one that OTLP can hold, and bounded: no call costs another one its telemetry."""

from __future__ import annotations

import enum
from collections.abc import Iterator
from typing import Any
from uuid import UUID

import openai
import pytest
from opentelemetry.exporter.otlp.proto.common.trace_encoder import encode_spans

import llmotel
from llmotel.testing import ProviderServer, Reply
from telemetry import Telemetry

LONG = "x" * 100_000
BROKEN = "a\ud800b"
MOST = 4096  # bytes of a value that is not content


class Colour(str, enum.Enum):
    RED = "red"


class Unprintable:
    def __str__(self) -> str:
        raise ValueError("no")


@pytest.fixture
def client(server: ProviderServer) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(api_key="k", base_url=server.openai_url, max_retries=0) as client:
        yield client


def ask(client: openai.OpenAI, model: str = "gpt-4.1", **arguments: Any) -> Any:
    return client.chat.completions.create(model=model, messages=[{"role": "user", "content": "Hello!"}], **arguments)


def exported(telemetry: Telemetry) -> Any:
    """The only span, as OTLP has it."""
    request = encode_spans(telemetry.spans)
    [span] = request.resource_spans[0].scope_spans[0].spans
    return span


def values(telemetry: Telemetry) -> dict[str, Any]:
    return {pair.key: getattr(pair.value, pair.value.WhichOneof("value")) for pair in exported(telemetry).attributes}


def longest(telemetry: Telemetry) -> int:
    return max(attribute.ByteSize() for attribute in exported(telemetry).attributes)


def test_a_model_of_a_name_that_is_no_text_loses_no_export(client: openai.OpenAI, telemetry: Telemetry) -> None:
    with pytest.raises(UnicodeEncodeError):  # the client itself cannot send it
        ask(client, BROKEN)
    assert exported(telemetry).name == "chat a?b"
    assert values(telemetry)["gen_ai.request.model"] == "a?b"


def test_a_model_of_an_endless_name_is_cut(client: openai.OpenAI, telemetry: Telemetry) -> None:
    ask(client, LONG)
    assert len(exported(telemetry).name) < MOST
    [point] = telemetry.metrics()["gen_ai.client.inference.duration"]
    assert len(point.attributes["gen_ai.request.model"]) < MOST


@pytest.mark.parametrize("value", [LONG, "é" * 100_000])
def test_what_a_provider_says_is_cut(
    value: str, client: openai.OpenAI, server: ProviderServer, telemetry: Telemetry
) -> None:
    choice = {"index": 0, "message": {"role": "assistant", "content": "Hi!"}, "finish_reason": value}
    names = dict.fromkeys(("id", "model", "service_tier", "system_fingerprint"), value)
    server.script(Reply({**names, "object": "chat.completion", "created": 1, "choices": [choice] * 500}))
    ask(client)
    assert longest(telemetry) <= 128 * MOST
    told = values(telemetry)
    for name in ("gen_ai.response.id", "gen_ai.response.model", "openai.response.service_tier"):
        assert 1000 < len(told[name]) <= MOST // 4
    assert len(told["gen_ai.response.finish_reasons"].values) == 128


def test_what_a_provider_says_that_is_no_text_loses_nothing(
    client: openai.OpenAI, server: ProviderServer, telemetry: Telemetry
) -> None:
    choice = {"index": 0, "message": {"role": "assistant", "content": "Hi!"}, "finish_reason": BROKEN}
    names = dict.fromkeys(("id", "model", "service_tier", "system_fingerprint"), BROKEN)
    server.script(Reply({**names, "object": "chat.completion", "created": 1, "choices": [choice]}))
    ask(client)
    told = values(telemetry)
    for name in ("gen_ai.response.id", "gen_ai.response.model", "openai.response.system_fingerprint"):
        assert told[name] == "a?b"
    assert [reason.string_value for reason in told["gen_ai.response.finish_reasons"].values] == ["a?b"]


def test_stop_sequences_are_cut(client: openai.OpenAI, telemetry: Telemetry) -> None:
    ask(client, stop=[LONG, "ok"])
    first, second = values(telemetry)["gen_ai.request.stop_sequences"].values
    assert (len(first.string_value), second.string_value) == (MOST // 4, "ok")


@pytest.mark.parametrize(
    ("value", "recorded"),
    [
        (BROKEN, "a?b"),
        (LONG, LONG[: MOST // 4]),
        (2**70, str(2**70)),
        (-(2**63), -(2**63)),
        (2**20_000, "<int>"),
        (Colour.RED, "red"),
        (UUID(int=0), "00000000-0000-0000-0000-000000000000"),
        (Unprintable(), "<Unprintable>"),
        ({"a": 1}, "{'a': 1}"),
        (True, True),
        (0.5, 0.5),
    ],
    ids=["broken", "long", "large", "least", "endless", "enum", "uuid", "unprintable", "dict", "bool", "float"],
)
def test_a_tag_may_be_anything(value: Any, recorded: Any, client: openai.OpenAI, telemetry: Telemetry) -> None:
    with llmotel.tags(colour=value):
        ask(client)
    assert values(telemetry)["llmotel.tag.colour"] == recorded


@pytest.mark.parametrize(
    ("value", "recorded"), [([1, 2], [1, 2]), ([1, "a"], ["1", "a"]), (["a", BROKEN], ["a", "a?b"]), ([None], ["None"])]
)
def test_a_tag_of_several_values_is_of_one_type(
    value: Any, recorded: Any, client: openai.OpenAI, telemetry: Telemetry
) -> None:
    with llmotel.tags(colours=value):
        ask(client)
    found = values(telemetry)["llmotel.tag.colours"].values
    assert [getattr(item, item.WhichOneof("value")) for item in found] == recorded


def test_the_name_of_a_tag_may_be_anything_too(client: openai.OpenAI, telemetry: Telemetry) -> None:
    with llmotel.tags(**{BROKEN: 1, LONG: 2}):
        ask(client)
    names = [name for name in values(telemetry) if name.startswith("llmotel.tag.")]
    assert sorted(map(len, names)) == [len("llmotel.tag.a?b"), len("llmotel.tag.") + MOST // 4]
