"""Every telemetry name that llmotel emits, in one place.

``gen_ai.*`` follows github.com/open-telemetry/semantic-conventions-genai at commit 6fd0d76 (v0.1.0); the cost names
follow its open proposal #443. ``llmotel.*`` is our own. No package with these constants exists, hence this module.
"""

from __future__ import annotations

# Who, what, where: set when the span starts, so that samplers see them and no attribute limit can drop them.
OPERATION = "gen_ai.operation.name"
PROVIDER = "gen_ai.provider.name"
REQUEST_MODEL = "gen_ai.request.model"
SERVER_ADDRESS = "server.address"
SERVER_PORT = "server.port"
REQUEST_STREAM = "gen_ai.request.stream"

# Request.
TEMPERATURE = "gen_ai.request.temperature"
TOP_P = "gen_ai.request.top_p"
TOP_K = "gen_ai.request.top_k"
MAX_TOKENS = "gen_ai.request.max_tokens"
FREQUENCY_PENALTY = "gen_ai.request.frequency_penalty"
PRESENCE_PENALTY = "gen_ai.request.presence_penalty"
STOP_SEQUENCES = "gen_ai.request.stop_sequences"
SEED = "gen_ai.request.seed"
CHOICE_COUNT = "gen_ai.request.choice.count"
REASONING_LEVEL = "gen_ai.request.reasoning.level"
PREVIOUS_RESPONSE = "gen_ai.request.previous_response.id"
ENCODING_FORMATS = "gen_ai.request.encoding_formats"
OUTPUT_TYPE = "gen_ai.output.type"
CONVERSATION = "gen_ai.conversation.id"
COMPACTED = "gen_ai.conversation.compacted"
PROMPT_NAME = "gen_ai.prompt.name"
PROMPT_VERSION = "gen_ai.prompt.version"
AGENT_ID = "gen_ai.agent.id"
AGENT_NAME = "gen_ai.agent.name"
AGENT_DESCRIPTION = "gen_ai.agent.description"
AGENT_VERSION = "gen_ai.agent.version"
WORKFLOW_NAME = "gen_ai.workflow.name"  # until v0.1.0
DATA_SOURCE = "gen_ai.data_source.id"
EMBEDDING_DIMENSIONS = "gen_ai.embeddings.dimension.count"
RETRIEVAL_TOP_K = "gen_ai.retrieval.top_k"
OPENAI_API = "openai.api.type"
OPENAI_REQUEST_TIER = "openai.request.service_tier"
OPENAI_RESPONSE_TIER = "openai.response.service_tier"
OPENAI_FINGERPRINT = "openai.response.system_fingerprint"
GUARDRAIL_ID = "aws.bedrock.guardrail.id"
KNOWLEDGE_BASE_ID = "aws.bedrock.knowledge_base.id"
AWS_REQUEST_ID = "aws.request_id"
USER = "user.id"
SESSION = "session.id"

# Response.
RESPONSE_MODEL = "gen_ai.response.model"
RESPONSE_ID = "gen_ai.response.id"
RESPONSE_STATUS = "gen_ai.response.status"
FINISH_REASONS = "gen_ai.response.finish_reasons"
TIME_TO_FIRST_CHUNK = "gen_ai.response.time_to_first_chunk"
SERVER_DURATION = "llmotel.server.duration"  # seconds, as the provider says; of all that follows
SERVER_QUEUE_DURATION = "llmotel.server.queue.duration"
SERVER_LOAD_DURATION = "llmotel.server.load.duration"
SERVER_INPUT_DURATION = "llmotel.server.input.duration"
SERVER_OUTPUT_DURATION = "llmotel.server.output.duration"
INPUT_TOKENS = "gen_ai.usage.input_tokens"
OUTPUT_TOKENS = "gen_ai.usage.output_tokens"
CACHE_READ_TOKENS = "gen_ai.usage.cache_read.input_tokens"
CACHE_WRITE_TOKENS = "gen_ai.usage.cache_write.input_tokens"
LEGACY_CACHE_WRITE_TOKENS = "gen_ai.usage.cache_creation.input_tokens"
REASONING_TOKENS = "gen_ai.usage.reasoning.output_tokens"
TEXT_INPUT_TOKENS = "gen_ai.usage.text.input_tokens"
TEXT_OUTPUT_TOKENS = "gen_ai.usage.text.output_tokens"
IMAGE_INPUT_TOKENS = "gen_ai.usage.image.input_tokens"
IMAGE_OUTPUT_TOKENS = "gen_ai.usage.image.output_tokens"
AUDIO_INPUT_TOKENS = "gen_ai.usage.audio.input_tokens"
AUDIO_OUTPUT_TOKENS = "gen_ai.usage.audio.output_tokens"
AUDIO_CACHE_READ_TOKENS = "gen_ai.usage.audio.cache_read.input_tokens"
ERROR_TYPE = "error.type"
HTTP_STATUS = "http.response.status_code"

