"""The dashboards' queries, asked of real Prometheus."""

from __future__ import annotations

import json
import math
import re
import subprocess
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress
from pathlib import Path
from textwrap import dedent
from typing import Any, NamedTuple

import pytest

import llmotel
import workload
from llmotel import semconv
from llmotel.alerts.rules import rule_files
from llmotel.alerts.thresholds import Thresholds
from llmotel.dashboards import dashboards
from llmotel.dashboards.promql import growth
from llmotel.signals.prometheus import series
from llmotel.testing import ProviderServer
from llmotel.testing.calls import LlmCalls
from llmotel.testing.recording import recording
from receiver import HANG, Receiver
from scripts import start
from stack.running import clear_of_the_end_of, eventually, fetch, free_port
from stack.servers import Collector, Prometheus

pytestmark = pytest.mark.timeout(600)

Program = Callable[[str], Path]

VALUES = {
    "$__rate_interval": "1m",
    "$__range_s": "3600",
    "$__range": "1h",
    "$__interval": "15s",
    "$job": ".+",
    "$provider": ".*",
    "$model": ".*",
}
"""What Grafana puts in place of its variables, for the last hour and with every filter at All. Longer names first."""


def filled(expression: str, **values: str) -> str:
    for name, value in {**VALUES, **{f"${name}": value for name, value in values.items()}}.items():
        expression = expression.replace(name, value)
    assert "$" not in expression, expression
    return expression


@pytest.mark.parametrize("generation", ["latest", "legacy"])
def test_prometheus_can_read_every_query(generation: Any, program: Program, tmp_path: Path) -> None:
    expressions = [
        filled(target["expr"])
        for dashboard in dashboards(generation)
        for panel in dashboard.panels()
        for target in panel.json(1, 0, 0)["targets"]
    ]
    rules = [{"record": f"asked:{place}", "expr": expression} for place, expression in enumerate(expressions)]
    file = tmp_path / "rules.json"
    file.write_text(json.dumps({"groups": [{"name": "asked", "rules": rules}]}), "utf-8")
    done = subprocess.run(
        [program("promtool"), "check", "rules", "--lint=none", file], capture_output=True, text=True, check=False
    )
    assert (done.returncode, f"{len(rules)} rules found" in done.stdout) == (0, True), done.stdout + done.stderr


class Busy(NamedTuple):
    """The stack after a busy minute of several processes, and eight days of spending before."""

    prometheus: Prometheus
    begun: int
    now: float

    def asks(self, panel: dict[str, Any], target: dict[str, Any], **values: str) -> list[float]:
        """Every number of the answer to what Grafana would ask for the last minutes, none of them NaN."""
        expression = filled(target["expr"], **values)
        if target["instant"]:
            found = [value for _, value in self.prometheus.query(expression, time=self.now)]
        else:
            step = DAY if target.get("interval") == "1d" else 5
            span = 7 * DAY if panel.get("timeFrom") == "7d" else 120
            start = (self.now - span) // step * step  # as Grafana aligns it
            data = self.prometheus.get("query_range", query=expression, start=start, end=self.now, step=step)
            found = [float(value) for series in data["result"] for _, value in series["values"]]
        return [value for value in found if not math.isnan(value)]

    def number(self, uid: str, title: str, **values: str) -> float:
        """What a panel with one number says."""
        [panel] = [
            panel
            for dashboard in dashboards()
            if dashboard.uid == uid
            for panel in shown(dashboard)
            if panel["title"] == title
        ]
        [target] = panel["targets"]
        [value] = self.asks(panel, target, **values)
        return value

    def rows(self, uid: str, title: str, column: str) -> dict[str, float]:
        """What a column of a table says, by the first column."""
        [panel] = [
            panel
            for dashboard in dashboards()
            if dashboard.uid == uid
            for panel in shown(dashboard)
            if panel["title"] == title
        ]
        _, organize = panel["transformations"]
        [field] = [name for name, heading in organize["options"]["renameByName"].items() if heading == column]
        [target] = [target for target in panel["targets"] if field == f"Value #{target['refId']}"]
        found = self.prometheus.query(filled(target["expr"]), time=self.now)
        return {next(iter(labels.values())): value for labels, value in found}


