"""The content policy of those who capture nothing, which is the default: it loads nothing of what capturing takes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from opentelemetry.trace import Span

    from llmotel.content.policy import Rendered
    from llmotel.model.inference import Inference


class NoContentPolicy:
    """As :class:`llmotel.content.policy.ContentPolicy` with ``NO_CONTENT`` and no hook."""

    captures = False
    on_span = on_event = False
    hook = None

    def keeps(self, *, failed: bool) -> bool:  # noqa: ARG002
        """No content goes anywhere."""
        return False

    def render(self, inference: Inference, *, failed: bool, span: Span | None = None) -> Rendered | None:  # noqa: ARG002
        """Nothing became of the call's content."""
        return None

    def value(self, value: Any, rendered: Rendered) -> str:  # noqa: ARG002
        """A value that nobody is to see."""
        return ""

    def text(self, text: str) -> str:  # noqa: ARG002
        """A text that nobody is to see."""
        return ""

    def flush(self, timeout: float = 10.0) -> bool:  # noqa: ARG002
        """Nothing waits."""
        return True

    def shutdown(self) -> None:
        """There is nothing to end."""


__all__ = ["NoContentPolicy"]
