"""The loopback provider server through the real OpenAI clients, which validate every body against their own types."""

from __future__ import annotations

import base64
import io
from collections.abc import Iterator
from typing import Any

import openai
import pytest
from openai.types.responses import ResponseStreamEvent
from pydantic import BaseModel, TypeAdapter

from llmotel.testing import ProviderServer, Reply
from llmotel.testing.openai_wire import (
    audio,
    chat,
    completions,
    embeddings,
    errors,
    hosts,
    images,
    platform,
    response_events,
    responses,
)
from llmotel.testing.samples import MP3, PNG

ASK: Any = [{"role": "user", "content": "What is the weather in Paris?"}]
WEATHER: Any = {
    "type": "function",
    "function": {
        "name": "get_weather",
        "parameters": {"type": "object", "properties": {"city": {"type": "string"}, "days": {"type": "integer"}}},
    },
}


@pytest.fixture(scope="module")
def client(running: ProviderServer) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(
        api_key="sk-test", base_url=running.openai_url, max_retries=0, _strict_response_validation=True
    ) as made:
        yield made


@pytest.fixture(scope="module")
def lenient(running: ProviderServer) -> Iterator[openai.OpenAI]:
    """A client without validation: its types know no base64 of an embedding and no null ``finish_reason`` of a legacy
    completion, though its own methods do."""
    with openai.OpenAI(api_key="sk-test", base_url=running.openai_url, max_retries=0) as made:
        yield made


# chat completions

CHATS = {
    "text": chat.completion("Paris is mild today."),
    "two choices": chat.completion(choices=[chat.choice("Mild."), chat.choice("It is cold.", index=1)]),
    "tool calls": chat.completion(
        tool_calls=[chat.tool_call("get_weather", {"city": "Paris"}), chat.tool_call("get_time", '{"city": "Par')]
    ),
    "text and a tool call": chat.completion("Let me look.", tool_calls=[chat.tool_call("get_weather", {})]),
    "refusal": chat.completion(refusal="I can't help with that."),
    "content filter": chat.completion("It", finish_reason="content_filter"),
    "logprobs": chat.completion("Mild today.", logprobs=chat.logprobs("Mild today.", top=2)),
    "structured output": chat.completion('{"city": "Paris", "degrees": 21}'),
    "length": chat.completion("Paris is", finish_reason="length"),
}


@pytest.mark.parametrize("body", CHATS.values(), ids=CHATS)
def test_a_streamed_completion_assembles_to_the_one_that_is_not_streamed(
    server: ProviderServer, client: openai.OpenAI, body: dict[str, Any]
) -> None:
    server.script(Reply(body), Reply(body))
    whole = client.chat.completions.create(model="gpt-4.1", messages=ASK)
    stream = client.chat.completions.create(
        model="gpt-4.1", messages=ASK, stream=True, stream_options={"include_usage": True}
    )
    chunks = list(stream)
    assert chunks[-1].usage == whole.usage
    assert {(chunk.id, chunk.model, chunk.service_tier, chunk.system_fingerprint) for chunk in chunks} == {
        (whole.id, whole.model, whole.service_tier, whole.system_fingerprint)
    }
    for choice in whole.choices:
        parts = [part for chunk in chunks for part in chunk.choices if part.index == choice.index]
        assert "".join(part.delta.content or "" for part in parts) == (choice.message.content or "")
        assert "".join(part.delta.refusal or "" for part in parts) == (choice.message.refusal or "")
        assert [part.finish_reason for part in parts if part.finish_reason] == [choice.finish_reason]
        assert _joined_calls(parts) == [
            (call.id, call.function.name, call.function.arguments)
            for call in choice.message.tool_calls or ()
            if call.type == "function"
        ]
        probabilities = [token for part in parts if part.logprobs for token in part.logprobs.content or ()]
        assert probabilities == ((choice.logprobs and choice.logprobs.content) or [])


def _joined_calls(parts: list[Any]) -> list[tuple[str, str, str]]:
    calls: dict[int, tuple[str, str, str]] = {}
    for call in [call for part in parts for call in part.delta.tool_calls or ()]:
        key, name, arguments = calls.get(call.index, ("", "", ""))
        calls[call.index] = (
            key + (call.id or ""),
            name + (call.function.name or ""),
            arguments + call.function.arguments,
        )
    return list(calls.values())


