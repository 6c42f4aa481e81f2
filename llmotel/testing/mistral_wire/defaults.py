"""The answers that a loopback server makes up for Mistral's requests when nothing is scripted: as for OpenAI's."""

from __future__ import annotations

from llmotel.testing import asking
from llmotel.testing.mistral_wire import chat as chats
from llmotel.testing.mistral_wire import conversations, documents, embeddings
from llmotel.testing.openai_wire.embeddings import vector
from llmotel.testing.reply import Body, Request
from llmotel.testing.samples import ident, tokens, value_of


def chat(request: Request) -> Body:
    messages = asking.objects(request.get("messages"))
    last = messages[-1] if messages else {}
    said = asking.text(last.get("content"))
    tools = [
        asking.Tool(str(tool["function"].get("name")), tool["function"].get("parameters"))
        for tool in asking.objects(request.get("tools"))
        if isinstance(tool.get("function"), dict)
    ]
    call = asking.tool_of(
        tools, str(request.get("tool_choice") or "auto"), said if last.get("role") == "user" else None
    )
    calls = [] if call is None else [chats.tool_call(call.name, value_of(call.schema))]
    return _completion(request, asking.answer(said, said if last.get("role") == "tool" else None), calls)


def fim(request: Request) -> Body:
    return _completion(request, asking.answer(str(request.get("prompt") or "")), [])


def conversation(request: Request) -> Body:
    given = request.get("inputs")
    entries = asking.objects(given)
    said = given if isinstance(given, str) else asking.text(entries[-1].get("content")) if entries else ""
    text = asking.answer(said)
    answer = conversations.message(text, model=str(request.get("model") or conversations.MODEL))
    used = conversations.usage(asking.size(request), tokens(text))
    return conversations.conversation(answer, usage=used, id=request.params.get("id") or ident("conv_", request.number))


def embedding(request: Request) -> Body:
    given = request.get("input")
    inputs = given if isinstance(given, list) else [given]
    size = request.get("output_dimension") or 1024
    vectors = [vector(size, seed=tokens(str(value))) for value in inputs]
    counted = sum(tokens(str(value)) for value in inputs)
    return embeddings.embeddings(vectors, model=str(request.get("model")), prompt_tokens=counted)


def ocr(request: Request) -> Body:
    return documents.ocr(model=str(request.get("model")))


def transcription(request: Request) -> Body:
    return documents.transcription(model=str(request.get("model")))


def moderation(request: Request) -> Body:
    return documents.moderation(model=str(request.get("model")))


def models(_: Request) -> Body:
    """None: what there is of them changes with the version of the client."""
    return {"object": "list", "data": []}


def _completion(request: Request, text: str, calls: list[Body]) -> Body:
    used = chats.usage(asking.size(request), tokens(text))
    model = str(request.get("model") or chats.MODEL)
    return chats.completion(text, model=model, tool_calls=calls, usage=used, id=ident("", request.number, length=32))
