"""From the parameters of a request to a question's statement, and to its answer."""

from __future__ import annotations

import csv
import io
import os
import time
from datetime import datetime, timedelta, timezone, tzinfo
from decimal import Decimal
from typing import Any, NamedTuple

from llmotel.alerts.thresholds import Thresholds
from llmotel.local.errors import RequestError
from llmotel.local.filters import Filter, Parameters, build, period
from llmotel.local.questions.catalogue import QUESTIONS, Asked, Question
from llmotel.local.questions.dialects import ENGINES, Dialect, dialect, inlined
from llmotel.local.series import BY, by_of
from llmotel.local.shapes import trace_hex
from llmotel.local.store import Reader

_ROWS = 1000
_PARAMETERS = ("by", "limit", "format", "engine")


class Statement(NamedTuple):
    """A question as SQL with ``?`` for ``parameters``, in order."""

    question: Question
    sql: str
    parameters: list[Any]
    by: str | None


class Csv(NamedTuple):
    """An answer as a table for other programs."""

    columns: list[dict[str, str]]
    rows: list[list[Any]]

    def text(self) -> str:
        """The table, in which no cell is a formula."""
        out = io.StringIO()
        writer = csv.writer(out, lineterminator="\n")
        writer.writerow([column["name"] for column in self.columns])
        writer.writerows([[harmless(value) for value in row] for row in self.rows])
        return out.getvalue()


def harmless(value: Any) -> Any:
    """A text that no spreadsheet takes for a formula."""
    return f"'{value}" if isinstance(value, str) and value[:1] in ("=", "+", "-", "@", "\t", "\r") else value


def found(name: str) -> Question:
    """The question of that name. Raises :class:`~llmotel.local.errors.RequestError`."""
    if name not in QUESTIONS:
        raise RequestError(f"no question is called {name[:80]!r}; there are {', '.join(QUESTIONS)}", "name", 404)
    return QUESTIONS[name]


def catalogue() -> dict[str, Any]:
    """All questions, and what they are asked with."""
    return {
        "items": [
            {
                "name": one.name,
                "title": one.title,
                "description": one.description,
                "unit": one.unit,
                "parameters": ["since", "from", "to", "limit", *(["by"] if one.by else [])],
                "default_since": one.since,
                "default_by": one.by,
                "by": list(BY) if one.by else [],
                "columns": _columns(one, one.by),
            }
            for one in QUESTIONS.values()
        ]
    }


def statement(
    question: Question, given: Parameters, now_ns: int, words: Dialect, zone: tzinfo | None = None
) -> Statement:
    """What is asked, in the words of one engine."""
    start, end = period(given, now_ns, question.since)
    finish = now_ns if end is None else end
    begin = 0 if start is None else start
    if begin >= finish:
        raise RequestError("the period ends before it begins", "from")
    rest = given
    for name in ("since", "from", "to", "until"):
        rest = rest.without(name)
    condition: Filter = build(rest, now_ns, kinds=question.kinds)
    if condition.needs_quality:
        raise RequestError("quality is no filter of a question", "min_quality")
    if "by" in given and question.by is None:
        raise RequestError(f"{question.name} is not told apart by anything", "by")
    by, column = by_of(given, question.by)
    now = datetime.fromtimestamp(finish / 1e9, zone).astimezone(zone)
    day = now.replace(hour=0, minute=0, second=0, microsecond=0)
    month = day.replace(day=1)
    following = (month + timedelta(days=32)).replace(day=1)
    limits = Thresholds.load(os.environ, None)
    asked = Asked(
        where="<where>",
        start_ns=begin,
        end_ns=finish,
        by=column,
        offset=int((now.utcoffset() or timedelta()).total_seconds()),
        day_ns=_ns(day),
        month_ns=_ns(month),
        month_end_ns=_ns(following),
        daily_budget=float(limits.daily_budget_usd),
        monthly_budget=float(limits.monthly_budget_usd or limits.daily_budget_usd * (following - month).days),
        limit=given.whole("limit", 50, 1, _ROWS),
    )
    sql = question.sql(words, asked).strip()
    times = sql.count("<where>")
    if words.name != "duckdb" and not condition.portable:
        raise RequestError(f"q, trace_id and finish_reason are no filters for {words.name}", "engine")
    return Statement(question, sql.replace("<where>", condition.where), condition.parameters * times, by)


def _ns(moment: datetime) -> int:
    return int(moment.astimezone(timezone.utc).timestamp()) * 1_000_000_000


def as_text(asked: Statement, words: Dialect) -> str:
    """The statement with its parameters in it, to be run elsewhere."""
    return inlined(asked.sql, asked.parameters, words)


def answer(reader: Reader, name: str, given: Parameters, now_ns: int) -> Any:
    """A question's answer from the local store; its SQL where ``format=sql``, a :class:`Csv` where ``format=csv``."""
    given.only(*_PARAMETERS)
    question = found(name)
    form = given.choice("format", ("json", "sql", "csv"), "json")
    engine = given.choice("engine", ENGINES, "duckdb") or "duckdb"
    words = dialect(engine)
    asked = statement(question, given, now_ns, words)
    if form == "sql":
        return {"sql": as_text(asked, words), "engine": engine}
    if engine != "duckdb":
        raise RequestError("only format=sql is there for other engines than duckdb", "engine")
    began = time.perf_counter()
    rows = reader.query(f"SELECT * FROM ({asked.sql}) AS answer LIMIT {_ROWS + 1}", asked.parameters)
    columns = _columns(question, asked.by)
    if form == "csv":
        return Csv(columns, [_shown(question, row) for row in rows[:_ROWS]])
    return {
        "name": question.name,
        "title": question.title,
        "description": question.description,
        "columns": columns,
        "rows": [_shown(question, row) for row in rows[:_ROWS]],
        "by": asked.by,
        "plot": question.plot,
        "elapsed_ms": round((time.perf_counter() - began) * 1000, 3),
        "truncated": len(rows) > _ROWS,
    }


def _columns(question: Question, by: str | None) -> list[dict[str, str]]:
    key = by or "key"
    return [
        {"name": key if name == "key" else name, "title": title or key.replace("_", " ").capitalize(), "unit": unit}
        for name, title, unit in question.columns
    ]


def _shown(question: Question, row: tuple[Any, ...]) -> list[Any]:
    """A row with trace ids as they are shown."""
    return [
        trace_hex(value) if name == "trace_id" else float(value) if isinstance(value, Decimal) else value
        for (name, _, _), value in zip(question.columns, row, strict=True)
    ]


__all__ = ["Csv", "Statement", "answer", "as_text", "catalogue", "found", "harmless", "statement"]
