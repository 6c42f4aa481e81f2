"""A bar chart as SVG, in plain Python."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

_LABEL, _WIDTH, _BAR, _GAP, _HEAD = 170, 460, 18, 8, 44
_COLOURS = ("#2f6f9f", "#a9c7dc")


def bars(title: str, legend: Sequence[str], lines: Sequence[tuple[str, Sequence[float]]]) -> str:
    """Horizontal bars, each of as many parts as ``legend`` names, with their numbers beside them."""
    most = max((sum(parts) for _, parts in lines), default=0) or 1
    height = _HEAD + len(lines) * (_BAR + _GAP) + _GAP
    drawn = [_text(8, 18, title, "bold")]
    at = 8.0
    for name, colour in zip(legend, _COLOURS, strict=False):
        drawn.append(f'<rect x="{at:.0f}" y="27" width="10" height="10" fill="{colour}"/>')
        drawn.append(_text(at + 14, 36, name))
        at += 30 + 6.5 * len(name)
    for place, (label, parts) in enumerate(lines):
        top = _HEAD + place * (_BAR + _GAP)
        drawn.append(_text(8, top + 13, label))
        x = float(_LABEL)
        for part, colour in zip(parts, _COLOURS, strict=False):
            width = _WIDTH * part / most
            drawn.append(f'<rect x="{x:.1f}" y="{top}" width="{width:.1f}" height="{_BAR}" fill="{colour}"/>')
            x += width
        drawn.append(_text(x + 5, top + 13, " + ".join(f"{part:,.0f}" for part in parts if part)))
    size = f'width="{_LABEL + _WIDTH + 130}" height="{height}"'
    style = 'font-family="system-ui, sans-serif" font-size="12"'
    # White below, so that it can be read where the page is dark.
    background = '<rect width="100%" height="100%" fill="white"/>'
    return "\n".join([f'<svg xmlns="http://www.w3.org/2000/svg" {size} {style}>', background, *drawn, "</svg>", ""])


def _text(x: float, y: float, words: str, weight: str = "normal") -> str:
    return f'<text x="{x:.0f}" y="{y:.0f}" font-weight="{weight}">{escape(words)}</text>'
