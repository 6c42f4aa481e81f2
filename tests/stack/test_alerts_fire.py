"""Every alert from an application to a webhook: application, collector, Prometheus, Alertmanager, all of them real.

The rules are the ones that are shipped, with windows of seconds instead of minutes, hours and weeks; the configurations
are the shipped ones, with addresses on loopback.
"""

from __future__ import annotations

import json
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import NamedTuple

import pytest

from llmotel.alerts.files import files, write
from llmotel.alerts.rule import Alert
from llmotel.alerts.rules import groups
from llmotel.alerts.thresholds import Thresholds
from llmotel.alerts.windows import Windows
from scripts import environment, run
from stack.running import clear_of_the_end_of, eventually, free_port
from stack.servers import CONFIG, Alertmanager, Collector, Prometheus
from stack.sinks import Backend, Webhook

WINDOWS = Windows(
    short=6, latency=6, half_hour=9, hour=8, six_hours=12, day=24, week=14, month=31 * 24 * 8,
    silent=6, present_steps=2, forecast_hours=2, page_after=1, ticket_after=1, trend_after=1,
)  # fmt: skip

THRESHOLDS = {
    "LLMOTEL_ALERT_ERROR_RATIO": "0.4",
    "LLMOTEL_ALERT_SLO_OBJECTIVE": "0.95",  # burns at 72 % and at 30 % of calls that fail
    "LLMOTEL_ALERT_P99_SECONDS": "1.28",
    "LLMOTEL_ALERT_MINIMUM_CALLS": "2",
    "LLMOTEL_ALERT_DAILY_BUDGET_USD": "20",
    # More than is spent here, less than the rest of the month would cost at the same pace.
    "LLMOTEL_ALERT_MONTHLY_BUDGET_USD": "2000",
    "LLMOTEL_ALERT_GRAFANA_URL": "https://grafana.example",
}

ALERTS = [alert for group in groups("latest", WINDOWS) for alert in group.alerts]

ABOUT = {
    "LLMTelemetryAbsent": "leaver",
    "LLMCollectorQueueFilling": "otel-collector",
    "LLMCollectorDropping": "otel-collector",
}
SAYS = {
    "LLMHighErrorRate": " of its LLM calls failed in the last 6 seconds; the limit is 40%.",
    "LLMHighLatencyP99": "; the limit is 1.28 s.",
    "LLMDailyBudgetExceeded": "; the limit is 110% of the daily budget of 20.00 USD. Most of it by shop: ",
    "LLMMonthlyBudgetForecast": "; the budget is 2000.00 USD.",
    "LLMTelemetryLost": " records of its traces were lost because nobody took them, it said in the last 6 seconds; the ",
    "LLMCollectorQueueFilling": " the queue of otlp_grpc/side (traces) is 90% full; the limit is 80%.",
    "LLMCollectorDropping": " otlp_grpc/side lost 5 spans, queue full, ",
}

# A pipeline of its own, whose queue holds 20 spans.
SIDE = """
receivers:
  otlp/side: {{protocols: {{http: {{endpoint: "{receiver}"}}}}}}
exporters:
  otlp_grpc/side:
    endpoint: "{backend}"
    tls: {{insecure: true}}
    retry_on_failure: {{initial_interval: 500ms, max_interval: 500ms, max_elapsed_time: 0s}}
    sending_queue: {{sizer: items, queue_size: 20, num_consumers: 1}}
service:
  pipelines:
    traces/side: {{receivers: [otlp/side], exporters: [otlp_grpc/side]}}
"""


class Service:
    """One process of a service."""

    def __init__(self, name: str, endpoint: str, **variables: str) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "stack.alerting_app", name],
            env=environment(
                OTEL_EXPORTER_OTLP_ENDPOINT=endpoint, OTEL_METRIC_EXPORT_INTERVAL="1000", OTEL_LOGS_EXPORTER="none",
                **(variables or {"OTEL_TRACES_EXPORTER": "none"}),
            ),
            stdin=subprocess.PIPE, text=True,
        )  # fmt: skip

    def goes(self, state: str) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(f"{state}\n")
        self._process.stdin.flush()

    def end(self) -> None:
        self._process.communicate(timeout=30)


