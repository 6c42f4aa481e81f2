"""Calls that users make, with the answers that providers give: what ``docs/telemetry`` shows the telemetry of.

The pages are committed, and a test compares them with what these calls export now: each is a snapshot of whole spans,
metrics and events. A function's docstring and body are printed on the page.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import closing, nullcontext, suppress
from dataclasses import dataclass, field
from typing import Any

import anthropic
import boto3
import cerebras.cloud.sdk
import cohere
import groq
import ollama
import openai
import together
from botocore.exceptions import EventStreamError
from google import genai
from google.genai import errors as sdk_errors
from mistralai.client import Mistral
from pydantic import BaseModel

import llmotel
from llmotel.testing import ProviderServer, Reply
from llmotel.testing.anthropic_wire import blocks, messages
from llmotel.testing.anthropic_wire import errors as anthropic_errors
from llmotel.testing.bedrock_wire import agents, converse, guardrails
from llmotel.testing.bedrock_wire import errors as bedrock_errors
from llmotel.testing.bedrock_wire import models as bedrock_models
from llmotel.testing.cohere_wire import chat as cohere_chat
from llmotel.testing.cohere_wire import embeddings as cohere_embeddings
from llmotel.testing.cohere_wire import rerank as cohere_rerank
from llmotel.testing.google_wire import errors as google_errors
from llmotel.testing.google_wire import generation, grounding, models, parts
from llmotel.testing.mistral_wire import chat as mistral_chat
from llmotel.testing.mistral_wire import conversations, documents
from llmotel.testing.ollama_wire import chat as ollama_chat
from llmotel.testing.ollama_wire import embeddings as ollama_embeddings
from llmotel.testing.ollama_wire import generate
from llmotel.testing.openai_wire import audio, chat, completions, embeddings, hosts, images, platform, rerank, responses
from llmotel.testing.openai_wire import errors as openai_errors
from llmotel.testing.samples import MP3


@dataclass(frozen=True, slots=True)
class Scenario:
    """``call`` gets a client of ``library``, whose server gives ``replies``. ``settings`` are those of ``init()``."""

    library: str
    title: str
    call: Callable[[Any], object]
    replies: tuple[Reply, ...]
    settings: Mapping[str, object] = field(default_factory=dict)

    def run(self, server: ProviderServer) -> None:
        """Makes the call."""
        server.clear()
        server.script(*self.replies)
        with CLIENTS[self.library](server) as client:
            self.call(client)


CLIENTS: dict[str, Callable[[ProviderServer], Any]] = {
    "openai": lambda server: openai.OpenAI(api_key="sk-loopback", base_url=server.openai_url),
    "anthropic": lambda server: anthropic.Anthropic(api_key="sk-loopback", base_url=server.url),
    "google-genai": lambda server: genai.Client(
        api_key="loopback", http_options=genai.types.HttpOptions(base_url=server.url)
    ),
    "groq": lambda server: groq.Groq(api_key="sk-loopback", base_url=server.url),
    "cerebras-cloud-sdk": lambda server: cerebras.cloud.sdk.Cerebras(
        api_key="sk-loopback", base_url=server.url, warm_tcp_connection=False
    ),
    "cohere": lambda server: cohere.ClientV2(api_key="sk-loopback", base_url=server.url),
    "mistralai": lambda server: Mistral(api_key="sk-loopback", server_url=server.url),
    "ollama": lambda server: nullcontext(ollama.Client(host=server.url)),
    "together": lambda server: together.Together(api_key="sk-loopback", base_url=server.openai_url),
    "botocore": lambda server: closing(_aws(server.url, "bedrock-runtime")),
}


def _aws(url: str, service: str) -> Any:
    keys: Any = {"aws_access_key_id": "loopback", "aws_secret_access_key": "loopback"}
    return boto3.client(service, region_name="us-east-1", endpoint_url=url, **keys)


SCENARIOS: list[Scenario] = []


def scenario(library: str, title: str, *replies: Reply, **settings: object) -> Callable[[Any], Any]:
    """Adds the function to :data:`SCENARIOS`."""

    def add(call: Callable[[Any], object]) -> Callable[[Any], object]:
        SCENARIOS.append(Scenario(library, title, call, replies, settings))
        return call

    return add


class Capital(BaseModel):
    city: str
    since: int


QUESTION: Any = [{"role": "user", "content": "What is the capital of France?"}]
PARIS = "Paris has been the capital of France since 987."
WEATHER: Any = {
    "name": "get_weather",
    "description": "The weather of a day.",
    "parameters": {"type": "object", "properties": {"city": {"type": "string"}}},
}


# OpenAI.


@scenario("openai", "Chat completion", Reply(chat.completion(PARIS, usage=chat.usage(1200, 87, cached=1024))))
def _(client: openai.OpenAI) -> None:
    client.chat.completions.create(
        model="gpt-4.1", messages=QUESTION, temperature=0.2, max_tokens=200, stop=["\n\n"], seed=7
    )


@scenario(
    "openai",
    "Structured output, reasoning, and attributes of your own",
    Reply(
        chat.completion(
            '{"city": "Paris", "since": 987}', model="gpt-5-mini-2025-08-07", usage=chat.usage(140, 410, reasoning=384)
        )
    ),
    metric_tags="feature",
)
def _(client: openai.OpenAI) -> None:
    with llmotel.tags(feature="geography", user_id="u-17", prompt_name="capital", prompt_version="3", team="search"):
        client.chat.completions.parse(
            model="gpt-5-mini", messages=QUESTION, response_format=Capital, reasoning_effort="low"
        )


@scenario("openai", "Stream", Reply(chat.completion(PARIS, usage=chat.usage(24, 11))))
def _(client: openai.OpenAI) -> None:
    """The provider sends no usage unless asked: there are no tokens, and no cost."""
    for _chunk in client.chat.completions.create(model="gpt-4.1", messages=QUESTION, stream=True):
        pass


@scenario(
    "openai",
    "Stream with LLMOTEL_STREAM_USAGE=inject",
    Reply(chat.completion(PARIS, usage=chat.usage(24, 11))),
    stream_usage="inject",
)
def _(client: openai.OpenAI) -> None:
    """llmotel asks for usage, and takes the extra chunk out again."""
    for _chunk in client.chat.completions.create(model="gpt-4.1", messages=QUESTION, stream=True):
        pass


@scenario("openai", "Stream that the application breaks off", Reply(chat.completion(PARIS, usage=chat.usage(24, 11))))
def _(client: openai.OpenAI) -> None:
    options: Any = {"include_usage": True}
    with client.chat.completions.create(
        model="gpt-4.1", messages=QUESTION, stream=True, stream_options=options
    ) as stream:
        next(stream)


@scenario(
    "openai",
    "Tool call, with content on the span and the event",
    Reply(chat.completion(tool_calls=[chat.tool_call("get_weather", {"city": "Paris"})], usage=chat.usage(58, 17))),
    capture_content="SPAN_AND_EVENT",
)
def _(client: openai.OpenAI) -> None:
    """What looks like an e-mail address, a card number, an API key or a bearer token is taken out."""
    client.chat.completions.create(
        model="gpt-4.1",
        messages=[
            {"role": "system", "content": "You are a travel agent."},
            {"role": "user", "content": "How is the weather in Paris? Write to ada@example.com."},
        ],
        tools=[{"type": "function", "function": WEATHER}],
    )


@scenario(
    "openai",
    "Responses API, with a web search that is cited",
    Reply(
        responses.response(
            [
                responses.web_search_call("capital of France"),
                responses.message(
                    PARIS + " It has about two million inhabitants.",
                    annotations=[responses.url_citation("https://example.com/paris", "Paris", 0, 47)],
                ),
            ],
            usage=responses.usage(310, 42),
        )
    ),
)
def _(client: openai.OpenAI) -> None:
    client.responses.create(model="gpt-4.1", input="What is the capital of France?", tools=[{"type": "web_search"}])


@scenario("openai", "Responses API, stream", Reply(responses.response(PARIS, usage=responses.usage(36, 14))))
def _(client: openai.OpenAI) -> None:
    with client.responses.stream(model="gpt-4.1", input="What is the capital of France?") as stream:
        stream.until_done()


@scenario(
    "openai",
    "Responses API, background and retrieve",
    Reply(responses.response(status="queued", id="resp_42")),
    Reply(responses.response(PARIS, usage=responses.usage(36, 14), id="resp_42")),
)
def _(client: openai.OpenAI) -> None:
    """Two operations: the conventions put no usage on the second, so that nobody counts it twice."""
    queued = client.responses.create(model="gpt-4.1", input="What is the capital of France?", background=True)
    client.responses.retrieve(queued.id)


@scenario("openai", "Legacy completion", Reply(completions.completion(PARIS)))
def _(client: openai.OpenAI) -> None:
    client.completions.create(model="gpt-3.5-turbo-instruct", prompt="The capital of France is", n=1)


@scenario(
    "openai",
    "Embeddings",
    Reply(embeddings.embeddings([embeddings.vector(8), embeddings.vector(8, seed=1)], prompt_tokens=27)),
)
def _(client: openai.OpenAI) -> None:
    client.embeddings.create(
        model="text-embedding-3-small", input=["Paris", "London"], dimensions=8, encoding_format="float"
    )


@scenario("openai", "Image", Reply(images.images(usage=images.usage(12, 1056))))
def _(client: openai.OpenAI) -> None:
    client.images.generate(model="gpt-image-1", prompt="The Eiffel Tower in the rain")


@scenario("openai", "Speech", Reply(MP3))
def _(client: openai.OpenAI) -> None:
    client.audio.speech.create(model="gpt-4o-mini-tts", voice="coral", input="Bonjour!")


@scenario("openai", "Transcription", Reply(audio.transcription("Bonjour!", usage=audio.token_usage(14, 3))))
def _(client: openai.OpenAI) -> None:
    client.audio.transcriptions.create(model="gpt-4o-transcribe", file=("hello.mp3", MP3))


@scenario("openai", "Moderation", Reply(platform.moderations()))
def _(client: openai.OpenAI) -> None:
    client.moderations.create(model="omni-moderation-latest", input="What is the capital of France?")


@scenario("openai", "Rate limit", openai_errors.reply(429, retry_after=0), openai_errors.reply(429, retry_after=0))
def _(client: openai.OpenAI) -> None:
    """One span, although the SDK tried twice. The message of the exception is content: it is not recorded."""
    with suppress(openai.RateLimitError):
        client.with_options(max_retries=1).chat.completions.create(model="gpt-4.1", messages=QUESTION)


@scenario(
    "openai",
    "Agent and tool, what they earn, and a circuit breaker",
    Reply(chat.completion(tool_calls=[chat.tool_call("get_weather", {"city": "Paris"})], usage=chat.usage(58, 17))),
    Reply(chat.completion("It rains.", usage=chat.usage(84, 5))),
    metric_tags="feature",
    capture_content="SPAN_ONLY",
    redact="none",
)
def _(client: openai.OpenAI) -> None:
    """The application says what it does; the agent's name is on all that happens within."""
    llmotel.record_circuit_breaker("openai", "closed")
    with llmotel.tags(feature="travel"), llmotel.agent("traveller"):
        asked: Any = [{"role": "user", "content": "How is the weather in Paris?"}]
        answer = client.chat.completions.create(model="gpt-4.1", messages=asked).choices[0].message
        for call in answer.tool_calls or ():
            with llmotel.tool(call.function.name, call_id=call.id) as run:
                run.arguments(call.function.arguments)
                run.result(weather := {"sky": "rain"})
            asked += [answer, {"role": "tool", "tool_call_id": call.id, "content": str(weather)}]
        client.chat.completions.create(model="gpt-4.1", messages=asked)
        llmotel.record_value(0.02)


