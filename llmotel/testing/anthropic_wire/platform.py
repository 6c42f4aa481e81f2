"""What is no inference: token counts, batches, models (https://platform.claude.com/docs/en/api)."""

from __future__ import annotations

from llmotel.testing.reply import Body
from llmotel.testing.samples import ident

CREATED = "2026-01-01T00:00:00Z"


def count_tokens(input_tokens: int = 14) -> Body:
    return {"input_tokens": input_tokens}


def batch(status: str = "in_progress", *, requests: int = 1, id: str | None = None) -> Body:  # noqa: A002
    """A batch of messages; ``status`` is ``in_progress``, ``canceling`` or ``ended``."""
    id = id or ident("msgbatch_01", requests, length=22)  # noqa: A001
    done = status == "ended"
    url = f"https://api.anthropic.com/v1/messages/batches/{id}/results"
    return {
        "id": id,
        "type": "message_batch",
        "processing_status": status,
        "request_counts": {
            "processing": 0 if done else requests,
            "succeeded": requests if done else 0,
            "errored": 0,
            "canceled": 0,
            "expired": 0,
        },
        "ended_at": "2026-01-01T00:10:00Z" if done else None,
        "created_at": CREATED,
        "expires_at": "2026-01-02T00:00:00Z",
        "archived_at": None,
        "cancel_initiated_at": None,
        "results_url": url if done else None,
    }


def model(id: str = "claude-sonnet-4-5-20250929", *, display_name: str = "Claude Sonnet 4.5") -> Body:  # noqa: A002
    return {"type": "model", "id": id, "display_name": display_name, "created_at": CREATED, "lifecycle": "active"}


def models() -> Body:
    """A page of one model."""
    only = model()
    return {"data": [only], "first_id": only["id"], "last_id": only["id"], "has_more": False}
