"""Every call says where its token counts come from; none is ever invented."""

from __future__ import annotations

import asyncio
import json
import logging
from dataclasses import replace
from typing import Any

import openai
import pytest

from contract.calling import CLOSED, READ, READ_NEXT, Seen, performed
from contract.providers import ANTHROPIC, OPENAI, PLAIN, RAW, STREAMING, Case, having
from contract.situations import by_id
from llmotel.testing import ProviderServer, Reply
from llmotel.testing.openai_wire import chat, hosts
from telemetry import Telemetry

INPUT, OUTPUT = "gen_ai.usage.input_tokens", "gen_ai.usage.output_tokens"
USAGE = chat.usage(1200, 87, cached=1024)
BODY = chat.completion("Paris is the capital of France.", usage=USAGE)
STREAM = OPENAI.shape("chat.stream")
HELPED = replace(
    OPENAI.shape("chat.helper"),
    arguments=lambda: {key: value for key, value in STREAM.arguments().items() if key != "stream"},
)
COMPLETION = replace(
    OPENAI.shape("completions.stream"),
    arguments=lambda: {"model": "gpt-3.5-turbo-instruct", "prompt": "Hello", "stream": True},
)
UNASKED = [
    Case(OPENAI, shape, variant, is_async)
    for shape in (STREAM, HELPED, COMPLETION)
    for variant in shape.variants
    for is_async in (False, True)
]
CASE = UNASKED[0]


def streamed(case: Case, server: ProviderServer, ending: str = READ) -> Seen:
    server.script(Reply(case.shape.body if case.shape is COMPLETION else BODY))
    seen = performed(case, server, ending)
    assert seen.error is None
    return seen


def warned(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING]


class TestFromTheProvider:
    def test_counts_in_the_answer_are_the_providers(self, server: ProviderServer, telemetry: Telemetry) -> None:
        server.script(Reply(BODY))
        performed(Case(OPENAI, OPENAI.shape("chat.create")), server)
        assert telemetry.span.attributes["llmotel.usage.source"] == "provider"
        assert telemetry.span.attributes[INPUT] == 1200

    def test_a_host_that_sends_them_in_a_stream_unasked_is_believed(
        self, server: ProviderServer, telemetry: Telemetry
    ) -> None:
        telemetry = telemetry(stream_usage="none")
        server.script(Reply(hosts.openrouter(BODY, cost=0.0125)))
        performed(CASE, server)
        attributes = telemetry.span.attributes
        assert (attributes["llmotel.usage.source"], attributes[INPUT]) == ("provider", 1200)


class TestMissing:
    @pytest.fixture
    def telemetry(self, telemetry: Telemetry) -> Telemetry:
        return telemetry(stream_usage="none")

    @pytest.mark.parametrize("case", UNASKED, ids=by_id)
    def test_a_stream_without_usage_has_no_counts(
        self, case: Case, server: ProviderServer, telemetry: Telemetry
    ) -> None:
        streamed(case, server)
        attributes = telemetry.span.attributes
        assert attributes["llmotel.usage.source"] == "missing"
        assert not {INPUT, OUTPUT, "gen_ai.usage.cost.amount"} & attributes.keys()

    def test_it_is_counted_and_one_log_line_names_the_remedy(
        self, server: ProviderServer, telemetry: Telemetry, caplog: pytest.LogCaptureFixture
    ) -> None:
        for _ in range(3):
            streamed(CASE, server)
        assert telemetry.metrics()["llmotel.streams.without_usage"][0].value == 3
        [line] = warned(caplog)
        assert "stream_options={'include_usage': True}" in line
        assert "LLMOTEL_STREAM_USAGE=inject" in line

    def test_a_stream_that_was_left_early_is_not_blamed(
        self, server: ProviderServer, telemetry: Telemetry, caplog: pytest.LogCaptureFixture
    ) -> None:
        streamed(CASE, server, CLOSED)
        assert telemetry.metrics()["llmotel.streams.without_usage"][0].value == 0
        assert warned(caplog) == []

    def test_nor_is_what_has_no_tokens_of_its_own(
        self, server: ProviderServer, telemetry: Telemetry, caplog: pytest.LogCaptureFixture
    ) -> None:
        for provider, name in having((OPENAI, "responses.retrieve.stream"), (OPENAI, "speech.create")):
            shape = provider.shape(name)
            server.script(Reply(shape.body))
            performed(Case(provider, shape, STREAMING if shape.binary else PLAIN), server)
        assert telemetry.metrics()["llmotel.streams.without_usage"][0].value == 0
        assert warned(caplog) == []

    def test_the_request_is_not_changed(self, server: ProviderServer, telemetry: Telemetry) -> None:
        streamed(CASE, server)
        assert "stream_options" not in server.last.json


