"""What Google's client library is made to tell: the Gemini API and Vertex AI, whatever way it is called."""

from __future__ import annotations

import asyncio
import inspect
import json
import warnings
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import google.auth.credentials
import pytest
from google.genai import errors as sdk_errors
from google.genai import types
from opentelemetry import trace
from pydantic import BaseModel

from contract.providers import GOOGLE, VERTEX, make_client
from llmotel.instrumentation import registry
from llmotel.testing import ProviderServer, Reply, Request
from llmotel.testing.google_wire import errors, generation, grounding, models, parts
from telemetry import Telemetry

MODEL = "gemini-2.5-flash"
ASK = "What is the weather in Paris?"
INPUT, OUTPUT = "gen_ai.usage.input_tokens", "gen_ai.usage.output_tokens"


class Capital(BaseModel):
    city: str


class Credentials(google.auth.credentials.Credentials):
    """Those of somebody who has signed in."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.token = "a-token"

    def refresh(self, request: Any) -> None:
        """Are good for ever."""


def get_weather(city: str) -> str:
    """The weather now."""
    return f"sun in {city}"


get_weather.__annotations__ = {"city": str, "return": str}  # older versions do not take them as text


@pytest.fixture
def client(server: ProviderServer) -> Iterator[Any]:
    with make_client(GOOGLE, server, is_async=False) as client:
        yield client


@pytest.fixture
def vertex(server: ProviderServer) -> Iterator[Any]:
    with make_client(VERTEX, server, is_async=False) as client:
        yield client


def ask(client: Any, contents: Any = ASK, **config: Any) -> Any:
    return client.models.generate_content(model=MODEL, contents=contents, config=config or None)


def stream(client: Any, contents: Any = ASK, **config: Any) -> Any:
    return client.models.generate_content_stream(model=MODEL, contents=contents, config=config or None)


def told(telemetry: Telemetry, *names: str) -> list[Any]:
    """The values of ``names`` on the only span."""
    return [telemetry.span.attributes.get(name) for name in names]


class TestACall:
    def test_says_what_was_asked_and_answered(self, client: Any, server: ProviderServer, telemetry: Telemetry) -> None:
        telemetry(capture_content=True)
        usage = generation.usage(1200, 55, cached=1024, thoughts=32)
        server.script(Reply(generation.response([parts.thought("Easy."), parts.text("Sun.")], usage=usage, id="r-1")))
        ask(client, system_instruction="Be brief.", temperature=0.5, top_k=40, max_output_tokens=300, seed=7)
        span = telemetry.span
        assert (span.name, span.kind.name) == ("generate_content gemini-2.5-flash", "CLIENT")
        expected = {
            "gen_ai.operation.name": "generate_content",
            "gen_ai.provider.name": "gcp.gemini",
            "gen_ai.request.model": MODEL,
            "gen_ai.request.temperature": 0.5,
            "gen_ai.request.top_k": 40,
            "gen_ai.request.max_tokens": 300,
            "gen_ai.request.seed": 7,
            "gen_ai.response.model": MODEL,
            "gen_ai.response.id": "r-1",
            "gen_ai.response.finish_reasons": ("stop",),
            INPUT: 1200,
            OUTPUT: 87,
            "gen_ai.usage.cache_read.input_tokens": 1024,
            "gen_ai.usage.reasoning.output_tokens": 32,
            "server.address": "127.0.0.1",
            "server.port": int(server.url.rpartition(":")[2]),
        }
        assert {name: span.attributes.get(name) for name in expected} == expected
        assert json.loads(span.attributes["gen_ai.system_instructions"]) == [{"type": "text", "content": "Be brief."}]
        assert json.loads(span.attributes["gen_ai.input.messages"]) == [
            {"role": "user", "parts": [{"type": "text", "content": ASK}]}
        ]
        assert json.loads(span.attributes["gen_ai.output.messages"]) == [
            {"role": "assistant", "parts": [
                {"type": "reasoning", "content": "Easy."}, {"type": "text", "content": "Sun."}
            ], "finish_reason": "stop"}
        ]  # fmt: skip

    def test_is_told_by_the_models_name_however_it_is_written(self, client: Any, telemetry: Telemetry) -> None:
        client.models.generate_content(model=f"models/{MODEL}", contents=ASK)
        assert telemetry.span.name == f"generate_content {MODEL}"

    def test_is_a_span_of_the_conversation_that_a_chat_makes(self, client: Any, telemetry: Telemetry) -> None:
        chat = client.chats.create(model=MODEL)
        chat.send_message("Hello")
        list(chat.send_message_stream("And again"))
        asked, streamed = telemetry.spans
        assert asked.name == streamed.name == f"generate_content {MODEL}"
        assert streamed.attributes["gen_ai.request.stream"] is True
        assert streamed.attributes[INPUT] > asked.attributes[INPUT]

    def test_with_structured_output_says_so(self, client: Any, telemetry: Telemetry) -> None:
        answer = ask(client, response_mime_type="application/json", response_schema=Capital)
        assert answer.parsed == Capital(city="text")
        assert told(telemetry, "gen_ai.output.type") == ["json"]

    def test_with_several_candidates_has_the_end_of_each(
        self, client: Any, server: ProviderServer, telemetry: Telemetry
    ) -> None:
        cut = generation.candidate("b", index=1, finish_reason="MAX_TOKENS")
        server.script(Reply(generation.response(candidates=[generation.candidate("a"), cut])))
        ask(client, candidate_count=2)
        assert told(telemetry, "gen_ai.request.choice.count", "gen_ai.response.finish_reasons") == [
            2, ("stop", "length"),
        ]  # fmt: skip

    def test_whose_prompt_was_blocked_is_no_error_but_filtered(
        self, client: Any, server: ProviderServer, telemetry: Telemetry
    ) -> None:
        server.script(Reply(generation.blocked()))
        assert ask(client).prompt_feedback.block_reason is not None
        assert told(telemetry, "gen_ai.response.finish_reasons", "error.type", INPUT) == [
            ("content_filter",), None, 12,
        ]  # fmt: skip

    def test_goes_to_the_host_that_its_own_options_name(
        self, client: Any, server: ProviderServer, telemetry: Telemetry
    ) -> None:
        with ProviderServer() as other:
            ask(client, http_options={"base_url": other.url})
            assert len(other.requests) == 1
            assert server.requests == []
            assert told(telemetry, "server.port") == [int(other.url.rpartition(":")[2])]


class TestFunctions:
    """The client runs functions by itself and asks again: each round is a call of its own, with its own tokens."""

    ENDS = (("tool_call",), ("stop",))

    def judge(self, telemetry: Telemetry) -> None:
        spans = telemetry.spans
        assert [span.name for span in spans] == [f"generate_content {MODEL}"] * 2
        assert tuple(span.attributes["gen_ai.response.finish_reasons"] for span in spans) == self.ENDS
        assert spans[0].attributes[INPUT] < spans[1].attributes[INPUT]

    def test_a_call(self, client: Any, telemetry: Telemetry) -> None:
        assert ask(client, tools=[get_weather]).text == "Here is what I found: sun in text"
        self.judge(telemetry)

    def test_a_stream(self, client: Any, telemetry: Telemetry) -> None:
        text = "".join(chunk.text or "" for chunk in stream(client, tools=[get_weather]))
        assert text == "Here is what I found: sun in text"
        self.judge(telemetry)

    def test_a_chat(self, client: Any, telemetry: Telemetry) -> None:
        client.chats.create(model=MODEL, config={"tools": [get_weather]}).send_message(ASK)
        self.judge(telemetry)

    async def test_an_asynchronous_call(self, server: ProviderServer, telemetry: Telemetry) -> None:
        async with make_client(GOOGLE, server, is_async=True) as client:
            answer = await client.models.generate_content(model=MODEL, contents=ASK, config={"tools": [get_weather]})
        assert answer.text == "Here is what I found: sun in text"
        self.judge(telemetry)

    def test_a_function_runs_under_the_span_around_it_all(self, client: Any, telemetry: Telemetry) -> None:
        during: list[Any] = []

        def get_weather(city: str) -> str:
            """The weather now."""
            during.append(trace.get_current_span())
            return f"sun in {city}"

        get_weather.__annotations__ = {"city": str, "return": str}
        tracer = telemetry.recording.tracer_provider.get_tracer("application")
        with tracer.start_as_current_span("request") as request:
            ask(client, tools=[get_weather])
        assert during == [request]
        assert [span.parent.span_id for span in telemetry.spans[:2]] == [request.get_span_context().span_id] * 2

    def test_calls_and_results_are_content(self, client: Any, telemetry: Telemetry) -> None:
        telemetry(capture_content=True)
        ask(client, tools=[get_weather])
        second = telemetry.spans[1].attributes
        _, called, answered = json.loads(second["gen_ai.input.messages"])
        [call], [response] = called["parts"], answered["parts"]
        assert (called["role"], call["type"], call["name"], call["arguments"]) == (
            "assistant", "tool_call", "get_weather", {"city": "text"},
        )  # fmt: skip
        assert (response["type"], response["response"]) == ("tool_call_response", {"result": "sun in text"})
        [tool] = json.loads(second["gen_ai.tool.definitions"])
        assert (tool["type"], tool["name"]) == ("function", "get_weather")


class TestAStream:
    def test_has_the_tokens_of_its_last_chunk(self, client: Any, server: ProviderServer, telemetry: Telemetry) -> None:
        usage = generation.usage(1200, 55, cached=1024, thoughts=32)
        server.script(Reply(generation.response("Sun and no rain.", usage=usage)))
        chunks = list(stream(client))
        assert told(telemetry, INPUT, OUTPUT, "llmotel.stream.outcome", "llmotel.stream.chunks") == [
            1200, 87, "completed", len(chunks),
        ]  # fmt: skip
        assert telemetry.span.attributes["gen_ai.response.time_to_first_chunk"] > 0

    def test_that_is_never_read_asks_nothing(self, client: Any, server: ProviderServer, telemetry: Telemetry) -> None:
        stream(client)
        assert server.requests == []
        assert telemetry.spans == []

    def test_begins_with_its_first_chunk(self, client: Any, telemetry: Telemetry) -> None:
        tracer = telemetry.recording.tracer_provider.get_tracer("application")
        pending = stream(client)
        with tracer.start_as_current_span("later") as later:
            begun = later.get_span_context()
            next(pending)
            assert trace.get_current_span() is later
        list(pending)
        span, call = sorted(telemetry.spans, key=lambda span: span.name == f"generate_content {MODEL}")
        assert span.name == "later"
        assert call.start_time >= span.start_time
        assert call.parent is None or call.parent.span_id == begun.span_id

    @pytest.mark.parametrize("content", [False, True], ids=["without content", "with content"])
    def test_that_is_left_early_has_what_it_had_said_by_then(
        self, content: bool, client: Any, server: ProviderServer, telemetry: Telemetry
    ) -> None:
        telemetry(capture_content=content)
        server.script(Reply(generation.response("One two three four.", usage=generation.usage(120, 9))))
        chunks = stream(client)
        next(chunks)
        chunks.close()
        assert told(telemetry, INPUT, OUTPUT, "llmotel.usage.partial") == [120, None, True]
        assert told(telemetry, "llmotel.stream.outcome", "gen_ai.response.finish_reasons") == ["closed", None]

    @pytest.mark.parametrize("chat", [False, True], ids=["models", "chats"])
    def test_ends_as_soon_as_it_is_closed(self, chat: bool, client: Any, telemetry: Telemetry) -> None:
        chunks = client.chats.create(model=MODEL).send_message_stream(ASK) if chat else stream(client)
        next(chunks)
        assert telemetry.recording.spans() == []
        chunks.close()
        [span] = telemetry.recording.spans()
        assert span.attributes["llmotel.stream.outcome"] == "closed"

    @pytest.mark.parametrize("chat", [False, True], ids=["models", "chats"])
    async def test_ends_as_soon_as_it_is_closed_asynchronously(
        self, chat: bool, server: ProviderServer, telemetry: Telemetry
    ) -> None:
        async with make_client(GOOGLE, server, is_async=True) as client:
            chunks = await (client.chats.create(model=MODEL).send_message_stream(ASK) if chat else stream(client))
            await anext(chunks)
            await chunks.aclose()
            [span] = telemetry.recording.spans()
        assert span.attributes["llmotel.stream.outcome"] == "closed"

    def test_that_is_closed_takes_no_other_with_it(self, client: Any, telemetry: Telemetry) -> None:
        first, second = stream(client), stream(client)
        next(first)
        next(second)
        first.close()
        assert len(telemetry.recording.spans()) == 1
        list(second)
        assert [span.attributes["llmotel.stream.outcome"] for span in telemetry.spans] == ["closed", "completed"]

    def test_is_what_the_library_made(self, client: Any, telemetry: Telemetry) -> None:
        chunks = stream(client)
        assert inspect.isgenerator(chunks)
        assert iter(chunks) is chunks
        list(chunks)

    async def test_can_be_read_asynchronously(self, server: ProviderServer, telemetry: Telemetry) -> None:
        server.script(Reply(generation.response("Sun and no rain.", usage=generation.usage(120, 9))))
        async with make_client(GOOGLE, server, is_async=True) as client:
            chunks = [chunk.text async for chunk in await stream(client)]
        assert "".join(chunks) == "Sun and no rain."
        assert told(telemetry, INPUT, OUTPUT, "llmotel.stream.outcome") == [120, 9, "completed"]

    def test_whose_error_comes_on_the_way_has_its_code(
        self, client: Any, server: ProviderServer, telemetry: Telemetry
    ) -> None:
        server.script(Reply(generation.response("One two three four."), fault="error_event"))
        with suppress(sdk_errors.APIError):  # older versions hand it over like any other chunk
            list(stream(client))
        assert told(telemetry, "error.type", "llmotel.outcome", "gen_ai.response.finish_reasons") == [
            "UNAVAILABLE", "server", ("error",),
        ]  # fmt: skip


class TestMedia:
    IMAGE = types.Part.from_bytes(data=b"\x89PNG", mime_type="image/png")

    def test_an_image_goes_in(self, client: Any, telemetry: Telemetry) -> None:
        telemetry(capture_content=True)
        ask(client, ["What is this?", self.IMAGE, types.Part.from_uri(file_uri="gs://b/a.wav", mime_type="audio/wav")])
        [message] = json.loads(telemetry.span.attributes["gen_ai.input.messages"])
        assert message["parts"] == [
            {"type": "text", "content": "What is this?"},
            {"type": "blob", "modality": "image", "mime_type": "image/png", "size": 4},
            {"type": "uri", "modality": "audio", "uri": "gs://b/a.wav", "mime_type": "audio/wav"},
        ]

    def test_an_image_comes_out_and_costs_what_images_cost(self, client: Any, telemetry: Telemetry) -> None:
        telemetry(capture_content=True)
        client.models.generate_content(
            model="gemini-2.5-flash-image", contents="A cat", config={"response_modalities": ["IMAGE"]}
        )
        assert told(telemetry, "gen_ai.output.type", "gen_ai.usage.image.output_tokens") == ["image", 1290]
        [message] = json.loads(telemetry.span.attributes["gen_ai.output.messages"])
        assert (message["parts"][0]["type"], message["parts"][0]["modality"]) == ("blob", "image")
        assert telemetry.span.attributes["llmotel.cost.output"] == pytest.approx(1290 * 30 / 1e6)

    def test_imagen_and_veo_are_calls(self, vertex: Any, telemetry: Telemetry) -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Google is about to replace both
            vertex.models.generate_images(model="imagen-4", prompt="A cat", config={"number_of_images": 2})
            begun = vertex.models.generate_videos(model="veo-3", prompt="A cat")
        image, video = telemetry.spans
        assert (image.name, video.name) == ("generate_content imagen-4", "generate_content veo-3")
        assert image.attributes["gen_ai.output.type"] == "image"
        assert image.attributes["gen_ai.request.choice.count"] == 2
        assert video.attributes["gen_ai.output.type"] == "video"
        assert video.attributes["gen_ai.response.id"] == begun.name


class TestGrounding:
    TEXT = "Süßer Käse ist beliebt. Er kommt aus 日本."
    BODY = generation.response(
        TEXT,
        grounding=grounding.metadata(
            [grounding.web("https://example.com/a", "a.com"), grounding.web("https://example.com/b", "b.com")],
            [grounding.support(TEXT, "Er kommt aus 日本.", [0, 1])],
            queries=["Käse"],
        ),
    )
    SEARCH = ({"google_search": {}},)

    @pytest.mark.parametrize("streamed", [False, True], ids=["whole", "streamed"])
    def test_an_answer_is_judged_by_what_google_found(
        self, streamed: bool, client: Any, server: ProviderServer, telemetry: Telemetry
    ) -> None:
        server.script(Reply(self.BODY))
        for _ in (stream if streamed else lambda *_, **config: [ask(client, **config)])(client, tools=self.SEARCH):
            pass
        score, citations, sources = told(
            telemetry, "llmotel.grounding.score", "llmotel.grounding.citation_count", "llmotel.grounding.source_count"
        )
        assert (citations, sources) == (2, 2)
        assert 0 < score < 1
        assert "example.com" not in telemetry.span.to_json()

    def test_with_content_each_citation_has_the_text_that_it_supports(
        self, client: Any, server: ProviderServer, telemetry: Telemetry
    ) -> None:
        telemetry(capture_content=True)
        server.script(Reply(self.BODY))
        ask(client, tools=self.SEARCH)
        citations = json.loads(telemetry.span.attributes["llmotel.grounding.citations"])
        assert [(one["text"], one["uri"]) for one in citations] == [
            ("Er kommt aus 日本.", "https://example.com/a"),
            ("Er kommt aus 日本.", "https://example.com/b"),
        ]


class TestErrors:
    @pytest.mark.parametrize(
        ("reply", "code", "outcome", "status"),
        [
            (errors.reply(400), "INVALID_ARGUMENT", "validation", 400),
            (errors.invalid_key(), "API_KEY_INVALID", "authentication", 400),
            (errors.reply(403), "PERMISSION_DENIED", "authentication", 403),
            (errors.reply(404), "NOT_FOUND", "validation", 404),
            (errors.reply(429), "RESOURCE_EXHAUSTED", "rate_limit", 429),
            (errors.reply(500), "INTERNAL", "server", 500),
            (errors.reply(503), "UNAVAILABLE", "server", 503),
            (errors.reply(504), "DEADLINE_EXCEEDED", "timeout", 504),
            (errors.reply(499, code="CANCELLED"), "CANCELLED", "cancelled", 499),
        ],
    )
    def test_the_code_is_googles(
        self, reply: Reply, code: str, outcome: str, status: int, client: Any, server: ProviderServer,
        telemetry: Telemetry,
    ) -> None:  # fmt: skip
        server.script(reply)
        with pytest.raises(sdk_errors.APIError):
            ask(client)
        assert told(telemetry, "error.type", "llmotel.outcome", "http.response.status_code") == [code, outcome, status]
        assert telemetry.span.status.description == f"{'Client' if status < 500 else 'Server'}Error: {status} {code}"

    def test_a_page_of_a_proxy_is_an_error_of_its_status(
        self, client: Any, server: ProviderServer, telemetry: Telemetry
    ) -> None:
        server.script(Reply("Bad gateway, says the proxy.", status=502))
        with pytest.raises(sdk_errors.APIError):
            ask(client)
        assert told(telemetry, "llmotel.outcome", "http.response.status_code") == ["server", 502]
        assert "proxy" not in telemetry.span.to_json()

    @pytest.mark.parametrize("fault", ["malformed", *(() if GOOGLE.takes_nothing else ("empty",))])
    def test_an_answer_that_is_none_is_the_providers_failure(
        self, fault: Any, client: Any, server: ProviderServer, telemetry: Telemetry
    ) -> None:
        server.script(Reply(fault=fault))
        if fault == "malformed":
            with pytest.raises(json.JSONDecodeError):  # after the call, where the library makes sense of the answer
                ask(client)
        else:
            assert ask(client).candidates is None
        assert told(telemetry, "llmotel.outcome") == ["server"]


@pytest.mark.newest(reason="google-genai retries since 1.21")
class TestRetries:
    def judge(self, telemetry: Telemetry, times: int | None) -> None:
        assert told(telemetry, "llmotel.retries") == [times]
        assert [point.value for point in telemetry.metrics().get("llmotel.client.retries", [])] == (
            [] if times is None else [times]
        )

    def test_of_the_client_are_counted(self, server: ProviderServer, telemetry: Telemetry) -> None:
        server.script(errors.reply(503), errors.reply(429))
        with make_client(GOOGLE, server, is_async=False, max_retries=2) as client:
            ask(client)
        self.judge(telemetry, 2)

    def test_of_one_call_are_counted(self, client: Any, server: ProviderServer, telemetry: Telemetry) -> None:
        server.script(errors.reply(503))
        options = types.HttpRetryOptions(attempts=2, initial_delay=0.001, jitter=0.0)
        ask(client, http_options=types.HttpOptions(retry_options=options))
        self.judge(telemetry, 1)

    def test_of_a_stream_are_counted(self, server: ProviderServer, telemetry: Telemetry) -> None:
        server.script(errors.reply(503))
        with make_client(GOOGLE, server, is_async=False, max_retries=2) as client:
            list(stream(client))
        self.judge(telemetry, 1)

    async def test_of_an_asynchronous_stream_are_counted(self, server: ProviderServer, telemetry: Telemetry) -> None:
        server.script(errors.reply(503))
        async with make_client(GOOGLE, server, is_async=True, max_retries=2) as client:
            async for _ in await stream(client):
                pass
        self.judge(telemetry, 1)

    def test_none_is_none(self, client: Any, telemetry: Telemetry) -> None:
        ask(client)
        self.judge(telemetry, None)

    async def test_each_of_many_calls_at_once_has_its_own(self, server: ProviderServer, telemetry: Telemetry) -> None:
        refusals = {f"model-{number}": number % 3 for number in range(20)}
        left = dict(refusals)

        def answer(request: Request) -> Reply:
            model = request.params["model"]
            left[model] -= 1
            return errors.reply(503) if left[model] >= 0 else Reply()

        server.script(*[answer] * 100)
        async with make_client(GOOGLE, server, is_async=True, max_retries=2) as client:
            await asyncio.gather(*(client.models.generate_content(model=model, contents=ASK) for model in refusals))
        assert {
            span.attributes["gen_ai.request.model"]: span.attributes.get("llmotel.retries", 0)
            for span in telemetry.spans
        } == refusals


class TestVertex:
    def test_is_told_from_the_gemini_api(self, vertex: Any, telemetry: Telemetry) -> None:
        ask(vertex)
        assert told(telemetry, "gen_ai.provider.name", "gen_ai.request.model", "llmotel.response.service_tier") == [
            "gcp.vertex_ai", MODEL, "standard",
        ]  # fmt: skip

    def test_with_a_project_has_the_same_model(self, server: ProviderServer, telemetry: Telemetry) -> None:
        place: Any = {"project": "a-project", "location": "us-central1", "credentials": Credentials(), "api_key": None}
        with make_client(VERTEX, server, is_async=False, **place) as client:
            ask(client)
        assert server.last.path.endswith(
            f"/projects/a-project/locations/us-central1/publishers/google/models/{MODEL}:generateContent"
        )
        assert telemetry.span.name == f"generate_content {MODEL}"
        assert told(telemetry, "gen_ai.usage.cost.currency") == ["USD"]

    def test_has_the_whole_name_of_a_model_of_ones_own(self, vertex: Any, telemetry: Telemetry) -> None:
        name = "projects/p/locations/l/endpoints/123"
        vertex.models.generate_content(model=name, contents=ASK)
        assert telemetry.span.name == f"generate_content {name}"

    def test_has_the_tokens_of_embeddings(self, vertex: Any, server: ProviderServer, telemetry: Telemetry) -> None:
        server.script(Reply(models.predicted_embeddings([[0.5] * 8] * 2, tokens=[3, 4])))
        vertex.models.embed_content(model="text-embedding-005", contents=["a", "b"])
        assert telemetry.span.name == "embeddings text-embedding-005"
        assert told(telemetry, INPUT, "gen_ai.embeddings.dimension.count") == [7, 8]


class TestEmbeddings:
    def test_are_calls(self, client: Any, telemetry: Telemetry) -> None:
        client.models.embed_content(model="gemini-embedding-001", contents=["a", "b"])
        assert telemetry.span.name == "embeddings gemini-embedding-001"
        assert told(telemetry, INPUT, "gen_ai.embeddings.dimension.count") == [None, 8]
        assert telemetry.metrics()["gen_ai.client.embeddings.duration"][0].count == 1


def test_the_library_is_known_to_be_instrumented(telemetry: Telemetry) -> None:
    [row] = [row for row in registry.report() if row.library == "google-genai"]
    assert row.state == "instrumented"
    assert "missing" not in row.detail
