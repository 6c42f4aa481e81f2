"""The demo as an application of its own, sending to a collector, and what it witnessed."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any, NamedTuple

from scripts import environment
from stack.servers import Collector


class Ran(NamedTuple):
    """``spans`` that the SDK exported, as its JSON with times in nanoseconds; ``bodies`` that the providers sent."""

    spans: list[dict[str, Any]]
    bodies: list[dict[str, Any]]

    @property
    def traces(self) -> set[str]:
        return {span["context"]["trace_id"][2:] for span in self.spans}


def run(collector: Collector, folder: Path) -> Ran:
    """Runs the demo to its end."""
    file = folder / "sent.json"
    done = subprocess.run(
        [sys.executable, "-m", "stack.demo_app", str(file)],
        env=environment(OTEL_EXPORTER_OTLP_ENDPOINT=collector.url), capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    sent = json.loads(file.read_text("utf-8"))
    return Ran(sent["spans"], sent["bodies"])
