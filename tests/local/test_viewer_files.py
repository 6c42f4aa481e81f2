"""The viewer's files: the libraries are the pinned ones, and nothing in them needs a build step or another host."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

from llmotel.local.viewer import vendor

STATIC = vendor.VENDOR.parent
OURS = sorted((STATIC / "js").rglob("*.js"))


def names(files: list[Path]) -> list[str]:
    return [file.relative_to(STATIC).as_posix() for file in files]


@pytest.fixture
def copied(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "vendor"
    shutil.copytree(vendor.VENDOR, folder)
    monkeypatch.setattr(vendor, "VENDOR", folder)
    return folder


class TestTheLibraries:
    def test_they_are_what_was_written(self) -> None:
        assert vendor.compare() == []

    def test_one_that_was_changed_is_found(self, copied: Path) -> None:
        with (copied / "preact.js").open("a") as file:
            file.write("fetch('https://elsewhere.example')\n")
        assert vendor.compare() == ["preact.js is not what was written: its hash is not the one of vendor.json"]
        assert vendor.main(["--check"]) == 1

    def test_one_that_is_missing_and_one_that_nobody_pinned_are_found(self, copied: Path) -> None:
        (copied / "htm.js").rename(copied / "other.js")
        assert sorted(vendor.compare()) == ["htm.js is missing", "other.js is not of any package"]

    def test_their_licenses_are_with_them(self) -> None:
        said = (vendor.VENDOR / vendor.LICENSES).read_text("utf-8")
        for package in vendor.PACKAGES:
            assert f"{package.name} {package.version}" in said

    def test_a_bare_import_becomes_a_path_and_a_script_gets_an_export(self) -> None:
        assert vendor.adapt('import{h}from"preact";', "") == 'import{h}from"./preact.js";\n'
        assert vendor.adapt("var x=1;\n//# sourceMappingURL=x.map", "x") == "var x=1;\nexport default x;\n"


class TestThePages:
    def test_the_document_has_no_script_and_no_style_of_its_own(self) -> None:
        page = (STATIC / "index.html").read_text("utf-8")
        assert not re.search(r"<script(?![^>]*\bsrc=)", page)
        assert not re.search(r"<style|\sstyle=|\son\w+=", page)
        assert not re.search(r"(src|href)=\"(?!/)", page)

    def test_the_document_asks_for_every_module_at_once(self) -> None:
        page = (STATIC / "index.html").read_text("utf-8")
        modules = {f"/{name}" for name in names([*OURS, *vendor.VENDOR.glob("*.js")])} - {"/js/theme.js"}
        assert set(re.findall(r'rel="modulepreload" href="([^"]+)"', page)) == modules

    @pytest.mark.parametrize("file", OURS, ids=names(OURS))
    def test_what_a_module_imports_is_there(self, file: Path) -> None:
        for path in re.findall(r"^(?:import|export)[^;]*?from \"([^\"]+)\"", file.read_text("utf-8"), re.MULTILINE):
            assert path.startswith("."), f"{path} needs an import map, which would be an inline script"
            assert (file.parent / path).is_file()

    @pytest.mark.parametrize("file", OURS, ids=names(OURS))
    def test_no_text_becomes_html_or_code(self, file: Path) -> None:
        text = file.read_text("utf-8")
        for word in (
            "innerHTML",
            "outerHTML",
            "insertAdjacentHTML",
            "document.write",
            "eval(",
            "new Function",
            "srcdoc",
        ):
            assert word not in text

    @pytest.mark.parametrize("file", sorted(STATIC.rglob("*.css")), ids=lambda file: file.name)
    def test_no_style_asks_another_host(self, file: Path) -> None:
        assert not re.search(r"url\(|@import", file.read_text("utf-8"))
