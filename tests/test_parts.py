"""The closing words of CI: how long each part took, which failed, and what a client library costs it."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

import costs

PARTS = Path(__file__).parent.parent / ".ci" / "parts.py"


def close(folder: Path, *arguments: str) -> tuple[int, list[str]]:
    """The exit status and the lines of a run on a Makefile with parts that pass, that fail, and that consist of others."""
    (folder / "Makefile").write_text(
        "good:\n\t@echo ran good\n"
        'tested:\n\t@echo \'{"tests": {"passed": 3}}\' >> $$LLMOTEL_TEST_PARTS\n'
        "bad:\n\t@exit 1\n"
        f"both:\n\t@{sys.executable} {PARTS} good tested\n",
        "utf-8",
    )
    kept = {name: value for name, value in os.environ.items() if name not in ("LLMOTEL_TEST_PARTS", "MAKEFLAGS")}
    done = subprocess.run(
        [sys.executable, PARTS, *arguments], cwd=folder, env=kept, capture_output=True, text=True, check=False
    )
    return done.returncode, re.sub(r"\d+ s", "N s", done.stdout).splitlines()


def test_the_last_line_has_every_part_of_every_part(tmp_path: Path) -> None:
    status, lines = close(tmp_path, "good", "both")
    assert status == 0
    assert lines == ["==== make good", "ran good", "==== make both", "ran good", "==== good N s, good N s, tested N s; N s in all"]  # fmt: skip


def test_what_fails_ends_the_run_and_is_named(tmp_path: Path) -> None:
    status, lines = close(tmp_path, "bad", "good")
    assert status == 1
    assert lines[-1] == "==== bad N s FAILED; N s in all"


def test_with_all_the_rest_runs_too_and_a_table_shows_the_tests(tmp_path: Path) -> None:
    status, lines = close(tmp_path, "--all", "bad", "both")
    assert status == 1
    assert [(cells[:2], cells[3:]) for cells in map(str.split, lines[-4:])] == [
        (["part", "result"], ["passed", "failed", "skipped", "deselected"]),
        (["bad", "FAILED"], []),
        (["good", "passed"], []),
        (["tested", "passed"], ["3"]),
    ]


def test_a_library_with_more_tests_than_its_share_stops_the_run() -> None:
    few, many = costs.SHARE[False], costs.SHARE[True]
    costs.check({"new dialect": many, "known dialect": few}, own={"new dialect"})
    for counted in ({"new dialect": many + 1}, {"known dialect": few + 1}):
        with pytest.raises(pytest.UsageError, match=r"tests of its own, and its share is"):
            costs.check(counted, own={"new dialect"})
