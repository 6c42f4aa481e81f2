"""Keeps what is made from the stack's tables of variables as the code has them: ``.env.example``, and blocks of
``docker-compose.yml``, ``collector-config/README.md`` and ``docs/runbooks/README.md``.

``python -m docs.stack`` writes them; with ``--check`` it fails when one is not up to date.
"""

from __future__ import annotations

import sys
import textwrap
from collections.abc import Callable
from pathlib import Path
from typing import Any

import yaml

from docs.blocks import MARKDOWN, YAML, replaced
from llmotel.alerts import receivers, thresholds
from llmotel.alerts.receivers import VARIABLES as RECEIVERS
from llmotel.alerts.thresholds import LINKS, THRESHOLDS, plain
from llmotel.stack.variables import CHOICE, HEADINGS, SCALE, VARIABLES, Variable, of

ROOT = Path(__file__).parent.parent
CONFIG = ROOT / "collector-config"
BACKENDS = sorted(path.stem for path in (CONFIG / "backends").glob("*.yaml"))
EXAMPLES = {
    "webhook_url": "https://hooks.corp.example/alerts",
    "slack_url": "https://hooks.slack.com/services/T000/B000/XXXX",
    "slack_channel": "#llm-alerts",
    "pagerduty_key": "0123456789abcdef0123456789abcdef",
    "email_to": "oncall@corp.example",
    "email_from": "llmotel@corp.example",
    "email_smarthost": "smtp.corp.example:587",
    "email_username": "llmotel",
    "email_password": "change-me",
}


def env_example() -> str:
    """The text of ``.env.example``."""
    lines = [
        "# Copy this to .env, and take the # away before what you change. Everything has a default, but for the keys",
        "# of a backend. `llmotel stack check` says what is wrong. Variables of the shell go before this file.",
    ]
    for heading in HEADINGS:
        if heading == SCALE:
            continue  # Compose runs one collector
        lines += ["", f"## {heading}"]
        if heading == CHOICE:
            lines += _comment(f"There are: {', '.join(BACKENDS)}.")
        lines += [line for variable in of(heading) for line in _entry(variable)]
    lines += ["", "## When alerts fire"]
    for entry in (*THRESHOLDS, *LINKS):
        lines += [*_comment(entry.help), f"#{entry.variable}={plain(entry.default)}"]
    secrets = ", ".join(receiver.variable for receiver in RECEIVERS if receiver.secret)
    lines += ["", "## Who is told: each that is set"]
    lines += _comment(f"{secrets} may stand in a file: NAME_FILE is then its path in the container.")
    for receiver in RECEIVERS:
        example = receiver.default or EXAMPLES[receiver.name]
        lines += [*_comment(receiver.help), f"#{receiver.variable}={example}"]
    for backend in BACKENDS:
        if of(backend):
            lines += ["", f"## Backend {backend}"]
            lines += [line for variable in of(backend) for line in _entry(variable)]
    return "\n".join(lines) + "\n"


def _entry(variable: Variable) -> list[str]:
    needed = " Needed." if variable.required else ""
    return [*_comment(variable.help + needed), f"#{variable.name}={variable.default or variable.example}"]


def _comment(text: str) -> list[str]:
    return textwrap.wrap(text, 118, initial_indent="# ", subsequent_indent="# ", break_on_hyphens=False)


def _names(names: list[str]) -> str:
    return "".join(f"      - {name}\n" for name in names)


def _backends_table() -> str:
    lines = ["| Backend | Takes | Needs | May have |", "|---|---|---|---|"]
    for backend in BACKENDS:
        needs = "<br>".join(f"`{entry.name}`: {entry.help}" for entry in of(backend) if entry.required)
        may = "<br>".join(
            f"`{entry.name}`{f' (`{entry.default}`)' if entry.default else ''}: {entry.help}"
            for entry in of(backend) if not entry.required
        )  # fmt: skip
        link = f"[`{backend}`](backends/{backend}.yaml)"
        lines.append(f"| {link} | {_takes(backend)} | {needs or '-'} | {may or '-'} |")
    return "\n".join(lines) + "\n"


def _takes(backend: str) -> str:
    content: dict[str, Any] = yaml.safe_load((CONFIG / "backends" / f"{backend}.yaml").read_text("utf-8"))
    return ", ".join(pipeline.partition("/")[0] for pipeline in content["service"]["pipelines"]) or "nothing"


def _variables_table() -> str:
    lines = ["| Variable | Default | Accepted | What it does |", "|---|---|---|---|"]
    for entry in VARIABLES:
        if entry.part in HEADINGS:
            default = f"`{entry.default}`" if entry.default else "-"
            lines.append(f"| `{entry.name}` | {default} | {entry.kind.accepted} | {entry.help} |")
    return "\n".join(lines) + "\n"


PARTS: dict[str, dict[str, Callable[[], str]]] = {
    "docker-compose.yml": {
        "collector": lambda: _names([entry.name for entry in VARIABLES if entry.container]),
        "thresholds": lambda: _names([entry.variable for entry in (*THRESHOLDS, *LINKS)]),
        "receivers": lambda: _names(
            [receiver.variable for receiver in RECEIVERS]
            + [f"{receiver.variable}_FILE" for receiver in RECEIVERS if receiver.secret]
        ),
    },
    "collector-config/README.md": {"backends": _backends_table, "variables": _variables_table},
    "docs/runbooks/README.md": {"thresholds": thresholds.markdown, "receivers": receivers.markdown},
}
"""File -> name of a block -> what makes it."""


def updated(name: str) -> str:
    """The text that the file ``name`` should have."""
    if name == ".env.example":
        return env_example()
    text = (ROOT / name).read_text("utf-8")
    for part, make in PARTS[name].items():
        text = replaced(text, part, make(), MARKDOWN if name.endswith(".md") else YAML)
    return text


def main(*arguments: str) -> None:
    """Writes the files, or with ``--check`` looks whether they are up to date."""
    if arguments not in ((), ("--check",)):
        sys.exit(__doc__)
    for name in (".env.example", *PARTS):
        path, text = ROOT / name, updated(name)
        if not arguments:
            path.write_text(text, "utf-8")
        elif not path.exists() or path.read_text("utf-8") != text:
            sys.exit(f"{name} is not up to date: python -m docs.stack")


if __name__ == "__main__":
    main(*sys.argv[1:])
