"""The files that one collector loads: what each defines, which variables it reads, and how they fit together.

The collector merges its files deeply, but a list in a later file replaces that of an earlier one. So no two files may
have the same list, nor define one component in two ways.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from llmotel.errors import StackError

_REFERENCE = re.compile(r"\$\{env:([A-Za-z_][A-Za-z0-9_]*)(?::-([^}]*))?\}")
_COMPONENTS = ("extensions", "receivers", "processors", "exporters", "connectors")
_USES = {
    "receivers": ("receivers", "connectors"),
    "processors": ("processors",),
    "exporters": ("exporters", "connectors"),
}


class Fragment(NamedTuple):
    """One file. ``reads`` maps each variable to its default; ``None`` is none."""

    path: Path
    content: Mapping[str, Any]
    reads: Mapping[str, str | None]


class Clash(NamedTuple):
    """A place that two files fill in, and one of them would lose."""

    place: str
    files: tuple[Path, Path]
    is_list: bool


def yaml_of(path: Path) -> Any:
    """The content of a YAML file. Raises :class:`StackError` where it is missing, is no YAML, or PyYAML is missing."""
    try:
        import yaml
    except ModuleNotFoundError:
        raise StackError('This reads YAML, and PyYAML is not installed: pip install "llmotel[stack]"') from None
    try:
        return yaml.safe_load(path.read_text("utf-8"))
    except FileNotFoundError:
        raise StackError(f"There is no {path}. `llmotel stack init {_folder(path)}` copies it.") from None
    except (OSError, UnicodeDecodeError) as error:
        raise StackError(f"{path} cannot be read: {error}.") from None
    except yaml.YAMLError as error:
        raise StackError(f"{path} is not YAML: {' '.join(str(error).split())}.") from None


def read(path: Path) -> Fragment:
    """The fragment in a file. Raises :class:`StackError` as :func:`yaml_of`, and where the file holds no mapping."""
    content = yaml_of(path)
    if not isinstance(content, Mapping):
        raise StackError(f"{path} holds no mapping: a fragment has at least `service: {{pipelines: {{}}}}`.")
    reads: dict[str, str | None] = {}
    for text in _texts(content):
        reads.update((match[1], match[2]) for match in _REFERENCE.finditer(text))
    return Fragment(path, content, reads)


def clashes(fragments: Sequence[Fragment]) -> Iterator[Clash]:
    """Every list that two files have, and every component or pipeline that two files define differently."""
    owners: dict[str, tuple[Fragment, Any]] = {}
    for fragment in fragments:
        for place, value in _places(fragment.content):
            known = owners.setdefault(place, (fragment, value))
            if known[0].path != fragment.path and (known[1] != value or isinstance(value, list)):
                yield Clash(place, (known[0].path, fragment.path), isinstance(value, list))


def loose_ends(fragments: Sequence[Fragment]) -> Iterator[tuple[Path, str, str]]:
    """What pipelines name and no file defines: file, pipeline, and the name with its sort."""
    defined = {
        section: {str(name) for fragment in fragments for name in fragment.content.get(section) or {}}
        for section in _COMPONENTS
    }
    for fragment in fragments:
        service = fragment.content.get("service") or {}
        for pipeline, parts in (service.get("pipelines") or {}).items():
            for sort, sections in _USES.items():
                for name in (parts or {}).get(sort) or ():
                    if "${" not in str(name) and not any(str(name) in defined[section] for section in sections):
                        yield fragment.path, str(pipeline), f"{sort.removesuffix('s')} {name}"


def _places(content: Mapping[str, Any], above: str = "") -> Iterator[tuple[str, Any]]:
    for name, value in content.items():
        place = f"{above}{name}"
        if isinstance(value, Mapping) and value:
            yield from _places(value, f"{place}.")
        elif value not in (None, {}):
            yield place, value


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, Mapping):
        for entry in value.values():
            yield from _texts(entry)
    elif isinstance(value, list):
        for entry in value:
            yield from _texts(entry)
    elif isinstance(value, str):
        yield value


def _folder(path: Path) -> Path:
    for parent in path.parents:
        if parent.name == "collector-config":
            return parent.parent
    return path.parent


__all__ = ["Clash", "Fragment", "clashes", "loose_ends", "read", "yaml_of"]
