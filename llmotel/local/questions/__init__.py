"""The questions that are asked of LLM telemetry, one definition each, for DuckDB, ClickHouse and BigQuery."""

from __future__ import annotations
