"""From the body of an OTLP request to a message of opentelemetry-proto."""

from __future__ import annotations

import base64
import json
import zlib
from typing import Any, TypeVar

from google.protobuf import json_format
from google.protobuf.message import DecodeError, Message

from llmotel.local.errors import UnreadableError

M = TypeVar("M", bound=Message)

_IDS = frozenset({"traceId", "spanId", "parentSpanId", "trace_id", "span_id", "parent_span_id"})


class TooLargeError(UnreadableError):
    """A body is larger, once decompressed, than is taken."""


def inflated(body: bytes, encoding: str, limit: int) -> bytes:
    """``body`` without its ``Content-Encoding``. Raises :class:`TooLargeError` beyond ``limit`` bytes, before they are
    made, and :class:`~llmotel.local.errors.UnreadableError`."""
    for name in reversed([part.strip().lower() for part in encoding.split(",") if part.strip()] or ["identity"]):
        if name in ("gzip", "x-gzip"):
            body = _gunzipped(body, limit)
        elif name == "deflate":
            body = _whole(zlib.decompressobj(), body, limit, "deflate")
        elif name == "zstd":
            body = _unzstd(body, limit)
        elif name != "identity":
            raise UnreadableError(
                f"Content-Encoding: {name!r} is not known; accepted are gzip, zstd, deflate and identity"
            )
    if len(body) > limit:
        raise TooLargeError(f"the body has more than {limit} bytes")
    return body


def _gunzipped(body: bytes, limit: int) -> bytes:
    parts, room = [], limit
    while body:  # gzip files may be joined
        stream = zlib.decompressobj(16 + zlib.MAX_WBITS)
        part = _whole(stream, body, room, "gzip")
        parts.append(part)
        room -= len(part)
        body = stream.unused_data
    return parts[0] if len(parts) == 1 else b"".join(parts)


def _whole(stream: Any, body: bytes, limit: int, name: str) -> bytes:
    try:
        made: bytes = stream.decompress(body, limit + 1)
    except zlib.error as error:
        raise UnreadableError(f"the body is not {name}: {error}") from None
    if len(made) > limit:
        raise TooLargeError(f"the body has more than {limit} bytes once decompressed")
    if not stream.eof:
        raise UnreadableError(f"the {name} body ends early")
    return made


def _unzstd(body: bytes, limit: int) -> bytes:
    try:
        import zstandard
    except ImportError:
        raise UnreadableError("Content-Encoding: zstd needs the package zstandard; send gzip, or install it") from None
    parts: list[bytes] = []
    size = 0
    try:
        with zstandard.ZstdDecompressor(max_window_size=1 << 27).stream_reader(body, read_across_frames=True) as reader:
            while part := reader.read(1 << 16):
                size += len(part)
                if size > limit:
                    raise TooLargeError(f"the body has more than {limit} bytes once decompressed")
                parts.append(part)
    except zstandard.ZstdError as error:
        raise UnreadableError(f"the body is not zstd: {error}") from None
    return b"".join(parts)


def protobuf(kind: type[M], body: bytes) -> M:
    """``body`` as the message ``kind``. Raises :class:`~llmotel.local.errors.UnreadableError`."""
    message = kind()
    try:
        message.ParseFromString(body)
    except DecodeError as error:
        raise UnreadableError(f"the body is no {kind.DESCRIPTOR.name} in protobuf: {error}") from None
    return message


def otlp_json(kind: type[M], body: bytes) -> M:
    """``body`` as OTLP defines its JSON: ids in hexadecimal, enumerations as numbers, unknown fields left out.

    Raises :class:`~llmotel.local.errors.UnreadableError`, which names the field.
    """
    try:
        value = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise UnreadableError(f"the body is not JSON: {error}") from None
    if not isinstance(value, dict):
        raise UnreadableError(f"the body is no JSON object but {type(value).__name__}")
    try:
        _ids(value, "")
        return json_format.ParseDict(value, kind(), ignore_unknown_fields=True, max_recursion_depth=100)
    except (json_format.ParseError, RecursionError, ValueError, TypeError, AttributeError, OverflowError) as error:
        if isinstance(error, UnreadableError):
            raise
        raise UnreadableError(f"{kind.DESCRIPTOR.name}: {error}") from None


def _ids(value: Any, path: str) -> None:
    """Hexadecimal ids in ``value`` as the base64 that protobuf's own JSON has, in place."""
    if isinstance(value, dict):
        for name, item in value.items():
            if name in _IDS and isinstance(item, str):
                try:
                    value[name] = base64.b64encode(bytes.fromhex(item)).decode()
                except ValueError:
                    raise UnreadableError(f"{path}{name}: {item[:80]!r} is not hexadecimal") from None
            elif isinstance(item, (dict, list)) and name not in ("body", "value", "attributes"):
                _ids(item, f"{path}{name}.")
    elif isinstance(value, list):
        for place, item in enumerate(value):
            _ids(item, f"{path[:-1]}[{place}].")


__all__ = ["TooLargeError", "inflated", "otlp_json", "protobuf"]
