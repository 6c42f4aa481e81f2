"""The command ``llmotel``: doctor, selftest, settings and status are about the environment that it runs in; stack,
alerts and dashboards are about the files around it."""

from __future__ import annotations

import argparse
import logging
import os
import sys
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from llmotel.local import arguments
from llmotel.version import __version__

if TYPE_CHECKING:
    from llmotel.diagnostics.doctor import Finding

_MARKS = {"ok": "ok     ", "note": "note   ", "warning": "warning", "problem": "PROBLEM"}


def main(given: Sequence[str] | None = None) -> int:
    """Runs one command and returns its exit code: 0 when nothing is wrong, 1 when something is, 2 for wrong usage."""
    options = _parser().parse_args(given)
    logging.basicConfig(format="%(message)s", level=logging.ERROR)
    try:
        result: int = options.run(options)
        sys.stdout.flush()
    except BrokenPipeError:  # whoever reads has seen enough: llmotel settings | head
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    return result


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="llmotel",
        description="OpenTelemetry for LLM applications.",
        epilog="example: OTEL_EXPORTER_OTLP_ENDPOINT=http://collector:4318 llmotel doctor",
    )
    parser.add_argument("--version", action="version", version=f"llmotel {__version__}")
    commands = parser.add_subparsers(metavar="command", required=True)

    doctor = _command(
        commands, "doctor", "say what keeps telemetry from arriving, and the mend",
        "OTEL_EXPORTER_OTLP_ENDPOINT=http://collector:4318 llmotel doctor",
    )  # fmt: skip
    doctor.add_argument("--timeout", type=_seconds, default=3.0, metavar="SECONDS",
                        help="longest wait for an endpoint (default: 3)")  # fmt: skip
    doctor.set_defaults(run=_doctor)

    selftest = _command(
        commands, "selftest", "send one marked call end to end, and say where it got stuck",
        "llmotel selftest --timeout 5",
    )  # fmt: skip
    selftest.add_argument("--timeout", type=_seconds, default=10.0, metavar="SECONDS",
                          help="longest wait for the delivery (default: 10)")  # fmt: skip
    selftest.set_defaults(run=_selftest)

    settings = _command(
        commands, "settings", "list every setting, its value and where it comes from",
        "LLMOTEL_SEMCONV=dup llmotel settings",
    )  # fmt: skip
    settings.add_argument("--markdown", action="store_true", help="the table of the README instead")
    settings.set_defaults(run=_settings)

    status = _command(
        commands, "status", "show what init() would do here; an application shows its own with llmotel.status()",
        "llmotel status --json",
    )  # fmt: skip
    status.add_argument("--json", action="store_true", help="as JSON")
    status.set_defaults(run=_status)

    stack = _command(
        commands, "stack", "copy the stack (collector, Jaeger, Prometheus, Alertmanager, Grafana), and look it over",
        "llmotel stack init telemetry && cd telemetry && docker compose up -d",
    )  # fmt: skip
    steps = stack.add_subparsers(metavar="step", required=True)
    init = _command(steps, "init", "copy docker-compose.yml and all that it mounts", "llmotel stack init telemetry")
    init.add_argument("folder", metavar="DIR", help="where to; it is made")
    init.add_argument("--force", action="store_true", help="write over files that are there (.env is never touched)")
    init.set_defaults(run=_stack_init)
    check = _command(
        steps, "check", "say what keeps a copy from working, and the mend", "llmotel stack check telemetry"
    )
    check.add_argument("folder", metavar="DIR", nargs="?", default=".", help="the copy (default: this folder)")
    check.set_defaults(run=_stack_check)

    alerts = _command(
        commands, "alerts", "write the alert rules for your thresholds, their tests, and who is told",
        "LLMOTEL_ALERT_DAILY_BUDGET_USD=25 llmotel alerts render telemetry/collector-config",
    )  # fmt: skip
    acts = alerts.add_subparsers(metavar="step", required=True)
    render = _command(
        acts, "render", "write prometheus/rules, prometheus/tests and alertmanager/alertmanager.yml",
        "LLMOTEL_ALERT_DAILY_BUDGET_USD=25 llmotel alerts render telemetry/collector-config",
    )  # fmt: skip
    render.add_argument("folder", metavar="DIR", nargs="?", default=".", help="where to (default: this folder)")
    render.add_argument("--semconv", choices=("latest", "legacy", "dup"),
                        help="the applications' LLMOTEL_SEMCONV (default: this environment's, or latest)")  # fmt: skip
    render.add_argument("--thresholds", metavar="FILE", help="thresholds in TOML; LLMOTEL_ALERT_* win over them")
    render.set_defaults(run=_alerts_render)

    boards = _command(
        commands, "dashboards", "write Grafana's dashboards for the metric names in use",
        "llmotel dashboards render dashboards --semconv legacy",
    )  # fmt: skip
    acts = boards.add_subparsers(metavar="step", required=True)
    render = _command(acts, "render", "write the four dashboards", "llmotel dashboards render dashboards")
    render.add_argument("folder", metavar="DIR", help="where to; it is made")
    render.add_argument("--semconv", choices=("latest", "legacy"), default="latest",
                        help="the metric names; dup sends both (default: latest)")  # fmt: skip
    render.set_defaults(run=_dashboards_render)
    arguments.add(commands)
    return parser


