"""The sentences of an answer, and how much each of them claims. Pure; linear in the length of the text.

**Sentence**: split at ``. ! ? …``, their Arabic and Hindi kin and ``。！？``, at list items and table rows, and at line
ends, except where the next line goes on in lower case. Abbreviations, initials, decimals, URLs, links and inline code
do not end one. Citation markers right after its end belong to it, ``[1]``, ``【3†source】`` or ``([title](url))``, and
so does what stands behind it with nothing but markers, links and punctuation.

**Claim sentence**: at least 3 words or 6 CJK characters, and neither a question, nor a heading, nor a lead-in that ends
in a colon, nor code, nor a link alone, nor (in English) a greeting or an announcement of the assistant's own next step
("Let me search ..."). Its weight is the characters of its prose: markers and link targets do not count, so that a long
URL does not weigh more than what it supports.
"""

# ruff: noqa: RUF001, RUF002 (the punctuation of other scripts is meant)
from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

_MIN_WORDS = 3
_MIN_CJK = 6

# Answers are not trusted: every repetition below is bounded, or cannot match what comes after it.
_TARGET = r"\([^()\n]{0,2000}(?:\([^()\n]{0,200}\)[^()\n]{0,2000}){0,4}\)"
_LINK = rf"\[[^\[\]\n]{{0,500}}\]{_TARGET}"
_NUMBERS = r"\^?(?:[a-z]{2,12}:)?\d{1,4}(?:[ ]?[,;–-][ ]?\^?\d{1,4}){0,20}"
_MARKER = (
    rf"(?:\[\[?{_NUMBERS}\]?\](?:{_TARGET})?"  # [1] [1, 2] [^1] [web:1] [[1]](url)
    rf"|\([ ]?{_LINK}(?:[,;]?[ ]?{_LINK}){{0,20}}[ ]?\)"  # ([title](url)), ([title](url), [title](url))
    r"|【[^【】\n]{1,100}】"  # 【3†source】
    "|\ue200[^\ue200\ue201\n]{1,300}\ue201"  # OpenAI's markers as the model writes them
    "|[¹²³⁰⁴-⁹])"
)
_TOKEN = re.compile(rf"{_MARKER}|{_LINK}|`[^`\n]{{1,500}}`|(?P<stop>[.!?…।؟۔]+|[。！？｡]+)")
_TAIL = re.compile(rf"(?:[\"'”’»)\]}}*_」』）〉》】]|[ \t]*{_MARKER})*")
_MARKERS = re.compile(_MARKER)
_LINKS = re.compile(rf"\[([^\[\]\n]{{0,500}})\]{_TARGET}")
_LINE = re.compile(r"[^\n]+")
_ITEM = re.compile(r"[ \t]*(?:>[ \t]*)*(?:(?:[-*+•–]|\d{1,3}[.)])[ \t]+)?(?:\[[ xX]\][ \t]+)?")
_SPACE = re.compile(r"\s*")
_WORD = re.compile(r"[^\W_]+(?:['’.,:/@-][^\W_]+)*")
_CJK = re.compile(r"[\u3040-\u9fff]")
_ABBREVIATION = re.compile(
    r"(?<!\w)(?:Mr|Mrs|Ms|Dr|Prof|St|Mt|Gen|Sen|Rep|Gov|Lt|Col|Sgt|Capt|Rev|Hon|vs|cf|approx|ca|viz|bzw"
    r"|(?:[^\W\d_]\.)*[^\W\d_]"  # an initial, e.g, U.S
    r"|(?P<numbered>No|Nos|Nr|Figs?|Eq|Sec|Ch|Vol|Art|pp|Jan|Feb|Mar|Apr|Jun|Jul|Aug|Sept?|Oct|Nov|Dec))$"
)
_LONGEST_ABBREVIATION = 16
_EMPHASISED = re.compile(r"(\*\*|__)[^*_]*[^*_.!…。！][ \t]*\1")
_CODE = re.compile(r"`[^`]*`\W*")
_TALK = re.compile(
    r"\W*(?:hi|hello|hey|dear|greetings|welcome|thanks|thank you|you['’]re welcome|good (?:morning|afternoon|evening)"
    r"|let me|let us|let['’]s|i['’]ll|i will|i['’]m going to|i hope|i['’]d be happy|feel free)\b",
    re.IGNORECASE,
)


