"""Completion hooks: where content can go besides the signals. Loaded by name, in llmotel's form or OpenTelemetry's."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Any, Protocol, cast

from llmotel.errors import ConfigurationError

if TYPE_CHECKING:
    from opentelemetry.trace import Span

    from llmotel.config.config import Config

_GROUP = "opentelemetry_genai_completion_hook"
_SETTING = "OTEL_INSTRUMENTATION_GENAI_COMPLETION_HOOK"


class CompletionHook(Protocol):
    """What is called once for every finished call, whatever is captured or sampled.

    It gets redacted copies in the shapes of ``gen_ai.input.messages``, ``.output.messages``, ``.system_instructions``
    and ``.tool.definitions`` (blobs and tool schemas included), and the span, which is still open. Changes that it
    makes to the lists are recorded. What it returns becomes attributes, such as references to what it stored. It runs
    on the caller's thread, so it should hand work over; what it raises is counted and goes no further.
    """

    def __call__(
        self,
        *,
        inputs: list[dict[str, Any]],
        outputs: list[dict[str, Any]],
        system: list[dict[str, Any]],
        tools: list[dict[str, Any]],
        span: Span | None,
    ) -> Mapping[str, str] | None: ...


def load_hook(name: str, config: Config) -> CompletionHook:
    """The hook called ``name``: ``upload``, or what the entry point of that name in the group
    ``opentelemetry_genai_completion_hook`` makes when called.

    Raises ``ConfigurationError`` when there is none or it cannot be made.
    """
    if name == "upload":
        from llmotel.content.upload import UploadHook

        return UploadHook(config.upload_base_path or "", config.upload_format, config.upload_max_queue_size)
    from importlib.metadata import entry_points

    found = entry_points(group=_GROUP)
    if name not in found.names:
        known = ", ".join(sorted({"upload", *found.names}))
        raise ConfigurationError(f"{_SETTING}={name!r}: no such hook is installed; there is {known}")
    try:
        return adapted(found[name].load()())
    except Exception as error:
        raise ConfigurationError(f"{_SETTING}={name!r}: the hook cannot be made: {error!r}") from error


def adapted(hook: object) -> CompletionHook:
    """``hook`` as a ``CompletionHook``: one already, or an object with OpenTelemetry's ``on_completion``."""
    if hasattr(hook, "on_completion"):
        return _StandardHook(hook)
    if callable(hook):
        return cast(CompletionHook, hook)
    raise ConfigurationError(
        f"{_SETTING}: {type(hook).__name__} is no completion hook; it has to be callable or have on_completion()"
    )


class _StandardHook:
    """A hook of ``opentelemetry.util.genai.completion_hook``. Those expect that package's dataclasses; where it is not
    installed they get dicts. They set their references on the span themselves."""

    def __init__(self, hook: Any) -> None:
        self._hook = hook
        try:
            types: Any = import_module("opentelemetry.util.genai.types")
        except ImportError:
            types = None
        self._types = types
        self._by_kind: dict[str, Any] = {}  # "text" -> TextPart, "function" -> FunctionToolDefinition, ...
        for made in vars(types).values() if types else ():
            if is_dataclass(made) and isinstance(kind := getattr(made, "type", None), str):
                self._by_kind[kind] = made

    def __call__(
        self,
        *,
        inputs: list[dict[str, Any]],
        outputs: list[dict[str, Any]],
        system: list[dict[str, Any]],
        tools: list[dict[str, Any]],
        span: Span | None,
    ) -> None:
        self._hook.on_completion(
            inputs=[self._message(message, "InputMessage") for message in inputs],
            outputs=[self._message(message, "OutputMessage") for message in outputs],
            system_instruction=[self._part(part, "GenericPart") for part in system],
            tool_definitions=[self._part(tool, "GenericToolDefinition") for tool in tools],
            span=span,
            log_record=None,
        )

    def shutdown(self) -> None:
        """Lets the hook finish, if it has something to finish."""
        shutdown = getattr(self._hook, "shutdown", None)
        if shutdown is not None:
            shutdown()

    def _message(self, message: dict[str, Any], name: str) -> Any:
        if self._types is None:
            return message
        parts = [self._part(part) for part in message.get("parts") or ()]
        return _made(getattr(self._types, name), {**message, "parts": parts})

    def _part(self, part: dict[str, Any], otherwise: str | None = None) -> Any:
        made = self._by_kind.get(part.get("type", ""))
        if made is None and self._types is not None and otherwise is not None:
            made = getattr(self._types, otherwise, None)
        return part if made is None else _made(made, part)


def _made(record: Any, values: dict[str, Any]) -> Any:
    return record(**{field.name: values.get(field.name) for field in fields(record)})


__all__ = ["CompletionHook", "adapted", "load_hook"]
