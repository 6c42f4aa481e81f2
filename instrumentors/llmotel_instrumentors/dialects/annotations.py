"""What answers of OpenAI's dialects cite: annotations in the text, and lists of sources beside it."""

from __future__ import annotations

from typing import Any

from llmotel.model.inference import Answer, Citation
from llmotel.spec.reading import count, get, text


def annotate(answer: Answer, annotations: Any, offset: int = 0) -> None:
    """Adds OpenAI annotations: URL citations are spans, file citations are points in the text."""
    for annotation in annotations:
        kind = text(get(annotation, "type"))
        inner = get(annotation, "url_citation") or annotation
        url = text(get(inner, "url"))
        file_id = text(get(inner, "file_id"))
        title = text(get(inner, "title")) or text(get(inner, "filename"))
        key = url or file_id
        if key is None or kind == "file_path":
            continue
        source = answer.source(key, "url" if url else str(kind).removesuffix("_citation"), title=title, uri=url)
        start, end = count(get(inner, "start_index")), count(get(inner, "end_index"))
        point = count(get(inner, "index"))
        if start is not None and end is not None:
            answer.citations.append(Citation(offset + start, offset + end, source))
        elif point is not None:
            answer.citations.append(Citation(offset + point, offset + point, source))


def list_sources(answer: Answer, listed: Any) -> None:
    """Adds sources given as a list (Perplexity, xAI), and the ``[n]`` marks in the text that point into it."""
    numbers = []
    for entry in listed:
        url = text(entry) or text(get(entry, "url"))
        if url is not None:
            numbers.append(answer.source(url, "url", title=text(get(entry, "title")), uri=url))
    for index, source in enumerate(numbers, 1):
        mark = f"[{index}]"
        at = answer.text.find(mark)
        while at >= 0:
            answer.citations.append(Citation(at, at + len(mark), source))
            at = answer.text.find(mark, at + 1)
