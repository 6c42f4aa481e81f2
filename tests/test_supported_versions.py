"""The versions that llmotel says it supports are those that are tested: oldest and newest, exactly.

``make oldest`` runs this file and the contract with the dependency group ``oldest`` of pyproject.toml installed.
"""

from __future__ import annotations

import importlib
import logging
import os
import sys
from collections.abc import Iterator
from contextlib import closing, suppress
from functools import partial
from importlib import metadata
from operator import attrgetter
from pathlib import Path
from typing import Any

import aiobotocore.session
import anthropic
import boto3
import cerebras.cloud.sdk as cerebras
import groq
import openai
import pytest
import together
from botocore.config import Config
from packaging.requirements import Requirement
from packaging.version import Version

from llmotel.instrumentation import registry
from llmotel.instrumentation.instrumentor import Instrumentor
from llmotel.testing import ProviderServer
from llmotel.testing.anthropic_wire import errors as anthropic_errors
from llmotel.testing.bedrock_wire import errors as bedrock_errors
from llmotel.testing.openai_wire import errors as openai_errors
from telemetry import Telemetry

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

PYPROJECT = tomllib.loads((Path(__file__).parent.parent / "pyproject.toml").read_text("utf-8"))
BASE = [Requirement(dependency) for dependency in PYPROJECT["project"]["dependencies"]]
CLIENTS: dict[str, Any] = {
    "openai": openai.OpenAI,
    "groq": groq.Groq,
    "together": together.Together,
    "cerebras-cloud-sdk": partial(cerebras.Cerebras, warm_tcp_connection=False),
}
ASK: list[Any] = [{"role": "user", "content": "What is the capital of France?"}]


def pins(group: str) -> dict[str, Requirement]:
    """The requirements of a dependency group that allow one version only, by name: this Python's, where there are
    several."""
    requirements = [Requirement(entry) for entry in PYPROJECT["dependency-groups"][group] if isinstance(entry, str)]
    requirements.sort(key=is_meant)
    return {requirement.name: requirement for requirement in requirements if "==" in str(requirement.specifier)}


def is_meant(requirement: Requirement) -> bool:
    """Whether ``requirement`` is one of this Python."""
    return requirement.marker is None or requirement.marker.evaluate()


def lowest(requirement: Requirement) -> str:
    """The oldest version that ``requirement`` allows."""
    [low] = [part.version for part in requirement.specifier if part.operator in (">=", "==")]
    return low


def instrumentor(library: str) -> Instrumentor:
    module, _, name = registry.LIBRARIES[library].path.partition(":")
    made: Instrumentor = getattr(importlib.import_module(module), name)()
    return made


GROUP = os.environ.get("LLMOTEL_TEST_VERSIONS", "dev")
INSTALLED = [library for library in registry.LIBRARIES if library in pins(GROUP)]
"""All libraries, but for those whose oldest version has an environment of its own."""
OLDEST = {**pins("oldest-google"), **pins("oldest")}


@pytest.fixture
def openai_client(server: ProviderServer) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(api_key="sk-test", base_url=server.openai_url, max_retries=0) as client:
        yield client


@pytest.fixture
def anthropic_client(server: ProviderServer) -> Iterator[anthropic.Anthropic]:
    with anthropic.Anthropic(api_key="sk-test", base_url=server.url, max_retries=0) as client:
        yield client


@pytest.mark.parametrize("library", registry.LIBRARIES)
def test_the_oldest_supported_version_of_a_library_is_the_one_that_is_tested(library: str) -> None:
    assert lowest(OLDEST[library]) == instrumentor(library).provider.versions[0]


@pytest.mark.parametrize("dependency", BASE, ids=attrgetter("name"))
def test_the_oldest_allowed_version_of_a_base_dependency_is_the_one_that_is_tested(dependency: Requirement) -> None:
    assert Version(lowest(pins("oldest")[dependency.name])) == Version(lowest(dependency))


def test_the_tests_run_on_exactly_the_versions_that_they_are_meant_for() -> None:
    meant = {pin.name: lowest(pin) for pin in pins(GROUP).values() if is_meant(pin)}
    assert {name: metadata.version(name) for name in meant} == meant


def test_every_library_is_tested_in_its_newest_version() -> None:
    assert pins("dev").keys() >= registry.LIBRARIES.keys()


@pytest.mark.parametrize("library", INSTALLED)
def test_the_installed_version_of_a_library_is_instrumented(library: str, telemetry: Telemetry) -> None:
    for module in registry.modules_of(library):
        with suppress(ImportError):
            importlib.import_module(module)
    row = next(row for row in registry.report() if row.library == library)
    assert (row.version, row.state) == (metadata.version(library), "instrumented")
    assert "missing" not in row.detail


def test_a_call_to_openai_is_a_span_with_its_tokens(telemetry: Telemetry, openai_client: openai.OpenAI) -> None:
    answer = openai_client.chat.completions.create(model="gpt-4.1", messages=ASK)
    assert answer.usage is not None
    assert telemetry.span.name == "chat gpt-4.1"
    assert telemetry.span.attributes["gen_ai.usage.output_tokens"] == answer.usage.completion_tokens


