"""Whatever goes wrong in telemetry, the caller gets what it would get without it; the fault is told once, counted."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import fields, replace
from typing import Any

import anthropic
import openai
import pytest
from opentelemetry import context
from opentelemetry.instrumentation.utils import suppress_instrumentation
from opentelemetry.sdk._logs import LoggerProvider, LogRecordProcessor
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import (
    InMemoryMetricReader,
    MetricExporter,
    MetricExportResult,
    PeriodicExportingMetricReader,
)
from opentelemetry.sdk.metrics.view import View
from opentelemetry.sdk.trace import SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor, SpanExporter, SpanExportResult
from opentelemetry.sdk.trace.sampling import Sampler, SamplingResult

import llmotel_instrumentors.anthropic
import llmotel_instrumentors.openai
from contract.calling import BROKEN_OFF, DROPPED, READ, Seen, performed
from contract.providers import ANTHROPIC, OPENAI, PROVIDERS, RAW, STREAM, STREAMING, WHOLE, Case
from contract.situations import by_id
from llmotel import registry
from llmotel.config import Config
from llmotel.engine import Engine
from llmotel.spec import Endpoint
from llmotel.testing import ProviderServer, Reply
from llmotel.testing.recording import Recording
from llmotel_instrumentors.dialects import messages as messages_dialect

CASES = [
    Case(provider, provider.shape(name), variant, is_async)
    for provider, name, variant, is_async in (
        (OPENAI, "chat.create", "plain", False),
        (OPENAI, "chat.create", "plain", True),
        (OPENAI, "chat.create", RAW, False),
        (OPENAI, "chat.create", STREAMING, True),
        (OPENAI, "chat.stream+usage", "plain", False),
        (OPENAI, "chat.stream+usage", "plain", True),
        (OPENAI, "responses.helper", "plain", False),
        (ANTHROPIC, "messages.create", "plain", False),
        (ANTHROPIC, "messages.create", "plain", True),
        (ANTHROPIC, "messages.stream", "plain", False),
        (ANTHROPIC, "messages.helper", "plain", True),
    )
]
PLAIN = [case for case in CASES if case.variant == "plain" and not case.is_async]
EACH = pytest.mark.parametrize("case", CASES, ids=by_id)
SECRET = "the-secret-of-the-fault"


class Fault(Exception):
    """What the telemetry of these tests fails with. Its message could be content: no log line may hold it."""

    def __init__(self) -> None:
        super().__init__(SECRET)


def fail(*_: object, **__: object) -> Any:
    raise Fault


class Installation:
    """An engine on providers of the test's, with every library instrumented."""

    def __init__(self, ending: ExitStack, caplog: pytest.LogCaptureFixture) -> None:
        self._ending = ending
        self._caplog = caplog
        self.recording = Recording()
        ending.enter_context(self.recording.listening())

    def __call__(
        self,
        tracer_provider: TracerProvider | None = None,
        meter_provider: MeterProvider | None = None,
        logger_provider: LoggerProvider | None = None,
        **settings: object,
    ) -> Installation:
        recording = self.recording
        self.engine = Engine(
            Config.load(settings),
            tracer_provider or recording.tracer_provider,
            meter_provider or recording.meter_provider,
            logger_provider or recording.logger_provider,
        )
        self._ending.callback(self.engine.shutdown)
        registry.activate(self.engine)
        self._ending.callback(registry.deactivate)
        return self

    @property
    def errors(self) -> int:
        self.engine.flush()
        return self.engine.guard.errors

    @property
    def lines(self) -> list[str]:
        """The lines that llmotel logged of its errors."""
        self.engine.flush()
        return [
            record.getMessage()
            for record in self._caplog.records
            if record.name == "llmotel" and "the application is not affected, telemetry" in record.getMessage()
        ]

    @property
    def spans(self) -> list[Any]:
        self.engine.flush()
        return self.recording.spans()

    def counted(self) -> float:
        """``llmotel.internal.errors``."""
        self.engine.flush()
        [point] = self.recording.metrics()["llmotel.internal.errors"]
        value: float = point.value
        return value


