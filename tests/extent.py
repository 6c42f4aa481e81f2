"""How much of the tests runs, as the environment says: `make test`, `make test-all`, or one set of client libraries."""

from __future__ import annotations

import os

EVERYTHING = bool(os.environ.get("LLMOTEL_TEST_ALL"))
"""Whether this is `make test-all`: the tests marked ``everything`` too, every crossing, long streams and many examples."""

OLDEST = os.environ.get("LLMOTEL_TEST_VERSIONS", "").startswith("oldest")
"""Whether the oldest supported client libraries are installed."""
