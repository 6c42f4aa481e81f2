"""The figures behind dashboards, features, models, comparisons and re-pricing."""

from __future__ import annotations

import pytest

from llmotel.local.dashboards import DASHBOARDS
from llmotel.local.pricing import Table, Tokens
from llmotel.local.questions.catalogue import QUESTIONS
from local import otlp
from local.conftest import Local
from local.otlp import SECOND, call

TRACE, OTHER = "5b8efff798038103d269b633813fc60c", "5b8efff798038103d269b633813fc60d"


@pytest.fixture
def busy(local: Local) -> Local:
    """An hour with two models and two features, and the hour before."""
    now = otlp.now()
    for hours, cost in ((0.5, 0.01), (1.5, 0.04)):
        start = now - int(hours * 3600) * SECOND
        local.send(
            otlp.spans(
                otlp.span(call(**{"llmotel.feature": "search", "gen_ai.usage.cost.amount": cost}), start=start, trace=TRACE),
                otlp.span(
                    call(**{"gen_ai.response.model": "gpt-5-mini", "llmotel.feature": "chat", "llmotel.grounding.score": 0.85}),
                    start=start, seconds=3, failed="boom", trace=OTHER,
                ),
                otlp.span({"gen_ai.operation.name": "execute_tool", "gen_ai.tool.name": "sql"}, start=start, failed="x"),
            )
        )  # fmt: skip
    value = otlp.ExportMetricsServiceRequest()
    made = value.resource_metrics.add().scope_metrics.add().metrics.add(name="llmotel.feature.value.usd")
    made.sum.aggregation_temporality, made.sum.is_monotonic = 1, True
    point = made.sum.data_points.add(time_unix_nano=now - 60 * SECOND, as_double=0.5)
    point.attributes.extend(otlp.pairs({"llmotel.feature": "search"}))
    local.send(value)
    return local


class TestDashboards:
    @pytest.mark.parametrize("name", DASHBOARDS)
    def test_every_dashboard_has_figures_of_this_period_and_the_one_before(self, busy: Local, name: str) -> None:
        told = busy.get(f"/api/dashboards/{name}", since="1h", by="model", compare="true", interval="15m")
        assert {"id", "title", "unit", "value", "previous", "better"} == told["stats"][0].keys()
        calls = next(stat for stat in told["stats"] if stat["id"] == "calls")
        assert (calls["value"], calls["previous"]) == (2, 2)
        for panel in told["panels"]:
            if panel["kind"] == "timeseries":
                assert len(panel["series"]) == len(panel["previous"]) == 2
                assert all(len(line["values"]) == len(panel["times"]) for line in panel["series"])
            elif panel["kind"] == "table":
                assert all(len(row) == len(panel["columns"]) for row in panel["rows"])
            else:
                assert len(panel["edges"]) == len(panel["counts"]) + 1

    def test_costs_add_up_over_time_and_in_the_table(self, busy: Local) -> None:
        told = busy.get("/api/dashboards/cost", since="1h")
        panels = {panel["id"]: panel for panel in told["panels"]}
        lines = [value for line in panels["cost_over_time"]["series"] for value in line["values"] if value]
        assert sum(lines) == pytest.approx(0.02)
        assert sum(row[3] for row in panels["by_model"]["rows"]) == pytest.approx(0.02)
        assert sum(panels["cost_distribution"]["counts"]) == 2

    def test_errors_and_tools_are_told_apart(self, busy: Local) -> None:
        panels = {panel["id"]: panel for panel in busy.get("/api/dashboards/reliability", since="1h")["panels"]}
        assert panels["by_tool"]["rows"][0][:4] == ["sql", 1, 1, 1.0]
        assert panels["by_error"]["rows"][0][2:4] == ["gpt-5-mini", 1]

    def test_grounding_falls_into_its_tenth(self, busy: Local) -> None:
        panels = {panel["id"]: panel for panel in busy.get("/api/dashboards/quality", since="1h")["panels"]}
        assert panels["grounding_distribution"]["counts"] == [0, 0, 0, 0, 0, 0, 0, 0, 1, 0]

    def test_one_that_is_not_there_is_a_404(self, busy: Local) -> None:
        assert busy.problem("/api/dashboards/none")["status"] == 404


class TestFeatures:
    def test_a_feature_has_its_cost_value_and_trend(self, busy: Local) -> None:
        items = {item["feature"]: item for item in busy.get("/api/features", since="1h")["items"]}
        search = items["search"]
        assert (search["cost_usd"], search["value_usd"]) == (0.01, 0.5)
        assert (search["profit_usd"], search["return"]) == (pytest.approx(0.49), pytest.approx(50))
        assert search["trend"] == pytest.approx(-0.75)
        assert items["chat"]["value_usd"] is None
        assert items["chat"]["error_ratio"] == 1.0

    def test_models_are_told_apart_by_provider(self, busy: Local) -> None:
        items = busy.get("/api/models", since="1h")["items"]
        assert {(item["provider"], item["model"]) for item in items} == {
            ("openai", "gpt-5.5-2026-04-23"), ("openai", "gpt-5-mini"),
        }  # fmt: skip


