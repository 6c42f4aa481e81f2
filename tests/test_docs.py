"""What the documents say of the code is true of it."""

from __future__ import annotations

import re
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest

from llmotel.instrumentation.registry import LIBRARIES
from scripts import environment

ROOT = Path(__file__).parent.parent
DOCUMENTS = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]
README = (ROOT / "README.md").read_text("utf-8")


@pytest.mark.parametrize("generator", ["docs.dashboards.render", "docs.readme", "docs.stack", "docs.telemetry.render"])
def test_generated_parts_are_up_to_date(generator: str) -> None:
    command = [sys.executable, "-m", generator, "--check"]
    done = subprocess.run(command, cwd=ROOT, env=environment(), capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("library", LIBRARIES)
def test_the_readme_names_each_library_with_its_versions(library: str) -> None:
    module, _, name = LIBRARIES[library].path.partition(":")
    assert f"| `{library}` | {getattr(import_module(module), name)().supported} |" in README


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_links_lead_to_files_that_are_there(document: Path) -> None:
    links = re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", document.read_text("utf-8"))
    missing = [link for link in links if "://" not in link and not (document.parent / link).exists()]
    assert not missing


@pytest.mark.parametrize("code", re.findall(r"```python\n(.*?)```", README, re.DOTALL))
def test_python_in_the_readme_compiles(code: str) -> None:
    compile(code, "README.md", "exec")


def test_the_readme_names_no_variable_that_is_not_a_setting() -> None:
    table = README.partition("<!-- settings:begin -->")[2].partition("<!-- settings:end -->")[0]
    settings = {*re.findall(r"`((?:OTEL|LLMOTEL)_[A-Z_]+)`", table)}
    named = {*re.findall(r"\b(?:OTEL|LLMOTEL)_[A-Z_]+[A-Z]\b", README)}
    assert named - settings <= {"OTEL_SEMCONV_STABILITY_OPT_IN"}
    assert len(settings) > 40


def test_the_map_of_the_layout_names_every_package_and_none_that_is_not_there() -> None:
    text = (ROOT / "CONTRIBUTING.md").read_text("utf-8")
    layout = text.partition("## Where things are\n\n```\n")[2].partition("```")[0]
    named = {name.strip() for name in re.findall(r"^  ([a-z_]+)/ ", layout, re.MULTILINE)}
    folders = [ROOT / "llmotel", ROOT / "instrumentors" / "llmotel_instrumentors"]
    assert named == {path.parent.name for folder in folders for path in folder.glob("*/__init__.py")}
