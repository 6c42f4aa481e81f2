"""``python -m benchmarks.collector``: what rate of spans one collector takes with collector-config/core.yaml.

A load generator on loopback sends the traces of a real call over and over, with new ids: OTLP over HTTP, 512 spans a
request, as the SDK's batch processor does. Collector and generator share the machine; what the generator itself costs
is shown. Everything is bounded: a round takes ``--seconds``, and there are four per variant at most. Needs the
programs of `make stack`.
"""

from __future__ import annotations

import argparse
import http.client
import os
import platform
import random
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import NamedTuple

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))

from opentelemetry.exporter.otlp.proto.common.trace_encoder import encode_spans
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from benchmarks.onetrace import one_trace
from stack import programs
from stack.servers import Collector

_MEGABYTE = 1 << 20
_TICKS = os.sysconf("SC_CLK_TCK")
MEMORY = 2048 * _MEGABYTE  # what docker-compose.yml gives the collector
SHARES = (0.95, 0.85, 0.75)  # of the highest rate, tried in turn until one is held
# In what a variant differs from core.yaml with a backend that takes everything.
VARIANTS: dict[str, str] = {
    "core": "service: {}",
    "without the archive": "service: {pipelines: {traces/archive: {exporters: [nop]}}}",
    "without redaction": "service: {pipelines: {traces/in: {processors: [memory_limiter]}}}",
    "without sampling": "service: {pipelines: {traces/sampling: {processors: []}}}",
}
# The memory of the container, of which this machine has none.
CONTAINER = f"""
processors:
  memory_limiter: {{limit_percentage: 0, spike_limit_percentage: 0, limit_mib: {MEMORY * 3 // 4 // _MEGABYTE},
    spike_limit_mib: {MEMORY // 5 // _MEGABYTE}}}
"""
# Where the kept traces go: through a queue on disk, as backends/jaeger.yaml does it, to a collector that throws away.
BACKEND = """
receivers: {otlp: {protocols: {grpc: {endpoint: "127.0.0.1:${env:LLMOTEL_STACK_GRPC_PORT}"}}}}
exporters: {nop: {}}
extensions: {health_check: {endpoint: "127.0.0.1:${env:LLMOTEL_STACK_HEALTH_PORT}"}}
service:
  extensions: [health_check]
  telemetry: {metrics: {level: none}}
  pipelines: {traces: {receivers: [otlp], exporters: [nop]}}
"""


class Round(NamedTuple):
    """What a round of load came to."""

    sent: int  # spans
    acknowledged: int
    seconds: float
    cpu: float  # seconds of the collector
    generator_cpu: float
    backend_cpu: float
    peak: int  # resident bytes of the collector
    waiting: float  # spans in the queue at the end
    undecided: float  # traces that were pushed out before the decision

    @property
    def rate(self) -> float:
        return self.acknowledged / self.seconds

    @property
    def refused(self) -> int:
        return self.sent - self.acknowledged


