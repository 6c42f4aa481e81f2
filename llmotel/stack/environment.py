"""The variables that Compose sees in a folder: those of its ``.env`` file and, before them, those of the shell."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path

from llmotel.errors import StackError

_LINE = re.compile(r"(?:export\s+)?([A-Za-z_][A-Za-z0-9_]*)\s*=\s*(.*)")
_REFERENCE = re.compile(r"\$(?:\$|\{([A-Za-z_][A-Za-z0-9_]*)(?:(:?-)([^{}]*))?\})")


def variables(folder: Path, shell: Mapping[str, str] | None = None) -> dict[str, str]:
    """Name and value of every variable in force in ``folder``. ``shell`` is this process's environment by default.

    Raises :class:`StackError` that names the line of ``.env`` that is no assignment.
    """
    return {**_file(folder / ".env"), **(os.environ if shell is None else shell)}


def interpolated(text: str, values: Mapping[str, str]) -> str:
    """``text`` with ``${NAME}`` and ``${NAME:-default}`` replaced as Compose does it; a name without value is empty."""

    def value(match: re.Match[str]) -> str:
        name, operator, default = match.groups()
        if name is None:
            return "$"
        known = values.get(name)
        if known is None or (known == "" and operator == ":-"):
            return default or ""
        return known

    return _REFERENCE.sub(value, text)


def _file(path: Path) -> dict[str, str]:
    try:
        lines = path.read_text("utf-8").splitlines()
    except FileNotFoundError:
        return {}
    except (OSError, UnicodeDecodeError) as error:
        raise StackError(f"{path} cannot be read: {error}.") from None
    found: dict[str, str] = {}
    for number, line in enumerate(lines, 1):
        stripped = line.strip()
        if not stripped or stripped.startswith("#"):
            continue
        match = _LINE.fullmatch(stripped)
        if match is None:
            raise StackError(f"{path}, line {number}: {stripped!r} is no assignment. Write NAME=value, or # before it.")
        found[match[1]] = _unquoted(match[2])
    return found


def _unquoted(text: str) -> str:
    if len(text) > 1 and text[0] == text[-1] and text[0] in "\"'":
        return text[1:-1]
    return re.split(r"\s#", text, maxsplit=1)[0].rstrip()


__all__ = ["interpolated", "variables"]