def shown(dashboard: Any) -> list[dict[str, Any]]:
    """The panels of a dashboard's JSON, those of closed rows too."""
    made = dashboard.json()["panels"]
    return [panel for top in made for panel in (top, *top.get("panels", ())) if panel["type"] != "row"]


SERVICES, ROUNDS = ("shop", "desk"), 4
DAYS = [3.0, 1.5, 4.0, 1.0, 5.0, 9.0, 2.0, 6.0]
"""What a process spent on each of the eight days before yesterday, when it was no more."""
DAY = 86_400

# A way through the collector that leads nowhere: one exporter fails, the other's queue is always full.
BROKEN = """
receivers:
  otlp/broken: {protocols: {http: {endpoint: "127.0.0.1:${env:BROKEN_PORT}"}}}
exporters:
  otlp_http/gone:
    endpoint: http://127.0.0.1:1
    retry_on_failure: {enabled: false}
  otlp_http/stuck:
    endpoint: "${env:STUCK}"
    timeout: 100s
    sending_queue: {num_consumers: 1, queue_size: 1}
service:
  pipelines:
    traces/broken: {receivers: [otlp/broken], exporters: [otlp_http/gone, otlp_http/stuck]}
    metrics/broken: {receivers: [otlp/broken], exporters: [otlp_http/gone, otlp_http/stuck]}
    logs/broken: {receivers: [otlp/broken], exporters: [otlp_http/gone, otlp_http/stuck]}
"""
REQUESTS: dict[str, Any] = {
    "traces": {"resourceSpans": [{"scopeSpans": [{"spans": [{
        "traceId": "5b8efff798038103d269b633813fc60c", "spanId": "eee19b7ec3c1b174", "name": "lost", "kind": 1,
        "startTimeUnixNano": "1", "endTimeUnixNano": "2"}]}]}]},
    "metrics": {"resourceMetrics": [{"scopeMetrics": [{"metrics": [{
        "name": "lost", "gauge": {"dataPoints": [{"asDouble": 1, "timeUnixNano": "1"}]}}]}]}]},
    "logs": {"resourceLogs": [{"scopeLogs": [{"logRecords": [{"timeUnixNano": "1", "body": {"stringValue": "lost"}}]}]}]},
}  # fmt: skip


@pytest.fixture(scope="module")
def busy(program: Program, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Busy]:
    folder = tmp_path_factory.mktemp("busy")
    clear_of_the_end_of("day", 200)
    begun = int(time.time()) // DAY * DAY - (len(DAYS) + 1) * DAY
    history(program, folder, begun)
    rules = folder / "rules"
    rules.mkdir()
    for name, text in rule_files(Thresholds.load({}), "latest").items():
        (rules / name).write_text(text, "utf-8")
    # An alert that fires at once, for the marks on the graphs.
    (rules / "test.yaml").write_text(
        "groups: [{name: test, rules: [{alert: LLMTest, expr: vector(1), labels: {job: shop}}]}]", "utf-8"
    )
    with ExitStack() as stack:
        stuck = stack.enter_context(Receiver(HANG))
        nowhere = free_port()
        collector = Collector(
            program("otelcol-llmotel"), folder / "collector", "core.yaml", "backends/prometheus.yaml", BROKEN,
            STUCK=stuck.url, BROKEN_PORT=str(nowhere),
        )  # fmt: skip
        config = f"""
            global: {{evaluation_interval: 1s, scrape_interval: 1s}}
            rule_files: ['{rules}/*.yaml']
            scrape_configs: [{{job_name: otel-collector, static_configs: [{{targets: ['{collector.telemetry}']}}]}}]
            storage: {{tsdb: {{out_of_order_time_window: 30m}}}}
        """
        prometheus = Prometheus(program("prometheus"), folder / "prometheus", dedent(config))
        collector.environment["PROMETHEUS_OTLP_ENDPOINT"] = prometheus.otlp
        stack.enter_context(prometheus)
        stack.enter_context(collector)
        stack.callback(collector.kill)  # asked to end, it would wait a minute for its exporters to empty their queues
        with ThreadPoolExecutor() as pool:
            working = [pool.submit(work, collector.url, name) for name in SERVICES]
            while not all(process.done() for process in working):
                lose(f"http://127.0.0.1:{nowhere}")
                time.sleep(1)
            for process in working:
                process.result()
        wanted = len(SERVICES) * ROUNDS
        moderations = "sum(gen_ai_client_operation_duration_seconds_count{gen_ai_operation_name='moderation'})"
        eventually(lambda: prometheus.query(moderations) == [({}, wanted)], "all calls in Prometheus")
        time.sleep(3)  # the last evaluation of the rules
        yield Busy(prometheus, begun, time.time())


