"""The content policy: modes, sampling, size, redaction, hooks, and content that is no JSON at all."""

from __future__ import annotations

import copy
import json
import sys
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from enum import Enum
from importlib.metadata import EntryPoint, EntryPoints
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmotel.config.config import Config
from llmotel.content import truncation
from llmotel.content.message_cache import MAX_BYTES, key_of
from llmotel.content.policy import INPUT, OUTPUT, SYSTEM, TOOLS, ContentPolicy, load_hook
from llmotel.content.redaction import KINDS, Redactor
from llmotel.content.sanitizer import JsonSanitizer
from llmotel.content.weight import DEPTH
from llmotel.errors import ConfigurationError
from llmotel.model.inference import Inference, Message
from llmotel.model.json_text import JsonText, resolved

SECRET = "sk-" + "a1B2c3D4" * 4


def text(content: object) -> dict[str, Any]:
    return {"type": "text", "content": content}


def message(role: str, *parts: object) -> Message:
    return {"role": role, "parts": list(parts)}


def chat(*messages: Message) -> Inference:
    return Inference("chat", "openai", input=list(messages))


def rendered_input(inference: Inference, **policy: Any) -> Any:
    """The input messages as the span has them, decoded."""
    value = ContentPolicy(mode="SPAN_ONLY", **policy).render(inference, failed=False).span[INPUT]
    assert isinstance(value, str)
    assert len(value.encode()) <= policy.get("max_bytes", 65536)
    return json.loads(value)


@pytest.fixture
def inference() -> Inference:
    return Inference(
        "chat",
        "openai",
        system=[text("Be brief.")],
        input=[message("user", text("Wo liegt Zürich? 🏔"))],
        output=[{**message("assistant", text("In der Schweiz.")), "finish_reason": "stop"}],
        tools=[{"type": "function", "name": "find", "description": "Finds.", "parameters": {"type": "object"}}],
    )


# Where content goes


@pytest.mark.parametrize(
    ("mode", "on_span", "on_event"),
    [
        ("NO_CONTENT", False, False),
        ("SPAN_ONLY", True, False),
        ("EVENT_ONLY", False, True),
        ("SPAN_AND_EVENT", True, True),
    ],
)
def test_the_mode_says_where_content_goes(inference: Inference, mode: str, on_span: bool, on_event: bool) -> None:
    policy = ContentPolicy(mode=mode)
    rendered = policy.render(inference, failed=False)
    assert policy.captures is (on_span or on_event)
    assert bool(rendered.span) is on_span
    assert bool(rendered.event) is on_event


def test_a_span_gets_one_json_string_per_name_and_an_event_the_same_structured(inference: Inference) -> None:
    rendered = ContentPolicy(mode="SPAN_AND_EVENT").render(inference, failed=False)
    assert rendered.span == {
        SYSTEM: '[{"type":"text","content":"Be brief."}]',
        INPUT: '[{"role":"user","parts":[{"type":"text","content":"Wo liegt Zürich? 🏔"}]}]',
        OUTPUT: '[{"role":"assistant","parts":[{"type":"text","content":"In der Schweiz."}],"finish_reason":"stop"}]',
        TOOLS: '[{"type":"function","name":"find"}]',
    }
    assert rendered.event == {name: json.loads(str(value)) for name, value in rendered.span.items()}
    assert (rendered.truncated_bytes, rendered.redactions) == (0, 0)


def test_what_a_call_does_not_have_has_no_attribute() -> None:
    assert list(ContentPolicy(mode="SPAN_ONLY").render(chat(message("user", text("hi"))), failed=False).span) == [INPUT]
    assert ContentPolicy(mode="SPAN_ONLY").render(Inference("chat", "openai", input=[]), failed=False).span == {}


def test_tool_descriptions_and_schemas_are_recorded_only_when_asked_for(inference: Inference) -> None:
    rendered = ContentPolicy(mode="EVENT_ONLY", tool_schemas=True).render(inference, failed=False)
    assert rendered.event[TOOLS] == inference.tools


def test_rendering_leaves_the_call_as_it_was() -> None:
    inference = chat(message("user", text(f"key {SECRET}"), {"type": "blob", "modality": "image", "content": "AAAA"}))
    before = copy.deepcopy(inference)
    ContentPolicy(mode="SPAN_AND_EVENT", max_bytes=128, redactor=Redactor(KINDS)).render(inference, failed=False)
    assert inference == before


@pytest.mark.parametrize("mode", ["", "true", "span_only", "ALL"])
def test_an_unknown_mode_is_a_clear_error(mode: str) -> None:
    with pytest.raises(ConfigurationError, match=r"CAPTURE_MESSAGE_CONTENT=.*: use NO_CONTENT, SPAN_ONLY"):
        ContentPolicy(mode=mode)


def test_a_size_in_which_nothing_fits_is_a_clear_error() -> None:
    with pytest.raises(ConfigurationError, match="LLMOTEL_CONTENT_MAX_BYTES=10: use 64 or more"):
        ContentPolicy(max_bytes=10)


# Sampling


def test_a_ratio_keeps_content_of_that_share_of_successful_calls() -> None:
    policy = ContentPolicy(mode="SPAN_ONLY", sample_ratio=0.25)
    assert [policy.keeps(failed=False, draw=draw) for draw in (0.0, 0.24, 0.25, 0.99)] == [True, True, False, False]


