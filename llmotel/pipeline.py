"""OpenTelemetry's providers for llmotel: the application's own where it has some, else ours.

Why which is taken is in docs/adr/0002-own-or-reused-providers.md.
"""

from __future__ import annotations

import logging
import os
import re
import threading
import time
import weakref
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any

from opentelemetry import _logs, metrics, trace

from llmotel.config import SIGNALS, Config
from llmotel.errors import ConfigurationError
from llmotel.parsing import masked_url
from llmotel.settings import SAMPLERS, SETTINGS

if TYPE_CHECKING:
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace.sampling import Sampler

    from llmotel.exporting import Outlet, Reader
    from llmotel.forking import ForkLock

logger = logging.getLogger("llmotel")

OWN, GIVEN, REUSED, ISOLATED, NONE = "own", "given", "reused", "isolated", "none"
_SIGNAL_PATH = re.compile(r"/v1/(?:traces|metrics|logs)/?$")
# Without effect where a provider is not ours.
_OURS_ONLY = ("service_name", "resource_attributes", "endpoint", "headers", "protocol", "timeout", "sampler",
              "sampler_arg", "traces_exporter")  # fmt: skip
_GLOBAL: Mapping[str, tuple[Callable[[], Any], Callable[[Any], None]]] = {
    "traces": (trace.get_tracer_provider, trace.set_tracer_provider),
    "metrics": (metrics.get_meter_provider, metrics.set_meter_provider),
    "logs": (_logs.get_logger_provider, _logs.set_logger_provider),
}
_ended: weakref.WeakSet[Any] = weakref.WeakSet()  # providers of ours that were shut down and may still be global


