"""Writes ``docs/telemetry/PROVIDER.md``: what the calls of docs/telemetry/scenarios.py export.

``python -m docs.telemetry.render`` writes the pages; with ``--check`` it fails when one is not what it would write.
"""

from __future__ import annotations

import inspect
import json
import os
import re
import sys
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from textwrap import dedent
from typing import Any

FOLDER = Path(__file__).parent
sys.path.insert(0, str(FOLDER.parent.parent / "tests"))
os.environ["LLMOTEL_RAISE"] = "1"

from docs.telemetry.scenarios import SCENARIOS, Scenario  # noqa: E402
from llmotel import semconv  # noqa: E402
from llmotel.signals.metrics import OWN_COUNTERS  # noqa: E402
from llmotel.testing import ProviderServer  # noqa: E402
from telemetry import Telemetry  # noqa: E402

HEAD = """# {library}

What is exported for calls through the client library `{library}`. Written by `python -m docs.telemetry.render` from
calls of the real client to a provider server on loopback; *italics* stand for what differs from run to run.

<!-- fmt: off -->

{contents}
"""
VARYING = {
    semconv.SERVER_PORT: "port",
    semconv.TIME_TO_FIRST_CHUNK: "seconds",
    semconv.EXCEPTION_STACKTRACE: "file and line of each frame",
}
OWN = {name for name, _, _ in OWN_COUNTERS.values()}
OF_THE_PROCESS = (semconv.INSTRUMENTATION_ACTIVE,)
FEW = 6  # attributes that an event repeats without being about the whole call
SECONDS = re.compile(r"duration|time_|overhead")


def pages() -> dict[str, str]:
    """Every page by the name of its file."""
    made: dict[str, list[str]] = {}
    titles: dict[str, list[str]] = {}
    with ProviderServer() as server:
        for scenario in SCENARIOS:
            made.setdefault(scenario.library, []).append("\n".join(section(scenario, server)))
            titles.setdefault(scenario.library, []).append(scenario.title)
    return {
        f"{library}.md": HEAD.format(library=library, contents="\n".join(map(_entry, titles[library])))
        + "\n"
        + "\n".join(sections)
        for library, sections in made.items()
    }


def section(scenario: Scenario, server: ProviderServer) -> Iterator[str]:
    """The lines of one scenario."""
    telemetry = Telemetry()(**scenario.settings)
    scenario.run(server)
    spans, events, metrics = telemetry.spans, telemetry.events, telemetry.metrics()
    telemetry.end()
    yield f"## {scenario.title}\n"
    yield from _code(scenario)
    for span in spans:
        status = span.status.status_code.name
        said = f", status {status}" + (f" ({span.status.description})" if span.status.description else "")
        yield f"**Span** `{span.name}`, {span.kind.name}{'' if status == 'UNSET' else said}\n"
        yield from _attributes(span.attributes)
    yield from _metrics(metrics)
    for event in events:
        span = next(span for span in spans if span.context.span_id == event.span_id)
        own = {key: value for key, value in event.attributes.items() if span.attributes.get(key) != value}
        absent = [key for key in span.attributes if key not in event.attributes]
        yield f"**Event** `{event.event_name}`, {event.severity_number.name}\n"
        if len(event.attributes) - len(own) > FEW:
            missing = f" but {', '.join(f'`{key}`' for key in absent)}" if absent else ""
            yield f"The attributes of the span{missing}{', and' if own else '.'}\n"
        else:
            own = dict(event.attributes)
        if own:
            yield from _attributes(own)


def _code(scenario: Scenario) -> Iterator[str]:
    lines = inspect.getsource(scenario.call).splitlines()
    body = lines[next(number for number, line in enumerate(lines) if line.startswith("def ")) + 1 :]
    if scenario.call.__doc__:
        yield f"{scenario.call.__doc__}\n".replace("``", "`")
        body = body[1:]
    yield "```python"
    if scenario.settings:
        given = ", ".join(f"{key}={value!r}" for key, value in scenario.settings.items())
        yield f"llmotel.init({given})".replace("'", '"')
    yield dedent("\n".join(body))
    yield "```\n"


def _attributes(attributes: Mapping[str, Any]) -> Iterator[str]:
    yield "| Attribute | Value |\n|---|---|"
    for name, value in attributes.items():
        yield f"| `{name}` | {_value(name, value)} |"
    yield ""


def _metrics(metrics: Mapping[str, Iterable[Any]]) -> Iterator[str]:
    rows = [
        (name, point)
        for name, points in sorted(metrics.items())
        for point in points
        if name not in OF_THE_PROCESS and (name not in OWN or (hasattr(point, "value") and point.value))
    ]
    of_calls = [point.attributes for name, point in rows if semconv.PROVIDER in point.attributes]
    shared = _shared([attributes for attributes in of_calls if semconv.REQUEST_MODEL in attributes] or of_calls)
    yield f"**Metrics**, those of the call each with {', '.join(f'`{key}`' for key in shared)}\n"
    yield "| Metric | Value | Further attributes |\n|---|---|---|"
    for name, point in sorted(rows, key=lambda row: (row[0], str(sorted(row[1].attributes.items())))):
        repeated = shared if point.attributes in of_calls else ()
        further = {key: value for key, value in point.attributes.items() if key not in repeated}
        listed = ", ".join(f"`{key}` {_value(key, value)}" for key, value in sorted(further.items()))
        yield f"| `{name}` | {_point(name, point)} | {listed} |"
    yield ""


def _shared(attributes: list[Mapping[str, Any]]) -> list[str]:
    """The attributes that all points have, with one value."""
    first, *others = attributes
    return [key for key, value in first.items() if all(other.get(key) == value for other in others)]


def _point(name: str, point: Any) -> str:
    if not hasattr(point, "count"):
        return f"`{_number(point.value)}`"
    if SECONDS.search(name):
        return "*seconds*" if point.count == 1 else f"{point.count} points, *seconds*"
    return f"`{_number(point.sum)}`" if point.count == 1 else f"{point.count} points, sum `{_number(point.sum)}`"


def _value(name: str, value: Any) -> str:
    if name in VARYING:
        return f"*{VARYING[name]}*"
    if isinstance(value, float):
        return f"`{_number(value)}`"
    text = value if isinstance(value, str) else json.dumps(value, default=_plain, ensure_ascii=False)
    return f"`{text}`".replace("|", "\\|").replace("\n", " ")


def _plain(value: Any) -> Any:
    return dict(value) if isinstance(value, Mapping) else list(value)


def _number(value: float) -> str:
    return f"{value:.10f}".rstrip("0").rstrip(".") if isinstance(value, float) else str(value)


def _entry(title: str) -> str:
    anchor = re.sub(r"[^a-z0-9 _-]", "", title.lower()).replace(" ", "-")
    return f"- [{title}](#{anchor})"


def main(*arguments: str) -> None:
    """Writes the pages, or with ``--check`` looks whether they are up to date."""
    if arguments not in ((), ("--check",)):
        sys.exit(__doc__)
    for name, text in pages().items():
        path = FOLDER / name
        if not arguments:
            path.write_text(text, "utf-8")
        elif not path.exists() or path.read_text("utf-8") != text:
            sys.exit(f"docs/telemetry/{name} is not up to date: python -m docs.telemetry.render")


if __name__ == "__main__":
    main(*sys.argv[1:])
