"""What exceptions mean, with the very exceptions that the SDKs raise."""

from __future__ import annotations

import asyncio
import concurrent.futures
import json
import socket
from collections.abc import Callable
from typing import Any

import anthropic
import openai
import pydantic
import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmotel.model.outcome import failure_from_code, frames, message, outcome_of

# Newer SDKs bring httpx2, older ones httpx.
httpx = pytest.importorskip(openai.APIStatusError.__annotations__["response"].partition(".")[0])

REQUEST = httpx.Request("POST", "https://api.example.com/v1/chat/completions")
SECRET = "the-patient-is-called-Zebedee"


def response(status: int, body: Any) -> Any:
    content = body if isinstance(body, str) else json.dumps(body)
    return httpx.Response(status, text=content, request=REQUEST)


def from_openai(status: int, body: Any = None) -> BaseException:
    """What the openai client raises for this answer of the server."""
    client = openai.OpenAI(api_key="x")
    return client._make_status_error_from_response(response(status, body))


def from_anthropic(status: int, body: Any = None) -> BaseException:
    client = anthropic.Anthropic(api_key="x")
    return client._make_status_error_from_response(response(status, body))


def from_anthropic_stream(body: Any) -> BaseException:
    """What the anthropic client raises for an ``error`` event: the response's status is 200 all the same."""
    client = anthropic.Anthropic(api_key="x")
    return client._make_status_error(str(body), body=body, response=response(200, ""))


def openai_body(code: str | None, kind: str = "invalid_request_error") -> dict[str, Any]:
    return {"error": {"message": SECRET, "type": kind, "param": SECRET, "code": code}}


def anthropic_body(kind: str) -> dict[str, Any]:
    return {"type": "error", "error": {"type": kind, "message": SECRET}, "request_id": "req_1"}


@pytest.mark.parametrize(
    ("status", "body", "outcome", "error_type"),
    [
        (400, openai_body(None), "validation", "invalid_request_error"),
        (400, openai_body("context_length_exceeded"), "validation", "context_length_exceeded"),
        (400, openai_body("content_filter"), "content_filter", "content_filter"),
        (400, openai_body("content_policy_violation"), "content_filter", "content_policy_violation"),
        (401, openai_body("invalid_api_key"), "authentication", "invalid_api_key"),
        (401, {"error": {"code": "401", "message": SECRET}}, "authentication", "openai.AuthenticationError"),
        (402, {"error": {"message": SECRET}}, "rate_limit", "openai.APIStatusError"),
        (403, openai_body("unsupported_country_region_territory"), "authentication",
         "unsupported_country_region_territory"),
        (404, openai_body("model_not_found"), "validation", "model_not_found"),
        (408, SECRET, "timeout", "openai.APIStatusError"),
        (409, SECRET, "validation", "openai.ConflictError"),
        (422, {"detail": [{"loc": ["body"], "msg": SECRET}]}, "validation", "openai.UnprocessableEntityError"),
        (429, openai_body("rate_limit_exceeded", "requests"), "rate_limit", "rate_limit_exceeded"),
        (429, openai_body("insufficient_quota", "insufficient_quota"), "rate_limit", "insufficient_quota"),
        (429, SECRET, "rate_limit", "openai.RateLimitError"),
        (500, openai_body(None, "server_error"), "server", "server_error"),
        (502, "<html>Bad Gateway</html>", "server", "openai.InternalServerError"),
        (503, "", "server", "openai.InternalServerError"),
        (504, "", "timeout", "openai.InternalServerError"),
    ],
)  # fmt: skip
def test_an_error_answer_to_an_openai_client(status: int, body: Any, outcome: str, error_type: str) -> None:
    failure = outcome_of(from_openai(status, body))
    assert (failure.outcome, failure.error_type, failure.status_code) == (outcome, error_type, status)


