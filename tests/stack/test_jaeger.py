"""The real Jaeger behind the collector: what it answers is what was sent, and what it was away for comes to it later."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from stack import demo_run
from stack.running import eventually
from stack.sending import Sender
from stack.servers import Collector, Jaeger
from stack.test_nothing_lost import KEEP_ALL, SPANS, write

pytestmark = pytest.mark.everything  # Jaeger takes long to build, and OTLP is OTLP


class Stored(NamedTuple):
    """The demo has run, and Jaeger has all of its spans."""

    jaeger: Jaeger
    sent: demo_run.Ran

    def spans(self) -> list[dict[str, Any]]:
        """The spans of the demo's traces, as Jaeger's API gives them."""
        return [span for trace in self.sent.traces for span in self.jaeger.trace(trace)]


@pytest.fixture(scope="module")
def stored(program: Callable[[str], Path], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stored]:
    folder = tmp_path_factory.mktemp("jaeger")
    jaeger = Jaeger(program("jaeger"), folder / "jaeger")
    collector = Collector(
        program("otelcol-llmotel"), folder / "collector", "core.yaml", "backends/jaeger.yaml",
        JAEGER_ENDPOINT=jaeger.grpc, **KEEP_ALL,
    )  # fmt: skip
    with jaeger, collector:
        stored = Stored(jaeger, demo_run.run(collector, folder))
        eventually(lambda: len(stored.spans()) >= len(stored.sent.spans), "the spans in Jaeger")
        yield stored


def test_jaeger_has_every_span_where_it_belongs(stored: Stored) -> None:
    """By its own and its parent's id, its trace, its name and its times, which Jaeger has in microseconds."""
    found = {
        span["spanID"]: (
            span["traceID"],
            "".join(reference["spanID"] for reference in span["references"] if reference["refType"] == "CHILD_OF"),
            span["operationName"],
            span["startTime"],
            span["duration"],
        )
        for span in stored.spans()
    }
    assert found == {
        span["context"]["span_id"][2:]: (
            span["context"]["trace_id"][2:],
            (span["parent_id"] or "")[2:],
            span["name"],
            span["start"] // 1_000,
            span["duration"] // 1_000,
        )
        for span in stored.sent.spans
    }
    assert stored.jaeger.services() == ["llmotel-demo"]


def test_jaeger_has_every_attribute_of_every_span(stored: Stored) -> None:
    found = {span["spanID"]: {tag["key"]: tag["value"] for tag in span["tags"]} for span in stored.spans()}
    for span in stored.sent.spans:
        tags = found[span["context"]["span_id"][2:]]
        assert {key: tags.get(key) for key in span["attributes"]} == {
            key: json.dumps(value, separators=(",", ":")) if isinstance(value, list) else value
            for key, value in span["attributes"].items()
        }
        assert tags.get("otel.status_description") == span["status"].get("description")
        assert tags.get("error", False) == (span["status"]["status_code"] == "ERROR")


def test_spans_outlive_a_killed_jaeger(program: Callable[[str], Path], tmp_path: Path) -> None:
    jaeger = Jaeger(program("jaeger"), tmp_path / "jaeger")
    collector = Collector(
        program("otelcol-llmotel"), tmp_path / "collector", "core.yaml", "backends/jaeger.yaml",
        JAEGER_ENDPOINT=jaeger.grpc, **KEEP_ALL,
    )  # fmt: skip
    sender = Sender(collector.url)
    with jaeger, collector:
        write(sender, traces=5)
        sender.send()
        jaeger.kill()
        write(sender, traces=20)
        sender.send()
        jaeger.start()

        def ids() -> set[bytes]:
            return {bytes.fromhex(span["spanID"]) for trace in sender.traces for span in jaeger.trace(trace)}

        eventually(lambda: sender.acknowledged == ids(), "all spans in Jaeger, and no others", 120.0)
        assert len(sender.acknowledged) == 25 * SPANS
