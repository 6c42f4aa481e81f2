"""The tests of the rules, for promtool: from the same thresholds and names as the rules, one file for each alert."""

from __future__ import annotations

from contextlib import suppress

from llmotel.alerts.expressions import Names
from llmotel.alerts.promtests import calls, cost, latency, quality, telemetry
from llmotel.alerts.promtests.case import SITUATIONS, Case, DoubtfulError, Scene, as_yaml
from llmotel.alerts.rules import WRITTEN, groups
from llmotel.alerts.thresholds import Thresholds
from llmotel.alerts.yamltext import dump

TILTS = (0, 0.000327, 0.000743, 0.001187, 0.001961, 0.003143, 0.004389)
"""By how much the values that are tried may lie off, until no number of a text is in doubt."""


def suites(thresholds: Thresholds, names: Names) -> dict[str, list[Case]]:
    """The cases of each alert."""
    found: dict[str, list[Case]] = {}
    for module in (calls, latency, cost, quality, telemetry):
        for tilt in TILTS:
            with suppress(DoubtfulError):
                found.update(module.suites(Scene(thresholds, names, tilt)))
                break
    return found


def test_files(thresholds: Thresholds, names: Names) -> dict[str, str]:
    """The test files by name, to stand in a folder beside ``rules``.

    An alert has ``ALERT.yaml``, ``ALERT.changed.yaml`` for other thresholds than those of the rules, and one for each
    interval that is not a minute.
    """
    found = {}
    cases = suites(thresholds, names)
    for group in groups(names):
        for alert in group.alerts:
            files: dict[tuple[str, int], list[Case]] = {}
            for case in cases[alert.name]:
                suffix = ".changed" if case.changed else "" if case.interval == 1 else f".{case.interval}m"
                files.setdefault((suffix, case.every or case.interval), []).append(case)
            for (suffix, every), mine in files.items():
                # Changed thresholds come as series of the test's.
                rules = (group.name,) if suffix == ".changed" else ("thresholds", group.name)
                found[f"{alert.name}{suffix}.yaml"] = WRITTEN + dump({
                    "rule_files": [f"../rules/{name}.yaml" for name in rules],
                    "evaluation_interval": f"{every}m",
                    "group_eval_order": [f"llmotel-{name}" for name in rules],
                    "tests": [as_yaml(case, alert, thresholds) for case in mine],
                })  # fmt: skip
    return found


test_files.__test__ = False  # type: ignore[attr-defined]  # not pytest's

__all__ = ["SITUATIONS", "suites", "test_files"]
