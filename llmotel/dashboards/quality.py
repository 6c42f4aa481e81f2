"""How good answers are: grounding, and the scores that the application gives."""

from __future__ import annotations

from collections.abc import Iterator

from llmotel.dashboards.frame import dashboard
from llmotel.dashboards.grafana import GREEN, RED, Dashboard, Panel, Query, Row, limit
from llmotel.dashboards.names import GROUNDING, Names, against_alert, quality, recorded, threshold
from llmotel.dashboards.panels import bars, graph, heatmap, number, table
from llmotel.dashboards.promql import (
    FEATURE,
    JOB,
    METHOD,
    MODEL,
    RANGE,
    Metric,
    growth,
    legend,
    mean,
    named,
    quantile,
    rate,
    total,
)

_NO_GROUNDING = "No answers with sources in this time range"
_NO_SCORES = "No scores recorded: call llmotel.record_quality()"
_SCORES = (
    (
        "relevance",
        "Relevance",
        "How well answers fit the question, by the application's own judgement. Worry when it falls.",
    ),
    ("user_satisfaction", "User satisfaction", "What users say: 1 is content. Worry when it falls, first by model."),
    ("hallucination", "Hallucination", "Share of answers that make things up: 0 is good. Worry when it rises."),
)


def answers(names: Names) -> Dashboard:
    """Grounding against its threshold, its distribution by model, and the other scores."""
    return dashboard(
        "quality",
        "How good answers are: how much of them their sources cover, and the scores that the application records.",
        names,
        [
            Row("At a glance", list(_glance())),
            Row("Grounding", list(_grounding())),
            Row("Grounding by model and feature", list(_tables())),
            Row("Grounding of $model", [_spread("Grounding scores over time", GROUNDING, 12),
                                        _histogram("Grounding scores", GROUNDING, 12)], repeat="model"),
            Row("Other scores", list(_scores())),
        ],
        time_from="now-24h",
    )  # fmt: skip


def _glance() -> Iterator[Panel]:
    average = mean(GROUNDING, window=RANGE)
    yield number(
        "Mean grounding", "Score of the answers that had sources, in the time range. 1: every claim is covered.",
        "percentunit", Query(average, kind="instant"), empty=_NO_GROUNDING,
    )  # fmt: skip
    yield number(
        "Grounding, of the alert's limit",
        "The worst service's mean of the last 30 minutes as a share of LLMOTEL_ALERT_GROUNDING_MINIMUM: what the "
        "alert looks at. Below 100% it fires, when it lasts. Filters for model and provider do not apply.",
        "percentunit",
        Query(against_alert("llmotel:grounding:mean30m", "grounding_minimum", "min"), kind="instant"),
        steps=((-1, RED), (1, GREEN)), empty="No answers with sources, or no alert rules loaded",
    )  # fmt: skip
    scored = total(growth(GROUNDING.counts))
    yield number(
        "Answers scored",
        "Answers in the time range that had citations or sources, so that there was something to score.",
        "short", Query(scored, kind="instant"), empty=_NO_GROUNDING,
    )  # fmt: skip
    for name, title, about in _SCORES:
        yield number(title, f"{about} Mean in the time range.", "percentunit",
                     Query(mean(quality(name), window=RANGE), kind="instant"), empty=_NO_SCORES)  # fmt: skip


def _grounding() -> Iterator[Panel]:
    limits = (
        limit(threshold("grounding_minimum"), "alert below", RED),
        limit(threshold("grounding_target"), "target", GREEN),
    )
    yield graph(
        "Grounding",
        "Mean score of the answers that had sources. Worry below the red line: there the alert fires. Answers without "
        "sources have no score and do not count.",
        "percentunit", Query(mean(GROUNDING), "mean"), *limits, highest=1, empty=_NO_GROUNDING,
    )  # fmt: skip
    yield _spread("Grounding, every answer", GROUNDING, 12)
    yield graph(
        "Grounding by model", "One bad model hides in the mean of all: here it does not. It has an alert of its own.",
        "percentunit", Query(mean(GROUNDING, MODEL), legend(MODEL)), *limits, highest=1, width=8, empty=_NO_GROUNDING,
    )  # fmt: skip
    yield graph(
        "Grounding by method",
        "How scores were found: citations counted, given by the provider, or by a user. A change of the mix moves "
        "the mean without any answer getting worse.",
        "percentunit", Query(mean(GROUNDING, METHOD), legend(METHOD)), highest=1, width=8, empty=_NO_GROUNDING,
    )  # fmt: skip
    hour, week_ago = (recorded("llmotel:grounding:mean1h", JOB, before=before) for before in ("", "7d"))
    yield graph(
        "Below last week",
        "How far the mean score of an hour lies below that of the same hour last week. Worry above the dashed line: "
        "there the alert fires. Filters for model and provider do not apply.",
        "percentunit", Query(f"{week_ago} - {hour}", legend(JOB)), limit(threshold("grounding_regression"), "alert"),
        width=8, empty="Not a week of records yet, or no alert rules loaded",
    )  # fmt: skip


def _tables() -> Iterator[Panel]:
    for title, name, heading, instead in (
        ("Grounding by model", MODEL, "Model", ""),
        ("Grounding by feature", FEATURE, "Feature", "(none)"),
    ):
        columns = [
            ("Mean", mean(GROUNDING, name, window=RANGE), "percentunit"),
            ("p10", quantile(0.1, GROUNDING, name, window=RANGE), "percentunit"),
            ("p50", quantile(0.5, GROUNDING, name, window=RANGE), "percentunit"),
            ("p90", quantile(0.9, GROUNDING, name, window=RANGE), "percentunit"),
            ("Answers", total(growth(GROUNDING.counts), name), "short"),
        ]
        if instead:
            columns = [(column, named(expression, name, instead), unit) for column, expression, unit in columns]
        yield table(
            f"{title}, in numbers",
            "Mean and spread in the time range, the worst first. A low p10 under a good mean: most answers are well "
            "covered, and some hardly at all. Few answers prove little.",
            {name: heading}, columns, sort="Mean", descending=False, empty=_NO_GROUNDING,
        )  # fmt: skip


def _scores() -> Iterator[Panel]:
    for name, title, about in _SCORES:
        metric = quality(name)
        yield graph(
            f"{title} by model", f"{about} Mean by model.", "percentunit", Query(mean(metric, MODEL), legend(MODEL)),
            highest=1, width=8, empty=_NO_SCORES,
        )  # fmt: skip
        yield _spread(f"{title}, every score", metric, 8, _NO_SCORES)
        yield _histogram(f"{title}, distribution", metric, 8, _NO_SCORES)


def _spread(title: str, metric: Metric, width: int, empty: str = _NO_GROUNDING) -> Panel:
    return heatmap(
        title,
        "How many answers got which score, over time. A second band far from the first: two kinds of answer, which "
        "no mean shows. The dots lead to the trace.",
        "percentunit", Query(total(rate(metric.buckets), "le"), legend("le"), "heatmap", exemplars=True), width=width,
        empty=empty,
    )  # fmt: skip


def _histogram(title: str, metric: Metric, width: int, empty: str = _NO_GROUNDING) -> Panel:
    return bars(
        title, "How many answers got which score, in the time range. Each bar is named by the upper end of its scores.",
        "short", Query(total(growth(metric.buckets), "le"), legend("le"), "buckets"), width=width, empty=empty,
    )  # fmt: skip
