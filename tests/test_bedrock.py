"""Amazon Bedrock through the real boto3 and aiobotocore: what a span says of a call, and what the caller gets."""

from __future__ import annotations

import asyncio
import gc
import json
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import closing
from typing import Any

import boto3
import botocore.client
import botocore.exceptions
import pytest
from aiobotocore.session import get_session
from botocore.config import Config
from botocore.eventstream import EventStream
from botocore.response import StreamingBody
from opentelemetry import trace

from llmotel.instrumentation import registry
from llmotel.testing import ProviderServer, Reply
from llmotel.testing.anthropic_wire import messages
from llmotel.testing.bedrock_wire import agents, converse, errors, guardrails, models
from telemetry import Telemetry

CLAUDE = "us.anthropic.claude-sonnet-4-5-20250929-v1:0"  # 3.3 USD per million input tokens, 16.5 per million output
NOVA, LLAMA, TITAN = "amazon.nova-lite-v1:0", "meta.llama3-70b-instruct-v1:0", "amazon.titan-embed-text-v2:0"
QUESTION: Any = [{"role": "user", "content": [{"text": "What is the capital of France?"}]}]
PARIS = "Paris is the capital of France."
ANSWER = converse.message(PARIS, usage=converse.usage(24, 11))
PROMPT = json.dumps({"prompt": "What is the capital of France?", "max_gen_len": 50})
MESSAGES = {
    "anthropic_version": "bedrock-2023-05-31",
    "max_tokens": 50,
    "messages": [{"role": "user", "content": "What is the capital of France?"}],
}
INPUT, OUTPUT = "gen_ai.usage.input_tokens", "gen_ai.usage.output_tokens"


@pytest.fixture(scope="module")
def running() -> Iterator[ProviderServer]:
    with ProviderServer() as server:
        yield server


@pytest.fixture
def server(running: ProviderServer) -> ProviderServer:
    running.clear()
    return running


def options(server: ProviderServer, **more: Any) -> dict[str, Any]:
    return {
        "region_name": "us-east-1",
        "endpoint_url": server.url,
        "aws_access_key_id": "any",
        "aws_secret_access_key": "any",
        "config": Config(**{"retries": {"total_max_attempts": 1}, **more}),
    }


@pytest.fixture(scope="module")
def runtime(running: ProviderServer) -> Iterator[Any]:
    with closing(boto3.client("bedrock-runtime", **options(running))) as client:
        yield client


@pytest.fixture(scope="module")
def knowledge(running: ProviderServer) -> Iterator[Any]:
    with closing(boto3.client("bedrock-agent-runtime", **options(running))) as client:
        yield client


@pytest.fixture
async def aio(server: ProviderServer) -> AsyncIterator[Any]:
    async with get_session().create_client("bedrock-runtime", **options(server)) as client:
        yield client


def ask(client: Any, **more: Any) -> Any:
    return client.converse(modelId=CLAUDE, messages=QUESTION, inferenceConfig={"maxTokens": 200}, **more)


def stream(client: Any, **more: Any) -> Any:
    return client.converse_stream(modelId=CLAUDE, messages=QUESTION, inferenceConfig={"maxTokens": 200}, **more)


