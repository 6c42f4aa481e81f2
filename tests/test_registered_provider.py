"""``llmotel.register(PROVIDER)``: a library of the application's own, and what the engine does with it.

The library is made up by the test, so that it is of every kind that libraries are.
"""

from __future__ import annotations

import asyncio
import contextvars
import importlib
import logging
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from opentelemetry import trace
from opentelemetry.sdk.trace import SpanProcessor

import llmotel
from llmotel.engine import call as calls
from llmotel.instrumentation import registry, wrappers
from llmotel.model.inference import Inference, Usage
from llmotel.spec import Endpoint, Provider, Request, Retry, Seam, UsageInjection
from telemetry import Telemetry

LIBRARY = '''
import asyncio
from opentelemetry import trace

__version__ = "2.0"
current = []  # the names of the spans that were current while the library worked

def note():
    current.append(getattr(trace.get_current_span(), "name", None))

def complete(**body):
    note()
    return {"usage": [3, 4], "model": body["model"]}

def complete_old(**body):
    return complete(**body)

def fails(**body):
    raise ConnectionError("no")

async def acomplete(**body):
    note()
    await asyncio.sleep(0)
    note()
    return {"usage": [3, 4]}

async def waits(**body):
    await body["until"]

def pending(**body):
    return acomplete(**body)

def stream(**body):
    note()
    for number in range(3):
        yield {"text": str(number)}
        note()
    yield {"usage": [3, 4]}

class Both:
    """A stream that can be read by for and by async for."""
    def __init__(self):
        self._left = [{"text": "a"}, {"usage": [3, 4]}]
    def __iter__(self):
        return self
    def __next__(self):
        if not self._left:
            raise StopIteration
        return self._left.pop(0)
    def __aiter__(self):
        return self
    async def __anext__(self):
        if not self._left:
            raise StopAsyncIteration
        return self._left.pop(0)
    def close(self):
        self._left = []

def both(**body):
    return Both()

async def aboth(**body):
    return Both()

class Client:
    def send(self, **body):
        for _ in range(body["times"]):
            self.attempt()
        return {"usage": [3, 4]}
    def attempt(self):
        return None
'''


