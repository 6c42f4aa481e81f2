"""Writes ``docs/dashboards/README.md``: what each panel of each dashboard says.

``python -m docs.dashboards.render`` writes it; with ``--check`` it fails when it is not what would be written.
"""

from __future__ import annotations

import sys
from pathlib import Path

from llmotel.dashboards import dashboards
from llmotel.dashboards.grafana import Dashboard, Row

PAGE = Path(__file__).with_name("README.md")

HEAD = """# Dashboards

<!-- Written by `python -m docs.dashboards.render` from llmotel/dashboards/. -->

Four dashboards for Grafana 13, one for each question. `docker compose up` has them at http://localhost:3000, in the
folder LLM; everywhere else, import the files of
[`collector-config/grafana/dashboards`](../../collector-config/grafana/dashboards).

| Dashboard | Question |
|---|---|
{table}

- They ask a Prometheus for what llmotel sends under `LLMOTEL_SEMCONV=latest` (or `dup`).
  `llmotel dashboards render DIR --semconv legacy` writes those for `legacy`, which has no cached and reasoning tokens.
- Data source, service (`job`), provider and model are chosen at the top, and kept when you go from one dashboard to
  another. Panels that a filter cannot apply to say so.
- The dots on latency, cost and score panels are single calls. Each leads to its trace in Jaeger.
- Dashed lines and "of the alert's limit" panels are what the [alerts](../runbooks) compare, and move with the
  thresholds that you set. Without the recording rules of `collector-config/prometheus/rules` they are empty. An alert
  also wants a minimum of calls: at night a panel may stand at 100% and nothing fires.
- Features and tenants are told apart when `LLMOTEL_METRIC_TAGS=feature,tenant` puts them on metrics.
- Counts and sums over a time range are exact: not `increase()`, which estimates, but the value at the end less the
  value before, process by process. So they are right for processes that lived for one export. The price is heavier
  queries: with thousands of series, choose a shorter range. A process that was silent for more than a day before the
  range counts as new.
- Percentiles lie within a bucket of the histogram: they are as exact as its buckets are narrow.

There are no pictures of them here: no Grafana could be had where they were written, and none has shown them yet. What
is tested: every query has an answer from a real Prometheus after a workload of several processes, calls and tokens
are right to the last one and dollars to a billionth, every metric is one that llmotel sends, and the rules of
Grafana's dashboard linter, which could not be had either, as tests of our own. The form of the files was compared by
hand with the types of `@grafana/schema` 13.2.3, the units with `@grafana/data`.
"""


def page() -> str:
    """The whole page."""
    made = dashboards()
    table = "\n".join(f"| [{one.title}](#{_anchor(one.title)}) | {one.about} |" for one in made)
    return HEAD.format(table=table) + "".join(section(dashboard) for dashboard in made)


def section(dashboard: Dashboard) -> str:
    """One dashboard."""
    rows = "".join(_row(row) for row in dashboard.rows)
    return f"\n## {dashboard.title}\n\n`/d/{dashboard.uid}`\n\n| | Panel | What it says |\n|---|---|---|\n{rows}"


def _row(row: Row) -> str:
    lines = []
    for place, panel in enumerate(row.panels):
        heading = row.title if place == 0 else ""
        lines.append(f"| {heading} | {panel.title} | {panel.about} |\n")
    return "".join(lines)


def _anchor(title: str) -> str:
    return title.lower().replace(" ", "-")


def main(*arguments: str) -> None:
    """Writes the page, or with ``--check`` looks whether it is up to date."""
    if arguments == ("--check",):
        if not PAGE.exists() or PAGE.read_text("utf-8") != page():
            sys.exit("docs/dashboards/README.md is not up to date: python -m docs.dashboards.render")
    elif arguments:
        sys.exit(__doc__)
    else:
        PAGE.write_text(page(), "utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:])
