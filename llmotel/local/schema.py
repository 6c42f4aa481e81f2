"""The tables of the database, their columns in order, and how an older database becomes one of this version."""

from __future__ import annotations

from collections.abc import Sequence

VERSION = 1

SPANS: tuple[tuple[str, str], ...] = (
    ("trace_id", "UHUGEINT NOT NULL"),
    ("span_id", "UBIGINT NOT NULL"),
    ("parent_id", "UBIGINT"),
    ("start_ns", "BIGINT NOT NULL"),
    ("end_ns", "BIGINT NOT NULL"),
    ("duration", "DOUBLE NOT NULL"),  # seconds; 0 where a sender's clock went back
    ("name", "VARCHAR NOT NULL"),
    ("kind", "VARCHAR NOT NULL"),
    ("span_kind", "UTINYINT NOT NULL"),
    ("status", "UTINYINT NOT NULL"),
    ("status_message", "VARCHAR"),
    ("service", "VARCHAR"),
    ("environment", "VARCHAR"),
    ("source", "VARCHAR NOT NULL"),
    ("resource", "UBIGINT NOT NULL"),
    ("scope", "UBIGINT NOT NULL"),
    ("operation", "VARCHAR"),
    ("provider", "VARCHAR"),
    ("model", "VARCHAR"),  # of the response, else of the request
    ("request_model", "VARCHAR"),
    ("response_model", "VARCHAR"),
    ("response_id", "VARCHAR"),
    ("stream", "BOOLEAN"),
    ("input_tokens", "BIGINT"),
    ("output_tokens", "BIGINT"),
    ("cache_read_tokens", "BIGINT"),
    ("cache_write_tokens", "BIGINT"),
    ("reasoning_tokens", "BIGINT"),
    ("cost_usd", "DOUBLE"),
    ("cost_input_usd", "DOUBLE"),
    ("cost_output_usd", "DOUBLE"),
    ("cost_uncached_usd", "DOUBLE"),
    ("cost_standard_usd", "DOUBLE"),
    ("cost_source", "VARCHAR"),
    ("outcome", "VARCHAR"),
    ("error_type", "VARCHAR"),
    ("http_status", "INTEGER"),
    ("finish_reasons", "VARCHAR"),  # separated by commas
    ("retries", "INTEGER"),
    ("ttft", "DOUBLE"),
    ("agent", "VARCHAR"),
    ("tool", "VARCHAR"),
    ("feature", "VARCHAR"),
    ("user_id", "VARCHAR"),
    ("session_id", "VARCHAR"),
    ("tenant", "VARCHAR"),
    ("conversation", "VARCHAR"),
    ("prompt", "VARCHAR"),
    ("prompt_version", "VARCHAR"),
    ("grounding_score", "DOUBLE"),
    ("grounding_method", "VARCHAR"),
    ("citation_count", "INTEGER"),
    ("source_count", "INTEGER"),
    ("has_content", "BOOLEAN NOT NULL"),
    ("dropped", "INTEGER NOT NULL"),
    ("trace_state", "VARCHAR"),
    ("event_count", "INTEGER NOT NULL"),
    ("link_count", "INTEGER NOT NULL"),
    ("attributes", "VARCHAR NOT NULL"),  # JSON; all but content
    ("events", "VARCHAR"),  # JSON
    ("links", "VARCHAR"),  # JSON
)

CONTENT: tuple[tuple[str, str], ...] = (
    ("trace_id", "UHUGEINT NOT NULL"),
    ("span_id", "UBIGINT NOT NULL"),
    ("start_ns", "BIGINT NOT NULL"),
    ("body", "VARCHAR NOT NULL"),  # JSON: the attributes that hold content, by name
)

