"""What is read of Google's requests and answers: the dialect's readers on JSON as it is on the wire."""

from __future__ import annotations

from typing import Any

import pytest

from llmotel.grounding.score import assess
from llmotel.model.inference import Citation, Inference, Usage
from llmotel.spec import Endpoint
from llmotel.testing.google_wire import generation, generation_events, grounding, models, parts
from llmotel_instrumentors.dialects.generate_content_citations import characters
from llmotel_instrumentors.dialects.google_paths import endpoint_of, model_of, verb_of

GENERATE, STREAM = "models/gemini-2.5-flash:generateContent", "models/gemini-2.5-flash:streamGenerateContent?alt=sse"
QUESTION = {"contents": [{"role": "user", "parts": [{"text": "Where is Paris?"}]}]}
ANSWER = "Paris is in France."


def endpoint(path: str, body: Any = None) -> Endpoint:
    found = endpoint_of(path, body or QUESTION)
    assert found is not None
    return found


def asked(body: dict[str, Any], path: str = GENERATE) -> Inference:
    """What is read of a request."""
    of, stream = endpoint(path, body), verb_of(path).startswith("stream")
    inference = Inference(of.operation, "gcp.gemini", stream=stream)
    sent = {**body, "model": model_of(path)}
    of.read_request(inference, sent)
    of.read_input(inference, sent)
    return inference


def answered(response: Any, path: str = GENERATE, body: Any = None) -> Inference:
    """What is read of a whole answer."""
    of = endpoint(path, body)
    inference = Inference(of.operation, "gcp.gemini")
    of.read_response(inference, response)
    of.read_answer(inference, response)
    of.read_output(inference, response)
    return inference


def streamed(*chunks: Any) -> Inference:
    """What is read of a stream."""
    of = endpoint(STREAM)
    inference = Inference(of.operation, "gcp.gemini", stream=True)
    inference.complete = False
    for chunk in chunks:
        of.read_chunk(inference, chunk)
        of.accumulate_chunk(inference, chunk)
    assert of.finalize_stream is not None
    of.finalize_stream(inference)
    return inference


def chunk(*sent: dict[str, Any], finish: str | None = None, usage: dict[str, Any] | None = None, **more: Any) -> Any:
    """One event of a stream."""
    candidate = generation.candidate(sent, finish_reason=finish, extra=more)
    return {"candidates": [candidate], **({"usageMetadata": usage} if usage else {}), "responseId": "r-1"}


def output(inference: Inference) -> list[dict[str, Any]]:
    """The parts of the first message of the answer."""
    assert inference.output is not None
    parts_: list[dict[str, Any]] = inference.output[0]["parts"]
    return parts_


class TestPaths:
    @pytest.mark.parametrize(
        ("path", "model"),
        [
            (GENERATE, "gemini-2.5-flash"),
            (STREAM, "gemini-2.5-flash"),
            ("publishers/google/models/gemini-2.5-pro:generateContent", "gemini-2.5-pro"),
            ("projects/p/locations/l/publishers/google/models/gemini-2.5-pro:predict", "gemini-2.5-pro"),
            ("/v1beta/models/gemini-2.5-pro:generateContent", "gemini-2.5-pro"),
            ("tunedModels/mine:generateContent", "tunedModels/mine"),
            ("projects/p/locations/l/endpoints/123:generateContent", "projects/p/locations/l/endpoints/123"),
            (":generateContent", None),
            ("", None),
        ],
    )
    def test_the_model_is_what_price_lists_call_it_or_the_whole_name_of_ones_own(self, path: str, model: Any) -> None:
        assert model_of(path) == model

    @pytest.mark.parametrize(
        "path",
        ["models/g:countTokens", "models/g:computeTokens", "cachedContents", "files/x", "models/g:batchGenerateContent",
         "models/g:asyncBatchEmbedContent", "models", "models/veo:fetchPredictOperation", ""],
    )  # fmt: skip
    def test_what_runs_no_model_or_answers_elsewhere_is_left_alone(self, path: str) -> None:
        assert endpoint_of(path, QUESTION) is None

    def test_a_prediction_is_told_by_what_is_sent(self) -> None:
        text, picture = {"instances": [{"content": "Paris"}]}, {"instances": [{"prompt": "A cat"}]}
        assert endpoint("models/text-embedding-005:predict", text).operation == "embeddings"
        assert endpoint("models/imagen-4:predict", picture).operation == "generate_content"

    def test_a_prediction_of_ones_own_model_may_be_anything(self) -> None:
        assert endpoint_of("projects/p/locations/l/endpoints/1:predict", {"instances": [{"prompt": "A cat"}]}) is None
        assert endpoint_of("models/imagen-4:predict", {"instances": []}) is None