# Content: one JSON value each.
SYSTEM = "gen_ai.system_instructions"
INPUT_MESSAGES = "gen_ai.input.messages"
OUTPUT_MESSAGES = "gen_ai.output.messages"
TOOLS = "gen_ai.tool.definitions"

# Tools that the application runs.
TOOL_NAME = "gen_ai.tool.name"
TOOL_TYPE = "gen_ai.tool.type"
TOOL_CALL_ID = "gen_ai.tool.call.id"
TOOL_DESCRIPTION = "gen_ai.tool.description"
TOOL_ARGUMENTS = "gen_ai.tool.call.arguments"
TOOL_RESULT = "gen_ai.tool.call.result"

# What is looked up and remembered.
RETRIEVAL_QUERY = "gen_ai.retrieval.query.text"
RETRIEVAL_DOCUMENTS = "gen_ai.retrieval.documents"
MEMORY_STORE = "gen_ai.memory.store.id"
MEMORY_RECORD = "gen_ai.memory.record.id"
MEMORY_COUNT = "gen_ai.memory.record.count"
MEMORY_QUERY = "gen_ai.memory.query.text"
MEMORY_RECORDS = "gen_ai.memory.records"

# Model Context Protocol.
MCP_METHOD = "mcp.method.name"
MCP_SESSION = "mcp.session.id"
MCP_PROTOCOL_VERSION = "mcp.protocol.version"
MCP_RESOURCE = "mcp.resource.uri"
JSONRPC_REQUEST = "jsonrpc.request.id"
RPC_STATUS = "rpc.response.status_code"
TRANSPORT = "network.transport"
CLIENT_ADDRESS = "client.address"
CLIENT_PORT = "client.port"

# Cost: proposal #443.
COST_AMOUNT = "gen_ai.usage.cost.amount"
COST_CURRENCY = "gen_ai.usage.cost.currency"
COST_SOURCE = "gen_ai.usage.cost.source"

# Ours, on spans.
OUTCOME = "llmotel.outcome"
STREAM_OUTCOME = "llmotel.stream.outcome"
STREAM_CHUNKS = "llmotel.stream.chunks"
USAGE_SOURCE = "llmotel.usage.source"
USAGE_PARTIAL = "llmotel.usage.partial"
ESTIMATED_INPUT_TOKENS = "llmotel.usage.estimated.input_tokens"
ESTIMATED_OUTPUT_TOKENS = "llmotel.usage.estimated.output_tokens"
CACHE_WRITE_1H_TOKENS = "llmotel.usage.cache_write_1h.input_tokens"
UNITS = "llmotel.usage."  # and what is counted: search_units, pages
WEB_SEARCHES = "llmotel.usage.web_searches"
AUDIO_SECONDS = "llmotel.usage.audio_seconds"
ADDITIONAL_INPUT_TOKENS = "llmotel.usage.additional.input_tokens"
ADDITIONAL_OUTPUT_TOKENS = "llmotel.usage.additional.output_tokens"
COST_INPUT = "llmotel.cost.input"
COST_OUTPUT = "llmotel.cost.output"
COST_TOKENS = "llmotel.cost.tokens"
COST_REQUESTS = "llmotel.cost.requests"
COST_LOCAL = "llmotel.cost.local"
COST_LIBRARY = "llmotel.cost.library"  # what the client library makes of it, by a price table of its own
COST_ADDITIONAL = "llmotel.cost.additional"
COST_UNCACHED = "llmotel.cost.uncached"
COST_STANDARD = "llmotel.cost.standard"
COST_TABLE = "llmotel.cost.table"
SERVICE_TIER = "llmotel.response.service_tier"
GROUNDING_SCORE = "llmotel.grounding.score"
GROUNDING_METHOD = "llmotel.grounding.method"
GROUNDING_CITATIONS = "llmotel.grounding.citation_count"
GROUNDING_SOURCES = "llmotel.grounding.source_count"
GROUNDING_DETAIL = "llmotel.grounding.citations"
GUARDRAIL_ACTION = "llmotel.guardrail.action"
GUARDRAIL_POLICIES = "llmotel.guardrail.policies"
TRUNCATED_BYTES = "llmotel.content.truncated_bytes"
RETRIES = "llmotel.retries"
FEATURE = "llmotel.feature"
TENANT = "llmotel.tenant"
TAG_PREFIX = "llmotel.tag."
STEP_KIND = "llmotel.step.kind"

