"""The Responses API (https://platform.openai.com/docs/api-reference/responses): its items and the response object."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Literal

from llmotel.testing.openai_wire.chat import MODEL, TEXT
from llmotel.testing.reply import Body
from llmotel.testing.samples import CREATED, PNG, hexid, ident

Status = Literal["completed", "incomplete", "failed", "queued", "in_progress", "cancelled"]


def usage(
    input: int = 36,  # noqa: A002
    output: int = 87,
    *,
    cached: int = 0,
    cache_write: int = 0,
    reasoning: int = 0,
    extra: Body | None = None,
) -> Body:
    """Token counts. ``cached`` and ``cache_write`` are part of ``input``, ``reasoning`` is part of ``output``."""
    return {
        "input_tokens": input,
        "input_tokens_details": {"cached_tokens": cached, "cache_write_tokens": cache_write},
        "output_tokens": output,
        "output_tokens_details": {"reasoning_tokens": reasoning},
        "total_tokens": input + output,
        **(extra or {}),
    }


def url_citation(url: str, title: str, start: int, end: int) -> Body:
    """``text[start:end]`` stands on a page that web search found."""
    return {"type": "url_citation", "start_index": start, "end_index": end, "url": url, "title": title}


def file_citation(file_id: str, filename: str, index: int) -> Body:
    """A file that file search found is cited at the character ``index`` of the text."""
    return {"type": "file_citation", "index": index, "file_id": file_id, "filename": filename}


def container_file_citation(container_id: str, file_id: str, filename: str, start: int, end: int) -> Body:
    """``text[start:end]`` stands on a file that the code interpreter made."""
    return {
        "type": "container_file_citation",
        "container_id": container_id,
        "file_id": file_id,
        "filename": filename,
        "start_index": start,
        "end_index": end,
    }


def file_path(file_id: str, index: int) -> Body:
    """A file offered for download at the character ``index`` of the text."""
    return {"type": "file_path", "index": index, "file_id": file_id}


def output_text(text: str, *, annotations: Sequence[Body] = (), logprobs: Sequence[Body] = ()) -> Body:
    """A part of a message."""
    return {"type": "output_text", "annotations": list(annotations), "logprobs": list(logprobs), "text": text}


def refusal(text: str) -> Body:
    """A part of a message."""
    return {"type": "refusal", "refusal": text}


def message(
    content: str | Sequence[Body] = TEXT,
    *,
    annotations: Sequence[Body] = (),
    status: str = "completed",
    id: str | None = None,  # noqa: A002
) -> Body:
    """An item: a text with its ``annotations``, or the parts given."""
    parts = [output_text(content, annotations=annotations)] if isinstance(content, str) else list(content)
    return {
        "id": id or hexid("msg_", parts),
        "type": "message",
        "status": status,
        "content": parts,
        "role": "assistant",
    }


def function_call(
    name: str,
    arguments: Mapping[str, object] | str,
    *,
    call_id: str | None = None,
    id: str | None = None,  # noqa: A002
) -> Body:
    """An item; ``arguments`` may be text that is not JSON, as a model may send."""
    text = arguments if isinstance(arguments, str) else json.dumps(arguments)
    return {
        "id": id or hexid("fc_", name, text),
        "type": "function_call",
        "status": "completed",
        "arguments": text,
        "call_id": call_id or ident("call_", name, text),
        "name": name,
    }


def reasoning(*summary: str, encrypted_content: str | None = None, id: str | None = None) -> Body:  # noqa: A002
    """An item: the summaries of what the model thought."""
    item: Body = {
        "id": id or hexid("rs_", summary),
        "type": "reasoning",
        "summary": [{"type": "summary_text", "text": text} for text in summary],
    }
    return item if encrypted_content is None else {**item, "encrypted_content": encrypted_content}


def web_search_call(query: str, *, sources: Sequence[str] | None = None, id: str | None = None) -> Body:  # noqa: A002
    """An item; ``sources`` are the URLs found, which the API sends only when asked to include them."""
    action: Body = {"type": "search", "query": query, "queries": [query]}
    if sources is not None:
        action["sources"] = [{"type": "url", "url": url} for url in sources]
    return {"id": id or hexid("ws_", query), "type": "web_search_call", "status": "completed", "action": action}


def file_search_result(file_id: str, filename: str, score: float, text: str) -> Body:
    """One result of :func:`file_search_call`; ``score`` is the relevance from 0 to 1."""
    return {"attributes": {}, "file_id": file_id, "filename": filename, "score": score, "text": text}


def file_search_call(
    *queries: str,
    results: Sequence[Body] | None = None,
    id: str | None = None,  # noqa: A002
) -> Body:
    """An item; the API sends ``results`` only when asked to include them, otherwise null."""
    return {
        "id": id or hexid("fs_", queries),
        "type": "file_search_call",
        "status": "completed",
        "queries": list(queries),
        "results": None if results is None else list(results),
    }


def code_interpreter_call(
    code: str,
    *,
    logs: str | None = None,
    container_id: str | None = None,
    id: str | None = None,  # noqa: A002
) -> Body:
    """An item; the API sends the output ``logs`` only when asked to include them."""
    return {
        "id": id or hexid("ci_", code),
        "type": "code_interpreter_call",
        "status": "completed",
        "code": code,
        "container_id": container_id or hexid("cntr_", code),
        "outputs": None if logs is None else [{"type": "logs", "logs": logs}],
    }


def image_generation_call(prompt: str, *, result: str = PNG, id: str | None = None) -> Body:  # noqa: A002
    """An item; ``result`` is the picture in base64."""
    return {
        "id": id or hexid("ig_", prompt),
        "type": "image_generation_call",
        "status": "completed",
        "background": "opaque",
        "output_format": "png",
        "quality": "medium",
        "result": result,
        "revised_prompt": prompt,
        "size": "1024x1024",
    }


def response(
    output: str | Sequence[Body] = TEXT,
    *,
    model: str = MODEL,
    status: Status = "completed",
    usage: Body | None = None,
    incomplete_reason: str = "max_output_tokens",
    error: Body | None = None,
    request: Mapping[str, object] | None = None,
    service_tier: str | None = "default",
    id: str | None = None,  # noqa: A002
    created_at: int = CREATED,
    extra: Body | None = None,
) -> Body:
    """A whole response; ``output`` is the text of one message, or the items.

    ``request`` is the body of the request, whose settings the API repeats. A response that is not done has no output
    and no usage; one that failed has no usage and an ``error`` (``{"code", "message"}``, a server error unless given).
    """
    asked = request or {}
    done = status in ("completed", "incomplete")
    items = [message(output)] if isinstance(output, str) else list(output)
    if status == "failed":
        error = error or {"code": "server_error", "message": "The model failed to generate a response."}
    echo: Body = {key: value if asked.get(key) is None else asked[key] for key, value in _SETTINGS.items()}
    return {
        "id": id or hexid("resp_", model, items, status),
        "object": "response",
        "created_at": created_at,
        "status": status,
        "error": error,
        "incomplete_details": {"reason": incomplete_reason} if status == "incomplete" else None,
        "model": model,
        "output": items if done else [],
        "usage": (usage or _usage()) if done else None,
        **echo,
        "service_tier": service_tier if done else "auto",
        **(extra or {}),
    }


_usage = usage  # the parameter of response() hides the function

_SETTINGS: Body = {
    "background": False,
    "instructions": None,
    "max_output_tokens": None,
    "max_tool_calls": None,
    "metadata": {},
    "parallel_tool_calls": True,
    "previous_response_id": None,
    "prompt_cache_key": None,
    "reasoning": {"effort": None, "summary": None},
    "safety_identifier": None,
    "store": True,
    "temperature": 1.0,
    "text": {"format": {"type": "text"}, "verbosity": "medium"},
    "tool_choice": "auto",
    "tools": [],
    "top_logprobs": 0,
    "top_p": 1.0,
    "truncation": "disabled",
    "user": None,
}
"""What a response repeats of its request, with the values it has when the request does not say."""
