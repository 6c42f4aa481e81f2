"""The span of a call: what belongs to it, when it is current, and what makes none. (Its words: `test_crossings.py`.)"""

from __future__ import annotations

from dataclasses import replace
from typing import Any, ClassVar

import anthropic
import pytest
from opentelemetry import trace
from pydantic import BaseModel, ValidationError

from contract.calling import performed
from contract.judging import answered
from contract.providers import (
    ANTHROPIC,
    HELPER,
    OPENAI,
    PROVIDERS,
    RAW,
    STAINLESS,
    STREAM,
    Capital,
    Case,
    Provider,
    cases,
    make_client,
)
from contract.situations import by_id
from llmotel.testing import ProviderServer, Reply
from telemetry import Telemetry

REPRESENTATIVES = [
    case for case in cases() if case.shape.name in ("chat.create", "chat.stream", "messages.create", "messages.stream")
]


@pytest.mark.parametrize(
    ("provider", "name"), [(provider, name) for provider in PROVIDERS for name in provider.disabled_libraries]
)
def test_what_infers_nothing_is_left_alone(
    provider: Provider, name: str, server: ProviderServer, telemetry: Telemetry
) -> None:
    with make_client(provider, server, is_async=False) as client:
        assert provider.disabled_libraries[name](client) is not None
    assert telemetry.spans == []
    assert not [metric for metric in telemetry.metrics() if metric.startswith("gen_ai.")]


@pytest.mark.parametrize("case", [case for case in cases(form=HELPER) if not case.is_async], ids=by_id)
def test_a_helper_that_is_never_entered_makes_no_call(case: Case, server: ProviderServer, telemetry: Telemetry) -> None:
    with make_client(case.provider, server, is_async=False) as client:
        case.call(client)
    assert server.requests == []
    assert telemetry.spans == []


@pytest.mark.parametrize("case", REPRESENTATIVES, ids=by_id)
def test_retries_are_part_of_the_one_call(case: Case, server: ProviderServer, telemetry: Telemetry) -> None:
    server.script(case.provider.refuse(500, headers={"retry-after-ms": "1"}), Reply(case.shape.body))
    seen = performed(case, server, max_retries=1)
    assert seen.error is None
    assert len(server.requests) == 2
    assert "error.type" not in telemetry.span.attributes


@pytest.mark.parametrize("case", REPRESENTATIVES, ids=by_id)
def test_the_span_is_current_while_the_library_works_and_no_longer(
    case: Case, server: ProviderServer, telemetry: Telemetry
) -> None:
    during: list[Any] = []

    def sync_hook(_: Any) -> None:
        during.append(trace.get_current_span().get_span_context())

    async def async_hook(_: Any) -> None:
        sync_hook(_)

    hooks: Any = {"request": [async_hook if case.is_async else sync_hook]}
    http: Any = case.provider.transport
    transport: Any = http.AsyncClient if case.is_async else http.Client
    server.script(Reply(case.shape.body))
    performed(case, server, http_client=transport(verify=False, event_hooks=hooks))
    assert during == [telemetry.span.context]
    assert not trace.get_current_span().get_span_context().is_valid


@pytest.mark.parametrize("provider", STAINLESS, ids=lambda provider: provider.name)
def test_a_stream_that_is_closed_again_and_again_ends_once(
    provider: Provider, server: ProviderServer, telemetry: Telemetry
) -> None:
    shape = next(shape for shape in provider.shapes if shape.form == STREAM)
    server.script(Reply(shape.body))
    with make_client(provider, server, is_async=False) as client:
        stream = Case(provider, shape).call(client)
        list(stream)
        stream.close()
        stream.close()
        with stream:
            pass
        assert list(stream) == []
        del stream
    assert telemetry.span.attributes["llmotel.stream.outcome"] == "completed"
    assert telemetry.metrics()["gen_ai.client.inference.duration"][0].count == 1


@pytest.mark.parametrize("provider", PROVIDERS, ids=lambda provider: provider.name)
def test_a_stream_may_be_read_in_several_goes(provider: Provider, server: ProviderServer, telemetry: Telemetry) -> None:
    shape = provider.first(STREAM)
    server.script(Reply(shape.body), Reply(shape.body))
    with make_client(provider, server, is_async=False) as client:
        whole = list(Case(provider, shape).call(client))
        stream = Case(provider, shape).call(client)
        pieces = [next(stream)]
        for chunk in stream:
            pieces.append(chunk)
            break
        pieces += [next(stream), *stream]
    assert pieces == whole
    for span in telemetry.spans:
        assert span.attributes["llmotel.stream.outcome"] == "completed"
        assert span.attributes["llmotel.stream.chunks"] == len(whole)
        answered(span, Case(provider, shape))


