"""The quick start of the README: one line per call on stderr, and everything to a collector if there is one.

The provider is a stand-in on this machine. With a key of yours, leave base_url out.
"""

from __future__ import annotations

import os

import openai

import llmotel
from llmotel.testing import ProviderServer, Reply

exporter = "otlp" if "OTEL_EXPORTER_OTLP_ENDPOINT" in os.environ else "none"
llmotel.init(
    service_name="quickstart",
    console=True,
    traces_exporter=exporter,
    metrics_exporter=exporter,
    logs_exporter=exporter,
)

with ProviderServer() as server, openai.OpenAI(api_key="any", base_url=server.openai_url) as client:
    question = [{"role": "user", "content": "What is the capital of France?"}]

    client.chat.completions.create(model="gpt-4.1-mini", messages=question)

    stream = client.chat.completions.create(
        model="gpt-4.1", messages=question, stream=True, stream_options={"include_usage": True}
    )
    for _ in stream:
        pass

    server.script(Reply(fault="hang"))
    try:
        client.with_options(max_retries=0, timeout=0.2).embeddings.create(
            model="text-embedding-3-small", input="What is the capital of France?"
        )
    except openai.APITimeoutError:
        print("one call timed out, as it was meant to")