class Load:
    """Requests whose trace and span ids are new each time. ``spans`` is how many are in one."""

    def __init__(self, spans: int = 512) -> None:
        trace = one_trace()
        request = ExportTraceServiceRequest.FromString(encode_spans(trace).SerializeToString())
        [group] = request.resource_spans
        traces = max(spans // len(trace), 1)
        self.spans = traces * len(trace)
        originals = [list(scope.spans) for scope in group.scope_spans]
        for scope in group.scope_spans:
            del scope.spans[:]
        self._ids: list[bytes] = []
        for number in range(traces):
            names = {b"": b""}
            trace_id = self._marker(16, number, 0)
            for spans_of in originals:
                for span in spans_of:
                    names[span.span_id] = self._marker(8, number, len(names))
            for scope, spans_of in zip(group.scope_spans, originals, strict=True):
                for span in spans_of:
                    copy = scope.spans.add()
                    copy.CopyFrom(span)
                    copy.trace_id, copy.span_id = trace_id, names[span.span_id]
                    copy.parent_span_id = names[span.parent_span_id]
        self.template = request.SerializeToString()
        # The same marker in several places (a trace id, a parent) gets the same bytes.
        self._groups = [_all(self.template, marker) for marker in self._ids]

    def _marker(self, size: int, number: int, part: int) -> bytes:
        made = random.Random(f"{size} {number} {part}").randbytes(size)
        self._ids.append(made)
        return made

    def request(self, chance: random.Random) -> bytes:
        """One more request."""
        body = bytearray(self.template)
        for marker, places in zip(self._ids, self._groups, strict=True):
            new = chance.randbytes(len(marker))
            for at in places:
                body[at : at + len(marker)] = new
        return bytes(body)


def _all(text: bytes, part: bytes) -> list[int]:
    found, at = [], text.find(part)
    while at >= 0:
        found.append(at)
        at = text.find(part, at + 1)
    return found


class Rig:
    """A collector under load, with its backend."""

    def __init__(self, variant: str, folder: Path) -> None:
        binary = programs.path("otelcol-llmotel")
        self.backend = Collector(binary, folder / "backend", BACKEND)
        self.collector = Collector(
            binary, folder / "collector", "core.yaml", "backends/jaeger.yaml", CONTAINER, VARIANTS[variant],
            JAEGER_ENDPOINT=self.backend.grpc, GOMEMLIMIT=f"{MEMORY * 8 // 10 // _MEGABYTE}MiB",
            LLMOTEL_STACK_DECISION_WAIT="30s", LLMOTEL_STACK_DECISION_WAIT_AFTER_ROOT="10s",
            LLMOTEL_STACK_PENDING_TRACES="1000000", LLMOTEL_STACK_ARCHIVE_FILES="5",
        )  # fmt: skip

    def round(self, load: Load, seconds: float, rate: float | None, connections: int = 4) -> Round:
        """Load for ``seconds``: ``rate`` spans per second, or as much as is taken when it is ``None``."""
        deadline = time.monotonic() + seconds
        results: list[tuple[int, int]] = []

        def send(number: int) -> None:
            chance = random.Random()
            connection = http.client.HTTPConnection(self.collector.http, timeout=30)
            sent = taken = 0
            pause = connections * load.spans / rate if rate else 0.0
            due = time.monotonic() + pause * number / connections
            while due < deadline and time.monotonic() < deadline:
                body = load.request(chance)
                time.sleep(max(due - time.monotonic(), 0))
                due = due + pause if rate else 0.0
                connection.request("POST", "/v1/traces", body, {"content-type": "application/x-protobuf"})
                with connection.getresponse() as response:
                    response.read()
                    sent += load.spans
                    taken += load.spans * (response.status == 200)
            connection.close()
            results.append((sent, taken))

        begun, cpu, own, backend = time.monotonic(), _cpu(self.collector), time.process_time(), _cpu(self.backend)
        threads = [threading.Thread(target=send, args=(number,)) for number in range(connections)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        took = time.monotonic() - begun
        return Round(
            sum(sent for sent, _ in results),
            sum(taken for _, taken in results),
            took,
            _cpu(self.collector) - cpu,
            time.process_time() - own,
            _cpu(self.backend) - backend,
            _peak(self.collector),
            self.collector.counts("otelcol_exporter_queue_size"),
            self.collector.counts("otelcol_processor_tail_sampling_sampling_trace_dropped_too_early"),
        )


def _cpu(collector: Collector) -> float:
    fields = Path(f"/proc/{collector.pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS


def _peak(collector: Collector) -> int:
    for line in Path(f"/proc/{collector.pid}/status").read_text().splitlines():
        if line.startswith("VmHWM"):
            return int(line.split()[1]) * 1024
    return 0


def _show(name: str, what: str, done: Round) -> None:
    million = 1e6 / max(done.acknowledged, 1)
    cores = " ".join(
        f"{who} {100 * cpu / done.seconds:.0f} %"
        for who, cpu in (("collector", done.cpu), ("generator", done.generator_cpu), ("backend", done.backend_cpu))
    )
    print(
        f"{name:<20} {what:<12} {done.rate:>7,.0f} spans/s; refused {done.refused:,}; "
        f"{done.cpu * million:.1f} us/span; of a core: {cores}; {done.peak / _MEGABYTE:.0f} MiB; "
        f"queue {done.waiting:,.0f}; undecided {done.undecided:,.0f}",
        flush=True,
    )


def measure(variant: str, load: Load, seconds: float) -> None:
    """The highest rate, then the highest share of it that is held for three rounds' time without a refusal."""
    with tempfile.TemporaryDirectory() as folder:
        rig = Rig(variant, Path(folder))
        with rig.backend, rig.collector:
            rig.round(load, seconds / 4, None)
            highest = rig.round(load, seconds, None)
            _show(variant, "all it takes", highest)
        if variant != "core":
            return
        for share in SHARES:
            with rig.backend, rig.collector:
                rate = highest.rate * share
                held = rig.round(load, 3 * seconds, rate)
                _show(variant, f"{rate:,.0f}/s", held)
            if not held.refused and held.rate > 0.99 * rate and held.waiting < rate * 5:
                return


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--seconds", type=float, default=30, help="length of a round (default 30)")
    parser.add_argument("--variants", default=",".join(VARIANTS), help="which, separated by commas")
    options = parser.parse_args()
    load = Load()
    print(
        f"{platform.machine()}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f} before; "
        f"{load.spans} spans a request, {len(load.template) / load.spans:,.0f} bytes a span"
    )
    for variant in options.variants.split(","):
        measure(variant, load, options.seconds)


if __name__ == "__main__":
    main()
