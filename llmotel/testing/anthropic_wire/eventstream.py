"""AWS's framing of event streams, ``application/vnd.amazon.eventstream``, in which Bedrock sends a message's stream
(https://docs.aws.amazon.com/lexv2/latest/dg/event-stream-encoding.html)."""

from __future__ import annotations

import base64
import json
import struct
from binascii import crc32

from llmotel.testing.reply import BROKEN, Body, Event

CONTENT_TYPE = "application/vnd.amazon.eventstream"

_TEXT = 7  # the type of a header whose value is a string


def frame(headers: dict[str, str], payload: bytes) -> bytes:
    """One message: total length, length of the headers, CRC-32 of the two; headers; payload; CRC-32 of all of it."""
    head = b"".join(_header(name, value) for name, value in headers.items())
    prelude = struct.pack(">II", 16 + len(head) + len(payload), len(head))
    message = prelude + struct.pack(">I", crc32(prelude)) + head + payload
    return message + struct.pack(">I", crc32(message))


def encode(event: Event) -> bytes:
    """The frame of one event of a message's stream: the event's JSON in base64 under ``bytes``.

    An error event becomes an exception frame, and :data:`BROKEN` a frame whose checksum is wrong.
    """
    if isinstance(event, dict) and event.get("type") == "error":
        return _exception("modelStreamErrorException", event["error"]["message"])
    text = event if isinstance(event, str) else json.dumps(event, separators=(",", ":"))
    payload = {"bytes": base64.b64encode(text.encode()).decode(), "p": "abcdefghijklmnop"[: 1 + len(text) % 16]}
    whole = frame({":event-type": "chunk", **_JSON, ":message-type": "event"}, _json(payload))
    return whole[:-1] + bytes([whole[-1] ^ 0xFF]) if event is BROKEN else whole


def _exception(name: str, message: str) -> bytes:
    return frame({":exception-type": name, **_JSON, ":message-type": "exception"}, _json({"message": message}))


_JSON = {":content-type": "application/json"}


def _json(payload: Body) -> bytes:
    return json.dumps(payload, separators=(",", ":")).encode()


def _header(name: str, value: str) -> bytes:
    key, text = name.encode(), value.encode()
    return bytes([len(key)]) + key + struct.pack(">BH", _TEXT, len(text)) + text