class TestRequests:
    CONFIG: dict[str, Any] = {
        "temperature": 0.5, "topP": 0.9, "topK": 40.0, "maxOutputTokens": 200, "stopSequences": ["END"], "seed": 7,
        "presencePenalty": 0.1, "frequencyPenalty": 0.2, "candidateCount": 2,
        "thinkingConfig": {"thinkingLevel": "LOW"}, "responseMimeType": "application/json",
    }  # fmt: skip
    READ: dict[str, Any] = {
        "gen_ai.request.temperature": 0.5, "gen_ai.request.top_p": 0.9, "gen_ai.request.top_k": 40,
        "gen_ai.request.max_tokens": 200, "gen_ai.request.stop_sequences": ("END",), "gen_ai.request.seed": 7,
        "gen_ai.request.presence_penalty": 0.1, "gen_ai.request.frequency_penalty": 0.2,
        "gen_ai.request.choice.count": 2, "gen_ai.request.reasoning.level": "LOW", "gen_ai.output.type": "json",
    }  # fmt: skip

    def test_model_and_parameters_are_read(self) -> None:
        inference = asked({**QUESTION, "generationConfig": self.CONFIG})
        assert inference.request_model == "gemini-2.5-flash"
        assert inference.attributes == self.READ

    def test_so_are_they_in_the_other_spelling(self) -> None:
        config = {
            "top_k": 40, "max_output_tokens": 200, "stop_sequences": ["END"], "candidate_count": 2,
            "thinking_config": {"thinking_level": "LOW"}, "response_mime_type": "application/json",
        }  # fmt: skip
        read = asked({**QUESTION, "generation_config": config}).attributes
        assert read == {name: value for name, value in self.READ.items() if name in read}
        assert len(read) == 6

    @pytest.mark.parametrize(
        ("config", "kind"),
        [
            ({"responseModalities": ["TEXT", "IMAGE"]}, "image"),
            ({"responseModalities": ["AUDIO"]}, "speech"),
            ({"responseModalities": ["TEXT"]}, None),
            ({"responseMimeType": "text/x.enum"}, "text"),
            ({"responseMimeType": 5, "responseModalities": 5}, None),
        ],
    )
    def test_the_kind_of_output_is_read(self, config: dict[str, Any], kind: str | None) -> None:
        assert asked({**QUESTION, "generationConfig": config}).attributes.get("gen_ai.output.type") == kind

    @pytest.mark.parametrize("tool", [{"googleSearch": {}}, {"google_search": {}}, {"urlContext": {}}])
    def test_a_stream_with_search_may_cite(self, tool: Any) -> None:
        assert asked({**QUESTION, "tools": [tool]}, STREAM).may_cite
        assert not asked({**QUESTION, "tools": [{"functionDeclarations": []}]}, STREAM).may_cite

    def test_instructions_contents_and_tools_are_read(self) -> None:
        weather = {"name": "get_weather", "description": "Weather.", "parameters": {"type": "OBJECT"}}
        inference = asked(
            {
                "systemInstruction": {"parts": [{"text": "You know the world."}]},
                "contents": [
                    {"role": "user", "parts": [
                        {"text": "What is this?"},
                        {"inlineData": {"mimeType": "image/png", "data": "aGk="}},
                        {"file_data": {"mime_type": "application/pdf", "file_uri": "gs://bucket/taxes.pdf"}},
                    ]},
                    {"role": "model", "parts": [{"functionCall": {"id": "c1", "name": "get_weather", "args": {"a": 1}}}]},
                    {"parts": [{"functionResponse": {"name": "get_weather", "response": {"result": "sun"}}}]},
                ],
                "tools": [{"functionDeclarations": [weather], "googleSearch": {}}],
            }
        )  # fmt: skip
        assert inference.system == [{"type": "text", "content": "You know the world."}]
        assert inference.input == [
            {"role": "user", "parts": [
                {"type": "text", "content": "What is this?"},
                {"type": "blob", "modality": "image", "mime_type": "image/png", "content": "aGk="},
                {"type": "uri", "modality": "document", "uri": "gs://bucket/taxes.pdf", "mime_type": "application/pdf"},
            ]},
            {"role": "assistant", "parts": [
                {"type": "tool_call", "id": "c1", "name": "get_weather", "arguments": {"a": 1}}
            ]},
            {"role": "user", "parts": [
                {"type": "tool_call_response", "name": "get_weather", "response": {"result": "sun"}}
            ]},
        ]  # fmt: skip
        assert inference.tools == [{"type": "function", **weather}, {"type": "google_search", "name": "google_search"}]

    def test_dimensions_are_read_of_each_api_for_embeddings(self) -> None:
        dimensions = {"outputDimensionality": 64}
        for path, body in (
            ("models/e:embedContent", {"content": {}, **dimensions}),
            ("models/e:batchEmbedContents", {"requests": [{"content": {}, **dimensions}]}),
            ("publishers/google/models/e:predict", {"instances": [{"content": "a"}], "parameters": dimensions}),
        ):
            inference = asked(body, path)
            assert inference.request_model == "e"
            assert inference.attributes == {"gen_ai.embeddings.dimension.count": 64}

    def test_an_image_and_a_video_are_asked_for(self) -> None:
        body = {"instances": [{"prompt": "A cat"}], "parameters": {"sampleCount": 2}}
        for verb, kind in (("predict", "image"), ("predictLongRunning", "video")):
            inference = asked(body, f"models/m:{verb}")
            assert inference.attributes == {"gen_ai.output.type": kind, "gen_ai.request.choice.count": 2}
            assert inference.input == [{"role": "user", "parts": [{"type": "text", "content": "A cat"}]}]


