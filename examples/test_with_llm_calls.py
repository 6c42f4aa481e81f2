"""How an application tests what its LLM calls do, cost and give away. The fixture llm_calls comes with llmotel."""

from __future__ import annotations

from collections.abc import Iterator

import openai
import pytest

from llmotel.testing import ProviderServer, Reply
from llmotel.testing.calls import LlmCalls
from llmotel.testing.openai_wire import chat

BOOKING = {
    "type": "function",
    "function": {"name": "book_table", "parameters": {"type": "object", "properties": {"guests": {"type": "integer"}}}},
}


def assistant(client: openai.OpenAI, wish: str) -> openai.types.chat.ChatCompletion:
    """The application."""
    return client.chat.completions.create(
        model="gpt-4.1-mini", messages=[{"role": "user", "content": wish}], tools=[BOOKING]
    )


@pytest.fixture
def server() -> Iterator[ProviderServer]:
    """Stands in for the provider; llm_calls works just as well with recorded or mocked HTTP."""
    with ProviderServer() as server:
        yield server


@pytest.fixture
def client(server: ProviderServer) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(api_key="any", base_url=server.openai_url) as client:
        yield client


def test_a_wish_for_a_table_books_one(llm_calls: LlmCalls, client: openai.OpenAI, server: ProviderServer) -> None:
    server.script(Reply(chat.completion(tool_calls=[chat.tool_call("book_table", {"guests": 4, "time": "19:30"})])))
    assistant(client, "A table for four at half past seven")
    llm_calls.assert_tool_called("book_table", guests=4)
    assert llm_calls.only.finish_reasons == ("tool_call",)


def test_small_talk_is_cheap(llm_calls: LlmCalls, client: openai.OpenAI) -> None:
    assistant(client, "Good evening!")
    llm_calls.assert_models("gpt-4.1-mini")
    llm_calls.assert_cost_below(0.001)
    assert llm_calls.only.tokens < 200


def test_what_guests_say_stays_out_of_the_telemetry(llm_calls: LlmCalls, client: openai.OpenAI) -> None:
    assistant(client, "I am Ada Lovelace and allergic to nuts")
    llm_calls.assert_no_content("Ada Lovelace", "allergic")
