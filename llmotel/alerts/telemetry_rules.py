"""Rules about the telemetry itself: without it, silence looks like health."""

from __future__ import annotations

from llmotel.alerts.expressions import HEARTBEAT, LOST, SIGNAL, WHO, block, growth, increase, limit, sum_by
from llmotel.alerts.rule import PERCENT, WARNING, WHO_TEXT, WHOLE, Alert, Record, shown, threshold_text
from llmotel.alerts.windows import Windows, duration, words

COLLECTOR_LOST = tuple(
    (f"otelcol_exporter_{metric}_{signal}", f"{signal.replace('_', ' ')}, {cause}")
    for metric, cause in (("enqueue_failed", "queue full"), ("send_failed", "not sent"))
    for signal in ("spans", "metric_points", "log_records")
)
"""The collector's counters of what an exporter dropped, and what they say."""

_OF_RECORDS = f'{LOST}{{{SIGNAL}!="metrics"}}'
_PAGE, _DASHBOARD = "telemetry", "llmotel-reliability"
_COLLECTOR = "Collector {{ $labels.instance }}"


def records(windows: Windows) -> list[Record]:
    """Who sends, what applications could not send, and what the collector could not pass on."""
    watched, span = "llmotel:collector:watched5m", duration(windows.short)
    # A counter of losses appears with the first loss, and the collector gives no time of its beginning: what is new
    # counts whole, if the collector was looked at before, or is itself as young.
    lost = "\nor ".join(
        f"label_replace(\n"
        f"  sum by (job, instance, exporter) (\n"
        f"    {metric} unless {metric} offset {span} and on (job, instance) {watched}\n"
        f"    or {increase([metric], windows.short)}\n"
        f"  ),\n"
        f'  "lost", "{text}", "", ""\n'
        f")"
        for metric, text in COLLECTOR_LOST
    )
    return [
        Record("llmotel:service:present5m",
               f"group by ({', '.join(WHO)}) (present_over_time({HEARTBEAT}[{duration(windows.short)}]))"),
        # What is lost while the collector is away is told when it is back: the value before can be as old as a day. An
        # export of metrics that is lost is made up for by the next one, which has the sums.
        Record("llmotel:lost_records:increase5m",
               sum_by((*WHO, SIGNAL), f"{block(growth(_OF_RECORDS, windows.short, windows.day))} > 0")),
        Record(watched, f"group by (job, instance) (\n"
                        f"  otelcol_process_uptime offset {span} or otelcol_process_uptime < {windows.short}\n"
                        f")"),
        Record("llmotel:collector_lost:increase5m", lost),
    ]  # fmt: skip


def alerts(windows: Windows) -> list[Alert]:
    """A service that fell silent, or lost what it recorded; queues of the collector that fill; what it dropped."""
    return [
        Alert(
            "LLMTelemetryAbsent",
            f"count_over_time(llmotel:service:present5m[{duration(windows.day)}:{duration(windows.short)}])\n"
            f"  >= {windows.present_steps}\n"
            f"unless\n"
            f"group by ({', '.join(WHO)}) (present_over_time({HEARTBEAT}[{duration(windows.silent)}]))",
            windows.ticket_after, WARNING,
            f"{WHO_TEXT}: no telemetry for {words(windows.silent)} or longer. Its other alerts cannot fire.",
            _PAGE, _DASHBOARD,
        ),
        Alert(
            "LLMTelemetryLost",
            f"llmotel:lost_records:increase5m > {limit('lost_records')}",
            0, WARNING,
            f"{WHO_TEXT}: {shown(WHOLE)} records of its {{{{ $labels.{SIGNAL} }}}} were lost because nobody took them, "
            f"it said in the last {words(windows.short)}; the limit is {threshold_text('lost_records', WHOLE)}.",
            _PAGE, _DASHBOARD,
        ),
        Alert(
            "LLMCollectorQueueFilling",
            f"otelcol_exporter_queue_size / (otelcol_exporter_queue_capacity > 0)\n"
            f"  > {limit('queue_ratio')}",
            windows.ticket_after, WARNING,
            f"{_COLLECTOR}: the queue of {{{{ $labels.exporter }}}} ({{{{ $labels.data_type }}}}) is {shown(PERCENT)} "
            f"full; the limit is {threshold_text('queue_ratio', PERCENT)}. When it is full, telemetry is lost.",
            _PAGE, _DASHBOARD, by_service=False,
        ),
        Alert(
            "LLMCollectorDropping",
            "llmotel:collector_lost:increase5m > 0",
            0, WARNING,
            f"{_COLLECTOR}: {{{{ $labels.exporter }}}} lost {shown(WHOLE)} {{{{ $labels.lost }}}}, in the last "
            f"{words(windows.short)}; the limit is 0.",
            _PAGE, _DASHBOARD, by_service=False,
        ),
    ]  # fmt: skip


__all__ = ["COLLECTOR_LOST", "alerts", "records"]
