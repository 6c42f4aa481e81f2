"""Images and videos of Google's models: ``:predict`` of Imagen and ``:predictLongRunning`` of Veo.

The answer to a video is the name of an operation, which the application asks for the video later: the call is over when
the video is begun. Source: the model references at cloud.google.com/vertex-ai/generative-ai/docs/model-reference.
"""

from __future__ import annotations

from typing import Any

from llmotel import semconv
from llmotel.model.inference import Inference
from llmotel.spec import Endpoint
from llmotel.spec.reading import count, get, items, text
from llmotel_instrumentors.dialects.generate_content import decode, read_model, read_refusal
from llmotel_instrumentors.dialects.generate_content_parts import read_pictures, read_prompt, spelled


def read_image_request(inference: Inference, body: Any) -> None:
    """Model and number of images."""
    _read_request(inference, body, "image")


def read_video_request(inference: Inference, body: Any) -> None:
    """Model and number of videos."""
    _read_request(inference, body, "video")


def _read_request(inference: Inference, body: Any, kind: str) -> None:
    read_model(inference, body)
    inference.attributes[semconv.OUTPUT_TYPE] = kind
    choices = count(spelled(get(body, "parameters"), "sampleCount"))
    if choices is not None and choices != 1:
        inference.attributes[semconv.CHOICE_COUNT] = choices


def read_images(inference: Inference, response: Any) -> None:
    """Which images were held back, where any was."""
    read_refusal(inference, response)
    made = items(get(response, "predictions"))
    filtered = [text(get(one, "raiFilteredReason")) is not None for one in made]
    if any(filtered):
        inference.finish_reasons = ["content_filter" if held else "stop" for held in filtered]


def read_operation(inference: Inference, response: Any) -> None:
    """The name of the operation."""
    inference.response_id = text(get(response, "name"))
    read_refusal(inference, response)


IMAGES = Endpoint(
    "generate_content",
    read_image_request,
    read_images,
    read_input=read_prompt,
    read_output=read_pictures,
    decode=decode,
)
VIDEOS = Endpoint("generate_content", read_video_request, read_operation, read_input=read_prompt, decode=decode)
