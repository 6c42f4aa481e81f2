"""The collector, Prometheus, Alertmanager and Jaeger, each ready to be asked."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from textwrap import dedent
from typing import Any

from stack.running import Process, answers, fetch, free_port

CONFIG = Path(__file__).parent.parent.parent / "collector-config"


class Collector(Process):
    """The collector with ``fragments``: files by their path under ``collector-config/``, or YAML text of the test's.

    ``variables`` are those that collector-config/README.md lists, beyond ports and folders, which are given. The data
    (queues and archive) are in ``FOLDER/data``, so that another start goes on with them.
    """

    name = "collector"

    def __init__(self, program: Path, folder: Path, *fragments: str, **variables: str) -> None:
        self.data = folder / "data"
        self.http, self.grpc, self.health, self.telemetry = (f"127.0.0.1:{free_port()}" for _ in range(4))
        ports = {
            "HTTP": self.http, "GRPC": self.grpc, "HEALTH": self.health, "TELEMETRY": self.telemetry,
        }  # fmt: skip
        super().__init__(
            program,
            folder,
            [f"--config={_source(fragment)}" for fragment in fragments],
            {
                "LLMOTEL_STACK_DATA": str(self.data),
                **{f"LLMOTEL_STACK_{name}_PORT": address.split(":")[1] for name, address in ports.items()},
                **variables,
            },
        )

    @property
    def url(self) -> str:
        """What OTEL_EXPORTER_OTLP_ENDPOINT is set to, for HTTP."""
        return f"http://{self.http}"

    def ready(self) -> bool:
        return answers(f"http://{self.health}/")

    def validate(self) -> tuple[int, str]:
        """The exit status of ``otelcol validate`` and what it printed."""
        command = [self.command[0], "validate", *self.command[1:]]
        done = subprocess.run(
            command, env=self.environment, cwd=self.folder, capture_output=True, text=True, timeout=60
        )
        return done.returncode, done.stdout + done.stderr

    def counts(self, metric: str, **labels: str) -> float:
        """The sum of the series of its own telemetry whose name is ``metric`` and whose labels are ``labels``."""
        found = 0.0
        for line in str(fetch(f"http://{self.telemetry}/metrics")).splitlines():
            match = re.fullmatch(r"(\w+)(?:\{(.*)\})? (\S+)", line)
            if (
                match
                and match[1] == metric
                and all(f'{key}="{value}"' in (match[2] or "") for key, value in labels.items())
            ):
                found += float(match[3])
        return found

    def archived(self) -> Iterable[str]:
        """The lines of the archive, each one OTLP request in JSON, of all its files."""
        for file in sorted((self.data / "archive").glob("traces*.jsonl")):
            with file.open(encoding="utf-8") as lines:
                yield from lines


def _source(fragment: str) -> str:
    return f"yaml:{dedent(fragment)}" if ":" in fragment or "\n" in fragment else str(CONFIG / fragment)


class Prometheus(Process):
    """Prometheus, with its OTLP receiver on. ``config`` is the text of a prometheus.yml; without it there is one that
    scrapes nothing. ``rules`` are files of rules, ``alertmanager`` is the ``address`` of one. ``config`` may name them
    itself; then leave them out here."""

    name = "prometheus"

    def __init__(
        self, program: Path, folder: Path, config: str | None = None, rules: Sequence[Path] = (),
        alertmanager: str | None = None, flags: Sequence[str] = (),
    ) -> None:  # fmt: skip
        self.address = f"127.0.0.1:{free_port()}"
        self.url = f"http://{self.address}"
        self.otlp = f"{self.url}/api/v1/otlp"
        folder.mkdir(parents=True, exist_ok=True)
        self.config = folder / "prometheus.yml"
        self.config.write_text(config if config is not None else _prometheus(rules, alertmanager), "utf-8")
        super().__init__(
            program,
            folder,
            [
                f"--config.file={self.config}", f"--storage.tsdb.path={folder / 'tsdb'}",
                f"--web.listen-address={self.address}", "--web.enable-otlp-receiver", "--web.enable-lifecycle",
                "--enable-feature=exemplar-storage,created-timestamp-zero-ingestion", *flags,
            ],
        )  # fmt: skip

    def ready(self) -> bool:
        return answers(f"{self.url}/-/ready")

    def get(self, path: str, **query: Any) -> Any:
        """``data`` of what ``/api/v1/PATH`` answers."""
        return fetch(f"{self.url}/api/v1/{path}", **query)["data"]

    def query(self, expression: str, **query: Any) -> list[tuple[dict[str, str], float]]:
        """The labels and the value of each series that ``expression`` gives now (or at ``time=``)."""
        found = self.get("query", query=expression, **query)
        if found["resultType"] == "scalar":
            return [({}, float(found["result"][1]))]
        return [(series["metric"], float(series["value"][1])) for series in found["result"]]

    def value(self, expression: str, **query: Any) -> float:
        """The value of the only series that ``expression`` gives. ``AssertionError`` when there are more, or none."""
        found = self.query(expression, **query)
        assert len(found) == 1, found
        return found[0][1]

    def exemplars(self, selector: str) -> list[dict[str, Any]]:
        """The exemplars of the series that match, of all time."""
        found = self.get("query_exemplars", query=selector, start=0, end=4_000_000_000)
        return [exemplar for series in found for exemplar in series["exemplars"]]

    def alerts(self) -> dict[str, list[dict[str, Any]]]:
        """The alerts that are pending or firing, by name."""
        by_name: dict[str, list[dict[str, Any]]] = {}
        for alert in self.get("alerts")["alerts"]:
            by_name.setdefault(alert["labels"]["alertname"], []).append(alert)
        return by_name

    def reload(self) -> None:
        """Reads the configuration and the rules again."""
        fetch(f"{self.url}/-/reload", {})


def _prometheus(rules: Sequence[Path], alertmanager: str | None) -> str:
    targets = f"[{{static_configs: [{{targets: ['{alertmanager}']}}]}}]" if alertmanager else "[]"
    return dedent(f"""
        global: {{evaluation_interval: 1s, scrape_interval: 1s}}
        rule_files: [{", ".join(f"'{rule}'" for rule in rules)}]
        alerting: {{alertmanagers: {targets}}}
        otlp: {{promote_resource_attributes: [service.namespace, service.version, deployment.environment.name]}}
        storage: {{tsdb: {{out_of_order_time_window: 30m}}}}
    """)


class Alertmanager(Process):
    """Alertmanager, alone. ``config`` is the text of an alertmanager.yml."""

    name = "alertmanager"

    def __init__(self, program: Path, folder: Path, config: str, environment: Mapping[str, str] | None = None) -> None:
        self.address = f"127.0.0.1:{free_port()}"
        self.url = f"http://{self.address}"
        folder.mkdir(parents=True, exist_ok=True)
        self.config = folder / "alertmanager.yml"
        self.config.write_text(config, "utf-8")
        super().__init__(
            program,
            folder,
            [
                f"--config.file={self.config}", f"--storage.path={folder / 'data'}",
                f"--web.listen-address={self.address}", "--cluster.listen-address=",
            ],
            environment,
        )  # fmt: skip

    def ready(self) -> bool:
        return answers(f"{self.url}/-/ready")

    def alerts(self) -> list[dict[str, Any]]:
        """The alerts that it knows."""
        found: list[dict[str, Any]] = fetch(f"{self.url}/api/v2/alerts")
        return found


class Jaeger(Process):
    """Jaeger as collector-config/jaeger/jaeger.yaml has it, with its traces in ``FOLDER/traces``: they outlive it."""

    name = "jaeger"

    def __init__(self, program: Path, folder: Path) -> None:
        self.grpc, query, query_grpc = (f"127.0.0.1:{free_port()}" for _ in range(3))
        self.url = f"http://{query}"
        traces = folder / "traces"
        place = f"""
            extensions:
              jaeger_storage: {{backends: {{disk: {{badger: {{directories: {{keys: "{traces}/keys", values: "{traces}/values"}}}}}}}}}}
              jaeger_query: {{http: {{endpoint: "{query}"}}, grpc: {{endpoint: "{query_grpc}"}}}}
            receivers: {{otlp: {{protocols: {{grpc: {{endpoint: "{self.grpc}"}}}}}}}}
        """
        super().__init__(program, folder, [f"--config={_source(part)}" for part in ("jaeger/jaeger.yaml", place)])

    def ready(self) -> bool:
        return answers(f"{self.url}/api/services")

    def __exit__(self, *exc: object) -> None:
        self.kill()  # it takes ten seconds to end by itself, and loses nothing

    def services(self) -> list[str]:
        """The services that it has spans of."""
        return list(fetch(f"{self.url}/api/services")["data"] or ())

    def trace(self, trace_id: str) -> list[dict[str, Any]]:
        """The spans of a trace, as Jaeger's API gives them; none when it has no such trace."""
        try:
            found = fetch(f"{self.url}/api/traces/{trace_id}")["data"]
        except OSError:
            return []
        return [span for trace in found or () for span in trace["spans"]]


__all__ = ["CONFIG", "Alertmanager", "Collector", "Jaeger", "Prometheus"]
