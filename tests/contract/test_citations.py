"""What providers cite becomes one record: counts and a score on the span, a histogram, an event in the same trace."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

import llmotel
from contract.calling import READ, performed
from contract.providers import ANTHROPIC, OPENAI, PLAIN, RAW, STREAMING, Case, Provider, having
from llmotel.testing import ProviderServer, Reply
from llmotel.testing.anthropic_wire import blocks, messages
from llmotel.testing.openai_wire import chat, hosts, responses
from telemetry import Telemetry

SUPPORTED = "Paris is the capital of France."
UNSUPPORTED = "It is a very old city."
TEXT = f"{SUPPORTED} {UNSUPPORTED}"
END = len(SUPPORTED)
HALF = len(SUPPORTED) / (len(SUPPORTED) + len(UNSUPPORTED))
URL, TITLE = "https://example.com/france", "France"
WEB = {"type": "web_search_20250305", "name": "web_search"}


def chat_answer(**options: Any) -> Any:
    return chat.completion(TEXT, **options)


def response(*annotations: Any, before: Any = ()) -> Any:
    return responses.response([*before, responses.message(TEXT, annotations=list(annotations))])


def message(*citations: Any, before: Any = ()) -> Any:
    parts = [blocks.text(SUPPORTED, citations=list(citations)), blocks.text(" " + UNSUPPORTED)]
    return messages.message([*before, *parts])


_SEARCH = blocks.server_tool_use("web_search", {"query": "France"})
_FOUND = blocks.web_search_tool_result(
    _SEARCH["id"], [blocks.web_search_result(URL, TITLE), blocks.web_search_result("https://example.com/2", "Another")]
)
_FILES = responses.file_search_call(
    "France",
    results=[
        responses.file_search_result("file-1", "france.pdf", 0.9, "Paris is ..."),
        responses.file_search_result("file-2", "italy.pdf", 0.2, "Rome is ..."),
    ],
)

# name -> provider, answer, (score, citations, sources)
CITED: dict[str, tuple[Provider, Any, tuple[float, int, int]]] = {
    "openai chat url": (
        OPENAI,
        chat_answer(annotations=[chat.url_citation(URL, TITLE, 0, END)]),
        (HALF, 1, 1),
    ),
    "openai chat the same url twice": (
        OPENAI,
        chat_answer(annotations=[chat.url_citation(URL, TITLE, 0, 5), chat.url_citation(URL, TITLE, 40, 45)]),
        (1.0, 2, 1),
    ),
    "openai response url": (OPENAI, response(responses.url_citation(URL, TITLE, 0, END)), (HALF, 1, 1)),
    "openai response file": (
        OPENAI,
        response(responses.file_citation("file-1", "france.pdf", END)),
        (HALF, 1, 1),
    ),
    "openai response container file": (
        OPENAI,
        response(responses.container_file_citation("cntr_1", "cfile_1", "plot.csv", 0, END)),
        (HALF, 1, 1),
    ),
    "openai response file for download": (OPENAI, response(responses.file_path("file-3", 5)), (0.0, 0, 0)),
    "openai response file search": (
        OPENAI,
        response(responses.file_citation("file-1", "france.pdf", END), before=[_FILES]),
        (HALF, 1, 2),
    ),
    "openai response web search without citation": (
        OPENAI,
        response(before=[responses.web_search_call("France", sources=[URL, "https://example.com/2"])]),
        (0.0, 0, 2),
    ),
    "anthropic characters": (ANTHROPIC, message(blocks.char_location("Paris", 0, 5, title=TITLE)), (HALF, 1, 1)),
    "anthropic page": (ANTHROPIC, message(blocks.page_location("Paris", 1, 2, title=TITLE)), (HALF, 1, 1)),
    "anthropic content block": (
        ANTHROPIC,
        message(blocks.content_block_location("Paris", 0, 1, title=TITLE)),
        (HALF, 1, 1),
    ),
    "anthropic search result": (
        ANTHROPIC,
        message(blocks.search_result_location("Paris", 0, 1, source=URL, title=TITLE)),
        (HALF, 1, 1),
    ),
    "anthropic web search": (
        ANTHROPIC,
        message(blocks.web_search_result_location("Paris", url=URL, title=TITLE), before=[_SEARCH, _FOUND]),
        (HALF, 1, 2),
    ),
    "anthropic two documents": (
        ANTHROPIC,
        message(
            blocks.char_location("Paris", 0, 5, document=0, title=TITLE),
            blocks.char_location("Paris", 9, 14, document=1, title="Europe"),
        ),
        (HALF, 2, 2),
    ),
}

# Requests that make citations possible: only for these is the text of a stream looked at.
_ASKED = {
    "chat": {"web_search_options": {}},
    "responses": {"tools": [{"type": "web_search"}]},
    "messages": {"tools": [WEB]},
}


def family_of(name: str) -> str:
    """The first part of the names of the shapes that are answered with the citations called ``name``."""
    return "messages" if CITED[name][0] is ANTHROPIC else "responses" if "response" in name else "chat"


def cited(*names: str) -> list[str]:
    """Those of ``names`` that the installed versions have a call for; of all, when none is given."""
    return [name for name in names or CITED if having((CITED[name][0], f"{family_of(name)}.create"))]


def case_of(name: str, *, stream: bool, variant: str = PLAIN, is_async: bool = False) -> Case:
    """A call that may be answered with the citations called ``name``."""
    provider, family = CITED[name][0], family_of(name)
    shape = provider.shape(f"{family}.{'stream' if stream else 'create'}")
    arguments = shape.arguments
    shape = replace(shape, arguments=lambda: {**arguments(), **_ASKED[family]})
    return Case(provider, shape, variant, is_async)


def grounding_of(telemetry: Telemetry) -> dict[str, Any]:
    attributes = telemetry.span.attributes
    return {name: value for name, value in attributes.items() if name.startswith("llmotel.grounding.")}


def expected(name: str) -> dict[str, Any]:
    score, citations, sources = CITED[name][2]
    if not citations and not sources:
        return {}
    return {
        "llmotel.grounding.score": pytest.approx(score),
        "llmotel.grounding.method": "citation_coverage",
        "llmotel.grounding.citation_count": citations,
        "llmotel.grounding.source_count": sources,
    }


@pytest.mark.parametrize("name", cited())
@pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
def test_citations_are_on_the_span(name: str, stream: bool, server: ProviderServer, telemetry: Telemetry) -> None:
    server.script(Reply(CITED[name][1]))
    performed(case_of(name, stream=stream), server)
    assert grounding_of(telemetry) == expected(name)


@pytest.mark.parametrize("name", cited("openai chat url", "openai response file search", "anthropic web search"))
@pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
@pytest.mark.parametrize("variant", [RAW, STREAMING])
@pytest.mark.parametrize("is_async", [False, True], ids=["sync", "async"])
def test_raw_responses_have_theirs_too(
    name: str, stream: bool, variant: str, is_async: bool, server: ProviderServer, telemetry: Telemetry
) -> None:
    server.script(Reply(CITED[name][1]))
    performed(case_of(name, stream=stream, variant=variant, is_async=is_async), server)
    assert grounding_of(telemetry) == expected(name)


@pytest.mark.parametrize("name", cited("openai chat url", "openai response url", "anthropic page"))
@pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
def test_the_score_is_in_the_histogram_and_an_event_of_the_same_trace(
    name: str, stream: bool, server: ProviderServer, telemetry: Telemetry
) -> None:
    server.script(Reply(CITED[name][1]))
    performed(case_of(name, stream=stream), server)
    span = telemetry.span
    [point] = telemetry.metrics()["llmotel.grounding.score"]
    assert (point.count, point.sum) == (1, pytest.approx(HALF))
    [event] = [event for event in telemetry.events if event.event_name == "gen_ai.evaluation.result"]
    assert event.attributes["gen_ai.evaluation.name"] == "grounding"
    assert event.attributes["gen_ai.evaluation.score.value"] == pytest.approx(HALF)
    assert event.attributes["gen_ai.evaluation.score.label"] == "partially_grounded"
    assert (event.trace_id, event.span_id) == (span.context.trace_id, span.context.span_id)


@pytest.mark.parametrize("provider", [OPENAI, ANTHROPIC], ids=lambda provider: provider.name)
@pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
def test_an_answer_with_neither_citation_nor_source_has_no_score(
    provider: Provider, stream: bool, server: ProviderServer, telemetry: Telemetry
) -> None:
    name = "openai chat url" if provider is OPENAI else "anthropic page"
    server.script(Reply(chat_answer() if provider is OPENAI else messages.message(TEXT)))
    performed(case_of(name, stream=stream), server)
    assert grounding_of(telemetry) == {}
    assert "llmotel.grounding.score" not in telemetry.metrics()
    assert not [event for event in telemetry.events if event.event_name == "gen_ai.evaluation.result"]


@pytest.mark.parametrize("name", cited())
@pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
def test_what_was_cited_is_content(name: str, stream: bool, server: ProviderServer, telemetry: Telemetry) -> None:
    server.script(Reply(CITED[name][1]))
    performed(case_of(name, stream=stream), server)
    secrets = (URL, TITLE, "france.pdf", "plot.csv", "Paris")
    assert not [text for _, text in telemetry.recording.texts() if any(secret in text for secret in secrets)]


def test_a_host_that_lists_its_sources_beside_the_text_is_read(server: ProviderServer, telemetry: Telemetry) -> None:
    telemetry(provider_hosts={"127.0.0.1": "perplexity"})
    said = f"{SUPPORTED}[1] {UNSUPPORTED}[2]"
    sources = [(URL, TITLE), ("https://example.com/2", "Another")]
    body = hosts.perplexity(chat.completion(said, model="sonar"), sources=sources)
    for stream in (False, True):
        server.script(Reply(body))
        performed(case_of("openai chat url", stream=stream), server, READ)
    for span in telemetry.spans:
        assert span.attributes["gen_ai.provider.name"] == "perplexity"
        assert span.attributes["llmotel.grounding.score"] == 1.0
        assert span.attributes["llmotel.grounding.citation_count"] == 2
        assert span.attributes["llmotel.grounding.source_count"] == 2


class TestScoresByHand:
    """``record_quality`` on calls of real clients."""

    @pytest.fixture
    def ask(self, server: ProviderServer) -> Callable[[], None]:
        def ask() -> None:
            performed(Case(OPENAI, OPENAI.shape("chat.create")), server)

        return ask

    def test_a_score_goes_into_the_trace_of_the_last_call(self, ask: Callable[[], None], telemetry: Telemetry) -> None:
        ask()
        assert llmotel.record_quality(relevance=0.9, grounding=0.5, user_satisfaction=1, hallucination=False)
        events = [event for event in telemetry.events if event.event_name == "gen_ai.evaluation.result"]
        scores = {event.attributes["gen_ai.evaluation.name"]: event.attributes["gen_ai.evaluation.score.value"]
                  for event in events}  # fmt: skip
        assert scores == {"relevance": 0.9, "grounding": 0.5, "user_satisfaction": 1.0, "hallucination": 0.0}
        assert {event.span_id for event in events} == {telemetry.span.context.span_id}
        metrics = telemetry.metrics()
        assert metrics["llmotel.quality.relevance"][0].sum == 0.9
        assert metrics["llmotel.grounding.score"][0].attributes["llmotel.grounding.method"] == "user"

    def test_without_a_call_there_is_nothing_to_score(
        self, telemetry: Telemetry, caplog: pytest.LogCaptureFixture
    ) -> None:
        assert llmotel.record_quality(relevance=0.9) is False
        assert telemetry.events == []