class Sentence(NamedTuple):
    """``text[start:end]``, markers included. ``weight`` is the characters of its prose, 0 when it claims nothing."""

    start: int
    end: int
    weight: int


def sentences(text: str) -> list[Sentence]:
    """The sentences of ``text`` in order, headings and code blocks among them with weight 0. None overlaps another.

    >>> sentences("Paris is big. [1] Is it?")
    [Sentence(start=0, end=17, weight=13), Sentence(start=18, end=24, weight=0)]
    """
    found: list[Sentence] = []
    for start, end, is_prose in _blocks(text):
        if not is_prose:
            found.append(Sentence(start, end, 0))
            continue
        for first, last in _split(text, start, end):
            prose = _MARKERS.sub("", text[first:last]).strip()
            if _WORD.search(_LINKS.sub("", prose)):
                found.append(Sentence(first, last, _weight(_LINKS.sub(r"\1", prose))))
            elif found and not text[found[-1].end : first].strip():
                found[-1] = found[-1]._replace(end=last)  # a marker on a line of its own
            else:
                found.append(Sentence(first, last, 0))
    return found


def _blocks(text: str) -> Iterator[tuple[int, int, bool]]:
    """(start, end, is prose) of each paragraph, list item, table row, heading and line of code."""
    fence = ""
    prose: tuple[int, int] | None = None
    for line in _LINE.finditer(text):
        start, end = line.span()
        words = line[0].strip()
        if not fence and prose is not None:
            follows = text[prose[1] : start] == "\n"
            if follows and words[:1].islower():
                prose = prose[0], end
                continue
            is_rule = "|" in words and "-" in words and not words.strip("|:- \t")
            yield *prose, not (follows and is_rule)  # a row above a table's rule is its head
            prose = None
        if fence:
            yield start, end, False
            if words.startswith(fence):
                fence = ""
        elif words.startswith(("```", "~~~")):
            yield start, end, False
            fence = words[:3]
        elif words.startswith("#"):
            yield start, end, False
        elif words:
            item = _ITEM.match(text, start, end)
            prose = item.end() if item else start, end
    if prose is not None:
        yield *prose, True


def _split(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    """(start, end) of the sentences of one block of prose, white space around them left out."""
    first = position = start
    while token := _TOKEN.search(text, position, end):
        position = token.end()
        if token["stop"] is None:
            continue
        position = _end_of(_TAIL, text, position, end)
        behind = _end_of(_SPACE, text, position, end)
        if behind == end or _is_end(text, token, text[behind], spaced=behind > position):
            yield first, position
            first = position = behind
    last = first + len(text[first:end].rstrip())
    if last > first:
        yield first, last


def _is_end(text: str, stop: re.Match[str], following: str, *, spaced: bool) -> bool:
    """Whether a stop ends its sentence, from the word before it and the character behind it and its markers."""
    if stop[0][0] in "。！？｡":
        return True
    if not spaced or following.islower():
        return False
    if stop[0] != ".":
        return True
    at = stop.start()
    short = _ABBREVIATION.search(text[max(0, at - _LONGEST_ABBREVIATION) : at])
    return short is None or (short["numbered"] is not None and not following.isdigit())


def _end_of(pattern: re.Pattern[str], text: str, start: int, end: int) -> int:
    found = pattern.match(text, start, end)
    return found.end() if found else start


def _weight(prose: str) -> int:
    """The characters of a sentence that claims something, 0 for one that does not."""
    bare = prose.rstrip("\"'”’»)]}*_」』）!！ \t")
    if bare.endswith(("?", "？", "؟", ":", "：")) or _EMPHASISED.fullmatch(prose):
        return 0
    if _CODE.fullmatch(prose) or _TALK.match(prose):
        return 0
    cjk = 0 if prose.isascii() else len(_CJK.findall(prose))
    if cjk >= _MIN_CJK:
        return len(prose)
    words = len(_WORD.findall(_CJK.sub(" ", prose) if cjk else prose))
    return len(prose) if words >= _MIN_WORDS else 0
