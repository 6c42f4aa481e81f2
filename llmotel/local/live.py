"""Tells open pages that something was stored."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

from llmotel.local import shapes
from llmotel.local.writer import Committed, Writer

_EVERY = 1.0
_PING = 15.0
_MOST = 64  # pages at once


class Live:
    """Gathers commits and hands them to every page that listens. Made in the event loop that serves."""

    def __init__(self, writer: Writer) -> None:
        self._writer = writer
        self._loop = asyncio.get_running_loop()
        self._pages: set[asyncio.Queue[str | None]] = set()
        self._gathered: dict[str, Any] | None = None
        writer.listeners.append(self._committed)

    @property
    def full(self) -> bool:
        """Whether no further page can listen."""
        return len(self._pages) >= _MOST

    def _committed(self, committed: Committed) -> None:
        try:
            self._loop.call_soon_threadsafe(self._gather, committed)
        except RuntimeError:  # the loop has ended
            pass

    def _gather(self, committed: Committed) -> None:
        if not self._pages:
            return
        if self._gathered is None:
            self._gathered = {"spans": 0, "calls": 0, "latest": None, "latest_ns": 0}
            self._loop.call_later(_EVERY, self._send)
        told = self._gathered
        told["spans"] += committed.spans
        told["calls"] += committed.calls
        told["latest_ns"] = max(told["latest_ns"], committed.latest_ns)

    def _send(self) -> None:
        told, self._gathered = self._gathered, None
        if told is None:
            return
        latest = told.pop("latest_ns")
        told["latest"] = shapes.iso(latest) if latest else None
        told["total_spans"] = self._writer.spans
        self.publish("spans", told)

    def publish(self, event: str, data: dict[str, Any]) -> None:
        """Sends an event to every page. Called in the loop."""
        text = f"event: {event}\ndata: {json.dumps(data)}\n\n"
        for page in self._pages:
            if page.qsize() < 100:
                page.put_nowait(text)

    def publish_threadsafe(self, event: str, data: dict[str, Any]) -> None:
        """As :meth:`publish`, from any thread."""
        try:
            self._loop.call_soon_threadsafe(self.publish, event, data)
        except RuntimeError:
            pass

    async def events(self) -> AsyncIterator[str]:
        """What one page is sent, until it goes away."""
        page: asyncio.Queue[str | None] = asyncio.Queue()
        self._pages.add(page)
        try:
            yield "retry: 2000\n\n"
            while True:
                try:
                    text = await asyncio.wait_for(page.get(), _PING)
                except asyncio.TimeoutError:
                    text = "event: ping\ndata: {}\n\n"
                if text is None:
                    return
                yield text
        finally:
            self._pages.discard(page)

    def close(self) -> None:
        """Ends every page's stream."""
        for page in self._pages:
            page.put_nowait(None)


__all__ = ["Live"]
