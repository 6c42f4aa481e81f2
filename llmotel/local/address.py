"""Where `llmotel local` listens where nothing else is said."""

from __future__ import annotations

URL = "http://127.0.0.1:4318"
