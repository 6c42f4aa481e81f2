"""How fast models answer, and how much they are asked."""

from __future__ import annotations

from collections.abc import Iterator

from llmotel.dashboards.frame import dashboard
from llmotel.dashboards.grafana import (
    BLUE,
    DARK_BLUE,
    GREEN,
    LIGHT_BLUE,
    ORANGE,
    PURPLE,
    RED,
    Dashboard,
    Panel,
    Query,
    Row,
    limit,
)
from llmotel.dashboards.names import AGENT_CALLS, AGENT_TOOLS, AGENTS, TOOLS, Names, against_alert, recorded, threshold
from llmotel.dashboards.panels import graph, heatmap, number
from llmotel.dashboards.promql import (
    AGENT,
    FEATURE,
    JOB,
    MODEL,
    OPERATION,
    PROVIDER,
    RANGE,
    TOOL,
    Metric,
    either,
    growth,
    legend,
    named,
    quantile,
    rate,
    share,
    total,
)

_NO_CALLS = "No calls in this time range"
_NO_STREAMS = "No streams in this time range"
_NO_WEEK = "Not a week of records yet, or no alert rules loaded"
_NO_OTHERS = "No such operations in this time range"
_NO_AGENTS = "No agent runs in this time range"
_UNFILTERED = "Filters for model and provider do not apply."
_EXEMPLARS = "The dots are single calls: they lead to the trace."


def performance(names: Names) -> Dashboard:
    """Latency, time to first chunk, throughput and tokens, of models, tools and agents."""
    return dashboard(
        "performance",
        "How fast models answer and how much they are asked: latency, time to first chunk, throughput, tokens.",
        names,
        [
            Row("At a glance", list(_glance(names))),
            Row("Latency", list(_latency(names))),
            Row("Streams", list(_streams(names))),
            Row("Throughput", list(_throughput(names))),
            Row("Tokens", list(_tokens(names))),
            Row("Embeddings and other operations", list(_others(names))),
            Row("Tools and agents", list(_tools())),
        ],
    )


def _glance(names: Names) -> Iterator[Panel]:
    yield number(
        "Calls", "Calls that ended in the time range, failed ones included.", "short",
        Query(total(growth(names.calls.counts)), kind="instant"), width=3, empty=_NO_CALLS,
    )  # fmt: skip
    for share_ in (0.5, 0.95, 0.99):
        yield number(
            f"p{share_ * 100:g}",
            f"{share_:.0%} of the calls in the time range took at most this long, streams to their last chunk.",
            "s", Query(quantile(share_, names.calls, window=RANGE), kind="instant"), width=3, empty=_NO_CALLS,
        )  # fmt: skip
    yield number(
        "p99, of the alert's limit",
        "The slowest operation's p99 of the last ten minutes as a share of LLMOTEL_ALERT_P99_SECONDS: what the alert "
        f"looks at. At 100% it fires, when it lasts. {_UNFILTERED}",
        "percentunit",
        Query(against_alert("llmotel:duration_seconds:p99_10m", "p99_seconds"), kind="instant"),
        steps=((0.8, ORANGE), (1, RED)), empty="No calls, or no alert rules loaded",
    )  # fmt: skip
    yield number(
        "First chunk p95",
        "95% of the streams in the time range began to answer within this time. It is what a reader waits.",
        "s", Query(quantile(0.95, names.first_chunk, window=RANGE), kind="instant"), empty=_NO_STREAMS,
    )  # fmt: skip
    tokens = f"{total(growth(names.input_tokens.selector))} + {total(growth(names.output_tokens.selector))}"
    yield number("Tokens", "Input and output tokens in the time range.", "short", Query(tokens, kind="instant"),
                 empty=_NO_CALLS)  # fmt: skip


