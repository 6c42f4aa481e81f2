"""The readers of libraries with APIs of their own: as in test_readers.py, whatever stands in any place."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contract.providers import QUESTION
from contract.situations import by_id
from contract.test_readers import Sample, inference, presentable, state, thorough, twisted
from llmotel.spec.reading import wrapped
from llmotel.testing.cohere_wire import chat as cohere_chat
from llmotel.testing.cohere_wire import embeddings as cohere_embeddings
from llmotel.testing.cohere_wire import legacy
from llmotel.testing.cohere_wire import rerank as cohere_rerank
from llmotel.testing.mistral_wire import chat as mistral_chat
from llmotel.testing.mistral_wire import conversations, documents
from llmotel.testing.ollama_wire import chat as ollama_chat
from llmotel.testing.ollama_wire import embeddings as ollama_embeddings
from llmotel.testing.ollama_wire import generate
from llmotel_instrumentors.dialects import cohere, mistral, ollama

_TOOL: Any = {"type": "function", "function": {"name": "w", "description": "W.", "parameters": {"type": "object"}}}
_OPTIONS = {"temperature": 0.5, "top_k": 3, "num_predict": 9, "seed": 7, "stop": ["x"]}


def sample(name: str, endpoint: Any, request: Any, answer: Any, chunks: Any = ()) -> Sample:
    return Sample(name, endpoint, request, answer, list(chunks), None, None)


def samples() -> Iterator[Sample]:
    """Every endpoint, with something in as many places as there are."""
    chatted = ollama_chat.chat("Yes.", thinking="Hm.", tool_calls=[ollama_chat.tool_call("w", {"city": "Paris"})])
    messages = [
        {"role": "system", "content": "You know the world."},
        {"role": "user", "content": QUESTION, "images": ["UEs="]},
        {"role": "assistant", "content": "", "thinking": "Hm.", "tool_calls": [ollama_chat.tool_call("w", {"a": 1})]},
        {"role": "tool", "tool_name": "w", "content": "21"},
    ]
    asked = {"model": "m", "messages": messages, "tools": [_TOOL], "options": _OPTIONS, "format": {}, "think": "low"}
    yield sample("ollama chat", ollama.CHAT, asked, chatted, ollama_chat.lines(chatted))
    generated = generate.generate("Yes.", thinking="Hm.")
    prompt = {"model": "m", "prompt": QUESTION, "system": "Be brief.", "images": ["UEs="], "options": _OPTIONS}
    yield sample("ollama generate", ollama.GENERATE, prompt, generated, generate.lines(generated))
    embed = {"model": "m", "input": ["x"], "dimensions": 8}
    yield sample("ollama embed", ollama.EMBED, embed, ollama_embeddings.embed())


def cohere_samples() -> Iterator[Sample]:
    """Both versions of Cohere's API."""
    sources = cohere_chat.citation(0, 4, "Yes.", cohere_chat.document("d1", "Notes"))
    said = cohere_chat.chat("Yes.", thinking="Hm.", citations=[sources], usage=cohere_chat.usage(9, 3, cached=4))
    called = cohere_chat.chat(tool_calls=[cohere_chat.tool_call("w", {"city": "Paris"})])
    messages = [
        {"role": "system", "content": "You know the world."},
        {
            "role": "user",
            "content": [{"type": "text", "text": QUESTION}, {"type": "image_url", "image_url": {"url": "u"}}],
        },
        {"role": "assistant", "tool_plan": "Ask.", "tool_calls": [cohere_chat.tool_call("w", {"a": 1})]},
        {"role": "tool", "tool_call_id": "w", "content": [{"type": "document", "document": {"data": "21"}}]},
    ]
    asked = {"model": "m", "messages": messages, "tools": [_TOOL], "documents": ["d"], "p": 0.5, "k": 3,
             "stop_sequences": ["x"], "response_format": {"type": "json_object"}}  # fmt: skip
    yield sample("cohere chat", cohere.CHAT, asked, said, cohere_chat.events(said))
    yield sample("cohere tools", cohere.CHAT, asked, called, cohere_chat.events(called))
    first = legacy.chat(
        "Yes.",
        citations=[legacy.citation(0, 4, "Yes.", "d1")],
        documents=[{"id": "d1", "title": "Notes", "url": "https://example.com"}],
    )
    calling = legacy.chat("I will ask.", tool_calls=[{"name": "w", "parameters": {"a": 1}}])
    past = [{"role": "USER", "message": "Hi"}, {"role": "CHATBOT", "message": "Yes?", "tool_calls": []}]
    results = [{"call": {"name": "w", "parameters": {}}, "outputs": [{"a": 1}]}]
    sent = {"model": "m", "message": QUESTION, "chat_history": past, "preamble": "Be brief.", "tool_results": results,
            "tools": [{"name": "w", "description": "W.", "parameter_definitions": {"a": {"type": "str"}}}],
            "connectors": [{"id": "web-search"}]}  # fmt: skip
    yield sample("cohere first chat", cohere.CHAT, sent, first, legacy.chat_events(first))
    yield sample("cohere first tools", cohere.CHAT, sent, calling, legacy.chat_events(calling))
    generated = legacy.generation("Yes.")
    prompt = {"model": "m", "prompt": QUESTION, "num_generations": 2, "end_sequences": ["x"]}
    yield sample("cohere generate", cohere.GENERATE, prompt, generated)
    embed = {"model": "m", "texts": ["x"], "embedding_types": ["float"], "output_dimension": 8}
    yield sample("cohere embed", cohere.EMBED, embed, cohere_embeddings.embed())
    ranked = {"model": "m", "query": QUESTION, "documents": ["d"], "top_n": 1}
    yield sample("cohere rerank", cohere.RERANK, ranked, cohere_rerank.rerank())


