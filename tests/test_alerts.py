"""Alerts: the thresholds that a user sets, the files that come of them, and what is said about each alert.

tests/stack runs the rules in Prometheus, and the alerts from an application to a webhook.
"""

from __future__ import annotations

import itertools
import json
import re
import stat
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from llmotel import semconv
from llmotel.alerts import generate, receivers
from llmotel.alerts.files import files, write
from llmotel.alerts.promtests import SITUATIONS, suites
from llmotel.alerts.rule import Alert
from llmotel.alerts.rules import groups
from llmotel.alerts.thresholds import PREFIX, SETTINGS, THRESHOLDS, Thresholds, plain
from llmotel.alerts.windows import duration, words
from llmotel.alerts.yamltext import dump
from llmotel.errors import ConfigurationError, LlmotelError
from scripts import environment

ROOT = Path(__file__).parent.parent
RUNBOOKS = ROOT / "docs" / "runbooks"
DEFAULTS = Thresholds.load({})
ALERTS = [alert for group in groups("latest") for alert in group.alerts]
PARTS = ("**Means.**", "**First look", "ikely causes", "end.**", "**Silence.**")


def toml(tmp_path: Path, text: str) -> Path:
    file = tmp_path / "thresholds.toml"
    file.write_text(text)
    return file


# Thresholds


def test_every_threshold_has_a_field_under_its_name() -> None:
    assert [field.name for field in fields(Thresholds)] == [entry.name for entry in SETTINGS]


def test_the_defaults_are_those_of_the_documents() -> None:
    assert (DEFAULTS.error_ratio, DEFAULTS.p99_seconds, DEFAULTS.minimum_calls) == (0.05, 30, 20)
    assert (DEFAULTS.daily_budget_usd, DEFAULTS.budget_factor) == (100, 1.1)
    assert (DEFAULTS.grounding_minimum, DEFAULTS.grounding_target) == (0.7, 0.8)


@pytest.mark.parametrize("entry", SETTINGS, ids=lambda entry: entry.name)
def test_every_default_is_accepted_as_a_variable(entry: Any) -> None:
    assert Thresholds.load({entry.variable: plain(entry.default)}) == DEFAULTS


def test_a_variable_wins_over_the_file_and_the_file_over_the_default(tmp_path: Path) -> None:
    file = toml(tmp_path, "error_ratio = 0.2\ndaily_budget_usd = 7\n")
    found = Thresholds.load({"LLMOTEL_ALERT_ERROR_RATIO": "0.1"}, file)
    assert (found.error_ratio, found.daily_budget_usd, found.p99_seconds) == (0.1, 7, 30)


def test_an_empty_variable_is_an_unset_one() -> None:
    assert Thresholds.load({"LLMOTEL_ALERT_ERROR_RATIO": "  "}) == DEFAULTS


@pytest.mark.parametrize(
    ("variable", "value", "accepted"),
    [
        ("ERROR_RATIO", "5%", "a number above 0 and below 1"),
        ("ERROR_RATIO", "5", "a number above 0 and below 1"),
        ("ERROR_RATIO", "0", "a number above 0 and below 1"),
        ("ERROR_RATIO", "nan", "a number above 0 and below 1"),
        ("ERROR_RATIO", "1e-2", "a number above 0 and below 1"),
        ("P99_SECONDS", "30s", "a number above 0.01 and below 120"),
        ("P99_SECONDS", "120", "a number above 0.01 and below 120"),
        ("MINIMUM_CALLS", "0.5", "a number 1 or more"),
        ("DAILY_BUDGET_USD", "$100", "a number above 0"),
        ("DAILY_BUDGET_USD", "inf", "a number above 0"),
        ("DAILY_BUDGET_USD", "1_000", "a number above 0"),
        ("MONTHLY_BUDGET_USD", "-1", "a number 0 or more"),
        ("SLO_OBJECTIVE", "99", "a number above 0.94 and below 1"),
        ("SLO_OBJECTIVE", "0.9", "a number above 0.94 and below 1"),
        ("GRAFANA_URL", "http://grafana/ x", "a URL"),
        ("GRAFANA_URL", "http://grafana/{{ x }}", "a URL"),
        ("RUNBOOK_URL", "docs'", "a URL or a path"),
    ],
)
def test_a_wrong_value_is_named_with_what_is_accepted(variable: str, value: str, accepted: str) -> None:
    with pytest.raises(ConfigurationError) as error:
        Thresholds.load({PREFIX + variable: value})
    assert str(error.value).startswith(f"{PREFIX}{variable}={value!r} (from the environment): accepted is {accepted}, ")


