"""What calls cost, who spends it, and what it brings in."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypeAlias

from llmotel.dashboards.frame import dashboard
from llmotel.dashboards.grafana import BLUE, ORANGE, PURPLE, RED, Dashboard, Panel, Query, Row, limit
from llmotel.dashboards.names import CALL_COST, COST, VALUE, Names, own, record, threshold
from llmotel.dashboards.panels import graph, number, ring, table
from llmotel.dashboards.promql import (
    FEATURE,
    JOB,
    MODEL,
    PROVIDER,
    TENANT,
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

Column: TypeAlias = tuple[str, str, str]

_NO_COST = "No priced calls in this time range"
_TAGGED = "All is (none) unless LLMOTEL_METRIC_TAGS names feature."
_DOLLARS = "currencyUSD"
_UNFILTERED = "Filters for model and provider do not apply."
_WARN = ((0.8, ORANGE), (1, RED))


def cost(names: Names) -> Dashboard:
    """Spending against the budget, its trend and forecast, by provider, model, feature and tenant."""
    return dashboard(
        "cost",
        "What calls cost: against the budget, over the last days, by the end of the month, and who spends it. In USD.",
        names,
        [
            Row("Budget", list(_budget())),
            Row("Trend", list(_trend())),
            Row("Who spends", list(_spenders(names))),
            Row("Features", list(_features())),
            Row("Cost of a call", list(_calls(names))),
        ],
        time_from="now-24h",
        refresh="5m",  # exact sums over a day are dear
    )


def _budget() -> Iterator[Panel]:
    spent = total(growth(COST.selector))
    yield number(
        "Today", "Spent since midnight, in the dashboard's time zone.",
        _DOLLARS, Query(spent, kind="instant"), time_from="now/d", width=3, empty="Nothing spent today",
    )  # fmt: skip
    yield number(
        "Today, of the daily budget",
        "Today's spending as a share of LLMOTEL_ALERT_DAILY_BUDGET_USD. The budget is for all services together: "
        "with a filter set, this is what the filtered part takes of it.",
        "percentunit", Query(f"{spent} / {threshold('daily_budget_usd')}", kind="instant"), time_from="now/d",
        steps=_WARN, empty="Nothing spent today, or no alert rules loaded",
    )  # fmt: skip
    yield number(
        "24 hours, of the alert's limit",
        "What the budget alert looks at: the spending of the last 24 hours, of all services, as a share of the "
        "budget times LLMOTEL_ALERT_BUDGET_FACTOR. At 100% it fires. Filters do not apply.",
        "percentunit",
        Query(
            f"max(llmotel:cost_usd:increase1d) / ({threshold('daily_budget_usd')} * {threshold('budget_factor')})",
            kind="instant",
        ),
        steps=_WARN, empty="Nothing spent, or no alert rules loaded",
    )  # fmt: skip
    yield number(
        "This month", "Spent since the first of the month, in the dashboard's time zone.",
        _DOLLARS, Query(spent, kind="instant"), time_from="now/M", width=3, empty="Nothing spent this month",
    )  # fmt: skip
    yield number(
        "Month's end, forecast",
        "This month so far and, for the days that are left, the daily mean of the last seven days, or of as many as "
        "there are records.",
        _DOLLARS, Query(_forecast(), kind="instant"), time_from="now/M", width=3, empty="Nothing spent this month",
    )  # fmt: skip
    yield number(
        "Forecast, of the month's budget",
        "What the forecast alert looks at: all services, months in UTC, once there are 24 hours of records. At 100% "
        "it fires. The budget is LLMOTEL_ALERT_MONTHLY_BUDGET_USD, or the daily one times the days of the month. "
        "Filters do not apply.",
        "percentunit",
        Query(f"max(llmotel:cost_usd:month_forecast) / {threshold('monthly_budget_usd')}", kind="instant"),
        steps=_WARN, empty="Not 24 hours of records yet, or no alert rules loaded",
    )  # fmt: skip
    unpriced = own("unpriced")
    yield number(
        "Calls without a price",
        "Calls whose model has no known price: their cost is missing everywhere on this page. Above 0, give the "
        f"model a price in the file that LLMOTEL_PRICES names. {_UNFILTERED}",
        "short", Query(total(growth(unpriced.selector)), kind="instant"), steps=((1, ORANGE),), width=3,
        empty="No calls in this time range",
    )  # fmt: skip


def _forecast() -> str:
    # Days since the first record of the week, to the full hour: a service that is two days old has a mean of two days.
    known = f"(3600 + time() - min(min_over_time(timestamp({COST.selector})[7d:1h]))) / 86400"
    daily = f"{total(growth(COST.selector, '7d'))} / clamp_max({known}, 7)"
    return f"{total(growth(COST.selector))} + {daily} * scalar(days_in_month() - $__range_s / 86400)"


def _trend() -> Iterator[Panel]:
    yield graph(
        "Seven days",
        "What each day cost, today so far. Worry when bars reach the dashed line, the daily budget, or double "
        "without a release.",
        _DOLLARS,
        Query(total(growth(COST.selector, "1d", ahead=True)), "cost", colour=BLUE),
        # As of the bar's day: at its beginning Prometheus may not have been there yet.
        limit(f"max(last_over_time({record('daily_budget_usd')}[1d] offset -1d))", "daily budget"),
        bars=True, time_from="7d", interval="1d", empty="Nothing spent in seven days",
    )  # fmt: skip
    yield graph(
        "Cost per hour by provider",
        "The rate of spending, as if it went on for an hour. A step that stays is a loop or a release.",
        _DOLLARS, _hourly(PROVIDER), stacked=True, empty=_NO_COST,
    )  # fmt: skip
    yield graph(
        "Cost per hour by model",
        "Which models the spending goes to. A dear model that appears is a change of default.",
        _DOLLARS, _hourly(MODEL), stacked=True, empty=_NO_COST,
    )  # fmt: skip
    yield graph(
        "Cost per hour by feature", f"Which features the spending comes from. {_TAGGED}",
        _DOLLARS, _hourly(FEATURE, "(none)"), stacked=True, empty=_NO_COST,
    )  # fmt: skip


def _spenders(names: Names) -> Iterator[Panel]:
    yield ring(
        "By provider", "Who is paid, in the time range.",
        _DOLLARS, Query(total(growth(COST.selector), PROVIDER), legend(PROVIDER), "instant"), width=8, empty=_NO_COST,
    )  # fmt: skip
    spent = _columns(MODEL)
    tokens: list[Column] = [
        ("Input tokens", _by(names.input_tokens.selector, MODEL), "short"),
        ("Output tokens", _by(names.output_tokens.selector, MODEL), "short"),
    ]
    yield table(
        "By model",
        "What each model cost in the time range, and for how much work. Worry when a dear model does what a cheap one "
        "could: few tokens, high cost per call.",
        {MODEL: "Model"}, [*spent, *_ratios(spent), *tokens], sort="Cost", width=16, empty=_NO_COST,
    )  # fmt: skip
    yield table(
        "By service", "What each service cost in the time range.",
        {JOB: "Service"}, _columns(JOB), sort="Cost", empty=_NO_COST,
    )  # fmt: skip
    yield table(
        "By tenant", "What each tenant cost in the time range. All is (none) unless LLMOTEL_METRIC_TAGS names tenant.",
        {TENANT: "Tenant"}, _columns(TENANT, "(none)"), sort="Cost", empty=_NO_COST,
    )  # fmt: skip


def _features() -> Iterator[Panel]:
    spent = _columns(FEATURE, "(none)")
    yield table(
        "Most costly features", f"What each feature cost in the time range, the dearest first. {_TAGGED}",
        {FEATURE: "Feature"}, [*spent, *_ratios(spent)], sort="Cost", empty=_NO_COST,
    )  # fmt: skip
    # Filters for provider and model would cut the cost and not the value.
    spending = Metric(COST.name, COST.unit, COST.kind, VALUE.filters)
    value, dear = (_by(metric.selector, FEATURE, "(none)") for metric in (VALUE, spending))
    known = f"({dear} and {value} or 0 * {value})"
    yield table(
        "Least profitable features",
        "What features earned (llmotel.record_value) less what their calls cost, the worst first. Below 0 a feature "
        f"costs more than it brings in. Features without a recorded value are not here. {_UNFILTERED}",
        {FEATURE: "Feature"},
        [
            ("Profit", f"{value} - {known}", _DOLLARS),
            ("Value", value, _DOLLARS),
            ("Cost", known, _DOLLARS),
            ("Cost, of the value", f"{known} / ({value} > 0)", "percentunit"),
        ],
        sort="Profit", descending=False, empty="No value recorded: call llmotel.record_value()",
    )  # fmt: skip


def _calls(names: Names) -> Iterator[Panel]:
    yield graph(
        "Cost of a call",
        "Half of the calls, and 95% and 99% of them, cost at most this. The dots are single calls: they lead to the "
        "trace of a dear one.",
        _DOLLARS,
        Query(quantile(0.5, CALL_COST), "p50", colour=BLUE),
        Query(quantile(0.95, CALL_COST), "p95", colour=PURPLE),
        Query(quantile(0.99, CALL_COST), "p99", exemplars=True, colour=ORANGE),
        width=8, empty=_NO_COST,
    )  # fmt: skip
    mean = f"{total(rate(CALL_COST.sums), MODEL)} / ({total(rate(CALL_COST.counts), MODEL)} > 0)"
    yield graph(
        "Mean cost of a call by model",
        "Worry when it rises and the price list did not: prompts or answers have grown.",
        _DOLLARS, Query(mean, legend(MODEL)), width=8, empty=_NO_COST,
    )  # fmt: skip
    calls = total(either(rate(metric.counts) for metric in names.everything), JOB)
    yield graph(
        "Calls without a price, by service",
        "Share of a service's calls whose cost is unknown. Worry above the dashed line: there the alert fires, and the "
        "service spends more than these pages say.",
        "percentunit", Query(share(total(rate(own("unpriced").selector), JOB), calls), legend(JOB)),
        limit(threshold("unpriced_ratio"), "alert"), width=8, empty="No calls in this time range",
    )  # fmt: skip


def _hourly(name: str, instead: str = "") -> Query:
    expression = f"{total(rate(COST.selector), name)} * 3600"
    return Query(named(expression, name, instead) if instead else expression, legend(name))


def _columns(name: str, instead: str = "") -> list[Column]:
    return [
        (heading, _by(metric, name, instead), unit)
        for heading, metric, unit in (("Cost", COST.selector, _DOLLARS), ("Priced calls", CALL_COST.counts, "short"))
    ]


def _ratios(columns: list[Column]) -> list[Column]:
    (_, spent, _), (_, calls, _) = columns
    return [
        ("Cost per call", f"{spent} / ({calls} > 0)", _DOLLARS),
        ("Share", f"{spent} / scalar({total(growth(COST.selector))})", "percentunit"),
    ]


def _by(selector: str, name: str, instead: str = "") -> str:
    summed = total(growth(selector), name)
    return named(summed, name, instead) if instead else summed
