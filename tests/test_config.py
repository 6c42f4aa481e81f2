"""The configuration: what wins, what is refused and how that is said; the table of settings is the only one."""

from __future__ import annotations

import inspect
import logging
from pathlib import Path

import pytest

from llmotel import setup
from llmotel.config.config import SETTINGS, Config, Setting, settings_markdown
from llmotel.errors import ConfigurationError

CAPTURE = "OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT"


def load(environ: dict[str, str] | None = None, **arguments: object) -> Config:
    return Config.load(arguments, environ or {})


def refused(environ: dict[str, str] | None = None, **arguments: object) -> str:
    with pytest.raises(ConfigurationError) as caught:
        load(environ, **arguments)
    return str(caught.value)


class TestWhatWins:
    def test_a_default_counts_where_nothing_is_said(self) -> None:
        config = load()
        assert (config.semconv, config.origin("semconv")) == ("latest", "default")

    def test_a_variable_wins_over_the_default(self) -> None:
        config = load({"LLMOTEL_SEMCONV": "dup"})
        assert (config.semconv, config.origin("semconv")) == ("dup", "LLMOTEL_SEMCONV")

    def test_an_argument_wins_over_a_variable(self) -> None:
        config = load({"LLMOTEL_SEMCONV": "dup"}, semconv="legacy")
        assert (config.semconv, config.origin("semconv")) == ("legacy", "argument")

    def test_an_argument_of_none_is_not_given(self) -> None:
        assert load({"LLMOTEL_SEMCONV": "dup"}, semconv=None).semconv == "dup"

    def test_an_empty_variable_is_an_unset_one(self) -> None:
        assert load({"LLMOTEL_SEMCONV": " "}).origin("semconv") == "default"

    def test_false_is_a_value_of_its_own(self) -> None:
        assert load({"LLMOTEL_CONSOLE": "true"}, console=False).console is False


class TestValues:
    @pytest.mark.parametrize(
        ("text", "mode"),
        [
            ("NO_CONTENT", "NO_CONTENT"),
            ("span_only", "SPAN_ONLY"),
            ("Event_Only", "EVENT_ONLY"),
            ("SPAN_AND_EVENT", "SPAN_AND_EVENT"),
            ("true", "SPAN_ONLY"),
            ("False", "NO_CONTENT"),
        ],
    )
    def test_content_takes_the_standard_modes_in_any_case_and_true(self, text: str, mode: str) -> None:
        assert load({CAPTURE: text}).content == mode

    @pytest.mark.parametrize(
        ("given", "mode"), [(True, "SPAN_ONLY"), (False, "NO_CONTENT"), ("span_only", "SPAN_ONLY")]
    )
    def test_capture_content_takes_a_truth_value_or_a_mode(self, given: object, mode: str) -> None:
        assert load(capture_content=given).content == mode

    @pytest.mark.parametrize(
        ("text", "kinds"),
        [("all", ("api_keys", "bearer", "email", "card")), ("none", ()), ("email, api_keys", ("email", "api_keys"))],
    )
    def test_redact_takes_all_none_or_a_list(self, text: str, kinds: tuple[str, ...]) -> None:
        assert load({"LLMOTEL_REDACT": text}).redact == kinds

    def test_pairs_are_decoded(self) -> None:
        config = load({"OTEL_RESOURCE_ATTRIBUTES": "team=a%20b, region=eu ,"})
        assert config.resource_attributes == {"team": "a b", "region": "eu"}

    def test_header_names_are_lower_case_as_grpc_wants_them(self) -> None:
        assert load(headers={"X-Api-Key": "k"}).headers == {"x-api-key": "k"}

    def test_a_list_of_words_may_be_a_list(self) -> None:
        assert load(metric_tags=["feature", "tenant"]).metric_tags == load(metric_tags="feature, tenant,").metric_tags

    def test_a_path_may_be_a_path(self) -> None:
        assert load(prices=Path("/etc/prices.toml")).prices == "/etc/prices.toml"

    def test_the_stability_opt_in_is_accepted_and_changes_nothing(self) -> None:
        opted = load({"OTEL_SEMCONV_STABILITY_OPT_IN": "http,gen_ai_latest_experimental"})
        assert opted.rows() == load().rows()

    def test_exporters_that_only_other_tools_know_disturb_nobody(self) -> None:
        assert load({"OTEL_METRICS_EXPORTER": "prometheus"}).metrics_exporter == ("prometheus",)