class TestUsage:
    """``promptTokenCount`` includes the cache; thoughts and what tools sent come on top."""

    def test_thoughts_are_output_and_what_tools_sent_is_input(self) -> None:
        usage = generation.usage(1200, 80, cached=1000, thoughts=32, tool_use=50)
        assert answered(generation.response(usage=usage)).usage == Usage(
            1250, 112, cache_read=1000, reasoning=32, input_text=1250, detailed=True
        )

    def test_modalities_are_read(self) -> None:
        usage = generation.usage(
            300, 1290, cached=100, prompt_modalities={"TEXT": 20, "AUDIO": 280}, candidates_modalities={"IMAGE": 1290},
            cache_modalities={"AUDIO": 90, "TEXT": 10},
        )  # fmt: skip
        read = answered(generation.response(usage=usage)).usage
        assert read == Usage(
            300, 1290, cache_read=100, cache_read_audio=90, input_text=20, input_audio=280, output_image=1290,
            detailed=True,
        )  # fmt: skip

    def test_a_cache_of_text_alone_held_no_audio(self) -> None:
        usage = generation.usage(
            300, 9, cached=10, prompt_modalities={"TEXT": 20, "AUDIO": 280}, cache_modalities={"TEXT": 10}
        )
        read = answered(generation.response(usage=usage)).usage
        assert read is not None
        assert read.cache_read_audio == 0

    def test_an_answer_without_counts_has_no_usage(self) -> None:
        assert answered({**generation.response(), "usageMetadata": {"trafficType": "ON_DEMAND"}}).usage is None

    @pytest.mark.parametrize(
        ("told", "tier"),
        [
            ({"trafficType": "ON_DEMAND"}, "standard"),
            ({"trafficType": "ON_DEMAND_FLEX"}, "flex"),
            ({"trafficType": "PROVISIONED_THROUGHPUT"}, "provisioned_throughput"),
            ({"serviceTier": "priority"}, "priority"),
            ({}, None),
        ],
    )
    def test_the_service_tier_is_read_of_either_api(self, told: dict[str, str], tier: str | None) -> None:
        inference = answered({**generation.response(), "usageMetadata": {"promptTokenCount": 1, **told}})
        assert inference.service_tier == tier
        assert inference.attributes.get("llmotel.response.service_tier") == tier

    def test_in_a_stream_the_newest_count_holds(self) -> None:
        read = streamed(
            chunk(parts.text("a"), usage={"promptTokenCount": 15, "totalTokenCount": 15}),
            chunk(parts.text("b"), usage={"promptTokenCount": 14, "candidatesTokenCount": 5, "thoughtsTokenCount": 3}),
        ).usage
        assert read == Usage(14, 8, reasoning=3)

    def test_a_chunk_without_counts_or_with_zeros_takes_nothing_back(self) -> None:
        full = {"promptTokenCount": 15, "candidatesTokenCount": 5, "cachedContentTokenCount": 4}
        read = streamed(
            chunk(parts.text("a"), usage=full),
            chunk(parts.text("b"), usage={"promptTokenCount": 0, "candidatesTokenCount": 0}),
            chunk(parts.text("c"), finish="STOP"),
        ).usage
        assert read == Usage(15, 5, cache_read=4)

    def test_embeddings_have_tokens_where_they_are_told(self) -> None:
        text = {"instances": [{"content": "a"}, {"content": "b"}]}
        told = answered(models.predicted_embeddings([[0.5] * 8] * 2, tokens=[3, 4]), "models/e:predict", text)
        assert told.usage == Usage(7)
        assert told.attributes == {"gen_ai.embeddings.dimension.count": 8}
        assert answered(models.embeddings([[0.5] * 4]), "models/e:batchEmbedContents").usage is None
        one = answered(models.embedding([0.5] * 4, tokens=5), "models/e:embedContent")
        assert one.usage == Usage(5)
        assert one.attributes == {"gen_ai.embeddings.dimension.count": 4}


