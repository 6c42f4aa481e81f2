"""Import hooks, one for each module that is yet to be imported: wrapt never takes one back.

What is to be done when the module is imported can be changed meanwhile; the hook that asks for it stays.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Hashable
from typing import Any

import wrapt

Action = Callable[[Any], None]

_actions: dict[str, dict[Hashable, Action]] = {}


def on_import(module: str, key: Hashable, action: Action) -> None:
    """Runs ``action`` with ``module`` when it is imported: now, if it is already. A later ``action`` of the same
    ``key`` replaces the one before."""
    if module in sys.modules:
        action(sys.modules[module])
        return
    armed = module in _actions
    _actions.setdefault(module, {})[key] = action
    if not armed:
        wrapt.register_post_import_hook(_run, module)


def _run(module: Any) -> None:
    for action in _actions.pop(module.__name__, {}).values():  # wrapt forgets a hook that has run
        action(module)


__all__ = ["on_import"]
