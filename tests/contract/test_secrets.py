"""With content off, nothing that was said leaves the process: every text of every request, response and error is a
canary, and no signal and no log line holds one."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from contract import calling
from contract.calling import performed
from contract.providers import ANTHROPIC, OPENAI, PLAIN, WHOLE, Case, Provider, Shape, cases
from contract.situations import SITUATIONS, Held, Situation, by_id, events_of
from llmotel.testing import ProviderServer, Reply
from llmotel.testing.anthropic_wire import blocks, messages
from llmotel.testing.openai_wire import chat, responses
from telemetry import Telemetry

CANARY = "canary"

# Values that are words of the API, not of the caller or the model.
_API_WORDS = frozenset(
    {
        "type", "role", "model", "id", "object", "status", "finish_reason", "stop_reason", "service_tier", "format",
        "system_fingerprint", "encoding_format", "code", "voice", "response_format", "task", "call_id", "tool_call_id",
        "tool_use_id", "detail", "inference_geo", "ttl", "media_type", "output_format", "size", "quality",
        "background", "truncation", "tool_choice", "effort", "stop_sequences",
    }
)  # fmt: skip


def tainted(value: Any, path: str = "") -> Any:
    """``value`` with a canary in place of every text; the canary names the place."""
    if isinstance(value, str):
        if value.startswith("{"):  # arguments of a tool: JSON in a string
            return json.dumps(tainted(json.loads(value), path))
        return f"{CANARY}-{path} is a text. It has two sentences."
    if isinstance(value, bytes):
        return CANARY.encode() + value
    if isinstance(value, dict):
        return {key: inner if key in _API_WORDS else tainted(inner, f"{path}.{key}") for key, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return type(value)(tainted(inner, f"{path}.{index}") for index, inner in enumerate(value))
    return value


# Requests and responses with a text in as many places as there are.

_SCHEMA = {"type": "object", "description": "x", "properties": {"city": {"type": "string", "description": "x"}}}
_TOOL = {"type": "function", "function": {"name": "x", "description": "x", "parameters": _SCHEMA}}
_CHAT = {
    "messages": [
        {"role": "system", "content": "x", "name": "x"},
        {
            "role": "user",
            "content": [
                {"type": "text", "text": "x"},
                {"type": "image_url", "image_url": {"url": "x"}},
                {"type": "input_audio", "input_audio": {"data": "x", "format": "wav"}},
                {"type": "file", "file": {"filename": "x", "file_data": "x"}},
            ],
        },
        {
            "role": "assistant",
            "content": "x",
            "refusal": "x",
            "tool_calls": [{"id": "call_1", "type": "function", "function": {"name": "x", "arguments": '{"a": "x"}'}}],
        },
        {"role": "tool", "tool_call_id": "call_1", "content": "x"},
    ],
    "tools": [_TOOL],
    "metadata": {"key": "x"},
    "user": "x",
    "safety_identifier": "x",
    "prompt_cache_key": "x",
    "prediction": {"type": "content", "content": "x"},
    "web_search_options": {"user_location": {"type": "approximate", "approximate": {"city": "x"}}},
}
_RESPONSES = {
    "instructions": "x",
    "input": [
        {
            "role": "user",
            "content": [
                {"type": "input_text", "text": "x"},
                {"type": "input_image", "image_url": "x", "detail": "auto"},
                {"type": "input_file", "filename": "x", "file_data": "x"},
            ],
        },
        {"type": "function_call", "call_id": "call_1", "name": "x", "arguments": '{"a": "x"}'},
        {"type": "function_call_output", "call_id": "call_1", "output": "x"},
    ],
    "tools": [{"type": "function", "name": "x", "description": "x", "parameters": _SCHEMA, "strict": True}],
    "metadata": {"key": "x"},
    "user": "x",
    "prompt_cache_key": "x",
    "include": ["file_search_call.results"],
}
_MESSAGES = {
    "system": [{"type": "text", "text": "x", "cache_control": {"type": "ephemeral", "ttl": "1h"}}],
    "messages": [
        {
            "role": "user",
            "content": [
                {"type": "text", "text": "x"},
                {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "x"}},
                {"type": "image", "source": {"type": "url", "url": "x"}},
                {
                    "type": "document",
                    "title": "x",
                    "context": "x",
                    "citations": {"enabled": True},
                    "source": {"type": "text", "media_type": "text/plain", "data": "x"},
                },
                {
                    "type": "search_result",
                    "source": "x",
                    "title": "x",
                    "content": [{"type": "text", "text": "x"}],
                },
            ],
        },
        {
            "role": "assistant",
            "content": [
                {"type": "thinking", "thinking": "x", "signature": "x"},
                {"type": "tool_use", "id": "toolu_1", "name": "x", "input": {"a": "x"}},
            ],
        },
        {
            "role": "user",
            "content": [
                {"type": "tool_result", "tool_use_id": "toolu_1", "content": [{"type": "text", "text": "x"}]},
            ],
        },
    ],
    "tools": [{"name": "x", "description": "x", "input_schema": _SCHEMA}],
    "metadata": {"user_id": "x"},
}
_BODIES: dict[str, Any] = {
    "chat": chat.completion(
        choices=[
            chat.choice(
                "x",
                annotations=[chat.url_citation("x", "x", 0, 10)],
                tool_calls=[chat.tool_call("x", {"a": "x"})],
                logprobs=chat.logprobs("x", top=1),
                message={"reasoning_content": "x", "reasoning": "x"},
            ),
            chat.choice(refusal="x", index=1),
        ],
        usage=chat.usage(100, 20),
    ),
    "responses": responses.response(
        [
            responses.reasoning("x"),
            responses.web_search_call("x", sources=["x"]),
            responses.file_search_call("x", results=[responses.file_search_result("x", "x", 0.9, "x")]),
            responses.code_interpreter_call("x", logs="x"),
            responses.image_generation_call("x"),
            responses.function_call("x", {"a": "x"}),
            responses.message(
                "x",
                annotations=[
                    responses.url_citation("x", "x", 0, 10),
                    responses.file_citation("x", "x", 5),
                    responses.container_file_citation("x", "x", "x", 0, 10),
                    responses.file_path("x", 3),
                ],
            ),
            responses.message([responses.refusal("x")]),
        ],
        usage=responses.usage(100, 20),
    ),
    "messages": messages.message(
        [
            blocks.thinking("x", signature="x"),
            blocks.server_tool_use("web_search", {"query": "x"}),
            blocks.web_search_tool_result("srvtoolu_1", [blocks.web_search_result("x", "x", page_age="x")]),
            blocks.text(
                "x",
                citations=[
                    blocks.char_location("x", 0, 5, title="x"),
                    blocks.page_location("x", 1, 2, title="x"),
                    blocks.content_block_location("x", 0, 1, title="x"),
                    blocks.search_result_location("x", 0, 1, source="x", title="x"),
                    blocks.web_search_result_location("x", url="x", title="x"),
                ],
            ),
            blocks.tool_use("x", {"a": "x"}),
        ],
        model="claude-opus-4-5-20251101",
        usage=messages.usage(100, 20, web_searches=1),
    ),
}
_REQUESTS = {"chat": _CHAT, "responses": _RESPONSES, "messages": _MESSAGES, "beta": _MESSAGES}
_BODIES["beta"] = _BODIES["messages"]
_KEPT = ("chat.parse", "responses.parse", "messages.parse", "beta.parse")  # their answer has to fit a schema


def poisoned(case: Case) -> Case:
    """``case`` with a canary wherever its request and its answer hold a text."""
    family = case.shape.name.partition(".")[0]
    arguments, body = case.shape.arguments, case.shape.body
    rich = _REQUESTS.get(family, {}) if "retrieve" not in case.shape.name else {}
    if case.shape.name == "chat.parse":
        rich = {key: value for key, value in rich.items() if key != "tools"}  # it takes strict ones only
    if family in _BODIES and case.shape.name not in _KEPT and body.get("status") != "queued":
        body = _BODIES[family]
    shape = replace(case.shape, arguments=lambda: tainted({**arguments(), **rich}), body=tainted(body))
    return replace(case, shape=shape)


def refusing(provider: Provider, status: int) -> Reply:
    """An error whose texts are canaries; SDKs put all of it into the exception's message."""
    reply = provider.refuse(status)
    return replace(reply, body=tainted(reply.body))


