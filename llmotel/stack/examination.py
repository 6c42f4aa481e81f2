"""What keeps a copy of the stack from working: a list of findings, each with its mend."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from llmotel.diagnostics.doctor import NOTE, OK, PROBLEM, WARNING, Finding
from llmotel.errors import LlmotelError
from llmotel.stack import binary, bundle
from llmotel.stack.environment import interpolated, variables
from llmotel.stack.fragments import Fragment, clashes, loose_ends, read, yaml_of
from llmotel.stack.variables import BY_NAME, PREFIX, VARIABLES

_CONFIG = re.compile(r"--config[= ](?:file:)?/etc/otelcol/(.+)")
_LOOPBACK = ("127.0.0.1", "localhost", "[::1]", "::1")
_NOT_OURS = frozenset({PREFIX + "CACHE"})
_DISPENSABLE = ("prometheus/tests/", "grafana/dashboards/")
"""Folders of mounted files that no service needs to start."""


def examine(folder: Path, shell: Mapping[str, str] | None = None) -> Iterator[Finding]:
    """Looks over the copy in ``folder`` as Compose would start it, with the variables of its ``.env`` and of ``shell``
    (this process's environment by default). Nothing is started and nothing written."""
    try:
        values = variables(folder, shell)
        compose = yaml_of(folder / "docker-compose.yml")
        services = compose["services"]
        command = services["collector"]["command"]
    except LlmotelError as error:
        yield Finding(PROBLEM, "files", str(error))
        return
    except (KeyError, TypeError):
        yield Finding(PROBLEM, "docker-compose.yml", "has no service `collector` with a command", _again(folder))
        return
    if not (folder / ".env").exists():
        yield Finding(NOTE, ".env", "is not there: the shell and the defaults decide. .env.example lists all variables")
    yield from _values(values)
    yield from _alerts(values)
    yield from _ports(services, values)
    yield from _missing(folder, services)
    paths, problems = _chosen(folder / "collector-config", command, values)
    yield from problems
    fragments = []
    for path in paths:
        try:
            fragments.append(read(path))
        except LlmotelError as error:
            problems.append(Finding(PROBLEM, path.name, str(error)))
            yield problems[-1]
    yield from _unset(fragments, values)
    yield from _withheld(fragments, services["collector"], values)
    yield from _fit(fragments)
    if not problems:
        names = ", ".join(fragment.path.stem for fragment in fragments)
        yield from _validated(paths, names, values)


def _again(folder: Path) -> str:
    return f"Copy it anew: llmotel stack init {folder} --force"


def _values(values: Mapping[str, str]) -> Iterator[Finding]:
    for variable in VARIABLES:
        text = values.get(variable.name)
        if text and not variable.kind.fits(text):
            shown = "its value" if variable.is_secret else repr(text)
            mend = f"Write for example {variable.name}={variable.example}. {variable.help}"
            yield Finding(PROBLEM, variable.name, f"{shown} is not {variable.kind.accepted}", mend)
        elif text == "" and variable.default and variable.container:
            yield Finding(PROBLEM, variable.name, "is set to nothing, and the collector takes that at its word",
                          f"Remove the line or put # before it; then {variable.default} counts")  # fmt: skip
    for name in sorted(values):
        if name.startswith(PREFIX) and name not in BY_NAME and name not in _NOT_OURS:
            yield Finding(WARNING, name, "is no variable of the stack: nothing reads it", _closest(name, list(BY_NAME)))


def _alerts(values: Mapping[str, str]) -> Iterator[Finding]:
    from llmotel.alerts.receivers import RECEIVERS, configuration
    from llmotel.alerts.thresholds import LINKS, Thresholds

    # The files of secrets are in the container.
    receivers = {name: text for name, text in values.items() if not name.endswith("_FILE")}
    for subject, judge, chosen in (("thresholds", Thresholds.load, values), ("receivers", configuration, receivers)):
        try:
            judge(chosen)
        except LlmotelError as error:
            yield Finding(PROBLEM, subject, str(error))
    if any(values.get(name) or values.get(f"{name}_FILE") for name in RECEIVERS):
        for link in LINKS:
            if not values.get(link.variable):
                yield Finding(NOTE, link.variable, f"is not set: who is told of an alert reads {link.default!r} there",
                              "Set it to a URL that they can open")  # fmt: skip


def _ports(services: Mapping[str, Any], values: Mapping[str, str]) -> Iterator[Finding]:
    taken: dict[str, str] = {}
    for name, service in services.items():
        for entry in service.get("ports") or ():
            host, port = _published(entry, values)
            if host not in _LOOPBACK:
                yield Finding(
                    WARNING, "docker-compose.yml", f"port {port} of {name} is published beyond this machine",
                    'Write "127.0.0.1:" before it, unless a firewall or core-secured stands in front',
                )  # fmt: skip
            if port in taken:
                yield Finding(PROBLEM, "docker-compose.yml", f"{name} and {taken[port]} both want port {port}",
                              f"Give one of them another: {PREFIX}..._PORT")  # fmt: skip
            taken[port] = name


def _published(entry: object, values: Mapping[str, str]) -> tuple[str, str]:
    if isinstance(entry, Mapping):
        return str(entry.get("host_ip", "")), interpolated(str(entry.get("published", "any")), values)
    host, _, port = interpolated(str(entry), values).rpartition(":")[0].rpartition(":")
    return host, port or "any"


def _missing(folder: Path, services: Mapping[str, Any]) -> Iterator[Finding]:
    """Files that a service mounts. Those of the collector are looked at one by one."""
    ours = [name for name, _ in bundle.files()]
    for service, content in services.items():
        for entry in (content.get("volumes") or ()) if service != "collector" else ():
            source = entry.get("source", "") if isinstance(entry, Mapping) else str(entry).partition(":")[0]
            mounted = source.removeprefix("./").rstrip("/")
            for name in ours:
                needed = name.startswith(f"{mounted}/") and not any(part in name for part in _DISPENSABLE)
                if needed and not (folder / name).is_file():
                    yield Finding(PROBLEM, name, f"is not there, and {service} needs it",
                                  "`llmotel stack init` into a new folder has it")  # fmt: skip


def _chosen(config: Path, command: Sequence[object], values: Mapping[str, str]) -> tuple[list[Path], list[Finding]]:
    paths: list[Path] = []
    problems: list[Finding] = []
    for word in command:
        match = _CONFIG.fullmatch(interpolated(str(word), values))
        if match is None:
            continue
        path = config / match[1]
        if path in paths:
            continue  # the same file twice is the same file
        if not path.is_file():
            setter = re.search(r"\$\{([A-Z0-9_]+)", str(word))
            there = sorted(file.stem for file in path.parent.glob("*.yaml"))
            near = _closest(path.stem, there) or f"There are: {', '.join(there)}"
            subject = f"{setter[1]}={path.stem!r}" if setter else "docker-compose.yml"
            problems.append(Finding(PROBLEM, subject, f"there is no {path}", near))
        else:
            paths.append(path)
    return paths, problems


def _unset(fragments: Sequence[Fragment], values: Mapping[str, str]) -> Iterator[Finding]:
    for fragment in fragments:
        for name, default in fragment.reads.items():
            if default is None and not values.get(name):
                known = BY_NAME.get(name)
                mend = "Put it into .env" + (f", for example {name}={known.example}. {known.help}" if known else "")
                yield Finding(PROBLEM, name, f"is not set, and {fragment.path.name} needs it", mend)


def _withheld(
    fragments: Sequence[Fragment], collector: Mapping[str, Any], values: Mapping[str, str]
) -> Iterator[Finding]:
    """Variables that a file reads and Compose does not hand to the container."""
    if collector.get("env_file"):
        return
    handed = {str(entry).partition("=")[0] for entry in collector.get("environment") or ()}
    for fragment in fragments:
        for name, default in fragment.reads.items():
            if name not in handed and (default is None or (name in values and name not in BY_NAME)):
                yield Finding(PROBLEM, name, f"does not reach the collector, and {fragment.path.name} reads it",
                              f"Add `- {name}` to the environment of the collector in docker-compose.yml")  # fmt: skip


def _fit(fragments: Sequence[Fragment]) -> Iterator[Finding]:
    for clash in clashes(fragments):
        first, second = (path.name for path in clash.files)
        why = "the collector would take that of the last file and forget the other" if clash.is_list else (
            "with different values, and the last file wins")  # fmt: skip
        mend = f"Give {second} a pipeline and components with names of its own, fed by forward/..."
        yield Finding(PROBLEM, clash.place, f"is in {first} and in {second}: {why}", mend)
    for path, pipeline, name in loose_ends(fragments):
        yield Finding(PROBLEM, path.name, f"the pipeline {pipeline} names the {name}, which no file defines")


def _validated(paths: Sequence[Path], names: str, values: Mapping[str, str]) -> Iterator[Finding]:
    collector = binary.found(values)
    if collector is None:
        yield Finding(NOTE, "collector", "none is installed here, so its own `validate` was not asked")
        return
    said = binary.complaints(collector, paths, values)
    for line in said:
        yield Finding(PROBLEM, collector.name, line)
    if not said:
        yield Finding(OK, collector.name, f"accepts {names}")


def _closest(word: str, known: Sequence[str]) -> str:
    near = difflib.get_close_matches(word, known, n=1, cutoff=0.6)
    return f"Did you mean {near[0]}?" if near else ""


__all__ = ["examine"]