@pytest.mark.parametrize("value", ["'0.1 %'", "true", "[0.1]", "2"])
def test_a_wrong_value_in_the_file_is_named_with_the_file(tmp_path: Path, value: str) -> None:
    file = toml(tmp_path, f"error_ratio = {value}")
    with pytest.raises(
        ConfigurationError, match=r"^error_ratio = .* \(.*thresholds.toml\): accepted is a number above 0"
    ):
        Thresholds.load({}, file)


def test_a_name_that_is_no_threshold_is_an_error_with_a_guess(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"EROR_RATIO .* Did you mean LLMOTEL_ALERT_ERROR_RATIO\?"):
        Thresholds.load({"LLMOTEL_ALERT_EROR_RATIO": "0.1"})
    with pytest.raises(ConfigurationError, match=r"error_ration \(.*\) is not a threshold. Did you mean error_ratio\?"):
        Thresholds.load({}, toml(tmp_path, "error_ration = 0.1"))
    with pytest.raises(ConfigurationError, match="There are: error_ratio, p99_seconds"):
        Thresholds.load({}, toml(tmp_path, "xyz = 0.1"))


def test_a_file_that_is_not_there_or_not_toml_is_an_error_with_its_name(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"none\.toml: cannot be read: No such file"):
        Thresholds.load({}, tmp_path / "none.toml")
    with pytest.raises(ConfigurationError, match=r"thresholds\.toml: not TOML: "):
        Thresholds.load({}, toml(tmp_path, "error_ratio 0.1"))


def test_a_target_below_the_minimum_is_an_error() -> None:
    with pytest.raises(ConfigurationError, match=r"TARGET='0\.6' .* not below LLMOTEL_ALERT_GROUNDING_MINIMUM.* 0\.7"):
        Thresholds.load({"LLMOTEL_ALERT_GROUNDING_TARGET": "0.6"})


def test_receivers_are_no_misspelt_thresholds() -> None:
    assert Thresholds.load({entry.variable: "x" for entry in receivers.VARIABLES}) == DEFAULTS


def test_the_99th_percentile_can_pass_every_threshold_that_is_accepted() -> None:
    # It is never above the last finite bucket, and exact on an edge alone.
    threshold = next(entry for entry in THRESHOLDS if entry.name == "p99_seconds")
    assert threshold.high == semconv.DURATION_EDGES[-1]
    assert threshold.default in semconv.DURATION_EDGES[:-1]


def test_the_fast_burn_can_happen_for_every_objective_that_is_accepted() -> None:
    objective = next(entry for entry in THRESHOLDS if entry.name == "slo_objective")
    assert 14.4 * (1 - objective.low) < 1


# Rules


def rules(**variables: str) -> dict[str, Any]:
    """The rule files, parsed."""
    made = files(Thresholds.load({PREFIX + name: value for name, value in variables.items()}))
    return {name: yaml.safe_load(text) for name, text in made.items() if name.startswith("prometheus/rules/")}


def test_a_threshold_is_a_series_that_the_rules_compare_with() -> None:
    recorded = rules(ERROR_RATIO="0.25")["prometheus/rules/thresholds.yaml"]["groups"][0]["rules"]
    assert {"record": "llmotel:threshold:error_ratio", "expr": "vector(0.25)"} in recorded
    expressions = [rule["expr"] for file in rules().values() for rule in file["groups"][0]["rules"]]
    for threshold in THRESHOLDS:
        used = [expr for expr in expressions if threshold.record in expr]
        assert used or threshold.name == "grounding_target", threshold.name