def test_a_completion_has_every_count_of_usage_that_was_given(server: ProviderServer, client: openai.OpenAI) -> None:
    usage = chat.usage(
        2000, 300, cached=1024, cache_write=512, prompt_audio=7, reasoning=128, completion_audio=9,
        accepted_prediction=3, rejected_prediction=4,
    )  # fmt: skip
    server.script(Reply(chat.completion(usage=usage)))
    read = client.chat.completions.create(model="gpt-4.1", messages=ASK).usage
    assert read is not None
    assert (read.prompt_tokens, read.completion_tokens, read.total_tokens) == (2000, 300, 2300)
    assert read.prompt_tokens_details is not None
    assert read.prompt_tokens_details.cached_tokens == 1024
    assert read.prompt_tokens_details.cache_write_tokens == 512
    assert read.prompt_tokens_details.audio_tokens == 7
    assert read.completion_tokens_details is not None
    assert read.completion_tokens_details.reasoning_tokens == 128
    assert read.completion_tokens_details.audio_tokens == 9
    assert read.completion_tokens_details.accepted_prediction_tokens == 3
    assert read.completion_tokens_details.rejected_prediction_tokens == 4


def test_a_stream_has_no_usage_unless_it_was_asked_for(client: openai.OpenAI) -> None:
    chunks = list(client.chat.completions.create(model="gpt-4.1", messages=ASK, stream=True))
    assert all(chunk.usage is None for chunk in chunks)
    assert all(chunk.choices for chunk in chunks)


def test_the_stream_helper_assembles_a_tool_call(server: ProviderServer, client: openai.OpenAI) -> None:
    server.script(Reply(chat.completion(tool_calls=[chat.tool_call("get_weather", {"city": "Paris"})])))
    with client.chat.completions.stream(model="gpt-4.1", messages=ASK, tools=[WEATHER]) as stream:
        final = stream.get_final_completion()
    assert final.choices[0].message.tool_calls is not None
    assert final.choices[0].message.tool_calls[0].function.arguments == '{"city": "Paris"}'
    assert final.choices[0].finish_reason == "tool_calls"


def test_a_url_citation_is_in_the_message_and_in_its_stream(server: ProviderServer, client: openai.OpenAI) -> None:
    citation = chat.url_citation("https://example.com/a", "A", 0, 5)
    server.script(
        Reply(chat.completion("Mild.", annotations=[citation])), Reply(chat.completion(annotations=[citation]))
    )
    whole = client.chat.completions.create(model="gpt-4o-search-preview", messages=ASK)
    chunks = list(client.chat.completions.create(model="gpt-4o-search-preview", messages=ASK, stream=True))
    assert whole.choices[0].message.annotations is not None
    assert whole.choices[0].message.annotations[0].url_citation.url == "https://example.com/a"
    deltas = [chunk.choices[0].delta.to_dict() for chunk in chunks]
    assert [delta["annotations"] for delta in deltas if "annotations" in delta] == [[citation]]


def test_spoken_output_is_in_the_message_and_in_its_stream(server: ProviderServer, client: openai.OpenAI) -> None:
    body = chat.completion(audio=chat.audio("It is mild.", b"sound"))
    server.script(Reply(body), Reply(body))
    whole = client.chat.completions.create(model="gpt-4o-audio-preview", messages=ASK)
    spoken = whole.choices[0].message.audio
    assert spoken is not None
    assert (base64.b64decode(spoken.data), spoken.transcript) == (b"sound", "It is mild.")
    assert whole.choices[0].message.content is None
    chunks = client.chat.completions.create(model="gpt-4o-audio-preview", messages=ASK, stream=True)
    deltas = [delta for chunk in chunks if (delta := chunk.choices[0].delta.audio) is not None]
    assert "".join(delta.transcript or "" for delta in deltas) == "It is mild."
    assert [delta.data for delta in deltas if delta.data] == [spoken.data]


def test_extra_fields_reach_the_caller(server: ProviderServer, client: openai.OpenAI) -> None:
    server.script(Reply(chat.completion(extra={"vendor": {"region": "eu"}}, message={"vendor_note": "x"})))
    read = client.chat.completions.create(model="m", messages=ASK)
    assert read.to_dict()["vendor"] == {"region": "eu"}
    assert read.choices[0].message.to_dict()["vendor_note"] == "x"


