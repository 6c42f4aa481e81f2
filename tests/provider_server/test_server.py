"""The loopback provider server itself: what it records, how it is scripted, and the faults it can have."""

from __future__ import annotations

import asyncio
import http.client
import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any, get_args

import anthropic
import openai
import pytest

from llmotel.errors import LlmotelError
from llmotel.testing import ProviderServer, Reply, Request
from llmotel.testing.anthropic_wire import messages
from llmotel.testing.openai_wire import chat, responses
from llmotel.testing.reply import Fault
from llmotel.testing.samples import pieces, value_of

ASK: Any = [{"role": "user", "content": "Hello there"}]


@pytest.fixture(scope="module")
def client(running: ProviderServer) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(api_key="sk-test", base_url=running.openai_url, max_retries=0, timeout=120) as made:
        yield made


@pytest.fixture(scope="module")
def claude(running: ProviderServer) -> Iterator[anthropic.Anthropic]:
    with anthropic.Anthropic(api_key="k", base_url=running.url, max_retries=0, timeout=120) as made:
        yield made


def say(client: openai.OpenAI, **more: Any) -> Any:
    return client.chat.completions.create(model="gpt-4.1", messages=ASK, **more)


def say_claude(claude: anthropic.Anthropic, **more: Any) -> Any:
    return claude.messages.create(model="claude-sonnet-5", max_tokens=9, messages=ASK, **more)


# recording and scripting


def test_a_request_is_recorded_as_it_came(server: ProviderServer, client: openai.OpenAI) -> None:
    client.with_options(default_query={"api-version": "1"}).chat.completions.create(model="gpt-4.1", messages=ASK)
    request = server.last
    assert (request.number, request.method, request.path) == (0, "POST", "/v1/chat/completions")
    assert request.query == {"api-version": "1"}
    assert request.headers["authorization"] == "Bearer sk-test"
    assert request.json == {"messages": ASK, "model": "gpt-4.1"}
    assert json.loads(request.body) == request.json
    assert server.requests == [request]


def test_replies_are_sent_in_the_order_of_the_script_and_then_made_up(
    server: ProviderServer, client: openai.OpenAI
) -> None:
    server.script(Reply(chat.completion("one")), Reply(chat.completion("two")))
    assert [say(client).choices[0].message.content for _ in range(3)] == ["one", "two", "You said: Hello there"]


def test_a_function_can_answer(server: ProviderServer, client: openai.OpenAI) -> None:
    def answer(request: Request) -> Reply:
        return Reply(chat.completion(request.json["model"].upper()))

    server.script(answer)
    assert say(client).choices[0].message.content == "GPT-4.1"


def test_a_function_that_fails_says_so_to_the_client(server: ProviderServer, client: openai.OpenAI) -> None:
    def answer(request: Request) -> Reply:
        raise KeyError("oops")

    server.script(answer)
    with pytest.raises(openai.InternalServerError, match="ProviderServer failed to reply: KeyError"):
        say(client)


def test_a_reply_without_a_body_has_the_one_made_up(server: ProviderServer, client: openai.OpenAI) -> None:
    server.script(Reply(headers={"X-Request-Id": "req_mine"}, delay=0.01))
    raw = client.chat.completions.with_raw_response.create(model="gpt-4.1", messages=ASK)
    assert raw.headers["x-request-id"] == "req_mine"
    assert raw.parse().choices[0].message.content == "You said: Hello there"


def test_a_reply_of_an_error_status_has_the_providers_error(server: ProviderServer, client: openai.OpenAI) -> None:
    server.script(Reply(status=401))
    with pytest.raises(openai.AuthenticationError, match="Incorrect API key"):
        say(client)


def test_events_are_sent_as_they_are_given(server: ProviderServer, client: openai.OpenAI) -> None:
    server.script(Reply(events=[": a comment", *chat.chunks(chat.completion("a b"))], chunk_delay=0.001))
    assert "".join(chunk.choices[0].delta.content or "" for chunk in say(client, stream=True)) == "a b"


def test_a_generator_of_events_lets_a_test_hold_a_stream_open(server: ProviderServer, client: openai.OpenAI) -> None:
    seen = threading.Event()
    chunks = chat.chunks(chat.completion("a b"))

    def held() -> Iterator[Any]:
        yield chunks[0]
        assert seen.wait(20)  # the client has read the first chunk before there is another
        yield from chunks[1:]

    server.script(Reply(events=held()))
    stream = iter(say(client, stream=True))
    first = next(stream)
    seen.set()
    assert [first, *stream][-1].choices[0].finish_reason == "stop"


