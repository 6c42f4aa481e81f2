"""A trace as one HTML file that needs nothing else: no script, no network, everything of a sender as text."""

from __future__ import annotations

import base64
import hashlib
import json
import math
import re
from collections.abc import Iterable, Mapping
from html import escape
from typing import Any

from llmotel.content.redaction import KINDS, Redactor

Span = Mapping[str, Any]

_IDS = frozenset({"trace_id", "span_id", "parent_span_id"})
_OURS = _IDS | {"spans", "content", "attributes", "resource", "events", "summary"}

_LONGEST = 200_000  # characters of one value
_DEEPEST = 12
_BAR = 240  # units of width of the drawing

# What reorders, hides or ends lines is shown as its number: a name must look like what it is.
_HIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\u200b\u2028-\u202e\u2060\u2066-\u2069\ufeff]")

_STYLE = """
:root{color-scheme:light dark;--bg:#f6f7f9;--panel:#fff;--line:#e3e6eb;--text:#1a2130;--muted:#566072;--bad:#b3261e;
--inference:#3350c8;--agent:#7839c4;--tool:#98560a;--retrieval:#0a746f;--embeddings:#0b6f8f;--mcp:#b02d74;--other:#667085}
@media(prefers-color-scheme:dark){:root{--bg:#0e1116;--panel:#151a21;--line:#262e39;--text:#e3e8ef;--muted:#9aa6b6;
--bad:#f48a82;--inference:#8ea6ff;--agent:#c49bff;--tool:#e6ac5a;--retrieval:#4fcbc0;--embeddings:#5cc3e6;
--mcp:#f58bc0;--other:#9aa6b6}}
*{box-sizing:border-box}body{margin:0;background:var(--bg);color:var(--text);font:13px/1.5 system-ui,sans-serif}
main{max-width:1100px;margin:0 auto;padding:20px 16px 60px}h1{font-size:18px;margin:0 0 4px}
p{margin:0 0 16px;color:var(--muted)}h2{font-size:12px;margin:14px 0 4px;color:var(--muted)}
ol{list-style:none;margin:0;padding:0;border:1px solid var(--line);border-radius:8px;background:var(--panel)}
li{border-bottom:1px solid var(--line)}li:last-child{border:0}
summary{display:flex;gap:10px;align-items:center;min-height:30px;padding:2px 12px;cursor:pointer}
summary bdi{flex:1;min-width:0;overflow:hidden;text-overflow:ellipsis;white-space:nowrap}
summary svg{flex:none;width:240px;height:10px}summary span{flex:none;width:84px;text-align:end;color:var(--muted)}
.kind{width:76px;text-align:start}.bad bdi{color:var(--bad)}.body{padding:2px 16px 14px}
pre{margin:0;padding:8px 12px;white-space:pre-wrap;overflow-wrap:anywhere;background:var(--bg);border-radius:6px;
font:12px/1.5 ui-monospace,monospace;unicode-bidi:plaintext}
.said{font:inherit}dl{display:grid;grid-template-columns:minmax(120px,34%) 1fr;gap:2px 12px;margin:0}
dt{color:var(--muted);overflow-wrap:anywhere}dd{margin:0;overflow-wrap:anywhere}
rect{fill:var(--other)}.inference rect{fill:var(--inference)}.agent rect,.workflow rect{fill:var(--agent)}
.tool rect{fill:var(--tool)}.retrieval rect{fill:var(--retrieval)}.embeddings rect{fill:var(--embeddings)}
.mcp rect{fill:var(--mcp)}
@media(max-width:700px){summary svg,.kind{display:none}}
""" + "".join(f".d{depth} summary{{padding-inline-start:{12 + 14 * depth}px}}" for depth in range(_DEEPEST + 1))

_KINDS = {
    "inference": "call",
    "embeddings": "embeddings",
    "retrieval": "retrieval",
    "tool": "tool",
    "agent": "agent",
    "workflow": "workflow",
    "memory": "memory",
    "guardrail": "guardrail",
    "mcp": "MCP",
    "http": "HTTP",
    "db": "database",
}


