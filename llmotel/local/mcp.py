"""A read-only MCP server over standard input and output: coding assistants ask what the terminal and the viewer ask.

It is JSON-RPC 2.0, one message a line, as the Model Context Protocol has it for stdio. Nothing can be changed by it.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Mapping
from typing import IO, Any

from llmotel.local.asking import Source, path_of
from llmotel.local.errors import LocalError
from llmotel.version import __version__

VERSIONS = ("2025-06-18", "2025-03-26", "2024-11-05")
_PARSE, _REQUEST, _METHOD, _PARAMETERS = -32700, -32600, -32601, -32602
_TEXT = {"type": "string"}
_FILTERS = {
    "type": "object",
    "description": "filters of the API by name, such as model, outcome, feature, min_cost or q",
    "additionalProperties": {"type": ["string", "number", "boolean"]},
}
_SINCE = {"type": "string", "description": "15m, 24h, 7d or an ISO time"}
_LIMIT = {"type": "integer", "minimum": 1, "maximum": 200}
_LONGEST = 200_000  # characters of one answer


class _Tool:
    def __init__(
        self,
        description: str,
        properties: Mapping[str, Any],
        required: tuple[str, ...],
        ask: Callable[[Source, Mapping[str, Any]], Any],
    ) -> None:
        self.description = description
        self.schema: dict[str, Any] = {
            "type": "object",
            "properties": dict(properties),
            "required": list(required),
            "additionalProperties": False,
        }
        self.ask = ask


def _pairs(given: Mapping[str, Any], *names: str) -> list[tuple[str, str]]:
    found = [(name, str(given[name])) for name in names if given.get(name) is not None]
    for name, value in (given.get("filters") or {}).items():
        found.append((str(name), str(value).lower() if isinstance(value, bool) else str(value)))
    return found


TOOLS: dict[str, _Tool] = {
    "list_questions": _Tool(
        "Lists the questions that can be asked of the telemetry of LLM calls (cost, latency, errors, quality ...).",
        {}, (), lambda source, _: source.get("/api/questions"),
    ),
    "ask_question": _Tool(
        "Answers one of the questions of list_questions.",
        {"name": _TEXT, "since": _SINCE, "by": _TEXT, "filters": _FILTERS}, ("name",),
        lambda source, given: source.get(path_of("questions", str(given["name"])), _pairs(given, "since", "by")),
    ),
    "list_calls": _Tool(
        "Lists LLM calls, newest first, or by `sort` (-cost, -duration, ...).",
        {"since": _SINCE, "sort": _TEXT, "limit": _LIMIT, "filters": _FILTERS}, (),
        lambda source, given: source.get("/api/calls", _pairs({"limit": 20, **given}, "since", "sort", "limit")),
    ),
    "get_trace": _Tool(
        "Shows the spans of a trace (its id, or `last`).", {"trace_id": _TEXT}, ("trace_id",),
        lambda source, given: source.get(path_of("traces", str(given["trace_id"])), [("limit", "500")]),
    ),
    "get_span": _Tool(
        "Shows one span with its attributes, events, and what was said.", {"span_id": _TEXT, "trace_id": _TEXT},
        ("span_id",),
        lambda source, given: source.get(path_of("spans", str(given["span_id"])), _pairs(given, "trace_id")),
    ),
    "list_sessions": _Tool(
        "Lists sessions and conversations, newest first.", {"since": _SINCE, "limit": _LIMIT, "filters": _FILTERS}, (),
        lambda source, given: source.get("/api/sessions", _pairs({"limit": 20, **given}, "since", "limit")),
    ),
    "list_running": _Tool(
        "Lists calls, tools and agents that have begun and not ended.", {}, (),
        lambda source, _: source.get("/api/running"),
    ),
}  # fmt: skip


class Server:
    """Answers the messages of one client."""

    def __init__(self, source: Source) -> None:
        self._source = source

    def run(self, given: IO[str], answers: IO[str]) -> None:
        """Reads messages until the client closes its end."""
        for line in given:
            if not line.strip():
                continue
            answer = self.line(line)
            if answer is not None:
                answers.write(json.dumps(answer, ensure_ascii=True) + "\n")
                answers.flush()

    def line(self, line: str) -> Any:
        """The answer to one line; ``None`` where none is due."""
        try:
            message = json.loads(line)
        except (ValueError, RecursionError):
            return _error(None, _PARSE, "the line is not JSON")
        if isinstance(message, list):  # a batch, of older versions
            answers = [answer for answer in map(self._message, message) if answer is not None]
            return answers or (None if message else _error(None, _REQUEST, "the batch is empty"))
        return self._message(message)

    def _message(self, message: Any) -> dict[str, Any] | None:
        if not isinstance(message, dict) or not isinstance(message.get("method"), str):
            if isinstance(message, dict) and ("result" in message or "error" in message):
                return None
            return _error(None, _REQUEST, "the message is no request of JSON-RPC 2.0")
        if "id" not in message:
            return None  # a notification
        parameters = message.get("params") or {}
        if not isinstance(parameters, dict):
            return _error(message["id"], _PARAMETERS, "params is no object")
        method = message["method"]
        if method == "initialize":
            asked = parameters.get("protocolVersion")
            return _result(
                message["id"],
                {
                    "protocolVersion": asked if asked in VERSIONS else VERSIONS[0],
                    "capabilities": {"tools": {"listChanged": False}},
                    "serverInfo": {"name": "llmotel-local", "version": __version__},
                    "instructions": "Telemetry of LLM calls: cost, latency, errors, quality, traces. Read-only.",
                },
            )
        if method == "ping":
            return _result(message["id"], {})
        if method == "tools/list":
            return _result(
                message["id"],
                {
                    "tools": [
                        {
                            "name": name,
                            "description": tool.description,
                            "inputSchema": tool.schema,
                            "annotations": {"readOnlyHint": True, "openWorldHint": False},
                        }
                        for name, tool in TOOLS.items()
                    ]
                },
            )
        if method == "tools/call":
            return self._call(message["id"], parameters)
        return _error(message["id"], _METHOD, f"{method[:80]!r} is not known")

    def _call(self, number: Any, parameters: Mapping[str, Any]) -> dict[str, Any]:
        tool = TOOLS.get(str(parameters.get("name")))
        if tool is None:
            return _error(number, _PARAMETERS, f"no tool is called {str(parameters.get('name'))[:80]!r}")
        given = parameters.get("arguments") or {}
        if not isinstance(given, dict):
            return _error(number, _PARAMETERS, "arguments is no object")
        wrong = [name for name in given if name not in tool.schema["properties"]]
        missing = [name for name in tool.schema["required"] if name not in given]
        if wrong or missing or not isinstance(given.get("filters") or {}, dict):
            return _told(number, f"wrong arguments: {', '.join([*wrong, *missing]) or 'filters'}", failed=True)
        try:
            text = json.dumps(tool.ask(self._source, given), ensure_ascii=False, default=float)
        except LocalError as error:
            return _told(number, str(error), failed=True)
        if len(text) > _LONGEST:
            return _told(number, f"the answer has {len(text)} characters; narrow the filters or the limit", failed=True)
        return _told(number, text, failed=False)


def _told(number: Any, text: str, *, failed: bool) -> dict[str, Any]:
    return _result(number, {"content": [{"type": "text", "text": text}], "isError": failed})


def _result(number: Any, result: Any) -> dict[str, Any]:
    return {"jsonrpc": "2.0", "id": number, "result": result}


def _error(number: Any, code: int, text: str) -> dict[str, Any]:
    return {"jsonrpc": "2.0", "id": number, "error": {"code": code, "message": text}}


def serve(source: Source) -> int:
    """Serves whoever started this process."""
    try:
        Server(source).run(sys.stdin, sys.stdout)
    except (KeyboardInterrupt, BrokenPipeError):
        pass
    return 0


__all__ = ["TOOLS", "VERSIONS", "Server", "serve"]
