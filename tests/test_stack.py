"""The stack's files, and the commands that copy them and look them over. No program of the stack is needed here."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from llmotel.cli import main
from llmotel.errors import StackError
from llmotel.stack import bundle
from llmotel.stack.environment import interpolated, variables
from llmotel.stack.examination import examine
from llmotel.stack.fragments import Fragment, clashes, loose_ends, read
from llmotel.stack.variables import BY_NAME, VARIABLES
from scripts import environment

ROOT = Path(__file__).parent.parent
CONFIG = ROOT / "collector-config"
CORE = read(CONFIG / "core.yaml")
SECURED = read(CONFIG / "core-secured.yaml")
BACKENDS = {path.stem: read(path) for path in sorted((CONFIG / "backends").glob("*.yaml"))}
SCALE = {path.stem: read(path) for path in sorted((CONFIG / "scale").glob("*.yaml"))}
EVERYTHING = [CORE, SECURED, *BACKENDS.values(), *SCALE.values(), read(CONFIG / "jaeger" / "jaeger.yaml")]
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text("utf-8"))
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
PLAIN = {"PATH": "/nowhere", "LLMOTEL_STACK_CACHE": "/nowhere"}  # a shell without a collector
Check = Callable[..., list[str]]


def exporters(fragment: Fragment) -> list[tuple[str, dict[str, Any]]]:
    return [(name, content or {}) for name, content in (fragment.content.get("exporters") or {}).items()]


def pipelines(fragment: Fragment) -> dict[str, Any]:
    return fragment.content["service"].get("pipelines") or {}


class TestFragments:
    def test_no_two_files_fill_in_one_place(self) -> None:
        assert list(clashes([CORE, *BACKENDS.values()])) == []

    @pytest.mark.parametrize("name", BACKENDS)
    def test_what_a_backend_names_is_defined(self, name: str) -> None:
        assert list(loose_ends([CORE, BACKENDS[name]])) == []

    @pytest.mark.parametrize("name", BACKENDS)
    def test_a_backend_is_fed_by_the_cores_connectors_alone(self, name: str) -> None:
        for pipeline, parts in pipelines(BACKENDS[name]).items():
            signal, _, owner = pipeline.partition("/")
            assert (parts["receivers"], owner) == ([f"forward/{signal}"], name)

    @pytest.mark.parametrize("name", sorted({*BACKENDS} - {"debug", "file", "none", "prometheus-remote-write"}))
    def test_what_leaves_this_machine_waits_on_disk_for_as_long_as_it_takes(self, name: str) -> None:
        for exporter, content in exporters(BACKENDS[name]):
            queue = content["sending_queue"]
            assert (queue["storage"], queue["sizer"]) == ("file_storage", "items")
            assert queue["queue_size"] == "${env:LLMOTEL_STACK_QUEUE_ITEMS:-1000000}"
            assert queue["batch"]["min_size"] <= queue["batch"]["max_size"]
            if exporter != "awss3":  # its retries are AWS's
                assert content["retry_on_failure"] == {"max_elapsed_time": "0s"}

    def test_points_of_prometheus_are_sent_one_after_the_other(self) -> None:
        assert (
            BACKENDS["prometheus"].content["exporters"]["otlp_http/prometheus"]["sending_queue"]["num_consumers"] == 1
        )
        assert BACKENDS["prometheus-remote-write"].content["exporters"]["prometheus_remote_write"][
            "remote_write_queue"
        ] == {"num_consumers": 1}

    @pytest.mark.parametrize("name", ["datadog", "new-relic"])
    def test_who_adds_up_deltas_gets_deltas(self, name: str) -> None:
        assert pipelines(BACKENDS[name])[f"metrics/{name}"]["processors"] == [f"cumulative_to_delta/{name}"]

    def test_s3_has_the_settings_of_its_exporters_document(self) -> None:
        [(name, content)] = exporters(BACKENDS["s3"])
        assert (name, content["marshaler"]) == ("awss3", "otlp_json")
        assert {"region", "s3_bucket", "s3_prefix"} <= set(content["s3uploader"])

    @pytest.mark.parametrize("fragment", EVERYTHING, ids=lambda fragment: fragment.path.name)
    def test_the_retired_batch_processor_is_in_none(self, fragment: Fragment) -> None:
        assert not [name for name in fragment.content.get("processors") or {} if name.split("/")[0] == "batch"]

    @pytest.mark.parametrize("fragment", EVERYTHING, ids=lambda fragment: fragment.path.name)
    def test_every_variable_is_in_the_table_with_the_same_default(self, fragment: Fragment) -> None:
        assert {name: BY_NAME[name].default for name in fragment.reads} == dict(fragment.reads)

    @pytest.mark.parametrize("fragment", EVERYTHING, ids=lambda fragment: fragment.path.name)
    def test_a_variable_without_default_is_guarded_under_its_name(self, fragment: Fragment) -> None:
        needed = {name for name, default in fragment.reads.items() if default is None}
        guards = fragment.content.get("extensions") or {}
        assert {name.partition("needs_")[2] for name in guards if "needs_" in name} == needed
        assert all(guards[f"bearertokenauth/needs_{name}"] == {"token": f"${{env:{name}}}"} for name in needed)


class TestCore:
    def test_the_secured_core_is_the_core_with_a_lock(self) -> None:
        secured, core = (yaml.safe_load(fragment.path.read_text("utf-8")) for fragment in (SECURED, CORE))
        for protocol in ("grpc", "http"):
            door = secured["receivers"]["otlp"]["protocols"][protocol]
            assert door.pop("tls")["cert_file"] == "${env:LLMOTEL_STACK_TLS_CERT}"
            assert door.pop("auth") == {"authenticator": "bearertokenauth/needs_LLMOTEL_STACK_TOKEN"}
        for name in [name for name in secured["extensions"] if "needs_" in name]:
            del secured["extensions"][name]
        secured["service"]["extensions"].remove("bearertokenauth/needs_LLMOTEL_STACK_TOKEN")
        assert secured == core

    @pytest.mark.parametrize("tier", ["gateway", "kafka-gateway"])
    def test_the_first_tier_redacts_as_the_core_does(self, tier: str) -> None:
        content = SCALE[tier].content
        for name in ("memory_limiter", "redaction", "transform/expose", "transform/cover"):
            assert content["processors"][name] == CORE.content["processors"][name]
        for pipeline, parts in content["service"]["pipelines"].items():
            assert parts["processors"] == pipelines(CORE)[pipeline]["processors"]
        assert content["receivers"] == CORE.content["receivers"]

    def test_only_the_tier_behind_kafka_replaces_lists_of_the_core(self) -> None:
        found = [clash.place for clash in clashes([CORE, SCALE["kafka-sampling"]])]
        assert found == [f"service.pipelines.{signal}/in.receivers" for signal in ("traces", "metrics", "logs")]

    def test_the_archive_comes_before_sampling(self) -> None:
        assert pipelines(CORE)["traces/archive"]["receivers"] == pipelines(CORE)["traces/sampling"]["receivers"]
        assert "tail_sampling" not in pipelines(CORE)["traces/archive"].get("processors", ())

    def test_memory_is_limited_before_anything_else(self) -> None:
        entrances = [parts for parts in pipelines(CORE).values() if parts["receivers"] == ["otlp"]]
        assert len(entrances) == 3
        assert all(parts["processors"][0] == "memory_limiter" for parts in entrances)

    @pytest.mark.parametrize(
        "key",
        [
            "gen_ai.usage.input_tokens", "gen_ai.usage.cache_read.input_tokens", "gen_ai.request.max_tokens",
            "gen_ai.token.type", "llm.token_count.prompt", "llm.usage.total_tokens", "gen_ai.response.id",
        ],
    )  # fmt: skip
    def test_no_key_of_a_token_count_is_taken_for_a_secret(self, key: str) -> None:
        patterns = CORE.content["processors"]["redaction"]["blocked_key_patterns"]
        assert not [pattern for pattern in patterns if re.search(pattern, key)]

    @pytest.mark.parametrize(
        "key",
        [
            "api_key", "openai.api_key", "OPENAI_API_KEY", "apiKey", "http.request.header.authorization",
            "Authorization", "x-api-key", "db.password", "client_secret", "access_token", "token", "set-cookie",
        ],
    )  # fmt: skip
    def test_keys_of_secrets_are(self, key: str) -> None:
        patterns = CORE.content["processors"]["redaction"]["blocked_key_patterns"]
        assert [pattern for pattern in patterns if re.search(pattern, key)]

    @pytest.mark.parametrize(
        "value", ["1234", "0.0012", "4111111111111111", "-1", "1e21", "true", "gpt-4.1-mini-2025-04-14"]
    )
    def test_no_number_and_no_model_is(self, value: str) -> None:
        patterns = CORE.content["processors"]["redaction"]["blocked_values"][:-1]
        assert not [pattern for pattern in patterns if re.search(pattern, value)]

    def test_every_pattern_but_the_users_begins_with_letters(self) -> None:
        redaction = CORE.content["processors"]["redaction"]
        *patterns, users = redaction["blocked_values"]
        assert "LLMOTEL_STACK_REDACT_ALSO" in users
        slow = [
            pattern
            for pattern in [*patterns, *redaction["blocked_key_patterns"]]
            if not re.match("[A-Za-z]{2}", pattern)
        ]
        assert slow == []


class TestCompose:
    def test_every_port_is_published_on_loopback_alone(self) -> None:
        ports = [port for service in SERVICES.values() for port in service.get("ports", ())]
        assert len(ports) == 7
        assert all(port.startswith("127.0.0.1:") for port in ports)

    def test_every_image_has_an_exact_version(self) -> None:
        for service in SERVICES.values():
            assert re.search(r":v?[0-9]+\.[0-9]+\.[0-9]+$", service["image"])

    def test_the_collector_is_the_one_that_the_tests_run(self) -> None:
        tested = re.search(r"^  version: (\S+)$", (ROOT / "tests/stack/builder.yaml").read_text("utf-8"), re.MULTILINE)
        assert tested is not None
        assert SERVICES["collector"]["image"] == f"otel/opentelemetry-collector-contrib:{tested[1]}"

    def test_what_is_mounted_is_there(self) -> None:
        for service in SERVICES.values():
            for volume in service.get("volumes", ()):
                source = volume.split(":")[0]
                assert (ROOT / source).is_dir() if source.startswith("./") else source in COMPOSE["volumes"]

    def test_who_runs_as_10001_waits_for_volumes_that_belong_to_it(self) -> None:
        assert "chown -R 10001:10001 /collector-data /jaeger-data" in SERVICES["volumes"]["entrypoint"][-1]
        for name in ("collector", "jaeger"):
            assert SERVICES[name]["depends_on"] == {"volumes": {"condition": "service_completed_successfully"}}

    def test_the_collector_gets_every_variable_that_its_files_read(self) -> None:
        given = {entry.split("=")[0] for entry in SERVICES["collector"]["environment"]}
        read_there = {name for fragment in [CORE, SECURED, *BACKENDS.values()] for name in fragment.reads}
        fixed = {name for name in read_there if name.endswith("_PORT")} | {"LLMOTEL_STACK_DATA"}
        assert read_there - given == fixed

    def test_compose_reads_no_variable_that_is_not_in_the_table_nor_with_another_default(self) -> None:
        text = (ROOT / "docker-compose.yml").read_text("utf-8")
        found = dict(re.findall(r"\$\{([A-Z0-9_]+):-([^}]*)\}", text))
        assert found == {name: BY_NAME[name].default for name in found}
        assert set(re.findall(r"\$\{([A-Z0-9_]+)", text)) == set(found)

    def test_backends_and_core_are_taken_from_the_environment(self) -> None:
        chosen = {
            "LLMOTEL_STACK_CORE": "core-secured",
            "LLMOTEL_STACK_BACKEND_1": "tempo",
            "LLMOTEL_STACK_BACKEND_4": "s3",
        }
        files = [
            interpolated(word, chosen).removeprefix("--config=/etc/otelcol/")
            for word in SERVICES["collector"]["command"]
        ]
        backends = [f"backends/{name}.yaml" for name in ("tempo", "prometheus", "none", "s3")]
        assert files == ["core-secured.yaml", *backends]


@pytest.mark.parametrize("readme", ["README.md", "scale/README.md"])
def test_links_of_the_readmes_lead_to_files_that_are_there(readme: str) -> None:
    links = re.findall(r"\]\(([^)#]+)\)", (CONFIG / readme).read_text("utf-8"))
    assert links
    assert [link for link in links if "://" not in link and not ((CONFIG / readme).parent / link).exists()] == []


class TestInit:
    def test_it_copies_what_compose_needs(self, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        assert main(["stack", "init", str(tmp_path / "new")]) == 0
        assert "docker compose up -d" in capsys.readouterr().out
        for name in (
            "docker-compose.yml", ".env.example", "collector-config/backends/jaeger.yaml", "docs/runbooks/README.md",
        ):  # fmt: skip
            assert (tmp_path / "new" / name).read_bytes() == (ROOT / name).read_bytes()

    def test_an_alerts_link_leads_to_its_runbook_in_the_copy(self, tmp_path: Path) -> None:
        bundle.copy(tmp_path)
        for file in (tmp_path / "collector-config/prometheus/rules").glob("*.yaml"):
            for page in re.findall(r'runbook_url: "?([^#"]+)#', file.read_text("utf-8")):
                assert (tmp_path / page).is_file()

    def test_the_same_again_is_no_change(self, tmp_path: Path) -> None:
        assert bundle.copy(tmp_path) == bundle.copy(tmp_path)

    def test_it_does_not_write_over_what_has_changed(self, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        bundle.copy(tmp_path)
        (tmp_path / "docker-compose.yml").write_text("mine", "utf-8")
        (tmp_path / ".env.example").unlink()
        assert main(["stack", "init", str(tmp_path)]) == 1
        assert "already has docker-compose.yml with another content, and nothing was copied" in capsys.readouterr().err
        assert (tmp_path / "docker-compose.yml").read_text("utf-8") == "mine"
        assert not (tmp_path / ".env.example").exists()

    def test_it_does_when_told_to_and_leaves_env_alone(self, tmp_path: Path) -> None:
        bundle.copy(tmp_path)
        (tmp_path / "docker-compose.yml").write_text("mine", "utf-8")
        (tmp_path / ".env").write_text("DD_API_KEY=mine", "utf-8")
        bundle.copy(tmp_path, force=True)
        assert (tmp_path / "docker-compose.yml").read_bytes() == (ROOT / "docker-compose.yml").read_bytes()
        assert (tmp_path / ".env").read_text("utf-8") == "DD_API_KEY=mine"

    def test_a_place_that_cannot_be_written_is_named(self, tmp_path: Path) -> None:
        (tmp_path / "file").touch()
        with pytest.raises(StackError, match=r"file/.* cannot be written: Not a directory"):
            bundle.copy(tmp_path / "file", force=True)


@pytest.fixture
def check(tmp_path: Path) -> Check:
    """What is found in a copy whose ``.env`` holds the lines given, as ``level subject: text -> mend``."""
    bundle.copy(tmp_path)

    def run(*lines: str, shell: dict[str, str] | None = None) -> list[str]:
        (tmp_path / ".env").write_text("\n".join(lines), "utf-8")
        found = examine(tmp_path, {**PLAIN, **(shell or {})})
        return [f"{it.level} {it.subject}: {it.text} -> {it.mend}" for it in found if it.level != "note"]

    return run


class TestCheck:
    def test_nothing_is_wrong_with_a_fresh_copy(self, check: Check) -> None:
        assert check() == []

    def test_nothing_is_wrong_with_the_example_uncommented(self, check: Check) -> None:
        example = (ROOT / ".env.example").read_text("utf-8")
        assert check(*re.findall(r"^#(LLMOTEL_STACK_[A-Z0-9_]+=.*)$", example, re.MULTILINE)) == []

    @pytest.mark.parametrize("variable", VARIABLES, ids=lambda variable: variable.name)
    def test_default_and_example_of_a_variable_are_accepted(self, variable: Any) -> None:
        assert variable.kind.fits(variable.example)
        assert not variable.default or variable.kind.fits(variable.default)

    def test_an_unknown_backend_is_told_with_the_nearest(self, check: Check, tmp_path: Path) -> None:
        path = tmp_path / "collector-config/backends/prometeus.yaml"
        assert check("LLMOTEL_STACK_BACKEND_2=prometeus") == [
            f"problem LLMOTEL_STACK_BACKEND_2='prometeus': there is no {path} -> Did you mean prometheus?"
        ]

    def test_a_missing_file_is_told_with_those_that_there_are(self, check: Check, tmp_path: Path) -> None:
        (tmp_path / "collector-config/backends/jaeger.yaml").unlink()
        [said] = check()
        assert said.startswith("problem LLMOTEL_STACK_BACKEND_1='jaeger': there is no ")
        assert "-> There are: clickhouse, datadog, debug, " in said

    @pytest.mark.parametrize("line", ["", "HONEYCOMB_API_KEY="])
    def test_a_variable_that_a_backend_needs_is_missed(self, check: Check, line: str) -> None:
        assert check("LLMOTEL_STACK_BACKEND_3=honeycomb", line) == [
            "problem HONEYCOMB_API_KEY: is not set, and honeycomb.yaml needs it -> "
            "Put it into .env, for example HONEYCOMB_API_KEY=hcaik_example. Ingest key."
        ]

    def test_the_shell_goes_before_the_file(self, check: Check) -> None:
        assert check("LLMOTEL_STACK_BACKEND_3=honeycomb", shell={"HONEYCOMB_API_KEY": "hcaik_1"}) == []
        assert check(shell={"LLMOTEL_STACK_KEEP_PERCENT": "all"}) != []

    @pytest.mark.parametrize(
        ("line", "accepted"),
        [
            ("LLMOTEL_STACK_KEEP_PERCENT=101", "a number from 0 to 100"),
            ("LLMOTEL_STACK_KEEP_SLOWER_THAN=30s", "a number, 0 or more"),
            ("LLMOTEL_STACK_DECISION_WAIT=60", "a duration such as 500ms, 30s or 12h"),
            ("LLMOTEL_STACK_PENDING_TRACES=0", "a whole number, 1 or more"),
            ("LLMOTEL_STACK_GRPC_PORT=70000", "a port, 1 to 65535"),
            ("LLMOTEL_STACK_REDACT_ALSO=(", "a regular expression without }"),
            ("LLMOTEL_STACK_MEMORY=much", "an amount of memory such as 512m or 2g"),
            ("PROMETHEUS_OTLP_ENDPOINT=prometheus:9090", "a URL that begins with http:// or https://"),
            ("JAEGER_ENDPOINT=http://jaeger:4317", "HOST:PORT, without http://"),
        ],
    )
    def test_a_wrong_value_is_told_with_what_is_accepted(self, check: Check, line: str, accepted: str) -> None:
        name, _, value = line.partition("=")
        [said] = check(line)
        assert said.startswith(f"problem {name}: {value!r} is not {accepted}")
        assert f"-> Write for example {name}=" in said

    def test_a_wrong_secret_is_not_repeated(self, check: Check) -> None:
        [said] = check("LLMOTEL_STACK_BACKEND_3=langfuse", "LANGFUSE_AUTH=pk-lf-1:sk-lf-2")
        assert "its value is not base64 of NAME:SECRET" in said
        assert "sk-lf-2" not in said

    def test_a_variable_set_to_nothing_is_told_from_one_that_is_not_set(self, check: Check) -> None:
        assert check("LLMOTEL_STACK_KEEP_PERCENT=") == [
            "problem LLMOTEL_STACK_KEEP_PERCENT: is set to nothing, and the collector takes that at its word -> "
            "Remove the line or put # before it; then 20 counts"
        ]

    def test_a_misspelt_variable_is_told_with_the_nearest(self, check: Check) -> None:
        assert check("LLMOTEL_STACK_KEEP_PERCENTAGE=10") == [
            "warning LLMOTEL_STACK_KEEP_PERCENTAGE: is no variable of the stack: nothing reads it -> "
            "Did you mean LLMOTEL_STACK_KEEP_PERCENT?"
        ]

    def test_a_wrong_threshold_of_an_alert_is_told(self, check: Check) -> None:
        [said] = check("LLMOTEL_ALERT_ERROR_RATIO=5%")
        assert said.startswith("problem thresholds: LLMOTEL_ALERT_ERROR_RATIO='5%' (from the environment): accepted is")

    def test_a_receiver_that_lacks_something_is_told(self, check: Check) -> None:
        [said] = check("LLMOTEL_ALERT_EMAIL_TO=oncall@corp.example")
        assert "receivers: LLMOTEL_ALERT_EMAIL_TO needs LLMOTEL_ALERT_EMAIL_FROM, which is not set" in said

    def test_links_that_whoever_is_told_cannot_open_are_noted(self, check: Check, tmp_path: Path) -> None:
        def notes(*lines: str) -> set[str]:
            check(*lines)
            return {it.subject for it in examine(tmp_path, PLAIN) if it.level == "note"} - {"collector"}

        slack = "LLMOTEL_ALERT_SLACK_URL=https://hooks.slack.com/services/T/B/X"
        links = {"LLMOTEL_ALERT_GRAFANA_URL", "LLMOTEL_ALERT_RUNBOOK_URL"}
        assert notes() == set()
        assert notes(slack) == notes("LLMOTEL_ALERT_SLACK_URL_FILE=/run/secrets/slack") == links
        assert notes(slack, *(f"{name}=https://corp.example" for name in links)) == set()

    def test_a_file_of_a_secret_is_the_containers_affair(self, check: Check) -> None:
        assert check("LLMOTEL_ALERT_SLACK_URL_FILE=/run/secrets/slack") == []

    def test_a_variable_that_does_not_reach_the_container_is_told(self, check: Check, tmp_path: Path) -> None:
        (tmp_path / "collector-config/backends/mine.yaml").write_text(
            "exporters: {otlp_http/mine: {endpoint: '${env:MINE_ENDPOINT}', timeout: '${env:MINE_TIMEOUT:-5s}'}}\n"
            "service: {pipelines: {traces/mine: {receivers: [forward/traces], exporters: [otlp_http/mine]}}}", "utf-8"
        )  # fmt: skip
        lines = ("LLMOTEL_STACK_BACKEND_3=mine", "MINE_ENDPOINT=https://otlp.corp.example")
        [said] = check(*lines)
        assert said == (
            "problem MINE_ENDPOINT: does not reach the collector, and mine.yaml reads it -> "
            "Add `- MINE_ENDPOINT` to the environment of the collector in docker-compose.yml"
        )
        _, said = check(*lines, "MINE_TIMEOUT=9s")
        assert said.startswith("problem MINE_TIMEOUT: does not reach the collector")
        file = tmp_path / "docker-compose.yml"
        handed = "      # collector:end\n      - MINE_ENDPOINT\n      - MINE_TIMEOUT=${MINE_TIMEOUT}\n"
        file.write_text(file.read_text("utf-8").replace("      # collector:end\n", handed), "utf-8")
        assert check(*lines, "MINE_TIMEOUT=9s") == []

    @pytest.mark.parametrize(
        ("service", "name"),
        [
            ("prometheus", "prometheus/start.sh"),
            ("prometheus", "prometheus/rules/calls.yaml"),
            ("alertmanager", "alertmanager/start.sh"),
            ("jaeger", "jaeger/jaeger.yaml"),
            ("grafana", "grafana/provisioning/datasources/llmotel.yaml"),
        ],
    )
    def test_a_file_that_a_service_needs_is_missed(self, check: Check, tmp_path: Path, service: str, name: str) -> None:
        (tmp_path / "collector-config" / name).unlink()
        [said] = check()
        assert said.startswith(f"problem collector-config/{name}: is not there, and {service} needs it -> ")

    def test_dashboards_may_be_taken_out(self, check: Check, tmp_path: Path) -> None:
        (tmp_path / "collector-config/grafana/dashboards/llmotel-cost.json").unlink()
        assert check() == []

    def test_two_fragments_that_fill_in_one_list_are_told(self, check: Check, tmp_path: Path) -> None:
        (tmp_path / "collector-config/backends/mine.yaml").write_text(
            "service: {pipelines: {traces/jaeger: {exporters: [nop]}}}", "utf-8"
        )
        assert check("LLMOTEL_STACK_BACKEND_3=mine") == [
            "problem service.pipelines.traces/jaeger.exporters: is in jaeger.yaml and in mine.yaml: the collector would "
            "take that of the last file and forget the other -> Give mine.yaml a pipeline and components with names of "
            "its own, fed by forward/..."
        ]

    def test_two_fragments_that_define_one_exporter_in_two_ways_are_told(self, check: Check, tmp_path: Path) -> None:
        (tmp_path / "collector-config/backends/mine.yaml").write_text(
            "exporters: {otlp_grpc/jaeger: {endpoint: 'other:4317'}}\nservice: {pipelines: {}}", "utf-8"
        )
        [said] = check("LLMOTEL_STACK_BACKEND_3=mine")
        assert "exporters.otlp_grpc/jaeger.endpoint: is in jaeger.yaml and in mine.yaml: with different values" in said

    def test_a_pipeline_that_names_what_is_not_defined_is_told(self, check: Check, tmp_path: Path) -> None:
        (tmp_path / "collector-config/backends/mine.yaml").write_text(
            "service: {pipelines: {traces/mine: {receivers: [forward/spans], exporters: [nop]}}}", "utf-8"
        )
        [said] = check("LLMOTEL_STACK_BACKEND_3=mine")
        assert "mine.yaml: the pipeline traces/mine names the receiver forward/spans, which no file defines" in said

    @pytest.mark.parametrize("published", ["4317:4317", "0.0.0.0:4317:4317", "192.168.1.2:4317:4317"])
    def test_a_port_that_others_can_reach_is_told(self, check: Check, tmp_path: Path, published: str) -> None:
        file = tmp_path / "docker-compose.yml"
        text = file.read_text("utf-8")
        file.write_text(text.replace("127.0.0.1:${LLMOTEL_STACK_GRPC_PORT:-4317}:4317", published), "utf-8")
        [said] = check()
        assert said.startswith("warning docker-compose.yml: port 4317 of collector is published beyond this machine")

    def test_two_services_on_one_port_are_told(self, check: Check) -> None:
        [said] = check("LLMOTEL_STACK_GRAFANA_PORT=9090")
        assert "grafana and prometheus both want port 9090" in said

    def test_a_line_of_env_that_is_no_assignment_is_told(self, check: Check, tmp_path: Path) -> None:
        [said] = check("", "DD_API_KEY")
        assert f"{tmp_path / '.env'}, line 2: 'DD_API_KEY' is no assignment" in said

    def test_a_file_that_is_no_yaml_is_told(self, check: Check, tmp_path: Path) -> None:
        (tmp_path / "collector-config/backends/mine.yaml").write_text("exporters: [", "utf-8")
        [said] = check("LLMOTEL_STACK_BACKEND_3=mine")
        assert "mine.yaml is not YAML: while parsing" in said

    def test_a_folder_without_a_copy_is_told_how_to_get_one(
        self, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        assert main(["stack", "check", str(tmp_path)]) == 1
        assert f"There is no {tmp_path / 'docker-compose.yml'}. `llmotel stack init {tmp_path}` copies it." in (
            capsys.readouterr().out
        )

    def test_without_pyyaml_it_says_what_to_install(self, tmp_path: Path) -> None:
        script = (
            "import sys; sys.modules['yaml'] = None; from llmotel.cli import main; sys.exit(main(['stack', 'check']))"
        )
        done = subprocess.run(
            [sys.executable, "-c", script], cwd=ROOT, env=environment(), capture_output=True, text=True, timeout=60
        )
        assert (done.returncode, done.stderr) == (1, "")
        assert 'pip install "llmotel[stack]"' in done.stdout

    def test_init_needs_no_pyyaml(self, tmp_path: Path) -> None:
        script = (
            "import sys; sys.modules['yaml'] = None; from llmotel.cli import main; "
            "sys.exit(main(['stack', 'init', sys.argv[1]]))"
        )
        done = subprocess.run(
            [sys.executable, "-c", script, str(tmp_path)], env=environment(), capture_output=True, text=True, timeout=60
        )
        assert done.returncode == 0, done.stderr


class TestEnvironment:
    @pytest.mark.parametrize(
        ("text", "expected"),
        [
            ("${A:-d}", "a"), ("${B:-d}", "d"), ("${C:-d}", "d"), ("${C-d}", ""), ("${B}", ""), ("$$x", "$x"),
            ("127.0.0.1:${A:-1}:2", "127.0.0.1:a:2"),
        ],
    )  # fmt: skip
    def test_compose_variables_are_replaced(self, text: str, expected: str) -> None:
        assert interpolated(text, {"A": "a", "C": ""}) == expected

    @pytest.mark.parametrize(
        ("line", "value"),
        [
            ("A=b", "b"), ("export A=b", "b"), ("A = b ", "b"), ("A='b c'", "b c"), ('A="b"', "b"), ("A=b # c", "b"),
            ("A=#b", "#b"), ("A=", ""),
        ],
    )  # fmt: skip
    def test_lines_of_env_are_read_as_compose_reads_them(self, tmp_path: Path, line: str, value: str) -> None:
        (tmp_path / ".env").write_text(f"# A=no\n\n{line}\n", "utf-8")
        assert variables(tmp_path, {}) == {"A": value}
