"""Runs targets of the Makefile one after the other, and closes with how long each took.

    python .ci/parts.py TARGET ...         stops at the first that fails
    python .ci/parts.py --all TARGET ...   runs all, and closes with a table of their tests

A target that consists of parts itself is shown as its parts.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

MAKE = os.environ.get("MAKE", "make")
FILE = "LLMOTEL_TEST_PARTS"
"""The variable that names a file: parts, and runs of tests (`tests/conftest.py`), note a line of JSON each in it."""


def main(targets: list[str]) -> int:
    every = "--all" in targets
    targets = [target for target in targets if target != "--all"]
    with tempfile.TemporaryDirectory() as folder:
        parts: list[dict[str, object]] = []
        for number, target in enumerate(targets):
            ours = run(target, Path(folder) / str(number))
            parts += ours
            if not every and any(part["status"] for part in ours):
                break
    outer = os.environ.get(FILE)
    if outer:
        with open(outer, "a", encoding="utf-8") as file:
            file.writelines(json.dumps(part) + "\n" for part in parts)
    else:
        print(table(parts) if every else line(parts), flush=True)
    return 1 if any(part["status"] for part in parts) else 0


def run(target: str, file: Path) -> list[dict[str, object]]:
    """The parts that ``target`` consists of, run: at least itself."""
    if not os.environ.get(FILE):
        print(f"==== make {target}", flush=True)
    begun = time.monotonic()
    status = subprocess.call([MAKE, "--no-print-directory", target], env={**os.environ, FILE: str(file)})
    noted = [json.loads(said) for said in file.read_text("utf-8").splitlines()] if file.exists() else []
    inner = [note for note in noted if "part" in note]
    if inner:
        return inner
    tests: dict[str, int] = {}
    for note in noted:
        for kind, number in note["tests"].items():
            tests[kind] = tests.get(kind, 0) + number
    return [{"part": target, "seconds": time.monotonic() - begun, "status": status, "tests": tests}]


def line(parts: list[dict[str, object]]) -> str:
    said = ", ".join(f"{part['part']} {part['seconds']:.0f} s{' FAILED' if part['status'] else ''}" for part in parts)
    return f"==== {said}; {sum(part['seconds'] for part in parts):.0f} s in all"  # type: ignore[misc]


def table(parts: list[dict[str, object]]) -> str:
    kinds = ("passed", "failed", "skipped", "deselected")
    rows = [("part", "result", "seconds", *kinds)]
    for part in parts:
        tests: dict[str, int] = part["tests"]  # type: ignore[assignment]
        numbers = [str(tests.get(kind, "")) for kind in kinds]
        rows.append((str(part["part"]), "FAILED" if part["status"] else "passed", f"{part['seconds']:.0f}", *numbers))
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "\n".join("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) for row in rows)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