@scenario(
    "openai",
    "Host that speaks OpenAI's dialect",
    Reply(hosts.openrouter(chat.completion(PARIS, model="openai/gpt-4.1", usage=chat.usage(24, 11)), cost=0.00021)),
    provider_hosts={"127.0.0.1": "openrouter"},
)
def _(client: openai.OpenAI) -> None:
    """``base_url`` says who answers. A cost in the response wins over the price table."""
    client.chat.completions.create(model="openai/gpt-4.1", messages=QUESTION)


# Anthropic.

HAIKU, SONNET = "claude-haiku-4-5-20251001", "claude-sonnet-4-6"


def message(model: str, content: Any, **more: Any) -> Any:
    return messages.message(content, model=model, **more)


@scenario(
    "anthropic",
    "Message with a prompt cache",
    Reply(
        message(SONNET, PARIS, usage=messages.usage(10, 20, cache_read=1000, cache_write_5m=300, cache_write_1h=200))
    ),
)
def _(client: anthropic.Anthropic) -> None:
    """The total of input tokens includes what the cache read and wrote, and each part has its own price."""
    client.messages.create(
        model="claude-sonnet-4-6",
        max_tokens=200,
        system=[{"type": "text", "text": "You know the world.", "cache_control": {"type": "ephemeral"}}],
        messages=QUESTION,
    )


