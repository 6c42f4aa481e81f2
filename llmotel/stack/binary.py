"""The collector's own opinion of its configuration, where a collector is installed here."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

_NAMES = ("otelcol-llmotel", "otelcol-contrib", "otelcol")
_TIMEOUT = 60.0  # seconds


def found(environ: Mapping[str, str]) -> Path | None:
    """The collector on ``PATH``, or in the cache of ``make stack``."""
    cache = Path(environ.get("LLMOTEL_STACK_CACHE") or Path.home() / ".cache" / "llmotel-stack") / "bin"
    for name in _NAMES:
        path = shutil.which(name, path=os.pathsep.join((environ.get("PATH", ""), str(cache))))
        if path is not None:
            return Path(path)
    return None


def complaints(collector: Path, configs: Sequence[Path], environ: Mapping[str, str]) -> list[str]:
    """What ``collector validate`` says against ``configs``, one complaint a line; none is a good sign.

    Nothing is started, and no folder is made.
    """
    command = [str(collector), "validate", *(f"--config={path}" for path in configs)]
    with tempfile.TemporaryDirectory() as folder:
        try:
            done = subprocess.run(
                command, env={**environ, "LLMOTEL_STACK_DATA": folder}, stdin=subprocess.DEVNULL, capture_output=True,
                text=True, timeout=_TIMEOUT, check=False,
            )  # fmt: skip
        except (OSError, subprocess.TimeoutExpired) as error:
            return [f"{collector} did not answer: {error}"]
    if done.returncode == 0:
        return []
    said = [line.strip().removeprefix("Error: ") for line in done.stderr.splitlines()]
    return [line for line in said if line and not line.startswith(("20", "* "))] or [f"exit code {done.returncode}"]


__all__ = ["complaints", "found"]