LOGS: tuple[tuple[str, str], ...] = (
    ("time_ns", "BIGINT NOT NULL"),
    ("trace_id", "UHUGEINT"),
    ("span_id", "UBIGINT"),
    ("severity", "UTINYINT NOT NULL"),
    ("severity_text", "VARCHAR"),
    ("event", "VARCHAR"),
    ("service", "VARCHAR"),
    ("resource", "UBIGINT NOT NULL"),
    ("scope", "UBIGINT NOT NULL"),
    ("body", "VARCHAR"),  # JSON
    ("attributes", "VARCHAR NOT NULL"),  # JSON
)

EVALUATIONS: tuple[tuple[str, str], ...] = (
    ("time_ns", "BIGINT NOT NULL"),
    ("trace_id", "UHUGEINT"),
    ("span_id", "UBIGINT"),
    ("name", "VARCHAR NOT NULL"),
    ("score", "DOUBLE"),
    ("label", "VARCHAR"),
    ("explanation", "VARCHAR"),
    ("method", "VARCHAR"),
    ("origin", "VARCHAR NOT NULL"),  # sender | viewer
    ("response_id", "VARCHAR"),
)

PENDING: tuple[tuple[str, str], ...] = (
    ("trace_id", "UHUGEINT NOT NULL"),
    ("span_id", "UBIGINT NOT NULL"),
    ("start_ns", "BIGINT NOT NULL"),
    ("service", "VARCHAR"),
    ("resource", "UBIGINT NOT NULL"),
    ("name", "VARCHAR"),
    ("attributes", "VARCHAR NOT NULL"),  # JSON
)

POINTS: tuple[tuple[str, str], ...] = (
    ("time_ns", "BIGINT NOT NULL"),
    ("start_ns", "BIGINT"),
    ("name", "VARCHAR NOT NULL"),
    ("type", "VARCHAR NOT NULL"),  # gauge | sum | histogram | exponential_histogram | summary
    ("unit", "VARCHAR"),
    ("temporality", "VARCHAR"),  # delta | cumulative
    ("monotonic", "BOOLEAN"),
    ("service", "VARCHAR"),
    ("resource", "UBIGINT NOT NULL"),
    ("attributes", "VARCHAR NOT NULL"),  # JSON
    ("value", "DOUBLE"),
    ("count", "UBIGINT"),
    ("sum", "DOUBLE"),
    ("min", "DOUBLE"),
    ("max", "DOUBLE"),
    ("detail", "VARCHAR"),  # JSON: bounds and counts, scale and buckets, quantiles, exemplars
)

ORIGINS: tuple[tuple[str, str], ...] = (
    ("id", "UBIGINT NOT NULL"),
    ("body", "VARCHAR NOT NULL"),  # JSON: a resource's attributes, or a scope's name, version and attributes
)

TABLES: dict[str, tuple[tuple[str, str], ...]] = {
    "spans": SPANS,
    "content": CONTENT,
    "logs": LOGS,
    "evaluations": EVALUATIONS,
    "pending": PENDING,
    "points": POINTS,
    "origins": ORIGINS,
}

MIGRATIONS: dict[int, Sequence[str]] = {}
"""Version -> the statements that make a database of the version before it one of that version."""


def index(columns: Sequence[tuple[str, str]]) -> dict[str, int]:
    """Where each column stands in a row."""
    return {name: place for place, (name, _) in enumerate(columns)}


def create() -> list[str]:
    """The statements that make an empty database one of :data:`VERSION`."""
    return [
        *(
            f"CREATE TABLE {table} ({', '.join(f'{name} {kind}' for name, kind in columns)})"
            for table, columns in TABLES.items()
        ),
        "CREATE TABLE alert_history (time_ns BIGINT, name VARCHAR, labels VARCHAR, state VARCHAR, value DOUBLE)",
        "CREATE TABLE meta (key VARCHAR PRIMARY KEY, value VARCHAR)",
        f"INSERT INTO meta VALUES ('schema_version', '{VERSION}')",
    ]


__all__ = [
    "CONTENT", "EVALUATIONS", "LOGS", "MIGRATIONS", "ORIGINS", "PENDING", "POINTS", "SPANS", "TABLES", "VERSION",
    "create", "index",
]  # fmt: skip
