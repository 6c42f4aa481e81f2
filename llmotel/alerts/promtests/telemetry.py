"""The tests of the rules about the telemetry itself."""

from __future__ import annotations

from collections.abc import Sequence

from llmotel.alerts.expressions import HEARTBEAT, LOST, SIGNAL
from llmotel.alerts.promtests.case import (
    Case,
    Firing,
    Scene,
    Series,
    as_given,
    between,
    constant,
    later,
    percent,
    percent_of,
    selector,
    steady,
    text,
)

_EXPORTER, _INSTANCE = "otlp_grpc/jaeger", "collector:8888"


def suites(scene: Scene) -> dict[str, list[Case]]:
    """The cases of each alert."""
    return {
        "LLMTelemetryAbsent": _absent(),
        "LLMTelemetryLost": _lost(scene),
        "LLMCollectorQueueFilling": _queue(scene),
        "LLMCollectorDropping": _dropping(),
    }


def _absent() -> list[Case]:
    def alive(values: str, **labels: str) -> Series:
        return {selector(HEARTBEAT, **{"job": "checkout", "instance": "a", **labels}): values}

    fired = [Firing({"job": "checkout"}, (
        "checkout: no telemetry for 10 minutes or longer. Its other alerts cannot fire."))]  # fmt: skip
    until = f"{constant(0, 120)} stale"
    return [
        Case("fires", "a service that was there for two hours falls silent", alive(until), {
            120: [], 134: [], 137: fired, 300: fired}),
        Case("fires", "not any more, once it is back", alive(f"{constant(0, 120)} _x20 {constant(0, 60)}"), {
            137: fired, 142: []}),
        Case("near miss", "a gap of nine minutes", alive(f"{constant(0, 120)} _x9 {constant(0, 60)}"), {
            129: [], 130: [], 140: []}),
        Case("near miss", "a job of forty minutes has ended", alive(f"{constant(0, 40)} stale"), {60: [], 120: []}),
        Case("near miss", "a service that is gone for a day is gone on purpose", alive(
            f"{constant(0, 12)} stale"), {7 * 60: fired, 27 * 60: []}, 10),
        Case("near miss", "a service without calls is there", alive(constant(0, 300)), {300: []}),
        Case("no data", "nothing was ever sent", {}, {137: []}),
        Case("first sample", "a service that has just come", alive(later(120, constant(0, 60))), {120: [], 137: []}),
        Case("counter reset", "the process begins anew after two minutes", alive(
            f"{steady(1, 120)} _x2 {constant(0, 60)}"), {124: [], 137: []}),
        Case("several instances", "one of two processes ends", {
            **alive(until), **alive(constant(0, 300), instance="b")}, {137: []}),
        Case("several instances", "each process follows another", {
            **alive(f"{constant(0, 60)} stale"), **alive(later(61, until), instance="b")}, {137: [], 200: fired}),
        Case("several instances", "of two services the silent one is named", {
            **alive(until), **alive(constant(0, 300), job="billing")}, {137: fired}),
    ]  # fmt: skip