def test_failed_calls_always_keep_their_content(inference: Inference) -> None:
    policy = ContentPolicy(mode="SPAN_ONLY", sample_ratio=0.0)
    assert policy.keeps(failed=True, draw=0.99)
    assert policy.render(inference, failed=True).span
    assert not policy.render(inference, failed=False).span


def test_nothing_is_kept_where_nothing_is_captured() -> None:
    assert not ContentPolicy().keeps(failed=True)


# Redaction


def test_secrets_are_redacted_and_counted(inference: Inference) -> None:
    inference.system = [text(f"The key is {SECRET}.")]
    inference.output = [message("assistant", {"type": "tool_call", "name": "mail", "arguments": {"to": "a@b.com"}})]
    rendered = ContentPolicy(mode="SPAN_AND_EVENT", redactor=Redactor(KINDS)).render(inference, failed=False)
    assert rendered.span[SYSTEM] == '[{"type":"text","content":"The key is [REDACTED:api_keys]."}]'
    assert rendered.event[OUTPUT][0]["parts"][0]["arguments"] == {"to": "[REDACTED:email]"}
    assert rendered.redactions == 2


@pytest.mark.parametrize(
    ("arguments", "redacted"),
    [
        ({"a@b.com": 1}, {"[REDACTED:email]": 1}),
        ({"api_key": "abc12345", "city": "abc12345"}, {"api_key": "[REDACTED:api_keys]", "city": "abc12345"}),
        ({"card": 4111111111111111, "id": 4111111111111112}, {"card": "[REDACTED:card]", "id": 4111111111111112}),
        ([["\x00" + SECRET], ("\n" + SECRET,)], [["\x00[REDACTED:api_keys]"], ["\n[REDACTED:api_keys]"]]),
        ('{"password": "hunter2-hunter2"}', '{"password": "[REDACTED:api_keys]"}'),
    ],
)
def test_secrets_are_found_in_keys_numbers_and_nested_values(arguments: object, redacted: object) -> None:
    call = chat(message("assistant", {"type": "tool_call", "name": "pay", "arguments": arguments}))
    assert rendered_input(call, redactor=Redactor(KINDS))[0]["parts"][0]["arguments"] == redacted


def test_redaction_comes_before_truncation() -> None:
    # Cut at the limit, the key would be too short to be recognised.
    for padding in range(60, 160):
        call = chat(message("user", text("x" * padding + f" {SECRET} " + "y" * 500)))
        assert "sk-a1" not in json.dumps(rendered_input(call, redactor=Redactor(KINDS), max_bytes=256))


@pytest.mark.parametrize("secret", [SECRET, "bob@example.com", "4111 1111 1111 1111", "Bearer " + "a1b2c3d4" * 3])
def test_a_text_far_over_the_limit_is_not_cut_through_a_secret(secret: str) -> None:
    address = (
        f"first.last.{'x' * 60}@department.example.com "  # redacted, they let what is behind the cut come into view
    )
    for padding in range(10, 400):
        addresses = address * 6 if padding % 2 else address
        call = chat(message("user", text(addresses + "x" * padding + f" {secret} " + "y" * 5000)))
        shown = rendered_input(call, redactor=Redactor(KINDS), max_bytes=256)[0]["parts"][0]["content"]
        assert not any(secret[:length] in shown for length in range(8, len(secret)))


@pytest.mark.parametrize("secret", [SECRET, "bob@example.com", "4111 1111 1111 1111", "Bearer " + "a1b2c3d4" * 3])
def test_what_is_redacted_before_a_cut_brings_nothing_from_behind_it_into_view(secret: str) -> None:
    said = f"{'first.last@department.example.com ' * 10}{secret} and more"
    for length in range(len(said)):
        head, _ = JsonSanitizer(Redactor(KINDS)).head(said, length)
        assert not any(secret[:size] in head for size in range(8, len(secret)))


def test_a_custom_redaction_gets_every_string_but_the_words_of_the_conventions() -> None:
    seen: list[str] = []

    def custom(value: str) -> str:
        seen.append(value)
        return value.upper()

    call = chat(message("user", text("hello"), {"type": "tool_call", "name": "find", "arguments": {"type": "secret"}}))
    shown = rendered_input(call, redactor=Redactor((), custom))
    assert seen == ["hello", "find", "secret"]
    assert shown[0]["role"] == "user"
    assert shown[0]["parts"] == [text("HELLO"), {"type": "tool_call", "name": "FIND", "arguments": {"type": "SECRET"}}]


def test_a_custom_redaction_that_raises_lets_no_content_through() -> None:
    errors: list[Exception] = []
    redactor = Redactor((), lambda value: value[99999], on_error=errors.append)
    assert rendered_input(chat(message("user", text("the prompt"))), redactor=redactor) == [
        message("user", text("[REDACTED:error]"))
    ]
    assert [type(error) for error in errors] == [IndexError]


def test_what_a_custom_redaction_returns_is_bounded_and_made_encodable_too() -> None:
    redactor = Redactor((), lambda value: "\udead" + value * 1000)
    content = rendered_input(chat(message("user", text("hi"))), redactor=redactor, max_bytes=256)
    assert content[0]["parts"][0]["content"].startswith("?hihihi")


def test_the_text_of_an_error_is_redacted_and_bounded() -> None:
    policy = ContentPolicy(mode="SPAN_ONLY", max_bytes=128, redactor=Redactor(KINDS))
    assert policy.text("no account a@b.com") == "no account [REDACTED:email]"
    assert len(policy.text("ü" * 1000).encode()) <= 128


