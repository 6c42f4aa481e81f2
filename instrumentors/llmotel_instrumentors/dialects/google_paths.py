"""Which path of Google's APIs leads to which call, and the model that it names."""

from __future__ import annotations

from typing import Any

from llmotel.spec import Endpoint
from llmotel.spec.reading import get, items
from llmotel_instrumentors.dialects.embed_content import EMBED
from llmotel_instrumentors.dialects.generate_content import GENERATE
from llmotel_instrumentors.dialects.predict import IMAGES, VIDEOS

ENDPOINTS = {
    "generateContent": GENERATE,
    "streamGenerateContent": GENERATE,
    "embedContent": EMBED,
    "batchEmbedContents": EMBED,
    "predictLongRunning": VIDEOS,
}


def verb_of(path: str) -> str:
    """``streamGenerateContent`` of ``models/gemini-2.5-flash:streamGenerateContent?alt=sse``."""
    return path.partition("?")[0].rpartition(":")[2]


def model_of(path: str) -> str | None:
    """The model in ``path`` as price lists have it: ``imagen-4`` of ``models/imagen-4:predict`` and of
    ``projects/p/locations/l/publishers/google/models/imagen-4:predict``. A model of the caller's own keeps its whole
    name: ``tunedModels/mine``, ``projects/p/locations/l/endpoints/1``."""
    name = path.partition("?")[0].rpartition(":")[0]
    head, found, model = name.rpartition("models/")
    published = found and (not head or head.endswith("/"))
    return (model if published else name) or None


def endpoint_of(path: str, body: Any) -> Endpoint | None:
    """The endpoint behind ``path``; ``None`` for what runs no model, or answers elsewhere (files, caches, batches)."""
    verb = verb_of(path)
    if verb != "predict":
        return ENDPOINTS.get(verb)
    instances = items(get(body, "instances"))
    if "endpoints/" in path or not instances:
        return None  # a model of the caller's own, which may predict anything
    return EMBED if get(instances[0], "content") is not None else IMAGES
