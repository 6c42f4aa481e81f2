"""The contract on the newest releases of the client libraries that the package index has, one library after the other.

    python .ci/newest.py           says which there are, and which pass
    python .ci/newest.py --bump    moves the pins of those that pass, in pyproject.toml

Run it with: make newest-releases, make bump. A library that fails is put back to its pin before the next one is tried.
"""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent
PROJECT = ROOT / "pyproject.toml"
APART = {"genai-prices"}  # moves with the price table: python -m llmotel.prices.generate
# That a model is old is a matter of the tests' words, not of the release.
OLD_MODELS = "ignore:The model .* is deprecated:DeprecationWarning"
PYTEST = ["-m", "pytest", "-q", "-n", "auto", "--dist", "worksteal", "-W", OLD_MODELS]


def pins(text: str) -> dict[str, str]:
    """The pinned client libraries of the dependency group ``dev``: their requirement and the version."""
    group = text.partition("\ndev = [\n")[2].partition("\n]\n")[0]
    found = re.findall(r'^  "([\w.-]+(?:\[[\w,-]+\])?)==([\w.]+)', group, re.MULTILINE)
    return {requirement: version for requirement, version in found if requirement not in APART}


def python(*arguments: str) -> int:
    return subprocess.call([sys.executable, *arguments], cwd=ROOT, stdin=subprocess.DEVNULL)


def installed(requirement: str) -> str:
    name = requirement.partition("[")[0]
    asked = f"from importlib.metadata import version; print(version({name!r}))"
    return subprocess.check_output([sys.executable, "-c", asked], cwd=ROOT, text=True).strip()


def main(arguments: list[str]) -> int:
    passed: dict[str, str] = {}
    failed: dict[str, str] = {}
    for requirement, version in pins(PROJECT.read_text("utf-8")).items():
        if python("-m", "pip", "install", "--quiet", "--upgrade", requirement):
            failed[requirement] = "not installed"
            continue
        newest = installed(requirement)
        if newest == version:
            continue
        name = requirement.partition("[")[0]
        print(f"== {name} {newest}, after {version}", flush=True)
        if python(*PYTEST, "tests/contract", "-k", name.replace("-", "_")) == 0:
            passed[requirement] = newest
        else:
            failed[requirement] = newest
            python("-m", "pip", "install", "--quiet", f"{requirement}=={version}")
    if passed and python(*PYTEST, "tests/contract"):
        failed, passed = {**failed, **passed}, {}  # not with each other
    if "--bump" in arguments:
        text = PROJECT.read_text("utf-8")
        for requirement, newest in passed.items():
            head, begin, group = text.partition("\ndev = [\n")
            pinned = rf'^(  "{re.escape(requirement)}==)[\w.]+'
            text = head + begin + re.sub(pinned, rf"\g<1>{newest}", group, count=1, flags=re.MULTILINE)
        PROJECT.write_text(text, "utf-8")
    for word, libraries in (("passes", passed), ("FAILS", failed)):
        for requirement, newest in libraries.items():
            print(f"{requirement} {newest} {word}")
    if not passed and not failed:
        print("every pin is the newest release")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
