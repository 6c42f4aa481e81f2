"""Which package may import which. Nothing points back up, and no module imports itself on a way around."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "llmotel"
# What imports nothing of llmotel, or next to nothing, and is there for all.
SHARED = {"errors", "guard", "runtime", "semconv", "threads", "version"}
MAY_IMPORT = {
    "model": set(),
    "spec": {"model"},
    "config": {"model"},
    "grounding": {"model"},
    "prices": {"model"},
    "content": {"model", "grounding", "config"},
    "signals": {"model", "grounding"},
    "engine": {"model", "spec", "config", "grounding", "prices", "content", "signals"},
    "instrumentation": {"model", "spec", "config", "signals", "engine"},
    "sdk": {"config"},
    "adoption": {"model", "spec", "signals", "engine"},
    "api": {"model", "signals", "content", "engine", "instrumentation"},
    "setup": {"config", "engine", "instrumentation", "adoption", "sdk"},
    "testing": {"model", "config", "engine", "instrumentation", "setup"},
    "diagnostics": {"model", "spec", "config", "prices", "engine", "instrumentation", "sdk", "setup", "testing"},
    "alerts": {"signals"},
    "dashboards": {"signals", "alerts"},
    "stack": {"alerts", "diagnostics"},
    "local": {"model", "prices", "content", "alerts"},
    "cli": {"config", "diagnostics", "alerts", "dashboards", "stack", "local"},
    "draft": {"spec"},
    "inference": {"model"},
    "reading": {"spec"},
}
"""Room -> the other rooms of ``llmotel/`` that it may import, lazily or for type checkers only too."""


def room_of(module: str) -> str:
    return module.split(".")[1] if "." in module else "llmotel"


def imports() -> Iterator[tuple[str, str, str]]:
    """The imports inside ``llmotel``: (importing module, imported module, where it is)."""
    for path in sorted(PACKAGE.rglob("*.py")):
        relative = path.relative_to(PACKAGE.parent).with_suffix("")
        module = ".".join(part for part in relative.parts if part != "__init__")
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            named: list[str] = []
            if isinstance(node, ast.Import):
                named = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom) and node.module is not None and node.level == 0:
                named = [_module(node.module, alias.name) for alias in node.names]
            for target in named:
                if target.split(".")[0] == "llmotel":
                    yield module, target, f"{path.relative_to(PACKAGE.parent)}:{getattr(node, 'lineno', 0)}"


def _module(module: str, name: str) -> str:
    """What ``from module import name`` imports: a module of that name, or something in ``module``."""
    path = PACKAGE.parent.joinpath(*module.split("."), name)
    return f"{module}.{name}" if path.with_suffix(".py").exists() or path.is_dir() else module


def test_every_room_imports_only_what_the_table_allows() -> None:
    wrong = [
        f"{place}: {room_of(module)} imports {target}"
        for module, target, place in imports()
        if module != "llmotel"
        and room_of(target) not in {room_of(module), "llmotel", *SHARED, *MAY_IMPORT.get(room_of(module), ())}
    ]
    assert wrong == []


def test_what_is_shared_imports_nothing_of_the_rooms() -> None:
    assert [
        f"{place} imports {target}" for module, target, place in imports()
        if room_of(module) in SHARED and room_of(target) not in SHARED
    ] == []  # fmt: skip


def test_the_rooms_import_each_other_in_no_circle() -> None:
    order = TopologicalSorter(MAY_IMPORT)
    order.prepare()  # raises CycleError


def test_no_module_imports_itself_on_a_way_around() -> None:
    graph: dict[str, set[str]] = {}
    for module, target, _ in imports():
        # The public package loads its names when they are asked for; packages are only rooms.
        if "llmotel" not in (module, target) and module != target:
            graph.setdefault(module, set()).add(target)
    order = TopologicalSorter(graph)
    order.prepare()


def test_the_table_names_every_room_and_none_that_is_not_there() -> None:
    there = {path.stem for path in PACKAGE.iterdir() if path.suffix == ".py" or (path / "__init__.py").exists()}
    assert there == {*MAY_IMPORT, *SHARED, "__init__"}


def test_the_top_level_holds_at_most_a_dozen_files() -> None:
    assert len(list(PACKAGE.glob("*.py"))) <= 12


@pytest.mark.parametrize("room", sorted(path.parent.name for path in PACKAGE.glob("*/__init__.py")))
def test_every_room_says_what_it_holds(room: str) -> None:
    text = (PACKAGE / room / "__init__.py").read_text("utf-8")
    assert ast.get_docstring(ast.parse(text))
