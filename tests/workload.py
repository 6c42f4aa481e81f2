"""An application of which every panel of every dashboard has something to show."""

from __future__ import annotations

import time
from contextlib import suppress
from typing import Any

import anthropic
import openai

import llmotel
from llmotel.testing import ProviderServer, Reply
from llmotel.testing.anthropic_wire import blocks, messages
from llmotel.testing.openai_wire import chat, errors

QUESTION: Any = [{"role": "user", "content": "How long can I return a bike?"}]


def run(server: ProviderServer) -> None:
    """A customer's day: answers in every shape, good and bad, with retries, tools, agents, a breaker and scores."""
    model = openai.OpenAI(api_key="any", base_url=server.openai_url, max_retries=1)
    claude = anthropic.Anthropic(api_key="any", base_url=server.url, max_retries=0)
    with model, claude, llmotel.tags(tenant="acme"):
        with llmotel.tags(feature="search"):
            _answers(server, model)
        with llmotel.tags(feature="advice"):
            _sources(server, claude)
        with llmotel.tags(feature="returns"):
            _failures(server, model)
        with llmotel.tags(feature="orders"):
            _agents(model)


def _answers(server: ProviderServer, model: openai.OpenAI) -> None:
    usage = chat.usage(1200, 90, cached=1024, reasoning=40)
    server.script(Reply(chat.completion("Thirty days.", usage=usage)))
    model.chat.completions.create(model="gpt-4.1-mini", messages=QUESTION)
    llmotel.record_quality(relevance=0.9, user_satisfaction=1, hallucination=0)
    server.script(Reply(chat.completion("Thirty days, with the bill."), chunk_delay=0.005))
    list(
        model.chat.completions.create(
            model="gpt-4.1", messages=QUESTION, stream=True, stream_options={"include_usage": True}
        )
    )
    llmotel.record_quality(relevance=0.4, user_satisfaction=0, hallucination=1)
    model.embeddings.create(model="text-embedding-3-small", input=["returns"])
    model.moderations.create(model="omni-moderation-latest", input="How long?")
    model.images.generate(model="gpt-image-1", prompt="A bicycle.")
    model.chat.completions.create(model="a-model-without-a-price", messages=QUESTION)


def _sources(server: ProviderServer, claude: anthropic.Anthropic) -> None:
    cited = blocks.char_location("within 30 days", 0, 14)
    for answer in (
        [blocks.text("You can return it within 30 days.", citations=[cited])],
        [blocks.text("Within 30 days. ", citations=[cited]), blocks.text("A courier collects it for 15 euros.")],
    ):
        usage = messages.usage(412, 31, cache_write_5m=256)
        server.script(Reply(messages.message(answer, model="claude-haiku-4-5", usage=usage)))
        claude.messages.create(model="claude-haiku-4-5", max_tokens=100, messages=QUESTION)


def _failures(server: ProviderServer, model: openai.OpenAI) -> None:
    server.script(errors.reply(429, retry_after=0.01))
    model.chat.completions.create(model="gpt-4.1-mini", messages=QUESTION)
    for status in (404, 400):
        server.script(errors.reply(status))
        with suppress(openai.APIStatusError):
            model.chat.completions.create(model="gpt-4.1-mini", messages=QUESTION)


def _agents(model: openai.OpenAI) -> None:
    """One that succeeds with a tool, and one that fails with another; orders bring money, and a provider is avoided."""
    with llmotel.agent("clerk"), llmotel.tool("check_stock"):
        pass
    with suppress(LookupError), llmotel.agent("courier"):
        model.chat.completions.create(model="gpt-4.1-mini", messages=QUESTION)
        with llmotel.tool("find_address"):
            raise LookupError("no such street")
    for state in ("open", "half_open", "closed", "open"):
        llmotel.record_circuit_breaker("openai", state)
    llmotel.record_value(0.25)
    llmotel.record_value(0.000001, feature="advice")


def main(rounds: int = 1, pause: float = 0) -> None:
    """The application as a process: set up by the environment, and gone after so many days."""
    llmotel.init()
    with ProviderServer() as server:
        for _ in range(rounds):
            run(server)
            time.sleep(pause)
    assert llmotel.flush()
