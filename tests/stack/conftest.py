"""What the tests against the real programs share. They are skipped, all for one reason, where there are none."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from stack import programs
from stack.sinks import Webhook

_HERE = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if _HERE in item.path.parents:
            item.add_marker(pytest.mark.stack)


@pytest.fixture(scope="session")
def program() -> Callable[[str], Path]:
    """``program("prometheus")`` is where that program is. Without it the test is skipped; or fails, where
    LLMOTEL_REQUIRE_STACK is set."""

    def find(name: str) -> Path:
        place = programs.path(name)
        if place.exists():
            return place
        missing = name if place.parent.is_dir() and any(place.parent.iterdir()) else "program"
        reason = f"there is no {missing} in {place.parent}: `make stack` gets what tests/stack needs"
        if os.environ.get("LLMOTEL_REQUIRE_STACK"):
            pytest.fail(reason)
        pytest.skip(reason)

    return find


@pytest.fixture
def webhook() -> Iterator[Webhook]:
    """A receiver of Alertmanager's webhooks, on loopback."""
    with Webhook() as webhook:
        yield webhook