class TestInjected:
    @pytest.fixture
    def telemetry(self, telemetry: Telemetry) -> Telemetry:
        return telemetry(stream_usage="inject")

    @pytest.mark.parametrize("case", UNASKED, ids=by_id)
    def test_the_counts_are_there(self, case: Case, server: ProviderServer, telemetry: Telemetry) -> None:
        streamed(case, server)
        attributes = telemetry.span.attributes
        usage = case.shape.body["usage"] if case.shape is COMPLETION else USAGE
        assert attributes["llmotel.usage.source"] == "injected"
        assert (attributes[INPUT], attributes[OUTPUT]) == (usage["prompt_tokens"], usage["completion_tokens"])
        assert attributes["gen_ai.usage.cost.amount"] > 0
        assert "llmotel.usage.partial" not in attributes

    @pytest.mark.parametrize("ending", [READ, READ_NEXT])
    @pytest.mark.parametrize("case", [case for case in UNASKED if case.variant != STREAMING], ids=by_id)
    def test_the_application_sees_the_very_stream_that_it_would_have_seen(
        self, case: Case, ending: str, server: ProviderServer, telemetry: Telemetry
    ) -> None:
        seen = streamed(case, server, ending)
        telemetry.end()
        server.clear()
        without = streamed(case, server, ending)
        assert len(seen.chunks) == len(without.chunks)
        for chunk, bare in zip(seen.chunks, without.chunks, strict=True):
            assert type(chunk) is type(bare)
            assert chunk == bare
        assert seen.attributes == without.attributes
        telemetry()

    def test_what_the_caller_passed_is_not_changed(self, server: ProviderServer, telemetry: Telemetry) -> None:
        options = {"include_obfuscation": False}
        arguments = {**STREAM.arguments(), "stream_options": options}
        streamed(replace(CASE, shape=replace(STREAM, arguments=lambda: arguments)), server)
        assert options == {"include_obfuscation": False}
        assert server.last.json["stream_options"] == {"include_obfuscation": False, "include_usage": True}

    @pytest.mark.parametrize("chosen", [True, False])
    def test_what_the_caller_chose_counts(self, chosen: bool, server: ProviderServer, telemetry: Telemetry) -> None:
        arguments = {**STREAM.arguments(), "stream_options": {"include_usage": chosen}}
        seen = streamed(replace(CASE, shape=replace(STREAM, arguments=lambda: arguments)), server)
        assert server.last.json["stream_options"] == {"include_usage": chosen}
        assert any(chunk.usage for chunk in seen.chunks) is chosen
        assert telemetry.span.attributes["llmotel.usage.source"] == ("provider" if chosen else "missing")

    def test_so_does_what_the_caller_chose_in_the_extra_body(
        self, server: ProviderServer, telemetry: Telemetry
    ) -> None:
        chosen = {"stream_options": {"include_usage": False}}
        arguments = {**STREAM.arguments(), "extra_body": chosen}
        streamed(replace(CASE, shape=replace(STREAM, arguments=lambda: arguments)), server)
        assert server.last.json["stream_options"] == {"include_usage": False}
        assert telemetry.span.attributes["llmotel.usage.source"] == "missing"

    def test_a_stream_that_was_left_early_has_none(self, server: ProviderServer, telemetry: Telemetry) -> None:
        streamed(CASE, server, CLOSED)
        attributes = telemetry.span.attributes
        assert INPUT not in attributes
        assert attributes["llmotel.usage.source"] == "missing"

    def test_whole_answers_and_other_providers_are_left_as_they_are(
        self, server: ProviderServer, telemetry: Telemetry
    ) -> None:
        for provider, name in having(
            (OPENAI, "chat.create"), (OPENAI, "responses.stream"), (ANTHROPIC, "messages.stream")
        ):
            shape = provider.shape(name)
            server.script(Reply(shape.body))
            performed(Case(provider, shape), server)
            assert "stream_options" not in server.last.json
        assert {span.attributes["llmotel.usage.source"] for span in telemetry.spans} == {"provider"}

    def test_lines_read_raw_are_the_providers_own(self, server: ProviderServer, telemetry: Telemetry) -> None:
        # Taking a chunk out of bytes would need them rewritten: a raw reader sees what it did not ask for.
        server.script(Reply(BODY))
        seen = performed(replace(CASE, variant=STREAMING), server, "read line by line")
        assert json.loads(seen.chunks[-4].removeprefix("data: "))["usage"]["prompt_tokens"] == 1200
        assert telemetry.span.attributes["llmotel.usage.source"] == "injected"


