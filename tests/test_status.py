"""``llmotel.status()``: data for a health endpoint, and a page to read."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from opentelemetry.sdk.trace import TracerProvider

import llmotel
from bare import call
from llmotel import setup
from receiver import Receiver


@pytest.fixture(autouse=True)
def off() -> Iterator[None]:
    yield
    llmotel.shutdown(0)


def initialised(**arguments: object) -> None:
    llmotel.init(tracer_provider=TracerProvider(shutdown_on_exit=False), **arguments)  # type: ignore[arg-type]


def test_before_init_it_tells_what_init_would_find(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LLMOTEL_SEMCONV", "dup")
    found = llmotel.status()
    assert (found.enabled, found.reason) == (False, "llmotel.init() has not been called")
    assert [(row.value, row.origin) for row in found.settings if row.name == "semconv"] == [("dup", "LLMOTEL_SEMCONV")]
    assert {"openai", "anthropic"} <= {row.library for row in found.libraries}


def test_a_wrong_setting_is_the_reason_and_no_exception(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LLMOTEL_SEMCONV", "newest")
    assert llmotel.status().reason.startswith("LLMOTEL_SEMCONV='newest'")


def test_after_init_it_is_on() -> None:
    initialised()
    found = llmotel.status()
    assert (found.enabled, found.reason) == (True, "")


def test_it_is_plain_data() -> None:
    initialised()
    data = json.loads(json.dumps(llmotel.status().as_dict()))
    assert data["signals"][0] == {"signal": "traces", "provider": "given", "endpoint": None, "sent": 0, "failed": 0,
                                  "lost": 0, "detail": ""}  # fmt: skip
    assert data["version"] == llmotel.__version__
    assert data["counts"]["unpriced"] == 0


def test_exports_of_its_own_are_counted() -> None:
    with Receiver() as receiver:
        llmotel.init(isolated=True, endpoint=receiver.url)
        call()
        assert llmotel.flush()
        [traces, *_] = llmotel.status().signals
        assert (traces.endpoint, traces.sent, traces.failed) == (f"{receiver.url}/v1/traces", 1, 0)
        llmotel.shutdown()


def test_counts_come_with_hints() -> None:
    initialised()
    engine = setup.engine()
    assert engine is not None
    assert not llmotel.status().hints
    engine.counts["streams_without_usage"] = 3
    engine.counts["unpriced"] = 2
    found = llmotel.status()
    found.counts.update(uploads_failed=4, uploads_dropped=5)
    hints = found.hints
    assert hints[0].startswith("Streams without usage: 3. Set LLMOTEL_STREAM_USAGE=inject")
    assert "LLMOTEL_PRICES" in hints[1]
    assert hints[2].startswith("Uploads that the store did not take: 4.")
    assert hints[3].startswith("Uploads dropped because too many waited: 5.")


def test_counts_are_those_of_now_also_where_no_metric_is_ever_collected() -> None:
    initialised(metric_tags=["feature"], metric_tag_values=1)
    engine = setup.engine()
    assert engine is not None
    for feature in ("search", "chat"):
        engine.metric_tags.of({"llmotel.feature": feature})
    assert llmotel.status().counts["tag_overflow"] == 1


def test_models_without_a_price_are_named() -> None:
    initialised()
    for model in ("gpt-4o", "a-model-of-mine"):
        call(model)
    llmotel.flush()
    found = llmotel.status()
    assert found.unpriced == ["openai a-model-of-mine"]
    assert "Calls without a known price: 1 (openai a-model-of-mine)." in str(found)


def test_internal_errors_are_shown() -> None:
    initialised()
    engine = setup.engine()
    assert engine is not None
    engine.guard.raise_errors = False
    engine.guard.report_error("openai.read_response", KeyError("choices"))
    found = llmotel.status()
    assert (found.counts["errors"], found.errors) == (1, ["openai.read_response: KeyError"])


def test_the_page_shows_what_was_chosen_and_no_defaults() -> None:
    initialised(semconv="dup", disabled_instrumentations=["anthropic"])
    page = str(llmotel.status())
    assert page.startswith(f"llmotel {llmotel.__version__}: on\n\nLibraries\n  anthropic")
    assert "  semconv                    dup        from argument" in page
    assert "  traces   the provider given to init()" in page
    assert "metric_interval" not in page


def test_the_page_shows_no_secrets() -> None:
    llmotel.init(isolated=True, headers={"x-api-key": "hunter2"}, endpoint="http://me:hunter2@collector:4318")
    assert "hunter2" not in str(llmotel.status())
    assert "hunter2" not in str(llmotel.status().as_dict())
