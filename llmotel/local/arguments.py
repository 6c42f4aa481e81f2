"""The arguments of ``llmotel local`` and of the commands that ask it. Imports nothing that takes time."""

from __future__ import annotations

import argparse
import re
from typing import Any

from llmotel.local.address import URL


def add(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Adds the commands to the parser of ``llmotel``."""
    local = _command(commands, "local", "take OTLP on 127.0.0.1:4318, and show it in a browser", "llmotel local --open")
    local.add_argument("--host", default="127.0.0.1", help="address to listen at (default: 127.0.0.1)")
    local.add_argument("--port", type=_port, default=4318, help="port to listen at (default: 4318)")
    _store(local)
    local.add_argument("--keep", type=_age, default="30d", metavar="AGE",
                       help="delete what is older, such as 7d (default: 30d)")  # fmt: skip
    local.add_argument("--max-size", type=_size, default="10GB", metavar="SIZE",
                       help="delete the oldest beyond this size (default: 10GB)")  # fmt: skip
    local.add_argument(
        "--token", help="what senders and readers have to show; needed with another --host than loopback"
    )
    local.add_argument("--forward", metavar="URL", help="send everything on to this OTLP endpoint")
    local.add_argument("--forward-header", action="append", default=[], metavar="K=V", help="a header for --forward")
    local.add_argument("--open", action="store_true", help="open the viewer in a browser")
    local.add_argument("--grpc-port", type=_port, metavar="PORT",
                       help="take OTLP over gRPC here too (usually 4317); needs llmotel[local-grpc]")  # fmt: skip
    local.set_defaults(run=_run("serve"))
    acts = local.add_subparsers(metavar="step")
    given = _command(
        acts, "export", "write calls, or whole traces, into a file",
        "llmotel local export --format parquet --since 7d --output week.parquet",
    )  # fmt: skip
    given.add_argument("--format", choices=("jsonl", "csv", "parquet", "otlp"), default="jsonl",
                       help="otlp: whole traces, as collectors write them (default: jsonl)")  # fmt: skip
    given.add_argument("--output", metavar="FILE", help="the file (default: standard output)")
    given.add_argument("--since", metavar="AGE", help="the period, such as 24h (default: all)")
    given.add_argument("--where", action="append", default=[], metavar="K=V", help="a filter, such as feature=search")
    _source(given)
    given.set_defaults(run=_run("export"))
    taken = _command(
        acts, "import", "store OTLP in JSON lines, as the collector's file exporter writes it",
        "llmotel local import traces.jsonl.gz",
    )  # fmt: skip
    taken.add_argument("files", nargs="+", metavar="FILE", help="the files, also of gzip or zstd; - is standard input")
    _source(taken)
    taken.set_defaults(run=_run("import"))
    mcp = _command(
        acts, "mcp", "offer the questions to coding assistants (MCP over stdio, read-only)", "llmotel local mcp"
    )
    _source(mcp)
    mcp.set_defaults(run=_run("mcp"))

    report = _command(
        commands, "report", "answer a question about what is stored; without a name, list the questions",
        "llmotel report latency --since 7d --by model",
    )  # fmt: skip
    report.add_argument("name", nargs="?", metavar="NAME", help="the question")
    report.add_argument("--since", metavar="AGE", help="the period, such as 24h, 7d or an ISO time")
    report.add_argument("--by", help="what rows are told apart by, such as model or feature")
    report.add_argument("--where", action="append", default=[], metavar="K=V", help="a filter, such as feature=search")
    report.add_argument("--limit", type=int, metavar="N", help="rows, where a question has as many as there are")
    report.add_argument("--engine", choices=("duckdb", "clickhouse", "bigquery"), default="duckdb",
                        help="whose SQL --format sql prints (default: duckdb)")  # fmt: skip
    report.add_argument("--format", choices=("table", "csv", "json", "sql"), default="table",
                        help="how the answer is printed (default: table)")  # fmt: skip
    report.add_argument("--fail-over", type=_share, metavar="SHARE",
                        help="exit with 1 if more than this of a budget is used, such as 100%%")  # fmt: skip
    _source(report)
    report.set_defaults(run=_run("report"))

    trace = _command(commands, "trace", "show a trace as a tree", "llmotel trace last")
    trace.add_argument("id", metavar="ID", help="its 32 hexadecimal digits, or last")
    trace.add_argument("--content", action="store_true", help="show what was said too")
    trace.add_argument("--json", action="store_true", help="as JSON")
    _source(trace)
    trace.set_defaults(run=_run("trace"))

    calls = _command(commands, "calls", "list the newest calls", "llmotel calls --follow --where outcome=error")
    calls.add_argument("--follow", action="store_true", help="go on with every new one, until Ctrl-C")
    calls.add_argument("--since", metavar="AGE", help="the period, such as 24h")
    calls.add_argument("--where", action="append", default=[], metavar="K=V", help="a filter, such as model=gpt-5.5")
    calls.add_argument("--limit", type=int, default=20, metavar="N", help="calls (default: 20)")
    calls.add_argument("--json", action="store_true", help="as JSON, a line each")
    _source(calls)
    calls.set_defaults(run=_run("calls"))

    sessions = _command(commands, "sessions", "list the newest sessions and conversations", "llmotel sessions")
    sessions.add_argument("--since", metavar="AGE", help="the period, such as 24h")
    sessions.add_argument("--where", action="append", default=[], metavar="K=V", help="a filter, such as user=u-17")
    sessions.add_argument("--limit", type=int, default=20, metavar="N", help="sessions (default: 20)")
    sessions.add_argument("--json", action="store_true", help="as JSON, a line each")
    _source(sessions)
    sessions.set_defaults(run=_run("sessions"))


def _command(
    commands: argparse._SubParsersAction[argparse.ArgumentParser], name: str, purpose: str, example: str
) -> argparse.ArgumentParser:
    return commands.add_parser(
        name, help=purpose, description=f"{purpose[0].upper()}{purpose[1:]}.", epilog=f"example: {example}"
    )


def _store(parser: argparse.ArgumentParser) -> None:
    where = parser.add_mutually_exclusive_group()
    where.add_argument("--data", metavar="DIR", help="folder of the database (default: the platform's data folder)")
    where.add_argument("--memory", action="store_true", help="keep everything in memory, until it ends")


def _source(parser: argparse.ArgumentParser) -> None:
    where = parser.add_mutually_exclusive_group()
    where.add_argument("--url", help=f"a running llmotel local (default: {URL}, or the one that has the data)")
    where.add_argument("--data", metavar="DIR", help="folder of the database (default: the platform's data folder)")
    parser.add_argument("--token", help="what the server at --url wants to see")


def _run(name: str) -> Any:
    def run(options: argparse.Namespace) -> int:
        from llmotel.local.command import COMMANDS

        result: int = COMMANDS[name](options)
        return result

    return run


def _port(text: str) -> int:
    if not text.isdigit() or int(text) > 65535:
        raise argparse.ArgumentTypeError(f"{text!r} is not a port: a number from 0 (any that is free) to 65535")
    return int(text)


def _age(text: str) -> int:
    found = re.fullmatch(r"(\d{1,6})([smhdw])", text.strip())
    if not found or int(found[1]) == 0:
        raise argparse.ArgumentTypeError(f"{text!r} is not an age, for example 24h or 30d")
    return int(found[1]) * {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800}[found[2]]


def _share(text: str) -> float:
    found = re.fullmatch(r"(\d{1,6}(?:\.\d+)?)\s*(%?)", text.strip())
    if not found:
        raise argparse.ArgumentTypeError(f"{text!r} is not a share, for example 100% or 1.1")
    return float(found[1]) / (100 if found[2] else 1)


def _size(text: str) -> int:
    found = re.fullmatch(r"(\d{1,6}(?:\.\d+)?)\s*([KMGT]?)i?B?", text.strip(), re.IGNORECASE)
    if not found or float(found[1]) == 0:
        raise argparse.ArgumentTypeError(f"{text!r} is not a size, for example 500MB or 10GB")
    return int(float(found[1]) * 1000 ** " KMGT".index(found[2].upper() or " "))


__all__ = ["URL", "add"]
