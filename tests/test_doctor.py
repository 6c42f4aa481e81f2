"""``llmotel doctor`` and ``llmotel selftest``: what is wrong, where it got stuck, and the mend."""

from __future__ import annotations

import os
import socket
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import grpc
import pytest

from llmotel import setup
from llmotel.config.config import SIGNALS, Config
from llmotel.diagnostics import selftest
from llmotel.diagnostics.doctor import NOTE, OK, PROBLEM, WARNING, Finding, examine
from llmotel.diagnostics.neighbours import neighbours
from llmotel.diagnostics.probe import Answer, probe
from receiver import GARBAGE, HANG, Receiver

SILENT = {"OTEL_TRACES_EXPORTER": "none", "OTEL_METRICS_EXPORTER": "none", "OTEL_LOGS_EXPORTER": "none"}


@pytest.fixture(autouse=True)
def clean(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """No settings but those of the test."""
    for name in list(os.environ):
        if name.startswith(("OTEL_", "LLMOTEL_")) or name.lower().endswith("_proxy"):
            monkeypatch.delenv(name)
    yield
    setup.shutdown(0)


def asked(url: str, signal: str = "traces", timeout: float = 5.0, **environ: str) -> Answer:
    return probe(Config.load({}, {"OTEL_EXPORTER_OTLP_ENDPOINT": url, **environ}), signal, timeout, environ)


def examined(monkeypatch: pytest.MonkeyPatch, environ: dict[str, str]) -> dict[str, Finding]:
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    return {finding.subject: finding for finding in examine(timeout=2.0)}


def install(monkeypatch: pytest.MonkeyPatch, folder: Path, name: str, entry_points: str = "") -> None:
    """Puts the metadata of a distribution on the path."""
    info = folder / f"{name.replace('-', '_')}-1.0.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0.0\n")
    (info / "entry_points.txt").write_text(entry_points)
    monkeypatch.syspath_prepend(str(folder))


class TestAnHttpEndpoint:
    @pytest.mark.parametrize("signal", SIGNALS)
    def test_one_that_takes_it_answers(self, signal: str) -> None:
        with Receiver() as receiver:
            answer = asked(receiver.url, signal)
        assert (answer.ok, answer.text, answer.mend) == (True, "answers 200", "")
        assert receiver.bodies[f"/v1/{signal}"] == [b""]

    @pytest.mark.parametrize(
        ("status", "ok", "mend"),
        [
            (400, True, ""),
            (401, False, "OTEL_EXPORTER_OTLP_HEADERS"),
            (403, False, "OTEL_EXPORTER_OTLP_HEADERS"),
            (404, False, "/v1/traces"),
            (302, False, "OTEL_EXPORTER_OTLP_ENDPOINT"),
            (429, False, "log"),
            (503, False, "log"),
        ],
    )
    def test_each_status_has_its_mend(self, status: int, ok: bool, mend: str) -> None:
        with Receiver(status) as receiver:
            answer = asked(receiver.url)
        assert (answer.ok, str(status) in answer.text) == (ok, True)
        assert mend in answer.mend

    def test_a_wrong_path_is_a_404(self) -> None:
        with Receiver() as receiver:
            answer = asked(receiver.url + "/otlp")
        assert answer.text == "answers 404 Not Found"
        assert answer.url == receiver.url + "/otlp/v1/traces"

    def test_a_redirect_is_not_followed_as_exports_do_not_follow_it(self) -> None:
        with Receiver() as receiver, Receiver(301, location=receiver.url + "/v1/traces") as moved:
            answer = asked(moved.url)
        assert answer.text == f"answers 301 Moved Permanently, go to {receiver.url}/v1/traces"
        assert not receiver.headers

    def test_the_configured_headers_go_along(self) -> None:
        environ = {"OTEL_EXPORTER_OTLP_HEADERS": "x-api-key=a", "OTEL_EXPORTER_OTLP_TRACES_HEADERS": "x-api-key=b"}
        with Receiver() as receiver:
            asked(receiver.url, **environ)
        assert receiver.headers[0]["x-api-key"] == "b"

    def test_nobody_there(self) -> None:
        answer = asked("http://127.0.0.1:9")
        assert (answer.ok, answer.text) == (False, "refused")
        assert answer.mend.startswith("Start an OTLP receiver there")

    def test_no_such_host(self) -> None:
        assert asked("http://nowhere.invalid:4318").text == "no such host"

    def test_one_that_hangs(self) -> None:
        with Receiver(HANG) as receiver:
            assert asked(receiver.url, timeout=0.2).text == "timed out"

    def test_one_that_does_not_speak_http_may_be_the_grpc_port(self) -> None:
        with Receiver(GARBAGE) as receiver:
            answer = asked(receiver.url)
        assert answer.text == "answers, but not with HTTP"
        assert "4317" in answer.mend

    def test_tls_where_there_is_none(self) -> None:
        with Receiver() as receiver:
            answer = asked(receiver.url.replace("http:", "https:"))
        assert answer.text.startswith("TLS failed")
        assert "OTEL_EXPORTER_OTLP_CERTIFICATE" in answer.mend

    def test_a_password_in_the_url_is_not_shown(self) -> None:
        assert asked("http://me:hunter2@127.0.0.1:9").url == "http://***@127.0.0.1:9/v1/traces"


