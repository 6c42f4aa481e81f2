"""The dashboards: what they ask for is what llmotel sends, and Grafana can read how they say it.

Among these are the checks that grafana/dashboard-linter documents. Where the dashboards leave one of its rules, the test
says why.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest

from llmotel.alerts.rules import rule_files
from llmotel.alerts.thresholds import Thresholds
from llmotel.cli import main
from llmotel.dashboards import dashboards, generate, render
from llmotel.dashboards.grafana import COLUMNS
from llmotel.signals.prometheus import Kind, series
from receiver import Receiver
from scripts import run

GRAFANA = Path(__file__).parent.parent / "collector-config" / "grafana"
UNITS = {"currencyUSD", "none", "percentunit", "reqps", "s", "short"}
"""Of Grafana's unit ids those in use, each looked up in @grafana/data 13.2."""

EVERY = [
    pytest.param(dashboard, id=f"{generation}-{dashboard.uid}")
    for generation in ("latest", "legacy")
    for dashboard in dashboards(generation)
]
every_dashboard = pytest.mark.parametrize("dashboard", EVERY)


def panels(dashboard: Any) -> list[dict[str, Any]]:
    """The panels of a dashboard's JSON, those of closed rows too, without the headings."""
    found = dashboard.json()["panels"]
    return [panel for top in found for panel in (top, *top.get("panels", ())) if panel["type"] != "row"]


def expressions(dashboard: Any) -> Iterator[str]:
    for panel in panels(dashboard):
        yield from (target["expr"] for target in panel["targets"])


def asked(dashboard: Any) -> set[str]:
    """The series that a dashboard asks for, those of llmotel and those that its rules record."""
    text = "\n".join([*expressions(dashboard), *(str(variable["query"]) for variable in dashboard.variables)])
    return set(
        re.findall(r"\b(?:gen_ai|llmotel)_\w+(?=\{)|\b(?:gen_ai|llmotel)_\w+_(?:count|total)\b|\bllmotel:[\w:]+", text)
    )


def sent(receiver: Receiver) -> set[str]:
    """The series of what arrived, by the names that Prometheus gives them."""
    found: set[str] = set()
    for body in receiver.bodies["/v1/metrics"]:
        for resource in ExportMetricsServiceRequest.FromString(body).resource_metrics:
            for metric in (metric for scope in resource.scope_metrics for metric in scope.metrics):
                data = metric.WhichOneof("data")
                kind: Kind = (
                    "counter"
                    if data == "sum" and metric.sum.is_monotonic
                    else "histogram"
                    if data == "histogram"
                    else "gauge"
                )
                name = series(metric.name, metric.unit, kind)
                found |= {f"{name}_{part}" for part in ("bucket", "sum", "count")} if kind == "histogram" else {name}
    return found


def test_the_checked_in_dashboards_are_those_of_the_code() -> None:
    assert generate.main(["--check"]) == 0


def test_a_dashboard_that_was_changed_by_hand_is_found_out(tmp_path: Path, capsys: Any) -> None:
    assert generate.main([str(tmp_path)]) == 0
    assert generate.main(["--check", str(tmp_path)]) == 0
    (tmp_path / "llmotel-cost.json").write_text("{}", "utf-8")
    (tmp_path / "old.json").write_text("{}", "utf-8")
    assert generate.main(["--check", str(tmp_path)]) == 1
    assert "out of date: llmotel-cost.json, old.json" in capsys.readouterr().err


@pytest.mark.parametrize("generation", ["latest", "legacy"])
def test_every_metric_that_is_asked_for_is_one_that_llmotel_sends(generation: Any) -> None:
    with Receiver() as receiver:
        run(
            "import workload; workload.main()",
            OTEL_EXPORTER_OTLP_ENDPOINT=receiver.url,
            LLMOTEL_SEMCONV=generation,
            LLMOTEL_METRIC_TAGS="feature,tenant",
        )
    wanted = {name for dashboard in dashboards(generation) for name in asked(dashboard) if ":" not in name}
    assert wanted
    assert wanted - sent(receiver) == set()


@pytest.mark.parametrize("generation", ["latest", "legacy"])
def test_every_recorded_series_that_is_asked_for_is_one_that_the_alerts_record(generation: Any) -> None:
    rules = "\n".join(rule_files(Thresholds.load({}), generation).values())
    recorded = set(re.findall(r'record: "?(llmotel:[\w:]+)', rules))
    wanted = {name for dashboard in dashboards(generation) for name in asked(dashboard) if ":" in name}
    assert wanted
    assert wanted - recorded == set()


