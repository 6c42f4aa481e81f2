"""``status()`` as a page: plain text for terminals and logs, tables for notebooks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

# The classes of :mod:`llmotel.diagnostics.status`, which imports this module.
Status: TypeAlias = Any
LibraryStatus: TypeAlias = Any
SignalStatus: TypeAlias = Any

Row: TypeAlias = tuple[str, ...]

_PROVIDERS: Mapping[str, str] = {
    "own": "llmotel's own provider",
    "isolated": "llmotel's own provider, kept apart",
    "given": "the provider given to init()",
    "reused": "the application's provider",
    "none": "no provider: set OTEL_EXPORTER_OTLP_ENDPOINT, or set one up before init()",
}
_PLANNED = {"not imported yet": "instrumented once imported", "not instrumented": "instrumented"}


def sections(status: Status) -> list[tuple[str, list[Row]]]:
    """Titles with their rows, in the order in which they are shown; empty ones are left out."""
    chosen = [setting for setting in status.settings if setting.origin != "default"]
    parts: list[tuple[str, list[Row]]] = [
        ("Libraries", [_library(row, planned=status.planned) for row in status.libraries]),
        ("Signals", [_signal(row, planned=status.planned) for row in status.signals]),
        ("Settings, other than defaults", [(row.name, row.value, f"from {row.origin}") for row in chosen]),
        ("Counts", [(name, str(number)) for name, number in status.counts.items() if number]),
        ("Hints", [(hint,) for hint in status.hints]),
    ]
    return [(title, rows) for title, rows in parts if rows]


def heading(status: Status) -> str:
    """The first line."""
    return f"llmotel {status.version}: {'on' if status.enabled else f'off ({status.reason})'}"


def text(status: Status) -> str:
    """The page in plain text."""
    lines = [heading(status), *(["", "What init() would do here:"] if status.planned else [])]
    for title, rows in sections(status):
        lines += ["", title, *columns(rows)]
    return "\n".join(lines)


def html(status: Status) -> str:
    """The page as HTML, with everything escaped."""
    from html import escape

    parts = [f"<b>{escape(heading(status))}</b>"]
    if status.planned:
        parts.append("<p>What init() would do here:</p>")
    for title, rows in sections(status):
        width = max(len(row) for row in rows)
        cells = (
            "".join(f'<td style="text-align:left">{escape(cell)}</td>' for cell in (*row, *[""] * (width - len(row))))
            for row in rows
        )
        body = "".join(f"<tr>{row}</tr>" for row in cells)
        parts.append(f'<table><caption style="text-align:left">{escape(title)}</caption>{body}</table>')
    return f"<div>{''.join(parts)}</div>"


def columns(rows: Sequence[Row]) -> list[str]:
    """``rows`` as lines, indented, each column as wide as its widest entry."""
    width = max((len(row) for row in rows), default=0)
    widths = [max((len(row[index]) for row in rows if index < len(row)), default=0) for index in range(width)]
    lines = ("  ".join(cell.ljust(size) for cell, size in zip(row, widths, strict=False)) for row in rows)
    return [f"  {line}".rstrip() for line in lines]


def _library(row: LibraryStatus, *, planned: bool) -> Row:
    state = str(_PLANNED.get(row.state, row.state) if planned else row.state)
    return row.library, row.version or "-", state, row.detail or f"supported {row.supported}"


def _signal(row: SignalStatus, *, planned: bool) -> Row:
    exports = f"{row.sent} exports, {row.failed} failed" if row.endpoint is not None and not planned else ""
    if row.lost:
        exports += f", {row.lost:,} lost"
    return row.signal, _PROVIDERS[row.provider], row.endpoint or "", exports or row.detail


__all__ = ["columns", "heading", "html", "sections", "text"]
