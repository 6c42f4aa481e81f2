"""A trace: its tree beside its time, and everything of the span that is chosen."""

from __future__ import annotations

import ast
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import pytest

from local.browser import traffic
from local.browser.conftest import Local, one_call

Opened = Callable[..., Any]


@pytest.fixture
def page(shop: Local, opened: Opened, answer: dict[str, Any]) -> Any:
    """The answer of a trace, opened."""
    shown = opened(f"{shop.url}/traces/{answer['trace_id']}/spans/{answer['span_id']}")
    shown.wait_for_selector(".message.answer")
    return shown


def rows(page: Any) -> list[str]:
    names: list[str] = page.locator(".w-row .w-name bdi").all_inner_texts()
    return names


def tab(page: Any, name: str) -> str:
    page.get_by_role("tab", name=name).click()
    said: str = page.get_by_role("tabpanel").inner_text()
    return said


def test_kinds_of_spans_are_told_apart_by_words(page: Any) -> None:
    kinds = {sign.get_attribute("aria-label") for sign in page.locator(".w-row .kind svg").all()}
    assert {"Model call", "Agent", "Tool", "Retrieval", "Embeddings", "HTTP", "Database"} <= kinds


def test_children_stand_deeper_than_their_parents(page: Any) -> None:
    levels = [int(row.get_attribute("aria-level")) for row in page.locator(".w-row").all()]
    assert levels[:3] == [1, 2, 3]
    assert 4 in levels


def test_each_span_has_an_address(shop: Local, page: Any, answer: dict[str, Any]) -> None:
    page.locator(".w-row", has_text="execute_tool order_status").first.click()
    page.wait_for_url(lambda url: answer["span_id"] not in url)
    path = urlsplit(page.url).path
    page.reload()
    page.wait_for_selector(".w-row.chosen:has-text('execute_tool')")
    assert urlsplit(page.url).path == path


def test_the_keyboard_goes_through_the_spans(page: Any) -> None:
    before = rows(page).index(page.locator(".w-row.chosen .w-name bdi").inner_text())
    page.locator(".detail-head").click()
    page.keyboard.press("k")
    page.wait_for_function("() => !document.querySelector('.w-row.chosen bdi').textContent.startsWith('chat')")
    assert page.locator(".w-row.chosen .w-name bdi").inner_text() != rows(page)[before]


def test_arrows_fold_and_unfold(page: Any) -> None:
    whole = len(rows(page))
    page.locator(".w-row", has_text="invoke_agent").click()
    page.locator('[role="tree"]').focus()
    page.keyboard.press("ArrowLeft")
    page.wait_for_function("count => document.querySelectorAll('.w-row').length < count", arg=whole)
    assert page.locator(".w-row.chosen").get_attribute("aria-expanded") == "false"
    page.keyboard.press("ArrowRight")
    page.wait_for_function("count => document.querySelectorAll('.w-row').length === count", arg=whole)


def test_what_is_foreign_can_be_left_out(page: Any) -> None:
    page.get_by_role("button", name="LLM spans only").click()
    page.wait_for_function("() => !document.querySelector('.w-row .kind-db')")
    assert not [name for name in rows(page) if name.startswith(("GET", "SELECT", "POST"))]
    assert "show=llm" in page.url


def test_a_tool_call_stands_beside_its_result(page: Any) -> None:
    pair = page.locator(".message:not(.answer) .tool-call")
    assert pair.count() == 1
    arguments, result = pair.locator(".tool-half").all()
    assert "18-4471" in arguments.inner_text()
    assert "delivered" in result.inner_text()
    # It is not said again as a message of its own.
    assert page.locator(".message.role-tool").count() == 0


def test_markdown_becomes_elements(page: Any) -> None:
    said = page.locator(".message.answer .markdown")
    assert said.locator("strong").inner_text() == "within 30 days"
    assert said.locator("ol li").count() == 3
    assert said.locator("table td").count() == 6
    assert said.locator("code").inner_text() == "DropPoint"


