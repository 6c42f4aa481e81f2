"""The pages for everybody: screen readers, keyboards, small and large screens, both themes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import quote

import pytest

from local.browser.conftest import Local

Opened = Callable[..., Any]

PATHS = (
    "/calls",
    "/calls?outcome=error&model=gpt-5.5",
    "/calls?q=nothing-is-like-this",
    "/traces",
    "/traces/ANSWER",
    "/traces/TRACE",
    "/sessions",
    "/sessions/s-3",
    "/running",
    "/dashboards/performance",
    "/dashboards/cost",
    "/dashboards/quality",
    "/dashboards/reliability",
    "/features",
    "/features?feature=search",
    "/models",
    "/models?model=gpt-5.5",
    "/evaluations",
    "/questions",
    "/compare?left=model:gpt-5.5&right=model:gpt-5.5-mini",
    "/whatif?model_to=openai/gpt-5.4",
    "/alerts",
)
SETTLED = "() => !document.querySelector('.waiting, .progress.on, .bone') && document.querySelector('main h1')"


def address(shop: Local, answer: dict[str, Any], path: str) -> str:
    path = path.replace("ANSWER", f"{answer['trace_id']}/spans/{answer['span_id']}").replace(
        "TRACE", answer["trace_id"]
    )
    return shop.url + path


def settle(page: Any) -> None:
    page.wait_for_function(SETTLED)
    page.wait_for_timeout(150)  # what fades in has


def violations(page: Any, axe: str) -> list[str]:
    page.evaluate(axe)
    found = page.evaluate("async () => (await axe.run()).violations")
    return [f"{one['id']}: {one['help']}: {node['html'][:200]}" for one in found for node in one["nodes"]]


@pytest.mark.parametrize("path", PATHS)
def test_axe_has_nothing_to_say(shop: Local, opened: Opened, answer: dict[str, Any], axe: str, path: str) -> None:
    page = opened(address(shop, answer, path))
    settle(page)
    assert violations(page, axe) == []
    page.emulate_media(color_scheme="dark")
    page.wait_for_function("() => document.documentElement.dataset.theme === 'dark'")
    assert violations(page, axe) == []


@pytest.mark.parametrize("tab", ["Sources", "Tokens and cost", "Scores", "Attributes", "JSON"])
def test_axe_has_nothing_to_say_of_a_tab(
    shop: Local, opened: Opened, answer: dict[str, Any], axe: str, tab: str
) -> None:
    page = opened(address(shop, answer, "/traces/ANSWER"))
    page.get_by_role("tab", name=tab).click()
    settle(page)
    assert violations(page, axe) == []


def test_axe_has_nothing_to_say_of_what_opens(shop: Local, opened: Opened, axe: str) -> None:
    page = opened(f"{shop.url}/calls")
    settle(page)
    for name in ("Columns", "Export what is shown", "All time"):
        page.get_by_role("button", name=name).click()
        assert violations(page, axe) == []
        page.keyboard.press("Escape")
    page.keyboard.press("?")
    page.wait_for_selector("dialog[open]")
    assert violations(page, axe) == []


def test_axe_has_nothing_to_say_of_a_fresh_start(fresh: Local, opened: Opened, axe: str) -> None:
    page = opened(fresh.url)
    page.get_by_text("Listening").wait_for()
    assert violations(page, axe) == []


@pytest.mark.parametrize("path", PATHS)
def test_nothing_runs_over_the_edge(shop: Local, opened: Opened, answer: dict[str, Any], path: str) -> None:
    page = opened(address(shop, answer, path))
    for width in (3840, 768, 375):
        page.set_viewport_size({"width": width, "height": 812})
        settle(page)
        assert page.evaluate("() => document.documentElement.scrollWidth") <= width
        # Nor out of the head of the page, which does not scroll.
        edges = "() => Math.max(...[...document.querySelectorAll('.head *')].map(e => e.getBoundingClientRect().right))"
        assert page.evaluate(edges) <= width


def test_pages_are_reached_on_a_small_screen(shop: Local, opened: Opened) -> None:
    page = opened(f"{shop.url}/calls", viewport={"width": 375, "height": 812})
    page.get_by_role("button", name="Pages").click()
    page.get_by_role("link", name="Dashboards").click()
    page.wait_for_selector('h1:text-is("Dashboards")')
    assert not page.get_by_role("link", name="Sessions").is_visible()


def test_a_span_takes_the_small_screen_and_gives_it_back(shop: Local, opened: Opened, answer: dict[str, Any]) -> None:
    page = opened(f"{shop.url}/traces/{answer['trace_id']}", viewport={"width": 375, "height": 812})
    page.locator(".w-row", has_text="execute_tool").first.click()
    page.wait_for_selector(".detail-head")
    assert not page.locator('[role="tree"]').is_visible()
    page.get_by_role("button", name="Back to the trace").click()
    page.locator('[role="tree"]').wait_for()


def test_the_theme_follows_the_system_until_it_is_chosen(shop: Local, opened: Opened) -> None:
    page = opened(f"{shop.url}/calls", color_scheme="dark")
    theme = "() => document.documentElement.dataset.theme"
    assert page.evaluate(theme) == "dark"
    page.get_by_role("button", name="System theme").click()
    assert page.evaluate(theme) == "light"
    page.reload()
    page.wait_for_selector("main h1")
    assert page.evaluate(theme) == "light"


def test_numbers_and_times_are_the_readers(shop: Local, opened: Opened) -> None:
    page = opened(f"{shop.url}/calls?columns=name,input_tokens,time&sort=-input_tokens", locale="de-DE")
    page.wait_for_selector("tbody tr.to")
    largest = shop.get("/api/calls?sort=-input_tokens&limit=1")["items"][0]["input_tokens"]
    assert f"{largest:,}".replace(",", ".") in page.locator("tbody tr.to").first.inner_text()


def test_the_first_tab_stop_leads_past_the_navigation(shop: Local, opened: Opened) -> None:
    page = opened(f"{shop.url}/calls")
    page.keyboard.press("Tab")
    assert page.evaluate("() => document.activeElement.textContent") == "Skip to the content"
    page.keyboard.press("Enter")
    assert page.evaluate("() => document.activeElement.id") == "main"


@pytest.mark.parametrize(("language", "direction"), [("靴のサイズ", "ltr"), ("يمكنني إرجاع", "rtl")])
def test_text_runs_as_its_writing_does(shop: Local, opened: Opened, language: str, direction: str) -> None:
    call = shop.get(f"/api/calls?q={quote(language)}&limit=1")["items"][0]
    page = opened(f"{shop.url}/traces/{call['trace_id']}/spans/{call['span_id']}")
    said = page.locator(".message.role-user .markdown").first
    said.wait_for()
    assert said.evaluate("element => getComputedStyle(element).direction") == direction


def test_nothing_jumps_while_a_page_fills(shop: Local, opened: Opened) -> None:
    page = opened(f"{shop.url}/calls")
    settle(page)
    shift = page.evaluate(
        """() => new Promise(done => {
          let sum = 0;
          new PerformanceObserver(list => { for (const entry of list.getEntries()) sum += entry.value; })
            .observe({ type: "layout-shift", buffered: true });
          setTimeout(() => done(sum), 300);
        })"""
    )
    assert shift < 0.05
