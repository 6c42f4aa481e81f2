"""What the collector has acknowledged arrives, whoever is killed; and applications do not wait for it.

LLMOTEL_TEST_OUTAGE is how long the backends are away, in seconds: 3 unless it says otherwise.
"""

from __future__ import annotations

import json
import os
import signal
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from scripts import start
from stack.running import eventually
from stack.sending import Sender
from stack.servers import Collector
from stack.sinks import Backend

OUTAGE = float(os.environ.get("LLMOTEL_TEST_OUTAGE", "3"))
AGAIN = 120.0  # seconds for what a collector tries less and less often
TRACES, SPANS = 200, 100  # 20,000 spans

# A second backend, so that there are two queues.
SECOND = """
exporters:
  otlp_grpc/second:
    endpoint: "${env:SECOND_ENDPOINT}"
    tls: {insecure: true}
    retry_on_failure: {max_elapsed_time: 0s, max_interval: 2s}
    sending_queue: {storage: file_storage, sizer: items, queue_size: 1000000, batch: {min_size: 2048, max_size: 4096, flush_timeout: 1s}}
service: {pipelines: {traces/second: {receivers: [forward/traces], exporters: [otlp_grpc/second]}}}
"""
KEEP_ALL = {"LLMOTEL_STACK_DECISION_WAIT": "1s", "LLMOTEL_STACK_DECISION_WAIT_AFTER_ROOT": "1s", "LLMOTEL_STACK_KEEP_PERCENT": "100"}  # fmt: skip


def write(sender: Sender, traces: int = TRACES, spans: int = SPANS) -> None:
    """``traces`` traces of ``spans`` spans each."""
    for number in range(traces):
        with sender.tracer.start_as_current_span(f"trace {number}"):
            for step in range(spans - 1):
                sender.tracer.start_span("chat gpt-4.1", attributes={"step": step}).end()


def archived_ids(collector: Collector) -> set[bytes]:
    return {
        bytes.fromhex(span["spanId"])
        for line in collector.archived()
        if line.endswith("\n")
        for group in json.loads(line)["resourceSpans"]
        for scope in group["scopeSpans"]
        for span in scope["spans"]
    }


@pytest.mark.timeout(400 + OUTAGE)
def test_spans_outlive_backends_that_are_away_and_a_killed_collector(
    program: Callable[[str], Path], tmp_path: Path
) -> None:
    first, second = backends = Backend(), Backend()
    collector = Collector(
        program("otelcol-llmotel"), tmp_path / "collector", "core.yaml", "backends/jaeger.yaml", SECOND,
        JAEGER_ENDPOINT=first.address, SECOND_ENDPOINT=second.address, **KEEP_ALL,
    )  # fmt: skip
    sender = Sender(collector.url)
    with first, second, collector:
        write(sender, traces=5)
        sender.send()
        for backend in backends:
            eventually(lambda: sender.acknowledged <= set(backend.span_ids()), "what was sent before anything failed")  # noqa: B023

        for backend in backends:
            backend.stop()
        write(sender)
        sender.send()
        assert len(sender.acknowledged) == (TRACES + 5) * SPANS
        for exporter in ("otlp_grpc/jaeger", "otlp_grpc/second"):
            eventually(
                lambda: collector.counts("otelcol_exporter_queue_size", exporter=exporter) >= TRACES * SPANS,  # noqa: B023
                f"a queue of all spans for {exporter}",
            )
        time.sleep(OUTAGE)

        collector.kill()
        before = len(second.bodies["trace"])
        for backend in backends:
            backend.start()
        collector.start()
        eventually(lambda: len(second.bodies["trace"]) > before, "the queue begins to drain")
        collector.kill()
        collector.start()

        for backend in backends:
            eventually(lambda: sender.acknowledged <= set(backend.span_ids()), "all spans at both backends", AGAIN)  # noqa: B023
            assert set(backend.span_ids()) == sender.acknowledged


def test_spans_on_which_no_decision_has_fallen_are_in_the_archive(
    program: Callable[[str], Path], tmp_path: Path
) -> None:
    """Sampling waits for whole traces in memory. What a killed collector had there reaches no backend, but the archive
    has it already."""
    with Backend() as backend, Collector(
        program("otelcol-llmotel"), tmp_path, "core.yaml", "backends/jaeger.yaml", JAEGER_ENDPOINT=backend.address
    ) as collector:  # fmt: skip
        sender = Sender(collector.url)
        write(sender, traces=50)
        sender.send()
        collector.kill()
        assert len(sender.acknowledged) == 50 * SPANS
        assert archived_ids(collector) == sender.acknowledged
        assert not backend.span_ids()
        collector.start()  # and it goes on with what it finds
        write(sender, traces=1)
        sender.send()
        assert archived_ids(collector) == sender.acknowledged


def test_no_call_waits_for_a_collector_that_hangs(program: Callable[[str], Path], tmp_path: Path) -> None:
    """A stopped process accepts connections and answers nothing. All calls are made before it answers the first
    export, and what the application holds back is sent when the collector goes on."""
    calls = 1_500  # fewer than OpenTelemetry's batch processor holds
    with Backend() as backend, Collector(
        program("otelcol-llmotel"), tmp_path, "core.yaml", "backends/jaeger.yaml",
        JAEGER_ENDPOINT=backend.address, **KEEP_ALL,
    ) as collector:  # fmt: skip
        collector.signal(signal.SIGSTOP)
        with start(
            f"""
            llmotel.init()
            for _ in range({calls}):
                call()
            print("all calls are made", flush=True)
            sys.stdin.readline()
            print(llmotel.flush(30))
            """,
            OTEL_EXPORTER_OTLP_ENDPOINT=collector.url,
            OTEL_EXPORTER_OTLP_TIMEOUT="60",
        ) as app:
            assert app.stdout is not None
            assert app.stdin is not None
            assert app.stdout.readline() == "all calls are made\n"
            assert not archived_ids(collector)
            collector.signal(signal.SIGCONT)
            out, err = app.communicate("\n", timeout=240)
            assert out == "True\n", err
        eventually(lambda: len(backend.span_ids()) == calls, "the spans of all calls")
        assert sum(backend.span_ids().values()) == calls