def test_a_body_that_cannot_be_streamed_says_what_to_do(server: ProviderServer, client: openai.OpenAI) -> None:
    server.script(Reply({"not": "a completion"}))
    with pytest.raises(openai.InternalServerError, match=r"give Reply\(events=\.\.\.\)"):
        say(client, stream=True)


def test_the_server_forgets_on_demand(server: ProviderServer, client: openai.OpenAI) -> None:
    say(client)
    server.script(Reply(status=500))
    server.clear()
    assert server.requests == []
    assert say(client).choices


def test_without_a_request_there_is_no_last_one(server: ProviderServer) -> None:
    with pytest.raises(LlmotelError, match="base_url"):
        server.last  # noqa: B018


def test_a_server_that_does_not_run_has_no_url() -> None:
    with pytest.raises(LlmotelError, match="with ProviderServer"):
        ProviderServer().url  # noqa: B018


def test_an_unknown_fault_is_refused() -> None:
    with pytest.raises(LlmotelError, match=r"'explode'.*cut.*hang"):
        Reply(fault="explode")  # type: ignore[arg-type]


def test_a_reply_has_a_body_or_events_but_not_both() -> None:
    with pytest.raises(LlmotelError, match="both body and events"):
        Reply(chat.completion(), events=[])


# HTTP


def test_a_body_that_is_not_json_is_refused(server: ProviderServer) -> None:
    status, body = _post(server, "/v1/chat/completions", b"{not json", {"content-type": "application/json"})
    assert (status, body["error"]["type"]) == (400, "invalid_request_error")


def test_a_chunked_request_is_read(server: ProviderServer) -> None:
    parts = iter([b'{"model": "gpt-4.1", ', b'"input": "Hi"}'])
    status, _ = _post(server, "/v1/embeddings", parts, {"content-type": "application/json"})
    assert (status, server.last.json) == (200, {"model": "gpt-4.1", "input": "Hi"})


def test_an_unknown_path_is_not_found(server: ProviderServer) -> None:
    status, body = _post(server, "/v1/nothing", b"", {})
    assert (status, body["error"]["message"]) == (404, "No such endpoint: /v1/nothing")


def test_any_prefix_of_the_path_works(server: ProviderServer) -> None:
    with openai.OpenAI(api_key="k", base_url=server.url + "/api/paas/v4", max_retries=0) as client:
        assert say(client).choices
    assert server.last.path == "/api/paas/v4/chat/completions"


def test_one_connection_serves_many_requests(server: ProviderServer) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", int(server.url.rpartition(":")[2]))
    sockets = set()
    for _ in range(3):
        connection.request("GET", "/v1/models")
        connection.getresponse().read()
        sockets.add(connection.sock)
    connection.close()
    assert len(sockets) == 1
    assert len(server.requests) == 3


def _post(server: ProviderServer, path: str, body: Any, headers: dict[str, str]) -> tuple[int, Any]:
    connection = http.client.HTTPConnection("127.0.0.1", int(server.url.rpartition(":")[2]))
    connection.request("POST", path, body, headers)
    response = connection.getresponse()
    made = response.status, json.loads(response.read())
    connection.close()
    return made


# faults


@pytest.mark.parametrize("fault", ["reset", "cut"])
def test_a_broken_connection_is_a_connection_error(
    server: ProviderServer, client: openai.OpenAI, claude: anthropic.Anthropic, fault: Fault
) -> None:
    server.script(Reply(fault=fault), Reply(fault=fault))
    with pytest.raises(openai.APIConnectionError):
        say(client)
    with pytest.raises(anthropic.APIConnectionError):
        say_claude(claude)


@pytest.mark.parametrize("fault_after", [0, 1, 3])
def test_a_cut_stream_breaks_after_as_many_events_as_were_said(
    server: ProviderServer, client: openai.OpenAI, fault_after: int
) -> None:
    server.script(Reply(fault="cut", fault_after=fault_after))
    received: list[Any] = []
    with pytest.raises(openai.APIConnectionError, match="Connection error"):
        received.extend(say(client, stream=True))
    assert len(received) == fault_after


