"""Spans of other senders, as their packages write them: the same columns, and the same form of what was said."""

from __future__ import annotations

import json
from typing import Any

from local import otlp
from local.conftest import Local

SPAN = "eee19b7ec3c1b174"


def told(local: Local, said: dict[str, Any], *, scope: str = "x", **more: Any) -> dict[str, Any]:
    local.send(otlp.spans(otlp.span(said, own=SPAN, **more), scope=scope))
    found: dict[str, Any] = local.get(f"/api/spans/{SPAN}")
    return found


def texts(messages: list[dict[str, Any]]) -> list[tuple[str, Any]]:
    return [(message["role"], part.get("content")) for message in messages for part in message["parts"]]


class TestOpenInference:
    SAID = {
        "openinference.span.kind": "LLM",
        "llm.model_name": "gpt-4o-mini",
        "llm.provider": "openai",
        "llm.system": "openai",
        "llm.token_count.prompt": 30,
        "llm.token_count.completion": 12,
        "llm.token_count.total": 42,
        "llm.token_count.prompt_details.cache_read": 10,
        "llm.token_count.completion_details.reasoning": 4,
        "llm.input_messages.0.message.role": "system",
        "llm.input_messages.0.message.content": "Be brief.",
        "llm.input_messages.1.message.role": "user",
        "llm.input_messages.1.message.contents.0.message_content.type": "text",
        "llm.input_messages.1.message.contents.0.message_content.text": "What is this?",
        "llm.input_messages.1.message.contents.1.message_content.type": "image",
        "llm.input_messages.1.message.contents.1.message_content.image.image.url": "data:image/png;base64,aGk=",
        "llm.input_messages.2.message.role": "tool",
        "llm.input_messages.2.message.tool_call_id": "call_0",
        "llm.input_messages.2.message.content": "12",
        "llm.output_messages.0.message.role": "assistant",
        "llm.output_messages.0.message.tool_calls.0.tool_call.id": "call_1",
        "llm.output_messages.0.message.tool_calls.0.tool_call.function.name": "look",
        "llm.output_messages.0.message.tool_calls.0.tool_call.function.arguments": '{"at": "picture"}',
        "llm.tools.0.tool.json_schema": json.dumps(
            {"type": "function", "function": {"name": "look", "parameters": {}}}
        ),
        "llm.invocation_parameters": '{"temperature": 0}',
        "input.value": '{"messages": []}',
        "input.mime_type": "application/json",
        "session.id": "s1",
        "user.id": "u1",
    }

    def test_a_call_has_its_columns(self, local: Local) -> None:
        item = told(local, self.SAID, scope="openinference.instrumentation.openai")
        expected = {
            "source": "openinference", "kind": "inference", "operation": "chat", "provider": "openai",
            "model": "gpt-4o-mini", "input_tokens": 30, "output_tokens": 12, "cache_read_tokens": 10,
            "reasoning_tokens": 4, "session": "s1", "user": "u1", "cost_source": "store",
        }  # fmt: skip
        assert {name: item[name] for name in expected} == expected
        assert item["attributes"]["llm.model_name"] == "gpt-4o-mini"
        assert "gen_ai.request.model" not in item["attributes"]

    def test_what_was_said_is_messages_with_parts(self, local: Local) -> None:
        content = told(local, self.SAID)["content"]
        system, user, tool = content["input_messages"]
        assert texts([system]) == [("system", "Be brief.")]
        assert user["parts"] == [
            {"type": "text", "text": "What is this?", "content": "What is this?"},
            {"type": "blob", "modality": "image", "mime_type": "image/png", "content": "aGk="},
        ]
        assert tool["parts"] == [{"type": "tool_call_response", "id": "call_0", "response": "12"}]
        assert content["output_messages"][0]["parts"] == [
            {"type": "tool_call", "id": "call_1", "name": "look", "arguments": {"at": "picture"}}
        ]
        assert content["tool_definitions"] == [{"type": "function", "name": "look", "parameters": {}}]

    def test_a_retriever_has_its_documents(self, local: Local) -> None:
        item = told(
            local,
            {
                "openinference.span.kind": "RETRIEVER",
                "input.value": "who?",
                "retrieval.documents.0.document.id": "d1",
                "retrieval.documents.0.document.score": 0.8,
                "retrieval.documents.0.document.content": "He did.",
                "retrieval.documents.1.document.id": "d2",
                "retrieval.documents.1.document.metadata": '{"page": 3}',
            },
        )
        assert (item["kind"], item["operation"]) == ("retrieval", "retrieval")
        assert item["content"]["retrieval_query"] == "who?"
        assert item["content"]["retrieval_documents"] == [
            {"id": "d1", "score": 0.8, "content": "He did."},
            {"id": "d2", "metadata": {"page": 3}},
        ]

    def test_tools_agents_chains_and_embeddings_are_told_apart(self, local: Local) -> None:
        for kind in ("TOOL", "AGENT", "CHAIN", "EMBEDDING", "GUARDRAIL", "EVALUATOR"):
            local.send(otlp.spans(otlp.span({"openinference.span.kind": kind, "tool.name": "t"}, name=kind)))
        kinds = {item["name"]: item["kind"] for item in local.calls(kind="all")}
        assert kinds == {
            "TOOL": "tool", "AGENT": "agent", "CHAIN": "workflow", "EMBEDDING": "embeddings", "GUARDRAIL": "guardrail",
            "EVALUATOR": "other",
        }  # fmt: skip

    def test_a_tools_input_and_output_are_arguments_and_result(self, local: Local) -> None:
        content = told(
            local,
            {"openinference.span.kind": "TOOL", "tool.name": "sql", "input.value": '{"q": 1}', "output.value": "2"},
        )["content"]
        assert (content["tool_arguments"], content["tool_result"]) == ({"q": 1}, "2")


