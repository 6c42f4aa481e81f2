"""The table itself: which calls the suite makes on which version of a library, so that none of them gets lost in silence."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from packaging.version import Version

from contract.calling import performed
from contract.providers import ANTHROPIC, OPENAI, PLAIN, PROVIDERS, RAW, STREAMING, Case, Provider, Shape
from contract.scenarios import SCENARIOS
from llmotel.testing import ProviderServer

# What the oldest supported version does not have yet of what the table has: shapes, and variants of shapes.
NOT_YET = {
    ("openai", "1.40.0"): (
        "chat.parse-raw",
        "chat.parse-streaming",
        "responses.create",
        "responses.parse",
        "responses.stream",
        "responses.helper",
        "responses.background",
        "responses.retrieve",
        "responses.retrieve.stream",
        "images.stream",
        "transcriptions.stream",
    ),
    ("anthropic", "0.51.0"): ("messages.parse", "beta.parse"),
}
SCENARIOS_NOT_YET = {
    ("openai", "1.40.0"): (
        "a response",
        "a response with content",
        "a response streamed",
        "a response with file search",
        "a response cut at its limit",
        "a response in the background, retrieved later",
    ),
    ("anthropic", "0.51.0"): ("structured output, parsed",),
}
each_provider = pytest.mark.parametrize("provider", PROVIDERS, ids=lambda provider: provider.name)


def installed(provider: Provider) -> tuple[str, str]:
    return provider.name, str(provider.version)


def missing(provider: Provider) -> list[Case]:
    """The calls of the table that the suite does not make on the installed version."""
    cases = []
    for shape in provider.table:
        has = provider.shape(shape.name).variants if provider.has(shape.name) else ()
        cases += [Case(provider, shape, variant) for variant in shape.variants if variant not in has]
    return cases


@each_provider
def test_the_suite_makes_every_call_that_the_installed_version_has(provider: Provider) -> None:
    without = [shape.name for shape in provider.table if not provider.has(shape.name)]
    without += [f"{case.shape.name}-{case.variant}" for case in missing(provider) if provider.has(case.shape.name)]
    assert sorted(without) == sorted(NOT_YET.get(installed(provider), ()))


@each_provider
@pytest.mark.parametrize("is_async", [False, True], ids=["sync", "async"])
def test_a_call_that_is_not_made_is_one_that_the_library_does_not_know(
    provider: Provider, is_async: bool, server: ProviderServer
) -> None:
    for case in missing(provider):
        seen = performed(replace(case, is_async=is_async), server)
        assert isinstance(seen.error, (AttributeError, TypeError)), case.id
    assert server.requests == []


@each_provider
def test_every_scenario_of_the_snapshots_runs_that_the_installed_version_can_run(provider: Provider) -> None:
    without = [one.title for one in SCENARIOS if one.provider == provider.name and not one.runs]
    assert sorted(without) == sorted(SCENARIOS_NOT_YET.get(installed(provider), ()))


def named(name: str, **changes: Any) -> Shape:
    return replace(OPENAI.table[0], name=name, **changes)


def test_a_shape_is_as_the_version_has_it() -> None:
    shape = named("x", method="new.way", since="2.0", earlier={
        "1.40": {"method": "old.way", "variants": (PLAIN,)}, "1.50": {"method": "old.way", "variants": (PLAIN, RAW)},
    })  # fmt: skip
    assert shape.at(Version("1.39.9")) is None
    found = {version: shape.at(Version(version)) for version in ("1.40.0", "1.50", "1.99", "2.0.0", "10.0")}
    assert {version: (one.method, one.variants) for version, one in found.items() if one is not None} == {
        "1.40.0": ("old.way", (PLAIN,)),
        "1.50": ("old.way", (PLAIN, RAW)),
        "1.99": ("old.way", (PLAIN, RAW)),
        "2.0.0": ("new.way", (PLAIN, RAW, STREAMING)),
        "10.0": ("new.way", (PLAIN, RAW, STREAMING)),
    }


def test_what_a_version_has_no_argument_for_goes_into_its_extra_body() -> None:
    given = {"model": "m", "later": 1, "sooner": 2, "extra_body": {"more": 3}}
    provider = replace(ANTHROPIC, later={"later": "99", "sooner": "0.1", "never given": "99"})
    assert provider.passed(given) == {"model": "m", "sooner": 2, "extra_body": {"later": 1, "more": 3}}
    assert replace(ANTHROPIC, later={}).passed(given) == given
