"""Reads the body of a response as its bytes pass by, or once they are there, without the library's own parser."""

from __future__ import annotations

import json
import re
from time import perf_counter
from typing import Any

from llmotel.instrumentation.stream_observer import COMPLETED, StreamObserver
from llmotel.spec.reading import wrapped

_MAX_BODY = 1 << 20  # bytes kept of a JSON body that the caller reads in pieces; a longer one is not decoded
_LARGE = 1 << 16  # bytes of a body from which on it pays to leave out what no reader needs
_END = re.compile(rb"\}\s*\]")  # of an array of objects, where none of them holds another such array


class BodyDecoder:
    """Server-sent events one by one, JSON at the end. Never raises."""

    def __init__(self, observer: StreamObserver, content_type: str, *, lines: bool) -> None:
        self._observer = observer
        self._events = "event-stream" in content_type
        self._json = "json" in content_type
        self._lines = lines
        self._rest = b""

    def feed(self, piece: Any, *, newline: bool = False) -> None:
        """Takes the next piece, bytes or text; ``newline`` says that it is a line without its end."""
        try:
            data = piece.encode() if isinstance(piece, str) else bytes(piece)
            if self._lines or newline:
                data += b"\n"
            if self._events:
                *complete, self._rest = (self._rest + data).split(b"\n")
                for line in complete:
                    if line.startswith(b"data:") and line[5:].strip() != b"[DONE]":
                        self._observer.on_chunk(wrapped(json.loads(line[5:])))
            elif self._json and len(self._rest) <= _MAX_BODY:
                self._rest += data
        except Exception as error:
            if not isinstance(error, ValueError):
                self._observer.call.report("raw_response", error)

    def end(self) -> None:
        """The body is complete."""
        call, ended = self._observer.call, perf_counter()
        if self._json and not call.finished and len(self._rest) <= _MAX_BODY:
            try:
                call.read(json.loads(self._rest))
            except ValueError:  # malformed or cut: the caller has the bytes
                pass
        self._observer.finish(COMPLETED, ended)


def decoded(body: bytes, bulk: str | None) -> Any:
    """The JSON of ``body``. Of the array ``bulk`` of a large one only the first item is decoded: megabytes of numbers
    of which no reader needs more than one length. Raises ``ValueError`` for what is no JSON."""
    if bulk is not None and len(body) > _LARGE:
        found = _without_bulk(body, bulk)
        if found is not None:
            return found
    return json.loads(body)


def _without_bulk(body: bytes, bulk: str) -> dict[str, Any] | None:
    """The members of the object ``body`` before and after its array ``bulk``, and that array with its first item;
    ``None`` where they cannot be told apart for sure. What is after the array is taken for members of ``body`` only if
    it ends with the brace that ends ``body``: inside an item or a nested object there would be one too many."""
    start = body.find(f'"{bulk}"'.encode())
    opening = body.find(b"[", start)
    closing = _END.search(body, opening) if start >= 0 and opening >= 0 else None
    if closing is None or body[start + len(bulk) + 2 : opening].strip() != b":":
        return None
    try:
        before = json.loads(body[:start].rstrip(b", \r\n\t") + b"}")
        after = json.loads(b"{" + body[closing.end() :].lstrip(b", \r\n\t"))
        first_end = body.find(b"}", opening)
        first = json.loads(body[opening + 1 : first_end + 1])
    except ValueError:
        return None
    return {**before, **after, bulk: [first]}


__all__ = ["BodyDecoder", "decoded"]
