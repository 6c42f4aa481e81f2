"""Where rows run: the environment of the interpreter that measures, and one for each peer, made outside the checkout.

Peers are asked to run on the very client versions that the measuring interpreter has. One that refuses them gets those
that it accepts, and is compared with a bare client on the same.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.rows import BASE, Row

CHECKOUT = Path(__file__).resolve().parent.parent
# Versions that decide what a bare call costs: where they differ, so does the baseline.
_STACK = ("openai", "anthropic", "httpx", "httpx2", "httpcore", "httpcore2", "pydantic", "pydantic-core", "anyio")
_CLIENTS = ("openai", "anthropic", "opentelemetry-sdk")
_FOREIGN = ("OTEL_", "LLMOTEL_", "OPENAI_", "ANTHROPIC_", "TRACELOOP_", "LANGFUSE_", "LOGFIRE_", "PYTHON")


@dataclass(frozen=True)
class Environment:
    """``problem`` says why there is none; ``baseline`` names the environment of the bare client to compare with."""

    name: str
    python: Path
    versions: dict[str, str]
    baseline: str = BASE
    problem: str = ""


def cache() -> Path:
    """Where the peers' environments live: ``LLMOTEL_BENCHMARK_CACHE``, or a folder in the user's cache."""
    chosen = os.environ.get("LLMOTEL_BENCHMARK_CACHE")
    if chosen:
        return Path(chosen)
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "llmotel-benchmarks"


def prepare(rows: Iterable[Row], say: Callable[[str], None]) -> dict[str, Environment]:
    """The environments of ``rows``, made where they are not there yet."""
    versions = _versions(Path(sys.executable))
    found = {BASE: Environment(BASE, Path(sys.executable), versions)}
    for row in rows:
        if row.home not in found:
            found[row.home] = _peer(row, versions, say)
    return found


def _peer(row: Row, base: dict[str, str], say: Callable[[str], None]) -> Environment:
    folder = cache() / f"py{sys.version_info.major}.{sys.version_info.minor}" / row.home
    python = folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    pinned = [f"{name}=={base[name]}" for name in _CLIENTS if name in base]
    wanted = json.dumps([pinned, row.subject.requires])
    stamp = folder / "installed.json"
    if not (stamp.exists() and stamp.read_text() == wanted):
        say(f"installing {row.subject.name} into {folder}")
        problem = _install(folder, python, [pinned, list(_CLIENTS)], row.subject.requires)
        if problem:
            return Environment(row.home, python, {}, problem=problem)
        stamp.write_text(wanted)
    versions = _versions(python)
    same = all(versions.get(name) == base.get(name) for name in _STACK)
    return Environment(row.home, python, versions, baseline=BASE if same else row.home)


def _install(folder: Path, python: Path, choices: list[list[str]], requires: Iterable[str]) -> str:
    made = subprocess.run([sys.executable, "-m", "venv", "--clear", str(folder)], capture_output=True, text=True)
    if made.returncode:
        return _last_line(made.stdout + made.stderr)
    problem = ""
    for clients in choices:
        command = [str(python), "-m", "pip", "install", "--quiet", *clients, *requires]
        ran = subprocess.run(command, capture_output=True, text=True)
        if ran.returncode == 0:
            return ""
        problem = problem or _last_line(ran.stderr)
    return problem


def _last_line(output: str) -> str:
    errors = [line for line in output.splitlines() if line.startswith("ERROR")] or output.strip().splitlines()
    return errors[-1] if errors else "no message"


def _versions(python: Path) -> dict[str, str]:
    code = (
        "import json, importlib.metadata as m\n"
        "print(json.dumps({d.name.lower().replace('_', '-'): d.version for d in m.distributions()}))"
    )
    ran = subprocess.run([str(python), "-c", code], capture_output=True, text=True, check=True)
    versions: dict[str, str] = json.loads(ran.stdout)
    return versions


class Child:
    """A process of one row: ``python -m benchmarks.PART --child LABEL``, spoken to in lines of JSON."""

    def __init__(self, environment: Environment, row: Row, part: str) -> None:
        variables = {name: value for name, value in os.environ.items() if not name.startswith(_FOREIGN)}
        variables.update(
            PYTHONPATH=os.pathsep.join([str(CHECKOUT), str(CHECKOUT / "instrumentors")]),
            PYTHONHASHSEED="0",
            # The anthropic client makes a span of its own wherever there is a provider: off, so that a row shows what
            # the instrumentation adds.
            ANTHROPIC_OPEN_TELEMETRY="false",
            **row.variables,
        )
        self.row = row
        self._errors = tempfile.TemporaryFile("w+")  # noqa: SIM115 - closed with the child
        self._process = subprocess.Popen(
            [str(environment.python), "-W", "ignore", "-m", f"benchmarks.{part}", "--child", row.label],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            text=True,
            env=variables,
            cwd=CHECKOUT,
        )

    def ask(self, question: str = "") -> dict[str, Any]:
        """The answer to a line. ``RowError`` when the row cannot do it, or its process died."""
        stdin, stdout = self._process.stdin, self._process.stdout
        assert stdin is not None
        assert stdout is not None
        try:
            stdin.write(question + "\n")
            stdin.flush()
            line = stdout.readline()
        except BrokenPipeError:
            line = ""
        if not line:
            status = self._process.wait()
            self._errors.seek(0)
            raise RowError(f"ended with status {status}: {_last_line(self._errors.read())}")
        answer: dict[str, Any] = json.loads(line)
        if "error" in answer:
            raise RowError(answer["error"])
        return answer

    def close(self) -> None:
        self._process.communicate()
        self._errors.close()


class RowError(Exception):
    """What is measured failed, with what it said."""


def ask(environment: Environment, row: Row, part: str, question: str = "") -> dict[str, Any]:
    """One answer of a process made for it."""
    child = Child(environment, row, part)
    try:
        return child.ask(question)
    finally:
        child.close()
