"""Each message of an answer says why it ended, as the schema of ``gen_ai.output.messages`` has it."""

from __future__ import annotations

import json
from typing import Any

import openai
import pytest

from contract.calling import CLOSED, performed
from contract.providers import PLAIN, STREAM, Case, cases
from contract.situations import by_id
from llmotel.testing import ProviderServer, Reply
from telemetry import Telemetry

CONVERSATIONS = [case for case in cases() if case.shape.finish_reasons is not None]


def output(telemetry: Telemetry) -> list[dict[str, Any]]:
    messages: list[dict[str, Any]] = json.loads(telemetry.span.attributes["gen_ai.output.messages"])
    return messages


@pytest.fixture
def telemetry(telemetry: Telemetry) -> Telemetry:
    return telemetry(capture_content=True)


@pytest.mark.parametrize("case", CONVERSATIONS, ids=by_id)
def test_every_message_of_an_answer_says_why_it_ended(case: Case, server: ProviderServer, telemetry: Telemetry) -> None:
    server.script(Reply(case.shape.body))
    performed(case, server)
    assert tuple(message.get("finish_reason") for message in output(telemetry)) == case.shape.finish_reasons


@pytest.mark.parametrize(
    "case", [case for case in cases(variants=(PLAIN,), form=STREAM) if case in CONVERSATIONS], ids=by_id
)
def test_the_message_of_a_stream_that_was_broken_off_says_no_reason(
    case: Case, server: ProviderServer, telemetry: Telemetry
) -> None:
    server.script(Reply(case.shape.body))
    performed(case, server, CLOSED)
    shown = json.loads(telemetry.span.attributes.get("gen_ai.output.messages", "[]"))
    assert all("finish_reason" not in message for message in shown)


def test_each_choice_of_a_stream_has_its_own_reason_whatever_order_they_end_in(
    server: ProviderServer, telemetry: Telemetry
) -> None:
    def chunk(*choices: tuple[int, str, str | None]) -> dict[str, Any]:
        return {
            "id": "c-1", "object": "chat.completion.chunk", "created": 1, "model": "m",
            "choices": [{"index": n, "delta": {"content": said}, "finish_reason": why} for n, said, why in choices],
        }  # fmt: skip

    events = [chunk((0, "a", None), (1, "b", None)), chunk((1, "", "stop")), chunk((0, "", "tool_calls"))]
    server.script(Reply(events=[*events, "[DONE]"]))
    with openai.OpenAI(api_key="k", base_url=f"{server.url}/v1") as client:
        list(client.chat.completions.create(model="m", messages=[], n=2, stream=True))
    assert [(said["parts"][0]["content"], said["finish_reason"]) for said in output(telemetry)] == [
        ("a", "tool_call"),
        ("b", "stop"),
    ]


def test_a_choice_that_ends_in_the_same_chunk_in_which_another_goes_on_has_its_reason(
    server: ProviderServer, telemetry: Telemetry
) -> None:
    def chunk(*choices: tuple[int, str | None]) -> dict[str, Any]:
        return {
            "id": "c-1", "object": "chat.completion.chunk", "created": 1, "model": "m",
            "choices": [{"index": n, "delta": {"content": "a"}, "finish_reason": why} for n, why in choices],
        }  # fmt: skip

    server.script(Reply(events=[chunk((0, None), (1, "stop")), chunk((0, "length")), "[DONE]"]))
    with openai.OpenAI(api_key="k", base_url=f"{server.url}/v1") as client:
        list(client.chat.completions.create(model="m", messages=[], n=2, stream=True))
    assert telemetry.span.attributes["gen_ai.response.finish_reasons"] == ("length", "stop")
