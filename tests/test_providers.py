"""An application's own providers, of any make: none is hashed, compared or changed, and one service stays one."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from receiver import Receiver
from scripts import run

CALLS = "gen_ai.client.inference.usage.input_tokens"

# Providers of an application's own. The first prints the names of its spans.
PROVIDERS = """
from dataclasses import dataclass
from opentelemetry import trace
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import ConsoleSpanExporter, SimpleSpanProcessor
def printing(kind=TracerProvider, **options):
    provider = kind(**options)
    printer = ConsoleSpanExporter(formatter=lambda span: span.name + os.linesep)
    provider.add_span_processor(SimpleSpanProcessor(printer))
    return provider
class Unhashable(TracerProvider):
    def __eq__(self, other): raise RuntimeError("compared")
@dataclass
class Wrapper(trace.TracerProvider):
    provider: TracerProvider
    def get_tracer(self, *arguments, **options): return self.provider.get_tracer(*arguments, **options)
class Transparent:
    def __init__(self, wrapped): self.__wrapped__ = wrapped
    def __getattr__(self, name): return getattr(self.__wrapped__, name)
class Vendor(trace.TracerProvider):
    __hash__ = None
    __slots__ = ()
    def get_tracer(self, *arguments, **options): return trace.NoOpTracer()
"""


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver() as receiver:
        yield receiver


class TestKinds:
    @pytest.mark.parametrize(
        "provider",
        ["printing(Unhashable)", "Wrapper(printing())", "Wrapper(Wrapper(printing(Unhashable)))"],
    )
    def test_one_that_is_the_sdks_or_wraps_it_is_used_each_time(self, provider: str) -> None:
        out, err = run(
            f"""
            trace.set_tracer_provider({provider})
            for _ in range(2):
                llmotel.init(); call(); llmotel.flush()
                print(llmotel.status().signals[0].provider)
                llmotel.shutdown()
            """,
            PROVIDERS,
        )
        assert out.splitlines() == ["chat gpt-4o", "reused"] * 2
        assert not err

    @pytest.mark.parametrize("provider", ["printing(Unhashable)", "Wrapper(printing())", "Transparent(printing())"])
    def test_one_given_to_init_may_be_any(self, provider: str) -> None:
        out, err = run(
            f"""
            theirs = {provider}
            for _ in range(2): llmotel.init(tracer_provider=theirs)
            call(); llmotel.flush(); llmotel.shutdown()
            """,
            PROVIDERS,
        )
        assert (out, err) == ("chat gpt-4o", "")

    def test_another_one_given_later_is_told_apart_without_a_comparison(self) -> None:
        out, err = run(
            """
            llmotel.init(tracer_provider=printing(Unhashable))
            llmotel.init(tracer_provider=printing(Unhashable))
            call(); llmotel.flush()
            """,
            PROVIDERS,
        )
        assert out == "chat gpt-4o"
        assert "init() has run already, this time its arguments are ignored: tracer_provider differ" in err

    def test_one_of_another_vendor_is_left_alone(self, receiver: Receiver) -> None:
        _, err = run(
            "trace.set_tracer_provider(Vendor()); llmotel.init(); call(); llmotel.shutdown()",
            PROVIDERS,
            OTEL_EXPORTER_OTLP_ENDPOINT=receiver.url,
        )
        assert [span.name for _, span in receiver.spans()] == ["chat gpt-4o"]
        assert "__main__.Vendor and not OpenTelemetry's SDK" in err

    def test_unhashable_ones_of_the_other_signals_are_used_too(self) -> None:
        out, err = run(
            """
            from opentelemetry import _logs, metrics
            from opentelemetry.sdk._logs import LoggerProvider
            from opentelemetry.sdk.metrics import MeterProvider
            class Meters(MeterProvider): __hash__ = None
            class Loggers(LoggerProvider): __hash__ = None
            metrics.set_meter_provider(Meters()); _logs.set_logger_provider(Loggers())
            for _ in range(2):
                llmotel.init(traces_exporter="none"); call(); llmotel.flush()
                print([row.provider for row in llmotel.status().signals])
                llmotel.shutdown()
            """
        )
        assert out.splitlines() == ["['own', 'reused', 'reused']", "['isolated', 'reused', 'reused']"]
        assert not err


class TestResource:
    """``service.name`` of metrics and events that llmotel sends itself is that of the application's spans."""

    SET_UP = (
        PROVIDERS
        + """
theirs = printing(resource=Resource({"service.name": "checkout", "team": "search"}))
"""
    )

    @pytest.mark.parametrize(
        "begin",
        [
            "trace.set_tracer_provider(theirs); llmotel.init()",
            "trace.set_tracer_provider(Wrapper(theirs)); llmotel.init()",
            "llmotel.init(tracer_provider=theirs)",
        ],
        ids=["reused", "wrapped", "given"],
    )
    def test_it_is_the_applications(self, receiver: Receiver, begin: str) -> None:
        run(
            f"{begin}; call()", self.SET_UP, OTEL_EXPORTER_OTLP_ENDPOINT=receiver.url,
            OTEL_SERVICE_NAME="somebody-else", OTEL_RESOURCE_ATTRIBUTES="region=eu", LLMOTEL_EVENTS="true",
        )  # fmt: skip
        [(resource, _)] = receiver.records()
        assert (resource["service.name"], resource["team"], resource["region"]) == ("checkout", "search", "eu")
        assert receiver.resources(CALLS) == [resource]

    def test_isolated_ones_keep_their_own(self, receiver: Receiver) -> None:
        run(
            "trace.set_tracer_provider(theirs); llmotel.init(isolated=True, service_name='llm'); call()", self.SET_UP,
            OTEL_EXPORTER_OTLP_ENDPOINT=receiver.url,
        )  # fmt: skip
        assert {resource["service.name"] for resource in receiver.resources(CALLS)} == {"llm"}


