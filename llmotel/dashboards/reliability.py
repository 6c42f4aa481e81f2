"""What fails: calls, tools, agents, and the telemetry itself."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from llmotel.alerts.call_rules import BURNS
from llmotel.dashboards.frame import dashboard
from llmotel.dashboards.grafana import GREEN, ORANGE, RED, Dashboard, Panel, Query, Row, limit
from llmotel.dashboards.health import collector, llmotel_itself
from llmotel.dashboards.names import (
    AGENTS,
    BREAKER,
    BREAKER_STATE,
    BREAKER_TO,
    BREAKER_TRANSITIONS,
    RETRIES,
    TOOLS,
    Names,
    against_alert,
    recorded,
    threshold,
)
from llmotel.dashboards.panels import graph, number, states, table
from llmotel.dashboards.promql import (
    AGENT,
    ERROR_TYPE,
    JOB,
    MODEL,
    OUTCOME,
    PROVIDER,
    RANGE,
    TOOL,
    VARIABLES,
    Metric,
    either,
    failures,
    growth,
    legend,
    quantile,
    rate,
    share,
    total,
)

_NO_CALLS = "No calls in this time range"
_NO_FAILURES = "Nothing failed in this time range"
_NO_AGENTS = "No agent runs in this time range"
_NO_TOOLS = "No tool calls in this time range"
_UNFILTERED = "Filters for model and provider do not apply."


def reliability(names: Names) -> Dashboard:
    """Errors by type, retries and circuit breakers, agents and tools, llmotel's own health and the collector's."""
    return dashboard(
        "reliability",
        "What fails and what is done about it: errors, retries, circuit breakers, agents, tools; and whether the "
        "telemetry itself can be trusted.",
        names,
        [
            Row("At a glance", list(_glance(names))),
            Row("Errors", list(_errors(names))),
            Row("Retries and circuit breakers", list(_retries(names))),
            Row("Agents and tools", list(_agents())),
            Row("llmotel itself", list(llmotel_itself())),
            Row("Collector", list(collector())),
        ],
    )


def _glance(names: Names) -> Iterator[Panel]:
    calls, failed = _counted(names, growth), _failed(names, growth)
    yield number(
        "Error rate", "Share of the calls in the time range that failed. Answers that the caller broke off did not.",
        "percentunit", Query(share(failed, calls), kind="instant"), empty=_NO_CALLS,
    )  # fmt: skip
    yield number(
        "Error rate, of the alert's limit",
        "The worst service's error rate of the last five minutes as a share of LLMOTEL_ALERT_ERROR_RATIO: what the "
        f"alert looks at. At 100% it fires, when it lasts. {_UNFILTERED}",
        "percentunit",
        Query(against_alert("llmotel:error_ratio:5m", "error_ratio"), kind="instant"),
        steps=((0.5, ORANGE), (1, RED)), empty="No calls in five minutes, or no alert rules loaded",
    )  # fmt: skip
    yield number(
        "Retries per 100 calls",
        "Requests that the client library sent again. They cost time, and hide trouble until they do not: worry when "
        "they rise.",
        "none", Query(f"100 * {share(total(growth(RETRIES.selector)), calls)}", kind="instant"), empty=_NO_CALLS,
    )  # fmt: skip
    for title, metric, empty in (
        ("Agent runs that succeed", AGENTS, _NO_AGENTS),
        ("Tool calls that succeed", TOOLS, _NO_TOOLS),
    ):
        yield number(
            title, f"Share of the runs in the time range that ended without an error. {_UNFILTERED}", "percentunit",
            Query(_success(metric, growth), kind="instant"), empty=empty,
        )  # fmt: skip
    yield number(
        "Circuit breakers open",
        "Breakers that refuse calls, or try one, now. Above 0 a provider is being left alone.",
        "none", Query(f"count({BREAKER_STATE.selector} > 0) or 0 * count({BREAKER_STATE.selector})", kind="instant"),
        steps=((1, RED),), empty="No circuit breakers in use",
    )  # fmt: skip
    labels = f"alertname, severity, {JOB}"
    of_ours = f'alertname=~"LLM.+", {JOB}=~"{VARIABLES[JOB]}|"'  # alerts about money are of no service
    yield table(
        "Alerts that fire",
        "What Prometheus has told Alertmanager, the newest first. Each has its section in docs/runbooks.",
        {"alertname": "Alert", "severity": "Severity", JOB: "Service"},
        [
            (
                "For",
                f"time() - max by ({labels}) (ALERTS_FOR_STATE{{{of_ours}}})"
                f' and max by ({labels}) (ALERTS{{{of_ours}, alertstate="firing"}})',
                "s",
            )
        ],
        sort="For", descending=False, width=24, height=5, empty="No alert fires, or no alert rules loaded",
    )  # fmt: skip


def _errors(names: Names) -> Iterator[Panel]:
    alert = limit(threshold("error_ratio"), "alert")
    yield graph(
        "Error rate by service",
        "Share of the calls that failed. Worry above the dashed line: there the alert fires, when it lasts five "
        "minutes.",
        "percentunit", Query(share(_failed(names, rate, JOB), _counted(names, rate, JOB)), legend(JOB)), alert,
        width=8, empty=_NO_CALLS,
    )  # fmt: skip
    yield graph(
        "Error rate by model", "Which model fails.",
        "percentunit", Query(share(_failed(names, rate, MODEL), _counted(names, rate, MODEL)), legend(MODEL)), alert,
        width=8, empty=_NO_CALLS,
    )  # fmt: skip
    allowed = f"on () group_left () (1 - {threshold('slo_objective')})"
    yield graph(
        "Error budget burn",
        "How many times as fast as LLMOTEL_ALERT_SLO_OBJECTIVE allows the errors of a month are being used up: at 1 "
        "they last just as long. Worry where a line reaches the dashed one of its window: there an alert fires. "
        f"{_UNFILTERED}",
        "none",
        *(
            Query(f"{recorded(f'llmotel:error_ratio:{burn.long}', JOB)} / {allowed}", f"{legend(JOB)}, {burn.long}")
            for burn in BURNS
        ),
        *(limit(f"vector({burn.factor:g})", f"alert, {burn.long}") for burn in BURNS),
        width=8, empty="No calls in this time range, or no alert rules loaded",
    )  # fmt: skip
    for title, name, about in (
        ("type", ERROR_TYPE, "Failed calls per second by error type: the provider's code, or the exception."),
        ("outcome", OUTCOME, "The same in few words: rate_limit wants a higher quota, timeout and server are the "
                             "provider's, authentication and validation are yours."),
        ("provider", PROVIDER, "Whose calls fail."),
    ):  # fmt: skip
        yield graph(
            f"Failures by {title}", about, "reqps", Query(_failed(names, rate, name), legend(name)), stacked=True,
            width=8, empty=_NO_FAILURES,
        )  # fmt: skip
    yield table(
        "Failures, in numbers",
        "Failed calls in the time range by who failed and how, the most frequent first.",
        {PROVIDER: "Provider", MODEL: "Model", ERROR_TYPE: "Error type"},
        [("Failures", f"{_failed(names, growth, PROVIDER, MODEL, ERROR_TYPE)} > 0", "short")],
        sort="Failures", width=24, empty=_NO_FAILURES,
    )  # fmt: skip


def _retries(names: Names) -> Iterator[Panel]:
    yield graph(
        "Retries per second by provider",
        "Requests that the client library sent again, by who refused them.",
        "reqps", Query(total(rate(RETRIES.selector), PROVIDER), legend(PROVIDER)), stacked=True, width=8,
        empty="No retries in this time range",
    )  # fmt: skip
    yield graph(
        "Retries per call by model",
        "Worry at 0.5: every second call is sent twice. Then limits are reached, or timeouts too short.",
        "none", Query(share(total(rate(RETRIES.selector), MODEL), _counted(names, rate, MODEL)), legend(MODEL)),
        width=8, empty=_NO_CALLS,
    )  # fmt: skip
    yield graph(
        "Breaker transitions",
        "How often circuit breakers changed their state. Opening and closing in turns: the provider recovers and fails "
        "again, or the threshold is too tight.",
        "none",
        Query(total(f"increase({BREAKER_TRANSITIONS.selector}[$__rate_interval])", BREAKER, BREAKER_TO),
              f"{legend(BREAKER)} to {legend(BREAKER_TO)}"),
        bars=True, width=8, empty="No transitions in this time range",
    )  # fmt: skip
    yield states(
        "Circuit breakers",
        "The state of each breaker, the worst of its processes. Open: calls are refused without asking the provider.",
        Query(f"max by ({JOB}, {BREAKER}) ({BREAKER_STATE.selector})", f"{legend(JOB)} {legend(BREAKER)}"),
        {0: ("closed", GREEN), 1: ("half-open", ORANGE), 2: ("open", RED)},
        width=24, height=6, empty="No circuit breakers in use",
    )  # fmt: skip


def _agents() -> Iterator[Panel]:
    for title, metric, name, about, empty in (
        ("Agent", AGENTS, AGENT, "Share of an agent's runs that ended without an error. Worry when it falls.",
         _NO_AGENTS),
        ("Tool", TOOLS, TOOL, "Share of a tool's calls that ended without an error. A tool that fails makes agents ask "
                              "again.", _NO_TOOLS),
    ):  # fmt: skip
        [failed] = failures([metric])
        yield graph(
            f"{title} success rate", f"{about} {_UNFILTERED}", "percentunit",
            Query(_success(metric, rate, name), legend(name)), highest=1, width=8, empty=empty,
        )  # fmt: skip
        yield graph(
            f"{title} failures by type", "How they failed, per second.", "reqps",
            Query(total(rate(failed.counts), name, ERROR_TYPE), f"{legend(name)} {legend(ERROR_TYPE)}"), stacked=True,
            width=8, empty=_NO_FAILURES,
        )  # fmt: skip
        runs = total(growth(metric.counts), name)
        yield table(
            f"{title}s, in numbers", f"Runs in the time range, the most failures first. {_UNFILTERED}",
            {name: title},
            [
                ("Failures", f"{total(growth(failed.counts), name)} or 0 * {runs}", "short"),
                ("Runs", runs, "short"),
                ("p50", quantile(0.5, metric, name, window=RANGE), "s"),
                ("p95", quantile(0.95, metric, name, window=RANGE), "s"),
            ],
            sort="Failures", width=8, empty=empty,
        )  # fmt: skip


def _counted(names: Names, ask: Callable[[str], str], *by: str) -> str:
    return total(either(ask(metric.counts) for metric in names.everything), *by)


def _failed(names: Names, ask: Callable[[str], str], *by: str) -> str:
    return total(either(ask(metric.counts) for metric in failures(names.everything)), *by)


def _success(metric: Metric, ask: Callable[[str], str], *by: str) -> str:
    [failed] = failures([metric])
    return f"1 - {share(total(ask(failed.counts), *by), total(ask(metric.counts), *by))}"
