"""The answers that a loopback server makes up for Cohere's requests when nothing is scripted: as for OpenAI's."""

from __future__ import annotations

from llmotel.testing import asking
from llmotel.testing.cohere_wire import chat as second
from llmotel.testing.cohere_wire import embeddings, legacy
from llmotel.testing.cohere_wire import rerank as reranking
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
    call = asking.tool_of(tools, "auto", said if last.get("role") == "user" else None)
    calls = [] if call is None else [second.tool_call(call.name, value_of(call.schema))]
    text = asking.answer(said, said if last.get("role") == "tool" else None)
    cited = [
        second.citation(0, len(text), text, second.document(f"doc:{number}", "A document"))
        for number, _ in enumerate(request.get("documents") or ())
    ]
    used = second.usage(asking.size(request), tokens(text))
    known = ident("", request.number, length=36)
    return second.chat(text, tool_calls=calls, citations=() if calls else cited, usage=used, id=known)


def legacy_chat(request: Request) -> Body:
    text = asking.answer(str(request.get("message") or ""))
    used = second.usage(asking.size(request), tokens(text))
    return legacy.chat(text, usage=used, id=ident("", request.number, length=36))


def generation(request: Request) -> Body:
    text = asking.answer(str(request.get("prompt") or ""))
    return legacy.generation(text, usage=second.usage(asking.size(request), tokens(text)))


def embed(request: Request) -> Body:
    texts = [str(text) for text in request.get("texts") or ()]
    size = request.get("output_dimension") or 1536
    vectors = [vector(size, seed=tokens(text)) for text in texts or [""]]
    typed = request.path.endswith("v2/embed") or bool(request.get("embedding_types"))
    return embeddings.embed(vectors, texts=texts, by_type=typed, input_tokens=sum(map(tokens, texts)))


def rerank(request: Request) -> Body:
    """The documents that share most words with the query come first."""
    query = set(str(request.get("query")).lower().split())
    documents = [str(document).lower() for document in request.get("documents") or ()]
    body = reranking.rerank([sum(word in one for word in query) / max(len(query), 1) for one in documents])
    most = request.get("top_n")
    return {**body, "results": body["results"][: most if isinstance(most, int) else None]}