def lose(url: str) -> None:
    """Sends one record of each signal; a refusal is what is wanted."""
    for signal, body in REQUESTS.items():
        with suppress(OSError):
            fetch(f"{url}/v1/{signal}", body)


def work(endpoint: str, name: str) -> None:
    process = start(
        f"import workload; workload.main(rounds={ROUNDS}, pause=2)",
        OTEL_SERVICE_NAME=name,
        OTEL_EXPORTER_OTLP_ENDPOINT=endpoint,
        OTEL_METRIC_EXPORT_INTERVAL="500",
        OTEL_BSP_SCHEDULE_DELAY="100",
        OTEL_BLRP_SCHEDULE_DELAY="100",
        LLMOTEL_SEMCONV="dup",
        LLMOTEL_METRIC_TAGS="feature,tenant",
    )
    with process:
        _, said = process.communicate(timeout=200)
    assert (process.returncode, said) == (0, "")


def history(program: Program, folder: Path, begun: int) -> None:
    """The days of the process before, and what the rules recorded then, as blocks that Prometheus finds when it starts."""
    labels = 'job="shop",instance="before",gen_ai_provider_name="openai",gen_ai_request_model="gpt-4.1"'
    cost = series(semconv.COST_COUNTER, "{USD}", "counter")
    points: dict[str, list[str]] = {}
    spent = 0.0
    for day, amount in enumerate(DAYS):
        for second in range(240, DAY + 1, 240):  # a sample is an answer for five minutes
            for name, value in (
                (f"{cost}{{{labels}}}", spent + amount * second / DAY),
                ("llmotel:cost_usd:increase1h", amount / 24),
                ('llmotel:duration_seconds:mean1h{job="shop",gen_ai_operation_name="chat"}', 0.5),
                ('llmotel:grounding:mean1h{job="shop"}', 0.9),
            ):
                points.setdefault(name, []).append(f"{name} {value:.6f} {begun + day * DAY + second}")
        spent += amount
    kinds = {name: "counter" if name.startswith(cost) else "gauge" for name in points}
    lines = [
        line
        for name, values in points.items()
        for line in (f"# TYPE {name.partition('{')[0].removesuffix('_total')} {kinds[name]}", *values)
    ]
    file = folder / "history.om"
    file.write_text("\n".join([*lines, "# EOF", ""]), "utf-8")
    command = [program("promtool"), "tsdb", "create-blocks-from", "openmetrics", "--max-block-duration=24h", file]
    done = subprocess.run([*command, folder / "prometheus" / "tsdb"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("generation", ["latest", "legacy"])
def test_every_query_of_every_panel_has_an_answer(generation: Any, busy: Busy) -> None:
    silent = [
        f"{dashboard.uid}: {panel['title']}: {target['expr']}"
        for dashboard in dashboards(generation)
        for panel in shown(dashboard)
        for target in panel["targets"]
        if not busy.asks(panel, target)
    ]
    assert not silent, "\n".join(silent)


@pytest.fixture(scope="module")
def day() -> Iterator[LlmCalls]:
    """The calls of one round of one process, by llmotel's own record of them."""
    with recording() as calls, ProviderServer() as server:
        llmotel.init()
        workload.run(server)
        yield calls


def test_calls_tokens_and_failures_are_counted_to_the_last_one(busy: Busy, day: LlmCalls) -> None:
    """Of several processes that have ended, while Prometheus saw their counters rise from export to export."""
    times = len(SERVICES) * ROUNDS
    answers = [call for call in day if call.operation in semconv.INFERENCE_OPERATIONS]
    assert busy.number("llmotel-performance", "Calls") == len(answers) * times
    tokens = sum((call.input_tokens or 0) + (call.output_tokens or 0) for call in answers)
    assert busy.number("llmotel-performance", "Tokens") == tokens * times
    failed = sum(call.error is not None for call in day)
    assert busy.number("llmotel-reliability", "Error rate") == pytest.approx(failed / len(day), abs=1e-12)
    unpriced = sum(call.model == "a-model-without-a-price" for call in day)
    assert busy.number("llmotel-cost", "Calls without a price") == unpriced * times


def test_spending_is_exact_to_a_billionth_of_a_dollar(busy: Busy, day: LlmCalls) -> None:
    spent = math.fsum(call.cost or 0 for call in day) * len(SERVICES) * ROUNDS
    assert busy.number("llmotel-cost", "Today") == pytest.approx(spent, abs=1e-9)
    per_model = busy.rows("llmotel-cost", "By model", "Cost")
    assert math.fsum(per_model.values()) == pytest.approx(spent, abs=1e-9)
    assert per_model["gpt-4.1"] == pytest.approx(
        len(SERVICES) * ROUNDS * math.fsum(call.cost or 0 for call in day if call.model == "gpt-4.1"), abs=1e-9
    )


def test_a_feature_that_earns_less_than_it_costs_is_the_first_of_the_least_profitable(
    busy: Busy, day: LlmCalls
) -> None:
    profit = busy.rows("llmotel-cost", "Least profitable features", "Profit")
    assert min(profit, key=lambda feature: profit[feature]) == "advice"
    times = len(SERVICES) * ROUNDS
    orders = math.fsum(call.cost or 0 for call in day if call.tags.get(semconv.FEATURE) == "orders")
    assert profit == {
        "advice": pytest.approx(
            times * (0.000001 - math.fsum(call.cost or 0 for call in day if call.tags.get(semconv.FEATURE) == "advice"))
        ),
        "orders": pytest.approx(times * (0.25 - orders)),
    }


def test_filters_choose_service_provider_and_model(busy: Busy) -> None:
    calls = busy.number("llmotel-performance", "Calls")
    assert busy.number("llmotel-performance", "Calls", job="shop") == calls / 2
    assert busy.number("llmotel-performance", "Calls", provider="anthropic") == 2 * len(SERVICES) * ROUNDS
    assert busy.number("llmotel-performance", "Calls", model="(gpt-4.1|claude-haiku-4-5)") == 3 * len(SERVICES) * ROUNDS


@pytest.mark.parametrize("generation", ["latest", "legacy"])
def test_the_variables_offer_what_there_is(generation: Any, busy: Busy) -> None:
    for dashboard in dashboards(generation):
        offered = {}
        for variable in dashboard.variables[1:]:
            query = filled(variable["query"]["query"])
            match = re.fullmatch(r"label_values\((.+), (\w+)\)", query)
            assert match
            offered[variable["name"]] = busy.prometheus.get(f"label/{match[2]}/values", **{"match[]": match[1]})
        assert offered["job"] == ["desk", "shop"]
        assert offered["provider"] == ["anthropic", "openai"]
        assert {"gpt-4.1", "claude-haiku-4-5", "text-embedding-3-small"} <= set(offered["model"])


def test_the_dots_on_the_graphs_are_traces(busy: Busy) -> None:
    """Grafana asks for the exemplars of a query's series, and goes to the trace by their trace_id."""
    for dashboard in dashboards():
        for panel in shown(dashboard):
            for target in panel["targets"]:
                if target["exemplar"]:
                    found = busy.prometheus.exemplars(filled(target["expr"]))
                    assert found, panel["title"]
                    assert all(re.fullmatch(r"[0-9a-f]{32}", dot["labels"]["trace_id"]) for dot in found)


def test_firing_alerts_are_marked_on_every_graph(busy: Busy) -> None:
    for dashboard in dashboards():
        [marks] = dashboard.annotations
        firing = {labels["alertname"] for labels, _ in busy.prometheus.query(marks["target"]["expr"])}
        assert "LLMTest" in firing


def test_seven_days_are_calendar_days(busy: Busy) -> None:
    """Each bar stands at the day's begin and says what the day cost, though the process ended halfway through the week."""
    [panel] = [panel for dashboard in dashboards() for panel in shown(dashboard) if panel["title"] == "Seven days"]
    start = (busy.now - 7 * DAY) // DAY * DAY
    data = busy.prometheus.get(
        "query_range", query=filled(panel["targets"][0]["expr"]), start=start, end=busy.now, step=DAY
    )
    [series_] = data["result"]
    days = {int((at - busy.begun) / DAY): float(value) for at, value in series_["values"]}
    full = {day: amount for day, amount in enumerate(DAYS) if day in days}
    assert len(full) >= 5
    assert {day: days[day] for day in full} == pytest.approx(full, abs=1e-5)


def test_the_forecast_is_the_month_so_far_and_the_mean_of_the_week_for_the_days_left(busy: Busy) -> None:
    values = {"__range_s": str(10 * DAY), "__range": "10d"}
    forecast = busy.number("llmotel-cost", "Month's end, forecast", **values)
    spent = busy.number("llmotel-cost", "This month", **values)
    week = busy.number("llmotel-cost", "This month", __range="7d")
    days_left = busy.prometheus.value("scalar(days_in_month())") - 10
    assert spent > week > 0
    assert forecast == pytest.approx(spent + week / 7 * days_left)


# A counter by process, one sample a minute from 0 to 120 minutes; the window is the last hour of them. "_" is a minute
# without a sample.
GROWTHS = {
    "a process that was there before": ({"a": "0+1x120"}, 60),
    "a process that stood still": ({"a": "500x120"}, 0),
    "a process that began in the window, first seen with its value": ({"a": "_x89 7 7 9x29"}, 9),
    "a process that began in the window, with a zero before its first sample": ({"a": "_x89 0 7 9x29"}, 9),
    "a process that sent once and ended": ({"a": "_x89 5 _x30"}, 5),
    "a process that ended in the window": ({"a": "0+2x90 _x30"}, 60),
    "a process that ended before it": ({"a": "0+2x30 _x90"}, None),
    "several processes": ({"a": "0+1x120", "b": "_x89 7 7 9x29", "c": "_x89 5 _x30"}, 74),
    "a restart at the edge of the window, under the same id": ({"a": "0+10x59 0+1x60"}, 60),
}


@pytest.mark.parametrize(("processes", "grown"), GROWTHS.values(), ids=GROWTHS)
def test_growth_counts_every_unit_once(
    processes: dict[str, str], grown: float | None, program: Program, tmp_path: Path
) -> None:
    gives(program, tmp_path, processes, f"sum({growth('spent_total')})", grown)


def test_growth_over_a_restart_under_the_same_id_is_the_estimate_of_increase(program: Program, tmp_path: Path) -> None:
    processes = {"a": "0+1x90 0+1x29"}
    gives(program, tmp_path, processes, f"sum({growth('spent_total')}) == bool sum(increase(spent_total[1h]))", 1)
    gives(program, tmp_path, processes, f"abs(sum({growth('spent_total')}) - 60) < bool 2", 1)


def test_increase_estimates_and_misses_what_growth_counts(program: Program, tmp_path: Path) -> None:
    """Why the dashboards do not use it for sums: see llmotel/dashboards/promql.py."""
    gives(program, tmp_path, {"a": "_x89 0 10 _x29"}, "sum(increase(spent_total[1h]))", 15)
    gives(program, tmp_path, {"a": "_x89 10 _x30"}, "sum(increase(spent_total[1h]))", None)


def test_growth_ahead_is_that_of_the_time_to_come(program: Program, tmp_path: Path) -> None:
    processes = {"a": "0+1x120", "b": "_x89 7 7 9x29"}
    gives(program, tmp_path, processes, f"sum({growth('spent_total', '1h', ahead=True)})", 60 + 9, at="1h")


def gives(
    program: Program, folder: Path, processes: dict[str, str], expression: str, value: float | None, at: str = "2h"
) -> None:
    """Fails unless ``expression`` has that one value, or none, at that time after the first sample."""
    expected = [] if value is None else [{"labels": "{}", "value": value}]
    end = {"expr": "vector(0)", "eval_time": "2h", "exp_samples": [{"labels": "{}", "value": 0}]}  # samples until then
    case = {
        "interval": "1m",
        "input_series": [
            {"series": f'spent_total{{instance="{name}"}}', "values": values} for name, values in processes.items()
        ],
        "promql_expr_test": [{"expr": filled(expression), "eval_time": at, "exp_samples": expected}, end],
    }
    file = folder / "case.json"
    file.write_text(json.dumps({"evaluation_interval": "1m", "tests": [case]}), "utf-8")
    done = subprocess.run([program("promtool"), "test", "rules", file], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