class TestAGrpcEndpoint:
    @pytest.fixture
    def target(self) -> Iterator[str]:
        """A server that takes spans, refuses metrics without a key, and knows nothing else."""

        def refuse(request: bytes, context: grpc.ServicerContext) -> bytes:
            key = dict(context.invocation_metadata()).get("x-api-key")
            if key != "k":
                context.abort(grpc.StatusCode.UNAUTHENTICATED, "no key")
            return b""

        def method(handler: object) -> dict[str, grpc.RpcMethodHandler]:
            return {"Export": grpc.unary_unary_rpc_method_handler(handler)}

        server = grpc.server(ThreadPoolExecutor(1))
        package = "opentelemetry.proto.collector"
        server.add_generic_rpc_handlers((
            grpc.method_handlers_generic_handler(f"{package}.trace.v1.TraceService", method(lambda *_: b"")),
            grpc.method_handlers_generic_handler(f"{package}.metrics.v1.MetricsService", method(refuse)),
        ))  # fmt: skip
        port = server.add_insecure_port("127.0.0.1:0")
        server.start()
        yield f"127.0.0.1:{port}"
        server.stop(None).wait()

    GRPC = "grpc"

    def test_one_that_takes_it_answers(self, target: str) -> None:
        answer = asked(f"http://{target}", OTEL_EXPORTER_OTLP_PROTOCOL=self.GRPC)
        assert (answer.ok, answer.text) == (True, "answers OK")

    def test_an_address_without_a_scheme_is_plain_text_if_insecure_is_set(self, target: str) -> None:
        environ = {"OTEL_EXPORTER_OTLP_PROTOCOL": self.GRPC, "OTEL_EXPORTER_OTLP_INSECURE": "true"}
        assert asked(target, **environ).ok

    def test_a_key_that_is_missing(self, target: str) -> None:
        answer = asked(f"http://{target}", "metrics", OTEL_EXPORTER_OTLP_PROTOCOL=self.GRPC)
        assert (answer.ok, answer.text) == (False, "answers UNAUTHENTICATED")
        assert "OTEL_EXPORTER_OTLP_HEADERS" in answer.mend

    def test_a_key_that_is_right(self, target: str) -> None:
        environ = {"OTEL_EXPORTER_OTLP_PROTOCOL": self.GRPC, "OTEL_EXPORTER_OTLP_HEADERS": "X-Api-Key=k"}
        assert asked(f"http://{target}", "metrics", **environ).ok

    def test_a_signal_that_it_does_not_take(self, target: str) -> None:
        assert asked(f"http://{target}", "logs", OTEL_EXPORTER_OTLP_PROTOCOL=self.GRPC).text == "answers UNIMPLEMENTED"

    def test_nobody_there(self) -> None:
        answer = asked("http://127.0.0.1:9", OTEL_EXPORTER_OTLP_PROTOCOL=self.GRPC)
        assert (answer.ok, answer.text) == (False, "refused or not reachable")


