"""``init()`` and what follows from it: one engine per process, from the first call to after the last.

Thread-safe; goes on in forked children; hands out what is waiting at exit.
"""

from __future__ import annotations

import atexit
import logging
import os
import sys
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING

from llmotel import runtime, semconv
from llmotel.config.config import Config
from llmotel.errors import ConfigurationError
from llmotel.sdk import child_processes, process_exit
from llmotel.threads import after_fork, before_fork

if TYPE_CHECKING:
    from opentelemetry._logs import LoggerProvider
    from opentelemetry.metrics import MeterProvider
    from opentelemetry.trace import TracerProvider

    from llmotel.engine.engine import Engine
    from llmotel.sdk.pipeline import Pipeline

logger = logging.getLogger("llmotel")

_PROVIDERS = {"tracer_provider": "traces", "meter_provider": "metrics", "logger_provider": "logs"}
_GIVES = {"tracer_provider": "get_tracer", "meter_provider": "get_meter", "logger_provider": "get_logger"}


class Running:
    """What ``init()`` left behind. ``engine`` is ``None`` while a kill switch keeps everything off."""

    def __init__(self, config: Config, arguments: Mapping[str, object]) -> None:
        self.config = config
        self.arguments = arguments
        self.engine: Engine | None = None
        self.pipeline: Pipeline | None = None


_lock = threading.RLock()
_running: Running | None = None
_registered = False


def init(
    *,
    service_name: str | None = None,
    resource_attributes: Mapping[str, str] | None = None,
    endpoint: str | None = None,
    headers: Mapping[str, str] | str | None = None,
    protocol: str | None = None,
    timeout: float | None = None,
    traces_exporter: str | Iterable[str] | None = None,
    metrics_exporter: str | Iterable[str] | None = None,
    logs_exporter: str | Iterable[str] | None = None,
    sampler: str | None = None,
    sampler_arg: float | None = None,
    metric_interval: int | None = None,
    metric_temporality: str | None = None,
    metric_histogram: str | None = None,
    bsp_schedule_delay: int | None = None,
    bsp_max_queue_size: int | None = None,
    bsp_max_export_batch_size: int | None = None,
    blrp_schedule_delay: int | None = None,
    blrp_max_queue_size: int | None = None,
    blrp_max_export_batch_size: int | None = None,
    sdk_disabled: bool | None = None,
    tracer_provider: TracerProvider | None = None,
    meter_provider: MeterProvider | None = None,
    logger_provider: LoggerProvider | None = None,
    exit_flush: bool | None = None,
    child_processes: bool | None = None,
    isolated: bool | None = None,
    disabled: bool | None = None,
    disabled_instrumentations: str | Iterable[str] | None = None,
    semconv: str | None = None,
    capture_content: bool | str | None = None,
    content_max_bytes: int | None = None,
    content_sample_ratio: float | None = None,
    redact: str | Iterable[str] | None = None,
    redactor: Callable[[str], str] | None = None,
    completion_hook: str | Callable[..., object] | None = None,
    upload_base_path: str | None = None,
    upload_format: str | None = None,
    upload_max_queue_size: int | None = None,
    stream_usage: str | None = None,
    metric_tags: str | Iterable[str] | None = None,
    metric_tag_values: int | None = None,
    baggage_tags: bool | None = None,
    adopt: bool | str | None = None,
    events: bool | str | None = None,
    prices: str | os.PathLike[str] | None = None,
    provider_hosts: Mapping[str, str] | str | None = None,
    console: bool | None = None,
    error_limit: int | None = None,
) -> None:
    """Switches telemetry on for every supported client library, imported already or later.

    What is not given comes from the environment (``llmotel settings`` lists all of it), else it has a default: OTLP to
    ``http://localhost:4318``, and no prompt or completion anywhere. ``tracer_provider``, ``meter_provider`` and
    ``logger_provider`` are used as they are; without them OpenTelemetry's global SDK providers are used where the
    application has set them up, and made, and made global, where it has not. ``isolated=True`` makes them without
    making them global.

    The same call again does nothing; one with other arguments is ignored with one line in the log. Raises
    :class:`llmotel.ConfigurationError` for a wrong value, and nothing else.

    >>> llmotel.init(service_name="checkout", capture_content=True)
    """
    arguments = {name: value for name, value in locals().items() if value is not None}
    try:
        _begin(arguments)
    except ConfigurationError as error:
        # Some handlers of errors show the variables of every frame. What was given here may be secret.
        headers = endpoint = resource_attributes = upload_base_path = None
        arguments.clear()
        raise error.with_traceback(None) from None


