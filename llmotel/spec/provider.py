"""The vocabulary of a provider author: a provider is data plus pure readers, and this module is what the data says.

A module in ``llmotel_instrumentors`` builds one :class:`Provider`. It opens no span, touches no context, catches
nothing, reads no environment variable and has no async code: the engine does all of that, once for everyone.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

from llmotel.model.inference import Inference, Reader
from llmotel.structs import FrozenStruct, Struct


class Request(Struct):
    """One call as a seam sees it, before the library sends anything.

    ``body`` may be the caller's own object and is only ever read. ``origin`` is the base URL object of the client.
    ``parser`` is the function that makes the caller's object of an answer; anything that cannot be called is none.
    """

    method: str
    path: str
    body: Any
    stream: bool
    origin: Any
    parser: Any

    def __init__(self, method: str, path: str, body: Any, stream: bool, origin: Any, parser: Any = None) -> None:
        # Once a call, and cheaper than for any fields.
        self.method, self.path, self.body, self.stream, self.origin = method, path, body, stream, origin
        self.parser = parser


Locate: TypeAlias = Callable[[Any, tuple[Any, ...], Mapping[str, Any]], Request | None]
"""``(instance, args, kwargs) -> Request``, or ``None`` for a call that is none of our business."""


def ignore(inference: Inference, value: Any) -> None:
    """The reader for what holds nothing to read."""


class Endpoint(FrozenStruct):
    """One API operation: how its request, response and stream are read. The readers never raise and never mutate.

    ``accumulate_chunk`` runs for every chunk, but only when content is captured or the request may have citations;
    ``finalize_stream`` then turns what it gathered in ``inference.accumulator`` into ``output`` and ``answer``.
    """

    operation: str
    read_request: Reader = ignore
    read_response: Reader = ignore
    read_chunk: Reader = ignore
    read_input: Reader = ignore  # content: system, input, tools
    read_output: Reader = ignore  # content of a response: output
    accumulate_chunk: Reader = ignore  # content and citations of a chunk: draft
    finalize_stream: Callable[[Inference], None] | None = None
    read_answer: Reader = ignore  # text, citations and sources of a response: answer
    usage_injection: UsageInjection | None = None


Arguments: TypeAlias = tuple[tuple[Any, ...], dict[str, Any]]
Reparse: TypeAlias = Callable[[tuple[Any, ...], Mapping[str, Any], Callable[[Any], Any]], Arguments]
"""``(args, kwargs, parser) -> arguments`` with ``parser`` in the place of :attr:`Request.parser`, on a copy."""


class UsageInjection(FrozenStruct):
    """How a stream can be asked for usage, for ``stream_usage="inject"``.

    ``ask`` returns the arguments with the request changed on a copy, or ``None`` when the caller asked already;
    ``is_extra`` recognises the chunk that exists only because we asked.
    """

    ask: Callable[[tuple[Any, ...], Mapping[str, Any]], Arguments | None]
    is_extra: Callable[[Any], bool]


class Seam(FrozenStruct):
    """A method through which calls pass, for example ``SyncAPIClient.request`` of ``openai._base_client``.

    A seam that an installed version lacks is reported and skipped; the rest still works. ``reparse`` is for a library
    that makes the caller's objects of answers within the seam: where that fails, the answer was billed all the same,
    and is read.
    """

    module: str
    attribute: str
    locate: Locate
    is_async: bool = False
    reparse: Reparse | None = None


class Closer(FrozenStruct):
    """A method that ends a stream past the stream's own ``close``: the stream hangs on ``stream`` of its instance."""

    module: str
    attribute: str
    stream: str
    is_async: bool = False


class Retry(FrozenStruct):
    """A method that the library runs exactly once for each retry of a call, on the call's own thread or task: it is
    counted, and nothing else. A version that lacks it is reported like one that lacks a seam."""

    module: str
    attribute: str


class InstanceCheck(FrozenStruct):
    """A metaclass's ``__instancecheck__`` that tells an instance by its exact type only, which a proxy cannot have: it
    is asked about what the proxy stands for. A version without it needs none."""

    module: str
    attribute: str


class NativeTelemetry(FrozenStruct):
    """A library's own spans, which would double ours: switched off by ``variable`` for clients made from now on, and by
    ``tracer`` (a property that yields the client's tracer, or ``None``) for clients that exist already."""

    variable: str
    off: str
    module: str
    tracer: str
    scope: str


class Provider(FrozenStruct):
    """One instrumented library.

    ``versions`` is ``(lowest supported, first unsupported)``; ``None`` for no upper bound. ``identify`` names the
    provider behind a client instance, or gives ``None`` to go by host; ``assume_own_vendor`` says that an unknown
    host is then the library's own vendor, behind a gateway.
    """

    name: str
    library: str
    versions: tuple[str, str | None]
    seams: tuple[Seam, ...]
    match: Callable[[Request], Endpoint | None]
    identify: Callable[[Any], str | None]
    closers: tuple[Closer, ...] = ()
    retries: tuple[Retry, ...] = ()
    native: NativeTelemetry | None = None
    instance_checks: tuple[InstanceCheck, ...] = ()
    assume_own_vendor: bool = False
