"""When alerts fire and end, and who is told."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest

from llmotel.local.alerting import Alerting, webhook
from llmotel.local.batch import Batch
from llmotel.local.errors import LocalError
from llmotel.local.rules import RULES
from llmotel.local.spans import SpanReader
from llmotel.local.store import Store
from llmotel.local.writer import Writer
from local import otlp
from local.conftest import Local
from local.otlp import SECOND, call

NOW = 1_794_000_000 * SECOND  # 2026-11-06T21:20:00Z
MINUTE = 60 * SECOND


class Watched:
    """A store whose alerts are looked at when the test says so."""

    def __init__(self, environ: dict[str, str]) -> None:
        self.store = Store(None)
        self.writer = Writer(self.store)
        self.alerting = Alerting(self.store, self.writer, environ={"TZ": "UTC", **environ})

    def send(self, count: int, ago: float, *, failed: str | None = None, seconds: float = 1.0, **more: Any) -> None:
        """``count`` calls that ended ``ago`` minutes before :data:`NOW`."""
        start = NOW - int(ago * MINUTE) - int(seconds * SECOND)
        batch = Batch()
        made = [otlp.span(call(**more), start=start, seconds=seconds, failed=failed) for _ in range(count)]
        SpanReader().read(otlp.spans(*made), batch)
        self.writer.put(batch).result()

    def at(self, minutes: float) -> list[tuple[str, str]]:
        """What changes ``minutes`` after :data:`NOW`."""
        return [(item["name"], item["state"]) for item in self.alerting.evaluate(NOW + int(minutes * MINUTE))]

    def item(self, name: str) -> dict[str, Any]:
        with self.store.reader() as reader:
            return next(item for item in self.alerting.state(reader)["items"] if item["name"] == name)


@pytest.fixture
def watched(request: pytest.FixtureRequest) -> Iterator[Watched]:
    made = Watched(getattr(request, "param", {}))
    yield made
    made.writer.close()
    made.store.close()


def limits(**values: str) -> Any:
    return pytest.mark.parametrize(
        "watched", [{f"LLMOTEL_ALERT_{name.upper()}": value for name, value in values.items()}], indirect=True
    )


class TestRules:
    def test_errors_fire_after_five_minutes_and_end_with_the_last_of_them(self, watched: Watched) -> None:
        for minute in range(8):
            watched.send(20, -minute + 0.5, failed="boom" if minute < 7 else None)
        assert watched.at(0) == []
        assert watched.item("LLMHighErrorRate")["state"] == "pending"
        assert ("LLMHighErrorRate", "firing") in watched.at(5)
        item = watched.item("LLMHighErrorRate")
        assert (item["state"], item["value"], item["threshold"]) == ("firing", 1.0, 0.05)
        assert item["labels"] == {"service": "shop"}
        assert "100.0%" in item["summary"]
        assert ("LLMHighErrorRate", "resolved") in watched.at(20)
        assert [entry["state"] for entry in watched.item("LLMHighErrorRate")["history"]] == ["resolved", "firing"]

    def test_one_of_two_calls_at_night_is_no_alert(self, watched: Watched) -> None:
        watched.send(1, 1, failed="boom")
        watched.send(1, 1)
        watched.at(0)
        assert watched.item("LLMHighErrorRate")["state"] == "inactive"
        assert watched.item("LLMHighErrorRate")["value"] == 0.5

    def test_what_the_user_cancelled_has_not_failed(self, watched: Watched) -> None:
        watched.send(50, 1, **{"error.type": "CancelledError", "llmotel.outcome": "cancelled"})
        watched.at(0)
        assert watched.item("LLMHighErrorRate")["state"] == "inactive"

    @limits(p99_seconds="10")
    def test_slow_calls_are_told_by_operation(self, watched: Watched) -> None:
        watched.send(120, 1, seconds=20)
        watched.at(0)
        item = watched.item("LLMHighLatencyP99")
        assert (item["state"], item["value"], item["labels"]["operation"]) == ("pending", 20.0, "chat")

    @limits(daily_budget_usd="1")
    def test_the_budget_is_that_of_the_calendar_day(self, watched: Watched) -> None:
        watched.send(200, 22 * 60)  # yesterday
        assert ("LLMDailyBudgetExceeded", "firing") not in watched.at(0)
        watched.send(120, 60)
        assert ("LLMDailyBudgetExceeded", "firing") in watched.at(1)
        assert watched.item("LLMDailyBudgetExceeded")["value"] == pytest.approx(1.2)
        assert ("LLMDailyBudgetExceeded", "resolved") in watched.at(3 * 60)  # after midnight

    def test_low_grounding_is_told_of_the_service_and_of_the_model(self, watched: Watched) -> None:
        watched.send(30, 1, **{"llmotel.grounding.score": 0.5})
        watched.at(0)
        fired = watched.at(5)
        assert ("LLMLowGrounding", "firing") in fired
        assert ("LLMLowGroundingOfModel", "firing") in fired

    def test_calls_of_an_unknown_price_are_told(self, watched: Watched) -> None:
        unpriced = {"gen_ai.usage.cost.currency": "EUR"}
        watched.send(30, 1, **unpriced)
        watched.at(0)
        assert watched.item("LLMCostUnpriced")["value"] == 1.0

    def test_slower_and_worse_than_last_week_is_told(self, watched: Watched) -> None:
        week = 7 * 24 * 60
        watched.send(120, week + 5, seconds=1, **{"llmotel.grounding.score": 0.95})
        watched.send(120, 5, seconds=3, **{"llmotel.grounding.score": 0.75})
        watched.at(0)
        fired = watched.at(30)
        assert ("LLMLatencyRegression", "firing") in fired
        assert ("LLMGroundingRegression", "firing") in fired

    def test_the_error_budget_burns_in_the_long_window_and_goes_on_in_the_short_one(self, watched: Watched) -> None:
        for ago in (50, 30, 10, 2):
            watched.send(30, ago, failed="boom")
        watched.at(0)
        assert watched.item("LLMErrorBudgetBurnFast")["state"] == "pending"
        watched.at(20)
        assert watched.item("LLMErrorBudgetBurnFast")["state"] == "inactive"

    @limits(daily_budget_usd="1", monthly_budget_usd="2")
    def test_the_forecast_needs_a_day_of_spending(self, watched: Watched) -> None:
        watched.send(100, 10)
        watched.at(0)
        assert watched.item("LLMMonthlyBudgetForecast")["state"] == "inactive"
        for hour in range(1, 30):
            watched.send(1, hour * 60)
        watched.at(1)
        assert watched.item("LLMMonthlyBudgetForecast")["state"] == "pending"

    def test_nothing_is_said_of_an_empty_store(self, watched: Watched) -> None:
        assert watched.at(0) == []
        with watched.store.reader() as reader:
            states = {item["state"] for item in watched.alerting.state(reader)["items"]}
        assert states == {"inactive"}

    def test_a_wrong_threshold_is_told_at_the_start(self) -> None:
        store = Store(None)
        writer = Writer(store)
        with pytest.raises(LocalError, match="LLMOTEL_ALERT_ERROR_RATIO"):
            Alerting(store, writer, environ={"LLMOTEL_ALERT_ERROR_RATIO": "lots"})
        writer.close()
        store.close()


class TestTelling:
    def test_a_webhook_gets_what_alertmanager_would_send(self) -> None:
        bodies: list[dict[str, Any]] = []
        arrived = threading.Event()

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                bodies.append(json.loads(self.rfile.read(int(self.headers["content-length"]))))
                self.send_response(200)
                self.end_headers()
                arrived.set()

            def log_message(self, *_: Any) -> None:
                pass

        server = HTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        url = f"http://127.0.0.1:{server.server_port}/"
        watched = Watched({"LLMOTEL_ALERT_WEBHOOK_URL": url, "LLMOTEL_ALERT_DAILY_BUDGET_USD": "0.1"})
        watched.send(30, 1)
        watched.at(0)
        assert arrived.wait(20)
        (body,) = bodies
        assert (body["version"], body["status"]) == ("4", "firing")
        assert body["alerts"][0]["labels"]["alertname"] == "LLMDailyBudgetExceeded"
        watched.writer.close()
        watched.store.close()
        server.shutdown()
        server.server_close()

    def test_an_end_is_told_as_resolved(self) -> None:
        item = {"name": "A", "state": "resolved", "severity": "warning", "summary": "s", "labels": {}, "since": "x"}
        told = webhook([item], NOW)
        assert (told["status"], told["alerts"][0]["endsAt"]) == ("resolved", "2026-11-06T21:20:00.000000Z")


class TestOverHttp:
    def test_every_rule_is_listed(self, local: Local) -> None:
        local.backend.alerting.evaluate(otlp.now())
        told = local.get("/api/alerts")
        assert {item["name"] for item in told["items"]} == {rule.name for rule in RULES}
        assert told["evaluated_at"] is not None

    def test_a_threshold_can_be_tried_on_the_past(self, local: Local) -> None:
        now = otlp.now()
        for minute in range(40, 20, -1):
            spans = [
                otlp.span(call(), start=now - minute * MINUTE, failed="x" if place < 3 else None) for place in range(10)
            ]
            local.send(otlp.spans(*spans))
        asked = {"name": "LLMHighErrorRate", "since": "1h"}
        told = local.get("/api/alerts/try", **asked, threshold=0.2)
        assert max(value for value in told["values"] if value is not None) == pytest.approx(0.3)
        assert len(told["firing"]) == 1
        assert local.get("/api/alerts/try", **asked, threshold=0.5)["firing"] == []

    @pytest.mark.parametrize("asked", [{"name": "None"}, {"name": "LLMHighErrorRate", "threshold": "7"}])
    def test_what_cannot_be_tried_is_named(self, local: Local, asked: dict) -> None:
        assert local.problem("/api/alerts/try", **asked)["status"] == 400
