"""Instrumenting leaves no trace once it is undone, happens once however often it is asked for, and in any order."""

from __future__ import annotations

import functools
import os
from collections.abc import Callable, Iterator
from importlib import import_module
from importlib.metadata import version
from types import GeneratorType
from typing import Any

import pytest
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from packaging.specifiers import SpecifierSet
from packaging.version import Version

import llmotel
import scripts
from contract.calling import performed
from contract.providers import ANTHROPIC, PROVIDERS, STAINLESS, STREAM, Case, Provider, make_client
from llmotel.instrumentation import registry
from llmotel.testing import ProviderServer
from llmotel.testing.recording import Recording
from telemetry import Telemetry

NATIVE = "ANTHROPIC_OPEN_TELEMETRY"
# What only some versions have of what llmotel wraps.
VERSIONS = {
    "openai.lib.streaming.responses.": SpecifierSet(">=1.66"),
    "anthropic._base_client:BaseClient._tracer": SpecifierSet(">=1.14"),
    "anthropic._streaming:": SpecifierSet("<1"),
    "google.genai._api_client:BaseApiClient._request_once": SpecifierSet(">=1.21"),
    "google.genai._api_client:BaseApiClient._async_request_once": SpecifierSet(">=1.21"),
}
each_provider = pytest.mark.parametrize("provider", PROVIDERS, ids=lambda provider: provider.name)


def created(provider: Provider) -> Case:
    return Case(provider, provider.first())


def places(provider: Provider) -> list[str]:
    """Wherever llmotel wraps a method, or replaces a property, in any version of the library."""
    spec = provider.instrumentor.provider
    wrapped = (*spec.seams, *spec.closers, *spec.retries, *spec.instance_checks, *spec.outers)
    native = [f"{native.module}:{native.tracer}" for native in spec.native]
    return [f"{place.module}:{place.attribute}" for place in wrapped] + native


def there(provider: Provider, place: str) -> bool:
    """Whether the installed version has to have what llmotel wraps at ``place``."""
    return all(provider.version in versions for start, versions in VERSIONS.items() if place.startswith(start))


def found(place: str) -> Any:
    """What is to be found at ``place`` now."""
    module, _, attribute = place.partition(":")
    owner: Any = import_module(module)
    *parents, name = attribute.split(".")
    for parent in parents:
        owner = getattr(owner, parent)
    return vars(owner)[name]


def functions(provider: Provider) -> dict[str, Any]:
    """What is to be found now wherever llmotel wraps something of the installed version."""
    return {place: found(place) for place in places(provider) if there(provider, place)}


@pytest.fixture
def clean() -> Iterator[None]:
    """Nothing is instrumented before the test, nor after it."""
    yield
    llmotel.shutdown()


@each_provider
def test_what_other_versions_have_is_not_there(provider: Provider) -> None:
    for place in places(provider):
        if not there(provider, place):
            with pytest.raises((ImportError, AttributeError, KeyError)):
                found(place)


@each_provider
def test_uninstrument_restores_the_very_same_functions(provider: Provider) -> None:
    before = functions(provider)
    telemetry = Telemetry()
    during = functions(provider)
    telemetry.end()
    after = functions(provider)
    assert all(during[place] is not before[place] for place in before)
    assert all(after[place] is before[place] for place in before)


@each_provider
def test_instrumenting_twice_wraps_once(provider: Provider, telemetry: Telemetry, server: ProviderServer) -> None:
    once = functions(provider)
    provider.instrumentor().instrument(engine=telemetry.engine)
    registry.activate(telemetry.engine)
    assert functions(provider) == once
    performed(created(provider), server)
    assert len(telemetry.spans) == 1


@each_provider
def test_uninstrumenting_twice_does_no_harm(provider: Provider, server: ProviderServer) -> None:
    before = functions(provider)
    telemetry = Telemetry()
    telemetry.end()
    provider.instrumentor().uninstrument()
    assert functions(provider) == before


@each_provider
def test_a_client_that_was_made_before_is_instrumented(provider: Provider, server: ProviderServer) -> None:
    case = created(provider)
    with make_client(provider, server, is_async=False) as client:
        telemetry = Telemetry()
        case.call(client)
        assert len(telemetry.spans) == 1
        telemetry.end()
        case.call(client)
        assert len(telemetry.recording.spans()) == 1