# other hosts of the same API


def test_openrouter_states_the_cost_in_a_stream_too(server: ProviderServer, client: openai.OpenAI) -> None:
    body = hosts.openrouter(chat.completion(), cost=0.00014, upstream_cost=0.0001)
    server.script(Reply(body), Reply(body))
    whole = client.chat.completions.create(model="openai/gpt-4.1", messages=ASK)
    assert whole.usage is not None
    assert whole.usage.to_dict()["cost"] == 0.00014
    chunks = list(client.chat.completions.create(model="openai/gpt-4.1", messages=ASK, stream=True))
    assert chunks[-1].usage == whole.usage
    assert chunks[0].to_dict()["provider"] == "OpenAI"


def test_deepseek_counts_cache_hits_and_streams_its_thoughts(server: ProviderServer, client: openai.OpenAI) -> None:
    body = hosts.deepseek(chat.completion(usage=chat.usage(100, 20)), hit=64, reasoning="Paris, so mild.")
    server.script(Reply(body), Reply(body))
    whole = client.chat.completions.create(model="deepseek-reasoner", messages=ASK)
    assert whole.usage is not None
    assert whole.usage.to_dict()["prompt_cache_hit_tokens"] == 64
    assert whole.usage.to_dict()["prompt_cache_miss_tokens"] == 36
    deltas = [
        chunk.choices[0].delta.to_dict()
        for chunk in client.chat.completions.create(model="deepseek-reasoner", messages=ASK, stream=True)
    ]
    assert "".join(str(delta.get("reasoning_content", "")) for delta in deltas) == "Paris, so mild."


def test_groq_puts_the_usage_of_a_stream_under_x_groq(server: ProviderServer, client: openai.OpenAI) -> None:
    body = hosts.groq(chat.completion(usage=chat.usage(100, 20)))
    server.script(Reply(body))
    chunks = [chunk.to_dict() for chunk in client.chat.completions.create(model="llama", messages=ASK, stream=True)]
    assert chunks[-1]["x_groq"] == {"id": body["x_groq"]["id"], "usage": body["usage"]}
    assert [bool(chunk.get("usage")) for chunk in chunks] == [False] * len(chunks)


def test_perplexity_repeats_usage_and_sources_in_every_chunk(server: ProviderServer, client: openai.OpenAI) -> None:
    body = hosts.perplexity(chat.completion("Mild [1]."), sources=[("https://example.com/a", "A")], cost=0.006)
    server.script(Reply(body))
    chunks = [chunk.to_dict() for chunk in client.chat.completions.create(model="sonar", messages=ASK, stream=True)]
    assert {tuple(chunk["citations"]) for chunk in chunks} == {("https://example.com/a",)}  # type: ignore[arg-type]
    assert all(chunk["usage"] == body["usage"] for chunk in chunks)


def test_xai_cites_in_the_last_chunk(server: ProviderServer, client: openai.OpenAI) -> None:
    server.script(Reply(hosts.xai(chat.completion(), reasoning="Hm.", citations=["https://example.com/a"])))
    chunks = [chunk.to_dict() for chunk in client.chat.completions.create(model="grok-4", messages=ASK, stream=True)]
    assert [chunk.get("citations") for chunk in chunks[-2:]] == [None, ["https://example.com/a"]]


def test_azure_answers_below_a_deployment_and_filters_the_prompt_first(server: ProviderServer) -> None:
    with openai.AzureOpenAI(
        api_key="k", azure_endpoint=server.url, api_version="2025-04-01-preview", azure_deployment="mine", max_retries=0
    ) as azure:
        whole = azure.chat.completions.create(model="gpt-4.1", messages=ASK)
        chunks = list(azure.chat.completions.create(model="gpt-4.1", messages=ASK, stream=True))
    assert server.last.path == "/openai/deployments/mine/chat/completions"
    assert server.last.query == {"api-version": "2025-04-01-preview"}
    assert "prompt_filter_results" in whole.to_dict()
    assert (chunks[0].choices, chunks[0].id, chunks[0].model) == ([], "", "")
    assert "prompt_filter_results" in chunks[0].to_dict()
    assert chunks[-1].choices[0].to_dict()["content_filter_results"]