def _begin(arguments: Mapping[str, object]) -> None:
    global _running
    with _lock:
        if _running is not None:
            ignored = _differences(_running.arguments, arguments)
            if ignored:
                logger.warning(
                    "llmotel: init() has run already, this time its arguments are ignored: %s differ. Call "
                    "llmotel.shutdown() first to start over", ", ".join(ignored),
                )  # fmt: skip
            return
        config = Config.load({name: value for name, value in arguments.items() if name not in _PROVIDERS})
        for name, method in _GIVES.items():
            if name in arguments and not callable(getattr(arguments[name], method, None)):
                raise ConfigurationError(
                    f"init({name}={arguments[name]!r}): accepted is an OpenTelemetry provider, which has {method}()"
                )
        running = Running(config, arguments)
        if config.sdk_disabled:
            logger.info("llmotel: off, because OTEL_SDK_DISABLED is set")
        elif not config.disabled:
            _start(running)
            _replace_shared()
        _running = running


def _start(running: Running) -> None:
    from llmotel.engine.engine import Engine
    from llmotel.instrumentation import registry
    from llmotel.sdk.pipeline import Pipeline

    given = {signal: running.arguments.get(name) for name, signal in _PROVIDERS.items()}
    pipeline = Pipeline(running.config, given)
    providers = pipeline.providers
    try:
        running.engine = Engine(running.config, providers["traces"], providers["metrics"], providers["logs"])
    except BaseException:
        pipeline.shutdown(0)
        raise
    if pipeline.exporters:
        what = "Spans, events and exports of metrics that were dropped or failed to export"
        running.engine.metrics.observe(semconv.EXPORT_LOST, "{record}", what, pipeline.lost, adds=True)
    _adopt(running.engine, pipeline)
    pipeline.publish()
    _arm(running, pipeline)
    running.pipeline = pipeline
    runtime.current = running.engine
    _register()
    registry.activate(running.engine)


def _adopt(engine: Engine, pipeline: Pipeline) -> None:
    """Counts the calls that spans of others tell of, which pass through the TracerProvider in use."""
    from llmotel.sdk import global_providers

    provider = global_providers.sdk_provider(pipeline.providers["traces"])
    chosen, kind = engine.config.adopt, pipeline.kinds["traces"]
    if hasattr(provider, "add_span_processor") and (chosen == "true" or (chosen == "auto" and kind == "own")):
        from llmotel.adoption.processor import Adoption

        provider.add_span_processor(Adoption(engine))


def _replace_shared() -> None:
    """What recorded on OpenTelemetry's global providers before ``init()`` has no libraries any more."""
    shared, runtime.shared = runtime.shared, None
    if shared is not None:
        shared.enabled = False
        shared.shutdown()
        shared.retire()


def _register() -> None:
    """The handlers for exit and fork, once. After the providers are made: exit handlers run in reverse order, and ours
    hands over what the SDK's then exports; fork handlers in the child run in order, and ours builds on the SDK's."""
    global _registered
    atexit.unregister(_at_exit)
    atexit.register(_at_exit)
    if not _registered and hasattr(os, "register_at_fork"):
        os.register_at_fork(before=_before_fork, after_in_parent=_after_in_parent, after_in_child=_after_in_child)
    _registered = True


def _arm(running: Running, pipeline: Pipeline) -> None:
    """What comes before ends that run no exit handlers, and what children begin with that are no forks."""
    if running.config.exit_flush:
        process_exit.arm(process_exit.Ending(_last, _flush_at_end, _is_idle))
    if running.config.child_processes and pipeline.is_own and child_processes.are_plain(running.arguments):
        child_processes.arm(running.arguments)


def _differences(before: Mapping[str, object], now: Mapping[str, object]) -> list[str]:
    return sorted(name for name in {*before, *now} if before.get(name) is not now.get(name)
                  and (name in _PROVIDERS or before.get(name) != now.get(name)))  # fmt: skip


def running() -> Running | None:
    """What ``init()`` left behind, or ``None`` before it."""
    return _running


