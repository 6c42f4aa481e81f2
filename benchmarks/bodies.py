"""The fixed requests and answers of the benchmark.

The parts that run in another package's environment read nothing of llmotel's, hence bodies of their own here.
"""

from __future__ import annotations

import base64
import json
import struct
from typing import Any

OPENAI_MODEL = "gpt-4o"
ANTHROPIC_MODEL = "claude-sonnet-5-5"
EMBEDDING_MODEL = "text-embedding-3-small"

_NOTE = (
    "The greenhouse sensors on the north side reported a falling humidity since Tuesday, while the irrigation log "
    "shows every cycle as complete. Two of the five valves were replaced in spring, the others are older than that. "
    "Nobody has looked at the pressure in the main pipe yet. "
)
_SYSTEM = "You help the staff of a botanical garden. Be brief, say what you are not sure of. " + _NOTE
_QUESTION = "Why do the ferns in house three look dry? " + _NOTE
_FINDING = "House three has a pressure of 1.1 bar, the others have 2.4. " + _NOTE
_LAST = "Write the work order for the plumber, and tell me what to watch until then."
_SAID = "House three gets too little pressure. Close valve four, water by hand twice a day, and call the plumber. "

_READ_SENSOR = {
    "type": "object",
    "properties": {
        "house": {"type": "integer", "description": "Number of the greenhouse"},
        "quantity": {"type": "string", "enum": ["humidity", "temperature", "pressure"]},
    },
    "required": ["house", "quantity"],
}
_ORDER_WORK = {
    "type": "object",
    "properties": {"trade": {"type": "string"}, "place": {"type": "string"}, "urgent": {"type": "boolean"}},
    "required": ["trade", "place"],
}
_TOOLS = (
    ("read_sensor", "Read a sensor of a greenhouse.", _READ_SENSOR),
    ("order_work", "Order a craftsman.", _ORDER_WORK),
)

# Requests: a conversation of six messages with two tools, and 32 passages to embed.

CHAT: dict[str, Any] = {
    "model": OPENAI_MODEL,
    "messages": [
        {"role": "system", "content": _SYSTEM},
        {"role": "user", "content": _QUESTION},
        {
            "role": "assistant",
            "content": None,
            "tool_calls": [
                {
                    "id": "call_fern1",
                    "type": "function",
                    "function": {"name": "read_sensor", "arguments": '{"house": 3, "quantity": "pressure"}'},
                }
            ],
        },
        {"role": "tool", "tool_call_id": "call_fern1", "content": _FINDING},
        {"role": "assistant", "content": "The pressure is low. " + _NOTE},
        {"role": "user", "content": _LAST},
    ],
    "tools": [
        {"type": "function", "function": {"name": name, "description": description, "parameters": parameters}}
        for name, description, parameters in _TOOLS
    ],
    "temperature": 0.3,
    "top_p": 0.95,
    "max_tokens": 600,
}
CHAT_STREAM: dict[str, Any] = {**CHAT, "stream": True, "stream_options": {"include_usage": True}}

MESSAGES: dict[str, Any] = {
    "model": ANTHROPIC_MODEL,
    "max_tokens": 600,
    "system": _SYSTEM,
    "messages": [
        {"role": "user", "content": _QUESTION},
        {
            "role": "assistant",
            "content": [
                {"type": "text", "text": "I look at the sensor."},
                {
                    "type": "tool_use",
                    "id": "toolu_fern1",
                    "name": "read_sensor",
                    "input": {"house": 3, "quantity": "pressure"},
                },
            ],
        },
        {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "toolu_fern1", "content": _FINDING}]},
        {"role": "assistant", "content": "The pressure is low. " + _NOTE},
        {"role": "user", "content": _LAST},
    ],
    "tools": [
        {"name": name, "description": description, "input_schema": parameters}
        for name, description, parameters in _TOOLS
    ],
}

EMBEDDINGS: dict[str, Any] = {
    "model": EMBEDDING_MODEL,
    "input": [f"Passage {number}: {_NOTE}" for number in range(32)],
}

# Answers.

