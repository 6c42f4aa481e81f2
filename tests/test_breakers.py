"""Circuit breakers of the application: their state with every export, and each change counted."""

from __future__ import annotations

import logging
import os
import sys
import threading
from typing import Any

import pytest

import llmotel
from llmotel import guard, setup
from llmotel.api import circuit_breakers
from scripts import run
from telemetry import Telemetry

STATE, TRANSITIONS = "llmotel.circuit_breaker.state", "llmotel.circuit_breaker.transitions"


@pytest.fixture(autouse=True)
def _nothing_was_told_yet(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(guard, "_told", set())


def states(telemetry: Telemetry) -> dict[str, int]:
    return {
        point.attributes["llmotel.circuit_breaker.name"]: point.value for point in telemetry.metrics().get(STATE, ())
    }


def changes(telemetry: Telemetry, name: str = "openai") -> dict[str, int]:
    return {
        point.attributes["llmotel.circuit_breaker.to"]: point.value
        for point in telemetry.metrics()[TRANSITIONS]
        if point.attributes["llmotel.circuit_breaker.name"] == name
    }


def test_each_breaker_shows_its_state(telemetry: Telemetry) -> None:
    assert llmotel.record_circuit_breaker("openai", "open")
    assert llmotel.record_circuit_breaker("anthropic", "half_open")
    assert llmotel.record_circuit_breaker("search", "closed")
    assert states(telemetry) == {"openai": 2, "anthropic": 1, "search": 0}


def test_the_state_is_there_in_every_export_until_it_changes(telemetry: Telemetry) -> None:
    llmotel.record_circuit_breaker("openai", "open")
    assert [states(telemetry), states(telemetry)] == [{"openai": 2}] * 2
    llmotel.record_circuit_breaker("openai", "closed")
    assert states(telemetry) == {"openai": 0}


def test_each_change_is_counted_and_what_is_no_change_is_not(telemetry: Telemetry) -> None:
    for state in ("closed", "open", "open", "half_open", "open", "half_open", "closed", "closed"):
        llmotel.record_circuit_breaker("openai", state)
    assert changes(telemetry) == {"open": 2, "half_open": 2, "closed": 1}


def test_one_that_is_first_heard_of_when_it_opens_was_closed_before(telemetry: Telemetry) -> None:
    llmotel.record_circuit_breaker("openai", "open")
    assert changes(telemetry) == {"open": 1, "half_open": 0, "closed": 0}


def test_one_that_is_closed_at_the_start_has_counts_of_zero(telemetry: Telemetry) -> None:
    llmotel.record_circuit_breaker("openai", "closed")
    assert changes(telemetry) == {"open": 0, "half_open": 0, "closed": 0}


def test_the_spelling_of_other_packages_is_understood(telemetry: Telemetry) -> None:
    assert llmotel.record_circuit_breaker("openai", "half-open")
    assert states(telemetry) == {"openai": 1}


@pytest.mark.parametrize("state", ["opened", "", "OPEN", None, 1, ["open"]], ids=repr)
def test_another_state_is_left_out_counted_and_told_once(
    state: Any, telemetry: Telemetry, caplog: pytest.LogCaptureFixture
) -> None:
    llmotel.record_circuit_breaker("openai", "closed")
    with caplog.at_level(logging.WARNING, "llmotel"):
        assert [llmotel.record_circuit_breaker("openai", state) for _ in range(3)] == [False] * 3
    assert states(telemetry) == {"openai": 0}
    assert telemetry.metrics()["llmotel.records.rejected"][0].value == 3
    assert [record.getMessage() for record in caplog.records] == [
        "llmotel.record_circuit_breaker: a state is open, half_open or closed; another one is left out (logged once)"
    ]


@pytest.mark.parametrize("name", ["", None, 7], ids=repr)
def test_a_name_is_needed(name: Any, telemetry: Telemetry, caplog: pytest.LogCaptureFixture) -> None:
    assert not llmotel.record_circuit_breaker(name, "open")
    assert states(telemetry) == {}
    assert "a name is text and not empty" in caplog.text


def test_names_beyond_the_limit_are_left_out_and_told_of(
    telemetry: Telemetry, caplog: pytest.LogCaptureFixture
) -> None:
    telemetry(metric_tag_values=2)
    recorded = [llmotel.record_circuit_breaker(f"user-{number}", "open") for number in range(5)]
    assert recorded == [True, True, False, False, False]
    assert states(telemetry) == {"user-0": 2, "user-1": 2}
    assert "more than 2 names, and later ones are left out; LLMOTEL_METRIC_TAG_VALUES allows more" in caplog.text
    assert telemetry.metrics()["llmotel.records.rejected"][0].value == 3


def test_many_threads_at_once_lose_no_change(telemetry: Telemetry) -> None:
    def work(name: str) -> None:
        for _ in range(100):
            llmotel.record_circuit_breaker(name, "open")
            llmotel.record_circuit_breaker(name, "closed")

    threads = [threading.Thread(target=work, args=(f"breaker-{number}",)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for number in range(8):
        assert changes(telemetry, f"breaker-{number}") == {"open": 100, "half_open": 0, "closed": 100}


def test_before_init_it_does_nothing() -> None:
    assert setup.engine() is None
    assert llmotel.record_circuit_breaker("openai", "open") is False


@pytest.mark.skipif(sys.platform == "win32", reason="no fork")
def test_a_forked_child_counts_its_own_changes(telemetry: Telemetry) -> None:
    llmotel.record_circuit_breaker("openai", "open")
    told, tell = os.pipe()
    child = os.fork()
    if not child:
        llmotel.record_circuit_breaker("openai", "closed")
        try:
            os.write(tell, str([value for value, _ in circuit_breakers._known[telemetry.engine]._change()]).encode())
        finally:
            os._exit(0)
    os.waitpid(child, 0)
    assert os.read(told, 100) == b"[1, 0, 0]"
    os.close(told)
    os.close(tell)
    assert changes(telemetry) == {"open": 1, "half_open": 0, "closed": 0}


@pytest.mark.skipif(sys.platform == "win32", reason="no fork")
def test_a_child_of_a_process_in_the_middle_of_telling_one_tells_its_own() -> None:
    printed, _ = run(
        """
        import signal
        from llmotel.api import circuit_breakers
        from llmotel.engine import making
        from llmotel_instrumentors.openai import OpenAIInstrumentor
        llmotel.init(traces_exporter="none", metrics_exporter="none", logs_exporter="none")
        with circuit_breakers._making, making._lock:  # as another thread may hold them
            child = os.fork()
            if child == 0:
                signal.alarm(30)
                OpenAIInstrumentor().instrument()
                print(llmotel.record_circuit_breaker("openai", "open"), flush=True)
                os._exit(0)
        os.waitpid(child, 0)
        """
    )
    assert printed == "True"
