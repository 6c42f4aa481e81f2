"""Bedrock's agents and flows, which run models on Amazon's side, and those of AgentCore.

Source: docs.aws.amazon.com/bedrock/latest/APIReference/API_Operations_Agents_for_Amazon_Bedrock_Runtime.html.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from llmotel import semconv
from llmotel.model.inference import Inference, Usage
from llmotel.spec import Endpoint
from llmotel.spec.reading import count, get, items, path, plain, text
from llmotel_instrumentors.dialects import converse, converse_content
from llmotel_instrumentors.dialects.aws import read_action, read_envelope
from llmotel_instrumentors.dialects.bedrock_citations import accumulator_of, finalize_stream, keep, question

_STEPS = ("preProcessingTrace", "orchestrationTrace", "routingClassifierTrace", "postProcessingTrace")


# InvokeAgent and InvokeInlineAgent: a stream of pieces of text; with ``enableTrace``, of what the agent did, too.


def read_agent_request(inference: Inference, body: Any) -> None:
    """The agent, by id and alias, and the session; of an inline agent its model and guardrail."""
    inference.may_cite = True
    for name, key in (
        (semconv.AGENT_ID, "agentId"),
        (semconv.AGENT_VERSION, "agentAliasId"),
        (semconv.AGENT_NAME, "agentName"),
        (semconv.CONVERSATION, "sessionId"),
    ):
        said = text(get(body, key))
        if said is not None:
            inference.attributes[name] = said
    inference.request_model = text(get(body, "foundationModel"))
    guardrail = text(path(body, "guardrailConfiguration", "guardrailIdentifier"))
    if guardrail is not None:
        inference.attributes[semconv.GUARDRAIL_ID] = guardrail


def read_agent_input(inference: Inference, body: Any) -> None:
    """What the agent is asked; of an inline agent its instruction."""
    inference.input = question(text(get(body, "inputText")))
    instruction = text(get(body, "instruction"))
    if instruction is not None:
        inference.system = [{"type": "text", "content": instruction}]


def read_agent_event(inference: Inference, event: Any) -> None:
    """What a trace says of the models that the agent called: their tokens add up."""
    if get(event, "returnControl") is not None:
        inference.finish_reasons = ["tool_call"]
    steps = path(event, "trace", "trace")
    if steps is None:
        return
    for name in _STEPS:
        step = get(steps, name)
        if step is None:
            continue
        model = text(path(step, "modelInvocationInput", "foundationModel"))
        inference.response_model = model or inference.response_model
        used = path(step, "modelInvocationOutput", "metadata", "usage")
        sent, received = count(get(used, "inputTokens")), count(get(used, "outputTokens"))
        if sent is not None or received is not None:
            total = inference.usage = inference.usage or Usage()
            total.input_tokens = count((total.input_tokens or 0) + (sent or 0))
            total.output_tokens = count((total.output_tokens or 0) + (received or 0))
    read_action(inference, path(steps, "guardrailTrace", "action"))


def accumulate_agent_event(inference: Inference, event: Any) -> None:
    """Pieces of the answer with their citations, and the calls that the application is to make."""
    accumulator = accumulator_of(inference)
    chunk = get(event, "chunk")
    if chunk is not None:
        piece = get(chunk, "bytes")
        said = bytes(piece).decode("utf-8", "replace") if isinstance(piece, (bytes, bytearray)) else text(piece)
        accumulator.add(0, "text", "text", said)
        keep(accumulator, path(chunk, "attribution", "citations"))
    control = get(event, "returnControl")
    for index, asked in enumerate(items(get(control, "invocationInputs"))):
        call = get(asked, "functionInvocationInput") or get(asked, "apiInvocationInput")
        name = text(get(call, "function")) or text(get(call, "apiPath")) or text(get(call, "actionGroup"))
        accumulator.add(
            0,
            ("control", index),
            "tool_call",
            None,
            id=text(get(control, "invocationId")),
            name=name,
            parameters=plain(get(call, "parameters")),
        )


# InvokeFlow.


def read_flow_request(inference: Inference, body: Any) -> None:
    """The flow, by id and alias."""
    for name, key in (
        (semconv.AGENT_ID, "flowIdentifier"),
        (semconv.AGENT_VERSION, "flowAliasIdentifier"),
        (semconv.CONVERSATION, "executionId"),
    ):
        said = text(get(body, key))
        if said is not None:
            inference.attributes[name] = said


def read_flow_input(inference: Inference, body: Any) -> None:
    """The documents that the flow is given."""
    documents = [plain(path(given, "content", "document")) for given in items(get(body, "inputs"))]
    inference.input = [{"role": "user", "parts": [_document(document) for document in documents]}]


def read_flow_event(inference: Inference, event: Any) -> None:
    """Why the flow ended."""
    reason = text(path(event, "flowCompletionEvent", "completionReason"))
    if reason is not None:
        inference.finish_reasons = ["stop" if reason == "SUCCESS" else reason.lower()]
        inference.complete = True


def accumulate_flow_event(inference: Inference, event: Any) -> None:
    """The documents that the flow gives."""
    given = get(event, "flowOutputEvent") or get(event, "flowMultiTurnInputRequestEvent")
    document = path(given, "content", "document")
    if document is not None:
        accumulator = accumulator_of(inference)
        part = _document(plain(document))
        key = ("node", text(get(given, "nodeName")))
        accumulator.add(0, key, part["type"], text(part.get("content")), document=part.get("document"))


def _document(document: Any) -> dict[str, Any]:
    if isinstance(document, str):
        return {"type": "text", "content": document}
    return {"type": "document", "document": document}


# AgentCore.


def read_runtime_request(inference: Inference, body: Any) -> None:
    """The agent's ARN and the session."""
    for name, key in (
        (semconv.AGENT_ID, "agentRuntimeArn"),
        (semconv.AGENT_VERSION, "qualifier"),
        (semconv.CONVERSATION, "runtimeSessionId"),
    ):
        said = text(get(body, key))
        if said is not None:
            inference.attributes[name] = said


