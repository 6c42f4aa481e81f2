"""Grounding from citations: what a sentence is, which of them claim something, and what a citation covers."""

# ruff: noqa: RUF001 (the punctuation of other scripts is meant)
from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmotel.grounding.score import MAX_CHARACTERS, METHOD, assess, label
from llmotel.grounding.sentences import sentences
from llmotel.model.inference import Answer, Citation, Source

PAGE = Source("https://example.com", "url")

# Two claims of 31 and 26 characters.
CAPITAL = "Paris is the capital of France."
PEOPLE = "It has two million people."
TWO = f"{CAPITAL} {PEOPLE}"


def answer(text: str, *cited: str | int | tuple[int, int]) -> Answer:
    """An answer in which each of ``cited`` is supported: a passage of it, a point, or offsets."""
    citations = []
    for what in cited:
        if isinstance(what, str):
            start = text.index(what)
            citations.append(Citation(start, start + len(what), source=0))
        elif isinstance(what, int):
            citations.append(Citation(what, what, source=0))
        else:
            citations.append(Citation(*what, source=0))
    return Answer(text, citations, [PAGE])


def score(text: str, *cited: str | int | tuple[int, int]) -> float | None:
    found = assess(answer(text, *cited))
    assert found is not None
    return found.score


def split(text: str) -> list[str]:
    return [text[part.start : part.end] for part in sentences(text)]


def claims(text: str) -> list[str]:
    return [text[part.start : part.end] for part in sentences(text) if part.weight]


# What has a score


def test_an_answer_with_neither_citation_nor_source_has_no_grounding() -> None:
    assert assess(Answer(TWO)) is None


def test_an_answer_with_sources_that_it_does_not_cite_scores_zero() -> None:
    assert score(TWO) == 0.0


def test_an_answer_that_claims_nothing_has_counts_and_no_score() -> None:
    found = assess(answer("Hello!", "Hello"))
    assert found is not None
    assert (found.score, found.citation_count, found.source_count) == (None, 1, 1)


def test_an_empty_answer_with_sources_has_no_score() -> None:
    assert score("") is None


def test_every_citation_and_source_is_counted_once_and_the_method_is_named() -> None:
    found = assess(Answer(TWO, [Citation(0, 5, 0), Citation(0, 9, 1)], [PAGE, Source("file-1", "file")]))
    assert found is not None
    assert (found.method, found.citation_count, found.source_count) == (METHOD, 2, 2)


@pytest.mark.parametrize(
    ("value", "name"),
    [
        (1.0, "grounded"), (0.8, "grounded"), (0.79, "partially_grounded"), (0.5, "partially_grounded"),
        (0.49, "ungrounded"), (0.0, "ungrounded"),
    ],
)  # fmt: skip
def test_labels_begin_at_their_thresholds(value: float, name: str) -> None:
    assert label(value) == name


# What a citation covers


@pytest.mark.parametrize(
    ("cited", "expected"),
    [
        ([CAPITAL], Fraction(31, 57)),
        ([PEOPLE], Fraction(26, 57)),
        (["the capital"], Fraction(31, 57)),  # a part covers the whole sentence
        (["France. It has"], Fraction(1)),  # an overlap of both
        ([CAPITAL, CAPITAL], Fraction(31, 57)),  # twice is not more
        ([" "], Fraction(31, 57)),
        ([7], Fraction(31, 57)),  # a point inside
        ([30], Fraction(31, 57)),  # before the full stop, as file_citation.index is
        ([31], Fraction(31, 57)),  # behind it
        ([32], Fraction(31, 57)),  # where the next one begins: after the first, not in the second
        ([33], Fraction(26, 57)),
        ([58], Fraction(26, 57)),  # at the very end
        ([0], Fraction(0)),  # after nothing
    ],
)
def test_a_citation_covers_the_sentences_that_it_touches(cited: list[str | int], expected: Fraction) -> None:
    assert score(TWO, *cited) == pytest.approx(float(expected))


def test_a_citation_that_ends_where_the_next_sentence_begins_does_not_cover_it() -> None:
    assert score("巴黎是法国的首都。它有两百万居民。", "巴黎是法国的首都。") == pytest.approx(9 / 17)