_OPENAI_USAGE = {
    "prompt_tokens": 530,
    "completion_tokens": 214,
    "total_tokens": 744,
    "prompt_tokens_details": {"cached_tokens": 256, "audio_tokens": 0},
    "completion_tokens_details": {
        "reasoning_tokens": 96,
        "audio_tokens": 0,
        "accepted_prediction_tokens": 0,
        "rejected_prediction_tokens": 0,
    },
}
_OPENAI_HEAD = {
    "id": "chatcmpl-greenhouse0003",
    "created": 1790000000,
    "model": f"{OPENAI_MODEL}-2024-08-06",
    "service_tier": "default",
    "system_fingerprint": "fp_0f3a5c7e91",
}
_ANTHROPIC_USAGE = {
    "input_tokens": 310,
    "cache_creation_input_tokens": 40,
    "cache_read_input_tokens": 180,
    "output_tokens": 214,
    "service_tier": "standard",
}
_ANTHROPIC_HEAD = {
    "id": "msg_greenhouse0003",
    "type": "message",
    "role": "assistant",
    "model": ANTHROPIC_MODEL,
    "stop_sequence": None,
}


def chat() -> bytes:
    """A chat completion with about 1.5 KB of text and every usage detail."""
    said: dict[str, Any] = {"role": "assistant", "content": _SAID + _NOTE * 4, "refusal": None, "annotations": []}
    choice = {"index": 0, "message": said, "logprobs": None, "finish_reason": "stop"}
    return _json({**_OPENAI_HEAD, "object": "chat.completion", "choices": [choice], "usage": _OPENAI_USAGE})


def chat_chunks() -> tuple[tuple[bytes, ...], bytes, tuple[bytes, ...]]:
    """A streamed chat completion: what comes first, the text chunk that is repeated, what comes last."""

    def chunk(delta: dict[str, Any] | None, finish: str | None = None, usage: Any = None) -> bytes:
        choices = [{"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}] if delta is not None else []
        body = {**_OPENAI_HEAD, "object": "chat.completion.chunk", "choices": choices, "usage": usage}
        return b"data: " + _json(body) + b"\n\n"

    head = (chunk({"role": "assistant", "content": "", "refusal": None}),)
    tail = (chunk({}, "stop"), chunk(None, usage=_OPENAI_USAGE), b"data: [DONE]\n\n")
    return head, chunk({"content": " humidity"}), tail


def message() -> bytes:
    """A message with about 1.5 KB of text."""
    body = {**_ANTHROPIC_HEAD, "content": [{"type": "text", "text": _SAID + _NOTE * 4}], "stop_reason": "end_turn"}
    return _json({**body, "usage": _ANTHROPIC_USAGE})


def message_events() -> tuple[tuple[bytes, ...], bytes, tuple[bytes, ...]]:
    """A streamed message: what comes first, the text delta that is repeated, what comes last."""

    def event(kind: str, **fields: Any) -> bytes:
        return f"event: {kind}\ndata: ".encode() + _json({"type": kind, **fields}) + b"\n\n"

    started: dict[str, Any] = {
        **_ANTHROPIC_HEAD,
        "content": [],
        "stop_reason": None,
        "usage": {**_ANTHROPIC_USAGE, "output_tokens": 1},
    }
    head = (
        event("message_start", message=started),
        event("content_block_start", index=0, content_block={"type": "text", "text": ""}),
        event("ping"),
    )
    tail = (
        event("content_block_stop", index=0),
        event("message_delta", delta={"stop_reason": "end_turn", "stop_sequence": None}, usage={"output_tokens": 214}),
        event("message_stop"),
    )
    return head, event("content_block_delta", index=0, delta={"type": "text_delta", "text": " humidity"}), tail


def embeddings(inputs: int = 32, size: int = 1536) -> bytes:
    """Vectors in base64, which is what the client asks for unless told otherwise."""
    entries = []
    for index in range(inputs):
        vector = [((index + 7) * (place + 3) % 997) / 997 - 0.5 for place in range(size)]
        packed = base64.b64encode(struct.pack(f"<{size}f", *vector)).decode()
        entries.append({"object": "embedding", "index": index, "embedding": packed})
    usage = {"prompt_tokens": 2272, "total_tokens": 2272}
    return _json({"object": "list", "data": entries, "model": EMBEDDING_MODEL, "usage": usage})


def _json(body: Any) -> bytes:
    return json.dumps(body).encode()
