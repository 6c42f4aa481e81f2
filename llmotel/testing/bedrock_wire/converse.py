"""The answer of Converse and its content blocks
(https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_Converse.html)."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence

from llmotel.testing.reply import Body
from llmotel.testing.samples import PNG, hexid, ident

TEXT = "Hello! How can I help you today?"


def text(text: str) -> Body:
    return {"text": text}


def reasoning(text: str, *, signature: str | None = None) -> Body:
    return {"reasoningContent": {"reasoningText": {"text": text, "signature": signature or hexid("", text)}}}


def redacted_reasoning(data: bytes = b"\x00redacted") -> Body:
    return {"reasoningContent": {"redactedContent": base64.b64encode(data).decode()}}


def tool_use(name: str, input: Mapping[str, object], *, id: str | None = None) -> Body:  # noqa: A002
    call_id = id or ident("tooluse_", name, input, length=22)
    return {"toolUse": {"toolUseId": call_id, "name": name, "input": dict(input)}}


def server_tool_use(name: str, input: Mapping[str, object], *, id: str | None = None) -> Body:  # noqa: A002
    """A call of a tool that Bedrock runs itself (``nova_grounding``)."""
    return {"toolUse": {**tool_use(name, input, id=id)["toolUse"], "type": "server_tool_use"}}


def image(data: str = PNG, *, format: str = "png") -> Body:  # noqa: A002
    """A picture that the model made; ``data`` is base64."""
    return {"image": {"format": format, "source": {"bytes": data}}}


def citations(text: str, *citations: Body) -> Body:
    """A text that stands on ``citations``."""
    return {"citationsContent": {"content": [{"text": text}], "citations": list(citations)}}


def web_citation(url: str, *, title: str | None = None, cited: str = "") -> Body:
    return _citation({"web": {"url": url, "domain": url.split("/")[2]}}, title, cited)


def document_citation(document: int, start: int, end: int, *, title: str | None = None, cited: str = "") -> Body:
    """Characters ``start`` to ``end`` of a document of the request."""
    location = {"documentChar": {"documentIndex": document, "start": start, "end": end}}
    return _citation(location, title, cited)


def search_result_citation(result: int, *, source: str, title: str | None = None, cited: str = "") -> Body:
    """The first block of a search result that the request brought along."""
    location = {"searchResultLocation": {"searchResultIndex": result, "start": 0, "end": 1}}
    return {**_citation(location, title, cited), "source": source}


def _citation(location: Body, title: str | None, cited: str) -> Body:
    named = {"title": title} if title is not None else {}
    return {**named, "sourceContent": [{"text": cited}] if cited else [], "location": location}


def usage(
    input: int = 12,  # noqa: A002
    output: int = 9,
    *,
    cache_read: int | None = None,
    cache_write_5m: int = 0,
    cache_write_1h: int = 0,
) -> Body:
    """Token counts. ``input`` counts neither cache reads nor writes; those are absent unless there is a cache."""
    written = cache_write_5m + cache_write_1h
    body: Body = {
        "inputTokens": input,
        "outputTokens": output,
        "totalTokens": input + output + (cache_read or 0) + written,
    }
    if cache_read is not None or written:
        body |= {"cacheReadInputTokens": cache_read or 0, "cacheWriteInputTokens": written}
        lifetimes = {"5m": cache_write_5m, "1h": cache_write_1h}
        body["cacheDetails"] = [{"ttl": ttl, "inputTokens": tokens} for ttl, tokens in lifetimes.items() if tokens]
    return body


def message(
    content: str | Sequence[Body] = TEXT,
    *,
    stop_reason: str | None = None,
    usage: Body | None = None,
    latency: int = 412,
    trace: Body | None = None,
    service_tier: str | None = None,
    extra: Body | None = None,
) -> Body:
    """A whole answer; ``content`` is a text or the blocks, ``latency`` in milliseconds, ``trace`` what a guardrail or a
    router did. Unless given, ``stop_reason`` is ``tool_use`` when the content ends with one, else ``end_turn``."""
    blocks = [text(content)] if isinstance(content, str) else list(content)
    if stop_reason is None:
        stop_reason = "tool_use" if blocks and "toolUse" in blocks[-1] else "end_turn"
    body: Body = {
        "output": {"message": {"role": "assistant", "content": blocks}},
        "stopReason": stop_reason,
        "usage": usage or _usage(),
        "metrics": {"latencyMs": latency},
    }
    if trace is not None:
        body["trace"] = trace
    if service_tier is not None:
        body["serviceTier"] = {"type": service_tier}
    return {**body, **(extra or {})}


def router(model: str) -> Body:
    """The ``trace`` of a prompt router that chose ``model``, an ARN."""
    return {"promptRouter": {"invokedModelId": model}}


_usage = usage  # the parameter of message() hides the function