@pytest.mark.parametrize(
    "marker",
    ["[1]", "[1][2]", "[1, 2]", "[1-3]", "[^1]", "[web:1]", "[[1]](https://e.org/a_(b))", "【3:0†notes.txt】", "¹",
     "([e.org](https://e.org/?utm_source=openai))", "([e.org](https://e.org), [f.org](https://f.org))",
     "\ue200cite\ue202turn0search0\ue201"],
)  # fmt: skip
@pytest.mark.parametrize("space", ["", " "])
def test_a_citation_of_nothing_but_the_marker_covers_the_sentence_before_it(marker: str, space: str) -> None:
    text = f"{CAPITAL}{space}{marker} {PEOPLE}"
    assert score(text, marker) == pytest.approx(31 / 57)


def test_a_marker_before_the_full_stop_covers_its_sentence() -> None:
    text = "Paris is the capital of France ([e.org](https://e.org/a.b?c=d)). It has two million people."
    assert split(text) == ["Paris is the capital of France ([e.org](https://e.org/a.b?c=d)).", PEOPLE]
    assert score(text, "([e.org]") == pytest.approx(32 / 58)  # "... France ." without the marker


@pytest.mark.parametrize("marker", ["[1]", "([e.org](https://e.org))", "[A guide to all of Paris](https://e.org)"])
def test_a_marker_on_a_line_of_its_own_belongs_to_the_paragraph_before(marker: str) -> None:
    assert score(f"{TWO}\n\n{marker}", marker) == pytest.approx(26 / 57)


def test_long_urls_do_not_weigh_more_than_what_they_support() -> None:
    link = f"([e.org](https://e.org/{'x' * 1000}))"
    assert score(f"{CAPITAL} {link} {PEOPLE}", link) == pytest.approx(31 / 57)


@pytest.mark.parametrize(
    "offsets", [(-5, 10), (-9, -2), (20, 3), (59, 80), (10**9, 10**9), (-1, -1), (0, 0), (10**30, 10**31)]
)
def test_impossible_offsets_are_counted_and_cover_nothing(offsets: tuple[int, int]) -> None:
    found = assess(answer(TWO, offsets))
    assert found is not None
    assert (found.score, found.citation_count) == (0.0, 1)


def test_a_span_that_runs_over_the_end_covers_up_to_the_end() -> None:
    assert score(TWO, (40, 1000)) == pytest.approx(26 / 57)


# What a sentence is


@pytest.mark.parametrize(
    "whole",
    [
        "The tower is 330.5 m tall.",
        "Dr. J. R. Smith of the U.S. Navy saw it, e.g. in Paris.",
        "See No. 5 and Fig. 3 of the report.",
        "It opened on Oct. 5 in the morning.",
        "Read https://example.com/a.b?c=d.e first of all.",
        "Read [The Verge. News and more](https://e.org/a) first of all.",
        "Call `a. B` to begin with it.",
        "He asked whether it is big... and went on.",
        "Yahoo! is a company of the nineties.",
    ],
)
def test_a_stop_that_is_no_end_does_not_split(whole: str) -> None:
    assert split(f"{whole} {CAPITAL}") == [whole, CAPITAL]


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("The answer is No. It is late.", ["The answer is No.", "It is late."]),
        ("It was built in 1889. The city grew.", ["It was built in 1889.", "The city grew."]),
        ('He said "it is big." Then he left!', ['He said "it is big."', "Then he left!"]),
        ("**It is big.** _So it is._ (Really.)", ["**It is big.**", "_So it is._", "(Really.)"]),
        ("巴黎很大。真的！是吗？", ["巴黎很大。", "真的！", "是吗？"]),
        ("「東京は首都です。」はい。", ["「東京は首都です。」", "はい。"]),
        ("पेरिस बड़ा है। यह सच है।", ["पेरिस बड़ा है।", "यह सच है।"]),
        ("One line\nAnother line", ["One line", "Another line"]),
        ("One line that\ngoes on", ["One line that\ngoes on"]),
        ("One line\r\n\r\nAnother line\r\n", ["One line", "Another line"]),
        ("- first\n* second\n  3. third\n> fourth\n- [x] fifth", ["first", "second", "third", "fourth", "fifth"]),
        ("", []),
        (" \n\t\n", []),
    ],
)
def test_text_is_split_at_stops_lines_and_items(text: str, parts: list[str]) -> None:
    assert split(text) == parts


