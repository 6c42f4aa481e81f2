"""Images (https://platform.openai.com/docs/api-reference/images): generations and edits, and their streams."""

from __future__ import annotations

from llmotel.testing.reply import Body, Event
from llmotel.testing.samples import CREATED, PNG


def usage(
    input_text: int = 10,
    output: int = 1056,
    *,
    input_image: int = 0,
    extra: Body | None = None,
) -> Body:
    """Token counts of the gpt-image models: the prompt's text and pictures, and the pictures made."""
    return {
        "input_tokens": input_text + input_image,
        "input_tokens_details": {"text_tokens": input_text, "image_tokens": input_image},
        "output_tokens": output,
        "output_tokens_details": {"text_tokens": 0, "image_tokens": output},
        "total_tokens": input_text + input_image + output,
        **(extra or {}),
    }


def images(
    n: int = 1,
    *,
    url: str | None = None,
    revised_prompt: str | None = None,
    usage: Body | None = None,
    size: str = "1024x1024",
    quality: str = "medium",
    extra: Body | None = None,
) -> Body:
    """``n`` pictures. As the gpt-image models send them: base64 and usage; or, with ``url``, as the dall-e models do:
    links, the revised prompt, and no usage."""
    if url is not None:
        picture = {"revised_prompt": revised_prompt, "url": url}
        return {"created": CREATED, "data": [picture] * n, **(extra or {})}
    return {
        "created": CREATED,
        "background": "opaque",
        "data": [{"b64_json": PNG}] * n,
        "output_format": "png",
        "quality": quality,
        "size": size,
        "usage": usage or _usage(),
        **(extra or {}),
    }


_usage = usage  # the parameter of images() hides the function


def events(body: Body, *, partial_images: int = 1, kind: str = "image_generation") -> list[Event]:
    """The stream of one picture; ``kind`` is ``image_edit`` for edits."""
    common = {
        "b64_json": body["data"][0].get("b64_json", PNG),
        "created_at": body["created"],
        "size": body.get("size", "1024x1024"),
        "quality": body.get("quality", "medium"),
        "background": body.get("background", "opaque"),
        "output_format": body.get("output_format", "png"),
    }
    partial: list[Event] = [
        {"type": f"{kind}.partial_image", **common, "partial_image_index": index} for index in range(partial_images)
    ]
    return [*partial, {"type": f"{kind}.completed", **common, "usage": body.get("usage") or _usage()}]
