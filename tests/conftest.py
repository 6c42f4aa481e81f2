"""What all tests share: an environment without settings of the developer's, telemetry in memory, a provider server."""

from __future__ import annotations

import gc
import json
import os
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, settings

from extent import EVERYTHING
from llmotel.testing import ProviderServer
from telemetry import Telemetry

pytest_plugins = ["costs"]
_OF_TESTS = ("LLMOTEL_TEST_", "LLMOTEL_STACK_CACHE", "LLMOTEL_STACK_REQUIRED")

# A busy machine fails no test of ours, and CI tries the same examples each time. `make test-all` tries more of them.
settings.register_profile(
    "llmotel",
    max_examples=500 if EVERYTHING else 100,
    deadline=None,
    database=None,
    derandomize=bool(os.environ.get("CI")),
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("llmotel")

# Here, because the client libraries are imported next, by the test modules.
for _name in list(os.environ):
    if _name.startswith(("OTEL_", "LLMOTEL_", "OPENAI_", "ANTHROPIC_", "AWS_")) and not _name.startswith(_OF_TESTS):
        del os.environ[_name]
os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"  # it would ask the network for prices when it is imported
os.environ["LITELLM_MODE"] = "PRODUCTION"  # and read a file of settings, if there is one
os.environ["LLMOTEL_RAISE"] = "1"  # a swallowed bug must not make a green test
os.environ["NO_PROXY"] = os.environ["no_proxy"] = "127.0.0.1,localhost"


@pytest.fixture
def telemetry() -> Iterator[Telemetry]:
    """Every library instrumented, and the signals of this test's calls."""
    telemetry = Telemetry()
    yield telemetry
    telemetry.end()


@pytest.fixture
def server() -> Iterator[ProviderServer]:
    """OpenAI and Anthropic, on loopback."""
    with ProviderServer() as server:
        yield server


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--no-skips", action="store_true", help="fail when a test is skipped")


def pytest_collection_finish() -> None:
    gc.freeze()  # the modules and tests: collecting what tests leave behind takes a tenth of the time without them


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    for item in items:
        for mark in item.iter_markers("newest"):
            if not mark.kwargs.get("reason"):
                raise pytest.UsageError(f"{item.nodeid}: newest(reason=...) has to say what it is that it needs")
    if not EVERYTHING:
        config.hook.pytest_deselected(items=[item for item in items if item.get_closest_marker("everything")])
        items[:] = [item for item in items if not item.get_closest_marker("everything")]


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")  # not in a process of pytest-xdist
    if reporter is not None and reporter.stats.get("skipped") and session.config.getoption("--no-skips"):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    counts = {kind: len(reports) for kind, reports in terminalreporter.stats.items() if kind}
    skipped = counts.get("skipped", 0)
    if terminalreporter.config.getoption("--no-skips") and skipped:
        terminalreporter.write_line(f"failed: {skipped} skipped, and --no-skips was given", red=True)
    if os.environ.get("LLMOTEL_TEST_PARTS"):  # for the summary of .ci/parts.py
        counts["failed"] = counts.get("failed", 0) + counts.pop("error", 0)
        with open(os.environ["LLMOTEL_TEST_PARTS"], "a", encoding="utf-8") as parts:
            parts.write(json.dumps({"tests": counts}) + "\n")
