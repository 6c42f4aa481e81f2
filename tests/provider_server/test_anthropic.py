"""The loopback provider server through the real Anthropic clients, which validate every body by their own types."""

from __future__ import annotations

import json
import struct
from binascii import crc32
from collections.abc import Iterator
from typing import Any

import anthropic
import pytest
from pydantic import BaseModel

from llmotel.testing import ProviderServer, Reply
from llmotel.testing.anthropic_wire import blocks, errors, eventstream, message_events, messages, platform
from llmotel.testing.reply import BROKEN

ASK: Any = [{"role": "user", "content": "What is the weather in Paris?"}]
WEATHER: Any = {"name": "get_weather", "input_schema": {"type": "object", "properties": {"city": {"type": "string"}}}}
BASE: Any = {"model": "claude-sonnet-5", "max_tokens": 100}


@pytest.fixture(scope="module")
def client(running: ProviderServer) -> Iterator[anthropic.Anthropic]:
    with anthropic.Anthropic(
        api_key="k", base_url=running.url, max_retries=0, _strict_response_validation=True
    ) as made:
        yield made


MESSAGES = {
    "text": messages.message("Paris is mild today."),
    "tool use": messages.message([
        blocks.text("Let me look."),
        blocks.tool_use("get_weather", {"city": "Paris", "days": [1, 2]}),
        blocks.tool_use("get_time", {}),
    ]),
    "thinking": messages.message(
        [blocks.thinking("Paris, so mild."), blocks.redacted_thinking(), blocks.text("Mild.")],
        usage=messages.usage(10, 50, thinking=40),
    ),
    "cited document": messages.message([
        blocks.text("It is mild", citations=[
            blocks.char_location("mild", 4, 8, title="Weather"),
            blocks.page_location("A mild day.", 1, 2, document=1),
            blocks.content_block_location("Mild.", 0, 1, document=2, title="Blocks"),
        ]),
        blocks.text(" today."),
    ]),
    "cited search result": messages.message([
        blocks.text("Mild.", citations=[
            blocks.search_result_location("mild", 0, 1, source="https://example.com/a", title="A"),
        ]),
    ]),
    "web search": messages.message([
        blocks.server_tool_use("web_search", {"query": "weather Paris"}, id="srvtoolu_1"),
        blocks.web_search_tool_result("srvtoolu_1", [
            blocks.web_search_result("https://example.com/a", "A", page_age="2 days ago"),
        ]),
        blocks.text("Mild.", citations=[
            blocks.web_search_result_location("mild", url="https://example.com/a", title="A"),
        ]),
    ], usage=messages.usage(3000, 80, web_searches=1)),
    "failed web search": messages.message([
        blocks.server_tool_use("web_search", {"query": "weather"}, id="srvtoolu_1"),
        blocks.web_search_tool_result("srvtoolu_1", "max_uses_exceeded"),
    ], stop_reason="pause_turn"),
    "cut off": messages.message("Paris is", stop_reason="max_tokens"),
    "stop sequence": messages.message("Paris is", stop_sequence="###"),
    "refusal": messages.message("I can't", stop_reason="refusal"),
    "empty": messages.message([]),
}  # fmt: skip


@pytest.mark.parametrize("body", MESSAGES.values(), ids=MESSAGES)
def test_a_streamed_message_assembles_to_the_one_that_is_not_streamed(
    server: ProviderServer, client: anthropic.Anthropic, body: dict[str, Any]
) -> None:
    server.script(Reply(body), Reply(body))
    whole = client.messages.create(**BASE, messages=ASK)
    with client.messages.stream(**BASE, messages=ASK) as stream:
        final = stream.get_final_message()
    assert whole.to_dict() == body
    assert _without_parsed(final.to_dict()) == body


