"""Libraries that are left alone, and whom OpenTelemetry's variable means by a name that two packages have."""

from __future__ import annotations

from pathlib import Path

import pytest

from llmotel.config.config import Config
from llmotel.instrumentation.registry import LIBRARIES, disabled_libraries

VARIABLE = "OTEL_PYTHON_DISABLED_INSTRUMENTATIONS"


@pytest.fixture
def another_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One that instruments openai too, under that name."""
    folder = tmp_path / "somebody_instrumentation_openai-1.0.dist-info"
    folder.mkdir()
    (folder / "METADATA").write_text("Metadata-Version: 2.1\nName: somebody-instrumentation-openai\nVersion: 1.0\n")
    (folder / "entry_points.txt").write_text("[opentelemetry_instrumentor]\nopenai = somebody:Instrumentor\n")
    monkeypatch.syspath_prepend(str(tmp_path))


@pytest.mark.parametrize(
    ("said", "libraries"),
    [
        ("openai", {"openai"}),
        ("llmotel-openai", {"openai"}),
        ("openai, llmotel-anthropic", {"openai", "anthropic"}),
        ("*", set(LIBRARIES)),
        ("requests,llmotel-requests", set()),
        ("", set()),
    ],
)
def test_the_variable_names_libraries(said: str, libraries: set[str]) -> None:
    assert disabled_libraries(Config.load(environ={VARIABLE: said})) == libraries


@pytest.mark.usefixtures("another_package")
def test_a_name_that_another_package_has_means_that_package() -> None:
    assert disabled_libraries(Config.load(environ={VARIABLE: "openai,anthropic"})) == {"anthropic"}
    assert disabled_libraries(Config.load(environ={VARIABLE: "llmotel-openai"})) == {"openai"}
    assert disabled_libraries(Config.load(environ={VARIABLE: "*"})) == set(LIBRARIES)


@pytest.mark.usefixtures("another_package")
def test_the_argument_of_init_means_the_library() -> None:
    assert disabled_libraries(Config.load({"disabled_instrumentations": "openai"}, {})) == {"openai"}