class Stack(NamedTuple):
    """All of it is running, and everything goes well."""

    collector: Collector
    side: str
    backend: Backend
    prometheus: Prometheus
    webhook: Webhook
    services: dict[str, list[Service]]

    def start(self, name: str, processes: int = 1, **variables: str) -> None:
        self.services[name] = [Service(name, self.collector.url, **variables) for _ in range(processes)]

    def traces_aside(self) -> dict[str, str]:
        """A service's variables with which its traces go to the backend, past the collector."""
        return {
            "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": f"http://{self.backend.address}",
            "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL": "grpc",
            "OTEL_EXPORTER_OTLP_TRACES_TIMEOUT": "1",
            "OTEL_BSP_SCHEDULE_DELAY": "500",
        }

    def goes(self, name: str, state: str) -> None:
        for service in self.services[name]:
            service.goes(state)

    def end(self, name: str) -> None:
        for service in self.services.pop(name):
            service.end()

    def send_aside(self, spans: int) -> int:
        """Sends spans into the pipeline with the small queue; the status that the collector answers."""
        span = {"traceId": "1" * 32, "spanId": "2" * 16, "name": "x", "startTimeUnixNano": "1", "endTimeUnixNano": "2"}
        body = json.dumps({"resourceSpans": [{"scopeSpans": [{"spans": [span] * spans}]}]}).encode()
        request = urllib.request.Request(f"http://{self.side}/v1/traces", body, {"content-type": "application/json"})
        try:
            with urllib.request.urlopen(request, timeout=10) as response:
                return int(response.status)
        except urllib.error.HTTPError as error:
            return error.code


def started(program: str, folder: Path, **variables: str) -> None:
    """Runs the script that ``program`` starts with in a container."""
    script = folder / program / "start.sh"
    subprocess.run(
        ["sh", script, folder / "run" / program, "true"], env=environment(**variables), check=True, timeout=30
    )


@pytest.fixture
def stack(program: Callable[[str], Path], tmp_path: Path, webhook: Webhook) -> Iterator[Stack]:
    folder = tmp_path
    clear_of_the_end_of("month", 600)
    write(folder, files(Thresholds.load({}), windows=WINDOWS))
    side = f"127.0.0.1:{free_port()}"
    with ExitStack() as ending:
        started("prometheus", folder, **THRESHOLDS)
        started("alertmanager", folder, LLMOTEL_ALERT_WEBHOOK_URL=webhook.url)
        routes = (folder / "run" / "alertmanager" / "alertmanager.yml").read_text()
        routes = routes.replace("group_wait: 30s", "group_wait: 1s").replace("group_interval: 5m", "group_interval: 1s")
        alertmanager = ending.enter_context(
            Alertmanager(program("alertmanager"), folder / "run" / "alertmanager", routes)
        )
        backend = Backend()
        collector = Collector(
            program("otelcol-llmotel"), folder / "collector", "core.yaml", "backends/prometheus.yaml",
            SIDE.format(receiver=side, backend=backend.address),
        )  # fmt: skip
        config = (CONFIG / "prometheus" / "prometheus.yml").read_text()
        for shipped, here in (
            ("/run/llmotel", str(folder / "run" / "prometheus")), ("alertmanager:9093", alertmanager.address),
            ("collector:8888", collector.telemetry), (": 15s", ": 1s"), (": 30s", ": 1s"),
        ):  # fmt: skip
            assert shipped in config
            config = config.replace(shipped, here)
        prometheus = ending.enter_context(Prometheus(program("prometheus"), folder / "prometheus", config))
        collector.environment["PROMETHEUS_OTLP_ENDPOINT"] = prometheus.otlp
        ending.enter_context(collector)
        ending.enter_context(backend)
        stack = Stack(collector, side, backend, prometheus, webhook, {})
        ending.callback(lambda: [stack.end(name) for name in list(stack.services)])
        yield stack


