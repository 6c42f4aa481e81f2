"""No secret of a setting is shown anywhere: status, settings, repr, errors, their tracebacks, log lines."""

from __future__ import annotations

import copy
import json
import logging
import traceback
from collections.abc import Iterator

import pytest

import llmotel
from llmotel.config.config import Config
from llmotel.config.masking import masked_attributes, masked_pairs, masked_text, masked_uri
from llmotel.diagnostics.probe import probe
from llmotel.errors import ConfigurationError
from receiver import Receiver
from scripts import run

SECRET = "hunter2"
UPLOAD = "OTEL_INSTRUMENTATION_GENAI_UPLOAD_BASE_PATH"


@pytest.fixture(autouse=True)
def off() -> Iterator[None]:
    yield
    llmotel.shutdown(0)


class TestUris:
    @pytest.mark.parametrize(
        ("uri", "shown"),
        [
            ("https://collector.example:4318/v1/traces", "https://collector.example:4318/v1/traces"),
            ("https://me:hunter2@collector.example", "https://***@collector.example"),
            ("https://hunter2@collector.example", "https://***@collector.example"),
            ("https://me:p@hunter2@collector.example/x", "https://***@collector.example/x"),
            ("sftp://me:p/hunter2@host/prompts", "sftp://***@host/prompts"),
            ("sftp://me:1/hunter2@host/prompts", "sftp://***@host/prompts"),
            ("sftp://me:p/hun@ter2/hunter2@host/prompts", "sftp://***@host/prompts"),
            ("sftp://me:hunter2?x@host/prompts", "sftp://***"),
            ("https://host/x?token=hunter2", "https://host/x?token=***"),
            ("https://host/x?a=1&sig=hunter2&hunter2", "https://host/x?a=***&sig=***&***"),
            ("https://host/x?user=me@hunter2", "https://host/x?user=***"),
            ("https://me:hunter2@host/x?user=me@hunter2", "https://***"),
            ("https://host/x#hunter2", "https://host/x#***"),
            ("https://host/@me/x", "https://host/@me/x"),
            ("kafka://me:hunter2@one:9092,me:hunter2@two:9092", "kafka://***@two:9092"),
            ("simplecache::s3://key:hunter2@bucket/x", "simplecache::s3://***@bucket/x"),
            ("zip://*.json::sftp://me:hunter2@host/x.zip", "zip://*.json::sftp://***@host/x.zip"),
            ("me:hunter2@collector:4317", "***@collector:4317"),
            ("/var/prompts", "/var/prompts"),
            ("", ""),
        ],
    )
    def test_user_information_and_the_values_of_a_query_are_hidden(self, uri: str, shown: str) -> None:
        assert masked_uri(uri) == shown

    def test_another_librarys_message_loses_credentials_and_keeps_the_rest(self) -> None:
        message = (
            "Max retries exceeded with url: /v1/traces?token=hunter2 (to 'https://me:hunter2@host:4318/x?sig=hunter2')"
        )
        assert masked_text(message) == (
            "Max retries exceeded with url: /v1/traces?token=*** (to 'https://***@host:4318/x?sig=***')"
        )


class TestPairs:
    def test_headers_show_their_names_only(self) -> None:
        assert masked_pairs("x-api-key=hunter2,authorization=Bearer hunter2,hunter2") == (
            "x-api-key=***,authorization=***,***"
        )

    @pytest.mark.parametrize(
        ("pairs", "shown"),
        [
            ("region=eu,service.version=1.2", "region=eu,service.version=1.2"),
            ("deploy.token=hunter2,region=eu", "deploy.token=***,region=eu"),
            ("DB_PASSWORD=hunter2", "DB_PASSWORD=***"),
            ("apiKey=hunter2", "apiKey=***"),
            ("db=postgres://me:hunter2@db/x", "db=postgres://***@db/x"),
            ("note=sk-proj-hunter2hunter2", "note=***"),
            ("note=Bearer hunter2", "note=***"),
        ],
    )
    def test_resource_attributes_hide_what_is_secret_by_name_or_look(self, pairs: str, shown: str) -> None:
        assert masked_attributes(pairs) == shown


