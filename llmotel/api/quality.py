"""Scores that the application gives a call by hand: a user's thumb, a judge's verdict, a check of its own."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any

from opentelemetry.trace import get_current_span

from llmotel import runtime, semconv
from llmotel.engine.call import Call, latest
from llmotel.engine.engine import blocks
from llmotel.guard import log_once
from llmotel.model.inference import Grounding
from llmotel.signals.metrics import dimensions

if TYPE_CHECKING:
    from llmotel.engine.engine import Engine


class CallBlock:
    """The calls of a ``with llmotel.call()`` block."""

    def __init__(self) -> None:
        self._calls: list[Call] = []

    def record_quality(
        self,
        *,
        grounding: float | None = None,
        relevance: float | None = None,
        user_satisfaction: float | None = None,
        hallucination: float | bool | None = None,
    ) -> bool:
        """Scores the last call of the block, as :func:`record_quality` does."""
        return _score(
            self._calls[-1] if self._calls else None,
            {
                "grounding": grounding,
                "relevance": relevance,
                "user_satisfaction": user_satisfaction,
                "hallucination": hallucination,
            },
        )


@contextmanager
def call() -> Iterator[CallBlock]:
    """Marks a block whose last call is the one to be scored, in whatever task or thread of the block it is made.

    >>> with llmotel.call() as call:
    ...     answer = await asyncio.wait_for(client.responses.create(...), 30)
    ...     call.record_quality(relevance=0.9)
    """
    block = CallBlock()
    token = blocks.set(block._calls)
    try:
        yield block
    finally:
        try:
            blocks.reset(token)
        except ValueError:  # a generator that was dropped is closed in another context, where the block is not
            pass


def record_quality(
    *,
    grounding: float | None = None,
    relevance: float | None = None,
    user_satisfaction: float | None = None,
    hallucination: float | bool | None = None,
    response: object = None,
    response_id: str | None = None,
) -> bool:
    """Scores a call, also after its answer has been returned.

    Which: the one that answered ``response`` (the SDK's object, or the dict) or ``response_id``, among the last 256;
    else the last one of the ``llmotel.call()`` block under way; else the one begun last by the code that asks: under
    the span that is current now, or, where there is none, in this task or in the main thread. Another thread may have
    served another request before, and without a span nothing tells the two apart: there it is none.

    Each score is 0 to 1 (``hallucination``: 1 or ``True`` where the answer makes things up). An evaluation event
    goes into the call's trace, a point into ``llmotel.grounding.score`` or ``llmotel.quality.<name>``, and, while the
    call is still open (a stream being read), an attribute of the same name onto its span; a grounding score stands
    then, in place of the one from citations, when the stream ends. Returns whether there was a call to score; never
    raises: a score out of range is left out, with one log line, and counted in ``llmotel.records.rejected``.

    >>> answer = client.chat.completions.create(...)
    >>> llmotel.record_quality(relevance=0.9, user_satisfaction=1, response=answer)
    """
    scores = {
        "grounding": grounding,
        "relevance": relevance,
        "user_satisfaction": user_satisfaction,
        "hallucination": hallucination,
    }
    return _score(_call_of(response, response_id), scores)


def _call_of(response: object, response_id: str | None) -> Call | None:
    if response is not None or response_id is not None:
        identifier = response_id if response_id is not None else _id_of(response)
        for engine in runtime.engines():
            found: Call | None = engine.recent.get(identifier)
            if found is not None:
                return found
        return None
    block = blocks.get()
    if block is not None:
        return block[-1] if block else None
    call = latest.get()
    return call if call is not None and _is_ours(call) else None


def _id_of(response: object) -> Any:
    if isinstance(response, Mapping):
        return response.get("id")
    try:
        return getattr(response, "id", None) or getattr(response, "response_id", None)
    except Exception:  # a property of somebody else's class
        return None


def _is_ours(call: Call) -> bool:
    """Whether the code that runs now is that which made ``call``."""
    made_in = get_current_span(call.parent_context).get_span_context()
    current = get_current_span().get_span_context()
    if call.span.get_span_context().span_id == current.span_id != 0:  # inside the call itself
        return True
    if made_in.is_valid or current.is_valid:
        return made_in == current
    try:
        task = asyncio.current_task()
    except RuntimeError:  # no loop in this thread
        task = None
    return task is not None or threading.current_thread() is threading.main_thread()


def _score(call: Call | None, scores: Mapping[str, float | bool | None]) -> bool:
    if call is None:
        log_once(
            "record_quality: there is no call to score here. Pass response= or response_id=, or score within "
            "`with llmotel.call() as call`: call.record_quality(...)"
        )
        return False
    try:
        for name, score in scores.items():
            if score is None:
                continue
            if not isinstance(score, (int, float)) or not 0 <= score <= 1:
                call.engine.reject(f"record_quality: {name} is not a number from 0 to 1 and is left out")
                continue
            _record(call, name, float(score))
    except Exception as error:
        call.guard.report_error("record_quality", error)
    return True


def _record(call: Call, name: str, score: float) -> None:
    engine, inference = call.engine, call.inference
    if not call.finished:
        if name == "grounding":  # in place of the score worked out at the call's end, which records it
            inference.grounding = Grounding(score, "user")
            return
        call.span.set_attribute(semconv.QUALITY_PREFIX + name, score)
    engine.backlog.put(partial(_emit, engine, call, name, score))


def _emit(engine: Engine, call: Call, name: str, score: float) -> None:
    """On the backlog's thread, after the call's own record."""
    inference, scope = call.inference, call.scope
    extra = {semconv.GROUNDING_METHOD: "user"} if name == "grounding" else {}
    described = {**dimensions(call.scope.library, inference), **engine.metric_tags.of(call.tags), **extra}
    scope.metrics.record_quality(name, score, described, call.context)
    scope.events.evaluation(name, score, call.context, inference.response_id, extra)


__all__ = ["CallBlock", "call", "record_quality"]
