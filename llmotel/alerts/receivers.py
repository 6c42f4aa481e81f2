"""The configuration of Alertmanager: who is told, by severity, of those that the environment names.

Critical alerts go to every receiver, all others to every receiver but PagerDuty. Without a receiver the configuration
is valid and silent: alerts are seen in Alertmanager's own pages and in Grafana.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from fnmatch import fnmatchcase
from typing import NamedTuple

from llmotel.alerts.thresholds import PREFIX
from llmotel.errors import ConfigurationError


class Variable(NamedTuple):
    """One setting of a receiver. A ``secret`` can also stand in a file that ``VARIABLE_FILE`` names, and never stands
    in the configuration itself, nor in an error. ``patterns`` are those of shells, of which a value fits one."""

    name: str
    help: str
    secret: bool = False
    default: str = ""
    patterns: tuple[str, ...] = ()
    accepted: str = ""

    @property
    def variable(self) -> str:
        """The environment variable that sets it."""
        return PREFIX + self.name.upper()


_URL = (("http://?*", "https://?*"), "a URL that begins with http:// or https://")

VARIABLES: tuple[Variable, ...] = (
    Variable("webhook_url", "Where alerts are posted as Alertmanager's JSON.", True, "", *_URL),
    Variable("slack_url", "An incoming webhook of Slack.", True, "", *_URL),
    Variable("slack_channel", "A channel of Slack, if not the webhook's own."),
    Variable("pagerduty_key", "An integration key of PagerDuty (Events API v2). It gets critical alerts alone.", True),
    Variable("email_to", "Addresses, comma separated. Needs the next two."),
    Variable("email_from", "The sender's address."),
    Variable("email_smarthost", "The mail server, as HOST:PORT.", False, "", ("?*:[0-9]*",), "HOST:PORT"),
    Variable("email_username", "The user at the mail server, if it wants one."),
    Variable("email_password", "The password at the mail server.", True),
    Variable("email_tls", "Whether mail is sent through TLS alone: true or false.", default="true"),
)

RECEIVERS = tuple(PREFIX + name for name in ("WEBHOOK_URL", "SLACK_URL", "PAGERDUTY_KEY", "EMAIL_TO"))
"""The variables of which each makes a receiver."""

NEEDS = {"email_to": ("email_from", "email_smarthost")}
"""What cannot be without something else."""


class Piece(NamedTuple):
    """Lines of a receiver that are there if all ``needs`` are set. ``<name>`` stands for the value of a variable, or
    for the file of a secret."""

    needs: tuple[str, ...]
    text: str
    critical_only: bool = False


PIECES = (
    Piece(("pagerduty_key",), """\
    pagerduty_configs:
      - routing_key_file: <pagerduty_key>
        severity: critical
        description: '{{ .CommonLabels.alertname }}: {{ range .Alerts }}{{ .Annotations.summary }} {{ end }}'
""", critical_only=True),
    Piece(("webhook_url",), """\
    webhook_configs:
      - url_file: <webhook_url>
        send_resolved: true
"""),
    Piece(("slack_url",), """\
    slack_configs:
      - api_url_file: <slack_url>
        send_resolved: true
        title: '{{ .Status | toUpper }}: {{ .CommonLabels.alertname }}'
        text: '{{ range .Alerts }}{{ .Annotations.summary }} <{{ .Annotations.dashboard_url }}|Dashboard>,
          runbook {{ .Annotations.runbook_url }}. {{ end }}'
"""),
    Piece(("slack_url", "slack_channel"), """\
        channel: <slack_channel>
"""),
    Piece(("email_to",), """\
    email_configs:
      - to: <email_to>
        from: <email_from>
        smarthost: <email_smarthost>
        require_tls: <email_tls>
        send_resolved: true
"""),
    Piece(("email_to", "email_username"), """\
        auth_username: <email_username>
"""),
    Piece(("email_to", "email_password"), """\
        auth_password_file: <email_password>
"""),
)  # fmt: skip

ROUTES = """\
route:
  receiver: warning
  group_by: [alertname, job, deployment_environment_name]
  group_wait: 30s
  group_interval: 5m
  repeat_interval: 4h
  routes:
    - receiver: critical
      matchers: ['severity="critical"']
# What is worse says the same.
inhibit_rules:
  - source_matchers: ['alertname=~"LLMHighErrorRate|LLMErrorBudgetBurnFast"']
    target_matchers: ['alertname="LLMErrorBudgetBurnSlow"']
    equal: [job, deployment_environment_name]
  - source_matchers: ['alertname="LLMCollectorDropping"']
    target_matchers: ['alertname="LLMCollectorQueueFilling"']
    equal: [instance, exporter]
receivers:
"""

SEVERITIES = ("critical", "warning")
"""The names of the receivers."""


def configuration(environ: Mapping[str, str]) -> tuple[str, dict[str, str]]:
    """The text of ``alertmanager.yml``, and the secrets that it names, by their path beside it.

    Raises :class:`ConfigurationError` that names the variable and what is accepted.
    """
    values, secrets = _values(environ)
    text = ROUTES
    for severity in SEVERITIES:
        text += f"  - name: {severity}\n"
        for piece in PIECES:
            if (severity == "critical" or not piece.critical_only) and all(values[name] for name in piece.needs):
                text += re.sub("<([a-z_]+)>", lambda match: quoted(match[1], values[match[1]]), piece.text)
    return text, secrets


def quoted(name: str, value: str) -> str:
    """``value`` in YAML's single quotes; a truth value as it is."""
    return value if name == "email_tls" else "'" + value.replace("'", "''") + "'"


def _values(environ: Mapping[str, str]) -> tuple[dict[str, str], dict[str, str]]:
    values, secrets = {}, {}
    for entry in VARIABLES:
        values[entry.name] = environ.get(entry.variable, "").strip() or entry.default
        _fits(entry, values[entry.name])
        file = environ.get(f"{entry.variable}_FILE", "").strip() if entry.secret else ""
        if entry.secret and values[entry.name]:
            secrets[f"secrets/{entry.name}"] = values[entry.name]
            values[entry.name] = f"secrets/{entry.name}"
        elif file:
            if not os.access(file, os.R_OK):
                raise ConfigurationError(f"{entry.variable}_FILE={file!r}: no file that can be read.")
            values[entry.name] = file
    if values["email_tls"] not in ("true", "false"):
        raise ConfigurationError(f"{PREFIX}EMAIL_TLS={values['email_tls']!r}: accepted is true or false.")
    for name, needs in NEEDS.items():
        for other in needs:
            if values[name] and not values[other]:
                raise ConfigurationError(f"{PREFIX}{name.upper()} needs {PREFIX}{other.upper()}, which is not set.")
    return values, secrets


def _fits(entry: Variable, value: str) -> None:
    if value and entry.patterns and not any(fnmatchcase(value, pattern) for pattern in entry.patterns):
        shown = "" if entry.secret else f"={value!r}"
        raise ConfigurationError(f"{entry.variable}{shown}: accepted is {entry.accepted}.")


def markdown() -> str:
    """The table of receivers of the runbooks."""
    lines = ["| Variable | What it means |", "|---|---|"]
    lines += [
        f"| `{entry.variable}`{f' or `{entry.variable}_FILE`' if entry.secret else ''} | {entry.help} |"
        for entry in VARIABLES
    ]
    return "\n".join(lines) + "\n"


__all__ = ["NEEDS", "PIECES", "RECEIVERS", "ROUTES", "SEVERITIES", "VARIABLES", "configuration", "markdown", "quoted"]
