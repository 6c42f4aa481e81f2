"""How well an answer is supported by what its provider cited, judged from the answer alone.

**Score** (method ``citation_coverage``): the characters of the claim sentences that a citation covers, divided by the
characters of all claim sentences; :mod:`llmotel.grounding.sentences` defines both. It says that a source was named for
what is said, not that the source agrees.

**Covered**: a citation covers every sentence that it overlaps, trailing markers included, and the whole of it, because
OpenAI's ``url_citation`` often spans nothing but the marker. A citation between two sentences, or one that is a point
(``start == end``: OpenAI's ``file_citation.index``), belongs to the sentence that it is in or after. A point at 0 is
after nothing and covers nothing: OpenRouter sends ``0, 0`` when it knows no position.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from itertools import accumulate
from typing import Any

from llmotel.model.inference import Answer, Citation, Grounding

METHOD = "citation_coverage"
MAX_CHARACTERS = 16_384
"""An answer is judged by the sentences that end within its first 16,384 characters: about 3,000 words, more than nearly
all answers have. What follows is neither claim nor cover, so that the score of a longer answer is that of its first
part, and its cost is bounded: judging runs on the caller's thread, at about 0.2 ms per 1,000 characters. All citations
and sources are counted."""


def assess(answer: Answer) -> Grounding | None:
    """The grounding of ``answer``; ``None`` when it has neither a citation nor a source.

    The score is 0.0 when there are sources or citations but they cover no claim, and ``None`` when the answer claims
    nothing, as a share of nothing is not a figure. A citation with negative, reversed or outlying offsets covers
    nothing. Never raises. The time is linear in the text, of which ``MAX_CHARACTERS`` at most are looked at, and
    n log n in the citations.
    """
    if not answer.citations and not answer.sources:
        return None
    from llmotel.grounding.sentences import sentences  # compiles patterns for some milliseconds: not at start

    text = answer.text[:MAX_CHARACTERS]
    parts = sentences(text)
    if len(text) < len(answer.text) and len(parts) > 1:
        parts.pop()  # cut, or its marker is behind the cut
    total = sum(part.weight for part in parts)
    score = None
    if total:
        starts, ends = [part.start for part in parts], [part.end for part in parts]
        # +1 where a covered run of sentences begins, -1 behind it: no citation has to visit each of its sentences.
        change = [0] * (len(parts) + 1)
        for citation in answer.citations:
            first, behind = _reach(citation, starts, ends, len(text))
            change[first] += 1
            change[behind] -= 1
        depths = accumulate(change)
        score = sum(part.weight for part, depth in zip(parts, depths, strict=False) if depth) / total
    return Grounding(score, METHOD, len(answer.citations), len(answer.sources))


def cited(answer: Answer, limit: int) -> tuple[list[dict[str, Any]], int]:
    """The citations as they are recorded under the content policy: each with the text of the answer that it supports,
    its source, and the quote where the provider gave one. Beyond ``limit`` characters of text the last are left out, as
    citations may overlap and each have all of a long answer; the number says how many characters those have."""
    sources = answer.sources
    found: list[dict[str, Any]] = []
    missing = 0
    for citation in answer.citations:
        size = min(max(citation.end, 0), len(answer.text)) - max(citation.start, 0)
        limit -= max(size, 0) + len(citation.quote or "")
        if limit < 0 and found:
            missing += max(size, 0) + len(citation.quote or "")
            continue
        source = sources[citation.source] if 0 <= citation.source < len(sources) else None
        record = {
            "text": answer.text[max(citation.start, 0) : max(citation.end, 0)],
            "source": source and source.key,
            "kind": source and source.kind,
            "title": source and source.title,
            "uri": source and source.uri,
            "score": source and source.score,
            "quote": citation.quote,
        }
        found.append({name: value for name, value in record.items() if value is not None})
    return found, missing


def label(score: float) -> str:
    """``grounded`` from 0.8, ``partially_grounded`` from 0.5, ``ungrounded`` below."""
    if score >= 0.8:
        return "grounded"
    return "partially_grounded" if score >= 0.5 else "ungrounded"


def _reach(citation: Citation, starts: Sequence[int], ends: Sequence[int], size: int) -> tuple[int, int]:
    """The sentences that a citation covers, as a range of indices; an empty range when it covers none."""
    start, end = citation.start, citation.end
    if not 0 <= start <= min(end, size):
        return 0, 0
    before = bisect_left(starts, start)  # sentences that begin before the citation
    if start < end:
        first, behind = bisect_right(ends, start), bisect_left(starts, end)
        if first < behind:
            return first, behind
    return max(before - 1, 0), before
