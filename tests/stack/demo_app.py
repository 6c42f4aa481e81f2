"""examples/demo.py as it is, with witnesses: what the providers sent, and which spans the SDK exported.

python -m stack.demo_app FILE      runs the demo and writes both to FILE, as JSON
"""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent.parent.parent / "examples"))

import demo
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from llmotel.testing import ProviderServer, Reply, Request

bodies: list[dict[str, Any]] = []
exporters: list[InMemorySpanExporter] = []


class Witness(ProviderServer):
    """Notes each answer as it goes out."""

    def answer(self, *arguments: Any) -> tuple[Request, Any, Reply]:
        request, dialect, reply = super().answer(*arguments)
        if reply.events is not None:
            reply = replace(reply, events=list(reply.events))
        bodies.append(
            {"path": request.path, "status": reply.status, "body": reply.body, "events": reply.events, "model": request.get("model")}
        )  # fmt: skip
        return request, dialect, reply


class Kept(InMemorySpanExporter):
    def __init__(self) -> None:
        super().__init__()
        exporters.append(self)


def main(file: str) -> None:
    demo.ProviderServer = Witness
    demo.InMemorySpanExporter = Kept
    demo.main()
    # to_json() rounds the times.
    spans = [
        {
            **json.loads(span.to_json()),
            "start": span.start_time,
            "duration": (span.end_time or 0) - (span.start_time or 0),
        }
        for span in exporters[0].get_finished_spans()
    ]
    Path(file).write_text(json.dumps({"bodies": bodies, "spans": spans}), "utf-8")


if __name__ == "__main__":
    main(sys.argv[1])
