"""A call that no client library makes: begun and finished on the engine itself. Costs no import of a client."""

from __future__ import annotations

from time import perf_counter

from opentelemetry import context

from llmotel import setup
from llmotel.engine.call import Call
from llmotel.model.inference import Inference, Usage
from llmotel.spec import Endpoint, Provider

CHAT = Endpoint("chat")
LIBRARY = Provider(name="openai", library="bare", versions=("0", None), seams=(), match=lambda _: CHAT)


def call(model: str = "gpt-4o") -> None:
    """One chat call with 10 tokens in and 2 out."""
    engine = setup.engine()
    if engine is None or not engine.enabled:
        return
    inference = Inference(operation="chat", provider="openai", request_model=model)
    inference.usage = Usage(input_tokens=10, output_tokens=2)
    made = Call(engine.scope(LIBRARY), engine.guard, CHAT, inference, {})
    made.begin(context.get_current(), None, perf_counter())
    made.detach()
    made.finish()
