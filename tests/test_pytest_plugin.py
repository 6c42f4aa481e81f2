"""The fixture ``llm_calls``, as the tests of an application use it: real clients, a provider server on loopback."""

from __future__ import annotations

import asyncio
import importlib.metadata
import os
import subprocess
import sys
from collections.abc import Iterator

import anthropic
import openai
import pytest
from openai._base_client import SyncAPIClient
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

import llmotel
from llmotel import setup
from llmotel.testing import ProviderServer, Reply
from llmotel.testing.calls import LlmCalls
from llmotel.testing.openai_wire import chat, errors
from llmotel.testing.recording import recording
from receiver import Receiver

pytest_plugins = ["pytester"]

MODEL = "gpt-4.1"
WEATHER = {"type": "function", "function": {"name": "get_weather", "parameters": {"type": "object"}}}


@pytest.fixture
def client(server: ProviderServer) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(api_key="any", base_url=server.openai_url) as client:
        yield client


def ask(client: openai.OpenAI, text: str = "What is the capital of France?", **options: object) -> object:
    return client.chat.completions.create(
        **{"model": MODEL, "messages": [{"role": "user", "content": text}], **options}
    )


class TestWhatIsRecorded:
    def test_a_call_has_its_model_tokens_cost_and_answer(
        self, llm_calls: LlmCalls, client: openai.OpenAI, server: ProviderServer
    ) -> None:
        server.script(Reply(chat.completion("Paris.", model="gpt-4.1-2025-04-14", usage=chat.usage(1000, 100))))
        ask(client, temperature=0.5)
        call = llm_calls.only
        assert (call.provider, call.operation, call.model) == ("openai", "chat", MODEL)
        assert call.response_model == "gpt-4.1-2025-04-14"
        assert (call.input_tokens, call.output_tokens, call.tokens) == (1000, 100, 1100)
        assert call.cost == pytest.approx(1000 * 2e-6 + 100 * 8e-6)  # 2 and 8 dollars per million tokens
        assert call.finish_reasons == ("stop",)
        assert call.text == "Paris."
        assert call.input == [
            {"role": "user", "parts": [{"type": "text", "content": "What is the capital of France?"}]}
        ]
        assert call.attributes["gen_ai.request.temperature"] == 0.5
        assert (call.error, call.stream, call.stream_outcome) == (None, False, None)
        assert call.duration > 0

    def test_calls_of_all_libraries_are_in_the_order_in_which_they_began(
        self, llm_calls: LlmCalls, client: openai.OpenAI, server: ProviderServer
    ) -> None:
        question = {"model": "claude-haiku-4-5", "max_tokens": 50, "messages": [{"role": "user", "content": "Hello"}]}
        with (
            anthropic.Anthropic(api_key="any", base_url=server.url) as claude,
            claude.messages.stream(**question) as stream,
        ):
            ask(client)
            stream.until_done()
        assert llm_calls.models == ["claude-haiku-4-5", MODEL]
        assert [call.stream_outcome for call in llm_calls] == ["completed", None]
        assert llm_calls[-1].provider == "openai"

    async def test_calls_of_an_asynchronous_client_are_recorded_too(
        self, llm_calls: LlmCalls, server: ProviderServer
    ) -> None:
        async with openai.AsyncOpenAI(api_key="any", base_url=server.openai_url) as client:
            messages = [{"role": "user", "content": "Hello"}]
            await asyncio.gather(*(client.chat.completions.create(model=MODEL, messages=messages) for _ in range(3)))
        assert len(llm_calls) == 3
        assert llm_calls.tokens == sum(call.tokens for call in llm_calls) > 0

    def test_a_stream_is_there_once_it_has_ended(self, llm_calls: LlmCalls, client: openai.OpenAI) -> None:
        stream = ask(client, stream=True, stream_options={"include_usage": True})
        assert not llm_calls
        with pytest.raises(AssertionError, match="1 more streams are still open"):
            _ = llm_calls.only
        for _ in stream:
            pass
        call = llm_calls.only
        assert call.stream_outcome == "completed"
        assert call.first_chunk is not None
        assert call.text == "You said: What is the capital of France?"

    def test_retries_belong_to_one_call(
        self, llm_calls: LlmCalls, client: openai.OpenAI, server: ProviderServer
    ) -> None:
        server.script(errors.reply(429, retry_after=0.001), errors.reply(500, retry_after=0.001))
        ask(client)
        assert len(server.requests) == 3
        assert llm_calls.only.error is None

    def test_a_call_that_fails_says_how(
        self, llm_calls: LlmCalls, client: openai.OpenAI, server: ProviderServer
    ) -> None:
        server.script(errors.reply(401))
        with pytest.raises(openai.AuthenticationError):
            ask(client)
        ask(client)
        [failed] = llm_calls.errors
        assert failed is llm_calls[0]
        assert failed.error == "authentication"
        assert failed.cost is None

    def test_what_was_prepared_can_be_forgotten(self, llm_calls: LlmCalls, client: openai.OpenAI) -> None:
        ask(client)
        llm_calls.clear()
        assert not llm_calls
        assert not llm_calls.spans
        ask(client, "Again")
        assert llm_calls.only.text == "You said: Again"

    def test_the_exported_signals_can_be_looked_at(self, llm_calls: LlmCalls, client: openai.OpenAI) -> None:
        with llmotel.tags(feature="search"):
            ask(client)
        assert llm_calls.only.tags == {"llmotel.feature": "search"}
        [span] = llm_calls.spans
        assert span.name == f"chat {MODEL}"
        [point] = llm_calls.metrics["gen_ai.client.inference.duration"]
        assert point.count == 1
        assert llm_calls.events == []  # the span says it all


