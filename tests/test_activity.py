"""``llmotel.instrumentation.active``: a library that is used and no longer recorded can be seen from outside."""

from __future__ import annotations

import logging

import anthropic  # noqa: F401 - both are imported
import openai
import pytest

import llmotel
from llmotel.testing import ProviderServer
from llmotel_instrumentors.openai import OpenAIInstrumentor
from receiver import Receiver
from scripts import run
from telemetry import Telemetry

ACTIVE = "llmotel.instrumentation.active"


def active(telemetry: Telemetry) -> dict[str, int]:
    """The two that are imported here; other tests of the same process import more."""
    points = {point.attributes["llmotel.library"]: point.value for point in telemetry.metrics().get(ACTIVE, ())}
    return {library: value for library, value in points.items() if library in ("openai", "anthropic")}


def test_a_library_that_is_instrumented_is_1(telemetry: Telemetry) -> None:
    assert active(telemetry) == {"openai": 1, "anthropic": 1}


def test_the_kill_switch_makes_it_0(telemetry: Telemetry) -> None:
    llmotel.disable()
    assert active(telemetry) == {"openai": 0, "anthropic": 0}
    llmotel.enable()
    assert active(telemetry) == {"openai": 1, "anthropic": 1}


def test_one_that_is_left_alone_by_a_setting_is_0(telemetry: Telemetry) -> None:
    telemetry(disabled_instrumentations="openai")
    assert active(telemetry) == {"openai": 0, "anthropic": 1}


def test_one_that_is_not_recorded_for_a_while_after_errors_is_0(
    telemetry: Telemetry, server: ProviderServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    telemetry(error_limit=2)
    instrumentor = OpenAIInstrumentor()
    instrumentor.library.guard.raise_errors = telemetry.engine.guard.raise_errors = False

    def failing(*_: object) -> tuple[str, str | None, int | None]:
        raise RuntimeError

    monkeypatch.setattr(instrumentor.library, "origin", failing)
    with openai.OpenAI(api_key="any", base_url=server.openai_url) as client:
        for _ in range(2):
            client.chat.completions.create(model="gpt-4.1", messages=[{"role": "user", "content": "Hello"}])
    assert active(telemetry) == {"openai": 0, "anthropic": 1}
    telemetry.engine.guard.last_errors.clear()


def test_one_of_an_unsupported_version_is_0(
    telemetry: Telemetry, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(openai, "__version__", "1.39.9")
    with caplog.at_level(logging.ERROR, "llmotel"):
        telemetry()
    assert active(telemetry) == {"openai": 0, "anthropic": 1}


def test_one_that_was_uninstrumented_on_purpose_is_not_told_of(telemetry: Telemetry) -> None:
    OpenAIInstrumentor().uninstrument()
    assert active(telemetry) == {"anthropic": 1}


def test_one_that_is_not_imported_is_not_told_of() -> None:
    with Receiver() as receiver:
        run("llmotel.init(); import openai", OTEL_EXPORTER_OTLP_ENDPOINT=receiver.url)
        assert receiver.by_attribute(ACTIVE, "llmotel.library") == {"openai": 1}
