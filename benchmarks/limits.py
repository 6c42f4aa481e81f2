"""What llmotel promises to cost at most. The tests hold the counted ones; the report prints all of them.

Measured on Python 3.11 with openai 3.54, anthropic 2.12 and OpenTelemetry 1.45.
"""

from __future__ import annotations

import sys
from typing import NamedTuple

# Bytecodes became fewer with every version since: 3.10 executes up to a tenth more for the same lines.
SLACK = 1.1 if sys.version_info < (3, 11) else 1.0


class Limit(NamedTuple):
    """``figure`` of ``row`` stays at or below ``most``, or below ``most`` times the same figure of ``relative_to``."""

    title: str
    row: str
    figure: str
    most: float
    unit: str
    relative_to: str = ""


OPCODES = (
    Limit("chat, legacy metrics", "llmotel:legacy", "chat", 7_500, "bytecodes"),
    Limit("chat, latest metrics and cost", "llmotel:latest", "chat", 6_500, "bytecodes"),
    Limit("chat, latest metrics and cost", "llmotel:latest", "chat", 1.5, "x the floor", relative_to="floor:latest"),
    Limit("chat, content on, legacy", "llmotel:legacy+content", "chat", 10_000, "bytecodes"),
    Limit("chat, content on, latest", "llmotel:latest+content", "chat", 10_000, "bytecodes"),
    Limit("anthropic message", "llmotel:latest", "message", 6_500, "bytecodes"),
    Limit("embeddings of 32 inputs", "llmotel:latest", "embeddings", 5_200, "bytecodes"),
    Limit("openai chunk", "llmotel:latest", "stream chunk", 48, "bytecodes"),
    Limit("anthropic delta, stream=True", "llmotel:latest", "events chunk", 33, "bytecodes"),
    Limit("anthropic delta, messages.stream", "llmotel:latest", "helper chunk", 33, "bytecodes"),
)
MEMORY = (Limit("peak of a stream of 20,000 chunks", "llmotel:latest", "peak_kb", 100, "KB"),)
STARTUP = (
    Limit("CPU of import and init over SDK and providers", "llmotel:latest", "init_min_ms", 30, "ms"),
    Limit("memory after the first call, prices included", "llmotel:latest", "memory_mb", 6, "MB"),
)
