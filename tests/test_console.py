"""The line that ``console=True`` prints for each call."""

from __future__ import annotations

import io

import pytest

from llmotel.model.inference import Answer, Cost, Inference, Usage
from llmotel.model.outcome import Failure
from llmotel.signals.console import ConsoleLine


def printed(
    inference: Inference,
    first_chunk: float | None = None,
    failure: Failure | None = None,
    stream_outcome: str | None = None,
) -> str:
    stream = io.StringIO()
    ConsoleLine(stream).write(inference, 1.2345, first_chunk, failure, stream_outcome)
    return stream.getvalue()


def call(**values: object) -> Inference:
    inference = Inference(operation="chat", provider="openai", request_model="gpt-4o")
    for name, value in values.items():
        setattr(inference, name, value)
    return inference


def test_a_call_is_one_line_of_model_tokens_cost_time_and_outcome() -> None:
    inference = call(
        response_model="gpt-4o-2024-08-06", usage=Usage(input_tokens=1510, output_tokens=20, cache_read=1000),
        cost=Cost(total=0.00341),
    )  # fmt: skip
    assert printed(inference) == "llmotel: gpt-4o-2024-08-06  1,510 in (1,000 cached)  20 out  $0.0034  1.23 s  ok\n"


def test_a_stream_tells_when_its_first_chunk_came() -> None:
    line = printed(call(stream=True, usage=Usage(input_tokens=9, output_tokens=2)), first_chunk=0.312)
    assert line == "llmotel: gpt-4o  9 in  2 out  1.23 s  first chunk 0.31 s  ok\n"


def test_a_stream_without_usage_says_so() -> None:
    assert "  no usage in the stream  " in printed(call(stream=True))


@pytest.mark.parametrize("outcome", ["closed", "abandoned", "cancelled"])
def test_a_stream_that_was_not_read_to_its_end_is_not_ok(outcome: str) -> None:
    assert printed(call(stream=True), stream_outcome=outcome).endswith(f"  stream {outcome}\n")
    assert printed(call(stream=True), stream_outcome="completed").endswith("  ok\n")


def test_a_failed_call_tells_its_outcome() -> None:
    failure = Failure("rate_limit", "rate_limit_exceeded", "RateLimitError: 429 rate_limit_exceeded", "RateLimitError")
    assert printed(call(), failure=failure) == (
        "llmotel: gpt-4o  1.23 s  rate_limit (RateLimitError: 429 rate_limit_exceeded)\n"
    )


@pytest.mark.parametrize(
    ("cost", "text"),
    [
        (Cost(12.5), "$12.5000"),
        (Cost(0.0), "$0.0000"),
        (Cost(0.0000123), "$0.000012"),
        (Cost(0.5, currency="EUR"), "0.5000 EUR"),
    ],
)
def test_costs_are_readable_at_every_size(cost: Cost, text: str) -> None:
    assert f"  {text}  " in printed(call(cost=cost))


def test_an_unknown_cost_is_left_out() -> None:
    assert "$" not in printed(call(usage=Usage(input_tokens=1, output_tokens=1)))


def test_a_call_whose_model_is_unknown_is_named_after_its_operation() -> None:
    assert printed(call(request_model=None, operation="moderation")).startswith("llmotel: moderation  ")


def test_no_content_is_printed() -> None:
    inference = call()
    inference.output = [{"role": "assistant", "parts": [{"type": "text", "content": "canary"}]}]
    inference.answer = Answer("canary")
    assert "canary" not in printed(inference)


def test_the_line_goes_to_what_stderr_is_at_that_moment(capsys: pytest.CaptureFixture[str]) -> None:
    ConsoleLine().write(call(), 1.0, None, None)
    assert capsys.readouterr().err == "llmotel: gpt-4o  1.00 s  ok\n"


def test_a_process_without_stderr_loses_nothing_but_the_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stderr", None)
    ConsoleLine().write(call(), 1.0, None, None)