ENVIRON = {
    "OTEL_EXPORTER_OTLP_ENDPOINT": "http://me:p@hunter2@127.0.0.1:9?token=hunter2",
    "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://me:p@hunter2@127.0.0.1:9/v1/traces?token=hunter2",
    "OTEL_EXPORTER_OTLP_HEADERS": "x-api-key=hunter2",
    "OTEL_RESOURCE_ATTRIBUTES": "deploy.token=hunter2",
    UPLOAD: "sftp://me:p/hunter2@host/prompts",
}


class TestWhereSettingsAreShown:
    @pytest.fixture(autouse=True)
    def _environment(self, monkeypatch: pytest.MonkeyPatch) -> None:
        for name, value in ENVIRON.items():
            monkeypatch.setenv(name, value)

    def test_the_status(self) -> None:
        llmotel.init(isolated=True)
        found = llmotel.status()
        for shown in (str(found), repr(found), json.dumps(found.as_dict())):
            assert SECRET not in shown
        assert "http://***@127.0.0.1:9/v1/metrics?token=***" in str(found)

    def test_the_configuration(self) -> None:
        config = Config.load()
        for shown in (repr(config), str(config.rows()), repr(vars(config)), repr(copy.copy(config))):
            assert SECRET not in shown

    def test_the_configuration_keeps_its_values(self) -> None:
        config = Config.load()
        assert config.headers == {"x-api-key": SECRET}
        assert f"{config.headers['x-api-key']}" == SECRET
        assert config.url("metrics") == "http://me:p@hunter2@127.0.0.1:9/v1/metrics?token=hunter2"

    def test_what_doctor_asks(self) -> None:
        config = Config.load()
        assert SECRET not in repr([probe(config, signal, 0.2) for signal in ("traces", "metrics")])

    @pytest.mark.parametrize(
        "wrong", [{"semconv": "newest"}, {"headers": {"a b": SECRET}}, {"endpoint": f"ftp://{SECRET}@x"}]
    )
    def test_the_traceback_of_an_error_with_its_variables(self, wrong: dict[str, object]) -> None:
        with pytest.raises(ConfigurationError) as caught:
            Config.load({"resource_attributes": {"region": "eu"}, **wrong})
        lines = "".join(traceback.TracebackException.from_exception(caught.value, capture_locals=True).format())
        own = lines.partition("llmotel/config/config.py")[2]
        assert own
        assert SECRET not in own

    def test_the_traceback_of_init_with_its_variables(self) -> None:
        with pytest.raises(ConfigurationError) as caught:
            llmotel.init(endpoint=f"http://me:{SECRET}@x", headers={"x-api-key": SECRET}, semconv="newest")
        lines = "".join(traceback.TracebackException.from_exception(caught.value, capture_locals=True).format())
        own = lines.partition("llmotel/setup.py")[2]
        assert own
        assert SECRET not in own

    def test_a_store_that_cannot_be_opened(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv(UPLOAD, "nosuch://me:p/hunter2@host/prompts?token=hunter2")
        monkeypatch.setenv("OTEL_INSTRUMENTATION_GENAI_COMPLETION_HOOK", "upload")
        with pytest.raises(ConfigurationError, match=r"nosuch://\*\*\*@host/prompts\?token=\*\*\*") as caught:
            llmotel.init(isolated=True, capture_content=True)
        assert SECRET not in str(caught.value)


@pytest.mark.parametrize("status", [None, 401])
def test_no_log_line_of_an_export_that_fails_has_one(status: int | None) -> None:
    with Receiver(status or 200) as receiver:
        port = receiver.url.rpartition(":")[2] if status else "9"
        _, err = run(
            "logging.getLogger().setLevel('INFO'); llmotel.init(); call(); llmotel.flush(3); os._exit(0)",
            OTEL_EXPORTER_OTLP_ENDPOINT=f"http://me:hunter2@127.0.0.1:{port}?token=hunter2",
            OTEL_EXPORTER_OTLP_HEADERS="x-api-key=hunter2",
            OTEL_EXPORTER_OTLP_TIMEOUT="1",
        )
    assert "are lost" in err
    assert SECRET not in err


def test_a_message_of_an_exporter_keeps_its_arguments_where_there_is_no_secret(
    caplog: pytest.LogCaptureFixture,
) -> None:
    from llmotel.sdk.outage import Outage, install_log_filter

    exporter = logging.getLogger("opentelemetry.exporter.of.a.test")
    install_log_filter()
    with Outage().exporting():
        exporter.error("Failed to export %s batch code: %s", "span", 401)
    assert caplog.messages == ["Failed to export span batch code: 401"]
