"""What Prometheus calls our metrics and attributes.

The collector's and Prometheus's own OTLP translation with their default strategy, ``UnderscoreEscapingWithSuffixes``
(github.com/prometheus/otlptranslator), for the units and kinds that llmotel uses. Rules and dashboards are written with
these names, so that a renamed metric cannot leave them behind.
"""

from __future__ import annotations

import re
from typing import Literal, TypeAlias

Kind: TypeAlias = Literal["counter", "gauge", "histogram"]

_SUFFIXES = {"s": "seconds", "ms": "milliseconds", "By": "bytes", "%": "percent"}


def series(name: str, unit: str, kind: Kind) -> str:
    """The name of a metric's series: ``series("gen_ai.client.inference.duration", "s", "histogram")`` is
    ``gen_ai_client_inference_duration_seconds``, to which a histogram adds ``_bucket``, ``_sum`` and ``_count``.

    Annotations (``{token}``) add nothing. Raises ``ValueError`` for a unit whose suffix depends on the exporter: a bare
    ``1`` on a gauge, or one that is not in the table.
    """
    words = [word for word in re.split(r"[^A-Za-z0-9]+", name) if word]
    if unit.startswith("{") or (unit in ("", "1") and kind != "gauge"):
        pass
    elif unit in _SUFFIXES:
        if _SUFFIXES[unit] not in words:
            words.append(_SUFFIXES[unit])
    else:
        raise ValueError(f"{name}: the unit {unit!r} of a {kind} has no name in Prometheus that all exporters agree on")
    if kind == "counter":
        words = [word for word in words if word != "total"] + ["total"]
    return "_".join(words)


def label(attribute: str) -> str:
    """The label of an attribute: ``gen_ai.request.model`` is ``gen_ai_request_model``."""
    return re.sub(r"[^A-Za-z0-9_]", "_", attribute)


__all__ = ["Kind", "label", "series"]
