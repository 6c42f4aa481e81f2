"""The four dashboards: performance, cost, quality, reliability; what each shows, and its figures."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from llmotel.local import shapes
from llmotel.local.calls import summed
from llmotel.local.errors import RequestError
from llmotel.local.features import features, models
from llmotel.local.filters import Filter, Parameters, build, previous, replaced
from llmotel.local.names import CALL_KINDS
from llmotel.local.series import Frame, by_of, figures, frame
from llmotel.local.store import Reader

LOWER, HIGHER = "lower", "higher"


class Stat(NamedTuple):
    """One figure of the period: from the summary, what a smaller or a larger one means."""

    name: str
    title: str
    unit: str
    better: str | None


class Graph(NamedTuple):
    """One figure over time, a line for each of what ``by`` tells apart; ``stack``: they add up."""

    name: str
    title: str
    unit: str
    figure: str
    stack: bool = False


class Grid(NamedTuple):
    """A table; ``filter`` is what its first column is filtered by."""

    name: str
    title: str
    rows: Callable[[Reader, Parameters, int], tuple[list[dict[str, str]], list[list[Any]]]]
    filter: str | None


class Bars(NamedTuple):
    """How values are spread: a column, and the edges of its buckets."""

    name: str
    title: str
    expression: str
    edges: tuple[float, ...]


class Dashboard(NamedTuple):
    """A page of figures."""

    name: str
    title: str
    stats: tuple[Stat, ...]
    panels: tuple[Graph | Grid | Bars, ...]


def _table(
    items: Callable[[Reader, Parameters, int, Sequence[str]], dict[str, Any]], columns: tuple[tuple[str, str, str], ...]
) -> Callable[[Reader, Parameters, int], tuple[list[dict[str, str]], list[list[Any]]]]:
    def rows(reader: Reader, given: Parameters, now_ns: int) -> tuple[list[dict[str, str]], list[list[Any]]]:
        found = items(reader, given, now_ns, [name for name, _, _ in columns])["items"]
        return (
            [{"name": name, "title": title, "unit": unit} for name, title, unit in columns],
            [[item.get(name) for name, _, _ in columns] for item in found[:50]],
        )

    return rows


def _errors(reader: Reader, given: Parameters, now_ns: int) -> tuple[list[dict[str, str]], list[list[Any]]]:
    found = build(given, now_ns)
    rows = reader.query(
        "SELECT s.error_type, s.provider, s.model, count(*) AS n, sum(s.cost_usd), max(s.start_ns) "
        f"FROM {found.relation} WHERE {found.where} AND (s.outcome = 'error' OR s.status = 2) "
        "GROUP BY 1, 2, 3 ORDER BY n DESC, 1, 2, 3 LIMIT 50",
        found.parameters,
    )
    columns = (
        ("error_type", "Error", "text"), ("provider", "Provider", "text"), ("model", "Model", "text"),
        ("calls", "Calls", "count"), ("cost_usd", "Cost", "usd"), ("last", "Last", "time"),
    )  # fmt: skip
    return (
        [{"name": name, "title": title, "unit": unit} for name, title, unit in columns],
        [[*row[:-1], shapes.iso(row[-1])] for row in rows],
    )


def _runs(kind: str, column: str, title: str) -> Callable[..., tuple[list[dict[str, str]], list[list[Any]]]]:
    def rows(reader: Reader, given: Parameters, now_ns: int) -> tuple[list[dict[str, str]], list[list[Any]]]:
        found = build(given.without("kind"), now_ns, kinds=(kind, "mcp") if kind == "tool" else (kind,))
        told = reader.query(
            f"SELECT s.{column}, count(*) AS n, count(*) FILTER (s.outcome = 'error' OR s.status = 2), "
            f"quantile_cont(s.duration, [0.5, 0.95]) FROM {found.relation} "
            f"WHERE {found.where} AND s.{column} IS NOT NULL GROUP BY 1 ORDER BY n DESC, 1 LIMIT 50",
            found.parameters,
        )
        columns = (
            (column, title, "text"), ("runs", "Runs", "count"), ("failures", "Failures", "count"),
            ("failure_ratio", "Failure ratio", "ratio"), ("p50", "p50", "seconds"), ("p95", "p95", "seconds"),
        )  # fmt: skip
        return (
            [{"name": name, "title": heading, "unit": unit} for name, heading, unit in columns],
            [[name, n, failed, failed / n, *(levels or (None, None))] for name, n, failed, levels in told],
        )

    return rows


_MODELS_PERFORMANCE = _table(
    models,
    (("model", "Model", "text"), ("provider", "Provider", "text"), ("calls", "Calls", "count"),
     ("p50", "p50", "seconds"), ("p95", "p95", "seconds"), ("p99", "p99", "seconds"),
     ("ttft_p50", "First chunk p50", "seconds"), ("tokens_per_second", "Pace", "per_second")),
)  # fmt: skip
_MODELS_COST = _table(
    models,
    (("model", "Model", "text"), ("provider", "Provider", "text"), ("calls", "Calls", "count"),
     ("cost_usd", "Cost", "usd"), ("unpriced", "Unpriced", "count"), ("input_tokens", "Input", "tokens"),
     ("output_tokens", "Output", "tokens"), ("cache_read_tokens", "Cached", "tokens"), ("trend", "Trend", "ratio")),
)  # fmt: skip
_FEATURES = _table(
    features,
    (("feature", "Feature", "text"), ("calls", "Calls", "count"), ("cost_usd", "Cost", "usd"),
     ("value_usd", "Value", "usd"), ("profit_usd", "Profit", "usd"), ("trend", "Trend", "ratio")),
)  # fmt: skip
_MODELS_QUALITY = _table(
    models,
    (("model", "Model", "text"), ("provider", "Provider", "text"), ("calls", "Calls", "count"),
     ("grounding", "Grounding", "score"), ("quality", "Quality", "score"), ("error_ratio", "Error ratio", "ratio")),
)  # fmt: skip

_TENTHS = (0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0)
_SECONDS = (0.0, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 30.0, 60.0, 120.0)
_USD = (0.0, 0.0001, 0.0005, 0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1.0, 5.0)

DASHBOARDS: dict[str, Dashboard] = {
    board.name: board
    for board in (
        Dashboard(
            "performance", "Performance",
            (Stat("calls", "Calls", "count", None), Stat("p50", "p50", "seconds", LOWER),
             Stat("p95", "p95", "seconds", LOWER), Stat("p99", "p99", "seconds", LOWER),
             Stat("ttft_p95", "First chunk p95", "seconds", LOWER)),
            (Graph("calls_over_time", "Calls", "count", "calls", True), Graph("p95_over_time", "p95", "seconds", "p95"),
             Graph("p99_over_time", "p99", "seconds", "p99"),
             Graph("ttft_over_time", "Time to first chunk, p95", "seconds", "ttft_p95"),
             Graph("pace_over_time", "Output tokens per second", "per_second", "tokens_per_second"),
             Bars("duration_distribution", "Durations", "s.duration", _SECONDS),
             Grid("by_model", "Models", _MODELS_PERFORMANCE, "model"),
             Grid("by_tool", "Tools", _runs("tool", "tool", "Tool"), "tool")),
        ),
        Dashboard(
            "cost", "Cost",
            (Stat("cost_usd", "Cost", "usd", LOWER), Stat("calls", "Calls", "count", None),
             Stat("unpriced", "Unpriced calls", "count", LOWER), Stat("input_tokens", "Input tokens", "tokens", None),
             Stat("output_tokens", "Output tokens", "tokens", None),
             Stat("cache_read_tokens", "Cached tokens", "tokens", HIGHER)),
            (Graph("cost_over_time", "Cost", "usd", "cost_usd", True),
             Graph("input_over_time", "Input tokens", "tokens", "input_tokens", True),
             Graph("output_over_time", "Output tokens", "tokens", "output_tokens", True),
             Graph("cached_over_time", "Cached tokens", "tokens", "cache_read_tokens", True),
             Bars("cost_distribution", "Cost of a call", "s.cost_usd", _USD),
             Grid("by_model", "Models", _MODELS_COST, "model"), Grid("by_feature", "Features", _FEATURES, "feature")),
        ),
        Dashboard(
            "quality", "Quality",
            (Stat("grounding", "Grounding", "score", HIGHER), Stat("quality", "Quality", "score", HIGHER),
             Stat("calls", "Calls", "count", None)),
            (Graph("grounding_over_time", "Grounding", "score", "grounding"),
             Graph("quality_over_time", "Quality", "score", "quality"),
             Bars("grounding_distribution", "Grounding scores", "s.grounding_score", _TENTHS),
             Grid("by_model", "Models", _MODELS_QUALITY, "model")),
        ),
        Dashboard(
            "reliability", "Reliability",
            (Stat("error_ratio", "Error ratio", "ratio", LOWER), Stat("errors", "Errors", "count", LOWER),
             Stat("calls", "Calls", "count", None), Stat("p99", "p99", "seconds", LOWER)),
            (Graph("errors_over_time", "Errors", "count", "errors", True),
             Graph("error_ratio_over_time", "Error ratio", "ratio", "error_ratio"),
             Grid("by_error", "Errors", _errors, "error_type"),
             Grid("by_tool", "Tools", _runs("tool", "tool", "Tool"), "tool"),
             Grid("by_agent", "Agents", _runs("agent", "agent", "Agent"), "agent")),
        ),
    )
}  # fmt: skip


def catalogue() -> dict[str, Any]:
    """Which dashboards there are."""
    return {"items": [{"name": one.name, "title": one.title} for one in DASHBOARDS.values()]}


def figures_of(store: Reader, name: str, given: Parameters, now_ns: int) -> dict[str, Any]:
    """A dashboard with its figures, over the last 24 hours where no period is named."""
    if name not in DASHBOARDS:
        raise RequestError(f"no dashboard is called {name[:80]!r}; there are {', '.join(DASHBOARDS)}", "name", 404)
    given.only("by", "interval", "compare", "top")
    board = DASHBOARDS[name]
    asked = given if "since" in given or "from" in given else given.with_value("since", "24h")
    shared = asked
    for own in ("by", "interval", "compare", "top"):
        shared = shared.without(own)
    found = build(shared, now_ns, kinds=CALL_KINDS)
    by, column = by_of(asked, "model")
    buckets = frame(store, found, asked.one("interval"), now_ns)
    top = asked.whole("top", 8, 1, 50)
    shown = {panel.figure for panel in board.panels if isinstance(panel, Graph)}
    wanted = sorted((shown - {"error_ratio"}) | ({"errors", "calls"} if "error_ratio" in shown else set()))
    series = figures(store, found, buckets, column, top, wanted)
    totals = [stat.name for stat in board.stats]
    compare = bool(asked.flag("compare", False))
    earlier = previous(found, now_ns) if compare else None
    before: list[dict[str, Any]] | None = None
    then: dict[str, Any] | None = None
    if earlier is not None:
        last = replaced(found, *earlier)
        length = buckets.size * buckets.step_ns
        before = figures(
            store, last, Frame(buckets.start_ns - length, buckets.step_ns, buckets.size), column, top, wanted
        )
        then = summed(store, last, totals)
    now = summed(store, found, totals)
    return {
        "name": board.name,
        "title": board.title,
        "from": shapes.iso(buckets.start_ns),
        "to": shapes.iso(buckets.start_ns + buckets.size * buckets.step_ns),
        "interval_seconds": buckets.step_ns // 1_000_000_000,
        "by": by,
        "stats": [
            {
                "id": stat.name,
                "title": stat.title,
                "unit": stat.unit,
                "value": now[stat.name],
                "previous": None if then is None else then[stat.name],
                "better": stat.better,
            }
            for stat in board.stats
        ],
        "panels": [_panel(store, panel, shared, found, buckets, series, before, now_ns) for panel in board.panels],
    }


def _panel(
    store: Reader,
    panel: Graph | Grid | Bars,
    given: Parameters,
    found: Filter,
    buckets: Frame,
    series: list[dict[str, Any]],
    before: list[dict[str, Any]] | None,
    now_ns: int,
) -> dict[str, Any]:
    shown: dict[str, Any] = {"id": panel.name, "title": panel.title}
    if isinstance(panel, Graph):
        return {
            **shown,
            "kind": "timeseries",
            "unit": panel.unit,
            "stack": panel.stack,
            "times": buckets.times(),
            "series": _lines(series, panel.figure),
            "previous": None if before is None else _lines(before, panel.figure),
        }
    if isinstance(panel, Grid):
        columns, rows = panel.rows(store, given, now_ns)
        return {**shown, "kind": "table", "columns": columns, "rows": rows, "filter": panel.filter}
    places = " + ".join(f"({panel.expression} >= {edge!r})::INTEGER" for edge in panel.edges)
    counts = [0] * (len(panel.edges) - 1)
    for place, count in store.query(
        f"SELECT {places}, count(*) FROM {found.relation} WHERE {found.where} AND {panel.expression} IS NOT NULL "
        "GROUP BY 1",
        found.parameters,
    ):
        counts[min(max(place - 1, 0), len(counts) - 1)] += count
    return {**shown, "kind": "histogram", "unit": "count", "edges": list(panel.edges), "counts": counts}


def _lines(series: list[dict[str, Any]], figure: str) -> list[dict[str, Any]]:
    return [
        {
            "key": one["key"],
            "other": one["other"],
            "values": [
                errors / calls if calls else None for errors, calls in zip(one["errors"], one["calls"], strict=True)
            ]
            if figure == "error_ratio"
            else one[figure],
        }
        for one in series
    ]


__all__ = ["DASHBOARDS", "catalogue", "figures_of"]
