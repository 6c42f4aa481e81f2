"""Applications for tests: Python processes of their own, because providers, exit handlers and forks are per process."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from textwrap import dedent

_ROOT = Path(__file__).parent.parent
_PATHS = [str(_ROOT), str(_ROOT / "instrumentors"), str(_ROOT / "tests")]

# What every script starts with. ``call()`` makes one call without any client library.
_PROLOGUE = """
import logging, os, sys
logging.basicConfig(level="WARNING", format="%(name)s: %(message)s")
import llmotel
from bare import call
"""


def environment(**variables: str) -> dict[str, str]:
    """The environment of a script: this one's without any setting, and ``variables``."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("OTEL_", "LLMOTEL_"))}
    return {**kept, "PYTHONPATH": os.pathsep.join(_PATHS), "PYTHONWARNINGS": "ignore", **variables}


def start(script: str, set_up: str = "", **variables: str) -> subprocess.Popen[str]:
    """Starts ``script``, after what ``set_up`` does, with pipes for its standard streams."""
    return subprocess.Popen(
        [sys.executable, "-c", _PROLOGUE + dedent(set_up) + dedent(script)], env=environment(**variables), text=True,
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip


def run(script: str, set_up: str = "", **variables: str) -> tuple[str, str]:
    """Runs ``script`` to its end, which must come, and be a good one. Returns what it printed and what it logged."""
    with start(script, set_up, **variables) as process:
        try:
            out, err = process.communicate(timeout=240)
        except subprocess.TimeoutExpired:
            process.kill()
            raise
    assert process.returncode == 0, err
    return out.strip(), err.strip()
