"""A version that llmotel cannot instrument is reported, and works as if llmotel were not there; and what a seam may be."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import ollama
import openai
import pytest
from opentelemetry import trace

import llmotel
from llmotel.diagnostics.status import LibraryStatus
from llmotel.instrumentation import registry
from llmotel.spec import Provider
from llmotel.testing import ProviderServer
from llmotel_instrumentors.openai import PROVIDER, OpenAIInstrumentor
from telemetry import Telemetry

SYNC, ASYNC = PROVIDER.seams


@pytest.fixture
def client(server: ProviderServer) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(api_key="k", base_url=server.openai_url, max_retries=0) as client:
        yield client


def row() -> LibraryStatus:
    return next(row for row in registry.report() if row.library == "openai")


def restart(telemetry: Telemetry, monkeypatch: pytest.MonkeyPatch, **changes: Any) -> Telemetry:
    """Instruments a library for which ``changes`` are true."""
    changed: Provider = PROVIDER.replaced(**changes)
    monkeypatch.setattr(OpenAIInstrumentor, "provider", changed)
    return telemetry()


def answers(client: openai.OpenAI) -> None:
    answer = client.chat.completions.create(model="gpt-4.1", messages=[{"role": "user", "content": "Hello!"}])
    assert answer.choices


class TestUnsupportedVersion:
    @pytest.mark.parametrize(("versions", "supported"), [(("99.0", None), ">=99.0"), (("1.40.0", "2"), ">=1.40.0,<2")])
    def test_it_is_left_alone_and_told(
        self, versions: Any, supported: str, client: openai.OpenAI, telemetry: Telemetry,
        monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture,
    ) -> None:  # fmt: skip
        if versions[1] is not None:
            monkeypatch.setattr(openai, "__version__", "2.5.0")
        telemetry = restart(telemetry, monkeypatch, versions=versions)
        answers(client)
        assert telemetry.spans == []
        assert f"llmotel: openai {openai.__version__} is not instrumented: supported is {supported}" in caplog.text
        assert (row().state, row().detail) == ("unsupported version", f"{openai.__version__} is not {supported}")
        assert "unsupported version" in str(llmotel.status())

    @pytest.mark.parametrize("version", ["1.40.0", "1.40.0rc1", "2.0.0a3", "99"])
    def test_a_supported_one_is_instrumented(
        self, version: str, client: openai.OpenAI, telemetry: Telemetry, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(openai, "__version__", version)
        telemetry = telemetry()
        answers(client)
        assert len(telemetry.spans) == 1


class TestMissingSeam:
    @pytest.mark.parametrize(
        "missing",
        [
            {"attribute": "SyncAPIClient.no_such_method"},
            {"attribute": "NoSuchClass.request"},
            {"module": "openai._no_such_module"},
        ],
        ids=["method", "class", "module"],
    )
    def test_without_any_seam_the_library_works_alone(
        self, missing: dict[str, str], client: openai.OpenAI, telemetry: Telemetry, monkeypatch: pytest.MonkeyPatch,
        caplog: pytest.LogCaptureFixture,
    ) -> None:  # fmt: skip
        telemetry = restart(telemetry, monkeypatch, seams=(SYNC.replaced(**missing),))
        answers(client)
        assert telemetry.spans == []
        assert row().state == "missing seam"
        assert "llmotel: openai is not instrumented: " in caplog.text
        assert "not found" in caplog.text

    def test_without_one_of_two_the_other_is_instrumented(
        self, client: openai.OpenAI, telemetry: Telemetry, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        gone = ASYNC.replaced(attribute="AsyncAPIClient.no_such_method")
        telemetry = restart(telemetry, monkeypatch, seams=(SYNC, gone))
        answers(client)
        assert len(telemetry.spans) == 1
        assert row().state == "instrumented"
        assert "missing seam openai._base_client:AsyncAPIClient.no_such_method" in row().detail


class TestAStreamThatIsSentWhenItIsFirstRead:
    """Ollama's, which is a generator."""

    @pytest.fixture
    def current(self) -> list[str]:
        """The names of the spans that were current when requests went out."""
        return []

    @pytest.fixture
    def stream(self, server: ProviderServer, telemetry: Telemetry, current: list[str]) -> Iterator[Any]:
        def note(_: object) -> None:
            current.append(getattr(trace.get_current_span(), "name", "none"))

        hooks = {"request": [note]}
        client = ollama.Client(host=server.url, verify=False, event_hooks=hooks)
        yield client.chat(model="llama3.2", messages=[{"role": "user", "content": "Hello"}], stream=True)
        client._client.close()

    def test_is_no_call_where_nobody_reads_it(self, stream: Any, server: ProviderServer, telemetry: Telemetry) -> None:
        stream.close()
        assert server.requests == []
        assert telemetry.spans == []

    def test_begins_with_the_request_and_not_with_the_function(
        self, stream: Any, telemetry: Telemetry, current: list[str]
    ) -> None:
        returned = time.time_ns()
        assert len(list(stream)) > 1
        assert telemetry.span.start_time >= returned
        assert telemetry.span.attributes["gen_ai.usage.output_tokens"] > 0

    def test_sends_its_request_within_the_calls_span_and_the_caller_works_outside_of_it(
        self, stream: Any, telemetry: Telemetry, current: list[str]
    ) -> None:
        for _ in stream:
            assert not trace.get_current_span().get_span_context().is_valid
        assert current == ["chat llama3.2"]

    def test_is_within_what_was_current_where_it_was_made(self, server: ProviderServer, telemetry: Telemetry) -> None:
        client = ollama.Client(host=server.url, verify=False)
        with telemetry.recording.tracer_provider.get_tracer("app").start_as_current_span("request") as request:
            stream = client.chat(model="llama3.2", messages=[{"role": "user", "content": "Hello"}], stream=True)
        list(stream)
        client._client.close()
        [call] = [span for span in telemetry.spans if span.name == "chat llama3.2"]
        assert call.parent == request.get_span_context()
