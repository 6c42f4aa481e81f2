"""The command ``llmotel``, as it is typed."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from llmotel.cli import main
from llmotel.config.config import settings_markdown
from llmotel.version import __version__
from receiver import Receiver
from scripts import environment

COMMANDS = ["doctor", "selftest", "settings", "status", "stack", "alerts", "dashboards"]
STEPS = ["stack init", "stack check", "alerts render", "dashboards render"]


def typed(*arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "llmotel.cli", *arguments], env=environment(**variables), text=True,
        capture_output=True, timeout=240, check=False,
    )  # fmt: skip


def test_doctor_ends_with_0_where_nothing_is_wrong() -> None:
    with Receiver() as receiver:
        done = typed("doctor", OTEL_EXPORTER_OTLP_ENDPOINT=receiver.url)
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"ok       traces: {receiver.url}/v1/traces (http/protobuf) answers 200" in done.stdout
    assert done.stdout.endswith("\nnothing is wrong\n")


def test_doctor_ends_with_1_and_says_each_mend_once() -> None:
    done = typed("doctor", OTEL_EXPORTER_OTLP_ENDPOINT="http://127.0.0.1:9")
    assert done.returncode == 1
    assert "PROBLEM  traces: http://127.0.0.1:9/v1/traces (http/protobuf) refused" in done.stdout
    assert done.stdout.count("-> Start an OTLP receiver there") == 1
    assert done.stdout.endswith("\n3 problems\n")


def test_doctor_counts_warnings_which_are_no_problems() -> None:
    with Receiver() as receiver:
        done = typed("doctor", OTEL_EXPORTER_OTLP_ENDPOINT=receiver.url, OTEL_TRACES_SAMPLER="always_off")
    assert done.returncode == 0
    assert done.stdout.endswith("\n1 warning\n")


def test_doctor_counts_both() -> None:
    done = typed("doctor", OTEL_EXPORTER_OTLP_ENDPOINT="http://127.0.0.1:9", OTEL_TRACES_SAMPLER="always_off")
    assert done.returncode == 1
    assert done.stdout.endswith("\n3 problems, 1 warning\n")


def test_selftest_follows_a_call_of_a_real_client_to_the_endpoint() -> None:
    with Receiver() as receiver:
        done = typed("selftest", OTEL_EXPORTER_OTLP_ENDPOINT=receiver.url)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "ok       library: openai " in done.stdout
    assert "ok       delivery: exports that arrived: traces 1 of 1" in done.stdout
    assert done.stdout.endswith("\nthe call arrived\n")
    assert [span.name for _, span in receiver.spans()] == ["chat selftest-model"]


def test_selftest_says_where_it_got_stuck() -> None:
    with Receiver(401) as receiver:
        done = typed("selftest", OTEL_EXPORTER_OTLP_ENDPOINT=receiver.url, OTEL_EXPORTER_OTLP_TIMEOUT="1")
    assert done.returncode == 1
    assert "STUCK    endpoint: traces: " in done.stdout
    assert "answers 401" in done.stdout
    assert "-> Put the key into OTEL_EXPORTER_OTLP_HEADERS" in done.stdout
    assert done.stdout.endswith("\nstuck at: endpoint\n")


def test_settings_show_value_and_origin(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LLMOTEL_SEMCONV", "dup")
    assert main(["settings"]) == 0
    [line] = [line for line in capsys.readouterr().out.splitlines() if line.startswith("semconv ")]
    assert line.split() == ["semconv", "dup", "LLMOTEL_SEMCONV"]


def test_settings_with_a_wrong_value_end_with_1_and_the_message(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LLMOTEL_SEMCONV", "newest")
    assert main(["settings"]) == 1
    assert capsys.readouterr().err.startswith("LLMOTEL_SEMCONV='newest' (from the environment): accepted is latest")


def test_settings_print_the_table_of_the_readme(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["settings", "--markdown"]) == 0
    assert capsys.readouterr().out == settings_markdown()


def test_status_is_a_page_or_json(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["status"]) == 0
    assert capsys.readouterr().out.startswith(f"llmotel {__version__}: off (llmotel.init() has not been called)")
    assert main(["status", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["version"] == __version__


def test_status_says_what_init_would_do() -> None:
    done = typed("status", OTEL_EXPORTER_OTLP_ENDPOINT="http://collector:4318")
    assert done.returncode == 0
    assert "http://collector:4318/v1/traces" in done.stdout


def test_status_ends_with_1_where_init_would_raise() -> None:
    done = typed("status", LLMOTEL_SEMCONV="newest")
    assert done.returncode == 1
    assert "LLMOTEL_SEMCONV='newest'" in done.stdout


def test_a_reader_that_has_gone_is_no_error() -> None:
    command = f"{sys.executable} -m llmotel.cli settings | true"
    done = subprocess.run(["sh", "-c", command], env=environment(), capture_output=True, text=True, timeout=240)
    assert done.stderr == ""


@pytest.mark.parametrize("command", [*COMMANDS, *STEPS])
def test_every_command_has_help_with_an_example(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main([*command.split(), "--help"])
    assert ended.value.code == 0
    assert "example: " in capsys.readouterr().out


def test_the_help_names_every_command(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["--help"])
    out = capsys.readouterr().out
    assert all(command in out for command in COMMANDS)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "required: command"),
        (["examine"], "invalid choice: 'examine'"),
        (["doctor", "--timeout", "soon"], "'soon' is not a number of seconds above 0, for example 5"),
        (["selftest", "--timeout", "-1"], "'-1' is not a number of seconds above 0, for example 5"),
        (["stack"], "required: step"),
        (["stack", "init"], "required: DIR"),
    ],
)
def test_wrong_usage_ends_with_2_and_says_what_is_wrong(
    arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    assert ended.value.code == 2
    assert message in capsys.readouterr().err