def test_text_can_be_read_as_it_was_sent(page: Any) -> None:
    page.get_by_label("Text as it was sent").check()
    assert "**within 30 days**" in page.locator(".message.answer").inner_text()


def test_what_is_cited_is_marked_and_leads_to_its_source(page: Any) -> None:
    marked = "".join(page.locator(".message.answer mark").all_inner_texts())
    assert marked.startswith("You can return worn shoes within 30 days")
    assert "Returns are free of charge in the EU." in marked
    assert "Print the label" not in marked
    page.get_by_role("button", name="Source 2").click()
    chosen = page.locator(".document.chosen").inner_text()
    assert "Shipping and cost" in chosen
    assert "No charge is made" in chosen


def test_reasoning_is_folded(shop: Local, opened: Opened) -> None:
    call = shop.get("/api/calls?finish_reason=tool_call&limit=1")["items"][0]
    page = opened(f"{shop.url}/traces/{call['trace_id']}/spans/{call['span_id']}")
    thought = page.get_by_text("I should look at the order first")
    assert not thought.is_visible()
    page.locator(".reasoning summary").click()
    thought.wait_for()


def test_documents_are_shown_with_their_scores(shop: Local, opened: Opened) -> None:
    found = shop.get("/api/calls?kind=retrieval&limit=1")["items"][0]
    page = opened(f"{shop.url}/traces/{found['trace_id']}/spans/{found['span_id']}")
    page.get_by_role("tab", name="Documents").click()
    first = page.locator(".document").first.inner_text()
    assert "returns-policy" in first
    assert "0.91" in first


def test_tokens_and_cost_are_split(page: Any, answer: dict[str, Any]) -> None:
    said = tab(page, "Tokens and cost")
    assert "Input, from the cache" in said
    assert "900" in said
    assert "The cache saved $" in said


def test_attributes_are_all_there_and_can_be_found(page: Any) -> None:
    page.get_by_role("tab", name="Attributes").click()
    page.get_by_placeholder("Find an attribute").fill("max_tokens")
    assert page.locator(".attributes dt").all_inner_texts() == ["gen_ai.request.max_tokens"]
    assert page.locator(".attributes dd").inner_text() == "800"


def test_json_folds(page: Any) -> None:
    page.get_by_role("tab", name="JSON").click()
    branch = page.locator(".json-fold", has_text="attributes").first
    branch.click()
    page.locator(".json-key", has_text="gen_ai.request.temperature").wait_for()
    branch.click()
    assert page.locator(".json-key", has_text="gen_ai.request.temperature").count() == 0


def test_a_call_is_copied_as_python_that_makes_it(shop: Local, opened: Opened, answer: dict[str, Any]) -> None:
    page = opened(
        f"{shop.url}/traces/{answer['trace_id']}/spans/{answer['span_id']}",
        permissions=["clipboard-read", "clipboard-write"],
    )
    page.get_by_role("button", name="Python").click()
    page.get_by_text("Copied").first.wait_for()
    code = page.evaluate("navigator.clipboard.readText()")
    call = next(
        node.value for node in ast.parse(code).body if isinstance(node, ast.Assign) and "create" in ast.unparse(node)
    )
    assert isinstance(call, ast.Call)
    asked = {keyword.arg: keyword.value for keyword in call.keywords}
    assert ast.literal_eval(asked["model"]) == answer["model"]
    messages = ast.literal_eval(asked["messages"])
    assert [message["role"] for message in messages if message["role"] == "assistant"] == ["assistant"]
    assert "18-4471" in str(messages)


def test_a_call_without_content_says_how_to_record_it(fresh: Local, opened: Opened) -> None:
    span = one_call()
    fresh.send([span])
    page = opened(f"{fresh.url}/traces/{span['traceId']}/spans/{span['spanId']}")
    page.get_by_text("OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT=SPAN_ONLY").wait_for()


