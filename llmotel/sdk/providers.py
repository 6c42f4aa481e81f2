"""Providers of llmotel's own: OpenTelemetry's SDK, with llmotel's own way of exporting.

Imported only where the application has none, because it needs the whole SDK.
"""

from __future__ import annotations

import os
import re
import uuid
from collections.abc import Collection, Mapping
from typing import Any

from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider, sampling
from opentelemetry.sdk.trace.sampling import Sampler

from llmotel.config.config import Config
from llmotel.config.settings import SAMPLERS, SETTINGS
from llmotel.errors import ConfigurationError
from llmotel.sdk.exporter import SignalExporter, making
from llmotel.sdk.fork_lock import ForkLock
from llmotel.sdk.metric_reader import Reader
from llmotel.sdk.processors import RecordQueue, SpanQueue

_SIGNAL_PATH = re.compile(r"/v1/(?:traces|metrics|logs)/?$")


class Providers:
    """Providers for ``signals``, with what they export to.

    Raises :class:`~llmotel.errors.ConfigurationError`, before anything is made, for settings that no exporter or
    sampler can be made from. ``isolated`` is for spans whose parents belong to another pipeline. ``resource`` is that
    of the application's own providers, and then these have it as well: one process is one service.
    """

    def __init__(
        self, config: Config, signals: Collection[str], *, isolated: bool, resource: Resource | None = None
    ) -> None:
        for signal in signals:
            check(config, signal)
        resource = _resource(config, resource)
        self.exporters = [SignalExporter(signal, kind, config)
                        for signal in signals for kind in getattr(config, f"{signal}_exporter")]  # fmt: skip
        self.readers = [Reader(outlet, config) for outlet in self.exporters if outlet.signal == "metrics"]
        self.locks: list[ForkLock] = [making, *(reader.collecting for reader in self.readers)]
        self.by_signal: dict[str, Any] = {}
        # shutdown_on_exit=False: the SDK's own exit handlers wait up to 30 s, one after the other.
        if "traces" in signals:
            spans = TracerProvider(_sampler(config, isolated=isolated), resource, shutdown_on_exit=False)
            for outlet in self.exporters:
                if outlet.signal == "traces":
                    spans.add_span_processor(SpanQueue(outlet, config))
            self.by_signal["traces"] = spans
        if "metrics" in signals:
            self.by_signal["metrics"] = MeterProvider(self.readers, resource, shutdown_on_exit=False)
        if "logs" in signals:
            records = LoggerProvider(resource, shutdown_on_exit=False)
            for outlet in self.exporters:
                if outlet.signal == "logs":
                    records.add_log_record_processor(RecordQueue(outlet, config))
            self.by_signal["logs"] = records


def check(config: Config, signal: str) -> None:
    """Raises :class:`~llmotel.errors.ConfigurationError` for what ``signal`` cannot be sent with. Not before it is sent
    with llmotel's own pipeline, because values that only the application's own exporters know are none of our business.
    """
    exporters: tuple[str, ...] = getattr(config, f"{signal}_exporter")
    if not set(exporters) <= {"otlp", "console"}:
        raise _refused(config, f"{signal}_exporter", "For any other, set up OpenTelemetry's providers before init().")
    if signal == "traces" and config.sampler not in SAMPLERS:
        raise _refused(config, "sampler", "For any other, set up OpenTelemetry's TracerProvider before init().")
    if "otlp" not in exporters or config.protocol_of(signal) == "grpc":
        return
    name = f"{signal}_endpoint"
    if config.url(signal) != getattr(config, name):
        name = "endpoint"
    if "://" not in config.url(signal):
        raise _refused(config, name, "Without http:// or https:// it fits OTEL_EXPORTER_OTLP_PROTOCOL=grpc only.")
    if name == "endpoint" and config.endpoint is not None and _SIGNAL_PATH.search(config.endpoint):
        raise _refused(config, name, "The path of each signal is put behind it.")


def _refused(config: Config, name: str, mend: str) -> ConfigurationError:
    setting = next(setting for setting in SETTINGS if setting.name == name)
    origin, value = config.origin(name), setting.shown(getattr(config, name))
    said = f"{origin}={value!r} (from the environment)"
    if origin == "argument":
        said = f"init({setting.keyword}={value!r})"
    return ConfigurationError(f"{said}: accepted is {setting.accepted}. {mend}")


def _resource(config: Config, theirs: Resource | None) -> Resource:
    class ProcessResource(Resource):
        """A resource whose ``service.instance.id`` is another one in every forked child.

        SDKs before 1.43 give none at all, and series of two processes under one id are counted wrong: what one process
        adds looks like a restart of the other.
        """

        @property
        def attributes(self) -> Mapping[str, Any]:
            return {**super().attributes, "service.instance.id": instance_id()}

    attributes = {key: str(value) for key, value in config.resource_attributes.items()}
    if config.service_name is not None:
        attributes["service.name"] = config.service_name
    created = Resource.create(attributes)
    if theirs is not None:
        created = Resource({**created.attributes, **theirs.attributes}, theirs.schema_url or created.schema_url)
    chosen = created.attributes.get("service.instance.id")
    own = {os.getpid(): str(chosen)} if chosen else {}

    def instance_id() -> str:
        pid = os.getpid()
        if pid not in own:
            own.setdefault(pid, str(uuid.uuid4()))  # atomic: all signals are exported at once
        return own[pid]

    return ProcessResource(created.attributes, created.schema_url)


def _sampler(config: Config, *, isolated: bool) -> Sampler:
    if isolated and config.origin("sampler") == "default":
        # The parent span belongs to somebody else's pipeline, and so does the decision to drop it.
        return sampling.ALWAYS_ON
    base, parent_based = config.sampler.removeprefix("parentbased_"), config.sampler.startswith("parentbased_")
    root: Sampler
    if base == "traceidratio":
        root = sampling.TraceIdRatioBased(1.0 if config.sampler_arg is None else config.sampler_arg)
    else:
        root = sampling.ALWAYS_ON if base == "always_on" else sampling.ALWAYS_OFF
    return sampling.ParentBased(root) if parent_based else root


__all__ = ["Providers"]
