"""OpenTelemetry's providers for llmotel: the application's own where it has some, else ours.

Why which is taken is in docs/adr/0002-own-or-reused-providers.md.
"""

from __future__ import annotations

import logging
import threading
import time
import weakref
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from opentelemetry import _logs, metrics, trace

from llmotel import semconv, threads
from llmotel.config.config import SIGNALS, Config
from llmotel.config.masking import masked_uri
from llmotel.sdk import global_providers

if TYPE_CHECKING:
    from llmotel.sdk.exporter import SignalExporter
    from llmotel.sdk.fork_lock import ForkLock
    from llmotel.sdk.metric_reader import Reader

logger = logging.getLogger("llmotel")

OWN, GIVEN, REUSED, ISOLATED, NONE = "own", "given", "reused", "isolated", "none"
_OURS = (OWN, ISOLATED)
# Without effect where a provider is not ours.
_OURS_ONLY = ("service_name", "resource_attributes", "endpoint", "headers", "protocol", "timeout", "sampler",
              "sampler_arg", "traces_exporter")  # fmt: skip
_SILENT: Mapping[str, Callable[[], Any]] = {
    "traces": trace.NoOpTracerProvider, "metrics": metrics.NoOpMeterProvider, "logs": _logs.NoOpLoggerProvider,
}  # fmt: skip
_ended: weakref.WeakSet[Any] = weakref.WeakSet()  # providers of ours that were shut down and may still be global


class Pipeline:
    """The providers that llmotel uses. ``kinds`` says, per signal, whose each is: ``own`` (made here, and made global),
    ``isolated`` (made here, kept to ourselves), ``given`` to ``init()``, ``reused`` (the global one), or ``none``: then
    the provider is ``None``, and OpenTelemetry's global one counts if the application ever sets it, or does nothing
    where the global one is one of ours that has ended.

    ``given`` maps ``traces``, ``metrics`` and ``logs`` to providers passed to ``init()``. Nothing is made global before
    :meth:`publish`. Raises :class:`~llmotel.errors.ConfigurationError` for settings that no exporter can be made from.
    """

    def __init__(self, config: Config, given: Mapping[str, Any]) -> None:
        self.kinds = kinds = _kinds(config, given)
        self.providers: dict[str, Any] = dict.fromkeys(SIGNALS)
        self.exporters: list[SignalExporter] = []
        self._readers: list[Reader] = []
        self._locks: list[ForkLock] = []
        self._turn = threading.Lock()
        self._workers: list[threading.Thread] = []
        self.is_last = False
        self._refusals: global_providers.Refusals | None = None
        for signal, kind in kinds.items():
            if kind == GIVEN:
                self.providers[signal] = given[signal]
            elif kind == REUSED:
                self.providers[signal] = global_providers.current(signal)
            elif kind == NONE and _is_ended(global_providers.current(signal)):
                self.providers[signal] = _SILENT[signal]()
        ours = [signal for signal, kind in kinds.items() if kind in _OURS]
        if ours:
            from llmotel.sdk.providers import Providers

            theirs = (self.providers[signal] for signal, kind in kinds.items() if kind in (GIVEN, REUSED))
            resources = (global_providers.resource_of(provider) for provider in theirs)
            resource = next((resource for resource in resources if resource is not None), None)
            with threads.SignalsBlocked():  # the SDK's processors start threads
                made = Providers(config, ours, isolated=kinds["traces"] == ISOLATED, resource=resource)
            self.providers.update(made.by_signal)
            self.exporters, self._readers, self._locks = made.exporters, made.readers, made.locks
        _warn_of_idle(config, kinds)

    def publish(self) -> None:
        """Makes our own providers the global ones."""
        own = [signal for signal, kind in self.kinds.items() if kind == OWN]
        for signal in own:
            global_providers.publish(signal, self.providers[signal])
        self._refusals = global_providers.Refusals(own)

    def set_later(self) -> dict[str, str]:
        """What became of the signals for which the application has set a global provider since ``init()``."""
        found = {}
        for signal, kind in self.kinds.items():
            current = global_providers.current(signal)
            replaced = kind in (OWN, REUSED) and current is not self.providers[signal]
            if kind == NONE and self.providers[signal] is None and not global_providers.is_unset(current):
                found[signal] = "set by the application after init(), and in use"
            elif replaced or (self._refusals is not None and signal in self._refusals.signals):
                found[signal] = (
                    global_providers.too_late(signal)
                    if kind == OWN
                    else ("the application has another one by now, which is not in use: shutdown() and init() take it")
                )
        return found

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

    @property
    def is_own(self) -> bool:
        """Whether nothing of it was set up by the application, so that settings alone make the same one elsewhere."""
        return not {GIVEN, REUSED} & set(self.kinds.values())

    def is_empty(self) -> bool:
        """Whether no span and no event waits for its export, of the signals that llmotel sends itself."""
        return all(outlet.room is None or outlet.room.is_empty() for outlet in self.exporters)

    def shutdown(self, timeout: float) -> bool:
        """As :meth:`flush`, and ends the providers that are ours; those of the application are left alone, or flushed
        where this process ends without their exit handlers (``is_last``)."""
        deadline = time.monotonic() + timeout
        failed = self._failed()
        ours = [self.providers[signal] for signal, kind in self.kinds.items() if kind in _OURS]
        ours = [provider for provider in ours if not _is_ended(provider)]
        if self._refusals is not None:
            self._refusals.close()
        for outlet in self.exporters:
            outlet.close_by(deadline)
        _ended.update(ours)
        actions: list[Callable[[], Any]] = [provider.shutdown for provider in ours]
        if self.is_last:
            theirs = [self.providers[signal] for signal, kind in self.kinds.items() if kind in (GIVEN, REUSED)]
            actions += [
                partial(provider.force_flush, max(int(timeout * 1000), 1))
                for provider in theirs if hasattr(provider, "force_flush")
            ]  # fmt: skip
        return self._do(actions, deadline) and self._failed() == failed

    def lost(self) -> list[tuple[float, dict[str, str]]]:
        """How much of each signal that llmotel sends itself was dropped or failed to export."""
        sums: dict[str, int] = {}
        for exporter in self.exporters:
            sums[exporter.signal] = sums.get(exporter.signal, 0) + exporter.lost
        return [(number, {semconv.SIGNAL: signal}) for signal, number in sums.items()]

    def _failed(self) -> int:
        return sum(outlet.failed for outlet in self.exporters)

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
                try:
                    self._workers.append(threads.start(run, "llmotel-flush", action))
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
        """Starts what has threads again; the SDK's processors do so themselves."""
        self._turn, self._workers = threading.Lock(), []
        if self.exporters:
            from llmotel.sdk import outage

            outage.forget()
            for outlet in self.exporters:
                outlet.reset_after_fork()
        broken = [lock for lock in self._locks if not lock.after_fork_in_child()]
        for reader in self._readers:
            reader.after_fork_in_child(self.providers["metrics"], alone=not broken)


