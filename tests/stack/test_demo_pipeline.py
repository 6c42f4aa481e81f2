"""The demo through the real pipeline: what a backend and Prometheus have is what the application did and was billed."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from contract import oracle
from llmotel import semconv
from llmotel.signals.prometheus import label, series
from stack import demo_run
from stack.running import eventually
from stack.servers import Collector, Prometheus
from stack.sinks import Backend, value

MODEL = label(semconv.REQUEST_MODEL)


class Sent(NamedTuple):
    """What the providers sent for one call: the request's model and the final body of the answer."""

    path: str
    model: str
    body: Any


class Demo(NamedTuple):
    """The demo has run; all of it has arrived."""

    backend: Backend
    prometheus: Prometheus
    spans: list[dict[str, Any]]
    answers: list[Sent]
    at: float  # when the last of it had arrived, in seconds

    def stored(self) -> dict[str, Any]:
        """The spans that the backend has, by their ids."""
        return {span.span_id.hex(): span for span in self.backend.spans()}

    def total(self, metric: str, unit: str = "{token}", suffix: str = "") -> dict[str, float]:
        """The sum of a metric's series, by model."""
        name = series(metric, unit, "histogram" if suffix else "counter") + suffix
        found = self.prometheus.query(f"sum by ({MODEL}) ({name}) > 0", time=self.at)
        return {labels[MODEL]: value for labels, value in found}

    def tokens(self, slot: str, *paths: str) -> dict[str, float]:
        """The tokens of the bodies of these APIs, by model."""
        counted: Counter[str] = Counter()
        for sent in self.answers:
            if sent.path.endswith(paths):
                counted[sent.model] += getattr(_tokens(sent), slot) or 0
        return {model: float(number) for model, number in counted.items() if number}


def _tokens(sent: Sent) -> oracle.Tokens:
    read = {"completions": oracle.chat_tokens, "embeddings": oracle.embedding_tokens, "messages": oracle.message_tokens}
    return read[sent.path.rpartition("/")[2]](sent.body)


def _answer(noted: Mapping[str, Any]) -> Sent:
    """The body, or what the events of a stream come to as far as usage goes, by the documents of the providers."""
    body = noted["body"]
    if noted["events"] is not None:
        body = {"usage": {}}
        for event in noted["events"]:
            if isinstance(event, dict):
                message = event.get("message") or event
                body["usage"].update(message.get("usage") or {})
                body["model"] = message.get("model") or body.get("model")
    return Sent(noted["path"], noted["model"], body)


