"""The answers that a loopback server makes up for Ollama's requests when nothing is scripted: as for OpenAI's."""

from __future__ import annotations

import json

from llmotel.testing import asking
from llmotel.testing.ollama_wire import chat as chats
from llmotel.testing.ollama_wire import embeddings, generate
from llmotel.testing.openai_wire.embeddings import vector
from llmotel.testing.reply import Body, Request
from llmotel.testing.samples import tokens, value_of


def chat(request: Request) -> Body:
    messages = asking.objects(request.get("messages"))
    last = messages[-1] if messages else {}
    said = asking.text(last.get("content"))
    tools = [
        asking.Tool(str(tool["function"].get("name")), tool["function"].get("parameters"))
        for tool in asking.objects(request.get("tools"))
        if isinstance(tool.get("function"), dict)
    ]
    call = asking.tool_of(tools, "auto", said if last.get("role") == "user" else None)
    calls = [] if call is None else [chats.tool_call(call.name, value_of(call.schema))]
    schema = request.get("format")
    text = "" if calls else _structured(schema) or asking.answer(said, said if last.get("role") == "tool" else None)
    ended = chats.end(asking.size(request), tokens(text) or 8)
    thought = "I know this." if request.get("think") else None
    return chats.chat(text, model=str(request.get("model")), thinking=thought, tool_calls=calls, ended=ended)


def completion(request: Request) -> Body:
    text = _structured(request.get("format")) or asking.answer(str(request.get("prompt") or ""))
    ended = chats.end(asking.size(request), tokens(text))
    return generate.generate(text, model=str(request.get("model")), ended=ended)


def embed(request: Request) -> Body:
    given = request.get("input")
    inputs = given if isinstance(given, list) else [given]
    size = request.get("dimensions") or 384
    vectors = [vector(size, seed=tokens(str(value))) for value in inputs]
    counted = sum(tokens(str(value)) for value in inputs)
    return embeddings.embed(vectors, model=str(request.get("model")), prompt_eval_count=counted)


def embedding(request: Request) -> Body:
    return embeddings.embedding(vector(384, seed=tokens(str(request.get("prompt")))))


def tags(_: Request) -> Body:
    """The models that are there."""
    return {"models": []}


def _structured(schema: object) -> str | None:
    if schema == "json":
        return "{}"
    return json.dumps(value_of(schema)) if isinstance(schema, dict) else None
