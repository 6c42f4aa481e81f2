"""What the telemetry has to say of a body that a provider sent: read here once more, from the providers' documents, so
that the suite does not judge the readers by themselves."""

from __future__ import annotations

from typing import Any, NamedTuple


class Tokens(NamedTuple):
    """Token counts of one call; ``None`` for what the provider did not say."""

    input: int | None = None
    output: int | None = None
    cache_read: int | None = None
    cache_write: int | None = None
    reasoning: int | None = None

    @property
    def known(self) -> bool:
        """Whether the provider said anything."""
        return self.input is not None or self.output is not None


def none(_: Any) -> Tokens:
    """A body without usage."""
    return Tokens()


def chat_tokens(body: Any) -> Tokens:
    """https://platform.openai.com/docs/api-reference/chat/object, ``usage``."""
    usage = body["usage"]
    prompt, completion = usage["prompt_tokens_details"], usage["completion_tokens_details"]
    return Tokens(
        usage["prompt_tokens"],
        usage["completion_tokens"],
        prompt["cached_tokens"],
        prompt.get("cache_write_tokens"),
        completion["reasoning_tokens"],
    )


def response_tokens(body: Any) -> Tokens:
    """https://platform.openai.com/docs/api-reference/responses/object, ``usage``."""
    usage = body["usage"]
    details = usage["input_tokens_details"]
    return Tokens(
        usage["input_tokens"],
        usage["output_tokens"],
        details["cached_tokens"],
        details["cache_write_tokens"],
        usage["output_tokens_details"]["reasoning_tokens"],
    )


def embedding_tokens(body: Any) -> Tokens:
    """https://platform.openai.com/docs/api-reference/embeddings, ``usage``."""
    return Tokens(body["usage"]["prompt_tokens"])


def generation_tokens(body: Any) -> Tokens:
    """https://ai.google.dev/api/generate-content, ``UsageMetadata``: thoughts come on top of the candidates' tokens, and
    what tools sent on top of the prompt's. A count of 0 is left out."""
    usage = body["usageMetadata"]
    thoughts = usage.get("thoughtsTokenCount")
    return Tokens(
        usage["promptTokenCount"] + usage.get("toolUsePromptTokenCount", 0),
        usage["candidatesTokenCount"] + (thoughts or 0),
        usage.get("cachedContentTokenCount"),
        None,
        thoughts,
    )


def prediction_tokens(body: Any) -> Tokens:
    """https://cloud.google.com/vertex-ai/generative-ai/docs/model-reference/text-embeddings-api, ``statistics``."""
    return Tokens(sum(one["embeddings"]["statistics"]["token_count"] for one in body["predictions"]))


def image_tokens(body: Any) -> Tokens:
    """https://platform.openai.com/docs/api-reference/images, ``usage``; a transcription's looks the same."""
    return Tokens(body["usage"]["input_tokens"], body["usage"]["output_tokens"])


def message_tokens(body: Any) -> Tokens:
    """https://docs.anthropic.com/en/api/messages, ``usage``: cache reads and writes come on top of ``input_tokens``."""
    usage = body["usage"]
    read, written = usage["cache_read_input_tokens"], usage["cache_creation_input_tokens"]
    thinking = usage.get("output_tokens_details", {}).get("thinking_tokens")
    return Tokens(usage["input_tokens"] + read + written, usage["output_tokens"], read, written, thinking)


def converse_tokens(body: Any) -> Tokens:
    """https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_TokenUsage.html: cache reads and writes come
    on top of ``inputTokens``."""
    usage = body["usage"]
    read, written = usage.get("cacheReadInputTokens"), usage.get("cacheWriteInputTokens")
    return Tokens(usage["inputTokens"] + (read or 0) + (written or 0), usage["outputTokens"], read, written)


def llama_tokens(body: Any) -> Tokens:
    """https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-meta.html, the response."""
    return Tokens(body["prompt_token_count"], body["generation_token_count"])
