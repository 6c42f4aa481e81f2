"""The caller gets the very things that it would get without llmotel: results, chunks, streams, exceptions, requests."""

from __future__ import annotations

import re
import traceback
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import llmotel
from contract.calling import Seen, performed
from contract.providers import OPENAI, PLAIN, Case, cases, make_client
from contract.situations import Held, Situation, by_id, crossings
from llmotel.testing import ProviderServer, Reply
from telemetry import Telemetry
from transport import httpx

_OURS = str(Path(llmotel.__file__).parent)


@pytest.fixture(autouse=True)
def _no_native_spans(monkeypatch: pytest.MonkeyPatch) -> None:
    """Anthropic's own spans take another way through its code; llmotel switches them off."""
    monkeypatch.setenv("ANTHROPIC_OPEN_TELEMETRY", "false")


@pytest.mark.parametrize(("case", "situation"), crossings(), ids=by_id)
def test_the_caller_sees_what_it_would_see_without_llmotel(
    case: Case, situation: Situation, server: ProviderServer, instrument: Callable[..., Telemetry]
) -> None:
    for patience in (1, 4, 16):
        patient = replace(situation, timeout=situation.timeout * patience)
        without, sent_without = observed(case, patient, server)
        telemetry = instrument(capture_content="SPAN_AND_EVENT" if case.is_async else "NO_CONTENT")
        seen, sent = observed(case, patient, server)
        if situation.outcome != "timeout" or (sent and sent_without and far(seen) == far(without)):
            break
        telemetry.end()  # a busy machine had not come as far when its time was up
    assert telemetry.spans
    assert seen.handed == without.handed
    assert seen.attributes == without.attributes
    assert same(seen.value, without.value)
    assert sent == sent_without
    if situation.outcome == "cancelled":  # how far it had come by then is the network's affair
        assert type(seen.error) is type(without.error)
    else:
        assert described(seen.error) == described(without.error)
        assert len(seen.chunks) == len(without.chunks)
        assert all(map(same, seen.chunks, without.chunks))


def far(seen: Seen) -> tuple[int, int]:
    """How far a call came before it ended."""
    return len(seen.handed), len(seen.chunks)


def observed(case: Case, situation: Situation, server: ProviderServer) -> tuple[Seen, list[Any]]:
    """What the caller sees, and what the server was sent."""
    server.clear()
    held = Held()
    server.script(*[situation.script(case, held)] * 9)  # also for a request of before, that comes in late
    try:
        seen = performed(case, server, situation.ending, timeout=situation.timeout, reached=held.reached)
    finally:
        held.release()
    return seen, [
        (request.method, request.path, request.query, without_numbers(request.headers), without_numbers(request.body))
        for request in server.requests
    ]


def without_numbers(value: object) -> str:
    """``value`` without what is random: the boundary of a multipart form, addresses of objects."""
    return re.sub(r"[0-9a-f]{12,}", "<number>", str(value))


def same(one: Any, other: Any) -> bool:
    """Whether two things that the library made are alike; of audio, whether the bytes are."""
    if hasattr(one, "iter_bytes"):
        return type(one) is type(other) and one.read() == other.read()
    return type(one) is type(other) and one == other


def described(error: BaseException | None) -> list[Any]:
    """All that a caller can tell of an exception, of its cause and of its context. In the tracebacks our own frames are
    left out: those of the library and below have to be there, in order."""
    told: list[Any] = []
    while error is not None:
        frames = [
            (frame.filename, frame.name, frame.lineno)
            for frame in traceback.extract_tb(error.__traceback__)
            if not frame.filename.startswith(_OURS)
        ]
        body = getattr(error, "body", None)
        arguments = [without_numbers(argument) for argument in error.args]
        told.append((type(error), without_numbers(error), arguments, body, error.__suppress_context__, frames))
        error = error.__cause__ or error.__context__
    return told


