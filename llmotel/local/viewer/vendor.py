"""The viewer's libraries, as npm packs them, beside the pages that import them.

``python -m llmotel.local.viewer.vendor`` fetches the pinned packages with the npm client and writes ``static/vendor``;
it stops where a package is not the one that was pinned. ``--check`` needs no network: it fails where a file is not what
was written. The viewer has no build step, so nothing here compiles: a bare import becomes a relative one, the comment
that names a source map goes, and what is a script gets an ``export``.
"""

from __future__ import annotations

import argparse
import hashlib
import io
import json
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path
from typing import NamedTuple

VENDOR = Path(__file__).parent / "static" / "vendor"
LOCK = "vendor.json"
LICENSES = "LICENSES.txt"


class Package(NamedTuple):
    """One package of npm: which version, what its archive hashes to, which files are taken and what they are called."""

    name: str
    version: str
    sha256: str
    files: dict[str, str]
    export: str = ""


PACKAGES = (
    Package(
        "preact",
        "11.2.0",
        "3c4456766bd32b6b534d52bf4e9c2a29b33e7eedf6e96ed479300ba1a7888ebf",
        {"dist/preact.mjs": "preact.js", "hooks/dist/hooks.mjs": "hooks.js"},
    ),
    Package(
        "htm", "3.1.1", "2425b9bee11409177bcabc7f32e319926fc6690c1701c0b257c88bdff2d5ba90", {"dist/htm.mjs": "htm.js"}
    ),
    Package(
        "@preact/signals",
        "2.11.4",
        "66ea8221dd8aaa0da2365d49c3f116b071d56cfb63b2e16c072c6b4e08a928b7",
        {"dist/signals.mjs": "signals.js"},
    ),
    Package(
        "@preact/signals-core",
        "1.14.5",
        "94c421ac996214c94f532fb4c43d8ede048a16df0cd9538ffb965174dbe8daba",
        {"dist/signals-core.mjs": "signals-core.js"},
    ),
    Package(
        "uplot",
        "1.6.32",
        "4b8a8191e425658e3ea8c8c1314b0fc679c861ee3a1af2b20c7b16ba50b5133d",
        {"dist/uPlot.iife.min.js": "uplot.js", "dist/uPlot.min.css": "uplot.css"},
        export="uPlot",
    ),
    Package(
        "markdown-it",
        "15.0.3",
        "98a7453983ab0e268c17dbd5260bf7190ba46b4cca912327fc1c1a2578e4b56d",
        {"dist/browser/markdown-it.esm.min.mjs": "markdown-it.js"},
    ),
)

# A module of the browser is named by a path.
SPECIFIERS = {
    "preact": "./preact.js",
    "preact/hooks": "./hooks.js",
    "@preact/signals-core": "./signals-core.js",
}


def main(arguments: list[str] | None = None) -> int:
    """Write the libraries, or with ``--check`` compare them with what was written. 1 where they differ."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="compare the files with what was written; no network")
    if parser.parse_args(arguments).check:
        faults = compare()
        for fault in faults:
            sys.stderr.write(f"{fault}\n")
        return 1 if faults else 0
    write({name: text for package in PACKAGES for name, text in fetch(package).items()})
    return 0


def compare() -> list[str]:
    """What differs from the lock, one sentence each."""
    lock = json.loads((VENDOR / LOCK).read_text("utf-8"))
    pinned = {package.name: package.version for package in PACKAGES}
    faults = [] if lock["packages"] == pinned else [f"{LOCK} names other versions than vendor.py: run it again"]
    present = {path.name for path in VENDOR.iterdir() if path.suffix in {".js", ".css", ".txt"}}
    faults += [f"{name} is not of any package" for name in sorted(present - set(lock["files"]))]
    for name, digest in lock["files"].items():
        path = VENDOR / name
        if not path.exists():
            faults.append(f"{name} is missing")
        elif hashlib.sha256(path.read_bytes()).hexdigest() != digest:
            faults.append(f"{name} is not what was written: its hash is not the one of {LOCK}")
    return faults


def fetch(package: Package) -> dict[str, str]:
    """The files of a package under the names that they get here. Raises ``ValueError`` for another archive."""
    with tempfile.TemporaryDirectory() as folder:
        command = ["npm", "pack", "--silent", "--pack-destination", folder, f"{package.name}@{package.version}"]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        archive = next(Path(folder).glob("*.tgz")).read_bytes()
    digest = hashlib.sha256(archive).hexdigest()
    if digest != package.sha256:
        raise ValueError(f"{package.name} {package.version} hashes to {digest}, pinned is {package.sha256}")
    files = {}
    with tarfile.open(fileobj=io.BytesIO(archive)) as tar:
        for source, target in package.files.items():
            files[target] = adapt(text(tar, source), package.export if target.endswith(".js") else "")
        files[f"license of {package.name} {package.version}"] = text(tar, "LICENSE")
    return files


def text(tar: tarfile.TarFile, name: str) -> str:
    member = tar.extractfile(f"package/{name}")
    assert member is not None, f"{name} is no file of the package"
    return member.read().decode("utf-8")


def adapt(source: str, export: str) -> str:
    """A file as the browser takes it without a build step."""
    for specifier, path in SPECIFIERS.items():
        for quote in "\"'":
            source = source.replace(f"from{quote}{specifier}{quote}", f"from{quote}{path}{quote}")
    lines = [line for line in source.splitlines() if not line.startswith("//# sourceMappingURL=")]
    if export:
        lines.append(f"export default {export};")
    return "\n".join(lines) + "\n"


def write(files: dict[str, str]) -> None:
    VENDOR.mkdir(parents=True, exist_ok=True)
    notices = {name: content for name, content in files.items() if name.startswith("license of ")}
    kept = {name: content for name, content in files.items() if name not in notices}
    kept[LICENSES] = "\n".join(f"{name.removeprefix('license of ')}\n\n{body}" for name, body in notices.items())
    for name, content in kept.items():
        (VENDOR / name).write_text(content, "utf-8")
    lock = {
        "packages": {package.name: package.version for package in PACKAGES},
        "files": {name: hashlib.sha256((VENDOR / name).read_bytes()).hexdigest() for name in sorted(kept)},
    }
    (VENDOR / LOCK).write_text(json.dumps(lock, indent=2) + "\n", "utf-8")


if __name__ == "__main__":
    sys.exit(main())
