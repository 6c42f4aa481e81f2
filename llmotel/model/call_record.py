"""A finished call as plain data: what goes from the engine to the signals, one way."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from llmotel.model.chunk_timing import ChunkTiming
from llmotel.model.inference import AttributeValue, Inference
from llmotel.model.outcome import Failure


class CallRecord:
    """One finished call. ``duration``, ``first_chunk`` and ``overhead`` are seconds, ``start_time_ns`` is since the
    epoch; ``context`` is the OpenTelemetry context that holds the call's span.

    ``attributes`` is what the span says besides identity and content, ``None`` while nothing has asked for it;
    ``rendered`` is what its content became, ``None`` where none is recorded. ``can_ask_for_usage`` says that the
    provider would send a stream's usage if it were asked.
    """

    __slots__ = (
        "attributes",
        "can_ask_for_usage",
        "context",
        "duration",
        "failure",
        "first_chunk",
        "inference",
        "library",
        "overhead",
        "recorded",
        "rendered",
        "retries",
        "start_time_ns",
        "stream_outcome",
        "tags",
        "timing",
    )

    attributes: dict[str, AttributeValue] | None
    rendered: Any

    def __init__(
        self,
        library: str,
        inference: Inference,
        context: Any,
        tags: Mapping[str, AttributeValue],
        start_time_ns: int,
        duration: float,
        failure: Failure | None,
        retries: int,
        first_chunk: float | None,
        timing: ChunkTiming | None,
        stream_outcome: str | None,
        can_ask_for_usage: bool,
    ) -> None:
        # Once a call, and cheaper than for any fields.
        self.library, self.inference, self.context, self.tags = library, inference, context, tags
        self.start_time_ns, self.duration, self.failure, self.retries = start_time_ns, duration, failure, retries
        self.first_chunk, self.timing, self.stream_outcome = first_chunk, timing, stream_outcome
        self.can_ask_for_usage = can_ask_for_usage
        self.attributes = self.rendered = None
        self.overhead = 0.0
        self.recorded = False  # the span was sampled

    @property
    def end_time_ns(self) -> int:
        """When the call ended, in nanoseconds since the epoch."""
        return self.start_time_ns + int(self.duration * 1e9)


__all__ = ["CallRecord"]
