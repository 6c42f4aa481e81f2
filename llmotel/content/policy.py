"""The content policy: what of a call's content is recorded, and in what form. Off by default.

Source: "Recording content on attributes" of the GenAI conventions: JSON strings on spans, structured values on events.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeAlias

from llmotel import semconv
from llmotel.content.document import Document
from llmotel.content.hooks import CompletionHook, adapted, load_hook
from llmotel.content.message_cache import MessageCache
from llmotel.content.meter import is_small
from llmotel.content.redaction import Redactor
from llmotel.content.sanitizer import JsonSanitizer, to_otlp_value
from llmotel.content.truncation import encode, shorten, size_of
from llmotel.errors import ConfigurationError
from llmotel.grounding import score
from llmotel.model.inference import AttributeValue, Inference
from llmotel.model.structs import Struct

if TYPE_CHECKING:
    from opentelemetry.trace import Span

SYSTEM, INPUT, OUTPUT, TOOLS = semconv.SYSTEM, semconv.INPUT_MESSAGES, semconv.OUTPUT_MESSAGES, semconv.TOOLS
CITATIONS = semconv.GROUNDING_DETAIL
MODES = ("NO_CONTENT", "SPAN_ONLY", "EVENT_ONLY", "SPAN_AND_EVENT")
_BLOB = '"blob"'
_SMALL = 4096  # bytes of a call's content that are encoded rather than looked up
_SENT_AGAIN = (SYSTEM, INPUT)
_TOOL_IDENTITY = ("type", "name")

Content: TypeAlias = dict[str, Any]


def _ignored(site: str, error: BaseException) -> None:
    """Errors that nobody asked to hear of."""


class Rendered(Struct):
    """What a call's content became.

    ``span`` maps the names of content to one JSON string each, ``event`` to the same as structured values; both
    hold what the hook returned. ``truncated_bytes`` is what was left out for size, ``redactions`` how many secrets.
    """

    span: dict[str, AttributeValue]
    references: dict[str, str]  # what the hook returned
    texts: dict[str, str]  # of the event, as JSON
    truncated_bytes: int = 0
    redactions: int = 0

    def __init__(self) -> None:
        super().__init__({}, {}, {})

    @property
    def event(self) -> dict[str, Any]:
        """Made when it is asked for: events are sent on a thread of llmotel's own."""
        return {**self.references, **{name: to_otlp_value(text) for name, text in self.texts.items()}}


