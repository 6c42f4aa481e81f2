"""The answers that a loopback server makes up for Bedrock requests when nothing is scripted.

- Tokens are counted by :func:`~llmotel.testing.samples.tokens`. Where the request has a ``cachePoint``, all of the
  input but the last message is written to the cache; a conversation with an assistant's turn in it reads it from there.
- The text repeats the user's last words, or the result of a tool.
- A tool is called when ``toolChoice`` says so, or when the user's last words contain a word of its name
  (:func:`~llmotel.testing.asking.tool_of`).
- InvokeModel is answered in the dialect of the request's body; embeddings have eight dimensions unless more are asked.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from llmotel.testing import asking
from llmotel.testing.anthropic_wire import defaults as anthropic
from llmotel.testing.bedrock_wire import agents, converse, errors, guardrails, models
from llmotel.testing.openai_wire import chat, embeddings
from llmotel.testing.reply import Body, Event, Reply, Request
from llmotel.testing.samples import ident, strings, tokens, value_of

_DIMENSIONS = 8


def message(request: Request) -> Body | Reply:
    """Converse and ConverseStream."""
    turns = asking.objects(request.get("messages"))
    if not turns:
        return errors.reply(400, "The messages field is required.")
    last = turns[-1]
    result = next((block["toolResult"] for block in asking.objects(last.get("content")) if "toolResult" in block), None)
    told = None if result is None else asking.text(result.get("content")) or json.dumps(result.get("content"))
    said = asking.text(last.get("content"))
    call = asking.tool_of(_tools(request), _choice(request), said if result is None else None)
    if call is not None:
        use_id = ident("tooluse_", request.number, request.body, length=22)
        content = [converse.tool_use(call.name, value_of(call.schema), id=use_id)]
    else:
        content = [converse.text(asking.answer(said, told))]
    received = sum(tokens(string) for string in strings(content))
    return converse.message(content, usage=_usage(request, turns, received))


def invoke(request: Request) -> Body | Reply:
    """InvokeModel and its stream."""
    model, body = str(request.params.get("model")), request.json
    if not isinstance(body, dict):
        return errors.reply(400, "Malformed input request, please reformat your input and try again.")
    if "anthropic_version" in body:
        return anthropic.message(request)
    said = asking.answer(_prompt(body))
    sent, received = asking.size(request), tokens(said)
    if "embed" in model:
        return models.reply(_embedding(body, sent), sent)
    if "textToImageParams" in body or "imageGenerationConfig" in body or "stability." in model:
        return models.images()
    if "query" in body and "documents" in body:
        return models.reranked(*(0.9 / (index + 1) for index, _ in enumerate(body["documents"])))
    return models.reply(_text(model, body, said, sent, received), sent, received)


def _text(model: str, body: Body, said: str, sent: int, received: int) -> Body:
    made: dict[str, Callable[[], Body]] = {
        "titan": lambda: models.titan(said, input=sent, output=received),
        "nova": lambda: models.nova(said, input=sent, output=received),
        "llama": lambda: models.llama(said, input=sent, output=received),
        "cohere": lambda: models.cohere_chat(said) if "message" in body else models.cohere(said),
        "ai21.j2": lambda: models.ai21(said),
        "deepseek.r1": lambda: models.deepseek(said),
        "mistral": lambda: models.mistral_chat(said) if "messages" in body else models.mistral(said),
    }
    for name, make in made.items():
        if name in model:
            return make()
    if "messages" in body:
        return chat.completion(said, model=model, usage=chat.usage(sent, received))
    return models.llama(said, input=sent, output=received)


def _prompt(body: Body) -> str:
    for name in ("prompt", "inputText", "message"):
        if isinstance(body.get(name), str):
            return str(body[name])
    turns = asking.objects(body.get("messages"))
    return asking.text(turns[-1].get("content")) if turns else ""


def _embedding(body: Body, sent: int) -> Body:
    if "texts" in body:
        vectors = [embeddings.vector(_DIMENSIONS, seed=seed) for seed, _ in enumerate(body["texts"])]
        return models.cohere_embeddings(*vectors, by_type="embedding_types" in body)
    asked = body.get("singleEmbeddingParams")
    if isinstance(asked, dict):
        return models.nova_embedding(embeddings.vector(asked.get("embeddingDimension") or _DIMENSIONS))
    return models.titan_embedding(embeddings.vector(body.get("dimensions") or _DIMENSIONS), input=sent)


def guardrail(request: Request) -> Body:
    """ApplyGuardrail: nothing is found."""
    units = max(1, asking.size(request) // 250)
    return guardrails.applied({}, usage=guardrails.usage(contentPolicyUnits=units))


def retrieve(request: Request) -> Body:
    """Retrieve: one passage, which says what was asked."""
    query = request.get("retrievalQuery") or {}
    return agents.retrieved((str(query.get("text")), 0.8))


def generate(request: Request) -> Body:
    """RetrieveAndGenerate, with one citation."""
    said = asking.answer(str((request.get("input") or {}).get("text")))
    return agents.generated(said, agents.citation(said, 0, agents.reference(said)))


def rerank(request: Request) -> Body:
    """Rerank: the documents in their order."""
    return agents.reranked(*(0.9 / (index + 1) for index, _ in enumerate(request.get("sources") or ())))


def agent(request: Request) -> Reply:
    """InvokeAgent and InvokeInlineAgent; what the agent did is told when the request has ``enableTrace``."""
    said = asking.answer(str(request.get("inputText") or ""))
    model = str(request.get("foundationModel") or "anthropic.claude-3-5-haiku-20241022-v1:0")
    traces = agents.model_trace(model, asking.size(request), tokens(said)) if request.get("enableTrace") else []
    headers = {"x-amzn-bedrock-agent-content-type": "application/json"}
    return Reply(events=agents.agent_events(said, traces), headers=headers)


def flow(request: Request) -> Reply:
    """InvokeFlow: the flow gives what it got."""
    inputs = asking.objects(request.get("inputs"))
    given: Any = (inputs[0].get("content") or {}).get("document") if inputs else None
    events: list[Event] = agents.flow_events(given)
    return Reply(events=events)


def _usage(request: Request, turns: list[Body], output: int) -> Body:
    total = asking.size(request)
    if "cachePoint" not in json.dumps(request.json):
        return converse.usage(total, output)
    fresh = min(total, max(1, sum(tokens(string) for string in strings(turns[-1].get("content")))))
    cached = total - fresh
    if any(turn.get("role") == "assistant" for turn in turns):
        return converse.usage(fresh, output, cache_read=cached)
    return converse.usage(fresh, output, cache_read=0, cache_write_5m=cached)


def _tools(request: Request) -> list[asking.Tool]:
    specs = [tool.get("toolSpec") for tool in asking.objects((request.get("toolConfig") or {}).get("tools"))]
    return [
        asking.Tool(str(spec.get("name")), (spec.get("inputSchema") or {}).get("json") or {})
        for spec in specs
        if isinstance(spec, dict)
    ]


def _choice(request: Request) -> str:
    choice = (request.get("toolConfig") or {}).get("toolChoice") or {}
    if "tool" in choice:
        return str(choice["tool"].get("name"))
    return "any" if "any" in choice else "auto"
