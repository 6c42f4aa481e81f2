"""Spans that other libraries make of their calls: metrics, cost and tags once, whoever else sees the call."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import openai
import pytest
from opentelemetry import trace
from opentelemetry.trace import SpanKind, Status, StatusCode

import llmotel
from llmotel.adoption.processor import Adoption
from llmotel.testing import ProviderServer
from receiver import Receiver
from scripts import run
from telemetry import Telemetry

DURATION, COST = "gen_ai.client.inference.duration", "llmotel.client.cost.usd"
INPUT = "gen_ai.client.inference.usage.input_tokens"
CHAT = {
    "gen_ai.operation.name": "chat",
    "gen_ai.provider.name": "openai",
    "gen_ai.request.model": "gpt-4o",
    "gen_ai.response.model": "gpt-4o-2024-08-06",
}
USAGE = {"gen_ai.usage.input_tokens": 1000, "gen_ai.usage.output_tokens": 100}
PRICE = 0.0035  # of USAGE, at 2.5 and 10 USD a million


@pytest.fixture
def adopting(telemetry: Telemetry) -> Telemetry:
    telemetry.recording.tracer_provider.add_span_processor(Adoption(telemetry.engine))
    return telemetry


@pytest.fixture
def client(server: ProviderServer) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(api_key="sk-loopback", base_url=server.openai_url, max_retries=0) as client:
        yield client


def tracer(telemetry: Telemetry, scope: str = "somebody.else") -> trace.Tracer:
    return telemetry.recording.tracer_provider.get_tracer(scope)


def count(telemetry: Telemetry, metric: str = DURATION) -> int:
    return sum(point.count for point in telemetry.metrics().get(metric, ()))


def ask(client: openai.OpenAI) -> None:
    client.chat.completions.create(model="gpt-4.1", messages=[{"role": "user", "content": "Hello"}])


class TestASpanOfACall:
    def test_becomes_metrics_and_cost(self, adopting: Telemetry) -> None:
        with tracer(adopting).start_as_current_span("chat gpt-4o", kind=SpanKind.CLIENT, attributes=CHAT) as span:
            span.set_attributes(USAGE)
        metrics = adopting.metrics()
        [point] = metrics[DURATION]
        assert dict(point.attributes) == {**CHAT, "llmotel.library": "somebody.else"}
        assert point.sum == pytest.approx((adopting.span.end_time - adopting.span.start_time) / 1e9, abs=2e-9)
        assert [point.value for point in metrics[INPUT]] == [1000]
        assert metrics[COST][0].value == pytest.approx(PRICE)

    def test_has_its_cost_on_it(self, adopting: Telemetry) -> None:
        with tracer(adopting).start_as_current_span("chat gpt-4o", attributes=CHAT) as span:
            span.set_attributes(USAGE)
        attributes = adopting.span.attributes
        assert attributes["gen_ai.usage.cost.amount"] == pytest.approx(PRICE)
        assert attributes["gen_ai.usage.cost.currency"] == "USD"
        assert attributes["gen_ai.usage.cost.source"] == "local"
        assert attributes["llmotel.cost.input"] + attributes["llmotel.cost.output"] == pytest.approx(PRICE)

    def test_keeps_the_cost_that_it_has(self, adopting: Telemetry) -> None:
        billed = {"gen_ai.usage.cost.amount": 0.5, "gen_ai.usage.cost.currency": "USD"}
        with tracer(adopting).start_as_current_span("chat gpt-4o", attributes={**CHAT, **USAGE, **billed}):
            pass
        assert adopting.span.attributes["gen_ai.usage.cost.amount"] == 0.5
        assert adopting.metrics()[COST][0].value == 0.5

    @pytest.mark.parametrize("scope", ["strands.telemetry.tracer", "agent_framework", "somebody.else"])
    def test_that_says_only_after_its_start_what_it_is_is_counted_too(self, scope: str, adopting: Telemetry) -> None:
        with llmotel.tags(feature="orders"), tracer(adopting, scope).start_as_current_span("chat") as span:
            span.set_attributes({**CHAT, **USAGE})
        assert adopting.metrics()[COST][0].value == pytest.approx(PRICE)
        assert ("gen_ai.usage.cost.amount" in adopting.span.attributes) is (scope != "somebody.else")

    @pytest.mark.parametrize(
        "attributes",
        [
            {  # OpenInference
                "openinference.span.kind": "LLM",
                "llm.provider": "openai",
                "llm.model_name": "gpt-4o",
                "llm.token_count.prompt": 1000,
                "llm.token_count.completion": 100,
            },
            {  # OpenLLMetry
                "llm.request.type": "chat",
                "gen_ai.system": "OpenAI",
                "gen_ai.request.model": "gpt-4o",
                "gen_ai.usage.prompt_tokens": 1000,
                "gen_ai.usage.completion_tokens": 100,
            },
            {  # OpenTelemetry, of old
                "gen_ai.operation.name": "chat",
                "gen_ai.system": "openai",
                "gen_ai.request.model": "gpt-4o",
                **USAGE,
            },
        ],
        ids=["openinference", "openllmetry", "opentelemetry"],
    )
    def test_is_read_in_the_names_of_whoever_made_it(self, attributes: dict[str, Any], adopting: Telemetry) -> None:
        tracer(adopting).start_span("ChatCompletion", attributes=attributes).end()
        [point] = adopting.metrics()[DURATION]
        assert point.attributes["gen_ai.operation.name"] == "chat"
        assert point.attributes["gen_ai.provider.name"] == "openai"
        assert point.attributes["gen_ai.request.model"] == "gpt-4o"
        assert adopting.metrics()[COST][0].value == pytest.approx(PRICE)

    @pytest.mark.parametrize(
        ("said", "expected"),
        [("openai", "openai"), ("AWS", "aws.bedrock"), ("vertexai", "gcp.vertex_ai"), (None, "unknown")],
    )
    def test_has_the_providers_name_of_the_conventions(
        self, said: str | None, expected: str, adopting: Telemetry
    ) -> None:
        given = {"gen_ai.system": said} if said else {}
        tracer(adopting).start_span("chat", attributes={"gen_ai.operation.name": "chat", **given}).end()
        assert adopting.metrics()[DURATION][0].attributes["gen_ai.provider.name"] == expected

    @pytest.mark.parametrize(
        ("model", "expected"),
        [
            ("gpt-4o", "openai"),
            ("us.anthropic.claude-sonnet-4-20250514-v1:0", "aws.bedrock"),
            ("our-own-model", "strands-agents"),
        ],
    )
    def test_of_a_framework_that_names_itself_has_the_provider_that_the_model_is_known_for(
        self, model: str, expected: str, adopting: Telemetry
    ) -> None:
        said = {"gen_ai.operation.name": "chat", "gen_ai.system": "strands-agents", "gen_ai.request.model": model}
        tracer(adopting).start_span("chat", attributes=said).end()
        assert adopting.metrics()[DURATION][0].attributes["gen_ai.provider.name"] == expected

    def test_of_embeddings_is_one_too(self, adopting: Telemetry) -> None:
        said = {
            "openinference.span.kind": "EMBEDDING",
            "llm.provider": "openai",
            "embedding.model_name": "text-embedding-3-small",
            "llm.token_count.prompt": 1000,
        }
        tracer(adopting).start_span("embed", attributes=said).end()
        assert count(adopting, "gen_ai.client.embeddings.duration") == 1

    def test_that_failed_is_counted_as_failed(self, adopting: Telemetry) -> None:
        for error in ({"error.type": "openai.RateLimitError"}, {}):
            span = tracer(adopting).start_span("chat", attributes={**CHAT, **error})
            span.record_exception(TimeoutError())
            span.set_status(Status(StatusCode.ERROR))
            span.end()
        found = {
            point.attributes["error.type"]: point.attributes["llmotel.outcome"]
            for point in adopting.metrics()[DURATION]
        }
        assert found == {"openai.RateLimitError": "rate_limit", "TimeoutError": "timeout"}

    @pytest.mark.parametrize(
        "attributes",
        [
            {},
            {"http.request.method": "POST"},
            {"gen_ai.operation.name": "fetch_response", **USAGE},
            {"openinference.span.kind": "CHAIN", "llm.token_count.prompt": 5},
            {"traceloop.span.kind": "task"},
        ],
        ids=str,
    )
    def test_is_none_that_says_something_else(self, attributes: dict[str, Any], adopting: Telemetry) -> None:
        tracer(adopting).start_span("other", attributes=attributes).end()
        assert not {name for name in adopting.metrics() if name.startswith("gen_ai")}

    @pytest.mark.parametrize("value", ["12", True, 1.5, -1, ["a"], "not a number"], ids=repr)
    def test_may_say_anything(self, value: Any, adopting: Telemetry) -> None:
        names = ("gen_ai.usage.input_tokens", "gen_ai.response.finish_reasons", "server.port", "gen_ai.response.model")
        tracer(adopting).start_span("chat", attributes={**CHAT, **dict.fromkeys(names, value)}).end()
        assert count(adopting) == 1

    def test_is_in_the_number_of_its_agent(self, adopting: Telemetry) -> None:
        with llmotel.agent("planner"):
            tracer(adopting).start_span("chat", attributes=CHAT).end()
        assert adopting.metrics()["gen_ai.invoke_agent.inference_calls"][0].sum == 1


class TestTags:
    def test_are_on_it_from_its_start_and_on_its_metrics_if_declared(self, telemetry: Telemetry) -> None:
        telemetry(metric_tags="feature")
        telemetry.recording.tracer_provider.add_span_processor(Adoption(telemetry.engine))
        with llmotel.tags(feature="orders", user_id="u-1"):
            span: Any = tracer(telemetry).start_span("chat", attributes={**CHAT, "user.id": "theirs"})
            assert span.attributes["llmotel.feature"] == "orders"
        span.end()
        assert telemetry.span.attributes["user.id"] == "theirs"
        assert telemetry.metrics()[DURATION][0].attributes["llmotel.feature"] == "orders"

    def test_are_on_agents_and_tools_of_theirs_too_and_on_no_other_span(self, adopting: Telemetry) -> None:
        with llmotel.tags(feature="orders"):
            tracer(adopting).start_span("agent", attributes={"gen_ai.operation.name": "invoke_agent"}).end()
            tracer(adopting).start_span("GET /").end()
        assert [span.attributes.get("llmotel.feature") for span in adopting.spans] == ["orders", None]


AGENT = {"gen_ai.operation.name": "invoke_agent", "gen_ai.agent.name": "planner"}
TOOL = {"gen_ai.operation.name": "execute_tool", "gen_ai.tool.name": "check_stock"}


class TestSpansOfAgentsAndTools:
    def test_become_durations_and_numbers_of_what_happened_within(
        self, adopting: Telemetry, client: openai.OpenAI
    ) -> None:
        theirs = tracer(adopting)
        with theirs.start_as_current_span("agent", attributes=AGENT):
            theirs.start_span("chat", attributes=CHAT).end()
            with theirs.start_as_current_span("turn"):
                ask(client)
            with theirs.start_as_current_span("tool", attributes=TOOL):
                ask(client)
        metrics = adopting.metrics()
        [agent], [tool] = metrics["gen_ai.invoke_agent.duration"], metrics["gen_ai.execute_tool.duration"]
        assert dict(agent.attributes) == {"gen_ai.agent.name": "planner"}
        assert dict(tool.attributes) == {"gen_ai.tool.name": "check_stock", "gen_ai.tool.type": "function"}
        assert metrics["gen_ai.invoke_agent.inference_calls"][0].sum == 3
        assert metrics["gen_ai.invoke_agent.tool_calls"][0].sum == 1

    def test_of_the_same_tool_in_a_row_are_one_run_of_it(self, adopting: Telemetry) -> None:
        with tracer(adopting, "framework").start_as_current_span("tool", attributes=TOOL):
            tracer(adopting, "mcp").start_span("tool", attributes=TOOL).end()
        assert count(adopting, "gen_ai.execute_tool.duration") == 1

    def test_of_a_library_that_measures_them_itself_are_left_to_it(self, adopting: Telemetry) -> None:
        tracer(adopting, "gcp.vertex.agent").start_span("agent", attributes=AGENT).end()
        assert count(adopting, "gen_ai.invoke_agent.duration") == 0

    @pytest.mark.parametrize(("kind", "side"), [(SpanKind.CLIENT, "client"), (SpanKind.SERVER, "server")])
    def test_of_mcp_are_requests_of_their_side(self, kind: SpanKind, side: str, adopting: Telemetry) -> None:
        said = {"mcp.method.name": "tools/call", **TOOL}
        tracer(adopting, "mcp-python-sdk").start_span("tools/call", kind=kind, attributes=said).end()
        [point] = adopting.metrics()[f"mcp.{side}.operation.duration"]
        assert (point.attributes["mcp.method.name"], point.attributes["gen_ai.tool.name"]) == (
            "tools/call",
            "check_stock",
        )
        assert count(adopting, "gen_ai.execute_tool.duration") == 0

    def test_that_failed_are_counted_as_failed(self, adopting: Telemetry) -> None:
        span = tracer(adopting).start_span("tool", attributes={**TOOL, "error.type": "tool_error"})
        span.set_status(Status(StatusCode.ERROR))
        span.end()
        assert adopting.metrics()["gen_ai.execute_tool.duration"][0].attributes["error.type"] == "tool_error"


class TestThatACallIsCountedOnce:
    def test_where_an_instrumented_client_below_makes_it(self, adopting: Telemetry, client: openai.OpenAI) -> None:
        theirs = tracer(adopting)
        with theirs.start_as_current_span("chat", attributes=CHAT) as span, theirs.start_as_current_span("POST"):
            ask(client)
            span.set_attributes(USAGE)
        [point] = adopting.metrics()[DURATION]
        assert (point.count, point.attributes["gen_ai.request.model"]) == (1, "gpt-4.1")
        assert "gen_ai.usage.cost.amount" not in {span.name: span for span in adopting.spans}["chat"].attributes

    def test_where_another_instrumentation_sees_it_below_llmotels_own(self, adopting: Telemetry) -> None:
        own = adopting.recording.tracer_provider.get_tracer("llmotel.openai")
        with own.start_as_current_span("chat", attributes=CHAT), tracer(adopting).start_as_current_span("POST"):
            tracer(adopting).start_span("chat", attributes={**CHAT, **USAGE}).end()
        assert count(adopting) == 0  # that of llmotel's own call is the call's own business

    def test_where_several_of_theirs_see_it(self, adopting: Telemetry) -> None:
        outer = {"openinference.span.kind": "LLM", "llm.model_name": "gpt-4o", "llm.provider": "openai"}
        with tracer(adopting, "gateway").start_as_current_span("chat", attributes=outer):
            tracer(adopting, "client").start_span("chat", attributes={**CHAT, **USAGE}).end()
        [point] = adopting.metrics()[DURATION]
        assert (point.count, point.attributes["llmotel.library"]) == (1, "client")

    def test_where_llmotel_has_joined_it(self, adopting: Telemetry) -> None:
        with tracer(adopting).start_as_current_span("chat", attributes={**CHAT, **USAGE}) as span:
            span.set_attribute("llmotel.usage.source", "provider")
        assert count(adopting) == 0

    @pytest.mark.parametrize("tool", ["theirs", "ours"])
    def test_and_that_of_a_tool_within_it_is_another(
        self, tool: str, adopting: Telemetry, client: openai.OpenAI
    ) -> None:
        def use_tool() -> None:
            if tool == "ours":
                with llmotel.tool("ask"):
                    ask(client)
            else:
                said = {"gen_ai.operation.name": "execute_tool"}
                with tracer(adopting).start_as_current_span("execute_tool ask", attributes=said):
                    ask(client)

        with tracer(adopting).start_as_current_span("generate", attributes={**CHAT, **USAGE}):
            use_tool()  # a client that calls tools by itself, within its own span
        assert count(adopting) == 2

    def test_in_many_threads_at_once(self, adopting: Telemetry) -> None:
        def work() -> None:
            for _ in range(50):
                with tracer(adopting).start_as_current_span("outer", attributes=CHAT):
                    tracer(adopting).start_span("inner", attributes={**CHAT, **USAGE}).end()

        threads = [threading.Thread(target=work) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert count(adopting) == 400


class TestThatNothingOfOursIsInTheWay:
    def test_while_llmotel_is_disabled_or_has_ended_spans_are_left_alone(self, adopting: Telemetry) -> None:
        llmotel.disable()
        tracer(adopting).start_span("chat", attributes={**CHAT, **USAGE}).end()
        llmotel.enable()
        begun = tracer(adopting).start_span("chat", attributes={**CHAT, **USAGE})
        adopting.engine.shutdown()
        begun.end()
        assert len(adopting.recording.spans()) == 2
        assert DURATION not in adopting.recording.metrics()
        assert "gen_ai.usage.cost.amount" not in adopting.recording.spans()[1].attributes

    def test_a_span_that_is_ended_twice_ends_once(self, adopting: Telemetry) -> None:
        span = tracer(adopting).start_span("chat", attributes={**CHAT, **USAGE})
        span.end(end_time=2**62)
        span.end()
        assert adopting.span.end_time == 2**62
        assert count(adopting) == 1

    def test_nothing_is_kept_of_spans_that_have_ended(self, telemetry: Telemetry) -> None:
        adoption = Adoption(telemetry.engine)
        telemetry.recording.tracer_provider.add_span_processor(adoption)
        for _ in range(3):
            with tracer(telemetry).start_as_current_span("chat", attributes=CHAT):
                tracer(telemetry).start_span("POST").end()
        assert adoption._open == {}


NATIVE = """
from opentelemetry import trace
tracer = trace.get_tracer("somebody.else")
tracer.start_span("chat", attributes={"gen_ai.operation.name": "chat", "gen_ai.provider.name": "openai",
    "gen_ai.request.model": "gpt-4o", "gen_ai.usage.input_tokens": 1000, "gen_ai.usage.output_tokens": 100}).end()
"""


THEIRS = "from opentelemetry.sdk.trace import TracerProvider; trace.set_tracer_provider(TracerProvider())"


@pytest.mark.parametrize(
    ("before", "adopt", "adopted"),
    [("", "auto", True), ("", "false", False), (THEIRS, "auto", False), (THEIRS, "true", True)],
    ids=["own", "own-off", "theirs", "theirs-on"],
)
def test_is_done_where_the_tracer_provider_is_llmotels_unless_the_setting_says_otherwise(
    before: str, adopt: str, adopted: bool
) -> None:
    with Receiver() as receiver:
        run(
            f"from opentelemetry import trace\n{before}\nllmotel.init()\n{NATIVE}",
            OTEL_EXPORTER_OTLP_ENDPOINT=receiver.url,
            LLMOTEL_ADOPT=adopt,
        )
        assert (DURATION in receiver.metric_names()) is adopted
