"""The calls of a test, and assertions about them that say what was there instead."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, Protocol, overload
from urllib.parse import quote

from llmotel.testing.recorded import RecordedCall, ToolCall


class Source(Protocol):
    """What was recorded: :class:`llmotel.testing.recording.Recording`, whose module imports this one."""

    def calls(self) -> list[RecordedCall]: ...
    def open_streams(self) -> int: ...
    def spans(self) -> list[Any]: ...
    def events(self) -> list[Any]: ...
    def metrics(self) -> dict[str, list[Any]]: ...
    def texts(self) -> Iterator[tuple[str, str]]: ...
    def clear(self) -> None: ...


class LlmCalls(Sequence[RecordedCall]):
    """The calls of a test, in the order in which they began. A stream is there once it has ended.

    >>> def test_answers_with_the_small_model(llm_calls):
    ...     answer("What is the capital of France?")
    ...     assert llm_calls.only.tokens < 500
    ...     llm_calls.assert_models("gpt-4.1-mini")
    ...     llm_calls.assert_no_content("capital of France")
    """

    def __init__(self, recording: Source) -> None:
        self._recording = recording

    def __len__(self) -> int:
        return len(self._recording.calls())

    def __iter__(self) -> Iterator[RecordedCall]:
        return iter(self._recording.calls())

    @overload
    def __getitem__(self, index: int) -> RecordedCall: ...
    @overload
    def __getitem__(self, index: slice) -> list[RecordedCall]: ...
    def __getitem__(self, index: int | slice) -> RecordedCall | list[RecordedCall]:
        return self._recording.calls()[index]

    def __repr__(self) -> str:
        return f"<LlmCalls: {self._listed()}>"

    @property
    def only(self) -> RecordedCall:
        """The one call that was made; an ``AssertionError`` that lists them when there is another number of them."""
        __tracebackhide__ = True
        calls = self._recording.calls()
        if len(calls) != 1:
            raise AssertionError(f"expected exactly 1 LLM call, there are {self._listed()}")
        return calls[0]

    @property
    def models(self) -> list[str | None]:
        """The model that each call asked for."""
        return [call.model for call in self]

    @property
    def tokens(self) -> int:
        """Tokens of all calls, sent and received."""
        return sum(call.tokens for call in self)

    @property
    def cost(self) -> float:
        """What all calls with a known price cost, in USD. :meth:`assert_cost_below` also looks at the others."""
        return sum(call.cost or 0.0 for call in self)

    @property
    def tool_calls(self) -> list[ToolCall]:
        """What the models asked the application to run, in order."""
        return [tool for call in self for tool in call.tool_calls]

    @property
    def errors(self) -> list[RecordedCall]:
        """The calls that failed."""
        return [call for call in self if call.failure is not None]

    @property
    def spans(self) -> list[Any]:
        """Every exported span, as OpenTelemetry's ``ReadableSpan``."""
        return self._recording.spans()

    @property
    def events(self) -> list[Any]:
        """Every exported event, as OpenTelemetry's ``LogRecord``."""
        return self._recording.events()

    @property
    def metrics(self) -> dict[str, list[Any]]:
        """The data points of every metric, by its name."""
        return self._recording.metrics()

    def clear(self) -> None:
        """Forgets what was recorded so far, for tests that make calls to prepare something."""
        self._recording.clear()

    def assert_models(self, *models: str) -> None:
        """Every one of ``models`` was asked, and no other."""
        __tracebackhide__ = True
        if {*self.models} != {*models}:
            raise AssertionError(f"expected calls to {', '.join(models) or 'no model'}, there are {self._listed()}")

    def assert_cost_below(self, usd: float) -> None:
        """All calls together cost less than ``usd``. A call that may have cost something nobody knows fails this."""
        __tracebackhide__ = True
        unknown = [call for call in self if call.cost is None and (call.failure is None or call.usage is not None)]
        if unknown:
            raise AssertionError(
                f"the cost of {_lines(unknown)}\nis not known: a model needs a price (a file that LLMOTEL_PRICES names "
                "may give it), a stream needs usage (LLMOTEL_STREAM_USAGE=inject)"
            )
        if self.cost >= usd:
            raise AssertionError(f"expected a cost below ${usd:g}, it is ${self.cost:g}, of {self._listed()}")

    def assert_tool_called(self, name: str, /, **arguments: Any) -> ToolCall:
        """A model asked for the function ``name`` with at least these ``arguments``; returns the first such request."""
        __tracebackhide__ = True
        for tool in self.tool_calls:
            given = tool.arguments if isinstance(tool.arguments, dict) else {}
            if tool.name == name and all(key in given and given[key] == arguments[key] for key in arguments):
                return tool
        raise AssertionError(
            f"expected a call of {ToolCall(name, arguments)}, there are {_lines(self.tool_calls) or 'no tool calls'}"
        )

    def assert_no_content(self, *secrets: str) -> None:
        """None of ``secrets`` is anywhere in what was exported: names, attributes, events, metrics, error texts, and
        the log lines of llmotel and OpenTelemetry. Also not as JSON or a URL would write them."""
        __tracebackhide__ = True
        if not secrets or not all(secrets):
            raise AssertionError("assert_no_content() needs the texts to look for, and none of them empty")
        if not self.spans:
            raise AssertionError(f"nothing was exported, so this proves nothing: there are {self._listed()}")
        texts = list(self._recording.texts())
        for secret in secrets:
            written = [write(secret) for write in _WRITINGS]
            found = sorted({place for place, text in texts if any(form in text for form in written)})
            if found:
                raise AssertionError(f"{_shortened(secret)} was exported, in {_lines(found)}")

    def _listed(self) -> str:
        calls, streams = self._recording.calls(), self._recording.open_streams()
        listed = f"{len(calls)}{':' if calls else ''}{_lines(calls)}"
        if streams:
            listed += f"\n({streams} more streams are still open: read them to their end or close them)"
        return listed


_WRITINGS: tuple[Callable[[str], str], ...] = (
    str,
    lambda text: json.dumps(text)[1:-1],
    lambda text: json.dumps(text, ensure_ascii=False)[1:-1],
    quote,
)


def _lines(rows: Iterable[object]) -> str:
    return "".join(f"\n  {row}" for row in rows)


def _shortened(text: str) -> str:
    return repr(text if len(text) <= 60 else f"{text[:57]}...")


__all__ = ["LlmCalls"]
