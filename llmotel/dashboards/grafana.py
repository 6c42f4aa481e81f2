"""Grafana's dashboards as data: panels, rows and what surrounds them, in the JSON of schema version 42 (Grafana 13)."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

Json: TypeAlias = dict[str, Any]

SCHEMA_VERSION = 42
COLUMNS = 24
TAG = "llmotel"
_PROMETHEUS: Json = {"type": "prometheus", "uid": "${datasource}"}

RED, ORANGE, GREEN, BLUE, PURPLE, GREY = "#E02F44", "#FF9830", "#56A64B", "#3274D9", "#8F3BB8", "#8E8E8E"
LIGHT_BLUE, DARK_BLUE, YELLOW = "#8AB8FF", "#1F60C4", "#F2CC0C"


@dataclass(frozen=True, slots=True)
class Query:
    """A PromQL expression and how its answer is shown. ``kind``: ``range`` is a line over time, ``instant`` one value
    at the end, ``table`` rows of such values, ``heatmap`` a histogram's buckets over time, ``buckets`` at the end."""

    expression: str
    legend: str = ""
    kind: Literal["range", "instant", "table", "heatmap", "buckets"] = "range"
    exemplars: bool = False
    colour: str = ""
    limit: bool = False

    def json(self, ref: str, interval: str) -> Json:
        instant = self.kind in ("instant", "table", "buckets")
        shape = {"table": "table", "heatmap": "heatmap", "buckets": "heatmap"}.get(self.kind, "time_series")
        target: Json = {
            "datasource": _PROMETHEUS,
            "editorMode": "code",
            "exemplar": self.exemplars,
            "expr": self.expression,
            "format": shape,
            "instant": instant,
            "legendFormat": self.legend or "__auto",
            "range": not instant,
            "refId": ref,
        }
        if interval:
            target["interval"] = interval
        return target


def limit(expression: str, legend: str, colour: str = RED) -> Query:
    """A threshold, drawn as a dashed line: the recorded one, so that it is where the alert has it."""
    return Query(expression, legend, colour=colour, limit=True)


@dataclass(frozen=True, slots=True)
class Panel:
    """One panel. ``about`` says what it shows and when to worry; ``empty`` what it means that there is nothing."""

    kind: str
    title: str
    about: str
    queries: tuple[Query, ...]
    unit: str
    empty: str = "Nothing in this time range"
    width: int = 12
    height: int = 8
    defaults: Mapping[str, Any] = field(default_factory=dict)
    options: Mapping[str, Any] = field(default_factory=dict)
    overrides: Sequence[Json] = ()
    transformations: Sequence[Json] = ()
    time_from: str = ""
    interval: str = ""

    def json(self, number: int, x: int, y: int) -> Json:
        panel: Json = {
            "datasource": _PROMETHEUS,
            "description": self.about,
            "fieldConfig": {
                "defaults": {"noValue": self.empty, "unit": self.unit, **self.defaults},
                "overrides": [*self._colours(), *self.overrides],
            },
            "gridPos": {"h": self.height, "w": self.width, "x": x, "y": y},
            "id": number,
            "options": dict(self.options),
            "targets": [query.json(chr(ord("A") + place), self.interval) for place, query in enumerate(self.queries)],
            "title": self.title,
            "type": self.kind,
        }
        if self.transformations:
            panel["transformations"] = list(self.transformations)
        if self.time_from:
            panel["timeFrom"] = self.time_from
        return panel

    def _colours(self) -> Iterator[Json]:
        for query in self.queries:
            properties: list[Json] = []
            if query.colour:
                properties.append({"id": "color", "value": {"fixedColor": query.colour, "mode": "fixed"}})
            if query.limit:
                properties += [
                    {"id": "custom.drawStyle", "value": "line"},
                    {"id": "custom.lineStyle", "value": {"dash": [8, 8], "fill": "dash"}},
                    {"id": "custom.fillOpacity", "value": 0},
                    {"id": "custom.stacking", "value": {"group": "limit", "mode": "none"}},
                ]
            if properties:
                yield override(query.legend, *properties)


def override(name: str, *properties: Json) -> Json:
    """Properties of the one field that is called ``name``."""
    return {"matcher": {"id": "byName", "options": name}, "properties": list(properties)}


