"""The stream of a message (https://platform.claude.com/docs/en/build-with-claude/streaming)."""

from __future__ import annotations

import json
from collections.abc import Iterator

from llmotel.testing.reply import Body, Event
from llmotel.testing.samples import pieces

_AT_THE_END = (
    "input_tokens",
    "cache_creation_input_tokens",
    "cache_read_input_tokens",
    "output_tokens",
    "output_tokens_details",
    "server_tool_use",
)
"""What the usage of ``message_delta`` repeats, as totals; the rest is only in ``message_start``."""


def events(body: Body) -> list[Event]:
    """Every event from ``message_start`` to ``message_stop``, with a ``ping`` after the first block's start."""
    return list(_events(body))


def _events(body: Body) -> Iterator[Body]:
    usage = body["usage"]
    at_first = {key: usage[key] for key in usage if key not in ("server_tool_use", "output_tokens_details")}
    nothing: Body = {"content": [], "stop_reason": None, "stop_sequence": None, "stop_details": None}
    opening = {**body, **nothing, "usage": {**at_first, "output_tokens": 1}}
    yield {"type": "message_start", "message": opening}
    for index, block in enumerate(body["content"]):
        yield {"type": "content_block_start", "index": index, "content_block": _opening(block)}
        if index == 0:
            yield {"type": "ping"}
        for delta in _deltas(block):
            yield {"type": "content_block_delta", "index": index, "delta": delta}
        yield {"type": "content_block_stop", "index": index}
    delta = {key: body[key] for key in ("stop_reason", "stop_sequence", "stop_details", "container") if key in body}
    yield {"type": "message_delta", "delta": delta, "usage": {key: usage[key] for key in _AT_THE_END if key in usage}}
    yield {"type": "message_stop"}


def _opening(block: Body) -> Body:
    """A block as it is announced. One that is not known here comes whole, as redacted thoughts and results do."""
    bare: dict[str, Body] = {
        "text": {"text": "", **({"citations": []} if "citations" in block else {})},
        "thinking": {"thinking": "", "signature": ""},
        "tool_use": {"input": {}},
        "server_tool_use": {"input": {}},
    }
    return {**block, **bare.get(block["type"], {})}


def _deltas(block: Body) -> Iterator[Body]:
    kind = block["type"]
    if kind == "text":
        for citation in block.get("citations") or ():
            yield {"type": "citations_delta", "citation": citation}
        for piece in pieces(block["text"]):
            yield {"type": "text_delta", "text": piece}
    elif kind == "thinking":
        for piece in pieces(block["thinking"]):
            yield {"type": "thinking_delta", "thinking": piece}
        yield {"type": "signature_delta", "signature": block["signature"]}
    elif kind in ("tool_use", "server_tool_use"):
        yield {"type": "input_json_delta", "partial_json": ""}
        for piece in pieces(json.dumps(block["input"])):
            yield {"type": "input_json_delta", "partial_json": piece}
