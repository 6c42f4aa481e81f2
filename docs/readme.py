"""Keeps the tables of README.md as the code has them.

``python -m docs.readme`` writes them; with ``--check`` it fails when one is not up to date.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

from docs.blocks import replaced
from llmotel.config.settings import settings_markdown

README = Path(__file__).parent.parent / "README.md"
TABLES: dict[str, Callable[[], str]] = {"settings": settings_markdown}
"""Name of a table -> what makes it. It stands between ``<!-- NAME:begin -->`` and ``<!-- NAME:end -->``."""


def updated(text: str) -> str:
    """``text`` with every table made anew."""
    for name, make in TABLES.items():
        text = replaced(text, name, make())
    return text


def main(*arguments: str) -> None:
    """Writes the tables, or with ``--check`` looks whether they are up to date."""
    text = README.read_text("utf-8")
    if arguments == ("--check",):
        if updated(text) != text:
            sys.exit(f"{README.name} is not up to date: python -m docs.readme")
    elif arguments:
        sys.exit(__doc__)
    else:
        README.write_text(updated(text), "utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:])