def _latency(names: Names) -> Iterator[Panel]:
    alert = limit(threshold("p99_seconds"), "p99 alert")
    yield graph(
        "Latency",
        "Duration of calls, streams to their last chunk. Worry when p99 stays above the dashed line: there the alert "
        f"fires. p50 rising too means a slow provider; p99 alone means long answers or retries. {_EXEMPLARS}",
        "s", *_percentiles(names.calls), alert, empty=_NO_CALLS,
    )  # fmt: skip
    yield heatmap(
        "Latency, every call",
        "How many calls took how long. Two bands mean two kinds of call; a new upper band is a new problem. "
        f"{_EXEMPLARS}",
        "s", Query(total(rate(names.calls.buckets), "le"), "{{le}}", "heatmap", exemplars=True), empty=_NO_CALLS,
    )  # fmt: skip
    yield graph(
        "p99 by model",
        "Which model the slow calls go to. Worry about the one above the dashed line.",
        "s", Query(quantile(0.99, names.calls, MODEL), legend(MODEL)), alert, width=8, empty=_NO_CALLS,
    )  # fmt: skip
    yield graph(
        "p95 by provider", "The same model is often sold by several: this is who is slow.",
        "s", Query(quantile(0.95, names.calls, PROVIDER), legend(PROVIDER)), width=8, empty=_NO_CALLS,
    )  # fmt: skip
    hour, week_ago = (
        recorded("llmotel:duration_seconds:mean1h", JOB, OPERATION, before=before) for before in ("", "7d")
    )
    yield graph(
        "Against last week",
        "How many times as long as at the same hour last week calls take on average, over an hour. Worry above the "
        f"dashed line: there the alert fires. {_UNFILTERED}",
        "none",
        Query(f"{hour} / {week_ago}", f"{legend(JOB)} {legend(OPERATION)}"),
        limit(threshold("latency_regression"), "alert"), width=8, empty=_NO_WEEK,
    )  # fmt: skip


def _streams(names: Names) -> Iterator[Panel]:
    yield graph(
        "Time to first chunk",
        f"How long a stream takes to begin. Worry when it rises while the latency does not: readers wait. {_EXEMPLARS}",
        "s", *_percentiles(names.first_chunk), width=8, empty=_NO_STREAMS,
    )  # fmt: skip
    yield graph(
        "Time to first chunk, p95 by model", "Which model lets readers wait.",
        "s", Query(quantile(0.95, names.first_chunk, MODEL), legend(MODEL)), width=8, empty=_NO_STREAMS,
    )  # fmt: skip
    yield graph(
        "Time between chunks, p95 by model",
        "How fluently answers come. Above about 0.1 s a reader notices.",
        "s", Query(quantile(0.95, names.per_chunk, MODEL), legend(MODEL)), width=8, empty=_NO_STREAMS,
    )  # fmt: skip


def _throughput(names: Names) -> Iterator[Panel]:
    calls = rate(names.calls.counts)
    for what, name, about in (
        ("model", MODEL, "Calls that ended, by the model asked for. A model that stops is a deployment, or an outage."),
        ("provider", PROVIDER, "Calls that ended, by who answered."),
    ):
        yield graph(f"Calls per second by {what}", about, "reqps", Query(total(calls, name), legend(name)),
                    stacked=True, width=8, empty=_NO_CALLS)  # fmt: skip
    yield graph(
        "Calls per second by feature",
        "Calls that ended, by the application's feature. All are (none) unless LLMOTEL_METRIC_TAGS names feature.",
        "reqps", Query(named(total(calls, FEATURE), FEATURE, "(none)"), legend(FEATURE)), stacked=True, width=8,
        empty=_NO_CALLS,
    )  # fmt: skip


