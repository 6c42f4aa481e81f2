"""The answers of Bedrock's agents and knowledge bases, and what they cite.

Source: docs.aws.amazon.com/bedrock/latest/APIReference/API_agent-runtime_Citation.html.
"""

from __future__ import annotations

from typing import Any

from llmotel.model.inference import Answer, Citation, Inference, Message
from llmotel.spec.accumulator import Accumulator
from llmotel.spec.reading import count, get, items, number, path, text

_MOST_CITATIONS = 1024
_LOCATIONS = {  # member of a location -> where its address is
    "s3Location": "uri",
    "webLocation": "url",
    "confluenceLocation": "url",
    "salesforceLocation": "url",
    "sharePointLocation": "url",
    "googleDriveLocation": "url",
    "oneDriveLocation": "url",
    "kendraDocumentLocation": "uri",
    "customDocumentLocation": "id",
}


def cite_parts(inference: Inference, said: str, citations: Any) -> None:
    """Sets the answer ``said`` with its ``citations``: each supports one part of the text by one or more references."""
    answer = Answer(said)
    for cited in citations:
        part = path(cited, "generatedResponsePart", "textResponsePart")
        start, end = _place(said, part)
        for reference in items(get(cited, "retrievedReferences")):
            source = referred(answer, reference)
            if end > start:
                answer.citations.append(Citation(start, end, source, text(path(reference, "content", "text"))))
    if answer.citations or answer.sources:
        inference.answer = answer


def _place(said: str, part: Any) -> tuple[int, int]:
    """Where a part stands in the text: at its offset, or, as that counts otherwise in some answers, where it is."""
    quoted, start = text(get(part, "text")) or "", count(path(part, "span", "start"))
    if start is None or start > len(said) or said[start : start + len(quoted)] != quoted:
        start = max(said.find(quoted), 0) if quoted in said else 0
    end = start + len(quoted) if quoted and quoted in said else 0
    return start, end


def referred(answer: Answer, reference: Any) -> int:
    """The source of a retrieved reference."""
    location = get(reference, "location")
    for member, name in _LOCATIONS.items():
        address = text(path(location, member, name))
        if address is not None:
            kind = "document" if name == "id" else "url"
            score = number(get(reference, "score"))
            known = score if score is not None and 0 <= score <= 1 else None
            return answer.source(address, kind, uri=address, score=known)
    return answer.source(f"document:{len(answer.sources)}", "document")


def question(said: str | None) -> list[Message]:
    """What an agent or a knowledge base is asked, as a message."""
    return [{"role": "user", "parts": [{"type": "text", "content": said}]}] if said is not None else []


# Streams.


def accumulator_of(inference: Inference) -> Accumulator:
    """What the stream has said so far."""
    accumulator = inference.accumulator
    if not isinstance(accumulator, Accumulator):
        accumulator = inference.accumulator = Accumulator()
    return accumulator


def keep(accumulator: Accumulator, citations: Any) -> None:
    """Keeps citations until the text that they refer to is there."""
    kept = accumulator.listed = accumulator.listed or []
    kept.extend(items(citations)[: _MOST_CITATIONS - len(kept)])


def finalize_stream(inference: Inference) -> None:
    """Turns what the events gathered into a message and an answer."""
    accumulator = inference.accumulator
    if isinstance(accumulator, Accumulator):
        if inference.finish_reasons:
            accumulator.finish(0, inference.finish_reasons[0])
        inference.output = accumulator.messages()
        said = accumulator.completed_answer() or accumulator.answer
        cite_parts(inference, said.text, accumulator.listed or ())