class TestAnAnswer:
    def test_is_a_span_with_tokens_and_cost(self, runtime: Any, server: ProviderServer, telemetry: Telemetry) -> None:
        server.script(Reply(ANSWER))
        answer = ask(runtime)
        assert answer["output"]["message"]["content"] == [{"text": PARIS}]
        span = telemetry.span
        assert (span.name, span.kind) == (f"chat {CLAUDE}", trace.SpanKind.CLIENT)
        attributes = dict(span.attributes)
        assert attributes.pop("server.port") == int(server.url.rpartition(":")[2])
        assert attributes.pop("aws.request_id") == answer["ResponseMetadata"]["RequestId"]
        assert attributes.pop("gen_ai.usage.cost.amount") == pytest.approx(24 * 3.3e-6 + 11 * 16.5e-6)
        assert {name: value for name, value in attributes.items() if "cost" not in name} == {
            "gen_ai.operation.name": "chat",
            "gen_ai.provider.name": "aws.bedrock",
            "gen_ai.request.model": CLAUDE,
            "gen_ai.request.max_tokens": 200,
            "gen_ai.response.finish_reasons": ("stop",),
            INPUT: 24,
            OUTPUT: 11,
            "llmotel.server.duration": 0.412,
            "llmotel.usage.source": "provider",
            "server.address": "127.0.0.1",
        }

    def test_is_the_librarys_own_object(self, runtime: Any, server: ProviderServer, telemetry: Telemetry) -> None:
        server.script(Reply(ANSWER))
        answer = ask(runtime)
        assert type(answer) is dict
        assert set(answer) == {"ResponseMetadata", "output", "stopReason", "usage", "metrics"}
        assert len(telemetry.spans) == 1

    @pytest.mark.parametrize(
        "model",
        [
            "arn:aws:bedrock:us-east-1:123456789012:inference-profile/us.anthropic.claude-sonnet-4-5-20250929-v1:0",
            "arn:aws:bedrock:us-east-1::foundation-model/anthropic.claude-3-haiku-20240307-v1:0",
            "global.anthropic.claude-sonnet-4-5-20250929-v1:0",
            "eu.amazon.nova-pro-v1:0",
        ],
    )
    def test_has_a_price_whatever_way_the_model_is_named(
        self, runtime: Any, server: ProviderServer, telemetry: Telemetry, model: str
    ) -> None:
        server.script(Reply(ANSWER))
        runtime.converse(modelId=model, messages=QUESTION)
        assert telemetry.span.name == f"chat {model}"
        assert telemetry.span.attributes["gen_ai.usage.cost.amount"] > 0

    def test_has_no_price_for_a_deployment_that_names_no_model(
        self, runtime: Any, server: ProviderServer, telemetry: Telemetry
    ) -> None:
        server.script(Reply(ANSWER))
        runtime.converse(modelId="arn:aws:bedrock:us-east-1:123456789012:imported-model/abc", messages=QUESTION)
        assert "gen_ai.usage.cost.amount" not in telemetry.span.attributes

    @pytest.mark.newest(reason="botocore 1.34.116 has no prompt routers")
    def test_of_a_router_is_priced_by_the_model_that_answered(
        self, runtime: Any, server: ProviderServer, telemetry: Telemetry
    ) -> None:
        chosen = "arn:aws:bedrock:us-east-1::foundation-model/anthropic.claude-3-haiku-20240307-v1:0"
        server.script(Reply({**ANSWER, "trace": converse.router(chosen)}))
        runtime.converse(
            modelId="arn:aws:bedrock:us-east-1:123456789012:default-prompt-router/anthropic.claude:1", messages=QUESTION
        )
        assert telemetry.span.attributes["gen_ai.response.model"] == chosen
        assert telemetry.span.attributes["gen_ai.usage.cost.amount"] > 0

    @pytest.mark.newest(reason="botocore 1.34.116 has no prompt cache")
    def test_from_the_cache_costs_less(self, runtime: Any, server: ProviderServer, telemetry: Telemetry) -> None:
        usage = converse.usage(10, 43, cache_read=1000, cache_write_5m=300, cache_write_1h=200)
        server.script(Reply(converse.message(PARIS, usage=usage)))
        ask(runtime)
        attributes = telemetry.span.attributes
        assert attributes[INPUT] == 1510
        assert attributes["gen_ai.usage.cache_read.input_tokens"] == 1000
        assert attributes["gen_ai.usage.cache_write.input_tokens"] == 500
        assert attributes["llmotel.cost.uncached"] != attributes["gen_ai.usage.cost.amount"]

    def test_has_content_only_where_asked_for(self, runtime: Any, server: ProviderServer, telemetry: Telemetry) -> None:
        server.script(Reply(ANSWER), Reply(ANSWER))
        ask(runtime)
        assert "capital" not in str(telemetry.span.attributes)
        telemetry(capture_content="SPAN_ONLY")
        ask(runtime)
        [sent] = json.loads(telemetry.span.attributes["gen_ai.input.messages"])
        [said] = json.loads(telemetry.span.attributes["gen_ai.output.messages"])
        assert sent["parts"] == [{"type": "text", "content": "What is the capital of France?"}]
        assert said["parts"] == [{"type": "text", "content": PARIS}]

    def test_leaves_the_request_as_it_is(self, runtime: Any, server: ProviderServer, telemetry: Telemetry) -> None:
        image = {"image": {"format": "png", "source": {"bytes": b"\x89PNG"}}}
        sent = [{"role": "user", "content": [image, {"text": "What is this?"}]}]
        before = repr(sent)
        telemetry(capture_content="SPAN_ONLY")
        runtime.converse(modelId=CLAUDE, messages=sent)
        assert repr(sent) == before
        assert server.last.json["messages"][0]["content"][0]["image"]["source"]["bytes"] == "iVBORw=="
        assert len(telemetry.spans) == 1

    @pytest.mark.newest(reason="botocore 1.34.116 has no guardrails in Converse")
    def test_that_a_guardrail_judged_has_its_score(
        self, runtime: Any, server: ProviderServer, telemetry: Telemetry
    ) -> None:
        found = guardrails.trace(outputs=[guardrails.grounding(0.31)])
        server.script(Reply({**ANSWER, "stopReason": "guardrail_intervened", "trace": found}))
        ask(runtime, guardrailConfig={"guardrailIdentifier": "gr1", "guardrailVersion": "1", "trace": "enabled"})
        attributes = telemetry.span.attributes
        assert attributes["aws.bedrock.guardrail.id"] == "gr1"
        assert attributes["llmotel.guardrail.action"] == "intervened"
        assert attributes["llmotel.guardrail.policies"] == ("contextual_grounding",)
        assert attributes["llmotel.grounding.score"] == 0.31
        assert attributes["gen_ai.response.finish_reasons"] == ("content_filter",)