@pytest.mark.parametrize(
    ("status", "kind", "outcome"),
    [
        (400, "invalid_request_error", "validation"),
        (401, "authentication_error", "authentication"),
        (402, "billing_error", "rate_limit"),
        (403, "permission_error", "authentication"),
        (404, "not_found_error", "validation"),
        (413, "request_too_large", "validation"),
        (429, "rate_limit_error", "rate_limit"),
        (499, "api_error", "cancelled"),
        (500, "api_error", "server"),
        (504, "timeout_error", "timeout"),
        (529, "overloaded_error", "server"),
    ],
)
def test_an_error_answer_to_an_anthropic_client(status: int, kind: str, outcome: str) -> None:
    failure = outcome_of(from_anthropic(status, anthropic_body(kind)))
    assert (failure.outcome, failure.error_type, failure.status_code) == (outcome, kind, status)


@pytest.mark.parametrize(
    ("kind", "outcome"),
    [("overloaded_error", "server"), ("api_error", "server"), ("rate_limit_error", "rate_limit"),
     ("invalid_request_error", "validation"), ("timeout_error", "timeout")],
)  # fmt: skip
def test_an_error_event_in_an_anthropic_stream_is_told_by_its_type_not_by_status_200(kind: str, outcome: str) -> None:
    failure = outcome_of(from_anthropic_stream(anthropic_body(kind)))
    assert (failure.outcome, failure.error_type, failure.status_code) == (outcome, kind, None)


@pytest.mark.parametrize(
    ("body", "outcome", "error_type", "status"),
    [
        ({"code": "server_error", "type": None, "message": SECRET}, "server", "server_error", None),
        ({"code": None, "type": "invalid_request_error"}, "validation", "invalid_request_error", None),
        ({"code": 429, "message": SECRET}, "rate_limit", "openai.APIError", 429),  # as OpenRouter sends it
        ({"code": "content_filter"}, "content_filter", "content_filter", None),
        ({"code": "a_code_of_tomorrow"}, "unknown", "a_code_of_tomorrow", None),
        (SECRET, "unknown", "openai.APIError", None),
    ],
)
def test_an_error_event_in_an_openai_stream(body: Any, outcome: str, error_type: str, status: int | None) -> None:
    failure = outcome_of(openai.APIError(SECRET, request=REQUEST, body=body))
    assert (failure.outcome, failure.error_type, failure.status_code) == (outcome, error_type, status)


def test_azures_content_filter_is_told_by_the_inner_error() -> None:
    inner = {"code": "ResponsibleAIPolicyViolation", "content_filter_result": {"hate": {"filtered": True}}}
    failure = outcome_of(from_openai(400, {"error": {"code": None, "message": SECRET, "innererror": inner}}))
    assert failure.outcome == "content_filter"
    assert failure.error_type == "ResponsibleAIPolicyViolation"


@pytest.mark.parametrize("outer", ["400", 400, None, "Bad request, it was"])
def test_the_inner_code_counts_where_the_outer_one_is_none(outer: Any) -> None:
    failure = outcome_of(from_openai(400, {"error": {"code": outer, "innererror": {"code": "InvalidImageFormat"}}}))
    assert (failure.outcome, failure.error_type) == ("validation", "InvalidImageFormat")


@pytest.mark.parametrize("code", ["DeploymentNotFound", "OperationNotSupported", "TooManyRequests", "NotFound"])
def test_azures_codes_are_words_written_together(code: str) -> None:
    assert outcome_of(from_openai(404, openai_body(code))).error_type == code


@pytest.mark.parametrize(
    ("code", "outcome", "error_type"),
    [
        ("rate_limit_exceeded", "rate_limit", "rate_limit_exceeded"),
        ("502", "server", "502"),
        ("429", "rate_limit", "429"),
        ("invalid_image_url", "validation", "invalid_image_url"),
        ("a_code_of_tomorrow", "unknown", "a_code_of_tomorrow"),
        (SECRET, "unknown", "error"),
        ("", "unknown", "error"),
    ],
)
def test_an_error_that_an_answer_tells(code: str, outcome: str, error_type: str) -> None:
    failure = failure_from_code(code)
    assert (failure.outcome, failure.error_type, failure.exception_type) == (outcome, error_type, "")
    assert SECRET not in repr(failure)


def schema_mismatch() -> BaseException:
    class Weather(pydantic.BaseModel):
        city: str

    with pytest.raises(pydantic.ValidationError) as report_error:
        Weather.model_validate({"city": [SECRET]})
    return report_error.value


def not_json() -> BaseException:
    with pytest.raises(json.JSONDecodeError) as report_error:
        json.loads(SECRET)
    return report_error.value


