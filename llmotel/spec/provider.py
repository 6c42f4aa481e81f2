"""The words of a provider author: which functions of a library to wrap, and how to read what passes there.

A module in ``llmotel_instrumentors`` builds one :class:`Provider`. It opens no span, touches no context, catches
nothing, reads no environment variable and has no async code: the engine does all of that, once for everyone.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

from llmotel.model.inference import Inference, Reader
from llmotel.model.structs import FrozenStruct, Struct


class Request(Struct):
    """One call as a seam sees it, before the library sends anything.

    ``method`` and ``path`` are what ``Provider.match`` looks at: an HTTP method and path, or, for a library that has
    neither at its seam, ``""`` and the name of its operation. ``body`` may be the caller's own object and is only ever
    read. ``origin`` is the base URL of the client, as an object with ``host``, ``port`` and ``scheme`` or as text;
    ``None`` for a model in the process. ``parser`` is the function that makes the caller's object of an answer;
    anything that cannot be called is none. ``provider`` names the provider where the request says it and the client
    does not.
    """

    method: str
    path: str
    body: Any
    stream: bool
    origin: Any
    parser: Any
    provider: str | None

    def __init__(
        self,
        method: str,
        path: str,
        body: Any,
        stream: bool,
        origin: Any,
        parser: Any = None,
        provider: str | None = None,
    ) -> None:
        # Once a call, and cheaper than for any fields.
        self.method, self.path, self.body, self.stream, self.origin = method, path, body, stream, origin
        self.parser, self.provider = parser, provider


Locate: TypeAlias = Callable[[Any, tuple[Any, ...], Mapping[str, Any]], Request | None]
"""``(instance, args, kwargs) -> Request``, or ``None`` for a call that is none of our business. ``instance`` is
``None`` where the seam is a function of a module."""


def ignore(inference: Inference, value: Any) -> None:
    """The reader for what holds nothing to read."""


class Endpoint(FrozenStruct):
    """One API operation: how its request, response and stream are read. The readers never raise and never mutate.

    ``decode`` turns what the seam returned, or a chunk of it, into what the readers take (JSON text into a dict, say),
    once for all of them; ``None`` from it leaves that chunk out. Where the result is a mapping that holds a stream or
    a body that is yet to be read, ``stream_at`` or ``body_at`` is its key; what the caller finds there is a proxy.

    ``accumulate_chunk`` runs for every chunk, but only when content is captured or the request may have citations;
    ``finalize_stream`` then turns what it gathered in ``inference.accumulator`` into ``output`` and ``answer``.

    ``bulk`` names an array of the response's body that readers need no more than the first item of: where the caller
    asked for the raw response, the rest of a large one is not decoded.

    ``internal`` is for a model in the process: its span has the kind INTERNAL.
    """

    operation: str
    read_request: Reader = ignore
    read_response: Reader = ignore
    read_chunk: Reader = ignore
    read_input: Reader = ignore  # content: system, input, tools
    read_output: Reader = ignore  # content of a response: output
    accumulate_chunk: Reader = ignore  # content and citations of a chunk: accumulator
    finalize_stream: Callable[[Inference], None] | None = None
    read_answer: Reader = ignore  # text, citations and sources of a response: answer
    usage_injection: UsageInjection | None = None
    decode: Callable[[Any], Any] | None = None
    stream_at: str | None = None
    body_at: str | None = None
    bulk: str | None = None
    internal: bool = False


Arguments: TypeAlias = tuple[tuple[Any, ...], dict[str, Any]]
Reparse: TypeAlias = Callable[[tuple[Any, ...], Mapping[str, Any], Callable[[Any], Any]], Arguments]
"""``(args, kwargs, parser) -> arguments`` with ``parser`` in the place of :attr:`Request.parser`, on a copy."""


def never(*_: Any) -> bool:
    """The answer of those that know nothing of the kind."""
    return False


class UsageInjection(FrozenStruct):
    """How a stream can be asked for usage, for ``stream_usage="inject"`` and ``"auto"``.

    ``ask`` returns the arguments with the request changed on a copy, or ``None`` when the caller asked already;
    ``is_extra`` recognises the chunk that exists only because we asked. ``auto`` asks the ``providers`` that are known
    to take the question, and not where ``is_raw`` says of the arguments that the caller will see the bytes.
    ``is_refusal`` recognises the exception of a host that does not take the question.
    """

    ask: Callable[[tuple[Any, ...], Mapping[str, Any]], Arguments | None]
    is_extra: Callable[[Any], bool]
    providers: frozenset[str] = frozenset()
    is_raw: Callable[[tuple[Any, ...], Mapping[str, Any]], bool] = never
    is_refusal: Callable[[BaseException], bool] = never


class Seam(FrozenStruct):
    """A method or module function through which calls pass, for example ``SyncAPIClient.request`` of
    ``openai._base_client``, or ``completion`` of ``litellm``.

    ``is_async`` says that it is a coroutine function, and stays one. Everything else goes by what the call returned: a
    value, a coroutine, a stream of either kind; where a stream can be read both ways, as ``is_async`` says.

    ``lazy`` is for a function that sends nothing before its result is first read (a generator function): the call
    begins then. ``claims`` says that this library sends its calls through another instrumented one, whose seams then
    leave the call to this one. ``since`` and ``until`` bound the versions that have the seam (``until`` excluded); one
    that an installed version lacks all the same is reported and skipped, and the rest still works.

    ``reparse`` is for a library that makes the caller's objects of answers within the seam: where that fails, the
    answer was billed all the same, and is read.
    """

    module: str
    attribute: str
    locate: Locate
    is_async: bool = False
    reparse: Reparse | None = None
    lazy: bool = False
    claims: bool = False
    since: str | None = None
    until: str | None = None


class Closer(FrozenStruct):
    """A method that closes the underlying HTTP stream without calling the stream's own ``close``; ``stream`` names the
    attribute that holds the stream."""

    module: str
    attribute: str
    stream: str
    is_async: bool = False


class Outer(FrozenStruct):
    """A function or method that gives the caller a generator of the library's own, above the streams of the seams: its
    end is theirs. ``is_async`` says that it is a coroutine function."""

    module: str
    attribute: str
    is_async: bool = False


def every(result: Any) -> bool:  # noqa: ARG001
    """Every run counts."""
    return True


class Retry(FrozenStruct):
    """A method that the library runs for each retry of a call, on the call's own thread or task: it is counted, and
    nothing else. A version that lacks it is reported like one that lacks a seam.

    ``attempts`` says that it runs for the first attempt too. ``counts`` is asked with what a run returned, for a
    method that answers whether there is to be a retry. ``since`` is the first version that has it, where the library
    sent nothing again before.
    """

    module: str
    attribute: str
    attempts: bool = False
    counts: Callable[[Any], bool] = every
    is_async: bool = False
    since: str | None = None


class InstanceCheck(FrozenStruct):
    """A metaclass's ``__instancecheck__`` that accepts an instance by its exact type only, which a proxy cannot have:
    it is patched to unwrap llmotel's proxies first. A version without it needs none."""

    module: str
    attribute: str


