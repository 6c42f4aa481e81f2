"""The answers that a loopback server makes up for requests of Google's APIs when nothing is scripted.

- The model is the path's. Tokens are counted by :func:`~llmotel.testing.samples.tokens`; where the request names a
  ``cachedContent``, its 2048 tokens are read from there.
- The text repeats the user's last words, or the result of a function; with a response schema it is a value of that
  schema, with an image or audio modality a picture or a sound.
- A function is called when ``functionCallingConfig`` says so, or when the user's last words contain a word of its name
  (:func:`~llmotel.testing.asking.tool_of`). Google's own search, called so, is answered at once, with a citation.
- Thoughts are told where ``includeThoughts`` asks for them.
"""

from __future__ import annotations

import base64
import json
from typing import Any

from llmotel.testing import asking
from llmotel.testing.google_wire import errors, generation, grounding, models, parts, platform
from llmotel.testing.openai_wire.embeddings import vector
from llmotel.testing.reply import Body, Reply, Request
from llmotel.testing.samples import ident, strings, tokens, value_of

_URL, _TITLE = "https://example.com/answer", "An example answer"
_CACHED = 2048
_SILENCE = base64.b64encode(bytes(480)).decode()  # 10 ms at 24 kHz
_SEARCHES = ("googleSearch", "google_search")


def generate(request: Request) -> Body | Reply:
    turns = asking.objects(request.get("contents"))
    if not turns:
        return errors.reply(400)
    config = _object(request.get("generationConfig"))
    said, result = _last(turns)
    call = asking.tool_of(_tools(request), _choice(request), None if result is not None else said)
    content: list[Body] = []
    found = None
    if _asks_for_thoughts(config):
        content.append(parts.thought("The user asked something, so I answer."))
    if call is not None and call.kind == "function":
        called = ident("", request.number, request.body, length=8).lower()
        given_id = None if _is_vertex(request) else called
        content.append(parts.function_call(call.name, _arguments(call.schema), id=given_id))
    else:
        answer = _answer(config, said, result)
        content.append(answer)
        if call is not None:
            text = str(answer.get("text"))
            supported = grounding.support(text, text, [0])
            found = grounding.metadata([grounding.web(_URL, _TITLE)], [supported], queries=[said])
    count = config.get("candidateCount")
    return generation.response(
        candidates=[
            generation.candidate(content, index=index, extra=None if found is None else {"groundingMetadata": found})
            for index in range(count if isinstance(count, int) and count > 0 else 1)
        ],
        model=request.params.get("model", generation.MODEL),
        usage=_usage(request, content),
        id=ident("", request.number, request.body, length=23),
        extra={"createTime": platform.CREATED} if _is_vertex(request) else None,
    )


def embed(request: Request) -> Body:
    return models.embedding(_vector(request.json), tokens=asking.size(request))


def batch_embed(request: Request) -> Body:
    return models.embeddings([_vector(one, seed) for seed, one in enumerate(asking.objects(request.get("requests")))])


def predict(request: Request) -> Body | Reply:
    instances, settings = asking.objects(request.get("instances")), _object(request.get("parameters"))
    if not instances:
        return errors.reply(400, "instances is not specified")
    if "content" in instances[0]:
        vectors = [_vector(settings, seed) for seed, _ in enumerate(instances)]
        return models.predicted_embeddings(vectors, tokens=[tokens(str(one.get("content"))) for one in instances])
    count = settings.get("sampleCount")
    return models.images(count if isinstance(count, int) and count > 0 else 1)


def predict_long_running(request: Request) -> Body:
    return models.operation(request.params["model"])


def count_tokens(request: Request) -> Body:
    return platform.count_tokens(asking.size(request))


def model(request: Request) -> Body:
    return platform.model(request.params["id"])


def models_page(_: Request) -> Body:
    return platform.models()


def cached_content(request: Request) -> Body:
    return platform.cached_content(str(request.get("model")), tokens=_CACHED)


def _is_vertex(request: Request) -> bool:
    return "/publishers/" in request.path


def _object(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _vector(asked: object, seed: int = 0) -> list[float]:
    dimensions = _object(asked).get("outputDimensionality")
    return vector(dimensions if isinstance(dimensions, int) and 0 < dimensions <= 4096 else 8, seed=seed)


def _last(turns: list[dict[str, Any]]) -> tuple[str, str | None]:
    """The user's last words, and the result of a function where the last turn has one."""
    sent = asking.objects(turns[-1].get("parts"))
    results = [_object(part.get("functionResponse")).get("response") for part in sent if "functionResponse" in part]
    return asking.text(sent), " ".join(strings(results)) if results else None


def _tools(request: Request) -> list[asking.Tool]:
    found = []
    for tool in asking.objects(request.get("tools")):
        for one in asking.objects(tool.get("functionDeclarations")):
            schema = one.get("parametersJsonSchema") or one.get("parameters_json_schema") or one.get("parameters") or {}
            found.append(asking.Tool(str(one.get("name")), schema))
        if any(name in tool for name in _SEARCHES):
            found.append(asking.Tool("google_search", {}, "google_search"))
    return found


def _choice(request: Request) -> str:
    config = _object(_object(request.get("toolConfig")).get("functionCallingConfig"))
    allowed = config.get("allowedFunctionNames")
    if config.get("mode") == "ANY" and isinstance(allowed, list) and allowed:
        return str(allowed[0])
    return str(config.get("mode") or "AUTO").lower()


def _asks_for_thoughts(config: dict[str, Any]) -> bool:
    thinking = _object(config.get("thinkingConfig"))
    return thinking.get("includeThoughts") is True or thinking.get("include_thoughts") is True


def _arguments(schema: Any) -> dict[str, Any]:
    made = value_of(_lowered(schema))
    return made if isinstance(made, dict) else {}


def _answer(config: dict[str, Any], said: str, result: str | None) -> Body:
    modalities = config.get("responseModalities") or []
    if "IMAGE" in modalities:
        return parts.inline_data()
    if "AUDIO" in modalities:
        return parts.inline_data(_SILENCE, "audio/L16;codec=pcm;rate=24000")
    schema = config.get("responseJsonSchema") or config.get("responseSchema")
    return parts.text(json.dumps(value_of(_lowered(schema))) if schema else asking.answer(said, result))


def _lowered(schema: Any) -> Any:
    """A schema in JSON Schema's words; Google's own has the types in capitals."""
    if isinstance(schema, list):
        return [_lowered(inner) for inner in schema]
    if not isinstance(schema, dict):
        return schema
    kind = schema.get("type")
    lowered = {name: _lowered(value) for name, value in schema.items()}
    return {**lowered, "type": kind.lower()} if isinstance(kind, str) else lowered


def _usage(request: Request, content: list[Body]) -> Body:
    thoughts = sum(tokens(part["text"]) for part in content if part.get("thought"))
    said = [part for part in content if not part.get("thought")]
    media = [_object(part.get("inlineData")).get("mimeType") for part in said if "inlineData" in part]
    made = {str(kind).partition("/")[0].upper(): 1290 for kind in media} or None
    written = 1290 if made else max(1, sum(tokens(text) for part in said for text in strings(part)))
    cached = _CACHED if request.get("cachedContent") else 0
    return generation.usage(
        asking.size(request) + cached,
        written,
        cached=cached,
        thoughts=thoughts,
        candidates_modalities=made,
        traffic_type="ON_DEMAND" if _is_vertex(request) else None,
    )
