"""What `llmotel local` reaches: spans per second until acknowledged, memory, disk, pages, questions.

    python -m benchmarks.local                # 100,000 spans in, pages and questions at 1,000,000
    python -m benchmarks.local --spans 10000000 --load 50000

The server is a process of its own. Its store is filled through its own classes (that is faster than HTTP), then it is
started, loaded over HTTP, and asked.
"""

from __future__ import annotations

import argparse
import gzip
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from http.client import HTTPConnection
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

SECOND = 1_000_000_000
BATCH = 512
ROUNDS = 15


def request(count: int, start_ns: int, length_ns: int, chance: random.Random) -> bytes:
    """A request with ``count`` spans: of ten, eight calls, a tool and an agent, ten to a trace."""
    made = ExportTraceServiceRequest()
    resource = made.resource_spans.add()
    put(
        resource.resource.attributes,
        {"service.name": "shop", "service.instance.id": "a", "telemetry.sdk.language": "python"},
    )
    scope = resource.scope_spans.add()
    scope.scope.name, scope.scope.version = "llmotel", "1.0"
    trace = root = b""
    for place in range(count):
        if place % 10 == 0:
            trace, root = chance.randbytes(16), chance.randbytes(8)
            session = f"s{chance.randrange(50_000)}"
        begin = start_ns + length_ns * place // count
        span = scope.spans.add(
            trace_id=trace, span_id=root if place % 10 == 0 else chance.randbytes(8),
            parent_span_id=b"" if place % 10 == 0 else root, kind=3,
            start_time_unix_nano=begin, end_time_unix_nano=begin + int(chance.lognormvariate(0, 1) * SECOND),
        )  # fmt: skip
        shared = {
            "session.id": session,
            "user.id": f"u{chance.randrange(3000)}",
            "llmotel.feature": f"f{chance.randrange(20)}",
        }
        if place % 10 == 0:
            span.name = "invoke_agent planner"
            put(
                span.attributes,
                {"gen_ai.operation.name": "invoke_agent", "gen_ai.agent.name": f"agent{chance.randrange(9)}", **shared},
            )
            continue
        if place % 10 == 5:
            span.name = "execute_tool search"
            put(
                span.attributes,
                {"gen_ai.operation.name": "execute_tool", "gen_ai.tool.name": f"tool{chance.randrange(9)}", **shared},
            )
            if chance.random() < 0.1:
                span.status.code = 2
            continue
        provider, model = chance.choice(MODELS)
        given, out = chance.randrange(100, 8000), chance.randrange(10, 900)
        span.name = f"chat {model}"
        failed = chance.random() < 0.02
        put(
            span.attributes,
            {
                "gen_ai.operation.name": "chat", "gen_ai.provider.name": provider, "gen_ai.request.model": model,
                "server.address": "api.example.com", "server.port": 443, "gen_ai.request.stream": True,
                "gen_ai.request.temperature": 0.5, "gen_ai.request.max_tokens": 1000, "gen_ai.response.model": model,
                "gen_ai.response.id": f"resp_{chance.getrandbits(64):x}", "gen_ai.usage.input_tokens": given,
                "gen_ai.usage.output_tokens": out, "gen_ai.usage.cache_read.input_tokens": given // 2,
                "gen_ai.usage.cost.amount": given * 2e-6 + out * 8e-6, "gen_ai.usage.cost.currency": "USD",
                "gen_ai.usage.cost.source": "local", "llmotel.cost.input": given * 2e-6,
                "llmotel.cost.output": out * 8e-6,
                "llmotel.cost.table": "genai-prices 0.2.3", "llmotel.usage.source": "provider",
                "llmotel.outcome": "error" if failed else "completed",
                "gen_ai.response.time_to_first_chunk": chance.random(),
                "gen_ai.agent.name": f"agent{chance.randrange(9)}",
                **({"llmotel.grounding.score": chance.random()} if place % 3 == 0 else {}), **shared,
            },
        )  # fmt: skip
        if failed:
            span.status.code = 2
    return made.SerializeToString()


MODELS = [
    ("openai", "gpt-5.5"),
    ("openai", "gpt-5-mini"),
    ("anthropic", "claude-opus-4-8"),
    ("gcp.gemini", "gemini-3-pro"),
]


def put(target: Any, values: dict[str, Any]) -> None:
    """Adds attributes."""
    for name, value in values.items():
        pair = target.add()
        pair.key = name
        kind = {bool: "bool_value", int: "int_value", float: "double_value"}.get(type(value), "string_value")
        setattr(pair.value, kind, value)


