"""What the panels say of two hours whose numbers are known: the value of a formula, not only that it has one."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from llmotel.dashboards import dashboards
from stack.test_dashboards import filled, shown

GPT = 'job="shop",instance="a",gen_ai_provider_name="openai",gen_ai_request_model="gpt-4.1"'
CLAUDE = 'job="shop",instance="a",gen_ai_provider_name="anthropic",gen_ai_request_model="claude-haiku-4-5"'
CHAT = 'gen_ai_operation_name="chat"'
TIMEOUT = 'error_type="timeout",llmotel_outcome="timeout"'
CANCELLED = 'error_type="KeyboardInterrupt",llmotel_outcome="cancelled"'

# By how much each counter grows in a minute, evenly, for two hours. 100 calls: 80 of GPT, of which 15 fail and 5 are
# cancelled; 20 of Claude.
COUNTERS: dict[str, float] = {
    f"gen_ai_client_inference_duration_seconds_count{{{GPT},{CHAT}}}": 60,
    f"gen_ai_client_inference_duration_seconds_count{{{GPT},{CHAT},{TIMEOUT}}}": 15,
    f"gen_ai_client_inference_duration_seconds_count{{{GPT},{CHAT},{CANCELLED}}}": 5,
    f"gen_ai_client_inference_duration_seconds_count{{{CLAUDE},{CHAT}}}": 20,
    f'gen_ai_client_inference_duration_seconds_bucket{{{GPT},{CHAT},le="1.0"}}': 50,
    f'gen_ai_client_inference_duration_seconds_bucket{{{GPT},{CHAT},le="2.0"}}': 100,
    f'gen_ai_client_inference_duration_seconds_bucket{{{GPT},{CHAT},le="+Inf"}}': 100,
    f"gen_ai_client_inference_usage_input_tokens_total{{{GPT}}}": 6_000,
    f"gen_ai_client_inference_usage_output_tokens_total{{{GPT}}}": 600,
    f"gen_ai_client_inference_usage_cache_read_input_tokens_total{{{GPT}}}": 1_500,
    f"gen_ai_client_inference_usage_input_tokens_total{{{CLAUDE}}}": 1_200,
    f"gen_ai_client_inference_usage_output_tokens_total{{{CLAUDE}}}": 300,
    f'llmotel_client_cost_usd_total{{{GPT},llmotel_feature="search"}}': 0.6,
    f"llmotel_client_cost_usd_total{{{CLAUDE}}}": 0.24,
    f'llmotel_client_operation_cost_usd_sum{{{GPT},llmotel_feature="search"}}': 0.6,
    f"llmotel_client_operation_cost_usd_sum{{{CLAUDE}}}": 0.24,
    f'llmotel_client_operation_cost_usd_count{{{GPT},llmotel_feature="search"}}': 60,
    f"llmotel_client_operation_cost_usd_count{{{CLAUDE}}}": 20,
    f"llmotel_client_retries_total{{{GPT}}}": 20,
    'llmotel_cost_unpriced_total{job="shop",instance="a"}': 10,
    f"llmotel_grounding_score_sum{{{GPT}}}": 48,
    f"llmotel_grounding_score_count{{{GPT}}}": 60,
    f"llmotel_grounding_score_sum{{{CLAUDE}}}": 10,
    f"llmotel_grounding_score_count{{{CLAUDE}}}": 20,
    f"llmotel_quality_relevance_sum{{{GPT}}}": 30,
    f"llmotel_quality_relevance_count{{{GPT}}}": 60,
    f"llmotel_quality_user_satisfaction_sum{{{GPT}}}": 54,
    f"llmotel_quality_user_satisfaction_count{{{GPT}}}": 60,
    f"llmotel_quality_hallucination_sum{{{GPT}}}": 6,
    f"llmotel_quality_hallucination_count{{{GPT}}}": 60,
    'gen_ai_invoke_agent_duration_seconds_count{job="shop",instance="a",gen_ai_agent_name="planner"}': 9,
    f'gen_ai_invoke_agent_duration_seconds_count{{job="shop",instance="a",gen_ai_agent_name="planner",{TIMEOUT}}}': 1,
    'gen_ai_execute_tool_duration_seconds_count{job="shop",instance="a",gen_ai_tool_name="search"}': 3,
    f'gen_ai_execute_tool_duration_seconds_count{{job="shop",instance="a",gen_ai_tool_name="search",{TIMEOUT}}}': 1,
}
# What stands still.
GAUGES: dict[str, float] = {
    'llmotel:error_ratio:5m{job="shop"}': 0.1,
    'llmotel:error_ratio:1h{job="shop"}': 0.05,
    'llmotel:error_ratio:6h{job="shop"}': 0.02,
    'llmotel:duration_seconds:p99_10m{job="shop"}': 15,
    'llmotel:grounding:mean30m{job="shop"}': 0.6,
    "llmotel:cost_usd:increase1d": 60,
    "llmotel:cost_usd:month_forecast": 1_500,
    "llmotel:threshold:slo_objective": 0.99,
    "llmotel:threshold:error_ratio": 0.05,
    "llmotel:threshold:p99_seconds": 30,
    "llmotel:threshold:grounding_minimum": 0.8,
    "llmotel:threshold:daily_budget_usd": 100,
    "llmotel:threshold:budget_factor": 1.2,
    "llmotel:threshold:monthly_budget_usd": 2_000,
    'llmotel_circuit_breaker_state{job="shop",instance="a",llmotel_circuit_breaker_name="search"}': 1,
    'llmotel_circuit_breaker_state{job="shop",instance="a",llmotel_circuit_breaker_name="chat"}': 0,
    'otelcol_exporter_queue_size{instance="collector",exporter="otlp_grpc/jaeger"}': 400,
    'otelcol_exporter_queue_capacity{instance="collector",exporter="otlp_grpc/jaeger"}': 1_000,
}
BY_MODEL = ('{gen_ai_request_model="gpt-4.1"}', '{gen_ai_request_model="claude-haiku-4-5"}')
BY_PROVIDER = ('{gen_ai_provider_name="openai"}', '{gen_ai_provider_name="anthropic"}')
SHOP = '{job="shop"}'

# The panel, the place of its query, and what the query says of the last hour (or of a second of it).
SAYS: dict[tuple[str, str, int], Mapping[str, float]] = {
    ("performance", "Calls", 0): {"{}": 6_000},
    ("performance", "p50", 0): {"{}": 1},
    ("performance", "p95", 0): {"{}": 1.9},
    ("performance", "p99", 0): {"{}": 1.98},
    ("performance", "p99, of the alert's limit", 0): {"{}": 0.5},
    ("performance", "Tokens", 0): {"{}": 486_000},
    ("performance", "p95 by provider", 0): {BY_PROVIDER[0]: 1.9},
    ("performance", "Calls per second by model", 0): dict(zip(BY_MODEL, (80 / 60, 20 / 60), strict=True)),
    ("performance", "Calls per second by provider", 0): dict(zip(BY_PROVIDER, (80 / 60, 20 / 60), strict=True)),
    ("performance", "Tokens per second", 0): {"{}": 120},
    ("performance", "Tokens per second", 1): {"{}": 25},
    ("performance", "Tokens per second", 3): {"{}": 15},
    ("performance", "Output tokens per second by model", 0): dict(zip(BY_MODEL, (10, 5), strict=True)),
    ("performance", "Share of the input read from cache", 0): dict(zip(BY_MODEL, (0.25, 0), strict=True)),
    ("cost", "Today", 0): {"{}": 50.4},
    ("cost", "This month", 0): {"{}": 50.4},
    ("cost", "24 hours, of the alert's limit", 0): {"{}": 0.5},
    ("cost", "Forecast, of the month's budget", 0): {"{}": 0.75},
    ("cost", "Calls without a price", 0): {"{}": 600},
    ("cost", "Cost per hour by provider", 0): dict(zip(BY_PROVIDER, (36, 14.4), strict=True)),
    ("cost", "Cost per hour by model", 0): dict(zip(BY_MODEL, (36, 14.4), strict=True)),
    ("cost", "Cost per hour by feature", 0): {'{llmotel_feature="search"}': 36, '{llmotel_feature="(none)"}': 14.4},
    ("cost", "By provider", 0): dict(zip(BY_PROVIDER, (36, 14.4), strict=True)),
    ("cost", "By model", 0): dict(zip(BY_MODEL, (36, 14.4), strict=True)),
    ("cost", "By model", 1): dict(zip(BY_MODEL, (3_600, 1_200), strict=True)),
    ("cost", "By model", 2): dict(zip(BY_MODEL, (0.01, 0.012), strict=True)),
    ("cost", "By model", 3): dict(zip(BY_MODEL, (36 / 50.4, 14.4 / 50.4), strict=True)),
    ("cost", "By model", 4): dict(zip(BY_MODEL, (360_000, 72_000), strict=True)),
    ("cost", "By model", 5): dict(zip(BY_MODEL, (36_000, 18_000), strict=True)),
    ("cost", "By service", 0): {SHOP: 50.4},
    ("cost", "Mean cost of a call by model", 0): dict(zip(BY_MODEL, (0.01, 0.012), strict=True)),
    ("cost", "Calls without a price, by service", 0): {SHOP: 0.1},
    ("quality", "Mean grounding", 0): {"{}": 58 / 80},
    ("quality", "Grounding, of the alert's limit", 0): {"{}": 0.75},
    ("quality", "Answers scored", 0): {"{}": 4_800},
    ("quality", "Relevance", 0): {"{}": 0.5},
    ("quality", "User satisfaction", 0): {"{}": 0.9},
    ("quality", "Hallucination", 0): {"{}": 0.1},
    ("quality", "Grounding", 0): {"{}": 58 / 80},
    ("quality", "Grounding by model", 0): dict(zip(BY_MODEL, (0.8, 0.5), strict=True)),
    ("quality", "Relevance by model", 0): {BY_MODEL[0]: 0.5},
    ("quality", "Hallucination by model", 0): {BY_MODEL[0]: 0.1},
    ("reliability", "Error rate", 0): {"{}": 0.15},
    ("reliability", "Error rate, of the alert's limit", 0): {"{}": 2},
    ("reliability", "Retries per 100 calls", 0): {"{}": 20},
    ("reliability", "Agent runs that succeed", 0): {"{}": 0.9},
    ("reliability", "Tool calls that succeed", 0): {"{}": 0.75},
    ("reliability", "Circuit breakers open", 0): {"{}": 1},
    ("reliability", "Error rate by service", 0): {SHOP: 0.15},
    ("reliability", "Error rate by model", 0): dict(zip(BY_MODEL, (15 / 80, 0), strict=True)),
    ("reliability", "Error budget burn", 0): {SHOP: 5},
    ("reliability", "Error budget burn", 1): {SHOP: 2},
    ("reliability", "Failures by type", 0): {'{error_type="timeout"}': 0.25},
    ("reliability", "Failures by outcome", 0): {'{llmotel_outcome="timeout"}': 0.25},
    ("reliability", "Failures by provider", 0): {BY_PROVIDER[0]: 0.25},
    ("reliability", "Retries per second by provider", 0): {BY_PROVIDER[0]: 1 / 3},
    ("reliability", "Retries per call by model", 0): dict(zip(BY_MODEL, (0.25, 0), strict=True)),
    ("reliability", "Agent success rate", 0): {'{gen_ai_agent_name="planner"}': 0.9},
    ("reliability", "Tool success rate", 0): {'{gen_ai_tool_name="search"}': 0.75},
    ("reliability", "Sending queues", 0): {'{instance="collector", exporter="otlp_grpc/jaeger"}': 0.4},
}


def query(dashboard: str, title: str, place: int) -> str:
    """What Grafana would ask, for the last hour, with rates over five minutes."""
    [found] = [board for board in dashboards() if board.uid == f"llmotel-{dashboard}"]
    [panel] = [panel for panel in shown(found) if panel["title"] == title]
    return filled(panel["targets"][place]["expr"], __rate_interval="5m")


@pytest.mark.parametrize("dashboard", ["performance", "cost", "quality", "reliability"])
def test_the_panels_say_what_happened(dashboard: str, program: Callable[[str], Path], tmp_path: Path) -> None:
    said = {panel: values for panel, values in SAYS.items() if panel[0] == dashboard}
    case: dict[str, Any] = {
        "interval": "1m",
        "input_series": [
            *({"series": series, "values": f"0+{growth:g}x120"} for series, growth in COUNTERS.items()),
            *({"series": series, "values": f"{value:g}x120"} for series, value in GAUGES.items()),
        ],
        "promql_expr_test": [
            {
                "expr": f"round({query(*panel)}, 0.000001)",  # what floats add up to is no matter of ours
                "eval_time": "2h",
                "exp_samples": [{"labels": labels, "value": round(value, 6)} for labels, value in values.items()],
            }
            for panel, values in said.items()
        ],
    }
    file = tmp_path / "case.json"
    file.write_text(json.dumps({"evaluation_interval": "1m", "tests": [case]}), "utf-8")
    done = subprocess.run([program("promtool"), "test", "rules", file], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
