"""What becomes of an operation that is no call to a model: one table, by its class and name.

Names, kinds and metrics follow the conventions named in :mod:`llmotel.semconv`; the functions below read the table and
decide nothing themselves.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from opentelemetry.trace import SpanKind

from llmotel import semconv
from llmotel.model.inference import AttributeValue, Usage
from llmotel.model.operation import (
    AgentRun,
    McpRequest,
    MemoryOperation,
    Operation,
    OperationRecord,
    Retrieval,
    Step,
    ToolRun,
    WorkflowRun,
)
from llmotel.model.structs import FrozenStruct
from llmotel.signals.attributes import truncate

if TYPE_CHECKING:
    from llmotel.signals.metrics import Metrics
    from llmotel.signals.tagging import MetricTags

_MOST = 128  # documents of a look-up
Names = tuple[tuple[str, str], ...]
"""(field, attribute) pairs."""


class Duration(FrozenStruct):
    """A histogram of seconds, and the fields of the operation that its points carry."""

    name: str
    description: str
    edges: Sequence[float]
    dimensions: Names


def by_operation(operation: Operation) -> str:
    """``invoke_agent planner``: the span's name where the conventions want operation and subject."""
    return f"{operation.operation} {operation.name}" if operation.name else operation.operation


def _by_source(operation: Any) -> str:
    source = operation.data_source_id or operation.name
    return f"{operation.operation} {source}" if source else operation.operation


def _by_method(operation: Any) -> str:
    return f"{operation.method} {operation.name}" if operation.name else str(operation.method)


class Form(FrozenStruct):
    """How one kind of operation looks.

    ``attributes`` are on the span, from its start where they are known then. ``content`` is only there under the
    content policy: JSON, or plain text for those in ``texts``. ``durations`` are recorded for each run, ``legacy`` in
    their place where the older conventions are asked for, if it is not empty. ``counts`` says that calls and tools
    within are counted and carry its name; ``hidden`` that it has no span unless it is asked for.
    """

    span_name: Callable[[Any], str]
    kind: SpanKind
    attributes: Names
    durations: tuple[Duration, ...] = ()
    legacy: tuple[Duration, ...] = ()
    content: Names = ()
    texts: frozenset[str] = frozenset()
    counts: bool = False
    hidden: bool = False


_SUBJECT: Names = (("operation", semconv.OPERATION), ("provider", semconv.PROVIDER))
_ADDRESS: Names = (("server_address", semconv.SERVER_ADDRESS), ("server_port", semconv.SERVER_PORT))
_CONVERSATION: Names = (("conversation_id", semconv.CONVERSATION),)
_AGENT: Names = (("name", semconv.AGENT_NAME), ("description", semconv.AGENT_DESCRIPTION))
_NAME: Names = _AGENT[:1]
_MESSAGES: Names = (("input", semconv.INPUT_MESSAGES), ("output", semconv.OUTPUT_MESSAGES))
_TOKENS: Names = (("input_tokens", semconv.INPUT_TOKENS), ("output_tokens", semconv.OUTPUT_TOKENS))
_AGENT_CONTENT: Names = (("system", semconv.SYSTEM), *_MESSAGES, ("tools", semconv.TOOLS))
_CALL_CONTENT: Names = (("arguments", semconv.TOOL_ARGUMENTS), ("result", semconv.TOOL_RESULT))
_MODEL: Names = (("model", semconv.REQUEST_MODEL),)
_RUN: Names = (
    *_CONVERSATION,
    *_MODEL,
    ("data_source_id", semconv.DATA_SOURCE),
    ("finish_reasons", semconv.FINISH_REASONS),
)
_AGENT_DURATION = Duration(
    semconv.AGENT_DURATION, "Duration of an agent's run", semconv.AGENT_EDGES, (("name", semconv.AGENT_NAME), *_MODEL)
)


def _client(*dimensions: tuple[str, str]) -> Duration:
    return Duration(
        semconv.OPERATION_DURATION,
        "Duration of a GenAI operation",
        semconv.DURATION_EDGES,
        (*_SUBJECT, *dimensions, *_ADDRESS),
    )


def _mcp(name: str, side: str) -> Duration:
    known: Names = (
        ("method", semconv.MCP_METHOD),
        ("operation", semconv.OPERATION),
        ("tool", semconv.TOOL_NAME),
        ("prompt", semconv.PROMPT_NAME),
        ("protocol_version", semconv.MCP_PROTOCOL_VERSION),
        ("transport", semconv.TRANSPORT),
        ("status_code", semconv.RPC_STATUS),
    )
    return Duration(name, f"Duration of an MCP request, as its {side} sees it", semconv.MCP_EDGES, known)


