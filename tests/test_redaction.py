"""Redaction: what counts as a secret, what does not, and what a redaction of the user's own may do wrong."""

from __future__ import annotations

import json
from datetime import datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmotel.content.redaction import KINDS, Redactor
from llmotel.errors import ConfigurationError

TAIL = "aB3dE6gH9jK2mN5pQ8sT1vW4"  # the random part of a made-up key
API_KEYS = {
    "openai": f"sk-{TAIL}",
    "openai without digits": "sk-abcdefghijklmnopqrstuvwx",
    "openai project": f"sk-proj-{TAIL}_{TAIL}-x",
    "anthropic": f"sk-ant-api03-{TAIL}-{TAIL}",
    "openrouter": f"sk-or-v1-{TAIL.lower()}",
    "groq": f"gsk_{TAIL}",
    "xai": f"xai-{TAIL}",
    "perplexity": f"pplx-{TAIL}",
    "hugging face": f"hf_{TAIL}",
    "aws": "AKIA" + TAIL[:16].upper(),
    "aws temporary": "ASIA" + TAIL[:16].upper(),
    "google": f"AIzaSy{TAIL}_{TAIL[:8]}",
    "github personal": f"ghp_{TAIL}{TAIL[:12]}",
    "github oauth": f"gho_{TAIL}{TAIL[:12]}",
    "github fine-grained": f"github_pat_{TAIL}_{TAIL}",
    "slack bot": f"xoxb-123456789012-{TAIL}",
    "slack user": f"xoxp-123456789012-{TAIL}",
    "stripe": f"sk_live_{TAIL}",
}
CARDS = [
    "4111111111111111",  # the issuers' published test numbers
    "4012 8888 8888 1881",
    "5555-5555-5555-4444",
    "2223 0031 2200 3222",
    "378282246310005",
    "3782 822463 10005",
    "6011-1111-1111-1117",
    "30569309025904",
    "3530 1113 3330 0000",
    "4222222222222",
    "6304000000000000",
    "4000000000000000006",
]
ALL = Redactor(KINDS)


@pytest.mark.parametrize("key", API_KEYS.values(), ids=API_KEYS)
def test_an_api_key_is_replaced_wherever_it_stands(key: str) -> None:
    assert ALL.text(f"use {key}, please") == "use [REDACTED:api_keys], please"
    assert ALL.text(key) == "[REDACTED:api_keys]"
    assert ALL.text(f"first line\n{key}\nlast line") == "first line\n[REDACTED:api_keys]\nlast line"


@pytest.mark.parametrize(
    ("text", "redacted"),
    [
        ("api_key=abc12345", "api_key=[REDACTED:api_keys]"),
        ("OPENAI_API_KEY: 'abcd-1234-efgh'", "OPENAI_API_KEY: '[REDACTED:api_keys]'"),
        ('{"secret_key": "s3cr3t/value+x"}', '{"secret_key": "[REDACTED:api_keys]"}'),
        (r"{\"api_key\": \"abc1234567\"}", r"{\"api_key\": \"[REDACTED:api_keys]\"}"),
        ("https://example.com/?a=1&key=abcdef1234567890&b=2", "https://example.com/?a=1&key=[REDACTED:api_keys]&b=2"),
        ("client_secret=9f8e7d6c5b and access_token = zyx98765", "client_secret=[REDACTED:api_keys] and "
         "access_token = [REDACTED:api_keys]"),
        ("password: correct-horse-1", "password: [REDACTED:api_keys]"),
    ],
)  # fmt: skip
def test_what_is_assigned_to_a_secret_name_is_replaced_and_the_name_stays(text: str, redacted: str) -> None:
    assert ALL.text(text) == redacted


def test_the_value_of_an_object_key_is_as_secret_as_an_assignment() -> None:
    assert ALL.subn("abc12345", name="api_key") == ("[REDACTED:api_keys]", 1)
    assert ALL.subn("abc12345", name="city") == ("abc12345", 0)
    assert ALL.subn("the key of the account", name="api_key") == ("the key of the account", 0)


@pytest.mark.parametrize(
    ("text", "redacted"),
    [
        ("Authorization: Bearer abc.def-12345", "Authorization: Bearer [REDACTED:bearer]"),
        ("authorization: bearer abcdefghijklmnopqrstuvwxyz", "authorization: bearer [REDACTED:bearer]"),
        ("token eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.c2lnbmF0dXJl!", "token [REDACTED:bearer]!"),
        (f"Bearer sk-{TAIL}", "Bearer [REDACTED:api_keys]"),
    ],
)
def test_a_bearer_token_is_replaced(text: str, redacted: str) -> None:
    assert ALL.text(text) == redacted


