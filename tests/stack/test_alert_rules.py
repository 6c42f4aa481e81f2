"""The rules and routes of alerts, by Prometheus's and Alertmanager's own tools."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from llmotel.alerts.files import files, write
from llmotel.alerts.promtests import suites
from llmotel.alerts.promtests import test_files as tests_of
from llmotel.alerts.thresholds import PREFIX, THRESHOLDS, Threshold, Thresholds
from llmotel.alerts.yamltext import dump
from stack.servers import CONFIG, Prometheus
from test_alerts import ALL_RECEIVERS, CHOICES

DEFAULTS = Thresholds.load({})
CHECKED_IN = sorted(path.name for path in (CONFIG / "prometheus" / "tests").glob("*.yaml"))

# Far from the defaults, and with the names of the older conventions. What lasts a week or a month is left to the
# defaults: it takes long, and nothing in it depends on a threshold in another way.
OTHERS = {
    "ERROR_RATIO": "0.5",
    "P99_SECONDS": "100",
    "MINIMUM_CALLS": "3",
    "SLO_OBJECTIVE": "0.999",
    "DAILY_BUDGET_USD": "7.5",
    "BUDGET_FACTOR": "1",
    "MONTHLY_BUDGET_USD": "1000",
    "UNPRICED_RATIO": "0.2",
    "GROUNDING_MINIMUM": "0.55",
    "GROUNDING_TARGET": "0.6",
    "LATENCY_REGRESSION": "3",
    "GROUNDING_REGRESSION": "0.3",
    "LOST_RECORDS": "30",
    "QUEUE_RATIO": "0.5",
    "GRAFANA_URL": "https://grafana.example/x",
}
OTHER = Thresholds.load({PREFIX + name: value for name, value in OTHERS.items()})

Program = Callable[[str], Path]


def run(*command: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run([str(part) for part in command], text=True, capture_output=True, timeout=240, check=False)


def assert_passes(*command: object) -> str:
    done = run(*command)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


# Rules


@pytest.mark.parametrize("file", CHECKED_IN)
def test_the_rules_do_what_their_tests_say(program: Program, file: str) -> None:
    assert_passes(program("promtool"), "test", "rules", CONFIG / "prometheus" / "tests" / file)


@pytest.mark.parametrize("file", [name for name in tests_of(OTHER, "legacy") if ".30m" not in name])
def test_the_rules_do_so_with_other_thresholds_and_older_names(program: Program, tmp_path: Path, file: str) -> None:
    write(tmp_path, files(OTHER, "legacy"))
    assert_passes(program("promtool"), "test", "rules", tmp_path / "prometheus" / "tests" / file)


# 95 % of 110 % of 25 USD is 26.125 USD, and half of 95 % of 41 % is 19.475 %: texts that show less can go either way.
@pytest.mark.parametrize("file", ["LLMDailyBudgetExceeded.changed.yaml", "LLMCollectorQueueFilling.changed.yaml"])
def test_the_tests_pass_where_numbers_end_in_half_of_the_last_digit(
    program: Program, tmp_path: Path, file: str
) -> None:
    write(tmp_path, files(Thresholds.load({PREFIX + "DAILY_BUDGET_USD": "25", PREFIX + "QUEUE_RATIO": "0.41"})))
    assert_passes(program("promtool"), "test", "rules", tmp_path / "prometheus" / "tests" / file)


@pytest.mark.parametrize("names", ["latest", "legacy", "dup"])
def test_promtool_finds_nothing_to_complain_of(program: Program, tmp_path: Path, names: Any) -> None:
    write(tmp_path, files(OTHER, names))
    rules = sorted((tmp_path / "prometheus" / "rules").iterdir())
    assert len(rules) == 5
    assert_passes(program("promtool"), "check", "rules", "--lint=all", "--lint-fatal", *rules)


class Change(NamedTuple):
    """Another value of a threshold, without new tests."""

    threshold: Threshold
    factor: float
    alert: str


CHANGES = [
    Change(threshold, factor, alert)
    for threshold in THRESHOLDS
    for factor in (0.5, 2)
    for alert, cases in suites(DEFAULTS, "latest").items()
    if any(threshold.name in case.changed and case.interval < 30 for case in cases)
    and threshold.low < threshold.default * factor < threshold.high
]  # fmt: skip


@pytest.mark.parametrize(
    "change", CHANGES, ids=lambda change: f"{change.alert}-{change.threshold.name}*{change.factor}"
)
def test_a_threshold_that_is_half_or_twice_as_large_fails_the_tests(
    program: Program, tmp_path: Path, change: Change
) -> None:
    made = files(DEFAULTS)
    name = "prometheus/rules/thresholds.yaml"
    old = f'{change.threshold.record}\n        expr: "vector({change.threshold.default:g})"'
    assert old in made[name]
    new = old.replace(f"({change.threshold.default:g})", f"({change.threshold.default * change.factor:g})")
    write(tmp_path, {**made, name: made[name].replace(old, new)})
    [tests] = [name for name in made if re.search(rf"/{change.alert}(\.\d+m)?\.yaml$", name)]
    done = run(program("promtool"), "test", "rules", tmp_path / tests)
    assert done.returncode == 1
    assert "FAILED:" in done.stdout + done.stderr


def test_prometheus_starts_with_its_configuration_and_all_rules(program: Program, tmp_path: Path) -> None:
    text = (CONFIG / "prometheus" / "prometheus.yml").read_text()
    config = text.replace("/run/llmotel/rules", str(CONFIG / "prometheus" / "rules"))
    with Prometheus(program("prometheus"), tmp_path, config) as prometheus:
        groups = prometheus.get("rules")["groups"]
    assert {group["file"] for group in groups} == {str(file) for file in (CONFIG / "prometheus" / "rules").iterdir()}
    assert len({group["file"] for group in groups}) == 5


def test_the_queries_of_the_runbooks_are_promql(program: Program, tmp_path: Path) -> None:
    pages = "".join(page.read_text() for page in sorted((CONFIG.parent / "docs" / "runbooks").glob("*.md")))
    queries = re.findall(r"```promql\n(.*?)```", pages, re.DOTALL)
    queries += [code for code in re.findall(r"`([^`\n]+)`", pages) if re.match(r"(sum|deriv|up)[( {]", code)]
    assert len(queries) >= 6
    rules = [{"record": f"query:{number}", "expr": query} for number, query in enumerate(queries)]
    file = tmp_path / "queries.yaml"
    file.write_text(dump({"groups": [{"name": "queries", "rules": rules}]}))
    assert_passes(program("promtool"), "check", "rules", file)


# Routes


@pytest.mark.parametrize("choice", CHOICES, ids=lambda choice: "+".join(choice) or "none")
def test_alertmanager_takes_every_choice_of_receivers(program: Program, tmp_path: Path, choice: Any) -> None:
    write(tmp_path, files(DEFAULTS, environ={PREFIX + name: value for name, value in choice.items()}))
    assert_passes(program("amtool"), "check-config", tmp_path / "alertmanager" / "alertmanager.yml")


@pytest.mark.parametrize(
    ("labels", "receiver"),
    [
        (["alertname=LLMHighErrorRate", "severity=critical", "job=checkout"], "critical"),
        (["alertname=LLMLowGrounding", "severity=warning", "job=checkout"], "warning"),
        (["alertname=SomebodyElses"], "warning"),
    ],
)
def test_an_alert_is_routed_by_its_severity(
    program: Program, tmp_path: Path, labels: Sequence[str], receiver: str
) -> None:
    write(tmp_path, files(DEFAULTS, environ={PREFIX + name: value for name, value in ALL_RECEIVERS.items()}))
    config = tmp_path / "alertmanager" / "alertmanager.yml"
    found = assert_passes(
        program("amtool"),
        "config",
        "routes",
        "test",
        f"--config.file={config}",
        f"--verify.receivers={receiver}",
        *labels,
    )
    assert re.search(rf"^{receiver}$", found, re.MULTILINE)