@pytest.mark.parametrize(
    "text",
    [
        "Yes, indeed.",  # two words
        "Is Paris the capital of France?",
        "巴黎是法国的首都吗？",
        "巴黎很大。",  # four characters
        "## What there is to see in Paris. All of it.",
        "**What there is to see in Paris**",
        "Here is what there is to see in Paris:",
        "Hello there, my dear old friend!",
        "Let me search for the capital of France.",
        "I'll look that up for you.",
        "```python\nprint('Paris is the capital of France.')\n```",
        "~~~\nParis is the capital. It is big.",  # never closed
        "`paris is the capital of france`",
        "[What there is to see in Paris](https://e.org)",
        "| City | Country | People |\n|---|---|---|",
        "---",
        "1889 ([e.org](https://e.org/a/long/path/of/words))",
    ],
)
def test_what_claims_nothing_has_no_weight(text: str) -> None:
    assert claims(text) == []


@pytest.mark.parametrize(
    "text",
    [
        CAPITAL,
        "**Paris is the capital of France.**",
        "**Paris**: it is the capital of France.",
        "巴黎是法国首都。",
        "The word 山 means mountain in Japanese.",
        "파리는 프랑스의 수도입니다.",
        "Париж это столица Франции.",
        "Use `print` to see the name of the capital.",
        "Paris is big, isn't it.",
        "Hidden gems are found in Paris.",  # begins like a greeting
    ],
)
def test_what_says_something_of_the_world_claims_it(text: str) -> None:
    assert claims(text) == [text]


def test_prose_after_a_code_block_claims_again() -> None:
    assert claims(f"```\n{CAPITAL}\n```\n{PEOPLE}") == [PEOPLE]


def test_the_rows_of_a_table_claim_and_its_head_does_not() -> None:
    text = "| City | Country | People |\n|---|:-:|---|\n| Paris | France | two million |"
    assert claims(text) == ["| Paris | France | two million |"]


def test_a_table_rule_behind_a_blank_line_makes_no_head_of_the_paragraph_before() -> None:
    assert score(f"{CAPITAL}\n\n|---|---|", CAPITAL) == 1.0


# Answers as providers send them


def test_an_openai_web_search_answer_with_a_marker_after_the_last_sentence() -> None:
    marker = "([weather.example](https://weather.example/today?utm_source=openai))"
    text = (
        "The weather in Oslo is clear. The wind comes from the south-east at 5 mph, and it is 20.5 °C warm. "  # 29, 68
        f"{marker}\n\n## Weather for Oslo:\nCurrent conditions: partly sunny, 21 °C\n\n"  # 0, 39
        "Daily forecast:\n* Monday: low 12 °C, high 21 °C\n* Tuesday: low 13 °C, high 22 °C\n"  # 0, 29, 30
    )
    assert score(text, marker) == pytest.approx(68 / (29 + 68 + 39 + 29 + 30))


def test_an_openai_file_search_answer_with_an_index_before_the_full_stop() -> None:
    assert score("The warranty lasts two years.", 28) == 1.0


def test_openai_annotations_that_begin_a_little_too_early_still_cover_their_sentence() -> None:
    text = f"{CAPITAL} ([e.org](https://e.org)) {PEOPLE}"
    assert score(text, ". ([e.org](https://e.org)") == pytest.approx(31 / 57)


def test_an_anthropic_answer_whose_cited_blocks_are_parts_of_sentences() -> None:
    text = (
        "Let me search for that. "  # no claim
        "Based on the results, the bridge opened in 1932 (the date is disputed). "  # 71
        "It is also possible that work went on. "  # 38
        "Additionally, the arch is 503 metres long."  # 42
    )
    cited = ["the bridge opened in 1932", "the arch is 503 metres long"]
    assert score(text, *cited) == pytest.approx((71 + 42) / (71 + 38 + 42))


