"""Requests and answers with something in as many places as the APIs have."""

from __future__ import annotations

from typing import Any

from llmotel.testing.anthropic_wire import blocks, messages
from llmotel.testing.google_wire import generation, grounding, parts
from llmotel.testing.openai_wire import chat, responses

_TOOL: Any = {
    "name": "get_weather", "description": "Weather.", "strict": True,
    "parameters": {"type": "object", "title": "City", "properties": {"city": {"type": "string", "description": "C"}}},
}  # fmt: skip
_CHAT: dict[str, Any] = {
    "messages": [
        {"role": "system", "content": "You know the world."},
        {"role": "user", "name": "ada", "content": [
            {"type": "text", "text": "What is this?"},
            {"type": "image_url", "image_url": {"url": "https://example.com/cat.png"}},
            {"type": "input_audio", "input_audio": {"data": "UklGRg==", "format": "wav"}},
            {"type": "file", "file": {"filename": "taxes.pdf", "file_data": "data:application/pdf;base64,UEsDBA=="}},
        ]},
        {"role": "assistant", "content": None, "tool_calls": [chat.tool_call("get_weather", {"city": "Paris"})]},
        {"role": "tool", "tool_call_id": "call_1", "content": "21 degrees"},
    ],
    "tools": [{"type": "function", "function": _TOOL}],
    "metadata": {"ticket": "Where is my parcel?"},
    "user": "ada lovelace",
    "prediction": {"type": "content", "content": "Paris"},
}  # fmt: skip
_RESPONSE: dict[str, Any] = {
    "instructions": "You know the world.",
    "input": [
        {"role": "user", "content": [
            {"type": "input_text", "text": "What is this?"},
            {"type": "input_image", "image_url": "https://example.com/cat.png"},
            {"type": "input_file", "filename": "taxes.pdf", "file_data": "data:application/pdf;base64,UEsDBA=="},
        ]},
        {"type": "function_call", "call_id": "c", "name": "get_weather", "arguments": '{"city": "Paris"}'},
        {"type": "function_call_output", "call_id": "c", "output": "21 degrees"},
    ],
    "tools": [{"type": "function", **_TOOL}],
    "metadata": {"ticket": "Where is my parcel?"},
    "user": "ada lovelace",
}  # fmt: skip
_MESSAGE: dict[str, Any] = {
    "system": [{"type": "text", "text": "You know the world."}],
    "messages": [
        {"role": "user", "content": [
            {"type": "text", "text": "What is this?"},
            {"type": "image", "source": {"type": "url", "url": "https://example.com/cat.png"}},
            {"type": "document", "title": "Taxes", "context": "Of 2026", "citations": {"enabled": True},
             "source": {"type": "text", "media_type": "text/plain", "data": "Paid."}},
            {"type": "search_result", "source": "https://example.com/search", "title": "Found",
             "content": [{"type": "text", "text": "Much."}]},
        ]},
        {"role": "assistant", "content": [{"type": "tool_use", "id": "t", "name": "w", "input": {"city": "Paris"}}]},
        {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "t", "content": "21 degrees"}]},
    ],
    "tools": [{"name": "get_weather", "description": "Weather.", "input_schema": _TOOL["parameters"]}],
    "metadata": {"user_id": "ada"},
}  # fmt: skip

_GENERATE: dict[str, Any] = {
    "contents": [
        {"role": "user", "parts": [
            {"text": "What is this?"},
            {"file_data": {"mime_type": "image/png", "file_uri": "https://example.com/cat.png"}},
        ]},
        {"role": "model", "parts": [{"function_call": {"name": "get_weather", "args": {"city": "Paris"}}}]},
        {"role": "user", "parts": [{"function_response": {"name": "get_weather", "response": {"result": "21 degrees"}}}]},
    ],
    "config": {
        "system_instruction": "You know the world.",
        "tools": [{"function_declarations": [
            {"name": "get_weather", "description": "Weather.", "parameters": {
                "type": "OBJECT", "properties": {"city": {"type": "STRING", "description": "C"}},
            }}
        ]}],
    },
}  # fmt: skip

REQUESTS: dict[str, dict[str, Any]] = {
    "chat": _CHAT, "responses": _RESPONSE, "messages": _MESSAGE, "beta": _MESSAGE, "generate": _GENERATE,
}  # fmt: skip
"""What to add to a request, by the first part of its shape's name."""

ANSWERS: dict[str, Any] = {
    "chat": chat.completion(
        "Paris is the capital of France.",
        tool_calls=[chat.tool_call("get_weather", {"city": "Paris"})],
        annotations=[chat.url_citation("https://example.com/paris", "Paris", 0, 31)],
        refusal="I will not.",
        message={"reasoning_content": "An easy one."},
        logprobs=chat.logprobs("Paris", top=1),
        usage=chat.usage(100, 20),
    ),
    "responses": responses.response(
        [
            responses.reasoning("An easy one."),
            responses.web_search_call("capital of France", sources=["https://example.com/paris"]),
            responses.file_search_call(
                "capital", results=[responses.file_search_result("file-1", "a.txt", 0.5, "Paris.")]
            ),
            responses.code_interpreter_call("print('Paris')", logs="Paris"),
            responses.image_generation_call("A map of Paris"),
            responses.function_call("get_weather", {"city": "Paris"}),
            responses.message(
                "Paris is the capital of France.",
                annotations=[
                    responses.url_citation("https://example.com/paris", "Paris", 0, 31),
                    responses.file_citation("file-1", "a.txt", 3),
                    responses.container_file_citation("cntr_1", "cfile_1", "b.csv", 0, 5),
                    responses.file_path("file-2", 3),
                ],
            ),
            responses.message([responses.refusal("I will not.")]),
        ]
    ),
    "messages": messages.message(
        [
            blocks.thinking("An easy one."),
            blocks.server_tool_use("web_search", {"query": "capital"}, id="srvtoolu_1"),
            blocks.web_search_tool_result("srvtoolu_1", [blocks.web_search_result("https://example.com", "Paris")]),
            blocks.text(
                "Paris is the capital of France.",
                citations=[
                    blocks.char_location("Paris", 0, 5, title="Doc"),
                    blocks.page_location("Paris", 1, 2, document=1, title="Book"),
                    blocks.content_block_location("Paris", 0, 1, document=2, title="Notes"),
                    blocks.search_result_location("Much.", 0, 1, source="https://example.com/search", title="Found"),
                    blocks.web_search_result_location("Paris", url="https://example.com", title="Paris"),
                ],
            ),
            blocks.tool_use("get_weather", {"city": "Paris"}),
        ]
    ),
}
ANSWERS["beta"] = ANSWERS["messages"]
_PARIS = "Paris is the capital of France."
ANSWERS["generate"] = generation.response(
    candidates=[
        generation.candidate(
            [
                parts.thought("An easy one."),
                parts.executable_code("print('Paris')"),
                parts.code_execution_result("Paris"),
                parts.text(_PARIS),
                parts.function_call("get_weather", {"city": "Paris"}),
            ],
            extra={
                "groundingMetadata": grounding.metadata(
                    [grounding.web("https://example.com/paris", "Paris"), grounding.retrieved("gs://a", "A", "Paris.")],
                    [grounding.support(_PARIS, "Paris is", [0, 1], part=3)],
                    queries=["capital of France"],
                ),
                "citationMetadata": {"citations": [grounding.citation(_PARIS, "France", "https://example.com/fr")]},
            },
        )
    ],
    usage=generation.usage(100, 20),
)
"""The answers to them."""
