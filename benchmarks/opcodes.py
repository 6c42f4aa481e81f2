"""Python bytecodes that a call executes on the calling thread: the same on a busy machine as on a quiet one.

    python -m benchmarks.opcodes --rows none,floor,llmotel [--profile chat]

They do not see the time spent inside C (``json``, ``hashlib``); :mod:`benchmarks.timing` does. Versions of Python
differ in them, so that only numbers of the same one can be compared.
"""

from __future__ import annotations

import argparse
import gc
import os
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from types import CodeType, FrameType
from typing import Any

from benchmarks import report
from benchmarks.environments import Child, Environment, RowError, prepare
from benchmarks.rows import Row, bare, rows
from benchmarks.stage import Stage, serve
from benchmarks.workloads import LONG, SHORT, WORKLOADS

_INSTRUMENTS = "instruments"
_DEFERRED = 3  # calls whose deferred work is counted together

# Not the chats at once: they execute what a chat does, in fifty times the time it takes to count it.
COUNTED = tuple(name for name, workload in WORKLOADS.items() if workload.calls == 1)

Counts = dict[str, float]


def count(function: Callable[[], object]) -> int:
    """How many bytecodes ``function`` executes on this thread."""
    total = 0

    def trace(frame: FrameType, event: str, _: Any) -> Any:
        nonlocal total
        if event == "opcode":
            total += 1
        elif event == "call":
            frame.f_trace_opcodes = True
            frame.f_trace_lines = False
        return trace

    _run(trace, function)
    return total


def count_by_place(function: Callable[[], object]) -> Counts:
    """As :func:`count`, by file and function; slower."""
    codes: dict[int, CodeType] = {}  # code objects by id: hashing one hashes all of its bytecode
    counts: Counter[int] = Counter()

    def trace(frame: FrameType, event: str, _: Any) -> Any:
        if event == "opcode":
            counts[id(frame.f_code)] += 1
        elif event == "call":
            codes[id(frame.f_code)] = frame.f_code
            frame.f_trace_opcodes = True
            frame.f_trace_lines = False
        return trace

    _run(trace, function)
    places: Counts = {}
    for key, number in counts.items():
        code = codes[key]
        place = f"{_short(code.co_filename)}:{getattr(code, 'co_qualname', code.co_name)}"
        places[place] = places.get(place, 0) + number
    return places


def _run(trace: Any, function: Callable[[], object]) -> None:
    sys.settrace(trace)
    try:
        function()
    finally:
        sys.settrace(None)


def _answer(stage: Stage, question: str) -> dict[str, Any]:
    """In the child: the counts of a workload and what it left for other threads, or, if asked, who executed what."""
    name, _, part = question.partition(" ")
    if name == _INSTRUMENTS:
        return {_INSTRUMENTS: sorted(stage.telemetry.collect())}
    workload = WORKLOADS[name]
    once = stage.ready(workload)
    # A collection takes generic models that the clients keep in weak dictionaries, and the next call builds them again.
    gc.disable()
    stage.warm(once, workload)
    if part:
        places = count_by_place(once)
        if part == "deferred":
            places = count_by_place(stage.settle)
        return {"profile": places}
    last = stage.telemetry.spans.last
    return {
        "calling": _steady(once) / workload.calls,
        "deferred": _deferred(stage, once) / workload.calls,
        "attributes": sorted(last.attributes or ()) if last is not None else [],
    }


def _steady(once: Callable[[], None]) -> int:
    """What two counts agree on, or the middle of three: now and then a call does some housekeeping on the way."""
    first, second = count(once), count(once)
    return first if first == second else sorted((first, second, count(once)))[1]


def _deferred(stage: Stage, once: Callable[[], None]) -> float:
    stage.settle()
    idle = count(stage.settle)
    for _ in range(_DEFERRED):
        once()
    return max(count(stage.settle) - idle, 0) / _DEFERRED


def _short(path: str) -> str:
    for mark in ("site-packages/", "/llmotel_instrumentors/", "/llmotel/", "/benchmarks/", "/lib/python"):
        _, found, after = path.rpartition(mark)
        if found:
            return after if mark in ("site-packages/", "/lib/python") else mark[1:] + after
    return path


@dataclass
class Counted:
    """One row: per workload the bytecodes of one call, those left for other threads, and both by place."""

    baseline: str
    calling: Counts = field(default_factory=dict)
    deferred: Counts = field(default_factory=dict)
    profile: dict[str, Counts] = field(default_factory=dict)
    errors: dict[str, str] = field(default_factory=dict)
    attributes: dict[str, list[str]] = field(default_factory=dict)  # of the span of each workload
    instruments: list[str] = field(default_factory=list)  # that anything was recorded on