def test_an_anthropic_block_of_several_sentences_covers_all_of_them() -> None:
    assert score(f"{TWO} Nobody knows why that is.", TWO) == pytest.approx(57 / (57 + 25))


def test_a_gateway_that_sends_no_positions_covers_nothing() -> None:
    assert score("The project is kept on a public page.", (0, 0), (0, 0)) == 0.0


def test_a_chinese_answer_with_markers() -> None:
    text = "巴黎是法国的首都。[1]它有两百多万居民。埃菲尔铁塔建于1889年。【2†source】"  # 9, 9, 13
    assert score(text, "[1]", "【2†source】") == pytest.approx((9 + 13) / (9 + 9 + 13))


# Whatever comes

MARKDOWN = st.text(
    st.sampled_from("aB1 .!?。？:\n\n\t-*_#`|~>[]()【】†\"'…/\ue200\ue201¹巴é\r\u2028\ud800"), max_size=200
)
OFFSET = st.integers(-10, 210) | st.integers()


@given(MARKDOWN, st.lists(st.tuples(OFFSET, OFFSET), max_size=8))
def test_any_text_with_any_offsets_has_a_score_between_zero_and_one(text: str, spans: list[tuple[int, int]]) -> None:
    value = score(text, *spans)
    assert value is None or 0.0 <= value <= 1.0


@given(MARKDOWN | st.text(max_size=200))
def test_sentences_are_in_order_inside_the_text_and_apart(text: str) -> None:
    end = 0
    for part in sentences(text):
        assert end <= part.start < part.end <= len(text)
        assert 0 <= part.weight <= part.end - part.start
        end = part.end


@given(MARKDOWN, st.tuples(OFFSET, OFFSET), st.tuples(OFFSET, OFFSET))
def test_a_further_citation_never_lowers_the_score(text: str, one: tuple[int, int], other: tuple[int, int]) -> None:
    before, after = score(text, one), score(text, one, other)
    assert (before is None and after is None) or (before is not None and after is not None and before <= after)


@given(MARKDOWN)
def test_a_citation_of_the_whole_text_covers_every_claim(text: str) -> None:
    if text and sum(part.weight for part in sentences(text)):
        assert score(text, (0, len(text))) == 1.0


@pytest.mark.parametrize(
    "piece",
    [".", "[", "[a](", "([a](b)", "[1]", ".[1]", "`a", "**a", "【a", "\ue200ab", "a.", ". ", "> ", "(", "[a](x(y)z",
     "a\n", "|-\n", ".'", "[1,2,3", "!"],
)  # fmt: skip
def test_text_made_to_cost_time_is_judged_all_the_same(piece: str) -> None:
    # A quadratic pattern would take hours here; the suite's timeout is the assertion.
    text = (piece * MAX_CHARACTERS)[:MAX_CHARACTERS]
    assert score(f"{CAPITAL}\n\n{text}"[:MAX_CHARACTERS], 10) is not None


def test_many_citations_of_many_sentences_do_not_multiply() -> None:
    text = f"{CAPITAL} " * 8000
    assert score(text, *[(index, len(text)) for index in range(50_000)]) == 1.0


def test_a_longer_answer_has_the_score_of_its_first_part() -> None:
    text = f"{CAPITAL}\n" * 4000
    assert score(text, (0, 16_384)) == 1.0
    assert score(text, (16_385, len(text))) == 0.0


def test_the_sentence_at_the_cap_is_not_judged_by_its_first_half() -> None:
    filler = "." * (MAX_CHARACTERS - len(CAPITAL) - len(PEOPLE) // 2 - 2)
    text = f"{CAPITAL}\n{filler}\n{PEOPLE} [1]"
    assert score(text, CAPITAL) == 1.0
    assert score(text, "[1]") == 0.0


def test_what_is_behind_the_cap_is_neither_claim_nor_cover() -> None:
    head = f"{CAPITAL}\n"
    text = head + "." * (MAX_CHARACTERS - len(head)) + f"\n{PEOPLE}"
    assert score(text, (0, 5)) == 1.0
    assert score(text, PEOPLE) == 0.0
