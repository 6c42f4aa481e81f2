"""Spans as an application sends them, by OpenTelemetry's own SDK and exporter, with note taken of what was acknowledged."""

from __future__ import annotations

import random
from collections.abc import Sequence
from contextlib import AbstractContextManager

from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor, SpanExportResult
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.sdk.trace.id_generator import IdGenerator
from opentelemetry.trace import Span, use_span

from stack.running import PATIENCE

BATCH = 512  # spans per request, as the SDK's batch processor has it


class _Ids(IdGenerator):
    """The same ids in every run, so that what depends on them gives the same in every run."""

    def __init__(self, seed: int) -> None:
        self._chance = random.Random(seed)

    def generate_span_id(self) -> int:
        return self._chance.getrandbits(64) or 1

    def generate_trace_id(self) -> int:
        return self._chance.getrandbits(128) or 1


class Sender:
    """An application with a tracer. :meth:`send` exports the spans that have ended to ``url``, and returns when it has
    an answer to each request; ``acknowledged`` are the ids of the spans that were taken."""

    def __init__(self, url: str, service: str = "sender", seed: int = 1, timeout: float = PATIENCE) -> None:
        self._exporter = OTLPSpanExporter(endpoint=f"{url}/v1/traces", timeout=timeout)
        self._ended = InMemorySpanExporter()
        provider = TracerProvider(
            resource=Resource({"service.name": service}), id_generator=_Ids(seed), shutdown_on_exit=False
        )
        provider.add_span_processor(SimpleSpanProcessor(self._ended))
        self.tracer = provider.get_tracer("llmotel")
        self.acknowledged: set[bytes] = set()
        self.traces: set[str] = set()

    def within(self, span: Span) -> AbstractContextManager[Span]:
        """Spans that are started meanwhile are children of ``span``, which is not ended."""
        return use_span(span)

    def send(self) -> None:
        spans = self._ended.get_finished_spans()
        self._ended.clear()
        for start in range(0, len(spans), BATCH):
            batch = spans[start : start + BATCH]
            if self._exporter.export(batch) is SpanExportResult.SUCCESS:
                self.acknowledged.update(_span_ids(batch))
                self.traces.update(f"{span.context.trace_id:032x}" for span in batch)


def _span_ids(spans: Sequence[ReadableSpan]) -> list[bytes]:
    return [span.context.span_id.to_bytes(8, "big") for span in spans]
