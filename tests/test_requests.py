"""What callers pass may be of classes of their own, as long as the library sends it."""

from __future__ import annotations

import enum
from collections.abc import Iterator
from typing import Any

import anthropic
import openai
import pytest

from llmotel.testing import ProviderServer
from telemetry import Telemetry


class Model(str, enum.Enum):
    LARGE = "gpt-4.1"
    CLAUDE = "claude-sonnet-4-6"


class Effort(str, enum.Enum):
    HIGH = "high"


class Limit(enum.IntEnum):
    SHORT = 40


class Temperature(float):
    """As numpy's."""


@pytest.fixture
def client(server: ProviderServer) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(api_key="k", base_url=server.openai_url, max_retries=0) as client:
        yield client


MESSAGES: Any = [{"role": "user", "content": "Hello!"}]


def plain(telemetry: Telemetry) -> dict[str, Any]:
    attributes = telemetry.span.attributes
    kinds = {str, bool, int, float, tuple}
    assert {type(value) for value in attributes.values()} <= kinds
    return dict(attributes)


def test_members_of_enums_are_their_values(client: openai.OpenAI, telemetry: Telemetry) -> None:
    client.chat.completions.create(
        model=Model.LARGE,
        messages=MESSAGES,
        max_completion_tokens=Limit.SHORT,
        temperature=Temperature(0.5),
        reasoning_effort=Effort.HIGH,  # type: ignore[arg-type]
        stop=[Effort.HIGH],
        seed=Limit.SHORT,
    )
    assert telemetry.span.name == "chat gpt-4.1"
    attributes = plain(telemetry)
    assert attributes["gen_ai.request.model"] == "gpt-4.1"
    assert attributes["gen_ai.request.max_tokens"] == attributes["gen_ai.request.seed"] == 40
    assert attributes["gen_ai.request.temperature"] == 0.5
    assert attributes["gen_ai.request.reasoning.level"] == "high"
    assert attributes["gen_ai.request.stop_sequences"] == ("high",)
    assert attributes["gen_ai.usage.cost.amount"] > 0
    [point] = telemetry.metrics()["gen_ai.client.inference.duration"]
    assert type(point.attributes["gen_ai.request.model"]) is str


def test_of_anthropics_client_too(server: ProviderServer, telemetry: Telemetry) -> None:
    with anthropic.Anthropic(api_key="k", base_url=server.url, max_retries=0) as client:
        client.messages.create(model=Model.CLAUDE, max_tokens=Limit.SHORT, messages=MESSAGES, stop_sequences=["a"])
    assert telemetry.span.name == "chat claude-sonnet-4-6"
    assert plain(telemetry)["gen_ai.request.max_tokens"] == 40


@pytest.mark.parametrize("value", [True, "0.5", float("nan"), [0.5], None])
def test_what_is_no_number_is_left_out(value: Any, client: openai.OpenAI, telemetry: Telemetry) -> None:
    client.chat.completions.create(
        model="gpt-4.1", messages=MESSAGES, extra_body={"temperature": None if value != value else value}
    )
    assert "gen_ai.request.temperature" not in telemetry.span.attributes
