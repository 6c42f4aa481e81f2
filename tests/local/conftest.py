"""A backend in memory behind a real port."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from google.protobuf.message import Message

from llmotel.local.api import Backend
from llmotel.local.safety import LOOPBACK
from llmotel.local.server import Background
from llmotel.local.store import Store
from local import otlp


class Local:
    """A running backend, and how to talk to it."""

    def __init__(self, server: Background) -> None:
        self.server = server
        self.url = server.url
        self.backend = server.backend
        self.client = httpx.Client(base_url=server.url, timeout=30)

    def send(self, message: Message, signal: str | None = None) -> httpx.Response:
        signal = signal or {"T": "traces", "M": "metrics", "L": "logs"}[message.DESCRIPTOR.name[6]]
        answer = self.client.post(f"/v1/{signal}", content=otlp.body(message), headers=otlp.PROTOBUF)
        assert answer.status_code == 200, answer.text
        return answer

    def get(self, path: str, **parameters: Any) -> Any:
        answer = self.client.get(path, params=parameters)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def problem(self, path: str, **parameters: Any) -> dict[str, Any]:
        answer = self.client.get(path, params=parameters)
        assert answer.headers["content-type"] == "application/problem+json"
        told: dict[str, Any] = answer.json()
        assert told["status"] == answer.status_code
        return told

    def calls(self, **parameters: Any) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.get("/api/calls", **parameters)["items"]
        return found

    def close(self) -> None:
        self.client.close()
        self.server.close()


@pytest.fixture
def local() -> Iterator[Local]:
    """A backend that keeps everything in memory."""
    server = Background(Backend(Store(None), hosts=LOOPBACK)).__enter__()
    running = Local(server)
    yield running
    running.close()