@each_provider
def test_a_stream_that_is_open_when_it_is_uninstrumented_ends_its_span(
    provider: Provider, server: ProviderServer, telemetry: Telemetry
) -> None:
    case = Case(provider, provider.first(STREAM))
    with make_client(provider, server, is_async=False) as client:
        stream = case.call(client)
        next(stream)
        provider.instrumentor().uninstrument()
        chunks = list(stream)
    assert chunks
    assert telemetry.span.attributes["llmotel.stream.outcome"] == "completed"


class TestAnotherVendor:
    """Another package that wraps the same method."""

    @pytest.fixture(params=STAINLESS, ids=lambda provider: provider.name)
    def provider(self, request: pytest.FixtureRequest) -> Iterator[Provider]:
        provider: Provider = request.param
        self.owner = import_module(f"{provider.module}._base_client").SyncAPIClient
        original = vars(self.owner)["request"]
        yield provider
        self.owner.request = original

    def wrap(self) -> Any:
        wrapped = self.owner.request

        @functools.wraps(wrapped)
        def theirs(client: Any, *args: Any, **kwargs: Any) -> Any:
            return wrapped(client, *args, **kwargs)

        self.owner.request = theirs
        return theirs

    def test_what_it_wrapped_over_us_stays_when_we_go(self, provider: Provider, server: ProviderServer) -> None:
        telemetry = Telemetry()
        theirs = self.wrap()
        telemetry.end()
        assert self.owner.request is theirs
        assert performed(created(provider), server).error is None
        assert telemetry.recording.spans() == []

    def test_it_does_not_make_us_count_twice_when_we_come_back(
        self, provider: Provider, server: ProviderServer, instrument: Callable[..., Telemetry]
    ) -> None:
        first = Telemetry()
        self.wrap()
        first.end()
        telemetry = instrument()
        performed(created(provider), server)
        assert len(telemetry.spans) == 1

    def test_we_come_back_also_when_it_took_us_out(
        self, provider: Provider, server: ProviderServer, instrument: Callable[..., Telemetry]
    ) -> None:
        original = vars(self.owner)["request"]
        first = Telemetry()
        self.wrap()
        first.end()
        self.owner.request = original
        telemetry = instrument()
        performed(created(provider), server)
        assert len(telemetry.spans) == 1

    def test_one_that_was_there_first_is_told_of_once(
        self,
        provider: Provider,
        server: ProviderServer,
        instrument: Callable[..., Telemetry],
        caplog: pytest.LogCaptureFixture,
    ) -> None:
        theirs = self.wrap()
        telemetry = instrument()
        performed(created(provider), server)
        performed(created(provider), server)
        [row] = [row for row in registry.report() if row.library == provider.library]
        assert len(telemetry.spans) == 2
        telemetry.end()
        assert self.owner.request is theirs
        assert "also wrapped by" in row.detail
        assert [record.message for record in caplog.records if "also wrapped by" in record.message] == [
            f"llmotel: {provider.library} SyncAPIClient.request is also wrapped by {__name__}: calls may be recorded twice"
        ]


