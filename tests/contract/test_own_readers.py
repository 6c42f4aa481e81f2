"""The readers of libraries with APIs of their own: as in test_readers.py, whatever stands in any place."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contract.own_clients import OWN_CLIENTS
from contract.providers import QUESTION
from contract.situations import by_id
from contract.test_readers import Sample, inference, presentable, state, thorough, twisted
from llmotel.spec.reading import wrapped
from llmotel.testing.ollama_wire import chat as ollama_chat
from llmotel.testing.ollama_wire import embeddings as ollama_embeddings
from llmotel.testing.ollama_wire import generate
from llmotel_instrumentors.dialects import ollama

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


SAMPLES = list(samples())
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
    for chunk in (chunk for chunk in sample.chunks if isinstance(chunk, dict)):
        sample.endpoint.read_chunk(streamed, decode(chunk))
        sample.endpoint.accumulate_chunk(streamed, decode(chunk))
    assert sample.endpoint.finalize_stream is not None
    sample.endpoint.finalize_stream(streamed)
    for name in ("response_id", "response_model", "finish_reasons", "usage", "output", "answer", "attributes"):
        assert getattr(streamed, name) == getattr(whole, name), name
    assert streamed.complete


def test_every_library_with_an_api_of_its_own_is_here() -> None:
    assert {provider.name for provider in OWN_CLIENTS} == {name.partition(" ")[0] for name in map(by_id, SAMPLES)}  # type: ignore[union-attr]
