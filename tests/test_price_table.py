"""The price table gives the prices of genai-prices: for every provider, model, service tier, moment and usage."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from functools import cache
from itertools import product
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

genai_prices = pytest.importorskip("genai_prices", reason="genai-prices needs Python 3.11 (development only)")

from genai_prices import data, types  # noqa: E402

from llmotel import prices  # noqa: E402
from llmotel.model.inference import Cost, Inference, Usage  # noqa: E402
from llmotel.prices import generate  # noqa: E402
from llmotel.prices.calculator import Prices  # noqa: E402

PROVIDERS = {provider.id: provider for provider in data.providers}
NAMES = {"aws": "aws.bedrock", "azure": "azure.ai.openai", "google": "gcp.gemini", "mistral": "mistral_ai",
         "moonshotai": "moonshot_ai", "x-ai": "x_ai"}  # fmt: skip
NOW = datetime(2026, 11, 24, 12, 0, tzinfo=timezone.utc)

UNITS = {
    "input_tokens": "input_tokens",
    "output_tokens": "output_tokens",
    "cache_read": "cache_read_tokens",
    "cache_write": "cache_write_tokens",
    "cache_write_1h": "cache_write_1h_tokens",
    "reasoning": "output_reasoning_tokens",
    "input_audio": "input_audio_tokens",
    "output_audio": "output_audio_tokens",
    "cache_read_audio": "cache_audio_read_tokens",
    "input_image": "input_image_tokens",
    "output_image": "output_image_tokens",
    "input_text": "input_text_tokens",
    "output_text": "output_text_tokens",
    "web_searches": "web_searches",
    "audio_seconds": "input_audio_seconds",
}
UNTOLD = ("_hours", "_mchars", "_kpages", "_messages_kcount")  # billed by what no response tells

USAGES = [
    Usage(1510, 20),
    Usage(1510, 20, cache_read=1000, cache_write=500, reasoning=7),
    Usage(7),
    Usage(1510, 20, cache_read=1000, cache_write=500, cache_write_1h=200, detailed=True),
    Usage(1510, 90, input_audio=700, output_audio=40, cache_read=300, cache_read_audio=100, detailed=True),
    Usage(1510, 90, input_image=700, output_image=40, web_searches=3, detailed=True),
    Usage(1510, 90, input_image=700, cache_read=300, detailed=True),  # how many of the image's tokens were cached?
    Usage(100, 20, cache_read=1000),  # impossible
    Usage(300_000, 20, cache_read=250_000),
    Usage(audio_seconds=90.5, detailed=True),
]


def theirs(provider: str, model: str, usage: Usage, context: dict[str, str] | None, moment: datetime) -> Cost | None:
    counts = {theirs: getattr(usage, ours) for ours, theirs in UNITS.items()}
    counts["audio_seconds"] = usage.audio_seconds
    try:
        price = genai_prices.calc_price(
            genai_prices.Usage(**counts),
            model,
            provider_id=provider,
            genai_request_timestamp=moment,
            price_context=context,
        )
    except (LookupError, ValueError):
        return None
    keys = [key for key, value in vars(price.model_price).items() if value is not None]
    if usage.audio_seconds is None:
        known = not keys or not all(key.endswith(UNTOLD) for key in keys)
    else:
        known = "input_audio_hours" in keys
    if not known:
        return None
    return Cost(float(price.total_price), float(price.input_price), float(price.output_price))


def ours(provider: str, model: str, usage: Usage, tier: str | None, moment: datetime) -> Cost | None:
    inference = Inference("chat", NAMES.get(provider, provider), model, usage=usage, service_tier=tier)
    return prices_at(moment).price(inference)


@cache
def prices_at(moment: datetime) -> Prices:
    return Prices(now=moment.timestamp)


def assert_same(provider: str, model: str, usage: Usage, context: dict[str, str] | None, moment: datetime) -> None:
    __tracebackhide__ = True
    tier = None if context is None else next(iter(context.values()))
    expected, cost = theirs(provider, model, usage, context, moment), ours(provider, model, usage, tier, moment)
    where = f"{provider} {model} {usage} {context} {moment}"
    assert (cost is None) == (expected is None), where
    if cost is not None and expected is not None:
        assert (cost.total, cost.input, cost.output) == pytest.approx(
            (expected.total, expected.input, expected.output), rel=1e-12, abs=0
        ), where


def names(clause: types.MatchLogic) -> Iterator[str]:
    """Model names that a clause is likely to mean."""
    ((kind, value),) = vars(clause).items()
    if kind in ("or_", "and_"):
        for part in value:
            yield from names(part)
    elif kind == "regex":
        name = value.strip("^$").replace("\\.", ".").replace("\\d{4}-\\d{2}-\\d{2}", "2026-11-03")
        yield name.replace("\\d{8}", "20261103").replace("\\d", "7")
    else:
        yield value
        yield f"{value}-7" if kind in ("starts_with", "contains") else f"7-{value}"


def moments(model: types.ModelInfo) -> Iterator[datetime]:
    """Both sides of each change of the model's prices."""
    yield NOW
    offers = model.prices if isinstance(model.prices, list) else []
    for constraint in {str(o.constraint): o.constraint for o in (*offers, *(model.price_variants or ()))}.values():
        if isinstance(constraint, types.StartDateConstraint):
            change = datetime.combine(constraint.start_date, datetime.min.time(), timezone.utc)
            yield from (change, change - timedelta(seconds=1))
        elif isinstance(constraint, types.TimeOfDateConstraint):
            for edge in (constraint.start_time, constraint.end_time):
                change = datetime.combine(NOW.date(), edge)
                yield from (change, change - timedelta(seconds=1))


