"""Memory of streams: the peak while a long one is read, and what a hundred leave behind.

Counted by tracemalloc in the process that reads them, over what was in use before. What is left for other threads is
worked off before and after.
"""

from __future__ import annotations

import gc
import sys
import tracemalloc
from collections.abc import Callable, Iterable, Mapping

from benchmarks import bodies
from benchmarks.environments import Environment, RowError, ask
from benchmarks.rows import Row
from benchmarks.stage import Stage, serve
from benchmarks.workloads import LONG, WORKLOADS, stream

CHUNKS = 20_000
STREAMS = 100
_EACH = 20  # chunks of each of those: what they leave behind does not depend on it

Memory = dict[str, dict[str, float]]


def _answer(stage: Stage, question: str) -> dict[str, float]:
    """In the child, in kilobytes. ``peak_kb`` and ``kept_kb``: highest, and still in use after, one stream of so many
    chunks; ``growth_kb``: still in use after so many streams more."""

    chunks, streams = map(int, question.split())

    def read(chunks: int, streams: int = 1) -> None:
        once = stage.ready(WORKLOADS[f"stream-{LONG}"], stream(bodies.chat_chunks, chunks))
        for _ in range(streams):
            once()

    def in_use() -> int:
        stage.flush()
        gc.collect()
        return tracemalloc.get_traced_memory()[0]

    read(_EACH, 3)
    stage.flush()
    tracemalloc.start()
    read(_EACH, 3)
    before = in_use()
    tracemalloc.reset_peak()
    read(chunks)
    peak = tracemalloc.get_traced_memory()[1]
    after = in_use()
    read(_EACH, streams)
    growth = in_use() - after
    tracemalloc.stop()
    return {"peak_kb": (peak - before) / 1024, "kept_kb": (after - before) / 1024, "growth_kb": growth / 1024}


def measure(
    chosen: Iterable[Row],
    environments: Mapping[str, Environment],
    say: Callable[[str], None],
    *,
    chunks: int = CHUNKS,
    streams: int = STREAMS,
) -> tuple[Memory, dict[str, str]]:
    """The figures of each row, and why rows have none."""
    found: Memory = {}
    errors: dict[str, str] = {}
    for row in chosen:
        environment = environments[row.home]
        if environment.problem:
            continue
        say(f"memory of {row.label}")
        try:
            found[row.label] = ask(environment, row, "memory", f"{chunks} {streams}")
        except RowError as error:
            errors[row.label] = str(error)
    return found, errors


if __name__ == "__main__":
    if sys.argv[1:2] == ["--child"]:
        serve(_answer)