def page(trace: Mapping[str, Any], *, redact: bool = True) -> str:
    """A trace as a document. ``trace`` is what ``/api/traces/{id}`` answers, with each of its spans as
    ``/api/spans/{id}`` answers it. Secrets and personal data of the kinds that llmotel knows are taken out of every
    text first, unless ``redact`` is false. Never raises for what a sender made up."""
    if redact:
        trace = _redacted(trace, Redactor(KINDS))
    spans = [span for span in trace.get("spans") or [] if isinstance(span, Mapping)]
    rows = list(_ordered(spans))
    start, length = _extent(spans)
    summary = trace.get("summary") or {}
    title = text((rows[0][0] if rows else {}).get("name") or "Trace")
    facts = [
        text(trace.get("start_time") or ""),
        f"{len(spans)} spans",
        f"{summary.get('calls') or 0} calls",
        f"{(summary.get('input_tokens') or 0) + (summary.get('output_tokens') or 0)} tokens",
        money(summary.get("cost_usd")),
        seconds(trace.get("duration_seconds")),
        f"trace {text(trace.get('trace_id') or '')}",
        f"redacted: {', '.join(KINDS)}".replace("_", " ") if redact else "not redacted",
    ]
    style = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()
    policy = f"default-src 'none'; img-src data:; style-src 'sha256-{style}'; base-uri 'none'; form-action 'none'"
    items = "".join(_item(span, depth, start, length) for span, depth in rows)
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{title} · llmotel</title><style>{_STYLE}</style></head><body><main>"
        f"<h1><bdi>{title}</bdi></h1><p>{' · '.join(fact for fact in facts if fact)}</p><ol>{items}</ol>"
        "</main></body></html>\n"
    )


def _redacted(value: Any, redactor: Redactor, name: str = "") -> Any:
    """A value with the secrets in its texts replaced; what stands under the name of a secret is one."""
    if isinstance(value, str):
        return redactor.subn(value, name)[0]
    if isinstance(value, Mapping):
        return {
            key if key in _OURS else redactor.text(str(key)): one if key in _IDS else _redacted(one, redactor, str(key))
            for key, one in value.items()
        }
    if isinstance(value, list):
        return [_redacted(one, redactor, name) for one in value]
    return value


def text(value: object) -> str:
    """A value as the text of an element or of an attribute."""
    said = value if isinstance(value, str) else _json(value)
    if len(said) > _LONGEST:
        said = f"{said[:_LONGEST]}… ({len(said) - _LONGEST} characters more)"
    return escape(_HIDDEN.sub(lambda sign: f"⟦{ord(sign.group()):04X}⟧", said))


def money(value: object) -> str:
    return f"${value:.6f}" if isinstance(value, (int, float)) and math.isfinite(value) else ""


def seconds(value: object) -> str:
    if not isinstance(value, (int, float)) or not math.isfinite(value):
        return ""
    return f"{value * 1000:.0f} ms" if abs(value) < 1 else f"{value:.2f} s"


def _json(value: object) -> str:
    if value is None:
        return ""
    return json.dumps(value, ensure_ascii=False, indent=2, default=str)


def _number(value: object) -> float:
    return float(value) if isinstance(value, (int, float)) and math.isfinite(value) else 0.0


def _extent(spans: Iterable[Span]) -> tuple[float, float]:
    begins = [_number(span.get("offset_seconds")) for span in spans]
    ends = [
        begin + max(0.0, _number(span.get("duration_seconds"))) for begin, span in zip(begins, spans, strict=True)
    ] if begins else []  # fmt: skip
    return (min(begins), max(max(ends) - min(begins), 1e-9)) if begins else (0.0, 1.0)


