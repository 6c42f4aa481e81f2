"""What other hosts of the chat completions API add to it. Each function takes a body of :func:`chat.completion` and
gives a new one; :func:`chunks` streams a body in the manner of the host that made it."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from llmotel.testing.openai_wire import chat
from llmotel.testing.reply import Body, Event, Request
from llmotel.testing.samples import ident

_SAFE = {
    category: {"filtered": False, "severity": "safe"} for category in ("hate", "self_harm", "sexual", "violence")
}  # fmt: skip


def openrouter(body: Body, *, cost: float, upstream_cost: float | None = None, provider: str = "OpenAI") -> Body:
    """OpenRouter: ``usage.cost`` in US dollars and the provider that answered
    (https://openrouter.ai/docs/use-cases/usage-accounting)."""
    usage = {
        **body["usage"],
        "cost": cost,
        "is_byok": upstream_cost is not None,
        "cost_details": {"upstream_inference_cost": upstream_cost},
    }
    return {**body, "id": ident("gen-1767225600-", body["id"], length=20), "provider": provider, "usage": usage}


def deepseek(body: Body, *, hit: int = 0, reasoning: str | None = None) -> Body:
    """DeepSeek: cached tokens as ``prompt_cache_hit_tokens``, thoughts as ``reasoning_content``
    (https://api-docs.deepseek.com/api/create-chat-completion)."""
    usage = body["usage"]
    usage = {**usage, "prompt_cache_hit_tokens": hit, "prompt_cache_miss_tokens": usage["prompt_tokens"] - hit}
    return {**_thinking(body, reasoning), "usage": usage}


def xai(body: Body, *, reasoning: str | None = None, citations: Sequence[str] = ()) -> Body:
    """xAI: ``reasoning_content``, a list of cited URLs, ``usage.num_sources_used``
    (https://docs.x.ai/docs/api-reference)."""
    usage = {**body["usage"], "num_sources_used": len(citations)}
    return {**_thinking(body, reasoning), "usage": usage, **({"citations": list(citations)} if citations else {})}


def groq(body: Body, *, total_time: float = 0.25) -> Body:
    """Groq: seconds in the usage, and ``x_groq`` (https://console.groq.com/docs/api-reference); a stream holds its
    usage in ``x_groq.usage`` of the last chunk, asked for or not."""
    times = {"queue_time": 0.05, "prompt_time": 0.01, "completion_time": total_time - 0.01, "total_time": total_time}
    return {**body, "usage": {**body["usage"], **times}, "x_groq": {"id": ident("req_01", body["id"])}}


def together(body: Body) -> Body:
    """Together AI: the prompts, where they are to be echoed; the last chunk of a stream holds the usage, asked for or
    not (https://docs.together.ai/reference/chat-completions-1)."""
    return {**body, "prompt": []}


def cerebras(body: Body, *, total_time: float = 0.05) -> Body:
    """Cerebras: seconds in ``time_info``; the last chunk of a stream holds that and the usage, asked for or not
    (https://inference-docs.cerebras.ai/api-reference/chat-completions)."""
    times = {"queue_time": 0.001, "prompt_time": 0.004, "completion_time": total_time - 0.01, "total_time": total_time}
    return {**body, "time_info": {**times, "created": body["created"]}}


def perplexity(body: Body, *, sources: Sequence[tuple[str, str]], cost: float | None = None) -> Body:
    """Perplexity: ``citations`` and ``search_results`` from ``sources`` of (URL, title), which the text refers to as
    ``[1]``, ``[2]``; every chunk of a stream holds them and the usage
    (https://docs.perplexity.ai/api-reference/chat-completions-post)."""
    usage = {**body["usage"], "search_context_size": "low"}
    if cost is not None:
        usage["cost"] = {"request_cost": 0.0, "total_cost": cost}
    results = [
        {"title": title, "url": url, "date": "2026-01-01", "last_updated": None, "snippet": title, "source": "web"}
        for url, title in sources
    ]
    return {**body, "usage": usage, "citations": [url for url, _ in sources], "search_results": results}


def azure(body: Body) -> Body:
    """Azure OpenAI: content filter results of the prompt and of each choice
    (https://learn.microsoft.com/azure/ai-foundry/openai/reference)."""
    choices = [{**choice, "content_filter_results": _SAFE} for choice in body["choices"]]
    prompt = [
        {"prompt_index": 0, "content_filter_results": {**_SAFE, "jailbreak": {"filtered": False, "detected": False}}}
    ]
    return {**body, "choices": choices, "prompt_filter_results": prompt}


def chunks(body: Body, *, include_usage: bool = False) -> list[Event]:
    """The stream of ``body`` as its host sends it: like :func:`chat.chunks`, and with

    - Azure: a first chunk with no choices, no id and no model, only ``prompt_filter_results``
    - OpenRouter: comment lines before the first chunk, and the usage at the end, asked for or not
    - Groq: the usage under ``x_groq`` in the last chunk
    - Together, Cerebras: the usage in the last chunk, Cerebras's times with it
    - Perplexity: usage and sources in every chunk
    - xAI: the citations in the last chunk
    """
    events = chat.chunks(body, include_usage=include_usage or "provider" in body)
    last = max(index for index, event in enumerate(events) if isinstance(event, dict) and event["choices"])
    for index, event in enumerate(events):
        if not isinstance(event, dict):
            continue
        if "search_results" in body:
            event.update({key: body[key] for key in ("usage", "citations", "search_results")})
        elif "citations" in body and index == last:
            event["citations"] = body["citations"]
        if ("prompt" in body or "time_info" in body) and index == last:
            event.update({key: body[key] for key in ("usage", "time_info") if key in body})
        if "provider" in body:
            event["provider"] = body["provider"]
        if "x_groq" in body and index in (0, last):
            event["x_groq"] = {**body["x_groq"], **({"usage": body["usage"]} if index == last else {})}
    if "provider" in body:
        events.insert(0, ": OPENROUTER PROCESSING")
    if "prompt_filter_results" in body:
        blank = {"id": "", "object": "", "created": 0, "model": "", "choices": []}
        events.insert(0, {**blank, "prompt_filter_results": body["prompt_filter_results"]})
    return events


_AGENTS: dict[str, Callable[[Body], Body]] = {"groq": groq, "together": together, "cerebras": cerebras}


def answered(body: Body, request: Request) -> Body:
    """``body`` as the host answers whose client library asks, by its ``user-agent``; OpenAI's own for any other."""
    name = request.headers.get("user-agent", "").partition("/")[0].lower()
    made = _AGENTS.get(name.removeprefix("async"))
    return body if made is None else made(body)


def _thinking(body: Body, reasoning: str | None) -> Body:
    if reasoning is None:
        return body
    choices = [
        {**choice, "message": {**choice["message"], "reasoning_content": reasoning}} for choice in body["choices"]
    ]
    return {**body, "choices": choices}
