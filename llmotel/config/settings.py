"""The table of settings: each with its variables, its parser, its default and the words that explain it.

Everything that is said about a setting comes from here: the values of :class:`~llmotel.config.config.Config`, the error
messages, ``llmotel settings`` and the table in the README.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from llmotel.config import masking, parsing
from llmotel.model.structs import FrozenStruct

SIGNALS = ("traces", "metrics", "logs")
_HTTP = "http/protobuf"


class Setting(FrozenStruct):
    """One setting. ``parse`` turns a variable's text, or an argument of a fitting type, into the value of the field
    ``name`` of :class:`Config`, and raises ``ValueError`` for everything else."""

    name: str
    variables: tuple[str, ...]  # the first that is set and not empty counts
    parse: Callable[[Any], object]
    default: object
    accepted: str
    help: str
    example: str
    argument: str | None = ""  # of init(): "" for the same as ``name``, None for no argument
    mask: Callable[[str], str] | None = None  # takes what may be secret out of a text

    @property
    def keyword(self) -> str | None:
        """The argument of ``init()`` that sets this, if there is one."""
        return self.name if self.argument == "" else self.argument

    def quoted(self, value: object) -> str:
        """``value`` as an error message repeats it."""
        return repr(self.mask(str(value)) if self.mask else value)

    def shown(self, value: object) -> str:
        """``value`` as a person may see it: short, and without secrets."""
        if value is None:
            return "not set"
        if isinstance(value, Mapping):
            value = tuple(f"{key}={entry}" for key, entry in value.items())
        if isinstance(value, tuple):
            text = ",".join(str(entry) for entry in value) or "none"
        elif isinstance(value, bool):
            text = "true" if value else "false"
        else:
            text = getattr(value, "__qualname__", None) or str(value)
        return self.mask(text) if self.mask and text != "none" else text


_FLAG = "true or false"
_EXPORTERS = "none, or a comma list of otlp and console"
_PROTOCOLS = "grpc or http/protobuf"
_URL = "a URL such as http://collector:4318, without /v1/traces"
_SIGNAL_URL = "a URL such as http://collector:4318/v1/{}"
_MILLISECONDS = "a whole number of milliseconds, 1 or more"
_COUNT = "a whole number, 1 or more"
SAMPLERS = (
    "always_on", "always_off", "traceidratio",
    "parentbased_always_on", "parentbased_always_off", "parentbased_traceidratio",
)  # fmt: skip
_CAPTURE = "NO_CONTENT, SPAN_ONLY, EVENT_ONLY, SPAN_AND_EVENT, true (the same as SPAN_ONLY) or false"
_GENAI = "OTEL_INSTRUMENTATION_GENAI_"
REDACTIONS = ("api_keys", "bearer", "email", "card")

SETTINGS: tuple[Setting, ...] = (
    Setting("service_name", ("OTEL_SERVICE_NAME",), parsing.text, None, "a name", "Name of this service.", "checkout"),
    Setting("resource_attributes", ("OTEL_RESOURCE_ATTRIBUTES",), parsing.attributes, {},
            "key=value pairs, comma separated", "What is true of this whole process; an argument adds to the variable.",
            "deployment.environment.name=production", mask=masking.masked_attributes),
    Setting("endpoint", ("OTEL_EXPORTER_OTLP_ENDPOINT",), parsing.url, None, _URL,
            "Where telemetry goes: base URL of an OTLP receiver. Default http://localhost:4318, with grpc :4317.",
            "http://collector:4318", mask=masking.masked_uri),
    Setting("headers", ("OTEL_EXPORTER_OTLP_HEADERS",), parsing.headers, {}, "key=value pairs, comma separated",
            "Headers of every export, for example an API key.", "x-api-key=secret", mask=masking.masked_pairs),
    Setting("protocol", ("OTEL_EXPORTER_OTLP_PROTOCOL",), parsing.choice("grpc", _HTTP), _HTTP, _PROTOCOLS,
            "How telemetry is sent.", "grpc"),
    Setting("traces_exporter", ("OTEL_TRACES_EXPORTER",), parsing.exporters, ("otlp",), _EXPORTERS,
            "What becomes of spans.", "otlp,console"),
    Setting("metrics_exporter", ("OTEL_METRICS_EXPORTER",), parsing.exporters, ("otlp",), _EXPORTERS,
            "What becomes of metrics.", "none"),
    Setting("logs_exporter", ("OTEL_LOGS_EXPORTER",), parsing.exporters, ("otlp",), _EXPORTERS,
            "What becomes of events.", "none"),
    *(
        Setting(f"{signal}_{what}", (f"OTEL_EXPORTER_OTLP_{signal.upper()}_{what.upper()}",), parse, None,
                accepted.format(signal), f"{what.capitalize()} for {signal} alone.", example.format(signal), None,
                mask=masking.masked_uri if what == "endpoint" else None)
        for what, parse, accepted, example in (
            ("endpoint", parsing.url, _SIGNAL_URL, "http://collector:4318/v1/{}"),
            ("protocol", parsing.choice("grpc", _HTTP), _PROTOCOLS, "grpc"),
        )
        for signal in SIGNALS
    ),
    Setting("timeout", ("OTEL_EXPORTER_OTLP_TIMEOUT",), parsing.positive, 10.0, "a number of seconds above 0",
            "Longest time for one export, in seconds.", "5"),
    *(
        Setting(f"{signal}_timeout", (f"OTEL_EXPORTER_OTLP_{signal.upper()}_TIMEOUT",), parsing.positive, None,
                "a number of seconds above 0", f"Timeout for {signal} alone.", "5", None)
        for signal in SIGNALS
    ),
    Setting("sampler", ("OTEL_TRACES_SAMPLER",), parsing.name, "parentbased_always_on",
            ", ".join(SAMPLERS), "Which traces are kept. Metrics count every call all the same.",
            "parentbased_traceidratio"),
    Setting("sampler_arg", ("OTEL_TRACES_SAMPLER_ARG",), parsing.ratio, None, "a number from 0 to 1",
            "Share of traces that a ratio sampler keeps.", "0.1"),
    Setting("metric_interval", ("OTEL_METRIC_EXPORT_INTERVAL",), parsing.count, 60_000, _MILLISECONDS,
            "Time between two exports of metrics, in milliseconds.", "10000"),
    Setting("metric_temporality", ("OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE",),
            parsing.choice("cumulative", "delta", "lowmemory"), "cumulative", "cumulative, delta or lowmemory",
            "Whether metrics add up from the start of the process or from the last export.", "delta"),
    Setting("metric_histogram", ("OTEL_EXPORTER_OTLP_METRICS_DEFAULT_HISTOGRAM_AGGREGATION",),
            parsing.choice("explicit_bucket_histogram", "base2_exponential_bucket_histogram"),
            "explicit_bucket_histogram", "explicit_bucket_histogram or base2_exponential_bucket_histogram",
            "Shape of histograms.", "base2_exponential_bucket_histogram"),
    Setting("bsp_schedule_delay", ("OTEL_BSP_SCHEDULE_DELAY",), parsing.count, 5_000, _MILLISECONDS,
            "Longest time that a finished span waits for its export, in milliseconds.", "1000"),
    Setting("bsp_max_queue_size", ("OTEL_BSP_MAX_QUEUE_SIZE",), parsing.count, 2_048, _COUNT,
            "Spans that may wait for export; more are dropped.", "8192"),
    Setting("bsp_max_export_batch_size", ("OTEL_BSP_MAX_EXPORT_BATCH_SIZE",), parsing.count, 512, _COUNT,
            "Spans in one export.", "1024"),
    Setting("blrp_schedule_delay", ("OTEL_BLRP_SCHEDULE_DELAY",), parsing.count, 5_000, _MILLISECONDS,
            "The same for events: longest wait.", "1000"),
    Setting("blrp_max_queue_size", ("OTEL_BLRP_MAX_QUEUE_SIZE",), parsing.count, 2_048, _COUNT,
            "The same for events: how many may wait.", "8192"),
    Setting("blrp_max_export_batch_size", ("OTEL_BLRP_MAX_EXPORT_BATCH_SIZE",), parsing.count, 512, _COUNT,
            "The same for events: how many in one export.", "1024"),
    Setting("sdk_disabled", ("OTEL_SDK_DISABLED",), parsing.flag, False, _FLAG,
            "Turns all of OpenTelemetry off, llmotel with it.", "true"),
    Setting("disabled_instrumentations", ("OTEL_PYTHON_DISABLED_INSTRUMENTATIONS",), parsing.words, (),
            "a comma list of library names, or *", "Libraries that are left alone. In the variable, a name that "
            "another package's instrumentation has too means that one; llmotel-openai means this one.", "anthropic"),
    Setting("semconv", ("LLMOTEL_SEMCONV",), parsing.choice("latest", "legacy", "dup"), "latest",
            "latest, legacy or dup",
            "Names of metrics: the newest conventions, those of today's dashboards, or both. "
            "OTEL_SEMCONV_STABILITY_OPT_IN=gen_ai_latest_experimental is accepted and changes nothing.", "dup"),
    Setting("content", (_GENAI + "CAPTURE_MESSAGE_CONTENT",), parsing.content, "NO_CONTENT", _CAPTURE,
            "Whether prompts, completions and tool arguments are recorded, and where.", "SPAN_ONLY",
            "capture_content"),
    Setting("content_max_bytes", ("LLMOTEL_CONTENT_MAX_BYTES",), parsing.at_least(64), 65_536,
            "a whole number, 64 or more",
            "Longest value of captured content, in bytes; longer ones are cut and stay valid JSON.", "8192"),
    Setting("content_sample_ratio", ("LLMOTEL_CONTENT_SAMPLE_RATIO",), parsing.ratio, 1.0, "a number from 0 to 1",
            "Share of successful calls whose content is captured; failed calls always keep theirs.", "0.05"),
    Setting("redact", ("LLMOTEL_REDACT",), parsing.subset(*REDACTIONS), REDACTIONS,
            f"all, none, or a comma list of {', '.join(REDACTIONS)}", "What is taken out of captured content.",
            "api_keys,bearer"),
    Setting("redactor", (), parsing.function, None, "a function from str to str",
            "Your own redaction of captured text, after the built-in one.", "redactor=scrub"),
    Setting("completion_hook", (_GENAI + "COMPLETION_HOOK",), parsing.hook, None,
            "the name of an installed hook, such as upload, or a function", "Hands content elsewhere.", "upload"),
    Setting("upload_base_path", (_GENAI + "UPLOAD_BASE_PATH",), parsing.uri, None, "a path or fsspec URI",
            "Where the upload hook puts content.", "s3://bucket/prompts", mask=masking.masked_uri),
    Setting("upload_format", (_GENAI + "UPLOAD_FORMAT",), parsing.choice("json", "jsonl"), "json", "json or jsonl",
            "Format of uploaded content.", "jsonl"),
    Setting("upload_max_queue_size", (_GENAI + "UPLOAD_MAX_QUEUE_SIZE",), parsing.count, 20, _COUNT,
            "Uploads that may wait; more are dropped and counted.", "100"),
    Setting("stream_usage", ("LLMOTEL_STREAM_USAGE",), parsing.choice("auto", "none", "inject", "estimate"), "auto",
            "auto, none, inject or estimate",
            "For streams whose provider sends no usage unless it is asked to: ask the hosts that are known to take the "
            "question and take the extra chunk out again, ask no host, ask every host, or estimate (flagged, never in "
            "the token counters).", "none"),
    Setting("metric_tags", ("LLMOTEL_METRIC_TAGS",), parsing.words, (), "a comma list of tag names",
            "Tags that go on metrics too. Only such as have few values.", "feature,tenant"),
    Setting("metric_tag_values", ("LLMOTEL_METRIC_TAG_VALUES",), parsing.count, 100, _COUNT,
            "Values that one tag, and names that tools, agents and circuit breakers, may have on metrics; later ones "
            "become other.", "20"),
    Setting("baggage_tags", ("LLMOTEL_BAGGAGE_TAGS",), parsing.flag, False, _FLAG,
            "Whether tags travel to other services as baggage.", "true"),
    Setting("adopt", ("LLMOTEL_ADOPT",), parsing.switch, "auto", "auto, or " + _FLAG,
            "Whether calls that other libraries' own GenAI spans tell of get metrics and cost too; auto: where the "
            "TracerProvider is llmotel's.", "false"),
    Setting("events", ("LLMOTEL_EVENTS",), parsing.switch, "auto", "auto, or " + _FLAG,
            "Whether each call emits an event with its details; auto: where it says what the span does not (content on "
            "events, a span that is not recorded).", "true"),
    Setting("prices", ("LLMOTEL_PRICES",), parsing.path, None, "the path of a TOML file",
            "Your own prices, looked at before the built-in ones.", "prices.toml"),
    Setting("provider_hosts", ("LLMOTEL_PROVIDER_HOSTS",), parsing.pairs, {}, "host=provider pairs, comma separated",
            "Who answers at hosts that llmotel does not know.", "llm.corp.example=openai"),
    Setting("console", ("LLMOTEL_CONSOLE",), parsing.flag, False, _FLAG, "Prints one line per call to stderr.", "1"),
    Setting("exit_flush", ("LLMOTEL_EXIT_FLUSH",), parsing.flag, True, _FLAG,
            "Whether what waits is sent also where a process ends without its exit handlers: by SIGTERM, if nobody "
            "else handles it, and by os._exit(). Takes 5 seconds at most; the exit status stays.", "false"),
    Setting("child_processes", ("LLMOTEL_CHILD_PROCESSES",), parsing.flag, True, _FLAG,
            "Whether init() runs by itself in processes that multiprocessing starts anew (spawn, forkserver).",
            "false"),
    Setting("isolated", ("LLMOTEL_ISOLATED",), parsing.flag, False, _FLAG,
            "Own providers that nobody else's spans go through.", "true"),
    Setting("disabled", ("LLMOTEL_DISABLED",), parsing.flag, False, _FLAG,
            "Kill switch: init() instruments nothing until llmotel.enable().", "1"),
    Setting("error_limit", ("LLMOTEL_ERROR_LIMIT",), parsing.count, 100, _COUNT,
            "Calls with internal errors, of twice as many, after which an operation is not recorded for five minutes.",
            "10"),
    Setting("raise_errors", ("LLMOTEL_RAISE",), parsing.flag, False, _FLAG,
            "For contributors: internal errors are raised, so that no test hides one.", "1", None),
)  # fmt: skip


def settings_markdown() -> str:
    """The table of settings of the README."""
    lines = ["| Argument of `init()` | Variable | Default | Accepted | What it does |", "|---|---|---|---|---|"]
    for setting in SETTINGS:
        variables = "<br>".join(f"`{variable}`" for variable in setting.variables) or "-"
        argument = f"`{setting.keyword}`" if setting.keyword else "-"
        default = setting.shown(setting.default) if setting.default not in (None, {}, ()) else "-"
        lines.append(f"| {argument} | {variables} | {default} | {setting.accepted} | {setting.help} |")
    return "\n".join(lines) + "\n"


__all__ = ["REDACTIONS", "SAMPLERS", "SETTINGS", "SIGNALS", "Setting", "settings_markdown"]
