"""What a call costs: which price is found for it, and what is made of its usage."""

from __future__ import annotations

import subprocess
import sys
from datetime import datetime, timezone
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmotel.errors import ConfigurationError
from llmotel.model.inference import Cost, Inference, Usage
from llmotel.prices import source
from llmotel.prices.calculator import Prices, load_user_table

MILLION = 1_000_000
DAY = datetime(2026, 11, 24, 12, 0, tzinfo=timezone.utc).timestamp()
NIGHT = datetime(2026, 11, 24, 3, 59, 59, tzinfo=timezone.utc).timestamp()


def call(provider: str = "openai", model: str | None = "gpt-4o", usage: Usage | None = None, *,
         response: str | None = None, tier: str | None = None, reported: float | None = None) -> Inference:  # fmt: skip
    return Inference(
        "chat", provider, model, response_model=response, usage=usage, service_tier=tier, reported_cost=reported
    )


def cost_of(inference: Inference, now: float = DAY) -> Cost | None:
    return Prices(now=lambda: now).price(inference)


def total(inference: Inference, now: float = DAY) -> float:
    cost = cost_of(inference, now)
    assert cost is not None
    return cost.total


def test_input_and_output_are_billed_at_their_own_prices() -> None:
    cost = cost_of(call(usage=Usage(MILLION, 2 * MILLION)))
    assert cost == Cost(22.5, 2.5, 20.0, source="local", currency="USD", table=source())


def test_the_amount_in_the_response_wins_and_the_local_one_stands_beside_it() -> None:
    cost = cost_of(call(usage=Usage(MILLION, MILLION), reported=0.25))
    assert cost == Cost(0.25, source="provider", local=12.5)


def test_an_amount_in_the_response_needs_no_usage_and_no_known_model() -> None:
    assert cost_of(call("unknown", None, reported=0.0)) == Cost(0.0, source="provider")


@pytest.mark.parametrize("reported", [-1.0, float("nan"), float("inf")])
def test_an_amount_in_the_response_that_is_none_is_passed_over(reported: float) -> None:
    assert cost_of(call(usage=Usage(MILLION), reported=reported)) == cost_of(call(usage=Usage(MILLION)))


def test_the_model_of_the_response_is_what_is_billed() -> None:
    usage = Usage(MILLION)
    assert total(call(model="gpt-4o", response="gpt-4o-mini-2024-07-18", usage=usage)) == 0.15


def test_the_model_of_the_request_is_billed_where_the_response_has_none_that_is_known() -> None:
    usage = Usage(MILLION)
    assert total(call(model="gpt-4o", usage=usage)) == 2.5
    assert total(call(model="gpt-4o", response="fp_44709d6fcb", usage=usage)) == 2.5


@pytest.mark.parametrize(
    "inference",
    [
        pytest.param(call(model="gpt-unheard-of", usage=Usage(1000, 10)), id="an unknown model"),
        pytest.param(call("unknown", usage=Usage(1000, 10)), id="an unknown provider of a known model"),
        pytest.param(call("ollama", usage=Usage(1000, 10)), id="a local server"),
        pytest.param(call(model=None, usage=Usage(1000, 10)), id="no model"),
        pytest.param(call(), id="no usage"),
        pytest.param(call(usage=Usage()), id="usage without tokens"),
        pytest.param(call(model="whisper-1", usage=Usage(1000, 10)), id="billed by the hour of audio"),
        pytest.param(call(usage=Usage(100, 10, cache_read=101)), id="more cached than there is"),
        pytest.param(call(usage=Usage(-5, 10)), id="a negative count"),
        pytest.param(call(usage=Usage(10, -1)), id="a negative count of output"),
        pytest.param(call(usage=Usage(10**400, 1)), id="a count beyond all bounds"),
        pytest.param(
            call(model="gpt-realtime", usage=Usage(100, 10, cache_read=50, input_audio=50, detailed=True)),
            id="cached audio that only one of both prices could tell",
        ),
    ],
)
def test_a_price_that_is_not_known_is_absent(inference: Inference) -> None:
    assert cost_of(inference) is None


def test_a_model_that_is_free_costs_nothing_rather_than_an_unknown_amount() -> None:
    assert total(call("gcp.gemini", "gemma-3", Usage(1000, 10))) == 0.0


