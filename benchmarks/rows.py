"""The rows of every table: what stands between the caller and the client library.

A row is written ``subject``, ``subject:variant`` or ``subject:variant+variant``, as in ``llmotel:latest+content``.
Nothing of a peer is imported before its row is switched on, which happens in a process of that peer's environment.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import partial
from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from benchmarks.telemetry import Telemetry

BASE = "base"  # the environment of the interpreter that runs the benchmark
LATEST, LEGACY, CONTENT = "latest", "legacy", "content"

SwitchOn = Callable[["Telemetry", "Row"], object]


@dataclass(frozen=True)
class Subject:
    """``requires`` is installed on top of the client libraries in an environment of that name. ``variables`` are set
    for every row, ``silent`` where content is off, ``open`` where it is on. ``own_providers`` says that it installs
    OpenTelemetry providers of its own, and gets our exporters handed in."""

    name: str
    switch_on: SwitchOn
    variants: tuple[str, ...] = ("", CONTENT)
    requires: tuple[str, ...] = ()
    variables: Mapping[str, str] = field(default_factory=dict)
    silent: Mapping[str, str] = field(default_factory=dict)
    open: Mapping[str, str] = field(default_factory=dict)
    libraries: tuple[str, ...] = ("openai", "anthropic")
    openai_module: str = "openai"
    own_providers: bool = False
    note: str = ""

    @property
    def environment(self) -> str:
        return self.name if self.requires else BASE


@dataclass(frozen=True)
class Row:
    subject: Subject
    variant: str = ""
    environment: str = ""  # where it runs: only for bare rows in another subject's environment

    @property
    def label(self) -> str:
        label = f"{self.subject.name}:{self.variant}" if self.variant else self.subject.name
        return f"{label}@{self.environment}" if self.environment else label

    @property
    def home(self) -> str:
        return self.environment or self.subject.environment

    @property
    def content(self) -> bool:
        return CONTENT in self.variant.split("+")

    @property
    def latest(self) -> bool:
        return LATEST in self.variant.split("+")

    @property
    def variables(self) -> dict[str, str]:
        subject = self.subject
        return {**subject.variables, **(subject.open if self.content else subject.silent)}


def row(label: str) -> Row:
    """The row that ``label`` names; ``KeyError`` when there is no such subject."""
    head, _, environment = label.partition("@")
    name, _, variant = head.partition(":")
    return Row(SUBJECTS[name], variant, environment)


def rows(patterns: Iterable[str] = ()) -> list[Row]:
    """All rows, or those that ``patterns`` name: a subject for all its variants, or a whole label. In the order of the
    table. ``ValueError`` for a pattern that names none."""
    every = [Row(subject, variant) for subject in SUBJECTS.values() for variant in subject.variants]
    wanted = set(patterns)
    unknown = wanted - {name for one in every for name in (one.label, one.subject.name)}
    if unknown:
        raise ValueError(
            f"no such row: {', '.join(sorted(unknown))}; there are {', '.join(one.label for one in every)}"
        )
    return [one for one in every if not wanted or wanted & {one.label, one.subject.name}]


def bare(environment: str = BASE) -> Row:
    """The bare client in an environment: what every row there is compared with."""
    return Row(SUBJECTS["none"], "", "" if environment == BASE else environment)


# How each is switched on, as its documentation says.


def _nothing(_: Telemetry, __: Row) -> None:
    return


def _llmotel(_: Telemetry, row: Row) -> None:
    import llmotel

    llmotel.init(semconv=LATEST if row.latest else LEGACY, capture_content=row.content)


def _instrumentors(classes: Iterable[str], telemetry: Telemetry, _: Row) -> None:
    """Instrumentors given as ``module:Class``."""
    for path in classes:
        module, name = path.split(":")
        getattr(import_module(module), name)().instrument(
            tracer_provider=telemetry.traces,
            meter_provider=telemetry.metrics,
            logger_provider=telemetry.logs,
        )


def _openinference(telemetry: Telemetry, row: Row) -> None:
    hide = not row.content
    config = import_module("openinference.instrumentation").TraceConfig(
        hide_inputs=hide,
        hide_outputs=hide,
        hide_llm_tools=hide,
        hide_embeddings_text=hide,
        hide_embeddings_vectors=hide,
    )
    for library, name in (("openai", "OpenAIInstrumentor"), ("anthropic", "AnthropicInstrumentor")):
        instrumentor = getattr(import_module(f"openinference.instrumentation.{library}"), name)
        instrumentor().instrument(tracer_provider=telemetry.traces, config=config)


def _openlit(_: Telemetry, row: Row) -> None:
    # It takes the global providers, which are ours.
    import_module("openlit").init(application_name="benchmark", capture_message_content=row.content)


def _logfire(telemetry: Telemetry, _: Row) -> None:
    logfire = import_module("logfire")
    logfire.configure(
        send_to_logfire=False,
        console=False,
        inspect_arguments=False,
        additional_span_processors=[telemetry.span_processor],
        metrics=logfire.MetricsOptions(additional_readers=[telemetry.reader()]),
    )
    logfire.instrument_openai()
    logfire.instrument_anthropic()


def _langtrace(telemetry: Telemetry, _: Row) -> None:
    langtrace = import_module("langtrace_python_sdk").langtrace
    langtrace.init(custom_remote_exporter=telemetry.spans, batch=True, api_key="benchmark")


def _langfuse(telemetry: Telemetry, _: Row) -> None:
    import_module("langfuse").Langfuse(
        public_key="pk-benchmark", secret_key="sk-benchmark", host="http://127.0.0.1:9", span_exporter=telemetry.spans
    )


_CAPTURE = "OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT"
_OTEL = {"OTEL_SEMCONV_STABILITY_OPT_IN": "gen_ai_latest_experimental"}
_OWN_VARIANTS = (LATEST, LEGACY, f"{LATEST}+{CONTENT}", f"{LEGACY}+{CONTENT}")

SUBJECTS: dict[str, Subject] = {
    subject.name: subject
    for subject in (
        Subject("none", _nothing, variants=("",)),
        Subject("floor", _nothing, variants=_OWN_VARIANTS),
        Subject("llmotel", _llmotel, variants=_OWN_VARIANTS),
        Subject(
            "otel-genai",
            partial(
                _instrumentors,
                (
                    "opentelemetry.instrumentation.genai.openai:OpenAIInstrumentor",
                    "opentelemetry.instrumentation.genai.anthropic:AnthropicInstrumentor",
                ),
            ),
            requires=(
                "opentelemetry-instrumentation-genai-openai==1.3b0",
                "opentelemetry-instrumentation-genai-anthropic==1.3b0",
            ),
            variables=_OTEL,
            silent={_CAPTURE: "NO_CONTENT"},
            open={_CAPTURE: "SPAN_ONLY"},
        ),
        Subject(
            "openai-v2",
            partial(_instrumentors, ("opentelemetry.instrumentation.openai_v2:OpenAIInstrumentor",)),
            # It imports httpx without declaring it, and does not run with the util-genai 1.x that it admits.
            requires=(
                "opentelemetry-instrumentation-openai-v2==2.4b0",
                "opentelemetry-util-genai==0.4b0",
                "httpx",
            ),
            variables=_OTEL,
            silent={_CAPTURE: "NO_CONTENT"},
            open={_CAPTURE: "SPAN_ONLY"},
            libraries=("openai",),
            note="openai only",
        ),
        Subject(
            "openllmetry",
            partial(
                _instrumentors,
                (
                    "opentelemetry.instrumentation.openai:OpenAIInstrumentor",
                    "opentelemetry.instrumentation.anthropic:AnthropicInstrumentor",
                ),
            ),
            requires=(
                "opentelemetry-instrumentation-openai==0.62.4",
                "opentelemetry-instrumentation-anthropic==0.62.4",
            ),
            silent={"TRACELOOP_TRACE_CONTENT": "false"},
            open={"TRACELOOP_TRACE_CONTENT": "true"},
        ),
        Subject(
            "openlit",
            _openlit,
            requires=("openlit==1.45.0",),
            variables={f"OTEL_{signal}_EXPORTER": "none" for signal in ("TRACES", "METRICS", "LOGS")},
        ),
        Subject(
            "openinference",
            _openinference,
            requires=("openinference-instrumentation-openai==0.1.66", "openinference-instrumentation-anthropic==3.1.0"),
        ),
        Subject(
            "logfire",
            _logfire,
            variants=(CONTENT,),
            requires=("logfire==5.2.0",),
            own_providers=True,
            note="content cannot be switched off",
        ),
        Subject(
            "langtrace",
            _langtrace,
            requires=("langtrace-python-sdk==3.8.21", "importlib-metadata"),
            silent={"TRACE_PROMPT_COMPLETION_DATA": "false"},
            open={"TRACE_PROMPT_COMPLETION_DATA": "true"},
            own_providers=True,
        ),
        Subject(
            "langfuse",
            _langfuse,
            variants=(CONTENT,),
            requires=("langfuse==5.0.4",),
            libraries=("openai",),
            openai_module="langfuse.openai",
            own_providers=True,
            note="a replacement of the openai module; content cannot be switched off",
        ),
    )
}
