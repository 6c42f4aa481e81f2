"""Several engines in one process, one after the other and at the same time: none takes anything from another."""

from __future__ import annotations

import gc
import threading
import time
import weakref
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

import anthropic
import openai
import pytest
from opentelemetry import baggage, context

import llmotel
from bare import CHAT, LIBRARY
from llmotel import runtime
from llmotel.engine import backlog
from llmotel.engine.call import Call, latest
from llmotel.engine.engine import Engine
from llmotel.instrumentation import registry
from llmotel.instrumentation.stream_observer import StreamObserver
from llmotel.model.inference import Inference
from llmotel.signals import observables
from llmotel.testing import ProviderServer
from llmotel.testing.recording import Recording
from llmotel_instrumentors.anthropic import AnthropicInstrumentor
from llmotel_instrumentors.openai import OpenAIInstrumentor
from scripts import run
from telemetry import Telemetry

UNPRICED, ACTIVE = "llmotel.cost.unpriced", "llmotel.instrumentation.active"


@pytest.fixture(autouse=True)
def nothing_instrumented() -> Iterator[None]:
    """Before and after: no engine, whatever a test has left on."""
    latest.set(None)
    yield
    llmotel.shutdown(0)
    OpenAIInstrumentor().uninstrument()
    AnthropicInstrumentor().uninstrument()
    assert runtime.engines() == []


@pytest.fixture
def ask(server: ProviderServer) -> Iterator[Callable[[], object]]:
    """A call to OpenAI, of a model without a price, by a client that stays the same."""
    with openai.OpenAI(api_key="any", base_url=server.openai_url, max_retries=0) as client:
        yield lambda: client.chat.completions.create(model="home-made", messages=[{"role": "user", "content": "Hello"}])


@pytest.fixture
def ask_claude(server: ProviderServer) -> Iterator[Callable[[], object]]:
    with anthropic.Anthropic(api_key="any", base_url=server.url, max_retries=0) as client:
        yield lambda: client.messages.create(
            model="home-made", max_tokens=9, messages=[{"role": "user", "content": "Hello"}]
        )


def providers(recording: Recording) -> dict[str, Any]:
    return {
        "tracer_provider": recording.tracer_provider,
        "meter_provider": recording.meter_provider,
        "logger_provider": recording.logger_provider,
    }


def spans(recording: Recording) -> list[str]:
    llmotel.flush()
    return [span.instrumentation_scope.name for span in recording.spans()]


def counted(recording: Recording) -> float:
    llmotel.flush()
    [point] = recording.metrics()[UNPRICED]
    return float(point.value)


def active(recording: Recording) -> dict[str, int]:
    points = {point.attributes["llmotel.library"]: point.value for point in recording.metrics().get(ACTIVE, ())}
    return {library: value for library, value in points.items() if library in ("openai", "anthropic")}


class TestOnOneMeterProvider:
    def test_the_counts_of_two_engines_add_up_and_each_library_is_active(
        self, ask: Callable[[], object], ask_claude: Callable[[], object]
    ) -> None:
        recording = Recording()
        OpenAIInstrumentor().instrument(**providers(recording))
        AnthropicInstrumentor().instrument(**providers(recording))
        ask()
        for _ in range(5):
            ask_claude()
        assert counted(recording) == 6
        assert active(recording) == {"openai": 1, "anthropic": 1}

    def test_the_counts_of_an_engine_go_on_where_the_one_before_ended(self, ask: Callable[[], object]) -> None:
        recording = Recording()
        for number in range(1, 4):
            llmotel.init(**providers(recording))
            ask()
            assert counted(recording) == number
            assert active(recording) == {"openai": 1, "anthropic": 1}
            llmotel.shutdown()
            assert counted(recording) == number
            assert active(recording) == {}

    def test_so_they_do_on_a_global_provider_that_is_used_each_time(self) -> None:
        printed, _ = run(
            """
            from opentelemetry import metrics
            from opentelemetry.sdk.metrics import MeterProvider
            from opentelemetry.sdk.metrics.export import InMemoryMetricReader
            reader = InMemoryMetricReader()
            metrics.set_meter_provider(MeterProvider([reader]))
            for _ in range(3):
                llmotel.init(traces_exporter="none", logs_exporter="none")
                call("home-made")
                llmotel.flush()
                for resource in reader.get_metrics_data().resource_metrics:
                    for scope in resource.scope_metrics:
                        for metric in scope.metrics:
                            if metric.name == "llmotel.cost.unpriced":
                                print(metric.data.data_points[0].value, llmotel.status().counts["unpriced"])
                llmotel.shutdown()
            """
        )
        assert printed.splitlines() == ["1 1", "2 1", "3 1"]


