"""The table of what a user sets about alerts: each with its variable, its default, what is accepted, and its meaning.

Everything that is said about a threshold comes from here: the recording rules, the scripts that the compose stack
starts with, the error messages, and the table in ``docs/runbooks/``.
"""

from __future__ import annotations

import difflib
import math
import os
import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

from llmotel import semconv
from llmotel.errors import ConfigurationError

PREFIX = "LLMOTEL_ALERT_"
NUMBER = r"([0-9]+[.]?[0-9]*|[.][0-9]+)"
"""A number as a variable may hold it, for Python and for POSIX tools: no sign, no exponent, no percent sign."""

LINK_CHARACTERS = "A-Za-z0-9:/._~%?=&@+,#-"
"""What a link may be made of, as a class of a regular expression and of a shell's pattern."""

_FASTEST, _SLOWEST = semconv.DURATION_EDGES[0], semconv.DURATION_EDGES[-1]


class Threshold(NamedTuple):
    """One number. It lies above ``low`` (or on it, if ``reaches_low``) and below ``high``."""

    name: str
    default: float
    low: float
    high: float
    help: str
    reaches_low: bool = False

    @property
    def variable(self) -> str:
        """The environment variable that sets it."""
        return PREFIX + self.name.upper()

    @property
    def record(self) -> str:
        """The recording rule that holds it."""
        return f"llmotel:threshold:{self.name}"

    @property
    def accepted(self) -> str:
        """Which values are taken."""
        low = f"{plain(self.low)} or more" if self.reaches_low else f"above {plain(self.low)}"
        return f"a number {low}" + (f" and below {plain(self.high)}" if self.high < math.inf else "")

    def parse(self, value: object) -> float:
        """The number of ``value``, a variable's text or a number of TOML. Raises ``ValueError`` for any other."""
        if isinstance(value, str) and not re.fullmatch(NUMBER, value.strip()):
            raise ValueError
        if isinstance(value, bool) or not isinstance(value, int | float | str):
            raise ValueError
        number = float(value)
        if not (self.low <= number if self.reaches_low else self.low < number) or not number < self.high:
            raise ValueError
        return number


class Link(NamedTuple):
    """Where a notification sends its reader."""

    name: str
    default: str
    accepted: str
    help: str

    @property
    def variable(self) -> str:
        """The environment variable that sets it."""
        return PREFIX + self.name.upper()

    def parse(self, value: object) -> str:
        """The text, without a slash at its end. Raises ``ValueError`` where it cannot stand in a link."""
        if not isinstance(value, str) or not re.fullmatch(f"[{LINK_CHARACTERS}]+", value.strip()):
            raise ValueError
        return value.strip().rstrip("/")


THRESHOLDS: tuple[Threshold, ...] = (
    Threshold("error_ratio", 0.05, 0, 1, "Share of a service's calls that may fail, over 5 minutes."),
    Threshold("p99_seconds", 30, _FASTEST, _SLOWEST,
              "Longest 99th percentile of a call's duration, in seconds, over 10 minutes. Best an edge of the "
              "histogram's buckets (10.24, 20.48, 30, 40.96, 60, 81.92): between two edges it is an estimate."),
    Threshold("minimum_calls", 20, 1, math.inf,
              "Calls that a window must hold before a ratio or an average of them means anything.", True),
    Threshold("slo_objective", 0.99, 0.94, 1,
              "Share of calls that is to succeed. The rest is the error budget, whose burn rate is watched."),
    Threshold("daily_budget_usd", 100, 0, math.inf, "What all calls together may cost in 24 hours, in USD."),
    Threshold("budget_factor", 1.1, 0, math.inf, "How much of the daily budget may be spent before the alert."),
    Threshold("monthly_budget_usd", 0, 0, math.inf,
              "What all calls together may cost in a calendar month (UTC), in USD. 0 is the daily budget times the "
              "days of the month.", True),
    Threshold("unpriced_ratio", 0.01, 0, 1, "Share of a service's calls whose cost may be unknown, over an hour."),
    Threshold("grounding_minimum", 0.7, 0, 1, "Lowest average grounding score, over 30 minutes."),
    Threshold("grounding_target", 0.8, 0, 1, "The grounding score to aim at; it stands in the alert's text."),
    Threshold("latency_regression", 1.5, 1, math.inf,
              "How many times as long as at the same hour last week a call may take on average."),
    Threshold("grounding_regression", 0.1, 0, 1,
              "How far the average grounding score may lie below that of the same hour last week."),
    Threshold("lost_records", 0, 0, math.inf,
              "Spans or events that a service's processes may lose in 5 minutes because nobody took them.", True),
    Threshold("queue_ratio", 0.8, 0, 1, "How full a sending queue of the collector may be."),
)  # fmt: skip

