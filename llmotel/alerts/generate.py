"""Writes the alerts that are checked in: ``python -m llmotel.alerts.generate [--check]``.

They are what ``llmotel alerts render`` writes without a setting, in ``collector-config/``, and the tables of
``docs/runbooks/README.md``. ``--check`` writes nothing and fails when a file is not what would be written.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from llmotel.alerts import receivers, thresholds
from llmotel.alerts.files import files, left_over, write
from llmotel.alerts.thresholds import Thresholds

ROOT = Path(__file__).parent.parent.parent
CONFIG = ROOT / "collector-config"
RUNBOOKS = ROOT / "docs" / "runbooks" / "README.md"
TABLES = {"thresholds": thresholds.markdown, "receivers": receivers.markdown}
"""Name of a table -> what makes it. It stands between ``<!-- NAME:begin -->`` and ``<!-- NAME:end -->``."""


def runbooks(text: str) -> str:
    """``text`` with every table made anew."""
    for name, make in TABLES.items():
        before, begin, rest = text.partition(f"<!-- {name}:begin -->\n")
        _, end, after = rest.partition(f"<!-- {name}:end -->")
        if not end:
            sys.exit(f"{RUNBOOKS}: no table between <!-- {name}:begin --> and <!-- {name}:end -->")
        text = f"{before}{begin}{make()}{end}{after}"
    return text


def main(arguments: Sequence[str] | None = None) -> int:
    """Writes or checks the files; the exit status."""
    parser = argparse.ArgumentParser(prog="python -m llmotel.alerts.generate", description="Writes the alerts.")
    parser.add_argument("--check", action="store_true", help="write nothing; fail when a file is out of date")
    options = parser.parse_args(arguments)
    made = files(Thresholds.load({}))
    text = RUNBOOKS.read_text("utf-8")
    if options.check:
        stale = [name for name, made_text in made.items() if _read(CONFIG / name) != made_text]
        stale += left_over(CONFIG, made) + ([RUNBOOKS.name] if runbooks(text) != text else [])
        if stale:
            sys.stderr.write(f"out of date: {', '.join(stale)}; run python -m llmotel.alerts.generate\n")
        return 1 if stale else 0
    write(CONFIG, made)
    RUNBOOKS.write_text(runbooks(text), "utf-8")
    return 0


def _read(path: Path) -> str | None:
    return path.read_text("utf-8") if path.exists() else None


if __name__ == "__main__":
    sys.exit(main())