def locate(instance: Any, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Request | None:
    return Request("", "complete", kwargs, bool(kwargs.get("stream")), "http://tiny.example:8000")


def read_request(inference: Inference, body: Any) -> None:
    inference.request_model = body.get("model")


def read_usage(inference: Inference, payload: Any) -> None:
    if "usage" in payload:
        inference.usage = Usage(input_tokens=payload["usage"][0], output_tokens=payload["usage"][1])


COMPLETE = Endpoint("chat", read_request=read_request, read_response=read_usage, read_chunk=read_usage)
NAMES = iter(f"tinyllm{number}" for number in range(1000))


def provider(name: str, *seams: Seam, endpoint: Endpoint = COMPLETE, retries: tuple[Retry, ...] = ()) -> Provider:
    return Provider(
        name="tiny",
        library=name,
        versions=("1.0", None),
        seams=seams,
        match=lambda _: endpoint,
        retries=retries,
        identify=lambda _: "tiny",
    )


@pytest.fixture
def name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The name of a library that is installed and not imported yet."""
    name = next(NAMES)
    (tmp_path / f"{name}.py").write_text(LIBRARY)
    monkeypatch.syspath_prepend(tmp_path)
    yield name
    instrumentor = registry._registered.pop(name, None)
    if instrumentor is not None:
        instrumentor().uninstrument()
    sys.modules.pop(name, None)


Library = Callable[..., Any]


@pytest.fixture
def library(name: str, telemetry: Telemetry) -> Library:
    """Registers the library with the seams given by their functions, and returns it, imported."""

    def register(*attributes: str, is_async: bool = False, lazy: bool = False, **words: Any) -> ModuleType:
        seams = [Seam(name, attribute, locate, is_async=is_async, lazy=lazy) for attribute in attributes]
        llmotel.register(provider(name, *seams, **words))
        return importlib.import_module(name)

    return register


def has_usage(span: Any) -> bool:
    return bool(span.attributes.get("gen_ai.usage.output_tokens") == 4)


def tolerate(telemetry: Telemetry, name: str) -> None:
    """Errors inside llmotel are contained, as they are in production."""
    telemetry.engine.guard.raise_errors = False
    registry.instrumentor_of(name).library.guard.raise_errors = False


class TestRegister:
    def complete(self, name: str) -> Any:
        return importlib.import_module(name).complete(model="tiny-1")

    @pytest.mark.parametrize("imported", [True, False], ids=["imported before", "imported later"])
    def test_after_init_it_records_at_once(self, imported: bool, name: str, telemetry: Telemetry) -> None:
        if imported:
            importlib.import_module(name)
        llmotel.register(provider(name, Seam(name, "complete", locate)))
        assert self.complete(name) == {"usage": [3, 4], "model": "tiny-1"}
        assert (telemetry.span.name, telemetry.span.attributes["gen_ai.provider.name"]) == ("chat tiny-1", "tiny")
        assert telemetry.span.instrumentation_scope.name == f"llmotel.{name}"
        assert has_usage(telemetry.span)

    @pytest.mark.parametrize("imported", [True, False], ids=["imported before", "imported later"])
    def test_before_init_it_records_from_init_on(self, imported: bool, name: str, telemetry: Telemetry) -> None:
        telemetry.end()
        if imported:
            importlib.import_module(name)
        llmotel.register(provider(name, Seam(name, "complete", locate)))
        if imported:
            self.complete(name)
        telemetry()
        self.complete(name)
        assert has_usage(telemetry.span)

    def test_the_next_init_records_it_again_and_between_it_is_as_it_was(self, name: str, telemetry: Telemetry) -> None:
        original = importlib.import_module(name).complete
        llmotel.register(provider(name, Seam(name, "complete", locate)))
        telemetry.end()
        assert importlib.import_module(name).complete is original
        telemetry()
        self.complete(name)
        assert len(telemetry.spans) == 1

    def test_a_setting_leaves_it_alone(self, name: str, telemetry: Telemetry) -> None:
        telemetry = telemetry(disabled_instrumentations=name)
        llmotel.register(provider(name, Seam(name, "complete", locate)))
        telemetry = telemetry(disabled_instrumentations=name)
        self.complete(name)
        assert telemetry.spans == []


class TestSeams:
    @pytest.mark.parametrize(
        ("bounds", "is_there"),
        [({}, True), ({"since": "2.0"}, True), ({"since": "2.1"}, False), ({"until": "2.0"}, False),
         ({"until": "2.1"}, True), ({"since": "1.0", "until": "2.0"}, False)],
    )  # fmt: skip
    def test_one_is_for_the_versions_that_have_it(
        self, bounds: dict[str, str], is_there: bool, name: str, telemetry: Telemetry
    ) -> None:
        always = Seam(name, "acomplete", locate, is_async=True)
        llmotel.register(provider(name, always, Seam(name, "complete", locate, **bounds)))
        importlib.import_module(name).complete(model="tiny-1")
        assert len(telemetry.spans) == is_there

    def test_what_another_version_has_is_not_missed(self, name: str, telemetry: Telemetry) -> None:
        gone = Seam(name, "no_such_function", locate, until="2.0")
        llmotel.register(provider(name, Seam(name, "complete", locate), gone))
        importlib.import_module(name)
        assert registry.instrumentor_of(name).library.detail == ""

    def test_a_coroutine_that_a_plain_function_returned_is_the_call(
        self, library: Library, telemetry: Telemetry
    ) -> None:
        tiny = library("pending")
        made = tiny.pending(model="tiny-1")
        assert asyncio.iscoroutine(made)
        assert telemetry.spans == []
        assert asyncio.run(made) == {"usage": [3, 4]}
        assert has_usage(telemetry.span)
        assert tiny.current == ["chat tiny-1", "chat tiny-1"]
        assert not trace.get_current_span().get_span_context().is_valid

    @pytest.mark.parametrize("is_async", [False, True], ids=["for", "async for"])
    def test_a_stream_of_both_protocols_is_read_as_its_seam_is_called(
        self, is_async: bool, library: Library, telemetry: Telemetry
    ) -> None:
        tiny = library("aboth" if is_async else "both", is_async=is_async)

        async def chunks() -> list[Any]:
            return [chunk async for chunk in await tiny.aboth(model="tiny-1", stream=True)]

        read = asyncio.run(chunks()) if is_async else list(tiny.both(model="tiny-1", stream=True))
        assert read == [{"text": "a"}, {"usage": [3, 4]}]
        assert has_usage(telemetry.span)
        assert telemetry.span.attributes["llmotel.stream.outcome"] == "completed"

    def test_a_lazy_stream_is_a_call_from_its_first_read_on(self, library: Library, telemetry: Telemetry) -> None:
        tiny = library("stream", lazy=True)
        stream = tiny.stream(model="tiny-1", stream=True)
        before = telemetry.engine.recent, telemetry.spans
        assert before == ({}, [])
        first = next(iter(stream))
        assert first == {"text": "0"}
        # The request goes out within the call's span, and the caller's own code runs outside of it.
        assert tiny.current == ["chat tiny-1"]
        assert not trace.get_current_span().get_span_context().is_valid

    def test_a_lazy_stream_that_is_read_says_what_any_stream_says(self, library: Library, telemetry: Telemetry) -> None:
        tiny = library("stream", lazy=True)
        assert len(list(tiny.stream(model="tiny-1", stream=True))) == 4
        assert has_usage(telemetry.span)
        assert telemetry.span.attributes["llmotel.stream.outcome"] == "completed"

    def test_a_lazy_stream_that_nobody_reads_is_no_call(self, library: Library, telemetry: Telemetry) -> None:
        stream = library("stream", lazy=True).stream(model="tiny-1", stream=True)
        stream.close()
        del stream
        assert telemetry.spans == []

    @pytest.mark.parametrize("times", [1, 3])
    def test_a_method_that_runs_for_each_attempt_is_a_retry_less(
        self, times: int, name: str, library: Library, telemetry: Telemetry
    ) -> None:
        tiny = library("Client.send", retries=(Retry(name, "Client.attempt", attempts=True),))
        tiny.Client().send(model="tiny-1", times=times)
        assert telemetry.span.attributes.get("llmotel.retries", 0) == times - 1


class TestContent:
    def test_nothing_is_read_for_a_span_that_is_not_recorded(self, library: Library, telemetry: Telemetry) -> None:
        read: list[object] = []
        endpoint = COMPLETE.replaced(
            read_input=lambda _, body: read.append(body), read_output=lambda _, payload: read.append(payload)
        )
        telemetry(capture_content="SPAN_ONLY")
        tiny = library("complete", endpoint=endpoint)
        tiny.complete(model="tiny-1")
        assert len(read) == 2
        telemetry.sample_nothing()
        tiny.complete(model="tiny-1")
        assert len(read) == 2

    def test_for_events_it_is_read_whatever_is_sampled(self, library: Library, telemetry: Telemetry) -> None:
        read: list[object] = []
        telemetry(capture_content="EVENT_ONLY", events=True)
        telemetry.sample_nothing()
        tiny = library("complete", endpoint=COMPLETE.replaced(read_input=lambda _, body: read.append(body)))
        tiny.complete(model="tiny-1")
        assert len(read) == 1


class Clock:
    """Time that passes only where something says so."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now

    def spend(self, seconds: float) -> None:
        self.now += seconds


def test_what_readers_take_is_overhead_and_no_part_of_the_duration(
    library: Library, telemetry: Telemetry, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = Clock()
    for module in (wrappers, calls, sys.modules["llmotel.engine.run"]):
        monkeypatch.setattr(module, "perf_counter", clock)

    def read_response(inference: Inference, payload: Any) -> None:
        clock.spend(100)
        read_usage(inference, payload)

    tiny = library("complete", endpoint=COMPLETE.replaced(read_response=read_response))
    monkeypatch.setattr(tiny, "note", lambda: clock.spend(7))
    tiny.complete(model="tiny-1")
    metrics = telemetry.metrics()
    assert [point.sum for point in metrics["gen_ai.client.inference.duration"]] == [7]
    assert [point.sum for point in metrics["llmotel.client.overhead"]] == [100]
    assert telemetry.span.end_time - telemetry.span.start_time == 7_000_000_000


class TestAnExtraChunkThatCannotBeToldApart:
    def broken(self, chunk: Any) -> bool:
        raise KeyError("choices")

    @pytest.mark.parametrize("way", ["for", "next", "async for"])
    def test_reaches_the_caller_and_the_call_is_no_failure(
        self, way: str, name: str, library: Library, telemetry: Telemetry
    ) -> None:
        telemetry(stream_usage="inject")
        injection = UsageInjection(lambda args, kwargs: (args, dict(kwargs)), self.broken)
        endpoint = COMPLETE.replaced(usage_injection=injection)
        tiny = library("aboth" if way == "async for" else "both", is_async=way == "async for", endpoint=endpoint)
        tolerate(telemetry, name)

        async def chunks() -> list[Any]:
            return [chunk async for chunk in await tiny.aboth(model="tiny-1", stream=True)]

        if way == "async for":
            read = asyncio.run(chunks())
        else:
            stream = tiny.both(model="tiny-1", stream=True)
            read = list(stream) if way == "for" else list(iter(lambda: next(stream, None), None))
        assert read == [{"text": "a"}, {"usage": [3, 4]}]
        assert "error.type" not in telemetry.span.attributes
        assert telemetry.span.attributes["llmotel.stream.outcome"] == "completed"
        assert "is_extra: KeyError" in telemetry.engine.guard.last_errors
        telemetry.engine.guard.last_errors.clear()


class TestADroppedCoroutine:
    def test_its_call_ends_in_silence_and_not_in_the_garbage_collector(
        self, library: Library, telemetry: Telemetry, caplog: pytest.LogCaptureFixture
    ) -> None:
        collecting: list[bool] = []
        inside = False

        class Noting(SpanProcessor):
            def on_end(self, span: Any) -> None:
                collecting.append(inside and threading.current_thread() is threading.main_thread())

        telemetry.recording.tracer_provider.add_span_processor(Noting())
        tiny = library("waits", is_async=True)

        class Never:
            def __await__(self) -> Iterator[None]:
                while True:
                    yield

        pending = tiny.waits(model="tiny-1", until=Never())
        contextvars.copy_context().run(pending.send, None)
        with caplog.at_level(logging.DEBUG):
            inside = True
            del pending  # closed here, in another context than it was begun in
            inside = False
        assert telemetry.span.attributes["llmotel.outcome"] == "cancelled"
        assert collecting == [False]
        assert "detach" not in caplog.text