def test_the_text_of_an_error_is_empty_where_content_is_not_recorded() -> None:
    assert ContentPolicy().text("you said: the prompt") == ""
    assert ContentPolicy(hook=lambda **_: None).text("you said: the prompt") == ""


# Size


def test_the_longest_strings_are_shortened_first_and_say_how_much_is_missing() -> None:
    call = chat(message("user", text("short")), message("user", text("a" * 5000)), message("user", text("b" * 200)))
    shown = rendered_input(call, max_bytes=1024)
    assert shown[0] == message("user", text("short"))
    assert shown[2] == message("user", text("b" * 200))
    head, _, note = shown[1]["parts"][0]["content"].partition("…")
    assert note == f"[truncated {5000 - len(head)} bytes]"
    assert head == "a" * len(head)
    assert len(head) > 500


def test_what_is_left_out_is_counted_in_bytes() -> None:
    call = chat(message("user", text("ä" * 5000)))
    rendered = ContentPolicy(mode="SPAN_ONLY", max_bytes=1024).render(call, failed=False)
    assert rendered.truncated_bytes == pytest.approx(10_000 - 1024, abs=100)


def test_then_messages_are_left_out_from_the_middle() -> None:
    call = chat(*(message("user", text(f"message {number}")) for number in range(100)))
    numbers = [int(item["parts"][0]["content"].split()[1]) for item in rendered_input(call, max_bytes=1024)]
    half = len(numbers) // 2
    assert 10 < len(numbers) < 20
    assert numbers[: half + 1] == list(range(half + 1)) or numbers[:half] == list(range(half))
    assert numbers[-half:] == list(range(100 - half, 100))


def test_identity_survives_longest() -> None:
    call = chat(
        message(
            "assistant",
            {"arguments": {f"argument {n}": n for n in range(500)}, "type": "tool_call", "name": "pay", "id": "call_1"},
        )
    )
    shown = rendered_input(call, max_bytes=128)
    assert shown[0]["role"] == "assistant"
    assert shown[0]["parts"][0].items() >= {"type": "tool_call", "name": "pay", "id": "call_1"}.items()


def test_names_are_not_shortened_with_the_texts_around_them() -> None:
    name = "a_tool_with_a_long_name_" * 4
    call = chat(*(message("tool", {**text("x" * 90), "name": name}) for _ in range(9)))
    size = len(json.dumps(call.input, separators=(",", ":")))
    shown = rendered_input(call, max_bytes=size - 100)
    assert {part["name"] for item in shown for part in item["parts"]} == {name}
    assert {part["content"] for item in shown for part in item["parts"]} != {"x" * 90}


def test_text_that_needs_escapes_stays_within_the_limit() -> None:
    shown = rendered_input(chat(message("user", text('\x00\n"\\' * 1000))), max_bytes=256)
    head, _, note = shown[0]["parts"][0]["content"].partition("…")
    assert ('\x00\n"\\' * 1000).startswith(head)
    assert note == f"[truncated {4000 - len(head)} bytes]"


def test_a_value_that_just_fits_is_not_touched() -> None:
    call = chat(message("user", text("é" * 100)))
    size = len(json.dumps(call.input, ensure_ascii=False, separators=(",", ":")).encode())
    assert rendered_input(call, max_bytes=size) == call.input
    assert rendered_input(call, max_bytes=size - 1) != call.input


def test_a_long_conversation_keeps_its_last_messages() -> None:
    big = message("tool", {"type": "tool_call_response", "response": [[n] * 20 for n in range(20_000)]})
    shown = rendered_input(chat(message("user", text("first")), big, big, message("user", text("last"))))
    assert shown[0] == message("user", text("first"))
    assert shown[-1] == message("user", text("last"))


def test_a_long_list_keeps_both_ends() -> None:
    numbers = {"type": "tool_call_response", "response": list(range(100_000))}
    shown = rendered_input(chat(message("tool", numbers)), max_bytes=4096)[0]["parts"][0]["response"]
    assert shown[:100] == list(range(100))
    assert shown[-100:] == list(range(99_900, 100_000))


@pytest.mark.parametrize(
    "content",
    ["word " * 2_000_000, "\x00" * 2_000_000, [1.5] * 1_000_000, [[n] * 100 for n in range(20_000)],
     {str(n): {"n": n} for n in range(200_000)}, ["a@b.com"] * 500_000, ["x" * 100_000] * 100],
    ids=["one text", "escapes", "numbers", "lists", "objects", "secrets", "texts"],
)  # fmt: skip
def test_megabytes_are_rendered_in_linear_time(content: object) -> None:
    # Quadratic work would exceed the suite's timeout by far: nothing is measured here.
    response = message("tool", {"type": "tool_call_response", "id": "call_1", "response": content})
    shown = rendered_input(chat(response), redactor=Redactor(KINDS))
    assert shown[0]["role"] == "tool"
    assert shown[0]["parts"][0]["id"] == "call_1"