def test_a_stream_of_openai_is_a_span_with_its_tokens(telemetry: Telemetry, openai_client: openai.OpenAI) -> None:
    *_, last = openai_client.chat.completions.create(
        model="gpt-4.1", messages=ASK, stream=True, stream_options={"include_usage": True}
    )
    assert last.usage is not None
    assert telemetry.span.attributes["llmotel.stream.outcome"] == "completed"
    assert telemetry.span.attributes["gen_ai.usage.output_tokens"] == last.usage.completion_tokens


def test_usage_is_asked_for_when_the_user_wants_that(
    telemetry: Telemetry, server: ProviderServer, openai_client: openai.OpenAI
) -> None:
    telemetry(stream_usage="inject")
    chunks = list(openai_client.chat.completions.create(model="gpt-4.1", messages=ASK, stream=True))
    assert server.last.json["stream_options"] == {"include_usage": True}
    assert all(chunk.choices for chunk in chunks)
    assert telemetry.span.attributes["llmotel.usage.source"] == "injected"


def test_a_raw_response_of_openai_is_a_span_with_its_tokens(telemetry: Telemetry, openai_client: openai.OpenAI) -> None:
    answer = openai_client.chat.completions.with_raw_response.create(model="gpt-4.1", messages=ASK).parse()
    assert answer.usage is not None
    assert telemetry.span.attributes["gen_ai.usage.output_tokens"] == answer.usage.completion_tokens


def test_a_call_to_anthropic_is_a_span_with_its_tokens(
    telemetry: Telemetry, anthropic_client: anthropic.Anthropic
) -> None:
    answer = anthropic_client.messages.create(model="claude-sonnet-5-5", max_tokens=64, messages=ASK)
    assert telemetry.span.name == "chat claude-sonnet-5-5"
    assert telemetry.span.attributes["gen_ai.usage.output_tokens"] == answer.usage.output_tokens


def test_a_stream_of_anthropic_is_a_span_with_its_tokens(
    telemetry: Telemetry, anthropic_client: anthropic.Anthropic
) -> None:
    with anthropic_client.messages.stream(model="claude-sonnet-5-5", max_tokens=64, messages=ASK) as stream:
        answer = stream.get_final_message()
    assert telemetry.span.attributes["llmotel.stream.outcome"] == "completed"
    assert telemetry.span.attributes["gen_ai.usage.output_tokens"] == answer.usage.output_tokens


@pytest.mark.parametrize("library", [*CLIENTS, "anthropic"])
def test_a_retry_is_counted(library: str, telemetry: Telemetry, server: ProviderServer) -> None:
    errors: Any = anthropic_errors if library == "anthropic" else openai_errors
    server.script(errors.reply(429, retry_after=0.001))
    if library == "anthropic":
        with anthropic.Anthropic(api_key="sk-test", base_url=server.url, max_retries=1) as client:
            client.messages.create(model="claude-sonnet-5-5", max_tokens=64, messages=ASK)
    else:
        with CLIENTS[library](api_key="sk-test", base_url=server.openai_url, max_retries=1) as client:
            client.chat.completions.create(model="gpt-4.1", messages=ASK)
    assert telemetry.span.attributes["llmotel.retries"] == 1


BEDROCK: dict[str, Any] = {
    "region_name": "us-east-1",
    "aws_access_key_id": "any",
    "aws_secret_access_key": "any",
    "config": Config(retries={"total_max_attempts": 2}),
}
CONVERSE: dict[str, Any] = {
    "modelId": "amazon.nova-lite-v1:0",
    "messages": [{"role": "user", "content": [{"text": "What is the capital of France?"}]}],
}


def test_a_retry_of_botocore_is_counted(telemetry: Telemetry, server: ProviderServer) -> None:
    server.script(bedrock_errors.reply(429))
    with closing(boto3.client("bedrock-runtime", endpoint_url=server.url, **BEDROCK)) as client:
        client.converse(**CONVERSE)
    assert telemetry.span.attributes["llmotel.retries"] == 1


async def test_a_retry_of_aiobotocore_is_counted(telemetry: Telemetry, server: ProviderServer) -> None:
    server.script(bedrock_errors.reply(429))
    session = aiobotocore.session.get_session()
    async with session.create_client("bedrock-runtime", endpoint_url=server.url, **BEDROCK) as client:
        await client.converse(**CONVERSE)
    assert telemetry.span.attributes["llmotel.retries"] == 1


def test_a_library_below_its_oldest_supported_version_is_left_alone_and_says_so(
    telemetry: Telemetry,
    openai_client: openai.OpenAI,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr(openai, "__version__", "1.39.9")
    with caplog.at_level(logging.WARNING, "llmotel"):
        telemetry()
    assert openai_client.chat.completions.create(model="gpt-4.1", messages=ASK).choices
    assert not telemetry.spans
    row = next(row for row in registry.report() if row.library == "openai")
    assert (row.state, row.detail) == ("unsupported version", "1.39.9 is not >=1.40.0")
    assert "openai 1.39.9 is not instrumented: supported is >=1.40.0" in caplog.text