# One test, because all alerts share the minute that it takes.
@pytest.mark.timeout(240 + 600)
def test_each_alert_fires_when_its_condition_holds_and_is_resolved_when_it_ends(stack: Stack) -> None:
    webhook = stack.webhook
    stack.start("shop", processes=2, **stack.traces_aside())
    stack.start("worn")
    stack.goes("worn", "worn")
    stack.start("leaver")
    # Until there is a "last week" to compare with.
    eventually(
        lambda: stack.prometheus.query("count_over_time(llmotel:grounding:mean1h{job='shop'}[30s]) >= 13"), "a week"
    )
    assert webhook.alerts() == []

    stack.goes("shop", "bad")
    stack.end("leaver")
    stack.backend.stop()
    assert stack.send_aside(18) == 200
    webhook.wait_for("LLMCollectorQueueFilling")  # before the other one, which keeps it back
    assert stack.send_aside(5) == 503
    for alert in ALERTS:
        if alert.name != "LLMErrorBudgetBurnSlow":  # kept back by the fast one
            assert_told(webhook, alert)

    stack.goes("shop", "well")
    stack.start("leaver")
    stack.backend.start()
    for alert in ALERTS:
        assert_told(webhook, alert)
        webhook.wait_for(alert.name, "resolved")

    assert [alert for alert in webhook.alerts() if alert["labels"].get("job") == "worn"] == []
    for body in webhook.bodies:
        assert {alert["labels"]["severity"] for alert in body["alerts"]} == {body["receiver"]}


def assert_told(webhook: Webhook, alert: Alert) -> None:
    """The alert has come: about whom, with what to read and where to look."""
    told = webhook.wait_for(alert.name)
    assert told["labels"]["severity"] == alert.severity
    assert told["labels"].get("job") == ABOUT.get(alert.name, "shop" if alert.by_service else None)
    annotations = told["annotations"]
    assert annotations["runbook_url"] == f"docs/runbooks/{alert.page}.md#{alert.name.lower()}"
    assert annotations["dashboard_url"].startswith(f"https://grafana.example/d/{alert.dashboard}")
    assert SAYS.get(alert.name, ": ") in annotations["summary"]


ONE_CALL = """
import openai
from llmotel.testing import ProviderServer, Reply
from llmotel.testing.openai_wire import chat

llmotel.init(service_name="job")
with ProviderServer() as server:
    server.script(Reply(chat.completion("Yes.", model="gpt-4.1", usage=chat.usage(0, 500_000))))
    openai.OpenAI(api_key="any", base_url=server.openai_url).chat.completions.create(model="gpt-4.1", messages=[])
"""


def test_what_a_process_spends_in_its_only_call_is_counted_to_the_last_cent(
    program: Callable[[str], Path], tmp_path: Path
) -> None:
    write(tmp_path, files(Thresholds.load({})))
    rules = sorted((tmp_path / "prometheus" / "rules").iterdir())
    with (
        Prometheus(program("prometheus"), tmp_path / "prometheus-data", rules=rules) as prometheus,
        Collector(
            program("otelcol-llmotel"), tmp_path / "collector", "core.yaml", "backends/prometheus.yaml",
            PROMETHEUS_OTLP_ENDPOINT=prometheus.otlp,
        ) as collector,
    ):  # fmt: skip
        for _ in range(3):
            run(ONE_CALL, OTEL_EXPORTER_OTLP_ENDPOINT=collector.url)
        spent = 3 * 0.5 * 8  # USD for a million tokens of gpt-4.1

        def spent_so_far() -> bool:
            found = [value for _, value in prometheus.query("llmotel:cost_usd:increase1d")]
            return found == [pytest.approx(spent, abs=1e-9)]

        eventually(spent_so_far, "the sum")