@pytest.mark.parametrize("body", MESSAGES.values(), ids=MESSAGES)
def test_a_beta_message_streams_like_any_other(
    server: ProviderServer, client: anthropic.Anthropic, body: dict[str, Any]
) -> None:
    server.script(Reply(body), Reply(body))
    whole = client.beta.messages.create(**BASE, messages=ASK, betas=["context-1m-2025-08-07"])
    assert server.last.headers["anthropic-beta"] == "context-1m-2025-08-07"
    with client.beta.messages.stream(**BASE, messages=ASK) as stream:
        final = stream.get_final_message()
    assert whole.to_dict() == body
    assert _without_parsed(final.to_dict()) == body


def _without_parsed(message: Any) -> Any:
    """The stream helpers add their own field to a text."""
    for block in message["content"]:
        block.pop("parsed_output", None)
    return message


def test_a_stream_has_the_documented_order_of_events(server: ProviderServer, client: anthropic.Anthropic) -> None:
    server.script(Reply(messages.message([blocks.thinking("Hm."), blocks.text("Hi you")])))
    stream = client.messages.create(**BASE, messages=ASK, stream=True)
    assert [(event.type, getattr(getattr(event, "delta", None), "type", None)) for event in stream] == [
        ("message_start", None),
        ("content_block_start", None),
        ("content_block_delta", "thinking_delta"),
        ("content_block_delta", "signature_delta"),
        ("content_block_stop", None),
        ("content_block_start", None),
        ("content_block_delta", "text_delta"),
        ("content_block_delta", "text_delta"),
        ("content_block_stop", None),
        ("message_delta", None),
        ("message_stop", None),
    ]
    assert {"type": "ping"} in message_events.events(messages.message())  # the client keeps it to itself


def test_a_message_has_every_count_of_usage_that_was_given(server: ProviderServer, client: anthropic.Anthropic) -> None:
    usage = messages.usage(
        7, 90, cache_read=1000, cache_write_5m=200, cache_write_1h=300, thinking=40, web_searches=2, web_fetches=1,
        service_tier="priority",
    )  # fmt: skip
    server.script(Reply(messages.message(usage=usage)))
    read = client.messages.create(**BASE, messages=ASK).usage
    assert (read.input_tokens, read.output_tokens, read.cache_read_input_tokens) == (7, 90, 1000)
    assert read.cache_creation_input_tokens == 500
    assert read.cache_creation is not None
    assert read.cache_creation.ephemeral_5m_input_tokens == 200
    assert read.cache_creation.ephemeral_1h_input_tokens == 300
    assert read.server_tool_use is not None
    assert (read.server_tool_use.web_search_requests, read.server_tool_use.web_fetch_requests) == (2, 1)
    assert read.output_tokens_details is not None
    assert (read.output_tokens_details.thinking_tokens, read.service_tier) == (40, "priority")


def test_the_usage_of_a_stream_is_complete_only_at_its_end(server: ProviderServer, client: anthropic.Anthropic) -> None:
    server.script(Reply(messages.message(usage=messages.usage(7, 90, cache_read=1000))))
    events = list(client.messages.create(**BASE, messages=ASK, stream=True))
    started, ended = events[0], events[-2]
    assert started.type == "message_start"
    assert (started.message.usage.cache_read_input_tokens, started.message.usage.output_tokens) == (1000, 1)
    assert ended.type == "message_delta"
    assert ended.usage.output_tokens == 90


def test_tokens_are_counted_and_batches_and_models_answer(client: anthropic.Anthropic) -> None:
    assert client.messages.count_tokens(model="claude-sonnet-5", messages=ASK).input_tokens == 9
    request: Any = {"custom_id": "1", "params": {**BASE, "messages": ASK}}
    begun = client.messages.batches.create(requests=[request, request])
    assert (begun.processing_status, begun.request_counts.processing) == ("in_progress", 2)
    assert client.messages.batches.retrieve(begun.id).processing_status == "ended"
    assert [model.id for model in client.models.list()] == [platform.model()["id"]]
    assert client.models.retrieve("claude-opus-4-1").id == "claude-opus-4-1"


