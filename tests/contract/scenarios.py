"""Calls that show what llmotel tells of them: each with the answer of its provider, run against the real host names.

The snapshot tests hold what is observed of every scenario. ``docs/telemetry`` has calls of its own, for readers.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial, reduce
from typing import Any

import anthropic
import openai
import pytest

from contract.anyhost import AnyHost
from contract.providers import OPENAI, PNG, PROVIDERS, WAV, Capital
from contract.situations import Script
from llmotel.testing import ProviderServer, Reply
from llmotel.testing.anthropic_wire import blocks, messages
from llmotel.testing.anthropic_wire import errors as anthropic_errors
from llmotel.testing.openai_wire import audio, chat, completions, embeddings, hosts, images, platform, responses
from llmotel.testing.openai_wire import errors as openai_errors
from llmotel.testing.samples import MP3
from telemetry import Telemetry
from transport import httpx

Client = Any


@dataclass(frozen=True, slots=True)
class Scenario:
    """One or several calls. ``title`` is a heading; ``settings`` are arguments of ``llmotel.init()``.

    ``shape`` is the row of the provider's table that it needs, where not every version has it.
    """

    provider: str
    title: str
    call: Callable[[Client], Any]
    replies: tuple[Script, ...]
    client: Callable[..., Client] = field(default=openai.OpenAI)
    settings: Mapping[str, Any] = field(default_factory=dict)
    shape: str | None = None

    @property
    def runs(self) -> bool:
        """Whether the installed version of the library can make the call."""
        [provider] = [provider for provider in PROVIDERS if provider.name == self.provider]
        return self.shape is None or provider.has(self.shape)

    @property
    def name(self) -> str:
        """``openai: a stream``."""
        return f"{self.provider}: {self.title}"


@dataclass(slots=True)
class Observed:
    """What is exported of a scenario, without what differs from run to run."""

    spans: list[dict[str, Any]]
    events: list[dict[str, Any]]
    metrics: dict[str, Any]


_SECONDS = "<seconds>"
_TIMES = ("gen_ai.response.time_to_first_chunk",)


def named(provider: str) -> list[Any]:
    """The scenarios of ``provider`` that its installed version can run, as parameters of a test."""
    return [
        pytest.param(scenario, id=scenario.title)
        for scenario in SCENARIOS
        if scenario.provider == provider and scenario.runs
    ]


def observe(scenario: Scenario, server: ProviderServer) -> Observed:
    """Runs ``scenario`` and tells what llmotel exported of it."""
    server.clear()
    server.script(*scenario.replies)
    telemetry = Telemetry(**scenario.settings)
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", "deprecated", DeprecationWarning)
            _run(scenario, server)
        return Observed(
            [_span(span) for span in telemetry.spans],
            [_event(event) for event in telemetry.events],
            {name: _points(points) for name, points in sorted(telemetry.metrics().items()) if _told(name, points)},
        )
    finally:
        telemetry.end()


def _run(scenario: Scenario, server: ProviderServer) -> None:
    try:
        with scenario.client(max_retries=0, http_client=httpx.Client(transport=AnyHost(server))) as client:
            scenario.call(client)
    except (openai.OpenAIError, anthropic.AnthropicError, httpx.HTTPError):
        pass  # what some scenarios are about


def _span(span: Any) -> dict[str, Any]:
    return {
        "name": span.name,
        "kind": span.kind.name,
        "status": _status(span.status),
        "attributes": _plain(span.attributes),
    }


def _status(status: Any) -> str:
    return status.status_code.name if status.description is None else f"{status.status_code.name}: {status.description}"


def _event(event: Any) -> dict[str, Any]:
    return {"name": event.event_name, "severity": event.severity_number.name, "attributes": _plain(event.attributes)}


def _plain(attributes: Mapping[str, Any]) -> dict[str, Any]:
    plain = {name: _SECONDS if name in _TIMES else _listed(value) for name, value in attributes.items()}
    if "exception.stacktrace" in plain:
        plain["exception.stacktrace"] = "<frames>"
    return plain


def _listed(value: Any) -> Any:
    """``value`` with lists for tuples."""
    if isinstance(value, Mapping):
        return {key: _listed(inner) for key, inner in value.items()}
    return [_listed(inner) for inner in value] if isinstance(value, (list, tuple)) else value


def _told(name: str, points: list[Any]) -> bool:
    """Whether a metric has something to tell; llmotel's own counters stand at 0 mostly."""
    if name in ("llmotel.client.overhead", "llmotel.instrumentation.active"):
        return False
    return name.startswith("gen_ai.") or any(_amount(point) for point in points)