def contexts(model: types.ModelInfo) -> list[dict[str, str] | None]:
    told = [v.when for v in model.price_variants or () if v.when.keys() <= {"service_tier", "processing", "speed"}]
    return [None, *({str(when): when for when in told}.values())]


def steps(model: types.ModelInfo) -> set[int]:
    offers = [offer.prices for offer in model.prices] if isinstance(model.prices, list) else [model.prices]
    tiered = [price for offer in offers for price in vars(offer).values() if isinstance(price, types.TieredPrices)]
    return {tier.start for price in tiered for tier in price.tiers}


@pytest.mark.parametrize("provider", PROVIDERS)
def test_every_model_costs_what_genai_prices_says(provider: str) -> None:
    for model in PROVIDERS[provider].models:
        for usage in USAGES:
            assert_same(provider, next(names(model.match)), usage, None, NOW)
        for name in names(model.match):
            assert_same(provider, name.upper(), USAGES[1], None, NOW)


@pytest.mark.parametrize("provider", PROVIDERS)
def test_every_price_changes_when_and_where_genai_prices_says(provider: str) -> None:
    for model in PROVIDERS[provider].models:
        inputs = [n for step in steps(model) for n in (step, step + 1)] or [1510]
        for context, moment, tokens in product(contexts(model), moments(model), inputs):
            usage = Usage(tokens, 20, cache_read=1000, cache_write=500)
            assert_same(provider, next(names(model.match)), usage, context, moment)


@pytest.mark.parametrize("provider", [p.id for p in data.providers if p.fallback_model_providers])
def test_a_provider_that_offers_the_models_of_others_has_their_prices(provider: str) -> None:
    for fallback in PROVIDERS[provider].fallback_model_providers or ():
        for model in PROVIDERS[fallback].models:
            for context in contexts(model):
                assert_same(provider, next(names(model.match)), USAGES[1], context, NOW)


@pytest.mark.parametrize("provider", ["openai", "anthropic", "azure", "openrouter", "google"])
@given(
    st.from_regex(r"(gpt|claude|o|gemini|openai/gpt)-?[0-9](\.[0-9])?(-(mini|opus|pro))?-20[0-9]{6}", fullmatch=True)
)
def test_a_name_that_is_made_up_is_known_to_both_or_to_neither(provider: str, model: str) -> None:
    assert_same(provider, model, USAGES[0], None, NOW)


