"""From a model's price set to the cost of a call, by plain arithmetic on floats.

The semantics are genai-prices': every token is billed once, by the most specific unit that has a price, so a unit's own
tokens are its count less those of the priced units within it.
"""

from __future__ import annotations

from collections.abc import Mapping
from operator import attrgetter, mul

from llmotel.model.inference import Cost, Usage
from llmotel.model.structs import FrozenStruct
from llmotel.prices import Price, PriceSet

_MILLION = 1e6
_INPUT, _OUTPUT, _OTHER = 0, 1, 2


class Unit(FrozenStruct):
    """Something that has a price: the slot of :class:`Usage` that counts it, and what it is a part of.

    ``slot`` is ``""`` where no provider's response counts it.
    """

    slot: str
    side: int
    kinds: frozenset[str] = frozenset()
    per: float = _MILLION


UNITS: dict[str, Unit] = {
    "cache_read_audio": Unit("cache_read_audio", _INPUT, frozenset({"cache_read", "audio"})),
    "cache_read_image": Unit("", _INPUT, frozenset({"cache_read", "image"})),
    "cache_write_1h": Unit("cache_write_1h", _INPUT, frozenset({"cache_write", "1h"})),
    "cache_read": Unit("cache_read", _INPUT, frozenset({"cache_read"})),
    "cache_write": Unit("cache_write", _INPUT, frozenset({"cache_write"})),
    "input_audio": Unit("input_audio", _INPUT, frozenset({"audio"})),
    "input_image": Unit("input_image", _INPUT, frozenset({"image"})),
    "input": Unit("input_tokens", _INPUT),
    "audio_hour": Unit("audio_seconds", _INPUT, frozenset({"time"}), per=3600),
    "reasoning": Unit("reasoning", _OUTPUT, frozenset({"reasoning"})),
    "output_audio": Unit("output_audio", _OUTPUT, frozenset({"audio"})),
    "output_image": Unit("output_image", _OUTPUT, frozenset({"image"})),
    "output": Unit("output_tokens", _OUTPUT),
    "web_search": Unit("web_searches", _OTHER, per=1),
}
"""By price key: input, output, other, and in each the more specific before what it is part of. One more key,
``request``, is USD per call."""


class ModelRates:
    """What one model costs, its prices flattened once for all its calls, ``until`` (POSIX seconds) they change.

    ``usual`` are the prices of the standard service tier, where ``prices`` are those of another.
    """

    __slots__ = ("_above", "_base", "_table", "_usual", "until")

    def __init__(self, prices: PriceSet, table: str, until: float | None = None, usual: PriceSet | None = None) -> None:
        steps = {
            float(start) for price in prices.values() if not isinstance(price, int | float) for start in price[1::2]
        }
        self.until = until
        self._table = table
        self._usual = None if usual is None else ModelRates(usual, table)
        self._base = _Rates({key: _at(price, -1) for key, price in prices.items()})
        self._above = tuple(
            (start, _Rates({key: _at(price, start) for key, price in prices.items()}))
            for start in sorted(steps, reverse=True)
        )

    def cost(self, usage: Usage) -> Cost | None:
        """The cost of a call. ``None`` when ``usage`` has nothing that is billed, contradicts itself (more cached than
        input tokens), or leaves open how two prices overlap (cached audio that only one of both counts)."""
        given, made = usage.input_tokens, usage.output_tokens
        counted = given is not None or made is not None
        if given is None:
            given = 0
        if made is None:
            made = 0
        rates = self._base
        if self._above:
            for start, above in self._above:
                if given > start:
                    rates = above
                    break
        if not (counted and rates.by_token) and (usage.audio_seconds is None or not rates.by_time):
            return None
        read, written = usage.cache_read or 0, usage.cache_write or 0
        if rates.plain and not usage.detailed and 0 <= read <= given - written <= given and made >= 0:
            paid_in = (given - read - written) * rates.input + read * rates.cache_read + written * rates.cache_write
            paid_out = made * rates.output
            cost = Cost(paid_in + paid_out + rates.request, paid_in, paid_out, "local", "USD", self._table)
        else:
            paid = rates.paid(usage)
            if paid is None:
                return None
            cost = Cost(*paid, "local", "USD", self._table)
        if read or written:
            cost.uncached = rates.uncached(usage, cost.total)
        if self._usual is not None:
            usual = self._usual.cost(usage)
            cost.standard = usual.total if usual is not None else None
        return cost


