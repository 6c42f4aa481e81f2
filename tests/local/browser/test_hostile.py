"""Spans that mean harm, or are broken: whatever a sender puts into a field is shown as text, and breaks nothing."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from local.browser import traffic
from local.browser.conftest import Local, one_call

Opened = Callable[..., Any]

ATTACK = '<script>window.attacked=1</script><img src=x onerror=window.attacked=1><b onclick="window.attacked=1">b</b>"\'`${1}'
LINK = (
    "[here](javascript:window.attacked=1) ![pixel](https://spy.example/p.png) <javascript:alert(1)> https://ok.example"
)
BIDI = "safe\u202egnp.exe\u2066x\u200b\u0000"
FIELDS = (
    "gen_ai.request.model", "gen_ai.response.model", "gen_ai.provider.name", "gen_ai.agent.name", "gen_ai.tool.name",
    "gen_ai.conversation.id", "gen_ai.prompt.name", "gen_ai.prompt.version", "gen_ai.response.id", "llmotel.feature",
    "llmotel.tenant", "llmotel.outcome", "user.id", "session.id", "error.type", "llmotel.grounding.method",
)  # fmt: skip


def messages(said: str) -> str:
    parts = [
        {"type": "text", "content": said},
        {"type": said, "content": said},
        {"type": "reasoning", "content": said},
        {"type": "tool_call", "id": said, "name": said, "arguments": {said: said}},
        {"type": "tool_call_response", "id": said, "response": said},
        {"type": "blob", "modality": said, "mime_type": f'image/png" onerror="{said}', "content": said},
        {"type": "blob", "modality": "image", "mime_type": "image/svg+xml", "content": "PHN2Zz4="},
        {"type": "uri", "modality": said, "uri": "javascript:window.attacked=1"},
        {"type": "file", "file_id": said},
    ]
    return json.dumps([{"role": said, "name": said, "parts": parts, "finish_reason": said}])


def hostile(said: str) -> dict[str, Any]:
    content = {
        "gen_ai.system_instructions": json.dumps([{"type": "text", "content": said}]),
        "gen_ai.input.messages": messages(said),
        "gen_ai.output.messages": messages(said),
        "gen_ai.tool.definitions": json.dumps([{"type": said, "name": said, "description": said}]),
        "gen_ai.retrieval.documents": json.dumps([{"id": said, "score": 1, "content": said, said: said}]),
        "gen_ai.tool.call.arguments": json.dumps({said: said}),
        "llmotel.grounding.citations": json.dumps(
            [{"text": said[:20], "source": said, "title": said, "uri": "javascript:window.attacked=1", "quote": said}]
        ),
        "llmotel.grounding.score": 0.5,
    }
    span = one_call(f"chat {said}", **{**dict.fromkeys(FIELDS, said), **content, said: said})
    span["status"] = {"code": 2, "message": said}
    span["events"] = [
        {"timeUnixNano": span["endTimeUnixNano"], "name": said, "attributes": traffic.attributes({said: said})}
    ]
    return span


@pytest.fixture(scope="module")
def attacked(browser: Any) -> Iterator[tuple[Local, list[dict[str, Any]]]]:
    """A server with three hostile calls."""
    running = Local()
    try:
        spans = [hostile(said) for said in (ATTACK, LINK, BIDI)]
        for span in spans:
            running.send([span], service=ATTACK, scope=ATTACK)
        yield running, spans
    finally:
        running.close()


def unharmed(page: Any) -> None:
    assert page.evaluate("() => window.attacked") is None
    assert page.locator("main script, main iframe, main b[onclick]").count() == 0
    assert page.locator('a[href^="javascript:" i]').count() == 0
    assert not [
        link for link in page.locator("main img").all() if not link.get_attribute("src").startswith("data:image/")
    ]
    for sign in ("\u202e", "\u2066", "\u0000"):
        text = page.locator("body").inner_text()
        at = text.find(sign)
        assert at < 0, ascii(text[max(0, at - 60) : at + 60])


@pytest.mark.parametrize("path", ["/calls", "/traces", "/sessions", "/evaluations", "/running"])
def test_lists_show_it_as_text(attacked: tuple[Local, Any], opened: Opened, path: str) -> None:
    page = opened(attacked[0].url + path)
    page.wait_for_selector(".empty, tbody tr")
    unharmed(page)


@pytest.mark.parametrize("number", [0, 1, 2])
def test_every_tab_of_a_call_shows_it_as_text(attacked: tuple[Local, Any], opened: Opened, number: int) -> None:
    running, spans = attacked
    fetched = []
    page = opened(f"{running.url}/traces/{spans[number]['traceId']}/spans/{spans[number]['spanId']}")
    page.on("request", lambda request: fetched.append(request.url))
    page.wait_for_selector('[role="tab"]')
    for tab in page.get_by_role("tab").all():
        tab.click()
        unharmed(page)
    for fold in page.locator("details > summary").all():
        if fold.is_visible():
            fold.click()
    unharmed(page)
    assert not [url for url in fetched if not url.startswith(running.url)]


def test_characters_that_reorder_text_are_made_visible(attacked: tuple[Local, Any], opened: Opened) -> None:
    running, spans = attacked
    page = opened(f"{running.url}/traces/{spans[2]['traceId']}/spans/{spans[2]['spanId']}")
    assert "safe⟦202E⟧gnp.exe" in page.locator(".detail-head").inner_text()


def test_a_link_to_the_web_is_one_and_tells_nobody_who_follows_it(attacked: tuple[Local, Any], opened: Opened) -> None:
    running, spans = attacked
    page = opened(f"{running.url}/traces/{spans[1]['traceId']}/spans/{spans[1]['spanId']}")
    link = page.locator('.message.answer a[href="https://ok.example"]').first
    link.wait_for()
    assert link.get_attribute("rel") == "noopener noreferrer nofollow"


def test_an_attribute_of_ten_megabytes_opens_and_shows_its_start(fresh: Local, opened: Opened) -> None:
    span = one_call(
        **{
            "gen_ai.input.messages": json.dumps(
                [{"role": "user", "parts": [{"type": "text", "content": "word " * 2_000_000}]}]
            ),
            "big": "x" * 2_000_000,
        }
    )
    fresh.send([span])
    page = opened(f"{fresh.url}/traces/{span['traceId']}/spans/{span['spanId']}")
    page.get_by_role("button", name="Show all").wait_for()
    assert page.evaluate("() => document.body.innerText.length") < 100_000
    page.get_by_role("tab", name="Attributes").click()
    page.get_by_role("button", name="Show more").first.wait_for()
    assert page.evaluate("() => document.body.innerText.length") < 200_000


def test_numbers_that_are_none_are_a_dash(fresh: Local, opened: Opened) -> None:
    span = one_call()
    for name, value in (
        ("gen_ai.usage.cost.amount", "NaN"),
        ("gen_ai.response.time_to_first_chunk", "Infinity"),
        ("llmotel.grounding.score", "-Infinity"),
    ):
        span["attributes"].append({"key": name, "value": {"doubleValue": value}})
    fresh.send([span])
    page = opened(fresh.url)
    page.wait_for_selector("tbody tr.to")
    row = page.locator("tbody tr.to").inner_text()
    assert "NaN" not in row
    assert "∞" not in row
    page.locator("tbody tr.to a").click()
    page.wait_for_selector(".tiles")
    assert "NaN" not in page.locator(".tiles").first.inner_text()


def test_a_span_that_ends_before_it_begins_is_said_to(fresh: Local, opened: Opened) -> None:
    span = one_call()
    span["startTimeUnixNano"], span["endTimeUnixNano"] = span["endTimeUnixNano"], span["startTimeUnixNano"]
    fresh.send([span])
    page = opened(f"{fresh.url}/traces/{span['traceId']}/spans/{span['spanId']}")
    page.get_by_text("This span ended before it began").wait_for()


def test_a_circle_orphans_and_doubles_are_all_shown(fresh: Local, opened: Opened) -> None:
    base = one_call("chat root")
    others = {"a": "b", "b": "a", "c": "c", "lost": "f" * 16}
    ids = {name: f"{at:016x}" for at, name in enumerate(others, 1)}
    spans = [base] + [
        {**base, "spanId": ids[name], "parentSpanId": ids.get(parent, parent), "name": f"chat {name}"}
        for name, parent in others.items()
    ]
    # Clocks that are hours apart.
    early = int((time.time() - 7200) * 1e9)
    spans.append(
        {
            **base,
            "spanId": "9" * 16,
            "parentSpanId": base["spanId"],
            "name": "chat skewed",
            "startTimeUnixNano": str(early),
            "endTimeUnixNano": str(early + 10**9),
        }
    )
    fresh.send(spans)
    fresh.send(spans)
    page = opened(f"{fresh.url}/traces/{base['traceId']}")
    page.wait_for_selector('.strip:has-text("6 spans")')
    assert sorted(page.locator(".w-row .w-name bdi").all_inner_texts()) == sorted(
        f"chat {name}" for name in ("root", "a", "b", "c", "lost", "skewed")
    )
    assert page.locator('.w-row:has-text("lost") >> text=orphan').count() == 1
    for _ in range(6):
        page.keyboard.press("j")
    page.wait_for_selector(".detail-head")