CASES = [poisoned(case) for case in cases(variants=(PLAIN,)) if case.is_async is case.shape.name.endswith("helper")]
STREAMED = [case for case in CASES if case.shape.form != WHOLE]
OPTIONS = {
    "api_key": f"sk-{CANARY}-0123456789abcdef0123456789abcdef",
    "default_headers": {"x-tenant": CANARY},
    "default_query": {"token": CANARY},
}


@pytest.fixture(autouse=True)
def _everything_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, logger="llmotel")
    caplog.set_level(logging.DEBUG, logger="opentelemetry")


@pytest.fixture
def leaks(telemetry: Telemetry, caplog: pytest.LogCaptureFixture) -> Callable[[], list[str]]:
    """The places in which a canary was exported or logged."""

    def found() -> list[str]:
        assert telemetry.spans
        assert telemetry.metrics()
        logged = [("log", record.getMessage()) for record in caplog.records if record.name.startswith(("llm", "opent"))]
        return [f"{place}: {text}" for place, text in (*telemetry.recording.texts(), *logged) if CANARY in text]

    return found


@pytest.mark.parametrize("case", CASES, ids=by_id)
def test_nothing_that_was_said_is_exported(
    case: Case, server: ProviderServer, leaks: Callable[[], list[str]]
) -> None:
    server.script(Reply(case.shape.body))
    seen = performed(case, server, **OPTIONS)
    assert CANARY in str(server.last.body) + str(server.last.query)
    assert seen.error is None or "unexpected" not in str(seen.error)
    assert leaks() == []


