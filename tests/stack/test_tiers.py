"""Two tiers of collectors: the first hands each trace as a whole to one collector of the second."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from stack.running import eventually
from stack.sending import Sender
from stack.servers import Collector

TRACES, PARTS = 200, 5


def second_tier(*addresses: str) -> str:
    """What replaces the DNS name of the second tier, which has one port for all."""
    static = f"resolver: {{dns: null, static: {{hostnames: {json.dumps(addresses)}}}}}"
    signals = ", ".join(f"load_balancing/{signal}: {{{static}}}" for signal in ("traces", "metrics", "logs"))
    return f"exporters: {{{signals}}}"


def spans_by_trace(collector: Collector) -> dict[str, int]:
    found: dict[str, int] = {}
    for line in collector.archived():
        for group in json.loads(line)["resourceSpans"]:
            for scope in group["scopeSpans"]:
                for span in scope["spans"]:
                    found[span["traceId"]] = found.get(span["traceId"], 0) + 1
    return found


@pytest.mark.everything  # needs a component of builder-extras.yaml
def test_the_gateway_sends_all_spans_of_a_trace_to_one_collector(
    program: Callable[[str], Path], tmp_path: Path
) -> None:
    otelcol = program("otelcol-llmotel")
    with (
        Collector(otelcol, tmp_path / "one", "core.yaml") as one,
        Collector(otelcol, tmp_path / "two", "core.yaml") as two,
        Collector(
            otelcol, tmp_path / "gateway", "scale/gateway.yaml", second_tier(one.grpc, two.grpc),
            LLMOTEL_STACK_SAMPLING_TIER="unused.invalid",
        ) as gateway,
    ):  # fmt: skip
        sender = Sender(gateway.url)
        roots = [sender.tracer.start_span("answer") for _ in range(TRACES)]
        for _ in range(PARTS - 1):  # the spans of a trace are far apart, in several requests
            for root in roots:
                with sender.within(root):
                    sender.tracer.start_span("chat gpt-4.1").end()
        for root in roots:
            root.end()
        sender.send()
        assert len(sender.acknowledged) == TRACES * PARTS
        first, second = eventually(
            lambda: (
                (parts := (spans_by_trace(one), spans_by_trace(two)))
                and sum(sum(part.values()) for part in parts) >= TRACES * PARTS
                and parts
            ),
            "every span in the second tier",
        )
        assert not first.keys() & second.keys()
        assert {**first, **second} == dict.fromkeys(sender.traces, PARTS)
        assert min(len(first), len(second)) > TRACES / 10