def read_harness_request(inference: Inference, body: Any) -> None:
    """As :func:`read_runtime_request` for a harness, with the model that it is told to use."""
    read_runtime_request(inference, {**body, "agentRuntimeArn": get(body, "harnessArn")} if _is_map(body) else body)
    chosen = get(body, "model")
    for config in chosen.values() if _is_map(chosen) else ():
        inference.request_model = text(get(config, "modelId")) or inference.request_model
        converse.read_config(inference, config)


def read_harness_input(inference: Inference, body: Any) -> None:
    """System prompt and messages."""
    converse_content.read_input(inference, {"system": get(body, "systemPrompt"), "messages": get(body, "messages")})


def _is_map(value: Any) -> bool:
    return isinstance(value, Mapping)


AGENT = Endpoint(
    "invoke_agent",
    read_agent_request,
    read_envelope,
    read_agent_event,
    read_agent_input,
    accumulate_chunk=accumulate_agent_event,
    finalize_stream=finalize_stream,
    stream_at="completion",
)
FLOW = Endpoint(
    "invoke_workflow",
    read_flow_request,
    read_envelope,
    read_flow_event,
    read_flow_input,
    accumulate_chunk=accumulate_flow_event,
    finalize_stream=finalize_stream,
    stream_at="responseStream",
)
RUNTIME = Endpoint("invoke_agent", read_runtime_request, read_envelope, body_at="response")
HARNESS = Endpoint(
    "invoke_agent",
    read_harness_request,
    read_envelope,
    converse.read_chunk,
    read_harness_input,
    accumulate_chunk=converse.accumulate_chunk,
    finalize_stream=converse.finalize_stream,
    stream_at="stream",
)
