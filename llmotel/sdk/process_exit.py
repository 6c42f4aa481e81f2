"""Ends of a process that run no exit handlers, and what is to be sent before them.

Python's exit handlers run when the main thread comes to its end, and only then. They do not run when SIGTERM has its
default action, nor after ``os._exit()``, by which children of ``multiprocessing``, billiard (Celery), RQ and everything
else that forks leave. Here these two are preceded by an orderly end, for at most :data:`SECONDS`. Both come to the same
exit status as before. Why it is done this way is in docs/adr/0020-ends-of-processes.md.
"""

from __future__ import annotations

import logging
import os
import signal
import sys
from collections.abc import Callable
from functools import wraps
from typing import Any, NoReturn

from llmotel import threads

logger = logging.getLogger("llmotel")

SECONDS = 5.0
"""Longest time for what is to be sent: process managers send SIGKILL after 10 seconds or more."""


class Ending:
    """What is to be done. ``stop(seconds)`` ends telemetry for good; ``flush(seconds)`` sends what is waiting, where
    the process may go on; ``is_idle()`` says that this process has nothing to send. None of them raises."""

    def __init__(
        self, stop: Callable[[float], object], flush: Callable[[float], object], is_idle: Callable[[], bool]
    ) -> None:
        self.stop = stop
        self.flush = flush
        self.is_idle = is_idle
        self.begun = False


_ending: Ending | None = None
_pending: int | None = None  # the signal that came while the exit handlers were at work
_os_exit: Callable[[int], NoReturn] = os._exit
_hooked = False


def arm(ending: Ending) -> None:
    """From now on ``ending`` precedes SIGTERM's default action, ``os._exit()``, and the ends of programs that have
    their own. The signal is taken in the main thread only, and only where nobody else has taken it."""
    global _ending, _os_exit
    _ending = ending
    _take_signal()
    if os._exit is not _exit:
        _os_exit = os._exit
        os._exit = _exit
    _hook_programs()


def disarm() -> None:
    """Gives everything back that nobody has taken since."""
    global _ending
    _ending = None
    try:
        if signal.getsignal(signal.SIGTERM) is _on_signal:
            signal.signal(signal.SIGTERM, signal.SIG_DFL)
    except ValueError:  # another thread than the main one; the handler then does what the default does
        pass
    if os._exit is _exit:
        os._exit = _os_exit  # type: ignore[assignment]
    for name, _, detach in _PROGRAMS:
        module = sys.modules.get(name)
        if module is not None:
            detach(module)


def reset_after_fork() -> None:
    """A child ends on its own."""
    global _pending
    _pending = None
    if _ending is not None:
        _ending.begun = False


def _take_signal() -> None:
    try:
        if signal.getsignal(signal.SIGTERM) == signal.SIG_DFL:
            signal.signal(signal.SIGTERM, _on_signal)
    except ValueError:  # another thread than the main one, or an interpreter beside the main one
        pass


def _on_signal(signum: int, _: object) -> None:
    global _pending
    signal.signal(signum, signal.SIG_DFL)  # a second one is not held up
    if _ending is not None and _ending.begun:
        _pending = signum  # this thread is the one that is ending it: let it, and see at_exit()
        return
    _end()
    os.kill(os.getpid(), signum)


def at_exit(stop: Callable[[], object]) -> None:
    """Runs ``stop`` as the end of this process. A SIGTERM that comes meanwhile has its effect afterwards."""
    ending = _ending
    if ending is not None:
        if ending.begun:
            return
        ending.begun = True
    stop()
    if _pending is not None:
        os.kill(os.getpid(), _pending)


def _exit(status: int) -> NoReturn:
    try:
        if _ending is not None and not _ending.is_idle():
            _end()
    except Exception:
        logger.debug("llmotel: os._exit() was not preceded by a flush", exc_info=True)
    finally:
        _os_exit(status)


def _end() -> None:
    ending = _ending
    if ending is None or ending.begun:
        return
    ending.begun = True
    # On a thread of its own, with a bound: this one may hold any lock at this point.
    try:
        thread = threads.start(ending.stop, "llmotel-exit", SECONDS)
    except RuntimeError:  # the interpreter is shutting down
        ending.stop(SECONDS)
    else:
        thread.join(SECONDS + 1)


def _hook_programs() -> None:
    global _hooked
    for name, attach, _ in _PROGRAMS:
        module = sys.modules.get(name)
        if module is not None:
            attach(module)
        elif not _hooked:
            import wrapt

            wrapt.register_post_import_hook(_imported, name)
    _hooked = True


def _imported(module: Any) -> None:
    for name, attach, _ in _PROGRAMS:
        if module.__name__ == name and _ending is not None:
            attach(module)


def _attach_uvicorn(module: Any) -> None:
    """uvicorn takes SIGTERM while it serves, gives it back, and sends it to itself again. The application that it
    imports calls init() when the signal is taken already. So the end of serving flushes."""
    original = module.Server.shutdown
    if hasattr(original, _ORIGINAL):
        return

    @wraps(original)
    async def shutdown(self: Any, *arguments: Any, **options: Any) -> Any:
        result = await original(self, *arguments, **options)
        if _ending is not None and getattr(
            self, "_captured_signals", None
        ):  # else the process goes on, or ends in order
            import asyncio

            await asyncio.to_thread(_ending.flush, SECONDS)
        return result

    setattr(shutdown, _ORIGINAL, original)
    module.Server.shutdown = shutdown


def _detach_uvicorn(module: Any) -> None:
    original = getattr(module.Server.shutdown, _ORIGINAL, None)
    if original is not None:
        module.Server.shutdown = original


def _attach_celery(module: Any) -> None:
    """A child of Celery's prefork pool can be killed before it comes to its os._exit(), when the worker has gone. It
    says before that it ends."""
    module.worker_process_shutdown.connect(_celery_child_ends, weak=False, dispatch_uid=_CELERY)


def _detach_celery(module: Any) -> None:
    module.worker_process_shutdown.disconnect(_celery_child_ends, dispatch_uid=_CELERY)


def _celery_child_ends(**_: object) -> None:
    _end()


_ORIGINAL, _CELERY = "__llmotel_original__", "llmotel"
# Programs with ends of their own: the module that is hooked when it is imported, and how.
_PROGRAMS: tuple[tuple[str, Callable[[Any], None], Callable[[Any], None]], ...] = (
    ("uvicorn.server", _attach_uvicorn, _detach_uvicorn),
    ("celery.signals", _attach_celery, _detach_celery),
)

__all__ = ["SECONDS", "Ending", "arm", "at_exit", "disarm", "reset_after_fork"]
