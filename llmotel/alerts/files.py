"""The files of ``llmotel alerts render``, and how they come into a folder."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import cast

from llmotel.alerts import receivers, scripts
from llmotel.alerts.expressions import Names
from llmotel.alerts.promtests import test_files
from llmotel.alerts.rules import USUAL, WRITTEN, rule_files
from llmotel.alerts.thresholds import Thresholds
from llmotel.alerts.windows import Windows
from llmotel.errors import ConfigurationError, LlmotelError

FOLDERS = ("prometheus/rules", "prometheus/tests")
"""Folders in which nothing else is written by us, so that a file of a rule that is gone goes too."""


def files(
    thresholds: Thresholds, names: Names = "latest", environ: Mapping[str, str] | None = None, windows: Windows = USUAL
) -> dict[str, str]:
    """Path -> text: rules and their tests, Alertmanager's configuration for the receivers in ``environ``, and the
    scripts that do the same in a container. The tests are for the usual windows.

    Raises :class:`~llmotel.errors.ConfigurationError` for a receiver that is set wrongly.
    """
    configuration, secrets = receivers.configuration(environ or {})
    found = {
        **{f"prometheus/rules/{name}": text for name, text in rule_files(thresholds, names, windows).items()},
        "prometheus/start.sh": scripts.prometheus(thresholds, names),
        "alertmanager/alertmanager.yml": WRITTEN + configuration,
        "alertmanager/start.sh": scripts.alertmanager(),
        **{f"alertmanager/{path}": secret for path, secret in secrets.items()},
    }
    if windows == USUAL:
        found.update({f"prometheus/tests/{name}": text for name, text in test_files(thresholds, names).items()})
    return found


def render(
    directory: Path, environ: Mapping[str, str], semconv: str | None = None, thresholds: str | None = None
) -> list[str]:
    """Writes the files for the settings in ``environ`` and in the file ``thresholds``, and gives their paths.

    ``semconv`` is what the applications have as ``LLMOTEL_SEMCONV``; that of ``environ`` or ``latest`` where it is
    ``None``. Raises :class:`LlmotelError`, before anything is written, for a wrong setting.
    """
    names = semconv or environ.get("LLMOTEL_SEMCONV", "").strip().lower() or "latest"
    if names not in ("latest", "legacy", "dup"):
        raise ConfigurationError(
            f"LLMOTEL_SEMCONV={names!r} (from the environment): accepted is latest, legacy or dup."
        )
    written = files(Thresholds.load(environ, thresholds), cast(Names, names), environ)
    write(directory, written)
    return [str(directory / name) for name in written]


def left_over(directory: Path, written: Mapping[str, str]) -> list[str]:
    """Files of ours in ``directory`` that are not among ``written``."""
    return sorted(
        path.relative_to(directory).as_posix()
        for folder in FOLDERS
        for path in (directory / folder).glob("*.yaml")
        if path.relative_to(directory).as_posix() not in written and path.read_text("utf-8").startswith(WRITTEN)
    )


def write(directory: Path, written: Mapping[str, str]) -> None:
    """Puts the files into ``directory``; secrets can be read by their owner alone. Raises :class:`LlmotelError` where
    that cannot be."""
    try:
        for name in left_over(directory, written):
            (directory / name).unlink()
        for name, text in written.items():
            path = directory / name
            path.parent.mkdir(parents=True, exist_ok=True)
            if "/secrets/" in name:
                path.unlink(missing_ok=True)
                path.touch(0o600)
            path.write_text(text, "utf-8", newline="\n")
    except OSError as error:
        raise LlmotelError(
            f"{error.filename or directory}: cannot be written: {error.strerror}. Name another folder: "
            f"llmotel alerts render {os.curdir}{os.sep}alerts"
        ) from None


__all__ = ["FOLDERS", "files", "left_over", "render", "write"]