class NativeTelemetry(FrozenStruct):
    """A library's own spans, which would double ours. How they are switched off, as many of these as there are:

    - ``tracer``: a property of ``module`` (``Class.name``) that yields a client's tracer, or ``None``.
    - ``variable`` set to ``off``: an environment variable that the library reads when a client is made. Only where
      there is no ``tracer``, since child processes inherit it.
    - ``replace``: functions or module globals of ``module``, each with what stands there while llmotel is active.

    ``scope`` is the name of the library's instrumentation scope.
    """

    scope: str
    module: str
    tracer: str | None = None
    variable: str | None = None
    off: str = "false"
    replace: Mapping[str, Any] = {}


class ErrorInfo(FrozenStruct):
    """What an exception says in the terms of HTTP: ``status`` 400 to 599, ``code`` the provider's own word for it."""

    status: int | None = None
    code: str | None = None


def no_info(error: BaseException) -> ErrorInfo | None:  # noqa: ARG001
    """The reader of errors for libraries whose exceptions say it all by the usual attributes."""
    return None


def by_host(client: Any) -> str | None:  # noqa: ARG001
    """Identifies no client: the provider is found by its host."""
    return None


class Provider(FrozenStruct):
    """One instrumented library.

    ``library`` is the name of its distribution, ``module`` what is imported where that has another name: one name, or
    several of which versions have one or another. ``versions`` is ``(lowest supported, first unsupported)``; ``None``
    for no upper bound. ``identify`` names the provider behind a client instance, or gives ``None`` to go by host;
    ``assume_own_vendor`` says that an unknown host is then the library's own vendor, behind a gateway.

    ``read_error`` reads exceptions that keep status and code in places of their own; ``outcomes`` maps codes of this
    provider to the outcomes of :mod:`llmotel.model.outcome`.
    """

    name: str
    library: str
    versions: tuple[str, str | None]
    seams: tuple[Seam, ...]
    match: Callable[[Request], Endpoint | None]
    identify: Callable[[Any], str | None] = by_host
    module: str | tuple[str, ...] = ()
    closers: tuple[Closer, ...] = ()
    outers: tuple[Outer, ...] = ()
    retries: tuple[Retry, ...] = ()
    native: tuple[NativeTelemetry, ...] = ()
    instance_checks: tuple[InstanceCheck, ...] = ()
    assume_own_vendor: bool = False
    read_error: Callable[[BaseException], ErrorInfo | None] = no_info
    outcomes: Mapping[str, str] = {}

    @property
    def modules(self) -> tuple[str, ...]:
        """The import names of the library."""
        if not self.module:
            return (self.library.replace("-", "_"),)
        return (self.module,) if isinstance(self.module, str) else self.module


__all__ = [
    "Arguments",
    "Closer",
    "Endpoint",
    "ErrorInfo",
    "InstanceCheck",
    "Locate",
    "NativeTelemetry",
    "Outer",
    "Provider",
    "Reparse",
    "Request",
    "Retry",
    "Seam",
    "UsageInjection",
    "by_host",
    "every",
    "ignore",
    "never",
    "no_info",
]
