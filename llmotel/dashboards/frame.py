"""What the dashboards share: variables, the marks of firing alerts, the way they are called."""

from __future__ import annotations

from collections.abc import Sequence

from llmotel.dashboards.grafana import (
    RED,
    Dashboard,
    Json,
    Row,
    annotation,
    datasource_variable,
    label_variable,
)
from llmotel.dashboards.names import OVERHEAD, Names, own
from llmotel.dashboards.promql import JOB, MODEL, PROVIDER
from llmotel.signals.prometheus import series


def dashboard(name: str, about: str, names: Names, rows: Sequence[Row], *, time_from: str = "now-6h",
              refresh: str = "1m") -> Dashboard:  # fmt: skip
    """The dashboard ``name``. Its uid, which links and alerts know, is ``llmotel-NAME``."""
    return Dashboard(
        uid=f"llmotel-{name}",
        title=f"LLM {name}",
        about=about,
        rows=rows,
        variables=_variables(names),
        annotations=[
            annotation(
                "Alerts",
                'max by (alertname, job) (ALERTS{alertname=~"LLM.+", alertstate="firing"})',
                "{{alertname}}",
                "{{job}}",
                RED,
            )
        ],
        time_from=time_from,
        refresh=refresh,
    )


def _variables(names: Names) -> list[Json]:
    # Every process of llmotel has this counter from its first export on, also one that has not called anything yet.
    processes = own("errors")
    processes_series = series(processes.name, processes.unit, processes.kind)
    calls = f"{series(OVERHEAD.name, OVERHEAD.unit, OVERHEAD.kind)}_count"
    durations = "|".join(f"{series(metric.name, metric.unit, metric.kind)}_count" for metric in names.everything)
    filtered = f'{JOB}=~"$job"'
    return [
        datasource_variable(),
        label_variable("job", JOB, processes_series, ".+"),
        # Not every operation has a model: ".*" keeps those that have none.
        label_variable("provider", PROVIDER, f"{calls}{{{filtered}}}", ".*"),
        label_variable("model", MODEL, f'{{__name__=~"{durations}", {filtered}, {PROVIDER}=~"$provider"}}', ".*"),
    ]
