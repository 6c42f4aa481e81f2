"""The contract for libraries whose clients are of a kind of their own: every call of theirs in every situation.

What only the engine does (limits, tags, containment of what an application put in) is shown with the others.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import replace
from typing import Any, NoReturn

import genai_prices
import pytest
from opentelemetry import context
from opentelemetry.trace import StatusCode
from packaging.version import Version

from contract.calling import BROKEN_OFF, CLOSED, RAISED, READ_WITH, UNREAD, ApplicationError, Seen, performed
from contract.judging import identified
from contract.own_clients import OWN_CLIENTS
from contract.providers import ANSWER, QUESTION, STREAM, WHOLE, Case, Provider, make_client
from contract.situations import SITUATIONS, Situation, by_id
from contract.test_crossings import assert_same, observed
from contract.test_uninstrument import found
from llmotel.testing import ProviderServer, Reply
from telemetry import Telemetry

pytestmark = pytest.mark.filterwarnings(  # Mistral's old versions on today's pydantic
    "ignore::DeprecationWarning", "ignore:Pydantic serializer warnings:UserWarning"
)
CASES = [Case(provider, shape, is_async=is_async) for provider in OWN_CLIENTS for shape in provider.shapes
         for is_async in (False, True)]  # fmt: skip
SYNC = [case for case in CASES if not case.is_async]
UNREADABLE = ("malformed", "malformed_sse", "empty", "error_event")
MANAGED = (READ_WITH, BROKEN_OFF, RAISED, UNREAD)  # where the stream is more than a generator
each_provider = pytest.mark.parametrize("provider", OWN_CLIENTS, ids=lambda provider: provider.shapes[0].name)


def crossings() -> list[tuple[Case, Situation]]:
    """Success and a refusal of each call, synchronous and asynchronous; of the other situations one of the two."""
    return [
        (case, situation)
        for case in CASES
        for number, situation in enumerate(SITUATIONS)
        if situation.applies(case)
        and situation.name != "timeout"
        and not (swallows(case) and number > 2)
        and not (
            situation.ending == CLOSED and case.provider.version < Version("2") and case.provider.seam == "speakeasy"
        )
        and (situation.ending not in MANAGED or case.provider.seam == "speakeasy")
        and (number in (0, 4) or situation.only_async or case.is_async == bool(number % 2))
    ]


def swallows(case: Case) -> bool:
    """Cohere's first stream swallows what ends it (GeneratorExit, and errors of its own)."""
    early = case.provider.seam == "fern" and case.provider.version < Version("5.16")
    return early and case.shape.form == STREAM


@pytest.mark.parametrize(("case", "situation"), crossings(), ids=by_id)
def test_the_caller_sees_what_it_would_see_without_llmotel_and_a_span_says_what_became_of_the_call(
    case: Case, situation: Situation, server: ProviderServer, instrument: Callable[..., Telemetry]
) -> None:
    without, sent_without = observed(case, situation, server)
    telemetry = instrument()
    outside = context.get_current()
    seen, sent = observed(case, situation, server)
    assert context.get_current() == outside
    assert type(seen.error) is type(without.error)
    assert_same(bare(seen), bare(without), situation)
    assert sent == sent_without
    identified(telemetry.span, case, server)
    ended(telemetry.span, case, situation, seen)
    if situation.complete(seen):
        answered(telemetry.span, case)


def answered(span: Any, case: Case) -> None:
    """What the provider said is on the span."""
    attributes, tokens, body = span.attributes, case.shape.tokens(case.shape.body), case.shape.body
    assert attributes.get("gen_ai.usage.input_tokens") == tokens.input
    assert attributes.get("gen_ai.usage.output_tokens") == tokens.output
    assert attributes.get("gen_ai.usage.cache_read.input_tokens") == tokens.cache_read
    assert attributes.get("gen_ai.response.finish_reasons") == case.shape.finish_reasons
    if case.shape.operation == "chat":
        assert attributes.get("gen_ai.response.id") == (body.get("id") or body.get("generation_id"))
    assert body.get("model") in (None, attributes.get("gen_ai.response.model"))


def bare(seen: Seen) -> Seen:
    """``seen`` without the text of Cohere's errors, which tells the time, and without what an observed generator can do
    beyond a bare one: it is a context manager, too."""
    for kind in ("generator", "async_generator"):
        looks = seen.attributes.get(kind, {})
        looks["special methods"] = looks["kinds"] = None
    return replace(seen, error=None) if hasattr(seen.error, "headers") else seen


def ended(span: Any, case: Case, situation: Situation, seen: Seen) -> None:
    """How the call ended is on the span: the outcome where it failed, and what became of the stream."""
    attributes = span.attributes
    error = None if isinstance(seen.error, ApplicationError) else seen.error
    failed = situation.outcome if error is not None else None
    if error is not None and (failed is None or situation.fault in UNREADABLE):
        assert span.status.status_code is StatusCode.ERROR  # the library's own words for what it cannot read
        return
    told = "server" if failed is None and situation.fault == "error_event" else None
    assert attributes.get("llmotel.outcome") == (failed or told)
    assert (span.status.status_code is StatusCode.ERROR) == (failed is not None)
    if situation.status != 200:
        assert attributes["error.type"] == case.provider.error_types[situation.status]
        assert attributes["http.response.status_code"] == situation.status
    if case.shape.form == STREAM and failed is None:
        ends = {"closed": "closed", "broken off": "closed", "raised": "closed"}
        ends |= {"dropped": "abandoned", "unread": "abandoned"}
        assert attributes["llmotel.stream.outcome"] == ends.get(situation.name, "completed")


