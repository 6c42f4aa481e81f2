"""Names in Prometheus, as the collector translates them; tests/stack compares them with a running one's."""

from __future__ import annotations

from typing import Any

import pytest

from llmotel.signals.prometheus import label, series


@pytest.mark.parametrize(
    ("metric", "named"),
    [
        (("gen_ai.client.inference.duration", "s", "histogram"), "gen_ai_client_inference_duration_seconds"),
        (("gen_ai.client.token.usage", "{token}", "histogram"), "gen_ai_client_token_usage"),
        (
            ("gen_ai.client.inference.usage.input_tokens", "{token}", "counter"),
            "gen_ai_client_inference_usage_input_tokens_total",
        ),
        (("llmotel.client.cost.usd", "{USD}", "counter"), "llmotel_client_cost_usd_total"),
        (("llmotel.content.truncated", "By", "counter"), "llmotel_content_truncated_bytes_total"),
        (("llmotel.grounding.score", "1", "histogram"), "llmotel_grounding_score"),
        (("llmotel.circuit_breaker.state", "{state}", "gauge"), "llmotel_circuit_breaker_state"),
    ],
)
def test_series_are_named_by_metric_unit_and_kind(metric: Any, named: str) -> None:
    assert series(*metric) == named


@pytest.mark.parametrize(("unit", "kind"), [("1", "gauge"), ("USD", "counter"), ("h", "histogram")])
def test_a_unit_that_exporters_name_differently_is_refused(unit: str, kind: Any) -> None:
    with pytest.raises(ValueError, match="no name in Prometheus"):
        series("llmotel.thing", unit, kind)


def test_labels_have_underscores_for_dots() -> None:
    assert label("gen_ai.request.model") == "gen_ai_request_model"