@pytest.mark.parametrize(
    ("make", "outcome", "error_type"),
    [
        (lambda: openai.APITimeoutError(request=REQUEST), "timeout", "openai.APITimeoutError"),
        (lambda: anthropic.APITimeoutError(request=REQUEST), "timeout", "anthropic.APITimeoutError"),
        (lambda: openai.APIConnectionError(request=REQUEST), "network", "openai.APIConnectionError"),
        (lambda: anthropic.APIConnectionError(request=REQUEST), "network", "anthropic.APIConnectionError"),
        (lambda: openai.APIResponseValidationError(response(200, SECRET), SECRET), "server",
         "openai.APIResponseValidationError"),
        (lambda: openai.ContentFilterFinishReasonError(), "content_filter", "openai.ContentFilterFinishReasonError"),
        (lambda: httpx.ConnectTimeout(SECRET), "timeout", f"{httpx.__name__}.ConnectTimeout"),
        (lambda: httpx.ReadTimeout(SECRET), "timeout", f"{httpx.__name__}.ReadTimeout"),
        (lambda: httpx.ConnectError(SECRET), "network", f"{httpx.__name__}.ConnectError"),
        (lambda: httpx.RemoteProtocolError(SECRET), "network", f"{httpx.__name__}.RemoteProtocolError"),
        (lambda: httpx.UnsupportedProtocol(SECRET), "validation", f"{httpx.__name__}.UnsupportedProtocol"),
        (lambda: httpx.HTTPStatusError(SECRET, request=REQUEST, response=response(429, SECRET)), "rate_limit",
         f"{httpx.__name__}.HTTPStatusError"),
        (TimeoutError, "timeout", "TimeoutError"),
        (lambda: ConnectionResetError(SECRET), "network", "ConnectionResetError"),
        (lambda: socket.gaierror(SECRET), "network", "socket.gaierror"),
        (asyncio.CancelledError, "cancelled", "asyncio.exceptions.CancelledError"),
        (KeyboardInterrupt, "cancelled", "KeyboardInterrupt"),
        (GeneratorExit, "cancelled", "GeneratorExit"),
        (lambda: SystemExit(1), "cancelled", "SystemExit"),
        (schema_mismatch, "validation", "pydantic_core._pydantic_core.ValidationError"),
        (not_json, "server", "json.decoder.JSONDecodeError"),
        (lambda: TypeError(SECRET), "validation", "TypeError"),
        (lambda: RuntimeError(SECRET), "unknown", "RuntimeError"),
        (lambda: FileNotFoundError(SECRET), "unknown", "FileNotFoundError"),
    ],
)  # fmt: skip
def test_an_exception_without_an_error_answer_is_told_by_its_class(
    make: Callable[[], BaseException], outcome: str, error_type: str
) -> None:
    failure = outcome_of(make())
    assert (failure.outcome, failure.error_type, failure.exception_type) == (outcome, error_type, error_type)


@pytest.mark.parametrize("timeout", [asyncio.TimeoutError, socket.timeout, concurrent.futures.TimeoutError])
def test_every_timeout_of_python_is_a_timeout(timeout: type[BaseException]) -> None:
    assert outcome_of(timeout()).outcome == "timeout"


def test_a_cancellation_stays_one_whatever_it_carries() -> None:
    class Cancelled(asyncio.CancelledError):
        status_code = 500

    assert outcome_of(Cancelled()).outcome == "cancelled"


def test_a_subclass_means_what_its_base_means() -> None:
    class OutOfTime(openai.APITimeoutError):
        pass

    assert outcome_of(OutOfTime(request=REQUEST)).outcome == "timeout"


def test_the_code_of_an_applications_own_exception_is_not_taken_for_a_providers() -> None:
    class OrderError(Exception):
        code = "order_4711"
        type = "insufficient_quota"

    failure = outcome_of(OrderError(SECRET))
    assert failure.outcome == "unknown"
    assert failure.error_type.endswith("OrderError")
    assert failure.description == "OrderError"


# Nothing of the message


