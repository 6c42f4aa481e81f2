"""What llmotel is doing in this process: which libraries, with which settings, to where, and what went wrong."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from llmotel.config.config import SIGNALS, Config
from llmotel.config.masking import masked_uri
from llmotel.errors import LlmotelError
from llmotel.version import __version__

STREAM_REMEDY = (
    "Set LLMOTEL_STREAM_USAGE=inject, or pass stream_options={'include_usage': True}: without usage from the provider "
    "a stream has neither tokens nor cost"
)


@dataclass(slots=True)
class LibraryStatus:
    """What became of one library, and why."""

    library: str
    version: str | None
    supported: str
    state: str
    detail: str = ""


@dataclass(slots=True)
class SignalStatus:
    """Where one signal goes. ``provider`` is ``own``, ``isolated``, ``given``, ``reused`` or ``none`` (see
    :class:`llmotel.sdk.pipeline.Pipeline`); ``endpoint`` is ``None`` where the application's own provider decides it.
    ``sent`` and ``failed`` count exports of llmotel's own exporters, ``lost`` what nobody took of what was to be sent:
    spans, events, exports of metrics. ``detail`` says what became of a provider that the application set after
    ``init()``."""

    signal: str
    provider: str
    endpoint: str | None = None
    sent: int = 0
    failed: int = 0
    lost: int = 0
    detail: str = ""


@dataclass(slots=True)
class SettingStatus:
    """One setting in force. ``origin`` is ``argument``, the name of a variable, or ``default``."""

    name: str
    value: str
    origin: str


@dataclass(slots=True)
class Status:
    """A snapshot. ``str()`` gives a page to read, :meth:`as_dict` plain data for a health endpoint.

    ``counts`` are llmotel's own counters since the process started; ``errors`` the last internal errors, without
    content; ``unpriced`` the first ten providers and models that no price is known of. ``reason`` says why ``enabled``
    is false.
    """

    enabled: bool
    reason: str
    libraries: list[LibraryStatus]
    signals: list[SignalStatus]
    settings: list[SettingStatus]
    counts: dict[str, int] = field(default_factory=dict)
    errors: list[str] = field(default_factory=list)
    unpriced: list[str] = field(default_factory=list)
    version: str = __version__

    def as_dict(self) -> dict[str, Any]:
        """The same as dicts, lists, strings and numbers, fit for ``json.dumps``."""
        return asdict(self)

    @property
    def hints(self) -> list[str]:
        """What to do about what the rows and counts tell."""
        from llmotel.instrumentation.instrumentor import SWITCHED_OFF

        counts, hints = self.counts, []
        off = [row.library for row in self.libraries if row.state == SWITCHED_OFF]
        if off:
            hints.append(
                f"No longer recorded: {', '.join(off)}. llmotel.shutdown() and llmotel.init() switch it on again; "
                "report the errors below."
            )
        if counts.get("streams_without_usage"):
            hints.append(f"Streams without usage: {counts['streams_without_usage']}. {STREAM_REMEDY}.")
        if counts.get("unpriced"):
            names = f" ({', '.join(self.unpriced)})" if self.unpriced else ""
            hints.append(
                f"Calls without a known price: {counts['unpriced']}{names}. LLMOTEL_PRICES names a file with yours."
            )
        if self.errors:
            hints.append(f"Internal errors: {counts.get('errors', 0)}, the last in {self.errors[-1]}.")
        if counts.get("uploads_failed"):
            hints.append(f"Uploads that the store did not take: {counts['uploads_failed']}. The log says why.")
        if counts.get("uploads_dropped"):
            hints.append(
                f"Uploads dropped because too many waited: {counts['uploads_dropped']}. "
                "OTEL_INSTRUMENTATION_GENAI_UPLOAD_MAX_QUEUE_SIZE lets more wait."
            )
        if any(signal.failed for signal in self.signals):
            hints.append("Exports failed. `llmotel doctor` says whether the endpoint answers.")
        late = (row for row in self.signals if row.detail and row.provider != "reused")
        hints.extend(f"{row.signal.capitalize()}: {row.detail}." for row in late)
        lost = [f"{signal.lost:,} of {signal.signal}" for signal in self.signals if signal.lost]
        if lost:
            hints.append(f"Lost: {', '.join(lost)}, counted in llmotel.export.lost.")
        return hints

    def __str__(self) -> str:
        chosen = [setting for setting in self.settings if setting.origin != "default"]
        counts = [(name, str(number)) for name, number in self.counts.items() if number]
        parts = [
            f"llmotel {self.version}: {'on' if self.enabled else f'off ({self.reason})'}",
            *_section("Libraries", [_library(row) for row in self.libraries]),
            *_section("Signals", [_signal(row) for row in self.signals]),
            *_section("Settings, other than defaults", [(row.name, row.value, f"from {row.origin}") for row in chosen]),
            *_section("Counts", counts),
            *_section("Hints", [(hint,) for hint in self.hints]),
        ]
        return "\n".join(parts)


def status() -> Status:
    """What llmotel is doing right now. Never raises; before ``init()`` it tells what ``init()`` would find."""
    from llmotel import setup
    from llmotel.instrumentation import registry

    running, engine, reason = setup.running(), setup.engine(), ""
    config = running.config if running is not None else engine.config if engine is not None else None
    if config is None:
        reason = "llmotel.init() has not been called"
        try:
            config = Config.load()
        except LlmotelError as error:
            reason = str(error)
    elif config.sdk_disabled:
        reason = "OTEL_SDK_DISABLED is set"
    elif engine is None:
        reason = "LLMOTEL_DISABLED is set; llmotel.enable() switches it on"
    elif not engine.enabled:
        reason = "LLMOTEL_DISABLED is set" if config.disabled else "llmotel.disable() was called"
    found = Status(engine is not None and engine.enabled, reason, [], [], [])
    if config is not None:
        found.settings = [SettingStatus(*row) for row in config.rows()]
    if engine is not None:
        found.counts = dict(engine.counted())
        found.errors = list(engine.guard.last_errors)
        found.unpriced = sorted(engine.unpriced)
        found.signals = [SignalStatus(signal, "reused") for signal in SIGNALS]
    try:
        found.libraries = registry.report(config)
    except Exception as error:
        found.errors.append(f"registry.report: {type(error).__name__}: {error}")
    pipeline = running.pipeline if running is not None else None
    if pipeline is not None and config is not None:
        found.signals = [_of_signal(signal, pipeline.kinds[signal], config, pipeline.exporters) for signal in SIGNALS]
        later = pipeline.set_later()
        for row in found.signals:
            row.detail = later.get(row.signal, "")
            if row.detail and row.provider == "none":
                row.provider = "reused"
    return found


def _of_signal(signal: str, kind: str, config: Config, senders: Iterable[Any]) -> SignalStatus:
    ours = kind in ("own", "isolated")
    exporters: Sequence[str] = getattr(config, f"{signal}_exporter")
    row = SignalStatus(signal, kind)
    if ours:
        row.endpoint = masked_uri(config.url(signal)) if "otlp" in exporters else ",".join(exporters) or "none"
    row.sent = sum(exporter.sent for exporter in senders if exporter.signal == signal)
    row.failed = sum(exporter.failed for exporter in senders if exporter.signal == signal)
    row.lost = sum(exporter.lost for exporter in senders if exporter.signal == signal)
    return row


_KINDS: Mapping[str, str] = {
    "own": "llmotel's own provider",
    "isolated": "llmotel's own provider, kept apart",
    "given": "the provider given to init()",
    "reused": "the application's provider",
    "none": "no provider: set OTEL_EXPORTER_OTLP_ENDPOINT, or set one up before init()",
}


def _library(row: LibraryStatus) -> tuple[str, ...]:
    return row.library, row.version or "-", row.state, row.detail or f"supported {row.supported}"


def _signal(row: SignalStatus) -> tuple[str, ...]:
    exports = f"{row.sent} exports, {row.failed} failed" if row.endpoint is not None else ""
    if row.lost:
        exports += f", {row.lost:,} lost"
    return row.signal, _KINDS[row.provider], row.endpoint or "", exports or row.detail


def _section(title: str, rows: Sequence[tuple[str, ...]]) -> list[str]:
    return ["", title, *columns(rows)] if rows else []


def columns(rows: Sequence[tuple[str, ...]]) -> list[str]:
    """``rows`` as lines, indented, each column as wide as its widest entry."""
    width = max((len(row) for row in rows), default=0)
    widths = [max((len(row[index]) for row in rows if index < len(row)), default=0) for index in range(width)]
    lines = ("  ".join(cell.ljust(size) for cell, size in zip(row, widths, strict=False)) for row in rows)
    return [f"  {line}".rstrip() for line in lines]


__all__ = ["LibraryStatus", "SettingStatus", "SignalStatus", "Status", "columns", "status"]