KB = "The quick brown fox jumps over the lazy dog, and then rests. " * 16
HISTORY = [message("user", text(f"{number} {KB}")) for number in range(1000)]
ROWS = [{"id": number, "name": f"row {number}", "share": number / 2} for number in range(20_000)]
RESPONSE = message("tool", {"type": "tool_call_response", "id": "call_1", "response": ROWS})
LARGE = {
    "a history": HISTORY,
    "a history that is not ASCII": [message("user", text(f"{number} {'größer' * 150}")) for number in range(1000)],
    "a prompt": [message("user", text(KB * 200))],
    "a prompt that needs escapes": [message("user", text('{"a":"b"}\n' * 20_000))],
    "rows": [RESPONSE],
    "rows behind a history": [*HISTORY, RESPONSE],
    "tool calls": [
        message(
            "assistant",
            {"type": "tool_call", "id": f"call_{n}", "name": "f", "arguments": JsonText(json.dumps(ROWS[n]))},
        )
        for n in range(10_000)
    ],
    "arguments": [
        message("assistant", {"type": "tool_call", "arguments": JsonText(json.dumps(ROWS, separators=(",", ":")))})
    ],
    "objects of objects": [message("tool", {"type": "x", "response": {str(row["id"]): row for row in ROWS}})],
}


