"""The bodies that InvokeModel answers, by model family
(https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters.html).

Claude's are those of :mod:`llmotel.testing.anthropic_wire.messages`, those of DeepSeek-V3, Qwen, gpt-oss, Jamba and
other models with OpenAI's dialect those of :mod:`llmotel.testing.openai_wire.chat`. :func:`reply` adds the headers in
which Bedrock counts the tokens.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from llmotel.testing.bedrock_wire import converse
from llmotel.testing.reply import Body, Reply
from llmotel.testing.samples import PNG, ident

TEXT = "Hello! How can I help you today?"


def reply(
    body: Body,
    input: int | None = None,  # noqa: A002
    output: int | None = None,
    *,
    cache_read: int | None = None,
    cache_write: int | None = None,
    headers: Mapping[str, str] | None = None,
) -> Reply:
    """``body`` with the counts of its tokens in the headers; a stream has them in its last chunk."""
    counts = {"input": input, "output": output, "cache-read-input": cache_read, "cache-write-input": cache_write}
    made = {f"x-amzn-bedrock-{name}-token-count": str(count) for name, count in counts.items() if count is not None}
    return Reply(body, headers={"x-amzn-bedrock-invocation-latency": "412", **made, **(headers or {})})


def titan(text: str = TEXT, *, input: int = 12, output: int = 9, reason: str = "FINISH") -> Body:  # noqa: A002
    """``amazon.titan-text-*``."""
    result = {"tokenCount": output, "outputText": text, "completionReason": reason}
    return {"inputTextTokenCount": input, "results": [result]}


def nova(
    content: str | Sequence[Body] = TEXT,
    *,
    input: int = 12,  # noqa: A002
    output: int = 9,
    stop_reason: str | None = None,
) -> Body:
    """``amazon.nova-*``: Converse's message, with usage of its own."""
    body = converse.message(content, stop_reason=stop_reason)
    usage = {
        "inputTokens": input,
        "outputTokens": output,
        "totalTokens": input + output,
        "cacheReadInputTokenCount": 0,
        "cacheWriteInputTokenCount": 0,
    }
    return {"output": body["output"], "stopReason": body["stopReason"], "usage": usage}


def llama(text: str = TEXT, *, input: int = 12, output: int = 9, reason: str = "stop") -> Body:  # noqa: A002
    """``meta.llama*``."""
    return {
        "generation": text,
        "prompt_token_count": input,
        "generation_token_count": output,
        "stop_reason": reason,
    }


def mistral(text: str = TEXT, *, reason: str = "stop") -> Body:
    """``mistral.mistral-7b-instruct*`` and other text models of Mistral, which count no tokens."""
    return {"outputs": [{"text": text, "stop_reason": reason}]}


def mistral_chat(text: str = TEXT, *, reason: str = "stop", tool_calls: Sequence[Body] | None = None) -> Body:
    """``mistral.mistral-large*``: OpenAI's choices, with the finish reason under another name."""
    said: Body = {"role": "assistant", "content": text}
    if tool_calls is not None:
        said["tool_calls"] = list(tool_calls)
    return {"choices": [{"index": 0, "message": said, "stop_reason": reason}]}


def cohere(*texts: str, reason: str = "COMPLETE") -> Body:
    """``cohere.command-text*``: one generation per text."""
    made = [
        {"id": ident("", text, index, length=36), "text": text, "finish_reason": reason}
        for index, text in enumerate(texts or (TEXT,))
    ]
    return {"id": ident("", made, length=36), "generations": made, "prompt": "Hello"}


def cohere_chat(text: str = TEXT, *, reason: str = "COMPLETE", tool_calls: Sequence[Body] | None = None) -> Body:
    """``cohere.command-r*``."""
    body: Body = {
        "response_id": ident("", text, length=36),
        "text": text,
        "generation_id": ident("g", text, length=36),
        "chat_history": [{"role": "USER", "message": "Hello"}, {"role": "CHATBOT", "message": text}],
        "finish_reason": reason,
    }
    return body if tool_calls is None else {**body, "tool_calls": list(tool_calls)}


def ai21(text: str = TEXT, *, reason: str = "endoftext") -> Body:
    """``ai21.j2-*``; Jamba speaks OpenAI's dialect."""
    completion = {"data": {"text": text, "tokens": []}, "finishReason": {"reason": reason}}
    return {"id": 1234, "prompt": {"text": "Hello", "tokens": []}, "completions": [completion]}


def deepseek(text: str = TEXT, *, reason: str = "stop") -> Body:
    """``deepseek.r1-v1:0`` asked with a prompt."""
    return {"choices": [{"text": text, "stop_reason": reason}]}


# Embeddings, images, reranking.


def titan_embedding(vector: Sequence[float], *, input: int = 7) -> Body:  # noqa: A002
    """``amazon.titan-embed-*``."""
    return {"embedding": list(vector), "embeddingsByType": {"float": list(vector)}, "inputTextTokenCount": input}


def cohere_embeddings(*vectors: Sequence[float], by_type: bool = False) -> Body:
    """``cohere.embed-*``; ``by_type`` where the request names types."""
    given = [list(vector) for vector in vectors]
    return {
        "id": ident("", given, length=36),
        "texts": ["hello"] * len(given),
        "embeddings": {"float": given} if by_type else given,
        "response_type": "embeddings_by_type" if by_type else "embeddings_floats",
    }


def nova_embedding(vector: Sequence[float]) -> Body:
    """``amazon.nova-2-multimodal-embeddings*``."""
    return {"embeddings": [{"embeddingType": "TEXT", "embedding": list(vector)}]}


def images(*data: str) -> Body:
    """``amazon.nova-canvas*``, ``amazon.titan-image*`` and ``stability.*``: pictures in base64."""
    return {"images": list(data or (PNG,))}


def reranked(*scores: float) -> Body:
    """``cohere.rerank-*``."""
    return {"results": [{"index": index, "relevance_score": score} for index, score in enumerate(scores)]}