class TestEstimated:
    @pytest.fixture
    def telemetry(self, telemetry: Telemetry) -> Telemetry:
        return telemetry(stream_usage="estimate")

    @pytest.mark.parametrize("case", UNASKED, ids=by_id)
    def test_the_estimate_is_flagged_and_has_names_of_its_own(
        self, case: Case, server: ProviderServer, telemetry: Telemetry
    ) -> None:
        streamed(case, server)
        attributes = telemetry.span.attributes
        assert attributes["llmotel.usage.source"] == "estimated"
        assert attributes["llmotel.usage.estimated.input_tokens"] > 0
        assert attributes["llmotel.usage.estimated.output_tokens"] > 0
        assert not {INPUT, OUTPUT, "gen_ai.usage.cost.amount"} & attributes.keys()

    def test_the_token_counters_hold_only_what_a_provider_said(
        self, server: ProviderServer, telemetry: Telemetry
    ) -> None:
        streamed(CASE, server)
        metrics = telemetry.metrics()
        assert [point.value for point in metrics["gen_ai.client.inference.usage.input_tokens"]] == [0]
        assert [point.value for point in metrics["gen_ai.client.inference.usage.output_tokens"]] == [0]

    def test_counts_of_the_provider_come_first(self, server: ProviderServer, telemetry: Telemetry) -> None:
        shape = OPENAI.shape("chat.stream+usage")
        server.script(Reply(shape.body))
        performed(Case(OPENAI, shape), server)
        attributes = telemetry.span.attributes
        assert attributes["llmotel.usage.source"] == "provider"
        assert "llmotel.usage.estimated.input_tokens" not in attributes

    def test_no_text_is_exported_for_it(self, server: ProviderServer, telemetry: Telemetry) -> None:
        streamed(CASE, server)
        assert not any("Paris" in text or "capital" in text for _, text in telemetry.recording.texts())


class TestPartial:
    def test_anthropics_stream_tells_its_input_at_the_start(self, server: ProviderServer, telemetry: Telemetry) -> None:
        shape = ANTHROPIC.shape("messages.stream")
        server.script(Reply(shape.body))
        performed(Case(ANTHROPIC, shape), server, CLOSED)
        attributes = telemetry.span.attributes
        assert attributes["llmotel.usage.partial"] is True
        assert attributes["llmotel.usage.source"] == "provider"
        assert attributes[INPUT] == 1510

    def test_a_stream_read_to_its_end_is_whole(self, server: ProviderServer, telemetry: Telemetry) -> None:
        shape = ANTHROPIC.shape("messages.stream")
        server.script(Reply(shape.body))
        performed(Case(ANTHROPIC, shape), server)
        assert "llmotel.usage.partial" not in telemetry.span.attributes


REFUSAL = {"error": {"message": "Unrecognized request argument: stream_options", "type": "invalid_request_error"}}


def asks(server: ProviderServer) -> list[bool]:
    """Of each request, whether it asked for the usage of its stream."""
    return ["stream_options" in request.json for request in server.requests]


class TestAuto:
    """The default."""

    @pytest.mark.parametrize("case", [case for case in UNASKED if case.variant == PLAIN], ids=by_id)
    def test_openais_streams_are_asked(self, case: Case, server: ProviderServer, telemetry: Telemetry) -> None:
        streamed(case, server)
        assert asks(server) == [True]
        assert telemetry.span.attributes["llmotel.usage.source"] == "injected"
        assert telemetry.span.attributes[OUTPUT] > 0

    @pytest.mark.parametrize("is_async", [False, True], ids=["sync", "async"])
    def test_azures_streams_are_asked(self, is_async: bool, server: ProviderServer, telemetry: Telemetry) -> None:
        words: Any = {"api_key": "any", "azure_endpoint": server.url, "api_version": "2024-10-21", "max_retries": 0}

        async def read() -> list[Any]:
            async with openai.AsyncAzureOpenAI(**words) as client:
                return [chunk async for chunk in await client.chat.completions.create(**STREAM.arguments())]

        server.script(Reply(BODY))
        if is_async:
            chunks = asyncio.run(read())
        else:
            with openai.AzureOpenAI(**words) as client:
                chunks = list(client.chat.completions.create(**STREAM.arguments()))
        assert asks(server) == [True]
        assert not any(chunk.usage for chunk in chunks)
        assert telemetry.span.attributes["gen_ai.provider.name"] == "azure.ai.openai"
        assert telemetry.span.attributes[INPUT] == 1200

    @pytest.mark.parametrize("variant", [RAW, STREAMING])
    @pytest.mark.parametrize("is_async", [False, True], ids=["sync", "async"])
    def test_a_raw_response_is_not_since_its_reader_would_see_the_extra_chunk(
        self, variant: str, is_async: bool, server: ProviderServer, telemetry: Telemetry
    ) -> None:
        streamed(Case(OPENAI, STREAM, variant, is_async), server)
        assert asks(server) == [False]
        assert telemetry.span.attributes["llmotel.usage.source"] == "missing"

    @pytest.mark.parametrize("provider", ["acme", "groq", "deepseek", "unknown"])
    def test_another_host_is_not(self, provider: str, server: ProviderServer, telemetry: Telemetry) -> None:
        telemetry = telemetry(provider_hosts={"127.0.0.1": provider})
        streamed(CASE, server)
        assert asks(server) == [False]
        assert telemetry.span.attributes["llmotel.usage.source"] == "missing"


