"""Scores that the application gives by hand, when it gives wrong ones. The right ones are in the contract."""

from __future__ import annotations

from typing import Any

import pytest

import llmotel
from bare import call
from llmotel import guard
from telemetry import Telemetry


@pytest.mark.parametrize("score", [1.1, -0.1, float("nan"), "good", [1]], ids=repr)
def test_a_score_out_of_range_is_left_out_counted_and_told_once_and_the_others_stand(
    score: Any, telemetry: Telemetry, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(guard, "_told", set())
    call()
    for _ in range(2):
        assert llmotel.record_quality(relevance=score, user_satisfaction=1)
    metrics = telemetry.metrics()
    assert "llmotel.quality.relevance" not in metrics
    assert metrics["llmotel.quality.user_satisfaction"][0].count == 2
    assert metrics["llmotel.records.rejected"][0].value == 2
    assert [record.getMessage() for record in caplog.records] == [
        "llmotel.record_quality: relevance is not a number from 0 to 1 and is left out (logged once)"
    ]