def _amount(point: Any) -> Any:
    return point.sum if hasattr(point, "sum") else point.value


def _points(points: list[Any]) -> list[dict[str, Any]]:
    told = []
    for point in points:
        timed = hasattr(point, "sum") and isinstance(point.sum, float) and point.explicit_bounds[0] == 0.01
        amount = (
            {"count": point.count, "sum": _SECONDS if timed else point.sum} if hasattr(point, "sum") else point.value
        )
        told.append({"amount": amount, "attributes": _plain(point.attributes)})
    return told


# Clients, all with the names that their hosts have in the world.

_OPENAI = partial(openai.OpenAI, api_key="any", base_url="https://api.openai.com/v1")
_AZURE = partial(
    openai.AzureOpenAI, api_key="any", azure_endpoint="https://my-resource.openai.azure.com", api_version="2024-10-21"
)
_OPENROUTER = partial(openai.OpenAI, api_key="any", base_url="https://openrouter.ai/api/v1")
_XAI = partial(openai.OpenAI, api_key="any", base_url="https://api.x.ai/v1")
_PERPLEXITY = partial(openai.OpenAI, api_key="any", base_url="https://api.perplexity.ai")
_ANTHROPIC = partial(anthropic.Anthropic, api_key="any", base_url="https://api.anthropic.com")
_BEDROCK = partial(anthropic.AnthropicBedrock, aws_region="us-east-1", aws_access_key="any", aws_secret_key="any")
_VERTEX = partial(anthropic.AnthropicVertex, region="us-east5", project_id="a-project", access_token="any")

_ASKED = [{"role": "user", "content": "What is the capital of France?"}]
_PARIS = "Paris is the capital of France."
_SCHEMA = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
_WEATHER = {
    "type": "function",
    "function": {"name": "get_weather", "description": "Weather now", "parameters": _SCHEMA},
}
_CONTENT = {"capture_content": "SPAN_AND_EVENT"}


def _resource(client: Client, path: str) -> Any:
    return reduce(getattr, path.split("."), client)


def _chat(client: Client, **options: Any) -> Any:
    return client.chat.completions.create(**OPENAI.passed({"model": "gpt-4.1", "messages": _ASKED, **options}))


def _chat_stream(client: Client, **options: Any) -> Any:
    return list(_chat(client, stream=True, **options))


def _left_early(stream: Any) -> None:
    with stream:
        for _ in range(3):
            next(stream)


def _response(client: Client, **options: Any) -> Any:
    return client.responses.create(**{"model": "gpt-4.1", "input": "What is the capital of France?", **options})


def _message(client: Client, **options: Any) -> Any:
    asked = {"model": "claude-opus-5", "max_tokens": 300, "messages": _ASKED}
    return client.messages.create(**{**asked, **options})


def _background(client: Client) -> None:
    begun = _response(client, background=True)
    client.responses.retrieve(begun.id)


def _openai(
    title: str,
    call: Callable[[Client], Any],
    *replies: Script,
    client: Any = _OPENAI,
    shape: str | None = None,
    **settings: Any,
) -> Scenario:
    return Scenario("openai", title, call, replies, client, settings, shape)


def _anthropic(
    title: str,
    call: Callable[[Client], Any],
    *replies: Script,
    client: Any = _ANTHROPIC,
    shape: str | None = None,
    **settings: Any,
) -> Scenario:
    return Scenario("anthropic", title, call, replies, client, settings, shape)


