"""What Compose's own loader makes of docker-compose.yml. There is no container engine here, so nothing is started."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parent.parent.parent
Load = Callable[..., dict[str, Any]]


@pytest.fixture
def load(program: Callable[[str], Path]) -> Load:
    """The model of docker-compose.yml, all variables unset."""

    def run() -> dict[str, Any]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("LLMOTEL_", "COMPOSE_"))}
        done = subprocess.run(
            [str(program("compose-spec")), "-format", "json", "docker-compose.yml"], cwd=ROOT, env=kept,
            stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=240,
        )  # fmt: skip
        assert (done.returncode, done.stderr) == (0, "")
        model: dict[str, Any] = json.loads(done.stdout)
        return model

    return run


def test_the_file_conforms_to_the_compose_specification(load: Load) -> None:
    assert set(load()["services"]) == {
        "volumes", "collector", "jaeger", "prometheus", "alertmanager", "grafana"
    }  # fmt: skip


def test_every_port_is_published_on_loopback_alone(load: Load) -> None:
    ports = [port for service in load()["services"].values() for port in service.get("ports", ())]
    assert {port["host_ip"] for port in ports} == {"127.0.0.1"}
    assert len({port["published"] for port in ports}) == len(ports) == 7


def test_a_variable_that_is_not_set_stays_unset_in_the_container(load: Load) -> None:
    assert "LLMOTEL_STACK_KEEP_PERCENT" in load()["services"]["collector"]["environment"]  # a name without a value
