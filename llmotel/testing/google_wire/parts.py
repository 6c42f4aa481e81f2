"""Parts of a content (https://ai.google.dev/api/caching#Part)."""

from __future__ import annotations

from collections.abc import Mapping

from llmotel.testing.reply import Body
from llmotel.testing.samples import PNG, hexid


def text(text: str) -> Body:
    return {"text": text}


def thought(text: str) -> Body:
    """A summary of what the model thought, where ``includeThoughts`` asked for it."""
    return {"text": text, "thought": True}


def function_call(name: str, args: Mapping[str, object], *, id: str | None = None) -> Body:  # noqa: A002
    """A call of a function. The Gemini API gives it an ``id``, Vertex none."""
    call: Body = {"name": name, "args": dict(args)}
    return {"functionCall": call if id is None else {"id": id, **call}}


def function_response(name: str, response: Mapping[str, object], *, id: str | None = None) -> Body:  # noqa: A002
    answer: Body = {"name": name, "response": dict(response)}
    return {"functionResponse": answer if id is None else {"id": id, **answer}}


def inline_data(data: str = PNG, mime_type: str = "image/png") -> Body:
    """Media, in base64."""
    return {"inlineData": {"mimeType": mime_type, "data": data}}


def file_data(uri: str, mime_type: str) -> Body:
    return {"fileData": {"mimeType": mime_type, "fileUri": uri}}


def executable_code(code: str, *, language: str = "PYTHON") -> Body:
    """Code that the model wrote for itself to run."""
    return {"executableCode": {"language": language, "code": code}}


def code_execution_result(output: str, *, outcome: str = "OUTCOME_OK") -> Body:
    return {"codeExecutionResult": {"outcome": outcome, "output": output}}


def signed(part: Body) -> Body:
    """``part`` with the signature by which the model knows its thoughts again."""
    return {**part, "thoughtSignature": hexid("", part, length=48)}
