"""The HTTP library that the installed client libraries stand on: ``httpx2``, and ``httpx`` under the older ones."""

from __future__ import annotations

from importlib import import_module
from typing import Any

import openai

httpx: Any = import_module(openai.DefaultHttpxClient.__mro__[1].__module__.partition(".")[0])

httpx_1: Any = import_module("httpx")
"""The one that most client libraries stand on still, in any version."""

__all__ = ["httpx", "httpx_1"]
