"""What the tests against the real programs share. They are skipped, all for one reason, where there are none."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from stack import programs
from stack.sinks import Webhook

_HERE = Path(__file__).parent


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    ours = [item for item in items if _HERE in item.path.parents]
    for item in ours:
        item.add_marker(pytest.mark.stack)
    waiting = [item for item in ours if "program" in getattr(item, "fixturenames", ())]
    if waiting and not _required() and not any(programs.path("prometheus").parent.glob("*")):
        # One of them is skipped for all, so that it takes one line.
        first, *others = waiting
        reason = f"no programs in {programs.path('prometheus').parent}: `make stack` gets what {len(waiting)} tests of tests/stack need"
        first.add_marker(pytest.mark.skip(reason=reason))
        config.hook.pytest_deselected(items=others)
        items[:] = [item for item in items if item not in set(others)]


def _required() -> bool:
    return bool(os.environ.get("LLMOTEL_STACK_REQUIRED"))


@pytest.fixture(scope="session")
def program() -> Callable[[str], Path]:
    """``program("prometheus")`` is where that program is. Without it the test is skipped; or fails, where
    LLMOTEL_STACK_REQUIRED is set."""

    def find(name: str) -> Path:
        place = programs.path(name)
        if place.exists():
            return place
        target = "stack-all" if programs.EVERYTHING else "stack"
        reason = f"there is no {name} in {place.parent}: `make {target}` gets it"
        if _required():
            pytest.fail(reason)
        pytest.skip(reason)

    return find


@pytest.fixture
def webhook() -> Iterator[Webhook]:
    """A receiver of Alertmanager's webhooks, on loopback."""
    with Webhook() as webhook:
        yield webhook