def test_azure_responses_are_below_openai(server: ProviderServer) -> None:
    with openai.AzureOpenAI(
        api_key="k", azure_endpoint=server.url, api_version="2025-04-01-preview", max_retries=0
    ) as azure:
        assert azure.responses.create(model="gpt-4.1", input="Hi").output_text == "You said: Hi"
        assert azure.embeddings.create(model="embedding-deployment", input="Hi").model == "embedding-deployment"


# the Responses API

TEXT = "Paris is mild. The chart shows it."
RESPONSES = {
    "text": responses.response("Paris is mild."),
    "annotations": responses.response([
        responses.message(TEXT, annotations=[
            responses.url_citation("https://example.com/a", "A", 0, 14),
            responses.file_citation("file-1", "weather.txt", 14),
            responses.container_file_citation("cntr_1", "cfile_1", "chart.png", 15, 34),
            responses.file_path("file-2", 34),
        ]),
    ]),
    "refusal": responses.response([responses.message([responses.refusal("I can't help with that.")])]),
    "two parts": responses.response([responses.message([responses.output_text("a b"), responses.output_text("c")])]),
    "function call": responses.response([responses.function_call("get_weather", {"city": "Paris"})]),
    "reasoning": responses.response([
        responses.reasoning("**Looking at the question**", "**Answering**", encrypted_content="gAAAAA"),
        responses.message("Mild."),
    ], usage=responses.usage(50, 200, cached=32, cache_write=8, reasoning=180)),
    "web search": responses.response([
        responses.web_search_call("weather Paris", sources=["https://example.com/a"]),
        responses.message("Mild."),
    ]),
    "file search": responses.response([
        responses.file_search_call("weather", results=[responses.file_search_result("file-1", "w.txt", 0.87, "mild")]),
        responses.file_search_call("climate"),
        responses.message("Mild."),
    ]),
    "code interpreter": responses.response([
        responses.code_interpreter_call("print(6 * 7)", logs="42\n"), responses.message("42"),
    ]),
    "image generation": responses.response([responses.image_generation_call("a cat")]),
    "incomplete": responses.response("Paris is", status="incomplete"),
    "failed": responses.response(status="failed"),
}  # fmt: skip


@pytest.mark.parametrize("body", RESPONSES.values(), ids=RESPONSES)
def test_a_streamed_response_ends_with_the_one_that_is_not_streamed(
    server: ProviderServer, client: openai.OpenAI, body: dict[str, Any]
) -> None:
    server.script(Reply(body), Reply(body))
    whole = client.responses.create(model="gpt-4.1", input="Hi")
    events = list(client.responses.create(model="gpt-4.1", input="Hi", stream=True))
    assert whole.to_dict() == body
    last = events[-1]
    assert last.type == f"response.{body['status']}"
    assert last.response == whole  # type: ignore[union-attr]
    assert [event.sequence_number for event in events] == list(range(len(events)))


@pytest.mark.parametrize("body", RESPONSES.values(), ids=RESPONSES)
def test_every_event_of_a_response_is_one_that_the_sdk_documents(body: dict[str, Any]) -> None:
    adapter: TypeAdapter[ResponseStreamEvent] = TypeAdapter(ResponseStreamEvent)
    for event in response_events.events(body):
        assert isinstance(event, dict)
        assert adapter.validate_python(event).type == event["type"]


@pytest.mark.parametrize("kind", ["text", "annotations", "refusal", "two parts", "function call", "reasoning"])
def test_the_response_stream_helper_assembles_the_output(
    server: ProviderServer, client: openai.OpenAI, kind: str
) -> None:
    server.script(Reply(RESPONSES[kind]))
    with client.responses.stream(model="gpt-4.1", input="Hi") as stream:
        final = stream.get_final_response()
    assert final.output_text == "".join(
        part.get("text", "") for item in RESPONSES[kind]["output"] for part in item.get("content", ())
    )
    assert [item.type for item in final.output] == [item["type"] for item in RESPONSES[kind]["output"]]


def test_a_response_repeats_the_settings_of_its_request(client: openai.OpenAI) -> None:
    read = client.responses.create(
        model="o4-mini", input="Hi", instructions="Be brief", temperature=0.2, metadata={"a": "b"},
        reasoning={"effort": "high", "summary": "auto"}, service_tier="flex",
    )  # fmt: skip
    assert (read.instructions, read.temperature, read.metadata) == ("Be brief", 0.2, {"a": "b"})
    assert (read.service_tier, read.status) == ("flex", "completed")
    assert [item.type for item in read.output] == ["reasoning", "message"]
    assert read.usage is not None
    assert read.usage.output_tokens_details.reasoning_tokens > 0