def _command(
    commands: argparse._SubParsersAction[argparse.ArgumentParser], name: str, purpose: str, example: str
) -> argparse.ArgumentParser:
    sentence = f"{purpose[0].upper()}{purpose[1:]}."
    return commands.add_parser(name, help=purpose, description=sentence, epilog=f"example: {example}")


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0.0
    if not 0 < seconds < float("inf"):
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of seconds above 0, for example 5")
    return seconds


def _doctor(options: argparse.Namespace) -> int:
    from llmotel.diagnostics.doctor import examine

    print(f"asking the endpoints (up to {options.timeout:g} s) ...", file=sys.stderr, flush=True)
    return _told(examine(options.timeout))


def _told(findings: Iterable[Finding]) -> int:
    from llmotel.diagnostics.doctor import PROBLEM, WARNING

    problems, warnings, mend = 0, 0, ""
    for finding in findings:
        problems += finding.level == PROBLEM
        warnings += finding.level == WARNING
        print(f"{_MARKS[finding.level]}  {finding.subject}: {finding.text}", flush=True)
        if finding.mend and finding.mend != mend:
            print(f"         -> {finding.mend}", flush=True)
        mend = finding.mend
    counts = [_counted(problems, "problem"), _counted(warnings, "warning")]
    print(f"\n{', '.join(filter(None, counts)) or 'nothing is wrong'}")
    return 1 if problems else 0


def _counted(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}" if number else ""


def _selftest(options: argparse.Namespace) -> int:
    from llmotel.diagnostics.selftest import run

    print(f"sending one marked call (up to {options.timeout:g} s) ...", file=sys.stderr, flush=True)
    stuck = None
    for station in run(options.timeout):
        print(f"{'ok     ' if station.passed else 'STUCK  '}  {station.name}: {station.text}", flush=True)
        if station.mend:
            print(f"         -> {station.mend}", flush=True)
        if not station.passed:
            stuck = stuck or station.name
    print(f"\nstuck at: {stuck}" if stuck else "\nthe call arrived")
    return 1 if stuck else 0


def _settings(options: argparse.Namespace) -> int:
    from llmotel.config.config import Config, settings_markdown
    from llmotel.diagnostics.page import columns
    from llmotel.errors import LlmotelError

    if options.markdown:
        print(settings_markdown(), end="")
        return 0
    try:
        rows = Config.load().rows()
    except LlmotelError as error:
        print(error, file=sys.stderr)
        return 1
    print("\n".join(line[2:] for line in columns([("setting", "value", "from"), *rows])))
    return 0


def _status(options: argparse.Namespace) -> int:
    from llmotel.diagnostics.status import status

    found = status()
    if options.json:
        import json

        print(json.dumps(found.as_dict(), indent=2))
    else:
        print(found)
    return 1 if found.refused else 0


def _stack_init(options: argparse.Namespace) -> int:
    from llmotel.errors import StackError
    from llmotel.stack.bundle import copy

    try:
        names = copy(options.folder, force=options.force)
    except StackError as error:
        print(error, file=sys.stderr)
        return 1
    print(f"{len(names)} files are in {options.folder}. Next:")
    print(f"    cd {options.folder}")
    print("    cp .env.example .env       # thresholds, budgets, backends, receivers of alerts")
    print("    llmotel stack check        # what is wrong, and the mend")
    print("    docker compose up -d")
    return 0


def _stack_check(options: argparse.Namespace) -> int:
    from pathlib import Path

    from llmotel.stack.examination import examine

    return _told(examine(Path(options.folder)))


def _alerts_render(options: argparse.Namespace) -> int:
    from pathlib import Path

    from llmotel.alerts.files import render
    from llmotel.errors import LlmotelError

    try:
        written = render(Path(options.folder), os.environ, semconv=options.semconv, thresholds=options.thresholds)
    except LlmotelError as error:
        print(error, file=sys.stderr)
        return 1
    print("\n".join(written))
    return 0


def _dashboards_render(options: argparse.Namespace) -> int:
    from pathlib import Path

    from llmotel.dashboards import render

    folder = Path(options.folder)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, text in render(options.semconv).items():
            (folder / name).write_text(text, "utf-8")
            print(folder / name)
    except OSError as error:
        print(f"{folder} cannot be written: {error.strerror}. Name another folder.", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())

__all__ = ["main"]
