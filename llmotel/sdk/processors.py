"""The queues in which spans and events wait for their export: bounded, and with the overflow counted.

OpenTelemetry's processors drop the oldest record when their queue is full, log it, and tell nobody how many there were.
Here a record that finds no room is refused before it reaches their queue, and counted.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from opentelemetry.sdk._logs import ReadableLogRecord, ReadWriteLogRecord
from opentelemetry.sdk._logs.export import BatchLogRecordProcessor, LogRecordExporter, LogRecordExportResult
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult

from llmotel.config.config import Config
from llmotel.sdk.batch_size import pieces, weight_of
from llmotel.sdk.queue_capacity import QueueCapacity

if TYPE_CHECKING:
    from llmotel.sdk.exporter import SignalExporter


class SpanQueue(BatchSpanProcessor):
    """OpenTelemetry's span processor over an outlet, with :class:`Room` for as many spans as its queue can hold."""

    def __init__(self, outlet: SignalExporter, config: Config) -> None:
        self._outlet = outlet
        self._room = outlet.room = QueueCapacity(config.bsp_max_queue_size)
        super().__init__(
            _SpanOutlet(outlet, self._room),
            config.bsp_max_queue_size,
            config.bsp_schedule_delay,
            min(config.bsp_max_export_batch_size, config.bsp_max_queue_size),
        )

    def on_end(self, span: ReadableSpan) -> None:
        context = span.context
        if context is not None and context.trace_flags.sampled:
            if self._room.try_acquire():
                super().on_end(span)
            else:
                self._outlet.tell_of_overflow("OTEL_BSP_MAX_QUEUE_SIZE")


class RecordQueue(BatchLogRecordProcessor):
    """The same for log records."""

    def __init__(self, outlet: SignalExporter, config: Config) -> None:
        self._outlet = outlet
        self._room = outlet.room = QueueCapacity(config.blrp_max_queue_size)
        super().__init__(
            _LogOutlet(outlet, self._room),
            config.blrp_schedule_delay,
            min(config.blrp_max_export_batch_size, config.blrp_max_queue_size),
            max_queue_size=config.blrp_max_queue_size,
        )

    def on_emit(self, log_record: ReadWriteLogRecord) -> None:
        if self._room.try_acquire():
            super().on_emit(log_record)
        else:
            self._outlet.tell_of_overflow("OTEL_BLRP_MAX_QUEUE_SIZE")


class _SpanOutlet(SpanExporter):
    """An outlet as the span processors want it."""

    def __init__(self, outlet: SignalExporter, room: QueueCapacity) -> None:
        self._outlet = outlet
        self._room = room

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        self._room.release(len(spans))
        taken = [self._outlet.send(piece, len(piece)) for piece in pieces(spans, weight_of)]
        return SpanExportResult.SUCCESS if all(taken) else SpanExportResult.FAILURE

    def shutdown(self) -> None:
        self._outlet.shutdown()


class _LogOutlet(LogRecordExporter):
    """An outlet as the log record processors want it."""

    def __init__(self, outlet: SignalExporter, room: QueueCapacity) -> None:
        self._outlet = outlet
        self._room = room

    def export(self, batch: Sequence[ReadableLogRecord]) -> LogRecordExportResult:
        self._room.release(len(batch))
        taken = [
            self._outlet.send(piece, len(piece)) for piece in pieces(batch, lambda data: weight_of(data.log_record))
        ]
        return LogRecordExportResult.SUCCESS if all(taken) else LogRecordExportResult.FAILURE

    def shutdown(self) -> None:
        self._outlet.shutdown()

    def force_flush(self, timeout_millis: int = 30_000) -> bool:  # noqa: ARG002
        return True


__all__ = ["RecordQueue", "SpanQueue"]