def _tokens(names: Names) -> Iterator[Panel]:
    kinds = (
        ("input", names.input_tokens, BLUE),
        ("input, read from cache", names.cache_read, LIGHT_BLUE),
        ("input, written to cache", names.cache_write, GREEN),
        ("output", names.output_tokens, PURPLE),
        ("output, reasoning", names.reasoning, ORANGE),
    )
    parts = [
        Query(total(rate(metric.selector)), name, colour=colour) for name, metric, colour in kinds if metric is not None
    ]
    yield graph(
        "Tokens per second",
        "What is sent and what comes back. Cached tokens are part of the input, reasoning is part of the output. Worry "
        "when tokens rise and calls do not: prompts grow.",
        "short", *parts, empty=_NO_CALLS,
    )  # fmt: skip
    yield graph(
        "Output tokens per second by model", "Who writes most.", "short",
        Query(total(rate(names.output_tokens.selector), MODEL), legend(MODEL)), stacked=True, empty=_NO_CALLS,
    )  # fmt: skip
    yield graph(
        "Tokens of a call",
        "Half of the calls, and 95% of them, had at most so many tokens. Worry when the p95 of the input nears the "
        "model's context window.",
        "short",
        Query(quantile(0.5, names.input_per_call), "input p50", colour=LIGHT_BLUE),
        Query(quantile(0.95, names.input_per_call), "input p95", colour=BLUE),
        Query(quantile(0.5, names.output_per_call), "output p50", colour=PURPLE),
        Query(quantile(0.95, names.output_per_call), "output p95", colour=ORANGE),
        empty=_NO_CALLS,
    )  # fmt: skip
    if names.cache_read is not None:
        whole = total(rate(names.input_tokens.selector), MODEL)
        yield graph(
            "Share of the input read from cache",
            "Cached tokens cost a fraction. A fall to 0 after a release means that the start of the prompt changes "
            "now.",
            "percentunit", Query(share(total(rate(names.cache_read.selector), MODEL), whole), legend(MODEL)),
            highest=1, empty=_NO_CALLS,
        )  # fmt: skip


def _others(names: Names) -> Iterator[Panel]:
    rates = either(total(rate(metric.counts), OPERATION) for metric in names.others)
    slowest = either(quantile(0.99, metric, OPERATION) for metric in names.others)
    yield graph(
        "Operations per second", "Everything that does not generate an answer: embeddings, images, audio, moderations.",
        "reqps", Query(rates, legend(OPERATION)), stacked=True, empty=_NO_OTHERS,
    )  # fmt: skip
    yield graph(
        "p99 by operation", "How long they take. Worry above the dashed line: there the alert fires.",
        "s", Query(slowest, legend(OPERATION)), limit(threshold("p99_seconds"), "p99 alert"), empty=_NO_OTHERS,
    )  # fmt: skip


def _tools() -> Iterator[Panel]:
    yield graph(
        "Tools, p95",
        f"How long the application's tools take. A slow tool is a slow agent. {_UNFILTERED}",
        "s", Query(quantile(0.95, TOOLS, TOOL), legend(TOOL)), width=8, empty="No tool calls in this time range",
    )  # fmt: skip
    yield graph(
        "Agents, p95",
        f"How long agents take from question to answer. {_UNFILTERED}",
        "s", Query(quantile(0.95, AGENTS, AGENT), legend(AGENT)), width=8, empty=_NO_AGENTS,
    )  # fmt: skip
    yield graph(
        "Work of an agent's run, p95",
        f"Model calls and tools that a run takes. Worry when it rises: an agent goes round in circles. {_UNFILTERED}",
        "short",
        Query(quantile(0.95, AGENT_CALLS, AGENT), f"{legend(AGENT)}: model calls"),
        Query(quantile(0.95, AGENT_TOOLS, AGENT), f"{legend(AGENT)}: tools"),
        width=8, empty=_NO_AGENTS,
    )  # fmt: skip


def _percentiles(metric: Metric) -> Iterator[Query]:
    for share_, colour in ((0.5, LIGHT_BLUE), (0.95, BLUE), (0.99, DARK_BLUE)):
        yield Query(quantile(share_, metric), f"p{share_ * 100:g}", exemplars=share_ == 0.99, colour=colour)