@scenario(
    "anthropic",
    "Stream with thinking",
    Reply(message(SONNET, [blocks.thinking("An easy one."), blocks.text(PARIS)], usage=messages.usage(24, 31))),
)
def _(client: anthropic.Anthropic) -> None:
    with client.messages.stream(
        model="claude-sonnet-4-6", max_tokens=2000, thinking={"type": "adaptive"}, messages=QUESTION
    ) as stream:
        stream.until_done()


@scenario("anthropic", "Stream that the application breaks off", Reply(message(SONNET, PARIS)))
def _(client: anthropic.Anthropic) -> None:
    """What had come until then is kept, and marked as partial."""
    with client.messages.stream(model="claude-sonnet-4-6", max_tokens=200, messages=QUESTION) as stream:
        next(iter(stream.text_stream))


@scenario(
    "anthropic",
    "Tool call, with content on the span",
    Reply(message(HAIKU, [blocks.tool_use("get_weather", {"city": "Paris"})], usage=messages.usage(58, 17))),
    capture_content=True,
)
def _(client: anthropic.Anthropic) -> None:
    tool: Any = {"name": "get_weather", "input_schema": WEATHER["parameters"]}
    client.messages.create(
        model="claude-haiku-4-5",
        max_tokens=200,
        system="You are a travel agent.",
        messages=[{"role": "user", "content": "How is the weather in Paris?"}],
        tools=[tool],
    )


