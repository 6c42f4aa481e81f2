"""``init()`` and what follows from it, mostly in processes of their own against a real OTLP receiver on loopback."""

from __future__ import annotations

import logging
import sys
import threading
import uuid
from collections import Counter
from collections.abc import Iterator

import pytest
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import NonRecordingSpan, SpanContext, set_span_in_context, use_span

import llmotel
from bare import call
from llmotel import ConfigurationError, setup
from llmotel.config.config import Config
from llmotel.engine import making
from llmotel.sdk.fork_lock import ForkLock
from llmotel.sdk.pipeline import GIVEN, ISOLATED, NONE, Pipeline
from receiver import GARBAGE, HANG, Receiver
from scripts import run, start

CALLS = "gen_ai.client.inference.usage.input_tokens"


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver() as receiver:
        yield receiver


@pytest.fixture
def exported() -> Iterator[InMemorySpanExporter]:
    """What a provider of the application exports, with ``init()`` given that provider."""
    yield InMemorySpanExporter()
    llmotel.shutdown(0)


def provider_of(exporter: InMemorySpanExporter) -> TracerProvider:
    provider = TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    return provider


def names(receiver: Receiver) -> Counter[str]:
    return Counter(span.name for _, span in receiver.spans())


class TestAnApplicationWithoutProviders:
    def test_its_spans_metrics_and_events_reach_the_endpoint(self, receiver: Receiver) -> None:
        run("llmotel.init(events=True, service_name='checkout'); call()", OTEL_EXPORTER_OTLP_ENDPOINT=receiver.url)
        [(resource, span)] = receiver.spans()
        assert span.name == "chat gpt-4o"
        assert resource["service.name"] == "checkout"
        assert uuid.UUID(resource["service.instance.id"])
        assert list(receiver.sums(CALLS).values()) == [10]
        assert [record.event_name for _, record in receiver.records()] == ["gen_ai.client.inference.operation.details"]

    def test_llmotels_providers_are_the_global_ones(self, receiver: Receiver) -> None:
        run(
            """
            llmotel.init()
            from opentelemetry import trace
            trace.get_tracer("app").start_span("the application's own").end()
            """,
            OTEL_EXPORTER_OTLP_ENDPOINT=receiver.url,
        )
        assert names(receiver) == {"the application's own": 1}

    def test_headers_and_resource_attributes_go_along(self, receiver: Receiver) -> None:
        run(
            "llmotel.init(headers={'X-Api-Key': 'k'}, resource_attributes={'team': 'search'}); call()",
            OTEL_EXPORTER_OTLP_ENDPOINT=receiver.url, OTEL_RESOURCE_ATTRIBUTES="region=eu",
        )  # fmt: skip
        assert {sent["x-api-key"] for sent in receiver.headers} == {"k"}
        assert {(resource["team"], resource["region"]) for resource, _ in receiver.spans()} == {("search", "eu")}

    def test_the_endpoint_of_the_argument_wins(self, receiver: Receiver) -> None:
        run(
            f"llmotel.init(endpoint={receiver.url!r}); call()",
            OTEL_EXPORTER_OTLP_ENDPOINT="http://127.0.0.1:9", OTEL_EXPORTER_OTLP_TRACES_ENDPOINT="http://127.0.0.1:9/x",
        )  # fmt: skip
        assert names(receiver) == {"chat gpt-4o": 1}

    def test_an_exporter_of_none_sends_nothing(self, receiver: Receiver) -> None:
        run(
            "llmotel.init(metrics_exporter='none', logs_exporter='none'); call()",
            OTEL_EXPORTER_OTLP_ENDPOINT=receiver.url,
        )  # fmt: skip
        assert names(receiver) == {"chat gpt-4o": 1}
        assert not receiver.bodies["/v1/metrics"]
        assert not receiver.bodies["/v1/logs"]

    def test_the_console_exporter_prints(self) -> None:
        out, _ = run("llmotel.init(traces_exporter='console', metrics_exporter='none', logs_exporter='none'); call()")
        assert '"name": "chat gpt-4o"' in out

    def test_a_ratio_of_zero_drops_spans_but_no_metrics(self, receiver: Receiver) -> None:
        run(
            "llmotel.init(sampler='traceidratio', sampler_arg=0); call()", OTEL_EXPORTER_OTLP_ENDPOINT=receiver.url
        )  # fmt: skip
        assert not receiver.spans()
        assert list(receiver.sums(CALLS).values()) == [10]

    def test_delta_metrics_start_from_zero_after_each_export(self, receiver: Receiver) -> None:
        run(
            "llmotel.init(); call(); call(); llmotel.flush(); call()",
            OTEL_EXPORTER_OTLP_ENDPOINT=receiver.url, OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE="delta",
        )  # fmt: skip
        assert list(receiver.sums(CALLS).values()) == [10]

    def test_init_loads_no_exporter_and_no_client(self) -> None:
        out, _ = run(
            """
            llmotel.init()
            print([name for name in ("requests", "grpc", "google.protobuf", "opentelemetry.exporter.otlp.proto.http",
                                     "openai", "anthropic", "genai_prices") if name in sys.modules])
            os._exit(0)
            """
        )
        assert out == "[]"


