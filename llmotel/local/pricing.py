"""The cost of calls whose sender gave none, by the price table of llmotel."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import NamedTuple

from llmotel import prices
from llmotel.model.inference import Cost, Usage
from llmotel.prices.rates import ModelRates

_REMEMBERED = 2048


class Tokens(NamedTuple):
    """The counts that a price needs; ``input`` includes the cache, ``output`` includes reasoning."""

    input: int | None
    output: int | None
    cache_read: int | None = None
    cache_write: int | None = None
    reasoning: int | None = None


class Table:
    """Prices by provider and model, as of when a call was made. What is not known is ``None``, never 0."""

    def __init__(self) -> None:
        self._known: dict[tuple[str, str, str | None, int], ModelRates | None] = {}

    def cost(
        self, provider: str, models: tuple[str | None, ...], tokens: Tokens, at: float, tier: str | None = None
    ) -> Cost | None:
        """What ``tokens`` cost at ``provider`` by the first of ``models`` that has a price. ``at``: POSIX seconds."""
        if tokens.input is None and tokens.output is None:
            return None
        for model in models:
            if model:
                tariff = self._tariff(provider, model, tier, at)
                if tariff is not None:
                    try:
                        return tariff.cost(Usage(tokens.input, tokens.output, tokens.cache_read, tokens.cache_write,
                                                 None, tokens.reasoning))  # fmt: skip
                    except OverflowError:
                        return None
        return None

    def knows(self, provider: str, model: str, at: float) -> bool:
        """Whether there is a price for tokens of ``model``."""
        return self._tariff(provider, model, None, at) is not None

    def _tariff(self, provider: str, model: str, tier: str | None, at: float) -> ModelRates | None:
        key = (provider, model, tier, int(at // 3600))  # prices change by the hour at most
        try:
            return self._known[key]
        except KeyError:
            pass
        if len(self._known) >= _REMEMBERED:
            self._known.clear()
        try:
            moment = datetime.fromtimestamp(at, timezone.utc)
        except (ValueError, OverflowError, OSError):
            moment = datetime.now(timezone.utc)
        offer = prices.find(provider, model, tier, moment)
        found = None if offer is None or offer.prices is None else ModelRates(offer.prices, prices.source())
        self._known[key] = found
        return found


__all__ = ["Table", "Tokens"]
