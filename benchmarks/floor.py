"""The floor: what a careful developer would write by hand around each call of this one application.

One SDK span with the attributes of the conventions that llmotel records too, and the same metrics. All that can be
known beforehand is: providers, hosts, prices, which fields are there. Nothing is contained, checked or configurable.

``legacy``: duration, token usage, time to first chunk, and no cost. ``latest``: the newest conventions' whole set, with
cost. Only llmotel's own ``llmotel.*`` extras are left out.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise
from time import perf_counter
from typing import Any

from opentelemetry.trace import Span, SpanKind, Status, StatusCode

from benchmarks import bodies
from benchmarks.telemetry import Telemetry
from benchmarks.transport import Clients
from benchmarks.workloads import Calls

_OPENAI = ("openai", "api.openai.com")
_ANTHROPIC = ("anthropic", "api.anthropic.com")

# USD per token: input, cached input, cache write, output.
_PRICES = {
    bodies.OPENAI_MODEL: (2.5e-6, 1.25e-6, 0.0, 10e-6),
    bodies.ANTHROPIC_MODEL: (2e-6, 0.1e-6, 2.5e-6, 10e-6),
    bodies.EMBEDDING_MODEL: (0.02e-6, 0.0, 0.0, 0.0),
}


class Floor(Calls):
    """The calls with telemetry written by hand."""

    def __init__(self, clients: Clients, telemetry: Telemetry, *, latest: bool, content: bool) -> None:
        super().__init__(clients)
        self.content = content
        self.every = latest  # whether every chunk's arrival counts, or the first one's only
        self.tracer = telemetry.traces.get_tracer("benchmark")
        self.meters = (Latest if latest else Legacy)(telemetry)

    @contextmanager
    def span(self, operation: str, whom: tuple[str, str], request: dict[str, Any]) -> Iterator[Record]:
        record = Record(self, operation, whom, request)
        try:
            yield record
        except BaseException as error:
            record.fail(error)
            raise
        record.end()

    def chat(self) -> None:
        with self.span("chat", _OPENAI, bodies.CHAT) as record:
            record.completion(self.openai.chat.completions.create(**bodies.CHAT))

    async def async_chat(self) -> None:
        with self.span("chat", _OPENAI, bodies.CHAT) as record:
            record.completion(await self.async_openai.chat.completions.create(**bodies.CHAT))

    def chat_stream(self) -> None:
        for _ in self._chunks():
            pass

    def _chunks(self) -> Iterator[Any]:
        with self.span("chat", _OPENAI, bodies.CHAT_STREAM) as record:
            arrived, text, every = record.arrived, record.text, self.every
            for chunk in self.openai.chat.completions.create(**bodies.CHAT_STREAM):
                if every or not arrived:
                    arrived.append(perf_counter())
                if chunk.choices:
                    choice = chunk.choices[0]
                    if choice.finish_reason is not None:
                        record.finish = choice.finish_reason
                    if self.content and choice.delta.content:
                        text.append(choice.delta.content)
                if chunk.usage is not None:
                    record.openai_head(chunk)
                yield chunk

    def embeddings(self) -> None:
        with self.span("embeddings", _OPENAI, bodies.EMBEDDINGS) as record:
            response = self.openai.embeddings.create(**bodies.EMBEDDINGS)
            record.input, record.model = response.usage.prompt_tokens, response.model
            record.attributes["gen_ai.embeddings.dimension.count"] = len(response.data[0].embedding)
            record.attributes["gen_ai.request.encoding_formats"] = ("base64",)

    def message(self) -> None:
        with self.span("chat", _ANTHROPIC, bodies.MESSAGES) as record:
            record.message(self.anthropic.messages.create(**bodies.MESSAGES))

    def message_stream(self) -> None:
        for _ in self._helper_events():
            pass

    def _helper_events(self) -> Iterator[Any]:
        with self.span("chat", _ANTHROPIC, bodies.MESSAGES) as record:
            arrived, every = record.arrived, self.every
            with self.anthropic.messages.stream(**bodies.MESSAGES) as stream:
                for event in stream:
                    if every or not arrived:
                        arrived.append(perf_counter())
                    yield event
                record.message(stream.get_final_message())

    def message_events(self) -> None:
        for _ in self._events():
            pass

    def _events(self) -> Iterator[Any]:
        with self.span("chat", _ANTHROPIC, bodies.MESSAGES) as record:
            arrived, text, every = record.arrived, record.text, self.every
            for event in self.anthropic.messages.create(stream=True, **bodies.MESSAGES):
                if every or not arrived:
                    arrived.append(perf_counter())
                kind = event.type
                if kind == "content_block_delta":
                    if self.content:
                        text.append(event.delta.text)
                elif kind == "message_start":
                    record.anthropic_head(event.message)
                elif kind == "message_delta":
                    record.finish, record.output = event.delta.stop_reason, event.usage.output_tokens
                yield event


class Record:
    """One call under way."""

    __slots__ = (
        "arrived", "attributes", "cached", "clock", "cost", "dimensions", "finish", "floor", "input", "model",
        "operation", "output", "reasoning", "request", "span", "text", "written",
    )  # fmt: skip

    def __init__(self, floor: Floor, operation: str, whom: tuple[str, str], request: dict[str, Any]) -> None:
        self.floor, self.operation, self.request = floor, operation, request
        self.arrived: list[float] = []
        self.text: list[str] = []
        self.attributes: dict[str, Any] = {}
        self.finish = self.model = self.cost = None
        self.input = self.output = self.cached = self.written = self.reasoning = None
        self.dimensions: dict[str, Any] = {
            "gen_ai.operation.name": operation,
            "gen_ai.provider.name": whom[0],
            "gen_ai.request.model": request["model"],
            "server.address": whom[1],
            "server.port": 443,
        }
        self.span: Span = floor.tracer.start_span(
            f"{operation} {request['model']}", kind=SpanKind.CLIENT, attributes=self.dimensions
        )
        self.clock = perf_counter()

    def completion(self, response: Any) -> None:
        choice = response.choices[0]
        self.finish = choice.finish_reason
        if self.floor.content:
            self.text.append(choice.message.content)
        self.openai_head(response)

    def openai_head(self, response: Any) -> None:
        usage, attributes = response.usage, self.attributes
        self.input, self.output = usage.prompt_tokens, usage.completion_tokens
        self.cached = usage.prompt_tokens_details.cached_tokens
        self.reasoning = usage.completion_tokens_details.reasoning_tokens
        self.model = response.model
        attributes["gen_ai.response.id"] = response.id
        attributes["openai.api.type"] = "chat_completions"
        attributes["openai.response.service_tier"] = response.service_tier
        attributes["openai.response.system_fingerprint"] = response.system_fingerprint

    def message(self, response: Any) -> None:
        self.anthropic_head(response)
        self.finish, self.output = response.stop_reason, response.usage.output_tokens
        if self.floor.content:
            self.text.append(response.content[0].text)

    def anthropic_head(self, response: Any) -> None:
        usage = response.usage
        self.cached, self.written = usage.cache_read_input_tokens, usage.cache_creation_input_tokens
        self.input = usage.input_tokens + self.cached + self.written
        self.model = response.model
        self.attributes["gen_ai.response.id"] = response.id

    def end(self) -> None:
        attributes, request, arrived = self.attributes, self.request, self.arrived
        duration = perf_counter() - self.clock
        attributes["gen_ai.response.model"] = self.model
        attributes["gen_ai.usage.input_tokens"] = self.input
        if self.finish is not None:
            attributes["gen_ai.response.finish_reasons"] = ("stop" if self.finish == "end_turn" else self.finish,)
            attributes["gen_ai.usage.output_tokens"] = self.output
            attributes["gen_ai.usage.cache_read.input_tokens"] = self.cached
            attributes["gen_ai.request.max_tokens"] = request["max_tokens"]
        if self.written is not None:
            attributes["gen_ai.usage.cache_write.input_tokens"] = self.written
        if self.reasoning is not None:
            attributes["gen_ai.usage.reasoning.output_tokens"] = self.reasoning
        if "temperature" in request:
            attributes["gen_ai.request.temperature"] = request["temperature"]
            attributes["gen_ai.request.top_p"] = request["top_p"]
        if arrived:
            attributes["gen_ai.request.stream"] = True
            attributes["gen_ai.response.time_to_first_chunk"] = arrived[0] - self.clock
        if self.floor.content and self.operation == "chat":
            self.capture()
        self.dimensions["gen_ai.response.model"] = self.model
        self.floor.meters.record(self, duration)
        self.span.set_attributes(attributes)
        self.span.end()

    def capture(self) -> None:
        request, attributes = self.request, self.attributes
        attributes["gen_ai.input.messages"] = json.dumps(request["messages"], ensure_ascii=False)
        attributes["gen_ai.tool.definitions"] = json.dumps(request["tools"], ensure_ascii=False)
        if "system" in request:
            attributes["gen_ai.system_instructions"] = json.dumps(request["system"], ensure_ascii=False)
        said = [{"role": "assistant", "parts": [{"type": "text", "content": "".join(self.text)}]}]
        attributes["gen_ai.output.messages"] = json.dumps(said, ensure_ascii=False)

    def fail(self, error: BaseException) -> None:
        self.span.set_attribute("error.type", type(error).__qualname__)
        self.span.set_status(Status(StatusCode.ERROR))
        self.span.end()


class Legacy:
    """The three instruments of today's dashboards."""

    def __init__(self, telemetry: Telemetry) -> None:
        meter = telemetry.metrics.get_meter("benchmark")
        self.duration = meter.create_histogram("gen_ai.client.operation.duration", "s")
        self.tokens = meter.create_histogram("gen_ai.client.token.usage", "{token}")
        self.first_chunk = meter.create_histogram("gen_ai.client.operation.time_to_first_chunk", "s")

    def record(self, record: Record, duration: float) -> None:
        dimensions = record.dimensions
        self.duration.record(duration, dimensions)
        self.tokens.record(record.input, {**dimensions, "gen_ai.token.type": "input"})  # type: ignore[arg-type]
        if record.output is not None:
            self.tokens.record(record.output, {**dimensions, "gen_ai.token.type": "output"})
        if record.arrived:
            self.first_chunk.record(record.arrived[0] - record.clock, dimensions)


