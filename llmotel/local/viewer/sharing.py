"""A stored trace as the file that is shared."""

from __future__ import annotations

from typing import Any

from starlette.responses import Response

from llmotel.local import traces
from llmotel.local.filters import Parameters
from llmotel.local.store import Reader
from llmotel.local.viewer import share

_SPANS = 2000  # of a trace are in the file
_WHOLE = 300  # of these with what was said and their attributes; first those that say something


def shared(reader: Reader, trace: str, given: Parameters) -> Response:
    """The trace as a download, redacted unless ``redact=false``. ``RequestError`` when there is no such trace."""
    given.only("redact", filters=False)
    redact = given.choice("redact", ("true", "false"), "true") == "true"
    found = traces.one(reader, trace, Parameters([("limit", str(_SPANS))]))
    spans: list[dict[str, Any]] = [span for span in found["spans"] if not span.get("pending")]
    first = sorted(range(len(spans)), key=lambda at: (not spans[at].get("has_content"), at))[:_WHOLE]
    for at in first:
        which = Parameters([("trace_id", found["trace_id"])])
        spans[at] = {**spans[at], **traces.span(reader, spans[at]["span_id"], which)}
    page = share.page({**found, "spans": spans}, redact=redact)
    name = f"trace-{found['trace_id']}.html"
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"}
    return Response(page.encode("utf-8", "replace"), media_type="text/html", headers=headers)


__all__ = ["shared"]
