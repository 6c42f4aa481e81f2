"""What is read of Bedrock's requests, answers and events: Converse, the bodies of each model family, guardrails, agents.

The readers get what botocore makes of the wire: dicts. ``test_bedrock.py`` has the same with the real clients.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contract.test_readers import presentable, state, thorough, twisted
from llmotel.grounding.score import assess
from llmotel.model.inference import Inference, Usage
from llmotel.model.json_text import resolved
from llmotel.spec import Endpoint
from llmotel.testing.anthropic_wire import blocks, messages
from llmotel.testing.bedrock_wire import agents, converse, converse_events, guardrails, model_events, models
from llmotel.testing.openai_wire import chat
from llmotel_instrumentors.dialects import aws, bedrock_agents, bedrock_knowledge, invoke_model
from llmotel_instrumentors.dialects.converse import CONVERSE, CONVERSE_STREAM

QUESTION = [{"role": "user", "content": [{"text": "What is the capital of France?"}]}]
PARIS = "Paris is the capital of France."


def asked(endpoint: Endpoint, body: Any, *, stream: bool = False) -> Inference:
    inference = Inference(endpoint.operation, "aws.bedrock", stream=stream)
    endpoint.read_request(inference, body)
    endpoint.read_input(inference, body)
    return inference


def answered(endpoint: Endpoint, answer: Any) -> Inference:
    inference = Inference(endpoint.operation, "aws.bedrock")
    endpoint.read_response(inference, answer)
    endpoint.read_answer(inference, answer)
    endpoint.read_output(inference, answer)
    return inference


def streamed(endpoint: Endpoint, events: Iterable[Any]) -> Inference:
    inference = Inference(endpoint.operation, "aws.bedrock", stream=True)
    inference.complete = False
    for event in events:
        chunk = endpoint.decode(event) if endpoint.decode is not None else event
        endpoint.read_chunk(inference, chunk)
        endpoint.accumulate_chunk(inference, chunk)
    assert endpoint.finalize_stream is not None
    endpoint.finalize_stream(inference)
    return inference


def said(inference: Inference) -> list[Any]:
    """The parts of the first answer."""
    assert inference.output is not None
    return list(resolved(inference.output[0]["parts"]))


class TestAConverseRequest:
    def test_has_model_and_parameters(self) -> None:
        read = asked(
            CONVERSE,
            {
                "modelId": "us.anthropic.claude-sonnet-4-5-20250929-v1:0",
                "messages": QUESTION,
                "inferenceConfig": {"maxTokens": 200, "temperature": 0, "topP": 0.9, "stopSequences": ["END"]},
                "additionalModelRequestFields": {"top_k": 40, "reasoning_effort": "low"},
                "guardrailConfig": {"guardrailIdentifier": "gr1", "guardrailVersion": "1"},
            },
        )
        assert read.request_model == "us.anthropic.claude-sonnet-4-5-20250929-v1:0"
        assert read.attributes == {
            "gen_ai.request.max_tokens": 200,
            "gen_ai.request.temperature": 0.0,
            "gen_ai.request.top_p": 0.9,
            "gen_ai.request.stop_sequences": ("END",),
            "gen_ai.request.top_k": 40,
            "gen_ai.request.reasoning.level": "low",
            "aws.bedrock.guardrail.id": "gr1",
        }

    def test_has_content_of_every_kind(self) -> None:
        content = [
            {"text": "Look:"},
            {"image": {"format": "png", "source": {"bytes": b"\x89PNG"}}},
            {"document": {"format": "pdf", "name": "report", "source": {"bytes": b"%PDF"}}},
            {"document": {"format": "txt", "name": "notes", "source": {"text": "Paris."}}},
            {"video": {"format": "mp4", "source": {"s3Location": {"uri": "s3://bucket/film.mp4"}}}},
            {"toolResult": {"toolUseId": "t1", "content": [{"json": {"celsius": 20}}, {"text": "warm"}]}},
            {"cachePoint": {"type": "default"}},
        ]
        read = asked(CONVERSE, {"modelId": "m", "messages": [{"role": "user", "content": content}]})
        assert read.input is not None
        assert read.input[0]["parts"] == [
            {"type": "text", "content": "Look:"},
            {"type": "blob", "modality": "image", "mime_type": "image/png", "content": "iVBORw=="},
            {"type": "blob", "modality": "document", "mime_type": "application/pdf", "content": "JVBERg=="},
            {"type": "document", "name": "notes", "parts": [{"type": "text", "content": "Paris."}]},
            {"type": "uri", "modality": "video", "uri": "s3://bucket/film.mp4"},
            {
                "type": "tool_call_response",
                "id": "t1",
                "response": [{"celsius": 20}, {"type": "text", "content": "warm"}],
            },
        ]

    def test_has_a_system_prompt_and_tools(self) -> None:
        schema = {"type": "object", "properties": {"city": {"type": "string"}}}
        tools = [{"toolSpec": {"name": "weather", "description": "d", "inputSchema": {"json": schema}}}]
        body = {
            "modelId": "m",
            "messages": QUESTION,
            "system": [{"text": "You know the world."}, {"cachePoint": {"type": "default"}}],
            "toolConfig": {"tools": [*tools, {"cachePoint": {"type": "default"}}]},
        }
        read = asked(CONVERSE, body)
        assert read.system == [{"type": "text", "content": "You know the world."}]
        assert read.tools == [{"type": "function", "name": "weather", "description": "d", "parameters": schema}]

    def test_without_anything_is_read_as_nothing(self) -> None:
        read = asked(CONVERSE, {"modelId": "arn:aws:bedrock:us-east-1:1:prompt/P1", "promptVariables": {}})
        assert (read.request_model, read.input, read.attributes) == ("arn:aws:bedrock:us-east-1:1:prompt/P1", [], {})


class TestAConverseAnswer:
    def test_counts_what_the_cache_read_and_wrote_as_input(self) -> None:
        usage = converse.usage(10, 43, cache_read=1000, cache_write_5m=300, cache_write_1h=200)
        read = answered(CONVERSE, converse.message(PARIS, usage=usage))
        expected = Usage(1510, 43, 1000, 500)
        expected.cache_write_1h, expected.detailed = 200, True
        assert read.usage == expected

    @pytest.mark.parametrize(
        ("reason", "word"),
        [
            ("end_turn", "stop"),
            ("tool_use", "tool_call"),
            ("max_tokens", "length"),
            ("model_context_window_exceeded", "length"),
            ("guardrail_intervened", "content_filter"),
            ("content_filtered", "content_filter"),
            ("malformed_tool_use", "error"),
            ("something_new", "something_new"),
        ],
    )
    def test_ends_for_a_reason_in_the_words_of_the_conventions(self, reason: str, word: str) -> None:
        assert answered(CONVERSE, converse.message(stop_reason=reason)).finish_reasons == [word]

    def test_names_the_model_that_a_router_chose(self) -> None:
        model = "arn:aws:bedrock:us-east-1::foundation-model/anthropic.claude-3-haiku-20240307-v1:0"
        assert answered(CONVERSE, converse.message(trace=converse.router(model))).response_model == model

    def test_says_how_often_it_was_tried_and_under_which_id(self) -> None:
        read = answered(CONVERSE, {**converse.message(), "ResponseMetadata": {"RetryAttempts": 2, "RequestId": "r-1"}})
        assert (read.retries, read.attributes["aws.request_id"]) == (2, "r-1")

    def test_says_how_long_it_took(self) -> None:
        assert answered(CONVERSE, converse.message(latency=1500)).attributes["llmotel.server.duration"] == 1.5
        headers = {"x-amzn-bedrock-invocation-latency": "412"}
        read = invoked("mistral.m", {"prompt": "?"}, models.mistral(PARIS), headers)
        assert read.attributes["llmotel.server.duration"] == 0.412
        read = invoked_stream("meta.llama3", {"prompt": "?"}, models.llama(PARIS))
        assert read.attributes["llmotel.server.duration"] == 0.412

    def test_has_a_service_tier(self) -> None:
        assert answered(CONVERSE, converse.message(service_tier="flex")).service_tier == "flex"

    def test_has_reasoning_tools_and_text(self) -> None:
        content = [
            converse.reasoning("I think."),
            converse.redacted_reasoning(),
            converse.text("Let me look."),
            converse.tool_use("weather", {"city": "Paris"}, id="t1"),
        ]
        assert said(answered(CONVERSE, converse.message(content))) == [
            {"type": "reasoning", "content": "I think."},
            {"type": "redacted_reasoning"},
            {"type": "text", "content": "Let me look."},
            {"type": "tool_call", "id": "t1", "name": "weather", "arguments": {"city": "Paris"}},
        ]

    def test_cites_pages_documents_and_search_results(self) -> None:
        content = [
            converse.citations("Paris is the capital.", converse.document_citation(0, 0, 9, title="Capitals")),
            converse.text(" "),
            converse.citations(
                "It rains there.",
                converse.web_citation("https://weather.example/paris", title="Weather", cited="Rain."),
                converse.search_result_citation(2, source="kb://1"),
            ),
        ]
        answer = answered(CONVERSE, converse.message(content)).answer
        assert answer is not None
        assert answer.text == "Paris is the capital. It rains there."
        assert [(source.key, source.kind) for source in answer.sources] == [
            ("document:0", "document"),
            ("https://weather.example/paris", "url"),
            ("search_result:2", "search_result"),
        ]
        assert [answer.text[cited.start : cited.end] for cited in answer.citations] == [
            "Paris is the capital.",
            "It rains there.",
            "It rains there.",
        ]
        assert answer.citations[1].quote == "Rain."

    @pytest.mark.parametrize("empty", [{}, {"ResponseMetadata": {"HTTPStatusCode": 200}}])
    def test_that_botocore_could_not_read_is_an_error(self, empty: Any) -> None:
        assert answered(CONVERSE, empty).error == "malformed_response"
        assert answered(CONVERSE, converse.message(PARIS)).error is None

    def test_without_citations_has_no_answer_to_judge(self) -> None:
        assert answered(CONVERSE, converse.message(PARIS)).answer is None


class TestAConverseStream:
    def test_says_what_the_whole_answer_says(self) -> None:
        content = [
            converse.reasoning("I think."),
            converse.text("Let me look."),
            converse.tool_use("weather", {"city": "Paris"}, id="t1"),
        ]
        body = converse.message(content, usage=converse.usage(10, 43, cache_read=1000))
        whole, read = answered(CONVERSE, body), streamed(CONVERSE_STREAM, converse_events.events(body))
        assert (read.usage, read.finish_reasons, said(read)) == (whole.usage, whole.finish_reasons, said(whole))
        assert read.complete

    def test_has_its_citations_with_the_text_that_they_support(self) -> None:
        content = [
            converse.citations(PARIS, converse.web_citation("https://a.example/", title="A")),
            converse.text(" Bye."),
        ]
        read = streamed(CONVERSE_STREAM, converse_events.events(converse.message(content)))
        assert read.answer is not None
        [cited] = read.answer.citations
        assert read.answer.text[cited.start : cited.end] == PARIS
        assert read.answer.sources[cited.source].uri == "https://a.example/"

    def test_that_breaks_off_has_no_usage_and_is_not_complete(self) -> None:
        events = converse_events.events(converse.message(PARIS))
        read = streamed(CONVERSE_STREAM, events[:3])
        assert (read.usage, read.finish_reasons, read.complete) == (None, None, False)
        assert said(read) == [{"type": "text", "content": "Paris is"}]

    @pytest.mark.parametrize(
        ("content", "may_cite"),
        [
            ([{"text": "Hi"}], False),
            ([{"document": {"name": "d", "citations": {"enabled": True}}}], True),
            ([{"document": {"name": "d", "citations": {"enabled": False}}}], False),
            ([{"searchResult": {"source": "s", "citations": {"enabled": True}}}], True),
            ([{"toolResult": {"content": [{"searchResult": {"citations": {"enabled": True}}}]}}], True),
        ],
    )
    def test_keeps_its_text_where_it_may_cite(self, content: list[Any], may_cite: bool) -> None:
        body = {"modelId": "m", "messages": [{"role": "user", "content": content}]}
        assert asked(CONVERSE_STREAM, body, stream=True).may_cite is may_cite

    def test_keeps_its_text_where_bedrock_searches(self) -> None:
        body = {"messages": QUESTION, "toolConfig": {"tools": [{"systemTool": {"name": "nova_grounding"}}]}}
        assert asked(CONVERSE_STREAM, body, stream=True).may_cite


def invoked(model: str, request: Any, body: Any, headers: dict[str, str] | None = None) -> Inference:
    """An answer of InvokeModel: its result first, and its body when that has been read."""
    endpoint = invoke_model.endpoint(model, request, stream=False)
    inference = Inference(endpoint.operation, "aws.bedrock")
    for value in ({"ResponseMetadata": {"HTTPHeaders": headers or {}}, "body": object()}, body):
        assert endpoint.decode is not None
        decoded = endpoint.decode(value)
        endpoint.read_response(inference, decoded)
        endpoint.read_answer(inference, decoded)
        endpoint.read_output(inference, decoded)
    return inference


def invoked_stream(model: str, request: Any, body: Any, headers: dict[str, str] | None = None) -> Inference:
    endpoint = invoke_model.endpoint(model, request, stream=True)
    chunks = [json.dumps(event).encode() for event in model_events.events(body, headers or {})]
    return streamed(endpoint, [{"chunk": {"bytes": chunk}} for chunk in chunks])


COUNTED = {"x-amzn-bedrock-input-token-count": "24", "x-amzn-bedrock-output-token-count": "11"}
CHAT = [{"role": "user", "content": "What is the capital of France?"}]
CLAUDE = {"anthropic_version": "bedrock-2023-05-31", "max_tokens": 9, "messages": CHAT}
FAMILIES: dict[str, tuple[str, Any, Any]] = {
    "claude": (
        "anthropic.claude-3-haiku-20240307-v1:0",
        CLAUDE,
        messages.message(PARIS, usage=messages.usage(24, 11)),
    ),
    "nova": ("amazon.nova-lite-v1:0", {"messages": QUESTION}, models.nova(PARIS, input=24, output=11)),
    "titan": ("amazon.titan-text-express-v1", {"inputText": "?"}, models.titan(PARIS, input=24, output=11)),
    "llama": ("meta.llama3-70b-instruct-v1:0", {"prompt": "?"}, models.llama(PARIS, input=24, output=11)),
    "mistral": ("mistral.mistral-7b-instruct-v0:2", {"prompt": "?"}, models.mistral(PARIS)),
    "mistral chat": ("mistral.mistral-large-2402-v1:0", {"messages": CHAT}, models.mistral_chat(PARIS)),
    "cohere": ("cohere.command-text-v14", {"prompt": "?"}, models.cohere(PARIS)),
    "cohere chat": ("cohere.command-r-v1:0", {"message": "?"}, models.cohere_chat(PARIS)),
    "jamba": (
        "ai21.jamba-1-5-mini-v1:0",
        {"messages": CHAT},
        chat.completion(PARIS, model="jamba-1.5", usage=chat.usage(24, 11)),
    ),
    "qwen": (
        "qwen.qwen3-32b-v1:0",
        {"messages": CHAT},
        chat.completion(PARIS, model="qwen3", usage=chat.usage(24, 11)),
    ),
    "deepseek": ("us.deepseek.r1-v1:0", {"prompt": "?"}, models.deepseek(PARIS)),
    "an imported model": (
        "arn:aws:bedrock:us-east-1:123456789012:imported-model/abc",
        {"prompt": "?"},
        models.llama(PARIS, input=24, output=11),
    ),
    "an inference profile of one's own": (
        "arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/abc",
        CLAUDE,
        messages.message(PARIS, usage=messages.usage(24, 11)),
    ),
}
each_family = pytest.mark.parametrize(("model", "request_body", "body"), FAMILIES.values(), ids=FAMILIES)


class TestInvokeModel:
    @each_family
    def test_reads_text_tokens_and_reason_of_an_answer(self, model: str, request_body: Any, body: Any) -> None:
        read = invoked(model, request_body, body, COUNTED)
        assert said(read) == [{"type": "text", "content": PARIS}]
        assert read.finish_reasons == ["stop"]
        assert read.usage is not None
        assert (read.usage.input_tokens, read.usage.output_tokens) == (24, 11)

    @each_family
    def test_reads_the_same_of_a_stream(self, model: str, request_body: Any, body: Any) -> None:
        read = invoked_stream(model, request_body, body, COUNTED)
        assert said(read) == [{"type": "text", "content": PARIS}]
        assert read.finish_reasons == ["stop"]
        assert read.usage is not None
        assert (read.usage.input_tokens, read.usage.output_tokens) == (24, 11)
        assert read.complete

    def test_of_ai21_reads_completions(self) -> None:
        read = invoked("ai21.j2-ultra-v1", {"prompt": "?"}, models.ai21(PARIS), COUNTED)
        assert (said(read)[0]["content"], read.finish_reasons) == (PARIS, ["stop"])

    def test_reads_parameters_under_the_names_of_each_vendor(self) -> None:
        expected = {
            "gen_ai.request.max_tokens": 50,
            "gen_ai.request.temperature": 0.5,
            "gen_ai.request.top_p": 0.9,
            "gen_ai.request.stop_sequences": ("|",),
        }
        bodies: list[Any] = [
            {
                "inputText": "?",
                "textGenerationConfig": {
                    "maxTokenCount": 50,
                    "temperature": 0.5,
                    "topP": 0.9,
                    "stopSequences": ["|"],
                },
            },
            {"prompt": "?", "max_gen_len": 50, "temperature": 0.5, "top_p": 0.9, "stop": ["|"]},
            {"prompt": "?", "max_tokens": 50, "temperature": 0.5, "p": 0.9, "stop_sequences": ["|"]},
            {"prompt": "?", "maxTokens": 50, "temperature": 0.5, "topP": 0.9, "stopSequences": ["|"]},
            {**CLAUDE, "max_tokens": 50, "temperature": 0.5, "top_p": 0.9, "stop_sequences": ["|"]},
            {
                "messages": QUESTION,
                "inferenceConfig": {
                    "max_new_tokens": 50,
                    "temperature": 0.5,
                    "topP": 0.9,
                    "stopSequences": ["|"],
                },
            },
            {"messages": CHAT, "max_tokens": 50, "temperature": 0.5, "top_p": 0.9, "stop": ["|"]},
        ]
        for body in bodies:
            endpoint = invoke_model.endpoint("m", body, stream=False)
            read = asked(endpoint, {"modelId": "m", "body": body})
            read.attributes.pop("openai.api.type", None)  # the engine takes it out, as from all that is Bedrock's
            assert (read.request_model, read.attributes) == ("m", expected)

    def test_keeps_the_model_that_was_asked_for(self) -> None:
        endpoint = invoke_model.endpoint("qwen.qwen3", {"messages": CHAT}, stream=False)
        body = {"modelId": "qwen.qwen3", "body": {"messages": CHAT, "model": "another"}}
        assert asked(endpoint, body).request_model == "qwen.qwen3"

    def test_counts_the_cache_of_claude(self) -> None:
        usage = messages.usage(10, 43, cache_read=1000, cache_write_5m=300)
        body = messages.message(PARIS, usage=usage)
        read = invoked("anthropic.claude-3", CLAUDE, body, COUNTED)
        assert read.usage is not None
        assert (read.usage.input_tokens, read.usage.cache_read, read.usage.cache_write) == (1310, 1000, 300)
        streaming = invoked_stream("anthropic.claude-3", CLAUDE, body)
        assert streaming.usage == read.usage

    def test_counts_the_cache_by_headers_where_the_body_does_not(self) -> None:
        headers = {**COUNTED, "x-amzn-bedrock-cache-read-input-token-count": "100"}
        read = invoked("mistral.m", {"prompt": "?"}, models.mistral(PARIS), headers)
        assert read.usage == Usage(124, 11, 100, None)

    @pytest.mark.parametrize("strange", ["", "12.5", "-3", "many", "١٢", "9" * 40])
    def test_takes_no_header_for_a_count_that_is_none(self, strange: str) -> None:
        headers = {"x-amzn-bedrock-input-token-count": strange, "x-amzn-bedrock-output-token-count": strange}
        assert invoked("mistral.m", {"prompt": "?"}, models.mistral(PARIS), headers).usage is None

    def test_reads_the_thoughts_and_tools_of_claude_in_a_stream(self) -> None:
        content = [blocks.thinking("I think."), blocks.tool_use("weather", {"city": "Paris"}, id="t1")]
        read = invoked_stream("anthropic.claude-3", CLAUDE, messages.message(content))
        assert said(read) == [
            {"type": "reasoning", "content": "I think."},
            {"type": "tool_call", "id": "t1", "name": "weather", "arguments": {"city": "Paris"}},
        ]

    def test_reads_the_tools_that_cohere_and_mistral_call(self) -> None:
        call = {"name": "weather", "parameters": {"city": "Paris"}}
        read = invoked("cohere.command-r", {"message": "?"}, models.cohere_chat("", tool_calls=[call]), COUNTED)
        assert read.output is not None
        assert read.output[-1]["parts"][0]["arguments"] == {"city": "Paris"}
        function = chat.tool_call("weather", {"city": "Paris"}, id="t1")
        body = models.mistral_chat("", reason="tool_calls", tool_calls=[function])
        read = invoked("mistral.m", {"messages": CHAT}, body, COUNTED)
        assert read.finish_reasons == ["tool_call"]
        assert said(read)[-1] == {
            "type": "tool_call",
            "id": "t1",
            "name": "weather",
            "arguments": {"city": "Paris"},
        }

    def test_keeps_the_choices_of_a_stream_apart(self) -> None:
        read = invoked_stream("cohere.command", {"prompt": "?"}, models.cohere("One.", "Two."), COUNTED)
        assert read.output is not None
        assert [message["parts"][0]["content"] for message in read.output] == ["One.", "Two."]

    @pytest.mark.parametrize("body", [None, 5, [], "text", b"\xff", {}, {"prompt": 3}])
    def test_takes_any_request(self, body: Any) -> None:
        endpoint = invoke_model.endpoint("m", body, stream=False)
        assert asked(endpoint, {"modelId": "m", "body": body}).request_model == "m"

    @pytest.mark.parametrize("sent", [b'{"prompt": "?"}', '{"prompt": "?"}', bytearray(b'{"prompt": "?"}')])
    def test_reads_a_body_of_text_or_bytes(self, sent: Any) -> None:
        assert invoke_model.body_of(sent) == {"prompt": "?"}

    def test_leaves_a_file_for_the_library_to_read(self) -> None:
        from io import BytesIO

        file = BytesIO(b'{"prompt": "?"}')
        assert invoke_model.body_of(file) is None
        assert file.read() == b'{"prompt": "?"}'


class TestEmbeddings:
    @pytest.mark.parametrize(
        ("model", "request_body", "body"),
        [
            (
                "amazon.titan-embed-text-v2:0",
                {"inputText": "hi", "dimensions": 8},
                models.titan_embedding([0.5] * 8, input=24),
            ),
            ("cohere.embed-english-v3", {"texts": ["hi"]}, models.cohere_embeddings([0.5] * 8)),
            (
                "cohere.embed-v4:0",
                {"texts": ["hi"], "embedding_types": ["float"]},
                models.cohere_embeddings([0.5] * 8, by_type=True),
            ),
            (
                "amazon.nova-2-multimodal-embeddings-v1:0",
                {"taskType": "SINGLE_EMBEDDING", "singleEmbeddingParams": {"text": {"value": "hi"}}},
                models.nova_embedding([0.5] * 8),
            ),
        ],
    )
    def test_have_dimensions_and_input_tokens(self, model: str, request_body: Any, body: Any) -> None:
        endpoint = invoke_model.endpoint(model, request_body, stream=False)
        assert endpoint.operation == "embeddings"
        assert asked(endpoint, {"modelId": model, "body": request_body}).input == [
            {"role": "user", "parts": [{"type": "text", "content": "hi"}]}
        ]
        read = invoked(model, request_body, body, {"x-amzn-bedrock-input-token-count": "24"})
        assert read.attributes["gen_ai.embeddings.dimension.count"] == 8
        assert read.usage == Usage(24)

    def test_say_the_encodings_that_were_asked_for(self) -> None:
        body = {"texts": ["hi"], "embedding_types": ["float", "int8"], "output_dimension": 256}
        endpoint = invoke_model.endpoint("cohere.embed-v4:0", body, stream=False)
        attributes = asked(endpoint, {"modelId": "cohere.embed-v4:0", "body": body}).attributes
        assert attributes["gen_ai.request.encoding_formats"] == ("float", "int8")
        assert attributes["gen_ai.embeddings.dimension.count"] == 256


class TestImagesAndReranking:
    @pytest.mark.parametrize(
        ("model", "body"),
        [
            (
                "amazon.nova-canvas-v1:0",
                {"textToImageParams": {"text": "a cat"}, "imageGenerationConfig": {"numberOfImages": 2}},
            ),
            ("stability.stable-diffusion-xl-v1", {"text_prompts": [{"text": "a cat"}]}),
            ("stability.sd3-5-large-v1:0", {"prompt": "a cat"}),
        ],
    )
    def test_an_image_has_a_prompt(self, model: str, body: Any) -> None:
        endpoint = invoke_model.endpoint(model, body, stream=False)
        read = asked(endpoint, {"modelId": model, "body": body})
        assert (endpoint.operation, read.attributes["gen_ai.output.type"]) == ("generate_content", "image")
        assert read.input == [{"role": "user", "parts": [{"type": "text", "content": "a cat"}]}]

    def test_images_are_counted(self) -> None:
        read = invoked("amazon.nova-canvas-v1:0", {"textToImageParams": {}}, models.images("a", "b"))
        assert read.usage is not None
        assert read.usage.units == {"images": 2.0}

    def test_reranking_has_a_query(self) -> None:
        body = {"query": "capital?", "documents": ["a", "b"], "top_n": 1}
        endpoint = invoke_model.endpoint("cohere.rerank-v3-5:0", body, stream=False)
        read = asked(endpoint, {"modelId": "cohere.rerank-v3-5:0", "body": body})
        assert (endpoint.operation, read.attributes) == ("rerank", {"gen_ai.retrieval.top_k": 1})
        assert read.input == [{"role": "user", "parts": [{"type": "text", "content": "capital?"}]}]


class TestGuardrails:
    def test_what_stopped_an_answer_is_named(self) -> None:
        trace = guardrails.trace(input=guardrails.topic("finance"), outputs=[guardrails.pii("EMAIL", "a@b.example")])
        read = answered(CONVERSE, converse.message(stop_reason="guardrail_intervened", trace=trace))
        assert read.attributes["llmotel.guardrail.action"] == "intervened"
        assert read.attributes["llmotel.guardrail.policies"] == ("sensitive_information", "topic")
        assert "a@b.example" not in str(read.attributes)

    def test_what_was_seen_and_let_through_is_no_intervention(self) -> None:
        trace = guardrails.trace(outputs=[guardrails.content(blocked=False)])
        read = answered(CONVERSE, converse.message(trace=trace))
        assert read.attributes["llmotel.guardrail.action"] == "none"
        assert "llmotel.guardrail.policies" not in read.attributes

    @pytest.mark.parametrize("score", [0.31, 1.0])
    def test_contextual_grounding_is_the_score_of_the_answer(self, score: float) -> None:
        body = converse.message(trace=guardrails.trace(outputs=[guardrails.grounding(score)]))
        for read in (answered(CONVERSE, body), streamed(CONVERSE_STREAM, converse_events.events(body))):
            assert read.grounding is not None
            assert (read.grounding.score, read.grounding.method) == (score, "provider_score")

    def test_they_stand_in_the_body_of_invoke_model_too(self) -> None:
        found = guardrails.model_trace(input=guardrails.content(), outputs=[guardrails.grounding(0.5)])
        read = invoked("meta.llama3", {"prompt": "?"}, {**models.llama(PARIS), **found})
        assert read.attributes["llmotel.guardrail.action"] == "intervened"
        assert read.attributes["llmotel.guardrail.policies"] == ("content", "contextual_grounding")
        assert read.grounding is not None
        assert read.grounding.score == 0.5

    def test_an_answer_that_one_took_the_place_of_ends_for_it(self) -> None:
        chunk = {"outputText": "No.", "index": 0, **guardrails.model_trace(input=guardrails.topic("finance"))}
        endpoint = invoke_model.endpoint("amazon.titan-text-express-v1", {"inputText": "?"}, stream=True)
        read = streamed(endpoint, [{"chunk": {"bytes": json.dumps(chunk).encode()}}])
        assert read.finish_reasons == ["content_filter"]

    def test_what_it_is_to_look_at_is_said_with_the_text(self) -> None:
        guarded = {"text": {"text": "Paris is big.", "qualifiers": ["grounding_source"]}}
        body = {"modelId": "m", "messages": [{"role": "user", "content": [{"guardContent": guarded}]}]}
        read = asked(CONVERSE, body)
        assert read.input is not None
        assert read.input[0]["parts"] == [
            {"type": "text", "content": "Paris is big.", "qualifiers": ["grounding_source"]}
        ]

    def test_applied_alone_one_has_units_and_no_tokens(self) -> None:
        usage = guardrails.usage(topicPolicyUnits=2, contextualGroundingPolicyUnits=1)
        body = guardrails.applied(guardrails.topic("finance"), outputs=["Blocked."], usage=usage)
        read = answered(aws.GUARDRAIL, body)
        assert read.attributes == {
            "llmotel.guardrail.action": "intervened",
            "llmotel.guardrail.policies": ("topic",),
        }
        assert read.usage is not None
        assert read.usage.units == {"topicPolicyUnits": 2.0, "contextualGroundingPolicyUnits": 1.0}
        assert read.output == [{"role": "assistant", "parts": [{"type": "text", "content": "Blocked."}]}]


class TestKnowledgeBases:
    SECOND = "It has two million people."
    BODY = agents.generated(
        f"{PARIS} {SECOND}",
        agents.citation(PARIS, 0, agents.reference("Paris, capital", "s3://b/1"), agents.reference("x", "s3://b/2")),
        agents.citation(SECOND, len(PARIS) + 1, agents.reference("2.1 million", "s3://b/2")),
    )

    def test_an_answer_cites_what_was_found(self) -> None:
        for read in (
            answered(bedrock_knowledge.GENERATE, self.BODY),
            streamed(bedrock_knowledge.GENERATE_STREAM, agents.generated_events(self.BODY)),
        ):
            answer = read.answer
            assert answer is not None
            assert [source.uri for source in answer.sources] == ["s3://b/1", "s3://b/2"]
            quoted = [answer.text[cited.start : cited.end] for cited in answer.citations]
            assert quoted == [PARIS, PARIS, self.SECOND]
            found = assess(answer)
            assert found is not None
            assert found.score == 1.0

    def test_a_request_names_the_knowledge_base_and_the_model(self) -> None:
        config = {
            "knowledgeBaseId": "KB1",
            "modelArn": "anthropic.claude-3",
            "generationConfiguration": {
                "inferenceConfig": {"textInferenceConfig": {"maxTokens": 9, "temperature": 0.5}}
            },
        }
        body = {
            "input": {"text": "?"},
            "retrieveAndGenerateConfiguration": {
                "type": "KNOWLEDGE_BASE",
                "knowledgeBaseConfiguration": config,
            },
        }
        read = asked(bedrock_knowledge.GENERATE, body)
        assert read.request_model == "anthropic.claude-3"
        assert read.attributes == {
            "aws.bedrock.knowledge_base.id": "KB1",
            "gen_ai.data_source.id": "KB1",
            "gen_ai.request.max_tokens": 9,
            "gen_ai.request.temperature": 0.5,
        }

    def test_a_retrieval_says_where_and_how_much(self) -> None:
        body = {
            "knowledgeBaseId": "KB1",
            "retrievalQuery": {"text": "capital?"},
            "retrievalConfiguration": {"vectorSearchConfiguration": {"numberOfResults": 3}},
        }
        read = asked(bedrock_knowledge.RETRIEVE, body)
        assert read.attributes == {
            "aws.bedrock.knowledge_base.id": "KB1",
            "gen_ai.data_source.id": "KB1",
            "gen_ai.retrieval.top_k": 3,
        }


class TestAgents:
    def test_the_tokens_of_the_models_that_an_agent_calls_add_up(self) -> None:
        model = "anthropic.claude-3-5-haiku-20241022-v1:0"
        traces = [
            *agents.model_trace(model, 100, 20, step="preProcessingTrace"),
            *agents.model_trace(model, 300, 50),
        ]
        read = streamed(bedrock_agents.AGENT, agents.agent_events(PARIS, traces))
        assert (read.usage, read.response_model) == (Usage(400, 70), model)
        assert said(read) == [{"type": "text", "content": PARIS}]

    def test_an_agent_cites_what_it_found(self) -> None:
        chunk = agents.agent_chunk(PARIS, agents.citation(PARIS, 0, agents.reference("Paris, capital")))
        read = streamed(bedrock_agents.AGENT, [chunk])
        assert read.answer is not None
        assert [source.uri for source in read.answer.sources] == ["s3://bucket/capitals.md"]

    def test_an_agent_may_ask_the_application_to_act(self) -> None:
        read = streamed(bedrock_agents.AGENT, [agents.return_control("weather", city="Paris")])
        assert read.finish_reasons == ["tool_call"]
        assert said(read)[0]["name"] == "weather"

    def test_a_flow_gives_documents(self) -> None:
        read = streamed(bedrock_agents.FLOW, agents.flow_events({"city": "Paris"}))
        assert read.finish_reasons == ["stop"]
        assert said(read) == [{"type": "document", "document": {"city": "Paris"}}]

    def test_a_request_names_agent_and_session(self) -> None:
        body = {"agentId": "A1", "agentAliasId": "L1", "sessionId": "s1", "inputText": "Hi"}
        read = asked(bedrock_agents.AGENT, body, stream=True)
        assert read.attributes == {
            "gen_ai.agent.id": "A1",
            "gen_ai.agent.version": "L1",
            "gen_ai.conversation.id": "s1",
        }


def _samples() -> dict[str, tuple[Endpoint, Any, Any, list[Any]]]:
    """An endpoint, a request, an answer and its chunks."""
    content = [
        converse.reasoning("I think."),
        converse.citations(PARIS, converse.web_citation("https://a.example/", title="A", cited="Paris")),
        converse.tool_use("weather", {"city": "Paris"}),
        converse.image(),
    ]
    usage = converse.usage(10, 43, cache_read=1000, cache_write_1h=200)
    trace = guardrails.trace(input=guardrails.topic("finance"), outputs=[guardrails.grounding(0.5)])
    whole = {
        **converse.message(content, usage=usage, trace=trace, service_tier="flex"),
        "ResponseMetadata": {"RequestId": "r", "RetryAttempts": 1, "HTTPHeaders": COUNTED},
    }
    request = {
        "modelId": "m",
        "system": [{"text": "s"}, {"guardContent": {"text": {"text": "g"}}}],
        "messages": [
            {"role": "user", "content": [{"document": {"format": "pdf", "source": {"bytes": b"%PDF"}}}]},
            {"role": "user", "content": [{"toolResult": {"toolUseId": "t", "content": [{"json": {"a": 1}}]}}]},
        ],
        "inferenceConfig": {"maxTokens": 9, "stopSequences": ["x"]},
        "toolConfig": {"tools": [{"toolSpec": {"name": "n", "inputSchema": {"json": {}}}}]},
        "additionalModelRequestFields": {"top_k": 4},
        "outputConfig": {"textFormat": {"type": "json_schema"}},
    }
    found = {
        "converse": (CONVERSE, request, whole, []),
        "converse stream": (CONVERSE_STREAM, request, whole, converse_events.events(whole)),
        "guardrail": (
            aws.GUARDRAIL,
            {"guardrailIdentifier": "g", "source": "OUTPUT", "content": [{"text": {"text": "t"}}]},
            guardrails.applied(guardrails.pii("EMAIL", "a"), outputs=["x"]),
            [],
        ),
        "agent": (
            bedrock_agents.AGENT,
            {"agentId": "A", "inputText": "t"},
            {},
            [
                *agents.model_trace("m", 1, 2),
                agents.agent_chunk(PARIS, *TestKnowledgeBases.BODY["citations"]),
                agents.return_control("f", a="b"),
            ],
        ),
        "flow": (
            bedrock_agents.FLOW,
            {"flowIdentifier": "F", "inputs": [{"content": {"document": {"a": 1}}}]},
            {},
            agents.flow_events({"a": 1}),
        ),
        "generate": (
            bedrock_knowledge.GENERATE,
            {"input": {"text": "?"}, "retrieveAndGenerateConfiguration": {"knowledgeBaseConfiguration": {}}},
            TestKnowledgeBases.BODY,
            [],
        ),
        "generate stream": (
            bedrock_knowledge.GENERATE_STREAM,
            {},
            {},
            agents.generated_events(TestKnowledgeBases.BODY),
        ),
        "retrieve": (bedrock_knowledge.RETRIEVE, {"retrievalQuery": {"text": "?"}}, agents.retrieved(("t", 0.5)), []),
        "rerank": (bedrock_knowledge.RERANK, {"queries": [{"textQuery": {"text": "?"}}]}, agents.reranked(0.5), []),
        "harness": (
            bedrock_agents.HARNESS,
            {"harnessArn": "a", "model": {"bedrockModelConfig": {"modelId": "m"}}, "messages": QUESTION},
            {},
            converse_events.events(converse.message()),
        ),
    }
    for name in ("claude", "nova", "titan", "llama", "mistral chat", "cohere", "cohere chat"):  # each is read otherwise
        model, sent, body = FAMILIES[name]
        endpoint = invoke_model.endpoint(model, sent, stream=True)
        chunks = model_events.events({**body, **guardrails.model_trace(outputs=[guardrails.content()])}, COUNTED)
        found[name] = (endpoint, {"modelId": model, "body": sent}, body, chunks)
    for name, model, sent, body in (
        ("embeddings", "embed", {"texts": ["a"], "embedding_types": ["int8"]}, models.cohere_embeddings([0.5])),
        ("images", "stability.m", {"text_prompts": [{"text": "a"}]}, models.images()),
        ("reranking", "m", {"query": "?", "documents": ["a"], "top_n": 1}, models.reranked(0.5)),
    ):
        found[name] = (
            invoke_model.endpoint(model, sent, stream=False),
            {"modelId": model, "body": sent},
            body,
            [],
        )
    return found


@pytest.mark.parametrize(("endpoint", "request_body", "answer", "chunks"), _samples().values(), ids=_samples())
@thorough
@given(data=st.data())
def test_whatever_stands_in_any_place_is_read_and_left_as_it_is(
    endpoint: Endpoint, request_body: Any, answer: Any, chunks: list[Any], data: st.DataObject
) -> None:
    body = data.draw(twisted(request_body))
    before = state(body)
    presentable(asked(endpoint, body, stream=bool(chunks)))
    assert state(body) == before
    value = data.draw(twisted(answer))
    before = state(value)
    presentable(answered(endpoint, value))
    assert state(value) == before
    if chunks:
        number = data.draw(st.integers(0, len(chunks) - 1))
        strange = [*chunks[:number], data.draw(twisted(chunks[number])), *chunks[number + 1 :]]
        if endpoint.decode is not None:
            strange = [{"chunk": {"bytes": json.dumps(event, default=str).encode()}} for event in strange]
        before = repr(strange)
        presentable(streamed(endpoint, strange))
        assert repr(strange) == before


def test_an_event_that_is_no_json_is_left_as_it_is() -> None:
    endpoint = invoke_model.endpoint("meta.llama3", {"prompt": "?"}, stream=True)
    strange: list[Any] = [{"chunk": {"bytes": b"{"}}, {"chunk": {}}, {"chunk": None}, {}, None, 5]
    assert streamed(endpoint, strange).output == []
