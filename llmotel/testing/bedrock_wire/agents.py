"""Agents, flows and knowledge bases
(https://docs.aws.amazon.com/bedrock/latest/APIReference/API_Operations_Agents_for_Amazon_Bedrock_Runtime.html)."""

from __future__ import annotations

from collections.abc import Sequence

from llmotel.testing.reply import Body, Event
from llmotel.testing.samples import pieces

SESSION = "3f1c9c52-0d5c-4b43-9d57-0f3f0b0c7d11"


def reference(text: str, uri: str = "s3://bucket/capitals.md") -> Body:
    """A passage of a document, as it was found."""
    return {"content": {"text": text, "type": "TEXT"}, "location": {"type": "S3", "s3Location": {"uri": uri}}}


def citation(text: str, start: int, *references: Body) -> Body:
    """``text``, which stands at ``start`` of the answer, and what it is supported by. The span's end is its last
    character."""
    part = {"text": text, "span": {"start": start, "end": start + len(text) - 1}}
    return {"generatedResponsePart": {"textResponsePart": part}, "retrievedReferences": list(references)}


def generated(text: str, *citations: Body, guardrail: str | None = None) -> Body:
    """The answer of RetrieveAndGenerate."""
    body: Body = {"sessionId": SESSION, "output": {"text": text}, "citations": list(citations)}
    return body if guardrail is None else {**body, "guardrailAction": guardrail}


def generated_events(body: Body) -> list[Event]:
    """The stream of RetrieveAndGenerateStream: pieces of text, then the citations."""
    events: list[Event] = [{"output": {"text": piece}} for piece in pieces(body["output"]["text"])]
    events += [{"citation": {"citation": one, **one}} for one in body["citations"]]
    if "guardrailAction" in body:
        events.append({"guardrail": {"action": body["guardrailAction"]}})
    return events


def retrieved(*results: tuple[str, float]) -> Body:
    """The answer of Retrieve, from passages and their scores."""
    return {"retrievalResults": [{**reference(text), "score": score, "metadata": {}} for text, score in results]}


def reranked(*scores: float) -> Body:
    """The answer of Rerank."""
    return {"results": [{"index": index, "relevanceScore": score} for index, score in enumerate(scores)]}


def agent_chunk(text: str, *citations: Body) -> Body:
    """A piece of an agent's answer."""
    chunk: Body = {"bytes": text.encode()}
    return {"chunk": {**chunk, "attribution": {"citations": list(citations)}} if citations else chunk}


def model_trace(
    model: str,
    input: int,  # noqa: A002
    output: int,
    *,
    step: str = "orchestrationTrace",
) -> list[Event]:
    """The two events of a call that an agent makes to a model."""
    around = {"agentId": "AGENT12345", "agentAliasId": "TSTALIASID", "sessionId": SESSION}
    asked = {"traceId": "trace-0", "text": "{}", "type": "ORCHESTRATION", "foundationModel": model}
    metadata = {"usage": {"inputTokens": input, "outputTokens": output}, "totalTimeMs": 1200}
    answered = {"traceId": "trace-0", "rawResponse": {"content": "{}"}, "metadata": metadata}
    return [
        {"trace": {**around, "trace": {step: {"modelInvocationInput": asked}}}},
        {"trace": {**around, "trace": {step: {"modelInvocationOutput": answered}}}},
    ]


def return_control(function: str, **parameters: str) -> Body:
    """An agent asks the application to call ``function``."""
    given = [{"name": name, "type": "string", "value": value} for name, value in parameters.items()]
    call = {"actionGroup": "tools", "agentId": "AGENT12345", "function": function, "parameters": given}
    return {"returnControl": {"invocationId": "invocation-0", "invocationInputs": [{"functionInvocationInput": call}]}}


def flow_events(document: object, *, node: str = "FlowOutputNode") -> list[Event]:
    """The stream of a flow with one output."""
    output = {"nodeName": node, "nodeType": "FlowOutputNode", "content": {"document": document}}
    return [{"flowOutputEvent": output}, {"flowCompletionEvent": {"completionReason": "SUCCESS"}}]


def agent_events(text: str, traces: Sequence[Event] = ()) -> list[Event]:
    """The stream of an agent: what it did, then its answer in one piece."""
    return [*traces, agent_chunk(text)]