def test_an_image_of_a_message_is_shown_and_one_at_an_address_is_not_loaded(fresh: Local, opened: Opened) -> None:
    pixel = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
    parts = [
        {"type": "blob", "modality": "image", "mime_type": "image/png", "content": pixel},
        {"type": "uri", "modality": "image", "uri": "https://elsewhere.example/cat.png"},
    ]
    span = one_call(**{"gen_ai.input.messages": traffic.text([{"role": "user", "parts": parts}])})
    fresh.send([span])
    page = opened(f"{fresh.url}/traces/{span['traceId']}/spans/{span['spanId']}")
    image = page.locator(".message img")
    image.wait_for()
    page.wait_for_function("() => document.querySelector('.message img').naturalWidth === 1")
    assert image.count() == 1
    assert page.get_by_role("link", name="elsewhere.example").get_attribute("rel") == "noopener noreferrer nofollow"


def test_a_score_given_by_hand_is_kept_with_its_comment(fresh: Local, opened: Opened) -> None:
    span = one_call()
    fresh.send([span])
    page = opened(f"{fresh.url}/traces/{span['traceId']}/spans/{span['spanId']}")
    page.get_by_role("tab", name="Scores").click()
    page.get_by_label("Comment").fill("Forgot the cost")
    page.get_by_role("button", name="Bad").click()
    page.locator(".evaluation", has_text="feedback").wait_for()
    page.get_by_role("button", name="4 of 5 stars").click()
    page.locator(".evaluation", has_text="rating").wait_for()
    kept = {one["name"]: one for one in fresh.get(f"/api/spans/{span['spanId']}")["evaluations"]}
    assert kept["feedback"]["score"] == 0
    assert kept["feedback"]["explanation"] == "Forgot the cost"
    assert kept["rating"]["score"] == 0.8


def test_a_failed_call_says_why(shop: Local, opened: Opened) -> None:
    failed = shop.get("/api/calls?outcome=error&limit=1")["items"][0]
    page = opened(f"{shop.url}/traces/{failed['trace_id']}/spans/{failed['span_id']}")
    said = page.locator(".detail .fault").inner_text()
    assert failed["error_type"] in said
    assert "the provider refused" in said


def test_a_trace_that_is_nowhere_is_said(shop: Local, browser: Any) -> None:
    context = browser.new_context()
    try:
        page = context.new_page()
        page.goto(f"{shop.url}/traces/{'0' * 31}1")
        page.get_by_text("There is no such trace").wait_for()
    finally:
        context.close()


def test_a_session_is_one_thread_without_repeating_its_history(shop: Local, opened: Opened) -> None:
    page = opened(f"{shop.url}/sessions/s-3")
    page.wait_for_selector(".turn .message")
    assert page.locator(".turn").count() == 8
    # Each turn of a trace begins with a question; its second call adds no more than the tool's result.
    assert page.locator(".turn .message.role-user").count() == 4


def test_fifty_thousand_spans_stay_usable(fresh: Local, opened: Opened) -> None:
    base = one_call("invoke_agent crowd", **{"gen_ai.operation.name": "invoke_agent"})
    start = int(base["startTimeUnixNano"])
    below = [
        {
            **base,
            "spanId": f"{at:016x}",
            "parentSpanId": base["spanId"] if at % 10 == 1 else f"{at - 1:016x}",
            "name": f"chat {at}",
            "startTimeUnixNano": str(start + at * 10_000),
            "endTimeUnixNano": str(start + at * 10_000 + 9_000_000),
            "attributes": traffic.attributes({"gen_ai.operation.name": "chat", "gen_ai.request.model": "m"}),
        }
        for at in range(1, 50_000)
    ]
    fresh.send([base, *below])
    page = opened(f"{fresh.url}/traces/{base['traceId']}")
    page.wait_for_selector('.strip:has-text("50,000 spans")', timeout=60_000)
    page.wait_for_function("() => !document.querySelector('.progress.on')", timeout=60_000)
    assert page.locator(".w-row").count() < 120
    page.locator('[role="tree"]').focus()
    page.keyboard.press("End")
    page.wait_for_selector(".w-row.chosen >> text=chat 49999")
    page.wait_for_selector('.detail-head:has-text("chat 49999")')
    assert page.locator(".w-row").count() < 120