def test_a_compact_date_in_a_name_is_read_as_a_date() -> None:
    assert_same("openai", "gpt-5.2-20251211", USAGES[0], None, NOW)
    assert prices.find("openai", "gpt-5.2-20251211", None, NOW) == prices.find(
        "openai", "gpt-5.2-2025-12-11", None, NOW
    )


@pytest.mark.parametrize("provider", ["unknown", "vllm", "ollama", "my-openai-proxy", "../openai", "index", ""])
def test_a_provider_that_is_not_known_by_its_name_has_no_prices_whatever_the_model(provider: str) -> None:
    assert prices.find(provider, "gpt-4o", None, NOW) is None


@pytest.mark.parametrize(("clause", "meant", "not_meant"), [
    ("gpt-4o", "gpt-4o", "gpt-4o-mini"),
    (["a", "b"], "b", "c"),
    ({"starts_with": "gpt"}, "gpt-4o", "my-gpt"),
    ({"ends_with": "mini"}, "gpt-mini", "mini-gpt"),
    ({"contains": "4o"}, "gpt-4o-mini", "gpt-4"),
    ({"regex": r"^gpt-\d$"}, "gpt-5", "gpt-5.1"),
    ({"and": [{"starts_with": "gpt"}, {"ends_with": "mini"}]}, "gpt-5-mini", "gpt-5"),
])  # fmt: skip
def test_a_clause_means(clause: prices.Clause, meant: str, not_meant: str) -> None:
    assert prices.matches(clause, meant)
    assert not prices.matches(clause, not_meant)


def test_an_offer_says_until_when_it_holds() -> None:
    night = datetime(2026, 11, 24, 3, 30, tzinfo=timezone.utc)
    offer = prices.find("deepseek", "deepseek-v4-pro", None, night)
    assert offer is not None
    assert offer.until == night.replace(hour=4, minute=0).timestamp()


def test_the_time_of_a_moment_is_read_in_utc() -> None:
    night = datetime(2026, 11, 24, 3, 30, tzinfo=timezone.utc)
    elsewhere = night.astimezone(timezone(timedelta(hours=-8)))
    assert prices.find("deepseek", "deepseek-v4-pro", None, elsewhere) == prices.find(
        "deepseek", "deepseek-v4-pro", None, night
    )


def test_the_table_is_what_the_generator_writes(capsys: pytest.CaptureFixture[str]) -> None:
    assert generate.main(["--check"]) == 0
    assert capsys.readouterr().err == ""


def test_the_generator_writes_what_it_then_finds_up_to_date(tmp_path: Path) -> None:
    assert generate.main([str(tmp_path)]) == 0
    assert generate.main(["--check", str(tmp_path)]) == 0


def test_a_table_that_was_edited_or_left_over_is_named_and_then_mended(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    generate.main([str(tmp_path)])
    (tmp_path / "openai.json").write_text("[]\n")
    (tmp_path / "gone.json").write_text("[]\n")
    assert generate.main(["--check", str(tmp_path)]) == 1
    assert "out of date: gone.json, openai.json" in capsys.readouterr().err
    generate.main([str(tmp_path)])
    assert generate.main(["--check", str(tmp_path)]) == 0


def test_the_source_is_the_installed_version() -> None:
    assert prices.source() == f"genai-prices {genai_prices.__version__}"


def test_every_count_of_usage_takes_part_in_the_comparison() -> None:
    # What is billed by other than tokens is recorded, and has no price of its own yet.
    assert set(Usage.field_names) - {"detailed", "units"} == set(UNITS)


def test_the_comparison_is_without_warnings_of_unknown_counts() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert theirs("openai", "gpt-4o", USAGES[4], None, NOW) is not None
