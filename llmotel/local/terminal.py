"""Answers in the terminal: tables, small plots, trees. Colours only where a terminal shows them."""

from __future__ import annotations

import argparse
import json
import re
import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table
from rich.text import Text
from rich.tree import Tree

from llmotel.local.asking import Source, path_of
from llmotel.local.errors import LocalError
from llmotel.local.questions.asking import Csv

_PATIENCE = 2.0  # seconds until a question says that it is being worked on
_BAR = 24
_EIGHTHS = " ▏▎▍▌▋▊▉█"
_POLL = 1.0
_TEXT = 400  # characters of a message in a tree


def console() -> Console:
    """Where answers go. As wide as they are where nobody looks at them."""
    return Console(width=None if sys.stdout.isatty() else 200, highlight=False, soft_wrap=not sys.stdout.isatty())


@contextmanager
def patience(what: str) -> Iterator[None]:
    """Says on the terminal's error stream that ``what`` takes its time, once it has."""
    if not sys.stderr.isatty():
        yield
        return
    status = Console(stderr=True).status(f"{what} ...")
    timer = threading.Timer(_PATIENCE, status.start)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
        status.stop()


def pairs(options: argparse.Namespace) -> list[tuple[str, str]]:
    """The filters that ``--since`` and ``--where`` name."""
    found = [("since", options.since)] if getattr(options, "since", None) else []
    for text in options.where:
        name, sign, value = text.partition("=")
        if not sign or not name:
            raise LocalError(f"--where {text!r}: accepted is NAME=VALUE, for example feature=search")
        found.append((name, value))
    return found


def shown(value: Any, unit: str) -> str:
    """A value as a reader wants it."""
    if value is None:
        return "-"
    if unit == "text" or isinstance(value, (str, bool)):
        return harmless(str(value))
    if unit == "usd":
        return f"${value:,.2f}" if abs(value) >= 100 else f"${value:,.4f}"
    if unit == "seconds":
        return f"{value:,.0f} s" if abs(value) >= 100 else f"{value:.3g} s" if value >= 1 else f"{value * 1000:.0f} ms"
    if unit == "ratio":
        return f"{value:.1%}"
    if unit in ("count", "tokens"):
        return f"{value:,.0f}"
    if unit == "score":
        return f"{value:.2f}"
    return f"{value:,.4g}"


def harmless(text: str) -> str:
    """``text`` without what a terminal obeys, or what turns the direction of what follows."""
    return re.sub("[\x00-\x09\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]", "\ufffd", text)


def report(source: Source, options: argparse.Namespace) -> int:
    """Answers a question; 1 where more than ``--fail-over`` of a budget is used."""
    if options.name is None:
        return _list(source, options)
    asked: list[tuple[str, str]] = pairs(options)
    if options.by:
        asked.append(("by", options.by))
    if options.limit is not None:
        asked.append(("limit", str(options.limit)))
    if options.format == "sql" or options.engine != "duckdb":
        if options.format not in ("sql", "table"):
            raise LocalError(f"--engine {options.engine} prints SQL to run there: --format sql")
        answer = source.get(path_of("questions", options.name), [*asked, ("format", "sql"), ("engine", options.engine)])
        print(answer["sql"])
        return 0
    with patience(options.name):
        answer = source.get(path_of("questions", options.name), asked)
    if options.format == "json":
        print(json.dumps(answer, indent=2, ensure_ascii=False))
    elif options.format == "csv":
        print(Csv(answer["columns"], answer["rows"]).text(), end="")
    else:
        _table(answer)
    return _over(answer, options.fail_over)


def _over(answer: Mapping[str, Any], limit: float | None) -> int:
    if limit is None:
        return 0
    names = [column["name"] for column in answer["columns"]]
    if "used" not in names:
        raise LocalError("--fail-over is for questions about a budget: budget and forecast")
    place = names.index("used")
    over = [row for row in answer["rows"] if row[place] is not None and row[place] > limit]
    for row in over:
        print(
            f"over {limit:.0%}: {row[0] if isinstance(row[0], str) else 'forecast'} {row[place]:.1%}", file=sys.stderr
        )
    return 1 if over else 0


def _list(source: Source, options: argparse.Namespace) -> int:
    items = source.get("/api/questions")["items"]
    if options.format == "json":
        print(json.dumps(items, indent=2, ensure_ascii=False))
        return 0
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("question")
    table.add_column("what it answers")
    for one in items:
        table.add_row(one["name"], escape(one["description"]))
    console().print(table)
    return 0


def _table(answer: Mapping[str, Any]) -> None:
    out = console()
    columns, rows = answer["columns"], answer["rows"]
    out.print(f"[bold]{escape(answer['title'])}[/bold]  [dim]{escape(answer['description'])}[/dim]")
    if not rows:
        out.print("nothing in this period")
        return
    names = [column["name"] for column in columns]
    plot = names.index(answer["plot"]) if answer.get("plot") in names else None
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in columns:
        table.add_column(escape(column["title"]), justify="left" if column["unit"] in ("text", "time") else "right")
    if plot is not None:
        table.add_column("")
    largest = max((row[plot] or 0 for row in rows), default=0) if plot is not None else 0
    for row in rows:
        cells: list[Text] = [Text(shown(value, column["unit"])) for value, column in zip(row, columns, strict=True)]
        if plot is not None:
            cells.append(Text(bar(row[plot] or 0, largest), style="cyan"))
        table.add_row(*cells)
    out.print(table)
    if answer.get("truncated"):
        out.print("there are more rows; narrow the period or the filters")