def test_a_background_response_is_queued_and_completed_when_asked_for(client: openai.OpenAI) -> None:
    begun = client.responses.create(model="o4-mini", input="Hi", background=True)
    assert (begun.status, begun.output, begun.usage) == ("queued", [], None)
    done = client.responses.retrieve(begun.id)
    assert (done.id, done.model, done.status) == (begun.id, "o4-mini", "completed")
    assert done.output_text == "This was done in the background."


def test_a_background_response_can_be_streamed_afterwards(client: openai.OpenAI) -> None:
    begun = client.responses.create(model="o4-mini", input="Hi", background=True)
    kinds = [event.type for event in client.responses.retrieve(begun.id, stream=True)]
    assert kinds[:3] == ["response.created", "response.queued", "response.in_progress"]
    assert kinds[-1] == "response.completed"


def test_a_cancelled_response_stays_cancelled(client: openai.OpenAI) -> None:
    begun = client.responses.create(model="o4-mini", input="Hi", background=True)
    assert client.responses.cancel(begun.id).status == "cancelled"
    assert client.responses.retrieve(begun.id).status == "cancelled"


def test_a_response_that_was_never_begun_is_not_found(client: openai.OpenAI) -> None:
    with pytest.raises(openai.NotFoundError, match="resp_0"):
        client.responses.retrieve("resp_0")


# the other endpoints


def test_a_legacy_completion_streams_to_the_same_text(server: ProviderServer, lenient: openai.OpenAI) -> None:
    text = "\n\nThis is a test"
    body = completions.completion(text, n=2, logprobs=completions.logprobs(text))
    server.script(Reply(body), Reply(body))
    model = "gpt-3.5-turbo-instruct"
    whole = lenient.completions.create(model=model, prompt="Say this")
    chunks = list(
        lenient.completions.create(model=model, prompt="Say this", stream=True, stream_options={"include_usage": True})
    )
    assert [choice.text for choice in whole.choices] == [text, text]
    for index in (0, 1):
        said = [choice for chunk in chunks for choice in chunk.choices if choice.index == index]
        assert "".join(choice.text for choice in said) == text
        assert said[-1].finish_reason == "stop"
    assert chunks[-1].usage == whole.usage


def test_embeddings_are_the_same_as_floats_and_as_base64(
    server: ProviderServer, client: openai.OpenAI, lenient: openai.OpenAI
) -> None:
    vectors = [embeddings.vector(8), embeddings.vector(8, seed=3)]
    server.script(Reply(embeddings.embeddings(vectors, prompt_tokens=5)))
    floats = client.embeddings.create(model="text-embedding-3-small", input=["a", "b"], encoding_format="float")
    assert [item.embedding for item in floats.data] == vectors
    assert floats.usage.prompt_tokens == 5
    server.script(Reply(embeddings.embeddings(vectors, encoding_format="base64")))
    packed = lenient.embeddings.create(model="text-embedding-3-small", input=["a", "b"])
    assert server.last.json["encoding_format"] == "base64"  # the client asks for it when the caller does not say
    assert [item.embedding for item in packed.data] == vectors


def test_default_embeddings_follow_the_request(lenient: openai.OpenAI) -> None:
    read = lenient.embeddings.create(model="text-embedding-3-large", input=["one", "two words"], dimensions=16)
    assert [len(item.embedding) for item in read.data] == [16, 16]
    assert read.model == "text-embedding-3-large"
    assert len(lenient.embeddings.create(model="text-embedding-3-small", input=[1, 2, 3]).data) == 1


def test_images_are_made_with_usage(server: ProviderServer, client: openai.OpenAI) -> None:
    server.script(Reply(images.images(2, usage=images.usage(10, 2112, input_image=300))))
    read = client.images.generate(model="gpt-image-1", prompt="a cat", n=2)
    assert [picture.b64_json for picture in read.data or ()] == [PNG, PNG]
    assert read.usage is not None
    assert (read.usage.input_tokens_details.image_tokens, read.usage.total_tokens) == (300, 2422)


