"""What a rule is: a record or an alert, and how each stands in a rule file of Prometheus."""

from __future__ import annotations

from dataclasses import dataclass

from llmotel.alerts.expressions import ENVIRONMENT, JOB
from llmotel.alerts.thresholds import Thresholds
from llmotel.alerts.windows import duration
from llmotel.alerts.yamltext import Value

CRITICAL, WARNING = "critical", "warning"

WHO_TEXT = f"{{{{ $labels.{JOB} }}}}{{{{ with $labels.{ENVIRONMENT} }}}} ({{{{ . }}}}){{{{ end }}}}"
"""A service, as the text of an alert names it."""

PERCENT, NUMBER, TENTHS, CENTS, WHOLE = (
    "humanizePercentage", 'printf "%.4g"', 'printf "%.1f"', 'printf "%.2f"', 'printf "%.0f"',
)  # fmt: skip
"""How the text of an alert shows a number."""


@dataclass(frozen=True)
class Record:
    """A recording rule: ``expr`` under the name ``name``."""

    name: str
    expr: str

    def as_yaml(self) -> dict[str, Value]:
        """The rule as it stands in a group."""
        return {"record": self.name, "expr": self.expr}


@dataclass(frozen=True)
class Alert:
    """An alerting rule. It fires when ``expr`` has had a value for ``hold`` seconds.

    ``summary`` says what happened to whom, with the value and the threshold. ``page`` is the file of its runbook's
    section, ``dashboard`` the uid of the dashboard that shows more.
    """

    name: str
    expr: str
    hold: int
    severity: str
    summary: str
    page: str
    dashboard: str
    by_service: bool = True

    def runbook_url(self, thresholds: Thresholds) -> str:
        """The section of the runbooks. Headings become anchors in lower case."""
        return f"{thresholds.runbook_url}/{self.page}.md#{self.name.lower()}"

    def dashboard_url(self, thresholds: Thresholds) -> str:
        """The dashboard, of the service if the alert has one."""
        url = f"{thresholds.grafana_url}/d/{self.dashboard}"
        return f"{url}?var-{JOB}={{{{ urlquery $labels.{JOB} }}}}" if self.by_service else url

    def as_yaml(self, thresholds: Thresholds) -> dict[str, Value]:
        """The rule as it stands in a group."""
        return {
            "alert": self.name,
            "expr": self.expr,
            **({"for": duration(self.hold)} if self.hold else {}),
            "labels": {"severity": self.severity},
            "annotations": {
                "summary": self.summary,
                "runbook_url": self.runbook_url(thresholds),
                "dashboard_url": self.dashboard_url(thresholds),
            },
        }


def shown(form: str) -> str:
    """The value of an alert, in its text."""
    return f"{{{{ $value | {form} }}}}"


def threshold_text(name: str, form: str = NUMBER) -> str:
    """The threshold ``name`` in an alert's text: asked for when the alert fires, since a threshold may have been
    changed without the rules."""
    return first_of(f"llmotel:threshold:{name}", f"{{{{ . | value | {form} }}}}")


def first_of(query: str, text: str) -> str:
    """``text``, a template in which ``.`` is the first result of ``query``; nothing where there is none."""
    return f'{{{{ range query "{query}" }}}}{text}{{{{ end }}}}'


__all__ = [
    "CENTS", "CRITICAL", "NUMBER", "PERCENT", "TENTHS", "WARNING", "WHOLE", "WHO_TEXT", "Alert", "Record", "first_of",
    "shown", "threshold_text",
]  # fmt: skip