class TestAnthropicsOwnSpans:
    @pytest.mark.newest(reason="anthropic makes spans since 1.14")
    def test_they_are_off_while_it_is_instrumented(
        self, server: ProviderServer, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.delenv(NATIVE, raising=False)
        exporter, provider = InMemorySpanExporter(), TracerProvider(shutdown_on_exit=False)
        provider.add_span_processor(SimpleSpanProcessor(exporter))
        native = {"tracer_provider": provider}
        with make_client(ANTHROPIC, server, is_async=False, open_telemetry=native) as client:
            created(ANTHROPIC).call(client)
            assert len(exporter.get_finished_spans()) == 1
            telemetry = Telemetry()
            created(ANTHROPIC).call(client)
            assert len(exporter.get_finished_spans()) == 1
            assert len(telemetry.spans) == 1
            telemetry.end()
            created(ANTHROPIC).call(client)
            assert len(exporter.get_finished_spans()) == 2

    @pytest.mark.parametrize("before", [None, "true"])
    def test_their_variable_is_not_touched_since_child_processes_inherit_it(
        self, before: str | None, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        if before is None:
            monkeypatch.delenv(NATIVE, raising=False)
        else:
            monkeypatch.setenv(NATIVE, before)
        telemetry = Telemetry()
        assert os.environ.get(NATIVE) == before
        telemetry.end()
        assert os.environ.get(NATIVE) == before

    def test_the_report_says_so(self, telemetry: Telemetry) -> None:
        [row] = [row for row in registry.report() if row.library == "anthropic"]
        assert row.state == "instrumented"
        assert "switched off" in row.detail


class TestTheKillSwitch:
    @pytest.fixture
    def recording(self, clean: None) -> Recording:
        recording = Recording()
        llmotel.init(
            tracer_provider=recording.tracer_provider,
            meter_provider=recording.meter_provider,
            logger_provider=recording.logger_provider,
        )
        return recording

    @each_provider
    def test_a_call_passes_through_untouched(
        self, provider: Provider, recording: Recording, server: ProviderServer
    ) -> None:
        llmotel.disable()
        with make_client(provider, server, is_async=False) as client:
            stream = Case(provider, provider.first(STREAM)).call(client)
            # No proxy: the library's own, or what Python has for a generator function.
            assert isinstance(stream, GeneratorType) or type(stream).__module__.startswith(provider.module)
            list(stream)
        llmotel.flush()
        assert recording.spans() == []
        assert "gen_ai.client.inference.duration" not in recording.metrics()

    @each_provider
    def test_enable_undoes_it(self, provider: Provider, recording: Recording, server: ProviderServer) -> None:
        llmotel.disable()
        performed(created(provider), server)
        llmotel.enable()
        performed(created(provider), server)
        llmotel.flush()
        assert len(recording.spans()) == 1

    @each_provider
    def test_a_stream_that_had_begun_ends_its_span(
        self, provider: Provider, recording: Recording, server: ProviderServer
    ) -> None:
        with make_client(provider, server, is_async=False) as client:
            stream = Case(provider, provider.first(STREAM)).call(client)
            next(stream)
            llmotel.disable()
            list(stream)
        llmotel.flush()
        [span] = recording.spans()
        assert span.attributes["llmotel.stream.outcome"] == "completed"


@each_provider
def test_the_surface_that_opentelemetrys_tools_use(provider: Provider, server: ProviderServer, clean: None) -> None:
    recording = Recording()
    before = functions(provider)
    instrumentor = provider.instrumentor()
    [requirement] = instrumentor.instrumentation_dependencies()
    assert requirement.startswith(f"{provider.library} >=")
    instrumentor.instrument(tracer_provider=recording.tracer_provider, meter_provider=recording.meter_provider, skip=1)
    performed(created(provider), server)
    instrumentor.uninstrument()
    performed(created(provider), server)
    assert len(recording.spans()) == 1
    assert functions(provider) == before


# In processes of their own, as an import happens once.

_SETUP = """
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from llmotel.testing import ProviderServer
exporter, provider = InMemorySpanExporter(), TracerProvider()
provider.add_span_processor(SimpleSpanProcessor(exporter))
server = ProviderServer().start()

def init():
    llmotel.init(tracer_provider=provider, metrics_exporter="none", logs_exporter="none")

def ask():
    import openai, anthropic
    messages = [{"role": "user", "content": "Hello"}]
    with openai.OpenAI(api_key="any", base_url=server.openai_url) as client:
        client.chat.completions.create(model="gpt-4.1", messages=messages)
    with anthropic.Anthropic(api_key="any", base_url=server.url) as client:
        client.messages.create(model="claude-opus-5", max_tokens=9, messages=messages)
    server.stop()
    print(sorted(span.name for span in exporter.get_finished_spans()))
"""
# Its tracers count themselves on the global MeterProvider, also on one that was shut down.
OPENTELEMETRYS_OWN = (
    ["opentelemetry.sdk.metrics._internal: A shutdown `MeterProvider` can not provide a `Meter`"]
    if Version(version("opentelemetry-sdk")) < Version("1.42")
    else []
)
_BOTH = "['chat claude-opus-5', 'chat gpt-4.1']"


@pytest.mark.parametrize(
    "order",
    [
        "import openai, anthropic; init(); ask()",
        "init(); import openai, anthropic; ask()",
        "import openai; init(); import anthropic; ask()",
        "init(); from openai.resources.chat import completions; import anthropic.types; ask()",
        "init(); llmotel.shutdown(); import openai, anthropic; init(); ask()",
    ],
)
def test_the_order_of_imports_does_not_matter(order: str) -> None:
    out, err = scripts.run(_SETUP + order)
    assert out == _BOTH
    assert [line for line in err.splitlines() if line not in OPENTELEMETRYS_OWN] == []


def test_init_imports_no_client_library() -> None:
    out, _ = scripts.run(
        _SETUP + "init(); print(sorted({'openai', 'anthropic', 'httpx', 'httpx2', 'pydantic'} & {*sys.modules}))"
    )
    assert out == "[]"
