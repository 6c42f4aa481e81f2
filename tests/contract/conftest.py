"""Fixtures of the contract suite."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from contract.situations import Held
from llmotel.testing import ProviderServer
from telemetry import Telemetry


@pytest.fixture(scope="session")
def _server() -> Iterator[ProviderServer]:
    with ProviderServer() as running:
        yield running


@pytest.fixture
def server(_server: ProviderServer, request: pytest.FixtureRequest) -> Iterator[ProviderServer]:
    """The provider server, one for all tests of this folder, with nothing scripted.

    Where a client gives up the test has one to itself: on a busy machine such a request may come in late, and would
    take the answer of the next test.
    """
    if getattr(_situation(request), "outcome", None) == "timeout":
        with ProviderServer() as own:
            yield own
    else:
        _server.clear()
        yield _server


def _situation(request: pytest.FixtureRequest) -> object:
    return getattr(request.node, "callspec", None) and request.node.callspec.params.get("situation")


@pytest.fixture
def instrument() -> Iterator[Callable[..., Telemetry]]:
    """Instruments in the middle of a test: ``instrument(**settings)``, ended by itself."""
    begun: list[Telemetry] = []

    def begin(**settings: object) -> Telemetry:
        begun.append(Telemetry(**settings))
        return begun[-1]

    yield begin
    for telemetry in begun:
        telemetry.end()


@pytest.fixture
def held() -> Iterator[Held]:
    """An answer held back until the test is over."""
    holding = Held()
    yield holding
    holding.release()
