"""Work that calling threads hand over: done in order, by whoever comes first, and nobody waits for it for long."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from llmotel.engine import backlog as module
from llmotel.engine.backlog import Backlog
from llmotel.engine.engine import Engine
from telemetry import Telemetry


def unexpected(site: str, error: BaseException) -> None:
    raise AssertionError(site) from error


@pytest.fixture
def backlog() -> Iterator[Backlog]:
    backlog = Backlog(unexpected, lambda: None)
    yield backlog
    backlog.close()


@pytest.fixture
def busy(telemetry: Telemetry) -> Iterator[Engine]:
    """An engine whose backlog another thread is working on, until the test is over."""
    began, end = threading.Event(), threading.Event()

    def work() -> None:
        began.set()
        end.wait()

    telemetry.engine.backlog.put(work)
    worker = threading.Thread(target=telemetry.engine.backlog.drain)
    worker.start()
    began.wait()
    yield telemetry.engine
    end.set()
    worker.join()


def test_jobs_are_done_in_order(backlog: Backlog) -> None:
    done: list[int] = []
    for number in range(100):
        backlog.put(lambda number=number: done.append(number))  # type: ignore[misc]
    assert backlog.drain()
    assert done == list(range(100))


def test_a_round_ends_when_its_time_is_up_and_the_next_one_goes_on(backlog: Backlog) -> None:
    done: list[int] = []
    for number in range(3):
        backlog.put(lambda number=number: done.append(number))  # type: ignore[misc]
    assert backlog.drain(work=0) is False
    assert backlog.drain()
    assert done == [0, 1, 2]


def test_a_full_backlog_takes_no_more_and_counts_what_it_drops(busy: Engine, telemetry: Telemetry) -> None:
    done: list[int] = []
    for number in range(20_000 + 5):
        busy.backlog.put(lambda number=number: done.append(number))  # type: ignore[misc]
    assert busy.backlog._queue.qsize() == 20_000
    assert done == []
    [dropped] = telemetry.metrics()["llmotel.internal.dropped"]
    assert dropped.value == 5


def test_a_flush_that_waits_in_vain_says_so(busy: Engine) -> None:
    assert busy.flush(0.01) is False


def test_a_collection_is_not_given_up_because_the_backlog_is_being_worked_on(
    busy: Engine, telemetry: Telemetry
) -> None:
    # The SDK gives all callbacks of a collection 10 seconds, and each of llmotel's counters could wait for one.
    data = telemetry.recording._reader.get_metrics_data()
    assert data is not None
    names = {
        metric.name
        for resource in data.resource_metrics
        for scope in resource.scope_metrics
        for metric in scope.metrics
    }
    assert "llmotel.internal.errors" in names


def test_one_that_is_added_to_without_end_is_closed_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_CLOSING", 0.2)
    closed = threading.Event()
    backlog = Backlog(lambda site, error: None, lambda: None)

    def again() -> None:
        if not closed.is_set():
            backlog.put(again)

    backlog.put(again)
    backlog.close()
    closed.set()
    assert backlog.drain()
