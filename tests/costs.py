"""What CI pays for a folder of tests and for a client library: printed after each run, and limited in number of tests.

The limit counts tests, as seconds say as much of the machine as of the tests.
"""

from __future__ import annotations

import sys
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path

import pytest

from extent import EVERYTHING

SHARE = {True: 2_000, False: 300}
"""How many tests a library may have by itself: one with a kind of client or a dialect of its own, and any other one."""

_LIBRARY = "llmotel.library"
_HERE = Path(__file__).parent


def libraries(item: pytest.Item) -> Iterator[str]:
    """The client libraries that ``item`` is parametrised with."""
    table = sys.modules.get("contract.providers")  # only where tests of it are collected
    if table is None or not isinstance(item, pytest.Function) or not hasattr(item, "callspec"):
        return
    for value in item.callspec.params.values():
        provider = value.provider if isinstance(value, table.Case) else value
        if isinstance(provider, table.Provider):
            yield provider.name


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    counted: dict[str, int] = defaultdict(int)
    for item in items:
        for library in set(libraries(item)):
            item.user_properties.append((_LIBRARY, library))
            counted[library] += 1
    if counted and not EVERYTHING:
        own = {provider.name for provider in sys.modules["contract.providers"].UNLIKE}
        check(counted, own)


def check(counted: Mapping[str, int], own: Collection[str]) -> None:
    """``UsageError`` when a library has more tests than its share; ``own`` are those that have one to themselves."""
    for library, number in counted.items():
        share = SHARE[library in own]
        if number > share:
            raise pytest.UsageError(
                f"{library} has {number:,} tests of its own, and its share is {share:,}: cross less of it"
                " (contract/situations.py), or mark what takes long with `everything`"
            )


class Costs:
    """Tests and seconds by folder and by library, added up where the reports come together."""

    def __init__(self) -> None:
        self.folders: dict[str, list[float]] = defaultdict(lambda: [0, 0.0])
        self.libraries: dict[str, list[float]] = defaultdict(lambda: [0, 0.0])

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        folder = Path(report.nodeid.partition("::")[0]).parent.as_posix()
        entries = [self.folders[folder]]
        entries += [self.libraries[str(value)] for name, value in report.user_properties if name == _LIBRARY]
        for entry in entries:
            entry[0] += report.when == "call"
            entry[1] += report.duration

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        if sum(seconds for _, seconds in self.folders.values()) < 30:
            return  # a look at a few tests
        terminalreporter.section("tests and seconds by folder and by client library")
        for entries in (self.folders, self.libraries):
            for name, (tests, seconds) in sorted(entries.items(), key=lambda entry: -entry[1][1]):
                terminalreporter.write_line(f"{tests:6,} tests {seconds:7,.0f} s  {name}")


def pytest_configure(config: pytest.Config) -> None:
    if not hasattr(config, "workerinput"):  # a process of pytest-xdist, whose reports come together elsewhere
        config.pluginmanager.register(Costs())
