"""Every way to call a provider in every situation: the caller gets the very things that it would get without llmotel
(results, chunks, streams, exceptions, requests), and one span says whom the call was made to and what became of it."""

from __future__ import annotations

import re
import traceback
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from opentelemetry import context

import llmotel
from contract.calling import Seen, performed
from contract.judging import answered, ended, identified
from contract.providers import Case
from contract.situations import Held, Situation, by_id, crossings
from llmotel.testing import ProviderServer
from telemetry import Telemetry

_OURS = str(Path(llmotel.__file__).parent)


@pytest.mark.parametrize(("case", "situation"), crossings(), ids=by_id)
def test_the_caller_sees_what_it_would_see_without_llmotel_and_a_span_says_what_became_of_the_call(
    case: Case,
    situation: Situation,
    server: ProviderServer,
    instrument: Callable[..., Telemetry],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    arguments = case.shape.arguments()
    before = repr(arguments)
    case = replace(case, shape=replace(case.shape, arguments=lambda: arguments))
    for patience in (1, 4, 16):
        patient = replace(situation, timeout=situation.timeout * patience)
        with monkeypatch.context() as native:
            # Anthropic's own spans take another way through its code; llmotel switches them off.
            native.setenv("ANTHROPIC_OPEN_TELEMETRY", "false")
            without, sent_without = observed(case, patient, server)
        telemetry = instrument(
            capture_content="SPAN_AND_EVENT" if case.is_async else "NO_CONTENT",
            stream_usage="none",  # which changes no request; tests/contract/test_usage_source.py is about the others
        )
        tracer = telemetry.recording.tracer_provider.get_tracer("application")
        with tracer.start_as_current_span("request") as parent:
            outside = context.get_current()
            seen, sent = observed(case, patient, server)
            assert context.get_current() == outside
        if situation.outcome != "timeout" or (sent and sent_without and far(seen) == far(without)):
            break
        telemetry.end()  # a busy machine had not come as far when its time was up
    assert repr(arguments) == before
    assert_same(seen, without, situation)
    assert sent == sent_without

    [span] = [span for span in telemetry.spans if span.name != "request"]
    assert span.parent == parent.get_span_context()
    assert span.start_time <= span.end_time
    identified(span, case, server)
    ended(span, case, situation, seen, content=case.is_async)
    if situation.complete(seen):
        answered(span, case)


def assert_same(seen: Seen, without: Seen, situation: Situation) -> None:
    """The caller cannot tell one from the other."""
    assert seen.handed == without.handed
    assert seen.attributes == without.attributes
    assert same(seen.value, without.value)
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
    if hasattr(one, "sdk_http_response"):
        one, other = undated(one), undated(other)
    return type(one) is type(other) and one == other


def undated(answer: Any) -> Any:
    """``answer`` of Google's client without the time that the server's headers tell."""
    headers = {name: value for name, value in answer.sdk_http_response.headers.items() if name != "date"}
    return answer.model_copy(update={"sdk_http_response": str(headers)})


def described(error: BaseException | None) -> list[Any]:
    """All that a caller can tell of an exception, of its cause and of its context. In the tracebacks our own frames are
    left out: those of the library and below have to be there, in order."""
    told: list[Any] = []
    while error is not None:
        frames = [
            (frame.filename, frame.name, frame.lineno)
            for frame in traceback.extract_tb(error.__traceback__)
            if not frame.filename.startswith(_OURS)
            # Which line of a pool hands a result over depends on whether it was there before it was asked for.
            and "concurrent/futures" not in frame.filename
        ]
        body = getattr(error, "body", None)
        arguments = [without_numbers(argument) for argument in error.args]
        told.append((type(error), without_numbers(error), arguments, body, error.__suppress_context__, frames))
        error = error.__cause__ or error.__context__
    return told
