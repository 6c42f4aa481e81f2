"""The list of calls: filters that live in the address, the keyboard, what arrives while it is looked at."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, urlsplit

from local.browser.conftest import Local, one_call

Opened = Callable[..., Any]


def query(page: Any) -> dict[str, list[str]]:
    return parse_qs(urlsplit(page.url).query, keep_blank_values=True)


def listed(page: Any) -> int:
    """How many calls the head says there are."""
    return int(re.sub(r"\D", "", page.locator(".head .sub span").inner_text()))


def wait_for_count(page: Any, count: int) -> None:
    page.wait_for_function(
        "count => document.querySelector('.head .sub span')?.textContent.replace(/\\D/g, '') === String(count)",
        arg=count,
    )


def test_a_facet_narrows_the_list_and_the_address_says_so(shop: Local, opened: Opened) -> None:
    page = opened(f"{shop.url}/calls")
    page.locator(".facet-value", has_text="claude-sonnet-4-5").click()
    expected = shop.get("/api/calls?model=claude-sonnet-4-5&count=true")["total"]
    wait_for_count(page, expected)
    assert query(page)["model"] == ["claude-sonnet-4-5"]
    assert (
        page.locator("tbody tr.to .call-name").all_inner_texts()
        == ["chat claude-sonnet-4-5"] * page.locator("tbody tr.to").count()
    )


def test_two_values_of_a_facet_are_either_of_them(shop: Local, opened: Opened) -> None:
    page = opened(f"{shop.url}/calls")
    page.locator(".facet-value", has_text="checkout-help").click()
    page.locator(".facet-value", has_text="returns").click()
    wait_for_count(page, shop.get("/api/calls?feature=checkout-help&feature=returns&count=true")["total"])


def test_a_filter_of_the_address_is_shown_and_can_be_taken_away(shop: Local, opened: Opened) -> None:
    page = opened(f"{shop.url}/calls?outcome=error")
    failed = shop.get("/api/calls?outcome=error&count=true")["total"]
    wait_for_count(page, failed)
    page.get_by_role("button", name="Remove the filter Outcome error").click()
    wait_for_count(page, 450)
    assert "outcome" not in query(page)


def test_going_back_gives_the_filter_before(shop: Local, opened: Opened) -> None:
    page = opened(f"{shop.url}/calls?outcome=error")
    page.get_by_role("button", name="Remove the filter Outcome error").click()
    wait_for_count(page, 450)
    page.go_back()
    wait_for_count(page, shop.get("/api/calls?outcome=error&count=true")["total"])


def test_a_bound_narrows_by_an_amount(shop: Local, opened: Opened) -> None:
    page = opened(f"{shop.url}/calls")
    field = page.get_by_label("Duration, at least, in seconds")
    field.fill("2")
    field.press("Enter")
    wait_for_count(page, shop.get("/api/calls?min_duration=2&count=true")["total"])
    page.get_by_text("Duration ≥").wait_for()


def test_a_wrong_filter_of_the_address_is_said_in_the_servers_words(shop: Local, browser: Any) -> None:
    context = browser.new_context()
    try:
        page = context.new_page()
        page.goto(f"{shop.url}/calls?since=abc")
        assert "since='abc'" in page.get_by_role("alert").first.inner_text()
    finally:
        context.close()


def test_text_of_the_content_is_found(shop: Local, opened: Opened) -> None:
    page = opened(f"{shop.url}/calls")
    page.keyboard.press("/")
    page.keyboard.type("Réunion")
    page.wait_for_url("**/*q=R*")
    wait_for_count(page, shop.get("/api/calls?q=R%C3%A9union&count=true")["total"])
    assert 0 < listed(page) < 450


def test_nothing_that_matches_offers_a_way_out(shop: Local, opened: Opened) -> None:
    page = opened(f"{shop.url}/calls?q=nothing-is-called-like-this")
    page.get_by_text("No call is like that").wait_for()
    page.get_by_role("button", name="Clear the filters").click()
    # The search is no filter to clear: it stands in its field.
    page.get_by_role("searchbox").first.fill("")
    wait_for_count(page, 450)


def test_the_dearest_come_first_when_the_cost_is_sorted(shop: Local, opened: Opened) -> None:
    page = opened(f"{shop.url}/calls?columns=name,cost")
    page.get_by_role("button", name="Cost").click()
    page.wait_for_selector('th[aria-sort="descending"]:has-text("Cost")')
    dearest = shop.get("/api/calls?sort=-cost&limit=1")["items"][0]
    page.wait_for_selector(f'tbody tr:first-child a[href$="{dearest["span_id"]}"]')
    assert query(page)["sort"] == ["-cost"]


def test_columns_are_chosen_and_kept_in_the_address(shop: Local, opened: Opened) -> None:
    page = opened(f"{shop.url}/calls")
    page.get_by_role("button", name="Columns").click()
    page.get_by_role("checkbox", name="Session").check()
    page.wait_for_selector('th:has-text("Session")')
    assert "session" in query(page)["columns"][0].split(",")


def test_the_keyboard_goes_through_the_list_and_opens_a_call(shop: Local, opened: Opened) -> None:
    page = opened(f"{shop.url}/calls")
    page.wait_for_selector("tbody tr.to")
    for key in ("j", "j", "j", "k"):
        page.keyboard.press(key)
    chosen = page.locator("tbody tr.chosen")
    assert chosen.get_attribute("aria-rowindex") == "3"
    href = chosen.locator("a").get_attribute("href")
    page.keyboard.press("Enter")
    page.wait_for_selector(".trace-detail .detail-head")
    assert urlsplit(page.url).path == href


def test_letters_lead_from_page_to_page(shop: Local, opened: Opened) -> None:
    page = opened(f"{shop.url}/calls?feature=search")
    page.keyboard.press("g")
    page.keyboard.press("t")
    page.wait_for_selector('h1:text-is("Traces")')
    assert query(page)["feature"] == ["search"]


def test_only_rows_in_sight_are_drawn_and_all_can_be_reached(shop: Local, opened: Opened) -> None:
    page = opened(f"{shop.url}/calls")
    page.wait_for_selector("tbody tr.to")
    oldest = shop.get("/api/calls?sort=start_time&limit=1")["items"][0]
    for _ in range(40):
        page.evaluate("() => { const box = document.querySelector('.grid-scroll'); box.scrollTop = box.scrollHeight; }")
        if page.locator(f'a[href*="{oldest["span_id"]}"]').count():
            break
        page.wait_for_timeout(100)
    assert page.locator(f'a[href*="{oldest["span_id"]}"]').count() == 1
    assert page.locator("tbody tr.to").count() < 100


def test_the_page_of_a_fresh_start_teaches_and_turns_into_the_list(fresh: Local, opened: Opened) -> None:
    page = opened(fresh.url)
    lines = page.locator(".first pre").inner_text().splitlines()
    assert len(lines) == 3
    assert fresh.url in lines[1]
    page.get_by_text("Listening").wait_for()
    fresh.send([one_call("chat first")])
    page.wait_for_selector('tbody tr.to:has-text("chat first")')


def test_what_arrives_stands_on_top_and_what_was_chosen_stays(fresh: Local, opened: Opened) -> None:
    fresh.send([one_call("chat old", time.time() - 60)])
    page = opened(fresh.url)
    page.wait_for_selector('tbody tr.to:has-text("chat old")')
    fresh.send([one_call("chat new")])
    page.wait_for_selector('tbody tr.to:has-text("chat new")')
    assert page.locator("tbody tr.to .call-name").all_inner_texts() == ["chat new", "chat old"]


def test_a_list_that_stands_still_stands_still(fresh: Local, opened: Opened) -> None:
    fresh.send([one_call("chat old")])
    page = opened(fresh.url)
    page.wait_for_selector('tbody tr.to:has-text("chat old")')
    page.get_by_role("button", name="Live").click()
    fresh.send([one_call("chat new")])
    # The sum at the foot of the navigation tells that the page knows of it.
    page.wait_for_selector('.nav-foot:has-text("2 spans")')
    assert page.locator("tbody tr.to").count() == 1
    page.get_by_role("button", name="Live").click()


def test_a_stretch_that_is_drawn_over_becomes_the_time_range(shop: Local, opened: Opened) -> None:
    page = opened(f"{shop.url}/calls")
    box = page.locator(".activity .u-over")
    box.wait_for()
    place = box.bounding_box()
    page.mouse.move(place["x"] + 100, place["y"] + 10)
    page.mouse.down()
    page.mouse.move(place["x"] + 300, place["y"] + 12, steps=5)
    page.mouse.up()
    page.wait_for_url("**/*from=*")
    found = query(page)
    asked = f"/api/calls?from={found['from'][0]}&to={found['to'][0]}&count=true"
    wait_for_count(page, shop.get(asked)["total"])
    assert 0 < listed(page) < 450
