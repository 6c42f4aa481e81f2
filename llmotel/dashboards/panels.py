"""The kinds of panel that the dashboards use, each with the looks that all of a kind share."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from llmotel.dashboards.grafana import GREEN, GREY, ORANGE, RED, Json, Panel, Query, override

_TOOLTIP: Json = {"mode": "multi", "sort": "desc"}


def graph(
    title: str, about: str, unit: str, *queries: Query, stacked: bool = False, bars: bool = False, highest: float = 0,
    **placed: Any,
) -> Panel:  # fmt: skip
    """Lines over time. Series without a colour of their own have one by their name, the same on every panel."""
    custom: Json = {
        "barAlignment": 1,
        "drawStyle": "bars" if bars else "line",
        "fillOpacity": 80 if bars else 25 if stacked else 6,
        "lineWidth": 1,
        "pointSize": 4,
        "showPoints": "auto",
        "spanNulls": False,
        "stacking": {"group": "A", "mode": "normal" if stacked else "none"},
    }
    defaults: Json = {"color": {"mode": "palette-classic-by-name"}, "custom": custom, "min": 0}
    if highest:
        defaults["max"] = highest
    legend: Json = {"calcs": ["mean", "max", "lastNotNull"], "displayMode": "table", "placement": "bottom"}
    options: Json = {"legend": {**legend, "showLegend": True}, "tooltip": _TOOLTIP}
    return Panel("timeseries", title, about, queries, unit, defaults=defaults, options=options, **placed)


def number(
    title: str, about: str, unit: str, query: Query, *, steps: Sequence[tuple[float, str]] = (), width: int = 4,
    height: int = 4, **placed: Any,
) -> Panel:  # fmt: skip
    """One number. ``steps``: from which value on it has which colour; green below them."""
    return Panel(
        "stat", title, about, (query,), unit, width=width, height=height,
        defaults=_coloured(steps, base=GREEN if steps else GREY),
        options={
            "colorMode": "value" if steps else "none",
            "graphMode": "none",
            "justifyMode": "auto",
            "orientation": "auto",
            "percentChangeColorMode": "standard",
            "reduceOptions": _last(),
            "showPercentChange": False,
            "textMode": "auto",
            "wideLayout": True,
        },
        **placed,
    )  # fmt: skip


def bars(title: str, about: str, unit: str, *queries: Query, **placed: Any) -> Panel:
    """A bar for each series, or for each bucket of a histogram."""
    return Panel(
        "bargauge", title, about, queries, unit,
        defaults={"color": {"mode": "continuous-blues"}, "min": 0},
        options={
            "displayMode": "basic",
            "legend": {"calcs": [], "displayMode": "list", "placement": "bottom", "showLegend": False},
            "maxVizHeight": 300,
            "minVizHeight": 8,
            "minVizWidth": 8,
            "namePlacement": "auto",
            "orientation": "horizontal",
            "reduceOptions": _last(),
            "showUnfilled": True,
            "sizing": "auto",
            "valueMode": "color",
        },
        **placed,
    )  # fmt: skip


def ring(title: str, about: str, unit: str, query: Query, **placed: Any) -> Panel:
    """The parts of a whole."""
    return Panel(
        "piechart", title, about, (query,), unit,
        defaults={"color": {"mode": "palette-classic-by-name"}},
        options={
            "displayLabels": ["percent"],
            "legend": {
                "calcs": [],
                "displayMode": "table",
                "placement": "right",
                "showLegend": True,
                "values": ["value", "percent"],
            },
            "orientation": "auto",
            "pieType": "donut",
            "reduceOptions": _last(),
            "sort": "desc",
            "tooltip": {"mode": "single", "sort": "none"},
        },
        **placed,
    )  # fmt: skip


def heatmap(title: str, about: str, unit: str, query: Query, **placed: Any) -> Panel:
    """A histogram over time: the darker, the more calls fell there."""
    return Panel(
        "heatmap", title, about, (query,), "short",
        defaults={"custom": {"scaleDistribution": {"type": "linear"}}},
        options={
            "calculate": False,
            "cellGap": 1,
            "cellValues": {"unit": "short"},
            "color": {
                "exponent": 0.5,
                "fill": "dark-blue",
                "mode": "scheme",
                "reverse": True,
                "scale": "exponential",
                "scheme": "Blues",
                "steps": 64,
            },
            "exemplars": {"color": "rgba(255,152,48,0.9)"},
            "filterValues": {"le": 1e-9},
            "legend": {"show": True},
            "rowsFrame": {"layout": "auto"},
            "showValue": "never",
            "tooltip": {"mode": "single", "showColorScale": True, "yHistogram": True},
            "yAxis": {"axisPlacement": "left", "reverse": False, "unit": unit},
        },
        **placed,
    )  # fmt: skip


def states(title: str, about: str, query: Query, meaning: Mapping[int, tuple[str, str]], **placed: Any) -> Panel:
    """A band for each series, in the colour of the state that it was in. ``meaning``: value -> word and colour."""
    mapping = {str(value): {"color": colour, "index": value, "text": word} for value, (word, colour) in meaning.items()}
    return Panel(
        "state-timeline", title, about, (query,), "none",
        defaults={
            "color": {"mode": "thresholds"},
            "custom": {"fillOpacity": 75, "lineWidth": 0},
            "mappings": [{"options": mapping, "type": "value"}],
            **_thresholds((), GREY),
        },
        options={
            "alignValue": "left",
            "legend": {"calcs": [], "displayMode": "list", "placement": "bottom", "showLegend": True},
            "mergeValues": True,
            "rowHeight": 0.9,
            "showValue": "auto",
            "tooltip": {"mode": "single", "sort": "none"},
        },
        **placed,
    )  # fmt: skip


def table(
    title: str, about: str, rows: Mapping[str, str], columns: Sequence[tuple[str, str, str]], *, sort: str,
    descending: bool = True, **placed: Any,
) -> Panel:  # fmt: skip
    """A table. ``rows``: label -> heading of the first columns; ``columns``: heading, expression and unit of the
    others, whose series all have exactly those labels."""
    queries = tuple(Query(expression, kind="table") for _, expression, _ in columns)
    single = len(columns) == 1
    values = {
        f"Value #{chr(ord('A') + place)}" if not single else "Value": column for place, column in enumerate(columns)
    }
    order = {name: place for place, name in enumerate([*rows, *values])}
    return Panel(
        "table", title, about, queries, "short",
        defaults={"custom": {"align": "auto", "cellOptions": {"type": "auto"}, "inspect": False}},
        options={
            "cellHeight": "sm",
            "frameIndex": 0,
            "showHeader": True,
            "sortBy": [{"desc": descending, "displayName": sort}],
        },
        overrides=[override(heading, {"id": "unit", "value": unit}) for heading, _, unit in columns],
        transformations=[
            {"id": "merge", "options": {}},
            {
                "id": "organize",
                "options": {
                    "excludeByName": {"Time": True},
                    "includeByName": {},
                    "indexByName": order,
                    "renameByName": {**rows, **{name: column[0] for name, column in values.items()}},
                },
            },
        ],
        **placed,
    )  # fmt: skip


def _last() -> Json:
    return {"calcs": ["lastNotNull"], "fields": "", "values": False}


def _coloured(steps: Sequence[tuple[float, str]], base: str) -> Json:
    return {"color": {"mode": "thresholds"}, **_thresholds(steps, base)}


def _thresholds(steps: Sequence[tuple[float, str]], base: str) -> Json:
    found: list[Json] = [{"color": base, "value": None}]
    found += [{"color": colour, "value": value} for value, colour in steps]
    return {"thresholds": {"mode": "absolute", "steps": found}}


__all__ = ["GREEN", "ORANGE", "RED", "bars", "graph", "heatmap", "number", "ring", "states", "table"]
