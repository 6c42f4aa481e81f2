"""What a loopback provider server was asked, and what it is told to answer."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import KW_ONLY, dataclass, field
from itertools import islice
from typing import Any, Final, Literal, TypeAlias, get_args

from llmotel.errors import LlmotelError

Body: TypeAlias = dict[str, Any]
Event: TypeAlias = dict[str, Any] | str
"""One event of a stream. A dict is sent as JSON, with an ``event:`` line when it has a ``type``; a string is sent as
data as it is, and as a comment line when it starts with a colon."""

DONE: Final = "[DONE]"
"""The last event of OpenAI's chat and completion streams."""
BROKEN: Final = '{"id": "brok'
"""An event whose JSON ends in the middle; in AWS's framing a frame whose checksum is wrong."""

Fault: TypeAlias = Literal[
    "cut", "malformed", "malformed_sse", "reset", "hang", "error_event", "unknown_events", "empty"
]


@dataclass(frozen=True, slots=True)
class Request:
    """A request as it reached the server.

    ``json`` is the parsed body, or the fields of a form (of a file, its name), or ``None``. Names of
    ``headers`` are in lower case. ``params`` is what the endpoint reads from the path: ``id``, ``model``,
    ``deployment``. ``number`` counts the server's requests from 0.
    """

    number: int
    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: bytes = b""
    json: Any = None
    params: Mapping[str, str] = field(default_factory=dict)

    def get(self, key: str, default: Any = None) -> Any:
        """The value at ``key`` of a body that is a JSON object, or ``default``."""
        return self.json.get(key, default) if isinstance(self.json, dict) else default


@dataclass(frozen=True, slots=True)
class Reply:
    """What the server does with one request.

    ``body`` is a JSON value, ``str`` (sent as text/plain) or ``bytes``. A body that the endpoint can also stream is
    streamed when the request asks for it: the same answer either way. ``events`` gives the events of a stream one by
    one instead; a generator is read as it is sent, so a test can hold a stream open without a clock.

    ``delay`` is in seconds before the headers, ``chunk_delay`` before every event of a stream.

    Faults:

    - ``reset``: the connection is reset before an answer; ``hang``: there is no answer until the server stops
    - ``empty``: no body; ``malformed``: the first half of the body under a correct Content-Length, so not JSON
    - ``cut``: the connection closes in the middle of the body, or after ``fault_after`` events of a stream
    - after ``fault_after`` events, only in a stream: ``malformed_sse`` sends :data:`BROKEN` and goes on,
      ``error_event`` sends the provider's error event and ends
    - ``unknown_events``, only in a stream: an event of a type that no client knows before every event

    Raises :class:`LlmotelError` for an unknown fault, and when there is a body as well as events.
    """

    body: Any = None
    _: KW_ONLY
    events: Iterable[Event] | None = None
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    delay: float = 0.0
    chunk_delay: float = 0.0
    fault: Fault | None = None
    fault_after: int = 2

    def __post_init__(self) -> None:
        if self.fault is not None and self.fault not in get_args(Fault):
            raise LlmotelError(f"Reply(fault={self.fault!r}): not a fault; one of {', '.join(get_args(Fault))}")
        if self.body is not None and self.events is not None:
            raise LlmotelError("Reply has both body and events: give body alone, it is streamed when a request asks")


def with_fault(events: Iterable[Event], reply: Reply, *, error: Event, unknown: Event) -> Iterator[Event]:
    """``events`` with what ``reply.fault`` does to them. After ``cut`` the caller closes the connection."""
    if reply.fault == "unknown_events":
        for event in events:
            yield unknown
            yield event
    elif reply.fault in ("cut", "malformed_sse", "error_event"):
        rest = iter(events)
        yield from islice(rest, reply.fault_after)
        if reply.fault == "error_event":
            yield error
        elif reply.fault == "malformed_sse":
            yield BROKEN
            yield from rest
    else:
        yield from events
