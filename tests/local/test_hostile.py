"""Spans that mean harm, or nothing: stored, shown as data, and no error of the server's."""

from __future__ import annotations

import json
import math
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from llmotel.local.api import Backend
from llmotel.local.server import Background
from llmotel.local.store import Store
from local import otlp
from local.conftest import Local

TRACE, SPAN = "5b8efff798038103d269b633813fc60c", "eee19b7ec3c1b174"
SCRIPT = "<script>alert(1)</script>\u202e\u0000'\"; DROP TABLE spans; --"


class TestSpans:
    def test_a_script_in_every_field_is_text(self, local: Local) -> None:
        names = ["gen_ai.operation.name", "gen_ai.provider.name", "gen_ai.request.model", "llmotel.feature", "user.id",
                 "session.id", "gen_ai.agent.name", "gen_ai.tool.name", "error.type", "llmotel.outcome",
                 "gen_ai.response.id", SCRIPT, "gen_ai.input.messages", "gen_ai.usage.input_tokens"]  # fmt: skip
        span = otlp.span(dict.fromkeys(names, SCRIPT), name=SCRIPT, own=SPAN, trace=TRACE, failed=SCRIPT,
                         events=[(SCRIPT, {SCRIPT: SCRIPT})])  # fmt: skip
        local.send(otlp.spans(span, service=SCRIPT))
        told = local.get(f"/api/spans/{SPAN}")
        assert (told["name"], told["feature"], told["service"]) == (SCRIPT, SCRIPT, SCRIPT)
        assert told["input_tokens"] is None
        assert told["attributes"]["gen_ai.usage.input_tokens"] == SCRIPT
        for path in ("/api/calls?kind=all", f"/api/traces/{TRACE}", "/api/calls/facets?kind=all", "/api/traces",
                     "/api/sessions?kind=all", "/api/dashboards/cost?kind=all", "/api/questions/latency?kind=all"):  # fmt: skip
            answer = local.client.get(path)
            assert answer.status_code == 200
            assert answer.headers["content-type"] == "application/json"
        assert len(local.calls(kind="all", feature=SCRIPT)) == 1

    def test_an_attribute_of_ten_megabytes_is_kept_whole(self, local: Local) -> None:
        long = "x" * 10_000_000
        local.send(otlp.spans(otlp.span({"big": long, **otlp.call()}, own=SPAN)))
        assert local.get(f"/api/spans/{SPAN}")["attributes"]["big"] == long
        assert len(local.client.get("/api/calls").content) < 10_000

    @pytest.mark.parametrize("number", [math.nan, math.inf, -math.inf, -1.0, 1e308, 1 << 62])
    def test_numbers_that_make_no_sense_are_unknown_and_no_answer_holds_what_is_not_json(
        self, local: Local, number: float
    ) -> None:
        names = ("gen_ai.usage.cost.amount", "gen_ai.response.time_to_first_chunk", "llmotel.grounding.score",
                 "gen_ai.usage.input_tokens", "http.response.status_code", "odd")  # fmt: skip
        local.send(otlp.spans(otlp.span({**otlp.call(), **dict.fromkeys(names, number)}, own=SPAN)))

        def refuse(word: str) -> Any:
            raise AssertionError(word)

        for path in ("/api/calls", f"/api/spans/{SPAN}", "/api/calls/summary", "/api/calls/facets", "/api/models",
                     "/api/calls/timeseries?since=1h", "/api/dashboards/cost", "/api/questions/correlations"):  # fmt: skip
            json.loads(local.client.get(path).content, parse_constant=refuse)

    @pytest.mark.parametrize(
        ("start", "end"), [(2_000, 1_000), (0, 0), ((1 << 64) - 1, (1 << 64) - 1), (1, (1 << 64) - 1), (5, 0)]
    )
    def test_times_that_make_no_sense_have_no_length(self, local: Local, start: int, end: int) -> None:
        span = otlp.span(otlp.call(), own=SPAN, trace=TRACE)
        span.start_time_unix_nano, span.end_time_unix_nano = start, end
        local.send(otlp.spans(span))
        assert local.calls()[0]["duration_seconds"] >= 0
        assert local.get(f"/api/traces/{TRACE}")["total"] == 1
        local.get("/api/dashboards/performance")

    def test_fifty_thousand_spans_in_one_trace_are_answered_in_pages(self, local: Local) -> None:
        root = otlp.span_id()
        for place in range(10):
            local.send(otlp.spans(*(otlp.span(trace=TRACE, own=root if place == number == 0 else None, parent=root)
                                    for number in range(5000))))  # fmt: skip
        told = local.get(f"/api/traces/{TRACE}")
        assert (told["total"], len(told["spans"]), told["next_offset"]) == (50_000, 5000, 5000)

    def test_a_chain_of_parents_as_long_as_a_trace_has_its_depth(self, local: Local) -> None:
        own = [otlp.span_id() for _ in range(3000)]
        start = otlp.now()
        local.send(otlp.spans(*(otlp.span(trace=TRACE, own=own[place], parent=own[place - 1] if place else None,
                                          start=start + place) for place in range(3000))))  # fmt: skip
        assert local.get(f"/api/traces/{TRACE}")["spans"][-1]["depth"] == 2999

    def test_values_that_are_nested_beyond_measure_are_refused_or_cut(self, local: Local) -> None:
        value: Any = "deep"
        for _ in range(40):
            value = [value]
        local.send(otlp.spans(otlp.span({"nested": value}, own=SPAN)))
        assert local.get(f"/api/spans/{SPAN}")["attributes"]["nested"]

    def test_ten_thousand_attributes_are_kept(self, local: Local) -> None:
        local.send(otlp.spans(otlp.span({f"k{place}": place for place in range(10_000)}, own=SPAN)))
        assert len(local.get(f"/api/spans/{SPAN}")["attributes"]) == 10_000


