"""Writes the dashboards that are checked in: ``python -m llmotel.dashboards.generate [--check] [DIRECTORY]``.

They are those of ``LLMOTEL_SEMCONV=latest``. ``--check`` writes nothing and fails when one is out of date.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from llmotel.dashboards import render

DIRECTORY = Path(__file__).parent.parent.parent / "collector-config" / "grafana" / "dashboards"


def main(arguments: Sequence[str] | None = None) -> int:
    """Writes or checks the files; the exit status."""
    parser = argparse.ArgumentParser(prog="python -m llmotel.dashboards.generate", description="Writes the dashboards.")
    parser.add_argument("--check", action="store_true", help="write nothing; fail when a dashboard is out of date")
    parser.add_argument("directory", nargs="?", type=Path, default=DIRECTORY, help="by default the checked-in ones")
    options = parser.parse_args(arguments)
    directory: Path = options.directory
    files = render()
    found = {path.name: path.read_text("utf-8") for path in directory.glob("*.json")}
    stale = sorted(name for name in files.keys() | found.keys() if files.get(name) != found.get(name))
    if options.check:
        if stale:
            sys.stderr.write(f"out of date: {', '.join(stale)}; run python -m llmotel.dashboards.generate\n")
        return 1 if stale else 0
    directory.mkdir(parents=True, exist_ok=True)
    for name in found.keys() - files.keys():
        (directory / name).unlink()
    for name, text in files.items():
        (directory / name).write_text(text, "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
