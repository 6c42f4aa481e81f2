"""``opentelemetry-instrument python app.py``: telemetry of an application that knows nothing of llmotel."""

from __future__ import annotations

import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from llmotel.testing import ProviderServer
from receiver import Receiver
from scripts import environment

APP = """
import os
import anthropic, openai

QUESTION = [{"role": "user", "content": "What is the capital of France, said Ludmila?"}]
with openai.OpenAI(api_key="any", base_url=os.environ["SERVER"] + "/v1") as client:
    client.chat.completions.create(model="gpt-4.1", messages=QUESTION)
    for _ in client.chat.completions.create(model="gpt-4.1-mini", messages=QUESTION, stream=True):
        pass
with anthropic.Anthropic(api_key="any", base_url=os.environ["SERVER"]) as client:
    client.messages.create(model="claude-opus-5", max_tokens=99, messages=QUESTION)
print("done")
"""
RunApp = Callable[..., str]
INSTRUMENT = "from opentelemetry.instrumentation.auto_instrumentation import run; run()"


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver() as receiver:
        yield receiver


@pytest.fixture
def run_app(tmp_path: Path, server: ProviderServer, receiver: Receiver) -> RunApp:
    def run(source: str = APP, **variables: str) -> str:
        """Runs ``source`` under ``opentelemetry-instrument`` to its good end; returns what it said on stderr."""
        app = tmp_path / "app.py"
        app.write_text(source)
        done = subprocess.run(
            [sys.executable, "-c", INSTRUMENT, sys.executable, str(app)],
            env=environment(
                SERVER=server.url,
                OTEL_EXPORTER_OTLP_ENDPOINT=receiver.url,
                OTEL_EXPORTER_OTLP_PROTOCOL="http/protobuf",
                OTEL_TRACES_EXPORTER="otlp",
                OTEL_METRICS_EXPORTER="otlp",
                OTEL_LOGS_EXPORTER="otlp",
                OTEL_SERVICE_NAME="shop",
                **variables,
            ),
            capture_output=True,
            text=True,
            timeout=240,
        )
        assert done.returncode == 0, done.stderr
        assert done.stdout.strip() == "done"
        return done.stderr

    return run


def calls(receiver: Receiver) -> Counter[str]:
    """The spans of model calls, by name; client libraries name theirs otherwise."""
    return Counter(span.name for _, span in receiver.spans() if span.name.startswith("chat "))


EACH_ONCE = {"chat gpt-4.1": 1, "chat gpt-4.1-mini": 1, "chat claude-opus-5": 1}


def test_every_call_is_exported_once(run_app: RunApp, receiver: Receiver) -> None:
    run_app()
    assert calls(receiver) == EACH_ONCE
    assert {resource["service.name"] for resource, _ in receiver.spans()} == {"shop"}
    assert {"gen_ai.client.inference.duration", "llmotel.client.cost.usd"} <= receiver.metric_names()


def test_nothing_of_what_was_said_is_exported(run_app: RunApp, receiver: Receiver) -> None:
    run_app()
    assert receiver.spans()
    assert not [body for bodies in receiver.bodies.values() for body in bodies if b"Ludmila" in body]


def test_a_setting_of_the_environment_counts(run_app: RunApp, receiver: Receiver) -> None:
    run_app(OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT="SPAN_ONLY")
    assert [body for body in receiver.bodies["/v1/traces"] if b"Ludmila" in body]


def test_a_library_that_is_disabled_is_left_alone(run_app: RunApp, receiver: Receiver) -> None:
    run_app(OTEL_PYTHON_DISABLED_INSTRUMENTATIONS="llmotel-anthropic")
    assert calls(receiver) == {"chat gpt-4.1": 1, "chat gpt-4.1-mini": 1}


def test_the_kill_switch_counts(run_app: RunApp, receiver: Receiver) -> None:
    run_app(LLMOTEL_DISABLED="1")
    assert not calls(receiver)


def test_an_application_that_calls_init_as_well_has_every_call_once(run_app: RunApp, receiver: Receiver) -> None:
    run_app("import llmotel\nllmotel.init()\n" + APP)
    assert calls(receiver) == EACH_ONCE