def _joined(threads: list[threading.Thread], deadline: float) -> bool:
    for thread in threads:
        thread.join(max(deadline - time.monotonic(), 0))
    return not any(thread.is_alive() for thread in threads)


def plan(config: Config) -> dict[str, str]:
    """The ``kinds`` that a pipeline made now would have; makes nothing and logs nothing."""
    return _kinds(config, {}, warn=False)


def _kinds(config: Config, given: Mapping[str, Any], *, warn: bool = True) -> dict[str, str]:
    kinds = {}
    unset = []  # signals for which the application has nothing
    ours_only = config.isolated
    for signal in SIGNALS:
        current = global_providers.current(signal)
        if given.get(signal) is not None:
            kinds[signal] = GIVEN
        elif ours_only:
            kinds[signal] = ISOLATED
        elif _is_ended(current):
            kinds[signal] = ISOLATED  # a global provider is so for good
            unset.append(signal)
        elif global_providers.sdk_provider(current) is not None:
            kinds[signal] = REUSED
        elif global_providers.is_unset(current):
            kinds[signal] = OWN
            unset.append(signal)
        else:
            kinds[signal] = ISOLATED
            if signal == "traces":
                ours_only = True  # all of it in one place
            if warn:
                logger.warning(
                    "llmotel: the global %s is %s.%s and not OpenTelemetry's SDK, so LLM telemetry takes its own "
                    "way to %s. init(isolated=True) or LLMOTEL_ISOLATED=1 says that this is meant",
                    global_providers.NAMES[signal],
                    type(current).__module__, type(current).__qualname__, masked_uri(config.url(signal)),
                )  # fmt: skip
    if GIVEN in kinds.values() or REUSED in kinds.values():
        # The application sends its telemetry itself, perhaps to where we do not know: guess no endpoint.
        for signal in unset:
            if not config.is_chosen(signal):
                kinds[signal] = NONE
    return kinds


def _is_ended(provider: object) -> bool:
    return any(provider is ended for ended in list(_ended))  # an application's own may have no hash


def _warn_of_idle(config: Config, kinds: Mapping[str, str]) -> None:
    if kinds["traces"] not in (GIVEN, REUSED):
        return
    idle = [name for name in _OURS_ONLY if config.origin(name) == "argument"]
    if idle:
        logger.warning(
            "llmotel: init(%s) has no effect on traces: the application's own TracerProvider is used. "
            "init(isolated=True) gives llmotel its own", ", ".join(f"{name}=..." for name in idle),
        )  # fmt: skip


__all__ = ["GIVEN", "ISOLATED", "NONE", "OWN", "REUSED", "Pipeline", "plan"]
