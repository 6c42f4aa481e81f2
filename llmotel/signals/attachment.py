"""Taking back a context that was made current, wherever the code that does so ends up."""

from __future__ import annotations

from typing import Any

from opentelemetry import context


def detach(token: Any) -> None:
    """Makes current again what was before ``token``. Never raises and never logs: a generator or coroutine that was
    dropped is closed in another context, where what it attached is not current, and nothing is to be taken back."""
    try:
        token.var.reset(token)
    except ValueError:
        pass
    except AttributeError:  # a runtime context that the application chose: its tokens are its own
        context.detach(token)


__all__ = ["detach"]