def test_no_rule_names_a_bucket() -> None:
    # Prometheus 2 writes le="30", Prometheus 3 le="30.0".
    assert not re.search(r"\ble *[=!]", str(rules()))


@pytest.mark.parametrize("names", ["latest", "legacy", "dup"])
def test_the_metric_names_are_those_in_use(names: Any) -> None:
    text = str(files(DEFAULTS, names))
    assert ("gen_ai_client_inference_duration_seconds_count" in text) == (names == "latest")
    assert "gen_ai_client_operation_duration_seconds_count" in text


@pytest.mark.parametrize("alert", ALERTS, ids=lambda alert: alert.name)
def test_an_alert_says_what_to_whom_and_links_to_its_runbook_and_dashboard(alert: Alert) -> None:
    rule: Any = alert.as_yaml(DEFAULTS)
    assert rule["labels"]["severity"] in receivers.SEVERITIES
    assert "$value" in rule["annotations"]["summary"] or alert.name == "LLMTelemetryAbsent"
    assert re.search(r"\$labels\.(job|instance) |label \"job\"|LLM calls will", rule["annotations"]["summary"])
    page, _, anchor = rule["annotations"]["runbook_url"].removeprefix("docs/runbooks/").partition("#")
    assert f"\n## {alert.name}\n" in (RUNBOOKS / page).read_text()
    assert anchor == alert.name.lower()
    uid = re.fullmatch(r"http://localhost:3000/d/([a-z-]+)(\?var-job=.*)?", rule["annotations"]["dashboard_url"])
    assert uid
    dashboard = json.loads((ROOT / "collector-config" / "grafana" / "dashboards" / f"{uid[1]}.json").read_text())
    assert dashboard["uid"] == uid[1]
    assert not uid[2] or "job" in [variable["name"] for variable in dashboard["templating"]["list"]]


def test_links_follow_their_settings() -> None:
    made = files(Thresholds.load({PREFIX + "GRAFANA_URL": "https://g.example/", PREFIX + "RUNBOOK_URL": "https://w/r"}))
    text = made["prometheus/rules/calls.yaml"]
    assert "https://g.example/d/llmotel-reliability" in text and "https://w/r/calls.md#llmhigherrorrate" in text
    assert "localhost" not in text and "docs/runbooks" not in text


@pytest.mark.parametrize("alert", ALERTS, ids=lambda alert: alert.name)
def test_an_alert_is_tried_in_every_situation(alert: Alert) -> None:
    tried = {case.situation for case in suites(DEFAULTS, "latest")[alert.name]}
    unset = {"threshold changed"} if "llmotel:threshold:" not in alert.expr else set()
    assert tried == set(SITUATIONS) - unset


@settings(max_examples=30)
@given(cents=st.integers(5, 10**13), share=st.integers(1, 9_999), objective=st.integers(9_401, 9_999))
def test_every_alert_has_tests_whatever_the_thresholds_are(cents: int, share: int, objective: int) -> None:
    thresholds = Thresholds.load({
        f"{PREFIX}{name}": f"{value:.6f}" for name, value in {
            "DAILY_BUDGET_USD": cents / 100, "MONTHLY_BUDGET_USD": cents / 10, "LOST_RECORDS": cents / 10,
            "ERROR_RATIO": share / 1e4, "QUEUE_RATIO": share / 1e4, "UNPRICED_RATIO": share / 1e4,
            "GROUNDING_MINIMUM": share / 1.25e4, "GROUNDING_REGRESSION": share / 1e4,
            "LATENCY_REGRESSION": 1 + share / 1e3, "SLO_OBJECTIVE": objective / 1e4,
        }.items()
    })  # fmt: skip
    assert {*suites(thresholds, "latest")} == {alert.name for alert in ALERTS}


def test_every_case_has_a_name_of_its_own() -> None:
    for alert, cases in suites(DEFAULTS, "latest").items():
        names = [(case.situation, case.what) for case in cases]
        assert len(set(names)) == len(names), alert


# Runbooks


