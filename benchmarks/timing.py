"""CPU time per call, of the calling thread and of the whole process.

Every row is a live process. Within a launch the rounds go over the rows in turn, A B C, B C A, so that other load on
the machine hits all of them; each round of a row is compared with the bare client's round beside it. Several launches,
because two processes that run the same code differ by more than many a row does from the next: the bare client takes
part twice, and the second shows by how much.
"""

from __future__ import annotations

import gc
import sys
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from statistics import median, quantiles
from typing import Any

from benchmarks.environments import Child, Environment, RowError
from benchmarks.report import AGAIN
from benchmarks.rows import Row, bare
from benchmarks.stage import Stage, serve
from benchmarks.workloads import LONG, SHORT, WORKLOADS

Pair = tuple[float, float]  # microseconds per call: a row's round, the bare client's round beside it


def _answer(stage: Stage, question: str) -> dict[str, Any]:
    """In the child: one round of a workload. ``thread`` in ns of each run, ``process`` in ns per run with the export of
    spans and what was left for other threads, ``spans`` per run."""
    workload = WORKLOADS[question]
    once, clock, each = stage.ready(workload), time.thread_time_ns, []
    stage.warm(once, workload)
    gc.collect()
    exported = stage.telemetry.spans.count
    begun = time.process_time_ns()
    for _ in range(workload.rounds):
        at = clock()
        once()
        each.append(clock() - at)
    stage.flush()
    ended = time.process_time_ns()
    spans = stage.telemetry.spans.count - exported
    return {"thread": each, "process": (ended - begun) / workload.rounds, "spans": spans / workload.rounds}


@dataclass(frozen=True)
class Spread:
    """The median of many, with its quartiles."""

    middle: float
    low: float
    high: float

    @classmethod
    def of(cls, values: list[float]) -> Spread:
        if len(values) < 2:
            return cls(values[0], values[0], values[0])
        low, middle, high = quantiles(values, n=4, method="inclusive")
        return cls(middle, low, high)


@dataclass
class Timed:
    """One row and workload. Pairs by launch; every number is per call (of 50 at once: of each)."""

    thread: list[list[Pair]] = field(default_factory=list)
    process: list[list[Pair]] = field(default_factory=list)
    spans: float = 0.0

    def _pairs(self, part: str) -> list[list[Pair]]:
        return self.thread if part == "thread" else self.process

    def over(self, part: str) -> Spread:
        """Microseconds over the bare client, round by round."""
        return Spread.of([own - other for launch in self._pairs(part) for own, other in launch])

    def ratio(self, part: str) -> Spread:
        """Times the bare client, round by round."""
        return Spread.of([own / other for launch in self._pairs(part) for own, other in launch])

    def launches(self, part: str) -> list[float]:
        """The median ratio of each launch."""
        return [median(own / other for own, other in launch) for launch in self._pairs(part) if launch]

    def bare(self, part: str) -> float:
        """Microseconds of the bare client."""
        return median(other for launch in self._pairs(part) for _, other in launch)


class Timing:
    """What :func:`measure` found: by row label and workload."""

    def __init__(self, launches: int, rounds: int) -> None:
        self.launches, self.rounds = launches, rounds
        self.rows: dict[str, dict[str, Timed]] = {}
        self.errors: dict[str, str] = {}

    def per_chunk(self, label: str, name: str) -> float | None:
        """Microseconds of the calling thread over the bare client that one chunk of a stream takes."""
        timed = self.rows.get(label, {})
        short, long = timed.get(f"{name}-{SHORT}"), timed.get(f"{name}-{LONG}")
        if short is None or long is None:
            return None
        return (long.over("thread").middle - short.over("thread").middle) / (LONG - SHORT)

    def as_json(self) -> dict[str, Any]:
        rows = {
            label: {
                name: {
                    "spans_per_call": one.spans,
                    **{
                        part: {
                            "bare_us": one.bare(part),
                            "over_us": vars(one.over(part)),
                            "ratio": vars(one.ratio(part)),
                            "ratio_by_launch": one.launches(part),
                        }
                        for part in ("thread", "process")
                    },
                }
                for name, one in timed.items()
            }
            for label, timed in self.rows.items()
        }
        return {"launches": self.launches, "rounds": self.rounds, "rows": rows, "errors": self.errors}


def measure(
    chosen: Iterable[Row],
    environments: Mapping[str, Environment],
    say: Callable[[str], None],
    *,
    launches: int,
    rounds: int,
    workloads: Iterable[str] = tuple(WORKLOADS),
) -> Timing:
    """Times the rows. A row that fails is left out from then on, with what it said in ``errors``."""
    found, names = Timing(launches, rounds), list(workloads)
    rows = [row for row in chosen if row.subject.name != "none" and not environments[row.home].problem]
    baselines = {row.label: bare(environments[row.home].baseline) for row in rows}
    for launch in range(launches):
        place = f"timing: launch {launch + 1} of {launches}"
        _launch(found, rows, baselines, environments, names, lambda what, place=place: say(f"{place}, {what}"))
    return found


def _launch(
    found: Timing,
    rows: list[Row],
    baselines: Mapping[str, Row],
    environments: Mapping[str, Environment],
    names: list[str],
    say: Callable[[str], None],
) -> None:
    children: dict[str, Child] = {}
    for baseline in {baseline.label: baseline for baseline in baselines.values()}.values():
        for label in (baseline.label, baseline.label + AGAIN):
            children[label] = Child(environments[baseline.home], baseline, "timing")
    for row in rows:
        children[row.label] = Child(environments[row.home], row, "timing")
    against = {label: baselines[label].label if label in baselines else label.removesuffix(AGAIN) for label in children}
    try:
        for name in names:
            for timed in (found.rows.setdefault(label, {}).setdefault(name, Timed()) for label in children):
                timed.thread.append([])
                timed.process.append([])
            for turn in range(found.rounds):
                say(f"{name}, round {turn + 1} of {found.rounds}")
                order = [*children][turn % len(children) :] + [*children][: turn % len(children)]
                answers = {label: _round(found, children[label], label, name) for label in order}
                _keep(found, name, answers, against)
    finally:
        for child in children.values():
            child.close()
    for label, by_name in list(found.rows.items()):
        found.rows[label] = {name: one for name, one in by_name.items() if any(one.thread)}
        if not found.rows[label]:
            del found.rows[label]


def _round(found: Timing, child: Child, label: str, name: str) -> dict[str, Any] | None:
    if WORKLOADS[name].library not in child.row.subject.libraries or f"{label} {name}" in found.errors:
        return None
    try:
        return child.ask(name)
    except RowError as error:
        found.errors[f"{label} {name}"] = str(error)
        return None


def _keep(found: Timing, name: str, answers: Mapping[str, dict[str, Any] | None], against: Mapping[str, str]) -> None:
    unit = WORKLOADS[name].calls * 1_000  # ns of a run to microseconds of a call
    for label, answer in answers.items():
        other = answers[against[label]]
        if answer is None or other is None or against[label] == label:
            continue
        timed = found.rows[label][name]
        timed.thread[-1].append((median(answer["thread"]) / unit, median(other["thread"]) / unit))
        timed.process[-1].append((answer["process"] / unit, other["process"] / unit))
        timed.spans = answer["spans"] / WORKLOADS[name].calls


if __name__ == "__main__":
    if sys.argv[1:2] == ["--child"]:
        serve(_answer)