def test_older_image_models_give_links_and_no_usage(client: openai.OpenAI) -> None:
    read = client.images.generate(model="dall-e-3", prompt="a cat")
    assert read.usage is None
    assert read.data is not None
    assert read.data[0].revised_prompt == "a cat"
    assert (read.data[0].url or "").startswith("https://")


def test_an_image_is_edited_from_a_form(server: ProviderServer, client: openai.OpenAI) -> None:
    picture = ("cat.png", base64.b64decode(PNG), "image/png")
    read = client.images.edit(model="gpt-image-1", image=picture, prompt="a hat")
    assert server.last.json == {"model": "gpt-image-1", "prompt": "a hat", "image": "cat.png"}
    assert read.usage is not None
    assert read.usage.input_tokens_details.image_tokens > 0


def test_an_image_streams_partial_pictures_first(client: openai.OpenAI) -> None:
    stream = client.images.generate(model="gpt-image-1", prompt="a cat", stream=True, partial_images=2)
    kinds = [event.type for event in stream]
    assert kinds == ["image_generation.partial_image"] * 2 + ["image_generation.completed"]


def test_speech_is_binary(server: ProviderServer, client: openai.OpenAI) -> None:
    assert client.audio.speech.create(model="tts-1", voice="alloy", input="Hi").content == MP3
    server.script(Reply(b"RIFF", headers={"content-type": "audio/wav"}))
    with client.audio.speech.with_streaming_response.create(model="tts-1", voice="alloy", input="Hi") as response:
        assert b"".join(response.iter_bytes()) == b"RIFF"
        assert response.headers["content-type"] == "audio/wav"


def test_a_transcription_has_tokens_or_a_duration(server: ProviderServer, client: openai.OpenAI) -> None:
    file = ("speech.mp3", MP3)
    tokens = client.audio.transcriptions.create(model="gpt-4o-transcribe", file=file)
    assert server.last.json["model"] == "gpt-4o-transcribe"
    assert (tokens.text, tokens.usage and tokens.usage.type) == (audio.TEXT, "tokens")
    seconds = client.audio.transcriptions.create(model="whisper-1", file=file)
    assert (seconds.text, seconds.usage and seconds.usage.type) == (audio.TEXT, "duration")


def test_a_transcription_comes_in_the_format_asked_for(client: openai.OpenAI) -> None:
    file = ("speech.mp3", MP3)
    verbose = client.audio.transcriptions.create(model="whisper-1", file=file, response_format="verbose_json")
    assert (verbose.language, verbose.duration) == ("english", 9.0)
    text: object = client.audio.transcriptions.create(model="whisper-1", file=file, response_format="text")
    assert text == audio.TEXT + "\n"


def test_a_transcription_streams(client: openai.OpenAI) -> None:
    events = list(client.audio.transcriptions.create(model="gpt-4o-transcribe", file=("speech.mp3", MP3), stream=True))
    assert "".join(event.delta for event in events if event.type == "transcript.text.delta") == audio.TEXT
    last = events[-1]
    assert last.type == "transcript.text.done"
    assert last.usage is not None
    assert last.usage.total_tokens == 26


@pytest.mark.filterwarnings("ignore:deprecated:DeprecationWarning")  # of the SDK's method
def test_a_translation_is_text_alone(client: openai.OpenAI) -> None:
    read = client.audio.translations.create(model="whisper-1", file=("speech.mp3", MP3))
    assert read.to_dict() == {"text": audio.TEXT}


def test_moderations_flag_what_they_are_told_to(server: ProviderServer, client: openai.OpenAI) -> None:
    server.script(Reply(platform.moderations(flagged=["violence/graphic"])))
    [result] = client.moderations.create(input="text").results
    assert (result.flagged, result.categories.violence_graphic, result.categories.hate) == (True, True, False)
    calm = client.moderations.create(input=["a", "b"], model="omni-moderation-2024-09-26")
    assert [one.flagged for one in calm.results] == [False, False]


