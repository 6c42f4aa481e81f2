"""What ``init()`` does not do, because the application would wait for it."""

from __future__ import annotations

import pytest

from scripts import run

PROVIDERS = """
import sys
from opentelemetry import _logs, metrics, trace
from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.trace import TracerProvider
trace.set_tracer_provider(TracerProvider())
metrics.set_meter_provider(MeterProvider())
_logs.set_logger_provider(LoggerProvider())
import openai, anthropic
"""


def test_nothing_is_loaded_that_only_some_settings_need() -> None:
    out, _ = run(
        """
        llmotel.init()
        print(*sys.modules)
        """,
        PROVIDERS,
    )
    loaded = set(out.split())
    assert "llmotel.engine.engine" in loaded
    for name in ("content.policy", "content.document", "content.redaction", "content.sanitizer", "content.hooks",
                     "content.upload", "signals.console", "prices.user", "diagnostics", "grounding.sentences",
                     "sdk.exporter", "sdk.providers", "testing"):  # fmt: skip
        assert f"llmotel.{name}" not in loaded
    assert "opentelemetry.baggage" not in loaded


@pytest.mark.parametrize("setting", ["LLMOTEL_CONSOLE", "OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT"])
def test_what_a_setting_needs_is_loaded_then(setting: str) -> None:
    out, _ = run(
        "llmotel.init(); print('llmotel.content.policy' in sys.modules, 'llmotel.signals.console' in sys.modules)",
        PROVIDERS,
        **{setting: "true"},
    )
    assert out == ("False True" if setting == "LLMOTEL_CONSOLE" else "True False")


def test_no_class_is_made_by_writing_and_compiling_its_methods() -> None:
    out, _ = run(
        """
        llmotel.init()
        print(*made)
        """,
        PROVIDERS
        + """
import dataclasses
made = []
process = dataclasses._process_class
def watched(cls, *arguments, **named_arguments):
    made.append(f"{cls.__module__}.{cls.__name__}")
    return process(cls, *arguments, **named_arguments)
dataclasses._process_class = watched
""",
    )
    assert [name for name in out.split() if name.startswith("llmotel")] == []