def test_a_cut_stream_of_messages_breaks_too(server: ProviderServer, claude: anthropic.Anthropic) -> None:
    server.script(Reply(fault="cut", fault_after=4))
    received: list[Any] = []
    with pytest.raises(Exception, match="peer closed connection"):
        received.extend(say_claude(claude, stream=True))
    assert [event.type for event in received] == [
        "message_start",
        "content_block_start",
        "content_block_delta",
    ]  # the fourth is a ping


def test_a_malformed_body_is_not_json(
    server: ProviderServer, client: openai.OpenAI, claude: anthropic.Anthropic
) -> None:
    server.script(Reply(fault="malformed"), Reply(fault="malformed"))
    with pytest.raises(ValueError):
        say(client)
    with pytest.raises(ValueError):
        say_claude(claude)


def test_a_malformed_event_is_not_json(
    server: ProviderServer, client: openai.OpenAI, claude: anthropic.Anthropic
) -> None:
    server.script(Reply(fault="malformed_sse"))
    received: list[Any] = []
    with pytest.raises(json.JSONDecodeError):
        received.extend(say(client, stream=True))
    assert len(received) == 2


def test_an_empty_body_has_no_bytes(server: ProviderServer, client: openai.OpenAI) -> None:
    server.script(Reply(fault="empty"))
    raw = client.chat.completions.with_raw_response.create(model="gpt-4.1", messages=ASK)
    assert (raw.status_code, raw.content) == (200, b"")


def test_a_hanging_request_times_out(
    server: ProviderServer, client: openai.OpenAI, claude: anthropic.Anthropic
) -> None:
    server.script(Reply(fault="hang"), Reply(fault="hang"))
    with pytest.raises(openai.APITimeoutError):
        say(client, timeout=0.05)
    with pytest.raises(anthropic.APITimeoutError):
        say_claude(claude, timeout=0.05)


def test_a_stop_ends_a_request_that_hangs() -> None:
    arrived = threading.Event()

    def hang(request: Request) -> Reply:
        arrived.set()
        return Reply(fault="hang")

    server = ProviderServer().start()
    server.script(hang)
    with openai.OpenAI(api_key="k", base_url=server.openai_url, max_retries=0) as client, ThreadPoolExecutor() as pool:
        waiting = pool.submit(say, client)
        assert arrived.wait(20)
        server.stop()
        assert isinstance(waiting.exception(20), openai.APIConnectionError)


def test_an_error_event_ends_a_chat_stream(server: ProviderServer, client: openai.OpenAI) -> None:
    server.script(Reply(fault="error_event", fault_after=3))
    received: list[Any] = []
    with pytest.raises(openai.APIError, match="The server had an error"):
        received.extend(say(client, stream=True))
    assert len(received) == 3


def test_an_error_event_ends_a_response_stream(server: ProviderServer, client: openai.OpenAI) -> None:
    server.script(Reply(fault="error_event"))
    events = list(client.responses.create(model="gpt-4.1", input="Hi", stream=True))
    assert [event.type for event in events] == ["response.created", "response.in_progress", "error"]


def test_an_error_event_ends_a_stream_of_messages(server: ProviderServer, claude: anthropic.Anthropic) -> None:
    server.script(Reply(fault="error_event"))
    with pytest.raises(anthropic.APIStatusError, match="Overloaded"):
        list(say_claude(claude, stream=True))


def test_unknown_events_do_not_change_what_a_stream_says(
    server: ProviderServer, client: openai.OpenAI, claude: anthropic.Anthropic
) -> None:
    server.script(*[Reply(fault="unknown_events")] * 3)
    chunks = list(say(client, stream=True))
    assert "".join(part.delta.content or "" for chunk in chunks for part in chunk.choices) == "You said: Hello there"
    assert "chat.completion.vendor_event" in {chunk.object for chunk in chunks}
    events = list(client.responses.create(model="gpt-4.1", input="Hi", stream=True))
    assert "response.vendor_event" in {event.type for event in events}
    kinds = {event.type for event in say_claude(claude, stream=True)}
    assert {"vendor_event", "message_stop"} <= kinds


@pytest.mark.parametrize("fault", get_args(Fault))
def test_the_server_serves_on_after_every_fault(server: ProviderServer, client: openai.OpenAI, fault: Fault) -> None:
    server.script(Reply(fault=fault))
    try:
        list(say(client, stream=True, timeout=0.1))
    except (openai.OpenAIError, ValueError):
        pass
    assert say(client).choices


