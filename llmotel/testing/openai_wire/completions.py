"""Legacy completions (https://platform.openai.com/docs/api-reference/completions): the object and its stream."""

from __future__ import annotations

from itertools import zip_longest

from llmotel.testing.openai_wire import chat
from llmotel.testing.reply import DONE, Body, Event
from llmotel.testing.samples import CREATED, hexid, ident, pieces

MODEL = "gpt-3.5-turbo-instruct:20230824-v2"
TEXT = "\n\nThis is indeed a test"


def logprobs(text: str, *, top: int = 1) -> Body:
    """Log probabilities of the tokens of ``text``, with ``top`` alternatives each."""
    said = pieces(text)
    offsets = [sum(len(piece) for piece in said[:number]) for number in range(len(said))]
    return {
        "tokens": said,
        "token_logprobs": [-0.25] * len(said),
        "top_logprobs": [{piece: -0.25} for piece in said] if top else None,
        "text_offset": offsets,
    }


def completion(
    text: str = TEXT,
    *,
    model: str = MODEL,
    n: int = 1,
    finish_reason: str = "stop",
    logprobs: Body | None = None,
    usage: Body | None = None,
    id: str | None = None,  # noqa: A002
    created: int = CREATED,
    extra: Body | None = None,
) -> Body:
    """A whole completion of ``n`` equal choices; ``usage`` is one of :func:`chat.usage`."""
    choices = [
        {"text": text, "index": index, "logprobs": logprobs, "finish_reason": finish_reason} for index in range(n)
    ]
    return {
        "id": id or ident("cmpl-", model, choices, length=29),
        "object": "text_completion",
        "created": created,
        "model": model,
        "system_fingerprint": hexid("fp_", model, length=10),
        "choices": choices,
        "usage": usage or chat.usage(5, 7),
        **(extra or {}),
    }


def chunks(body: Body, *, include_usage: bool = False) -> list[Event]:
    """The stream of ``body``, word by word, the choices in turns. The last chunk of a choice is empty and says why it
    ended; with ``include_usage`` one without choices holds the usage."""
    common = {key: body[key] for key in ("id", "object", "created", "model", "system_fingerprint")}
    trailer = {"usage": None} if include_usage else {}
    made: list[Event] = [
        {**common, "choices": [part], **trailer}
        for turn in zip_longest(*(_lane(choice) for choice in body["choices"]))
        for part in turn
        if part is not None
    ]
    if include_usage:
        made.append({**common, "choices": [], "usage": body["usage"]})
    made.append(DONE)
    return made


def _lane(choice: Body) -> list[Body]:
    known = choice["logprobs"]
    said = []
    for number, piece in enumerate(pieces(choice["text"])):
        logprobs = known and {key: values and values[number : number + 1] for key, values in known.items()}
        said.append({**choice, "text": piece, "logprobs": logprobs, "finish_reason": None})
    return [*said, {**choice, "text": "", "logprobs": None}]