class TestAStream:
    def test_is_a_span_when_it_has_been_read(self, runtime: Any, server: ProviderServer, telemetry: Telemetry) -> None:
        server.script(Reply(ANSWER))
        result = stream(runtime)
        assert telemetry.spans == []
        events = list(result["stream"])
        assert [next(iter(event)) for event in events][-2:] == ["messageStop", "metadata"]
        attributes = telemetry.span.attributes
        assert telemetry.span.name == f"chat {CLAUDE}"
        assert (attributes[INPUT], attributes[OUTPUT]) == (24, 11)
        assert attributes["gen_ai.request.stream"] is True
        assert attributes["gen_ai.response.finish_reasons"] == ("stop",)
        assert attributes["llmotel.stream.outcome"] == "completed"
        assert attributes["llmotel.stream.chunks"] == len(events)
        assert attributes["gen_ai.response.time_to_first_chunk"] > 0
        assert attributes["gen_ai.usage.cost.amount"] == pytest.approx(24 * 3.3e-6 + 11 * 16.5e-6)
        assert attributes["aws.request_id"] == result["ResponseMetadata"]["RequestId"]

    def test_looks_as_the_librarys(self, runtime: Any, server: ProviderServer, telemetry: Telemetry) -> None:
        server.script(Reply(ANSWER))
        result = stream(runtime)
        assert type(result) is dict
        with closing(result["stream"]) as found:
            assert isinstance(found, EventStream)
            assert found is result["stream"]
            assert not hasattr(found, "__next__")
            assert not hasattr(found, "__enter__")
        assert len(telemetry.spans) == 1

    def test_says_the_same_with_and_without_llmotel(self, runtime: Any, server: ProviderServer) -> None:
        server.script(Reply(ANSWER), Reply(ANSWER))
        without = list(stream(runtime)["stream"])
        telemetry = Telemetry()
        assert list(stream(runtime)["stream"]) == without
        telemetry.end()

    def test_that_is_closed_says_so(self, runtime: Any, server: ProviderServer, telemetry: Telemetry) -> None:
        server.script(Reply(ANSWER))
        events = stream(runtime)["stream"]
        next(iter(events))
        events.close()
        events.close()
        attributes = telemetry.span.attributes
        assert attributes["llmotel.stream.outcome"] == "closed"
        assert INPUT not in attributes

    def test_that_is_dropped_says_so(self, runtime: Any, server: ProviderServer, telemetry: Telemetry) -> None:
        server.script(Reply(ANSWER))
        events = stream(runtime)["stream"]
        raw = events._raw_stream
        del events
        gc.collect()
        assert telemetry.span.attributes["llmotel.stream.outcome"] == "abandoned"
        raw.close()

    @pytest.mark.parametrize(
        ("name", "outcome"),
        [
            ("throttlingException", "rate_limit"),
            ("validationException", "validation"),
            ("modelStreamErrorException", "server"),
            ("internalServerException", "server"),
            pytest.param(
                "serviceUnavailableException",
                "server",
                marks=pytest.mark.newest(reason="botocore 1.34.116 has no such error"),
            ),
        ],
    )
    def test_that_fails_on_the_way_has_the_librarys_error(
        self, runtime: Any, server: ProviderServer, telemetry: Telemetry, name: str, outcome: str
    ) -> None:
        begun = [{"messageStart": {"role": "assistant"}}]
        server.script(Reply(events=[*begun, errors.event(name, "No more of the capital.")]))
        with (
            closing(stream(runtime)["stream"]) as events,
            pytest.raises(botocore.exceptions.EventStreamError, match="No more"),
        ):
            list(events)
        span, code = telemetry.span, name[0].upper() + name[1:]  # as where it is answered at once
        assert (span.attributes["error.type"], span.attributes["llmotel.outcome"]) == (code, outcome)
        assert span.attributes["llmotel.stream.outcome"] == "error"
        assert span.status.description == f"EventStreamError: {code}"

    @pytest.mark.newest(reason="botocore 1.34.116 has no citations")
    def test_with_citations_is_grounded(self, runtime: Any, server: ProviderServer, telemetry: Telemetry) -> None:
        cited = converse.citations(PARIS, converse.document_citation(0, 0, 9, title="Capitals"))
        server.script(Reply(converse.message([cited])))
        document = {
            "name": "capitals",
            "format": "txt",
            "source": {"text": "Paris."},
            "citations": {"enabled": True},
        }
        asked = [{"role": "user", "content": [{"document": document}, {"text": "?"}]}]
        list(runtime.converse_stream(modelId=CLAUDE, messages=asked)["stream"])
        assert telemetry.span.attributes["llmotel.grounding.score"] == 1.0


