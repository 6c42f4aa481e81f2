"""The stream of a response (https://platform.openai.com/docs/api-reference/responses-streaming)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from llmotel.testing.reply import Body, Event
from llmotel.testing.samples import ident, pieces


def events(body: Body) -> list[Event]:
    """Every event from ``response.created`` to the last, numbered by ``sequence_number`` from 0. A body that is still
    queued or in progress (a background response) ends after the events that say so; a cancelled one has no last
    event."""
    return [{**event, "sequence_number": number} for number, event in enumerate(_response(body))]


def _response(body: Body) -> Iterator[Body]:
    waiting = body["background"] or body["status"] == "queued"
    begun = {**body, "status": "in_progress", "output": [], "usage": None, "error": None, "incomplete_details": None}
    begun["service_tier"] = "auto"
    queued = {**begun, "status": "queued"}
    yield {"type": "response.created", "response": queued if waiting else begun}
    if waiting:
        yield {"type": "response.queued", "response": queued}
    if body["status"] == "queued":
        return
    yield {"type": "response.in_progress", "response": begun}
    if body["status"] == "in_progress":
        return
    for index, item in enumerate(body["output"]):
        yield {"type": "response.output_item.added", "output_index": index, "item": _opening(item)}
        yield from _item(item, {"output_index": index, "item_id": item["id"]})
        yield {"type": "response.output_item.done", "output_index": index, "item": item}
    if body["status"] != "cancelled":
        yield {"type": f"response.{body['status']}", "response": body}


def _opening(item: Body) -> Body:
    """An item as it is announced, before any of it has come."""
    bare: dict[str, Body] = {
        "message": {"status": "in_progress", "content": []},
        "function_call": {"status": "in_progress", "arguments": ""},
        "reasoning": {"summary": []},
        "file_search_call": {"status": "in_progress", "results": None},
        "web_search_call": {"status": "in_progress"},
        "code_interpreter_call": {"status": "in_progress", "code": "", "outputs": None},
        "image_generation_call": {"status": "in_progress", "result": None},
    }
    return {**item, **bare.get(item["type"], {})}


def _item(item: Body, at: Body) -> Iterator[Body]:
    kind = item["type"]
    if kind == "message":
        for index, part in enumerate(item["content"]):
            yield from _part(part, {**at, "content_index": index})
    elif kind == "function_call":
        yield from _told("response.function_call_arguments", "arguments", item["arguments"], at)
    elif kind == "reasoning":
        for index, part in enumerate(item["summary"]):
            where = {**at, "summary_index": index}
            yield {"type": "response.reasoning_summary_part.added", **where, "part": {**part, "text": ""}}
            yield from _told("response.reasoning_summary_text", "text", part["text"], where)
            yield {"type": "response.reasoning_summary_part.done", **where, "part": part}
    elif kind in ("web_search_call", "file_search_call"):
        for stage in ("in_progress", "searching", "completed"):
            yield {"type": f"response.{kind}.{stage}", **at}
    elif kind == "code_interpreter_call":
        yield {"type": "response.code_interpreter_call.in_progress", **at}
        yield from _told("response.code_interpreter_call_code", "code", item["code"], at)
        yield {"type": "response.code_interpreter_call.interpreting", **at}
        yield {"type": "response.code_interpreter_call.completed", **at}
    elif kind == "image_generation_call":
        for stage in ("in_progress", "generating", "completed"):
            yield {"type": f"response.image_generation_call.{stage}", **at}


def _part(part: Body, at: Body) -> Iterator[Body]:
    if part["type"] == "refusal":
        yield {"type": "response.content_part.added", **at, "part": {**part, "refusal": ""}}
        yield from _told("response.refusal", "refusal", part["refusal"], at)
    else:
        yield {
            "type": "response.content_part.added",
            **at,
            "part": {**part, "text": "", "annotations": [], "logprobs": []},
        }
        yield from _told("response.output_text", "text", part["text"], at, logprobs=[])
        for index, annotation in enumerate(part["annotations"]):
            where = {**at, "annotation_index": index}
            yield {"type": "response.output_text.annotation.added", **where, "annotation": annotation}
    yield {"type": "response.content_part.done", **at, "part": part}


def _told(name: str, key: str, text: str, at: Body, **more: Any) -> Iterator[Body]:
    for piece in pieces(text):
        yield {"type": f"{name}.delta", **at, "delta": piece, **more, "obfuscation": ident("", piece, length=8)}
    yield {"type": f"{name}.done", **at, key: text, **more}