def sections() -> Iterator[tuple[str, str]]:
    for page in sorted(RUNBOOKS.glob("*.md")):
        if page.name != "README.md":
            for section in page.read_text().split("\n## ")[1:]:
                name, _, text = section.partition("\n")
                yield name, text


def test_every_alert_has_one_section_and_every_section_an_alert() -> None:
    assert sorted(name for name, _ in sections()) == sorted(alert.name for alert in ALERTS)


@pytest.mark.parametrize(("name", "text"), list(sections()))
def test_a_section_says_what_a_person_on_call_needs(name: str, text: str) -> None:
    assert [part for part in PARTS if part not in text] == [], name


@pytest.mark.parametrize("alert", ALERTS, ids=lambda alert: alert.name)
def test_the_list_of_runbooks_has_every_alert_with_its_severity(alert: Alert) -> None:
    line = f"| [{alert.name}]({alert.page}.md#{alert.name.lower()}) | {alert.severity} | "
    assert line in (RUNBOOKS / "README.md").read_text()


# Files


def run(*arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "llmotel.cli", "alerts", "render", *arguments], env=environment(**variables), text=True,
        capture_output=True, timeout=240, check=False,
    )  # fmt: skip


def test_render_writes_rules_tests_and_routes_and_tells_which(tmp_path: Path) -> None:
    done = run(str(tmp_path), LLMOTEL_ALERT_DAILY_BUDGET_USD="12.5")
    assert done.returncode == 0, done.stderr
    written = sorted(str(path) for path in tmp_path.rglob("*") if path.is_file())
    assert sorted(done.stdout.splitlines()) == written
    assert "vector(12.5)" in (tmp_path / "prometheus" / "rules" / "thresholds.yaml").read_text()
    assert "daily budget of 12.50 USD" in (tmp_path / "prometheus/tests/LLMDailyBudgetExceeded.30m.yaml").read_text()


def test_render_without_a_setting_writes_what_is_checked_in(tmp_path: Path) -> None:
    assert run(str(tmp_path)).returncode == 0
    for path in tmp_path.rglob("*"):
        if path.is_file():
            checked_in = ROOT / "collector-config" / path.relative_to(tmp_path)
            assert checked_in.read_text() == path.read_text()


def test_render_takes_the_names_from_the_option_or_from_the_environment(tmp_path: Path) -> None:
    run(str(tmp_path / "a"), "--semconv", "legacy")
    run(str(tmp_path / "b"), LLMOTEL_SEMCONV="legacy")
    texts = [(tmp_path / folder / "prometheus/rules/calls.yaml").read_text() for folder in "ab"]
    assert texts[0] == texts[1] and "inference" not in texts[0]


@pytest.mark.parametrize(
    ("variables", "said"),
    [
        ({"LLMOTEL_ALERT_P99_SECONDS": "500"}, "LLMOTEL_ALERT_P99_SECONDS='500'"),
        ({"LLMOTEL_SEMCONV": "old"}, "LLMOTEL_SEMCONV='old'"),
        ({"LLMOTEL_ALERT_EMAIL_TO": "a@b"}, "LLMOTEL_ALERT_EMAIL_TO needs LLMOTEL_ALERT_EMAIL_FROM"),
        ({"LLMOTEL_ALERT_SLACK_URL_FILE": "/nowhere"}, "LLMOTEL_ALERT_SLACK_URL_FILE='/nowhere': no file"),
        ({"LLMOTEL_ALERT_EMAIL_TLS": "no"}, "LLMOTEL_ALERT_EMAIL_TLS='no': accepted is true or false"),
        ({"LLMOTEL_ALERT_EMAIL_SMARTHOST": "smtp"}, "LLMOTEL_ALERT_EMAIL_SMARTHOST='smtp': accepted is HOST:PORT"),
        ({"LLMOTEL_ALERT_SLACK_URL": "T0/B0/x"}, "LLMOTEL_ALERT_SLACK_URL: accepted is a URL that begins with http"),
    ],
)
def test_render_says_what_is_wrong_and_writes_nothing(tmp_path: Path, variables: Any, said: str) -> None:
    done = run(str(tmp_path / "new"), **variables)
    assert done.returncode == 1 and done.stderr.startswith(said)
    assert "Traceback" not in done.stderr and not (tmp_path / "new").exists()


