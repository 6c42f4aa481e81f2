"""What features earn: added up by the tags that metrics may have."""

from __future__ import annotations

import logging
from decimal import Decimal
from typing import Any

import pytest
from opentelemetry import trace

import llmotel
from llmotel import guard, setup
from telemetry import Telemetry

VALUE = "llmotel.feature.value.usd"


@pytest.fixture(autouse=True)
def _nothing_was_told_yet(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(guard, "_told", set())


def earned(telemetry: Telemetry) -> dict[Any, float]:
    """The sum of each feature."""
    points = telemetry.metrics().get(VALUE, ())
    return {point.attributes.get("llmotel.feature"): pytest.approx(point.value) for point in points}


def test_it_adds_up_by_feature(telemetry: Telemetry) -> None:
    telemetry(metric_tags="feature")
    assert llmotel.record_value(0.35, feature="search")
    llmotel.record_value(0.4, feature="search")
    llmotel.record_value(12, feature="orders")
    assert earned(telemetry) == {"search": 0.75, "orders": 12}


def test_tags_in_force_count_and_those_given_count_more(telemetry: Telemetry) -> None:
    telemetry(metric_tags="feature,tenant")
    with llmotel.tags(feature="search", tenant="acme", user_id="u-17"):
        llmotel.record_value(1)
        llmotel.record_value(2, feature="orders")
    assert {tuple(sorted(point.attributes.items())): point.value for point in telemetry.metrics()[VALUE]} == {
        (("llmotel.feature", "search"), ("llmotel.tenant", "acme")): 1,
        (("llmotel.feature", "orders"), ("llmotel.tenant", "acme")): 2,
    }


def test_values_of_a_tag_beyond_the_limit_become_other(telemetry: Telemetry) -> None:
    telemetry(metric_tags="feature", metric_tag_values=1)
    for feature in ("search", "orders", "advice"):
        llmotel.record_value(1, feature=feature)
    assert earned(telemetry) == {"search": 1, "other": 2}


@pytest.mark.parametrize("usd", [0, 0.1, 3, Decimal("0.35"), True + 0.5], ids=repr)
def test_any_number_from_0_on_is_a_value(usd: Any, telemetry: Telemetry) -> None:
    assert llmotel.record_value(usd)
    assert earned(telemetry) == {None: float(usd)}


@pytest.mark.parametrize("usd", [-0.01, float("nan"), float("inf"), "0.35", None, True, [1], 1j], ids=repr)
def test_what_is_no_value_is_left_out_counted_and_told_once(
    usd: Any, telemetry: Telemetry, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING, "llmotel"):
        assert [llmotel.record_value(usd) for _ in range(2)] == [False, False]
    assert earned(telemetry) == {}
    assert telemetry.metrics()["llmotel.records.rejected"][0].value == 2
    assert [record.getMessage() for record in caplog.records] == [
        "llmotel.record_value: a value is a number of USD, 0 or more; another one is left out (logged once)"
    ]


def test_tags_that_no_metric_may_have_are_told_of_once(telemetry: Telemetry, caplog: pytest.LogCaptureFixture) -> None:
    for _ in range(2):
        assert llmotel.record_value(0.35, feature="search")
    assert earned(telemetry) == {None: 0.7}
    [record] = caplog.records
    assert "LLMOTEL_METRIC_TAGS names no tag" in record.getMessage()


def test_a_point_leads_to_the_trace_in_which_it_was_recorded(telemetry: Telemetry) -> None:
    with telemetry.recording.tracer_provider.get_tracer("application").start_as_current_span("order"):
        llmotel.record_value(12)
        here = trace.get_current_span().get_span_context()
    [point] = telemetry.metrics()[VALUE]
    assert [exemplar.trace_id for exemplar in point.exemplars] == [here.trace_id]


def test_while_llmotel_is_disabled_nothing_is_recorded(telemetry: Telemetry) -> None:
    llmotel.disable()
    assert llmotel.record_value(1) is False
    llmotel.enable()
    assert earned(telemetry) == {}


def test_before_init_it_does_nothing() -> None:
    assert setup.engine() is None
    assert llmotel.record_value(1, feature="search") is False