class TestEnds:
    @pytest.mark.parametrize(
        ("reason", "word"),
        [
            ("STOP", "stop"), ("MAX_TOKENS", "length"), ("SAFETY", "content_filter"), ("RECITATION", "content_filter"),
            ("PROHIBITED_CONTENT", "content_filter"), ("SPII", "content_filter"), ("IMAGE_SAFETY", "content_filter"),
            ("FINISH_REASON_UNSPECIFIED", "error"), ("MALFORMED_FUNCTION_CALL", "malformed_function_call"),
        ],
    )  # fmt: skip
    def test_a_reason_is_said_in_the_conventions_words(self, reason: str, word: str) -> None:
        body = generation.response(ANSWER, finish_reason=reason)
        assert answered(body).finish_reasons == [word]
        assert streamed(*generation_events.events(body)).finish_reasons == [word]

    def test_a_function_call_is_an_end_of_its_own(self) -> None:
        body = generation.response([parts.text("I look."), parts.function_call("get_weather", {"city": "Paris"})])
        assert answered(body).finish_reasons == ["tool_call"]
        assert streamed(*generation_events.events(body)).finish_reasons == ["tool_call"]

    def test_also_where_the_stream_ends_with_a_chunk_after_it(self) -> None:
        call = parts.function_call("get_weather", {"city": "Paris"})
        assert streamed(chunk(call), chunk(parts.text(""), finish="STOP")).finish_reasons == ["tool_call"]

    def test_each_candidate_has_its_own(self) -> None:
        body = generation.response(
            candidates=[
                generation.candidate(ANSWER),
                generation.candidate(ANSWER, index=1, finish_reason="MAX_TOKENS"),
            ]
        )
        assert answered(body).finish_reasons == ["stop", "length"]
        assert streamed(*generation_events.events(body)).finish_reasons == ["stop", "length"]

    def test_a_blocked_prompt_is_filtered(self) -> None:
        for inference in (answered(generation.blocked("SAFETY")), streamed(generation.blocked("SAFETY"))):
            assert inference.finish_reasons == ["content_filter"]
            assert inference.usage is not None
            assert inference.usage.input_tokens == 12

    def test_a_stream_is_complete_once_it_says_why_it_ends(self) -> None:
        events = generation_events.events(generation.response(ANSWER))
        assert not streamed(*events[:-1]).complete
        assert streamed(*events).complete

    def test_images_that_were_held_back_are_filtered(self) -> None:
        picture = {"instances": [{"prompt": "A cat"}]}
        held = answered(models.images(1, filtered="Unable to show."), "models/imagen-4:predict", picture)
        assert held.finish_reasons == ["stop", "content_filter"]
        assert answered(models.images(2), "models/imagen-4:predict", picture).finish_reasons is None

    def test_a_video_that_was_begun_has_the_name_of_its_operation(self) -> None:
        body = models.operation()
        assert answered(body, "models/veo-3:predictLongRunning").response_id == body["name"]

    def test_identity_is_read(self) -> None:
        body = generation.response(ANSWER, id="r-7", model="gemini-2.5-flash-001")
        for inference in (answered(body), streamed(*generation_events.events(body))):
            assert (inference.response_id, inference.response_model) == ("r-7", "gemini-2.5-flash-001")


