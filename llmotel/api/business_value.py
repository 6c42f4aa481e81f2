"""What a feature of the application earns, to be set against what its calls cost."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from math import inf
from typing import TYPE_CHECKING, SupportsFloat

from opentelemetry import context

from llmotel import runtime, semconv
from llmotel.guard import log_once
from llmotel.model.inference import AttributeValue
from llmotel.signals import tagging

if TYPE_CHECKING:
    from llmotel.engine.engine import Engine


def record_value(usd: SupportsFloat, **tags: AttributeValue | None) -> bool:
    """Adds ``usd`` to ``llmotel.feature.value.usd``, for the tags in force and ``tags`` over them: of both, those that
    ``LLMOTEL_METRIC_TAGS`` names.

    What a feature is worth only the application knows: the price of an order, minutes saved, a share of a
    subscription. With the cost of its calls under the same tag, dashboards show what it leaves. Returns whether it was
    recorded; never raises: what is no number, or below 0, is left out, with one log line, and counted in
    ``llmotel.records.rejected``.

    >>> llmotel.record_value(0.35, feature="search")
    """
    engine: Engine | None = runtime.engine()
    if engine is None or not engine.enabled:
        return False
    try:
        amount = _amount(usd)
        if amount is None:
            engine.reject("record_value: a value is a number of USD, 0 or more; another one is left out")
            return False
        if tags and not engine.config.metric_tags:
            log_once("record_value: LLMOTEL_METRIC_TAGS names no tag, so values are not told apart by any")
        here = context.get_current()
        present = {**tagging.current_tags(here), **tagging.named(tags)}
        engine.backlog.put(partial(_add, engine, amount, present, here))
    except Exception as error:
        engine.guard.report_error("record_value", error)
        return False
    return True


def _amount(usd: object) -> float | None:
    if isinstance(usd, bool) or not isinstance(usd, SupportsFloat):
        return None
    try:
        amount = float(usd)
    except Exception:  # an array, a mock
        return None
    return amount if 0 <= amount < inf else None


def _add(engine: Engine, usd: float, present: Mapping[str, AttributeValue], here: context.Context) -> None:
    counter = engine.metrics.counter(semconv.VALUE_COUNTER, "{USD}", "What features of the application earned")
    counter.add(usd, engine.metric_tags.of(present), here)


__all__ = ["record_value"]
