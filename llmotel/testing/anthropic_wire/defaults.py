"""The answers that a loopback server makes up for Anthropic requests when nothing is scripted.

- The model is the request's, without what Bedrock and Vertex add to it. Tokens are counted by
  :func:`~llmotel.testing.samples.tokens`. Where the request marks a prompt with ``cache_control``, all of the input but
  the last message is written to the cache for the time it says; a conversation with an assistant's turn in it reads
  it from there.
- The text repeats the user's last words, or the result of a tool; with an output schema it is a value of that schema.
- A tool is called when ``tool_choice`` says so, or when the user's last words contain a word of its name
  (:func:`~llmotel.testing.asking.tool_of`). A web search called so is answered at once, with a citation.
- Thinking is done when enabled. Documents with citations enabled, and search results, are cited.
"""

from __future__ import annotations

import json
import re
from typing import Any

from llmotel.testing import asking
from llmotel.testing.anthropic_wire import blocks, errors, messages, platform
from llmotel.testing.reply import Body, Reply, Request
from llmotel.testing.samples import ident, strings, tokens, value_of

_URL, _TITLE = "https://example.com/answer", "An example answer"


def message(request: Request) -> Body | Reply:
    model = request.get("model") or request.params.get("model")
    turns = asking.objects(request.get("messages"))
    if not isinstance(model, str):
        return errors.reply(400, "model: Field required")
    if not turns:
        return errors.reply(400, "messages: Field required")
    last = turns[-1]
    result = _tool_result(last)
    said = asking.text(last.get("content"))
    call = asking.tool_of(_tools(request), _tool_choice(request), None if result is not None else said)
    content: list[Body] = []
    if _kind(request.get("thinking")) in ("enabled", "adaptive"):
        content.append(blocks.thinking("The user asked something, so I answer."))
    searches = None
    if call is not None and not call.kind.startswith("web_search"):
        use = blocks.tool_use(call.name, value_of(call.schema), id=_toolu("toolu_01", request))
        content.append(use)
    else:
        schema = _output_schema(request)
        text = asking.answer(said, result) if schema is None else json.dumps(value_of(schema))
        citation = _citation(last)
        if call is not None:
            searches = 1
            search = blocks.server_tool_use("web_search", {"query": said}, id=_toolu("srvtoolu_01", request))
            found = blocks.web_search_tool_result(search["id"], [blocks.web_search_result(_URL, _TITLE)])
            content += [search, found]
            citation = blocks.web_search_result_location(said, url=_URL, title=_TITLE)
        content.append(blocks.text(text, citations=None if citation is None else [citation]))
    return messages.message(
        content,
        model=_plain(model),
        usage=_usage(request, turns, sum(tokens(string) for block in content for string in _said(block)), searches),
        id=ident("msg_bdrk_01" if "bedrock" in request.params else "msg_01", request.number, request.body, length=22),
    )


def count_tokens(request: Request) -> Body:
    return platform.count_tokens(asking.size(request))


def batch(request: Request) -> Body:
    return platform.batch(requests=len(asking.objects(request.get("requests"))))


def batch_done(request: Request) -> Body:
    return platform.batch("ended", id=request.params["id"])


def models(_: Request) -> Body:
    return platform.models()


def model(request: Request) -> Body:
    return platform.model(request.params["id"])


def _plain(model: str) -> str:
    """``claude-x-20250929`` of Bedrock's ``us.anthropic.claude-x-20250929-v1:0`` and Vertex's ``claude-x@20250929``."""
    return re.sub(r"^(?:[a-z-]+\.)?anthropic\.|-v\d+(?::\d+)?$", "", model).replace("@", "-")


def _usage(request: Request, turns: list[dict[str, Any]], output: int, searches: int | None) -> Body:
    total = asking.size(request)
    lifetime = _lifetime(request.json)
    if lifetime is None:
        return messages.usage(total, output, web_searches=searches)
    fresh = min(total, max(1, sum(tokens(string) for string in strings(turns[-1].get("content")))))
    cached = total - fresh
    continued = any(turn.get("role") == "assistant" for turn in turns)
    return messages.usage(
        fresh,
        output,
        cache_read=cached if continued else 0,
        cache_write_5m=cached if lifetime == "5m" and not continued else 0,
        cache_write_1h=cached if lifetime == "1h" and not continued else 0,
        web_searches=searches,
    )


def _lifetime(value: object) -> str | None:
    """``5m`` or ``1h`` of the first ``cache_control`` in the request."""
    if isinstance(value, dict):
        if isinstance(mark := value.get("cache_control"), dict):
            return "1h" if mark.get("ttl") == "1h" else "5m"
        value = list(value.values())
    if isinstance(value, list):
        return next((found for inner in value if (found := _lifetime(inner)) is not None), None)
    return None


def _tools(request: Request) -> list[asking.Tool]:
    return [
        asking.Tool(str(tool.get("name")), tool.get("input_schema") or {}, str(tool.get("type") or "custom"))
        for tool in asking.objects(request.get("tools"))
    ]


def _tool_choice(request: Request) -> str:
    choice = request.get("tool_choice")
    if not isinstance(choice, dict):
        return "auto"
    return str(choice.get("name") if choice.get("type") == "tool" else choice.get("type"))


def _tool_result(turn: Body) -> str | None:
    for block in asking.objects(turn.get("content")):
        if block.get("type") == "tool_result":
            return asking.text(block.get("content"))
    return None


def _output_schema(request: Request) -> Any:
    """The schema of ``output_config.format``, or of ``output_format`` as the beta API first had it."""
    config = request.get("output_config")
    shape = config.get("format") if isinstance(config, dict) else request.get("output_format")
    return shape.get("schema") if isinstance(shape, dict) else None


def _citation(turn: Body) -> Body | None:
    """A citation of the first thing in the user's turn that may be cited."""
    for block in asking.objects(turn.get("content")):
        title = block.get("title")
        if block.get("type") == "search_result":
            quote = asking.text(block.get("content"))
            return blocks.search_result_location(quote, 0, 1, source=str(block.get("source")), title=title)
        source = block.get("source")
        enabled = isinstance(block.get("citations"), dict) and block["citations"].get("enabled")
        if block.get("type") == "document" and enabled and isinstance(source, dict):
            if source.get("type") == "text":
                quote = str(source.get("data"))
                return blocks.char_location(quote, 0, len(quote), title=title)
            if source.get("type") == "content":
                return blocks.content_block_location(asking.text(source.get("content")), 0, 1, title=title)
            return blocks.page_location("The first page.", 1, 2, title=title)
    return None


def _kind(value: object) -> object:
    return value.get("type") if isinstance(value, dict) else None


def _toolu(prefix: str, request: Request) -> str:
    return ident(prefix, request.number, request.body, length=22)


def _said(block: Body) -> list[str]:
    """What the model wrote of a block."""
    if block["type"] in ("tool_use", "server_tool_use"):
        return [block["name"], json.dumps(block["input"])]
    return [block[key] for key in ("text", "thinking") if key in block]