class TestEndpoints:
    def test_the_default_is_the_port_of_the_protocol(self) -> None:
        assert load().url("traces") == "http://localhost:4318/v1/traces"
        assert load(protocol="grpc").url("traces") == "http://localhost:4317"

    def test_the_path_of_the_signal_is_put_behind_the_base_url(self) -> None:
        config = load({"OTEL_EXPORTER_OTLP_ENDPOINT": "https://x.example/otlp/"})
        assert config.url("logs") == "https://x.example/otlp/v1/logs"

    def test_the_endpoint_of_a_signal_is_taken_as_it_is(self) -> None:
        environ = {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://a", "OTEL_EXPORTER_OTLP_METRICS_ENDPOINT": "http://b/m"}
        config = load(environ)
        assert (config.url("traces"), config.url("metrics")) == ("http://a/v1/traces", "http://b/m")

    def test_an_argument_wins_over_the_variable_of_a_signal_too(self) -> None:
        config = load({"OTEL_EXPORTER_OTLP_METRICS_ENDPOINT": "http://b/m"}, endpoint="http://c")
        assert config.url("metrics") == "http://c/v1/metrics"

    def test_the_path_of_a_signal_goes_before_a_query(self) -> None:
        assert load(endpoint="http://c/otlp?token=t").url("logs") == "http://c/otlp/v1/logs?token=t"

    def test_a_signal_may_have_a_protocol_of_its_own(self) -> None:
        config = load({"OTEL_EXPORTER_OTLP_TRACES_PROTOCOL": "grpc"})
        assert (config.protocol_of("traces"), config.protocol_of("logs")) == ("grpc", "http/protobuf")


class TestWrongValues:
    def test_the_message_names_the_variable_the_value_and_what_is_accepted(self) -> None:
        message = refused({"LLMOTEL_SEMCONV": "newest"})
        assert message.startswith("LLMOTEL_SEMCONV='newest' (from the environment): accepted is latest, legacy or dup")
        assert "for example LLMOTEL_SEMCONV=dup" in message

    def test_the_message_names_the_argument(self) -> None:
        assert refused(semconv="newest").startswith("init(semconv='newest'): accepted is latest, legacy or dup")

    def test_the_name_is_the_one_that_the_user_wrote(self) -> None:
        assert refused(capture_content="all").startswith("init(capture_content='all'): ")

    @pytest.mark.parametrize(
        ("name", "value"),
        [
            ("content_max_bytes", 0),
            ("content_max_bytes", True),
            ("content_max_bytes", "many"),
            ("content_max_bytes", 1.5),
            ("content_sample_ratio", 1.1),
            ("content_sample_ratio", "nan"),
            ("timeout", 0),
            ("timeout", float("inf")),
            ("console", "maybe"),
            ("console", 3),
            ("redact", "emails"),
            ("redact", ""),
            ("redactor", "scrub"),
            ("provider_hosts", "openai"),
            ("metric_tags", {"feature": 1}),
            ("metric_tags", [1]),
            ("service_name", " "),
            ("endpoint", "ftp://collector"),
            ("endpoint", "http://collector:port"),
            ("endpoint", "http://"),
            ("headers", {"x api key": "k"}),
            ("headers", {"x-api-key": "from a file\n"}),
            ("stream_usage", None.__class__),
            ("prices", b"prices.toml"),
        ],
    )
    def test_a_wrong_value_is_refused(self, name: str, value: object) -> None:
        assert refused(**{name: value}).startswith(f"init({name}=")

    def test_a_secret_in_a_wrong_value_is_not_repeated(self) -> None:
        assert "hunter2" not in load({"OTEL_EXPORTER_OTLP_HEADERS": "x-api-key=hunter2,hunter2"}).ignored[0]
        assert "hunter2" not in refused(headers="x-api-key=hunter2,hunter2")
        assert "hunter2" not in refused(endpoint="ftp://me:hunter2@collector")

    def test_an_unknown_argument_is_refused_with_the_closest_one(self) -> None:
        assert refused(semcov="dup") == "init(semcov=...) is not an argument. Did you mean semconv?"

    def test_the_upload_hook_needs_a_place(self) -> None:
        assert "UPLOAD_BASE_PATH" in refused({"OTEL_INSTRUMENTATION_GENAI_COMPLETION_HOOK": "upload"})

    @pytest.mark.parametrize("setting", SETTINGS, ids=lambda setting: setting.name)
    def test_the_example_of_every_setting_is_accepted(self, setting: Setting) -> None:
        if not setting.variables:
            assert load(redactor=str.upper).redactor is str.upper
            return
        environ = {setting.variables[0]: setting.example, "OTEL_INSTRUMENTATION_GENAI_UPLOAD_BASE_PATH": "memory://x"}
        assert load(environ).origin(setting.name) == setting.variables[0]


class TestVariablesOfOthers:
    """Each component of OpenTelemetry reads the same ``OTEL_*`` variables, and not all know the same values."""

    @pytest.mark.parametrize(
        ("variable", "value", "field", "default"),
        [
            ("OTEL_EXPORTER_OTLP_PROTOCOL", "http/json", "protocol", "http/protobuf"),
            ("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "http/json", "traces_protocol", None),
            ("OTEL_TRACES_SAMPLER_ARG", "endpoint=http://jaeger:14250", "sampler_arg", None),
            ("OTEL_BSP_SCHEDULE_DELAY", "0", "bsp_schedule_delay", 5_000),
            ("OTEL_RESOURCE_ATTRIBUTES", "a=b,flag", "resource_attributes", {}),
            ("OTEL_SDK_DISABLED", "disabled", "sdk_disabled", False),
            ("OTEL_EXPORTER_OTLP_TIMEOUT", "5s", "timeout", 10.0),
        ],
    )
    def test_a_value_that_llmotel_does_not_know_is_ignored(
        self, variable: str, value: str, field: str, default: object
    ) -> None:
        config = load({variable: value})
        assert (getattr(config, field), config.origin(field)) == (default, "default")
        assert config.ignored[0].startswith(f"{variable}='{value}' (from the environment) is ignored: llmotel takes ")

    def test_that_is_said_once(self, caplog: pytest.LogCaptureFixture) -> None:
        for _ in range(3):
            load({"OTEL_METRIC_EXPORT_INTERVAL": "every minute"})
        assert caplog.messages == [
            "llmotel: OTEL_METRIC_EXPORT_INTERVAL='every minute' (from the environment) is ignored: llmotel takes a "
            "whole number of milliseconds, 1 or more"
        ]

    def test_the_second_variable_of_a_setting_is_not_lost_with_the_first(self) -> None:
        config = load({"OTEL_EXPORTER_OTLP_ENDPOINT": "ftp://x", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://a/t"})
        assert (config.url("traces"), config.url("logs")) == ("http://a/t", "http://localhost:4318/v1/logs")

    @pytest.mark.parametrize("variable", ["LLMOTEL_CONTENT_MAX_BYTES", CAPTURE])
    def test_what_llmotel_reads_for_itself_is_refused(self, variable: str) -> None:
        assert refused({variable: "plenty"}).startswith(f"{variable}='plenty' (from the environment): accepted is ")


class TestTimeouts:
    def test_one_of_a_signal_is_for_that_signal(self) -> None:
        config = load({"OTEL_EXPORTER_OTLP_TIMEOUT": "7", "OTEL_EXPORTER_OTLP_TRACES_TIMEOUT": "2"})
        assert [config.timeout_of(signal) for signal in ("traces", "metrics", "logs")] == [2.0, 7.0, 7.0]

    def test_an_argument_wins_over_the_variable_of_a_signal_too(self) -> None:
        assert load({"OTEL_EXPORTER_OTLP_TRACES_TIMEOUT": "2"}, timeout=5).timeout_of("traces") == 5.0


class TestMisspeltVariables:
    def test_one_line_names_them_all_with_the_closest_setting(self, caplog: pytest.LogCaptureFixture) -> None:
        load({"LLMOTEL_SEMCNV": "dup", "LLMOTEL_SERVICE_NAME": "checkout", "LLMOTEL_XYZ": "1"})
        assert [record.getMessage() for record in caplog.records] == [
            "llmotel: LLMOTEL_SEMCNV is not a setting. Did you mean LLMOTEL_SEMCONV? "
            "LLMOTEL_SERVICE_NAME is not a setting. Did you mean OTEL_SERVICE_NAME? "
            "LLMOTEL_XYZ is not a setting. `llmotel settings` lists them all."
        ]

    def test_right_ones_and_those_of_others_are_passed_over(self, caplog: pytest.LogCaptureFixture) -> None:
        caplog.set_level(logging.DEBUG)
        others = {"LLMOTEL_TEST_BIN": "/opt", "LLMOTEL_STACK_CORE": "core", "LLMOTEL_ALERT_ERROR_RATIO": "0.1"}
        load({"LLMOTEL_SEMCONV": "dup", **others, "OTEL_SEMCNV": "x", "PATH": "/bin"})
        assert not caplog.records


class TestTheTable:
    def test_every_setting_is_a_field_and_every_field_a_setting(self) -> None:
        fields = set(Config.__annotations__) - {"origins", "ignored"}
        assert fields == {setting.name for setting in SETTINGS}

    def test_every_setting_with_an_argument_is_one_of_init(self) -> None:
        arguments = set(inspect.signature(setup.init).parameters)
        providers = {"tracer_provider", "meter_provider", "logger_provider"}
        assert arguments - providers == {setting.keyword for setting in SETTINGS if setting.keyword}

    def test_every_setting_is_a_row_of_the_readme(self) -> None:
        rows = settings_markdown().splitlines()[2:]
        assert len(rows) == len(SETTINGS)
        assert all(row.count("|") == 6 for row in rows)
        assert any("`capture_content` | `" + CAPTURE in row for row in rows)

    def test_a_configuration_cannot_be_changed(self) -> None:
        with pytest.raises(AttributeError):
            load().semconv = "dup"  # type: ignore[misc]

    def test_rows_show_values_and_origins_but_no_secrets(self) -> None:
        environ = {"OTEL_EXPORTER_OTLP_HEADERS": "x-api-key=hunter2"}
        config = load(environ, endpoint="https://me:hunter2@x.example", redactor=str.upper)
        rows = {name: (value, origin) for name, value, origin in config.rows()}
        assert rows["headers"] == ("x-api-key=***", "OTEL_EXPORTER_OTLP_HEADERS")
        assert rows["endpoint"] == ("https://***@x.example", "argument")
        assert rows["redactor"] == ("str.upper", "argument")
        assert rows["console"] == ("false", "default")
        assert rows["prices"] == ("not set", "default")
        assert rows["capture_content"] == ("NO_CONTENT", "default")
        assert "hunter2" not in str(rows)