class TestAssertions:
    def test_only_one_call_or_all_of_them_are_listed(self, llm_calls: LlmCalls, client: openai.OpenAI) -> None:
        with pytest.raises(AssertionError, match="exactly 1 LLM call, there are 0"):
            _ = llm_calls.only
        ask(client, model="gpt-4o")
        assert llm_calls.only.model == "gpt-4o"
        ask(client, model="gpt-4.1-mini")
        with pytest.raises(AssertionError, match=r"there are 2:\n  chat openai/gpt-4o, .*\n  chat openai/gpt-4.1-mini"):
            _ = llm_calls.only

    def test_models_are_these_and_no_others(self, llm_calls: LlmCalls, client: openai.OpenAI) -> None:
        ask(client, model="gpt-4o")
        ask(client, model="gpt-4o")
        ask(client, model="gpt-4.1-mini")
        llm_calls.assert_models("gpt-4.1-mini", "gpt-4o")
        for wrong in (["gpt-4o"], ["gpt-4o", "gpt-4.1-mini", "gpt-4.1"]):
            with pytest.raises(AssertionError, match="chat openai/gpt-4o"):
                llm_calls.assert_models(*wrong)

    def test_a_tool_was_called_with_these_arguments(
        self, llm_calls: LlmCalls, client: openai.OpenAI, server: ProviderServer
    ) -> None:
        arguments = {"city": "Paris", "unit": "celsius"}
        server.script(Reply(chat.completion(tool_calls=[chat.tool_call("get_weather", arguments)])))
        ask(client, tools=[WEATHER])
        assert llm_calls.assert_tool_called("get_weather", city="Paris").arguments == arguments
        assert [str(tool) for tool in llm_calls.tool_calls] == ["get_weather(city='Paris', unit='celsius')"]
        for name, wrong in (("get_weather", {"city": "Rome"}), ("get_time", {}), ("get_weather", {"day": None})):
            with pytest.raises(AssertionError, match=r"there are \n  get_weather.city='Paris', unit='celsius'"):
                llm_calls.assert_tool_called(name, **wrong)

    def test_a_tool_call_in_a_stream_counts(self, llm_calls: LlmCalls, client: openai.OpenAI) -> None:
        list(ask(client, "How is the weather?", tools=[WEATHER], stream=True))
        assert llm_calls.assert_tool_called("get_weather").arguments == {}

    def test_the_cost_is_below_a_limit(
        self, llm_calls: LlmCalls, client: openai.OpenAI, server: ProviderServer
    ) -> None:
        server.script(Reply(chat.completion("Paris.", usage=chat.usage(1000, 100))))
        ask(client)
        llm_calls.assert_cost_below(0.0029)
        with pytest.raises(AssertionError, match=r"below \$0.002, it is \$0.0028"):
            llm_calls.assert_cost_below(0.002)

    def test_a_cost_that_nobody_knows_is_below_no_limit(self, llm_calls: LlmCalls, client: openai.OpenAI) -> None:
        ask(client, model="no-such-model")
        with pytest.raises(AssertionError, match="LLMOTEL_PRICES"):
            llm_calls.assert_cost_below(1000)

    def test_no_content_is_exported_by_default_and_what_is_exported_is_found(
        self, llm_calls: LlmCalls, client: openai.OpenAI, server: ProviderServer
    ) -> None:
        server.script(errors.reply(400, "Invalid prompt: Zebra 17"))
        with pytest.raises(openai.BadRequestError, match="Zebra 17"):
            ask(client, "Zebra 17")
        ask(client, "Zebra 17")
        llm_calls.assert_no_content("Zebra 17")
        with pytest.raises(AssertionError, match=r"'gpt-4.1' was exported, in \n  .*gen_ai.request.model"):
            llm_calls.assert_no_content("Zebra 17", MODEL)

    @pytest.mark.parametrize("secret", ['say "Zebra"\n17', "Zébra 17", "Zebra 17"])
    @pytest.mark.parametrize("mode", ["SPAN_ONLY", "EVENT_ONLY"])
    def test_content_that_the_application_asks_for_is_found_however_it_is_written(
        self, llm_calls: LlmCalls, client: openai.OpenAI, mode: str, secret: str
    ) -> None:
        llmotel.init(capture_content=mode)
        ask(client, f"Remember: {secret}.")
        with pytest.raises(AssertionError, match=r"gen_ai.input.messages"):
            llm_calls.assert_no_content(secret)

    def test_what_proves_nothing_fails(self, llm_calls: LlmCalls, client: openai.OpenAI) -> None:
        with pytest.raises(AssertionError, match="nothing was exported"):
            llm_calls.assert_no_content("Zebra")
        ask(client)
        for nothing in ([], [""]):
            with pytest.raises(AssertionError, match="needs the texts to look for"):
                llm_calls.assert_no_content(*nothing)


