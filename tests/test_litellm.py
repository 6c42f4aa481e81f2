"""LiteLLM: a call is one, whatever it goes through, and is recorded as the provider's who is asked."""

from __future__ import annotations

import gc
import importlib
import inspect
import json
from collections.abc import AsyncIterator
from typing import Any

import anthropic
import litellm
import openai
import pytest

from llmotel.instrumentation import registry
from llmotel.model.inference import Inference
from llmotel.testing import ProviderServer, Reply
from llmotel.testing.anthropic_wire import messages
from llmotel.testing.openai_wire import chat, errors
from llmotel_instrumentors.litellm import ENDPOINTS
from telemetry import Telemetry

OPENAI, ANTHROPIC = "openai/gpt-4.1-mini", "anthropic/claude-sonnet-5-5"
ASK: Any = [{"role": "user", "content": "What is the capital of France?"}]
PARIS = "Paris has been the capital of France since 987."
INPUT, OUTPUT = "gen_ai.usage.input_tokens", "gen_ai.usage.output_tokens"
WHO = ("gen_ai.provider.name", "gen_ai.request.model")
COST, SOURCE, LIBRARY = "gen_ai.usage.cost.amount", "gen_ai.usage.cost.source", "llmotel.cost.library"
ENDED = "llmotel.stream.outcome"

pytestmark = [
    # LiteLLM's own: clients that it does not close, and its use of pydantic.
    pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning"),
    pytest.mark.filterwarnings("ignore:Items? .*`ReadOnly` qualifier"),
    pytest.mark.filterwarnings("ignore:Pydantic serializer warnings"),
    pytest.mark.filterwarnings("ignore:Accessing the 'model_(computed_)?fields' attribute"),
]


