"""What is no inference: models, files, batches (https://platform.openai.com/docs/api-reference), and moderations."""

from __future__ import annotations

from collections.abc import Sequence

from llmotel.testing.reply import Body
from llmotel.testing.samples import CREATED, ident

_CATEGORIES = (
    "harassment", "harassment/threatening", "hate", "hate/threatening", "illicit", "illicit/violent", "self-harm",
    "self-harm/intent", "self-harm/instructions", "sexual", "sexual/minors", "violence", "violence/graphic",
)  # fmt: skip


def moderations(
    inputs: int = 1, *, flagged: Sequence[str] = (), model: str = "omni-moderation-latest", extra: Body | None = None
) -> Body:
    """A result for every one of the ``inputs``, with the categories ``flagged`` (``hate``, ``violence/graphic``)."""
    result = {
        "flagged": bool(flagged),
        "categories": {name: name in flagged for name in _CATEGORIES},
        "category_scores": {name: 0.97 if name in flagged else 0.0001 for name in _CATEGORIES},
        "category_applied_input_types": {name: ["text"] for name in _CATEGORIES},
    }
    return {"id": ident("modr-", flagged, inputs), "model": model, "results": [result] * inputs, **(extra or {})}


def model(id: str = "gpt-4.1", *, owned_by: str = "system") -> Body:  # noqa: A002
    return {"id": id, "object": "model", "created": CREATED, "owned_by": owned_by}


def models(*ids: str) -> Body:
    return {"object": "list", "data": [model(id) for id in ids or ("gpt-4.1", "gpt-4o-mini", "o4-mini")]}  # noqa: A001


def file(filename: str = "batch.jsonl", *, size: int = 120, purpose: str = "batch", id: str | None = None) -> Body:  # noqa: A002
    """A file that was uploaded; ``size`` is in bytes."""
    return {
        "id": id or ident("file-", filename, size),
        "object": "file",
        "bytes": size,
        "created_at": CREATED,
        "expires_at": None,
        "filename": filename,
        "purpose": purpose,
        "status": "processed",
        "status_details": None,
    }


def batch(
    status: str = "validating",
    *,
    endpoint: str = "/v1/chat/completions",
    input_file_id: str = "file-abc123",
    metadata: Body | None = None,
    id: str | None = None,  # noqa: A002
) -> Body:
    """A batch of one request."""
    done = status == "completed"
    return {
        "id": id or ident("batch_", endpoint, input_file_id),
        "object": "batch",
        "endpoint": endpoint,
        "errors": None,
        "input_file_id": input_file_id,
        "completion_window": "24h",
        "status": status,
        "output_file_id": "file-cvaTdG" if done else None,
        "error_file_id": None,
        "created_at": CREATED,
        "in_progress_at": CREATED + 60 if done else None,
        "expires_at": CREATED + 86400,
        "finalizing_at": CREATED + 120 if done else None,
        "completed_at": CREATED + 130 if done else None,
        "failed_at": None,
        "expired_at": None,
        "cancelling_at": None,
        "cancelled_at": None,
        "request_counts": {"total": 1, "completed": int(done), "failed": 0},
        "metadata": metadata,
    }
