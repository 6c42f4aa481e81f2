"""The loopback provider server through the real Google client, which reads every body by its own types."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from typing import Any

import pytest
from google import genai
from google.genai import errors as sdk_errors
from google.genai import types
from pydantic import BaseModel

from llmotel.testing import ProviderServer, Reply
from llmotel.testing.google_wire import errors, generation, grounding, models, parts
from llmotel.testing.samples import PNG

MODEL = "gemini-2.5-flash"
ASK = "What is the weather in Paris?"
WEATHER = types.Tool(
    function_declarations=[
        types.FunctionDeclaration(
            name="get_weather",
            parameters=types.Schema(
                type=types.Type.OBJECT,
                properties={"city": types.Schema(type=types.Type.STRING)},
            ),
        )
    ]
)


class Capital(BaseModel):
    city: str


def made(running: ProviderServer, **options: Any) -> genai.Client:
    return genai.Client(api_key="k", http_options=types.HttpOptions(base_url=running.url), **options)


@pytest.fixture(scope="module")
def client(running: ProviderServer) -> Iterator[genai.Client]:
    client = made(running)
    yield client
    client._api_client._httpx_client.close()


@pytest.fixture(scope="module")
def vertex(running: ProviderServer) -> Iterator[genai.Client]:
    client = made(running, vertexai=True)
    yield client
    client._api_client._httpx_client.close()


def ask(client: genai.Client, contents: Any = ASK, **config: Any) -> types.GenerateContentResponse:
    return client.models.generate_content(model=MODEL, contents=contents, config=types.GenerateContentConfig(**config))


BODIES = {
    "text": generation.response("Paris is mild today."),
    "thoughts": generation.response([parts.thought("Hm, Paris."), parts.text("Mild.")],
                                    usage=generation.usage(10, 5, thoughts=20)),
    "function calls": generation.response([
        parts.text("Let me look."),
        parts.function_call("get_weather", {"city": "Paris", "days": [1, 2]}, id="c1"),
        parts.function_call("get_time", {}),
    ]),
    "code": generation.response([parts.executable_code("print(1)"), parts.code_execution_result("1"),
                                 parts.text("One.")]),
    "grounding": generation.response("Süß ist Käse. Mild.", grounding=grounding.metadata(
        [grounding.web("https://example.com/a", "A"), grounding.retrieved("gs://b", "B", "Käse."),
         grounding.place("https://maps.example.com/c", "C", "places/c")],
        [grounding.support("Süß ist Käse. Mild.", "Mild.", [0, 2], scores=[0.5, 0.25])], queries=["Käse"],
    )),
    "image": generation.response([parts.inline_data()]),
    "candidates": generation.response(candidates=[generation.candidate("a b"), generation.candidate("c", index=1)]),
    "blocked": generation.blocked(),
    "cut off": generation.response("Paris is", finish_reason="MAX_TOKENS"),
    "modalities": generation.response("Mild.", usage=generation.usage(
        300, 9, cached=100, tool_use=7, prompt_modalities={"TEXT": 20, "AUDIO": 280},
        candidates_modalities={"TEXT": 9}, cache_modalities={"AUDIO": 100}, traffic_type="ON_DEMAND",
    )),
}  # fmt: skip


def said(responses: list[types.GenerateContentResponse]) -> dict[int, list[Any]]:
    """The parts of each candidate, text put together."""
    found: dict[int, list[Any]] = {}
    for response in responses:
        for candidate in response.candidates or ():
            whole = found.setdefault(candidate.index or 0, [])
            for part in (candidate.content.parts if candidate.content else None) or ():
                told = part.model_dump(exclude_none=True)
                if "text" in told and whole and whole[-1].keys() == told.keys():
                    whole[-1]["text"] += told["text"]
                else:
                    whole.append(told)
    return found


@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES)
def test_a_streamed_answer_says_what_the_whole_one_says(
    server: ProviderServer, client: genai.Client, body: dict[str, Any]
) -> None:
    server.script(Reply(body), Reply(body))
    whole = ask(client)
    chunks = list(client.models.generate_content_stream(model=MODEL, contents=ASK))
    assert said(chunks) == said([whole])
    assert chunks[-1].usage_metadata == whole.usage_metadata
    assert chunks[-1].response_id == whole.response_id == body["responseId"]
    for candidate in whole.candidates or ():
        [last] = [
            streamed
            for chunk in chunks
            for streamed in chunk.candidates or ()
            if streamed.finish_reason and streamed.index == candidate.index
        ]
        assert last.finish_reason == candidate.finish_reason
        assert last.grounding_metadata == candidate.grounding_metadata


@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES)
def test_the_client_knows_every_field(server: ProviderServer, client: genai.Client, body: dict[str, Any]) -> None:
    server.script(Reply(body))
    told = ask(client).model_dump(mode="json", by_alias=True, exclude_none=True, exclude={"sdk_http_response"})
    assert _kept(told, body) == body


def _kept(told: Any, body: Any) -> Any:
    """``told`` without the fields that the client adds, which are those that ``body`` lacks."""
    if isinstance(body, dict) and isinstance(told, dict):
        return {name: _kept(told[name], value) for name, value in body.items() if name in told}
    if isinstance(body, list) and isinstance(told, list):
        return [_kept(one, value) for one, value in zip(told, body, strict=True)]
    return told


class TestDefaults:
    def test_the_answer_repeats_the_question(self, server: ProviderServer, client: genai.Client) -> None:
        answer = ask(client)
        assert answer.text == f"You said: {ASK}"
        assert answer.model_version == MODEL
        assert answer.usage_metadata is not None
        assert answer.usage_metadata.total_token_count == (answer.usage_metadata.prompt_token_count or 0) + (
            answer.usage_metadata.candidates_token_count or 0
        )

    def test_a_function_is_called_and_its_result_told(self, server: ProviderServer, client: genai.Client) -> None:
        called = ask(client, tools=[WEATHER])
        assert called.function_calls is not None
        [call] = called.function_calls
        assert (call.name, call.args) == ("get_weather", {"city": "text"})
        assert called.candidates is not None
        turns = [
            types.Content(role="user", parts=[types.Part(text=ASK)]),
            called.candidates[0].content,
            types.Content(
                role="user", parts=[types.Part.from_function_response(name="get_weather", response={"result": "sun"})]
            ),
        ]
        assert ask(client, turns, tools=[WEATHER]).text == "Here is what I found: sun"

    def test_a_function_is_called_where_the_request_says_so(self, server: ProviderServer, client: genai.Client) -> None:
        config = types.FunctionCallingConfig(mode=types.FunctionCallingConfigMode.ANY)
        told = types.ToolConfig(function_calling_config=config)
        assert ask(client, "Hello", tools=[WEATHER], tool_config=told).function_calls
        assert not ask(client, "Hello", tools=[WEATHER]).function_calls

    def test_the_clients_own_loop_runs_a_function(self, server: ProviderServer, client: genai.Client) -> None:
        def get_weather(city: str) -> str:
            """The weather now."""
            return f"sun in {city}"

        assert ask(client, tools=[get_weather]).text == "Here is what I found: sun in text"
        assert len(server.requests) == 2

    def test_a_search_is_answered_with_a_citation(self, server: ProviderServer, client: genai.Client) -> None:
        answer = ask(client, "Do search for cheese", tools=[types.Tool(google_search=types.GoogleSearch())])
        assert answer.candidates is not None
        metadata = answer.candidates[0].grounding_metadata
        assert metadata is not None
        assert metadata.grounding_supports
        assert metadata.web_search_queries == ["Do search for cheese"]

    def test_structured_output_fits_its_schema(self, server: ProviderServer, client: genai.Client) -> None:
        answer = ask(client, response_mime_type="application/json", response_schema=Capital)
        assert answer.parsed == Capital(city="text")

    def test_thoughts_are_told_on_demand(self, server: ProviderServer, client: genai.Client) -> None:
        thinking = types.ThinkingConfig(include_thoughts=True)
        answer = ask(client, thinking_config=thinking)
        assert answer.usage_metadata is not None
        assert answer.usage_metadata.thoughts_token_count
        assert answer.text == f"You said: {ASK}"
        assert ask(client).usage_metadata.thoughts_token_count is None  # type: ignore[union-attr]

    def test_media_are_made(self, server: ProviderServer, client: genai.Client) -> None:
        [image] = ask(client, response_modalities=["IMAGE"]).parts or []
        [sound] = ask(client, response_modalities=["AUDIO"]).parts or []
        assert image.inline_data is not None
        assert sound.inline_data is not None
        assert (image.inline_data.mime_type, bool(image.inline_data.data)) == ("image/png", True)
        assert (sound.inline_data.mime_type or "").startswith("audio/L16")

    def test_a_cached_content_is_read_from_the_cache(self, server: ProviderServer, client: genai.Client) -> None:
        cached = client.caches.create(model=MODEL, config=types.CreateCachedContentConfig(contents="A long text."))
        answer = ask(client, cached_content=cached.name)
        assert answer.usage_metadata is not None
        assert answer.usage_metadata.cached_content_token_count == 2048

    def test_as_many_candidates_come_as_were_asked_for(self, server: ProviderServer, client: genai.Client) -> None:
        assert len(ask(client, candidate_count=2).candidates or ()) == 2

    def test_embeddings_have_the_dimensions_asked_for(
        self, server: ProviderServer, client: genai.Client, vertex: genai.Client
    ) -> None:
        for one, model in ((client, "gemini-embedding-001"), (vertex, "text-embedding-005")):
            answer = one.models.embed_content(
                model=model, contents=["a", "b"], config=types.EmbedContentConfig(output_dimensionality=5)
            )
            assert [len(found.values or ()) for found in answer.embeddings or ()] == [5, 5]
        assert server.last.path.endswith(":predict")

    def test_images_and_videos_are_made(self, server: ProviderServer, vertex: genai.Client) -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Google is about to replace both
            images = vertex.models.generate_images(
                model="imagen-4", prompt="A cat", config=types.GenerateImagesConfig(number_of_images=2)
            )
            video = vertex.models.generate_videos(model="veo-3", prompt="A cat")
        assert len(images.generated_images or ()) == 2
        assert video.name == models.operation("veo-3")["name"]

    def test_tokens_are_counted_and_models_named(self, server: ProviderServer, client: genai.Client) -> None:
        assert (client.models.count_tokens(model=MODEL, contents=ASK).total_tokens or 0) > 0
        assert client.models.get(model=MODEL).name == f"models/{MODEL}"

    def test_vertex_says_how_it_is_billed(
        self, server: ProviderServer, client: genai.Client, vertex: genai.Client
    ) -> None:
        answer = ask(vertex)
        assert answer.usage_metadata is not None
        assert answer.usage_metadata.traffic_type == types.TrafficType.ON_DEMAND
        assert ask(client).usage_metadata.traffic_type is None  # type: ignore[union-attr]

    @pytest.mark.parametrize(("method", "said"), [("generateContent", "contents"), ("predict", "instances")])
    def test_a_request_without_what_it_needs_is_refused(
        self, server: ProviderServer, client: genai.Client, method: str, said: str
    ) -> None:
        with pytest.raises(sdk_errors.ClientError, match=said):
            client._api_client.request("post", f"models/x:{method}", {"instances": [], "contents": []})


@pytest.mark.parametrize(
    ("status", "code", "kind"),
    [
        (400, "INVALID_ARGUMENT", sdk_errors.ClientError),
        (401, "UNAUTHENTICATED", sdk_errors.ClientError),
        (403, "PERMISSION_DENIED", sdk_errors.ClientError),
        (404, "NOT_FOUND", sdk_errors.ClientError),
        (429, "RESOURCE_EXHAUSTED", sdk_errors.ClientError),
        (500, "INTERNAL", sdk_errors.ServerError),
        (503, "UNAVAILABLE", sdk_errors.ServerError),
    ],
)
def test_an_error_is_the_clients_own(
    server: ProviderServer, client: genai.Client, status: int, code: str, kind: type[sdk_errors.APIError]
) -> None:
    server.script(errors.reply(status), Reply(status=status))
    for _ in range(2):
        with pytest.raises(kind) as caught:
            ask(client)
        assert (caught.value.code, caught.value.status) == (status, code)


def test_a_wrong_key_is_a_bad_request(server: ProviderServer, client: genai.Client) -> None:
    server.script(errors.invalid_key())
    with pytest.raises(sdk_errors.ClientError, match="API_KEY_INVALID"):
        ask(client)


def test_an_unknown_path_is_refused_in_googles_words(server: ProviderServer, client: genai.Client) -> None:
    with pytest.raises(sdk_errors.ClientError) as caught:
        client._api_client.request("post", "models/x:unheardOf", {"a": 1})
    assert caught.value.status == "NOT_FOUND"


def test_a_stream_can_end_in_an_error(server: ProviderServer, client: genai.Client) -> None:
    server.script(Reply(generation.response("One two three four"), fault="error_event"))
    stream = client.models.generate_content_stream(model=MODEL, contents=ASK)
    chunks: list[str | None] = []
    with pytest.raises(sdk_errors.ServerError) as caught:
        chunks.extend(chunk.text for chunk in stream)
    assert chunks == ["One", " two"]
    assert (caught.value.code, caught.value.status) == (503, "UNAVAILABLE")


def test_images_are_pictures() -> None:
    assert models.images()["predictions"][0]["bytesBase64Encoded"] == PNG
