"""Whether the telemetry itself can be trusted: what llmotel tells of itself, and the collector."""

from __future__ import annotations

from collections.abc import Iterator

from llmotel.dashboards.grafana import GREEN, RED, Panel, Query, limit
from llmotel.dashboards.names import INSTRUMENTED, LIBRARY, LOST, OVERHEAD, SIGNAL, own, threshold
from llmotel.dashboards.panels import bars, graph, states
from llmotel.dashboards.promql import JOB, RATE, growth, legend, quantile, rate, total

_NOBODY = "No process of llmotel has reported in this time range"
_NO_COLLECTOR = "No telemetry of the collector: let Prometheus scrape its port 8888"
_SIGNALS = ("spans", "metric_points", "log_records")
_LOSSES = (
    ("errors", "internal errors"),
    ("dropped", "records dropped"),
    ("uploads_dropped", "uploads dropped"),
    ("uploads_failed", "uploads failed"),
)
_GAPS = (
    ("unpriced", "calls without a price"),
    ("streams_without_usage", "streams without usage"),
    ("tag_overflow", "tag values as other"),
    ("rejected", "values rejected"),
)


def llmotel_itself() -> Iterator[Panel]:
    yield graph(
        "Errors and losses",
        "What llmotel itself counts against itself, about as many per point as happened. All of it should be 0. "
        "Internal errors are contained, the application does not see them: report them. Dropped, lost and failed "
        "records are missing from these pages.",
        "short",
        *(Query(total(_counted(own(key).selector)), word) for key, word in _LOSSES),
        Query(total(_counted(LOST.selector), SIGNAL), f"{legend(SIGNAL)} lost"),
        empty=_NOBODY,
    )  # fmt: skip
    yield bars(
        "Errors and losses, in numbers", "The same, exactly, in the time range.", "short",
        *(Query(total(growth(own(key).selector)), word, "instant") for key, word in _LOSSES),
        Query(total(growth(LOST.selector), SIGNAL), f"{legend(SIGNAL)} lost", "instant"),
        width=6, empty=_NOBODY,
    )  # fmt: skip
    yield bars(
        "Missing from the numbers",
        "The calls are right, their cost, tokens, tags or scores are not. The remedies: a file for LLMOTEL_PRICES, "
        "LLMOTEL_STREAM_USAGE, LLMOTEL_METRIC_TAG_VALUES.",
        "short", *(Query(total(growth(own(key).selector)), word, "instant") for key, word in _GAPS),
        width=6, empty=_NOBODY,
    )  # fmt: skip
    yield states(
        "Instrumentation",
        "Which libraries are instrumented in which service. Off: llmotel was switched off, or switched itself off "
        "after too many internal errors; then calls are missing here.",
        Query(f"min by ({JOB}, {LIBRARY}) ({INSTRUMENTED.selector})", f"{legend(JOB)} {legend(LIBRARY)}"),
        {0: ("off", RED), 1: ("on", GREEN)}, height=7, empty=_NOBODY,
    )  # fmt: skip
    processes = own("errors")
    yield graph(
        "Processes", "Processes that send telemetry. Worry when it falls without a deployment.", "none",
        Query(f"count by ({JOB}) ({processes.selector})", legend(JOB)), width=6, height=7,
        empty=_NOBODY,
    )  # fmt: skip
    yield graph(
        "Time llmotel takes of a call", "On the calling thread. The rest is done beside it.", "s",
        Query(quantile(0.5, OVERHEAD), "p50"), Query(quantile(0.99, OVERHEAD), "p99"), width=6, height=7,
        empty="No calls in this time range",
    )  # fmt: skip


def collector() -> Iterator[Panel]:
    yield graph(
        "Sending queues",
        "How full the queue of each exporter is. Worry above the dashed line: the backend is slow or away. When a "
        "queue is full, telemetry is lost.",
        "percentunit",
        Query(
            "max by (instance, exporter) (otelcol_exporter_queue_size / (otelcol_exporter_queue_capacity > 0))",
            "{{exporter}}",
        ),
        limit(threshold("queue_ratio"), "alert"), highest=1, width=8, empty=_NO_COLLECTOR,
    )  # fmt: skip
    yield graph(
        "Lost in the collector", "Records that a full queue refused, or that could not be sent. There must be none.",
        "none",
        *(
            Query(_collected(f"exporter_{cause}_{signal}", "exporter"), f"{{{{exporter}}}}: {signal}, {word}")
            for cause, word in (("enqueue_failed", "refused"), ("send_failed", "not sent"))
            for signal in _SIGNALS
        ),
        width=8, empty="Nothing lost, or no telemetry of the collector",
    )  # fmt: skip
    yield graph(
        "Through the collector",
        "What comes in and what goes out, per second. Fewer spans go out than come in: tail sampling keeps a part of "
        "them.",
        "none",
        *(
            Query(_collected(f"{side}_{signal}"), f"{signal}, {word}")
            for side, word in (("receiver_accepted", "in"), ("exporter_sent", "out"))
            for signal in _SIGNALS
        ),
        width=8, empty=_NO_COLLECTOR,
    )  # fmt: skip


def _counted(selector: str) -> str:
    return f"increase({selector}[{RATE}])"


def _collected(name: str, *by: str) -> str:
    # How the collector's own metrics are read decides about the suffix.
    return total(rate(f'{{__name__=~"otelcol_{name}(_total)?"}}'), *by)
