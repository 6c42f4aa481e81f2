"""The stream of ConverseStream (https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_ConverseStream.html)."""

from __future__ import annotations

import json
from collections.abc import Iterator

from llmotel.testing.reply import Body, Event
from llmotel.testing.samples import pieces


def events(body: Body) -> list[Event]:
    """Every event from ``messageStart`` to ``metadata``; a text has no ``contentBlockStart``."""
    return list(_events(body))


def _events(body: Body) -> Iterator[Body]:
    said = body["output"]["message"]
    yield {"messageStart": {"role": said["role"]}}
    for index, block in enumerate(said["content"]):
        begun = _start(block)
        if begun is not None:
            yield {"contentBlockStart": {"start": begun, "contentBlockIndex": index}}
        for delta in _deltas(block):
            yield {"contentBlockDelta": {"delta": delta, "contentBlockIndex": index}}
        yield {"contentBlockStop": {"contentBlockIndex": index}}
    yield {"messageStop": {"stopReason": body["stopReason"]}}
    rest = ("usage", "metrics", "trace", "serviceTier", "performanceConfig")
    yield {"metadata": {name: body[name] for name in rest if name in body}}


def _start(block: Body) -> Body | None:
    if "toolUse" in block:
        return {"toolUse": {name: value for name, value in block["toolUse"].items() if name != "input"}}
    if "image" in block:
        return {"image": {"format": block["image"]["format"]}}
    return None


def _deltas(block: Body) -> Iterator[Body]:
    if "text" in block:
        yield from ({"text": piece} for piece in pieces(block["text"]))
    elif "toolUse" in block:
        yield from ({"toolUse": {"input": piece}} for piece in pieces(json.dumps(block["toolUse"]["input"])))
    elif "image" in block:
        yield {"image": {"source": block["image"]["source"]}}
    elif "citationsContent" in block:
        inner = block["citationsContent"]
        for content in inner["content"]:
            yield from ({"text": piece} for piece in pieces(content["text"]))
        yield from ({"citation": citation} for citation in inner["citations"])
    elif "reasoningContent" in block:
        inner = block["reasoningContent"]
        if "reasoningText" not in inner:
            yield {"reasoningContent": inner}
            return
        yield from ({"reasoningContent": {"text": piece}} for piece in pieces(inner["reasoningText"]["text"]))
        yield {"reasoningContent": {"signature": inner["reasoningText"]["signature"]}}