@dataclass(slots=True)
class Pipeline:
    """The providers that llmotel uses. ``kinds`` says, per signal, whose each is: ``own`` (made here, and made global),
    ``isolated`` (made here, kept to ourselves), ``given`` to ``init()``, ``reused`` (the global one), or ``none``: then
    the provider is ``None``, and OpenTelemetry's global one counts if the application ever sets it."""

    providers: dict[str, Any]
    kinds: dict[str, str]
    outlets: list[Outlet] = field(default_factory=list)
    readers: list[Reader] = field(default_factory=list)
    _locks: list[ForkLock] = field(default_factory=list)
    _turn: threading.Lock = field(default_factory=threading.Lock)
    _workers: list[threading.Thread] = field(default_factory=list)

    @classmethod
    def build(cls, config: Config, given: Mapping[str, Any]) -> Pipeline:
        """Chooses or makes the three providers; none is made global yet.

        ``given`` maps ``traces``, ``metrics`` and ``logs`` to providers passed to ``init()``. Raises
        :class:`~llmotel.errors.ConfigurationError` for settings that no exporter can be made from.
        """
        kinds = _kinds(config, given)
        made = [signal for signal in SIGNALS if kinds[signal] in (OWN, ISOLATED)]
        for signal in made:
            _check(config, signal)
        pipeline = cls(dict.fromkeys(SIGNALS), kinds)
        for signal in SIGNALS:
            if kinds[signal] == GIVEN:
                pipeline.providers[signal] = given[signal]
            elif kinds[signal] == REUSED:
                pipeline.providers[signal] = _GLOBAL[signal][0]()
        if made:
            pipeline._make(config, made)
        _warn_of_idle(config, kinds)
        return pipeline

    def _make(self, config: Config, signals: list[str]) -> None:
        from opentelemetry.sdk._logs import LoggerProvider
        from opentelemetry.sdk._logs.export import BatchLogRecordProcessor
        from opentelemetry.sdk.metrics import MeterProvider
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor

        from llmotel.exporting import LogOutlet, Outlet, Reader, SpanOutlet, making

        resource = _resource(config)
        outlets = {
            signal: [Outlet(signal, kind, config) for kind in getattr(config, f"{signal}_exporter")]
            for signal in signals
        }
        # shutdown_on_exit=False: the SDK's own exit handlers wait up to 30 s, one after the other.
        if "traces" in signals:
            tracer_provider = TracerProvider(_sampler(config, self.kinds["traces"]), resource, shutdown_on_exit=False)
            for outlet in outlets["traces"]:
                tracer_provider.add_span_processor(BatchSpanProcessor(
                    SpanOutlet(outlet), config.bsp_max_queue_size, config.bsp_schedule_delay,
                    min(config.bsp_max_export_batch_size, config.bsp_max_queue_size),
                ))  # fmt: skip
            self.providers["traces"] = tracer_provider
        if "metrics" in signals:
            self.readers = [Reader(outlet, config) for outlet in outlets["metrics"]]
            self.providers["metrics"] = MeterProvider(self.readers, resource, shutdown_on_exit=False)
        if "logs" in signals:
            logger_provider = LoggerProvider(resource, shutdown_on_exit=False)
            for outlet in outlets["logs"]:
                logger_provider.add_log_record_processor(BatchLogRecordProcessor(
                    LogOutlet(outlet), config.blrp_schedule_delay,
                    min(config.blrp_max_export_batch_size, config.blrp_max_queue_size),
                    max_queue_size=config.blrp_max_queue_size,
                ))  # fmt: skip
            self.providers["logs"] = logger_provider
        self.outlets = [outlet for group in outlets.values() for outlet in group]
        self._locks = [making, *(reader.collecting for reader in self.readers)]

    def publish(self) -> None:
        """Makes our own providers the global ones."""
        for signal, kind in self.kinds.items():
            if kind == OWN:
                _GLOBAL[signal][1](self.providers[signal])

    def flush(self, timeout: float) -> bool:
        """Exports what is waiting, in all providers at once; ``False`` when it failed or took over ``timeout`` seconds.

        The SDK's processors do not know timeouts (opentelemetry-python#4568): theirs goes on in the background.
        """
        deadline = time.monotonic() + timeout
        failed = self._failed()
        flushes = [
            partial(provider.force_flush, max(int(timeout * 1000), 1))
            for provider in self.providers.values() if hasattr(provider, "force_flush")
        ]  # fmt: skip
        return self._do(flushes, deadline) and self._failed() == failed

    def shutdown(self, timeout: float) -> bool:
        """As :meth:`flush`, and ends the providers that are ours; those of the application are left alone."""
        deadline = time.monotonic() + timeout
        failed = self._failed()
        ours = [self.providers[signal] for signal in SIGNALS if self.kinds[signal] in (OWN, ISOLATED)]
        ours = [provider for provider in ours if provider not in _ended]
        for outlet in self.outlets:
            outlet.close_by(deadline)
        _ended.update(ours)
        return self._do([provider.shutdown for provider in ours], deadline) and self._failed() == failed

    def _failed(self) -> int:
        return sum(outlet.failed for outlet in self.outlets)

    def _do(self, actions: Sequence[Callable[[], Any]], deadline: float) -> bool:
        """Runs ``actions`` side by side until ``deadline``; ``True`` when each came to its end without an error."""
        errors: list[BaseException] = []

        def run(action: Callable[[], Any]) -> None:
            try:
                if action() is False:
                    errors.append(TimeoutError())
            except Exception as error:
                errors.append(error)

        if not self._turn.acquire(timeout=max(deadline - time.monotonic(), 0)):
            return False
        try:
            if not _joined(self._workers, deadline):
                return False  # what hangs is still hanging: threads do not pile up
            self._workers = []
            for action in actions:
                thread = threading.Thread(target=run, args=(action,), name="llmotel-flush", daemon=True)
                try:
                    thread.start()
                    self._workers.append(thread)
                except RuntimeError:  # Python 3.12 starts no thread at exit; the outlets keep to the deadline
                    run(action)
            return _joined(self._workers, deadline) and not errors
        finally:
            self._turn.release()

    def before_fork(self) -> None:
        """Waits until nothing is under way that a fork would cut in two."""
        for lock in self._locks:
            lock.before_fork()

    def after_fork_in_parent(self) -> None:
        """Lets it go on."""
        for lock in self._locks:
            lock.after_fork_in_parent()

    def after_fork_in_child(self) -> None:
        """Starts what has threads again; the SDK's processors do so themselves, and outlets notice on their own."""
        self._turn, self._workers = threading.Lock(), []
        broken = [lock for lock in self._locks if not lock.after_fork_in_child()]
        for reader in self.readers:
            reader.after_fork_in_child(self.providers["metrics"], alone=not broken)


def _joined(threads: list[threading.Thread], deadline: float) -> bool:
    for thread in threads:
        thread.join(max(deadline - time.monotonic(), 0))
    return not any(thread.is_alive() for thread in threads)


