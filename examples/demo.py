"""A small retrieval app with real clients, and what llmotel tells about it.  Run it with: make demo

The providers are a stand-in on this machine, so it needs no key and costs nothing. At the end its calls can be looked
at in the viewer of ``llmotel local``, until Ctrl-C (``--open`` opens a browser). With OTEL_EXPORTER_OTLP_ENDPOINT set
everything is sent there instead: look for the service llmotel-demo.
"""

from __future__ import annotations

import asyncio
import importlib.util
import json
import os
import random
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

import anthropic
import openai
from opentelemetry import trace
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from report import FEATURE, MODEL, table, trees

import llmotel
from llmotel.testing import ProviderServer, Reply, Request
from llmotel.testing.anthropic_wire import blocks, messages
from llmotel.testing.openai_wire import errors

HANDBOOK = {
    "returns": "A bicycle can be returned within 30 days when ridden less than 50 km. Frames have 5 years of warranty.",
    "delivery": "Delivery takes 3 to 5 working days. Cargo bikes come by freight and take up to 2 weeks.",
    "service": "The first inspection is free within 3 months. A full service costs 89 euros and takes one day.",
    "hours": "The shop is open Tuesday to Saturday, 10 to 18. The workshop closes at 16.",
}
QUESTIONS = [
    "Can I bring the bike back after two weeks?",
    "When does the workshop close?",
    "What is a full service?",
    "How long does a cargo bike take?",
    "Is the frame under warranty?",
    "Are you open on Mondays?",
]
STOCK = {
    "type": "function",
    "function": {
        "name": "check_stock",
        "description": "How many of an article are in the shop.",
        "parameters": {"type": "object", "properties": {"article": {"type": "string"}}, "required": ["article"]},
    },
}
tracer = trace.get_tracer("bicycle-shop")


class NoCourierError(Exception):
    """Nobody comes to collect a bike on that day."""


