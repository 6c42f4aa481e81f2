"""Other packages that record the same calls: each call is recorded by one of them."""

from __future__ import annotations

import logging
from typing import Any

import openai
import pytest
from opentelemetry import context

from llmotel.instrumentation import registry
from llmotel.testing import ProviderServer
from telemetry import Telemetry

CALLS: dict[str, Any] = {
    "inference": lambda client: client.chat.completions.create(model="m", messages=[{"role": "user", "content": "Hi"}]),
    "embedding": lambda client: client.embeddings.create(model="m", input="Hi"),
    "fetch_response": lambda client: client.responses.retrieve(
        client.responses.create(model="m", input="Hi", background=True).id
    ),
}


@pytest.mark.parametrize("kind", CALLS)
def test_what_opentelemetrys_genai_packages_record_is_left_to_them(
    kind: str, server: ProviderServer, telemetry: Telemetry, caplog: pytest.LogCaptureFixture
) -> None:
    with openai.OpenAI(api_key="k", base_url=server.openai_url, max_retries=0) as client:
        token = context.attach(context.set_value(f"opentelemetry.genai.client.{kind}.context", object()))
        try:
            CALLS[kind](client)
            CALLS[kind](client)
        finally:
            context.detach(token)
        assert telemetry.spans == []
        [line] = [record.getMessage() for record in caplog.records if record.levelno == logging.WARNING]
        assert line.startswith("llmotel: openai: calls are recorded by OpenTelemetry's GenAI instrumentation")
        assert "OTEL_PYTHON_DISABLED_INSTRUMENTATIONS=openai" in line
        [row] = [row for row in registry.report() if row.library == "openai"]
        assert (row.state, row.detail) == (
            "instrumented",
            "calls are recorded by OpenTelemetry's GenAI instrumentation, and left to it",
        )
        CALLS[kind](client)
    assert telemetry.spans