class TestAnApplicationWithProviders:
    SET_UP = """
        from opentelemetry import trace
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import ConsoleSpanExporter, SimpleSpanProcessor
        theirs = TracerProvider()
        printer = ConsoleSpanExporter(formatter=lambda span: span.name + os.linesep)
        theirs.add_span_processor(SimpleSpanProcessor(printer))
        trace.set_tracer_provider(theirs)
    """

    def test_its_tracer_provider_is_used(self) -> None:
        out, err = run("llmotel.init(); call(); print(trace.get_tracer_provider() is theirs)", self.SET_UP)
        assert out.splitlines() == ["chat gpt-4o", "True"]
        assert not err

    def test_no_endpoint_is_guessed_for_what_it_has_no_provider_for(self) -> None:
        out, _ = run("llmotel.init(); print([s.provider for s in llmotel.status().signals])", self.SET_UP)
        assert out == "['reused', 'none', 'none']"

    def test_an_endpoint_that_is_set_gets_the_rest(self, receiver: Receiver) -> None:
        out, _ = run("llmotel.init(); call()", self.SET_UP, OTEL_EXPORTER_OTLP_ENDPOINT=receiver.url)
        assert out == "chat gpt-4o"
        assert not receiver.spans()
        assert list(receiver.sums(CALLS).values()) == [10]

    def test_isolated_keeps_its_spans_out(self, receiver: Receiver) -> None:
        out, err = run(
            """
            llmotel.init(isolated=True)
            with trace.get_tracer("app").start_as_current_span("the application's own"):
                call()
            """,
            self.SET_UP,
            OTEL_EXPORTER_OTLP_ENDPOINT=receiver.url,
        )
        assert out == "the application's own"
        assert names(receiver) == {"chat gpt-4o": 1}
        assert not err

    def test_settings_that_then_mean_nothing_are_named(self) -> None:
        _, err = run("llmotel.init(sampler='always_off', service_name='x')", self.SET_UP)
        assert err == (
            "llmotel: llmotel: init(service_name=..., sampler=...) has no effect on traces: the application's own "
            "TracerProvider is used. init(isolated=True) gives llmotel its own"
        )

    def test_its_provider_is_not_shut_down(self) -> None:
        script = "llmotel.init(); llmotel.shutdown(); theirs.get_tracer('x').start_span('after').end()"
        out, _ = run(script, self.SET_UP)
        assert out == "after"

    def test_what_waits_at_exit_goes_before_its_provider_ends(self, receiver: Receiver) -> None:
        run(
            """
            from opentelemetry import metrics
            from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
            from opentelemetry.sdk.metrics import MeterProvider
            from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader
            metrics.set_meter_provider(MeterProvider([PeriodicExportingMetricReader(OTLPMetricExporter())]))
            llmotel.init(traces_exporter="none")
            call()
            """,
            OTEL_EXPORTER_OTLP_ENDPOINT=receiver.url,
        )
        assert list(receiver.sums(CALLS).values()) == [10]

    def test_one_given_to_init_is_used_as_it_is(self, exported: InMemorySpanExporter) -> None:
        llmotel.init(tracer_provider=provider_of(exported))
        call()
        assert [span.name for span in exported.get_finished_spans()] == ["chat gpt-4o"]
        assert [signal.provider for signal in llmotel.status().signals] == [GIVEN, NONE, NONE]