def test_files_batches_and_models_answer(server: ProviderServer, client: openai.OpenAI) -> None:
    uploaded = client.files.create(file=("requests.jsonl", io.BytesIO(b"{}")), purpose="batch")
    assert (uploaded.filename, uploaded.purpose) == ("requests.jsonl", "batch")
    begun = client.batches.create(
        input_file_id=uploaded.id, endpoint="/v1/embeddings", completion_window="24h", metadata={"a": "b"}
    )
    assert (begun.status, begun.endpoint, begun.input_file_id) == ("validating", "/v1/embeddings", uploaded.id)
    assert client.batches.retrieve(begun.id).status == "completed"
    assert "gpt-4.1" in [model.id for model in client.models.list()]
    assert client.models.retrieve("o4-mini").id == "o4-mini"


# errors


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, openai.BadRequestError),
        (401, openai.AuthenticationError),
        (403, openai.PermissionDeniedError),
        (404, openai.NotFoundError),
        (409, openai.ConflictError),
        (422, openai.UnprocessableEntityError),
        (429, openai.RateLimitError),
        (500, openai.InternalServerError),
        (503, openai.InternalServerError),
    ],
)
def test_an_error_status_raises_the_clients_own_exception(
    server: ProviderServer, client: openai.OpenAI, status: int, kind: type[openai.APIStatusError]
) -> None:
    server.script(errors.reply(status))
    with pytest.raises(kind) as raised:
        client.chat.completions.create(model="gpt-4.1", messages=ASK)
    assert raised.value.status_code == status
    assert raised.value.body == errors.body(status)["error"]
    assert raised.value.request_id


def test_an_error_may_say_anything(server: ProviderServer, client: openai.OpenAI) -> None:
    server.script(errors.reply(400, "too long", code="context_length_exceeded", param="messages"))
    with pytest.raises(openai.BadRequestError, match="too long") as raised:
        client.chat.completions.create(model="gpt-4.1", messages=ASK)
    assert (raised.value.code, raised.value.param) == ("context_length_exceeded", "messages")


def test_a_rate_limit_says_when_to_come_back(server: ProviderServer, client: openai.OpenAI) -> None:
    server.script(errors.reply(429, retry_after=0.5))
    with pytest.raises(openai.RateLimitError) as raised:
        client.chat.completions.create(model="gpt-4.1", messages=ASK)
    headers = raised.value.response.headers
    assert (headers["retry-after"], headers["retry-after-ms"]) == ("0.5", "500")
    assert headers["x-ratelimit-remaining-requests"] == "0"


def test_a_client_that_retries_gets_through(server: ProviderServer) -> None:
    server.script(errors.reply(429, retry_after=0.001), errors.reply(503))
    with openai.OpenAI(api_key="k", base_url=server.openai_url, max_retries=2) as patient:
        assert patient.chat.completions.create(model="gpt-4.1", messages=ASK).choices
    assert [request.headers["x-stainless-retry-count"] for request in server.requests] == ["0", "1", "2"]


def test_a_spent_quota_and_a_filtered_prompt_have_their_codes(server: ProviderServer, client: openai.OpenAI) -> None:
    server.script(errors.quota(), errors.azure_content_filter())
    with pytest.raises(openai.RateLimitError) as quota:
        client.chat.completions.create(model="gpt-4.1", messages=ASK)
    with pytest.raises(openai.BadRequestError) as filtered:
        client.chat.completions.create(model="gpt-4.1", messages=ASK)
    assert (quota.value.code, filtered.value.code) == ("insufficient_quota", "content_filter")


# what is made up from a request


def test_a_tool_is_called_when_the_user_speaks_of_it(client: openai.OpenAI) -> None:
    [choice] = client.chat.completions.create(model="gpt-4.1", messages=ASK, tools=[WEATHER]).choices
    assert choice.finish_reason == "tool_calls"
    assert choice.message.tool_calls is not None
    [call] = choice.message.tool_calls
    assert call.type == "function"
    assert (call.function.name, call.function.arguments) == ("get_weather", '{"city": "text", "days": 1}')


@pytest.mark.parametrize("messages", [
    [{"role": "user", "content": "Hello"}],
    [*ASK, {"role": "tool", "tool_call_id": "1", "content": "weather: mild"}],
])  # fmt: skip
def test_no_tool_is_called_without_a_reason(client: openai.OpenAI, messages: Any) -> None:
    [choice] = client.chat.completions.create(model="gpt-4.1", messages=messages, tools=[WEATHER]).choices
    assert (choice.finish_reason, choice.message.tool_calls) == ("stop", None)


