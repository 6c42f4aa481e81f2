"""What a call cost: the amount in its response, else the user's price table, else the one made from genai-prices.

A price that is not known is absent, never 0: an unknown model, a provider known by no name (a proxy, a local server),
usage that contradicts itself, or a model billed by something that responses do not tell.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from datetime import datetime, timezone
from time import time
from typing import TYPE_CHECKING, TypeAlias

from llmotel import prices
from llmotel.model.inference import Cost, Inference, Usage
from llmotel.prices.rates import ModelRates

if TYPE_CHECKING:
    import os

    from llmotel.prices.user import UserTable

_WARMED = ("openai", "anthropic", "azure.ai.openai", "aws.bedrock", "gcp.vertex_ai")
_CACHE_SIZE = 2048  # models; the names come from callers, who may make them up

_Key: TypeAlias = "tuple[str, str | None, str | None, str | None]"  # provider, response model, request model, tier


def load_user_table(path: str | os.PathLike[str]) -> UserTable:
    """As :func:`llmotel.prices.user.load_user_table`, whose parser of TOML is loaded only for those who have a file."""
    from llmotel.prices import user

    return user.load_user_table(path)


class Prices:
    """Prices calls. Making one reads nothing; :meth:`warm` reads what calls would otherwise wait for.

    ``now`` gives POSIX seconds: prices change by date and by the time of day.
    """

    def __init__(self, user_table: UserTable | None = None, *, now: Callable[[], float] = time) -> None:
        self._user_table = user_table
        self._now = now
        self._tariffs: dict[_Key, ModelRates | None] = {}
        self._ready = False

    @property
    def ready(self) -> bool:
        """Whether :meth:`warm` has run. :meth:`price` works before that too, and reads what it needs then."""
        return self._ready

    def warm(self) -> None:
        """Reads the prices of the providers that most calls go to; those of others are read with their first call."""
        if self._ready:  # each library that is imported asks for it
            return
        moment = datetime.fromtimestamp(self._now(), timezone.utc)
        for provider in _WARMED:
            # A model that nobody has goes through every entry, and so compiles the patterns too.
            prices.find(provider, "", None, moment)
        self._ready = True

    def price(self, inference: Inference) -> Cost | None:
        """The cost of ``inference`` in USD, or ``None`` where it is not known. Never negative.

        An amount in the response wins, with the local one in ``Cost.local`` beside it, and, by local prices, what the
        call would have cost without its cache or service tier. Else the model is the response's, or the request's where
        that is not known. The service tier counts where genai-prices has prices for
        it (``flex``, ``priority``, ``batch``, and ``fast`` for Anthropic's fast mode); any other is billed as standard.
        One-hour cache writes have their own price. Tokens are billed once, by the most specific price; counts that were
        not given are none. Usage without any tokens, or that contradicts itself (more cached than input tokens, a
        negative count), has no cost.
        """
        reported = inference.reported_cost
        if reported is not None and 0 <= reported < math.inf:
            local = self._local(inference)
            if local is None:
                return Cost(reported, source="provider")
            return Cost(
                reported, source="provider", local=local.total, uncached=local.uncached, standard=local.standard
            )
        return self._local(inference)

    def _local(self, inference: Inference) -> Cost | None:
        usage = inference.usage
        if usage is None:
            return None
        key = (inference.provider, inference.response_model, inference.request_model, inference.service_tier)
        cost = self._of(key, usage)
        if inference.additional and cost is not None:
            return self._with_beside(cost, key, inference.additional)
        return cost

    def _with_beside(self, cost: Cost, key: _Key, additional: Iterable[tuple[str | None, Usage]]) -> Cost | None:
        """``cost`` and that of the iterations beside the call, or ``None`` where one of them has no known price."""
        provider, response, request, tier = key
        paid = 0.0
        for model, usage in additional:
            part = self._of((provider, model, None, None) if model else (provider, response, request, tier), usage)
            if part is None:
                return None
            paid += part.total
        cost.total += paid
        cost.additional = paid
        for name in ("uncached", "standard"):
            if getattr(cost, name) is not None:
                setattr(cost, name, getattr(cost, name) + paid)
        return cost

    def _of(self, key: _Key, usage: Usage) -> Cost | None:
        try:
            tariff = self._tariffs[key]
        except KeyError:
            tariff = self._resolve(key)
        if tariff is None:
            return None
        if tariff.until is not None and self._now() >= tariff.until:
            tariff = self._resolve(key)
            if tariff is None:
                return None
        try:
            return tariff.cost(usage)
        except OverflowError:  # a count beyond any float
            return None

    def _resolve(self, key: _Key) -> ModelRates | None:
        if len(self._tariffs) >= _CACHE_SIZE:
            self._tariffs.clear()
        tariff = self._tariffs[key] = self._tariff(*key)
        return tariff

    def _tariff(self, provider: str, response: str | None, request: str | None, tier: str | None) -> ModelRates | None:
        models = [model for model in (response, request) if model]
        if self._user_table is not None:
            own = self._user_table.find(provider, models)
            if own is not None:
                return ModelRates(own, "user")
        moment = datetime.fromtimestamp(self._now(), timezone.utc)
        for model in models:
            offer = prices.find(provider, model, tier, moment)
            if offer is not None:
                if offer.prices is None:
                    return None
                standard = prices.find(provider, model, None, moment) if tier is not None else offer
                usual = standard.prices if standard is not None and standard.prices != offer.prices else None
                return ModelRates(offer.prices, prices.source(), offer.until, usual)
        return None


__all__ = ["Prices", "load_user_table"]
