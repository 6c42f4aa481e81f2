"""The table of variables of the stack: every name that ``collector-config/`` and ``docker-compose.yml`` read.

``.env.example``, the lists of names in ``docker-compose.yml``, the tables of ``collector-config/README.md`` and what
``llmotel stack check`` accepts are made from it; thresholds and receivers of alerts are in :mod:`llmotel.alerts`.
"""

from __future__ import annotations

from typing import NamedTuple

from llmotel.stack import kinds
from llmotel.stack.kinds import Kind

PREFIX = "LLMOTEL_STACK_"

CHOICE = "Which backends"
SAMPLING = "Which traces are kept"
DATA = "Queue and archive"
REDACTION = "Redaction"
MACHINE = "Memory, time and ports"
SECURED = "With LLMOTEL_STACK_CORE=core-secured"
SCALE = "With collector-config/scale"


class Variable(NamedTuple):
    """One variable. ``default`` is what counts when it is not set; ``None`` says that there is nothing then, and that
    the part which reads it cannot work without it, unless it is ``optional``."""

    name: str
    default: str | None
    kind: Kind
    help: str
    example: str
    part: str  # a heading from above, or the name of a backend
    container: bool = True  # whether the collector reads it; else Compose does
    optional: bool = False

    @property
    def required(self) -> bool:
        """Whether the part that reads it fails when it is not set."""
        return self.default is None and not self.optional

    @property
    def is_secret(self) -> bool:
        """Whether its value is shown to nobody."""
        return self.kind in (kinds.SECRET, kinds.BASE64)


def _stack(name: str, default: str | None, kind: Kind, help: str, part: str, example: str = "", *,  # noqa: A002
           container: bool = True) -> Variable:  # fmt: skip
    return Variable(PREFIX + name, default, kind, help, example or default or "", part, container)


def _of(part: str, *rows: tuple[str, str | None, Kind, str, str]) -> tuple[Variable, ...]:
    return tuple(Variable(name, default, kind, text, example, part) for name, default, kind, text, example in rows)


_BACKEND = "The name of a file in collector-config/backends, without .yaml. Every backend gets all that it takes."