class _Rates:
    """USD per token between two steps. ``plain``: usage without details needs nothing but the four token rates."""

    __slots__ = (
        "_counts", "_inputs", "_nested", "_overlaps", "_rates", "_tokens",
        "by_time", "by_token", "cache_read", "cache_write", "cache_write_1h", "input", "output", "plain", "request",
    )  # fmt: skip

    def __init__(self, prices: Mapping[str, float]) -> None:
        rate = {key: prices[key] / unit.per for key, unit in UNITS.items() if key in prices}
        self.input = rate.get("input", 0.0)
        self.output = rate.get("output", 0.0)
        self.cache_read = rate.get("cache_read", self.input)
        self.cache_write = rate.get("cache_write", self.input)
        self.cache_write_1h = rate.get("cache_write_1h", self.cache_write)
        self.request = prices.get("request", 0.0)
        self.plain = "reasoning" not in rate
        self.by_time = "audio_hour" in rate
        self.by_token = rate.keys() != {"audio_hour"}
        keys = [key for key, unit in UNITS.items() if unit.slot and (key in rate or key in ("input", "output"))]
        sides = [UNITS[key].side for key in keys]
        self._counts = attrgetter(*(UNITS[key].slot for key in keys))
        self._rates = [rate.get(key, 0.0) for key in keys]
        self._inputs, self._tokens = sides.count(_INPUT), sides.count(_INPUT) + sides.count(_OUTPUT)
        self._nested = [(keys.index(key), keys.index(part)) for key in rate for part in _parts(key) if part in keys]
        self._overlaps = [(UNITS[key].slot, *wider) for key in rate if len(wider := _wider(key)) == 2]

    def paid(self, usage: Usage) -> tuple[float, float, float] | None:
        """Total, input and output cost of any usage; ``None`` as :meth:`Tariff.cost` says."""
        for slot, one, other in self._overlaps:
            if getattr(usage, one) and getattr(usage, other) and (not slot or getattr(usage, slot) is None):
                return None
        own = [count or 0 for count in self._counts(usage)]
        for index, part in self._nested:
            own[index] -= own[part]
        if min(own) < 0:
            return None
        paid = list(map(mul, own, self._rates))
        return sum(paid, self.request), sum(paid[: self._inputs]), sum(paid[self._inputs : self._tokens])

    def uncached(self, usage: Usage, total: float) -> float | None:
        """``total`` if no token had been read from a cache or written to one; ``None`` where that cannot be told, for
        cached audio, or makes no difference."""
        if usage.cache_read_audio:
            return None
        read, written, hour = usage.cache_read or 0, usage.cache_write or 0, usage.cache_write_1h or 0
        paid = read * self.cache_read + (written - hour) * self.cache_write + hour * self.cache_write_1h
        full = (read + written) * self.input
        return total - paid + full if paid != full else None


def _parts(key: str) -> list[str]:
    """The units within ``key``."""
    return [other for other in UNITS if _covers(UNITS[key], UNITS[other])]


def _wider(key: str) -> list[str]:
    """The slots of the units, other than the totals, that ``key`` is within."""
    return [unit.slot for unit in UNITS.values() if unit.kinds and _covers(unit, UNITS[key])]


def _covers(unit: Unit, other: Unit) -> bool:
    return unit.side == other.side != _OTHER and unit.per == other.per and unit.kinds < other.kinds


def _at(price: Price, start: float) -> float:
    """The price that holds just above ``start`` input tokens."""
    if isinstance(price, int | float):
        return price
    value = price[0]
    for step, above in zip(price[1::2], price[2::2], strict=True):
        if step <= start:
            value = above
    return value
