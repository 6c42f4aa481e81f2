"""Writes the alerts that are checked in: ``python -m llmotel.alerts.generate [--check]``.

They are what ``llmotel alerts render`` writes without a setting, in ``collector-config/``. ``--check`` writes nothing
and fails when a file is not what would be written.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from llmotel.alerts.files import files, left_over, write
from llmotel.alerts.thresholds import Thresholds

ROOT = Path(__file__).parent.parent.parent
CONFIG = ROOT / "collector-config"


def main(arguments: Sequence[str] | None = None) -> int:
    """Writes or checks the files; the exit status."""
    parser = argparse.ArgumentParser(prog="python -m llmotel.alerts.generate", description="Writes the alerts.")
    parser.add_argument("--check", action="store_true", help="write nothing; fail when a file is out of date")
    options = parser.parse_args(arguments)
    made = files(Thresholds.load({}))
    if options.check:
        stale = [name for name, made_text in made.items() if _read(CONFIG / name) != made_text]
        stale += left_over(CONFIG, made)
        if stale:
            sys.stderr.write(f"out of date: {', '.join(stale)}; run python -m llmotel.alerts.generate\n")
        return 1 if stale else 0
    write(CONFIG, made)
    return 0


def _read(path: Path) -> str | None:
    return path.read_text("utf-8") if path.exists() else None


if __name__ == "__main__":
    sys.exit(main())
