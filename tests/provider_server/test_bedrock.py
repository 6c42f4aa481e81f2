"""The provider server as boto3 sees it: Bedrock's runtime, its agents and knowledge bases."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import closing
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.eventstream import ChecksumMismatch, EventStreamBuffer
from botocore.exceptions import ClientError, EventStreamError

from llmotel.testing import ProviderServer, Reply
from llmotel.testing.bedrock_wire import agents, converse, errors, eventstream, guardrails, models

NOVA, ARN = (
    "us.amazon.nova-lite-v1:0",
    "arn:aws:bedrock:us-east-1:123456789012:inference-profile/us.amazon.nova-lite-v1:0",
)
QUESTION: Any = [{"role": "user", "content": [{"text": "What is the capital of France?"}]}]
WEATHER = {"toolSpec": {"name": "get_weather", "inputSchema": {"json": {"properties": {"city": {"type": "string"}}}}}}


def client(server: ProviderServer, service: str) -> Any:
    return boto3.client(
        service,
        region_name="us-east-1",
        endpoint_url=server.url,
        aws_access_key_id="any",
        aws_secret_access_key="any",
        config=Config(retries={"total_max_attempts": 1}),
    )


@pytest.fixture(scope="module")
def runtime(running: ProviderServer) -> Iterator[Any]:
    with closing(client(running, "bedrock-runtime")) as made:
        yield made


@pytest.fixture(scope="module")
def knowledge(running: ProviderServer) -> Iterator[Any]:
    with closing(client(running, "bedrock-agent-runtime")) as made:
        yield made


def text_of(events: Any) -> str:
    """What the deltas of a stream add up to."""
    deltas = [event["contentBlockDelta"]["delta"] for event in events if "contentBlockDelta" in event]
    return "".join(delta.get("text", "") for delta in deltas)


@pytest.mark.parametrize("model", [NOVA, ARN])
def test_an_answer_repeats_the_question_and_counts_it(runtime: Any, server: ProviderServer, model: str) -> None:
    answer = runtime.converse(modelId=model, messages=QUESTION, system=[{"text": "You know the world."}])
    assert answer["output"]["message"]["content"] == [{"text": "You said: What is the capital of France?"}]
    assert answer["usage"] == {"inputTokens": 14, "outputTokens": 10, "totalTokens": 24}
    assert server.last.params["model"] == model


def test_a_stream_says_the_same(runtime: Any) -> None:
    whole = runtime.converse(modelId=NOVA, messages=QUESTION)
    events = list(runtime.converse_stream(modelId=NOVA, messages=QUESTION)["stream"])
    assert text_of(events) == whole["output"]["message"]["content"][0]["text"]
    assert events[-1]["metadata"]["usage"] == whole["usage"]


def test_a_tool_is_called_and_its_result_repeated(runtime: Any) -> None:
    tools = {"tools": [WEATHER]}
    asked = [{"role": "user", "content": [{"text": "What is the weather?"}]}]
    called = runtime.converse(modelId=NOVA, messages=asked, toolConfig=tools)
    use = called["output"]["message"]["content"][0]["toolUse"]
    assert (called["stopReason"], use["name"], use["input"]) == ("tool_use", "get_weather", {"city": "text"})
    result = {"toolResult": {"toolUseId": use["toolUseId"], "content": [{"text": "Rain."}]}}
    turns = [*asked, called["output"]["message"], {"role": "user", "content": [result]}]
    answer = runtime.converse(modelId=NOVA, messages=turns, toolConfig=tools)
    assert answer["output"]["message"]["content"] == [{"text": "Here is what I found: Rain."}]


def test_a_cache_point_writes_the_cache_and_the_next_turn_reads_it(runtime: Any) -> None:
    system = [{"text": "You know the world. " * 40}, {"cachePoint": {"type": "default"}}]
    first = runtime.converse(modelId=NOVA, messages=QUESTION, system=system)
    turns = [*QUESTION, first["output"]["message"], *QUESTION]
    second = runtime.converse(modelId=NOVA, messages=turns, system=system)
    assert first["usage"]["cacheWriteInputTokens"] > 100
    assert second["usage"]["cacheReadInputTokens"] > 100


CHAT = [{"role": "user", "content": "Hello"}]
REQUESTS: dict[str, Any] = {
    "amazon.titan-text-express-v1": {"inputText": "Hello"},
    "amazon.nova-micro-v1:0": {"messages": [{"role": "user", "content": [{"text": "Hello"}]}]},
    "meta.llama3-70b-instruct-v1:0": {"prompt": "Hello"},
    "mistral.mistral-7b-instruct-v0:2": {"prompt": "Hello"},
    "mistral.mistral-large-2402-v1:0": {"messages": CHAT},
    "cohere.command-text-v14": {"prompt": "Hello"},
    "cohere.command-r-v1:0": {"message": "Hello"},
    "deepseek.r1-v1:0": {"prompt": "Hello"},
    "qwen.qwen3-32b-v1:0": {"messages": CHAT},
    "anthropic.claude-3-haiku-20240307-v1:0": {
        "anthropic_version": "bedrock-2023-05-31",
        "max_tokens": 9,
        "messages": CHAT,
    },
}


@pytest.mark.parametrize("model", REQUESTS)
def test_invoke_model_answers_in_the_dialect_of_the_body(runtime: Any, model: str) -> None:
    body = json.dumps(REQUESTS[model])
    whole = json.loads(runtime.invoke_model(modelId=model, body=body)["body"].read())
    assert "You said: Hello" in json.dumps(whole)
    stream = runtime.invoke_model_with_response_stream(modelId=model, body=body)["body"]
    chunks = [json.loads(event["chunk"]["bytes"]) for event in stream]
    assert " Hello" in json.dumps(chunks)
    metrics = chunks[-1]["amazon-bedrock-invocationMetrics"]
    assert metrics["inputTokenCount"] > 0
    assert metrics["outputTokenCount"] > 0


def test_invoke_model_counts_tokens_in_headers_and_in_the_last_chunk(runtime: Any, server: ProviderServer) -> None:
    reply = models.reply(models.mistral("Hello"), 24, 11)
    server.script(reply, reply)
    whole = runtime.invoke_model(modelId="mistral.m", body='{"prompt": "Hi"}')
    assert whole["ResponseMetadata"]["HTTPHeaders"]["x-amzn-bedrock-input-token-count"] == "24"
    streamed = runtime.invoke_model_with_response_stream(modelId="mistral.m", body='{"prompt": "Hi"}')
    *_, last = streamed["body"]
    metrics = json.loads(last["chunk"]["bytes"])["amazon-bedrock-invocationMetrics"]
    assert (metrics["inputTokenCount"], metrics["outputTokenCount"]) == (24, 11)


@pytest.mark.parametrize(
    ("model", "body", "length"),
    [
        ("amazon.titan-embed-text-v2:0", {"inputText": "Hi", "dimensions": 16}, 16),
        ("cohere.embed-english-v3", {"texts": ["Hi", "Ho"]}, 8),
        (
            "amazon.nova-2-multimodal-embeddings-v1:0",
            {"singleEmbeddingParams": {"embeddingDimension": 32, "text": {"value": "Hi"}}},
            32,
        ),
    ],
)
def test_embeddings_have_the_length_that_is_asked_for(runtime: Any, model: str, body: Any, length: int) -> None:
    answer = json.loads(runtime.invoke_model(modelId=model, body=json.dumps(body))["body"].read())
    found = answer.get("embedding") or answer["embeddings"][0]
    assert len(found["embedding"] if isinstance(found, dict) else found) == length


def test_pictures_are_made_and_documents_ranked(runtime: Any) -> None:
    body = json.dumps({"textToImageParams": {"text": "a cat"}})
    assert json.loads(runtime.invoke_model(modelId="amazon.nova-canvas-v1:0", body=body)["body"].read())["images"]
    body = json.dumps({"query": "capital?", "documents": ["a", "b"]})
    ranked = json.loads(runtime.invoke_model(modelId="cohere.rerank-v3-5:0", body=body)["body"].read())
    assert [result["index"] for result in ranked["results"]] == [0, 1]


@pytest.mark.parametrize(
    ("status", "name"),
    [
        (400, "ValidationException"),
        (403, "AccessDeniedException"),
        (404, "ResourceNotFoundException"),
        (408, "ModelTimeoutException"),
        (424, "ModelErrorException"),
        (429, "ThrottlingException"),
        (500, "InternalServerException"),
        (503, "ServiceUnavailableException"),
    ],
)
def test_an_error_is_the_librarys_own(runtime: Any, server: ProviderServer, status: int, name: str) -> None:
    server.script(errors.reply(status))
    with pytest.raises(getattr(runtime.exceptions, name)) as raised:
        runtime.converse(modelId=NOVA, messages=QUESTION)
    assert raised.value.response["ResponseMetadata"]["HTTPStatusCode"] == status


@pytest.mark.parametrize("body", [b"", b"{", b"[]"])
def test_a_body_that_is_no_json_object_is_refused(runtime: Any, body: bytes) -> None:
    with pytest.raises(ClientError, match="ValidationException"):
        runtime.invoke_model(modelId="meta.llama3-70b-instruct-v1:0", body=body)


@pytest.mark.parametrize("name", ["throttlingException", "modelStreamErrorException", "validationException"])
def test_a_stream_may_end_with_an_error(runtime: Any, server: ProviderServer, name: str) -> None:
    server.script(Reply(events=[{"messageStart": {"role": "assistant"}}, errors.event(name, "No more.")]))
    stream = runtime.converse_stream(modelId=NOVA, messages=QUESTION)["stream"]
    with closing(stream), pytest.raises(EventStreamError, match=f"{name}.*No more"):
        list(stream)


STREAMS: dict[str, Callable[[Any], Any]] = {
    "converse": lambda runtime: runtime.converse_stream(modelId=NOVA, messages=QUESTION)["stream"],
    "invoke": lambda runtime: runtime.invoke_model_with_response_stream(
        modelId="meta.llama3-70b-instruct-v1:0", body='{"prompt": "Hello to all of you"}'
    )["body"],
}


@pytest.mark.parametrize("stream", STREAMS.values(), ids=STREAMS)
class TestFaults:
    def test_an_error_event(self, runtime: Any, server: ProviderServer, stream: Callable[[Any], Any]) -> None:
        server.script(Reply(fault="error_event"))
        with closing(stream(runtime)) as opened, pytest.raises(EventStreamError, match="modelStreamErrorException"):
            list(opened)

    def test_a_frame_whose_checksum_is_wrong(
        self, runtime: Any, server: ProviderServer, stream: Callable[[Any], Any]
    ) -> None:
        server.script(Reply(fault="malformed_sse"))
        with closing(stream(runtime)) as opened, pytest.raises(ChecksumMismatch):
            list(opened)

    def test_events_that_no_client_knows(
        self, runtime: Any, server: ProviderServer, stream: Callable[[Any], Any]
    ) -> None:
        known = list(stream(runtime))
        server.script(Reply(fault="unknown_events"))
        strange = list(stream(runtime))
        assert [event for event in strange if event in known] == known


@pytest.mark.parametrize("length", [0, 1, 30, 5000])
def test_a_frame_is_what_botocore_reads(length: int) -> None:
    buffer = EventStreamBuffer()
    buffer.add_data(eventstream.encode({"contentBlockDelta": {"delta": {"text": "x" * length}}}))
    [message] = buffer
    assert message.headers[":event-type"] == "contentBlockDelta"
    assert json.loads(message.payload)["delta"] == {"text": "x" * length}


def test_a_guardrail_finds_nothing_or_what_is_scripted(runtime: Any, server: ProviderServer) -> None:
    apply: Any = lambda: runtime.apply_guardrail(  # noqa: E731
        guardrailIdentifier="gr1", guardrailVersion="1", source="INPUT", content=[{"text": {"text": "Hi"}}]
    )
    assert apply()["action"] == "NONE"
    server.script(Reply(guardrails.applied(guardrails.topic("finance"), outputs=["No."])))
    assert apply()["assessments"][0]["topicPolicy"]["topics"][0]["name"] == "finance"


def test_an_answer_has_a_guardrails_trace(runtime: Any, server: ProviderServer) -> None:
    body = converse.message(trace=guardrails.trace(outputs=[guardrails.grounding(0.4)]))
    server.script(Reply(body), Reply(body))
    whole = runtime.converse(modelId=NOVA, messages=QUESTION)
    *_, last = runtime.converse_stream(modelId=NOVA, messages=QUESTION)["stream"]
    assert whole["trace"] == last["metadata"]["trace"]
    [[found]] = whole["trace"]["guardrail"]["outputAssessments"].values()
    assert found["contextualGroundingPolicy"]["filters"][0]["score"] == 0.4


GENERATE: Any = {
    "input": {"text": "Hello"},
    "retrieveAndGenerateConfiguration": {
        "type": "KNOWLEDGE_BASE",
        "knowledgeBaseConfiguration": {"knowledgeBaseId": "KB12345678", "modelArn": NOVA},
    },
}


def test_a_knowledge_base_answers_with_citations(knowledge: Any) -> None:
    whole = knowledge.retrieve_and_generate(**GENERATE)
    events = list(knowledge.retrieve_and_generate_stream(**GENERATE)["stream"])
    said = "".join(event["output"]["text"] for event in events if "output" in event)
    assert said == whole["output"]["text"] == "You said: Hello"
    assert [event["citation"]["citation"] for event in events if "citation" in event] == whole["citations"]


def test_a_knowledge_base_finds_passages(knowledge: Any) -> None:
    found = knowledge.retrieve(knowledgeBaseId="KB12345678", retrievalQuery={"text": "Hello"})
    assert [result["score"] for result in found["retrievalResults"]] == [0.8]


def test_an_agent_answers_and_tells_what_it_did_when_asked(knowledge: Any) -> None:
    invoke: Any = {"agentId": "AGENT12345", "agentAliasId": "TSTALIASID", "sessionId": "session-1", "inputText": "Hi"}
    [answer] = knowledge.invoke_agent(**invoke)["completion"]
    assert answer["chunk"]["bytes"] == b"You said: Hi"
    *traces, answer = knowledge.invoke_agent(**invoke, enableTrace=True)["completion"]
    assert [next(iter(trace["trace"]["trace"])) for trace in traces] == ["orchestrationTrace"] * 2
    [answer] = knowledge.invoke_inline_agent(
        sessionId="session-1",
        inputText="Hi",
        foundationModel=NOVA,
        instruction="Answer every question about the capitals of the world.",
    )["completion"]
    assert answer["chunk"]["bytes"] == b"You said: Hi"


def test_an_agent_hands_control_back_when_scripted(knowledge: Any, server: ProviderServer) -> None:
    server.script(Reply(events=[agents.return_control("get_weather", city="Paris")]))
    [event] = knowledge.invoke_agent(agentId="A" * 10, agentAliasId="B" * 10, sessionId="s-1", inputText="Hi")[
        "completion"
    ]
    [call] = event["returnControl"]["invocationInputs"]
    assert call["functionInvocationInput"]["function"] == "get_weather"


def test_a_flow_gives_what_it_got(knowledge: Any) -> None:
    given = {"content": {"document": "Hi"}, "nodeName": "FlowInputNode", "nodeOutputName": "document"}
    events = list(
        knowledge.invoke_flow(flowIdentifier="FLOW123456", flowAliasIdentifier="TSTALIASID", inputs=[given])[
            "responseStream"
        ]
    )
    assert events[0]["flowOutputEvent"]["content"]["document"] == "Hi"
    assert events[-1] == {"flowCompletionEvent": {"completionReason": "SUCCESS"}}
