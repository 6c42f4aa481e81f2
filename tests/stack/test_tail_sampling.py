"""Of 10,000 traces the collector keeps every one that somebody will look for, and a share of the rest."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from opentelemetry.trace import StatusCode

from llmotel import semconv
from stack.running import eventually
from stack.sending import Sender
from stack.servers import Collector
from stack.sinks import Backend

SECOND = 1_000_000_000
BEGUN = 1_800_000_000 * SECOND
KEEP_PERCENT = 20


class Kind(NamedTuple):
    """``traces`` traces whose call is like this."""

    name: str
    traces: int
    kept: bool
    attributes: dict[str, Any] = {}
    seconds: float = 1.0
    failed: bool = False


KINDS = (
    Kind("error", 100, True, failed=True),
    Kind("slow", 100, True, seconds=30.1),
    Kind("expensive", 100, True, {semconv.COST_AMOUNT: 0.51}),
    Kind("ungrounded", 100, True, {semconv.GROUNDING_SCORE: 0.69}),
    Kind("kept by hand", 100, True, {f"{semconv.TAG_PREFIX}keep": True}),
    # The rest, among it what is just not any of these:
    Kind("not slow", 500, False, seconds=29.9),
    Kind("not expensive", 500, False, {semconv.COST_AMOUNT: 0.49}),
    Kind("grounded", 500, False, {semconv.GROUNDING_SCORE: 0.7}),
    Kind("not kept by hand", 500, False, {f"{semconv.TAG_PREFIX}keep": False}),
    Kind("ordinary", 7_500, False, {semconv.COST_AMOUNT: 0.002, semconv.GROUNDING_SCORE: 0.93}),
)


def write(sender: Sender, kind: Kind) -> None:
    """One trace: a request of the application's, in which a model is called and a tool runs."""
    end = BEGUN + int(kind.seconds * SECOND)
    attributes = {semconv.OPERATION: "chat", semconv.REQUEST_MODEL: "gpt-4.1", **kind.attributes}
    root = sender.tracer.start_span(kind.name, start_time=BEGUN)
    with sender.within(root):
        call = sender.tracer.start_span("chat gpt-4.1", start_time=BEGUN, attributes=attributes)
        if kind.failed:
            call.set_status(StatusCode.ERROR, "overloaded")
        call.end(end)
        sender.tracer.start_span("execute_tool", start_time=end).end(end)
    root.end(end)


def traces_by_kind(spans: Iterator[tuple[str, str, bool]]) -> tuple[dict[str, set[str]], dict[str, int]]:
    """The trace ids by the name of the root span, and how many spans each trace has."""
    by_kind: dict[str, set[str]] = {}
    sizes: dict[str, int] = {}
    for trace, name, is_root in spans:
        sizes[trace] = sizes.get(trace, 0) + 1
        if is_root:
            by_kind.setdefault(name, set()).add(trace)
    return by_kind, sizes


def arrived(backend: Backend) -> Iterator[tuple[str, str, bool]]:
    return ((span.trace_id.hex(), span.name, not span.parent_span_id) for span in backend.spans())


def archived(collector: Collector) -> Iterator[tuple[str, str, bool]]:
    for line in collector.archived():
        for group in json.loads(line)["resourceSpans"]:
            for scope in group["scopeSpans"]:
                for span in scope["spans"]:
                    yield span["traceId"], span["name"], not span.get("parentSpanId")


@pytest.fixture(scope="module")
def sampled(
    program: Callable[[str], Path], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Backend, Collector]]:
    """All traces went through the collector, and it has decided on each."""
    with Backend() as backend, Collector(
        program("otelcol-llmotel"), tmp_path_factory.mktemp("collector"), "core.yaml", "backends/jaeger.yaml",
        JAEGER_ENDPOINT=backend.address, LLMOTEL_STACK_DECISION_WAIT="2s",
        LLMOTEL_STACK_DECISION_WAIT_AFTER_ROOT="2s", LLMOTEL_STACK_KEEP_PERCENT=str(KEEP_PERCENT),
    ) as collector:  # fmt: skip
        sender = Sender(collector.url)
        for kind in KINDS:
            for _ in range(kind.traces):
                write(sender, kind)
        sender.send()
        traces = sum(kind.traces for kind in KINDS)
        assert traces == 10_000 == len(sender.traces)
        eventually(
            lambda: (
                collector.counts("otelcol_processor_tail_sampling_global_count_traces_sampled") == traces
                and not collector.counts("otelcol_exporter_queue_size")
            ),
            "a decision on all traces, and all that is kept at the backend",
        )
        yield backend, collector


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind.kept], ids=lambda kind: kind.name)
def test_every_trace_that_matters_is_kept(sampled: tuple[Backend, Collector], kind: Kind) -> None:
    by_kind, _ = traces_by_kind(arrived(sampled[0]))
    assert len(by_kind[kind.name]) == kind.traces


def test_of_the_rest_a_share_is_kept(sampled: tuple[Backend, Collector]) -> None:
    by_kind, _ = traces_by_kind(arrived(sampled[0]))
    rest = [kind for kind in KINDS if not kind.kept]
    percent = 100 * sum(len(by_kind[kind.name]) for kind in rest) / sum(kind.traces for kind in rest)
    assert percent == pytest.approx(KEEP_PERCENT, abs=2)


@pytest.mark.parametrize("kind", [kind for kind in KINDS if not kind.kept], ids=lambda kind: kind.name)
def test_what_is_just_not_worth_keeping_is_kept_no_more_often(sampled: tuple[Backend, Collector], kind: Kind) -> None:
    by_kind, _ = traces_by_kind(arrived(sampled[0]))
    assert 100 * len(by_kind[kind.name]) / kind.traces == pytest.approx(KEEP_PERCENT, abs=6)


def test_a_trace_is_kept_whole(sampled: tuple[Backend, Collector]) -> None:
    _, sizes = traces_by_kind(arrived(sampled[0]))
    assert set(sizes.values()) == {3}


def test_the_archive_has_all_traces(sampled: tuple[Backend, Collector]) -> None:
    by_kind, sizes = traces_by_kind(archived(sampled[1]))
    assert {name: len(traces) for name, traces in by_kind.items()} == {kind.name: kind.traces for kind in KINDS}
    assert len(sizes) == 10_000
    assert set(sizes.values()) == {3}
