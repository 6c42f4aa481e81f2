"""One row, set up in this process: providers, what is measured, and clients on a transport without a network."""

from __future__ import annotations

import gc
import json
import os
import sys
from collections.abc import Callable
from typing import Any

from benchmarks.rows import Row, row
from benchmarks.telemetry import Telemetry
from benchmarks.transport import Answer, Clients
from benchmarks.workloads import Calls, Workload

_WARM = 2  # enough for first-use costs, and for the processor's caches after another row's turn


class Stage:
    """Telemetry and, once switched on, clients ready for calls."""

    def __init__(self, of: Row) -> None:
        self.row = of
        self.telemetry = Telemetry()
        if not of.subject.own_providers:
            self.telemetry.publish()

    def switch_on(self) -> None:
        """What the user of the row's package does once."""
        self.row.subject.switch_on(self.telemetry, self.row)

    def open(self) -> None:
        """Makes the clients. After :meth:`switch_on`, as some packages patch their constructors."""
        subject = self.row.subject
        clients = self.clients = Clients(subject.openai_module, anthropic="anthropic" in subject.libraries)
        self.calls = Calls(clients)
        if subject.name == "floor":
            from benchmarks.floor import Floor

            self.calls = Floor(clients, self.telemetry, latest=self.row.latest, content=self.row.content)

        # What was imported is garbage never: without it, a collection takes no time worth mentioning.
        gc.collect()
        gc.freeze()

    def ready(self, workload: Workload, answer: Answer | None = None) -> Callable[[], None]:
        """The workload as a function of nothing, its server set to answer."""
        getattr(self.clients, workload.server).answer = answer or workload.answer()
        run: Callable[[], None] = getattr(self.calls, workload.method)
        return run

    def warm(self, once: Callable[[], None], workload: Workload) -> None:
        """Makes a few calls. ``LookupError`` when there are fewer spans than calls: then nothing else would count."""
        before = self.telemetry.spans.count
        for _ in range(_WARM):
            once()
        self.flush()
        spans, calls = self.telemetry.spans.count - before, _WARM * workload.calls
        if spans < calls and self.row.subject.name != "none":
            raise LookupError(f"{spans} spans for {calls} calls")

    def settle(self) -> None:
        """Does now what llmotel has left to its own thread; not the export, which all rows share."""
        setup = sys.modules.get("llmotel.setup")
        engine = setup.engine() if setup is not None else None
        if engine is not None:
            engine.flush()

    def flush(self) -> None:
        """:meth:`settle`, and the export of what waits."""
        self.settle()
        self.telemetry.flush()


def serve(answer: Callable[[Stage, str], dict[str, Any]], *, ready: bool = True) -> None:
    """The life of a child process: makes the stage of the row named on the command line, answers each line of standard
    input, and ends at once, so that no exit handler of anybody's takes part in what is measured.

    Whatever a package prints goes to standard error, so that standard output has the answers only.
    """
    replies = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    stage: Stage | None = None
    reply: dict[str, Any] = {}
    try:
        stage = Stage(row(sys.argv[2]))
        if ready:
            stage.switch_on()
            stage.open()
    except Exception as error:
        stage, reply = None, _failure(error)
    for line in sys.stdin:
        if stage is not None:
            try:
                reply = answer(stage, line.strip())
            except Exception as error:
                reply = _failure(error)
        replies.write(json.dumps(reply) + "\n")
        replies.flush()
    os._exit(0)


def _failure(error: Exception) -> dict[str, Any]:
    return {"error": f"{type(error).__name__}: {error}"[:300]}
