"""What applications send: traces of a shop's assistant as OTLP, the same each time for the same seed and moment."""

from __future__ import annotations

import json
import random
from typing import Any

MODELS = {
    "gpt-5.5": ("openai", 1.25e-6, 1e-5),
    "gpt-5.5-mini": ("openai", 2.5e-7, 2e-6),
    "claude-sonnet-4-5": ("anthropic", 3e-6, 1.5e-5),
    "gemini-2.5-flash": ("gcp.gemini", 3e-7, 2.5e-6),
}
FEATURES = ("search", "checkout-help", "returns", "recommend")
QUESTIONS = (
    "Can I return shoes that I have worn twice?",
    "Which of your rain jackets is light enough for cycling?",
    "Where is my order 18-4471?",
    "Do you deliver to Réunion, and what does it cost?",
    "靴のサイズを交換できますか",
    "هل يمكنني إرجاع الحذاء بعد ثلاثين يومًا؟",
)
ANSWER = (
    "You can return worn shoes **within 30 days** if the soles are clean. Returns are free of charge in the EU.\n\n"
    "1. Print the label from your account\n2. Pack the shoes in their box\n3. Hand the parcel in at any `DropPoint`\n\n"
    "| Region | Cost | Days |\n|---|---|---|\n| EU | free | 3 to 5 |\n| Elsewhere | 12.50 | 7 to 14 |\n"
)
CITATIONS = [
    {
        "text": "You can return worn shoes **within 30 days** if the soles are clean.",
        "source": "returns-policy",
        "kind": "document",
        "title": "Returns policy",
        "uri": "https://shop.example/returns",
        "quote": "Shoes may be returned within 30 days provided that the soles show no dirt.",
    },
    {
        "text": "Returns are free of charge in the EU.",
        "source": "shipping",
        "kind": "document",
        "title": "Shipping and cost",
        "uri": "https://shop.example/shipping",
        "quote": "No charge is made for returns from member states.",
    },
]


def text(of: Any) -> str:
    """JSON as llmotel writes it: characters as they are."""
    return json.dumps(of, ensure_ascii=False)


def value(of: Any) -> dict[str, Any]:
    if isinstance(of, bool):
        return {"boolValue": of}
    if isinstance(of, int):
        return {"intValue": str(of)}
    if isinstance(of, float):
        return {"doubleValue": of}
    if isinstance(of, (list, tuple)):
        return {"arrayValue": {"values": [value(one) for one in of]}}
    return {"stringValue": str(of)}


def attributes(of: dict[str, Any]) -> list[dict[str, Any]]:
    return [{"key": key, "value": value(one)} for key, one in of.items() if one is not None]


def export(spans: list[dict[str, Any]], service: str = "shop", scope: str = "llmotel") -> dict[str, Any]:
    """An ``ExportTraceServiceRequest`` in JSON."""
    return {
        "resourceSpans": [
            {
                "resource": {
                    "attributes": attributes({"service.name": service, "deployment.environment.name": "prod"})
                },
                "scopeSpans": [{"scope": {"name": scope, "version": "1.0"}, "spans": spans}],
            }
        ]
    }


class Trace:
    """The spans of one trace, in the order in which they are added."""

    def __init__(self, dice: random.Random, start: float) -> None:
        self.dice = dice
        self.id = f"{dice.getrandbits(128):032x}"
        self.start = start
        self.spans: list[dict[str, Any]] = []

    def span(
        self,
        name: str,
        begin: float,
        length: float,
        parent: str | None = None,
        kind: int = 1,
        error: str | None = None,
        events: list[dict[str, Any]] | None = None,
        **more: Any,
    ) -> str:
        """A span that begins so many seconds after the trace; its id. Attributes are keywords with ``__`` for dots."""
        span_id = f"{self.dice.getrandbits(64):016x}"
        facts = {key.replace("__", "."): one for key, one in more.items()}
        if error:
            facts["error.type"] = error
        self.spans.append(
            {
                "traceId": self.id,
                "spanId": span_id,
                **({"parentSpanId": parent} if parent else {}),
                "name": name,
                "kind": kind,
                "startTimeUnixNano": str(int((self.start + begin) * 1e9)),
                "endTimeUnixNano": str(int((self.start + begin + length) * 1e9)),
                "attributes": attributes(facts),
                "status": {"code": 2, "message": f"{error}: the provider refused"} if error else {},
                "events": events or [],
            }
        )
        return span_id


