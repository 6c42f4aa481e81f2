"""What the same calls would have cost on another model."""

from __future__ import annotations

import time
from datetime import datetime, timezone
from typing import Any

from llmotel import prices
from llmotel.local.errors import RequestError
from llmotel.local.filters import Parameters, build
from llmotel.local.pricing import Table, Tokens
from llmotel.local.store import Reader

ASSUMES = (
    "The other model is given the same numbers of input tokens and answers with the same number of output tokens; "
    "models count and answer differently.",
    "What was read from a cache and written to one would have been so there too, at that model's prices for it.",
    "Reasoning tokens are billed as the other model bills them; it may reason more or less.",
    "Prices are today's of the standard service tier; web searches, images and audio are left out.",
    "Quality is not compared: see the page of a model for its scores.",
)
_MOST = 20


def priced(store: Reader, given: Parameters, now_ns: int) -> dict[str, Any]:
    """The chosen calls re-priced on each model that ``to`` names, as ``provider/model``."""
    given.only("to")
    targets = given.all("to")
    if not targets or len(targets) > _MOST:
        raise RequestError(f"to: name 1 to {_MOST} models, as provider/model", "to")
    found = build(given.without("to"), now_ns)
    count, actual = store.query(
        f"SELECT count(*), sum(s.cost_usd) FROM {found.relation} WHERE {found.where}", found.parameters
    )[0]
    table = Table()
    items = []
    fewest = count
    for target in targets:
        provider, _, model = target.partition("/")
        if not model or not table.knows(provider, model, now_ns / 1e9):
            raise RequestError(f"to={target[:80]!r}: the price table has no such model; /api/prices lists them", "to")
        steps = _steps(provider, model)
        bucket = " + ".join(f"(s.input_tokens > {step!r})::INTEGER" for step in steps) or "0"
        rows = store.query(
            f"SELECT {bucket} AS bucket, count(*), sum(s.input_tokens)::DOUBLE, sum(s.output_tokens)::DOUBLE, "
            "sum(s.cache_read_tokens)::DOUBLE, sum(s.cache_write_tokens)::DOUBLE, sum(s.reasoning_tokens)::DOUBLE, "
            f"sum(s.cost_usd) FROM {found.relation} WHERE {found.where} AND s.cost_usd IS NOT NULL "
            "AND (s.input_tokens IS NOT NULL OR s.output_tokens IS NOT NULL) GROUP BY 1",
            found.parameters,
        )
        total, repriced, compared = 0.0, 0, 0.0
        for _, calls, *sums, cost in rows:
            # Within a step prices are linear, so the calls cost what that many of their average do.
            mean: list[Any] = [None if one is None else one / calls for one in sums]
            made = table.cost(provider, (model,), Tokens(*mean), now_ns / 1e9)
            if made is not None:
                total += made.total * calls
                repriced += calls
                compared += cost
        fewest = min(fewest, repriced)
        items.append(
            {
                "provider": provider,
                "model": model,
                "cost_usd": total if repriced else None,
                "actual_usd": compared if repriced else None,
                "saved_usd": compared - total if repriced else None,
                "ratio": total / compared if repriced and compared else None,
                "repriced": repriced,
            }
        )
    return {
        "calls": count,
        "repriced": fewest,
        "actual_usd": actual,
        "items": items,
        "assumes": list(ASSUMES),
        "prices": prices.source(),
    }


def _steps(provider: str, model: str) -> list[float]:
    """Numbers of input tokens above which ``model`` has other prices."""
    offer = prices.find(provider, model, None, datetime.fromtimestamp(time.time(), timezone.utc))
    if offer is None or offer.prices is None:
        return []
    return sorted(
        {float(step) for price in offer.prices.values() if not isinstance(price, (int, float)) for step in price[1::2]}
    )


def known(store: Reader, given: Parameters, now_ns: int) -> dict[str, Any]:
    """Models to choose from: those that were called, and those of the price table whose name holds ``q``."""
    given.only("q", "limit", filters=False)
    text = (given.one("q") or "").lower().strip()
    limit = given.whole("limit", 50, 1, 500)
    table = Table()
    items: list[dict[str, Any]] = []
    for provider, model in store.query(
        "SELECT s.provider, s.model FROM spans s WHERE s.kind IN ('inference', 'embeddings') AND s.model IS NOT NULL "
        "AND s.provider IS NOT NULL GROUP BY 1, 2 ORDER BY count(*) DESC LIMIT 200"
    ):
        if text in f"{provider}/{model}".lower() and table.knows(provider, model, now_ns / 1e9):
            items.append({"provider": provider, "model": model, "called": True})
    seen = {(item["provider"], item["model"]) for item in items}
    for provider, model in listed():
        if len(items) >= limit:
            break
        wanted = (provider, model) not in seen and text in f"{provider}/{model}".lower()
        if wanted and table.knows(provider, model, now_ns / 1e9):
            items.append({"provider": provider, "model": model, "called": False})
    return {"items": items[:limit]}


def listed() -> list[tuple[str, str]]:
    """Provider and model of what the price table names in so many words."""
    import json
    from pathlib import Path

    folder = Path(prices.__file__).parent / "table"
    found = []
    back = {theirs: ours for ours, theirs in reversed(_OURS)}
    for path in sorted(folder.glob("*.json")):
        if path.stem == "index":
            continue
        for entry in json.loads(path.read_bytes()):
            name = _name(entry[0])
            if name is not None:
                found.append((back.get(path.stem, path.stem), name))
    return found


_OURS = (
    ("aws.bedrock", "aws"),
    ("azure.ai.openai", "azure"),
    ("gcp.gemini", "google"),
    ("mistral_ai", "mistral"),
    ("moonshot_ai", "moonshotai"),
    ("x_ai", "x-ai"),
)


def _name(clause: Any) -> str | None:
    """A model's name in the clause that says which names it has."""
    if isinstance(clause, str):
        return clause
    if isinstance(clause, list):
        return next((name for name in map(_name, clause) if name is not None), None)
    if isinstance(clause, dict) and "starts_with" in clause:
        return str(clause["starts_with"])
    return None


__all__ = ["ASSUMES", "known", "listed", "priced"]
