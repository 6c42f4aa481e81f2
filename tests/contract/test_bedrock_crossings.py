"""Bedrock's calls in every situation: the caller gets the very things that it would get without llmotel, and one span
says whom the call was made to and what became of it. (Other libraries: ``test_crossings.py``.)"""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest
from opentelemetry import context

from contract import calling
from contract.aws import BEDROCK
from contract.calling import Seen, performed
from contract.judging import answered, ended, identified
from contract.providers import STREAM, Case
from contract.situations import SITUATIONS, Held, Situation, by_id
from contract.test_crossings import assert_same, far, without_numbers
from llmotel.testing import ProviderServer
from telemetry import Telemetry

_LACKING = (calling.READ_WITH, calling.READ_NEXT, calling.BROKEN_OFF, calling.RAISED)  # a stream has no such methods
_VOLATILE = ("amz-sdk-invocation-id", "amz-sdk-request")


def crossings() -> Iterator[tuple[Case, Situation]]:
    """Each shape in each situation that it can be in, synchronous and asynchronous."""
    for shape in BEDROCK.shapes:
        for is_async in (False, True):
            case = Case(BEDROCK, shape, is_async=is_async)
            for situation in SITUATIONS:
                # Half an answer is no frame of a stream: an error, where the streams of other libraries are empty.
                broken = situation.fault == "malformed" and shape.form == STREAM
                if situation.applies(case) and situation.ending not in _LACKING and not broken:
                    yield case, situation


@pytest.fixture(autouse=True)
def _collected() -> Iterator[None]:
    """Nothing is left for the garbage collector to find in another test."""
    yield
    gc.collect()


# A stream that nobody reads or closes leaves its connection to the garbage collector, with or without llmotel.
@pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize(("case", "situation"), list(crossings()), ids=by_id)
def test_the_caller_sees_what_it_would_see_without_llmotel_and_a_span_says_what_became_of_the_call(
    case: Case, situation: Situation, server: ProviderServer, instrument: Callable[..., Telemetry]
) -> None:
    for patience in (1, 4, 16):
        patient = replace(situation, timeout=situation.timeout * patience)
        without, sent_without = observed(case, patient, server)
        telemetry = instrument(capture_content="SPAN_AND_EVENT" if case.is_async else "NO_CONTENT")
        tracer = telemetry.recording.tracer_provider.get_tracer("application")
        with tracer.start_as_current_span("request") as parent:
            outside = context.get_current()
            seen, sent = observed(case, patient, server)
            assert context.get_current() == outside
        if situation.outcome != "timeout" or (sent and sent_without and far(seen) == far(without)):
            break
        telemetry.end()
    assert_same(seen, without, situation)
    assert sent == sent_without

    [span] = [span for span in telemetry.spans if span.name != "request"]
    assert span.parent == parent.get_span_context()
    identified(span, case, server)
    if seen.value == {}:  # what botocore makes of an answer that it cannot read
        assert situation.fault in ("cut", "malformed", "empty")
        assert (span.attributes["error.type"], span.attributes["llmotel.outcome"]) == ("malformed_response", "server")
        return
    ended(span, case, situation, seen, content=case.is_async)
    if situation.complete(seen):
        answered(span, case)


def observed(case: Case, situation: Situation, server: ProviderServer) -> tuple[Seen, list[Any]]:
    """What the caller sees, and what the server was sent."""
    server.clear()
    held = Held()
    server.script(*[situation.script(case, held)] * 9)
    try:
        seen = performed(case, server, situation.ending, timeout=situation.timeout, reached=held.reached)
    finally:
        held.release()
    return seen, [
        (
            request.method,
            request.path,
            {name: without_numbers(value) for name, value in request.headers.items() if name not in _VOLATILE},
            request.body,
        )
        for request in server.requests
    ]
