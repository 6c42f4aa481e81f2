"""A rough count of tokens for streams whose provider sent none: opt-in, flagged, and never in the token metrics."""

from __future__ import annotations

from typing import Any

from llmotel import semconv
from llmotel.model.inference import Inference
from llmotel.model.json_text import JsonText

CHARS_PER_TOKEN = 4  # OpenAI's rule of thumb for English text; other languages take more tokens for the same characters


def estimate(inference: Inference) -> None:
    """Sets ``llmotel.usage.estimated.*`` from the length of what was said, and says so in ``usage_source``.

    Text, tool arguments and tool results count; images and other media do not. The token attributes and counters of
    the conventions stay empty: they hold what a provider said, or nothing.
    """
    inference.usage_source = "estimated"
    inference.attributes[semconv.ESTIMATED_INPUT_TOKENS] = _tokens([inference.system, inference.input, inference.tools])
    inference.attributes[semconv.ESTIMATED_OUTPUT_TOKENS] = _tokens(inference.output)


def _tokens(said: Any) -> int:
    return -(-_characters(said) // CHARS_PER_TOKEN)


def _characters(value: Any) -> int:
    if isinstance(value, str):
        return len(value)
    if isinstance(value, JsonText):
        return _characters(value.value)
    if isinstance(value, list):
        return sum(map(_characters, value))
    if isinstance(value, dict) and value.get("type") not in ("blob", "file", "uri"):
        return sum(
            _characters(item) for key, item in value.items() if key not in ("type", "role", "id", "finish_reason")
        )
    return 0