_MCP: Names = (
    ("method", semconv.MCP_METHOD),
    ("operation", semconv.OPERATION),
    ("tool", semconv.TOOL_NAME),
    ("prompt", semconv.PROMPT_NAME),
    ("request_id", semconv.JSONRPC_REQUEST),
    ("session_id", semconv.MCP_SESSION),
    ("protocol_version", semconv.MCP_PROTOCOL_VERSION),
    ("transport", semconv.TRANSPORT),
    ("resource_uri", semconv.MCP_RESOURCE),
    ("status_code", semconv.RPC_STATUS),
)
_REMOTE_AGENT: Names = (
    *_SUBJECT,
    *_AGENT,
    ("agent_id", semconv.AGENT_ID),
    ("version", semconv.AGENT_VERSION),
    *_RUN,
    *_ADDRESS,
)

_MEMORY = Form(
    lambda operation: str(operation.operation),
    SpanKind.INTERNAL,
    (
        *_SUBJECT,
        ("name", semconv.MEMORY_STORE),
        ("record_id", semconv.MEMORY_RECORD),
        ("record_count", semconv.MEMORY_COUNT),
        *_ADDRESS,
    ),
    (_client(),),
    content=(("query", semconv.MEMORY_QUERY), ("records", semconv.MEMORY_RECORDS)),
    texts=frozenset({"query"}),
)

_FORMS: dict[tuple[type[Operation], str], Form] = {
    (AgentRun, "local"): Form(
        by_operation,
        SpanKind.INTERNAL,
        (("operation", semconv.OPERATION), *_AGENT, *_RUN),
        (_AGENT_DURATION,),
        content=_AGENT_CONTENT,
        counts=True,
    ),
    (AgentRun, "remote"): Form(
        by_operation, SpanKind.CLIENT, _REMOTE_AGENT, (_client(*_MODEL),), content=_AGENT_CONTENT, counts=True
    ),
    (AgentRun, "create_agent"): Form(
        by_operation,
        SpanKind.CLIENT,
        _REMOTE_AGENT,
        (_client(*_MODEL),),
        content=(("system", semconv.SYSTEM),),
    ),
    (AgentRun, "plan"): Form(by_operation, SpanKind.INTERNAL, (("operation", semconv.OPERATION), *_AGENT)),
    (WorkflowRun, ""): Form(
        by_operation,
        SpanKind.INTERNAL,
        (("operation", semconv.OPERATION), ("name", semconv.AGENT_NAME), *_CONVERSATION),
        (
            # The operation, which agents' points do not have: an agent of a workflow is not to be added to it.
            Duration(
                semconv.AGENT_DURATION,
                "Duration of an agent's run",
                semconv.AGENT_EDGES,
                (("operation", semconv.OPERATION), ("name", semconv.AGENT_NAME)),
            ),
        ),
        legacy=(
            Duration(
                semconv.WORKFLOW_DURATION,
                "Duration of a workflow's run",
                semconv.WORKFLOW_EDGES,
                (("name", semconv.WORKFLOW_NAME),),
            ),
        ),
        content=_MESSAGES,
    ),
    (ToolRun, ""): Form(
        by_operation,
        SpanKind.INTERNAL,
        (
            ("operation", semconv.OPERATION),
            ("name", semconv.TOOL_NAME),
            ("type", semconv.TOOL_TYPE),
            ("call_id", semconv.TOOL_CALL_ID),
            *_CONVERSATION,
        ),
        (
            Duration(
                semconv.TOOL_DURATION,
                "Duration of a tool's run",
                semconv.DURATION_EDGES,
                (("name", semconv.TOOL_NAME), ("type", semconv.TOOL_TYPE)),
            ),
        ),
        content=(("description", semconv.TOOL_DESCRIPTION), *_CALL_CONTENT),
        texts=frozenset({"description"}),
    ),
    (Retrieval, ""): Form(
        _by_source,
        SpanKind.CLIENT,
        (
            *_SUBJECT,
            ("name", semconv.DATA_SOURCE),
            ("data_source_id", semconv.DATA_SOURCE),
            *_MODEL,
            ("top_k", semconv.RETRIEVAL_TOP_K),
            *_ADDRESS,
        ),
        (_client(*_MODEL),),
        content=(("query", semconv.RETRIEVAL_QUERY), ("documents", semconv.RETRIEVAL_DOCUMENTS)),
        texts=frozenset({"query"}),
    ),
    (MemoryOperation, "local"): _MEMORY,
    (MemoryOperation, "remote"): _MEMORY.replaced(kind=SpanKind.CLIENT),
    (McpRequest, "client"): Form(
        _by_method,
        SpanKind.CLIENT,
        (*_MCP, *_ADDRESS),
        (_mcp(semconv.MCP_CLIENT_DURATION, "client"),),
        content=_CALL_CONTENT,
    ),
    (McpRequest, "server"): Form(
        _by_method,
        SpanKind.SERVER,
        (*_MCP, ("server_address", semconv.CLIENT_ADDRESS), ("server_port", semconv.CLIENT_PORT)),
        (_mcp(semconv.MCP_SERVER_DURATION, "server"),),
        content=_CALL_CONTENT,
    ),
    (Step, ""): Form(
        lambda operation: str(operation.name or operation.kind or "step"),
        SpanKind.INTERNAL,
        (("kind", semconv.STEP_KIND), *_CONVERSATION),
        hidden=True,
    ),
}