class TestExamine:
    def test_where_all_is_well_no_finding_is_a_problem(self, monkeypatch: pytest.MonkeyPatch) -> None:
        with Receiver() as receiver:
            environ = {"OTEL_EXPORTER_OTLP_ENDPOINT": receiver.url, "OTEL_SERVICE_NAME": "checkout"}
            found = examined(monkeypatch, environ)
        assert {finding.level for finding in found.values()} <= {OK, NOTE, WARNING}
        assert found["traces"] == Finding(OK, "traces", f"{receiver.url}/v1/traces (http/protobuf) answers 200")
        assert "service name" not in found

    def test_libraries_come_with_their_versions(self, monkeypatch: pytest.MonkeyPatch) -> None:
        import openai

        found = [f for f in [*examine(0.1)] if f.subject == "openai"]
        assert found[0].text.startswith(f"{openai.__version__}, supported (>=")

    def test_streams_without_usage_come_with_the_remedy(self, monkeypatch: pytest.MonkeyPatch) -> None:
        found = examined(monkeypatch, {**SILENT, "LLMOTEL_STREAM_USAGE": "none"})
        assert "LLMOTEL_STREAM_USAGE=inject" in found["openai"].mend

    def test_nobody_listening_is_a_problem_of_every_signal(self, monkeypatch: pytest.MonkeyPatch) -> None:
        found = examined(monkeypatch, {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:9"})
        assert {found[signal].level for signal in SIGNALS} == {PROBLEM}

    def test_a_wrong_setting_is_the_only_finding(self, monkeypatch: pytest.MonkeyPatch) -> None:
        found = examined(monkeypatch, {"LLMOTEL_SEMCONV": "newest"})
        assert list(found) == ["settings"]
        assert found["settings"].text.startswith("LLMOTEL_SEMCONV='newest'")

    @pytest.mark.parametrize(
        ("name", "value"),
        [
            ("OTEL_TRACES_SAMPLER", "sometimes"),
            ("OTEL_METRICS_EXPORTER", "prometheus"),
            ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://localhost:4318/v1/traces"),
        ],
    )
    def test_what_init_makes_nothing_from_is_a_problem(
        self, monkeypatch: pytest.MonkeyPatch, name: str, value: str
    ) -> None:
        found = examined(monkeypatch, {**SILENT, "OTEL_LOGS_EXPORTER": "otlp", name: value})
        assert found["settings"].level == PROBLEM
        assert found["settings"].text.startswith(f"{name}='{value}' (from the environment): accepted is ")

    def test_a_variable_that_is_ignored_is_a_warning(self, monkeypatch: pytest.MonkeyPatch) -> None:
        found = examined(monkeypatch, {**SILENT, "OTEL_EXPORTER_OTLP_PROTOCOL": "http/json"})["settings"]
        assert (found.level, found.text.partition(":")[0]) == (
            WARNING, "OTEL_EXPORTER_OTLP_PROTOCOL='http/json' (from the environment) is ignored"
        )  # fmt: skip

    @pytest.mark.parametrize("switch", ["OTEL_SDK_DISABLED", "LLMOTEL_DISABLED"])
    def test_a_kill_switch_is_a_problem(self, monkeypatch: pytest.MonkeyPatch, switch: str) -> None:
        found = examined(monkeypatch, {**SILENT, switch: "true"})
        assert found["switch"].level == PROBLEM
        assert found["switch"].text.startswith(switch)

    def test_a_sampler_that_keeps_nothing_is_a_warning(self, monkeypatch: pytest.MonkeyPatch) -> None:
        assert examined(monkeypatch, {**SILENT, "OTEL_TRACES_SAMPLER": "always_off"})["sampler"].level == WARNING

    def test_captured_content_is_noted(self, monkeypatch: pytest.MonkeyPatch) -> None:
        capture = "OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT"
        assert examined(monkeypatch, {**SILENT, capture: "true"})["content"].level == NOTE

    def test_a_price_file_that_is_none_is_a_problem(self, monkeypatch: pytest.MonkeyPatch) -> None:
        found = examined(monkeypatch, {**SILENT, "LLMOTEL_PRICES": "nowhere.toml"})["prices"]
        assert found.level == PROBLEM
        assert "nowhere.toml" in found.text

    def test_another_package_that_does_the_same_is_a_warning(
        self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
    ) -> None:
        install(monkeypatch, tmp_path, "openlit")
        found = examined(monkeypatch, SILENT)["openlit"]
        assert found.level == WARNING
        assert "every call becomes two spans" in found.text
        assert found.mend == "openlit.init(disabled_instrumentors=[...])"


class TestNeighbours:
    """What an installed package is, is read from its metadata alone, so that is all that these tests install."""

    @pytest.mark.parametrize(
        "name",
        [
            "openinference-instrumentation-openai",
            "openinference_instrumentation_anything-at-all",
            "opentelemetry-instrumentation-openai",
            "opentelemetry-instrumentation-openai-v2",
            "opentelemetry-instrumentation-genai-anthropic",
            "traceloop-sdk",
            "logfire",
            "langfuse",
            "ddtrace",
        ],
    )
    def test_a_rival_comes_with_what_it_means_and_its_switch(
        self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, name: str
    ) -> None:
        install(monkeypatch, tmp_path, name)
        [found] = [found for found in neighbours({}) if found.name == name.replace("_", "-")]
        assert found.rival
        assert "two spans" in found.text
        assert found.remedy

    def test_the_switch_of_an_instrumentation_is_its_entry_point(
        self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
    ) -> None:
        name = "opentelemetry-instrumentation-openai-v2"
        install(monkeypatch, tmp_path, name, "[opentelemetry_instrumentor]\nopenai = it:OpenAIInstrumentor\n")
        [found] = [found for found in neighbours({}) if found.name == name]
        assert "OTEL_PYTHON_DISABLED_INSTRUMENTATIONS=openai," in found.remedy

    @pytest.mark.parametrize("name", ["opentelemetry-instrumentation-django", "openinference-instrumentation", "numpy"])
    def test_what_records_no_model_calls_is_none(
        self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, name: str
    ) -> None:
        install(monkeypatch, tmp_path, name)
        assert name not in {found.name for found in neighbours({})}

    def test_langsmith_is_one_only_where_it_exports_to_opentelemetry(
        self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
    ) -> None:
        install(monkeypatch, tmp_path, "langsmith")
        assert "langsmith" not in {found.name for found in neighbours({})}
        assert "langsmith" in {found.name for found in neighbours({"LANGSMITH_OTEL_ENABLED": "true"})}

    def test_a_framework_is_a_note(self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
        install(monkeypatch, tmp_path, "openai-agents")
        monkeypatch.setenv("OPENAI_AGENTS_DISABLE_TRACING", "1")
        found = examined(monkeypatch, SILENT)["openai-agents"]
        assert found.level == NOTE
        assert "OPENAI_AGENTS_DISABLE_TRACING is set: its agents and tools can be seen by nobody" in found.text


class TestSelftest:
    @pytest.fixture(autouse=True)
    def without_clients(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """As where no client library is installed; the whole way with one is in test_cli.py."""
        for library in ("openai", "anthropic"):
            monkeypatch.setitem(sys.modules, library, None)

    def follow(self, monkeypatch: pytest.MonkeyPatch, **environ: str) -> dict[str, selftest.Check]:
        for name, value in environ.items():
            monkeypatch.setenv(name, value)
        return {station.name: station for station in selftest.run(timeout=5.0)}

    def test_a_call_that_arrives_passes_every_station(self, monkeypatch: pytest.MonkeyPatch) -> None:
        with Receiver() as receiver:
            way = self.follow(monkeypatch, OTEL_EXPORTER_OTLP_ENDPOINT=receiver.url)
        assert list(way) == ["library", "span", "endpoint", "delivery"]
        assert all(station.passed for station in way.values())
        [(_, span)] = receiver.spans()
        assert {pair.key: pair.value.string_value for pair in span.attributes}["llmotel.feature"] == selftest.MARK
        assert span.trace_id.hex() in way["span"].text

    def test_wrong_settings_are_the_first_station(self, monkeypatch: pytest.MonkeyPatch) -> None:
        way = self.follow(monkeypatch, LLMOTEL_SEMCONV="newest")
        assert (list(way), way["settings"].passed) == (["settings"], False)

    def test_a_kill_switch_stops_it(self, monkeypatch: pytest.MonkeyPatch) -> None:
        assert not self.follow(monkeypatch, LLMOTEL_DISABLED="1")["settings"].passed

    def test_a_sampler_that_drops_the_span_is_named(self, monkeypatch: pytest.MonkeyPatch) -> None:
        way = self.follow(monkeypatch, OTEL_TRACES_SAMPLER="always_off", **SILENT)
        assert not way["span"].passed
        assert "OTEL_TRACES_SAMPLER" in way["span"].mend

    def test_an_endpoint_that_does_not_answer_ends_it_there(self, monkeypatch: pytest.MonkeyPatch) -> None:
        way = self.follow(monkeypatch, OTEL_EXPORTER_OTLP_ENDPOINT="http://127.0.0.1:9")
        assert not way["endpoint"].passed
        assert "delivery" not in way

    def test_an_endpoint_that_takes_nothing_but_empty_requests_is_stuck_at_the_delivery(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        with Receiver(400) as receiver:
            way = self.follow(monkeypatch, OTEL_EXPORTER_OTLP_ENDPOINT=receiver.url)
        assert way["endpoint"].passed
        assert not way["delivery"].passed
        assert "code: 400" in way["delivery"].text

    def test_without_an_endpoint_the_way_ends_at_the_span(self, monkeypatch: pytest.MonkeyPatch) -> None:
        way = self.follow(monkeypatch, **SILENT)
        assert way["endpoint"].text == "nothing is sent: no exporter is otlp"


def test_loopback_has_no_host_of_that_name() -> None:
    """What the tests above rely on: ``.invalid`` never resolves (RFC 6761)."""
    with pytest.raises(socket.gaierror):
        socket.getaddrinfo("nowhere.invalid", 4318)
