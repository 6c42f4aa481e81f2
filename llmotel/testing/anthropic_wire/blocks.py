"""Content blocks of a message (https://platform.claude.com/docs/en/api/messages) and the citations of a text block
(https://platform.claude.com/docs/en/build-with-claude/citations)."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence

from llmotel.testing.reply import Body
from llmotel.testing.samples import hexid, ident


def text(text: str, *, citations: Sequence[Body] | None = None) -> Body:
    """A text. All of it stands on its ``citations``; an answer with citations is several blocks."""
    block: Body = {"type": "text", "text": text}
    return block if citations is None else {**block, "citations": list(citations)}


def thinking(thinking: str, *, signature: str | None = None) -> Body:
    return {"type": "thinking", "thinking": thinking, "signature": signature or _opaque("signature", thinking)}


def redacted_thinking(data: str | None = None) -> Body:
    return {"type": "redacted_thinking", "data": data or _opaque("redacted")}


def tool_use(name: str, input: Mapping[str, object], *, id: str | None = None) -> Body:  # noqa: A002
    return {
        "type": "tool_use",
        "id": id or ident("toolu_01", name, input, length=22),
        "name": name,
        "input": dict(input),
    }


def server_tool_use(name: str, input: Mapping[str, object], *, id: str | None = None) -> Body:  # noqa: A002
    """A call of a tool that Anthropic runs itself: ``web_search``, ``web_fetch``, ``code_execution``."""
    use = tool_use(name, input, id=id or ident("srvtoolu_01", name, input, length=22))
    return {**use, "type": "server_tool_use"}


def web_search_result(url: str, title: str, *, page_age: str | None = None) -> Body:
    """One page of :func:`web_search_tool_result`."""
    return {
        "type": "web_search_result",
        "url": url,
        "title": title,
        "encrypted_content": _opaque(url),
        "page_age": page_age,
    }


def web_search_tool_result(tool_use_id: str, results: Sequence[Body] | str) -> Body:
    """What a web search found: the pages, or the code of the error it ended with (``max_uses_exceeded`` ...)."""
    content: object = (
        {"type": "web_search_tool_result_error", "error_code": results} if isinstance(results, str) else list(results)
    )
    return {"type": "web_search_tool_result", "tool_use_id": tool_use_id, "content": content}


def char_location(cited: str, start: int, end: int, *, document: int = 0, title: str | None = None) -> Body:
    """Characters ``start`` to ``end`` of a plain-text document."""
    return _location("char_location", cited, document, title, start_char_index=start, end_char_index=end)


def page_location(cited: str, start: int, end: int, *, document: int = 0, title: str | None = None) -> Body:
    """Pages ``start`` to ``end`` (not included) of a PDF, counted from 1."""
    return _location("page_location", cited, document, title, start_page_number=start, end_page_number=end)


def content_block_location(cited: str, start: int, end: int, *, document: int = 0, title: str | None = None) -> Body:
    """Blocks ``start`` to ``end`` (not included) of a document of blocks."""
    return _location("content_block_location", cited, document, title, start_block_index=start, end_block_index=end)


def search_result_location(
    cited: str, start: int, end: int, *, source: str, result: int = 0, title: str | None = None
) -> Body:
    """Blocks ``start`` to ``end`` (not included) of a search result that the request brought along."""
    return {
        "type": "search_result_location",
        "cited_text": cited,
        "source": source,
        "title": title,
        "search_result_index": result,
        "start_block_index": start,
        "end_block_index": end,
    }


def web_search_result_location(cited: str, *, url: str, title: str | None = None) -> Body:
    """A page that web search found."""
    return {
        "type": "web_search_result_location",
        "cited_text": cited,
        "url": url,
        "title": title,
        "encrypted_index": _opaque(url, cited),
    }


def _location(kind: str, cited: str, document: int, title: str | None, **place: int) -> Body:
    where = {"document_index": document, "document_title": title, "file_id": None}
    return {"type": kind, "cited_text": cited, **where, **place}


def _opaque(*seed: object) -> str:
    """What only Anthropic can read."""
    return base64.b64encode(bytes.fromhex(hexid("", *seed, length=64)) * 2).decode()
