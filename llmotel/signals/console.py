"""One readable line per call, for the first minute of use: does it work, and what does it cost?"""

from __future__ import annotations

import sys
from decimal import Decimal
from typing import TextIO

from llmotel.model.inference import Cost, Inference, Usage
from llmotel.model.outcome import Failure

_TINY = 0.0001  # USD; below, four digits say nothing


class ConsoleLine:
    """Writes calls to ``stream``, by default what ``sys.stderr`` is at that moment.

    No line holds content: models, counts, prices and times only.

    ``gpt-4o-2024-08-06  1,510 in (1,000 cached)  20 out  $0.0034  1.24 s  first chunk 0.31 s  ok``
    """

    def __init__(self, stream: TextIO | None = None) -> None:
        self._stream = stream

    def write(
        self,
        inference: Inference,
        seconds: float,
        first_chunk_seconds: float | None,
        failure: Failure | None,
        stream_outcome: str | None = None,
    ) -> None:
        """Prints the line of one finished call. ``failure`` is ``None`` for a call that succeeded, ``stream_outcome``
        for one that was no stream."""
        parts = [
            inference.response_model or inference.request_model or inference.operation,
            *_tokens(inference.usage, inference.stream),
            _cost(inference.cost),
            f"{seconds:.2f} s",
        ]
        if first_chunk_seconds is not None:
            parts.append(f"first chunk {first_chunk_seconds:.2f} s")
        if failure is not None:
            parts.append(f"{failure.outcome} ({failure.description})")
        else:
            parts.append("ok" if stream_outcome in (None, "completed") else f"stream {stream_outcome}")
        stream = self._stream or sys.stderr
        if stream is not None:  # pythonw and some daemons have none
            stream.write(f"llmotel: {'  '.join(part for part in parts if part)}\n")
            stream.flush()


def _tokens(usage: Usage | None, stream: bool) -> list[str]:
    if usage is None:
        return ["no usage in the stream"] if stream else []
    parts = []
    if usage.input_tokens is not None:
        cached = f" ({usage.cache_read:,} cached)" if usage.cache_read else ""
        parts.append(f"{usage.input_tokens:,} in{cached}")
    if usage.output_tokens is not None:
        parts.append(f"{usage.output_tokens:,} out")
    return parts


def _cost(cost: Cost | None) -> str:
    if cost is None:
        return ""
    # Two digits of a tiny amount, as a fixed number: 0.000023, not 2.3e-05.
    amount = f"{cost.total:.4f}" if cost.total >= _TINY or cost.total == 0 else f"{Decimal(f'{cost.total:.2g}'):f}"
    return f"${amount}" if cost.currency == "USD" else f"{amount} {cost.currency}"


__all__ = ["ConsoleLine"]
