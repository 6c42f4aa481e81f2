"""Versions of libraries, compared by their numbers; a pre-release counts as its release."""

from __future__ import annotations


def is_within(version: str, low: str, high: str | None) -> bool:
    """Whether ``version`` lies in ``[low, high)``; ``None`` for no upper bound."""
    return _numbers(low) <= _numbers(version) and (high is None or _numbers(version) < _numbers(high))


def _numbers(version: str) -> tuple[int, ...]:
    numbers = []
    for part in version.split("."):
        digits = part[: len(part) - len(part.lstrip("0123456789"))]
        if not digits:
            break
        numbers.append(int(digits))
    while numbers and numbers[-1] == 0:
        numbers.pop()
    return tuple(numbers)
