"""From the parameters of a request to a condition in SQL. Values are always parameters, never text of a statement."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta, timezone
from typing import Any, NamedTuple

from llmotel.local.errors import RequestError
from llmotel.local.names import ALL_KINDS, CALL_KINDS

EQUALS: dict[str, str] = {
    "operation": "operation",
    "provider": "provider",
    "model": "model",
    "agent": "agent",
    "tool": "tool",
    "feature": "feature",
    "user": "user_id",
    "session": "session_id",
    "tenant": "tenant",
    "conversation": "conversation",
    "service": "service",
    "environment": "environment",
    "outcome": "outcome",
    "error_type": "error_type",
    "prompt": "prompt",
    "prompt_version": "prompt_version",
    "finish_reason": "finish_reasons",
    "source": "source",
}
"""Parameter -> column."""

RANGES: dict[str, str] = {
    "cost": "cost_usd",
    "tokens": "(coalesce(input_tokens, 0) + coalesce(output_tokens, 0))",
    "input_tokens": "input_tokens",
    "output_tokens": "output_tokens",
    "duration": "duration",
    "ttft": "ttft",
    "grounding": "grounding_score",
    "quality": "quality_score",
}
"""What has a ``min_`` and a ``max_`` parameter -> expression."""

PERIOD = ("since", "from", "to", "until")
NAMES = frozenset(
    {
        *EQUALS,
        *(f"not.{name}" for name in EQUALS),
        *(f"min_{name}" for name in RANGES),
        *(f"max_{name}" for name in RANGES),
        *PERIOD,
        "kind",
        "priced",
        "q",
        "trace_id",
    }
)

_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}
_LONGEST = 200  # values of one parameter
_MAX_NS = (1 << 63) - 1


class Filter(NamedTuple):
    """A condition over ``spans s`` with its parameters, and the period that it is about (nanoseconds; ``None``: open).

    ``portable``: every engine of the questions understands it.

    ``relation`` is what a statement selects from: the spans, with ``quality_score`` where the condition needs it.
    """

    where: str
    parameters: list[Any]
    start_ns: int | None
    end_ns: int | None
    needs_quality: bool
    portable: bool = True

    @property
    def relation(self) -> str:
        """``FROM`` of a statement that has the condition."""
        return with_quality() if self.needs_quality else "spans s"


def with_quality() -> str:
    """The spans with the mean of what else than grounding they were scored by."""
    return (
        "(SELECT spans.*, judged.quality_score FROM spans LEFT JOIN (SELECT trace_id, span_id, avg(score) AS "
        "quality_score FROM evaluations WHERE name <> 'grounding' AND score IS NOT NULL GROUP BY ALL) judged "
        "USING (trace_id, span_id)) s"
    )


class Parameters:
    """The query of a URL: each name with its values in order."""

    def __init__(self, pairs: Iterable[tuple[str, str]]) -> None:
        self._values: dict[str, list[str]] = {}
        for name, value in pairs:
            self._values.setdefault(name, []).append(value)

    def only(self, *allowed: str, filters: bool = True) -> None:
        """Raises :class:`~llmotel.local.errors.RequestError` for a name that is neither allowed nor a filter."""
        for name in self._values:
            if name not in allowed and not (filters and name in NAMES):
                raise RequestError(f"{name[:80]!r} is no parameter of this", name[:80])

    def all(self, name: str) -> list[str]:
        """The values of ``name``."""
        found = self._values.get(name, [])
        if len(found) > _LONGEST:
            raise RequestError(f"{name}: more than {_LONGEST} values", name)
        return found

    def one(self, name: str, default: str | None = None) -> str | None:
        """The value of ``name``, which may be there once."""
        found = self._values.get(name)
        if found is None:
            return default
        if len(found) > 1:
            raise RequestError(f"{name}: one value is accepted", name)
        return found[0]

    def number(self, name: str) -> float | None:
        """``name`` as a number."""
        text = self.one(name)
        if text is None or text == "":
            return None
        try:
            value = float(text)
        except ValueError:
            value = float("nan")
        if not abs(value) < float("inf"):
            raise RequestError(f"{name}={text[:40]!r}: accepted is a number", name)
        return value

    def whole(self, name: str, default: int, low: int, high: int) -> int:
        """``name`` as a whole number from ``low`` to ``high``."""
        text = self.one(name)
        if text is None:
            return default
        if not re.fullmatch(r"\d{1,9}", text) or not low <= int(text) <= high:
            raise RequestError(f"{name}={text[:40]!r}: accepted is a whole number from {low} to {high}", name)
        return int(text)

    def flag(self, name: str, default: bool | None = None) -> bool | None:
        """``name`` as true or false."""
        text = self.one(name)
        if text is None:
            return default
        if text.lower() not in ("true", "false", "1", "0"):
            raise RequestError(f"{name}={text[:40]!r}: accepted is true or false", name)
        return text.lower() in ("true", "1")

    def choice(self, name: str, choices: Sequence[str], default: str | None = None) -> str | None:
        """``name`` as one of ``choices``."""
        text = self.one(name, default)
        if text is not None and text not in choices:
            raise RequestError(f"{name}={text[:40]!r}: accepted is one of {', '.join(choices)}", name)
        return text

    def without(self, name: str) -> Parameters:
        """All but ``name``."""
        return Parameters((key, value) for key, values in self._values.items() if key != name for value in values)

    def with_value(self, name: str, value: str) -> Parameters:
        """These, with ``name`` as ``value`` alone."""
        return Parameters([*self.without(name).pairs(), (name, value)])

    def pairs(self) -> list[tuple[str, str]]:
        """Names and values."""
        return [(key, value) for key, values in self._values.items() for value in values]

    def __contains__(self, name: str) -> bool:
        return name in self._values


def span_of(text: str, name: str) -> timedelta:
    """``15m``, ``24h``, ``7d`` as a length of time. Raises :class:`~llmotel.local.errors.RequestError`."""
    found = re.fullmatch(r"(\d{1,6})\s*([smhdw])", text.strip())
    if not found or int(found[1]) == 0:
        raise RequestError(f"{name}={text[:40]!r}: accepted is 15m, 24h, 7d or an ISO time", name)
    return timedelta(seconds=int(found[1]) * _UNITS[found[2]])


def moment(text: str, name: str) -> int:
    """An ISO time in nanoseconds since 1970; UTC where it names no zone. Raises :class:`RequestError`."""
    try:
        value = datetime.fromisoformat(text.strip().replace("Z", "+00:00").replace(" ", "+"))
    except ValueError:
        try:
            value = datetime.fromisoformat(text.strip().replace("Z", "+00:00"))
        except ValueError:
            raise RequestError(
                f"{name}={text[:40]!r}: accepted is an ISO time such as 2026-11-28T10:00:00Z", name
            ) from None
    if value.tzinfo is None:
        value = value.replace(tzinfo=timezone.utc)
    delta = value - datetime(1970, 1, 1, tzinfo=timezone.utc)
    return min(max((delta.days * 86_400 + delta.seconds) * 1_000_000_000 + delta.microseconds * 1000, 0), _MAX_NS)


def period(
    given: Parameters, now_ns: int, default: str | None = None, end: str = "to"
) -> tuple[int | None, int | None]:
    """The period that ``since``, ``from`` and ``to`` name, in nanoseconds."""
    since, begin, finish = given.one("since"), given.one("from"), given.one(end) or given.one("until")
    if since is None and begin is None and default is not None:
        since = default
    start = None
    if since:
        if re.fullmatch(r"\d+\s*[smhdw]", since.strip()):
            start = now_ns - int(span_of(since, "since").total_seconds()) * 1_000_000_000
        elif since != "all":
            try:
                start = moment(since, "since")
            except RequestError:
                raise RequestError(f"since={since[:40]!r}: accepted is 15m, 24h, 7d or an ISO time", "since") from None
    if begin:
        start = moment(begin, "from")
    return start, moment(finish, end) if finish else None


def build(
    given: Parameters,
    now_ns: int,
    *,
    default_since: str | None = None,
    kinds: Sequence[str] = CALL_KINDS,
    skip: str | None = None,
    end: str = "to",
) -> Filter:
    """The condition that ``given`` describes; ``skip`` is a filter to leave out, ``kinds`` hold where none is named."""
    start, finish = period(given, now_ns, default_since, end)
    parts: list[str] = []
    values: list[Any] = []

    def add(condition: str, *parameters: Any) -> None:
        parts.append(condition)
        values.extend(parameters)

    if start is not None:
        add("s.start_ns >= ?", start)
    if finish is not None:
        add("s.start_ns < ?", finish)
    if skip != "kind":
        _kinds(given.all("kind") or list(kinds), add)
    for name, column in EQUALS.items():
        if name == skip:
            continue
        if name in given:
            _any_of(name, column, given.all(name), add)
        if f"not.{name}" in given:
            _none_of(column, given.all(f"not.{name}"), add)
    needs_quality = False
    for name, expression in RANGES.items():
        for bound, sign in (("min", ">="), ("max", "<=")):
            limit = given.number(f"{bound}_{name}")
            if limit is not None:
                add(f"{expression} {sign} ?", limit)
                needs_quality = needs_quality or name == "quality"
    priced = given.flag("priced")
    if priced is not None:
        add(f"s.cost_usd IS {'NOT ' if priced else ''}NULL")
    trace = given.all("trace_id")
    if trace:
        add("s.trace_id IN (SELECT unnest(?::VARCHAR[])::UHUGEINT)", [str(trace_number(one)) for one in trace])
    text = given.one("q")
    if text:
        _text(text, add)
    return Filter(
        " AND ".join(parts) or "true",
        values,
        start,
        finish,
        needs_quality,
        not (text or trace or "finish_reason" in given),
    )


def _kinds(kinds: Sequence[str], add: Any) -> None:
    if "all" in kinds:
        return
    for kind in kinds:
        if kind not in ALL_KINDS:
            raise RequestError(f"kind={kind[:40]!r}: accepted is one of {', '.join(ALL_KINDS)} or all", "kind")
    add(f"s.kind IN ({', '.join('?' for _ in kinds)})", *kinds)


def _any_of(name: str, column: str, values: Sequence[str], add: Any) -> None:
    named = [value for value in values if value]
    parts = []
    if named and name == "finish_reason":
        parts.append("list_has_any(string_split(s.finish_reasons, ','), ?::VARCHAR[])")
    elif named:
        parts.append(f"s.{column} IN ({', '.join('?' for _ in named)})")
    if len(named) < len(values):
        parts.append(f"s.{column} IS NULL")
    if parts:
        add(f"({' OR '.join(parts)})", *([named] if named and name == "finish_reason" else named))


def _none_of(column: str, values: Sequence[str], add: Any) -> None:
    named = [value for value in values if value]
    if named:
        add(f"(s.{column} IS NULL OR s.{column} NOT IN ({', '.join('?' for _ in named)}))", *named)
    if len(named) < len(values):
        add(f"s.{column} IS NOT NULL")


def _text(text: str, add: Any) -> None:
    wanted = text.strip().lower()
    if not wanted:
        return
    parts = ["contains(lower(s.name), ?)", "contains(lower(s.status_message), ?)", "contains(lower(s.response_id), ?)"]
    values: list[Any] = [wanted, wanted, wanted]
    if re.fullmatch(r"[0-9a-f]{32}", wanted):
        parts.append("s.trace_id = ?::UHUGEINT")
        values.append(int(wanted, 16))
    elif re.fullmatch(r"[0-9a-f]{16}", wanted):
        parts.append("s.span_id = ?")
        values.append(int(wanted, 16))
    parts.append(
        "(s.has_content AND (s.trace_id, s.span_id) IN "
        "(SELECT (c.trace_id, c.span_id) FROM content c WHERE contains(lower(c.body), ?)))"
    )
    values.append(wanted)
    add(f"({' OR '.join(parts)})", *values)


def trace_number(text: str) -> int:
    """A trace's id as it is stored. Raises :class:`~llmotel.local.errors.RequestError`."""
    if not re.fullmatch(r"[0-9a-fA-F]{32}", text):
        raise RequestError(f"{text[:40]!r} is no trace id: 32 hexadecimal digits", "trace_id")
    return int(text, 16)