class TestAnApplicationWithSomebodyElsesProvider:
    SET_UP = """
        from opentelemetry import trace
        class VendorProvider(trace.TracerProvider):
            def get_tracer(self, *arguments, **options):
                return trace.NoOpTracer()
        theirs = VendorProvider()
        trace.set_tracer_provider(theirs)
    """

    def test_llm_telemetry_takes_its_own_way_with_one_line(self, receiver: Receiver) -> None:
        out, err = run("llmotel.init(); call(); print(trace.get_tracer_provider() is theirs)", self.SET_UP,
            OTEL_EXPORTER_OTLP_ENDPOINT=receiver.url,
        )  # fmt: skip
        assert out == "True"
        assert names(receiver) == {"chat gpt-4o": 1}
        assert err == (
            "llmotel: llmotel: the global TracerProvider is __main__.VendorProvider and not OpenTelemetry's SDK, so "
            f"LLM telemetry takes its own way to {receiver.url}/v1/traces. init(isolated=True) or LLMOTEL_ISOLATED=1 "
            "says that this is meant"
        )

    def test_isolated_says_that_it_is_meant(self, receiver: Receiver) -> None:
        _, err = run("llmotel.init(); call()", self.SET_UP,
            OTEL_EXPORTER_OTLP_ENDPOINT=receiver.url, LLMOTEL_ISOLATED="1",
        )  # fmt: skip
        assert names(receiver) == {"chat gpt-4o": 1}
        assert not err

    def test_a_provider_that_does_nothing_is_somebodys_choice(self, receiver: Receiver) -> None:
        _, err = run(
            """
            from opentelemetry import trace
            trace.set_tracer_provider(trace.NoOpTracerProvider())
            llmotel.init(); call()
            """,
            OTEL_EXPORTER_OTLP_ENDPOINT=receiver.url,
        )
        assert names(receiver) == {"chat gpt-4o": 1}
        assert "Overriding" not in err

    def test_an_isolated_pipeline_does_not_follow_a_foreign_sampling_decision(self) -> None:
        pipeline = Pipeline(Config.load({"isolated": True, "traces_exporter": "none"}, {}), {})
        dropped = NonRecordingSpan(SpanContext(1, 2, is_remote=False))
        span = pipeline.providers["traces"].get_tracer("x").start_span("s", set_span_in_context(dropped))
        assert span.is_recording()
        pipeline.shutdown(0)

    def test_unless_a_sampler_is_asked_for(self) -> None:
        arguments = {"isolated": True, "traces_exporter": "none", "sampler": "parentbased_always_on"}
        pipeline = Pipeline(Config.load(arguments, {}), {})
        with use_span(NonRecordingSpan(SpanContext(1, 2, is_remote=False))):
            assert not pipeline.providers["traces"].get_tracer("x").start_span("s").is_recording()
        pipeline.shutdown(0)