LINKS: tuple[Link, ...] = (
    Link("grafana_url", "http://localhost:3000", "a URL",
         "Where Grafana is, for the link to the dashboard."),
    Link("runbook_url", "docs/runbooks", "a URL or a path",
         "Where the runbooks are, for the link to the alert's section. The default is their path in a copy of the "
         "stack: set a URL that whoever is told can open."),
)  # fmt: skip

SETTINGS: tuple[Threshold | Link, ...] = (*THRESHOLDS, *LINKS)

RECEIVER_VARIABLES = ("WEBHOOK_", "SLACK_", "PAGERDUTY_", "EMAIL_")
"""How, after the prefix, those variables begin that :mod:`llmotel.alerts.receivers` reads."""


@dataclass(frozen=True)
class Thresholds:
    """Every threshold and link under its name in :data:`THRESHOLDS` and :data:`LINKS`, checked."""

    error_ratio: float
    p99_seconds: float
    minimum_calls: float
    slo_objective: float
    daily_budget_usd: float
    budget_factor: float
    monthly_budget_usd: float
    unpriced_ratio: float
    grounding_minimum: float
    grounding_target: float
    latency_regression: float
    grounding_regression: float
    lost_records: float
    queue_ratio: float
    grafana_url: str
    runbook_url: str

    @classmethod
    def load(cls, environ: Mapping[str, str] | None = None, file: str | os.PathLike[str] | None = None) -> Thresholds:
        """The thresholds in force: the variable before the key of ``file`` (TOML, named as the fields) before the
        default. An empty variable is an unset one.

        Raises :class:`ConfigurationError` that names the variable or key, its value and what is accepted.
        """
        environ = os.environ if environ is None else environ
        written = {} if file is None else _read(file)
        _refuse_unknown(environ, written, file)
        values: dict[str, float | str] = {}
        said: dict[str, str] = {}
        for entry in SETTINGS:
            text = environ.get(entry.variable, "").strip()
            value: object
            if text:
                value, said[entry.name] = text, f"{entry.variable}={text!r} (from the environment)"
            elif entry.name in written:
                value, said[entry.name] = written[entry.name], f"{entry.name} = {written[entry.name]!r} ({file})"
            else:
                value, said[entry.name] = entry.default, f"{entry.variable}={entry.default} (default)"
            try:
                values[entry.name] = entry.parse(value)
            except ValueError:
                raise ConfigurationError(
                    f"{said[entry.name]}: accepted is {entry.accepted}, for example {entry.variable}="
                    f"{plain(entry.default)}. {entry.help}"
                ) from None
        found = cls(**values)  # type: ignore[arg-type]
        if found.grounding_target < found.grounding_minimum:
            raise ConfigurationError(
                f"{said['grounding_target']}: accepted is a number that is not below {PREFIX}GROUNDING_MINIMUM, "
                f"which is {plain(found.grounding_minimum)}: an answer at the target must not be an alert."
            )
        return found


def plain(value: float | str) -> str:
    """A number in as few digits as say it; a text as it is."""
    return value if isinstance(value, str) else f"{value:.15g}"


def _read(file: str | os.PathLike[str]) -> dict[str, object]:
    if sys.version_info >= (3, 11):
        import tomllib
    else:
        import tomli as tomllib
    try:
        with open(file, "rb") as opened:
            return tomllib.load(opened)
    except OSError as error:
        raise ConfigurationError(f"{os.fspath(file)}: cannot be read: {error.strerror}.") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"{os.fspath(file)}: not TOML: {error}.") from None


def _refuse_unknown(
    environ: Mapping[str, str], written: Mapping[str, object], file: str | os.PathLike[str] | None
) -> None:
    names = {entry.name: entry.name for entry in SETTINGS}
    variables = {entry.variable: entry.variable for entry in SETTINGS}
    for name in sorted(written):
        if name not in names:
            raise ConfigurationError(f"{name} ({file}) is not a threshold.{_closest(name, names)}")
    for name in sorted(environ):
        rest = name.removeprefix(PREFIX)
        if rest != name and name not in variables and not rest.startswith(RECEIVER_VARIABLES):
            raise ConfigurationError(f"{name} (from the environment) is not a threshold.{_closest(name, variables)}")


def _closest(name: str, known: Mapping[str, str]) -> str:
    found = difflib.get_close_matches(name, known, n=1, cutoff=0.7)
    return f" Did you mean {found[0]}?" if found else f" There are: {', '.join(known)}."


def markdown() -> str:
    """The table of thresholds of the runbooks."""
    lines = ["| Variable | Key in TOML | Default | Accepted | What it means |", "|---|---|---|---|---|"]
    lines += [
        f"| `{entry.variable}` | `{entry.name}` | {plain(entry.default)} | {entry.accepted} | {entry.help} |"
        for entry in SETTINGS
    ]
    return "\n".join(lines) + "\n"


__all__ = [
    "LINKS", "LINK_CHARACTERS", "NUMBER", "PREFIX", "RECEIVER_VARIABLES", "SETTINGS", "THRESHOLDS", "Link", "Threshold",
    "Thresholds", "markdown", "plain",
]  # fmt: skip