@pytest.mark.parametrize("case", list(cases(variants=(PLAIN,))), ids=by_id)
@pytest.mark.parametrize("content", ["NO_CONTENT", "SPAN_AND_EVENT"])
def test_what_the_caller_passed_is_not_changed(
    case: Case, content: str, server: ProviderServer, instrument: Callable[..., Telemetry]
) -> None:
    arguments = case.shape.arguments()
    before = repr(arguments)
    server.script(Reply(case.shape.body))
    instrument(capture_content=content)
    seen = performed(replace(case, shape=replace(case.shape, arguments=lambda: arguments)), server)
    assert seen.error is None
    assert repr(arguments) == before


@pytest.mark.parametrize(
    "case",
    [case for case in cases(variants=(PLAIN,)) if "messages" in case.shape.arguments()],
    ids=by_id,
)
@pytest.mark.parametrize("content", ["NO_CONTENT", "SPAN_AND_EVENT"])
def test_messages_from_a_generator_reach_the_provider_as_they_would(
    case: Case, content: str, server: ProviderServer, instrument: Callable[..., Telemetry]
) -> None:
    said = case.shape.arguments()["messages"]
    shape = replace(case.shape, arguments=lambda: {**case.shape.arguments(), "messages": (one for one in said)})
    server.script(Reply(case.shape.body), Reply(case.shape.body))
    performed(replace(case, shape=shape), server)
    telemetry = instrument(capture_content=content)
    performed(replace(case, shape=shape), server)
    without, sent = (request.json["messages"] for request in server.requests)
    assert sent == without
    assert sent == said or "beta" in case.shape.name  # Anthropic's beta methods eat a generator by themselves
    assert len(telemetry.spans) == 1


def test_the_exception_is_the_very_object_that_the_library_raised(
    server: ProviderServer, instrument: Callable[..., Telemetry]
) -> None:
    raised = KeyError("what the application's own hook raised")

    def hook(_: httpx.Request) -> None:
        raise raised

    instrument()
    client = httpx.Client(verify=False, event_hooks={"request": [hook]})
    seen = performed(Case(OPENAI, OPENAI.shape("chat.create")), server, http_client=client)
    assert seen.error is not None
    assert (seen.error.__cause__ or seen.error) is raised  # openai 1 wraps what a hook raises


@pytest.mark.parametrize("interrupt", [KeyboardInterrupt, SystemExit])
@pytest.mark.parametrize("name", ["chat.create", "chat.stream"])
def test_an_interrupt_passes_through_and_ends_the_span(
    interrupt: type[BaseException], name: str, server: ProviderServer, instrument: Callable[..., Telemetry]
) -> None:
    class Interrupting(httpx.SyncByteStream):
        def __iter__(self) -> Iterator[bytes]:
            yield b"data: {}\n\n"
            raise interrupt

    transport = httpx.MockTransport(
        lambda _: httpx.Response(200, headers={"content-type": "text/event-stream"}, stream=Interrupting())
    )
    telemetry = instrument()
    case = Case(OPENAI, OPENAI.shape(name))
    with pytest.raises(interrupt):
        performed(case, server, http_client=httpx.Client(transport=transport))
    span = telemetry.span
    assert span.attributes["llmotel.outcome"] == "cancelled"
    assert span.attributes["error.type"] == interrupt.__name__


@pytest.mark.parametrize(
    "case",
    [
        case
        for case in cases()
        if case.shape.name in ("chat.create", "chat.stream", "messages.create", "messages.stream")
    ],
    ids=by_id,
)
def test_the_caller_gets_the_very_objects_that_the_library_made(
    case: Case, server: ProviderServer, instrument: Callable[..., Telemetry], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Equal is not enough: who keeps an answer in a weak map, or compares by identity, has to find it again."""
    made: list[int] = []
    kind = type(make_client(case.provider, server, is_async=case.is_async))
    process = kind._process_response_data

    def processed(client: Any, **given: Any) -> Any:
        result = process(client, **given)
        made.append(id(result))
        return result

    monkeypatch.setattr(kind, "_process_response_data", processed)
    server.script(Reply(case.shape.body))
    instrument(capture_content="SPAN_AND_EVENT")
    seen = performed(case, server)
    assert [id(thing) for thing in (seen.chunks or [seen.value])] == made
