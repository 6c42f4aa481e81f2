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
from scripts import run


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


def test_before_init_the_page_says_what_it_would_do() -> None:
    out, _ = run("print(llmotel.status())", OTEL_EXPORTER_OTLP_ENDPOINT="http://me:hunter2@collector:4318",
                 OTEL_PYTHON_DISABLED_INSTRUMENTATIONS="anthropic")  # fmt: skip
    lines = [line.split() for line in out.splitlines()]
    assert ["What", "init()", "would", "do", "here:"] in lines
    assert ["traces", "llmotel's", "own", "provider", "http://***@collector:4318/v1/traces"] in lines
    assert any(line[:1] == ["openai"] and "instrumented once imported" in " ".join(line) for line in lines)
    assert any(line[:1] == ["anthropic"] and "disabled" in line for line in lines)


def test_before_init_an_applications_providers_are_seen() -> None:
    out, err = run(
        """
        from opentelemetry import trace
        from opentelemetry.sdk.trace import TracerProvider
        trace.set_tracer_provider(TracerProvider())
        print([row.provider for row in llmotel.status().signals])
        """
    )
    assert (out, err) == ("['reused', 'none', 'none']", "")


@pytest.mark.parametrize("switch", ["OTEL_SDK_DISABLED", "LLMOTEL_DISABLED"])
def test_before_init_a_kill_switch_is_part_of_the_reason(monkeypatch: pytest.MonkeyPatch, switch: str) -> None:
    monkeypatch.setenv(switch, "true")
    found = llmotel.status()
    assert found.reason == f"llmotel.init() has not been called, and {switch} would keep it off"
    assert not found.planned


def test_what_init_would_refuse_is_the_reason() -> None:
    out, _ = run("print(llmotel.status().refused, llmotel.status().reason)", OTEL_TRACES_SAMPLER="sometimes")
    assert out.startswith("True OTEL_TRACES_SAMPLER='sometimes' (from the environment): accepted is ")


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
    assert page.startswith(f"llmotel {llmotel.__version__}: on\n\nLibraries\n  aiobotocore")
    assert "  semconv                    dup        from argument" in page
    assert "  traces   the provider given to init()" in page
    assert "metric_interval" not in page


def test_a_console_shows_the_page_and_a_notebook_tables() -> None:
    initialised(semconv="dup", service_name="<b>checkout</b>")
    found = llmotel.status()
    assert repr(found) == str(found)
    page = found._repr_html_()
    assert "<caption" in page
    assert page.count("<table>") == page.count("</table>") >= 3
    assert "&lt;b&gt;checkout&lt;/b&gt;" in page
    assert "<b>checkout" not in page


def test_tab_shows_the_public_names() -> None:
    names = [name for name in dir(llmotel) if not name.startswith("__")]
    assert names == sorted(name for name in llmotel.__all__ if not name.startswith("__"))
    assert all(hasattr(llmotel, name) for name in dir(llmotel))


def test_the_page_shows_no_secrets() -> None:
    llmotel.init(isolated=True, headers={"x-api-key": "hunter2"}, endpoint="http://me:hunter2@collector:4318")
    assert "hunter2" not in str(llmotel.status())
    assert "hunter2" not in str(llmotel.status().as_dict())
