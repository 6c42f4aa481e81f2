"""The spans of one answer of a retrieval app: a request in which a model embeds and another one answers."""

from __future__ import annotations

from collections.abc import Sequence

import openai
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

import llmotel
from llmotel.testing import ProviderServer


def one_trace() -> Sequence[ReadableSpan]:
    """Four spans, made by real calls against the local provider server."""
    finished = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(finished))
    tracer = provider.get_tracer("shop")
    llmotel.init(tracer_provider=provider, metrics_exporter="none", logs_exporter="none")
    with (
        ProviderServer() as server,
        openai.OpenAI(api_key="none", base_url=server.openai_url) as client,
        tracer.start_as_current_span("answer"),
        llmotel.tags(feature="support", user_id="u-17"),
    ):
        with tracer.start_as_current_span("retrieve"):
            client.embeddings.create(model="text-embedding-3-small", input="When does the workshop close?")
        client.chat.completions.create(
            model="gpt-4.1-mini",
            messages=[{"role": "user", "content": "When does the workshop close?"}],
            temperature=0.2,
        )
    llmotel.shutdown()
    return finished.get_finished_spans()