class TestWrongSettings:
    @pytest.mark.parametrize(
        ("environ", "message"),
        [
            ({"OTEL_TRACES_EXPORTER": "zipkin"}, "OTEL_TRACES_EXPORTER='zipkin' (from the environment): accepted"),
            ({"OTEL_TRACES_SAMPLER": "jaeger_remote"}, "OTEL_TRACES_SAMPLER='jaeger_remote' (from the environment): "),
            ({"OTEL_EXPORTER_OTLP_ENDPOINT": "collector:4318"}, "OTEL_EXPORTER_OTLP_ENDPOINT='collector:4318' (from"),
            ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://c/v1/traces"}, "OTEL_EXPORTER_OTLP_ENDPOINT='http://c/v1/traces'"),
        ],
    )
    def test_what_no_exporter_can_be_made_from_is_refused(self, environ: dict[str, str], message: str) -> None:
        with pytest.raises(ConfigurationError) as caught:
            Pipeline(Config.load({"isolated": True}, environ), {})
        assert str(caught.value).startswith(message)

    def test_it_does_not_matter_where_the_providers_are_the_applications(self, exported: InMemorySpanExporter) -> None:
        config = Config.load({}, {"OTEL_TRACES_EXPORTER": "zipkin", "OTEL_TRACES_SAMPLER": "x"})
        pipeline = Pipeline(config, {"traces": provider_of(exported)})
        assert pipeline.kinds["traces"] == GIVEN

    def test_grpc_takes_an_address_without_a_scheme(self) -> None:
        config = Config.load({"isolated": True, "protocol": "grpc", "endpoint": "127.0.0.1:9"}, {})
        pipeline = Pipeline(config, {})
        assert set(pipeline.kinds.values()) == {ISOLATED}
        pipeline.shutdown(0)

    def test_a_refused_init_leaves_everything_as_it_was(self, exported: InMemorySpanExporter) -> None:
        with pytest.raises(ConfigurationError):
            llmotel.init(semconv="newest", tracer_provider=provider_of(exported))
        assert not llmotel.status().enabled
        llmotel.init(semconv="dup", tracer_provider=provider_of(exported))
        assert llmotel.status().enabled

    @pytest.mark.parametrize(
        "wrong", [{"prices": "nowhere.toml"}, {"completion_hook": "nobodys", "capture_content": True}]
    )
    def test_a_refused_init_leaves_nothing_in_the_applications_meters(self, wrong: dict[str, object]) -> None:
        reader = InMemoryMetricReader()
        meters = MeterProvider([reader], shutdown_on_exit=False)
        with pytest.raises(ConfigurationError):
            llmotel.init(meter_provider=meters, isolated=True, **wrong)  # type: ignore[arg-type]
        assert reader.get_metrics_data() is None

    @pytest.mark.parametrize("name", ["tracer_provider", "meter_provider", "logger_provider"])
    def test_a_provider_that_is_none_is_refused(self, name: str) -> None:
        with pytest.raises(
            ConfigurationError, match=rf"init\({name}='jaeger'\): accepted is an OpenTelemetry provider"
        ):
            llmotel.init(**{name: "jaeger"})  # type: ignore[arg-type]
        assert setup.running() is None

    def test_a_price_file_that_is_none_is_refused(self, exported: InMemorySpanExporter) -> None:
        with pytest.raises(ConfigurationError, match=r"nowhere\.toml"):
            llmotel.init(prices="nowhere.toml", tracer_provider=provider_of(exported))
        assert setup.running() is None