@scenario(
    "anthropic",
    "Citations of documents",
    Reply(
        message(
            HAIKU,
            [
                blocks.text(PARIS, citations=[blocks.char_location("Capital since 987.", 0, 18, title="Paris")]),
                blocks.text(" It has about two million inhabitants."),
            ],
            usage=messages.usage(120, 24),
        )
    ),
)
def _(client: anthropic.Anthropic) -> None:
    document: Any = {
        "type": "document",
        "title": "Paris",
        "source": {"type": "text", "media_type": "text/plain", "data": "Capital since 987."},
        "citations": {"enabled": True},
    }
    question: Any = [document, {"type": "text", "text": "What is the capital of France?"}]
    client.messages.create(model="claude-haiku-4-5", max_tokens=200, messages=[{"role": "user", "content": question}])


@scenario(
    "anthropic",
    "Web search",
    Reply(
        message(
            HAIKU,
            [
                blocks.server_tool_use("web_search", {"query": "capital of France"}, id="srvtoolu_1"),
                blocks.web_search_tool_result(
                    "srvtoolu_1", [blocks.web_search_result("https://example.com/paris", "Paris")]
                ),
                blocks.text(
                    PARIS,
                    citations=[
                        blocks.web_search_result_location("Capital since 987.", url="https://example.com/paris")
                    ],
                ),
            ],
            usage=messages.usage(310, 42, web_searches=1),
        )
    ),
)
def _(client: anthropic.Anthropic) -> None:
    """A search is billed by itself."""
    search: Any = {"type": "web_search_20250305", "name": "web_search"}
    client.messages.create(model="claude-haiku-4-5", max_tokens=200, messages=QUESTION, tools=[search])


@scenario("anthropic", "Overloaded server", anthropic_errors.reply(529))
def _(client: anthropic.Anthropic) -> None:
    with suppress(anthropic.APIStatusError):
        client.with_options(max_retries=0).messages.create(model="claude-haiku-4-5", max_tokens=200, messages=QUESTION)


@scenario("anthropic", "Beta API", Reply(message(HAIKU, PARIS)))
def _(client: anthropic.Anthropic) -> None:
    client.beta.messages.create(
        model="claude-haiku-4-5", max_tokens=200, messages=QUESTION, betas=["context-1m-2025-08-07"]
    )


# Groq.

