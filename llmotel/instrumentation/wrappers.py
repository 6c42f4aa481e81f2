"""The two wrappers that stand between the caller and the library: the only places where the library's code runs.

Each runs it in a ``try`` that contains nothing else. What comes before can only decide to stay out of the way; what
comes after can only look.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from time import perf_counter
from typing import TYPE_CHECKING, Any

from opentelemetry import context
from opentelemetry.trace import get_current_span

from llmotel.engine.call import Call, latest
from llmotel.instrumentation import raw_response, stream_proxy
from llmotel.model.inference import Inference
from llmotel.signals import tagging
from llmotel.spec import Closer, Seam, UsageInjection

if TYPE_CHECKING:
    from llmotel.instrumentation.instrumentor import Instrumentor

# A call that OpenTelemetry's own GenAI packages have under way: they record it.
_CLAIMS = (
    "opentelemetry.genai.client.inference.context",
    "opentelemetry.genai.client.embedding.context",
    "opentelemetry.genai.client.fetch_response.context",
)
# Whoever sets one of these wants no telemetry from us: OpenTelemetry's own key (private, hence getattr), the plain
# spelling that instrumentations use, the one of the GenAI instrumentations, and a claim.
_SUPPRESSION_KEYS = (
    getattr(context, "_SUPPRESS_INSTRUMENTATION_KEY", "suppress_instrumentation"),
    "suppress_instrumentation",
    "suppress_language_model_instrumentation",
    *_CLAIMS,
)


def wrapper(instrumentor: Instrumentor, seam: Seam) -> Callable[..., Any]:
    """The function that wrapt puts around the method of ``seam``."""

    def sync(wrapped: Callable[..., Any], instance: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        call, injection, args, kwargs = _begin(instrumentor, seam, instance, args, kwargs)
        try:
            result = wrapped(*args, **kwargs)
        except BaseException as error:
            if call is not None:
                _failed(call, error)
            raise
        return result if call is None else _handle_result(call, result, injection)

    async def asynchronous(
        wrapped: Callable[..., Awaitable[Any]], instance: Any, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> Any:
        call, injection, args, kwargs = _begin(instrumentor, seam, instance, args, kwargs)
        try:
            result = await wrapped(*args, **kwargs)
        except BaseException as error:
            if call is not None:
                _failed(call, error)
            raise
        return result if call is None else _handle_result(call, result, injection)

    return asynchronous if seam.is_async else sync


def close_wrapper(closer: Closer) -> Callable[..., Any]:
    """The function that goes around a method which closes a stream past the stream itself."""

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


def retry_wrapper(instrumentor: Instrumentor) -> Callable[..., Any]:
    """The function that goes around a method which runs once for each retry of a call."""

    def counted(wrapped: Callable[..., Any], _: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        call = latest.get()
        # The call begun last may be over, and this a retry of something that is not recorded.
        if call is not None and instrumentor.active and call.span is get_current_span():
            call.retries += 1
        return wrapped(*args, **kwargs)

    return counted


_Begun = tuple[Call | None, UsageInjection | None, tuple[Any, ...], dict[str, Any]]


def _begin(
    instrumentor: Instrumentor, seam: Seam, instance: Any, args: tuple[Any, ...], kwargs: dict[str, Any]
) -> _Begun:
    """The call to record, or ``None`` to stay out of the way, with the arguments to use."""
    engine = instrumentor.engine
    if engine is None or not engine.enabled or not instrumentor.active:
        return None, None, args, kwargs
    call = None
    try:
        clock = perf_counter()
        request = seam.locate(instance, args, kwargs)
        if request is None:
            return None, None, args, kwargs
        endpoint = instrumentor.provider.match(request)
        if endpoint is None:
            return None, None, args, kwargs
        here = context.get_current()
        if here and any(here.get(key) for key in _SUPPRESSION_KEYS):
            if any(here.get(key) for key in _CLAIMS):
                instrumentor.defer_to_otel()
            return None, None, args, kwargs
        provider, address, port = instrumentor.origin(instance, request.origin)
        inference = Inference(endpoint.operation, provider, None, address, port, request.stream)
        try:
            endpoint.read_request(inference, request.body)
            if engine.reads_input:
                endpoint.read_input(inference, request.body)
        except Exception as error:
            instrumentor.guard.report_error(f"{provider}.read_request", error)
        call = Call(engine, instrumentor.guard, endpoint, inference, here, tagging.current_tags(here), clock)
        if request.stream and engine.config.stream_usage == "inject" and endpoint.usage_injection is not None:
            asked = endpoint.usage_injection.ask(args, kwargs)
            if asked is not None:
                inference.usage_source = "injected"
                return call, endpoint.usage_injection, *asked
        if callable(request.parser) and seam.reparse is not None:
            return call, None, *seam.reparse(args, kwargs, call.around(request.parser))
    except Exception as error:
        instrumentor.guard.report_error("begin", error)
    return call, None, args, kwargs


def _failed(call: Call, error: BaseException) -> None:
    try:
        call.detach()
        call.fail(error)
    except Exception as problem:
        call.guard.report_error("failed", problem)


def _handle_result(call: Call, result: Any, injection: UsageInjection | None) -> Any:
    """What the caller gets: ``result`` itself, or, for what is yet to be read, a proxy of it."""
    try:
        call.detach()
        if "http_response" in getattr(result, "__dict__", ()):
            return raw_response.wrap_raw_response(call, result, injection)
        if call.inference.stream and stream_proxy.is_stream(result):
            return stream_proxy.watched(call, result, injection)
        call.read(result)
        call.finish()
    except Exception as error:
        call.finish()
        call.guard.report_error("settled", error)
    return result


__all__ = ["close_wrapper", "retry_wrapper", "wrapper"]
