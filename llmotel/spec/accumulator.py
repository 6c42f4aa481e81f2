"""What a stream has said so far, part by part: kept only when content is captured or citations need the text."""

from __future__ import annotations

from typing import Any

from llmotel.model.inference import Answer, Citation, Message
from llmotel.model.json_text import JsonText
from llmotel.model.structs import Struct

_MAX_CHARS = 1 << 20  # of one stream; what comes later is left out


class _Part(Struct):
    kind: str  # text | reasoning | tool_call, or another part type kept as it is
    fields: dict[str, Any]
    fragments: list[str]
    cited: list[tuple[int, str | None]]  # (source, quote)


class Accumulator:
    """Gathers fragments by choice and part, in the order in which the parts began."""

    __slots__ = ("_chars", "_parts", "_reasons", "_tools", "answer", "listed")

    def __init__(self) -> None:
        self._parts: dict[tuple[int, object], _Part] = {}
        self._tools: dict[tuple[int, int | None], str] = {}
        self._reasons: dict[int, str] = {}
        self._chars = 0
        self.answer = Answer()
        self.listed: Any = None  # sources that the provider lists beside the text

    def add(self, choice: int, key: object, kind: str, fragment: str | None, /, **fields: Any) -> None:
        """Appends ``fragment`` to the part ``key`` of ``choice``, begun if it is new; ``fields`` fill what it lacks."""
        part = self._parts.get((choice, key))
        if part is None:
            part = self._parts[choice, key] = _Part(kind, {}, [], [])
        for name, value in fields.items():
            if value is not None:
                part.fields.setdefault(name, value)
        if isinstance(fragment, str) and self._chars < _MAX_CHARS:
            self._chars += len(fragment)
            part.fragments.append(fragment)

    def tool(self, choice: int, index: int | None, begun: str | None) -> object:
        """The key of the tool call that a fragment belongs to. ``begun`` is its id where the fragment names the tool:
        some hosts number no calls, or number them all 0."""
        place = choice, index
        if begun is not None:
            self._tools[place] = begun
        return "tool", index, self._tools.get(place)

    def finish(self, choice: int, reason: str) -> None:
        """``choice`` ended for ``reason``, in the conventions' words."""
        self._reasons[choice] = reason

    def cite(self, choice: int, key: object, source: int, quote: str | None) -> None:
        """``source`` of the answer supports all of the text part ``key``."""
        part = self._parts.get((choice, key))
        if part is not None:
            part.cited.append((source, quote))

    def messages(self, role: str = "assistant") -> list[Message]:
        """One message per choice, in order, each with its finish reason where the stream gave one."""
        choices: dict[int, list[dict[str, Any]]] = {}
        for (choice, _), part in self._parts.items():
            choices.setdefault(choice, []).append(_finished(part))
        found: list[Message] = []
        for choice, parts in sorted(choices.items(), key=lambda item: item[0]):
            found.append({"role": role, "parts": parts})
            if choice in self._reasons:
                found[-1]["finish_reason"] = self._reasons[choice]
        return found

    def completed_answer(self) -> Answer | None:
        """The first choice's text with its citations; ``None`` when nothing was cited and no source named."""
        answer = self.answer
        texts: list[str] = []
        offset = 0
        for (choice, _), part in self._parts.items():
            if choice == 0 and part.kind != "text" and texts and texts[-1] != "\n":
                texts.append("\n")  # what stands on either side of a search is not one sentence
                offset += 1
            if choice == 0 and part.kind == "text":
                text = "".join(part.fragments)
                for source, quote in part.cited:
                    answer.citations.append(Citation(offset, offset + len(text), source, quote))
                texts.append(text)
                offset += len(text)
        answer.text = "".join(texts)
        return answer if answer.citations or answer.sources else None


def _finished(part: _Part) -> dict[str, Any]:
    text = "".join(part.fragments)
    if part.kind in ("text", "reasoning"):
        return {"type": part.kind, "content": text}
    if part.kind == "tool_call":
        whole = not text and "arguments" in part.fields  # of a provider that sends them in one piece
        return {"type": "tool_call", **part.fields, **({} if whole else {"arguments": arguments(text)})}
    if part.kind == "server_tool_call" and text and isinstance(part.fields.get(part.kind), dict):
        return {"type": part.kind, **part.fields, part.kind: {**part.fields[part.kind], "input": arguments(text)}}
    return {"type": part.kind, **part.fields, **({"content": text} if text else {})}


def arguments(value: Any) -> Any:
    """Tool call arguments: JSON text as what stands for the structure that it holds."""
    return JsonText(str.__str__(value)) if isinstance(value, str) else value