class TestContent:
    SENT = (
        parts.thought("An easy one."),
        parts.text("It is in "),
        parts.text("France."),
        parts.executable_code("print(1)"),
        parts.code_execution_result("1"),
        parts.signed(parts.function_call("get_weather", {"city": "Paris"}, id="c1")),
        parts.inline_data("aGk=", "audio/wav"),
        {"toolCall": {"id": "t1", "toolType": "GOOGLE_SEARCH_WEB", "args": {"queries": ["Paris"]}}},
        {"newKind": {"a": 1}},
    )
    READ = (
        {"type": "reasoning", "content": "An easy one."},
        {"type": "text", "content": "It is in France."},
        {"type": "server_tool_call", "id": "", "name": "code_execution",
         "server_tool_call": {"type": "code_execution", "language": "PYTHON", "code": "print(1)"}},
        {"type": "server_tool_call_response", "id": "",
         "server_tool_call_response": {"type": "code_execution", "outcome": "OUTCOME_OK", "output": "1"}},
        {"type": "tool_call", "id": "c1", "name": "get_weather", "arguments": {"city": "Paris"}},
        {"type": "blob", "modality": "audio", "mime_type": "audio/wav", "content": "aGk="},
        {"type": "server_tool_call", "id": "t1", "name": "google_search_web",
         "server_tool_call": {"type": "google_search_web", "input": {"queries": ["Paris"]}}},
        {"type": "new_kind", "newKind": {"a": 1}},
    )  # fmt: skip

    def test_every_kind_of_part_is_read(self) -> None:
        whole = output(answered(generation.response(self.SENT)))
        assert [*whole[:1], *whole[3:]] == [*self.READ[:1], *self.READ[2:]]
        assert "".join(part["content"] for part in whole[1:3]) == self.READ[1]["content"]

    def test_a_stream_reads_the_same(self) -> None:
        assert output(streamed(*generation_events.events(generation.response(self.SENT)))) == list(self.READ)

    def test_text_after_a_call_is_a_part_of_its_own(self) -> None:
        call = parts.executable_code("print(1)")
        read = output(streamed(chunk(parts.text("a")), chunk(call), chunk(parts.text("b")), chunk(parts.text("c"))))
        assert [part.get("content") for part in read] == ["a", None, "bc"]

    def test_each_candidate_is_a_message(self) -> None:
        body = generation.response(candidates=[generation.candidate("a"), generation.candidate("b", index=1)])
        for inference in (answered(body), streamed(*generation_events.events(body))):
            assert inference.output == [
                {"role": "assistant", "parts": [{"type": "text", "content": text}], "finish_reason": "stop"}
                for text in "ab"
            ]

    def test_images_are_read(self) -> None:
        [made] = output(answered(models.images(1), "models/imagen-4:predict", {"instances": [{"prompt": "A cat"}]}))
        assert (made["type"], made["modality"], made["mime_type"]) == ("blob", "image", "image/png")


