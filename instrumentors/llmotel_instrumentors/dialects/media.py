"""OpenAI's endpoints that are not conversations: embeddings, images, audio, moderations.

The conventions have an operation for embeddings. Images and audio are ``generate_content`` with the output type that is
asked for; moderation has no operation of its own there, so it is recorded under the custom name ``moderation``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from llmotel import semconv
from llmotel.model.inference import Inference, Usage
from llmotel.spec import Endpoint
from llmotel.spec.reading import count, get, items, number, params, plain, strings, text

_MODEL = {"model": ("model", str)}
_YEAR = 31_536_000  # of seconds: nobody transcribes more


def _read_model(inference: Inference, body: Any) -> None:
    params(inference, body, _MODEL)
    model = inference.attributes.pop("model", None)
    if isinstance(model, str):
        inference.request_model = model


# Embeddings.


def read_embeddings_request(inference: Inference, body: Any) -> None:
    """Model, dimensions and encoding."""
    _read_model(inference, body)
    dimensions = count(get(body, "dimensions")) if isinstance(body, Mapping) else None
    if dimensions is not None:
        inference.attributes[semconv.EMBEDDING_DIMENSIONS] = dimensions
    encodings = strings(get(body, "encoding_format"))
    if encodings:
        inference.attributes[semconv.ENCODING_FORMATS] = encodings


def read_embeddings(inference: Inference, response: Any) -> None:
    """Model and input tokens; the length of the first vector."""
    inference.response_model = text(get(response, "model"))
    tokens = count(get(get(response, "usage"), "prompt_tokens"))
    if tokens is not None:
        inference.usage = Usage(tokens)
    data = items(get(response, "data"))
    vector = get(data[0], "embedding") if data else None
    if isinstance(vector, list) and vector:
        inference.attributes[semconv.EMBEDDING_DIMENSIONS] = len(vector)
    elif isinstance(vector, str) and vector:  # base64 of floats of four bytes
        inference.attributes[semconv.EMBEDDING_DIMENSIONS] = len(vector.rstrip("=")) * 3 // 16


# Images.


def read_image_request(inference: Inference, body: Any) -> None:
    """Model and number of images."""
    _read_model(inference, body)
    inference.attributes[semconv.OUTPUT_TYPE] = "image"
    images = count(get(body, "n")) if isinstance(body, Mapping) else None
    if images is not None and images != 1:
        inference.attributes[semconv.CHOICE_COUNT] = images


def read_image_usage(inference: Inference, response: Any) -> None:
    """Token counts, which the GPT image models give and DALL-E does not."""
    given = get(response, "usage")
    sent, received = count(get(given, "input_tokens")), count(get(given, "output_tokens"))
    if sent is None and received is None:
        return
    usage = inference.usage = Usage(sent, received, detailed=True)
    details = get(given, "input_tokens_details")
    usage.input_image, usage.input_text = count(get(details, "image_tokens")), count(get(details, "text_tokens"))
    details = get(given, "output_tokens_details")
    if details is not None:
        usage.output_image, usage.output_text = count(get(details, "image_tokens")), count(get(details, "text_tokens"))
    else:
        usage.output_image = received


def read_image_chunk(inference: Inference, event: Any) -> None:
    """The last event of an image stream carries usage."""
    if str(getattr(event, "type", "")).endswith(".completed"):
        read_image_usage(inference, event)
        inference.complete = True


def read_prompt(inference: Inference, body: Any) -> None:
    """The prompt of an image."""
    prompt = text(get(body, "prompt"))
    if prompt is not None:
        inference.input = [{"role": "user", "parts": [{"type": "text", "content": prompt}]}]


# Audio.


def read_speech_request(inference: Inference, body: Any) -> None:
    """Text to speech: model and output type."""
    _read_model(inference, body)
    inference.attributes[semconv.OUTPUT_TYPE] = "speech"


def read_speech_input(inference: Inference, body: Any) -> None:
    """What is to be spoken."""
    said = text(get(body, "input"))
    if said is not None:
        inference.input = [{"role": "user", "parts": [{"type": "text", "content": said}]}]


def read_transcription_request(inference: Inference, body: Any) -> None:
    """Speech to text: model and output type."""
    _read_model(inference, body)
    inference.attributes[semconv.OUTPUT_TYPE] = "text"


def read_transcription(inference: Inference, response: Any) -> None:
    """Token counts, which the GPT transcription models give; whisper bills by the seconds of audio."""
    given = get(response, "usage")
    sent, received = count(get(given, "input_tokens")), count(get(given, "output_tokens"))
    if sent is None and received is None:
        seconds = number(get(given, "seconds"))
        if seconds is None:
            seconds = number(get(response, "duration"))
        if seconds is not None and 0 <= seconds < _YEAR:
            inference.usage = Usage(audio_seconds=seconds, detailed=True)
        return
    details = get(given, "input_token_details")
    inference.usage = Usage(
        sent,
        received,
        input_audio=count(get(details, "audio_tokens")),
        input_text=count(get(details, "text_tokens")),
        detailed=details is not None,
    )


def read_transcription_chunk(inference: Inference, event: Any) -> None:
    """The last event of a transcription stream carries usage."""
    if getattr(event, "type", None) == "transcript.text.done":
        read_transcription(inference, event)
        inference.complete = True


def read_transcript(inference: Inference, response: Any) -> None:
    """The transcribed text."""
    said = text(response) or text(get(response, "text"))
    if said is not None:
        inference.output = [{"role": "assistant", "parts": [{"type": "text", "content": said}]}]


# Moderations.


def read_moderation(inference: Inference, response: Any) -> None:
    """Id and model."""
    inference.response_id = text(get(response, "id"))
    inference.response_model = text(get(response, "model"))


def read_moderation_input(inference: Inference, body: Any) -> None:
    """What is to be judged."""
    given = get(body, "input")
    inference.input = [{"role": "user", "parts": [{"type": "text", "content": said}]} for said in strings(given)] or [
        {"role": "user", "parts": [{"type": "input", "content": plain(given)}]}
    ]


EMBEDDINGS = Endpoint("embeddings", read_embeddings_request, read_embeddings, bulk="data")
IMAGES = Endpoint("generate_content", read_image_request, read_image_usage, read_image_chunk, read_prompt, bulk="data")
SPEECH = Endpoint("generate_content", read_speech_request, read_input=read_speech_input)
TRANSCRIPTION = Endpoint(
    "generate_content",
    read_transcription_request,
    read_transcription,
    read_transcription_chunk,
    read_output=read_transcript,
)
MODERATION = Endpoint("moderation", _read_model, read_moderation, read_input=read_moderation_input)