def fill(folder: Path, spans: int) -> float:
    """Puts a week of ``spans`` spans into a store, and gives how many bytes each takes."""
    from llmotel.local import decoding
    from llmotel.local.batch import Batch
    from llmotel.local.spans import SpanReader
    from llmotel.local.store import Store
    from llmotel.local.writer import Writer

    store = Store(folder, memory_limit="1GB")
    writer, reader, chance = Writer(store, waiting_limit=1 << 24), SpanReader(), random.Random(1)
    week, now, done = 7 * 86_400 * SECOND, time.time_ns(), 0
    pending = None
    while done < spans:
        count = min(4000, spans - done)
        body = request(count, now - week + week * done // spans, week * count // spans, chance)
        batch = Batch(len(body))
        reader.read(decoding.protobuf(ExportTraceServiceRequest, body), batch)
        if pending is not None:
            pending.result()
        pending = writer.put(batch)
        done += count
    if pending is not None:
        pending.result()
    writer.close()
    store.close()
    return sum(file.stat().st_size for file in folder.iterdir() if file.is_file()) / spans


class Server:
    """The command in a process."""

    def __init__(self, folder: Path) -> None:
        began = time.perf_counter()
        self.process = subprocess.Popen(
            [sys.executable, "-m", "llmotel.cli", "local", "--port", "0", "--data", str(folder)],
            stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        assert self.process.stdout is not None
        self.url = self.process.stdout.readline().split()[2]
        self.start_seconds = time.perf_counter() - began
        self.address = urlsplit(self.url).netloc

    def memory(self, peak: bool = False) -> float:
        """Resident megabytes."""
        for line in Path(f"/proc/{self.process.pid}/status").read_text().splitlines():
            if line.startswith("VmHWM" if peak else "VmRSS"):
                return int(line.split()[1]) / 1024
        return 0.0

    def cpu(self) -> float:
        """Seconds of processor time so far."""
        parts = Path(f"/proc/{self.process.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(parts[11]) + int(parts[12])) / os.sysconf("SC_CLK_TCK")

    def get(self, connection: HTTPConnection, path: str) -> tuple[float, int]:
        began = time.perf_counter()
        connection.request("GET", path)
        answer = connection.getresponse()
        body = answer.read()
        if answer.status != 200:
            raise SystemExit(f"{path}: {answer.status} {body[:300]!r}")
        return time.perf_counter() - began, len(body)

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait(30)


def load(server: Server, spans: int, senders: int) -> tuple[float, float]:
    """Sends ``spans`` over HTTP; spans per second until acknowledged, and microseconds of the server's CPU for each."""
    chance, now = random.Random(2), time.time_ns()
    bodies = [gzip.compress(request(BATCH, now, SECOND, chance), 1) for _ in range(spans // BATCH)]
    todo = iter(bodies)
    lock = threading.Lock()

    def send() -> None:
        connection = HTTPConnection(server.address)
        while True:
            with lock:
                body = next(todo, None)
            if body is None:
                return
            connection.request(
                "POST", "/v1/traces", body, {"Content-Type": "application/x-protobuf", "Content-Encoding": "gzip"}
            )
            answer = connection.getresponse()
            answer.read()
            if answer.status != 200:
                raise SystemExit(f"refused: {answer.status}")

    threads = [threading.Thread(target=send) for _ in range(senders)]
    cpu, began = server.cpu(), time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    seconds = time.perf_counter() - began
    sent = len(bodies) * BATCH
    return sent / seconds, (server.cpu() - cpu) / sent * 1e6


def pages(connection: HTTPConnection) -> dict[str, str]:
    """What is asked."""
    connection.request("GET", "/api/calls?limit=1")
    call = json.loads(connection.getresponse().read())["items"][0]
    connection.request("GET", "/api/questions")
    questions = [one["name"] for one in json.loads(connection.getresponse().read())["items"]]
    return {
        "calls": "/api/calls?limit=50",
        "calls by cost": "/api/calls?limit=50&sort=-cost",
        "calls of a model that failed": "/api/calls?limit=50&model=gpt-5.5&outcome=error",
        "calls of a feature by duration": "/api/calls?feature=f1&min_tokens=500&sort=-duration",
        "facets": "/api/calls/facets",
        "summary of a day": "/api/calls/summary?since=24h&compare=true",
        "series of a day": "/api/calls/timeseries?since=24h&by=model",
        "series of the week": "/api/calls/timeseries?since=7d&by=model",
        **{f"dashboard {name} of a day": f"/api/dashboards/{name}?since=24h&compare=true"
           for name in ("performance", "cost", "quality", "reliability")},
        "dashboard cost of the week": "/api/dashboards/cost?since=7d",
        "features": "/api/features?since=7d",
        "models": "/api/models?since=7d",
        "traces": "/api/traces?limit=50",
        "a trace": f"/api/traces/{call['trace_id']}",
        "a span": f"/api/spans/{call['span_id']}",
        "sessions": "/api/sessions?limit=50",
        "what if": "/api/whatif?to=openai/gpt-5-mini",
        **{f"question {name}": f"/api/questions/{name}" for name in questions},
    }  # fmt: skip


def main() -> None:
    """Measures and prints."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--spans", type=int, default=1_000_000, help="in the store when pages are asked for")
    parser.add_argument("--load", type=int, default=100_000, help="sent over HTTP")
    parser.add_argument("--senders", type=int, default=4)
    parser.add_argument("--keep", help="folder to fill once and use again")
    options = parser.parse_args()
    folder = Path(options.keep or tempfile.mkdtemp())
    try:
        if not (folder / "llmotel.duckdb").exists():
            began = time.perf_counter()
            size = fill(folder, options.spans)
            seconds = time.perf_counter() - began
            print(
                f"filled: {options.spans} spans in {seconds:.0f} s, {size:.0f} bytes each on disk, "
                f"load {os.getloadavg()[0]:.1f}"
            )
        server = Server(folder)
        try:
            print(f"start {server.start_seconds:.2f} s, memory {server.memory():.0f} MB")
            connection = HTTPConnection(server.address)
            for name, path in pages(connection).items():
                server.get(connection, path)
                times = sorted(server.get(connection, path)[0] for _ in range(ROUNDS))
                p50, p95 = times[len(times) // 2], times[int(len(times) * 0.95)]
                print(f"{name:36} p50 {p50 * 1000:7.1f} ms   p95 {p95 * 1000:7.1f} ms")
            print(f"memory after pages {server.memory():.0f} MB, peak {server.memory(True):.0f} MB")
            rate, cpu = load(server, options.load, options.senders)
            print(f"acknowledged {rate:.0f} spans/s, {cpu:.0f} us of CPU each; memory {server.memory():.0f} MB, "
                  f"peak {server.memory(True):.0f} MB, load {os.getloadavg()[0]:.1f}")  # fmt: skip
        finally:
            server.stop()
    finally:
        if not options.keep:
            shutil.rmtree(folder)


if __name__ == "__main__":
    main()