@pytest.mark.parametrize("case", SYNC, ids=by_id)
def test_a_call_costs_what_genai_prices_says(case: Case, server: ProviderServer, telemetry: Telemetry) -> None:
    server.script(Reply(case.shape.body))
    performed(case, server)
    tokens = case.shape.tokens(case.shape.body)
    usage = genai_prices.Usage(input_tokens=tokens.input, output_tokens=tokens.output)
    model = case.shape.body.get("model") or case.shape.arguments()["model"]
    try:
        price = genai_prices.calc_price(usage, model_ref=model, provider_id=case.provider.name.removesuffix("_ai"))
    except LookupError:
        assert "gen_ai.usage.cost.amount" not in telemetry.span.attributes
    else:
        assert telemetry.span.attributes["gen_ai.usage.cost.amount"] == pytest.approx(float(price.total_price))


def told(telemetry: Telemetry, *secrets: str) -> list[bool]:
    telemetry.metrics()
    texts = " ".join(text for _, text in telemetry.recording.texts())
    return [secret in texts for secret in secrets]


@pytest.mark.parametrize("case", CASES, ids=by_id)
def test_without_content_capture_nothing_that_was_said_is_told(
    case: Case, server: ProviderServer, telemetry: Telemetry
) -> None:
    server.script(Reply(case.shape.body), case.provider.refuse(400, "the canary of a refusal"))
    assert performed(case, server).error is None
    assert performed(case, server).error is not None
    assert told(telemetry, QUESTION, ANSWER, "canary") == [False] * 3


@pytest.mark.parametrize("case", [case for case in CASES if case.shape.finish_reasons], ids=by_id)
def test_with_content_capture_question_and_answer_are_told(
    case: Case, server: ProviderServer, instrument: Callable[..., Telemetry]
) -> None:
    telemetry = instrument(capture_content="SPAN_ONLY")
    server.script(Reply(case.shape.body))
    assert performed(case, server).error is None
    messages = telemetry.span.attributes
    assert QUESTION in messages["gen_ai.input.messages"]
    assert ANSWER in messages["gen_ai.output.messages"]
    assert f'"finish_reason":"{case.shape.finish_reasons[0]}"' in messages["gen_ai.output.messages"]


@pytest.mark.parametrize("case", SYNC, ids=by_id)
def test_a_reader_that_raises_does_not_reach_the_caller(
    case: Case, server: ProviderServer, instrument: Callable[..., Telemetry], monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:  # fmt: skip
    def fail(*_: Any) -> NoReturn:
        raise RuntimeError("a bug of ours")

    monkeypatch.setenv("LLMOTEL_RAISE", "0")
    telemetry = instrument(capture_content=True)
    monkeypatch.setattr("llmotel.model.inference.Inference.finish", fail)
    with caplog.at_level(logging.WARNING, "llmotel"):
        server.script(Reply(case.shape.body))
        seen = performed(case, server)
    assert seen.error is None
    assert seen.chunks or seen.value is not None
    assert telemetry.span.attributes["gen_ai.provider.name"] == case.provider.name


@pytest.mark.parametrize("form", [WHOLE, STREAM])
@each_provider
def test_the_server_answers_as_the_library_is_used_to(
    provider: Provider, form: str, server: ProviderServer, telemetry: Telemetry
) -> None:
    assert performed(Case(provider, provider.first(form)), server).error is None
    assert telemetry.span.attributes["llmotel.usage.source"] == "provider"


@pytest.mark.parametrize(
    ("provider", "name"), [(provider, name) for provider in OWN_CLIENTS for name in provider.disabled_libraries]
)
def test_what_infers_nothing_is_left_alone(
    provider: Provider, name: str, server: ProviderServer, telemetry: Telemetry
) -> None:
    with make_client(provider, server, is_async=False) as client:
        assert provider.disabled_libraries[name](client) is not None
    assert telemetry.spans == []


@each_provider
def test_uninstrument_restores_the_very_same_functions(provider: Provider) -> None:
    def there() -> dict[str, Any]:
        seams = provider.instrumentor.provider.seams
        places = [f"{seam.module}:{seam.attribute}" for seam in seams if _has(seam, provider)]
        return {place: found(place) for place in places}

    before = there()
    telemetry = Telemetry()
    during = there()
    telemetry.end()
    assert before
    assert all(during[place] is not before[place] for place in before)
    assert there() == before


def _has(seam: Any, provider: Provider) -> bool:
    return (seam.since is None or provider.version >= Version(seam.since)) and (
        seam.until is None or provider.version < Version(seam.until)
    )