def invoke(client: Any, model: str = LLAMA, body: Any = PROMPT, **more: Any) -> Any:
    return client.invoke_model(modelId=model, body=body, **more)


LLAMA_REPLY = models.reply(models.llama(PARIS, input=24, output=11), 24, 11)
READS: dict[str, Callable[[Any], bytes]] = {
    "at once": lambda body: body.read(),
    "all of it": lambda body: body.read(None),
    "in pieces": lambda body: b"".join(iter(lambda: body.read(7), b"")),
    "by chunks": lambda body: b"".join(body.iter_chunks(16)),
    "by lines": lambda body: b"".join(body.iter_lines(16)),
    "in lines": lambda body: b"".join(body.readlines()),
    "by iteration": lambda body: b"".join(body),
    "by next": lambda body: b"".join(iter(lambda: next(body, b""), b"")),
}


class TestInvokeModel:
    @pytest.mark.parametrize("read", READS.values(), ids=READS)
    def test_is_a_span_when_the_body_has_been_read(
        self, runtime: Any, server: ProviderServer, telemetry: Telemetry, read: Callable[[Any], bytes]
    ) -> None:
        server.script(LLAMA_REPLY)
        body = invoke(runtime)["body"]
        assert isinstance(body, StreamingBody)
        assert json.loads(read(body))["generation"] == PARIS
        attributes = telemetry.span.attributes
        assert telemetry.span.name == f"text_completion {LLAMA}"
        assert (attributes[INPUT], attributes[OUTPUT]) == (24, 11)
        assert attributes["gen_ai.request.max_tokens"] == 50
        assert attributes["gen_ai.response.finish_reasons"] == ("stop",)

    def test_by_json_load_is_read_too(self, runtime: Any, server: ProviderServer, telemetry: Telemetry) -> None:
        server.script(LLAMA_REPLY)
        assert json.load(invoke(runtime)["body"])["generation"] == PARIS
        assert telemetry.span.attributes["gen_ai.response.finish_reasons"] == ("stop",)

    def test_that_is_closed_unread_has_the_tokens_of_its_headers(
        self, runtime: Any, server: ProviderServer, telemetry: Telemetry
    ) -> None:
        server.script(LLAMA_REPLY)
        invoke(runtime)["body"].close()
        attributes = telemetry.span.attributes
        assert (attributes[INPUT], attributes[OUTPUT]) == (24, 11)

    def test_that_counts_in_headers_alone_has_its_tokens(
        self, runtime: Any, server: ProviderServer, telemetry: Telemetry
    ) -> None:
        server.script(models.reply(models.mistral(PARIS), 24, 11))
        invoke(runtime, "mistral.mistral-large-2402-v1:0")["body"].read()
        attributes = telemetry.span.attributes
        assert (attributes[INPUT], attributes[OUTPUT]) == (24, 11)

    def test_of_claude_speaks_anthropics_dialect(
        self, runtime: Any, server: ProviderServer, telemetry: Telemetry
    ) -> None:
        body = messages.message(PARIS, usage=messages.usage(10, 43, cache_read=1000, cache_write_1h=200))
        server.script(Reply(body), Reply(body))
        invoke(runtime, CLAUDE, json.dumps(MESSAGES))["body"].read()
        events = runtime.invoke_model_with_response_stream(modelId=CLAUDE, body=json.dumps(MESSAGES))["body"]
        assert isinstance(events, EventStream)
        list(events)
        for span in telemetry.spans:
            assert span.name == f"chat {CLAUDE}"
            assert span.attributes["gen_ai.response.id"] == body["id"]
            assert span.attributes[INPUT] == 1210
            assert span.attributes["llmotel.usage.cache_write_1h.input_tokens"] == 200
            assert span.attributes["gen_ai.usage.cost.amount"] > 0

    def test_streams_are_read_chunk_by_chunk(self, runtime: Any, server: ProviderServer, telemetry: Telemetry) -> None:
        server.script(LLAMA_REPLY)
        chunks = list(runtime.invoke_model_with_response_stream(modelId=LLAMA, body=PROMPT)["body"])
        assert all(type(chunk["chunk"]["bytes"]) is bytes for chunk in chunks)
        attributes = telemetry.span.attributes
        assert (attributes[INPUT], attributes[OUTPUT]) == (24, 11)
        assert attributes["llmotel.stream.outcome"] == "completed"
        assert attributes["llmotel.stream.chunks"] == len(chunks)

    def test_has_content_where_asked_for(self, runtime: Any, server: ProviderServer, telemetry: Telemetry) -> None:
        server.script(LLAMA_REPLY, LLAMA_REPLY)
        telemetry(capture_content="SPAN_ONLY")
        invoke(runtime)["body"].read()
        list(runtime.invoke_model_with_response_stream(modelId=LLAMA, body=PROMPT)["body"])
        for span in telemetry.spans:
            [sent] = json.loads(span.attributes["gen_ai.input.messages"])
            [said] = json.loads(span.attributes["gen_ai.output.messages"])
            assert sent["parts"][0]["content"] == "What is the capital of France?"
            assert said["parts"][0]["content"] == PARIS

    def test_of_an_embedding_is_an_embeddings_span(
        self, runtime: Any, server: ProviderServer, telemetry: Telemetry
    ) -> None:
        server.script(models.reply(models.titan_embedding([0.5] * 8, input=7), 7))
        invoke(runtime, TITAN, '{"inputText": "Paris"}')["body"].read()
        attributes = telemetry.span.attributes
        assert telemetry.span.name == f"embeddings {TITAN}"
        assert (attributes[INPUT], attributes["gen_ai.embeddings.dimension.count"]) == (7, 8)
        assert attributes["gen_ai.usage.cost.amount"] == pytest.approx(7 * 0.02e-6)

    @pytest.mark.parametrize("body", ["", "no json", b"\xff", "[]"])
    def test_sends_any_body_as_it_is(
        self, runtime: Any, server: ProviderServer, telemetry: Telemetry, body: Any
    ) -> None:
        with pytest.raises(runtime.exceptions.ValidationException):
            invoke(runtime, body=body)
        assert server.last.body == (body if isinstance(body, bytes) else body.encode())
        assert telemetry.span.attributes["error.type"] == "ValidationException"

    def test_cut_in_the_middle_of_a_body_is_an_error(
        self, runtime: Any, server: ProviderServer, telemetry: Telemetry
    ) -> None:
        server.script(Reply(models.llama(PARIS * 50), fault="cut"))
        body = invoke(runtime)["body"]
        with closing(body), pytest.raises(Exception, match=r"(?i)incomplete|prematurely|broken"):
            body.read()
        assert telemetry.span.attributes["llmotel.outcome"] == "network"


