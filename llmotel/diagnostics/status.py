"""What llmotel is doing in this process: which libraries, with which settings, to where, and what went wrong."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from llmotel.config.config import SIGNALS, Config
from llmotel.config.masking import masked_uri
from llmotel.diagnostics import page
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


@dataclass(slots=True, repr=False)
class Status:
    """A snapshot. ``str()`` gives a page to read, :meth:`as_dict` plain data for a health endpoint.

    ``counts`` are llmotel's own counters since the process started; ``errors`` the last internal errors, without
    content; ``unpriced`` the first ten providers and models that no price is known of. ``reason`` says why ``enabled``
    is false; ``planned`` that libraries and signals are what ``init()`` would make here; ``refused`` that
    it would raise :class:`llmotel.ConfigurationError`.
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
    planned: bool = False
    refused: bool = False

    def as_dict(self) -> dict[str, Any]:
        """The same as dicts, lists, strings and numbers, fit for ``json.dumps``."""
        return asdict(self)

    @property
    def hints(self) -> list[str]:
        """What to do about what the rows and counts tell."""
        counts, hints = self.counts, []
        paused = [row.library for row in self.libraries if "not recorded for a while" in row.detail]
        if paused:
            hints.append(f"Not recorded for a while: calls of {', '.join(paused)}. Report the errors below.")
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
        return page.text(self)

    __repr__ = __str__

    def _repr_html_(self) -> str:
        return page.html(self)


def status() -> Status:
    """What llmotel is doing right now. Never raises; before ``init()`` it tells what ``init()`` would find."""
    from llmotel import setup
    from llmotel.instrumentation import registry

    running, engine, reason = setup.running(), setup.engine(), ""
    config = running.config if running is not None else engine.config if engine is not None else None
    planned: dict[str, str] = {}
    refused = False
    if config is None:
        reason = "llmotel.init() has not been called"
        try:
            config = Config.load()
            planned = _planned(config)
        except LlmotelError as error:
            reason, refused = str(error), True
        if config is not None and (config.sdk_disabled or config.disabled):
            planned = {}
            reason += f", and {'OTEL_SDK_DISABLED' if config.sdk_disabled else 'LLMOTEL_DISABLED'} would keep it off"
    elif config.sdk_disabled:
        reason = "OTEL_SDK_DISABLED is set"
    elif engine is None:
        reason = "LLMOTEL_DISABLED is set; llmotel.enable() switches it on"
    elif not engine.enabled:
        reason = "LLMOTEL_DISABLED is set" if config.disabled else "llmotel.disable() was called"
    found = Status(engine is not None and engine.enabled, reason, [], [], [])
    found.planned, found.refused = bool(planned), refused
    if config is not None:
        found.settings = [SettingStatus(*row) for row in config.rows()]
    if engine is not None:
        found.counts = dict(engine.counted())
        found.errors = list(engine.guard.last_errors)
        found.unpriced = sorted(engine.unpriced)
        found.signals = [SignalStatus(signal, "reused") for signal in SIGNALS]
    if planned and config is not None:
        found.signals = [_of_signal(signal, planned[signal], config, ()) for signal in SIGNALS]
    try:
        found.libraries = [LibraryStatus(*row) for row in registry.report(config)]
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


def _planned(config: Config) -> dict[str, str]:
    """Whose provider ``init()`` would take for each signal. Raises as ``init()`` would."""
    from llmotel.sdk.pipeline import plan

    kinds = plan(config)
    ours = [signal for signal, kind in kinds.items() if kind in ("own", "isolated")]
    if ours and not (config.sdk_disabled or config.disabled):
        from llmotel.sdk.providers import check

        for signal in ours:
            check(config, signal)
    return kinds


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


__all__ = ["LibraryStatus", "SettingStatus", "SignalStatus", "Status", "status"]
