"""The neutral record of one call to a model: what readers fill and everything else reads.

Nothing here knows OpenTelemetry, a provider's objects or the configuration. Readers in ``llmotel_instrumentors`` write
into an :class:`Inference`; the packages ``signals``, ``prices``, ``grounding`` and ``content`` turn it into telemetry.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias

from llmotel.model.structs import Struct

AttributeValue: TypeAlias = str | bool | int | float | Sequence[str] | Sequence[int] | Sequence[float]
Message: TypeAlias = dict[str, Any]
"""``{"role": str, "parts": [part, ...], "name"?: str}``: an entry of ``gen_ai.input.messages`` or ``output.messages``;
one of the output has its ``"finish_reason"`` too, where it is known.

A part is ``{"type": "text", "content": str}``, ``{"type": "tool_call", "id", "name", "arguments"}``,
``{"type": "tool_call_response", "id", "response"}``, ``{"type": "reasoning", "content"}``,
``{"type": "blob", "modality", "mime_type", "content"}``, ``{"type": "uri", "modality", "uri"}``,
``{"type": "file", "modality", "file_id"}`` or any other ``{"type": ...}`` (models.py of the GenAI conventions).
"""


class Usage(Struct):
    """Token counts of one call, normalised: ``input_tokens`` includes cache reads and writes, ``output_tokens``
    includes reasoning; every other count is a subset of one of the two. ``None`` means the provider did not say.

    >>> Usage(input_tokens=1510, output_tokens=20, cache_read=1000, cache_write=500).uncached
    10
    """

    input_tokens: int | None = None
    output_tokens: int | None = None
    cache_read: int | None = None
    cache_write: int | None = None
    cache_write_1h: int | None = None  # the part of cache_write with a one-hour lifetime
    reasoning: int | None = None
    input_audio: int | None = None
    output_audio: int | None = None
    cache_read_audio: int | None = None
    input_image: int | None = None
    output_image: int | None = None
    input_text: int | None = None
    output_text: int | None = None
    web_searches: int | None = None  # billed per request, not per token
    audio_seconds: float | None = None  # of input, where the audio is billed by time
    units: dict[str, float] | None = None  # billed by other than tokens: search_units, pages, ...
    detailed: bool = False  # a reader filled any of the slots after ``reasoning`` or ``cache_write_1h``

    @property
    def uncached(self) -> int:
        """Input tokens billed at the full input price."""
        return (self.input_tokens or 0) - (self.cache_read or 0) - (self.cache_write or 0)


class Cost(Struct):
    """What one call cost, in ``currency``. ``source`` is ``provider`` (the amount was in the response) or ``local``
    (computed from a price table). The parts are ``None`` when the source gives only the total."""

    total: float
    input: float | None = None
    output: float | None = None
    source: str = "local"
    currency: str = "USD"
    table: str | None = None  # name and version of the price table, e.g. "genai-prices 0.2.3" or "user"
    local: float | None = None  # beside a provider's amount: what the price table says, to check the bill by
    additional: float | None = None  # the part of the total for ``Inference.beside``
    uncached: float | None = None  # what the call would have cost without a prompt cache
    standard: float | None = None  # what it would have cost in the standard service tier


class Source(Struct):
    """Something an answer refers to. ``key`` tells sources apart within one call (URL, file id, document index)."""

    key: str
    kind: str  # url | file | document | search_result | container_file
    title: str | None = None  # content: only under the content policy
    uri: str | None = None  # content: only under the content policy
    score: float | None = None  # the provider's relevance score, 0 to 1


class Citation(Struct):
    """``answer.text[start:end]`` is supported by ``answer.sources[source]``. Offsets count characters of the answer.

    A provider that gives a point instead of a span (OpenAI's ``file_citation.index``) has ``start == end``.
    """

    start: int
    end: int
    source: int
    quote: str | None = None  # the cited text of the source; content


class Answer(Struct):
    """The text of an answer with what the provider said supports it.

    >>> answer = Answer("Paris is big. It rains.", [Citation(0, 13, source=0)], [Source("doc-0", "document")])
    """

    text: str
    citations: list[Citation]
    sources: list[Source]

    def __init__(
        self, text: str = "", citations: list[Citation] | None = None, sources: list[Source] | None = None
    ) -> None:
        super().__init__(text, citations if citations is not None else [], sources if sources is not None else [])

    def source(
        self, key: str, kind: str, *, title: str | None = None, uri: str | None = None, score: float | None = None
    ) -> int:
        """The index of the source ``key``, added when it is new."""
        for index, known in enumerate(self.sources):
            if known.key == key:
                return index
        self.sources.append(Source(key, kind, title, uri, score))
        return len(self.sources) - 1


class Grounding(Struct):
    """How well an answer is supported. ``score`` is 0 to 1, or ``None`` when there is nothing to judge by."""

    score: float | None
    method: str  # citation_coverage | provider_score | user
    citation_count: int = 0
    source_count: int = 0


class Inference(Struct):
    """One logical call, retries included.

    ``attributes`` holds what has no slot here (request parameters, provider extras) under its OpenTelemetry name.
    """

    operation: str
    provider: str
    attributes: dict[str, AttributeValue]
    request_model: str | None = None
    server_address: str | None = None
    server_port: int | None = None
    stream: bool = False
    response_model: str | None = None
    response_id: str | None = None
    finish_reasons: list[str] | None = None
    usage: Usage | None = None
    additional: list[tuple[str | None, Usage]] | None = None  # billed on top of ``usage``: (model, tokens)
    usage_source: str = "missing"  # provider | injected | estimated | missing
    service_tier: str | None = None
    error: str | None = None  # the code of a failure that the response tells, instead of an exception
    reported_cost: float | None = None  # USD, in the response itself
    cost: Cost | None = None
    answer: Answer | None = None
    grounding: Grounding | None = None
    may_cite: bool = False  # the request makes citations possible: a stream's text has to be kept for grounding
    # Content, filled only when it is captured.
    system: list[dict[str, Any]] | None = None
    input: list[Message] | None = None
    output: list[Message] | None = None
    tools: list[dict[str, Any]] | None = None
    accumulator: Any = None  # what a reader accumulates over a stream's chunks
    retries: int | None = None  # how often the library sent it again, where the answer says so
    complete: bool = True  # False: the stream ended before its end

    def __init__(
        self,
        operation: str,
        provider: str,
        request_model: str | None = None,
        server_address: str | None = None,
        server_port: int | None = None,
        stream: bool = False,
        attributes: dict[str, AttributeValue] | None = None,
        **more: Any,
    ) -> None:
        if attributes is None:
            attributes = {}
        if more:
            super().__init__(operation, provider, attributes, **more)
        # Once a call, and cheaper than for any fields.
        self.operation, self.provider, self.attributes = operation, provider, attributes
        self.request_model, self.stream = request_model, stream
        self.server_address, self.server_port = server_address, server_port

    def finish(self, reason: object) -> None:
        """Adds a choice's finish reason, in order of the choices."""
        if isinstance(reason, str):
            if self.finish_reasons is None:
                self.finish_reasons = [reason]
            else:
                self.finish_reasons.append(reason)


Reader: TypeAlias = Callable[[Inference, Any], None]
"""Reads an SDK object (or the same thing as a dict) into the record. Pure: no I/O, no OpenTelemetry, never mutates
what it reads, never raises for any JSON value in any place."""

Params: TypeAlias = Mapping[str, tuple[str, type]]
"""Body key -> (attribute name, type), for the parameters that need nothing but copying."""