@pytest.mark.parametrize(
    ("provider", "path", "name"),
    [
        (OPENAI, "/chat/completions", "chat.create"),
        (OPENAI, "chat/completions?trace=1", "chat.create"),
        (ANTHROPIC, "/v1/messages", "messages.create"),
        (ANTHROPIC, "v1/messages?beta=true", "messages.create"),
    ],
)
def test_a_request_made_with_the_clients_post_is_a_call(
    provider: Provider, path: str, name: str, server: ProviderServer, telemetry: Telemetry
) -> None:
    shape = provider.shape(name)
    server.script(Reply(shape.body))
    with make_client(provider, server, is_async=False) as client:
        client.post(path, body=shape.arguments(), cast_to=object)
    answered(telemetry.span, Case(provider, shape))


@pytest.mark.newest(reason="openai has responses in the background since 1.80")
def test_a_background_response_and_its_retrieval_are_two_operations(
    server: ProviderServer, telemetry: Telemetry
) -> None:
    with make_client(OPENAI, server, is_async=False) as client:
        begun = client.responses.create(model="gpt-4.1", input="Hello", background=True)
        client.responses.retrieve(begun.id)
    asked, fetched = telemetry.spans
    assert (asked.name, fetched.name) == ("chat gpt-4.1", "fetch_response")
    assert asked.attributes["gen_ai.response.id"] == fetched.attributes["gen_ai.response.id"] == begun.id
    assert fetched.attributes["gen_ai.response.status"] == "completed"
    assert not [name for name in fetched.attributes if name.startswith("gen_ai.usage")]


PARSING = [case for case in cases() if case.shape.name.endswith(".parse") and case.variant != RAW]


@pytest.mark.parametrize("case", PARSING, ids=by_id)
def test_an_answer_that_does_not_fit_the_callers_model_was_billed_all_the_same(
    case: Case, server: ProviderServer, telemetry: Telemetry
) -> None:
    class Other(BaseModel):
        population: int

    arguments = case.shape.arguments
    fitting = {name: Other if value is Capital else value for name, value in arguments().items()}
    server.script(Reply(case.shape.body))
    seen = performed(replace(case, shape=replace(case.shape, arguments=lambda: fitting)), server)
    assert isinstance(seen.error, ValidationError)
    answered(telemetry.span, case)
    assert telemetry.span.attributes["gen_ai.usage.cost.amount"] > 0


@pytest.mark.parametrize("case", REPRESENTATIVES, ids=by_id)
def test_parameters_in_the_extra_body_are_parameters(case: Case, server: ProviderServer, telemetry: Telemetry) -> None:
    """Where a library has no argument for them, as Anthropic's since 2.0, this is the way to pass them."""
    arguments = case.shape.arguments
    extra = {"temperature": 0.25, "top_p": 0.75, "model": "a-model-of-mine"}
    shape = replace(case.shape, arguments=lambda: {**arguments(), "extra_body": extra})
    server.script(Reply(case.shape.body))
    performed(replace(case, shape=shape), server)
    assert {**server.last.json, **extra} == server.last.json
    attributes = telemetry.span.attributes
    assert (attributes["gen_ai.request.temperature"], attributes["gen_ai.request.top_p"]) == (0.25, 0.75)
    assert telemetry.span.name == "chat a-model-of-mine"


@pytest.mark.newest(reason="anthropic has the tool runner since 0.68")
class TestAnthropicsToolRunner:
    MESSAGES: ClassVar = [{"role": "user", "content": "What is the weather in Paris?"}]

    def test_every_turn_is_a_span(self, server: ProviderServer, telemetry: Telemetry) -> None:
        @anthropic.beta_tool
        def get_weather(city: str) -> str:
            """The weather.

            Args:
                city: Where.
            """
            return f"Rain in {city}."

        with make_client(ANTHROPIC, server, is_async=False) as client:
            runner = client.beta.messages.tool_runner(
                model="claude-opus-5", max_tokens=100, tools=[get_weather], messages=self.MESSAGES
            )
            final = runner.until_done()
        assert "Rain in" in final.content[0].text
        spans = telemetry.spans
        assert [span.name for span in spans] == ["chat claude-opus-5"] * 2
        assert [span.attributes["gen_ai.response.finish_reasons"] for span in spans] == [("tool_call",), ("stop",)]