@pytest.fixture
def encoded(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The lengths of the JSON texts that were encoded, by whichever module."""
    lengths: list[int] = []

    class Counted(json.JSONEncoder):
        def encode(self, o: Any) -> str:
            made = super().encode(o)
            lengths.append(len(made))
            return made

    original = truncation.encode
    counting = Counted(
        ensure_ascii=False, allow_nan=False, separators=(",", ":"), default=original.__self__.default
    ).encode
    for name, module in list(sys.modules.items()):
        if name.startswith("llmotel.content.") and getattr(module, "encode", None) is original:
            monkeypatch.setattr(module, "encode", counting)
    return lengths


@pytest.mark.parametrize("content", LARGE.values(), ids=LARGE)
def test_no_more_is_encoded_than_could_be_kept(content: list[Message], encoded: list[int]) -> None:
    shown = ContentPolicy(mode="SPAN_ONLY", redactor=Redactor(KINDS)).render(chat(*content), failed=False).span[INPUT]
    assert 60_000 < len(str(shown).encode()) <= 65_536
    assert 45_000 < sum(encoded) < 2 * 65_536


@pytest.mark.parametrize("content", LARGE.values(), ids=LARGE)
def test_no_more_is_redacted_than_could_be_kept_and_a_margin(content: list[Message]) -> None:
    seen: list[int] = []

    def custom(value: str) -> str:
        seen.append(len(value))
        return value

    rendered_input(chat(*content), redactor=Redactor((), custom))
    assert sum(seen) < 2 * 65_536


@pytest.mark.parametrize("content", LARGE.values(), ids=LARGE)
def test_what_is_left_out_is_counted_whatever_it_is(content: list[Message]) -> None:
    rendered = ContentPolicy(mode="SPAN_ONLY").render(chat(*content), failed=False)
    whole = json.dumps(resolved(content), ensure_ascii=False, separators=(",", ":"))
    kept = str(rendered.span[INPUT])
    missing = len(whole.encode()) - whole.count("\\") - len(kept.encode()) + kept.count("\\")
    assert rendered.truncated_bytes == pytest.approx(missing, rel=0.06)


def test_of_a_long_history_both_ends_are_kept_word_for_word() -> None:
    shown = rendered_input(chat(*HISTORY))
    assert len(shown) > 60
    assert shown[:30] == HISTORY[:30]
    assert shown[-30:] == HISTORY[-30:]


def test_a_large_result_takes_the_room_that_the_messages_around_it_leave() -> None:
    first, last = message("user", text("first")), message("user", text("last"))
    shown = rendered_input(chat(first, RESPONSE, last))
    assert (shown[0], shown[-1]) == (first, last)
    rows = shown[1]["parts"][0]["response"]
    assert len(rows) > 1000
    assert rows[:500] == ROWS[:500]
    assert rows[-500:] == ROWS[-500:]


@pytest.mark.parametrize("secret", [SECRET, "bob@example.com", "4111 1111 1111 1111", "Bearer " + "a1b2c3d4" * 3])
@pytest.mark.parametrize("around", ["。", "漢字。", "word ", '"', "x."])
def test_no_cut_goes_through_a_secret_whatever_is_around_it(secret: str, around: str) -> None:
    for padding in range(130, 260):
        before = (around * padding)[:padding] + ("" if around[-1] == "。" else " ")
        call = chat(message("user", text(f"{before}{secret} {around * 500}")))
        shown = str(rendered_input(call, redactor=Redactor(KINDS), max_bytes=256))
        assert not any(secret[:length] in shown for length in range(8, len(secret)))


def test_a_long_value_of_a_secret_name_is_redacted_as_a_short_one() -> None:
    call = chat(message("user", {"type": "tool_call", "arguments": {"private_key": "a1B2c3D4" * 1000}}))
    shown = rendered_input(call, redactor=Redactor(KINDS), max_bytes=512)
    assert shown[0]["parts"][0]["arguments"] == {"private_key": "[REDACTED:api_keys]"}


# Arguments that came as JSON text


@pytest.mark.parametrize(
    ("sent", "shown"),
    [
        ('{"place": "Paris"}', {"place": "Paris"}),
        ('{"place": "Par', '{"place": "Par'),
        ("", ""),
        ('{"mail": "a@b.com", "n": NaN}', {"mail": "[REDACTED:email]", "n": "nan"}),
        ('{"type": "blob", "content": "AAAA"}', {"type": "blob", "size": 3}),
    ],
)
def test_arguments_are_recorded_as_the_structure_that_their_text_holds(sent: str, shown: object) -> None:
    call = {"type": "tool_call", "id": "call_1", "name": "find", "arguments": JsonText(sent)}
    hook = Keeper()
    policy = ContentPolicy(mode="SPAN_AND_EVENT", hook=None, redactor=Redactor(KINDS))
    rendered = policy.render(chat(message("assistant", call)), failed=False)
    assert json.loads(str(rendered.span[INPUT]))[0]["parts"][0]["arguments"] == shown
    assert rendered.event[INPUT][0]["parts"][0]["arguments"] == shown
    ContentPolicy(hook=hook, redactor=Redactor(KINDS)).render(chat(message("assistant", call)), failed=False)
    assert str(hook.given[0]["inputs"][0]["parts"][0]["arguments"]).replace("'content': 'AAAA'", "'size': 3") == str(
        shown
    )


def test_arguments_over_the_limit_are_recorded_as_the_head_of_their_text() -> None:
    sent = json.dumps(ROWS)
    shown = rendered_input(chat(message("assistant", {"type": "tool_call", "name": "f", "arguments": JsonText(sent)})))
    head, _, note = shown[0]["parts"][0]["arguments"].partition("…")
    assert sent.startswith(head)
    assert note == f"[truncated {len(sent) - len(head)} bytes]"
    assert len(head) > 40_000


def test_only_arguments_that_are_recorded_anew_are_decoded(monkeypatch: pytest.MonkeyPatch) -> None:
    decoded: list[str] = []
    value = JsonText.value.fget  # type: ignore[attr-defined]
    monkeypatch.setattr(JsonText, "value", property(lambda self: (decoded.append(self.text), value(self))[1]))
    policy = ContentPolicy(mode="SPAN_ONLY", redactor=Redactor(KINDS))
    calls = LARGE["tool calls"]
    policy.render(chat(*calls[:100]), failed=False)
    policy.render(chat(*calls[:101]), failed=False)
    assert decoded == [call["parts"][0]["arguments"].text for call in calls[:101]]
    decoded.clear()
    policy.render(chat(*calls), failed=False)
    assert 100 < len(decoded) < 1200


# Messages that were rendered before


LONG = message("user", text(KB * 8))  # what is small altogether is encoded sooner than looked up


def test_an_unchanged_message_of_the_turn_before_is_not_encoded_again(encoded: list[int]) -> None:
    policy = ContentPolicy(mode="SPAN_ONLY", redactor=Redactor(KINDS))
    call = {"type": "tool_call", "id": "call_1", "name": "find", "arguments": {"place": "Paris", "limit": 3}}
    turns = [message("user", text(KB * 4)), message("assistant", text("Well."), call), message("user", text("Thanks."))]
    system = [text("Be brief."), text(KB)]
    first = Inference("chat", "openai", system=system, input=copy.deepcopy(turns[:2]))
    policy.render(first, failed=False)
    encoded.clear()
    second = Inference("chat", "openai", system=copy.deepcopy(system), input=copy.deepcopy(turns))
    assert json.loads(str(policy.render(second, failed=False).span[INPUT])) == turns
    assert encoded == [len(json.dumps(turns[2], separators=(",", ":")))]


@pytest.mark.parametrize(
    "change",
    [
        lambda sent: sent["parts"][0].update(content="changed"),
        lambda sent: sent["parts"][1]["arguments"].update(place="London"),
        lambda sent: sent["parts"][1]["arguments"].update(limit=True),
        lambda sent: sent["parts"][1]["arguments"].update(limit=1.0),
        lambda sent: sent["parts"][1]["arguments"].update(limit=-0.0),
        lambda sent: sent["parts"][1]["arguments"].update(more=None),
        lambda sent: sent["parts"][1].update(arguments=[["place", "Paris"], ["limit", 1]]),
        lambda sent: sent["parts"].pop(),
        lambda sent: sent["parts"].reverse(),
        lambda sent: sent.update(role="user"),
    ],
)
def test_a_message_that_was_changed_in_place_is_recorded_as_it_is_now(change: Callable[[Message], object]) -> None:
    policy = ContentPolicy(mode="SPAN_ONLY")
    sent = message(
        "assistant", text("Well."), {"type": "tool_call", "arguments": {"place": "Paris", "limit": 1, "x": 0.0}}
    )
    policy.render(chat(LONG, sent), failed=False)
    change(sent)
    shown = policy.render(chat(LONG, sent), failed=False).span[INPUT]
    assert shown == json.dumps([LONG, sent], separators=(",", ":"))


plain_values = st.recursive(
    st.none() | st.booleans() | st.sampled_from([0, 1, 0.0, -0.0, 1.0, "", "0", "a", "b"]),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from("ab"), inner, max_size=2),
    max_leaves=5,
)


@given(plain_values, plain_values)
def test_two_messages_have_the_same_key_exactly_when_they_have_the_same_json(one: object, other: object) -> None:
    assert (key_of(one, 100) == key_of(other, 100)) == (json.dumps(one) == json.dumps(other))


def test_what_was_remembered_makes_no_difference_to_what_is_recorded() -> None:
    for content in LARGE.values():
        policy = ContentPolicy(mode="SPAN_ONLY", redactor=Redactor(KINDS))
        for part in (content[:10], content[:50], content):
            policy.render(chat(*part), failed=False)
        fresh = ContentPolicy(mode="SPAN_ONLY", redactor=Redactor(KINDS))
        again, anew = policy.render(chat(*content), failed=False), fresh.render(chat(*content), failed=False)
        assert again == anew


def kept_alive(texts: list[str], alone: int) -> int:
    return sum(len(said) for said in texts if sys.getrefcount(said) > alone)


def test_little_content_is_kept_alive_and_none_after_the_end() -> None:
    policy = ContentPolicy(mode="SPAN_ONLY", redactor=Redactor(KINDS))
    texts = [f"{number} {KB}" for number in range(3000)]
    alone = sys.getrefcount(texts[0]) + 1  # in the loop below it has a name too
    for first in range(0, len(texts), 50):
        policy.render(chat(*[message("user", text(said)) for said in texts[first : first + 50]]), failed=False)
    assert 50_000 < kept_alive(texts, alone) < MAX_BYTES
    policy.shutdown()
    assert kept_alive(texts, alone) == 0
    policy.render(chat(message("user", text(texts[0]))), failed=False)
    assert kept_alive(texts, alone) == 0


def test_a_secret_is_not_kept_alive() -> None:
    policy = ContentPolicy(mode="SPAN_ONLY", redactor=Redactor(KINDS))
    texts = [f"The key is {SECRET}{number}." for number in range(10)]
    alone = sys.getrefcount(texts[0]) + 1
    policy.render(chat(LONG, *[message("user", text(said)) for said in texts]), failed=False)
    assert kept_alive(texts, alone) == 0


def test_a_custom_redaction_is_asked_about_the_same_message_each_time() -> None:
    answers = iter("abc")
    policy = ContentPolicy(mode="SPAN_ONLY", redactor=Redactor((), lambda _: next(answers)))
    shown = [policy.render(chat(message("user", text("hi"))), failed=False).span[INPUT] for _ in range(3)]
    assert [json.loads(str(value))[0]["parts"][0]["content"] for value in shown] == ["a", "b", "c"]


def test_calls_in_many_threads_get_their_own_content() -> None:
    policy = ContentPolicy(mode="SPAN_ONLY", redactor=Redactor(KINDS))

    def rendered(number: int) -> bool:
        call = chat(*HISTORY[number % 40 : number % 40 + 50], message("user", text(f"thread {number}")))
        return bool(json.loads(str(policy.render(call, failed=False).span[INPUT])) == call.input)

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(rendered, range(400)))


# More than could be kept


def test_no_more_values_are_looked_at_than_could_have_a_place() -> None:
    seen = 0

    def custom(value: str) -> str:
        nonlocal seen
        seen += 1
        return value

    lists = [["word"] * 1000] * 1000
    rendered_input(chat(message("tool", lists), message("user", text("last"))), redactor=Redactor((), custom))
    assert 100 < seen < 65_536


# Content that is not what it should be


def test_a_blob_is_recorded_by_its_size() -> None:
    image = {"type": "blob", "modality": "image", "mime_type": "image/png", "content": "iVBORw0KGgo="}
    recording = {"type": "blob", "modality": "audio", "content": b"12345"}
    assert rendered_input(chat(message("user", image, recording)))[0]["parts"] == [
        {"type": "blob", "modality": "image", "mime_type": "image/png", "size": 8},
        {"type": "blob", "modality": "audio", "size": 5},
    ]


class Colour(str, Enum):
    RED = "red"


class Rude(dict[str, Any]):
    """A mapping of the user's that objects to being looked at."""

    def __iter__(self) -> Any:
        raise RuntimeError

    items = keys = values = __iter__  # type: ignore[assignment]


class Private:
    def __repr__(self) -> str:
        return "a password"


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (Private(), "<Private>"),
        ({1, 2}, "<set>"),
        (b"bytes", "<bytes>"),
        (float("nan"), "nan"),
        (float("-inf"), "-inf"),
        ("lone \ud800 surrogate", "lone ? surrogate"),
        ({"\udfff": 1}, {"?": 1}),
        ({1: "a", None: "b", (2, 3): "c"}, {"1": "a", "null": "b", "<tuple>": "c"}),
        ((1, 2), [1, 2]),
        (Colour.RED, "red"),
        (Rude(a=1), {"a": 1}),
        pytest.param(10**5000, "<int>", id="more digits than Python prints"),
    ],
)
def test_what_is_no_json_is_recorded_as_near_as_can_be(value: object, shown: object) -> None:
    call = chat(message("user", text("before"), value, text("after")))
    rendered = ContentPolicy(mode="SPAN_AND_EVENT").render(call, failed=False)
    assert json.loads(str(rendered.span[INPUT]))[0]["parts"] == [text("before"), shown, text("after")]
    assert rendered.event[INPUT][0]["parts"][1] == shown


