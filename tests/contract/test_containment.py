"""Whatever fails in telemetry, the application's call works: one line in the log, a count, and no more."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import replace
from typing import Any, NoReturn

import pytest
from opentelemetry import context
from opentelemetry.sdk._logs import LogRecordProcessor
from opentelemetry.sdk.trace import SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor, SpanExporter
from opentelemetry.sdk.trace.sampling import Sampler

import llmotel
from contract.calling import READ, Seen, performed
from contract.providers import ANTHROPIC, HELPER, OPENAI, RAW, STREAM, STREAMING, UNLIKE, WHOLE, Case, Provider
from contract.situations import by_id
from llmotel.engine.scope import Health
from llmotel.instrumentation import registry
from llmotel.testing import ProviderServer, Reply
from llmotel.testing.recording import Recording
from llmotel_instrumentors import openai as openai_provider
from llmotel_instrumentors.dialects import compatible, google_paths, messages
from telemetry import Telemetry
from transport import httpx

SECRET = "what the user typed"
CASES = [
    Case(provider, provider.first(form), is_async=is_async)
    for provider in UNLIKE
    for form in (WHOLE, STREAM, HELPER)
    if any(shape.form == form for shape in provider.shapes)
    for is_async in (False, True)
]
each_case = pytest.mark.parametrize("case", CASES, ids=by_id)
READERS = (
    "read_request",
    "read_response",
    "read_chunk",
    "read_input",
    "read_output",
    "accumulate_chunk",
    "finalize_stream",
    "read_answer",
)


def fail(*_: Any, **__: Any) -> NoReturn:
    raise RuntimeError(SECRET)


class Raising(SpanProcessor, LogRecordProcessor, SpanExporter, Sampler):
    """Everything that an application can put into OpenTelemetry, raising wherever it is called."""

    on_start = on_end = on_emit = export = should_sample = fail  # type: ignore[assignment]

    def __init__(self, *only: str) -> None:
        for name in ("on_start", "on_end"):
            if name not in only:
                setattr(self, name, lambda *_, **__: None)

    def get_description(self) -> str:
        return "raising"

    def shutdown(self) -> None:
        """Does nothing."""

    def force_flush(self, timeout_millis: int = 0) -> bool:
        return True


@pytest.fixture(autouse=True)
def _errors_are_contained(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LLMOTEL_RAISE", "0")


@pytest.fixture
def recording() -> Iterator[Recording]:
    """Signals in memory; the test calls ``init()`` itself."""
    recording = Recording()
    with recording.listening():
        yield recording
        llmotel.shutdown()


def begin(recording: Recording, **options: Any) -> None:
    """``llmotel.init()`` with everything in memory but what ``options`` say."""
    llmotel.init(
        **{
            "tracer_provider": recording.tracer_provider,
            "meter_provider": recording.meter_provider,
            "logger_provider": recording.logger_provider,
            **options,
        }
    )


def works(case: Case, server: ProviderServer) -> Seen:
    """Makes the call; the application gets all of the answer."""
    server.script(Reply(case.shape.body))
    seen = performed(case, server, READ)
    assert seen.error is None
    assert seen.chunks or seen.value
    return seen


def lines(caplog: pytest.LogCaptureFixture) -> list[str]:
    """What llmotel warned of."""
    return [
        record.getMessage()
        for record in caplog.records
        if record.name == "llmotel" and record.levelno >= logging.WARNING
    ]


def errors(recording: Recording) -> int:
    """The count of internal errors, as exported."""
    llmotel.flush()
    [point] = recording.metrics()["llmotel.internal.errors"]
    return int(point.value)


class TestWhatTheApplicationPutIn:
    @each_case
    @pytest.mark.parametrize("method", ["on_start", "on_end"])
    def test_a_span_processor_that_raises_does_not_reach_the_caller(
        self, method: str, case: Case, server: ProviderServer, recording: Recording, caplog: pytest.LogCaptureFixture
    ) -> None:
        recording.tracer_provider.add_span_processor(Raising(method))
        begin(recording)
        works(case, server)
        works(case, server)
        assert errors(recording) == 2
        assert len(lines(caplog)) == 1
        assert "RuntimeError in" in lines(caplog)[0]
        assert SECRET not in caplog.text
        assert sum(point.count for point in recording.metrics()["gen_ai.client.inference.duration"]) == 2
        assert context.get_current() == {}

    @each_case
    def test_a_sampler_that_raises_does_not_reach_the_caller(
        self, case: Case, server: ProviderServer, recording: Recording, caplog: pytest.LogCaptureFixture
    ) -> None:
        begin(recording, tracer_provider=TracerProvider(Raising(), shutdown_on_exit=False))
        works(case, server)
        assert errors(recording) == 1
        assert len(lines(caplog)) == 1
        assert recording.metrics()["gen_ai.client.inference.duration"]

    @pytest.mark.parametrize("case", CASES[::6], ids=by_id)
    def test_what_the_application_put_in_never_switches_the_instrumentation_off(
        self, case: Case, server: ProviderServer, recording: Recording
    ) -> None:
        recording.tracer_provider.add_span_processor(Raising("on_start", "on_end"))
        recording.logger_provider.add_log_record_processor(Raising())
        begin(recording, error_limit=2)
        for _ in range(5):
            works(case, server)
            llmotel.flush()
        assert sum(point.count for point in recording.metrics()["gen_ai.client.inference.duration"]) == 5

    @each_case
    def test_an_exporter_that_raises_does_not_reach_the_caller(
        self, case: Case, server: ProviderServer, recording: Recording
    ) -> None:
        recording.tracer_provider.add_span_processor(SimpleSpanProcessor(Raising()))
        begin(recording)
        works(case, server)
        llmotel.flush()
        assert len(recording.spans()) == 1

    @each_case
    def test_a_log_processor_that_raises_costs_only_the_events(
        self, case: Case, server: ProviderServer, recording: Recording, caplog: pytest.LogCaptureFixture
    ) -> None:
        recording.logger_provider.add_log_record_processor(Raising())
        begin(recording, events=True)
        works(case, server)
        assert errors(recording) == 1
        assert "RuntimeError in events" in lines(caplog)[0]
        assert len(recording.spans()) == 1

    @each_case
    def test_a_redaction_callable_that_raises_costs_only_the_text(
        self, case: Case, server: ProviderServer, recording: Recording, caplog: pytest.LogCaptureFixture
    ) -> None:
        begin(recording, redactor=fail, capture_content=True)
        works(case, server)
        llmotel.flush()
        [span] = recording.spans()
        assert span.attributes["gen_ai.response.id"]
        assert "capital" not in span.attributes.get("gen_ai.input.messages", "")
        assert "RuntimeError in redactor" in lines(caplog)[0]
        assert len(lines(caplog)) == 1
        assert errors(recording) > 0

    @each_case
    def test_a_completion_hook_that_raises_costs_nothing(
        self, case: Case, server: ProviderServer, recording: Recording, caplog: pytest.LogCaptureFixture
    ) -> None:
        begin(recording, completion_hook=fail, capture_content=True)
        works(case, server)
        llmotel.flush()
        [span] = recording.spans()
        assert "capital" in span.attributes["gen_ai.input.messages"]
        assert lines(caplog) and "RuntimeError in completion_hook" in lines(caplog)[0]

    def test_an_exception_that_cannot_be_printed_is_recorded_by_its_type(
        self, server: ProviderServer, recording: Recording
    ) -> None:
        class Unprintable(Exception):
            __str__ = __repr__ = fail  # type: ignore[assignment]

        def hook(_: Any) -> NoReturn:
            raise Unprintable

        begin(recording, capture_content=True)
        client = httpx.Client(verify=False, event_hooks={"request": [hook]})
        seen = performed(CASES[0], server, http_client=client)
        assert seen.error is not None
        assert isinstance(seen.error.__cause__ or seen.error, Unprintable)  # openai 1 wraps what a hook raises
        llmotel.flush()
        assert recording.spans()[0].attributes["error.type"].endswith(type(seen.error).__qualname__)


class TestAReaderThatRaises:
    """A bug of ours, or a provider's answer that nobody thought of."""

    @pytest.fixture(params=READERS)
    def broken(self, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
        """One reader of each provider raises."""
        chat = openai_provider.ENDPOINTS["/chat/completions"].replaced(**{request.param: fail})
        monkeypatch.setitem(openai_provider.ENDPOINTS, "/chat/completions", chat)
        monkeypatch.setitem(compatible.ENDPOINTS, "chat/completions", chat)
        monkeypatch.setattr(messages, "MESSAGES", messages.MESSAGES.replaced(**{request.param: fail}))
        for verb in ("generateContent", "streamGenerateContent"):
            generate = google_paths.ENDPOINTS[verb].replaced(**{request.param: fail})
            monkeypatch.setitem(google_paths.ENDPOINTS, verb, generate)
        reader: str = request.param
        return reader

    @each_case
    def test_the_call_works_and_its_span_ends(
        self, broken: str, case: Case, server: ProviderServer, recording: Recording, caplog: pytest.LogCaptureFixture
    ) -> None:
        begin(recording, capture_content=True)
        works(case, server)
        works(case, server)
        llmotel.flush()
        spans = recording.spans()
        assert len(spans) == 2
        assert all(span.attributes["gen_ai.provider.name"] == case.provider.name for span in spans)
        assert len([line for line in lines(caplog) if "RuntimeError" in line]) <= 1
        assert SECRET not in caplog.text
        streams = broken in ("read_chunk", "accumulate_chunk", "finalize_stream")
        if broken in ("read_request", "read_input") or streams == (case.shape.form != "whole"):
            assert errors(recording) >= 2
        else:
            assert errors(recording) == 0

    @pytest.mark.parametrize("variant", [RAW, STREAMING])
    @pytest.mark.parametrize("case", [case for case in CASES if RAW in case.shape.variants], ids=by_id)
    def test_raw_responses_work_too(
        self, broken: str, variant: str, case: Case, server: ProviderServer, recording: Recording
    ) -> None:
        begin(recording, capture_content=True)
        works(replace(case, variant=variant), server)
        llmotel.flush()
        assert len(recording.spans()) == 1

    def test_it_is_raised_where_bugs_are_looked_for(
        self, server: ProviderServer, recording: Recording, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("LLMOTEL_RAISE", "1")
        chat = openai_provider.ENDPOINTS["/chat/completions"]
        monkeypatch.setitem(openai_provider.ENDPOINTS, "/chat/completions", chat.replaced(read_response=fail))
        begin(recording)
        error = performed(CASES[0], server).error
        assert isinstance(error, RuntimeError)
        assert str(error) == SECRET


class TestTheCircuitBreaker:
    LIMIT = 3

    @pytest.fixture(params=[OPENAI, ANTHROPIC], ids=lambda provider: provider.name)
    def provider(
        self, request: pytest.FixtureRequest, recording: Recording, monkeypatch: pytest.MonkeyPatch
    ) -> Provider:
        """One that has a reader which raises, under a limit of three errors."""
        chat = openai_provider.ENDPOINTS["/chat/completions"]
        monkeypatch.setitem(openai_provider.ENDPOINTS, "/chat/completions", chat.replaced(read_response=fail))
        monkeypatch.setattr(messages, "MESSAGES", messages.MESSAGES.replaced(read_response=fail))
        begin(recording, error_limit=self.LIMIT)
        provider: Provider = request.param
        return provider

    def fail_often(self, provider: Provider, server: ProviderServer) -> None:
        for _ in range(self.LIMIT + 4):
            works(Case(provider, provider.first()), server)

    @staticmethod
    def state(provider: Provider) -> tuple[str, str]:
        [row] = [row for row in registry.report() if row.library == provider.library]
        return row.state, row.detail

    def test_an_operation_that_fails_too_often_is_not_recorded_for_a_while(
        self, provider: Provider, server: ProviderServer, recording: Recording
    ) -> None:
        self.fail_often(provider, server)
        llmotel.flush()
        assert len(recording.spans()) == self.LIMIT

    def test_it_says_so_once_and_in_the_report(
        self, provider: Provider, server: ProviderServer, caplog: pytest.LogCaptureFixture
    ) -> None:
        self.fail_often(provider, server)
        [line] = [line for line in lines(caplog) if "is not recorded for" in line]
        assert f"chat of {provider.library} is not recorded for 300 s" in line
        state, detail = self.state(provider)
        assert state == "instrumented"
        assert "not recorded for a while" in detail
        assert llmotel.status().errors[-1].endswith("read_response: RuntimeError")
        assert llmotel.status().hints[0].startswith(f"Not recorded for a while: calls of {provider.library}.")

    def test_it_is_recorded_again_after_that_while(
        self, provider: Provider, server: ProviderServer, recording: Recording, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(Health, "PAUSE", 0.0)
        self.fail_often(provider, server)
        llmotel.flush()
        assert len(recording.spans()) == self.LIMIT + 4

    def test_the_other_operations_of_the_library_go_on(
        self, provider: Provider, server: ProviderServer, recording: Recording
    ) -> None:
        self.fail_often(provider, server)
        other = Case(OPENAI, OPENAI.shape("embeddings.create"))
        works(other, server)
        llmotel.flush()
        assert recording.spans()[-1].name.startswith("embeddings")

    def test_errors_in_few_of_many_calls_change_nothing(
        self, provider: Provider, server: ProviderServer, recording: Recording, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        case = Case(provider, provider.first())
        for _ in range(self.LIMIT - 1):
            works(case, server)
        monkeypatch.undo()  # the reader works again
        for _ in range(2 * self.LIMIT):
            works(case, server)
        llmotel.flush()
        assert len(recording.spans()) == 3 * self.LIMIT - 1

    def test_a_stream_counts_once_however_many_chunks_fail(
        self, server: ProviderServer, recording: Recording, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        chat = openai_provider.ENDPOINTS["/chat/completions"]
        monkeypatch.setitem(openai_provider.ENDPOINTS, "/chat/completions", chat.replaced(read_chunk=fail))
        begin(recording, error_limit=self.LIMIT)
        case = Case(OPENAI, OPENAI.shape("chat.stream"))
        for _ in range(self.LIMIT - 1):
            assert len(works(case, server).chunks) > self.LIMIT
        works(Case(OPENAI, OPENAI.first()), server)
        llmotel.flush()
        assert len(recording.spans()) == self.LIMIT

    def test_the_other_library_goes_on(self, provider: Provider, server: ProviderServer, recording: Recording) -> None:
        other = ANTHROPIC if provider is OPENAI else OPENAI
        self.fail_often(provider, server)
        works(Case(other, other.shape("messages.stream" if other is ANTHROPIC else "embeddings.create")), server)
        llmotel.flush()
        assert recording.spans()[-1].attributes["gen_ai.provider.name"] == other.name
        assert self.state(other)[0] == "instrumented"

    def test_it_is_switched_on_again_by_a_new_start(
        self, provider: Provider, server: ProviderServer, recording: Recording, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        self.fail_often(provider, server)
        llmotel.shutdown()
        begin(recording, error_limit=50)
        works(Case(provider, provider.first()), server)
        llmotel.flush()
        assert len(recording.spans()) == self.LIMIT + 1
        assert self.state(provider)[0] == "instrumented"

    def test_instrumenting_again_switches_it_on_as_well(
        self, provider: Provider, server: ProviderServer, recording: Recording
    ) -> None:
        self.fail_often(provider, server)
        provider.instrumentor().instrument()
        works(Case(provider, provider.first()), server)
        llmotel.flush()
        assert len(recording.spans()) == self.LIMIT + 1
        assert self.state(provider)[0] == "instrumented"


class TestSuppression:
    @each_case
    @pytest.mark.parametrize(
        "key",
        [
            pytest.param(getattr(context, "_SUPPRESS_INSTRUMENTATION_KEY"), id="opentelemetry"),  # noqa: B009
            "suppress_instrumentation",
            "suppress_language_model_instrumentation",
        ],
    )
    def test_a_suppressed_call_is_not_recorded(
        self, key: str, case: Case, server: ProviderServer, telemetry: Telemetry
    ) -> None:
        token = context.attach(context.set_value(key, True))
        try:
            works(case, server)
        finally:
            context.detach(token)
        assert telemetry.spans == []
        assert "gen_ai.client.inference.duration" not in telemetry.metrics()
        works(case, server)
        assert len(telemetry.spans) == 1
