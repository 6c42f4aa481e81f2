"""Alerts: what fires while it is looked at, thresholds tried on the past."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from local.browser.conftest import Local, one_call

Opened = Callable[..., Any]


def test_an_alert_fires_while_it_is_looked_at(fresh: Local, opened: Opened) -> None:
    page = opened(f"{fresh.url}/alerts")
    page.wait_for_selector('.alert:has-text("LLMDailyBudgetExceeded")')
    assert page.locator(".alert .state.firing").count() == 0
    fresh.send([one_call(**{"gen_ai.usage.cost.amount": 5000.0, "gen_ai.usage.cost.currency": "USD"})])
    firing = page.locator('.alert:has-text("LLMDailyBudgetExceeded") .state.firing')
    firing.wait_for(timeout=60_000)
    page.locator('.nav a[href^="/alerts"] .count').wait_for()
    # What fires stands first, and tells since when.
    page.locator(".alert-head").first.click()
    assert "LLMDailyBudgetExceeded" in page.locator(".alert-head").first.inner_text()
    page.locator(".alert-body .history", has_text="Firing").first.wait_for()


def test_a_threshold_is_tried_on_the_past(shop: Local, opened: Opened) -> None:
    page = opened(f"{shop.url}/alerts")
    page.locator(".alert-head", has_text="LLMHighErrorRate").click()
    body = page.locator(".alert-body")
    body.get_by_label("Threshold").fill("0.9")
    body.get_by_text("Would not have fired").wait_for()
    assert body.locator("canvas").count() == 1
    body.get_by_label("Threshold").fill("a lot")
    body.get_by_text("A threshold is a number.").wait_for()


def test_axe_has_nothing_to_say_of_an_open_rule(shop: Local, opened: Opened, axe: str) -> None:
    page = opened(f"{shop.url}/alerts")
    page.locator(".alert-head").first.click()
    page.get_by_role("status").filter(has_text="Would").wait_for()
    page.evaluate(axe)
    found = page.evaluate("async () => (await axe.run()).violations")
    assert [(one["id"], one["nodes"][0]["html"]) for one in found] == []