class TestOnProvidersOfItsOwn:
    def test_the_kill_switch_reaches_it(self, ask: Callable[[], object]) -> None:
        recording = Recording()
        OpenAIInstrumentor().instrument(**providers(recording))
        llmotel.disable()
        ask()
        assert spans(recording) == []
        llmotel.enable()
        ask()
        assert spans(recording) == ["llmotel.openai"]

    def test_one_that_is_made_while_the_kill_switch_is_on_waits_for_its_end(self, ask: Callable[[], object]) -> None:
        recording = Recording()
        llmotel.init(**providers(Recording()))
        llmotel.disable()
        OpenAIInstrumentor().instrument(**providers(recording))
        ask()
        assert spans(recording) == []
        llmotel.enable()
        ask()
        assert spans(recording) == ["llmotel.openai"]

    def test_a_library_stays_instrumented_when_somebody_elses_init_ends(self, ask: Callable[[], object]) -> None:
        own, other = Recording(), Recording()
        OpenAIInstrumentor().instrument(**providers(own))
        llmotel.init(**providers(other))
        ask()
        llmotel.shutdown()
        ask()
        assert spans(own) == ["llmotel.openai"] * 2
        assert spans(other) == []

    def test_opentelemetrys_tools_are_told_whether_it_is_on(self) -> None:
        instrumentor = OpenAIInstrumentor()
        assert instrumentor.is_instrumented_by_opentelemetry is False
        instrumentor.instrument(**providers(Recording()))
        assert instrumentor.is_instrumented_by_opentelemetry is True
        instrumentor.uninstrument()
        assert instrumentor.is_instrumented_by_opentelemetry is False

    def test_agents_and_values_are_recorded_where_it_is_the_only_one(self, ask: Callable[[], object]) -> None:
        recording = Recording()
        OpenAIInstrumentor().instrument(**providers(recording))
        with llmotel.agent("researcher"):
            ask()
        llmotel.record_value(3.5)
        assert spans(recording) == ["llmotel.openai", "llmotel"]
        assert [point.value for point in recording.metrics()["llmotel.feature.value.usd"]] == [3.5]

    def test_its_end_leaves_no_thread_no_engine_and_no_observer(self, ask: Callable[[], object]) -> None:
        kept: list[weakref.ref[Engine]] = []
        before = len(observables._sources.get(("llmotel", UNPRICED), ()))
        for number in range(10):
            recording = Recording()
            OpenAIInstrumentor().instrument(**providers(recording))
            engine = OpenAIInstrumentor().library.engine
            assert engine is not None
            kept.append(weakref.ref(engine))
            if number == 0:
                ask()
            OpenAIInstrumentor().uninstrument()
            del engine, recording
        threads = [each for each in threading.enumerate() if each.name == "llmotel-backlog"]
        for thread in threads:
            thread.join(30)
        OpenAIInstrumentor().library.engine = OpenAIInstrumentor().library.scope = None
        latest.set(None)
        gc.collect()
        assert [thread for thread in threads if thread.is_alive()] == []
        assert [engine() for engine in kept if engine() is not None] == []
        # One more, which takes what providers that are gone have left.
        OpenAIInstrumentor().instrument(**providers(recording := Recording()))
        assert len(observables._sources["llmotel", UNPRICED]) <= before + 1
        assert counted(recording) == 0

    def test_it_does_not_take_tags_out_of_baggage(self) -> None:
        llmotel.init(baggage_tags=True, **providers(Recording()))
        AnthropicInstrumentor().instrument(**providers(Recording()))
        with llmotel.tags(feature="search"):
            assert baggage.get_all(context.get_current()) == {"llmotel.feature": "search"}

    def test_tags_go_into_no_baggage_once_the_engine_that_wanted_it_has_ended(self) -> None:
        llmotel.init(baggage_tags=True, **providers(Recording()))
        AnthropicInstrumentor().instrument(**providers(Recording()))
        llmotel.shutdown()
        with llmotel.tags(feature="search"):
            assert baggage.get_all(context.get_current()) == {}

    def test_a_client_that_made_calls_before_has_the_names_that_init_gives_hosts(
        self, ask: Callable[[], object]
    ) -> None:
        first, second = Recording(), Recording()
        OpenAIInstrumentor().instrument(**providers(first))
        ask()
        OpenAIInstrumentor().uninstrument()
        OpenAIInstrumentor().instrument()
        ask()
        llmotel.init(provider_hosts={"127.0.0.1": "acme"}, **providers(second))
        ask()
        assert [span.attributes["gen_ai.provider.name"] for span in first.spans()] == ["openai"]
        assert [span.attributes["gen_ai.provider.name"] for span in second.spans()] == ["acme"]


