"""``python -m benchmarks``: measures everything and prints it."""

from __future__ import annotations

import argparse
import json
import os
import platform
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks import memory, opcodes, report, startup, timing
from benchmarks.environments import Environment, prepare
from benchmarks.rows import BASE, Row, rows
from benchmarks.workloads import WORKLOADS

_QUICK_ROWS = ("none", "floor:latest", "llmotel:latest")
_QUICK_WORKLOADS = ("chat", "message", "stream-2", "stream-200")

Environments = dict[str, Environment]
Measured = tuple[str, dict[str, Any]]  # a section of the report, and what goes into the JSON file


def _opcodes(quick: bool, chosen: list[Row], environments: Environments, options: argparse.Namespace) -> Measured:
    workloads = [name for name in opcodes.COUNTED if name in _workloads(quick, options)]
    found = opcodes.measure(chosen, environments, report.progress, workloads)
    return report.opcodes(found), {"rows": found.as_json()}


def _timing(quick: bool, chosen: list[Row], environments: Environments, options: argparse.Namespace) -> Measured:
    found = timing.measure(
        chosen,
        environments,
        report.progress,
        launches=options.launches or (1 if quick else 3),
        rounds=options.rounds or (5 if quick else 8),
        workloads=_workloads(quick, options),
    )
    return report.timing(found), found.as_json()


def _workloads(quick: bool, options: argparse.Namespace) -> list[str]:
    wanted = options.workloads.split(",") if options.workloads else _QUICK_WORKLOADS if quick else WORKLOADS
    return [name for name in WORKLOADS if name in wanted]


def _memory(quick: bool, chosen: list[Row], environments: Environments, _: argparse.Namespace) -> Measured:
    size = {"chunks": 2_000, "streams": 10} if quick else {"chunks": memory.CHUNKS, "streams": memory.STREAMS}
    found, errors = memory.measure(chosen, environments, report.progress, **size)
    return report.memory(found, errors, **size), {**size, "rows": found, "errors": errors}


def _startup(quick: bool, chosen: list[Row], environments: Environments, options: argparse.Namespace) -> Measured:
    rounds = options.starts or (3 if quick else 10)
    found, errors = startup.measure(chosen, environments, report.progress, rounds=rounds)
    return report.startup(found, errors, rounds), {"rounds": rounds, "rows": found, "errors": errors}


_PARTS: dict[str, Callable[[bool, list[Row], Environments, argparse.Namespace], Measured]] = {
    "opcodes": _opcodes,
    "timing": _timing,
    "memory": _memory,
    "startup": _startup,
}


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--rows", help="rows, or subjects for all their rows, comma separated (default: all)")
    parser.add_argument("--parts", default=",".join(_PARTS), help="comma separated (default: %(default)s)")
    parser.add_argument("--workloads", help=f"comma separated, of {', '.join(WORKLOADS)} (default: all)")
    parser.add_argument("--quick", action="store_true", help="within a minute: three rows, fewer rounds and workloads")
    parser.add_argument("--launches", type=int, help="processes per row in timing (default: 3)")
    parser.add_argument("--rounds", type=int, help="rounds per launch in timing (default: 8)")
    parser.add_argument("--starts", type=int, help="processes per row in startup (default: 10)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all figures there too")
    parser.add_argument("--readme", action="store_true", help="put the tables into README.md here and above")
    options = parser.parse_args()
    unknown = set(options.parts.split(",")) - set(_PARTS)
    if unknown:
        parser.error(f"no such part: {', '.join(sorted(unknown))}; there are {', '.join(_PARTS)}")
    return options


def _machine(environments: Environments) -> dict[str, str]:
    versions = environments[BASE].versions
    names = ("openai", "anthropic", "opentelemetry-sdk", "wrapt")
    load = f" under a load of {os.getloadavg()[0]:.1f}" if hasattr(os, "getloadavg") else ""
    return {
        "system": f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores{load}",
        "python": platform.python_version(),
        **{name: versions[name] for name in names if name in versions},
    }


def main() -> None:
    options = _options()
    try:
        chosen = rows(options.rows.split(",") if options.rows else _QUICK_ROWS if options.quick else ())
    except ValueError as error:
        raise SystemExit(str(error)) from None
    environments = prepare(chosen, report.progress)
    skipped = {name: one.problem for name, one in environments.items() if one.problem}
    results: dict[str, Any] = {"skipped": skipped}
    sections: dict[str, str] = {}
    notes = [f"Skipped: {name}: {problem}" for name, problem in skipped.items()]
    for part in options.parts.split(","):
        section, results[part] = _PARTS[part](options.quick, chosen, environments, options)
        results[part]["machine"] = _machine(environments)
        sections[part] = "\n\n".join([section, *notes, report.machine(results[part]["machine"])])
    print("\n\n".join(sections.values()))
    if options.json:
        options.json.write_text(json.dumps(results, indent=1) + "\n")
    if options.readme:
        here = Path(__file__).parent
        report.into_readme(here / "README.md", {part: f"\n{text}\n\n" for part, text in sections.items()})
        if "opcodes" in results:
            counted = results["opcodes"]["rows"]
            report.draw(counted)
            overview = report.overview(counted, results["opcodes"]["machine"])
            report.into_readme(here.parent / "README.md", {"costs": overview})


main()