class Shop:
    """The application: it answers questions from its handbook.

    Of llmotel it only knows what nobody else could say: which feature this is, what it earns, how good an answer was,
    which agent and which tool is at work, and that it has given up on a model.
    """

    def __init__(self, server: ProviderServer) -> None:
        llmotel.record_circuit_breaker("gpt-3", "closed")
        self.openai = openai.OpenAI(api_key="demo", base_url=server.openai_url)
        self.async_openai = openai.AsyncOpenAI(api_key="demo", base_url=server.openai_url)
        self.anthropic = anthropic.Anthropic(api_key="demo", base_url=server.url)
        self.index: list[tuple[str, list[float]]] = []

    def read_handbook(self) -> None:
        """Embeds the handbook: one call with many inputs."""
        with tracer.start_as_current_span("index handbook"), llmotel.tags(feature="indexing"):
            self.index = list(zip(HANDBOOK, self.embed(list(HANDBOOK.values())), strict=True))

    def embed(self, texts: list[str]) -> list[list[float]]:
        response = self.openai.embeddings.create(model="text-embedding-3-small", input=texts, dimensions=64)
        return [entry.embedding for entry in response.data]

    def retrieve(self, question: str) -> str:
        """The two chapters nearest to a question."""
        with tracer.start_as_current_span("retrieve"):
            [asked] = self.embed([question])
            near = sorted(self.index, key=lambda entry: -sum(a * b for a, b in zip(entry[1], asked, strict=True)))
            return "\n".join(HANDBOOK[chapter] for chapter, _ in near[:2])

    def answer(self, question: str) -> str | None:
        """Synchronous: retrieve, then ask."""
        with tracer.start_as_current_span("answer"), llmotel.tags(feature="support", user_id="u-17"):
            completion = self.openai.chat.completions.create(
                model="gpt-4.1-mini", messages=_prompt(question, self.retrieve(question)), temperature=0.2
            )
            llmotel.record_quality(relevance=0.9, hallucination=False)  # as a judge would
            llmotel.record_value(0.002)
            return completion.choices[0].message.content

    async def answer_all(self, questions: list[str]) -> None:
        """Asynchronous: many questions at once, each in a trace of its own."""

        async def answer(question: str) -> None:
            with tracer.start_as_current_span("answer in the background"), llmotel.tags(feature="mailbox"):
                await self.async_openai.chat.completions.create(
                    model="gpt-4.1-mini", messages=_prompt(question, HANDBOOK["returns"])
                )
                llmotel.record_value(0.00001)  # letters do not pay

        await asyncio.gather(*(answer(question) for question in questions))

    async def answer_live(self, question: str) -> str:
        """Streaming. The app does not ask for usage; LLMOTEL_STREAM_USAGE=inject does, and the app sees none of it."""
        with tracer.start_as_current_span("answer live"), llmotel.tags(feature="chat"):
            llmotel.record_value(0.001)
            stream = await self.async_openai.chat.completions.create(
                model="gpt-4.1", messages=_prompt(question, self.retrieve(question)), stream=True
            )
            return "".join([chunk.choices[0].delta.content or "" async for chunk in stream])

    def order(self, request: str) -> str | None:
        """An agent with a tool: the model asks for the stock, the app looks, the model answers."""
        with llmotel.tags(feature="orders"), llmotel.agent("seller"):
            said: list[Any] = [{"role": "user", "content": request}]
            first = self.openai.chat.completions.create(model="gpt-4.1", messages=said, tools=[STOCK])
            message = first.choices[0].message
            for call in message.tool_calls or ():
                with llmotel.tool(call.function.name, call_id=call.id) as run:
                    run.arguments(call.function.arguments)
                    result = json.dumps({"article": call.function.arguments, "in_stock": 3})
                    run.result(result)
                said += [message, {"role": "tool", "tool_call_id": call.id, "content": result}]
            llmotel.record_value(12.5)
            return self.openai.chat.completions.create(model="gpt-4.1", messages=said).choices[0].message.content

    def collect(self, day: str) -> None:
        """An agent that fails, because its tool does."""
        with llmotel.tags(feature="orders"), suppress(NoCourierError), llmotel.agent("dispatcher"):
            book_courier(day)

    def advise(self, *questions: str) -> None:
        """A conversation on a cached prompt: the first turn writes the handbook to the cache, the others read it."""
        handbook = {"type": "text", "text": "\n".join(HANDBOOK.values()) * 8, "cache_control": {"type": "ephemeral"}}
        said: list[Any] = []
        with tracer.start_as_current_span("advise"), llmotel.tags(feature="advice", session_id="s-4"):
            llmotel.record_value(1.5)
            for question in questions:
                said.append({"role": "user", "content": question})
                with self.anthropic.messages.stream(
                    model="claude-sonnet-4-6", max_tokens=300, system=[handbook], messages=said
                ) as stream:
                    said.append({"role": "assistant", "content": stream.get_final_text()})

    def cite(self, question: str) -> None:
        """An answer with citations: llmotel says how much of it they cover."""
        documents = [
            {
                "type": "document",
                "title": chapter,
                "source": {"type": "text", "media_type": "text/plain", "data": text},
                "citations": {"enabled": True},
            }
            for chapter, text in HANDBOOK.items()
        ]
        with tracer.start_as_current_span("cite"), llmotel.tags(feature="advice"):
            self.anthropic.messages.create(
                model="claude-haiku-4-5",
                max_tokens=300,
                messages=[{"role": "user", "content": [*documents, {"type": "text", "text": question}]}],
            )
            llmotel.record_quality(user_satisfaction=1)

    def ask_a_model_that_is_gone(self) -> None:
        """An error: the app sees the very exception that it would see without llmotel."""
        with tracer.start_as_current_span("old model"), llmotel.tags(feature="support"):
            try:
                self.openai.chat.completions.create(model="gpt-3", messages=_prompt(QUESTIONS[0], ""))
            except openai.NotFoundError:
                llmotel.record_circuit_breaker("gpt-3", "open")

    async def close(self) -> None:
        self.openai.close()
        self.anthropic.close()
        await self.async_openai.close()


@llmotel.tool("book_courier")
def book_courier(day: str) -> None:
    raise NoCourierError(f"nobody comes on {day}")


def _prompt(question: str, context: str) -> list[Any]:
    return [
        {"role": "system", "content": f"Answer from the handbook of the shop:\n{context}"},
        {"role": "user", "content": question},
    ]


class OrdinaryDay:
    """How the stand-in behaves: now and then slow, once overloaded, once out of order."""

    def __init__(self) -> None:
        self.chance = random.Random(4)
        self.troubles = [errors.reply(429, retry_after=0.1), errors.reply(500, retry_after=0.1)]

    def __call__(self, request: Request) -> Reply:
        said = json.dumps(request.json)
        if request.get("model") == "gpt-3":
            return errors.reply(404, code="model_not_found")
        if "When does the workshop close?" in said and self.troubles and request.path.endswith("/chat/completions"):
            return self.troubles.pop(0)
        if request.path.endswith("/embeddings"):
            return Reply(delay=0.02 + 0.03 * self.chance.random())
        body = _cited_answer() if '"document"' in said else None
        return Reply(body, delay=0.1 + 0.6 * self.chance.random() ** 4, chunk_delay=0.01)


def _cited_answer() -> dict[str, Any]:
    """Three claims, of which the handbook supports two."""
    returns, hours = HANDBOOK["returns"], HANDBOOK["hours"]
    thirty_days = blocks.char_location(returns[:69], 0, 69)
    until_six = blocks.char_location(hours[:46], 0, 46, document=3)
    return messages.message(
        [
            blocks.text("You can return it within 30 days. ", citations=[thirty_days]),
            blocks.text("We are open until six in the evening. ", citations=[until_six]),
            blocks.text("A courier can collect it for 15 euros."),
        ],
        model="claude-haiku-4-5-20251001",
        usage=messages.usage(412, 31),
    )