def test_a_folder_that_cannot_be_written_is_an_error_of_ours(tmp_path: Path) -> None:
    (tmp_path / "prometheus").write_text("a file")
    with pytest.raises(LlmotelError, match=r"prometheus.*: cannot be written"):
        write(tmp_path, files(DEFAULTS))


def test_a_file_of_a_rule_that_is_gone_goes_and_a_file_of_the_users_stays(tmp_path: Path) -> None:
    made = files(DEFAULTS)
    write(tmp_path, made)
    folder = tmp_path / "prometheus" / "rules"
    (folder / "gone.yaml").write_text(made["prometheus/rules/calls.yaml"])
    (folder / "mine.yaml").write_text("groups: []\n")
    write(tmp_path, made)
    assert (folder / "mine.yaml").exists() and not (folder / "gone.yaml").exists()


def test_a_secret_stands_in_a_file_that_its_owner_alone_can_read(tmp_path: Path) -> None:
    done = run(str(tmp_path), LLMOTEL_ALERT_PAGERDUTY_KEY="s3cret")
    assert "s3cret" not in done.stdout
    text = (tmp_path / "alertmanager" / "alertmanager.yml").read_text()
    assert "s3cret" not in text and "routing_key_file: 'secrets/pagerduty_key'" in text
    secret = tmp_path / "alertmanager" / "secrets" / "pagerduty_key"
    assert secret.read_text() == "s3cret" and stat.S_IMODE(secret.stat().st_mode) == 0o600


def test_the_checked_in_files_are_what_the_generator_writes(capsys: pytest.CaptureFixture[str]) -> None:
    assert generate.main(["--check"]) == 0, capsys.readouterr().err


def test_a_file_that_was_edited_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(generate, "CONFIG", tmp_path)
    write(tmp_path, files(DEFAULTS))
    (tmp_path / "prometheus" / "rules" / "calls.yaml").write_text("groups: []\n")
    assert generate.main(["--check"]) == 1
    assert capsys.readouterr().err.startswith("out of date: prometheus/rules/calls.yaml; run python -m")


# What compose starts with


def configured(folder: Path, program: str, *command: str, **variables: str) -> subprocess.CompletedProcess[str]:
    script = ROOT / "collector-config" / program / "start.sh"
    return subprocess.run(
        ["sh", str(script), str(folder), *command], env=environment(**variables), capture_output=True, text=True,
        timeout=240, check=False,
    )  # fmt: skip


def test_the_script_ends_as_the_program_that_it_starts(tmp_path: Path) -> None:
    done = configured(tmp_path, "prometheus", "sh", "-c", "echo started; exit 7")
    assert (done.returncode, done.stdout) == (7, "started\n")


@pytest.mark.parametrize(
    "variables",
    [
        {},
        {"ERROR_RATIO": ".5", "MINIMUM_CALLS": " 7 ", "P99_SECONDS": "12."},
        {"MONTHLY_BUDGET_USD": "5000", "DAILY_BUDGET_USD": "123.456", "GROUNDING_MINIMUM": ""},
        {"GRAFANA_URL": "https://g.example/a?x=1&y=2", "RUNBOOK_URL": "https://wiki.example/run#books"},
        {entry.name.upper(): plain(entry.default) for entry in SETTINGS},
    ],
)
def test_the_script_of_prometheus_writes_the_rules_that_render_writes(tmp_path: Path, variables: Any) -> None:
    variables = {PREFIX + name: value for name, value in variables.items()}
    done = configured(tmp_path, "prometheus", "true", **variables)
    assert done.returncode == 0, done.stderr
    made = files(Thresholds.load(variables))
    expected = {name.rpartition("/")[2]: text for name, text in made.items() if name.startswith("prometheus/rules/")}
    assert {path.name: path.read_text() for path in (tmp_path / "rules").iterdir()} == expected


