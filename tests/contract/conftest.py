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
def server(_server: ProviderServer) -> ProviderServer:
    """The provider server, one for all tests of this folder, with nothing scripted."""
    _server.clear()
    return _server


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