class TestSetTooLate:
    def test_one_that_opentelemetry_refuses_is_said_once_and_shown(self, receiver: Receiver) -> None:
        out, err = run(
            """
            llmotel.init()
            for _ in range(2): trace.set_tracer_provider(TracerProvider())
            [traces, metrics, logs] = llmotel.status().signals
            print(traces.detail)
            print([metrics.detail, logs.detail])
            from llmotel.diagnostics.doctor import examine
            print([finding.level for finding in examine(1) if "after llmotel.init()" in finding.text])
            """,
            PROVIDERS,
            OTEL_EXPORTER_OTLP_ENDPOINT=receiver.url,
        )
        said = (
            "the application set a TracerProvider after llmotel.init(), and OpenTelemetry keeps the first one, which is "
            "llmotel's. Set it before init(), or pass it to init()"
        )
        assert out.splitlines() == [said, "['', '']", "['warning']"]
        assert err.count(f"llmotel: llmotel: {said}") == 1

    def test_one_for_a_signal_that_had_none_is_used_and_that_is_said(self) -> None:
        out, err = run(
            """
            trace.set_tracer_provider(TracerProvider())
            llmotel.init()
            from opentelemetry import metrics
            from opentelemetry.sdk.metrics import MeterProvider
            from opentelemetry.sdk.metrics.export import InMemoryMetricReader
            reader = InMemoryMetricReader()
            print([row.provider for row in llmotel.status().signals])
            metrics.set_meter_provider(MeterProvider([reader]))
            print([row.provider for row in llmotel.status().signals], llmotel.status().signals[1].detail)
            call(); llmotel.flush()
            print(any(metric.name == "gen_ai.client.inference.usage.input_tokens" for scope in
                reader.get_metrics_data().resource_metrics[0].scope_metrics for metric in scope.metrics))
            """,
            PROVIDERS,
        )
        assert out.splitlines() == [
            "['reused', 'none', 'none']",
            "['reused', 'reused', 'none'] set by the application after init(), and in use",
            "True",
        ]
        assert not err

    def test_nothing_is_said_where_the_applications_are_kept_apart_on_purpose(self, receiver: Receiver) -> None:
        out, err = run(
            """
            llmotel.init(isolated=True)
            trace.set_tracer_provider(TracerProvider())
            print([row.detail for row in llmotel.status().signals])
            """,
            PROVIDERS,
            OTEL_EXPORTER_OTLP_ENDPOINT=receiver.url,
        )
        assert (out, err) == ("['', '', '']", "")
