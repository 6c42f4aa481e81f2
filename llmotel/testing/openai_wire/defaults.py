"""The answers that a loopback server makes up for OpenAI requests when nothing is scripted.

- The model is the request's. Tokens are counted by :func:`~llmotel.testing.samples.tokens`; from 1,024 prompt tokens
  on, a conversation with an assistant's turn in it has its prompt cached, in steps of 128.
- The text repeats the user's last words, or the result of a tool; with a JSON schema it is a value of that schema.
- A function is called when ``tool_choice`` says so, or when the user's last words contain a word of its name
  (:func:`~llmotel.testing.asking.tool_of`). A web or file search called so is answered at once, with a citation.
- ``n``, ``logprobs``, ``modalities``, ``service_tier``, ``encoding_format`` and ``response_format`` are done as asked.
  Reasoning effort costs two reasoning tokens per token of text.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, TypeAlias

from llmotel.testing import asking
from llmotel.testing.openai_wire import (
    audio,
    chat,
    completions,
    embeddings,
    errors,
    hosts,
    images,
    platform,
    rerank,
    responses,
)
from llmotel.testing.reply import Body, Reply, Request
from llmotel.testing.samples import MP3, hexid, ident, tokens, value_of

Answer: TypeAlias = Body | str | bytes | Reply

_WEB = ("https://example.com/answer", "An example answer")


def needs_model(answer: Callable[[Request, str], Answer]) -> Callable[[Request], Answer]:
    """``answer`` with the request's model, which Azure has in its path; a request without one gets OpenAI's 400."""

    def checked(request: Request) -> Answer:
        model = request.get("model") or request.params.get("deployment")
        if not isinstance(model, str):
            return errors.reply(400, "you must provide a model parameter")
        return answer(request, model)

    return checked


@needs_model
def chat_completion(request: Request, model: str) -> Answer:
    messages = asking.objects(request.get("messages"))
    if not messages:
        return errors.reply(400, "Missing required parameter: 'messages'.", param="messages")
    last = messages[-1]
    said = asking.text(last.get("content"))
    options: Body = {"message": None}
    call = asking.tool_of(_tools(request), _tool_choice(request), said if last.get("role") == "user" else None)
    if call is not None:
        arguments = value_of(call.schema)
        made = [chat.tool_call(call.name, arguments, id=ident("call_", request.number, call.name))]
        options |= {"text": None, "tool_calls": made}
        output = tokens(call.name + json.dumps(arguments))
    else:
        schema = request.get("response_format")
        text = _structured(schema) or asking.answer(said, said if last.get("role") in ("tool", "function") else None)
        output = tokens(text)
        if "audio" in (request.get("modalities") or ()):
            options |= {"audio": chat.audio(text)}
        else:
            options |= {"text": text}
        if request.get("logprobs"):
            options |= {"logprobs": chat.logprobs(text, top=request.get("top_logprobs") or 0)}
        if request.get("web_search_options") is not None:
            options |= {"annotations": [chat.url_citation(*_WEB, 0, len(text))]}
    n = request.get("n") or 1
    prompt = asking.size(request)
    thought = 2 * output if request.get("reasoning_effort") not in (None, "none") else 0
    turns = any(message.get("role") == "assistant" for message in messages)
    body = chat.completion(
        model=model,
        n=n,
        usage=chat.usage(prompt, (output + thought) * n, cached=_cached(prompt, turns), reasoning=thought * n),
        service_tier=_tier(request),
        id=ident("chatcmpl-", request.number, request.body, length=29),
        **options,
    )
    return hosts.azure(body) if "deployment" in request.params else hosts.answered(body, request)


@needs_model
def response(request: Request, model: str) -> Answer:
    given = request.get("input")
    items = [{"role": "user", "content": given}] if isinstance(given, str) else asking.objects(given)
    last = items[-1] if items else {}
    said = asking.text(last.get("content"))
    result = last.get("output") if last.get("type") == "function_call_output" else None
    call = asking.tool_of(_tools(request), _tool_choice(request), said if last.get("role") == "user" else None)
    output = []
    if isinstance(effort := request.get("reasoning"), dict) and effort.get("effort") != "none":
        output.append(responses.reasoning(*(["**Reading the question**"] if effort.get("summary") else ())))
    text = ""
    if call is not None and call.kind == "function":
        arguments = value_of(call.schema)
        call_id = ident("call_", request.number, call.name)
        output.append(responses.function_call(call.name, arguments, call_id=call_id))
        text = json.dumps(arguments)
    else:
        schema = request.get("text")
        text = _structured(schema.get("format") if isinstance(schema, dict) else None) or asking.answer(
            said, None if result is None else asking.text(result)
        )
        annotations = []
        if call is not None and call.kind == "file_search":
            found = responses.file_search_result("file-answer", "answer.txt", 0.92, text)
            included = "file_search_call.results" in (request.get("include") or ())
            output.append(responses.file_search_call(said, results=[found] if included else None))
            annotations = [responses.file_citation("file-answer", "answer.txt", len(text))]
        elif call is not None and call.kind.startswith("web_search"):
            output.append(responses.web_search_call(said))
            annotations = [responses.url_citation(*_WEB, 0, len(text))]
        output.append(responses.message(text, annotations=annotations))
    prompt = asking.size(request)
    thought = 2 * tokens(text) if any(item["type"] == "reasoning" for item in output) else 0
    turns = any(item.get("role") == "assistant" for item in items)
    return responses.response(
        [{**item, "id": hexid(item["id"].partition("_")[0] + "_", request.number, item)} for item in output],
        model=model,
        status="queued" if request.get("background") is True else "completed",
        usage=responses.usage(prompt, tokens(text) + thought, cached=_cached(prompt, turns), reasoning=thought),
        request=request.json,
        service_tier=_tier(request),
        id=hexid("resp_", request.number, request.body),
    )


@needs_model
def completion(request: Request, model: str) -> Answer:
    prompt = request.get("prompt")
    text = asking.answer(prompt if isinstance(prompt, str) else "")
    n = request.get("n") or 1
    return completions.completion(
        text,
        model=model,
        n=n,
        logprobs=completions.logprobs(text) if request.get("logprobs") else None,
        usage=chat.usage(asking.size(request), tokens(text) * n),
        id=ident("cmpl-", request.number, request.body, length=29),
    )


@needs_model
def embedding(request: Request, model: str) -> Answer:
    given = request.get("input")
    inputs = given if isinstance(given, list) and given and not isinstance(given[0], int) else [given]
    dimensions = request.get("dimensions") or (3072 if model.endswith("-large") else 1536)
    return embeddings.embeddings(
        [embeddings.vector(dimensions, seed=tokens(str(value))) for value in inputs],
        model=model,
        encoding_format=request.get("encoding_format") or "float",
        prompt_tokens=sum(len(value) if isinstance(value, list) else tokens(str(value)) for value in inputs),
    )


@needs_model
def reranking(request: Request, model: str) -> Answer:
    """The documents that share most words with the query come first."""
    query = set(str(request.get("query")).lower().split())
    given = request.get("documents")
    documents = [str(document).lower() for document in given] if isinstance(given, list) else []
    scores = [sum(word in document for word in query) / max(len(query), 1) for document in documents]
    size = sum(map(tokens, documents)) + tokens(str(request.get("query")))
    body = rerank.rerank(scores, model=model, prompt_tokens=size, id=ident("oM", request.number, length=16))
    most = request.get("top_n")
    return {**body, "results": body["results"][: most if isinstance(most, int) else None]}


def image(request: Request) -> Answer:
    """As the requested model sends pictures; dall-e-2 where none is named, as the API has it."""
    n = int(request.get("n") or 1)
    prompt = str(request.get("prompt") or "")
    model = str(request.get("model") or "dall-e-2")
    if model.startswith("dall-e"):
        url = "https://example.com/images/" + ident("img-", request.number) + ".png"
        if request.get("response_format") == "b64_json":
            body = images.images(n)
            return {"created": body["created"], "data": body["data"]}
        return images.images(n, url=url, revised_prompt=prompt if model == "dall-e-3" else None)
    pictures = 0 if request.path.endswith("/generations") else 323
    options = {key: request.get(key) for key in ("size", "quality") if request.get(key) not in (None, "auto")}
    return images.images(n, usage=images.usage(tokens(prompt), 1056 * n, input_image=pictures), **options)


def speech(_: Request) -> Answer:
    return Reply(MP3, headers={"content-type": "audio/mpeg"})


def transcription(request: Request) -> Answer:
    shape = request.get("response_format") or "json"
    if shape == "verbose_json":
        return audio.verbose_transcription()
    if shape in ("text", "srt", "vtt"):
        return _subtitles(shape)
    whisper = str(request.get("model")).startswith("whisper")
    return audio.transcription(usage=audio.duration_usage() if whisper else None)


def translation(request: Request) -> Answer:
    shape = request.get("response_format") or "json"
    if shape == "verbose_json":
        return audio.verbose_transcription(task="translate")
    return audio.translation() if shape == "json" else _subtitles(shape)


def moderation(request: Request) -> Answer:
    given = request.get("input")
    many = isinstance(given, list) and all(isinstance(value, str) for value in given)
    return platform.moderations(len(given) if many else 1, model=request.get("model") or "omni-moderation-latest")


def model(request: Request) -> Answer:
    return platform.model(request.params["id"])


def models(_: Request) -> Answer:
    return platform.models()


def file(request: Request) -> Answer:
    name = str(request.get("file") or "upload.bin")
    return platform.file(name, size=len(request.body), purpose=str(request.get("purpose") or "user_data"))


def batch(request: Request) -> Answer:
    given = {key: request.get(key) for key in ("endpoint", "input_file_id", "metadata")}
    return platform.batch(**{key: value for key, value in given.items() if value is not None})


def batch_done(request: Request) -> Answer:
    return platform.batch("completed", id=request.params["id"])


def _tools(request: Request) -> list[asking.Tool]:
    """The tools of either API: under ``function`` in chat completions, flat in the Responses API."""
    tools = []
    for tool in asking.objects(request.get("tools")):
        kind = str(tool.get("type"))
        declared: Any = tool.get("function") if isinstance(tool.get("function"), dict) else tool
        tools.append(asking.Tool(str(declared.get("name") or kind), declared.get("parameters") or {}, kind))
    return tools


def _tool_choice(request: Request) -> str:
    choice = request.get("tool_choice")
    if isinstance(choice, dict):
        named: Any = choice.get("function") if isinstance(choice.get("function"), dict) else choice
        return str(named.get("name") or named.get("type"))
    return {"required": "any", None: "auto"}.get(choice, str(choice))


def _structured(shape: object) -> str | None:
    """A JSON text for a ``response_format`` of chat completions or a ``text.format`` of responses."""
    if not isinstance(shape, dict) or shape.get("type") not in ("json_schema", "json_object"):
        return None
    if shape["type"] == "json_object":
        return '{"answer": "text"}'
    holder: Any = shape.get("json_schema") if isinstance(shape.get("json_schema"), dict) else shape
    return json.dumps(value_of(holder.get("schema")))


def _cached(prompt: int, turns: bool) -> int:
    return prompt // 128 * 128 if turns and prompt >= 1024 else 0


def _tier(request: Request) -> str:
    asked = request.get("service_tier")
    return {None: "default", "auto": "default", "fast": "priority"}.get(asked, str(asked))


def _subtitles(shape: str) -> str:
    if shape == "srt":
        return f"1\n00:00:00,000 --> 00:00:09,000\n{audio.TEXT}\n"
    if shape == "vtt":
        return f"WEBVTT\n\n00:00.000 --> 00:09.000\n{audio.TEXT}\n"
    return audio.TEXT + "\n"
