"""The endpoints that a loopback server knows, by the end of their path, and how each provider's answers travel."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any
from urllib.parse import unquote

from llmotel.testing.anthropic_wire import defaults as anthropic
from llmotel.testing.anthropic_wire import errors as anthropic_errors
from llmotel.testing.anthropic_wire import message_events
from llmotel.testing.bedrock_wire import agents, converse_events, eventstream, model_events
from llmotel.testing.bedrock_wire import defaults as bedrock
from llmotel.testing.bedrock_wire import errors as bedrock_errors
from llmotel.testing.cohere_wire import chat as cohere_chat
from llmotel.testing.cohere_wire import defaults as cohere
from llmotel.testing.cohere_wire import errors as cohere_errors
from llmotel.testing.cohere_wire import legacy as cohere_legacy
from llmotel.testing.google_wire import defaults as google
from llmotel.testing.google_wire import errors as google_errors
from llmotel.testing.google_wire import generation_events
from llmotel.testing.mistral_wire import chat as mistral_chat
from llmotel.testing.mistral_wire import conversations, documents
from llmotel.testing.mistral_wire import defaults as mistral
from llmotel.testing.mistral_wire import errors as mistral_errors
from llmotel.testing.ollama_wire import chat as ollama_chat
from llmotel.testing.ollama_wire import defaults as ollama
from llmotel.testing.ollama_wire import errors as ollama_errors
from llmotel.testing.ollama_wire import generate as ollama_generate
from llmotel.testing.openai_wire import audio, completions, hosts, images, response_events
from llmotel.testing.openai_wire import defaults as openai
from llmotel.testing.openai_wire import errors as openai_errors
from llmotel.testing.openai_wire.background import Background
from llmotel.testing.openai_wire.defaults import Answer
from llmotel.testing.reply import Body, Event, Reply, Request
from llmotel.testing.samples import CREATED, ident

Events = Callable[[Any, Request], list[Event]]


def sse(event: Event) -> bytes:
    """One server-sent event (https://html.spec.whatwg.org/multipage/server-sent-events.html)."""
    if isinstance(event, str):
        return (f"{event}\n\n" if event.startswith(":") else f"data: {event}\n\n").encode()
    kind = event.get("type")
    name = f"event: {kind}\n" if isinstance(kind, str) else ""
    return f"{name}data: {json.dumps(event, separators=(',', ':'))}\n\n".encode()


def json_line(event: Event) -> bytes:
    """One line of a stream of JSON values (https://github.com/ndjson/ndjson-spec)."""
    return (event if isinstance(event, str) else json.dumps(event, separators=(",", ":"))).encode() + b"\n"


@dataclass(frozen=True, slots=True)
class Dialect:
    """How the answers of one API travel: its headers, its errors, its framing of a stream."""

    headers: Callable[[Request], dict[str, str]]
    refuse: Callable[[int, str | None], Reply]
    error: Event
    unknown: Event
    encode: Callable[[Event], bytes] = sse
    content_type: str = "text/event-stream; charset=utf-8"


@dataclass(frozen=True, slots=True)
class Route:
    """An endpoint: ``answer`` makes up a reply from a request, ``events`` the stream of a body. Where two APIs share a
    path, ``header`` must be in the request, and its ``user-agent`` begin with ``agent``."""

    """An endpoint: ``answer`` makes up a reply from a request, ``events`` the stream of a body, or ``headed`` that of a
    body and its headers. ``header`` must be in the request, where two APIs share a path."""

    method: str
    path: str
    dialect: Dialect
    answer: Callable[[Request], Answer]
    events: Events | None = None
    header: str = ""
    agent: str = ""
    headed: Callable[[Any, Mapping[str, str]], list[Event]] | None = None


def streams(request: Request) -> bool:
    """Whether the request asks for a stream, in any of the ways there are."""
    asked = (request.get("stream"), request.query.get("stream"))
    return True in asked or "true" in asked or request.get("stream_format") == "sse" or "streams" in request.params


class Routes:
    """The endpoints of one server."""

    def __init__(self) -> None:
        self.background = Background()
        self._table = [(re.compile(route.path + "$"), route) for route in _table(self.background)]

    def find(self, method: str, path: str, headers: Mapping[str, str]) -> tuple[Route, dict[str, str]]:
        """The endpoint at ``path`` with what its path says; an unknown one answers 404 in its provider's shape."""
        for pattern, route in self._table:
            if route.method != method or (route.header and route.header not in headers):
                continue
            if not headers.get("user-agent", "").startswith(route.agent):
                continue
            if found := pattern.search(path):
                return route, {key: unquote(value) for key, value in found.groupdict().items() if value}
        dialect = MESSAGES if "anthropic-version" in headers else GOOGLE if "x-goog-api-client" in headers else CHAT
        return Route(method, "", dialect, lambda request: dialect.refuse(404, f"No such endpoint: {request.path}")), {}


def _openai_headers(request: Request) -> dict[str, str]:
    if "deployment" in request.params:
        return {"apim-request-id": ident("", request.number, length=32), "x-ms-region": "East US"}
    return {
        "x-request-id": ident("req_", request.number, length=32),
        "openai-organization": "org-loopback",
        "openai-processing-ms": "412",
        "openai-version": "2020-10-01",
        "x-ratelimit-limit-requests": "10000",
        "x-ratelimit-limit-tokens": "2000000",
        "x-ratelimit-remaining-requests": "9999",
        "x-ratelimit-remaining-tokens": "1999975",
        "x-ratelimit-reset-requests": "6ms",
        "x-ratelimit-reset-tokens": "0s",
    }


def _anthropic_headers(request: Request) -> dict[str, str]:
    limits = {"requests": 4000, "input-tokens": 2_000_000, "output-tokens": 400_000}
    made = {"request-id": ident("req_011", request.number), "anthropic-organization-id": "org-loopback"}
    for name, limit in limits.items():
        made[f"anthropic-ratelimit-{name}-limit"] = str(limit)
        made[f"anthropic-ratelimit-{name}-remaining"] = str(limit - 1)
        made[f"anthropic-ratelimit-{name}-reset"] = "2026-01-01T00:00:01Z"
    return made


def _google_headers(_: Request) -> dict[str, str]:
    return {"x-content-type-options": "nosniff", "server-timing": "gfet4t7; dur=412"}


def _bedrock_headers(request: Request) -> dict[str, str]:
    made = {"x-amzn-requestid": ident("", request.number, length=36)}
    return {**made, "x-amzn-bedrock-content-type": "application/json"} if "invoke" in request.params else made


CHAT = Dialect(
    headers=_openai_headers,
    refuse=openai_errors.reply,
    error=openai_errors.CHAT_EVENT,
    unknown={"id": "", "object": "chat.completion.vendor_event", "created": CREATED, "model": "", "choices": []},
)
RESPONSES = Dialect(
    headers=_openai_headers,
    refuse=openai_errors.reply,
    error=openai_errors.RESPONSES_EVENT,
    unknown={"type": "response.vendor_event", "sequence_number": 0, "detail": "not documented"},
)
MESSAGES = Dialect(
    headers=_anthropic_headers,
    refuse=anthropic_errors.reply,
    error=anthropic_errors.EVENT,
    unknown={"type": "vendor_event", "detail": "not documented"},
)
BEDROCK = Dialect(
    headers=_bedrock_headers,
    refuse=bedrock_errors.reply,
    error=anthropic_errors.EVENT,
    unknown={"type": "vendor_event", "detail": "not documented"},
    encode=eventstream.encode_chunk,
    content_type=eventstream.CONTENT_TYPE,
)
CONVERSE = Dialect(
    headers=_bedrock_headers,
    refuse=bedrock_errors.reply,
    error=bedrock_errors.EVENT,
    unknown={"vendorEvent": {"detail": "not documented"}},
    encode=eventstream.encode,
    content_type=eventstream.CONTENT_TYPE,
)

OLLAMA = Dialect(
    headers=lambda _: {},
    refuse=ollama_errors.reply,
    error=ollama_errors.EVENT,
    unknown={"model": "", "created_at": "", "message": {"role": "assistant"}, "response": "", "done": False},
    encode=json_line,
    content_type="application/x-ndjson",
)

COHERE = Dialect(
    headers=lambda request: {"x-debug-trace-id": ident("", request.number, length=32)},
    refuse=cohere_errors.reply,
    error=cohere_errors.EVENT,
    unknown={"type": "vendor-event", "detail": "not documented"},
)
COHERE_LEGACY = Dialect(
    headers=COHERE.headers,
    refuse=cohere_errors.reply,
    error=cohere_errors.LEGACY_EVENT,
    unknown={"is_finished": False, "event_type": "vendor-event"},
    encode=json_line,
    content_type="application/stream+json",
)

MISTRAL = Dialect(
    headers=lambda request: {"mistral-correlation-id": ident("", request.number, length=32)},
    refuse=mistral_errors.reply,
    error=mistral_errors.EVENT,
    unknown={"type": "vendor.event", "detail": "not documented"},
)

CONVERSATIONS = Dialect(
    headers=MISTRAL.headers,
    refuse=mistral_errors.reply,
    error=mistral_errors.CONVERSATION_EVENT,
    unknown=MISTRAL.unknown,
)


GOOGLE = Dialect(
    headers=_google_headers,
    refuse=google_errors.reply,
    error=google_errors.EVENT,
    unknown={"vendorEvent": {"detail": "not documented"}},
    encode=generation_events.encode,
    content_type="text/event-stream",
)


def _chat_events(body: Body, request: Request) -> list[Event]:
    return hosts.chunks(body, include_usage=_include_usage(request))


def _completion_events(body: Body, request: Request) -> list[Event]:
    return completions.chunks(body, include_usage=_include_usage(request))


def _include_usage(request: Request) -> bool:
    options = request.get("stream_options")
    return isinstance(options, dict) and options.get("include_usage") is True


def _response_events(body: Body, _: Request) -> list[Event]:
    return response_events.events(body)


def _image_events(kind: str, body: Body, request: Request) -> list[Event]:
    return images.events(body, partial_images=int(request.get("partial_images") or 0), kind=kind)


def _transcription_events(body: Body, _: Request) -> list[Event]:
    return audio.transcription_events(body)


def _mistral_transcription(body: Body, _: Request) -> list[Event]:
    return documents.transcription_events(body)


def _conversation_events(body: Body, _: Request) -> list[Event]:
    return conversations.events(body)


def _speech_events(body: bytes, _: Request) -> list[Event]:
    return audio.speech_events(body)


def _message_events(body: Body, _: Request) -> list[Event]:
    return message_events.events(body)


def _generation_events(body: Body, _: Request) -> list[Event]:
    return generation_events.events(body)


def _table(background: Background) -> tuple[Route, ...]:
    post, get = partial(Route, "POST"), partial(Route, "GET")
    asked = partial(post, agent="mistral-client-python/")
    named = r"/(?P<id>[^/]+)"
    model = r"/(?P<model>[^/]+)"
    azure = r"(?:/deployments/(?P<deployment>[^/]+))?"
    vertex = "/publishers/anthropic/models"
    gemini = r"/(?:models|tunedModels|endpoints)/(?P<model>[^/:]+)"
    return (
        *_bedrock(model),
        asked("/(?:chat|agents)/completions", MISTRAL, mistral.chat, lambda body, _: mistral_chat.chunks(body)),
        asked("/fim/completions", MISTRAL, mistral.fim, lambda body, _: mistral_chat.chunks(body)),
        asked("/embeddings", MISTRAL, mistral.embedding),
        get("/models", MISTRAL, mistral.models, agent="mistral-client-python/"),
        asked("/ocr", MISTRAL, mistral.ocr),
        asked("/audio/transcriptions(?:#stream)?", MISTRAL, mistral.transcription, _mistral_transcription),
        asked("/(?:chat/)?(?:moderations|classifications)", MISTRAL, mistral.moderation),
        asked(
            "/conversations(?:/(?P<id>[^/]+))?(?:/restart)?", CONVERSATIONS, mistral.conversation, _conversation_events
        ),
        post("/v2/chat", COHERE, cohere.chat, lambda body, _: cohere_chat.events(body)),
        post("/v2/embed", COHERE, cohere.embed),
        post("/v2/rerank", COHERE, cohere.rerank),
        post("/v1/chat", COHERE_LEGACY, cohere.legacy_chat, lambda body, _: cohere_legacy.chat_events(body)),
        post("/v1/generate", COHERE_LEGACY, cohere.generation, lambda body, _: cohere_legacy.generation_events(body)),
        post("/v1/embed", COHERE, cohere.embed),
        post("/v1/rerank", COHERE, cohere.rerank, header="x-fern-language"),
        post("/api/chat", OLLAMA, ollama.chat, lambda body, _: ollama_chat.lines(body)),
        post("/api/generate", OLLAMA, ollama.completion, lambda body, _: ollama_generate.lines(body)),
        post("/api/embed", OLLAMA, ollama.embed),
        post("/api/embeddings", OLLAMA, ollama.embedding),
        get("/api/tags", OLLAMA, ollama.tags),
        post(azure + "/chat/completions", CHAT, openai.chat_completion, _chat_events),
        post(azure + "/completions", CHAT, openai.completion, _completion_events),
        post(azure + "/embeddings", CHAT, openai.embedding),
        post("/rerank", CHAT, openai.reranking),
        post(azure + "/images/generations", CHAT, openai.image, partial(_image_events, "image_generation")),
        post(azure + "/images/edits", CHAT, openai.image, partial(_image_events, "image_edit")),
        post(azure + "/images/variations", CHAT, openai.image),
        post(azure + "/audio/speech", CHAT, openai.speech, _speech_events),
        post(azure + "/audio/transcriptions", CHAT, openai.transcription, _transcription_events),
        post(azure + "/audio/translations", CHAT, openai.translation),
        post("/responses", RESPONSES, openai.response, _response_events),
        get("/responses" + named, RESPONSES, background.retrieve, _response_events),
        post("/responses" + named + "/cancel", RESPONSES, background.cancel),
        post("/moderations", CHAT, openai.moderation),
        post("/files", CHAT, openai.file),
        post("/messages/batches", MESSAGES, anthropic.batch),
        get("/messages/batches" + named, MESSAGES, anthropic.batch_done),
        post("/batches", CHAT, openai.batch),
        get("/batches" + named, CHAT, openai.batch_done),
        get("/models", MESSAGES, anthropic.models, header="anthropic-version"),
        get("/models" + named, MESSAGES, anthropic.model, header="anthropic-version"),
        get("/models", GOOGLE, google.models_page, header="x-goog-api-client"),
        get("/models" + named, GOOGLE, google.model, header="x-goog-api-client"),
        get("/models", CHAT, openai.models),
        get("/models" + named, CHAT, openai.model),
        post("/messages", MESSAGES, anthropic.message, _message_events),
        post("/messages/count_tokens", MESSAGES, anthropic.count_tokens),
        post(vertex + "/count-tokens:rawPredict", MESSAGES, anthropic.count_tokens),
        post(
            vertex + model + ":(?:rawPredict|(?P<streams>streamRawPredict))",
            MESSAGES,
            anthropic.message,
            _message_events,
        ),
        post(
            gemini + ":(?:generateContent|(?P<streams>streamGenerateContent))",
            GOOGLE,
            google.generate,
            _generation_events,
        ),
        post(gemini + ":embedContent", GOOGLE, google.embed),
        post(gemini + ":batchEmbedContents", GOOGLE, google.batch_embed),
        post(gemini + ":predict", GOOGLE, google.predict),
        post(gemini + ":predictLongRunning", GOOGLE, google.predict_long_running),
        post(gemini + ":countTokens", GOOGLE, google.count_tokens),
        post("/cachedContents", GOOGLE, google.cached_content),
    )


def _bedrock(model: str) -> tuple[Route, ...]:
    post = partial(Route, "POST")
    streams = "(?P<streams>stream)"
    invoke = "/(?P<bedrock>(?P<invoke>invoke))"
    return (
        post("/model" + model + invoke, BEDROCK, bedrock.invoke),
        post(
            f"/model{model}{invoke}-with-(?P<streams>response-stream)",
            BEDROCK,
            bedrock.invoke,
            headed=model_events.events,
        ),
        post("/model" + model + "/converse", CONVERSE, bedrock.message),
        post(f"/model{model}/converse-{streams}", CONVERSE, bedrock.message, _converse_events),
        post("/guardrail/(?P<id>[^/]+)/version/(?P<version>[^/]+)/apply", CONVERSE, bedrock.guardrail),
        post("/knowledgebases/(?P<id>[^/]+)/retrieve", CONVERSE, bedrock.retrieve),
        post("/retrieveAndGenerate", CONVERSE, bedrock.generate),
        post("/retrieveAndGenerate(?P<streams>Stream)", CONVERSE, bedrock.generate, _generated_events),
        post("/rerank", CONVERSE, bedrock.rerank, header="amz-sdk-invocation-id"),
        post("/agents/[^/]+/agentAliases/[^/]+/sessions/[^/]+/text", CONVERSE, bedrock.agent),
        post("/agents/[^/]+", CONVERSE, bedrock.agent),
        post("/flows/[^/]+/aliases/[^/]+", CONVERSE, bedrock.flow),
    )


def _converse_events(body: Body, _: Request) -> list[Event]:
    return converse_events.events(body)


def _generated_events(body: Body, _: Request) -> list[Event]:
    return agents.generated_events(body)