@pytest.mark.parametrize(
    "address", ["bob@example.com", "b.o-b+tag%x@mail.example.co.uk", "jörg@bücher.de", "a@b.cd", "X_1@EXAMPLE.ORG"]
)
def test_an_email_address_is_replaced(address: str) -> None:
    assert ALL.text(f"Write to <{address}>, or mailto:{address}.") == (
        "Write to <[REDACTED:email]>, or mailto:[REDACTED:email]."
    )


@pytest.mark.parametrize("number", CARDS)
def test_a_card_number_is_replaced(number: str) -> None:
    assert ALL.text(f"card {number}, exp 12/28") == "card [REDACTED:card], exp 12/28"


@pytest.mark.parametrize("context", ["12 {}", "2024 {}", "{} 123", "{} 2025", "1234-{}-99", "{}, {}"])
def test_digits_beside_a_card_number_do_not_hide_it(context: str) -> None:
    number = "4111 1111 1111 1111"
    assert ALL.text(context.replace("{}", number)) == context.replace("{}", "[REDACTED:card]")


def test_cards_in_a_row_are_all_replaced() -> None:
    row = "4111 1111 1111 1111 5555 5555 5555 4444 4012 8888 8888 1881"
    assert ALL.text(row) == "[REDACTED:card] [REDACTED:card] [REDACTED:card]"
    assert ALL.text(f"{row} 2027") == "[REDACTED:card] [REDACTED:card] [REDACTED:card] 2027"


@pytest.mark.parametrize(
    "row",
    [
        "1203 4111 1111 1111 1111 9921 4410 2231",
        "4111 1111 1111 1111 1203 9921 4410 2231",
        "9921 4410 2231 1203 4111 1111 1111 1111",
        "9921-4410-4111-1111-1111-1111",
        "1203 9921 4111 1111 1111 1111 4410 2231 7702 6655 4321 8765",
    ],
)
def test_a_row_of_four_digit_numbers_holds_no_card(row: str) -> None:
    assert ALL.text(row) == row
    assert ALL.text(f"| {row} |\n| {row} |") == f"| {row} |\n| {row} |"


@pytest.mark.parametrize(
    "text", ["411 1111 1111 11111", "41 111111 11111111", "411111 11 11111111", "4111 11111111 1111"]
)
def test_groups_that_no_card_has_are_no_card(text: str) -> None:
    assert ALL.text(text) == text


@pytest.mark.parametrize(
    "text",
    [
        "4111111111111112",  # Luhn's check fails
        "1760000000000 and 1760000000123456 and 1760000000123456789",  # seconds since 1970 in ms, us and ns
        "2026-09-30 12:34:56.789012, 20260930123456",
        "550e8400-e29b-41d4-a716-446655440000",
        "req_4111111111111111, 4111111111111111ab, 0.4111111111111111, 4111111111111111.5",
        "41111111111111111111111",  # too long
        "chatcmpl-BxYz0123456789abcdefghijk",
        "task-oriented-dialogue-systems and risk-2024-planning-documents",
        "the bearer certificates of the bearer",
        "pip install pkg@1.2.3; @app.route; user@localhost; a @ b.com",
        "max_tokens=10000000, api_key=os.environ['KEY'], api_key=settings.openai_api_key, my api keys",
        "sk-short, AKIA, ghp_, Bearer 1234567",
    ],
)
def test_ordinary_text_and_ids_stay_as_they_are(text: str) -> None:
    assert ALL.subn(text) == (text, 0)


