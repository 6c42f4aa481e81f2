"""Whole spans, with every attribute, of one call of each kind. ``docs/telemetry`` is rendered from the same scenarios.

After a change that is meant: ``pytest tests/contract/test_snapshots.py --inline-snapshot=fix``, and read the diff.
"""

from __future__ import annotations

from typing import Any

import pytest
from inline_snapshot import snapshot

from contract.scenarios import SCENARIOS, Scenario, observe
from llmotel.testing import ProviderServer

SPANS: Any = snapshot()
EVENTS: Any = snapshot()
METRICS: Any = snapshot()
