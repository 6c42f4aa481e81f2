"""One provider server for the tests of a module, with nothing scripted at the start of each."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from llmotel.testing import ProviderServer


@pytest.fixture(scope="module")
def running() -> Iterator[ProviderServer]:
    with ProviderServer() as started:
        yield started


@pytest.fixture
def server(running: ProviderServer) -> ProviderServer:
    running.clear()
    return running