class TestInitAgain:
    def test_the_same_call_does_nothing(self, exported: InMemorySpanExporter, caplog: pytest.LogCaptureFixture) -> None:
        provider = provider_of(exported)
        llmotel.init(tracer_provider=provider, redact=["email"])
        first = setup.engine()
        llmotel.init(tracer_provider=provider, redact=["email"])
        assert setup.engine() is first
        assert not caplog.records

    def test_another_call_is_ignored_with_one_line_that_says_what(
        self, exported: InMemorySpanExporter, caplog: pytest.LogCaptureFixture
    ) -> None:
        llmotel.init(tracer_provider=provider_of(exported), semconv="dup")
        llmotel.init(semconv="legacy", console=True)
        [record] = caplog.records
        assert "console, semconv, tracer_provider differ" in record.getMessage()
        engine = setup.engine()
        assert engine is not None
        assert engine.config.semconv == "dup"

    def test_many_threads_at_once_make_one_engine(self, exported: InMemorySpanExporter) -> None:
        provider, barrier = provider_of(exported), threading.Barrier(16)
        engines = set()

        def work() -> None:
            barrier.wait()
            llmotel.init(tracer_provider=provider)
            engines.add(setup.engine())

        threads = [threading.Thread(target=work) for _ in range(16)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(engines) == 1

    def test_init_works_again_after_shutdown(self, receiver: Receiver) -> None:
        _, err = run(
            "llmotel.init(); call('first'); llmotel.shutdown(); call('lost'); llmotel.init(); call('second')",
            OTEL_EXPORTER_OTLP_ENDPOINT=receiver.url,
        )
        assert names(receiver) == {"chat first": 1, "chat second": 1}
        assert "llmotel" not in err

    def test_what_an_earlier_one_made_is_not_taken_for_the_applications(self, receiver: Receiver) -> None:
        out, err = run(
            f"""
            llmotel.init(endpoint={receiver.url!r}); call("first"); llmotel.shutdown()
            from opentelemetry.sdk.trace import TracerProvider
            llmotel.init(tracer_provider=TracerProvider()); call("second")
            print([signal.provider for signal in llmotel.status().signals]); llmotel.shutdown()
            """
        )
        assert out == "['given', 'none', 'none']"
        assert "llmotel" not in err  # older SDKs have a word on providers that have ended
        assert names(receiver) == {"chat first": 1}


class TestSwitches:
    def test_disable_lets_calls_pass_until_enable(self, exported: InMemorySpanExporter) -> None:
        llmotel.init(tracer_provider=provider_of(exported))
        llmotel.disable()
        call("unseen")
        assert llmotel.status().reason == "llmotel.disable() was called"
        llmotel.enable()
        call("seen")
        assert [span.name for span in exported.get_finished_spans()] == ["chat seen"]

    def test_llmotel_disabled_keeps_everything_off_until_enable(
        self, exported: InMemorySpanExporter, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("LLMOTEL_DISABLED", "1")
        llmotel.init(tracer_provider=provider_of(exported))
        assert setup.engine() is None
        llmotel.enable()
        call()
        assert len(exported.get_finished_spans()) == 1

    def test_otel_sdk_disabled_turns_llmotel_off_for_good(
        self, exported: InMemorySpanExporter, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("OTEL_SDK_DISABLED", "true")
        llmotel.init(tracer_provider=provider_of(exported))
        llmotel.enable()
        assert setup.engine() is None
        assert llmotel.status().reason == "OTEL_SDK_DISABLED is set"

    def test_nothing_is_wrong_with_switching_before_init(self) -> None:
        llmotel.disable()
        llmotel.enable()
        llmotel.shutdown()
        assert llmotel.flush()

    def test_an_instrumentor_used_alone_shares_one_engine(self) -> None:
        first = making.shared_engine()
        assert making.shared_engine() is first
        llmotel.shutdown()
        assert setup.engine() is None

    def test_an_instrumentor_gets_the_engine_of_init_if_there_is_one(self, exported: InMemorySpanExporter) -> None:
        llmotel.init(tracer_provider=provider_of(exported))
        assert making.shared_engine() is setup.engine()


class TestFlush:
    def test_a_flush_that_arrives_is_true(self, receiver: Receiver) -> None:
        script = "llmotel.init(events=True); call(); print(llmotel.flush()); os._exit(0)"
        out, _ = run(script, OTEL_EXPORTER_OTLP_ENDPOINT=receiver.url)
        assert out == "True"
        assert names(receiver) == {"chat gpt-4o": 1}
        assert list(receiver.sums(CALLS).values()) == [10]
        assert len(receiver.records()) == 1

    def test_a_flush_to_an_endpoint_that_fails_is_false(self) -> None:
        with Receiver(500) as receiver:
            out, _ = run(
                "llmotel.init(); call(); print(llmotel.flush())",
                OTEL_EXPORTER_OTLP_ENDPOINT=receiver.url, OTEL_EXPORTER_OTLP_TIMEOUT="1",
            )  # fmt: skip
        assert out == "False"

    def test_a_flush_to_an_endpoint_that_hangs_ends_with_its_timeout_and_leaves_no_pile_of_threads(self) -> None:
        with Receiver(HANG) as receiver:
            out, _ = run(
                """
                import threading
                llmotel.init()
                call()
                print({llmotel.flush(0.1) for _ in range(10)})
                print(sum(thread.name == "llmotel-flush" for thread in threading.enumerate()) <= 3)
                os._exit(0)
                """,
                OTEL_EXPORTER_OTLP_ENDPOINT=receiver.url,
            )
        assert out.splitlines() == ["{False}", "True"]

    def test_an_exporter_that_cannot_be_made_is_one_line_and_no_more(self, receiver: Receiver) -> None:
        out, err = run(
            """
            sys.modules["opentelemetry.exporter.otlp.proto.http.trace_exporter"] = None
            llmotel.init()
            call(); llmotel.flush(); call(); llmotel.flush()
            print(llmotel.status().signals[0].failed)
            """,
            OTEL_EXPORTER_OTLP_ENDPOINT=receiver.url,
        )
        assert out == "2"
        assert err.count("traces are not exported: OTLPSpanExporter cannot be made") == 1
        assert list(receiver.sums(CALLS).values()) == [20]


class TestExit:
    @pytest.mark.parametrize("end", ["", "sys.exit(0)", "import signal; signal.raise_signal(signal.SIGTERM)"])
    def test_what_waits_is_sent_however_the_process_ends_in_order(self, receiver: Receiver, end: str) -> None:
        run(
            f"""
            import signal
            signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
            llmotel.init()
            call()
            {end}
            """,
            OTEL_EXPORTER_OTLP_ENDPOINT=receiver.url,
        )
        assert names(receiver) == {"chat gpt-4o": 1}

    def test_nobody_listening_is_one_line_and_no_wait(self) -> None:
        _, err = run(
            "llmotel.init(); call()",
            OTEL_EXPORTER_OTLP_ENDPOINT="http://127.0.0.1:9", OTEL_EXPORTER_OTLP_TIMEOUT="3600",
        )  # fmt: skip
        assert err == (
            "llmotel: llmotel: nobody listens at 127.0.0.1:9, so the last telemetry of this process is lost. Start an "
            "OTLP receiver there, set OTEL_EXPORTER_OTLP_ENDPOINT, or send nothing: OTEL_TRACES_EXPORTER=none, the "
            "same for METRICS and LOGS"
        )

    def test_nobody_listening_to_grpc_is_no_wait_either(self) -> None:
        run(
            "llmotel.init(protocol='grpc'); call()",
            OTEL_EXPORTER_OTLP_ENDPOINT="http://127.0.0.1:9", OTEL_EXPORTER_OTLP_TIMEOUT="3600",
        )  # fmt: skip

    @pytest.mark.parametrize("answer", [500, 503, HANG, GARBAGE])
    def test_an_endpoint_that_misbehaves_holds_nobody_up(self, answer: int | str) -> None:
        with Receiver(answer) as receiver:
            out, _ = run(
                "llmotel.init(); call(); print('done')",
                OTEL_EXPORTER_OTLP_ENDPOINT=receiver.url, OTEL_EXPORTER_OTLP_TIMEOUT="1",
            )  # fmt: skip
        assert out == "done"


@pytest.mark.skipif(sys.platform == "win32", reason="no fork")
class TestFork:
    def counted(self, receiver: Receiver) -> dict[str, float]:
        """Input tokens per span name, by the process that they came from."""
        owners = {resource["service.instance.id"]: span.name for resource, span in receiver.spans()}
        assert len(owners) == len({span.name for _, span in receiver.spans()}), "an instance id per process"
        return {owners[instance]: tokens for instance, tokens in receiver.sums(CALLS).items()}

    @pytest.mark.parametrize("flushed", [False, True], ids=["unsent", "sent"])
    def test_every_process_reports_its_own_calls_once(self, receiver: Receiver, flushed: bool) -> None:
        run(
            f"""
            llmotel.init(events=True)
            call("parent"); call("parent")
            if {flushed}: llmotel.flush()
            for name in ("one", "two"):
                child = os.fork()
                if not child:
                    call(name)
                    sys.exit(0)
                os.waitpid(child, 0)
            """,
            OTEL_EXPORTER_OTLP_ENDPOINT=receiver.url,
        )
        assert names(receiver) == {"chat parent": 2, "chat one": 1, "chat two": 1}
        assert self.counted(receiver) == {"chat parent": 20, "chat one": 10, "chat two": 10}
        assert len(receiver.records()) == 4

    def test_workers_of_a_preloaded_server_report_until_they_are_stopped(self, receiver: Receiver) -> None:
        # As gunicorn --preload: the master imports the application and makes no call, workers leave on SIGTERM.
        run(
            """
            import signal, time
            llmotel.init()
            workers = []
            for name in ("one", "two", "three"):
                ready, tell = os.pipe()
                worker = os.fork()
                if not worker:
                    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
                    call(name)
                    os.write(tell, b".")
                    while True: time.sleep(1)
                os.read(ready, 1)
                workers.append(worker)
            for worker in workers:
                os.kill(worker, signal.SIGTERM)
                os.waitpid(worker, 0)
            """,
            OTEL_EXPORTER_OTLP_ENDPOINT=receiver.url,
        )
        assert self.counted(receiver) == {"chat one": 10, "chat two": 10, "chat three": 10}

    def test_processes_of_multiprocessing_report_at_their_end(self, receiver: Receiver) -> None:
        run(
            """
            import multiprocessing
            llmotel.init()
            call("parent")
            context = multiprocessing.get_context("fork")
            processes = [context.Process(target=call, args=(name,)) for name in ("one", "two")]
            for process in processes: process.start()
            for process in processes: process.join()
            """,
            OTEL_EXPORTER_OTLP_ENDPOINT=receiver.url,
        )
        assert self.counted(receiver) == {"chat parent": 10, "chat one": 10, "chat two": 10}

    def test_a_child_of_a_process_in_the_middle_of_an_export_reports(self) -> None:
        with Receiver(HANG) as receiver:
            application = start(
                """
                import threading
                llmotel.init(events=True)
                call("parent")
                threading.Thread(target=llmotel.flush, daemon=True).start()
                sys.stdin.readline()
                child = os.fork()
                if not child:
                    call("child")
                    sys.exit(0)
                os.waitpid(child, 0)
                os._exit(0)
                """,
                OTEL_EXPORTER_OTLP_ENDPOINT=receiver.url,
            )
            while len(receiver.headers) < 3:  # all three exports are under way, and their locks are held
                assert application.poll() is None
                threading.Event().wait(0.02)
            receiver.answer = 200
            _, err = application.communicate("fork\n", timeout=240)
            assert application.returncode == 0, err
            assert names(receiver) == {"chat child": 1}
            assert self.counted(receiver) == {"chat child": 10}

    def test_a_child_counts_its_own_errors_only(self, receiver: Receiver) -> None:
        out, _ = run(
            """
            llmotel.init()
            llmotel.setup.engine().counts["dropped"] = 7
            child = os.fork()
            if not child:
                print(llmotel.status().counts["dropped"], flush=True)
                os._exit(0)
            os.waitpid(child, 0)
            print(llmotel.status().counts["dropped"])
            """,
            OTEL_EXPORTER_OTLP_ENDPOINT=receiver.url,
        )
        assert out.splitlines() == ["0", "7"]


class TestForkLock:
    def test_a_fork_waits_for_who_is_inside(self) -> None:
        lock, entered, leave = ForkLock(), threading.Event(), threading.Event()
        order = []

        def work() -> None:
            with lock:
                entered.set()
                leave.wait()
                order.append("left")

        worker = threading.Thread(target=work)
        worker.start()
        entered.wait()
        threading.Timer(0.05, leave.set).start()
        lock.before_fork()
        order.append("forked")
        worker.join()
        assert order == ["left", "forked"]
        assert lock.after_fork_in_child()

    def test_a_fork_that_waited_in_vain_says_so_to_the_child_and_takes_nothing_from_the_parent(self) -> None:
        lock = ForkLock()
        with lock:
            lock.before_fork()
            lock.after_fork_in_parent()
            assert not lock.after_fork_in_child()
        with lock:
            pass

    def test_the_parent_goes_on(self) -> None:
        lock = ForkLock()
        lock.before_fork()
        lock.after_fork_in_parent()
        with lock:
            pass


class TestConsole:
    def test_console_prints_a_line_per_call(self, receiver: Receiver) -> None:
        _, err = run("llmotel.init(); call()", OTEL_EXPORTER_OTLP_ENDPOINT=receiver.url, LLMOTEL_CONSOLE="1")
        assert err.startswith("llmotel: gpt-4o  10 in  2 out")


def test_nothing_is_logged_where_nothing_is_wrong(
    exported: InMemorySpanExporter, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    llmotel.init(tracer_provider=provider_of(exported))
    call()
    llmotel.shutdown()
    assert not caplog.records