LLAMA = "llama-3.3-70b-versatile"


@scenario("groq", "Chat completion", Reply(hosts.groq(chat.completion(PARIS, model=LLAMA, usage=chat.usage(24, 11)))))
def _(client: groq.Groq) -> None:
    client.chat.completions.create(model="llama-3.3-70b-versatile", messages=QUESTION, temperature=0.2, seed=7)


@scenario("groq", "Stream", Reply(hosts.groq(chat.completion(PARIS, model=LLAMA, usage=chat.usage(24, 11)))))
def _(client: groq.Groq) -> None:
    """Usage comes unasked, with the last chunk."""
    for _chunk in client.chat.completions.create(model="llama-3.3-70b-versatile", messages=QUESTION, stream=True):
        pass


@scenario("groq", "Transcription", Reply(audio.translation("Bonjour!")))
def _(client: groq.Groq) -> None:
    client.audio.transcriptions.create(model="whisper-large-v3-turbo", file=("hello.mp3", MP3))


@scenario("groq", "Rate limit", openai_errors.reply(429))
def _(client: groq.Groq) -> None:
    with suppress(groq.RateLimitError):
        client.with_options(max_retries=0).chat.completions.create(model="llama-3.3-70b-versatile", messages=QUESTION)


# Together.

TURBO = "meta-llama/Llama-3.3-70B-Instruct-Turbo"


@scenario(
    "together", "Chat completion", Reply(hosts.together(chat.completion(PARIS, model=TURBO, usage=chat.usage(24, 11))))
)
def _(client: together.Together) -> None:
    client.chat.completions.create(
        model="meta-llama/Llama-3.3-70B-Instruct-Turbo", messages=QUESTION, temperature=0.2, max_tokens=200
    )


@scenario("together", "Stream", Reply(hosts.together(chat.completion(PARIS, model=TURBO, usage=chat.usage(24, 11)))))
def _(client: together.Together) -> None:
    """Usage comes unasked, with the last chunk."""
    for _chunk in client.chat.completions.create(
        model="meta-llama/Llama-3.3-70B-Instruct-Turbo", messages=QUESTION, stream=True
    ):
        pass


@scenario("together", "Reranking", Reply(rerank.rerank((0.12, 0.98), prompt_tokens=31)))
def _(client: together.Together) -> None:
    """The conventions have no name for it yet."""
    client.rerank.create(
        model="mixedbread-ai/Mxbai-Rerank-Large-V2",
        query="What is the capital of France?",
        documents=["London is in England.", "Paris has been the capital since 987."],
        top_n=1,
    )


# Ollama.


@scenario("ollama", "Chat", Reply(ollama_chat.chat(PARIS, ended=ollama_chat.end(24, 11))))
def _(client: ollama.Client) -> None:
    """The server tells its own times."""
    client.chat(model="llama3.2", messages=QUESTION, options={"temperature": 0.2, "num_predict": 200, "seed": 7})


@scenario(
    "ollama",
    "Stream with thinking and a tool call, with content",
    Reply(
        ollama_chat.chat(
            "",
            model="qwen3",
            thinking="I need the weather.",
            tool_calls=[ollama_chat.tool_call("get_weather", {"city": "Paris"})],
            ended=ollama_chat.end(None, 31),
        )
    ),
    capture_content=True,
)
def _(client: ollama.Client) -> None:
    """A prompt that is still in the server's cache is not counted."""
    tools: Any = [{"type": "function", "function": WEATHER}]
    for _chunk in client.chat(model="qwen3", messages=QUESTION, tools=tools, think=True, stream=True):
        pass


@scenario("ollama", "Completion", Reply(generate.generate(PARIS, ended=ollama_chat.end(12, 11))))
def _(client: ollama.Client) -> None:
    client.generate(model="llama3.2", prompt="The capital of France is")


@scenario("ollama", "Embeddings", Reply(ollama_embeddings.embed(prompt_eval_count=6)))
def _(client: ollama.Client) -> None:
    client.embed(model="all-minilm", input=["Paris", "London"])


# Google.


