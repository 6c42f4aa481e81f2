"""What is made of many calls: dashboards, features, models, scores, comparisons, what runs, alerts."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from local.browser import traffic
from local.browser.conftest import Local, one_call

Opened = Callable[..., Any]


def query(page: Any) -> dict[str, list[str]]:
    return parse_qs(urlsplit(page.url).query, keep_blank_values=True)


def tile(page: Any, title: str) -> str:
    said: str = page.locator(".tile", has_text=title).first.locator(".stat-value").inner_text()
    return said


@pytest.mark.parametrize("name", ["performance", "cost", "quality", "reliability"])
def test_a_dashboard_shows_each_of_its_panels(shop: Local, opened: Opened, name: str) -> None:
    page = opened(f"{shop.url}/dashboards/{name}")
    page.wait_for_selector(".panel")
    panels = shop.get(f"/api/dashboards/{name}?since=24h")["panels"]
    assert page.locator(".panel > h2").all_inner_texts() == [panel["title"] for panel in panels]
    drawn = [panel for panel in panels if panel["kind"] == "timeseries" and panel["series"]]
    assert page.locator(".panel canvas").count() == len(drawn)


def test_a_click_on_a_point_leads_to_the_calls_behind_it(shop: Local, opened: Opened) -> None:
    page = opened(f"{shop.url}/dashboards/performance")
    over = page.locator(".panel .u-over").first
    over.wait_for()
    place = over.bounding_box()
    page.mouse.move(place["x"] + place["width"] / 2, place["y"] + place["height"] / 2)
    page.mouse.down()
    page.mouse.up()
    page.wait_for_selector('h1:text-is("Calls")')
    found = query(page)
    asked = f"/api/calls?from={found['from'][0]}&to={found['to'][0]}&count=true"
    expected = shop.get(asked)["total"]
    page.wait_for_function(
        "count => document.querySelector('.head .sub span')?.textContent === String(count)", arg=expected
    )


def test_the_numbers_of_a_chart_can_be_read_and_followed_without_pointing(shop: Local, opened: Opened) -> None:
    page = opened(f"{shop.url}/dashboards/performance")
    page.get_by_role("button", name="Data").first.click()
    link = page.locator(".numbers tbody a").first
    calls = int(link.inner_text())
    link.click()
    page.wait_for_selector("tbody tr.to")
    assert page.locator("tbody tr.to").count() == calls


def test_a_row_of_a_table_leads_to_its_calls(shop: Local, opened: Opened) -> None:
    page = opened(f"{shop.url}/dashboards/cost")
    page.locator(".panel-table").get_by_role("link", name="claude-sonnet-4-5").first.click()
    page.wait_for_selector('h1:text-is("Calls")')
    assert query(page)["model"] == ["claude-sonnet-4-5"]


def test_a_filter_stays_from_page_to_page(shop: Local, opened: Opened) -> None:
    page = opened(f"{shop.url}/calls?feature=returns")
    page.get_by_role("link", name="Dashboards").first.click()
    page.wait_for_selector(".tile")
    assert tile(page, "Calls") == str(shop.get("/api/calls?feature=returns&since=24h&count=true")["total"])


def test_what_a_dashboard_is_split_by_can_be_chosen(shop: Local, opened: Opened) -> None:
    page = opened(f"{shop.url}/dashboards/cost")
    page.get_by_label("By").select_option("feature")
    page.wait_for_selector('.legend li:has-text("checkout-help")')
    assert query(page)["by"] == ["feature"]


@pytest.mark.parametrize(("path", "field"), [("/features", "feature"), ("/models", "model")])
def test_groups_are_listed_and_have_a_page_each(shop: Local, opened: Opened, path: str, field: str) -> None:
    page = opened(shop.url + path)
    page.wait_for_selector("tbody tr.to")
    expected = shop.get(f"/api{path}?since=7d")["items"]
    assert page.locator("tbody tr.to").count() == len(expected)
    name = expected[0][field]
    page.locator("tbody a", has_text=name).first.click()
    page.wait_for_selector(f'h1:has-text("{name}")')
    page.wait_for_selector(".panel canvas")
    assert tile(page, "Calls") == str(expected[0]["calls"])


def test_the_dearest_feature_is_named(shop: Local, opened: Opened) -> None:
    page = opened(f"{shop.url}/features")
    page.wait_for_selector(".tile")
    dearest = max(shop.get("/api/features?since=7d")["items"], key=lambda one: one["cost_usd"] or 0)
    assert tile(page, "Most costly") == dearest["feature"]


def test_the_worst_scores_come_first_and_lead_to_their_calls(shop: Local, opened: Opened) -> None:
    page = opened(f"{shop.url}/evaluations")
    rows = page.locator("tbody tr.to")
    rows.first.wait_for()
    scores = [float(one) for one in rows.locator("td:first-child").all_inner_texts()]
    assert scores == sorted(scores)
    rows.first.locator("a").click()
    page.wait_for_selector(".detail-head")


def test_two_models_stand_side_by_side(shop: Local, opened: Opened) -> None:
    page = opened(f"{shop.url}/compare")
    page.get_by_label("Left").select_option("gpt-5.5")
    page.get_by_label("Right").select_option("gpt-5.5-mini")
    page.wait_for_selector("tbody tr")
    counts = [shop.get(f"/api/calls?model={name}&count=true")["total"] for name in ("gpt-5.5", "gpt-5.5-mini")]
    row = page.locator("tbody tr", has_text="Calls").first.locator("td").all_inner_texts()
    assert row[1:3] == [str(count) for count in counts]
    page.get_by_role("button", name="Swap").click()
    page.wait_for_function("() => new URLSearchParams(location.search).get('left') === 'model:gpt-5.5-mini'")


def test_two_traces_stand_beside_each_other_span_by_span(shop: Local, opened: Opened) -> None:
    left, right = (one["trace_id"] for one in shop.get("/api/traces?limit=2")["items"])
    page = opened(f"{shop.url}/compare?left=trace:{left}&right=trace:{right}")
    page.wait_for_selector(".outline li")
    assert page.locator(".outline").count() == 2


def test_calls_are_priced_on_another_model_with_what_that_assumes(shop: Local, opened: Opened) -> None:
    page = opened(f"{shop.url}/whatif")
    page.get_by_placeholder("Add a model of the price table").fill("gpt-5")
    choice = page.locator(".picked button").first
    choice.wait_for()
    choice.click()
    page.wait_for_selector("tbody tr")
    assert "model_to" in query(page)
    assert page.get_by_label("What this assumes").locator("li").count() > 2


def test_a_question_has_its_answer_and_its_sql(shop: Local, opened: Opened) -> None:
    page = opened(f"{shop.url}/questions/daily_cost")
    page.wait_for_selector("tbody tr")
    assert "openai" in page.locator("tbody").inner_text()
    page.get_by_role("button", name="ClickHouse").click()
    page.locator(".snippet pre").wait_for()
    assert "SELECT" in page.locator(".snippet pre").inner_text()


def test_what_has_begun_and_not_ended_is_listed_until_it_ends(fresh: Local, opened: Opened) -> None:
    span = one_call("chat gpt-5.5", time.time() - 5)
    begun = {
        "timeUnixNano": str(time.time_ns()),
        "eventName": "llmotel.operation.pending",
        "traceId": span["traceId"],
        "spanId": span["spanId"],
        "attributes": [
            *span["attributes"],
            {"key": "llmotel.start_time_unix_nano", "value": {"intValue": span["startTimeUnixNano"]}},
        ],
    }
    fresh.post("/v1/logs", traffic.logs([begun]))
    page = opened(f"{fresh.url}/running")
    page.wait_for_selector('tbody tr:has-text("chat gpt-5.5")')
    assert page.locator(".nav .count").inner_text().endswith("1")
    fresh.send([span])
    page.get_by_text("Nothing is running").wait_for()


@pytest.mark.parametrize("form", ["CSV", "JSON lines", "Parquet", "OTLP, whole traces"])
def test_what_is_listed_is_exported(shop: Local, opened: Opened, form: str) -> None:
    page = opened(f"{shop.url}/calls?outcome=error")
    page.get_by_role("button", name="Export what is shown").click()
    with page.expect_download() as waiting:
        page.get_by_role("link", name=form).click()
    assert waiting.value.path().stat().st_size > 100