def test_embeddings_have_no_output() -> None:
    assert cost_of(call(model="text-embedding-3-small", usage=Usage(MILLION))) == Cost(0.02, 0.02, 0.0, table=source())


def test_cached_input_is_billed_at_its_own_price_and_only_once() -> None:
    assert total(call(usage=Usage(MILLION, 0, cache_read=MILLION // 2))) == 1.25 + 0.625


def test_cached_input_costs_what_input_costs_where_it_has_no_price() -> None:
    usage, cached = Usage(MILLION), Usage(MILLION, cache_read=MILLION // 2)
    assert total(call(model="gpt-4", usage=cached)) == total(call(model="gpt-4", usage=usage))


def test_a_cache_write_for_an_hour_costs_twice_the_input() -> None:
    five_minutes = Usage(MILLION, 0, cache_write=MILLION)
    an_hour = Usage(MILLION, 0, cache_write=MILLION, cache_write_1h=MILLION, detailed=True)
    both = Usage(MILLION, 0, cache_write=MILLION, cache_write_1h=MILLION // 2, detailed=True)
    assert [total(call("anthropic", "claude-opus-5", usage)) for usage in (five_minutes, an_hour, both)] == [
        6.25, 10.0, 8.125,
    ]  # fmt: skip


def test_audio_is_billed_at_its_own_price() -> None:
    usage = Usage(2 * MILLION, MILLION, input_audio=MILLION, output_audio=MILLION, detailed=True)
    cost = cost_of(call(model="gpt-realtime", usage=usage))
    assert cost is not None
    assert (cost.input, cost.output) == (4.0 + 32.0, 64.0)


def test_speech_that_is_billed_by_time_costs_its_seconds() -> None:
    cost = cost_of(call(model="whisper-1", usage=Usage(audio_seconds=1800, detailed=True)))
    assert cost is not None
    assert (cost.total, cost.input) == pytest.approx((0.18, 0.18))


def test_seconds_cost_nothing_known_where_tokens_are_billed_nor_tokens_where_seconds_are() -> None:
    assert cost_of(call(model="gpt-4o", usage=Usage(audio_seconds=1800, detailed=True))) is None
    assert cost_of(call(model="whisper-1", usage=Usage(100, 10))) is None


def test_web_searches_are_billed_by_the_search_and_are_neither_input_nor_output() -> None:
    cost = cost_of(call("anthropic", "claude-opus-5", Usage(MILLION, 0, web_searches=100, detailed=True)))
    assert cost == Cost(6.0, 5.0, 0.0, table=source())


def test_a_long_context_raises_the_price_of_every_token() -> None:
    model = ("gcp.gemini", "gemini-2.5-pro")
    assert total(call(*model, Usage(200_000, 0))) == 0.25
    assert total(call(*model, Usage(200_001, 0))) == pytest.approx(200_001 * 2.5 / MILLION, rel=1e-12)


def test_the_service_tier_has_its_price_where_there_is_one() -> None:
    tiers = (None, "default", "flex", "priority")
    standard, default, flex, priority = (total(call(model="gpt-5.4", usage=Usage(1000), tier=tier)) for tier in tiers)
    assert flex < standard < priority
    assert default == standard


def test_what_the_standard_tier_would_have_cost_stands_beside_the_price_of_another() -> None:
    flex, standard = (cost_of(call(model="gpt-5.4", usage=Usage(1000, 10), tier=tier)) for tier in ("flex", None))
    assert flex is not None
    assert standard is not None
    assert (flex.standard, standard.standard) == (standard.total, None)


def test_what_a_call_would_have_cost_without_a_cache_stands_beside_what_it_did() -> None:
    uncached = total(call("anthropic", "claude-opus-5", Usage(MILLION, 1000)))
    for usage in (
        Usage(MILLION, 1000, cache_read=900_000),
        Usage(MILLION, 1000, cache_read=500_000, cache_write=200_000),
        Usage(MILLION, 1000, cache_write=900_000, cache_write_1h=900_000, detailed=True),
    ):
        cost = cost_of(call("anthropic", "claude-opus-5", usage))
        assert cost is not None
        assert cost.uncached == pytest.approx(uncached)


def test_beside_an_amount_in_the_response_too() -> None:
    inference = call("openai", "gpt-5.4", Usage(1000, 10, cache_read=900), tier="flex", reported=0.5)
    cost, local = cost_of(inference), cost_of(call("openai", "gpt-5.4", Usage(1000, 10, cache_read=900), tier="flex"))
    assert cost is not None
    assert local is not None
    assert (cost.total, cost.local) == (0.5, local.total)
    assert (cost.uncached, cost.standard) == (local.uncached, local.standard)


def test_where_nothing_was_cached_or_caching_changes_nothing_it_is_absent() -> None:
    for model, usage in (("gpt-4o", Usage(MILLION, 1000, cache_read=0)), ("gpt-4", Usage(MILLION, 1000, cache_read=9))):
        cost = cost_of(call(model=model, usage=usage))
        assert cost is not None
        assert cost.uncached is None


def test_decisions_have_a_price_list_of_their_own() -> None:
    as_text, as_decision = (total(call(model="gpt-6-luna", usage=Usage(0, MILLION), tier=tier))
                            for tier in (None, "decisions"))  # fmt: skip
    assert as_text > as_decision == 0


def test_the_host_in_the_name_of_a_model_has_the_price_at_hugging_face() -> None:
    usage = Usage(MILLION, 0)
    assert total(call("huggingface", "openai/gpt-oss-120b:cerebras", usage)) == 0.35
    assert cost_of(call("huggingface", "openai/gpt-oss-120b", usage)) is None
    assert cost_of(call("huggingface", "openai/gpt-oss-120b:nobody", usage)) is None


def test_what_is_billed_beside_a_call_is_in_its_total() -> None:
    inference = call("anthropic", "claude-opus-5", Usage(1000, 10, cache_read=500))
    alone = cost_of(inference)
    inference.additional = [(None, Usage(MILLION, 0)), ("claude-haiku-4-5", Usage(MILLION, 0))]
    cost = cost_of(inference)
    assert alone is not None
    assert cost is not None
    assert (cost.additional, cost.total) == (5.0 + 1.0, pytest.approx(alone.total + 6.0))
    assert alone.uncached is not None
    assert cost.uncached == pytest.approx(alone.uncached + 6.0)
    assert (cost.input, cost.output) == (alone.input, alone.output)


def test_where_a_part_of_it_has_no_price_there_is_none() -> None:
    inference = call("anthropic", "claude-opus-5", Usage(1000, 10))
    inference.additional = [("nobody-knows", Usage(1, 1))]
    assert cost_of(inference) is None


def test_a_service_tier_that_is_unheard_of_is_billed_as_standard() -> None:
    assert total(call(usage=Usage(MILLION), tier="scale")) == total(call(usage=Usage(MILLION)))


def test_a_price_that_changes_with_the_time_of_day_changes_in_a_running_process() -> None:
    clock = [NIGHT]
    prices = Prices(now=lambda: clock[0])
    inference = call("deepseek", "deepseek-v4-pro", Usage(MILLION))
    costs = []
    for clock[0] in (NIGHT, NIGHT, NIGHT + 1, NIGHT + 2 * 3600, NIGHT + 2 * 3600 + 1):
        cost = prices.price(inference)
        assert cost is not None
        costs.append(cost.total)
    assert costs == [1.32, 1.32, 0.66, 0.66, 1.32]


def test_names_that_callers_make_up_do_not_displace_the_prices_of_real_models() -> None:
    prices = Prices()
    for number in range(3000):
        assert prices.price(call("anthropic", f"made-up-{number}", Usage(1))) is None
    assert prices.price(call(usage=Usage(MILLION))) is not None


def test_prices_are_there_before_and_after_they_were_warmed() -> None:
    prices, inference = Prices(), call(usage=Usage(1000, 10))
    before = prices.price(inference)
    assert not prices.ready
    prices.warm()
    assert prices.ready
    assert prices.price(inference) == before


def test_no_file_is_read_before_warming_nor_by_the_first_call_after_it() -> None:
    script = """
import sys
from llmotel.model.inference import Inference, Usage
from llmotel.prices.calculator import Prices
opened = []
sys.addaudithook(lambda event, args: opened.append(args[0]) if event in ("open", "import") else None)
prices = Prices()
assert not opened, opened
prices.warm()
assert opened
opened.clear()
for provider, model in (("openai", "gpt-4o"), ("anthropic", "claude-opus-5"), ("azure.ai.openai", "gpt-4o"),
                        ("aws.bedrock", "anthropic.claude-opus-4-1-20250805-v1:0"), ("gcp.vertex_ai", "claude-opus-5")):
    assert prices.price(Inference("chat", provider, model, usage=Usage(1, 1))), provider
assert not opened, opened
"""
    subprocess.run([sys.executable, "-c", script], check=True, timeout=240)


counts = st.none() | st.integers() | st.integers(0, 1000)
usages = st.builds(Usage, **{name: counts for name in Usage.field_names if name != "detailed"},
                   detailed=st.booleans())  # fmt: skip
models = st.sampled_from([
    ("openai", "gpt-4o"), ("openai", "gpt-realtime"), ("openai", "gpt-5.4"), ("openai", "gpt-image-1"),
    ("anthropic", "claude-opus-5"), ("anthropic", "claude-haiku-5-5"), ("perplexity", "sonar-deep-research"),
    ("perplexity", "sonar"), ("gcp.gemini", "gemini-2.5-flash"), ("gcp.gemini", "gemma-3"),
])  # fmt: skip


@given(models, usages)
def test_no_usage_raises_or_costs_less_than_nothing(model: tuple[str, str], usage: Usage) -> None:
    cost = cost_of(call(*model, usage))
    assert cost is None or (cost.total >= 0 and cost.input is not None and cost.input >= 0)
    assert cost is None or cost.uncached is None or cost.uncached >= 0


@given(models, st.integers(0, 10**7), st.integers(0, 10**7), st.integers(0, 10**7), st.integers(0, 10**7))
def test_usage_costs_the_same_whether_or_not_it_is_marked_as_detailed(
    model: tuple[str, str], fresh: int, read: int, written: int, output: int
) -> None:
    usage = Usage(fresh + read + written, output, read, written)
    plain = cost_of(call(*model, usage))
    usage.detailed = True
    detailed = cost_of(call(*model, usage))
    assert plain is not None
    assert detailed is not None
    assert detailed.total == pytest.approx(plain.total, rel=1e-12)


# A user's own table


@pytest.fixture
def table(tmp_path: Path) -> Path:
    path = tmp_path / "prices.toml"
    path.write_text("""
[[price]]
provider = "OpenAI"
model = "gpt-5-Nano*"
input = 0.5
output = 4

[[price]]
model = "gpt-5*"
input = 1.0
output = 8.0
cache_read = 0.1
cache_write = 2.0
input_audio = 32.0
output_audio = 64.0
request = 0.01

[[price]]
model = "text-*"
input = 3
""")
    return path


def own(path: Path, inference: Inference) -> Cost | None:
    return Prices(load_user_table(path)).price(inference)


def test_a_users_price_comes_before_the_known_one(table: Path) -> None:
    cost = own(table, call(model="gpt-5-mini", usage=Usage(MILLION, MILLION)))
    assert cost == Cost(9.01, 1.0, 8.0, table="user")


def test_the_first_of_a_users_prices_that_matches_wins(table: Path) -> None:
    nano = call(model="gpt-5-nano-2025-08-07", usage=Usage(MILLION, MILLION))
    assert own(table, nano) == Cost(4.5, 0.5, 4.0, table="user")


def test_a_users_price_for_one_provider_is_not_for_others(table: Path) -> None:
    cost = own(table, call("azure.ai.openai", "gpt-5-nano", Usage(MILLION)))
    assert cost is not None
    assert cost.input == 1.0


def test_a_users_price_matches_the_model_of_the_response_or_of_the_request(table: Path) -> None:
    deployment = call("azure.ai.openai", "my-deployment", Usage(MILLION), response="gpt-5-2025-08-07")
    alias = call("openai", "gpt-5-mini", Usage(MILLION), response="ft:whatever")
    for inference in (deployment, alias):
        cost = own(table, inference)
        assert cost is not None
        assert (cost.input, cost.table) == (1.0, "user")


def test_a_users_price_covers_a_provider_that_has_none(table: Path) -> None:
    assert own(table, call("unknown", "gpt-5-at-home", Usage(MILLION))) is not None


def test_a_model_that_a_users_table_leaves_out_has_the_known_price(table: Path) -> None:
    assert own(table, call(usage=Usage(MILLION))) == cost_of(call(usage=Usage(MILLION)))


def test_the_amount_in_the_response_wins_over_a_users_price_too(table: Path) -> None:
    cost = own(table, call(model="gpt-5", usage=Usage(MILLION), reported=0.5))
    assert cost is not None
    assert (cost.total, cost.source) == (0.5, "provider")


def test_a_users_cache_and_audio_prices_hold(table: Path) -> None:
    cached = own(table, call(model="gpt-5", usage=Usage(3 * MILLION, 0, cache_read=MILLION, cache_write=MILLION)))
    audio = own(table, call(model="gpt-5", usage=Usage(MILLION, MILLION, input_audio=MILLION, output_audio=MILLION,
                                                       detailed=True)))  # fmt: skip
    assert cached is not None
    assert audio is not None
    assert (cached.input, audio.input, audio.output) == (1.0 + 0.1 + 2.0, 32.0, 64.0)


def test_what_has_no_price_of_its_own_in_a_users_table_costs_what_it_is_part_of(table: Path) -> None:
    usage = Usage(MILLION, 0, cache_read=1000, cache_write=1000, input_audio=1000, cache_write_1h=7, detailed=True)
    assert own(table, call(model="text-x", usage=usage)) == Cost(3.0, 3.0, 0.0, table="user")


@pytest.mark.parametrize(("text", "words"), [
    ("[[price]]\nmodel = 'm'\ninput = 'cheap'", ["[[price]] 1: input='cheap': ", "USD per million input tokens"]),
    ("[[price]]\nmodel = 'm'\ninput = -1", ["input=-1", "zero or more"]),
    ("[[price]]\nmodel = 'm'\ninput = true", ["input=True", "a number of USD"]),
    ("[[price]]\nmodel = 'm'\ninput = nan", ["input=nan", "a number of USD"]),
    ("[[price]]\nmodel = 'm'\nrequest = inf", ["request=inf", "per call"]),
    ("[[price]]\nmodel = 'm'\ninput = 1" + "0" * 400, ["input=1000", "a number of USD"]),
    ("[[price]]\nmodel = 'm'\ninput = 1\n[[price]]\nprompt = 1", ["[[price]] 2", "prompt=1", "input_audio"]),
    ("[[price]]\nmodel = 5\ninput = 1", ["model=5", "a text"]),
    ("[[price]]\nmodel = ''\ninput = 1", ["model=''", "a text"]),
    ("[[price]]\nprovider = ['openai']\nmodel = 'm'\ninput = 1", ["provider=['openai']", "a text"]),
    ("[[price]]\ninput = 1", ["model is missing", 'model = "gpt-5*"']),
    ("[[price]]\nmodel = 'm'\ncache_read = 1", ["no price", "at least one of input, output, audio_hour, request"]),
    ("[[prices]]\nmodel = 'm'\ninput = 1", ["prices: nothing but [[price]]"]),
    ("[price]\nmodel = 'm'\ninput = 1", ["[[price]] tables are accepted"]),
    ("price = [1]", ["[[price]] 1", "1: a table"]),
    ("[[price]\n", ["not TOML", "line 1"]),
])  # fmt: skip
def test_a_wrong_price_table_says_what_is_wrong_where_and_what_is_accepted(
    tmp_path: Path, text: str, words: list[str]
) -> None:
    path = tmp_path / "prices.toml"
    path.write_text(text)
    with pytest.raises(ConfigurationError) as raised:
        load_user_table(path)
    for word in (str(path), *words):
        assert word in str(raised.value)


def test_a_price_table_that_is_not_text_is_named(tmp_path: Path) -> None:
    path = tmp_path / "prices.toml"
    path.write_bytes(b"\xff\xfe")
    with pytest.raises(ConfigurationError, match=r"prices\.toml.*not TOML"):
        load_user_table(path)


@pytest.mark.parametrize("name", ["missing.toml", "."])
def test_a_price_table_that_cannot_be_read_is_named(tmp_path: Path, name: str) -> None:
    with pytest.raises(ConfigurationError, match=r"cannot be read .*; give the path of a TOML file"):
        load_user_table(tmp_path / name)


def test_a_price_table_without_prices_changes_nothing(tmp_path: Path) -> None:
    (tmp_path / "empty.toml").write_text("# nothing yet\n")
    assert own(tmp_path / "empty.toml", call(usage=Usage(MILLION))) == cost_of(call(usage=Usage(MILLION)))
