"""``llmotel local`` and the commands that ask it."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable
from pathlib import Path

from llmotel.local.errors import LocalError

_NEEDED = "This needs packages that are not here ({name}). Install them: pip install 'llmotel[local]'"


def data_folder() -> Path:
    """Where the platform keeps the data of applications."""
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Application Support" / "llmotel"
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local") / "llmotel"
    given = os.environ.get("XDG_DATA_HOME", "")
    return (Path(given) if os.path.isabs(given) else Path.home() / ".local" / "share") / "llmotel"


def serve(options: argparse.Namespace) -> int:
    """Takes OTLP until a signal ends it."""
    from llmotel.local.running import serve as run

    return run(options, data_folder())


def _asking(name: str) -> Callable[[argparse.Namespace], int]:
    """A command that asks what :mod:`llmotel.local.terminal` shows."""

    def run(options: argparse.Namespace) -> int:
        from llmotel.local import terminal
        from llmotel.local.asking import open_source

        shows: dict[str, Callable[..., int]] = {
            "report": terminal.report,
            "trace": terminal.trace,
            "calls": terminal.calls,
            "sessions": terminal.sessions,
        }
        with open_source(options, data_folder()) as source:
            return shows[name](source, options)

    return run


def _export(options: argparse.Namespace) -> int:
    from llmotel.local.asking import open_source
    from llmotel.local.files import give
    from llmotel.local.terminal import pairs

    with open_source(options, data_folder()) as source:
        return give(source, options, pairs(options))


def _import(options: argparse.Namespace) -> int:
    from llmotel.local.asking import open_source
    from llmotel.local.files import take

    taken = refused = 0
    with open_source(options, data_folder(), make=True) as source:
        for path in options.files:
            more, less = take(source, path)
            taken, refused = taken + more, refused + less
    print(f"{taken} requests stored" + (f", {refused} refused" if refused else ""))
    return 1 if refused else 0


def _mcp(options: argparse.Namespace) -> int:
    from llmotel.local.asking import open_source
    from llmotel.local.mcp import serve as run

    with open_source(options, data_folder(), make=True) as source:
        return run(source)


def _guarded(command: Callable[[argparse.Namespace], int]) -> Callable[[argparse.Namespace], int]:
    def run(options: argparse.Namespace) -> int:
        try:
            return command(options)
        except ModuleNotFoundError as error:
            if error.name is None or error.name.partition(".")[0] == "llmotel":
                raise
            print(_NEEDED.format(name=error.name), file=sys.stderr)
        except LocalError as error:
            print(error, file=sys.stderr)
        return 1

    return run


COMMANDS: dict[str, Callable[[argparse.Namespace], int]] = {
    "serve": _guarded(serve),
    "export": _guarded(_export),
    "import": _guarded(_import),
    "mcp": _guarded(_mcp),
    **{name: _guarded(_asking(name)) for name in ("report", "trace", "calls", "sessions")},
}

__all__ = ["COMMANDS", "data_folder"]
