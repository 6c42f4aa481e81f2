"""What supports an answer of generateContent: ``groundingMetadata`` (search, retrieval, maps), ``urlContextMetadata``
and ``citationMetadata``.

Source: ai.google.dev/api/generate-content, ``GroundingMetadata``. Segments count the UTF-8 **bytes** of a part.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from llmotel.model.inference import Answer, Citation, Inference
from llmotel.spec.reading import count, get, items, number, path, text
from llmotel_instrumentors.dialects.generate_content_parts import part

_MOST = 4096  # citations of one answer
_KINDS = (("web", "url"), ("maps", "url"), ("retrievedContext", "document"), ("image", "url"))


class _Said(NamedTuple):
    """A text part: its number among the parts, and where it begins in the answer."""

    part: int
    start: int
    text: str


class _Segment(NamedTuple):
    """Where a citation says that it belongs, in bytes of a part, and what stands there."""

    part: int
    start: int
    end: int
    text: str | None


def read_answer(inference: Inference, response: Any) -> None:
    """The first candidate's text with its citations."""
    candidates = items(get(response, "candidates"))
    if candidates:
        names = ("groundingMetadata", "urlContextMetadata", "citationMetadata")
        grounds = {name: get(candidates[0], name) for name in names}
        if any(grounds.values()):
            inference.answer = answer_of([part(one) for one in items(path(candidates[0], "content", "parts"))], grounds)


def read_gathered(inference: Inference, grounds: Mapping[str, Any]) -> None:
    """The same for a stream that has come to its end, whose output was put together already."""
    if grounds:
        first = inference.output[0]["parts"] if inference.output else []
        inference.answer = answer_of(first, grounds)


def answer_of(parts: Iterable[Mapping[str, Any]], grounds: Mapping[str, Any]) -> Answer | None:
    """The text of ``parts`` with what supports it; ``None`` where nothing does."""
    answer, said = Answer(), []
    texts: list[str] = []
    begin = 0
    for index, one in enumerate(parts):
        if one["type"] == "text":
            said.append(_Said(index, begin, one["content"]))
            texts.append(one["content"])
            begin += len(one["content"])
        elif texts and texts[-1] != "\n":
            texts.append("\n")  # what stands on either side of a search is not one sentence
            begin += 1
    answer.text = "".join(texts)
    _read_grounding(answer, said, grounds.get("groundingMetadata"))
    _read_citations(answer, said, grounds.get("citationMetadata"))
    for page in items(get(grounds.get("urlContextMetadata"), "urlMetadata")):
        url = text(get(page, "retrievedUrl"))
        if url is not None and str(get(page, "urlRetrievalStatus")).endswith("_SUCCESS"):
            answer.source(url, "url", uri=url)
    return answer if answer.citations or answer.sources else None


def _read_grounding(answer: Answer, said: list[_Said], metadata: Any) -> None:
    sources = [_source(answer, chunk) for chunk in items(get(metadata, "groundingChunks"))]
    supports = items(get(metadata, "groundingSupports"))[:_MOST]
    places = _placed(answer, said, [_segment(get(support, "segment")) for support in supports])
    for support, (start, end) in zip(supports, places, strict=True):
        scores = items(get(support, "confidenceScores"))
        for position, index in enumerate(items(get(support, "groundingChunkIndices"))[:_MOST]):
            place = count(index)
            found = sources[place] if place is not None and place < len(sources) else None
            if found is None:
                continue
            source, quote = found
            answer.citations.append(Citation(start, end, source, quote))
            score = number(scores[position]) if position < len(scores) else None
            if score is not None and 0 <= score <= 1:
                answer.sources[source].score = max(score, answer.sources[source].score or 0.0)


def _source(answer: Answer, chunk: Any) -> tuple[int, str | None] | None:
    """The source of a grounding chunk and what it quotes of it."""
    for name, kind in _KINDS:
        given = get(chunk, name)
        if given is None:
            continue
        uri = text(get(given, "uri")) or text(get(given, "sourceUri"))
        title = text(get(given, "title"))
        key = uri or text(get(given, "documentName")) or text(get(given, "placeId")) or title
        return (answer.source(key, kind, title=title, uri=uri), text(get(given, "text"))) if key is not None else None
    return None


def _read_citations(answer: Answer, said: list[_Said], metadata: Any) -> None:
    cited = (items(get(metadata, "citations")) or items(get(metadata, "citationSources")))[:_MOST]
    for given, (start, end) in zip(cited, _placed(answer, said, [_segment(one) for one in cited]), strict=True):
        uri, title = text(get(given, "uri")), text(get(given, "title"))
        key = uri or title
        if key is not None:
            answer.citations.append(Citation(start, end, answer.source(key, "url", title=title, uri=uri)))


def _segment(given: Any) -> _Segment:
    return _Segment(
        count(get(given, "partIndex")) or 0,
        count(get(given, "startIndex")) or 0,
        count(get(given, "endIndex")) or 0,
        text(get(given, "text")),
    )


def _placed(answer: Answer, said: list[_Said], segments: list[_Segment]) -> list[tuple[int, int]]:
    """Where each segment stands in the answer, in characters. Where the bytes lead to another text than the segment
    says, as where a stream has cut the parts otherwise, the text is looked for."""
    by_part = {one.part: one for one in said}
    homes = [by_part.get(segment.part, said[0] if said else _Said(0, 0, "")) for segment in segments]
    wanted: dict[_Said, set[int]] = {}
    for home, segment in zip(homes, segments, strict=True):
        wanted.setdefault(home, set()).update((segment.start, segment.end))
    found = {home: characters(home.text, offsets) for home, offsets in wanted.items()}
    placed = []
    for home, segment in zip(homes, segments, strict=True):
        start, end = home.start + found[home][segment.start], home.start + found[home][segment.end]
        if segment.text is not None and answer.text[start:end] != segment.text:
            at = answer.text.find(segment.text)
            if at >= 0:
                start, end = at, at + len(segment.text)
        placed.append((start, end))
    return placed


def characters(said: str, offsets: Iterable[int]) -> dict[int, int]:
    """Offsets in bytes of ``said`` as UTF-8, and each in characters. One in the middle of a character is at its begin.

    >>> characters("Süß!", [0, 3, 5, 99])
    {0: 0, 3: 2, 5: 3, 99: 4}
    """
    if said.isascii():
        return {offset: min(offset, len(said)) for offset in offsets}
    data = said.encode("utf-8", "surrogatepass")
    found: dict[int, int] = {}
    behind = counted = 0  # in bytes, and in characters
    for offset in sorted(set(offsets)):
        place = min(offset, len(data))
        while place < len(data) and data[place] & 0xC0 == 0x80:
            place -= 1
        counted += len(data[behind:place].decode("utf-8", "surrogatepass"))
        behind = place
        found[offset] = counted
    return found