@pytest.mark.parametrize(
    ("variable", "value", "accepted"),
    [
        ("ERROR_RATIO", "5%", "a number above 0 and below 1"),
        ("ERROR_RATIO", "1", "a number above 0 and below 1"),
        ("ERROR_RATIO", "1e-2", "a number above 0 and below 1"),
        ("ERROR_RATIO", "0.1) or vector(1", "a number above 0 and below 1"),
        ("P99_SECONDS", "0.01", "a number above 0.01 and below 120"),
        ("MINIMUM_CALLS", "0.9", "a number 1 or more"),
        ("GRAFANA_URL", "http://x|e echo", "a URL"),
        ("GROUNDING_TARGET", "0.5", "a number that is not below LLMOTEL_ALERT_GROUNDING_MINIMUM, which is 0.7"),
    ],
)
def test_the_script_of_prometheus_refuses_what_render_refuses(
    tmp_path: Path, variable: str, value: str, accepted: str
) -> None:
    done = configured(tmp_path, "prometheus", "echo", "started", **{PREFIX + variable: value})
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == f"llmotel: {PREFIX}{variable}='{value}': accepted is {accepted}\n"
    with pytest.raises(ConfigurationError):
        Thresholds.load({PREFIX + variable: value})


ALL_RECEIVERS = {
    "WEBHOOK_URL": "https://hooks.example/a?b='c'",
    "SLACK_URL": "https://hooks.slack.example/x",
    "SLACK_CHANNEL": "#o'ps",
    "PAGERDUTY_KEY": "k" * 32,
    "EMAIL_TO": "a@example.org, b@example.org",
    "EMAIL_FROM": "llmotel@example.org",
    "EMAIL_SMARTHOST": "smtp.example.org:587",
    "EMAIL_USERNAME": "user",
    "EMAIL_PASSWORD": "pass'word$HOME`id`",
    "EMAIL_TLS": "false",
}
CHOICES = [
    {name: value for name, value in ALL_RECEIVERS.items() if name.startswith(tuple(chosen))}
    for number in range(5)
    for chosen in itertools.combinations(("WEBHOOK", "SLACK", "PAGERDUTY", "EMAIL"), number)
]


@pytest.mark.parametrize("choice", CHOICES, ids=lambda choice: "+".join(choice) or "none")
def test_the_script_of_alertmanager_writes_the_routes_that_render_writes(tmp_path: Path, choice: Any) -> None:
    variables = {PREFIX + name: value for name, value in choice.items()}
    done = configured(tmp_path / "script", "alertmanager", "true", **variables)
    assert done.returncode == 0, done.stderr
    write(tmp_path / "render", files(DEFAULTS, environ=variables))
    assert contents(tmp_path / "script") == {
        name: text for name, text in contents(tmp_path / "render" / "alertmanager").items() if name != "start.sh"
    }
    for path in (tmp_path / "script").rglob("*"):
        assert stat.S_IMODE(path.stat().st_mode) & 0o077 == 0


@pytest.mark.parametrize("program", ["prometheus", "alertmanager"])
def test_a_script_that_cannot_write_starts_nothing(tmp_path: Path, program: str) -> None:
    (tmp_path / "rules").write_text("a file")
    (tmp_path / "alertmanager.yml").mkdir()
    done = configured(tmp_path, program, "echo", "started")
    assert done.returncode != 0 and done.stdout == "" and str(tmp_path) in done.stderr


def contents(folder: Path) -> dict[str, str]:
    return {path.relative_to(folder).as_posix(): path.read_text() for path in folder.rglob("*") if path.is_file()}


def test_critical_alerts_reach_all_receivers_and_others_all_but_pagerduty() -> None:
    variables = {PREFIX + name: value for name, value in ALL_RECEIVERS.items()}
    made = yaml.safe_load(receivers.configuration(variables)[0])
    reached = {receiver["name"]: sorted(set(receiver) - {"name"}) for receiver in made["receivers"]}
    assert reached["warning"] == ["email_configs", "slack_configs", "webhook_configs"]
    assert reached["critical"] == sorted([*reached["warning"], "pagerduty_configs"])
    assert made["route"]["receiver"] == "warning"
    assert made["route"]["routes"] == [{"receiver": "critical", "matchers": ['severity="critical"']}]