def _kinds(config: Config, given: Mapping[str, Any]) -> dict[str, str]:
    kinds = {}
    ours_only = config.isolated
    for signal in SIGNALS:
        current = _GLOBAL[signal][0]()
        if given.get(signal) is not None:
            kinds[signal] = GIVEN
        elif ours_only or current in _ended:
            kinds[signal] = ISOLATED
        elif _is_sdk(current):
            kinds[signal] = REUSED
        elif _is_unset(current):
            kinds[signal] = OWN
        else:
            kinds[signal] = ISOLATED
            if signal == "traces":
                ours_only = True  # all of it in one place
            logger.warning(
                "llmotel: the global %s is %s.%s and not OpenTelemetry's SDK, so LLM telemetry takes its own way to "
                "%s. init(isolated=True) or LLMOTEL_ISOLATED=1 says that this is meant",
                {"traces": "TracerProvider", "metrics": "MeterProvider", "logs": "LoggerProvider"}[signal],
                type(current).__module__, type(current).__qualname__, masked_url(config.url(signal)),
            )  # fmt: skip
    if GIVEN in kinds.values() or REUSED in kinds.values():
        # The application sends its telemetry itself, perhaps to where we do not know: guess no endpoint.
        for signal in SIGNALS:
            if kinds[signal] == OWN and not config.is_chosen(signal):
                kinds[signal] = NONE
    return kinds


def _is_sdk(provider: object) -> bool:
    # By name: a look must not import the SDK.
    return any(base.__module__.startswith("opentelemetry.sdk.") for base in type(provider).__mro__)


def _is_unset(provider: object) -> bool:
    """Whether ``provider`` is the API's stand-in. Its no-op providers are not: somebody chose them, for good."""
    kind = type(provider)
    is_api = kind.__module__.startswith(("opentelemetry.trace", "opentelemetry.metrics", "opentelemetry._logs"))
    return is_api and "Proxy" in kind.__name__


def _check(config: Config, signal: str) -> None:
    """Raises for what ``signal`` cannot be sent with. Not before it is sent with llmotel's own pipeline, because values
    that only the application's own exporters know are none of our business."""
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


def _warn_of_idle(config: Config, kinds: Mapping[str, str]) -> None:
    if kinds["traces"] not in (GIVEN, REUSED):
        return
    idle = [name for name in _OURS_ONLY if config.origin(name) == "argument"]
    if idle:
        logger.warning(
            "llmotel: init(%s) has no effect on traces: the application's own TracerProvider is used. "
            "init(isolated=True) gives llmotel its own", ", ".join(f"{name}=..." for name in idle),
        )  # fmt: skip


def _resource(config: Config) -> Resource:
    from opentelemetry.sdk.resources import Resource

    class ProcessResource(Resource):
        """A resource whose ``service.instance.id`` is another one in every forked child.

        SDKs before 1.43 give none at all, and series of two processes under one id are counted wrong: what one process
        adds looks like a restart of the other.
        """

        @property
        def attributes(self) -> Mapping[str, Any]:
            return {**super().attributes, "service.instance.id": instance_id()}

    attributes = dict(config.resource_attributes)
    if config.service_name is not None:
        attributes["service.name"] = config.service_name
    created = Resource.create(attributes)
    chosen = created.attributes.get("service.instance.id")
    own = {os.getpid(): str(chosen)} if chosen else {}

    def instance_id() -> str:
        pid = os.getpid()
        if pid not in own:
            import uuid

            own.setdefault(pid, str(uuid.uuid4()))  # atomic: all signals are exported at once
        return own[pid]

    return ProcessResource(created.attributes, created.schema_url)


def _sampler(config: Config, kind: str) -> Sampler:
    from opentelemetry.sdk.trace import sampling

    if kind == ISOLATED and config.origin("sampler") == "default":
        # The parent span belongs to somebody else's pipeline, and so does the decision to drop it.
        return sampling.ALWAYS_ON
    base, parent_based = config.sampler.removeprefix("parentbased_"), config.sampler.startswith("parentbased_")
    root: Sampler
    if base == "traceidratio":
        root = sampling.TraceIdRatioBased(1.0 if config.sampler_arg is None else config.sampler_arg)
    else:
        root = sampling.ALWAYS_ON if base == "always_on" else sampling.ALWAYS_OFF
    return sampling.ParentBased(root) if parent_based else root


__all__ = ["GIVEN", "ISOLATED", "NONE", "OWN", "REUSED", "Pipeline"]
