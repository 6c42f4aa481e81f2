"""The price table: what genai-prices knows about models, in a form that loads in a millisecond.

``table/`` is generated (``python -m llmotel.prices.generate``). ``index.json`` names the source and, for every
provider, those whose prices it falls back to. ``PROVIDER.json`` lists ``[clause, offers]`` or ``[clause, offers,
variants]`` for each model, in genai-prices' order, because the first model that matches wins. A provider is read when
it is first asked for.

A *clause* says which model names are meant: a string that equals it, a list of alternatives, or one of
``{"starts_with": s}``, ``{"ends_with": s}``, ``{"contains": s}``, ``{"regex": s}``, ``{"and": [clause, ...]}``.
*Offers* are one price set, or ``[[period, price set], ...]`` of which the last that holds now wins. *Variants* are
``[[tier, period, price set], ...]``: what a service tier changes. A *period* is ``null``, ``"2026-10-19"`` (from then
on) or ``"01:00-04:00"`` (every day), in UTC.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping, Sequence
from datetime import date, datetime, time, timedelta, timezone
from functools import cache
from typing import Any, TypeAlias

from llmotel.model.structs import FrozenStruct

Price: TypeAlias = float | Sequence[float]
"""USD per million tokens, or per call or search. A sequence is ``base, above, price, ...``: with more than ``above``
input tokens, ``price`` holds for all of them."""

PriceSet: TypeAlias = Mapping[str, Price]
"""Prices by the keys of :data:`llmotel.prices.rates.UNITS`. What has no price of its own costs what it is part of."""

Clause: TypeAlias = "str | list[Clause] | dict[str, Any]"

_PROVIDERS = {
    "aws.bedrock": "aws",
    "azure.ai.foundry": "azure",
    "azure.ai.inference": "azure",
    "azure.ai.openai": "azure",
    "gcp.gemini": "google",
    "gcp.gen_ai": "google",
    "gcp.vertex_ai": "google",
    "mistral_ai": "mistral",
    "moonshot_ai": "moonshotai",
    "x_ai": "x-ai",
}
"""``gen_ai.provider.name`` to genai-prices' provider where the two differ."""

_TABLE = os.path.join(os.path.dirname(__file__), "table")
_COMPACT_DATE = r"-(20\d{2})(0[1-9]|1[0-2])(0[1-9]|[12]\d|3[01])(?=-|:|$)"  # compiled when a model is first looked for


class EffectivePrice(FrozenStruct):
    """The ``prices`` that hold, ``until`` they change (POSIX seconds; ``None``: for good).

    Without ``prices`` the model is billed by something that no response tells, such as seconds of audio.
    """

    prices: PriceSet | None
    until: float | None


def source() -> str:
    """Name and version of what the table was made from, e.g. ``genai-prices 0.2.3``."""
    name: str = _index()["source"]
    return name


def find(provider: str, model: str, tier: str | None, moment: datetime) -> EffectivePrice | None:
    """What ``model`` costs at ``provider`` at ``moment`` (aware), or ``None`` where the table does not know it.

    ``provider`` is a ``gen_ai.provider.name``. Only a provider known by that name has prices: a model's name alone, or
    a name that merely resembles a provider's, says nothing about what an unknown host charges. ``tier`` is the service
    tier of the response; one without prices of its own, or with another provider's prices, is billed as standard. Some
    have a price list of their own: ``openai-decisions``, and ``huggingface_groq`` for the model ``name:groq``.
    """
    known: Mapping[str, list[str]] = _index()["providers"]
    provider = _PROVIDERS.get(provider, provider)
    if tier is not None and f"{provider}-{tier}" in known:
        provider = f"{provider}-{tier}"
    elif provider == "huggingface":
        model, _, host = model.partition(":")
        provider = f"huggingface_{host}"
    fallbacks = known.get(provider)
    if fallbacks is None:
        return None
    model = model.lower()
    moment = moment.astimezone(timezone.utc)
    for name in dict.fromkeys((model, re.sub(_COMPACT_DATE, _dashed, model))):
        entry = _match(provider, name)
        if entry is not None:
            return _offer(entry, tier, moment)
        for fallback in fallbacks:
            entry = _match(fallback, name)
            if entry is not None:
                return _offer(entry, None, moment)
    return None


@cache
def _index() -> dict[str, Any]:
    index: dict[str, Any] = _read("index")
    return index


@cache
def _models(provider: str) -> list[list[Any]]:
    models: list[list[Any]] = _read(provider)
    return models


def _read(name: str) -> Any:
    with open(os.path.join(_TABLE, f"{name}.json"), "rb") as file:
        return json.load(file)


def _match(provider: str, model: str) -> list[Any] | None:
    for entry in _models(provider):
        if matches(entry[0], model):
            return entry
    return None


def matches(clause: Clause, model: str) -> bool:
    """Whether ``clause`` means ``model``, a name in lower case."""
    if isinstance(clause, str):
        return model == clause
    if isinstance(clause, list):
        return any(matches(part, model) for part in clause)
    ((kind, value),) = clause.items()
    if kind == "starts_with":
        return model.startswith(value)
    if kind == "ends_with":
        return model.endswith(value)
    if kind == "contains":
        return value in model
    if kind == "regex":
        return re.search(value, model) is not None
    return all(matches(part, model) for part in value)


def _dashed(found: re.Match[str]) -> str:
    # Gateways write gpt-5.2-20251211 where the table has gpt-5.2-2025-12-11.
    try:
        return f"-{date(*map(int, found.groups())).isoformat()}"
    except ValueError:
        return found.group()


def _offer(entry: list[Any], tier: str | None, moment: datetime) -> EffectivePrice:
    _, offers, variants = entry if len(entry) == 3 else (*entry, [])
    if not isinstance(offers, list):
        offers = [[None, offers]]
    periods = [period for period, _ in offers]
    prices = next((prices for period, prices in reversed(offers) if _holds(period, moment)), offers[0][1])
    for name, period, changed in reversed(variants):
        if name == tier and prices is not None:
            periods.append(period)
            if _holds(period, moment):
                prices = {**prices, **changed}
    changes = [change for period in periods if period and (change := _next_change(period, moment))]
    return EffectivePrice(prices, min(changes, default=None))


def _holds(period: str | None, moment: datetime) -> bool:
    if period is None:
        return True
    if ":" not in period:
        return moment.date().isoformat() >= period
    start, end = period.split("-")
    clock = f"{moment:%H:%M}"
    return start <= clock < end if start <= end else clock >= start or clock < end


def _next_change(period: str, moment: datetime) -> float | None:
    if ":" not in period:
        start = datetime.combine(date.fromisoformat(period), time(), timezone.utc)
        return start.timestamp() if start > moment else None
    edges = [datetime.combine(moment.date(), time.fromisoformat(edge), timezone.utc) for edge in period.split("-")]
    return min((edge if edge > moment else edge + timedelta(days=1)).timestamp() for edge in edges)