@every_dashboard
def test_ids_are_unique_and_panels_do_not_overlap(dashboard: Any) -> None:
    made = dashboard.json()["panels"]
    everything = [panel for top in made for panel in (top, *top.get("panels", ()))]
    assert len({panel["id"] for panel in everything}) == len(everything)
    for shown in (made, *(top["panels"] for top in made if top.get("panels"))):
        taken: set[tuple[int, int]] = set()
        for panel in shown:
            left, top, width, height = (panel["gridPos"][key] for key in "xywh")
            assert left + width <= COLUMNS
            cells = {(x, y) for x in range(left, left + width) for y in range(top, top + height)}
            assert not cells & taken, panel["title"]
            taken |= cells
    for panel in panels(dashboard):
        refs = [target["refId"] for target in panel["targets"]]
        assert len(set(refs)) == len(refs)


@every_dashboard
def test_every_panel_says_what_it_is_and_what_it_means_that_there_is_nothing(dashboard: Any) -> None:
    titles = [panel["title"] for panel in panels(dashboard)]
    assert len(set(titles)) == len(titles)
    for panel in panels(dashboard):
        assert panel["description"].endswith("."), panel["title"]
        assert panel["fieldConfig"]["defaults"]["noValue"], panel["title"]
        assert panel["fieldConfig"]["defaults"]["unit"] in UNITS, panel["title"]
        assert panel["targets"], panel["title"]


@every_dashboard
def test_every_query_goes_to_the_data_source_that_is_chosen(dashboard: Any) -> None:
    chosen = {"type": "prometheus", "uid": "${datasource}"}
    for panel in panels(dashboard):
        assert [panel["datasource"], *(target["datasource"] for target in panel["targets"])] == [chosen] * (
            1 + len(panel["targets"])
        )
    first, *others = dashboard.variables
    assert (first["name"], first["type"], first["label"]) == ("datasource", "datasource", "Data Source")
    assert [variable["datasource"] for variable in others] == [chosen] * len(others)


@every_dashboard
def test_variables_filter_by_service_provider_and_model_and_follow_the_time_range(dashboard: Any) -> None:
    """No variable for the instance, which the linter asks for: each process has an id of its own."""
    _, *others = dashboard.variables
    assert [(variable["name"], variable["allValue"]) for variable in others] == [
        ("job", ".+"),
        ("provider", ".*"),  # an operation may have no model
        ("model", ".*"),
    ]
    for variable in others:
        assert (variable["multi"], variable["includeAll"], variable["refresh"]) == (True, True, 2)


@every_dashboard
def test_every_query_about_services_is_filtered_by_the_service(dashboard: Any) -> None:
    """What is not: thresholds, the whole organisation's spending, and the collector, which no service is."""
    for expression in expressions(dashboard):
        for name, matchers in re.findall(r"\b((?:gen_ai|llmotel)_\w+|llmotel:[\w:]+)(\{[^}]*\})?", expression):
            if name.startswith(("llmotel:threshold:", "llmotel:cost_usd:")) or (
                not matchers and "_" in name and ":" not in name
            ):
                continue
            assert 'job=~"$job"' in matchers, expression


@every_dashboard
def test_rates_over_time_take_the_interval_that_grafana_works_out(dashboard: Any) -> None:
    """The linter wants it everywhere. A single number over the whole time range cannot have it, nor can a day."""
    for panel in panels(dashboard):
        for target in panel["targets"]:
            for window in re.findall(r"\b(?:rate|increase)\([^\[]*\[([^\]]*)\]", target["expr"]):
                if target["instant"]:
                    assert window in ("$__range", "7d"), (panel["title"], target["expr"])
                else:
                    assert window in ("$__rate_interval", "1d"), (panel["title"], target["expr"])
                assert window != "1d" or target["interval"] == "1d"


@every_dashboard
def test_no_query_names_the_edge_of_a_bucket(dashboard: Any) -> None:
    """Prometheus 2 writes le="30" where Prometheus 3 writes le="30.0"."""
    for expression in expressions(dashboard):
        assert not re.search(r"\ble\s*[=!]", expression), expression


@every_dashboard
def test_every_line_has_a_name_in_the_legend(dashboard: Any) -> None:
    for panel in panels(dashboard):
        if panel["type"] in ("timeseries", "state-timeline", "bargauge", "piechart", "heatmap"):
            for target in panel["targets"]:
                labels = set(re.findall(r"\{\{(\w+)\}\}", target["legendFormat"]))
                grouped = set(re.findall(r"\w+", " ".join(re.findall(r"by \(([^)]*)\)", target["expr"]))))
                assert target["legendFormat"] != "__auto" and labels <= grouped, panel["title"]


@every_dashboard
def test_the_dashboards_are_linked_to_each_other_with_time_and_filters(dashboard: Any) -> None:
    made = dashboard.json()
    [link] = made["links"]
    assert (link["type"], link["keepTime"], link["includeVars"]) == ("dashboards", True, True)
    assert link["tags"] == made["tags"] == ["llmotel"]


