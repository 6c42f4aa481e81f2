"""A trace as one HTML file: whole, readable without a network, and harmless whatever a sender put into it."""

from __future__ import annotations

from html.parser import HTMLParser
from typing import Any

import pytest

from llmotel.local.viewer import share

NASTY = "<script>alert(1)</script>\"'><img src=x onerror=alert(1)>\u202egnp.exe\x00"


class Reader(HTMLParser):
    """What a browser would find: elements, their attributes, and text."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.said: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.said.append(data)

    @property
    def text(self) -> str:
        return "".join(self.said)


def span(**values: Any) -> dict[str, Any]:
    return {
        "span_id": "a",
        "parent_span_id": None,
        "name": "chat m",
        "kind": "inference",
        "offset_seconds": 0.0,
        "duration_seconds": 1.5,
        **values,
    }


def trace(*spans: dict[str, Any]) -> dict[str, Any]:
    return {
        "trace_id": "t" * 32,
        "start_time": "2026-11-28T10:00:00Z",
        "duration_seconds": 1.5,
        "summary": {"calls": 1, "cost_usd": 0.25},
        "spans": list(spans),
    }


def names(page: str) -> list[str]:
    """The names of the spans, in the order of the page."""
    return [part.split("</bdi>")[0] for part in page.split("<summary>")[1:] for part in [part.split("<bdi>")[1]]]


def test_a_call_is_told_with_its_messages_and_its_cost() -> None:
    content = {"input_messages": [{"role": "user", "parts": [{"type": "text", "content": "Where is it?"}]}]}
    read = Reader(share.page(trace(span(content=content, cost_usd=0.25))))
    assert "Where is it?" in read.text
    assert "$0.250000" in read.text
    assert "1.50 s" in read.text


def test_nothing_is_fetched_and_nothing_runs() -> None:
    read = Reader(share.page(trace(span())))
    assert not [tag for tag, _ in read.elements if tag in ("script", "link", "img", "iframe", "object")]
    policy = next(
        found["content"] for _, found in read.elements if found.get("http-equiv") == "Content-Security-Policy"
    )
    assert policy is not None
    assert policy.startswith("default-src 'none'")
    assert "unsafe-inline" not in policy


@pytest.mark.parametrize("field", ["name", "kind", "error_type", "status_message", "span_id", "parent_span_id"])
def test_a_field_that_is_html_is_text(field: str) -> None:
    page = share.page(trace(span(**{field: NASTY})))
    read = Reader(page)
    assert not [tag for tag, _ in read.elements if tag in ("script", "img")]
    assert not [name for _, found in read.elements for name in found if name.startswith("on")]
    assert "\u202e" not in page
    assert "\x00" not in page


def test_content_that_is_html_is_text() -> None:
    hostile = {"system_instructions": [NASTY], "input_messages": [{"role": NASTY, "parts": [{"type": NASTY, "content": NASTY}, NASTY, None, 3]}],
               "output_messages": NASTY, "tool_arguments": {NASTY: NASTY}, "retrieval_documents": [NASTY], "citations": {"a": NASTY}}  # fmt: skip
    page = share.page(
        trace(
            span(
                content=hostile,
                attributes={NASTY: [NASTY]},
                events=[{"name": NASTY, "attributes": {NASTY: NASTY}}, NASTY],
            )
        )
    )
    read = Reader(page)
    assert not [tag for tag, _ in read.elements if tag in ("script", "img")]
    assert "<script>alert(1)</script>" in read.text


def test_children_stand_below_their_parents() -> None:
    page = share.page(
        trace(
            span(span_id="c", parent_span_id="b", name="c"),
            span(span_id="a", name="a"),
            span(span_id="b", parent_span_id="a", name="b"),
        )
    )
    assert names(page) == ["a", "b", "c"]


def test_a_circle_an_orphan_and_an_id_that_comes_twice_are_all_shown_once() -> None:
    circle = [
        span(span_id="x", parent_span_id="y", name="x"),
        span(span_id="y", parent_span_id="x", name="y"),
        span(span_id="z", parent_span_id="z", name="z"),
    ]
    lost = [
        span(span_id="o", parent_span_id="gone", name="o"),
        span(span_id="o", name="twin"),
        span(span_id="k", parent_span_id="o", name="k"),
    ]
    assert sorted(names(share.page(trace(*circle, *lost)))) == sorted(["x", "y", "z", "o", "twin", "k"])


def test_numbers_that_are_none_draw_nothing_impossible() -> None:
    odd = [
        span(offset_seconds=value, duration_seconds=value, cost_usd=value)
        for value in (float("nan"), float("inf"), None, -5.0, "7")
    ]
    page = share.page(trace(*odd))
    assert "nan" not in page
    assert "inf" not in page.replace("inference", "")


def test_ten_megabytes_are_cut_and_it_is_said() -> None:
    page = share.page(trace(span(attributes={"big": "x" * 10_000_000})))
    assert len(page) < 1_000_000
    assert "characters more" in page


def test_fifty_thousand_levels_do_not_end_in_a_recursion_error() -> None:
    deep = [span(span_id=str(at), parent_span_id=str(at - 1) if at else None, name=str(at)) for at in range(50_000)]
    assert share.page(trace(*deep)).count("<summary>") == 50_000


def test_an_empty_trace_is_a_page_too() -> None:
    assert "0 spans" in share.page({"spans": None})


SECRET = "sk-proj-abcdefghijklmnop1234"


def test_secrets_are_taken_out_wherever_they_stand() -> None:
    told = f"write to ann@corp.example with {SECRET}"
    content = {
        "input_messages": [{"role": "user", "parts": [{"type": "text", "content": told}]}],
        "tool_arguments": {told: [told]},
    }
    shown = share.page(
        trace(
            span(content=content, attributes={"api_key": "abcd1234efgh", "note": told}, status_message=told, name=told)
        )
    )
    assert SECRET not in shown
    assert "ann@corp.example" not in shown
    assert "abcd1234efgh" not in shown
    assert "[REDACTED:api_keys]" in shown
    assert "[REDACTED:email]" in shown


def test_a_page_says_whether_it_is_redacted() -> None:
    assert "redacted: api keys, bearer, email, card" in share.page(trace(span()))
    whole = share.page(trace(span(name=SECRET)), redact=False)
    assert "not redacted" in whole
    assert SECRET in whole


def test_ids_stay_what_they_are() -> None:
    digits = "4111111111111111" * 2
    assert digits in share.page({**trace(span()), "trace_id": digits})