def engine() -> Engine | None:
    """The engine in use, if there is one."""
    found: Engine | None = runtime.engine()
    return found


def disable() -> None:
    """Kill switch: calls that begin from now on pass through untouched, until :func:`enable`, whoever instrumented
    their library."""
    for current in runtime.engines():
        current.enabled = False


def enable() -> None:
    """Undoes :func:`disable`, and ``LLMOTEL_DISABLED``. Not ``OTEL_SDK_DISABLED``: that is for all of OpenTelemetry."""
    with _lock:
        if _running is not None and _running.engine is None and not _running.config.sdk_disabled:
            _start(_running)
        for current in runtime.engines():
            current.enabled = True


def flush(timeout: float = 10.0) -> bool:
    """Exports what is waiting; for functions that are frozen or killed after they return.

    ``True`` when everything was handed over and the exporters of llmotel's own providers were told that it arrived;
    ``False`` when not, or not within ``timeout`` seconds. Never raises.
    """
    deadline = time.monotonic() + timeout
    done = True
    for current in runtime.engines():
        try:
            done = current.flush(max(deadline - time.monotonic(), 0)) and done
        except Exception as error:
            current.guard.report_error("flush", error)
            done = False
    pipeline = _pipeline()
    if pipeline is not None:
        done = pipeline.flush(max(deadline - time.monotonic(), 0)) and done
    return done


def shutdown(timeout: float = 10.0) -> None:
    """Takes llmotel out of the libraries that ``init()`` instrumented, exports what is waiting, for at most ``timeout``
    seconds, and ends the providers that ``init()`` made. ``init()`` may be called again afterwards. Never raises."""
    global _running
    from llmotel.instrumentation import registry

    process_exit.disarm()
    child_processes.disarm()
    with _lock:
        stopped, current = _running, engine()
        _running = runtime.current = runtime.shared = None
        try:
            registry.deactivate()
        except Exception as error:
            logger.warning("llmotel: not everything was uninstrumented: %s: %s", type(error).__name__, error)
    _stop(current, stopped.pipeline if stopped is not None else None, timeout)


def _stop(current: Engine | None, pipeline: Pipeline | None, timeout: float) -> None:
    deadline = time.monotonic() + timeout
    if current is not None:
        try:
            current.flush(timeout)
            current.shutdown()
        except Exception as error:
            logger.warning("llmotel: not everything was recorded at the end: %s", type(error).__name__)
    if pipeline is not None:
        pipeline.shutdown(max(deadline - time.monotonic(), 0))
    if current is not None:
        current.retire()


def _at_exit() -> None:
    current = _running
    if current is not None:
        process_exit.at_exit(lambda: _stop(current.engine, current.pipeline, current.config.timeout))


def _last(seconds: float) -> None:
    """The end of a process that runs no exit handlers."""
    current = _running
    if current is not None:
        if current.pipeline is not None:
            current.pipeline.is_last = True
        _stop(current.engine, current.pipeline, min(seconds, current.config.timeout))


def _flush_at_end(seconds: float) -> None:
    flush(seconds)


def _is_idle() -> bool:
    current, pipeline = engine(), _pipeline()
    return (current is None or not current.backlog.used) and (pipeline is None or pipeline.is_empty())


def _pipeline() -> Pipeline | None:
    return _running.pipeline if _running is not None else None


def _before_fork() -> None:
    before_fork()
    pipeline = _pipeline()
    if pipeline is not None:
        pipeline.before_fork()


def _after_in_parent() -> None:
    pipeline = _pipeline()
    if pipeline is not None:
        pipeline.after_fork_in_parent()
    after_fork()


def _after_in_child() -> None:
    try:
        _begin_in_child()
    finally:
        after_fork()


def _begin_in_child() -> None:
    global _lock
    _lock = threading.RLock()
    if _running is None or _running.pipeline is None:
        return
    _running.pipeline.after_fork_in_child()
    process_exit.reset_after_fork()
    util = sys.modules.get("multiprocessing.util")
    if util is not None:
        # A child of multiprocessing leaves by os._exit(), past all exit handlers; it runs its own finalizers, of which
        # it forgets those made before this point.
        util.register_after_fork(_running, lambda _: util.Finalize(None, _at_exit, exitpriority=0))


__all__ = ["Running", "disable", "enable", "engine", "flush", "init", "running", "shutdown"]