@every_dashboard
def test_a_dashboard_is_changed_in_the_code_and_nowhere_else(dashboard: Any) -> None:
    assert dashboard.json()["editable"] is False


@pytest.mark.parametrize(
    ("dashboard", "threshold"),
    [
        ("performance", "p99_seconds"),
        ("performance", "latency_regression"),
        ("cost", "daily_budget_usd"),
        ("cost", "unpriced_ratio"),
        ("quality", "grounding_minimum"),
        ("quality", "grounding_target"),
        ("quality", "grounding_regression"),
        ("reliability", "error_ratio"),
        ("reliability", "queue_ratio"),
    ],
)
def test_the_thresholds_of_alerts_are_drawn_from_what_the_user_set(dashboard: str, threshold: str) -> None:
    [found] = [made for made in dashboards() if made.uid == f"llmotel-{dashboard}"]
    line = re.compile(rf"max\(.*llmotel:threshold:{threshold}\b.*\)")
    drawn = [
        panel["fieldConfig"]["overrides"]
        for panel in panels(found)
        if panel["type"] == "timeseries" and any(line.fullmatch(target["expr"]) for target in panel["targets"])
    ]
    assert drawn
    for overrides in drawn:
        properties = [one for override in overrides for one in override["properties"]]
        assert {"id": "custom.lineStyle", "value": {"dash": [8, 8], "fill": "dash"}} in properties


@pytest.mark.parametrize("generation", ["latest", "legacy"])
def test_latency_cost_and_grounding_lead_to_traces_by_exemplars(generation: Any) -> None:
    with_exemplars = {
        panel["title"]
        for dashboard in dashboards(generation)
        for panel in panels(dashboard)
        for target in panel["targets"]
        if target["exemplar"]
    }
    assert with_exemplars >= {"Latency", "Time to first chunk", "Cost of a call", "Grounding, every answer"}


def test_grafana_is_given_the_sources_that_dashboards_and_exemplars_name() -> None:
    [sources] = (GRAFANA / "provisioning" / "datasources").glob("*.yaml")
    found = {source["uid"]: source for source in yaml.safe_load(sources.read_text("utf-8"))["datasources"]}
    assert {uid: source["type"] for uid, source in found.items()} == {
        "prometheus": "prometheus",
        "jaeger": "jaeger",
        "alertmanager": "alertmanager",
    }
    [destination] = found["prometheus"]["jsonData"]["exemplarTraceIdDestinations"]
    assert (destination["name"], destination["datasourceUid"]) == ("trace_id", "jaeger")
    assert dashboards()[0].variables[0]["current"]["value"] == "prometheus"


def test_grafana_is_given_the_folder_where_compose_mounts_the_dashboards() -> None:
    [providers] = (GRAFANA / "provisioning" / "dashboards").glob("*.yaml")
    [provider] = yaml.safe_load(providers.read_text("utf-8"))["providers"]
    compose = yaml.safe_load((GRAFANA.parent.parent / "docker-compose.yml").read_text("utf-8"))
    mounts = dict(mount.removesuffix(":ro").split(":") for mount in compose["services"]["grafana"]["volumes"])
    assert mounts["./collector-config/grafana/dashboards"] == provider["options"]["path"]
    assert mounts["./collector-config/grafana/provisioning"] == "/etc/grafana/provisioning"


def test_render_writes_the_dashboards_of_the_metric_names_in_use(tmp_path: Path, capsys: Any) -> None:
    assert main(["dashboards", "render", str(tmp_path / "new"), "--semconv", "legacy"]) == 0
    written = {path.name: path.read_text("utf-8") for path in (tmp_path / "new").iterdir()}
    assert written == render("legacy")
    assert "gen_ai_client_operation_duration_seconds" in written["llmotel-performance.json"]
    assert "gen_ai_client_inference_duration" not in "".join(written.values())
    assert "llmotel-cost.json" in capsys.readouterr().out


def test_render_takes_no_other_names(tmp_path: Path, capsys: Any) -> None:
    with pytest.raises(SystemExit) as stopped:
        main(["dashboards", "render", str(tmp_path), "--semconv", "newest"])
    assert stopped.value.code == 2
    assert "invalid choice: 'newest' (choose from" in capsys.readouterr().err


def test_render_says_why_a_folder_cannot_be_written(tmp_path: Path, capsys: Any) -> None:
    (tmp_path / "file").write_text("", "utf-8")
    assert main(["dashboards", "render", str(tmp_path / "file")]) == 1
    assert "file cannot be written: " in capsys.readouterr().err


@every_dashboard
def test_a_file_is_what_its_dashboard_says(dashboard: Any) -> None:
    assert json.loads(dashboard.text()) == dashboard.json()