@pytest.fixture(autouse=True)
async def clients(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[None]:
    """LiteLLM keeps its clients open for good; here they end with the test's server and loop."""
    monkeypatch.setattr(litellm, "suppress_debug_info", True)
    monkeypatch.setattr(litellm, "disable_aiohttp_transport", True)
    kept = litellm.in_memory_llm_clients_cache
    yield
    for client in list(kept.cache_dict.values()):
        done = client.close()
        if inspect.isawaitable(done):
            await done
    kept.flush_cache()
    gc.collect()  # those that it neither keeps nor closes


@pytest.fixture(params=[OPENAI, ANTHROPIC])
def where(request: pytest.FixtureRequest, server: ProviderServer) -> dict[str, Any]:
    """A model that LiteLLM calls through the client library ``openai``, and one that it calls by itself."""
    return place(request.param, server)


def place(model: str, server: ProviderServer) -> dict[str, Any]:
    return {
        "model": model,
        "api_base": server.url if model.startswith(("anthropic/", "cohere/")) else server.openai_url,
        "api_key": "sk-test",
    }


def told(telemetry: Telemetry, *names: str) -> list[Any]:
    """The values of ``names`` on the only span."""
    return [telemetry.span.attributes.get(name) for name in names]


def answers(server: ProviderServer, model: str) -> None:
    """The next answer has 120 tokens in and 34 out."""
    if model == OPENAI:
        server.script(Reply(chat.completion(PARIS, model="gpt-4.1-mini", usage=chat.usage(120, 34))))
    else:
        server.script(Reply(messages.message(PARIS, model="claude-sonnet-5-5", usage=messages.usage(120, 34))))


class TestACall:
    def test_is_one_whatever_it_goes_through(
        self, where: dict[str, Any], server: ProviderServer, telemetry: Telemetry
    ) -> None:
        answers(server, where["model"])
        answer = litellm.completion(messages=ASK, **where)
        assert answer.choices[0].message.content == PARIS
        provider, _, model = where["model"].partition("/")
        assert telemetry.span.name == f"chat {model}"
        assert telemetry.span.instrumentation_scope.name == "llmotel.litellm"
        assert told(telemetry, *WHO, INPUT, OUTPUT) == [provider, model, 120, 34]

    async def test_is_one_asynchronously(
        self, where: dict[str, Any], server: ProviderServer, telemetry: Telemetry
    ) -> None:
        answers(server, where["model"])
        await litellm.acompletion(messages=ASK, **where)
        assert told(telemetry, INPUT, OUTPUT) == [120, 34]

    def test_counts_its_tokens_once(self, where: dict[str, Any], server: ProviderServer, telemetry: Telemetry) -> None:
        answers(server, where["model"])
        litellm.completion(messages=ASK, **where)
        [sent] = telemetry.metrics()["gen_ai.client.inference.operation.input_tokens"]
        assert (sent.count, sent.sum) == (1, 120)

    def test_reads_its_content_where_that_is_captured(
        self, where: dict[str, Any], server: ProviderServer, telemetry: Telemetry
    ) -> None:
        telemetry(capture_content=True)
        answers(server, where["model"])
        litellm.completion(messages=ASK, **where)
        [asked] = json.loads(telemetry.span.attributes["gen_ai.input.messages"])
        [answered] = json.loads(telemetry.span.attributes["gen_ai.output.messages"])
        assert asked["parts"] == [{"type": "text", "content": ASK[0]["content"]}]
        assert answered["parts"] == [{"type": "text", "content": PARIS}]

    def test_leaves_other_calls_of_the_client_beneath_to_it(self, server: ProviderServer, telemetry: Telemetry) -> None:
        litellm.completion(messages=ASK, **place(OPENAI, server))
        with openai.OpenAI(api_key="sk-test", base_url=server.openai_url) as client:
            client.chat.completions.create(model="gpt-4.1", messages=ASK)
        with anthropic.Anthropic(api_key="sk-test", base_url=server.url) as client:
            client.messages.create(model="claude-sonnet-5-5", max_tokens=9, messages=ASK)
        assert [span.instrumentation_scope.name for span in telemetry.spans] == [
            "llmotel.litellm", "llmotel.openai", "llmotel.anthropic",
        ]  # fmt: skip

    @pytest.mark.newest(reason="opentelemetry-util-genai is installed beside the newest libraries alone")
    def test_is_one_where_opentelemetrys_own_packages_record_what_is_beneath(
        self, telemetry: Telemetry, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        genai = importlib.import_module("opentelemetry.util.genai.handler")
        handler = genai.TelemetryHandler(tracer_provider=telemetry.recording.tracer_provider)

        class Model(litellm.CustomLLM):
            def completion(self, *args: Any, **kwargs: Any) -> Any:
                with handler.inference("openai", request_model="gpt-4.1"):
                    return litellm.completion("openai/gpt-4.1", ASK, mock_response=PARIS)

        with handler.inference("openai", request_model="gpt-4.1"):
            pass
        monkeypatch.setattr(litellm, "custom_provider_map", [{"provider": "mine", "custom_handler": Model()}])
        litellm.completion("mine/a-model", ASK)
        by_itself, through_litellm = telemetry.spans
        assert by_itself.instrumentation_scope.name.startswith("opentelemetry.util.genai")
        assert (through_litellm.instrumentation_scope.name, through_litellm.name) == ("llmotel.litellm", "chat a-model")

    def test_changes_no_argument_and_no_answer(self, server: ProviderServer, telemetry: Telemetry) -> None:
        given = {**place(OPENAI, server), "messages": ASK, "stream": True, "stream_options": {"include_usage": False}}
        before = json.dumps(given)
        list(litellm.completion(**given))
        assert json.dumps(given) == before
        assert server.last.json["model"] == "gpt-4.1-mini"

    def test_takes_its_arguments_by_position_as_well(self, server: ProviderServer, telemetry: Telemetry) -> None:
        litellm.completion(OPENAI, ASK, api_base=server.openai_url, api_key="sk-test")
        assert told(telemetry, *WHO) == ["openai", "gpt-4.1-mini"]

    def test_whose_arguments_are_refused_is_an_error_of_the_callers(self, telemetry: Telemetry) -> None:
        with pytest.raises(litellm.BadRequestError):
            litellm.completion("a-model-of-nobody", ASK)
        assert told(telemetry, "llmotel.outcome", *WHO) == ["validation", "unknown", "a-model-of-nobody"]

    def test_is_not_recorded_once_uninstrumented(self, server: ProviderServer, telemetry: Telemetry) -> None:
        registry.deactivate()
        litellm.completion(messages=ASK, **place(OPENAI, server))
        assert not telemetry.spans


class TestCost:
    def test_is_that_of_our_own_table_with_litellms_beside_it(
        self, where: dict[str, Any], server: ProviderServer, telemetry: Telemetry
    ) -> None:
        answers(server, where["model"])
        answer = litellm.completion(messages=ASK, **where)
        amount, source, library = told(telemetry, COST, SOURCE, LIBRARY)
        assert source == "local"
        assert amount > 0
        assert library == answer._hidden_params["response_cost"]

    def test_of_a_stream_is_that_of_our_own_table_too(
        self, where: dict[str, Any], server: ProviderServer, telemetry: Telemetry
    ) -> None:
        answers(server, where["model"])
        *_, last = litellm.completion(messages=ASK, stream=True, stream_options={"include_usage": True}, **where)
        assert told(telemetry, SOURCE, LIBRARY) == ["local", last.usage.cost]

    def test_of_openrouter_is_what_openrouter_says(self, server: ProviderServer, telemetry: Telemetry) -> None:
        body = chat.completion(PARIS, model="openai/gpt-4.1-mini", usage={**chat.usage(120, 34), "cost": 0.25})
        server.script(Reply(body))
        litellm.completion("openrouter/openai/gpt-4.1-mini", ASK, api_base=server.openai_url, api_key="sk-test")
        assert told(telemetry, *WHO, COST, SOURCE) == ["openrouter", "openai/gpt-4.1-mini", 0.25, "provider"]

    def test_of_an_answer_from_litellms_cache_is_none(self) -> None:
        # In a whole call it takes fastapi, which LiteLLM's own dependencies leave out.
        usage = litellm.Usage(prompt_tokens=120, completion_tokens=34, total_tokens=154)
        answer = litellm.ModelResponse(model="gpt-4.1-mini", usage=usage)
        answer._hidden_params = {"cache_hit": True, "response_cost": 0.1}
        inference = Inference("chat", "openai")
        ENDPOINTS["completion"].read_response(inference, answer)
        assert inference.response_model == "gpt-4.1-mini"
        assert inference.usage is None
        assert LIBRARY not in inference.attributes


class TestAStream:
    def test_is_read_as_it_comes(self, where: dict[str, Any], server: ProviderServer, telemetry: Telemetry) -> None:
        answers(server, where["model"])
        chunks = list(litellm.completion(messages=ASK, stream=True, **where))
        assert "".join(chunk.choices[0].delta.content or "" for chunk in chunks) == PARIS
        assert told(telemetry, INPUT, OUTPUT, ENDED, "gen_ai.response.finish_reasons") == [
            120, 34, "completed", ("stop",),
        ]  # fmt: skip

    async def test_is_read_asynchronously(
        self, where: dict[str, Any], server: ProviderServer, telemetry: Telemetry
    ) -> None:
        answers(server, where["model"])
        chunks = [chunk async for chunk in await litellm.acompletion(messages=ASK, stream=True, **where)]
        assert "".join(chunk.choices[0].delta.content or "" for chunk in chunks) == PARIS
        assert told(telemetry, INPUT, OUTPUT, ENDED) == [120, 34, "completed"]

    def test_has_the_chunks_that_the_caller_asked_for(
        self, where: dict[str, Any], server: ProviderServer, telemetry: Telemetry
    ) -> None:
        unasked = list(litellm.completion(messages=ASK, stream=True, **where))
        asked = list(litellm.completion(messages=ASK, stream=True, stream_options={"include_usage": True}, **where))
        assert not any(getattr(chunk, "usage", None) for chunk in unasked)
        assert asked[-1].usage.completion_tokens > 0
        assert [span.attributes["llmotel.usage.source"] for span in telemetry.spans] == ["injected", "provider"]

    def test_that_refuses_the_question_for_usage_goes_out_again_without_it(
        self, server: ProviderServer, telemetry: Telemetry
    ) -> None:
        refusal = errors.reply(400, message="Unknown parameter: stream_options.")
        server.script(refusal)
        assert list(litellm.completion(messages=ASK, stream=True, max_retries=0, **place(OPENAI, server)))
        assert "stream_options" not in server.last.json
        assert told(telemetry, ENDED, "llmotel.usage.source") == ["completed", "missing"]

    def test_ends_when_it_is_closed(self, where: dict[str, Any], telemetry: Telemetry) -> None:
        stream = litellm.completion(messages=ASK, stream=True, **where)
        next(stream)
        stream.close()
        assert told(telemetry, ENDED) == ["closed"]

    async def test_ends_when_it_is_closed_asynchronously(self, where: dict[str, Any], telemetry: Telemetry) -> None:
        stream = await litellm.acompletion(messages=ASK, stream=True, **where)
        await anext(stream)
        await stream.aclose()
        assert told(telemetry, ENDED) == ["closed"]

    def test_is_what_litellm_made(self, server: ProviderServer, telemetry: Telemetry) -> None:
        stream = litellm.completion(messages=ASK, stream=True, **place(OPENAI, server))
        assert isinstance(stream, litellm.CustomStreamWrapper)
        chunks = list(stream)
        built = litellm.stream_chunk_builder(chunks)
        assert built.choices[0].finish_reason == "stop"

    def test_has_its_content_where_that_is_captured(self, where: dict[str, Any], telemetry: Telemetry) -> None:
        telemetry(capture_content=True)
        chunks = list(litellm.completion(messages=ASK, stream=True, **where))
        [answered] = json.loads(telemetry.span.attributes["gen_ai.output.messages"])
        said = "".join(chunk.choices[0].delta.content or "" for chunk in chunks)
        assert answered["parts"] == [{"type": "text", "content": said}]


class TestErrors:
    def test_of_the_provider_have_their_status(
        self, where: dict[str, Any], server: ProviderServer, telemetry: Telemetry
    ) -> None:
        server.script(Reply({"error": {"type": "rate_limit_error", "message": "Slow down."}}, status=429))
        with pytest.raises(litellm.RateLimitError):
            litellm.completion(messages=ASK, max_retries=0, **where)
        assert told(telemetry, "llmotel.outcome", "http.response.status_code") == ["rate_limit", 429]

    async def test_are_one_asynchronously(
        self, where: dict[str, Any], server: ProviderServer, telemetry: Telemetry
    ) -> None:
        server.script(Reply({"error": {"type": "authentication_error", "message": "Who are you?"}}, status=401))
        with pytest.raises(litellm.AuthenticationError):
            await litellm.acompletion(messages=ASK, max_retries=0, **where)
        assert told(telemetry, "llmotel.outcome", "http.response.status_code") == ["authentication", 401]

    def test_that_the_client_beneath_retries_are_retries_of_the_call(
        self, server: ProviderServer, telemetry: Telemetry
    ) -> None:
        server.script(errors.reply(429, retry_after=0.001), errors.reply(429, retry_after=0.001))
        litellm.completion(messages=ASK, max_retries=2, **place(OPENAI, server))
        assert told(telemetry, "llmotel.retries") == [2]


class TestOtherFunctions:
    def test_embeddings(self, server: ProviderServer, telemetry: Telemetry) -> None:
        litellm.embedding(input=["a", "b"], **place("openai/text-embedding-3-small", server))
        assert telemetry.span.name == "embeddings text-embedding-3-small"
        assert told(telemetry, INPUT) == [2]

    async def test_embeddings_asynchronously(self, server: ProviderServer, telemetry: Telemetry) -> None:
        await litellm.aembedding(input=["a", "b"], **place("openai/text-embedding-3-small", server))
        assert told(telemetry, INPUT) == [2]

    @pytest.mark.parametrize("stream", [False, True])
    def test_text_completions(self, stream: bool, server: ProviderServer, telemetry: Telemetry) -> None:
        model = "text-completion-openai/gpt-3.5-turbo-instruct"
        made = litellm.text_completion("Once upon", stream=stream, **place(model, server))
        assert list(made)
        assert telemetry.span.name == "text_completion gpt-3.5-turbo-instruct"
        assert told(telemetry, "gen_ai.response.finish_reasons", SOURCE) == [("stop",), "local"]

    async def test_text_completions_asynchronously(self, server: ProviderServer, telemetry: Telemetry) -> None:
        model = "text-completion-openai/gpt-3.5-turbo-instruct"
        made = await litellm.atext_completion(prompt="Once upon", stream=True, **place(model, server))
        assert [chunk async for chunk in made]
        assert told(telemetry, "gen_ai.response.finish_reasons", SOURCE) == [("stop",), "local"]

    @pytest.mark.parametrize("stream", [False, True])
    def test_responses(self, stream: bool, server: ProviderServer, telemetry: Telemetry) -> None:
        made = litellm.responses("Hello", stream=stream, **place(OPENAI, server))
        assert list(made)
        assert told(telemetry, "gen_ai.response.finish_reasons", SOURCE) == [("stop",), "local"]

    @pytest.mark.parametrize("stream", [False, True])
    async def test_responses_asynchronously(self, stream: bool, server: ProviderServer, telemetry: Telemetry) -> None:
        made = await litellm.aresponses("Hello", stream=stream, **place(OPENAI, server))
        if stream:
            assert [event async for event in made]
        assert told(telemetry, "gen_ai.response.finish_reasons", SOURCE) == [("stop",), "local"]

    def test_reranking(self, server: ProviderServer, telemetry: Telemetry) -> None:
        litellm.rerank(query="q", documents=["a", "b"], **place("cohere/rerank-v3.5", server))
        assert telemetry.span.name == "rerank rerank-v3.5"
        assert told(telemetry, WHO[0], "llmotel.usage.search_units") == ["cohere", 1]


class TestARouter:
    def make(self, server: ProviderServer) -> litellm.Router:
        models = {"first": OPENAI, "second": ANTHROPIC}
        return litellm.Router(
            model_list=[
                {"model_name": name, "litellm_params": {**place(model, server), "max_retries": 0}}
                for name, model in models.items()
            ],
            fallbacks=[{"first": ["second"]}],
            num_retries=0,
        )

    def test_makes_one_call_for_each_model_that_it_tries(self, server: ProviderServer, telemetry: Telemetry) -> None:
        server.script(errors.reply(500))
        self.make(server).completion("first", ASK)
        failed, answered = telemetry.spans
        assert (failed.name, answered.name) == ("chat gpt-4.1-mini", "chat claude-sonnet-5-5")
        assert [span.attributes.get("llmotel.outcome") for span in (failed, answered)] == ["server", None]

    async def test_does_so_asynchronously(self, server: ProviderServer, telemetry: Telemetry) -> None:
        server.script(errors.reply(500))
        await self.make(server).acompletion("first", ASK)
        assert [span.attributes.get("llmotel.outcome") for span in telemetry.spans] == ["server", None]

    async def test_streams(self, server: ProviderServer, telemetry: Telemetry) -> None:
        async for _ in await self.make(server).acompletion("second", ASK, stream=True):
            pass
        assert told(telemetry, WHO[0], ENDED) == ["anthropic", "completed"]


@pytest.mark.parametrize(
    ("model", "more", "name", "bare"),
    [
        ("azure/my-deployment", {}, "azure.ai.openai", "my-deployment"),
        ("bedrock/converse/us.anthropic.claude-sonnet-4-5-20250929-v1:0", {}, "aws.bedrock",
         "us.anthropic.claude-sonnet-4-5-20250929-v1:0"),
        ("claude-sonnet-5-5", {}, "anthropic", "claude-sonnet-5-5"),
        ("gemini/gemini-2.5-flash", {}, "gcp.gemini", "gemini-2.5-flash"),
        ("gpt-4.1", {}, "openai", "gpt-4.1"),
        ("litellm_proxy/a-model", {}, "unknown", "a-model"),
        ("meta-llama/Llama-3.3-70B", {"custom_llm_provider": "together_ai"}, "together", "meta-llama/Llama-3.3-70B"),
        ("openai/a-model", {"api_base": "https://api.groq.com/openai/v1"}, "groq", "a-model"),
        ("openai/a-model", {"api_base": "https://llm.example/v1"}, "unknown", "a-model"),
        ("vertex_ai/gemini-2.5-pro", {}, "gcp.vertex_ai", "gemini-2.5-pro"),
        ("xai/grok-4", {}, "x_ai", "grok-4"),
    ],
)  # fmt: skip
def test_the_provider_has_the_name_that_the_conventions_have_for_it(
    model: str, more: dict[str, str], name: str, bare: str, telemetry: Telemetry
) -> None:
    litellm.completion(model, ASK, mock_response=PARIS, **more)
    assert told(telemetry, *WHO) == [name, bare]
