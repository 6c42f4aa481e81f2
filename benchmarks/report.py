"""Tables, for a terminal and for the README alike."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks import chart
from benchmarks.limits import MEMORY, OPCODES, STARTUP, Limit
from benchmarks.rows import SUBJECTS
from benchmarks.workloads import LONG, WORKLOADS
from docs.blocks import replaced

if TYPE_CHECKING:
    from benchmarks.memory import Memory
    from benchmarks.opcodes import Opcodes
    from benchmarks.startup import Startup
    from benchmarks.timing import Timed, Timing

AGAIN = " (again)"
_begun = time.monotonic()


def progress(line: str) -> None:
    """Says on standard error what is going on."""
    print(f"[{time.monotonic() - _begun:5.0f} s] {line}", file=sys.stderr, flush=True)


def table(head: Sequence[str], lines: Iterable[Sequence[str]]) -> str:
    """A Markdown table whose columns line up; all but the first are numbers."""
    cells = [list(head), *(list(line) for line in lines)]
    widths = [max(len(line[column]) for line in cells) for column in range(len(head))]

    def row(line: Sequence[str]) -> str:
        first, *rest = (cell.rjust(width) for cell, width in zip(line, widths, strict=True))
        return " | ".join(["| " + first.strip().ljust(widths[0]), *rest]) + " |"

    rule = "|".join(["|" + "-" * (widths[0] + 2), *("-" * (width + 1) + ":" for width in widths[1:])]) + "|"
    return "\n".join([row(cells[0]), rule, *(row(line) for line in cells[1:])])


def number(value: float | None, digits: int = 0) -> str:
    return "" if value is None else f"{value:,.{digits}f}"


def opcodes(found: Opcodes) -> str:
    """Bytecodes over the bare client, and the limits."""
    columns = {
        "chat": ("chat", 0),
        "message": ("message", 0),
        "embeddings": ("embeddings", 0),
        "stream chunk": ("openai chunk", 1),
        "events chunk": ("anthropic delta", 1),
        "helper chunk": ("messages.stream delta", 1),
    }
    head = ["row", *(title for title, _ in columns.values()), "chat, left for other threads"]
    lines = []
    by_row = {label: found.figures(label) for label in found.rows}
    for label, counted in found.rows.items():
        if label == counted.baseline:
            continue
        cells = [number(by_row[label].get(name), digits) for name, (_, digits) in columns.items()]
        lines.append([label, *cells, number(counted.deferred.get("chat"))])
    bare = [
        f"{label} executes {number(counted.calling.get('chat'))} for a chat"
        for label, counted in found.rows.items()
        if label == counted.baseline and "chat" in counted.calling
    ]
    errors = [
        f"{label}, {name}: {error}" for label, counted in found.rows.items() for name, error in counted.errors.items()
    ]
    return "\n\n".join(
        [
            "### Bytecodes",
            f"Executed on the calling thread, over the bare client ({'; '.join(bare)}).",
            table(head, lines),
            limits(OPCODES, by_row),
            *errors,
        ]
    )


def limits(known: Iterable[Limit], figures: dict[str, dict[str, float]]) -> str:
    """Each limit beside the figure, where it was measured."""
    lines = []
    for limit in known:
        value = figures.get(limit.row, {}).get(limit.figure)
        if limit.relative_to:
            other = figures.get(limit.relative_to, {}).get(limit.figure)
            value = value / other if value is not None and other else None
        if value is not None:
            digits = 2 if limit.relative_to else 1 if limit.most < 100 else 0
            verdict = "kept" if value <= limit.most else "EXCEEDED"
            lines.append([limit.title, limit.row, number(value, digits), f"{limit.most:,g} {limit.unit}", verdict])
    return table(["limit", "row", "measured", "at most", ""], lines) if lines else ""


def timing(found: Timing) -> str:
    """CPU time over the bare client."""
    whole = ("chat", "async", "message", "embeddings", f"stream-{LONG}", f"helper-{LONG}", f"events-{LONG}")
    names = [name for name in whole if any(name in timed for timed in found.rows.values())]
    sections = []
    for part, title in (("thread", "the calling thread"), ("process", "the process: all threads, with the export")):
        lines = [
            [label, *(_spread(timed[name], part) if name in timed else "" for name in names)]
            for label, timed in found.rows.items()
        ]
        base = ["none, in microseconds", *(_bare(found, name, part) for name in names)]
        head = ["row", *(WORKLOADS[name].title for name in names)]
        sections.append(f"CPU time of {title}\n\n{table(head, [base, *lines])}")
    chunks = []
    for label in found.rows:
        each = [found.per_chunk(label, name) for name in ("stream", "events", "helper")]
        if any(value is not None for value in each):
            chunks.append([label, *(number(value, 2) for value in each)])
    if chunks:
        head = ["microseconds per chunk", "openai", "anthropic stream=True", "anthropic messages.stream"]
        sections.append(table(head, chunks))
    return "\n\n".join(
        [
            "### Time",
            f"Microseconds over the bare client [quartiles], and times the bare client. {found.launches} launches of "
            f"each row, {found.rounds} interleaved rounds in each. `none{AGAIN}` is a second bare process: "
            "what it shows is noise.",
            *sections,
            *(f"{place}: {error}" for place, error in found.errors.items()),
        ]
    )


def _spread(timed: Timed, part: str) -> str:
    over, ratio = timed.over(part), timed.ratio(part)
    return f"{over.middle:+,.0f} [{over.low:,.0f}..{over.high:,.0f}] x{ratio.middle:.2f}"


def _bare(found: Timing, name: str, part: str) -> str:
    timed = next((timed[name] for timed in found.rows.values() if name in timed), None)
    return number(timed.bare(part)) if timed is not None else ""


def memory(found: Memory, errors: dict[str, str], chunks: int, streams: int) -> str:
    """Memory of streams."""
    head = ["KB", f"peak of {chunks:,} chunks", "still in use after it", f"after {streams} streams more"]
    lines = [
        [label, *(number(figures[name], 1) for name in ("peak_kb", "kept_kb", "growth_kb"))]
        for label, figures in found.items()
    ]
    return _section("Memory", table(head, lines), limits(MEMORY, found), errors)


def startup(found: Startup, errors: dict[str, str], rounds: int) -> str:
    """Import and init."""
    head = ["row", "CPU ms, median", "CPU ms, least", "modules", "MB after the first call"]
    columns = (("init_ms", 1), ("init_min_ms", 1), ("modules", 0), ("memory_mb", 1))
    lines = [[label, *(number(figures.get(name), digits) for name, digits in columns)]
             for label, figures in found.items()]  # fmt: skip
    text = f"Over SDK, providers and client libraries, in {rounds} fresh processes each.\n\n{table(head, lines)}"
    return _section("Start-up", text, limits(STARTUP, found), errors)


def _section(title: str, text: str, kept: str, errors: dict[str, str]) -> str:
    return "\n\n".join([f"### {title}", text, kept, *(f"{label}: {error}" for label, error in errors.items())])


def machine(known: dict[str, str]) -> str:
    """What it was measured on."""
    system, *versions = known.items()
    return f"Measured on {system[1]}: {', '.join(f'{name} {version}' for name, version in versions)}."


def overview(counted: dict[str, Any], versions: dict[str, str]) -> str:
    """The bytecodes in short, for the README of the project: content off, and on for a chat."""
    rows = {
        "span written by hand, three instruments": "floor:legacy",
        "span written by hand, the whole set and cost": "floor:latest",
        "**llmotel**, the whole set and cost": "llmotel:latest",
    }
    peers = [label for label in counted if label in SUBJECTS and SUBJECTS[label].requires]
    rows |= {f"{label} {SUBJECTS[label].requires[0].partition('==')[2]}": label for label in peers}
    columns = ("chat", "message", "embeddings", "stream chunk", "events chunk")
    lines = []
    for title, label in rows.items():
        if label not in counted:
            continue
        figures = counted[label]["figures"]
        on = counted.get(label + ("+" if ":" in label else ":") + "content", {}).get("figures", {})
        chat, *rest = (number(figures.get(column)) for column in columns)
        cells = [chat, number(on.get("chat")), *rest]
        lines.append([title, *(f"**{cell}**" if title.startswith("**") and cell else cell for cell in cells)])
    head = ["", "openai chat", "with content", "anthropic message", "embeddings", "openai chunk", "anthropic delta"]
    python = ".".join(versions["python"].split(".")[:2])
    clients = ", ".join(f"{name} {versions[name].rpartition('.')[0]}" for name in ("openai", "anthropic"))
    bare = counted["none"]["calling_thread"]["chat"]
    return (
        f"Python bytecodes that a call executes on the calling thread, over the bare client (Python {python}, "
        f"{clients}; a bare chat executes {number(round(bare, -3))}).\n\n{table(head, lines)}\n\n"
        f"llmotel leaves {number(round(counted['llmotel:latest']['deferred']['chat'], -2))} bytecodes of a chat to its "
        "own thread: no caller waits for them, the machine still executes them.\n"
    )


def into_readme(path: Path, parts: dict[str, str]) -> None:
    """Puts each part into its block of the file. ``ValueError`` for a part without one."""
    text = path.read_text("utf-8")
    for name, part in parts.items():
        text = replaced(text, name, part)
    path.write_text(text, "utf-8")


def draw(counted: dict[str, Any]) -> None:
    """The chart of the counted bytecodes, beside the README."""
    bars = [
        (label, (row["figures"]["chat"], row["deferred"]["chat"]))
        for label, row in counted.items()
        if label != row["baseline"] and "chat" in row["figures"]
    ]
    title = "Bytecodes per chat call over the bare client"
    drawing = chart.bars(title, ("on the calling thread", "left for other threads"), bars)
    (Path(__file__).parent / "overhead.svg").write_text(drawing)


def profile(found: Opcodes, label: str, workload: str, length: int) -> str:
    """Where a row's own bytecodes go."""
    if found.rows[label].errors:
        return "; ".join(found.rows[label].errors.values())
    added = found.added(label, workload)
    lines = [[place, number(count)] for place, count in added[:length]]
    rest = sum(count for _, count in added[length:])
    lines.append([f"{max(len(added) - length, 0)} more", number(rest)])
    lines.append(["in all", number(sum(count for _, count in added))])
    return f"{label}, {workload}: bytecodes over the bare client\n\n{table(['function', 'bytecodes'], lines)}\n"