def _ordered(spans: list[Span]) -> Iterable[tuple[Span, int]]:
    """Parents before their children. What has no parent here is a root, and so is the first of a circle."""
    known = {str(span.get("span_id")) for span in spans}
    children: dict[str, list[int]] = {}
    roots = []
    for at, span in enumerate(spans):
        parent = str(span.get("parent_span_id") or "")
        if parent in known and parent != str(span.get("span_id")):
            children.setdefault(parent, []).append(at)
        else:
            roots.append(at)
    seen: set[int] = set()
    for root in [*roots, *range(len(spans))]:
        stack = [(root, 0)]
        while stack:
            at, depth = stack.pop()
            if at in seen:
                continue
            seen.add(at)
            yield spans[at], depth
            # Of several spans with one id the first has the children.
            below = children.pop(str(spans[at].get("span_id")), [])
            stack += [(child, depth + 1) for child in reversed(below)]


def _item(span: Span, depth: int, start: float, length: float) -> str:
    kind = str(span.get("kind"))
    known = kind if kind in _KINDS else "other"
    bad = span.get("status") == "error" or span.get("outcome") == "error" or span.get("error_type")
    left = (_number(span.get("offset_seconds")) - start) / length * _BAR
    width = max(1.0, max(0.0, _number(span.get("duration_seconds"))) / length * _BAR)
    bar = f'<rect x="{left:.2f}" width="{width:.2f}" height="10" rx="2"/>'
    return (
        f'<li class="d{min(depth, _DEEPEST)} {known}{" bad" if bad else ""}"><details><summary>'
        f'<span class="kind">{_KINDS.get(kind, "span")}</span><bdi>{text(span.get("name") or "")}</bdi>'
        f'<svg viewBox="0 0 {_BAR} 10" preserveAspectRatio="none" aria-hidden="true">{bar}</svg>'
        f"<span>{money(span.get('cost_usd'))}</span><span>{seconds(span.get('duration_seconds'))}</span></summary>"
        f'<div class="body">{_body(span)}</div></details></li>'
    )


def _body(span: Span) -> str:
    parts = []
    if span.get("error_type") or span.get("status_message"):
        parts.append(_block("Error", f"{span.get('error_type') or ''} {span.get('status_message') or ''}".strip()))
    content = span.get("content")
    if isinstance(content, Mapping):
        if content.get("system_instructions"):
            parts.append(_block("System", _said(content["system_instructions"])))
        for name in ("input_messages", "output_messages"):
            for message in _list(content.get(name)):
                role = message.get("role") if isinstance(message, Mapping) else None
                parts.append(_block(str(role or "message").capitalize(), _said(message)))
        for name, title in (
            ("tool_arguments", "Arguments"),
            ("tool_result", "Result"),
            ("retrieval_query", "Query"),
            ("retrieval_documents", "Documents"),
            ("citations", "Citations"),
        ):
            if content.get(name) is not None:
                parts.append(_block(title, content[name], said=False))
    for title, values in (("Attributes", span.get("attributes")), ("Resource", span.get("resource"))):
        if isinstance(values, Mapping) and values:
            rows = "".join(f"<dt>{text(name)}</dt><dd>{text(values[name])}</dd>" for name in sorted(values, key=str))
            parts.append(f"<h2>{title}</h2><dl>{rows}</dl>")
    parts += [
        _block(f"Event {event.get('name') or ''}", event.get("attributes") or {}, said=False)
        for event in _list(span.get("events"))
        if isinstance(event, Mapping)
    ]
    return "".join(parts)


def _block(title: str, value: object, *, said: bool = True) -> str:
    return f'<h2>{text(title)}</h2><pre{" class=said" if said else ""} dir="auto">{text(value)}</pre>'


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []


def _said(message: object) -> str:
    """What a message says, its parts one after the other."""
    parts = message if isinstance(message, list) else None
    if isinstance(message, Mapping):
        parts = message.get("parts") or message.get("content")
    if isinstance(parts, str):
        return parts
    lines = []
    for part in parts if isinstance(parts, list) else [message]:
        if (
            isinstance(part, Mapping)
            and part.get("type") in ("text", "reasoning")
            and isinstance(part.get("content"), str)
        ):
            lines.append(part["content"])
        elif isinstance(part, Mapping) and part.get("type") == "blob":
            lines.append(f"[{part.get('mime_type') or part.get('modality') or 'data'}, not in this file]")
        else:
            lines.append(part if isinstance(part, str) else _json(part))
    return "\n".join(lines)


__all__ = ["page"]
