"""One marked call, end to end: through a real client if one is installed, out to the configured endpoint.

Stations in order: library, span, endpoint, delivery. The first that fails says where telemetry gets stuck.
"""

from __future__ import annotations

import importlib.util
import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from llmotel import setup
from llmotel.config.config import SIGNALS, Config
from llmotel.config.masking import masked_text
from llmotel.diagnostics.probe import probe
from llmotel.errors import LlmotelError

if TYPE_CHECKING:
    from llmotel.engine.engine import Engine
    from llmotel.sdk.pipeline import Pipeline

MARK = "llmotel-selftest"
_MODEL = "selftest-model"


@dataclass(frozen=True, slots=True)
class Check:
    """One station of the way, and whether the call passed it."""

    name: str
    passed: bool
    text: str
    mend: str = ""


def run(timeout: float = 10.0) -> Iterator[Check]:
    """Makes the call and follows it; ends after the first station that it does not pass.

    Works on a pipeline of its own, made from this environment, so that nothing of the application is touched.
    """
    try:
        setup.init(isolated=True, events=True)
    except LlmotelError as error:
        yield Check("settings", False, str(error))
        return
    running = setup.running()
    if running is None or running.engine is None or running.pipeline is None:
        yield Check("settings", False, "llmotel is switched off", "Unset OTEL_SDK_DISABLED and LLMOTEL_DISABLED")
        return
    try:
        yield from _follow(running.config, running.engine, running.pipeline, timeout)
    finally:
        setup.shutdown(timeout)


def _follow(config: Config, engine: Engine, pipeline: Pipeline, timeout: float) -> Iterator[Check]:
    spans = _Spans()
    pipeline.providers["traces"].add_span_processor(spans.processor())
    station = _call(engine)
    yield station
    if not station.passed:
        return
    engine.flush(timeout)
    if not spans.seen:
        errors = "; ".join(engine.guard.last_errors)
        mend = (
            "Report it with this line" if errors else "Set OTEL_TRACES_SAMPLER to one that keeps it, such as always_on"
        )
        yield Check("span", False, f"no span came of the call: {errors or 'the sampler drops it'}", mend)
        return
    span = spans.seen[-1]
    yield Check("span", True, f"{span.name!r}, trace {span.context.trace_id:032x}")
    signals = [signal for signal in SIGNALS if "otlp" in getattr(config, f"{signal}_exporter")]
    if not signals:
        yield Check("endpoint", True, "nothing is sent: no exporter is otlp")
        return
    answers = [probe(config, signal, min(timeout, config.timeout)) for signal in signals]
    for answer in answers:
        yield Check("endpoint", answer.ok, f"{answer.signal}: {answer.url} {answer.text}", answer.mend)
    if all(answer.ok for answer in answers):
        yield _deliver(pipeline, timeout)


def _deliver(pipeline: Pipeline, timeout: float) -> Check:
    said = _Said()
    exporters = logging.getLogger("opentelemetry")
    exporters.addHandler(said)
    try:
        delivered = pipeline.flush(timeout)
    finally:
        exporters.removeHandler(said)
    sent = ", ".join(f"{outlet.signal} {outlet.sent} of {outlet.sent + outlet.failed}" for outlet in pipeline.exporters)
    if delivered:
        return Check("delivery", True, f"exports that arrived: {sent}. Look for feature={MARK} in your backend")
    why = said.lines[-1] if said.lines else f"not within {timeout:g} s"
    return Check("delivery", False, f"exports that arrived: {sent}; {why}", "Look at the log of the endpoint")


def _call(engine: Engine) -> Check:
    for library, call in _CALLS.items():
        if importlib.util.find_spec(library) is None:
            continue
        try:
            call()
        except Exception as error:
            return Check("library", False, f"{library}: the call failed: {type(error).__name__}: {error}")
        row = next((row for row in _rows() if row.library == library), None)
        state = row.state if row is not None else "unknown"
        text = f"{library} {row.version if row is not None else ''}, {state}"
        mend = "" if state == "instrumented" else row.detail if row is not None and row.detail else "See llmotel doctor"
        return Check("library", state == "instrumented", text, mend)
    _bare_call(engine)
    return Check("library", True, "none is installed; the engine was called without one")


def _rows() -> list[Any]:
    from llmotel.instrumentation import registry

    return registry.report()


def _openai() -> None:
    import openai

    import llmotel
    from llmotel.testing import ProviderServer

    with ProviderServer() as server, llmotel.tags(feature=MARK):
        client = openai.OpenAI(api_key=MARK, base_url=server.openai_url, max_retries=0)
        client.chat.completions.create(model=_MODEL, messages=[{"role": "user", "content": "Does this arrive?"}])


def _anthropic() -> None:
    import anthropic

    import llmotel
    from llmotel.testing import ProviderServer

    with ProviderServer() as server, llmotel.tags(feature=MARK):
        client = anthropic.Anthropic(api_key=MARK, base_url=server.url, max_retries=0)
        client.messages.create(
            model=_MODEL, max_tokens=16, messages=[{"role": "user", "content": "Does this arrive?"}]
        )  # fmt: skip


_CALLS: dict[str, Callable[[], None]] = {"openai": _openai, "anthropic": _anthropic}


def _bare_call(engine: Engine) -> None:
    """A call that no library made, through everything else."""
    from time import perf_counter

    from opentelemetry import context

    from llmotel.engine.call import Call
    from llmotel.model.inference import Inference, Usage
    from llmotel.spec import Endpoint, Provider

    inference = Inference(operation="chat", provider="unknown", request_model=_MODEL)
    inference.usage = Usage(input_tokens=1, output_tokens=1)
    tags = {"llmotel.feature": MARK}
    endpoint = Endpoint("chat")
    nothing = Provider(name="unknown", library="selftest", versions=("0", None), seams=(), match=lambda _: endpoint)
    call = Call(engine.scope(nothing), engine.guard, endpoint, inference, tags)
    call.begin(context.get_current(), None, perf_counter())
    call.detach()
    call.finish()


class _Spans:
    """Sees the spans that end."""

    def __init__(self) -> None:
        self.seen: list[Any] = []

    def processor(self) -> Any:
        from opentelemetry.sdk.trace import ReadableSpan, SpanProcessor

        seen = self.seen

        class Witness(SpanProcessor):
            def on_end(self, span: ReadableSpan) -> None:
                seen.append(span)

            def force_flush(self, timeout_millis: int = 30_000) -> bool:  # noqa: ARG002
                return True  # SDKs before 1.42 take the default's answer for a failure

        return Witness()


class _Said(logging.Handler):
    """Keeps what OpenTelemetry's exporters log, which is the only place where they give a reason."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(masked_text(record.getMessage()))


__all__ = ["MARK", "Check", "run"]
