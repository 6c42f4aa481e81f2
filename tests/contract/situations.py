"""What can happen to a call, on either side of the wire, and what its span has to say then."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from contract import calling
from contract.calling import Seen
from contract.providers import HELPER, PLAIN, RAW, STREAM, STREAMING, WHOLE, Case, cases, is_known
from extent import EVERYTHING, OLDEST
from llmotel.testing import Reply, Request
from llmotel.testing.routes import Routes

Script = Reply | Callable[[Request], Reply]


def events_of(body: Any, request: Request) -> list[Any]:
    """The events in which the server streams ``body``."""
    route, _ = Routes().find(request.method, request.path, request.headers)
    if route.headed is not None:
        return route.headed(body, {})
    assert route.events is not None
    return route.events(body, request)


class Held:
    """An answer that the server holds back until the test is over."""

    def __init__(self) -> None:
        self.reached, self._released = threading.Event(), threading.Event()

    def nothing(self, _: Request) -> Reply:
        """The script of an answer of which nothing comes."""
        self.reached.set()
        self._released.wait()
        return Reply(fault="reset")

    def stream(self, body: Any, count: int = 2) -> Script:
        """The script of a stream of ``body`` of which only the first ``count`` events come."""

        def script(request: Request) -> Reply:
            return Reply(events=self._after(events_of(body, request)[:count]))

        return script

    def release(self) -> None:
        """Ends the waiting."""
        self._released.set()

    def _after(self, events: list[Any]) -> Iterator[Any]:
        yield from events
        self.reached.set()
        self._released.wait()


@dataclass(frozen=True, slots=True)
class Situation:
    """``fault`` and ``status`` are the server's doing, ``ending`` the caller's; ``outcome`` is what became of it."""

    name: str
    ending: str = calling.READ
    fault: Any = None
    status: int = 200
    held: bool = False
    timeout: float = 30.0
    outcome: str | None = None
    stream_outcome: str = "completed"
    forms: tuple[str, ...] = (WHOLE, STREAM, HELPER)
    variants: tuple[str, ...] = (PLAIN, RAW, STREAMING)
    only_async: bool = False

    def applies(self, case: Case) -> bool:
        """Whether this can happen to ``case``."""
        return (
            case.shape.form in self.forms
            and case.variant in self.variants
            and (case.is_async or not self.only_async)
            and not (case.shape.binary and self.fault in ("malformed", "empty"))  # any bytes are a good answer
            and not (case.shape.binary and self.ending == calling.READ_LINES)
            and not (self.fault == "empty" and case.shape.form == WHOLE and case.provider.takes_nothing)
            and not (
                case.provider.generators
                and self.ending in (calling.READ_WITH, calling.BROKEN_OFF, calling.RAISED, calling.UNREAD)
            )
        )

    def script(self, case: Case, held: Held) -> Script:
        """What the server does."""
        if self.status != 200:
            return case.provider.refuse(self.status)
        if self.held and case.shape.form == WHOLE:
            return held.nothing
        if self.held:
            return held.stream(case.shape.body)
        if self.fault == "malformed_sse":
            broken = case.provider.broken_event
            return lambda request: Reply(events=[*events_of(case.shape.body, request)[:2], broken])
        return Reply(case.shape.body, fault=self.fault)

    def failure(self, case: Case, seen: Seen) -> str | None:
        """The outcome on the span; ``None`` for a call that did not fail as far as its library is concerned."""
        if self.fault in ("malformed", "empty") and (case.shape.form != WHOLE or case.variant == RAW):
            # No event at all in a stream, but for Google's client; a raw response is parsed by the caller, after the call.
            return self.outcome if case.provider.generators and seen.error is not None else None
        if self.is_broken_answer(case):
            return None  # as far as the seam is concerned
        if self.fault == "error_event" and seen.error is None:
            return None  # the Responses API hands it over as an event like any other
        return self.outcome

    def is_broken_answer(self, case: Case) -> bool:
        """Whether the provider sent what is no answer, and the library makes sense of answers above the seam."""
        return self.fault in ("malformed", "empty") and case.shape.form == WHOLE and case.provider.parses_above

    def ended(self, case: Case, seen: Seen) -> str | None:
        """The outcome of the stream on the span; ``None`` where there was none."""
        if case.shape.form == WHOLE:
            return None
        if self.status != 200 or self.fault in ("reset", "hang"):
            return (
                "error" if case.provider.generators and not case.is_async else None
            )  # when it was first read, or before
        if self.fault == "error_event" and seen.error is None:
            return "completed"
        if self.fault == "unknown_events" and seen.error is not None:
            return "closed"  # OpenAI's helper for the Responses API, above the stream, gives up
        if self.fault == "malformed" and seen.error is not None:
            return "error"
        in_with = case.shape.form == HELPER or case.variant == STREAMING
        return "closed" if self.stream_outcome == "abandoned" and in_with else self.stream_outcome

    def complete(self, seen: Seen) -> bool:
        """Whether the caller got all that the provider had to say."""
        return (
            self.status == 200
            and self.outcome is None
            and seen.error is None
            and self.fault not in ("malformed", "empty")
            and self.stream_outcome == "completed"
            and self.ending != calling.UNREAD
        )


_STREAMS = (STREAM, HELPER)
_IN_HAND = (PLAIN, RAW)  # where the caller holds the stream itself

OK = Situation("ok")
BAD_REQUEST = Situation("400", status=400, outcome="validation")
SITUATIONS = (
    OK,
    Situation("ok in a with", calling.READ_WITH, forms=(STREAM,)),
    Situation("ok by next", calling.READ_NEXT, forms=_STREAMS),
    Situation("ok by lines", calling.READ_LINES, forms=(WHOLE, STREAM), variants=(STREAMING,)),
    BAD_REQUEST,
    Situation("401", status=401, outcome="authentication"),
    Situation("429", status=429, outcome="rate_limit"),
    Situation("500", status=500, outcome="server"),
    Situation("connection", fault="reset", outcome="network"),
    Situation("timeout", fault="hang", timeout=0.05, outcome="timeout"),
    Situation("stalled", held=True, timeout=0.4, outcome="timeout", stream_outcome="error", forms=_STREAMS),
    Situation(
        "cancelled", calling.CANCELLED, held=True, outcome="cancelled", stream_outcome="cancelled", only_async=True
    ),
    Situation("cut", fault="cut", outcome="network", stream_outcome="error"),
    Situation("malformed", fault="malformed", outcome="server"),
    Situation("malformed event", fault="malformed_sse", outcome="server", stream_outcome="error", forms=_STREAMS),
    Situation("error event", fault="error_event", outcome="server", stream_outcome="error", forms=_STREAMS),
    Situation("unknown events", fault="unknown_events", forms=_STREAMS),
    Situation("empty", fault="empty", outcome="server"),
    Situation("closed", calling.CLOSED, stream_outcome="closed", forms=_STREAMS),
    Situation("broken off", calling.BROKEN_OFF, stream_outcome="closed", forms=_STREAMS),
    Situation("raised", calling.RAISED, stream_outcome="closed", forms=_STREAMS),
    Situation("dropped", calling.DROPPED, stream_outcome="abandoned", forms=(STREAM,), variants=_IN_HAND),
    Situation("unread", calling.UNREAD, stream_outcome="abandoned", forms=_STREAMS),
)

# What a library that has nothing of its own but its names is put through, beside success and a refusal.
_FEW = {"connection", "cut", "error event", "closed", "dropped", "cancelled"}


def crossings() -> list[tuple[Case, Situation]]:
    """The shapes in the situations that they can be in.

    - A ``thorough`` shape is in all of them, in every variant, synchronous and asynchronous. On the oldest versions it
      is taken for one of the next kind.
    - So are, plain and synchronous or asynchronous in turn, the others of the first library with their seam and their
      dialect; success and a refusal in every variant of both.
    - What another library has too is in a few situations, in turn; success in every variant.

    Under `make test-all` every shape of every library is thorough.
    """
    return [
        (case, situation)
        for case in cases()
        for number, situation in enumerate(SITUATIONS)
        if situation.applies(case) and _crossed(case, situation, number)
    ]


def _crossed(case: Case, situation: Situation, number: int) -> bool:
    thorough = case.shape.name in case.provider.thorough
    in_turn = case.variant == PLAIN and (situation.only_async or case.is_async == bool(number % 2))
    if EVERYTHING or (thorough and not OLDEST) or situation is OK:
        return True
    if is_known(case.provider, case.shape) or (OLDEST and not thorough):
        return in_turn and (situation is BAD_REQUEST or situation.name in _FEW)
    return in_turn or situation is BAD_REQUEST


def by_id(crossing: object) -> str | None:
    """The name of a case or situation in a test's name."""
    return crossing.id if isinstance(crossing, Case) else getattr(crossing, "name", None)