class ContentPolicy:
    """Renders the content of calls.

    Each value is at most ``max_bytes`` of UTF-8 and always valid JSON: the longest strings are shortened first and say
    how much is missing, then messages are left out from the middle. Redaction comes before. A blob is recorded by its
    size, a tool by type and name unless ``tool_schemas``. Successful calls keep content in the ratio ``sample_ratio``,
    failed ones always.

    ``captures`` says whether anybody wants content: readers fill it only then. ``on_error`` is told the site and the
    error of a hook that fails.
    """

    def __init__(
        self,
        *,
        mode: str = "NO_CONTENT",
        max_bytes: int = 65536,
        sample_ratio: float = 1.0,
        redactor: Redactor | None = None,
        hook: object | None = None,
        tool_schemas: bool = False,
        on_error: Callable[[str, BaseException], None] = _ignored,
    ) -> None:
        if mode not in MODES:
            raise ConfigurationError(
                f"OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT={mode!r}: use {', '.join(MODES)}"
            )
        if max_bytes < 64:
            raise ConfigurationError(f"LLMOTEL_CONTENT_MAX_BYTES={max_bytes}: use 64 or more")
        self.on_span = mode in ("SPAN_ONLY", "SPAN_AND_EVENT")
        self.on_event = mode in ("EVENT_ONLY", "SPAN_AND_EVENT")
        self.hook = None if hook is None else adapted(hook)
        self.captures = mode != "NO_CONTENT" or hook is not None
        self.max_bytes = max_bytes
        self._sample_ratio = sample_ratio
        self._redactor = redactor
        # A redaction of the application's own is asked about every text: what it says is not ours to remember.
        self._cache = None if redactor is not None and redactor.is_custom else MessageCache()
        self._tool_schemas = tool_schemas
        self._on_error = on_error

    def keeps(self, *, failed: bool, draw: float | None = None) -> bool:
        """Whether this call's content goes on the span or event. ``draw``, from 0 to 1, decides instead of chance."""
        if not (self.on_span or self.on_event):
            return False
        if failed or self._sample_ratio >= 1.0:
            return True
        return (random.random() if draw is None else draw) < self._sample_ratio

    def render(self, inference: Inference, *, failed: bool, span: Span | None = None) -> Rendered:
        """The call's content under this policy. The hook is called in any case, the rest follows :meth:`keeps`."""
        rendered = Rendered()
        content: Content = {
            SYSTEM: inference.system, INPUT: inference.input, OUTPUT: inference.output, TOOLS: inference.tools
        }  # fmt: skip
        kept = self.keeps(failed=failed)
        if inference.answer is not None and kept:
            content[CITATIONS], missing = score.cited(inference.answer, 4 * self.max_bytes)
            rendered.truncated_bytes += missing
        redactor = self._redactor
        if self.hook is not None:
            content = self._handed_over(self.hook, content, span, rendered)
            redactor = None  # done: what is recorded now is as the hook left it
        if kept:
            if content[TOOLS] and not self._tool_schemas:
                content[TOOLS] = [_identity(tool) for tool in content[TOOLS]]
            small = is_small(list(content.values()), _SMALL)
            for name, value in content.items():
                if value:
                    text = self._as_it_is(value, redactor) if small else None
                    if text is None:
                        text = self._json(value, redactor, rendered, self._cache if name in _SENT_AGAIN else None)
                    if self.on_span:
                        rendered.span[name] = text
                    if self.on_event:
                        rendered.texts[name] = text
        return rendered

    def value(self, value: Any, rendered: Rendered) -> str:
        """One value by itself, such as the arguments of a tool, as JSON under this policy; what that took is added to
        the counts of ``rendered``."""
        return self._json([value], self._redactor, rendered)[1:-1]

    def text(self, text: str) -> str:
        """A text that may hold content, such as an exception's message, under this policy: redacted and at most
        ``max_bytes`` long, or empty where content is not recorded."""
        if not (self.on_span or self.on_event):
            return ""
        head, missing = JsonSanitizer(self._redactor).head(text, self.max_bytes)
        if not missing and size_of(head) <= self.max_bytes:
            return head
        return shorten(head, self.max_bytes, missing)[0]

    def flush(self, timeout: float = 10.0) -> bool:
        """Waits for the hook to have stored what it was given; ``True`` when it has."""
        return self._told("flush", timeout) is not False

    def shutdown(self) -> None:
        """Lets the hook finish; it is not called again. Drops what is remembered of messages."""
        self._told("shutdown")
        if self._cache is not None:
            self._cache.close()

    def _told(self, method: str, *arguments: float) -> object:
        told = getattr(self.hook, method, None)
        try:
            return told(*arguments) if told is not None else None
        except Exception as error:
            self._on_error("completion_hook", error)
            return False

    def _handed_over(self, hook: CompletionHook, content: Content, span: Span | None, rendered: Rendered) -> Content:
        copies: dict[str, list[dict[str, Any]]] = {}
        for name, value in content.items():
            copier = JsonSanitizer(self._redactor)
            copies[name] = copier.copy(value or [])
            rendered.redactions += copier.redactions
        try:
            returned = hook(
                inputs=copies[INPUT], outputs=copies[OUTPUT], system=copies[SYSTEM], tools=copies[TOOLS], span=span
            )
            for key, value in dict(returned or {}).items():
                if not (isinstance(key, str) and isinstance(value, str)):
                    raise TypeError("a completion hook returns a mapping of strings to strings, or None")
                rendered.span[key] = rendered.references[key] = value
        except Exception as error:
            self._on_error("completion_hook", error)
        return dict(copies)

    def _as_it_is(self, value: list[Any], redactor: Redactor | None) -> str | None:
        """The text of content that is small and clean, as most is: to look up its messages takes longer."""
        try:
            text = encode(value)
            if size_of(text) > self.max_bytes or _BLOB in text:  # a lone surrogate raises
                return None
        except Exception:
            return None
        return text if redactor is None or not redactor.may_contain_secret(text) else None

    def _json(
        self, value: list[Any], redactor: Redactor | None, rendered: Rendered, cache: MessageCache | None = None
    ) -> str:
        document = Document(self.max_bytes, redactor, cache)
        text = document.text(value)
        rendered.redactions += document.redactions
        rendered.truncated_bytes += document.left_out
        return text


def _identity(tool: Any) -> dict[str, Any]:
    return {key: tool[key] for key in _TOOL_IDENTITY if key in tool} if isinstance(tool, dict) else {}


__all__ = ["INPUT", "MODES", "OUTPUT", "SYSTEM", "TOOLS", "CompletionHook", "ContentPolicy", "Rendered", "load_hook"]