@scenario(
    "google-genai",
    "Content generation",
    Reply(generation.response(PARIS, usage=generation.usage(1200, 55, cached=1024, thoughts=32))),
)
def _(client: genai.Client) -> None:
    """`gcp.vertex_ai` is the provider of a client that is made for Vertex AI."""
    client.models.generate_content(
        model="gemini-2.5-flash",
        contents="What is the capital of France?",
        config={"temperature": 0.2, "max_output_tokens": 200, "stop_sequences": ["END"], "seed": 7},
    )


@scenario(
    "google-genai",
    "Stream with thoughts and content",
    Reply(generation.response([parts.thought("Easy."), parts.text(PARIS)], usage=generation.usage(24, 11, thoughts=5))),
    capture_content="SPAN_ONLY",
)
def _(client: genai.Client) -> None:
    """The call begins when the stream is first read."""
    for _chunk in client.models.generate_content_stream(
        model="gemini-2.5-flash",
        contents="What is the capital of France?",
        config={"system_instruction": "Be brief.", "thinking_config": {"include_thoughts": True}},
    ):
        pass


def get_weather(city: str) -> str:
    """The weather of a day."""
    return f"Sun in {city}"


get_weather.__annotations__ = {"city": str, "return": str}


@scenario(
    "google-genai",
    "Function that the library calls by itself",
    Reply(
        generation.response(
            [parts.function_call("get_weather", {"city": "Paris"}, id="call-1")], usage=generation.usage(40, 12)
        )
    ),
    Reply(generation.response("The sun shines.", usage=generation.usage(70, 5))),
)
def _(client: genai.Client) -> None:
    """Each round is a call with tokens of its own."""
    client.chats.create(model="gemini-2.5-flash", config={"tools": [get_weather]}).send_message("Weather in Paris?")


@scenario(
    "google-genai",
    "Search with citations",
    Reply(
        generation.response(
            PARIS,
            usage=generation.usage(24, 11, tool_use=60),
            grounding=grounding.metadata(
                [grounding.web("https://example.com/paris", "example.com")],
                [grounding.support(PARIS, PARIS, [0], scores=[0.9])],
                queries=["capital of France"],
            ),
        )
    ),
)
def _(client: genai.Client) -> None:
    client.models.generate_content(
        model="gemini-2.5-flash", contents="What is the capital of France?", config={"tools": [{"google_search": {}}]}
    )


@scenario(
    "google-genai",
    "Image",
    Reply(
        generation.response(
            [parts.inline_data()],
            model="gemini-2.5-flash-image",
            usage=generation.usage(8, 1290, candidates_modalities={"IMAGE": 1290}),
        )
    ),
)
def _(client: genai.Client) -> None:
    client.models.generate_content(
        model="gemini-2.5-flash-image", contents="A cat in the rain", config={"response_modalities": ["IMAGE"]}
    )


@scenario("google-genai", "Embeddings", Reply(models.embeddings([[0.5] * 8, [0.25] * 8])))
def _(client: genai.Client) -> None:
    """The Gemini API tells no tokens of embeddings; Vertex AI does."""
    client.models.embed_content(model="gemini-embedding-001", contents=["Paris", "Rome"])


@scenario("google-genai", "Quota that is used up", google_errors.reply(429))
def _(client: genai.Client) -> None:
    with suppress(sdk_errors.APIError):
        client.models.generate_content(model="gemini-2.5-flash", contents="What is the capital of France?")


# Amazon Bedrock.

ASKED: Any = [{"role": "user", "content": [{"text": "What is the capital of France?"}]}]
SONNET = "us.anthropic.claude-sonnet-4-5-20250929-v1:0"


@scenario(
    "botocore",
    "Converse, with a prompt cache",
    Reply(converse.message(PARIS, usage=converse.usage(24, 11, cache_read=1000, cache_write_1h=200))),
)
def _(client: Any) -> None:
    client.converse(
        modelId=SONNET,
        messages=ASKED,
        inferenceConfig={"maxTokens": 200, "temperature": 0.2, "stopSequences": ["END"]},
    )


@scenario("botocore", "ConverseStream", Reply(converse.message(PARIS, usage=converse.usage(24, 11))))
def _(client: Any) -> None:
    for _event in client.converse_stream(modelId="amazon.nova-lite-v1:0", messages=ASKED)["stream"]:
        pass