def bar(value: float, largest: float) -> str:
    """A bar whose length is ``value``'s share of ``largest``."""
    if largest <= 0 or value <= 0:
        return ""
    eighths = round(value / largest * _BAR * 8)
    return "█" * (eighths // 8) + _EIGHTHS[eighths % 8].strip()


def trace(source: Source, options: argparse.Namespace) -> int:
    """A trace as a tree."""
    with patience("the trace"):
        found = source.get(path_of("traces", options.id))
    if options.json:
        print(json.dumps(found, indent=2, ensure_ascii=False))
        return 0
    summary = found["summary"]
    cost = shown(summary["cost_usd"], "usd")
    tree = Tree(
        Text(
            f"trace {found['trace_id']}  {shown(found['duration_seconds'], 'seconds')}  {summary['spans']} spans  "
            f"{summary['calls']} calls  {cost}  {summary['errors']} errors"
        )
    )
    branches: dict[str, Tree] = {}
    for span in sorted(found["spans"], key=lambda one: (one["depth"], one["offset_seconds"])):
        parent = branches.get(span["parent_span_id"] or "", tree) if not span.get("cycle") else tree
        branch = parent.add(_line(span))
        branches.setdefault(span["span_id"], branch)
        if options.content and span["has_content"]:
            _content(source, span, branch)
    console().print(tree)
    return 0


def _line(span: Mapping[str, Any]) -> Text:
    line = Text(harmless(span["name"]) or "(no name)", style="red" if span["outcome"] == "error" else "bold")
    parts = ["running" if span["pending"] else shown(span["duration_seconds"], "seconds")]
    if span["kind"] in ("inference", "embeddings"):
        parts += [harmless(span["model"] or ""), f"{shown(span['input_tokens'], 'tokens')} in"]
        parts += [f"{shown(span['output_tokens'], 'tokens')} out", shown(span["cost_usd"], "usd")]
    if span["error_type"]:
        parts.append(harmless(span["error_type"]))
    line.append("  " + "  ".join(part for part in parts if part), style="dim")
    return line


def _content(source: Source, span: Mapping[str, Any], branch: Tree) -> None:
    said = source.get(path_of("spans", span["span_id"]), [("trace_id", span["trace_id"])]).get("content") or {}
    for field in ("input_messages", "output_messages"):
        for message in said.get(field) or []:
            for part in message.get("parts", []):
                text = part.get("content", part.get("arguments", part.get("response", "")))
                text = text if isinstance(text, str) else json.dumps(text, ensure_ascii=False)
                label = part.get("name", "") if part.get("type") == "tool_call" else ""
                cut = text[:_TEXT] + (" ..." if len(text) > _TEXT else "")
                branch.add(Text(harmless(f"{message.get('role')}: {label} {cut}").replace("  ", " "), style="italic"))
    for field in ("tool_arguments", "tool_result"):
        if said.get(field) is not None:
            branch.add(
                Text(harmless(f"{field[5:]}: {json.dumps(said[field], ensure_ascii=False)[:_TEXT]}"), style="italic")
            )


_CALLS = (
    ("start_time", "Time", "text"), ("operation", "Operation", "text"), ("model", "Model", "text"),
    ("duration_seconds", "Duration", "seconds"), ("input_tokens", "In", "tokens"), ("output_tokens", "Out", "tokens"),
    ("cost_usd", "Cost", "usd"), ("outcome", "Outcome", "text"), ("feature", "Feature", "text"),
    ("trace_id", "Trace", "text"),
)  # fmt: skip
_SESSIONS = (
    ("last_time", "Last", "text"), ("id", "Session", "text"), ("calls", "Calls", "count"),
    ("errors", "Errors", "count"), ("input_tokens", "In", "tokens"), ("output_tokens", "Out", "tokens"),
    ("cost_usd", "Cost", "usd"),
)  # fmt: skip


def calls(source: Source, options: argparse.Namespace) -> int:
    """The newest calls, and on request every new one."""
    asked = [*pairs(options), ("limit", str(options.limit))]
    items = source.get("/api/calls", asked)["items"]
    if not options.follow:
        _items(items, _CALLS, options.json, "no calls in this period")
        return 0
    seen: dict[str, None] = {}
    try:
        while True:
            for item in reversed(items):
                if item["span_id"] in seen:
                    continue
                seen[item["span_id"]] = None
                if options.json:
                    print(json.dumps(item, ensure_ascii=False), flush=True)
                else:
                    cells = [shown(item[name], unit) for name, _, unit in _CALLS]
                    console().print(Text("  ".join(cells)))
                    sys.stdout.flush()
            while len(seen) > 10_000:
                del seen[next(iter(seen))]
            time.sleep(_POLL)
            items = source.get("/api/calls", [*pairs(options), ("limit", "200")])["items"]
    except KeyboardInterrupt:
        return 0


def sessions(source: Source, options: argparse.Namespace) -> int:
    """The newest sessions."""
    items = source.get("/api/sessions", [*pairs(options), ("limit", str(options.limit))])["items"]
    _items(items, _SESSIONS, options.json, "no sessions in this period")
    return 0


def _items(
    items: Sequence[Mapping[str, Any]], columns: Sequence[tuple[str, str, str]], as_json: bool, nothing: str
) -> None:
    if as_json:
        for item in items:
            print(json.dumps(item, ensure_ascii=False))
        return
    if not items:
        print(nothing)
        return
    table = Table(box=None, pad_edge=False, header_style="bold")
    for _, title, unit in columns:
        table.add_column(title, justify="left" if unit == "text" else "right", no_wrap=unit != "text")
    for item in items:
        table.add_row(*(Text(shown(item[name], unit)) for name, _, unit in columns))
    console().print(table)


__all__ = ["bar", "calls", "console", "pairs", "report", "sessions", "shown", "trace"]
