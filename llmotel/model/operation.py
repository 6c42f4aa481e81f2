"""The neutral records of what stands around calls to models: runs of agents, workflows and tools, look-ups, memory.

Filled by :mod:`llmotel.api` and by the readers of frameworks; :mod:`llmotel.signals.operations` says what becomes of
each. Fields under "Content" are filled only where the content policy wants them read.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from llmotel.model.inference import AttributeValue, Message, Usage
from llmotel.model.outcome import Failure
from llmotel.model.structs import Struct


class Operation(Struct):
    """One piece of work that is no call to a model. ``name`` is its subject: which agent, tool, source, store, target.

    ``operation`` is ``gen_ai.operation.name``, empty where the conventions have none. ``remote`` says that a service
    does it: then ``provider`` and ``server_address`` say which. ``error`` is the code of a failure that the result
    tells, instead of an exception. ``attributes`` holds what has no field under its OpenTelemetry name.
    """

    name: str | None = None
    operation: str = ""
    provider: str | None = None
    remote: bool = False
    server_address: str | None = None
    server_port: int | None = None
    conversation_id: str | None = None  # as the framework or the application calls it, never the id of a run
    error: str | None = None
    attributes: dict[str, AttributeValue] = {}  # noqa: RUF012 - __init__ makes one for each

    def __init__(self, name: str | None = None, **more: Any) -> None:
        more.setdefault("attributes", {})
        super().__init__(name, **more)


class AgentRun(Operation):
    """A run of an agent; as ``create_agent`` its making at a service, as ``plan`` its planning."""

    operation = "invoke_agent"

    agent_id: str | None = None
    description: str | None = None
    version: str | None = None
    model: str | None = None  # only where the agent has this one and no other
    data_source_id: str | None = None
    finish_reasons: list[str] | None = None
    usage: Usage | None = None  # of the whole run; never added to what its calls say
    # Content.
    system: list[dict[str, Any]] | None = None
    input: list[Message] | None = None
    output: list[Message] | None = None
    tools: list[dict[str, Any]] | None = None


class WorkflowRun(Operation):
    """A run of a workflow, crew, graph or pipeline that its user knows by ``name``."""

    operation = "invoke_workflow"

    # Content.
    input: list[Message] | None = None
    output: list[Message] | None = None


class ToolRun(Operation):
    """A run of a tool on this side."""

    operation = "execute_tool"

    type: str = "function"  # function | extension | datastore
    call_id: str | None = None
    # Content.
    description: str | None = None
    arguments: Any = None
    result: Any = None


class Retrieval(Operation):
    """A look-up of documents in the source ``name``. A document is ``{"id"?, "score"?, ...}``; its id and score are
    not content, the rest is."""

    operation = "retrieval"

    data_source_id: str | None = None  # where the service has an id of its own for the source
    model: str | None = None
    top_k: int | None = None
    documents: list[dict[str, Any]] | None = None
    # Content.
    query: str | None = None


class MemoryOperation(Operation):
    """Something done to the memory store ``name``: ``search_memory``, ``upsert_memory``, ``delete_memory`` ..."""

    operation = "search_memory"

    record_id: str | None = None
    record_count: int | None = None
    # Content.
    query: str | None = None
    records: list[dict[str, Any]] | None = None


class McpRequest(Operation):
    """One request of the Model Context Protocol. ``method`` as the protocol spells it, ``name`` the tool or prompt that
    it is about, if any; ``server`` says that it is answered here, not sent from here."""

    method: str = ""
    server: bool = False
    request_id: str | None = None
    session_id: str | None = None
    protocol_version: str | None = None
    transport: str | None = None  # pipe | tcp | quic
    resource_uri: str | None = None
    status_code: str | None = None
    # Content.
    arguments: Any = None
    result: Any = None

    def __init__(self, name: str | None = None, **more: Any) -> None:
        if more.get("method") == "tools/call":
            more.setdefault("operation", "execute_tool")
        super().__init__(name, **more)

    @property
    def tool(self) -> str | None:
        """The tool that it calls."""
        return self.name if self.method.startswith("tools/") else None

    @property
    def prompt(self) -> str | None:
        """The prompt that it gets."""
        return self.name if self.method.startswith("prompts/") else None


class Step(Operation):
    """A framework's own unit of work, which the conventions do not have: a node, a task, a turn."""

    kind: str | None = None


class AgentCounts:
    """What an agent had to do, counted by the backlog's jobs."""

    __slots__ = ("inference_calls", "tool_calls")

    def __init__(self) -> None:
        self.inference_calls = self.tool_calls = 0


class OperationRecord:
    """A finished operation as plain data. ``context`` is the OpenTelemetry context that holds its span, ``tags`` what
    the application says of it, ``duration`` is in seconds; ``counts`` is what happened in the run of an agent,
    ``agent`` the counts of the agent that it happened in."""

    __slots__ = ("agent", "context", "counts", "duration", "failure", "operation", "tags")

    def __init__(
        self,
        operation: Operation,
        context: Any,
        tags: Mapping[str, AttributeValue],
        duration: float,
        failure: Failure | None,
        counts: AgentCounts | None,
        agent: AgentCounts | None,
    ) -> None:
        self.operation, self.context, self.tags = operation, context, tags
        self.duration, self.failure, self.counts, self.agent = duration, failure, counts, agent


__all__ = [
    "AgentCounts",
    "AgentRun",
    "McpRequest",
    "MemoryOperation",
    "Operation",
    "OperationRecord",
    "Retrieval",
    "Step",
    "ToolRun",
    "WorkflowRun",
]