@scenario(
    "botocore",
    "Documents that are cited, and content",
    Reply(
        converse.message(
            [
                converse.citations(
                    PARIS, converse.document_citation(0, 0, 24, title="Capitals", cited="Paris, capital since 987")
                )
            ],
            usage=converse.usage(240, 11),
        )
    ),
    capture_content="SPAN_ONLY",
)
def _(client: Any) -> None:
    document = {
        "name": "capitals",
        "format": "txt",
        "source": {"text": "Paris, capital since 987"},
        "citations": {"enabled": True},
    }
    content = [{"document": document}, {"text": "What is the capital of France?"}]
    client.converse(modelId=SONNET, messages=[{"role": "user", "content": content}])


@scenario(
    "botocore",
    "A tool call",
    Reply(
        converse.message(
            [converse.reasoning("A question of weather."), converse.tool_use("get_weather", {"city": "Paris"})],
            usage=converse.usage(310, 58),
        )
    ),
)
def _(client: Any) -> None:
    tool = {"toolSpec": {"name": "get_weather", "inputSchema": {"json": WEATHER["parameters"]}}}
    client.converse(modelId=SONNET, messages=ASKED, toolConfig={"tools": [tool]})


@scenario(
    "botocore",
    "A guardrail with contextual grounding",
    Reply(
        converse.message(
            guardrails.BLOCKED,
            stop_reason="guardrail_intervened",
            usage=converse.usage(24, 11),
            trace=guardrails.trace(outputs=[guardrails.grounding(0.31)]),
        )
    ),
)
def _(client: Any) -> None:
    client.converse(
        modelId="amazon.nova-lite-v1:0",
        messages=ASKED,
        guardrailConfig={"guardrailIdentifier": "gr1abcdefghi", "guardrailVersion": "1", "trace": "enabled"},
    )


@scenario("botocore", "InvokeModel", bedrock_models.reply(bedrock_models.llama(PARIS, input=24, output=11), 24, 11))
def _(client: Any) -> None:
    """The body is the model's own; the span ends when it has been read."""
    body = '{"prompt": "What is the capital of France?", "max_gen_len": 200, "temperature": 0.2}'
    client.invoke_model(modelId="meta.llama3-70b-instruct-v1:0", body=body)["body"].read()


@scenario("botocore", "InvokeModel, stream", Reply(messages.message(PARIS, usage=messages.usage(24, 11))))
def _(client: Any) -> None:
    body = (
        '{"anthropic_version": "bedrock-2023-05-31", "max_tokens": 200,'
        ' "messages": [{"role": "user", "content": "What is the capital of France?"}]}'
    )
    for _event in client.invoke_model_with_response_stream(modelId=SONNET, body=body)["body"]:
        pass


@scenario("botocore", "Embeddings", bedrock_models.reply(bedrock_models.titan_embedding([0.5] * 256, input=7), 7))
def _(client: Any) -> None:
    client.invoke_model(
        modelId="amazon.titan-embed-text-v2:0", body='{"inputText": "The capital of France", "dimensions": 256}'
    )["body"].read()


@scenario("botocore", "An error", bedrock_errors.reply(403))
def _(client: Any) -> None:
    with suppress(client.exceptions.AccessDeniedException):
        client.converse(modelId=SONNET, messages=ASKED)


@scenario(
    "botocore",
    "An error within a stream",
    Reply(events=[{"messageStart": {"role": "assistant"}}, bedrock_errors.event("throttlingException")]),
)
def _(client: Any) -> None:
    stream = client.converse_stream(modelId=SONNET, messages=ASKED)["stream"]
    with closing(stream), suppress(EventStreamError):
        list(stream)


@scenario(
    "botocore",
    "RetrieveAndGenerate",
    Reply(agents.generated(PARIS, agents.citation(PARIS, 0, agents.reference("Paris, capital since 987")))),
)
def _(client: Any) -> None:
    """A knowledge base tells no tokens."""
    base = {"knowledgeBaseId": "KB12345678", "modelArn": SONNET}
    with closing(_aws(client.meta.endpoint_url, "bedrock-agent-runtime")) as knowledge:
        knowledge.retrieve_and_generate(
            input={"text": "What is the capital of France?"},
            retrieveAndGenerateConfiguration={"type": "KNOWLEDGE_BASE", "knowledgeBaseConfiguration": base},
        )