def test_a_cycle_ends_at_the_depth_that_is_kept() -> None:
    cycle: list[Any] = []
    cycle.append(cycle)
    shown = json.dumps(rendered_input(chat(message("user", cycle))))
    assert shown.count("[") == DEPTH - 1  # one level is the message's
    assert "<list>" in shown


@pytest.mark.parametrize(
    "levels", [range(30, 40), range(800, sys.getrecursionlimit() + 1), range(100_000, 100_001)], ids=str
)
def test_an_event_holds_no_value_too_deep_for_protobuf(levels: range) -> None:
    deep: Any = "bottom"
    for level in range(levels.stop):
        deep = [deep]
        if level >= levels.start:
            event = ContentPolicy(mode="EVENT_ONLY").render(chat(message("user", deep)), failed=False).event[INPUT]
            assert "bottom" not in str(event)
            assert str(event).count("[") <= DEPTH


def test_small_content_is_encoded_in_one_go(encoded: list[int]) -> None:
    sent = [message("user", text("hi")), message("assistant", {"type": "tool_call", "arguments": JsonText('{"a":1}')})]
    ContentPolicy(mode="SPAN_ONLY", redactor=Redactor(KINDS)).render(chat(*sent), failed=False)
    assert encoded == [len(json.dumps(resolved(sent), separators=(",", ":")))]