@dataclass(frozen=True, slots=True)
class Row:
    """Panels under a heading, from left to right and on to the next line. ``repeat`` names the variable for each of
    whose values the row is there once, closed until it is asked for."""

    title: str
    panels: Sequence[Panel]
    repeat: str = ""


@dataclass(frozen=True, slots=True)
class Dashboard:
    """A dashboard. Panels are numbered in their order."""

    uid: str
    title: str
    about: str
    rows: Sequence[Row]
    variables: Sequence[Json]
    annotations: Sequence[Json] = ()
    time_from: str = "now-6h"
    refresh: str = "1m"

    def panels(self) -> Iterator[Panel]:
        for row in self.rows:
            yield from row.panels

    def json(self) -> Json:
        return {
            "annotations": {"list": list(self.annotations)},
            "description": self.about,
            "editable": False,
            "fiscalYearStartMonth": 0,
            "graphTooltip": 1,
            "id": None,
            "links": [
                {
                    "asDropdown": False,
                    "icon": "external link",
                    "includeVars": True,
                    "keepTime": True,
                    "tags": [TAG],
                    "targetBlank": False,
                    "title": "llmotel",
                    "tooltip": "The other dashboards, with the same time range and filters",
                    "type": "dashboards",
                    "url": "",
                }
            ],
            "panels": self._panels(),
            "refresh": self.refresh,
            "schemaVersion": SCHEMA_VERSION,
            "tags": [TAG],
            "templating": {"list": list(self.variables)},
            "time": {"from": self.time_from, "to": "now"},
            "timepicker": {},
            "timezone": "browser",
            "title": self.title,
            "uid": self.uid,
            "version": 1,
            "weekStart": "",
        }

    def text(self) -> str:
        """The file that Grafana reads."""
        return json.dumps(self.json(), indent=1, ensure_ascii=False) + "\n"

    def _panels(self) -> list[Json]:
        made: list[Json] = []
        number, y = 1, 0
        for row in self.rows:
            heading: Json = {
                "collapsed": bool(row.repeat),
                "gridPos": {"h": 1, "w": COLUMNS, "x": 0, "y": y},
                "id": number,
                "panels": [],
                "title": row.title,
                "type": "row",
            }
            if row.repeat:
                heading["repeat"] = row.repeat
            made.append(heading)
            number, y = number + 1, y + 1
            x = tallest = 0
            for panel in row.panels:
                if x + panel.width > COLUMNS:
                    x, y, tallest = 0, y + tallest, 0
                (heading["panels"] if row.repeat else made).append(panel.json(number, x, y))
                number, x, tallest = number + 1, x + panel.width, max(tallest, panel.height)
            y = heading["gridPos"]["y"] + 1 if row.repeat else y + tallest
        return made


def datasource_variable() -> Json:
    """The choice of a Prometheus; at first the one that collector-config/grafana/provisioning brings."""
    return {
        "current": {"selected": True, "text": "Prometheus", "value": "prometheus"},
        "hide": 0,
        "includeAll": False,
        "label": "Data Source",
        "multi": False,
        "name": "datasource",
        "options": [],
        "query": "prometheus",
        "refresh": 1,
        "regex": "",
        "type": "datasource",
    }


def label_variable(name: str, label: str, selector: str, everything: str) -> Json:
    """The choice of any of a label's values, ``everything`` being the pattern for all of them."""
    query = f"label_values({selector}, {label})"
    return {
        "allValue": everything,
        "current": {"selected": True, "text": "All", "value": "$__all"},
        "datasource": _PROMETHEUS,
        "hide": 0,
        "includeAll": True,
        "label": name,
        "multi": True,
        "name": name,
        "options": [],
        "query": {"qryType": 1, "query": query, "refId": "PrometheusVariableQueryEditor-VariableQuery"},
        "refresh": 2,
        "regex": "",
        "sort": 1,
        "type": "query",
    }


def annotation(name: str, expression: str, title: str, text: str, colour: str) -> Json:
    """Marks on every graph, for as long as ``expression`` has series."""
    return {
        "datasource": _PROMETHEUS,
        "enable": True,
        "hide": False,
        "iconColor": colour,
        "name": name,
        "target": {"expr": expression, "interval": "60s", "refId": "Anno"},
        "textFormat": text,
        "titleFormat": title,
    }