# errors


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, anthropic.BadRequestError),
        (401, anthropic.AuthenticationError),
        (403, anthropic.PermissionDeniedError),
        (404, anthropic.NotFoundError),
        (413, anthropic.APIStatusError),
        (429, anthropic.RateLimitError),
        (500, anthropic.InternalServerError),
        (529, anthropic.APIStatusError),
    ],
)
def test_an_error_status_raises_the_clients_own_exception(
    server: ProviderServer, client: anthropic.Anthropic, status: int, kind: type[anthropic.APIStatusError]
) -> None:
    server.script(errors.reply(status))
    with pytest.raises(kind) as raised:
        client.messages.create(**BASE, messages=ASK)
    assert raised.value.status_code == status
    assert raised.value.body == errors.body(status)
    assert raised.value.request_id


def test_a_rate_limit_says_when_to_come_back(server: ProviderServer, client: anthropic.Anthropic) -> None:
    server.script(errors.reply(429, "slow down", retry_after=7))
    with pytest.raises(anthropic.RateLimitError, match="slow down") as raised:
        client.messages.create(**BASE, messages=ASK)
    assert raised.value.response.headers["retry-after"] == "7"
    assert raised.value.response.headers["anthropic-ratelimit-requests-remaining"] == "0"


def test_an_unknown_path_is_not_found_in_anthropics_shape(client: anthropic.Anthropic) -> None:
    with pytest.raises(anthropic.NotFoundError, match="/v1/nothing") as raised:
        client.post("/v1/nothing", body={}, cast_to=object)
    assert isinstance(raised.value.body, dict)
    assert raised.value.body["error"]["type"] == "not_found_error"


# what is made up from a request


def test_a_tool_is_called_and_its_result_answered(client: anthropic.Anthropic) -> None:
    called = client.messages.create(**BASE, messages=ASK, tools=[WEATHER])
    [use] = called.content
    assert called.stop_reason == "tool_use"
    assert use.type == "tool_use"
    assert (use.name, use.input) == ("get_weather", {"city": "text"})
    result: Any = {
        "role": "user",
        "content": [{"type": "tool_result", "tool_use_id": use.id, "content": "mild weather"}],
    }
    turn: Any = {"role": "assistant", "content": [use.to_dict()]}
    answered = client.messages.create(**BASE, messages=[*ASK, turn, result], tools=[WEATHER])
    assert [block.to_dict() for block in answered.content] == [
        {"type": "text", "text": "Here is what I found: mild weather"}
    ]


def test_tool_choice_is_obeyed(client: anthropic.Anthropic) -> None:
    def reason(choice: Any, said: str) -> object:
        turns: Any = [{"role": "user", "content": said}]
        return client.messages.create(**BASE, messages=turns, tools=[WEATHER], tool_choice=choice).stop_reason

    assert reason({"type": "any"}, "Hello") == "tool_use"
    assert reason({"type": "tool", "name": "get_weather"}, "Hello") == "tool_use"
    assert reason({"type": "none"}, "the weather") == "end_turn"
    assert reason({"type": "auto"}, "Hello") == "end_turn"


def test_a_structured_answer_is_one_that_parses(client: anthropic.Anthropic) -> None:
    class Day(BaseModel):
        city: str
        sunny: bool

    read = client.messages.parse(**BASE, messages=ASK, output_format=Day)
    assert read.parsed_output == Day(city="text", sunny=True)


def test_a_web_search_is_answered_with_a_citation(client: anthropic.Anthropic) -> None:
    tool: Any = {"type": "web_search_20250305", "name": "web_search"}
    turns: Any = [{"role": "user", "content": "Search for the weather"}]
    read = client.messages.create(**BASE, messages=turns, tools=[tool])
    assert [block.type for block in read.content] == ["server_tool_use", "web_search_tool_result", "text"]
    assert read.usage.server_tool_use is not None
    assert read.usage.server_tool_use.web_search_requests == 1
    cited = read.content[2]
    assert cited.type == "text"
    assert cited.citations is not None
    assert cited.citations[0].type == "web_search_result_location"


