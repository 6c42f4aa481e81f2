"""One call as a test looks at it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from opentelemetry.trace import get_current_span

from llmotel.model.inference import AttributeValue, Cost, Grounding, Message, Usage
from llmotel.model.json_text import resolved
from llmotel.model.outcome import Failure

if TYPE_CHECKING:
    from llmotel.model.call_record import CallRecord


@dataclass(frozen=True, slots=True)
class ToolCall:
    """A function that the model asked the application to run. ``arguments`` is what its JSON holds, or the text itself
    where that is no JSON."""

    name: str
    arguments: Any = None

    def __str__(self) -> str:
        if not isinstance(self.arguments, dict):
            return f"{self.name}({self.arguments!r})"
        return f"{self.name}({', '.join(f'{key}={value!r}' for key, value in self.arguments.items())})"


@dataclass(frozen=True, slots=True)
class RecordedCall:
    """One finished call; ``retries`` says how often the library sent it again.

    ``model`` is the one asked for, ``response_model`` the one that answered. ``duration`` and ``first_chunk`` are
    seconds. ``stream_outcome`` is ``completed``, ``closed``, ``abandoned``, ``cancelled`` or ``error``, and ``None``
    for a call that is no stream. ``system``, ``input`` and ``output`` are what was said, in the shapes of the
    conventions: here always, exported only under the content policy. ``attributes`` are those of the exported span.
    """

    operation: str
    provider: str
    model: str | None
    response_model: str | None = None
    response_id: str | None = None
    usage: Usage | None = None
    usage_source: str = "missing"
    cost_detail: Cost | None = None
    duration: float = 0.0
    stream: bool = False
    stream_outcome: str | None = None
    first_chunk: float | None = None
    finish_reasons: tuple[str, ...] = ()
    failure: Failure | None = None
    retries: int = 0
    tool_calls: tuple[ToolCall, ...] = ()
    system: list[dict[str, Any]] = field(default_factory=list)
    input: list[Message] = field(default_factory=list)
    output: list[Message] = field(default_factory=list)
    grounding: Grounding | None = None
    tags: Mapping[str, AttributeValue] = field(default_factory=dict)
    attributes: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def of(cls, call: CallRecord) -> RecordedCall:
        """What ``call`` left behind. To be taken before the engine lets go of its content."""
        inference = call.inference
        output = resolved(inference.output or [])
        return cls(
            operation=inference.operation,
            provider=inference.provider,
            model=inference.request_model,
            response_model=inference.response_model,
            response_id=inference.response_id,
            usage=inference.usage,
            usage_source=inference.usage_source,
            cost_detail=inference.cost,
            duration=call.duration,
            stream=inference.stream,
            stream_outcome=call.stream_outcome,
            first_chunk=call.first_chunk,
            finish_reasons=tuple(inference.finish_reasons or ()),
            failure=call.failure,
            retries=call.retries,
            tool_calls=tuple(
                ToolCall(str(part.get("name") or ""), part.get("arguments"))
                for part in _parts(output)
                if part.get("type") == "tool_call"
            ),
            system=list(inference.system or []),
            input=resolved(inference.input or []),
            output=output,
            grounding=inference.grounding,
            tags=dict(call.tags),
            attributes=dict(getattr(get_current_span(call.context), "attributes", None) or {}),
        )

    @property
    def input_tokens(self) -> int:
        """Tokens sent, those from and to the cache included; 0 where the provider did not say."""
        return (self.usage.input_tokens or 0) if self.usage is not None else 0

    @property
    def output_tokens(self) -> int:
        """Tokens received, reasoning included; 0 where the provider did not say."""
        return (self.usage.output_tokens or 0) if self.usage is not None else 0

    @property
    def tokens(self) -> int:
        """Tokens sent and received; 0 where the provider did not say (``usage`` is ``None`` then)."""
        return self.input_tokens + self.output_tokens

    @property
    def cost(self) -> float | None:
        """What the call cost in USD; ``None`` where that is not known."""
        return self.cost_detail.total if self.cost_detail is not None else None

    @property
    def error(self) -> str | None:
        """How the call failed (``rate_limit``, ``timeout``, ``authentication``, ``network``, ``validation``,
        ``content_filter``, ``server``, ``cancelled``, ``unknown``); ``None`` for one that did not."""
        return self.failure.outcome if self.failure is not None else None

    @property
    def text(self) -> str:
        """The text of the answer."""
        return "".join(str(part.get("content") or "") for part in _parts(self.output) if part.get("type") == "text")

    def __str__(self) -> str:
        parts = [f"{self.operation} {self.provider}/{self.model}"]
        if self.stream:
            parts.append(f"stream {self.stream_outcome}")
        parts.append(f"{self.input_tokens}+{self.output_tokens} tokens" if self.usage is not None else "no usage")
        parts.append(f"${self.cost:.6f}" if self.cost is not None else "no known price")
        parts.extend(str(tool) for tool in self.tool_calls)
        parts.append("ok" if self.failure is None else f"failed: {self.error} ({self.failure.description})")
        return ", ".join(parts)


def _parts(messages: Iterable[Message]) -> Iterator[dict[str, Any]]:
    for message in messages:
        yield from message.get("parts") or ()


__all__ = ["RecordedCall", "ToolCall"]
