"""What hosts that speak OpenAI's dialect do in ways of their own: how they count, bill, stream and fail."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import openai
import pytest

from contract.anyhost import AnyHost
from llmotel.testing import ProviderServer, Reply
from telemetry import Telemetry
from transport import httpx

INPUT, OUTPUT = "gen_ai.usage.input_tokens", "gen_ai.usage.output_tokens"
CACHED, WRITTEN = "gen_ai.usage.cache_read.input_tokens", "gen_ai.usage.cache_write.input_tokens"
REASONING, COST = "gen_ai.usage.reasoning.output_tokens", "gen_ai.usage.cost.amount"
MESSAGES: Any = [{"role": "user", "content": "Where is Paris?"}]

XAI, GOOGLE = "https://api.x.ai/v1", "https://generativelanguage.googleapis.com/v1beta/openai"
OPENROUTER, HUGGING_FACE = "https://openrouter.ai/api/v1", "https://router.huggingface.co/v1"
OPENAI = "https://api.openai.com/v1"

Ask = Callable[..., Any]


@pytest.fixture
def ask(server: ProviderServer) -> Iterator[Ask]:
    """A chat call to ``base_url``, answered with a body, or with the chunks of a stream."""
    clients: list[openai.OpenAI] = []

    def called(base_url: str, model: str, answer: dict[str, Any] | list[Any]) -> Any:
        client = openai.OpenAI(
            api_key="k", base_url=base_url, max_retries=0, http_client=httpx.Client(transport=AnyHost(server))
        )
        clients.append(client)
        if isinstance(answer, dict):
            server.script(Reply(answer))
            return client.chat.completions.create(model=model, messages=MESSAGES)
        server.script(Reply(events=[*answer, "[DONE]"]))
        return list(client.chat.completions.create(model=model, messages=MESSAGES, stream=True))

    yield called
    for client in clients:
        client.close()


def completion(usage: Any = None, **more: Any) -> dict[str, Any]:
    message = {"role": "assistant", "content": "In France."}
    return {
        "id": "c-1", "object": "chat.completion", "created": 1, "model": "", "usage": usage,
        "choices": [{"index": 0, "message": message, "finish_reason": "stop"}], **more,
    }  # fmt: skip


def chunk(delta: Any = None, finish: str | None = None, **more: Any) -> dict[str, Any]:
    choices = [{"index": 0, "delta": delta or {}, "finish_reason": finish}]
    return {"id": "c-1", "object": "chat.completion.chunk", "created": 1, "model": "m", "choices": choices, **more}


def tokens(prompt: int, completion: int, total: int | None = None, **more: Any) -> dict[str, Any]:
    counts = {"prompt_tokens": prompt, "completion_tokens": completion}
    return {**counts, "total_tokens": prompt + completion if total is None else total, **more}


class TestReasoningThatIsNotAmongTheCompletionTokens:
    def test_xai_counts_it_beside_them(self, ask: Ask, telemetry: Telemetry) -> None:
        ask(XAI, "grok-3-mini", completion(tokens(32, 9, 135, completion_tokens_details={"reasoning_tokens": 94})))
        attributes = telemetry.span.attributes
        assert (attributes[OUTPUT], attributes[REASONING]) == (103, 94)
        assert attributes["llmotel.cost.output"] == pytest.approx(103 * 0.5e-6)

    def test_google_counts_it_in_the_total_alone(self, ask: Ask, telemetry: Telemetry) -> None:
        ask(GOOGLE, "gemini-2.5-flash", completion(tokens(10, 5, 300)))
        assert (telemetry.span.attributes[OUTPUT], telemetry.span.attributes[REASONING]) == (290, 285)

    def test_openai_counts_it_among_them(self, ask: Ask, telemetry: Telemetry) -> None:
        ask(OPENAI, "gpt-5", completion(tokens(32, 103, completion_tokens_details={"reasoning_tokens": 94})))
        assert (telemetry.span.attributes[OUTPUT], telemetry.span.attributes[REASONING]) == (103, 94)

    @pytest.mark.parametrize("total", [None, 0, 17, 5000, "many", -1])
    def test_a_total_that_explains_nothing_changes_nothing(self, total: Any, ask: Ask, telemetry: Telemetry) -> None:
        usage = {**tokens(32, 9, completion_tokens_details={"reasoning_tokens": 94}), "total_tokens": total}
        ask(XAI, "grok-3-mini", completion(usage))
        assert telemetry.span.attributes[OUTPUT] == 9


class TestCachedTokens:
    @pytest.mark.parametrize(
        ("base_url", "details"),
        [
            ("https://api.deepseek.com", {"prompt_cache_hit_tokens": 64, "prompt_cache_miss_tokens": 36}),
            ("https://api.mistral.ai/v1", {"num_cached_tokens": 64}),
            ("https://api.moonshot.ai/v1", {"cached_tokens": 64}),
            (OPENROUTER, {"prompt_tokens_details": {"cached_tokens": 64}}),
        ],
    )
    def test_each_host_has_its_own_place_for_them(
        self, base_url: str, details: dict[str, Any], ask: Ask, telemetry: Telemetry
    ) -> None:
        ask(base_url, "some-model", completion(tokens(100, 20, **details)))
        assert telemetry.span.attributes[CACHED] == 64

    def test_dashscope_says_what_was_written(self, ask: Ask, telemetry: Telemetry) -> None:
        usage = tokens(100, 20, prompt_tokens_details={"cached_tokens": 0, "cache_creation_input_tokens": 70})
        ask("https://dashscope.aliyuncs.com/compatible-mode/v1", "qwen-plus", completion(usage))
        assert telemetry.span.attributes[WRITTEN] == 70


class TestAmountsInTheResponse:
    def test_with_the_callers_own_key_openrouter_takes_a_fee_and_the_provider_the_rest(
        self, ask: Ask, telemetry: Telemetry
    ) -> None:
        usage = tokens(100, 50, cost=0.0005, is_byok=True, cost_details={"upstream_inference_cost": 0.01})
        ask(OPENROUTER, "some/model", completion(usage))
        assert telemetry.span.attributes[COST] == pytest.approx(0.0105)

    def test_otherwise_openrouters_amount_is_all_of_it(self, ask: Ask, telemetry: Telemetry) -> None:
        usage = tokens(100, 50, cost=0.0105, is_byok=False, cost_details={"upstream_inference_cost": 0.01})
        ask(OPENROUTER, "some/model", completion(usage))
        assert telemetry.span.attributes[COST] == pytest.approx(0.0105)

    def test_perplexity_gives_a_bill(self, ask: Ask, telemetry: Telemetry) -> None:
        bill = {"input_tokens_cost": 0.001, "search_queries_cost": 0.09, "total_cost": 0.091}
        ask("https://api.perplexity.ai", "sonar", completion(tokens(100, 50, cost=bill)))
        assert telemetry.span.attributes[COST] == pytest.approx(0.091)

    def test_hugging_face_has_the_prices_of_the_host_in_the_models_name(self, ask: Ask, telemetry: Telemetry) -> None:
        ask(HUGGING_FACE, "openai/gpt-oss-120b:cerebras", completion(tokens(1_000_000, 1_000_000)))
        assert telemetry.span.attributes[COST] == pytest.approx(0.35 + 0.75)

    def test_without_a_host_in_the_name_it_has_none(self, ask: Ask, telemetry: Telemetry) -> None:
        ask(HUGGING_FACE, "openai/gpt-oss-120b", completion(tokens(1_000_000, 1_000_000)))
        assert COST not in telemetry.span.attributes


class TestUsageInAStream:
    def test_where_every_chunk_repeats_it_the_last_counts(self, ask: Ask, telemetry: Telemetry) -> None:
        chunks = [chunk({"content": "a"}, usage=tokens(10, 1)), chunk({"content": "b"}, usage=tokens(10, 2))]
        ask(XAI, "grok-3", [*chunks, chunk(None, "stop", usage=tokens(10, 3))])
        assert (telemetry.span.attributes[INPUT], telemetry.span.attributes[OUTPUT]) == (10, 3)

    def test_it_may_come_with_a_choice_that_says_nothing_more(self, ask: Ask, telemetry: Telemetry) -> None:
        last = chunk({"role": "assistant", "content": ""}, usage=tokens(10, 3, cost=0.002))
        ask(OPENROUTER, "some/model", [": OPENROUTER PROCESSING", chunk({"content": "a"}, "stop"), last])
        attributes = telemetry.span.attributes
        assert attributes["gen_ai.response.finish_reasons"] == ("stop",)
        assert (attributes[OUTPUT], attributes[COST]) == (3, 0.002)

    def test_azures_chunks_about_filters_hide_nothing(self, ask: Ask, telemetry: Telemetry) -> None:
        nobody = {"created": 0, "id": "", "model": "", "object": ""}
        first = {**nobody, "choices": [], "prompt_filter_results": [{"prompt_index": 0}]}
        between = {**nobody, "choices": [{"index": 0, "content_filter_results": {}, "finish_reason": None}]}
        last = {**chunk(usage=tokens(10, 3)), "choices": []}
        ask("https://r.openai.azure.com/openai/v1", "d", [first, chunk({"content": "a"}, "stop"), between, last])
        attributes = telemetry.span.attributes
        assert attributes["gen_ai.response.id"] == "c-1"
        assert (attributes[OUTPUT], attributes["gen_ai.response.finish_reasons"]) == (3, ("stop",))


class TestContentOfAStream:
    @pytest.fixture
    def telemetry(self, telemetry: Telemetry) -> Telemetry:
        return telemetry(capture_content=True)

    @staticmethod
    def parts(telemetry: Telemetry) -> list[dict[str, Any]]:
        [message] = json.loads(telemetry.span.attributes["gen_ai.output.messages"])
        return message["parts"]

    def test_mistrals_thoughts_and_text_come_as_parts(self, ask: Ask, telemetry: Telemetry) -> None:
        thought = {
            "type": "thinking",
            "thinking": [{"type": "text", "text": "Paris, "}, {"type": "text", "text": "Texas?"}],
        }
        said = [chunk({"content": [thought]}), chunk({"content": [{"type": "text", "text": "In "}]})]
        ask("https://api.mistral.ai/v1", "magistral", [*said, chunk({"content": "France."}, "stop")])
        assert self.parts(telemetry) == [
            {"type": "reasoning", "content": "Paris, Texas?"},
            {"type": "text", "content": "In France."},
        ]

    @pytest.mark.parametrize("number", [{}, {"index": 0}], ids=["unnumbered", "all numbered 0"])
    def test_two_tool_calls_stay_two(self, number: dict[str, int], ask: Ask, telemetry: Telemetry) -> None:
        calls = [
            {**number, "id": name, "type": "function", "function": {"name": name, "arguments": f'{{"at": "{name}"}}'}}
            for name in ("north", "south")
        ]
        ask(GOOGLE, "gemini-2.5-flash", [chunk({"tool_calls": [call]}) for call in calls] + [chunk(None, "tool_calls")])
        assert [(part["id"], part["arguments"]) for part in self.parts(telemetry)] == [
            ("north", {"at": "north"}),
            ("south", {"at": "south"}),
        ]

    def test_the_input_of_a_custom_tool_is_free_text(self, ask: Ask, telemetry: Telemetry) -> None:
        begun = {"index": 0, "id": "t1", "type": "custom", "custom": {"name": "python", "input": "print("}}
        more = {"index": 0, "custom": {"input": "1)"}}
        ask(OPENAI, "gpt-5", [chunk({"tool_calls": [begun]}), chunk({"tool_calls": [more]}, "tool_calls")])
        assert self.parts(telemetry) == [{"type": "tool_call", "id": "t1", "name": "python", "arguments": "print(1)"}]

    def test_function_calls_of_old_models(self, ask: Ask, telemetry: Telemetry) -> None:
        begun = {"role": "assistant", "content": None, "function_call": {"name": "map", "arguments": '{"at":'}}
        more = {"function_call": {"arguments": ' "Paris"}'}}
        ask(OPENAI, "gpt-4", [chunk(begun), chunk(more), chunk(None, "function_call")])
        assert self.parts(telemetry) == [{"type": "tool_call", "name": "map", "arguments": {"at": "Paris"}}]

    def test_spoken_answers_have_a_transcript(self, ask: Ask, telemetry: Telemetry) -> None:
        said = [{"id": "a", "transcript": "In "}, {"transcript": "France."}, {"data": "AAAA"}]
        ask(OPENAI, "gpt-audio", [*(chunk({"audio": part}) for part in said), chunk(None, "stop")])
        assert self.parts(telemetry) == [{"type": "text", "content": "In France."}]

    @pytest.mark.parametrize(
        "delta", [{"content": {"a": 1}}, {"content": [1, None]}, {"tool_calls": "x"}, {"audio": 1}]
    )
    def test_nonsense_is_left_out(self, delta: Any, ask: Ask, telemetry: Telemetry) -> None:
        ask(OPENAI, "gpt-4", [chunk(delta), chunk({"content": "In France."}, "stop")])
        assert self.parts(telemetry)[-1] == {"type": "text", "content": "In France."}


class TestErrorsInAnAnswer:
    """Gateways put errors into answers of status 200. The library hands the answer over, so the span has no error
    status; its outcome and the metrics say that there was no answer."""

    BODY = {"error": {"message": "secret", "code": 502}, "user_id": "u"}

    def test_a_body_that_is_an_error(self, ask: Ask, telemetry: Telemetry) -> None:
        answer = ask(OPENROUTER, "some/model", self.BODY)
        assert answer.choices is None
        attributes = telemetry.span.attributes
        assert (attributes["error.type"], attributes["llmotel.outcome"]) == ("502", "server")
        assert telemetry.span.status.is_unset
        [point] = telemetry.metrics()["gen_ai.client.inference.duration"]
        assert point.attributes["error.type"] == "502"

    def test_there_is_no_exception_event_where_there_was_no_exception(self, ask: Ask, telemetry: Telemetry) -> None:
        ask(OPENROUTER, "some/model", self.BODY)
        assert telemetry.events == []

    def test_a_choice_that_ends_in_an_error(self, ask: Ask, telemetry: Telemetry) -> None:
        body = completion(tokens(10, 2))
        body["choices"][0] |= {"finish_reason": "error", "error": {"code": 429, "message": "secret"}}
        ask(OPENROUTER, "some/model", body)
        attributes = telemetry.span.attributes
        assert (attributes["llmotel.outcome"], attributes["gen_ai.response.finish_reasons"]) == (
            "rate_limit",
            ("error",),
        )

    def test_a_code_that_is_no_identifier_is_not_repeated(self, ask: Ask, telemetry: Telemetry) -> None:
        ask(OPENROUTER, "some/model", {"error": {"code": "your prompt was: secret"}})
        assert telemetry.span.attributes["error.type"] == "error"

    def test_an_answer_without_choices_alone_is_no_error(self, ask: Ask, telemetry: Telemetry) -> None:
        ask(OPENAI, "gpt-4", {**completion(tokens(1, 0)), "choices": []})
        assert "llmotel.outcome" not in telemetry.span.attributes


@pytest.mark.newest(reason="openai has a client of Bedrock since 2.40")
def test_a_client_of_bedrock_is_bedrocks_behind_any_gateway(server: ProviderServer, telemetry: Telemetry) -> None:
    with openai.BedrockOpenAI(api_key="k", aws_region="us-east-1", base_url=server.openai_url, max_retries=0) as client:
        client.chat.completions.create(model="openai.gpt-oss-120b", messages=MESSAGES)
    attributes = telemetry.span.attributes
    assert attributes["gen_ai.provider.name"] == "aws.bedrock"
    assert [name for name in attributes if name.startswith("openai.")] == []
