"""What the API answers about what was sent."""

from __future__ import annotations

import pytest

from local import otlp
from local.conftest import Local
from local.otlp import SECOND, call

TRACE, SPAN, OTHER = "5b8efff798038103d269b633813fc60c", "eee19b7ec3c1b174", "eee19b7ec3c1b175"


def tell(local: Local, *attributes: dict, seconds: float = 1.0, start: int | None = None) -> None:
    local.send(otlp.spans(*(otlp.span(one, seconds=seconds, start=start) for one in attributes)))


class TestCalls:
    def test_a_call_has_every_column(self, local: Local) -> None:
        start = 1764325275123456789
        said = call(
            **{
                "gen_ai.response.id": "resp_1",
                "gen_ai.response.finish_reasons": ["stop"],
                "gen_ai.response.time_to_first_chunk": 0.4,
                "gen_ai.usage.cache_read.input_tokens": 800,
                "gen_ai.usage.reasoning.output_tokens": 20,
                "gen_ai.request.stream": True,
                "gen_ai.agent.name": "planner",
                "llmotel.feature": "search",
                "llmotel.tenant": "acme",
                "llmotel.outcome": "completed",
                "llmotel.retries": 2,
                "llmotel.grounding.score": 0.9,
                "llmotel.grounding.method": "citation_coverage",
                "user.id": "u1",
                "session.id": "s1",
                "gen_ai.conversation.id": "c1",
                "gen_ai.prompt.name": "greeting",
                "gen_ai.prompt.version": "3",
            }
        )
        local.send(
            otlp.spans(
                otlp.span(said, trace=TRACE, own=SPAN, start=start, seconds=1.5),
                resource={"deployment.environment.name": "prod"},
            )
        )
        (item,) = local.calls()
        expected = {
            "trace_id": TRACE,
            "span_id": SPAN,
            "parent_span_id": None,
            "start_time": "2025-11-28T10:21:15.123456Z",
            "duration_seconds": 1.5,
            "time_to_first_chunk": 0.4,
            "kind": "inference",
            "operation": "chat",
            "provider": "openai",
            "model": "gpt-5.5-2026-04-23",
            "request_model": "gpt-5.5",
            "input_tokens": 1000,
            "output_tokens": 100,
            "total_tokens": 1100,
            "cache_read_tokens": 800,
            "cache_write_tokens": None,
            "reasoning_tokens": 20,
            "cost_usd": 0.01,
            "cost_source": "local",
            "outcome": "completed",
            "finish_reasons": ["stop"],
            "agent": "planner",
            "feature": "search",
            "tenant": "acme",
            "user": "u1",
            "session": "s1",
            "conversation": "c1",
            "prompt": "greeting",
            "prompt_version": "3",
            "grounding_score": 0.9,
            "quality_score": None,
            "retries": 2,
            "stream": True,
            "service": "shop",
            "environment": "prod",
            "source": "llmotel",
            "has_content": False,
        }
        assert {name: item[name] for name in expected} == expected

    def test_the_sender_gave_no_cost_so_the_price_table_does(self, local: Local) -> None:
        said = {name: value for name, value in call().items() if "cost" not in name}
        tell(local, said, {**said, "gen_ai.request.model": "no-such-model", "gen_ai.response.model": "no-such-model"})
        priced, unknown = sorted(local.calls(), key=lambda item: item["cost_usd"] is None)
        assert priced["cost_source"] == "store"
        assert priced["cost_usd"] == pytest.approx(priced["cost_input_usd"] + priced["cost_output_usd"])
        assert (unknown["cost_usd"], unknown["cost_source"]) == (None, None)
        assert [item["model"] for item in local.calls(priced="false")] == ["no-such-model"]

    def test_agents_tools_and_plain_spans_are_no_calls(self, local: Local) -> None:
        tell(
            local,
            {"gen_ai.operation.name": "invoke_agent", "gen_ai.usage.input_tokens": 1000},
            {"gen_ai.operation.name": "execute_tool", "gen_ai.tool.name": "search"},
            {"gen_ai.operation.name": "execute_tool", "mcp.method.name": "tools/call"},
            {"http.request.method": "GET"},
            {"db.system.name": "postgresql"},
            {"gen_ai.operation.name": "embeddings", "gen_ai.request.model": "m"},
            {},
        )
        assert [item["kind"] for item in local.calls()] == ["embeddings"]
        kinds = sorted(item["kind"] for item in local.calls(kind="all"))
        assert kinds == ["agent", "db", "embeddings", "http", "mcp", "other", "tool"]

    @pytest.mark.parametrize(
        ("parameters", "found"),
        [
            ({"model": "a"}, ["a"]),
            ({"model": ["a", "b"]}, ["a", "b"]),
            ({"not.model": "a"}, ["b", "c"]),
            ({"feature": ""}, ["c"]),
            ({"feature": "search"}, ["a", "b"]),
            ({"min_cost": 0.02}, ["b", "c"]),
            ({"min_cost": 0.02, "max_cost": 0.02}, ["b"]),
            ({"min_duration": 2.5}, ["c"]),
            ({"outcome": "error"}, ["c"]),
            ({"finish_reason": "length"}, ["b"]),
            ({"q": "NEEDLE"}, ["a"]),
            ({"q": "' OR 1=1 --"}, []),
            ({"min_quality": 0.1}, ["a"]),
            ({"since": "1h"}, ["a", "b", "c"]),
            ({"to": "2020-01-01T00:00:00Z"}, []),
        ],
    )
    def test_filters(self, local: Local, parameters: dict, found: list[str]) -> None:
        local.send(
            otlp.spans(
                otlp.span(
                    call(
                        **{
                            "gen_ai.response.model": "a",
                            "llmotel.feature": "search",
                            "gen_ai.input.messages": '[{"role":"user","parts":[{"type":"text","content":"a Needle"}]}]',
                        }
                    ),
                    trace=TRACE,
                    own=SPAN,
                ),
                otlp.span(
                    call(
                        **{
                            "gen_ai.response.model": "b",
                            "llmotel.feature": "search",
                            "gen_ai.usage.cost.amount": 0.02,
                            "gen_ai.response.finish_reasons": ["stop", "length"],
                        }
                    ),
                    seconds=2,
                ),
                otlp.span(
                    call(**{"gen_ai.response.model": "c", "gen_ai.usage.cost.amount": 0.03}), seconds=3, failed="boom"
                ),
            )
        )
        said = {"gen_ai.evaluation.name": "relevance", "gen_ai.evaluation.score.value": 0.5}
        local.send(otlp.log("gen_ai.evaluation.result", said, trace=TRACE, own=SPAN))
        assert sorted(item["model"] for item in local.calls(**parameters)) == found

    @pytest.mark.parametrize(
        ("parameters", "parameter"),
        [
            ({"nonsense": "1"}, "nonsense"),
            ({"since": "yesterday"}, "since"),
            ({"from": "2026-13-01"}, "from"),
            ({"limit": "0"}, "limit"),
            ({"limit": "5; DROP TABLE spans"}, "limit"),
            ({"sort": "name; --"}, "sort"),
            ({"kind": "pet"}, "kind"),
            ({"cursor": "AAAA"}, "cursor"),
            ({"min_cost": "nan"}, "min_cost"),
            ({"priced": "maybe"}, "priced"),
            ({"trace_id": "xyz"}, "trace_id"),
        ],
    )
    def test_what_is_not_understood_is_a_problem_that_names_the_parameter(
        self, local: Local, parameters: dict, parameter: str
    ) -> None:
        told = local.problem("/api/calls", **parameters)
        assert (told["status"], told["parameter"]) == (400, parameter)

    @pytest.mark.parametrize(
        "sort", ["-start_time", "start_time", "-cost", "cost", "model", "-quality", "-total_tokens"]
    )
    def test_pages_hold_every_call_once_in_order_also_those_with_unknown_values(self, local: Local, sort: str) -> None:
        moment = otlp.now()
        for place in range(23):
            said = call(**{"gen_ai.response.model": f"m{place % 5}", "gen_ai.usage.cost.amount": place % 4 / 100})
            if place % 3 == 0:
                said = {name: value for name, value in said.items() if "cost" not in name}
                said["gen_ai.provider.name"] = "nobody"
            tell(local, said, start=moment - (place // 2) * SECOND)
        seen, cursor = [], None
        while True:
            page = local.get("/api/calls", sort=sort, limit=5, **({"cursor": cursor} if cursor else {}))
            seen += page["items"]
            cursor = page["next"]
            if cursor is None:
                break
        assert len({item["span_id"] for item in seen}) == len(seen) == 23
        if sort.endswith("cost"):
            costs = [item["cost_usd"] for item in seen if item["cost_usd"] is not None]
            assert costs == sorted(costs, reverse=sort.startswith("-"))
            assert all(item["cost_usd"] is None for item in seen[len(costs) :])

    def test_the_total_is_told_on_request(self, local: Local) -> None:
        tell(local, call(), call(), call())
        assert local.get("/api/calls", limit=1, count="true")["total"] == 3
        assert "total" not in local.get("/api/calls")


class TestFigures:
    def test_facets_leave_out_their_own_filter_alone(self, local: Local) -> None:
        tell(
            local,
            call(**{"gen_ai.response.model": "a", "llmotel.feature": "x"}),
            call(**{"gen_ai.response.model": "b", "llmotel.feature": "x"}),
            call(**{"gen_ai.response.model": "b"}),
        )
        told = local.get("/api/calls/facets", field=["model", "feature"], model="b")
        assert [(one["value"], one["count"]) for one in told["facets"]["model"]] == [("b", 2), ("a", 1)]
        assert {one["value"]: one["count"] for one in told["facets"]["feature"]} == {"x": 1, None: 1}
        assert told["total"] == 2
        assert told["ranges"]["cost"] == {"min": 0.01, "max": 0.01}

    def test_the_summary_compares_with_the_period_before(self, local: Local) -> None:
        moment = otlp.now()
        tell(local, call(), call(), seconds=2, start=moment - 30 * 60 * SECOND)
        tell(local, call(), start=moment - 90 * 60 * SECOND)
        told = local.get("/api/calls/summary", since="1h", compare="true")
        assert (told["current"]["calls"], told["previous"]["calls"]) == (2, 1)
        assert told["current"]["cost_usd"] == pytest.approx(0.02)
        assert told["current"]["p50"] == 2.0
        assert local.problem("/api/calls/summary", compare="true")["parameter"] == "compare"

    def test_a_series_has_a_point_for_each_bucket_and_one_for_the_rest(self, local: Local) -> None:
        moment = otlp.now() // (3600 * SECOND) * 3600 * SECOND
        for model, hours in (("a", 1), ("a", 2), ("a", 2), ("b", 1), ("b", 2), ("c", 2), (None, 1)):
            said = call(**{"gen_ai.response.model": model} if model else {})
            if model is None:
                said.pop("gen_ai.request.model"), said.pop("gen_ai.response.model")
            tell(local, said, start=moment - hours * 3600 * SECOND)
        told = local.get("/api/calls/timeseries", since="4h", interval="1h", by="model", top=1)
        assert [(one["key"], one["other"], sum(one["calls"])) for one in told["series"]] == [
            ("a", False, 3),
            (None, True, 4),
        ]
        assert len(told["times"]) == len(told["series"][0]["p95"]) == 5
        everything = local.get("/api/calls/timeseries", since="4h", interval="1h", by="model")
        assert {one["key"]: sum(one["calls"]) for one in everything["series"]} == {"a": 3, "b": 2, "c": 1, None: 1}
        assert local.get("/api/calls/timeseries", since="4h", interval="1h")["series"][0]["cost_usd"][
            2
        ] == pytest.approx(0.04)

    def test_an_empty_store_has_empty_answers(self, local: Local) -> None:
        assert local.get("/api/calls") == {"items": [], "next": None}
        assert local.get("/api/calls/facets")["total"] == 0
        assert local.get("/api/calls/summary")["current"]["calls"] == 0
        assert local.get("/api/calls/timeseries", since="1h")["series"][0]["calls"][0] == 0
        assert local.get("/api/traces")["items"] == local.get("/api/sessions")["items"] == []
        assert local.problem("/api/traces/last")["status"] == 404


class TestTraces:
    def test_a_trace_is_a_list_of_spans_with_parents_depth_and_children(self, local: Local) -> None:
        moment = otlp.now()
        local.send(
            otlp.spans(
                otlp.span(
                    {"gen_ai.operation.name": "invoke_agent", "gen_ai.agent.name": "planner"},
                    name="invoke_agent planner", trace=TRACE, own=SPAN, start=moment, seconds=3, kind=1,
                ),
                otlp.span(call(), trace=TRACE, own=OTHER, parent=SPAN, start=moment + SECOND),
                otlp.span({"http.request.method": "GET"}, trace=TRACE, parent=OTHER, start=moment + SECOND, kind=3),
            )
        )  # fmt: skip
        told = local.get(f"/api/traces/{TRACE}")
        agent, called, plain = told["spans"]
        assert [one["depth"] for one in told["spans"]] == [0, 1, 2]
        assert (agent["children"], agent["span_kind"], called["parent_span_id"]) == (1, "internal", SPAN)
        assert (called["offset_seconds"], plain["kind"]) == (1.0, "http")
        assert agent["scope"] == {"name": "llmotel", "version": "1.0"}
        assert told["summary"]["calls"] == told["summary"]["agents"] == 1
        assert (told["total"], told["next_offset"], told["duration_seconds"]) == (3, None, 3.0)
        (listed,) = local.get("/api/traces")["items"]
        assert (listed["name"], listed["spans"], listed["calls"], listed["agents"]) == (
            "invoke_agent planner", 3, 1, ["planner"],
        )  # fmt: skip
        assert local.get("/api/traces/last")["trace_id"] == TRACE

    def test_a_page_of_a_large_trace(self, local: Local) -> None:
        local.send(otlp.spans(*(otlp.span(trace=TRACE) for _ in range(30))))
        first = local.get(f"/api/traces/{TRACE}", limit=20)
        second = local.get(f"/api/traces/{TRACE}", limit=20, offset=first["next_offset"])
        assert (len(first["spans"]), len(second["spans"]), second["next_offset"]) == (20, 10, None)

    def test_a_circle_of_parents_and_an_orphan_are_shown(self, local: Local) -> None:
        local.send(
            otlp.spans(
                otlp.span(name="a", trace=TRACE, own=SPAN, parent=OTHER),
                otlp.span(name="b", trace=TRACE, own=OTHER, parent=SPAN),
                otlp.span(name="orphan", trace=TRACE, parent="00000000000000aa"),
                otlp.span(name="self", trace=TRACE, own="00000000000000bb", parent="00000000000000bb"),
            )
        )
        found = {one["name"]: one for one in local.get(f"/api/traces/{TRACE}")["spans"]}
        assert found["a"]["cycle"] and found["b"]["cycle"] and found["self"]["cycle"]
        assert "cycle" not in found["orphan"]
        assert found["orphan"]["parent_span_id"] == "00000000000000aa"

    def test_a_span_has_its_attributes_as_they_were_sent(self, local: Local) -> None:
        said = call(
            **{
                "nested": {"list": [1, 2.5, True, None], "map": {"a": "b"}},
                "llmotel.outcome": "completed",
                "gen_ai.response.finish_reasons": ["stop"],
                "gen_ai.response.time_to_first_chunk": 0.25,
                "not finite": float("nan"),
                "zero": 0,
            }
        )
        local.send(
            otlp.spans(
                otlp.span(
                    said, own=SPAN, events=[("note", {"x": 1})], links=[(TRACE, OTHER)],
                )
            )
        )  # fmt: skip
        told = local.get(f"/api/spans/{SPAN}")
        assert told["attributes"] == {**said, "not finite": "NaN"}
        assert told["resource"] == {"service.name": "shop"}
        assert told["events"][0]["name"] == "note"
        assert told["links"] == [{"trace_id": TRACE, "span_id": OTHER, "attributes": {}}]

    @pytest.mark.parametrize(
        "said",
        [
            {"gen_ai.system": "OpenAI", "gen_ai.usage.prompt_tokens": 5},
            {"gen_ai.provider.name": "OpenAI", "gen_ai.system": "openai"},
            {"gen_ai.system": "openai", "gen_ai.provider.name": "openai"},
            {"gen_ai.usage.input_tokens": "12"},
            {"gen_ai.usage.input_tokens": -3},
            {"gen_ai.usage.cost.amount": 1},
            {"gen_ai.usage.cost.amount": 1.5, "gen_ai.usage.cost.currency": "EUR", "gen_ai.operation.name": "chat"},
            {"gen_ai.response.finish_reasons": ["a,b"]},
            {"gen_ai.response.finish_reasons": []},
            {"gen_ai.request.stream": "true"},
            {"user.id": ""},
            {"user.id": "u" * 5000},
            {"llmotel.grounding.score": 7.0, "gen_ai.operation.name": "chat"},
            {
                "gen_ai.operation.name": "chat",
                "gen_ai.usage.input_tokens": 10,
                "gen_ai.usage.cache_read.input_tokens": 90,
            },
            {"error.type": "timeout", "http.response.status_code": 504},
        ],
    )
    def test_odd_attributes_too_come_back_as_they_were_sent(self, local: Local, said: dict) -> None:
        local.send(otlp.spans(otlp.span(said, own=SPAN)))
        assert local.get(f"/api/spans/{SPAN}")["attributes"] == said

    def test_tokens_of_senders_that_count_the_cache_beside_the_input_are_added_up(self, local: Local) -> None:
        tell(local, call(**{"gen_ai.usage.input_tokens": 10, "gen_ai.usage.cache_read.input_tokens": 90}))
        assert local.calls()[0]["input_tokens"] == 100

    def test_content_is_apart_from_attributes_and_left_out_on_request(self, local: Local) -> None:
        said = call(**{"gen_ai.output.messages": '[{"role":"assistant","parts":[{"type":"text","content":"Hi"}]}]'})
        local.send(otlp.spans(otlp.span(said, own=SPAN)))
        told = local.get(f"/api/spans/{SPAN}")
        assert "gen_ai.output.messages" not in told["attributes"]
        assert told["content"]["output_messages"] == [
            {"role": "assistant", "parts": [{"type": "text", "content": "Hi"}]}
        ]
        assert told["has_content"] is True
        assert "content" not in local.get(f"/api/spans/{SPAN}", content="false")

    def test_log_records_of_a_span_are_among_its_events(self, local: Local) -> None:
        local.send(otlp.spans(otlp.span(call(), trace=TRACE, own=SPAN)))
        local.send(otlp.log("gen_ai.client.operation.exception", {"exception.type": "E"}, trace=TRACE, own=SPAN))
        (event,) = local.get(f"/api/spans/{SPAN}")["events"]
        assert (event["name"], event["origin"]) == ("gen_ai.client.operation.exception", "log")

    @pytest.mark.parametrize("path", ["/api/traces/" + "0" * 31 + "1", "/api/spans/" + "0" * 15 + "1"])
    def test_what_is_not_there_is_a_404(self, local: Local, path: str) -> None:
        assert local.problem(path)["status"] == 404

    @pytest.mark.parametrize("path", ["/api/traces/xyz", "/api/spans/1", "/api/spans/..%2f..%2fetc"])
    def test_what_is_no_id_is_a_problem(self, local: Local, path: str) -> None:
        assert local.problem(path)["status"] in (400, 404)


class TestSessions:
    def test_a_session_is_its_calls_over_traces_in_order_with_what_was_said(self, local: Local) -> None:
        moment = otlp.now()
        for place, text in enumerate(("first", "second")):
            said = call(
                **{
                    "session.id": "s/1",
                    "user.id": "u1",
                    "gen_ai.input.messages": f'[{{"role":"user","parts":[{{"type":"text","content":"{text}"}}]}}]',
                }
            )
            tell(local, said, start=moment + place * SECOND)
        tell(local, call(**{"gen_ai.conversation.id": "c1"}))
        listed = local.get("/api/sessions")["items"]
        assert [(one["id"], one["kind"], one["traces"]) for one in listed] == [
            ("s/1", "session", 2),
            ("c1", "conversation", 1),
        ]
        told = local.get("/api/sessions/s/1")
        assert [turn["content"]["input_messages"][0]["parts"][0]["content"] for turn in told["turns"]] == [
            "first",
            "second",
        ]
        assert (told["calls"], told["cost_usd"]) == (2, pytest.approx(0.02))
        assert local.problem("/api/sessions/nobody")["status"] == 404


class TestScores:
    def test_a_score_given_by_hand_is_an_evaluation_of_the_call(self, local: Local) -> None:
        local.send(otlp.spans(otlp.span(call(), trace=TRACE, own=SPAN)))
        body = {"trace_id": TRACE, "span_id": SPAN, "name": "thumb", "score": 1, "comment": "<b>good</b>"}
        answer = local.client.post("/api/scores", json=body)
        assert answer.status_code == 201
        assert (answer.json()["score"], answer.json()["origin"]) == (1.0, "viewer")
        (score,) = local.get(f"/api/spans/{SPAN}")["evaluations"]
        assert score["explanation"] == "<b>good</b>"
        assert local.calls()[0]["quality_score"] == 1.0
        assert local.get("/api/evaluations/summary", by="model")["items"][0]["mean"] == 1.0

    @pytest.mark.parametrize(
        ("change", "status"),
        [
            ({"score": 2}, 400),
            ({"score": "1"}, 400),
            ({"score": True}, 400),
            ({"name": ""}, 400),
            ({"comment": 5}, 400),
            ({"extra": 1}, 400),
            ({"span_id": OTHER}, 404),
            ({"span_id": "x"}, 400),
        ],
    )
    def test_a_score_that_is_none_is_refused(self, local: Local, change: dict, status: int) -> None:
        local.send(otlp.spans(otlp.span(call(), trace=TRACE, own=SPAN)))
        body = {"trace_id": TRACE, "span_id": SPAN, "name": "thumb", "score": 1, **change}
        assert local.client.post("/api/scores", json=body).status_code == status

    def test_a_form_is_no_score(self, local: Local) -> None:
        assert local.client.post("/api/scores", data={"score": "1"}).status_code == 415


class TestRunning:
    def test_what_has_begun_is_running_until_its_span_arrives(self, local: Local) -> None:
        said = {"gen_ai.operation.name": "execute_tool", "gen_ai.tool.name": "search"}
        local.send(otlp.log("llmotel.pending", said, trace=TRACE, own=SPAN, time_ns=otlp.now() - 5 * SECOND))
        (item,) = local.get("/api/running")["items"]
        assert (item["span_id"], item["kind"], item["tool"], item["pending"]) == (SPAN, "tool", "search", True)
        assert item["running_seconds"] >= 5
        assert local.get(f"/api/traces/{TRACE}")["spans"][0]["pending"] is True
        local.send(otlp.spans(otlp.span(said, trace=TRACE, own=SPAN)))
        assert local.get("/api/running")["items"] == []
        assert [one["pending"] for one in local.get(f"/api/traces/{TRACE}")["spans"]] == [False]


class TestDescription:
    def test_every_path_that_is_described_answers(self, local: Local) -> None:
        local.send(otlp.spans(otlp.span(call(**{"session.id": "s1"}), trace=TRACE, own=SPAN)))
        described = local.get("/api/openapi.json")
        assert described["openapi"].startswith("3.1")
        for path, operations in described["paths"].items():
            if "get" not in operations or path == "/api/live":
                continue
            real = path.format(trace_id=TRACE, span_id=SPAN, session_id="s1", name="x")
            assert local.client.get(real).status_code != 500, path

    def test_another_path_is_a_problem(self, local: Local) -> None:
        assert local.problem("/api/nothing")["status"] == 404

    def test_health_tells_what_is_stored(self, local: Local) -> None:
        told = local.get("/api/health")
        assert (told["status"], told["spans"], told["memory"], told["data"]) == ("ok", 0, True, None)


class TestLive:
    def test_an_open_page_is_told_of_what_was_stored(self, local: Local) -> None:
        with local.client.stream("GET", "/api/live") as stream:
            assert stream.headers["content-type"].startswith("text/event-stream")
            lines = stream.iter_lines()
            assert next(lines) == "retry: 2000"
            local.send(otlp.spans(otlp.span(call())))
            for line in lines:
                if line.startswith("data: "):
                    assert '"calls": 1' in line
                    break