@pytest.fixture(scope="module")
def demo(program: Callable[[str], Path], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    folder = tmp_path_factory.mktemp("demo")
    backend = Backend()
    prometheus = Prometheus(program("prometheus"), folder / "prometheus")
    collector = Collector(
        program("otelcol-llmotel"), folder / "collector", "core.yaml", "backends/jaeger.yaml", "backends/prometheus.yaml",
        JAEGER_ENDPOINT=backend.address, PROMETHEUS_OTLP_ENDPOINT=prometheus.otlp, LLMOTEL_STACK_KEEP_PERCENT="100",
        LLMOTEL_STACK_DECISION_WAIT="3s", LLMOTEL_STACK_DECISION_WAIT_AFTER_ROOT="1s",
    )  # fmt: skip
    with backend, prometheus, collector:
        spans, bodies = demo_run.run(collector, folder)
        answers = [_answer(noted) for noted in bodies if noted["status"] == 200]
        eventually(lambda: len(backend.span_ids()) >= len(spans), "the spans at the backend")
        made = sum(noted["status"] < 429 and not noted["path"].endswith("/embeddings") for noted in bodies)
        counted = series(semconv.INFERENCE_DURATION, "s", "histogram") + "_count"
        eventually(lambda: prometheus.value(f"sum({counted})") == made, "the metrics of all calls in Prometheus")
        yield Demo(backend, prometheus, spans, answers, time.time())


def test_the_backend_has_every_span_once_and_where_it_belongs(demo: Demo) -> None:
    """By its own and its parent's id, its trace, its name and its times."""
    stored = {
        span_id: (
            span.trace_id.hex(),
            span.parent_span_id.hex(),
            span.name,
            span.start_time_unix_nano,
            span.end_time_unix_nano,
        )
        for span_id, span in demo.stored().items()
    }
    assert stored == {
        span["context"]["span_id"][2:]: (
            span["context"]["trace_id"][2:],
            (span["parent_id"] or "")[2:],
            span["name"],
            span["start"],
            span["start"] + span["duration"],
        )
        for span in demo.spans
    }
    assert set(demo.backend.span_ids().values()) == {1}


def test_the_backend_has_every_attribute_of_every_span(demo: Demo) -> None:
    stored = demo.stored()
    for span in demo.spans:
        there = stored[span["context"]["span_id"][2:]]
        attributes = {pair.key: value(pair.value) for pair in there.attributes}
        assert {key: attributes.get(key) for key in span["attributes"]} == span["attributes"]
        assert there.status.message == span["status"].get("description", "")
        assert (there.status.code == there.status.STATUS_CODE_ERROR) == (span["status"]["status_code"] == "ERROR")


def test_a_model_call_has_its_model_and_tokens_and_cost_there(demo: Demo) -> None:
    """That the two tests before compare something."""
    calls = [span["attributes"] for span in demo.spans if span["name"].startswith("chat ")]
    assert len(calls) == 40
    for attributes in calls:
        if "error.type" not in attributes:
            assert attributes[semconv.INPUT_TOKENS] > 0
            assert attributes[semconv.COST_AMOUNT] > 0


def test_tokens_in_prometheus_are_those_of_the_bodies(demo: Demo) -> None:
    asked = ("/chat/completions", "/messages")
    assert demo.total(semconv.USAGE_INPUT) == demo.tokens("input", *asked)
    assert demo.total(semconv.USAGE_OUTPUT) == demo.tokens("output", *asked)
    assert demo.total(semconv.USAGE_CACHE_READ) == demo.tokens("cache_read", *asked)
    assert demo.total(semconv.USAGE_CACHE_WRITE) == demo.tokens("cache_write", *asked)
    assert demo.total(semconv.EMBEDDINGS_INPUT, suffix="_sum") == demo.tokens("input", "/embeddings")
    assert len(demo.tokens("input", *asked)) == 4
    assert sum(demo.tokens("cache_read", *asked).values()) > 1_000


def test_cost_in_prometheus_is_that_of_the_bodies(demo: Demo) -> None:
    """To a billionth of a dollar, at the prices of genai-prices."""
    genai_prices = pytest.importorskip("genai_prices", reason="the newest genai-prices needs Python 3.11")
    cost: Counter[str] = Counter()
    for sent in demo.answers:
        tokens = _tokens(sent)
        usage = genai_prices.Usage(
            input_tokens=tokens.input, output_tokens=tokens.output or 0,
            cache_read_tokens=tokens.cache_read or 0, cache_write_tokens=tokens.cache_write or 0,
        )  # fmt: skip
        provider = "anthropic" if sent.path.endswith("/messages") else "openai"
        cost[sent.model] += genai_prices.calc_price(
            usage, model_ref=sent.body["model"], provider_id=provider
        ).total_price
    counted = demo.total(semconv.COST_COUNTER, "{USD}")
    assert counted == pytest.approx({model: float(amount) for model, amount in cost.items()}, rel=0, abs=1e-9)
    assert len(counted) == 5


def test_an_exemplar_leads_to_its_trace(demo: Demo) -> None:
    """From a bucket of the latency histogram to a span of that model at the backend which took that long."""
    buckets = series(semconv.INFERENCE_DURATION, "s", "histogram") + "_bucket"
    exemplars = demo.prometheus.exemplars(f'{buckets}{{{MODEL}="claude-haiku-4-5"}}')
    assert exemplars
    for exemplar in exemplars:
        span = demo.stored()[exemplar["labels"]["span_id"]]
        assert span.trace_id.hex() == exemplar["labels"]["trace_id"]
        assert span.name == "chat claude-haiku-4-5"
        took = (span.end_time_unix_nano - span.start_time_unix_nano) / 1e9
        assert float(exemplar["value"]) == pytest.approx(took, abs=0.01)


def test_the_service_is_the_job(demo: Demo) -> None:
    found = demo.prometheus.query(f"count by (job) ({series(semconv.COST_COUNTER, '{USD}', 'counter')})", time=demo.at)
    assert [labels for labels, _ in found] == [{"job": "llmotel-demo"}]
    assert demo.backend.services() == {"llmotel-demo"}