class TestTheApplicationInTheTest:
    def test_its_init_decides_about_the_signals_and_sends_nothing(
        self, llm_calls: LlmCalls, client: openai.OpenAI
    ) -> None:
        with Receiver() as receiver:
            llmotel.init(service_name="shop", endpoint=receiver.url, metric_tags="feature", semconv="legacy")
            with llmotel.tags(feature="search"):
                ask(client)
            assert llmotel.flush()
            [point] = llm_calls.metrics["gen_ai.client.operation.duration"]
            assert point.attributes["llmotel.feature"] == "search"
            llmotel.shutdown()
            assert receiver.headers == []

    def test_after_its_shutdown_nothing_is_recorded_until_its_next_init(
        self, llm_calls: LlmCalls, client: openai.OpenAI
    ) -> None:
        for _ in range(2):
            llmotel.init()
            ask(client)
            llmotel.shutdown()
            ask(client)
        assert len(llm_calls) == 2

    def test_its_kill_switch_works(self, llm_calls: LlmCalls, client: openai.OpenAI) -> None:
        llmotel.disable()
        ask(client)
        llmotel.enable()
        ask(client, "Again")
        assert llm_calls.only.text == "You said: Again"

    def test_a_switched_off_environment_records_all_the_same(
        self, client: openai.OpenAI, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("OTEL_SDK_DISABLED", "true")
        monkeypatch.setenv("LLMOTEL_DISABLED", "1")
        with recording() as calls:
            llmotel.init()
            ask(client, "Zebra")
            assert calls.only.tokens > 0
            calls.assert_no_content("Zebra")

    def test_an_error_in_its_settings_is_still_an_error(self, llm_calls: LlmCalls) -> None:
        with pytest.raises(llmotel.ConfigurationError, match="semconv"):
            llmotel.init(semconv="newest")


class TestAfterTheTest:
    def test_the_library_and_opentelemetry_are_as_they_were(self, client: openai.OpenAI) -> None:
        llmotel.shutdown()
        request, provider = vars(SyncAPIClient)["request"], trace.get_tracer_provider()
        with recording() as calls:
            llmotel.init()
            assert vars(SyncAPIClient)["request"] is not request
            ask(client)
        assert vars(SyncAPIClient)["request"] is request
        assert trace.get_tracer_provider() is provider
        assert setup.running() is None
        ask(client)
        assert len(calls) == 1

    @pytest.mark.parametrize("ended", [False, True], ids=["still running", "shut down in the test"])
    def test_an_application_that_was_running_goes_on(self, client: openai.OpenAI, ended: bool) -> None:
        exporter = InMemorySpanExporter()
        provider = TracerProvider(shutdown_on_exit=False)
        provider.add_span_processor(SimpleSpanProcessor(exporter))
        llmotel.shutdown()
        llmotel.init(tracer_provider=provider)
        try:
            ask(client, model="gpt-4o")
            with recording() as calls:
                ask(client)
                if ended:
                    llmotel.shutdown()
            assert calls.only.model == MODEL
            ask(client, model="gpt-4o-mini")
            assert [span.name for span in exporter.get_finished_spans()] == ["chat gpt-4o", "chat gpt-4o-mini"]
        finally:
            llmotel.shutdown()


class TestInSomebodysTestSuite:
    def test_it_works_without_configuration_and_says_what_was_there(
        self, pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        pytester.makepyfile("""
            from llmotel.testing import ProviderServer

            def test_the_first_import_of_a_client_may_be_in_a_test(llm_calls):
                import openai

                with ProviderServer() as server, openai.OpenAI(api_key="any", base_url=server.openai_url) as client:
                    client.embeddings.create(model="text-embedding-3-small", input="Hello")
                assert llm_calls.only.operation == "embeddings"
                llm_calls.assert_cost_below(0.01)

            def test_the_next_test_begins_anew(llm_calls):
                assert len(llm_calls) == 0

            def test_an_assertion_fails(llm_calls):
                import openai

                with ProviderServer() as server, openai.OpenAI(api_key="any", base_url=server.openai_url) as client:
                    client.chat.completions.create(model="gpt-4o", messages=[{"role": "user", "content": "Hello"}])
                llm_calls.assert_models("gpt-4.1")
        """)
        monkeypatch.setenv("PYTHONPATH", os.pathsep.join(path for path in sys.path if path))
        installed = {entry.name for entry in importlib.metadata.entry_points(group="pytest11")}
        plugin = () if "llmotel" in installed else ("-p", "llmotel.testing.plugin")
        # pytest-asyncio warns where it is not configured.
        result = pytester.runpytest_subprocess(*plugin, "-W", "error", "-p", "no:asyncio")
        result.assert_outcomes(passed=2, failed=1)
        result.stdout.fnmatch_lines(
            [
                ">*llm_calls.assert_models(*",
                "E*expected calls to gpt-4.1, there are 1:",
                "E*chat openai/gpt-4o, * tokens, $*, ok",
            ]
        )

    def test_it_imports_nothing_until_a_test_asks_for_it(self) -> None:
        script = (
            "import sys, llmotel.testing.plugin; print({'opentelemetry', 'wrapt', 'llmotel.engine'} & {*sys.modules})"
        )
        done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
        assert done.stdout.strip() == "set()"