# many at once


def test_64_threads_get_the_answers_to_their_own_questions(server: ProviderServer, client: openai.OpenAI) -> None:
    def ask(number: int) -> str:
        turns: Any = [{"role": "user", "content": f"number {number}"}]
        stream = client.chat.completions.create(model="gpt-4.1", messages=turns, stream=True)
        return "".join(chunk.choices[0].delta.content or "" for chunk in stream)

    with ThreadPoolExecutor(64) as pool:
        answers = list(pool.map(ask, range(128)))
    assert answers == [f"You said: number {number}" for number in range(128)]
    assert sorted(request.number for request in server.requests) == list(range(128))


async def test_1000_tasks_that_connect_at_once_are_served(server: ProviderServer) -> None:
    # Bare sockets: with so many at once, the pool of an SDK's client would take most of the time.
    port = int(server.url.rpartition(":")[2])
    connections = await asyncio.gather(*(asyncio.open_connection("127.0.0.1", port) for _ in range(1000)))

    async def ask(number: int, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> str:
        body = json.dumps({"model": "gpt-4.1", "input": f"number {number}"}).encode()
        writer.write(b"POST /v1/responses HTTP/1.1\r\nconnection: close\r\ncontent-type: application/json\r\n")
        writer.write(b"content-length: %d\r\n\r\n%b" % (len(body), body))
        answer = (await reader.read()).partition(b"\r\n\r\n")[2]
        writer.close()
        await writer.wait_closed()
        text: str = json.loads(answer)["output"][0]["content"][0]["text"]
        return text

    answers = await asyncio.gather(*(ask(number, *pair) for number, pair in enumerate(connections)))
    assert answers == [f"You said: number {number}" for number in range(1000)]


def test_a_client_may_leave_a_stream_at_any_time(server: ProviderServer, client: openai.OpenAI) -> None:
    server.script(Reply(chat.completion("word " * 5_000)))
    with say(client, stream=True) as stream:
        next(iter(stream))
    assert say(client).choices


def test_the_server_starts_again_after_a_stop() -> None:
    server = ProviderServer()
    for _ in range(2):
        with server, openai.OpenAI(api_key="k", base_url=server.openai_url, max_retries=0) as client:
            assert say(client).choices
    assert len(server.requests) == 2


def test_a_stop_leaves_no_thread_behind() -> None:
    before = set(threading.enumerate())  # some of another test may end meanwhile
    with ProviderServer() as server, openai.OpenAI(api_key="k", base_url=server.openai_url, max_retries=0) as client:
        assert say(client).choices
        assert set(threading.enumerate()) - before
        server.stop()
        assert set(threading.enumerate()) <= before


# the ingredients


def test_the_package_imports_nothing_until_it_is_used() -> None:
    heavy = "[name for name in sys.modules if name.startswith(('http', 'llmotel.testing.'))]"
    assert _run(f"import sys, llmotel.testing; print({heavy})") == "[]\n"


def test_bodies_are_the_same_in_every_run() -> None:
    printed = _run("from llmotel.testing.openai_wire import chat; print(chat.completion('Hi')['id'])")
    assert printed == chat.completion("Hi")["id"] + "\n"


def _run(code: str) -> str:
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout


def test_ids_differ_with_what_they_are_made_from() -> None:
    assert chat.completion("a")["id"] != chat.completion("b")["id"]
    assert messages.message("a")["id"] != messages.message("b")["id"]
    assert responses.response("a")["id"] != responses.response("b")["id"]


@pytest.mark.parametrize("text", ["", " ", "one", " two words ", "a\n\nb\tc  "])
def test_pieces_joined_are_the_text(text: str) -> None:
    assert "".join(pieces(text)) == text


@pytest.mark.parametrize(
    ("schema", "value"),
    [
        ({"enum": ["a", "b"]}, "a"),
        ({"const": 3}, 3),
        ({"anyOf": [{"type": "null"}, {"type": "string"}]}, None),
        ({"type": ["integer", "null"], "minimum": 5}, 5),
        ({"$ref": "#/$defs/X", "$defs": {"X": {"type": "boolean"}}}, True),
        ({"$ref": "#/nowhere"}, None),
        ({"type": "array", "items": {"type": "number"}}, [1.5]),
        ("not a schema", None),
    ],
)
def test_a_schema_has_a_value(schema: object, value: object) -> None:
    assert value_of(schema) == value
