"""``make stack``: what is there stays, what cannot be had is named. (That it builds them, every other test here shows.)"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from stack import programs


def make_stack(cache: Path, *names: str, **variables: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, programs.__file__, *names], capture_output=True, text=True,
        env={**os.environ, "LLMOTEL_STACK_CACHE": str(cache), **variables},
    )  # fmt: skip


@pytest.fixture
def failing_go(tmp_path: Path) -> str:
    """A PATH on which Go is new enough, and reaches no module proxy."""
    go = tmp_path / "tools/go"
    go.parent.mkdir()
    go.write_text('#!/bin/sh\n[ "$1" = env ] && echo go1.99.1 || { echo "proxy: 403 Forbidden"; exit 1; }\n', "utf-8")
    go.chmod(0o755)
    return f"{go.parent}{os.pathsep}{os.environ['PATH']}"


def test_a_program_that_cannot_be_had_is_named_with_what_failed(tmp_path: Path, failing_go: str) -> None:
    done = make_stack(tmp_path / "cache", "prometheus", "amtool", PATH=failing_go)
    assert done.returncode == 1
    assert "stack: prometheus 3.14.0 cannot be had: go mod download" in done.stdout
    assert "proxy: 403 Forbidden" in done.stdout
    assert done.stdout.endswith(
        "stack: missing: prometheus 3.14.0; alertmanager, amtool 0.34.0. The tests that need them are skipped.\n"
    )
    assert not list((tmp_path / "cache/bin").iterdir())
    assert not (tmp_path / "cache/work").exists()


def test_what_is_in_place_is_not_made_again(tmp_path: Path, failing_go: str) -> None:
    [release] = [release for release in programs.RELEASES if "amtool" in release.programs]
    for place, text in {"bin/alertmanager": "", "bin/amtool": "", "stamps/alertmanager": release.fingerprint}.items():
        (tmp_path / place).parent.mkdir(exist_ok=True)
        (tmp_path / place).write_text(text, "utf-8")
    assert make_stack(tmp_path, "amtool", PATH=failing_go).returncode == 0
    (tmp_path / "stamps/alertmanager").write_text("of another version", "utf-8")
    assert make_stack(tmp_path, "amtool", PATH=failing_go).returncode == 1


def test_a_program_out_of_a_package_is_built_from_source_where_there_are_no_packages(
    tmp_path: Path, failing_go: str
) -> None:
    no_packages = f"{failing_go.partition(os.pathsep)[0]}{os.pathsep}{Path(sys.executable).parent}"
    for shell in ("sh", "echo"):
        (tmp_path / "tools" / shell).symlink_to(f"/bin/{shell}")
    done = make_stack(tmp_path / "cache", "promtool", PATH=no_packages)
    assert "not from Debian: this system has no packages" in done.stdout
    assert "stack: promtool 3.14.0 cannot be had: go mod download" in done.stdout


def test_the_large_collector_has_every_component_of_the_small_one_too() -> None:
    small, large = (
        set(programs.merged(files).splitlines())
        for files in ((programs.MANIFEST,), (programs.MANIFEST, programs.EXTRAS))
    )
    assert small < large
    assert len(re.findall("^exporters:$", programs.merged((programs.MANIFEST, programs.EXTRAS)), re.MULTILINE)) == 1


def test_an_unknown_name_is_refused_with_those_that_there_are(tmp_path: Path) -> None:
    done = make_stack(tmp_path, "grafana")
    assert done.returncode == 2
    assert "no program is named grafana; there are otelcol-llmotel, prometheus, promtool, alertmanager" in done.stdout


def test_what_is_tested_is_what_docker_compose_runs() -> None:
    """But for Jaeger, whose newer releases no module proxy has."""
    compose = (Path(__file__).parent.parent.parent / "docker-compose.yml").read_text("utf-8")
    run = dict(re.findall(r"image: \S*/(\S+):v?([\d.]+)", compose))
    built = {name: release.version for release in programs.RELEASES for name in release.programs}
    assert built["otelcol-llmotel"] == run["opentelemetry-collector-contrib"]
    assert built["prometheus"] == run["prometheus"]
    assert built["alertmanager"] == run["alertmanager"]
    assert built["jaeger"].split(".")[0] == run["jaeger"].split(".")[0]