def test_without_a_receiver_nobody_is_told() -> None:
    made = yaml.safe_load(receivers.configuration({})[0])
    assert made["receivers"] == [{"name": "critical"}, {"name": "warning"}]


def test_a_secret_may_stand_in_a_file(tmp_path: Path) -> None:
    file = tmp_path / "url"
    file.write_text("https://hooks.example")
    text, secrets = receivers.configuration({PREFIX + "WEBHOOK_URL_FILE": str(file)})
    assert f"url_file: '{file}'" in text and secrets == {}


@pytest.mark.parametrize(
    ("variables", "said"),
    [
        ({"EMAIL_TO": "a@b", "EMAIL_FROM": "c@d"}, "EMAIL_TO needs LLMOTEL_ALERT_EMAIL_SMARTHOST, which is not set"),
        ({"WEBHOOK_URL_FILE": "/nowhere"}, "WEBHOOK_URL_FILE='/nowhere': no file that can be read"),
        ({"EMAIL_TLS": "no"}, "EMAIL_TLS='no': accepted is true or false"),
        ({"EMAIL_SMARTHOST": " smtp "}, "EMAIL_SMARTHOST='smtp': accepted is HOST:PORT"),
        ({"WEBHOOK_URL": "corp.example"}, "WEBHOOK_URL: accepted is a URL that begins with http:// or https://"),
        ({"SLACK_URL": "T0/B0/x"}, "SLACK_URL: accepted is a URL that begins with http:// or https://"),
    ],
)
def test_the_script_of_alertmanager_refuses_what_render_refuses(tmp_path: Path, variables: Any, said: str) -> None:
    given = {PREFIX + name: value for name, value in variables.items()}
    done = configured(tmp_path, "alertmanager", "echo", "started", **given)
    assert (done.returncode, done.stdout, done.stderr) == (1, "", f"llmotel: {PREFIX}{said}\n")
    with pytest.raises(ConfigurationError, match=re.escape(said)):
        receivers.configuration(given)


@pytest.mark.parametrize("name", [entry.variable for entry in (*SETTINGS, *receivers.VARIABLES)])
def test_every_setting_reaches_its_container_and_is_shown_in_the_example(name: str) -> None:
    compose = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]
    service = "prometheus" if name in [entry.variable for entry in SETTINGS] else "alertmanager"
    assert name in compose[service]["environment"]
    assert re.search(rf"^#?{name}=", (ROOT / ".env.example").read_text(), re.MULTILINE)


# YAML without a library

VALUES = st.recursive(
    st.booleans() | st.integers(-(10**9), 10**9) | st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs", "Zl", "Zp"])),
    lambda inner: st.lists(inner, min_size=1) | st.dictionaries(st.text("abc_1-.", min_size=1), inner, min_size=1),
    max_leaves=20,
)  # fmt: skip


@given(VALUES)
def test_a_yaml_library_reads_what_was_written(value: Any) -> None:
    assert yaml.safe_load(dump(value)) == value


@pytest.mark.parametrize(
    "text",
    ["", "5m", "1e5", "0x1f", "yes", "null", "~", "- a", "a: b", "a #b", "x", "it's", 'say "so"', "a\nb\n\n  c", "on"],
)
def test_a_text_stays_a_text(text: str) -> None:
    assert yaml.safe_load(dump({"key": text, "list": [text]})) == {"key": text, "list": [text]}


@pytest.mark.parametrize(
    ("seconds", "written", "said"),
    [(5, "5s", "5 seconds"), (90, "90s", "90 seconds"), (300, "5m", "5 minutes"), (3600, "1h", "hour"),
     (5400, "90m", "90 minutes"), (86_400, "1d", "day"), (604_800, "1w", "7 days")],
)  # fmt: skip
def test_a_span_of_time_is_written_for_prometheus_and_for_people(seconds: int, written: str, said: str) -> None:
    assert (duration(seconds), words(seconds)) == (written, said)