class TestWhatIf:
    def test_the_calls_cost_on_another_model_what_each_of_them_would(self, local: Local) -> None:
        # gemini-2.5-pro costs more above 200,000 tokens of input, so an average over all calls would be wrong.
        counts = [(1000, 100, 0), (150_000, 500, 50_000), (300_000, 700, 0), (250_000, 10, 100_000)]
        for given, made, cached in counts:
            said = call(**{"gen_ai.usage.input_tokens": given, "gen_ai.usage.output_tokens": made,
                           "gen_ai.usage.cache_read.input_tokens": cached})  # fmt: skip
            local.send(otlp.spans(otlp.span(said)))
        told = local.get("/api/whatif", to=["gcp.gemini/gemini-2.5-pro", "openai/gpt-5-mini"])
        table, now = Table(), otlp.now() / 1e9
        for item in told["items"]:
            each = [table.cost(item["provider"], (item["model"],), Tokens(a, b, c), now) for a, b, c in counts]
            assert item["cost_usd"] == pytest.approx(sum(cost.total for cost in each if cost))
            assert item["saved_usd"] == pytest.approx(0.04 - item["cost_usd"])
        assert (told["calls"], told["repriced"], told["actual_usd"]) == (4, 4, pytest.approx(0.04))
        assert told["assumes"]

    @pytest.mark.parametrize("to", ["", "gpt-5", "openai/no-such-model", "nobody/gpt-5"])
    def test_a_model_without_a_price_is_named(self, local: Local, to: str) -> None:
        assert local.problem("/api/whatif", to=to)["parameter"] == "to"

    def test_models_to_choose_from_are_those_that_were_called_first(self, busy: Local) -> None:
        items = busy.get("/api/prices", q="gpt-5")["items"]
        assert items[0]["called"] is True
        assert {"provider": "openai", "model": "gpt-5-nano", "called": False} in items


class TestCompare:
    def test_two_models_side_by_side(self, busy: Local) -> None:
        told = busy.get("/api/compare", left="model:gpt-5.5-2026-04-23", right="model:gpt-5-mini", since="1h")
        rows = {row["name"]: row for row in told["differences"]}
        assert (rows["p50"]["left"], rows["p50"]["right"], rows["p50"]["better"]) == (1.0, 3.0, "left")
        assert rows["p50"]["change"] == pytest.approx(2.0)
        assert rows["cost_usd"]["better"] is None
        assert rows["grounding"]["left"] is None

    def test_two_traces_bring_their_spans(self, busy: Local) -> None:
        told = busy.get("/api/compare", left=f"trace:{TRACE}", right=f"trace:{OTHER}")
        assert [len(told[side]["spans"]) for side in ("left", "right")] == [2, 2]

    def test_two_periods(self, busy: Local) -> None:
        told = busy.get("/api/compare", left="period:2020-01-01/2020-01-02", right="period:2020-01-01/2100-01-01")
        assert (told["left"]["summary"]["calls"], told["right"]["summary"]["calls"]) == (0, 4)

    @pytest.mark.parametrize("side", ["", "pet:cat", "trace:xyz", "period:now"])
    def test_a_side_that_is_none_is_named(self, busy: Local, side: str) -> None:
        assert busy.problem("/api/compare", left=side, right="model:a")["status"] == 400


class TestQuestionsOverHttp:
    def test_an_answer_names_its_columns(self, busy: Local) -> None:
        told = busy.get("/api/questions/latency", since="1h", by="model")
        assert [column["name"] for column in told["columns"]][:3] == ["model", "calls", "p50"]
        assert {row[0] for row in told["rows"]} == {"gpt-5.5-2026-04-23", "gpt-5-mini"}

    def test_its_sql_is_told_for_every_engine(self, busy: Local) -> None:
        for engine in ("duckdb", "clickhouse", "bigquery"):
            assert "SELECT" in busy.get("/api/questions/latency", format="sql", engine=engine)["sql"]

    @pytest.mark.parametrize("name", QUESTIONS)
    def test_every_question_is_answered(self, busy: Local, name: str) -> None:
        told = busy.get(f"/api/questions/{name}")
        assert all(len(row) == len(told["columns"]) for row in told["rows"])

    def test_an_answer_can_be_a_table_for_other_programs(self, busy: Local) -> None:
        answer = busy.client.get("/api/questions/throughput", params={"format": "csv", "by": "model"})
        assert answer.headers["content-type"].startswith("text/csv")
        assert answer.text.splitlines()[0] == "model,calls,per_minute,errors,error_ratio"

    def test_the_catalogue_is_listed(self, busy: Local) -> None:
        assert len(busy.get("/api/questions")["items"]) >= 19
