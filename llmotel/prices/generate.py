"""Writes the price table from the installed genai-prices: ``python -m llmotel.prices.generate [--check] [DIRECTORY]``.

Run at a release, with genai-prices of the version to be shipped. ``--check`` writes nothing and fails when the table is
not what would be written. A kind of clause, constraint or unit that the reader does not know stops the generator: it is
for a person to decide what becomes of it.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

import genai_prices
from genai_prices import types
from genai_prices.data_snapshot import get_snapshot  # not genai_prices.data: pyright takes minutes for its literals

TABLE = Path(__file__).with_name("table")

_MILLION_TOKENS = Decimal(1)
_THOUSAND = Decimal(1000)

_KEYS = {
    "input_mtok": ("input", _MILLION_TOKENS),
    "output_mtok": ("output", _MILLION_TOKENS),
    "cache_read_mtok": ("cache_read", _MILLION_TOKENS),
    "cache_write_mtok": ("cache_write", _MILLION_TOKENS),
    "cache_write_1h_mtok": ("cache_write_1h", _MILLION_TOKENS),
    "cache_audio_read_mtok": ("cache_read_audio", _MILLION_TOKENS),
    "cache_image_read_mtok": ("cache_read_image", _MILLION_TOKENS),
    "input_audio_mtok": ("input_audio", _MILLION_TOKENS),
    "input_image_mtok": ("input_image", _MILLION_TOKENS),
    "output_audio_mtok": ("output_audio", _MILLION_TOKENS),
    "output_image_mtok": ("output_image", _MILLION_TOKENS),
    "output_reasoning_mtok": ("reasoning", _MILLION_TOKENS),
    "input_audio_hours": ("audio_hour", Decimal(1)),
    "web_searches_kcount": ("web_search", _THOUSAND),
    "requests_kcount": ("request", _THOUSAND),
}
"""genai-prices' price key to ours, and what one of ours is in theirs."""

_UNCOUNTED = {
    "audio_hours",
    "input_annotated_document_kpages",
    "input_document_kpages",
    "input_mchars",
    "input_text_messages_kcount",
    "input_video_mtok",
    "output_citation_mtok",
    "output_video_mtok",
    "storage_searches_kcount",
}
"""What :class:`llmotel.model.inference.Usage` has no slot for. A model billed by nothing else has no known cost."""

_TIERS = {"service_tier": None, "processing": "batch", "speed": "fast"}
"""The contexts that a response tells by its service tier, with the one value meant (``None``: any). Other contexts
(``route``, ``search_type``) are the caller's knowledge; without it genai-prices gives the standard price too."""


def render() -> dict[str, str]:
    """The files of the table by name, from the data that comes with the installed genai-prices."""
    providers = get_snapshot().providers
    index = {
        "source": f"genai-prices {genai_prices.__version__}",
        "providers": {provider.id: provider.fallback_model_providers or [] for provider in providers},
    }
    files = {"index.json": json.dumps(index, indent=1) + "\n"}
    for provider in providers:
        lines = [json.dumps(_entry(model), separators=(",", ":")) for model in provider.models]
        files[f"{provider.id}.json"] = "[\n" + ",\n".join(lines) + "\n]\n"
    return files


def _entry(model: types.ModelInfo) -> list[Any]:
    prices = model.prices
    offers = [[_period(p.constraint), _offer(p.prices)] for p in prices] if isinstance(prices, list) else _offer(prices)
    variants = [
        [tier, _period(variant.constraint), changed]
        for variant in model.price_variants or ()
        if (tier := _tier(variant.when)) and (changed := _offer(variant.prices))
    ]
    return [_clause(model.match), offers, *([variants] if variants else [])]


def _clause(match: types.MatchLogic) -> Any:
    ((kind, value),) = vars(match).items()
    if kind == "equals":
        return value.lower()
    if kind == "or_":
        return [_clause(part) for part in value]
    if kind == "and_":
        return {"and": [_clause(part) for part in value]}
    if kind in ("starts_with", "ends_with", "contains"):
        return {kind: value.lower()}
    if kind == "regex":
        return {kind: value}
    raise NotImplementedError(f"a clause of the kind {kind!r}")


def _offer(prices: types.ModelPrice) -> dict[str, Any] | None:
    given = {key: price for key, price in vars(prices).items() if price is not None}
    unknown = given.keys() - _KEYS.keys() - _UNCOUNTED
    if unknown:
        raise NotImplementedError(f"prices for {', '.join(sorted(unknown))}")
    offer = {ours: _price(given[theirs], scale) for theirs, (ours, scale) in _KEYS.items() if theirs in given}
    return offer or None if given else {}


def _price(price: Decimal | types.TieredPrices, scale: Decimal) -> Any:
    if isinstance(price, Decimal):
        number = float(price / scale)
        return int(number) if number.is_integer() else number
    steps = [part for tier in price.tiers for part in (tier.start, _price(tier.price, scale))]
    return [_price(price.base, scale), *steps]


def _period(constraint: types.StartDateConstraint | types.TimeOfDateConstraint | None) -> str | None:
    if constraint is None:
        return None
    if isinstance(constraint, types.StartDateConstraint):
        return constraint.start_date.isoformat()
    edges = (constraint.start_time, constraint.end_time)
    if any(edge.utcoffset() or edge.second or edge.microsecond for edge in edges):
        raise NotImplementedError(f"a daily price that is not in whole minutes of UTC: {constraint}")
    return "-".join(f"{edge:%H:%M}" for edge in edges)


def _tier(when: dict[str, str]) -> str | None:
    if len(when) != 1:
        raise NotImplementedError(f"a price for several conditions: {when}")
    ((context, value),) = when.items()
    return value if context in _TIERS and _TIERS[context] in (None, value) else None


def main(arguments: Sequence[str] | None = None) -> int:
    """Writes or checks the table; the exit status."""
    parser = argparse.ArgumentParser(prog="python -m llmotel.prices.generate", description="Writes the price table.")
    parser.add_argument("--check", action="store_true", help="write nothing; fail when the table is out of date")
    parser.add_argument("directory", nargs="?", type=Path, default=TABLE, help="by default the package's own table")
    options = parser.parse_args(arguments)
    directory: Path = options.directory
    files = render()
    found = {path.name: path.read_text("utf-8") for path in directory.glob("*.json")}
    stale = sorted(name for name in files.keys() | found.keys() if files.get(name) != found.get(name))
    if options.check:
        if stale:
            sys.stderr.write(f"out of date: {', '.join(stale)}; run python -m llmotel.prices.generate\n")
        return 1 if stale else 0
    for name in found.keys() - files.keys():
        (directory / name).unlink()
    for name, text in files.items():
        (directory / name).write_text(text, "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
