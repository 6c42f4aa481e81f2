"""The message object (https://platform.claude.com/docs/en/api/messages)."""

from __future__ import annotations

from collections.abc import Sequence

from llmotel.testing.anthropic_wire import blocks
from llmotel.testing.reply import Body
from llmotel.testing.samples import ident

MODEL = "claude-sonnet-4-5-20250929"
TEXT = "Hello! How can I help you today?"


def usage(
    input: int = 12,  # noqa: A002
    output: int = 9,
    *,
    cache_read: int = 0,
    cache_write_5m: int = 0,
    cache_write_1h: int = 0,
    thinking: int | None = None,
    web_searches: int | None = None,
    web_fetches: int = 0,
    service_tier: str = "standard",
    extra: Body | None = None,
) -> Body:
    """Token counts. ``input`` counts neither cache reads nor writes; ``thinking`` is part of ``output``.
    ``web_searches`` are requests; they are absent unless given."""
    body: Body = {
        "input_tokens": input,
        "cache_creation_input_tokens": cache_write_5m + cache_write_1h,
        "cache_read_input_tokens": cache_read,
        "cache_creation": {
            "ephemeral_5m_input_tokens": cache_write_5m,
            "ephemeral_1h_input_tokens": cache_write_1h,
        },
        "output_tokens": output,
        "service_tier": service_tier,
        "inference_geo": "not_available",
    }
    if thinking is not None:
        body["output_tokens_details"] = {"thinking_tokens": thinking}
    if web_searches is not None or web_fetches:
        body["server_tool_use"] = {"web_search_requests": web_searches or 0, "web_fetch_requests": web_fetches}
    return {**body, **(extra or {})}


def message(
    content: str | Sequence[Body] = TEXT,
    *,
    model: str = MODEL,
    stop_reason: str | None = None,
    stop_sequence: str | None = None,
    usage: Body | None = None,
    id: str | None = None,  # noqa: A002
    extra: Body | None = None,
) -> Body:
    """A whole message; ``content`` is a text or the blocks. Unless given, ``stop_reason`` is ``stop_sequence`` when
    there is one, ``tool_use`` when the content ends with one, and ``end_turn`` otherwise."""
    parts = [blocks.text(content)] if isinstance(content, str) else list(content)
    if stop_reason is None:
        stop_reason = "tool_use" if parts and parts[-1]["type"] == "tool_use" else "end_turn"
        stop_reason = "stop_sequence" if stop_sequence is not None else stop_reason
    refused = {"type": "refusal", "category": None, "explanation": None}
    return {
        "id": id or ident("msg_01", model, parts, stop_reason, length=22),
        "type": "message",
        "role": "assistant",
        "model": model,
        "content": parts,
        "stop_reason": stop_reason,
        "stop_sequence": stop_sequence,
        "stop_details": refused if stop_reason == "refusal" else None,
        "usage": usage or _usage(),
        **(extra or {}),
    }


_usage = usage  # the parameter of message() hides the function