def _lost(scene: Scene) -> list[Case]:
    limit = scene["lost_records"]

    def lost(values: str, signal: str = "traces", **labels: str) -> Series:
        return {selector(LOST, **{"job": "checkout", "instance": "a", SIGNAL: signal, **labels}): values}

    def fires(number: float, signal: str = "traces", over: float = limit) -> Firing:
        return Firing({"job": "checkout", SIGNAL: signal}, (
            f"checkout: {text(number, '.0f')} records of its {signal} were lost because nobody took them, it said in "
            f"the last 5 minutes; the limit is {as_given(over, '.0f')}."))  # fmt: skip

    high, low = scene.off(limit + 500), limit * 0.9
    a_minute = high / 5
    return [
        Case("fires", "spans are lost all the time", lost(steady(a_minute, 60)), {15: [fires(high)]}),
        Case("fires", "spans are lost once", lost(f"{constant(0, 19)} {constant(high, 40)}"), {
            19: [], 20: [fires(high)], 24: [fires(high)], 25: [], 50: []}),
        Case("fires", "what was lost while the collector was away is told when it is back", lost(
            f"{constant(0, 20)} _x120 {constant(high, 40)}"), {
                60: [], 141: [fires(high)], 145: [fires(high)], 146: []}),
        Case("near miss", "no more are lost than may be", lost(steady(low / 5, 60)), {15: [], 30: []}),
        Case("near miss", "what was lost long ago", lost(constant(high, 60)), {15: [], 30: []}),
        Case("near miss", "exports of metrics are lost, and the next has all of it", lost(
            steady(a_minute, 60), "metrics"), {15: [], 30: []}),
        Case("no data", "nothing was ever sent", {}, {15: []}),
        Case("no data", "a service that lost nothing", lost(constant(0, 60)), {15: []}),
        Case("first sample", "a process that is seen for the first time has lost spans before", lost(
            later(20, constant(high, 40))), {20: [], 22: [], 30: []}),
        Case("first sample", "a new process loses spans at once", lost(later(20, f"0 {constant(high, 40)}")), {
            21: [fires(high)]}),
        Case("counter reset", "a process that lost spans long ago begins anew", lost(
            f"{constant(high, 19)} {constant(0, 40)}"), {20: [], 22: [], 30: []}),
        Case("counter reset", "a process that loses spans begins anew", lost(
            f"{steady(a_minute, 19)} {steady(a_minute, 40)}"), {26: [fires(high)]}),
        Case("several instances", "the losses of two processes add up, and one that began anew takes nothing off", {
            **lost(steady(a_minute / 2, 60)), **lost(steady(a_minute / 2, 60), instance="b"),
            **lost(f"{constant(high, 9)} _x3 {constant(0, 50)}", instance="c")}, {15: [fires(high)]}),
        Case("several instances", "each service and each signal is told", {
            **lost(steady(a_minute, 60)), **lost(steady(a_minute * 2, 60), "logs"),
            **lost(constant(0, 60), job="billing")}, {15: [fires(high), fires(high * 2, "logs")]}),
        Case("threshold changed", "more may be lost", lost(steady(a_minute, 60)), {15: []}, changed={
            "lost_records": high * 1.1}),
        Case("threshold changed", "fewer may be lost", lost(steady(a_minute, 60)), {
            15: [fires(high, over=high // 2)]}, changed={"lost_records": high // 2}),
    ]  # fmt: skip


def _queue(scene: Scene) -> list[Case]:
    limit = scene["queue_ratio"]

    def queue(sizes: str, capacity: float = 1000, exporter: str = _EXPORTER, instance: str = _INSTANCE) -> Series:
        labels = {"job": "otel-collector", "instance": instance, "exporter": exporter, "data_type": "traces"}
        return {
            selector("otelcol_exporter_queue_size", **labels): sizes,
            selector("otelcol_exporter_queue_capacity", **labels): constant(capacity, 60),
        }

    def fires(ratio: float, over: float = limit, instance: str = _INSTANCE) -> Sequence[Firing]:
        labels = {"job": "otel-collector", "instance": instance, "exporter": _EXPORTER, "data_type": "traces"}
        return [Firing(labels, (
            f"Collector {instance}: the queue of {_EXPORTER} (traces) is {percent_of(ratio)} full; the limit is "
            f"{percent(over)}. When it is full, telemetry is lost."))]  # fmt: skip

    high, low = scene.off(between(limit, 1)), scene.off(limit * 0.95)
    full = queue(constant(high * 1000, 60))
    return [
        Case("fires", "a backend does not take what is sent", full, {4: [], 10: fires(high)}),
        Case("fires", "not any more, once the queue is drained", queue(
            f"{constant(high * 1000, 15)} {constant(0, 30)}"), {10: fires(high), 17: []}),
        Case("near miss", "the queue is not that full", queue(constant(low * 1000, 60)), {10: [], 30: []}),
        Case("near miss", "the queue is full for a moment", queue(
            f"{constant(0, 9)} {constant(high * 1000, 3)} {constant(0, 30)}"), {11: [], 13: [], 20: []}),
        Case("near miss", "an exporter without a queue", queue(constant(0, 60), 0), {10: []}),
        Case("no data", "no collector", {}, {10: []}),
        Case("first sample", "the first look finds a full queue", queue(later(9, constant(high * 1000, 60))), {
            9: [], 12: [], 16: fires(high)}),
        Case("counter reset", "the collector begins anew with an empty queue", queue(
            f"{constant(high * 1000, 8)} _x2 {constant(0, 30)}"), {8: fires(high), 12: []}),
        Case("several instances", "of two exporters the one whose queue is full is named", {
            **full, **queue(constant(0, 60), exporter="otlp_http/prometheus")}, {10: fires(high)}),
        Case("several instances", "of two collectors the one whose queue is full is named", {
            **queue(constant(high * 1000, 60), instance="east:8888"),
            **queue(constant(low * 1000, 60), instance="west:8888")}, {10: fires(high, instance="east:8888")}),
        Case("threshold changed", "a queue may be fuller", full, {10: []}, changed={"queue_ratio": (high + 1) / 2}),
        Case("threshold changed", "a queue must be emptier", queue(constant(low * 1000, 60)), {
            10: fires(low, low / 2)}, changed={"queue_ratio": low / 2}),
    ]  # fmt: skip


def _dropping() -> list[Case]:
    def collector(uptime: str, instance: str = _INSTANCE) -> Series:
        return {selector("otelcol_process_uptime", job="otel-collector", instance=instance): uptime}

    def lost(values: str, metric: str = "send_failed_spans", exporter: str = _EXPORTER,
             instance: str = _INSTANCE) -> Series:  # fmt: skip
        labels = {"job": "otel-collector", "instance": instance, "exporter": exporter}
        return {selector(f"otelcol_exporter_{metric}", **labels): values}

    def fires(number: float, what: str = "spans, not sent", instance: str = _INSTANCE) -> Firing:
        labels = {"job": "otel-collector", "instance": instance, "exporter": _EXPORTER, "lost": what}
        return Firing(labels, (
            f"Collector {instance}: {_EXPORTER} lost {number:.0f} {what}, in the last 5 minutes; the limit is 0."
        ))  # fmt: skip

    old = collector(steady(60, 60, 100_000))
    young = collector(later(20, steady(60, 40, 30)))
    return [
        Case("fires", "spans are given up", {**old, **lost(steady(3, 60))}, {15: [fires(15)]}),
        Case("fires", "metrics are refused by a full queue", {
            **old, **lost(steady(3, 60), "enqueue_failed_metric_points")},
            {15: [fires(15, "metric points, queue full")]}),
        Case("fires", "the first loss ever", {**old, **lost(later(20, constant(7, 40)))}, {
            19: [], 20: [fires(7)], 23: [fires(7)], 27: []}),
        Case("fires", "the first loss of a collector that has just begun", {
            **young, **lost(later(21, constant(7, 39)))}, {21: [fires(7)]}),
        Case("near miss", "what was lost long ago", {**old, **lost(constant(7, 60))}, {15: [], 30: []}),
        Case("no data", "no collector", {}, {15: []}),
        Case("no data", "a collector that lost nothing", old, {15: []}),
        Case("first sample", "a collector that is seen for the first time has lost spans before", {
            **collector(later(20, steady(60, 40, 100_000))), **lost(later(20, constant(500, 40)))},
            {20: [], 22: [], 30: []}),
        Case("counter reset", "a collector that lost spans long ago begins anew", {
            **collector(f"{steady(60, 19, 100_000)} {steady(60, 40, 30)}"), **lost(f"{constant(7, 19)} stale")},
            {20: [], 22: [], 30: []}),
        Case("several instances", "each collector and each kind is told", {
            **old, **collector(steady(60, 60, 100_000), "west:8888"), **lost(steady(3, 60)),
            **lost(steady(1, 60), "enqueue_failed_log_records", instance="west:8888"),
            **lost(constant(0, 60), exporter="otlp_http/prometheus")},
            {15: [fires(15), fires(5, "log records, queue full", "west:8888")]}),
    ]  # fmt: skip


__all__ = ["suites"]