class TestRefused:
    """A host that does not know ``stream_options``."""

    def refuse(self, server: ProviderServer, then: Reply, status: int = 400) -> None:
        server.script(Reply(REFUSAL, status=status), then)

    @pytest.mark.parametrize("status", [400, 422])
    @pytest.mark.parametrize("case", [case for case in UNASKED if case.variant == PLAIN], ids=by_id)
    def test_it_gets_the_request_again_as_the_caller_made_it(
        self, status: int, case: Case, server: ProviderServer, telemetry: Telemetry
    ) -> None:
        self.refuse(server, Reply(case.shape.body if case.shape is COMPLETION else BODY), status)
        seen = performed(case, server)
        assert seen.error is None
        assert asks(server) == [True, False]
        asked, again = (dict(request.json) for request in server.requests)
        asked.pop("stream_options")
        assert again == asked
        assert "error.type" not in telemetry.span.attributes
        assert telemetry.span.attributes["llmotel.usage.source"] == "missing"

    def test_it_is_remembered_with_one_line(
        self, server: ProviderServer, telemetry: Telemetry, caplog: pytest.LogCaptureFixture
    ) -> None:
        self.refuse(server, Reply(BODY))
        performed(CASE, server)
        for _ in range(2):
            streamed(CASE, server)
        assert asks(server) == [True, False, False, False]
        assert [line for line in warned(caplog) if "does not take stream_options" in line] == [
            "llmotel: 127.0.0.1 does not take stream_options: its streams are no longer asked for their usage, and "
            "have neither tokens nor cost"
        ]
        assert len(telemetry.spans) == 3

    def test_an_error_of_the_second_attempt_is_the_callers_the_very_object(
        self, server: ProviderServer, telemetry: Telemetry, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        raised: list[BaseException] = []
        make = openai.OpenAI._make_status_error

        def noting(*args: Any, **kwargs: Any) -> Any:
            raised.append(made := make(*args, **kwargs))
            return made

        monkeypatch.setattr(openai.OpenAI, "_make_status_error", noting)
        self.refuse(server, Reply({"error": {"message": "slow down", "code": "rate_limit_exceeded"}}, status=429))
        seen = performed(CASE, server)
        assert seen.error is raised[1]
        before = seen.error.__context__
        while before is not None:  # nothing says that there was another attempt
            assert before is not raised[0]
            before = before.__context__
        assert asks(server) == [True, False]
        assert telemetry.span.attributes["error.type"] == "rate_limit_exceeded"

    def test_it_is_not_asked_a_third_time(self, server: ProviderServer, telemetry: Telemetry) -> None:
        self.refuse(server, Reply(REFUSAL, status=400))
        seen = performed(CASE, server)
        assert type(seen.error) is openai.BadRequestError
        assert len(server.requests) == 2

    @pytest.mark.parametrize(("status", "message"), [(400, "messages is empty"), (500, "stream_options"), (401, "key")])
    def test_another_error_is_no_refusal(
        self, status: int, message: str, server: ProviderServer, telemetry: Telemetry
    ) -> None:
        server.script(Reply({"error": {"message": message}}, status=status))
        assert performed(CASE, server).error is not None
        assert asks(server) == [True]

    def test_what_the_caller_asked_itself_is_the_callers(self, server: ProviderServer, telemetry: Telemetry) -> None:
        arguments = {**STREAM.arguments(), "stream_options": {"include_usage": True}}
        server.script(Reply(REFUSAL, status=400))
        seen = performed(replace(CASE, shape=replace(STREAM, arguments=lambda: arguments)), server)
        assert type(seen.error) is openai.BadRequestError
        assert len(server.requests) == 1
