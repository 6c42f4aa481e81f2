"""What supports an answer: grounding by search, retrieval and maps, citations of published texts, and pages that were
read (https://ai.google.dev/api/generate-content#GroundingMetadata). All offsets count the bytes of UTF-8."""

from __future__ import annotations

from collections.abc import Sequence

from llmotel.testing.reply import Body


def web(uri: str, title: str) -> Body:
    """A page that Google Search found."""
    return {"web": {"uri": uri, "title": title}}


def retrieved(uri: str, title: str, text: str) -> Body:
    """A passage of a file search or a retrieval of Vertex."""
    return {"retrievedContext": {"uri": uri, "title": title, "text": text}}


def place(uri: str, title: str, place_id: str) -> Body:
    """A place of Google Maps."""
    return {"maps": {"uri": uri, "title": title, "placeId": place_id}}


def support(
    answer: str, supported: str, chunks: Sequence[int], *, scores: Sequence[float] = (), part: int | None = None
) -> Body:
    """``supported``, where it first stands in the part ``answer``, stands on the chunks with these numbers."""
    begin = answer.index(supported)
    start = len(answer[:begin].encode())
    segment: Body = {"startIndex": start} if start else {}  # a 0 is left out, as everywhere in Google's JSON
    if part:
        segment["partIndex"] = part
    found: Body = {
        "segment": {**segment, "endIndex": start + len(supported.encode()), "text": supported},
        "groundingChunkIndices": list(chunks),
    }
    return {**found, "confidenceScores": list(scores)} if scores else found


def metadata(chunks: Sequence[Body], supports: Sequence[Body], *, queries: Sequence[str] = ()) -> Body:
    """The ``groundingMetadata`` of a candidate."""
    found: Body = {"groundingChunks": list(chunks), "groundingSupports": list(supports)}
    if queries:
        found["webSearchQueries"] = list(queries)
        found["searchEntryPoint"] = {"renderedContent": '<div class="container"></div>'}
    return found


def citation(answer: str, cited: str, uri: str, *, title: str | None = None) -> Body:
    """``cited``, where it first stands in ``answer``, was published at ``uri``."""
    start = len(answer[: answer.index(cited)].encode())
    found: Body = {"startIndex": start, "endIndex": start + len(cited.encode()), "uri": uri}
    return found if title is None else {**found, "title": title}


def pages(*urls: str, status: str = "URL_RETRIEVAL_STATUS_SUCCESS") -> Body:
    """The ``urlContextMetadata`` of a candidate."""
    return {"urlMetadata": [{"retrievedUrl": url, "urlRetrievalStatus": status} for url in urls]}