VARIABLES: tuple[Variable, ...] = (
    _stack("BACKEND_1", "jaeger", kinds.TEXT, _BACKEND, CHOICE, "tempo", container=False),
    _stack("BACKEND_2", "prometheus", kinds.TEXT, "A second one.", CHOICE, "grafana-cloud", container=False),
    _stack("BACKEND_3", "none", kinds.TEXT, "A third one.", CHOICE, "langfuse", container=False),
    _stack("BACKEND_4", "none", kinds.TEXT, "A fourth one.", CHOICE, "s3", container=False),
    _stack("CORE", "core", kinds.one_of("core", "core-secured"),
           "core takes everything; core-secured wants TLS and a token.", CHOICE, "core-secured", container=False),
    _stack("KEEP_PERCENT", "20", kinds.PERCENT, "Share of the traces that no other rule keeps, in percent.", SAMPLING,
           "100"),
    _stack("KEEP_SLOWER_THAN", "30", kinds.AMOUNT,
           "A trace with a model call or tool call that took more seconds than this is kept.", SAMPLING, "10"),
    _stack("KEEP_COSTLIER_THAN", "0.5", kinds.AMOUNT, "A trace with a call that cost more USD than this is kept.",
           SAMPLING, "0.1"),
    _stack("KEEP_GROUNDED_BELOW", "0.7", kinds.SHARE, "A trace with a grounding score below this is kept.", SAMPLING,
           "0.8"),
    _stack("DECISION_WAIT", "60s", kinds.DURATION,
           "How long a trace waits for its other spans. Longer than the longest call.", SAMPLING, "120s"),
    _stack("DECISION_WAIT_AFTER_ROOT", "10s", kinds.DURATION,
           "How long it waits once its first span, which ends last, is there.", SAMPLING, "2s"),
    _stack("PENDING_TRACES", "50000", kinds.COUNT, "Traces that may wait at once; beyond, the oldest go undecided.",
           SAMPLING, "200000"),
    _stack("QUEUE_ITEMS", "1000000", kinds.COUNT,
           "Spans, data points or logs that wait on disk for each backend and signal while it is away.", DATA,
           "5000000"),
    _stack("QUEUE_FSYNC", "false", kinds.FLAG,
           "Whether the queue survives a crash of the machine too. A crash of the collector it survives anyway.", DATA,
           "true"),
    _stack("ARCHIVE", "file/archive", kinds.one_of("file/archive", "nop"),
           "Where all traces go before sampling: into files, or nowhere (nop).", DATA, "nop"),
    _stack("ARCHIVE_MEGABYTES", "100", kinds.COUNT, "Size of one file of the archive.", DATA, "500"),
    _stack("ARCHIVE_FILES", "100", kinds.COUNT, "How many full files are kept.", DATA, "1000"),
    _stack("ARCHIVE_DAYS", "30", kinds.COUNT, "How long they are kept, in days.", DATA, "7"),
    _stack("DATA", "/var/lib/otelcol", kinds.PATH, "Folder of queue and archive. In the container it is a volume.",
           DATA, "/data/otelcol", container=False),
    _stack("REDACT_ALSO", r"[\w.%+-]+@[\w-]+\.[\w.-]*\w", kinds.REGEX,
           "What is masked beside secrets: a regular expression (RE2). The default is e-mail addresses; [^\\s\\S] is "
           "nothing.", REDACTION, r"\bEMP-[0-9]+\b"),
    _stack("MEMORY", "2g", kinds.MEMORY, "Memory of the collector's container.", MACHINE, "4g", container=False),
    _stack("GOMEMLIMIT", "1600MiB", kinds.GO_MEMORY, "Four fifths of it, for Go.", MACHINE, "3200MiB",
           container=False),
    _stack("MEMORY_PERCENT", "75", kinds.PERCENT, "Share of the memory above which the collector refuses data.",
           MACHINE, "60"),
    _stack("TRACES_KEPT", "168h", kinds.DURATION, "How long Jaeger keeps traces.", MACHINE, "720h", container=False),
    _stack("METRICS_KEPT", "40d", kinds.DAYS, "How long Prometheus keeps metrics. The forecasts need 40 days.", MACHINE,
           "90d", container=False),
    _stack("LISTEN", "127.0.0.1", kinds.HOST, "Where the collector listens; in the container 0.0.0.0.", MACHINE,
           "0.0.0.0", container=False),
    *(
        _stack(f"{name}_PORT", port, kinds.PORT, f"Port of {what} on this machine.", MACHINE, str(int(port) + 10000),
               container=False)
        for name, port, what in (
            ("GRPC", "4317", "OTLP over gRPC"), ("HTTP", "4318", "OTLP over HTTP"),
            ("HEALTH", "13133", "the collector's health check"),
            ("TELEMETRY", "8888", "the collector's own metrics (Compose does not publish it)"),
            ("JAEGER", "16686", "Jaeger"), ("PROMETHEUS", "9090", "Prometheus"),
            ("ALERTMANAGER", "9093", "Alertmanager"), ("GRAFANA", "3000", "Grafana"),
        )
    ),
    _stack("GRAFANA_PASSWORD", "admin", kinds.SECRET, "Password of Grafana's user admin.", MACHINE, "change-me",
           container=False),
    _stack("TOKEN", None, kinds.SECRET, "The token that senders show: OTEL_EXPORTER_OTLP_HEADERS=authorization=Bearer "
           "TOKEN.", SECURED, "a-long-random-text"),
    _stack("TLS_CERT", None, kinds.PATH, "Certificate, as the container sees it.", SECURED,
           "/etc/otelcol/tls/server.pem"),
    _stack("TLS_KEY", None, kinds.PATH, "Its key.", SECURED, "/etc/otelcol/tls/server.key"),
    _stack("TLS_CLIENT_CA", "", kinds.PATH, "Set: senders need a certificate of this authority too.", SECURED,
           "/etc/otelcol/tls/clients.pem"),
    *(
        _stack(name, default, kind, text, SCALE, example, container=False)
        for name, default, kind, text, example in (
            ("SAMPLING_TIER", None, kinds.HOST, "gateway.yaml: a DNS name with the addresses of all collectors behind.",
             "sampling.telemetry.svc"),
            ("SAMPLING_TIER_PORT", "4317", kinds.PORT, "gateway.yaml: their port.", "14317"),
            ("SAMPLING_TIER_INSECURE", "true", kinds.FLAG, "gateway.yaml: false with TLS.", "false"),
        )
    ),
    *(
        Variable(name, default, kind, text, example, SCALE, False)
        for name, default, kind, text, example in (
            ("KAFKA_BROKERS", None, kinds.ADDRESS, "kafka-*.yaml: one broker, which names the others.", "kafka:9092"),
            ("KAFKA_TRACES_TOPIC", "llmotel-traces", kinds.TEXT, "kafka-*.yaml: topic of spans.", "team-traces"),
            ("KAFKA_METRICS_TOPIC", "llmotel-metrics", kinds.TEXT, "kafka-*.yaml: topic of metrics.", "team-metrics"),
            ("KAFKA_LOGS_TOPIC", "llmotel-logs", kinds.TEXT, "kafka-*.yaml: topic of events.", "team-logs"),
            ("KAFKA_GROUP", "llmotel-sampling", kinds.TEXT, "kafka-sampling.yaml: the consumers' group.", "team"),
        )
    ),
    *_of("jaeger",
         ("JAEGER_ENDPOINT", "jaeger:4317", kinds.ADDRESS, "OTLP over gRPC.", "jaeger.corp.example:4317"),
         ("JAEGER_INSECURE", "true", kinds.FLAG, "false with TLS.", "false")),
    *_of("tempo",
         ("TEMPO_ENDPOINT", "tempo:4317", kinds.ADDRESS, "OTLP over gRPC.", "tempo.corp.example:4317"),
         ("TEMPO_INSECURE", "true", kinds.FLAG, "false with TLS.", "false")),
    *_of("prometheus",
         ("PROMETHEUS_OTLP_ENDPOINT", "http://prometheus:9090/api/v1/otlp", kinds.URL, "Without /v1/metrics.",
          "https://prometheus.corp.example/api/v1/otlp")),
    *_of("prometheus-remote-write",
         ("PROMETHEUS_REMOTE_WRITE_ENDPOINT", None, kinds.URL, "With the path.",
          "https://mimir.corp.example/api/v1/push"),
         ("PROMETHEUS_REMOTE_WRITE_AUTHORIZATION", "", kinds.TEXT, "Value of the header Authorization.",
          "Bearer TOKEN")),
    *_of("grafana-cloud",
         ("GRAFANA_CLOUD_OTLP_ENDPOINT", None, kinds.URL, "The stack's OTLP gateway.",
          "https://otlp-gateway-prod-eu-west-2.grafana.net/otlp"),
         ("GRAFANA_CLOUD_OTLP_TOKEN", None, kinds.BASE64, "base64 of INSTANCE:TOKEN.", "MTIzNDU2OmdsY19leGFtcGxl")),
    *_of("datadog",
         ("DD_API_KEY", None, kinds.SECRET, "API key.", "0123456789abcdef0123456789abcdef"),
         ("DD_SITE", "datadoghq.com", kinds.HOST, "Datadog's site.", "datadoghq.eu"),
         ("DD_OTLP_SOURCE", "llmobs", kinds.TEXT, "Value of the header dd-otlp-source: which product gets traces.",
          "llmobs")),
    *_of("honeycomb",
         ("HONEYCOMB_API_KEY", None, kinds.SECRET, "Ingest key.", "hcaik_example"),
         ("HONEYCOMB_ENDPOINT", "https://api.honeycomb.io", kinds.URL, "In Europe https://api.eu1.honeycomb.io.",
          "https://api.eu1.honeycomb.io"),
         ("HONEYCOMB_METRICS_DATASET", "llm-metrics", kinds.TEXT, "Dataset of the metrics.", "llm-metrics")),
    *_of("new-relic",
         ("NEW_RELIC_LICENSE_KEY", None, kinds.SECRET, "Ingest licence key.", "example-license-key"),
         ("NEW_RELIC_ENDPOINT", "https://otlp.nr-data.net", kinds.URL, "In Europe https://otlp.eu01.nr-data.net.",
          "https://otlp.eu01.nr-data.net")),
    *_of("langfuse",
         ("LANGFUSE_AUTH", None, kinds.BASE64, "base64 of PUBLIC_KEY:SECRET_KEY.", "cGstbGYtZXhhbXBsZTpzay1sZg=="),
         ("LANGFUSE_HOST", "https://cloud.langfuse.com", kinds.URL, "In the USA https://us.cloud.langfuse.com.",
          "http://langfuse.corp.example:3000")),
    *_of("phoenix",
         ("PHOENIX_ENDPOINT", "http://phoenix:6006", kinds.URL, "Without /v1/traces.",
          "https://app.phoenix.arize.com/s/SPACE"),
         ("PHOENIX_API_KEY", "", kinds.SECRET, "API key, where it wants one.", "example-key")),
    *_of("clickhouse",
         ("CLICKHOUSE_ENDPOINT", "tcp://clickhouse:9000?dial_timeout=10s", kinds.DATA_URL, "Native protocol or HTTP.",
          "https://clickhouse.corp.example:8443"),
         ("CLICKHOUSE_USER", "default", kinds.TEXT, "User.", "otel"),
         ("CLICKHOUSE_PASSWORD", "", kinds.SECRET, "Password.", "change-me"),
         ("CLICKHOUSE_DATABASE", "otel", kinds.TEXT, "Database.", "telemetry"),
         ("CLICKHOUSE_TTL", "720h", kinds.DURATION, "How long rows are kept.", "2160h")),
    *_of("elastic",
         ("ELASTIC_OTLP_ENDPOINT", None, kinds.URL, "Elastic Cloud's managed OTLP endpoint, or an APM server.",
          "https://apm.corp.example:8200"),
         ("ELASTIC_API_KEY", None, kinds.SECRET, "API key, encoded as Elastic shows it.", "ZXhhbXBsZTprZXk=")),
    *_of("s3",
         ("S3_BUCKET", None, kinds.TEXT, "Bucket.", "llm-telemetry"),
         ("S3_PREFIX", "llmotel", kinds.TEXT, "First part of the objects' names.", "team-a"),
         ("S3_ENDPOINT", "", kinds.URL, "Where it is not AWS.", "http://minio:9000"),
         ("AWS_REGION", "us-east-1", kinds.TEXT, "Region.", "eu-central-1")),
    *(Variable(name, None, kind, text, example, "s3", True, True) for name, kind, text, example in (
        ("AWS_ACCESS_KEY_ID", kinds.SECRET, "Where no role gives access: key,", "AKIAEXAMPLE"),
        ("AWS_SECRET_ACCESS_KEY", kinds.SECRET, "its secret,", "example-secret"),
        ("AWS_SESSION_TOKEN", kinds.SECRET, "and the token of a temporary one.", "example-token"))),
    _stack("DEBUG", "normal", kinds.one_of("basic", "normal", "detailed"), "How much is printed.", "debug", "detailed"),
)  # fmt: skip

HEADINGS = (CHOICE, SAMPLING, DATA, REDACTION, MACHINE, SECURED, SCALE)
BY_NAME = {variable.name: variable for variable in VARIABLES}


def of(part: str) -> tuple[Variable, ...]:
    """The variables of a heading or of a backend."""
    return tuple(variable for variable in VARIABLES if variable.part == part)


__all__ = ["BY_NAME", "HEADINGS", "PREFIX", "VARIABLES", "Variable", "of"]