class TestOpenLLMetry:
    SAID = {
        "gen_ai.system": "OpenAI",
        "llm.request.type": "chat",
        "gen_ai.request.model": "gpt-4o-mini",
        "gen_ai.response.model": "gpt-4o-mini-2024-07-18",
        "gen_ai.usage.prompt_tokens": 30,
        "gen_ai.usage.completion_tokens": 12,
        "llm.usage.total_tokens": 42,
        "gen_ai.usage.cache_read_input_tokens": 10,
        "llm.is_streaming": False,
        "gen_ai.prompt.0.role": "user",
        "gen_ai.prompt.0.content": "Hi",
        "gen_ai.completion.0.role": "assistant",
        "gen_ai.completion.0.content": "Hello",
        "gen_ai.completion.0.finish_reason": "stop",
        "traceloop.association.properties.session_id": "s1",
    }

    def test_a_call_has_its_columns(self, local: Local) -> None:
        item = told(local, self.SAID, scope="opentelemetry.instrumentation.openai.v1")
        expected = {
            "source": "openllmetry", "kind": "inference", "operation": "chat", "provider": "openai",
            "model": "gpt-4o-mini-2024-07-18", "input_tokens": 30, "output_tokens": 12, "cache_read_tokens": 10,
            "stream": False, "finish_reasons": ["stop"], "session": "s1",
        }  # fmt: skip
        assert {name: item[name] for name in expected} == expected
        assert item["attributes"]["gen_ai.system"] == "OpenAI"

    def test_what_was_said_is_messages_with_parts(self, local: Local) -> None:
        content = told(local, self.SAID)["content"]
        assert texts(content["input_messages"]) == [("user", "Hi")]
        assert texts(content["output_messages"]) == [("assistant", "Hello")]

    def test_workflows_tasks_and_tools_are_told_apart(self, local: Local) -> None:
        for kind in ("workflow", "task", "agent", "tool"):
            local.send(otlp.spans(otlp.span({"traceloop.span.kind": kind}, name=kind)))
        kinds = {item["name"]: (item["kind"], item["operation"]) for item in local.calls(kind="all")}
        assert kinds == {
            "workflow": ("workflow", "invoke_workflow"), "task": ("workflow", "invoke_workflow"),
            "agent": ("agent", "invoke_agent"), "tool": ("tool", "execute_tool"),
        }  # fmt: skip