class TestErrors:
    @pytest.mark.parametrize(
        ("status", "name", "outcome"),
        [
            (400, "ValidationException", "validation"),
            (403, "AccessDeniedException", "authentication"),
            (404, "ResourceNotFoundException", "validation"),
            (408, "ModelTimeoutException", "timeout"),
            (424, "ModelErrorException", "server"),
            (429, "ThrottlingException", "rate_limit"),
            (500, "InternalServerException", "server"),
            pytest.param(
                503,
                "ServiceUnavailableException",
                "server",
                marks=pytest.mark.newest(reason="botocore 1.34.116 has no such error"),
            ),
        ],
    )
    @pytest.mark.parametrize("call", [ask, stream, invoke])
    def test_have_the_code_and_the_status_of_the_answer(
        self,
        runtime: Any,
        server: ProviderServer,
        telemetry: Telemetry,
        call: Callable[[Any], Any],
        status: int,
        name: str,
        outcome: str,
    ) -> None:
        server.script(errors.reply(status, "Not for Zebedee."))
        with pytest.raises(getattr(runtime.exceptions, name), match="Zebedee"):
            call(runtime)
        span = telemetry.span
        assert span.attributes["error.type"] == name
        assert span.attributes["http.response.status_code"] == status
        assert span.attributes["llmotel.outcome"] == outcome
        assert span.status.description == f"{name}: {status} {name}"

    def test_a_quota_that_is_used_up_is_a_rate_limit(
        self, runtime: Any, server: ProviderServer, telemetry: Telemetry
    ) -> None:
        server.script(errors.reply(400, type="ServiceQuotaExceededException"))
        with pytest.raises(runtime.exceptions.ServiceQuotaExceededException):
            ask(runtime)
        assert telemetry.span.attributes["llmotel.outcome"] == "rate_limit"

    def test_a_request_that_the_library_refuses_is_invalid(self, runtime: Any, telemetry: Telemetry) -> None:
        with pytest.raises(botocore.exceptions.ParamValidationError):
            runtime.converse(modelId=CLAUDE, messages="Hello")
        assert telemetry.span.attributes["llmotel.outcome"] == "validation"

    def test_a_server_that_is_gone_is_a_network_error(self, telemetry: Telemetry) -> None:
        with ProviderServer() as gone:
            client = boto3.client("bedrock-runtime", **options(gone))
        with closing(client), pytest.raises(botocore.exceptions.EndpointConnectionError):
            ask(client)
        assert telemetry.span.attributes["llmotel.outcome"] == "network"

    def test_a_connection_that_breaks_off_is_a_network_error(
        self, runtime: Any, server: ProviderServer, telemetry: Telemetry
    ) -> None:
        server.script(Reply(fault="reset"))
        with pytest.raises(botocore.exceptions.ConnectionClosedError):
            ask(runtime)
        assert telemetry.span.attributes["llmotel.outcome"] == "network"

    def test_waiting_too_long_is_a_timeout(self, telemetry: Telemetry) -> None:
        with ProviderServer() as slow:
            slow.script(Reply(fault="hang"))
            client = boto3.client("bedrock-runtime", **options(slow, read_timeout=0.05))
            with closing(client), pytest.raises(botocore.exceptions.ReadTimeoutError):
                ask(client)
        assert telemetry.span.attributes["llmotel.outcome"] == "timeout"

    @pytest.mark.parametrize("retries", [1, 2])
    def test_what_was_tried_again_is_one_call_with_retries(
        self, server: ProviderServer, telemetry: Telemetry, monkeypatch: pytest.MonkeyPatch, retries: int
    ) -> None:
        monkeypatch.setattr("botocore.endpoint.time.sleep", lambda _: None)
        server.script(*[errors.reply(503)] * retries, Reply(ANSWER))
        client = boto3.client("bedrock-runtime", **options(server, retries={"total_max_attempts": 4}))
        with closing(client):
            ask(client)
        assert len(server.requests) == retries + 1
        assert telemetry.span.attributes["llmotel.retries"] == retries

    def test_what_failed_after_all_has_its_retries(
        self, server: ProviderServer, telemetry: Telemetry, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("botocore.endpoint.time.sleep", lambda _: None)
        server.script(*[errors.reply(503)] * 3)
        client = boto3.client("bedrock-runtime", **options(server, retries={"total_max_attempts": 3}))
        with closing(client), pytest.raises(botocore.exceptions.ClientError, match="ServiceUnavailable"):
            ask(client)
        assert telemetry.span.attributes["llmotel.retries"] == 2


class TestAsynchronously:
    async def test_an_answer_is_a_span(self, aio: Any, server: ProviderServer, telemetry: Telemetry) -> None:
        server.script(Reply(ANSWER))
        answer = await ask(aio)
        assert answer["output"]["message"]["content"] == [{"text": PARIS}]
        attributes = telemetry.span.attributes
        assert (attributes[INPUT], attributes[OUTPUT]) == (24, 11)
        assert attributes["gen_ai.provider.name"] == "aws.bedrock"
        assert telemetry.span.instrumentation_scope.name == "llmotel.aiobotocore"

    async def test_a_stream_is_a_span_when_it_has_been_read(
        self, aio: Any, server: ProviderServer, telemetry: Telemetry
    ) -> None:
        server.script(Reply(ANSWER))
        events = [event async for event in (await stream(aio))["stream"]]
        attributes = telemetry.span.attributes
        assert (attributes[INPUT], attributes[OUTPUT]) == (24, 11)
        assert attributes["llmotel.stream.chunks"] == len(events)
        assert attributes["llmotel.stream.outcome"] == "completed"

    async def test_a_stream_may_be_closed_before_its_end(
        self, aio: Any, server: ProviderServer, telemetry: Telemetry
    ) -> None:
        server.script(Reply(ANSWER))
        events = (await stream(aio))["stream"]
        async for event in events:
            assert event == {"messageStart": {"role": "assistant"}}
            break
        events.close()
        assert telemetry.span.attributes["llmotel.stream.outcome"] == "closed"

    async def test_a_body_is_read_in_every_way(self, aio: Any, server: ProviderServer, telemetry: Telemetry) -> None:
        server.script(*[LLAMA_REPLY] * 3)
        async with (await invoke(aio))["body"] as body:
            assert json.loads(await body.read())["generation"] == PARIS
        body = (await invoke(aio))["body"]
        pieces = []
        while piece := await body.read(7):
            pieces.append(piece)
        assert json.loads(b"".join(pieces))["generation"] == PARIS
        body = (await invoke(aio))["body"]
        assert json.loads(b"".join([chunk async for chunk in body.iter_chunks(16)]))["generation"] == PARIS
        assert [span.attributes[INPUT] for span in telemetry.spans] == [24] * 3
        assert [span.attributes["gen_ai.response.finish_reasons"] for span in telemetry.spans] == [("stop",)] * 3

    async def test_an_error_has_code_and_status(self, aio: Any, server: ProviderServer, telemetry: Telemetry) -> None:
        server.script(errors.reply(429))
        with pytest.raises(botocore.exceptions.ClientError):
            await ask(aio)
        attributes = telemetry.span.attributes
        assert attributes["error.type"] == "ThrottlingException"
        assert (attributes["http.response.status_code"], attributes["llmotel.outcome"]) == (429, "rate_limit")

    async def test_an_error_within_a_stream_ends_it(
        self, aio: Any, server: ProviderServer, telemetry: Telemetry
    ) -> None:
        server.script(Reply(ANSWER, fault="error_event"))
        with closing((await stream(aio))["stream"]) as events, pytest.raises(botocore.exceptions.EventStreamError):
            async for _ in events:
                pass
        assert telemetry.span.attributes["error.type"] == "ModelStreamErrorException"

    async def test_retries_are_counted(
        self, server: ProviderServer, telemetry: Telemetry, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        sleep = asyncio.sleep
        monkeypatch.setattr("aiobotocore.endpoint.asyncio.sleep", lambda _: sleep(0))
        server.script(errors.reply(503), Reply(ANSWER))
        config = options(server, retries={"total_max_attempts": 4})
        async with get_session().create_client("bedrock-runtime", **config) as client:
            await ask(client)
        assert telemetry.span.attributes["llmotel.retries"] == 1

    async def test_a_call_that_is_cancelled_says_so(
        self, aio: Any, server: ProviderServer, telemetry: Telemetry
    ) -> None:
        server.script(Reply(ANSWER, delay=60))
        task = asyncio.ensure_future(ask(aio))
        while not server.requests:
            await asyncio.sleep(0.001)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert telemetry.span.attributes["llmotel.outcome"] == "cancelled"


class TestGuardrailsAgentsAndKnowledgeBases:
    @pytest.mark.newest(reason="botocore 1.34.116 has no ApplyGuardrail")
    def test_a_guardrail_applied_alone_is_a_span(
        self, runtime: Any, server: ProviderServer, telemetry: Telemetry
    ) -> None:
        server.script(Reply(guardrails.applied(guardrails.topic("finance"), outputs=["No."])))
        runtime.apply_guardrail(
            guardrailIdentifier="gr1", guardrailVersion="1", source="INPUT", content=[{"text": {"text": "Shares?"}}]
        )
        attributes = telemetry.span.attributes
        assert telemetry.span.name == "guardrail"
        assert attributes["aws.bedrock.guardrail.id"] == "gr1"
        assert attributes["llmotel.guardrail.policies"] == ("topic",)

    GENERATE: Any = {
        "input": {"text": "What is the capital of France?"},
        "retrieveAndGenerateConfiguration": {
            "type": "KNOWLEDGE_BASE",
            "knowledgeBaseConfiguration": {"knowledgeBaseId": "KB12345678", "modelArn": NOVA},
        },
    }
    BODY = agents.generated(PARIS, agents.citation(PARIS, 0, agents.reference("Paris, the capital")))

    def test_an_answer_from_a_knowledge_base_is_grounded(
        self, knowledge: Any, server: ProviderServer, telemetry: Telemetry
    ) -> None:
        server.script(Reply(self.BODY))
        knowledge.retrieve_and_generate(**self.GENERATE)
        attributes = telemetry.span.attributes
        assert telemetry.span.name == f"chat {NOVA}"
        assert attributes["aws.bedrock.knowledge_base.id"] == "KB12345678"
        assert (attributes["llmotel.grounding.score"], attributes["llmotel.grounding.source_count"]) == (1.0, 1)

    @pytest.mark.newest(reason="botocore 1.34.116 has no such stream")
    def test_so_is_a_stream_from_one(self, knowledge: Any, server: ProviderServer, telemetry: Telemetry) -> None:
        server.script(Reply(self.BODY))
        list(knowledge.retrieve_and_generate_stream(**self.GENERATE)["stream"])
        attributes = telemetry.span.attributes
        assert attributes["llmotel.stream.outcome"] == "completed"
        assert attributes["llmotel.grounding.score"] == 1.0

    def test_a_retrieval_names_its_source(self, knowledge: Any, telemetry: Telemetry) -> None:
        knowledge.retrieve(knowledgeBaseId="KB12345678", retrievalQuery={"text": "capital?"})
        attributes = telemetry.span.attributes
        assert attributes["gen_ai.operation.name"] == "retrieval"
        assert attributes["gen_ai.data_source.id"] == "KB12345678"

    @pytest.mark.newest(reason="botocore 1.34.116 has no usage of agents")
    def test_an_agent_has_the_tokens_of_its_models(
        self, knowledge: Any, server: ProviderServer, telemetry: Telemetry
    ) -> None:
        model = "anthropic.claude-3-5-haiku-20241022-v1:0"
        traces = [*agents.model_trace(model, 100, 20), *agents.model_trace(model, 300, 50)]
        server.script(Reply(events=agents.agent_events(PARIS, traces)))
        asked = {"agentId": "AGENT12345", "agentAliasId": "TSTALIASID", "sessionId": "session-1"}
        list(knowledge.invoke_agent(**asked, inputText="Hi", enableTrace=True)["completion"])
        attributes = telemetry.span.attributes
        assert attributes["gen_ai.operation.name"] == "invoke_agent"
        assert (attributes["gen_ai.agent.id"], attributes["gen_ai.conversation.id"]) == ("AGENT12345", "session-1")
        assert (attributes[INPUT], attributes[OUTPUT]) == (400, 70)

    @pytest.mark.newest(reason="botocore 1.34.116 has no flows")
    def test_a_flow_is_a_workflow(self, knowledge: Any, telemetry: Telemetry) -> None:
        given = {"content": {"document": "Hi"}, "nodeName": "FlowInputNode", "nodeOutputName": "document"}
        list(
            knowledge.invoke_flow(flowIdentifier="FLOW123456", flowAliasIdentifier="TSTALIASID", inputs=[given])[
                "responseStream"
            ]
        )
        assert telemetry.span.attributes["gen_ai.operation.name"] == "invoke_workflow"
        assert telemetry.span.attributes["gen_ai.response.finish_reasons"] == ("stop",)


class TestWhatIsNotBedrock:
    def test_other_services_are_left_alone(self, server: ProviderServer, telemetry: Telemetry) -> None:
        with closing(boto3.client("lambda", **options(server))) as client, pytest.raises(client.exceptions.ClientError):
            client.invoke(FunctionName="f", Payload=b"{}")
        with (
            closing(boto3.client("bedrock", **options(server))) as client,
            pytest.raises(client.exceptions.ClientError),
        ):
            client.list_foundation_models()
        assert telemetry.spans == []

    @pytest.mark.newest(reason="botocore 1.34.116 counts no tokens")
    def test_counting_tokens_runs_no_model(self, runtime: Any, telemetry: Telemetry) -> None:
        with pytest.raises(runtime.exceptions.ClientError):
            runtime.count_tokens(modelId=CLAUDE, input={"converse": {"messages": QUESTION}})
        assert telemetry.spans == []

    def test_uninstrumented_the_library_is_as_it_was(self, runtime: Any, server: ProviderServer) -> None:
        before = botocore.client.BaseClient.__dict__["_make_api_call"]
        telemetry = Telemetry()
        assert botocore.client.BaseClient.__dict__["_make_api_call"] is not before
        telemetry.end()
        assert botocore.client.BaseClient.__dict__["_make_api_call"] is before
        server.script(Reply(ANSWER))
        ask(runtime)
        assert telemetry.spans == []

    def test_the_librarys_own_decorators_are_no_rivals(self, telemetry: Telemetry) -> None:
        rows = {row.library: row for row in registry.report()}
        for library in ("botocore", "aiobotocore"):
            assert (rows[library].state, rows[library].detail) == ("instrumented", "")

    def test_a_client_made_before_is_recorded_too(
        self, server: ProviderServer, runtime: Any, telemetry: Telemetry
    ) -> None:
        server.script(Reply(ANSWER))
        ask(runtime)
        assert len(telemetry.spans) == 1
        assert telemetry.engine is not None
