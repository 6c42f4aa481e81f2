"""Values and attributes of OTLP as Python has them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue

_DEEPEST = 64


def plain(value: AnyValue, depth: int = 0) -> Any:
    """The value as a string, number, bool, bytes, list, dict or ``None``."""
    kind = value.WhichOneof("value")
    if kind == "string_value":
        return value.string_value
    if kind == "int_value":
        return value.int_value
    if kind == "double_value":
        return value.double_value
    if kind == "bool_value":
        return value.bool_value
    if kind is None or depth > _DEEPEST:
        return None
    if kind == "array_value":
        return [plain(item, depth + 1) for item in value.array_value.values]
    if kind == "kvlist_value":
        return {item.key: plain(item.value, depth + 1) for item in value.kvlist_value.values}
    if kind == "bytes_value":
        return value.bytes_value
    return None


def attributes(pairs: Iterable[KeyValue]) -> dict[str, Any]:
    """Attributes as a dict; of a name that is there twice, the last value."""
    return {pair.key: plain(pair.value) for pair in pairs}


__all__ = ["attributes", "plain"]