class TestOpenTelemetry:
    def test_older_names_are_read_too(self, local: Local) -> None:
        item = told(
            local,
            {
                "gen_ai.operation.name": "chat",
                "gen_ai.system": "az.ai.openai",
                "gen_ai.request.model": "gpt-4o",
                "gen_ai.usage.input_tokens": 3,
                "gen_ai.usage.cache_creation.input_tokens": 2,
            },
            scope="opentelemetry.instrumentation.openai_v2",
        )
        assert (item["source"], item["provider"], item["cache_write_tokens"]) == ("otel_genai", "azure.ai.openai", 2)

    def test_content_of_the_details_event_is_the_spans(self, local: Local) -> None:
        trace = otlp.trace_id()
        local.send(otlp.spans(otlp.span(otlp.call(), trace=trace, own=SPAN)))
        messages = [{"role": "user", "parts": [{"type": "text", "content": "Hi"}]}]
        event = {"gen_ai.operation.name": "chat", "gen_ai.input.messages": messages}
        local.send(otlp.log("gen_ai.client.inference.operation.details", event, trace=trace, own=SPAN))
        assert local.get(f"/api/spans/{SPAN}")["content"]["input_messages"] == messages

    def test_messages_that_are_log_records_each_are_one_conversation(self, local: Local) -> None:
        trace = otlp.trace_id()
        local.send(otlp.spans(otlp.span(otlp.call(), trace=trace, own=SPAN)))
        start = otlp.now()
        for place, (event, body) in enumerate(
            (
                ("gen_ai.system.message", {"content": "Be brief."}),
                ("gen_ai.user.message", {"content": "Hi"}),
                (
                    "gen_ai.choice",
                    {"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": "Hello"}},
                ),
            )
        ):
            local.send(otlp.log(event, {}, trace=trace, own=SPAN, body=body, time_ns=start + place))
        content = local.get(f"/api/spans/{SPAN}")["content"]
        assert texts(content["input_messages"]) == [("system", "Be brief."), ("user", "Hi")]
        assert texts(content["output_messages"]) == [("assistant", "Hello")]

    def test_messages_in_events_of_the_span_are_content_not_attributes(self, local: Local) -> None:
        events = [("gen_ai.content.prompt", {"gen_ai.prompt": "user: Hi"}), ("note", {"a": 1})]
        item = told(local, otlp.call(), events=events)
        assert texts(item["content"]["input_messages"]) == [("user", "user: Hi")]
        assert [event["attributes"] for event in item["events"]] == [{}, {"a": 1}]


class TestOthers:
    def test_openlit_logfire_and_langfuse_names_are_read(self, local: Local) -> None:
        for said in (
            {"gen_ai.operation.name": "chat", "gen_ai.usage.cost": 0.5},
            {"gen_ai.operation.name": "chat", "operation.cost": 0.5},
        ):
            local.send(otlp.spans(otlp.span(said)))
        assert [(item["cost_usd"], item["cost_source"]) for item in local.calls()] == [(0.5, "sender")] * 2
        item = told(
            local,
            {
                "gen_ai.operation.name": "chat", "langfuse.observation.model.name": "m",
                "langfuse.session.id": "s", "langfuse.user.id": "u", "langfuse.observation.input": '"Hi"',
            },
        )  # fmt: skip
        assert (item["model"], item["session"], item["user"]) == ("m", "s", "u")

    def test_an_operation_that_is_not_known_yet_is_a_call_if_it_has_a_model(self, local: Local) -> None:
        item = told(local, {"gen_ai.operation.name": "dream", "gen_ai.request.model": "m"})
        assert item["kind"] == "inference"
