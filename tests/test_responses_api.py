"""What the Responses API has beyond a question and an answer: beta, compaction, decisions, server-side tools, failure."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import openai
import pytest

import llmotel
from llmotel.testing import ProviderServer, Reply
from telemetry import Telemetry

USAGE = {
    "input_tokens": 100,
    "input_tokens_details": {"cached_tokens": 0},
    "output_tokens": 20,
    "output_tokens_details": {"reasoning_tokens": 0},
    "total_tokens": 120,
}
COST = "gen_ai.usage.cost.amount"
FINISH = "gen_ai.response.finish_reasons"


@pytest.fixture
def client(server: ProviderServer) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(api_key="k", base_url=server.openai_url, max_retries=0) as client:
        yield client


def response(*output: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {
        "id": "resp_1", "object": "response", "created_at": 1, "status": "completed", "model": "gpt-5-mini",
        "output": list(output), "usage": USAGE, "tools": [], "tool_choice": "auto", "parallel_tool_calls": True, **more,
    }  # fmt: skip


def said(text: str) -> dict[str, Any]:
    content = [{"type": "output_text", "text": text, "annotations": []}]
    return {"id": "msg_1", "type": "message", "role": "assistant", "status": "completed", "content": content}


def ask(client: openai.OpenAI, server: ProviderServer, answer: dict[str, Any], **arguments: Any) -> Any:
    server.script(Reply(answer))
    return client.responses.create(model="gpt-5-mini", input="Where is Paris?", **arguments)


def output(telemetry: Telemetry) -> list[dict[str, Any]]:
    [message] = json.loads(telemetry.span.attributes["gen_ai.output.messages"])
    return message["parts"]


class TestWhatElseRunsAModel:
    @pytest.mark.parametrize("stream", [False, True])
    def test_beta_responses_are_responses(self, stream: bool, client: openai.OpenAI, telemetry: Telemetry) -> None:
        answer: Any = client.beta.responses.create(model="gpt-5-mini", input="Where is Paris?", stream=stream)
        if stream:
            list(answer)
        span = telemetry.span
        assert span.name == "chat gpt-5-mini"
        assert span.attributes["gen_ai.usage.input_tokens"] > 0

    def test_counting_tokens_runs_none(
        self, client: openai.OpenAI, server: ProviderServer, telemetry: Telemetry
    ) -> None:
        server.script(Reply({"object": "response.input_tokens", "input_tokens": 5}))
        client.responses.input_tokens.count(model="gpt-5-mini", input="Where is Paris?")
        assert telemetry.spans == []

    def test_a_conversation_is_compacted(
        self, client: openai.OpenAI, server: ProviderServer, telemetry: Telemetry
    ) -> None:
        compaction = {"id": "cmp_1", "type": "compaction", "encrypted_content": "x"}
        body = {
            "id": "resp_2",
            "object": "response.compaction",
            "created_at": 1,
            "output": [compaction],
            "usage": USAGE,
        }
        server.script(Reply(body))
        client.responses.compact(model="gpt-5-mini", input="A long story.")
        attributes = telemetry.span.attributes
        assert telemetry.span.name == "chat gpt-5-mini"
        assert attributes["gen_ai.conversation.compacted"] is True
        assert (attributes[FINISH], attributes["gen_ai.response.id"]) == (("compaction",), "resp_2")
        assert attributes[COST] > 0

    def test_decisions_have_prices_of_their_own(
        self, client: openai.OpenAI, server: ProviderServer, telemetry: Telemetry
    ) -> None:
        telemetry = telemetry(capture_content=True)
        answer = {"type": "predicate", "name": "spam", "probability": 0.9}
        server.script(Reply({"model": "gpt-6-luna", "answers": [answer], "usage": {**USAGE, "output_tokens": 0}}))
        question: Any = {"type": "predicate", "name": "spam", "question": "Is it spam?"}
        client.decisions.create(model="gpt-6-luna", input="Buy now!", questions=[question])
        attributes = telemetry.span.attributes
        assert telemetry.span.name == "generate_content gpt-6-luna"
        assert attributes[COST] == pytest.approx(100 * 0.1e-6)
        assert "Is it spam?" in attributes["gen_ai.input.messages"]
        assert output(telemetry) == [{"type": "answer", "answer": answer}]


class TestServerSideTools:
    @pytest.fixture
    def telemetry(self, telemetry: Telemetry) -> Telemetry:
        return telemetry(capture_content=True)

    def test_a_remote_tool_has_its_own_name(
        self, client: openai.OpenAI, server: ProviderServer, telemetry: Telemetry
    ) -> None:
        called = {
            "type": "mcp_call",
            "id": "m1",
            "server_label": "dice",
            "name": "roll",
            "arguments": "{}",
            "output": "4",
        }
        ask(client, server, response(called))
        [part] = output(telemetry)
        assert (part["type"], part["name"], part["server_tool_call"]["output"]) == ("server_tool_call", "roll", "4")

    def test_a_generated_image_is_told_by_its_size(
        self, client: openai.OpenAI, server: ProviderServer, telemetry: Telemetry
    ) -> None:
        made = {"type": "image_generation_call", "id": "i1", "status": "completed", "result": "QUJD" * 100}
        ask(client, server, response(made))
        assert output(telemetry) == [{"type": "blob", "modality": "image", "size": 300}]

    def test_searches_are_billed_and_looking_at_a_page_is_not(
        self, client: openai.OpenAI, server: ProviderServer, telemetry: Telemetry
    ) -> None:
        actions = [{"type": "search", "query": "a"}, {"type": "open_page", "url": "https://a.example"},
                   {"type": "find_in_page", "url": "https://a.example", "pattern": "b"}, {"type": "search", "query": "c"}]  # fmt: skip
        calls = [{"type": "web_search_call", "id": "w", "status": "completed", "action": action} for action in actions]
        ask(client, server, response(*calls, said("In France.")))
        assert telemetry.span.attributes["llmotel.usage.web_searches"] == 2


class TestStoredPrompts:
    PROMPT: Any = {"id": "pmpt_1", "version": "3", "variables": {"city": "secret"}}

    def test_the_template_is_named(self, client: openai.OpenAI, server: ProviderServer, telemetry: Telemetry) -> None:
        ask(client, server, response(said("In France.")), prompt=self.PROMPT)
        attributes = telemetry.span.attributes
        assert (attributes["gen_ai.prompt.name"], attributes["gen_ai.prompt.version"]) == ("pmpt_1", "3")
        assert "secret" not in str(dict(attributes))

    def test_a_name_that_the_application_gives_it_stands(
        self, client: openai.OpenAI, server: ProviderServer, telemetry: Telemetry
    ) -> None:
        with llmotel.tags(prompt_name="answer"):
            ask(client, server, response(said("In France.")), prompt=self.PROMPT)
        attributes = telemetry.span.attributes
        assert (attributes["gen_ai.prompt.name"], attributes["gen_ai.prompt.version"]) == ("answer", "3")


class TestFailureThatIsNoException:
    @pytest.mark.parametrize(
        ("error", "error_type", "outcome"),
        [
            ({"code": "server_error", "message": "secret"}, "server_error", "server"),
            ({"code": "rate_limit_exceeded", "message": "secret"}, "rate_limit_exceeded", "rate_limit"),
            ({"code": "invalid_image_format", "message": "secret"}, "invalid_image_format", "validation"),
            ({"message": "secret"}, "error", "unknown"),
            (None, "error", "unknown"),
        ],
    )
    def test_a_failed_response(
        self, error: Any, error_type: str, outcome: str, client: openai.OpenAI, server: ProviderServer,
        telemetry: Telemetry,
    ) -> None:  # fmt: skip
        ask(client, server, response(status="failed", error=error, usage=None))
        span = telemetry.span
        assert (span.attributes["error.type"], span.attributes["llmotel.outcome"]) == (error_type, outcome)
        assert span.attributes[FINISH] == ("error",)
        assert span.status.is_unset  # the caller got a response
        assert "secret" not in str(dict(span.attributes))

    def test_a_failed_stream(self, client: openai.OpenAI, server: ProviderServer, telemetry: Telemetry) -> None:
        failed = response(status="failed", error={"code": "server_error", "message": "secret"}, usage=None)
        begun = {**failed, "status": "in_progress", "error": None}
        events = [{"type": "response.created", "response": begun}, {"type": "response.failed", "response": failed}]
        server.script(Reply(events=events))
        list(client.responses.create(model="gpt-5-mini", input="Where is Paris?", stream=True))
        assert telemetry.span.attributes["llmotel.outcome"] == "server"
        [point] = telemetry.metrics()["gen_ai.client.inference.duration"]
        assert point.attributes["error.type"] == "server_error"

    @pytest.mark.parametrize(
        ("reason", "finish"), [("max_output_tokens", "length"), ("content_filter", "content_filter")]
    )
    def test_one_that_ended_early_is_no_failure(
        self, reason: str, finish: str, client: openai.OpenAI, server: ProviderServer, telemetry: Telemetry
    ) -> None:
        ask(client, server, response(status="incomplete", incomplete_details={"reason": reason}))
        assert telemetry.span.attributes[FINISH] == (finish,)
        assert "llmotel.outcome" not in telemetry.span.attributes