def assistant(dice: random.Random, start: float, number: int) -> Trace:
    """One turn of the shop's assistant: an agent that searches, calls a tool and answers."""
    trace = Trace(dice, start)
    model = dice.choices(list(MODELS), weights=(5, 9, 4, 3))[0]
    provider, price_in, price_out = MODELS[model]
    feature = dice.choices(FEATURES, weights=(6, 3, 3, 1))[0]
    slow = dice.lognormvariate(0, 0.45)
    fails = dice.random() < 0.045
    question = dice.choice(QUESTIONS)
    session = f"s-{number // 4}"
    who: dict[str, Any] = {
        "session.id": session,
        "user.id": f"u-{number // 4 % 37}",
        "llmotel.feature": feature,
        "gen_ai.agent.name": "assistant" if feature != "recommend" else "recommender",
        "llmotel.tenant": dice.choice(("north", "south")),
    }
    root = trace.span("POST /chat", 0, 3.1 * slow, kind=2, **{"http.request.method": "POST", "url.path": "/chat"})
    agent = trace.span(
        f"invoke_agent {who['gen_ai.agent.name']}", 0.02, 3.0 * slow, root,
        **{"gen_ai.operation.name": "invoke_agent", **who},
    )  # fmt: skip
    trace.span(
        "embeddings text-embedding-3-small", 0.05, 0.09, agent, 3,
        **{"gen_ai.operation.name": "embeddings", "gen_ai.provider.name": "openai", "gen_ai.request.model": "text-embedding-3-small",
           "gen_ai.usage.input_tokens": 14, "gen_ai.usage.cost.amount": 2.8e-07, "gen_ai.usage.cost.currency": "USD", "llmotel.outcome": "completed", **who},
    )  # fmt: skip
    trace.span(
        "SELECT documents",
        0.15,
        0.03,
        agent,
        3,
        **{"db.system.name": "postgresql", "db.query.text": "SELECT id FROM documents"},
    )
    documents = [{"id": "returns-policy", "score": 0.91, "content": "Shoes may be returned within 30 days provided that the soles show no dirt."},
                 {"id": "shipping", "score": 0.83, "content": "No charge is made for returns from member states."},
                 {"id": "care", "score": 0.41, "content": "Clean soles with a dry brush."}]  # fmt: skip
    trace.span(
        "retrieval shop-docs", 0.14, 0.06, agent, 3,
        **{"gen_ai.operation.name": "retrieval", "gen_ai.data_source.id": "shop-docs", "gen_ai.retrieval.query.text": question,
           "gen_ai.retrieval.documents": text(documents), "gen_ai.retrieval.top_k": 3, **who},
    )  # fmt: skip
    system = [
        {"type": "text", "content": "You help the customers of a shoe shop. Answer from the documents and cite them."}
    ]
    messages: list[dict[str, Any]] = [{"role": "user", "parts": [{"type": "text", "content": question}]}]
    call = {
        "type": "tool_call",
        "id": f"call_{number}",
        "name": "order_status",
        "arguments": {"order": "18-4471", "fields": ["state", "carrier", "eta"]},
    }
    trace.span(
        f"chat {model}", 0.22, 0.8 * slow, agent, 3,
        **spend(dice, model, provider, price_in, price_out, cached=0),
        **{"gen_ai.system_instructions": text(system), "gen_ai.input.messages": text(messages),
           "gen_ai.output.messages": text([{"role": "assistant", "parts": [{"type": "reasoning", "content": "The customer asks about a return. I should look at the order first."}, call], "finish_reason": "tool_call"}]),
           "gen_ai.response.finish_reasons": ["tool_call"], "gen_ai.response.time_to_first_chunk": 0.2 * slow, "gen_ai.request.stream": True,
           "gen_ai.tool.definitions": text([{"type": "function", "name": "order_status", "description": "The state of an order", "parameters": {"type": "object", "properties": {"order": {"type": "string"}}}}]), **who},
    )  # fmt: skip
    result = {"order": "18-4471", "state": "delivered", "carrier": "DHL", "eta": None}
    tool = trace.span(
        "execute_tool order_status", 0.24 + 0.8 * slow, 0.2, agent,
        **{"gen_ai.operation.name": "execute_tool", "gen_ai.tool.name": "order_status", "gen_ai.tool.call.id": call["id"],
           "gen_ai.tool.call.arguments": text(call["arguments"]), "gen_ai.tool.call.result": text(result), **who},
    )  # fmt: skip
    trace.span(
        "GET",
        0.26 + 0.8 * slow,
        0.15,
        tool,
        3,
        **{
            "http.request.method": "GET",
            "url.full": "https://orders.example/18-4471",
            "http.response.status_code": 200,
        },
    )
    if number % 5 == 0:
        trace.span(
            "tools/call order_status",
            0.25 + 0.8 * slow,
            0.18,
            tool,
            3,
            **{"mcp.method.name": "tools/call", "gen_ai.tool.name": "order_status", "mcp.session.id": "m-1"},
        )
    messages += [
        {"role": "assistant", "parts": [call]},
        {"role": "tool", "parts": [{"type": "tool_call_response", "id": call["id"], "response": result}]},
    ]
    grounding = round(min(1.0, max(0.2, dice.gauss(0.86, 0.13))), 3)
    answered: dict[str, Any] = {
        "gen_ai.output.messages": text([{"role": "assistant", "parts": [{"type": "text", "content": ANSWER}], "finish_reason": "stop"}]),
        "gen_ai.response.finish_reasons": ["stop"],
        "llmotel.grounding.score": grounding, "llmotel.grounding.method": "citation_coverage",
        "llmotel.grounding.citation_count": 2, "llmotel.grounding.source_count": 2, "llmotel.grounding.citations": text(CITATIONS),
    }  # fmt: skip
    trace.span(
        f"chat {model}", 0.5 + 0.8 * slow, 1.9 * slow, agent, 3, error=dice.choice(("RateLimitError", "APITimeoutError")) if fails else None,
        **spend(dice, model, provider, price_in, price_out, cached=900 if not fails else 0, outcome="error" if fails else "completed"),
        **{"gen_ai.system_instructions": text(system), "gen_ai.input.messages": text(messages), "gen_ai.request.stream": True,
           "gen_ai.response.time_to_first_chunk": None if fails else 0.35 * slow, "gen_ai.request.temperature": 0.2, "gen_ai.request.max_tokens": 800,
           "gen_ai.prompt.name": "answer", "gen_ai.prompt.version": "4" if number % 3 else "3", "llmotel.retries": 1 if number % 11 == 0 else None,
           **({} if fails else answered), **who},
    )  # fmt: skip
    return trace


