"""The frames of Bedrock's streams, ``application/vnd.amazon.eventstream``: one per event, whose name is a header
(https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_ConverseStream.html)."""

from __future__ import annotations

import base64
import json

from llmotel.testing.anthropic_wire.eventstream import CONTENT_TYPE, frame
from llmotel.testing.reply import BROKEN, Body, Event

_JSON = {":content-type": "application/json"}
_PAD = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"


def encode(event: Event) -> bytes:
    """The frame of ``{name: payload}``; one whose name ends in ``Exception`` is an exception, and :data:`BROKEN` a
    frame whose checksum is wrong. Bytes in a payload travel in base64. Converse's payloads are padded, so that their
    lengths tell nothing."""
    if isinstance(event, str):
        whole = frame({":event-type": "messageStop", **_JSON, ":message-type": "event"}, event.encode())
        return whole[:-1] + bytes([whole[-1] ^ 0xFF]) if event is BROKEN else whole
    [(name, payload)] = event.items()
    if name.endswith("Exception"):
        return frame({":exception-type": name, **_JSON, ":message-type": "exception"}, _json(payload))
    sent = _json(payload)
    if name != "chunk":
        sent = _json({**payload, "p": _PAD[: 1 + len(sent) % len(_PAD)]})
    return frame({":event-type": name, **_JSON, ":message-type": "event"}, sent)


def encode_chunk(event: Event) -> bytes:
    """As :func:`encode` for the stream of InvokeModel: the event of a model becomes the ``bytes`` of a ``chunk``."""
    if isinstance(event, dict) and len(event) == 1 and next(iter(event)).endswith("Exception"):
        return encode(event)
    if isinstance(event, dict) and event.get("type") == "error":  # Anthropic's own
        return encode({"modelStreamErrorException": {"message": event["error"]["message"]}})
    if event is BROKEN:
        return encode(event)
    said = event if isinstance(event, str) else json.dumps(event, separators=(",", ":"))
    return encode({"chunk": {"bytes": said.encode(), "p": _PAD[: 1 + len(said) % 16]}})


def _json(payload: Body) -> bytes:
    return json.dumps(payload, separators=(",", ":"), default=_base64).encode()


def _base64(value: bytes) -> str:
    return base64.b64encode(value).decode()


__all__ = ["CONTENT_TYPE", "encode", "encode_chunk"]
