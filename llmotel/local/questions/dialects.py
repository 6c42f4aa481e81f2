"""Where engines differ: the few functions that questions use, and the table of spans that each has.

All three give a table ``s`` with the same columns, so that a question is written once. DuckDB's is that of the local
store. ClickHouse's is the one that the collector's exporter makes (``otel_traces``, ``otel_logs``,
``otel_metrics_sum``). BigQuery has no exporter of its own; its table is described by :data:`BIGQUERY_TABLES`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from llmotel import semconv
from llmotel.local.errors import RequestError
from llmotel.local.names import ALIASES, PRIMARY

ENGINES = ("duckdb", "clickhouse", "bigquery")

BIGQUERY_TABLES = """\
-- One row for each span, event and metric point of the archive of the collector (OTLP JSON lines), as `bq load`
-- takes it: attributes as JSON, times in nanoseconds since 1970.
CREATE TABLE IF NOT EXISTS otel.spans (
  trace_id STRING NOT NULL, span_id STRING NOT NULL, parent_span_id STRING, name STRING NOT NULL, kind INT64,
  service STRING, start_ns INT64 NOT NULL, end_ns INT64 NOT NULL, status INT64, status_message STRING,
  resource JSON, attributes JSON,
  time TIMESTAMP NOT NULL  -- of start_ns, to partition by
) PARTITION BY DATE(time) CLUSTER BY service;
CREATE TABLE IF NOT EXISTS otel.events (
  time_ns INT64 NOT NULL, trace_id STRING, span_id STRING, name STRING NOT NULL, service STRING, attributes JSON,
  time TIMESTAMP NOT NULL
) PARTITION BY DATE(time);
CREATE TABLE IF NOT EXISTS otel.sums (
  time_ns INT64 NOT NULL, start_ns INT64, name STRING NOT NULL, service STRING, instance STRING, temporality STRING,
  value FLOAT64, attributes JSON, time TIMESTAMP NOT NULL
) PARTITION BY DATE(time);
"""

_TEXTS = (
    "operation", "provider", "request_model", "response_model", "outcome", "error_type", "agent", "tool", "feature",
    "user_id", "session_id", "tenant", "conversation", "prompt", "prompt_version",
)  # fmt: skip
_WHOLE = ("input_tokens", "output_tokens", "cache_read_tokens", "cache_write_tokens", "reasoning_tokens")
_NUMBERS = ("cost_usd", "cost_uncached_usd", "ttft", "grounding_score")
_LEGACY = frozenset(
    {"gen_ai.system", "gen_ai.usage.prompt_tokens", "gen_ai.usage.completion_tokens",
     "gen_ai.usage.cache_creation.input_tokens", "llm.model_name", "llm.token_count.prompt",
     "llm.token_count.completion", "llm.cost.total"}
)  # fmt: skip

_KIND = """CASE
    WHEN {operation} IN ('chat', 'generate_content', 'text_completion') THEN 'inference'
    WHEN {operation} = 'embeddings' THEN 'embeddings' WHEN {operation} IN ('retrieval', 'rerank') THEN 'retrieval'
    WHEN {operation} = 'execute_tool' THEN 'tool'
    WHEN {operation} IN ('invoke_agent', 'create_agent', 'plan') THEN 'agent'
    WHEN {operation} = 'invoke_workflow' THEN 'workflow' WHEN {operation} = 'run_guardrail' THEN 'guardrail'
    ELSE 'other' END"""


def names_of(column: str) -> list[str]:
    """The attributes that ``column`` is read from: the newest name first."""
    first = [name for name, (target, _) in PRIMARY.items() if target == column]
    return first + [name for name, (target, _) in ALIASES.items() if target == column and name in _LEGACY]


class Dialect:
    """One engine's words. Everything that a question puts into them is an expression of ours, never a user's text."""

    name = ""
    spans = "spans"
    evaluations = "evaluations"
    values = ""

    def quantile(self, expression: str, level: float) -> str:
        """The ``level`` quantile: exact, between two values by interpolation (BigQuery: approximate)."""
        raise NotImplementedError

    def count_if(self, condition: str) -> str:
        """How many rows fulfil ``condition``."""
        raise NotImplementedError

    def time(self, nanoseconds: str) -> str:
        """A timestamp from nanoseconds since 1970."""
        raise NotImplementedError

    def day(self, nanoseconds: str, offset_seconds: int = 0) -> str:
        """The calendar day, as ``2026-11-28``, in a zone that is ``offset_seconds`` ahead of UTC."""
        raise NotImplementedError

    def floor_divide(self, expression: str, by: int) -> str:
        """Whole-number division."""
        raise NotImplementedError

    def literal(self, value: Any) -> str:
        """``value`` as this engine writes it."""
        if value is None:
            return "NULL"
        if isinstance(value, bool):
            return "true" if value else "false"
        if isinstance(value, (int, float)):
            return repr(value)
        if isinstance(value, str):
            return self.text(value)
        raise RequestError(f"this filter is not available for {self.name}", "engine")

    def text(self, value: str) -> str:
        """A text in quotes."""
        return "'" + value.replace("\\", "\\\\").replace("'", "\\'") + "'"


class DuckDB(Dialect):
    """The local store."""

    name = "duckdb"
    spans = "spans"
    evaluations = "evaluations"
    values = (
        "(SELECT time_ns, start_ns, temporality, concat(resource, attributes) AS series, value, "
        f"json_extract_string(attributes, '$.\"{semconv.FEATURE}\"') AS feature "
        f"FROM points WHERE name = '{semconv.VALUE_COUNTER}')"
    )

    def quantile(self, expression: str, level: float) -> str:
        return f"quantile_cont({expression}, {level})"

    def count_if(self, condition: str) -> str:
        return f"count(*) FILTER (WHERE {condition})"

    def time(self, nanoseconds: str) -> str:
        return f"make_timestamp_ns({nanoseconds})"

    def day(self, nanoseconds: str, offset_seconds: int = 0) -> str:
        return (
            f"strftime(make_date(((({nanoseconds}) // 1000000000 + {offset_seconds}) // 86400)::INTEGER), '%Y-%m-%d')"
        )

    def floor_divide(self, expression: str, by: int) -> str:
        return f"({expression}) // {by}"

    def text(self, value: str) -> str:
        return "'" + value.replace("'", "''") + "'"


class ClickHouse(Dialect):
    """The tables of the collector's exporter."""

    name = "clickhouse"

    def __init__(self) -> None:
        columns = [
            "TraceId AS trace_id",
            "SpanId AS span_id",
            "ParentSpanId AS parent_id",
            "SpanName AS name",
            "toUnixTimestamp64Nano(Timestamp) AS start_ns",
            "toUnixTimestamp64Nano(Timestamp) + toInt64(Duration) AS end_ns",
            "Duration / 1e9 AS duration",
            "ServiceName AS service",
            "nullIf(ResourceAttributes['deployment.environment.name'], '') AS environment",
            "multiIf(StatusCode IN ('Error', 'STATUS_CODE_ERROR'), 2, StatusCode IN ('Ok', 'STATUS_CODE_OK'), 1, 0) "
            "AS status",
        ]
        columns += [f"{self._text(column)} AS {column}_" for column in _TEXTS]
        columns += [f"accurateCastOrNull({self._text(column)}, 'Int64') AS {column}" for column in _WHOLE]
        columns += [f"toFloat64OrNull({self._text(column)}) AS {column}" for column in _NUMBERS]
        renamed = ", ".join(f"{column}_ AS {column}" for column in _TEXTS if column != "outcome")
        kept = "trace_id, span_id, parent_id, name, start_ns, end_ns, duration, service, environment, status"
        self.spans = (
            f"(SELECT {kept}, {renamed}, {', '.join((*_WHOLE, *_NUMBERS))}, "
            f"coalesce(response_model_, request_model_) AS model, "
            f"coalesce(outcome_, if(status = 2 OR error_type_ IS NOT NULL, 'error', 'completed')) AS outcome, "
            f"{_KIND.format(operation='operation_')} AS kind FROM (SELECT {', '.join(columns)} FROM otel_traces))"
        )
        self.evaluations = (
            "(SELECT toUnixTimestamp64Nano(Timestamp) AS time_ns, TraceId AS trace_id, SpanId AS span_id, "
            f"LogAttributes['{semconv.EVALUATION_NAME}'] AS name, "
            f"toFloat64OrNull(LogAttributes['{semconv.EVALUATION_SCORE}']) AS score "
            f"FROM otel_logs WHERE EventName = '{semconv.EVALUATION_EVENT}')"
        )
        self.values = (
            "(SELECT toInt64(toUnixTimestamp(TimeUnix)) * 1000000000 AS time_ns, "
            "toInt64(toUnixTimestamp(StartTimeUnix)) * 1000000000 AS start_ns, "
            "if(AggregationTemporality = 1, 'delta', 'cumulative') AS temporality, "
            "concat(toString(cityHash64(toString(ResourceAttributes))), toString(Attributes)) AS series, "
            f"Value AS value, nullIf(Attributes['{semconv.FEATURE}'], '') AS feature "
            f"FROM otel_metrics_sum WHERE MetricName = '{semconv.VALUE_COUNTER}')"
        )

    @staticmethod
    def _text(column: str) -> str:
        parts = ", ".join(f"nullIf(SpanAttributes['{name}'], '')" for name in names_of(column))
        return f"coalesce({parts})"

    def quantile(self, expression: str, level: float) -> str:
        return f"quantileExactInclusiveOrNull({level})({expression})"

    def count_if(self, condition: str) -> str:
        return f"countIf({condition})"

    def time(self, nanoseconds: str) -> str:
        return f"fromUnixTimestamp64Nano({nanoseconds}, 'UTC')"

    def day(self, nanoseconds: str, offset_seconds: int = 0) -> str:
        return f"toString(toDate32(intDiv(intDiv({nanoseconds}, 1000000000) + {offset_seconds}, 86400)))"

    def floor_divide(self, expression: str, by: int) -> str:
        return f"intDiv({expression}, {by})"