def form_of(operation: Operation) -> Form:
    """How ``operation`` looks."""
    kind = next(kind for kind in type(operation).__mro__ if kind in _KINDS)
    variants = operation.operation, "remote" if operation.remote else "local"
    if isinstance(operation, McpRequest):
        variants = ("server" if operation.server else "client",) * 2
    for variant in (*variants, ""):
        form = _FORMS.get((kind, variant))
        if form is not None:
            return form
    raise LookupError(f"{kind.__name__} {operation.operation}")


_KINDS = {kind for kind, _ in _FORMS}


def attributes(operation: Operation, form: Form, *, legacy: bool) -> dict[str, AttributeValue]:
    """What the span says of the operation, as far as it is known by now, without its content."""
    said = {**_named(operation, form.attributes), **operation.attributes}
    if isinstance(operation, WorkflowRun) and operation.name and legacy:
        said[semconv.WORKFLOW_NAME] = truncate(operation.name)
    if isinstance(operation, AgentRun) and operation.remote and operation.usage is not None:
        # Of an agent in this process its calls say it, and whoever adds up spans would count it twice.
        said.update(_named(operation.usage, _TOKENS))
    return said


def references(operation: Operation) -> dict[str, AttributeValue]:
    """What may be said of documents without content: their ids and scores."""
    documents = operation.documents if isinstance(operation, Retrieval) else None
    if not documents:
        return {}
    kept = [
        {
            name: truncate(value) if isinstance(value, str) else value
            for name in ("id", "score")
            if isinstance(value := document.get(name), (str, int, float))
        }
        for document in documents[:_MOST]
    ]
    return {semconv.RETRIEVAL_DOCUMENTS: json.dumps(kept)} if any(kept) else {}


def record(
    metrics: Metrics, tags: MetricTags, finished: OperationRecord, error_type: str, *, latest: bool, legacy: bool
) -> None:
    """Records the metrics of a finished operation. One of the backlog's jobs."""
    operation, context = finished.operation, finished.context
    form = form_of(operation)
    if isinstance(operation, ToolRun) and finished.agent is not None:
        finished.agent.tool_calls += 1
    chosen = form.durations
    if form.legacy and legacy:
        chosen = (*chosen, *form.legacy) if latest else form.legacy
    declared = tags.of(finished.tags)
    agent = finished.tags.get(semconv.AGENT_NAME)
    for duration in chosen:
        own = {name: _limited(tags, name, value) for name, value in _named(operation, duration.dimensions).items()}
        if isinstance(operation, ToolRun) and agent is not None:
            own[semconv.AGENT_NAME] = tags.limited(semconv.AGENT_NAME, agent)
        if finished.failure is not None:
            own[semconv.ERROR_TYPE] = error_type
        metrics.histogram(duration.name, "s", duration.description, duration.edges).record(
            finished.duration, {**declared, **own}, context
        )
    counts = finished.counts
    if counts is not None:
        said = {**declared, **{name: _limited(tags, name, value) for name, value in _named(operation, _NAME).items()}}
        for name, unit, number in (
            (semconv.AGENT_INFERENCES, "{inference_call}", counts.inference_calls),
            (semconv.AGENT_TOOLS, "{tool_call}", counts.tool_calls),
        ):
            metrics.histogram(name, unit, "What an agent's run took", semconv.CALL_EDGES).record(number, said, context)


_FEW = frozenset({semconv.OPERATION, semconv.SERVER_PORT, semconv.TRANSPORT, semconv.PROVIDER})


def _limited(tags: MetricTags, name: str, value: AttributeValue) -> AttributeValue:
    """A name that a model may have made up is bounded as a tag is."""
    return value if name in _FEW else tags.limited(name, value)


def _named(record: Operation | Usage, names: Names) -> dict[str, AttributeValue]:
    found: dict[str, AttributeValue] = {}
    for field, attribute in names:
        value = getattr(record, field)
        if value is not None and value != "":
            found[attribute] = truncate(value) if isinstance(value, str) else value
    return found


__all__ = ["Duration", "Form", "attributes", "by_operation", "form_of", "record", "references"]
