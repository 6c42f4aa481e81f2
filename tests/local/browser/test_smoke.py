"""Each page opens on real data, without an error of its own and within its Content-Security-Policy."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from local.browser.conftest import Local

PAGES = {
    "/calls": "Calls",
    "/traces": "Traces",
    "/sessions": "Sessions",
    "/running": "Running",
    "/dashboards": "Dashboards",
    "/features": "Features",
    "/models": "Models",
    "/evaluations": "Evaluations",
    "/questions": "Questions",
    "/compare": "Compare",
    "/whatif": "What if",
    "/alerts": "Alerts",
}


@pytest.mark.parametrize(("path", "title"), PAGES.items())
def test_a_page_opens(shop: Local, opened: Callable[..., Any], path: str, title: str) -> None:
    page = opened(shop.url + path)
    assert page.locator("main h1").inner_text() == title
    assert page.title() == f"{title} · llmotel"


def test_the_first_page_is_the_calls(shop: Local, opened: Callable[..., Any]) -> None:
    page = opened(shop.url)
    page.wait_for_selector("tbody tr.to")
    page.wait_for_selector('.head .sub:has-text("450 in all")')


def test_a_call_opens_with_its_conversation(shop: Local, opened: Callable[..., Any], answer: dict[str, Any]) -> None:
    page = opened(f"{shop.url}/traces/{answer['trace_id']}/spans/{answer['span_id']}")
    page.wait_for_selector(".message.answer mark")
    assert "within 30 days" in page.locator(".message.answer").inner_text()


def test_what_is_nowhere_is_said(shop: Local, opened: Callable[..., Any]) -> None:
    context = opened(shop.url).context
    page = context.new_page()
    page.goto(f"{shop.url}/nowhere")
    page.get_by_text("There is no such page").wait_for()
