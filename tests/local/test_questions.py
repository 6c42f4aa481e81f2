"""Every question's answer, on DuckDB and on ClickHouse, beside one that is worked out in Python from the same calls."""

from __future__ import annotations

import json
import math
import random
import statistics
from collections import defaultdict
from collections.abc import Callable, Iterator
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import chdb.session
import pytest
import sqlglot
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from llmotel.local.anyvalue import attributes
from llmotel.local.batch import Batch
from llmotel.local.errors import RequestError
from llmotel.local.filters import Parameters
from llmotel.local.logs import read as read_logs
from llmotel.local.points import read as read_points
from llmotel.local.questions import asking
from llmotel.local.questions.catalogue import QUESTIONS
from llmotel.local.questions.dialects import BIGQUERY_TABLES, dialect
from llmotel.local.spans import SpanReader
from llmotel.local.store import Reader, Store
from llmotel.local.writer import Writer
from local import otlp
from local.otlp import SECOND

DAY = 86_400 * SECOND
NOW = 1_794_000_000 * SECOND + 123_456_789  # 2026-11-06T21:20:00Z
TABLES = Path(__file__).parent / "clickhouse"


class World:
    """Two weeks of calls, agents, tools, scores and values."""

    def __init__(self) -> None:
        chance = random.Random(5)
        self.spans: list[Span] = []
        self.scores: list[tuple[str, str, str, float, int]] = []
        for _ in range(900):
            self.spans.append(self.call(chance))
        for _ in range(60):
            agent = {"gen_ai.operation.name": "invoke_agent", "gen_ai.agent.name": chance.choice(["planner", "writer"])}
            self.spans.append(self.made(chance, agent, "boom" if chance.random() < 0.3 else None))
            tool = {"gen_ai.operation.name": "execute_tool", "gen_ai.tool.name": chance.choice(["search", "sql"])}
            failed = chance.random() < 0.4
            self.spans.append(self.made(chance, {**tool, **({"error.type": "Timeout"} if failed else {})}, None))
        for span in self.spans[:400]:
            for name in ("relevance", "grounding"):
                trace, own = span.trace_id.hex(), span.span_id.hex()
                self.scores.append((trace, own, name, chance.random(), span.start_time_unix_nano + SECOND))
        # One process counts up from 0 and starts anew; another one's counter is older than any period.
        self.values: list[tuple[str, int, int, float]] = []
        for start, step, feature in (
            (NOW - 9 * DAY, 1.5, "search"),
            (NOW - 2 * DAY, 2.0, "search"),
            (NOW - 60 * DAY, 3.0, "chat"),
        ):
            for place in range(8):
                moment = (start + (place + 1) * DAY // 5) // SECOND * SECOND
                self.values.append((feature, start // SECOND * SECOND, moment, step * (place + 1)))

    def made(self, chance: random.Random, said: dict[str, Any], failed: str | None) -> Span:
        start = NOW - int(chance.random() ** 1.5 * 15 * DAY)
        return otlp.span(
            said, trace=f"{chance.randrange(1, 250):032x}" if chance.random() < 0.5 else None,
            start=start, seconds=round(chance.lognormvariate(0, 1), 6), failed=failed,
        )  # fmt: skip

    def call(self, chance: random.Random) -> Span:
        provider, model = chance.choice(
            [("openai", "gpt-5.5"), ("openai", "gpt-5-mini"), ("anthropic", "claude-opus-4-8")]
        )
        said: dict[str, Any] = {
            "gen_ai.operation.name": chance.choice(["chat", "chat", "embeddings"]),
            "gen_ai.provider.name": provider,
            "gen_ai.request.model": model,
            "gen_ai.usage.input_tokens": chance.randrange(10, 5000),
            "gen_ai.usage.output_tokens": chance.randrange(1, 500),
        }
        failed = None
        if chance.random() < 0.9:
            said["gen_ai.usage.cost.amount"] = round(chance.random() / 50, 6)
            said["gen_ai.usage.cost.currency"] = "USD"
        else:
            said["gen_ai.request.model"] = "no-such-model"
        if chance.random() < 0.5:
            said["gen_ai.response.model"] = said["gen_ai.request.model"] + "-2026"
            said["gen_ai.response.time_to_first_chunk"] = round(chance.random(), 6)
        if chance.random() < 0.4:
            cached = said["gen_ai.usage.input_tokens"] // 2
            said["gen_ai.usage.cache_read.input_tokens"] = cached
            if "gen_ai.usage.cost.amount" in said:
                said["llmotel.cost.uncached"] = said["gen_ai.usage.cost.amount"] * 1.25
        if chance.random() < 0.7:
            said["llmotel.feature"] = chance.choice(["search", "chat", "quote's"])
        if chance.random() < 0.3:
            said["llmotel.grounding.score"] = round(chance.random(), 4)
        if chance.random() < 0.5:
            said["gen_ai.prompt.name"], said["gen_ai.prompt.version"] = "answer", chance.choice(["1", "2"])
        ending = chance.random()
        if ending < 0.05:
            failed = "no answer"
        elif ending < 0.08:
            said["error.type"] = "timeout"
        elif ending < 0.12:
            said["llmotel.outcome"] = "abandoned"
        return self.made(chance, said, failed)

    def store(self) -> Store:
        store = Store(None)
        writer = Writer(store)
        batch = Batch()
        SpanReader().read(otlp.spans(*self.spans), batch)
        for trace, own, name, score, moment in self.scores:
            said = {"gen_ai.evaluation.name": name, "gen_ai.evaluation.score.value": score}
            read_logs(otlp.log("gen_ai.evaluation.result", said, trace=trace, own=own, time_ns=moment), batch)
        for feature, start, moment, value in self.values:
            request = otlp.ExportMetricsServiceRequest()
            made = request.resource_metrics.add().scope_metrics.add().metrics.add(name="llmotel.feature.value.usd")
            made.sum.aggregation_temporality, made.sum.is_monotonic = 2, True
            point = made.sum.data_points.add(time_unix_nano=moment, start_time_unix_nano=start, as_double=value)
            point.attributes.extend(otlp.pairs({"llmotel.feature": feature}))
            read_points(request, batch)
        writer.put(batch).result()
        writer.close()
        return store

    def clickhouse(self, session: Any) -> None:
        """The same, as the collector's exporter writes it: every attribute a text."""
        for name in ("traces", "logs", "metrics_sum"):
            session.query((TABLES / f"{name}.sql").read_text())

        def fill(table: str, rows: list[dict[str, Any]]) -> None:
            session.query(f"INSERT INTO {table} FORMAT JSONEachRow " + "\n".join(map(json.dumps, rows)))

        def words(value: Any) -> str:
            return json.dumps(value) if isinstance(value, (bool, list, dict)) else str(value)

        def moment(nanoseconds: int) -> str:
            return f"{nanoseconds // SECOND}.{nanoseconds % SECOND:09d}"

        fill(
            "otel_traces",
            [
                {
                    "Timestamp": moment(span.start_time_unix_nano),
                    "TraceId": span.trace_id.hex(),
                    "SpanId": span.span_id.hex(),
                    "ParentSpanId": "",
                    "SpanName": span.name,
                    "SpanKind": "Client",
                    "ServiceName": "shop",
                    "SpanAttributes": {name: words(value) for name, value in attributes(span.attributes).items()},
                    "Duration": span.end_time_unix_nano - span.start_time_unix_nano,
                    "StatusCode": "Error" if span.status.code == 2 else "Unset",
                    "StatusMessage": span.status.message,
                }
                for span in self.spans
            ],
        )
        fill(
            "otel_logs",
            [
                {
                    "Timestamp": moment(when),
                    "TraceId": trace,
                    "SpanId": own,
                    "EventName": "gen_ai.evaluation.result",
                    "LogAttributes": {"gen_ai.evaluation.name": name, "gen_ai.evaluation.score.value": repr(score)},
                }
                for trace, own, name, score, when in self.scores
            ],
        )
        fill(
            "otel_metrics_sum",
            [
                {
                    "MetricName": "llmotel.feature.value.usd",
                    "Attributes": {"llmotel.feature": feature},
                    "StartTimeUnix": start // SECOND,
                    "TimeUnix": when // SECOND,
                    "Value": value,
                    "AggregationTemporality": 2,
                }
                for feature, start, when, value in self.values
            ],
        )

    def rows(self, *operations: str, start: int = NOW - DAY, end: int = NOW) -> list[dict[str, Any]]:
        """Spans as plain dicts, which the oracle counts."""
        found = []
        for span in self.spans:
            said = attributes(span.attributes)
            if operations and said.get("gen_ai.operation.name") not in operations:
                continue
            if not start <= span.start_time_unix_nano < end:
                continue
            failed = span.status.code == 2 or "error.type" in said
            outcome = said.get("llmotel.outcome", "error" if failed else "completed")
            found.append(
                {
                    "start": span.start_time_unix_nano,
                    "end": span.end_time_unix_nano,
                    "trace": span.trace_id.hex(),
                    "span": span.span_id.hex(),
                    "operation": said["gen_ai.operation.name"],
                    "provider": said.get("gen_ai.provider.name"),
                    "model": said.get("gen_ai.response.model", said.get("gen_ai.request.model")),
                    "duration": (span.end_time_unix_nano - span.start_time_unix_nano) / 1e9,
                    "cost": said.get("gen_ai.usage.cost.amount"),
                    "uncached": said.get("llmotel.cost.uncached"),
                    "input": said.get("gen_ai.usage.input_tokens"),
                    "cached": said.get("gen_ai.usage.cache_read.input_tokens"),
                    "ttft": said.get("gen_ai.response.time_to_first_chunk"),
                    "grounding": said.get("llmotel.grounding.score"),
                    "feature": said.get("llmotel.feature"),
                    "prompt": said.get("gen_ai.prompt.name"),
                    "version": said.get("gen_ai.prompt.version"),
                    "agent": said.get("gen_ai.agent.name"),
                    "tool": said.get("gen_ai.tool.name"),
                    "error": said.get("error.type"),
                    "outcome": outcome,
                    "failed": outcome == "error" or span.status.code == 2,
                    "call": said["gen_ai.operation.name"] in ("chat", "embeddings"),
                }
            )
        return found


CALLS = ("chat", "embeddings")
WORLD = World()


def quantile(values: list[float], level: float) -> float | None:
    """By linear interpolation, as the engines' exact ones."""
    ordered = sorted(value for value in values if value is not None)
    if not ordered:
        return None
    place = (len(ordered) - 1) * level
    low = math.floor(place)
    high = min(low + 1, len(ordered) - 1)
    return ordered[low] + (ordered[high] - ordered[low]) * (place - low)


def total(values: Any) -> float | None:
    known = [value for value in values if value is not None]
    return math.fsum(known) if known else None


def by(rows: list[dict[str, Any]], *names: str) -> dict[tuple, list[dict[str, Any]]]:
    groups: dict[tuple, list[dict[str, Any]]] = defaultdict(list)
    for row in rows:
        groups[tuple(row[name] for name in names)].append(row)
    return groups


def day(nanoseconds: int) -> str:
    return f"{datetime.fromtimestamp(nanoseconds // SECOND, timezone.utc):%Y-%m-%d}"


def share(part: int, whole: list[Any]) -> float:
    return part / len(whole)


def failed(rows: list[dict[str, Any]]) -> int:
    return sum(row["failed"] for row in rows)


def durations(rows: list[dict[str, Any]], *levels: float) -> list[float | None]:
    return [quantile([row["duration"] for row in rows], level) for level in levels]


def daily_cost() -> list[list[Any]]:
    rows = WORLD.rows(*CALLS, start=NOW - 30 * DAY)
    for row in rows:
        row["day"] = day(row["start"])
    return [
        [*key, len(group), total(row["cost"] for row in group), sum(row["cost"] is None for row in group)]
        for key, group in by(rows, "day", "provider").items()
    ]


def latency() -> list[list[Any]]:
    return [
        [*key, len(group), *durations(group, 0.5, 0.9, 0.95, 0.99), max(row["duration"] for row in group),
         *(quantile([row["ttft"] for row in group], level) for level in (0.5, 0.95))]
        for key, group in by(WORLD.rows(*CALLS), "operation").items()
    ]  # fmt: skip


def throughput() -> list[list[Any]]:
    return [
        [*key, len(group), len(group) / 1440, failed(group), share(failed(group), group)]
        for key, group in by(WORLD.rows(*CALLS), "operation").items()
    ]


def agents() -> list[list[Any]]:
    return [
        [*key, len(group), failed(group), 1 - share(failed(group), group), *durations(group, 0.5, 0.95)]
        for key, group in by(WORLD.rows("invoke_agent", start=NOW - 7 * DAY), "agent").items()
    ]


def tools() -> list[list[Any]]:
    return [
        [*key, len(group), failed(group), share(failed(group), group), *durations(group, 0.95),
         "Timeout" if failed(group) else None]
        for key, group in by(WORLD.rows("execute_tool", start=NOW - 7 * DAY), "tool").items()
    ]  # fmt: skip


def grounding() -> list[list[Any]]:
    rows = [row for row in WORLD.rows(*CALLS, start=NOW - 7 * DAY) if row["grounding"] is not None]
    for row in rows:
        row["tenth"] = min(math.floor(row["grounding"] * 10), 9)
    return [
        [tenth / 10, (tenth + 1) / 10, len(group), statistics.fmean(row["grounding"] for row in group)]
        for (tenth,), group in by(rows, "tenth").items()
    ]


def judged(*names: str) -> dict[tuple, list[float]]:
    rows = {(row["trace"], row["span"]): row for row in WORLD.rows(*CALLS, start=NOW - 7 * DAY)}
    groups: dict[tuple, list[float]] = defaultdict(list)
    for trace, own, score, value, _ in WORLD.scores:
        row = rows.get((trace, own))
        if row is not None:
            groups[(*(row[name] for name in names), score)].append(value)
    return groups


def quality() -> list[list[Any]]:
    return [
        [*key, len(values), statistics.fmean(values), quantile(values, 0.1), quantile(values, 0.5)]
        for key, values in judged("model").items()
    ]


def quality_by_prompt() -> list[list[Any]]:
    return [
        [*key, len(values), statistics.fmean(values), quantile(values, 0.1)]
        for key, values in judged("prompt", "version").items()
        if key[1] is not None
    ]


def features() -> list[list[Any]]:
    # search: 8 * 1.5 and 8 * 2.0 were all counted in the last 30 days; chat's counter began before and ended before.
    value = {"search": 8 * 1.5 + 8 * 2.0}
    answer = []
    for (feature,), group in by(WORLD.rows(*CALLS, start=NOW - 30 * DAY), "feature").items():
        if feature is not None:
            cost, earned = total(row["cost"] for row in group), value.get(feature)
            left = None if earned is None else (earned - cost, earned / cost)
            answer.append([feature, len(group), failed(group), cost, earned, *(left or (None, None))])
    return answer


def budget() -> list[list[Any]]:
    answer = []
    for name, first, limit in (
        ("today", datetime(2026, 11, 6, tzinfo=timezone.utc), 100.0),
        ("this month", datetime(2026, 11, 1, tzinfo=timezone.utc), 3000.0),
    ):
        rows = WORLD.rows(*CALLS, start=int(first.timestamp()) * SECOND)
        spent = total(row["cost"] for row in rows) or 0
        answer.append([name, spent, limit, spent / limit, sum(row["cost"] is None for row in rows)])
    return answer


def trend() -> list[list[Any]]:
    today = NOW // DAY * DAY
    answer = []
    for back in range(7):
        start = today - back * DAY
        now = WORLD.rows(*CALLS, start=start, end=min(start + DAY, NOW))
        before = WORLD.rows(*CALLS, start=start - 7 * DAY, end=min(start + DAY, NOW) - 7 * DAY)
        cost, was = total(row["cost"] for row in now), total(row["cost"] for row in before)
        if now:
            answer.append([day(start), len(now), cost, was, None if was is None else (cost - was) / was])
    return answer


def forecast() -> list[list[Any]]:
    month = int(datetime(2026, 11, 1, tzinfo=timezone.utc).timestamp()) * SECOND
    end = int(datetime(2026, 12, 1, tzinfo=timezone.utc).timestamp()) * SECOND
    spent = total(row["cost"] for row in WORLD.rows(*CALLS, start=month))
    daily = total(row["cost"] for row in WORLD.rows(*CALLS, start=NOW - 7 * DAY)) / 7
    expected = spent + daily * (end - NOW) / DAY
    return [[spent, daily, expected, 3000.0, expected / 3000.0]]


def regressions() -> list[list[Any]]:
    now = by(WORLD.rows(*CALLS), "model")
    before = by(WORLD.rows(*CALLS, start=NOW - 2 * DAY, end=NOW - DAY), "model")
    answer = []
    for key in now.keys() & before.keys():
        was, is_now = durations(before[key], 0.99)[0], durations(now[key], 0.99)[0]
        answer.append([*key, len(now[key]), was, is_now, is_now / was])
    return answer


def traces(order: Callable[[list[Any]], Any]) -> list[list[Any]]:
    answer = []
    for (trace,), group in by(WORLD.rows(), "trace").items():
        length = (max(row["end"] for row in group) - min(row["start"] for row in group)) / 1e9
        calls = [row for row in group if row["call"]]
        answer.append([trace, length, len(calls), total(row["cost"] for row in calls), failed(group)])
    return sorted(answer, key=order)[:50]


def cache() -> list[list[Any]]:
    answer = []
    for key, group in by(WORLD.rows(*CALLS, start=NOW - 7 * DAY), "model").items():
        cached = total(row["cached"] for row in group)
        saved = total(row["uncached"] - row["cost"] for row in group if row["uncached"] is not None)
        of_input = None if cached is None else cached / total(row["input"] for row in group)
        answer.append([*key, len(group), cached, of_input, total(row["cost"] for row in group), saved])
    return answer


def wasted() -> list[list[Any]]:
    answer = []
    for key, group in by(WORLD.rows(*CALLS, start=NOW - 7 * DAY), "model").items():
        lost = [row for row in group if row["failed"] or row["outcome"] in ("abandoned", "cancelled")]
        cost, whole = total(row["cost"] for row in lost), total(row["cost"] for row in group)
        answer.append([*key, len(lost), share(len(lost), group), cost, None if cost is None else cost / whole])
    return answer


def correlations() -> list[list[Any]]:
    rows = WORLD.rows(*CALLS, start=NOW - 7 * DAY)
    for row in rows:
        row["hour"] = row["start"] // (3600 * SECOND)
    points = []
    for group in by(rows, "hour").values():
        known = [row["cost"] for row in group if row["cost"] is not None]
        if known:
            points.append((share(failed(group), group), statistics.fmean(known)))
    scores: dict[str, list[float]] = defaultdict(list)
    for _, own, _, value, _ in WORLD.scores:
        scores[own].append(value)
    pairs = [(row["duration"], statistics.fmean(scores[row["span"]])) for row in rows if row["span"] in scores]
    return [
        ["errors and cost", len(points), statistics.correlation(*zip(*points, strict=True))],
        ["latency and quality", len(pairs), statistics.correlation(*zip(*pairs, strict=True))],
    ]


EXPECTED: dict[str, Callable[[], list[list[Any]]]] = {
    "daily_cost": daily_cost,
    "latency": latency,
    "throughput": throughput,
    "agents": agents,
    "tools": tools,
    "grounding": grounding,
    "quality": quality,
    "quality_by_prompt": quality_by_prompt,
    "features": features,
    "least_profitable": features,
    "budget": budget,
    "trend": trend,
    "forecast": forecast,
    "regressions": regressions,
    "slowest_traces": lambda: traces(lambda row: (-row[1], row[0])),
    "most_expensive_traces": lambda: traces(lambda row: (row[3] is None, -(row[3] or 0), row[0])),
    "cache": cache,
    "wasted": wasted,
    "correlations": correlations,
}


def same(found: list[list[Any]], expected: list[list[Any]]) -> None:
    """Whether two answers hold the same rows, in any order, numbers to nine digits."""

    def order(row: list[Any]) -> str:
        return repr([f"{float(one):.6g}" if isinstance(one, (int, float)) else one for one in row])

    assert len(found) == len(expected)
    for row, wanted in zip(sorted(found, key=order), sorted(expected, key=order), strict=True):
        assert len(row) == len(wanted)
        for one, other in zip(row, wanted, strict=True):
            known = isinstance(other, (int, float))
            assert one == (pytest.approx(other, rel=1e-9, abs=1e-12) if known else other), (row, wanted)


@pytest.fixture(scope="module")
def stored() -> Iterator[Store]:
    store = WORLD.store()
    yield store
    store.close()


@pytest.fixture
def reader(stored: Store) -> Iterator[Reader]:
    with stored.reader() as reader:
        yield reader


@pytest.fixture(scope="module")
def clickhouse(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    session = chdb.session.Session(str(tmp_path_factory.mktemp("clickhouse")))
    WORLD.clickhouse(session)
    yield session
    session.close()


def numbers(row: list[Any]) -> list[Any]:
    """ClickHouse quotes whole numbers of 64 bits in JSON; prompt versions are the texts that look the same."""
    return [int(one) if isinstance(one, str) and one.isdigit() and 1 < len(one) < 20 else one for one in row]


def asked(name: str, engine: str, *pairs: tuple[str, str]) -> str:
    words = dialect(engine)
    made = asking.statement(QUESTIONS[name], Parameters(pairs), NOW, words, timezone.utc)
    return asking.as_text(made, words)


class TestAnswers:
    def test_every_question_has_an_answer_to_compare_with(self) -> None:
        assert EXPECTED.keys() == QUESTIONS.keys()

    @pytest.mark.parametrize("name", QUESTIONS)
    def test_duckdb_says_what_python_says(self, name: str, reader: Reader, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("TZ", "UTC")
        found = asking.answer(reader, name, Parameters([]), NOW)
        same(found["rows"], EXPECTED[name]())
        assert [column["name"] for column in found["columns"]]
        assert all(len(row) == len(found["columns"]) for row in found["rows"])

    @pytest.mark.parametrize("name", QUESTIONS)
    def test_clickhouse_says_what_python_says(self, name: str, clickhouse: Any) -> None:
        told = clickhouse.query(asked(name, "clickhouse"), "JSONCompactEachRow")
        rows = [json.loads(line) for line in str(told).splitlines()]
        same([numbers(row) for row in rows], EXPECTED[name]())

    @pytest.mark.parametrize("name", QUESTIONS)
    def test_bigquery_can_read_it(self, name: str) -> None:
        sqlglot.parse_one(asked(name, "bigquery", ("feature", "it's \\ here")), dialect="bigquery")

    def test_bigquerys_tables_can_be_made(self) -> None:
        assert len(sqlglot.parse(BIGQUERY_TABLES, dialect="bigquery")) == 3

    @pytest.mark.parametrize("engine", ["duckdb", "clickhouse"])
    def test_filters_and_by_hold_on_every_engine(self, engine: str, reader: Reader, clickhouse: Any) -> None:
        sql = asked("throughput", engine, ("feature", "quote's"), ("by", "provider"), ("since", "7d"))
        if engine == "duckdb":
            rows = [list(row) for row in reader.query(sql)]
        else:
            rows = [json.loads(line) for line in str(clickhouse.query(sql, "JSONCompactEachRow")).splitlines()]
        wanted = [row for row in WORLD.rows(*CALLS, start=NOW - 7 * DAY) if row["feature"] == "quote's"]
        assert {row[0]: int(row[1]) for row in rows} == {
            key: len(group) for (key,), group in by(wanted, "provider").items()
        }


class TestAsking:
    @pytest.mark.parametrize(
        ("name", "pairs", "parameter"),
        [
            ("nothing", [], "name"),
            ("agents", [("by", "model")], "by"),
            ("latency", [("by", "password")], "by"),
            ("latency", [("since", "1h"), ("to", "2020-01-01T00:00:00Z")], "from"),
            ("latency", [("format", "xml")], "format"),
            ("latency", [("engine", "clickhouse")], "engine"),
            ("latency", [("q", "x"), ("format", "sql"), ("engine", "clickhouse")], "engine"),
            ("latency", [("min_quality", "0.1")], "min_quality"),
        ],
    )
    def test_what_is_not_understood_is_named(
        self, name: str, pairs: list[tuple[str, str]], parameter: str, reader: Reader
    ) -> None:
        with pytest.raises(RequestError) as error:
            asking.answer(reader, name, Parameters(pairs), NOW)
        assert error.value.parameter == parameter

    def test_the_catalogue_names_every_question(self) -> None:
        assert [one["name"] for one in asking.catalogue()["items"]] == list(QUESTIONS)
