"""What a pipeline of our own sends with: exporters that cost nothing before the first export.

OpenTelemetry's exporters take 50 to 100 ms to import, share their connections with forked children, and retry for
seconds at exit although nobody listens.
"""

from __future__ import annotations

import importlib
import logging
import os
import time
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from llmotel.config.config import Config
from llmotel.config.masking import masked_text, masked_uri
from llmotel.sdk import outage
from llmotel.sdk.fork_lock import ForkLock

if TYPE_CHECKING:
    from llmotel.sdk.queue_capacity import QueueCapacity

logger = logging.getLogger("llmotel")

_OTLP = "opentelemetry.exporter.otlp.proto"
_EXPORTERS = {
    ("traces", "grpc"): (f"{_OTLP}.grpc.trace_exporter", "OTLPSpanExporter"),
    ("metrics", "grpc"): (f"{_OTLP}.grpc.metric_exporter", "OTLPMetricExporter"),
    ("logs", "grpc"): (f"{_OTLP}.grpc._log_exporter", "OTLPLogExporter"),
    ("traces", "http/protobuf"): (f"{_OTLP}.http.trace_exporter", "OTLPSpanExporter"),
    ("metrics", "http/protobuf"): (f"{_OTLP}.http.metric_exporter", "OTLPMetricExporter"),
    ("logs", "http/protobuf"): (f"{_OTLP}.http._log_exporter", "OTLPLogExporter"),
    ("traces", "console"): ("opentelemetry.sdk.trace.export", "ConsoleSpanExporter"),
    ("metrics", "console"): ("opentelemetry.sdk.metrics.export", "ConsoleMetricExporter"),
    ("logs", "console"): ("opentelemetry.sdk._logs.export", "ConsoleLogRecordExporter"),
}
_PATIENCE = 3.0  # seconds for a connection at exit
making = ForkLock()  # one import at a time: packages that import each other fail when two threads import them


class SignalExporter:
    """Where one signal goes. The exporter is made by the first export, on the thread that exports, and anew in a forked
    child, which must not write into its parent's connection.

    ``sent`` and ``failed`` count exports; :attr:`lost` counts records. What is lost is told of once, until exports
    arrive again (:mod:`llmotel.sdk.outage`). ``room`` is the queue's in front of it, if it has one.
    """

    def __init__(self, signal: str, kind: str, config: Config) -> None:
        self.signal = signal
        self.room: QueueCapacity | None = None
        self._config = config
        self._key = (signal, "console" if kind == "console" else config.protocol_of(signal))
        self._deadline: float | None = None
        self._unusable = False
        self.reset_after_fork()

    def reset_after_fork(self) -> None:
        """Begins from nothing, as in a forked child: what its parent sent and lost is the parent's to report."""
        self._pid = os.getpid()
        self._exporter: Any = None
        console = self._key[1] == "console"
        self._outage = outage.outage_of("console" if console else _address(self._config.url(self.signal)))
        self.sent = self.failed = self._unsent = 0
        if self.room is not None:
            self.room.reset_after_fork()

    @property
    def lost(self) -> int:
        """Records that nobody took, of those that were to be sent here: spans and events whose export failed or for
        which the queue had no room, and exports of metrics that failed."""
        return self._unsent + (self.room.refused if self.room is not None else 0)

    def send(self, batch: Any, records: int = 1) -> bool:
        """Exports ``batch``, which holds so many ``records``, and says whether it was taken. Never raises."""
        done = False
        if not self._unusable and (self._deadline is None or self._in_time(self._deadline)):
            done = self._export(batch)
        if done:
            self.sent += 1
            self._outage.sent(self.signal)
        else:
            self.failed += 1
            self._unsent += records
        return done

    def _export(self, batch: Any) -> bool:
        why = ""
        try:
            if self._exporter is None:
                with making:
                    self._exporter = self._make()
            if self._exporter is None:
                return False
            with self._outage.exporting():
                if self._exporter.export(batch).name == "SUCCESS":
                    return True
        except Exception as error:
            why = f" ({type(error).__name__})"  # its message may hold what the batch holds
        self._outage.lost(self.signal, "%s are lost: %s does not take them%s", self.signal, self._place(), why)
        return False

    def tell_of_overflow(self, setting: str) -> None:
        """Says, once, that the queue has no room, whose size is ``setting``."""
        said = "%s are lost: more come than %s takes, and as many as %s allows wait already"
        self._outage.lost(self.signal, said, self.signal, self._place(), setting)

    def _place(self) -> str:
        return "the console" if self._key[1] == "console" else masked_uri(self._config.url(self.signal))

    def close_by(self, deadline: float) -> None:
        """From now on nothing is begun after ``deadline`` (of ``time.monotonic()``), nor where nobody listens."""
        self._deadline = deadline

    def shutdown(self) -> None:
        """Ends the exporter, if one was ever made in this process."""
        if self._exporter is not None and self._pid == os.getpid():
            self._exporter.shutdown()

    def _make(self) -> Any:
        module, name = _EXPORTERS[self._key]
        config, arguments = self._config, {}
        if self._key[1] != "console":
            timeout = config.timeout_of(self.signal)
            left = timeout if self._deadline is None else self._deadline - time.monotonic()
            arguments = {"endpoint": config.url(self.signal), "timeout": min(timeout, max(left, 0.001))}
            if config.origin("headers") == "argument":  # what is in the environment the exporter reads itself
                arguments["headers"] = {name: str(value) for name, value in config.headers.items()}
        try:
            exporter = getattr(importlib.import_module(module), name)(**arguments)
            outage.install_log_filter()
            return exporter
        except Exception as error:
            self._unusable = True
            logger.warning(
                "llmotel: %s are not exported: %s cannot be made: %s", self.signal, name, masked_text(str(error))
            )
            return None

    def _in_time(self, deadline: float) -> bool:
        left = deadline - time.monotonic()
        if left <= 0:
            return False
        url = self._config.url(self.signal)
        if self._key[1] == "console" or not is_deserted(url, min(left, _PATIENCE)):
            return True
        if self._outage.first("ours"):
            logger.warning(
                "llmotel: nobody listens at %s, so the last telemetry of this process is lost. Start an OTLP receiver "
                "there, set OTEL_EXPORTER_OTLP_ENDPOINT, or send nothing: OTEL_TRACES_EXPORTER=none, the same for "
                "METRICS and LOGS",
                _address(url),
            )
        self._unusable = True
        return False


def is_deserted(url: str, timeout: float) -> bool:
    """Whether it is certain that nobody listens at ``url``: the connection is refused, or there is no such host.

    Never certain behind a proxy. Exporters retry a refused connection for as long as they may, which is right while an
    application runs, and is a process that does not end when there never was a collector.
    """
    import socket
    from urllib.request import getproxies

    if set(getproxies()) - {"no"}:
        return False
    parts = urlsplit(url if "://" in url else f"http://{url}")
    port = parts.port or (443 if parts.scheme == "https" else 80)
    try:
        socket.create_connection((parts.hostname or "", port), timeout).close()
    except TimeoutError:
        return False
    except OSError:
        return True
    return False


def _address(url: str) -> str:
    parts = urlsplit(url if "://" in url else f"//{url}")
    return f"{parts.hostname}:{parts.port}" if parts.port else str(parts.hostname)


__all__ = ["SignalExporter", "is_deserted", "making"]
