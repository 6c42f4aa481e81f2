"""A provider module is data and pure readers: it opens no span, catches nothing, waits for nothing, reads no setting."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import llmotel_instrumentors

FOLDER = Path(llmotel_instrumentors.__file__).parent
MODULES = sorted(FOLDER.rglob("*.py"))
FORBIDDEN = {
    ast.Try: "try",
    ast.Raise: "raise",
    ast.With: "with",
    ast.AsyncWith: "async with",
    ast.AsyncFor: "async for",
    ast.AsyncFunctionDef: "async def",
    ast.Await: "await",
    ast.Yield: "yield",
    ast.Global: "global",
}
IMPORTS = (
    "__future__",
    "collections.abc",
    "typing",
    "llmotel.instrumentation.instrumentor",
    "llmotel.instrumentation.registry",
    "llmotel.model.inference",
    "llmotel.semconv",
    "llmotel.spec",
    "llmotel.spec.accumulator",
    "llmotel.spec.reading",
    "llmotel_instrumentors",
)


def violations(source: str) -> Iterator[str]:
    """What ``source`` does that is the engine's to do."""
    tree = ast.parse(source)
    for node in ast.walk(tree):
        if type(node) in FORBIDDEN:
            yield f"line {getattr(node, 'lineno', 0)}: {FORBIDDEN[type(node)]}"
        elif isinstance(node, ast.Import):
            for alias in node.names:
                yield from _import(alias.name, node.lineno)
        elif isinstance(node, ast.ImportFrom):
            for alias in node.names:
                module = (
                    f"{node.module}.{alias.name}"
                    if node.module in ("llmotel", "llmotel.instrumentation", "llmotel_instrumentors")
                    else node.module
                )
                yield from _import(str(module), node.lineno)
        elif isinstance(node, ast.Attribute) and node.attr in ("environ", "getenv"):
            yield f"line {node.lineno}: {node.attr}"


def _import(module: str, line: int) -> Iterator[str]:
    if module not in IMPORTS and not module.startswith("llmotel_instrumentors."):
        yield f"line {line}: imports {module}"


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(FOLDER)))
def test_a_provider_module_leaves_to_the_engine_what_is_the_engines(path: Path) -> None:
    assert list(violations(path.read_text())) == []


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("try:\n    x = 1\nexcept Exception:\n    pass", "try"),
        ("async def read(): ...", "async def"),
        ("with open('x') as file: ...", "with"),
        ("from opentelemetry import trace", "imports opentelemetry"),
        ("from opentelemetry.context import attach", "imports opentelemetry.context"),
        ("import os\nos.environ['X']", "imports os"),
        ("setting = something.environ['X']", "environ"),
        ("import openai", "imports openai"),
        ("from llmotel.engine import call", "imports llmotel.engine"),
        ("from llmotel.call import Call", "imports llmotel.call"),
    ],
)
def test_the_rule_finds_what_breaks_it(source: str, said: str) -> None:
    assert any(said in violation for violation in violations(source))


def test_there_are_provider_modules() -> None:
    assert {"openai.py", "anthropic.py", "stainless.py"} <= {path.name for path in MODULES}
