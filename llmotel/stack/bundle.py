"""The files of the stack, and their copy: out of the wheel, or out of a checkout that is installed as editable."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from llmotel.errors import StackError

CONTENTS = ("collector-config", "docs/runbooks", "docker-compose.yml", ".env.example")
_IN_WHEEL = Path(__file__).parent / "bundle"
_CHECKOUT = Path(__file__).parents[2]


def files() -> Iterator[tuple[str, Path]]:
    """Every file of the bundle: its path in a copy, and where it is. Raises :class:`StackError` where there is none."""
    root = _IN_WHEEL if _IN_WHEEL.is_dir() else _CHECKOUT
    missing = [name for name in CONTENTS if not (root / name).exists()]
    if missing:
        raise StackError(f"{root} has no {' and no '.join(missing)}: this installation is broken. Install it again.")
    for name in CONTENTS:
        path = root / name
        found = sorted(path.rglob("*")) if path.is_dir() else [path]
        yield from ((file.relative_to(root).as_posix(), file) for file in found if file.is_file())


def copy(folder: str | os.PathLike[str], *, force: bool = False) -> list[str]:
    """Copies the bundle into ``folder``, which is made, and returns the paths of the files in it.

    A file that is there with another content is a :class:`StackError` and nothing is copied, unless ``force`` says to
    write over it. ``.env`` is yours and never touched.
    """
    target = Path(folder)
    found = [(name, file.read_bytes()) for name, file in files()]
    if not force:
        changed = [name for name, content in found if _differs(target / name, content)]
        if changed:
            rest = f" and {len(changed) - 3} more" if len(changed) > 3 else ""
            raise StackError(
                f"{target} already has {', '.join(changed[:3])}{rest} with another content, and nothing was copied. "
                "Name another folder, or write over them with --force."
            )
    for name, content in found:
        path = target / name
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        except OSError as error:
            raise StackError(f"{path} cannot be written: {error.strerror}.") from None
    return [name for name, _ in found]


def _differs(path: Path, content: bytes) -> bool:
    try:
        return path.read_bytes() != content
    except FileNotFoundError:
        return False
    except OSError:  # a folder of that name, or no right to read it
        return True


__all__ = ["CONTENTS", "copy", "files"]