@pytest.fixture
def install(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> Iterator[Installation]:
    """As applications run it: internal errors are not raised."""
    monkeypatch.setenv("LLMOTEL_RAISE", "0")
    caplog.set_level(logging.DEBUG, "llmotel")
    with ExitStack() as ending:
        yield Installation(ending, caplog)


@pytest.fixture
def compared(server: ProviderServer, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """``compared(case, begin)`` makes the call, refused and answered, without llmotel, then lets ``begin`` install it,
    makes the same calls twice, and compares all that the caller sees."""
    monkeypatch.setenv("ANTHROPIC_OPEN_TELEMETRY", "false")

    def compare(case: Case, begin: Callable[[], object], ending: str = READ) -> None:
        def calls() -> list[Seen]:
            server.script(Reply(case.shape.body), case.provider.refuse(400))
            return [performed(case, server, ending), performed(case, server, ending)]

        without = calls()
        begin()
        for seen, expected in zip([*calls(), *calls()], [*without, *without], strict=True):
            assert seen.handed == expected.handed
            assert seen.value == expected.value
            assert seen.chunks == expected.chunks
            assert type(seen.error) is type(expected.error)
            assert str(seen.error) == str(expected.error)
            assert not isinstance(seen.error, Fault)
        assert context.get_current() == {}

    return compare


# Faults of what the application plugged into OpenTelemetry.


class BrokenStart(SpanProcessor):
    def on_start(self, span: Any, parent_context: Any = None) -> None:
        raise Fault


class BrokenEnd(SpanProcessor):
    def on_end(self, span: Any) -> None:
        raise Fault


class BrokenSampler(Sampler):
    def should_sample(self, *_: Any, **__: Any) -> SamplingResult:
        raise Fault

    def get_description(self) -> str:
        return "broken"


class BrokenSpanExporter(SpanExporter):
    def export(self, spans: Sequence[Any]) -> SpanExportResult:
        raise Fault


class BrokenMetricExporter(MetricExporter):
    def export(self, *_: Any, **__: Any) -> MetricExportResult:
        raise Fault

    def force_flush(self, timeout_millis: float = 0) -> bool:
        return True

    def shutdown(self, timeout_millis: float = 0, **_: Any) -> None:
        pass


class BrokenView(View):
    def _match(self, instrument: Any) -> bool:
        raise Fault


class BrokenLogProcessor(LogRecordProcessor):
    on_emit = fail
    _on_emit = fail
    emit = fail

    def shutdown(self) -> None:
        pass

    def force_flush(self, timeout_millis: int = 0) -> bool:
        return True


def tracer_provider(*processors: SpanProcessor, sampler: Sampler | None = None) -> TracerProvider:
    provider = TracerProvider(sampler, shutdown_on_exit=False)
    for processor in processors:
        provider.add_span_processor(processor)
    return provider


def meter_provider(**options: Any) -> MeterProvider:
    return MeterProvider(shutdown_on_exit=False, **{"metric_readers": [InMemoryMetricReader()], **options})


def logger_provider() -> LoggerProvider:
    provider = LoggerProvider(shutdown_on_exit=False)
    provider.add_log_record_processor(BrokenLogProcessor())
    return provider


@EACH
@pytest.mark.parametrize(
    ("site", "broken"),
    [
        ("start_span", lambda: {"tracer_provider": tracer_provider(BrokenStart())}),
        ("start_span", lambda: {"tracer_provider": tracer_provider(sampler=BrokenSampler())}),
        ("span_end", lambda: {"tracer_provider": tracer_provider(BrokenEnd())}),
        ("metrics", lambda: {"meter_provider": meter_provider(views=[BrokenView(instrument_name="*")])}),
        ("events", lambda: {"logger_provider": logger_provider()}),
    ],
    ids=["processor on_start", "sampler", "processor on_end", "view", "log processor"],
)
def test_a_fault_in_the_pipeline_does_not_reach_the_caller(
    site: str, broken: Callable[[], dict[str, Any]], case: Case, compared: Callable[..., None], install: Installation
) -> None:
    compared(case, lambda: install(**broken()))
    assert install.errors == 4
    assert [line for line in install.lines if f"Fault in {site};" in line] == install.lines
    assert len(install.lines) == 1
    assert SECRET not in install.lines[0]


@EACH
def test_exporters_that_raise_do_not_reach_the_caller(
    case: Case, compared: Callable[..., None], install: Installation, caplog: pytest.LogCaptureFixture
) -> None:
    tracing = tracer_provider(SimpleSpanProcessor(BrokenSpanExporter()))
    reader = PeriodicExportingMetricReader(BrokenMetricExporter(), export_interval_millis=float("inf"))
    metering = meter_provider(metric_readers=[reader])
    try:
        compared(case, lambda: install(tracing, metering))
        install.engine.flush()
        reader.collect()
    finally:
        metering.shutdown()
    assert install.errors == 0  # OpenTelemetry's SDK contains these itself
    assert any("Exception while exporting" in record.getMessage() for record in caplog.records)


@EACH
def test_one_broken_part_leaves_the_others_whole(case: Case, server: ProviderServer, install: Installation) -> None:
    install(tracer_provider(BrokenStart()))
    server.script(Reply(case.shape.body))
    performed(case, server)
    install.engine.flush()
    assert "gen_ai.client.inference.duration" in install.recording.metrics()
    assert [event.event_name for event in install.recording.events()] == ["gen_ai.client.inference.operation.details"]
    assert install.counted() == 1


# Faults of what the application gave to llmotel.


@EACH
def test_a_redaction_that_raises_loses_the_text_only(
    case: Case, compared: Callable[..., None], install: Installation
) -> None:
    compared(case, lambda: install(capture_content="SPAN_ONLY", redactor=fail))
    [told, *_] = install.spans
    assert "[REDACTED:error]" in told.attributes["gen_ai.input.messages"]
    assert "capital of France" not in told.to_json()
    assert [line for line in install.lines if "Fault in redactor;" in line] == install.lines
    assert len(install.lines) == 1
    assert install.errors > 0


@EACH
def test_a_completion_hook_that_raises_loses_nothing_else(
    case: Case, compared: Callable[..., None], install: Installation
) -> None:
    compared(case, lambda: install(completion_hook=fail))
    assert install.errors == 4
    assert len(install.lines) == 1
    assert "Fault in completion_hook;" in install.lines[0]
    assert len(install.spans) == 4
    assert not any("gen_ai.input.messages" in span.attributes for span in install.spans)


# Faults of readers.

READERS = [field.name for field in fields(Endpoint) if field.name.startswith("read_")]


def break_reader(monkeypatch: pytest.MonkeyPatch, *names: str) -> None:
    """Puts faults into the tables of both providers."""
    endpoints = llmotel_instrumentors.openai.ENDPOINTS
    for path, endpoint in list(endpoints.items()):
        monkeypatch.setitem(endpoints, path, replace(endpoint, **dict.fromkeys(names, fail)))
    monkeypatch.setattr(messages_dialect, "MESSAGES", replace(messages_dialect.MESSAGES, **dict.fromkeys(names, fail)))


@EACH
@pytest.mark.parametrize("reader", READERS)
def test_a_reader_that_raises_does_not_reach_the_caller(
    reader: str,
    case: Case,
    compared: Callable[..., None],
    install: Installation,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def begin() -> None:
        break_reader(monkeypatch, reader)
        install(capture_content="SPAN_ONLY")

    compared(case, begin)
    assert len(install.spans) == 4
    streamed = case.shape.form != WHOLE
    watched = streamed or case.variant == STREAMING
    used = {
        "read_request": True, "read_input": True, "read_response": not streamed, "read_answer": not streamed,
        "read_output": not streamed, "read_chunk": streamed, "read_delta": streamed, "read_draft": watched,
    }[reader]  # fmt: skip
    assert bool(install.errors) == used
    assert len(install.lines) == used
    assert install.counted() == install.errors
    assert all(SECRET not in line and "Fault in" in line for line in install.lines)
    if reader not in ("read_request", "read_input"):
        assert all(span.attributes["gen_ai.request.model"] for span in install.spans)


@pytest.mark.parametrize("ending", [BROKEN_OFF, DROPPED])
@pytest.mark.parametrize("case", [case for case in CASES if case.shape.form == STREAM], ids=by_id)
def test_a_reader_that_raises_does_not_reach_who_leaves_a_stream_early(
    case: Case, ending: str, compared: Callable[..., None], install: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    def begin() -> None:
        break_reader(monkeypatch, *READERS)
        install(capture_content="SPAN_ONLY")

    compared(case, begin, ending)
    assert len(install.spans) == 4
    assert install.errors


@pytest.mark.parametrize("case", PLAIN, ids=by_id)
def test_contributors_have_internal_errors_raised(
    case: Case, server: ProviderServer, install: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LLMOTEL_RAISE", "1")
    break_reader(monkeypatch, "read_request")
    install()
    assert isinstance(performed(case, server).error, Fault)


# Too many faults.


@pytest.mark.parametrize("case", PLAIN, ids=by_id)
def test_a_library_with_too_many_errors_is_switched_off(
    case: Case,
    server: ProviderServer,
    install: Installation,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    break_reader(monkeypatch, "read_request")
    install(error_limit=3)
    for _ in range(5):
        server.script(Reply(case.shape.body))
        assert performed(case, server).error is None
    assert len(install.spans) == 3
    assert install.errors == 3
    row = status(case.provider.library)
    assert row.state == "switched off after errors"
    assert "3 internal errors" in row.detail
    assert f"{case.provider.name}.read_request: Fault" in row.detail
    said = [record.getMessage() for record in caplog.records if "switched itself off" in record.getMessage()]
    assert len(said) == 1
    assert f"instrumentation of {case.provider.library} switched itself off after 3 internal errors" in said[0]
    others = [other for other in PROVIDERS if other is not case.provider]
    assert all(status(other.library).state == "instrumented" for other in others)


def test_a_library_below_the_limit_goes_on(
    server: ProviderServer, install: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    case = PLAIN[0]
    break_reader(monkeypatch, "read_request")
    install(error_limit=4)
    for _ in range(3):
        server.script(Reply(case.shape.body))
        performed(case, server)
    assert status("openai").state == "instrumented"
    assert install.engine.guard.errors == 3


def status(library: str) -> Any:
    """What ``llmotel.status()`` says of ``library``."""
    return next(row for row in registry.report() if row.library == library)


# Wanted silence.


@EACH
@pytest.mark.parametrize("key", ["suppress_instrumentation", "suppress_language_model_instrumentation", None], ids=str)
def test_suppressed_calls_leave_nothing(
    key: str | None, case: Case, server: ProviderServer, install: Installation
) -> None:
    install()
    server.script(Reply(case.shape.body), Reply(case.shape.body))
    if key is None:  # OpenTelemetry's own way
        with suppress_instrumentation():
            performed(case, server)
    else:
        token = context.attach(context.set_value(key, True))
        try:
            performed(case, server)
        finally:
            context.detach(token)
    assert install.spans == []
    assert not any(name.startswith("gen_ai.") for name in install.recording.metrics())
    performed(case, server)
    assert len(install.spans) == 1


# Libraries that are not as expected.

LIBRARIES = [
    pytest.param(PLAIN[0], openai, llmotel_instrumentors.openai.OpenAIInstrumentor, id="openai"),
    pytest.param(PLAIN[-1], anthropic, llmotel_instrumentors.anthropic.AnthropicInstrumentor, id="anthropic"),
]


@pytest.mark.parametrize(("case", "library", "instrumentor"), LIBRARIES)
def test_a_library_that_is_too_old_is_left_alone(
    case: Case,
    library: Any,
    instrumentor: Any,
    server: ProviderServer,
    install: Installation,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr(library, "__version__", "0.50.9")
    install()
    server.script(Reply(case.shape.body))
    assert performed(case, server).error is None
    assert install.spans == []
    row, low = status(case.provider.library), instrumentor.provider.versions[0]
    assert (row.state, row.detail) == ("unsupported version", f"0.50.9 is not >={low}")
    assert f"llmotel: {case.provider.library} 0.50.9 is not instrumented: supported is >={low}" in caplog.messages


@pytest.mark.parametrize(("case", "library", "instrumentor"), LIBRARIES)
def test_the_oldest_supported_version_is_instrumented(
    case: Case,
    library: Any,
    instrumentor: Any,
    server: ProviderServer,
    install: Installation,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(library, "__version__", instrumentor.provider.versions[0])
    install()
    server.script(Reply(case.shape.body))
    performed(case, server)
    assert len(install.spans) == 1
    assert status(case.provider.library).state == "instrumented"


@pytest.mark.parametrize(("case", "library", "instrumentor"), LIBRARIES)
def test_a_library_without_its_seams_is_left_alone(
    case: Case,
    library: Any,
    instrumentor: Any,
    server: ProviderServer,
    install: Installation,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    provider = instrumentor.provider
    seams = tuple(replace(seam, attribute=f"{seam.attribute}_of_tomorrow") for seam in provider.seams)
    monkeypatch.setattr(instrumentor, "provider", replace(provider, seams=seams))
    install()
    server.script(Reply(case.shape.body))
    assert performed(case, server).error is None
    assert install.spans == []
    row = status(case.provider.library)
    assert row.state == "missing seam"
    assert all(f"{seam.module}:{seam.attribute}" in row.detail for seam in seams)
    assert f"llmotel: {case.provider.library} is not instrumented: {row.detail} not found" in caplog.messages


@pytest.mark.parametrize(("case", "library", "instrumentor"), LIBRARIES)
def test_a_library_without_one_of_its_seams_is_instrumented_at_the_others(
    case: Case,
    library: Any,
    instrumentor: Any,
    server: ProviderServer,
    install: Installation,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    provider = instrumentor.provider
    sync, asynchronous = provider.seams
    gone = replace(asynchronous, attribute="AsyncAPIClient.request_of_tomorrow")
    monkeypatch.setattr(instrumentor, "provider", replace(provider, seams=(sync, gone)))
    install()
    server.script(Reply(case.shape.body), Reply(case.shape.body))
    assert performed(replace(case, is_async=True), server).error is None
    assert install.spans == []
    performed(case, server)
    assert len(install.spans) == 1
    row = status(case.provider.library)
    assert row.state == "instrumented"
    assert f"missing seam {gone.module}:{gone.attribute}" in row.detail