_CHAT = Reply(chat.completion(_PARIS, usage=chat.usage(24, 8)))
_TOOL_USE = chat.completion(tool_calls=[chat.tool_call("get_weather", {"city": "Paris"})], usage=chat.usage(64, 17))
_FILES = responses.file_search_call(
    "capital", results=[responses.file_search_result("file-1", "eu.pdf", 0.9, "Paris ...")]
)
_FILE_ANSWER = responses.message(_PARIS, annotations=[responses.file_citation("file-1", "eu.pdf", len(_PARIS))])
_MESSAGE = messages.message(_PARIS, model="claude-opus-5-20260212", usage=messages.usage(20, 10))
_SEARCH = blocks.server_tool_use("web_search", {"query": "capital of France"})
_PAGE = blocks.web_search_result("https://example.com/france", "France")
_WEB_ANSWER = [
    _SEARCH,
    blocks.web_search_tool_result(_SEARCH["id"], [_PAGE]),
    blocks.text(_PARIS, citations=[blocks.web_search_result_location("Paris ...", url=_PAGE["url"], title="France")]),
]

SCENARIOS = (
    _openai(
        "a chat completion",
        partial(
            _chat,
            temperature=0.2,
            top_p=0.9,
            max_completion_tokens=200,
            seed=7,
            stop=["END"],
            frequency_penalty=0.1,
            presence_penalty=0.2,
            service_tier="flex",
            user="u-1",
        ),
        Reply(chat.completion(_PARIS, usage=chat.usage(1200, 87, cached=1024), service_tier="flex")),
    ),
    _openai("a chat completion with content", _chat, _CHAT, **_CONTENT),
    _openai(
        "a tool call with content",
        partial(_chat, messages=[{"role": "user", "content": "Weather in Paris?"}], tools=[_WEATHER]),
        Reply(_TOOL_USE),
        **_CONTENT,
    ),
    _openai(
        "structured output, parsed",
        lambda client: _resource(client, OPENAI.shape("chat.parse").method)(
            model="gpt-4.1", messages=_ASKED, response_format=Capital
        ),
        Reply(chat.completion(Capital(city="Paris", reason="Kings.").model_dump_json(), usage=chat.usage(90, 12))),
    ),
    _openai(
        "two choices with reasoning",
        partial(_chat, model="o4-mini", n=2, reasoning_effort="low"),
        Reply(chat.completion(_PARIS, model="o4-mini-2025-04-16", n=2, usage=chat.usage(24, 300, reasoning=256))),
    ),
    _openai(
        "audio in and out",
        partial(
            _chat, model="gpt-4o-audio-preview", modalities=["text", "audio"], audio={"voice": "coral", "format": "mp3"}
        ),
        Reply(
            chat.completion(
                model="gpt-4o-audio-preview",
                audio=chat.audio(_PARIS),
                usage=chat.usage(300, 200, prompt_audio=180, completion_audio=150),
            )
        ),
    ),
    _openai(
        "web search with citations",
        partial(_chat, model="gpt-4o-search-preview", web_search_options={}),
        Reply(
            chat.completion(
                _PARIS,
                model="gpt-4o-search-preview-2025-03-11",
                annotations=[chat.url_citation("https://example.com/france", "France", 0, len(_PARIS))],
                usage=chat.usage(24, 8),
            )
        ),
    ),
    _openai("a stream", partial(_chat_stream, stream_options={"include_usage": True}), _CHAT),
    _openai("a stream without usage", _chat_stream, _CHAT),
    _openai("a stream without usage, injected", _chat_stream, _CHAT, stream_usage="inject"),
    _openai("a stream without usage, estimated", _chat_stream, _CHAT, stream_usage="estimate"),
    _openai("a stream closed early", lambda client: _left_early(_chat(client, stream=True)), _CHAT),
    _openai("a stream cut off by the network", _chat_stream, Reply(_CHAT.body, fault="cut")),
    _openai("a rate limit", _chat, openai_errors.reply(429)),
    _openai("a rate limit with content", _chat, openai_errors.reply(429), **_CONTENT),
    _openai("a refused connection", _chat, Reply(fault="reset")),
    _openai(
        "a prompt filtered by Azure",
        partial(_chat, model="my-deployment"),
        openai_errors.azure_content_filter(),
        client=_AZURE,
    ),
    _openai(
        "Azure",
        partial(_chat, model="my-deployment"),
        Reply(hosts.azure(chat.completion(_PARIS, model="gpt-4o-2024-11-20", usage=chat.usage(24, 8)))),
        client=_AZURE,
    ),
    _openai(
        "OpenRouter, which tells the cost",
        partial(_chat, model="openai/gpt-4.1"),
        Reply(hosts.openrouter(chat.completion(_PARIS, model="openai/gpt-4.1", usage=chat.usage(24, 8)), cost=0.00011)),
        client=_OPENROUTER,
    ),
    _openai(
        "xAI, which cites what it searched",
        partial(_chat, model="grok-4", web_search_options={}),
        Reply(
            hosts.xai(
                chat.completion(f"{_PARIS}[1]", model="grok-4", usage=chat.usage(24, 87, reasoning=64)),
                reasoning="An easy one.",
                citations=["https://example.com/france"],
            )
        ),
        client=_XAI,
    ),
    _openai(
        "Perplexity, which lists its sources",
        partial(_chat, model="sonar"),
        Reply(
            hosts.perplexity(
                chat.completion(f"{_PARIS}[1]", model="sonar", usage=chat.usage(8, 14)),
                sources=[("https://example.com/france", "France")],
            )
        ),
        client=_PERPLEXITY,
    ),
    _openai(
        "a response",
        partial(
            _response,
            instructions="Be brief.",
            reasoning={"effort": "low"},
            max_output_tokens=400,
            previous_response_id="resp_before",
        ),
        Reply(
            responses.response(
                [responses.reasoning("I know."), responses.message(_PARIS)],
                usage=responses.usage(1300, 96, cached=1152, reasoning=64),
            )
        ),
        shape="responses.create",
    ),
    _openai(
        "a response with content",
        partial(_response, instructions="Be brief."),
        Reply(responses.response(_PARIS, usage=responses.usage(30, 8))),
        shape="responses.create",
        **_CONTENT,
    ),
    _openai(
        "a response streamed",
        lambda client: list(_response(client, stream=True)),
        Reply(responses.response(_PARIS, usage=responses.usage(30, 8))),
        shape="responses.create",
    ),
    _openai(
        "a response with file search",
        partial(
            _response,
            tools=[{"type": "file_search", "vector_store_ids": ["vs_1"]}],
            include=["file_search_call.results"],
        ),
        Reply(responses.response([_FILES, _FILE_ANSWER], usage=responses.usage(800, 20))),
        shape="responses.create",
    ),
    _openai(
        "a response cut at its limit",
        partial(_response, max_output_tokens=16),
        Reply(responses.response(_PARIS, status="incomplete", usage=responses.usage(30, 16))),
        shape="responses.create",
    ),
    _openai("a response in the background, retrieved later", _background, shape="responses.background"),
    _openai(
        "a legacy completion",
        lambda client: client.completions.create(model="gpt-3.5-turbo-instruct", prompt="Say this is a test"),
        Reply(completions.completion()),
    ),
    _openai(
        "embeddings",
        lambda client: client.embeddings.create(
            model="text-embedding-3-small", input=["one", "two"], dimensions=8, encoding_format="float"
        ),
        Reply(embeddings.embeddings([embeddings.vector(8), embeddings.vector(8, seed=1)], prompt_tokens=6)),
    ),
    _openai(
        "an image",
        lambda client: client.images.generate(model="gpt-image-1", prompt="A cat", n=2),
        Reply(images.images(2, usage=images.usage(10, 2112))),
    ),
    _openai(
        "an image edited",
        lambda client: client.images.edit(model="gpt-image-1", prompt="A hat on it", image=PNG),
        Reply(images.images(usage=images.usage(12, 1056, input_image=323))),
    ),
    _openai(
        "speech",
        lambda client: client.audio.speech.create(model="gpt-4o-mini-tts", voice="coral", input=_PARIS),
        Reply(MP3),
    ),
    _openai(
        "a transcription",
        lambda client: client.audio.transcriptions.create(model="gpt-4o-transcribe", file=WAV),
        Reply(audio.transcription(_PARIS, usage=audio.token_usage(14, 12))),
    ),
    _openai(
        "a moderation",
        lambda client: client.moderations.create(model="omni-moderation-latest", input=_PARIS),
        Reply(platform.moderations()),
    ),
    _anthropic(
        "a message",
        partial(_message, system="Be brief.", stop_sequences=["END"], metadata={"user_id": "u-1"}),
        Reply(_MESSAGE),
    ),
    _anthropic("a message with content", partial(_message, system="Be brief."), Reply(_MESSAGE), **_CONTENT),
    _anthropic(
        "a cached prompt",
        _message,
        Reply(
            messages.message(
                _PARIS,
                model="claude-opus-5-20260212",
                usage=messages.usage(10, 20, cache_read=1000, cache_write_5m=300, cache_write_1h=200),
            )
        ),
    ),
    _anthropic(
        "thinking and a tool call with content",
        partial(
            _message,
            thinking={"type": "enabled", "budget_tokens": 1024},
            max_tokens=4096,
            tools=[{"name": "get_weather", "description": "Weather now", "input_schema": _SCHEMA}],
        ),
        Reply(
            messages.message(
                [blocks.thinking("I need the weather."), blocks.tool_use("get_weather", {"city": "Paris"})],
                model="claude-opus-5-20260212",
                usage=messages.usage(400, 120, thinking=64),
            )
        ),
        **_CONTENT,
    ),
    _anthropic(
        "web search with citations",
        partial(_message, tools=[{"type": "web_search_20250305", "name": "web_search"}]),
        Reply(
            messages.message(_WEB_ANSWER, model="claude-opus-5-20260212", usage=messages.usage(900, 80, web_searches=1))
        ),
    ),
    _anthropic(
        "structured output, parsed",
        lambda client: client.messages.parse(
            model="claude-opus-5", max_tokens=300, messages=_ASKED, output_format=Capital
        ),
        Reply(
            messages.message(
                Capital(city="Paris", reason="Kings.").model_dump_json(),
                model="claude-opus-5-20260212",
                usage=messages.usage(150, 28),
            )
        ),
        shape="messages.parse",
    ),
    _anthropic(
        "a refusal", _message, Reply(messages.message("", model="claude-opus-5-20260212", stop_reason="refusal"))
    ),
    _anthropic("a stream", lambda client: list(_message(client, stream=True)), Reply(_MESSAGE)),
    _anthropic("a stream closed early", lambda client: _left_early(_message(client, stream=True)), Reply(_MESSAGE)),
    _anthropic(
        "a stream that ends in an error",
        lambda client: list(_message(client, stream=True)),
        Reply(_MESSAGE, fault="error_event", fault_after=4),
    ),
    _anthropic("an overloaded service", _message, anthropic_errors.reply(529)),
    _anthropic("a wrong key", _message, anthropic_errors.reply(401)),
    _anthropic(
        "a beta message",
        lambda client: client.beta.messages.create(
            model="claude-opus-5", max_tokens=300, messages=_ASKED, betas=["context-1m-2025-08-07"]
        ),
        Reply(_MESSAGE),
    ),
    _anthropic(
        "Bedrock",
        partial(_message, model="us.anthropic.claude-opus-4-5-20251101-v1:0"),
        Reply(_MESSAGE),
        client=_BEDROCK,
    ),
    _anthropic("Vertex", partial(_message, model="claude-opus-5@20260212"), Reply(_MESSAGE), client=_VERTEX),
)