@pytest.fixture(scope="module")
def client() -> Any:
    with Background(Backend(Store(None))) as server, httpx.Client(base_url=server.url, timeout=60) as client:
        yield client


FUZZED = settings(max_examples=120, deadline=None, suppress_health_check=list(HealthCheck))
JSONS: Any = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4)
    | st.dictionaries(
        st.sampled_from(
            ["resourceSpans", "scopeSpans", "spans", "traceId", "spanId", "name", "attributes", "key", "value",
             "stringValue", "intValue", "kvlistValue", "values", "events", "links", "status", "code", "kind",
             "startTimeUnixNano", "resource", "scope", "parentSpanId", "arrayValue", "bytesValue"]
        ),
        inner, max_size=5,
    ),
    max_leaves=25,
)  # fmt: skip


class TestFuzz:
    @FUZZED
    @given(body=st.binary(max_size=400), kind=st.sampled_from(["application/x-protobuf", "application/json"]),
           encoding=st.sampled_from(["", "gzip", "zstd", "deflate", "gzip, gzip", "\x7f"]),
           signal=st.sampled_from(["traces", "metrics", "logs"]))  # fmt: skip
    def test_any_bytes_are_taken_or_refused(
        self, client: httpx.Client, body: bytes, kind: str, encoding: str, signal: str
    ) -> None:
        answer = client.post(
            f"/v1/{signal}", content=body, headers={"content-type": kind, "content-encoding": encoding}
        )
        assert answer.status_code in (200, 400)

    @FUZZED
    @given(value=JSONS)
    def test_any_json_is_taken_or_refused(self, client: httpx.Client, value: Any) -> None:
        text = json.dumps({"resourceSpans": value})
        answer = client.post("/v1/traces", content=text.encode("utf-8", "surrogatepass"), headers=otlp.JSON)
        assert answer.status_code in (200, 400)

    @FUZZED
    @given(
        names=st.lists(
            st.sampled_from(
                ["since", "from", "to", "model", "not.feature", "min_cost", "max_tokens", "q", "sort", "limit",
                 "cursor", "kind", "trace_id", "priced", "min_quality", "by", "interval", "x", "finish_reason"]
            ),
            max_size=4,
        ),
        values=st.lists(st.text(max_size=12) | st.sampled_from(["24h", "1", "-cost", "all", "model"]), min_size=4, max_size=4),
        path=st.sampled_from(
            ["calls", "calls/facets", "calls/summary", "calls/timeseries", "traces", "sessions", "features", "models",
             "dashboards/cost", "questions/latency", "evaluations", "whatif", "compare", "export"]
        ),
    )  # fmt: skip
    def test_any_question_is_answered_or_refused(
        self, client: httpx.Client, names: list[str], values: list[str], path: str
    ) -> None:
        parameters = list(zip(names, values, strict=False))
        answer = client.get(f"/api/{path}", params=parameters)
        assert answer.status_code in (200, 400, 404), answer.text