@contextmanager
def step(text: str) -> Iterator[None]:
    print(f"  {text:<58}", end="", flush=True)
    begun = time.perf_counter()
    yield
    print(f"{time.perf_counter() - begun:5.1f} s", flush=True)


async def run(shop: Shop) -> None:
    with step("embedding the handbook"):
        shop.read_handbook()
    with step("answering questions, one with two retries"):
        for question in QUESTIONS:
            shop.answer(question)
    with step("answering 24 letters at once"):
        await shop.answer_all(QUESTIONS * 4)
    with step("answering live, streaming"):
        for question in QUESTIONS[:3]:
            await shop.answer_live(question)
    with step("taking an order, an agent with a tool"):
        shop.order("How many Gravel 3 are in stock?")
    with step("sending a courier, a tool that fails"):
        shop.collect("Sunday")
    with step("giving advice on a cached prompt, streaming"):
        shop.advise("Which bike for the city?", "And with two children?", "What does the service cost then?")
    with step("answering with citations"):
        shop.cite("How can I return a bike, and until when are you open?")
    with step("asking a model that is gone"):
        shop.ask_a_model_that_is_gone()
    await shop.close()


class Viewer:
    """``llmotel local`` in a process of its own, which keeps the demo's telemetry in memory."""

    def __init__(self, *arguments: str) -> None:
        with socket.socket() as probe:
            free = probe.connect_ex(("127.0.0.1", 4318)) != 0
        self._process = subprocess.Popen(
            [sys.executable, "-m", "llmotel.cli", "local", "--memory", "--port", "4318" if free else "0", *arguments],
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,  # Ctrl-C is for the demo, which ends it
        )
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise SystemExit(self._process.wait())
        self.url = line.split()[2]

    @staticmethod
    def available() -> bool:
        """Whether what it needs is installed."""
        return all(importlib.util.find_spec(name) for name in ("duckdb", "starlette", "uvicorn"))

    def wait(self) -> None:
        """Until Ctrl-C, where somebody is there to press it."""
        if sys.stdin.isatty() and sys.stdout.isatty() and not os.environ.get("CI"):
            with suppress(KeyboardInterrupt):
                self._process.wait()

    def end(self) -> None:
        self._process.send_signal(signal.SIGTERM)
        self._process.wait()
        if self._process.stdout is not None:
            self._process.stdout.close()


def main() -> None:
    endpoint = os.environ.get("OTEL_EXPORTER_OTLP_ENDPOINT")
    viewer = Viewer(*sys.argv[1:]) if not endpoint and Viewer.available() else None
    if viewer is not None:
        os.environ["OTEL_EXPORTER_OTLP_ENDPOINT"] = viewer.url
    try:
        show(endpoint, viewer)
    finally:
        if viewer is not None:
            viewer.end()


def show(endpoint: str | None, viewer: Viewer | None) -> None:
    exporter = "otlp" if endpoint or viewer else "none"
    llmotel.init(
        service_name="llmotel-demo",
        stream_usage="inject",
        metric_tags="feature",
        traces_exporter=exporter,
        metrics_exporter=exporter,
        logs_exporter=exporter,
        # Nobody's words but the demo's own, so that the viewer has conversations to show.
        capture_content="SPAN_ONLY" if viewer else "NO_CONTENT",
    )
    finished = InMemorySpanExporter()
    trace.get_tracer_provider().add_span_processor(SimpleSpanProcessor(finished))

    print("A bicycle shop answers its customers. Real openai and anthropic clients, providers on this machine.\n")
    with ProviderServer() as server:
        server.script(*[OrdinaryDay()] * 200)
        asyncio.run(run(Shop(server)))

    spans = finished.get_finished_spans()
    print(f"\n{trees(spans)}")
    print(f"\n{table(spans, MODEL, 'model')}")
    print(f"\n{table(spans, FEATURE, 'feature')}")
    if endpoint:
        arrived = llmotel.flush()
        print(f"\n{'Sent to' if arrived else 'Could not send all of it to'} {endpoint}, as service llmotel-demo.")
    elif viewer is not None:
        llmotel.flush()
        print(f"\nIts calls, with what was said, are at {viewer.url} until Ctrl-C.", flush=True)
        viewer.wait()
        llmotel.shutdown()
    else:
        print(
            "\nNothing was sent. OTEL_EXPORTER_OTLP_ENDPOINT=http://localhost:4318 make demo sends it to a collector."
        )


if __name__ == "__main__":
    main()
