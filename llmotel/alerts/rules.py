"""The rule files of Prometheus: the thresholds, and the rules of each subject.

Each alert compares with a threshold that is itself a recorded series, so that a threshold is changed in one small file,
and stands on a minimum of calls, so that one failed call at night wakes nobody.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from llmotel.alerts import call_rules, cost_rules, quality_rules, telemetry_rules
from llmotel.alerts.expressions import Names
from llmotel.alerts.rule import Alert, Record
from llmotel.alerts.thresholds import THRESHOLDS, Threshold, Thresholds, plain
from llmotel.alerts.windows import Windows
from llmotel.alerts.yamltext import Value, dump

USUAL = Windows()
WRITTEN = "# Written by llmotel alerts render: what is changed here by hand is lost with the next.\n"


@dataclass(frozen=True)
class Group:
    """The rules of one subject, in the order in which they are evaluated: what an alert stands on comes before it."""

    name: str
    records: Sequence[Record]
    alerts: Sequence[Alert]

    def as_yaml(self, thresholds: Thresholds) -> dict[str, Value]:
        """The group as it stands in a rule file."""
        rules: list[Value] = [record.as_yaml() for record in self.records]
        return {"name": f"llmotel-{self.name}", "rules": rules + [alert.as_yaml(thresholds) for alert in self.alerts]}


def groups(names: Names, windows: Windows = USUAL) -> list[Group]:
    """Every rule but the thresholds."""
    return [
        Group(
            "calls",
            [*call_rules.records(names, windows), *cost_rules.pricing_records(windows)],
            [*call_rules.alerts(windows), *cost_rules.pricing_alerts(windows)],
        ),
        Group("budget", cost_rules.records(windows), cost_rules.alerts(windows)),
        Group("quality", quality_rules.records(windows), quality_rules.alerts(windows)),
        Group("telemetry", telemetry_rules.records(windows), telemetry_rules.alerts(windows)),
    ]


def threshold_expr(threshold: Threshold, value: str) -> str:
    """The series of a threshold whose value is written ``value``."""
    if threshold.name == "monthly_budget_usd":
        return f"vector({value}) > 0 or llmotel:threshold:daily_budget_usd * on () days_in_month()"
    return f"vector({value})"


def thresholds_yaml(values: Mapping[str, str]) -> str:
    """The file of thresholds, for their ``values`` as text."""
    rules = [
        Record(threshold.record, threshold_expr(threshold, values[threshold.name])).as_yaml()
        for threshold in THRESHOLDS
    ]
    return _file({"name": "llmotel-thresholds", "rules": rules})


def rule_files(thresholds: Thresholds, names: Names, windows: Windows = USUAL) -> dict[str, str]:
    """The rule files by name: the thresholds, and one for each group."""
    values = {threshold.name: plain(getattr(thresholds, threshold.name)) for threshold in THRESHOLDS}
    return {
        "thresholds.yaml": thresholds_yaml(values),
        **{f"{group.name}.yaml": _file(group.as_yaml(thresholds)) for group in groups(names, windows)},
    }


def _file(group: Mapping[str, Value]) -> str:
    return WRITTEN + dump({"groups": [group]})


__all__ = ["WRITTEN", "Group", "groups", "rule_files", "threshold_expr", "thresholds_yaml"]
