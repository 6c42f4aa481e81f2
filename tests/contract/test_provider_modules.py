"""A provider module is data and pure readers: everything that could harm a caller is in the engine, once for all."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

import llmotel_instrumentors

ROOT = Path(llmotel_instrumentors.__file__).parent
MODULES = sorted(ROOT.rglob("*.py"))

STATEMENTS = (
    ast.Try,
    getattr(ast, "TryStar", ast.Try),
    ast.With,
    ast.AsyncWith,
    ast.AsyncFor,
    ast.AsyncFunctionDef,
    ast.Await,
    ast.Yield,
    ast.YieldFrom,
    ast.Raise,
    ast.Global,
    ast.Nonlocal,
)
PACKAGES = (
    "opentelemetry",
    "contextvars",
    "threading",
    "asyncio",
    "logging",
    "os",
    "openai",
    "anthropic",
    "httpx",
    "wrapt",
)
CALLS = ("open", "print", "setattr", "delattr", "eval", "exec", "__import__")


def violations(source: str) -> list[str]:
    """What of ``source`` has no place in a provider module, each with its line."""
    found = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, STATEMENTS):
            found.append(f"{node.lineno}: {type(node).__name__}")
        elif isinstance(node, ast.Import):
            found += [f"{node.lineno}: import {alias.name}" for alias in node.names if _foreign(alias.name)]
        elif isinstance(node, ast.ImportFrom) and _foreign(node.module or ""):
            found.append(f"{node.lineno}: from {node.module}")
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in CALLS:
            found.append(f"{node.lineno}: {node.func.id}()")
        elif isinstance(node, ast.Attribute) and node.attr in ("environ", "getenv"):
            found.append(f"{node.lineno}: {node.attr}")
    return found


def _foreign(module: str) -> bool:
    return module.partition(".")[0] in PACKAGES


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_provider_module_is_data_and_pure_readers(path: Path) -> None:
    assert violations(path.read_text()) == []


def test_all_provider_modules_are_looked_at() -> None:
    assert {"openai.py", "anthropic.py", "stainless.py", "messages.py", "responses.py"} <= {p.name for p in MODULES}


@pytest.mark.parametrize(
    ("source", "told"),
    [
        ("try:\n    pass\nexcept Exception:\n    pass", "1: Try"),
        ("async def f():\n    pass", "1: AsyncFunctionDef"),
        ("with a:\n    pass", "1: With"),
        ("from opentelemetry import trace", "1: from opentelemetry"),
        ("import opentelemetry.context", "1: import opentelemetry.context"),
        ("import contextvars", "1: import contextvars"),
        ("from threading import Lock", "1: from threading"),
        ("x = os.environ['A']", "1: environ"),
        ("def f(x):\n    setattr(x, 'a', 1)", "2: setattr()"),
    ],
)
def test_what_has_no_place_there_is_found(source: str, told: str) -> None:
    assert violations(source) == [told]


def test_plain_data_and_readers_have_a_place_there() -> None:
    assert violations("from llmotel.reading import get\nX = 1\ndef read(a, b):\n    a.x = get(b, 'x')") == []