def spend(
    dice: random.Random,
    model: str,
    provider: str,
    price_in: float,
    price_out: float,
    cached: int,
    outcome: str = "completed",
) -> dict[str, Any]:
    fresh, answer, reasoning = dice.randint(150, 900), dice.randint(60, 420), dice.choice((0, 0, 64, 128))
    if outcome == "error":
        return {
            "gen_ai.operation.name": "chat",
            "gen_ai.provider.name": provider,
            "gen_ai.request.model": model,
            "llmotel.outcome": outcome,
            "http.response.status_code": 429,
        }
    cost_in, cost_out = fresh * price_in + cached * price_in * 0.1, (answer + reasoning) * price_out
    return {
        "gen_ai.operation.name": "chat", "gen_ai.provider.name": provider, "gen_ai.request.model": model, "gen_ai.response.model": model,
        "gen_ai.response.id": f"resp_{dice.getrandbits(48):x}", "server.address": f"api.{provider}.example",
        "gen_ai.usage.input_tokens": fresh + cached, "gen_ai.usage.output_tokens": answer + reasoning,
        "gen_ai.usage.cache_read.input_tokens": cached or None, "gen_ai.usage.reasoning.output_tokens": reasoning or None,
        "gen_ai.usage.cost.amount": cost_in + cost_out, "gen_ai.usage.cost.currency": "USD", "gen_ai.usage.cost.source": "local",
        "llmotel.cost.input": cost_in, "llmotel.cost.output": cost_out, "llmotel.cost.uncached": (fresh + cached) * price_in + cost_out,
        "llmotel.cost.table": "genai-prices 0.2.3", "llmotel.outcome": outcome,
    }  # fmt: skip


def evaluations(trace: Trace, dice: random.Random) -> list[dict[str, Any]]:
    """Log records that score the last call of a trace."""
    answer = trace.spans[-1]
    score = round(min(1.0, max(0.0, dice.gauss(0.74, 0.22))), 3)
    return [
        {
            "timeUnixNano": answer["endTimeUnixNano"],
            "eventName": "gen_ai.evaluation.result",
            "traceId": trace.id,
            "spanId": answer["spanId"],
            "attributes": attributes({"gen_ai.evaluation.name": "helpfulness", "gen_ai.evaluation.score.value": score, "gen_ai.evaluation.score.label": "pass" if score >= 0.5 else "fail", "gen_ai.evaluation.explanation": "Names the period and the cost." if score >= 0.5 else "Does not say who pays."}),
        }
    ]  # fmt: skip


def logs(records: list[dict[str, Any]], service: str = "shop") -> dict[str, Any]:
    """An ``ExportLogsServiceRequest`` in JSON."""
    return {
        "resourceLogs": [
            {
                "resource": {"attributes": attributes({"service.name": service})},
                "scopeLogs": [{"scope": {"name": "llmotel"}, "logRecords": records}],
            }
        ]
    }


def day(now: float, traces: int, seed: int = 7, hours: float = 24) -> tuple[list[Trace], list[dict[str, Any]]]:
    """Traces over the last hours, more of them by day than by night, and the scores of every third."""
    dice = random.Random(seed)
    found, scores = [], []
    for number in range(traces):
        share = (number + dice.random()) / traces
        trace = assistant(dice, now - hours * 3600 * (1 - share) - 10, number)
        found.append(trace)
        if number % 3 == 0:
            scores += evaluations(trace, dice)
    return found, scores
