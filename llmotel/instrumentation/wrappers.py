"""The two wrappers that stand between the caller and the library: the only places where the library's code runs.

Each runs it in a ``try`` that contains nothing else. What comes before can only decide to stay out of the way; what
comes after can only look.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial
from inspect import iscoroutine
from time import perf_counter
from typing import Any

from opentelemetry.context import get_current
from opentelemetry.trace import get_current_span

from llmotel.engine.call import Call, latest
from llmotel.engine.suppression import OWNED, is_claimed_by_otel, suppresses_calls
from llmotel.instrumentation import raw_response, result_parts, stream_proxy
from llmotel.instrumentation.lazy_stream import FirstRead, LazyStart
from llmotel.instrumentation.library import Library
from llmotel.model.inference import Inference
from llmotel.signals import tagging
from llmotel.spec import Closer, Request, Retry, Seam, UsageInjection


def call_wrapper(library: Library, seam: Seam) -> Callable[..., Any]:
    """The function that wrapt puts around the function of ``seam``."""

    def sync(wrapped: Callable[..., Any], instance: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        started = _start(library, seam, instance, args, kwargs)
        if started is None:
            return wrapped(*args, **kwargs)
        while True:
            try:
                result = wrapped(*started.args, **started.kwargs)
            except BaseException as error:
                if started.retries_without_question(error):
                    continue
                started.failed(error)
                raise
            return started.handle(result)

    async def asynchronous(
        wrapped: Callable[..., Awaitable[Any]], instance: Any, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> Any:
        started = _start(library, seam, instance, args, kwargs)
        if started is None:
            return await wrapped(*args, **kwargs)
        while True:
            try:
                result = await wrapped(*started.args, **started.kwargs)
            except BaseException as error:
                if started.retries_without_question(error):
                    continue
                started.failed(error)
                raise
            return started.handle(result)

    return asynchronous if seam.is_async else sync


def close_wrapper(closer: Closer) -> Callable[..., Any]:
    """The function that goes around a method which closes a stream without the stream's own ``close``."""

    def sync(wrapped: Callable[..., Any], instance: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        try:
            return wrapped(*args, **kwargs)
        finally:
            stream_proxy.closed_externally(getattr(instance, closer.stream, None))

    async def asynchronous(
        wrapped: Callable[..., Awaitable[Any]], instance: Any, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> Any:
        try:
            return await wrapped(*args, **kwargs)
        finally:
            stream_proxy.closed_externally(getattr(instance, closer.stream, None))

    return asynchronous if closer.is_async else sync


def retry_wrapper(library: Library, retry: Retry) -> Callable[..., Any]:
    """The function that goes around a method which runs once for each retry, or each attempt, of a call."""

    def count(result: Any) -> None:
        call = latest.get()
        # The call begun last may be over, and this a retry of something that is not recorded.
        if call is None or call.finished or not library.active:
            return
        here = get_current()
        if call.span is not get_current_span(here) and here.get(OWNED) is not call:
            return
        try:
            if retry.counts(result):
                call.attempts += 1
                call.retries = call.attempts - (1 if retry.attempts else 0)
        except Exception as error:
            call.report("retries", error)

    def sync(wrapped: Callable[..., Any], _: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        if retry.attempts:
            count(None)
            return wrapped(*args, **kwargs)
        result = wrapped(*args, **kwargs)
        count(result)
        return result

    async def asynchronous(wrapped: Callable[..., Any], _: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        if retry.attempts:
            count(None)
            return await wrapped(*args, **kwargs)
        result = await wrapped(*args, **kwargs)
        count(result)
        return result

    return asynchronous if retry.is_async else sync


class Started:
    """A call that the library is about to make, with the arguments to make it with."""

    __slots__ = ("args", "call", "injection", "kwargs", "later", "plain", "seam")

    def __init__(self, call: Call, seam: Seam, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        self.call, self.seam, self.args, self.kwargs = call, seam, args, kwargs
        self.injection: UsageInjection | None = None
        self.later: LazyStart | None = None  # the call begins when its stream is first read
        self.plain: tuple[tuple[Any, ...], dict[str, Any]] | None = None  # the arguments as they were

    def ask_for_usage(self, injection: UsageInjection, asked: tuple[tuple[Any, ...], dict[str, Any]]) -> None:
        """Sends the request with a question for the stream's usage."""
        self.injection, self.plain = injection, (self.args, self.kwargs)
        self.args, self.kwargs = asked
        self.call.inference.usage_source = "injected"

    def retries_without_question(self, error: BaseException) -> bool:
        """Whether the host refused the question for usage, so that the request goes out again as the caller made it."""
        plain, injection, call = self.plain, self.injection, self.call
        if plain is None or injection is None:
            return False
        try:
            if not injection.is_refusal(error):
                return False
            self.args, self.kwargs = plain
            self.plain = self.injection = None
            call.inference.usage_source = "missing"
            call.engine.refuse_usage(call.inference.server_address or call.inference.provider)
        except Exception as problem:
            call.report("usage", problem)
            return False
        return True

    def failed(self, error: BaseException) -> None:
        """The library raised ``error``."""
        call = self.call
        try:
            call.detach()
            if not call.begun:  # the library refused the arguments: nothing was sent
                return
            if isinstance(error, GeneratorExit):
                # A coroutine that was dropped: the garbage collector may run this inside any lock of the SDK.
                call.engine.backlog.put_from_finalizer(partial(call.fail, error))
            else:
                call.fail(error)
        except Exception as problem:
            call.report("failed", problem)

    def handle(self, result: Any) -> Any:
        """What the caller gets: ``result`` itself, or, for what is yet to be read, a proxy of it."""
        call = self.call
        ended = perf_counter()
        try:
            call.detach()
            endpoint = call.endpoint
            if self.later is not None:
                return self.later.watched(result, is_async=self.seam.is_async)
            if "http_response" in getattr(result, "__dict__", ()):
                return raw_response.watched(call, result, self.injection, ended)
            if call.inference.stream:
                if endpoint.stream_at is not None:
                    return result_parts.with_stream(call, result, endpoint.stream_at)
                if stream_proxy.is_stream(result):
                    seam = self.seam
                    source = FirstRead(call, result) if seam.claims else None
                    return stream_proxy.watched(call, result, self.injection, is_async=seam.is_async, source=source)
            elif endpoint.body_at is not None:
                return result_parts.with_body(call, result, endpoint.body_at)
            if iscoroutine(result):
                return self._awaited(result)
            call.read(result)
            call.finish(ended)
        except Exception as error:
            call.report("handle_result", error)
            call.finish(ended)
        return result

    async def _awaited(self, pending: Any) -> Any:
        """The coroutine that a plain function returned: the call lasts until it ends."""
        self.call.attach()
        try:
            result = await pending
        except BaseException as error:
            self.failed(error)
            raise
        return self.handle(result)


def _start(
    library: Library, seam: Seam, instance: Any, args: tuple[Any, ...], kwargs: dict[str, Any]
) -> Started | None:
    """The call to record, begun, or ``None`` to stay out of the way."""
    engine, scope = library.engine, library.scope
    if engine is None or scope is None or not engine.enabled or not library.active:
        return None
    call = endpoint = None
    try:
        since = perf_counter()
        request = seam.locate(instance, args, kwargs)
        if request is None:
            return None
        endpoint = library.provider.match(request)
        if endpoint is None:
            return None
        here = get_current()
        if here and suppresses_calls(here):
            if is_claimed_by_otel(here):
                library.defer_to_otel()
            return None
        if scope.health.watched and not scope.health.admits(endpoint):
            return None
        provider, address, port = library.origin(instance, request)
        inference = Inference(endpoint.operation, provider, None, address, port, request.stream)
        call = Call(scope, library.guard, endpoint, inference, tagging.current_tags(here))
        try:
            endpoint.read_request(inference, request.body)
        except Exception as error:
            call.report(f"{provider}.read_request", error)
        started = Started(call, seam, args, kwargs)
        if seam.lazy and request.stream:
            started.later = LazyStart(call, request.body, here, claims=seam.claims)
            return started
        call.begin(here, request.body, since, claims=seam.claims)
        _change_arguments(started, request)
        return started
    except Exception as error:
        if endpoint is not None:
            scope.health.failed(endpoint)
        library.guard.report_error("begin", error)
        # A call that has begun has to end, whatever failed since.
        return Started(call, seam, args, kwargs) if call is not None and call.begun else None


def _change_arguments(started: Started, request: Request) -> None:
    """Where the arguments are not sent as they are: a stream that is asked for its usage, and a parser that is watched.
    Both on copies."""
    call, seam = started.call, started.seam
    injection = call.endpoint.usage_injection
    if request.stream and injection is not None and call.engine.asks_for_usage(injection, call.inference):
        asked = injection.ask(started.args, started.kwargs)
        shown = injection.is_raw(started.args, started.kwargs)  # the caller would see the extra chunk
        if asked is not None and not (shown and call.engine.config.stream_usage == "auto"):
            started.ask_for_usage(injection, asked)
    elif seam.reparse is not None and callable(request.parser):
        started.args, started.kwargs = seam.reparse(started.args, started.kwargs, call.around(request.parser))


__all__ = ["Started", "call_wrapper", "close_wrapper", "retry_wrapper"]
