"""The caller gets the very things that it would get without llmotel: results, chunks, streams, exceptions, requests."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest

from contract.calling import performed
from contract.providers import OPENAI, PLAIN, Case, cases, make_client
from contract.situations import by_id
from llmotel.testing import ProviderServer, Reply
from telemetry import Telemetry
from transport import httpx


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
    of_stream = {KeyboardInterrupt: "cancelled", SystemExit: "error"}[interrupt] if name == "chat.stream" else None
    assert span.attributes.get("llmotel.stream.outcome") == of_stream


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
    instrument(capture_content="SPAN_AND_EVENT", stream_usage="none")
    seen = performed(case, server)
    assert [id(thing) for thing in (seen.chunks or [seen.value])] == made