@pytest.mark.parametrize(
    ("source", "location"),
    [
        ({"type": "text", "media_type": "text/plain", "data": "Paris is mild."}, "char_location"),
        ({"type": "base64", "media_type": "application/pdf", "data": "JVBERi0="}, "page_location"),
        ({"type": "content", "content": [{"type": "text", "text": "Mild."}]}, "content_block_location"),
    ],
)
def test_a_document_is_cited_when_citations_are_enabled(
    client: anthropic.Anthropic, source: dict[str, Any], location: str
) -> None:
    def kinds(enabled: bool) -> list[str]:
        document = {"type": "document", "source": source, "title": "D", "citations": {"enabled": enabled}}
        turns: Any = [{"role": "user", "content": [document, {"type": "text", "text": "Summarise."}]}]
        [block] = client.messages.create(**BASE, messages=turns).content
        assert block.type == "text"
        return [citation.type for citation in block.citations or ()]

    assert (kinds(True), kinds(False)) == ([location], [])


def test_a_search_result_that_was_brought_along_is_cited(client: anthropic.Anthropic) -> None:
    found = {"type": "search_result", "source": "kb/1", "title": "T", "content": [{"type": "text", "text": "Mild."}]}
    turns: Any = [{"role": "user", "content": [found, {"type": "text", "text": "And?"}]}]
    [block] = client.messages.create(**BASE, messages=turns).content
    assert block.type == "text"
    assert block.citations is not None
    assert block.citations[0].to_dict()["source"] == "kb/1"


def test_thinking_comes_first_when_it_is_enabled(client: anthropic.Anthropic) -> None:
    read = client.messages.create(**BASE, messages=ASK, thinking={"type": "enabled", "budget_tokens": 1024})
    assert [block.type for block in read.content] == ["thinking", "text"]


