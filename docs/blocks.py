"""Blocks that are made by code within files that are written by hand."""

from __future__ import annotations

MARKDOWN = "<!-- {name}:{edge} -->\n"
YAML = "      # {name}:{edge}\n"  # within a list of a service's


def replaced(text: str, name: str, block: str, mark: str = MARKDOWN) -> str:
    """``text`` with ``block`` between the marks ``NAME:begin`` and ``NAME:end``; all else stays as it is.

    ``ValueError`` where the marks are missing.
    """
    begin, end = (mark.format(name=name, edge=edge) for edge in ("begin", "end"))
    before, _, rest = text.partition(begin)
    _, found, after = rest.partition(end)
    if not found:
        raise ValueError(f"there is no block between {begin.strip()} and {end.strip()}")
    return f"{before}{begin}{block}{end}{after}"
