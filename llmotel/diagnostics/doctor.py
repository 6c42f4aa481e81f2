"""What stands between this environment and its telemetry: a list of findings, each with its mend."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from llmotel.config.config import SIGNALS, Config
from llmotel.diagnostics.neighbours import neighbours
from llmotel.diagnostics.probe import probe
from llmotel.diagnostics.status import STREAM_REMEDY, status
from llmotel.errors import LlmotelError
from llmotel.instrumentation import registry

OK, NOTE, WARNING, PROBLEM = "ok", "note", "warning", "problem"

_STATES = {
    "instrumented": (OK, ""),
    "not imported yet": (OK, ""),
    "not installed": (NOTE, ""),
    "not instrumented": (OK, ""),
    "disabled": (NOTE, "OTEL_PYTHON_DISABLED_INSTRUMENTATIONS names it"),
    "unsupported version": (PROBLEM, "Install a supported version"),
    "missing seam": (PROBLEM, "This version has moved what llmotel wraps: report it, and install an older version"),
    "switched off after errors": (PROBLEM, "Report the error, and upgrade llmotel"),
}


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing looked at. ``level`` is ``ok``, ``note``, ``warning`` or ``problem``; ``mend`` says what to do."""

    level: str
    subject: str
    text: str
    mend: str = ""


def examine(timeout: float = 3.0) -> Iterator[Finding]:
    """Looks at this environment: settings, libraries, endpoints (asked for at most ``timeout`` seconds), and other
    packages that do the same. Findings come as they are made."""
    try:
        config = Config.load()
    except LlmotelError as error:
        yield Finding(PROBLEM, "settings", str(error))
        return
    yield from (Finding(WARNING, "settings", text, "Unset it, or set it to one of these") for text in config.ignored)
    yield from _switches(config)
    yield from _refused(config)
    yield from _libraries(config)
    yield from _settings(config)
    yield from _endpoints(config, timeout)
    yield from _process()
    yield from _neighbours()


def _switches(config: Config) -> Iterator[Finding]:
    if config.sdk_disabled:
        yield Finding(PROBLEM, "switch", "OTEL_SDK_DISABLED turns everything off", "Unset it")
    if config.disabled:
        yield Finding(PROBLEM, "switch", "LLMOTEL_DISABLED keeps init() from doing anything", "Unset it")


def _refused(config: Config) -> Iterator[Finding]:
    """What ``init()`` makes no exporter or sampler from; only an application with providers of its own may set it."""
    from llmotel.sdk.providers import check

    said = []
    for signal in SIGNALS:
        try:
            check(config, signal)
        except LlmotelError as error:
            said.append(str(error))
    yield from (Finding(PROBLEM, "settings", text) for text in dict.fromkeys(said))


def _libraries(config: Config) -> Iterator[Finding]:
    rows = registry.report(config)
    for row in rows:
        level, mend = _STATES.get(row.state, (WARNING, ""))
        state = "supported" if level == OK else row.state
        text = f"{row.version}, {state} ({row.supported})" if row.version else row.state
        yield Finding(level, row.library, text, mend)
        if row.library == "openai" and level == OK and config.stream_usage == "none":
            yield Finding(NOTE, row.library, "chat streams carry usage only if asked for", STREAM_REMEDY)
    if not any(row.version for row in rows):
        yield Finding(WARNING, "libraries", "none that llmotel knows is installed", "Run this where the application is")


def _settings(config: Config) -> Iterator[Finding]:
    if config.service_name is None and "service.name" not in config.resource_attributes:
        yield Finding(NOTE, "service name", "not set, so this is unknown_service", "Set OTEL_SERVICE_NAME")
    if config.content != "NO_CONTENT":
        yield Finding(NOTE, "content", f"prompts and completions are recorded ({config.content})")
    if config.sampler.endswith("always_off") or config.sampler_arg == 0:
        yield Finding(WARNING, "sampler", f"{config.sampler} keeps no trace", "Set OTEL_TRACES_SAMPLER=always_on")
    if config.prices is not None:
        from llmotel.prices.calculator import load_user_table

        try:
            load_user_table(config.prices)
        except (LlmotelError, OSError) as error:
            yield Finding(PROBLEM, "prices", str(error))
        else:
            yield Finding(OK, "prices", config.prices)


def _endpoints(config: Config, timeout: float) -> Iterator[Finding]:
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(len(SIGNALS)) as pool:
        asked = {
            signal: pool.submit(probe, config, signal, timeout)
            for signal in SIGNALS if "otlp" in getattr(config, f"{signal}_exporter")
        }  # fmt: skip
        for signal in SIGNALS:
            if signal in asked:
                answer = asked[signal].result()
                text = f"{answer.url} ({config.protocol_of(signal)}) {answer.text}"
                yield Finding(OK if answer.ok else PROBLEM, signal, text, answer.mend)
            else:
                exporters: tuple[str, ...] = getattr(config, f"{signal}_exporter")
                yield Finding(NOTE, signal, f"exported to {', '.join(exporters) or 'nowhere'}")


def _process() -> Iterator[Finding]:
    """What is wrong in the process that asks: nothing where ``llmotel doctor`` is a process of its own."""
    for row in status().signals:
        if row.detail and row.provider != "reused":
            yield Finding(WARNING, row.signal, row.detail)
        if row.lost:
            mend = "Spans and events that found no room: raise OTEL_BSP_MAX_QUEUE_SIZE and OTEL_BLRP_MAX_QUEUE_SIZE"
            yield Finding(WARNING, row.signal, f"{row.lost:,} lost in this process", mend if not row.failed else "")


def _neighbours() -> Iterator[Finding]:
    for found in neighbours():
        yield Finding(WARNING if found.rival else NOTE, found.name, f"{found.version}: {found.text}", found.remedy)


__all__ = ["NOTE", "OK", "PROBLEM", "WARNING", "Finding", "examine"]