def mistral_samples() -> Iterator[Sample]:
    """What Mistral has beside OpenAI's dialect."""
    completed = mistral_chat.completion("Yes.", thinking="Hm.", usage=mistral_chat.usage(9, 3, cached=4))
    asked = {"agent_id": "ag", "messages": [{"role": "user", "content": QUESTION}], "tools": [_TOOL], "stop": ["x"]}
    yield sample("mistral chat", mistral.CHAT, asked, completed, mistral_chat.chunks(completed))
    gap = {"model": "m", "prompt": "def f(", "suffix": "return"}
    yield sample("mistral fim", mistral.FIM, gap, completed, mistral_chat.chunks(completed))
    conversed = conversations.conversation(
        conversations.message([conversations.text("Yes."), conversations.reference("https://example.com", "Notes")]),
        usage=conversations.usage(9, 3, connector_tokens=20, searches=1),
    )
    entries = [{"role": "user", "content": QUESTION}, {"type": "function.result", "tool_call_id": "c", "result": "21"},
               {"type": "message.input", "role": "user", "content": [{"type": "text", "text": "Hi"}]}]  # fmt: skip
    begun = {"agent_id": "ag", "inputs": entries, "instructions": "Be brief.", "tools": [{"type": "web_search"}],
             "completion_args": {"temperature": 0.5, "stop": ["x"]}}  # fmt: skip
    yield sample("mistral conversation", mistral.CONVERSATION, begun, conversed, conversations.events(conversed))
    called = conversations.conversation(conversations.execution(), conversations.function_call("w", '{"a": 1}'))
    yield sample("mistral conversation call", mistral.AGENT, begun, called)
    document = {"type": "document_url", "document_url": "https://example.com/taxes.pdf"}
    yield sample("mistral ocr", mistral.OCR, {"model": "m", "document": document}, documents.ocr("# Taxes"))
    heard = documents.transcription()
    yield sample("mistral transcription", mistral.TRANSCRIPTION, {"model": "m"}, heard)
    yield sample("mistral moderation", mistral.MODERATION, {"model": "m", "inputs": ["x"]}, documents.moderation())


SAMPLES = [*samples(), *cohere_samples(), *mistral_samples()]
each_endpoint = pytest.mark.parametrize("sample", SAMPLES, ids=by_id)


@each_endpoint
@thorough
@given(data=st.data())
def test_any_request_is_read(sample: Sample, data: st.DataObject) -> None:
    request = data.draw(twisted(sample.request))
    before = state(request)
    read = inference(sample, stream=False)
    sample.endpoint.read_request(read, request)
    sample.endpoint.read_input(read, request)
    presentable(read)
    assert state(request) == before


@each_endpoint
@thorough
@given(data=st.data())
def test_any_answer_is_read(sample: Sample, data: st.DataObject) -> None:
    answer = data.draw(twisted(sample.answer))
    for look in (answer, wrapped(answer)):
        before = state(look)
        read = inference(sample, stream=False)
        decoded = sample.endpoint.decode(look) if sample.endpoint.decode is not None else look
        sample.endpoint.read_response(read, decoded)
        sample.endpoint.read_answer(read, decoded)
        sample.endpoint.read_output(read, decoded)
        presentable(read)
        assert state(look) == before


@pytest.mark.parametrize("sample", [one for one in SAMPLES if one.chunks], ids=by_id)
@thorough
@given(data=st.data())
def test_any_stream_is_read(sample: Sample, data: st.DataObject) -> None:
    chunks = [chunk for chunk in sample.chunks if isinstance(chunk, dict)]
    number = data.draw(st.integers(0, len(chunks) - 1))
    stream = [*chunks[:number], data.draw(twisted(chunks[number])), *chunks[number + 1 :]]
    for look in (lambda chunk: chunk, wrapped):
        read = inference(sample, stream=True)
        for sent in map(look, stream):
            before = state(sent)
            chunk = sample.endpoint.decode(sent) if sample.endpoint.decode is not None else sent
            sample.endpoint.read_chunk(read, chunk)
            sample.endpoint.accumulate_chunk(read, chunk)
            assert state(sent) == before
        if sample.endpoint.finalize_stream is not None:
            sample.endpoint.finalize_stream(read)
        presentable(read)


@pytest.mark.parametrize("sample", [one for one in SAMPLES if one.chunks], ids=by_id)
def test_a_stream_says_what_the_whole_answer_says(sample: Sample) -> None:
    whole, streamed = inference(sample, stream=False), inference(sample, stream=True)
    decode = sample.endpoint.decode or (lambda value: value)
    sample.endpoint.read_response(whole, decode(sample.answer))
    sample.endpoint.read_output(whole, decode(sample.answer))
    sample.endpoint.read_answer(whole, decode(sample.answer))
    for chunk in (wrapped(chunk) for chunk in sample.chunks if isinstance(chunk, dict)):
        sample.endpoint.read_chunk(streamed, decode(chunk))
        sample.endpoint.accumulate_chunk(streamed, decode(chunk))
    assert sample.endpoint.finalize_stream is not None
    sample.endpoint.finalize_stream(streamed)
    for name in ("response_id", "response_model", "finish_reasons", "usage", "output", "attributes"):
        assert getattr(streamed, name) == getattr(whole, name), name
    if whole.answer is not None:
        assert streamed.answer is not None
        assert streamed.answer.text.rstrip() == whole.answer.text
        assert (streamed.answer.citations, streamed.answer.sources) == (whole.answer.citations, whole.answer.sources)
    assert streamed.complete
