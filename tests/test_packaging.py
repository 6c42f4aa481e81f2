"""What is shipped: the wheel and the source distribution, and what the wheel does where nothing else is installed."""

from __future__ import annotations

import configparser
import os
import re
import subprocess
import sys
import tarfile
import venv
import zipfile
from email.message import Message
from email.parser import Parser
from pathlib import Path
from typing import NamedTuple

import pytest

from llmotel.instrumentation.registry import LIBRARIES
from llmotel.stack.bundle import files
from llmotel.version import __version__

ROOT = Path(__file__).parent.parent
SOURCES = {"llmotel": ROOT / "llmotel", "llmotel_instrumentors": ROOT / "instrumentors" / "llmotel_instrumentors"}
DIST_INFO = f"llmotel-{__version__}.dist-info"
SDIST = f"llmotel-{__version__}"


class Clean(NamedTuple):
    """A virtual environment that holds the wheel and its dependencies, nothing else."""

    home: Path

    def run(self, command: str, *arguments: str) -> str:
        """The output of a command of the environment, which has to succeed and to warn of nothing."""
        done = subprocess.run(
            [str(self.home / "bin" / command), *arguments],
            cwd=self.home,
            env={"PATH": os.environ["PATH"], "PYTHONWARNINGS": "error"},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=240,
        )
        assert (done.returncode, done.stderr) == (0, "")
        return done.stdout


def build(target: str, source: Path, folder: Path) -> None:
    command = [sys.executable, "-m", "hatchling", "build", "--target", target, "--directory", str(folder)]
    done = subprocess.run(command, cwd=source, capture_output=True, text=True, timeout=240)
    assert done.returncode == 0, done.stdout + done.stderr


def source_files() -> set[str]:
    """The files of both packages, named as in a wheel."""
    return {
        f"{package}/{path.relative_to(folder).as_posix()}"
        for package, folder in SOURCES.items()
        for path in folder.rglob("*")
        if path.is_file() and path.suffix != ".pyc"
    }


def bundle() -> set[str]:
    """The files of the stack, named as in a wheel."""
    return {f"llmotel/stack/bundle/{name}" for name, _ in files()}


@pytest.fixture(scope="module")
def sdist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("sdist")
    build("sdist", ROOT, folder)
    with tarfile.open(next(folder.glob("*.tar.gz"))) as archive:
        # As the documentation of tarfile has it for Pythons with and without filters.
        archive.extraction_filter = getattr(tarfile, "data_filter", None)
        archive.extractall(folder)
    return folder / SDIST


@pytest.fixture(scope="module")
def wheel(sdist: Path) -> Path:
    """Built from the source distribution, so that a file which that one lacks is missed."""
    build("wheel", sdist, sdist.parent)
    return next(sdist.parent.glob("*.whl"))


@pytest.fixture(scope="module")
def contents(wheel: Path) -> set[str]:
    with zipfile.ZipFile(wheel) as archive:
        return set(archive.namelist())


def entry(wheel: Path, name: str) -> str:
    with zipfile.ZipFile(wheel) as archive:
        return archive.read(f"{DIST_INFO}/{name}").decode()


@pytest.fixture(scope="module")
def about(wheel: Path) -> Message:
    return Parser().parsestr(entry(wheel, "METADATA"))