def test_tool_choice_is_obeyed(client: openai.OpenAI) -> None:
    def reason(choice: Any, said: str) -> str:
        messages: Any = [{"role": "user", "content": said}]
        made = client.chat.completions.create(model="m", messages=messages, tools=[WEATHER], tool_choice=choice)
        return made.choices[0].finish_reason

    assert reason("required", "Hello") == "tool_calls"
    assert reason({"type": "function", "function": {"name": "get_weather"}}, "Hello") == "tool_calls"
    assert reason("none", "the weather") == "stop"


def test_a_structured_answer_is_one_that_parses(client: openai.OpenAI) -> None:
    class Day(BaseModel):
        city: str
        degrees: list[int]
        sunny: bool

    chatted = client.chat.completions.parse(model="gpt-4.1", messages=ASK, response_format=Day)
    responded = client.responses.parse(model="gpt-4.1", input="Hi", text_format=Day)
    day = Day(city="text", degrees=[1], sunny=True)
    assert (chatted.choices[0].message.parsed, responded.output_parsed) == (day, day)


def test_a_long_conversation_is_partly_cached(client: openai.OpenAI) -> None:
    turns: Any = [{"role": "user", "content": "x" * 8000}, {"role": "assistant", "content": "ok"}, *ASK]
    usage = client.chat.completions.create(model="gpt-4.1", messages=turns).usage
    assert usage is not None
    assert usage.prompt_tokens_details is not None
    assert usage.prompt_tokens_details.cached_tokens == usage.prompt_tokens // 128 * 128


def test_choices_tier_logprobs_and_audio_are_done_as_asked(client: openai.OpenAI) -> None:
    read = client.chat.completions.create(
        model="gpt-4.1", messages=ASK, n=3, service_tier="priority", logprobs=True, top_logprobs=2
    )
    assert (len(read.choices), read.service_tier) == (3, "priority")
    assert read.choices[0].logprobs is not None
    spoken = client.chat.completions.create(
        model="gpt-4o-audio-preview",
        messages=ASK,
        modalities=["text", "audio"],
        audio={"voice": "alloy", "format": "mp3"},
    )
    assert spoken.choices[0].message.audio is not None


@pytest.mark.parametrize(
    ("tool", "item", "annotation"),
    [
        ({"type": "web_search"}, "web_search_call", "url_citation"),
        ({"type": "file_search", "vector_store_ids": ["vs_1"]}, "file_search_call", "file_citation"),
    ],
)
def test_a_search_of_the_responses_api_is_answered_with_a_citation(
    client: openai.OpenAI, tool: Any, item: str, annotation: str
) -> None:
    read = client.responses.create(
        model="gpt-4.1", input="Please search", tools=[tool], include=["file_search_call.results"]
    )
    assert [part.type for part in read.output] == [item, "message"]
    message = read.output[1]
    assert message.type == "message"
    assert message.content[0].type == "output_text"
    assert [found.type for found in message.content[0].annotations] == [annotation]


def test_two_equal_requests_have_two_ids(client: openai.OpenAI) -> None:
    first, second = (client.chat.completions.create(model="gpt-4.1", messages=ASK) for _ in range(2))
    assert first.id != second.id
    assert first.choices == second.choices


def test_a_request_without_a_model_is_refused(client: openai.OpenAI) -> None:
    with pytest.raises(openai.BadRequestError, match="model parameter"):
        client.post("/chat/completions", body={"messages": ASK}, cast_to=object)


def test_a_request_without_messages_is_refused(client: openai.OpenAI) -> None:
    with pytest.raises(openai.BadRequestError, match="messages"):
        client.post("/chat/completions", body={"model": "gpt-4.1"}, cast_to=object)


async def test_the_async_client_works_the_same(server: ProviderServer) -> None:
    async with openai.AsyncOpenAI(
        api_key="k", base_url=server.openai_url, max_retries=0, _strict_response_validation=True
    ) as client:
        whole = await client.chat.completions.create(model="gpt-4.1", messages=ASK)
        stream = await client.chat.completions.create(model="gpt-4.1", messages=ASK, stream=True)
        said = "".join([chunk.choices[0].delta.content or "" async for chunk in stream])
        assert said == whole.choices[0].message.content
        async with client.responses.stream(model="gpt-4.1", input="Hi") as events:
            assert (await events.get_final_response()).output_text == "You said: Hi"