class BigQuery(Dialect):
    """The tables of :data:`BIGQUERY_TABLES`, in the dataset ``otel``."""

    name = "bigquery"

    def __init__(self) -> None:
        columns = [
            "trace_id", "span_id", "parent_span_id AS parent_id", "name", "start_ns", "end_ns",
            "GREATEST(end_ns - start_ns, 0) / 1e9 AS duration", "service", "IFNULL(status, 0) AS status",
            "JSON_VALUE(resource, '$.\"deployment.environment.name\"') AS environment",
        ]  # fmt: skip
        columns += [f"{self._text(column)} AS {column}" for column in _TEXTS if column != "outcome"]
        columns += [f"SAFE_CAST({self._text(column)} AS INT64) AS {column}" for column in _WHOLE]
        columns += [f"SAFE_CAST({self._text(column)} AS FLOAT64) AS {column}" for column in _NUMBERS]
        columns += [
            f"COALESCE({self._text('response_model')}, {self._text('request_model')}) AS model",
            f"COALESCE({self._text('outcome')}, IF(status = 2 OR {self._text('error_type')} IS NOT NULL, 'error', "
            "'completed')) AS outcome",
            f"{_KIND.format(operation=self._text('operation'))} AS kind",
        ]
        self.spans = f"(SELECT {', '.join(columns)} FROM otel.spans)"
        self.evaluations = (
            "(SELECT time_ns, trace_id, span_id, "
            f"JSON_VALUE(attributes, '$.\"{semconv.EVALUATION_NAME}\"') AS name, "
            f"SAFE_CAST(JSON_VALUE(attributes, '$.\"{semconv.EVALUATION_SCORE}\"') AS FLOAT64) AS score "
            f"FROM otel.events WHERE name = '{semconv.EVALUATION_EVENT}')"
        )
        self.values = (
            "(SELECT time_ns, start_ns, temporality, "
            "CONCAT(IFNULL(instance, ''), TO_JSON_STRING(attributes)) AS series, value, "
            f" JSON_VALUE(attributes, '$.\"{semconv.FEATURE}\"') AS feature "
            f"FROM otel.sums WHERE name = '{semconv.VALUE_COUNTER}')"
        )

    @staticmethod
    def _text(column: str) -> str:
        parts = [f"JSON_VALUE(attributes, '$.\"{name}\"')" for name in names_of(column)]
        return parts[0] if len(parts) == 1 else f"COALESCE({', '.join(parts)})"

    def quantile(self, expression: str, level: float) -> str:
        return f"APPROX_QUANTILES({expression}, 1000)[OFFSET({round(level * 1000)})]"

    def count_if(self, condition: str) -> str:
        return f"COUNTIF({condition})"

    def time(self, nanoseconds: str) -> str:
        return f"TIMESTAMP_MICROS(DIV({nanoseconds}, 1000))"

    def day(self, nanoseconds: str, offset_seconds: int = 0) -> str:
        return (
            f"FORMAT_TIMESTAMP('%Y-%m-%d', TIMESTAMP_SECONDS(DIV({nanoseconds}, 1000000000) + {offset_seconds}), 'UTC')"
        )

    def floor_divide(self, expression: str, by: int) -> str:
        return f"DIV({expression}, {by})"


def dialect(engine: str) -> Dialect:
    """The words of ``engine``, one of :data:`ENGINES`."""
    kinds: dict[str, type[Dialect]] = {"duckdb": DuckDB, "clickhouse": ClickHouse, "bigquery": BigQuery}
    return kinds[engine]()


def inlined(sql: str, values: Sequence[Any], words: Dialect) -> str:
    """``sql`` with its ``?`` filled in, for engines that the statement is carried to as text."""
    parts = sql.split("?")
    if len(parts) != len(values) + 1:
        raise RequestError(f"this filter is not available for {words.name}", "engine")
    return "".join(
        part + (words.literal(values[place]) if place < len(values) else "") for place, part in enumerate(parts)
    )


__all__ = ["BIGQUERY_TABLES", "ENGINES", "Dialect", "dialect", "inlined", "names_of"]