# Events.
DETAILS_EVENT = "gen_ai.client.inference.operation.details"
EXCEPTION_EVENT = "gen_ai.client.operation.exception"
EVALUATION_EVENT = "gen_ai.evaluation.result"
EVALUATION_NAME = "gen_ai.evaluation.name"
EVALUATION_SCORE = "gen_ai.evaluation.score.value"
EVALUATION_LABEL = "gen_ai.evaluation.score.label"
EXCEPTION_TYPE = "exception.type"
EXCEPTION_MESSAGE = "exception.message"
EXCEPTION_STACKTRACE = "exception.stacktrace"

# Metrics.
INFERENCE_DURATION = "gen_ai.client.inference.duration"
INFERENCE_FIRST_CHUNK = "gen_ai.client.inference.time_to_first_chunk"
INFERENCE_PER_CHUNK = "gen_ai.client.inference.time_per_output_chunk"
USAGE_INPUT = "gen_ai.client.inference.usage.input_tokens"
USAGE_OUTPUT = "gen_ai.client.inference.usage.output_tokens"
USAGE_CACHE_READ = "gen_ai.client.inference.usage.cache_read.input_tokens"
USAGE_CACHE_WRITE = "gen_ai.client.inference.usage.cache_write.input_tokens"
USAGE_REASONING = "gen_ai.client.inference.usage.reasoning.output_tokens"
OPERATION_INPUT = "gen_ai.client.inference.operation.input_tokens"
OPERATION_OUTPUT = "gen_ai.client.inference.operation.output_tokens"
EMBEDDINGS_DURATION = "gen_ai.client.embeddings.duration"
EMBEDDINGS_INPUT = "gen_ai.client.embeddings.operation.input_tokens"
OPERATION_DURATION = "gen_ai.client.operation.duration"
LEGACY_TOKEN_USAGE = "gen_ai.client.token.usage"
LEGACY_FIRST_CHUNK = "gen_ai.client.operation.time_to_first_chunk"
LEGACY_PER_CHUNK = "gen_ai.client.operation.time_per_output_chunk"
TOKEN_TYPE = "gen_ai.token.type"
TOKEN_MODALITY = "gen_ai.token.modality"
COST_COUNTER = "llmotel.client.cost.usd"
COST_HISTOGRAM = "llmotel.client.operation.cost.usd"
RETRIES_COUNTER = "llmotel.client.retries"
VALUE_COUNTER = "llmotel.feature.value.usd"
AGENT_DURATION = "gen_ai.invoke_agent.duration"
AGENT_INFERENCES = "gen_ai.invoke_agent.inference_calls"
AGENT_TOOLS = "gen_ai.invoke_agent.tool_calls"
WORKFLOW_DURATION = "gen_ai.invoke_workflow.duration"  # until v0.1.0
TOOL_DURATION = "gen_ai.execute_tool.duration"
MCP_CLIENT_DURATION = "mcp.client.operation.duration"
MCP_SERVER_DURATION = "mcp.server.operation.duration"
BREAKER_STATE = "llmotel.circuit_breaker.state"
BREAKER_TRANSITIONS = "llmotel.circuit_breaker.transitions"
BREAKER_NAME = "llmotel.circuit_breaker.name"
BREAKER_TO = "llmotel.circuit_breaker.to"
INSTRUMENTATION_ACTIVE = "llmotel.instrumentation.active"
LIBRARY = "llmotel.library"
EXPORT_LOST = "llmotel.export.lost"
SIGNAL = "llmotel.signal"
QUALITY_PREFIX = "llmotel.quality."
OVERHEAD = "llmotel.client.overhead"

# The conventions' buckets with edges at 30, 60 and 120 s: a p99 can never exceed the last finite edge, and an alert
# at 30 s needs an edge there.
DURATION_EDGES = (0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 30, 40.96, 60, 81.92, 120)
AGENT_EDGES = (0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 6.4, 12.8, 25.6, 51.2, 102.4, 204.8, 409.6)
WORKFLOW_EDGES = (1, 5, 10, 30, 60, 120, 300, 600, 1800, 3600, 7200)
MCP_EDGES = (0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30, 60, 120, 300)
CALL_EDGES = (1, 2, 4, 8, 16, 32, 64, 128)
TOKEN_EDGES = (
    1,
    4,
    16,
    64,
    256,
    1024,
    4096,
    16384,
    65536,
    262144,
    1048576,
    4194304,
    16777216,
    67108864,
)
COST_EDGES = (
    0.000001,
    0.00001,
    0.0001,
    0.0005,
    0.001,
    0.005,
    0.01,
    0.05,
    0.1,
    0.5,
    1,
    5,
    10,
)
SCORE_EDGES = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0)
OVERHEAD_EDGES = (0.00002, 0.00005, 0.0001, 0.0002, 0.0005, 0.001, 0.002, 0.005, 0.01, 0.1)

INFERENCE_OPERATIONS = frozenset({"chat", "generate_content", "text_completion"})