class Opcodes:
    """What :func:`measure` found, by row label."""

    def __init__(self) -> None:
        self.rows: dict[str, Counted] = {}

    def over(self, label: str) -> Counts:
        """Per workload what a row executes over the bare client of its environment."""
        counted = self.rows[label]
        other = self.rows[counted.baseline].calling
        return {name: number - other[name] for name, number in counted.calling.items() if name in other}

    def figures(self, label: str) -> Counts:
        """:meth:`over` for whole calls, and per chunk for streams."""
        over = self.over(label)
        found: Counts = {name: over[name] for name in ("chat", "message", "embeddings") if name in over}
        for name in ("stream", "helper", "events"):
            short, long = over.get(f"{name}-{SHORT}"), over.get(f"{name}-{LONG}")
            if short is not None and long is not None:
                found[f"{name} chunk"] = (long - short) / (LONG - SHORT)
        return found

    def added(self, label: str, workload: str) -> list[tuple[str, float]]:
        """Where a row executes more than the bare client does, most first."""
        counted = self.rows[label]
        own, other = counted.profile[workload], self.rows[counted.baseline].profile[workload]
        added = {place: number - other.get(place, 0) for place, number in own.items()}
        return sorted(((place, number) for place, number in added.items() if number), key=lambda one: -one[1])

    def as_json(self) -> dict[str, Any]:
        """What is worth keeping."""
        return {
            label: {
                "baseline": counted.baseline,
                "calling_thread": counted.calling,
                "over_bare": self.over(label),
                "figures": self.figures(label),
                "deferred": counted.deferred,
                "errors": counted.errors,
            }
            for label, counted in self.rows.items()
        }


def measure(
    chosen: Iterable[Row],
    environments: Mapping[str, Environment],
    say: Callable[[str], None],
    workloads: Iterable[str] = COUNTED,
    part: str = "",
) -> Opcodes:
    """Counts the rows, each in a process of its own, and the bare clients that they are compared with.

    ``part`` asks for a profile instead of numbers: of the ``calling`` thread, or of what is ``deferred``.
    """
    found, wanted = Opcodes(), list(workloads)
    rows: dict[str, Row] = {}
    for row in chosen:
        environment = environments[row.home]
        if not environment.problem:
            baseline = bare(environment.baseline)
            for one in (baseline, row):
                if one.label not in rows:
                    rows[one.label] = one
                    found.rows[one.label] = Counted(baseline.label)

    def fill(row: Row) -> None:
        _fill(found.rows[row.label], row, environments[row.home], wanted, part)
        say(f"counted the bytecodes of {row.label}")

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        list(pool.map(fill, rows.values()))
    return found


def _fill(counted: Counted, row: Row, environment: Environment, workloads: Iterable[str], part: str) -> None:
    child = Child(environment, row, "opcodes")
    try:
        for name in workloads:
            if WORKLOADS[name].library not in row.subject.libraries:
                continue
            try:
                answer = child.ask(f"{name} {part}")
            except RowError as error:
                counted.errors[name] = str(error)
                continue
            if part:
                counted.profile[name] = answer["profile"]
            else:
                counted.calling[name], counted.deferred[name] = answer["calling"], answer["deferred"]
                counted.attributes[name] = answer["attributes"]
        if not part:
            counted.instruments = child.ask(_INSTRUMENTS)[_INSTRUMENTS]
    except RowError as error:
        counted.errors[_INSTRUMENTS] = str(error)
    finally:
        child.close()


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.opcodes", description=__doc__)
    parser.add_argument("--rows", default="none,floor,llmotel", help="rows, comma separated (default: %(default)s)")
    parser.add_argument("--profile", metavar="WORKLOAD", help=f"show by function: {', '.join(WORKLOADS)}")
    parser.add_argument("--deferred", action="store_true", help="the profile of what is left for other threads")
    parser.add_argument("--lines", type=int, default=40, help="length of the profile (default: %(default)s)")
    options = parser.parse_args()
    chosen = rows(options.rows.split(","))
    workloads = [options.profile] if options.profile else COUNTED
    part = ("deferred" if options.deferred else "calling") if options.profile else ""
    found = measure(chosen, prepare(chosen, report.progress), report.progress, workloads, part)
    if options.profile:
        for label in (label for label, counted in found.rows.items() if label != counted.baseline):
            print(report.profile(found, label, options.profile, options.lines))
    else:
        print(report.opcodes(found))


if __name__ == "__main__":
    if sys.argv[1:2] == ["--child"]:
        serve(_answer)
    else:
        main()
