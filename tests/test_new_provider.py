"""``make new-provider``: what it writes is in its places, is code, and keeps the rules of a provider module."""

from __future__ import annotations

import ast
import shutil
from pathlib import Path

import pytest

from contract.test_provider_modules import violations
from docs.new_provider import ROOT, skeleton

CHANGED = (
    "llmotel/instrumentation/registry.py",
    "pyproject.toml",
    "tests/contract/providers.py",
    "docs/telemetry/scenarios.py",
    "README.md",
)
MODULE, DIALECT, WIRE = (
    "instrumentors/llmotel_instrumentors/acme_ai.py",
    "instrumentors/llmotel_instrumentors/dialects/acme_ai.py",
    "llmotel/testing/acme_ai_wire/__init__.py",
)


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    for name in CHANGED:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, tmp_path / name)
    (tmp_path / DIALECT).parent.mkdir(parents=True)
    (tmp_path / "llmotel" / "testing").mkdir()
    return tmp_path


@pytest.mark.parametrize("stainless", [True, False])
def test_everything_that_it_writes_is_code(checkout: Path, stainless: bool) -> None:
    written = skeleton("acme-ai", "acme.ai", "1.2.3", stainless=stainless, root=checkout)
    assert {*written} == {MODULE, *CHANGED, *(() if stainless else (DIALECT, WIRE))}
    for name in written:
        text = (checkout / name).read_text("utf-8")
        assert "TODO" in text or name == CHANGED[0]
        if name.endswith(".py"):
            ast.parse(text)
    for name in written:
        if "llmotel_instrumentors" in name:
            assert list(violations((checkout / name).read_text("utf-8"))) == []


def test_the_library_is_registered_with_its_version(checkout: Path) -> None:
    skeleton("acme-ai", "acme.ai", "1.2.3", stainless=True, root=checkout)
    place = '"llmotel_instrumentors.acme_ai:AcmeAiInstrumentor"'
    pyproject = (checkout / "pyproject.toml").read_text("utf-8")
    assert f'    "acme-ai": Entry({place}, ("acme.ai",)),\n' in (checkout / CHANGED[0]).read_text("utf-8")
    assert f"llmotel-acme-ai = {place}\n" in pyproject
    assert pyproject.count('"acme-ai==1.2.3"') == 2
    assert "| `acme-ai` | >=1.2.3 | TODO |\n" in (checkout / "README.md").read_text("utf-8")


def test_what_is_there_is_not_written_over(checkout: Path) -> None:
    skeleton("acme-ai", "acme.ai", "1.2.3", stainless=True, root=checkout)
    with pytest.raises(SystemExit, match=r"acme_ai\.py is there already"):
        skeleton("acme-ai", "acme.ai", "1.2.3", stainless=True, root=checkout)
