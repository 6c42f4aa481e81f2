"""Canaries: a unique string in every text of every request, response and error. With content off none of them is in
anything that leaves the process; with content on, no secret that was planted in content is."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import count
from typing import Any

import pytest

from contract.calling import READ, performed
from contract.providers import ANTHROPIC, OPENAI, PNG, WAV, WHOLE, Case, Provider, cases, having
from contract.rich import ANSWERS, REQUESTS
from contract.situations import by_id, events_of
from llmotel.testing import ProviderServer, Reply, Request
from telemetry import Telemetry

MARK = "canary"

# What is not content: identity, numbers in words, the vocabulary of the wire, and stop sequences, which the conventions
# count among a request's parameters. Everything else gets a canary.
WORDS = frozenset(
    {
        "type", "role", "object", "model", "status", "id", "finish_reason", "stop_reason", "stop_sequences", "code",
        "service_tier", "system_fingerprint", "response_format", "encoding_format", "output_format", "format", "voice",
        "reasoning_effort", "effort", "verbosity", "tool_choice", "truncation", "quality", "size", "background",
        "call_id", "item_id", "tool_use_id", "phase", "media_type", "betas", "inference_geo", "finishReason", "language",
        "outcome", "modality", "modelVersion", "responseId", "mime_type", "response_mime_type",
    }
)  # fmt: skip


class Canaries:
    """Makes unique strings, and finds them again."""

    def __init__(self) -> None:
        self._numbers = count()
        self.made: list[str] = []

    def make(self, where: str) -> str:
        """A new string, that says where it was planted."""
        self.made.append(f"{MARK}{next(self._numbers)}{where.replace('_', '')}")
        return self.made[-1]

    def plant(self, value: Any, key: str = "") -> Any:
        """``value`` with a canary in each of its texts. In JSON that is text, inside of it."""
        if isinstance(value, dict):
            return {name: self.plant(item, name) for name, item in value.items()}
        if isinstance(value, (list, tuple)):
            return type(value)(self.plant(item, key) for item in value)
        if not isinstance(value, str) or key in WORDS:
            return value
        if value.startswith("{"):
            try:
                return json.dumps(self.plant(json.loads(value)))
            except ValueError:
                pass
        return f"{value} {self.make(key)}" if "://" not in value else f"{value}?q={self.make(key)}"


@pytest.fixture
def canaries() -> Canaries:
    return Canaries()


FILES = {"file": WAV, "image": PNG}


def planted(case: Case, canaries: Canaries) -> tuple[Case, Any]:
    """``case`` with canaries in its request, and the answer to it."""
    shape, area = case.shape, case.shape.name.partition(".")[0]
    parsed = shape.name.endswith(".parse")
    body = shape.body if parsed else ANSWERS.get(area, shape.body)
    given = shape.arguments()
    if shape.operation != "fetch_response":
        given |= REQUESTS.get(area, {})
    kept = {name: value for name, value in given.items() if name in FILES or isinstance(value, type)}
    arguments = {**canaries.plant({name: value for name, value in given.items() if name not in kept}), **kept}
    for name, (_, data, kind) in FILES.items():
        if name in arguments:
            arguments[name] = (f"{canaries.make('filename')}.{kind[-3:]}", data + canaries.make("file").encode(), kind)
    if area == "responses" and shape.operation != "fetch_response":
        arguments["extra_query"] = {"search": canaries.make("query")}
    body = body if isinstance(body, bytes) else canaries.plant(body)
    return Case(case.provider, _with(shape, arguments, body), case.variant, case.is_async), body


def _with(shape: Any, arguments: dict[str, Any], body: Any) -> Any:
    return replace(shape, arguments=lambda: dict(arguments), body=body)


@pytest.fixture
def watching(
    caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str], instrument: Callable[..., Telemetry]
) -> Callable[..., Callable[[], dict[str, str]]]:
    """``watching(**settings)`` instruments; calling what it gives ends that, and gives everything that has left the
    process: text by place."""
    caplog.set_level(logging.DEBUG, "llmotel")
    caplog.set_level(logging.DEBUG, "opentelemetry")

    def begin(**settings: object) -> Callable[[], dict[str, str]]:
        caplog.clear()
        telemetry = instrument(console=True, semconv="dup", **settings)

        def told() -> dict[str, str]:
            telemetry.metrics()
            found = {f"{number}: {place}": text for number, (place, text) in enumerate(telemetry.recording.texts())}
            for number, span in enumerate(telemetry.spans):
                found[f"span {number} as a whole"] = span.to_json()
                for event in span.events:
                    found[f"span {number} {event.name}"] = str(dict(event.attributes))
            for number, event in enumerate(telemetry.events):
                found[f"event {number} as a whole"] = repr((event.body, dict(event.attributes), event.event_name))
            for number, record in enumerate(caplog.records):
                if record.name.partition(".")[0] in ("root", "llmotel", "opentelemetry", "llmotel_instrumentors"):
                    found[f"log line {number}"] = f"{record.getMessage()} {record.args} {record.exc_info}"
            said = capsys.readouterr()
            found["stderr"], found["stdout"] = said.err, said.out
            assert telemetry.spans
            assert "llmotel: " in said.err
            return found

        return told

    return begin


def leaks(told: dict[str, str], secrets: list[str]) -> list[tuple[str, str]]:
    """Which of ``secrets`` are where in what was told."""
    return [(place, secret) for place, text in told.items() for secret in secrets if secret in text]


def scripts(case: Case, body: Any, canaries: Canaries) -> Iterator[tuple[str, Any]]:
    """Everything that can come back: the answer, faults on the way, errors whose texts hold canaries."""
    refuse = case.provider.refuse
    yield "ok", Reply(body)
    yield "cut", Reply(body, fault="cut")
    for status in (400, 429):
        yield f"{status}", refuse(status, canaries.make("message"), extra={"echo": canaries.make("echo")})
    yield "text", Reply(canaries.make("page"), status=502)
    yield "malformed", Reply(f'{{"id": "{canaries.make("malformed")}', headers={"content-type": "application/json"})
    if case.shape.form != WHOLE:
        yield "unknown events", Reply(body, fault="unknown_events")
        error = {"type": "error", "error": {"type": "overloaded_error", "message": canaries.make("event")},
                 "message": canaries.make("event"), "code": "server_error", "param": None,
                 "sequence_number": 9}  # fmt: skip
        broken = '{"text": "' + canaries.make("sse")
        yield "error event", lambda request: Reply(events=[*_first(body, request), error])
        yield "broken event", lambda request: Reply(events=[*_first(body, request), broken])


def _first(body: Any, request: Request) -> list[Any]:
    return list(events_of(body, request))[:3]


@pytest.mark.parametrize("case", list(cases()), ids=by_id)
def test_without_content_capture_nothing_that_was_said_is_told(
    case: Case, server: ProviderServer, canaries: Canaries, watching: Callable[..., Callable[[], dict[str, str]]]
) -> None:
    case, body = planted(case, canaries)
    replies = list(scripts(case, body, canaries))
    told = watching()
    for name, script in replies:
        server.clear()
        server.script(script)
        seen = performed(case, server, READ, default_query={"token": canaries.make("url")})
        assert name != "ok" or seen.error is None
    assert len(server.requests) == 1
    assert MARK in repr((server.requests[0].json, server.requests[0].query, server.requests[0].body)) or (
        case.shape.operation == "fetch_response"
    )
    assert leaks(told(), [MARK]) == []


@pytest.mark.parametrize("refused", [False, True], ids=["ok", "error"])
@pytest.mark.parametrize(("provider", "name"), [(OPENAI, "chat.create"), (ANTHROPIC, "messages.create")])
def test_credentials_and_query_of_a_base_url_are_not_told(
    provider: Any,
    name: str,
    refused: bool,
    server: ProviderServer,
    watching: Callable[..., Callable[[], dict[str, str]]],
) -> None:
    case = Case(provider, provider.shape(name))
    told = watching(capture_content="SPAN_AND_EVENT")
    server.script(provider.refuse(400) if refused else Reply(case.shape.body))
    url = provider.url(server).replace("://", "://canary-user:canary-password@") + "?token=canary-token"
    performed(case, server, base_url=url)
    assert leaks(told(), [MARK]) == []


@pytest.mark.parametrize("case", [case for case in cases(variants=("plain",)) if not case.is_async], ids=by_id)
def test_an_exception_of_the_sdk_does_not_tell_its_text(
    case: Case, server: ProviderServer, canaries: Canaries, watching: Callable[..., Callable[[], dict[str, str]]]
) -> None:
    told = watching()
    server.script(case.provider.refuse(400, canaries.make("message")))
    error = performed(case, server).error
    assert MARK in str(error)  # the SDK puts the body there
    assert leaks(told(), [MARK]) == []


def test_api_keys_of_clients_are_nowhere(
    server: ProviderServer, watching: Callable[..., Callable[[], dict[str, str]]]
) -> None:
    told = watching(capture_content="SPAN_AND_EVENT")
    keys = []
    for provider, name in ((OPENAI, "chat.create"), (ANTHROPIC, "messages.create")):
        case = Case(provider, provider.shape(name))
        for script in (Reply(case.shape.body), provider.refuse(401)):
            keys.append(f"sk-proj-{len(keys)}abcdefghijklmnop1234")
            server.script(script)
            performed(case, server, api_key=keys[-1], default_headers={"x-secret": keys[-1]})
    assert leaks(told(), keys) == []


# Secrets inside of content that is captured.

SECRETS = {
    "api_keys": "sk-proj-Zq8fT2mX9vLw4RbN7yKc1234",
    "bearer": "Bearer 9fJk2LmQ8sTvXz4RbN7yKc1234",
    "email": "ada.lovelace@analytical-engine.org",
    "card": "4111 1111 1111 1111",
}
TOKENS = [secret.rpartition("Bearer ")[2] for secret in SECRETS.values()]
SENTENCE = "Mine are {api_keys} and {bearer}, write to {email}, pay with {card}.".format(**SECRETS)


def told_secrets(value: Any, key: str = "") -> Any:
    """``value`` with all secrets in each of its texts."""
    if isinstance(value, dict):
        return {name: told_secrets(item, name) for name, item in value.items()}
    if isinstance(value, (list, tuple)):
        return type(value)(told_secrets(item, key) for item in value)
    if not isinstance(value, str) or key in WORDS or key == "name" or "://" in value:
        return value
    if value.startswith("{"):
        return json.dumps(told_secrets(json.loads(value)))
    return f"{value} {SENTENCE}"


@pytest.mark.parametrize(
    ("provider", "name"),
    having(
        *((OPENAI, f"{area}.{form}") for area in ("chat", "responses") for form in ("create", "stream")),
        *((ANTHROPIC, f"messages.{form}") for form in ("create", "stream")),
    ),
)
@pytest.mark.parametrize("refused", [False, True], ids=["ok", "error"])
def test_secrets_in_captured_content_are_taken_out(
    provider: Provider,
    name: str,
    refused: bool,
    server: ProviderServer,
    watching: Callable[..., Callable[[], dict[str, str]]],
) -> None:
    shape, area = provider.shape(name), name.partition(".")[0]
    body = told_secrets(ANSWERS[area])
    case = Case(provider, _with(shape, {**shape.arguments(), **told_secrets(REQUESTS[area])}, body))
    told = watching(capture_content="SPAN_AND_EVENT")
    server.script(provider.refuse(400, SENTENCE) if refused else Reply(body))
    performed(case, server)
    found = told()
    whole = "".join(found.values())
    assert leaks(found, TOKENS) == []
    for kind in SECRETS:
        assert f"[REDACTED:{kind}]" in whole
    assert "What is this?" in whole
    assert "Mine are" in whole
    assert refused or "capital of France" in whole


def test_the_canary_is_found_where_content_is_wanted(
    server: ProviderServer, canaries: Canaries, watching: Callable[..., Callable[[], dict[str, str]]]
) -> None:
    """The search itself works: with content on, what was asked and answered is there."""
    case, body = planted(Case(OPENAI, OPENAI.shape("chat.create")), canaries)
    told = watching(capture_content="SPAN_AND_EVENT")
    server.script(Reply(body))
    performed(case, server)
    found = {place for place, _ in leaks(told(), [MARK])}
    assert any(place.startswith("span") for place in found)
    assert any(place.startswith("event") for place in found)


@pytest.mark.parametrize(("mode", "place", "other"), [("SPAN_ONLY", "span", "event"), ("EVENT_ONLY", "event", "span")])
@pytest.mark.parametrize("refused", [False, True], ids=["ok", "error"])
def test_content_is_only_where_it_is_wanted(
    mode: str,
    place: str,
    other: str,
    refused: bool,
    server: ProviderServer,
    canaries: Canaries,
    watching: Callable[..., Callable[[], dict[str, str]]],
) -> None:
    case, body = planted(Case(OPENAI, OPENAI.shape("chat.create")), canaries)
    told = watching(capture_content=mode)
    server.script(OPENAI.refuse(400, canaries.make("message")) if refused else Reply(body))
    performed(case, server)
    found = [where for where, _ in leaks(told(), [MARK])]
    assert [where for where in found if place in where]
    assert [where for where in found if other in where] == []