@given(st.datetimes(datetime(2000, 1, 1), datetime(2033, 5, 1)), st.sampled_from([1, 1000, 1000_000, 1000_000_000]))
def test_no_timestamp_is_taken_for_a_card_number(moment: datetime, per_second: int) -> None:
    elapsed = moment.replace(tzinfo=timezone.utc) - datetime(1970, 1, 1, tzinfo=timezone.utc)
    stamp = str(elapsed // timedelta(microseconds=1) * per_second // 1000_000)
    for text in (stamp, moment.isoformat(), moment.strftime("%Y%m%d%H%M%S"), moment.strftime("%Y-%m-%d-%H-%M-%S-%f")):
        assert ALL.text(text) == text


@given(st.uuids(version=4))
def test_no_uuid_is_taken_for_a_secret(identity: object) -> None:
    assert ALL.text(f"id {identity}") == f"id {identity}"


def test_only_the_chosen_kinds_are_replaced() -> None:
    text = f"bob@example.com 4111111111111111 sk-{TAIL} Bearer {TAIL}"
    assert Redactor(["email"]).text(text) == text.replace("bob@example.com", "[REDACTED:email]")
    assert Redactor(["card"]).text(text) == text.replace("4111111111111111", "[REDACTED:card]")
    assert Redactor([]).text(text) == text


def test_an_unknown_kind_is_a_clear_error() -> None:
    with pytest.raises(ConfigurationError, match="LLMOTEL_REDACT='emails': use a comma list of api_keys, bearer, "):
        Redactor(["card", "emails"])


def test_redactions_are_counted() -> None:
    assert ALL.subn("a@b.com, c@d.com and 4111111111111111") == (
        "[REDACTED:email], [REDACTED:email] and [REDACTED:card]", 3,
    )  # fmt: skip


def test_redaction_of_redacted_text_changes_nothing() -> None:
    text = ALL.text(f"api_key={TAIL} Bearer {TAIL} sk-{TAIL} a@b.com 4111111111111111 password: abc12345")
    assert ALL.subn(text) == (text, 0)


def test_a_custom_redaction_sees_what_the_built_in_one_left() -> None:
    seen: list[str] = []

    def custom(text: str) -> str:
        seen.append(text)
        return text.replace("Alice", "[NAME]")

    assert Redactor(KINDS, custom).subn("Alice, a@b.com") == ("[NAME], [REDACTED:email]", 2)
    assert seen == ["Alice, [REDACTED:email]"]


def test_a_custom_redaction_that_raises_lets_nothing_through() -> None:
    errors: list[Exception] = []

    def custom(text: str) -> str:
        raise LookupError(text)

    assert Redactor((), custom, on_error=errors.append).text("the prompt") == "[REDACTED:error]"
    assert [type(error) for error in errors] == [LookupError]


@pytest.mark.parametrize("returned", [None, b"bytes", 7])
def test_a_custom_redaction_that_returns_no_string_lets_nothing_through(returned: object) -> None:
    errors: list[Exception] = []
    redactor = Redactor((), lambda text: returned, on_error=errors.append)  # type: ignore[arg-type, return-value]
    assert redactor.text("the prompt") == "[REDACTED:error]"
    assert [str(error) for error in errors] == [f"the redaction callable returned {type(returned).__name__}, not str"]


def test_a_custom_redaction_has_to_see_every_document() -> None:
    assert Redactor((), str.upper).may_contain_secret("{}")
    assert not Redactor(()).may_contain_secret('{"mail": "a@b.com"}')


SECRETS = st.sampled_from(
    [*API_KEYS.values(), *CARDS, "bob@example.com", f"Bearer {TAIL}", "eyJhbGciOiJI.eyJzdWIiOiIx.c2ln"]
)


@given(before=st.text(max_size=20), secret=SECRETS, after=st.text(max_size=20))
def test_whatever_is_redacted_in_a_text_is_suspected_in_its_json(before: str, secret: str, after: str) -> None:
    text = before + secret + after
    if ALL.text(text) != text:
        for value in (text, [text], {"key": [text, "x"]}, {text: 1}):
            assert ALL.may_contain_secret(json.dumps(value, ensure_ascii=False))


@given(before=st.text(max_size=20), secret=SECRETS, after=st.text(max_size=20))
def test_a_secret_between_spaces_never_survives(before: str, secret: str, after: str) -> None:
    assert secret not in ALL.text(f"{before}; {secret}; {after}")


@pytest.mark.parametrize(
    "unit", ["a", "a@", "a@b.", "a.", "sk-", "api_key=", "key=", "eyJ", "bearer ", "Bearer 1 ", "1", "4111", "xox"]
)
def test_a_long_text_of_near_misses_is_searched_in_linear_time(unit: str) -> None:
    # Quadratic time would exceed the suite's timeout by far: nothing is measured here.
    text = unit * (1_000_000 // len(unit))
    assert ALL.text(f"{text} a@b.com").endswith(" [REDACTED:email]")