@pytest.fixture(scope="module")
def clean(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Clean:
    home = tmp_path_factory.mktemp("clean")
    venv.create(home, with_pip=True)
    pip = [str(home / "bin" / "python"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", str(wheel)]
    done = subprocess.run(pip, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=240)
    assert done.returncode == 0, done.stderr
    return Clean(home)


class TestWheel:
    def test_it_holds_every_file_of_both_packages_and_nothing_else(self, contents: set[str]) -> None:
        assert {name for name in contents if not name.startswith(DIST_INFO)} == source_files() | bundle()

    def test_type_checkers_take_both_packages_for_typed(self, contents: set[str]) -> None:
        assert {f"{package}/py.typed" for package in SOURCES} <= contents

    def test_the_price_table_goes_along(self, contents: set[str]) -> None:
        assert {"llmotel/prices/table/index.json", "llmotel/prices/table/openai.json"} <= contents

    def test_the_stack_goes_along(self, contents: set[str]) -> None:
        names = {
            "docker-compose.yml",
            ".env.example",
            "collector-config/core.yaml",
            "collector-config/backends/s3.yaml",
        }
        assert {f"llmotel/stack/bundle/{name}" for name in names} <= contents

    def test_the_licence_goes_along(self, contents: set[str]) -> None:
        assert f"{DIST_INFO}/licenses/LICENSE" in contents

    def test_every_instrumentor_is_found_by_opentelemetrys_tools(self, wheel: Path) -> None:
        points = configparser.ConfigParser()
        points.optionxform = str  # type: ignore[assignment,method-assign]
        points.read_string(entry(wheel, "entry_points.txt"))
        assert dict(points["opentelemetry_instrumentor"]) == {
            f"llmotel-{name}": entry.path for name, entry in LIBRARIES.items()
        }

    def test_no_extra_stands_in_the_way_of_opentelemetry_instrument(self, about: Message) -> None:
        # With an extra `instruments`, that command switches all of a distribution off where one library is absent.
        assert "instruments" not in about.get_all("Provides-Extra", [])

    def test_the_base_needs_opentelemetry_and_wrapt_alone(self, about: Message) -> None:
        needed = [re.split("[<>=]", line)[0] for line in about.get_all("Requires-Dist", []) if ";" not in line]
        otel = ["opentelemetry-api", "opentelemetry-exporter-otlp", "opentelemetry-sdk"]
        assert sorted(needed) == [*otel, "wrapt"]


class TestSourceDistribution:
    @pytest.mark.parametrize(
        "name", ["pyproject.toml", "Makefile", "README.md", "LICENSE", "CHANGELOG.md", "tests/conftest.py", "docs/adr"]
    )
    def test_it_holds_what_a_contributor_needs(self, sdist: Path, name: str) -> None:
        assert (sdist / name).exists()


@pytest.mark.network
class TestInstalledAlone:
    def test_the_command_says_what_it_can_do(self, clean: Clean) -> None:
        assert "doctor" in clean.run("llmotel", "--help")

    def test_the_command_says_its_version(self, clean: Clean) -> None:
        assert clean.run("llmotel", "--version") == f"llmotel {__version__}\n"

    def test_the_stack_is_copied_out_of_the_wheel(self, clean: Clean) -> None:
        assert clean.run("llmotel", "stack", "init", "copy").startswith(f"{len(bundle())} files are in copy.")
        assert (clean.home / "copy" / "docker-compose.yml").read_bytes() == (ROOT / "docker-compose.yml").read_bytes()

    def test_telemetry_starts_and_ends_without_any_client_library(self, clean: Clean) -> None:
        script = """
import llmotel
llmotel.init(traces_exporter="none", metrics_exporter="none", logs_exporter="none")
print(*(library.state for library in llmotel.status().libraries), sep=", ")
llmotel.shutdown()
"""
        assert clean.run("python", "-c", script) == ", ".join(["not installed"] * len(LIBRARIES)) + "\n"

    def test_every_module_that_needs_no_client_library_can_be_imported(self, clean: Clean) -> None:
        script = """
import importlib, pkgutil, llmotel, llmotel_instrumentors
for package in (llmotel, llmotel_instrumentors):
    for module in pkgutil.walk_packages(package.__path__, package.__name__ + "."):
        try:
            importlib.import_module(module.name)
        except ModuleNotFoundError as error:
            print(module.name, error.name)
"""
        missing = [line.split() for line in clean.run("python", "-c", script).splitlines()]
        assert [line for line in missing if not line[0].startswith("llmotel.local.")] == [
            ["llmotel.prices.generate", "genai_prices"],
            ["llmotel.testing.plugin", "pytest"],
        ]
        extra = {name for module, name in missing if module.startswith("llmotel.local.")}
        assert extra <= {"duckdb", "grpc", "rich", "starlette", "uvicorn"}
        assert not {"llmotel.local.arguments", "llmotel.local.command"} & {module for module, _ in missing}


@pytest.mark.parametrize("statement", ["import llmotel", "import llmotel; llmotel.init(traces_exporter='none')"])
def test_llmotel_imports_no_client_library_and_no_provider_module(statement: str) -> None:
    script = f"""
import sys
{statement}
heavy = {{*{tuple(LIBRARIES)!r}, "llmotel_instrumentors", "genai_prices", "httpx", "httpx2", "pydantic"}}
print(sorted(heavy & {{name.partition(".")[0] for name in sys.modules}}))
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=240)
    assert (done.stdout, done.returncode) == ("[]\n", 0), done.stderr