@pytest.mark.parametrize("ttl", ["5m", "1h"])
def test_a_cached_prompt_is_written_first_and_read_later(client: anthropic.Anthropic, ttl: str) -> None:
    system: Any = [{"type": "text", "text": "x" * 200, "cache_control": {"type": "ephemeral", "ttl": ttl}}]
    first = client.messages.create(**BASE, system=system, messages=[{"role": "user", "content": "Hi"}]).usage
    assert (first.input_tokens, first.cache_read_input_tokens) == (1, 0)
    assert first.cache_creation is not None
    assert (first.cache_creation.ephemeral_5m_input_tokens > 50) == (ttl == "5m")
    assert (first.cache_creation.ephemeral_1h_input_tokens > 50) == (ttl == "1h")
    turns: Any = [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Yes?"}, *ASK]
    later = client.messages.create(**BASE, system=system, messages=turns).usage
    assert later.cache_creation_input_tokens == 0
    assert later.cache_read_input_tokens is not None
    assert later.cache_read_input_tokens > 50


@pytest.mark.parametrize("body", [{"messages": ASK}, {"model": "claude-sonnet-5"}])
def test_a_request_without_model_or_messages_is_refused(client: anthropic.Anthropic, body: dict[str, Any]) -> None:
    with pytest.raises(anthropic.BadRequestError, match="Field required"):
        client.post("/v1/messages", body=body, cast_to=object)


async def test_the_async_client_works_the_same(server: ProviderServer) -> None:
    async with anthropic.AsyncAnthropic(
        api_key="k", base_url=server.url, max_retries=0, _strict_response_validation=True
    ) as client:
        whole = await client.messages.create(**BASE, messages=ASK)
        async with client.messages.stream(**BASE, messages=ASK) as stream:
            final = await stream.get_final_message()
        assert _without_parsed(final.to_dict())["content"] == whole.to_dict()["content"]


# Vertex and Bedrock


def test_vertex_has_the_model_in_its_path(server: ProviderServer) -> None:
    with anthropic.AnthropicVertex(
        project_id="p", region="us-east5", access_token="t", base_url=server.url + "/v1", max_retries=0
    ) as vertex:
        whole = vertex.messages.create(model="claude-sonnet-4-5@20250929", max_tokens=9, messages=ASK)
        assert server.last.path.endswith(":rawPredict")
        stream = vertex.messages.create(model="claude-sonnet-4-5@20250929", max_tokens=9, messages=ASK, stream=True)
        assert [event.type for event in stream][-1] == "message_stop"
        assert server.last.path.endswith(":streamRawPredict")
        assert vertex.messages.count_tokens(model="claude-sonnet-4-5@20250929", messages=ASK).input_tokens > 0
    assert whole.model == "claude-sonnet-4-5-20250929"


BEDROCK_MODEL = "us.anthropic.claude-sonnet-4-5-20250929-v1:0"


@pytest.fixture(scope="module")
def bedrock(running: ProviderServer) -> Iterator[anthropic.AnthropicBedrock]:
    pytest.importorskip("botocore", reason="AnthropicBedrock needs anthropic[bedrock]")
    with anthropic.AnthropicBedrock(api_key="k", aws_region="us-east-1", base_url=running.url, max_retries=0) as made:
        yield made


def test_bedrock_has_the_model_in_its_path(server: ProviderServer, bedrock: anthropic.AnthropicBedrock) -> None:
    whole = bedrock.messages.create(model=BEDROCK_MODEL, max_tokens=9, messages=ASK)
    assert server.last.path.endswith("/invoke")
    assert whole.model == "claude-sonnet-4-5-20250929"
    assert whole.id.startswith("msg_bdrk_")


@pytest.mark.parametrize("body", MESSAGES.values(), ids=MESSAGES)
def test_bedrock_streams_in_frames(
    server: ProviderServer, bedrock: anthropic.AnthropicBedrock, body: dict[str, Any]
) -> None:
    server.script(Reply(body))
    with bedrock.messages.stream(model=BEDROCK_MODEL, max_tokens=9, messages=ASK) as stream:
        final = stream.get_final_message()
    assert _without_parsed(final.to_dict()) == body


def test_bedrock_has_errors_of_its_own(server: ProviderServer, bedrock: anthropic.AnthropicBedrock) -> None:
    server.script(errors.bedrock(429))
    with pytest.raises(anthropic.RateLimitError) as raised:
        bedrock.messages.create(model=BEDROCK_MODEL, max_tokens=9, messages=ASK)
    assert raised.value.response.headers["x-amzn-errortype"] == "ThrottlingException"


def test_bedrock_breaks_a_stream_with_an_exception_frame(
    server: ProviderServer, bedrock: anthropic.AnthropicBedrock
) -> None:
    server.script(Reply(fault="error_event"))
    stream = bedrock.messages.create(model=BEDROCK_MODEL, max_tokens=9, messages=ASK, stream=True)
    with pytest.raises(anthropic.APIStatusError, match="Overloaded"):
        list(stream)


def test_a_frame_can_be_read_back_by_its_specification() -> None:
    event = {"type": "message_stop"}
    frame = eventstream.encode(event)
    total, head, prelude_crc = struct.unpack(">III", frame[:12])
    assert (total, prelude_crc) == (len(frame), crc32(frame[:8]))
    assert struct.unpack(">I", frame[-4:])[0] == crc32(frame[:-4])
    assert b":event-type\x07\x00\x05chunk" in frame[12 : 12 + head]
    payload = json.loads(frame[12 + head : -4])
    assert payload["bytes"] == "eyJ0eXBlIjoibWVzc2FnZV9zdG9wIn0="


def test_a_broken_frame_has_a_wrong_checksum() -> None:
    frame = eventstream.encode(BROKEN)
    assert struct.unpack(">I", frame[-4:])[0] != crc32(frame[:-4])