def test_an_event_holds_no_integer_beyond_64_bits() -> None:
    call = chat(message("user", 2**63 - 1, 2**63, -(2**63), -(2**64)))
    event = ContentPolicy(mode="EVENT_ONLY").render(call, failed=False).event[INPUT]
    assert event[0]["parts"] == [2**63 - 1, str(2**63), -(2**63), str(-(2**64))]


# The completion hook


class Keeper:
    """A hook that keeps what it was given."""

    def __init__(self, returned: Mapping[str, str] | None = None) -> None:
        self.given: list[dict[str, Any]] = []
        self.returned = returned

    def __call__(self, **given: Any) -> Mapping[str, str] | None:
        self.given.append(given)
        return self.returned


def test_a_hook_gets_the_content_and_the_span_whatever_is_captured_or_sampled(inference: Inference) -> None:
    span = object()
    for policy in ({"mode": "NO_CONTENT"}, {"mode": "SPAN_ONLY", "sample_ratio": 0.0}):
        hook = Keeper()
        captured = ContentPolicy(hook=hook, **policy)  # type: ignore[arg-type]
        assert captured.captures
        assert captured.render(inference, failed=False, span=span).span == {}  # type: ignore[arg-type]
        assert hook.given == [
            {
                "inputs": inference.input,
                "outputs": inference.output,
                "system": inference.system,
                "tools": inference.tools,
                "span": span,
            }
        ]


def test_a_hook_gets_blobs_whole_and_secrets_redacted() -> None:
    blob = {"type": "blob", "modality": "image", "content": "AAAA" * 50_000}
    hook = Keeper()
    policy = ContentPolicy(hook=hook, redactor=Redactor(KINDS))
    rendered = policy.render(chat(message("user", blob, text("a@b.com"))), failed=False)
    assert hook.given[0]["inputs"] == [message("user", blob, text("[REDACTED:email]"))]
    assert rendered.redactions == 1


def test_a_custom_redaction_is_asked_once_about_a_text_that_a_hook_gets_too() -> None:
    policy = ContentPolicy(mode="SPAN_ONLY", hook=Keeper(), redactor=Redactor((), lambda value: f"<{value}>"))
    rendered = policy.render(chat(message("user", text("hi"))), failed=False)
    assert rendered.span[INPUT] == '[{"role":"user","parts":[{"type":"text","content":"<hi>"}]}]'


def test_what_a_hook_returns_becomes_attributes_of_span_and_event(inference: Inference) -> None:
    hook = Keeper({"gen_ai.input.messages_ref": "memory://x"})
    rendered = ContentPolicy(hook=hook).render(inference, failed=False)
    assert rendered.span == rendered.event == {"gen_ai.input.messages_ref": "memory://x"}


def test_what_a_hook_changes_is_recorded_and_the_call_keeps_its_own(inference: Inference) -> None:
    def hook(*, inputs: list[Message], outputs: list[Message], **_: object) -> None:
        inputs[0]["parts"][0]["content"] = "changed"
        outputs.clear()

    before = copy.deepcopy(inference)
    rendered = ContentPolicy(mode="EVENT_ONLY", hook=hook).render(inference, failed=False)
    assert rendered.event[INPUT] == [message("user", text("changed"))]
    assert OUTPUT not in rendered.event
    assert inference == before


@pytest.mark.parametrize("returned", [7, {"ref": 7}, {7: "ref"}, ["ref"]])
def test_a_hook_that_returns_nonsense_is_reported_and_the_content_recorded(
    inference: Inference, returned: object
) -> None:
    errors: list[tuple[str, type]] = []
    policy = ContentPolicy(
        mode="SPAN_ONLY",
        hook=lambda **_: returned,
        on_error=lambda site, error: errors.append((site, type(error))),
    )
    assert list(policy.render(inference, failed=False).span) == [SYSTEM, INPUT, OUTPUT, TOOLS]
    assert [site for site, _ in errors] == ["completion_hook"]


def test_a_hook_that_raises_is_reported_and_the_content_recorded(inference: Inference) -> None:
    errors: list[BaseException] = []
    policy = ContentPolicy(mode="SPAN_ONLY", hook=lambda **_: 1 / 0, on_error=lambda site, error: errors.append(error))
    assert list(policy.render(inference, failed=False).span) == [SYSTEM, INPUT, OUTPUT, TOOLS]
    assert [type(error) for error in errors] == [ZeroDivisionError]


def test_flush_and_shutdown_reach_the_hook() -> None:
    told: list[object] = []

    class Slow(Keeper):
        def flush(self, timeout: float) -> bool:
            told.append(timeout)
            return False

        def shutdown(self) -> None:
            told.append("shutdown")
            raise OSError

    errors: list[BaseException] = []
    policy = ContentPolicy(hook=Slow(), on_error=lambda site, error: errors.append(error))
    assert policy.flush(3.0) is False
    policy.shutdown()
    assert told == [3.0, "shutdown"]
    assert [type(error) for error in errors] == [OSError]
    assert ContentPolicy().flush() is True


class Standard(Keeper):
    """A hook in OpenTelemetry's form."""

    def on_completion(self, **given: Any) -> None:
        self.given.append(given)