@pytest.mark.parametrize("status", [400, 401, 429, 500])
@pytest.mark.parametrize("case", CASES, ids=by_id)
def test_nothing_of_an_error_is_exported(
    case: Case, status: int, server: ProviderServer, leaks: Callable[[], list[str]]
) -> None:
    server.script(refusing(case.provider, status))
    seen = performed(case, server, **OPTIONS)
    assert CANARY in str(seen.error)
    assert leaks() == []


@pytest.mark.parametrize("case", [CASES[0], next(case for case in CASES if case.provider is ANTHROPIC)], ids=by_id)
@pytest.mark.parametrize("fault", ["malformed", "cut", "empty", "reset"])
def test_nothing_of_a_broken_answer_is_exported(
    case: Case, fault: Any, server: ProviderServer, leaks: Callable[[], list[str]]
) -> None:
    server.script(Reply(case.shape.body, fault=fault))
    assert performed(case, server, **OPTIONS).error is not None
    assert leaks() == []


_ENDINGS = [situation for situation in SITUATIONS if situation.ending != calling.READ and not situation.only_async]


@pytest.mark.parametrize("situation", _ENDINGS, ids=by_id)
@pytest.mark.parametrize("case", STREAMED, ids=by_id)
def test_nothing_of_a_stream_is_exported_however_it_ends(
    case: Case, situation: Situation, server: ProviderServer, held: Held, leaks: Callable[[], list[str]]
) -> None:
    if not situation.applies(case):
        return
    server.script(situation.script(case, held))
    performed(case, server, situation.ending, **OPTIONS)
    assert leaks() == []


@pytest.mark.parametrize("case", STREAMED, ids=by_id)
def test_nothing_of_an_error_in_a_stream_is_exported(
    case: Case, server: ProviderServer, leaks: Callable[[], list[str]]
) -> None:
    error = tainted(refusing(case.provider, 500).body)
    named = {"type": "error", **error} if case.provider is ANTHROPIC else error
    server.script(lambda request: Reply(events=[*events_of(case.shape.body, request)[:2], named]))
    seen = performed(case, server, **OPTIONS)
    assert CANARY in str(seen.error) or CANARY in str(seen.chunks)
    assert leaks() == []


@pytest.mark.parametrize("case", [CASES[0], next(case for case in CASES if case.provider is ANTHROPIC)], ids=by_id)
def test_the_canaries_are_there_when_content_is_on(
    case: Case, server: ProviderServer, telemetry: Telemetry, caplog: pytest.LogCaptureFixture
) -> None:
    telemetry(capture_content="SPAN_AND_EVENT")
    server.script(Reply(case.shape.body), refusing(case.provider, 400))
    performed(case, server, **OPTIONS)
    performed(case, server, **OPTIONS)
    answered, refused = telemetry.spans
    for name in ("gen_ai.input.messages", "gen_ai.output.messages", "gen_ai.tool.definitions"):
        assert CANARY in answered.attributes[name]
    assert CANARY in refused.status.description
    assert any(CANARY in str(event.attributes.get("exception.message")) for event in telemetry.events)
    assert OPTIONS["api_key"] not in str([list(telemetry.recording.texts())])


def test_the_name_of_the_model_is_no_secret(server: ProviderServer, telemetry: Telemetry) -> None:
    shape: Shape = OPENAI.shape("chat.create")
    case = Case(OPENAI, replace(shape, arguments=lambda: {**shape.arguments(), "model": "of-mine"}))
    performed(case, server)
    assert telemetry.span.name == "chat of-mine"