class TestInSeveralThreads:
    def test_an_init_during_a_shutdown_records(
        self, ask: Callable[[], object], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        first, second = Recording(), Recording()
        llmotel.init(**providers(first))
        deactivate = registry.deactivate
        beginning = threading.Thread(target=llmotel.init, kwargs=providers(second))

        def while_another_begins() -> None:
            beginning.start()
            beginning.join(0.3)  # it must wait until this is over
            deactivate()

        monkeypatch.setattr(registry, "deactivate", while_another_begins)
        llmotel.shutdown()
        beginning.join(30)
        monkeypatch.undo()
        assert llmotel.status().enabled
        ask()
        assert spans(second) == ["llmotel.openai"]
        assert spans(first) == []

    def test_a_stream_may_begin_while_the_open_ones_are_looked_at(self, telemetry: Telemetry) -> None:
        engine, begun = telemetry.engine, []

        def begin() -> None:  # stands for another thread, whose turn it is just now
            call = Call(engine.scope(LIBRARY), engine.guard, CHAT, Inference("chat", "openai"), {})
            begun.append(StreamObserver(call))

        places: dict[int, Any] = engine.open_streams
        places[0], places[1] = begin, begin
        assert engine.watchers() == []
        del places[0], places[1]
        assert engine.watchers() == begun


class Hook:
    """A completion hook that notes how it is flushed and ended."""

    def __init__(self) -> None:
        self.timeouts: list[float] = []
        self.ended = 0

    def __call__(self, *_: object, **__: object) -> None:
        return

    def flush(self, timeout: float) -> bool:
        self.timeouts.append(timeout)
        return True

    def shutdown(self) -> None:
        self.ended += 1


class TestAtTheEnd:
    def test_all_else_ends_where_a_stream_cannot_be_ended(self, telemetry: Telemetry) -> None:
        class Stuck:
            def finish(self, _: str) -> None:
                raise RuntimeError("stuck")

        hook, stuck = Hook(), Stuck()
        engine = telemetry(completion_hook=hook).engine
        engine.open_streams[id(stuck)] = weakref.ref(stuck)
        with pytest.raises(RuntimeError, match="stuck"):
            engine.shutdown()
        assert hook.ended == 1
        assert engine not in runtime.engines()

    def test_a_flush_has_one_deadline_for_all_that_it_waits_for(self, telemetry: Telemetry) -> None:
        hook = Hook()
        engine = telemetry(completion_hook=hook).engine
        with engine.backlog._working:  # a round that does not end
            assert engine.flush(0.2) is False
        assert hook.timeouts == [pytest.approx(0, abs=0.1)]

    def test_prices_are_loaded_before_any_round_of_the_backlog(
        self, telemetry: Telemetry, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        loaded, pause = threading.Event(), threading.Event()
        waiting = SimpleNamespace(sleep=lambda _: pause.wait(60), monotonic=time.monotonic)
        monkeypatch.setattr(backlog, "time", waiting)
        engine = Engine(telemetry.engine.config, **providers(telemetry.recording))
        monkeypatch.setattr(engine.prices, "warm", loaded.set)
        try:
            engine.warm()
            assert loaded.wait(30)
        finally:
            pause.set()
            engine.shutdown()
            engine.retire()


def test_rounds_of_init_and_shutdown_leave_one_import_hook_for_each_module() -> None:
    printed, _ = run(
        """
        from wrapt import importer
        from llmotel_instrumentors.openai import OpenAIInstrumentor
        def hooks():
            return sum(len(each) for each in importer._post_import_hooks.values() if each)
        def round():
            llmotel.init(traces_exporter="none", metrics_exporter="none", logs_exporter="none")
            OpenAIInstrumentor().instrument()
            llmotel.shutdown()
        round()
        before = hooks()
        for _ in range(20):
            round()
        print(before > 0, hooks() - before)
        """
    )
    assert printed == "True 0"
