"""The stream of generateContent: every event is a whole answer with the next parts in it
(https://ai.google.dev/api/generate-content#method:-models.streamgeneratecontent)."""

from __future__ import annotations

import json
from collections.abc import Iterator

from llmotel.testing.reply import Body, Event
from llmotel.testing.samples import pieces

_AT_FIRST = ("promptTokenCount", "cachedContentTokenCount", "promptTokensDetails", "trafficType", "serviceTier")


def events(body: Body) -> list[Event]:
    """Every event; the last of a candidate says why it ended, and the last of all has the whole usage."""
    return list(_events(body))


def encode(event: Event) -> bytes:
    """One server-sent event, with Google's line ends."""
    if isinstance(event, str):
        return (f"{event}\r\n\r\n" if event.startswith(":") else f"data: {event}\r\n\r\n").encode()
    return f"data: {json.dumps(event, separators=(',', ':'))}\r\n\r\n".encode()


def _events(body: Body) -> Iterator[Body]:
    told = {name: value for name, value in body.items() if name not in ("candidates", "usageMetadata")}
    usage = body.get("usageMetadata", {})
    at_first = {name: usage[name] for name in _AT_FIRST if name in usage}
    if "promptTokenCount" in at_first:
        at_first["totalTokenCount"] = at_first["promptTokenCount"]
    sent = [
        (candidate, part, last)
        for candidate in body.get("candidates", [])
        for part, last in _parts(candidate.get("content", {}).get("parts", []))
    ]
    for number, (candidate, part, last) in enumerate(sent, start=1):
        said = {"content": {"parts": [part], "role": "model"}, "index": candidate.get("index", 0)}
        said = {**candidate, **said} if last else said
        counted = usage if number == len(sent) else at_first
        yield {"candidates": [said], "usageMetadata": counted, **told}
    if not sent:
        yield body


def _parts(whole: list[Body]) -> Iterator[tuple[Body, bool]]:
    """Every part, text cut into pieces, and whether it is the last."""
    cut = [small for part in whole for small in _cut(part)]
    for number, part in enumerate(cut, start=1):
        yield part, number == len(cut)


def _cut(part: Body) -> list[Body]:
    if isinstance(part.get("text"), str) and part["text"]:
        return [{**part, "text": piece} for piece in pieces(part["text"])]
    return [part]