@scenario(
    "botocore",
    "InvokeAgent",
    Reply(events=agents.agent_events(PARIS, agents.model_trace(SONNET, 310, 58))),
)
def _(client: Any) -> None:
    """With `enableTrace` the agent tells the tokens of the models that it calls."""
    asked = {"agentId": "AGENT12345", "agentAliasId": "TSTALIASID", "sessionId": "session-1", "enableTrace": True}
    with closing(_aws(client.meta.endpoint_url, "bedrock-agent-runtime")) as agent:
        for _event in agent.invoke_agent(**asked, inputText="What is the capital of France?")["completion"]:
            pass


# Cerebras.


@scenario(
    "cerebras-cloud-sdk",
    "Stream",
    Reply(hosts.cerebras(chat.completion(PARIS, model="gpt-oss-120b", usage=chat.usage(24, 11)))),
)
def _(client: cerebras.cloud.sdk.Cerebras) -> None:
    """Usage and the server's times come unasked, with the last chunk."""
    for _chunk in client.chat.completions.create(model="gpt-oss-120b", messages=QUESTION, stream=True):
        pass


# Mistral.


@scenario("mistralai", "Chat", Reply(mistral_chat.completion(PARIS, usage=mistral_chat.usage(24, 11))))
def _(client: Mistral) -> None:
    client.chat.complete(model="mistral-large-latest", messages=QUESTION, temperature=0.2, max_tokens=200)


@scenario(
    "mistralai",
    "Stream with thinking, with content",
    Reply(
        mistral_chat.completion(
            PARIS, model="magistral-medium-2507", thinking="An easy one.", usage=mistral_chat.usage(24, 31)
        )
    ),
    capture_content=True,
)
def _(client: Mistral) -> None:
    with client.chat.stream(model="magistral-medium-latest", messages=QUESTION) as stream:
        for _event in stream:
            pass


@scenario(
    "mistralai",
    "Conversation with a web search that is cited",
    Reply(
        conversations.conversation(
            conversations.execution("web_search"),
            conversations.message(
                [conversations.text(PARIS), conversations.reference("https://example.com/paris", "Paris")]
            ),
            usage=conversations.usage(20, 34, connector_tokens=700, searches=1),
        )
    ),
)
def _(client: Mistral) -> None:
    """What the search put into the prompt is input, too."""
    client.beta.conversations.start(
        model="mistral-medium-latest", inputs="What is the capital of France?", tools=[{"type": "web_search"}]
    )


@scenario("mistralai", "OCR", Reply(documents.ocr("# Taxes", "Paid.")))
def _(client: Mistral) -> None:
    """Billed by the page."""
    taxes: Any = {"type": "document_url", "document_url": "https://example.com/taxes.pdf"}
    client.ocr.process(model="mistral-ocr-latest", document=taxes)


# Cohere.


@scenario(
    "cohere",
    "Chat with documents that are cited",
    Reply(
        cohere_chat.chat(
            PARIS,
            citations=[cohere_chat.citation(0, 47, PARIS, cohere_chat.document("doc:0", "Paris"))],
            usage=cohere_chat.usage(120, 24),
        )
    ),
)
def _(client: cohere.ClientV2) -> None:
    """Counted are the tokens that are billed."""
    documents: Any = [{"id": "doc:0", "data": {"title": "Paris", "snippet": "Capital since 987."}}]
    client.chat(model="command-a-03-2025", messages=QUESTION, documents=documents, p=0.9, k=3)


@scenario("cohere", "Stream", Reply(cohere_chat.chat(PARIS, usage=cohere_chat.usage(24, 11))))
def _(client: cohere.ClientV2) -> None:
    for _event in client.chat_stream(model="command-a-03-2025", messages=QUESTION):
        pass


@scenario("cohere", "Embeddings", Reply(cohere_embeddings.embed(input_tokens=6)))
def _(client: cohere.ClientV2) -> None:
    client.embed(model="embed-v4.0", texts=["Paris"], input_type="search_query", embedding_types=["float"])


@scenario("cohere", "Reranking", Reply(cohere_rerank.rerank((0.12, 0.98))))
def _(client: cohere.ClientV2) -> None:
    """Billed by the search."""
    client.rerank(model="rerank-v3.5", query="What is the capital of France?", documents=["London", "Paris"], top_n=1)
