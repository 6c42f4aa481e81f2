"""Requests and answers with something in as many places as the APIs have; every text in them is ``x``."""

from __future__ import annotations

from typing import Any

from llmotel.testing.anthropic_wire import blocks, messages
from llmotel.testing.openai_wire import chat, responses

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
BODIES: dict[str, Any] = {
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
REQUESTS: dict[str, dict[str, Any]] = {"chat": _CHAT, "responses": _RESPONSES, "messages": _MESSAGES, "beta": _MESSAGES}
BODIES["beta"] = BODIES["messages"]
"""By the first part of a shape's name."""