def test_a_hook_in_opentelemetrys_form_is_called_with_its_own_names(inference: Inference) -> None:
    hook = Standard()
    ContentPolicy(hook=hook).render(inference, failed=False)
    assert list(hook.given[0]) == [
        "inputs", "outputs", "system_instruction", "tool_definitions", "span", "log_record",
    ]  # fmt: skip
    assert hook.given[0]["log_record"] is None
    assert len(hook.given[0]["inputs"]) == len(hook.given[0]["tool_definitions"]) == 1


def test_a_hook_in_opentelemetrys_form_gets_that_packages_types(inference: Inference) -> None:
    types = pytest.importorskip("opentelemetry.util.genai.types")
    hook = Standard()
    inference.input = [message("user", text("hi"), {"type": "brand_new", "x": 1})]
    ContentPolicy(hook=hook).render(inference, failed=False)
    given = hook.given[0]
    assert given["inputs"] == [types.InputMessage("user", [types.TextPart("hi"), {"type": "brand_new", "x": 1}])]
    assert given["outputs"] == [types.OutputMessage("assistant", [types.TextPart("In der Schweiz.")], "stop")]
    assert given["system_instruction"] == [types.TextPart("Be brief.")]
    assert given["tool_definitions"] == [types.FunctionToolDefinition("find", "Finds.", {"type": "object"})]


def test_something_that_is_no_hook_is_a_clear_error() -> None:
    with pytest.raises(ConfigurationError, match="int is no completion hook; it has to be callable or have on_compl"):
        ContentPolicy(hook=7)


MADE = Keeper()


def make_keeper() -> Keeper:
    return MADE


def make_nothing() -> None:
    raise OSError("no disk")


@pytest.fixture
def installed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two hooks that other distributions have installed."""
    points = EntryPoints(
        EntryPoint(name, f"{__name__}:{maker}", "opentelemetry_genai_completion_hook")
        for name, maker in (("keeper", "make_keeper"), ("broken", "make_nothing"))
    )
    monkeypatch.setattr("importlib.metadata.entry_points", lambda *, group: points.select(group=group))


@pytest.mark.usefixtures("installed")
def test_a_hook_is_loaded_by_the_name_of_its_entry_point() -> None:
    assert load_hook("keeper", Config.load({}, {})) is MADE


@pytest.mark.usefixtures("installed")
def test_a_hook_that_is_not_installed_is_a_clear_error() -> None:
    with pytest.raises(
        ConfigurationError, match="COMPLETION_HOOK='kepeer': no such hook is installed; there is broken, "
    ):
        load_hook("kepeer", Config.load({}, {}))


@pytest.mark.usefixtures("installed")
def test_a_hook_that_cannot_be_made_is_a_clear_error() -> None:
    with pytest.raises(ConfigurationError, match=r"COMPLETION_HOOK='broken': the hook cannot be made: .*no disk"):
        load_hook("broken", Config.load({}, {}))


# Anything at all

anything = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.binary(max_size=5)
    | st.text(st.characters(codec=None), max_size=80)
    | st.builds(Private)
    | st.builds(
        JsonText, st.text(max_size=80) | st.sampled_from(['{"a":[NaN,"x"]}', "[" * 40 + "]" * 40, '"\\ud800"'])
    ),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.text(st.characters(codec=None), max_size=8) | st.integers() | st.none(), inner, max_size=4)
        | st.dictionaries(st.sampled_from(["role", "parts", "type", "name", "content", "api_key"]), inner, max_size=4)
    ),
    max_leaves=30,
)
redactors = st.sampled_from([None, Redactor(KINDS), Redactor(KINDS, str.swapcase), Redactor((), lambda _: None)])  # type: ignore[arg-type, return-value]


@given(st.lists(anything, min_size=1, max_size=6), st.sampled_from([64, 100, 500, 65536]), redactors, st.booleans())
def test_any_content_becomes_valid_json_within_the_limit(
    content: list[Any], max_bytes: int, redactor: Redactor | None, hooked: bool
) -> None:
    inference = Inference("chat", "openai", system=content, input=content, output=content, tools=content)
    policy = ContentPolicy(
        mode="SPAN_AND_EVENT",
        max_bytes=max_bytes,
        redactor=redactor,
        hook=(lambda **_: None) if hooked else None,
        tool_schemas=True,
    )
    rendered = policy.render(inference, failed=False)
    assert list(rendered.span) == [SYSTEM, INPUT, OUTPUT, TOOLS]
    for name, value in rendered.span.items():
        assert isinstance(value, str)
        assert len(value.encode()) <= max_bytes
        assert isinstance(json.loads(value, parse_constant=pytest.fail), list)
        json.dumps(rendered.event[name], allow_nan=False).encode()


@given(anything, st.sampled_from(["role", "content", "name", "a b"]), st.sampled_from([200, 65536]), st.booleans())
def test_a_secret_in_any_place_never_survives(around: Any, key: str, max_bytes: int, hooked: bool) -> None:
    hook = Keeper() if hooked else None
    policy = ContentPolicy(mode="SPAN_AND_EVENT", max_bytes=max_bytes, redactor=Redactor(KINDS), hook=hook)
    for place in ([SECRET, around], {key: SECRET, "x": around}, {f"{key} {SECRET}": around}, [around, [f"\n{SECRET}"]]):
        part: Any = {"type": "tool_call", "name": f"a {SECRET}", "arguments": place}
        call = Inference("chat", "openai", system=[part], input=[message(SECRET, part)], output=[part], tools=[part])
        rendered = policy.render(call, failed=True)
        assert SECRET not in str(rendered) + str(rendered.event)
        assert rendered.redactions >= 4
        if hook is not None:
            assert SECRET not in str(hook.given)
