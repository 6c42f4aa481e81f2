"""OpenAI's decisions: questions about an input of the Responses API, answered with probabilities."""

from __future__ import annotations

from typing import Any

from llmotel import semconv
from llmotel.model.inference import Inference
from llmotel.spec import Endpoint
from llmotel.spec.reading import get, items, params, plain, text
from llmotel_instrumentors.dialects.parts import answer
from llmotel_instrumentors.dialects.responses import read_usage
from llmotel_instrumentors.dialects.responses_content import read_input

_MODEL = {"model": ("model", str)}


def read_request(inference: Inference, body: Any) -> None:
    """Model; the answers are structured."""
    params(inference, body, _MODEL)
    model = inference.attributes.pop("model", None)
    if isinstance(model, str):
        inference.request_model = model
    inference.attributes[semconv.OUTPUT_TYPE] = "json"


def read_questions(inference: Inference, body: Any) -> None:
    """The input, and behind it the questions."""
    read_input(inference, body)
    asked = [{"type": "question", "question": plain(question)} for question in items(get(body, "questions"))]
    inference.input = [*(inference.input or []), {"role": "user", "parts": asked}]


def read_response(inference: Inference, response: Any) -> None:
    """Model and usage, at the prices that decisions have of their own."""
    inference.response_model = text(get(response, "model"))
    inference.service_tier = "decisions"
    inference.finish_reasons = ["stop"]
    read_usage(inference, get(response, "usage"), None)


def read_answers(inference: Inference, response: Any) -> None:
    """The answers, in the order of the questions."""
    answers = [{"type": "answer", "answer": plain(given)} for given in items(get(response, "answers"))]
    inference.output = answer(inference, answers)


DECIDE = Endpoint(
    "generate_content",
    read_request,
    read_response,
    read_input=read_questions,
    read_output=read_answers,
)
