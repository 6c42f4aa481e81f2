"""YAML of plain values, written without a YAML library.

A string is plain where nobody can take it for anything else, in single quotes where it has double ones, and otherwise
in JSON's quotes, which YAML reads the same (YAML 1.2, section 1.3). One with line breaks is a literal block, so that
long expressions stay readable.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import TypeAlias

Value: TypeAlias = "str | float | bool | Mapping[str, Value] | Sequence[Value]"

_KEY = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_PLAIN = re.compile(
    r"(?!(?:true|false|null|yes|no|on|off|y|n)$)[a-z](?:[a-z0-9_:.-]*[a-z0-9])?|[0-9]+[smhdw]", re.IGNORECASE
)


def dump(value: Value) -> str:
    """``value`` as a YAML document. Empty mappings and lists are kept as such."""
    return "\n".join(_lines(value)) + "\n"


def _lines(value: Value) -> list[str]:
    if isinstance(value, Mapping) and value:
        lines = []
        for key, entry in value.items():
            name = key if _KEY.fullmatch(key) else json.dumps(key)
            lines += _entry(f"{name}:", entry)
        return lines
    if isinstance(value, Sequence) and not isinstance(value, str) and value:
        lines = []
        for entry in value:
            first, *rest = _lines(entry)
            lines += [f"- {first}", *(f"  {line}" if line else line for line in rest)]
        return lines
    return [_scalar(value)]


def _entry(name: str, value: Value) -> list[str]:
    if isinstance(value, str) and "\n" in value:
        return [f"{name} |-", *(f"  {line}" if line else line for line in value.split("\n"))]
    if isinstance(value, Mapping | Sequence) and not isinstance(value, str) and value:
        return [name, *(f"  {line}" for line in _lines(value))]
    return [f"{name} {_scalar(value)}"]


def _scalar(value: Value) -> str:
    if isinstance(value, float):
        return f"{value:.15g}"
    if isinstance(value, str) and _PLAIN.fullmatch(value):
        return value
    if isinstance(value, str) and '"' in value and value.isprintable():
        return "'" + value.replace("'", "''") + "'"
    return json.dumps(value, ensure_ascii=False)


__all__ = ["Value", "dump"]
