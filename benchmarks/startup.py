"""Import and ``init()``: what they cost over an application that has OpenTelemetry and its client libraries loaded.

Fresh processes, taken in turn. In each, after client libraries, SDK and providers: the CPU time and the modules that
switching the row on takes, and the resident memory after the first call with everything loaded that a row loads later.
"""

from __future__ import annotations

import gc
import sys
import time
from collections.abc import Callable, Iterable, Mapping
from importlib import import_module
from pathlib import Path
from statistics import median

from benchmarks.environments import Environment, RowError, ask
from benchmarks.rows import Row, bare
from benchmarks.stage import Stage, serve
from benchmarks.workloads import WORKLOADS

Startup = dict[str, dict[str, float]]


def _answer(stage: Stage, _: str) -> dict[str, float]:
    for library in stage.row.subject.libraries:
        import_module(library)
    gc.collect()
    modules, cpu, wall = len(sys.modules), time.process_time(), time.perf_counter()
    stage.switch_on()
    cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
    loaded = len(sys.modules) - modules
    stage.open()
    stage.ready(WORKLOADS["chat"])()
    stage.flush()
    gc.collect()
    return {"init_ms": cpu * 1e3, "init_wall_ms": wall * 1e3, "modules": loaded, "resident_mb": _resident_mb()}


def _resident_mb() -> float:
    status = Path("/proc/self/status")
    if status.exists():
        lines = dict(line.split(":", 1) for line in status.read_text().splitlines())
        return int(lines["VmRSS"].split()[0]) / 1024
    import resource

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20


def measure(
    chosen: Iterable[Row], environments: Mapping[str, Environment], say: Callable[[str], None], *, rounds: int
) -> tuple[Startup, dict[str, str]]:
    """The figures of each row, and why rows have none. ``init_ms`` is the median, ``init_min_ms`` the least;
    ``memory_mb`` is what is resident over the same application without the row."""
    rows = _first_of_each(one for one in chosen if not environments[one.home].problem)
    baselines = {label: bare(environments[one.home].baseline) for label, one in rows.items()}
    rows = {**{one.label: one for one in baselines.values()}, **rows}
    samples: dict[str, list[dict[str, float]]] = {label: [] for label in rows}
    errors: dict[str, str] = {}
    for turn in range(rounds + 1):  # the first round only fills the caches: of pages, and of bytecode
        for label, one in rows.items():
            if label in errors:
                continue
            try:
                answer = ask(environments[one.home], one, "startup")
            except RowError as error:
                errors[label] = str(error)
                continue
            if turn:
                samples[label].append(answer)
        say(f"start-up: round {turn} of {rounds}")
    found: Startup = {}
    for label in rows:
        if label in errors or (label in baselines and baselines[label].label in errors):
            continue
        found[label] = {name: median(sample[name] for sample in samples[label]) for name in samples[label][0]}
        found[label]["init_min_ms"] = min(sample["init_ms"] for sample in samples[label])
    for label, one in baselines.items():
        if label in found:
            found[label]["memory_mb"] = found[label]["resident_mb"] - found[one.label]["resident_mb"]
    return found, errors


def _first_of_each(chosen: Iterable[Row]) -> dict[str, Row]:
    """One row per subject: variants are settings, and cost what they cost later. The floor has nothing to start."""
    first: dict[str, Row] = {}
    for one in chosen:
        if one.subject.name != "floor":
            first.setdefault(one.subject.name, one)
    return {one.label: one for one in first.values()}


if __name__ == "__main__":
    if sys.argv[1:2] == ["--child"]:
        serve(_answer, ready=False)