class Latest:
    """All instruments of the newest conventions that these calls have values for, and cost."""

    def __init__(self, telemetry: Telemetry) -> None:
        meter = telemetry.metrics.get_meter("benchmark")
        inference = "gen_ai.client.inference."
        self.duration = meter.create_histogram(inference + "duration", "s")
        self.first_chunk = meter.create_histogram(inference + "time_to_first_chunk", "s")
        self.per_chunk = meter.create_histogram(inference + "time_per_output_chunk", "s")
        self.input = meter.create_histogram(inference + "operation.input_tokens", "{token}")
        self.output = meter.create_histogram(inference + "operation.output_tokens", "{token}")
        self.counters = tuple(
            (meter.create_counter(f"{inference}usage.{name}_tokens", "{token}"), slot)
            for name, slot in (
                ("input", "input"),
                ("output", "output"),
                ("cache_read.input", "cached"),
                ("cache_write.input", "written"),
                ("reasoning.output", "reasoning"),
            )
        )
        self.embeddings = meter.create_histogram("gen_ai.client.embeddings.duration", "s")
        self.embedded = meter.create_histogram("gen_ai.client.embeddings.operation.input_tokens", "{token}")
        self.cost = meter.create_counter("llmotel.client.cost.usd", "{USD}")
        self.call_cost = meter.create_histogram("llmotel.client.operation.cost.usd", "{USD}")

    def record(self, record: Record, duration: float) -> None:
        dimensions, arrived = record.dimensions, record.arrived
        fresh, cached, written, said = _PRICES[record.request["model"]]
        read, wrote, output = record.cached or 0, record.written or 0, record.output or 0
        amount = (record.input - read - wrote) * fresh + read * cached + wrote * written + output * said  # type: ignore[operator]
        record.attributes["gen_ai.usage.cost.amount"] = amount
        record.attributes["gen_ai.usage.cost.currency"] = "USD"
        record.attributes["gen_ai.usage.cost.source"] = "local"
        self.cost.add(amount, dimensions)
        self.call_cost.record(amount, dimensions)
        if record.operation == "embeddings":
            self.embeddings.record(duration, dimensions)
            self.embedded.record(record.input, dimensions)  # type: ignore[arg-type]
            return
        self.duration.record(duration, dimensions)
        self.input.record(record.input, dimensions)  # type: ignore[arg-type]
        self.output.record(output, dimensions)
        counted = {**dimensions, "gen_ai.token.modality": "unknown"}
        for counter, slot in self.counters:
            number = getattr(record, slot)
            if number is not None:
                counter.add(number, counted)
        if arrived:
            self.first_chunk.record(arrived[0] - record.clock, dimensions)
            for before, after in pairwise(arrived):
                self.per_chunk.record(after - before, dimensions)
