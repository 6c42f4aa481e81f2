"""The pytest plugin of llmotel: the fixture ``llm_calls``. It is there as soon as llmotel is installed.

Where no test asks for the fixture, nothing but this file is imported.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from llmotel.testing.calls import LlmCalls


@pytest.fixture
def llm_calls() -> Iterator[LlmCalls]:
    """The LLM calls of this test, recorded by llmotel in memory: models, tokens, cost, tool calls, and what of their
    content is exported. Nothing leaves the process, also when the application calls llmotel.init() itself."""
    from llmotel.testing.recording import recording

    with recording() as calls:
        yield calls


__all__ = ["llm_calls"]
