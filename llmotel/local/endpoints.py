"""What the HTTP API answers: each path with what it is for, its parameters, and the function that knows the answer."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from llmotel.local import calls, comparison, dashboards, evaluations, features, series, sessions, traces, whatif
from llmotel.local.filters import EQUALS, RANGES, Parameters
from llmotel.local.names import ALL_KINDS
from llmotel.local.questions import asking
from llmotel.local.store import Reader

Answer = Callable[[Reader, Mapping[str, str], Parameters, int], Any]


class Endpoint(NamedTuple):
    """One path that is asked by GET. ``parameters``: name and meaning of those beside the filters."""

    path: str
    purpose: str
    answer: Answer
    parameters: Sequence[tuple[str, str]] = ()
    filters: bool = True


_PAGE = (("sort", "what to sort by; - before it: the largest first"), ("limit", "items of a page"),
         ("cursor", "`next` of the page before"))  # fmt: skip

FILTER_PARAMETERS: tuple[tuple[str, str], ...] = (
    ("since", "15m, 24h, 7d or an ISO time: from then on"),
    ("from", "an ISO time: from then on"),
    ("to", "an ISO time: until then"),
    ("kind", f"one of {', '.join(ALL_KINDS)}, or all; may be repeated"),
    *((name, f"equals; repeated: any of them; empty: has none. `not.{name}` leaves out") for name in EQUALS),
    *((f"{bound}_{name}", f"{bound}imum of {name}, inclusive") for name in RANGES for bound in ("min", "max")),
    ("priced", "true or false: whether the cost is known"),
    ("trace_id", "32 hexadecimal digits"),
    ("q", "a text in what was said, in names or ids"),
)

ENDPOINTS: tuple[Endpoint, ...] = (
    Endpoint(
        "/api/calls", "Calls, newest first.", lambda reader, _, given, now: calls.listed(reader, given, now),
        (*_PAGE, ("count", "true: `total` as well")),
    ),
    Endpoint(
        "/api/calls/facets", "Values to filter by, and how often each is there.",
        lambda reader, _, given, now: calls.facets(reader, given, now),
        (("field", "a filter; may be repeated"), ("limit", "values of each")),
    ),
    Endpoint(
        "/api/calls/timeseries", "Figures of calls over time.",
        lambda reader, _, given, now: series.timeseries(reader, given, now),
        (("by", "what tells series apart"), ("interval", "length of a bucket, or auto"), ("top", "number of series")),
    ),
    Endpoint(
        "/api/calls/summary", "What calls add up to.", lambda reader, _, given, now: calls.summary(reader, given, now),
        (("compare", "true: the period before as well"),),
    ),
    Endpoint(
        "/api/traces", "Traces that hold a span which the filters want.",
        lambda reader, _, given, now: traces.listed(reader, given, now), _PAGE,
    ),
    Endpoint(
        "/api/traces/{trace_id}", "A trace: its spans in the order of their starts.",
        lambda reader, path, given, _: traces.one(reader, path["trace_id"], given),
        (("limit", "spans of a page"), ("offset", "spans before it")), filters=False,
    ),
    Endpoint(
        "/api/spans/{span_id}", "A span with attributes, events, links, content and scores.",
        lambda reader, path, given, _: traces.span(reader, path["span_id"], given),
        (("trace_id", "of several spans with this id, the one of this trace"), ("content", "false: without content")),
        filters=False,
    ),
    Endpoint(
        "/api/sessions", "Sessions and conversations.",
        lambda reader, _, given, now: sessions.listed(reader, given, now), _PAGE,
    ),
    Endpoint(
        "/api/sessions/{session_id:path}", "A session: its calls with what was said.",
        lambda reader, path, given, _: sessions.one(reader, path["session_id"], given),
        (("limit", "calls of a page"), ("cursor", "`next_cursor` of the page before")), filters=False,
    ),
    Endpoint(
        "/api/evaluations", "Scores of answers.",
        lambda reader, _, given, now: evaluations.listed(reader, given, now),
        (("name", "of the score; may be repeated"), *_PAGE),
    ),
    Endpoint(
        "/api/evaluations/summary", "Scores by name and one thing more.",
        lambda reader, _, given, now: evaluations.summary(reader, given, now),
        (("name", "of the score"), ("by", "name, model, prompt_version, method, feature or agent")),
    ),
    Endpoint(
        "/api/running", "What has begun and not ended.",
        lambda reader, _, given, now: traces.all_running(reader, given, now),
        filters=False,
    ),
    Endpoint(
        "/api/features", "What features cost and earn.",
        lambda reader, _, given, now: features.features(reader, checked(given), now),
    ),
    Endpoint(
        "/api/models", "What models cost, and how well they do.",
        lambda reader, _, given, now: features.models(reader, checked(given), now),
    ),
    Endpoint(
        "/api/dashboards", "Which dashboards there are.", lambda *_: dashboards.catalogue(), filters=False,
    ),
    Endpoint(
        "/api/dashboards/{name}", "A dashboard with its figures; the last 24 hours if no period is named.",
        lambda reader, path, given, now: dashboards.figures_of(reader, path["name"], given, now),
        (("by", "what lines are told apart by"), ("interval", "length of a bucket, or auto"),
         ("compare", "true: the period before as well"), ("top", "number of lines")),
    ),
    Endpoint(
        "/api/questions", "The catalogue of questions.", lambda *_: asking.catalogue(), filters=False,
    ),
    Endpoint(
        "/api/questions/{name}", "The answer to a question, or its SQL.",
        lambda reader, path, given, now: asking.answer(reader, path["name"], given, now),
        (("by", "what rows are told apart by"), ("limit", "rows, where a question has as many as there are"),
         ("format", "json or sql"), ("engine", "for format=sql: duckdb, clickhouse or bigquery")),
    ),
    Endpoint(
        "/api/compare", "Two sides beside each other.",
        lambda reader, _, given, now: comparison.compared(reader, given, now),
        (("left", "trace:ID, period:FROM/TO, model:NAME, prompt_version:V, feature:NAME, provider:NAME, agent:NAME"),
         ("right", "as left")),
    ),
    Endpoint(
        "/api/whatif", "What the same calls would have cost on other models.",
        lambda reader, _, given, now: whatif.priced(reader, given, now),
        (("to", "provider/model; may be repeated. The period's end is `until` here"), ("until", "the period's end")),
    ),
    Endpoint(
        "/api/prices", "Models of the price table.", lambda reader, _, given, now: whatif.known(reader, given, now),
        (("q", "a part of the name"), ("limit", "models")), filters=False,
    ),
)  # fmt: skip


def checked(given: Parameters) -> Parameters:
    """``given``, in which there may be filters alone."""
    given.only()
    return given


__all__ = ["ENDPOINTS", "FILTER_PARAMETERS", "Endpoint", "checked"]
