"""Scores that the application gives a call by hand: a user's thumb, a judge's verdict, a check of its own."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from llmotel import semconv
from llmotel.engine.call import Call, latest
from llmotel.guard import log_once
from llmotel.model.inference import Grounding
from llmotel.signals.metrics import dimensions

if TYPE_CHECKING:
    from collections.abc import Mapping


def record_quality(
    *,
    grounding: float | None = None,
    relevance: float | None = None,
    user_satisfaction: float | None = None,
    hallucination: float | bool | None = None,
) -> bool:
    """Scores the current call: the one begun last in this task or thread, also after its answer has been returned.

    Each score is 0 to 1 (``hallucination``: 1 or ``True`` where the answer makes things up). An evaluation event
    goes into the call's trace, a point into ``llmotel.grounding.score`` or ``llmotel.quality.<name>``, and, while the
    span is still open (a stream being read), an attribute of the same name onto it; a grounding score stands then, in
    place of the one from citations, when the stream ends. Returns whether there was a call to score; never raises: a
    score out of range is left out, with one log line, and counted in ``llmotel.records.rejected``.

    >>> answer = client.chat.completions.create(...)
    >>> llmotel.record_quality(relevance=0.9, user_satisfaction=1)
    """
    call = latest.get()
    if call is None:
        log_once("record_quality: no call has been made in this context, so there is nothing to score")
        return False
    try:
        scores: Mapping[str, float | bool | None] = {
            "grounding": grounding,
            "relevance": relevance,
            "user_satisfaction": user_satisfaction,
            "hallucination": hallucination,
        }
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
    if call.span.is_recording():
        if name == "grounding":  # in place of the score worked out at the call's end, which records it
            inference.grounding = Grounding(score, "user")
            return
        call.span.set_attribute(semconv.QUALITY_PREFIX + name, score)
    extra = {semconv.GROUNDING_METHOD: "user"} if name == "grounding" else {}
    dims = {**dimensions(inference), **engine.metric_tags.of(call.tags), **extra}
    engine.backlog.put(partial(engine.metrics.record_quality, name, score, dims, call.context))
    engine.backlog.put(partial(engine.events.evaluation, name, score, call.context, inference.response_id, extra))
