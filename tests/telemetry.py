"""What a test sees of telemetry: an engine whose signals stay in memory."""

from __future__ import annotations

from contextlib import ExitStack
from typing import Any

from opentelemetry.sdk.trace.sampling import ALWAYS_OFF

from llmotel import runtime
from llmotel.config.config import Config
from llmotel.engine.call import latest
from llmotel.engine.engine import Engine
from llmotel.instrumentation import registry
from llmotel.testing.recording import Recording


class Telemetry:
    """The signals of the calls that a test makes. The fixture ``telemetry`` has every library instrumented.

    Settings are named as the arguments of ``llmotel.init()``; ``telemetry(capture_content=True)`` begins anew with some.
    """

    def __init__(self, **arguments: object) -> None:
        self._begin(arguments)

    def __call__(self, **arguments: object) -> Telemetry:
        self.end()
        self._begin(arguments)
        return self

    def _begin(self, arguments: dict[str, object]) -> None:
        self._ending = ExitStack()
        self.recording = Recording()
        self._ending.enter_context(self.recording.listening())
        self.engine = Engine(
            Config.load(arguments),
            self.recording.tracer_provider,
            self.recording.meter_provider,
            self.recording.logger_provider,
        )
        self._ending.callback(self.engine.retire)
        self._ending.callback(self.engine.shutdown)
        latest.set(None)
        # What the application calls by hand, llmotel.agent() and the like, asks for the engine of the process.
        self._ending.callback(setattr, runtime, "shared", runtime.shared)
        runtime.shared = self.engine
        registry.activate(self.engine)
        self._ending.callback(registry.deactivate)

    def end(self) -> None:
        """Uninstruments, and fails when llmotel had an internal error that the test did not ask for."""
        self._ending.close()
        if self.engine.config.raise_errors:
            assert not self.engine.guard.last_errors

    def sample_nothing(self) -> None:
        """From now on no span is recorded. A tracer keeps the sampler that its provider had when it was made."""
        self.recording.tracer_provider.sampler = ALWAYS_OFF
        for scope in self.engine.scopes.values():
            tracer: Any = scope.tracer
            tracer.sampler = ALWAYS_OFF

    @property
    def spans(self) -> list[Any]:
        """The finished spans, in the order in which they ended."""
        self.engine.flush()
        return self.recording.spans()

    @property
    def span(self) -> Any:
        """The only span."""
        [span] = self.spans
        return span

    @property
    def events(self) -> list[Any]:
        """The log records."""
        self.engine.flush()
        return self.recording.events()

    def metrics(self) -> dict[str, list[Any]]:
        """The data points of every instrument that has any, llmotel's own among them."""
        self.engine.flush()
        return self.recording.metrics()


__all__ = ["Telemetry"]