class TestGrounding:
    TEXT = "Süßer Käse ist beliebt. Er kommt aus 日本. Niemand weiß warum."
    FIRST, SECOND = "Süßer Käse ist beliebt.", "Er kommt aus 日本."
    WEB = (grounding.web("https://example.com/a", "a.com"), grounding.web("https://example.com/b", "b.com"))

    def metadata(self, **more: Any) -> Any:
        supports = [grounding.support(self.TEXT, self.FIRST, [0]), grounding.support(self.TEXT, self.SECOND, [0, 1])]
        return grounding.metadata(self.WEB, supports, **more)

    def read(self, body: dict[str, Any]) -> list[Inference]:
        return [answered(body), streamed(*generation_events.events(body))]

    def test_segments_are_found_by_their_bytes(self) -> None:
        for inference in self.read(generation.response(self.TEXT, grounding=self.metadata())):
            answer = inference.answer
            assert answer is not None
            assert answer.text == self.TEXT
            assert [(self.TEXT[one.start : one.end], one.source) for one in answer.citations] == [
                (self.FIRST, 0), (self.SECOND, 0), (self.SECOND, 1),
            ]  # fmt: skip
            found = assess(answer)
            assert found is not None
            assert found.score is not None
            assert 0 < found.score < 1
            assert [(source.kind, source.title, source.uri) for source in answer.sources] == [
                ("url", "a.com", "https://example.com/a"), ("url", "b.com", "https://example.com/b"),
            ]  # fmt: skip

    def test_segments_count_from_the_beginning_of_their_part(self) -> None:
        second = "Sie heißt Brie."
        support = grounding.support(second, second, [0], part=1)
        body = generation.response([parts.text(self.TEXT), parts.text(second)],
                                   grounding=grounding.metadata(self.WEB, [support]))  # fmt: skip
        for inference in self.read(body):
            answer = inference.answer
            assert answer is not None
            assert [answer.text[one.start : one.end] for one in answer.citations] == [second]

    def test_thoughts_are_no_part_of_the_answer(self) -> None:
        support = grounding.support(self.TEXT, self.FIRST, [0], part=1)
        body = generation.response([parts.thought("Cheese, hm."), parts.text(self.TEXT)],
                                   grounding=grounding.metadata(self.WEB, [support]))  # fmt: skip
        for inference in self.read(body):
            answer = inference.answer
            assert answer is not None
            assert [answer.text[one.start : one.end] for one in answer.citations] == [self.FIRST]

    def test_a_passage_is_quoted_with_the_trust_in_it(self) -> None:
        passage = grounding.retrieved("gs://docs/a.pdf", "a.pdf", "Käse ist süß.")
        support = grounding.support(self.TEXT, self.FIRST, [0], scores=[0.75])
        body = generation.response(self.TEXT, grounding=grounding.metadata([passage], [support]))
        answer = answered(body).answer
        assert answer is not None
        [source] = answer.sources
        assert (source.kind, source.key, source.score) == ("document", "gs://docs/a.pdf", 0.75)
        assert answer.citations == [Citation(0, len(self.FIRST), 0, "Käse ist süß.")]

    def test_pages_that_were_read_and_texts_that_were_cited_are_sources(self) -> None:
        extra = {
            "urlContextMetadata": {
                "urlMetadata": [
                    *grounding.pages("https://example.com/c")["urlMetadata"],
                    *grounding.pages("https://example.com/d", status="URL_RETRIEVAL_STATUS_ERROR")["urlMetadata"],
                ]
            },
            "citationMetadata": {"citations": [grounding.citation(self.TEXT, self.SECOND, "https://example.com/e")]},
        }
        body = generation.response(candidates=[generation.candidate(self.TEXT, extra=extra)])
        for inference in self.read(body):
            answer = inference.answer
            assert answer is not None
            assert [source.key for source in answer.sources] == ["https://example.com/e", "https://example.com/c"]
            assert [answer.text[one.start : one.end] for one in answer.citations] == [self.SECOND]

    def test_without_any_there_is_no_answer_to_judge(self) -> None:
        for inference in self.read(generation.response(self.TEXT)):
            assert inference.answer is None

    @pytest.mark.parametrize("segment", [{"startIndex": 10**30}, {"endIndex": -1}, {"partIndex": 99}, [], None, "x"])
    def test_a_segment_that_leads_nowhere_harms_nothing(self, segment: Any) -> None:
        support = {"segment": segment, "groundingChunkIndices": [0, 99, -1, "x"]}
        for inference in self.read(generation.response(self.TEXT, grounding=grounding.metadata(self.WEB, [support]))):
            answer = inference.answer
            assert answer is not None
            assert len(answer.citations) == 1
            assess(answer)

    def test_an_offset_within_a_character_is_at_its_begin(self) -> None:
        text = "aß\ud800😀z"
        assert characters(text, [0, 1, 2, 3, 6, 7, 9, 10, 11, 99]) == {
            0: 0, 1: 1, 2: 1, 3: 2, 6: 3, 7: 3, 9: 3, 10: 4, 11: 5, 99: 5,
        }  # fmt: skip