@pytest.mark.parametrize(
    ("exc", "description"),
    [
        (from_openai(429, openai_body("rate_limit_exceeded")), "RateLimitError: 429 rate_limit_exceeded"),
        (from_anthropic(500, anthropic_body("api_error")), "InternalServerError: 500 api_error"),
        (from_openai(502, SECRET), "InternalServerError: 502"),
        (from_anthropic_stream(anthropic_body("api_error")), "APIStatusError: api_error"),
        (openai.APIConnectionError(message=SECRET, request=REQUEST), "APIConnectionError"),
        (ValueError(SECRET), "ValueError"),
    ],
)
def test_a_description_names_class_status_and_code(exc: BaseException, description: str) -> None:
    assert outcome_of(exc).description == description


@pytest.mark.parametrize(
    "code",
    [
        SECRET,
        "Invalid value: 'Zebedee'",
        "UPPER_CASE",
        "a" * 65,
        "",
        " rate_limit",
        "line\nbreak",
        "code\n",
        "ключ",
        "1abc",
    ],
)
def test_a_code_that_is_no_identifier_is_not_repeated(code: str) -> None:
    failure = outcome_of(from_openai(400, openai_body(code)))
    assert failure.error_type == "invalid_request_error"
    assert failure.description == "BadRequestError: 400 invalid_request_error"


def test_no_field_of_a_failure_holds_the_message() -> None:
    for exc in (from_openai(400, openai_body(SECRET, SECRET)), from_anthropic(400, anthropic_body(SECRET))):
        assert SECRET in str(exc)
        assert SECRET not in repr(outcome_of(exc))


# Message and frames


def test_the_message_is_there_for_those_who_capture_content() -> None:
    assert message(ValueError(SECRET)) == SECRET


def test_an_exception_that_cannot_be_printed_has_a_placeholder() -> None:
    class Broken(Exception):
        def __str__(self) -> str:
            raise RuntimeError(SECRET)

    assert message(Broken()) == "<unprintable Broken>"


def ask(prompt: str, depth: int = 0) -> None:
    if depth:
        ask("the-patient-is-called-Zebedee", depth - 1)
    raise ValueError(prompt)


def test_frames_name_files_lines_and_functions_without_source_or_message() -> None:
    with pytest.raises(ValueError) as report_error:
        ask(SECRET, depth=1)
    lines = frames(report_error.value).splitlines()
    assert len(lines) == 3
    assert lines[0].endswith("in test_frames_name_files_lines_and_functions_without_source_or_message")
    line = ask.__code__.co_firstlineno + 3
    assert lines[2] == f'  File "{__file__}", line {line}, in ask'
    assert SECRET not in "\n".join(lines)


def test_a_deep_stack_keeps_its_innermost_frames_and_counts_the_others() -> None:
    with pytest.raises(ValueError) as report_error:
        ask(SECRET, depth=200)
    lines = frames(report_error.value).splitlines()
    assert len(lines) == 65
    assert lines[0] == "  ... 138 frames left out"  # 1 of this test and 201 of ask, less 64
    assert all(line.endswith("in ask") for line in lines[1:])


def test_an_exception_that_was_never_raised_has_no_frames() -> None:
    assert frames(ValueError(SECRET)) == ""


# Whatever comes

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=9),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["error", "code", "type", "details", "innererror", "error_code"]), inner)
    ),
    max_leaves=12,
)


class Odd(Exception):
    """An exception with any value under the names that SDKs use."""

    def __init__(self, **attributes: Any) -> None:
        super().__init__()
        self.__dict__.update(attributes)


@given(JSON, JSON, JSON, JSON, JSON)
def test_any_json_in_place_of_any_attribute_gives_an_outcome(
    body: Any, code: Any, kind: Any, status: Any, answer: Any
) -> None:
    failure = outcome_of(Odd(body=body, code=code, type=kind, status_code=status, response=answer))
    assert failure.outcome in {
        "rate_limit", "timeout", "authentication", "network", "validation", "content_filter", "server", "unknown",
        "cancelled",
    }  # fmt: skip
    assert failure.status_code is None or 400 <= failure.status_code < 600


def test_properties_that_raise_do_not_reach_the_caller() -> None:
    class Hostile(Exception):
        @property
        def body(self) -> object:
            raise RuntimeError(SECRET)

        response = status_code = code = type = body

    failure = outcome_of(Hostile())
    assert (failure.outcome, failure.description) == ("unknown", "Hostile")
