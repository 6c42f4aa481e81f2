"""Threads of llmotel's own take no signals.

A signal that is sent to a process goes to any of its threads that has not blocked it. Where that is one of ours, the
main thread is not interrupted by it, and an application that blocks a signal, for a moment in which it must not be
ended, is ended all the same (billiard does so while it holds the lock of a queue; its other processes then wait for
ever). A thread begins with what the one that starts it has blocked.
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable
from typing import Any

# Those of errors in the thread itself stay, and what profilers send to the thread that works.
_OWN = ("SIGABRT", "SIGBUS", "SIGFPE", "SIGILL", "SIGPROF", "SIGSEGV", "SIGSYS", "SIGTRAP")
_before: dict[int, Any] = {}  # what a thread that forks had blocked before


class SignalsBlocked:
    """``with SignalsBlocked():`` threads that are started within it take no signals. Does nothing on Windows."""

    def __enter__(self) -> None:
        self._mask = block()

    def __exit__(self, *_: object) -> None:
        unblock(self._mask)


def start(target: Callable[..., Any], name: str, *arguments: Any) -> threading.Thread:
    """A daemon thread that takes no signals, started. Raises ``RuntimeError`` where none can be."""
    thread = threading.Thread(target=target, args=arguments, name=name, daemon=True)
    with SignalsBlocked():
        thread.start()
    return thread


def block() -> Any:
    """Blocks signals in this thread. Returns what :func:`unblock` takes."""
    if not hasattr(signal, "pthread_sigmask"):
        return None
    own = {getattr(signal, name, None) for name in _OWN}
    return signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals() - own)


def unblock(mask: Any) -> None:
    """Gives a thread its signals back; those that came meanwhile arrive."""
    if mask is not None:
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)


def before_fork() -> None:
    """OpenTelemetry's SDK starts threads in a forked child, before anybody else is asked."""
    _before[threading.get_ident()] = block()


def after_fork() -> None:
    """In the parent and in the child."""
    unblock(_before.pop(threading.get_ident(), None))


__all__ = ["SignalsBlocked", "after_fork", "before_fork", "block", "start", "unblock"]
