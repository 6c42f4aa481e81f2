"""What a server says of its own time: how long a request waited, and what its prompt and its answer took.

The conventions have metrics of servers and no attribute of spans for it, hence ``llmotel.server.*``, in seconds.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from llmotel.model.inference import Inference
from llmotel.spec.reading import get, number

_DAY = 86_400.0


def read_times(inference: Inference, given: Any, names: Mapping[str, str], unit: float = 1.0) -> None:
    """Puts the times of ``given`` on the record: ``names`` has the attribute of each field, ``unit`` its seconds."""
    for field, attribute in names.items():
        time = number(get(given, field))
        if time is not None and 0 <= time * unit < _DAY:
            inference.attributes[attribute] = time * unit