def span_number(text: str) -> int:
    """A span's id as it is stored. Raises :class:`~llmotel.local.errors.RequestError`."""
    if not re.fullmatch(r"[0-9a-fA-F]{16}", text):
        raise RequestError(f"{text[:40]!r} is no span id: 16 hexadecimal digits", "span_id")
    return int(text, 16)


def previous(found: Filter, now_ns: int) -> tuple[int, int] | None:
    """The period of the same length right before, where the filter's has a beginning."""
    if found.start_ns is None:
        return None
    finish = now_ns if found.end_ns is None else found.end_ns
    return found.start_ns - max(finish - found.start_ns, 0), found.start_ns


def replaced(found: Filter, start_ns: int, end_ns: int) -> Filter:
    """The same condition over another period."""
    where, values = found.where, list(found.parameters)
    parts = where.split(" AND ")
    if found.start_ns is not None:
        parts.pop(0)
        values.pop(0)
    if found.end_ns is not None:
        parts.pop(0)
        values.pop(0)
    return Filter(
        " AND ".join(["s.start_ns >= ?", "s.start_ns < ?", *parts]), [start_ns, end_ns, *values], start_ns, end_ns,
        found.needs_quality,
    )  # fmt: skip


__all__ = [
    "EQUALS", "NAMES", "RANGES", "Filter", "Parameters", "build", "moment", "period", "previous", "replaced",
    "span_number",
    "span_of", "trace_number", "with_quality",
]  # fmt: skip
